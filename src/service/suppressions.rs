//! The suppression list at work. The store has it; each instance remembers 8 bytes of the hash of every address that was put on it and follows
//! the store once a second. So a message to anybody else costs no question: only where an address may be on the list the store is asked what is
//! said of it, and it alone decides. What is remembered may be too much, never too little by more than that second.

use super::core::{Core, Patience};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::codec;
use crate::domain::id::ContactKey;
use crate::domain::limits;
use crate::domain::message::{FailureReason, Inbound, InboundContent};
use crate::domain::mode::Mode;
use crate::domain::name::ChannelName;
use crate::domain::suppression::{Barred, Over, Put, Suppression, SuppressionReason, Suppressions, Withheld};
use crate::domain::time::{Millis, Span};
use crate::engine::effect::Send;
use crate::engine::record::Record;
use crate::provider::{Complaint, StatusReport};
use crate::store::{Answer, ListChange, ListChanged, ListMark, Meta, Store, StoreError};
use bytes::Bytes;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

/// Addresses that are read at one time.
const PAGE: usize = 10_000;
/// The same while what ended is taken off.
const TIDIED_AT_ONCE: usize = 1_000;
/// Changes that are read again: as many as a store may lose at a failover and make anew before it is looked at.
const OVERLAP: u64 = 2_000;
/// Whoever wrote within so long is there, whatever a provider says of the number.
const HEARD: Span = Span::days(1);
/// An entry that has ended stays for so long, for whoever asks why something was not sent.
const ENDED: Span = Span::days(30);
/// How often a change is tried that others change at the same time.
const TRIES: usize = 16;

/// What an instance remembers of the list.
#[derive(Debug, Default)]
pub struct Listed {
    known: RwLock<HashSet<u64>>,
    any: AtomicBool,
    mark: Mutex<ListMark>,
}

/// 64 of the 128 bits of an address's hash.
fn print(address: ContactKey) -> u64 {
    let bytes = address.to_bytes();
    bytes.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

impl Listed {
    fn add(&self, addresses: impl Iterator<Item = ContactKey>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(addresses.map(print));
        self.any.store(!known.is_empty(), Ordering::Release);
    }

    /// Whether nothing is on the list.
    pub(super) fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    /// Whether an address may be on it.
    fn may_have(&self, address: ContactKey) -> bool {
        !self.is_empty() && self.known.read().unwrap_or_else(PoisonError::into_inner).contains(&print(address))
    }
}

fn decoded(body: Option<&Bytes>) -> Answer<Suppressions> {
    let Some(body) = body else { return Ok(Suppressions::default()) };
    codec::decode(body).map_err(|error| StoreError::Bug(format!("an entry of the suppression list: {error}")))
}

/// Changes what the list has of an address, whoever changes it at the same time. `None` from `change`: nothing is to be written.
pub async fn change<T>(
    store: &dyn Store,
    address: ContactKey,
    change: impl Fn(&mut Suppressions) -> (T, bool),
) -> Answer<Option<T>> {
    let mut was = store.list_find(address).await?;
    for _ in 0..TRIES {
        let mut list = decoded(was.as_ref())?;
        let (said, changed) = change(&mut list);
        if !changed {
            return Ok(Some(said));
        }
        let now = (!list.is_empty()).then(|| Bytes::from(codec::encode(&list)));
        match store.list_change(ListChange { address, was: was.clone(), now }).await? {
            ListChanged::Ok => return Ok(Some(said)),
            ListChanged::Full => return Ok(None),
            ListChanged::Other(other) => was = other,
        }
    }
    Err(StoreError::Unavailable("an entry of the suppression list went on changing".to_owned()))
}

/// How an entry comes onto the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Putting {
    /// Somebody asks for it: it takes the place of what is there under the same name.
    Asked,
    /// A provider's report asks for it: it changes nothing of what is there.
    Reported,
}

/// What the list has of an address.
#[derive(Debug, Clone)]
pub struct ListedAddress {
    /// Its place in the order of the list.
    pub number: u64,
    /// Its keyed hash.
    pub address: ContactKey,
    /// Its entries.
    pub entries: Suppressions,
}

