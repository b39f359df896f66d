//! Anything may die, at any time, for as long as one likes: the real service as processes of their own, a real Redis and a real PostgreSQL behind
//! networks that misbehave, a disk that is full, a provider on a bad day, and customers who count. At the end nothing may be lost, processed twice or
//! out of order, and whatever left twice was known as unsure.
//!
//! `REPLYFLOW_SOAK_SECONDS=1800 cargo test --test it soak` goes on for half an hour. `REPLYFLOW_SOAK_SEED` draws the same faults at the same distances;
//! what they meet depends on the processes, so a seed is no run here: that is what the simulation is for. Clocks do not jump here: that would need the
//! system's clock, or a library that is put before it.

#[path = "../../../benches/end_to_end/client.rs"]
#[allow(dead_code)]
mod client;
mod disk;
mod faults;
mod isolation;
mod journey;
mod judge;
mod overload;
mod people;
mod provider;
mod proxy;

use crate::kill::{COUNT, SECOND};
use crate::simulation::dice::Dice;
use crate::support::postgres::{PostgresServer, settings};
use crate::support::process::{Service, configuration, project};
use crate::support::redis::RedisServer;
use disk::Disk;
use faults::{Instance, Processes, Surroundings};
use journey::Journey;
use judge::Case;
use people::{Doors, People};
use provider::Provider;
use proxy::Proxy;
use replyflow::config::history::{HistoryBackend, HistoryConfig, Keep};
use replyflow::history::Database;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long it goes on, if nobody says otherwise; the embedded store gets half of it.
const SECONDS: u64 = 80;
/// Customers on Redis, and on the embedded store.
const ON_REDIS: usize = 220;
const ON_EMBEDDED: usize = 120;

/// As short as may be, so that every fault outlasts them.
const LEASES: &str = "send_lease = \"2500ms\"\nclaim_lease = \"1s\"\nhistory = \"history.db\"";

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

fn time() -> Duration {
    Duration::from_secs(number("REPLYFLOW_SOAK_SECONDS").unwrap_or(SECONDS))
}

fn seed() -> u64 {
    let drawn = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |since| since.as_micros() as u64);
    number("REPLYFLOW_SOAK_SEED").unwrap_or_else(drawn)
}

/// A project in this folder. A provider that is down is tried again soon.
fn write_project(folder: &Path, store: &str, provider: &str, more: &str) {
    let second = SECOND.replace("PROVIDER", provider);
    let toml = configuration(&format!("{store}\n{LEASES}"), provider, &format!("{second}\n{more}"));
    let toml = toml.replace("per_second = 100000", "per_second = 100000\ncircuit_pause = \"1s\"");
    let toml = toml.replace("retry_first = \"200ms\"", "retry_first = \"200ms\"\nretry_max = \"3s\"");
    project(folder, &toml, &[("flows/count.yaml", COUNT)]);
}

