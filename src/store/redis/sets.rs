//! Which work set a short name in an effect's header means. Every instance writes down the sets that it uses before it
//! puts anything into them, so that another one, configured differently, can still settle a lane that leads there.

use super::keys::PREFIX;
use super::link::Link;
use crate::store::{Answer, StoreError, WorkSet};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// The sets that are known.
#[derive(Default)]
pub struct Sets(RwLock<HashMap<[u8; 4], WorkSet>>);

pub(super) fn key() -> String {
    format!("{PREFIX}works")
}

impl Sets {
    fn known(&self, short: [u8; 4]) -> Option<WorkSet> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&short).cloned()
    }

    fn keep(&self, short: [u8; 4], set: WorkSet) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(short, set);
    }

    /// Writes a set down, once for each process.
    pub async fn know(&self, link: &Link, set: &WorkSet) -> Answer<()> {
        let short = set.short();
        match self.known(short) {
            Some(other) if other == *set => return Ok(()),
            Some(other) => return Err(clash(set, &other.to_string())),
            None => {}
        }
        let name = set.to_string();
        let mut pipeline = redis::pipe();
        pipeline.cmd("HSETNX").arg(key()).arg(&short[..]).arg(&name);
        pipeline.cmd("HGET").arg(key()).arg(&short[..]);
        let answers: Vec<redis::Value> = link.pipeline(&pipeline).await?;
        let there: String = redis::from_redis_value(answers.into_iter().nth(1).unwrap_or_default())
            .map_err(|_| StoreError::Bug("the table of work sets is unreadable".to_owned()))?;
        if there != name {
            return Err(clash(set, &there));
        }
        self.keep(short, set.clone());
        Ok(())
    }

    /// The set of a short name.
    pub async fn resolve(&self, link: &Link, short: &[u8]) -> Answer<WorkSet> {
        let short: [u8; 4] = short.try_into().map_err(|_| StoreError::Bug("a work set's short name".to_owned()))?;
        if let Some(set) = self.known(short) {
            return Ok(set);
        }
        let name: Option<String> = link.query(redis::cmd("HGET").arg(key()).arg(&short[..])).await?;
        let set = name.as_deref().and_then(WorkSet::parse);
        let set = set.ok_or_else(|| StoreError::Bug("an effect in a work set that nobody wrote down".to_owned()))?;
        self.keep(short, set.clone());
        Ok(set)
    }

    /// The sets of broadcasts that are known, each with the one that a conversation moves it to.
    pub fn hurried(&self) -> Vec<(WorkSet, WorkSet)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut sets: Vec<_> = known.values().filter_map(|set| Some((set.clone(), set.hurried()?))).collect();
        sets.sort();
        sets
    }

    /// All sets that were ever written down.
    pub async fn all(&self, link: &Link) -> Answer<Vec<WorkSet>> {
        let names: Vec<String> = link.query(redis::cmd("HVALS").arg(key())).await?;
        let mut sets: Vec<WorkSet> = names.iter().filter_map(|name| WorkSet::parse(name)).collect();
        sets.sort();
        for set in &sets {
            self.keep(set.short(), set.clone());
        }
        Ok(sets)
    }
}

fn clash(set: &WorkSet, other: &str) -> StoreError {
    StoreError::Layout(format!("`{set}` and `{other}` have the same short name: rename one of the channels"))
}
