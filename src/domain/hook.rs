//! What is reported to other systems, and which of them wants what.

use super::name::Slug;
use std::fmt;
use xxhash_rust::xxh3::xxh3_64;

/// Which kinds of report an endpoint wants: `message.delivered`, `message.*`, `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindPattern {
    stem: String,
    /// Whether more may follow the stem.
    open: bool,
}

impl KindPattern {
    /// Reads one: the words of a kind with dots between them; the last may be `*`.
    pub fn parse(text: &str) -> Option<Self> {
        let (stem, open) = match text.strip_suffix('*') {
            Some(stem) if stem.is_empty() || stem.ends_with('.') => (stem, true),
            Some(_) => return None,
            None => (text, false),
        };
        let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let words = stem.strip_suffix('.').unwrap_or(stem);
        let sound = if words.is_empty() { open && stem.is_empty() } else { words.split('.').all(word) };
        (sound && text.len() <= 64 && (open || !stem.ends_with('.'))).then(|| KindPattern { stem: stem.to_owned(), open })
    }

    /// Whether it means this kind.
    pub fn matches(&self, kind: &str) -> bool {
        if self.open { kind.starts_with(&self.stem) } else { kind == self.stem }
    }
}

impl fmt::Display for KindPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.stem, if self.open { "*" } else { "" })
    }
}

/// What the names of endpoints that are the hosts of callbacks begin with; no configured one may.
pub const CALLBACK_PREFIX: &str = "callback-";

/// What the names of the sets of desks begin with; no configured endpoint may.
pub const DESK_PREFIX: &str = "desk-";

/// The endpoint of a callback: one for each host, so that a slow one holds up only its own.
pub fn callback_endpoint(url: &str) -> Slug {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or("").to_ascii_lowercase();
    let name = format!("{CALLBACK_PREFIX}{:016x}", xxh3_64(host.as_bytes()));
    Slug::parse(&name).expect("letters, digits and a dash")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_one_kind_or_all_that_begin_so() {
        let matches = |pattern: &str, kind: &str| KindPattern::parse(pattern).expect(pattern).matches(kind);
        assert!(matches("*", "message.sent") && matches("message.*", "message.sent"));
        assert!(matches("message.sent", "message.sent"));
        assert!(!matches("message.*", "messages.sent") && !matches("message.sent", "message.sent_later"));
        for bad in ["", "message*", "message.", ".*", "message..sent", "Message.sent", "*.sent", "message sent"] {
            assert_eq!(KindPattern::parse(bad), None, "{bad}");
        }
        assert_eq!(KindPattern::parse("a.b.*").expect("a pattern").to_string(), "a.b.*");
    }

    #[test]
    fn callbacks_to_one_host_are_one_endpoint() {
        let one = callback_endpoint("https://Shop.example/a?x=1");
        assert_eq!(one, callback_endpoint("https://shop.example/b/c"));
        assert_ne!(one, callback_endpoint("https://other.example/a"));
        assert_ne!(one, callback_endpoint("https://shop.example:8443/a"));
        assert!(one.as_str().starts_with(CALLBACK_PREFIX));
    }
}
