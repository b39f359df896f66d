//! The service in production: the machine's clock, tokio's tasks, and the loops around the steps of `Core`. Thin on purpose:
//! whatever decides something is in the steps, where the simulation can drive it.

use super::core::Core;
use super::history::{Fed, HistorySink};
use super::metrics;
use super::ports::{Clock, Random, Spawn};
use super::sinks::{LOOK, Sink, Stepped};
use crate::domain::time::Millis;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// History is fed so often when there is little to copy, and less and less often when there is nothing.
const FEED: Duration = Duration::from_secs(1);
const FEED_IDLE: Duration = Duration::from_secs(8);
/// While much is to be deleted.
const FEED_BUSY: Duration = Duration::from_millis(50);
/// Depths are looked at so often: for metrics, and so that a journal over its limit is noticed.
const DEPTHS: Duration = Duration::from_secs(10);

/// What a stop waits for an analytics service at most.
const LAST: Duration = Duration::from_secs(2);

/// The machine's clock.
#[derive(Debug)]
pub struct MachineClock(Instant);

impl Default for MachineClock {
    fn default() -> Self {
        MachineClock(Instant::now())
    }
}

impl Clock for MachineClock {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// The machine's chance.
#[derive(Debug, Default, Clone, Copy)]
pub struct MachineRandom;

impl Random for MachineRandom {
    fn bits(&self) -> u32 {
        rand::random()
    }
}

/// Tasks on tokio's threads, counted so that a stop can wait for them.
#[derive(Debug, Clone)]
pub struct TokioTasks {
    handle: Handle,
    tracker: TaskTracker,
    panics: Arc<AtomicU64>,
}

impl TokioTasks {
    /// Tasks on this runtime.
    pub fn new(handle: Handle) -> Self {
        TokioTasks { handle, tracker: TaskTracker::new(), panics: Arc::default() }
    }

    /// Tasks that panicked. Their leases end and their work is taken up again.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// How many run now.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }
}

impl Spawn for TokioTasks {
    fn spawn(&self, what: &'static str, task: BoxFuture<'static, ()>) {
        let panics = Arc::clone(&self.panics);
        let watched = async move {
            let caught = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(task)).await;
            if caught.is_err() {
                panics.fetch_add(1, Ordering::Relaxed);
                tracing::error!(what, "a task panicked; its lease will end");
                metrics::alert("panic");
            }
        };
        self.tracker.spawn_on(watched, &self.handle);
    }
}

/// A running service.
pub struct Running {
    core: Arc<Core>,
    tasks: TokioTasks,
    loops: TaskTracker,
    end: CancellationToken,
}

/// What a stop left behind. It is taken up again by whoever finds it, when its lease has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Tasks that did not end in time.
    pub left: usize,
}

impl Running {
    /// Starts the loops. `tasks` is what `core` spawns on.
    pub fn start(core: Arc<Core>, tasks: TokioTasks, history: Option<Arc<dyn HistorySink>>) -> Self {
        Self::start_with(core, tasks, history, Vec::new())
    }

    /// The same with analytics services that are told.
    pub fn start_with(core: Arc<Core>, tasks: TokioTasks, history: Option<Arc<dyn HistorySink>>, sinks: Vec<Arc<Sink>>) -> Self {
        let (end, loops, copied) = (CancellationToken::new(), TaskTracker::new(), CancellationToken::new());
        let spawn = |task: BoxFuture<'static, ()>| loops.spawn_on(task, &tasks.handle);
        spawn(Box::pin(tick_loop(Arc::clone(&core), end.clone())));
        spawn(Box::pin(depth_loop(Arc::clone(&core), end.clone())));
        for sink in sinks {
            spawn(Box::pin(sink_loop(Arc::clone(&core), sink, end.clone(), copied.clone())));
        }
        match history {
            Some(history) => {
                let (core, end) = (Arc::clone(&core), end.clone());
                spawn(Box::pin(async move {
                    history_loop(core, history, end).await;
                    copied.cancel();
                }));
            }
            None => copied.cancel(),
        }
        Running { core, tasks, loops, end }
    }

