//! Two contacts who became one: what they were called before still leads to them, and the no of either counts.

use super::driver::{Driver, MONDAY, PHONE, slug};
use super::merging::{arrived, come, driver, other, step, take, third};
use crate::domain::channel::ChannelKind;
use crate::domain::id::ContactKey;
use crate::domain::input::{ContactRef, Event as InputEvent, Input, Webhook};
use crate::domain::journal::Event;
use crate::domain::limits;
use crate::domain::merge::{Blob, Merge};
use crate::domain::name::{EventName, Name};
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::engine::effect::Moving;
use crate::engine::record::{Preference, Record, Withdrew};

const ORDERS: &str = "\
flow: orders
needs: { number: number }
start:
  - event: order.paid
    contact: { id: '{{ event.customer }}' }
    with: { number: '{{ event.number }}' }
  - event: order.sent
    contact: { id: '{{ event.customer }}' }
    with: { number: '{{ event.number }}' }
  - webhook: shipped
    contact: { id: '{{ event.customer }}' }
    with: { number: '{{ event.number }}' }
begin: tell
states: { tell: { say: 'Order {{ number }}', go: rest }, rest: { wait: 1h, go: { ok: { end: done } } } }
anytime: [ { event: order.lost, contact: { id: '{{ event.customer }}' }, say: 'Order {{ event.number }} is lost', again: true } ]
";

fn customer(id: &str) -> ContactRef {
    ContactRef { id: Some(id.to_owned()), ..ContactRef::default() }
}

fn ordered(name: &str, number: u32) -> InputEvent {
    let data = Value::from_json(serde_json::json!({ "customer": "cust-2", "number": number }));
    let name = EventName::parse(name).expect("an event name");
    InputEvent { name, data, contact: None, to: customer("cust-2"), callback: None }
}

/// The shop goes on using the id of the record that became part of the other.
#[test]
fn an_event_that_names_what_a_contact_was_called_before_is_for_it() {
    let mut stays = Driver::new(&[ORDERS]);
    stays.user("hello");
    stays.change(|record| record.external = Some("cust-1".to_owned()));
    let mut goes = Driver::new(&[ORDERS]);
    goes.change(|record| record.external = Some("cust-2".to_owned()));
    step(&mut stays, arrived(&goes));
    assert_eq!(stays.record().external.as_deref(), Some("cust-1"));
    let who = ContactRef { name: Some("Ann".to_owned()), ..customer("cust-2") };
    let paid = InputEvent { contact: Some(who), ..ordered("order.paid", 1) };
    stays.turn(Some(Input::Event(Box::new(paid))));
    assert_eq!((stays.said(), stays.record().name.as_deref()), (vec!["Order 1".to_owned()], Some("Ann")));
    stays.turn(Some(Input::Event(Box::new(ordered("order.lost", 1)))));
    assert_eq!(stays.said(), ["Order 1 is lost"]);
    stays.wait("1h");
    stays.turn(Some(Input::Event(Box::new(ordered("order.sent", 2)))));
    assert_eq!(stays.said(), ["Order 2"]);
    stays.wait("1h");
    let InputEvent { data, to, .. } = ordered("order.sent", 3);
    let (flow, name) = (slug("orders"), Name::parse("shipped").expect("a name"));
    let shipped = Webhook { flow, name, data, to, callback: None };
    stays.turn(Some(Input::Webhook(Box::new(shipped))));
    assert_eq!(stays.said(), ["Order 3"]);
    // It lies here because of another address than the one that an entry names: that is somebody else.
    stays.wait("1h");
    let other = InputEvent { to: customer("cust-1"), ..ordered("order.sent", 4) };
    stays.turn(Some(Input::Event(Box::new(other))));
    assert!(stays.said().is_empty());
}

