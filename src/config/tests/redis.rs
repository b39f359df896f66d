//! The three ways to Redis, and every mistake on them.

use super::*;
use crate::config::redis::{RedisAddress, RedisServers, RedisSettings};

fn redis(text: &str) -> RedisSettings {
    let (settings, mistakes) = load(&format!("[store]\nkind = \"redis\"\n{text}"));
    assert_eq!(mistakes, Vec::new(), "{text}");
    match settings.store.backend {
        Backend::Redis(redis) => *redis,
        Backend::Embedded { .. } => panic!("{text}"),
    }
}

fn address(host: &str, port: u16) -> RedisAddress {
    RedisAddress { host: host.to_owned(), port }
}

#[test]
fn the_three_ways_are_read() {
    let one = redis("url = \"rediss://redis.example.com/2\"\nusername = \"me\"\npassword = { env = \"TOKEN\" }");
    assert!(matches!(&one.servers, RedisServers::One { address: at, database: 2 } if *at == address("redis.example.com", 6379)));
    assert_eq!(one.login.username.as_deref(), Some("me"));
    assert!(one.tls.is_some(), "rediss:// says so");
    let cluster = redis("cluster = [\"redis-1\", \"10.0.0.2:7000\", \"[fd00::1]:7001\"]");
    let RedisServers::Cluster(nodes) = &cluster.servers else { panic!("{cluster:?}") };
    assert_eq!(*nodes, [address("redis-1", 6379), address("10.0.0.2", 7000), address("fd00::1", 7001)]);
    assert_eq!(nodes[2].to_string(), "[fd00::1]:7001");
    assert!(cluster.tls.is_none());
    let given =
        "sentinels = [\"s-1\", \"s-2:5000\"]\nprimary = \"mine\"\ndatabase = 3\ntls = \"on\"\nsentinel_username = \"watch\"";
    let watched = redis(given);
    let RedisServers::Sentinels { sentinels, primary, login, database } = &watched.servers else { panic!("{watched:?}") };
    assert_eq!((primary.as_str(), *database, login.username.as_deref()), ("mine", 3, Some("watch")));
    assert_eq!(*sentinels, [address("s-1", 26379), address("s-2", 5000)]);
    assert!(watched.tls.is_some_and(|tls| tls.ca.is_none() && tls.client.is_none()));
}

#[test]
fn certificates_and_keys_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/smtp");
    let file = |name: &str| format!("{{ file = \"{}\" }}", folder.join(name).display());
    let given = format!(
        "cluster = [\"redis-1\"]\ntls = \"on\"\ntls_ca = {}\ntls_certificate = {}\ntls_key = {}",
        file("cert.pem"),
        file("cert.pem"),
        file("key.pem")
    );
    let tls = redis(&given).tls.expect("encrypted");
    assert!(tls.ca.is_some() && tls.client.is_some());
    let swapped = given.replace("tls_ca", "tls_ca_").replace("key.pem", "cert.pem").replace("tls_ca_ ", "# ");
    assert_eq!(wrong(&format!("[store]\nkind = \"redis\"\n{swapped}")), ["7 store.tls_key: holds no private key in PEM"]);
}

#[test]
fn mistakes_say_what_to_do() {
    for (text, expected) in [
        ("url = \"redis://a\"\ncluster = [\"b\"]", "store.url: `url`, `cluster` and `sentinels` exclude each other"),
        ("cluster = []", "store.cluster: names no server"),
        ("cluster = [\"redis://a:1\"]", "store.cluster: `redis://a:1` is no server; for example \"redis-1:6379\""),
        ("cluster = [\"a\"]\ndatabase = 1", "store.database: a cluster has only database 0"),
        ("cluster = [\"a\"]\nprimary = \"x\"", "store.primary: is only for `sentinels`"),
        ("sentinels = [\"a\"]", "store.primary: is missing: the name under which Sentinels watch the primary"),
        ("url = \"redis://me@a\"", "store.url: may not hold a user; write username = \"NAME\""),
        ("url = \"redis://a/x\"", "store.url: ends in something that is no number of a database"),
        ("url = \"rediss://a\"\ntls = \"off\"", "store.tls: is off, and the url begins with rediss://"),
        ("url = \"redis://a\"\ntls_ca = { env = \"TOKEN\" }", "store.tls_ca: is given, but TLS is off"),
        ("url = \"rediss://a\"\ntls_ca = { env = \"TOKEN\" }", "store.tls_ca: holds no certificates in PEM"),
        (
            "url = \"rediss://a\"\ntls_key = { env = \"TOKEN\" }",
            "store.tls_certificate: is missing: a certificate and its key belong together",
        ),
    ] {
        let found = wrong(&format!("[store]\nkind = \"redis\"\n{text}"));
        assert!(found.iter().any(|line| line.contains(expected)), "{text}: {found:?}");
    }
}
