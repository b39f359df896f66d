//! Days, times and moments: reading them from texts, writing them, counting days.

use super::date_pattern::DatePattern;
use super::locale::Names;
use crate::domain::time::{Millis, Span};
use crate::domain::value::{Type, Value};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// Longer texts are no dates.
const LONGEST: usize = 40;

/// Makes of a value that came as JSON the type that is wanted: dates, times, moments and durations come as text.
/// Nothing else is converted; null fits every type. `Err` gives the value back.
pub fn fit(value: Value, kind: Type, zone: &TimeZone) -> Result<Value, Value> {
    let same = match (&value, kind) {
        (Value::Null, _) | (_, Type::Any) => true,
        (Value::Choice { .. } | Value::Text(_), Type::Text | Type::Phone | Type::Email) => true,
        (other, kind) => other.kind() == Some(kind),
    };
    if same {
        return Ok(value);
    }
    let read = value.as_text().and_then(|text| match kind {
        Type::Duration => Span::parse(text.trim()).map(Value::Duration),
        Type::Time => read_time(text).map(Value::Time),
        Type::Date => read_day(text, zone).map(Value::Date),
        Type::Moment => read_moment(text, zone).map(Value::Moment),
        _ => None,
    });
    read.ok_or(value)
}

/// `10:30`, `10:30:05`.
pub(super) fn read_time(text: &str) -> Option<Time> {
    let text = text.trim();
    let plain =
        text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.')) && text.contains(':');
    plain.then(|| text.parse().ok()).flatten()
}

/// `2026-03-02`, or the day of a moment in the zone.
pub(super) fn read_day(text: &str, zone: &TimeZone) -> Option<Date> {
    let text = text.trim();
    if let Some(date) = plain_day(text) {
        return Some(date);
    }
    read_moment(text, zone).and_then(|moment| local(moment, zone)).map(DateTime::date)
}

/// `2026-03-02T18:00:00Z`, also with an offset; without one it is a local time of the zone. A day alone is no moment.
pub(super) fn read_moment(text: &str, zone: &TimeZone) -> Option<Millis> {
    let text = text.trim();
    if text.len() > LONGEST || plain_day(text).is_some() {
        return None;
    }
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(Millis(timestamp.as_millisecond()));
    }
    let civil: DateTime = text.contains(':').then(|| text.parse().ok()).flatten()?;
    let timestamp = zone.to_timestamp(civil).ok()?;
    Some(Millis(timestamp.as_millisecond()))
}

fn plain_day(text: &str) -> Option<Date> {
    (text.len() == 10 && text.as_bytes()[4] == b'-').then(|| text.parse().ok()).flatten()
}

/// The local day and time of a moment; `None` only beyond the year 9999.
pub(super) fn local(moment: Millis, zone: &TimeZone) -> Option<DateTime> {
    jiff::Timestamp::from_millisecond(moment.0).ok().map(|timestamp| zone.to_datetime(timestamp))
}

/// What `date` and `days_until` understand.
pub(super) enum When {
    Day(Date),
    Time(Time),
    /// A moment as it is in the zone.
    Local(DateTime),
}

impl When {
    /// `None` for a text that is none of them. The caller has checked the type.
    pub fn of(value: &Value, zone: &TimeZone) -> Option<Self> {
        match value {
            Value::Date(day) => Some(When::Day(*day)),
            Value::Time(time) => Some(When::Time(*time)),
            Value::Moment(moment) => local(*moment, zone).map(When::Local),
            other => {
                let text = other.as_text()?.trim();
                let day = || plain_day(text).map(When::Day);
                let moment = || read_moment(text, zone).and_then(|m| local(m, zone)).map(When::Local);
                day().or_else(moment).or_else(|| read_time(text).map(When::Time))
            }
        }
    }

    pub fn day(&self) -> Option<Date> {
        match self {
            When::Day(day) => Some(*day),
            When::Time(_) => None,
            When::Local(local) => Some(local.date()),
        }
    }

    pub fn write(&self, pattern: &DatePattern, names: &Names) -> Result<String, &'static str> {
        let time = match self {
            When::Day(_) => None,
            When::Time(time) => Some(*time),
            When::Local(local) => Some(local.time()),
        };
        pattern.write(self.day(), time, names)
    }
}

/// Whole days from one to the other; negative when it is past.
pub(super) fn days_between(from: Date, to: Date) -> i64 {
    // Days of civil dates are at most 20,000 years: this does not fail.
    from.until((jiff::Unit::Day, to)).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    #[test]
    fn texts_become_what_is_wanted() {
        let zone = TimeZone::get("Europe/Madrid").expect("bundled");
        let fits = |text: &str, kind| fit(Value::text(text), kind, &zone);
        assert_eq!(fits("2026-03-02", Type::Date), Ok(Value::Date(date(2026, 3, 2))));
        assert_eq!(fits("2026-03-02T23:30:00Z", Type::Date), Ok(Value::Date(date(2026, 3, 3))), "the day in the zone");
        assert_eq!(fits("10:30", Type::Time), Ok(Value::Time(time(10, 30, 0, 0))));
        assert_eq!(fits("1970-01-01T00:00:01Z", Type::Moment), Ok(Value::Moment(Millis(1_000))));
        assert_eq!(fits("1970-01-01T01:00:01+01:00", Type::Moment), Ok(Value::Moment(Millis(1_000))));
        assert_eq!(fits("1970-01-01T01:00:01", Type::Moment), Ok(Value::Moment(Millis(1_000))), "local");
        assert_eq!(fits("1970-01-01 01:00", Type::Moment), Ok(Value::Moment(Millis(0))), "local");
        assert_eq!(fits("1h30m", Type::Duration), Ok(Value::Duration(Span::minutes(90))));
        assert_eq!(fits("x", Type::Phone), Ok(Value::text("x")));
        assert_eq!(fit(Value::Null, Type::Number, &zone), Ok(Value::Null));
        assert_eq!(fit(Value::Number(1.0), Type::Any, &zone), Ok(Value::Number(1.0)));
        for (text, kind) in [
            ("2026-02-30", Type::Date),
            ("2026-03-02", Type::Moment),
            ("tomorrow", Type::Date),
            ("25:00", Type::Time),
            ("12", Type::Time),
            ("12", Type::Number),
            ("true", Type::Boolean),
            ("", Type::Moment),
        ] {
            assert_eq!(fits(text, kind), Err(Value::text(text)), "{text} as {kind}");
        }
        assert_eq!(fit(Value::Number(1.0), Type::Text, &zone), Err(Value::Number(1.0)));
    }

    #[test]
    fn days_are_counted_on_the_calendar() {
        assert_eq!(days_between(date(2026, 2, 27), date(2026, 3, 2)), 3);
        assert_eq!(days_between(date(2026, 3, 2), date(2026, 2, 27)), -3);
        assert_eq!(days_between(date(2023, 1, 1), date(2026, 1, 1)), 1096);
    }
}
