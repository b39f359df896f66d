//! A primary that Sentinels watch.

use super::load::Load;
use crate::conformance::world::{contact, input};
use crate::support::patience::until;
use crate::support::redis_cluster::run;
use crate::support::redis_sentinel::{NAME, Watched};
use replyflow::config::redis::RedisServers;
use replyflow::store::{FindingLevel, RedisStore, Store, StoreError, StoreSettings};
use std::sync::Arc;
use std::time::Duration;

const PEOPLE: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_dies_is_followed_by_the_one_that_sentinels_name() {
    let mut watched = Watched::start().await;
    let settings = StoreSettings { wait_replicas: 1, call_timeout: Duration::from_secs(1), ..StoreSettings::default() };
    let store: Arc<dyn Store> = Arc::new(RedisStore::connect(&watched.settings(), settings).expect("opens"));
    let findings = store.check().await.expect("checks");
    assert!(findings.iter().all(|finding| finding.level != FindingLevel::Error), "{findings:?}");
    let load = Load::begin(store, 0..PEOPLE);
    load.more(200).await;
    let first = watched.servers[0].port();
    watched.servers[0].kill9();
    until("another primary", async || watched.primary().await != first).await;
    assert!(load.refused() > 0, "it was noticed");
    load.more(300).await;
    // A Sentinel that is gone takes nothing along. The next failover is asked for: the old primary answers on, as a replica.
    watched.sentinels[0].kill9();
    watched.servers[0].restart();
    let sentinel = watched.sentinels[1].connection().await;
    let primary =
        async || -> (String, String) { run(&mut sentinel.clone(), &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME]).await };
    let before = primary().await;
    until("a failover is begun", async || {
        redis::cmd("SENTINEL").arg("FAILOVER").arg(NAME).query_async::<()>(&mut sentinel.clone()).await.is_ok()
    })
    .await;
    until("it has ended", async || primary().await != before).await;
    load.more(300).await;
    load.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_that_watch_nobody_of_this_name_say_so() {
    let watched = Watched::start().await;
    let mut redis = watched.settings();
    if let RedisServers::Sentinels { primary, .. } = &mut redis.servers {
        *primary = "another".to_owned();
    }
    let settings = StoreSettings { call_timeout: Duration::from_millis(500), ..StoreSettings::default() };
    let store = RedisStore::connect(&redis, settings).expect("opens");
    let refused = store.accept(input(contact(1), "m1")).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("`another`")), "{refused:?}");
}
