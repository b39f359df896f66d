//! The suppression list at work: nothing is sent to an address on it, by any instance, and it is asked for only where it may say something.

use super::collecting::compiled;
use super::on_every_store;
use super::passing::{failure, report};
use super::rig::{Backend, Rig, message};
use super::{ANN, BEN};
use crate::support::live::SIMULATED;
use replyflow::domain::address::Address;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::{SendRef, Token};
use replyflow::domain::journal::{AttemptOutcome, Event};
use replyflow::domain::message::{DeliveryStatus, FailureReason, Inbound, InboundContent};
use replyflow::domain::name::ChannelName;
use replyflow::domain::suppression::{Over, Put, Suppression, SuppressionReason, Withheld};
use replyflow::domain::time::{Millis, Span};
use replyflow::engine;
use replyflow::http::api::listing::Listing as _;
use replyflow::http::api::suppressions::Chosen;
use replyflow::provider::{Complaint, Decoded, OptOutScope, StatusReport};
use replyflow::service::Received;
use replyflow::service::forget::Erased;
use replyflow::service::suppressions::Putting;

on_every_store!(
    nothing_is_sent_to_an_address_on_the_list,
    another_instance_knows_within_a_look_and_what_is_taken_off_at_once,
    what_was_decided_before_is_refused_when_it_is_sent,
    what_providers_say_for_good_is_listed_once_and_a_message_disproves_it,
    who_unsubscribes_at_the_mail_service_is_not_listed,
    who_unsubscribes_again_from_the_same_mail_is_heard_again,
    what_is_listed_by_a_whatsapp_id_holds_for_the_phone_once_it_shows,
    what_is_listed_by_a_whatsapp_id_goes_on_to_the_next_id_and_number,
    a_file_of_the_list_misses_nothing_that_changes_meanwhile,
    what_ended_long_ago_is_taken_off,
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
        core.receive_message(message(ANN, &format!("{:p}", &**core), "hi")).await.expect("accepted");
        rig.tasks.run().await;
        assert_eq!(rig.texts(), Vec::<String>::new(), "an instance that followed, or began later, sends nothing");
    }
    let over = Over::All;
    assert_eq!(rig.core.take_suppression(address, &over, Withheld::Everything).await, Ok(true));
    assert_eq!(rig.core.take_suppression(address, &over, Withheld::Everything).await, Ok(false));
    // What an instance still remembers decides nothing: it asks.
    other.receive_message(message(ANN, "free", "hi")).await.expect("accepted");
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
        spam: true,
        id: "c1".to_owned(),
    };
    rig.core.receive(vec![Decoded::Complaint(complaint)]).await.expect("noted");
    let listed = rig.core.suppressions_of(rig.core.listed_as(&mail)).await.expect("reads");
    assert_eq!(listed.iter().map(|entry| entry.reason).collect::<Vec<_>>(), [SuppressionReason::Complaint], "also of nobody");
}

async fn who_unsubscribes_at_the_mail_service_is_not_listed(backend: Backend) {
    let rig = rig(backend).await;
    let mail = Address::Email("ann@shop.example".to_owned());
    let (channel, kind) = (ChannelName::parse("main-mail").expect("a name"), ChannelKind::Email);
    let unsubscribed = Complaint { channel, kind, send: None, recipient: Some(mail.clone()), spam: false, id: "u1".to_owned() };
    rig.core.receive(vec![Decoded::Complaint(unsubscribed)]).await.expect("noted");
    let address = rig.core.listed_as(&mail);
    assert!(rig.core.suppressions_of(address).await.expect("reads").is_empty(), "they may want mails again");
    assert!(rig.store.suppressed(address).await.expect("reads").stops(kind), "and want none now");
}

async fn who_unsubscribes_again_from_the_same_mail_is_heard_again(backend: Backend) {
    let rig = rig(backend).await;
    rig.say(ANN, "1", "hi").await;
    let said = async |id: &str, spam: bool| {
        let send = Some(SendRef { contact: rig.key(ANN), effect: Token(1).effect(0) });
        let (channel, kind) = (ChannelName::parse("main-mail").expect("a name"), ChannelKind::Email);
        let complaint = Complaint { channel, kind, send, recipient: None, spam, id: id.to_owned() };
        let received = rig.core.receive(vec![Decoded::Complaint(complaint)]).await.expect("noted");
        rig.quiet().await;
        received == [Received::Duplicate]
    };
    // They may take it back in between. The same word that comes twice is one, and so is a complaint of one mail.
    assert_eq!([said("u1", false).await, said("u1", false).await, said("u2", false).await], [false, true, false]);
    assert_eq!([said("c1", true).await, said("c2", true).await], [false, true]);
}

async fn what_is_listed_by_a_whatsapp_id_holds_for_the_phone_once_it_shows(backend: Backend) {
    let rig = rig(backend).await;
    let id = Address::Bsuid("GB.1349".to_owned());
    let by_id = rig.core.listed_as(&id);
    let erased = entry(&rig, Over::All, SuppressionReason::Erased, None);
    assert_eq!(rig.core.put_suppression(by_id, erased, Putting::Asked).await, Ok(Put::Added));
    let written = |from: &str, name: &str| Inbound {
        channel: ChannelName::parse("main-whatsapp").expect("a name"),
        kind: ChannelKind::WhatsApp,
        user_id: Some("GB.1349".to_owned()),
        ..message(from, name, "hi")
    };
    rig.core.receive_message(written(ANN, "1")).await.expect("accepted");
    rig.tasks.run().await;
    assert_eq!(rig.texts(), Vec::<String>::new(), "whoever was deleted under the id is not written to at the phone");
    let phone = rig.core.suppressions_of(rig.core.listed_as(&Address::from_wire(ANN))).await.expect("reads");
    let shown: Vec<_> = phone.iter().map(|entry| (entry.over.clone(), entry.reason, entry.by.clone())).collect();
    assert_eq!(shown, [(Over::All, SuppressionReason::Erased, "ada".to_owned())]);
    // Of whoever has no id on the list the phone says nothing.
    rig.core.receive_message(Inbound { user_id: Some("GB.1350".to_owned()), ..written(BEN, "2") }).await.expect("accepted");
    rig.tasks.run().await;
    assert_eq!(rig.texts(), ["Hello."]);
}

