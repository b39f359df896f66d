//! What a reply is understood against: in which language, where and when it was written.

use crate::domain::language::Language;
use crate::domain::time::Millis;
use jiff::Zoned;
use jiff::tz::TimeZone;

/// Who writes, where and when. The same reply means another day in another setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The language in which the question was asked. English words are always known besides.
    pub language: Language,
    /// ISO 3166 alpha-2 code of the channel's country: local phone numbers, and the order of day and month in English.
    pub country: Option<&'a str>,
    /// Time zone of the contact, else of the project.
    pub zone: &'a TimeZone,
    /// When the reply was accepted.
    pub now: Millis,
}

impl Setting<'_> {
    /// The contact's wall clock when the reply was accepted.
    pub fn local_now(&self) -> Zoned {
        jiff::Timestamp::from_millisecond(self.now.0).unwrap_or_default().to_zoned(self.zone.clone())
    }
}
