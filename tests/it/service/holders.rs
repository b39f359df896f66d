//! Whoever has a number after somebody else, when one of the two is deleted or the first one has it again.

use super::numbers::{NEW, change, record, rig, say, sent, settle, whatsapp};
use super::rig::{Backend, Rig, message};
use super::{ANN, on_every_store};
use replyflow::domain::address::Address;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::ContactKey;
use replyflow::domain::input::ContactRef;
use replyflow::domain::mode::Mode;
use replyflow::domain::name::EventName;
use replyflow::domain::value::Value;
use replyflow::service::NewEvent;

on_every_store!(
    what_a_deleted_holder_said_no_to_is_kept_when_the_first_one_is_deleted,
    what_the_holder_said_no_to_is_kept_wherever_the_first_one_was,
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
    rig.core.contact_key(Mode::Live, &format!("{ANN}/1"))
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
