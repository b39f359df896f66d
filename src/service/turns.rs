//! A claimed contact: turns, a commit, what it started, and again while there is more. The version check in the commit
//! decides; everything that this worker believes about the contact may be old.

use super::core::{Core, Patience, duration};
use super::fold::{Blocked, Folded, Folder, Held, given_up, read_record};
use super::marks;
use super::metrics;
use super::slots::Slot;
use crate::domain::codec;
use crate::domain::id::{ContactKey, EffectId, Token, Who};
use crate::domain::input::{Delivery, Input};
use crate::domain::journal;
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::time::{Millis, Span};
use crate::engine::Context;
use crate::engine::record::Record;
use crate::store::{
    Claim, Claimed, Commit, Committed, Entry, Lane, LaneKey, LanePush, NewEffect, StartAnswer, Started, StopMask, Traffic,
    Withdrawal, WorkSet,
};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;

/// A contact that this instance cannot process is left to another for so long.
const RELEASE: Span = Span::seconds(15);

/// Where a worker stands.
struct Work {
    held: Held,
    now: Millis,
    inputs: Vec<Entry>,
    tries: u8,
    who: Who,
}

/// Slots that are held for what a commit will start, each of its set.
#[derive(Default)]
struct Reserved(Vec<(WorkSet, Slot)>);

impl Reserved {
    fn put(&mut self, set: &WorkSet, slot: Slot) {
        self.0.push((set.clone(), slot));
    }

    fn take(&mut self, set: &WorkSet) -> Option<Slot> {
        let place = self.0.iter().rposition(|(of, _)| of == set)?;
        Some(self.0.swap_remove(place).1)
    }
}

impl Core {
    /// Works on a contact that is ours until nothing is left, or until others should have their turn. `claimed_by` is the
    /// `who` of the `claim` that gave it; nothing if an input brought it along.
    pub async fn turns(self: &Arc<Self>, contact: ContactKey, claim: Claim, claimed_by: Option<Who>) {
        let who = claimed_by.unwrap_or_else(|| self.who());
        let mut work = match Work::of(claim, who) {
            Ok(work) => work,
            Err((token, blocked)) => return self.give_up(contact, token, who, &blocked).await,
        };
        let mut alone = None;
        if (self.settings.solo_from..self.settings.set_aside_from).contains(&work.tries) {
            match self.begin_alone(contact, &work).await {
                Some((place, again)) => (alone, work) = (Some(place), again),
                None => return,
            }
        }
        for round in 1..=self.settings.commits_in_a_row.max(1) {
            let Some(folded) = self.fold(contact, &work).await else {
                return;
            };
            let keep = round < self.settings.commits_in_a_row && !self.takes_nothing();
            match self.commit(contact, &work, folded, keep).await {
                Some(next) => work = next,
                None => return,
            }
            drop(alone.take());
        }
    }

    /// Begins with a contact that was claimed again and again, once no other of its kind is worked on here. Claims come to nothing in many
    /// ways: the store answers too late, the machine is slow, the process dies of another contact. So they are counted up to a point only.
    /// What is counted above it was begun alone, and by whoever lives to tell it is taken back.
    async fn begin_alone(self: &Arc<Self>, contact: ContactKey, work: &Work) -> Option<(OwnedMutexGuard<()>, Work)> {
        // A lease that ended while it waited is somebody else's: who claims then takes the contact from whoever works on it. Half of it is left for
        // that; what is given up here is claimed again, and no death is counted.
        let place = match Arc::clone(&self.alone).try_lock_owned() {
            Ok(place) => place,
            Err(_) => tokio::select! {
                biased;
                place = Arc::clone(&self.alone).lock_owned() => place,
                () = self.clock.sleep(duration(self.settings.claim_lease) / 2) => return None,
            },
        };
        let who = self.who();
        match self.patiently(Patience::Short, || self.store.claim_alone(contact, who)).await {
            Ok(Claimed::Claimed(claim)) => {
                self.note_now(claim.now);
                match Work::of(claim, who) {
                    Ok(again) => Some((place, Work { tries: again.tries.min(work.tries), ..again })),
                    Err((token, blocked)) => {
                        self.give_up(contact, token, who, &blocked).await;
                        None
                    }
                }
            }
            Ok(Claimed::Free | Claimed::Gone) => None,
            Err(error) => {
                tracing::warn!(%contact, %error, "could not claim a contact; its lease will end");
                self.survived(contact, work.held.token, who);
                None
            }
        }
    }

