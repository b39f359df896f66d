//! Channels that are held back: by their provider, which flagged a number, or by somebody who paused one; and flows that somebody paused. What holds them
//! lies in the store; every instance looks once a second, so that all of them obey within about that, also after a restart.

use super::core::{Core, Patience};
use super::marks;
use super::settings::Channel;
use crate::domain::attempt::provider_words;
use crate::domain::codec;
use crate::domain::hold::{ChannelChange, ChannelTold, FlowChange, FlowTold, Hold, HoldKind, channel_canonical, flow_canonical};
use crate::domain::id::{ContactKey, Token};
use crate::domain::journal::{Entry, Event};
use crate::domain::mode::Mode;
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::Millis;
use crate::store::{Answer, Held, HoldKey, Judgement, Report, Store};
use bytes::Bytes;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

/// So often an instance looks what is held back.
const LOOK: Duration = Duration::from_secs(1);

/// What this instance knows of it.
#[derive(Debug, Default)]
pub(super) struct Holds {
    known: RwLock<HashMap<HoldKey, Hold>>,
    looked: Mutex<Option<Duration>>,
    /// One look at a time, so that none takes over what it read before another one.
    looking: tokio::sync::Mutex<()>,
}

impl Holds {
    /// What the store has of it.
    pub fn of(held: Vec<Held>) -> Self {
        let holds = Holds::default();
        holds.take_over(held);
        holds
    }

    fn take_over(&self, held: Vec<Held>) {
        let now: HashMap<HoldKey, Hold> = held.into_iter().map(read).collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for key in known.keys().filter(|key| !now.contains_key(key)) {
            measure(key, false);
        }
        for key in now.keys() {
            measure(key, true);
        }
        *known = now;
    }

    fn get(&self, key: impl FnOnce() -> HoldKey) -> Option<Hold> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return None;
        }
        known.get(&key()).cloned()
    }

    /// The flows that somebody paused.
    pub fn flows(&self) -> BTreeSet<Slug> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let flow = |key: &HoldKey| match key {
            HoldKey::Flow(flow) => Some(flow.clone()),
            HoldKey::Channel(..) => None,
        };
        known.keys().filter_map(flow).collect()
    }

    /// Whether it is time to look again; then somebody does.
    fn is_time(&self, now: Duration) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = looked.is_none_or(|at| now.saturating_sub(at) >= LOOK);
        if due {
            *looked = Some(now);
        }
        due
    }
}

impl Core {
    /// Looks what is held back, if the last look is a second ago and has ended: whoever has more to do does not wait for it.
    pub async fn follow_holds(&self) {
        if !self.holds.is_time(self.clock.monotonic()) {
            return;
        }
        let Ok(alone) = self.holds.looking.try_lock() else { return };
        if let Err(error) = self.read_holds(alone).await {
            tracing::warn!(%error, "what is held back could not be looked at");
        }
    }

    async fn look_at_holds(&self) -> Answer<()> {
        self.read_holds(self.holds.looking.lock().await).await
    }

    async fn read_holds(&self, _alone: tokio::sync::MutexGuard<'_, ()>) -> Answer<()> {
        self.holds.take_over(self.store.holds().await?);
        self.versions.pause(self.holds.flows());
        Ok(())
    }

    /// Why the channel is held back for this reason, if it is, as this instance knows.
    pub fn held(&self, channel: &ChannelName, kind: HoldKind) -> Option<Hold> {
        self.holds.get(|| HoldKey::Channel(channel.clone(), kind))
    }

    /// Why no run of the flow begins, if somebody paused it, as this instance knows.
    pub fn paused_flow(&self, flow: &Slug) -> Option<Hold> {
        let name = self.versions.catalog().paused_as(flow)?.clone();
        self.holds.get(|| HoldKey::Flow(name))
    }

    /// Whether broadcasts over the channel wait: what is paused and has a stand-in that may send goes over that.
    pub(super) fn holds_bulk(&self, channel: &Channel) -> bool {
        let may_send = |name: &ChannelName| !self.is_paused(name) && !self.is_flagged(name) && !self.lines.is_open(name);
        let paused = || self.is_paused(&channel.name) && !channel.policy.stand_ins.iter().any(may_send);
        self.is_flagged(&channel.name) || paused()
    }

    /// The same of what is in its queue already: what only came to a channel that is paused now goes home again.
    pub(super) fn keeps_bulk(&self, channel: &Channel) -> bool {
        let stands_in = || self.world.channels.values().any(|other| other.policy.stand_ins.contains(&channel.name));
        self.is_flagged(&channel.name) || self.holds_bulk(channel) && !stands_in()
    }

