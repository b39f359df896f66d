//! Several of the choices: parts of a reply, each of which is one of them.

use super::choice::{Means, Options, Shown};
use super::normalize::Normalized;
use super::parts::Words;
use super::words::{Lexicon, Section};
use super::{NotUnderstood, Understanding, Understood, number_words, politeness};
use crate::domain::value::Value;

/// How many may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// At least so many.
    pub min: usize,
    /// At most so many; all, if it says nothing.
    pub max: Option<usize>,
}

/// Reasons of parts that stand in the journal; the rest is counted.
const REASONS: usize = 4;

/// What was chosen so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Chosen {
    indices: Vec<usize>,
    reasons: Vec<String>,
    lenient: bool,
}

impl Options {
    /// A list of the chosen in the order in which they were shown, each once. `original` is the text that `text` was made
    /// of. One part that is no choice spoils the reply.
    pub fn understand_many(
        &self,
        text: &Normalized,
        original: &str,
        payload: Option<&str>,
        shown: Shown<'_>,
        bounds: Bounds,
    ) -> Understanding {
        let chosen = match self.tapped(payload, shown) {
            Some(index) => {
                let reason = format!("tapped `{}`", self.id(index).unwrap_or("?"));
                Ok(Chosen { indices: vec![index], reasons: vec![reason], lenient: false })
            }
            None => self.chosen(text, original, shown),
        };
        match chosen {
            Ok(chosen) => self.within(chosen, shown, bounds),
            Err(reason) => NotUnderstood::because(reason),
        }
    }

    fn within(&self, chosen: Chosen, shown: Shown<'_>, bounds: Bounds) -> Understanding {
        let indices: Vec<usize> = shown.visible.iter().copied().filter(|index| chosen.indices.contains(index)).collect();
        let count = indices.len();
        if count < bounds.min {
            return NotUnderstood::because(format!("{count} of the choices, at least {} are asked for", bounds.min));
        }
        if let Some(max) = bounds.max.filter(|max| count > *max) {
            return NotUnderstood::because(format!("{count} of the choices, at most {max} are asked for"));
        }
        let value = Value::List(indices.into_iter().map(|index| self.value(index)).collect());
        let mut reason = chosen.reasons.iter().take(REASONS).map(String::as_str).collect::<Vec<_>>().join("; ");
        if let Some(more) = chosen.reasons.len().checked_sub(REASONS).filter(|more| *more > 0) {
            reason.push_str(&format!("; and {more} more"));
        }
        if chosen.lenient { Understood::lenient(value, reason) } else { Understood::exact(value, reason) }
    }

    fn chosen(&self, text: &Normalized, original: &str, shown: Shown<'_>) -> Result<Chosen, String> {
        let Some(whole) = text.whole() else { return Err("too long to be some of the choices".into()) };
        if whole.is_empty() {
            return Err("nothing was written".into());
        }
        if let Some(found) = self.exact(text, None, shown) {
            return Ok(Chosen { indices: vec![found.index], reasons: vec![found.reason], lenient: false });
        }
        if text.asks() {
            return Err("it asks a question".into());
        }
        if text.doubts() {
            return Err("it is in doubt".into());
        }
        if let Some(chosen) = self.all(whole, shown) {
            return Ok(chosen);
        }
        let Some(words) = Words::of(original, whole) else { return Err("more words than choices need".into()) };
        // Labels that hold commas or "and" themselves are taken as wholes, unless their parts could be meant as well.
        let [one, other] = [true, false].map(|whole_labels| match words.parts(self, shown, whole_labels) {
            Some(parts) => self.of_parts(&parts, shown),
            None => Err("a range or a number that is none of the choices".into()),
        });
        match (one, other) {
            (Ok(one), Ok(other)) if one.set() != other.set() => Err("it can be read in two ways".into()),
            (Ok(one), _) => Ok(one),
            (Err(_), Ok(other)) => Ok(other),
            (Err(why), Err(_)) => Err(why),
        }
    }