    /// Whoever began alone is alive: what was counted is no death. In a task of its own, as the store does not answer now.
    fn survived(self: &Arc<Self>, contact: ContactKey, token: Token, who: Who) {
        let core = Arc::clone(self);
        self.spawn("survived", async move {
            let pause = core.settings.claim_lease;
            if let Err(error) = core.patiently(Patience::Long, || core.store.release(contact, token, who, pause)).await {
                tracing::warn!(%contact, %error, "a contact that was worked on alone could not be released");
            }
        });
    }

    /// Folds what there is, loading versions as they are met.
    async fn fold(&self, contact: ContactKey, work: &Work) -> Option<Folded> {
        let mut loaded = Vec::new();
        let barred = self.barred(&work.held.record).await;
        loop {
            let catalog = self.versions.catalog();
            let begun = self.clock.monotonic();
            let folder = Folder {
                engine: self.engine,
                context: Context { catalog: &catalog, project: &self.world.project, barred: &barred },
                settings: &self.settings,
                contact,
                now: work.now,
                tries: work.tries,
            };
            let blocked = match folder.fold(&work.held, &work.inputs) {
                Ok(folded) => {
                    metrics::took(metrics::TURN_SECONDS, self.clock.monotonic().saturating_sub(begun));
                    metrics::turns("panicked", folded.panicked);
                    metrics::turns("set_aside", folded.set_aside.len() as u64);
                    metrics::turns("ok", (folded.consumed.len() - folded.set_aside.len()) as u64);
                    return Some(folded);
                }
                Err(Blocked::Version(id)) if !loaded.contains(&id) => {
                    match self.versions.load(&*self.store, id, &self.world.project).await {
                        Ok(()) => {
                            loaded.push(id);
                            continue;
                        }
                        Err(error) => {
                            tracing::error!(%contact, version = %id, %error, "a version of a flow cannot be loaded");
                            metrics::alert("unknown_version");
                            Blocked::Version(id)
                        }
                    }
                }
                Err(blocked) => blocked,
            };
            self.give_up(contact, work.held.token, work.who, &blocked).await;
            return None;
        }
    }

    /// Leaves the contact as it is, for an instance that understands it or until an engineer has acted.
    async fn give_up(&self, contact: ContactKey, token: Token, who: Who, blocked: &Blocked) {
        match blocked {
            Blocked::Newer => tracing::info!(%contact, "a newer release wrote this contact; leaving it to one"),
            Blocked::Version(id) => tracing::warn!(%contact, version = %id, "a contact waits for a version of its flow"),
            Blocked::Broken(why) => {
                tracing::error!(%contact, why, "a contact's record cannot be read");
                metrics::alert("undecodable");
            }
        }
        if let Err(error) = self.patiently(Patience::Short, || self.store.release(contact, token, who, RELEASE)).await {
            tracing::warn!(%contact, %error, "a contact could not be released; its lease will end");
        }
    }

