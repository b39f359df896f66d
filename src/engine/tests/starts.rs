//! Beginning runs: keys, repeats, open questions of others, events.

use super::driver::{Driver, PHONE, slug};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::input::{ContactRef, Event, Input, OperatorAction, Reach, ReachChange};
use crate::domain::journal::Decision;
use crate::domain::limits;
use crate::domain::message::FailureReason;
use crate::domain::name::{EventName, Name};
use crate::domain::value::Value;
use serde_json::json;

fn asker(name: &str, extra: &str) -> String {
    format!(
        "\
flow: {name}
needs: {{ order: text }}
start:
  - event: {name}
    contact: {{ phone: '{{{{ event.phone }}}}', name: '{{{{ event.name }}}}' }}
    key: '{{{{ event.order }}}}'
    with: {{ order: '{{{{ event.order }}}}' }}
{extra}
begin: ask
states:
  ask:
    ask: '{name} {{{{ order }}}}?'
    answer: yes_no
    go: {{ yes: {{ end: yes }}, no: {{ end: no }}, silence: {{ after: 2h, end: silent }} }}
"
    )
}

fn data(order: &str) -> serde_json::Value {
    json!({ "phone": PHONE, "order": order, "name": "Ada" })
}

#[test]
fn an_event_begins_a_run_and_makes_the_contact_known() {
    let flow = asker("paid", "");
    let mut d = Driver::new(&[&flow]);
    assert_eq!(d.event("paid", data("A1")), ["paid A1?"]);
    assert_eq!(d.decision(), (Decision::Start, "`paid` begins `paid`".to_owned()));
    let record = d.record();
    assert_eq!((record.phone.map(|p| p.as_str().to_owned()), record.name), (Some(PHONE.to_owned()), Some("Ada".to_owned())));
    assert_eq!(record.runs[0].key.as_deref(), Some("A1"));
    d.event("other", data("A1"));
    assert_eq!(d.decision().0, Decision::Ignored);
}

#[test]
fn an_event_for_somebody_else_begins_nothing_here() {
    let flow = asker("paid", "");
    let mut d = Driver::new(&[&flow]);
    let who = ContactRef { phone: crate::domain::address::E164::parse(PHONE), ..ContactRef::default() };
    let data = json!({ "phone": "+447700900999", "order": "A1" });
    let name = EventName::parse("paid").expect("a name");
    let event = Event { name, data: Value::from_json(data), contact: None, to: who, callback: None };
    d.turn(Some(Input::Event(Box::new(event))));
    assert_eq!((d.said(), d.decision().0), (vec![], Decision::Ignored));
}

#[test]
fn keys_decide_what_a_second_start_does() {
    let ignore = asker("paid", "");
    let mut d = Driver::new(&[&ignore]);
    d.event("paid", data("A1"));
    d.event("paid", data("A1"));
    assert_eq!(d.decision(), (Decision::StartIgnored, "a run of `paid` for this key is live".to_owned()));
    d.event("paid", data("A2"));
    assert_eq!(d.decision().0, Decision::StartWaits, "another key, but a question is open");
    d.event("paid", data("A2"));
    assert_eq!(d.decision().0, Decision::StartIgnored, "it waits already");
    assert_eq!(d.last.live, []);
    assert_eq!(d.user("yes"), ["paid A2?"]);

    let restart = asker("paid", "    repeat: restart");
    let mut d = Driver::new(&[&restart]);
    d.event("paid", data("A1"));
    assert_eq!(d.event("paid", data("A1")), ["paid A1?"]);
    assert_eq!((d.ends(), d.record().runs.len()), (vec!["interrupted"], 1));

    let another = asker("paid", "    repeat: another\n    busy: replace");
    let mut d = Driver::new(&[&another]);
    d.event("paid", data("A1"));
    assert_eq!(d.event("paid", data("A1")), ["paid A1?"]);
    assert_eq!(d.ends(), ["interrupted"], "both may live, but one question replaces the other");
}

