//! Entries of the journal as the service writes them, for tests.

use bytes::Bytes;
use replyflow::domain::address::{Address, E164};
use replyflow::domain::broadcast::{BroadcastId, Refusal, Sending, Skipped};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::codec;
use replyflow::domain::id::{ContactKey, EffectId, InputId, RunId, Token, VersionId};
use replyflow::domain::journal::{AttemptOutcome, Decision, Entry, Event};
use replyflow::domain::message::{DeliveryStatus, InboundContent, OutboundContent};
use replyflow::domain::mode::Mode;
use replyflow::domain::name::{ChannelName, Name, Slug};
use replyflow::domain::profile::Profile;
use replyflow::domain::time::Millis;
use replyflow::store::{JournalId, JournalItem, JournalRecord};

/// 2026-03-02 10:00 UTC.
pub const START: i64 = 1_772_445_600_000;

pub fn contact(name: &str) -> ContactKey {
    ContactKey::derive(b"secret", name)
}

pub fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("a slug")
}

pub fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub fn phone(text: &str) -> E164 {
    E164::parse(text).expect("a phone")
}

pub fn effect(n: u64) -> EffectId {
    Token(n).effect(0)
}

/// A shard's journal that grows.
#[derive(Default)]
pub struct Journal {
    pub items: Vec<JournalItem>,
}

impl Journal {
    /// Writes the next entry, so many seconds after the start.
    pub fn at(&mut self, seconds: i64, contact: ContactKey, events: Vec<Event>) -> Token {
        self.write(Mode::Live, seconds, contact, events)
    }

    /// The same of a test contact.
    pub fn in_test(&mut self, seconds: i64, contact: ContactKey, events: Vec<Event>) -> Token {
        self.write(Mode::Test, seconds, contact, events)
    }

    fn write(&mut self, mode: Mode, seconds: i64, contact: ContactKey, events: Vec<Event>) -> Token {
        let number = self.items.len() as u64 + 1;
        let token = Token(number);
        let entry = Entry { contact, token, at: Millis(START + seconds * 1_000), events };
        let record = JournalRecord::Entry(Bytes::from(codec::encode_in(mode, &entry)));
        self.items.push(JournalItem { id: JournalId { time: 0, number }, record });
        token
    }
}

pub fn received(id: u64, text: &str, decision: Decision) -> Event {
    received_as(id, &format!("SM{id}"), text, InboundContent::Text, decision)
}

pub fn received_as(id: u64, provider_id: &str, text: &str, content: InboundContent, decision: Decision) -> Event {
    Event::Received {
        input: InputId(id),
        channel: ChannelName::parse("main-sms").expect("a name"),
        from: Address::Phone(phone("+447700900123")),
        provider_id: provider_id.to_owned(),
        text: text.to_owned(),
        content,
        decision,
        reason: "a reason".to_owned(),
        name: None,
    }
}

pub fn sent(n: u64, run: Option<u64>, text: &str) -> Event {
    Event::Sent {
        effect: effect(n),
        run: run.map(RunId),
        channel: slug("main-sms"),
        kind: ChannelKind::Sms,
        to: Address::Phone(phone("+447700900123")),
        content: OutboundContent::Text { text: text.to_owned() },
        notification: None,
        system: None,
    }
}

pub fn started(run: u64, flow: &str) -> Event {
    Event::RunStarted {
        run: RunId(run),
        flow: slug(flow),
        version: VersionId(0xabc),
        key: None,
        reason: "a keyword".to_owned(),
        continues: None,
        sending: None,
    }
}

/// The same, begun by a broadcast.
pub fn started_by(run: u64, flow: &str, broadcast: u64, arm: Option<&str>) -> Event {
    let mut event = started(run, flow);
    if let Event::RunStarted { sending, .. } = &mut event {
        let by = Sending::by(BroadcastId::of(broadcast));
        *sending = Some(Box::new(Sending { arm: arm.map(slug), ..by }));
    }
    event
}

pub fn skipped(broadcast: u64, reason: Refusal) -> Event {
    Event::Skipped(Box::new(Skipped { broadcast: BroadcastId::of(broadcast), reason, detail: Some("so".to_owned()) }))
}

pub fn entered(run: u64, flow: &str, state: &str) -> Event {
    Event::Entered { run: RunId(run), flow: slug(flow), state: name(state) }
}

pub fn left(run: u64, state: &str, outcome: &str) -> Event {
    left_because(run, state, outcome, "it matched")
}

pub fn left_because(run: u64, state: &str, outcome: &str, reason: &str) -> Event {
    Event::Left { run: RunId(run), state: name(state), outcome: outcome.to_owned(), reason: reason.to_owned() }
}

pub fn ended(run: u64, flow: &str, end: &str) -> Event {
    Event::RunEnded { run: RunId(run), flow: slug(flow), end: end.to_owned(), reason: "it ends".to_owned() }
}

pub fn attempted(n: u64, attempt: u8, outcome: AttemptOutcome) -> Event {
    let provider_id = (outcome == AttemptOutcome::Accepted).then(|| format!("PM{n}"));
    Event::Attempted { effect: effect(n), attempt, outcome, provider_id, detail: None, code: None }
}

pub fn reported(n: u64, status: DeliveryStatus) -> Event {
    Event::Reported { effect: effect(n), status, reason: None, code: None, at: None, detail: None }
}

pub fn profile(tags: &[&str]) -> Profile {
    Profile {
        phone: Some(phone("+447700900123")),
        name: Some("Ann".to_owned()),
        tags: tags.iter().map(|tag| slug(tag)).collect(),
        ..Profile::default()
    }
}

pub fn told(profile: Profile) -> Event {
    Event::Profile(Box::new(profile))
}
