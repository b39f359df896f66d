//! How the words of a number are put together. One grammar for all languages; where they differ, a file of words says so
//! under `[rule]`.

use super::super::words::{Lexicon, Section};
use super::token::{Kind, Token};

/// What a language does otherwise. Each is a phrase under `[rule]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// fünf-und-zwanzig.
    ones_before_tens: bool,
    /// treinta y cinco, never treinta cinco.
    and_after_tens: bool,
    /// soixante-quinze.
    teens_after_tens: bool,
    /// mia mbili.
    scale_first: bool,
    /// dua setengah: what stands alone as a half is added behind a number.
    quarters_follow: bool,
}

impl Rules {
    /// Their names in the files.
    #[cfg(test)]
    pub(super) const NAMES: [&str; 5] =
        ["ones before tens", "and after tens", "teens after tens", "scale first", "quarters follow"];

    fn of(lexicon: &Lexicon) -> Self {
        let says = |name: &str| lexicon.has(Section::Rule, name);
        Rules {
            ones_before_tens: says("ones before tens"),
            and_after_tens: says("and after tens"),
            teens_after_tens: says("teens after tens"),
            scale_first: says("scale first"),
            quarters_follow: says("quarters follow"),
        }
    }
}

/// Reads parts of a number. Every function takes the index of the first part that it may read, and gives that of the first
/// which it did not.
pub(super) struct Reader<'a> {
    tokens: &'a [Token],
    rules: Rules,
}

impl<'a> Reader<'a> {
    pub(super) fn new(tokens: &'a [Token], lexicon: &Lexicon) -> Self {
        Reader { tokens, rules: Rules::of(lexicon) }
    }

