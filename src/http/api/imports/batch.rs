//! Rows of an import, some at a time: what becomes of each is decided and written down, then it is done. A crash in between leaves rows that were
//! decided and perhaps not done: they are done again under the same names, which changes nothing where they were.

use super::super::contacts::{self as contacts, Meant};
use super::columns::Row;
use super::file::Taker;
use super::job::{self, Outcome, Problem};
use crate::domain::change::ContactChange;
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::history::{Database, HistoryError};
use crate::http::error::Failure;
use crate::service::Core;
use crate::store::StoreError;
use futures_util::stream::{self, StreamExt as _};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Rows of one batch.
pub const BATCH: usize = 200;
/// Contacts that are looked at or changed at one time.
const SIDE_BY_SIDE: usize = 16;
/// How often a row is tried that the store cannot take now.
const TRIES: u32 = 6;

/// Why an import stops. What is done is done, and the same file goes on from there.
#[derive(Debug)]
pub enum Stopped {
    /// The store or the database does not answer.
    Unavailable(String),
    /// This row is not the one that was imported under this name before.
    Other(i64),
}

impl From<HistoryError> for Stopped {
    fn from(error: HistoryError) -> Self {
        Stopped::Unavailable(error.to_string())
    }
}

/// What an import works with.
pub struct Import {
    /// The service.
    pub core: Arc<Core>,
    /// Where the job is.
    pub db: Database,
    /// The job.
    pub job: String,
    /// Who imports.
    pub by: String,
    /// What the caller's key is for.
    pub mode: Mode,
    /// Whether it only says what would become of each row.
    pub tried: bool,
    waiting: Vec<Waiting>,
    named: HashSet<String>,
    /// Rows up to this one were done before.
    pub before: i64,
    /// All rows that there are, if the file was at its end before.
    pub whole: Option<i64>,
}

/// A row that waits for its batch: its number, the hash of what it says, and what it says if it was not done before.
type Waiting = (i64, i64, Option<Result<Said, Problem>>);

/// A row that was looked at: what becomes of it, and the change that makes it so.
type Looked = (i64, Outcome, Option<ContactChange>);

/// What a row says.
struct Said {
    change: ContactChange,
    /// The key of a contact: who is meant if they are here, whatever address the row names.
    contact: Option<ContactKey>,
}

impl Import {
    /// Nothing of it is read yet.
    pub fn new(core: Arc<Core>, db: Database, (job, by): (String, String), mode: Mode, tried: bool, before: i64) -> Self {
        let (waiting, named) = (Vec::new(), HashSet::new());
        Import { core, db, job, by, mode, tried, waiting, named, before, whole: None }
    }

    /// Takes a row. It waits until there are enough, or until another row names the same person.
    async fn taken(&mut self, n: i64, mark: i64, row: Result<Row, Failure>) -> Result<(), Stopped> {
        if self.whole.is_some_and(|whole| n > whole) {
            return Err(Stopped::Other(n));
        }
        let said = (n > self.before).then(|| row.and_then(|row| self.read(row)).map_err(problem));
        let names: Vec<String> = said.iter().flatten().flat_map(Said::names).collect();
        if self.waiting.len() >= BATCH || names.iter().any(|name| self.named.contains(name)) {
            self.done().await?;
        }
        self.named.extend(names);
        self.waiting.push((n, mark, said));
        Ok(())
    }

    async fn ended(&mut self, rows: i64) -> Result<(), Stopped> {
        self.done().await?;
        job::at_end(&self.db, &self.job, (self.tried, self.whole), rows).await
    }

    fn read(&self, row: Row) -> Result<Said, Failure> {
        let change = contacts::change(row.fields, &self.core.world().project, &self.by)?;
        let contact = row.contact.as_deref().and_then(ContactKey::parse);
        if row.contact.is_some() && contact.is_none() && contacts::addresses(&change).is_empty() {
            return Err(crate::http::person::unfit("contact", "is no contact's key"));
        }
        Ok(Said { change, contact })
    }

    /// Does what waits.
    async fn done(&mut self) -> Result<(), Stopped> {
        let waiting = std::mem::take(&mut self.waiting);
        self.named.clear();
        let (Some(first), Some(last)) = (waiting.first().map(|(n, ..)| *n), waiting.last().map(|(n, ..)| *n)) else {
            return Ok(());
        };
        let marks: HashMap<i64, i64> = waiting.iter().map(|(n, mark, _)| (*n, *mark)).collect();
        let mut known: HashMap<i64, Outcome> = HashMap::new();
        for (n, outcome, mark) in job::decided(&self.db, &self.job, first, last).await? {
            if mark.is_some_and(|mark| marks.get(&n) != Some(&mark)) {
                return Err(Stopped::Other(n));
            }
            known.insert(n, outcome);
        }
        let new = waiting.into_iter().filter_map(|(n, _, said)| Some((n, said?)));
        let looked: Vec<Result<Looked, Stopped>> = stream::iter(new)
            .map(|(n, said)| self.outcome(n, said, known.get(&n).cloned()))
            .buffered(SIDE_BY_SIDE)
            .collect()
            .await;
        let looked = looked.into_iter().collect::<Result<Vec<_>, Stopped>>()?;
        let all: Vec<(i64, Outcome)> = looked.iter().map(|(n, outcome, _)| (*n, outcome.clone())).collect();
        let mark = |n: &i64| marks.get(n).copied().unwrap_or(0);
        let new = all.iter().filter(|(n, _)| !known.contains_key(n));
        let new: Vec<(i64, Outcome, i64)> = new.map(|(n, outcome)| (*n, outcome.clone(), mark(n))).collect();
        job::decide(&self.db, &self.job, &new).await?;
        let mut corrected = Vec::new();
        if !self.tried {
            let to_do = looked.into_iter().filter_map(|(n, outcome, change)| match outcome {
                Outcome::Created(key) | Outcome::Changed(key) => Some((n, key, change?)),
                Outcome::Same(_) | Outcome::Refused(_) => None,
            });
            let done: Vec<Result<Option<(i64, Outcome)>, Stopped>> = stream::iter(to_do)
                .map(|(n, key, change)| self.apply(n, key, change))
                .buffer_unordered(SIDE_BY_SIDE)
                .collect()
                .await;
            for one in done {
                corrected.extend(one?);
            }
        }
        job::done(&self.db, &self.job, &all, &corrected).await?;
        Ok(())
    }

