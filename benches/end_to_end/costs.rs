//! What a stretch of load cost: CPU of each process, and what went to Redis and came back, for each message.

use crate::process::{cpu, cpu_of_threads, memory};
use crate::redis_server::RedisServer;
use redis::aio::MultiplexedConnection;
use std::time::{Duration, Instant};

/// The thread that writes the record of conversations into SQLite.
const RECORD: &str = "history";
/// The service rests when it took no more than this part of a core for so long; the record goes on once a second.
const QUIET: f64 = 0.04;
const CALM: Duration = Duration::from_millis(1_500);
/// It is not waited longer for than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whose work is counted.
pub struct Parties {
    service: u32,
    redis: Option<(u32, MultiplexedConnection)>,
}

impl Parties {
    /// The service, its Redis if it has one, and this process, which is generator and provider.
    pub async fn of(service: u32, redis: Option<&RedisServer>) -> Self {
        let redis = match redis {
            Some(server) => Some((server.pid(), server.connection().await)),
            None => None,
        };
        Parties { service, redis }
    }

    /// What they have done so far.
    pub async fn read(&self) -> Reading {
        let redis = match &self.redis {
            Some((pid, connection)) => Some((cpu(*pid), told(connection.clone()).await)),
            None => None,
        };
        let record = cpu_of_threads(self.service, RECORD);
        Reading { service: cpu(self.service), record, generator: cpu(std::process::id()), redis }
    }

    /// Waits until nothing is left to be done: the record of conversations is behind them, and what it costs belongs to the load that it is of.
    pub async fn rest(&self) {
        let begun = Instant::now();
        let mut before = cpu(self.service);
        while begun.elapsed() < PATIENCE {
            tokio::time::sleep(CALM).await;
            let now = cpu(self.service);
            if now.saturating_sub(before) < CALM.mul_f64(QUIET) {
                return;
            }
            before = now;
        }
        println!("  the service has not come to rest");
    }

    /// Resident memory of Redis in MiB.
    pub fn redis_memory(&self) -> Option<f64> {
        self.redis.as_ref().map(|(pid, _)| memory(*pid).0)
    }
}

/// Where the counters stood.
pub struct Reading {
    service: Duration,
    record: Duration,
    generator: Duration,
    redis: Option<(Duration, Traffic)>,
}

/// What Redis counts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Traffic {
    /// Calls of scripts.
    pub scripts: f64,
    /// Commands, those inside scripts and those beside them.
    pub commands: f64,
    /// Bytes that it got.
    pub bytes_in: f64,
    /// Bytes that it gave.
    pub bytes_out: f64,
}

/// For each message.
pub struct Costs {
    /// CPU of the service in microseconds.
    pub service: f64,
    /// What of it the thread took that writes the record.
    pub record: f64,
    /// CPU of generator and provider.
    pub generator: f64,
    /// CPU of Redis and what it was told.
    pub redis: Option<(f64, Traffic)>,
}

impl Reading {
    /// What each of so many messages cost since then.
    pub fn since(&self, before: &Reading, messages: u64) -> Costs {
        let n = messages.max(1) as f64;
        let micros = |now: Duration, then: Duration| now.saturating_sub(then).as_secs_f64() * 1e6 / n;
        let redis = self.redis.zip(before.redis).map(|((now, told), (then, earlier))| {
            let each = |of: fn(&Traffic) -> f64| (of(&told) - of(&earlier)) / n;
            let traffic = Traffic {
                scripts: each(|t| t.scripts),
                commands: each(|t| t.commands),
                bytes_in: each(|t| t.bytes_in),
                bytes_out: each(|t| t.bytes_out),
            };
            (micros(now, then), traffic)
        });
        Costs {
            service: micros(self.service, before.service),
            record: micros(self.record, before.record),
            generator: micros(self.generator, before.generator),
            redis,
        }
    }
}

/// Asks Redis. What this question is itself is one command and some kilobytes among those of thousands of messages.
async fn told(mut connection: MultiplexedConnection) -> Traffic {
    let info: String =
        redis::cmd("INFO").arg("commandstats").arg("stats").query_async(&mut connection).await.expect("Redis answers");
    read(&info)
}

fn read(info: &str) -> Traffic {
    let mut traffic = Traffic::default();
    for line in info.lines() {
        if let Some((name, rest)) = line.strip_prefix("cmdstat_").and_then(|line| line.split_once(":calls=")) {
            let calls = rest.split(',').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0);
            if matches!(name, "evalsha" | "eval") {
                traffic.scripts += calls;
            } else {
                traffic.commands += calls;
            }
        } else if let Some(bytes) = line.strip_prefix("total_net_input_bytes:") {
            traffic.bytes_in = bytes.trim().parse().unwrap_or(0.0);
        } else if let Some(bytes) = line.strip_prefix("total_net_output_bytes:") {
            traffic.bytes_out = bytes.trim().parse().unwrap_or(0.0);
        }
    }
    traffic
}
