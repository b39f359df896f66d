//! Where a run stands, as expressions read it: for the bounds of answers and for data that must fit what the run knows.

use crate::config::project::Project;
use crate::domain::language::Language;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::engine::record::{Frame, Record};
use crate::flow::definition::Flow;
use crate::flow::expression::{Root, Scope};
use jiff::tz::TimeZone;
use std::borrow::Cow;

/// A place in a flow with what is known there.
pub(super) struct Standing<'s> {
    pub project: &'s Project,
    pub record: &'s Record,
    pub flow: &'s Flow,
    pub frame: Option<&'s Frame>,
    pub now: Millis,
    pub zone: TimeZone,
}

/// Where the contact lives.
pub(super) fn zone_of(record: &Record, project: &Project) -> TimeZone {
    let own = record.timezone.as_deref().and_then(|name| TimeZone::get(name).ok());
    own.unwrap_or_else(|| project.timezone.clone())
}

impl Scope for Standing<'_> {
    fn variable(&self, name: &str) -> Option<Cow<'_, Value>> {
        let slot = self.flow.slot(name)?;
        Some(self.frame.and_then(|frame| frame.vars.get(slot)).map_or(Cow::Owned(Value::Null), Cow::Borrowed))
    }

    fn root(&self, _root: Root) -> Option<Cow<'_, Value>> {
        None
    }

    fn member(&self, root: Root, field: &str) -> Option<Cow<'_, Value>> {
        match root {
            Root::Contact => self.record.field(field).map(Cow::Owned),
            Root::Env => self.project.env.get(field).map(Cow::Borrowed),
            _ => None,
        }
    }

    fn within_hours(&self, hours: &str, at: Millis) -> Option<bool> {
        let hours = self.project.hours.get(hours)?;
        let local = self.zone.to_datetime(jiff::Timestamp::from_millisecond(at.0).ok()?);
        let day = local.date().weekday().to_monday_zero_offset() as usize;
        Some(hours.days[day].iter().any(|(from, to)| *from <= local.time() && local.time() < *to))
    }

    fn now(&self) -> Millis {
        self.now
    }

    fn timezone(&self) -> &TimeZone {
        &self.zone
    }

    fn language(&self) -> Language {
        self.record.language.or(self.flow.languages.first().copied()).unwrap_or(self.project.language)
    }
}
