//! Runs that are asked for from outside: by an operator, or by a broadcast for one of its contacts. A broadcast obeys what stands
//! against it, and the journal says what did: it never begins nothing without a word.

use super::effect::Effect;
use super::record::{Record, WaitingStart};
use super::start::{Beginning, paused};
use super::turn::{TurnError, TurnOutput};
use super::turning::Turning;
use crate::domain::broadcast::{Reentry, Refusal, Sending, Skipped};
use crate::domain::id::{InputId, VersionId};
use crate::domain::journal::{AlertLevel, Event};
use crate::domain::limits;
use crate::domain::name::{Name, Slug};
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::flow::definition::Flow;
use std::cell::Cell;

/// What stands against what a broadcast says, while its first words are tried.
#[derive(Debug, Default)]
pub(super) struct Tried {
    against: Cell<Option<Refusal>>,
}

/// Who asks, and with what.
#[derive(Clone, Copy)]
pub(super) struct Asked<'i> {
    pub input: InputId,
    pub with: &'i [(Name, Value)],
    pub sending: Option<&'i Sending>,
}

/// What is gone back to where a broadcast turns out to say nothing.
struct Before {
    rec: Record,
    out: TurnOutput,
    begun: usize,
    sent_off: usize,
    desk_lines: usize,
    counted: Option<u64>,
}

/// Of several reasons the one that says most to an operator.
fn weight(refusal: Refusal) -> u8 {
    match refusal {
        Refusal::Capped => 6,
        Refusal::NoConsent => 5,
        Refusal::WindowClosed => 4,
        Refusal::Suppressed => 3,
        Refusal::OptedOut => 2,
        Refusal::NoAddress => 1,
        _ => 0,
    }
}

impl<'a> Turning<'a> {
    /// Begins a run of a flow's current version.
    pub(super) fn begin_asked(&mut self, name: &Slug, asked: Asked<'_>) -> Result<(), TurnError> {
        let catalog = self.catalog;
        let current: Option<&'a Flow> = catalog.current(name.as_str()).map(|flow| &**flow);
        self.was_asked(name, current, None, asked);
        match current {
            Some(flow) if self.is_paused(&flow.name) => {
                self.refuse(asked.sending, Refusal::Paused, paused(&flow.name));
                Ok(())
            }
            Some(flow) => self.ask_for(flow, asked),
            None => {
                self.refuse(asked.sending, Refusal::Unknown, format!("there is no flow `{name}`"));
                Ok(())
            }
        }
    }

    /// Sends a notification by the flow that the service made around it.
    pub(super) fn notify_asked(&mut self, notification: &Slug, version: VersionId, asked: Asked<'_>) -> Result<(), TurnError> {
        let flow: &'a Flow = &self.published(version)?.flow;
        self.was_asked(&flow.name, Some(flow), Some(notification), asked);
        if flow.notifications.contains_key(notification) {
            return self.ask_for(flow, asked);
        }
        self.refuse(asked.sending, Refusal::Unknown, format!("the version {version} has no notification `{notification}`"));
        Ok(())
    }

    fn was_asked(&mut self, name: &Slug, flow: Option<&Flow>, notification: Option<&Slug>, asked: Asked<'_>) {
        let with = flow.and_then(|flow| super::kept::values(flow, asked.with));
        let sending = asked.sending.cloned().map(Box::new);
        let (flow, notification) = (name.clone(), notification.cloned());
        self.journal(Event::Begun { input: asked.input, flow, with, sending, notification });
    }

