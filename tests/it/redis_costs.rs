//! What each call of the Redis store costs: its commands, counted by Redis itself.

use crate::conformance::world::{Backend, World, contact, id, lane, push, sms, whatsapp};
use crate::redis_store::{connection, run};
use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use replyflow::config::send::PairPace;
use replyflow::domain::hold::HoldKind;
use replyflow::domain::name::Slug;
use replyflow::domain::time::{Millis, Span};
use replyflow::store::{
    Claimed, Commit, Committed, HoldKey, Judgement, ListChange, Rate, Settle, SettleResult, Settled, StartAnswer, Traffic,
    WorkSet,
};
use std::collections::BTreeMap;

/// Calls of commands inside one call of the store.
async fn commands(redis: &mut MultiplexedConnection) -> BTreeMap<String, u64> {
    let info: String = run(redis, &["INFO", "commandstats"]).await;
    let () = run(redis, &["CONFIG", "RESETSTAT"]).await;
    info.lines()
        .filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls="))
        .filter(|(name, _)| {
            !["evalsha", "eval", "info", "config|resetstat", "hello"].contains(name) && !name.starts_with("client|")
        })
        .map(|(name, rest)| (name.to_owned(), rest.split(',').next().and_then(|n| n.parse().ok()).unwrap_or(0)))
        .collect()
}

#[tokio::test]
async fn scripts_stay_within_their_budget() {
    let world = World::new(Backend::Redis).await;
    let mut redis = connection(&world).await;
    let mut spent: Vec<(&str, u64, String)> = Vec::new();
    // Every script once, so that none is loaded while it is counted.
    world.sends(contact(9), &[sms(), sms()]).await;
    let first = world.started(contact(9), &sms()).await;
    world.store.settle(world.end(&first, SettleResult::Done)).await.expect("settles");
    let channel = Slug::parse("main-sms").expect("a slug");
    let rate = Rate { per_second: 10.0, burst: 5 };
    world.store.permits(&channel, Traffic::Talk, 1, rate).await.expect("permits");
    world.queued(contact(9), "m9").await;
    world.store.claim(contact(9), world.who()).await.expect("claims");
    let listing = |address, body| ListChange { address, was: None, now: Some(Bytes::from_static(body)) };
    world.store.list_change(listing(contact(9), b"a")).await.expect("lists");
    macro_rules! count {
        ($name:literal, $at_most:literal, $call:expr) => {{
            commands(&mut redis).await;
            let answer = $call;
            let calls = commands(&mut redis).await;
            let sum: u64 = calls.values().sum();
            spent.push(($name, $at_most, format!("{sum}: {calls:?}")));
            assert!(sum <= $at_most, "{} uses {sum} commands, at most {}: {calls:?}", $name, $at_most);
            answer
        }};
    }
    let person = contact(1);
    let claim = count!("accept, new contact", 9, world.claimed(person, "m1").await);
    count!("accept, duplicate", 2, world.deliver(person, "m1").await);
    count!("accept, queued", 4, world.deliver(person, "m2").await);
    let mut commit = world.turn(person, &claim);
    commit.lanes = vec![push(commit.new, &[sms(), sms()], true)];
    let (more, started) = count!("commit, 2 sends, first taken", 9, world.committed(commit.clone()).await);
    assert_eq!(more.len(), 1);
    count!("commit, repeated", 1, world.store.commit(commit.clone()).await.expect("answers"));
    count!("commit, stale", 1, {
        let stale = Commit { new: commit.expect.after(&[id("x")]), ..commit.clone() };
        assert_eq!(world.store.commit(stale).await, Ok(Committed::Stale));
    });
    let mut done = world.end(&started[0], SettleResult::Done);
    done.take = vec![sms()];
    let next = count!("settle, takes next", 7, world.store.settle(done.clone()).await.expect("settles"));
    let Settled::Ok { next: Some(next), .. } = next else { panic!("nothing taken") };
    count!("settle, gone", 1, world.store.settle(done).await.expect("settles"));
    count!("settle, lane empty", 5, world.store.settle(world.end(&next, SettleResult::Done)).await.expect("settles"));
    let Claimed::Claimed(claim) = count!("claim", 5, world.store.claim(person, world.who()).await.expect("claims")) else {
        panic!("not claimed");
    };
    count!("commit, no send", 6, world.committed(world.turn(person, &claim)).await);
    count!("accept, known contact", 5, world.claimed(person, "m3").await);
    count!("due, nothing due", 2, world.due(person).await);
    let key = HoldKey::Channel(channel.clone(), HoldKind::Flagged);
    let said = |at| Judgement { key: key.clone(), at: Millis(at), body: Some(Bytes::from_static(b"flagged")) };
    count!("judge, begins", 4, world.store.judge(said(2)).await.expect("judges"));
    count!("judge, late", 1, world.store.judge(said(1)).await.expect("judges"));
    count!("unhold", 4, world.store.unhold(key.clone()).await.expect("ends"));
    count!("permits", 2, world.store.permits(&channel, Traffic::Talk, 1, rate).await.expect("permits"));
    count!("list, new address", 6, world.store.list_change(listing(person, b"a")).await.expect("lists"));
    count!("list, repeated", 1, world.store.list_change(listing(person, b"a")).await.expect("lists"));
    count!("list, refused", 1, world.store.list_change(listing(person, b"b")).await.expect("lists"));
    for (name, at_most, line) in spent {
        println!("{name} (at most {at_most}) {line}");
    }
}

