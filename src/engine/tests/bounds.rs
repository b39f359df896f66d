//! Limits at N and N + 1, visible failure, and the size of the record.

use super::driver::{Driver, MONDAY, PHONE, flow};
use crate::domain::channel::ChannelKind;
use crate::domain::codec::{self, DecodeError, FORMAT};
use crate::domain::input::Input;
use crate::domain::journal::{Decision, Event};
use crate::domain::limits;
use crate::domain::mode::Mode;
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::engine::TurnError;
use crate::engine::record::Record;
use crate::flow::catalog::Catalog;
use serde_json::json;
use std::sync::Arc;

/// A flow whose states lead on one to the next, `count` of them.
fn chain(count: usize) -> String {
    let mut source = String::from("flow: chain\nstart: [ { keyword: go } ]\nbegin: s1\nstates:\n");
    for i in 1..count {
        source.push_str(&format!("  s{i}: {{ go: s{} }}\n", i + 1));
    }
    source.push_str(&format!("  s{count}: {{ say: through, end: done }}\n"));
    source
}

#[test]
fn states_of_one_turn_are_bounded_and_the_run_fails_visibly() {
    let mut d = Driver::new(&[&chain(limits::STATES_PER_TURN)]);
    assert_eq!(d.user("go"), ["through"]);
    let mut d = Driver::new(&[&chain(limits::STATES_PER_TURN + 1)]);
    assert_eq!(d.user("go"), Vec::<String>::new());
    assert_eq!((d.decision().0, d.ends()), (Decision::Start, vec!["failed"]), "the message is not lost");
    assert_eq!((d.alerts().len(), d.notes().len()), (1, 1));
    assert!(d.alerts()[0].contains("more than 100 states in one turn"), "{:?}", d.alerts());
}

#[test]
fn effects_of_one_turn_are_bounded() {
    let says = |n: usize| {
        let list = vec!["x"; n].join(", ");
        format!("flow: many\nstart: [ {{ keyword: go }} ]\nbegin: s\nstates: {{ s: {{ say: [{list}], end: done }} }}\n")
    };
    let mut d = Driver::new(&[&says(limits::EFFECTS_PER_TURN)]);
    assert_eq!((d.user("go").len(), d.ends()), (limits::EFFECTS_PER_TURN, vec!["done"]));
    let mut d = Driver::new(&[&says(limits::EFFECTS_PER_TURN + 1)]);
    assert_eq!((d.user("go").len(), d.ends()), (limits::EFFECTS_PER_TURN, vec!["failed"]));
}

#[test]
fn a_mistake_in_a_flow_ends_its_run_and_no_other() {
    let flow = "\
flow: wrong
vars: { n: [] }
start: [ { keyword: go } ]
begin: s
states: { s: { say: '{{ 1 / 0 }}', end: done } }
";
    let mut d = Driver::new(&[flow, &chain(2)]);
    d.user("go");
    let say = "A run of `wrong` failed at `s`: `{{ 1 / 0 }}`: division by zero";
    assert!(d.alerts().contains(&say.to_owned()) || d.said() == ["through"], "{:?}", d.alerts());
    let mut d = Driver::new(&[flow]);
    d.user("go");
    assert_eq!((d.alerts(), d.ends()), (vec![say.to_owned()], vec!["failed"]));
}

#[test]
fn a_run_that_would_make_the_record_too_large_fails_and_the_others_stay() {
    let flow = "\
flow: keep
start: [ { keyword: keep } ]
begin: c
states:
  c: { call: { api: shop, get: /x }, save: body_, go: { ok: w } }
  w: { wait: 1d, go: { ok: { end: done } } }
";
    let small = "\
flow: small
start: [ { keyword: small } ]
begin: w
states: { w: { wait: 1d, go: { ok: { end: done } } } }
";
    let start = || {
        let mut d = Driver::new(&[flow, small]);
        d.user("small");
        d.user("keep");
        let effect = d.calls()[0].0;
        (d, effect)
    };
    let with = |n: usize| json!("x".repeat(n));
    let (mut d, effect) = start();
    d.answers(effect, 200, with(1_000));
    let rest = d.bytes().len() - 1_000;
    // The length of a longer text takes no more than two bytes more.
    let (mut d, effect) = start();
    d.answers(effect, 200, with(limits::RECORD_BYTES - rest - 2));
    assert_eq!((d.ends().len(), d.record().runs.len()), (0, 2), "{} bytes", d.bytes().len());
    let (mut d, effect) = start();
    let events = vec![crate::domain::hook::KindPattern::parse("alert.*").expect("a pattern")];
    d.project.endpoints.push(crate::config::project::EndpointInfo { name: super::driver::slug("crm"), events });
    d.answers(effect, 200, with(limits::RECORD_BYTES - rest + 1));
    let told = d.last.effects.iter().any(|(_, effect)| matches!(effect, crate::engine::effect::Effect::Hook(_)));
    assert!(told, "whoever wants to hear of alerts hears of this one");
    assert_eq!((d.ends(), d.record().runs.len()), (vec!["failed"], 1));
    assert!(d.alerts()[0].contains("the contact's record would have"), "{:?}", d.alerts());
    assert_eq!(d.at("small"), ["w"]);
}

