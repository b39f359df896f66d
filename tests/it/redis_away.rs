//! A Redis that lets nobody in for a while, or is silent.

use crate::conformance::world::{Backend, World, contact, input};
use crate::redis_store::run;
use crate::support::redis::RedisServer;
use redis::aio::MultiplexedConnection;
use replyflow::config::redis::RedisSettings;
use replyflow::config::secret::Secret;
use replyflow::store::{Accepted, RedisStore, Store, StoreError, StoreSettings};
use std::time::{Duration, Instant};

/// Between two attempts, and how long it is awaited that one succeeds.
const MOMENT: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a server that is silent is left alone at most before somebody asks whether it is back.
const SILENT: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_login_that_was_refused_for_a_while_is_tried_again() {
    let server = RedisServer::start();
    // Whoever is in stays in.
    let mut redis = server.connection().await;
    let password = async |redis: &mut MultiplexedConnection, word| {
        let () = run(redis, &["CONFIG", "SET", "requirepass", word]).await;
        let _: u64 = run(redis, &["CLIENT", "KILL", "TYPE", "normal"]).await;
    };
    password(&mut redis, "ours").await;
    let mut settings = RedisSettings::at(&server.url()).expect("an address");
    settings.login.password = Some(Secret::new("ours"));
    let store = RedisStore::connect(&settings, StoreSettings::default()).expect("opens");
    assert!(matches!(store.accept(input(contact(1), "m1")).await, Ok(Accepted::Claimed(_))));
    password(&mut redis, "another").await;
    for n in 0..5 {
        let refused = store.accept(input(contact(1), &format!("refused {n}"))).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
    password(&mut redis, "ours").await;
    let back = async {
        loop {
            if let Ok(accepted) = store.accept(input(contact(1), "m1")).await {
                return accepted;
            }
            tokio::time::sleep(MOMENT).await;
        }
    };
    let again = tokio::time::timeout(PATIENCE, back).await.expect("it is let in again");
    assert_eq!(again, Accepted::Duplicate);
}

#[tokio::test]
async fn a_redis_that_is_silent_holds_nobody_up() {
    let moment = Duration::from_secs(1);
    let world = World::with(Backend::Redis, |s| (s.call_timeout, s.connect_timeout) = (moment, moment)).await;
    let redis = world.redis.as_ref().expect("a Redis");
    world.store.look(&[]).await.expect("looks");
    redis.signal("-STOP");
    for _ in 0..2 {
        assert!(world.store.look(&[]).await.is_err(), "the connection, and a new one");
    }
    // For longer than it is left alone, so that somebody asks whether it is back: none of these calls.
    let (begun, mut longest) = (Instant::now(), Duration::ZERO);
    while begun.elapsed() < SILENT * 2 {
        let call = Instant::now();
        assert!(world.store.look(&[]).await.is_err());
        longest = longest.max(call.elapsed());
        tokio::time::sleep(MOMENT).await;
    }
    assert!(longest < moment / 2, "a call that waits for it takes {moment:?}: {longest:?}");
    redis.signal("-CONT");
    let back = async {
        while world.store.look(&[]).await.is_err() {
            tokio::time::sleep(MOMENT).await;
        }
    };
    tokio::time::timeout(PATIENCE, back).await.expect("it is found again");
}
