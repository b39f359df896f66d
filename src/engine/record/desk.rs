//! What a desk is still to hear of a hand-off, and what was said before one: bounded, as everything in the record.

use super::compact;
use crate::domain::desk::{DeskLine, DeskOpening, TalkId};
use crate::domain::id::{EffectId, RunId};
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::domain::time::Millis;
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

/// A hand-off at a desk. It outlives its run until the desk has heard everything; one task of it is under way at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskTalk {
    /// Its name there.
    #[serde(rename = "i")]
    pub id: TalkId,
    /// Its run.
    #[serde(rename = "r", with = "compact::run")]
    pub run: RunId,
    /// The desk.
    #[serde(rename = "d")]
    pub desk: Slug,
    /// What the conversation is to begin with, until that is under way.
    #[serde(rename = "b", default, skip_serializing_if = "none")]
    pub opening: Option<Box<DeskOpening>>,
    /// The conversation there.
    #[serde(rename = "c", default, skip_serializing_if = "none")]
    pub conversation: Option<String>,
    /// The contact there.
    #[serde(rename = "p", default, skip_serializing_if = "none")]
    pub party: Option<String>,
    /// The task that is under way.
    #[serde(rename = "e", default, with = "compact::maybe_effect", skip_serializing_if = "none")]
    pub doing: Option<EffectId>,
    /// What is to be written there, the oldest first.
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<DeskLine>,
    /// So many older ones had to make room.
    #[serde(rename = "o", default, skip_serializing_if = "zero")]
    pub left_out: u32,
    /// Whether it is over here.
    #[serde(rename = "x", default, skip_serializing_if = "no")]
    pub closed: bool,
    /// What the team is told of that.
    #[serde(rename = "n", default, skip_serializing_if = "none")]
    pub farewell: Option<Box<Farewell>>,
    /// Whether the desk did not take it: nothing more is tried.
    #[serde(rename = "g", default, skip_serializing_if = "no")]
    pub given_up: bool,
}

/// The last that is said of a hand-off at a desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Farewell {
    /// What.
    #[serde(rename = "l")]
    pub line: DeskLine,
    /// Whether the conversation is over there too.
    #[serde(rename = "r", default, skip_serializing_if = "no")]
    pub resolve: bool,
}

/// Something that was said to or by the contact, for a team that takes over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recent {
    /// Whether the contact said it.
    #[serde(rename = "c", default, skip_serializing_if = "no")]
    pub contact: bool,
    /// What, cut.
    #[serde(rename = "t")]
    pub text: String,
    /// When, by the contact's own clock.
    #[serde(rename = "a")]
    pub at: Millis,
}

impl DeskTalk {
    /// A hand-off that the desk has not heard of yet.
    pub fn begin(id: TalkId, run: RunId, desk: Slug, opening: Option<Box<DeskOpening>>) -> Self {
        DeskTalk {
            id,
            run,
            desk,
            opening,
            conversation: None,
            party: None,
            doing: None,
            lines: Vec::new(),
            left_out: 0,
            closed: false,
            farewell: None,
            given_up: false,
        }
    }

    /// Bytes of it in the store, about.
    pub(in crate::engine) fn bytes(&self) -> usize {
        let opening = |opening: &DeskOpening| {
            let texts = [&opening.name, &opening.phone, &opening.email].into_iter().flatten().map(String::len).sum::<usize>();
            160 + opening.subject.len() + opening.first.text.len() + texts
        };
        let names = [&self.conversation, &self.party].into_iter().flatten().map(String::len).sum::<usize>();
        let farewell = self.farewell.as_ref().map_or(0, |farewell| 80 + farewell.line.text.len());
        200 + names + farewell + self.opening.as_ref().map_or(0, |o| opening(o)) + self.lines_bytes()
    }

    fn lines_bytes(&self) -> usize {
        self.lines.iter().map(|line| 80 + line.text.len()).sum()
    }

    /// Has one more written there; the oldest make room for it.
    pub(in crate::engine) fn push(&mut self, line: DeskLine) {
        if self.given_up {
            return;
        }
        self.lines.push(line);
        while self.lines.len() > limits::DESK_LINES || (self.lines.len() > 1 && self.lines_bytes() > limits::DESK_LINES_BYTES) {
            self.leave_out();
        }
    }

    /// Makes room: the oldest message will not be written there.
    pub(in crate::engine) fn leave_out(&mut self) -> bool {
        let some = !self.lines.is_empty();
        if some {
            self.lines.remove(0);
            self.left_out = self.left_out.saturating_add(1);
        }
        some
    }

    /// Whether what the contact said is still to be written there.
    pub(in crate::engine) fn owes(&self) -> bool {
        self.left_out > 0 || self.lines.iter().any(|line| line.contact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: usize, text: &str) -> DeskLine {
        DeskLine { id: n.to_string(), contact: true, text: text.to_owned(), at: Millis(0) }
    }

    #[test]
    fn the_newest_lines_are_kept_and_the_others_counted() {
        let run = RunId(1);
        let desk = Slug::parse("support").expect("a slug");
        let mut talk = DeskTalk::begin(TalkId(1), run, desk, None);
        (0..=limits::DESK_LINES).for_each(|n| talk.push(line(n, "a")));
        assert_eq!((talk.lines.len(), talk.left_out, talk.lines[0].id.as_str()), (limits::DESK_LINES, 1, "1"));
        talk.push(line(99, &"x".repeat(limits::DESK_LINES_BYTES)));
        assert_eq!((talk.lines.len(), talk.left_out), (1, 1 + limits::DESK_LINES as u32), "one is always kept");
        talk.given_up = true;
        talk.push(line(100, "a"));
        assert_eq!(talk.lines.len(), 1);
    }
}
