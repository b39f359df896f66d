//! What a reading means at a place and time: the days, the clock times and the moments that it may be.

use super::bounds::{Bounds, Outcome};
use super::piece::{Amount, Clock, Piece, Reading, Way, Year, date};
use super::sections::Unit;
use jiff::civil::{Date, Time, Weekday};
use jiff::{SignedDuration, Span, ToSpan, Zoned};

/// Two figures are a year up to so many after this one, else one of the last century.
const YEARS_AHEAD: i16 = 20;

/// Where and when a reading is resolved.
#[derive(Debug)]
pub(in crate::reply) struct Place<'a> {
    /// The contact's wall clock.
    pub now: &'a Zoned,
    /// Days with which people begin a week.
    pub week_begins: &'a [Weekday],
    /// Which days are expected.
    pub bounds: Bounds<Date>,
}

impl Place<'_> {
    fn today(&self) -> Date {
        self.now.date()
    }

    /// The days that a reading names; none if its parts do not agree.
    pub fn dates(&self, reading: &Reading) -> Vec<Date> {
        let mut found: Option<Vec<Date>> = None;
        let pieces = &reading.pieces;
        // Besides a day, a number that nothing shows to be a clock time may be anything.
        let uncertain = reading.clock().is_some_and(|clock| !clock.marked) && reading.hours().next().is_none();
        if uncertain {
            return Vec::new();
        }
        for piece in pieces {
            let Some(days) = self.of_piece(piece, pieces) else { continue };
            found = Some(match found {
                None => days,
                Some(before) => before.into_iter().filter(|day| days.contains(day)).collect(),
            });
        }
        let found = found.unwrap_or_default();
        let agrees = |day: &Date| pieces.iter().all(|piece| self.agrees(*day, piece));
        found.into_iter().filter(agrees).collect()
    }

    /// The days that a piece names on its own or with those beside it; nothing if it names none.
    fn of_piece(&self, piece: &Piece, pieces: &[Piece]) -> Option<Vec<Date>> {
        let has = |test: fn(&Piece) -> bool| pieces.iter().any(test);
        let dated = has(|piece| matches!(piece, Piece::Date { .. } | Piece::DayOfMonth { .. }));
        let named = dated || has(|piece| matches!(piece, Piece::Day(..) | Piece::Weekday(..) | Piece::WeekdayPart(..)));
        Some(match piece {
            Piece::Day(days, _) => {
                let day = self.after_days(*days)?;
                self.later(day, pieces)
            }
            Piece::Date { year, month, day } => self.on(*year, *month, *day, pieces),
            Piece::DayOfMonth { day, marked } => self.of_month(*day, *marked, pieces),
            Piece::Weekday(..) | Piece::WeekdayPart(..) if dated || has(|piece| matches!(piece, Piece::Day(..))) => return None,
            Piece::Weekday(which, weekday) => self.weekdays(*which, *weekday, pieces),
            Piece::WeekdayPart(weekday, _) => self.weekdays(None, *weekday, pieces),
            Piece::Span { amounts, way: Way::Ahead | Way::Back } if !named => {
                let way = if matches!(piece, Piece::Span { way: Way::Back, .. }) { -1 } else { 1 };
                self.moment_after(amounts, way).map(|moment| moment.date()).into_iter().collect()
            }
            Piece::Now => vec![self.today()],
            Piece::LaterToday if has(|piece| matches!(piece, Piece::Clock(_))) => vec![self.today()],
            Piece::LaterToday => Vec::new(),
            _ => return None,
        })
    }

    /// Whether a day is one that a piece describes without naming it.
    fn agrees(&self, day: Date, piece: &Piece) -> bool {
        match piece {
            Piece::Weekday(_, weekday) | Piece::WeekdayPart(weekday, _) => day.weekday() == *weekday,
            Piece::Week(weeks) => self.week_starts(*weeks).iter().any(|start| {
                let days = start.until(day).map_or(-1, |span| span.get_days());
                (0..7).contains(&days)
            }),
            Piece::Month(months) => self
                .today()
                .checked_add(months.months())
                .is_ok_and(|other| (other.year(), other.month()) == (day.year(), day.month())),
            Piece::Year(years) => i32::from(day.year()) == i32::from(self.today().year()) + years,
            _ => true,
        }
    }

    fn after_days(&self, days: i32) -> Option<Date> {
        self.today().checked_add(days.days()).ok()
    }

    /// The first day of the week so many weeks from this one, for each way to count.
    fn week_starts(&self, weeks: i32) -> Vec<Date> {
        let start = |first: &Weekday| {
            let back = self.today().weekday().since(*first);
            self.after_days(weeks * 7 - i32::from(back))
        };
        self.week_begins.iter().filter_map(start).collect()
    }

    /// A day, and the spans "a week from" it or "in a week" beside it.
    fn later(&self, day: Date, pieces: &[Piece]) -> Vec<Date> {
        let mut day = Some(day);
        for piece in pieces {
            day = match piece {
                Piece::WeekLater => day.and_then(|day| day.checked_add(7.days()).ok()),
                Piece::Span { amounts, way: Way::Ahead | Way::From } => day.and_then(|day| add_days(day, amounts, 1)),
                Piece::Span { amounts, way: Way::Back } => day.and_then(|day| add_days(day, amounts, -1)),
                _ => day,
            };
        }
        day.into_iter().collect()
    }

    fn weekdays(&self, which: Option<i32>, weekday: Weekday, pieces: &[Piece]) -> Vec<Date> {
        let week = pieces.iter().find_map(|piece| match piece {
            Piece::Week(weeks) => Some(*weeks),
            _ => None,
        });
        if let Some(weeks) = week {
            let on = |start: Date| start.checked_add(i32::from(weekday.since(start.weekday())).days()).ok();
            let mut days: Vec<Date> = self.week_starts(weeks).into_iter().filter_map(on).collect();
            days.sort_unstable();
            days.dedup();
            return days;
        }
        let to = i32::from(weekday.since(self.today().weekday()));
        let days = match which {
            Some(0) => to,
            Some(-1) => {
                if to == 0 {
                    -7
                } else {
                    to - 7
                }
            }
            _ => {
                if to == 0 {
                    7
                } else {
                    to
                }
            }
        };
        self.after_days(days).map(|day| self.later(day, pieces)).unwrap_or_default()
    }

    /// The coming day of the month, or that of the month beside it.
    fn of_month(&self, day: i8, marked: bool, pieces: &[Piece]) -> Vec<Date> {
        let today = self.today();
        let month = pieces.iter().find_map(|piece| match piece {
            Piece::Month(months) => Some(*months),
            _ => None,
        });
        let weekday = pieces.iter().any(|piece| matches!(piece, Piece::Weekday(..) | Piece::WeekdayPart(..)));
        let in_month = |months: i32| {
            let other = today.first_of_month().checked_add(months.months()).ok()?;
            date(other.year(), other.month(), day)
        };
        match month {
            Some(months) => in_month(months).into_iter().collect(),
            None if marked || weekday => [0, 1].into_iter().filter_map(in_month).find(|day| *day >= today).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// A day and a month, in the year beside it or the coming one.
    fn on(&self, year: Option<Year>, month: i8, day: i8, pieces: &[Piece]) -> Vec<Date> {
        let this = self.today().year();
        let beside = pieces.iter().find_map(|piece| match piece {
            Piece::Year(years) => i16::try_from(*years).ok(),
            _ => None,
        });
        let found = match (year, beside) {
            (Some(Year::Full(year)), _) => date(year, month, day),
            (Some(Year::Short(short)), _) => {
                let [late, early] = [2_000 + short, 1_900 + short];
                let inside = |year: i16| date(year, month, day).filter(|day| self.bounds.hold(*day));
                let bounded = self.bounds.min.is_some() || self.bounds.max.is_some();
                match (inside(late), inside(early)) {
                    (Some(late), None) if bounded => Some(late),
                    (None, Some(early)) if bounded => Some(early),
                    _ => date(if late <= this + YEARS_AHEAD { late } else { early }, month, day),
                }
            }
            (None, Some(years)) => date(this + years, month, day),
            // The 29th of February comes at least every eighth year.
            (None, None) => (this..this + 9).filter_map(|year| date(year, month, day)).find(|day| *day >= self.today()),
        };
        found.into_iter().collect()
    }

    /// The clock times that a reading names.
    pub fn times(&self, reading: &Reading) -> Outcome<Time> {
        let exact = !reading.courtesy && reading.pieces.iter().all(|piece| matches!(piece, Piece::Clock(_) | Piece::Part(_)));
        let mut outcome = Outcome { values: Vec::new(), others: Vec::new(), exact };
        let elsewhere = reading.zone().is_some_and(|minutes| minutes * 60 != self.now.offset().seconds());
        if let Some(clock) = reading.clock().filter(|_| !elsewhere) {
            let hours: Vec<_> = reading.hours().collect();
            if hours.is_empty() {
                outcome.values.clone_from(&clock.times);
                if clock.others_fit {
                    outcome.others.clone_from(&clock.others);
                }
                if clock.six {
                    outcome.values.extend(&clock.others);
                }
                return outcome;
            }
            let others = clock.others.iter().filter(|_| !clock.six);
            let mut times: Vec<Time> = clock.times.iter().chain(others).copied().collect();
            times.retain(|time| hours.iter().all(|hours| hours.hold(*time)) || clock.midnight);
            outcome.values = times;
            return outcome;
        }
        outcome
    }

    /// The moment of a span of hours or minutes from now, or of now.
    fn exact_moment(&self, reading: &Reading) -> Option<Zoned> {
        let mut found = None;
        for piece in &reading.pieces {
            found = match piece {
                Piece::Now => Some(self.now.clone()),
                Piece::Span { amounts, way } if amounts.iter().all(|(_, unit)| matches!(unit, Unit::Hour | Unit::Minute)) => {
                    self.moment_after(amounts, if *way == Way::Back { -1 } else { 1 })
                }
                _ => return None,
            };
        }
        found
    }

    fn moment_after(&self, amounts: &[(Amount, Unit)], way: i64) -> Option<Zoned> {
        let mut moment = self.now.clone();
        for (amount, unit) in amounts {
            moment = match unit {
                Unit::Minute => moment.checked_add(SignedDuration::from_secs(amount.halves * 30 * way)),
                Unit::Hour => moment.checked_add(SignedDuration::from_mins(amount.halves * 30 * way)),
                _ => moment.checked_add(calendar(*amount, *unit, way)?),
            }
            .ok()?;
        }
        Some(moment)
    }

    /// The moments that a reading names: a day with a clock time, or a span from now.
    pub fn moments(&self, reading: &Reading) -> Outcome<i64> {
        let mut outcome = Outcome { values: Vec::new(), others: Vec::new(), exact: !reading.courtesy };
        let Some(clock) = reading.clock() else {
            let alone = !reading.pieces.iter().any(|piece| matches!(piece, Piece::Part(_)));
            let moment = self.exact_moment(reading).filter(|_| alone);
            outcome.values = moment.map(|moment| moment.timestamp().as_millisecond()).into_iter().collect();
            return outcome;
        };
        let certain = clock.marked || reading.hours().next().is_some();
        if !certain || !reading.names_a_day() {
            return outcome;
        }
        let mut times = self.times(reading);
        // Who writes out the date writes the clock of 24 hours too: "14. Februar um 11 Uhr".
        let dated = reading.pieces.iter().any(|piece| matches!(piece, Piece::Date { .. }));
        if let Some(forenoon) = clock.forenoon.filter(|_| dated && times.values.len() == 2) {
            times.values = vec![forenoon];
        }
        for day in self.dates(reading) {
            outcome.values.extend(times.values.iter().flat_map(|time| self.moment(day, *time, clock, reading)));
            outcome.others.extend(times.others.iter().flat_map(|time| self.moment(day, *time, clock, reading)));
        }
        outcome
    }

    /// A day with a clock time, in the contact's zone: none if the clocks skip it or if it has two readings.
    fn moment(&self, day: Date, time: Time, clock: &Clock, reading: &Reading) -> Option<i64> {
        let tonight = reading.pieces.iter().any(|piece| matches!(piece, Piece::Day(_, Some(_))));
        let night = reading.hours().any(|hours| hours.over_midnight());
        let day = match (clock.midnight, tonight) {
            // Tonight's midnight is the one to come; that of a day may be its first or its last.
            (true, true) => day.tomorrow().ok()?,
            (true, false) => return None,
            // At one "on Friday night": early on Friday, or on Saturday?
            _ if night && time.hour() < 6 => return None,
            _ => day,
        };
        let zoned = self.now.time_zone().to_ambiguous_zoned(day.to_datetime(time)).unambiguous().ok()?;
        Some(zoned.timestamp().as_millisecond())
    }
}

fn calendar(amount: Amount, unit: Unit, way: i64) -> Option<Span> {
    let count = (amount.halves % 2 == 0).then_some(amount.halves / 2 * way)?;
    match unit {
        Unit::Day => Span::new().try_days(count),
        Unit::Week => Span::new().try_weeks(count),
        Unit::Month => Span::new().try_months(count),
        Unit::Year => Span::new().try_years(count),
        Unit::Hour | Unit::Minute => return None,
    }
    .ok()
}

fn add_days(day: Date, amounts: &[(Amount, Unit)], way: i64) -> Option<Date> {
    amounts.iter().try_fold(day, |day, (amount, unit)| day.checked_add(calendar(*amount, *unit, way)?).ok())
}
