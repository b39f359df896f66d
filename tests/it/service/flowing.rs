//! What goes well: a reply, order, floods, two instances, a stop.

use super::echo::echo;
use super::rig::{Backend, Rig, message};
use super::{ANN, BEN, on_every_store};
use replyflow::domain::journal::Event;
use replyflow::domain::time::Span;
use replyflow::service::{Received, failed};

on_every_store!(
    a_message_is_answered_once_however_often_it_comes,
    messages_of_one_contact_are_answered_in_order_by_two_instances,
    several_messages_of_one_turn_leave_in_order_each_after_the_one_before,
    a_flood_is_bounded_and_others_are_unharmed,
    a_turn_that_panics_costs_its_message_and_nothing_else,
    a_stopping_instance_stores_and_leaves_the_work_to_others,
    a_batch_is_stored_in_its_order,
    an_overloaded_instance_stores_and_comes_back_to_it,
    too_much_text_is_cut_and_not_refused,
    a_contact_who_never_stops_lets_others_have_their_turn,
);

async fn a_message_is_answered_once_however_often_it_comes(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    assert_eq!(rig.say(ANN, "1", "hi").await, Received::Begun);
    assert_eq!(rig.say(ANN, "1", "hi").await, Received::Duplicate);
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo hi"]);
    assert!(rig.is_at_rest(rig.key(ANN)).await);
    let journal = rig.journal(rig.key(ANN)).await;
    assert!(journal.iter().any(|e| matches!(e, Event::Attempted { provider_id: Some(id), .. } if id == "p1")), "{journal:?}");
}

async fn messages_of_one_contact_are_answered_in_order_by_two_instances(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let other = rig.another().await;
    for n in 0..100 {
        let core = if n % 2 == 0 { &rig.core } else { &other };
        core.receive_message(message(ANN, &n.to_string(), &n.to_string())).await.expect("accepted");
        // Tasks of both instances go on at odd moments.
        if n % 7 == 0 {
            rig.tasks.run().await;
        }
    }
    rig.quiet().await;
    let expected: Vec<String> = (0..100).map(|n| format!("echo {n}")).collect();
    assert_eq!(rig.texts(), expected);
}

async fn several_messages_of_one_turn_leave_in_order_each_after_the_one_before(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.say(ANN, "1", "a|b|c").await;
    rig.say(ANN, "2", "d|e").await;
    rig.quiet().await;
    assert_eq!(rig.texts(), ["a", "b", "c", "d", "e"]);
}

async fn a_flood_is_bounded_and_others_are_unharmed(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let mut full = 0;
    for n in 0..1_000 {
        if rig.deliver(ANN, &n.to_string(), "x").await == Received::Full {
            full += 1;
        }
    }
    assert_eq!(full, 900, "a mailbox holds 100");
    assert_eq!(rig.say(BEN, "b", "hello").await, Received::Begun);
    assert!(rig.texts().contains(&"echo hello".to_owned()));
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 101);
    assert_eq!(rig.say(ANN, "after", "again").await, Received::Begun);
    assert_eq!(rig.texts().last().map(String::as_str), Some("echo again"));
}

