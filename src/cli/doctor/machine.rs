//! What `doctor` says of the machine and of what is configured for it: open files, memory, room on disks, rates, and this release.

use crate::config::history::HistoryBackend;
use crate::config::store::Backend;
use crate::config::{Settings, channel::ProviderSettings};
use crate::domain::codec;
use crate::store::{Finding, FindingLevel};
use rustix::process::{Resource, getrlimit};
use std::path::{Path, PathBuf};

/// Files that are open beside connections: logs, databases, flows that are read.
const OTHER_FILES: u64 = 200;
/// What the service holds beside the bodies of requests.
const RESTING: u64 = 128 << 20;
/// Below this a disk is soon full; a full one refuses webhooks.
const LITTLE: u64 = 2 << 30;
const NOTHING: u64 = 256 << 20;
/// A usual answer of a provider, by which it is judged how many messages `send.in_flight` lets leave.
const ANSWER_MILLIS: u64 = 300;
/// Of those that stand for "no limit" in cgroup v1.
const UNLIMITED: u64 = 1 << 60;

pub(super) fn findings(settings: &Settings) -> Vec<Finding> {
    let mut found = vec![release(), files(settings, getrlimit(Resource::Nofile).current)];
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    found.push(memory(settings, cgroup_limit(&own, |path| std::fs::read_to_string(path).ok())));
    found.push(in_flight(settings));
    found.extend(rates(settings));
    found.extend(disks(settings));
    found
}

fn finding(name: &'static str, level: FindingLevel, message: String, remedy: &str) -> Finding {
    let remedy = if level == FindingLevel::Fine { "" } else { remedy };
    Finding { name, level, message, remedy: remedy.to_owned() }
}

fn release() -> Finding {
    let message = format!("replyflow {}, records are written in format {}", env!("CARGO_PKG_VERSION"), codec::FORMAT);
    finding("version", FindingLevel::Fine, message, "")
}

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// Open files at most; nothing: as many as one likes.
fn files(settings: &Settings, limit: Option<u64>) -> Finding {
    let pool = match &settings.history.backend {
        HistoryBackend::Postgres(postgres) => postgres.pool,
        HistoryBackend::Sqlite { .. } => 0,
    };
    let needed = number(settings.server.max_connections + settings.send.in_flight + pool) + OTHER_FILES;
    let (level, has) = match limit {
        Some(limit) if limit < needed => (FindingLevel::Warning, format!("{limit} files may be open here")),
        Some(limit) => (FindingLevel::Fine, format!("{limit} files may be open here")),
        None => (FindingLevel::Fine, "any number of files may be open here".to_owned()),
    };
    let message = format!("{has}; connections and requests at one time need up to {needed}");
    finding(
        "files",
        level,
        message,
        "Raise it where the service is started (LimitNOFILE, ulimit -n), or lower server.max_connections.",
    )
}

/// The memory that this process and those beside it in its container or unit may have together.
fn memory(settings: &Settings, limit: Option<u64>) -> Finding {
    let bodies = number(settings.server.max_body_memory);
    let needed = bodies.saturating_mul(2).saturating_add(RESTING);
    let Some(limit) = limit else {
        let message = format!("no container or unit limits the memory here; requests being read take up to {}", mib(bodies));
        return finding("memory", FindingLevel::Fine, message, "");
    };
    let level = if limit < needed { FindingLevel::Warning } else { FindingLevel::Fine };
    let message = format!(
        "{} may be used here; with server.max_body_memory = {} up to {} are needed",
        mib(limit),
        mib(bodies),
        mib(needed)
    );
    finding("memory", level, message, "Give it more, or lower server.max_body_memory: what takes more is killed.")
}

/// The lowest limit of memory on the way from our group to the root, by what `/proc/self/cgroup` says: `0::PATH` in cgroup v2,
/// `N:memory:PATH` in v1 (cgroups(7)).
fn cgroup_limit(own: &str, read: impl Fn(&str) -> Option<String>) -> Option<u64> {
    let groups = own.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        match controllers {
            "" => Some(("/sys/fs/cgroup", "memory.max", path)),
            list if list.split(',').any(|one| one == "memory") => Some(("/sys/fs/cgroup/memory", "memory.limit_in_bytes", path)),
            _ => None,
        }
    });
    let limits = groups.flat_map(|(root, file, path)| {
        let read = &read;
        let above = Path::new(path).ancestors().map(|path| path.to_string_lossy().trim_end_matches('/').to_owned());
        above.filter_map(move |path| read(&format!("{root}{path}/{file}"))?.trim().parse::<u64>().ok()).collect::<Vec<_>>()
    });
    limits.filter(|limit| *limit < UNLIMITED).min()
}

/// Real channels, with what they may send in a second.
fn channels(
    settings: &Settings,
) -> impl Iterator<Item = (&crate::config::channel::ChannelSettings, &crate::config::send::ChannelPolicy)> {
    let real = settings.channels.values().filter(|channel| !matches!(channel.provider, ProviderSettings::Simulator(_)));
    real.filter_map(|channel| Some((channel, settings.policies.get(&channel.name)?)))
}