#[test]
fn a_contact_whose_own_data_is_too_large_is_an_error() {
    let mut d = Driver::new(&[&chain(1)]);
    d.change(|record| record.external = Some("x".repeat(limits::RECORD_BYTES)));
    let message = d.inbound("go");
    assert!(matches!(d.try_turn(Some(Input::Message(Box::new(message)))), Err(TurnError::TooLarge(_))));
}

#[test]
fn what_one_turn_cannot_send_is_left_for_the_next() {
    let says = "x, ".repeat(9) + "x";
    let talk = |name: &str| {
        format!(
            "flow: {name}\nstart: [ {{ event: {name}, contact: '{{{{ event.phone }}}}', key: '{{{{ event.n }}}}', busy: wait }} ]\nbegin: w\n\
             states: {{ w: {{ wait: 1h, go: {{ ok: s }} }}, s: {{ say: [{says}], end: done }} }}\n"
        )
    };
    let asks = "flow: asks\nstart: [ { keyword: go } ]\nbegin: q\nstates: { q: { ask: Well?, answer: yes_no, go: { yes: { end: y }, no: { end: n }, silence: { after: 3h, end: s } } } }\n";
    // Twelve timers at one moment with ten messages each.
    let mut d = Driver::new(&[&talk("talk")]);
    for n in 0..12 {
        d.event("talk", json!({ "phone": PHONE, "n": n.to_string() }));
    }
    assert_eq!(d.wait("1h").len(), 120);
    assert!(d.record().runs.is_empty() && d.alerts().is_empty());
    // Twelve starts that waited for one question.
    let now = talk("talk").replace("begin: w", "begin: s").replace("w: { wait: 1h, go: { ok: s } }, ", "");
    let mut d = Driver::new(&[&now, asks]);
    d.user("go");
    for n in 0..12 {
        d.event("talk", json!({ "phone": PHONE, "n": n.to_string() }));
    }
    let first = d.user("yes").len();
    assert!((1..=limits::EFFECTS_PER_TURN).contains(&first), "{first}");
    assert_eq!(first + d.wait("1m").len(), 120);
    assert!(d.record().waiting.is_empty());
    assert_eq!(d.last.alarm, None);
}

#[test]
fn a_clock_that_was_set_back_lets_no_time_run_ahead() {
    let flow = "\
flow: tick
start: [ { keyword: go } ]
begin: w
states: { w: { wait: 1s, go: { ok: { alert: tick, go: w } } } }
";
    let mut d = Driver::new(&[flow]);
    d.user("go");
    d.now = d.now + Span::seconds(1);
    let message = Input::Message(Box::new(d.inbound("hello")));
    let at = d.now + Span::hours(1);
    let accepted = crate::domain::input::Accepted { id: crate::domain::id::InputId(7), at, mode: Mode::Live, input: message };
    let context =
        crate::engine::Context { catalog: &d.catalog, project: &d.project, barred: &crate::domain::suppression::NOT_BARRED };
    let mut record = d.record();
    let out = crate::engine::turn(&context, &mut record, crate::domain::id::Token(5), Driver::key(), Some(&accepted), d.now);
    let ticks = out.expect("a turn").events.iter().filter(|e| matches!(e, Event::Alert { .. })).count();
    assert_eq!(ticks, 1);
}

#[test]
fn tags_are_bounded() {
    let flow = |n: usize| {
        let tags: Vec<String> = (0..n).map(|i| format!("t{i}")).collect();
        format!(
            "flow: tags\nstart: [ {{ keyword: go }} ]\nbegin: s\nstates: {{ s: {{ tag: [{}], end: done }} }}\n",
            tags.join(", ")
        )
    };
    for (n, end) in [(limits::TAGS, "done"), (limits::TAGS + 1, "failed")] {
        let mut d = Driver::new(&[&flow(n)]);
        d.user("go");
        assert_eq!(d.ends(), [end]);
    }
}

