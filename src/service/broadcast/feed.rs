//! A broadcast handed over piece by piece. A piece that was begun and not ended is handed over again from its beginning: who has it already has it once.

use super::member::{self, Handed, NotSaid, What};
use super::pace::{self, CALLS, CHUNK, FULL, Pace, WORD};
use super::sorted::{Names, Sorted};
use super::{Halt, Work};
use crate::config::project::Hours;
use crate::domain::broadcast::Refusal;
use crate::domain::broadcast_plan::Content;
use crate::domain::broadcast_state::{BroadcastMove, BroadcastState};
use crate::domain::id::ContactKey;
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::Span;
use crate::history::Statement;
use crate::history::broadcasts::pieces::Piece;
use crate::history::broadcasts::{Broadcast, Counts, members, pieces};
use crate::service::settings::Channel;
use crate::store::{Answer, WorkSet};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use indexmap::IndexSet;
use std::collections::HashMap;
use std::time::Duration;

/// Contacts that are handed over at one time.
const SIDE_BY_SIDE: usize = 16;
/// How long a broadcast is left when a channel is held back that it may be sent over, or its flow is paused.
const HELD: Span = Span::seconds(5);
/// A mailbox that had no room is tried again so often; then its contact is passed over.
const TRIES: u32 = 8;

/// What is known of a broadcast while it is handed over.
pub(super) struct Feeding<'b> {
    broadcast: &'b Broadcast,
    /// What goes into mailboxes, by the arm.
    bodies: HashMap<Option<&'b Slug>, Bytes>,
    names: Names,
    /// To which it keeps; none if something of it is said at any time.
    pub(super) hours: Vec<Hours>,
    /// Over which it may leave.
    channels: IndexSet<ChannelName>,
    pace: Pace,
    told: Duration,
}

/// Somebody who gets it.
#[derive(Debug, Clone, Copy)]
struct Getting<'b> {
    contact: ContactKey,
    arm: Option<&'b Slug>,
    /// How often their mailbox had no room.
    tries: u32,
}

impl Work {
    /// Hands over what is due, until nothing is, or somebody stops it.
    pub(super) async fn feed(&self, broadcast: &Broadcast) -> Result<(), Halt> {
        let mut feeding = match self.feeding(broadcast).await {
            Ok(feeding) => feeding,
            Err(NotSaid::Missing(problem)) => return self.misses(broadcast, &problem).await,
            Err(NotSaid::Store(error)) => return Err(Halt::Trouble(error)),
        };
        loop {
            let Some(piece) = pieces::next(&self.record, self.id).await? else {
                self.moves(broadcast, BroadcastMove::Finish, None).await?;
                self.record.write(vec![pieces::forget(self.id)]).await?;
                return Ok(());
            };
            self.waits(&feeding)?;
            let now = self.core.store_now();
            if piece.due > now {
                return Err(Halt::Until(piece.due));
            }
            if broadcast.plan.morning.is_some() && now - piece.due > pace::LATE {
                let off = pieces::put_off(&self.record, self.id, now, pace::LATE).await?;
                tracing::info!(broadcast = %self.id, pieces = off, "their mornings are past; they get it in the next one");
                continue;
            }
            if let Some(opens) = self.opens(&feeding, &piece, now).await? {
                pieces::later(&self.record, self.id, piece.n, opens).await?;
                continue;
            }
            self.keeps(BroadcastState::Running).await?;
            pieces::begun(&self.record, self.id, piece.n, self.core.store_now()).await?;
            self.hand_over(&mut feeding, &piece).await?;
        }
    }

