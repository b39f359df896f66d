//! A world in memory around the engine: one contact, a clock, flows as operators write them.

use crate::config::project::{Capabilities, ChannelInfo, Project, SystemTexts};
use crate::domain::address::{Address, E164};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, DedupeHash, EffectId, InputId, Token};
use crate::domain::input::{Accepted, CallOutcome, CallResult, ContactRef, Delivery, Event as InputEvent, Input, OperatorAction};
use crate::domain::journal::{Decision, Event};
use crate::domain::language::Language;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent, OutboundContent};
use crate::domain::mode::Mode;
use crate::domain::name::{EventName, Name, Slug};
use crate::domain::publication::{OldRuns, Share, Trial};
use crate::domain::suppression::Barred;
use crate::domain::time::{Millis, Span};
use crate::domain::value::{Type, Value};
use crate::engine::effect::{Call, Effect, Send};
use crate::engine::record::Record;
use crate::engine::{Context, TurnError, TurnOutput, turn};
use crate::flow::catalog::{Catalog, Standing};
use crate::flow::definition::Flow;
use crate::flow::diagnostic::Severity;
use crate::flow::parse::{ParseContext, parse_flow, parse_notification};
use indexmap::IndexMap;
use std::sync::Arc;

/// 2026-03-02T10:00:00Z, a Monday.
pub const MONDAY: Millis = Millis(1_772_445_600_000);
pub const PHONE: &str = "+447700900123";

pub fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("a slug")
}

pub fn language(text: &str) -> Language {
    Language::parse(text).expect("a language")
}

/// The project of the tests: `main-sms` and `main-whatsapp`.
pub fn project() -> Project {
    let info = |kind, buttons, rows| ChannelInfo {
        kind,
        shows: Capabilities { buttons, rows, location: buttons > 0, ..Capabilities::FILES },
        country: None,
        simulated: true,
        templates_by_id: false,
        smart_encoding: false,
        stop_hint: Vec::new(),
        stand_ins: Vec::new(),
    };
    let text = |text: &str| vec![(Language::EN, text.to_owned())];
    Project {
        language: Language::EN,
        timezone: jiff::tz::TimeZone::UTC,
        country: Some("GB".to_owned()),
        channels: [(slug("main-sms"), info(ChannelKind::Sms, 0, 0)), (slug("main-whatsapp"), info(ChannelKind::WhatsApp, 3, 10))]
            .into_iter()
            .collect(),
        apis: IndexMap::new(),
        teams: Vec::new(),
        hours: IndexMap::new(),
        attributes: [(Name::parse("vip").expect("a name"), Type::Boolean)].into_iter().collect(),
        topics: IndexMap::new(),
        caps: Vec::new(),
        marketing_hours: Default::default(),
        events: Vec::new(),
        event_fields: Default::default(),
        sources: Vec::new(),
        env: IndexMap::new(),
        texts: SystemTexts {
            opted_out: text("You are out."),
            opted_in: text("You are in."),
            help: text("Reply STOP to stop."),
            list_button: text("Choose"),
            stop_hint: text("STOP ends it."),
        },
        endpoints: Vec::new(),
        alerts: Default::default(),
        signed: Vec::new(),
        desks: Vec::new(),
    }
}

fn context() -> ParseContext {
    ParseContext { languages: vec![Language::EN], channels: vec![slug("main-sms"), slug("main-whatsapp")] }
}

/// Reads a flow; its name, languages and channels may be left out.
pub fn flow(source: &str) -> Flow {
    let name = source.lines().find_map(|line| line.strip_prefix("flow: ")).expect("a name").trim();
    let (flow, diagnostics) = parse_flow(source, &format!("flows/{name}.yaml"), &context());
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.code.severity() == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{source}");
    let mut flow = flow.expect("a flow");
    flow.version = crate::domain::id::VersionId::of(source.as_bytes());
    flow
}

