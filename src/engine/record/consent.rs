//! To what the contact said no itself: what others say later of an older yes does not undo it.

use super::Record;
use crate::domain::channel::ChannelKind;
use crate::domain::time::Millis;
use serde::{Deserialize, Serialize};

/// A no to marketing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrew {
    /// On which kind of channel.
    #[serde(rename = "k")]
    pub kind: ChannelKind,
    /// When.
    #[serde(rename = "a")]
    pub at: Millis,
}

impl Record {
    /// The kinds of channel over which the contact agreed to marketing.
    pub fn agreed(&self) -> impl Iterator<Item = ChannelKind> {
        ChannelKind::ALL.into_iter().filter(|kind| self.consent & kind.stop_bit() != 0)
    }

    /// The contact says no to marketing on this kind of channel.
    pub(in crate::engine) fn withdraws(&mut self, kind: ChannelKind, at: Millis) {
        self.consent &= !kind.stop_bit();
        self.wants_no_topic(kind);
        self.withdrew.retain(|no| no.kind != kind);
        self.withdrew.push(Withdrew { kind, at });
    }

    /// Whether the contact said no to marketing on this kind of channel.
    pub fn refused(&self, kind: ChannelKind) -> bool {
        self.withdrew.iter().any(|no| no.kind == kind)
    }

    /// Whether a yes that was said then, or nobody knows when, still counts.
    pub(in crate::engine) fn may_consent(&self, kind: ChannelKind, said: Option<Millis>) -> bool {
        let no = self.withdrew.iter().find(|no| no.kind == kind);
        !self.is_stopped(kind) && no.is_none_or(|no| said.is_some_and(|said| said > no.at))
    }
}
