//! Opening hours as moments: where the contact lives, whatever the clocks do there.

use crate::config::project::Hours;
use crate::domain::time::Millis;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// Days that are looked at: two weeks, should a change of the clocks swallow the hours of one.
const DAYS: i64 = 15;

/// This moment if it is inside of the hours, else the next one that is. Nothing if they are never open.
pub fn next_inside(hours: &Hours, zone: &TimeZone, at: Millis) -> Option<Millis> {
    let now = Timestamp::from_millisecond(at.0).ok()?;
    let first = zone.to_datetime(now).date();
    for day in 0..DAYS {
        let date = first.checked_add(jiff::Span::new().days(day)).ok()?;
        for (from, to) in &hours.days[date.weekday().to_monday_zero_offset() as usize] {
            let begins = moment(zone, date, *from)?;
            let ends = match *to == Time::MAX {
                true => moment(zone, date.tomorrow().ok()?, Time::midnight())?,
                false => moment(zone, date, *to)?,
            };
            if now < ends && begins < ends {
                return Some(Millis(begins.max(now).as_millisecond()));
            }
        }
    }
    None
}

/// The first moment at which the clocks show this or, where they skip it, more.
fn moment(zone: &TimeZone, date: Date, time: Time) -> Option<Timestamp> {
    let there = zone.to_ambiguous_timestamp(date.to_datetime(time));
    match there.offset() {
        AmbiguousOffset::Gap { .. } => {
            let after = there.later().ok()?;
            let just_after = after.checked_add(jiff::SignedDuration::from_nanos(1)).ok()?;
            zone.preceding(just_after).next().map(|change| change.timestamp()).or(Some(after))
        }
        _ => there.earlier().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(days: [&[(i8, i8)]; 7]) -> Hours {
        let time = |hour: i8| if hour == 24 { Time::MAX } else { Time::constant(hour, 0, 0, 0) };
        Hours { days: days.map(|ranges| ranges.iter().map(|(from, to)| (time(*from), time(*to))).collect()) }
    }

    fn next(hours: &Hours, zone: &str, at: &str) -> String {
        let zone = TimeZone::get(zone).expect("a zone");
        let at = at.parse::<Timestamp>().expect("a moment");
        match next_inside(hours, &zone, Millis(at.as_millisecond())) {
            Some(at) => Timestamp::from_millisecond(at.0).expect("a moment").to_string(),
            None => "never".to_owned(),
        }
    }

    #[test]
    fn inside_is_now_and_outside_is_the_next_opening() {
        let office = hours([&[(9, 12), (13, 17)], &[(9, 17)], &[(9, 17)], &[(9, 17)], &[(9, 17)], &[], &[]]);
        for (at, expected) in [
            ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"),
            ("2026-03-02T08:59:59.999Z", "2026-03-02T09:00:00Z"),
            ("2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z"),
            ("2026-03-02T16:59:59.999Z", "2026-03-02T16:59:59.999Z"),
            ("2026-03-06T17:00:00Z", "2026-03-09T09:00:00Z"),
        ] {
            assert_eq!(next(&office, "UTC", at), expected, "{at}");
        }
        assert_eq!(next(&office, "America/New_York", "2026-03-06T21:59:00Z"), "2026-03-06T21:59:00Z");
        // On Sunday the clocks go forward there.
        assert_eq!(next(&office, "America/New_York", "2026-03-06T22:00:00Z"), "2026-03-09T13:00:00Z");
        assert_eq!(next(&hours([&[], &[], &[], &[], &[], &[], &[]]), "UTC", "2026-03-02T09:00:00Z"), "never");
    }

    #[test]
    fn a_night_goes_over_midnight_and_over_the_change_of_clocks() {
        let night: &[(i8, i8)] = &[(0, 6), (22, 24)];
        let nights = hours([night; 7]);
        assert_eq!(next(&nights, "UTC", "2026-03-02T23:59:59.999Z"), "2026-03-02T23:59:59.999Z");
        assert_eq!(next(&nights, "UTC", "2026-03-03T06:00:00Z"), "2026-03-03T22:00:00Z");
        // London skips 01:00 to 02:00 on 29 March 2026 and has it twice on 25 October.
        let early = hours([&[], &[], &[], &[], &[], &[], &[(1, 3)]]);
        assert_eq!(next(&early, "Europe/London", "2026-03-28T12:00:00Z"), "2026-03-29T01:00:00Z");
        assert_eq!(next(&early, "Europe/London", "2026-10-24T12:00:00Z"), "2026-10-25T00:00:00Z");
        assert_eq!(next(&early, "Europe/London", "2026-10-25T02:30:00Z"), "2026-10-25T02:30:00Z");
        let skipped = hours([&[], &[], &[], &[], &[], &[], &[(1, 2)]]);
        assert_eq!(next(&skipped, "Europe/London", "2026-03-28T12:00:00Z"), "2026-04-05T00:00:00Z", "that hour is not there");
    }
}
