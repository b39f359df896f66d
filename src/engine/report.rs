//! Reports to other systems: what becomes of messages, to whoever asked for the run and to the endpoints that want to hear
//! it, of conversations that are given to a person, and what operators are alerted to. Decided in the same commit as what they
//! report. A message that nobody watches costs nothing.

use super::effect::{Effect, Hook};
use super::fault::Fault;
use super::record::{CalledBack, Tracked, Waiting};
use super::turning::Turning;
use crate::config::project::EndpointInfo;
use crate::domain::channel::ChannelKind;
use crate::domain::hook::callback_endpoint;
use crate::domain::id::{EffectId, RunId};
use crate::domain::input::Callback;
use crate::domain::journal::{AlertLevel, Decision, Event};
use crate::domain::limits;
use crate::domain::message::DeliveryStatus;
use crate::domain::name::Slug;
use crate::domain::outbound::OutboundContent;
use serde_json::{Value as Json, json};

/// What is told of a message. In this order, each at most once, and none that a later one made untrue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Queued,
    Sent,
    Failed,
    Delivered,
    Read,
    Replied,
}

impl Told {
    const ALL: [Told; 6] = [Told::Queued, Told::Sent, Told::Failed, Told::Delivered, Told::Read, Told::Replied];

    pub(super) fn of(status: DeliveryStatus) -> Told {
        match status {
            DeliveryStatus::Queued => Told::Queued,
            DeliveryStatus::Sent => Told::Sent,
            DeliveryStatus::Failed => Told::Failed,
            DeliveryStatus::Delivered => Told::Delivered,
            DeliveryStatus::Read => Told::Read,
        }
    }

    /// Its bit in `Tracked::untold`. Stored, so it never changes.
    pub(super) fn bit(self) -> u8 {
        match self {
            Told::Queued => 1,
            Told::Sent => 2,
            Told::Failed => 4,
            Told::Delivered => 8,
            Told::Read => 16,
            Told::Replied => 32,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Told::Queued => "message.queued",
            Told::Sent => "message.sent",
            Told::Failed => "message.failed",
            Told::Delivered => "message.delivered",
            Told::Read => "message.read",
            Told::Replied => "message.replied",
        }
    }
}

/// Somebody who is told.
enum Hearer {
    Endpoint(Slug),
    Callback(Box<Callback>),
}

