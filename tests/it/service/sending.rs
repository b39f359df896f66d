//! What providers answer, and what becomes of the message.

use super::echo::echo;
use super::rig::{Backend, Rig, answer, json, message};
use super::{ANN, BEN, on_every_store};
use replyflow::domain::id::SendRef;
use replyflow::domain::journal::{AttemptOutcome, Event};
use replyflow::domain::message::{FailureReason, Inbound};
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::Span;
use replyflow::service::failed;
use replyflow::service::ports::HttpFailure;

on_every_store!(
    a_request_names_its_effect,
    too_fast_waits_as_long_as_it_is_told,
    a_provider_that_is_down_is_tried_again_until_the_message_is_too_old,
    a_message_that_surely_did_not_leave_is_sent_again_without_a_doubt,
    garbage_is_not_repeated,
    a_rejected_message_fails_visibly_and_the_next_one_leaves,
    a_run_that_waits_hears_of_a_failure,
    an_opt_out_that_the_provider_knows_of_is_taken_over,
    an_opt_out_of_marketing_is_taken_over_as_that,
    what_an_operator_repeats_is_tried_as_if_it_were_new,
    a_gap_keeps_messages_apart,
    a_rate_is_kept_over_all_contacts,
    what_waits_for_a_channel_that_is_gone_fails_visibly,
    a_request_fits_into_its_lease_however_long_it_may_take,
);

async fn a_request_names_its_effect(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.say(ANN, "1", "hi").await;
    let call = rig.network.calls.lock().expect("not poisoned")[0].clone();
    let name = json(&call)["effect"].as_str().and_then(SendRef::parse).expect("our name of it");
    assert_eq!(name.contact, rig.key(ANN));
    let journal = rig.journal(rig.key(ANN)).await;
    assert!(journal.iter().any(|e| matches!(e, Event::Attempted { effect, .. } if *effect == name.effect)));
}

async fn too_fast_waits_as_long_as_it_is_told(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.script(|_| {
        let mut told = answer(429, "{}")?;
        told.headers.push(("retry-after".to_owned(), "7".to_owned()));
        Ok(told)
    });
    rig.say(ANN, "1", "one|two").await;
    assert_eq!(rig.texts().len(), 1);
    rig.deliver(BEN, "2", "hello").await;
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 1, "the channel is left alone for as long");
    rig.pass(Span::seconds(8));
    rig.quiet().await;
    let texts = rig.texts();
    assert_eq!(texts.iter().filter(|t| *t != "echo hello").collect::<Vec<_>>(), ["one", "one", "two"]);
    assert!(texts.contains(&"echo hello".to_owned()));
}

async fn a_provider_that_is_down_is_tried_again_until_the_message_is_too_old(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    for _ in 0..100 {
        rig.script(|_| answer(503, "down"));
    }
    rig.deliver(ANN, "1", "hi").await;
    for _ in 0..60 {
        rig.quiet().await;
        rig.pass(Span::seconds(30));
    }
    let tries = rig.texts().len();
    assert!((5..60).contains(&tries), "{tries} attempts in 15 minutes");
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    assert_eq!((list.len(), usize::from(list[0].attempts)), (1, tries));
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

async fn a_message_that_surely_did_not_leave_is_sent_again_without_a_doubt(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.script(|_| Err(HttpFailure::Refused));
    rig.script(|_| Err(HttpFailure::TimeoutBeforeWrite));
    rig.deliver(ANN, "1", "hi").await;
    for _ in 0..5 {
        rig.quiet().await;
        rig.pass(Span::seconds(5));
    }
    assert_eq!(rig.texts().len(), 3);
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn garbage_is_not_repeated(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.script(|_| Err(HttpFailure::TimeoutAfterWrite));
    rig.say(ANN, "1", "one|two").await;
    rig.pass(Span::seconds(120));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["one", "two"], "the first may have arrived: it is never repeated silently");
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    assert_eq!((list.len(), list[0].kind), (1, "message"));
    // Only an operator has it sent again, and then it is.
    assert!(failed::act(&*rig.store, list[0].key, failed::Act::Retry).await.expect("retries"));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["one", "two", "one"]);
}

