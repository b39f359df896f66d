//! Splits, hours, former names, masks, changed and deleted messages, several messages as one thought.

use super::driver::{Driver, slug};
use crate::config::project::Hours;
use crate::domain::channel::ChannelKind;
use crate::domain::input::Input;
use crate::domain::journal::{Decision, Event};
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::value::Value;
use jiff::civil::time;
use serde_json::json;

fn office(mut d: Driver) -> Driver {
    let hours =
        Hours { days: std::array::from_fn(|day| if day < 5 { vec![(time(9, 0, 0, 0), time(17, 0, 0, 0))] } else { vec![] }) };
    d.project.hours.insert(slug("office"), hours);
    d
}

#[test]
fn each_form_of_a_wait_ends_inside_the_hours() {
    for (wait, begins, at) in [
        ("{ for: 2h, hours: office }", "0s", "2h"),
        ("{ for: 8h, hours: office }", "0s", "23h"),
        ("{ days: 5, at: 12:00, hours: office }", "0s", "167h"),
        ("{ until: '2026-03-02T20:00:00Z', hours: office }", "0s", "23h"),
        ("{ until: '2026-03-01T20:00:00Z', hours: office }", "10h", "13h"),
    ] {
        let source = format!(
            "flow: w\nstart: [ {{ keyword: go }} ]\nbegin: a\nstates:\n  a: {{ wait: {wait}, go: b }}\n  b: {{ say: Now, end: done }}\n"
        );
        let mut d = office(Driver::new(&[&source]));
        d.wait(begins);
        assert_eq!(d.user("go"), Vec::<String>::new(), "{wait}");
        let nearly = crate::domain::time::Span::parse(at).expect("a span").0 - 1_000;
        assert_eq!(d.wait(&format!("{}s", nearly / 1_000)), Vec::<String>::new(), "{wait}");
        assert_eq!(d.wait("1s"), ["Now"], "{wait}");
    }
    let past = "flow: w\nstart: [ { keyword: go } ]\nbegin: a\nstates:\n  a: { wait: { until: '2026-03-01T20:00:00Z', hours: office }, go: b }\n  b: { say: Now, end: done }\n";
    assert_eq!(office(Driver::new(&[past])).user("go"), ["Now"], "past and inside: at once");
    let mut closed = Driver::new(&[past]);
    assert_eq!((closed.user("go"), closed.alerts().len()), (vec![], 1), "hours that there are not are said");
}

#[test]
fn an_event_is_kept_until_the_hours_begin() {
    let source = "flow: w\nstart: [ { keyword: go } ]\nbegin: a\nstates:\n  a:\n    wait: { event: paid, hours: office }\n    save: { how: '{{ body.how }}' }\n    go: { ok: b, silence: { after: 3d, end: silent } }\n  b: { say: 'By {{ how }}', end: done }\n";
    let mut d = office(Driver::new(&[source]));
    d.user("go");
    d.wait("10h");
    assert_eq!(d.event("paid", json!({ "how": "card" })), Vec::<String>::new());
    assert_eq!(d.decision().0, Decision::Awaited);
    d.event("paid", json!({ "how": "cash" }));
    assert_eq!(d.decision().0, Decision::Ignored, "the first such event");
    assert_eq!(d.wait("13h"), ["By card"]);
}

#[test]
fn the_arm_is_the_outcome_and_the_result_and_stays() {
    let split = |weights: &str, extra: &str| {
        format!(
            "flow: s\n{extra}start: [ {{ keyword: go }} ]\nbegin: t\nstates:\n  t: {{ split: {weights}, save: arm, go: {{ a: x, b: x }} }}\n  x: {{ say: 'Arm {{{{ arm }}}}', end: done }}\n"
        )
    };
    let mut d = Driver::new(&[&split("{ a: 1, b: 1 }", "")]);
    let first = d.user("go");
    let left = d.last.events.iter().find_map(|event| match event {
        Event::Left { outcome, reason, .. } => Some((outcome.clone(), reason.clone())),
        _ => None,
    });
    let (outcome, reason) = left.expect("journaled");
    assert_eq!(first, [format!("Arm {outcome}")]);
    assert!(reason.contains(" % of the split"), "{reason}");
    assert_eq!(d.user("go"), first);
    let mut other_version = Driver::new(&[&split("{ a: 1, b: 1 }", "title: New\n")]);
    assert_eq!(other_version.user("go"), first, "whatever the version");
    for (weights, arm) in [("{ a: 1, b: 0 }", "a"), ("{ a: 0, b: 7 }", "b")] {
        assert_eq!(Driver::new(&[&split(weights, "")]).user("go"), [format!("Arm {arm}")]);
    }
}

