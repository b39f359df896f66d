//! Calls, waits and sub-flows.

use super::driver::{Driver, MONDAY, PHONE, flow, with_notification};
use crate::domain::input::{CallOutcome, OperatorAction};
use crate::domain::journal::{Decision, Event};
use crate::domain::limits;
use crate::domain::time::Span;
use crate::engine::effect::Effect;
use serde_json::json;

const ORDER: &str = "\
flow: order
needs: { number: text }
start: [ { keyword: 'order *', with: { number: '{{ reply.rest }}' } } ]
begin: look
states:
  look:
    call: { api: shop, put: '/orders/{{ number }}', query: { lang: en }, json: { n: '{{ number }}', vip: true }, timeout: 5s, retry: 1 }
    save: { status: '{{ body.status }}' }
    go:
      ok: { say: 'It is {{ status }}.', go: ask }
      404: { say: 'There is no {{ number }}.', end: unknown }
      4xx: { end: refused }
      failed: { say: 'Later, please.', end: failed }
  ask:
    ask: More?
    answer: yes_no
    go: { yes: { end: more }, no: { end: done }, silence: { after: 1h, end: silent } }
";

#[test]
fn a_call_parks_the_run_and_its_result_goes_on() {
    let mut d = Driver::new(&[ORDER]);
    assert_eq!(d.user("order A/1 b"), Vec::<String>::new());
    let (effect, call) = d.calls().remove(0);
    assert_eq!((call.method.as_str(), call.path.as_str()), ("PUT", "/orders/A%2F1%20b"));
    assert_eq!(call.query, [("lang".to_owned(), "en".to_owned())]);
    assert_eq!(call.json_body(), Some(json!({ "n": "A/1 b", "vip": true })));
    assert_eq!((call.timeout, call.retry), (Span::seconds(5), 1));
    assert!(d.last.hold && d.record().hold());
    assert_eq!(d.answers(effect, 200, json!({ "status": "on its way" })), ["It is on its way.", "More?"]);
    assert!(!d.last.hold);
    d.answers(effect, 200, json!({}));
    assert!(matches!(&d.last.events[..], [Event::CallEnded { outcome, .. }] if outcome == "ignored"));
    assert_eq!(d.at("order"), ["ask"]);
}

#[test]
fn statuses_lead_where_they_are_named() {
    for (status, end) in [(404, "unknown"), (409, "refused"), (500, "failed"), (302, "failed")] {
        let mut d = Driver::new(&[ORDER]);
        d.user("order A1");
        let effect = d.calls()[0].0;
        d.answers(effect, status, json!(null));
        assert_eq!(d.ends(), [end], "{status}");
    }
    let mut d = Driver::new(&[ORDER]);
    d.user("order A1");
    let effect = d.calls()[0].0;
    assert_eq!(d.called(effect, CallOutcome::Failed { why: "timeout".into() }), ["Later, please."]);
    let ended = d.last.events.iter().find_map(|e| match e {
        Event::CallEnded { outcome, reason, .. } => Some((outcome.clone(), reason.clone())),
        _ => None,
    });
    assert_eq!(ended, Some(("failed".into(), "no answer: timeout".into())));
}

#[test]
fn a_path_that_would_lead_elsewhere_is_the_calls_trouble() {
    let mut d = Driver::new(&[ORDER]);
    d.change(|record| record.phone = crate::domain::address::E164::parse(PHONE));
    let with = vec![(crate::domain::name::Name::parse("number").expect("a name"), crate::domain::value::Value::text(".."))];
    let begin = OperatorAction::Begin { flow: super::driver::slug("order"), with, sending: None };
    assert_eq!(d.operator(begin), ["Later, please."]);
    assert!(d.calls().is_empty());
    assert_eq!(d.ends(), ["failed"]);
}

#[test]
fn a_lost_result_frees_the_contact() {
    let mut d = Driver::new(&[ORDER]);
    d.user("order A1");
    assert_eq!(d.record().alarm(), Some(MONDAY + limits::CALL_LOST));
    assert_eq!(d.wait("10m"), ["Later, please."]);
    assert!(!d.record().hold());
}

