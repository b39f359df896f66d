//! What an engineer should know about this Redis, of each of its servers: for `doctor` and for the start.

use super::RedisStore;
use super::keys::{self, PREFIX};
use super::link::read;
use super::scripts::Script;
use crate::store::{Answer, Finding, FindingLevel, StoreError};
use redis::Value;
use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The oldest Redis that has what the scripts use.
const OLDEST: (u32, u32) = (7, 0);
/// A script of ours that takes longer stands in everybody's way.
const SLOW: Duration = Duration::from_millis(5);
/// Clocks may be so far apart.
const CLOCK: Duration = Duration::from_secs(1);
/// Writes of a probe whose time is taken.
const PROBES: usize = 5;

type Facts = HashMap<String, String>;

fn finding(name: &'static str, level: FindingLevel, message: String, remedy: &str) -> Finding {
    let remedy = if level == FindingLevel::Fine { String::new() } else { remedy.to_owned() };
    Finding { name, level, message, remedy }
}

fn fact<'a>(facts: &'a Facts, name: &str) -> &'a str {
    facts.get(name).map_or("", String::as_str)
}

/// Reads what `INFO` answers: `name:value` lines.
fn read_info(text: &str) -> Facts {
    text.lines().filter_map(|line| line.split_once(':')).map(|(k, v)| (k.to_owned(), v.trim().to_owned())).collect()
}

fn version(info: &Facts) -> Finding {
    let text = fact(info, "redis_version");
    let mut parts = text.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let level = if found < OLDEST { FindingLevel::Error } else { FindingLevel::Fine };
    finding("version", level, format!("Redis {text}"), "Install Redis 7.0 or newer.")
}

fn eviction(info: &Facts) -> Finding {
    let policy = fact(info, "maxmemory_policy");
    let level = if policy == "noeviction" { FindingLevel::Fine } else { FindingLevel::Error };
    let message = format!(
        "maxmemory-policy is {policy}: {}",
        if policy == "noeviction" { "a full Redis refuses" } else { "a full Redis forgets conversations" }
    );
    finding("eviction", level, message, "Set `maxmemory-policy noeviction`.")
}

fn persistence(info: &Facts, config: &Facts) -> Finding {
    let (level, message) = match (fact(info, "aof_enabled"), fact(config, "appendfsync")) {
        ("1", "always") => (FindingLevel::Fine, "AOF with fsync at every write: nothing is lost in a power cut".to_owned()),
        ("1", "everysec") => {
            (FindingLevel::Fine, "AOF with fsync every second: a power cut loses up to 1 s of messages".to_owned())
        }
        ("1", "") => (FindingLevel::Warning, "AOF is on; CONFIG is not allowed, so its fsync is unknown".to_owned()),
        ("1", other) => {
            (FindingLevel::Warning, format!("AOF with appendfsync {other}: a power cut loses what the system had not written"))
        }
        _ => (FindingLevel::Error, "AOF is off: a restart of Redis loses messages".to_owned()),
    };
    finding("persistence", level, message, "Set `appendonly yes` and `appendfsync everysec` or `always`.")
}

fn fsync(info: &Facts) -> Finding {
    let delayed = fact(info, "aof_delayed_fsync").parse::<u64>().unwrap_or(0);
    let healthy = fact(info, "aof_last_write_status") != "err";
    let (level, message) = match (healthy, delayed) {
        (false, _) => (FindingLevel::Error, "the last write to the AOF failed".to_owned()),
        (true, 0) => (FindingLevel::Fine, "no fsync was overdue".to_owned()),
        (true, n) => (FindingLevel::Warning, format!("{n} times an fsync was overdue: the disk is slow")),
    };
    finding("fsync", level, message, "Give Redis a faster disk, or one that it does not share.")
}

fn snapshot(info: &Facts) -> Finding {
    let failed = |what: &str| fact(info, what) == "err";
    let (level, message) = match (failed("rdb_last_bgsave_status"), failed("aof_last_bgrewrite_status")) {
        (true, _) => (FindingLevel::Error, "the last snapshot failed: Redis may refuse writes until one is made".to_owned()),
        (_, true) => (FindingLevel::Warning, "the last rewrite of the AOF failed: it grows until one is done".to_owned()),
        _ => (FindingLevel::Fine, "the last snapshot and rewrite of the AOF, if there were any, are done".to_owned()),
    };
    finding(
        "snapshot",
        level,
        message,
        "Look into the log of Redis: most often its disk is full or memory for a fork is missing.",
    )
}

