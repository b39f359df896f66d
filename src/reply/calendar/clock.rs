//! Clock times: `17:30`, `5 pm`, "half past five", "halb sechs", "saa kumi".

use super::grammar::{Grammar, Number};
use super::piece::Clock;
use super::sections::{Hours, Meaning, Unit};
use jiff::civil::Time;

/// Minutes of a day.
const DAY: i32 = 24 * 60;

/// An hour as it was written, with the minutes that belong to it.
#[derive(Debug, Clone, Copy)]
struct Hour {
    hour: i32,
    minute: i32,
    /// It is in figures, of so many digits.
    figures: usize,
    /// It has minutes in figures.
    minutes: bool,
    /// A word beside it says that it is a clock time.
    marked: bool,
    /// The word is one of the clock that begins at six.
    six: bool,
    /// Minutes to add for a half, a quarter and the like.
    offset: i32,
    /// It is named by a word such as "noon".
    fixed: bool,
    /// The part of the day, where it stands inside.
    hours: Option<Hours>,
}

impl Hour {
    fn of(number: Number) -> Self {
        Hour { hour: number.value as i32, minute: 0, figures: number.figures, ..Hour::at(0) }
    }

    fn at(hour: i32) -> Self {
        Hour { hour, minute: 0, figures: 0, minutes: false, marked: false, six: false, offset: 0, fixed: false, hours: None }
    }
}

impl Grammar {
    /// Clock times that begin at a token, each with the token after it.
    pub fn clocks(&self, from: usize) -> Vec<(Clock, usize)> {
        let sign = usize::from(self.sign(from, '@'));
        let mut at = self.past(from + sign, |meaning| meaning == Meaning::At);
        let six = self.end_of(at, Meaning::SixHours);
        at = self.past(six.unwrap_or(at), |meaning| matches!(meaning, Meaning::At | Meaning::SixHours));
        let marked = at > from;
        let mut found = Vec::new();
        for (mut hour, end) in self.hours_at(at) {
            hour.marked |= marked;
            hour.six = six.is_some();
            found.extend(self.finish(hour, end));
        }
        found
    }

    /// Hours with all that belongs to them but the half of the day.
    fn hours_at(&self, at: usize) -> Vec<(Hour, usize)> {
        let mut found = Vec::new();
        for (time, end) in self.all(at, |meaning| match meaning {
            Meaning::Time(time) => Some((time, true)),
            Meaning::OpenTime(time) => Some((time, false)),
            _ => None,
        }) {
            let (time, fixed) = time;
            let hour = Hour { minute: i32::from(time.minute()), marked: fixed, fixed, ..Hour::at(i32::from(time.hour())) };
            found.extend(self.with_minutes(hour, end));
        }
        for (offset, end) in self.all(at, |meaning| match meaning {
            Meaning::BeforeHour(offset) => Some(offset),
            _ => None,
        }) {
            found.extend(self.shifted(end, offset));
        }
        found.extend(self.minutes_then_hour(at));
        found.extend(self.figures(at));
        if let Some((hour, end)) = self.plain_hour(at) {
            found.extend(self.with_minutes(hour, end));
        }
        found
    }

    /// The hour after "half past" or "ten to".
    fn shifted(&self, at: usize, offset: i32) -> Vec<(Hour, usize)> {
        let at = self.past(at, |meaning| matches!(meaning, Meaning::At | Meaning::Small | Meaning::SixHours));
        let fixed = self.one(at, |meaning| match meaning {
            Meaning::Time(time) if time.minute() == 0 => Some(Hour { fixed: true, ..Hour::at(i32::from(time.hour())) }),
            _ => None,
        });
        let hour = fixed.or_else(|| self.plain_hour(at));
        let further = self.one(at, |meaning| match meaning {
            // "five to half six" in German and Dutch.
            Meaning::BeforeHour(further) => Some(further),
            _ => None,
        });
        let mut found = Vec::new();
        if let Some((further, end)) = further {
            found.extend(self.shifted(end, offset + further));
        }
        if let Some((hour, end)) = hour {
            let end = self.past(end, |meaning| meaning == Meaning::OClock);
            found.push((Hour { offset, marked: true, ..hour }, end));
        }
        found
    }

    /// "ten past five", "20 to 6"
    fn minutes_then_hour(&self, at: usize) -> Vec<(Hour, usize)> {
        let Some(number) = self.number(at).filter(|number| (1..60).contains(&number.value)) else { return Vec::new() };
        let after_unit = self.past(number.end, |meaning| meaning == Meaning::Unit(Unit::Minute));
        let named = after_unit > number.end;
        let mut found = Vec::new();
        for (way, end) in self.all(after_unit, |meaning| match meaning {
            Meaning::MinutesThenHour(way) => Some(way),
            // "5 to 6" may be a range; "20 to 6", "ten to six" and "5 minutes to 6" are none.
            Meaning::MinutesOrRange(way) if named || number.value > 12 || number.figures == 0 && number.value % 5 == 0 => {
                Some(way)
            }
            _ => None,
        }) {
            found.extend(self.shifted(end, way * number.value as i32));
        }
        found
    }

