//! Flows that somebody paused: nothing begins one, the journal says why, and what is live goes on.

use super::broadcasts::sending;
use super::driver::{Driver, PHONE, slug};
use crate::domain::broadcast::Refusal;
use crate::domain::input::OperatorAction;
use crate::domain::journal::{Decision, Event};
use crate::domain::mode::Mode;
use serde_json::json;

const ORDERS: &str = "flow: orders
was: parcels
start:
  - keyword: [order, help]
  - event: order.paid
    contact: \"{{ event.phone }}\"
    repeat: another
begin: a
states:
  a:
    ask: Which one?
    answer: text
    go: { ok: { say: Thanks., end: done } }
";

const TALK: &str = "flow: talk
start: [ { message: any } ]
begin: a
states:
  a:
    ask: How are you?
    answer: text
    go: { ok: b }
  b: { run: { flow: orders }, go: { done: { say: Bye., end: done } } }
";

const ASK: &str = "flow: ask
start: [ { keyword: ask } ]
begin: a
states:
  a:
    ask: Is all well?
    answer: text
    go: { ok: { say: Fine., end: done } }
";

fn pause(d: &mut Driver, flows: &[&str]) {
    d.catalog = d.catalog.clone().pausing(flows.iter().map(|flow| slug(flow)).collect());
}

fn refusal(d: &Driver) -> Option<Refusal> {
    d.last.events.iter().find_map(|event| match event {
        Event::Skipped(skipped) => Some(skipped.reason),
        _ => None,
    })
}

#[test]
fn nothing_begins_and_whoever_asks_is_told_why() {
    let mut d = Driver::new(&[ORDERS]);
    pause(&mut d, &["orders"]);
    assert!(d.user("order").is_empty());
    let why = "nothing is open, and `orders`, which would begin, is paused";
    assert_eq!(d.decision(), (Decision::Inbox, why.to_owned()));
    assert!(d.event("order.paid", json!({ "phone": PHONE })).is_empty());
    assert_eq!(d.decision(), (Decision::StartIgnored, "`orders` is paused".to_owned()));
    assert!(d.alerts().is_empty(), "an operator did it on purpose");
    assert!(d.operator(OperatorAction::Begin { flow: slug("orders"), with: Vec::new(), sending: None }).is_empty());
    assert_eq!(d.alerts(), ["A run did not begin: `orders` is paused"]);
    let by = Some(Box::new(sending()));
    assert!(d.operator(OperatorAction::Begin { flow: slug("orders"), with: Vec::new(), sending: by }).is_empty());
    assert_eq!(refusal(&d), Some(Refusal::Paused));
    assert_eq!(d.user("help"), ["Reply STOP to stop."], "help is answered by somebody");
    assert!(d.record().runs.is_empty() && d.record().waiting.is_empty());
    pause(&mut d, &[]);
    assert_eq!(d.user("order"), ["Which one?"]);
}

#[test]
fn what_is_live_goes_on_and_a_paused_flow_is_still_part_of_others() {
    let mut d = Driver::new(&[ORDERS, TALK]);
    assert_eq!(d.user("hello"), ["How are you?"]);
    pause(&mut d, &["orders"]);
    assert_eq!(d.user("fine"), ["Which one?"], "as a part of a run that is live");
    pause(&mut d, &["orders", "talk"]);
    assert_eq!(d.user("A1"), ["Thanks.", "Bye."]);
    assert!(d.user("hello").is_empty());
    assert_eq!(d.decision().1, "nothing is open, and `talk`, which would begin, is paused");
    pause(&mut d, &["orders"]);
    assert_eq!(d.user("order"), ["How are you?"], "another flow that takes the message has it");
}

#[test]
fn what_waits_for_an_open_question_does_not_begin_either() {
    let mut d = Driver::new(&[ORDERS, ASK]);
    d.user("ask");
    d.event("order.paid", json!({ "phone": PHONE }));
    assert_eq!((d.decision().0, d.record().waiting.len()), (Decision::StartWaits, 1));
    pause(&mut d, &["orders"]);
    assert_eq!(d.user("yes"), ["Fine."]);
    assert_eq!(d.notes(), ["a start of `orders` waited and was dropped: `orders` is paused"]);
    assert!(d.record().runs.is_empty() && d.record().waiting.is_empty());
    let mut d = Driver::new(&[ORDERS, ASK]);
    d.user("ask");
    let by = Some(Box::new(sending()));
    d.operator(OperatorAction::Begin { flow: slug("orders"), with: Vec::new(), sending: by });
    assert_eq!((refusal(&d), d.record().waiting.len()), (None, 1));
    pause(&mut d, &["orders"]);
    assert_eq!(d.user("yes"), ["Fine."]);
    assert_eq!((refusal(&d), d.record().waiting.len()), (Some(Refusal::Paused), 0));
}

#[test]
fn a_flow_that_is_renamed_stays_paused_and_a_test_contact_tries_it_all_the_same() {
    let mut d = Driver::new(&[ORDERS]);
    pause(&mut d, &["parcels"]);
    assert!(d.catalog.is_paused(&slug("orders")) && !d.catalog.is_paused(&slug("talk")));
    assert!(d.user("order").is_empty());
    let mut d = Driver::new(&[ORDERS]);
    pause(&mut d, &["orders"]);
    d.mode = Mode::Test;
    assert_eq!(d.user("order"), ["Which one?"]);
}