    /// Whether its provider flagged the channel's number.
    pub(super) fn is_flagged(&self, channel: &ChannelName) -> bool {
        self.held(channel, HoldKind::Flagged).is_some()
    }

    /// Whether somebody paused the channel.
    pub(super) fn is_paused(&self, channel: &ChannelName) -> bool {
        self.held(channel, HoldKind::Paused).is_some()
    }

    /// Takes what a provider said of a channel's number at a time of its own, for all instances: holds it back, or ends that. False if something
    /// later was said before: then this changes nothing.
    pub(super) async fn judge(&self, channel: &ChannelName, at: Millis, hold: Option<&Hold>) -> Answer<bool> {
        let key = HoldKey::Channel(channel.clone(), HoldKind::Flagged);
        let said = Judgement { key, at, body: hold.map(written) };
        let latest = self.patiently(Patience::Short, || self.store.judge(said.clone())).await?;
        self.patiently(Patience::Short, || self.look_at_holds()).await?;
        if said.body.is_none() {
            // What waited may leave.
            self.room().notify_one();
        }
        Ok(latest)
    }

    /// Writes into the journal what happened to a channel. `id` makes it the same when it is told again.
    pub(super) async fn journal_channel(&self, told: ChannelTold, id: &str) -> Answer<()> {
        self.patiently(Patience::Short, || journal(&*self.store, told.clone(), id)).await
    }

    /// Pauses a channel for all instances; this one knows at once. Whether it was not paused before.
    pub async fn pause_channel(&self, channel: &ChannelName, by: &str, reason: Option<&str>) -> Answer<bool> {
        let new = pause(&*self.store, channel, by, reason).await?;
        self.look_at_holds().await?;
        Ok(new)
    }

    /// Ends what holds a channel back. Whether there was anything to end.
    pub async fn resume_channel(&self, channel: &ChannelName, kind: HoldKind, by: &str, reason: Option<&str>) -> Answer<bool> {
        let there = resume(&*self.store, channel, kind, by, reason).await?;
        self.look_at_holds().await?;
        self.room().notify_one();
        Ok(there)
    }

    /// Pauses a flow for all instances; this one knows at once. Whether it was not paused before.
    pub async fn pause_flow(&self, flow: &Slug, by: &str, reason: Option<&str>) -> Answer<bool> {
        let new = pause_flow(&*self.store, flow, by, reason).await?;
        self.look_at_holds().await?;
        Ok(new)
    }

    /// Ends the pause of a flow. Whether there was one.
    pub async fn resume_flow(&self, flow: &Slug, by: &str, reason: Option<&str>) -> Answer<bool> {
        let there = resume_flow(&*self.store, flow, by, reason).await?;
        self.look_at_holds().await?;
        Ok(there)
    }
}

/// Pauses a channel. Whether it was not paused before: a pause that stands goes on as it was.
pub async fn pause(store: &dyn Store, channel: &ChannelName, by: &str, reason: Option<&str>) -> Answer<bool> {
    let key = HoldKey::Channel(channel.clone(), HoldKind::Paused);
    if stands(store, &key).await? {
        return Ok(false);
    }
    let hold = Hold { since: store.now().await?, by: by.to_owned(), reason: tidy(reason) };
    // Whoever dies in between has said what they did not do; the other way round nobody would know who did it.
    let told = told(channel, ChannelChange::Paused, by, hold.reason.clone());
    journal(store, told, &format!("paused-{}-{by}", hold.since.0)).await?;
    store.hold(key, written(&hold)).await
}

/// Ends what holds a channel back. Whether there was anything to end.
pub async fn resume(store: &dyn Store, channel: &ChannelName, kind: HoldKind, by: &str, reason: Option<&str>) -> Answer<bool> {
    let key = HoldKey::Channel(channel.clone(), kind);
    if !stands(store, &key).await? {
        return Ok(false);
    }
    let what = match kind {
        HoldKind::Paused => ChannelChange::Resumed,
        HoldKind::Flagged => ChannelChange::Unflagged,
    };
    let id = format!("{}-ended-{}-{by}", kind.as_str(), store.now().await?.0);
    journal(store, told(channel, what, by, tidy(reason)), &id).await?;
    store.unhold(key).await
}

/// Pauses a flow: no run of it begins. Whether it was not paused before: a pause that stands goes on as it was.
pub async fn pause_flow(store: &dyn Store, flow: &Slug, by: &str, reason: Option<&str>) -> Answer<bool> {
    let key = HoldKey::Flow(flow.clone());
    if stands(store, &key).await? {
        return Ok(false);
    }
    let hold = Hold { since: store.now().await?, by: by.to_owned(), reason: tidy(reason) };
    journal_flow(store, flow, FlowChange::Paused, (by, hold.reason.clone()), hold.since).await?;
    store.hold(key, written(&hold)).await
}