impl Turning<'_> {
    /// Remembers who wants to hear of a run that begins.
    pub(super) fn call_back(&mut self, run: RunId, callback: Option<Box<Callback>>) {
        if let Some(callback) = callback {
            self.rec.callbacks.push(CalledBack { run, callback: *callback });
        }
    }

    /// Remembers who wants to hear what becomes of an event that a run collected, as far as there is room.
    pub(super) fn call_back_too(&mut self, run: RunId, callback: &Callback) {
        if self.rec.callbacks_of(run).any(|known| known == callback) {
            return;
        }
        if self.rec.callbacks_of(run).count() >= limits::CALLBACKS_PER_RUN {
            let most = limits::CALLBACKS_PER_RUN;
            return self.note(Some(run), format!("a run reports to {most} callbacks at most: that of an event was left out"));
        }
        self.rec.callbacks.push(CalledBack { run, callback: callback.clone() });
    }

    /// Whether another system wants to hear what becomes of a message of this run.
    pub(super) fn is_watched(&self, run: Option<RunId>) -> bool {
        let wants = |endpoint: &EndpointInfo| Told::ALL.iter().any(|told| endpoint.wants(told.kind()));
        self.project.endpoints.iter().any(wants) || run.is_some_and(|run| self.rec.callback_of(run).is_some())
    }

    /// The contact wrote: a reply to the message that it quotes, and to the question that is open.
    pub(super) fn replied_to(&mut self, quoted: Option<EffectId>, open: Option<EffectId>) {
        for message in self.rec.tracked.iter_mut().filter(|message| message.watched && !message.replied) {
            if quoted == Some(message.effect) || open == Some(message.effect) {
                message.replied = true;
                message.untold |= Told::Replied.bit();
            }
        }
    }

    /// Tells what is to be told, as far as there is room in one turn; the rest is told in the next, at once.
    pub(super) fn tell(&mut self) {
        self.tell_endpoints();
        for place in 0..self.rec.tracked.len() {
            let message = &self.rec.tracked[place];
            if message.untold == 0 {
                continue;
            }
            let message = message.clone();
            for told in Told::ALL.into_iter().filter(|told| message.untold & told.bit() != 0) {
                let hearers = self.hearers(message.run, told.kind());
                if self.out.effects.len() + hearers.len() > limits::EFFECTS_PER_TURN {
                    return;
                }
                self.rec.tracked[place].untold &= !told.bit();
                let first = message.run.and_then(|run| self.rec.callback_of(run)).cloned();
                for hearer in hearers {
                    let data = match &hearer {
                        Hearer::Callback(callback) => self.said_of(&message, told, Some(callback)),
                        Hearer::Endpoint(_) => self.said_of(&message, told, first.as_ref()),
                    };
                    self.report(told.kind(), &data, hearer, (message.run, Some(message.effect)));
                }
            }
        }
        self.follow_no_longer();
    }

    /// Tells the endpoints that want to hear it what became of conversations that are given to a person, and alerts.
    fn tell_endpoints(&mut self) {
        if self.project.endpoints.is_empty() {
            return;
        }
        let told: Vec<_> =
            self.out.events.iter().filter_map(|event| self.handed_over(event).or_else(|| self.alerted(event))).collect();
        for (kind, run, mut data) in told {
            data["contact"] = self.named_contact();
            data["run"] = run.map(|run| run.to_string()).into();
            let hearers = self.hearers(None, kind);
            if self.out.effects.len() + hearers.len() > limits::EFFECTS_PER_TURN {
                self.note(run, format!("`{kind}` was told to nobody: too much happened in one turn"));
                continue;
            }
            for hearer in hearers {
                self.report(kind, &data, hearer, (run, None));
            }
        }
    }

    /// What is told of a conversation that is given to a person.
    fn handed_over(&self, event: &Event) -> Option<(&'static str, Option<RunId>, Json)> {
        match event {
            Event::Received { channel, text, decision: Decision::Person, .. } => {
                let run = self.rec.runs.iter().find(|run| matches!(run.waiting, Waiting::Person { .. })).map(|run| run.id);
                Some(("handoff.message", run, json!({ "from": "contact", "text": text, "channel": channel.as_str() })))
            }
            Event::PersonWrote(wrote) => {
                let effect = wrote.effect?;
                let sent = self.out.events.iter().find_map(|event| match event {
                    Event::Sent { effect: id, channel, content, .. } if *id == effect => Some((channel, content)),
                    _ => None,
                });
                let (channel, text) = sent.map(|(channel, content)| (channel.as_str(), plain(content)))?;
                let data = json!({ "from": "person", "by": wrote.by, "text": text, "channel": channel });
                Some(("handoff.message", wrote.run, data))
            }
            other => handoff(other).map(|(kind, run, data)| (kind, Some(run), data)),
        }
    }

    /// What is told of a word to operators: with the flow that says it.
    fn alerted(&self, event: &Event) -> Option<(&'static str, Option<RunId>, Json)> {
        let Event::Alert { run, say, to, level } = event else { return None };
        let kind = match level {
            AlertLevel::Info => "alert.info",
            AlertLevel::Warning => "alert.warning",
            AlertLevel::Urgent => "alert.urgent",
        };
        let live = run.and_then(|id| self.rec.runs.iter().find(|run| run.id == id)).map(|run| &run.flow);
        let ended = || {
            self.out.events.iter().find_map(|event| match event {
                Event::RunEnded { run: id, flow, .. } if Some(*id) == *run => Some(flow),
                _ => None,
            })
        };
        let flow = live.or_else(ended).map(Slug::as_str);
        Some((kind, *run, json!({ "say": say, "team": to.as_ref().map(Slug::as_str), "level": level, "flow": flow })))
    }

    fn hearers(&self, run: Option<RunId>, kind: &str) -> Vec<Hearer> {
        let endpoints = self.project.endpoints.iter().filter(|endpoint| endpoint.wants(kind));
        let callbacks = run.into_iter().flat_map(|run| self.rec.callbacks_of(run)).cloned().map(Box::new);
        endpoints.map(|endpoint| Hearer::Endpoint(endpoint.name.clone())).chain(callbacks.map(Hearer::Callback)).collect()
    }

    /// What a report says of a message.
    fn said_of(&self, message: &Tracked, told: Told, callback: Option<&Callback>) -> Json {
        let failed = told == Told::Failed;
        let status = match told {
            Told::Replied => "replied",
            told => told.kind().rsplit('.').next().unwrap_or(""),
        };
        json!({
            "custom_id": callback.and_then(|callback| callback.id.as_deref()),
            "custom": callback.and_then(Callback::custom),
            "contact": self.named_contact(),
            "run": message.run.map(|run| run.to_string()),
            "flow": message.flow.as_ref().map(Slug::as_str),
            "message": message.effect.to_string(),
            "channel": message.channel.as_str(),
            "kind": message.kind.as_str(),
            "notification": message.notification.as_ref().map(Slug::as_str),
            "status": status,
            "reason": message.reason.filter(|_| failed),
            "code": message.code.as_deref().filter(|_| failed),
        })
    }

    /// The contact as other systems may know them.
    fn named_contact(&self) -> Json {
        json!({
            "id": self.contact.as_str(),
            "external": self.rec.external.as_deref(),
            "phone": self.rec.phone.as_ref().map(|phone| phone.as_str()),
            "email": self.rec.email.as_deref(),
        })
    }

    fn report(&mut self, kind: &str, data: &Json, to: Hearer, (run, message): (Option<RunId>, Option<EffectId>)) {
        let id = self.next_effect().to_string();
        let at = self.store_now();
        let mut data = data.clone();
        data["id"] = id.as_str().into();
        let timestamp = jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_string()).unwrap_or_default();
        let body = json!({ "type": kind, "timestamp": timestamp, "data": data }).to_string();
        let (endpoint, url) = match to {
            Hearer::Endpoint(name) => (name, None),
            Hearer::Callback(callback) => (callback_endpoint(&callback.url), Some(callback.url)),
        };
        let hook = Hook { endpoint: endpoint.clone(), url, id, kind: kind.to_owned(), body, at };
        // Whoever calls this has looked that there is room in the turn; there may be none for so long a text.
        match self.effect(Effect::Hook(Box::new(hook))) {
            Ok(effect) => self.journal(Event::Hooked { effect, run, endpoint, kind: kind.to_owned(), message }),
            Err(Fault::Run(why)) => self.note(run, format!("`{kind}` was not told to `{endpoint}`: {why}")),
            Err(Fault::Turn(_)) => {}
        }
    }

    /// What can be told no more is followed no longer: messages that came as far as they can, and old ones.
    fn follow_no_longer(&mut self) {
        if self.rec.callbacks.is_empty() && !self.rec.tracked.iter().any(|message| message.watched) {
            return;
        }
        let open: Vec<EffectId> =
            self.rec.runs.iter().filter_map(|run| run.asked().and_then(|question| question.awaited)).collect();
        let now = self.now;
        let over = |message: &Tracked| {
            let last = match (message.status, message.kind) {
                (DeliveryStatus::Read | DeliveryStatus::Failed, _) => true,
                (DeliveryStatus::Delivered, ChannelKind::Sms) => true,
                _ => message.at + limits::WATCH_FOR <= now,
            };
            let may_be_answered = !message.replied && open.contains(&message.effect);
            message.watched && message.untold == 0 && message.errand.is_none() && last && !may_be_answered
        };
        while let Some(place) = self.rec.tracked.iter().position(over) {
            let message = self.rec.tracked.remove(place);
            self.hear_no_more(message.effect);
        }
        let rec = &mut *self.rec;
        rec.callbacks.retain(|called| {
            rec.runs.iter().any(|run| run.id == called.run)
                || rec.tracked.iter().any(|message| message.run == Some(called.run))
                || rec.errands.iter().any(|errand| errand.run == called.run)
        });
    }
}