impl Core {
    /// Follows the list. Called at the start and once a second.
    pub async fn follow_suppressions(&self) -> Answer<()> {
        let mark = self.patiently(Patience::Short, || self.store.list_mark()).await?;
        let known = *self.listed.mark.lock().unwrap_or_else(PoisonError::into_inner);
        if mark == known {
            return Ok(());
        }
        // A number that went back: the store was set back, and what was put on the list since may have numbers that are known.
        let mut after = if mark.number < known.number { 0 } else { known.number.saturating_sub(OVERLAP) };
        loop {
            let page = self.patiently(Patience::Short, || self.store.list_after(after, PAGE)).await?;
            self.listed.add(page.iter().map(|(_, address)| *address));
            match page.last() {
                Some((last, _)) if page.len() == PAGE => after = *last,
                _ => break,
            }
        }
        *self.listed.mark.lock().unwrap_or_else(PoisonError::into_inner) = mark;
        Ok(())
    }

    /// Takes entries off that ended long ago, so that they fill nothing. Says of how many addresses.
    pub async fn tidy_suppressions(&self) -> Answer<u64> {
        let (mut tidied, mut before) = (0, None);
        loop {
            let page = self.suppressions(before, TIDIED_AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(tidied) };
            before = Some(last.number);
            let now = self.store_now();
            let stays = move |entry: &Suppression| !entry.has_ended(now - ENDED);
            for listed in page.iter().filter(|listed| !listed.entries.iter().all(stays)) {
                change(&*self.store, listed.address, |list| ((), list.keep(stays))).await?;
                tidied += 1;
            }
        }
    }

    /// The hash under which the list has an address. It is that of live contacts: an address is one, whoever tries it.
    pub fn listed_as(&self, address: &Address) -> ContactKey {
        self.contact_key(Mode::Live, &address.canonical())
    }

    /// Which key the hashes of this service are made with, without giving it away.
    pub fn hash_key(&self) -> String {
        Meta::of(self.secret.to_vec()).fingerprint
    }

    /// What the list has of an address, asked of the store.
    pub async fn suppressions_of(&self, address: ContactKey) -> Answer<Suppressions> {
        let body = self.patiently(Patience::Short, || self.store.list_find(address)).await?;
        decoded(body.as_ref())
    }

    /// What the list has, the last change first, below a place.
    pub async fn suppressions(&self, before: Option<u64>, n: usize) -> Answer<Vec<ListedAddress>> {
        let items = self.patiently(Patience::Short, || self.store.list_page(before, n)).await?;
        let read = |item: &crate::store::ListItem| {
            let entries = decoded(Some(&item.body))?;
            Ok(ListedAddress { number: item.number, address: item.address, entries })
        };
        items.iter().map(read).collect()
    }

    /// The number of the list's last change.
    pub async fn last_suppression(&self) -> Answer<u64> {
        Ok(self.patiently(Patience::Short, || self.store.list_mark()).await?.number)
    }

    /// What the list has of the addresses that were changed after a number, the first change first; no entries of one that was taken off since.
    pub async fn suppressions_since(&self, after: u64, n: usize) -> Answer<Vec<ListedAddress>> {
        let changed = self.patiently(Patience::Short, || self.store.list_after(after, n)).await?;
        let mut listed = Vec::with_capacity(changed.len());
        for (number, address) in changed {
            listed.push(ListedAddress { number, address, entries: self.suppressions_of(address).await? });
        }
        Ok(listed)
    }

    /// Puts an entry onto the list. It holds here from now on, and everywhere within a second.
    pub async fn put_suppression(&self, address: ContactKey, entry: Suppression, how: Putting) -> Answer<Put> {
        let put = |list: &mut Suppressions| {
            let put = match how {
                Putting::Asked => list.put(entry.clone()),
                Putting::Reported => list.put_if_new(entry.clone()),
            };
            (put, matches!(put, Put::Added | Put::Changed))
        };
        let put = self.patiently(Patience::Short, || change(&*self.store, address, put)).await?;
        let put = put.ok_or_else(|| {
            StoreError::Full(format!("the suppression list has {} addresses, as many as it may have", limits::SUPPRESSIONS))
        })?;
        if put != Put::TooMany {
            self.listed.add(std::iter::once(address));
        }
        Ok(put)
    }

    /// Takes an entry off the list. False if there is none.
    pub async fn take_suppression(&self, address: ContactKey, over: &Over, what: Withheld) -> Answer<bool> {
        let take = |list: &mut Suppressions| {
            let found = list.take(over, what);
            (found, found)
        };
        Ok(self.patiently(Patience::Short, || change(&*self.store, address, take)).await?.unwrap_or(false))
    }