#[test]
fn what_two_digests_of_one_flow_could_take_one_of_them_takes() {
    let flow = "\
flow: batch
start: [ { event: order.paid, contact: { id: '{{ event.customer }}' }, key: x } ]
begin: collect
states:
  collect: { digest: { event: order.paid, for: 1h, max: 9 }, save: batch, go: { ok: tell } }
  tell: { say: '{{ len(batch) }} orders', end: done }
";
    let paid = |number| InputEvent { contact: Some(customer("cust-2")), ..ordered("order.paid", number) };
    let begun = |driver: &mut Driver| {
        driver.user("hello");
        driver.change(|record| record.external = Some("cust-2".to_owned()));
        driver.turn(Some(Input::Event(Box::new(paid(1)))));
        assert_eq!(driver.record().runs.len(), 1);
    };
    let (mut stays, mut goes) = (Driver::new(&[flow]), Driver::new(&[flow]));
    begun(&mut stays);
    begun(&mut goes);
    goes.change(|record| record.runs[0].id.0 ^= 1 << 63);
    step(&mut stays, arrived(&goes));
    assert_eq!(stays.record().runs.len(), 2);
    stays.turn(Some(Input::Event(Box::new(paid(2)))));
    let mut said = stays.wait("1h");
    said.sort();
    assert_eq!(said, ["1 orders", "2 orders"], "the second order is in one message");
}

#[test]
fn a_no_to_all_marketing_ends_the_topics_of_the_other_side() {
    let (sms, mail) = (ChannelKind::Sms, ChannelKind::Email);
    let news = slug("news");
    let wants = Record {
        topics: vec![Preference { topic: news.clone(), yes: sms.stop_bit() | mail.stop_bit(), no: Vec::new() }],
        ..Record::default()
    };
    let no = Record { withdrew: vec![Withdrew { kind: sms, at: Millis(7) }], ..Record::default() };
    let stopped = Record { stop: sms.stop_bit(), ..Record::default() };
    for (stays, goes) in [(&wants, &no), (&no, &wants), (&wants, &stopped), (&stopped, &wants)] {
        let mut record = stays.clone();
        record.take_in(goes.clone(), MONDAY);
        assert!(!record.wants(sms, Some(&news)), "{stays:?} and {goes:?}");
        assert!(record.wants(mail, Some(&news)), "of another kind nothing was said");
    }
    // Whoever asked for it after their no wants it.
    let mut record = Record { topics: wants.topics.clone(), ..no.clone() };
    record.take_in(Record { topics: wants.topics.clone(), ..no }, MONDAY);
    assert!(record.wants(sms, Some(&news)));
    let mut record = wants.clone();
    record.take_in(Record::default(), MONDAY);
    assert!(record.wants(sms, Some(&news)));
}

#[test]
fn a_mail_address_is_dead_for_both() {
    let at = |dead: bool| {
        let email = Some("ann@example.com".to_owned());
        Record { dead: email.clone().filter(|_| dead), email, ..Record::default() }
    };
    for (stays, goes, reached) in [(false, true, false), (true, false, false), (false, false, true)] {
        let mut record = at(stays);
        record.take_in(at(goes), MONDAY);
        assert_eq!(record.address(ChannelKind::Email).is_some(), reached);
    }
}

#[test]
fn an_opt_out_that_comes_with_an_address_is_one() {
    let mut stays = driver();
    stays.user("a");
    stays.change(|record| {
        record.consent = ChannelKind::Sms.stop_bit();
        record.topics = vec![Preference { topic: slug("news"), yes: ChannelKind::Sms.stop_bit(), no: Vec::new() }];
    });
    step(&mut stays, Merge::Linked { address: other(), stop: ChannelKind::Sms.stop_bit() });
    assert_eq!(stays.ends(), ["opted_out"]);
    assert!(stays.last.events.contains(&Event::OptedOut { kind: ChannelKind::Sms, how: "merged".to_owned() }));
    let record = stays.record();
    assert!(record.is_stopped(ChannelKind::Sms) && record.refused(ChannelKind::Sms) && record.topics.is_empty());
    // What was said to it before it was told again changes nothing.
    step(&mut stays, Merge::Linked { address: other(), stop: ChannelKind::Sms.stop_bit() });
    assert!(!stays.last.events.iter().any(|event| matches!(event, Event::OptedOut { .. })));
}

