//! Late replies that a flow takes up again.

use super::driver::Driver;
use crate::domain::codec;
use crate::domain::journal::{Decision, Event};
use crate::domain::limits;
use crate::engine::record::Record;
use serde_json::json;

const OFFER: &str = "\
flow: offer
needs: { order: text }
vars: { asked: 0 }
start:
  - event: offer
    contact: '{{ event.phone }}'
    key: '{{ event.order }}'
    with: { order: '{{ event.order }}' }
late: { for: 3d, say: 'Back to {{ order }}: {{ reply.text }}', go: offer }
begin: offer
states:
  offer:
    set: { asked: '{{ asked + 1 }}' }
    go: ask
  ask:
    ask: 'Order {{ order }}, {{ asked }}?'
    answer: yes_no
    go: { yes: { end: yes }, no: { end: no }, silence: { after: 1h, end: silent } }
";

fn offer(d: &mut Driver) -> Vec<String> {
    d.event("offer", json!({ "phone": super::driver::PHONE, "order": "A1" }))
}

#[test]
fn a_late_reply_takes_the_run_up_again_with_what_it_knew() {
    let mut d = Driver::new(&[OFFER]);
    assert_eq!(offer(&mut d), ["Order A1, 1?"]);
    let first = d.record().runs[0].id;
    d.wait("1h");
    assert!(d.record().runs.is_empty());
    d.wait("2d");
    assert_eq!(d.user("oh"), ["Back to A1: oh", "Order A1, 2?"]);
    assert_eq!(d.decision(), (Decision::Late, "a late reply to a question of `offer`: it goes on at `offer`".to_owned()));
    let started = d.last.events.iter().find_map(|event| match event {
        Event::RunStarted { run, continues, .. } => Some((*run, *continues)),
        _ => None,
    });
    let run = d.record().runs[0].clone();
    assert_eq!((started, run.continues, run.key.as_deref()), (Some((run.id, Some(first))), Some(first), Some("A1")));
    assert_eq!(d.last.live.iter().map(|(_, n)| *n).sum::<i64>(), 1);
    assert_eq!(d.user("yes"), Vec::<String>::new());
    assert_eq!(d.ends(), ["yes"]);
    d.user("yes");
    assert_eq!(d.decision().0, Decision::Inbox, "once answered it is nobody's question");
}

#[test]
fn after_its_time_a_reply_is_one_with_nothing_waiting_and_nothing_is_kept() {
    let mut d = Driver::new(&[OFFER]);
    offer(&mut d);
    d.wait("1h");
    let bytes = d.bytes().len();
    assert_eq!(d.wait("71h"), Vec::<String>::new());
    assert!(!d.record().unanswered.is_empty());
    d.wait("1h");
    assert!(d.record().unanswered.is_empty() && d.bytes().len() < bytes, "gone without anybody writing");
    assert_eq!(d.record().alarm(), None);
    d.user("yes");
    assert_eq!(d.decision().0, Decision::Inbox);
}

#[test]
fn without_go_it_is_only_answered() {
    let only = OFFER.replace(
        "late: { for: 3d, say: 'Back to {{ order }}: {{ reply.text }}', go: offer }",
        "late: { say: 'Too late for {{ order }}.' }",
    );
    let mut d = Driver::new(&[&only]);
    offer(&mut d);
    d.wait("1h");
    assert_eq!(d.user("yes"), ["Too late for A1."]);
    assert!(d.record().runs.is_empty() && d.last.live.is_empty());
    assert_eq!(d.user("yes"), Vec::<String>::new(), "once");
    offer(&mut d);
    d.wait("25h");
    d.user("yes");
    assert_eq!(d.decision().0, Decision::Inbox, "a day where nothing is said");
}

#[test]
fn a_run_that_went_on_elsewhere_goes_on_here_instead() {
    let goes_on = OFFER.replace("silence: { after: 1h, end: silent }", "silence: { after: 1h, set: { order: B2 }, go: pause }")
        + "  pause: { wait: 5d, go: ask }\n";
    let mut d = Driver::new(&[&goes_on]);
    offer(&mut d);
    d.wait("1h");
    assert_eq!(d.at("offer"), ["pause"]);
    assert_eq!(d.user("here"), ["Back to A1: here", "Order B2, 2?"].map(|t| t.replace("to A1", "to B2")));
    assert_eq!((d.ends(), d.record().runs.len()), (vec!["interrupted"], 1));
}

#[test]
fn what_began_since_is_answered_first() {
    let other = "flow: other\nstart: [ { keyword: other } ]\nbegin: a\nstates:\n  a: { say: Other., end: done }\n";
    let mut d = Driver::new(&[OFFER, other]);
    offer(&mut d);
    d.wait("1h");
    d.user("other");
    d.user("yes");
    assert_eq!(d.decision().0, Decision::Inbox);
}

#[test]
fn what_is_kept_is_bounded_and_goes_before_what_is_under_way() {
    let flows: Vec<String> = (0..5)
        .map(|i| OFFER.replace("flow: offer", &format!("flow: o{i}")).replace("event: offer", &format!("event: o{i}")))
        .collect();
    let mut d = Driver::new(&flows.iter().map(String::as_str).collect::<Vec<_>>());
    for i in 0..5 {
        d.event(&format!("o{i}"), json!({ "phone": super::driver::PHONE, "order": "x".repeat(4_500) }));
        d.wait("1h");
    }
    let record = d.record();
    assert_eq!(record.unanswered.len(), limits::LATE_QUESTIONS);
    for i in 0..5 {
        d.event(&format!("o{i}"), json!({ "phone": super::driver::PHONE, "order": "y".repeat(4_500) }));
    }
    assert!(d.bytes().len() <= limits::RECORD_BYTES);
    assert_eq!((d.ends(), d.record().runs.len()), (vec![], 1), "nothing that lives was ended: {:?}", d.notes());
    assert!(d.record().unanswered.iter().any(|question| question.kept.is_none()));
}

#[test]
fn a_record_of_before_is_read() {
    let old = json!({ "o": 5, "m": [0, 0], "q": [{ "f": "offer", "a": 5 }] });
    let bytes = [&codec::encode(&Record::default())[..1], &rmp_serde::to_vec_named(&old).expect("bytes")].concat();
    let record: Record = codec::decode(&bytes).expect("a record");
    assert_eq!((record.unanswered.len(), record.unanswered[0].past), (1, false));
}

#[test]
fn a_late_reply_begins_nothing_on_a_version_whose_runs_were_ended() {
    use crate::domain::publication::OldRuns;
    let mut d = Driver::new(&[OFFER]);
    offer(&mut d);
    d.publish(super::driver::flow(&OFFER.replace("Order {{ order }}", "Your order {{ order }}")), OldRuns::End, None);
    assert_eq!(d.user("yes"), Vec::<String>::new());
    assert_eq!(d.ends(), ["interrupted"]);
    assert_eq!(d.decision().0, Decision::Inbox);
    assert!(!d.last.events.iter().any(|event| matches!(event, Event::RunStarted { .. })));
}
