//! Broadcasts at work. Each belongs to one instance at a time, by a row in the database that lapses when nothing is heard of its owner: any instance may take
//! it up then, and does again what was under way; mailboxes know what they have. The parts:
//!
//! | part | what it does | file |
//! |---|---|---|
//! | `work` | looks for what is to be done, and does it until the service stops | here |
//! | resolving | finds out who gets it | `resolve` |
//! | feeding | hands it over, piece by piece and no faster than it leaves | `feed`, `member`, `pace` |
//! | foreseeing | what would become of it, asked of the engine itself | `foresee` |
//! | schedules | begin the next broadcast | `schedules` |

mod feed;
pub mod foresee;
mod member;
mod pace;
mod resolve;
mod schedules;

pub use member::NotSaid;
pub use resolve::{Unreadable, whence};
pub use schedules::id_of;

use super::core::Core;
use crate::domain::broadcast::BroadcastId;
use crate::domain::broadcast_state::{BroadcastMove, BroadcastState};
use crate::domain::time::{Millis, Span};
use crate::history::broadcasts::{self, Broadcast, moves};
use crate::history::{Database, HistoryError};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Broadcasts that one instance works on at one time.
const SIDE_BY_SIDE: usize = 8;
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
    stop: CancellationToken,
}

/// Works on broadcasts until the service stops. What is under way then is taken up again by whoever comes.
pub async fn work(core: Arc<Core>, record: Database, stop: CancellationToken) {
    let (owner, mut tasks, mut failed) = (core.fresh_id(), JoinSet::new(), false);
    while !stop.is_cancelled() {
        while tasks.try_join_next().is_some() {}
        match look(&core, &record, &owner, &mut tasks, &stop).await {
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
    while tasks.join_next().await.is_some() {}
}

async fn look(
    core: &Arc<Core>,
    record: &Database,
    owner: &str,
    tasks: &mut JoinSet<()>,
    stop: &CancellationToken,
) -> Result<(), HistoryError> {
    let now = core.store_now();
    schedules::begin_due(record, &core.world().project.timezone, now).await?;
    let room = SIDE_BY_SIDE.saturating_sub(tasks.len());
    if room == 0 {
        return Ok(());
    }
    for id in moves::waiting(record, now, room).await? {
        if moves::own(record, id, owner, now).await? {
            let (core, record, owner, stop) = (Arc::clone(core), record.clone(), owner.to_owned(), stop.clone());
            tasks.spawn(async move { Work { core, record, owner, id, stop }.done().await });
        }
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
            Err(NotSaid::Missing(problem)) => self.fails(&broadcast, &problem).await,
            Err(NotSaid::Store(error)) => Err(Halt::Trouble(error)),
        }
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
}