    /// "all of them", "both" where there are two.
    fn all(&self, whole: &str, shown: Shown<'_>) -> Option<Chosen> {
        let texts = politeness::cores(whole, self.lexicons());
        let texts = std::iter::once(whole).chain(texts.iter().map(|core| core.text));
        let number = |text: &str| {
            text.parse()
                .ok()
                .or_else(|| number_words::cardinal(text, self.lexicons()).filter(|n| n.fract() == 0.0).map(|n| n as usize))
        };
        let counted = |text: &str| text.rsplit_once(' ').and_then(|(all, count)| Some((all.to_owned(), number(count)?)));
        let says = |text: &str, lexicon: &'static Lexicon| match lexicon.number(Section::All, text) {
            Some(0) => Some(shown.visible.len()),
            Some(count) => Some(count as usize),
            None if lexicon.has(Section::Both, text) => Some(2),
            // "all 3", "zote nne"
            None => counted(text).filter(|(all, _)| lexicon.number(Section::All, all) == Some(0)).map(|(_, count)| count),
        };
        let count = texts.into_iter().find_map(|text| self.lexicons().find_map(|lexicon| says(text, lexicon)))?;
        let all = count == shown.visible.len() && count > 1;
        all.then(|| Chosen {
            indices: shown.visible.to_vec(),
            reasons: vec![format!("all {count} of the choices")],
            lenient: true,
        })
    }

    fn of_parts(&self, parts: &[&str], shown: Shown<'_>) -> Result<Chosen, String> {
        let mut chosen = Chosen::default();
        for part in parts {
            self.of_part(part, shown, &mut chosen)?;
        }
        if chosen.indices.is_empty() { Err("none of the choices".into()) } else { Ok(chosen) }
    }

    /// The numbers of a part that an "and" joins without blanks: "1y3".
    fn stuck_numbers<'t>(&self, part: &'t str) -> Option<Vec<&'t str>> {
        let mut between = part.split(|c: char| c.is_ascii_digit()).filter(|text| !text.is_empty()).peekable();
        between.peek()?;
        let joins = |word: &str| self.lexicons().any(|lexicon| lexicon.has(Section::And, word));
        let ends = [part.bytes().next(), part.bytes().next_back()].into_iter().flatten().all(|b| b.is_ascii_digit());
        let stuck = ends && between.all(|word| word.chars().all(char::is_alphabetic) && joins(word));
        stuck.then(|| part.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()).collect())
    }

    /// A part is one choice, several numbers or labels in a row, or politeness.
    fn of_part(&self, part: &str, shown: Shown<'_>, chosen: &mut Chosen) -> Result<(), String> {
        let text = Normalized::of(part);
        if let Some(found) = self.exact(&text, None, shown) {
            chosen.add(found.index, found.reason);
            return Ok(());
        }
        if let Some(numbers) = self.stuck_numbers(part) {
            return numbers.into_iter().try_for_each(|number| self.of_part(number, shown, chosen));
        }
        let reading = self.read(part, shown, !chosen.indices.is_empty());
        if let Some(trouble) = reading.trouble {
            return Err(trouble.into());
        }
        if reading.unknown > 0 {
            let found = self.lenient(&text, shown).map_err(|why| format!("a part of it: {why}"))?;
            chosen.lenient = true;
            chosen.add(found.index, found.reason);
            return Ok(());
        }
        let of = |means: Means| {
            let mut indices: Vec<usize> = reading.mentions.iter().filter(|m| m.means == means).map(|m| m.index).collect();
            indices.sort_unstable();
            indices
        };
        let (mut numbers, places, texts) = (of(Means::Number), of(Means::Place), of(Means::Text));
        if reading.is_amount() {
            return Err("an amount".into());
        }
        numbers.extend(of(Means::Spelled));
        // "the first 3" is not the first and the third; "2 red" may be two red ones.
        let mixed = [&numbers, &places, &texts].into_iter().filter(|indices| !indices.is_empty()).count() > 1;
        let same = numbers.is_empty() && places == texts || places.is_empty() && numbers == texts;
        if mixed && !same {
            return Err("a number beside a choice".into());
        }
        if reading.parted && numbers.len() + places.len() + texts.len() > 1 {
            return Err("perhaps a range".into());
        }
        chosen.lenient |= !part.split(' ').all(|word| word.bytes().all(|b| b.is_ascii_digit()));
        for mention in reading.mentions {
            chosen.add(mention.index, mention.reason);
        }
        Ok(())
    }
}

impl Chosen {
    fn add(&mut self, index: usize, reason: String) {
        if !self.indices.contains(&index) {
            self.indices.push(index);
            self.reasons.push(reason);
        }
    }

    fn set(&self) -> Vec<usize> {
        let mut set = self.indices.clone();
        set.sort_unstable();
        set
    }
}

#[cfg(test)]
mod tests;
