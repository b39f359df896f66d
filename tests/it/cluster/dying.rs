//! Nodes of a cluster that die or are cut off while people write.

use super::load::Load;
use crate::conformance::world::{contact, input};
use crate::support::patience::until;
use crate::support::redis_cluster::{PRIMARIES, RedisCluster, run};
use replyflow::config::redis::{RedisAddress, RedisServers, RedisSettings};
use replyflow::store::{Accepted, RedisStore, Store, StoreError, StoreSettings};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Contacts that write.
const PEOPLE: usize = 24;

fn store(cluster: &RedisCluster) -> Arc<dyn Store> {
    let settings = StoreSettings { wait_replicas: 1, call_timeout: Duration::from_secs(1), ..StoreSettings::default() };
    Arc::new(RedisStore::connect(&cluster.settings(), settings).expect("opens"))
}

/// A contact of this primary: slots are split as shards are.
fn contact_on(primary: usize) -> usize {
    let middle = [10, 32, 53][primary];
    (1_000..).find(|n| contact(*n).shard().abs_diff(middle) < 8).expect("every primary has some")
}

async fn is_primary(cluster: &RedisCluster, node: usize) -> bool {
    let role: String = run(&mut cluster.node(node).connection().await, &["INFO", "replication"]).await;
    role.contains("role:master")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_dies_under_load_loses_and_repeats_nothing() {
    let mut cluster = RedisCluster::start(&[]).await;
    let load = Load::begin(store(&cluster), 0..PEOPLE);
    load.more(200).await;
    cluster.node_mut(0).kill9();
    // Whoever writes to it goes on when its replica has taken over.
    until("the replica takes over", async || is_primary(&cluster, PRIMARIES).await).await;
    assert!(load.refused() > 0, "it was noticed");
    load.more(300).await;
    // It comes back, as a replica of the other.
    cluster.node_mut(0).restart();
    until("it follows", async || !is_primary(&cluster, 0).await).await;
    load.more(100).await;
    load.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_is_cut_off_stops_nobody_else() {
    let cluster = RedisCluster::start(&[]).await;
    let store = store(&cluster);
    let (on_it, elsewhere) = (contact_on(0), contact_on(1));
    let load = Load::begin(Arc::clone(&store), 0..PEOPLE);
    load.more(200).await;
    cluster.node(0).signal("-STOP");
    let mut times = Vec::new();
    for n in 0..20 {
        let begun = Instant::now();
        until("the others go on", async || store.accept(input(contact(elsewhere), &format!("m{n}"))).await.is_ok()).await;
        times.push(begun.elapsed());
    }
    // One or the other may meet a machine that is busy; who waits for the one that is cut off waits each time.
    times.sort();
    assert!(times[times.len() / 2] < Duration::from_millis(800), "the others do not wait for it: {times:?}");
    let refused = store.accept(input(contact(on_it), "m")).await;
    // Its replica may have taken over by now.
    assert!(matches!(&refused, Err(StoreError::Unavailable(_)) | Ok(Accepted::Claimed(_))), "{refused:?}");
    until("the replica takes over", async || is_primary(&cluster, PRIMARIES).await).await;
    load.more(200).await;
    // It believes to be the primary still, until it hears.
    cluster.node(0).signal("-CONT");
    until("it follows", async || !is_primary(&cluster, 0).await).await;
    load.more(100).await;
    assert!(load.refused() > 0, "it was noticed");
    load.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_away_is_away_alone() {
    let mut cluster = RedisCluster::start(&[]).await;
    let settings = StoreSettings { call_timeout: Duration::from_secs(1), ..StoreSettings::default() };
    let store = RedisStore::connect(&cluster.settings(), settings).expect("opens");
    let (on_it, elsewhere) = (contact_on(0), contact_on(2));
    assert!(matches!(store.accept(input(contact(on_it), "m1")).await, Ok(Accepted::Claimed(_))));
    cluster.node_mut(PRIMARIES).kill9();
    cluster.node_mut(0).kill9();
    let refused = store.accept(input(contact(on_it), "m2")).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(matches!(store.accept(input(contact(elsewhere), "m1")).await, Ok(Accepted::Claimed(_))));
    let settled = Instant::now();
    until("the cluster knows", async || {
        let info: String = run(&mut cluster.node(1).connection().await, &["CLUSTER", "INFO"]).await;
        info.contains("cluster_slots_fail:5461") || settled.elapsed() > Duration::from_secs(30)
    })
    .await;
    let refused = store.accept(input(contact(on_it), "m2")).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(matches!(store.accept(input(contact(elsewhere), "m2")).await, Ok(Accepted::Queued)));
    // What is due elsewhere is found, and who asks how the servers are is told.
    let looked = store.look(&[]).await.expect("the others are looked through");
    assert!(looked.next.is_some() || !looked.ready.is_empty(), "the claim of the other contact");
    assert!(matches!(store.depths().await, Err(StoreError::Unavailable(_))), "half a sum is no sum");
    // A journal that has no room is noticed there, and so is that it has room again.
    let small = StoreSettings { mailbox_max: 1, mailbox_headroom: 0, journal_max_bytes: 1, ..StoreSettings::default() };
    let port = cluster.node(1).port();
    let still = RedisServers::Cluster(vec![RedisAddress { host: "127.0.0.1".to_owned(), port }]);
    let small = RedisStore::connect(&RedisSettings { servers: still, ..cluster.settings() }, small).expect("opens");
    let overflows = async |id: &str| small.accept(input(contact(elsewhere), id)).await;
    assert_eq!(overflows("m3").await, Ok(Accepted::Full), "it is in the journal alone");
    assert!(small.depths().await.is_err());
    let refused = overflows("m4").await;
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    let mut there = cluster.node(2).connection().await;
    for journal in run::<Vec<String>>(&mut there, &["KEYS", "rf1:j:*"]).await {
        let () = run(&mut there, &["DEL", &journal]).await;
    }
    assert!(small.depths().await.is_err());
    assert_eq!(overflows("m4").await, Ok(Accepted::Full), "there is room");
    cluster.node_mut(0).restart();
    until("it is back", async || store.accept(input(contact(on_it), "m2")).await.is_ok()).await;
    assert_eq!(store.accept(input(contact(on_it), "m1")).await, Ok(Accepted::Duplicate), "nothing is forgotten");
}