/// Says the notification `note` to whoever writes "news".
pub const NEWS: &str = "flow: news
start: [ { keyword: news } ]
begin: a
states: { a: { notify: note, end: done } }
";
/// Marketing over the channel of the contact.
pub const PLAIN: &str = "notification: note\nkind: marketing\ntext: News. STOP ends it.\n";
/// Marketing over one channel after the other.
pub const ROUTED: &str = "notification: note\nkind: marketing\nroute: [whatsapp, sms]\nwithin: 1h\ntext: News. STOP ends it.\n";

/// Adds a notification to a flow.
pub fn with_notification(mut flow: Flow, source: &str) -> Flow {
    let name = source.lines().find_map(|line| line.strip_prefix("notification: ")).expect("a name").trim();
    let (read, diagnostics) = parse_notification(source, &format!("templates/{name}.yaml"), &context());
    let read = read.unwrap_or_else(|| panic!("{diagnostics:#?}"));
    flow.notifications.insert(slug(name), Arc::new(read));
    flow
}

/// One contact and the engine.
pub struct Driver {
    pub catalog: Catalog,
    pub project: Project,
    pub now: Millis,
    pub kind: ChannelKind,
    pub mode: Mode,
    pub barred: Barred,
    pub last: TurnOutput,
    record: Vec<u8>,
    token: Option<Token>,
    inputs: u64,
}

impl Driver {
    pub fn new(sources: &[&str]) -> Self {
        Driver::of(sources.iter().map(|source| flow(source)).collect())
    }

    pub fn of(flows: Vec<Flow>) -> Self {
        let current: Vec<_> = flows.iter().map(|flow| flow.version).collect();
        Driver {
            catalog: Catalog::new(flows.into_iter().map(Arc::new), &current),
            project: project(),
            now: MONDAY,
            kind: ChannelKind::Sms,
            mode: Mode::Live,
            barred: Barred::NOTHING,
            last: TurnOutput::default(),
            record: Record::default().encode(),
            token: None,
            inputs: 0,
        }
    }

    pub fn key() -> ContactKey {
        ContactKey::derive(b"test", PHONE)
    }

    pub fn record(&self) -> Record {
        Record::decode(&self.record).expect("a record")
    }

    /// The contact's language is known.
    pub fn speak(&mut self, language: Language) {
        self.record = Record { language: Some(language), ..self.record() }.encode();
    }

    pub fn bytes(&self) -> &[u8] {
        &self.record
    }

    pub fn change(&mut self, change: impl FnOnce(&mut Record)) {
        let mut record = self.record();
        change(&mut record);
        self.record = record.encode();
    }

    /// This version is published; what was known before stays known.
    pub fn publish(&mut self, flow: Flow, runs: OldRuns, share: Option<u8>) {
        let version = flow.version;
        let whole = self
            .catalog
            .current(flow.name.as_str())
            .or_else(|| flow.was.iter().find_map(|was| self.catalog.current(was.as_str())));
        let whole = whole.filter(|_| share.is_some()).map_or(version, |whole| whole.version);
        let share = share.and_then(Share::percent);
        let trial = share.map(|share| Trial { version, share });
        let standing = Standing { whole, trial, runs, retired: false };
        let whole = self.catalog.version(whole).cloned();
        let fresh = Catalog::standing(whole.into_iter().chain([Arc::new(flow)]), vec![standing]);
        self.catalog = self.catalog.with_current(&fresh, 256);
    }

    /// A turn with this input, or with none.
    pub fn try_turn(&mut self, input: Option<Input>) -> Result<TurnOutput, TurnError> {
        self.try_turn_at(self.now, input)
    }

    /// The same with an input that was accepted at another moment.
    pub fn turn_at(&mut self, at: Millis, input: Option<Input>) -> TurnOutput {
        self.try_turn_at(at, input).expect("a turn")
    }

