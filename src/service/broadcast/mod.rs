//! Broadcasts at work. Each belongs to one instance at a time, by a row in the database that lapses when nothing is heard of its owner: any instance may take
//! it up then, and does again what was under way; mailboxes know what they have. The parts:
//!
//! | part | what it does | file |
//! |---|---|---|
//! | `work` | looks for what is to be done, and does it until the service stops | here |
//! | resolving | finds out who gets it | `resolve` |
//! | feeding | hands it over, piece by piece and no faster than it leaves | `feed`, `sorted`, `member`, `pace` |
//! | hours | when what keeps to hours may be handed over | `opening` |
//! | giving way | how much it takes beside conversations | `manners` |
//! | giving up | what this instance misses; what was cancelled | `missing`, `cancelled` |
//! | foreseeing | what would become of it, asked of the engine itself | `foresee` |
//! | schedules | begin the next broadcast | `schedules` |

pub mod cancelled;
mod feed;
pub mod foresee;
pub(super) mod manners;
mod member;
mod missing;
mod opening;
mod pace;
mod resolve;
mod schedules;
mod sorted;

pub use member::{Handed, NotSaid};
pub use resolve::{Unreadable, whence};
pub use schedules::id_of;

use super::core::Core;
use crate::domain::broadcast::BroadcastId;
use crate::domain::broadcast_state::{BroadcastMove, BroadcastState};
use crate::domain::time::{Millis, Span};
use crate::history::broadcasts::{self, Broadcast, moves};
use crate::history::{Database, HistoryError};
use manners::Manners;
use missing::Missing;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Broadcasts that one instance works on at one time.
const SIDE_BY_SIDE: usize = 64;
/// What is to be done later than this is left to whoever looks then.
const WAITS: Span = Span::seconds(60);

/// Why the work on a broadcast ends for now.
#[derive(Debug)]
enum Halt {
    /// Nothing is to be done, or not by this instance.
    Nothing,
    /// Nothing is to be done before this moment.
    Until(Millis),
    /// The service stops.
    Stopping,
    /// The database or the store does not answer.
    Trouble(String),
}

impl From<HistoryError> for Halt {
    fn from(error: HistoryError) -> Self {
        Halt::Trouble(error.to_string())
    }
}

/// What the work on one broadcast needs.
struct Work {
    core: Arc<Core>,
    record: Database,
    /// This instance in this life.
    owner: String,
    id: BroadcastId,
    missing: Arc<Missing>,
    manners: Arc<Manners>,
    stop: CancellationToken,
}

/// What an instance works on.
#[derive(Default)]
struct AtWork {
    tasks: JoinSet<BroadcastId>,
    ids: HashSet<BroadcastId>,
    missing: Arc<Missing>,
    manners: Arc<Manners>,
}

