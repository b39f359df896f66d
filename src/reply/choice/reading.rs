//! A reply read phrase by phrase: what of it names a choice, what stands around it, what turns it around. It names a choice
//! only if nothing is left over.

use super::near::Near;
use super::phrase::{self, Effect, Position};
use super::{Found, Match, Options, Rule, Shown, as_place, bare_number};
use crate::domain::value::Value;
use crate::reply::normalize::Normalized;
use crate::reply::number_words;
use crate::reply::words::Section;
use crate::reply::yes_no;

/// Words of the longest sentence that is searched for a choice; who writes more tells a story.
const WORDS: usize = 30;
/// Words of the longest place: "the one at the bottom".
const PLACE_WORDS: usize = 6;

/// What was read so far.
#[derive(Debug, Default)]
pub(in crate::reply) struct Reading {
    /// The choices that are named, in the order in which they are.
    pub mentions: Vec<Mention>,
    /// Words that are nothing known.
    pub unknown: bool,
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
    pub reason: String,
}

/// What names a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reply) enum Means {
    /// A bare number.
    Number,
    /// What can only be a place: "the second one".
    Place,
    /// A label or an `also`.
    Text,
}

/// A part of a reply.
struct Piece {
    bytes: usize,
    kind: Kind,
}

enum Kind {
    Names(Mention),
    Around,
    Unknown,
    Trouble(&'static str),
}

impl Reading {
    fn take(&mut self, piece: Piece, from: usize) {
        if !matches!(piece.kind, Kind::Around) {
            self.span = Some((self.span.map_or(from, |(from, _)| from), from + piece.bytes));
        }
        match piece.kind {
            Kind::Around => self.parting |= !self.mentions.is_empty(),
            Kind::Unknown => self.unknown = true,
            Kind::Trouble(why) => self.trouble = self.trouble.or(Some(why)),
            Kind::Names(mention) => {
                self.parted |= self.parting;
                self.mentions.push(mention);
            }
        }
    }

    fn numbers(&self) -> usize {
        self.mentions.iter().filter(|mention| mention.means == Means::Number).count()
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
            Found::NoSuchNumber => return Err("a number that is none of the choices".into()),
            Found::UnclearNumber => return Err("a number that could mean two of the choices".into()),
            Found::Several => return Err("two of the choices match".into()),
            Found::One(index, how) => return Ok(Match { index, reason: self.reason(index, how) }),
            Found::Nothing => {}
        }
        if whole.split(' ').nth(WORDS).is_some() {
            return Err("more words than a choice needs".into());
        }
        let reading = self.read(whole, shown);
        // Where a word is a choice itself, "ok, now" is more than a yes.
        if let Some(found) = self.yes_or_no(text, shown)
            && reading.mentions.iter().all(|mention| mention.index == found.index)
        {
            return Ok(found);
        }
        let trouble = reading.is_no_choice();
        match reading.mentions.first() {
            Some(mention) if trouble.is_none() && !reading.unknown => {
                return Ok(Match { index: mention.index, reason: format!("politeness aside, {}", mention.reason) });
            }
            _ => {}
        }
        let span = reading.span.filter(|_| trouble.is_none()).map(|(from, to)| &whole[from..to]);
        let mut nearest = None;
        for text in [Some(whole), span].into_iter().flatten().filter(|_| reading.unknown) {
            match self.nearest(text, shown) {
                // A number inside a label is no place.
                Near::One(found) if reading.mentions.iter().all(|m| m.index == found.index || m.means == Means::Number) => {
                    return Ok(found);
                }
                Near::One(_) => {}
                Near::Several => return Err("two of the choices are near".into()),
                Near::Nothing { next } => nearest = next.or(nearest),
            }
        }
        Err(match (trouble, nearest) {
            (Some(trouble), _) => trouble.into(),
            (None, Some((index, letters))) => {
                format!("none of the choices; nearest `{}`: {letters} letters", self.items[index].id)
            }
            (None, None) => "none of the choices".into(),
        })
    }

    /// What a text says of the choices.
    pub(in crate::reply) fn read(&self, text: &str, shown: Shown<'_>) -> Reading {
        let reading = self.read_as(text, shown, false);
        if reading.span.is_some() {
            return reading;
        }
        // "una" may be an article that stands before an answer, or the answer.
        self.read_as(text, shown, true)
    }

