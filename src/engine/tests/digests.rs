//! Events that are collected and go on once.

use super::driver::Driver;
use crate::domain::codec;
use crate::domain::input::{ContactRef, Event as InputEvent, Input, OperatorAction};
use crate::domain::journal::Decision;
use crate::domain::limits;
use crate::domain::name::EventName;
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::engine::record::{Record, Waiting};
use serde_json::json;

/// Transactions of one fund in an hour are one message.
const FUNDS: &str = "\
flow: funds
start: [ { event: traded, contact: '{{ event.phone }}', key: '{{ event.fund }}' } ]
begin: collect
states:
  collect: { digest: { event: traded, key: '{{ event.fund }}', for: 1h, max: 4 }, save: batch, go: { ok: tell } }
  tell: { say: \"{{ len(batch) }} of {{ batch[0].fund }}: {{ batch.amount | sum }}, last {{ last(batch).amount }}\", end: done }
";

fn traded(fund: &str, amount: u32) -> serde_json::Value {
    json!({ "phone": super::driver::PHONE, "fund": fund, "amount": amount })
}

#[test]
fn a_window_from_the_first_event_ends_in_one_message() {
    let mut d = Driver::new(&[FUNDS]);
    assert!(d.event("traded", traded("gold", 10)).is_empty());
    assert_eq!(d.decision().0, Decision::Start);
    d.wait("59m");
    assert!(d.event("traded", traded("gold", 20)).is_empty());
    assert_eq!(d.decision(), (Decision::Collected, "a digest of `funds` collects it".to_owned()));
    assert!(d.wait("59s").is_empty(), "the second event does not prolong it");
    assert_eq!(d.wait("1s"), ["2 of gold: 30, last 20"]);
    assert!(d.record().runs.is_empty());
    assert!(d.wait("10d").is_empty(), "it goes on once");
}

#[test]
fn another_key_is_another_run() {
    let mut d = Driver::new(&[FUNDS]);
    for (fund, amount) in [("gold", 1), ("iron", 10), ("gold", 2), ("iron", 20), ("iron", 30)] {
        d.event("traded", traded(fund, amount));
    }
    assert_eq!(d.record().runs.len(), 2);
    assert_eq!(d.wait("1h"), ["2 of gold: 3, last 2", "3 of iron: 60, last 30"]);
}

#[test]
fn without_a_key_of_its_own_a_digest_keeps_to_that_of_its_run() {
    let flow = FUNDS.replace("key: '{{ event.fund }}', for", "for");
    let mut d = Driver::new(&[&flow]);
    for (fund, amount) in [("gold", 1), ("iron", 10), ("gold", 2)] {
        d.event("traded", traded(fund, amount));
    }
    assert_eq!(d.wait("1h"), ["2 of gold: 3, last 2", "1 of iron: 10, last 10"]);
    // A key made of variables is looked for among those of the event.
    let flow = FUNDS
        .replace("flow: funds\n", "flow: funds\nvars: { fund: '' }\n")
        .replace("key: '{{ event.fund }}' }", "key: '{{ event.fund }}', with: { fund: '{{ event.fund }}' } }")
        .replace("key: '{{ event.fund }}', for", "key: '{{ fund }}', for");
    let mut d = Driver::new(&[&flow]);
    for (fund, amount) in [("gold", 1), ("iron", 10), ("gold", 2)] {
        d.event("traded", traded(fund, amount));
    }
    assert_eq!(d.wait("1h"), ["2 of gold: 3, last 2", "1 of iron: 10, last 10"]);
}

#[test]
fn at_most_so_many_and_then_at_once() {
    let mut d = Driver::new(&[FUNDS]);
    for amount in 1..=3 {
        assert!(d.event("traded", traded("gold", amount)).is_empty());
    }
    assert_eq!(d.event("traded", traded("gold", 4)), ["4 of gold: 10, last 4"]);
    // What comes now begins again.
    d.event("traded", traded("gold", 5));
    assert_eq!(d.decision().0, Decision::Start);
    assert_eq!(d.wait("1h"), ["1 of gold: 5, last 5"]);
}

#[test]
fn silence_prolongs_and_the_window_bounds_it() {
    let flow = FUNDS.replace("for: 1h,", "for: 1h, extend: 10m,").replace("max: 4", "max: 100");
    let mut d = Driver::new(&[&flow]);
    d.event("traded", traded("gold", 1));
    assert_eq!(d.wait("10m"), ["1 of gold: 1, last 1"], "ten minutes of silence end it");
    // 63 minutes would be too long: at 60 it goes on, whatever came.
    let mut d = Driver::new(&[&flow]);
    let mut said = Vec::new();
    for i in 0..7 {
        said.extend(d.event("traded", traded("gold", i)));
        said.extend(d.wait("9m"));
    }
    assert_eq!(said, ["7 of gold: 21, last 6"]);
}

#[test]
fn two_events_in_one_millisecond_are_two_items() {
    let mut d = Driver::new(&[FUNDS]);
    let before = d.now;
    for _ in 0..3 {
        d.event("traded", traded("gold", 7));
    }
    assert_eq!(d.now, before);
    assert_eq!(d.wait("1h"), ["3 of gold: 21, last 7"]);
}

#[test]
fn an_event_that_was_accepted_in_the_window_belongs_to_it_however_late_it_is_worked_on() {
    let mut d = Driver::new(&[FUNDS]);
    d.event("traded", traded("gold", 1));
    // The instance was down: the event was accepted after 59 minutes, its turn comes after two hours.
    let accepted = d.now + Span::minutes(59);
    d.now = d.now + Span::hours(2);
    assert!(d.late_event(accepted, "traded", traded("gold", 2)).is_empty());
    assert_eq!(d.wait("1ms"), ["2 of gold: 3, last 2"]);
    // One that was accepted after the window comes after it, although the timer had not fired yet.
    d.event("traded", traded("gold", 3));
    let accepted = d.now + Span::minutes(61);
    d.now = d.now + Span::hours(2);
    assert_eq!(d.late_event(accepted, "traded", traded("gold", 4)), ["1 of gold: 3, last 3"]);
    assert_eq!(d.wait("1h"), ["1 of gold: 4, last 4"]);
}

#[test]
fn an_open_question_does_not_keep_a_digest_from_collecting() {
    let asks = "\
flow: asks
start: [ { keyword: ask } ]
begin: q
states: { q: { ask: 'Well?', answer: any, save: a, go: { ok: { end: done }, silence: { after: 3h, end: silent } } } }
";
    let mut d = Driver::new(&[FUNDS, asks]);
    assert_eq!(d.user("ask"), ["Well?"]);
    d.event("traded", traded("gold", 1));
    d.event("traded", traded("gold", 2));
    assert_eq!(d.wait("1h"), ["2 of gold: 3, last 2"]);
    assert_eq!(d.at("asks"), ["q"]);
}

#[test]
fn what_brought_the_run_here_is_the_first_and_a_second_digest_waits_for_its_own() {
    let flow = "\
flow: orders
vars: { n: 0 }
start:
  - { event: placed, contact: '{{ event.phone }}' }
  - { keyword: watch }
anytime: [ { event: moved, contact: '{{ event.phone }}', go: moves } ]
begin: check
states:
  check: { call: { api: shop, get: /x }, go: { ok: collect, failed: collect } }
  collect: { digest: { event: placed, for: 10m }, save: batch, go: { ok: tell } }
  tell: { say: \"{{ batch.id | join('-') }}\", go: collect }
  moves: { digest: { event: moved, for: 1m }, save: batch, go: { ok: { say: 'moved {{ len(batch) }}', end: done } } }
";
    let mut d = Driver::new(&[flow]);
    let placed = |id: &str| json!({ "phone": super::driver::PHONE, "id": id });
    d.event("placed", placed("a"));
    let (call, _) = d.calls()[0].clone();
    d.wait("1m");
    d.answers(call, 200, json!({}));
    d.event("placed", placed("b"));
    // Ten minutes from the first event, not from the state.
    assert_eq!(d.wait("9m"), ["a-b"]);
    // Nothing came: the second window has not begun, and no empty batch goes on.
    assert!(d.wait("5h").is_empty());
    d.event("placed", placed("c"));
    assert_eq!(d.wait("10m"), ["c"]);
    // An event of `anytime` that leads to a digest of such events is the first of them.
    d.event("moved", placed("x"));
    d.event("moved", placed("y"));
    assert_eq!(d.wait("1m"), ["moved 2"]);
    // Begun by a word, there is no first event.
    d.user("watch");
    let (call, _) = d.calls()[0].clone();
    d.answers(call, 200, json!({}));
    assert!(d.wait("1d").is_empty());
    d.event("placed", placed("z"));
    assert_eq!(d.wait("10m"), ["z"]);
}

#[test]
fn events_that_are_large_do_not_wait_for_more() {
    let flow = FUNDS.replace("max: 4", "max: 100");
    let mut d = Driver::new(&[&flow]);
    let large = |bytes: usize| json!({ "phone": super::driver::PHONE, "fund": "gold", "amount": 1, "text": "x".repeat(bytes) });
    let mut said = Vec::new();
    let mut events = 0;
    while said.is_empty() {
        events += 1;
        said = d.event("traded", large(3_000));
        assert!(d.bytes().len() <= limits::RECORD_BYTES);
    }
    assert_eq!((events, said), (8, vec!["8 of gold: 8, last 1".to_owned()]), "{} bytes are enough", limits::DIGEST_BYTES);
    assert!(d.notes().iter().any(|note| note.starts_with("a digest went on early: its events have")), "{:?}", d.notes());
    // One that has no room beside the others: they go on without it, somebody is told, and it begins a run of its own.
    d.event("traded", large(20_000));
    assert_eq!(d.event("traded", large(30_000)), ["1 of gold: 1, last 1", "1 of gold: 1, last 1"]);
    assert_eq!(d.alerts(), ["A digest of `funds` went on without an event that is too large for it: `traded`"]);
}

#[test]
fn a_record_that_is_too_large_lets_its_largest_digest_go_on_early() {
    let flow = FUNDS.replace("max: 4", "max: 100");
    let mut d = Driver::new(&[&flow]);
    let large = |fund: &str| json!({ "phone": super::driver::PHONE, "fund": fund, "amount": 1, "text": "x".repeat(22_000) });
    assert!(d.event("traded", large("gold")).is_empty());
    assert!(d.event("traded", large("iron")).is_empty());
    assert_eq!(d.event("traded", large("zinc")).len(), 1, "one of the three goes on");
    assert!(d.notes().iter().any(|note| note.starts_with("a digest went on early: the contact's record would have")));
    assert!(d.alerts().is_empty(), "no run fails: {:?}", d.alerts());
    assert_eq!(d.record().runs.len(), 2);
    assert_eq!(d.wait("1h").len(), 2);
}

#[test]
fn events_after_the_batch_follow_the_start() {
    let flow = FUNDS
        .replace("tell: { say:", "tell: { ask:")
        .replace("end: done }", "answer: any, go: { ok: { end: done }, silence: { after: 2d, end: silent } } }");
    let mut d = Driver::new(&[&flow]);
    d.event("traded", traded("gold", 1));
    assert_eq!(d.wait("1h").len(), 1);
    d.event("traded", traded("gold", 2));
    assert_eq!(d.decision(), (Decision::StartIgnored, "a run of `funds` for this key is live".to_owned()));
}

#[test]
fn an_end_of_the_run_ends_the_batch() {
    let mut d = Driver::new(&[FUNDS]);
    d.event("traded", traded("gold", 1));
    d.user("stop");
    assert_eq!(d.ends(), ["opted_out"]);
    assert!(d.wait("2h").is_empty());
    let mut d = Driver::new(&[FUNDS]);
    d.event("traded", traded("gold", 1));
    d.operator(OperatorAction::EndRuns);
    assert_eq!(d.ends(), ["interrupted"]);
}

#[test]
fn what_a_state_keeps_private_is_not_in_the_journal() {
    let flow = FUNDS.replace("save: batch", "private: true, save: batch");
    let mut d = Driver::new(&[&flow]);
    d.event("traded", traded("gold", 1));
    d.event("traded", traded("gold", 4_711));
    let shown = format!("{:?}", d.last.events);
    assert!(!shown.contains("4711"), "{shown}");
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let mut d = Driver::new(&[FUNDS]);
    d.event("traded", traded("gold", 1));
    let record: Record = d.record();
    assert!(matches!(&record.runs[0].waiting, Waiting::Digest { items, .. } if items.len() == 1));
    assert_eq!(codec::decode::<Record>(&codec::encode(&record)).expect("a record"), record);
}

impl Driver {
    /// An event that was accepted earlier than its turn comes.
    fn late_event(&mut self, accepted: crate::domain::time::Millis, name: &str, data: serde_json::Value) -> Vec<String> {
        let who = ContactRef { phone: crate::domain::address::E164::parse(super::driver::PHONE), ..ContactRef::default() };
        let name = EventName::parse(name).expect("an event name");
        let event = InputEvent { name, data: Value::from_json(data), contact: Some(who.clone()), to: who, callback: None };
        self.turn_at(accepted, Some(Input::Event(Box::new(event))));
        self.said()
    }
}

/// The flow that an event begins hands the collecting to a part.
const CALLER: &str = "\
flow: caller
start: [ { event: traded, contact: '{{ event.phone }}', key: '{{ event.fund }}', repeat: another } ]
begin: part
states:
  part: { run: { flow: between }, go: { done: { end: told } } }
";
const BETWEEN: &str = "\
flow: between
start: []
begin: part
states:
  part: { run: { flow: collector }, go: { done: { end: done } } }
";
const COLLECTOR: &str = "\
flow: collector
start: []
begin: collect
states:
  collect: { digest: { event: traded, for: 1h }, save: batch, go: tell }
  tell: { say: \"{{ len(batch) }}: {{ batch.amount | sum }}\", end: done }
";

#[test]
fn a_digest_in_a_sub_flow_begins_with_the_event_of_its_caller() {
    let mut d = Driver::new(&[CALLER, BETWEEN, COLLECTOR]);
    for amount in [10, 20] {
        assert!(d.event("traded", traded("gold", amount)).is_empty());
    }
    assert_eq!(d.record().runs.len(), 1, "the second one is collected");
    assert!(d.wait("59m").is_empty());
    assert_eq!(d.wait("1m"), ["2: 30"]);
    // Parts that name each other come to an end.
    let round = COLLECTOR
        .replace("digest: { event: traded, for: 1h }, save: batch, go: tell", "run: { flow: between }, go: { done: tell }");
    let mut d = Driver::new(&[CALLER, BETWEEN, &round.replace("{{ len(batch) }}: {{ batch.amount | sum }}", "x")]);
    d.event("traded", traded("gold", 1));
}