    fn try_turn_at(&mut self, at: Millis, input: Option<Input>) -> Result<TurnOutput, TurnError> {
        self.inputs += 1;
        let accepted = input.map(|input| {
            let id = InputId::of(DedupeHash::of(&["test", &self.inputs.to_string()]));
            Accepted { id, at, mode: self.mode, input }
        });
        let token = match (&accepted, self.token) {
            (Some(a), Some(token)) => token.after(&[a.id]),
            (Some(a), None) => Token::birth(Driver::key(), a.id).after(&[a.id]),
            (None, token) => token.unwrap_or(Token(1)).after_alarm(self.now),
        };
        let context = Context { catalog: &self.catalog, project: &self.project, barred: &self.barred };
        let mut record = self.record();
        let out = turn(&context, &mut record, token, Driver::key(), accepted.as_ref(), self.now)?;
        // The same again is the same: the engine is pure.
        let mut twin = self.record();
        let again = turn(&context, &mut twin, token, Driver::key(), accepted.as_ref(), self.now)?;
        assert_eq!((&again, &twin), (&out, &record), "a turn that is done again is another one");
        self.token = Some(token);
        self.record = record.encode();
        if accepted.is_none() {
            assert!(out.alarm.is_none_or(|alarm| alarm > self.now), "an alarm turn leaves the alarm in the past");
        }
        self.last = out.clone();
        Ok(out)
    }

    pub fn turn(&mut self, input: Option<Input>) -> TurnOutput {
        self.try_turn(input).expect("a turn")
    }

    pub fn inbound(&self, text: &str) -> Inbound {
        let channel = if self.kind == ChannelKind::Sms { "main-sms" } else { "main-whatsapp" };
        Inbound {
            channel: slug(channel),
            kind: self.kind,
            from: Address::Phone(E164::parse(PHONE).expect("a phone")),
            user_id: None,
            id: format!("m{}", self.inputs),
            at: Some(self.now),
            text: text.to_owned(),
            content: InboundContent::Text,
            profile_name: None,
            in_reply_to: None,
            answers: None,
            forwarded: false,
            referral: None,
        }
    }

    /// The contact writes; what the bot answers.
    pub fn user(&mut self, text: &str) -> Vec<String> {
        let message = self.inbound(text);
        self.turn(Some(Input::Message(Box::new(message))));
        self.said()
    }

    /// The contact taps a button or row of the last message by the id of its choice.
    pub fn press(&mut self, payload: &str) -> Vec<String> {
        let content = InboundContent::ButtonReply { payload: payload.to_owned() };
        let message = Inbound { content, ..self.inbound("") };
        self.turn(Some(Input::Message(Box::new(message))));
        self.said()
    }

    /// Something happens elsewhere; the event names the contact by phone.
    pub fn event(&mut self, name: &str, data: serde_json::Value) -> Vec<String> {
        let who = ContactRef { phone: E164::parse(PHONE), ..ContactRef::default() };
        let name = EventName::parse(name).expect("an event name");
        let event = InputEvent { name, data: Value::from_json(data), contact: Some(who.clone()), to: who, callback: None };
        self.turn(Some(Input::Event(Box::new(event))));
        self.said()
    }

    /// A call ends.
    pub fn called(&mut self, effect: EffectId, outcome: CallOutcome) -> Vec<String> {
        let result = CallResult { effect, outcome, attempts: 1, took: 5 };
        self.turn(Some(Input::CallResult(Box::new(result))));
        self.said()
    }

    pub fn answers(&mut self, effect: EffectId, status: u16, body: serde_json::Value) -> Vec<String> {
        self.called(effect, CallOutcome::Answered { status, body: Value::from_json(body) })
    }

    pub fn undelivered(&mut self, effect: EffectId) -> Vec<String> {
        let reason = Some(crate::domain::message::FailureReason::Unreachable);
        self.turn(Some(Input::Delivery(Delivery {
            effect,
            status: DeliveryStatus::Failed,
            reason,
            code: None,
            unsure: false,
            back: None,
        })));
        self.said()
    }

    pub fn operator(&mut self, action: OperatorAction) -> Vec<String> {
        self.turn(Some(Input::Operator(action)));
        self.said()
    }

