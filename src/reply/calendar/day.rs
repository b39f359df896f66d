//! Days: "tomorrow", "next friday", "5 March 2027", "the 5th", "friday next week".

use super::grammar::Grammar;
use super::numeric;
use super::piece::{Piece, Year};
use super::sections::{Meaning, Unit};

impl Grammar {
    /// Pieces of days that begin at a token, each with the token after it.
    pub fn days(&self, at: usize) -> Vec<(Piece, usize)> {
        let mut found = self.all(at, |meaning| match meaning {
            Meaning::Day(days, hours) => Some(Piece::Day(days, hours)),
            Meaning::Week(weeks) => Some(Piece::Week(weeks)),
            Meaning::WeekdayPart(weekday, hours) => Some(Piece::WeekdayPart(weekday, hours)),
            Meaning::DayOfYear(month, day) => Some(Piece::Date { year: None, month, day }),
            _ => None,
        });
        found.extend(self.with_which(at));
        found.extend(numeric::dates(&self.tokens, at, self.month_first, self.english).into_iter().map(|(date, end)| {
            match (&date, self.full_year(end)) {
                (Piece::Date { year: None, month, day }, Some((year, end))) if !self.glued(end - 1) => {
                    (Piece::Date { year: Some(Year::Full(year)), month: *month, day: *day }, end)
                }
                _ => (date, end),
            }
        }));
        found.extend(self.named_dates(at));
        found.extend(self.day_of_month(at));
        found
    }

    /// A weekday, a week, a month or a year, with "this", "next" or "last" before or after it.
    fn with_which(&self, at: usize) -> Vec<(Piece, usize)> {
        let which = |meaning| match meaning {
            Meaning::Which(which) => Some(which),
            _ => None,
        };
        let before = self.one(at, which);
        let noun_at = before.map_or(at, |(_, end)| {
            let end = if self.sign(end, '.') { end + 1 } else { end };
            self.past(end, |meaning| meaning == Meaning::Small)
        });
        let mut found = Vec::new();
        for (weekday, end) in self.all(noun_at, |meaning| match meaning {
            Meaning::Weekday(weekday) => Some(weekday),
            _ => None,
        }) {
            if before.is_none() {
                let after = self.past(end, |meaning| meaning == Meaning::Small);
                found.extend(self.one(after, which).map(|(which, end)| (Piece::Weekday(Some(which), weekday), end)));
                let part = self.all(end, |meaning| match meaning {
                    Meaning::PartAfter(hours) => Some(hours),
                    _ => None,
                });
                found.extend(part.into_iter().map(|(hours, end)| (Piece::WeekdayPart(weekday, hours), end)));
            }
            found.push((Piece::Weekday(before.map(|(which, _)| which), weekday), end));
        }
        for (unit, end) in self.all(noun_at, |meaning| match meaning {
            Meaning::Unit(unit) => Some(unit),
            _ => None,
        }) {
            let after = self.past(end, |meaning| meaning == Meaning::Small);
            let Some((count, end)) = before.map(|(which, _)| (which, end)).or_else(|| self.one(after, which)) else { continue };
            found.extend(match unit {
                Unit::Week => Some((Piece::Week(count), end)),
                Unit::Month => Some((Piece::Month(count), end)),
                Unit::Year => Some((Piece::Year(count), end)),
                _ => None,
            });
        }
        found
    }

