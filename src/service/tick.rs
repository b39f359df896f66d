//! Time: what falls due is found here. One look at everything, then as much is taken as there is room for; nothing is taken
//! that could not be begun at once, because what is taken and not begun has to wait for its lease to end.

use super::core::{Core, Patience, duration};
use super::settings::Channel;
use crate::domain::limits;
use crate::domain::time::Millis;
use crate::store::{Answer, Claimed, DueLanes, LaneKey, Look, Ready, StartAnswer, StoreError, Ticket, WorkSet};
use futures_util::stream::{self, StreamExt as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Shards that are asked at one time.
const SIDE_BY_SIDE: usize = 16;
/// Between two looks for permits at most, of conversations and of broadcasts.
const TALK_PAUSE: Duration = Duration::from_millis(20);
const BULK_PAUSE: Duration = Duration::from_millis(100);
/// What one shard gives at once.
const BATCH: usize = 64;

/// What one look did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticked {
    /// Contacts and lanes that were begun.
    pub begun: usize,
    /// When to look again, if nothing is announced before.
    pub next: Duration,
}

impl Core {
    /// One look. The error is the store's: look again after the tick.
    pub async fn tick(self: &Arc<Self>) -> Answer<Ticked> {
        let tick = self.jittered_tick();
        if self.takes_nothing() {
            return Ok(Ticked { begun: 0, next: tick });
        }
        self.follow_holds().await;
        let mut look = self.store.look(&self.work_sets()).await?;
        // What waits longest comes first, so that nobody starves when there is not room for all.
        look.ready.sort_by_key(|ready| match ready {
            Ready::Contacts { since, .. } | Ready::Work { since, .. } => *since,
        });
        self.note_now(look.now);
        self.note_lag(&look);
        let mut next = look.next.map_or(tick, |at| tick.min(duration(at - look.now)));
        // Broadcasts get what conversations leave.
        let gives_way = |ready: &Ready| matches!(ready, Ready::Work { set: WorkSet::Bulk(_), .. });
        let (bulk, first): (Vec<Ready>, Vec<Ready>) = look.ready.into_iter().partition(gives_way);
        let mut results = self.take_ready(first).await;
        results.extend(self.take_ready(bulk).await);
        let mut begun = 0;
        for result in results {
            match result {
                Ok(took) => {
                    begun += took.begun;
                    next = next.min(took.again);
                }
                Err(error) => tracing::warn!(%error, "could not take what is due"),
            }
        }
        Ok(Ticked { begun, next: next.max(Duration::from_millis(1)) })
    }

    fn note_lag(&self, look: &Look) {
        let waits = look.ready.iter().filter_map(|ready| match ready {
            Ready::Contacts { since, .. } => Some((look.now - *since).0),
            Ready::Work { .. } => None,
        });
        self.lag.store(waits.max().unwrap_or(0), Ordering::Relaxed);
    }

    /// Refuses what would only wait behind what waits already. Only for what its sender brings again. Timers that fire all at once leave
    /// some slots to whoever writes, and a contact that nobody can work on takes none: neither closes the door.
    pub(super) fn has_time(&self) -> Answer<()> {
        let waits = self.lag.load(Ordering::Relaxed);
        if waits <= limits::WAITS_FOR_ITS_TURN.0 || !self.contacts.is_full() {
            return Ok(());
        }
        Err(StoreError::Unavailable(format!("contacts have waited {waits} ms for their turn")))
    }

    async fn take_ready(self: &Arc<Self>, ready: Vec<Ready>) -> Vec<Answer<Took>> {
        let work = ready.into_iter().map(|ready| async move {
            match ready {
                Ready::Contacts { shard, .. } => self.due_contacts(shard).await,
                Ready::Work { shard, set, .. } => self.due_work(shard, &set).await,
            }
        });
        stream::iter(work).buffer_unordered(SIDE_BY_SIDE).collect().await
    }

    fn jittered_tick(&self) -> Duration {
        let tick = self.settings.tick.0.max(1);
        let jitter = tick * (i64::from(self.random.bits() % 401) - 200) / 1_000;
        duration(crate::domain::time::Span(tick + jitter))
    }

