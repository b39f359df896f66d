//! Moving a store into another one, while nobody works on either: everything is copied, the journal that is not in the record yet goes
//! along, and then both are compared, thing by thing. It can be cut off anywhere: how far it has come stands in the target, and the same
//! call goes on.

mod error;
mod journal;

pub use error::MoveError;

use super::history::SUBSCRIBER;
use crate::domain::time::{Millis, Span};
use crate::store::transfer::{FORM, Mark, Name, Thing, Transfer};
use crate::store::{Answer, JournalId, StoreError};
use bytes::Bytes;
use journal::{Journal, sum};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// Names that are asked for at once, and things that are read and written at once.
const PAGE: usize = 500;
const AT_ONCE: usize = 100;
/// Entries of a journal that are written at once, and read of one shard at once.
const ENTRIES: usize = 200;
const READ: usize = 50;
/// What is forgotten so soon may be gone in one store and not yet in the other.
const SOON: Span = Span::minutes(10);
/// How far the clocks of two stores may be apart.
const APART: Span = Span::seconds(1);

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many things are copied.
    Copied(u64),
    /// So many entries of the journal are copied.
    Entries(u64),
    /// So many things are compared.
    Compared(u64),
}

/// What was moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// How many of what kind, as they were compared.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Entries of the journal.
    pub entries: u64,
}

/// What the mark in the source says.
#[derive(Debug, Serialize, Deserialize)]
struct Left {
    form: u8,
    pair: String,
    to: String,
    done: bool,
}

/// What the mark in the target says: how far the move has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Come {
    form: u8,
    pair: String,
    /// Which command works on it: the one that came last.
    #[serde(default)]
    mover: u64,
    /// Whether all things are copied.
    copied: bool,
    /// Where the next names begin, for this incarnation of the source.
    at: String,
    incarnation: String,
    things: u64,
    /// The last entry of each shard's journal that was copied.
    journal: BTreeMap<u8, String>,
}

impl Come {
    fn write(&self) -> Bytes {
        // Nothing in it can fail to be written.
        Bytes::from(serde_json::to_vec(self).unwrap_or_default())
    }

    /// All things are copied again. Entries of the journal that are there stay: a folder cannot tell them from new ones.
    fn begun_anew(self) -> Self {
        let (at, incarnation) = (String::new(), String::new());
        Come { copied: false, at, incarnation, things: 0, ..self }
    }

    fn again(pair: String) -> Self {
        let (at, incarnation, journal) = (String::new(), String::new(), BTreeMap::new());
        Come { form: FORM, pair, mover: 0, copied: false, at, incarnation, things: 0, journal }
    }
}

fn read<T: for<'a> Deserialize<'a>>(said: Option<Bytes>) -> Result<Option<T>, MoveError> {
    said.map(|said| serde_json::from_slice(&said).map_err(|_| MoveError::Form)).transpose()
}

/// Moves a store. `heard` is told from time to time.
pub async fn move_store(
    from: &dyn Transfer,
    to: &dyn Transfer,
    heard: &mut (dyn FnMut(Step) + Send),
) -> Result<Moved, MoveError> {
    let mut come = begin(from, to).await?;
    if !come.copied {
        copy(from, to, &mut come, heard).await?;
    }
    copy_journal(from, to, &mut come, heard).await?;
    let moved = match compare(from, to, heard).await {
        Err(MoveError::Differ(what)) => {
            // The same call begins anew.
            still(from, to, &come).await?;
            to.keep(Vec::new(), come.begun_anew().write()).await.map_err(MoveError::To)?;
            return Err(MoveError::Differ(what));
        }
        other => other?,
    };
    nobody_else(from, to).await?;
    still(from, to, &come).await?;
    let left = Left { form: FORM, pair: come.pair, to: to.whereabouts(), done: true };
    leave(from, &left).await?;
    to.set_mark(Mark::Arriving, None).await.map_err(MoveError::To)?;
    Ok(moved)
}