    /// Commits, begins what was started, and says what to go on with.
    async fn commit(self: &Arc<Self>, contact: ContactKey, work: &Work, mut folded: Folded, keep: bool) -> Option<Work> {
        self.leave_out_reports(&mut folded);
        let mut slots = Reserved::default();
        let lanes = self.lanes(folded.effects, work.now, &mut slots).await;
        let after = folded.after;
        let entry = journal::Entry { contact, token: after.token, at: work.now, events: folded.events };
        let overheard = self.to_overhear(&entry, &work.held.record, &after.record);
        let commit = Commit {
            contact,
            expect: work.held.token,
            new: after.token,
            hold: after.hold,
            consumed: folded.consumed,
            set_aside: folded.set_aside,
            alarm: folded.alarm.map(|at| at.max(work.now + Span::millis(1))),
            journal: Bytes::from(codec::encode_in(after.record.stored_mode(), &entry)),
            blob: folded.blob,
            keep,
            who: self.who(),
            stop: StopMask::from_bits(after.record.stop()),
            lanes,
            withdraw: folded.withdraw.iter().map(|id| withdrawal(contact, *id, work.now, &after.record)).collect(),
            await_add: folded.await_add,
            await_remove: folded.await_remove,
            live: folded.live,
        };
        let asked_at = self.clock.monotonic();
        let answer = self.patiently(Patience::Lease, || self.store.commit(commit.clone())).await;
        metrics::took(metrics::COMMIT_SECONDS, self.clock.monotonic().saturating_sub(asked_at));
        if let (Ok(Committed::Ok { .. } | Committed::Already), Some((entry, ahead, simulated))) = (&answer, overheard) {
            self.feed.committed(entry, ahead, simulated);
        }
        match answer {
            Ok(Committed::Ok { now, more, started, withdrawn }) => {
                metrics::commit("ok");
                self.note_now(now);
                for id in withdrawn {
                    tracing::debug!(%contact, effect = %id, "a message was given up before it left");
                    self.overhear(contact, marks::attempt(id, 0), now, &[given_up(id)]);
                }
                for entry in &work.inputs[..commit.consumed.len().min(work.inputs.len())] {
                    metrics::took(metrics::LAG_SECONDS, super::core::duration(now - entry.accepted_at));
                }
                self.unstarted(&commit.lanes, &started);
                for started in started {
                    let slot = slots.take(&started.set);
                    self.begin_dispatch(started, asked_at, slot);
                }
                (!more.is_empty()).then_some(Work { held: after, now, inputs: more, tries: 0, who: work.who })
            }
            Ok(Committed::Already) => {
                metrics::commit("already");
                self.take_up(&commit, asked_at, slots).await;
                self.claim_again(contact).await
            }
            Ok(Committed::Stale) => self.dropped(contact, "stale", &commit.lanes),
            Ok(Committed::Gone) => self.dropped(contact, "gone", &commit.lanes),
            Ok(Committed::Missing) => {
                tracing::error!(%contact, "a consumed input is not in the mailbox; nothing was written");
                metrics::alert("missing");
                self.dropped(contact, "missing", &commit.lanes)
            }
            Err(error) => {
                tracing::warn!(%contact, %error, "a commit could not be made; the contact's lease will end");
                if work.tries >= self.settings.solo_from {
                    self.survived(contact, work.held.token, work.who);
                }
                self.dropped(contact, "unavailable", &commit.lanes)
            }
        }
    }

    fn dropped(&self, contact: ContactKey, result: &'static str, lanes: &[LanePush]) -> Option<Work> {
        tracing::debug!(%contact, result, "a commit was not made");
        metrics::commit(result);
        self.unstarted(lanes, &[]);
        None
    }

    /// The lanes of a commit. A lane is taken along only if its head can be begun at once.
    async fn lanes(&self, effects: Vec<NewEffect>, now: Millis, slots: &mut Reserved) -> Vec<LanePush> {
        let ordered = |effect: &NewEffect| matches!(effect.set, WorkSet::Talk(_) | WorkSet::Bulk(_) | WorkSet::Move);
        let (mut talk, alone): (Vec<NewEffect>, Vec<NewEffect>) = effects.into_iter().partition(ordered);
        give_no_way(&mut talk);
        let mut lanes = Vec::with_capacity(alone.len() + 1);
        for effect in talk.iter().filter(|effect| matches!(effect.set, WorkSet::Bulk(_))) {
            self.meet_set(&effect.set);
        }
        if let Some(first) = talk.first().map(|effect| &effect.set) {
            let permitted = match (self.channel_of(first), first) {
                (Some(channel), WorkSet::Talk(_)) => self.permit(channel, talk.len()).await,
                // What a broadcast sends is taken in its turn, by the tick; without a rate there are no turns.
                (Some(channel), _) => {
                    channel.rate().is_none()
                        && !self.holds_bulk(channel)
                        && self.permits.paused(&channel.name, self.clock.monotonic()).is_none()
                }
                (None, set) => *set == WorkSet::Move,
            };
            let take = permitted && self.reserve(&talk[0].set, slots);
            if permitted && !take {
                self.unused(&talk[0].set, 1);
            }
            lanes.push(LanePush { lane: Lane::Contact, due: now, take, effects: talk });
        }
        for effect in alone {
            let (lane, take) = (Lane::Own(effect.id), self.reserve(&effect.set, slots));
            lanes.push(LanePush { lane, due: now, take, effects: vec![effect] });
        }
        lanes
    }

    fn reserve(&self, set: &WorkSet, slots: &mut Reserved) -> bool {
        if self.takes_nothing() {
            return false;
        }
        match self.slots_of(set).take() {
            Some(slot) => {
                slots.put(set, slot);
                true
            }
            None => false,
        }
    }

    /// One permit for the first of so many sends; permits for the others are taken along, so that they need not be asked for.
    async fn permit(&self, channel: &super::settings::Channel, sends: usize) -> bool {
        let want = channel.permit_batch().max(u32::try_from(sends).unwrap_or(1));
        let now = self.clock.monotonic();
        let of = (&channel.name, Traffic::Talk);
        match self.permits.take(&*self.store, of, channel.rate(), want, &*self.clock).await {
            Ok((0, _)) => false,
            Ok((granted, _)) => {
                self.permits.give_back(of, channel.rate(), granted - 1, now);
                true
            }
            Err(error) => {
                tracing::debug!(%error, "no permit; the lane waits for the tick");
                false
            }
        }
    }

