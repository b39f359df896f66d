//! Publications and differences as the API shows and takes them.

use crate::domain::publication::{self, OldRuns};
use crate::domain::value::rfc3339;
use crate::service::review;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What becomes of live runs on other versions.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PublicationRuns)]
pub enum Runs {
    /// They stay on their version.
    Stay,
    /// They go over at the next state that they enter.
    Move,
    /// They end as `interrupted`.
    End,
}

impl From<OldRuns> for Runs {
    fn from(runs: OldRuns) -> Self {
        match runs {
            OldRuns::Stay => Runs::Stay,
            OldRuns::Move => Runs::Move,
            OldRuns::End => Runs::End,
        }
    }
}

/// Where a publication comes from.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PublicationHow)]
pub enum How {
    /// A service read it in its folder.
    Folder,
    /// Somebody asked for it.
    Call,
    /// Somebody asked for the version before.
    Rollback,
}

/// A publication.
#[derive(Debug, Serialize, ToSchema)]
pub struct Publication {
    /// Its number, from 1.
    number: u64,
    /// The version that it published.
    version: String,
    /// The version on which all other new runs begin; the same where it was published for all.
    whole: String,
    /// The share of new runs that begin on `version`, in percent; null: all of them.
    #[schema(required)]
    share: Option<u8>,
    /// What becomes of runs on other versions.
    runs: Runs,
    /// Where it comes from.
    how: How,
    /// When.
    at: String,
    /// Who; empty where a service did it by itself.
    by: String,
    /// Why.
    #[schema(required)]
    note: Option<String>,
    /// Whether no run begins any more.
    retired: bool,
}

impl Publication {
    /// A publication with its number.
    pub fn of(number: u64, said: &publication::Publication) -> Self {
        let how = match said.how {
            publication::How::Folder => How::Folder,
            publication::How::Call => How::Call,
            publication::How::Rollback => How::Rollback,
        };
        Publication {
            number,
            version: said.version().to_string(),
            whole: said.whole.to_string(),
            share: said.trial.map(|trial| trial.share.into()),
            runs: said.runs.into(),
            how,
            at: rfc3339(said.at),
            by: said.by.clone(),
            note: said.note.clone(),
            retired: said.retired,
        }
    }
}

/// What was published.
#[derive(Debug, Serialize, ToSchema)]
pub struct Published {
    /// The flow.
    pub flow: String,
    /// The publication.
    pub publication: Publication,
}

/// A version to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Publish)]
#[expect(dead_code, reason = "read field by field, so that each slip names its field; this is its form")]
pub struct Publish {
    /// The text of the flow's file; without it, the folder of the service counts.
    flow: Option<String>,
    /// The texts of the notifications that it names, by name. Those that are not sent are as other flows have them.
    notifications: Option<BTreeMap<String, String>>,
    /// The texts of the HTML pages that they name, by name.
    pages: Option<BTreeMap<String, String>>,
    /// Why: kept with the publication.
    #[schema(max_length = 500)]
    note: Option<String>,
    /// What becomes of live runs on other versions; `stay` if nothing is said.
    runs: Option<Runs>,
    /// Only this share of new runs, in percent.
    #[schema(minimum = 1, maximum = 99)]
    share: Option<u8>,
    /// Begin no more runs of the flow.
    retire: Option<bool>,
    /// The number of the publication that was looked at before.
    #[schema(minimum = 0)]
    base: Option<u64>,
}

/// The way back.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Rollback)]
#[expect(dead_code, reason = "read field by field, so that each slip names its field; this is its form")]
pub struct Rollback {
    /// This version instead of the one before.
    #[schema(min_length = 16, max_length = 16)]
    to: Option<String>,
    /// Why: kept with the publication.
    #[schema(max_length = 500)]
    note: Option<String>,
    /// What becomes of live runs on other versions; `stay` if nothing is said.
    runs: Option<Runs>,
    /// The number of the publication that was looked at before.
    #[schema(minimum = 0)]
    base: Option<u64>,
    /// Whether a version goes live that has mistakes beside what runs now.
    anyway: Option<bool>,
}

/// What to know before a flow is published.
#[derive(Debug, Serialize, ToSchema)]
pub struct Review {
    /// The flow.
    flow: String,
    /// The number of the last publication; 0: none. For `base`.
    base: u64,
    /// The version from which the difference is told; null if there is none.
    #[schema(required)]
    before: Option<String>,
    /// The version to which it is told.
    after: String,
    /// What changes; null if there was no version before, or it cannot be read any more.
    #[schema(required)]
    difference: Option<Difference>,
    /// Live runs of each version that has any.
    live: Vec<LiveRuns>,
    /// What to think of.
    warnings: Vec<Warning>,
}

/// What changes from one version to another.
#[derive(Debug, Serialize, ToSchema)]
pub struct Difference {
    /// In sentences, the most important first.
    sentences: Vec<Sentence>,
    /// Every text that changes, in full.
    texts: Vec<TextChange>,
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sentence {
    /// What it is about: `state`, `choice`, `kind`, `way`, `time`, `text`, `variable`, `trigger`, `channel`, `notification`, `action`, `other`.
    topic: String,
    /// The state, if it is about one.
    #[schema(required)]
    state: Option<String>,
    /// The sentence.
    text: String,
}

/// A text that changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct TextChange {
    /// Where it stands.
    place: String,
    /// As it was.
    #[schema(required)]
    before: Option<String>,
    /// As it is.
    #[schema(required)]
    after: Option<String>,
}

/// Live runs on one version.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveRuns {
    /// The version.
    version: String,
    /// How many.
    runs: i64,
    /// In which states; empty where that is not known.
    states: Vec<RunsIn>,
}

/// Live runs in one state.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunsIn {
    /// The state.
    state: String,
    /// How many.
    runs: i64,
}

/// Something to think of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicationWarning)]
pub struct Warning {
    /// `RF801`.
    code: String,
    /// What it is.
    message: String,
    /// What to do.
    help: String,
}

impl Review {
    /// As the API shows it.
    pub fn of(review: &review::Review) -> Self {
        let word = |topic| serde_json::to_value(topic).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
        let difference = review.difference.as_ref().map(|difference| Difference {
            sentences: difference
                .sentences
                .iter()
                .map(|s| Sentence { topic: word(s.topic), state: s.state.clone(), text: s.text.clone() })
                .collect(),
            texts: difference
                .texts
                .iter()
                .map(|t| TextChange { place: t.place.clone(), before: t.before.clone(), after: t.after.clone() })
                .collect(),
        });
        let live = |live: &review::LiveRuns| LiveRuns {
            version: live.version.to_string(),
            runs: live.runs,
            states: live.states.iter().map(|(state, n)| RunsIn { state: state.clone(), runs: *n }).collect(),
        };
        let warning = |warning: &review::Warning| Warning {
            code: warning.code.to_owned(),
            message: warning.message.clone(),
            help: warning.help.to_owned(),
        };
        Review {
            flow: review.flow.to_string(),
            base: review.base,
            before: review.before.map(|id| id.to_string()),
            after: review.after.to_string(),
            difference,
            live: review.live.iter().map(live).collect(),
            warnings: review.warnings.iter().map(warning).collect(),
        }
    }
}
