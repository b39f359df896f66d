//! `notify` with `to`: a notification for somebody else. It sets out in a turn of the receiver, from their own mailbox, as if a run
//! of theirs had sent it: so their opt-out holds, their window, hours and language count, and their replies are theirs.

use super::effect::Effect;
use super::fault::Fault;
use super::record::{Errand, Only, Purpose, Run, Stage};
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::address::Address;
use crate::domain::id::{EffectId, RunId};
use crate::domain::input::Passed;
use crate::domain::journal::Event;
use crate::domain::limits;
use crate::domain::name::{Name, Slug};
use crate::domain::value::Value;
use crate::domain::way::{Step, Way};
use crate::flow::catalog::read_receiver;
use crate::flow::definition::{Notification, Receiver};
use indexmap::IndexMap;

impl Turning<'_> {
    /// Sends a notification to another address. One that cannot be read is journaled, and the run goes on: nobody waits for it.
    pub(super) fn notify_elsewhere(
        &mut self,
        run: &Run,
        depth: usize,
        notification: &Notification,
        params: IndexMap<Name, Value>,
        to: &Receiver,
    ) -> Result<(), Fault> {
        let who = read_receiver(to, &self.view(run, depth)?, self.project);
        let who = match who {
            Ok(who) => who,
            Err(problem) => {
                self.passes(run.id, &notification.name, None, Step::UsedUp, format!("`to` cannot be read: {problem}"), None);
                return Ok(());
            }
        };
        const NO_FRAME: TurnError = TurnError::Damaged("a run without a frame");
        let version = run.frames.get(depth).ok_or(NO_FRAME)?.version;
        let outer = run.frames.first().ok_or(NO_FRAME)?.version;
        let passed = Passed {
            run: run.id,
            flow: run.flow.clone(),
            version,
            speaks: (outer != version).then_some(outer),
            notification: notification.name.clone(),
            params: params.into_values().collect(),
            simulated: self.rec.simulated,
            to: who,
        };
        if self.rec.is(&passed.to) {
            return self.set_out_for(&passed, true);
        }
        let address = passed.to.address();
        let effect = self.effect(Effect::Pass(Box::new(passed)))?;
        self.passes(run.id, &notification.name, Some(effect), Step::Passed, "to another address".to_owned(), address);
        Ok(())
    }

    /// A run of somebody else notifies this contact.
    pub(super) fn passed(&mut self, passed: &Passed) -> Result<(), TurnError> {
        self.rec.adopt(&passed.to);
        let why = format!("a run of `{}` of another contact sends it", passed.flow);
        self.passes(passed.run, &passed.notification, None, Step::Came, why, None);
        match self.set_out_for(passed, false) {
            Ok(()) => Ok(()),
            Err(Fault::Turn(error)) => Err(error),
            Err(Fault::Run(why)) => {
                self.note(Some(passed.run), why);
                Ok(())
            }
        }
    }

    /// `own`: a run of this contact sends it to one of their addresses. Else it waits until no person has the conversation.
    fn set_out_for(&mut self, passed: &Passed, own: bool) -> Result<(), Fault> {
        self.sent_off += 1;
        let errand = Errand {
            id: self.token.run(limits::EFFECTS_PER_TURN + self.sent_off).0,
            run: passed.run,
            flow: passed.flow.clone(),
            version: passed.version,
            notification: passed.notification.clone(),
            params: passed.params.clone(),
            purpose: Purpose::Word,
            stage: Stage::Going,
            moment: None,
            next: 0,
            began: None,
            effect: None,
            speaks: passed.speaks,
            alone: false,
            only: Only::of(&passed.to, passed.simulated),
            bulk: false,
            broadcast: None,
        };
        let (_, notification) = self.of_errand(&errand)?;
        if let Some(until) = self.held_until(notification)? {
            self.hold(errand, until, notification, None);
            return Ok(());
        }
        if !own && self.rec.is_with_person() {
            let until = self.now;
            let errand = Errand { stage: Stage::Held, moment: Some(until), ..errand };
            self.way(&errand, Step::Held { until }, "a person has the conversation");
            self.keep(errand);
            return Ok(());
        }
        self.also(&errand, None)?;
        self.set_out(errand, None, None, None).map(drop)
    }

    fn passes(
        &mut self,
        run: RunId,
        notification: &Slug,
        effect: Option<EffectId>,
        step: Step,
        reason: String,
        to: Option<Address>,
    ) {
        let notification = notification.clone();
        self.journal(Event::Way(Box::new(Way { run, notification, effect, step, reason, to })));
    }
}