/// Ends the pause of a flow. Whether there was one.
pub async fn resume_flow(store: &dyn Store, flow: &Slug, by: &str, reason: Option<&str>) -> Answer<bool> {
    let key = HoldKey::Flow(flow.clone());
    if !stands(store, &key).await? {
        return Ok(false);
    }
    let now = store.now().await?;
    journal_flow(store, flow, FlowChange::Resumed, (by, tidy(reason)), now).await?;
    store.unhold(key).await
}

/// What somebody says, in one line and bounded.
fn tidy(reason: Option<&str>) -> Option<String> {
    provider_words(None, reason?)
}

/// What holds channels and flows back, readable.
pub async fn all(store: &dyn Store) -> Answer<Vec<(HoldKey, Hold)>> {
    Ok(store.holds().await?.into_iter().map(read).collect())
}

async fn stands(store: &dyn Store, key: &HoldKey) -> Answer<bool> {
    Ok(store.holds().await?.iter().any(|(held, _)| held == key))
}

async fn journal(store: &dyn Store, told: ChannelTold, id: &str) -> Answer<()> {
    let token = marks::channel(told.channel.as_str(), id);
    let canonical = channel_canonical(&told.channel);
    told_as(store, &canonical, token, Event::Channel(Box::new(told))).await
}

async fn journal_flow(
    store: &dyn Store,
    flow: &Slug,
    what: FlowChange,
    (by, reason): (&str, Option<String>),
    at: Millis,
) -> Answer<()> {
    let token = marks::flow(flow.as_str(), &format!("{what:?}-{}-{by}", at.0));
    let told = FlowTold { flow: flow.clone(), what, by: by.to_owned(), reason };
    told_as(store, &flow_canonical(flow), token, Event::Flow(Box::new(told))).await
}

/// Writes it into the journal under the key of what is no address.
async fn told_as(store: &dyn Store, canonical: &str, token: Token, event: Event) -> Answer<()> {
    let contact = ContactKey::of(Mode::Live, &store.meta().await?.contact_secret, canonical);
    let entry = Entry { contact, token, at: store.now().await?, events: vec![event] };
    let journal = Bytes::from(codec::encode_in(Mode::Live, &entry));
    store.report(Report { contact, effect: token.effect(0), journal, wake: None }).await.map(|_| ())
}

/// Shows it in the metrics.
fn measure(key: &HoldKey, is: bool) {
    match key {
        HoldKey::Channel(channel, kind) => super::metrics::held(channel.as_str(), kind.as_str(), is),
        HoldKey::Flow(flow) => super::metrics::paused(flow.as_str(), is),
    }
}

fn written(hold: &Hold) -> Bytes {
    Bytes::from(serde_json::to_vec(hold).unwrap_or_default())
}

fn read((key, body): Held) -> (HoldKey, Hold) {
    // Somebody wanted it held back, whatever else they said.
    let unreadable = |_| Hold { since: Millis(0), by: "another release".to_owned(), reason: None };
    (key, serde_json::from_slice(&body).unwrap_or_else(unreadable))
}

/// How it is said.
pub(super) fn told(channel: &ChannelName, what: ChannelChange, by: &str, reason: Option<String>) -> ChannelTold {
    ChannelTold { channel: channel.clone(), what, by: by.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_release_wrote_holds_back_all_the_same() {
        let channel = ChannelName::parse("whatsapp").expect("a name");
        let key = |kind| HoldKey::Channel(channel.clone(), kind);
        let get = |holds: &Holds, kind| holds.get(|| key(kind));
        let flow = || Slug::parse("menu").expect("a name");
        let hold = Hold { since: Millis(5), by: "ann".to_owned(), reason: None };
        let body = Bytes::from(serde_json::to_vec(&hold).expect("writes"));
        let holds = Holds::of(vec![
            (key(HoldKind::Paused), body.clone()),
            (key(HoldKind::Flagged), Bytes::from_static(b"?")),
            (HoldKey::Flow(flow()), body),
        ]);
        assert_eq!(get(&holds, HoldKind::Paused), Some(hold));
        assert!(get(&holds, HoldKind::Flagged).is_some());
        assert_eq!(holds.flows(), [flow()].into());
        holds.take_over(Vec::new());
        assert_eq!(get(&holds, HoldKind::Flagged), None);
        assert!(holds.flows().is_empty());
    }

    #[test]
    fn a_look_is_due_once_a_second() {
        let (holds, at) = (Holds::default(), Duration::from_millis);
        assert!(holds.is_time(at(0)) && !holds.is_time(at(999)) && holds.is_time(at(1_000)) && !holds.is_time(at(1_500)));
    }
}
