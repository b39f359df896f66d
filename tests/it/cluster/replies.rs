//! Every reply by which Redis says that it cannot: a temporary failure, nothing half written, and it goes on when the reason is gone.

use crate::conformance::world::{Backend, World, contact, input};
use crate::support::patience::until;
use crate::support::redis::RedisServer;
use crate::support::redis_cluster::{RedisCluster, run};
use redis::aio::MultiplexedConnection;
use replyflow::store::{Accepted, RedisStore, Store, StoreError, StoreSettings};
use std::sync::Mutex;
use std::time::Duration;

/// The name of a reply, part of the message, what causes it, what ends it.
type Reply = (&'static str, &'static str, &'static [&'static [&'static str]], &'static [&'static [&'static str]]);

const REPLIES: [Reply; 5] = [
    ("OOM", "maxmemory", &[&["CONFIG", "SET", "maxmemory", "1"]], &[&["CONFIG", "SET", "maxmemory", "0"]]),
    ("READONLY", "ReadOnly", &[&["REPLICAOF", "127.0.0.1", "1"]], &[&["REPLICAOF", "NO", "ONE"]]),
    (
        // What would write hears of that first.
        "MASTERDOWN",
        "ReadOnly",
        &[&["CONFIG", "SET", "replica-serve-stale-data", "no"], &["REPLICAOF", "127.0.0.1", "1"]],
        &[&["REPLICAOF", "NO", "ONE"]],
    ),
    (
        "NOREPLICAS",
        "replicas",
        &[&["CONFIG", "SET", "min-replicas-to-write", "1"]],
        &[&["CONFIG", "SET", "min-replicas-to-write", "0"]],
    ),
    ("no answer", "in time", &[&["CLIENT", "PAUSE", "1500", "ALL"]], &[]),
];

async fn keys(redis: &mut MultiplexedConnection) -> Vec<String> {
    let mut keys: Vec<String> = run(redis, &["KEYS", "*"]).await;
    keys.sort();
    keys
}

#[tokio::test]
async fn what_redis_refuses_is_refused_whole_and_goes_on_later() {
    for (name, part, cause, end) in REPLIES {
        let world = World::with(Backend::Redis, |settings| settings.call_timeout = Duration::from_millis(400)).await;
        let mut redis = world.redis.as_ref().expect("a Redis").connection().await;
        let claim = world.claimed(contact(1), "m1").await;
        let before = keys(&mut redis).await;
        for words in cause {
            let () = run(&mut redis, words).await;
        }
        let refused = world.store.accept(input(contact(2), "m2")).await;
        let told = matches!(&refused, Err(error) if error.is_temporary() && error.to_string().contains(part));
        assert!(told, "{name}: {refused:?}");
        if name == "MASTERDOWN" {
            let read = world.store.published().await;
            assert!(matches!(&read, Err(StoreError::Unavailable(why)) if why.contains("MasterDown")), "{name}: {read:?}");
        }
        for words in end {
            let () = run(&mut redis, words).await;
        }
        if name != "no answer" {
            assert_eq!(keys(&mut redis).await, before, "{name}: nothing is half done");
        }
        until(name, async || world.store.accept(input(contact(2), "m2")).await.is_ok()).await;
        world.committed(world.turn(contact(1), &claim)).await;
    }
}

/// A primary that was cut off from its replicas stops writing: what it wrote would be lost.
#[tokio::test]
async fn a_primary_without_its_replicas_writes_nothing() {
    let world = World::new(Backend::Redis).await;
    let mut redis = world.redis.as_ref().expect("a Redis").connection().await;
    let claim = world.claimed(contact(1), "m1").await;
    let () = run(&mut redis, &["CONFIG", "SET", "min-replicas-to-write", "1"]).await;
    let commit = world.turn(contact(1), &claim);
    assert!(matches!(world.store.commit(commit.clone()).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(world.store.accept(input(contact(2), "m2")).await, Err(StoreError::Unavailable(_))));
    let () = run(&mut redis, &["CONFIG", "SET", "min-replicas-to-write", "0"]).await;
    world.committed(commit).await;
}

/// `LOADING`: after a restart Redis answers while it reads its file.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_loads_is_waited_for() {
    let mut server = RedisServer::start_with(&["--key-load-delay", "700", "--loading-process-events-interval-bytes", "1024"]);
    let store = RedisStore::open(&server.url(), StoreSettings::default()).expect("opens");
    assert!(matches!(store.accept(input(contact(1), "m1")).await, Ok(Accepted::Claimed(_))));
    let mut fill = redis::pipe();
    (0..4_000).for_each(|n| {
        fill.cmd("SET").arg(format!("other:{n}")).arg("x").ignore();
    });
    let () = fill.query_async(&mut server.connection().await).await.expect("filled");
    server.kill9();
    let restart = tokio::task::spawn_blocking(move || {
        server.restart();
        server
    });
    let said = Mutex::new(String::new());
    until("it has loaded", async || match store.accept(input(contact(1), "m1")).await {
        Ok(accepted) => accepted == Accepted::Duplicate,
        Err(error) => {
            assert!(error.is_temporary(), "{error}");
            said.lock().expect("one thread").push_str(&error.to_string());
            false
        }
    })
    .await;
    assert!(said.lock().expect("one thread").contains("BusyLoading"), "{said:?}");
    drop(restart.await.expect("it starts"));
}

/// `CLUSTERDOWN`: a slot that nobody has.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_nobody_has_is_refused_until_somebody_has_it() {
    let cluster = RedisCluster::start(&[]).await;
    let store = RedisStore::connect(&cluster.settings(), StoreSettings::default()).expect("opens");
    let person = contact((0..).find(|n| contact(*n).shard() == 10).expect("a contact"));
    assert!(matches!(store.accept(input(person, "m1")).await, Ok(Accepted::Claimed(_))));
    let keys: Vec<Vec<String>> = cluster.at_primaries(&["KEYS", "rf1:r:*"]).await;
    let slot = cluster.slot(&keys[0][0]).await.to_string();
    let _: Vec<()> = cluster.at_primaries(&["CLUSTER", "DELSLOTS", &slot]).await;
    let refused = store.accept(input(person, "m2")).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("ClusterDown")), "{refused:?}");
    let other = contact((0..).find(|n| contact(*n).shard() == 11).expect("a contact"));
    assert!(matches!(store.accept(input(other, "m1")).await, Ok(Accepted::Claimed(_))), "the others go on");
    let () = run(&mut cluster.node(0).connection().await, &["CLUSTER", "ADDSLOTS", &slot]).await;
    until("it has a home again", async || store.accept(input(person, "m2")).await.is_ok()).await;
    assert_eq!(store.accept(input(person, "m1")).await, Ok(Accepted::Duplicate));
}
