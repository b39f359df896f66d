//! How attempts of effects end, and what the other side said of it.

use super::limits::{PROVIDER_CODE, PROVIDER_WORDS};
use super::message::FailureReason;
use serde::{Deserialize, Serialize};

/// How an attempt of an effect ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The other side took it.
    Accepted,
    /// It will be tried again, surely not done.
    Retry,
    /// It will be tried again and may have been done.
    RetryUnsure,
    /// It failed for good.
    Failed {
        /// Why.
        reason: FailureReason,
    },
    /// Nobody knows whether it was done, and the policy says not to repeat it.
    Unsure,
}

/// The other side's own code and text as they are kept and shown: in one line, without what steers a terminal or turns the direction of a text, and bounded.
/// Both may name a person.
pub fn provider_words(code: Option<&str>, text: &str) -> Option<String> {
    let text = plain(text, PROVIDER_WORDS);
    match (code.and_then(provider_code), text.is_empty()) {
        (None, true) => None,
        (None, false) => Some(text),
        (Some(code), true) => Some(code),
        (Some(code), false) => Some(format!("{code}: {text}")),
    }
}

/// The other side's code alone, the same way.
pub fn provider_code(code: &str) -> Option<String> {
    Some(plain(code, PROVIDER_CODE)).filter(|code| !code.is_empty())
}

fn plain(text: &str, most: usize) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let shown = text.chars().filter(|c| !turns(*c)).map(|c| if c.is_control() { ' ' } else { c });
    let shown: String = shown.take(most.saturating_mul(2)).collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    words.join(" ").chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_is_bounded_and_steers_nothing() {
        let said = |code, text| provider_words(code, text);
        assert_eq!(said(Some("30003"), "Unreachable\r\n handset\u{1b}[31m").as_deref(), Some("30003: Unreachable handset [31m"));
        assert_eq!(said(None, "a\u{202e}b\u{2066}c").as_deref(), Some("abc"));
        assert_eq!(said(None, " \n\t\0"), None);
        assert_eq!((said(Some("7"), ""), said(Some("\n"), "why")), (Some("7".to_owned()), Some("why".to_owned())));
        for n in [PROVIDER_WORDS, PROVIDER_WORDS + 1, 100_000] {
            let long = "é".repeat(n);
            assert_eq!(provider_words(None, &long).map(|text| text.chars().count()), Some(PROVIDER_WORDS));
        }
        assert_eq!(provider_code(&"9".repeat(PROVIDER_CODE + 1)).map(|code| code.len()), Some(PROVIDER_CODE));
    }
}
