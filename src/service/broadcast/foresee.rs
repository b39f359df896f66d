//! What would become of a broadcast. The engine itself is asked: each contact's record is read, the turn is made that would be made, and thrown away. So a
//! dry run knows whatever the engine knows, and nothing else.

use super::member::action;
use super::resolve::Times;
use super::sorted::Names;
use crate::domain::broadcast::{BroadcastId, Refusal};
use crate::domain::broadcast_plan::{Lot, Plan, What};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, InputId, Token};
use crate::domain::input::{Accepted, Input, OperatorAction};
use crate::domain::journal::Event;
use crate::domain::mode::Mode;
use crate::domain::name::{ChannelName, Slug};
use crate::domain::phone::country_of;
use crate::domain::sms::Segments;
use crate::domain::time::Millis;
use crate::engine::{Context, TurnError, TurnOutput};
use crate::history::broadcasts::Broadcast;
use crate::history::broadcasts::pieces::{Found, PIECE, Whence};
use crate::history::{Database, HistoryError, words};
use crate::service::core::{Core, Patience};
use crate::store::{Answer, StoreError};
use futures_util::stream::{self, StreamExt as _};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Contacts that are looked at at one time.
const SIDE_BY_SIDE: usize = 16;
/// Contacts that are looked at in all. Their keys are hashes, so the first of them are as good a sample as any.
pub const SAMPLE: usize = 50_000;
/// How long they are looked at in all.
pub const TIME: Duration = Duration::from_secs(15);
/// Contacts that are named for each reason.
const EXAMPLES: usize = 5;

/// Why it cannot be said.
#[derive(Debug)]
pub enum Unforeseen {
    /// The database does not answer.
    Database(HistoryError),
    /// The store does not answer.
    Store(StoreError),
}

/// A message that would be sent at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leg {
    /// Over which channel.
    pub channel: ChannelName,
    /// Its kind.
    pub kind: ChannelKind,
    /// The country of the number.
    pub country: Option<String>,
}

/// What would become of one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// They would get it: these messages at once, each with its segments.
    Gets(Vec<(Leg, u32)>),
    /// They would get it when nothing else is open any more.
    Waits,
    /// They would be passed over.
    Skipped(Refusal),
    /// They are not there.
    Gone,
}

/// Those who would be passed over for one reason.
#[derive(Debug, Clone, Default)]
pub struct Passed {
    /// How many.
    pub n: u64,
    /// Some of them.
    pub examples: Vec<ContactKey>,
}

/// What would become of all of them.
#[derive(Debug, Clone, Default)]
pub struct Forecast {
    /// How many were looked at.
    pub looked_at: u64,
    /// Whether that is all.
    pub complete: bool,
    /// How many would get it.
    pub gets: u64,
    /// Of them: how many as soon as nothing else is open.
    pub waits: u64,
    /// How many are not there any more.
    pub gone: u64,
    /// How many would be passed over, by the reason.
    pub skipped: BTreeMap<Refusal, Passed>,
    /// Who would get which arm.
    pub arms: BTreeMap<Slug, u64>,
    /// Messages that would be sent at once, and their segments.
    pub legs: BTreeMap<Leg, (u64, u64)>,
    /// When the first one gets it.
    pub first: Option<Millis>,
    /// When the last one gets it.
    pub last: Option<Millis>,
}

impl Forecast {
    fn add(&mut self, contact: ContactKey, arm: Option<&Slug>, due: Millis, fate: Fate) {
        self.looked_at += 1;
        match fate {
            Fate::Gone => self.gone += 1,
            Fate::Skipped(reason) => {
                let passed = self.skipped.entry(reason).or_default();
                passed.n += 1;
                if passed.examples.len() < EXAMPLES {
                    passed.examples.push(contact);
                }
            }
            Fate::Waits | Fate::Gets(_) => {
                self.gets += 1;
                self.waits += u64::from(fate == Fate::Waits);
                if let Some(arm) = arm {
                    *self.arms.entry(arm.clone()).or_default() += 1;
                }
                self.first = Some(self.first.map_or(due, |first| first.min(due)));
                self.last = Some(self.last.map_or(due, |last| last.max(due)));
                let Fate::Gets(legs) = fate else { return };
                for (leg, segments) in legs {
                    let sum = self.legs.entry(leg).or_default();
                    *sum = (sum.0 + 1, sum.1 + u64::from(segments));
                }
            }
        }
    }
}

