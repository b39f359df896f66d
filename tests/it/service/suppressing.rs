//! The suppression list at work: nothing is sent to an address on it, by any instance, and it is asked for only where it may say something.

use super::collecting::compiled;
use super::on_every_store;
use super::passing::{failure, report};
use super::rig::{Backend, Rig};
use super::{ANN, BEN};
use crate::support::live::SIMULATED;
use replyflow::domain::address::Address;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::journal::{AttemptOutcome, Event};
use replyflow::domain::message::{DeliveryStatus, FailureReason};
use replyflow::domain::name::ChannelName;
use replyflow::domain::suppression::{Over, Put, Suppression, SuppressionReason, Withheld};
use replyflow::domain::time::{Millis, Span};
use replyflow::engine;
use replyflow::provider::{Complaint, OptOutScope, StatusReport};
use replyflow::service::forget::Erased;
use replyflow::service::suppressions::Putting;

on_every_store!(
    nothing_is_sent_to_an_address_on_the_list,
    another_instance_knows_within_a_look_and_what_is_taken_off_at_once,
    what_was_decided_before_is_refused_when_it_is_sent,
    what_providers_say_for_good_is_listed_once_and_a_message_disproves_it,
    the_list_outlives_the_contact_and_notes_do_not,
);

const ECHO: &str = "\
flow: echo
start: [ { message: any } ]
begin: told
states: { told: { say: Hello., end: told } }
";

async fn rig(backend: Backend) -> Rig {
    Rig::with(backend, engine::turn, |plan| {
        plan.toml = SIMULATED.to_owned();
        plan.catalog = compiled(&crate::support::project::of(SIMULATED), &[ECHO]);
    })
    .await
}

fn entry(rig: &Rig, over: Over, reason: SuppressionReason, until: Option<Millis>) -> Suppression {
    let at = rig.core.store_now();
    Suppression { over, what: Withheld::Everything, reason, by: "ada".to_owned(), at, note: Some("asked".to_owned()), until }
}

async fn put(rig: &Rig, address: &str, entry: Suppression) -> Put {
    let address = rig.core.listed_as(&Address::from_wire(address));
    rig.core.put_suppression(address, entry, Putting::Asked).await.expect("stored")
}

async fn failures(rig: &Rig, who: &str) -> Vec<(FailureReason, String)> {
    let events = rig.journal(rig.key(who)).await;
    let failed = |event: &Event| match event {
        Event::Attempted { outcome: AttemptOutcome::Failed { reason }, detail, .. } => {
            Some((*reason, detail.clone().unwrap_or_default()))
        }
        _ => None,
    };
    events.iter().filter_map(failed).collect()
}

async fn nothing_is_sent_to_an_address_on_the_list(backend: Backend) {
    let rig = rig(backend).await;
    // Nobody is known there yet: the flow begins, and what it says does not leave.
    assert_eq!(put(&rig, ANN, entry(&rig, Over::All, SuppressionReason::Requested, None)).await, Put::Added);
    rig.say(ANN, "1", "hi").await;
    rig.say(BEN, "2", "hi").await;
    rig.quiet().await;
    assert_eq!(rig.texts(), ["Hello."], "only Ben hears");
    let said = "the address is on the suppression list: the person asked for it".to_owned();
    assert_eq!(failures(&rig, ANN).await, [(FailureReason::Suppressed, said)]);
    // Of somebody who is known the engine knows before it decides, and says why there is nothing.
    rig.say(ANN, "3", "hi again").await;
    rig.quiet().await;
    let notes = |events: Vec<Event>| {
        events.into_iter().filter_map(|event| match event {
            Event::Note { text, .. } if text.contains("suppression") => Some(text),
            _ => None,
        })
    };
    let notes: Vec<String> = notes(rig.journal(rig.key(ANN)).await).collect();
    assert_eq!(notes, ["the contact's address is on the suppression list"]);
    assert_eq!(rig.texts(), ["Hello."]);
}

async fn another_instance_knows_within_a_look_and_what_is_taken_off_at_once(backend: Backend) {
    let rig = rig(backend).await;
    let other = rig.another().await;
    assert_eq!(put(&rig, ANN, entry(&rig, Over::All, SuppressionReason::Manual, None)).await, Put::Added);
    let third = rig.another().await;
    let address = rig.core.listed_as(&Address::from_wire(ANN));
    for core in [&other, &third] {
        core.follow_suppressions().await.expect("looks");
        core.receive_message(super::rig::message(ANN, &format!("{:p}", &**core), "hi")).await.expect("accepted");
        rig.tasks.run().await;
        assert_eq!(rig.texts(), Vec::<String>::new(), "an instance that followed, or began later, sends nothing");
    }
    let over = Over::All;
    assert_eq!(rig.core.take_suppression(address, &over, Withheld::Everything).await, Ok(true));
    assert_eq!(rig.core.take_suppression(address, &over, Withheld::Everything).await, Ok(false));
    // What an instance still remembers decides nothing: it asks.
    other.receive_message(super::rig::message(ANN, "free", "hi")).await.expect("accepted");
    rig.tasks.run().await;
    assert_eq!(rig.texts(), ["Hello."]);
    let until = Some(rig.core.store_now() + Span::hours(1));
    assert_eq!(put(&rig, ANN, entry(&rig, Over::All, SuppressionReason::Manual, until)).await, Put::Added);
    rig.say(ANN, "2", "hi").await;
    assert_eq!(rig.texts().len(), 1);
    rig.pass(Span::hours(1));
    rig.say(ANN, "3", "hi").await;
    assert_eq!(rig.texts().len(), 2, "an entry ends in its time");
}

