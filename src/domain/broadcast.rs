//! Broadcasts: one flow or notification for many contacts at once. What a run keeps of the broadcast that began it, and why a
//! broadcast began nothing with a contact.

use super::codec;
use super::id::{ContactKey, DedupeHash, InputId};
use super::input::{Input, OperatorAction};
use super::name::Slug;
use super::time::Span;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of a broadcast: `b_` and 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BroadcastId(u64);

impl BroadcastId {
    /// From chance, or from what it is derived from.
    pub fn of(bits: u64) -> Self {
        BroadcastId(bits)
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("b_")?;
        let hex = digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        hex.then(|| u64::from_str_radix(digits, 16).ok()).flatten().map(BroadcastId)
    }
}

impl fmt::Display for BroadcastId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b_{:016x}", self.0)
    }
}

impl fmt::Debug for BroadcastId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl TryFrom<String> for BroadcastId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        BroadcastId::parse(&text).ok_or("not `b_` and 16 hexadecimal digits")
    }
}

impl From<BroadcastId> for String {
    fn from(id: BroadcastId) -> String {
        id.to_string()
    }
}

/// The broadcast that an input in a mailbox hands over, if it is one.
pub fn said_by(body: &[u8]) -> Option<BroadcastId> {
    match codec::decode_in::<Input>(body) {
        Ok((_, Input::Operator(OperatorAction::Begin { sending, .. } | OperatorAction::Notify { sending, .. }))) => {
            sending.map(|sending| sending.broadcast)
        }
        _ => None,
    }
}

impl DedupeHash {
    /// What makes a broadcast reach a contact once, however often it is fed. Each contact remembers what they had, so it need not say whom it reaches; and as
    /// it does not, whoever becomes part of somebody else takes along that they had it.
    pub fn of_broadcast(broadcast: BroadcastId) -> Self {
        DedupeHash::of(&["broadcast", &broadcast.to_string()])
    }
}

impl InputId {
    /// The input by which a broadcast reaches a contact.
    pub fn of_broadcast(broadcast: BroadcastId, contact: ContactKey) -> Self {
        InputId::of(DedupeHash::of(&["broadcast", &broadcast.to_string(), contact.as_str()]))
    }
}

/// Whether a broadcast begins a run with somebody who has been in its flow before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reentry {
    /// Not if they ever were in it.
    #[default]
    Never,
    /// Not if they were in it within so long, and not while they are.
    After(Span),
    /// Also beside a run that lives.
    Always,
}

impl Reentry {
    fn is_default(&self) -> bool {
        *self == Reentry::Never
    }
}

/// The broadcast that began a run. Kept in records and in the journal: names are short, fields are only added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// Which.
    #[serde(rename = "b")]
    pub broadcast: BroadcastId,
    /// The arm of it that the contact is in.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<Slug>,
    /// Whether it begins again with who was in its flow. Of this the engine knows what lives; who was in it before is known to
    /// the record in SQL.
    #[serde(rename = "r", default, skip_serializing_if = "Reentry::is_default")]
    pub reentry: Reentry,
}

impl Sending {
    /// By this broadcast, without arms, once.
    pub fn by(broadcast: BroadcastId) -> Self {
        Sending { broadcast, arm: None, reentry: Reentry::Never }
    }
}

