//! Days and times of day that come again: when a schedule begins its next broadcast, and when it is morning for somebody. Pure: the zone's rules come
//! with the zone, the present as an argument.
//!
//! A time of day that a clock skips in spring is taken an hour later, one that it shows twice in autumn the first time. A month that has no such day has it
//! on its last one.

use super::time::{Millis, Span};
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// A broadcast that is later than this when the service sees it is left out.
pub const TOO_LATE: Span = Span::days(1);

/// A time of day in each contact's own zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Morning {
    /// The time of day.
    pub time: Time,
    /// On this day; else on the first one on which it is still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
}

impl Morning {
    /// When it is, for somebody in this zone, from a moment on. On a day that is past it is that moment.
    pub fn due(&self, zone: &TimeZone, from: Millis) -> Millis {
        match self.date {
            Some(date) => at(date.to_datetime(self.time), zone).max(from),
            None => {
                let today = local(zone, from).date();
                let days = [today, today.tomorrow().unwrap_or(today)];
                let found = days.into_iter().map(|day| at(day.to_datetime(self.time), zone)).find(|moment| *moment >= from);
                // A whole day can be missing from a calendar; then it is at once.
                found.unwrap_or(from)
            }
        }
    }
}

/// On which days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Every day.
    Day,
    /// On these days of the week, 1 for Monday to 7; at least one.
    Week(Vec<i8>),
    /// On this day of the month, 1 to 31.
    Month(i8),
}

/// In whose time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// The project's.
    #[default]
    Project,
    /// Each contact's own.
    Contact,
}

/// When a schedule begins broadcasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// On which days.
    pub every: Every,
    /// At which time of day.
    pub time: Time,
    /// In whose time zone.
    #[serde(default)]
    pub zone: Zone,
}

/// The next time of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// When its broadcast begins.
    pub at: Millis,
    /// The day that is meant.
    pub date: Date,
}

