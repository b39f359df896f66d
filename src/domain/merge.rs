//! Two contacts who are one person become one. The one that stays asks first and the other says whether it comes: a contact to which
//! somebody is coming goes nowhere itself, so that no circle of contacts moves into each other for ever.

use super::address::E164;
use super::id::{ContactKey, EffectId};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A step of two contacts on the way to become one, in the mailbox of one of them. `asked` is the name under which the one that stays
/// knows the other: that may be a part of a third one already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// Another contact is to become part of this one.
    Take {
        /// Who.
        from: ContactKey,
        /// Who wants it, in one line.
        by: String,
    },
    /// This contact is to become part of another.
    Come {
        /// Of whom.
        into: ContactKey,
        /// Whom that one asked.
        asked: ContactKey,
        /// Whether that one is simulated: nobody real becomes part of it.
        simulated: bool,
        /// Whether that one is a test contact: then only another one becomes part of it.
        #[serde(default)]
        test: bool,
    },
    /// Whoever was asked does not come.
    Refused {
        /// Who was asked.
        asked: ContactKey,
        /// Why, in one line.
        why: String,
    },
    /// Messages stood behind the step in the send lane: they leave first.
    Again,
    /// It cannot be moved: it stays.
    Stay {
        /// Why, in one line.
        why: String,
    },
    /// An address leads here at which nobody was.
    Linked {
        /// The address.
        address: ContactKey,
        /// Where the person behind it opted out before their contact was deleted: `ChannelKind::stop_bit`.
        #[serde(default)]
        stop: u8,
    },
    /// Two who had one number after each other stay two: whoever had it before has it again.
    Left {
        /// The number.
        phone: E164,
    },
    /// The other contact is here.
    Arrived {
        /// Who it was.
        from: ContactKey,
        /// Who was asked.
        asked: ContactKey,
        /// Its record, encoded.
        record: Blob,
        /// Effects whose delivery it awaited.
        awaited: Vec<EffectId>,
    },
}

/// Bytes that are stored as they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Blob;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }
            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Blob, E> {
                Ok(Blob(bytes))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Blob, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = items.next_element()? {
                    bytes.push(byte);
                }
                Ok(Blob(bytes))
            }
        }
        d.deserialize_byte_buf(Bytes)
    }
}
