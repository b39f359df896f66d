//! Requests that take effect once.

use super::world::{Backend, World};
use bytes::Bytes;
use replyflow::domain::id::Who;
use replyflow::domain::time::Span;
use replyflow::store::{Fingerprint, OnceRequest, RequestKey, RequestStep, Requested};

impl World {
    async fn step(&self, who: Who, name: &str, body: &str, step: RequestStep) -> Requested {
        let (key, print) = (RequestKey::of("/v1/events", name), Fingerprint::of(body.as_bytes()));
        self.store.request(OnceRequest { key, print, who, step }).await.expect("answers")
    }

    async fn begins(&self, who: Who, name: &str, body: &str) -> Requested {
        self.step(who, name, body, RequestStep::Begin).await
    }
}

pub async fn a_request_is_answered_once_and_its_answer_stays(backend: Backend) {
    let world = World::new(backend).await;
    let (first, second) = (world.who(), world.who());
    assert_eq!(world.begins(first, "a", "body").await, Requested::Yours);
    assert_eq!(world.begins(first, "a", "body").await, Requested::Yours, "the answer was lost");
    assert_eq!(world.begins(second, "a", "body").await, Requested::Busy(world.settings.claim_lease));
    assert_eq!(world.begins(second, "a", "another body").await, Requested::Other);
    let answer = |text: &'static str| RequestStep::Answer(Bytes::from(text));
    assert_eq!(world.step(first, "a", "body", answer("\0one")).await, Requested::Done);
    assert_eq!(world.step(first, "a", "body", answer("two")).await, Requested::Done, "a repeat, or a straggler");
    assert_eq!(world.begins(second, "a", "body").await, Requested::Answered(Bytes::from("\0one")));
    assert_eq!(world.begins(first, "a", "body").await, Requested::Answered(Bytes::from("\0one")), "whoever asks");
    assert_eq!(world.begins(second, "a", "another body").await, Requested::Other);
    for step in [RequestStep::Again, RequestStep::Forget] {
        assert_eq!(world.step(first, "a", "body", step).await, Requested::Done);
    }
    assert_eq!(world.begins(second, "a", "body").await, Requested::Answered(Bytes::from("\0one")), "nothing undoes it");
    assert_eq!(world.begins(second, "b", "body").await, Requested::Yours, "another name");
    world.pass(world.settings.requests_kept);
    assert_eq!(world.begins(second, "a", "another body").await, Requested::Yours, "forgotten in its time");
}

pub async fn a_request_whose_worker_died_is_taken_over_and_never_changed(backend: Backend) {
    let world = World::new(backend).await;
    let (dead, next) = (world.who(), world.who());
    assert_eq!(world.begins(dead, "a", "body").await, Requested::Yours);
    world.pass(Span(world.settings.claim_lease.0 - 1));
    assert_eq!(world.begins(next, "a", "body").await, Requested::Busy(Span(1)));
    world.pass(Span(1));
    assert_eq!(world.begins(next, "a", "another body").await, Requested::Other, "still not another body");
    assert_eq!(world.begins(next, "a", "body").await, Requested::Yours);
    // The one that was believed dead cannot give it away, but what it did is a fact.
    for step in [RequestStep::Again, RequestStep::Forget] {
        assert_eq!(world.step(dead, "a", "body", step).await, Requested::Done);
        assert!(matches!(world.begins(world.who(), "a", "body").await, Requested::Busy(_)));
    }
    let answer = RequestStep::Answer(Bytes::from("late"));
    assert_eq!(world.step(dead, "a", "body", answer).await, Requested::Done);
    assert_eq!(world.begins(next, "a", "body").await, Requested::Answered(Bytes::from("late")));
}

pub async fn what_could_not_be_done_is_free_or_open_again(backend: Backend) {
    let world = World::new(backend).await;
    let (first, second) = (world.who(), world.who());
    assert_eq!(world.begins(first, "a", "body").await, Requested::Yours);
    assert_eq!(world.step(first, "a", "body", RequestStep::Again).await, Requested::Done);
    assert_eq!(world.begins(second, "a", "another body").await, Requested::Other);
    assert_eq!(world.begins(second, "a", "body").await, Requested::Yours);
    assert_eq!(world.step(second, "a", "body", RequestStep::Forget).await, Requested::Done);
    assert_eq!(world.begins(first, "a", "another body").await, Requested::Yours);
}

pub async fn what_is_free_again_takes_no_room(backend: Backend) {
    let world = World::with(backend, |settings| settings.requests_max = 256).await;
    assert_eq!(world.begins(world.who(), "stays", "body").await, Requested::Yours);
    for n in 0..600 {
        let (who, name) = (world.who(), format!("refused {n}"));
        assert_eq!(world.begins(who, &name, "body").await, Requested::Yours, "{n}");
        assert_eq!(world.step(who, &name, "body", RequestStep::Forget).await, Requested::Done);
    }
}

pub async fn only_so_many_requests_are_remembered(backend: Backend) {
    let world = World::with(backend, |settings| settings.requests_max = 1).await;
    // One on each shard.
    let mut names = 0;
    while world.begins(world.who(), &names.to_string(), "body").await == Requested::Yours {
        names += 1;
        assert!(names <= usize::from(world.store.shards()), "no bound");
    }
    let refused = names.to_string();
    assert_eq!(world.begins(world.who(), &refused, "body").await, Requested::Full);
    assert_eq!(world.begins(world.who(), "0", "another").await, Requested::Other, "those that are remembered stay");
    world.pass(Span(world.settings.requests_kept.0 + 60_000));
    assert_eq!(world.begins(world.who(), "0", "another").await, Requested::Yours);
}
