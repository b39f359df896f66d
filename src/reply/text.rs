//! `text`: any text within the limits, never exactly, so that commands and keywords still reach the flow.

use super::{NotUnderstood, Understanding, Understood};
use crate::domain::limits::TEXT_ANSWER_CHARS;
use crate::domain::value::Value;
use unicode_segmentation::UnicodeSegmentation;

/// What was written, without blanks around it. Only a given `min` or `max` can be missed: without `max`, a text over
/// [`TEXT_ANSWER_CHARS`] is cut there.
pub fn understand(text: &str, min: Option<usize>, max: Option<usize>) -> Understanding {
    let text = text.trim();
    let chars = text.chars().count();
    if min.is_some_and(|min| chars < min) {
        return NotUnderstood::because(format!("{chars} characters, fewer than `min`"));
    }
    if max.is_some_and(|max| chars > max) {
        return NotUnderstood::because(format!("{chars} characters, more than `max`"));
    }
    if max.is_none() && chars > TEXT_ANSWER_CHARS {
        let kept = first(text, TEXT_ANSWER_CHARS);
        return Understood::lenient(Value::text(kept), format!("a text, cut at {TEXT_ANSWER_CHARS} of {chars} characters"));
    }
    Understood::lenient(Value::text(text), "a text")
}

/// The longest beginning of at most `chars` characters that splits no letter from its marks.
fn first(text: &str, chars: usize) -> &str {
    let mut left = chars;
    let mut end = 0;
    for grapheme in text.graphemes(true) {
        let Some(rest) = left.checked_sub(grapheme.chars().count()) else { break };
        left = rest;
        end += grapheme.len();
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, min: Option<usize>, max: Option<usize>) -> Option<String> {
        let understood = understand(text, min, max).ok()?;
        assert!(!understood.exact);
        understood.value.as_text().map(str::to_owned)
    }

    #[test]
    fn any_text_without_limits() {
        assert_eq!(value("  hello there\n", None, None).as_deref(), Some("hello there"));
        assert_eq!(value("", None, None).as_deref(), Some(""));
    }

    #[test]
    fn limits_count_characters_at_n_and_beside_it() {
        assert_eq!(value("äöü", Some(3), Some(3)).as_deref(), Some("äöü"));
        assert_eq!(value("äö", Some(3), None), None);
        assert_eq!(value("äöüß", None, Some(3)), None);
        assert_eq!(value("  ä  ", Some(2), None), None);
    }

    #[test]
    fn the_default_limit_cuts_and_does_not_refuse() {
        let at = "a".repeat(TEXT_ANSWER_CHARS);
        assert_eq!(value(&at, None, None).as_deref(), Some(at.as_str()));
        assert_eq!(value(&format!("{at}b"), None, None).as_deref(), Some(at.as_str()));
        let long = "a".repeat(TEXT_ANSWER_CHARS + 1);
        assert_eq!(value(&long, None, Some(TEXT_ANSWER_CHARS + 1)).as_deref(), Some(long.as_str()));
    }

    #[test]
    fn a_cut_splits_no_letter() {
        assert_eq!(first("ab\u{301}c", 2), "a");
        assert_eq!(first("👨‍👩‍👧", 4), "");
        assert_eq!(first("abc", 3), "abc");
    }

    #[test]
    fn reasons_hold_nothing_that_was_written() {
        let reason = understand("secret", Some(9), None).expect_err("too short").reason;
        assert_eq!(reason, "6 characters, fewer than `min`");
    }
}
