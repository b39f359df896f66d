//! A provider that fails again and again is left alone; what surely did not leave goes over a channel that stands in, and back.

use super::echo::echo;
use super::rig::{Backend, Plan, Rig, answer, json};
use super::{ANN, BEN, on_every_store};
use replyflow::config::api::CircuitSettings;
use replyflow::config::send::Unsure;
use replyflow::domain::journal::{AttemptOutcome, Event};
use replyflow::domain::message::FailureReason;
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::Span;
use replyflow::service::failed;
use replyflow::service::ports::HttpFailure;

on_every_store!(
    what_fails_again_and_again_is_left_alone_and_its_stand_in_sends,
    a_channel_that_refuses_everything_is_stood_in_for_at_once,
    without_a_stand_in_messages_wait_and_one_finds_out,
    what_may_have_left_is_never_sent_by_a_stand_in,
    what_waits_too_long_fails_visibly,
    stand_ins_that_refuse_too_end_it,
);

const MAIN: &str = "main-sms";
const BACKUP: &str = "backup-sms";

fn name(text: &str) -> ChannelName {
    ChannelName::parse(text).expect("a name")
}

/// `main-sms` is left alone after two failures; with `backup-sms` beside it, which stands in if it is to.
fn plan(stands_in: bool) -> impl FnOnce(&mut Plan) {
    move |plan| {
        plan.arrange = Box::new(move |channels| {
            let mut backup = channels[MAIN].clone();
            backup.name = name(BACKUP);
            let main = &mut channels[MAIN].policy;
            main.circuit = CircuitSettings { after: 2, pause: Span::seconds(30) };
            main.stand_ins = if stands_in { vec![name(BACKUP)] } else { Vec::new() };
            channels.insert(name(BACKUP), backup);
        });
    }
}