/// What the three calls that take a message cost, for one in this set: `commit`, `settle`, `start`.
async fn taking(world: &World, redis: &mut MultiplexedConnection, n: usize, set: &WorkSet) -> [BTreeMap<String, u64>; 3] {
    let person = contact(n);
    let claim = world.claimed(person, &format!("m{n}")).await;
    let mut commit = world.turn(person, &claim);
    commit.lanes = vec![push(commit.new, &[set.clone(), set.clone(), set.clone()], true)];
    commands(redis).await;
    let (_, started) = world.committed(commit).await;
    let committed = commands(redis).await;
    let done = Settle { take: vec![set.clone()], ..world.end(&started[0], SettleResult::Done) };
    commands(redis).await;
    let next = world.store.settle(done).await.expect("settles");
    let settled = commands(redis).await;
    let Settled::Ok { next: Some(second), .. } = next else { panic!("nothing taken: {next:?}") };
    world.store.settle(world.end(&second, SettleResult::Done)).await.expect("settles");
    let due = world.store.due_work(world.shard(person), set, 10).await.expect("looks");
    assert!(due.lanes.contains(&lane(person)));
    commands(redis).await;
    let third = world.store.start(lane(person), set, world.who(), Some(due.ticket)).await.expect("starts");
    let taken = commands(redis).await;
    let StartAnswer::Ok { started: third, .. } = third else { panic!("not started: {third:?}") };
    world.store.settle(world.end(&third, SettleResult::Done)).await.expect("settles");
    [committed, settled, taken]
}

#[tokio::test]
async fn what_is_counted_to_one_person_costs_two_commands_more() {
    let pair = PairPace { every: Span::seconds(6), burst: 10 };
    let name = Slug::parse("main-whatsapp").expect("a slug");
    let world = World::with(Backend::Redis, |settings| _ = settings.pairs.insert(name, pair)).await;
    let mut redis = connection(&world).await;
    // Every script once, so that none is loaded while it is counted.
    taking(&world, &mut redis, 9, &whatsapp()).await;
    taking(&world, &mut redis, 8, &sms()).await;
    let plain = taking(&world, &mut redis, 1, &sms()).await;
    let counted = taking(&world, &mut redis, 2, &whatsapp()).await;
    for ((plain, counted), (name, at_most)) in plain.iter().zip(&counted).zip([("commit", 13), ("settle", 9), ("start", 7)]) {
        let sum = |calls: &BTreeMap<String, u64>| calls.values().sum::<u64>();
        let more = |command: &str| counted.get(command).unwrap_or(&0).checked_sub(*plain.get(command).unwrap_or(&0));
        assert_eq!((more("get"), more("set")), (Some(1), Some(1)), "{name}: {plain:?} {counted:?}");
        assert!(sum(counted) <= at_most && sum(plain) + 2 <= at_most, "{name}: {plain:?} {counted:?}, at most {at_most}");
    }
}
