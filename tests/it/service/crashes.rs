//! What dies, and when: the rows of the table of crashes that one process can show.

use super::echo::echo;
use super::rig::{Backend, Rig, answer, message};
use super::{ANN, on_every_store};
use replyflow::config::send::Unsure;
use replyflow::domain::id::{ContactKey, EffectId, SendRef, Who};
use replyflow::domain::journal::{AttemptOutcome, Event};
use replyflow::domain::message::DeliveryStatus;
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::Span;
use replyflow::provider::StatusReport;
use replyflow::service::failed::Failed;
use replyflow::service::ports::HttpFailure;
use replyflow::service::{Received, failed};
use replyflow::store::FailedKey;

on_every_store!(
    death_after_accept_delays_the_answer_by_a_lease,
    death_after_commit_leaves_a_send_that_may_have_left,
    death_after_commit_sends_again_where_the_channel_says_so,
    a_worker_that_was_paused_writes_and_sends_nothing,
    a_sender_that_was_paused_sends_nothing,
    what_kills_the_service_again_and_again_is_set_aside,
    claims_that_lapse_while_nobody_dies_set_nothing_aside,
    a_report_settles_what_was_never_settled,
    a_report_that_is_faster_than_the_answer_is_remembered,
    a_report_settles_what_waits_in_doubt_for_all_instances,
    a_report_clears_what_was_given_up,
    what_an_operator_repeats_after_a_failure_was_reported_is_sent,
    a_failure_that_is_reported_does_not_end_what_is_tried_again,
    a_lost_answer_is_sent_again_where_the_channel_says_so,
);

async fn death_after_accept_delays_the_answer_by_a_lease(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.deliver(ANN, "1", "hi").await;
    assert_eq!(rig.tasks.die(), 1);
    assert_eq!(rig.deliver(ANN, "1", "hi").await, Received::Duplicate, "the provider comes again");
    rig.quiet().await;
    assert!(rig.texts().is_empty(), "the lease of the dead worker still holds");
    rig.pass(Span::seconds(6));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi"]);
}

/// Commits, and dies before the send begins.
async fn committed_and_dead(rig: &Rig) {
    rig.deliver(ANN, "1", "one|two").await;
    rig.tasks.run_only_the_first().await;
    assert_eq!(rig.tasks.die(), 1, "the dispatch");
}

async fn death_after_commit_leaves_a_send_that_may_have_left(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    committed_and_dead(&rig).await;
    rig.pass(Span::seconds(61));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["two"], "the first may have left, and the channel says not to repeat it");
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    assert_eq!((list.len(), list[0].kind), (1, "message"));
    let journal = rig.journal(rig.key(ANN)).await;
    assert!(journal.iter().any(|e| matches!(e, Event::Attempted { outcome: AttemptOutcome::Unsure, .. })), "{journal:?}");
    // An operator has it sent all the same.
    assert!(failed::act(&*rig.store, list[0].key, failed::Act::Retry).await.expect("retries"));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["two", "one"]);
}

async fn death_after_commit_sends_again_where_the_channel_says_so(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.unsure = Unsure::Resend).await;
    committed_and_dead(&rig).await;
    rig.pass(Span::seconds(61));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["one", "two"]);
}