    /// The service.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Stops: nothing new is taken, what is in the air may end until `deadline`, the rest is left to its leases. To be
    /// called when no more webhooks come in.
    pub async fn stop(self, deadline: Duration) -> Stopped {
        self.core.stop();
        self.end.cancel();
        self.loops.close();
        self.tasks.tracker.close();
        let quiet = async {
            self.loops.wait().await;
            self.tasks.tracker.wait().await;
        };
        let left = match tokio::time::timeout(deadline, quiet).await {
            Ok(()) => 0,
            Err(_) => self.tasks.running(),
        };
        tracing::info!(left, "the service has stopped");
        Stopped { left }
    }
}

async fn tick_loop(core: Arc<Core>, end: CancellationToken) {
    let (hints, room) = (core.store().hints(), core.room());
    let tick = super::core::duration(core.tick_span());
    loop {
        let next = match core.tick().await {
            Ok(ticked) => ticked.next,
            Err(error) => {
                tracing::warn!(%error, "the store was not looked at");
                tick
            }
        };
        let (contacts, sends) = core.busy();
        metrics::busy(contacts, sends);
        tokio::select! {
            () = end.cancelled() => return,
            () = tokio::time::sleep(next) => {}
            () = hints.notified() => {}
            () = room.notified() => {}
        }
    }
}

async fn history_loop(core: Arc<Core>, history: Arc<dyn HistorySink>, end: CancellationToken) {
    let mut pause = FEED;
    take_over(&*history, &end).await;
    loop {
        let fed = core.feed_history(&*history).await;
        if end.is_cancelled() {
            return;
        }
        let more_to_delete = history.tidy(core.clock.wall()).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "what is too old in history was not deleted");
            false
        });
        pause = match fed {
            Fed { more: true, failed: 0, .. } => Duration::ZERO,
            Fed { copied: 0, .. } => (pause * 2).clamp(FEED, FEED_IDLE),
            Fed { .. } => FEED,
        };
        if more_to_delete {
            pause = pause.min(FEED_BUSY);
        }
        tokio::select! {
            // Once more at the end: what was committed while stopping is copied too.
            () = end.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// What an older release left is taken in before the first new entry: a sink reads on in the order in which things happened.
async fn take_over(history: &dyn HistorySink, end: &CancellationToken) {
    let (began, mut parts) = (Instant::now(), 0u64);
    while !end.is_cancelled() {
        match history.prepare().await {
            Ok(true) => {
                parts += 1;
                if parts == 1 {
                    tracing::info!(
                        "what an older release kept in history is taken over; new entries wait in the store meanwhile"
                    );
                }
            }
            Ok(false) => break,
            Err(error) => {
                tracing::warn!(%error, "what an older release kept in history is not taken over yet");
                tokio::select! {
                    () = end.cancelled() => {}
                    () = tokio::time::sleep(FEED_IDLE) => {}
                }
            }
        }
    }
    if parts > 0 {
        tracing::info!(parts, seconds = began.elapsed().as_secs(), "what an older release kept in history was taken over");
    }
}

/// Tells one analytics service until the end, and then what was copied to history while stopping, if the service takes it at once.
async fn sink_loop(core: Arc<Core>, sink: Arc<Sink>, end: CancellationToken, copied: CancellationToken) {
    let work = async {
        loop {
            match sink.step(&core).await {
                Stepped::Busy => tokio::task::yield_now().await,
                Stepped::Idle => tokio::time::sleep(LOOK).await,
                Stepped::Wait(pause) => tokio::time::sleep(pause).await,
            }
        }
    };
    tokio::select! {
        () = end.cancelled() => {}
        () = work => {}
    }
    let rest = async {
        copied.cancelled().await;
        while sink.step(&core).await == Stepped::Busy {}
    };
    if tokio::time::timeout(LAST, rest).await.is_err() {
        tracing::info!(sink = sink.name(), "what was not told is told after the next start");
    }
}

async fn depth_loop(core: Arc<Core>, end: CancellationToken) {
    loop {
        match core.store().depths().await {
            Ok(depths) => core.note_depths(&depths),
            Err(error) => tracing::warn!(%error, "depths were not looked at"),
        }
        if let Err(error) = core.learn_sets().await {
            tracing::debug!(%error, "the work sets were not looked at");
        }
        tokio::select! {
            () = end.cancelled() => return,
            () = tokio::time::sleep(DEPTHS) => {}
        }
    }
}