/// Makes a store usable again that was to be moved, or was. Whether the move had ended; nothing: there was none.
pub async fn give_up(from: &dyn Transfer) -> Result<Option<bool>, MoveError> {
    let left: Option<Left> = read(from.mark(Mark::Left).await.map_err(MoveError::From)?)?;
    if left.as_ref().is_some_and(|left| left.done) {
        // The other one has been in use, and whoever was told of it remembers places there: what this one tells must stand after them.
        let now = from.store().now().await.map_err(MoveError::From)?;
        from.go_beyond(u64::try_from(now.0).unwrap_or(0)).await.map_err(MoveError::From)?;
    }
    if left.is_some() {
        from.set_mark(Mark::Left, None).await.map_err(MoveError::From)?;
    }
    Ok(left.map(|left| left.done))
}

/// Whether this command is still the one that moves it. Asked before each write: one that everybody forgot may still run somewhere, and
/// would write old things over a store that is in use again.
async fn still(from: &dyn Transfer, to: &dyn Transfer, own: &Come) -> Result<(), MoveError> {
    let left: Option<Left> = read(from.mark(Mark::Left).await.map_err(MoveError::From)?)?;
    let come: Option<Come> = read(to.mark(Mark::Arriving).await.map_err(MoveError::To)?)?;
    let same = left.is_some_and(|left| left.pair == own.pair)
        && come.is_some_and(|come| (&come.pair, come.mover) == (&own.pair, own.mover));
    if same { Ok(()) } else { Err(MoveError::Overtaken) }
}

async fn leave(from: &dyn Transfer, left: &Left) -> Result<(), MoveError> {
    let said = Bytes::from(serde_json::to_vec(left).unwrap_or_default());
    from.set_mark(Mark::Left, Some(said)).await.map_err(MoveError::From)
}

/// Marks both, or finds out how far an earlier call came.
async fn begin(from: &dyn Transfer, to: &dyn Transfer) -> Result<Come, MoveError> {
    nobody_else(from, to).await?;
    in_step(from, to).await?;
    let come = begin_alone(from, to).await?;
    // One that started before the marks were there.
    nobody_else(from, to).await?;
    Ok(come)
}

async fn nobody_else(from: &dyn Transfer, to: &dyn Transfer) -> Result<(), MoveError> {
    for (store, error) in [(from, MoveError::From as fn(_) -> _), (to, MoveError::To)] {
        let instances = store.others().await.map_err(error)?;
        if instances > 0 {
            return Err(MoveError::Running { instances, place: store.whereabouts() });
        }
    }
    Ok(())
}

/// Asks both for the time: the target's must not be behind.
async fn in_step(from: &dyn Transfer, to: &dyn Transfer) -> Result<(), MoveError> {
    let own = from.store().now().await.map_err(MoveError::From)?;
    let behind = own - to.store().now().await.map_err(MoveError::To)?;
    if behind > APART { Err(MoveError::Behind { place: to.whereabouts(), behind: behind.0 }) } else { Ok(()) }
}