#[test]
fn stop_passes_a_pending_call_and_its_result_finds_no_run() {
    let mut d = Driver::new(&[ORDER]);
    d.user("order A1");
    let effect = d.calls()[0].0;
    assert_eq!(d.user("stop"), ["You are out."]);
    assert!(!d.last.hold);
    assert_eq!(d.answers(effect, 200, json!({})), Vec::<String>::new());
}

#[test]
fn built_in_failure_alerts() {
    let flow = "\
flow: bare
start: [ { keyword: go } ]
begin: c
states: { c: { call: { api: shop, get: /x }, go: { ok: { end: done } } } }
";
    let mut d = Driver::new(&[flow]);
    d.user("go");
    let effect = d.calls()[0].0;
    d.answers(effect, 503, json!(null));
    assert_eq!((d.ends(), d.alerts()), (vec!["failed"], vec!["`bare` failed at `c`: answered 503".to_owned()]));
}

#[test]
fn waits_end_at_their_moment() {
    let flow = "\
flow: w
needs: { at: { type: moment, default: '2026-03-02T12:00:00Z' } }
start: [ { keyword: go } ]
begin: a
states:
  a: { wait: { until: '{{ at }}' }, go: { ok: { say: until, go: b } } }
  b: { wait: { days: 1, at: '10:00' }, go: { ok: { say: days, go: c } } }
  c: { wait: { until: '{{ at }}' }, go: { ok: { say: past, go: d } } }
  d: { wait: 90m, go: { ok: { say: for, end: done } } }
";
    let mut d = Driver::new(&[flow]);
    d.change(|record| record.timezone = Some("Asia/Kolkata".into()));
    d.user("go");
    assert_eq!(d.wait("1h59m"), Vec::<String>::new());
    assert_eq!(d.wait("1m"), ["until"]);
    // Tomorrow at 10:00 in Kolkata is 04:30 UTC.
    assert_eq!(d.wait("16h29m"), Vec::<String>::new());
    assert_eq!(d.wait("1m"), ["days", "past"]);
    assert_eq!(d.wait("90m"), ["for"]);
    assert_eq!(d.ends(), ["done"]);
}

#[test]
fn days_are_midnights_also_when_the_clocks_change() {
    let flow = "\
flow: w
start: [ { keyword: go } ]
begin: a
states: { a: { wait: { days: 1, at: '09:00' }, go: { ok: { say: morning, end: done } } } }
";
    let mut d = Driver::new(&[flow]);
    d.change(|record| record.timezone = Some("Europe/London".into()));
    // Saturday 2026-03-28 10:00; the clocks go forward in the night.
    d.now = MONDAY + Span::days(26);
    d.user("go");
    let until = d.record().alarm().expect("an alarm");
    assert_eq!(until - d.now, Span::hours(22));
}

#[test]
fn a_run_waits_for_an_event_with_its_key() {
    let flow = "\
flow: parcel
needs: { id: text }
start: [ { event: shipped, contact: '{{ event.phone }}', key: '{{ event.id }}', with: { id: '{{ event.id }}' } } ]
anytime: [ { event: lost, contact: '{{ event.phone }}', key: '{{ event.id }}', say: 'Lost.', end: lost } ]
begin: w
states:
  w:
    wait: { event: delivered, key: '{{ id }}', if: 'event.ok' }
    save: e
    go: { ok: { say: 'There: {{ e.place }}', end: there }, silence: { after: 7d, end: never } }
";
    let data = |id: &str, ok: bool| json!({ "phone": PHONE, "id": id, "key": id, "ok": ok, "place": "door" });
    let mut d = Driver::new(&[flow]);
    d.event("shipped", data("P1", true));
    d.event("delivered", data("P2", true));
    assert_eq!(d.decision().0, Decision::Ignored, "another key");
    d.event("delivered", data("P1", false));
    assert_eq!(d.decision().0, Decision::Ignored, "its condition does not hold");
    assert_eq!(d.event("delivered", data("P1", true)), ["There: door"]);
    assert_eq!(d.decision().0, Decision::Awaited);
    d.event("shipped", data("P1", true));
    d.event("lost", data("P2", true));
    assert_eq!(d.decision().0, Decision::Ignored);
    assert_eq!(d.event("lost", data("P1", true)), ["Lost."]);
    d.event("shipped", data("P3", true));
    d.wait("7d");
    assert_eq!(d.ends(), ["never"]);
}

