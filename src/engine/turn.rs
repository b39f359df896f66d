//! One turn of one contact.

use super::broadcast::Asked;
use super::effect::Effect;
use super::record::Record;
use super::turning::Turning;
use crate::config::project::Project;
use crate::domain::broadcast::Refusal;
use crate::domain::id::{ContactKey, EffectId, Token, VersionId};
use crate::domain::input::{Accepted, Input, OperatorAction};
use crate::domain::journal;
use crate::domain::limits;
use crate::domain::mode::Mode;
use crate::domain::name::Slug;
use crate::domain::suppression::Barred;
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::flow::catalog::Catalog;
use indexmap::IndexMap;

/// What a turn may know besides the record and the input.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The flows.
    pub catalog: &'a Catalog,
    /// The settings that flows may know.
    pub project: &'a Project,
    /// What the suppression list says of the contact's addresses. Whoever sends looks again.
    pub barred: &'a Barred,
}

/// What a turn decided, besides the new record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TurnOutput {
    /// What is to be done outside, in order.
    pub effects: Vec<(EffectId, Effect)>,
    /// What happened, in order.
    pub events: Vec<journal::Event>,
    /// Runs that ended.
    pub ended: Vec<Ended>,
    /// Whether a call is pending: then only priority inputs are handed out.
    pub hold: bool,
    /// When the contact must be looked at without a new input.
    pub alarm: Option<Millis>,
    /// Kinds of channel that the contact opted out of.
    pub stop: u8,
    /// Messages that are given up: what has not left does not leave.
    pub withdraw: Vec<EffectId>,
    /// Effects whose delivery a run awaits from now on.
    pub await_add: Vec<EffectId>,
    /// Effects whose delivery is no longer awaited.
    pub await_remove: Vec<EffectId>,
    /// Changes of the number of live runs, by version.
    pub live: Vec<(VersionId, i64)>,
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// Its flow.
    pub flow: Slug,
    /// Its result.
    pub end: String,
    /// Why, in one line.
    pub reason: String,
    /// Its variables, private ones too: for tests, not for the journal.
    pub variables: IndexMap<String, Value>,
}

/// Why a turn cannot be done. The record is then to be left as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TurnError {
    /// A run is on a version that the catalog does not have: load it and repeat the turn.
    #[error("the version {0} of a flow is not loaded")]
    UnknownVersion(VersionId),
    /// The record would be larger than allowed although no run is left that could be ended.
    #[error("the contact's record would have {0} bytes")]
    TooLarge(usize),
    /// The record contradicts itself or the version it names: damage.
    #[error("the contact's record is damaged: {0}")]
    Damaged(&'static str),
}

/// One turn: timers that are due, then the input. `token` is the contact's token after this input; ids derive from it. After
/// an error the record is not to be used: the caller keeps the one from before.
pub fn turn(
    context: &Context<'_>,
    record: &mut Record,
    token: Token,
    contact: ContactKey,
    input: Option<&Accepted>,
    now: Millis,
) -> Result<TurnOutput, TurnError> {
    let mut turning = Turning::new(context, record, token, contact, now);
    turning.give_up_again();
    turning.end_superseded();
    match input {
        None if turning.rec.clock.goal.is_some() => turning.move_on()?,
        // Only what was due before the input: what is due since then comes after it. A clock that was set back in between
        // must not let time run ahead.
        Some(accepted) => {
            let at = (accepted.at + turning.rec.clock.ahead).min(turning.now);
            // Where so much is due that the input might find no room, the rest comes right after it.
            turning.fire_due(at, limits::EFFECTS_PER_TURN / 2)?;
            let at = if waits_for_the_clock(&accepted.input) { turning.arrive(at)? } else { at };
            turning.forget_unanswered(at);
            turning.came = at;
            if turning.admits(accepted) {
                turning.input(accepted)?;
            }
        }
        // What one turn cannot send without running into its limit is left for the next.
        None => {
            turning.fire_due(turning.now, limits::EFFECTS_PER_TURN / 2)?;
            turning.forget_unanswered(turning.now);
        }
    }
    turning.ask_next()?;
    turning.tell_desks();
    turning.bound()?;
    turning.tell();
    turning.tell_team();
    turning.raise();
    turning.tell_profile();
    let now = turning.store_now();
    let Turning { rec, mut out, .. } = turning;
    out.hold = rec.hold();
    out.alarm = rec.alarm().map(|alarm| if input.is_none() { alarm.max(now + Span::millis(1)) } else { alarm });
    out.stop = rec.stop();
    out.live.retain(|(_, n)| *n != 0);
    Ok(out)
}

/// Whether an input comes after what its contact's clock is being moved to. Whoever wrote it moved the clock before.
fn waits_for_the_clock(input: &Input) -> bool {
    match input {
        Input::Message(_) | Input::Event(_) | Input::Webhook(_) => true,
        Input::Operator(action) => matches!(action, OperatorAction::Begin { .. } | OperatorAction::Notify { .. }),
        Input::CallResult(_) | Input::Delivery(_) | Input::Reach(_) | Input::Alerts(_) | Input::Passed(_) | Input::Desk(_) => {
            false
        }
        Input::Merge(_) => false,
    }
}

