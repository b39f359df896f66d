//! Messages a second and CPU a message, end to end: signed webhooks to the release binary in its own process, replies at a
//! fake provider that answers at once or as slowly as providers do, on the embedded store and on Redis (its own process, AOF everysec). Beside them, in the
//! same run, the raw pieces that no service can do without; only the ratios between the two mean anything.
//!
//! ```sh
//! make bench-e2e                                                            # all of it: three minutes after it is built
//! END_TO_END_SECONDS=1 END_TO_END_DELAYS=0 END_TO_END_PACES=50 make bench-e2e   # a short one: half a minute
//! ```
//!
//! | variable | says | default |
//! |---|---|---|
//! | `END_TO_END_SECONDS` | the time for each figure | 4 |
//! | `END_TO_END_USERS` | how many write at once in the closed loop; at a slow provider as many more as its answers keep waiting | 64 |
//! | `END_TO_END_STORES` | where conversations are kept | embedded,redis |
//! | `END_TO_END_DELAYS` | milliseconds that the provider takes for an answer | 0,50,300 |
//! | `END_TO_END_PACES` | messages at an even pace: percent of the closed loop's throughput | 25,50,80 |
//!
//! What to read:
//! - **closed loop**: the next message of a user leaves when the one before is answered. Its throughput and CPU are the service's; its times are those of a
//!   service that is full, and grow with the users.
//! - **paced**: messages are due at even moments, and times count from the moment at which a message was *due*. Nothing that waits is left out.
//! - **reply** is the time until the request of the reply reaches the provider: the provider's own time is not in it. **answer** is that of the webhook.

mod client;
mod costs;
mod fake;
mod load;
mod message;
mod pieces;
mod process;
mod provider;
#[path = "../../tests/it/support/redis.rs"]
#[allow(dead_code)]
mod redis_server;
mod report;
mod service;
#[path = "../../tests/it/support/sign.rs"]
#[allow(dead_code)]
mod sign;
mod trouble;
mod user;

use costs::Parties;
use load::{Load, closed_loop, paced};
use process::{Cost, cpu, memory};
use provider::Provider;
use redis_server::RedisServer;
use report::{Faults, head, row};
use service::{Service, Store};
use std::time::Duration;
use trouble::{Trouble, beside};
use user::{Outcome, Scene, double_texts};

/// Contacts that write two messages a millisecond apart.
const DOUBLE: usize = 100;
/// Users at most: each has a connection of its own, and the service takes 2,000.
const CROWD: usize = 1_900;
/// Of a reply that is under way a user needs so much at least; at a pace there are four times as many users as that keeps waiting.
const BREATH: f64 = 0.05;

/// The pace beside trouble, as a part of the closed loop's throughput.
const BESIDE: f64 = 0.25;

/// How much of everything.
struct Sizes {
    time: Duration,
    users: usize,
    delays: Vec<Duration>,
    paces: Vec<f64>,
}

fn main() {
    if let Ok(role) = std::env::var(pieces::ROLE) {
        return pieces::be(&role);
    }
    let said = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let numbers = |name: &str, default: &str| -> Vec<u64> {
        let said = said(name, default);
        let each = said.split(',').map(str::trim).filter(|n| !n.is_empty());
        each.map(|n| n.parse().unwrap_or_else(|_| panic!("{name}: {n} is no number"))).collect()
    };
    let number = |name: &str, default: &str| numbers(name, default).first().copied().unwrap_or_else(|| panic!("{name} is empty"));
    let sizes = Sizes {
        time: Duration::from_secs(number("END_TO_END_SECONDS", "4")),
        users: number("END_TO_END_USERS", "64") as usize,
        delays: numbers("END_TO_END_DELAYS", "0,50,300").into_iter().map(Duration::from_millis).collect(),
        paces: numbers("END_TO_END_PACES", "25,50,80").into_iter().map(|percent| percent as f64 / 100.0).collect(),
    };
    let stores = said("END_TO_END_STORES", "embedded,redis");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (provider, users, time) = (Provider::start(), sizes.users, sizes.time / 2);
        let webhook = pieces::webhook(users, time).await;
        let post = pieces::post_client(&provider, users, time);
        println!("Raw pieces, {users} at once                      a second   CPU µs each");
        piece("webhook: form, HMAC, 204", webhook);
        piece("POST by the same HTTP client", post);
        for name in stores.split(',') {
            match name {
                "embedded" => embedded(&provider, &sizes, webhook, post).await,
                "redis" => on_redis(&provider, &sizes, webhook, post).await,
                other => panic!("END_TO_END_STORES: no store {other}"),
            }
        }
    });
}

fn piece(what: &str, cost: Cost) {
    println!("  {what:44}  {:8.0}  {:12.1}", cost.rate, cost.micros);
}

async fn embedded(provider: &Provider, sizes: &Sizes, webhook: Cost, post: Cost) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = pieces::store(&folder.path().display().to_string(), sizes.users, sizes.time / 2);
    piece("accept, commit, settle: embedded", store);
    let service = Service::start(&Store::Embedded, provider).await;
    let parties = Parties::of(service.pid(), None).await;
    measure("embedded", &Scene { service: &service, provider, parties }, sizes, &[webhook, post, store]).await;
}

