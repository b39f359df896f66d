//! Reports to other systems: what is told of a message, to whom, once.

use super::driver::{Driver, PHONE, slug};
use crate::config::project::EndpointInfo;
use crate::domain::address::E164;
use crate::domain::hook::{KindPattern, callback_endpoint};
use crate::domain::id::EffectId;
use crate::domain::input::{Callback, ContactRef, Delivery, Event as InputEvent, Input};
use crate::domain::journal::Event;
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::name::EventName;
use crate::domain::value::Value;
use crate::engine::TurnOutput;
use crate::engine::effect::{Effect, Hook};
use serde_json::{Value as Json, json};

const FLOW: &str = r#"
flow: order
languages: [en]
start:
  - event: order.paid
    contact: "{{ event.phone }}"
begin: ask
states:
  ask:
    do:
      - say: Thank you for your order.
    ask: Was it easy?
    answer: yes_no
    go:
      yes: { say: Great., end: done }
      no: { end: done }
      nomatch: { again: 2, end: done }
      silence: { after: 1d, end: silent }
"#;
const URL: &str = "https://shop.example/hooks?o=1";

fn hooks(out: &TurnOutput) -> Vec<Hook> {
    let hook = |(_, effect): &(EffectId, Effect)| match effect {
        Effect::Hook(hook) => Some(Hook::clone(hook)),
        _ => None,
    };
    out.effects.iter().filter_map(hook).collect()
}

fn kinds(out: &TurnOutput) -> Vec<String> {
    hooks(out).into_iter().map(|hook| format!("{} {}", hook.kind, hook.endpoint)).collect()
}

fn body(hook: &Hook) -> Json {
    serde_json::from_str(&hook.body).expect("JSON")
}

fn paid(d: &mut Driver, callback: Option<Callback>) -> TurnOutput {
    let to = ContactRef { phone: E164::parse(PHONE), ..ContactRef::default() };
    let name = EventName::parse("order.paid").expect("a name");
    let data = Value::from_json(json!({ "phone": PHONE }));
    let event = InputEvent { name, data, contact: None, to, callback: callback.map(Box::new) };
    d.turn(Some(Input::Event(Box::new(event))))
}

