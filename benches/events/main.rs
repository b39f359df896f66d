//! Events a second and CPU for each, one at a time, with an `Idempotency-Key` and in lists of a hundred: `POST /v1/events` of the release binary in
//! its own process, on the embedded store and on Redis (its own process, AOF everysec). Beside them, in the same run, what no service can do
//! without: a bare endpoint that reads the JSON and checks the key, and the bare store's `accept`. Only the ratios mean anything. Then
//! what events lead to: reports to callbacks a second, and ten thousand digests open at once, with their messages.
//!
//! `EVENTS_SECONDS` (default 4) is the time for each figure, `EVENTS_USERS` (64) how many send at once, `EVENTS_STORES` (`embedded,redis`).

#[path = "../end_to_end/process.rs"]
#[allow(dead_code)]
mod process;
mod raw;
#[path = "../../tests/it/support/redis.rs"]
#[allow(dead_code)]
mod redis_server;
mod sender;
mod service;
mod sink;
mod told;

use process::{Cost, Meter};
use redis_server::RedisServer;
use sender::{How, load};
use service::{NOTED, Service};
use std::time::Duration;

fn main() {
    if let Ok(role) = std::env::var(raw::ROLE) {
        return raw::be(&role);
    }
    let number = |name: &str, default: usize| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let time = Duration::from_secs(number("EVENTS_SECONDS", 4) as u64);
    let users = number("EVENTS_USERS", 64);
    let stores = std::env::var("EVENTS_STORES").unwrap_or_else(|_| "embedded,redis".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        println!("{users} at once                                    a second   CPU µs each   of its raw pieces");
        let endpoint = raw::endpoint(users, time / 2).await;
        piece("raw: endpoint, JSON and bearer key", endpoint);
        for name in stores.split(',') {
            let folder = tempfile::tempdir().expect("a folder");
            let (bare, redis);
            let place = match name {
                "redis" => {
                    bare = RedisServer::start();
                    bare.url()
                }
                _ => folder.path().display().to_string(),
            };
            let store = raw::store(&place, users, time / 2);
            piece(&format!("raw: accept on {name}"), store);
            let settings = match name {
                "redis" => {
                    redis = RedisServer::start();
                    format!("kind = \"redis\"\nurl = \"{}\"", redis.url())
                }
                _ => "kind = \"embedded\"\npath = \"data\"".to_owned(),
            };
            let service = Service::start(&settings, NOTED, "").await;
            for how in [How::Single, How::Keyed, How::Lists] {
                let (cost, refused) = measured(&service, how, users, time).await;
                assert_eq!(refused, 0, "requests that were refused:\n{}", service.log());
                let ratio = cost.micros / (endpoint.micros + store.micros);
                println!("  {:44}  {:8.0}  {:12.1}  {ratio:8.2}", format!("{name}: {}", how.name()), cost.rate, cost.micros);
            }
            drop(service);
            // Each on a store of its own, so that none finds what another left behind.
            for part in ["callbacks", "digests"] {
                let own = (name == "redis").then(RedisServer::start);
                let place = match &own {
                    Some(redis) => format!("kind = \"redis\"\nurl = \"{}\"", redis.url()),
                    None => format!("kind = \"embedded\"\npath = \"{}\"", folder.path().join(part).display()),
                };
                match part {
                    "callbacks" => told::callbacks(name, &place, users).await,
                    _ => told::digests(name, &place, users).await,
                }
            }
        }
    });
}

fn piece(what: &str, cost: Cost) {
    println!("  {what:44}  {:8.0}  {:12.1}", cost.rate, cost.micros);
}

/// The cost of one event, and how many requests were not taken.
async fn measured(service: &Service, how: How, users: usize, time: Duration) -> (Cost, u64) {
    let counts = load(service.port, how, users);
    let work = async {
        tokio::time::sleep(time / 4).await;
        let (meter, before) = (Meter::start(service.pid()), counts.events.get());
        tokio::time::sleep(time).await;
        meter.per(counts.events.get() - before)
    };
    let cost = counts.tasks.run_until(work).await;
    (cost, counts.refused.get())
}
