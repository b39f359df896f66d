//! People whose number changes, and those who have their old one afterwards.

use super::collecting::compiled;
use super::rig::{Backend, Rig, answer, json, message};
use super::{ANN, BEN, on_every_store};
use crate::support::live::SIMULATED;
use replyflow::domain::address::{Address, E164};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::codec;
use replyflow::domain::id::ContactKey;
use replyflow::domain::input::ContactRef;
use replyflow::domain::message::{Inbound, InboundContent};
use replyflow::domain::mode::Mode;
use replyflow::domain::name::{ChannelName, EventName};
use replyflow::domain::time::Span;
use replyflow::domain::value::Value;
use replyflow::engine;
use replyflow::engine::record::Record;
use replyflow::service::{NewEvent, Received};
use replyflow::store::Place;

on_every_store!(
    a_contact_keeps_all_and_is_reached_at_the_new_number,
    whoever_is_at_the_new_number_becomes_part_of_the_contact,
    a_number_that_was_given_up_is_a_new_persons,
    a_number_goes_from_one_person_to_the_next,
    it_is_done_once_whoever_dies_on_the_way,
    a_change_of_nobodys_number_brings_nobody,
    a_late_message_with_the_old_id_makes_nobody_else_of_her,
    what_others_say_of_the_next_holder_leads_nowhere,
    her_opt_out_silences_nobody_at_the_old_number,
    a_stop_waits_for_nothing_that_is_said_to_her,
    who_has_the_number_back_gets_what_waited_for_somebody_else,
    what_the_next_holder_said_no_to_is_kept_when_she_is_deleted,
    an_erased_person_takes_nobody_elses_number_along,
);

pub(super) const NEW: &str = "+447700900999";

const ASKING: &str = "\
flow: asking
start: [ { message: any } ]
begin: ask
states:
  ask:
    ask: Which one?
    answer: text
    go: { ok: { say: 'Thank you for {{ reply.text }}', end: done }, silence: { after: 2h, end: silent } }
";

pub(super) async fn rig(backend: Backend) -> Rig {
    Rig::with(backend, engine::turn, |plan| {
        plan.toml = SIMULATED.to_owned();
        plan.catalog = compiled(&crate::support::project::of(SIMULATED), &[ASKING]);
    })
    .await
}

pub(super) fn whatsapp(from: &str, id: &str, text: &str) -> Inbound {
    let channel = ChannelName::parse("main-whatsapp").expect("a name");
    Inbound { channel, kind: ChannelKind::WhatsApp, ..message(from, id, text) }
}

pub(super) fn change(old: &str, id: &str, new: &str, user_id: Option<&str>) -> Inbound {
    let content = InboundContent::System {
        kind: "user_changed_number".to_owned(),
        new_user_id: user_id.map(str::to_owned),
        new_wa_id: Some(new[1..].to_owned()),
    };
    Inbound { content, ..whatsapp(old, id, "") }
}

pub(super) async fn say(rig: &Rig, message: Inbound) -> Received {
    let received = rig.core.receive_message(message).await.expect("accepted");
    settle(rig).await;
    received
}

pub(super) async fn settle(rig: &Rig) {
    for _ in 0..5 {
        rig.quiet().await;
        rig.pass(Span::seconds(5));
    }
}

/// What reached the provider: to whom, and what.
pub(super) fn sent(rig: &Rig) -> Vec<(String, String)> {
    let calls = rig.network.calls.lock().expect("not poisoned");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
    calls.iter().map(json).map(|body| (text(&body["to"]), text(&body["text"]))).collect()
}

pub(super) fn to(number: &str, texts: &[&str]) -> Vec<(String, String)> {
    texts.iter().map(|text| (number.to_owned(), (*text).to_owned())).collect()
}

pub(super) async fn record(rig: &Rig, key: ContactKey) -> Record {
    let (_, seen) = rig.core.seen(key).await.expect("looks").expect("is there");
    codec::decode(&seen.record.blob).expect("a record")
}

pub(super) fn phone(text: &str) -> Option<E164> {
    E164::parse(text)
}