    async fn feeding<'b>(&self, broadcast: &'b Broadcast) -> Result<Feeding<'b>, NotSaid> {
        let body = |(arm, content)| (arm, member::body(member::action(content, self.id, arm, broadcast.plan.again)));
        let bodies = broadcast.plan.contents.all().map(body).collect();
        let channels = self.core.settled(&mut broadcast.plan.contents.clone()).await?;
        let now = self.core.clock.monotonic();
        let names = self.core.called(&broadcast.plan.contents);
        let hours = self.core.hours_of(&broadcast.plan.contents).await?;
        Ok(Feeding { broadcast, bodies, names, hours, channels, pace: Pace::new(broadcast.plan.rate, now), told: now })
    }

    async fn hand_over(&self, feeding: &mut Feeding<'_>, piece: &Piece) -> Result<(), Halt> {
        let sorted = self.sorted(feeding.broadcast, &feeding.names, piece);
        let Sorted { gets, mut skipped, had: mut fed, mut gone } = self.keeping(BroadcastState::Running, sorted).await??;
        let mut gets: Vec<Getting<'_>> = gets.into_iter().map(|(contact, arm)| Getting { contact, arm, tries: 0 }).collect();
        while !gets.is_empty() {
            self.tell(feeding).await?;
            self.waits(feeding)?;
            let n = self.room(feeding).await?.min(gets.len());
            let n = match if n == 0 { Err(FULL) } else { feeding.pace.take(n, self.core.clock.monotonic()) } {
                Ok(n) => n,
                Err(wait) => {
                    self.pause(wait.min(Duration::from_secs(1))).await?;
                    continue;
                }
            };
            let some = gets.split_off(gets.len() - n);
            let begun = self.core.clock.monotonic();
            let done = self.keeping(BroadcastState::Running, self.chunk(feeding, some)).await?;
            let ended = self.core.clock.monotonic();
            let gives_way = self.manners.pause(ended.saturating_sub(begun), ended, &self.core.pulse);
            let (mut later, mut full, before) = (Vec::new(), Vec::new(), (fed, gone));
            for (member, handed) in done {
                let mut skip = |why| skipped.push((member.contact, Refusal::Busy, Some(why)));
                match handed {
                    Handed::Stored => fed += 1,
                    Handed::Later => later.push(member),
                    Handed::NoRoom if member.tries + 1 >= TRIES => skip("its mailbox has no room"),
                    Handed::NoRoom => full.push(Getting { tries: member.tries + 1, ..member }),
                    Handed::Nobody => gone += 1,
                    Handed::Never => skip("it could not be stored"),
                }
            }
            let pause = match full.iter().map(|member| member.tries).max() {
                _ if !later.is_empty() => Some(Duration::from_millis(100)),
                // The others go first; when there are none, or none that have room, it is a matter of patience.
                Some(tries) if before == (fed, gone) => Some(Duration::from_millis(100 << tries.min(7))),
                _ => (!gives_way.is_zero()).then_some(gives_way),
            };
            gets.splice(0..0, full.into_iter().chain(later));
            if let Some(pause) = pause {
                self.pause(pause).await?;
            }
        }
        let now = self.core.store_now();
        let counts = Counts { fed, held: skipped.len(), gone };
        let rows: Vec<Statement> =
            skipped.iter().map(|(contact, reason, detail)| members::skipped(self.id, *contact, *reason, *detail, now)).collect();
        pieces::ended(&self.record, (self.id, piece.n), counts, now, rows).await?;
        Ok(())
    }

    /// Hands it over to these, some at one time.
    async fn chunk<'b>(&self, feeding: &Feeding<'b>, some: Vec<Getting<'b>>) -> Vec<(Getting<'b>, Handed)> {
        let mut work = Vec::with_capacity(some.len());
        for member in some {
            let body = feeding.bodies.get(&member.arm).cloned().unwrap_or_default();
            work.push(async move { (member, self.core.hand_over(self.id, member.contact, body).await) });
        }
        stream::iter(work).buffer_unordered(SIDE_BY_SIDE).collect().await
    }

    /// Says to the database now and then that this is still worked on, and hears whether it is still to be.
    async fn tell(&self, feeding: &mut Feeding<'_>) -> Result<(), Halt> {
        let now = self.core.clock.monotonic();
        if now.saturating_sub(feeding.told) >= crate::service::core::duration(WORD) {
            self.keeps(BroadcastState::Running).await?;
            feeding.told = now;
        }
        if self.stop.is_cancelled() { Err(Halt::Stopping) } else { Ok(()) }
    }

    /// Stops while a channel is held back that it may be sent over, or a flow is paused that it begins: the rest of the piece is handed over when that is
    /// over, at an hour that is right then.
    fn waits(&self, feeding: &Feeding<'_>) -> Result<(), Halt> {
        let catalog = self.core.versions.catalog();
        let begins_paused = |content: &Content| matches!(&content.what, What::Flow(flow) if catalog.is_paused(flow));
        if feeding.broadcast.plan.contents.all().any(|(_, content)| begins_paused(content)) {
            return Err(Halt::Until(self.core.store_now() + HELD));
        }
        let mut channels = feeding.channels.iter().filter_map(|name| self.core.channel(name));
        match channels.any(|channel| self.core.holds_bulk(channel)) {
            true => Err(Halt::Until(self.core.store_now() + HELD)),
            false => Ok(()),
        }
    }

    /// For how many contacts there is room now.
    async fn room(&self, feeding: &Feeding<'_>) -> Result<usize, Halt> {
        match self.rooms(feeding).await {
            Ok(rooms) => Ok(pace::room(&rooms).min(CHUNK)),
            Err(error) if error.is_temporary() => Ok(0),
            Err(error) => Err(Halt::Trouble(error.to_string())),
        }
    }

    /// What may wait over each of its channels, and what does. A channel that others stand in for now waits where they do.
    async fn rooms(&self, feeding: &Feeding<'_>) -> Answer<Vec<(u64, u64)>> {
        // A flow may ask another system before it says anything, and conversations ask the same way.
        let mut bounds = vec![(WorkSet::Call, CALLS)];
        for channel in feeding.channels.iter().filter_map(|name| self.core.channel(name)) {
            let left = self.core.left_for_broadcasts(channel).await?;
            let away = left == Some(0) || self.core.lines.is_open(&channel.name) || self.core.is_paused(&channel.name);
            let stand_ins: Vec<&Channel> =
                channel.policy.stand_ins.iter().filter(|_| away).filter_map(|name| self.core.channel(name)).collect();
            let taken_over = left == Some(0) && !stand_ins.is_empty();
            let most = left.filter(|_| !taken_over).map_or(u64::MAX, |left| left).min(pace::ahead(channel));
            bounds.push((WorkSet::Bulk(channel.name.clone()), most));
            for other in stand_ins {
                let left = self.core.left_for_broadcasts(other).await?.unwrap_or(u64::MAX);
                bounds.push((WorkSet::Bulk(other.name.clone()), pace::ahead(other).min(left)));
            }
        }
        let (sets, most): (Vec<WorkSet>, Vec<u64>) = bounds.into_iter().unzip();
        Ok(most.into_iter().zip(self.core.store.waiting(&sets).await?).collect())
    }

    async fn pause(&self, time: Duration) -> Result<(), Halt> {
        tokio::select! {
            () = self.stop.cancelled() => Err(Halt::Stopping),
            () = tokio::time::sleep(time) => Ok(()),
        }
    }
}