#[test]
fn the_key_of_an_event_is_what_the_flow_takes_as_key() {
    let flow = "\
flow: parcel
needs: { id: text }
start: [ { event: shipped, contact: '{{ event.phone }}', key: '{{ event.id }}', with: { id: '{{ event.id }}' } } ]
anytime: [ { event: delivered, contact: '{{ event.phone }}', key: 'never {{ event.id }}', end: no }, { event: delivered, contact: '{{ event.phone }}', key: '{{ event.id }}', if: 'false', end: no } ]
begin: w
states: { w: { wait: { event: delivered, key: '{{ id }}' }, go: { ok: { end: there }, silence: { after: 7d, end: never } } } }
";
    let mut d = Driver::new(&[flow]);
    d.event("shipped", json!({ "phone": PHONE, "id": "P1" }));
    d.event("delivered", json!({ "phone": PHONE, "id": "P2" }));
    assert_eq!(d.at("parcel"), ["w"]);
    d.event("delivered", json!({ "phone": PHONE, "id": "P1" }));
    assert_eq!(d.ends(), ["there"]);
}

const PARENT: &str = "\
flow: parent
vars: { what: tea, n: 0 }
start: [ { keyword: go } ]
anytime: [ { keyword: where, set: { n: '{{ n + 1 }}' }, again: true }, { keyword: out, say: 'Out {{ what }}', end: out } ]
begin: sub
states:
  sub:
    run: { flow: child, with: { what: '{{ what }}' } }
    save: { day: '{{ body.day }}' }
    go:
      agreed: { say: '{{ what }} on {{ day }}', end: planned }
      else: { end: other }
      failed: { say: 'No sub-flow.', end: broken }
      silence: { end: quiet }
";

const CHILD: &str = "\
flow: child
needs: { what: text }
vars: { n: 5 }
anytime: [ { keyword: inside, say: 'Inside {{ n }}', again: true } ]
begin: ask
states:
  ask:
    ask: 'When {{ what }}?'
    answer: text
    save: day
    go: { ok: { end: agreed }, silence: { after: 1h, end: silence } }
";

#[test]
fn a_sub_flow_has_its_own_variables_and_its_ends_are_outcomes() {
    let mut d = Driver::new(&[PARENT, CHILD]);
    assert_eq!(d.user("go"), ["When tea?"]);
    assert_eq!(d.at("parent"), ["ask"]);
    assert_eq!(d.last.live.len(), 2, "the sub-flow's version is needed too");
    assert_eq!(d.user("inside"), ["Inside 5", "When tea?"]);
    assert_eq!(d.user("where"), ["When tea?"], "the caller's entry, and the sub-flow's question again");
    assert_eq!(d.record().runs[0].frames[0].vars.get(crate::flow::definition::Slot(1)).and_then(|v| v.as_number()), Some(1.0));
    assert_eq!(d.user("Tuesday"), ["tea on Tuesday"]);
    assert_eq!(d.ends(), ["planned"]);
    assert!(d.last.live.iter().all(|(_, n)| *n == -1) && d.last.live.len() == 2);
}

#[test]
fn the_callers_way_out_leaves_the_sub_flow() {
    let mut d = Driver::new(&[PARENT, CHILD]);
    d.user("go");
    assert_eq!(d.user("out"), ["Out tea"]);
    assert_eq!((d.ends(), d.last.live.len(), d.record().runs.len()), (vec!["out"], 2, 0));
}

#[test]
fn an_end_that_is_called_like_a_trouble_is_that_trouble() {
    let mut d = Driver::new(&[PARENT, CHILD]);
    d.user("go");
    d.wait("1h");
    assert_eq!(d.ends(), ["quiet"]);
    let mut d = Driver::new(&[PARENT]);
    assert_eq!(d.user("go"), ["No sub-flow."]);
}

