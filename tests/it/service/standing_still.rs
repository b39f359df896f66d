//! A store that is away for a moment, or stands still: what is known of a send stays known, and nobody holds others up for longer than must be.

use super::collecting::compiled;
use super::echo::echo;
use super::lost::losing_under;
use super::rig::{Backend, Rig};
use super::{ANN, BEN, on_every_store};
use crate::support::live::SIMULATED;
use replyflow::domain::address::Address;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::Who;
use replyflow::domain::suppression::{Over, Put, Suppression, SuppressionReason, Withheld};
use replyflow::domain::time::Span;
use replyflow::engine;
use replyflow::service::failed;
use replyflow::service::ports::HttpFailure;
use replyflow::service::suppressions::Putting;
use std::sync::Arc;
use std::time::Duration;

on_every_store!(
    what_is_known_to_be_begun_stays_known_when_a_question_finds_no_answer,
    permits_that_the_store_does_not_give_are_asked_for_once_a_second,
    permits_that_a_silent_store_does_not_give_are_not_asked_for_by_the_next_one,
    who_looks_for_what_is_due_waits_for_nobody_who_looks_for_pauses,
    who_waits_to_begin_alone_gives_its_place_back_when_its_lease_ends,
);

/// How long it is awaited that something comes by itself.
const PATIENCE: Duration = Duration::from_secs(60);

const HELLO: &str = "\
flow: hello
start: [ { message: any } ]
begin: told
states: { told: { say: Hello., end: told } }
";

/// Puts something on the list that forbids no message: of this address the store is asked from now on.
async fn listed(rig: &Rig, address: &str) {
    let entry = Suppression {
        over: Over::Kind(ChannelKind::Email),
        what: Withheld::Everything,
        reason: SuppressionReason::Manual,
        by: "ada".to_owned(),
        at: rig.core.store_now(),
        note: None,
        until: None,
    };
    let address = rig.core.listed_as(&Address::from_wire(address));
    assert_eq!(rig.core.put_suppression(address, entry, Putting::Asked).await, Ok(Put::Added));
}

async fn what_is_known_to_be_begun_stays_known_when_a_question_finds_no_answer(backend: Backend) {
    let (rig, store) = losing_under(backend, echo, |_| {}).await;
    listed(&rig, ANN).await;
    // The provider does not answer, and the store goes away until the lease is over. It comes back as it was before the attempt.
    let down = Arc::clone(&store);
    rig.script(move |_| {
        down.goes_away(true);
        Err(HttpFailure::Lost)
    });
    rig.deliver(ANN, "1", "one").await;
    rig.tasks.run().await;
    store.goes_away(false);
    store.forgets();
    store.lose(&["list_find"; 20]);
    rig.pass(Span::seconds(61));
    rig.quiet().await;
    assert!(store.still_to_lose("list_find") < 20, "it was asked");
    store.heal();
    rig.pass(Span::seconds(3));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo one"], "the provider may have it");
    assert_eq!(failed::list(&*rig.store, 10).await.expect("lists").len(), 1, "an operator decides");
}

async fn permits_that_the_store_does_not_give_are_asked_for_once_a_second(backend: Backend) {
    let (rig, store) = losing_under(backend, echo, |_| {}).await;
    store.lose(&["permits"; 20]);
    rig.say(ANN, "1", "one").await;
    let left = store.still_to_lose("permits");
    assert!(left < 20, "it was asked");
    rig.core.tick().await.expect("looks");
    rig.tasks.run().await;
    assert_eq!(store.still_to_lose("permits"), left, "who asks again waits for the same");
    store.heal();
    rig.pass(Span::seconds(1));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo one"]);
}

async fn permits_that_a_silent_store_does_not_give_are_not_asked_for_by_the_next_one(backend: Backend) {
    let (rig, store) = losing_under(backend, echo, |_| {}).await;
    let stop = store.stop("permits");
    store.lose(&["permits"; 20]);
    rig.deliver(ANN, "1", "one").await;
    let tasks = Arc::clone(&rig.tasks);
    let running = tokio::spawn(async move { tasks.run().await });
    tokio::time::timeout(PATIENCE, stop.there.notified()).await.expect("it is asked");
    // That it does not answer is known after longer than it is left alone for.
    rig.pass(Span::seconds(2));
    stop.go.notify_one();
    running.await.expect("no panic");
    let left = store.still_to_lose("permits");
    assert!(left < 20, "it was asked");
    rig.core.tick().await.expect("looks");
    rig.tasks.run().await;
    assert_eq!(store.still_to_lose("permits"), left, "who asks next would wait as long");
    store.heal();
    rig.pass(Span::seconds(1));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["echo one"]);
}

async fn who_looks_for_what_is_due_waits_for_nobody_who_looks_for_pauses(backend: Backend) {
    let (rig, store) = losing_under(backend, echo, |_| {}).await;
    let stop = store.stop("holds");
    let core = Arc::clone(&rig.core);
    let looking = tokio::spawn(async move { core.follow_holds().await });
    tokio::time::timeout(PATIENCE, stop.there.notified()).await.expect("it looks for pauses");
    // It is time for the next look at them, and the server that has them is silent.
    rig.pass(Span::seconds(1));
    tokio::time::timeout(PATIENCE, rig.say(ANN, "1", "one")).await.expect("who writes is answered");
    tokio::time::timeout(PATIENCE, rig.core.tick()).await.expect("nobody waits").expect("looks");
    stop.go.notify_one();
    looking.await.expect("no panic");
    assert_eq!(rig.texts(), ["echo one"]);
}

/// Begins the contacts that are due, one at a look at least.
async fn begin(rig: &Rig, contacts: usize) {
    let mut begun = 0;
    for _ in 0..10 {
        begun += rig.core.tick().await.expect("looks").begun;
    }
    assert_eq!(begun, contacts);
}

async fn who_waits_to_begin_alone_gives_its_place_back_when_its_lease_ends(backend: Backend) {
    // Two contacts that are due are worked on at one time.
    let (rig, store) = losing_under(backend, engine::turn, |plan| {
        plan.settings.contacts_in_flight = 3;
        plan.toml = SIMULATED.to_owned();
        plan.catalog = compiled(&crate::support::project::of(SIMULATED), &[HELLO]);
    })
    .await;
    for person in [ANN, BEN] {
        rig.say(person, "1", "hi").await;
        rig.quiet().await;
        listed(&rig, person).await;
        rig.deliver(person, "2", "hi").await;
        rig.tasks.die();
    }
    for n in 0..4 {
        rig.pass(Span::seconds(6));
        begin(&rig, 2).await;
        rig.tasks.die();
        for (person, who) in [(ANN, Who(n)), (BEN, Who(10 + n))] {
            rig.store.claim(rig.key(person), who).await.expect("claims");
        }
    }
    rig.pass(Span::seconds(6));
    // A turn asks what is said of the contact's address.
    let stop = store.stop("list_find");
    begin(&rig, 2).await;
    let tasks = Arc::clone(&rig.tasks);
    let running = tokio::spawn(async move { tasks.run().await });
    tokio::time::timeout(PATIENCE, stop.there.notified()).await.expect("one of them begins");
    // One of them has begun alone, and the store stands still. The other does not wait for it with a place that somebody else may need.
    let free = async {
        loop {
            rig.pass(Span::seconds(6));
            if rig.core.tick().await.expect("looks").begun > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, free).await.expect("there is a place");
    stop.go.notify_one();
    running.await.expect("no panic");
    for _ in 0..3 {
        rig.pass(Span::seconds(6));
        rig.quiet().await;
    }
    assert_eq!(rig.texts(), ["Hello."; 4]);
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}
