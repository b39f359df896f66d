//! People who were deleted or became one, on instances that remember them otherwise, with requests under way in their names.

use super::collecting::compiled;
use super::passing::{failure, report};
use super::rig::{Backend, Rig, answer, message};
use super::{ANN, BEN, on_every_store};
use crate::support::live::SIMULATED;
use replyflow::domain::address::Address;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::codec;
use replyflow::domain::id::ContactKey;
use replyflow::domain::message::{DeliveryStatus, FailureReason, Inbound, InboundContent};
use replyflow::domain::mode::Mode;
use replyflow::domain::time::Span;
use replyflow::engine;
use replyflow::engine::record::Record;
use replyflow::provider::{OptOutScope, StatusReport};
use replyflow::service::Received;
use replyflow::service::failed;
use replyflow::service::forget::{Erased, Receipt};
use replyflow::service::ports::{HttpAnswer, HttpFailure};
use replyflow::store::Place;

on_every_store!(
    what_is_under_way_of_a_merged_contact_goes_with_the_deletion,
    who_waits_for_somebody_that_was_deleted_can_be_deleted,
    an_address_of_somebody_deleted_leads_there_before_it_becomes_part_of_another,
    whoever_was_deleted_and_writes_again_is_one_contact_on_every_instance,
    a_message_that_is_tried_again_heeds_the_stop_of_the_one_that_stayed,
    an_opt_out_of_somebody_deleted_is_kept_where_they_would_begin,
    what_a_provider_says_of_an_old_message_brings_nobody_back,
);

const ECHO: &str = "\
flow: echo
start: [ { message: any } ]
begin: told
states: { told: { say: Hello., end: told } }
";

const ENDPOINT: &str = r#"
[endpoints.crm]
url = "https://crm.example/hooks"
events = ["message.*"]
secrets = [{ env = "HOOKS" }]
max_age = "1h"
"#;

async fn rig(backend: Backend) -> Rig {
    rig_with(backend, ENDPOINT).await
}

async fn rig_with(backend: Backend, more: &str) -> Rig {
    Rig::with(backend, engine::turn, |plan| {
        plan.toml = format!("{SIMULATED}{more}");
        plan.secrets = [("HOOKS".to_owned(), "0123456789abcdef01234567".to_owned())].into_iter().collect();
        plan.catalog = compiled(&crate::support::project::of(SIMULATED), &[ECHO]);
    })
    .await
}

/// The endpoint is down; messages leave as ever.
fn endpoint_is_down(rig: &Rig) {
    for _ in 0..200 {
        rig.script(|call| -> Result<HttpAnswer, HttpFailure> {
            if call.url.contains("crm.example") { answer(503, "") } else { answer(200, "{\"id\":\"p1\"}") }
        });
    }
}

fn reports(rig: &Rig) -> usize {
    rig.network.calls.lock().expect("not poisoned").iter().filter(|call| call.url.contains("crm.example")).count()
}

async fn place(rig: &Rig, key: ContactKey) -> Option<Place> {
    rig.store.inspect(key).await.expect("looks").map(|seen| seen.place)
}

async fn record(rig: &Rig, key: ContactKey) -> Record {
    let seen = rig.store.inspect(key).await.expect("looks").expect("is there");
    codec::decode(&seen.record.blob).expect("a record")
}

async fn merged(rig: &Rig, from: ContactKey, into: ContactKey) {
    rig.core.merge(from, into, "an operator", "1").await.expect("stored");
    for _ in 0..5 {
        rig.quiet().await;
        rig.pass(Span::seconds(5));
    }
    assert_eq!(place(rig, from).await, Some(Place::Moved(into)));
}

async fn deleted(rig: &Rig, who: ContactKey) -> Receipt {
    match rig.core.forget(who, "an operator").await.expect("deletes") {
        Erased::Done(receipt) => *receipt,
        other => panic!("{other:?}"),
    }
}