async fn a_turn_that_panics_costs_its_message_and_nothing_else(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    // One commit holds all three: the one in the middle is set aside.
    for (id, text) in [("1", "before"), ("2", "panic"), ("3", "after")] {
        rig.deliver(ANN, id, text).await;
    }
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo before", "echo after"]);
    let list = failed::list(&*rig.store, 10).await.expect("lists");
    assert_eq!(list.iter().map(|f| f.kind).collect::<Vec<_>>(), ["input"]);
    assert!(!list[0].about.contains("panic"), "no text of a person in a list");
    let journal = rig.journal(rig.key(ANN)).await;
    assert!(journal.iter().any(|e| matches!(e, Event::SetAside { reason, .. } if reason.contains("panicked"))), "{journal:?}");
    assert!(journal.iter().any(|e| matches!(e, Event::Alert { .. })));
    // An operator has it done again; it panics again; then it is dropped.
    assert!(failed::act(&*rig.store, list[0].key, failed::Act::Retry).await.expect("retries"));
    rig.quiet().await;
    let again = failed::list(&*rig.store, 10).await.expect("lists");
    assert_eq!(again.len(), 1);
    assert!(failed::act(&*rig.store, again[0].key, failed::Act::Drop).await.expect("drops"));
    assert!(!failed::act(&*rig.store, again[0].key, failed::Act::Drop).await.expect("is gone"));
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn a_stopping_instance_stores_and_leaves_the_work_to_others(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let other = rig.another().await;
    rig.deliver(ANN, "1", "a|b|c").await;
    rig.core.stop();
    assert_eq!(rig.deliver(BEN, "2", "hello").await, Received::Queued);
    rig.tasks.run().await;
    // Its turn was committed; nothing was begun that would have to be waited for.
    assert!(rig.texts().is_empty(), "{:?}", rig.texts());
    assert_eq!(rig.core.tick().await.expect("looks").begun, 0);
    for _ in 0..10 {
        other.tick().await.expect("looks");
        rig.tasks.run().await;
    }
    let mut texts = rig.texts();
    texts.sort();
    assert_eq!(texts, ["a", "b", "c", "echo hello"]);
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn a_batch_is_stored_in_its_order(backend: Backend) {
    use replyflow::provider::{Decoded, Received as Said};
    let rig = Rig::new(backend, echo).await;
    let said = |from: &str, n: usize| {
        let message = message(from, &format!("{from}{n}"), &n.to_string());
        Decoded::Message(Box::new(Said { message, to: "main-sms".to_owned(), segments: None, part: None, error: None }))
    };
    let batch: Vec<Decoded> = (0..40).map(|n| said(if n % 2 == 0 { ANN } else { BEN }, n)).collect();
    let answers = rig.core.receive(batch.clone()).await.expect("stored");
    assert_eq!(answers.iter().filter(|r| **r == Received::Begun).count(), 2);
    assert_eq!(rig.core.receive(batch).await.expect("stored"), vec![Received::Duplicate; 40]);
    rig.quiet().await;
    let numbers: Vec<usize> = rig.texts().iter().map(|t| t["echo ".len()..].parse().expect("a number")).collect();
    for parity in [0, 1] {
        let own: Vec<usize> = numbers.iter().copied().filter(|n| n % 2 == parity).collect();
        assert_eq!(own, (0..40).filter(|n| n % 2 == parity).collect::<Vec<_>>());
    }
}

async fn an_overloaded_instance_stores_and_comes_back_to_it(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.settings.contacts_in_flight = 1).await;
    assert_eq!(rig.deliver(ANN, "1", "one").await, Received::Begun);
    assert_eq!(rig.deliver(BEN, "2", "two").await, Received::Queued);
    rig.quiet().await;
    let mut texts = rig.texts();
    texts.sort();
    assert_eq!(texts, ["echo one", "echo two"]);
}

async fn too_much_text_is_cut_and_not_refused(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.store.claim_lease = Span::seconds(5)).await;
    assert_eq!(rig.say(ANN, "1", &"é".repeat(1_000_000)).await, Received::Begun);
    assert_eq!(rig.texts().len(), 1);
}

async fn a_contact_who_never_stops_lets_others_have_their_turn(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| {
        plan.settings.commits_in_a_row = 2;
        plan.settings.fold = 1;
        plan.settings.contacts_in_flight = 1;
    })
    .await;
    for n in 0..20 {
        rig.deliver(ANN, &format!("a{n}"), &format!("a{n}")).await;
    }
    rig.deliver(BEN, "b", "b").await;
    for _ in 0..40 {
        rig.tasks.run().await;
        rig.pass(Span::millis(10));
        rig.core.tick().await.expect("looks");
    }
    let texts = rig.texts();
    let ben = texts.iter().position(|t| t == "echo b").expect("answered");
    assert!(ben < 10, "after {ben} of Ann's messages");
    let ann: Vec<String> = texts.into_iter().filter(|t| t != "echo b").collect();
    assert_eq!(ann, (0..20).map(|n| format!("echo a{n}")).collect::<Vec<_>>());
}