/// Of what it may have: its own limit, or else all of its machine.
fn memory(info: &Facts) -> Finding {
    let number = |name: &str| fact(info, name).parse::<u64>().unwrap_or(0);
    let (used, own, machine) = (number("used_memory"), number("maxmemory"), number("total_system_memory"));
    let (most, what) = if own > 0 { (own, "maxmemory") } else { (machine, "its machine, without a maxmemory") };
    let level = if most > 0 && used > most / 10 * 8 { FindingLevel::Warning } else { FindingLevel::Fine };
    let message = match most {
        0 => format!("Redis uses {} MiB; how much it may use it does not say", used >> 20),
        _ => format!("Redis uses {} MiB of {} MiB of {what}", used >> 20, most >> 20),
    };
    finding(
        "memory",
        level,
        message,
        "Give it more before it is full: then webhooks get 503. `maxmemory` keeps the system from killing it.",
    )
}

fn replicas(info: &Facts, config: &Facts, many: bool) -> Option<Finding> {
    let connected = fact(info, "connected_slaves").parse::<u32>().unwrap_or(0);
    if connected == 0 {
        let message = "it has no replica: while it is away, webhooks of its contacts get 503".to_owned();
        return many.then(|| finding("replicas", FindingLevel::Warning, message, "Give each primary a replica."));
    }
    let (needed, lag) = (fact(config, "min-replicas-to-write"), fact(config, "min-replicas-max-lag"));
    let good = needed.parse::<u32>().is_ok_and(|n| n >= 1) && lag.parse::<u32>().is_ok_and(|n| (1..=10).contains(&n));
    let level = if good { FindingLevel::Fine } else { FindingLevel::Warning };
    let message = format!("{connected} replicas, min-replicas-to-write {needed}, min-replicas-max-lag {lag}");
    let remedy = "Set `min-replicas-to-write 1` and `min-replicas-max-lag 10`, so that a primary that is cut off stops writing.";
    Some(finding("replicas", level, message, remedy))
}

/// A cluster that has lost a part should go on with the rest.
fn cluster(info: &Facts, config: &Facts, many: bool) -> Option<Finding> {
    if fact(info, "cluster_enabled") != "1" {
        return None;
    }
    if !many {
        let message = "this Redis is a node of a cluster, and only it is named".to_owned();
        return Some(finding("cluster", FindingLevel::Error, message, "Name nodes in store.cluster instead of store.url."));
    }
    let coverage = fact(config, "cluster-require-full-coverage");
    let level = if coverage == "no" { FindingLevel::Fine } else { FindingLevel::Warning };
    let message = match coverage {
        "no" => "where one part of the cluster is away, the others go on".to_owned(),
        "" => "CONFIG is not allowed, so cluster-require-full-coverage is unknown".to_owned(),
        _ => "where one part of the cluster is away, all of it stops".to_owned(),
    };
    Some(finding("cluster", level, message, "Set `cluster-require-full-coverage no`."))
}

fn clock(server: (u64, u64), asked: SystemTime, took: Duration) -> Finding {
    let theirs = Duration::from_secs(server.0) + Duration::from_micros(server.1);
    let ours = asked.duration_since(UNIX_EPOCH).unwrap_or_default() + took / 2;
    let apart = theirs.abs_diff(ours);
    let level = if apart > CLOCK + took { FindingLevel::Warning } else { FindingLevel::Fine };
    finding(
        "clock",
        level,
        format!("Redis' clock is {} ms from ours", apart.as_millis()),
        "Synchronise the clocks of the machines (NTP).",
    )
}

/// Entries of the slow log that are ours: (microseconds) of scripts whose first key has our prefix.
fn slow_scripts(log: &Value) -> Vec<u64> {
    let Value::Array(entries) = log else { return Vec::new() };
    let ours = |entry: &Value| -> Option<u64> {
        let Value::Array(fields) = entry else { return None };
        let (Value::Int(micros), Value::Array(args)) = (fields.get(2)?, fields.get(3)?) else { return None };
        let Value::BulkString(key) = args.get(3)? else { return None };
        key.starts_with(PREFIX.as_bytes()).then(|| u64::try_from(*micros).unwrap_or(0))
    };
    entries.iter().filter_map(ours).filter(|micros| Duration::from_micros(*micros) > SLOW).collect()
}

fn slowlog(log: &Value) -> Finding {
    let slow = slow_scripts(log);
    let (level, message) = match slow.iter().max() {
        None => (FindingLevel::Fine, "no script of ours took more than 5 ms".to_owned()),
        Some(worst) => {
            (FindingLevel::Warning, format!("{} scripts took more than 5 ms, the longest {} ms", slow.len(), worst / 1000))
        }
    };
    finding(
        "slowlog",
        level,
        message,
        "Look for other users of this Redis, a slow disk or a machine without a free core; then `SLOWLOG RESET`.",
    )
}

