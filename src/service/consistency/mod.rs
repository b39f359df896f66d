//! Looks through a store for what must not be, also while the service works on it: part by part, and what looks wrong is looked at again a
//! while later, because what was read at two moments may never have been true at one.

mod judge;

pub use crate::store::FindingLevel;

use crate::domain::id::VersionId;
use crate::domain::time::Span;
use crate::engine::record::Record;
use crate::store::transfer::{Name, Thing, Transfer};
use crate::store::{Answer, Place};
use judge::{Read, around, judge, leads_to, overdue};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Names of one part.
const PART: usize = 200;
/// Suspects that are remembered; further ones are counted.
const SUSPECTS: usize = 10_000;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Of what.
    pub name: Name,
    /// How bad it is.
    pub level: FindingLevel,
    /// What is so.
    pub what: String,
    /// What to do.
    pub remedy: Remedy,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Have somebody look: `mend`.
    Mend,
    /// What should not be possible.
    Report,
    /// Nothing.
    Harmless,
    /// A version is missing.
    Publish,
    /// Something waits for long.
    Waits,
    /// A turn kills whoever makes it.
    Dies,
    /// Another release wrote it.
    Newer,
    /// A counter is wrong.
    Counter,
}

impl Remedy {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Remedy::Mend => "`replyflow admin check --mend` has the service look at it.",
            Remedy::Report => "This should not be possible: please report it.",
            Remedy::Harmless => "It does no harm.",
            Remedy::Publish => "Publish the same file again: its content has the same name.",
            Remedy::Waits => {
                "Does a service run? Is the channel paused, or too slow? `replyflow doctor`, /v1/status and /metrics say more."
            }
            Remedy::Dies => {
                "The log says why a process ended. From the fifth time on the first input is set aside: `replyflow failed list`."
            }
            Remedy::Newer => "A newer release wrote it, or it is damaged: run the release that wrote it.",
            Remedy::Counter => "An old version is kept for too long, or removed too early: please report it.",
        }
    }
}

/// A look through a store.
pub struct Walk {
    place: Option<String>,
    older: Span,
    suspects: Vec<Name>,
    /// Suspects that were too many to remember.
    pub unlooked: u64,
    /// How many of what kind were looked at.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Live runs in the records, by version.
    counted: BTreeMap<VersionId, i64>,
}

impl Walk {
    /// From a place on that an earlier one gave (empty: the beginning). What waits for longer than `older` is stuck.
    pub fn from(place: &str, older: Span) -> Self {
        let place = Some(place.to_owned());
        let (kinds, counted) = (BTreeMap::new(), BTreeMap::new());
        Walk { place, older, suspects: Vec::new(), unlooked: 0, kinds, counted }
    }

    /// Where the next part begins; nothing at the end.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// One part; how many names it had.
    pub async fn next(&mut self, store: &dyn Transfer) -> Answer<usize> {
        let Some(place) = &self.place else { return Ok(0) };
        let part = store.names(place, PART).await?;
        let mut met = HashSet::new();
        let names: Vec<Name> = part.names.into_iter().filter(|name| met.insert(name.clone())).collect();
        let read = read_around(store, &names).await?;
        let overdue = overdue(store.store().now().await?, self.older);
        for name in &names {
            *self.kinds.entry(name.kind()).or_default() += 1;
            if let (Name::Contact(_), Some(Some(Thing::Contact(kept)))) = (name, read.get(name))
                && !matches!(kept.place, Place::Moved(_))
                && let Ok(record) = Record::decode(&kept.record.blob)
            {
                for (version, n) in record.live() {
                    *self.counted.entry(version).or_default() += n;
                }
            }
            if judge(name, &read, overdue).is_empty() {
                continue;
            }
            if self.suspects.len() < SUSPECTS {
                self.suspects.push(name.clone());
            } else {
                self.unlooked += 1;
            }
        }
        self.place = part.next;
        Ok(names.len())
    }

    /// Whether anything looked wrong.
    pub fn suspects(&self) -> usize {
        self.suspects.len()
    }

    /// Looks at all that looked wrong again, and keeps what still does.
    pub async fn again(&mut self, store: &dyn Transfer) -> Answer<Vec<Found>> {
        let overdue = overdue(store.store().now().await?, self.older);
        let (mut found, mut suspects) = (Vec::new(), Vec::new());
        for some in self.suspects.chunks(PART) {
            let read = read_around(store, some).await?;
            for name in some {
                let wrong = judge(name, &read, overdue);
                if !wrong.is_empty() {
                    suspects.push(name.clone());
                    found.extend(wrong);
                }
            }
        }
        self.suspects = suspects;
        found.sort_by_key(|found| std::cmp::Reverse(found.level));
        Ok(found)
    }

    /// Whether the counters of live runs are what the records say. Only after a whole look at a store that nobody works on.
    pub async fn counters(&self, store: &dyn Transfer) -> Answer<Vec<Found>> {
        let mut versions: Vec<VersionId> = self.counted.keys().copied().collect();
        let mut place = String::new();
        loop {
            let part = store.names(&place, PART).await?;
            versions.extend(part.names.iter().filter_map(|name| if let Name::Live(id) = name { Some(*id) } else { None }));
            match part.next {
                Some(next) => place = next,
                None => break,
            }
        }
        versions.sort_unstable();
        versions.dedup();
        let mut found = Vec::new();
        for version in versions {
            let (kept, counted) = (store.store().live(version).await?, self.counted.get(&version).copied().unwrap_or(0));
            if kept != counted {
                let what = format!("{counted} runs are live on it, and {kept} are counted");
                found.push(Found { name: Name::Live(version), level: FindingLevel::Warning, what, remedy: Remedy::Counter });
            }
        }
        Ok(found)
    }
}

/// What is kept under names, around them, and where that leads.
async fn read_around(store: &dyn Transfer, names: &[Name]) -> Answer<Read> {
    let mut read: Read = HashMap::new();
    let mut wanted: Vec<Name> = names.iter().flat_map(around).collect();
    for _ in 0..2 {
        let mut met = HashSet::new();
        wanted.retain(|name| !read.contains_key(name) && met.insert(name.clone()));
        for some in wanted.chunks(PART) {
            let things = store.things(some).await?;
            read.extend(some.iter().cloned().zip(things));
        }
        wanted = read.values().flatten().filter_map(leads_to).collect();
    }
    Ok(read)
}

/// Lets somebody look at what nobody looks at. Whether there was something to do; harmless where there was not.
pub async fn mend(store: &dyn Transfer, found: &Found) -> Answer<bool> {
    if found.remedy == Remedy::Mend { store.wake(&found.name).await } else { Ok(false) }
}
