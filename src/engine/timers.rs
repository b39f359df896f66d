//! Timers: everything that happens because time has passed.

use super::digest::digested;
use super::drive::{Next, Trouble};
use super::fault::Fault;
use super::person::Closing;
use super::record::{Run, Waiting};
use super::tracked::failed_because;
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use std::borrow::Cow;

impl<'a> Turning<'a> {
    /// Fires what is due at `until` or before, in its order, until so many effects are decided. `until` is not after now and
    /// new times count from now, so this comes to an end.
    pub(super) fn fire_due(&mut self, until: Millis, effects: usize) -> Result<(), TurnError> {
        self.drop_old_news(until);
        while self.out.effects.len() < effects {
            let due = self.rec.runs.iter().enumerate().filter_map(|(place, run)| Some((self.rec.alarm_of(run)?, place))).min();
            let errand = self.rec.errand_alarm();
            // Of what is due at one moment, what moves a message on comes before what gives up.
            if let Some((at, place)) = errand
                && at <= until
                && due.is_none_or(|(run, _)| at <= run)
            {
                self.errand_due(place)?;
                self.ask_next()?;
                continue;
            }
            let Some((_, place)) = due.filter(|(at, _)| *at <= until) else { return Ok(()) };
            let run = self.take(place);
            self.fire(run, place, until)?;
            self.ask_next()?;
        }
        Ok(())
    }

    fn fire(&mut self, mut run: Run, place: usize, until: Millis) -> Result<(), TurnError> {
        // What it waits for may have been over before: the service was down, or the conversation with a person.
        let own_first = run.own_alarm().is_some_and(|own| own < run.ends_at());
        if !own_first && run.lasts(run.expires) <= until {
            self.end_run(run, "expired", "its time is over".to_owned());
            return Ok(());
        }
        let over = |at: Millis| !own_first && run.lasts(at) <= until;
        if let Some(depth) = run.frames.iter().position(|frame| frame.expires.is_some_and(over)) {
            self.close_question(&mut run, true);
            self.close_handoff(&mut run, Closing { outcome: "expired", ..Closing::default() });
            while run.frames.len() > depth.max(1) {
                self.leave_flow(&mut run);
            }
            let next = Next::Trouble { trouble: Trouble::Failed, reason: "the sub-flow expired".to_owned() };
            return self.drive(run, place, next);
        }
        let next = match &run.waiting {
            Waiting::Reply(question) if question.gathered.is_some() => match self.gathered(&mut run) {
                Ok(next) => next,
                Err(Fault::Turn(error)) => return Err(error),
                Err(Fault::Run(why)) => {
                    self.fail(run, &why);
                    return Ok(());
                }
            },
            Waiting::Reply(question) if question.failed.is_some() => {
                let reason = failed_because(question.failed);
                Next::Trouble { trouble: Trouble::Undelivered, reason }
            }
            Waiting::Reply(_) => {
                // Where the flow goes on, a reply to this question is late.
                self.leave_unanswered(&run, run.question().and_then(|question| question.awaited));
                Next::Trouble { trouble: Trouble::Silence, reason: "no reply".to_owned() }
            }
            Waiting::Event { .. } => Next::Trouble { trouble: Trouble::Silence, reason: "the event did not come".to_owned() },
            Waiting::Call { .. } => {
                Next::Trouble { trouble: Trouble::Failed, reason: "the result of the call was lost".to_owned() }
            }
            Waiting::Time { .. } => {
                Next::Outcome { name: Cow::Borrowed("ok"), value: Value::Null, reason: "the time has come".to_owned() }
            }
            Waiting::Held { value, .. } => {
                let (name, value) = (Cow::Borrowed("ok"), Value::clone(value));
                Next::Outcome { name, value, reason: "the event came, and the hours have begun".to_owned() }
            }
            Waiting::Hours { .. } => Next::Ask,
            // It waits for another question; its own time is that of the run.
            Waiting::Delivery { .. } | Waiting::Turn | Waiting::Paused { .. } => Next::Rest,
            Waiting::Digest { .. } => digested(&mut run, "its window is over"),
            Waiting::Person { taken, .. } => {
                let reason = match taken {
                    None => "nobody took it over",
                    Some(_) => "what the contact wrote did not reach the desk of the team",
                };
                self.close_handoff(&mut run, Closing { outcome: "silence", ..Closing::default() });
                Next::Trouble { trouble: Trouble::Silence, reason: reason.to_owned() }
            }
        };
        self.drive(run, place, next)
    }
}
