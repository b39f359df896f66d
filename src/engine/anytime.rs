//! What is answered wherever a run is: commands, keywords and events of `anytime`. In a sub-flow its own entries come
//! first, then its caller's.

use super::drive::Next;
use super::fault::Fault;
use super::inbound::Came;
use super::person::Closing;
use super::record::{FirstEvent, Run};
use super::scope::View;
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::id::RunId;
use crate::domain::input::Event as InputEvent;
use crate::domain::journal::Event;
use crate::domain::value::Value;
use crate::flow::catalog::{Published, read_contact};
use crate::flow::definition::{Anytime, AnytimeTarget, AnytimeTrigger, Command};
use crate::reply;

/// An entry of `anytime` that takes something.
pub(super) struct Taken<'a> {
    pub run: RunId,
    /// The frame whose flow has the entry.
    pub depth: usize,
    pub entry: &'a Anytime,
    /// What stood behind the keyword.
    pub rest: Option<String>,
    pub reason: String,
}

fn command_of(command: reply::command::Command) -> Command {
    match command {
        reply::command::Command::Back => Command::Back,
        reply::command::Command::Menu => Command::Menu,
        reply::command::Command::Restart => Command::Restart,
        reply::command::Command::Human => Command::Human,
        reply::command::Command::Language => Command::Language,
    }
}

impl<'a> Turning<'a> {
    /// The entry that takes this message: that of the run whose question is open goes before those of others, the newest first.
    pub(super) fn anytime_for(&self, came: &Came<'_>) -> Result<Option<Taken<'a>>, TurnError> {
        if came.words.is_empty() {
            return Ok(None);
        }
        let open = self.rec.runs.iter().filter(|run| run.question().is_some());
        let others = self.rec.runs.iter().rev().filter(|run| run.question().is_none());
        for run in open.chain(others) {
            if !self.listens_on(run, &came.message.channel)? {
                continue;
            }
            for depth in (0..run.frames.len()).rev() {
                let published = self.published(run.frames[depth].version)?;
                if let Some(taken) = self.word_of(run, depth, published, came)? {
                    return Ok(Some(taken));
                }
            }
        }
        Ok(None)
    }

    fn word_of(
        &self,
        run: &Run,
        depth: usize,
        published: &'a Published,
        came: &Came<'_>,
    ) -> Result<Option<Taken<'a>>, TurnError> {
        let flow = &published.flow;
        let taken = |entry, rest, what: &str| {
            let reason = format!("{what} of `{}`", flow.name);
            Some(Taken { run: run.id, depth, entry, rest, reason })
        };
        if !published.commands.is_empty() {
            let command = reply::command::Command::of(&came.words, &flow.languages).map(command_of);
            for (_, place) in published.commands.iter().filter(|(known, _)| Some(*known) == command) {
                let entry = &flow.anytime[*place];
                if self.entry_holds(run, depth, entry, None)? {
                    return Ok(taken(entry, None, "a command"));
                }
            }
        }
        if published.keywords.is_empty() {
            return Ok(None);
        }
        for hit in published.keywords.find(&came.words, &came.message.text) {
            let entry = &flow.anytime[*hit.entry];
            if self.entry_holds(run, depth, entry, None)? {
                return Ok(taken(entry, hit.rest, "a keyword"));
            }
        }
        Ok(None)
    }

    /// Whether the condition of an entry holds; one that has no value does not.
    fn entry_holds(&self, run: &Run, depth: usize, entry: &Anytime, event: Option<&Value>) -> Result<bool, TurnError> {
        let Some(condition) = &entry.condition else { return Ok(true) };
        let view = View { event, ..self.view(run, depth)? };
        Ok(condition.truth(&view).unwrap_or_else(|error| {
            self.notes.borrow_mut().push(format!("`{}`: {error}", condition.source()));
            false
        }))
    }

    /// The entry of a run that takes an event.
    pub(super) fn anytime_event(&self, run: &Run, event: &InputEvent) -> Result<Option<Taken<'a>>, TurnError> {
        for depth in (0..run.frames.len()).rev() {
            let published = self.published(run.frames[depth].version)?;
            for place in published.events.get(&event.name).into_iter().flatten() {
                let entry = &published.flow.anytime[*place];
                let AnytimeTrigger::Event { contact, key, .. } = &entry.trigger else { continue };
                let view = View { event: Some(&event.data), ..self.bare_view(Some(&published.flow)) };
                let here = match contact {
                    Some(contact) => read_contact(contact, &view, self.project).is_ok_and(|who| self.means(&who, &event.to)),
                    None => event.contact.as_ref().is_some_and(|who| self.means(who, &event.to)),
                };
                let fits = match key {
                    None => true,
                    Some(key) => key.render(&view).is_ok_and(|key| run.key.as_deref() == Some(key.as_str())),
                };
                if here && fits && self.entry_holds(run, depth, entry, Some(&event.data))? {
                    let reason = format!("`anytime` of `{}`", published.flow.name);
                    return Ok(Some(Taken { run: run.id, depth, entry, rest: None, reason }));
                }
            }
        }
        Ok(None)
    }

    /// Does what an entry says, on a run that was taken out of the record.
    pub(super) fn take_anytime(
        &mut self,
        mut run: Run,
        place: usize,
        taken: Taken<'a>,
        event: Option<&Value>,
    ) -> Result<(), TurnError> {
        self.entered = 0;
        self.taken_event = event.map(|event| Box::new(event.clone()));
        let done = match self.follow_entry(&mut run, &taken, event) {
            Ok(next) => self.drive(run, place, next),
            Err(fault) => self.faulted(run, fault),
        };
        self.taken_event = None;
        done
    }

    fn follow_entry(&mut self, run: &mut Run, taken: &Taken<'a>, event: Option<&Value>) -> Result<Next<'a>, Fault> {
        if let AnytimeTrigger::Event { name, with, .. } = &taken.entry.trigger {
            // Where it leads to a digest of such events, it is the first of them.
            let published = self.published(run.frames[taken.depth].version)?;
            let collects = self.collects(published, name);
            if let Some(data) = event.filter(|_| collects) {
                run.event = Some(Box::new(FirstEvent { name: name.clone(), at: self.now, data: data.clone() }));
            }
            let mut values = Vec::with_capacity(with.len());
            for (slot, value) in with {
                let view = View { event, ..self.view(run, taken.depth)? };
                values.push((*slot, value.eval(&view).map_err(|error| Fault::eval("with", &error))?));
            }
            for (slot, value) in values {
                self.set_variable(run, taken.depth, slot, value, false)?;
            }
        }
        match &taken.entry.target {
            AnytimeTarget::AskAgain(actions) => {
                self.act(run, taken.depth, actions)?;
                self.repeat_question(run)
            }
            AnytimeTarget::Target(target) => {
                let (_, name, _) = self.state(run)?;
                let (id, state, outcome) = (run.id, name.clone(), "anytime".to_owned());
                self.journal(Event::Left { run: id, state, outcome, reason: taken.reason.clone() });
                self.close_question(run, false);
                self.close_handoff(run, Closing { outcome: "anytime", ..Closing::default() });
                while run.frames.len() > taken.depth + 1 {
                    self.leave_flow(run);
                }
                Ok(Next::Follow(target, None))
            }
        }
    }
}