/// What would become of a broadcast that is not made.
pub async fn forecast(
    core: &Arc<Core>,
    record: &Database,
    broadcast: &Broadcast,
    whence: &Whence,
) -> Result<Forecast, Unforeseen> {
    let (begun, plan) = (core.clock.monotonic(), &broadcast.plan);
    // What cannot be said now is refused before it is made.
    let hours = core.hours_of(&plan.contents).await.unwrap_or_default();
    let mut times = Times::new(plan, &core.world().project.timezone, broadcast.starts_at).keeping(hours);
    let (mut seen, mut place) = (Forecast::default(), String::new());
    let names = core.called(&plan.contents);
    loop {
        let page = whence.page(record, broadcast.mode, &place, PIECE).await.map_err(Unforeseen::Database)?;
        let Some(last) = page.last() else {
            seen.complete = true;
            return Ok(seen);
        };
        place = last.contact.to_string();
        let page = match whence {
            Whence::Query(_) => page,
            Whence::Import(_) | Whence::Listed(_) => core.as_known(page).await.map_err(Unforeseen::Store)?,
        };
        let been = been(record, (plan, &names), &page, core.store_now()).await.map_err(Unforeseen::Database)?;
        let mut work = Vec::with_capacity(page.len());
        for found in &page {
            let (contact, lot) = (found.contact, plan.lot(broadcast.id, found.contact));
            let been = match lot {
                Lot::Gets { content, .. } => been.get(&content.what).is_some_and(|been| been.contains(&contact)),
                Lot::Holdout => false,
            };
            work.push(async move {
                match lot {
                    Lot::Holdout => (contact, None, Ok(Fate::Skipped(Refusal::Holdout))),
                    Lot::Gets { arm, .. } if been => (contact, arm, Ok(Fate::Skipped(Refusal::BeenBefore))),
                    Lot::Gets { arm, content } => {
                        let act = action(content, broadcast.id, arm, plan.again);
                        (contact, arm, core.fate(broadcast.id, contact, broadcast.mode, act).await)
                    }
                }
            });
        }
        let fates: Vec<(ContactKey, Option<&Slug>, Answer<Fate>)> = stream::iter(work).buffered(SIDE_BY_SIDE).collect().await;
        for ((contact, arm, fate), found) in fates.into_iter().zip(&page) {
            let due = times.of(found.timezone.as_deref());
            seen.add(contact, arm, due, fate.map_err(Unforeseen::Store)?);
        }
        let spent = core.clock.monotonic().saturating_sub(begun);
        if seen.looked_at >= SAMPLE as u64 || spent > TIME {
            // What comes next may be nothing.
            let next = whence.page(record, broadcast.mode, &place, 1).await.map_err(Unforeseen::Database)?;
            seen.complete = next.is_empty();
            return Ok(seen);
        }
    }
}

async fn been<'p>(
    record: &Database,
    plan: (&'p Plan, &Names),
    page: &[Found],
    now: Millis,
) -> Result<HashMap<&'p What, HashSet<ContactKey>>, HistoryError> {
    let contacts: Vec<ContactKey> = page.iter().map(|found| found.contact).collect();
    super::sorted::been(record, plan, &contacts, now, None).await
}

impl Core {
    /// What would become of a contact.
    async fn fate(&self, broadcast: BroadcastId, contact: ContactKey, mode: Mode, act: OperatorAction) -> Answer<Fate> {
        let Some(found) = self.contact(contact).await? else { return Ok(Fate::Gone) };
        if found.record.mode() != mode {
            return Ok(Fate::Gone);
        }
        let id = InputId::of_broadcast(broadcast, found.key);
        let now = self.store_now();
        let input = Accepted { id, at: now, mode: found.record.stored_mode(), input: Input::Operator(act) };
        let mut loaded = Vec::new();
        let barred = self.barred(&found.record).await;
        loop {
            let catalog = self.versions.unpaused();
            let context = Context { catalog: &catalog, project: &self.world.project, barred: &barred };
            let mut trial = found.record.clone();
            match (self.engine)(&context, &mut trial, Token(id.0), found.key, Some(&input), now) {
                Ok(out) => return Ok(told(&out)),
                Err(TurnError::UnknownVersion(version)) if !loaded.contains(&version) => {
                    let load = || async {
                        match self.versions.load(&*self.store, version, &self.world.project).await {
                            Ok(()) => Ok(()),
                            Err(error) => Err(StoreError::Unavailable(error.to_string())),
                        }
                    };
                    self.patiently(Patience::Short, load).await?;
                    loaded.push(version);
                }
                Err(error) => return Err(StoreError::Bug(error.to_string())),
            }
        }
    }
}

/// What a turn would have said: what it does after the broadcast came.
fn told(out: &TurnOutput) -> Fate {
    let since = out.events.iter().position(|event| matches!(event, Event::Begun { .. })).unwrap_or(0);
    let (mut legs, mut began) = (Vec::new(), false);
    for event in &out.events[since..] {
        match event {
            Event::Skipped(skipped) => return Fate::Skipped(skipped.reason),
            Event::RunStarted { .. } => began = true,
            Event::Sent { channel, kind, to, content, .. } => {
                let country = country_of(to.reveal());
                let segments = if *kind == ChannelKind::Sms { Segments::of(&words(content)).segments.max(1) } else { 1 };
                let segments = u32::try_from(segments).unwrap_or(u32::MAX);
                legs.push((Leg { channel: channel.clone(), kind: *kind, country }, segments));
            }
            _ => {}
        }
    }
    if began { Fate::Gets(legs) } else { Fate::Waits }
}
