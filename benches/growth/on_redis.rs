//! The same work on a Redis that grows and on one that has 1,000 contacts, in turns: commands as Redis counts them, and the time that its scripts take. Time
//! drifts with the machine, so it is the quotient of the two that counts.

use super::fill::{Stock, fill};
use super::redis_server::RedisServer;
use super::series::{Kind, Measure};
use super::work::{BESIDE, Work};
use redis::aio::MultiplexedConnection;
use replyflow::store::{RedisStore, StoreSettings};

/// Pieces of work in one turn.
const TURN: usize = 100;
/// Turns.
const TURNS: usize = 20;
/// Contacts of the one that does not grow.
const SMALL: usize = 1_000;

/// A Redis and what it counts.
struct Site {
    store: RedisStore,
    connection: MultiplexedConnection,
    stock: Stock,
    size: usize,
    /// Pieces of work so far: each has a number of its own.
    done: u64,
    _server: RedisServer,
}

/// What Redis counted.
#[derive(Debug, Clone, Copy)]
struct Spent {
    commands: f64,
    micros: f64,
}

/// Lets the contacts grow and adds what each work costs.
pub async fn grow(stock: Stock, works: &[(Work, &'static str)], sizes: &[u64], measures: &mut [Vec<Measure>]) {
    let (mut small, mut large) = (Site::start(stock, SMALL).await, Site::start(stock, 0).await);
    let mut values: Vec<[Vec<f64>; 2]> = works.iter().map(|_| [Vec::new(), Vec::new()]).collect();
    for size in sizes {
        large.to(*size as usize).await;
        for ((work, _), [commands, times]) in works.iter().zip(&mut values) {
            let (counted, quotient) = beside(*work, &mut large, &mut small).await;
            commands.push(counted);
            times.push(quotient);
        }
    }
    for (measures, [commands, times]) in measures.iter_mut().zip(values) {
        measures.push(Measure { kind: Kind::Commands, name: "Redis: commands", values: commands });
        measures.push(Measure { kind: Kind::Time, name: "Redis: time of its scripts, of that with 1,000", values: times });
    }
}

/// Commands of one piece of work on the large one, and the middle of the quotients of their times.
async fn beside(work: Work, large: &mut Site, small: &mut Site) -> (f64, f64) {
    // The first message of a day costs a contact two commands more: everybody who is counted has had theirs.
    for turn in 0..TURNS {
        large.turn(work, turn).await;
        small.turn(work, turn).await;
    }
    let (mut commands, mut quotients) = (0.0, Vec::with_capacity(TURNS));
    for turn in 0..TURNS {
        let (of_large, of_small) = (large.turn(work, turn).await, small.turn(work, turn).await);
        commands += of_large.commands;
        quotients.push(of_large.micros / of_small.micros.max(1.0));
    }
    quotients.sort_by(f64::total_cmp);
    (commands / (TURN * TURNS) as f64, quotients[TURNS / 2])
}

impl Site {
    async fn start(stock: Stock, size: usize) -> Self {
        // Rewriting the file of what was done would go on beside what is measured.
        let server = RedisServer::start_with(&["--auto-aof-rewrite-percentage", "0"]);
        let store = RedisStore::open(&server.url(), StoreSettings::default()).expect("Redis");
        let connection = server.connection().await;
        let mut site = Site { store, connection, stock, size: 0, done: 0, _server: server };
        if stock == Stock::Waiting {
            fill(&site.store, Stock::Rest, 0..BESIDE).await;
        }
        site.to(size).await;
        site
    }

    async fn to(&mut self, size: usize) {
        fill(&self.store, self.stock, self.size..size).await;
        self.size = size;
    }

    /// A turn, and what it cost.
    async fn turn(&mut self, work: Work, turn: usize) -> Spent {
        let before = self.spent().await;
        for place in turn * TURN..(turn + 1) * TURN {
            work.once(&self.store, self.stock, self.size, (place, self.done)).await;
            self.done += 1;
        }
        let after = self.spent().await;
        if work == Work::Send {
            // What was sent waits again.
            fill(&self.store, self.stock, 0..SMALL).await;
        }
        Spent { commands: after.commands - before.commands, micros: after.micros - before.micros }
    }

    async fn spent(&mut self) -> Spent {
        let asked = redis::cmd("INFO").arg("commandstats").query_async(&mut self.connection).await;
        let told: String = asked.expect("Redis answers");
        let mut spent = Spent { commands: 0.0, micros: 0.0 };
        for line in told.lines() {
            let Some((name, counts)) = line.strip_prefix("cmdstat_").and_then(|line| line.split_once(':')) else { continue };
            let count = |name: &str| -> f64 {
                let counts = counts.split(',').filter_map(|count| count.split_once('='));
                counts.filter(|(of, _)| *of == name).find_map(|(_, n)| n.trim().parse().ok()).unwrap_or(0.0)
            };
            match name {
                "evalsha" | "eval" => spent.micros += count("usec"),
                "info" => {}
                _ => spent.commands += count("calls"),
            }
        }
        spent
    }
}
