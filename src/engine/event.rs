//! An event: first the runs that wait for it, then their `anytime`, then what begins with it. What a live run of a flow
//! takes does not also begin one of that flow.

use super::digest::digested;
use super::record::{Run, Waiting};
use super::scope::View;
use super::start::Plan;
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::id::{InputId, RunId};
use crate::domain::input::{Callback, ContactRef, Event as InputEvent, Webhook};
use crate::domain::journal::{AlertLevel, Decision, Event};
use crate::domain::name::{EventName, Name, Slug};
use crate::domain::value::Value;
use crate::flow::catalog::{StartRef, read_contact};
use crate::flow::definition::{AnytimeTrigger, Digest, Flow, Kind, Trigger, WaitFor};
use crate::flow::expression::{Expression, ReferenceName, Root, Template, write_text};
use std::cell::Cell;
use std::fmt;

/// Something that happened elsewhere and may begin runs.
struct Happened<'e> {
    input: InputId,
    data: &'e Value,
    /// The address that brought it here.
    to: &'e ContactRef,
    /// The contact that it names itself.
    named: Option<&'e ContactRef>,
    what: What<'e>,
    /// Where its sender wants to hear what becomes of the messages that it leads to.
    callback: Option<&'e Callback>,
    /// What the journal keeps of the data: once, whatever takes it.
    kept: Cell<Option<Value>>,
}

/// How it came.
#[derive(Clone, Copy)]
enum What<'e> {
    Event(&'e EventName),
    Webhook(&'e Slug, &'e Name),
}

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Event(name) => write!(f, "`{name}`"),
            What::Webhook(_, name) => write!(f, "the webhook `{name}`"),
        }
    }
}

impl<'a> Turning<'a> {
    /// An event for a run that collects. If it finds no room there, the run goes on without it, and it is for whoever else wants it.
    fn collected(&mut self, happened: &Happened<'_>, place: usize, digest: &'a Digest) -> Result<bool, TurnError> {
        let mut run = self.take(place);
        let room = Self::has_room(&run, happened.data);
        let next = if room {
            self.decided(happened, Decision::Collected, format!("a digest of `{}` collects it", run.flow));
            if let Some(callback) = happened.callback {
                self.call_back_too(run.id, callback);
            }
            self.collect(&mut run, digest, self.came, happened.data.clone())
        } else {
            let say = format!("A digest of `{}` went on without an event that is too large for it: {}", run.flow, happened.what);
            self.alert(Some(run.id), say, AlertLevel::Warning);
            digested(&mut run, "the next event is too large for it")
        };
        self.drive(run, place, next)?;
        Ok(room)
    }

    /// Gives an event to whom it concerns.
    pub(super) fn event(&mut self, input: InputId, event: &InputEvent) -> Result<(), TurnError> {
        self.rec.adopt(&event.to);
        let before = [Some(&event.to), event.contact.as_ref()].into_iter().flatten().any(|who| self.rec.is_named_as_before(who));
        if before && event.contact.as_ref().is_some_and(|who| !who.attributes.is_empty() || who.consent.is_some()) {
            self.note(
                None,
                "the contact is named by a number that they have given up: what is said of the person is not taken over",
            );
        }
        if let Some(who) = event.contact.as_ref().filter(|_| !before)
            && self.means(who, &event.to)
        {
            self.rec.adopt(who);
            for (name, value) in who.attributes.iter().filter(|(name, _)| self.project.attributes.contains_key(name)) {
                self.set_attribute(name, value.clone(), false);
            }
            if let Some(consent) = &who.consent {
                self.consented(consent, event.name.as_str());
            }
        }
        let happened = Happened {
            input,
            data: &event.data,
            to: &event.to,
            named: event.contact.as_ref(),
            what: What::Event(&event.name),
            callback: event.callback.as_deref(),
            kept: Cell::new(self.kept_of_event(event)?),
        };
        let mut taken: Vec<Slug> = Vec::new();
        // Contacts that became one may have brought a digest of one flow and key each: what one of them collects is for no other.
        let mut digests: Vec<(Slug, Option<String>)> = Vec::new();
        let live: Vec<RunId> = self.rec.runs.iter().map(|run| run.id).collect();
        for id in live {
            let Some(place) = self.place_of(id) else { continue };
            let run = &self.rec.runs[place];
            let flow = run.flow.clone();
            if let Some(digest) = self.digest_of(run)?.filter(|digest| digest.event == event.name)
                && self.belongs(run, event, digest.key.as_ref())?
            {
                let of = (flow.clone(), run.key.clone());
                if digests.contains(&of) || !self.collected(&happened, place, digest)? {
                    continue;
                }
                digests.push(of);
            } else if self.awaits(run, event)? {
                self.decided(&happened, Decision::Awaited, format!("a run of `{flow}` waits for it"));
                let mut run = self.take(place);
                let (_, _, state) = self.state(&run)?;
                let Kind::Wait(wait) = &state.kind else {
                    return Err(TurnError::Damaged("an event in a state that awaits none"));
                };
                match self.event_came(&mut run, wait, &event.data, format!("`{}` came", event.name)) {
                    Ok(next) => self.drive(run, place, next)?,
                    Err(fault) => self.faulted(run, fault)?,
                }
            } else if let Some(entry) = self.anytime_event(run, event)? {
                self.decided(&happened, Decision::Anytime, entry.reason.clone());
                let run = self.take(place);
                self.take_anytime(run, place, entry, Some(&event.data))?;
            } else {
                continue;
            }
            taken.push(flow);
        }
        self.flush_notes(None);
        let catalog = self.catalog;
        let began = self.begin_by(&happened, catalog.starts_by_event(&event.name).iter(), &mut taken)?;
        if taken.is_empty() && !began {
            self.decided(&happened, Decision::Ignored, "no run and no start of this contact wants it".to_owned());
        }
        Ok(())
    }

