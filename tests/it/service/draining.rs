//! An instance that is drained: it takes nothing new, ends what it has in hand, leaves the rest to others, and works again when it is told so.

use super::echo::echo;
use super::rig::{Backend, Rig, answer};
use super::{ANN, BEN, on_every_store};
use replyflow::domain::time::Span;
use replyflow::service::{InHand, Received};

on_every_store!(
    a_drained_instance_takes_nothing_and_another_one_does_its_work,
    what_was_in_hand_ends_and_nothing_follows_it,
    an_instance_that_works_again_begins_with_what_is_due,
);

async fn a_drained_instance_takes_nothing_and_another_one_does_its_work(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let other = rig.another().await;
    assert!(rig.core.drain("ann", Some("a new kernel")) && !rig.core.drain("ben", None), "once");
    let drain = rig.core.drained_since().expect("it is drained");
    assert_eq!((drain.by.as_str(), drain.reason.as_deref()), ("ann", Some("a new kernel")));
    assert_eq!(rig.say(ANN, "1", "hi").await, Received::Queued, "it is stored all the same");
    rig.say(BEN, "2", "wake 5").await;
    rig.quiet().await;
    rig.pass(Span::minutes(5));
    rig.quiet().await;
    assert_eq!((rig.texts(), rig.core.in_hand()), (Vec::new(), InHand::default()), "nothing is begun, however long it waits");
    assert!(rig.core.in_hand().is_empty());
    for _ in 0..4 {
        other.tick().await.expect("looks");
        rig.tasks.run().await;
        rig.pass(Span::seconds(6));
    }
    let mut texts = rig.texts();
    texts.sort();
    assert_eq!(texts, ["awake", "echo hi"]);
    assert!(rig.is_at_rest(rig.key(ANN)).await && rig.is_at_rest(rig.key(BEN)).await);
}

async fn what_was_in_hand_ends_and_nothing_follows_it(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    let other = rig.another().await;
    let core = rig.core.clone();
    rig.script_slowly(move |_| {
        Box::pin(async move {
            assert!(core.drain("ann", None));
            assert_eq!(core.in_hand().sends, 1, "it is on its way");
            answer(200, "{\"id\":\"p1\"}")
        })
    });
    rig.say(ANN, "1", "one|two").await;
    rig.quiet().await;
    assert_eq!((rig.texts(), rig.core.in_hand().is_empty()), (vec!["one".to_owned()], true));
    other.tick().await.expect("looks");
    rig.tasks.run().await;
    assert_eq!(rig.texts(), ["one", "two"], "in order, by another one, at once: nothing had to lapse");
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

async fn an_instance_that_works_again_begins_with_what_is_due(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    assert!(!rig.core.work_again(), "nobody drained it");
    rig.core.drain("ann", None);
    rig.say(ANN, "1", "hi").await;
    rig.quiet().await;
    assert!(rig.texts().is_empty());
    assert!(rig.core.work_again() && rig.core.drained_since().is_none());
    rig.quiet().await;
    rig.say(ANN, "2", "again").await;
    assert_eq!(rig.texts(), ["echo hi", "echo again"]);
}