async fn begin_alone(from: &dyn Transfer, to: &dyn Transfer) -> Result<Come, MoveError> {
    let secret = from.secret().await.map_err(MoveError::From)?.ok_or_else(|| MoveError::Nothing(from.whereabouts()))?;
    if from.mark(Mark::Arriving).await.map_err(MoveError::From)?.is_some() {
        return Err(MoveError::From(StoreError::Marked("another store is being moved into it")));
    }
    let left: Option<Left> = read(from.mark(Mark::Left).await.map_err(MoveError::From)?)?;
    let come: Option<Come> = read(to.mark(Mark::Arriving).await.map_err(MoveError::To)?)?;
    if left.as_ref().is_some_and(|left| left.form != FORM) || come.as_ref().is_some_and(|come| come.form != FORM) {
        return Err(MoveError::Form);
    }
    let come = match (left, come) {
        (Some(left), Some(come)) if left.pair == come.pair => {
            // Whoever worked on it until now hears that this one does.
            let come = Come { mover: rand::random(), ..come };
            to.set_mark(Mark::Arriving, Some(come.write())).await.map_err(MoveError::To)?;
            return Ok(come);
        }
        // The target was emptied since.
        (Some(left), None) if !left.done && left.to == to.whereabouts() && is_fresh(to).await.map_err(MoveError::To)? => {
            Come::again(left.pair)
        }
        (Some(left), _) if left.done => return Err(MoveError::Moved(left.to)),
        (Some(left), _) => return Err(MoveError::Elsewhere(left.to)),
        // Cut off between the marks, or given up: it begins anew.
        (None, Some(come)) if to.secret().await.map_err(MoveError::To)? == Some(secret.clone()) => come.begun_anew(),
        (None, Some(_)) => return Err(MoveError::Holds(to.whereabouts())),
        (None, None) => {
            if !is_fresh(to).await.map_err(MoveError::To)? {
                return Err(MoveError::Holds(to.whereabouts()));
            }
            Come::again(hex::encode(rand::random::<[u8; 8]>()))
        }
    };
    let come = Come { mover: rand::random(), ..come };
    // A store with a secret and without a mark is an empty one to the next try, one with a mark and another secret is not.
    let beyond = beyond(from).await.map_err(MoveError::From)?;
    to.take_secret(secret, beyond).await.map_err(MoveError::To)?;
    to.set_mark(Mark::Arriving, Some(come.write())).await.map_err(MoveError::To)?;
    leave(from, &Left { form: FORM, pair: come.pair.clone(), to: to.whereabouts(), done: false }).await?;
    Ok(come)
}

/// A time that is after the times of all places in the journal that anybody remembers.
async fn beyond(store: &dyn Transfer) -> Answer<u64> {
    let mut beyond = u64::try_from(store.store().now().await?.0).unwrap_or(0);
    for shard in 0..store.store().shards() {
        beyond = beyond.max(store.store().cursor(shard, SUBSCRIBER).await?.time + 1);
    }
    Ok(beyond)
}

/// Whether another store can be moved into it.
async fn is_fresh(store: &dyn Transfer) -> Answer<bool> {
    Ok(store.mark(Mark::Left).await?.is_none() && is_empty(store).await?)
}

