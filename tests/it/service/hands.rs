//! Time, tasks and chance in the test's hands.

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use replyflow::domain::time::Millis;
use replyflow::service::ports::{Clock, Random, Spawn};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// When it begins.
pub const BEGIN: i64 = 1_767_225_600_000;

/// Time, moved by hand. The pause before a repeated call ends at once and takes its time.
pub struct HandClock(pub Arc<AtomicI64>);

impl Clock for HandClock {
    fn monotonic(&self) -> Duration {
        Duration::from_millis((self.0.load(Ordering::SeqCst) - BEGIN).unsigned_abs())
    }

    fn wall(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.0.fetch_add(time.as_millis() as i64, Ordering::SeqCst);
        Box::pin(async {})
    }
}

/// Tasks wait here until the test runs them.
#[derive(Default)]
pub struct Tasks(Mutex<Vec<BoxFuture<'static, ()>>>);

impl Spawn for Tasks {
    fn spawn(&self, _what: &'static str, task: BoxFuture<'static, ()>) {
        self.0.lock().expect("not poisoned").push(task);
    }
}

impl Tasks {
    /// Runs everything, and what comes of it, to its end.
    pub async fn run(&self) {
        let mut running = FuturesUnordered::new();
        loop {
            running.extend(self.0.lock().expect("not poisoned").drain(..));
            if running.next().await.is_none() && self.0.lock().expect("not poisoned").is_empty() {
                return;
            }
        }
    }

    /// Runs only the tasks that wait now; what they spawn waits.
    pub async fn run_only_the_first(&self) {
        let now: Vec<_> = self.0.lock().expect("not poisoned").drain(..).collect();
        futures_util::future::join_all(now).await;
    }

    /// Takes the tasks out of the test's way: their process stands still.
    pub fn hold(&self) -> Vec<BoxFuture<'static, ()>> {
        self.0.lock().expect("not poisoned").drain(..).collect()
    }

    /// Lets them go on.
    pub fn put_back(&self, tasks: Vec<BoxFuture<'static, ()>>) {
        self.0.lock().expect("not poisoned").extend(tasks);
    }

    /// Forgets what has not run: the process died.
    pub fn die(&self) -> usize {
        self.0.lock().expect("not poisoned").drain(..).count()
    }
}

/// Chance that is no chance.
pub struct Counting(pub AtomicU32);

impl Random for Counting {
    fn bits(&self) -> u32 {
        self.0.fetch_add(0x9e37_79b1, Ordering::SeqCst)
    }
}
