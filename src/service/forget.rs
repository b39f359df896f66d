//! The deletion of a contact with everything that belongs to them. The store's part is one commit on the version that was read; what lies
//! elsewhere (files, stubs of other addresses, what instances remember) follows the journal's `Forgotten`, so that a crash in between
//! leaves nothing behind: who copies the journal does it again before the entry may be trimmed.

use super::aliases::HOPS;
use super::core::{Core, Patience};
use super::holders::{left_places, said_at, said_of};
use super::marks;
use super::metrics;
use super::names::{addresses, anywhere, names_of, reached_at};
use super::ports::Clock;
use super::suppressions::{forget_notes, list_erased};
use super::traces::{Deletion, Traces, goes_with, whoever};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::codec::{self, DecodeError};
use crate::domain::id::ContactKey;
use crate::domain::journal::{Entry, Event};
use crate::domain::limits;
use crate::domain::mode::Mode;
use crate::domain::time::Millis;
use crate::engine::record::Record;
use crate::store::files::FileStore;
use crate::store::{Answer, Emptied, Forget, Forgot, Inspection, JournalItem, JournalRecord, Place, StopMask, Store, StoreError};
use bytes::Bytes;
use serde::Serialize;
use std::future::Future;
use std::time::Duration;

/// How often a contact is read again who goes on changing.
const TRIES: u32 = 50;
/// Between two tries, and before a call of a store that does not answer is repeated.
const PAUSE: Duration = Duration::from_millis(100);

/// What was deleted, without a name or a number: for whoever must show that it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The contact's name in the store: a keyed hash that leads to nobody any more.
    pub contact: ContactKey,
    /// When, by the store's clock, in milliseconds.
    #[serde(skip)]
    pub at: Millis,
    /// Who asked for it.
    pub by: String,
    /// Addresses that it was known by, with those of contacts that had become part of it.
    pub addresses: usize,
    /// Live runs that ended with it.
    pub runs: usize,
    /// Attributes that had a value.
    pub attributes: usize,
    /// Tags.
    pub tags: usize,
    /// Messages and events that were not processed yet.
    pub inputs: u64,
    /// Messages that had not left.
    pub messages: u64,
    /// Requests and reports that were under way.
    pub requests: u64,
    /// What had failed and waited for an operator.
    pub failed: u64,
    /// Files that the contact had sent.
    pub files: u64,
    /// The place where files are kept did not answer: they are deleted when it does.
    pub files_left: bool,
    /// Addresses that are on the suppression list since then, as keyed hashes.
    pub suppressed: usize,
    /// Kinds of channel of which is kept, under a keyed hash of each address, that this person is not to be written to.
    pub opted_out: Vec<ChannelKind>,
}

/// How a deletion ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erased {
    /// It is done.
    Done(Box<Receipt>),
    /// There is no such contact.
    Nobody,
    /// The contact is just becoming part of another, or another of it: the same may be asked again in a moment.
    Merging,
}

/// What a deletion needs, also beside a running service.
pub struct Eraser<'a> {
    /// Where contacts are.
    pub store: &'a dyn Store,
    /// For pauses.
    pub clock: &'a dyn Clock,
    /// Where files are that contacts sent.
    pub media: Option<&'a dyn FileStore>,
    /// Whether nothing is kept of the opt-outs of test contacts: whoever tries something begins anew.
    pub forgets_stops: bool,
    /// Whether the addresses go onto the suppression list.
    pub suppresses: bool,
}

