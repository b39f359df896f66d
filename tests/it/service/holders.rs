//! Whoever has a number after somebody else, when one of the two is deleted or the first one has it again.

use super::numbers::{NEW, change, phone, record, rig, say, sent, settle, to, whatsapp};
use super::rig::{Backend, Rig, answer, message};
use super::{ANN, on_every_store};
use replyflow::domain::address::Address;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::ContactKey;
use replyflow::domain::input::ContactRef;
use replyflow::domain::journal::Event;
use replyflow::domain::message::Inbound;
use replyflow::domain::mode::Mode;
use replyflow::domain::name::EventName;
use replyflow::domain::value::Value;
use replyflow::service::{NewEvent, Received};
use replyflow::store::Place;

on_every_store!(
    what_a_deleted_holder_said_no_to_is_kept_when_the_first_one_is_deleted,
    what_the_holder_said_no_to_is_kept_wherever_the_first_one_was,
    what_the_holder_wrote_goes_on_when_the_first_one_is_deleted,
    what_nobody_has_looked_at_yet_goes_on_to_the_holder_too,
    what_waits_brings_no_deleted_holder_back,
    whoever_had_the_number_meanwhile_is_not_written_to_there,
    a_change_that_was_taken_back_makes_nobody_part_of_her,
);

/// She was known by mail first: her number is another name of hers.
async fn known_by_mail(rig: &Rig) -> ContactKey {
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
    let ann = rig.key("email:ann@shop.example");
    rig.core.link(Mode::Live, &Address::from_wire(ANN), ann, "a test").await.expect("linked");
    settle(rig).await;
    ann
}

/// The place of whoever has her number after her.
fn next(rig: &Rig) -> ContactKey {
    nth(rig, ANN, 1)
}

fn nth(rig: &Rig, number: &str, n: usize) -> ContactKey {
    rig.core.contact_key(Mode::Live, &format!("{number}/{n}"))
}

/// What a contact's journal says that they wrote.
async fn heard(rig: &Rig, contact: ContactKey) -> Vec<String> {
    let text = |event| match event {
        Event::Received { text, .. } => Some(text),
        _ => None,
    };
    rig.journal(contact).await.into_iter().filter_map(text).collect()
}

/// She has another number, and something is said to her that her provider does not take now. What comes from the old number waits behind it.
async fn busy(rig: &Rig) {
    say(rig, whatsapp(ANN, "1", "hi")).await;
    say(rig, change(ANN, "2", NEW, None)).await;
    rig.script(|_| answer(500, "{}"));
    rig.core.receive_message(whatsapp(NEW, "3", "red")).await.expect("accepted");
    rig.quiet().await;
}

/// From her old number, as far as it comes without time.
async fn say_now(rig: &Rig, id: &str, text: &str) {
    rig.core.receive_message(whatsapp(ANN, id, text)).await.expect("accepted");
    rig.quiet().await;
}

async fn what_a_deleted_holder_said_no_to_is_kept_when_the_first_one_is_deleted(backend: Backend) {
    let rig = rig(backend).await;
    let (ann, bob) = (rig.key(ANN), next(&rig));
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    say(&rig, change(ANN, "2", NEW, None)).await;
    say(&rig, message(ANN, "3", "STOP")).await;
    for contact in [bob, ann] {
        rig.core.forget(contact, "a test").await.expect("deleted");
        settle(&rig).await;
        let kept = rig.store.suppressed(contact).await.expect("looks");
        assert!(kept.stops(ChannelKind::Sms) && !kept.stops(ChannelKind::WhatsApp), "{contact}: {kept:?}");
    }
    let told = sent(&rig).len();
    say(&rig, message(ANN, "4", "hello")).await;
    assert_eq!(sent(&rig).len(), told, "whoever has the number said that they want no text messages");
}

async fn what_the_holder_said_no_to_is_kept_wherever_the_first_one_was(backend: Backend) {
    let rig = rig(backend).await;
    let ann = known_by_mail(&rig).await;
    say(&rig, whatsapp(ANN, "2", "hi")).await;
    say(&rig, change(ANN, "3", NEW, None)).await;
    say(&rig, message(ANN, "4", "STOP")).await;
    assert!(record(&rig, next(&rig)).await.is_stopped(ChannelKind::Sms) && !record(&rig, ann).await.is_stopped(ChannelKind::Sms));
    rig.core.forget(ann, "a test").await.expect("deleted");
    settle(&rig).await;
    let told = sent(&rig).len();
    say(&rig, message(ANN, "5", "hello")).await;
    assert_eq!(sent(&rig).len(), told, "whoever has the number said that they want no text messages");
    assert!(record(&rig, ann).await.is_stopped(ChannelKind::Sms), "the number still leads to her place, and they begin there");
}