    /// Permits of lanes that did not start: there was something before them in the lane.
    fn unstarted(&self, lanes: &[LanePush], started: &[Started]) {
        let idle = |push: &&LanePush| push.take && !started.iter().any(|s| s.lane.lane == push.lane);
        for push in lanes.iter().filter(idle) {
            if let Some(effect) = push.effects.first() {
                self.unused(&effect.set, 1);
            }
        }
    }

    fn begin_dispatch(self: &Arc<Self>, started: Started, taken_at: Duration, slot: Option<Slot>) {
        let core = Arc::clone(self);
        let slot = slot.unwrap_or_else(|| self.slots_of(&started.set).take_anyway());
        self.spawn("dispatch", async move {
            core.dispatch(started, taken_at).await;
            drop(slot);
        });
    }

    /// This commit was written before, perhaps by us: with the same `who` we get what it started, surely unsent.
    async fn take_up(self: &Arc<Self>, commit: &Commit, asked_at: Duration, mut slots: Reserved) {
        for push in commit.lanes.iter().filter(|push| push.take) {
            let Some(first) = push.effects.first() else { continue };
            let lane = LaneKey { contact: commit.contact, lane: push.lane };
            match self.patiently(Patience::Short, || self.store.start(lane, &first.set, commit.who, None)).await {
                Ok(StartAnswer::Ok { now, started }) => {
                    self.note_now(now);
                    let slot = slots.take(&started.set);
                    self.begin_dispatch(started, asked_at, slot);
                }
                Ok(StartAnswer::Taken | StartAnswer::Gone) => self.unstarted(std::slice::from_ref(push), &[]),
                Err(error) => tracing::warn!(%error, "what a commit started could not be taken up; its lease will end"),
            }
        }
    }

    async fn claim_again(&self, contact: ContactKey) -> Option<Work> {
        let who = self.who();
        match self.patiently(Patience::Short, || self.store.claim(contact, who)).await {
            Ok(Claimed::Claimed(claim)) => {
                self.note_now(claim.now);
                match Work::of(claim, who) {
                    Ok(work) => Some(work),
                    Err((token, blocked)) => {
                        self.give_up(contact, token, who, &blocked).await;
                        None
                    }
                }
            }
            Ok(Claimed::Free | Claimed::Gone) | Err(_) => None,
        }
    }
}

/// What a broadcast sends, and a conversation or a move follows, does not give way: either would wait behind it.
fn give_no_way(talk: &mut [NewEffect]) {
    let last = talk.iter().rposition(|effect| matches!(effect.set, WorkSet::Talk(_) | WorkSet::Move)).unwrap_or(0);
    for effect in &mut talk[..last] {
        if let WorkSet::Bulk(channel) = &effect.set {
            effect.set = WorkSet::Talk(channel.clone());
        }
    }
}

/// A message that is given up: if it did not leave, the journal says so, and whoever is told what becomes of it.
fn withdrawal(contact: ContactKey, effect: EffectId, at: Millis, after: &Record) -> Withdrawal {
    let entry = journal::Entry { contact, token: marks::attempt(effect, 0), at, events: vec![given_up(effect)] };
    let told = after.given_up.iter().any(|message| message.effect == effect).then(|| {
        let (status, reason) = (DeliveryStatus::Failed, Some(FailureReason::Superseded));
        let delivery = Delivery { effect, status, reason, code: None, unsure: false, back: None };
        (marks::reply(effect).1, Bytes::from(codec::encode(&Input::Delivery(delivery))))
    });
    Withdrawal { id: effect, journal: Bytes::from(codec::encode_in(after.stored_mode(), &entry)), reply: told }
}

impl Work {
    fn of(claim: Claim, who: Who) -> Result<Self, (Token, Blocked)> {
        let Claim { now, record, inputs } = claim;
        let mut read = read_record(&record.blob).map_err(|blocked| (record.token, blocked))?;
        if record.blob.is_empty() {
            // Opted out before they were deleted: that is all that is known of them.
            read.stop = record.stop.bits();
        }
        Ok(Work { held: Held { token: record.token, record: read, hold: record.held }, now, inputs, tries: record.tries, who })
    }
}