async fn a_contact_keeps_all_and_is_reached_at_the_new_number(backend: Backend) {
    let rig = rig(backend).await;
    let ann = rig.key(ANN);
    say(&rig, message(ANN, "1", "STOP")).await;
    say(&rig, whatsapp(ANN, "2", "hi")).await;
    let before = record(&rig, ann).await;
    assert_eq!((before.runs.len(), before.is_stopped(ChannelKind::Sms)), (1, true));
    let told = sent(&rig).len();
    say(&rig, change(ANN, "4", NEW, Some("GB.2"))).await;
    assert_eq!(sent(&rig).len(), told, "nobody is written to because of it");
    assert_eq!(rig.store.inspect(rig.key(NEW)).await.expect("looks").map(|seen| seen.place), Some(Place::Moved(ann)));
    assert_eq!(rig.store.inspect(rig.key("bsuid:GB.2")).await.expect("looks").map(|seen| seen.place), Some(Place::Moved(ann)));
    say(&rig, whatsapp(NEW, "5", "red")).await;
    assert_eq!(sent(&rig)[told..], to(NEW, &["Thank you for red"]), "the question is still open");
    let after = record(&rig, ann).await;
    assert_eq!((after.phone.clone(), after.stop), (phone(NEW), before.stop), "the no is the person's");
    // The new number alone, the id alone, and what other systems still call them: all of it is this contact.
    say(&rig, Inbound { from: Address::Bsuid("GB.2".to_owned()), user_id: Some("GB.2".to_owned()), ..whatsapp(NEW, "6", "hi") })
        .await;
    assert_eq!(sent(&rig)[told + 1..], to(NEW, &["Which one?"]));
    assert_eq!(rig.core.contact_at(Mode::Live, &Address::from_wire(ANN)).await.expect("looks").map(|found| found.key), Some(ann));
}

async fn whoever_is_at_the_new_number_becomes_part_of_the_contact(backend: Backend) {
    let rig = rig(backend).await;
    let (ann, new) = (rig.key(ANN), rig.key(NEW));
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    // They were faster than the provider.
    say(&rig, whatsapp(NEW, "2", "hi, it is me")).await;
    rig.core.receive_message(message(NEW, "3", "STOP")).await.expect("accepted");
    settle(&rig).await;
    say(&rig, change(ANN, "4", NEW, None)).await;
    assert_eq!(rig.store.inspect(new).await.expect("looks").map(|seen| seen.place), Some(Place::Moved(ann)));
    let one = record(&rig, ann).await;
    assert_eq!(
        (one.phone.clone(), one.left.clone(), one.is_stopped(ChannelKind::Sms)),
        (phone(NEW), vec![phone(ANN).expect("a phone")], true)
    );
    assert!(one.merged.contains(&new) && one.coming.is_empty());
    let journal = rig.journal(ann).await;
    assert!(journal.iter().any(|event| matches!(event, replyflow::domain::journal::Event::TookIn { from } if *from == new)));
}

async fn a_number_that_was_given_up_is_a_new_persons(backend: Backend) {
    let rig = rig(backend).await;
    let ann = rig.key(ANN);
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    say(&rig, change(ANN, "2", NEW, Some("GB.2"))).await;
    let before = record(&rig, ann).await;
    let told = sent(&rig).len();
    // Somebody new writes from the old number: they are asked for themselves, and answer nothing of hers.
    let stranger = |id: &str, text: &str| Inbound { user_id: Some("GB.7".to_owned()), ..whatsapp(ANN, id, text) };
    say(&rig, stranger("3", "hello")).await;
    assert_eq!(sent(&rig)[told..], to(ANN, &["Which one?"]));
    assert_eq!(say(&rig, stranger("3", "hello")).await, Received::Duplicate);
    say(&rig, stranger("4", "blue")).await;
    assert_eq!(sent(&rig)[told + 1..], to(ANN, &["Thank you for blue"]));
    assert_eq!(record(&rig, ann).await.runs, before.runs, "her question is still open");
    // By their id alone they are found as well, and never she.
    let them = record(&rig, rig.key("bsuid:GB.7")).await;
    assert_eq!((them.phone, them.user_id.as_deref()), (phone(ANN), Some("GB.7")));
    assert!(!record(&rig, ann).await.merged.contains(&rig.key("bsuid:GB.7")));
    // Their STOP is theirs.
    say(&rig, message(ANN, "5", "STOP")).await;
    assert!(record(&rig, rig.key("bsuid:GB.7")).await.is_stopped(ChannelKind::Sms));
    assert!(!record(&rig, ann).await.is_stopped(ChannelKind::Sms));
    let told = sent(&rig).len();
    say(&rig, whatsapp(NEW, "6", "red")).await;
    assert_eq!(sent(&rig)[told..], to(NEW, &["Thank you for red"]));
}

