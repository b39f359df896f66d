//! A reply read phrase by phrase: what of it names a choice, what stands around it, what turns it around. It names a choice
//! only if nothing is left over.

use super::near::{self, Near};
use super::phrase::{self, Effect, Position};
use super::spelling;
use super::{Found, Match, Options, Rule, Shown, bare_number};
use crate::reply::normalize::Normalized;
use crate::reply::words::Section;
use crate::reply::{calendar, close};

/// Words of the longest sentence that is searched for a choice; who writes more tells a story.
const WORDS: usize = 30;
/// Words of the longest beginning of a label that is looked for in a sentence.
const BEGINNING_WORDS: usize = 6;
/// Letters of a label beside which a word may stand that is not known.
const VERB_LETTERS: usize = 3;
pub(super) const NO_SUCH_NUMBER: &str = "a number that is none of the choices";

/// Why a sentence names no choice.
enum No {
    Because(&'static str),
    /// Nothing is like one; the nearest, and by how many letters.
    Nothing(Option<(usize, usize)>),
}

/// What was read so far.
#[derive(Debug, Default)]
pub(in crate::reply) struct Reading {
    /// The choices that are named, in the order in which they are.
    pub mentions: Vec<Mention>,
    /// Words that are nothing known.
    pub unknown: usize,
    /// One of them stands before every choice that is named.
    stranger: Option<(usize, usize)>,
    /// Something other than politeness was read.
    begun: bool,
    /// Words that change nothing stand between two choices: "1 to 3".
    pub parted: bool,
    /// Why it is no answer, whatever else it says.
    pub trouble: Option<&'static str>,
    /// The last thing was of these words, and a choice stands before it.
    parting: bool,
    /// The bytes from the first to the last thing that is more than what stands around an answer.
    span: Option<(usize, usize)>,
}

/// A choice that is named.
#[derive(Debug)]
pub(in crate::reply) struct Mention {
    pub index: usize,
    pub means: Means,
    /// The byte at which it begins.
    pub from: usize,
    /// Letters of the text that names it.
    pub letters: usize,
    pub reason: String,
}

impl Mention {
    fn is_number(&self) -> bool {
        matches!(self.means, Means::Number | Means::Spelled)
    }
}

/// What names a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reply) enum Means {
    /// A bare number.
    Number,
    /// The same in words, which beside a label is an amount: "two pizzas".
    Spelled,
    /// What can only be a place: "the second one".
    Place,
    /// A label or an `also`.
    Text,
}

/// A part of a reply.
pub(super) struct Piece {
    pub bytes: usize,
    pub kind: Kind,
}

pub(super) enum Kind {
    Names(Mention),
    Around,
    Polite,
    Unknown,
    Trouble(&'static str),
}

impl Reading {
    fn take(&mut self, piece: Piece, from: usize) {
        let to = from + piece.bytes;
        if !matches!(piece.kind, Kind::Around | Kind::Polite) {
            self.span = Some((self.span.map_or(from, |(from, _)| from), to));
        }
        self.begun |= !matches!(piece.kind, Kind::Polite);
        match piece.kind {
            Kind::Around | Kind::Polite => self.parting |= !self.mentions.is_empty(),
            Kind::Unknown => {
                self.unknown += 1;
                self.stranger = Some((from, to)).filter(|_| self.mentions.is_empty());
            }
            Kind::Trouble(why) => self.trouble = self.trouble.or(Some(why)),
            Kind::Names(mut mention) => {
                mention.from = from;
                self.parted |= self.parting;
                self.mentions.push(mention);
            }
        }
    }

    fn numbers(&self) -> usize {
        self.mentions.iter().filter(|mention| mention.is_number()).count()
    }

    fn has(&self, means: Means) -> bool {
        self.mentions.iter().any(|mention| mention.means == means)
    }

    /// Whether it names how many of something: "two pizzas".
    pub fn is_amount(&self) -> bool {
        self.has(Means::Spelled) && self.has(Means::Text)
    }

