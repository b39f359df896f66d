//! What events lead to: reports to callbacks a second, and ten thousand digests that are open at once, what they hold and how fast they end, each with a message and reports of it.

use crate::process::{Meter, memory};
use crate::sender::{CONTACTS, How, load};
use crate::service::Service;
use crate::sink::Sink;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A message for each event, of which the caller hears.
const TELLING: &str = r#"flow: bench
languages: [en]
needs: { order_id: text, amount: number }
start:
  - event: bench.paid
    contact: "{{ event.phone }}"
    repeat: another
    with: { order_id: "{{ event.order_id }}", amount: "{{ event.amount }}" }
begin: tell
states:
  tell: { say: "Order {{ order_id }}", end: told }
"#;

/// A message for all events of a while.
const COLLECTING: &str = r#"flow: bench
languages: [en]
start:
  - event: bench.paid
    contact: "{{ event.phone }}"
begin: collect
states:
  collect:
    digest: { event: bench.paid, for: 20s }
    save: batch
    go: tell
  tell: { say: "{{ len(batch) }} orders", end: told }
"#;

/// Reports to a caller's own backend: an event for each contact, each of which sends one message and asks for its callback.
pub async fn callbacks(name: &str, store: &str, users: usize) {
    let sink = Sink::start().await;
    let service = Service::start(store, TELLING, &sink.settings()).await;
    let (meter, begun) = (Meter::start(service.pid()), Instant::now());
    let events = send(&service, &sink, users).await;
    while sink.sent() < events {
        assert!(begun.elapsed() < PATIENCE, "{} of {events} were told:\n{}", sink.sent(), service.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let cost = meter.per(sink.taken());
    println!("  {:44}  {:8.0}  {:12.1}", format!("{name}: reports to callbacks, all included"), cost.rate, cost.micros);
}

/// Sends events until there was one for each contact; says how many.
async fn send(service: &Service, sink: &Sink, users: usize) -> u64 {
    let counts = load(service.port, How::Told(sink.port), users);
    let begun = Instant::now();
    let work = async {
        while counts.events.get() < CONTACTS {
            assert!(begun.elapsed() < PATIENCE, "events come too slowly:\n{}", service.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        counts.events.get()
    };
    counts.tasks.run_until(work).await
}

/// As many digests as there are contacts, open at once.
pub async fn digests(name: &str, store: &str, users: usize) {
    let sink = Sink::start().await;
    let service = Service::start(store, COLLECTING, &sink.settings()).await;
    let (small, _) = memory(service.pid());
    let begun = Instant::now();
    let events = send(&service, &sink, users).await;
    let opened = begun.elapsed().as_secs_f64();
    let (large, _) = memory(service.pid());
    // Each digest is one message, of which `sent` is the last that is told here.
    let (mut first, meter) = (None, Meter::start(service.pid()));
    while sink.sent() < CONTACTS {
        if sink.sent() > 0 {
            first.get_or_insert_with(Instant::now);
        }
        assert!(begun.elapsed() < PATIENCE, "{} of {CONTACTS} ended:\n{}", sink.sent(), service.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ended = first.map_or(0.0, |first| first.elapsed().as_secs_f64());
    let cost = meter.per(CONTACTS);
    println!(
        "  {name}: {CONTACTS} digests opened in {opened:.1} s by {events} events, {:.1} MiB more; ended and told within {ended:.1} s,",
        large - small
    );
    println!(
        "  {:44}  {:8.0}  {:12.1}",
        format!("{name}: digests that end, with message and reports"),
        CONTACTS as f64 / ended.max(0.01),
        cost.micros
    );
}