    /// What of the list forbids a message.
    pub(super) async fn suppressed(&self, send: &Send) -> Answer<Option<Suppression>> {
        if self.listed.is_empty() {
            return Ok(None);
        }
        let address = self.listed_as(&send.outbound.to);
        if !self.listed.may_have(address) {
            return Ok(None);
        }
        let list = self.suppressions_of(address).await?;
        Ok(list.against((send.kind, &send.channel), send.marketing, self.store_now()).cloned())
    }

    /// What the list says of the addresses of a contact, for a turn. Where the store does not answer it says nothing: whoever sends asks again.
    pub async fn barred(&self, record: &Record) -> Barred {
        let mut barred = Barred::NOTHING;
        if self.listed.is_empty() {
            return barred;
        }
        let mut seen: Vec<(Address, u8)> = Vec::new();
        for kind in ChannelKind::ALL {
            let Some(address) = record.address(kind) else { continue };
            match seen.iter_mut().find(|(known, _)| *known == address) {
                Some((_, kinds)) => *kinds |= kind.stop_bit(),
                None => seen.push((address, kind.stop_bit())),
            }
        }
        for (address, kinds) in seen {
            let address = self.listed_as(&address);
            if self.listed.may_have(address)
                && let Ok(entries) = self.suppressions_of(address).await
                && !entries.is_empty()
            {
                barred.add(kinds, entries);
            }
        }
        barred
    }

    /// Whoever writes from an address is there: what a provider said to the contrary has ended.
    pub(super) async fn disproved_by(&self, message: &Inbound) {
        if self.listed.is_empty() || matches!(message.content, InboundContent::OptOut { .. }) {
            return;
        }
        let address = self.listed_as(&message.from);
        if !self.listed.may_have(address) {
            return;
        }
        let (kind, channel) = (message.kind, &message.channel);
        let end = |list: &mut Suppressions| {
            let ended = |entry: &Suppression| {
                entry.reason.is_disproved_by_a_message() && entry.over != Over::All && entry.over.concerns(kind, channel)
            };
            let found = list.keep(|entry| !ended(entry));
            (found, found)
        };
        if let Err(error) = self.patiently(Patience::Short, || change(&*self.store, address, end)).await {
            tracing::warn!(%error, "what the suppression list says of somebody who writes could not be looked at");
        }
    }

    /// Whoever was known by their WhatsApp id shows their phone, or gets another id or phone: they are written to there from now on, so what the list
    /// says of the id is said of that, too. What a message ends has ended with this one. An id is nobody else's ever, a phone may be: what comes late
    /// from one that was given up says nothing of whoever has it now.
    pub(super) async fn listed_by_id(&self, message: &Inbound, contact: ContactKey) -> Answer<()> {
        if self.listed.is_empty() {
            return Ok(());
        }
        let (mut ids, to) = match &message.content {
            InboundContent::System { new_user_id, new_wa_id, .. } => {
                // Not every payload says which id it was.
                let known = self.contact(contact).await?.and_then(|found| found.record.user_id);
                let new = [new_user_id.clone().map(Address::Bsuid), new_wa_id.as_deref().map(Address::from_whatsapp)];
                (vec![known], new.into_iter().flatten().collect())
            }
            _ => (Vec::new(), vec![message.from.clone()]),
        };
        ids.push(message.user_id.clone());
        ids.dedup();
        for id in ids.into_iter().flatten() {
            let listed = self.listed_as(&Address::Bsuid(id.clone()));
            let shown = |to: &&Address| matches!(to, Address::Phone(_) | Address::Bsuid(_)) && self.listed_as(to) != listed;
            let to: Vec<&Address> = to.iter().filter(shown).collect();
            if to.is_empty() || !self.listed.may_have(listed) || self.is_from_before(message, contact).await? {
                continue;
            }
            let (entries, now) = (self.suppressions_of(listed).await?, self.store_now());
            let holds = |entry: &&Suppression| !entry.has_ended(now) && !entry.reason.is_disproved_by_a_message();
            for entry in entries.iter().filter(holds) {
                for address in &to {
                    self.put_reported(self.listed_as(address), entry.clone(), &message.channel).await?;
                }
            }
        }
        Ok(())
    }