impl Rule {
    /// The first time after a moment. In the contacts' own zones a day begins where it begins first on Earth.
    pub fn next(&self, project: &TimeZone, after: Millis) -> Option<Next> {
        let zone = match self.zone {
            Zone::Project => project.clone(),
            Zone::Contact => TimeZone::fixed(FIRST_OF_ALL),
        };
        let mut date = local(&zone, after).date();
        // A month is the longest that there is between two times, and the day itself may be past.
        for _ in 0..64 {
            if self.has(date) {
                let moment = at(date.to_datetime(self.time), &zone);
                if moment > after {
                    return Some(Next { at: moment, date });
                }
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    fn has(&self, date: Date) -> bool {
        match &self.every {
            Every::Day => true,
            Every::Week(days) => days.contains(&date.weekday().to_monday_one_offset()),
            Every::Month(day) => date.day() == (*day).min(date.days_in_month()),
        }
    }
}

/// Where a day begins first: Kiribati's Line Islands.
const FIRST_OF_ALL: Offset = Offset::constant(14);

/// A day of the week by its English name or the first three letters of it.
pub fn weekday(text: &str) -> Option<i8> {
    const DAYS: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let text = text.to_lowercase();
    let found = DAYS.iter().find(|(name, _)| *name == text || name[..3] == text);
    found.map(|(_, day)| day.to_monday_one_offset())
}

/// The three letters of a day of the week.
pub fn weekday_word(day: i8) -> &'static str {
    const WORDS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    usize::try_from(day - 1).ok().and_then(|n| WORDS.get(n)).copied().unwrap_or("mon")
}

/// A time of day as `HH:MM`.
pub fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok()).flatten();
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

/// The clock on somebody's wall.
fn local(zone: &TimeZone, moment: Millis) -> DateTime {
    let timestamp = jiff::Timestamp::from_millisecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    timestamp.to_zoned(zone.clone()).datetime()
}

/// When the clock on somebody's wall shows this.
fn at(shown: DateTime, zone: &TimeZone) -> Millis {
    let moment = zone.to_zoned(shown).map_or(jiff::Timestamp::MAX, |zoned| zoned.timestamp());
    Millis(moment.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect(name)
    }

    fn moment(text: &str) -> Millis {
        Millis(text.parse::<jiff::Timestamp>().expect(text).as_millisecond())
    }

    fn due(clock: (i8, i8), place: &str, from: &str) -> String {
        let morning = Morning { time: time(clock.0, clock.1, 0, 0), date: None };
        crate::domain::value::rfc3339(morning.due(&zone(place), moment(from)))
    }

    #[test]
    fn it_is_morning_for_everybody_in_their_own_zone() {
        let from = "2026-03-02T08:30:00Z";
        for (place, expected) in [
            ("Europe/London", "2026-03-02T09:00:00Z"),
            ("Europe/Madrid", "2026-03-03T08:00:00Z"),
            ("America/New_York", "2026-03-02T14:00:00Z"),
            ("Asia/Kolkata", "2026-03-03T03:30:00Z"),
            ("Pacific/Kiritimati", "2026-03-02T19:00:00Z"),
        ] {
            assert_eq!(due((9, 0), place, from), expected, "{place}");
        }
        assert_eq!(due((9, 0), "Europe/London", "2026-03-02T09:00:00Z"), "2026-03-02T09:00:00Z", "now is not past");
        assert_eq!(due((9, 0), "Europe/London", "2026-03-02T09:00:00.001Z"), "2026-03-03T09:00:00Z");
    }

    #[test]
    fn mornings_keep_to_the_clock_when_it_is_changed() {
        // Madrid goes from +01:00 to +02:00 on 29 March 2026 at 02:00, and back on 25 October at 03:00.
        assert_eq!(due((9, 0), "Europe/Madrid", "2026-03-28T09:00:00Z"), "2026-03-29T07:00:00Z");
        assert_eq!(due((9, 0), "Europe/Madrid", "2026-10-24T09:00:00Z"), "2026-10-25T08:00:00Z");
        assert_eq!(
            due((2, 30), "Europe/Madrid", "2026-03-28T12:00:00Z"),
            "2026-03-29T01:30:00Z",
            "skipped: an hour later, 03:30"
        );
        assert_eq!(due((2, 30), "Europe/Madrid", "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z", "twice: the first");
        let meant = Morning { time: time(9, 0, 0, 0), date: Some(date(2026, 3, 29)) };
        assert_eq!(meant.due(&zone("Europe/Madrid"), moment("2026-03-20T00:00:00Z")), moment("2026-03-29T07:00:00Z"));
        assert_eq!(meant.due(&zone("Europe/Madrid"), moment("2026-03-29T12:00:00Z")), moment("2026-03-29T12:00:00Z"), "late");
    }

    fn times(rule: &Rule, place: &str, from: &str, n: usize) -> Vec<String> {
        let mut after = moment(from);
        std::iter::from_fn(|| {
            after = rule.next(&zone(place), after)?.at;
            Some(crate::domain::value::rfc3339(after))
        })
        .take(n)
        .collect()
    }

    #[test]
    fn schedules_come_again_by_the_clock() {
        let at = |hour, every| Rule { every, time: time(hour, 0, 0, 0), zone: Zone::Project };
        assert_eq!(
            times(&at(9, Every::Day), "Europe/Madrid", "2026-03-27T08:00:00Z", 3),
            ["2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z", "2026-03-30T07:00:00Z"]
        );
        assert_eq!(
            times(&at(9, Every::Week(vec![1, 5])), "UTC", "2026-03-02T09:00:00Z", 3),
            ["2026-03-06T09:00:00Z", "2026-03-09T09:00:00Z", "2026-03-13T09:00:00Z"]
        );
        assert_eq!(
            times(&at(9, Every::Month(31)), "UTC", "2026-01-31T10:00:00Z", 3),
            ["2026-02-28T09:00:00Z", "2026-03-31T09:00:00Z", "2026-04-30T09:00:00Z"],
            "the last day of shorter months"
        );
    }

    #[test]
    fn a_day_of_the_contacts_begins_where_it_begins_first() {
        let rule = Rule { every: Every::Week(vec![1]), time: time(9, 0, 0, 0), zone: Zone::Contact };
        let next = rule.next(&zone("America/New_York"), moment("2026-03-02T12:00:00Z")).expect("a time");
        assert_eq!((next.at, next.date), (moment("2026-03-08T19:00:00Z"), date(2026, 3, 9)));
        let morning = Morning { time: rule.time, date: Some(next.date) };
        for (place, expected) in [
            ("Pacific/Kiritimati", "2026-03-08T19:00:00Z"),
            ("Europe/Madrid", "2026-03-09T08:00:00Z"),
            ("America/Los_Angeles", "2026-03-09T16:00:00Z"),
        ] {
            assert_eq!(morning.due(&zone(place), next.at), moment(expected), "{place}");
        }
    }

    #[test]
    fn days_and_times_are_read_as_people_write_them() {
        for (text, day) in [("mon", 1), ("Monday", 1), ("SUN", 7), ("wednesday", 3)] {
            assert_eq!(weekday(text), Some(day), "{text}");
        }
        assert_eq!((weekday("m"), weekday("mond"), weekday_word(7)), (None, None, "sun"));
        assert_eq!(time_of_day("09:05"), Some(time(9, 5, 0, 0)));
        for text in ["9:05", "09:5", "24:00", "09:60", "0905", "+9:05", ""] {
            assert_eq!(time_of_day(text), None, "{text}");
        }
    }
}
