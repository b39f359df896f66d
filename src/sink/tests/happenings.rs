//! What each event of the journal is told as, what of it stays here, and that a name means the same twice.

use super::*;
use crate::domain::address::{Address, E164};
use crate::domain::channel::ChannelKind;
use crate::domain::happening::HAPPENINGS;
use crate::domain::id::{EffectId, InputId, RunId, Token, VersionId};
use crate::domain::journal::{AttemptOutcome, Decision, Entry, Event};
use crate::domain::message::{DeliveryStatus, FailureReason, InboundContent, OutboundContent};
use crate::domain::name::{ChannelName, EventName, Name};
use crate::domain::value::Value;
use crate::domain::way::{Step, Way};
use indexmap::IndexMap;
use serde_json::json;

const RUN: RunId = RunId(7);

fn effect() -> EffectId {
    Token(1).effect(0)
}

fn phone() -> Address {
    Address::Phone(E164::parse("+447700900123").expect("a phone"))
}

fn channel() -> ChannelName {
    ChannelName::parse("main-sms").expect("a channel")
}

fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("a slug")
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn data() -> Value {
    let pairs =
        [("amount", Value::Number(499.0)), ("phone", Value::text("+447700900123")), ("items", Value::List(vec![Value::Null]))];
    Value::Map(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<IndexMap<_, _>>())
}

fn received() -> Event {
    Event::Received {
        input: InputId(1),
        channel: channel(),
        from: phone(),
        provider_id: "SM1".to_owned(),
        text: "my secret wish".to_owned(),
        content: InboundContent::Text,
        decision: Decision::Answer,
        reason: "`my secret wish` is a text".to_owned(),
        name: Some("Ann".to_owned()),
    }
}

fn sent() -> Event {
    Event::Sent {
        effect: effect(),
        run: Some(RUN),
        channel: channel(),
        kind: ChannelKind::Sms,
        to: phone(),
        content: OutboundContent::Text { text: "Hello Ann".to_owned() },
        notification: Some(slug("payment_retry")),
        system: None,
    }
}

fn set(variable: &str, value: Value) -> Event {
    Event::Set { run: RUN, name: variable.to_owned(), value }
}

fn started() -> Event {
    Event::RunStarted {
        run: RUN,
        flow: slug("payment"),
        version: VersionId(5),
        key: Some("order-of-ann".to_owned()),
        reason: "keyword my secret wish".to_owned(),
        continues: None,
        sending: None,
    }
}

fn reported(status: DeliveryStatus, reason: Option<FailureReason>) -> Event {
    Event::Reported {
        effect: effect(),
        status,
        reason,
        code: Some("30003".to_owned()),
        at: None,
        detail: Some("Ann said".to_owned()),
    }
}

fn attempted(outcome: AttemptOutcome, provider_id: Option<&str>) -> Event {
    let provider_id = provider_id.map(str::to_owned);
    Event::Attempted { effect: effect(), attempt: 1, outcome, provider_id, detail: Some("Ann said".to_owned()), code: None }
}

fn entry(token: u64, events: Vec<Event>) -> Entry {
    Entry { contact: ContactKey::derive(b"s", "a"), token: Token(token), at: Millis(100), events }
}

fn told_with(include: &Includes, entries: &[Entry]) -> Vec<Row> {
    let mut background = Background::default();
    let mut all = Vec::new();
    for entry in entries {
        entry.events.iter().for_each(|event| background.learn(event));
        all.extend(rows(entry, &background, include, |_| true));
    }
    all
}

fn told(entries: &[Entry]) -> Vec<Row> {
    told_with(&Includes::default(), entries)
}

/// The properties of the last row.
fn last(entries: &[Entry]) -> Json {
    Json::Object(told(entries).pop().expect("a row").properties)
}

