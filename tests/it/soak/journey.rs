//! What was done when, for whoever looks for the cause afterwards: the seed, the faults with their times, what services said of errors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Lines that are shown at most.
const SHOWN: usize = 400;

/// The log of one run.
pub struct Journey {
    begun: Instant,
    lines: Mutex<Vec<String>>,
    pauses: Mutex<Vec<Instant>>,
    taken: AtomicUsize,
}

impl Journey {
    /// Begins, and says how to make the same faults again.
    pub fn begin(name: &str, seed: u64) -> Self {
        let journey =
            Journey { begun: Instant::now(), lines: Mutex::default(), pauses: Mutex::default(), taken: AtomicUsize::new(0) };
        journey.note(format!(
            "{name}: REPLYFLOW_SOAK_SEED={seed} draws the same faults again; what they meet is up to the processes"
        ));
        journey
    }

    /// Something was done.
    pub fn note(&self, what: impl std::fmt::Display) {
        let line = format!("{:8.2} s  {what}", self.begun.elapsed().as_secs_f64());
        println!("{line}");
        self.lines.lock().expect("not poisoned").push(line);
    }

    /// What a service said that nobody expects of one that is well.
    pub fn heard(&self, log: &str) {
        for line in log.lines().filter(|line| line.contains("ERROR") || line.contains("panicked")).take(3) {
            self.note(format!("said: {line}"));
        }
        assert!(!log.contains("panicked at"), "a service panicked:\n{}", self.story());
    }

    /// A message was taken.
    pub fn taken(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were.
    pub fn messages(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// A process that stood still goes on now.
    pub fn woken(&self) {
        self.pauses.lock().expect("not poisoned").push(Instant::now());
    }

    /// Whether something stood still until at most so long before.
    pub fn was_woken(&self, within: Duration, at: Instant) -> bool {
        let pauses = self.pauses.lock().expect("not poisoned");
        pauses.iter().any(|woken| *woken <= at && at.duration_since(*woken) <= within)
    }

    /// The end of the log.
    pub fn story(&self) -> String {
        let lines = self.lines.lock().expect("not poisoned");
        let first = lines.first().cloned().unwrap_or_default();
        format!("{first}\n{}", lines[lines.len().saturating_sub(SHOWN)..].join("\n"))
    }
}
