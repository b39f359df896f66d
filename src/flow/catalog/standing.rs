//! How each flow stands since it was published last: which version a share of new runs begins on, what becomes of runs of others.

use super::{Catalog, Published};
use crate::domain::id::VersionId;
use crate::domain::publication::{OldRuns, Publication, Share, Trial};
use std::sync::Arc;

/// How a flow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The version on which new runs begin, and whose triggers count.
    pub whole: VersionId,
    /// The version that a share of them begins on instead.
    pub trial: Option<Trial>,
    /// What becomes of runs that are on neither.
    pub runs: OldRuns,
    /// Whether it begins no more runs: then those that end are all of them.
    pub retired: bool,
}

impl From<VersionId> for Standing {
    fn from(whole: VersionId) -> Self {
        Standing { whole, trial: None, runs: OldRuns::Stay, retired: false }
    }
}

impl From<&Publication> for Standing {
    fn from(publication: &Publication) -> Self {
        Standing { whole: publication.whole, trial: publication.trial, runs: publication.runs, retired: publication.retired }
    }
}

impl Standing {
    /// Whether runs begin on this version.
    fn lives(&self, version: VersionId) -> bool {
        !self.retired && (self.whole == version || self.trial.is_some_and(|trial| trial.version == version))
    }
}

/// What becomes of a run on a version on which no run begins any more.
#[derive(Debug, Clone)]
pub enum Over {
    /// It goes over to this version.
    To(Arc<Published>),
    /// It ends.
    End,
}

impl Catalog {
    /// How every flow stands.
    pub fn standings(&self) -> &[Standing] {
        &self.standings
    }

    /// The version that a share of the new runs begins on in place of this one.
    pub fn trial(&self, whole: VersionId) -> Option<(&Arc<Published>, Share)> {
        self.trials.get(&whole).map(|(published, share)| (published, *share))
    }

    /// What becomes of runs on this version; nothing where they stay on it.
    pub fn over(&self, version: VersionId) -> Option<&Over> {
        self.over.get(&version)
    }

    /// Whether runs of some flow end because another version was published.
    pub fn ends_runs(&self) -> bool {
        self.standings.iter().any(|standing| standing.runs == OldRuns::End)
    }

    /// Whether a run of this flow on this version ends, also if the version is not known here.
    pub fn is_ended(&self, flow: &str, version: VersionId) -> bool {
        let Some(whole) = self.current(flow).map(|flow| flow.version).or_else(|| self.retired.get(flow).copied()) else {
            return false;
        };
        let standing = self.standings.iter().find(|standing| standing.whole == whole);
        standing.is_some_and(|standing| standing.runs == OldRuns::End && !standing.lives(version))
    }

    /// Whether a flow begins no more runs, as somebody published it.
    pub fn is_retired(&self, flow: &str) -> bool {
        !self.current.contains_key(flow) && self.retired.contains_key(flow)
    }

    /// Works out what the standings mean for the versions that are known.
    pub(super) fn stand(&mut self, standings: Vec<Standing>) {
        let known = |id: VersionId| self.versions.get(&id).cloned();
        let trial = |standing: &Standing| {
            let trial = standing.trial?;
            Some((standing.whole, (known(trial.version)?, trial.share)))
        };
        self.trials = standings.iter().filter_map(trial).collect();
        let over = |(id, published): (&VersionId, &Arc<Published>)| {
            // A former name leads to the flow that has it now.
            let name = &published.flow.name;
            let current = self.current.get(name);
            let whole = current.map(|current| current.flow.version).or_else(|| self.retired.get(name).copied())?;
            let standing = standings.iter().find(|standing| standing.whole == whole)?;
            match standing.runs {
                _ if standing.lives(*id) => None,
                OldRuns::Stay => None,
                OldRuns::Move => Some((*id, Over::To(current?.clone()))),
                OldRuns::End => Some((*id, Over::End)),
            }
        };
        self.over = self.versions.iter().filter_map(over).collect();
        self.standings = standings;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;
    use crate::flow::definition::Flow;
    use crate::flow::parse::{ParseContext, parse_flow};

    fn flow(name: &str, version: u64, more: &str) -> Arc<Flow> {
        let text = format!("flow: {name}\n{more}start: []\nbegin: a\nstates:\n  a: {{ end: done }}\n");
        let context = ParseContext { languages: vec![Language::EN], channels: Vec::new() };
        let (flow, diagnostics) = parse_flow(&text, &format!("flows/{name}.yaml"), &context);
        let mut flow = flow.unwrap_or_else(|| panic!("{diagnostics:?}"));
        flow.version = VersionId(version);
        Arc::new(flow)
    }

    #[test]
    fn runs_of_other_versions_follow_the_word_of_the_last_publication() {
        let flows = || [flow("a", 1, ""), flow("a", 2, ""), flow("a", 3, ""), flow("b", 9, "")];
        let trial = Share::percent(10).map(|share| Trial { version: VersionId(3), share });
        let of = |runs| {
            let a = Standing { whole: VersionId(2), trial, runs, retired: false };
            Catalog::standing(flows(), vec![a, Standing::from(VersionId(9))])
        };
        let moving = of(OldRuns::Move);
        assert!(matches!(moving.over(VersionId(1)), Some(Over::To(to)) if to.flow.version == VersionId(2)));
        assert!([2, 3, 9, 77].iter().all(|id| moving.over(VersionId(*id)).is_none()));
        assert_eq!(moving.trial(VersionId(2)).map(|(to, share)| (to.flow.version, u8::from(share))), Some((VersionId(3), 10)));
        assert!(moving.trial(VersionId(9)).is_none() && !moving.ends_runs());
        let ending = of(OldRuns::End);
        assert!(matches!(ending.over(VersionId(1)), Some(Over::End)) && ending.ends_runs());
        assert!(of(OldRuns::Stay).over(VersionId(1)).is_none());
        let retired = Standing { whole: VersionId(2), trial: None, runs: OldRuns::End, retired: true };
        let retired = Catalog::standing(flows(), vec![retired, Standing::from(VersionId(9))]);
        assert!(retired.current("a").is_none() && retired.is_retired("a") && !retired.is_retired("b"));
        assert!([1, 2, 3, 77].iter().all(|id| retired.is_ended("a", VersionId(*id))), "all of them");
        assert!(matches!(retired.over(VersionId(2)), Some(Over::End)) && !retired.is_ended("b", VersionId(9)));
        // A version that is met later is under the same word, and so is one of a flow that has another name by now.
        let later = moving.with_version(flow("a", 4, ""));
        assert!(matches!(later.over(VersionId(4)), Some(Over::To(_))));
        assert_eq!(later.trial(VersionId(2)).map(|(to, _)| to.flow.version), Some(VersionId(3)));
        let renamed = Standing { whole: VersionId(5), trial: None, runs: OldRuns::Move, retired: false };
        let renamed = moving.with_current(&Catalog::standing([flow("c", 5, "was: a\n")], vec![renamed]), 256);
        assert!(matches!(renamed.over(VersionId(1)), Some(Over::To(to)) if to.flow.version == VersionId(5)));
        assert!(renamed.over(VersionId(9)).is_none(), "a flow that is gone says nothing");
    }
}