#[test]
fn nothing_of_a_person_leaves_unless_it_is_named() {
    let entries = [entry(
        1,
        vec![
            received(),
            started(),
            sent(),
            set("wish", Value::text("my secret wish")),
            set("contact.plan", Value::text("gold of Ann")),
            Event::Emitted { run: RUN, event: EventName::parse("order.placed").expect("a name"), data: data() },
            Event::Alert { run: Some(RUN), say: "call Ann".to_owned(), to: None, level: Default::default() },
            attempted(AttemptOutcome::Accepted, Some("SM2")),
        ],
    )];
    let rows = told(&entries);
    assert_eq!(rows.len(), 8);
    let all = format!("{:?}", rows.iter().map(|row| &row.properties).collect::<Vec<_>>());
    for private in ["Ann", "order-of-ann", "secret", "4477", "499", "gold", "SM1", "SM2"] {
        assert!(!all.contains(private), "{private}: {all}");
    }
    assert!(all.contains("\"wish\""), "the name of a variable is not its value");

    let mut include = Includes { text: true, address: true, ..Includes::default() };
    include.values = vec!["wish".to_owned()];
    include.fields = vec!["amount".to_owned(), "items".to_owned(), "none".to_owned()];
    let rows = told_with(&include, &entries);
    let of = |n: usize| Json::Object(rows[n].properties.clone());
    assert_eq!((&of(0)["text"], &of(0)["address"]), (&json!("my secret wish"), &json!("+447700900123")));
    assert_eq!((&of(2)["text"], &of(2)["notification"]), (&json!("Hello Ann"), &json!("payment_retry")));
    assert_eq!((&of(3)["value"], &of(4)["value"]), (&json!("my secret wish"), &Json::Null));
    assert_eq!((&of(5)["event_amount"], &of(5)["event_items"]), (&json!(499), &json!("[null]")));
    assert!(of(5).get("event_none").is_none() && of(5).get("event_phone").is_none());
}

#[test]
fn what_the_journal_masks_is_nothing_here_too() {
    let include = Includes { values: vec!["pin".to_owned()], ..Includes::default() };
    let rows = told_with(&include, &[entry(1, vec![set("pin", Value::Null)])]);
    assert!(rows[0].properties.get("value").is_none(), "{rows:?}");
}

#[test]
fn a_message_is_told_with_its_run_and_each_step_once() {
    let begun = entry(1, vec![started(), Event::Entered { run: RUN, flow: slug("payment"), state: name("ask") }, sent()]);
    let delivered = |token| entry(token, vec![reported(DeliveryStatus::Delivered, None)]);
    let rows =
        told(&[begun.clone(), entry(2, vec![attempted(AttemptOutcome::Accepted, Some("SM2"))]), delivered(3), delivered(4)]);
    let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    let expected = ["run.started", "state.entered", "message.queued", "message.sent", "message.delivered", "message.delivered"];
    assert_eq!(names, expected);
    assert_eq!(rows[4].id, rows[5].id, "two reports of one step are one row");
    assert_ne!(rows[3].id, rows[4].id);
    let properties = json!({
        "code": "30003", "message": effect().to_string(), "channel": "main-sms", "medium": "sms",
        "notification": "payment_retry", "run": RUN.to_string(), "flow": "payment",
    });
    assert_eq!(Json::Object(rows[4].properties.clone()), properties);
    let failed = last(&[begun.clone(), entry(2, vec![reported(DeliveryStatus::Failed, Some(FailureReason::Unreachable))])]);
    assert_eq!((&failed["reason"], &failed["flow"]), (&json!("unreachable"), &json!("payment")));
    let queued = entry(2, vec![reported(DeliveryStatus::Sent, None), reported(DeliveryStatus::Queued, None)]);
    assert_eq!(told(&[begun, queued]).len(), 3, "that it left is known from the provider's answer");
}

