//! The sender at ten thousand contacts on twenty channels: three messages to each, begun by events, on the embedded store and on Redis. Once as fast as the
//! machine can, once with a rate for each channel that twenty numbers may well have. The binary of the service runs in a process of its own; the provider
//! answers at once. Beside it, in the same run: a bare POST by the same HTTP client to the same provider.
//!
//! ```sh
//! cargo bench --bench sender
//! SENDER_CONTACTS=1000 SENDER_STORES=embedded cargo bench --bench sender      # a short one
//! ```
//!
//! | variable | says | default |
//! |---|---|---|
//! | `SENDER_CONTACTS` | how many contacts | 10000 |
//! | `SENDER_CHANNELS` | how many channels | 20 |
//! | `SENDER_RATE` | messages a second of one channel, in the second part | 50 |
//! | `SENDER_STORES` | on which stores | embedded,redis |
//!
//! What to read:
//! - **CPU each**: of the service's process, for a message with all that belongs to it (its share of the event, the turn, the commit, the settling, the record).
//! - **of the allowed rate**: how much of what all channels together may send was sent, from the first message to the last. It is to be near 1, and `most in
//!   a second` of one channel never above its rate and burst.

#[path = "../end_to_end/fake.rs"]
mod fake;
mod ground;
#[path = "../end_to_end/process.rs"]
#[allow(dead_code)]
mod process;
mod provider;
#[path = "../../tests/it/support/redis.rs"]
#[allow(dead_code)]
mod redis_server;

use ground::Service;
use process::{Meter, memory};
use provider::{Provider, Sent};
use redis_server::RedisServer;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Messages to each contact.
const EACH: usize = 3;
/// More than the machine can.
const UNBOUND: usize = 100_000;

/// How much of everything.
#[derive(Clone, Copy)]
struct Sizes {
    contacts: usize,
    channels: usize,
}

fn main() {
    let number = |name: &str, default: usize| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let sizes = Sizes { contacts: number("SENDER_CONTACTS", 10_000), channels: number("SENDER_CHANNELS", 20).clamp(1, 99) };
    let rate = number("SENDER_RATE", 50);
    let stores = std::env::var("SENDER_STORES").unwrap_or_else(|_| "embedded,redis".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        println!("{} contacts, {} channels, {EACH} messages to each", sizes.contacts, sizes.channels);
        let raw = ground::post(&Provider::start()).await;
        println!("  raw: POST                          {:>8.0} a second   CPU {:>7.1} µs each", raw.rate, raw.micros);
        for name in stores.split(',') {
            for (what, rate) in [("as fast as it can", UNBOUND), ("with rates", rate)] {
                let redis = (name == "redis").then(RedisServer::start);
                let store = match &redis {
                    Some(redis) => format!("kind = \"redis\"\nurl = \"{}\"", redis.url()),
                    None => "kind = \"embedded\"\npath = \"data\"".to_owned(),
                };
                measure(&format!("{name}, {what}"), &store, sizes, rate, raw.micros).await;
            }
        }
    });
}

async fn measure(what: &str, store: &str, sizes: Sizes, rate: usize, raw: f64) {
    let provider = Provider::start();
    let service = Service::start(store, &provider.url, sizes.channels, rate).await;
    // What is met for the first time is not measured.
    service.tell(0..sizes.channels * 5, sizes.channels, "warm").await;
    let warm = sizes.channels * 5 * EACH;
    until(&service, &provider, warm).await;
    provider.clear();
    let (rest, _) = memory(service.pid());
    let (begun, meter) = (Instant::now(), Meter::start(service.pid()));
    service.tell(0..sizes.contacts, sizes.channels, "told").await;
    let taken = begun.elapsed();
    let all = sizes.contacts * EACH;
    until(&service, &provider, all).await;
    let cost = meter.per(all as u64);
    let sent = provider.sent();
    assert_eq!(sent.len(), all, "each once:\n{}", service.log());
    in_order(&sent);
    let (first, last) = (sent.first().expect("one").at, sent.last().expect("one").at);
    let rate_of_all = (all as f64 - 1.0) / (last - first).as_secs_f64();
    println!("\n  {what}");
    println!("    events taken after               {:>8.1} s", taken.as_secs_f64());
    println!("    all sent after                   {:>8.1} s   {rate_of_all:.0} a second", begun.elapsed().as_secs_f64());
    println!("    CPU of the service               {:>8.1} µs each   {:.2} × the bare POST", cost.micros, cost.micros / raw);
    println!("    memory at rest, at most          {rest:>8.0} MiB  {:.0} MiB", memory(service.pid()).1);
    if rate != UNBOUND {
        let allowed = (rate * sizes.channels) as f64;
        println!("    of the allowed rate              {:>8.3}", rate_of_all / allowed);
        println!("    most of one channel in a second  {:>8}      of {rate} and as many at once", most_in_a_second(&sent));
    }
}

/// Waits until so many were sent.
async fn until(service: &Service, provider: &Provider, n: usize) {
    let (mut before, mut since) = (provider.taken(), Instant::now());
    while provider.taken() < n {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if provider.taken() > before {
            (before, since) = (provider.taken(), Instant::now());
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{before} of {n} were sent, and no more come:\n{}", service.log());
    }
}

/// Each contact got the first, the second and the third, over one channel.
fn in_order(sent: &[Sent]) {
    let mut of: HashMap<&str, (usize, &str)> = HashMap::new();
    for one in sent {
        let (had, from) = of.entry(&one.to).or_insert((0, &one.from));
        *had += 1;
        assert_eq!((one.text.as_str(), *from), (had.to_string().as_str(), one.from.as_str()), "what {} got", one.to);
    }
    assert!(of.values().all(|(had, _)| *had == EACH));
}

/// The most messages of one channel in any second.
fn most_in_a_second(sent: &[Sent]) -> usize {
    let mut by_channel: HashMap<&str, Vec<Instant>> = HashMap::new();
    sent.iter().for_each(|one| by_channel.entry(&one.from).or_default().push(one.at));
    let most = |times: &Vec<Instant>| {
        let mut from = 0;
        let within = |(i, at): (usize, &Instant)| {
            while *at - times[from] >= Duration::from_secs(1) {
                from += 1;
            }
            i + 1 - from
        };
        times.iter().enumerate().map(within).max().unwrap_or(0)
    };
    by_channel.values().map(most).max().unwrap_or(0)
}