    /// Begins runs of the flow whose webhook was called. The first entry that holds decides.
    pub(super) fn webhook(&mut self, input: InputId, webhook: &Webhook) -> Result<(), TurnError> {
        self.rec.adopt(&webhook.to);
        let what = What::Webhook(&webhook.flow, &webhook.name);
        let catalog = self.catalog;
        let starts = catalog.starts_by_webhook(webhook.flow.as_str(), webhook.name.as_str());
        let kept = Cell::new(super::kept::data(&webhook.data, starts.iter().any(|entry| super::kept::is_private_start(entry))));
        let callback = webhook.callback.as_deref();
        let happened = Happened { input, data: &webhook.data, to: &webhook.to, named: None, what, callback, kept };
        if !self.begin_by(&happened, starts, &mut Vec::new())? {
            self.decided(&happened, Decision::Ignored, "no start of the flow wants it".to_owned());
        }
        Ok(())
    }

    fn begin_by(
        &mut self,
        happened: &Happened<'_>,
        starts: impl IntoIterator<Item = &'a StartRef>,
        taken: &mut Vec<Slug>,
    ) -> Result<bool, TurnError> {
        let mut decided = false;
        for entry in starts {
            let name = &entry.published.flow.name;
            if taken.iter().any(|one| entry.published.flow.is_called(one)) || !self.is_for_this_contact(entry, happened) {
                continue;
            }
            let plan = self.plan(entry, Some(happened.data), None).reporting_to(happened.callback);
            self.flush_notes(None);
            let reason = match &plan {
                Plan::No => continue,
                Plan::Ignore { reason, .. } => reason.clone(),
                _ => format!("{} begins `{name}`", happened.what),
            };
            decided = true;
            taken.push(name.clone());
            self.decided(happened, plan.decision(), reason.clone());
            if matches!(plan, Plan::Begin { .. } | Plan::Wait(_)) {
                self.adopt_from(entry, happened);
            }
            self.execute(plan, &reason)?;
        }
        Ok(decided)
    }

    fn is_for_this_contact(&self, entry: &StartRef, happened: &Happened<'_>) -> bool {
        let view = View { event: Some(happened.data), ..self.bare_view(Some(&entry.published.flow)) };
        match &entry.start().contact {
            Some(contact) => read_contact(contact, &view, self.project).is_ok_and(|who| self.means(&who, happened.to)),
            None => happened.named.is_some_and(|who| self.means(who, happened.to)),
        }
    }

    /// Whether a reference means this contact: by what is known of it, or by the address that brought the input here. That may be one
    /// that it had before, or that of a contact which became part of it.
    pub(super) fn means(&self, who: &ContactRef, to: &ContactRef) -> bool {
        self.rec.is(who) || who.address().is_some_and(|address| to.address() == Some(address))
    }

