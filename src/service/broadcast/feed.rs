//! A broadcast handed over piece by piece. A piece that was begun and not ended is handed over again from its beginning: who has it already has it once.

use super::member::{self, Handed, NotSaid};
use super::pace::{self, CHUNK, FULL, Pace, WORD};
use super::{Halt, Work};
use crate::domain::broadcast::{BroadcastId, Reentry, Refusal};
use crate::domain::broadcast_plan::{Lot, Plan, What};
use crate::domain::broadcast_state::{BroadcastMove, BroadcastState};
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::name::Slug;
use crate::domain::time::{Millis, Span};
use crate::history::broadcasts::pieces::Piece;
use crate::history::broadcasts::{Broadcast, Counts, members, pieces};
use crate::history::{Database, HistoryError, Statement};
use crate::store::WorkSet;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Contacts that are handed over at one time.
const SIDE_BY_SIDE: usize = 16;
/// A mailbox that had no room is tried again so often, each time after a longer pause; then its contact is passed over.
const TRIES: u32 = 8;
/// What was begun longer ago than this may be forgotten by mailboxes: the record is asked who has it.
const REMEMBERED: Span = Span::days(1);

/// What is known of a broadcast while it is handed over.
struct Feeding<'b> {
    broadcast: &'b Broadcast,
    /// What goes into mailboxes, by the arm.
    bodies: HashMap<Option<&'b Slug>, Bytes>,
    /// What may wait over each channel.
    channels: Vec<(WorkSet, u64)>,
    pace: Pace,
    told: Duration,
}

