//! `permits`, `slow_down`, `spend`, `hold`, `judge`: how fast and how much a channel may send, all instances together.

use super::world::{Backend, World, contact, lane, push, sms, whatsapp};
use bytes::Bytes;
use replyflow::config::send::PairPace;
use replyflow::domain::hold::HoldKind;
use replyflow::domain::name::Slug;
use replyflow::domain::time::{Millis, Span};
use replyflow::store::{HoldKey, Judgement, Rate, SettleResult, Settled, SlowDown, Spend, StartAnswer, Started, Traffic};

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
    let spend = |name: &str, most| world.store.spend(Spend { channel: Slug::parse(name).expect("a slug"), most, back: false });
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
    let back = |name: &str| world.store.spend(Spend { channel: Slug::parse(name).expect("a slug"), most: 0, back: true });
    back("main-sms").await.expect("given back");
    let again = spend("main-sms", 4).await.expect("counts");
    assert_eq!((again.granted, again.used), (true, 3), "what did not leave does not count");
    for _ in 0..5 {
        back("nobody").await.expect("nothing to give back");
    }
    assert_eq!(spend("nobody", 1).await.expect("counts").used, 1, "never less than nothing");
}

pub async fn what_holds_a_channel_back_stays_until_it_is_ended(backend: Backend) {
    let world = World::new(backend).await;
    let key = |kind, channel: &str| HoldKey::Channel(Slug::parse(channel).expect("a slug"), kind);
    let hold = |key, body: &'static str| world.store.hold(key, Bytes::from_static(body.as_bytes()));
    assert!(world.store.holds().await.expect("looks").is_empty());
    let flagged = || key(HoldKind::Flagged, "whatsapp");
    assert!(hold(flagged(), "first").await.expect("holds"));
    assert!(hold(flagged(), "first").await.expect("holds"), "a repeat, whose answer was lost");
    assert!(!hold(flagged(), "second").await.expect("holds"), "what stands goes on");
    assert!(hold(key(HoldKind::Paused, "whatsapp"), "by ann").await.expect("holds"), "each reason by itself");
    assert!(hold(key(HoldKind::Paused, "main-sms"), "").await.expect("holds"));
    let flow = || HoldKey::Flow(Slug::parse("whatsapp").expect("a slug"));
    assert!(hold(flow(), "by ben").await.expect("holds"), "a flow of the same name is something else");
    assert!(!hold(flow(), "by ann").await.expect("holds"));
    world.pass(Span::days(30));
    let all = world.store.holds().await.expect("looks");
    let all: Vec<_> = all.iter().map(|(key, body)| (key.clone(), &body[..])).collect();
    let expected: [(HoldKey, &[u8]); 4] = [
        (key(HoldKind::Paused, "main-sms"), b""),
        (flagged(), b"first"),
        (key(HoldKind::Paused, "whatsapp"), b"by ann"),
        (flow(), b"by ben"),
    ];
    assert_eq!(all, expected);
    assert!(world.store.unhold(flow()).await.expect("ends"));
    assert!(world.store.unhold(flagged()).await.expect("ends"));
    assert!(!world.store.unhold(flagged()).await.expect("ends"), "it is over");
    assert_eq!(world.store.holds().await.expect("looks").len(), 2);
    assert!(hold(flagged(), "second").await.expect("holds"), "it begins anew");
}

/// Something said of a channel's number at a time; a body holds it back.
async fn judge(world: &World, channel: &str, at: i64, body: Option<&'static str>) -> bool {
    let key = HoldKey::Channel(Slug::parse(channel).expect("a slug"), HoldKind::Flagged);
    let body = body.map(|body| Bytes::from_static(body.as_bytes()));
    world.store.judge(Judgement { key, at: Millis(at), body }).await.expect("judges")
}

/// What holds channels back, with its body.
async fn held(world: &World) -> Vec<(String, HoldKind, String)> {
    let all = world.store.holds().await.expect("looks");
    let text = |body: &Bytes| String::from_utf8_lossy(body).into_owned();
    let one = |(key, body): &(HoldKey, Bytes)| match key {
        HoldKey::Channel(channel, kind) => (channel.to_string(), *kind, text(body)),
        HoldKey::Flow(flow) => panic!("{flow} is no channel"),
    };
    all.iter().map(one).collect()
}

pub async fn what_is_said_of_a_channel_counts_by_its_time_in_any_order(backend: Backend) {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let world = World::new(backend).await;
    let ended = [(10, Some("first")), (15, Some("second")), (20, None)];
    let holds = [(10, None), (20, None), (20, Some("at one time"))];
    for (n, order) in ORDERS.iter().enumerate() {
        for i in order {
            judge(&world, &format!("ended-{n}"), ended[*i].0, ended[*i].1).await;
            judge(&world, &format!("holds-{n}"), holds[*i].0, holds[*i].1).await;
        }
    }
    let expected = (0..ORDERS.len()).map(|n| (format!("holds-{n}"), HoldKind::Flagged, "at one time".to_owned()));
    assert_eq!(held(&world).await, expected.collect::<Vec<_>>(), "the latest alone decides; at one time what holds back");
    assert!(judge(&world, "holds-0", 20, Some("at one time")).await, "a repeat, whose answer was lost");
    assert!(judge(&world, "holds-0", 30, Some("again")).await, "the latest");
    assert!(!judge(&world, "holds-0", 25, None).await, "late");
    let first = held(&world).await.remove(0);
    assert_eq!(first, ("holds-0".to_owned(), HoldKind::Flagged, "at one time".to_owned()), "what stands goes on as it was");
    assert!(judge(&world, "holds-0", 31, None).await && judge(&world, "holds-0", 31, None).await, "a repeat");
    assert_eq!(held(&world).await.len(), ORDERS.len() - 1);
}

