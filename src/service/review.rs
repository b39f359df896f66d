//! What to know before a flow is published: what changes, which runs are under way and where, and what they would meet.

use super::published::Stands;
use super::release::history;
use super::versions::{LoadError, stored_version};
use crate::config::project::Project;
use crate::domain::id::VersionId;
use crate::domain::name::Slug;
use crate::flow::definition::{Flow, Kind};
use crate::flow::difference::{Difference, difference};
use crate::history::{Cell, Database};
use crate::store::{Answer, Store};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Publications whose versions are asked for live runs.
const LOOKED: usize = 50;

/// What to know before a flow is published.
#[derive(Debug, Clone, Serialize)]
pub struct Review {
    /// The flow.
    pub flow: Slug,
    /// The number of the last publication; 0: none.
    pub base: u64,
    /// The version on which new runs begin now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<VersionId>,
    /// The version that would be published.
    pub after: VersionId,
    /// What changes; nothing where there was no version before, or where it cannot be read any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
    /// Live runs of each version that has any.
    pub live: Vec<LiveRuns>,
    /// What operators should think of.
    pub warnings: Vec<Warning>,
}

/// Live runs on one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveRuns {
    /// The version.
    pub version: VersionId,
    /// How many, by the store. A run that is inside a part of another flow counts for both.
    pub runs: i64,
    /// How many rest in each state, most first, by the record of runs. Empty where that is not known.
    pub states: Vec<(String, i64)>,
}

/// Something to think of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// `RF801`.
    pub code: &'static str,
    /// What it is.
    pub message: String,
    /// What to do.
    pub help: &'static str,
}

/// What is looked at besides the store.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The project.
    pub project: &'a Project,
    /// The record of runs, where there is one.
    pub database: Option<&'a Database>,
    /// The flows that may run this one as a part of their own.
    pub others: &'a [Arc<Flow>],
}

/// Looks at a flow before it is published.
pub async fn review(store: &dyn Store, around: Around<'_>, stands: Option<&Stands>, newer: &Flow) -> Answer<Review> {
    let flow = &newer.name;
    let older = match stands {
        Some(stands) => readable(stored_version(store, stands.said.whole, around.project).await)?,
        None => None,
    };
    let difference = older.as_ref().map(|older| difference(older, newer));
    let live = live_runs(store, around.database, flow, stands).await?;
    let mut warnings = stranded(store, around.project, &live, (older.as_ref(), difference.as_ref()), newer).await?;
    if let Some(difference) = &difference {
        let callers = around.others.iter().filter(|other| other.name != *flow);
        for end in &difference.lost_ends {
            warnings.extend(callers.clone().flat_map(|other| waits_for(other, newer, end)));
        }
    }
    let before = stands.map(|stands| stands.said.whole);
    let base = stands.map_or(0, |stands| stands.number);
    Ok(Review { flow: flow.clone(), base, before, after: newer.version, difference, live, warnings })
}

fn readable(loaded: Result<Flow, LoadError>) -> Answer<Option<Flow>> {
    match loaded {
        Ok(flow) => Ok(Some(flow)),
        Err(LoadError::Store(error)) => Err(error),
        Err(why) => {
            tracing::warn!(%why, "the version before cannot be read; the difference is not known");
            Ok(None)
        }
    }
}

/// Live runs of each version of a flow that has any, the one that runs first.
pub async fn live_runs(
    store: &dyn Store,
    database: Option<&Database>,
    flow: &Slug,
    stands: Option<&Stands>,
) -> Answer<Vec<LiveRuns>> {
    let mut versions: Vec<VersionId> = Vec::new();
    if let Some(Stands { said, .. }) = stands {
        versions.extend([said.version(), said.whole]);
    }
    for (_, said) in history(store, flow, None, LOOKED).await? {
        versions.extend([said.whole, said.version()]);
    }
    let mut states = match database {
        Some(database) => states_of(database, flow).await,
        None => BTreeMap::new(),
    };
    versions.extend(states.keys().copied());
    let mut out: Vec<LiveRuns> = Vec::new();
    for version in versions {
        if out.iter().any(|live| live.version == version) {
            continue;
        }
        let runs = store.live(version).await?.max(0);
        let states = states.remove(&version).unwrap_or_default();
        // The store is exact; the record comes a moment later, and may still tell of runs that are over.
        if runs > 0 {
            out.push(LiveRuns { version, runs, states });
        }
    }
    Ok(out)
}

