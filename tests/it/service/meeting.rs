//! WhatsApp tells who writes by an id of theirs, by their phone, or by both: whoever is named by both is one contact, whatever was known before.

use super::collecting::compiled;
use super::lost::{Losing, losing_under};
use super::on_every_store;
use super::rig::{Backend, Plan, Rig, message};
use crate::support::live::SIMULATED;
use replyflow::domain::address::Address;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::codec;
use replyflow::domain::id::ContactKey;
use replyflow::domain::journal::Event;
use replyflow::domain::message::Inbound;
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::Span;
use replyflow::engine;
use replyflow::engine::record::Record;
use replyflow::service::Received;
use replyflow::store::{Place, StoreError};
use std::sync::Arc;

on_every_store!(
    whoever_was_known_by_id_is_known_by_phone,
    whoever_was_known_by_phone_is_known_by_id,
    two_who_turn_out_to_be_one_become_one,
    what_is_said_again_changes_nothing,
    what_failed_after_the_message_was_stored_is_made_up_for,
);

const PHONE: &str = "+447700900101";
const ID: &str = "GB.1349138721";

const ECHO: &str = "\
flow: echo
start: [ { message: any } ]
begin: told
states: { told: { say: Hello., end: told } }
";

fn plan(plan: &mut Plan) {
    plan.toml = SIMULATED.to_owned();
    plan.catalog = compiled(&crate::support::project::of(SIMULATED), &[ECHO]);
}

async fn rig(backend: Backend) -> Rig {
    Rig::with(backend, engine::turn, plan).await
}

async fn losing(backend: Backend) -> (Rig, Arc<Losing>) {
    losing_under(backend, engine::turn, plan).await
}

/// A message over WhatsApp that names its writer by phone.
fn by_phone(id: &str, text: &str) -> Inbound {
    let channel = ChannelName::parse("main-whatsapp").expect("a name");
    Inbound { channel, kind: ChannelKind::WhatsApp, ..message(PHONE, id, text) }
}

/// One that names them by id alone.
fn by_id(id: &str, text: &str) -> Inbound {
    Inbound { from: Address::Bsuid(ID.to_owned()), user_id: Some(ID.to_owned()), ..by_phone(id, text) }
}

/// One that names them by both.
fn by_both(id: &str, text: &str) -> Inbound {
    Inbound { user_id: Some(ID.to_owned()), ..by_phone(id, text) }
}

async fn say(rig: &Rig, message: Inbound) -> Received {
    let received = rig.core.receive_message(message).await.expect("accepted");
    settle(rig).await;
    received
}

async fn settle(rig: &Rig) {
    for _ in 0..5 {
        rig.quiet().await;
        rig.pass(Span::seconds(5));
    }
}

fn key_of_id(rig: &Rig) -> ContactKey {
    rig.key(&Address::Bsuid(ID.to_owned()).canonical())
}

async fn place(rig: &Rig, key: ContactKey) -> Option<Place> {
    rig.store.inspect(key).await.expect("looks").map(|seen| seen.place)
}

async fn record(rig: &Rig, key: ContactKey) -> Record {
    let seen = rig.store.inspect(key).await.expect("looks").expect("is there");
    assert_eq!(seen.place, Place::Here);
    codec::decode(&seen.record.blob).expect("a record")
}

/// Both names lead to one contact, who has both.
async fn is_one(rig: &Rig) -> Record {
    let (phone, id) = (rig.key(PHONE), key_of_id(rig));
    assert_eq!(place(rig, id).await, Some(Place::Moved(phone)), "the id leads to the phone's contact");
    let record = record(rig, phone).await;
    assert_eq!((record.user_id.as_deref(), record.phone.as_ref().map(|phone| phone.as_str())), (Some(ID), Some(PHONE)));
    assert_eq!(record.merged, [id], "who deletes the contact finds the id too");
    record
}