#[test]
fn a_contact_that_was_asked_under_two_names_comes_once() {
    let (mut goes, mut stays) = (driver(), driver());
    goes.user("hello");
    step(&mut stays, take(third()));
    step(&mut stays, take(other()));
    let asked = |asked| Merge::Come { into: Driver::key(), asked, simulated: true, test: false };
    // The one that goes has another key than the driver's own: it is asked as if by somebody else.
    let into = ContactKey::derive(b"test", "phone:stays");
    let come = |asked| Merge::Come { into, asked, simulated: true, test: false };
    assert_eq!(step(&mut goes, come(third())), [Moving::Go { into, asked: third() }]);
    assert!(step(&mut goes, come(third())).is_empty(), "it is on its way");
    let refused = step(&mut goes, come(other()));
    let [Moving::Refuse { to, asked: under, why }] = &refused[..] else { panic!("{refused:?}") };
    assert_eq!((*to, *under), (into, other()));
    step(&mut stays, Merge::Refused { asked: other(), why: why.clone() });
    assert!(stays.alerts().is_empty(), "nothing is wrong: {:?}", stays.alerts());
    let record = Blob(goes.bytes().to_vec());
    step(&mut stays, Merge::Arrived { from: other(), asked: third(), record, awaited: Vec::new() });
    assert_eq!(stays.record().coming, [third()]);
    // Asked again before its end was told, it is invited again, and finds that it is here.
    assert!(matches!(&step(&mut stays, take(third()))[..], [Moving::Invite { from, .. }] if *from == third()));
    step(&mut stays, asked(third()));
    assert!(stays.record().coming.is_empty());
    assert!(step(&mut stays, take(third())).is_empty(), "it is part of this one");
}

/// Two were asked to become part of one another. The one is here before it is asked what the other one had asked for.
#[test]
fn nobody_becomes_part_of_who_is_part_of_them() {
    let (mut goes, mut stays) = (driver(), driver());
    goes.user("hello");
    step(&mut stays, take(other()));
    step(&mut stays, arrived(&goes));
    step(&mut stays, Merge::Linked { address: other(), stop: 0 });
    assert!(stays.record().merged.contains(&other()) && stays.record().coming.is_empty());
    let come = Merge::Come { into: other(), asked: Driver::key(), simulated: true, test: false };
    assert!(step(&mut stays, come).is_empty(), "it would move into itself for ever");
    assert_eq!((stays.record().leaving, stays.alerts().len()), (None, 0));
}

#[test]
fn attributes_for_which_there_is_no_room_are_left_out_and_the_rest_arrives() {
    let name = |text: &str| Name::parse(text).expect("a name");
    let (mut goes, mut stays) = (driver(), driver());
    stays.change(|record| record.attributes = vec![(name("mine"), Value::text("x".repeat(40_000)))]);
    goes.user("STOP");
    goes.change(|record| {
        record.attributes = vec![(name("letter"), Value::text("y".repeat(40_000))), (name("plan"), Value::text("gold"))];
    });
    step(&mut stays, arrived(&goes));
    let record = stays.record();
    assert!(record.is_stopped(ChannelKind::Sms) && record.merged.contains(&other()));
    let names: Vec<&str> = record.attributes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["mine", "plan"]);
    assert!(stays.alerts()[0].contains("no room for 1 attributes"), "{:?}", stays.alerts());
}

#[test]
fn a_contacts_own_names_come_before_those_by_which_it_was_known() {
    let (mut goes, mut stays) = (driver(), driver());
    let many = |n: usize| (0..n).map(|n| ContactKey::derive(b"many", &n.to_string())).collect::<Vec<_>>();
    stays.change(|record| record.merged = vec![third()]);
    goes.change(|record| record.merged = many(limits::MERGED));
    step(&mut stays, arrived(&goes));
    assert!(stays.record().merged.contains(&other()));
}

#[test]
fn a_step_has_room_whatever_else_the_turn_does() {
    let mut goes = driver();
    let go = step(&mut goes, come(other()));
    assert_eq!(go.len(), 1);
    let sends = "\
flow: many
start: [ { event: order.paid, contact: '{{ event.phone }}' } ]
begin: rest
states: { rest: { wait: 1h, go: { ok: tell } }, tell: { do: PLACE, end: done } }
";
    let posts: Vec<String> =
        (0..limits::EFFECTS_PER_TURN).map(|n| format!("{{ emit: {{ event: order.sent, data: {{ n: {n} }} }} }}")).collect();
    let hears = "flow: hears\nstart: [ { event: order.sent, contact: '{{ event.phone }}' } ]\nbegin: rest\nstates: { rest: { end: done } }\n";
    let mut goes = Driver::new(&[hears, &sends.replace("PLACE", &format!("[{}]", posts.join(", ")))]);
    goes.event("order.paid", serde_json::json!({ "phone": PHONE }));
    goes.now = goes.now + Span::hours(2);
    let steps = step(&mut goes, come(other()));
    assert_eq!((goes.last.effects.len(), steps.len()), (limits::EFFECTS_PER_TURN + 1, 1), "{:?}", goes.alerts());
}