    /// The longest number from the first part on, and the byte at which it ends.
    pub(super) fn read(&self) -> Option<(f64, usize)> {
        let (mut number, mut at, scale) = self.groups()?;
        if let Some((quarters, next)) = self.quarters_behind(at) {
            // "A million and a half" has half a million; "a thousand and a half" has two readings.
            let unit = match scale {
                None => Some(1.0),
                Some(scale) if scale >= 100_000.0 => Some(scale),
                Some(_) => None,
            };
            if let Some(unit) = unit {
                number += f64::from(quarters) / 4.0 * unit;
                at = next;
            }
        } else if let Some((decimals, next)) = self.decimals(at) {
            number = format!("{number}.{decimals}").parse().ok().filter(|_| number.fract() == 0.0)?;
            at = next;
        }
        Some((number, self.tokens.get(at.checked_sub(1)?)?.end?))
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn after_and(&self, at: usize) -> usize {
        if self.kind(at) == Some(Kind::And) { at + 1 } else { at }
    }

    /// Millions, thousands, the rest; and the scale with which it ends, if it does.
    fn groups(&self) -> Option<(f64, usize, Option<f64>)> {
        let mut total = 0.0;
        let mut smallest = f64::INFINITY;
        let mut at = 0;
        loop {
            let from = if at == 0 { 0 } else { self.after_and(at) };
            let Some((amount, scale, next)) = self.group(from, at > 0).filter(|(_, scale, _)| *scale < smallest) else {
                return (at > 0).then_some((total, at, Some(smallest).filter(|s| *s > 1.0)));
            };
            total += amount;
            smallest = scale;
            at = next;
            if scale == 1.0 {
                return Some((total, at, None));
            }
        }
    }

    /// A number with its scale, which is 1 where none is named; `inside` another number figures need one.
    fn group(&self, at: usize, inside: bool) -> Option<(f64, f64, usize)> {
        match self.kind(at)? {
            Kind::Scale(scale) => {
                let behind = self.below_thousand(at + 1).filter(|_| self.rules.scale_first);
                let (times, next) = behind.unwrap_or((1.0, at + 1));
                Some((times * f64::from(scale), f64::from(scale), next))
            }
            Kind::Hundreds(number @ 1_000..) => {
                let scale = if number >= 1_000_000 { 1_000_000.0 } else { 1_000.0 };
                Some((f64::from(number), scale, at + 1))
            }
            first => {
                let (times, next) = self.below_thousand(at)?;
                let figure = matches!(first, Kind::Figure(_));
                match self.kind(next) {
                    Some(Kind::Scale(scale)) if times > 0.0 && (figure || !self.rules.scale_first) => {
                        Some((times * f64::from(scale), f64::from(scale), next + 1))
                    }
                    _ if inside && (figure || times == 0.0) => None,
                    _ => Some((times, 1.0, next)),
                }
            }
        }
    }

    /// What may stand before a scale: figures, quarters, or a number below a thousand.
    fn below_thousand(&self, at: usize) -> Option<(f64, usize)> {
        let (number, next) = match self.kind(at)? {
            Kind::Figure(number) => (number, at + 1),
            Kind::Quarters(quarters) => (f64::from(quarters) / 4.0, at + 1),
            Kind::QuartersAnd(quarters) => {
                // "सवा सौ" is a hundred and a quarter of it.
                let (number, next) = match (quarters, self.kind(at + 1)?) {
                    (1, Kind::Hundred | Kind::Scale(_)) => (1, at + 1),
                    _ => self.below_hundred(at + 1)?,
                };
                (f64::from(number) + f64::from(quarters) / 4.0, next)
            }
            _ => return self.hundreds(at).map(|(number, next)| (f64::from(number), next)),
        };
        let hundreds = self.kind(next) == Some(Kind::Hundred) && (1.0..100.0).contains(&number);
        Some(if hundreds { (number * 100.0, next + 1) } else { (number, next) })
    }

    fn hundreds(&self, at: usize) -> Option<(u32, usize)> {
        let (hundreds, next) = match self.kind(at)? {
            Kind::Hundreds(number @ 0..1_000) => (number, at + 1),
            Kind::Hundred => match self.kind(at + 1) {
                Some(Kind::One(times @ 1..=9)) if self.rules.scale_first => (times * 100, at + 2),
                _ => (100, at + 1),
            },
            _ => {
                let (number, next) = self.below_hundred(at)?;
                // "Fifteen hundred" is said, "ten hundred" is not.
                let times = matches!(number, 1..=9) || number > 10 && number % 10 != 0;
                if !times || self.kind(next) != Some(Kind::Hundred) || self.rules.scale_first {
                    return Some((number, next));
                }
                (number * 100, next + 1)
            }
        };
        match self.below_hundred(self.after_and(next)) {
            Some((rest @ 1.., next)) => Some((hundreds + rest, next)),
            _ => Some((hundreds, next)),
        }
    }

    fn below_hundred(&self, at: usize) -> Option<(u32, usize)> {
        match self.kind(at)? {
            Kind::One(one) => match (self.kind(at + 1), self.kind(at + 2)) {
                (Some(Kind::And), Some(Kind::Ten(ten))) if self.rules.ones_before_tens && (1..=9).contains(&one) => {
                    Some((ten + one, at + 3))
                }
                _ => Some((one, at + 1)),
            },
            Kind::Ten(ten) => {
                let next = self.after_and(at + 1);
                let joined = !self.rules.ones_before_tens && (next > at + 1 || !self.rules.and_after_tens);
                match self.kind(next) {
                    Some(Kind::One(one)) if joined && self.joins(ten, one) => Some((ten + one, next + 1)),
                    _ => Some((ten, at + 1)),
                }
            }
            _ => None,
        }
    }

    fn joins(&self, ten: u32, one: u32) -> bool {
        let teens = self.rules.teens_after_tens && (ten == 60 || ten == 80);
        (1..=9).contains(&one) || teens && (10..=19).contains(&one)
    }

    fn quarters_behind(&self, at: usize) -> Option<(u32, usize)> {
        let next = self.after_and(at);
        match self.kind(next)? {
            Kind::AndQuarters(quarters) if next == at => Some((quarters, at + 1)),
            Kind::Quarters(quarters @ 0..4) if next > at || self.rules.quarters_follow => Some((quarters, next + 1)),
            _ => None,
        }
    }

    /// What follows "point": digit by digit, or a number below a hundred.
    fn decimals(&self, at: usize) -> Option<(String, usize)> {
        if self.kind(at)? != Kind::Point {
            return None;
        }
        if let Kind::Figure(figure) = self.kind(at + 1)? {
            return (figure.fract() == 0.0).then(|| (figure.to_string(), at + 2));
        }
        let mut digits = String::new();
        let mut next = at + 1;
        while self.kind(next) == Some(Kind::One(0)) {
            digits.push('0');
            next += 1;
        }
        if let Some((number @ 10.., end)) = self.below_hundred(next) {
            return Some((format!("{digits}{number}"), end));
        }
        while let Some(Kind::One(digit @ 0..=9)) = self.kind(next) {
            digits.push(char::from_digit(digit, 10)?);
            next += 1;
        }
        (!digits.is_empty()).then_some((digits, next))
    }
}
