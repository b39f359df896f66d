//! Waiting for time or an event.

use super::drive::Next;
use super::fault::Fault;
use super::hours::next_inside;
use super::record::{Run, Waiting};
use super::turning::Turning;
use crate::domain::name::Slug;
use crate::domain::time::Millis;
use crate::domain::value::{Type, Value};
use crate::flow::definition::{Flow, Wait, WaitFor};
use crate::flow::expression::{Template, fit};
use jiff::civil::Time;
use std::borrow::Cow;

impl<'a> Turning<'a> {
    /// Begins to wait, or goes on at once where the moment is past.
    pub(super) fn wait(&mut self, run: &mut Run, flow: &'a Flow, wait: &'a Wait) -> Result<Next<'a>, Fault> {
        let until = match &wait.until {
            WaitFor::For(span) => self.now + *span,
            WaitFor::Days { days, at } => self.in_days(*days, *at)?,
            WaitFor::Until(moment) => self.moment(run, moment)?,
            WaitFor::Event { .. } => {
                run.waiting = Waiting::Event { until: self.now + wait.troubles.silence_after(&flow.defaults) };
                return Ok(Next::Rest);
            }
        };
        let until = match &wait.hours {
            Some(hours) => self.inside(hours, until.max(self.now))?,
            None => until,
        };
        if until <= self.now {
            let reason = "the moment is past".to_owned();
            return Ok(Next::Outcome { name: Cow::Borrowed("ok"), value: Value::Null, reason });
        }
        run.waiting = Waiting::Time { until };
        Ok(Next::Rest)
    }

    /// This moment, or the next one that is inside of these hours of the contact.
    pub(super) fn inside(&self, hours: &Slug, at: Millis) -> Result<Millis, Fault> {
        let set = self.project.hours.get(hours).ok_or_else(|| Fault::run(format!("there are no hours `{hours}`")))?;
        next_inside(set, self.zone(), at).ok_or_else(|| Fault::run(format!("the hours `{hours}` are never open")))
    }

    /// The event that a run waited for came: it goes on, at once or when the hours of its wait have begun.
    pub(super) fn event_came(&self, run: &mut Run, wait: &Wait, data: &Value, reason: String) -> Result<Next<'a>, Fault> {
        if let Some(hours) = &wait.hours {
            let until = self.inside(hours, self.now)?;
            if until > self.now {
                run.waiting = Waiting::Held { until, value: Box::new(data.clone()) };
                return Ok(Next::Rest);
            }
        }
        Ok(Next::Outcome { name: Cow::Borrowed("ok"), value: data.clone(), reason })
    }

    /// So many midnights from now where the contact lives, then the clock. A clock that daylight saving leaves out is the moment after.
    fn in_days(&self, days: u32, at: Option<Time>) -> Result<Millis, Fault> {
        let beyond = || Fault::run("the wait ends beyond the calendar");
        let now = jiff::Timestamp::from_millisecond(self.now.0).map_err(|_| beyond())?;
        let local = self.zone().to_datetime(now);
        let day = local.date().checked_add(calendar_days(days)).map_err(|_| beyond())?;
        let zoned = self.zone().to_ambiguous_zoned(day.to_datetime(at.unwrap_or_else(|| local.time())));
        let moment = zoned.compatible().map_err(|_| beyond())?;
        Ok(Millis(moment.timestamp().as_millisecond()))
    }

    fn moment(&self, run: &Run, moment: &Template) -> Result<Millis, Fault> {
        let view = self.view(run, run.frames.len() - 1)?;
        let value = moment.eval_value(&view).map_err(|error| Fault::eval(moment.source(), &error))?;
        match fit(value, Type::Moment, self.zone()) {
            Ok(Value::Moment(moment)) => Ok(moment),
            Ok(Value::Date(day)) | Err(Value::Date(day)) => {
                let midnight = self.zone().to_ambiguous_zoned(day.to_datetime(Time::midnight())).compatible();
                midnight
                    .map(|at| Millis(at.timestamp().as_millisecond()))
                    .map_err(|_| Fault::run("the wait ends beyond the calendar"))
            }
            _ => Err(Fault::run(format!("`until: {}` is no moment", moment.source()))),
        }
    }
}

/// Calendar days. Ten thousand years at most: more is beyond the calendar anyway.
fn calendar_days(days: u32) -> jiff::Span {
    jiff::Span::new().days(i64::from(days.min(3_650_000)))
}
