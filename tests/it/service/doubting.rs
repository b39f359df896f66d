//! Messages whose answer was lost: known by a key, asked for, or left to the channel's policy. Never repeated silently.

use super::echo::echo;
use super::rig::{Backend, Plan, Rig, answer};
use super::{ANN, BEN, on_every_store};
use crate::support::asked::Asked;
use replyflow::config::channel::{ProviderSettings, SimulatorSettings};
use replyflow::config::send::Unsure;
use replyflow::domain::id::{SendRef, Token};
use replyflow::domain::journal::{AttemptOutcome, Event};
use replyflow::domain::time::Span;
use replyflow::provider::Adapter;
use replyflow::service::failed;
use replyflow::service::ports::HttpFailure;

on_every_store!(
    a_provider_that_has_it_is_believed_and_nothing_is_sent_again,
    a_provider_that_speaks_of_another_message_is_not_believed,
    a_provider_that_never_had_it_gets_it_again,
    a_provider_that_does_not_know_is_asked_again_and_then_the_policy_decides,
    a_key_makes_a_repeat_harmless,
    a_key_that_was_refused_proves_nothing,
    what_a_dead_instance_began_is_asked_for,
);

const ASKED: &str = "http://asked.test";

/// Whose `main-sms` can be asked, or has keys.
fn sms(at: Option<&str>, keys: bool) -> impl FnOnce(&mut Plan) {
    let simulator = SimulatorSettings { base_url: "http://simulator.test".to_owned() };
    let inner = Adapter::new(&ProviderSettings::Simulator(simulator));
    let adapter = Adapter::from(Asked { inner, at: at.map(str::to_owned), keys });
    move |plan| plan.arrange = Box::new(move |channels| channels["main-sms"].adapter = adapter)
}

fn asked(rig: &Rig) -> usize {
    rig.network.calls.lock().expect("not poisoned").iter().filter(|call| call.url.starts_with(ASKED)).count()
}

async fn later(rig: &Rig, span: Span) {
    rig.pass(span);
    rig.quiet().await;
}

async fn failures(rig: &Rig) -> usize {
    failed::list(&*rig.store, 10).await.expect("lists").len()
}

async fn a_provider_that_has_it_is_believed_and_nothing_is_sent_again(backend: Backend) {
    let rig = Rig::with(backend, echo, sms(Some(ASKED), false)).await;
    rig.script(|_| Err(HttpFailure::TimeoutAfterWrite));
    rig.script(|call| {
        assert!(call.url.starts_with(ASKED), "{}", call.url);
        answer(200, "p77")
    });
    rig.say(ANN, "1", "one|two").await;
    rig.quiet().await;
    assert_eq!((rig.texts(), asked(&rig)), (vec!["one".to_owned()], 0), "not at once: it may still be on its way");
    later(&rig, Span::seconds(12)).await;
    assert_eq!((rig.texts(), asked(&rig)), (vec!["one".to_owned(), "two".to_owned()], 1));
    let journal = rig.journal(rig.key(ANN)).await;
    let ends = journal.iter().filter_map(|event| match event {
        Event::Attempted { outcome, provider_id, .. } => Some((*outcome, provider_id.clone())),
        _ => None,
    });
    let ends: Vec<_> = ends.collect();
    assert_eq!(ends[0], (AttemptOutcome::RetryUnsure, None));
    assert_eq!(ends[1], (AttemptOutcome::Accepted, Some("p77".to_owned())));
    assert_eq!(failures(&rig).await, 0);
}

async fn a_provider_that_speaks_of_another_message_is_not_believed(backend: Backend) {
    let rig = Rig::with(backend, echo, sms(Some(ASKED), false)).await;
    let other = SendRef { contact: rig.key(BEN), effect: Token(1).effect(0) }.to_string();
    rig.script(|_| Err(HttpFailure::TimeoutAfterWrite));
    rig.script(move |_| answer(200, &other));
    rig.script(|_| answer(200, "p77"));
    rig.say(ANN, "1", "one").await;
    later(&rig, Span::seconds(12)).await;
    assert!(!rig.is_at_rest(rig.key(ANN)).await, "nothing is known of this one");
    later(&rig, Span::seconds(12)).await;
    assert_eq!((rig.texts(), asked(&rig), failures(&rig).await), (vec!["echo one".to_owned()], 2, 0));
}