/// Why a broadcast begins nothing with a contact. Closed; the same words in a dry run and in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// What it says first is marketing, and the contact did not agree to it on any channel that reaches them.
    NoConsent,
    /// The contact opted out of every channel that reaches them.
    OptedOut,
    /// Every address that reaches the contact is on the suppression list.
    Suppressed,
    /// The contact had as much marketing as the project allows.
    Capped,
    /// No channel of the flow, or of the notification's route, reaches the contact.
    NoAddress,
    /// The window for free texts is closed, and there is no approved template.
    WindowClosed,
    /// A run of its flow is live, or waits to begin.
    Running,
    /// The contact was in its flow before, and the broadcast does not begin again with such.
    BeenBefore,
    /// The contact is in the share that gets nothing, so that both can be compared.
    Holdout,
    /// A question of another run was open, or a person had the conversation, longer than a broadcast waits.
    Busy,
    /// The contact has as many runs as one may have.
    TooMany,
    /// The flow, or the version of the notification, is not there.
    Unknown,
    /// The values do not fit what the flow or the notification needs.
    Values,
    /// An operator ended what waited to begin, or ended the flow.
    Ended,
    /// An operator paused the flow.
    Paused,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Refusal; 15] = [
        Refusal::NoConsent,
        Refusal::OptedOut,
        Refusal::Suppressed,
        Refusal::Capped,
        Refusal::NoAddress,
        Refusal::WindowClosed,
        Refusal::Running,
        Refusal::BeenBefore,
        Refusal::Holdout,
        Refusal::Busy,
        Refusal::TooMany,
        Refusal::Unknown,
        Refusal::Values,
        Refusal::Ended,
        Refusal::Paused,
    ];

    /// Its name in answers, tables and the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Refusal::NoConsent => "no_consent",
            Refusal::OptedOut => "opted_out",
            Refusal::Suppressed => "suppressed",
            Refusal::Capped => "capped",
            Refusal::NoAddress => "no_address",
            Refusal::WindowClosed => "window_closed",
            Refusal::Running => "running",
            Refusal::BeenBefore => "been_before",
            Refusal::Holdout => "holdout",
            Refusal::Busy => "busy",
            Refusal::TooMany => "too_many",
            Refusal::Unknown => "unknown",
            Refusal::Values => "values",
            Refusal::Ended => "ended",
            Refusal::Paused => "paused",
        }
    }

    /// What has this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.as_str() == name)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the journal says of a broadcast that began nothing with the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which.
    pub broadcast: BroadcastId,
    /// Why.
    pub reason: Refusal,
    /// More about that, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_written_and_nothing_else_is_one() {
        let id = BroadcastId::of(0xab);
        assert_eq!(id.to_string(), "b_00000000000000ab");
        assert_eq!(BroadcastId::parse("b_00000000000000ab"), Some(id));
        for bad in ["", "b_", "00000000000000ab", "b_00000000000000AB", "b_00000000000000a", "b_+0000000000000ab"] {
            assert_eq!(BroadcastId::parse(bad), None, "{bad}");
        }
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::parse(refusal.as_str()), Some(refusal));
            assert_eq!(serde_json::to_value(refusal).expect("JSON"), refusal.as_str());
        }
    }

    #[test]
    fn a_member_has_one_input_of_a_broadcast() {
        let contact = |text| ContactKey::derive(b"secret", text);
        let of = |n, text| InputId::of_broadcast(BroadcastId::of(n), contact(text));
        assert_eq!(of(1, "a"), of(1, "a"));
        assert_ne!(of(1, "a"), of(2, "a"));
        assert_ne!(of(1, "a"), of(1, "b"));
    }

    #[test]
    fn what_older_releases_stored_is_read() {
        use crate::domain::input::{Input, OperatorAction};
        use crate::domain::journal::Event;
        let input: Input = serde_json::from_str(r#"{"operator":{"begin":{"flow":"shop","with":[]}}}"#).expect("reads");
        assert!(matches!(&input, Input::Operator(OperatorAction::Begin { sending: None, .. })));
        let again = serde_json::to_string(&input).expect("JSON");
        assert_eq!(
            again, r#"{"operator":{"begin":{"flow":"shop","with":[]}}}"#,
            "and what needs nothing new is written as it was"
        );
        let begun = r#"{"begun":{"input":"0000000000000001","flow":"shop"}}"#;
        let event: Event = serde_json::from_str(begun).expect("reads");
        assert!(matches!(&event, Event::Begun { sending: None, notification: None, .. }));
        assert_eq!(serde_json::to_string(&event).expect("JSON"), begun);
        let started = r#"{"run_started":{"run":"0000000000000001","flow":"shop","version":"0000000000000002","key":null,"reason":"a keyword"}}"#;
        let event: Event = serde_json::from_str(started).expect("reads");
        assert_eq!(serde_json::to_string(&event).expect("JSON"), started);
    }

    #[test]
    fn what_a_run_keeps_is_short_and_reads_back() {
        let short = Sending::by(BroadcastId::of(1));
        assert_eq!(serde_json::to_string(&short).expect("JSON"), r#"{"b":"b_0000000000000001"}"#);
        let arm = Slug::parse("a").ok();
        for reentry in [Reentry::Never, Reentry::After(Span::days(7)), Reentry::Always] {
            let whole = Sending { arm: arm.clone(), reentry, ..short.clone() };
            let text = serde_json::to_string(&whole).expect("JSON");
            assert_eq!(serde_json::from_str::<Sending>(&text).expect("reads"), whole, "{text}");
        }
    }
}