async fn a_rejected_message_fails_visibly_and_the_next_one_leaves(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.script(|_| answer(400, r#"{"error":{"code":"bad","reason":"filtered","text":"looks like spam"}}"#));
    rig.say(ANN, "1", "one|two").await;
    assert_eq!(rig.texts(), ["one", "two"]);
    let journal = rig.journal(rig.key(ANN)).await;
    let failed = journal.iter().find_map(|e| match e {
        Event::Attempted { outcome: AttemptOutcome::Failed { reason }, detail, .. } => Some((*reason, detail.clone())),
        _ => None,
    });
    assert_eq!(failed, Some((FailureReason::Filtered, Some("bad: looks like spam".to_owned()))));
}

async fn a_run_that_waits_hears_of_a_failure(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.script(|_| answer(400, r#"{"error":{"reason":"blocked"}}"#));
    rig.say(ANN, "1", "await news").await;
    rig.quiet().await;
    assert_eq!(rig.texts(), ["news", "undelivered Some(Blocked)"]);
}

async fn an_opt_out_that_the_provider_knows_of_is_taken_over(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.script(|_| answer(400, r#"{"error":{"code":"21610","reason":"opted_out"}}"#));
    rig.say(ANN, "1", "hi").await;
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi", "you are out"], "an input says so, like the word itself");
}

async fn an_opt_out_of_marketing_is_taken_over_as_that(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.script(|_| answer(400, r#"{"error":{"code":"131050","reason":"opted_out","scope":"marketing"}}"#));
    rig.say(ANN, "1", "hi").await;
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi", "you are out of marketing"]);
}

async fn what_an_operator_repeats_is_tried_as_if_it_were_new(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.script(|_| answer(400, r#"{"error":{"reason":"filtered"}}"#));
    rig.say(ANN, "1", "hi").await;
    rig.pass(Span::hours(2));
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    assert!(failed::act(&*rig.store, list[0].key, failed::Act::Retry).await.expect("retries"));
    for _ in 0..3 {
        rig.script(|_| answer(503, "down"));
    }
    for _ in 0..6 {
        rig.quiet().await;
        rig.pass(Span::seconds(10));
    }
    assert_eq!(rig.texts().len(), 5, "its age counts from when it was tried again");
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn a_gap_keeps_messages_apart(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.gap = Span::seconds(3)).await;
    rig.deliver(ANN, "1", "one|two").await;
    rig.quiet().await;
    assert_eq!(rig.texts(), ["one"]);
    rig.pass(Span::seconds(3));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["one", "two"]);
}

async fn a_rate_is_kept_over_all_contacts(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.per_second = 2).await;
    for n in 0..6 {
        rig.core.receive_message(message(&format!("+44770090020{n}"), "1", "hi")).await.expect("accepted");
    }
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 2, "as many as may leave at once");
    rig.pass(Span::millis(500));
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 3);
    rig.pass(Span::seconds(2));
    rig.quiet().await;
    rig.pass(Span::seconds(2));
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 6);
}

/// Another instance, of another configuration, has left work behind.
async fn what_waits_for_a_channel_that_is_gone_fails_visibly(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let other = rig.another_with_channel("old-number").await;
    let on_old = Inbound { channel: ChannelName::parse("old-number").expect("a name"), ..message(ANN, "1", "hi") };
    other.receive_message(on_old).await.expect("accepted");
    rig.tasks.run_only_the_first().await;
    rig.tasks.die();
    rig.core.learn_sets().await.expect("learns");
    for _ in 0..40 {
        rig.pass(Span::seconds(61));
        rig.quiet().await;
    }
    assert!(rig.texts().is_empty());
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    assert_eq!((list.len(), list[0].about.as_str()), (1, "over old-number"));
}

async fn a_request_fits_into_its_lease_however_long_it_may_take(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.settings.send.timeout = Span::minutes(2)).await;
    rig.script(|call| {
        assert_eq!(call.timeout, std::time::Duration::from_secs(48));
        answer(200, r#"{"id":"p"}"#)
    });
    rig.say(ANN, "1", "hi").await;
    assert_eq!(rig.texts(), ["echo hi"]);
}