#[test]
fn a_start_waits_for_the_open_question() {
    let (a, b) = (asker("a", ""), asker("b", ""));
    let mut d = Driver::new(&[&a, &b]);
    d.event("a", data("1"));
    assert_eq!(d.event("b", data("2")), Vec::<String>::new());
    assert_eq!(d.decision().0, Decision::StartWaits);
    assert_eq!(d.last.live.iter().map(|(_, n)| *n).sum::<i64>(), 1, "its version is still needed");
    assert_eq!(d.user("no"), ["b 2?"], "it begins when the question is closed");
    assert_eq!(d.last.live.iter().map(|(_, n)| *n).sum::<i64>(), -1);
    assert_eq!(d.at("b"), ["ask"]);
    // Also when silence closes it.
    d.event("a", data("3"));
    assert_eq!(d.wait("2h"), ["a 3?"]);
}

#[test]
fn busy_replaces_or_skips() {
    let (a, b) = (asker("a", ""), asker("b", "    busy: replace"));
    let mut d = Driver::new(&[&a, &b]);
    d.event("a", data("1"));
    assert_eq!(d.event("b", data("2")), ["b 2?"]);
    assert_eq!(d.ends(), ["interrupted"]);
    let b = asker("b", "    busy: skip");
    let mut d = Driver::new(&[&a, &b]);
    d.event("a", data("1"));
    d.event("b", data("2"));
    assert_eq!(d.decision(), (Decision::StartIgnored, "a question of `a` is open".to_owned()));
    assert!(d.record().waiting.is_empty());
}

#[test]
fn waiting_starts_are_bounded() {
    let (a, b) = (asker("a", ""), asker("b", ""));
    let mut d = Driver::new(&[&a, &b]);
    d.event("a", data("1"));
    for i in 0..limits::WAITING_STARTS {
        d.event("b", data(&i.to_string()));
        assert_eq!(d.decision().0, Decision::StartWaits);
    }
    d.event("b", data("one too many"));
    assert_eq!((d.decision().0, d.alerts().len()), (Decision::StartIgnored, 1));
}

#[test]
fn runs_are_bounded() {
    let flow = "\
flow: many
start: [ { event: many, contact: '{{ event.phone }}', key: '{{ event.order }}' } ]
begin: w
states: { w: { wait: 1d, go: { ok: { end: done } } } }
";
    let mut d = Driver::new(&[flow]);
    for i in 0..limits::RUNS_PER_CONTACT {
        d.event("many", data(&i.to_string()));
        assert_eq!(d.decision().0, Decision::Start);
    }
    d.event("many", data("one too many"));
    assert_eq!((d.decision().0, d.alerts().len()), (Decision::StartIgnored, 1));
    assert_eq!(d.record().runs.len(), limits::RUNS_PER_CONTACT);
    d.wait("1d");
    assert!(d.record().runs.is_empty());
}

