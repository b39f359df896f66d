//! Entries of the journal on their way into the database, exactly once. An entry's identity is (contact, token): whether its row could be
//! inserted decides, in the same transaction, whether its rows in other tables are made. A batch that comes twice, from a feeder which died
//! before it could say so or from two instances at once, changes nothing the second time.

use super::cell::{Row, Statement};
use super::database::{Answers, Database, Dialect, Round, Work};
use super::error::HistoryError;
use super::keep;
use super::project::{Fold, Kinds, Needs, Place};
use super::taken_back;
use crate::config::history::Keep;
use crate::domain::codec;
use crate::domain::id::ContactKey;
use crate::domain::journal::Entry;
use crate::domain::time::Millis;
use crate::store::{JournalItem, JournalRecord};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The lock that an instance has while it writes entries of a shard: another one waits and then finds them there.
const WRITING: i64 = 0x7266_6a00;

/// One entry as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub place: Place,
    pub contact: String,
    pub token: String,
    pub at: Millis,
    pub kind: &'static str,
    pub body: Vec<u8>,
    /// What it says; nothing if this release cannot read it. It is kept all the same.
    pub entry: Option<Entry>,
}

/// Writes entries.
#[derive(Clone)]
pub struct Writer {
    database: Database,
    kinds: Arc<Kinds>,
    keep: Keep,
}

impl Writer {
    /// Into this database.
    pub fn new(database: Database, kinds: Kinds, keep: Keep) -> Self {
        Writer { database, kinds: Arc::new(kinds), keep }
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Keeps these entries of one shard durably and makes their rows; gives how many were new. `now` stands for when, where an entry cannot be
    /// read.
    pub async fn append(&self, shard: u8, items: Vec<JournalItem>, now: Millis) -> Result<u64, HistoryError> {
        let read = move || items.into_iter().map(|item| kept(shard, item, now)).collect();
        let items: Vec<Kept> = tokio::task::spawn_blocking(read).await.map_err(|e| HistoryError(e.to_string()))?;
        self.put(items, None).await
    }

    /// Deletes a bite of what is too old; true if there may be more.
    pub async fn tidy(&self, now: Millis) -> Result<bool, HistoryError> {
        keep::bite(&self.database, &self.keep, now).await
    }

    /// Keeps entries, with one more statement in the same transaction.
    pub(super) async fn put(&self, items: Vec<Kept>, last: Option<Statement>) -> Result<u64, HistoryError> {
        if items.is_empty() {
            return Ok(0);
        }
        let feed = Feed::new(items, Arc::clone(&self.kinds), self.database.dialect(), last);
        Ok(self.database.transact(feed).await?.new.len() as u64)
    }
}

/// An entry as it is to be kept. What has no token of its own is named by its place.
pub(super) fn kept(shard: u8, item: JournalItem, now: Millis) -> Kept {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let place = Place { shard, time: number(item.id.time), number: number(item.id.number) };
    match item.record {
        JournalRecord::Entry(body) => read_entry(place, body.to_vec(), now),
        JournalRecord::Overflow { contact, entry } => Kept {
            place,
            contact: contact.to_string(),
            token: by_place(place),
            at: entry.accepted_at,
            kind: "overflow",
            body: entry.body.to_vec(),
            entry: None,
        },
    }
}

/// An entry of the journal from its bytes.
pub(super) fn read_entry(place: Place, body: Vec<u8>, now: Millis) -> Kept {
    /// What is read of an entry whose events this release does not all know.
    #[derive(serde::Deserialize)]
    struct Head {
        contact: ContactKey,
        token: crate::domain::id::Token,
        at: Millis,
    }
    let entry = codec::decode::<Entry>(&body).ok();
    let head = match &entry {
        Some(entry) => Some((entry.contact, entry.token, entry.at)),
        None => codec::decode::<Head>(&body).ok().map(|head| (head.contact, head.token, head.at)),
    };
    let (contact, token, at) = match head {
        Some((contact, token, at)) => (contact.to_string(), token.to_string(), at),
        None => (String::new(), by_place(place), now),
    };
    Kept { place, contact, token, at, kind: "entry", body, entry }
}

pub(super) fn by_place(Place { shard, time, number }: Place) -> String {
    format!("{shard}/{time}-{number}")
}

/// What a feed waits for.
enum Step {
    Inserted,
    Known(Needs),
    Written,
}

struct Feed {
    items: Vec<Kept>,
    kinds: Arc<Kinds>,
    dialect: Dialect,
    last: Option<Statement>,
    new: Vec<usize>,
    step: Step,
}

impl Feed {
    fn new(items: Vec<Kept>, kinds: Arc<Kinds>, dialect: Dialect, last: Option<Statement>) -> Self {
        Feed { items, kinds, dialect, last, new: Vec::new(), step: Step::Inserted }
    }