#[test]
fn a_run_under_a_former_name_is_one_of_the_flow() {
    let source = |name: &str, was: &str| {
        format!(
            "flow: {name}\n{was}start: [ {{ keyword: {name} }}, {{ event: paid, contact: '{{{{ event.phone }}}}' }} ]\nbegin: a\nstates:\n  a: {{ wait: 1d, go: b }}\n  b: {{ say: Done, end: done }}\n"
        )
    };
    let mut d = Driver::new(&[&source("old", "")]);
    d.user("old");
    let (old, new) = (super::driver::flow(&source("old", "")), super::driver::flow(&source("new", "was: old\n")));
    let current = [new.version];
    d.catalog = crate::flow::catalog::Catalog::new([old, new].map(std::sync::Arc::new), &current);
    d.event("paid", json!({ "phone": super::driver::PHONE }));
    assert_eq!(d.decision().0, Decision::StartIgnored, "a run of the flow is live");
    assert_eq!(d.catalog.current("old").map(|flow| flow.name.to_string()).as_deref(), Some("new"));
    assert_eq!(d.wait("1d"), ["Done"], "on its own version");
}

const PIN: &str = "\
flow: pin
vars: { copy: '' }
start: [ { keyword: go } ]
begin: ask
states:
  ask:
    ask: PIN?
    answer: text
    private: true
    save: pin
    go:
      ok: { set: { copy: '<{{ pin }}>', contact.name: '{{ reply.text }}' }, go: wait }
      silence: { after: 1h, end: silent }
  wait: { wait: 1d, go: done }
  done: { end: done }
";

fn journal(d: &Driver) -> String {
    format!("{:?}", d.last.events)
}

#[test]
fn private_values_and_what_is_made_of_them_are_masked() {
    let mut d = Driver::new(&[PIN]);
    d.user("go");
    d.user("s3cret");
    assert!(!journal(&d).contains("s3cret"), "{}", journal(&d));
    assert_eq!(d.var("pin", "copy"), json!("<s3cret>"), "the flow has it");
    let mut d = Driver::new(&[PIN]);
    d.user("go");
    d.wait("1h");
    d.user("s3cret");
    assert_eq!(d.decision().0, Decision::Inbox);
    assert!(!journal(&d).contains("s3cret"), "a late reply: {}", journal(&d));
    let mut d = Driver::new(&[PIN]);
    d.user("go");
    let place = crate::domain::message::Location { lat: 51.5, lon: 0.0, name: Some("s3cret".to_owned()), address: None };
    let message = Inbound { content: InboundContent::Location(place), ..d.inbound("s3cret") };
    d.turn(Some(Input::Message(Box::new(message))));
    assert!(!journal(&d).contains("s3cret") && !journal(&d).contains("51.5"), "{}", journal(&d));
}

#[test]
fn a_change_and_a_deletion_answer_nothing_and_stop_counts_all_the_same() {
    let flow = "flow: q\nstart: [ { keyword: go } ]\nbegin: a\nstates:\n  a: { ask: One?, answer: yes_no, go: { yes: b, no: { end: no }, silence: { after: 1h, end: silent } } }\n  b: { ask: Two?, answer: yes_no, go: { yes: { end: both }, no: { end: one }, silence: { after: 1h, end: silent } } }\n";
    let mut d = Driver::new(&[flow]);
    let change = |d: &mut Driver, text: &str, content: InboundContent| {
        let message = Inbound { content, ..d.inbound(text) };
        d.turn(Some(Input::Message(Box::new(message))));
    };
    d.user("go");
    assert_eq!(d.user("yes"), ["Two?"]);
    let before = d.record().runs;
    change(&mut d, "no", InboundContent::Edited { message: "m1".to_owned() });
    assert_eq!((d.said(), d.decision().0, d.record().runs), (vec![], Decision::Ignored, before.clone()));
    change(&mut d, "", InboundContent::Deleted { message: "m1".to_owned() });
    assert_eq!((d.said(), d.decision().0, d.record().runs), (vec![], Decision::Ignored, before));
    change(&mut d, "STOP", InboundContent::Edited { message: "m2".to_owned() });
    assert_eq!((d.decision().0, d.ends()), (Decision::OptOut, vec!["opted_out"]));
}

#[test]
fn a_thought_goes_on_over_another_channel() {
    let flow = "flow: g\nstart: [ { keyword: go } ]\nbegin: a\nstates:\n  a: { ask: Tell us, answer: { text: { gather: 10s } }, save: t, go: { ok: b, silence: { after: 1h, end: silent } } }\n  b: { say: 'Heard {{ t }}', end: done }\n";
    let mut d = Driver::new(&[flow]);
    d.user("go");
    d.user("one");
    d.wait("5s");
    d.kind = ChannelKind::WhatsApp;
    assert_eq!(d.user("two"), Vec::<String>::new());
    assert_eq!(d.decision().0, Decision::Gathered);
    assert_eq!(d.wait("10s"), ["Heard one\ntwo"]);
    assert_eq!(d.last.ended[0].variables["t"], Value::text("one\ntwo"));
}