async fn on_redis(provider: &Provider, sizes: &Sizes, webhook: Cost, post: Cost) {
    let bare = RedisServer::start();
    let store = pieces::store(&bare.url(), sizes.users, sizes.time / 2);
    drop(bare);
    piece("accept, commit, settle: Redis", store);
    let redis = RedisServer::start();
    let service = Service::start(&Store::Redis(&redis.url()), provider).await;
    let parties = Parties::of(service.pid(), Some(&redis)).await;
    measure("Redis", &Scene { service: &service, provider, parties }, sizes, &[webhook, post, store]).await;
}

async fn measure(name: &str, scene: &Scene<'_>, sizes: &Sizes, pieces: &[Cost]) {
    let (service, time, mut faults) = (scene.service, sizes.time, Faults::default());
    scene.provider.delay(Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (idle, _) = memory(service.pid());
    let idle_cpu = cpu(service.pid());
    head(name);
    let mut phase = 0;
    let mut load = |users: usize, time: Duration| {
        phase += 1;
        Load { users, phase, time }
    };
    let mut show = |what: &str, outcome: &Outcome| {
        row(what, outcome, memory(service.pid()).0);
        faults.add(outcome, scene.provider.strangers());
    };
    let alone = closed_loop(scene, load(1, time / 2)).await;
    show("closed loop, 1 user", &alone);
    let full = closed_loop(scene, load(sizes.users, time)).await;
    show(&format!("closed loop, {} users", sizes.users), &full);
    let (loaded, most) = memory(service.pid());
    let right = double_texts(service, scene.provider, DOUBLE, load(0, time).phase).await;
    let mut bearable = full.rate;
    for delay in &sizes.delays {
        let (millis, secs) = (delay.as_millis(), delay.as_secs_f64());
        scene.provider.delay(*delay);
        if *delay > Duration::ZERO {
            let users = (sizes.users + (full.rate * secs) as usize).min(CROWD);
            let slow = closed_loop(scene, load(users, time)).await;
            show(&format!("closed loop, {users} users, {millis} ms"), &slow);
            bearable = full.rate.min(slow.rate);
        }
        for part in &sizes.paces {
            let a_second = (bearable * part).max(1.0);
            let users = ((a_second * (secs + BREATH) * 4.0) as usize).clamp(1, CROWD);
            let outcome = paced(scene, load(users, time), a_second).await;
            show(&format!("paced {a_second:.0} a second ({:.0} %), {millis} ms", part * 100.0), &outcome);
        }
    }
    scene.provider.delay(Duration::ZERO);
    let a_second = (full.rate * BESIDE).max(1.0);
    let users = ((a_second * BREATH * 4.0) as usize).clamp(1, CROWD);
    let before = paced(scene, load(users, time), a_second).await;
    row("the same pace with nothing beside it", &before, memory(service.pid()).0);
    let mut felt = Vec::new();
    for (what, trouble) in [("one person who floods", Trouble::Flood), ("a provider that is dead", Trouble::Dead)] {
        let during = beside(scene, trouble, load(users, time), a_second).await;
        row(&format!("beside {what}"), &during, memory(service.pid()).0);
        faults.add(&during, 0);
        let ratio =
            |quantile: f64| during.reply.value_at_quantile(quantile) as f64 / before.reply.value_at_quantile(quantile) as f64;
        felt.push(format!("  beside {what:30}              {:.2}, {:.2}", ratio(0.5), ratio(0.99)));
    }
    println!("  replies of others, times of before, p50 and p99");
    felt.iter().for_each(|line| println!("{line}"));
    println!("  two messages of one contact 1 ms apart, right       {right} of {DOUBLE}");
    faults.print(&service.log());
    ratios(&full, pieces);
    println!(
        "  resident memory idle, loaded, at most at 0 ms       {idle:.1}, {loaded:.1}, {most:.1} MiB; of all {:.1} MiB",
        memory(service.pid()).1
    );
    if let Some(redis) = scene.parties.redis_memory() {
        println!("  resident memory of Redis                            {redis:.1} MiB");
    }
    println!("  CPU until ready                                     {:.0} ms\n", idle_cpu.as_secs_f64() * 1e3);
}

/// The service beside what it cannot do without.
fn ratios(full: &Outcome, pieces: &[Cost]) {
    let (service, rate) = (full.costs.service, full.rate);
    let sum: f64 = pieces.iter().map(|cost| cost.micros).sum();
    let bound = 1.0 / pieces.iter().map(|cost| 1.0 / cost.rate).sum::<f64>();
    let without = service - full.costs.record;
    println!("  CPU of the service / sum of its raw pieces          {:.2}   ({service:.1} / {sum:.1} µs)", service / sum);
    println!("  the same without what writes the record             {:.2}   ({without:.1} / {sum:.1} µs)", without / sum);
    println!("  throughput / series bound of the pieces             {:.0} %   ({rate:.0} / {bound:.0})", 100.0 * rate / bound);
}
