//! Keywords that begin a flow or are answered anywhere: a whole message, or its beginning with the rest (`join *`).

use super::normalize::{Normalized, end_of_words};
use std::collections::HashMap;

/// A keyword in its one form, for finding and for comparing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Keyword {
    /// The whole message.
    Whole(String),
    /// The beginning of the message; something must follow.
    WithRest(String),
}

impl Keyword {
    /// Reads a keyword as operators write it. Nothing if no message could ever be it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "*" {
            return None;
        }
        let open = text.strip_suffix('*').filter(|before| before.ends_with(char::is_whitespace));
        let normal = Normalized::of(open.unwrap_or(text));
        let word = normal.whole().filter(|word| !word.is_empty())?.to_owned();
        Some(if open.is_some() { Keyword::WithRest(word) } else { Keyword::Whole(word) })
    }

    /// The words that must be typed.
    pub fn words(&self) -> &str {
        match self {
            Keyword::Whole(words) | Keyword::WithRest(words) => words,
        }
    }
}

/// Keywords and what each leads to, made ready once: what a message costs does not grow with their number.
#[derive(Debug, Clone)]
pub struct Keywords<T> {
    whole: HashMap<String, Vec<T>>,
    with_rest: HashMap<String, Vec<T>>,
    /// Words of the longest keyword that takes a rest.
    longest: usize,
}

/// A keyword that a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit<'a, T> {
    /// What it leads to.
    pub entry: &'a T,
    /// The keyword in its one form; operators wrote it, so it may stand in the journal.
    pub keyword: &'a str,
    /// What the contact wrote after it, as written; only for a keyword with a rest.
    pub rest: Option<String>,
}

impl<T> Default for Keywords<T> {
    fn default() -> Self {
        Keywords { whole: HashMap::new(), with_rest: HashMap::new(), longest: 0 }
    }
}

impl<T> Keywords<T> {
    /// Makes keywords ready. Entries with the same keyword stay in their order.
    pub fn new(entries: impl IntoIterator<Item = (Keyword, T)>) -> Self {
        let mut set = Keywords::default();
        for (keyword, entry) in entries {
            match keyword {
                Keyword::Whole(words) => set.whole.entry(words).or_default().push(entry),
                Keyword::WithRest(words) => {
                    set.longest = set.longest.max(words.split(' ').count());
                    set.with_rest.entry(words).or_default().push(entry);
                }
            }
        }
        set
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.with_rest.is_empty()
    }

    /// Every entry whose keyword this message is, the closest first: the whole message, then the longest beginning.
    /// `original` is the text that `text` was made of.
    pub fn find(&self, text: &Normalized, original: &str) -> Vec<Hit<'_, T>> {
        let Some(message) = text.whole().filter(|message| !message.is_empty()) else { return Vec::new() };
        let mut hits = Vec::new();
        if let Some((keyword, entries)) = self.whole.get_key_value(message) {
            hits.extend(entries.iter().map(|entry| Hit { entry, keyword, rest: None }));
        }
        let ends: Vec<usize> = message.match_indices(' ').map(|(at, _)| at).take(self.longest).collect();
        for (words, end) in ends.iter().enumerate().rev() {
            let Some((keyword, entries)) = self.with_rest.get_key_value(&message[..*end]) else { continue };
            let rest = end_of_words(original, words + 1).and_then(|at| original.get(at..)).map(rest_of).unwrap_or_default();
            hits.extend(entries.iter().map(|entry| Hit { entry, keyword, rest: Some(rest.to_owned()) }));
        }
        hits
    }
}

/// What follows a keyword, without what parts it from the keyword.
fn rest_of(after: &str) -> &str {
    let after = after.trim();
    after.strip_prefix([':', ',', ';', '-', '.', '=']).unwrap_or(after).trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(keywords: &[&str]) -> Keywords<usize> {
        let parsed = keywords.iter().enumerate().map(|(i, text)| (Keyword::parse(text).expect("a keyword"), i));
        Keywords::new(parsed)
    }

    fn find(set: &Keywords<usize>, text: &str) -> Vec<(usize, Option<String>)> {
        set.find(&Normalized::of(text), text).into_iter().map(|hit| (*hit.entry, hit.rest)).collect()
    }

    #[test]
    fn a_keyword_is_the_whole_message() {
        let set = set(&["pay", "Retry Payment", "información"]);
        assert_eq!(find(&set, " PAY! "), [(0, None)]);
        assert_eq!(find(&set, "retry  payment"), [(1, None)]);
        assert_eq!(find(&set, "INFORMACION"), [(2, None)]);
        for other in ["pay now", "retry", "pays", "", "pay please"] {
            assert_eq!(find(&set, other), [], "{other}");
        }
    }

    #[test]
    fn a_star_takes_the_rest_as_it_was_written() {
        let set = set(&["join *", "join us *", "join us today"]);
        assert_eq!(find(&set, "JOIN Ab-12 Ç"), [(0, Some("Ab-12 Ç".into()))]);
        assert_eq!(find(&set, "Join: \"AB\""), [(0, Some("\"AB\"".into()))]);
        assert_eq!(find(&set, "join us Now"), [(1, Some("Now".into())), (0, Some("us Now".into()))]);
        assert_eq!(find(&set, "join us today"), [(2, None), (1, Some("today".into())), (0, Some("us today".into()))]);
        assert_eq!(find(&set, "🎉 Jöin   AB"), [(0, Some("AB".into()))]);
        for other in ["join", "joint venture", "please join AB", ""] {
            assert_eq!(find(&set, other), [], "{other}");
        }
    }

    #[test]
    fn entries_with_the_same_keyword_keep_their_order() {
        let set = set(&["hi", "HI", "hi!"]);
        assert_eq!(find(&set, "Hi"), [(0, None), (1, None), (2, None)]);
    }

    #[test]
    fn what_can_never_be_typed_is_no_keyword() {
        assert_eq!(Keyword::parse("*"), None);
        assert_eq!(Keyword::parse("  "), None);
        assert_eq!(Keyword::parse("?"), Some(Keyword::Whole("?".into())));
        assert_eq!(Keyword::parse("Join  *"), Some(Keyword::WithRest("join".into())));
        assert_eq!(Keyword::parse("join*"), Some(Keyword::Whole("join".into())));
        assert_eq!(Keyword::parse("PAY").as_ref().map(Keyword::words), Some("pay"));
    }

    #[test]
    fn a_message_over_the_limit_is_no_keyword() {
        let set = set(&["pay", "join *"]);
        let long = format!("join {}", "a".repeat(crate::domain::limits::REPLY_CHARS));
        assert_eq!(find(&set, &long), []);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_the_rest_is_a_part_of_the_text(text in "(join|JOIN|ＪＯＩＮ|½|🔟)?[ :½'-]{0,2}\\PC{0,40}") {
            let set = set(&["join *", "join us *", "1 2 *", "10 *"]);
            for hit in set.find(&Normalized::of(&text), &text) {
                let rest = hit.rest.unwrap_or_default();
                prop_assert!(text.contains(&rest));
            }
        }
    }
}