    fn ask_for(&mut self, flow: &'a Flow, asked: Asked<'_>) -> Result<(), TurnError> {
        let sending = asked.sending;
        if let Some((refusal, detail)) = sending.and_then(|sending| self.stands_against(flow, sending)) {
            self.refuse(sending, refusal, detail);
            return Ok(());
        }
        if self.rec.runs.len() >= limits::RUNS_PER_CONTACT {
            self.refuse(sending, Refusal::TooMany, format!("{} runs are live already", limits::RUNS_PER_CONTACT));
            return Ok(());
        }
        let given = match self.by_name(flow, asked.with) {
            Ok(given) => given,
            Err(why) => {
                self.refuse(sending, Refusal::Values, why);
                return Ok(());
            }
        };
        let start = Beginning {
            flow,
            key: None,
            given,
            go: flow.begin,
            reply: None,
            event: None,
            callback: None,
            sending: sending.cloned().map(Box::new),
        };
        match sending {
            None => self.begin(start, "an operator began it"),
            // As `busy: wait` does: nobody is interrupted by a broadcast.
            Some(_) if self.rec.is_occupied() => {
                if self.rec.waiting.len() >= limits::WAITING_STARTS {
                    self.refuse(sending, Refusal::TooMany, format!("{} starts wait already", limits::WAITING_STARTS));
                    return Ok(());
                }
                self.put_off(start);
                Ok(())
            }
            Some(sending) => self.begin_sending(start, sending),
        }
    }

    /// What of the contact stands against a flow of a broadcast, whatever the flow says.
    fn stands_against(&self, flow: &Flow, sending: &Sending) -> Option<(Refusal, String)> {
        let lives = sending.reentry != Reentry::Always && self.rec.runs.iter().any(|run| flow.is_called(&run.flow));
        if lives || self.rec.waiting.iter().any(|waiting| flow.is_called(&waiting.flow)) {
            let what = if lives { "is live" } else { "waits to begin" };
            return Some((Refusal::Running, format!("a run of `{}` {what}", flow.name)));
        }
        let known = |channel| Some((channel, self.project.channels.get(channel)?.kind));
        let (mut reached, mut wanted, mut open) = (false, false, false);
        for (channel, kind) in flow.channels.iter().filter_map(known).filter(|(_, kind)| self.rec.address(*kind).is_some()) {
            reached = true;
            wanted |= !self.rec.is_stopped(kind);
            // What is only marketing's is known where it is said.
            open |= !self.rec.is_stopped(kind) && self.barred.against((kind, channel), false, self.store_now()).is_none();
        }
        match (reached, wanted, open) {
            (false, ..) => Some((Refusal::NoAddress, "no channel of the flow reaches the contact".to_owned())),
            (true, false, _) => Some((Refusal::OptedOut, "the contact opted out of every channel of the flow".to_owned())),
            (true, true, false) => Some((Refusal::Suppressed, "the contact's address is on the suppression list".to_owned())),
            (true, true, true) => None,
        }
    }

    /// Begins a run for a broadcast, unless all that it has to say at once cannot be said: then nothing of it happened.
    fn begin_sending(&mut self, start: Beginning<'a>, sending: &Sending) -> Result<(), TurnError> {
        let before = Before {
            rec: self.rec.clone(),
            out: self.out.clone(),
            begun: self.begun,
            sent_off: self.sent_off,
            desk_lines: self.desk_lines,
            counted: self.counted,
        };
        let (events, effects) = (self.out.events.len(), self.out.effects.len());
        self.tried = Some(Tried::default());
        let result = self.begin(start, &format!("the broadcast {} began it", sending.broadcast));
        let against = self.tried.take().and_then(|tried| tried.against.into_inner());
        result?;
        let began = self.out.events[events..].iter().any(|event| matches!(event, Event::RunStarted { .. }));
        let said = self.out.effects[effects..].iter().any(|(_, effect)| matches!(effect, Effect::Send(_)));
        let (refusal, detail) = match against {
            _ if !began => (Refusal::Values, self.first_alert(events)),
            Some(refusal) if !said => (refusal, None),
            _ => return Ok(()),
        };
        let Before { rec, out, begun, sent_off, desk_lines, counted } = before;
        *self.rec = rec;
        (self.out, self.begun, self.sent_off, self.desk_lines, self.counted) = (out, begun, sent_off, desk_lines, counted);
        self.notes.borrow_mut().clear();
        self.forget_zone();
        self.skip(sending, refusal, detail);
        Ok(())
    }

