//! A cluster that is well: everything finds its node.

use crate::conformance::world::{Backend, World, contact, input};
use crate::support::patience::patient;
use crate::support::redis_cluster::{PRIMARIES, SharedCluster};
use replyflow::store::{Accepted, FindingLevel, RedisStore, Store, StoreError, StoreSettings};
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test]
async fn contacts_are_spread_and_found_everywhere() {
    let world = World::new(Backend::Cluster).await;
    for n in 0..60 {
        world.claimed(contact(n), "m1").await;
    }
    let cluster = &world.cluster.as_ref().expect("a cluster").cluster;
    let records: Vec<Vec<String>> = cluster.at_primaries(&["KEYS", "rf1:r:*"]).await;
    assert_eq!(records.iter().map(Vec::len).sum::<usize>(), 60);
    assert!(
        records.iter().all(|keys| keys.len() > 5),
        "every primary has some: {:?}",
        records.iter().map(Vec::len).collect::<Vec<_>>()
    );
    assert_eq!(world.store.depths().await.expect("sums up").attention, 60);
    world.pass(world.settings.claim_lease);
    world.pass(world.settings.claim_lease);
    let look = world.store.look(&[]).await.expect("looks");
    let shards: BTreeSet<u8> = (0..60).map(|n| world.shard(contact(n))).collect();
    assert_eq!(look.ready.len(), shards.len(), "one place for each shard that has something");
}

#[tokio::test]
async fn a_script_that_one_node_forgot_is_loaded_there_again() {
    let world = World::new(Backend::Cluster).await;
    for n in 0..30 {
        world.claimed(contact(n), "m1").await;
    }
    let cluster = &world.cluster.as_ref().expect("a cluster").cluster;
    let _: Vec<()> = cluster.at_primaries(&["SCRIPT", "FLUSH"]).await;
    for n in 0..30 {
        world.claimed(contact(n + 100), "m1").await;
    }
}

#[tokio::test]
async fn hints_of_every_node_reach_every_instance() {
    let world = World::new(Backend::Cluster).await;
    let redis = world.cluster.as_ref().expect("a cluster").cluster.settings();
    let other = RedisStore::connect(&redis, world.settings.clone()).expect("opens");
    let hints = other.hints();
    other.now().await.expect("answers");
    // Each listener says when it has begun; a permit holds only one of what they say.
    for n in 0..64 {
        let begun = std::time::Instant::now();
        loop {
            world.queued(contact(n), &format!("m{n} {:?}", begun.elapsed())).await;
            if tokio::time::timeout(Duration::from_millis(200), hints.notified()).await.is_ok() {
                break;
            }
            patient(begun, format_args!("contact {n}"));
            world.due(contact(n)).await;
            if let Ok(replyflow::store::Claimed::Claimed(claim)) = world.store.claim(contact(n), world.who()).await {
                world.committed(world.turn(contact(n), &claim)).await;
            }
        }
    }
}

#[tokio::test]
async fn a_node_is_no_redis_of_its_own() {
    let shared = SharedCluster::take().await;
    let store = RedisStore::open(&shared.cluster.node(0).url(), StoreSettings::default()).expect("opens");
    let mut refused = 0;
    for n in 0..30 {
        match store.accept(input(contact(n), "m1")).await {
            Ok(Accepted::Claimed(_)) => {}
            Err(StoreError::Layout(why)) => {
                assert!(why.contains("store.cluster"), "{why}");
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(refused > 10, "two of three nodes have the others: {refused}");
}

#[tokio::test]
async fn every_node_is_checked() {
    let world = World::new(Backend::Cluster).await;
    let store = &world.store;
    let named = |findings: &[replyflow::store::Finding], name: &str| -> Vec<(FindingLevel, String)> {
        findings.iter().filter(|finding| finding.name == name).map(|finding| (finding.level, finding.message.clone())).collect()
    };
    let findings = store.check().await.expect("checks");
    let version = named(&findings, "version");
    assert!(version.len() == 1 && version[0].1.starts_with(&format!("{PRIMARIES} primaries: ")), "{version:?}");
    assert_eq!(named(&findings, "cluster").len(), 1);
    let cluster = &world.cluster.as_ref().expect("a cluster").cluster;
    let mut second = cluster.node(1).connection().await;
    let () = crate::support::redis_cluster::run(&mut second, &["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).await;
    let findings = store.check().await.expect("checks");
    let () = crate::support::redis_cluster::run(&mut second, &["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
    let eviction = named(&findings, "eviction");
    let at = format!("127.0.0.1:{}: ", cluster.node(1).port());
    assert!(eviction.len() == 1 && eviction[0].0 == FindingLevel::Error && eviction[0].1.starts_with(&at), "{eviction:?}");
}
