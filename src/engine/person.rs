//! Conversations that a run gives to a person. While one is awaited or has taken over, the contact's messages are for the
//! inbox alone, nothing is asked, and what only the clock would bring waits; afterwards it goes on.

use super::drive::Next;
use super::fault::Fault;
use super::inbound::Came;
use super::kept::is_private;
use super::record::{Record, Reply, Run, Said, Talk, Waiting};
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::handoff::{HandoffClosed, HandoffOpened, HandoffTaken};
use crate::domain::id::{InputId, RunId};
use crate::domain::journal::{Decision, Event};
use crate::domain::limits;
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::flow::definition::{Flow, Handoff, Kind, State};
use std::borrow::Cow;

/// How a conversation came back from a person.
#[derive(Clone, Copy, Default)]
pub(super) struct Closing<'b> {
    pub outcome: &'b str,
    pub input: Option<InputId>,
    pub by: Option<&'b str>,
    pub note: Option<&'b str>,
}

impl Record {
    /// Whether a person has taken the contact's conversation over or is awaited.
    pub fn is_with_person(&self) -> bool {
        self.runs.iter().any(Run::is_with_person)
    }
}

impl Run {
    /// Whether it waits for a person.
    pub fn is_with_person(&self) -> bool {
        matches!(self.waiting, Waiting::Person { .. })
    }
}

