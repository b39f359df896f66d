//! Names of lanes and of the sets in which they wait for their time.

use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, EffectId};
use crate::domain::name::{ChannelName, Slug};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use xxhash_rust::xxh3::xxh3_64;

/// A lane of one contact: effects in it are done one at a time, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// The contact's messages, over all channels.
    Contact,
    /// A lane for one effect that needs no order, named after it.
    Own(EffectId),
}

/// A lane of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneKey {
    /// Whose.
    pub contact: ContactKey,
    /// Which.
    pub lane: Lane,
}

/// Where a lane waits for its time, by what its head needs: a channel's rate, or an executor.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkSet {
    /// Replies and what a conversation itself sends over this channel.
    Talk(ChannelName),
    /// Broadcasts over this channel: after talk.
    Bulk(ChannelName),
    /// Calls to APIs.
    Call,
    /// Inputs for other contacts.
    Post,
    /// Contacts on their way to become part of another.
    Move,
    /// Reports to one endpoint: a slow one holds up nobody else.
    Hook(Slug),
}

impl WorkSet {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "call" => return Some(WorkSet::Call),
            "post" => return Some(WorkSet::Post),
            "move" => return Some(WorkSet::Move),
            _ => {}
        }
        let (name, class) = text.rsplit_once(':')?;
        let name = Slug::parse(name).ok()?;
        match class {
            "talk" => Some(WorkSet::Talk(name)),
            "bulk" => Some(WorkSet::Bulk(name)),
            "hook" => Some(WorkSet::Hook(name)),
            _ => None,
        }
    }

    /// Where a broadcast's message waits when a conversation follows it in its lane; nothing for what gives no way.
    pub fn hurried(&self) -> Option<WorkSet> {
        match self {
            WorkSet::Bulk(channel) => Some(WorkSet::Talk(channel.clone())),
            WorkSet::Talk(_) | WorkSet::Call | WorkSet::Post | WorkSet::Move | WorkSet::Hook(_) => None,
        }
    }

    /// 4 characters that name the set in an effect's header. Stored, so it never changes.
    pub fn short(&self) -> [u8; 4] {
        let hash = xxh3_64(self.to_string().as_bytes()).to_be_bytes();
        let mut out = *b"----";
        // 3 bytes are exactly 4 characters; were it otherwise, the stand-in would show as an unknown set.
        let _ = URL_SAFE_NO_PAD.encode_slice(&hash[..3], &mut out);
        out
    }
}

/// `main-sms:talk`, `call`: as it stands in key names.
impl fmt::Display for WorkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkSet::Talk(channel) => write!(f, "{channel}:talk"),
            WorkSet::Bulk(channel) => write!(f, "{channel}:bulk"),
            WorkSet::Call => f.write_str("call"),
            WorkSet::Post => f.write_str("post"),
            WorkSet::Move => f.write_str("move"),
            WorkSet::Hook(endpoint) => write!(f, "{endpoint}:hook"),
        }
    }
}

/// Proof that `due_work` leased a lane to the caller and nobody has touched it since: the lane's time, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub i64);

/// On which kinds of channel a contact opted out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct StopMask(u8);

impl StopMask {
    /// Opted out of nothing.
    pub const NONE: StopMask = StopMask(0);
    const BITS: u8 = 0b0011_1111;

    /// The mask of these kinds.
    pub fn of(kinds: &[ChannelKind]) -> Self {
        StopMask(kinds.iter().fold(0, |mask, kind| mask | kind.stop_bit()))
    }

    /// From its bits (`ChannelKind::stop_bit`); further ones are dropped.
    pub fn from_bits(bits: u8) -> Self {
        StopMask(bits & Self::BITS)
    }

    /// Its bits.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether this kind of channel is stopped.
    pub fn stops(self, kind: ChannelKind) -> bool {
        self.0 & kind.stop_bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_sets_are_read_as_written_and_have_pinned_short_names() {
        let channel = || Slug::parse("main-sms").expect("a slug");
        for (set, text) in [
            (WorkSet::Talk(channel()), "main-sms:talk"),
            (WorkSet::Bulk(channel()), "main-sms:bulk"),
            (WorkSet::Call, "call"),
            (WorkSet::Post, "post"),
            (WorkSet::Move, "move"),
            (WorkSet::Hook(channel()), "main-sms:hook"),
        ] {
            assert_eq!(set.to_string(), text);
            assert_eq!(WorkSet::parse(text), Some(set));
        }
        for text in ["", "talk", ":talk", "main-sms", "main-sms:other", "Main:talk"] {
            assert_eq!(WorkSet::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_stop_mask_holds_kinds() {
        let mask = StopMask::of(&[ChannelKind::WhatsApp]);
        assert!(mask.stops(ChannelKind::WhatsApp) && !mask.stops(ChannelKind::Sms));
        assert_eq!(StopMask::from_bits(mask.bits()), mask);
    }
}