#[test]
fn a_run_expires() {
    let flow = "\
flow: short
start: [ { keyword: go } ]
expires: 2h
begin: w
states: { w: { wait: 5h, go: { ok: { end: done } } } }
";
    let mut d = Driver::new(&[flow]);
    d.user("go");
    d.wait("1h59m59s");
    assert_eq!(d.record().runs.len(), 1);
    d.wait("1s");
    assert_eq!(d.ends(), ["expired"]);
}

#[test]
fn an_unknown_version_is_asked_for() {
    let old = flow(&chain(2).replace("say: through, end: done", "wait: 1d, go: { ok: { say: through, end: done } }"));
    let mut d = Driver::of(vec![old.clone()]);
    d.user("go");
    let new = flow(&chain(3));
    let (old, new) = (Arc::new(old), Arc::new(new));
    d.catalog = Catalog::new([new.clone()], &[new.version]);
    d.now = d.now + Span::days(1);
    assert_eq!(d.try_turn(None), Err(TurnError::UnknownVersion(old.version)));
    d.catalog = d.catalog.with_version(old);
    d.turn(None);
    assert_eq!(d.said(), ["through"], "the run stayed on its version");
    assert_eq!(d.catalog.current("chain").map(|f| f.version), Some(new.version));
}

#[test]
fn opt_out_needs_no_version() {
    let mut d = Driver::new(&[&chain(2).replace("say: through, end: done", "wait: 1d, go: { ok: { end: done } }")]);
    d.user("go");
    d.catalog = Catalog::default();
    assert_eq!(d.user("stop"), ["You are out."]);
    assert_eq!(d.ends(), ["opted_out"]);
}

#[test]
fn opt_out_needs_no_version_of_an_open_question() {
    let mut d = Driver::new(&[&chain(2)
        .replace("say: through, end: done", "ask: Well?, go: { ok: { end: done }, silence: { after: 1h, end: silent } }")]);
    d.user("go");
    d.catalog = Catalog::default();
    assert_eq!(d.user("stop"), ["You are out."]);
    assert_eq!(d.ends(), ["opted_out"]);
}

#[test]
fn a_run_that_is_nowhere_is_damage() {
    let mut d = Driver::new(&[&chain(2).replace("say: through, end: done", "wait: 1d, go: { ok: { end: done } }")]);
    d.user("go");
    let mut record = d.record();
    record.runs[0].frames.clear();
    assert!(matches!(codec::decode::<Record>(&codec::encode(&record)), Err(DecodeError::Broken(_))));
}

#[test]
fn a_question_that_reaches_nobody_is_not_asked_for_ever() {
    let flow = "\
flow: nobody
channels: [main-whatsapp]
start: [ { event: e, contact: { id: '{{ event.id }}' } } ]
begin: q
states:
  q: { ask: Well?, go: { ok: { end: ok }, silence: { after: 1h, end: silent }, undelivered: TARGET } }
";
    for (target, end) in [("{ end: unreached }", "unreached"), ("q", "failed")] {
        let mut d = Driver::new(&[&flow.replace("TARGET", target)]);
        let who = crate::domain::input::ContactRef { id: Some("c1".into()), ..Default::default() };
        let name = crate::domain::name::EventName::parse("e").expect("a name");
        let data = Value::from_json(json!({ "id": "c1" }));
        let event = crate::domain::input::Event { name, data, contact: None, to: who, callback: None };
        d.turn(Some(Input::Event(Box::new(event))));
        assert_eq!(d.ends(), [end]);
    }
}

#[test]
fn time_does_not_go_back() {
    let mut d = Driver::new(&[&chain(2).replace("say: through, end: done", "wait: 1h, go: { ok: { say: through, end: done } }")]);
    d.user("go");
    d.now = MONDAY - Span::hours(5);
    d.user("hello");
    assert_eq!(d.record().last, MONDAY);
    assert_eq!(d.record().alarm(), Some(MONDAY + Span::hours(1)));
}

#[test]
fn a_timer_that_was_due_fires_before_the_input_and_one_that_was_not_after() {
    let flow = "\
flow: t
start: [ { keyword: go } ]
begin: w
states:
  w: { wait: 1h, go: { ok: q } }
  q: { ask: Now?, answer: yes_no, go: { yes: { end: yes }, no: { end: no }, silence: { after: 1h, end: silent } } }
";
    let mut d = Driver::new(&[flow]);
    d.user("go");
    d.now = MONDAY + Span::hours(1);
    assert_eq!(d.user("yes"), ["Now?"]);
    assert_eq!((d.decision().0, d.ends()), (Decision::Answer, vec!["yes"]));
    // A message that was accepted before the silence is an answer, however late its turn is.
    d.user("go");
    d.wait("1h");
    let accepted = d.now;
    let message = Input::Message(Box::new(d.inbound("no")));
    d.now = d.now + Span::hours(3);
    let id = crate::domain::id::InputId(7);
    let accepted = crate::domain::input::Accepted { id, at: accepted, mode: Mode::Live, input: message };
    let context =
        crate::engine::Context { catalog: &d.catalog, project: &d.project, barred: &crate::domain::suppression::NOT_BARRED };
    let mut record = d.record();
    let out = crate::engine::turn(&context, &mut record, crate::domain::id::Token(5), Driver::key(), Some(&accepted), d.now);
    assert_eq!(out.expect("a turn").ended[0].end, "no");
}

