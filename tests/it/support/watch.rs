//! A test that hangs ends the run and is named, instead of holding everything up until somebody looks. Whatever tests start others with begins the
//! watch; a test that starts nothing has nothing to wait for.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

/// What one test may take: several times as long as the longest one does on a slow machine.
const LIMIT: Duration = Duration::from_secs(25 * 60);
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// Whoever asks for a long run gets it.
const LONG_RUNS: [&str; 3] = ["REPLYFLOW_SOAK_SECONDS", "REPLYFLOW_SEEDS", "BROADCAST_PEOPLE"];

/// The tests that run, and since when.
static RUNNING: Mutex<BTreeMap<String, Instant>> = Mutex::new(BTreeMap::new());

thread_local! {
    static TEST: Test = Test::begun();
}

/// One that runs on this thread: the thread ends with it.
struct Test(Option<String>);

impl Test {
    fn begun() -> Self {
        let name = std::thread::current().name().filter(|name| name.contains("::")).map(str::to_owned);
        if let Some(name) = &name {
            running().insert(name.clone(), Instant::now());
        }
        Test(name)
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        if let Some(name) = &self.0 {
            running().remove(name);
        }
    }
}

fn running() -> MutexGuard<'static, BTreeMap<String, Instant>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on the test of this thread is watched, if the thread is named after one.
pub fn begin() {
    static WATCH: Once = Once::new();
    let _ = TEST.try_with(|_| ());
    WATCH.call_once(|| {
        if LONG_RUNS.iter().all(|name| std::env::var_os(name).is_none()) {
            std::thread::spawn(watch);
        }
    });
}

fn watch() {
    loop {
        std::thread::sleep(PAUSE);
        let now: Vec<(String, Duration)> = running().iter().map(|(name, begun)| (name.clone(), begun.elapsed())).collect();
        if now.iter().any(|(_, time)| *time > LIMIT) {
            // Not through a macro: what those print belongs to the test that began the watch.
            let mut out = std::io::stderr();
            let _ = writeln!(out, "\na test hangs; what runs:");
            for (name, time) in now {
                let _ = writeln!(out, "  {name}, for {} s", time.as_secs());
            }
            // Servers would outlive us and hold on to our output.
            let _ = Command::new("pkill").args(["-KILL", "-P", &std::process::id().to_string()]).status();
            std::process::exit(101);
        }
    }
}
