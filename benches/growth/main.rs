//! What one message costs as everything around it grows: contacts at rest, timers, messages that wait to be sent, the audience of a broadcast, states of the
//! flow, answers before, flows, channels. Counted is what does not drift with the machine's mood: instructions (by valgrind), commands of Redis (by Redis), reads
//! of SQLite (by the kernel). Redis' own time is measured beside that of a Redis with 1,000 contacts, in turns, and is a quotient of the two.
//!
//! ```sh
//! make bench-growth                                                                                # all of it: some minutes; with valgrind it writes docs/images/growth.svg
//! GROWTH_CONTACTS=10000 GROWTH_TIMERS=10000 GROWTH_BROADCAST=10000 cargo bench --bench growth      # a short one: about a minute
//! ```
//!
//! | variable | says | default |
//! |---|---|---|
//! | `GROWTH_PARTS` | which parts: `states`, `answers`, `flows`, `channels`, `contacts`, `timers`, `broadcast` | all |
//! | `GROWTH_STORES` | where contacts lie | embedded,redis |
//! | `GROWTH_CONTACTS`, `GROWTH_TIMERS`, `GROWTH_BROADCAST` | how far these grow, from 1,000 | 1000000 each |
//! | `GROWTH_STATES`, `GROWTH_ANSWERS`, `GROWTH_FLOWS`, `GROWTH_CHANNELS` | and these, from 10, 1, 1 and 1 | 1000, 900, 100, 100 |
//! | `GROWTH_SVG` | where the drawing goes | docs/images/growth.svg; of a short one, or where something could not be counted, below target/ |
//!
//! What to read: 1.00 is the cost at the smallest size. The goal is 0.90 to 1.10 everywhere. Reads are shown as they are: a small file lies in memory whole.

mod audience;
mod counted;
mod engine;
mod fill;
#[path = "../turn/flows.rs"]
mod flows;
#[path = "../end_to_end/message.rs"]
mod message;
mod on_redis;
mod on_sqlite;
mod plot;
#[path = "../../tests/it/support/redis.rs"]
#[allow(dead_code)]
mod redis_server;
mod series;
#[path = "../turn/talk.rs"]
#[allow(dead_code)]
mod talk;
mod work;

use fill::Stock;
use series::{Dimension, Measure};
use std::path::{Path, PathBuf};
use work::Work;

/// How far everything grows, and what is left out.
struct Sizes {
    parts: Option<Vec<String>>,
    stores: String,
    /// Whether somebody asked for less than all.
    cut: bool,
}

impl Sizes {
    fn read() -> Self {
        let cut = std::env::vars().any(|(name, _)| name.starts_with("GROWTH_") && name != "GROWTH_SVG");
        let parts = std::env::var("GROWTH_PARTS").ok().map(|parts| parts.split(',').map(str::to_owned).collect());
        let stores = std::env::var("GROWTH_STORES").unwrap_or_else(|_| "embedded,redis".to_owned());
        Sizes { parts, stores, cut }
    }

    fn has(&self, part: &str) -> bool {
        self.parts.as_ref().is_none_or(|parts| parts.iter().any(|named| named == part))
    }

    /// Steps of ten up to what is asked for.
    fn ladder(&self, name: &str, from: u64, to: u64) -> Vec<u64> {
        let said = std::env::var(name).ok().map(|n| n.parse().unwrap_or_else(|_| panic!("{name} is no number")));
        let to: u64 = said.unwrap_or(to).max(from);
        let mut sizes: Vec<u64> = std::iter::successors(Some(from), |n| n.checked_mul(10)).take_while(|n| *n <= to).collect();
        if sizes.last() != Some(&to) {
            sizes.push(to);
        }
        sizes
    }

    /// Where the drawing goes. That of the documentation is replaced by a whole one only.
    fn svg(&self, all: &[Dimension]) -> PathBuf {
        let whole = || Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images/growth.svg");
        let short = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("growth.svg");
        let is_whole = !self.cut && all.iter().all(Dimension::is_whole);
        std::env::var_os("GROWTH_SVG").map_or_else(|| if is_whole { whole() } else { short() }, PathBuf::from)
    }
}

fn main() {
    if let Ok(role) = std::env::var(counted::ROLE) {
        return counted::be(&role);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let sizes = Sizes::read();
    let mut all: Vec<Dimension> = Vec::new();
    println!("The cost of one message; 1.00 is that at the smallest size.");
    let mut show = |dimension: Dimension| {
        dimension.print();
        all.push(dimension);
    };
    for (part, name, variable, from, to) in [
        ("states", "states of the flow", "GROWTH_STATES", 10, 1_000),
        ("answers", "answers before", "GROWTH_ANSWERS", 1, 900),
        ("flows", "flows", "GROWTH_FLOWS", 1, 100),
        ("channels", "channels", "GROWTH_CHANNELS", 1, 100),
    ] {
        if sizes.has(part) {
            show(engine::grow(name, part, sizes.ladder(variable, from, to)));
        }
    }
    for (part, variable, stock, works) in [
        ("contacts", "GROWTH_CONTACTS", Stock::Rest, &[(Work::Message, "contacts at rest")][..]),
        ("timers", "GROWTH_TIMERS", Stock::Timers, &[(Work::Message, "pending timers")]),
        (
            "broadcast",
            "GROWTH_BROADCAST",
            Stock::Waiting,
            &[(Work::Beside, "messages that wait: a reply beside them"), (Work::Send, "messages that wait: one leaves")],
        ),
    ] {
        if !sizes.has(part) {
            continue;
        }
        let ladder = sizes.ladder(variable, 1_000, 1_000_000);
        let mut measures: Vec<Vec<Measure>> = works.iter().map(|_| Vec::new()).collect();
        if sizes.stores.contains("redis") {
            runtime.block_on(on_redis::grow(stock, works, &ladder, &mut measures));
        }
        if sizes.stores.contains("embedded") {
            runtime.block_on(on_sqlite::grow(stock, works, &ladder, &mut measures));
        }
        for ((_, name), measures) in works.iter().zip(measures) {
            show(Dimension { name, sizes: ladder.clone(), measures });
        }
        if part == "broadcast" && sizes.stores.contains("embedded") {
            show(runtime.block_on(audience::grow(ladder)));
        }
    }
    let svg = sizes.svg(&all);
    if let Some(folder) = svg.parent() {
        std::fs::create_dir_all(folder).expect("a folder for the drawing");
    }
    std::fs::write(&svg, plot::svg(&all)).expect("the drawing is written");
    println!("\nThe drawing is {}", svg.display());
}