    async fn due_contacts(self: &Arc<Self>, shard: u8) -> Answer<Took> {
        let mut slots = self.due.take_up_to(BATCH);
        if slots.is_empty() {
            return Ok(Took::NOTHING);
        }
        let due = self.store.due_contacts(shard, slots.len()).await?;
        let full = due.contacts.len() == slots.len();
        let begun = due.contacts.len();
        for contact in due.contacts {
            let (core, slot) = (Arc::clone(self), slots.pop());
            self.spawn("due contact", async move {
                let who = core.who();
                match core.patiently(Patience::Short, || core.store.claim(contact, who)).await {
                    Ok(Claimed::Claimed(claim)) => {
                        core.note_now(claim.now);
                        core.turns(contact, claim, Some(who)).await;
                    }
                    Ok(Claimed::Free | Claimed::Gone) => {}
                    Err(error) => tracing::warn!(%contact, %error, "could not claim a contact; its lease will end"),
                }
                drop(slot);
            });
        }
        Ok(Took { begun, again: again(full, due.next, due.now) })
    }

    async fn due_work(self: &Arc<Self>, shard: u8, set: &WorkSet) -> Answer<Took> {
        let channel = self.channel_of(set);
        if matches!(set, WorkSet::Bulk(_)) && channel.is_some_and(|channel| self.keeps_bulk(channel)) {
            return Ok(Took::NOTHING);
        }
        if channel.is_some_and(|channel| self.leaves_to_others(channel)) {
            return Ok(Took::NOTHING);
        }
        let mut slots = self.slots_of(set).take_up_to(BATCH);
        // Permits for lanes that are not there would be missing elsewhere: of a slow channel only a few are taken at once.
        let few = channel.map_or(u32::MAX, |channel| channel.permit_batch().saturating_mul(4));
        let want = u32::try_from(slots.len()).unwrap_or(0).min(few);
        if want == 0 {
            return Ok(Took::NOTHING);
        }
        // What is not wanted is somebody else's while permits are asked for.
        slots.truncate(want as usize);
        let (granted, wait) = match channel {
            Some(channel) => {
                let of = (&channel.name, Self::traffic_of(set));
                self.permits.take(&*self.store, of, channel.rate(), want, &*self.clock).await?
            }
            None => (want, None),
        };
        if granted == 0 {
            let again = wait.map_or(Duration::MAX, |wait| wait.max(pause_of(set, channel)));
            return Ok(Took { begun: 0, again });
        }
        let taken_at = self.clock.monotonic();
        let due = match self.store.due_work(shard, set, granted as usize).await {
            Ok(due) => due,
            Err(error) => {
                self.unused(set, granted);
                return Err(error);
            }
        };
        let DueLanes { now, lanes, ticket, next } = due;
        let begun = lanes.len();
        self.unused(set, granted.saturating_sub(u32::try_from(begun).unwrap_or(granted)));
        for lane in lanes {
            let (core, slot, set) = (Arc::clone(self), slots.pop(), set.clone());
            self.spawn("due lane", async move {
                core.start_due(lane, set, ticket, taken_at).await;
                drop(slot);
            });
        }
        let again = match wait {
            // There may be more, but permits for it there are none.
            Some(wait) if begun == granted as usize => wait.max(pause_of(set, channel)),
            _ => again(begun == granted as usize, next, now),
        };
        Ok(Took { begun, again })
    }

    async fn start_due(self: &Arc<Self>, lane: LaneKey, set: WorkSet, ticket: Ticket, taken_at: Duration) {
        let who = self.who();
        let answer = self.patiently(Patience::Short, || self.store.start(lane, &set, who, Some(ticket))).await;
        match answer {
            Ok(StartAnswer::Ok { now, started }) => {
                self.note_now(now);
                self.dispatch(started, taken_at).await;
            }
            Ok(StartAnswer::Taken | StartAnswer::Gone) => {
                self.unused(&set, 1);
            }
            Err(error) => tracing::warn!(contact = %lane.contact, %error, "could not start a lane; its lease will end"),
        }
    }
}

struct Took {
    begun: usize,
    again: Duration,
}

impl Took {
    const NOTHING: Took = Took { begun: 0, again: Duration::MAX };
}

/// How long a look waits for permits at least, as it looks at everything: who sends for hours asks a few times a second, for several at
/// once; a conversation waits so long at most for a permit that is there. Within half of what its channel may save up, so nothing is lost.
fn pause_of(set: &WorkSet, channel: Option<&Channel>) -> Duration {
    let Some(rate) = channel.and_then(Channel::rate) else { return Duration::ZERO };
    let (rate, most) = match set {
        WorkSet::Bulk(_) => (rate.left_to_bulk(), BULK_PAUSE),
        _ => (rate, TALK_PAUSE),
    };
    Duration::from_millis((f64::from(rate.burst) / 2.0 * rate.step_millis()) as u64).min(most)
}

/// At once if there may be more, else when the next one falls due.
fn again(full: bool, next: Option<Millis>, now: Millis) -> Duration {
    if full {
        return Duration::ZERO;
    }
    next.map_or(Duration::MAX, |at| duration(at - now))
}
