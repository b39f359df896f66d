//! A broadcast to a million contacts on the embedded store: how long until all of them are known, how many are handed over and sent a second, what that costs,
//! and how much memory the service takes, beside what it takes at rest. The release binary runs in its own process; the provider answers at once.
//!
//! `BROADCAST_CONTACTS` (default 1,000,000) says how many.

#[path = "../end_to_end/fake.rs"]
mod fake;
mod ground;
mod people;
#[path = "../end_to_end/process.rs"]
#[allow(dead_code)]
mod process;
mod taker;

use process::{Meter, memory};
use std::time::{Duration, Instant};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

fn main() {
    let number = |name: &str, default: usize| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let contacts = number("BROADCAST_CONTACTS", 1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(measure(contacts));
}

async fn measure(contacts: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Instant::now();
    ground::fill(folder.path(), contacts).await;
    println!("{contacts} contacts, made in {:.0} s", begun.elapsed().as_secs_f64());
    let taker = taker::Taker::start();
    let service = ground::Service::start(folder.path(), &taker.url);
    service.ready().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (rest, _) = memory(service.pid());
    let (begun, meter) = (Instant::now(), Meter::start(service.pid()));
    let id = service.broadcast().await;
    let (mut resolved, mut most) = (None, rest);
    loop {
        tokio::time::sleep(LOOK).await;
        let shown = service.show(&id).await;
        most = f64::max(most, memory(service.pid()).0);
        if resolved.is_none() && shown["broadcast"]["resolved_at"].is_string() {
            resolved = Some(begun.elapsed());
        }
        let state = shown["broadcast"]["state"].as_str().unwrap_or("");
        assert!(matches!(state, "scheduled" | "resolving" | "running" | "done"), "{shown}");
        if state == "done" && taker.taken() >= contacts as u64 {
            break;
        }
    }
    let took = begun.elapsed();
    let cost = meter.per(contacts as u64);
    assert_eq!((taker.taken(), taker.people()), (contacts as u64, contacts), "each of them once");
    println!("  all contacts known after        {:>10.1} s", resolved.unwrap_or(took).as_secs_f64());
    println!("  all sent after                  {:>10.1} s   {:.0} a second", took.as_secs_f64(), cost.rate);
    println!("  CPU of the service for each     {:>10.1} µs", cost.micros);
    println!("  memory at rest                  {rest:>10.0} MiB");
    println!("  memory at most                  {most:>10.0} MiB   {:.0} more", most - rest);
}
