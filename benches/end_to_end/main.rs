//! Messages a second and CPU a message, end to end: signed webhooks to the release binary in its own process, replies at a
//! fake provider, on the embedded store and on Redis (its own process, AOF everysec). Beside them, in the same run, the raw
//! pieces that no service can do without; only the ratios between the two mean anything.
//!
//! `END_TO_END_SECONDS` (default 4) is the time for each figure, `END_TO_END_USERS` (64) how many write at once,
//! `END_TO_END_STORES` (`embedded,redis`) where conversations are kept.

mod client;
mod fake;
mod load;
mod pieces;
mod process;
mod provider;
#[path = "../../tests/it/support/redis.rs"]
#[allow(dead_code)]
mod redis_server;
mod service;
#[path = "../../tests/it/support/sign.rs"]
#[allow(dead_code)]
mod sign;

use load::Outcome;
use process::{Cost, cpu, memory};
use provider::Provider;
use redis_server::RedisServer;
use service::{Service, Store};
use std::time::Duration;

/// Contacts that write two messages a millisecond apart.
const DOUBLE: usize = 100;

fn main() {
    if let Ok(role) = std::env::var(pieces::ROLE) {
        return pieces::be(&role);
    }
    let number = |name: &str, default: usize| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let time = Duration::from_secs(number("END_TO_END_SECONDS", 4) as u64);
    let users = number("END_TO_END_USERS", 64);
    let stores = std::env::var("END_TO_END_STORES").unwrap_or_else(|_| "embedded,redis".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let provider = Provider::start();
        let webhook = pieces::webhook(users, time / 2).await;
        let post = pieces::post_client(&provider, users, time / 2);
        println!("Raw pieces, {users} at once                      a second   CPU µs each");
        piece("webhook: form, HMAC, 204", webhook);
        piece("POST by the same HTTP client", post);
        for name in stores.split(',') {
            match name {
                "embedded" => embedded(&provider, users, time, webhook, post).await,
                "redis" => on_redis(&provider, users, time, webhook, post).await,
                other => panic!("END_TO_END_STORES: no store {other}"),
            }
        }
    });
}

fn piece(what: &str, cost: Cost) {
    println!("  {what:44}  {:8.0}  {:12.1}", cost.rate, cost.micros);
}

async fn embedded(provider: &Provider, users: usize, time: Duration, webhook: Cost, post: Cost) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = pieces::store(&folder.path().display().to_string(), users, time / 2);
    piece("accept, commit, settle: embedded", store);
    measure("embedded", &Store::Embedded, None, provider, users, time, &[webhook, post, store]).await;
}

async fn on_redis(provider: &Provider, users: usize, time: Duration, webhook: Cost, post: Cost) {
    let bare = RedisServer::start();
    let store = pieces::store(&bare.url(), users, time / 2);
    drop(bare);
    piece("accept, commit, settle: Redis", store);
    let redis = RedisServer::start();
    measure("Redis", &Store::Redis(&redis.url()), Some(redis.pid()), provider, users, time, &[webhook, post, store]).await;
}

async fn measure(
    name: &str,
    store: &Store<'_>,
    redis: Option<u32>,
    provider: &Provider,
    users: usize,
    time: Duration,
    pieces: &[Cost],
) {
    let service = Service::start(store, provider).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (idle, _) = memory(service.pid());
    let idle_cpu = cpu(service.pid());
    let alone = load::closed_loop(&service, provider, redis, 1, 1, time / 2).await;
    let full = load::closed_loop(&service, provider, redis, users, 2, time).await;
    let (loaded, most) = memory(service.pid());
    let right = load::double_texts(&service, provider, DOUBLE, 3).await;
    println!("\nThe service on {name}              users  a second  CPU µs  Redis CPU µs  reply ms p50  p99  answer ms p50  p99");
    row(1, &alone);
    row(users, &full);
    let sum: f64 = pieces.iter().map(|cost| cost.micros).sum();
    let bound = 1.0 / pieces.iter().map(|cost| 1.0 / cost.rate).sum::<f64>();
    println!(
        "  CPU of the service / sum of its raw pieces          {:.2}   ({:.1} / {sum:.1} µs)",
        full.service / sum,
        full.service
    );
    println!(
        "  throughput / series bound of the pieces             {:.0} %   ({:.0} / {bound:.0})",
        100.0 * full.rate / bound,
        full.rate
    );
    println!("  two messages of one contact 1 ms apart, right       {right} of {DOUBLE}");
    println!("  resident memory idle, loaded, at most               {idle:.1}, {loaded:.1}, {most:.1} MiB");
    println!("  CPU until ready                                     {:.0} ms", idle_cpu.as_secs_f64() * 1e3);
    for (what, n) in [("wrong", alone.wrong + full.wrong), ("lost", alone.lost + full.lost), ("unexpected", provider.strangers())]
    {
        if n > 0 {
            println!("  {what} replies: {n}\n{}", service.log());
        }
    }
    println!();
}

fn row(users: usize, outcome: &Outcome) {
    let ms = |histogram: &hdrhistogram::Histogram<u64>, q: f64| histogram.value_at_quantile(q) as f64 / 1e3;
    print!("  {users:38}  {:8.0}  {:6.1}", outcome.rate, outcome.service);
    print!("  {:>12}", outcome.redis.map_or("–".to_owned(), |micros| format!("{micros:.1}")));
    print!("  {:12.2}  {:.2}", ms(&outcome.reply, 0.5), ms(&outcome.reply, 0.99));
    println!("  {:12.2}  {:.2}", ms(&outcome.ack, 0.5), ms(&outcome.ack, 0.99));
}