    /// Why it does not name exactly one choice, if it names any.
    fn is_no_choice(&self) -> Option<&'static str> {
        let two = || self.mentions.windows(2).any(|pair| pair[0].index != pair[1].index);
        // "2 2" may be 22.
        let twice = || self.numbers() > 1;
        self.trouble
            .or_else(|| two().then_some("it names two of the choices"))
            .or_else(|| twice().then_some("it says two numbers"))
    }
}

impl Options {
    /// By what is left without politeness, a place in words ("the second one"), the beginning of a label, or a label with slips
    /// of the finger; else the reason why not.
    pub fn lenient(&self, text: &Normalized, shown: Shown<'_>) -> Result<Match, String> {
        let Some(whole) = text.whole() else { return Err("too long to be one of the choices".into()) };
        if whole.is_empty() {
            return Err("nothing was written".into());
        }
        if text.asks() {
            return Err("it asks a question".into());
        }
        if text.doubts() {
            return Err("it is in doubt".into());
        }
        // Several readings of the message as it stands are not made one by reading it less closely.
        match self.find(whole, shown) {
            Found::NoSuchNumber => return Err(NO_SUCH_NUMBER.into()),
            Found::UnclearNumber => return Err("a number that could mean two of the choices".into()),
            Found::Several => return Err("two of the choices match".into()),
            Found::One(index, how) => return Ok(Match { index, reason: self.reason(index, how) }),
            Found::Nothing => {}
        }
        if whole.split(' ').nth(WORDS).is_some() {
            return Err("more words than a choice needs".into());
        }
        // Where a word is a choice itself, "ok, now" is more than a yes.
        let names_only =
            |found: &Match| self.read(whole, shown, false).mentions.iter().all(|mention| mention.index == found.index);
        if let Some(found) = self.yes_or_no(text, shown).filter(names_only) {
            return Ok(found);
        }
        let as_it_stands = self.in_sentence(whole, shown);
        let again = match &as_it_stands {
            Err(No::Nothing(_) | No::Because(NO_SUCH_NUMBER)) => spelling::respelled(whole, self.language[0]),
            _ => None,
        };
        let found = again.and_then(|respelled| self.in_sentence(&respelled, shown).ok());
        found.map_or(as_it_stands, Ok).map_err(|no| match no {
            No::Because(why) => why.into(),
            No::Nothing(Some((index, letters))) => {
                format!("none of the choices; nearest `{}`: {letters} letters", self.items[index].id)
            }
            No::Nothing(None) => "none of the choices".into(),
        })
    }

    /// The one choice that a sentence names and that nothing in it turns around.
    fn in_sentence(&self, whole: &str, shown: Shown<'_>) -> Result<Match, No> {
        let reading = self.read(whole, shown, false);
        let trouble = reading.is_no_choice();
        if let (Some(mention), None) = (reading.mentions.first(), trouble)
            && (reading.unknown == 0 || self.is_only_a_verb(whole, &reading, mention, shown))
        {
            return Ok(Match { index: mention.index, reason: format!("politeness aside, {}", mention.reason) });
        }
        let span = reading.span.filter(|_| trouble.is_none()).map(|(from, to)| &whole[from..to]);
        let mut nearest = None;
        for text in [Some(whole), span]
            .into_iter()
            .flatten()
            .filter(|_| reading.unknown > 0 || trouble.is_some() || reading.mentions.is_empty())
        {
            match self.nearest(text, shown) {
                // A number inside a label is no place.
                Near::One(found) if reading.mentions.iter().all(|m| m.index == found.index || m.is_number()) => {
                    return Ok(found);
                }
                Near::One(_) => {}
                Near::Several => return Err(No::Because("two of the choices are near")),
                Near::Nothing { next } => nearest = next.or(nearest),
            }
        }
        Err(trouble.map_or(No::Nothing(nearest), No::Because))
    }

