//! Entries of the journal on their way into the database, exactly once. An entry's identity is (contact, token): whether its row could be
//! inserted decides, in the same transaction, whether its rows in other tables are made. A batch that comes twice, from a feeder which died
//! before it could say so or from two instances at once, changes nothing the second time.

use super::cell::{Cell, Row, Statement};
use super::database::{Answers, Database, Dialect, Round, Work};
use super::error::HistoryError;
use super::keep;
use super::project::{Fold, Known, Lines, Needs, Place, merged};
use super::taken_back;
use crate::config::history::Keep;
use crate::domain::codec;
use crate::domain::id::ContactKey;
use crate::domain::journal::{Entry, Event};
use crate::domain::time::Millis;
use crate::store::{JournalItem, JournalRecord};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The lock that an instance has while it writes entries of a shard: another one waits and then finds them there.
const WRITING: i64 = 0x7266_6a00;

/// The kind of an entry that stands there without rows.
const UNREAD: &str = "unread";

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
    lines: Arc<Lines>,
    keep: Keep,
}

impl Writer {
    /// Into this database.
    pub fn new(database: Database, lines: Lines, keep: Keep) -> Self {
        Writer { database, lines: Arc::new(lines), keep }
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

    /// Folds what stands here without rows, because the release that wrote it down could not read it or it did not fit, and can be read now.
    /// What still cannot be is left. Gives how many were folded.
    pub async fn fold_unread(&self) -> Result<u64, HistoryError> {
        let (mut after, mut folded) = ((Millis(i64::MIN), String::new(), String::new()), 0);
        loop {
            let sql = "SELECT at, contact, token, shard, time, number, body FROM entry
                       WHERE kind = 'unread' AND (at, contact, token) > ($1, $2, $3) ORDER BY at, contact, token LIMIT 100";
            let params: [Cell; 3] = [after.0.into(), after.1.as_str().into(), after.2.as_str().into()];
            let rows = self.database.read(sql, &params).await?;
            for row in &rows {
                after = (row.at(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned());
                let place = Place { shard: u8::try_from(row.int(3)?).unwrap_or(0), time: row.int(4)?, number: row.int(5)? };
                let mut item = read_entry(place, row.bytes(6)?.to_vec(), after.0);
                let Some(entry) = &mut item.entry else { continue };
                // What is told of the whole contact since then is the truth.
                let sql = "SELECT changed_at FROM contact WHERE id = $1";
                let known = self.database.read(sql, &[item.contact.as_str().into()]).await?;
                if known.first().map(|row| row.at(0)).transpose()?.is_some_and(|changed| changed > entry.at) {
                    entry.events.retain(|event| !matches!(event, Event::Profile(_)));
                }
                folded += u64::from(self.put_again(item).await?);
            }
            if rows.is_empty() {
                return Ok(folded);
            }
        }
    }

    /// False if it still does not fit.
    async fn put_again(&self, item: Kept) -> Result<bool, HistoryError> {
        let sql = "DELETE FROM entry WHERE contact = $1 AND token = $2 AND kind = 'unread'";
        let before = Statement::new(sql, [item.contact.as_str().into(), item.token.as_str().into()]);
        let feed = Feed::new(vec![item], Arc::clone(&self.lines), self.database.dialect(), Some(before), None);
        match self.database.transact(feed).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_unfit() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Remembers that files of a deleted contact are still to be deleted.
    pub async fn owe_files(&self, contact: ContactKey, until: Millis) -> Result<(), HistoryError> {
        super::owed::owe(&self.database, contact, until).await
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
        let unread = items.iter().filter(|item| item.kind == UNREAD).count();
        if unread > 0 {
            tracing::warn!(
                unread,
                "entries of the journal cannot be read by this release; they are kept, and read at the start of one that can"
            );
        }
        let feed = Feed::new(items.clone(), Arc::clone(&self.lines), self.database.dialect(), None, last.clone());
        match self.database.transact(feed).await {
            Ok(feed) => Ok(feed.new.len() as u64),
            Err(error) if error.is_unfit() => self.one_by_one(items, last).await,
            Err(error) => Err(error),
        }
    }

    /// Nothing may keep what comes after it from the record: a batch that does not fit goes in entry by entry, and the one that is to blame
    /// is kept as it is, without rows.
    async fn one_by_one(&self, items: Vec<Kept>, last: Option<Statement>) -> Result<u64, HistoryError> {
        let (mut new, count) = (0, items.len());
        for (n, mut item) in items.into_iter().enumerate() {
            let last = last.clone().filter(|_| n + 1 == count);
            let feed = |item| Feed::new(vec![item], Arc::clone(&self.lines), self.database.dialect(), None, last.clone());
            let done = match self.database.transact(feed(item.clone())).await {
                Err(error) if error.is_unfit() => {
                    let (contact, token) = (&item.contact, &item.token);
                    tracing::error!(%contact, %token, %error, "an entry of the journal does not fit into the record; it is kept without rows");
                    (item.kind, item.entry) = (UNREAD, None);
                    self.database.transact(feed(item)).await
                }
                done => done,
            };
            new += done?.new.len() as u64;
        }
        Ok(new)
    }
}

/// An entry as it is to be kept. An input that was dropped is named by itself, wherever it stands: a store that was put back or moved tells again, at
/// another place, what was not read of it. What cannot be read at all is named by its place.
pub(super) fn kept(shard: u8, item: JournalItem, now: Millis) -> Kept {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let place = Place { shard, time: number(item.id.time), number: number(item.id.number) };
    match item.record {
        JournalRecord::Entry(body) => read_entry(place, body.to_vec(), now),
        JournalRecord::Overflow { contact, entry } => Kept {
            place,
            contact: contact.to_string(),
            token: format!("{}/{}", entry.id, entry.accepted_at.0),
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
    let entry = codec::decode_in::<Entry>(&body).ok().map(|(_, entry)| entry);
    let head = match &entry {
        Some(entry) => Some((entry.contact, entry.token, entry.at)),
        None => codec::decode_in::<Head>(&body).ok().map(|(_, head)| (head.contact, head.token, head.at)),
    };
    let (contact, token, at) = match head {
        Some((contact, token, at)) => (contact.to_string(), token.to_string(), at),
        None => (String::new(), by_place(place), now),
    };
    let kind = if entry.is_some() { "entry" } else { UNREAD };
    Kept { place, contact, token, at, kind, body, entry }
}

pub(super) fn by_place(Place { shard, time, number }: Place) -> String {
    format!("{shard}/{time}-{number}")
}

/// What a feed waits for.
enum Step {
    Inserted,
    Known(Needs),
    /// More is asked, since some contacts are part of others.
    Beyond(Known, Needs),
    Written,
}

struct Feed {
    items: Vec<Kept>,
    lines: Arc<Lines>,
    dialect: Dialect,
    before: Option<Statement>,
    last: Option<Statement>,
    new: Vec<usize>,
    masked: Vec<Statement>,
    step: Step,
}

impl Feed {
    fn new(items: Vec<Kept>, lines: Arc<Lines>, dialect: Dialect, before: Option<Statement>, last: Option<Statement>) -> Self {
        Feed { items, lines, dialect, before, last, new: Vec::new(), masked: Vec::new(), step: Step::Inserted }
    }

    fn entries(&self) -> impl Iterator<Item = (&Entry, Place)> {
        self.new.iter().filter_map(|i| self.items.get(*i)).filter_map(|item| Some((item.entry.as_ref()?, item.place)))
    }

    fn write(&self, known: Known) -> Result<Vec<Statement>, HistoryError> {
        let mut fold = Fold::new(&self.lines, known);
        for item in self.new.iter().filter_map(|i| self.items.get(*i)) {
            match &item.entry {
                Some(entry) => fold.add(codec::mode_of(&item.body), entry, item.place),
                None if item.kind == "overflow" => {
                    fold.overflow(codec::mode_of(&item.body), (&item.contact, &item.token), item.at)
                }
                None => {}
            }
        }
        let mut statements = fold.finish();
        statements.extend(self.masked.iter().cloned());
        statements.extend(self.last.clone());
        Ok(statements)
    }

    /// What was asked of contacts and runs; of entries it is decided at once what is to be written of them.
    fn known(&mut self, needs: &Needs, answers: &[Vec<Row>]) -> Result<Known, HistoryError> {
        let taken_back = self.taken_back();
        let (known, bodies) = answers.split_at(answers.len().saturating_sub(taken_back.len()));
        let mut masked = Vec::new();
        for (gone, rows) in taken_back.values().zip(bodies) {
            masked.extend(taken_back::mask(gone, rows)?);
        }
        self.masked = masked;
        needs.read(known)
    }

    /// The messages that these entries say were taken back.
    fn taken_back(&self) -> BTreeMap<ContactKey, Vec<&str>> {
        let mut all: BTreeMap<ContactKey, Vec<&str>> = BTreeMap::new();
        for (entry, _) in self.entries() {
            for message in entry.events.iter().filter_map(taken_back::names) {
                all.entry(entry.contact).or_default().push(message);
            }
        }
        // Whoever comes with these same entries is no part of the contact in the database yet.
        for (from, into) in
            self.entries().flat_map(|(entry, _)| entry.events.iter().filter_map(|event| merged(entry.contact, event)))
        {
            if let Some(messages) = all.get(&into).cloned() {
                all.entry(from).or_default().extend(messages);
            }
        }
        all
    }
}

impl Work for Feed {
    fn begin(&mut self) -> Round {
        self.new.clear();
        self.step = Step::Inserted;
        let sql = "INSERT INTO entry (contact, token, shard, time, number, at, kind, body, mode) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9) ON CONFLICT DO NOTHING";
        let insert = |item: &Kept| {
            let Place { shard, time, number } = item.place;
            let mode = codec::mode_of(&item.body).as_str();
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
                    mode.into(),
                ],
            )
        };
        let lock = self.items.first().filter(|_| self.dialect == Dialect::Postgres).map(|item| {
            let key = WRITING + i64::from(item.place.shard);
            Statement::new("SELECT pg_advisory_xact_lock($1)", [key.into()])
        });
        Round::Write(lock.into_iter().chain(self.before.clone()).chain(self.items.iter().map(insert)).collect())
    }

    fn next(&mut self, answers: Answers) -> Result<Round, HistoryError> {
        match std::mem::replace(&mut self.step, Step::Written) {
            Step::Inserted => {
                let changed = answers.changed();
                let inserts = changed.get(changed.len().saturating_sub(self.items.len())..).unwrap_or_default();
                self.new = inserts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, _)| i).collect();
                let needs = Needs::of(self.entries().map(|(entry, _)| entry));
                let mut queries = needs.queries();
                // Whoever is part of the contact by now wrote as themselves before.
                let sql = "SELECT contact, token, body FROM entry
                           WHERE (contact = $1 OR contact IN (SELECT id FROM contact WHERE target = $1)) AND kind = 'entry'";
                queries.extend(self.taken_back().keys().map(|contact| Statement::new(sql, [contact.into()])));
                self.step = Step::Known(needs);
                Ok(Round::Read(queries))
            }
            Step::Known(needs) => {
                let known = self.known(&needs, &answers.rows())?;
                let Some(more) = needs.beyond(&known) else { return Ok(Round::Write(self.write(known)?)) };
                let queries = more.queries();
                self.step = Step::Beyond(known, more);
                Ok(Round::Read(queries))
            }
            Step::Beyond(known, needs) => {
                let known = known.with(needs.read(&answers.rows())?);
                Ok(Round::Write(self.write(known)?))
            }
            Step::Written => Ok(Round::Done),
        }
    }
}
