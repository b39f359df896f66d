//! What only the Redis store can show: a full or dead Redis, its keys, its costs, other instances.

use crate::conformance::world::{Backend, World, contact, id, input, lane, push, sms, urgent, whatsapp};
use crate::support::patience::{LONG, patient};
use crate::support::redis::RedisServer;
use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::name::Slug;
use replyflow::domain::time::{Millis, Span};
use replyflow::store::{
    Accept, Accepted, Claimed, Commit, FindingLevel, Fingerprint, OnceRequest, Rate, RedisStore, Report, RequestKey, RequestStep,
    Requested, SettleResult, Settled, StartAnswer, StopMask, Store, StoreError, StoreSettings, Traffic,
};
use std::time::Instant;

pub async fn connection(world: &World) -> MultiplexedConnection {
    world.redis.as_ref().expect("a Redis").connection().await
}

pub async fn run<T: redis::FromRedisValue>(connection: &mut MultiplexedConnection, words: &[&str]) -> T {
    let mut command = redis::cmd(words[0]);
    words[1..].iter().for_each(|word| {
        command.arg(*word);
    });
    command.query_async(connection).await.unwrap_or_else(|e| panic!("{words:?}: {e}"))
}

#[tokio::test]
async fn a_lost_script_cache_costs_nothing() {
    let world = World::new(Backend::Redis).await;
    let claim = world.claimed(contact(1), "m1").await;
    let () = run(&mut connection(&world).await, &["SCRIPT", "FLUSH"]).await;
    world.committed(world.turn(contact(1), &claim)).await;
    world.claimed(contact(1), "m2").await;
}

#[tokio::test]
async fn a_full_redis_refuses_input_and_drains() {
    let world = World::new(Backend::Redis).await;
    let mut redis = connection(&world).await;
    world.sends(contact(1), &[sms(), sms()]).await;
    let claim = world.claimed(contact(1), "m1").await;
    let () = run(&mut redis, &["CONFIG", "SET", "maxmemory", "1"]).await;
    let before: Vec<String> = run(&mut redis, &["KEYS", "*"]).await;
    let refused = |answer: Result<(), StoreError>| assert!(matches!(answer, Err(StoreError::Full(_))), "{answer:?}");
    refused(world.store.accept(input(contact(2), "m2")).await.map(drop));
    refused(world.store.accept(urgent(contact(1), "m2")).await.map(drop));
    let report = Report { contact: contact(1), effect: claim.record.token.effect(0), journal: Bytes::from("r"), wake: None };
    refused(world.store.report(report).await.map(drop));
    let after: Vec<String> = run(&mut redis, &["KEYS", "*"]).await;
    assert_eq!(before.len(), after.len(), "refused before the first write");
    // Everything that frees memory goes on.
    world.committed(world.turn(contact(1), &claim)).await;
    let started = world.started(contact(1), &sms()).await;
    let channel = Slug::parse("main-sms").expect("a slug");
    let rate = Rate { per_second: 1.0, burst: 1 };
    assert_eq!(world.store.permits(&channel, Traffic::Talk, 1, rate).await.expect("permits").granted, 1);
    assert!(matches!(world.store.settle(world.end(&started, SettleResult::Done)).await, Ok(Settled::Ok { .. })));
    assert!(world.store.due_contacts(world.shard(contact(1)), 1).await.is_ok());
    assert_eq!(world.store.claim(contact(1), world.who()).await, Ok(Claimed::Free));
    let () = run(&mut redis, &["CONFIG", "SET", "maxmemory", "0"]).await;
    assert!(matches!(world.deliver(contact(2), "m2").await, Accepted::Claimed(_)), "the redelivery is no duplicate");
}

/// What makes Redis refuse to write, and what ends that.
const FAILING: [(&str, &[&str], &[&str]); 3] = [
    ("full", &["CONFIG", "SET", "maxmemory", "1"], &["CONFIG", "SET", "maxmemory", "0"]),
    ("read-only", &["REPLICAOF", "127.0.0.1", "1"], &["REPLICAOF", "NO", "ONE"]),
    (
        "answering nothing",
        &["CONFIG", "SET", "replica-serve-stale-data", "no"],
        &["CONFIG", "SET", "replica-serve-stale-data", "yes"],
    ),
];

