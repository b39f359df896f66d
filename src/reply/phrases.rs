//! A message read as a row of known phrases, to its last word. What holds a word that is none of them is not read at all.

use super::words::{Lexicon, Section, Sections};
use std::borrow::Cow;

/// What a phrase brings into a message: a few bits, whose meaning the caller knows.
pub(super) type Bits = u8;

/// How many different sets of [`Bits`] there can be: five bits.
const SETS: u32 = 32;

/// Words with a slip that are looked up in one message: who mistypes more of them is not understood.
const SLIPS: usize = 3;

/// Words of a message in which slips are looked for: a longer one is none of what is read here.
const RESPELLED: usize = 40;

/// Letters of a word in which a slip is forgiven.
const SLIP_LETTERS: usize = 7;

/// The sections whose phrases may stand in a message, and what each brings into it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grammar<'a>(pub &'a [(Section, Bits)]);

/// Messages that are polite and nothing else.
pub(super) const POLITENESS: Grammar<'static> = Grammar(&[(Section::Polite, 0)]);

/// Every set of bits that the phrases of a message come to: one for each way to part it into phrases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Readings(u32);

impl Readings {
    const NONE: Readings = Readings(0);
    const START: Readings = Readings(1);

    /// Whether the message can be read so that its phrases bring exactly these bits.
    pub fn has(self, bits: Bits) -> bool {
        u32::from(bits) < SETS && self.0 & (1 << bits) != 0
    }

    /// Whether one of the ways to read it is one that `accepts` takes.
    pub fn any(self, accepts: impl Fn(Bits) -> bool) -> bool {
        (0..SETS as Bits).any(|bits| self.has(bits) && accepts(bits))
    }

    /// The same readings with one phrase more.
    fn with(self, bits: Bits) -> Readings {
        let sets = (0..SETS as Bits).filter(|set| self.has(*set));
        Readings(sets.fold(0, |out, set| out | 1 << ((set | bits) as u32 % SETS)))
    }

    fn or(self, other: Readings) -> Readings {
        Readings(self.0 | other.0)
    }
}

impl Grammar<'_> {
    /// Reads a text in its one form. `counts` may refuse a phrase where it stands: it gets the section and the bytes.
    pub fn read(
        self,
        text: &str,
        lexicons: impl Iterator<Item = &'static Lexicon> + Clone,
        counts: impl Fn(Section, usize, usize) -> bool,
    ) -> Readings {
        if text.is_empty() {
            return Readings::NONE;
        }
        // The readings of what stands before each word that is still ahead; a phrase never reaches further than its words.
        let mut ahead: Vec<(usize, Readings)> = vec![(0, Readings::START)];
        while let Some((at, so_far)) = take_first(&mut ahead) {
            if at > text.len() {
                return so_far;
            }
            for lexicon in lexicons.clone() {
                for (length, sections) in lexicon.at_start(&text[at..]) {
                    let to = at + length;
                    for (section, bits) in self.0 {
                        if sections.has(*section) && counts(*section, at, to) {
                            reach(&mut ahead, to + 1, so_far.with(*bits));
                        }
                    }
                }
            }
        }
        Readings::NONE
    }

    /// The text with each unknown word as the known one that it plainly is: "yesss" in any section, "absolutly" in those of
    /// `slips`.
    pub fn respell<'t>(
        self,
        text: &'t str,
        slips: &[Section],
        lexicons: impl Iterator<Item = &'static Lexicon> + Clone,
    ) -> Cow<'t, str> {
        let among = self.0.iter().map(|(section, _)| *section).collect::<Sections>();
        let meant = slips.iter().copied().collect::<Sections>();
        let knows = |word: &str| lexicons.clone().any(|lexicon| lexicon.sections_of_word(word).meets(among));
        if text.split(' ').nth(RESPELLED).is_some() || text.split(' ').all(knows) {
            return Cow::Borrowed(text);
        }
        let mut unknown = 0;
        let respelled = text.split(' ').map(|word| {
            if knows(word) {
                return Cow::Borrowed(word);
            }
            if let Some(known) = shortened(word).into_iter().find(|shorter| knows(shorter)) {
                return Cow::Owned(known);
            }
            // A word of another section is no slip of one of these.
            if lexicons.clone().any(|lexicon| lexicon.sections_of_word(word) != Sections::default()) {
                return Cow::Borrowed(word);
            }
            unknown += 1;
            let known = if unknown > SLIPS { None } else { with_one_slip(word, meant, lexicons.clone()) };
            Cow::Borrowed(known.unwrap_or(word))
        });
        Cow::Owned(respelled.collect::<Vec<_>>().join(" "))
    }
}

/// The readings at the first place ahead.
fn take_first(ahead: &mut Vec<(usize, Readings)>) -> Option<(usize, Readings)> {
    let first = ahead.iter().enumerate().min_by_key(|(_, (at, _))| *at).map(|(index, _)| index)?;
    Some(ahead.swap_remove(first))
}