async fn a_provider_that_never_had_it_gets_it_again(backend: Backend) {
    let rig = Rig::with(backend, echo, sms(Some(ASKED), false)).await;
    rig.script(|_| Err(HttpFailure::Lost));
    rig.script(|_| answer(404, ""));
    rig.say(ANN, "1", "one|two").await;
    later(&rig, Span::seconds(12)).await;
    assert_eq!(rig.texts(), ["one", "one", "two"]);
    let journal = rig.journal(rig.key(ANN)).await;
    let told = |event: &Event| matches!(event, Event::Attempted { detail: Some(words), .. } if words.contains("never had it"));
    assert!(journal.iter().any(told), "the journal says why it was sent again");
}

async fn a_provider_that_does_not_know_is_asked_again_and_then_the_policy_decides(backend: Backend) {
    for (unsure, sent, failed) in [(Unsure::Fail, 1, 1), (Unsure::Resend, 2, 0)] {
        let can_be_asked = sms(Some(ASKED), false);
        let rig = Rig::with(backend, echo, |plan| {
            can_be_asked(plan);
            plan.unsure = unsure;
        })
        .await;
        rig.script(|_| Err(HttpFailure::TimeoutAfterWrite));
        for _ in 0..5 {
            rig.script(|_| answer(503, ""));
        }
        rig.deliver(ANN, "1", "hi").await;
        rig.quiet().await;
        for _ in 0..10 {
            later(&rig, Span::seconds(60)).await;
        }
        assert_eq!((rig.texts().len(), failures(&rig).await), (sent, failed), "{unsure:?}");
        assert_eq!(asked(&rig), 5, "{unsure:?}");
    }
}

async fn a_key_makes_a_repeat_harmless(backend: Backend) {
    let rig = Rig::with(backend, echo, sms(None, true)).await;
    rig.script(|_| Err(HttpFailure::TimeoutAfterWrite));
    rig.say(ANN, "1", "one|two").await;
    later(&rig, Span::seconds(5)).await;
    assert_eq!(rig.texts(), ["one", "one", "two"], "whatever the policy of the channel says");
    assert_eq!(failures(&rig).await, 0);
}

async fn what_a_dead_instance_began_is_asked_for(backend: Backend) {
    let rig = Rig::with(backend, echo, sms(Some(ASKED), false)).await;
    rig.deliver(ANN, "1", "hi").await;
    rig.tasks.run_only_the_first().await;
    assert_eq!(rig.tasks.die(), 1, "whoever was to send it died, perhaps after it had left");
    rig.script(|_| answer(200, "p9"));
    later(&rig, Span::seconds(61)).await;
    assert_eq!((rig.texts().len(), asked(&rig), failures(&rig).await), (0, 1, 0), "the provider has it");
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

async fn a_key_that_was_refused_proves_nothing(backend: Backend) {
    let rig = Rig::with(backend, echo, sms(None, true)).await;
    // It refused the message for now and kept its key, which it then takes for a repeat.
    rig.script(|_| answer(503, "{}"));
    rig.script(|_| answer(200, r#"{"id":"p1","text":"had it before"}"#));
    rig.say(ANN, "1", "hi").await;
    later(&rig, Span::seconds(5)).await;
    assert_eq!((rig.texts().len(), failures(&rig).await), (2, 1), "nobody is told that it was sent");
    let journal = rig.journal(rig.key(ANN)).await;
    assert!(!journal.iter().any(|e| matches!(e, Event::Attempted { outcome: AttemptOutcome::Accepted, .. })), "{journal:?}");
    // Where an attempt was lost it does prove that.
    rig.script(|_| Err(HttpFailure::Lost));
    rig.script(|_| answer(200, r#"{"id":"p2","text":"had it before"}"#));
    rig.say(ANN, "2", "ho").await;
    later(&rig, Span::seconds(5)).await;
    assert_eq!((rig.texts().len(), failures(&rig).await), (4, 1));
}
