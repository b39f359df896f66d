//! Putting an open question aside while the contact turns to something else, and taking it up again: shortened, when nothing else
//! is open, or as it is, when the contact comes back to it by itself.

use super::answer::payload_of;
use super::drive::Next;
use super::fault::Fault;
use super::question::split_payload;
use super::record::{Run, Waiting};
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::id::RunId;
use crate::domain::limits;
use crate::domain::message::Inbound;
use crate::flow::definition::Kind;

impl<'a> Turning<'a> {
    /// Whether one more question may be put aside.
    pub(super) fn may_pause(&self) -> bool {
        self.rec.runs.iter().filter(|run| run.asked().is_some()).count() < limits::OPEN_QUESTIONS
    }

    /// Puts the open question of a run aside. Its silence does not count while it is there.
    pub(super) fn pause(&mut self, id: RunId) {
        let now = self.now;
        let Some(run) = self.rec.runs.iter_mut().find(|run| run.id == id) else { return };
        let waiting = std::mem::replace(&mut run.waiting, Waiting::Turn);
        let paused = matches!(waiting, Waiting::Reply(_));
        run.waiting = match waiting {
            Waiting::Reply(question) => Waiting::Paused { question, since: now },
            other => other,
        };
        if paused {
            // The contact has turned to something else: it is asked again when that is over.
            self.drop_awaited(id, false);
            self.note(Some(id), "its question is put aside");
        }
    }

    /// Asks the question once more that was put aside last: its text and choices, without files and footers.
    pub(super) fn resume_last(&mut self) -> Result<bool, TurnError> {
        let since = |run: &Run| match run.waiting {
            Waiting::Paused { since, .. } => Some(since),
            _ => None,
        };
        let paused = self.rec.runs.iter().enumerate().filter_map(|(place, run)| Some((since(run)?, place)));
        let Some((_, place)) = paused.max() else { return Ok(false) };
        let run = self.take(place);
        self.drive(run, place, Next::AskBack)?;
        Ok(true)
    }

    /// Takes a question up again that was put aside.
    pub(super) fn reopen(&mut self, run: &mut Run) -> Result<(), Fault> {
        if !matches!(run.waiting, Waiting::Paused { .. }) {
            return Ok(());
        }
        let (flow, _, state) = self.state(run)?;
        let Kind::Ask(ask) = &state.kind else { return Err(Fault::run("a question in a state that asks nothing")) };
        let until = self.now + ask.troubles.silence_after(&flow.defaults);
        if let Waiting::Paused { mut question, .. } = std::mem::replace(&mut run.waiting, Waiting::Turn) {
            question.until = until;
            run.waiting = Waiting::Reply(question);
        }
        Ok(())
    }

    /// The contact turns to a question that was put aside: it is the open one again, and what is open now is put aside.
    pub(super) fn turn_to(&mut self, id: RunId) -> Result<(), TurnError> {
        let open = self.rec.runs.iter().find(|run| run.question().is_some()).map(|run| run.id);
        if let Some(open) = open {
            self.pause(open);
        }
        let Some(place) = self.place_of(id) else { return Ok(()) };
        let mut run = self.take(place);
        match self.reopen(&mut run) {
            Ok(()) => {
                self.note(Some(id), "the contact comes back to its question");
                self.rec.runs.insert(place, run);
                Ok(())
            }
            Err(fault) => self.faulted(run, fault),
        }
    }

    /// The question that was put aside and that the message quotes.
    pub(super) fn quoted_aside(&self, message: &Inbound) -> Result<Option<RunId>, TurnError> {
        let Some(quoted) = message.answers else { return Ok(None) };
        for run in &self.rec.runs {
            if run.paused().is_some_and(|question| question.awaited == Some(quoted)) && self.listens_on(run, &message.channel)? {
                return Ok(Some(run.id));
            }
        }
        Ok(None)
    }

    /// The question that was put aside and whose button was tapped.
    pub(super) fn tapped_aside(&self, message: &Inbound) -> Result<Option<RunId>, TurnError> {
        let Some((_, Some(tag))) = payload_of(message).map(split_payload) else { return Ok(None) };
        for run in &self.rec.runs {
            if run.paused().is_some_and(|question| question.tag == tag) && self.listens_on(run, &message.channel)? {
                return Ok(Some(run.id));
            }
        }
        Ok(None)
    }
}