    fn entries(&self) -> impl Iterator<Item = (&Entry, Place)> {
        self.new.iter().filter_map(|i| self.items.get(*i)).filter_map(|item| Some((item.entry.as_ref()?, item.place)))
    }

    fn write(&self, needs: &Needs, answers: &[Vec<Row>]) -> Result<Vec<Statement>, HistoryError> {
        let taken_back = self.taken_back();
        let (known, bodies) = answers.split_at(answers.len().saturating_sub(taken_back.len()));
        let mut fold = Fold::new(&self.kinds, needs.read(known)?);
        for item in self.new.iter().filter_map(|i| self.items.get(*i)) {
            match &item.entry {
                Some(entry) => fold.add(entry, item.place),
                None if item.kind == "overflow" => fold.overflow(&item.contact, &item.token, item.at),
                None => {}
            }
        }
        let mut statements = fold.finish();
        for ((contact, gone), rows) in taken_back.iter().zip(bodies) {
            statements.extend(taken_back::mask(*contact, gone, rows)?);
        }
        statements.extend(self.last.clone());
        Ok(statements)
    }

    /// The messages that these entries say were taken back.
    fn taken_back(&self) -> BTreeMap<ContactKey, Vec<&str>> {
        let mut all: BTreeMap<ContactKey, Vec<&str>> = BTreeMap::new();
        for (entry, _) in self.entries() {
            for message in entry.events.iter().filter_map(taken_back::names) {
                all.entry(entry.contact).or_default().push(message);
            }
        }
        all
    }
}

impl Work for Feed {
    fn begin(&mut self) -> Round {
        self.new.clear();
        self.step = Step::Inserted;
        let sql = "INSERT INTO entry (contact, token, shard, time, number, at, kind, body) VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT DO NOTHING";
        let insert = |item: &Kept| {
            let Place { shard, time, number } = item.place;
            let (contact, token, body) = (item.contact.as_str(), item.token.as_str(), item.body.clone());
            Statement::new(
                sql,
                [
                    contact.into(),
                    token.into(),
                    shard.into(),
                    time.into(),
                    number.into(),
                    item.at.into(),
                    item.kind.into(),
                    body.into(),
                ],
            )
        };
        let lock = self.items.first().filter(|_| self.dialect == Dialect::Postgres).map(|item| {
            let key = WRITING + i64::from(item.place.shard);
            Statement::new("SELECT pg_advisory_xact_lock($1)", [key.into()])
        });
        Round::Write(lock.into_iter().chain(self.items.iter().map(insert)).collect())
    }

    fn next(&mut self, answers: Answers) -> Result<Round, HistoryError> {
        match std::mem::replace(&mut self.step, Step::Written) {
            Step::Inserted => {
                let changed = answers.changed();
                let inserts = changed.get(changed.len().saturating_sub(self.items.len())..).unwrap_or_default();
                self.new = inserts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, _)| i).collect();
                let needs = Needs::of(self.entries().map(|(entry, _)| entry));
                let mut queries = needs.queries();
                let sql = "SELECT token, body FROM entry WHERE contact = $1 AND kind = 'entry'";
                queries.extend(self.taken_back().keys().map(|contact| Statement::new(sql, [contact.into()])));
                self.step = Step::Known(needs);
                Ok(Round::Read(queries))
            }
            Step::Known(needs) => Ok(Round::Write(self.write(&needs, &answers.rows())?)),
            Step::Written => Ok(Round::Done),
        }
    }
}