impl Eraser<'_> {
    /// Deletes a contact. An address that leads to a contact stands for that contact.
    pub async fn erase(&self, contact: ContactKey, by: &str) -> Answer<Erased> {
        let secret = self.surely(|| self.store.meta()).await?.contact_secret;
        let (mut key, mut before) = (contact, None);
        for _ in 0..TRIES {
            let Some(seen) = self.surely(|| self.store.inspect(key)).await? else {
                // Perhaps by a call of ours whose answer was lost.
                return match before.take() {
                    Some(begun) => self.finish(begun, &secret).await,
                    None => Ok(Erased::Nobody),
                };
            };
            match seen.place {
                Place::Here => {}
                Place::Moving(_) => return Ok(Erased::Merging),
                Place::Moved(to) => {
                    key = to;
                    continue;
                }
            }
            let record: Record = match Record::decode(&seen.record.blob) {
                Ok(record) => record,
                // It says whom else to look for, which only whoever reads it knows.
                Err(error @ DecodeError::Newer(_)) => return Err(StoreError::Bug(format!("the contact was {error}"))),
                // What cannot be read is deleted all the same.
                Err(DecodeError::Broken(_)) => Record::default(),
            };
            if record.leaving.is_some() || self.is_awaited(key, &record.coming).await? {
                return Ok(Erased::Merging);
            }
            let (forget, begun) = self.prepare(key, by, &seen, record, &secret).await?;
            before = Some(begun);
            match self.surely(|| self.store.forget(forget.clone())).await? {
                Forgot::Done(emptied) => {
                    let mut begun = before.take().ok_or_else(|| StoreError::Bug("a deletion without a beginning".to_owned()))?;
                    begun.emptied = emptied;
                    return self.finish(begun, &secret).await;
                }
                // Something happened to the contact meanwhile: look again.
                Forgot::Stale => self.clock.sleep(PAUSE).await,
                Forgot::Gone => {}
                Forgot::Moving(_) => return Ok(Erased::Merging),
                Forgot::Moved(to) => key = to,
            }
        }
        Err(StoreError::Unavailable("the contact went on changing while it was to be deleted".to_owned()))
    }

    /// Everything that the store must know, and what is kept of the person beforehand.
    async fn prepare(
        &self,
        key: ContactKey,
        by: &str,
        seen: &Inspection,
        record: Record,
        secret: &[u8],
    ) -> Answer<(Forget, Begun)> {
        let now = self.surely(|| self.store.now()).await?;
        // The header's: whoever was not processed yet may have begun as somebody who opted out.
        let said = seen.record.stop;
        // An opt-out in test says nothing of who is meant at the same address.
        let mode = codec::mode_of(&seen.record.blob);
        let anew = self.forgets_stops && mode == Mode::Test;
        let stop = if anew { StopMask::NONE } else { said };
        let known: Vec<(ContactKey, StopMask)> = addresses(&record)
            .map(|address| (ContactKey::of(mode, secret, &address.canonical()), reached_at(&address)))
            .collect();
        let addresses: Vec<ContactKey> = known.iter().map(|(address, _)| *address).collect();
        let holders = self.holders(key, &record, secret).await?;
        self.let_pass(key, seen, &record, &holders).await?;
        if mode == Mode::Live {
            self.bar_what_waits(key, &record, secret).await?;
        }
        let others = record.merged.iter().filter(|merged| !addresses.contains(merged)).map(|merged| (*merged, anywhere()));
        // Before the record is gone: as long as it is there it says the same itself.
        for (address, reaches) in known.iter().copied().chain(others).filter(|(address, _)| *address != key) {
            // What was kept of an address that leads here is in the record since then, and perhaps taken back. Of one that is only known
            // somebody else may have opted out.
            let kept = self.surely(|| self.store.suppressed(address)).await?;
            let stop = stop.bits() & reaches.bits();
            let bits = if anew || record.merged.contains(&address) { stop } else { kept.bits() | stop };
            let bits = bits | said_at(&holders, address);
            if bits != kept.bits() {
                self.surely(|| self.store.suppress(address, StopMask::from_bits(bits))).await?;
            }
        }
        let listed = if mode == Mode::Live { self.list(&record, by, now, secret).await? } else { 0 };
        let own = self.surely(|| self.store.own_lanes(key)).await?;
        let (mut lanes, mut on_the_way) = (Vec::new(), Vec::new());
        let names = names_of(key, &record.merged);
        for effect in own.iter().filter(|effect| goes_with(effect, &names, secret)).take(limits::LANES_FORGOTTEN) {
            lanes.push((effect.id, effect.set.clone()));
            on_the_way.push(marks::reply(effect.id).0);
        }
        // What is more than that is dropped when nothing new can come.
        let mut failed = self.surely(|| self.store.failed_of(key)).await?;
        failed.truncate(limits::FAILED_FORGOTTEN);
        let entry = |contact: ContactKey| {
            let token = marks::forgotten(contact, seen.record.token);
            Bytes::from(codec::encode_in(mode, &Entry { contact, token, at: now, events: vec![Event::Forgotten] }))
        };
        let journal = [key].iter().chain(&record.merged).map(|contact| entry(*contact)).collect();
        let live = record.live().into_iter().map(|(version, n)| (version, -n)).collect();
        // All those names lead here, and whoever writes under one of them begins here as long as they do.
        let own = StopMask::from_bits(stop.bits() | said_of(&holders));
        let forget =
            Forget { contact: key, expect: seen.record.token, journal, stop: own, seen: on_the_way, lanes, failed, live };
        let receipt = Receipt {
            contact: key,
            at: now,
            by: by.to_owned(),
            addresses: addresses.len() + record.merged.iter().filter(|merged| !addresses.contains(merged)).count(),
            runs: record.runs.len(),
            attributes: record.attributes.len(),
            tags: record.tags.len(),
            inputs: 0,
            messages: 0,
            requests: 0,
            failed: 0,
            files: 0,
            files_left: false,
            suppressed: listed,
            opted_out: ChannelKind::ALL.into_iter().filter(|kind| stop.stops(*kind)).collect(),
        };
        let emptied = Emptied {
            inputs: seen.mailbox.len() as u64,
            messages: seen.lane.len() as u64,
            lanes: forget.lanes.len() as u64,
            failed: forget.failed.len() as u64,
        };
        Ok((forget, Begun { receipt, emptied, names, mode }))
    }

    /// What the suppression list says of a person's addresses names nobody, and stays; only notes go, which people wrote. Gives how many
    /// addresses are put there.
    async fn list(&self, record: &Record, by: &str, now: Millis, secret: &[u8]) -> Answer<usize> {
        let reached = addresses(record).filter(|address| !matches!(address, Address::External(_)));
        let own = reached.map(|address| ContactKey::derive(secret, &address.canonical()));
        // What was given up is of somebody else by now.
        let left = left_places(record, secret);
        let mut hashes: Vec<ContactKey> = own.chain(record.merged.iter().copied()).filter(|hash| !left.contains(hash)).collect();
        hashes.sort();
        hashes.dedup();
        for hash in &hashes {
            self.surely(|| forget_notes(self.store, *hash)).await?;
            if self.suppresses {
                self.surely(|| list_erased(self.store, *hash, by, now)).await?;
            }
        }
        Ok(if self.suppresses { hashes.len() } else { 0 })
    }

    async fn finish(&self, begun: Begun, secret: &[u8]) -> Answer<Erased> {
        let Begun { mut receipt, emptied, names, mode } = begun;
        let when = Deletion { at: receipt.at, mode };
        let Emptied { inputs, messages, lanes, failed } = emptied;
        (receipt.inputs, receipt.messages, receipt.requests, receipt.failed) = (inputs, messages, lanes, failed);
        for contact in &names {
            match self.follow(*contact, &names, secret, when).await {
                Ok(Traces { requests, failed, files, files_left }) => {
                    receipt.requests += requests;
                    receipt.failed += failed;
                    receipt.files += files;
                    if let Some(until) = files_left {
                        self.note_files(*contact, until, secret).await;
                        receipt.files_left = true;
                    }
                }
                // The contact is gone, and whoever asked must have that in writing: the rest follows the journal.
                Err(error) => {
                    tracing::error!(contact = %receipt.contact, %error, "what is left of a deleted contact goes later");
                    metrics::alert("traces_left");
                }
            }
        }
        Ok(Erased::Done(Box::new(receipt)))
    }

    /// Repeats a call whose answer was lost: each may be repeated with the same arguments.
    pub(super) async fn surely<T, F: Future<Output = Answer<T>>>(&self, call: impl Fn() -> F) -> Answer<T> {
        let begun = self.clock.monotonic();
        loop {
            match call().await {
                Err(StoreError::Unavailable(_)) if self.clock.monotonic().saturating_sub(begun) < PAUSE * 100 => {
                    self.clock.sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
    }
}

/// A deletion that has begun.
struct Begun {
    receipt: Receipt,
    emptied: Emptied,
    /// All that the contact was known by.
    names: Vec<ContactKey>,
    mode: Mode,
}

impl Core {
    /// Deletes a contact with everything that belongs to them.
    pub async fn forget(&self, contact: ContactKey, by: &str) -> Answer<Erased> {
        self.forget_by(&self.eraser(), contact, by).await
    }

    /// The same, and nothing is written to their addresses any more.
    pub async fn forget_and_suppress(&self, contact: ContactKey, by: &str) -> Answer<Erased> {
        let erased = self.forget_by(&Eraser { suppresses: true, ..self.eraser() }, contact, by).await?;
        self.follow_suppressions().await?;
        Ok(erased)
    }

    async fn forget_by(&self, eraser: &Eraser<'_>, contact: ContactKey, by: &str) -> Answer<Erased> {
        let erased = eraser.erase(contact, by).await?;
        if let Erased::Done(receipt) = &erased {
            tracing::info!(contact = %receipt.contact, "a contact was deleted");
            self.forget_here(receipt.contact);
        }
        Ok(erased)
    }

    pub(super) fn eraser(&self) -> Eraser<'_> {
        let media = self.settings.files.as_ref().map(|files| &*files.store);
        Eraser { store: &*self.store, clock: &*self.clock, media, forgets_stops: false, suppresses: false }
    }

    /// What this instance remembers of a contact.
    fn forget_here(&self, contact: ContactKey) {
        self.feed.forget(contact);
        self.aliases.forget(contact);
        for told in self.forgetters.lock().unwrap_or_else(std::sync::PoisonError::into_inner).iter() {
            told(contact);
        }
    }

    /// Who else in this process remembers contacts is told of each that was deleted.
    pub fn when_forgotten(&self, told: impl Fn(ContactKey) + Send + Sync + 'static) {
        self.forgetters.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(Box::new(told));
    }

    /// Before entries of the journal are left behind: what must follow the deletions among them. Gives whose files could not be deleted yet, and until
    /// when files count.
    pub(super) async fn follow_deletions(&self, items: &[JournalItem]) -> Answer<Vec<(ContactKey, Millis)>> {
        let mut owed = Vec::new();
        for item in items {
            let JournalRecord::Entry(body) = &item.record else { continue };
            // Most entries are no deletion, and need not be read for this.
            if body.len() > SHORT {
                continue;
            }
            let Ok((mode, Entry { contact, at, events, .. })) = codec::decode_in::<Entry>(body) else { continue };
            if events == [Event::Forgotten] {
                let traces = self.eraser().follow(contact, &[contact], &self.secret, Deletion { at, mode }).await?;
                owed.extend(traces.files_left.map(|until| (contact, until)));
                self.forget_here(contact);
            }
        }
        Ok(owed)
    }

    /// Whether whoever is at an address, or was before they were deleted, wants no messages of this kind.
    pub(super) async fn wants_none(&self, address: ContactKey, kind: ChannelKind) -> Answer<bool> {
        let stop = match self.seen(address).await? {
            Some((_, seen)) => seen.record.stop,
            None => self.store.suppressed(address).await?,
        };
        Ok(stop.stops(kind))
    }

    /// Whether a contact is not there.
    pub(super) async fn is_gone(&self, contact: ContactKey) -> bool {
        matches!(self.patiently(Patience::Short, || whoever(&*self.store, contact)).await, Ok(None))
    }

    /// Somebody who is not there wants no messages of this kind: should they ever be, they begin so. Whoever was deleted begins at the end of the
    /// stubs that lead there, as long as these stand, and at the address itself afterwards.
    pub(super) async fn keep_opt_out(&self, address: ContactKey, kind: ChannelKind) -> Answer<()> {
        let mut at = address;
        for _ in 0..HOPS {
            let kept = self.patiently(Patience::Short, || self.store.suppressed(at)).await?;
            let stop = StopMask::from_bits(kept.bits() | kind.stop_bit());
            self.patiently(Patience::Short, || self.store.suppress(at, stop)).await?;
            match self.patiently(Patience::Short, || self.store.inspect(at)).await? {
                Some(Inspection { place: Place::Moved(to), .. }) => at = to,
                _ => break,
            }
        }
        Ok(())
    }
}

/// Bytes of an entry that says of a contact only that it was deleted, at most.
pub(super) const SHORT: usize = 256;
