//! Names that people write: slugs, names of states and variables, names of events.
//! Each has one door, `parse`, and is cheap to clone.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// Why a text cannot be a name. `reason` completes the sentence "`x` cannot be a …: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` cannot be a {what}: {reason}")]
pub struct BadName {
    /// The kind of name, for example `slug`.
    pub what: &'static str,
    /// What was given.
    pub given: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

macro_rules! name_type {
    ($(#[$doc:meta])* $type:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(Arc<str>);

        impl $type {
            /// The only door.
            pub fn parse(text: &str) -> Result<Self, BadName> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                match check(text) {
                    Ok(()) => Ok(Self(text.into())),
                    Err(reason) => Err(BadName { what: $what, given: text.to_owned(), reason }),
                }
            }

            /// The text of the name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Door;
                impl serde::de::Visitor<'_> for Door {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a ", $what))
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        $type::parse(text).map_err(E::custom)
                    }
                }
                // Straight from the input's own bytes: names are read with every record.
                d.deserialize_str(Door)
            }
        }
    };
}

name_type!(
    /// Flows, notifications, channels, apis, teams, hours, tags: lower case a–z, 0–9, `-`, `_`, at most 64.
    Slug, "slug", |t| {
        if t.is_empty() {
            Err("it is empty")
        } else if t.len() > 64 {
            Err("it is longer than 64 characters")
        } else if !t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_') {
            Err("only a–z, 0–9, `-` and `_` may stand in it")
        } else {
            Ok(())
        }
    }
);

name_type!(
    /// States, variables, choices, ends, arms: a letter of any script, then letters, digits, `_`; at most 64 characters.
    Name, "name", |t| {
        let mut chars = t.chars();
        match chars.next() {
            None => return Err("it is empty"),
            Some(c) if !c.is_alphabetic() => return Err("it must begin with a letter"),
            Some(_) => {}
        }
        // Combining marks belong to letters in Hindi, Arabic and others.
        let mark = |c: char| unicode_normalization::char::is_combining_mark(c);
        if t.chars().count() > 64 {
            Err("it is longer than 64 characters")
        } else if !chars.all(|c| c.is_alphanumeric() || c == '_' || mark(c)) {
            Err("only letters, digits and `_` may stand in it")
        } else {
            Ok(())
        }
    }
);

name_type!(
    /// `payment.failed`: letters, digits, `.`, `_`, `-`; at most 64.
    EventName, "event name", |t| {
        if t.is_empty() {
            Err("it is empty")
        } else if t.len() > 64 {
            Err("it is longer than 64 characters")
        } else if !t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
            Err("only letters, digits, `.`, `_` and `-` may stand in it")
        } else {
            Ok(())
        }
    }
);

/// A configured virtual number: `main-sms`.
pub type ChannelName = Slug;