#[test]
fn a_sub_flow_that_expires_failed() {
    let child = CHILD.replace("begin: ask", "expires: 30m\nbegin: ask");
    let mut d = Driver::new(&[PARENT, &child]);
    d.user("go");
    assert_eq!(d.wait("30m"), ["No sub-flow."]);
    assert_eq!(d.ends(), ["broken"]);
}

#[test]
fn sub_flows_are_nested_up_to_the_limit() {
    let nested = |depth: usize| {
        let one = |i: usize| {
            let state = if i == depth {
                "{ say: deepest, end: done }".to_owned()
            } else {
                format!("{{ run: {{ flow: f{} }}, go: {{ done: {{ end: done }}, failed: {{ end: deep }} }} }}", i + 1)
            };
            let deep = if i == depth { "done" } else { "s" };
            let _ = deep;
            format!("flow: f{i}\nstart: [ {{ keyword: go{i} }} ]\nbegin: s\nstates: {{ s: {state} }}\n")
        };
        Driver::of((0..=depth).map(|i| flow(&one(i))).collect())
    };
    let mut d = nested(limits::SUBFLOW_DEPTH);
    assert_eq!(d.user("go0"), ["deepest"]);
    assert_eq!(d.ends(), ["done"]);
    let mut d = nested(limits::SUBFLOW_DEPTH + 1);
    assert_eq!(d.user("go0"), Vec::<String>::new());
    assert!(d.last.events.iter().any(|e| matches!(e, Event::Left { outcome, .. } if outcome == "failed")));
}

#[test]
fn an_emitted_event_comes_back_through_the_store_if_a_flow_listens() {
    let flow = "\
flow: emitter
start: [ { keyword: go } ]
begin: e
states:
  e: { do: [ { emit: { event: heard, data: { n: 1 } } }, { emit: { event: unheard } }, { tag: [a, b] }, { untag: b } ], end: done }
";
    let listener = "\
flow: listener
start: [ { event: heard, contact: '{{ event.phone }}' } ]
begin: e
states: { e: { say: x, end: done } }
";
    let mut d = Driver::new(&[flow, listener]);
    d.user("go");
    let posts: Vec<_> = d.last.effects.iter().filter(|(_, e)| matches!(e, Effect::Post(_))).collect();
    assert_eq!(posts.len(), 1);
    let Effect::Post(post) = &posts[0].1 else { panic!("a post") };
    assert_eq!(post.to.phone.as_ref().map(|p| p.as_str()), Some(PHONE));
    assert_eq!(post.event.data.to_json(), json!({ "n": 1 }));
    assert_eq!(d.last.events.iter().filter(|e| matches!(e, Event::Emitted { .. })).count(), 2, "subscribers get both");
    assert_eq!(d.record().tags.iter().map(|t| t.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_notification_takes_variables_of_its_parameters_names() {
    let source = "\
flow: n
languages: [en, hi]
vars: { order: A1, amount: 5 }
start: [ { keyword: go } ]
begin: ask
states:
  ask:
    ask: { notify: retry, with: { amount: '{{ amount * 2 }}' } }
    answer: { choice: { y: Yes please, n: Not now } }
    go: { else: { notify: retry, end: done }, silence: { after: 1h, end: silent } }
";
    let notification = "\
notification: retry
languages: [en, hi]
needs: { order: text, amount: number }
text: { en: 'Pay {{ amount }} for {{ order }}', hi: 'भुगतान {{ amount }}' }
whatsapp: { text: { en: 'Pay on WhatsApp' } }
";
    let mut d = Driver::of(vec![with_notification(flow(source), notification)]);
    assert_eq!(d.user("go"), ["Pay 10 for A1\n1 Yes please\n2 Not now"]);
    assert_eq!(d.sends()[0].1.notification.as_ref().map(|n| n.as_str()), Some("retry"));
    d.change(|record| record.language = Some(super::driver::language("hi")));
    assert_eq!(d.user("1"), ["भुगतान 5"]);
}