async fn what_was_decided_before_is_refused_when_it_is_sent(backend: Backend) {
    let rig = rig(backend).await;
    rig.say(ANN, "1", "hi").await;
    // Two more are decided; the provider is slow with the first, and meanwhile the address is listed.
    let (core, address) = (std::sync::Arc::clone(&rig.core), rig.core.listed_as(&Address::from_wire(ANN)));
    let listed = entry(&rig, Over::Channel(ChannelName::parse("main-sms").expect("a name")), SuppressionReason::Legal, None);
    rig.script_slowly(move |_| {
        Box::pin(async move {
            core.put_suppression(address, listed, Putting::Asked).await.expect("stored");
            super::rig::answer(503, "")
        })
    });
    rig.say(ANN, "2", "hi").await;
    for _ in 0..5 {
        rig.pass(Span::minutes(1));
        rig.quiet().await;
    }
    let reasons: Vec<FailureReason> = failures(&rig, ANN).await.into_iter().map(|(reason, _)| reason).collect();
    assert_eq!(reasons, [FailureReason::Suppressed], "it was tried again, and refused then");
    assert_eq!(rig.texts().len(), 2, "nothing reached the provider since");
}

async fn what_providers_say_for_good_is_listed_once_and_a_message_disproves_it(backend: Backend) {
    let rig = rig(backend).await;
    rig.say(ANN, "1", "hi").await;
    let address = rig.core.listed_as(&Address::from_wire(ANN));
    let told =
        |failure| StatusReport { recipient: Some(Address::from_wire(ANN)), ..report(None, DeliveryStatus::Failed, failure) };
    rig.core.receive_report(told(failure(FailureReason::Unreachable, None))).await.expect("noted");
    rig.core.receive_report(told(failure(FailureReason::OptedOut, Some(OptOutScope::Everything)))).await.expect("noted");
    assert!(rig.core.suppressions_of(address).await.expect("reads").is_empty(), "an opt-out is the contact's own");
    rig.core.receive_report(told(failure(FailureReason::Invalid, None))).await.expect("noted");
    assert!(rig.core.suppressions_of(address).await.expect("reads").is_empty(), "she has just written from there");
    rig.pass(Span::days(2));
    for _ in 0..2 {
        rig.core.receive_report(told(failure(FailureReason::Invalid, None))).await.expect("noted");
    }
    let list = rig.core.suppressions_of(address).await.expect("reads");
    let shown: Vec<_> = list.iter().map(|entry| (entry.over.to_string(), entry.reason, entry.by.clone())).collect();
    assert_eq!(shown, [("sms".to_owned(), SuppressionReason::InvalidNumber, "channel:main-sms".to_owned())]);
    assert!(list.iter().all(|entry| entry.until.is_some()), "numbers are given to others");
    rig.say(ANN, "2", "START").await;
    assert!(rig.core.suppressions_of(address).await.expect("reads").is_empty(), "whoever writes is there");
    let mail = Address::Email("ann@shop.example".to_owned());
    let complaint = Complaint {
        channel: ChannelName::parse("main-mail").expect("a name"),
        kind: ChannelKind::Email,
        send: None,
        recipient: Some(mail.clone()),
        id: "c1".to_owned(),
    };
    let about = replyflow::provider::Decoded::Complaint(complaint);
    rig.core.receive(vec![about]).await.expect("noted");
    let listed = rig.core.suppressions_of(rig.core.listed_as(&mail)).await.expect("reads");
    assert_eq!(listed.iter().map(|entry| entry.reason).collect::<Vec<_>>(), [SuppressionReason::Complaint], "also of nobody");
}

async fn the_list_outlives_the_contact_and_notes_do_not(backend: Backend) {
    let rig = rig(backend).await;
    let (ann, ben) = (rig.key(ANN), rig.key(BEN));
    rig.say(ANN, "1", "hi").await;
    rig.say(BEN, "2", "hi").await;
    assert_eq!(put(&rig, ANN, entry(&rig, Over::All, SuppressionReason::Legal, None)).await, Put::Added);
    let Ok(Erased::Done(receipt)) = rig.core.forget(ann, "ada").await else { panic!("not deleted") };
    assert_eq!(receipt.suppressed, 0);
    let kept = rig.core.suppressions_of(ann).await.expect("reads");
    let shown: Vec<_> = kept.iter().map(|entry| (entry.reason, entry.note.clone())).collect();
    assert_eq!(shown, [(SuppressionReason::Legal, None)]);
    let Ok(Erased::Done(receipt)) = rig.core.forget_and_suppress(ben, "ada").await else { panic!("not deleted") };
    assert_eq!(receipt.suppressed, 1);
    let before = rig.texts().len();
    rig.say(ANN, "3", "hi").await;
    rig.say(BEN, "4", "hi").await;
    rig.quiet().await;
    assert_eq!(rig.texts().len(), before, "whoever comes with the same address is not written to");
    let reasons: Vec<FailureReason> = failures(&rig, BEN).await.into_iter().map(|(reason, _)| reason).collect();
    assert_eq!(reasons, [FailureReason::Suppressed]);
}