    /// Takes over what the flow says of the contact: name, language, further addresses.
    fn adopt_from(&mut self, entry: &StartRef, happened: &Happened<'_>) {
        let Some(contact) = &entry.start().contact else { return };
        let view = View { event: Some(happened.data), ..self.bare_view(Some(&entry.published.flow)) };
        if let Ok(who) = read_contact(contact, &view, self.project) {
            self.rec.adopt(&who);
        }
    }

    /// Whether a run waits for this event in its state.
    fn awaits(&self, run: &Run, event: &InputEvent) -> Result<bool, TurnError> {
        if !matches!(run.waiting, Waiting::Event { .. }) {
            return Ok(false);
        }
        let (_, _, state) = self.state(run)?;
        let Kind::Wait(wait) = &state.kind else { return Ok(false) };
        let WaitFor::Event { name, key, condition } = &wait.until else { return Ok(false) };
        if *name != event.name {
            return Ok(false);
        }
        if key.is_some() && !self.belongs(run, event, key.as_ref())? {
            return Ok(false);
        }
        let view = View { event: Some(&event.data), ..self.view(run, run.frames.len() - 1)? };
        Ok(match condition {
            None => true,
            Some(condition) => condition.truth(&view).unwrap_or_else(|error| {
                self.notes.borrow_mut().push(format!("`{}`: {error}", condition.source()));
                false
            }),
        })
    }

    /// Whether an event has the key that a state of the run asks for: one made of the event must be that of the run, any other
    /// must be among those of the event. Where the state names none, an event that has keys has that of the run.
    fn belongs(&self, run: &Run, event: &InputEvent, key: Option<&Template>) -> Result<bool, TurnError> {
        let flow = self.inner_flow(run)?;
        let Some(key) = key else {
            let Some(own) = &run.key else { return Ok(true) };
            let mut keys = self.keys_of(self.flow(run, 0)?, event).peekable();
            return Ok(keys.peek().is_none() || keys.any(|key| key == *own));
        };
        let view = View { event: Some(&event.data), ..self.view(run, run.frames.len() - 1)? };
        let Ok(wanted) = key.render(&view) else { return Ok(false) };
        Ok(match reads_event(key) {
            true => run.key.as_deref() == Some(wanted.as_str()),
            false => self.keys_of(flow, event).any(|key| key == wanted),
        })
    }

    /// The keys of an event: its own `key`, and what the entries of the flow for this event take as key.
    fn keys_of<'b>(&'b self, flow: &'b Flow, event: &'b InputEvent) -> impl Iterator<Item = String> + 'b {
        let own = match &event.data {
            Value::Map(map) => map.get("key").map(|key| {
                let mut text = String::new();
                write_text(key, &mut text);
                text
            }),
            _ => None,
        };
        let starts = flow.starts.iter().filter_map(|start| match &start.trigger {
            Trigger::Event(name) if *name == event.name => start.key.as_ref(),
            _ => None,
        });
        let anytime = flow.anytime.iter().filter_map(|entry| match &entry.trigger {
            AnytimeTrigger::Event { name, key, .. } if *name == event.name => key.as_ref(),
            _ => None,
        });
        let view = View { event: Some(&event.data), ..self.bare_view(Some(flow)) };
        own.into_iter().chain(starts.chain(anytime).filter_map(move |key| key.render(&view).ok()))
    }

    fn decided(&mut self, happened: &Happened<'_>, decision: Decision, reason: String) {
        let (input, data) = (happened.input, happened.kept.take());
        self.journal(match happened.what {
            What::Event(name) => {
                let contact = happened.named.map(|who| Box::new(who.clone()));
                Event::EventReceived { input, event: name.clone(), decision, reason, data, contact }
            }
            What::Webhook(flow, name) => {
                let (flow, name) = (flow.clone(), name.clone());
                Event::WebhookReceived { input, flow, name, decision, reason, data }
            }
        });
    }
}

fn reads_event(template: &Template) -> bool {
    let reads = |expression: &Expression| {
        expression
            .names()
            .iter()
            .any(|r| matches!(r.name, ReferenceName::Root(Root::Event) | ReferenceName::Member(Root::Event, _)))
    };
    template.expressions().any(|(_, expression)| reads(expression))
}
