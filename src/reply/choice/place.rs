//! Places and numbers in a sentence: "2", "option 2", "two", "the second one", "the last one".

use super::phrase;
use super::reading::{Kind, Means, Mention, NO_SUCH_NUMBER, Piece};
use super::{Found, Key, Options, Shown, as_place, bare_number};
use crate::reply::number_words;
use crate::reply::words::Section;

/// Words of the longest place: "the one at the bottom".
const PLACE_WORDS: usize = 6;

/// Letters of a word of a label that a noun may hold to be of its kind: "Zimmer" beside "Zimmernummer".
const NOUN_LETTERS: usize = 4;

/// What may stand between a word for a place and its number.
const NUMBER: [&str; 8] = ["no ", "nr ", "nro ", "num ", "n ° ", "n° ", "n ", "# "];

/// What announces a place by itself.
const SIGNS: [&str; 5] = ["n ° ", "n° ", "nr ", "nro ", "num "];

impl Options {
    /// A number or a place: "2", "option 2", "two", "the second one", "the last address".
    pub(super) fn place_piece(&self, whole: &str, from: usize, shown: Shown<'_>) -> Option<Piece> {
        let noun = self.noun_at(&whole[from..], shown).map(|bytes| bytes + 1);
        if let Some(skip) = noun.filter(|skip| from + skip < whole.len())
            && let Some(Piece { bytes, kind: Kind::Names(mention) }) = self.bare_place(whole, from + skip, shown)
            && mention.means == Means::Place
        {
            return Some(Piece { bytes: skip + bytes, kind: Kind::Names(mention) });
        }
        let mut piece = self.bare_place(whole, from, shown)?;
        if matches!(&piece.kind, Kind::Names(mention) if mention.means == Means::Place) {
            let after = whole[from + piece.bytes..].strip_prefix(' ').and_then(|rest| self.noun_at(rest, shown));
            piece.bytes += after.map_or(0, |bytes| 1 + bytes);
        }
        Some(piece)
    }

    /// The bytes of a word for what stands in the list, unless a label has it too: "first branch" beside "Main branch".
    fn noun_at(&self, rest: &str, shown: Shown<'_>) -> Option<usize> {
        let bytes = self.lexicons().map(|lexicon| lexicon.begins(Section::PlaceNoun, rest)).max().filter(|bytes| *bytes > 0)?;
        let noun = &rest[..bytes];
        let shares = |key: &str| {
            let same = |word: &str| word == noun || word.chars().count() >= NOUN_LETTERS && noun.contains(word);
            key.contains(noun) || key.split(' ').any(same)
        };
        let visible = |keys: &[Key]| keys.iter().any(|key| shown.visible.contains(&key.index));
        (!self.keys.iter().any(|(key, keys)| visible(keys) && shares(key))).then_some(bytes)
    }

    fn bare_place(&self, whole: &str, from: usize, shown: Shown<'_>) -> Option<Piece> {
        let rest = &whole[from..];
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).map(|sign| sign.len());
        if let Some(skip) = sign
            && let Some((bytes, number)) = self.number_at(&rest[skip..])
        {
            return Some(Piece { bytes: skip + bytes, kind: self.kind_of(self.by_announced_place(number, shown), Means::Place) });
        }
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
            Found::One(index, how) => Kind::Names(Mention { index, means, from: 0, letters: 0, reason: self.reason(index, how) }),
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
        let another = |key: &Key| key.index != index && shown.visible.contains(&key.index);
        self.keys.iter().any(|(key, keys)| keys.iter().any(another) && shares(key))
    }
}