async fn a_number_goes_from_one_person_to_the_next(backend: Backend) {
    let rig = rig(backend).await;
    let (ann, ben) = (rig.key(ANN), rig.key(BEN));
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    say(&rig, whatsapp(BEN, "2", "hi")).await;
    say(&rig, change(ANN, "3", NEW, None)).await;
    // Ben gets the number that was Ann's: they are two people all the same.
    say(&rig, change(BEN, "4", ANN, None)).await;
    let (first, second) = (record(&rig, ann).await, record(&rig, ben).await);
    assert_eq!((first.phone, second.phone), (phone(NEW), phone(ANN)));
    assert!(!first.merged.contains(&ben) && !second.merged.contains(&ann));
    let told = sent(&rig).len();
    say(&rig, whatsapp(ANN, "5", "blue")).await;
    assert_eq!(sent(&rig)[told..], to(ANN, &["Thank you for blue"]), "his question is answered from his new number");
    say(&rig, whatsapp(NEW, "6", "red")).await;
    assert_eq!(sent(&rig)[told + 1..], to(NEW, &["Thank you for red"]), "and hers from hers");
    // He moves on too, and a third one comes.
    say(&rig, change(ANN, "7", "+447700900777", None)).await;
    assert_eq!(record(&rig, ben).await.phone, phone("+447700900777"));
    let told = sent(&rig).len();
    say(&rig, whatsapp(ANN, "8", "hello")).await;
    assert_eq!(sent(&rig)[told..], to(ANN, &["Which one?"]), "somebody new");
    assert!(record(&rig, ben).await.runs.is_empty() && record(&rig, ann).await.runs.is_empty());
}

async fn it_is_done_once_whoever_dies_on_the_way(backend: Backend) {
    let rig = rig(backend).await;
    let ann = rig.key(ANN);
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    say(&rig, whatsapp(NEW, "2", "hi")).await;
    // Whatever runs dies before it ends, at every place in turn; leases bring it back.
    rig.core.receive_message(change(ANN, "3", NEW, Some("GB.2"))).await.expect("accepted");
    for n in 0..8 {
        for _ in 0..n {
            rig.tasks.run_only_the_first().await;
        }
        rig.tasks.die();
        rig.pass(Span::seconds(61));
        rig.core.tick().await.expect("looks");
    }
    settle(&rig).await;
    assert_eq!(rig.store.inspect(rig.key(NEW)).await.expect("looks").map(|seen| seen.place), Some(Place::Moved(ann)));
    let one = record(&rig, ann).await;
    assert_eq!((one.phone.clone(), one.user_id.as_deref(), one.coming.len()), (phone(NEW), Some("GB.2"), 0));
    let took = |event: &&replyflow::domain::journal::Event| matches!(event, replyflow::domain::journal::Event::TookIn { .. });
    assert_eq!(rig.journal(ann).await.iter().filter(took).count(), 1);
    // A stranger's message that is given on is theirs once, whoever dies over it.
    let told = sent(&rig).len();
    rig.core.receive_message(whatsapp(ANN, "4", "hello")).await.expect("accepted");
    for n in 0..4 {
        for _ in 0..n {
            rig.tasks.run_only_the_first().await;
        }
        rig.tasks.die();
        rig.pass(Span::seconds(61));
        rig.core.tick().await.expect("looks");
    }
    settle(&rig).await;
    let asked = sent(&rig)[told..].iter().filter(|(to, _)| to == ANN).count();
    assert!(asked <= 1, "{:?}", &sent(&rig)[told..]);
    let theirs = rig.core.contact_key(Mode::Live, &format!("{ANN}/1"));
    let heard = |event: &&replyflow::domain::journal::Event| matches!(event, replyflow::domain::journal::Event::Received { .. });
    assert_eq!(rig.journal(theirs).await.iter().filter(heard).count(), 1);
}

async fn a_change_of_nobodys_number_brings_nobody(backend: Backend) {
    let rig = rig(backend).await;
    assert_eq!(say(&rig, change(ANN, "1", NEW, Some("GB.2"))).await, Received::Nobody);
    for address in [ANN, NEW, "bsuid:GB.2"] {
        assert!(rig.store.inspect(rig.key(address)).await.expect("looks").is_none(), "{address}");
    }
}

