//! Replies to questions that are no longer open: which question was left without an answer, and what its flow does about it.

use super::drive::Next;
use super::fault::Fault;
use super::inbound::Came;
use super::record::{Frame, Kept, Run, Unanswered, Waiting};
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::id::EffectId;
use crate::domain::journal::{AlertLevel, Decision, Event};
use crate::domain::limits;
use crate::domain::time::{Millis, Span};
use crate::flow::definition::{Flow, Late, LateTarget};

impl<'a> Turning<'a> {
    /// Remembers that a question of this run was closed without an answer. Where the flow takes late replies up, what the run
    /// knew is kept as long as that is so.
    pub(super) fn leave_unanswered(&mut self, run: &Run, question: Option<EffectId>) {
        let target = self.flow(run, 0).ok().and_then(|flow| match &flow.late {
            Late::Target(target) => Some(target),
            Late::Inbox | Late::Ignore => None,
        });
        let kept = target.zip(run.frames.first()).map(|(target, frame)| {
            Box::new(Kept {
                run: run.id,
                version: frame.version,
                key: run.key.clone(),
                vars: frame.vars.clone(),
                until: self.now + target.within,
                callback: self.rec.callback_of(run.id).cloned().map(Box::new),
            })
        });
        let private = self.state(run).is_ok_and(|(_, _, state)| state.private);
        self.rec.left_unanswered(Unanswered { flow: run.flow.clone(), at: self.now, past: false, private, question, kept });
    }

    /// Does what the rule for late replies says, if this message is one. With `at` the moment at which it came.
    pub(super) fn late_reply(&mut self, came: &Came<'_>) -> Result<bool, TurnError> {
        let Some(place) = self.rec.unanswered.iter().rposition(|question| !question.past && question.until() > came.at) else {
            return Ok(false);
        };
        self.late_for(came, place)
    }

    /// The same for a message that quotes a question which is no longer open, whatever is open now.
    pub(super) fn late_quote(&mut self, came: &Came<'_>) -> Result<bool, TurnError> {
        let Some(quoted) = came.message.answers else { return Ok(false) };
        let place = self.rec.unanswered.iter().position(|q| q.question == Some(quoted) && q.until() > came.at);
        let Some(place) = place else { return Ok(false) };
        // It may have been asked again since: then it is open.
        let flow = &self.rec.unanswered[place].flow;
        if self.rec.runs.iter().any(|run| run.flow == *flow && run.asked().is_some()) {
            return Ok(false);
        }
        self.late_for(came, place)
    }

    /// Does what the rule of the flow of this unanswered question says.
    fn late_for(&mut self, came: &Came<'_>, place: usize) -> Result<bool, TurnError> {
        let question = &self.rec.unanswered[place];
        let (name, private) = (question.flow.clone(), question.private);
        let late = match &question.kept {
            Some(kept) => &self.published(kept.version)?.flow.late,
            None => match self.catalog.current(name.as_str()) {
                Some(flow) => &flow.late,
                None => return Ok(false),
            },
        };
        match late {
            Late::Inbox => self.received(came, Decision::Inbox, &format!("a late reply to a question of `{name}`"), private),
            Late::Ignore => {
                let reason = format!("a late reply to a question of `{name}`, which ignores it");
                self.received(came, Decision::Ignored, &reason, private);
            }
            Late::Target(target) => match self.rec.unanswered.remove(place).kept {
                Some(kept) => self.take_up(came, *kept, target, private)?,
                None => self.received(came, Decision::Inbox, &format!("a late reply to a question of `{name}`"), private),
            },
        }
        Ok(true)
    }

    /// Takes a run up again as a new one, or only says what is to be said.
    fn take_up(&mut self, came: &Came<'_>, kept: Kept, target: &'a LateTarget, private: bool) -> Result<(), TurnError> {
        let flow: &'a Flow = &self.published(kept.version)?.flow;
        let name = &flow.name;
        if target.go.is_some() && self.catalog.is_ended(name.as_str(), kept.version) {
            // A run on it would end in its next turn, and its question with it.
            let why = format!("a late reply to a question of `{name}`, of a version whose runs were ended");
            self.received(came, Decision::Inbox, &why, private);
            return Ok(());
        }
        let place = match target.go {
            Some(go) => format!("it goes on at `{}`", flow.state_name(go)),
            None => "it is only answered".to_owned(),
        };
        self.received(came, Decision::Late, &format!("a late reply to a question of `{name}`: {place}"), private);
        // A run that goes on elsewhere meanwhile is the same conversation: it goes on here instead.
        let mut vars = kept.vars;
        if let Some(live) = self.place_of(kept.run).filter(|_| target.go.is_some()) {
            let run = self.take(live);
            vars = run.frames.first().map_or(vars, |frame| frame.vars.clone());
            self.end_run(run, "interrupted", "a late reply to an earlier question of it came".to_owned());
            self.rec.unanswered.retain(|question| question.flow != *name);
        }
        if target.go.is_some() && self.rec.runs.len() >= limits::RUNS_PER_CONTACT {
            let say = format!("A run of `{name}` was not continued: {} runs are live already", limits::RUNS_PER_CONTACT);
            self.alert(None, say, AlertLevel::Warning);
            return Ok(());
        }
        let id = if target.go.is_some() { self.token.run(self.begun) } else { kept.run };
        let frame =
            Frame { version: kept.version, state: target.go.unwrap_or(flow.begin), vars, visits: Vec::new(), expires: None };
        let mut run = Run {
            id,
            flow: name.clone(),
            key: kept.key,
            begun: self.now,
            expires: self.now + flow.expires.max(Span::millis(1)),
            continues: Some(kept.run),
            frames: vec![frame],
            reply: Some(self.reply_of(came.message, came.at, None)),
            waiting: Waiting::Turn,
            event: None,
            sending: None,
        };
        let Some(go) = target.go else {
            // The run is over and stays so: only its words are said.
            return match self.act(&mut run, 0, &target.actions) {
                Ok(()) => Ok(()),
                Err(Fault::Turn(error)) => Err(error),
                Err(Fault::Run(why)) => {
                    self.alert(None, format!("`late` of `{name}`: {why}"), AlertLevel::Warning);
                    Ok(())
                }
            };
        };
        self.begun += 1;
        self.call_back(id, kept.callback);
        self.journal(Event::RunStarted {
            run: id,
            flow: name.clone(),
            version: kept.version,
            key: run.key.clone(),
            reason: "a late reply takes it up again".to_owned(),
            continues: Some(kept.run),
            sending: None,
        });
        self.count_live(kept.version, 1);
        self.past_questions();
        self.entered = 0;
        match self.act(&mut run, 0, &target.actions) {
            Ok(()) => {
                let place = self.rec.runs.len();
                self.drive(run, place, Next::Enter(go))
            }
            Err(fault) => self.faulted(run, fault),
        }
    }

    /// What the contact says from now on answers what begins now, not an older question.
    pub(super) fn past_questions(&mut self) {
        self.rec.unanswered.iter_mut().for_each(|question| question.past = true);
    }

    /// Forgets questions whose time for a late reply is over.
    pub(super) fn forget_unanswered(&mut self, at: Millis) {
        self.rec.unanswered.retain(|question| question.until() > at);
    }
}