#[tokio::test]
async fn a_request_that_redis_cannot_write_is_refused_whole() {
    for (name, fail, mend) in FAILING {
        let world = World::new(Backend::Redis).await;
        let mut redis = connection(&world).await;
        let (first, second) = (world.who(), world.who());
        let (key, print) = (RequestKey::of("/v1/events", "a"), Fingerprint::of(b"body"));
        let ask = async |who, key, step| world.store.request(OnceRequest { key, print, who, step }).await;
        assert_eq!(ask(first, key, RequestStep::Begin).await, Ok(Requested::Yours), "{name}");
        let all = async |redis: &mut MultiplexedConnection| {
            let mut kept = Vec::new();
            for key in run::<Vec<String>>(redis, &["KEYS", "rf1:q*"]).await {
                let kind: String = run(redis, &["TYPE", &key]).await;
                let words: &[&str] = if kind == "hash" { &["HGETALL", &key] } else { &["ZRANGE", &key, "0", "-1", "WITHSCORES"] };
                kept.push((key.clone(), run::<Vec<Vec<u8>>>(redis, words).await));
            }
            kept.sort();
            kept
        };
        let before = all(&mut redis).await;
        if name == "answering nothing" {
            // As while it loads: only a replica without its master answers so.
            let () = run(&mut redis, &["REPLICAOF", "127.0.0.1", "1"]).await;
        }
        let () = run(&mut redis, fail).await;
        let other = RequestKey::of("/v1/events", "b");
        for answer in [
            ask(second, other, RequestStep::Begin).await,
            ask(first, key, RequestStep::Answer(Bytes::from_static(b"answer"))).await,
            ask(first, key, RequestStep::Forget).await,
        ] {
            assert!(matches!(&answer, Err(error) if error.is_temporary()), "{name}: {answer:?}");
        }
        let () = run(&mut redis, mend).await;
        if name == "answering nothing" {
            let () = run(&mut redis, &["REPLICAOF", "NO", "ONE"]).await;
        }
        assert_eq!(all(&mut redis).await, before, "{name}: nothing is half done");
        assert!(matches!(ask(second, key, RequestStep::Begin).await, Ok(Requested::Busy(_))), "{name}: still the first one's");
        assert_eq!(ask(second, other, RequestStep::Begin).await, Ok(Requested::Yours), "{name}");
        let done = ask(first, key, RequestStep::Answer(Bytes::from_static(b"answer"))).await;
        assert_eq!(done, Ok(Requested::Done), "{name}");
        assert_eq!(ask(second, key, RequestStep::Begin).await, Ok(Requested::Answered(Bytes::from_static(b"answer"))), "{name}");
    }
}