async fn what_is_listed_by_a_whatsapp_id_goes_on_to_the_next_id_and_number(backend: Backend) {
    const NEW: &str = "+447700900999";
    let rig = rig(backend).await;
    let id = |text: &str| Address::Bsuid(text.to_owned());
    let on_the_list =
        async |address: &Address| !rig.core.suppressions_of(rig.core.listed_as(address)).await.expect("reads").is_empty();
    let whatsapp = |from: Address, name: &str| Inbound {
        channel: ChannelName::parse("main-whatsapp").expect("a name"),
        kind: ChannelKind::WhatsApp,
        from,
        ..message(ANN, name, "hi")
    };
    // Of Ann only the id is known at first. The word of her change names neither: it is the contact that has it.
    let hers = Inbound { user_id: Some("GB.1".to_owned()), ..whatsapp(id("GB.1"), "1") };
    rig.core.receive_message(hers).await.expect("accepted");
    rig.quiet().await;
    let shown = Inbound { user_id: Some("GB.1".to_owned()), ..whatsapp(Address::from_wire(ANN), "2") };
    rig.core.receive_message(shown.clone()).await.expect("accepted");
    rig.quiet().await;
    let asked = entry(&rig, Over::All, SuppressionReason::Requested, None);
    rig.core.put_suppression(rig.core.listed_as(&id("GB.1")), asked, Putting::Asked).await.expect("stored");
    let (new_user_id, new_wa_id) = (Some("GB.2".to_owned()), Some(NEW[1..].to_owned()));
    let content = InboundContent::System { kind: "user_changed_number".to_owned(), new_user_id, new_wa_id };
    rig.core.receive_message(Inbound { content, ..whatsapp(Address::from_wire(ANN), "3") }).await.expect("accepted");
    assert!(on_the_list(&id("GB.2")).await && on_the_list(&Address::from_wire(NEW)).await);
    rig.quiet().await;
    // What comes late from the old number says nothing of whoever has that now.
    rig.core.receive_message(Inbound { id: "4".to_owned(), ..shown }).await.expect("accepted");
    assert!(!on_the_list(&Address::from_wire(ANN)).await);
}

async fn a_file_of_the_list_misses_nothing_that_changes_meanwhile(backend: Backend) {
    let rig = rig(backend).await;
    let people = [ANN, BEN, "+447700900125"];
    for who in people {
        put(&rig, who, entry(&rig, Over::All, SuppressionReason::Manual, None)).await;
    }
    let file = Chosen::all(std::sync::Arc::clone(&rig.core)).whole().await.expect("begins");
    let (mut place, mut found) = (None, Vec::new());
    for step in 0..10 {
        let Some((item, at)) = file.after(place.as_ref(), 1).await.expect("reads").pop() else { break };
        let item = serde_json::to_value(item).expect("JSON");
        found.push((item["hash"].as_str().expect("a hash").to_owned(), item["reason"].as_str().expect("a reason").to_owned()));
        place = Some(at);
        if step == 0 {
            // The first one goes to the beginning, which the file has behind it, and somebody is new.
            put(&rig, ANN, entry(&rig, Over::All, SuppressionReason::Legal, None)).await;
            put(&rig, "+447700900126", entry(&rig, Over::All, SuppressionReason::Manual, None)).await;
        }
    }
    let of = |who: &str, reason: &str| (rig.key(who).to_string(), reason.to_owned());
    let expected = [of("+447700900125", "manual"), of(BEN, "manual"), of(ANN, "legal"), of("+447700900126", "manual")];
    assert_eq!(found, expected);
}

async fn what_ended_long_ago_is_taken_off(backend: Backend) {
    let rig = rig(backend).await;
    let until = |days| Some(rig.core.store_now() + Span::days(days));
    let ends = |days| Suppression { until: until(days), ..entry(&rig, Over::All, SuppressionReason::Manual, None) };
    put(&rig, ANN, ends(1)).await;
    put(&rig, BEN, ends(40)).await;
    let legal = Suppression { what: Withheld::Marketing, ..entry(&rig, Over::All, SuppressionReason::Legal, None) };
    put(&rig, BEN, Suppression { until: until(1), ..legal }).await;
    let entries = async |who| rig.core.suppressions_of(rig.key(who)).await.expect("reads").iter().count();
    assert_eq!(rig.core.tidy_suppressions().await.expect("tidies"), 0);
    rig.pass(Span::days(32));
    rig.quiet().await;
    assert_eq!((entries(ANN).await, entries(BEN).await), (1, 2));
    assert_eq!(rig.core.tidy_suppressions().await.expect("tidies"), 2);
    assert_eq!((entries(ANN).await, entries(BEN).await), (0, 1), "what has not ended stays");
    assert_eq!(rig.core.tidy_suppressions().await.expect("tidies"), 0);
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
