//! The pieces of which people put days and clock times together.

use super::sections::{Hours, Unit};
use jiff::civil::{Date, Time, Weekday};

/// A clock time as it was written: often one of two.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Clock {
    /// What it is without further words; two where the half of the day is open.
    pub times: Vec<Time>,
    /// What it may be besides, if a part of the day says so.
    pub others: Vec<Time>,
    /// `min` and `max` may choose among the others too: "5:30" where the clock of 24 hours is usual.
    pub others_fit: bool,
    /// The clock that begins at six in the morning, by a word of its own: a part of the day chooses only among `times`
    /// and without one `others` count as much.
    pub six: bool,
    /// The hour stands alone in figures or words, with nothing but a word such as "o'clock": 7 to 12.
    pub forenoon: Option<Time>,
    /// Something beside the number says that it is a clock time.
    pub marked: bool,
    /// The hour between two days.
    pub midnight: bool,
}

/// A year as it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Year {
    /// Four digits.
    Full(i16),
    /// Two digits.
    Short(i16),
}

/// Which way a span goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Way {
    /// In two days.
    Ahead,
    /// Two days ago.
    Back,
    /// Two days from: the day follows.
    From,
}

/// One piece.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Weekday(Option<i32>, Weekday),
    /// A weekday with a word for its morning.
    WeekdayPart(Weekday, Hours),
    Day(i32, Option<Hours>),
    Date {
        year: Option<Year>,
        month: i8,
        day: i8,
    },
    DayOfMonth {
        day: i8,
        marked: bool,
    },
    /// Weeks, months, years from this one.
    Week(i32),
    Month(i32),
    Year(i32),
    Span {
        amounts: Vec<(Amount, Unit)>,
        way: Way,
    },
    WeekLater,
    /// Today, if a clock time stands beside it.
    LaterToday,
    /// The clock of a time zone, in minutes from UTC.
    Zone(i32),
    Part(Hours),
    Clock(Clock),
    Now,
}

/// How many, in halves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount {
    pub halves: i64,
}

impl Amount {
    pub fn whole(count: u32) -> Self {
        Amount { halves: i64::from(count) * 2 }
    }
}

/// One way to read a whole reply.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::reply) struct Reading {
    pub(super) pieces: Vec<Piece>,
    /// Besides the pieces it holds polite words or phrases such as "let's say".
    pub(super) courtesy: bool,
}

impl Reading {
    pub(super) fn clock(&self) -> Option<&Clock> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Clock(clock) => Some(clock),
            _ => None,
        })
    }

    /// Whether it is a day and nothing else.
    pub(in crate::reply) fn is_plain_day(&self) -> bool {
        !self.courtesy
            && !self.pieces.iter().any(|piece| matches!(piece, Piece::Clock(_) | Piece::Now | Piece::Part(_) | Piece::Zone(_)))
    }

    /// The hours of the day that it names beside the clock time.
    pub(super) fn hours(&self) -> impl Iterator<Item = Hours> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Part(hours) | Piece::Day(_, Some(hours)) | Piece::WeekdayPart(_, hours) => Some(*hours),
            _ => None,
        })
    }

    /// The time zone in which its clock time is said, in minutes from UTC.
    pub(super) fn zone(&self) -> Option<i32> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Zone(minutes) => Some(*minutes),
            _ => None,
        })
    }

    /// Whether it is another with a day so far behind today as that one is ahead: one word says both in Hindi.
    pub(in crate::reply) fn looks_back_from(&self, other: &Reading) -> bool {
        let mut back = false;
        let pairs = self.pieces.iter().zip(&other.pieces);
        let same = pairs.clone().all(|pair| match pair {
            (Piece::Day(behind, _), Piece::Day(ahead, _)) if *behind < 0 && *behind == -ahead => {
                back = true;
                true
            }
            (one, other) => one == other,
        });
        same && back && self.pieces.len() == other.pieces.len()
    }

    /// Whether it names a day, however.
    pub(super) fn names_a_day(&self) -> bool {
        self.pieces.iter().any(|piece| !matches!(piece, Piece::Clock(_) | Piece::Part(_) | Piece::Zone(_)))
    }
}

/// A day that exists.
pub(super) fn date(year: i16, month: i8, day: i8) -> Option<Date> {
    Date::new(year, month, day).ok()
}
