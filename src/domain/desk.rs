//! Desks: help-desk services in which the people of a team work. What a hand-off wants done there, what came of it, and what
//! was done there. Plain data, stored in effects, inputs and records.

use super::hook::DESK_PREFIX;
use super::id::{ContactKey, EffectId, RunId};
use super::name::Slug;
use super::time::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;

fn no(b: &bool) -> bool {
    !*b
}

/// A hand-off at a desk, among those of its contact: 64 bits of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TalkId(pub u64);

/// 16 hexadecimal digits.
impl fmt::Display for TalkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl TalkId {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        digits.then(|| u64::from_str_radix(text, 16).ok().map(TalkId)).flatten()
    }
}

/// How a hand-off is named at its desk: `rf.CONTACT.TALK`. The desk says it with everything that happens there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TalkRef {
    /// Whose.
    pub contact: ContactKey,
    /// Which.
    pub talk: TalkId,
}

impl TalkRef {
    /// Reads what `Display` writes; nothing if it is no name of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (contact, talk) = text.strip_prefix("rf.")?.split_once('.')?;
        Some(TalkRef { contact: ContactKey::parse(contact)?, talk: TalkId::parse(talk)? })
    }
}

impl fmt::Display for TalkRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rf.{}.{}", self.contact, self.talk)
    }
}

/// The set in which the work for a desk waits; nothing if its name is too long for one.
pub fn desk_set(desk: &Slug) -> Option<Slug> {
    Slug::parse(&format!("{DESK_PREFIX}{desk}")).ok()
}

/// One thing that is to be done at a desk. Those of one hand-off are done one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskTask {
    /// The entry of `[desks]`.
    pub desk: Slug,
    /// The hand-off.
    pub talk: TalkId,
    /// Its run, which may be over.
    pub run: RunId,
    /// The conversation there, as the desk names it, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The contact there, as the desk names it, where it wants to hear it with each message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// What.
    pub job: DeskJob,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskJob {
    /// A conversation is to begin there, unless it is there already.
    Open(Box<DeskOpening>),
    /// Something is to be written into it.
    Say(DeskLine),
    /// It is over here.
    Close {
        /// What the team is told of it.
        line: DeskLine,
        /// Whether it is over there too.
        resolve: bool,
    },
}

impl DeskJob {
    /// The word for lists and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            DeskJob::Open(_) => "desk.open",
            DeskJob::Say(_) => "desk.message",
            DeskJob::Close { .. } => "desk.close",
        }
    }
}

/// What a conversation there begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskOpening {
    /// The team.
    pub team: Slug,
    /// What it is about, in one line.
    pub subject: String,
    /// The contact's name, where the desk may know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their phone number, where the desk may know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Their email address, where the desk may know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What the team is told first.
    pub first: DeskLine,
}

/// Something that is written into a conversation there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskLine {
    /// What it is known by there: it is not written a second time.
    #[serde(rename = "i")]
    pub id: String,
    /// Whether the contact says it; else it is a note that only the team sees.
    #[serde(rename = "c", default, skip_serializing_if = "no")]
    pub contact: bool,
    /// What.
    #[serde(rename = "t")]
    pub text: String,
    /// When, by the store's clock.
    #[serde(rename = "a")]
    pub at: Millis,
}

/// What became of a task at a desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskDone {
    /// The task.
    pub effect: EffectId,
    /// The desk.
    pub desk: Slug,
    /// The hand-off.
    pub talk: TalkId,
    /// Its run.
    pub run: RunId,
    /// Whether it was to begin the conversation.
    #[serde(default, skip_serializing_if = "no")]
    pub opened: bool,
    /// What.
    pub outcome: DeskOutcome,
}

/// What became of a task at a desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskOutcome {
    /// It is done.
    Done {
        /// The conversation there.
        conversation: String,
        /// The contact there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        party: Option<String>,
    },
    /// It was given up.
    Failed {
        /// Why, in words for operators.
        why: String,
    },
}

/// Where at a desk a person did something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskPlace {
    /// The desk.
    pub desk: Slug,
    /// The hand-off.
    pub talk: TalkId,
    /// The conversation there.
    pub conversation: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_off_is_named_so_that_it_is_found_again() {
        let contact = ContactKey::derive(b"secret", "+447700900123");
        let name = TalkRef { contact, talk: TalkId(0x00ab_cdef) };
        assert_eq!(name.to_string(), format!("rf.{contact}.0000000000abcdef"));
        assert_eq!(TalkRef::parse(&name.to_string()), Some(name));
        for bad in ["", "rf.", "rf.x.0000000000abcdef", &format!("rf.{contact}"), &format!("rf.{contact}.abc"), "42"] {
            assert_eq!(TalkRef::parse(bad), None, "{bad}");
        }
        assert_eq!(TalkRef::parse(&format!("rf.{contact}.+00000000abcdef")), None);
    }
}
