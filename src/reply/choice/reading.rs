//! A reply read phrase by phrase: what of it names a choice, what stands around it, what turns it around. It names a choice
//! only if nothing is left over.

use super::near::Near;
use super::phrase::{self, Effect, Position};
use super::spelling;
use super::{Found, Match, Options, Rule, Shown, as_place, bare_number};
use crate::domain::value::Value;
use crate::reply::normalize::Normalized;
use crate::reply::words::Section;
use crate::reply::yes_no;
use crate::reply::{calendar, close, number_words};

/// Words of the longest sentence that is searched for a choice; who writes more tells a story.
const WORDS: usize = 30;
/// Words of the longest place: "the one at the bottom".
const PLACE_WORDS: usize = 6;

/// Words of the longest beginning of a label that is looked for in a sentence.
const BEGINNING_WORDS: usize = 6;
/// Letters of a label beside which a word may stand that is not known.
const VERB_LETTERS: usize = 3;
/// What may stand between a word for a place and its number.
const NUMBER: [&str; 8] = ["no ", "nr ", "nro ", "num ", "n ° ", "n° ", "n ", "# "];

const NO_SUCH_NUMBER: &str = "a number that is none of the choices";

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
    /// Letters of the text that names it.
    letters: usize,
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
struct Piece {
    bytes: usize,
    kind: Kind,
}

enum Kind {
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
            Kind::Names(mention) => {
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
        let names_only = |found: &Match| self.read(whole, shown, false).mentions.iter().all(|mention| mention.index == found.index);
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
        for text in [Some(whole), span].into_iter().flatten().filter(|_| reading.unknown > 0 || trouble.is_some()) {
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
        named.means == Means::Text
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
        let phrase = phrase::begin(rest, position, self.lexicons());
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

    fn label_piece(&self, rest: &str, shown: Shown<'_>) -> Option<Piece> {
        let ends = rest.match_indices(' ').map(|(at, _)| at).chain([rest.len()]).take(self.longest);
        let ends: Vec<usize> = ends.collect();
        ends.into_iter().rev().filter(|end| bare_number(&rest[..*end]).is_none()).find_map(|bytes| {
            let kind = match self.by_text(&rest[..bytes], shown, Rule::Core) {
                Found::One(index, how) => {
                    let letters = close::letters(&rest[..bytes]);
                    Kind::Names(Mention { index, means: Means::Text, letters, reason: self.reason(index, how) })
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
        let keys = self.visible_keys(shown);
        let mention = |index: usize, bytes: usize, reason: String| {
            let letters = close::letters(&rest[..bytes]);
            Piece { bytes, kind: Kind::Names(Mention { index, means: Means::Text, letters, reason }) }
        };
        for bytes in ends.into_iter().rev().filter(ends_telling) {
            let text = &rest[..bytes];
            if let Some(index) = self.only_beginning(text, &keys) {
                return Some(mention(index, bytes, format!("the beginning of `{}` and of no other", self.items[index].id)));
            }
        }
        let mut days = keys.iter().filter(|(key, _)| named && key.split(' ').any(|word| self.is_same_name(first, word)));
        let (_, index) = days.next()?;
        let alone = days.all(|(_, other)| other == index);
        alone.then(|| mention(*index, first.len(), format!("the day or month of `{}`", self.items[*index].id)))
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

    /// A number or a place: "2", "option 2", "two", "the second one", "the last one".
    fn place_piece(&self, whole: &str, from: usize, shown: Shown<'_>) -> Option<Piece> {
        let rest = &whole[from..];
        let announced =
            self.lexicons().filter_map(|lexicon| lexicon.strip_start(Section::Place, rest)).map(|(word, _)| word.len()).max();
        if let Some(skip) = announced.map(|bytes| bytes + 1) {
            // "option no. 2", "choix n° 2"
            let short = |rest: &str| NUMBER.iter().find(|short| rest.starts_with(**short)).map_or(0, |short| short.len());
            let skip = skip + short(&rest[skip..]);
            if let Some((bytes, number)) = self.number_at(&rest[skip..]) {
                let found = self.by_announced_place(number, shown);
                return Some(Piece { bytes: skip + bytes, kind: self.kind_of(found, Means::Place) });
            }
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
            found => self.kind_of(found, if in_words { Means::Spelled } else { Means::Number }),
        };
        Some(Piece { bytes, kind })
    }

    fn kind_of(&self, found: Found, means: Means) -> Kind {
        match found {
            Found::One(index, how) => Kind::Names(Mention { index, means, letters: 0, reason: self.reason(index, how) }),
            Found::NoSuchNumber | Found::Nothing => Kind::Trouble(NO_SUCH_NUMBER),
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
        Effect::Polite => Kind::Polite,
        Effect::Spoils(why) => Kind::Trouble(why),
    };
    Piece { bytes: phrase.bytes, kind }
}