/// Who of a piece gets it, and who does not.
struct Sorted<'b> {
    gets: Vec<(ContactKey, Option<&'b Slug>)>,
    skipped: Vec<(ContactKey, Refusal, Option<&'static str>)>,
    /// Who has it already.
    had: usize,
    /// Who is not there any more.
    gone: usize,
}

impl Work {
    /// Hands over what is due, until nothing is, or somebody stops it.
    pub(super) async fn feed(&self, broadcast: &Broadcast) -> Result<(), Halt> {
        let mut feeding = match self.feeding(broadcast).await {
            Ok(feeding) => feeding,
            Err(NotSaid::Missing(problem)) => return self.fails(broadcast, &problem).await,
            Err(NotSaid::Store(error)) => return Err(Halt::Trouble(error)),
        };
        loop {
            let Some(piece) = pieces::next(&self.record, self.id).await? else {
                self.moves(broadcast, BroadcastMove::Finish, None).await?;
                self.record.write(vec![pieces::forget(self.id)]).await?;
                return Ok(());
            };
            if piece.due > self.core.store_now() {
                return Err(Halt::Until(piece.due));
            }
            self.keeps(BroadcastState::Running).await?;
            pieces::begun(&self.record, self.id, piece.n, self.core.store_now()).await?;
            self.hand_over(&mut feeding, &piece).await?;
        }
    }

    async fn feeding<'b>(&self, broadcast: &'b Broadcast) -> Result<Feeding<'b>, NotSaid> {
        let body = |(arm, content)| (arm, member::body(member::action(content, self.id, arm, broadcast.plan.again)));
        let bodies = broadcast.plan.contents.all().map(body).collect();
        let known = self.core.settled(&mut broadcast.plan.contents.clone()).await?;
        let bound = |name| self.core.channel(name).map(|channel| (WorkSet::Bulk(name.clone()), pace::ahead(channel)));
        let now = self.core.clock.monotonic();
        let channels = known.iter().filter_map(bound).collect();
        Ok(Feeding { broadcast, bodies, channels, pace: Pace::new(broadcast.plan.rate, now), told: now })
    }

    async fn hand_over(&self, feeding: &mut Feeding<'_>, piece: &Piece) -> Result<(), Halt> {
        let mut sorted = self.sorted(feeding.broadcast, piece).await?;
        let (mut gets, mut fed, mut tries) = (std::mem::take(&mut sorted.gets), sorted.had, 0);
        while !gets.is_empty() {
            self.tell(feeding).await?;
            let n = self.room(feeding).await?.min(gets.len());
            let n = match if n == 0 { Err(FULL) } else { feeding.pace.take(n, self.core.clock.monotonic()) } {
                Ok(n) => n,
                Err(wait) => {
                    self.pause(wait.min(Duration::from_secs(1))).await?;
                    continue;
                }
            };
            let some = gets.split_off(gets.len() - n);
            let mut work = Vec::with_capacity(n);
            for (contact, arm) in some {
                let body = feeding.bodies.get(&arm).cloned().unwrap_or_default();
                work.push(async move { ((contact, arm), self.core.hand_over(self.id, contact, body).await) });
            }
            let done: Vec<_> = stream::iter(work).buffer_unordered(SIDE_BY_SIDE).collect().await;
            let (mut later, mut full) = (Vec::new(), Vec::new());
            for (member, handed) in done {
                match handed {
                    Handed::Stored => fed += 1,
                    Handed::Later => later.push(member),
                    Handed::NoRoom => full.push(member),
                    Handed::Nobody => sorted.gone += 1,
                    Handed::Never => sorted.skipped.push((member.0, Refusal::Busy, Some("it could not be stored"))),
                }
            }
            let away = !later.is_empty();
            // The others go first; with those that have no room alone, it is a matter of patience.
            let alone = gets.is_empty() && !away;
            gets.splice(0..0, later.into_iter().chain(full));
            tries = if alone { tries + 1 } else { 0 };
            if alone && tries >= TRIES {
                let full = gets.drain(..).map(|(contact, _)| (contact, Refusal::Busy, Some("its mailbox has no room")));
                sorted.skipped.extend(full);
            } else if away || (alone && !gets.is_empty()) {
                self.pause(Duration::from_millis(100 << tries.min(7))).await?;
            }
        }
        let now = self.core.store_now();
        let skipped = &sorted.skipped;
        let counts = Counts { fed, held: skipped.len(), gone: sorted.gone };
        let rows: Vec<Statement> =
            skipped.iter().map(|(contact, reason, detail)| members::skipped(self.id, *contact, *reason, *detail, now)).collect();
        pieces::ended(&self.record, (self.id, piece.n), counts, now, rows).await?;
        Ok(())
    }

    /// Who of a piece gets it.
    async fn sorted<'b>(&self, broadcast: &'b Broadcast, piece: &Piece) -> Result<Sorted<'b>, Halt> {
        let plan = &broadcast.plan;
        let now = self.core.store_now();
        let old = piece.begun_at.is_some_and(|begun| now - begun > REMEMBERED);
        let had = if old { members::had(&self.record, self.id, &piece.contacts).await? } else { HashSet::new() };
        let there = self.there(broadcast.mode, &piece.contacts).await?;
        let been = been(&self.record, plan, &piece.contacts, now, Some(self.id)).await?;
        let mut sorted = Sorted { gets: Vec::with_capacity(piece.contacts.len()), skipped: Vec::new(), had: had.len(), gone: 0 };
        for contact in piece.contacts.iter().filter(|contact| !had.contains(contact)) {
            if !there.contains(contact) {
                sorted.gone += 1;
                continue;
            }
            match plan.lot(self.id, *contact) {
                Lot::Holdout => sorted.skipped.push((*contact, Refusal::Holdout, None)),
                Lot::Gets { content, .. } if been.get(&content.what).is_some_and(|been| been.contains(contact)) => {
                    sorted.skipped.push((*contact, Refusal::BeenBefore, None));
                }
                Lot::Gets { arm, .. } => sorted.gets.push((*contact, arm)),
            }
        }
        Ok(sorted)
    }

    /// Which of these are there: a contact that was deleted is not brought back by a broadcast. Whom the record does not know yet, the store may.
    async fn there(&self, mode: Mode, contacts: &[ContactKey]) -> Result<HashSet<ContactKey>, Halt> {
        let mut there = pieces::known(&self.record, mode, contacts).await?;
        for contact in contacts.iter().filter(|contact| !there.contains(contact)).copied().collect::<Vec<_>>() {
            match self.core.contact(contact).await {
                Ok(Some(found)) if found.record.mode() == mode => drop(there.insert(contact)),
                Ok(_) => {}
                Err(error) => return Err(Halt::Trouble(error.to_string())),
            }
        }
        Ok(there)
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

    /// For how many contacts there is room now.
    async fn room(&self, feeding: &Feeding<'_>) -> Result<usize, Halt> {
        if feeding.channels.is_empty() {
            return Ok(CHUNK);
        }
        let sets: Vec<WorkSet> = feeding.channels.iter().map(|(set, _)| set.clone()).collect();
        match self.core.store.waiting(&sets).await {
            Ok(waits) => {
                let bounds: Vec<(u64, u64)> = feeding.channels.iter().map(|(_, most)| *most).zip(waits).collect();
                Ok(pace::room(&bounds))
            }
            Err(error) if error.is_temporary() => Ok(0),
            Err(error) => Err(Halt::Trouble(error.to_string())),
        }
    }

    async fn pause(&self, time: Duration) -> Result<(), Halt> {
        tokio::select! {
            () = self.stop.cancelled() => Err(Halt::Stopping),
            () = tokio::time::sleep(time) => Ok(()),
        }
    }
}

/// Who had each of a plan's contents before, by another way than this broadcast.
pub(super) async fn been<'p>(
    record: &Database,
    plan: &'p Plan,
    contacts: &[ContactKey],
    now: Millis,
    but: Option<BroadcastId>,
) -> Result<HashMap<&'p What, HashSet<ContactKey>>, HistoryError> {
    let since = match plan.again {
        Reentry::Always => return Ok(HashMap::new()),
        Reentry::Never => Millis(0),
        Reentry::After(span) => now - span,
    };
    let mut all = HashMap::new();
    for (_, content) in plan.contents.all() {
        if !all.contains_key(&content.what) {
            all.insert(&content.what, members::been(record, &content.what, contacts, since, but).await?);
        }
    }
    Ok(all)
}