fn in_flight(settings: &Settings) -> Finding {
    let wanted: u64 = channels(settings).map(|(_, policy)| u64::from(policy.per_second)).sum();
    let unbounded = channels(settings).any(|(_, policy)| policy.per_second == 0);
    let may = match (unbounded, wanted) {
        (false, n) => n.to_string(),
        (true, 0) => "any number".to_owned(),
        (true, n) => format!("{n}, and one without a rate any number"),
    };
    let leave = number(settings.send.in_flight).saturating_mul(1_000) / ANSWER_MILLIS;
    let level = if leave < wanted { FindingLevel::Warning } else { FindingLevel::Fine };
    let message = format!(
        "send.in_flight = {} lets about {leave} messages a second leave if a provider answers in {ANSWER_MILLIS} ms; the channels may send {may}",
        settings.send.in_flight
    );
    finding("in_flight", level, message, "Raise send.in_flight, or run more instances, if so many are to leave.")
}

fn rates(settings: &Settings) -> Vec<Finding> {
    let rates = settings.server.rates;
    let taken = format!(
        "requests a second that are taken: {} of webhooks, {} of flows' webhooks, {} of the API, {} with one key",
        rates.hooks, rates.flows, rates.api, rates.key
    );
    let mut found = vec![finding("rates", FindingLevel::Fine, taken, "")];
    for (channel, policy) in channels(settings) {
        let day = policy.per_day.map(|n| format!(", {n} in a day")).unwrap_or_default();
        let entry = channel.provider.entry();
        let rate = match policy.per_second {
            0 => "any number of messages a second".to_owned(),
            n => format!("up to {n} messages a second, {} at once", policy.burst),
        };
        let message = format!("{}: {rate}{day}; without a setting it is {} at {}", channel.name, entry.per_second, entry.title);
        found.push(finding("rates", FindingLevel::Fine, message, ""));
    }
    found
}

/// Room where this instance keeps files.
fn disks(settings: &Settings) -> Vec<Finding> {
    let mut folders: Vec<(&str, PathBuf)> = Vec::new();
    if let Backend::Embedded { folder } = &settings.store.backend {
        folders.push(("the store", folder.clone()));
    }
    if let HistoryBackend::Sqlite { file } = &settings.history.backend {
        folders.push(("the record", file.parent().unwrap_or(Path::new(".")).to_owned()));
    }
    if settings.media.bucket.is_none() {
        folders.push(("files of contacts", settings.store.media.clone()));
    }
    let mut found = Vec::new();
    for (what, folder) in folders {
        // What is not there yet is made by the service on the same disk as what is above it.
        let there = folder.ancestors().find(|path| path.exists()).filter(|path| !path.as_os_str().is_empty());
        let free = rustix::fs::statvfs(there.unwrap_or(Path::new("."))).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        found.push(match free {
            Ok(free) => disk(what, &folder, free),
            Err(error) => {
                let message = format!("the disk of {what} ({}) cannot be looked at: {error}", folder.display());
                finding("disk", FindingLevel::Warning, message, "Check whether the folder may be read.")
            }
        });
    }
    found
}

fn disk(what: &str, folder: &Path, free: u64) -> Finding {
    let level = match free {
        free if free < NOTHING => FindingLevel::Error,
        free if free < LITTLE => FindingLevel::Warning,
        _ => FindingLevel::Fine,
    };
    let message = format!("{} are free for {what} ({})", mib(free), folder.display());
    finding("disk", level, message, "Make room: with a full disk webhooks get 503 and nothing new is taken.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_limit_above_us_counts() {
        let files = |known: &'static [(&'static str, &'static str)]| {
            move |path: &str| known.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
        };
        let nested = files(&[
            ("/sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("/sys/fs/cgroup/a/memory.max", "1073741824\n"),
            ("/sys/fs/cgroup/memory.max", "2147483648\n"),
        ]);
        assert_eq!(cgroup_limit("0::/a/b\n", nested), Some(1 << 30));
        let root = files(&[("/sys/fs/cgroup/memory.max", "536870912\n")]);
        assert_eq!(cgroup_limit("0::/\n", root), Some(512 << 20), "as a container sees itself");
        let old = files(&[("/sys/fs/cgroup/memory/x/memory.limit_in_bytes", "268435456\n")]);
        assert_eq!(cgroup_limit("5:cpu,memory:/x\n4:pids:/x\n", old), Some(256 << 20));
        let none = files(&[("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")]);
        assert_eq!(cgroup_limit("5:memory:/\n", none), None, "what means none");
        assert_eq!(cgroup_limit("", |_| None), None);
    }

    #[test]
    fn a_disk_has_room_little_or_none() {
        let level = |free| disk("the store", Path::new("data"), free).level;
        let levels = [level(LITTLE), level(LITTLE - 1), level(NOTHING - 1)];
        assert_eq!(levels, [FindingLevel::Fine, FindingLevel::Warning, FindingLevel::Error]);
    }
}
