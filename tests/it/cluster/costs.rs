//! What a message costs a cluster: the same commands as on one server, and one look for all of a node's shards.

use crate::conformance::world::{Backend, World, contact, push, sms};
use crate::support::redis_cluster::run;
use redis::aio::MultiplexedConnection;
use replyflow::store::{SettleResult, Settled};
use std::collections::BTreeMap;

/// Calls that servers make among themselves or that only count.
const APART: [&str; 8] = ["info", "config|resetstat", "ping", "replconf", "psync", "cluster|info", "cluster|slots", "flushall"];

/// Calls by command, over all servers, since the last time.
async fn commands(servers: &mut [MultiplexedConnection]) -> BTreeMap<String, u64> {
    let mut sum = BTreeMap::new();
    for server in servers {
        let info: String = run(server, &["INFO", "commandstats"]).await;
        let () = run(server, &["CONFIG", "RESETSTAT"]).await;
        for (name, rest) in info.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls=")) {
            if !APART.contains(&name) {
                *sum.entry(name.to_owned()).or_default() += rest.split(',').next().and_then(|n| n.parse().ok()).unwrap_or(0);
            }
        }
    }
    sum
}

/// A message, its turn with two sends, and both ends: by command, for 30 contacts.
async fn of_messages(backend: Backend) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let world = World::new(backend).await;
    let mut all = world.servers().await;
    for warm in [true, false] {
        commands(&mut all).await;
        for n in 0..30 {
            let person = contact(n);
            let claim = world.claimed(person, if warm { "m1" } else { "m2" }).await;
            let mut commit = world.turn(person, &claim);
            commit.lanes = vec![push(commit.new, &[sms(), sms()], true)];
            let (_, started) = world.committed(commit).await;
            let mut done = world.end(&started[0], SettleResult::Done);
            done.take = vec![sms()];
            let Ok(Settled::Ok { next: Some(next), .. }) = world.store.settle(done).await else { panic!("nothing taken") };
            world.store.settle(world.end(&next, SettleResult::Done)).await.expect("settles");
        }
    }
    let messages = commands(&mut all).await;
    world.store.look(&[sms()]).await.expect("looks");
    (messages, commands(&mut all).await)
}

#[tokio::test]
async fn a_message_costs_a_cluster_the_commands_of_one_server() {
    let (one, look_at_one) = of_messages(Backend::Redis).await;
    let (cluster, look_at_cluster) = of_messages(Backend::Cluster).await;
    println!("30 messages on one server: {one:?}\n30 messages on a cluster: {cluster:?}");
    assert_eq!(one, cluster);
    assert_eq!(one["evalsha"], 30 * 4, "accept, commit and two settles");
    // A look asks the time of every node, and each shard where it is.
    let (time, rest) = (look_at_cluster["time"], look_at_cluster["zrange"]);
    assert_eq!((look_at_one["time"], look_at_one["zrange"]), (1, 128));
    assert_eq!((time, rest), (3, 128));
}