async fn a_worker_that_was_paused_writes_and_sends_nothing(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.deliver(ANN, "1", "hi").await;
    // The turn waits in its task; meanwhile the lease ends and another instance does the work.
    let other = rig.another().await;
    rig.pass(Span::seconds(6));
    let paused = rig.tasks.hold();
    other.tick().await.expect("looks");
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi"]);
    rig.tasks.put_back(paused);
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi"], "its commit is stale");
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

async fn a_sender_that_was_paused_sends_nothing(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.deliver(ANN, "1", "hi").await;
    rig.tasks.run_only_the_first().await;
    let paused = rig.tasks.hold();
    rig.pass(Span::seconds(41));
    rig.tasks.put_back(paused);
    rig.tasks.run().await;
    assert!(rig.texts().is_empty(), "20 s for the request do not fit into what is left of 60 s");
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi"], "it went back as surely not sent");

    rig.deliver(ANN, "2", "ho").await;
    rig.tasks.run_only_the_first().await;
    let paused = rig.tasks.hold();
    rig.pass(Span::seconds(61));
    let other = rig.another().await;
    other.tick().await.expect("looks");
    rig.tasks.run().await;
    assert_eq!(failed::list(&*rig.store, 10).await.expect("lists").len(), 1, "nobody knew whether it was sent");
    rig.tasks.put_back(paused);
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi"], "what another one decided stands");
}

async fn what_kills_the_service_again_and_again_is_set_aside(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.deliver(ANN, "1", "deadly").await;
    rig.tasks.die();
    rig.core.receive_message(message(ANN, "2", "harmless")).await.expect("accepted");
    for n in 0..4 {
        rig.pass(Span::seconds(6));
        assert_eq!(rig.core.tick().await.expect("looks").begun, 1);
        // The claim is made, and the process dies in the turn: from the third time on in one that it began alone.
        rig.tasks.die();
        rig.store.claim(rig.key(ANN), Who(n)).await.expect("claims");
        if n >= 2 {
            rig.store.claim_alone(rig.key(ANN), Who(10 + n)).await.expect("claims");
        }
    }
    rig.pass(Span::seconds(6));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo harmless"]);
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    assert_eq!((list.len(), list[0].kind), (1, "input"));
}

async fn claims_that_lapse_while_nobody_dies_set_nothing_aside(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.deliver(ANN, "1", "hi").await;
    rig.tasks.die();
    // Claimed again and again by workers that came to nothing: of a machine that is slow, of a store that answers too late, beside
    // another contact over which the process died.
    for n in 0..8 {
        rig.pass(Span::seconds(6));
        assert_eq!(rig.core.tick().await.expect("looks").begun, 1);
        rig.tasks.die();
        rig.store.claim(rig.key(ANN), Who(n)).await.expect("claims");
    }
    rig.pass(Span::seconds(6));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi"]);
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

async fn a_report_settles_what_was_never_settled(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    committed_and_dead(&rig).await;
    let contact = rig.key(ANN);
    let effect = rig.store.inspect(contact).await.expect("looks").expect("a contact").lane[0].id;
    rig.core.receive_report(report(contact, effect)).await.expect("noted");
    rig.quiet().await;
    assert_eq!(rig.texts(), ["two"], "the first arrived, as its report says; the second follows at once");
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn a_report_that_is_faster_than_the_answer_is_remembered(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let (core, contact) = (rig.core.clone(), rig.key(ANN));
    // The report comes in while the request is in the air; then its answer is lost.
    rig.script_slowly(move |call| {
        let effect = super::rig::json(&call)["effect"].as_str().and_then(SendRef::parse).expect("our name").effect;
        Box::pin(async move {
            core.receive_report(report(contact, effect)).await.expect("noted");
            Err(HttpFailure::Lost)
        })
    });
    rig.say(ANN, "1", "one|two").await;
    rig.quiet().await;
    assert_eq!(rig.texts(), ["one", "two"]);
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn a_report_settles_what_waits_in_doubt_for_all_instances(backend: Backend) {
    for status in [DeliveryStatus::Delivered, DeliveryStatus::Failed] {
        let rig = Rig::with(backend, echo, |plan| plan.unsure = Unsure::Resend).await;
        let other = rig.another().await;
        rig.script(|_| Err(HttpFailure::Lost));
        rig.say(ANN, "1", "one|two").await;
        let contact = rig.key(ANN);
        let lane = rig.store.inspect(contact).await.expect("looks").expect("a contact").lane;
        assert_eq!(lane.len(), 2, "the first is to be sent again, the second waits behind it");
        let told = StatusReport { status, ..report(contact, lane[0].id) };
        rig.core.receive_report(told).await.expect("noted");
        let left = rig.store.inspect(contact).await.expect("looks").expect("a contact").lane;
        assert_eq!(left.len(), 1, "{status:?}: the provider has the first, and nobody waits until it is due");
        rig.pass(Span::seconds(5));
        other.tick().await.expect("looks");
        rig.quiet().await;
        assert_eq!(rig.texts(), ["one", "two"], "{status:?}: whoever takes the lane sends nothing twice");
        assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
        assert!(rig.is_at_rest(contact).await);
    }
}

/// Its answer was lost, and the channel says not to repeat it; gives what was to be sent.
async fn given_up(rig: &Rig) -> EffectId {
    rig.script(|_| Err(HttpFailure::Lost));
    rig.say(ANN, "1", "hi").await;
    rig.quiet().await;
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    let [Failed { key: FailedKey::Effect(_, effect), .. }] = list[..] else { panic!("{list:?}") };
    effect
}

async fn a_report_clears_what_was_given_up(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let effect = given_up(&rig).await;
    rig.core.receive_report(report(rig.key(ANN), effect)).await.expect("noted");
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty(), "it arrived: nobody need repeat it");
    let known = |event: &Event| matches!(event, Event::Attempted { outcome: AttemptOutcome::Accepted, .. });
    assert!(rig.journal(rig.key(ANN)).await.iter().any(known));
}

async fn what_an_operator_repeats_after_a_failure_was_reported_is_sent(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let effect = given_up(&rig).await;
    let failed = StatusReport { status: DeliveryStatus::Failed, ..report(rig.key(ANN), effect) };
    rig.core.receive_report(failed).await.expect("noted");
    let key = FailedKey::Effect(rig.key(ANN), effect);
    assert!(failed::act(&*rig.store, key, failed::Act::Retry).await.expect("retries"));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi", "echo hi"]);
}

async fn a_failure_that_is_reported_does_not_end_what_is_tried_again(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    // The provider did not take it, and reports the same once more by its webhook.
    rig.script(|_| answer(503, "{}"));
    rig.say(ANN, "1", "hi").await;
    let effect = rig.store.inspect(rig.key(ANN)).await.expect("looks").expect("a contact").lane[0].id;
    let failed = StatusReport { status: DeliveryStatus::Failed, ..report(rig.key(ANN), effect) };
    rig.core.receive_report(failed).await.expect("noted");
    rig.pass(Span::seconds(5));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi", "echo hi"], "the repetition leaves");
}

fn report(contact: ContactKey, effect: EffectId) -> StatusReport {
    StatusReport {
        channel: ChannelName::parse("main-sms").expect("a name"),
        id: "p-lost".to_owned(),
        send: Some(SendRef { contact, effect }),
        status: DeliveryStatus::Delivered,
        provider_status: "delivered".to_owned(),
        at: None,
        recipient: None,
        user_id: None,
        failure: None,
        pricing: None,
    }
}

async fn a_lost_answer_is_sent_again_where_the_channel_says_so(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.unsure = Unsure::Resend).await;
    rig.script(|_| Err(HttpFailure::Lost));
    rig.script(|_| answer(200, r#"{"id":"p2"}"#));
    rig.say(ANN, "1", "hi").await;
    assert_eq!(rig.network.calls.lock().expect("not poisoned").len(), 1);
    rig.pass(Span::seconds(5));
    rig.quiet().await;
    assert_eq!(rig.network.calls.lock().expect("not poisoned").len(), 2, "unsure, and the channel says to send again");
}
