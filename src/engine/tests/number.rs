//! A person's number changes: what stays, where answers go, and whose the old number is then.

use super::driver::{Driver, PHONE};
use super::merging::{driver, other, step};
use crate::domain::address::{Address, E164};
use crate::domain::channel::ChannelKind;
use crate::domain::input::Input;
use crate::domain::journal::{Decision, Event};
use crate::domain::merge::{Blob, Merge};
use crate::domain::message::{Inbound, InboundContent};
use crate::engine::effect::{Effect, Moving};
use crate::engine::record::Record;

const NEW: &str = "+447700900999";

fn phone(text: &str) -> E164 {
    E164::parse(text).expect("a phone")
}

fn deliver(driver: &mut Driver, message: Inbound) -> Vec<Moving> {
    driver.turn(Some(Input::Message(Box::new(message))));
    let steps = driver.last.effects.iter().filter_map(|(_, effect)| match effect {
        Effect::Move(step) => Some((**step).clone()),
        _ => None,
    });
    steps.collect()
}

fn change(driver: &Driver, wa_id: Option<&str>, user_id: Option<&str>) -> Inbound {
    let content = InboundContent::System {
        kind: "user_changed_number".to_owned(),
        new_user_id: user_id.map(str::to_owned),
        new_wa_id: wa_id.map(str::to_owned),
    };
    Inbound { content, ..driver.inbound("") }
}

fn from(number: &str, message: Inbound) -> Inbound {
    Inbound { from: Address::Phone(phone(number)), ..message }
}

#[test]
fn a_new_number_leads_to_the_contact_and_answers_go_there() {
    let mut d = driver();
    d.kind = ChannelKind::WhatsApp;
    d.user("a");
    d.change(|record| record.consent = ChannelKind::Sms.stop_bit());
    let before = d.record();
    let message = change(&d, Some("447700900999"), Some("GB.2"));
    let steps = deliver(&mut d, message.clone());
    let lead = |address| Moving::Lead { address };
    assert_eq!(steps, [lead(Address::Phone(phone(NEW))), lead(Address::Bsuid("GB.2".to_owned()))]);
    let record = d.record();
    assert_eq!((record.phone.clone(), record.user_id.as_deref()), (Some(phone(NEW)), Some("GB.2")));
    assert_eq!((&record.runs, record.consent, &record.heard), (&before.runs, before.consent, &before.heard), "all else stays");
    let (decision, why) = d.decision();
    assert!(decision == Decision::Ignored && why.contains("answers go to the new one"), "{why}");
    // The provider says it in two ways: the second says nothing new.
    assert!(deliver(&mut d, Inbound { id: "again".to_owned(), ..message }).is_empty());
    assert_eq!(d.record(), Record { last: d.record().last, ..record });
    // The open question is answered from the new number, and what is said goes there.
    let answer = from(NEW, d.inbound("red"));
    deliver(&mut d, answer);
    assert_eq!(d.said(), ["Thank you for a"]);
    assert_eq!(d.sends()[0].1.outbound.to, Address::Phone(phone(NEW)));
}

#[test]
fn whoever_has_the_old_number_now_is_somebody_else() {
    let mut d = driver();
    d.user("a");
    let message = change(&d, Some("447700900999"), Some("GB.2"));
    deliver(&mut d, message);
    let before = d.record();
    for (text, user_id) in [("red", None), ("STOP", Some("GB.7"))] {
        let message = Inbound { user_id: user_id.map(str::to_owned), ..d.inbound(text) };
        let steps = deliver(&mut d, message.clone());
        assert_eq!(steps, [Moving::GiveOn { message: Box::new(message) }]);
        assert!(d.said().is_empty() && !d.last.events.iter().any(|event| matches!(event, Event::Received { .. })));
        assert_eq!(d.record(), Record { last: d.record().last, ..before.clone() }, "no answer, no STOP, no address of theirs");
        assert!(d.notes()[0].contains("given up"), "{:?}", d.notes());
    }
    // An event that still names the old number is for this contact, and does not bring the number back.
    d.event("something", serde_json::json!({}));
    assert_eq!(d.record().phone, Some(phone(NEW)));
    // Another number of theirs is as before; and by their own id they are known at the old one too.
    let back = Inbound { user_id: Some("GB.2".to_owned()), ..d.inbound("red") };
    assert!(deliver(&mut d, back).is_empty());
    assert_eq!(d.said(), ["Thank you for a"]);
    assert_eq!((d.record().phone, d.record().left), (Some(phone(PHONE)), vec![]));
}

#[test]
fn a_number_that_is_had_again_is_no_longer_given_up() {
    let mut d = driver();
    d.user("a");
    let message = change(&d, Some("447700900999"), None);
    deliver(&mut d, message);
    assert_eq!(d.record().left, [phone(PHONE)]);
    let message = from(NEW, change(&d, Some(&PHONE[1..]), None));
    assert_eq!(deliver(&mut d, message), [Moving::Lead { address: Address::Phone(phone(PHONE)) }]);
    assert_eq!((d.record().phone, d.record().left), (Some(phone(PHONE)), vec![phone(NEW)]));
    // Very many are forgotten from the oldest on, so that the record stays small.
    for n in 0..20 {
        let here = d.record().phone.expect("a phone");
        let message = from(here.as_str(), change(&d, Some(&format!("4477009001{n:02}")), None));
        deliver(&mut d, message);
    }
    assert_eq!(d.record().left.len(), crate::domain::limits::NUMBERS_LEFT);
    assert_eq!(d.record().left.last(), Some(&phone("+447700900118")));
}

#[test]
fn only_an_id_that_is_new_changes_only_the_id() {
    let mut d = driver();
    d.user("a");
    for (wa_id, user_id, steps) in
        [(None, Some("GB.2"), 1), (Some(&PHONE[1..]), Some("GB.3"), 1), (None, None, 0), (Some("no number"), None, 0)]
    {
        let message = change(&d, wa_id, user_id);
        assert_eq!(deliver(&mut d, message).len(), steps, "{wa_id:?} {user_id:?}");
        assert_eq!((d.record().phone, d.record().left), (Some(phone(PHONE)), vec![]));
    }
    assert_eq!(d.record().user_id.as_deref(), Some("GB.3"));
}

#[test]
fn who_is_one_person_after_all_is_heard_at_the_old_number() {
    let mut d = driver();
    d.user("a");
    let message = change(&d, Some("447700900999"), None);
    deliver(&mut d, message);
    d.change(|record| record.coming = vec![other()]);
    let second = Record { phone: Some(phone(PHONE)), ..Record::default() };
    step(&mut d, Merge::Arrived { from: other(), asked: other(), record: Blob(second.encode()), awaited: vec![] });
    assert_eq!((d.record().phone, d.record().left), (Some(phone(NEW)), vec![]));
    assert_eq!(d.user("red"), ["Thank you for a"]);
}
