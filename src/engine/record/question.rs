//! An open question as it is stored, with what came of its answer.

use super::compact;
use crate::domain::id::EffectId;
use crate::domain::language::Language;
use crate::domain::message::FailureReason;
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use serde::{Deserialize, Serialize};

fn none<T>(value: &Option<T>) -> bool {
    value.is_none()
}

fn zero(n: &u32) -> bool {
    *n == 0
}

fn no(b: &bool) -> bool {
    !*b
}

/// An open question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// When it is silence.
    #[serde(rename = "u")]
    pub until: Millis,
    /// The language in which it was asked.
    #[serde(rename = "l")]
    pub language: Language,
    /// Its last message, whose delivery is awaited.
    #[serde(rename = "e", default, with = "compact::maybe_effect", skip_serializing_if = "none")]
    pub awaited: Option<EffectId>,
    /// Tells its buttons from those of other questions.
    #[serde(rename = "t", default)]
    pub tag: u16,
    /// How often a reply was no answer.
    #[serde(rename = "n", default, skip_serializing_if = "zero")]
    pub wrong: u32,
    /// How often there was no reply.
    #[serde(rename = "s", default, skip_serializing_if = "zero")]
    pub silent: u32,
    /// Which choices were shown, where not all were.
    #[serde(rename = "v", default, skip_serializing_if = "none")]
    pub visible: Option<Vec<u16>>,
    /// Whether the contact saw numbers.
    #[serde(rename = "m", default, skip_serializing_if = "no")]
    pub numbered: bool,
    /// The labels as they were shown, where they are not the same every time.
    #[serde(rename = "o", default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The items that were shown, where they come out of a list: what is chosen is the item as it was then.
    #[serde(rename = "i", default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Value>,
    /// What came so far, while further messages may still belong to the answer.
    #[serde(rename = "g", default, skip_serializing_if = "none")]
    pub gathered: Option<Gathered>,
    /// Channels over which it was asked although its flow does not listen there: a reply there is one to it.
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    pub also_on: Vec<ChannelName>,
    /// Why it did not arrive, if a person had the conversation then: its run goes on afterwards.
    #[serde(rename = "f", default, skip_serializing_if = "none")]
    pub failed: Option<FailureReason>,
}

impl Question {
    /// When something happens by itself.
    pub fn alarm(&self) -> Millis {
        match (&self.gathered, self.failed) {
            (Some(gathered), _) => gathered.alarm(),
            (None, Some(_)) => Millis(0),
            (None, None) => self.until,
        }
    }
}

/// Messages that are one answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Gathered {
    /// Their texts, one line each.
    #[serde(rename = "t")]
    pub text: String,
    /// When nothing more is added.
    #[serde(rename = "u")]
    pub until: Millis,
    /// The files that came.
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    /// Whether nothing more is added, so that only files that are being fetched are waited for.
    #[serde(rename = "d", default, skip_serializing_if = "no")]
    pub done: bool,
    /// When files that are still being fetched are taken as lost.
    #[serde(rename = "l", default)]
    pub lost: Millis,
}

/// A file that is, or is a part of, an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// What fetches it, until it was fetched.
    #[serde(rename = "e", default, with = "compact::maybe_effect", skip_serializing_if = "none")]
    pub fetch: Option<EffectId>,
    /// It as flows see it.
    #[serde(rename = "v")]
    pub value: Value,
}

impl Gathered {
    /// Whether a file is still being fetched.
    pub fn is_fetching(&self) -> bool {
        self.files.iter().any(|file| file.fetch.is_some())
    }

    /// When it is complete if nothing else happens.
    pub fn alarm(&self) -> Millis {
        if self.is_fetching() { self.lost } else { self.until }
    }
}