/// The words of a person's message.
fn plain(content: &OutboundContent) -> &str {
    match content {
        OutboundContent::Text { text } | OutboundContent::Email { text, .. } => text,
        _ => "",
    }
}

/// What is told of the beginning and the end of a conversation with a person.
fn handoff(event: &Event) -> Option<(&'static str, RunId, Json)> {
    match event {
        Event::HandoffOpened(opened) => {
            let data = json!({ "team": opened.to.as_str(), "note": opened.note });
            Some(("handoff.opened", opened.run, data))
        }
        Event::HandoffTaken(taken) => Some(("handoff.taken", taken.run, json!({ "by": taken.by }))),
        Event::HandoffClosed(closed) => {
            let data = json!({
                "team": closed.to.as_str(), "by": closed.by, "note": closed.note, "outcome": closed.outcome
            });
            Some(("handoff.closed", closed.run, data))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::handoff::HandoffClosed;

    #[test]
    fn the_end_of_a_conversation_with_a_person_is_told_with_its_outcome() {
        let closed = HandoffClosed {
            run: RunId(7),
            to: Slug::parse("payments").expect("a slug"),
            input: None,
            by: Some("ada".to_owned()),
            note: None,
            outcome: "ok".to_owned(),
            private: false,
        };
        let (kind, run, data) = handoff(&Event::HandoffClosed(Box::new(closed))).expect("is told");
        assert_eq!((kind, run), ("handoff.closed", RunId(7)));
        assert_eq!(data, json!({ "team": "payments", "by": "ada", "note": null, "outcome": "ok" }));
        assert_eq!(handoff(&Event::Forgotten), None);
    }
}
