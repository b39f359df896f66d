//! Names of keys. Everything of a contact lies on its shard; a script declares every key that it touches.

use crate::domain::id::{ContactKey, EffectId, VersionId};
use crate::domain::name::ChannelName;
use crate::store::lane::{Lane, LaneKey, WorkSet};
use crate::store::transfer::Mark;

/// Shards; part of the layout, never changed in place.
pub const SHARDS: u8 = 64;

/// Before every key: the layout's name.
pub const PREFIX: &str = "rf1:";

/// Hash tags: tag i lies in the slots 256·i to 256·i + 255, so that an even split of slots is an even split of shards.
/// Two characters each, because scripts cut members out of key names by position.
#[rustfmt::skip]
pub const TAGS: [&str; SHARDS as usize] = [
    "10", "18", "6h", "03", "29", "21", "32", "4s", "0j", "0b", "1a", "0s", "2y", "2q", "2h", "2d",
    "11", "19", "6i", "02", "28", "20", "33", "4r", "0k", "0c", "0z", "0r", "2x", "2p", "2i", "2a",
    "12", "6s", "09", "01", "4h", "23", "30", "38", "0h", "0d", "0y", "0q", "3a", "2s", "2j", "2b",
    "13", "6r", "08", "00", "4i", "22", "31", "39", "0i", "0a", "0x", "0p", "2z", "2r", "2k", "2c",
];

/// Where the name of a contact or a lane begins in its key.
pub const MEMBER: usize = 11;

/// The tag of a shard.
pub fn tag(shard: u8) -> &'static str {
    TAGS[usize::from(shard % SHARDS)]
}

/// `r m d e o k p` of a contact; p is when the messages that went are paid back.
pub fn contact(kind: char, key: ContactKey) -> String {
    format!("{PREFIX}{kind}:{{{}}}:{key}", tag(key.shard()))
}

/// `a j jc x xt f q qt s` of a shard.
pub fn shard(kind: &str, shard: u8) -> String {
    format!("{PREFIX}{kind}:{{{}}}", tag(shard))
}

/// A lane.
pub fn lane(key: LaneKey) -> String {
    match key.lane {
        Lane::Contact => contact('o', key.contact),
        Lane::Own(effect) => format!("{}:{effect}", contact('o', key.contact)),
    }
}

/// A work set of a shard.
pub fn work(shard: u8, set: &WorkSet) -> String {
    format!("{PREFIX}w:{{{}}}:{set}", tag(shard))
}

/// The rate bucket of a channel.
pub fn bucket(channel: &ChannelName) -> String {
    format!("{PREFIX}b:{{{channel}}}")
}

/// When broadcasts have waited long enough for a permit of a channel; on its bucket's slot.
pub fn share(channel: &ChannelName) -> String {
    format!("{PREFIX}bs:{{{channel}}}")
}

/// How fast a channel is let send; on its bucket's slot.
pub fn pace(channel: &ChannelName) -> String {
    format!("{PREFIX}bp:{{{channel}}}")
}

/// What a channel has sent, by the hour; on its bucket's slot.
pub fn day(channel: &ChannelName) -> String {
    format!("{PREFIX}bd:{{{channel}}}")
}

/// What holds channels back, by reason and channel.
pub fn held() -> String {
    format!("{PREFIX}held")
}

/// The content of a version.
pub fn version(id: VersionId) -> String {
    format!("{PREFIX}v:{id}")
}

/// The current version of each name.
pub fn current() -> String {
    format!("{PREFIX}current")
}

/// What belongs to it lies on its slot: `said` the last publication of each name, `mark` how many there were, `log:NAME` those of a name.
pub fn beside_current(what: &str) -> String {
    format!("{PREFIX}{what}:{{{}}}", current())
}

/// What keeps the store from being used; there too.
pub fn marked(mark: Mark) -> String {
    beside_current(mark.name())
}

/// The suppression list on a slot of its own: `entries`, `order`, `mark`.
pub fn list(what: &str) -> String {
    format!("{PREFIX}list-{what}:{{list}}")
}

/// A lane from its name in a work set: the contact, then the effect that owns it.
pub fn parse_member(member: &str) -> Option<LaneKey> {
    match member.split_once(':') {
        None => Some(LaneKey { contact: ContactKey::parse(member)?, lane: Lane::Contact }),
        Some((contact, effect)) => {
            Some(LaneKey { contact: ContactKey::parse(contact)?, lane: Lane::Own(EffectId::parse(effect)?) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CRC16 as Redis Cluster uses it (XMODEM).
    fn slot(tag: &str) -> u16 {
        let mut crc = 0u16;
        for byte in tag.bytes() {
            crc ^= u16::from(byte) << 8;
            for _ in 0..8 {
                crc = if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 };
            }
        }
        crc % 16_384
    }

    #[test]
    fn tags_split_slots_evenly() {
        assert_eq!(slot("123456789"), 0x31c3, "the published check value");
        for (i, tag) in TAGS.iter().enumerate() {
            assert_eq!(usize::from(slot(tag) / 256), i, "{tag}");
            assert_eq!(tag.len(), 2);
        }
    }

    #[test]
    fn scripts_cut_members_at_the_twelfth_character() {
        let key = ContactKey::derive(b"secret", "+447700900123");
        let effect = crate::domain::id::Token(7).effect(0);
        for lane_key in [LaneKey { contact: key, lane: Lane::Contact }, LaneKey { contact: key, lane: Lane::Own(effect) }] {
            assert_eq!(parse_member(&lane(lane_key)[11..]), Some(lane_key));
        }
        assert_eq!(&contact('r', key)[11..], key.as_str());
        assert_eq!(&shard("x", 3)[PREFIX.len() + 2..], "{03}", "hints take the tag from here");
        assert_eq!(parse_member("x"), None);
    }
}
