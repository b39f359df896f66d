//! What everything in one run shares: virtual time, chance, the tasks that were begun, the truth, and the first violation.

use super::dice::Dice;
use super::truth::Truth;
use futures_util::future::BoxFuture;
use replyflow::service::Core;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

/// The last lines of a run that are shown when it fails.
const TRACE: usize = 60;

/// How often things go wrong, in a thousand.
#[derive(Debug, Clone, Copy)]
pub struct Chaos {
    /// A task dies, at each of its steps.
    pub kill: u32,
    /// A task is paused for up to 30 s, at each of its steps.
    pub pause: u32,
    /// The store's answer is lost, at each call; half of the times before it did anything.
    pub lose: u32,
    /// A provider's request is cut, at each of its steps.
    pub cut: u32,
    /// A whole instance dies, at each step of the run.
    pub crash: u32,
    /// Somebody is deleted, and two become one, at each step of the run.
    pub leave: u32,
}

impl Chaos {
    /// What a run usually meets.
    pub const USUAL: Chaos = Chaos { kill: 15, pause: 20, lose: 60, cut: 15, crash: 2, leave: 2 };
    /// The same, and people leave all the time.
    pub const LEAVING: Chaos = Chaos { leave: 12, ..Chaos::USUAL };
}

/// One instance of the service.
#[derive(Clone)]
pub struct Instance {
    pub number: usize,
    pub core: Arc<Core>,
    pub alive: Arc<AtomicBool>,
}

/// A task that was begun.
pub struct Actor {
    pub number: u64,
    pub name: String,
    /// The instance that dies with it; none for the world outside.
    pub instance: Option<usize>,
    pub task: BoxFuture<'static, ()>,
    /// Paused until then.
    pub until: i64,
}

/// What everything shares.
pub struct Shared {
    pub clock: Arc<AtomicI64>,
    pub chaos: Chaos,
    /// Nothing goes wrong any more: the run only comes to its end.
    pub calm: AtomicBool,
    dice: Mutex<Dice>,
    newborn: Mutex<Vec<Actor>>,
    begun: AtomicU64,
    instances: Mutex<Vec<Instance>>,
    truth: Mutex<Truth>,
    violation: Mutex<Option<String>>,
    trace: Mutex<Trace>,
}

/// What happened: the end of it in words, all of it as a hash.
#[derive(Default)]
struct Trace {
    lines: VecDeque<String>,
    hash: u64,
    count: u64,
}

impl Shared {
    pub fn new(seed: u64, begin: i64, chaos: Chaos) -> Arc<Self> {
        Arc::new(Shared {
            clock: Arc::new(AtomicI64::new(begin)),
            chaos,
            calm: AtomicBool::new(false),
            dice: Mutex::new(Dice::new(seed)),
            newborn: Mutex::default(),
            begun: AtomicU64::new(1),
            instances: Mutex::default(),
            truth: Mutex::default(),
            violation: Mutex::default(),
            trace: Mutex::default(),
        })
    }

    pub fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    pub fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().expect("one thread")
    }

    pub fn truth(&self) -> MutexGuard<'_, Truth> {
        self.truth.lock().expect("one thread")
    }

    pub fn instances(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.instances.lock().expect("one thread")
    }

    /// Whether something goes wrong that does so many times in a thousand, while anything may.
    pub fn mishap(&self, per_mille: u32) -> bool {
        !self.is_calm() && self.dice().hits(per_mille)
    }

    /// The instance that a provider's request reaches.
    pub fn an_instance(&self) -> Instance {
        let instances = self.instances();
        let n = self.dice().below(instances.len());
        instances[n].clone()
    }

    /// Begins a task.
    pub fn begin(&self, name: impl Into<String>, instance: Option<usize>, task: BoxFuture<'static, ()>) {
        let number = self.begun.fetch_add(1, Ordering::SeqCst);
        self.truth().begins(number);
        let actor = Actor { number, name: name.into(), instance, task, until: 0 };
        self.newborn.lock().expect("one thread").push(actor);
    }

    /// The tasks that were begun since the last call.
    pub fn born(&self) -> Vec<Actor> {
        std::mem::take(&mut *self.newborn.lock().expect("one thread"))
    }

    /// An invariant is broken. The first one counts.
    pub fn violate(&self, what: impl Into<String>) {
        let what = what.into();
        self.note(|| format!("VIOLATION {what}"));
        self.violation.lock().expect("one thread").get_or_insert(what);
    }

    pub fn violation(&self) -> Option<String> {
        self.violation.lock().expect("one thread").clone()
    }

    /// Something happened.
    pub fn note(&self, line: impl FnOnce() -> String) {
        let line = format!("{:>9} {}", self.now() % 1_000_000_000, line());
        let mut trace = self.trace.lock().expect("one thread");
        trace.hash = xxhash_rust::xxh3::xxh3_64_with_seed(line.as_bytes(), trace.hash);
        trace.count += 1;
        trace.lines.push_back(line);
        if trace.lines.len() > TRACE {
            trace.lines.pop_front();
        }
    }

    /// The end of what happened.
    pub fn story(&self) -> String {
        self.trace.lock().expect("one thread").lines.iter().fold(String::new(), |all, line| all + line.as_str() + "\n")
    }

    /// A hash of all that happened: equal runs have equal ones.
    pub fn fingerprint(&self) -> (u64, u64) {
        let trace = self.trace.lock().expect("one thread");
        (trace.count, trace.hash)
    }
}

thread_local! {
    /// When the task that is polled now can go on, as far as what it waits for says so.
    pub static WAKE: std::cell::Cell<i64> = const { std::cell::Cell::new(i64::MAX) };
}

thread_local! {
    static BROKEN: std::cell::Cell<Option<&'static str>> = const { std::cell::Cell::new(None) };
}

/// Says that a rule is broken, where nothing of the run can be reached.
pub fn broken(what: &'static str) {
    BROKEN.with(|broken| broken.set(Some(what)));
}

/// What was said to be broken since the last call.
pub fn what_broke() -> Option<&'static str> {
    BROKEN.with(std::cell::Cell::take)
}

/// Lets the run decide who goes on: pending once.
#[derive(Default)]
pub struct Gate(bool);

impl Future for Gate {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        WAKE.with(|wake| wake.set(0));
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Ends when virtual time has come so far.
pub struct Until {
    pub clock: Arc<AtomicI64>,
    pub at: i64,
}

impl Future for Until {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.load(Ordering::SeqCst) >= self.at {
            return Poll::Ready(());
        }
        WAKE.with(|wake| wake.set(wake.get().min(self.at)));
        // Always ready to be asked again: the run asks when it wants to, not when it is told to.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Shared {
    pub fn sleep(&self, millis: i64) -> Until {
        Until { clock: Arc::clone(&self.clock), at: self.now() + millis }
    }
}