fn callback() -> Callback {
    Callback { url: URL.to_owned(), id: Some("o-1".to_owned()), data: None, json: Some(r#"{"n":9007199254740993}"#.to_owned()) }
}

fn sends(out: &TurnOutput) -> Vec<EffectId> {
    out.effects.iter().filter(|(_, effect)| matches!(effect, Effect::Send(_))).map(|(id, _)| *id).collect()
}

fn report(d: &mut Driver, effect: EffectId, status: DeliveryStatus) -> Vec<String> {
    let reason = (status == DeliveryStatus::Failed).then_some(FailureReason::Unreachable);
    let code = reason.map(|_| "30003".to_owned());
    let out = d.turn(Some(Input::Delivery(Delivery { effect, status, reason, code, unsure: false, back: None })));
    kinds(&out)
}

fn endpoint(d: &mut Driver, name: &str, pattern: &str) {
    let events = vec![KindPattern::parse(pattern).expect("a pattern")];
    d.project.endpoints.push(EndpointInfo { name: slug(name), events });
}

#[test]
fn nothing_is_told_or_followed_where_nobody_listens() {
    let mut d = Driver::new(&[FLOW]);
    let out = paid(&mut d, None);
    assert!(kinds(&out).is_empty() && d.record().tracked.is_empty());
    assert!(out.effects.iter().all(|(_, effect)| !matches!(effect, Effect::Send(send) if send.tracked)));
}

#[test]
fn the_caller_hears_each_step_once_and_none_that_comes_late() {
    let mut d = Driver::new(&[FLOW]);
    let out = paid(&mut d, Some(callback()));
    let to = callback_endpoint(URL);
    assert_eq!(kinds(&out), [format!("message.queued {to}"), format!("message.queued {to}")]);
    let first = hooks(&out).remove(0);
    assert_eq!(first.url.as_deref(), Some(URL));
    let said = body(&first);
    let sent = sends(&out);
    assert_eq!((&said["type"], &said["data"]["id"]), (&json!("message.queued"), &json!(first.id)));
    assert_eq!(
        (&said["data"]["custom_id"], &said["data"]["custom"]),
        (&json!("o-1"), &json!({ "n": 9_007_199_254_740_993_u64 }))
    );
    assert_eq!((&said["data"]["message"], &said["data"]["flow"]), (&json!(sent[0].to_string()), &json!("order")));
    assert_eq!(said["data"]["contact"]["phone"], json!(PHONE));
    assert_eq!((&said["data"]["channel"], &said["data"]["kind"]), (&json!("main-sms"), &json!("sms")));
    let told = |word: &str| vec![format!("message.{word} {to}")];
    assert_eq!(report(&mut d, sent[0], DeliveryStatus::Sent), told("sent"));
    assert_eq!(report(&mut d, sent[0], DeliveryStatus::Sent), Vec::<String>::new(), "once");
    assert_eq!(report(&mut d, sent[0], DeliveryStatus::Delivered), told("delivered"));
    for late in [DeliveryStatus::Sent, DeliveryStatus::Failed, DeliveryStatus::Delivered] {
        assert_eq!(report(&mut d, sent[0], late), Vec::<String>::new(), "{late:?}");
    }
    assert_eq!(report(&mut d, sent[1], DeliveryStatus::Delivered), told("delivered"), "a step may be left out");
    let hooked =
        |e: &Event| matches!(e, Event::Hooked { kind, message, .. } if kind == "message.delivered" && *message == Some(sent[1]));
    assert!(d.last.events.iter().any(hooked), "the journal knows of it");
}

#[test]
fn a_failure_says_why() {
    let mut d = Driver::new(&[FLOW]);
    let sent = sends(&paid(&mut d, Some(callback())));
    report(&mut d, sent[0], DeliveryStatus::Failed);
    let said = body(&hooks(&d.last)[0]);
    assert_eq!((&said["data"]["reason"], &said["data"]["code"]), (&json!("unreachable"), &json!("30003")));
    assert_eq!(d.record().tracked.len(), 1, "what failed is followed no longer");
}

#[test]
fn a_reply_is_told_of_the_question_and_the_run_is_forgotten_after_its_messages() {
    let mut d = Driver::new(&[FLOW]);
    let sent = sends(&paid(&mut d, Some(callback())));
    for effect in &sent {
        report(&mut d, *effect, DeliveryStatus::Delivered);
    }
    assert_eq!(d.record().tracked.len(), 1, "the question may still be answered");
    d.user("what?");
    assert_eq!(kinds(&d.last)[0], format!("message.replied {}", callback_endpoint(URL)));
    assert_eq!(body(&hooks(&d.last)[0])["data"]["message"], json!(sent[1].to_string()));
    d.user("yes");
    let last = sends(&d.last);
    assert!(d.record().runs.is_empty() && d.record().callbacks.len() == 1, "its last words are under way");
    for message in d.record().tracked {
        report(&mut d, message.effect, DeliveryStatus::Delivered);
    }
    assert_eq!(last.len(), 1);
    assert!(d.record().tracked.is_empty() && d.record().callbacks.is_empty());
}

#[test]
fn endpoints_hear_what_they_asked_for() {
    let mut d = Driver::new(&[FLOW]);
    endpoint(&mut d, "crm", "message.delivered");
    endpoint(&mut d, "log", "*");
    let out = paid(&mut d, Some(callback()));
    let to = callback_endpoint(URL);
    let queued = ["message.queued log".to_owned(), format!("message.queued {to}")];
    assert_eq!(kinds(&out), [queued.clone(), queued].concat());
    let sent = sends(&out)[0];
    assert_eq!(
        report(&mut d, sent, DeliveryStatus::Delivered),
        ["message.delivered crm".to_owned(), "message.delivered log".to_owned(), format!("message.delivered {to}")]
    );
    let of = hooks(&d.last);
    assert!(of[0].id != of[1].id, "each request has a name of its own");
}

#[test]
fn what_does_not_fit_into_one_turn_is_told_in_the_next() {
    let many = FLOW.replace("      - say: Thank you for your order.\n", &"      - say: Thanks.\n".repeat(20));
    let mut d = Driver::new(&[&many]);
    endpoint(&mut d, "crm", "message.*");
    endpoint(&mut d, "log", "message.*");
    let mut told = hooks(&paid(&mut d, None)).len();
    assert!(told < 42 && d.last.effects.len() <= crate::domain::limits::EFFECTS_PER_TURN);
    let alarm = d.last.alarm.expect("an alarm");
    assert!(alarm <= d.now + crate::domain::time::Span::millis(1), "at once");
    for _ in 0..3 {
        d.now = d.now + crate::domain::time::Span::millis(2);
        told += hooks(&d.turn(None)).len();
    }
    assert_eq!(told, 42, "21 messages to two");
}

const BATCH: &str = r#"
flow: order
languages: [en]
start:
  - event: order.paid
    contact: "{{ event.phone }}"
begin: collect
states:
  collect: { digest: { event: order.paid, for: 1h }, save: batch, go: tell }
  tell: { say: "{{ len(batch) }} orders", end: done }
"#;

#[test]
fn every_collected_event_keeps_its_own_callback() {
    let mut d = Driver::new(&[BATCH]);
    let other = |n: usize| Callback { id: Some(format!("o-{n}")), ..callback() };
    paid(&mut d, Some(other(1)));
    paid(&mut d, Some(other(2)));
    paid(&mut d, Some(other(2)));
    paid(&mut d, None);
    d.wait("59m59s");
    d.now = d.now + crate::domain::time::Span::seconds(1);
    let out = d.turn(None);
    let told: Vec<Json> = hooks(&out).iter().map(body).collect();
    let ids: Vec<&Json> = told.iter().map(|told| &told["data"]["custom_id"]).collect();
    assert_eq!(ids, [&json!("o-1"), &json!("o-2")], "each once, with its own id");
    let sent = sends(&out)[0];
    assert_eq!(report(&mut d, sent, DeliveryStatus::Delivered).len(), 2);
    let mut d = Driver::new(&[BATCH]);
    for n in 0..=crate::domain::limits::CALLBACKS_PER_RUN {
        paid(&mut d, Some(other(n)));
    }
    assert_eq!(d.record().callbacks.len(), crate::domain::limits::CALLBACKS_PER_RUN);
    assert!(d.notes().iter().any(|note| note.contains("left out")), "{:?}", d.notes());
}
