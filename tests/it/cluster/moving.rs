//! Slots that move from one node to another while people write. Redis moves key by key: meanwhile a script of several keys is refused
//! by both nodes, before its first write.

use super::load::Load;
use crate::conformance::world::{contact, input};
use crate::support::redis_cluster::{PRIMARIES, RedisCluster, run};
use replyflow::store::{Accepted, RedisStore, Store, StoreError, StoreSettings};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Contacts of one shard, so of one slot.
const PEOPLE: usize = 8;
const SHARD: u8 = 10;

fn people() -> impl Iterator<Item = usize> {
    (2_000..).filter(|n| contact(*n).shard() == SHARD)
}

async fn tag(cluster: &RedisCluster) -> usize {
    // Where the contacts of the shard lie: their keys say it.
    let key = (2_000..).find(|n| contact(*n).shard() == SHARD).map(contact).expect("a contact");
    let keys: Vec<Vec<String>> = cluster.at_primaries(&["KEYS", &format!("rf1:r:*{key}")]).await;
    let key = keys.into_iter().flatten().next().expect("a record");
    cluster.slot(&key).await
}

/// A move that has begun.
struct Move<'c> {
    cluster: &'c RedisCluster,
    slot: String,
    from: usize,
    to: usize,
    ids: [String; 2],
}

impl<'c> Move<'c> {
    async fn begin(cluster: &'c RedisCluster, slot: usize, from: usize, to: usize) -> Self {
        let id = async |i: usize| -> String { run(&mut cluster.node(i).connection().await, &["CLUSTER", "MYID"]).await };
        let (ids, slot) = ([id(from).await, id(to).await], slot.to_string());
        let () = run(&mut cluster.node(to).connection().await, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &ids[0]]).await;
        let () = run(&mut cluster.node(from).connection().await, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &ids[1]]).await;
        Move { cluster, slot, from, to, ids }
    }

    /// Moves some keys; false when none are left.
    async fn some(&self, n: usize) -> bool {
        let mut source = self.cluster.node(self.from).connection().await;
        let keys: Vec<String> = run(&mut source, &["CLUSTER", "GETKEYSINSLOT", &self.slot, &n.to_string()]).await;
        if keys.is_empty() {
            return false;
        }
        let port = self.cluster.node(self.to).port().to_string();
        let mut words = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
        words.extend(keys.iter().map(String::as_str));
        let _: redis::Value = run(&mut source, &words).await;
        true
    }

    async fn end(self) {
        while self.some(100).await {}
        for node in [self.to, self.from].into_iter().chain((0..PRIMARIES).filter(|i| *i != self.to && *i != self.from)) {
            let words = ["CLUSTER", "SETSLOT", &self.slot, "NODE", &self.ids[1]];
            let () = run(&mut self.cluster.node(node).connection().await, &words).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_that_move_under_load_lose_and_repeat_nothing() {
    let cluster = RedisCluster::start(&[]).await;
    let settings = StoreSettings { call_timeout: Duration::from_millis(500), ..StoreSettings::default() };
    let store: Arc<dyn Store> = Arc::new(RedisStore::connect(&cluster.settings(), settings).expect("opens"));
    let load = Load::begin(store, people().take(PEOPLE));
    load.more(200).await;
    let slot = tag(&cluster).await;
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        let moving = Move::begin(&cluster, slot, from, to).await;
        // A few keys at a time, so that people meet every state between.
        while moving.some(3).await {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        moving.end().await;
        load.more(100).await;
    }
    load.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_stays_half_moved_is_refused_and_everything_else_goes_on() {
    let cluster = RedisCluster::start(&[]).await;
    let settings = StoreSettings { call_timeout: Duration::from_millis(700), ..StoreSettings::default() };
    let store = RedisStore::connect(&cluster.settings(), settings).expect("opens");
    let moved = contact(people().next().expect("a contact"));
    let elsewhere = contact((3_000..).find(|n| contact(*n).shard() == SHARD + 1).expect("a contact"));
    assert!(matches!(store.accept(input(moved, "m1")).await, Ok(Accepted::Claimed(_))));
    let moving = Move::begin(&cluster, tag(&cluster).await, 0, 2).await;
    assert!(moving.some(1).await);
    let begun = Instant::now();
    let refused = store.accept(input(moved, "m2")).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("moves")), "{refused:?}");
    assert!(begun.elapsed() > Duration::from_millis(300), "it was tried for a while");
    // The next shard lies on the same node.
    assert!(matches!(store.accept(input(elsewhere, "m1")).await, Ok(Accepted::Claimed(_))));
    // A command of one key is led on.
    assert!(store.due_contacts(SHARD, 1).await.is_ok());
    assert!(store.look(&[]).await.is_ok());
    moving.end().await;
    assert_eq!(store.accept(input(moved, "m2")).await, Ok(Accepted::Queued), "nothing of the refused call was written");
    assert_eq!(store.accept(input(moved, "m1")).await, Ok(Accepted::Duplicate));
}
