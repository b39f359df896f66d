//! TLS on both sides, and a user who may do what the documentation says and nothing else.

use crate::conformance::world::{contact, input, least, rights};
use crate::support::patience::LONG;
use crate::support::redis::RedisServer;
use crate::support::redis_cluster::{RedisCluster, run};
use replyflow::config::redis::{RedisAddress, RedisServers, RedisSettings, RedisTls};
use replyflow::config::secret::Secret;
use replyflow::store::{Accepted, FindingLevel, RedisStore, Store, StoreError, StoreSettings};
use std::time::Duration;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/smtp");

fn certificate() -> Secret {
    Secret::new(include_str!("../../data/smtp/cert.pem"))
}

fn own() -> (Secret, Secret) {
    (certificate(), Secret::new(include_str!("../../data/smtp/key.pem")))
}

fn settings() -> StoreSettings {
    StoreSettings { call_timeout: Duration::from_secs(1), ..StoreSettings::default() }
}

fn encrypted(port: u16, tls: RedisTls) -> RedisSettings {
    let address = RedisAddress { host: "localhost".to_owned(), port };
    let plain = RedisSettings::at("redis://localhost").expect("an address");
    RedisSettings { servers: RedisServers::One { address, database: 0 }, tls: Some(tls), ..plain }
}

#[tokio::test]
async fn connections_are_encrypted_and_both_sides_are_checked() {
    let file = |name: &str| format!("{FOLDER}/{name}");
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    let options = ["--tls-port", "--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-ca-cert-file", &cert];
    let server = RedisServer::start_with(&options);
    let both = RedisTls { ca: Some(certificate()), client: Some(own()) };
    let store = RedisStore::connect(&encrypted(server.port(), both.clone()), settings()).expect("opens");
    assert!(matches!(store.accept(input(contact(1), "m1")).await, Ok(Accepted::Claimed(_))));
    let hints = store.hints();
    tokio::time::timeout(LONG, hints.notified()).await.expect("the listener is let in too");
    for (name, tls) in [
        ("no certificate of ours", RedisTls { client: None, ..both.clone() }),
        ("an authority that nobody knows", RedisTls { ca: None, ..both }),
    ] {
        let store = RedisStore::connect(&encrypted(server.port(), tls), settings()).expect("opens");
        let refused = store.accept(input(contact(1), "m2")).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{name}: {refused:?}");
    }
    let plain = RedisStore::open(&server.url(), settings()).expect("opens");
    assert!(matches!(plain.accept(input(contact(1), "m2")).await, Err(StoreError::Unavailable(_))));
}

/// The user of the documentation may do all that the service does; the conformance suite runs with it too (`conformance::strict`).
#[tokio::test]
async fn the_documented_user_is_enough_and_a_lesser_one_is_refused_at_the_start() {
    let server = RedisServer::start();
    let redis = least(&server).await;
    let store = RedisStore::connect(&redis, settings()).expect("opens");
    store.meta().await.expect("enough");
    let findings = store.check().await.expect("checks");
    assert!(findings.iter().all(|finding| finding.level != FindingLevel::Error), "{findings:?}");
    store.compact().await.expect("asked for");
    tokio::time::timeout(LONG, store.hints().notified()).await.expect("hints are heard");
    for (right, refused) in [("-rpush", "RPUSH"), ("-copy", "COPY"), ("-spublish", "SPUBLISH"), ("resetchannels", "SPUBLISH")] {
        let mut connection = server.connection().await;
        let () = run(&mut connection, &["ACL", "SETUSER", "replyflow", right]).await;
        let answer = store.meta().await;
        assert!(matches!(&answer, Err(StoreError::Layout(why)) if why.contains(refused)), "{right}: {answer:?}");
        let words = rights();
        let () = run(&mut connection, &words.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    let mut stranger = redis;
    stranger.login.password = Some(Secret::new("another"));
    let store = RedisStore::connect(&stranger, settings()).expect("opens");
    let refused = store.accept(input(contact(1), "m1")).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(!format!("{refused:?}").contains("another"), "no password in a message");
}

/// A cluster, for the same user.
#[tokio::test(flavor = "multi_thread")]
async fn the_documented_user_is_enough_for_a_cluster() {
    let cluster = RedisCluster::start(&[]).await;
    let words = rights();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    for i in 0..6 {
        let () = run(&mut cluster.node(i).connection().await, &words).await;
        let () = run(
            &mut cluster.node(i).connection().await,
            &["ACL", "SETUSER", "default", "-@all", "+acl", "+psync", "+replconf", "+ping"],
        )
        .await;
    }
    let mut redis = cluster.settings();
    redis.login.username = Some("replyflow".to_owned());
    redis.login.password = Some(Secret::new("PASSWORD"));
    let store = RedisStore::connect(&redis, settings()).expect("opens");
    store.meta().await.expect("enough");
    for n in 0..30 {
        assert!(matches!(store.accept(input(contact(n), "m1")).await, Ok(Accepted::Claimed(_))), "{n}");
    }
}
