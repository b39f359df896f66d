//! Languages of texts: a lower-case ISO 639 code of two or three letters, optionally with a region (`pt-BR`).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A language tag such as `en`, `hi` or `pt-BR`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language([u8; 6]);

impl Language {
    /// English, the language of built-in texts.
    pub const EN: Language = Language(*b"en\0\0\0\0");

    /// Reads `en`, `fil`, `pt-BR`.
    pub fn parse(text: &str) -> Option<Self> {
        let (base, region) = match text.split_once('-') {
            Some((b, r)) => (b, Some(r)),
            None => (text, None),
        };
        let base_ok = (2..=3).contains(&base.len()) && base.bytes().all(|b| b.is_ascii_lowercase());
        let region_ok = region.is_none_or(|r| r.len() == 2 && r.bytes().all(|b| b.is_ascii_uppercase()));
        if !base_ok || !region_ok || text.len() > 6 {
            return None;
        }
        let mut bytes = [0u8; 6];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Language(bytes))
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|b| *b == 0).unwrap_or(6);
        std::str::from_utf8(&self.0[..end]).unwrap_or("en")
    }

    /// The region, if the tag has one: the `BR` of `pt-BR`.
    pub fn region(&self) -> Option<&str> {
        self.as_str().split_once('-').map(|(_, region)| region)
    }

    /// The tag without its region.
    pub fn base(&self) -> &str {
        let tag = self.as_str();
        tag.bytes().position(|byte| byte == b'-').map_or(tag, |dash| &tag[..dash])
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Door;
        impl serde::de::Visitor<'_> for Door {
            type Value = Language;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a language code")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Language, E> {
                Language::parse(text).ok_or_else(|| E::custom(BadLanguage(text.to_owned())))
            }
        }
        d.deserialize_str(Door)
    }
}

/// Why a text is no language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language code such as en or pt-BR")]
struct BadLanguage(String);
