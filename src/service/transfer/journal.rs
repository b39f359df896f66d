//! The journal of a store that is moved: all its shards as one.

use super::{READ, SUBSCRIBER};
use crate::domain::codec;
use crate::domain::id::ContactKey;
use crate::domain::journal::Entry;
use crate::store::transfer::{EntryMoved, Transfer};
use crate::store::{Answer, JournalId, JournalItem, JournalRecord};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, VecDeque};

/// The journals of a store's shards as one, by time: what is said of one contact stays in its order, and so does what is said of two who became one.
pub(super) struct Journal<'a> {
    store: &'a dyn Transfer,
    shards: Vec<Shard>,
}

struct Shard {
    after: JournalId,
    next: VecDeque<JournalItem>,
    ended: bool,
}

impl<'a> Journal<'a> {
    /// What is not in the record yet, after what was copied before.
    pub(super) async fn unread(store: &'a dyn Transfer, copied: &BTreeMap<u8, String>) -> Answer<Self> {
        let mut shards = Vec::new();
        for shard in 0..store.store().shards() {
            let copied = copied.get(&shard).and_then(|id| JournalId::parse(id));
            let after = match copied {
                Some(after) => after,
                None => store.store().cursor(shard, SUBSCRIBER).await?,
            };
            shards.push(Shard { after, next: VecDeque::new(), ended: false });
        }
        Ok(Journal { store, shards })
    }

    /// All that there is.
    pub(super) fn whole(store: &'a dyn Transfer) -> Self {
        let shard = |_| Shard { after: JournalId::START, next: VecDeque::new(), ended: false };
        Journal { store, shards: (0..store.store().shards()).map(shard).collect() }
    }

    pub(super) async fn next(&mut self) -> Answer<Option<EntryMoved>> {
        let mut first: Option<(JournalId, usize)> = None;
        for (n, shard) in self.shards.iter_mut().enumerate() {
            if shard.next.is_empty() && !shard.ended {
                let number = u8::try_from(n).unwrap_or(0);
                shard.next = self.store.store().read_journal(number, shard.after, READ).await?.into();
                shard.ended = shard.next.len() < READ;
                shard.after = shard.next.back().map_or(shard.after, |last| last.id);
            }
            let head = shard.next.front().map(|item| (item.id, n));
            first = first.into_iter().chain(head).min();
        }
        let Some((_, n)) = first else { return Ok(None) };
        let Some(item) = self.shards[n].next.pop_front() else { return Ok(None) };
        Ok(Some(EntryMoved { contact: owner(&item), shard: u8::try_from(n).unwrap_or(0), item }))
    }
}

/// Whose an entry is.
fn owner(item: &JournalItem) -> Option<ContactKey> {
    match &item.record {
        JournalRecord::Overflow { contact, .. } => Some(*contact),
        JournalRecord::Entry(body) => codec::decode_in::<Entry>(body).ok().map(|(_, entry)| entry.contact),
    }
}

/// How many entries there are, and a sum of their hashes, which does not depend on their order.
pub(super) async fn sum(journal: &mut Journal<'_>) -> Answer<(u64, u128)> {
    let (mut n, mut sum) = (0, 0u128);
    while let Some(entry) = journal.next().await? {
        let mut hash = Sha256::new();
        match &entry.item.record {
            JournalRecord::Entry(body) => hash.update(body),
            JournalRecord::Overflow { contact, entry } => {
                hash.update(contact.as_str());
                hash.update(entry.id.to_string());
                hash.update(&entry.body);
            }
        }
        let mut first = [0; 16];
        first.copy_from_slice(&hash.finalize()[..16]);
        (n, sum) = (n + 1, sum.wrapping_add(u128::from_be_bytes(first)));
    }
    Ok((n, sum))
}
