//! The words of a language that the understanding of replies knows. They stand in the text files of `words/LANGUAGE/`, so that
//! a speaker can correct them without programming; the files are compiled in and read once.

use super::normalize::Normalized;
use crate::domain::language::Language;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

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
    Hundreds,
    Scale,
    And,
    Minus,
    NotEnglish,
    Leave,
    BesideLeave,
    AskFor,
    Beside,
    BesideYes,
    BesideNo,
    Point,
    Quarters,
    AndQuarters,
    QuartersAnd,
    Rule,
    OrdinalBefore,
    OrdinalAfter,
    OrdinalPrefix,
    OrdinalSuffix,
    Article,
    Bound,
    NotBeforeNumber,
    Unit,
    UnitBefore,
    NumberBefore,
    NumberAfter,
    PhoneBefore,
    PhoneAfter,
    EmailBefore,
    EmailAfter,
    Last,
    Both,
    All,
    BeforeTime,
    Beyond,
    BeforeChoice,
    AfterChoice,
    PlaceNoun,
}

impl Section {
    const ALL: &'static [(Section, &'static str)] = &[
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
        (Section::Hundreds, "hundreds"),
        (Section::Scale, "scale"),
        (Section::And, "and"),
        (Section::Minus, "minus"),
        (Section::NotEnglish, "not english"),
        (Section::Leave, "leave"),
        (Section::BesideLeave, "beside leave"),
        (Section::AskFor, "ask for"),
        (Section::Beside, "beside yes or no"),
        (Section::BesideYes, "beside yes"),
        (Section::BesideNo, "beside no"),
        (Section::Point, "point"),
        (Section::Quarters, "quarters"),
        (Section::AndQuarters, "and quarters"),
        (Section::QuartersAnd, "quarters and"),
        (Section::Rule, "rule"),
        (Section::OrdinalBefore, "ordinal before"),
        (Section::OrdinalAfter, "ordinal after"),
        (Section::OrdinalPrefix, "ordinal prefix"),
        (Section::OrdinalSuffix, "ordinal suffix"),
        (Section::Article, "article"),
        (Section::Bound, "bound"),
        (Section::NotBeforeNumber, "not before number"),
        (Section::Unit, "unit"),
        (Section::UnitBefore, "unit before"),
        (Section::NumberBefore, "number before"),
        (Section::NumberAfter, "number after"),
        (Section::PhoneBefore, "phone before"),
        (Section::PhoneAfter, "phone after"),
        (Section::EmailBefore, "email before"),
        (Section::EmailAfter, "email after"),
        (Section::Last, "last"),
        (Section::Both, "both"),
        (Section::All, "all"),
        (Section::BeforeTime, "before a time"),
        (Section::Beyond, "beyond a choice"),
        (Section::BeforeChoice, "before a choice"),
        (Section::AfterChoice, "after a choice"),
        (Section::PlaceNoun, "place noun"),
    ];

    fn named(name: &str) -> Option<Section> {
        Section::ALL.iter().find(|(_, known)| *known == name).map(|(section, _)| *section)
    }
}

/// Several sections at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sections(u128);

impl Sections {
    /// Whether this section is among them.
    pub(super) fn has(self, section: Section) -> bool {
        self.0 & (1 << section as u32) != 0
    }

    /// Whether there are none.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether one of those sections is among them.
    pub(super) fn meets(self, others: Sections) -> bool {
        self.0 & others.0 != 0
    }

    fn add(&mut self, section: Section) {
        self.0 |= 1 << section as u32;
    }
}

impl FromIterator<Section> for Sections {
    fn from_iter<T: IntoIterator<Item = Section>>(sections: T) -> Self {
        sections.into_iter().fold(Sections::default(), |mut all, section| {
            all.add(section);
            all
        })
    }
}

/// A phrase in its one form: where it stands and which number it is there.
#[derive(Debug, Default)]
struct Phrase {
    sections: Sections,
    /// For the sections where it is a number other than zero.
    numbers: Vec<(Section, u32)>,
}

/// What the files of one language say, made ready once.
#[derive(Debug, Default)]
struct Book {
    phrases: HashMap<Box<str>, Phrase>,
    /// The words of all phrases, with the sections of those phrases.
    vocabulary: HashMap<Box<str>, Sections>,
    /// Words of the longest phrase of each section.
    longest: HashMap<Section, usize>,
}

/// All sections of one language, without the phrases that mean something else where it is read.
#[derive(Debug, Clone)]
pub(super) struct Lexicon {
    book: Arc<Book>,
    /// Phrases that do not count here.
    hidden: HashSet<Box<str>>,
    /// Words of its longest phrase.
    longest: usize,
}