#[test]
fn attempts_of_calls_and_reports_are_no_messages() {
    let called =
        Event::Called { effect: effect(), run: RUN, api: slug("shop"), method: "get".to_owned(), path: "/ann".to_owned() };
    let failed = AttemptOutcome::Failed { reason: FailureReason::Unreachable };
    let ended = Event::CallEnded {
        effect: effect(),
        outcome: "ok".to_owned(),
        attempts: 2,
        took: 40,
        reason: "said Ann".to_owned(),
        answer: None,
    };
    let rows = told(&[entry(1, vec![started(), called]), entry(2, vec![attempted(failed, None)]), entry(3, vec![ended])]);
    assert_eq!(rows.iter().map(|row| row.name).collect::<Vec<_>>(), ["run.started", "call.made", "call.ended"]);
    let properties =
        json!({ "outcome": "ok", "attempts": 2, "took_ms": 40, "api": "shop", "run": RUN.to_string(), "flow": "payment" });
    assert_eq!(Json::Object(rows[2].properties.clone()), properties);
    // Whose message it was may be unknown here; that it was one shows the provider's name of it.
    let alone = told(&[entry(2, vec![attempted(AttemptOutcome::Accepted, Some("SM2"))])]);
    assert_eq!(alone[0].name, "message.sent");
    let hooked =
        Event::Hooked { effect: effect(), run: None, endpoint: slug("team"), kind: "alert.urgent".to_owned(), message: None };
    assert_eq!(told(&[entry(1, vec![hooked]), entry(2, vec![attempted(AttemptOutcome::Accepted, Some("SM2"))])]), Vec::new());
    assert_eq!(told(&[entry(2, vec![attempted(AttemptOutcome::Accepted, None), attempted(failed, None)])]), Vec::new());
}

#[test]
fn ids_are_those_of_the_place_in_the_journal() {
    let twice = || told(&[entry(1, vec![received(), received()]), entry(2, vec![received()])]);
    let (one, two) = (twice(), twice());
    assert_eq!(one, two);
    let ids: std::collections::BTreeSet<_> = one.iter().map(|row| row.id.clone()).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    // A row keeps its id whatever else is wanted.
    let only =
        rows(&entry(1, vec![sent(), received()]), &Background::default(), &Includes::default(), |n| n == "message.received");
    assert_eq!(only[0].id, told(&[entry(1, vec![sent(), received()])])[1].id);
}

#[test]
fn every_name_is_of_the_closed_list() {
    let way = |step| {
        Event::Way(Box::new(Way { run: RUN, notification: slug("n"), effect: None, step, reason: "x".to_owned(), to: None }))
    };
    let mut events = vec![
        Event::OptedOut { kind: ChannelKind::Sms, how: "word".to_owned() },
        Event::AddressDead { kind: ChannelKind::Email, reason: FailureReason::Invalid, code: None },
        Event::RunEnded { run: RUN, flow: slug("payment"), end: "paid".to_owned(), reason: "x".to_owned() },
        Event::SetAside { input: InputId(1), reason: "x".to_owned() },
        Event::Tagged { run: RUN, added: vec![slug("vip")], removed: Vec::new() },
    ];
    events.extend(
        [Step::Held { until: Millis(1) }, Step::Skipped, Step::MovedOn, Step::Arrived, Step::UsedUp, Step::Dropped].map(way),
    );
    events.extend([received(), sent(), started(), set("a", Value::Null), reported(DeliveryStatus::Read, None)]);
    let n = events.len();
    let rows = told(&[entry(1, events)]);
    assert_eq!(rows.len(), n);
    for row in rows {
        assert!(HAPPENINGS.iter().any(|(known, _)| *known == row.name), "{}", row.name);
    }
    let names: std::collections::BTreeSet<_> = HAPPENINGS.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), HAPPENINGS.len());
}

#[test]
fn what_is_not_known_is_asked_for_once() {
    let mut background = Background::default();
    let left = Event::Left { run: RUN, state: name("ask"), outcome: "ok".to_owned(), reason: "x".to_owned() };
    assert!(background.lacks(&left));
    background.give_up(&left);
    assert!(!background.lacks(&left) && background.flow(&RUN).is_none());
    background.learn(&started());
    assert_eq!(background.flow(&RUN), Some(&slug("payment")));
    // A sub-flow's state does not rename the run.
    background.learn(&Event::Entered { run: RUN, flow: slug("inner"), state: name("a") });
    assert_eq!(background.flow(&RUN), Some(&slug("payment")));
    let unknown = reported(DeliveryStatus::Read, None);
    assert!(background.lacks(&unknown));
    background.learn(&sent());
    assert!(!background.lacks(&unknown));
}
