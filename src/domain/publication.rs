//! A publication: on which version of a flow new runs begin from then on, what becomes of the runs of others, who wanted it and
//! why. Kept in the store as JSON; fields are only added, each with a default.

use super::id::{RunId, VersionId};
use super::limits;
use super::name::{Name, Slug};
use super::time::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What becomes of live runs that are on other versions of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OldRuns {
    /// They stay on their version.
    #[default]
    Stay,
    /// Each goes over to the newer version when it enters its next state, if the newer version has that state.
    Move,
    /// They end as `interrupted`.
    End,
}

impl OldRuns {
    /// All of them.
    pub const ALL: [OldRuns; 3] = [OldRuns::Stay, OldRuns::Move, OldRuns::End];

    /// Its name in commands, requests and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            OldRuns::Stay => "stay",
            OldRuns::Move => "move",
            OldRuns::End => "end",
        }
    }

    /// What has this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|runs| runs.as_str() == name)
    }
}

/// A share of new runs in percent: 1 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Share(u8);

impl Share {
    /// So many in a hundred.
    pub fn percent(n: u8) -> Option<Self> {
        (1..=99).contains(&n).then_some(Share(n))
    }

    /// Reads `10%` or `10`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().trim_end_matches('%').trim_end();
        (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse().ok())
            .flatten()
            .and_then(Self::percent)
    }

    /// Whether a place, spread evenly over all of `u64`, lies in the share. What lies in a share lies in every larger one.
    pub fn holds(self, place: u64) -> bool {
        let percent = ((u128::from(place) * 100) >> 64) as u64;
        percent < u64::from(self.0)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

impl TryFrom<u8> for Share {
    type Error = &'static str;
    fn try_from(n: u8) -> Result<Self, Self::Error> {
        Share::percent(n).ok_or("a share is 1 to 99 percent")
    }
}

impl From<Share> for u8 {
    fn from(share: Share) -> u8 {
        share.0
    }
}

/// A version on which only a share of new runs begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The version.
    pub version: VersionId,
    /// The share, in percent.
    pub share: Share,
}

/// Where a publication comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// A service read it in its folder.
    Folder,
    /// Somebody asked for it, by the command or the API.
    #[default]
    Call,
    /// Somebody asked for the version before.
    Rollback,
}

impl How {
    /// Its name in answers and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            How::Folder => "folder",
            How::Call => "call",
            How::Rollback => "rollback",
        }
    }
}

/// One publication of a flow, and with it all that holds until the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The version on which new runs begin, and whose triggers count.
    pub whole: VersionId,
    /// The version that a share of them begins on instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// What becomes of runs that are on neither.
    #[serde(default)]
    pub runs: OldRuns,
    /// Where it comes from.
    #[serde(default)]
    pub how: How,
    /// When, by the store's clock.
    pub at: Millis,
    /// Who asked for it: a user of the machine, an API key's name. Empty where a service did it by itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What the folder of the service held when it was published from there last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<VersionId>,
    /// Whether no run begins any more: the flow was given up, or has another name now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

impl Publication {
    /// What is known of a publication that an older release made: the version alone.
    pub fn unknown(whole: VersionId) -> Self {
        let (trial, runs, how) = (None, OldRuns::Stay, How::Folder);
        Publication { whole, trial, runs, how, at: Millis(0), by: String::new(), note: None, folder: Some(whole), retired: false }
    }

    /// The version that it published: the one with a share if there is one.
    pub fn version(&self) -> VersionId {
        self.trial.map_or(self.whole, |trial| trial.version)
    }

    /// Whether new runs begin on this version.
    pub fn begins_on(&self, version: VersionId) -> bool {
        self.whole == version || self.trial.is_some_and(|trial| trial.version == version)
    }

    /// As the store keeps it.
    pub fn encode(&self) -> Vec<u8> {
        // Nothing in it can fail to be JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what `encode` wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

/// A run that went over to another version of its flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMoved {
    /// The run.
    pub run: RunId,
    /// The flow, as it is called in the version that it is on now.
    pub flow: Slug,
    /// The version that it was on.
    pub from: VersionId,
    /// The version that it is on now.
    pub version: VersionId,
    /// The state that it enters.
    pub state: Name,
    /// What that state is called in the version before, where it is called otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Name>,
    /// Whether the flow is one that the run runs as a part of its own: the version of the run itself is as it was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub part: bool,
}

/// A note as it is kept: one paragraph of at most `limits::NOTE_CHARS` characters, without control characters.
pub fn tidy_note(note: &str) -> Option<String> {
    let words: Vec<&str> = note.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let tidy: String = words.join(" ").chars().take(limits::NOTE_CHARS).collect();
    (!tidy.is_empty()).then_some(tidy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_hold_their_part_and_larger_ones_hold_more() {
        for (text, share) in
            [("10%", Some(10)), ("10", Some(10)), (" 99 % ", Some(99)), ("0", None), ("100%", None), ("-1", None)]
        {
            assert_eq!(Share::parse(text).map(u8::from), share, "{text}");
        }
        for text in ["", "%", "1.5%", "ten", "1000"] {
            assert_eq!(Share::parse(text), None, "{text}");
        }
        let (one, ten, most) = (Share(1), Share(10), Share(99));
        assert!(one.holds(0) && !one.holds(u64::MAX) && !most.holds(u64::MAX));
        let places = (0..10_000u64).map(|n| n * (u64::MAX / 10_000));
        let held: Vec<u64> = places.clone().filter(|place| ten.holds(*place)).collect();
        assert!((990..=1_010).contains(&held.len()), "{}", held.len());
        assert!(held.iter().all(|place| most.holds(*place)));
    }

    #[test]
    fn a_publication_is_read_back_and_one_of_a_newer_release_too() {
        let trial = Some(Trial { version: VersionId(2), share: Share(5) });
        let publication = Publication {
            trial,
            by: "ann".to_owned(),
            note: tidy_note("  more\n\tchoices \u{7} "),
            ..Publication::unknown(VersionId(1))
        };
        assert_eq!(publication.note.as_deref(), Some("more choices"));
        assert_eq!(Publication::decode(&publication.encode()).expect("reads"), publication);
        assert_eq!(publication.version(), VersionId(2));
        let newer = br#"{"whole":"0000000000000001","at":5,"runs":"move","added":{"later":1}}"#;
        let read = Publication::decode(newer).expect("reads");
        assert_eq!((read.runs, read.how, read.at), (OldRuns::Move, How::Call, Millis(5)));
        assert!(Publication::decode(br#"{"whole":"1","at":5}"#).is_err());
        assert!(
            Publication::decode(br#"{"whole":"0000000000000001","at":5,"trial":{"version":"0000000000000002","share":0}}"#)
                .is_err()
        );
    }
}
