//! The words of a language that the understanding of replies knows. They stand in the text files of `words/LANGUAGE/`, so that
//! a speaker can correct them without programming; the files are compiled in and read once.

use super::normalize::Normalized;
use crate::domain::language::Language;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A section of a file of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Section {
    OptOut,
    OptOutSms,
    OptIn,
    OptInIfOut,
    Help,
    HelpSms,
    Back,
    Menu,
    Restart,
    Human,
    Language,
    Polite,
    LeadIn,
    Not,
    Or,
    Question,
    Doubt,
    Condition,
    Place,
    Ordinal,
    Yes,
    No,
    YesLenient,
    NoLenient,
    One,
    Ten,
    Hundred,
    And,
    Minus,
}

impl Section {
    const ALL: [(Section, &'static str); 29] = [
        (Section::OptOut, "opt-out"),
        (Section::OptOutSms, "opt-out sms"),
        (Section::OptIn, "opt-in"),
        (Section::OptInIfOut, "opt-in if out"),
        (Section::Help, "help"),
        (Section::HelpSms, "help sms"),
        (Section::Back, "command back"),
        (Section::Menu, "command menu"),
        (Section::Restart, "command restart"),
        (Section::Human, "command human"),
        (Section::Language, "command language"),
        (Section::Polite, "polite"),
        (Section::LeadIn, "lead in"),
        (Section::Not, "not"),
        (Section::Or, "or"),
        (Section::Question, "question"),
        (Section::Doubt, "doubt"),
        (Section::Condition, "condition"),
        (Section::Place, "place"),
        (Section::Ordinal, "ordinal"),
        (Section::Yes, "yes"),
        (Section::No, "no"),
        (Section::YesLenient, "yes lenient"),
        (Section::NoLenient, "no lenient"),
        (Section::One, "one"),
        (Section::Ten, "ten"),
        (Section::Hundred, "hundred"),
        (Section::And, "and"),
        (Section::Minus, "minus"),
    ];

    fn named(name: &str) -> Option<Section> {
        Section::ALL.iter().find(|(_, known)| *known == name).map(|(section, _)| *section)
    }
}

/// The phrases of one section, in their one form, with the number that some stand for.
#[derive(Debug, Default)]
struct Phrases {
    known: HashMap<String, u32>,
    /// Words of the longest phrase.
    longest: usize,
}

/// All sections of one language.
#[derive(Debug)]
pub(super) struct Lexicon {
    sections: HashMap<Section, Phrases>,
}

impl Lexicon {
    /// Reads files of words. What cannot be read is left out; a test reads every shipped file strictly.
    fn read(sources: &[&str]) -> (Self, Vec<String>) {
        let mut sections: HashMap<Section, Phrases> = HashMap::new();
        let mut current = None;
        let mut wrong = Vec::new();
        for line in sources
            .iter()
            .flat_map(|source| source.lines())
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                current = Section::named(name);
                if current.is_none() {
                    wrong.push(format!("no section is called `{name}`"));
                }
                continue;
            }
            let (phrase, number) = match line.split_once('=') {
                Some((phrase, number)) => (phrase, number.trim().parse().ok()),
                None => (line, Some(0)),
            };
            let phrase = Normalized::of(phrase);
            match (current, number) {
                (Some(section), Some(number)) if !phrase.is_empty() => {
                    let phrases = sections.entry(section).or_default();
                    phrases.longest = phrases.longest.max(phrase.words().count());
                    phrases.known.insert(phrase.as_str().to_owned(), number);
                }
                _ => wrong.push(format!("`{line}` is no phrase of a section")),
            }
        }
        (Lexicon { sections }, wrong)
    }

    /// Whether this text is a phrase of the section.
    pub(super) fn has(&self, section: Section, text: &str) -> bool {
        self.number(section, text).is_some()
    }

    /// The number that a phrase of the section stands for.
    pub(super) fn number(&self, section: Section, text: &str) -> Option<u32> {
        self.sections.get(&section)?.known.get(text).copied()
    }

    /// The longest phrase of the section with which the text begins: what follows it.
    pub(super) fn strip_start<'a>(&self, section: Section, text: &'a str) -> Option<(&'a str, &'a str)> {
        let phrases = self.sections.get(&section)?;
        let blanks = text.match_indices(' ').map(|(at, _)| at).take(phrases.longest).collect::<Vec<_>>();
        let longest_first = blanks.into_iter().rev();
        longest_first.map(|at| (&text[..at], &text[at + 1..])).find(|(phrase, _)| phrases.known.contains_key(*phrase))
    }

    /// The longest phrase of the section with which the text ends: what stands before it.
    pub(super) fn strip_end<'a>(&self, section: Section, text: &'a str) -> Option<(&'a str, &'a str)> {
        let phrases = self.sections.get(&section)?;
        let blanks = text.rmatch_indices(' ').map(|(at, _)| at).take(phrases.longest).collect::<Vec<_>>();
        let longest_first = blanks.into_iter().rev();
        longest_first.map(|at| (&text[at + 1..], &text[..at])).find(|(phrase, _)| phrases.known.contains_key(*phrase))
    }

    /// Whether a phrase of the section stands anywhere in the text.
    pub(super) fn occurs(&self, section: Section, text: &str) -> bool {
        let Some(phrases) = self.sections.get(&section) else { return false };
        let starts = std::iter::once(0).chain(text.match_indices(' ').map(|(at, _)| at + 1));
        starts.into_iter().any(|from| {
            let rest = &text[from..];
            let ends = rest.match_indices(' ').map(|(at, _)| at).chain(std::iter::once(rest.len()));
            ends.take(phrases.longest).any(|to| phrases.known.contains_key(&rest[..to]))
        })
    }

    /// Every phrase of the section, in no order.
    #[cfg(test)]
    pub(super) fn phrases(&self, section: Section) -> impl Iterator<Item = &str> {
        self.sections.get(&section).into_iter().flat_map(|phrases| phrases.known.keys().map(String::as_str))
    }
}

