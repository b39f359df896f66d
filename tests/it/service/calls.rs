//! Calls to other systems: their end always comes back.

use super::echo::echo;
use super::rig::{Backend, Plan, Rig, answer};
use super::{ANN, on_every_store};
use crate::support::patience::patient;
use replyflow::domain::time::Span;
use replyflow::service::failed;
use replyflow::service::ports::{HttpFailure, Reach};
use std::time::Instant;

on_every_store!(
    a_call_is_made_and_heard_of,
    a_call_is_tried_again_with_one_key_and_then_fails_to_the_flow,
    a_call_that_is_not_allowed_is_not_made,
    messages_wait_for_a_pending_call,
    a_crash_in_a_call_repeats_it_with_the_same_key,
    a_caller_that_was_paused_does_not_end_a_call_that_another_makes,
);

fn shop(plan: &mut Plan) {
    plan.toml = "[api.shop]\nbase_url = \"https://shop.example/api\"\npaths = [\"/orders\"]\n".to_owned();
}

fn heard(rig: &Rig) -> Vec<String> {
    rig.texts().into_iter().filter(|t| t.starts_with("heard") || t.starts_with("echo")).collect()
}

fn keys(rig: &Rig) -> Vec<String> {
    let calls = rig.network.calls.lock().expect("not poisoned");
    let shop = calls.iter().filter(|c| c.url.starts_with("https://shop.example"));
    shop.filter_map(|c| c.headers.iter().find(|(n, _)| n == "Idempotency-Key").map(|(_, v)| v.clone())).collect()
}

async fn a_call_is_made_and_heard_of(backend: Backend) {
    let rig = Rig::with(backend, echo, shop).await;
    rig.script(|call| {
        assert_eq!((call.method, call.url.as_str()), ("GET", "https://shop.example/api/orders/7"));
        assert_eq!(call.reach, Reach::PublicOnly);
        answer(404, "{}")
    });
    rig.say(ANN, "1", "call /orders/7").await;
    assert_eq!(heard(&rig), ["heard 404 after 1"]);
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn a_call_is_tried_again_with_one_key_and_then_fails_to_the_flow(backend: Backend) {
    let rig = Rig::with(backend, echo, shop).await;
    rig.script(|_| answer(500, ""));
    rig.script(|_| Err(HttpFailure::TimeoutAfterWrite));
    rig.script(|_| Err(HttpFailure::Lost));
    rig.deliver(ANN, "1", "call /orders").await;
    for _ in 0..5 {
        rig.quiet().await;
        rig.pass(Span::seconds(3));
    }
    assert_eq!(heard(&rig), ["heard lost after 3"]);
    let keys = keys(&rig);
    assert!(keys.len() == 3 && keys.iter().all(|k| *k == keys[0]), "{keys:?}");
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty(), "the flow decides what a failed call means");
}

async fn a_call_that_is_not_allowed_is_not_made(backend: Backend) {
    let rig = Rig::with(backend, echo, shop).await;
    rig.say(ANN, "1", "call /orders/../admin").await;
    rig.say(ANN, "2", "call /admin").await;
    rig.quiet().await;
    assert!(keys(&rig).is_empty());
    assert_eq!(heard(&rig), ["heard not_allowed after 1", "heard not_allowed after 1"]);
}

async fn messages_wait_for_a_pending_call(backend: Backend) {
    let rig = Rig::with(backend, echo, shop).await;
    rig.script(|_| answer(500, ""));
    rig.deliver(ANN, "1", "call /orders").await;
    rig.quiet().await;
    rig.deliver(ANN, "2", "still there?").await;
    rig.quiet().await;
    assert!(heard(&rig).is_empty(), "the call is pending");
    rig.pass(Span::seconds(3));
    rig.quiet().await;
    assert_eq!(heard(&rig), ["heard 200 after 2", "echo still there?"]);
}

async fn a_crash_in_a_call_repeats_it_with_the_same_key(backend: Backend) {
    let rig = Rig::with(backend, echo, shop).await;
    rig.deliver(ANN, "1", "call /orders").await;
    rig.tasks.run_only_the_first().await;
    // The request is out, its answer is never read.
    let mut paused = rig.tasks.hold();
    let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
    let begun = Instant::now();
    while keys(&rig).is_empty() {
        patient(begun, "the request is out");
        assert!(paused[0].as_mut().poll(context).is_pending());
        tokio::task::yield_now().await;
    }
    drop(paused);
    rig.pass(Span::seconds(61));
    rig.quiet().await;
    assert_eq!(heard(&rig), ["heard 200 after 2"]);
    let keys = keys(&rig);
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
}

async fn a_caller_that_was_paused_does_not_end_a_call_that_another_makes(backend: Backend) {
    let rig = Rig::with(backend, echo, shop).await;
    let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
    rig.script_slowly(|_| {
        Box::pin(async move {
            wait.await.expect("let go");
            Err(HttpFailure::Lost)
        })
    });
    rig.deliver(ANN, "1", "call /orders").await;
    rig.tasks.run_only_the_first().await;
    let mut paused = rig.tasks.hold();
    let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
    let begun = Instant::now();
    while keys(&rig).is_empty() {
        patient(begun, "the request is out");
        assert!(paused[0].as_mut().poll(context).is_pending());
        tokio::task::yield_now().await;
    }
    // An hour later another instance has begun the call again and waits for its answer.
    rig.pass(Span::seconds(61));
    let (answered, answer_later) = tokio::sync::oneshot::channel::<()>();
    rig.script_slowly(|_| {
        Box::pin(async move {
            answer_later.await.expect("let go");
            answer(200, "{}")
        })
    });
    rig.core.tick().await.expect("looks");
    let mut second = rig.tasks.hold();
    let begun = Instant::now();
    while keys(&rig).len() < 2 {
        patient(begun, "the second request is out");
        assert!(second.iter_mut().all(|task| task.as_mut().poll(context).is_pending()));
        tokio::task::yield_now().await;
    }
    go_on.send(()).expect("it waits");
    rig.tasks.put_back(paused);
    rig.tasks.run().await;
    assert!(heard(&rig).is_empty(), "that the first one heard nothing is no end of the call");
    answered.send(()).expect("it waits");
    rig.tasks.put_back(second);
    rig.quiet().await;
    assert_eq!(heard(&rig), ["heard 200 after 2"]);
}