#[test]
fn a_typical_record_is_small_and_the_same_after_reading() {
    let flow = "\
flow: payment
needs: { order_id: text, amount: number }
start: [ { event: payment.failed, contact: '{{ event.phone }}', key: '{{ event.order }}', with: { order_id: '{{ event.order }}', amount: '{{ event.amount }}' } } ]
begin: type
states:
  type: { call: { api: shop, get: /customer }, save: customer, go: { ok: offer } }
  offer:
    ask: Your payment did not go through. How would you like to go on?
    answer: { choice: { link: Pay now, cod: Cash on delivery, human: Talk to us } }
    go: { else: { end: done }, silence: { after: 4h, end: silent } }
";
    let mut d = Driver::new(&[flow]);
    d.kind = ChannelKind::WhatsApp;
    d.user("hello");
    d.change(|record| {
        record.name = Some("Asha Rao".into());
        record.language = Some(super::driver::language("hi"));
        record.timezone = Some("Asia/Kolkata".into());
        record.tags = vec![super::driver::slug("customer")];
    });
    d.event("payment.failed", json!({ "phone": PHONE, "order": "A-10023", "amount": 499 }));
    let effect = d.calls()[0].0;
    d.answers(effect, 200, json!({ "type": "regular", "since": "2021-04-01" }));
    assert_eq!(d.buttons().len(), 3);
    let bytes = d.bytes().to_vec();
    assert!(bytes.len() < 400, "{} bytes", bytes.len());
    let record: Record = codec::decode(&bytes).expect("a record");
    assert_eq!(codec::encode(&record), bytes);
    assert!(matches!(codec::decode::<Record>(&[FORMAT + 1, 0x80]), Err(DecodeError::Newer(_))));
    assert!(matches!(codec::decode::<Record>(&[]), Err(DecodeError::Broken(_))));
}

#[test]
fn a_record_of_a_release_with_more_fields_is_read() {
    #[derive(serde::Serialize)]
    struct Newer {
        p: &'static str,
        zz: Vec<u8>,
        o: i64,
    }
    let bytes = codec::encode(&Newer { p: PHONE, zz: vec![1, 2, 3], o: 5 });
    let record: Record = codec::decode(&bytes).expect("a record");
    assert_eq!(record.phone.map(|p| p.as_str().to_owned()), Some(PHONE.to_owned()));
}

#[test]
fn only_visits_that_are_read_are_counted() {
    let flow = "\
flow: v
start: [ { keyword: go } ]
begin: a
states:
  a: { go: b }
  b: { ask: 'Again? {{ visits.b }}', answer: yes_no, go: { yes: a, no: { end: no }, silence: { after: 1h, end: silent } } }
";
    let mut d = Driver::new(&[flow]);
    assert_eq!(d.user("go"), ["Again? 1"]);
    let before = d.bytes().len();
    for i in 2..30 {
        assert_eq!(d.user("yes"), [format!("Again? {i}")]);
    }
    // The tag of the question takes one to three bytes.
    assert!(d.bytes().len() <= before + 2, "the record does not grow with the conversation");
    assert_eq!(d.record().runs[0].frames[0].visits.len(), 1);
}

#[test]
fn notes_of_expressions_reach_the_journal_once_and_bounded() {
    let flow = "\
flow: notes
vars: { a: '1' }
start: [ { keyword: go } ]
begin: s
states: { s: { go: [ { if: 'contact.vip == 1', go: t }, { if: 'contact.vip == 1', go: t }, { else: t } ] }, t: { say: x, end: done } }
";
    let mut d = Driver::new(&[flow]);
    d.change(|record| record.attributes.push((crate::domain::name::Name::parse("vip").expect("a name"), Value::text("1"))));
    d.user("go");
    assert_eq!(d.notes(), ["`contact.vip == 1` compares text with number"]);
    assert!(d.last.events.iter().any(|e| matches!(e, Event::Note { run: Some(_), .. })));
}