/// What was found at several servers: what is bad at one of them with its address, what is fine once.
fn together(of_servers: Vec<(String, Vec<Finding>)>) -> Vec<Finding> {
    let servers = of_servers.len();
    let mut names: Vec<&'static str> = Vec::new();
    let all: Vec<(String, Finding)> =
        of_servers.into_iter().flat_map(|(at, found)| found.into_iter().map(move |one| (at.clone(), one))).collect();
    all.iter().for_each(|(_, one)| {
        if !names.contains(&one.name) {
            names.push(one.name);
        }
    });
    let of = |name: &str| all.iter().filter(move |(_, one)| one.name == name).cloned().collect::<Vec<_>>();
    let mut out = Vec::new();
    for name in names {
        let (fine, bad): (Vec<_>, Vec<_>) = of(name).into_iter().partition(|(_, one)| one.level == FindingLevel::Fine);
        if let (true, Some((_, one))) = (bad.is_empty(), fine.into_iter().next()) {
            out.push(Finding { message: format!("{servers} primaries: {}", one.message), ..one });
        }
        out.extend(bad.into_iter().map(|(at, one)| Finding { message: format!("{at}: {}", one.message), ..one }));
    }
    out
}

impl RedisStore {
    pub(super) async fn do_check(&self) -> Answer<Vec<Finding>> {
        let infos = self.link.everywhere(&redis::cmd("INFO")).await?;
        // Managed services often forbid CONFIG and SLOWLOG; what they would say is then unknown, not wrong.
        let settings = ["appendfsync", "min-replicas-to-write", "min-replicas-max-lag", "cluster-require-full-coverage"];
        let configs = self.link.everywhere(redis::cmd("CONFIG").arg("GET").arg(&settings)).await?;
        let (asked, begun) = (SystemTime::now(), Instant::now());
        let times = self.link.everywhere(&redis::cmd("TIME")).await?;
        let took = begun.elapsed();
        let logs = self.link.everywhere(redis::cmd("SLOWLOG").arg("GET").arg(128)).await?;
        let many = self.link.is_found();
        let mut of_servers = Vec::new();
        for (i, (at, info)) in infos.into_iter().enumerate() {
            let info = match info.and_then(read::<String>) {
                Ok(text) => read_info(&text),
                // Where there is only one, nothing can be said at all.
                Err(error) if configs.len() == 1 => return Err(error),
                Err(error) => {
                    let away = finding("server", FindingLevel::Error, error.to_string(), "Look after this server.");
                    of_servers.push((at, vec![away]));
                    continue;
                }
            };
            let answer = |answers: &[(String, Answer<Value>)]| answers.get(i).and_then(|(_, answer)| answer.clone().ok());
            let config: Facts = answer(&configs).and_then(|config| read(config).ok()).unwrap_or_default();
            let mut found =
                vec![version(&info), eviction(&info), persistence(&info, &config), fsync(&info), snapshot(&info), memory(&info)];
            found.extend(replicas(&info, &config, many));
            found.extend(cluster(&info, &config, many));
            found.extend(answer(&times).and_then(|time| read(time).ok()).map(|time| clock(time, asked, took)));
            found.extend(answer(&logs).map(|log| slowlog(&log)));
            of_servers.push((at, found));
        }
        let mut findings = match of_servers.len() {
            1 => of_servers.remove(0).1,
            _ => together(of_servers),
        };
        findings.push(self.write_latency().await?);
        let meta = self.do_meta().await?;
        let message = format!("layout {}, key of the contact hash {}", PREFIX.trim_end_matches(':'), meta.fingerprint);
        findings.push(finding("layout", FindingLevel::Fine, message, ""));
        Ok(findings)
    }

    /// Refuses a user who may not do everything that a script does, at every server: a script would stop in the middle.
    pub(super) async fn check_rights(&self) -> Answer<()> {
        for shard in self.link.shards_apart().await? {
            let names = ["s", "s2", "l", "u", "u2", "h", "z", "x"].map(|kind| keys::shard(&format!("probe-{kind}"), shard));
            let refused = self.link.call(&self.link.script(Script::Rights, &names)).await?.list()?;
            if !refused.is_empty() {
                let commands: Vec<_> = refused.iter().map(|name| String::from_utf8_lossy(name)).collect();
                let why = format!("the user of Redis may not run {} on keys `{PREFIX}*`", commands.join(", "));
                return Err(StoreError::Layout(format!("{why}: docs/operating.md has the rights that it needs")));
            }
        }
        Ok(())
    }