async fn a_late_message_with_the_old_id_makes_nobody_else_of_her(backend: Backend) {
    let rig = rig(backend).await;
    let ann = rig.key(ANN);
    let hers = |id: &str, text: &str| Inbound { user_id: Some("GB.1".to_owned()), ..whatsapp(ANN, id, text) };
    say(&rig, hers("1", "hi")).await;
    say(&rig, change(ANN, "2", NEW, Some("GB.2"))).await;
    say(&rig, Inbound { user_id: Some("GB.7".to_owned()), ..whatsapp(ANN, "3", "hello") }).await;
    let told = sent(&rig).len();
    // Its webhook was not answered, and Meta brings it again: it is her answer, and she is reached where she is now.
    say(&rig, hers("4", "red")).await;
    assert_eq!(sent(&rig)[told..], to(NEW, &["Thank you for red"]));
    let one = record(&rig, ann).await;
    assert_eq!((one.phone, one.user_id.as_deref(), one.left), (phone(NEW), Some("GB.2"), vec![phone(ANN).expect("a phone")]));
    assert_eq!(rig.store.inspect(ann).await.expect("looks").map(|seen| seen.place), Some(Place::Here));
    let core = &rig.core;
    let whose = |key| async move { core.seen(key).await.expect("looks").map(|(whose, _)| whose) };
    let (old, other) = (whose(rig.key("bsuid:GB.1")).await, whose(rig.key("bsuid:GB.7")).await);
    assert!(old == Some(ann) && other.is_some() && other != Some(ann), "{old:?} {other:?}");
}

async fn what_others_say_of_the_next_holder_leads_nowhere(backend: Backend) {
    let rig = rig(backend).await;
    let ann = rig.key(ANN);
    let event = |phone: Option<E164>, id: &str| NewEvent {
        name: EventName::parse("ordered").expect("a name"),
        contact: Some(ContactRef {
            phone,
            email: Some("bob@shop.example".to_owned()),
            id: Some("crm-bob".to_owned()),
            ..ContactRef::default()
        }),
        data: Value::Null,
        id: Some(id.to_owned()),
        callback: None,
        mode: Mode::Live,
    };
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    say(&rig, change(ANN, "2", NEW, None)).await;
    rig.core.receive_event(event(phone(ANN), "1")).await.expect("taken");
    settle(&rig).await;
    let one = record(&rig, ann).await;
    assert_eq!((one.email, one.external), (None, None), "Bob's");
    let places = ["email:bob@shop.example", "id:crm-bob"].map(|address| rig.key(address));
    for place in places {
        assert!(rig.store.inspect(place).await.expect("looks").is_none(), "mail for Bob or from him would be Ann's");
    }
    // By the number that she has, it is said of her.
    rig.core.receive_event(event(phone(NEW), "2")).await.expect("taken");
    settle(&rig).await;
    for place in places {
        assert_eq!(rig.store.inspect(place).await.expect("looks").map(|seen| seen.place), Some(Place::Moved(ann)));
    }
    assert_eq!(record(&rig, ann).await.email.as_deref(), Some("bob@shop.example"));
}

async fn her_opt_out_silences_nobody_at_the_old_number(backend: Backend) {
    let rig = rig(backend).await;
    say(&rig, message(ANN, "1", "STOP")).await;
    say(&rig, change(ANN, "2", NEW, None)).await;
    let told = sent(&rig).len();
    say(&rig, message(ANN, "3", "hello")).await;
    assert_eq!(sent(&rig)[told..], to(ANN, &["Which one?"]), "it is not who has the number now that opted out");
    // Their own word counts at once, and hers still does.
    say(&rig, message(ANN, "4", "STOP")).await;
    let told = sent(&rig).len();
    say(&rig, message(ANN, "5", "hello")).await;
    say(&rig, message(NEW, "6", "hello")).await;
    assert!(sent(&rig)[told..].is_empty(), "{:?}", sent(&rig));
}

async fn a_stop_waits_for_nothing_that_is_said_to_her(backend: Backend) {
    let rig = rig(backend).await;
    let theirs = rig.core.contact_key(Mode::Live, &format!("{ANN}/1"));
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    say(&rig, change(ANN, "2", NEW, None)).await;
    say(&rig, whatsapp(ANN, "3", "hello")).await;
    // What is said to her does not leave: the provider fails.
    for _ in 0..20 {
        rig.script(|_| answer(500, "{}"));
    }
    rig.core.receive_message(whatsapp(NEW, "4", "red")).await.expect("accepted");
    rig.quiet().await;
    rig.core.receive_message(whatsapp(ANN, "5", "blue")).await.expect("accepted");
    rig.core.receive_message(whatsapp(ANN, "6", "STOP")).await.expect("accepted");
    rig.quiet().await;
    assert!(record(&rig, theirs).await.is_stopped(ChannelKind::WhatsApp), "heard before her messages have left");
}

