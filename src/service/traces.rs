//! What is left of a deleted contact outside of its own keys, and what of other contacts is on its way to one that is to be deleted.

use super::aliases::HOPS;
use super::forget::Eraser;
use super::marks;
use super::media::{Owner, owed};
use crate::domain::codec;
use crate::domain::id::{ContactKey, Token, Who};
use crate::domain::input::Input;
use crate::domain::journal::Entry;
use crate::domain::merge::Merge;
use crate::domain::mode::Mode;
use crate::domain::time::{Millis, Span};
use crate::engine::effect::{Effect, Moving};
use crate::engine::record::Record;
use crate::store::{
    Answer, FailedKey, Inspection, Lane, LaneKey, Outgoing, Place, Settle, SettleResult, Store, StoreError, WorkSet,
};
use bytes::Bytes;

/// A deletion: when it was, and in which mode what is told of it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    /// When.
    pub at: Millis,
    /// That of the contact.
    pub mode: Mode,
}

/// What went with a contact that was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traces {
    /// Requests and reports that were under way.
    pub requests: u64,
    /// What had failed and waited for an operator.
    pub failed: u64,
    /// Files.
    pub files: u64,
    /// Files that were written until then could not be deleted yet: they are when the place where they are kept answers.
    pub files_left: Option<Millis>,
}

/// Whoever is at an address, asked of the store itself: what an instance remembers of stubs may be older than a deletion.
pub async fn whoever(store: &dyn Store, address: ContactKey) -> Answer<Option<(ContactKey, Inspection)>> {
    let mut at = address;
    for _ in 0..HOPS {
        match store.inspect(at).await? {
            Some(Inspection { place: Place::Moved(to), .. }) => at = to,
            Some(seen) => return Ok(Some((at, seen))),
            None => return Ok(None),
        }
    }
    Err(StoreError::Bug("a chain of merged contacts does not end".to_owned()))
}

/// Whether an effect goes with its contact, which is known by these names: what is about them and for nobody else here. Alerts, what goes to
/// other contacts and the answer to one who waits for it end by themselves.
pub fn goes_with(effect: &Outgoing, names: &[ContactKey], secret: &[u8]) -> bool {
    let mode = codec::mode_of(&effect.body);
    match codec::decode_in::<Effect>(&effect.body).map(|(_, effect)| effect) {
        Ok(Effect::Call(_) | Effect::Fetch(_) | Effect::Desk(_) | Effect::Hook(_) | Effect::Send(_)) => true,
        Ok(Effect::Move(step)) => !matches!(*step, Moving::Refuse { .. } | Moving::GiveOn { .. }),
        Ok(Effect::Post(post)) => {
            let to = post.to.address().map(|address| ContactKey::of(mode, secret, &address.canonical()));
            to.is_some_and(|to| names.contains(&to))
        }
        Ok(Effect::Pass(_) | Effect::Raise(_) | Effect::Tell(_)) => false,
        Err(_) => effect.set == WorkSet::Call,
    }
}