    /// The median time of one small write: with `appendfsync always` it holds an fsync.
    async fn write_latency(&self) -> Answer<Finding> {
        let mut times = Vec::with_capacity(PROBES);
        for _ in 0..PROBES {
            let begun = Instant::now();
            let probe = format!("{PREFIX}probe");
            let _: () = self.link.query(redis::cmd("SET").arg(probe).arg(1).arg("PX").arg(1000)).await?;
            times.push(begun.elapsed());
        }
        times.sort();
        let median = times[PROBES / 2];
        let level = if median > Duration::from_millis(10) { FindingLevel::Warning } else { FindingLevel::Fine };
        let message = format!("a write takes {:.2} ms there and back", median.as_secs_f64() * 1000.0);
        Ok(finding("latency", level, message, "Bring Redis nearer, or give it a faster disk."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(pairs: &[(&str, &str)]) -> Facts {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn every_finding_has_a_bad_and_a_good_side() {
        for (text, level) in [("6.2.7", FindingLevel::Error), ("7.0.0", FindingLevel::Fine), ("10.1.0", FindingLevel::Fine)] {
            assert_eq!(version(&facts(&[("redis_version", text)])).level, level, "{text}");
        }
        assert_eq!(eviction(&facts(&[("maxmemory_policy", "allkeys-lru")])).level, FindingLevel::Error);
        assert_eq!(eviction(&facts(&[("maxmemory_policy", "noeviction")])).level, FindingLevel::Fine);
        let persistence = |aof, fsync| persistence(&facts(&[("aof_enabled", aof)]), &facts(&[("appendfsync", fsync)])).level;
        assert_eq!(persistence("0", "everysec"), FindingLevel::Error);
        assert_eq!(persistence("1", "everysec"), FindingLevel::Fine);
        assert_eq!(persistence("1", "no"), FindingLevel::Warning);
        assert_eq!(fsync(&facts(&[("aof_last_write_status", "err")])).level, FindingLevel::Error);
        assert_eq!(fsync(&facts(&[("aof_delayed_fsync", "3")])).level, FindingLevel::Warning);
        assert_eq!(snapshot(&facts(&[("rdb_last_bgsave_status", "err")])).level, FindingLevel::Error);
        assert_eq!(snapshot(&facts(&[("aof_last_bgrewrite_status", "err")])).level, FindingLevel::Warning);
        assert_eq!(snapshot(&facts(&[("rdb_last_bgsave_status", "ok")])).level, FindingLevel::Fine);
        let memory =
            |used, own| memory(&facts(&[("used_memory", used), ("maxmemory", own), ("total_system_memory", "1000")])).level;
        assert_eq!(memory("800", "0"), FindingLevel::Fine);
        assert_eq!(memory("801", "0"), FindingLevel::Warning, "of the machine");
        assert_eq!(memory("401", "500"), FindingLevel::Warning, "of its own limit");
        assert!(replicas(&facts(&[("connected_slaves", "0")]), &facts(&[]), false).is_none());
        let alone = replicas(&facts(&[("connected_slaves", "0")]), &facts(&[]), true);
        assert_eq!(alone.map(|f| f.level), Some(FindingLevel::Warning));
        let replicated = facts(&[("connected_slaves", "1")]);
        let guard = facts(&[("min-replicas-to-write", "1"), ("min-replicas-max-lag", "10")]);
        assert_eq!(
            replicas(&replicated, &facts(&[("min-replicas-to-write", "0")]), false).map(|f| f.level),
            Some(FindingLevel::Warning)
        );
        assert_eq!(replicas(&replicated, &guard, true).map(|f| f.level), Some(FindingLevel::Fine));
        let of_cluster = |coverage, many| {
            cluster(&facts(&[("cluster_enabled", "1")]), &facts(&[("cluster-require-full-coverage", coverage)]), many)
                .map(|f| f.level)
        };
        assert_eq!(of_cluster("no", false), Some(FindingLevel::Error));
        assert_eq!(of_cluster("yes", true), Some(FindingLevel::Warning));
        assert_eq!(of_cluster("no", true), Some(FindingLevel::Fine));
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        assert_eq!(clock((1000, 0), now, Duration::ZERO).level, FindingLevel::Fine);
        assert_eq!(clock((1002, 0), now, Duration::ZERO).level, FindingLevel::Warning);
    }
    #[test]
    fn what_is_bad_is_said_of_its_server_and_what_is_fine_once() {
        let one = |level, message: &str| finding("eviction", level, message.to_owned(), "mend it");
        let of = |at: &str, found| (at.to_owned(), vec![found]);
        let said = |servers| together(servers).into_iter().map(|f| f.message).collect::<Vec<_>>();
        let (fine, bad) = (one(FindingLevel::Fine, "good"), one(FindingLevel::Error, "not good"));
        assert_eq!(said(vec![of("a:1", fine.clone()), of("b:2", fine.clone())]), ["2 primaries: good"]);
        assert_eq!(said(vec![of("a:1", fine), of("b:2", bad)]), ["b:2: not good"]);
    }
}