/// The files of one language: talk and numbers. Its days and times are read by `calendar`.
macro_rules! files {
    ($($language:literal),+) => {
        &[$((
            $language,
            [
                include_str!(concat!("words/", $language, "/talk.txt")),
                include_str!(concat!("words/", $language, "/numbers.txt")),
            ],
        )),+]
    };
}

/// The shipped files, by language.
const FILES: &[(&str, [&str; 2])] = files!("en", "es", "fr", "de", "pt", "it", "nl", "hi", "ar", "sw", "id");

static LEXICONS: LazyLock<Vec<(&'static str, Lexicon)>> =
    LazyLock::new(|| FILES.iter().map(|(language, sources)| (*language, Lexicon::read(sources).0)).collect());

/// The words of a language, if a file has them; its region does not matter.
pub(super) fn lexicon(language: &str) -> Option<&'static Lexicon> {
    LEXICONS.iter().find(|(known, _)| *known == language).map(|(_, lexicon)| lexicon)
}

/// English, and the words of these languages that a file has.
pub(super) fn lexicons<'a>(languages: &'a [Language]) -> impl Iterator<Item = &'static Lexicon> + Clone + 'a {
    let others = languages.iter().filter(|language| language.base() != "en").filter_map(|language| lexicon(language.base()));
    lexicon("en").into_iter().chain(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_file_is_read_to_its_last_line() {
        for (language, sources) in FILES {
            let (lexicon, wrong) = Lexicon::read(sources);
            assert!(wrong.is_empty(), "{language}: {wrong:?}");
            assert!(Language::parse(language).is_some());
            assert!(lexicon.phrases(Section::OptOut).next().is_some(), "{language} has no opt-out words");
        }
    }

    #[test]
    fn mistakes_in_a_file_are_found() {
        let (_, wrong) = Lexicon::read(&["[nonsense]\nx\n[one]\nfive = x\n"]);
        assert_eq!(wrong.len(), 3, "{wrong:?}");
    }

    #[test]
    fn no_phrase_says_both_yes_and_no() {
        for (language, sources) in FILES {
            let lexicon = Lexicon::read(sources).0;
            for yes in [Section::Yes, Section::YesLenient] {
                for phrase in lexicon.phrases(yes) {
                    let no = lexicon.has(Section::No, phrase) || lexicon.has(Section::NoLenient, phrase);
                    assert!(!no, "{language}: {phrase}");
                }
            }
        }
    }

    #[test]
    fn phrases_are_found_at_the_ends_and_inside() {
        let lexicon = lexicon("en").expect("English is shipped");
        assert_eq!(lexicon.strip_start(Section::LeadIn, "i would like the cash"), Some(("i would like the", "cash")));
        assert_eq!(lexicon.strip_end(Section::Polite, "cash thank you very much"), Some(("thank you very much", "cash")));
        assert_eq!(lexicon.strip_start(Section::Polite, "please"), None);
        assert!(lexicon.occurs(Section::Not, "i do not know"));
        assert!(!lexicon.occurs(Section::Not, "a knot"));
    }
}