async fn what_is_under_way_of_a_merged_contact_goes_with_the_deletion(backend: Backend) {
    let rig = rig(backend).await;
    let (ann, ben) = (rig.key(ANN), rig.key(BEN));
    endpoint_is_down(&rig);
    rig.say(ANN, "1", "hi").await;
    rig.say(BEN, "2", "hi").await;
    rig.quiet().await;
    assert!(!rig.store.own_lanes(ann).await.expect("looks").is_empty(), "what the endpoint is to hear of her");
    merged(&rig, ann, ben).await;
    let waiting = rig.store.own_lanes(ann).await.expect("looks").len() + rig.store.own_lanes(ben).await.expect("looks").len();
    assert!(!rig.store.own_lanes(ann).await.expect("looks").is_empty(), "it is still to be told");
    let receipt = deleted(&rig, ben).await;
    assert_eq!(usize::try_from(receipt.requests), Ok(waiting));
    let before = reports(&rig);
    for _ in 0..12 {
        rig.pass(Span::minutes(10));
        rig.quiet().await;
    }
    assert_eq!(reports(&rig), before, "nobody hears of them any more");
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty(), "and nothing is kept");
}

async fn who_waits_for_somebody_that_was_deleted_can_be_deleted(backend: Backend) {
    let rig = rig_with(backend, "").await;
    let (ann, ben) = (rig.key(ANN), rig.key(BEN));
    rig.say(ANN, "1", "hi").await;
    rig.say(BEN, "2", "hi").await;
    rig.quiet().await;
    // Whoever works on Ann dies: what she is asked lies in her mailbox.
    rig.deliver(ANN, "3", "hi").await;
    rig.tasks.die();
    rig.core.merge(ann, ben, "an operator", "1").await.expect("stored");
    rig.quiet().await;
    assert_eq!(record(&rig, ben).await.coming, [ann]);
    assert_eq!(rig.core.forget(ben, "an operator").await, Ok(Erased::Merging), "she is still to answer");
    deleted(&rig, ann).await;
    rig.quiet().await;
    assert_eq!(record(&rig, ben).await.coming, [ann], "nobody answers any more");
    deleted(&rig, ben).await;
    assert_eq!(place(&rig, ben).await, None);
}

async fn an_address_of_somebody_deleted_leads_there_before_it_becomes_part_of_another(backend: Backend) {
    let rig = rig_with(backend, "").await;
    let (ann, ben) = (rig.key(ANN), rig.key(BEN));
    let mail = Address::Email("ann@shop.example".to_owned());
    let other = rig.core.address_key(Mode::Live, &mail);
    rig.say(ANN, "1", "hi").await;
    rig.say(BEN, "2", "hi").await;
    rig.quiet().await;
    assert_eq!(rig.core.lead(Mode::Live, &mail, ann).await, Ok(None));
    rig.quiet().await;
    assert_eq!(place(&rig, other).await, Some(Place::Moved(ann)));
    deleted(&rig, ann).await;
    rig.core.merge(other, ben, "an operator", "1").await.expect("stored");
    for _ in 0..3 {
        rig.quiet().await;
        rig.pass(Span::seconds(5));
    }
    let stays = record(&rig, ben).await;
    assert!(stays.coming.is_empty() && stays.merged.contains(&other), "{stays:?}");
    let whose = rig.core.seen(other).await.expect("looks").map(|(whose, _)| whose);
    assert_eq!(whose, Some(ben));
    deleted(&rig, ben).await;
    assert!(rig.core.seen(other).await.expect("looks").is_none());
}