impl Eraser<'_> {
    /// What lies outside of the deleted contact's own keys: the stub that led to it, what was on its way in the name of a contact that had become
    /// part of it, what failed, and files. It may be done again at any time, also when somebody has begun anew under that name. `names` are all
    /// by which it was known, as far as the caller knows them.
    pub async fn follow(&self, contact: ContactKey, names: &[ContactKey], secret: &[u8], when: Deletion) -> Answer<Traces> {
        let mut gone = Traces::default();
        let stub = self.end_stub(contact).await?;
        // Read before it is asked whether somebody is there: of nobody it can only be the deleted one's.
        let own = self.surely(|| self.store.own_lanes(contact)).await?;
        let failed = self.surely(|| self.store.failed_of(contact)).await?;
        let anew = !stub && self.surely(|| self.store.inspect(contact)).await?.is_some();
        if !anew {
            for effect in own.iter().filter(|effect| goes_with(effect, names, secret)) {
                self.end_lane(contact, effect, when).await?;
                gone.requests += 1;
            }
            gone.failed = self.drop_failed(failed, when).await?;
        }
        if let Some(files) = self.media {
            let until = anew.then(|| owed::moment(when.at));
            let owner = Owner::of(secret, contact);
            match files.delete_beginning(owner.beginning(), until).await {
                Ok(deleted) => gone.files = deleted,
                // Nothing else waits for a bucket that is away: what it has of them is deleted when it is back. What comes from now on is of
                // somebody who begins anew under that name.
                Err(error) => {
                    tracing::error!(%contact, %error, "files of a deleted contact go later");
                    super::metrics::alert("file_not_deleted");
                    gone.files_left = Some(if anew { when.at } else { self.clock.wall() });
                }
            }
        }
        Ok(gone)
    }

    /// Notes beside the files that some are to be deleted. The journal comes to the same, and remembers it where every instance looks.
    pub(super) async fn note_files(&self, contact: ContactKey, until: Millis, secret: &[u8]) {
        let Some(files) = self.media else { return };
        if let Err(error) = owed::owe(files, Owner::of(secret, contact).beginning(), Some(owed::moment(until))).await {
            tracing::warn!(%contact, %error, "that files are to be deleted is not noted beside them");
        }
    }

    /// Lets a stub fade that leads to nobody any more, over however many others. Says whether there is one: then all that is there in its name
    /// is older than the stub.
    async fn end_stub(&self, contact: ContactKey) -> Answer<bool> {
        let Some(Inspection { place: Place::Moved(to), .. }) = self.surely(|| self.store.inspect(contact)).await? else {
            return Ok(false);
        };
        if self.surely(|| whoever(self.store, to)).await?.is_none() {
            self.surely(|| self.store.unlink(contact, to)).await?;
        }
        Ok(true)
    }

    async fn end_lane(&self, contact: ContactKey, effect: &Outgoing, when: Deletion) -> Answer<()> {
        let entry = Entry { contact, token: marks::gone(effect.id), at: when.at, events: Vec::new() };
        let journal = Bytes::from(codec::encode_in(when.mode, &entry));
        let settle = Settle {
            lane: LaneKey { contact, lane: Lane::Own(effect.id) },
            set: effect.set.clone(),
            id: effect.id,
            attempt: effect.attempts,
            result: SettleResult::Done,
            journal,
            reply: None,
            take: Vec::new(),
            gap: Span::millis(0),
            who: Who(0),
            instead: None,
        };
        self.surely(|| self.store.settle(settle.clone())).await.map(|_| ())
    }

    /// Drops what failed visibly, and says how much it was.
    async fn drop_failed(&self, items: Vec<FailedKey>, when: Deletion) -> Answer<u64> {
        let mut dropped = 0;
        for item in items {
            let (FailedKey::Effect(contact, _) | FailedKey::Input(contact, _)) = item;
            let token = marks::forgotten(contact, Token(u64::try_from(when.at.0).unwrap_or(0)));
            let entry = Entry { contact, token, at: when.at, events: Vec::new() };
            let journal = Bytes::from(codec::encode_in(when.mode, &entry));
            dropped += u64::from(self.surely(|| self.store.failed_drop(item, journal.clone())).await?);
        }
        Ok(dropped)
    }

    /// Whether one of those who were asked to become part of a contact is on the way, or will still answer. Whoever was deleted meanwhile does
    /// neither, and must not keep the other one from being deleted.
    pub(super) async fn is_awaited(&self, contact: ContactKey, coming: &[ContactKey]) -> Answer<bool> {
        if coming.is_empty() {
            return Ok(false);
        }
        let own = self.surely(|| self.store.own_lanes(contact)).await?;
        for asked in coming {
            let invited = |step: &Moving| matches!(step, Moving::Invite { from, .. } if from == asked);
            if own.iter().any(|effect| is_step(effect, invited)) || self.is_coming(*asked, contact).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn is_coming(&self, asked: ContactKey, into: ContactKey) -> Answer<bool> {
        let Some((at, seen)) = self.surely(|| whoever(self.store, asked)).await?.filter(|(at, _)| *at != into) else {
            return Ok(false);
        };
        let leaves = Record::decode(&seen.record.blob).is_ok_and(|record| record.leaving == Some(into));
        if leaves || seen.place == Place::Moving(into) {
            return Ok(true);
        }
        let is_asked = |step: &Merge| matches!(step, Merge::Come { into: to, .. } if *to == into);
        let step = |body: &Bytes| matches!(codec::decode_in::<Input>(body), Ok((_, Input::Merge(step))) if is_asked(&step));
        if seen.mailbox.iter().any(|entry| step(&entry.body)) {
            return Ok(true);
        }
        let answers = |step: &Moving| matches!(step, Moving::Refuse { to, .. } if *to == into);
        let own = self.surely(|| self.store.own_lanes(at)).await?;
        Ok(own.iter().any(|effect| is_step(effect, answers)))
    }
}

fn is_step(effect: &Outgoing, is: impl Fn(&Moving) -> bool) -> bool {
    matches!(codec::decode_in::<Effect>(&effect.body), Ok((_, Effect::Move(step))) if is(&step))
}