/// The next requests over `main-sms` are answered so; those over others are taken.
fn main_answers(rig: &Rig, times: usize, status: u16) {
    for _ in 0..times {
        rig.script(move |call| match json(call)["channel"] == MAIN {
            true => answer(status, "{}"),
            false => answer(200, r#"{"id":"b"}"#),
        });
    }
}

/// Where each message left, in order.
fn ways(rig: &Rig) -> Vec<(String, String)> {
    let calls = rig.network.calls.lock().expect("not poisoned");
    let text = |call: &replyflow::service::ports::HttpCall, key: &str| json(call)[key].as_str().unwrap_or("").to_owned();
    calls.iter().map(|call| (text(call, "channel"), text(call, "text"))).collect()
}

fn way(channel: &str, text: &str) -> (String, String) {
    (channel.to_owned(), text.to_owned())
}

async fn switches(rig: &Rig, from: &str) -> Vec<(String, String)> {
    let journal = rig.journal(rig.key(from)).await;
    let switched = journal.into_iter().filter_map(|event| match event {
        Event::Switched { from, to, .. } => Some((from.to_string(), to.to_string())),
        _ => None,
    });
    switched.collect()
}

async fn later(rig: &Rig, span: Span) {
    rig.pass(span);
    rig.quiet().await;
}

async fn what_fails_again_and_again_is_left_alone_and_its_stand_in_sends(backend: Backend) {
    let rig = Rig::with(backend, echo, plan(true)).await;
    main_answers(&rig, 3, 503);
    rig.say(ANN, "1", "one").await;
    assert_eq!(ways(&rig), [way(MAIN, "echo one")], "once is nothing");
    later(&rig, Span::seconds(2)).await;
    assert_eq!(ways(&rig)[1..], [way(MAIN, "echo one"), way(BACKUP, "echo one")]);
    assert_eq!(switches(&rig, ANN).await, [way(MAIN, BACKUP)]);
    assert_eq!(rig.core.broken_channels(), [name(MAIN)]);
    rig.network.calls.lock().expect("not poisoned").clear();
    // Somebody else is not kept waiting to find the same out, and order holds.
    rig.say(BEN, "2", "a|b").await;
    rig.quiet().await;
    assert_eq!(ways(&rig), [way(BACKUP, "a"), way(BACKUP, "b")]);
    rig.network.calls.lock().expect("not poisoned").clear();
    // It is well again: one message finds out, and from then on all leave where people know them from.
    later(&rig, Span::seconds(31)).await;
    rig.say(BEN, "3", "c|d").await;
    rig.quiet().await;
    assert_eq!(ways(&rig), [way(MAIN, "c"), way(MAIN, "d")]);
    assert!(rig.core.broken_channels().is_empty());
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn a_channel_that_refuses_everything_is_stood_in_for_at_once(backend: Backend) {
    let rig = Rig::with(backend, echo, plan(true)).await;
    main_answers(&rig, 3, 401);
    rig.say(ANN, "1", "one|two").await;
    rig.quiet().await;
    assert_eq!(ways(&rig), [way(MAIN, "one"), way(BACKUP, "one"), way(MAIN, "two"), way(BACKUP, "two")]);
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
    assert_eq!(rig.core.broken_channels(), [name(MAIN)], "twice is enough");
}

async fn without_a_stand_in_messages_wait_and_one_finds_out(backend: Backend) {
    let rig = Rig::with(backend, echo, plan(false)).await;
    main_answers(&rig, 2, 503);
    rig.say(ANN, "1", "one").await;
    later(&rig, Span::seconds(2)).await;
    rig.say(BEN, "2", "two").await;
    for _ in 0..20 {
        later(&rig, Span::seconds(1)).await;
    }
    assert_eq!(ways(&rig).len(), 2, "nobody tries");
    for _ in 0..60 {
        later(&rig, Span::seconds(1)).await;
    }
    let mut left: Vec<_> = ways(&rig)[2..].to_vec();
    left.sort();
    assert_eq!(left, [way(MAIN, "echo one"), way(MAIN, "echo two")]);
    assert!(switches(&rig, ANN).await.is_empty());
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn what_may_have_left_is_never_sent_by_a_stand_in(backend: Backend) {
    for (unsure, over_main) in [(Unsure::Fail, 1), (Unsure::Resend, 2)] {
        let stands_in = plan(true);
        let rig = Rig::with(backend, echo, |plan| {
            plan.unsure = unsure;
            stands_in(plan);
        })
        .await;
        main_answers(&rig, 1, 503);
        rig.script(|_| Err(HttpFailure::TimeoutAfterWrite));
        rig.say(ANN, "1", "one|two").await;
        later(&rig, Span::seconds(2)).await;
        assert_eq!(rig.core.broken_channels(), [name(MAIN)], "{unsure:?}");
        for _ in 0..50 {
            later(&rig, Span::seconds(2)).await;
        }
        let ways = ways(&rig);
        let over = |channel: &str| ways.iter().filter(|one| **one == way(channel, "one")).count();
        assert_eq!((over(MAIN), over(BACKUP)), (1 + over_main, 0), "{unsure:?}: {ways:?}");
        assert!(ways.iter().any(|(_, text)| text == "two"), "what is behind it leaves: {ways:?}");
    }
}

async fn what_waits_too_long_fails_visibly(backend: Backend) {
    let rig = Rig::with(backend, echo, plan(false)).await;
    main_answers(&rig, 500, 503);
    rig.say(ANN, "1", "one").await;
    for _ in 0..80 {
        later(&rig, Span::seconds(15)).await;
    }
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    assert_eq!((list.len(), list[0].kind), (1, "message"));
    let journal = rig.journal(rig.key(ANN)).await;
    let end = AttemptOutcome::Failed { reason: FailureReason::Unknown };
    assert!(journal.iter().any(|event| matches!(event, Event::Attempted { outcome, .. } if *outcome == end)), "{journal:?}");
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

async fn stand_ins_that_refuse_too_end_it(backend: Backend) {
    let rig = Rig::with(backend, echo, plan(true)).await;
    for _ in 0..40 {
        rig.script(|_| answer(401, "{}"));
    }
    rig.say(ANN, "1", "one").await;
    rig.quiet().await;
    for _ in 0..40 {
        later(&rig, Span::seconds(30)).await;
    }
    assert!(ways(&rig).len() <= 20, "it is not passed round for ever: {}", ways(&rig).len());
    assert_eq!(failed::list(&*rig.store, 10).await.expect("lists").len(), 1);
}