impl Lexicon {
    /// Reads files of words. What cannot be read is left out; a test reads every shipped file strictly.
    fn read(language: &str, sources: &[&str]) -> (Self, Vec<String>) {
        let mut book = Book::default();
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
            let (Some(section), Some(number)) = (current, number) else {
                wrong.push(format!("`{line}` is no phrase of a section"));
                continue;
            };
            // German has two ways to write its umlauts without the keys for them.
            let spelled_out = if language == "de" { umlauts_spelled_out(phrase) } else { None };
            for phrase in std::iter::once(phrase).chain(spelled_out.as_deref()) {
                if !book.add(section, &Normalized::of(phrase), number) {
                    wrong.push(format!("`{line}` is no phrase of a section"));
                }
            }
        }
        let longest = book.longest.values().copied().max().unwrap_or(0);
        (Lexicon { book: Arc::new(book), hidden: HashSet::new(), longest }, wrong)
    }

    /// The same words where `own` is spoken: without those that `own` says mean something else there.
    fn beside(&self, own: &Lexicon) -> Lexicon {
        let hidden = own.phrases(Section::NotEnglish).map(Box::from).collect();
        Lexicon { hidden, ..self.clone() }
    }

    fn phrase(&self, text: &str) -> Option<&Phrase> {
        self.book.phrases.get(text).filter(|_| self.hidden.is_empty() || !self.hidden.contains(text))
    }

    fn longest(&self, section: Section) -> usize {
        self.book.longest.get(&section).copied().unwrap_or(0)
    }

    /// Whether this text is a phrase of the section.
    pub(super) fn has(&self, section: Section, text: &str) -> bool {
        self.phrase(text).is_some_and(|phrase| phrase.sections.has(section))
    }

    /// The number that a phrase of the section stands for.
    pub(super) fn number(&self, section: Section, text: &str) -> Option<u32> {
        let phrase = self.phrase(text).filter(|phrase| phrase.sections.has(section))?;
        Some(phrase.numbers.iter().find(|(of, _)| *of == section).map_or(0, |(_, number)| *number))
    }

    /// The longest phrase of the section with which the text begins: what follows it.
    pub(super) fn strip_start<'a>(&self, section: Section, text: &'a str) -> Option<(&'a str, &'a str)> {
        let blanks = text.match_indices(' ').map(|(at, _)| at).take(self.longest(section)).collect::<Vec<_>>();
        let longest_first = blanks.into_iter().rev();
        longest_first.map(|at| (&text[..at], &text[at + 1..])).find(|(phrase, _)| self.has(section, phrase))
    }

    /// The longest phrase of the section with which the text ends: what stands before it.
    pub(super) fn strip_end<'a>(&self, section: Section, text: &'a str) -> Option<(&'a str, &'a str)> {
        let blanks = text.rmatch_indices(' ').map(|(at, _)| at).take(self.longest(section)).collect::<Vec<_>>();
        let longest_first = blanks.into_iter().rev();
        longest_first.map(|at| (&text[at + 1..], &text[..at])).find(|(phrase, _)| self.has(section, phrase))
    }

    /// The bytes of the longest phrase of the section with which the text begins, which may be all of it.
    pub(super) fn begins(&self, section: Section, text: &str) -> usize {
        self.at_start(text).filter(|(_, sections)| sections.has(section)).last().map_or(0, |(bytes, _)| bytes)
    }

    /// The sections in which this text is a phrase.
    pub(super) fn sections_of(&self, text: &str) -> Sections {
        self.phrase(text).map(|phrase| phrase.sections).unwrap_or_default()
    }

    /// Whether a phrase of the section stands anywhere in the text.
    pub(super) fn occurs(&self, section: Section, text: &str) -> bool {
        let longest = self.longest(section);
        let starts = std::iter::once(0).chain(text.match_indices(' ').map(|(at, _)| at + 1));
        starts.into_iter().any(|from| {
            let rest = &text[from..];
            let ends = rest.match_indices(' ').map(|(at, _)| at).chain(std::iter::once(rest.len()));
            ends.take(longest).any(|to| self.has(section, &rest[..to]))
        })
    }

    /// Every phrase with which the text begins: its bytes, and the sections where it stands.
    pub(super) fn at_start(&self, text: &str) -> impl Iterator<Item = (usize, Sections)> {
        let ends = text.match_indices(' ').map(|(at, _)| at).chain(std::iter::once(text.len()));
        ends.take(self.longest).filter_map(|to| Some((to, self.phrase(&text[..to])?.sections)))
    }

    /// The sections in whose phrases this word stands.
    pub(super) fn sections_of_word(&self, word: &str) -> Sections {
        self.book.vocabulary.get(word).copied().unwrap_or_default()
    }

    /// Every word of a phrase of these sections, in no order.
    pub(super) fn words(&self, among: Sections) -> impl Iterator<Item = &str> {
        self.book.vocabulary.iter().filter(move |(_, sections)| sections.meets(among)).map(|(word, _)| &**word)
    }

    /// Every phrase of the section, in no order.
    pub(super) fn phrases(&self, section: Section) -> impl Iterator<Item = &str> {
        let phrases = self.book.phrases.iter().filter(move |(_, phrase)| phrase.sections.has(section));
        phrases.map(|(text, _)| &**text).filter(|text| !self.hidden.contains(*text))
    }
}

