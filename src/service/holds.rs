//! Channels that are held back: by their provider, which flagged a number, or by somebody who paused one. What holds them lies in the store; every instance
//! looks once a second, so that all of them obey within about that, also after a restart.

use super::core::{Core, Patience};
use super::marks;
use super::settings::Channel;
use crate::domain::attempt::provider_words;
use crate::domain::codec;
use crate::domain::hold::{ChannelChange, ChannelTold, Hold, HoldKind, channel_canonical};
use crate::domain::id::ContactKey;
use crate::domain::journal::{Entry, Event};
use crate::domain::mode::Mode;
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::store::{Answer, Held, HoldKey, Judgement, Report, Store};
use bytes::Bytes;
use std::collections::HashMap;
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
            super::metrics::held(key.channel.as_str(), key.kind.as_str(), false);
        }
        for key in now.keys() {
            super::metrics::held(key.channel.as_str(), key.kind.as_str(), true);
        }
        *known = now;
    }

    fn get(&self, channel: &ChannelName, kind: HoldKind) -> Option<Hold> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return None;
        }
        known.get(&HoldKey { channel: channel.clone(), kind }).cloned()
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
    /// Looks what is held back, if the last look is a second ago.
    pub async fn follow_holds(&self) {
        if !self.holds.is_time(self.clock.monotonic()) {
            return;
        }
        if let Err(error) = self.look_at_holds().await {
            tracing::warn!(%error, "what is held back could not be looked at");
        }
    }

    async fn look_at_holds(&self) -> Answer<()> {
        let _alone = self.holds.looking.lock().await;
        self.holds.take_over(self.store.holds().await?);
        Ok(())
    }

    /// Why the channel is held back for this reason, if it is, as this instance knows.
    pub fn held(&self, channel: &ChannelName, kind: HoldKind) -> Option<Hold> {
        self.holds.get(channel, kind)
    }

    /// Whether broadcasts over the channel wait: what is paused and has a stand-in that may send goes over that.
    pub(super) fn holds_bulk(&self, channel: &Channel) -> bool {
        let may_send = |name: &ChannelName| !self.is_paused(name) && !self.is_flagged(name);
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
        let key = HoldKey { channel: channel.clone(), kind: HoldKind::Flagged };
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
}

/// Pauses a channel. Whether it was not paused before: a pause that stands goes on as it was.
pub async fn pause(store: &dyn Store, channel: &ChannelName, by: &str, reason: Option<&str>) -> Answer<bool> {
    if stands(store, channel, HoldKind::Paused).await? {
        return Ok(false);
    }
    let hold = Hold { since: store.now().await?, by: by.to_owned(), reason: tidy(reason) };
    // Whoever dies in between has said what they did not do; the other way round nobody would know who did it.
    let told = told(channel, ChannelChange::Paused, by, hold.reason.clone());
    journal(store, told, &format!("paused-{}-{by}", hold.since.0)).await?;
    store.hold(HoldKey { channel: channel.clone(), kind: HoldKind::Paused }, written(&hold)).await
}

/// Ends what holds a channel back. Whether there was anything to end.
pub async fn resume(store: &dyn Store, channel: &ChannelName, kind: HoldKind, by: &str, reason: Option<&str>) -> Answer<bool> {
    if !stands(store, channel, kind).await? {
        return Ok(false);
    }
    let what = match kind {
        HoldKind::Paused => ChannelChange::Resumed,
        HoldKind::Flagged => ChannelChange::Unflagged,
    };
    let id = format!("{}-ended-{}-{by}", kind.as_str(), store.now().await?.0);
    journal(store, told(channel, what, by, tidy(reason)), &id).await?;
    store.unhold(HoldKey { channel: channel.clone(), kind }).await
}

/// What somebody says, in one line and bounded.
fn tidy(reason: Option<&str>) -> Option<String> {
    provider_words(None, reason?)
}

/// What holds channels back, readable.
pub async fn all(store: &dyn Store) -> Answer<Vec<(HoldKey, Hold)>> {
    Ok(store.holds().await?.into_iter().map(read).collect())
}

async fn stands(store: &dyn Store, channel: &ChannelName, kind: HoldKind) -> Answer<bool> {
    Ok(store.holds().await?.iter().any(|(key, _)| key.channel == *channel && key.kind == kind))
}

async fn journal(store: &dyn Store, told: ChannelTold, id: &str) -> Answer<()> {
    let contact = ContactKey::of(Mode::Live, &store.meta().await?.contact_secret, &channel_canonical(&told.channel));
    let token = marks::channel(told.channel.as_str(), id);
    let entry = Entry { contact, token, at: store.now().await?, events: vec![Event::Channel(Box::new(told))] };
    let journal = Bytes::from(codec::encode_in(Mode::Live, &entry));
    store.report(Report { contact, effect: token.effect(0), journal, wake: None }).await.map(|_| ())
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
        let key = |kind| HoldKey { channel: channel.clone(), kind };
        let hold = Hold { since: Millis(5), by: "ann".to_owned(), reason: None };
        let body = Bytes::from(serde_json::to_vec(&hold).expect("writes"));
        let holds = Holds::of(vec![(key(HoldKind::Paused), body), (key(HoldKind::Flagged), Bytes::from_static(b"?"))]);
        assert_eq!(holds.get(&channel, HoldKind::Paused), Some(hold));
        assert!(holds.get(&channel, HoldKind::Flagged).is_some());
        holds.take_over(Vec::new());
        assert_eq!(holds.get(&channel, HoldKind::Flagged), None);
    }

    #[test]
    fn a_look_is_due_once_a_second() {
        let (holds, at) = (Holds::default(), Duration::from_millis);
        assert!(holds.is_time(at(0)) && !holds.is_time(at(999)) && holds.is_time(at(1_000)) && !holds.is_time(at(1_500)));
    }
}
