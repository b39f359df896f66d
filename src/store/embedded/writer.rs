//! The one thread that writes. It takes all requests that are waiting, runs them, commits once and then answers all: while one batch is in
//! fsync the next one gathers. No timer is needed for that. A batch in which one fails, which is rare, is undone and run again with a savepoint
//! around each: SQLite copies every page that is changed within a savepoint, which costs as much as the change.

use super::file::{Place, failure};
use super::tables::Tables;
use crate::domain::time::Millis;
use crate::store::{Answer, Clock, StoreError, StoreSettings};
use rusqlite::Connection;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, oneshot};

/// Requests of one batch.
const BATCH: usize = 256;
/// Bytes of one batch.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Quiet for so long means idle: time for a checkpoint.
const IDLE: Duration = Duration::from_millis(200);
/// The longest sleep: a clock may have been set.
const SLEEP: Duration = Duration::from_secs(60);
/// How often old message ids are forgotten.
const PRUNE_EVERY: i64 = 60_000;

/// A request on its way through the writer.
pub trait Job: Send {
    /// Does it; false means that its writes must be undone. May be called again after everything was undone.
    fn run(&mut self, tables: &Tables<'_>) -> bool;
    /// About how many bytes it writes.
    fn bytes(&self) -> usize;
    /// Answers; with an error if the batch was not committed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A request with the type of its answer.
pub struct Request<T, F> {
    work: F,
    result: Answer<T>,
    reply: oneshot::Sender<Answer<T>>,
    bytes: usize,
}

impl<T, F: FnMut(&Tables<'_>) -> Answer<T>> Request<T, F> {
    /// A request and where its answer comes.
    pub fn new(bytes: usize, work: F) -> (Self, oneshot::Receiver<Answer<T>>) {
        let (reply, answer) = oneshot::channel();
        let result = Err(StoreError::Bug("a request was not run".to_owned()));
        (Request { work, result, reply, bytes }, answer)
    }
}

impl<T: Send, F: FnMut(&Tables<'_>) -> Answer<T> + Send> Job for Request<T, F> {
    fn run(&mut self, tables: &Tables<'_>) -> bool {
        let panicked = |_| Err(StoreError::Bug("a request to the store panicked".to_owned()));
        self.result = catch_unwind(AssertUnwindSafe(|| (self.work)(tables))).unwrap_or_else(panicked);
        self.result.is_ok()
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        // Nobody may be waiting any more; the write stands all the same.
        let _ = self.reply.send(committed.and(self.result));
    }
}

/// The time by this clock.
pub fn now(clock: &Clock) -> Millis {
    let real = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
    clock.pretended().unwrap_or_else(|| Millis(real()))
}

/// The writer's own state.
pub struct Writer {
    place: Arc<Place>,
    settings: StoreSettings,
    hints: Arc<Notify>,
    db: Option<Connection>,
    tickets: Cell<i64>,
    pruned: Millis,
    dirty: bool,
    compactions: Compactions,
}

/// Those who wait for the file to be written anew.
pub type Compactions = Arc<Mutex<Vec<oneshot::Sender<Answer<()>>>>>;

impl Writer {
    /// A writer on an open connection.
    pub fn new(place: Arc<Place>, settings: StoreSettings, hints: Arc<Notify>, db: Connection, compactions: Compactions) -> Self {
        // Tickets of an earlier process must not fit.
        let tickets = Cell::new(i64::from(rand::random::<u32>()) << 20 | 1);
        Writer { place, settings, hints, db: Some(db), tickets, pruned: Millis(0), dirty: true, compactions }
    }

    /// Works until the last sender is gone.
    pub fn run(mut self, jobs: &Receiver<Box<dyn Job>>) {
        let mut quiet_since = Instant::now();
        loop {
            let wait = self.until_next();
            match jobs.recv_timeout(if self.dirty { wait.min(IDLE) } else { wait }) {
                Ok(first) => {
                    let batch = gather(first, jobs);
                    self.batch(batch);
                    self.compact();
                    self.announce();
                    quiet_since = Instant::now();
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.announce();
                    if self.dirty && quiet_since.elapsed() >= IDLE {
                        self.checkpoint();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.checkpoint();
    }

    /// Runs and answers one batch.
    fn batch(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let committed = self.write(&mut batch);
        if committed.is_err() {
            // What a failed COMMIT left behind is unknown: never go on with the same handle.
            self.db = None;
        }
        self.dirty = true;
        for job in batch {
            job.answer(committed.clone());
        }
    }

    fn write(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let now = now(&self.settings.clock);
        let db = match self.db.take() {
            Some(db) => db,
            None => self.place.writer()?,
        };
        let db = self.db.insert(db);
        let tables = Tables { db, now, settings: &self.settings, tickets: &self.tickets };
        let run = |sql: &str| db.prepare_cached(sql).and_then(|mut s| s.execute([])).map_err(|e| failure(&e));
        // SQLite gives up the whole transaction by itself where it cannot write (disk full, I/O error): nothing of the batch stands.
        let standing = || match db.is_autocommit() {
            true => Err(StoreError::Unavailable("the store's file could not be written".to_owned())),
            false => Ok(()),
        };
        run("BEGIN IMMEDIATE")?;
        if !batch.iter_mut().all(|job| job.run(&tables)) {
            standing()?;
            run("ROLLBACK")?;
            run("BEGIN IMMEDIATE")?;
            for job in batch {
                run("SAVEPOINT job")?;
                if !job.run(&tables) {
                    standing()?;
                    run("ROLLBACK TO job")?;
                }
                run("RELEASE job")?;
            }
        }
        if now.0 - self.pruned.0 >= PRUNE_EVERY {
            tables.prune()?;
            tables.prune_requests()?;
            tables.prune_stubs()?;
            tables.prune_paced()?;
            self.pruned = now;
        }
        run("COMMIT").map(|_| ())
    }

    /// Says that something is due, if it is.
    fn announce(&self) {
        if self.earliest("<=").is_some() {
            self.hints.notify_one();
        }
    }

    /// The earliest time of a contact or a lane that is, or is not, due.
    fn earliest(&self, side: &str) -> Option<Millis> {
        let db = self.db.as_ref()?;
        let now = now(&self.settings.clock);
        let first =
            db.prepare_cached(&earliest_of(side)).and_then(|mut s| s.query_row([now.0], |row| row.get::<_, Option<i64>>(0)));
        first.ok().flatten().map(Millis)
    }

    /// Exactly until the next time that is not due yet. A pretended clock is moved from outside: then nothing is exact.
    fn until_next(&self) -> Duration {
        if self.settings.clock.pretended().is_some() {
            return SLEEP;
        }
        let wait = self.earliest(">").map_or(SLEEP, |next| {
            let millis = (next - now(&self.settings.clock)).0;
            Duration::from_millis(u64::try_from(millis).unwrap_or(0))
        });
        wait.min(SLEEP)
    }

    /// Writes the file anew for those who asked for it, with nothing of what was deleted. Nobody else writes meanwhile.
    fn compact(&mut self) {
        let asked = std::mem::take(&mut *self.compactions.lock().unwrap_or_else(PoisonError::into_inner));
        if asked.is_empty() {
            return;
        }
        let run = |db: &Connection| -> rusqlite::Result<()> {
            db.execute_batch("VACUUM")?;
            // The log still holds pages as they were before.
            db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        };
        let done = match &self.db {
            Some(db) => run(db).map_err(|e| failure(&e)),
            None => Err(StoreError::Unavailable("the store's file could not be written".to_owned())),
        };
        for waits in asked {
            // Nobody may be waiting any more.
            let _ = waits.send(done.clone());
        }
    }

    /// Moves the write-ahead log into the file while nobody waits. A failure is met again at the next write.
    fn checkpoint(&mut self) {
        self.dirty = false;
        if let Some(db) = &self.db {
            let _ = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }
}

/// The earliest time that is, or is not, due: of each work set that holds something its own, found at one end of its part of the index. Looking
/// at the times of all sets together would go through everything that waits, after every batch.
fn earliest_of(side: &str) -> String {
    format!(
        "WITH RECURSIVE sets (work) AS (SELECT min(work) FROM lane \
         UNION ALL SELECT (SELECT min(work) FROM lane WHERE work > sets.work) FROM sets WHERE sets.work IS NOT NULL) \
         SELECT min(t) FROM (SELECT min(attend) AS t FROM contact WHERE attend {side} ?1 \
         UNION ALL SELECT (SELECT min(due) FROM lane WHERE work = sets.work AND due {side} ?1) FROM sets WHERE work IS NOT NULL)"
    )
}

fn gather(first: Box<dyn Job>, jobs: &Receiver<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut bytes = first.bytes();
    let mut batch = vec![first];
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        let Ok(job) = jobs.try_recv() else { break };
        bytes += job.bytes();
        batch.push(job);
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn put(name: &'static str) -> impl Fn(&Tables<'_>) -> Answer<()> + Send {
        move |tables| tables.run("INSERT INTO cursor VALUES (?1, 1)", [name]).map(|_| ())
    }

    fn names(place: &Place) -> Vec<String> {
        let db = place.reader().expect("opens");
        super::super::tables::all(&db, "SELECT name FROM cursor ORDER BY name", [], |row| row.get(0)).expect("reads")
    }

    type Pending = oneshot::Receiver<Answer<()>>;

    fn ask(work: impl FnMut(&Tables<'_>) -> Answer<()> + Send + 'static) -> (Box<dyn Job>, Pending) {
        let (request, answer) = Request::new(1, work);
        (Box::new(request), answer)
    }

    fn writer(place: &Arc<Place>) -> Writer {
        let db = place.writer().expect("opens");
        Writer::new(Arc::clone(place), StoreSettings::default(), Arc::new(Notify::new()), db, Arc::default())
    }

    #[test]
    fn one_bad_request_does_not_spoil_its_batch() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Arc::new(Place::take(folder.path()).expect("free"));
        let failing = |tables: &Tables<'_>| put("undone")(tables).and_then(|()| Err(StoreError::Bug("no".to_owned())));
        let panicking = |tables: &Tables<'_>| -> Answer<()> {
            put("undone too")(tables)?;
            panic!("a request panics")
        };
        let requests = [ask(put("a")), ask(failing), ask(put("b")), ask(panicking), ask(put("c")), ask(put("a"))];
        let (batch, answers): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
        writer(&place).batch(batch);
        let good: Vec<bool> = answers.into_iter().map(|mut answer| answer.try_recv().expect("answered").is_ok()).collect();
        assert_eq!(good, [true, false, true, false, true, false], "the last one breaks a constraint");
        assert_eq!(names(&place), ["a", "b", "c"]);
    }

    #[test]
    fn a_batch_that_was_not_committed_is_answered_so_and_the_next_one_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Arc::new(Place::take(folder.path()).expect("free"));
        // As SQLite does by itself when the disk is full in the middle.
        let gives_up = |tables: &Tables<'_>| -> Answer<()> {
            tables.db.execute_batch("ROLLBACK").expect("rolls back");
            Err(StoreError::Full("the disk is full".to_owned()))
        };
        let (batch, answers): (Vec<_>, Vec<_>) = [ask(put("a")), ask(gives_up), ask(put("b"))].into_iter().unzip();
        let mut writer = writer(&place);
        writer.batch(batch);
        for mut answer in answers {
            assert!(matches!(answer.try_recv().expect("answered"), Err(StoreError::Unavailable(_))));
        }
        assert!(writer.db.is_none(), "the handle is not used again");
        let (job, mut answer) = ask(put("c"));
        writer.batch(vec![job]);
        assert_eq!(answer.try_recv().expect("answered"), Ok(()));
        assert_eq!(names(&place), ["c"]);
    }

    #[test]
    fn a_batch_takes_what_waits_up_to_its_limits() {
        let (sender, jobs) = channel::<Box<dyn Job>>();
        for _ in 0..BATCH + 10 {
            sender.send(ask(put("x")).0).expect("sends");
        }
        assert_eq!(gather(ask(put("x")).0, &jobs).len(), BATCH);
        assert_eq!(jobs.try_iter().count(), 11);
        for _ in 0..3 {
            let (request, _) = Request::new(BATCH_BYTES / 2, put("x"));
            sender.send(Box::new(request)).expect("sends");
        }
        assert_eq!(gather(ask(put("x")).0, &jobs).len(), 3, "one small and two large");
    }

    /// The earliest times on both sides of 5, with this many lanes in two sets, and the steps of SQLite's machine that finding them took.
    fn looked(lanes: i64) -> (Vec<Option<i64>>, i32) {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Place::take(folder.path()).and_then(|place| place.writer()).expect("opens");
        db.execute_batch("BEGIN").expect("begins");
        for n in 0..lanes {
            let set = if n % 2 == 0 { "bench:talk" } else { "call" };
            db.execute("INSERT INTO lane VALUES (?1, ?2, ?3, 0, 0)", (format!("{n}"), set, n + 3)).expect("written");
        }
        db.execute_batch("COMMIT").expect("commits");
        let mut steps = 0;
        let mut look = |side: &str| {
            let mut look = db.prepare(&earliest_of(side)).expect("is right");
            let found = look.query_row([5], |row| row.get(0)).expect("looks");
            steps += look.get_status(rusqlite::StatementStatus::VmStep);
            found
        };
        let found = vec![look("<="), look(">")];
        (found, steps)
    }

    #[test]
    fn the_earliest_time_is_found_at_the_same_cost_however_much_waits() {
        assert_eq!(looked(0).0, [None, None]);
        assert_eq!(looked(3).0, [Some(3), None]);
        let ((few, cost), (many, more)) = (looked(10), looked(10_000));
        assert_eq!((few, many), (vec![Some(3), Some(6)], vec![Some(3), Some(6)]));
        assert!(more <= cost + 10, "{cost} steps with ten lanes, {more} with ten thousand");
    }
}