#[test]
fn values_are_given_their_types_and_wrong_ones_begin_nothing() {
    let flow = "\
flow: appt
needs: { at: moment, n: { type: number, default: 3 } }
start: [ { event: appt, contact: '{{ event.phone }}', with: { at: '{{ event.at }}' } } ]
begin: say
states: { say: { say: \"{{ at | date('d MMM, HH:mm') }} {{ n }}\", end: done } }
";
    let mut d = Driver::new(&[flow]);
    d.change(|record| record.timezone = Some("Asia/Kolkata".into()));
    assert_eq!(d.event("appt", json!({ "phone": PHONE, "at": "2026-03-02T10:00:00Z" })), ["2 Mar, 15:30 3"]);
    d.event("appt", json!({ "phone": PHONE, "at": "soon" }));
    assert_eq!(d.decision().0, Decision::StartIgnored);
    assert!(d.decision().1.contains("`at` must be a moment"), "{:?}", d.decision());
    assert_eq!(d.alerts().len(), 1);
}

#[test]
fn what_a_live_run_takes_does_not_also_begin_one_of_its_flow() {
    let flow = "\
flow: pay
needs: { order: text }
start:
  - event: failed
    contact: '{{ event.phone }}'
    key: '{{ event.order }}'
    with: { order: '{{ event.order }}' }
  - event: paid
    contact: '{{ event.phone }}'
    key: '{{ event.order }}'
    with: { order: '{{ event.order }}' }
    go: done
anytime:
  - event: paid
    contact: '{{ event.phone }}'
    key: '{{ event.order }}'
    go: done
begin: ask
states:
  ask:
    ask: 'Pay {{ order }}?'
    answer: yes_no
    go: { yes: { end: yes }, no: { end: no }, silence: { after: 2h, end: silent } }
  done: { say: 'Thanks for {{ order }}.', end: paid }
";
    let receipt = "\
flow: receipt
start: [ { event: paid, contact: '{{ event.phone }}', busy: wait } ]
begin: say
states: { say: { say: Receipt., end: done } }
";
    let mut d = Driver::new(&[flow]);
    d.event("failed", data("A1"));
    assert_eq!(d.event("paid", data("A2")), Vec::<String>::new(), "another order: it waits for the question");
    assert_eq!(d.decision().0, Decision::StartWaits);
    assert_eq!(d.event("paid", data("A1")), ["Thanks for A1.", "Thanks for A2."]);
    assert_eq!(d.ends(), ["paid", "paid"]);
    assert_eq!(d.event("paid", data("A1")), ["Thanks for A1."], "no run is live: it only confirms");
    let mut d = Driver::new(&[flow, receipt]);
    d.event("failed", data("A1"));
    assert_eq!(d.event("paid", data("A1")), ["Thanks for A1.", "Receipt."], "another flow begins all the same");
}

#[test]
fn the_first_entry_that_holds_begins() {
    let flow = "\
flow: first
start:
  - { event: e, contact: '{{ event.phone }}', if: 'event.n - 1 > 5', go: big }
  - { event: e, contact: '{{ event.phone }}', go: small }
begin: small
states: { big: { say: big, end: done }, small: { say: small, end: done } }
";
    let mut d = Driver::new(&[flow]);
    assert_eq!(d.event("e", json!({ "phone": PHONE, "n": 9 })), ["big"]);
    assert_eq!(d.event("e", json!({ "phone": PHONE, "n": 1 })), ["small"]);
    assert_eq!(d.event("e", json!({ "phone": PHONE, "n": "x" })), Vec::<String>::new());
    assert_eq!((d.decision().0, d.alerts().len()), (Decision::StartIgnored, 1), "a condition without a value is said");
}

#[test]
fn the_contacts_of_an_event_are_found_before_it_is_stored() {
    let flow = asker("paid", "");
    let d = Driver::new(&[&flow]);
    let contacts = |data: serde_json::Value, named: Option<&ContactRef>| {
        let name = EventName::parse("paid").expect("a name");
        d.catalog.event_contacts(&d.project, &name, &Value::from_json(data), named)
    };
    let found = contacts(json!({ "phone": "07700 900123", "name": "Ada" }), None).expect("contacts");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].address().map(|a| a.canonical()), Some(PHONE.to_owned()));
    assert_eq!(found[0].name.as_deref(), Some("Ada"));
    let problem = contacts(json!({ "phone": "x" }), None).expect_err("a problem");
    assert_eq!(problem.to_string(), "`event.phone`: not a phone number");
    assert_eq!(contacts(json!({}), None).expect_err("a problem").to_string(), "`event.phone`: is missing");
    let named = ContactRef { id: Some("c7".into()), ..ContactRef::default() };
    assert_eq!(contacts(json!({}), Some(&named)).expect("contacts"), [named]);
    let nobody = d.catalog.event_contacts(&d.project, &EventName::parse("x").expect("a name"), &Value::Null, None);
    assert_eq!(nobody, Ok(Vec::new()));
}