async fn who_has_the_number_back_gets_what_waited_for_somebody_else(backend: Backend) {
    let rig = rig(backend).await;
    let ann = rig.key(ANN);
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    say(&rig, change(ANN, "2", NEW, None)).await;
    // It waits behind what is said to her, and meanwhile she has her old number again.
    rig.script(|_| answer(500, "{}"));
    for message in [whatsapp(NEW, "3", "red"), whatsapp(ANN, "4", "it is me"), change(NEW, "5", ANN, None)] {
        rig.core.receive_message(message).await.expect("accepted");
        rig.quiet().await;
    }
    settle(&rig).await;
    settle(&rig).await;
    assert!(rig.store.failed_list(10).await.expect("looks").is_empty());
    let texts = |event| match event {
        replyflow::domain::journal::Event::Received { text, .. } => Some(text),
        _ => None,
    };
    let heard: Vec<String> = rig.journal(ann).await.into_iter().filter_map(texts).collect();
    assert_eq!(heard, ["hi", "", "red", "", "it is me"]);
    assert_eq!(record(&rig, ann).await.phone, phone(ANN));
}

async fn what_the_next_holder_said_no_to_is_kept_when_she_is_deleted(backend: Backend) {
    let rig = rig(backend).await;
    let ann = rig.key(ANN);
    let theirs = |id: &str, text: &str| Inbound { user_id: Some("GB.7".to_owned()), ..whatsapp(ANN, id, text) };
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    say(&rig, change(ANN, "2", NEW, None)).await;
    say(&rig, message(ANN, "3", "STOP")).await;
    say(&rig, theirs("4", "hello")).await;
    rig.core.forget(ann, "a test").await.expect("deleted");
    settle(&rig).await;
    // Whoever writes from the number begins where she was, with that no and with none of the other kind.
    let kept = rig.store.suppressed(ann).await.expect("looks");
    assert!(kept.stops(ChannelKind::Sms) && !kept.stops(ChannelKind::WhatsApp));
    let told = sent(&rig).len();
    say(&rig, message(ANN, "5", "hello")).await;
    assert_eq!(sent(&rig).len(), told, "they said that they want no text messages");
    // Their WhatsApp id says who they are: what they were asked is theirs again.
    say(&rig, theirs("6", "hello again")).await;
    settle(&rig).await;
    assert!(record(&rig, ann).await.is_stopped(ChannelKind::Sms));
    assert_eq!(record(&rig, ann).await, record(&rig, rig.key("bsuid:GB.7")).await, "one contact");
}

async fn an_erased_person_takes_nobody_elses_number_along(backend: Backend) {
    let rig = rig(backend).await;
    // She was known by mail first: her number is another name of hers.
    let ann = rig.key("email:ann@shop.example");
    let mail = ContactRef { email: Some("ann@shop.example".to_owned()), ..ContactRef::default() };
    let event = NewEvent {
        name: EventName::parse("ordered").expect("a name"),
        contact: Some(mail),
        data: Value::Null,
        id: Some("1".to_owned()),
        callback: None,
        mode: Mode::Live,
    };
    rig.core.receive_event(event).await.expect("taken");
    rig.core.link(Mode::Live, &Address::from_wire(ANN), ann, "a test").await.expect("linked");
    settle(&rig).await;
    say(&rig, whatsapp(ANN, "2", "hi")).await;
    say(&rig, change(ANN, "3", NEW, None)).await;
    assert!(record(&rig, ann).await.merged.contains(&rig.key(ANN)), "her old number is a name of hers");
    rig.core.forget_and_suppress(ann, "a test").await.expect("deleted");
    let listed = |address: &str| {
        let address = rig.key(address);
        let core = &rig.core;
        async move { !core.suppressions_of(address).await.expect("looks").is_empty() }
    };
    assert!(listed(NEW).await && listed("email:ann@shop.example").await);
    assert!(!listed(ANN).await, "it is for whoever has it next");
}
