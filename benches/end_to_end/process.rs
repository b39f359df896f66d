//! The service as a process of its own, and what processes cost, as `/proc` says it.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ticks a second of `/proc/PID/stat`: 100 on every Linux that we know.
const TICKS: f64 = 100.0;

/// CPU time of a process so far, all its threads together.
pub fn cpu(pid: u32) -> Duration {
    ticks(&std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process that runs"))
}

/// CPU time so far of those threads of a process that have this name.
pub fn cpu_of_threads(pid: u32, name: &str) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process that runs");
    // A thread may end meanwhile.
    let stats = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
    stats.filter(|stat| stat.contains(&format!("({name})"))).map(|stat| ticks(&stat)).sum()
}

fn ticks(stat: &str) -> Duration {
    // The name may hold blanks and brackets; it ends at the last one.
    let rest: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |place: usize| rest[place].parse::<f64>().expect("ticks");
    Duration::from_secs_f64((ticks(11) + ticks(12)) / TICKS)
}

/// Resident memory in MiB: now, and the most that it ever was.
pub fn memory(pid: u32) -> (f64, f64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process that runs");
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of status");
        line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).expect("kB")
    };
    (kib("VmRSS") / 1024.0, kib("VmHWM") / 1024.0)
}

/// CPU and time between two moments.
pub struct Meter {
    pid: u32,
    cpu: Duration,
    begun: Instant,
}

impl Meter {
    /// Begins to measure.
    pub fn start(pid: u32) -> Self {
        Meter { pid, cpu: cpu(pid), begun: Instant::now() }
    }

    /// What so many operations cost since then.
    pub fn per(&self, operations: u64) -> Cost {
        let spent = cpu(self.pid).saturating_sub(self.cpu);
        let n = operations.max(1) as f64;
        Cost { rate: n / self.begun.elapsed().as_secs_f64(), micros: spent.as_secs_f64() * 1e6 / n }
    }
}

/// What one kind of operation costs.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Operations a second.
    pub rate: f64,
    /// CPU of one in microseconds.
    pub micros: f64,
}

/// Starts the service in this folder with these settings, one flow and one secret by its name; its log is the file `log`.
pub fn serve(folder: &Path, settings: &str, flow: &str, secret: (&str, &str)) -> Child {
    std::fs::write(folder.join("replyflow.toml"), settings).expect("settings");
    std::fs::create_dir_all(folder.join("flows")).expect("a folder for flows");
    std::fs::write(folder.join("flows/bench.yaml"), flow).expect("a flow");
    let log = File::create(folder.join("log")).expect("a log");
    Command::new(env!("CARGO_BIN_EXE_replyflow"))
        .args(["serve", "--config"])
        .arg(folder.join("replyflow.toml"))
        .current_dir(folder)
        .env(secret.0, secret.1)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("the log twice"))
        .stderr(log)
        .spawn()
        .expect("the service starts")
}