fn reach(ahead: &mut Vec<(usize, Readings)>, place: usize, readings: Readings) {
    match ahead.iter_mut().find(|(at, _)| *at == place) {
        Some((_, known)) => *known = known.or(readings),
        None => ahead.push((place, readings)),
    }
}

/// What a word with letters that were held down may be: each such letter once, each twice, and the last letter once.
fn shortened(word: &str) -> Vec<String> {
    let once = with_runs(word, 1);
    let mut from_end = once.chars().rev();
    let last = from_end.next().map_or(0, char::len_utf8);
    let doubled = once.chars().next_back().is_some_and(|last| last.is_alphabetic() && from_end.next() == Some(last));
    let end_once = doubled.then(|| once[..once.len() - last].to_owned());
    [once, with_runs(word, 2)].into_iter().chain(end_once).filter(|shorter| shorter != word).collect()
}

/// The word with each letter that stands three times or more in a row only `times` times.
fn with_runs(word: &str, times: usize) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let end = rest.find(|other| other != c).unwrap_or(rest.len());
        let count = end / c.len_utf8();
        let kept = if count >= 3 && c.is_alphabetic() { times } else { count };
        out.push_str(&rest[..kept * c.len_utf8()]);
        rest = &rest[end..];
    }
    out
}

/// The one long word of these sections that this word is with one slip of the finger.
fn with_one_slip(word: &str, among: Sections, lexicons: impl Iterator<Item = &'static Lexicon>) -> Option<&'static str> {
    let long = |word: &str| word.len() >= SLIP_LETTERS && word.bytes().all(|b| b.is_ascii_lowercase());
    if !long(word) {
        return None;
    }
    let near = |known: &&str| {
        long(known)
            && known.len().abs_diff(word.len()) <= 1
            // A beginning turns a word into its contrary: "abmelden", "anmelden".
            && known.as_bytes().get(..2) == word.as_bytes().get(..2)
            && strsim::osa_distance(known, word) == 1
    };
    let mut found = lexicons.flat_map(|lexicon| lexicon.words(among)).filter(near);
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::words::lexicons;
    use proptest::prelude::*;

    const GRAMMAR: Grammar<'static> =
        Grammar(&[(Section::Yes, 1), (Section::No, 2), (Section::YesLenient, 1), (Section::Polite, 0)]);

    const SLIPS_IN: [Section; 2] = [Section::Yes, Section::YesLenient];

    fn read(text: &str) -> Vec<Bits> {
        let readings = GRAMMAR.read(text, lexicons(&[]), |_, _, _| true);
        (0..SETS as Bits).filter(|bits| readings.has(*bits)).collect()
    }

    #[test]
    fn a_message_is_read_to_its_last_word_or_not_at_all() {
        assert_eq!(read("yes"), [1]);
        assert_eq!(read("yes please thank you very much"), [1]);
        assert_eq!(read("yes no"), [3]);
        assert_eq!(read("please"), [0]);
        for text in ["", "yes tomorrow", "tomorrow yes", "yess"] {
            assert_eq!(read(text), [] as [Bits; 0], "{text}");
        }
    }

    #[test]
    fn a_phrase_can_be_refused_where_it_stands() {
        let readings = GRAMMAR.read("yes no", lexicons(&[]), |section, at, to| section != Section::No || (at, to) != (4, 6));
        assert!(!readings.any(|_| true));
    }

    #[test]
    fn held_down_letters_and_slips_in_long_words_are_forgiven() {
        let respell = |text| GRAMMAR.respell(text, &SLIPS_IN, lexicons(&[])).into_owned();
        for (text, expected) in [
            ("yesss", "yes"),
            ("yess pleeease", "yes please"),
            ("nooooo", "no"),
            ("absolutly", "absolutely"),
            ("absoltuely thanks", "absolutely thanks"),
            // Short words, other first letters and two slips are other words.
            ("yas", "yas"),
            ("ubsolutely", "ubsolutely"),
            ("abslutly", "abslutly"),
            ("soon", "soon"),
        ] {
            assert_eq!(respell(text), expected, "{text}");
        }
        assert_eq!(with_runs("1000", 1), "1000");
        assert_eq!(with_runs("نعمممم", 1), "نعم");
    }

    #[test]
    fn a_long_message_takes_linear_time() {
        // A message that could be parted at every word is read once from its beginning to its end.
        let long = "yes please ".repeat(20_000);
        assert_eq!(read(long.trim_end()), [1]);
        let unknown = "absolutlx ".repeat(20_000);
        assert_eq!(GRAMMAR.respell(unknown.trim_end(), &SLIPS_IN, lexicons(&[])).len(), unknown.len() - 1);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[a-zéनعم०1?👍 ]{0,40}") {
            let text = crate::reply::normalize::Normalized::of(&text);
            let respelled = GRAMMAR.respell(text.as_str(), &SLIPS_IN, lexicons(&[]));
            GRAMMAR.read(&respelled, lexicons(&[]), |_, _, _| true);
        }
    }
}
