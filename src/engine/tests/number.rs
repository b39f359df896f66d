//! A person's number changes: what stays, where answers go, and whose the old number is then.

use super::driver::{Driver, PHONE};
use super::merging::{driver, other, step};
use crate::domain::address::{Address, E164};
use crate::domain::channel::ChannelKind;
use crate::domain::codec;
use crate::domain::consent::Consent;
use crate::domain::input::{ContactRef, Event as InputEvent, Input};
use crate::domain::journal::{Decision, Event};
use crate::domain::merge::{Blob, Merge};
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::name::{EventName, Name};
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::engine::effect::{Effect, Moving};
use crate::engine::record::{Former, Record};

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
    // A second ago: what is written now comes later.
    Inbound { content, at: Some(driver.now - Span::seconds(1)), ..driver.inbound("") }
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
    // What must work whatever else does not waits for nothing that is said to her.
    for (text, user_id, urgent) in
        [("red", None, false), ("STOP", Some("GB.7"), true), ("START", None, true), ("HELP", None, true)]
    {
        let message = Inbound { user_id: user_id.map(str::to_owned), ..d.inbound(text) };
        let steps = deliver(&mut d, message.clone());
        assert_eq!(steps, [Moving::GiveOn { message: Box::new(message), urgent }]);
        assert!(d.said().is_empty() && !d.last.events.iter().any(|event| matches!(event, Event::Received { .. })));
        let expected = Record { last: d.record().last, given: d.record().given, ..before.clone() };
        assert_eq!(d.record(), expected, "no answer, no STOP, no address of theirs");
        assert!(d.notes()[0].contains("given up"), "{:?}", d.notes());
    }
    // An event that still names the old number is for this contact, and does not bring the number back.
    d.event("something", serde_json::json!({}));
    assert_eq!(d.record().phone, Some(phone(NEW)));
    // Another number of theirs is as before; and by their own id they are known at the old one too.
    let back = Inbound { user_id: Some("GB.2".to_owned()), ..d.inbound("red") };
    let lead = Moving::Lead { address: Address::Phone(phone(PHONE)) };
    assert_eq!(deliver(&mut d, back), [lead], "whoever had it meanwhile hears of it");
    assert_eq!(d.said(), ["Thank you for a"]);
    assert_eq!((d.record().phone, d.record().left), (Some(phone(PHONE)), vec![]));
}

