//! `permits`, `slow_down`, `spend`: how fast and how much a channel may send, all instances together.

use super::world::{Backend, World};
use replyflow::domain::name::Slug;
use replyflow::domain::time::Span;
use replyflow::store::{Rate, SlowDown, Spend, Traffic};

pub async fn permits_follow_the_rate(backend: Backend) {
    let world = World::new(backend).await;
    let channel = Slug::parse("main-sms").expect("a slug");
    let rate = Rate { per_second: 10.0, burst: 5 };
    let permits = |want| world.store.permits(&channel, Traffic::Talk, want, rate);
    assert_eq!(permits(3).await.expect("asks").granted, 3);
    assert_eq!(permits(3).await.expect("asks").granted, 2, "the burst is used");
    let none = permits(1).await.expect("asks");
    assert_eq!((none.granted, none.wait), (0, Span(100)));
    world.pass(none.wait);
    assert_eq!(permits(3).await.expect("asks").granted, 1);
    world.pass(Span::hours(1));
    assert_eq!(permits(100).await.expect("asks").granted, 5, "a rest fills the bucket and no more");
    let other = Slug::parse("other").expect("a slug");
    assert_eq!(world.store.permits(&other, Traffic::Talk, 1, rate).await.expect("asks").granted, 1, "each channel has its own");
}

pub async fn a_rate_is_lowered_for_all_and_comes_back(backend: Backend) {
    let world = World::new(backend).await;
    let channel = Slug::parse("main-sms").expect("a slug");
    let rate = Rate { per_second: 10.0, burst: 10 };
    let permits = |traffic, want| world.store.permits(&channel, traffic, want, rate);
    let slow_down = |pause, lower| world.store.slow_down(SlowDown { channel: channel.clone(), pause: Span(pause), lower });
    assert_eq!(slow_down(3_000, true).await.expect("is told"), 0.5);
    assert_eq!(slow_down(3_000, true).await.expect("is told"), 0.5, "a repeat");
    for traffic in [Traffic::Talk, Traffic::Bulk] {
        let none = permits(traffic, 5).await.expect("asks");
        assert_eq!((none.granted, none.wait), (0, Span(3_000)), "nobody, {traffic:?}");
    }
    world.pass(Span(3_000));
    assert_eq!(permits(Traffic::Talk, 100).await.expect("asks").granted, 6, "half of the burst and what came back of it");
    world.pass(Span::seconds(1));
    let slow = permits(Traffic::Talk, 100).await.expect("asks").granted;
    assert!((4..=6).contains(&slow), "half of the rate: {slow}");
    assert!(slow_down(0, true).await.expect("is told") < 0.27);
    let paused = slow_down(60_000, false).await.expect("is told");
    assert!(paused < 0.27, "a pause alone lowers nothing");
    assert_eq!(permits(Traffic::Talk, 1).await.expect("asks").granted, 0);
    world.pass(Span::minutes(10));
    assert_eq!(permits(Traffic::Talk, 100).await.expect("asks").granted, 10, "all of it");
    world.pass(Span::seconds(1));
    assert_eq!(permits(Traffic::Talk, 100).await.expect("asks").granted, 10);
    let other = Slug::parse("other").expect("a slug");
    slow_down(60_000, true).await.expect("is told");
    assert_eq!(world.store.permits(&other, Traffic::Talk, 1, rate).await.expect("asks").granted, 1, "each channel has its own");
}

pub async fn a_day_is_counted_by_the_hour(backend: Backend) {
    let world = World::new(backend).await;
    let spend = |name: &str, most| world.store.spend(Spend { channel: Slug::parse(name).expect("a slug"), most });
    for n in 1..=2 {
        let spent = spend("main-sms", 3).await.expect("counts");
        assert_eq!((spent.granted, spent.used, spent.recent), (true, n, n));
    }
    world.pass(Span::hours(3));
    let third = spend("main-sms", 3).await.expect("counts");
    assert_eq!((third.granted, third.used, third.recent), (true, 3, 1));
    let none = spend("main-sms", 3).await.expect("counts");
    assert_eq!((none.granted, none.used), (false, 3));
    assert!((Span::hours(21)..=Span::hours(22)).contains(&none.again), "when the first ones are a day old: {}", none.again);
    assert!(spend("main-sms", 4).await.expect("counts").granted, "what conversations may use and broadcasts not");
    assert!(spend("other", 1).await.expect("counts").granted);
    world.pass(none.again);
    let later = spend("main-sms", 4).await.expect("counts");
    assert_eq!((later.granted, later.used), (true, 3), "the first two are gone");
}