    /// The number of a day: in figures or words, with "th", "º" or a full stop.
    fn day_number(&self, at: usize) -> Option<(i8, usize, bool)> {
        let named = self.one(at, |meaning| match meaning {
            Meaning::DayOrdinal(day) => Some(day),
            _ => None,
        });
        let number = self.number(at).filter(|number| (1..=31).contains(&number.value) && number.figures <= 2);
        let longer = number.filter(|number| named.is_none_or(|(_, end)| number.end > end));
        let (day, end) = longer.map(|number| (number.value as i8, number.end)).or(named)?;
        // "1o" in Italian, but "15 o 16" are two.
        let short = self.tokens.get(end).is_some_and(|token| token.text.chars().count() == 1 && !token.glued);
        if let Some(end) = self.end_of(end, Meaning::DayAfter).filter(|_| !short) {
            return Some((day, end, true));
        }
        let stop = self.sign(end, '.') && self.glued(end) && self.number(end + 1).is_none();
        if self.sign(end, '\u{B0}') || stop {
            return Some((day, end + 1, self.sign(end, '\u{B0}')));
        }
        Some((day, end, false))
    }

    fn day_of_month(&self, at: usize) -> Option<(Piece, usize)> {
        let from = self.past(at, |meaning| meaning == Meaning::DayBefore);
        let (day, end, after) = self.day_number(from)?;
        // "5:30" is no fifth day.
        if [':', '/', '-', '.'].iter().any(|sign| self.sign(end, *sign) && self.glued(end) && self.glued(end + 1)) {
            return None;
        }
        Some((Piece::DayOfMonth { day, marked: after || from > at }, end))
    }

    fn month(&self, at: usize) -> Vec<(i8, usize)> {
        let mut found = self.all(at, |meaning| match meaning {
            Meaning::Month(month) => Some(month),
            _ => None,
        });
        if let Some(number) = self.end_of(at, Meaning::MonthBefore) {
            let ordinal = self.one(number, |meaning| match meaning {
                Meaning::DayOrdinal(month) if month <= 12 => Some(month),
                _ => None,
            });
            let cardinal = self.number(number).filter(|n| (1..=12).contains(&n.value)).map(|n| (n.value as i8, n.end));
            found.extend(ordinal.or(cardinal));
        }
        found
    }

    /// Between a day and its month, a month and its day, a month and its year.
    fn joint(&self, at: usize) -> usize {
        let sign = ['-', '/', ',', '.'].iter().any(|sign| self.sign(at, *sign));
        let at = if sign { at + 1 } else { at };
        self.past(at, |meaning| matches!(meaning, Meaning::Small | Meaning::DayBefore | Meaning::Of))
    }

    /// "5 March 2027", "March 5th", "tarehe 5 mwezi wa tatu"
    fn named_dates(&self, at: usize) -> Vec<(Piece, usize)> {
        let mut found = Vec::new();
        let from = self.past(at, |meaning| meaning == Meaning::DayBefore);
        if let Some((day, end, _)) = self.day_number(from) {
            for (month, end) in self.month(self.joint(end)) {
                found.extend(self.with_year(month, day, end));
            }
        }
        for (month, end) in self.month(at) {
            if let Some((day, end, _)) = self.day_number(self.joint(end)) {
                found.extend(self.with_year(month, day, end));
            }
        }
        found
    }

    fn with_year(&self, month: i8, day: i8, end: usize) -> Vec<(Piece, usize)> {
        let joint = self.joint(end);
        let named = self.past(joint, |meaning| matches!(meaning, Meaning::YearBefore));
        if let Some((year, end)) = self.full_year(named) {
            return vec![(Piece::Date { year: Some(Year::Full(year)), month, day }, end)];
        }
        let mut found = vec![(Piece::Date { year: None, month, day }, end)];
        // Two figures only where they are no hour: "5 March 27".
        let short = self.number(named).filter(|number| number.figures == 2 && (named > joint || number.value > 24));
        if let Some(short) =
            short.filter(|short| !self.sign(short.end, ':') && !self.sign(short.end, '.') || self.ends(short.end))
        {
            found.push((Piece::Date { year: Some(Year::Short(short.value as i16)), month, day }, short.end));
        }
        found
    }

    /// Whether nothing but a full stop is left.
    fn ends(&self, at: usize) -> bool {
        at + usize::from(self.sign(at, '.')) >= self.tokens.len()
    }
}