#[test]
fn an_empty_address_is_none_and_a_missing_one_a_mistake() {
    let flow = "flow: two\nbegin: a\nstart:\n  - event: e\n    contact: { phone: '{{ event.phone }}', email: \"{{ event.email ?? '' }}\" }\n\
                states: { a: { say: Hi, end: done } }\n";
    let d = Driver::new(&[flow]);
    let contacts = |data: serde_json::Value| {
        let name = EventName::parse("e").expect("a name");
        d.catalog.event_contacts(&d.project, &name, &Value::from_json(data), None)
    };
    let found = contacts(json!({ "phone": PHONE })).expect("contacts");
    assert_eq!((found[0].phone.is_some(), found[0].email.as_deref()), (true, None));
    let found = contacts(json!({ "phone": "", "email": "A@b.example" })).expect("contacts");
    assert_eq!((found[0].phone.is_some(), found[0].email.as_deref()), (false, Some("a@b.example")));
    let problem = |data| contacts(data).expect_err("a problem").to_string();
    assert_eq!(problem(json!({ "email": "a@b.example" })), "`event.phone`: is missing");
    assert_eq!(problem(json!({ "phone": "" })), "`event.phone`: is missing", "no address at all");
    assert_eq!(problem(json!({ "phone": PHONE, "email": "nobody" })), "`event.email ?? ''`: not an email address");
}

#[test]
fn an_operator_begins_and_ends_runs() {
    let flow = asker("paid", "");
    let mut d = Driver::new(&[&flow]);
    let with = vec![(Name::parse("order").expect("a name"), Value::text("Z"))];
    let begin = OperatorAction::Begin { flow: slug("paid"), with, sending: None };
    d.change(|record| record.phone = crate::domain::address::E164::parse(PHONE));
    assert_eq!(d.operator(begin.clone()), ["paid Z?"]);
    assert_eq!(d.operator(begin), Vec::<String>::new(), "one question at a time");
    assert_eq!(d.user("yes"), ["paid Z?"]);
    d.operator(OperatorAction::EndRuns);
    assert_eq!((d.ends(), d.record().runs.len()), (vec!["interrupted"], 0));
    let message = Input::Message(Box::new(d.inbound("stop")));
    assert_eq!(d.operator(OperatorAction::Retry(Box::new(message))), ["You are out."]);
    let unknown = OperatorAction::Begin { flow: slug("nope"), with: Vec::new(), sending: None };
    d.operator(unknown);
    assert_eq!(d.alerts(), ["A run did not begin: there is no flow `nope`"]);
}

#[test]
fn a_run_that_reaches_a_question_waits_while_another_is_open() {
    let slow = "\
flow: slow
start: [ { keyword: slow } ]
anytime: [ { keyword: leave, end: left } ]
begin: w
states:
  w: { wait: 1h, go: { ok: q } }
  q: { do: [ { say: Hello again. } ], ask: Slow?, answer: yes_no, go: { yes: { end: yes }, no: { end: no }, silence: { after: 1d, end: silent } } }
";
    let open = asker("a", "");
    let mut d = Driver::new(&[slow, &open]);
    d.user("slow");
    d.event("a", data("1"));
    assert_eq!(d.wait("1h"), ["Hello again."], "its actions are done, its question waits");
    assert!(d.notes().iter().any(|note| note.contains("waits until another one is closed")));
    d.event("a", data("2"));
    assert_eq!(d.user("yes"), ["Slow?"], "before starts that wait");
    assert_eq!(d.user("no"), ["a 2?"]);
    assert_eq!(d.ends(), ["no"]);
    // While it waits, what is answered anytime still reaches it.
    d.operator(OperatorAction::Begin { flow: slug("slow"), with: Vec::new(), sending: None });
    d.wait("1h");
    assert_eq!(d.at("slow"), ["q", "ask"]);
    d.user("leave");
    assert_eq!(d.ends(), ["left"]);
}

#[test]
fn what_is_set_on_a_contact_must_be_understood() {
    let flow = "\
flow: set
needs: { l: text, z: text }
start: [ { event: set, contact: '{{ event.phone }}', with: { l: '{{ event.l }}', z: '{{ event.z }}' } } ]
begin: s
states: { s: { set: { contact.language: '{{ l }}', contact.timezone: '{{ z }}', contact.vip: true }, end: done } }
";
    let mut d = Driver::new(&[flow]);
    d.event("set", json!({ "phone": PHONE, "l": "hi", "z": "Asia/Kolkata" }));
    let record = d.record();
    assert_eq!((record.language, record.timezone.as_deref()), (Some(super::driver::language("hi")), Some("Asia/Kolkata")));
    assert_eq!(record.field("vip"), Some(Value::Bool(true)));
    d.event("set", json!({ "phone": PHONE, "l": "Hindi", "z": "Mars" }));
    assert_eq!(d.notes().len(), 2, "{:?}", d.notes());
    assert_eq!((d.record().language, d.record().timezone), (record.language, record.timezone), "what is known stays");
}