    /// An hour in words or figures, with "o'clock" or without.
    fn plain_hour(&self, at: usize) -> Option<(Hour, usize)> {
        let named = self.one(at, |meaning| match meaning {
            Meaning::Hour(hour) => Some(Hour { marked: false, ..Hour::at(i32::from(hour)) }),
            _ => None,
        });
        let number = self.number(at).filter(|number| number.value <= 24 && number.figures <= 2);
        named.or_else(|| number.map(|number| (Hour::of(number), number.end)))
    }

    /// `17:30`, `17.30`, `17h30`, `1730`
    fn figures(&self, at: usize) -> Vec<(Hour, usize)> {
        let Some(hour) = self.number(at).filter(|number| number.figures > 0) else { return Vec::new() };
        if let 3 | 4 = hour.figures {
            let (whole, minute) = (hour.value / 100, hour.value % 100);
            let figures = hour.figures - 2;
            // 1990 to 2059 are rather years.
            let marked = hour.figures == 4 && !(1_900..2_100).contains(&hour.value);
            let one = Hour { hour: whole as i32, minute: minute as i32, figures, minutes: true, marked, ..Hour::at(0) };
            let end = self.past(hour.end, |meaning| matches!(meaning, Meaning::OClock | Meaning::Unit(Unit::Hour)));
            let one = Hour { marked: one.marked || end > hour.end, ..one };
            return if whole < 24 && minute < 60 { vec![(one, end)] } else { Vec::new() };
        }
        let sign = [':', '.', ','].into_iter().find(|sign| self.sign(hour.end, *sign) && self.glued(hour.end));
        // "16h00" is written in every language.
        let h = self.tokens.get(hour.end).is_some_and(|token| token.text == "h" && token.glued);
        let Some(sign) = sign.or(h.then_some('h')) else { return Vec::new() };
        let minute = self.number(hour.end + 1).filter(|minute| minute.figures == 2 && minute.value < 60);
        let Some(minute) = minute.filter(|_| self.glued(hour.end + 1) || sign == ':') else { return Vec::new() };
        let mut end = minute.end;
        // Seconds, if they are none.
        if self.sign(end, sign) && self.number(end + 1).is_some_and(|seconds| seconds.figures == 2 && seconds.value == 0) {
            end += 2;
        }
        if hour.value > 24 || hour.value == 24 && minute.value > 0 {
            return Vec::new();
        }
        let marked = sign != ',';
        let one = Hour { minute: minute.value as i32, minutes: true, marked, ..Hour::of(hour) };
        // "17:00 hours" is a clock time, "17 hours" are many hours.
        let after = self.past(end, |meaning| matches!(meaning, Meaning::OClock | Meaning::Unit(Unit::Hour)));
        vec![(Hour { marked: marked || after > end, ..one }, after)]
    }

    /// An hour, and what may follow it: "o'clock", "and a half", "and ten", "thirty".
    fn with_minutes(&self, hour: Hour, end: usize) -> Vec<(Hour, usize)> {
        let after = self.past(end, |meaning| meaning == Meaning::OClock);
        let marked = hour.marked || after > end;
        let hour = Hour { marked, ..hour };
        let mut found = vec![(hour, after)];
        for (offset, end) in self.all(after, |meaning| match meaning {
            Meaning::AfterHour(offset) => Some(offset),
            _ => None,
        }) {
            let end = self.past(end, |meaning| meaning == Meaning::OClock);
            found.push((Hour { offset, marked: true, ..hour }, end));
        }
        // "jam 3 sore lewat 10": the part of the day stands between.
        let part = self.one(after, |meaning| match meaning {
            Meaning::Part(hours) => Some(hours),
            _ => None,
        });
        let hour = Hour { hours: part.map(|(hours, _)| hours), ..hour };
        let then = part.map_or(after, |(_, end)| end);
        for (way, end) in self.all(then, |meaning| match meaning {
            Meaning::HourThenMinutes(way) => Some(way),
            _ => None,
        }) {
            if let Some(minutes) = self.number(end).filter(|number| (1..60).contains(&number.value)) {
                let end = self.past(minutes.end, |meaning| matches!(meaning, Meaning::Unit(Unit::Minute) | Meaning::OClock));
                found.push((Hour { offset: way * minutes.value as i32, marked: true, ..hour }, end));
            }
        }
        let hour = Hour { hours: None, ..hour };
        if !hour.fixed && hour.minute == 0 {
            found.extend(self.bare_minutes(hour, after));
        }
        found
    }