/// How many runs rest in each state of each version. Empty where the record does not answer.
async fn states_of(database: &Database, flow: &Slug) -> BTreeMap<VersionId, Vec<(String, i64)>> {
    const SQL: &str = "SELECT version, coalesce(state, ''), count(*) FROM run WHERE flow = $1 AND ended_at IS NULL \
                       GROUP BY version, state ORDER BY count(*) DESC, state";
    let mut out: BTreeMap<VersionId, Vec<(String, i64)>> = BTreeMap::new();
    match database.read(SQL, &[Cell::from(flow.as_str())]).await {
        Ok(rows) => {
            for row in rows {
                let (Ok(version), Ok(state), Ok(n)) = (row.text(0), row.text(1), row.int(2)) else { continue };
                if let Some(version) = VersionId::parse(version).filter(|_| !state.is_empty()) {
                    out.entry(version).or_default().push((state.to_owned(), n));
                }
            }
        }
        Err(error) => tracing::warn!(%error, "the record of runs does not answer; where runs rest is not known"),
    }
    out
}

/// States in which runs rest, on whatever version, and which the newer one does not have.
async fn stranded(
    store: &dyn Store,
    project: &Project,
    live: &[LiveRuns],
    (older, known): (Option<&Flow>, Option<&Difference>),
    newer: &Flow,
) -> Answer<Vec<Warning>> {
    // How many rest there; nothing where the record does not say.
    let mut lost: BTreeMap<String, Option<i64>> = BTreeMap::new();
    for live in live.iter().filter(|live| live.version != newer.version) {
        let states = match known.filter(|_| older.is_some_and(|older| older.version == live.version)) {
            Some(known) => known.stranded.clone(),
            None => {
                let flow = readable(stored_version(store, live.version, project).await)?;
                flow.map(|flow| difference(&flow, newer).stranded).unwrap_or_default()
            }
        };
        for state in states {
            let rest = live.states.iter().find(|(name, _)| *name == state).map_or(0, |(_, n)| *n);
            let rest = Some(rest).filter(|_| !live.states.is_empty());
            let sum = lost.entry(state).or_insert(Some(0));
            *sum = sum.zip(rest).map(|(sum, rest)| sum + rest);
        }
    }
    let warn = |(state, rest): (String, Option<i64>)| {
        let message = match rest {
            Some(0) => return None,
            Some(1) => format!("1 run rests in `{state}`, which this version does not have"),
            Some(n) => format!("{n} runs rest in `{state}`, which this version does not have"),
            None => format!("runs may rest in `{state}`, which this version does not have"),
        };
        Some(Warning { code: "RF801", message, help: "add `was` to the state that takes its place, or choose where they go" })
    };
    Ok(lost.into_iter().filter_map(warn).collect())
}

/// The states of another flow that decide an end which is gone.
fn waits_for(other: &Flow, newer: &Flow, end: &str) -> Vec<Warning> {
    let runs_it = |kind: &Kind| match kind {
        Kind::Run(run) => newer.is_called(&run.flow) && run.outcomes.named.contains_key(end),
        _ => false,
    };
    let waiting = other.states.iter().filter(|(_, state)| runs_it(&state.kind));
    let warn = |(name, _): (&crate::domain::name::Name, _)| Warning {
        code: "RF802",
        message: format!("`end: {end}` was removed; `{name}` of `{}` waits for it", other.name),
        help: "bring the end back, or change the other flow too",
    };
    waiting.map(warn).collect()
}