#[test]
fn a_mail_address_that_is_set_is_kept_in_the_form_in_which_it_is_sent_to() {
    let flow = "\
flow: set
needs: { mail: text }
start: [ { event: set, contact: '{{ event.phone }}', with: { mail: '{{ event.mail }}' } } ]
begin: s
states: { s: { set: { contact.email: '{{ mail }}' }, end: done } }
";
    let mut d = Driver::new(&[flow]);
    d.event("set", json!({ "phone": PHONE, "mail": " Ana@M\u{fc}nchen.de" }));
    assert_eq!(d.record().email.as_deref(), Some("ana@xn--mnchen-3ya.de"));
    d.event("set", json!({ "phone": PHONE, "mail": "ana at home" }));
    assert_eq!(d.notes(), ["`contact.email` was not set: the value is no email"]);
    assert_eq!(d.record().email.as_deref(), Some("ana@xn--mnchen-3ya.de"), "what is known stays");
    // Records of before have it as it was typed: it is dead in that form, too.
    d.change(|record| record.email = Some("ana@m\u{fc}nchen.de".to_owned()));
    let address = Address::Email("ana@xn--mnchen-3ya.de".to_owned());
    let what = ReachChange::Dead { address, reason: FailureReason::Invalid, code: None };
    d.turn(Some(Input::Reach(Box::new(Reach { channel: slug("main-mail"), kind: ChannelKind::Email, what }))));
    assert_eq!(d.record().address(ChannelKind::Email), None);
    d.event("set", json!({ "phone": PHONE, "mail": "" }));
    assert_eq!(d.record().email, None, "nothing takes it away");
}

#[test]
fn an_event_of_anytime_alone_finds_its_contact() {
    let flow = "\
flow: live
start: [ { keyword: go } ]
anytime: [ { event: stop_it, contact: { phone: '{{ event.who }}' }, end: stopped } ]
begin: w
states: { w: { wait: 1d, go: { ok: { end: done } } } }
";
    let mut d = Driver::new(&[flow]);
    let name = EventName::parse("stop_it").expect("a name");
    let data = Value::from_json(json!({ "who": PHONE }));
    let to = d.catalog.event_contacts(&d.project, &name, &data, None).expect("contacts").remove(0);
    d.user("go");
    d.turn(Some(Input::Event(Box::new(Event { name, data, contact: None, to, callback: None }))));
    assert_eq!((d.decision().0, d.ends()), (Decision::Anytime, vec!["stopped"]));
}

#[test]
fn what_an_entry_of_anytime_does_reads_the_event_and_the_states_after_it_do_not() {
    let flow = "\
flow: live
start: [ { keyword: go } ]
vars: { missing: '', later: '' }
anytime:
  - { event: paper, contact: '{{ event.who }}', set: { missing: '{{ event.paper }}' }, go: asked }
  - event: note
    contact: '{{ event.who }}'
    do: [ { say: 'You sent {{ event.paper }}.', if: event.paper != 'nothing' } ]
    again: true
begin: w
states:
  w: { wait: 1d, go: { ok: { end: done } } }
  asked:
    ask: 'Your {{ missing }}, please.'
    answer: any
    go: { ok: { end: sent }, silence: { after: 1h, end: silent } }
";
    let mut d = Driver::new(&[flow]);
    d.user("go");
    let data = |paper: &str| json!({ "who": PHONE, "paper": paper });
    assert_eq!(d.event("note", data("a letter")), ["You sent a letter."]);
    assert_eq!(d.event("note", data("nothing")), Vec::<String>::new());
    assert_eq!(d.event("paper", data("passport")), ["Your passport, please."]);
}
