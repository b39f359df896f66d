//! A broadcast to a million contacts on the embedded store, and conversations beside it: how long until all contacts are known, how many are sent to in a
//! second, what that costs, how much memory the service takes, and how much slower conversations are meanwhile. The binary of the service runs in a process
//! of its own; the provider answers at once.
//!
//! ```sh
//! cargo bench --bench broadcast                                        # all of it: some ten minutes
//! BROADCAST_CONTACTS=20000 BROADCAST_SECONDS=5 cargo bench --bench broadcast   # a short one
//! ```
//!
//! | variable | says | default |
//! |---|---|---|
//! | `BROADCAST_CONTACTS` | how many contacts | 1000000 |
//! | `BROADCAST_SECONDS` | for how long conversations are measured, each time | 20 |
//! | `BROADCAST_TALK` | how many messages a second conversations have | 100 |
//! | `BROADCAST_USERS` | how many people write them | 50 |
//! | `BROADCAST_RATE` | messages a second that the channel sends | 100000 |
//!
//! What to read:
//! - **memory**: `at most` is the largest resident memory (`VmRSS`, looked at ten times a second) of the service's process from the start of the broadcast to
//!   its end, caches of both databases, buffers and the binary's own pages included; `more` is that less what it was at rest, with the same contacts in its
//!   store. Contacts' records are in the database's file, so all that is resident counts: it is to be under 300 MiB.
//! - **beside it / alone**: replies a second, and the median and the 99th percentile of the time from a message to its reply, while the broadcast runs,
//!   divided by the same without it (the mean of before and after). Replies a second are to be at least 0.90, the median at most 1.10. A channel that sends
//!   more than the machine can makes this the hardest case; `BROADCAST_RATE=500` is what a large number has.

#[path = "../end_to_end/client.rs"]
#[allow(dead_code)]
mod client;
#[path = "../end_to_end/fake.rs"]
mod fake;
mod ground;
mod people;
#[path = "../end_to_end/process.rs"]
#[allow(dead_code)]
mod process;
mod provider;
#[path = "../../tests/it/support/sign.rs"]
#[allow(dead_code)]
mod sign;
mod talk;

use ground::Service;
use process::{Meter, memory};
use provider::Provider;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use talk::{Talked, talk};

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(100);

fn main() {
    let number = |name: &str, default: usize| std::env::var(name).map_or(default, |n| n.parse().expect("a number"));
    let sizes = Sizes {
        contacts: number("BROADCAST_CONTACTS", 1_000_000),
        time: Duration::from_secs(number("BROADCAST_SECONDS", 20) as u64),
        a_second: number("BROADCAST_TALK", 100),
        users: number("BROADCAST_USERS", 50).min(999),
        rate: number("BROADCAST_RATE", 100_000),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure(sizes));
}

/// How much of everything.
#[derive(Clone, Copy)]
struct Sizes {
    contacts: usize,
    time: Duration,
    a_second: usize,
    users: usize,
    rate: usize,
}

async fn measure(sizes: Sizes) {
    let Sizes { contacts, time, a_second, users, rate } = sizes;
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Instant::now();
    ground::fill(folder.path(), contacts).await;
    println!("{contacts} contacts, made in {:.0} s; the channel sends {rate} a second", begun.elapsed().as_secs_f64());
    let provider = Provider::start();
    let service = Service::start(folder.path(), &provider.url, rate);
    service.ready().await;
    let talking = async |phase| talk(&service, &provider, users, a_second, phase, time).await;
    // What is met for the first time is not measured.
    talk(&service, &provider, users, a_second, 1, time / 4).await;
    let before = talking(2).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (rest, _) = memory(service.pid());
    let watch = Watch::start(service.pid());
    let (begun, meter) = (Instant::now(), Meter::start(service.pid()));
    let id = service.broadcast().await;
    while provider.taken() == 0 {
        tokio::time::sleep(LOOK).await;
    }
    let (first, at_first) = (begun.elapsed(), (Instant::now(), provider.taken()));
    let beside = talking(3).await;
    let sent = provider.taken() - at_first.1;
    let (in_time, still) = (at_first.0.elapsed(), provider.taken() < contacts as u64);
    let shown = loop {
        let shown = service.show(&id).await;
        let state = shown["broadcast"]["state"].as_str().unwrap_or("");
        assert!(matches!(state, "scheduled" | "resolving" | "running" | "done"), "{shown}");
        if state == "done" && provider.taken() >= contacts as u64 {
            break shown;
        }
        tokio::time::sleep(LOOK * 5).await;
    };
    let took = begun.elapsed();
    let cost = meter.per(contacts as u64);
    // The record follows.
    let mut behind = shown;
    while behind["messages"]["sent"] != contacts {
        tokio::time::sleep(LOOK * 5).await;
        behind = service.show(&id).await;
    }
    let recorded = begun.elapsed();
    let most = watch.most();
    assert_eq!((provider.taken(), provider.people()), (contacts as u64, contacts), "each of them once");
    let after = talking(4).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (end, _) = memory(service.pid());
    println!("\nThe broadcast");
    println!("  the first one sent after        {:>10.1} s", first.as_secs_f64());
    println!("  all sent after                  {:>10.1} s   {:.0} a second", took.as_secs_f64(), cost.rate);
    println!("  all in the record after         {:>10.1} s", recorded.as_secs_f64());
    println!("  beside conversations            {:>10.0} a second", sent as f64 / in_time.as_secs_f64());
    println!("  CPU of the service for each     {:>10.1} µs", cost.micros);
    println!("\nThe service's memory, resident");
    println!("  at rest                         {rest:>10.0} MiB");
    println!("  at most                         {most:>10.0} MiB   {:.0} more, of 300 that it may have", most - rest);
    println!("  afterwards                      {end:>10.0} MiB");
    println!("\nConversations                        a second   reply ms p50     p99   wrong");
    row("before it", &before);
    row("beside it", &beside);
    row("after it", &after);
    let quotient = |of: fn(&Talked) -> f64| of(&beside) / ((of(&before) + of(&after)) / 2.0);
    println!(
        "  beside it / alone                {:>10.2}   {:>12.2}  {:>6.2}{}",
        quotient(|talked| talked.rate),
        quotient(|talked| millis(talked, 0.5)),
        quotient(|talked| millis(talked, 0.99)),
        if still { "" } else { "   (it was over before they were: take more contacts)" }
    );
}

fn millis(talked: &Talked, quantile: f64) -> f64 {
    talked.reply.value_at_quantile(quantile) as f64 / 1e3
}

fn row(what: &str, talked: &Talked) {
    let (middle, late) = (millis(talked, 0.5), millis(talked, 0.99));
    println!("  {what:30}   {:>10.1}   {middle:>12.2}  {late:>6.2}  {:>6}", talked.rate, talked.wrong);
}

/// Looks at a process' memory all the time.
struct Watch {
    ended: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<f64>,
}

impl Watch {
    fn start(pid: u32) -> Self {
        let ended: Arc<AtomicBool> = Arc::default();
        let until = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            let mut most: f64 = 0.0;
            while !until.load(Ordering::Relaxed) {
                most = most.max(memory(pid).0);
                std::thread::sleep(LOOK);
            }
            most
        });
        Watch { ended, thread }
    }

    /// The most that it had since then, in MiB.
    fn most(self) -> f64 {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.join().expect("no panic")
    }
}
