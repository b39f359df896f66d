//! `[media]`: files of contacts, and how long links to them last.

use super::schema::Setting::{self, Duration, Text};
use super::section::Section;
use crate::domain::time::{Millis, Span};

/// What the section may hold, for the schema.
pub(super) const SETTINGS: &[(&str, Setting)] =
    &[("links", Duration), ("provider_links", Duration), ("api_links", Duration), ("unsigned", Text)];

/// `[media]`.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    /// How long links last in what people and other systems get.
    pub links: Span,
    /// In what a provider fetches.
    pub provider_links: Span,
    /// In answers of the API.
    pub api_links: Span,
    /// Until when addresses without a signature open too: the beginning of a day, UTC.
    pub unsigned: Option<Millis>,
}

impl MediaConfig {
    pub(super) fn read(section: Section<'_>) -> Self {
        let day = |text: &str| {
            let day: jiff::civil::Date = text.parse().ok()?;
            let begins = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some(Millis(begins.timestamp().as_millisecond()))
        };
        let settings = MediaConfig {
            links: section.span("links", Span::minutes(5), Span::days(366)),
            provider_links: section.span("provider_links", Span::minutes(5), Span::days(30)),
            api_links: section.span("api_links", Span::minutes(1), Span::days(30)),
            unsigned: section.opt_parsed("unsigned", "a day such as 2027-01-31", day),
        };
        section.finish();
        settings
    }
}