    /// What becomes of a row, and the change that makes it so.
    async fn outcome(&self, n: i64, said: Result<Said, Problem>, known: Option<Outcome>) -> Result<Looked, Stopped> {
        let said = match said {
            Ok(said) => said,
            Err(problem) => return Ok((n, known.unwrap_or(Outcome::Refused(problem)), None)),
        };
        if let Some(known) = known {
            return Ok((n, known, Some(said.change)));
        }
        let Meant { key, found } = match self.meant(&said).await? {
            Ok(meant) => meant,
            Err(problem) => return Ok((n, Outcome::Refused(problem), None)),
        };
        let outcome = match found {
            None => Outcome::Created(key),
            Some(found) if contacts::is_news(&found.record, &said.change) => Outcome::Changed(key),
            Some(_) => Outcome::Same(key),
        };
        Ok((n, outcome, Some(said.change)))
    }

    async fn meant(&self, said: &Said) -> Result<Result<Meant, Problem>, Stopped> {
        for attempt in 0.. {
            match self.whom(said).await {
                // What waits may be the change of a row before this one.
                Ok(Meant { key, found: Some(found) }) if found.waits && attempt < TRIES => {
                    self.core.quiet(key).await.map_err(stopped)?;
                }
                Ok(meant) => return Ok(Ok(meant)),
                Err(contacts::Problem::Refused(refused)) => return Ok(Err(refused.into())),
                Err(contacts::Problem::Store(error)) if attempt < TRIES && error.is_temporary() => pause(attempt).await,
                Err(contacts::Problem::Store(error)) => return Err(stopped(error)),
            }
        }
        Err(Stopped::Unavailable("a contact is never at rest".to_owned()))
    }

    async fn whom(&self, said: &Said) -> Result<Meant, contacts::Problem> {
        if let Some(key) = said.contact {
            // A key of the other mode is no contact's.
            let found = self.core.contact(key).await?.filter(|found| contacts::mode_of(&found.record) == self.mode);
            if let Some(found) = found {
                contacts::fits(&self.core, &found, &said.change)?;
                contacts::is_own(&self.core, self.mode, found.key, &said.change).await?;
                return Ok(Meant { key: found.key, found: Some(Box::new(found)) });
            }
            if contacts::addresses(&said.change).is_empty() {
                let reason = "is not here".to_owned();
                return Err(contacts::Problem::Refused(contacts::Refused { field: "contact", reason }));
            }
        }
        contacts::meant(&self.core, self.mode, &said.change).await
    }

    /// Gives a row to its contact; what became of it if that is something else than was decided.
    async fn apply(&self, n: i64, key: ContactKey, change: ContactChange) -> Result<Option<(i64, Outcome)>, Stopped> {
        let name = format!("import/{}/{n}", self.job);
        for attempt in 0.. {
            match contacts::apply(&self.core, self.mode, key, change.clone(), &name).await {
                Ok(_) => return Ok(None),
                Err(contacts::Problem::Refused(refused)) => return Ok(Some((n, Outcome::Refused(refused.into())))),
                Err(contacts::Problem::Store(StoreError::Full(_))) if attempt >= TRIES => {
                    let reason = "has more waiting than its mailbox holds".to_owned();
                    return Ok(Some((n, Outcome::Refused(Problem { field: "contact".to_owned(), reason }))));
                }
                Err(contacts::Problem::Store(error)) if attempt < TRIES && error.is_temporary() => pause(attempt).await,
                Err(contacts::Problem::Store(error)) => return Err(stopped(error)),
            }
        }
        Ok(None)
    }
}

impl Taker for Import {
    type Row = Row;

    async fn take(&mut self, n: i64, mark: i64, row: Result<Row, Failure>) -> Result<(), Stopped> {
        self.taken(n, mark, row).await
    }

    async fn work(&mut self) -> Result<(), Stopped> {
        self.done().await
    }

    async fn end(&mut self, rows: i64) -> Result<(), Stopped> {
        self.ended(rows).await
    }
}

impl Said {
    /// What names the person: no two rows of one batch share it.
    fn names(&self) -> Vec<String> {
        let addresses = contacts::addresses(&self.change);
        addresses.iter().map(|address| address.canonical()).chain(self.contact.map(|key| key.to_string())).collect()
    }
}

pub(crate) fn stopped(error: StoreError) -> Stopped {
    Stopped::Unavailable(error.to_string())
}

pub(crate) fn problem(failure: Failure) -> Problem {
    Problem {
        field: failure.field().unwrap_or("row").to_owned(),
        reason: failure.detail().unwrap_or_else(|| failure.to_string()),
    }
}

async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(50 << attempt.min(6))).await;
}
