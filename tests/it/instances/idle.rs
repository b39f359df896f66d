//! What an instance costs Redis that has nothing to do.

use super::{COUNT, Site};
use crate::redis_store::run;
use redis::aio::MultiplexedConnection;
use std::path::Path;
use std::time::{Duration, Instant};

/// What `docs/operating.md` says: so many commands a second for each shard, and one for each channel.
const EACH_SHARD: u64 = 10;
const SHARDS: u64 = 64;
/// The channels of the project.
const CHANNELS: u64 = 2;
/// Looks at what is due that are counted.
const LOOKS: u64 = 6;
/// For how long is counted at least.
const AT_LEAST: Duration = Duration::from_secs(5);

/// Commands since the last reset: all, and looks at the clock, with which each look at what is due begins.
async fn commands(redis: &mut MultiplexedConnection) -> (u64, u64) {
    let info: String = run(redis, &["INFO", "commandstats"]).await;
    let calls = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse::<u64>().ok()?))
    };
    let all: Vec<(String, u64)> = info.lines().filter_map(calls).filter(|(name, _)| name != "info").collect();
    let looks = all.iter().filter(|(name, _)| name == "time").map(|(_, n)| n).sum();
    (all.iter().map(|(_, n)| n).sum(), looks)
}

/// Milliseconds of the server's own clock.
async fn clock(redis: &mut MultiplexedConnection) -> u64 {
    let (seconds, micros): (u64, u64) = run(redis, &["TIME"]).await;
    seconds * 1_000 + micros / 1_000
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_instance_costs_redis_no_more_than_the_docs_say() {
    let mut site = Site::new();
    site.join(COUNT);
    let mut redis = site.redis.connection().await;
    let begun = clock(&mut redis).await;
    let () = run(&mut redis, &["CONFIG", "RESETSTAT"]).await;
    let patience = Instant::now();
    let (all, looks) = loop {
        let (all, looks) = commands(&mut redis).await;
        // What a start does is over after some seconds.
        if looks >= LOOKS && patience.elapsed() >= AT_LEAST {
            break (all, looks);
        }
        assert!(patience.elapsed() < Duration::from_secs(60), "it does not look at what is due: {looks} times");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let millis = clock(&mut redis).await - begun;
    let most = SHARDS * (EACH_SHARD + CHANNELS) * (millis + 1_000) / 1_000;
    println!("{all} commands and {looks} looks in {millis} ms, at most {most}");
    assert!(all <= most, "{all} commands in {millis} ms, at most {most}");
    assert!(looks <= millis / 500 + 2, "{looks} looks in {millis} ms");
    let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operating.md")).expect("the docs");
    let said = format!("{SHARDS} × ({EACH_SHARD} + channels + endpoints + desks) commands a second");
    assert!(docs.contains(&said), "docs/operating.md does not say `{said}`");
    site.end();
}