/// Whether an input found its contact by an address.
fn is_from_outside(input: &Input) -> bool {
    match input {
        Input::Message(_) | Input::Event(_) | Input::Webhook(_) | Input::Passed(_) | Input::Alerts(_) => true,
        Input::CallResult(_) | Input::Delivery(_) | Input::Operator(_) | Input::Reach(_) | Input::Merge(_) | Input::Desk(_) => {
            false
        }
    }
}

impl Turning<'_> {
    /// Whether an input is of the contact's own mode. One of test makes a test contact of somebody who is new, and of nobody else. What comes
    /// of a contact's own effects, and what is done to one who is named by its key, says no mode of its own.
    fn admits(&mut self, accepted: &Accepted) -> bool {
        let refused = match accepted.mode {
            Mode::Test if self.rec.test || self.rec.simulated => return true,
            Mode::Test if self.rec.is_new() => {
                self.rec.test = true;
                return true;
            }
            Mode::Test => "what is of test does not happen to this contact",
            Mode::Live if self.rec.test && is_from_outside(&accepted.input) => "what is meant does not happen to a test contact",
            Mode::Live => return true,
        };
        self.note(None, refused);
        false
    }

    fn input(&mut self, accepted: &Accepted) -> Result<(), TurnError> {
        self.one_input(accepted, &accepted.input)
    }

    fn one_input(&mut self, accepted: &Accepted, input: &Input) -> Result<(), TurnError> {
        match input {
            Input::Alerts(alerts) => {
                self.alerts(alerts);
                Ok(())
            }
            input if self.is_board() && !matches!(input, Input::Operator(OperatorAction::Retry(_))) => {
                self.note(None, "nothing but alerts happens to a team's record");
                Ok(())
            }
            Input::Message(message) => {
                let at = accepted.at + self.rec.clock.ahead;
                self.message(accepted.id, at, message)
            }
            Input::Event(event) => self.event(accepted.id, event),
            Input::Webhook(webhook) => self.webhook(accepted.id, webhook),
            Input::CallResult(result) => self.call_result(result),
            Input::Delivery(delivery) => self.delivery(delivery),
            Input::Operator(action) => self.operator(accepted, action),
            Input::Reach(reach) => {
                self.reach(reach);
                Ok(())
            }
            Input::Passed(passed) => self.passed(passed),
            Input::Merge(step) => self.merge(step),
            Input::Desk(done) => {
                self.desk_done(done);
                Ok(())
            }
        }
    }

    pub(super) fn operator(&mut self, accepted: &Accepted, action: &OperatorAction) -> Result<(), TurnError> {
        match action {
            OperatorAction::EndRuns => {
                self.journal(journal::Event::Halted { input: accepted.id });
                for run in std::mem::take(&mut self.rec.runs) {
                    self.end_run(run, "interrupted", "an operator ended it".to_owned());
                }
                for waiting in std::mem::take(&mut self.rec.waiting) {
                    self.drop_start(&waiting, Refusal::Ended);
                }
                Ok(())
            }
            // It was nested once at most when it was set aside; a retry of a retry is the same input.
            OperatorAction::Retry(input) => match &**input {
                Input::Operator(OperatorAction::Retry(inner)) => self.one_input(accepted, inner),
                input => self.one_input(accepted, input),
            },
            OperatorAction::Begin { flow, with, sending } => {
                self.begin_asked(flow, Asked { input: accepted.id, with, sending: sending.as_deref() })
            }
            OperatorAction::Notify { notification, version, with, sending } => {
                self.notify_asked(notification, *version, Asked { input: accepted.id, with, sending: sending.as_deref() })
            }
            OperatorAction::MoveTime { by } => {
                self.move_time(*by);
                Ok(())
            }
            OperatorAction::Change(change) => {
                self.change(accepted.id, change);
                Ok(())
            }
            OperatorAction::Take { by } => {
                self.person_acted(accepted.id);
                self.take_over(accepted.id, by);
                Ok(())
            }
            OperatorAction::Write { by, text, channel } => {
                self.person_acted(accepted.id);
                self.write(accepted.id, by, text, channel.as_ref());
                Ok(())
            }
            OperatorAction::Resolve { by, note } => {
                self.person_acted(accepted.id);
                self.resolve(accepted.id, by, note.as_deref())
            }
            OperatorAction::AtDesk { place, act } => self.at_desk(accepted, place, act),
            // What it is about is done in every turn.
            OperatorAction::Published { .. } => Ok(()),
            OperatorAction::Meet { channel, who } => {
                self.meet_on(channel);
                let before = self.rec.language;
                self.rec.adopt(who);
                self.rec.language = who.language.or(before);
                if let Some(language) = self.rec.language.filter(|language| Some(*language) != before) {
                    let value = Value::text(language.as_str());
                    self.journal(journal::Event::ContactChanged { name: "language".to_owned(), value, by: None });
                }
                Ok(())
            }
        }
    }
}