pub async fn what_is_ended_by_hand_begins_no_more_by_what_was_said_before(backend: Backend) {
    let world = World::new(backend).await;
    let key = |kind| HoldKey::Channel(Slug::parse("whatsapp").expect("a slug"), kind);
    let (flagged, paused) = (|| key(HoldKind::Flagged), || key(HoldKind::Paused));
    assert!(world.store.hold(paused(), Bytes::from_static(b"by ann")).await.expect("holds"));
    assert!(judge(&world, "whatsapp", 40, Some("flagged")).await);
    assert!(world.store.unhold(flagged()).await.expect("ends"));
    assert!(!world.store.unhold(flagged()).await.expect("ends"), "a repeat");
    assert!(!judge(&world, "whatsapp", 40, Some("flagged")).await, "the same once more");
    assert!(!judge(&world, "whatsapp", 39, Some("flagged")).await, "late");
    assert!(judge(&world, "whatsapp", 41, Some("anew")).await, "later");
    assert!(judge(&world, "whatsapp", 50, None).await);
    let pause = [("whatsapp".to_owned(), HoldKind::Paused, "by ann".to_owned())];
    assert_eq!(held(&world).await, pause, "what is said of the number ends nothing that a person began");
    assert!(world.store.unhold(paused()).await.expect("ends"));
    assert!(world.store.hold(paused(), Bytes::from_static(b"by ben")).await.expect("holds"), "a pause has no time of its own");
}

pub async fn messages_to_one_contact_are_counted_where_they_are_taken(backend: Backend) {
    let pair = PairPace { every: Span::seconds(6), burst: 3 };
    let name = Slug::parse("main-whatsapp").expect("a slug");
    let world = World::with(backend, |settings| _ = settings.pairs.insert(name, pair)).await;
    let (ann, ben) = (contact(1), contact(2));
    let next = async |started: &Started| {
        let done = replyflow::store::Settle { take: vec![whatsapp(), sms()], ..world.end(started, SettleResult::Done) };
        match world.store.settle(done).await.expect("settles") {
            Settled::Ok { next, .. } => next,
            other => panic!("not settled but {other:?}"),
        }
    };
    let tries = async |n: usize| {
        let due = world.store.due_work(world.shard(contact(n)), &whatsapp(), 10).await.expect("looks");
        (due.lanes.contains(&lane(contact(n))), due)
    };
    // A commit takes one, settles take two: that is the burst.
    let claim = world.claimed(ann, "m1").await;
    let mut commit = world.turn(ann, &claim);
    commit.lanes = vec![push(commit.new, &[whatsapp(), whatsapp(), whatsapp(), whatsapp(), sms()], true)];
    let (_, started) = world.committed(commit.clone()).await;
    let again = world.store.start(lane(ann), &whatsapp(), commit.who, None).await.expect("answers");
    assert!(matches!(again, StartAnswer::Ok { .. }), "a lost answer counts nothing");
    let second = next(&started[0]).await.expect("the second");
    let third = next(&second).await.expect("the third");
    assert!(next(&third).await.is_none(), "there is no room");
    assert!(!tries(1).await.0, "it is not due");
    // Nobody else is kept waiting, and whoever has written meanwhile has no more room for that.
    let other = world.claimed(ben, "m2").await;
    let mut turn = world.turn(ben, &other);
    turn.lanes = vec![push(turn.new, &[whatsapp()], true)];
    assert_eq!(world.committed(turn).await.1.len(), 1);
    world.pass(Span(5_999));
    assert!(!tries(1).await.0);
    world.pass(Span(1));
    let (is_due, due) = tries(1).await;
    assert!(is_due, "one is paid back");
    let StartAnswer::Ok { started: fourth, .. } =
        world.store.start(lane(ann), &whatsapp(), world.who(), Some(due.ticket)).await.expect("starts")
    else {
        panic!("not started")
    };
    let last = next(&fourth).await.expect("what goes over another channel is not counted");
    assert!(next(&last).await.is_none(), "the lane is empty");
    // The count outlives the lane: a commit takes nothing along, and a ticket begins nothing before its time.
    let claim = world.claimed(ann, "m3").await;
    let mut commit = world.turn(ann, &claim);
    commit.lanes = vec![push(commit.new, &[whatsapp()], true)];
    assert!(world.committed(commit).await.1.is_empty());
    assert!(!tries(1).await.0);
    let claim = world.claimed(contact(3), "m4").await;
    let mut commit = world.turn(contact(3), &claim);
    commit.lanes = vec![push(commit.new, &[whatsapp(), whatsapp(), whatsapp(), whatsapp()], false)];
    world.committed(commit).await;
    for n in 0..4 {
        let (is_due, due) = tries(3).await;
        assert!(is_due, "{n}");
        match world.store.start(lane(contact(3)), &whatsapp(), world.who(), Some(due.ticket)).await.expect("answers") {
            StartAnswer::Ok { started, .. } if n < 3 => {
                world.store.settle(world.end(&started, SettleResult::Done)).await.expect("settles");
            }
            StartAnswer::Taken if n == 3 => {}
            other => panic!("{n}: {other:?}"),
        }
    }
    assert!(!tries(3).await.0, "it waits until there is room");
    world.pass(Span::seconds(6));
    let (is_due, due) = tries(3).await;
    assert!(is_due, "there is room");
    assert!(due.lanes.contains(&lane(ann)) || tries(1).await.0);
}
