//! `[media]`: files of contacts: which are kept, and how long links to them last.

use super::schema::Setting::{self, Duration, Text, Texts, Word};
use super::section::Section;
use crate::domain::time::{Millis, Span};

/// What the section may hold, for the schema.
pub(super) const SETTINGS: &[(&str, Setting)] = &[
    ("mismatched", Word(&["bin", "refused"])),
    ("forbidden", Texts(&[])),
    ("links", Duration),
    ("provider_links", Duration),
    ("api_links", Duration),
    ("unsigned", Text),
];

/// `[media]`.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    /// Whether a file is refused whose bytes are not what its sender said; otherwise it is kept as `bin`.
    pub refuses_mismatched: bool,
    /// Types that are not kept: `application/zip`, `video/*`, `programs`.
    pub forbidden: Vec<String>,
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
        let forbidden = section.texts("forbidden");
        if let Some(wrong) = forbidden.iter().find(|one| *one != "programs" && !is_type(one)) {
            let help = "A type such as application/zip or video/*, or the word `programs`.".to_owned();
            section.mistake("forbidden", format!("`{wrong}` is no type"), Some(help));
        }
        let settings = MediaConfig {
            refuses_mismatched: section.word("mismatched", &[("bin", false), ("refused", true)]),
            forbidden,
            links: section.span("links", Span::minutes(5), Span::days(366)),
            provider_links: section.span("provider_links", Span::minutes(5), Span::days(30)),
            api_links: section.span("api_links", Span::minutes(1), Span::days(30)),
            unsigned: section.opt_parsed("unsigned", "a day such as 2027-01-31", day),
        };
        section.finish();
        settings
    }
}

/// `main/sub` or `main/*`, in lower case.
fn is_type(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.+".contains(&b))
    };
    text.split_once('/').is_some_and(|(main, sub)| word(main) && (sub == "*" || word(sub)))
}