async fn what_the_holder_wrote_goes_on_when_the_first_one_is_deleted(backend: Backend) {
    for known in [false, true] {
        let rig = rig(backend).await;
        let (ann, bob) = (rig.key(ANN), next(&rig));
        busy(&rig).await;
        if known {
            // Their words of HELP wait for nothing, and they are somebody since then.
            say_now(&rig, "4", "HELP").await;
        }
        let before = heard(&rig, bob).await;
        say_now(&rig, "5", "blue").await;
        assert_eq!(rig.store.inspect(ann).await.expect("looks").map(|seen| seen.lane.len()), Some(2), "it waits behind hers");
        rig.core.forget(ann, "a test").await.expect("deleted");
        settle(&rig).await;
        let mut all = before;
        all.push("blue".to_owned());
        assert_eq!(heard(&rig, bob).await, all, "known before: {known}");
        assert!(rig.store.inspect(ann).await.expect("looks").is_none(), "she is not brought back");
        // Its provider brings it again: it has been heard.
        assert_eq!(say(&rig, whatsapp(ANN, "5", "blue")).await, Received::Duplicate);
        assert_eq!(heard(&rig, bob).await, all);
    }
}

async fn what_nobody_has_looked_at_yet_goes_on_to_the_holder_too(backend: Backend) {
    let rig = rig(backend).await;
    let (ann, bob) = (rig.key(ANN), next(&rig));
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    say(&rig, change(ANN, "2", NEW, None)).await;
    for message in [whatsapp(ANN, "3", "blue"), whatsapp(NEW, "4", "red")] {
        rig.core.receive_message(message).await.expect("accepted");
    }
    rig.core.forget(ann, "a test").await.expect("deleted");
    settle(&rig).await;
    assert_eq!(heard(&rig, bob).await, ["blue"], "hers goes with her");
    assert!(rig.store.inspect(ann).await.expect("looks").is_none());
}

async fn what_waits_brings_no_deleted_holder_back(backend: Backend) {
    let rig = rig(backend).await;
    let (ann, bob) = (rig.key(ANN), next(&rig));
    busy(&rig).await;
    say_now(&rig, "4", "HELP").await;
    say_now(&rig, "5", "blue").await;
    rig.core.forget(bob, "a test").await.expect("deleted");
    for _ in 0..5 {
        settle(&rig).await;
    }
    assert!(rig.store.inspect(ann).await.expect("looks").is_some_and(|seen| seen.lane.is_empty()), "all that waited is done");
    assert!(rig.store.inspect(bob).await.expect("looks").is_none(), "{:?}", heard(&rig, bob).await);
    // What they write from now on does.
    say(&rig, whatsapp(ANN, "6", "hello")).await;
    assert!(rig.store.inspect(bob).await.expect("looks").is_some());
}

async fn whoever_had_the_number_meanwhile_is_not_written_to_there(backend: Backend) {
    for told in [true, false] {
        let rig = rig(backend).await;
        let (ann, bob, carol) = (rig.key(ANN), next(&rig), nth(&rig, ANN, 2));
        let hers = |from: &str, id: &str, text: &str| Inbound { user_id: Some("GB.1".to_owned()), ..whatsapp(from, id, text) };
        say(&rig, hers(ANN, "1", "hi")).await;
        say(&rig, change(ANN, "2", NEW, None)).await;
        say(&rig, whatsapp(ANN, "3", "hello")).await;
        assert_eq!(record(&rig, bob).await.phone, phone(ANN));
        // Her provider says that she has it again, or she writes from there under her own id.
        let back = if told { change(NEW, "4", ANN, None) } else { hers(ANN, "4", "one moment") };
        say(&rig, back).await;
        let one = record(&rig, bob).await;
        assert_eq!((one.phone, one.left, one.runs.len()), (None, vec![phone(ANN).expect("a phone")], 1), "told: {told}");
        assert_eq!(record(&rig, ann).await.phone, phone(ANN));
        assert!(!record(&rig, ann).await.merged.contains(&bob), "they are two people");
        // She gives it up once more: that it is somebody else's then is not said to him, and he is not asked what they answer.
        say(&rig, change(ANN, "5", NEW, None)).await;
        let asked = sent(&rig).len();
        say(&rig, whatsapp(ANN, "6", "good evening")).await;
        assert_eq!(sent(&rig)[asked..], to(ANN, &["Which one?"]), "somebody new");
        assert_eq!(record(&rig, carol).await.phone, phone(ANN));
        say(&rig, change(NEW, "7", ANN, None)).await;
        assert_eq!((record(&rig, carol).await.phone, record(&rig, bob).await.phone), (None, None));
    }
}

async fn a_change_that_was_taken_back_makes_nobody_part_of_her(backend: Backend) {
    let rig = rig(backend).await;
    let (ann, bob) = (rig.key(ANN), nth(&rig, NEW, 1));
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    say(&rig, change(ANN, "2", NEW, None)).await;
    say(&rig, change(NEW, "3", ANN, None)).await;
    say(&rig, whatsapp(NEW, "4", "hello")).await;
    // She has his number for a moment: by the time that is followed, it is his again.
    for message in [change(ANN, "5", NEW, None), change(NEW, "6", ANN, None)] {
        rig.core.receive_message(message).await.expect("accepted");
    }
    rig.tasks.run_only_the_first().await;
    assert_eq!(record(&rig, ann).await.left, [phone(NEW).expect("a phone")], "both are decided");
    settle(&rig).await;
    assert_eq!(rig.store.inspect(bob).await.expect("looks").map(|seen| seen.place), Some(Place::Here));
    assert!(!record(&rig, ann).await.merged.contains(&bob));
}
