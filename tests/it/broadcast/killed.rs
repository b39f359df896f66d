//! A broadcast on real services, which are killed in the middle of it, again and again: nobody is missed and nobody gets it twice. With two of them the
//! one that is left goes on.

use super::real::{Asking, PATIENCE, SALE, failed};
use crate::support::fake_provider::FakeProvider;
use crate::support::postgres::PostgresDatabase;
use crate::support::process::{Service, configuration, project};
use crate::support::redis::RedisServer;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// People who get it: as many as are handed over between deaths.
const PEOPLE: usize = 3_000;
/// So many a second, so that it takes longer than its deaths.
const RATE: usize = 600;
const DEATHS: usize = 2;
/// Messages that must leave after a death, while the one that died is away: more than waited in the store when it died.
const ON: usize = 250;
const LEASES: &str = "send_lease = \"2500ms\"\nclaim_lease = \"1s\"";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcast_that_is_killed_again_and_again_reaches_everybody_once() {
    storm("kind = \"embedded\"\npath = \"data\"\nhistory = \"history.db\"", "", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_redis_too() {
    let redis = RedisServer::start();
    storm(&format!("kind = \"redis\"\nurl = \"{}\"\nhistory = \"history.db\"", redis.url()), "", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_instances_on_one_redis_and_one_postgres_either_goes_on_without_the_other() {
    let (redis, postgres) = (RedisServer::start(), PostgresDatabase::new().await);
    let history = format!("[history]\npostgres = \"{}\"\npool = 4\ntls = \"off\"\n", postgres.url);
    storm(&format!("kind = \"redis\"\nurl = \"{}\"", redis.url()), &history, 2).await;
}

async fn storm(store: &str, history: &str, instances: usize) {
    let provider = FakeProvider::start();
    let settings = configuration(&format!("{store}\n{LEASES}"), &provider.url, history);
    // Each instance has a folder of its own: they share the store and the record.
    let folders: Vec<TempDir> = (0..instances).map(|_| tempfile::tempdir().expect("a folder")).collect();
    folders.iter().for_each(|folder| project(folder.path(), &settings, &[("flows/sale.yaml", SALE)]));
    let mut services: Vec<Service> = folders.iter().map(|folder| Service::start(folder.path())).collect();
    let asking = Asking::new(folders[0].path());
    asking.import(&services[0], PEOPLE).await;
    // What is found of an import is what the record knows of it.
    let begun = Instant::now();
    loop {
        let known = json!({ "flow": "sale", "audience": { "import": "people" } });
        let forecast = asking.post(&services[0], "/v1/broadcasts/dry-run", known).await;
        if forecast["total"] == json!(PEOPLE) {
            assert_eq!(forecast["gets"], forecast["looked_at"], "{forecast}");
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{forecast}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let wanted = json!({ "flow": "sale", "rate": RATE, "audience": { "import": "people" } });
    let path = asking.make(&services[0], wanted).await;
    let left = |n: usize| tokio::task::block_in_place(|| provider.wait(PATIENCE, |sent| sent.len() >= n).len());
    for death in 0..DEATHS {
        let sent = left((death + 1) * PEOPLE / (DEATHS + 2));
        assert!(sent < PEOPLE, "it is over before anybody is killed");
        // The two die in turns: whoever is left had it, or takes it over.
        let victim = death % instances;
        services.remove(victim).kill9();
        if instances > 1 {
            left((provider.sent().len() + ON).min(PEOPLE * 9 / 10));
        }
        services.insert(victim, Service::start(folders[victim].path()));
    }
    let whole = asking.until(&services[0], &path, |whole| whole["broadcast"]["state"] == "done").await;
    assert_eq!(whole["broadcast"]["fed"], json!(PEOPLE), "{whole}");
    // Each was decided once; what was in the air when the service died fails visibly and is not sent again.
    let begun = Instant::now();
    let failed = loop {
        let arrived: BTreeSet<String> = provider.sent().iter().filter_map(|sent| sent.effect.clone()).collect();
        let failed = failed(folders[0].path());
        let reached = arrived.union(&failed).count();
        if reached == PEOPLE {
            break failed;
        }
        assert!(reached < PEOPLE, "{reached} messages were decided");
        assert!(begun.elapsed() < PATIENCE, "{reached} of {PEOPLE}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let mut to: BTreeMap<String, usize> = BTreeMap::new();
    for sent in provider.sent() {
        *to.entry(sent.to).or_default() += 1;
    }
    assert!(to.values().all(|n| *n == 1), "somebody got it twice: {:?}", to.iter().find(|(_, n)| **n > 1));
    assert!(to.len() + failed.len() >= PEOPLE, "{} arrived, {} failed", to.len(), failed.len());
    let whole = asking.until(&services[0], &path, |whole| whole["messages"]["began"] == json!(PEOPLE)).await;
    println!("{PEOPLE} contacts, {DEATHS} deaths: {} arrived, {} failed visibly; {}", to.len(), failed.len(), whole["messages"]);
    for service in services {
        assert!(service.stop(), "a clean stop");
    }
}