/// Repeats a call as its caller would, until Redis is back.
async fn accepted(store: &dyn Store, accept: Accept) -> Accepted {
    let begun = Instant::now();
    loop {
        match store.accept(accept.clone()).await {
            Ok(accepted) => return accepted,
            Err(e) => assert!(e.is_temporary(), "{e}"),
        }
        patient(begun, "Redis comes back");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_was_answered_survives_kill_9() {
    let mut world = World::new(Backend::Redis).await;
    let mut redis = world.redis.as_ref().expect("a Redis").connection().await;
    let set = redis::cmd("CONFIG").arg(&["SET", "appendfsync", "always"]).exec_async(&mut redis).await;
    set.expect("an answer means that it is on the disk");
    for round in 0..3 {
        for n in 0..50 {
            world.claimed(contact(n), &format!("m{round} {n}")).await;
            let Claimed::Claimed(claim) = world.store.claim(contact(n), world.who()).await.expect("claims") else {
                panic!("not claimed");
            };
            world.committed(world.turn(contact(n), &claim)).await;
        }
        world.redis.as_mut().expect("a Redis").kill9();
        let dead = tokio::time::timeout(LONG, world.store.accept(input(contact(0), "dead"))).await;
        assert!(matches!(dead, Ok(Err(StoreError::Unavailable(_)))), "{dead:?}");
        let before = world.redis.as_ref().expect("a Redis").pid();
        world.redis.as_mut().expect("a Redis").restart();
        assert_ne!(world.redis.as_ref().expect("a Redis").pid(), before, "another process");
        for n in 0..50 {
            let again = accepted(&*world.store, input(contact(n), &format!("m{round} {n}"))).await;
            assert_eq!(again, Accepted::Duplicate, "{n} after round {round}");
        }
    }
}

#[tokio::test]
async fn message_ids_are_kept_in_two_generations() {
    let world = World::with(Backend::Redis, |s| s.dedupe_cap = 4).await;
    for n in 0..12 {
        let claim = world.claimed(contact(1), &format!("m{n}")).await;
        world.committed(world.turn(contact(1), &claim)).await;
    }
    for n in 4..12 {
        assert_eq!(world.deliver(contact(1), &format!("m{n}")).await, Accepted::Duplicate, "{n}");
    }
    assert!(matches!(world.deliver(contact(1), "m0").await, Accepted::Claimed(_)), "bounded: the oldest are forgotten");
    let mut redis = connection(&world).await;
    for kind in ["d", "e"] {
        let keys: Vec<String> = run(&mut redis, &["KEYS", &format!("rf1:{kind}:*")]).await;
        let ttl: i64 = run(&mut redis, &["PTTL", &keys[0]]).await;
        assert!(ttl > 0, "{kind} is never forgotten");
        let encoding: String = run(&mut redis, &["OBJECT", "ENCODING", &keys[0]]).await;
        assert_eq!(encoding, "intset");
    }
}

#[tokio::test]
async fn a_flood_is_bounded_in_memory_too() {
    let world = World::with(Backend::Redis, |s| (s.dedupe_cap, s.mailbox_max) = (4, 2)).await;
    for n in 0..30 {
        world.deliver(contact(1), &format!("m{n}")).await;
    }
    let mut redis = connection(&world).await;
    let keys: Vec<String> = run(&mut redis, &["KEYS", "rf1:d:*"]).await;
    let known: usize = run(&mut redis, &["SCARD", &keys[0]]).await;
    assert!(known <= 5, "{known} ids of refused messages");
}

#[tokio::test]
async fn keys_and_headers_are_as_documented() {
    let world = World::new(Backend::Redis).await;
    let person = contact(1);
    let claim = world.claimed(person, "m1").await;
    let mut commit = world.turn(person, &claim);
    commit.hold = true;
    commit.alarm = Some(world.now() + Span::hours(1));
    commit.stop = StopMask::of(&[ChannelKind::Sms, ChannelKind::WhatsApp]);
    commit.lanes = vec![push(commit.new, &[sms()], true)];
    commit.await_add = vec![commit.new.effect(0)];
    world.committed(commit.clone()).await;
    let mut redis = connection(&world).await;
    let mut keys: Vec<String> = run(&mut redis, &["KEYS", "*"]).await;
    keys.sort();
    let tag = keys.iter().find(|key| key.starts_with("rf1:r:")).expect("a record")[6..10].to_owned();
    let expected = ["a:T", "d:T:C", "j:T", "k:T:C", "o:T:C", "r:T:C", "w:T:main-sms:talk", "works"]
        .map(|name| format!("rf1:{}", name.replace('T', &tag).replace('C', person.as_str())));
    assert_eq!(keys, expected);
    let record: String = run(&mut redis, &["GET", &format!("rf1:r:{tag}:{person}")]).await;
    let (header, blob) = record.split_at(24);
    assert_eq!((&header[..2], &header[3..8], &header[8..]), ("10", "03---", &commit.new.to_string()[..]));
    assert_eq!(blob.as_bytes(), &commit.blob[..]);
    let effect: String = run(&mut redis, &["LINDEX", &format!("rf1:o:{tag}:{person}"), "0"]).await;
    let short = String::from_utf8(sms().short().to_vec()).expect("text");
    assert_eq!(effect[..35], format!("s01{short}{}{}", commit.who, commit.new.effect(0)));
    // The names of stored sets are stored: they must never change.
    assert_eq!((&sms().short(), &whatsapp().short()), (b"ML-H", b"KO5m"));
}

#[tokio::test]
async fn a_contact_at_rest_is_small() {
    const RECORD: usize = 400;
    let world = World::new(Backend::Redis).await;
    let claim = world.claimed(contact(1), "m1").await;
    world.committed(Commit { blob: Bytes::from(vec![b'x'; RECORD]), ..world.turn(contact(1), &claim) }).await;
    let mut redis = connection(&world).await;
    let keys: Vec<String> = run(&mut redis, &["KEYS", &format!("*{}", contact(1))]).await;
    assert_eq!(keys.len(), 2, "the record and the message ids: {keys:?}");
    let mut bytes = 0;
    for key in &keys {
        bytes += run::<usize>(&mut redis, &["MEMORY", "USAGE", key]).await;
    }
    assert!(bytes <= RECORD + 300, "{bytes} bytes for a contact at rest with a record of {RECORD}");
}

#[tokio::test]
async fn hints_reach_every_instance() {
    let world = World::new(Backend::Redis).await;
    let url = world.redis.as_ref().expect("a Redis").url();
    let other = RedisStore::open(&url, world.settings.clone()).expect("opens");
    let hints = other.hints();
    let heard = async || tokio::time::timeout(LONG, hints.notified()).await;
    heard().await.expect("the listener says when it has begun");
    world.queued(contact(1), "m1").await;
    heard().await.expect("an input that nobody has");
    world.due(contact(1)).await;
    let Claimed::Claimed(claim) = world.store.claim(contact(1), world.who()).await.expect("claims") else {
        panic!("not claimed")
    };
    let mut commit = world.turn(contact(1), &claim);
    commit.lanes = vec![push(commit.new, &[sms()], false)];
    world.committed(commit).await;
    heard().await.expect("an effect that nobody has");
}

#[tokio::test]
async fn an_instance_settles_into_a_set_that_only_another_one_knows() {
    let world = World::new(Backend::Redis).await;
    let ids = world.sends(contact(1), &[sms(), whatsapp()]).await;
    let url = world.redis.as_ref().expect("a Redis").url();
    let other = RedisStore::open(&url, world.settings.clone()).expect("opens");
    let due = other.due_work(world.shard(contact(1)), &sms(), 1).await.expect("looks");
    let StartAnswer::Ok { started, .. } =
        other.start(lane(contact(1)), &sms(), world.who(), Some(due.ticket)).await.expect("starts")
    else {
        panic!("not started");
    };
    let mut done = world.end(&started, SettleResult::Done);
    done.take = vec![whatsapp()];
    let Settled::Ok { next: Some(next), .. } = other.settle(done).await.expect("settles") else { panic!("nothing taken") };
    assert_eq!((next.id, next.set), (ids[1], whatsapp()));
}

#[tokio::test]
async fn an_input_counts_only_with_its_replicas() {
    let world = World::with(Backend::Redis, |s| s.wait_replicas = 1).await;
    let refused = world.store.accept(input(contact(1), "m1")).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let again = world.store.accept(input(contact(1), "m1")).await;
    assert!(matches!(again, Err(StoreError::Unavailable(_))), "a duplicate is no better: {again:?}");
    let mut replica = RedisServer::start();
    let port = world.redis.as_ref().expect("a Redis").url().trim_end_matches('/').rsplit(':').next().expect("a port").to_owned();
    let () = run(&mut replica.connection().await, &["REPLICAOF", "127.0.0.1", &port]).await;
    assert_eq!(accepted(&*world.store, input(contact(1), "m1")).await, Accepted::Duplicate, "stored the first time");
    replica.kill9();
}

#[tokio::test]
async fn a_careless_redis_is_called_out() {
    let server = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru", "--appendonly", "no"]);
    let store = RedisStore::open(&server.url(), StoreSettings::default()).expect("opens");
    let findings = store.check().await.expect("checks");
    let bad: Vec<_> = findings.iter().filter(|f| f.level == FindingLevel::Error).map(|f| f.name).collect();
    assert_eq!(bad, ["eviction", "persistence"]);
    assert!(findings.iter().filter(|f| f.level == FindingLevel::Error).all(|f| !f.remedy.is_empty()));
}

#[tokio::test]
async fn a_foreign_layout_is_refused() {
    let server = RedisServer::start();
    let () = run(&mut server.connection().await, &["SET", "rf1:meta", "something else"]).await;
    let store = RedisStore::open(&server.url(), StoreSettings::default()).expect("opens");
    assert!(matches!(store.meta().await, Err(StoreError::Layout(_))));
    assert!(matches!(RedisStore::open("not an address", StoreSettings::default()), Err(StoreError::Layout(_))));
}

#[tokio::test]
async fn real_time_is_the_servers() {
    let server = RedisServer::start();
    let store = RedisStore::open(&server.url(), StoreSettings::default()).expect("opens");
    let (seconds, _): (i64, i64) = run(&mut server.connection().await, &["TIME"]).await;
    let Accepted::Claimed(claim) = store.accept(input(contact(1), "m1")).await.expect("accepts") else { panic!("not claimed") };
    for at in
        [claim.now, claim.inputs[0].accepted_at, store.now().await.expect("answers"), store.look(&[]).await.expect("looks").now]
    {
        assert!((Millis(seconds * 1000)..Millis((seconds + 60) * 1000)).contains(&at), "{at:?}");
    }
}

#[tokio::test]
async fn an_alias_leads_to_the_other_contact() {
    let world = World::new(Backend::Redis).await;
    let ids = world.sends(contact(1), &[sms()]).await;
    let started = world.started(contact(1), &sms()).await;
    let mut redis = connection(&world).await;
    let keys: Vec<String> = run(&mut redis, &["KEYS", "rf1:r:*"]).await;
    let alias = format!("A0!00---0000000000000000{}", contact(2));
    let () = run(&mut redis, &["SET", &keys[0], &alias]).await;
    assert_eq!(world.deliver(contact(1), "m2").await, Accepted::Moved(contact(2)));
    assert_eq!(world.deliver(contact(1), "m2").await, Accepted::Moved(contact(2)), "not seen here");
    let mut done = world.end(&started, SettleResult::Done);
    done.reply = Some((id("result"), Bytes::from("result")));
    let Settled::Moved { to, next: None, .. } = world.store.settle(done).await.expect("settles") else { panic!("not moved") };
    assert_eq!((to, ids.len()), (contact(2), 1));
}