    /// Whether the only word that is not known stands before a label, is no part of another choice, and turns nothing around:
    /// "collecting at the shop".
    pub(in crate::reply) fn is_only_a_verb(&self, text: &str, reading: &Reading, named: &Mention, shown: Shown<'_>) -> bool {
        let Some((from, to)) = reading.stranger.filter(|_| reading.unknown == 1) else { return false };
        let word = &text[from..to];
        let spoils = phrase::SPOILING.into_iter().collect();
        let base = self.language[0].base();
        let negates = match base {
            "en" => word.ends_with("nt"),
            "sw" => ["si", "ha", "hu"].iter().any(|prefix| word.starts_with(prefix)),
            "ar" => word.starts_with("ما") || word.ends_with('ش'),
            _ => false,
        };
        // In these languages a word right before a label may be part of its name: "dark blue".
        let apart = !matches!(base, "en" | "de" | "nl" | "hi") || named.from > to + 1;
        named.means == Means::Text
            && apart
            && named.letters >= VERB_LETTERS
            && close::letters(word) == word.chars().filter(|c| c.is_alphanumeric()).count().max(1)
            && !negates
            && !self.lexicons().any(|lexicon| lexicon.sections_of_word(word).meets(spoils))
            && !self.is_near_another(word, named.index, shown)
    }

    /// What a text says of the choices.
    /// `goes_on` says that choices were named before it.
    pub(in crate::reply) fn read(&self, text: &str, shown: Shown<'_>, goes_on: bool) -> Reading {
        let reading = self.read_as(text, shown, goes_on, false);
        if reading.span.is_some() {
            return reading;
        }
        // "una" may be an article that stands before an answer, or the answer.
        self.read_as(text, shown, goes_on, true)
    }

    fn read_as(&self, text: &str, shown: Shown<'_>, goes_on: bool, numbers_first: bool) -> Reading {
        let mut reading = Reading { begun: goes_on, ..Reading::default() };
        let mut from = 0;
        while from < text.len() {
            let position = Position { after_something: goes_on || reading.span.is_some(), at_start: !reading.begun };
            let piece = self.piece(text, from, position, shown, numbers_first);
            let bytes = piece.bytes;
            reading.take(piece, from);
            from += bytes + 1;
        }
        reading
    }

    /// The longest phrase with which the rest of the reply begins. A choice goes before what may stand around one.
    fn piece(&self, whole: &str, from: usize, position: Position, shown: Shown<'_>, numbers_first: bool) -> Piece {
        let rest = &whole[from..];
        let phrase = self.phrase_at(rest, position, shown);
        let spoils = |phrase: &phrase::Phrase| matches!(phrase.effect, Effect::Spoils(_));
        let place = self.place_piece(whole, from, shown);
        if let Some(piece) = self.label_piece(rest, shown).or_else(|| self.beginning_piece(rest, shown)) {
            let longer = phrase.filter(spoils).is_some_and(|phrase| phrase.bytes > piece.bytes);
            let place_longer = place.as_ref().is_some_and(|place| place.bytes > piece.bytes);
            if !longer && !place_longer {
                return piece;
            }
        }
        match (place, phrase) {
            (Some(place), Some(phrase)) if place.bytes < phrase.bytes || place.bytes == phrase.bytes && !numbers_first => {
                phrase_piece(phrase)
            }
            (Some(place), _) => place,
            (None, Some(phrase)) => phrase_piece(phrase),
            (None, None) => Piece { bytes: rest.find(' ').unwrap_or(rest.len()), kind: Kind::Unknown },
        }
    }

    /// The longest phrase that does not end inside a label which begins inside the phrase: "i will pick" before "Pick up".
    fn phrase_at(&self, rest: &str, position: Position, shown: Shown<'_>) -> Option<phrase::Phrase> {
        let mut most = rest.len();
        loop {
            let phrase = phrase::begin(rest, position, most, self.lexicons())?;
            let inner = rest[..phrase.bytes].match_indices(' ').map(|(at, _)| at);
            let reaches_out =
                |at: &usize| self.longest_label(&rest[at + 1..], shown).is_some_and(|bytes| at + 1 + bytes > phrase.bytes);
            match inner.into_iter().find(reaches_out) {
                Some(at) => most = at,
                None => return Some(phrase),
            }
        }
    }