    fn read_as(&self, text: &str, shown: Shown<'_>, numbers_first: bool) -> Reading {
        let mut reading = Reading::default();
        let mut from = 0;
        while from < text.len() {
            let piece = self.piece(text, from, &reading, shown, numbers_first);
            let bytes = piece.bytes;
            reading.take(piece, from);
            from += bytes + 1;
        }
        reading
    }

    /// The longest phrase with which the rest of the reply begins. A choice goes before what may stand around one.
    fn piece(&self, whole: &str, from: usize, reading: &Reading, shown: Shown<'_>, numbers_first: bool) -> Piece {
        let rest = &whole[from..];
        let position = Position { after_something: reading.span.is_some(), at_start: reading.span.is_none() };
        let phrase = phrase::begin(rest, position, self.lexicons());
        let spoils = |phrase: &phrase::Phrase| matches!(phrase.effect, Effect::Spoils(_));
        let place = self.place_piece(whole, from, shown);
        if let Some(piece) = self.label_piece(rest, shown) {
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

    fn label_piece(&self, rest: &str, shown: Shown<'_>) -> Option<Piece> {
        let ends = rest.match_indices(' ').map(|(at, _)| at).chain([rest.len()]).take(self.longest);
        let ends: Vec<usize> = ends.collect();
        ends.into_iter().rev().filter(|end| bare_number(&rest[..*end]).is_none()).find_map(|bytes| {
            let kind = match self.by_text(&rest[..bytes], shown, Rule::Core) {
                Found::One(index, how) => Kind::Names(Mention { index, means: Means::Text, reason: self.reason(index, how) }),
                Found::Several => Kind::Trouble("two of the choices match"),
                _ => return None,
            };
            Some(Piece { bytes, kind })
        })
    }

    /// The bytes of the longest label or `also` with which a text begins.
    pub(in crate::reply) fn longest_label(&self, text: &str, shown: Shown<'_>) -> Option<usize> {
        self.label_piece(text, shown).map(|piece| piece.bytes)
    }

    /// The bytes of an "and" with which a text begins.
    pub(in crate::reply) fn and_at(&self, text: &str) -> Option<usize> {
        self.lexicons().map(|lexicon| lexicon.begins(Section::And, text)).max().filter(|bytes| *bytes > 0)
    }

    /// The bytes of an "and" that is written as one word with a choice that follows it, as in Arabic.
    pub(in crate::reply) fn joined_and(&self, text: &str, shown: Shown<'_>) -> Option<usize> {
        let letter = text.chars().next().filter(|c| *c == '\u{648}' && self.language[0].base() == "ar")?.len_utf8();
        let rest = &text[letter..];
        let names = |text: &str| self.label_piece(text, shown).is_some() || self.place_piece(text, 0, shown).is_some();
        (!names(text) && names(rest)).then_some(letter)
    }

    /// A number or a place: "2", "option 2", "two", "the second one", "the last one".
    fn place_piece(&self, whole: &str, from: usize, shown: Shown<'_>) -> Option<Piece> {
        let rest = &whole[from..];
        let announced =
            self.lexicons().filter_map(|lexicon| lexicon.strip_start(Section::Place, rest)).map(|(word, _)| word.len()).max();
        if let Some(skip) = announced.map(|bytes| bytes + 1)
            && let Some((bytes, number)) = self.number_at(&rest[skip..])
        {
            return Some(Piece { bytes: skip + bytes, kind: self.kind_of(self.by_place(number, shown), Means::Place) });
        }
        if let Some((bytes, number)) = self.last_at(rest, shown).or_else(|| self.ordinal_at(rest)) {
            let kind = match self.by_place(number, shown) {
                Found::One(index, _) if self.is_word_of_another(&rest[..bytes], index, shown) => {
                    Kind::Trouble("a place that is a word of another choice")
                }
                found => self.kind_of(found, Means::Place),
            };
            return Some(Piece { bytes, kind });
        }
        let (bytes, number) = self.number_at(rest)?;
        let in_words = bare_number(&rest[..bytes]).is_none();
        let kind = match self.find(&number.to_string(), shown) {
            _ if phrase::announces_time(&whole[..from], self.lexicons()) => Kind::Trouble("a time or an amount"),
            // "i want one": an article rather than a number.
            _ if in_words && number == 1 && !self.may_be_one(&whole[..from]) => Kind::Around,
            Found::One(index, _) if in_words && self.is_word_of_another(&rest[..bytes], index, shown) => {
                Kind::Trouble("a number that is a word of another choice")
            }
            found => self.kind_of(found, Means::Number),
        };
        Some(Piece { bytes, kind })
    }

    fn kind_of(&self, found: Found, means: Means) -> Kind {
        match found {
            Found::One(index, how) => Kind::Names(Mention { index, means, reason: self.reason(index, how) }),
            Found::NoSuchNumber | Found::Nothing => Kind::Trouble("a number that is none of the choices"),
            Found::UnclearNumber | Found::Several => Kind::Trouble("a number that could mean two of the choices"),
        }
    }

    /// A whole number in figures or words at the beginning of a text.
    fn number_at(&self, rest: &str) -> Option<(usize, u32)> {
        let word = rest.split(' ').next().unwrap_or(rest);
        if let Some(number) = bare_number(word) {
            return Some((word.len(), number));
        }
        if word.bytes().any(|b| b.is_ascii_digit()) {
            return None;
        }
        let read = number_words::begin(rest, self.lexicons())?;
        let bytes = rest[..rest.len() - read.rest.len()].trim_end().len();
        Some((bytes, as_place(read.value)?))
    }

    fn ordinal_at(&self, rest: &str) -> Option<(usize, u32)> {
        let ends: Vec<usize> = rest.match_indices(' ').map(|(at, _)| at).chain([rest.len()]).take(PLACE_WORDS).collect();
        ends.into_iter().rev().find_map(|end| Some((end, number_words::ordinal(&rest[..end], self.lexicons())?)))
    }

    fn last_at(&self, rest: &str, shown: Shown<'_>) -> Option<(usize, u32)> {
        let bytes = self.lexicons().map(|lexicon| lexicon.begins(Section::Last, rest)).max().filter(|bytes| *bytes > 0)?;
        let last = u32::try_from(shown.visible.len()).ok().filter(|count| *count > 1)?;
        Some((bytes, last))
    }

    /// Whether the number one in words can be a place here: after "I want" it is "one of these".
    fn may_be_one(&self, before: &str) -> bool {
        let word = before.trim_end().rsplit(' ').next().unwrap_or_default();
        let polite = word.is_empty() || self.lexicons().any(|l| l.has(Section::Polite, word));
        polite || self.language[0].base() != "en" && word.chars().count() <= 3
    }

    /// Whether a place in words could be a word of another choice: "first" beside "First class".
    fn is_word_of_another(&self, text: &str, index: usize, shown: Shown<'_>) -> bool {
        let telling = |word: &&str| {
            !self.lexicons().any(|l| [Section::LeadIn, Section::AfterChoice, Section::Place].iter().any(|s| l.has(*s, word)))
        };
        let mut words: Vec<&str> = text.split(' ').filter(telling).collect();
        if words.is_empty() {
            words.extend(text.split(' '));
        }
        let shares = |key: &str| key.split(' ').any(|word| words.contains(&word));
        let another = |key: &super::Key| key.index != index && shown.visible.contains(&key.index);
        self.keys.iter().any(|(key, keys)| keys.iter().any(another) && shares(key))
    }

    /// "nope" where the choices are "Yes, book it" and "No, thanks".
    fn yes_or_no(&self, text: &Normalized, shown: Shown<'_>) -> Option<Match> {
        let Value::Bool(said) = yes_no::understand(text, None, &self.language, false).ok()?.value else { return None };
        let (mut whole, mut first) = ([const { Vec::new() }; 2], [const { Vec::new() }; 2]);
        for index in shown.visible.iter().copied() {
            let label = Normalized::of(self.label(index)?);
            let says = |section| self.lexicons().any(|lexicon| lexicon.begins(section, label.as_str()) > 0);
            match (says(Section::Yes), says(Section::No)) {
                (true, false) => first[1].push(index),
                (false, true) => first[0].push(index),
                _ => {}
            }
            if let Ok(understood) = yes_no::understand(&label, None, &self.language, false)
                && let Value::Bool(yes) = understood.value
            {
                whole[usize::from(yes)].push(index);
            }
        }
        let both = first.iter().all(|indices| indices.len() == 1);
        let index = match whole[usize::from(said)].as_slice() {
            [index] if first[usize::from(said)].iter().all(|other| other == index) => *index,
            _ if both => first[usize::from(said)][0],
            _ => return None,
        };
        let word = if said { "yes" } else { "no" };
        Some(Match { index, reason: format!("a word for {word}, as the label of `{}`", self.items[index].id) })
    }
}

fn phrase_piece(phrase: phrase::Phrase) -> Piece {
    let kind = match phrase.effect {
        Effect::Around => Kind::Around,
        Effect::Spoils(why) => Kind::Trouble(why),
    };
    Piece { bytes: phrase.bytes, kind }
}
