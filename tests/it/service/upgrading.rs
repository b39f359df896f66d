//! Instances that are replaced by a newer release, one by one: its records are of a format that the older ones do not know.

use super::echo::echo;
use super::lost::Losing;
use super::rig::{Backend, Rig, message};
use super::{ANN, BEN, on_every_store};
use replyflow::domain::time::Span;
use replyflow::service::{Core, Parts, Received, failed};
use replyflow::store::Store;
use std::sync::Arc;

on_every_store!(a_newer_release_takes_over_contact_by_contact_and_nothing_is_lost_or_overtaken);

/// An instance of the newer release beside those that are there.
async fn newer(rig: &Rig) -> Arc<Core> {
    let store: Arc<dyn Store> = Losing::of_a_newer_release(Arc::clone(&rig.store));
    Core::start(Parts { store, ..rig.parts() }).await.expect("the service starts")
}

async fn say(rig: &Rig, core: &Arc<Core>, from: &str, id: &str, text: &str) -> Received {
    let received = core.receive_message(message(from, id, text)).await.expect("accepted");
    rig.tasks.run().await;
    received
}

async fn a_newer_release_takes_over_contact_by_contact_and_nothing_is_lost_or_overtaken(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let newer = newer(&rig).await;
    rig.say(ANN, "1", "one").await;
    rig.say(BEN, "2", "hi").await;
    assert_eq!(say(&rig, &newer, ANN, "3", "two").await, Received::Begun, "what the older one wrote it reads");
    assert_eq!(rig.texts(), ["echo one", "echo hi", "echo two"]);
    // The older one takes what comes, and leaves it.
    assert_eq!(rig.say(ANN, "4", "three").await, Received::Begun);
    assert_eq!(rig.say(ANN, "5", "four").await, Received::Queued);
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 3, "it cannot read the contact");
    assert_eq!(rig.say(BEN, "6", "again").await, Received::Begun, "others are its own still");
    // What it left is due again in a quarter of a minute, for whoever looks.
    rig.pass(Span::seconds(16));
    newer.tick().await.expect("looks");
    rig.tasks.run().await;
    assert_eq!(rig.texts()[3..], ["echo again", "echo three", "echo four"]);
    // The older one goes, and what it had written is read on.
    rig.core.stop();
    say(&rig, &newer, BEN, "7", "bye").await;
    assert_eq!(rig.texts()[6..], ["echo bye"]);
    for contact in [ANN, BEN] {
        assert!(rig.is_at_rest(rig.key(contact)).await, "{contact}");
    }
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty(), "nobody gave up");
    // Back to the older release: it leaves both alone, and says nothing wrong.
    let older = rig.another().await;
    say(&rig, &older, BEN, "8", "hello?").await;
    older.tick().await.expect("looks");
    rig.tasks.run().await;
    assert_eq!(rig.texts().len(), 7);
    assert!(!rig.is_at_rest(rig.key(BEN)).await, "it waits for a release that knows it");
}
