//! What is said while a conversation is with a person, for those who show it to them: bounded, as everything in the record.

use crate::domain::limits;
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::engine::weight::value_bytes;
use serde::{Deserialize, Serialize};

fn none<T>(value: &Option<T>) -> bool {
    value.is_none()
}

fn zero(n: &u32) -> bool {
    *n == 0
}

/// What was said since the conversation was handed over, the newest last.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Talk {
    /// What is kept.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Said>,
    /// So many older ones are in the journal alone.
    #[serde(rename = "o", default, skip_serializing_if = "zero")]
    pub older: u32,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Its id: of the message that came in, or of the person's act.
    #[serde(rename = "i")]
    pub id: String,
    /// When, by the contact's own clock.
    #[serde(rename = "a")]
    pub at: Millis,
    /// The person who wrote it; nobody if it is the contact's.
    #[serde(rename = "b", default, skip_serializing_if = "none")]
    pub by: Option<String>,
    /// Over which channel; nothing if it was refused before one was chosen.
    #[serde(rename = "c", default, skip_serializing_if = "none")]
    pub channel: Option<ChannelName>,
    /// What, as far as it is kept; empty where the state is private.
    #[serde(rename = "t", default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Files and places.
    #[serde(rename = "m", default, skip_serializing_if = "none")]
    pub media: Option<Value>,
    /// Why it was not sent.
    #[serde(rename = "r", default, skip_serializing_if = "none")]
    pub refused: Option<String>,
}

impl Said {
    fn bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        64 + self.id.len() + text(&self.by) + text(&self.refused) + self.text.len() + self.media.as_ref().map_or(0, value_bytes)
    }
}

impl Talk {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty() && self.older == 0
    }

    /// Bytes in the store, about.
    pub(in crate::engine) fn bytes(&self) -> usize {
        self.said.iter().map(Said::bytes).sum()
    }

    /// Keeps one more; the oldest make room for it.
    pub(in crate::engine) fn push(&mut self, mut said: Said) {
        if let Some((cut, _)) = said.text.char_indices().nth(limits::KEPT_REPLY_CHARS) {
            said.text.truncate(cut);
        }
        said.media = said.media.filter(|media| value_bytes(media) <= limits::FILE_WORDS);
        self.said.push(said);
        while self.said.len() > limits::TALK_MESSAGES || (self.said.len() > 1 && self.bytes() > limits::TALK_BYTES) {
            self.said.remove(0);
            self.older = self.older.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(n: usize, text: &str) -> Said {
        let (id, text) = (n.to_string(), text.to_owned());
        Said { id, at: Millis(0), by: None, channel: None, text, media: None, refused: None }
    }

    #[test]
    fn the_newest_are_kept() {
        let mut talk = Talk::default();
        (0..=limits::TALK_MESSAGES).for_each(|n| talk.push(said(n, "a")));
        assert_eq!((talk.said.len(), talk.older), (limits::TALK_MESSAGES, 1));
        assert_eq!(talk.said[0].id, "1");
        (0..100).for_each(|n| talk.push(said(n, &"é".repeat(2_000))));
        assert!(talk.bytes() <= limits::TALK_BYTES, "{}", talk.bytes());
        assert_eq!(talk.said.last().map(|said| said.text.chars().count()), Some(limits::KEPT_REPLY_CHARS));
        assert_eq!(talk.said.len() + talk.older as usize, limits::TALK_MESSAGES + 101);
    }
}
