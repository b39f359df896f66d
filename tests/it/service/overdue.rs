//! What is overdue and why, as an instance sees it.

use super::echo::echo;
use super::rig::{Backend, Rig, answer};
use super::{ANN, BEN, on_every_store};
use replyflow::domain::mode::Mode;
use replyflow::domain::time::Span;
use replyflow::service::Core;
use replyflow::service::stuck::Why;

on_every_store!(
    what_waits_for_a_rate_that_is_used_up_is_not_said_to_be_left_alone,
    what_waits_because_its_provider_said_too_fast_is_said_to,
);

/// So long that something is overdue, and so short that no further message may leave.
const MOMENT: Span = Span::millis(100);

/// Why what has been overdue for half a moment is.
async fn whys(core: &Core) -> Vec<Why> {
    let stuck = core.stuck(Mode::Live, Span::millis(MOMENT.0 / 2), 10).await.expect("looks");
    stuck.into_iter().map(|one| one.why).collect()
}

async fn what_waits_for_a_rate_that_is_used_up_is_not_said_to_be_left_alone(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.per_second = 1).await;
    rig.say(ANN, "1", "one").await;
    rig.say(BEN, "2", "two").await;
    rig.quiet().await;
    rig.pass(MOMENT);
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 1, "one a second");
    assert_eq!(whys(&rig.core).await, [Why::Rate]);
    let other = rig.another().await;
    assert_eq!(whys(&other).await, [Why::NotTaken], "who never looked knows of no rate that was wanting");
    rig.pass(Span::seconds(1));
    rig.quiet().await;
    assert_eq!((rig.texts().len(), whys(&rig.core).await), (2, Vec::new()));
}

async fn what_waits_because_its_provider_said_too_fast_is_said_to(backend: Backend) {
    let rig = Rig::with(backend, echo, |plan| plan.per_second = 10).await;
    rig.script(|_| {
        let mut told = answer(429, "{}")?;
        told.headers.push(("retry-after".to_owned(), "5".to_owned()));
        Ok(told)
    });
    rig.say(ANN, "1", "one").await;
    rig.quiet().await;
    rig.say(BEN, "2", "two").await;
    rig.quiet().await;
    rig.pass(MOMENT);
    assert_eq!(whys(&rig.core).await, [Why::Rate], "and what is tried again later is not overdue");
    let other = rig.another().await;
    other.tick().await.expect("looks");
    rig.tasks.run().await;
    assert_eq!(whys(&other).await, [Why::Rate], "it hears of it where it asks for permits");
    assert_eq!(rig.texts().len(), 1, "nothing left meanwhile");
}