    /// "five thirty", "cinq heures dix", `17h30`, `17 30`
    fn bare_minutes(&self, hour: Hour, at: usize) -> Option<(Hour, usize)> {
        let oh = self.end_of(at, Meaning::Oh);
        let at = oh.unwrap_or(at);
        let minutes = self.number(at).filter(|number| number.value < 60)?;
        let end = self.past(minutes.end, |meaning| matches!(meaning, Meaning::Unit(Unit::Minute) | Meaning::OClock));
        let after_unit = end > minutes.end;
        let both = hour.figures > 0 && minutes.figures > 0;
        let fits = match (hour.figures > 0, minutes.figures > 0) {
            // "9 10" may be two hours; "9 30" is none.
            (true, true) => minutes.figures == 2 && (hour.marked || minutes.value > 12 || minutes.value == 0),
            (true, false) => hour.marked,
            (false, true) => minutes.figures == 2 && hour.marked,
            (false, false) => oh.is_some() || minutes.value > 12 || hour.marked || after_unit,
        };
        let hour_fits = minutes.value > 0 || both;
        (fits && hour_fits).then_some((Hour { minute: minutes.value as i32, minutes: both, ..hour }, end))
    }

    /// The clock times that an hour may be, with "am" or "pm" beside it.
    fn finish(&self, hour: Hour, end: usize) -> Vec<(Clock, usize)> {
        let mut found = Vec::new();
        // "2 din" are two days in Hindi, although "din" is the middle of the day too.
        let days = |meaning| matches!(meaning, Meaning::Unit(Unit::Day | Unit::Week | Unit::Month | Unit::Year)).then_some(());
        if !hour.marked && self.one(end, days).is_some() {
            return found;
        }
        for (hours, end) in self.all(end, |meaning| match meaning {
            Meaning::AmPm(hours) => Some(hours),
            _ => None,
        }) {
            let end = self.past(end, |meaning| meaning == Meaning::OClock);
            found.extend(
                self.clock(Hour { six: false, hours: None, ..hour })
                    .and_then(|clock| half(clock, hours))
                    .map(|clock| (clock, end)),
            );
        }
        let clock = self.clock(hour).and_then(|clock| match hour.hours {
            Some(hours) => half(clock, hours),
            None => Some(clock),
        });
        found.extend(clock.map(|clock| (clock, end)));
        found
    }

    fn clock(&self, hour: Hour) -> Option<Clock> {
        let minutes = |of: i32| (of * 60 + hour.minute + hour.offset).rem_euclid(DAY);
        let time = |of: i32| Time::new((minutes(of) / 60) as i8, (minutes(of) % 60) as i8, 0, 0).ok();
        let both = |of: i32| -> Vec<Time> { [of % 12, of % 12 + 12].into_iter().filter_map(time).collect() };
        let midnight = hour.hour == 24 || hour.fixed && hour.hour == 0;
        let mut clock = Clock { marked: hour.marked, midnight: midnight && hour.offset == 0, ..Clock::default() };
        if hour.fixed || hour.hour == 0 || hour.hour > 12 {
            // A bare 0 or 24 is rather no clock time.
            let bare = !hour.marked && !hour.minutes && matches!(hour.hour, 0 | 24);
            clock.times = time(hour.hour % 24).into_iter().collect();
            return (!bare).then_some(clock);
        }
        if hour.six {
            clock.six = true;
            clock.times = both(hour.hour + 6);
            clock.others = both(hour.hour);
            return Some(clock);
        }
        if self.clock_24 && hour.marked && hour.hour >= 7 && !hour.minutes && hour.offset == 0 {
            clock.forenoon = time(hour.hour);
        }
        let padded = hour.figures == 2 && hour.hour < 10;
        if padded && (hour.minutes || hour.marked) {
            clock.times = time(hour.hour).into_iter().collect();
            clock.others = time(hour.hour + 12).into_iter().collect();
        } else if self.clock_24 && hour.minutes {
            clock.times = time(hour.hour).into_iter().collect();
            clock.others = time((hour.hour + 12) % 24).into_iter().collect();
            clock.others_fit = true;
        } else {
            clock.times = both(hour.hour);
            if self.six {
                clock.times.extend(both(hour.hour + 6));
            }
        }
        Some(clock)
    }
}

/// The times of a clock that lie in the half of the day that was named.
fn half(clock: Clock, hours: Hours) -> Option<Clock> {
    let all = clock.times.iter().chain(&clock.others).copied();
    // "5 am" is never five counted from six.
    let mut times: Vec<Time> = all.filter(|time| hours.hold(*time)).collect();
    times.truncate(1);
    let marked =
        Clock { marked: true, midnight: false, six: false, others: Vec::new(), others_fit: false, forenoon: None, ..clock };
    (!times.is_empty()).then_some(Clock { times, ..marked })
}
