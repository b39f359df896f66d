//! Spans: "in 2 hours", "3 days ago", "two and a half hours from now".

use super::grammar::Grammar;
use super::piece::{Amount, Piece, Way};
use super::sections::{Meaning, Unit};

impl Grammar {
    /// Spans that begin at a token, each with the token after it.
    pub fn spans(&self, at: usize) -> Vec<(Piece, usize)> {
        let ahead = self.past(at, |meaning| meaning == Meaning::In);
        let back = self.past(at, |meaning| meaning == Meaning::Ago);
        let from = ahead.max(back);
        let mut starts = vec![from, self.past(from, |meaning| meaning == Meaning::Small)];
        starts.dedup();
        let mut found = Vec::new();
        for (amounts, end) in starts.into_iter().flat_map(|from| self.amounts(from)) {
            let span = |way| Piece::Span { amounts: amounts.clone(), way };
            if let Some(end) = self.end_of(end, Meaning::AgoAfter) {
                found.push((span(Way::Back), end));
            } else if let Some(end) = self.end_of(end, Meaning::InAfter) {
                found.push((span(Way::Ahead), end));
            } else if let Some(end) = self.end_of(end, Meaning::From) {
                found.push((span(Way::From), end));
            } else if back > at {
                found.push((span(Way::Back), end));
            } else if ahead > at {
                found.push((span(Way::Ahead), end));
            }
        }
        found
    }

    /// "2 hours", "2 hours and 30 minutes", "an hour and a half"
    fn amounts(&self, at: usize) -> Vec<(Vec<(Amount, Unit)>, usize)> {
        let mut found = Vec::new();
        for (first, end) in self.amount(at) {
            found.push((vec![first], end));
            if let Some(half) = self.end_of(end, Meaning::AndAHalf) {
                let (amount, unit) = first;
                found.push((vec![(Amount { halves: amount.halves + 1 }, unit)], half));
            }
            let joint = self.past(end, |meaning| matches!(meaning, Meaning::Small | Meaning::HourThenMinutes(1)));
            let joint = if self.sign(joint, ',') { joint + 1 } else { joint };
            for (second, end) in self.amount(joint) {
                if first.1 == Unit::Hour && second.1 == Unit::Minute {
                    found.push((vec![first, second], end));
                }
            }
            // "1h30" and "una hora y 20"
            let minutes = self.number(joint).filter(|number| first.1 == Unit::Hour && number.value < 60);
            if let Some(minutes) = minutes.filter(|number| joint > end || self.glued(joint) && number.figures == 2) {
                let second = (Amount::whole(minutes.value), Unit::Minute);
                if !self.tokens.get(minutes.end).is_some_and(|token| token.glued && token.is(':')) {
                    found.push((vec![first, second], minutes.end));
                }
            }
        }
        found
    }

    /// "2 hours", "half an hour", "siku tatu"
    fn amount(&self, at: usize) -> Vec<((Amount, Unit), usize)> {
        let mut found = self.all(at, |meaning| match meaning {
            Meaning::Span(count, unit) => Some((Amount::whole(count), unit)),
            _ => None,
        });
        for (amount, end) in self.quantity(at) {
            for (unit, end) in self.unit(end) {
                found.push(((amount, unit), end));
            }
        }
        // The number after the unit, as in Swahili.
        if self.six {
            for (unit, end) in self.unit(at) {
                found.extend(self.quantity(end).into_iter().map(|(amount, end)| ((amount, unit), end)));
            }
        }
        found
    }

    fn unit(&self, at: usize) -> Vec<(Unit, usize)> {
        self.all(at, |meaning| match meaning {
            Meaning::Unit(unit) => Some(unit),
            _ => None,
        })
    }

    fn quantity(&self, at: usize) -> Vec<(Amount, usize)> {
        let mut found = self.all(at, |meaning| match meaning {
            Meaning::One => Some(Amount::whole(1)),
            Meaning::Halves(halves) => Some(Amount { halves: i64::from(halves) }),
            _ => None,
        });
        // "साढ़े तीन घंटे" is three hours and a half.
        let half = self.end_of(at, Meaning::BeforeHour(30)).and_then(|end| self.number(end));
        found.extend(half.map(|number| (Amount { halves: i64::from(number.value) * 2 + 1 }, number.end)));
        let Some(number) = self.number(at).filter(|number| number.value > 0) else { return found };
        let decimal = [',', '.'].iter().any(|sign| self.sign(number.end, *sign)) && self.glued(number.end);
        let decimals = self.number(number.end + 1).filter(|_| decimal && self.glued(number.end + 1));
        match decimals {
            Some(half) if half.value == 5 && half.figures == 1 => {
                found.push((Amount { halves: i64::from(number.value) * 2 + 1 }, half.end));
            }
            Some(_) => {}
            None => {
                found.push((Amount::whole(number.value), number.end));
                if let Some(end) = self.end_of(number.end, Meaning::AndAHalf) {
                    found.push((Amount { halves: i64::from(number.value) * 2 + 1 }, end));
                }
            }
        }
        found
    }
}
