//! The words of `times.txt`: read once, looked up wherever a token may begin one of their phrases.

use super::sections::{Clock24, Habits, Meaning, meaning, weekday};
use super::tokens::{Kind, Token, tokens};
use crate::domain::language::Language;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The phrases of one language.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    phrases: HashMap<String, Vec<Meaning>>,
    /// Words of the longest phrase.
    longest: usize,
    /// What the language does besides.
    pub habits: Habits,
}

/// What a phrase means and the token after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Match {
    /// What it means.
    pub meaning: Meaning,
    /// The token after it.
    pub end: usize,
}

impl Vocabulary {
    /// Reads a file. What cannot be read is left out; a test reads every shipped file strictly.
    fn read(source: &str) -> (Self, Vec<String>) {
        let mut vocabulary = Vocabulary::default();
        let mut wrong = Vec::new();
        let mut section = "";
        for line in source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name;
            } else if vocabulary.line(section, line).is_none() {
                wrong.push(format!("[{section}] {line}"));
            }
        }
        (vocabulary, wrong)
    }

    fn line(&mut self, section: &str, line: &str) -> Option<()> {
        let (phrase, value) = match line.split_once('=') {
            Some((phrase, value)) => (phrase.trim(), Some(value.trim())),
            None => (line, None),
        };
        if section == "habits" {
            match phrase {
                "clock" => self.habits.clock_24 = Clock24::parse(value?)?,
                "week begins on" => self.habits.week_begins.push(weekday(value?)?),
                _ => return None,
            }
            return Some(());
        }
        let meaning = meaning(section, value)?;
        let words: Vec<String> =
            tokens(phrase)?.into_iter().filter(|t| !matches!(t.kind, Kind::Sign(_))).map(|t| t.key).collect();
        if words.is_empty() {
            return None;
        }
        self.longest = self.longest.max(words.len());
        let known = self.phrases.entry(words.join(" ")).or_default();
        if known.contains(&meaning) {
            return None;
        }
        known.push(meaning);
        Some(())
    }

    /// Whether a phrase means just this.
    pub fn has(&self, wanted: Meaning) -> bool {
        self.phrases.values().flatten().any(|meaning| *meaning == wanted)
    }

    /// What a word means by itself.
    pub fn meanings(&self, word: &str) -> &[Meaning] {
        let key = match tokens(word).as_deref() {
            Some([token]) => token.key.clone(),
            _ => return &[],
        };
        self.phrases.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Whether a word, as the tokens hold it, is a phrase.
    pub fn knows(&self, key: &str) -> bool {
        self.phrases.contains_key(key)
    }

    /// The phrases that begin at a token, each with its meanings and the token after it; the longest last.
    fn all_at(&self, tokens: &[Token], from: usize) -> Vec<(&[Meaning], usize)> {
        let mut text = String::new();
        let mut at = from;
        let mut found = Vec::new();
        for _ in 0..self.longest {
            if at > from && tokens.get(at).is_some_and(|t| t.is('.') || t.is('-')) {
                at += 1;
            }
            let Some(token) = tokens.get(at).filter(|token| !matches!(token.kind, Kind::Sign(_))) else { break };
            if at > from {
                text.push(' ');
            }
            text.push_str(&token.key);
            at += 1;
            if let Some(meanings) = self.phrases.get(&text) {
                found.push((meanings.as_slice(), at));
            }
        }
        found
    }
}

/// For each token, what the longest phrase that begins there means, in the first vocabulary and those that follow.
pub(super) fn matches(tokens: &[Token], vocabularies: &[&Vocabulary]) -> Vec<Vec<Match>> {
    let at = |from: usize| {
        let mut found: Vec<_> = vocabularies.iter().flat_map(|vocabulary| vocabulary.all_at(tokens, from)).collect();
        found.sort_by_key(|(_, end)| std::cmp::Reverse(*end));
        // A span such as "saa moja" may also be an hour: then the shorter phrases count besides.
        let is_span = |meanings: &[Meaning]| meanings.iter().all(|meaning| matches!(meaning, Meaning::Span(..)));
        let longest = found.first().map_or(from, |(_, end)| *end);
        let other = found.iter().find(|(meanings, _)| !is_span(meanings)).map_or(from, |(_, end)| *end);
        let longest_only = found.into_iter().filter(|(_, end)| *end == longest || *end == other);
        let mut matches: Vec<Match> = Vec::new();
        for (meanings, end) in longest_only {
            for meaning in meanings {
                let one = Match { meaning: *meaning, end };
                if !matches.contains(&one) {
                    matches.push(one);
                }
            }
        }
        matches
    };
    (0..tokens.len()).map(at).collect()
}

/// The shipped files, by language.
macro_rules! files {
    ($($language:literal),+) => {
        &[$(($language, include_str!(concat!("../words/", $language, "/times.txt")))),+]
    };
}

const FILES: &[(&str, &str)] = files!("en", "es", "fr", "de", "pt", "it", "nl", "hi", "ar", "sw", "id");

static VOCABULARIES: LazyLock<Vec<(&'static str, Vocabulary)>> =
    LazyLock::new(|| FILES.iter().map(|(language, source)| (*language, Vocabulary::read(source).0)).collect());

static NONE: LazyLock<Vocabulary> = LazyLock::new(Vocabulary::default);

/// The words of a language; its region does not matter. Empty where no file has them.
pub(super) fn vocabulary(language: Language) -> &'static Vocabulary {
    let known = VOCABULARIES.iter().find(|(known, _)| *known == language.base());
    known.map_or(&NONE, |(_, vocabulary)| vocabulary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::Weekday;

    #[test]
    fn every_shipped_file_is_read_to_its_last_line() {
        for (language, source) in FILES {
            let (vocabulary, wrong) = Vocabulary::read(source);
            assert!(wrong.is_empty(), "{language}: {wrong:?}");
            assert!(!vocabulary.habits.week_begins.is_empty(), "{language}");
            let has = |wanted: Meaning| vocabulary.phrases.values().flatten().any(|meaning| *meaning == wanted);
            assert!((1..=12).all(|month| has(Meaning::Month(month))), "{language}");
            assert!(Weekday::Monday.cycle_forward().take(7).all(|day| has(Meaning::Weekday(day))), "{language}");
            assert!((-1..=1).all(|day| has(Meaning::Day(day, None))), "{language}");
        }
    }

    #[test]
    fn mistakes_in_a_file_are_found() {
        let source =
            "[months]\nmarch = 13\nmay\n[nonsense]\nx\n[at]\nat = 5\n:\n[days]\ntonight = 0 18-24\ntoday = 0\ntoday = 0\n";
        assert_eq!(Vocabulary::read(source).1.len(), 7);
    }
}