    /// Whether it was written before a change of number, and names as its writer's what is theirs no more.
    async fn is_from_before(&self, message: &Inbound, contact: ContactKey) -> Answer<bool> {
        if matches!(message.content, InboundContent::System { .. }) {
            return Ok(false);
        }
        Ok(self.contact(contact).await?.is_some_and(|found| found.record.is_from_before(message)))
    }

    /// A complaint: nothing is mailed there any more, whoever the address belongs to.
    pub(super) async fn list_complaint(&self, complaint: &Complaint) -> Answer<()> {
        let Some(address) = &complaint.recipient else { return Ok(()) };
        self.list_reported(address, (complaint.kind, &complaint.channel), SuppressionReason::Complaint).await
    }

    /// A report says for good that nothing arrives at an address.
    pub(super) async fn list_by_report(&self, report: &StatusReport) -> Answer<()> {
        let invalid = report.failure.as_ref().is_some_and(|failure| failure.reason == FailureReason::Invalid);
        let (true, Some(address), Some(channel)) = (invalid, &report.recipient, self.channel(&report.channel)) else {
            return Ok(());
        };
        self.list_invalid(address, (channel.kind, &channel.name)).await
    }

    /// The same of an address at which nothing can arrive.
    pub(super) async fn list_invalid(&self, address: &Address, way: (ChannelKind, &ChannelName)) -> Answer<()> {
        let reason = match address {
            Address::Email(_) => SuppressionReason::HardBounce,
            // Whoever has just written from there has a number: then the provider means something else.
            Address::Phone(_) if self.was_heard(address, way.0).await? => return Ok(()),
            Address::Phone(_) => SuppressionReason::InvalidNumber,
            // Of short codes and ids of users such an answer says little.
            Address::Bsuid(_) | Address::External(_) | Address::Verbatim(_) => return Ok(()),
        };
        self.list_reported(address, way, reason).await
    }

    /// Whether somebody wrote from an address over this kind of channel within a day.
    async fn was_heard(&self, address: &Address, kind: ChannelKind) -> Answer<bool> {
        let Some(found) = self.contact_at(Mode::Live, address).await? else { return Ok(false) };
        let since = self.store_now() + found.record.clock.ahead - HEARD;
        let over = |channel: &ChannelName| self.channel(channel).is_some_and(|channel| channel.kind == kind);
        Ok(found.record.heard.iter().any(|heard| heard.at > since && over(&heard.channel)))
    }

    async fn list_reported(
        &self,
        address: &Address,
        (kind, channel): (ChannelKind, &ChannelName),
        reason: SuppressionReason,
    ) -> Answer<()> {
        let at = self.store_now();
        let until = (reason == SuppressionReason::InvalidNumber).then(|| at + limits::INVALID_NUMBER_STAYS);
        let by = format!("channel:{channel}");
        let entry = Suppression { over: Over::Kind(kind), what: Withheld::Everything, reason, by, at, note: None, until };
        self.put_reported(self.listed_as(address), entry, channel).await
    }

    async fn put_reported(&self, address: ContactKey, entry: Suppression, channel: &ChannelName) -> Answer<()> {
        match self.put_suppression(address, entry, Putting::Reported).await {
            Ok(_) => Ok(()),
            // Nobody who reports can do anything about it.
            Err(StoreError::Full(why)) => {
                tracing::error!(%channel, why, "what a provider reported was not put on the suppression list");
                super::metrics::alert("suppressions_full");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// What of the notes at an address goes when its contact is deleted. The entries stay: they are of the address, and name nobody.
pub(super) async fn forget_notes(store: &dyn Store, address: ContactKey) -> Answer<()> {
    let forget = |list: &mut Suppressions| {
        let found = list.forget_notes();
        (found, found)
    };
    change(store, address, forget).await.map(drop)
}

/// Puts on the list that nothing is sent to an address any more, because its contact is deleted.
pub(super) async fn list_erased(store: &dyn Store, address: ContactKey, by: &str, at: Millis) -> Answer<Put> {
    let reason = SuppressionReason::Erased;
    let entry =
        Suppression { over: Over::All, what: Withheld::Everything, reason, by: by.to_owned(), at, note: None, until: None };
    let put = |list: &mut Suppressions| {
        let put = list.put_if_new(entry.clone());
        (put, matches!(put, Put::Added | Put::Changed))
    };
    let full =
        || StoreError::Full(format!("the suppression list has {} addresses, as many as it may have", limits::SUPPRESSIONS));
    change(store, address, put).await?.ok_or_else(full)
}