    fn first_alert(&self, since: usize) -> Option<String> {
        self.out.events[since..].iter().find_map(|event| match event {
            Event::Alert { say, .. } => Some(say.clone()),
            _ => None,
        })
    }

    /// Something stands against what is about to be said. It counts only while a broadcast's first words are tried.
    pub(super) fn stands(&self, refusal: Refusal) {
        if let Some(Tried { against }) = &self.tried {
            let worst = against.get().filter(|known| weight(*known) >= weight(refusal));
            against.set(Some(worst.unwrap_or(refusal)));
        }
    }

    /// A start that waited for an open question begins now, for a broadcast.
    pub(super) fn begin_put_off(&mut self, start: Beginning<'a>, since: Millis) -> Result<(), TurnError> {
        let Some(sending) = start.sending.clone() else { return Ok(()) };
        if since + limits::BROADCAST_WAITS <= self.now {
            self.was_busy(&sending);
            return Ok(());
        }
        if self.is_paused(&start.flow.name) {
            self.skip(&sending, Refusal::Paused, Some(paused(&start.flow.name)));
            return Ok(());
        }
        if let Some((refusal, detail)) = self.stands_against(start.flow, &sending) {
            self.skip(&sending, refusal, Some(detail));
            return Ok(());
        }
        if self.rec.runs.len() >= limits::RUNS_PER_CONTACT {
            self.skip(&sending, Refusal::TooMany, Some(format!("{} runs are live already", limits::RUNS_PER_CONTACT)));
            return Ok(());
        }
        self.begin_sending(start, &sending)
    }

    /// What broadcasts began so long ago that it is no news any more does not wait longer, however long the question stays open.
    pub(super) fn drop_old_news(&mut self, until: Millis) {
        let old = |waiting: &WaitingStart| waiting.no_news_from().is_some_and(|at| at <= until);
        while let Some(place) = self.rec.waiting.iter().position(old) {
            let waiting = self.rec.waiting.remove(place);
            self.count_live(waiting.version, -1);
            if let Some(sending) = &waiting.sending {
                self.was_busy(sending);
            }
        }
    }

    fn was_busy(&mut self, sending: &Sending) {
        self.skip(sending, Refusal::Busy, Some(format!("a question was open longer than {}", limits::BROADCAST_WAITS)));
    }

    /// A start does not wait any more and does not begin.
    pub(super) fn drop_start(&mut self, waiting: &WaitingStart, refusal: Refusal) {
        self.count_live(waiting.version, -1);
        if let Some(sending) = &waiting.sending {
            self.skip(sending, refusal, Some("it waited for an open question".to_owned()));
        }
    }

    /// Whoever is heard has a conversation: what comes to them from now on does not give way to others.
    pub(super) fn is_heard(&mut self) {
        self.rec.runs.iter_mut().for_each(|run| run.sending = None);
        self.rec.errands.iter_mut().for_each(|errand| (errand.bulk, errand.broadcast) = (false, None));
    }

    fn skip(&mut self, sending: &Sending, reason: Refusal, detail: Option<String>) {
        self.journal(Event::Skipped(Box::new(Skipped { broadcast: sending.broadcast, reason, detail })));
    }

    /// Nothing begins. An operator hears of it, and so does whoever looks at the broadcast.
    fn refuse(&mut self, sending: Option<&Sending>, refusal: Refusal, why: String) {
        match sending {
            Some(sending) => self.skip(sending, refusal, Some(why)),
            None => self.alert(None, format!("A run did not begin: {why}"), AlertLevel::Warning),
        }
    }

    /// What is left of a start that waits until no question is open.
    pub(super) fn put_off(&mut self, start: Beginning<'a>) {
        self.count_live(start.flow.version, 1);
        let Beginning { flow, key, given, go, reply, event, callback, sending } = start;
        let (name, version, since) = (flow.name.clone(), flow.version, self.now);
        self.rec.waiting.push(WaitingStart { flow: name, version, key, vars: given, go, since, reply, event, callback, sending });
    }
}