impl<'a> Turning<'a> {
    /// Gives the conversation away.
    pub(super) fn handoff(&mut self, run: &mut Run, flow: &'a Flow, handoff: &'a Handoff) -> Result<Next<'a>, Fault> {
        let depth = run.frames.len() - 1;
        let note = match &handoff.note {
            None => None,
            Some(texts) => {
                // The team reads it: in the flow's first language, not in the contact's.
                let text = texts.pick(flow.languages.first().copied().unwrap_or(self.project.language));
                Some(text.render(&self.view(run, depth)?).map_err(|error| Fault::eval(text.source(), &error))?)
            }
        };
        if let Some(say) = &handoff.say {
            self.say(run, depth, say)?;
        }
        // If nobody comes, the deadline decides; a run that would be over before must not leave the contact without a word.
        let last = run.frames.iter().filter_map(|frame| frame.expires).min().unwrap_or(run.expires).min(run.expires);
        let until = (self.now + handoff.troubles.silence_after(&flow.defaults)).min(last - Span::millis(1));
        let since = self.rec.runs.iter().filter_map(held_since).min().unwrap_or(self.now);
        let private = self.state(run)?.2.private;
        let cut = |note: String| note.chars().take(limits::HANDOFF_NOTE_CHARS).collect::<String>();
        let note = note.filter(|note| !private && !note.is_empty()).map(cut);
        run.waiting = Waiting::Person {
            until,
            since,
            to: handoff.to.clone(),
            taken: None,
            note: note.clone(),
            talk: Talk::default(),
            heard: self.now,
            behind: None,
        };
        self.journal(Event::HandoffOpened(Box::new(HandoffOpened { run: run.id, to: handoff.to.clone(), note, until })));
        Ok(Next::Rest)
    }

    /// A message of a contact whose conversation is with a person.
    pub(super) fn for_person(&mut self, came: &Came<'_>) -> Result<(), TurnError> {
        let Some(run) = self.rec.runs.iter().find(|run| run.is_with_person()) else { return Ok(()) };
        let (_, handoff, state) = self.handoff_of(run)?;
        let to = &handoff.to;
        let reason = match &run.waiting {
            Waiting::Person { taken: Some(_), .. } => format!("a person of `{to}` has taken over"),
            _ => format!("a person of `{to}` is awaited"),
        };
        let private = state.private;
        self.received(came, Decision::Person, &reason, private);
        let Reply { text, media, .. } = self.reply_of(came.message, came.at, None);
        let (text, media) = if private { (String::new(), None) } else { (text, media) };
        let (id, channel) = (came.input.to_string(), Some(came.message.channel.clone()));
        self.talked(Said { id, at: came.at, by: None, channel, text, media, refused: None });
        Ok(())
    }

    /// Keeps what was said in every conversation of the contact that is with a person.
    pub(super) fn talked(&mut self, said: Said) {
        for run in &mut self.rec.runs {
            if let Waiting::Person { talk, heard, .. } = &mut run.waiting {
                *heard = said.at.max(*heard);
                talk.push(said.clone());
            }
        }
    }

    /// A person did something: whoever repeats it learns that it is done.
    pub(super) fn person_acted(&mut self, input: InputId) {
        if self.rec.acts.len() >= limits::PERSON_ACTS {
            self.rec.acts.remove(0);
        }
        self.rec.acts.push(input);
    }

    /// A person takes the conversation over; the deadline counts no longer.
    pub(super) fn take_over(&mut self, input: InputId, by: &str) {
        let mut taken = Vec::new();
        for run in &mut self.rec.runs {
            if let Waiting::Person { taken: who, heard, .. } = &mut run.waiting
                && who.as_deref() != Some(by)
            {
                *who = Some(by.to_owned());
                *heard = self.now;
                taken.push(run.id);
            }
        }
        for run in taken {
            self.journal(Event::HandoffTaken(Box::new(HandoffTaken { input, run, by: by.to_owned() })));
        }
        if !self.rec.is_with_person() {
            self.note(None, "no conversation was handed over to a person; nobody took one over");
        }
    }

    /// A person gives the conversation back: every run that gave it away goes on.
    pub(super) fn resolve(&mut self, input: InputId, by: &str, note: Option<&str>) -> Result<(), TurnError> {
        let open: Vec<RunId> = self.rec.runs.iter().filter(|run| run.is_with_person()).map(|run| run.id).collect();
        if open.is_empty() {
            self.note(None, "no conversation was handed over to a person; none was resolved");
        }
        for id in open {
            let Some(place) = self.place_of(id) else { continue };
            let mut run = self.take(place);
            self.close_handoff(&mut run, Closing { outcome: "ok", input: Some(input), by: Some(by), note });
            let value = note.map_or(Value::Null, Value::text);
            let reason = "a person resolved it".to_owned();
            self.drive(run, place, Next::Outcome { name: Cow::Borrowed("ok"), value, reason })?;
        }
        Ok(())
    }

    /// The conversation of a run, which is out of the record, is no longer with a person. With the last one, all runs and their
    /// questions have again as much time as they had.
    pub(super) fn close_handoff(&mut self, run: &mut Run, closing: Closing<'_>) {
        let Some(since) = held_since(run) else { return };
        let found = self.handoff_of(run).ok().map(|(flow, handoff, state)| (handoff.to.clone(), is_private(flow, state)));
        run.waiting = Waiting::Turn;
        if let Some((to, private)) = found {
            let Closing { outcome, input, by, note } = closing;
            let private = private && note.is_some();
            let note = note.filter(|_| !private).map(str::to_owned);
            let (by, outcome) = (by.map(str::to_owned), outcome.to_owned());
            let closed = HandoffClosed { run: run.id, to, input, by, note, private, outcome };
            self.journal(Event::HandoffClosed(Box::new(closed)));
        }
        if self.rec.is_with_person() {
            for run in &mut self.rec.runs {
                if let Waiting::Person { since: theirs, .. } = &mut run.waiting {
                    *theirs = since.min(*theirs);
                }
            }
            return;
        }
        let now = self.now;
        for run in self.rec.runs.iter_mut().chain(std::iter::once(run)) {
            run.prolong(now - since.max(run.begun));
        }
    }

    /// The state at which a run waits for a person.
    pub(super) fn handoff_of(&self, run: &Run) -> Result<(&'a Flow, &'a Handoff, &'a State), TurnError> {
        let (flow, _, state) = self.state(run)?;
        match &state.kind {
            Kind::Handoff(handoff) => Ok((flow, handoff, state)),
            _ => Err(TurnError::Damaged("a person in a state that hands nothing over")),
        }
    }
}

fn held_since(run: &Run) -> Option<Millis> {
    match run.waiting {
        Waiting::Person { since, .. } => Some(since),
        _ => None,
    }
}