/// Works on broadcasts until the service stops. What is under way then is taken up again by whoever comes.
pub async fn work(core: Arc<Core>, record: Database, stop: CancellationToken) {
    let (owner, mut at_work, mut failed) = (core.fresh_id(), AtWork::default(), false);
    let mut shift = stop.child_token();
    while !stop.is_cancelled() {
        match core.is_draining() {
            true => shift.cancel(),
            false if shift.is_cancelled() => shift = stop.child_token(),
            false => {}
        }
        while let Some(done) = at_work.tasks.try_join_next() {
            match done {
                Ok(id) => drop(at_work.ids.remove(&id)),
                // It is a bug, and its lease will end.
                Err(_) => at_work.ids.clear(),
            }
        }
        let looked = match shift.is_cancelled() {
            // What rests here of one that is cancelled meanwhile must not leave when the instance works again.
            true => core.cancelled.follow(&record).await,
            false => {
                let begun = schedules::begin_due(&record, &core.world().project.timezone, core.store_now()).await;
                begun.and(look(&core, &record, &owner, &mut at_work, &shift).await)
            }
        };
        core.draining.broadcasts.store(at_work.ids.len(), Ordering::Relaxed);
        match looked {
            Ok(()) => failed = false,
            // Once: history's own loop says it too.
            Err(error) if !failed => {
                tracing::warn!(%error, "broadcasts are not looked at");
                failed = true;
            }
            Err(_) => {}
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    while at_work.tasks.join_next().await.is_some() {}
}

async fn look(
    core: &Arc<Core>,
    record: &Database,
    owner: &str,
    at_work: &mut AtWork,
    stop: &CancellationToken,
) -> Result<(), HistoryError> {
    core.cancelled.follow(record).await?;
    let (now, monotonic) = (core.store_now(), core.clock.monotonic());
    let room = SIDE_BY_SIDE.saturating_sub(at_work.ids.len());
    // Those that are at work here are not asked for again, however long they do not say a word.
    for id in moves::waiting(record, now, SIDE_BY_SIDE + room).await? {
        if at_work.ids.len() >= SIDE_BY_SIDE {
            break;
        }
        if at_work.ids.contains(&id) || at_work.missing.is_left(id, monotonic) {
            continue;
        }
        // Counted before it is ours: an instance that is told meanwhile to take nothing new is not empty, or takes none.
        core.draining.broadcasts.store(at_work.ids.len() + 1, Ordering::Relaxed);
        if core.is_draining() {
            break;
        }
        if !moves::own(record, id, owner, now).await? {
            continue;
        }
        let (core, record, owner, stop) = (Arc::clone(core), record.clone(), owner.to_owned(), stop.clone());
        let (missing, manners) = (Arc::clone(&at_work.missing), Arc::clone(&at_work.manners));
        at_work.ids.insert(id);
        at_work.tasks.spawn(async move {
            Work { core, record, owner, id, missing, manners, stop }.done().await;
            id
        });
    }
    Ok(())
}

impl Work {
    /// Does what there is to do.
    async fn done(self) {
        let halt = loop {
            match self.step().await {
                Ok(()) => {}
                Err(halt) => break halt,
            }
        };
        let left = match halt {
            Halt::Nothing | Halt::Stopping => moves::leave(&self.record, self.id, &self.owner).await,
            Halt::Until(at) => {
                let until = at.min(self.core.store_now() + WAITS);
                moves::leave_until(&self.record, self.id, &self.owner, until).await
            }
            // The lease is the pause before it is tried again.
            Halt::Trouble(error) => {
                tracing::warn!(broadcast = %self.id, error, "a broadcast does not get on; it is tried again");
                Ok(())
            }
        };
        if let Err(error) = left {
            tracing::debug!(broadcast = %self.id, %error, "a broadcast could not be left; its lease will end");
        }
    }

    async fn step(&self) -> Result<(), Halt> {
        if self.stop.is_cancelled() {
            return Err(Halt::Stopping);
        }
        let Some(broadcast) = broadcasts::find(&self.record, self.id).await? else { return Err(Halt::Nothing) };
        match broadcast.state {
            BroadcastState::Scheduled => {
                let now = self.core.store_now();
                if broadcast.starts_at > now {
                    return Err(Halt::Until(broadcast.starts_at));
                }
                self.begin(broadcast).await
            }
            BroadcastState::Resolving => self.resolve(&broadcast).await,
            BroadcastState::Running => self.feed(&broadcast).await,
            BroadcastState::Paused | BroadcastState::Done | BroadcastState::Cancelled | BroadcastState::Failed => {
                Err(Halt::Nothing)
            }
        }
    }

    /// Its time has come: from here on it says what it says now.
    async fn begin(&self, mut broadcast: Broadcast) -> Result<(), Halt> {
        match self.core.settled(&mut broadcast.plan.contents).await {
            Ok(_) => {
                moves::planned(&self.record, &broadcast).await?;
                self.moves(&broadcast, BroadcastMove::Begin, None).await
            }
            Err(NotSaid::Missing(problem)) => self.misses(&broadcast, &problem).await,
            Err(NotSaid::Store(error)) => Err(Halt::Trouble(error)),
        }
    }

    /// Something of it is not here. Another instance may have it, or this one will have it in a moment; else it cannot be done.
    async fn misses(&self, broadcast: &Broadcast, problem: &str) -> Result<(), Halt> {
        if self.missing.too_long(self.id, self.core.clock.monotonic()) {
            return self.fails(broadcast, problem).await;
        }
        tracing::warn!(broadcast = %self.id, problem, "a broadcast waits for what this instance does not have");
        if let Err(error) = self.core.follow_publications().await {
            tracing::debug!(%error, "publications could not be followed");
        }
        Err(Halt::Nothing)
    }

    /// Moves it on, unless somebody else did.
    async fn moves(&self, broadcast: &Broadcast, what: BroadcastMove, problem: Option<&str>) -> Result<(), Halt> {
        let from = broadcast.state;
        let Some(to) = from.after(what) else { return Err(Halt::Nothing) };
        let now = self.core.store_now();
        if moves::step(&self.record, self.id, (from, to), now, problem).await? {
            tracing::info!(broadcast = %self.id, name = broadcast.name, state = %to, problem, "a broadcast goes on");
        }
        Ok(())
    }

    /// It cannot be done.
    async fn fails(&self, broadcast: &Broadcast, problem: &str) -> Result<(), Halt> {
        tracing::error!(broadcast = %self.id, problem, "a broadcast cannot be done");
        super::metrics::alert("broadcast_failed");
        self.moves(broadcast, BroadcastMove::Fail, Some(problem)).await
    }

    /// Whether it is still to be worked on here, and stays so for a while.
    async fn keeps(&self, state: BroadcastState) -> Result<(), Halt> {
        if self.stop.is_cancelled() {
            return Err(Halt::Stopping);
        }
        match moves::keep(&self.record, self.id, &self.owner, self.core.store_now()).await? {
            Some(now) if now == state => Ok(()),
            Some(_) | None => Err(Halt::Nothing),
        }
    }

    /// Does something that may take long, and says meanwhile that this is still worked on. What is under way is not broken off.
    async fn keeping<T>(&self, state: BroadcastState, work: impl Future<Output = T>) -> Result<T, Halt> {
        let (mut work, mut kept) = (std::pin::pin!(work), Ok(()));
        loop {
            tokio::select! {
                biased;
                done = &mut work => return kept.map(|()| done),
                () = tokio::time::sleep(super::core::duration(pace::WORD)), if kept.is_ok() => kept = self.keeps(state).await,
            }
        }
    }
}