    fn label_piece(&self, rest: &str, shown: Shown<'_>) -> Option<Piece> {
        let ends = rest.match_indices(' ').map(|(at, _)| at).chain([rest.len()]).take(self.longest);
        let ends: Vec<usize> = ends.collect();
        ends.into_iter().rev().filter(|end| bare_number(&rest[..*end]).is_none()).find_map(|bytes| {
            let kind = match self.by_text(&rest[..bytes], shown, Rule::Core) {
                Found::One(index, how) => {
                    let letters = close::letters(&rest[..bytes]);
                    Kind::Names(Mention { index, means: Means::Text, from: 0, letters, reason: self.reason(index, how) })
                }
                Found::Several => Kind::Trouble("two of the choices match"),
                _ => return None,
            };
            Some(Piece { bytes, kind })
        })
    }

    /// The first words of one label, or a day or month that one label names.
    fn beginning_piece(&self, rest: &str, shown: Shown<'_>) -> Option<Piece> {
        let first = rest.split(' ').next().unwrap_or(rest);
        let [language] = self.language;
        let talks = self.lexicons().any(|lexicon| !lexicon.sections_of(first).is_empty());
        let named = !talks && calendar::names(first, language).next().is_some();
        let telling = |word: &str| self.lexicons().all(|lexicon| lexicon.sections_of_word(word).is_empty());
        let ends_telling = |bytes: &usize| rest[..*bytes].rsplit(' ').next().is_some_and(telling);
        let ends: Vec<usize> = rest.match_indices(' ').map(|(at, _)| at).chain([rest.len()]).take(BEGINNING_WORDS).collect();
        let mut keys = self.visible_keys(shown);
        let mention = |index: usize, bytes: usize, reason: String| {
            let letters = close::letters(&rest[..bytes]);
            Piece { bytes, kind: Kind::Names(Mention { index, means: Means::Text, from: 0, letters, reason }) }
        };
        let mut days = Vec::new();
        if named {
            let same = |key: &str| key.split(' ').any(|word| self.is_same_name(first, word));
            days = keys.iter().filter(|(key, _)| same(key)).map(|(_, index)| *index).collect();
        }
        keys.retain(|(key, _)| key.starts_with(first) || near::has_word_like(key, first));
        for bytes in ends.into_iter().rev().filter(ends_telling) {
            let text = &rest[..bytes];
            if let Some(index) = self.only_beginning(text, &keys) {
                return Some(mention(index, bytes, format!("the beginning of `{}` and of no other", self.items[index].id)));
            }
        }
        let index = *days.first()?;
        let alone = days.iter().all(|other| *other == index);
        alone.then(|| mention(index, first.len(), format!("the day or month of `{}`", self.items[index].id)))
    }

    /// The bytes of the longest label or `also` with which a text begins.
    pub(in crate::reply) fn longest_label(&self, text: &str, shown: Shown<'_>) -> Option<usize> {
        self.label_piece(text, shown).map(|piece| piece.bytes)
    }

    /// The bytes of an "and" with which a text begins.
    pub(in crate::reply) fn and_at(&self, text: &str) -> Option<usize> {
        let bytes = self.lexicons().map(|lexicon| lexicon.begins(Section::And, text)).max().filter(|bytes| *bytes > 0)?;
        // "بعد" is "also" to some and "after" to all.
        let beyond = self.lexicons().any(|lexicon| lexicon.has(Section::Beyond, &text[..bytes]));
        (!beyond).then_some(bytes)
    }

    /// The bytes of an "and" that is written as one word with a choice that follows it, as in Arabic.
    pub(in crate::reply) fn joined_and(&self, text: &str, shown: Shown<'_>) -> Option<usize> {
        let letter = text.chars().next().filter(|c| *c == '\u{648}' && self.language[0].base() == "ar")?.len_utf8();
        let rest = &text[letter..];
        let names = |text: &str| self.label_piece(text, shown).is_some() || self.place_piece(text, 0, shown).is_some();
        (!names(text) && names(rest)).then_some(letter)
    }
}

fn phrase_piece(phrase: phrase::Phrase) -> Piece {
    let kind = match phrase.effect {
        Effect::Around => Kind::Around,
        Effect::Polite => Kind::Polite,
        Effect::Spoils(why) => Kind::Trouble(why),
    };
    Piece { bytes: phrase.bytes, kind }
}
