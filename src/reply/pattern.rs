//! `pattern`: a regular expression that the whole message must match.

use super::{NotUnderstood, Understood, character};
use crate::domain::limits::{PATTERN_BYTES, PATTERN_CHARS, REPLY_CHARS};
use crate::domain::value::Value;
use regex::{Regex, RegexBuilder};
use regex_syntax::ast;

/// Brackets within brackets.
const NESTING: u32 = 32;

/// A regular expression made ready. The engine takes time linear in the message whatever the pattern is.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

/// Why a regular expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// The character of the pattern at which it goes wrong, counted from 0; nothing where it is the pattern as a whole.
    pub position: Option<usize>,
    /// What is wrong, for the operator who wrote it.
    pub message: String,
}

impl Pattern {
    /// Makes a pattern ready. Upper and lower case are the same, unless it says `(?-i)`.
    pub fn compile(source: &str) -> Result<Pattern, PatternError> {
        let whole = |message: String| PatternError { position: None, message };
        if source.trim().is_empty() {
            return Err(whole("The pattern is empty".to_owned()));
        }
        if source.chars().count() > PATTERN_CHARS {
            return Err(whole(format!("The pattern is longer than {PATTERN_CHARS} characters")));
        }
        syntax(source)?;
        // What closes the group stands on its own line if the pattern ends in a comment.
        let built = build(&format!(r"\A(?:{source})\z")).or_else(|_| build(&format!("\\A(?:{source}\n)\\z")));
        let regex = built.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                whole("The pattern is too large: its repetitions `{n}` multiply; make them smaller".to_owned())
            }
            _ => whole("The pattern is not valid".to_owned()),
        })?;
        Ok(Pattern { source: source.to_owned(), regex })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The message without blanks around it, if the pattern matches all of it, and its groups as a list: the first group
    /// at 0, null for one that took no part.
    pub fn understand(&self, original: &str) -> Result<(Understood, Value), NotUnderstood> {
        let not = |reason: &str| NotUnderstood { reason: reason.to_owned() };
        if original.chars().nth(REPLY_CHARS).is_some() {
            return Err(not("too long for a pattern"));
        }
        let text = original.trim_matches(|c: char| c.is_whitespace() || character::is_invisible(c));
        if text.is_empty() {
            return Err(not("nothing was written"));
        }
        let plain = Plain::of(text);
        let captures = self.regex.captures(&plain.text).ok_or_else(|| not("the pattern does not match"))?;
        let group = |group: Option<regex::Match>| match group {
            Some(found) => Value::text(&text[plain.origin(found.start())..plain.origin(found.end())]),
            None => Value::Null,
        };
        let groups = captures.iter().skip(1).map(group).collect();
        let understood = Understood { value: Value::text(text), exact: false, reason: "the pattern matches".to_owned() };
        Ok((understood, Value::List(groups)))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    let mut builder = RegexBuilder::new(pattern);
    builder.case_insensitive(true).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).nest_limit(NESTING + 2).build()
}

/// Reads the pattern as it stands, so that what is wrong has its place in what the operator wrote.
fn syntax(source: &str) -> Result<(), PatternError> {
    let at = |span: &ast::Span, message: String| {
        let position = source[..span.start.offset.min(source.len())].chars().count();
        Err(PatternError { position: Some(position), message })
    };
    let mut parser = regex_syntax::ParserBuilder::new();
    match parser.case_insensitive(true).nest_limit(NESTING).build().parse(source) {
        Ok(_) => Ok(()),
        Err(regex_syntax::Error::Parse(error)) => at(error.span(), explain(error.kind())),
        Err(regex_syntax::Error::Translate(error)) => at(error.span(), format!("The pattern is not valid: {}", error.kind())),
        Err(_) => Err(PatternError { position: None, message: "The pattern is not valid".to_owned() }),
    }
}

fn explain(kind: &ast::ErrorKind) -> String {
    use ast::ErrorKind;
    match kind {
        ErrorKind::UnsupportedLookAround => {
            "A pattern cannot look ahead or behind (`(?=`, `(?!`, `(?<=`, `(?<!`): that can take exponential time".to_owned()
        }
        ErrorKind::UnsupportedBackreference => {
            "A pattern cannot refer back to a group (`\\1`): that can take exponential time".to_owned()
        }
        ErrorKind::NestLimitExceeded(_) => format!("The pattern nests brackets deeper than {NESTING}"),
        ErrorKind::GroupUnclosed => "A bracket `(` is never closed".to_owned(),
        ErrorKind::GroupUnopened => "A bracket `)` was never opened; write `\\)` for the character".to_owned(),
        ErrorKind::ClassUnclosed => "A bracket `[` is never closed; write `\\[` for the character".to_owned(),
        ErrorKind::RepetitionMissing => {
            "There is nothing to repeat before this sign; write a `\\` before it for the character".to_owned()
        }
        other => format!("The pattern is not valid: {other}"),
    }
}

/// A text with digits of every script, full-width letters and signs as ASCII, and where each came from.
struct Plain {
    text: String,
    /// Where the two texts part: a byte here and the byte it was made of; empty while they are the same.
    parted: Vec<(usize, usize)>,
}

impl Plain {
    fn of(original: &str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut parted = Vec::new();
        for (at, c) in original.char_indices() {
            let plain = plain(c);
            text.push(plain);
            if plain != c {
                parted.push((text.len(), at + c.len_utf8()));
            }
        }
        Plain { text, parted }
    }

    /// The byte of the original at a byte of this text.
    fn origin(&self, at: usize) -> usize {
        let before = self.parted.partition_point(|(here, _)| *here <= at);
        let (here, there) = before.checked_sub(1).and_then(|i| self.parted.get(i)).copied().unwrap_or((0, 0));
        there + (at - here)
    }
}

