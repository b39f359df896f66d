//! What days, clock times and moments mean: by language in two text files, and rule by rule.

mod languages;
mod properties;
mod rules;

use crate::domain::language::Language;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::reply::normalize::Normalized;
use crate::reply::{Setting, Understanding, date, moment, time};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Where and when a reply is written.
#[derive(Debug, Clone)]
struct Here {
    language: Language,
    country: Option<String>,
    zone: TimeZone,
    now: Millis,
}

impl Here {
    /// `now` is the contact's wall clock.
    fn new(language: &str, country: &str, zone: &str, now: &str) -> Self {
        let zone = TimeZone::get(zone).expect("a zone");
        let local: DateTime = now.parse().expect("a wall clock");
        let now = local.to_zoned(zone.clone()).expect("a moment").timestamp();
        let language = Language::parse(language).expect("a language");
        Here { language, country: Some(country.to_owned()), zone, now: Millis(now.as_millisecond()) }
    }

    fn setting(&self) -> Setting<'_> {
        Setting { language: self.language, country: self.country.as_deref(), zone: &self.zone, now: self.now }
    }

    fn date_in(&self, reply: &str, min: &str, max: &str) -> String {
        let expected = date::Expected { min: min.parse().ok(), max: max.parse().ok() };
        self.shown(date::understand(reply, &Normalized::of(reply), &expected, &self.setting()))
    }

    fn date(&self, reply: &str) -> String {
        self.date_in(reply, "", "")
    }

    fn time_in(&self, reply: &str, min: &str, max: &str) -> String {
        let clock = |text: &str| format!("{text}:00").parse().ok();
        let expected = time::Expected { min: clock(min), max: clock(max) };
        self.shown(time::understand(reply, &Normalized::of(reply), &expected, &self.setting()))
    }

    fn time(&self, reply: &str) -> String {
        self.time_in(reply, "", "")
    }

    fn moment_in(&self, reply: &str, min: &str, max: &str) -> String {
        let at = |text: &str| {
            let local: DateTime = text.parse().ok()?;
            Some(Millis(local.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond()))
        };
        let expected = moment::Expected { min: at(min), max: at(max) };
        self.shown(moment::understand(reply, &Normalized::of(reply), &expected, &self.setting()))
    }

    fn moment(&self, reply: &str) -> String {
        self.moment_in(reply, "", "")
    }

    /// The value in the contact's clock, or why there is none.
    fn shown(&self, understanding: Understanding) -> String {
        match understanding.map(|understood| understood.value) {
            Ok(Value::Date(date)) => date.to_string(),
            Ok(Value::Time(time)) => time.strftime("%H:%M").to_string(),
            Ok(Value::Moment(at)) => {
                let at = Timestamp::from_millisecond(at.0).expect("a moment").to_zoned(self.zone.clone());
                at.strftime("%Y-%m-%d %H:%M").to_string()
            }
            Ok(other) => panic!("{other:?}"),
            Err(not) => not.reason,
        }
    }
}

/// A Thursday at noon in London.
fn london() -> Here {
    Here::new("en", "GB", "Europe/London", "2026-03-05T12:00")
}