fn start(folders: &[&Path], doors: &Doors) -> Vec<Instance> {
    let start = |folder: &&Path| Instance { folder: folder.to_path_buf(), service: Some(Service::start(folder)) };
    let instances: Vec<Instance> = folders.iter().map(start).collect();
    let callers = instances.iter().filter_map(|instance| instance.service.as_ref()).map(|service| service.caller());
    *doors.lock().expect("not poisoned") = callers.collect();
    instances
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_on_redis_and_postgres_come_through_everything() {
    let seed = seed();
    let (journey, doors) = (Arc::new(Journey::begin("two instances on Redis", seed)), Doors::default());
    let provider = Arc::new(Provider::start(seed, Arc::clone(&doors)));
    let redis = RedisServer::start_durable();
    let postgres = tokio::task::block_in_place(PostgresServer::start);
    let record = postgres.database().await;
    // Each instance has networks of its own to Redis and to PostgreSQL.
    let network = |n: u64| Arc::new(Proxy::start(if n < 2 { redis.port() } else { postgres.port() }, seed.wrapping_add(n)));
    let proxies: Vec<Arc<Proxy>> = (0..4).map(network).collect();
    let folders: Vec<TempDir> = (0..2).map(|_| tempfile::tempdir().expect("a folder")).collect();
    for (n, folder) in folders.iter().enumerate() {
        let store = format!("kind = \"redis\"\nurl = \"redis://127.0.0.1:{}/\"", proxies[n].port);
        let its = record.replace(&format!(":{}/", postgres.port()), &format!(":{}/", proxies[2 + n].port));
        let history = format!("[history]\npostgres = \"{its}\"\npool = 4\ntls = \"off\"\n");
        write_project(folder.path(), &store, &provider.url, &history);
    }
    let paths: Vec<&Path> = folders.iter().map(TempDir::path).collect();
    let processes = Processes {
        instances: start(&paths, &doors),
        redis: Some(redis),
        postgres: Some(postgres),
        disk: None,
        doors,
        journey: Arc::clone(&journey),
        dice: Dice::new(seed),
        done: 0,
    };
    run(processes, proxies, &provider, ON_REDIS, time(), seed, async || Database::open(&settings(&record)).await.expect("opens"))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_instance_on_the_embedded_store_comes_through_everything() {
    let seed = seed();
    let (journey, doors) = (Arc::new(Journey::begin("one instance on the embedded store", seed)), Doors::default());
    let provider = Arc::new(Provider::start(seed, Arc::clone(&doors)));
    let disk = Disk::mount();
    if disk.is_none() {
        journey.note("no file system may be mounted here: no full disk in this run");
    }
    let folder = match &disk {
        Some(disk) => tempfile::tempdir_in(disk.path()),
        None => tempfile::tempdir(),
    };
    let folder = folder.expect("a folder");
    write_project(folder.path(), "kind = \"embedded\"\npath = \"data\"", &provider.url, "");
    let processes = Processes {
        instances: start(&[folder.path()], &doors),
        redis: None,
        postgres: None,
        disk,
        doors,
        journey,
        dice: Dice::new(seed),
        done: 0,
    };
    let file = folder.path().join("history.db");
    let record = HistoryConfig { backend: HistoryBackend::Sqlite { file }, keep: Keep::default() };
    run(processes, Vec::new(), &provider, ON_EMBEDDED, time() / 2, seed, async || {
        Database::open_beside(&record).await.expect("opens")
    })
    .await;
}

/// Customers write while everything breaks; then it is let come to rest and counted.
async fn run(
    mut processes: Processes,
    proxies: Vec<Arc<Proxy>>,
    provider: &Arc<Provider>,
    people: usize,
    time: Duration,
    seed: u64,
    record: impl AsyncFn() -> Database,
) {
    let journey = Arc::clone(&processes.journey);
    let people = People::begin(people, seed, &processes.doors, &journey);
    let until = Instant::now() + time;
    let (around, dice) = (Arc::clone(provider), Dice::new(seed.rotate_left(17)));
    let mut around = Surroundings { proxies: proxies.clone(), provider: around, journey: Arc::clone(&journey), dice };
    let around = tokio::spawn(async move { around.storm(until).await });
    processes.storm(until).await;
    around.await.expect("no panic");
    journey.note(format!("nothing breaks any more, after {} faults and {} messages", processes.done, journey.messages()));
    let said = people.end().await;
    let folder = processes.instances[0].folder.clone();
    let case = Case { said: &said, provider, folder: &folder, journey: &journey };
    case.rest().await;
    case.recorded(&record().await).await;
    for instance in &mut processes.instances {
        let service = instance.service.take().expect("it runs");
        journey.heard(&service.log());
        assert!(tokio::task::block_in_place(|| service.stop()), "a clean stop");
    }
    // Whoever stops copies what is left.
    case.judge(&record().await).await;
    drop(proxies);
    // A storm in which nobody writes, or nothing breaks, proves nothing.
    let seconds = usize::try_from(time.as_secs()).expect("a small number");
    assert!(processes.done >= seconds / 20, "{} faults in {seconds} s", processes.done);
    assert!(said.values().sum::<usize>() >= seconds * 5, "{} messages in {seconds} s", journey.messages());
}