fn plain(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' | '\u{A0}' | '\u{202F}' => ' ',
        _ => character::digit(c).unwrap_or(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn groups(source: &str, text: &str) -> Option<(String, Vec<Option<String>>)> {
        let pattern = Pattern::compile(source).expect("a pattern");
        let (understood, groups) = pattern.understand(text).ok()?;
        assert!(!understood.exact);
        let Value::List(list) = groups else { panic!("groups are a list") };
        let groups = list.iter().map(|value| value.as_text().map(str::to_owned)).collect();
        Some((understood.value.as_text()?.to_owned(), groups))
    }

    fn whole(source: &str, text: &str) -> Option<String> {
        groups(source, text).map(|(whole, _)| whole)
    }

    #[test]
    fn the_whole_message_matches_or_nothing_does() {
        let source = r"[A-Z]{2}\d{4}";
        assert_eq!(whole(source, "AB1234").as_deref(), Some("AB1234"));
        assert_eq!(whole(source, " \u{200F}ab1234\n").as_deref(), Some("ab1234"));
        for text in ["", " ", "AB123", "AB12345", "AB1234.", "it is AB1234", "A B1234", "AB1234\nAB1234"] {
            assert_eq!(whole(source, text), None, "{text:?}");
        }
        // The first alternative that fits is not enough: all of the message must.
        assert_eq!(whole("a|ab", "ab").as_deref(), Some("ab"));
        assert_eq!(whole("^(a|ab)$", "ab").as_deref(), Some("ab"));
    }

    #[test]
    fn case_counts_only_where_the_pattern_says_so() {
        assert_eq!(whole("(?-i)[A-Z]+", "ab"), None);
        assert_eq!(whole("(?-i)[A-Z]+", "AB").as_deref(), Some("AB"));
        assert_eq!(whole("straße|ñu", "ÑU").as_deref(), Some("ÑU"));
    }

    #[test]
    fn digits_of_every_script_match_and_stay_as_they_were_written() {
        for text in ["AB１２３４", "ＡＢ1234", "ab१२३४", "ab١٢٣٤"] {
            let got = groups(r"([A-Z]{2})([0-9]{3})[0-9]", text).expect(text);
            assert_eq!(got.0, text);
            let (letters, digits) = (got.1[0].as_deref().expect("letters"), got.1[1].as_deref().expect("digits"));
            assert!(text.starts_with(letters) && text[letters.len()..].starts_with(digits), "{text}: {letters} {digits}");
            assert_eq!(digits.chars().count(), 3);
        }
    }

    #[test]
    fn groups_are_numbered_from_zero_and_null_where_they_took_no_part() {
        assert_eq!(groups(r"(?:(a)|(?P<name>b))-(\d+)?", "b-"), Some(("b-".into(), vec![None, Some("b".into()), None])));
        assert_eq!(groups("abc", "abc"), Some(("abc".into(), vec![])));
    }

    #[test]
    fn a_comment_at_the_end_closes_nothing() {
        assert_eq!(whole("(?x) a \\d # a letter and a digit", "a1").as_deref(), Some("a1"));
    }

    #[test]
    fn mistakes_have_a_place_and_a_sentence() {
        for (source, position, says) in [
            ("", None, "empty"),
            ("(ab", Some(0), "never closed"),
            ("äb)", Some(2), "never opened"),
            ("[a-", Some(0), "never closed"),
            ("a(?=b)", Some(1), "exponential"),
            ("(?<!a)b", Some(0), "exponential"),
            (r"(a)\1", Some(3), "exponential"),
            ("*a", Some(0), "nothing to repeat"),
            ("a{3,1}", Some(1), "not valid"),
            (r"\p{Nonsense}", Some(0), "not valid"),
            (r"(?:\w{50}){50}", None, "too large"),
            ("(?:a{1000}){1000}", None, "too large"),
        ] {
            let error = Pattern::compile(source).expect_err(source);
            assert_eq!(error.position, position, "{source}: {error}");
            assert!(error.message.contains(says), "{source}: {error}");
            assert_eq!(error.message.lines().count(), 1, "{source}: {error}");
        }
    }

    #[test]
    fn limits_hold_at_n_and_beside_it() {
        assert!(Pattern::compile(&"a".repeat(PATTERN_CHARS)).is_ok());
        assert!(Pattern::compile(&"a".repeat(PATTERN_CHARS + 1)).is_err());
        let nested = |n: u32| format!("{}a{}", "(".repeat(n as usize), ")".repeat(n as usize));
        assert!(Pattern::compile(&nested(NESTING)).is_ok());
        assert!(Pattern::compile(&nested(NESTING + 1)).is_err());
        assert!(whole("a*", &"a".repeat(REPLY_CHARS)).is_some());
        assert!(whole("a*", &"a".repeat(REPLY_CHARS + 1)).is_none());
    }

    #[test]
    fn what_blows_up_elsewhere_is_quick_here() {
        assert_eq!(whole("(a+)+b", &"a".repeat(REPLY_CHARS)), None);
        assert_eq!(whole("(a|a)*c", &"a".repeat(REPLY_CHARS)), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(source in "[a-c()\\[\\]|*+?{}0-9\\\\^$.#é-]{0,24}", text in "\\PC{0,40}") {
            if let Ok(pattern) = Pattern::compile(&source) {
                let _ = pattern.understand(&text);
            }
        }

        #[test]
        fn groups_are_parts_of_what_was_written(text in "[a-c０-９0-9١é]{1,30}") {
            let (whole, groups) = groups(r"(.*?)(\d+)?(.*)", &text).expect("any text");
            prop_assert_eq!(&whole, &text);
            prop_assert_eq!(groups.into_iter().flatten().collect::<String>(), text);
        }
    }
}