#[test]
fn whoever_had_a_number_meanwhile_is_not_reached_there_any_more() {
    let mut d = driver();
    d.user("a");
    d.change(|record| record.user_id = Some("GB.7".to_owned()));
    for _ in 0..2 {
        step(&mut d, Merge::Left { phone: phone(PHONE) });
        let record = d.record();
        assert_eq!((record.phone, record.user_id.as_deref()), (None, Some("GB.7")));
        assert_eq!((record.left, record.former.len(), record.runs.len()), (vec![phone(PHONE)], 1, 1));
    }
    let late = d.inbound("red");
    assert!(matches!(deliver(&mut d, late)[..], [Moving::GiveOn { .. }]), "what comes from there is not theirs");
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

/// A change that was said a minute before now, so that what comes may be older or newer than it.
fn changed(d: &mut Driver, wa_id: Option<&str>, user_id: Option<&str>) -> Millis {
    d.now = d.now + Span::minutes(1);
    let message = change(d, wa_id, user_id);
    let at = message.at.expect("a time");
    deliver(d, message);
    d.now = d.now + Span::minutes(1);
    at
}

#[test]
fn what_was_written_before_the_change_and_comes_after_it_is_hers_and_brings_nothing_back() {
    let mut d = driver();
    let hi = Inbound { user_id: Some("GB.1".to_owned()), ..d.inbound("a") };
    deliver(&mut d, hi);
    let at = changed(&mut d, Some("447700900999"), Some("GB.2"));
    let reached = |d: &Driver| (d.record().phone, d.record().user_id, d.record().left);
    let after = (Some(phone(NEW)), Some("GB.2".to_owned()), vec![phone(PHONE)]);
    assert_eq!(reached(&d), after);
    // By its time alone, and by the id that nobody gets anew, also where its provider says no time.
    let early = Inbound { at: Some(at - Span::seconds(1)), ..d.inbound("STOP") };
    assert!(deliver(&mut d, early).is_empty());
    assert!(d.record().is_stopped(ChannelKind::Sms) && reached(&d) == after);
    assert_eq!(d.sends()[0].1.outbound.to, Address::Phone(phone(NEW)), "nobody else hears that she said it");
    let named = Inbound { at: None, user_id: Some("GB.1".to_owned()), ..d.inbound("START") };
    assert!(deliver(&mut d, named).is_empty());
    assert!(!d.record().is_stopped(ChannelKind::Sms) && reached(&d) == after);
    let by_id = Inbound { from: Address::Bsuid("GB.1".to_owned()), user_id: Some("GB.1".to_owned()), ..d.inbound("hi") };
    assert!(deliver(&mut d, by_id).is_empty() && reached(&d) == after);
    // In the same second nobody else has the number yet.
    let still = Inbound { at: Some(at), ..d.inbound("hi") };
    assert!(deliver(&mut d, still).is_empty() && reached(&d) == after);
    // Later, or without a time, it is of whoever has it now.
    for at in [Some(at + Span::seconds(1)), None] {
        let message = Inbound { at, ..d.inbound("STOP") };
        assert_eq!(deliver(&mut d, message).len(), 1, "{at:?}");
    }
    assert!(!d.record().is_stopped(ChannelKind::Sms) && reached(&d) == after);
}

#[test]
fn the_old_number_is_given_up_whatever_was_known_of_the_new_one() {
    // Told first of an id alone, then of the number; written from the new number first; made one by an operator first.
    let by_id = |d: &Driver| Inbound {
        from: Address::Bsuid("GB.1".to_owned()),
        user_id: Some("GB.1".to_owned()),
        ..change(d, Some("447700900999"), None)
    };
    let mut d = driver();
    d.user("a");
    let message = by_id(&d);
    assert_eq!(deliver(&mut d, message), [Moving::Lead { address: Address::Phone(phone(NEW)) }]);
    assert_eq!((d.record().phone, d.record().left), (Some(phone(NEW)), vec![phone(PHONE)]));
    let message = change(&d, Some("447700900999"), None);
    assert!(deliver(&mut d, message).is_empty(), "the second word says nothing new");
    assert_eq!((d.record().phone, d.record().left), (Some(phone(NEW)), vec![phone(PHONE)]));
    let mut d = driver();
    d.user("a");
    d.change(|record| record.phone = Some(phone(NEW)));
    let message = change(&d, Some("447700900999"), None);
    assert!(deliver(&mut d, message).is_empty(), "it leads here already");
    assert_eq!((d.record().phone, d.record().left), (Some(phone(NEW)), vec![phone(PHONE)]));
    let stranger = d.inbound("red");
    assert_eq!(deliver(&mut d, stranger).len(), 1);
}

#[test]
fn an_old_word_of_a_change_undoes_no_later_one() {
    let mut d = driver();
    d.user("a");
    let first = changed(&mut d, Some("447700900999"), None);
    // Back to the old number, and the first change is told once more, for another number of ours.
    d.now = d.now + Span::minutes(1);
    let back = from(NEW, change(&d, Some(&PHONE[1..]), None));
    deliver(&mut d, back);
    let again = Inbound { at: Some(first), id: "late".to_owned(), ..change(&d, Some("447700900999"), None) };
    assert!(deliver(&mut d, again).is_empty());
    assert_eq!((d.record().phone, d.record().left), (Some(phone(PHONE)), vec![phone(NEW)]));
    // On to a third number: the first word is hers still, and no change of whoever has the number now.
    let mut d = driver();
    d.user("a");
    let first = changed(&mut d, Some("447700900999"), None);
    d.now = d.now + Span::minutes(1);
    let on = from(NEW, change(&d, Some("447700900777"), None));
    deliver(&mut d, on);
    let again = Inbound { at: Some(first), id: "late".to_owned(), ..change(&d, Some("447700900999"), None) };
    assert!(deliver(&mut d, again).is_empty());
    assert_eq!((d.record().phone, d.record().left), (Some(phone("+447700900777")), vec![phone(PHONE), phone(NEW)]));
}

#[test]
fn what_others_say_of_whoever_has_the_old_number_now_is_not_taken_over() {
    let mut d = driver();
    d.user("a");
    changed(&mut d, Some("447700900999"), Some("GB.2"));
    let before = d.record();
    let yes = ChannelKind::Sms.stop_bit();
    let who = ContactRef {
        phone: Some(phone(PHONE)),
        email: Some("bob@shop.example".to_owned()),
        id: Some("crm-bob".to_owned()),
        name: Some("Bob".to_owned()),
        attributes: vec![(Name::parse("vip").expect("a name"), Value::Bool(true))],
        consent: Some(Box::new(Consent { yes, ..Consent::default() })),
        ..ContactRef::default()
    };
    let event = |who: &ContactRef| InputEvent {
        name: EventName::parse("something").expect("a name"),
        data: Value::Null,
        contact: Some(who.clone()),
        to: who.clone(),
        callback: None,
    };
    d.turn(Some(Input::Event(Box::new(event(&who)))));
    assert_eq!(d.record(), Record { last: d.record().last, told: d.record().told, ..before });
    assert!(d.notes().iter().any(|note| note.contains("given up")), "{:?}", d.notes());
    // By the new number it is hers.
    let hers = ContactRef { phone: Some(phone(NEW)), ..who };
    d.turn(Some(Input::Event(Box::new(event(&hers)))));
    assert_eq!((d.record().email.as_deref(), d.record().consent), (Some("bob@shop.example"), yes));
}

#[test]
fn a_record_of_before_is_read_and_one_that_never_changed_is_written_as_ever() {
    let mut d = driver();
    d.user("a");
    let mut old = d.record();
    assert!(!codec::encode(&old).windows(3).any(|name| name == b"\xa2fm"), "nothing is kept of who never changed");
    old.left = vec![phone(PHONE)];
    old.phone = Some(phone(NEW));
    // As an earlier release wrote it: which numbers, and no times.
    let bytes = old.encode();
    assert!(!bytes.windows(3).any(|name| name == b"\xa2fm") && bytes.windows(3).any(|name| name == b"\xa2lf"));
    let read = Record::decode(&bytes).expect("a record");
    assert!(read.has_left(&phone(PHONE)) && read.former.is_empty());
    d.change(|record| *record = read);
    let stranger = d.inbound("red");
    assert_eq!(deliver(&mut d, stranger).len(), 1, "without a time it is of whoever has the number");
}

#[test]
fn whoever_has_the_old_number_fills_no_place_of_hers() {
    let mut d = driver();
    d.user("a");
    changed(&mut d, Some("447700900999"), None);
    let mut given = 0;
    for n in 0..100 {
        let message = Inbound { id: format!("flood{n}"), ..d.inbound("red") };
        given += deliver(&mut d, message).len();
    }
    assert_eq!(given, crate::domain::limits::CONTACT_MESSAGES_PER_MINUTE as usize);
    assert!(d.notes()[0].contains("one is dropped"), "{:?}", d.notes());
    // Their STOP goes on, and she is heard: the minute of one is not that of the other.
    let stop = Inbound { id: "stop".to_owned(), ..d.inbound("STOP") };
    assert_eq!(deliver(&mut d, stop).len(), 1);
    let hers = from(NEW, Inbound { id: "hers".to_owned(), ..d.inbound("red") });
    deliver(&mut d, hers);
    assert_eq!(d.said(), ["Thank you for a"]);
}

#[test]
fn what_no_outbox_takes_is_given_on_without_its_content() {
    let mut d = driver();
    d.user("a");
    changed(&mut d, Some("447700900999"), None);
    let room = crate::domain::limits::EFFECT_BYTES;
    let form = [("note".to_owned(), Value::Text("x".repeat(room)))].into_iter().collect();
    let message = Inbound { content: InboundContent::FormReply { form }, text: "Sent".to_owned(), ..d.inbound("") };
    let steps = deliver(&mut d, message);
    let [Moving::GiveOn { message, .. }] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!(message.content, InboundContent::Unsupported { kind: "too_large".to_owned() });
    assert_eq!(message.text, "Sent");
}

#[test]
fn what_either_of_two_gave_up_is_given_up_by_both() {
    let id = |text: &str, at| Former { address: Address::Bsuid(text.to_owned()), at };
    let known = |user_id: &str, former: Vec<Former>| Record { user_id: Some(user_id.to_owned()), former, ..Record::default() };
    // Whichever stays: the id that one of them has no more is not how both are reached.
    for (mut stays, goes) in [
        (known("GB.1", vec![]), known("GB.2", vec![id("GB.1", None)])),
        (known("GB.2", vec![id("GB.1", None)]), known("GB.1", vec![])),
    ] {
        stays.take_in(goes, Millis(1));
        assert_eq!((stays.user_id.as_deref(), stays.former), (Some("GB.2"), vec![id("GB.1", None)]));
    }
    // And the number that one of them has was given up for nobody else.
    let left = Former { address: Address::Phone(phone(PHONE)), at: Some(Millis(5)) };
    let mut stays = Record { phone: Some(phone(NEW)), left: vec![phone(PHONE)], former: vec![left], ..Record::default() };
    stays.take_in(Record { phone: Some(phone(PHONE)), ..Record::default() }, Millis(9));
    assert_eq!((stays.phone, stays.left, stays.former), (Some(phone(NEW)), vec![], vec![]));
}