impl Book {
    /// Adds a phrase; says whether there was one.
    fn add(&mut self, section: Section, phrase: &Normalized, number: u32) -> bool {
        if phrase.is_empty() {
            return false;
        }
        let longest = self.longest.entry(section).or_default();
        *longest = (*longest).max(phrase.words().count());
        for word in phrase.words() {
            self.vocabulary.entry(word.into()).or_default().add(section);
        }
        let entry = self.phrases.entry(phrase.as_str().into()).or_default();
        entry.sections.add(section);
        entry.numbers.retain(|(of, _)| *of != section);
        if number != 0 {
            entry.numbers.push((section, number));
        }
        true
    }
}

/// A German text with ae, oe, ue for its umlauts, if it has any.
fn umlauts_spelled_out(text: &str) -> Option<String> {
    let small = text.to_lowercase();
    let spelled = [('ä', "ae"), ('ö', "oe"), ('ü', "ue")].iter().fold(small.clone(), |text, (c, two)| text.replace(*c, two));
    (spelled != small).then_some(spelled)
}

/// The files of one language: talk, numbers and choices. Its days and times are read by `calendar`.
macro_rules! files {
    ($($language:literal),+) => {
        &[$((
            $language,
            [
                include_str!(concat!("words/", $language, "/talk.txt")),
                include_str!(concat!("words/", $language, "/numbers.txt")),
                include_str!(concat!("words/", $language, "/choices.txt")),
            ],
        )),+]
    };
}

/// The shipped files, by language.
const FILES: &[(&str, [&str; 3])] = files!("en", "es", "fr", "de", "pt", "it", "nl", "hi", "ar", "sw", "id");

/// The words of one language, and the English ones that count beside them.
struct Shipped {
    own: Lexicon,
    english: Lexicon,
}

/// What was read of `FILES`. A language is read when it is first asked for: most projects speak two of them.
static LEXICONS: [OnceLock<Shipped>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];

fn shipped(language: &str) -> Option<&'static Shipped> {
    let place = FILES.iter().position(|(known, _)| *known == language)?;
    let read = || {
        let own = Lexicon::read(language, &FILES[place].1).0;
        let english = if language == "en" { Some(&own) } else { shipped("en").map(|english| &english.own) };
        let english = english.map_or_else(|| own.clone(), |english| english.beside(&own));
        Shipped { own, english }
    };
    Some(LEXICONS[place].get_or_init(read))
}

/// The words of a language, if a file has them; its region does not matter.
pub(super) fn lexicon(language: &str) -> Option<&'static Lexicon> {
    shipped(language).map(|shipped| &shipped.own)
}

/// The words of these languages that a file has, then those of English. Where English is not one of the languages, its words
/// that mean something else in the first of them do not count.
pub(super) fn lexicons<'a>(languages: &'a [Language]) -> impl Iterator<Item = &'static Lexicon> + Clone + 'a {
    let others = languages.iter().map(Language::base).filter(|base| *base != "en");
    let spoken = languages.iter().any(|language| language.base() == "en");
    let first = others.clone().find_map(shipped).filter(|_| !spoken);
    let english = first.or_else(|| shipped("en")).map(|shipped| &shipped.english);
    others.filter_map(lexicon).chain(english)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_file_is_read_to_its_last_line() {
        for (language, sources) in FILES {
            let (lexicon, wrong) = Lexicon::read(language, sources);
            assert!(wrong.is_empty(), "{language}: {wrong:?}");
            assert!(Language::parse(language).is_some());
            assert!(lexicon.phrases(Section::OptOut).next().is_some(), "{language} has no opt-out words");
        }
    }

    #[test]
    fn mistakes_in_a_file_are_found() {
        let (_, wrong) = Lexicon::read("en", &["[nonsense]\nx\n[one]\nfive = x\n"]);
        assert_eq!(wrong.len(), 3, "{wrong:?}");
    }

    #[test]
    fn no_phrase_says_both_yes_and_no() {
        for (language, sources) in FILES {
            let lexicon = Lexicon::read(language, sources).0;
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