async fn whoever_was_deleted_and_writes_again_is_one_contact_on_every_instance(backend: Backend) {
    let rig = rig_with(backend, "").await;
    let another = rig.another().await;
    let (ann, ben) = (rig.key(ANN), rig.key(BEN));
    rig.say(ANN, "1", "hi").await;
    assert_eq!(rig.core.lead(Mode::Live, &Address::from_wire(BEN), ann).await, Ok(None));
    rig.quiet().await;
    // Both instances know where the second number leads.
    for (n, core) in [&rig.core, &another].into_iter().enumerate() {
        core.receive_message(message(BEN, &format!("to {n}"), "hi")).await.expect("accepted");
        rig.tasks.run().await;
    }
    deleted(&rig, ann).await;
    // One of them does not know yet that the contact was deleted.
    another.receive_message(message(BEN, "again", "hi")).await.expect("accepted");
    rig.quiet().await;
    assert_eq!((place(&rig, ben).await, place(&rig, ann).await), (Some(Place::Moved(ann)), Some(Place::Here)));
    // Redis forgets by its own clock.
    rig.pass(Span::days(9));
    rig.say("+447700900103", "other", "hi").await;
    rig.core.receive_message(message(BEN, "later", "hi")).await.expect("accepted");
    rig.quiet().await;
    assert_eq!(place(&rig, ben).await, Some(Place::Moved(ann)), "the same contact as before");
    // Where nothing leads there any more, what one of them remembers brings nobody back.
    deleted(&rig, ann).await;
    if let Backend::Embedded = backend {
        rig.pass(Span::days(9));
        rig.say("+447700900103", "another", "hi").await;
        assert_eq!(place(&rig, ben).await, None);
        another.receive_message(message(BEN, "at last", "hi")).await.expect("accepted");
        rig.quiet().await;
        assert_eq!((place(&rig, ben).await, place(&rig, ann).await), (Some(Place::Here), None));
    }
}

async fn a_message_that_is_tried_again_heeds_the_stop_of_the_one_that_stayed(backend: Backend) {
    for stop in [false, true] {
        let rig = rig_with(backend, "").await;
        let (ann, ben) = (rig.key(ANN), rig.key(BEN));
        rig.script(|_| answer(400, r#"{"error":{"code":"bad","reason":"content","text":"no"}}"#));
        rig.say(ANN, "1", "hi").await;
        rig.say(BEN, "2", "hi").await;
        rig.quiet().await;
        let list = failed::list(&*rig.store, 10).await.expect("lists");
        assert_eq!(list.len(), 1);
        merged(&rig, ann, ben).await;
        if stop {
            rig.say(BEN, "3", "STOP").await;
            rig.quiet().await;
        }
        let before = rig.texts().len();
        assert!(failed::act(&*rig.store, list[0].key, failed::Act::Retry).await.expect("retries"));
        // Another instance, which never saw the two become one.
        let another = rig.another().await;
        while another.tick().await.expect("looks").begun > 0 {
            rig.tasks.run().await;
        }
        assert_eq!(rig.texts().len() - before, usize::from(!stop), "stop: {stop}");
    }
}

async fn an_opt_out_of_somebody_deleted_is_kept_where_they_would_begin(backend: Backend) {
    let rig = rig_with(backend, "").await;
    let (ann, ben) = (rig.key(ANN), rig.key(BEN));
    rig.say(ANN, "1", "hi").await;
    assert_eq!(rig.core.lead(Mode::Live, &Address::from_wire(BEN), ann).await, Ok(None));
    rig.quiet().await;
    deleted(&rig, ann).await;
    let failure = failure(FailureReason::OptedOut, Some(OptOutScope::Everything));
    let told = StatusReport { recipient: Some(Address::from_wire(BEN)), ..report(None, DeliveryStatus::Failed, failure) };
    rig.core.receive_report(told).await.expect("noted");
    rig.say(BEN, "2", "hi").await;
    rig.quiet().await;
    assert!(record(&rig, ann).await.is_stopped(ChannelKind::Sms), "they begin as somebody who opted out");
    assert!(rig.store.suppressed(ben).await.expect("looks").stops(ChannelKind::Sms));
}

async fn what_a_provider_says_of_an_old_message_brings_nobody_back(backend: Backend) {
    let rig = rig_with(backend, "").await;
    let said = |id: &str, content| Inbound { content, ..message(ANN, id, "") };
    let reaction = || InboundContent::Reaction { message: "SM1".to_owned(), emoji: Some("👍".to_owned()) };
    assert_eq!(rig.core.receive_message(said("1", reaction())).await, Ok(Received::Nobody));
    assert_eq!(place(&rig, rig.key(ANN)).await, None);
    rig.say(ANN, "2", "hi").await;
    assert_eq!(
        rig.core.receive_message(said("3", reaction())).await,
        Ok(Received::Begun),
        "of somebody who is there it is heard"
    );
}