    /// Time passes; every alarm on the way is a turn at its moment.
    pub fn wait(&mut self, span: &str) -> Vec<String> {
        let until = self.now + Span::parse(span).expect("a duration");
        let mut said = Vec::new();
        for _ in 0..10_000 {
            match self.record().alarm().filter(|at| *at <= until) {
                Some(at) => {
                    self.now = self.now.max(at);
                    self.turn(None);
                    said.extend(self.said());
                }
                None => {
                    self.now = until;
                    return said;
                }
            }
        }
        panic!("alarms without end");
    }

    pub fn sends(&self) -> Vec<(EffectId, Send)> {
        let send = |(id, effect): &(EffectId, Effect)| match effect {
            Effect::Send(send) => Some((*id, Send::clone(send))),
            _ => None,
        };
        self.last.effects.iter().filter_map(send).collect()
    }

    /// The texts of the last turn.
    pub fn said(&self) -> Vec<String> {
        self.sends().iter().map(|(_, send)| text_of(&send.outbound.content)).collect()
    }

    /// The effect of the last message of the last turn.
    pub fn last_send(&self) -> EffectId {
        self.sends().last().expect("a send").0
    }

    /// Buttons or rows of the last message.
    pub fn buttons(&self) -> Vec<(String, String)> {
        match self.sends().last().map(|(_, send)| send.outbound.content.clone()) {
            Some(OutboundContent::Buttons { buttons, .. }) => buttons.into_iter().map(|b| (b.id, b.title)).collect(),
            Some(OutboundContent::List { rows, .. }) => rows.into_iter().map(|r| (r.id, r.title)).collect(),
            _ => Vec::new(),
        }
    }

    /// The calls of the last turn.
    pub fn calls(&self) -> Vec<(EffectId, Call)> {
        let call = |(id, effect): &(EffectId, Effect)| match effect {
            Effect::Call(call) => Some((*id, Call::clone(call))),
            _ => None,
        };
        self.last.effects.iter().filter_map(call).collect()
    }

    /// How the runs of the last turn ended.
    pub fn ends(&self) -> Vec<&str> {
        self.last.ended.iter().map(|ended| ended.end.as_str()).collect()
    }

    /// What decided the last message or event, and why.
    pub fn decision(&self) -> (Decision, String) {
        let found = self.last.events.iter().find_map(|event| match event {
            Event::Received { decision, reason, .. } | Event::EventReceived { decision, reason, .. } => {
                Some((decision.clone(), reason.clone()))
            }
            _ => None,
        });
        found.expect("a decision")
    }

    pub fn alerts(&self) -> Vec<String> {
        let alert = |event: &Event| match event {
            Event::Alert { say, .. } => Some(say.clone()),
            _ => None,
        };
        self.last.events.iter().filter_map(alert).collect()
    }

    pub fn notes(&self) -> Vec<String> {
        let note = |event: &Event| match event {
            Event::Note { text, .. } => Some(text.clone()),
            _ => None,
        };
        self.last.events.iter().filter_map(note).collect()
    }

    /// Where the live runs of a flow rest, the flow first.
    pub fn at(&self, flow: &str) -> Vec<String> {
        self.record().positions(&self.catalog, flow).into_iter().map(|(state, _)| state).collect()
    }

    /// A variable of the first live run.
    pub fn var(&self, flow: &str, name: &str) -> serde_json::Value {
        let positions = self.record().positions(&self.catalog, flow);
        positions.first().and_then(|(_, vars)| vars.get(name)).expect("a variable").to_json()
    }
}

pub fn text_of(content: &OutboundContent) -> String {
    match content {
        OutboundContent::Text { text } | OutboundContent::Buttons { text, .. } | OutboundContent::List { text, .. } => {
            text.clone()
        }
        OutboundContent::Media { caption, .. } => caption.clone().unwrap_or_default(),
        other => format!("{other:?}"),
    }
}