/// What was written to the contact, in order.
async fn received(rig: &Rig, key: ContactKey) -> Vec<String> {
    let events = rig.journal(key).await;
    let texts = events.into_iter().filter_map(|event| match event {
        Event::Received { text, .. } => Some(text),
        _ => None,
    });
    texts.collect()
}

async fn whoever_was_known_by_id_is_known_by_phone(backend: Backend) {
    let rig = rig(backend).await;
    say(&rig, by_id("1", "hi")).await;
    assert_eq!((place(&rig, key_of_id(&rig)).await, place(&rig, rig.key(PHONE)).await), (Some(Place::Here), None));
    say(&rig, by_id("2", "STOP")).await;
    assert_eq!(rig.texts().len(), 2, "an answer, and the last word to the STOP: {:?}", rig.texts());
    // From now on the provider tells the phone as well.
    say(&rig, by_both("3", "hello")).await;
    let record = is_one(&rig).await;
    assert!(record.is_stopped(ChannelKind::WhatsApp), "the STOP holds for whoever said it, by whatever name");
}

async fn whoever_was_known_by_phone_is_known_by_id(backend: Backend) {
    let rig = rig(backend).await;
    say(&rig, by_phone("1", "hi")).await;
    assert_eq!((place(&rig, key_of_id(&rig)).await, place(&rig, rig.key(PHONE)).await), (None, Some(Place::Here)));
    say(&rig, by_both("2", "hello")).await;
    is_one(&rig).await;
    // The phone is hidden later on: it is still the same person.
    say(&rig, by_id("3", "STOP")).await;
    assert!(is_one(&rig).await.is_stopped(ChannelKind::WhatsApp));
    assert_eq!(received(&rig, rig.key(PHONE)).await, ["hi", "hello", "STOP"]);
}

async fn two_who_turn_out_to_be_one_become_one(backend: Backend) {
    let rig = rig(backend).await;
    say(&rig, by_id("1", "by id")).await;
    say(&rig, by_phone("2", "by phone")).await;
    assert_eq!(place(&rig, key_of_id(&rig)).await, Some(Place::Here));
    say(&rig, by_both("3", "by both")).await;
    is_one(&rig).await;
    let events = rig.journal(rig.key(PHONE)).await;
    let taken: Vec<_> = events.iter().filter(|event| matches!(event, Event::TookIn { .. })).collect();
    assert_eq!(taken.len(), 1, "{taken:?}");
    // Another instance, which remembers nothing, finds the same.
    let another = rig.another().await;
    assert_eq!(another.receive_message(by_id("4", "again by id")).await.expect("accepted"), Received::Begun);
    settle(&rig).await;
    assert_eq!(received(&rig, rig.key(PHONE)).await.last().map(String::as_str), Some("again by id"));
}

async fn what_is_said_again_changes_nothing(backend: Backend) {
    let rig = rig(backend).await;
    say(&rig, by_both("1", "one")).await;
    is_one(&rig).await;
    let before = record(&rig, rig.key(PHONE)).await;
    assert_eq!(say(&rig, by_both("1", "one")).await, Received::Duplicate);
    assert_eq!(record(&rig, rig.key(PHONE)).await, before, "the same message again");
    say(&rig, by_both("2", "two")).await;
    is_one(&rig).await;
}

async fn what_failed_after_the_message_was_stored_is_made_up_for(backend: Backend) {
    let (rig, store) = losing(backend).await;
    say(&rig, by_id("1", "by id")).await;
    store.lose(&["link"; 200]);
    let failed = rig.core.receive_message(by_both("2", "by both")).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "the provider hears 503, and comes again: {failed:?}");
    settle(&rig).await;
    assert_eq!(place(&rig, key_of_id(&rig)).await, Some(Place::Here), "they are two still");
    assert_eq!(received(&rig, rig.key(PHONE)).await, ["by both"], "the message itself was stored");
    store.heal();
    assert_eq!(say(&rig, by_both("2", "by both")).await, Received::Duplicate);
    is_one(&rig).await;
    assert_eq!(received(&rig, rig.key(PHONE)).await, ["by both"], "it takes effect once");
}