/// Whether a store holds nothing but its secret.
async fn is_empty(store: &dyn Transfer) -> Answer<bool> {
    let mut at = String::new();
    loop {
        let part = store.names(&at, PAGE).await?;
        if store.things(&part.names).await?.iter().any(Option::is_some) {
            return Ok(false);
        }
        match part.next {
            Some(next) => at = next,
            None => break,
        }
    }
    for shard in 0..store.store().shards() {
        if !store.store().read_journal(shard, JournalId::START, 1).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The same names once.
fn once(names: Vec<Name>) -> Vec<Name> {
    let mut met = HashSet::new();
    names.into_iter().filter(|name| met.insert(name.clone())).collect()
}

async fn copy(
    from: &dyn Transfer,
    to: &dyn Transfer,
    come: &mut Come,
    heard: &mut (dyn FnMut(Step) + Send),
) -> Result<(), MoveError> {
    let incarnation = from.incarnation().await.map_err(MoveError::From)?;
    if come.incarnation != incarnation {
        (come.incarnation, come.at, come.things) = (incarnation, String::new(), 0);
    }
    loop {
        let part = from.names(&come.at, PAGE).await.map_err(MoveError::From)?;
        let names = once(part.names);
        for some in names.chunks(AT_ONCE) {
            let things = from.things(some).await.map_err(MoveError::From)?;
            let things: Vec<(Name, Thing)> =
                some.iter().zip(things).filter_map(|(name, thing)| Some((name.clone(), thing?))).collect();
            come.things += things.len() as u64;
            still(from, to, come).await?;
            to.keep(things, come.write()).await.map_err(MoveError::To)?;
            heard(Step::Copied(come.things));
        }
        (come.copied, come.at) = (part.next.is_none(), part.next.unwrap_or_default());
        still(from, to, come).await?;
        to.keep(Vec::new(), come.write()).await.map_err(MoveError::To)?;
        if come.copied {
            return Ok(());
        }
    }
}

async fn copy_journal(
    from: &dyn Transfer,
    to: &dyn Transfer,
    come: &mut Come,
    heard: &mut (dyn FnMut(Step) + Send),
) -> Result<(), MoveError> {
    let mut journal = Journal::unread(from, &come.journal).await.map_err(MoveError::From)?;
    let mut copied = 0;
    loop {
        let mut entries = Vec::with_capacity(ENTRIES);
        while entries.len() < ENTRIES {
            let Some(entry) = journal.next().await.map_err(MoveError::From)? else { break };
            come.journal.insert(entry.shard, entry.item.id.to_string());
            entries.push(entry);
        }
        if entries.is_empty() {
            return Ok(());
        }
        copied += entries.len() as u64;
        still(from, to, come).await?;
        to.keep_entries(entries, come.write()).await.map_err(MoveError::To)?;
        heard(Step::Entries(copied));
    }
}

/// Goes through all names of one store and calls `look` with what both have.
async fn walk(
    here: &dyn Transfer,
    there: &dyn Transfer,
    errors: [fn(StoreError) -> MoveError; 2],
    look: &mut (dyn FnMut(&Name, &Thing, Option<&Thing>) + Send),
) -> Result<(), MoveError> {
    let mut at = String::new();
    loop {
        let part = here.names(&at, PAGE).await.map_err(errors[0])?;
        for some in once(part.names).chunks(AT_ONCE) {
            let own = here.things(some).await.map_err(errors[0])?;
            let other = there.things(some).await.map_err(errors[1])?;
            for ((name, own), other) in some.iter().zip(own).zip(other) {
                if let Some(own) = own {
                    look(name, &own, other.as_ref());
                }
            }
        }
        match part.next {
            Some(next) => at = next,
            None => return Ok(()),
        }
    }
}

/// Whether both stores have the same, in both directions.
async fn compare(from: &dyn Transfer, to: &dyn Transfer, heard: &mut (dyn FnMut(Step) + Send)) -> Result<Moved, MoveError> {
    let (mut moved, mut differ, mut seen) = (Moved::default(), BTreeMap::<(&str, &str), u64>::new(), 0);
    let soon: Millis = from.store().now().await.map_err(MoveError::From)? + SOON;
    walk(from, to, [MoveError::From, MoveError::To], &mut |name, own, other| {
        *moved.kinds.entry(name.kind()).or_default() += 1;
        seen += 1;
        heard(Step::Compared(seen));
        let wrong = match other {
            Some(other) if own.is_in(other, soon) => return,
            Some(_) => "are not the same",
            None if own.passes_by(soon) => return,
            None => "are missing there",
        };
        *differ.entry((name.kind(), wrong)).or_default() += 1;
    })
    .await?;
    walk(to, from, [MoveError::To, MoveError::From], &mut |name, own, other| {
        if other.is_none() && !own.passes_by(soon) {
            *differ.entry((name.kind(), "are only there")).or_default() += 1;
        }
    })
    .await?;
    let mut unread = Journal::unread(from, &BTreeMap::new()).await.map_err(MoveError::From)?;
    let source = sum(&mut unread).await.map_err(MoveError::From)?;
    let target = sum(&mut Journal::whole(to)).await.map_err(MoveError::To)?;
    if source != target {
        differ.insert(("entries of the journal", "are not the same"), source.0.abs_diff(target.0));
    }
    moved.entries = source.0;
    if differ.is_empty() {
        return Ok(moved);
    }
    let words: Vec<String> = differ.into_iter().map(|((kind, wrong), n)| format!("{n} {kind} {wrong}")).collect();
    Err(MoveError::Differ(words.join("; ")))
}
