//! The journal and its subscribers; what failed.

use super::scripts::Script;
use super::wire::{read_effect, read_entry};
use super::{RedisStore, keys};
use crate::domain::id::ContactKey;
use crate::domain::time::Millis;
use crate::store::{
    Advance, Advanced, Answer, Entry, FailedBody, FailedItem, FailedKey, JournalId, JournalItem, JournalRecord, Lane, LaneKey,
    StoreError,
};
use bytes::Bytes;

type StreamEntry = (String, Vec<(String, Vec<u8>)>);

fn bug(what: &str) -> StoreError {
    StoreError::Bug(format!("Redis holds something unreadable: {what}"))
}

/// What one step of a look through what failed gives, about.
const STEP: usize = 500;

fn contact(bytes: &[u8]) -> Answer<ContactKey> {
    std::str::from_utf8(bytes).ok().and_then(ContactKey::parse).ok_or_else(|| bug("a contact's key"))
}

fn read_item((id, fields): StreamEntry) -> Answer<JournalItem> {
    let id = JournalId::parse(&id).ok_or_else(|| bug("a journal entry's id"))?;
    let record = match fields.into_iter().next() {
        Some((name, value)) if name == "b" => JournalRecord::Entry(Bytes::from(value)),
        Some((name, value)) if name == "o" && value.len() > 22 => {
            JournalRecord::Overflow { contact: contact(&value[..22])?, entry: read_entry(&value[22..])? }
        }
        _ => return Err(bug("a journal entry")),
    };
    Ok(JournalItem { id, record })
}

/// A failed effect's lane and header, or a set-aside input.
enum Failed<'a> {
    Effect(LaneKey, &'a [u8]),
    Input(ContactKey, Entry),
}

fn read_failed(value: &[u8]) -> Answer<Failed<'_>> {
    match value.first() {
        Some(b'E') if value.len() > 59 => {
            let effect = read_effect(&value[24..])?;
            let lane = if value[23] == b'1' { Lane::Own(effect.id) } else { Lane::Contact };
            Ok(Failed::Effect(LaneKey { contact: contact(&value[1..23])?, lane }, &value[24..]))
        }
        Some(b'I') if value.len() > 23 => Ok(Failed::Input(contact(&value[1..23])?, read_entry(&value[23..])?)),
        _ => Err(bug("something that failed")),
    }
}

/// What something that failed is named by.
pub(super) fn failed_key(value: &[u8]) -> Answer<FailedKey> {
    Ok(match read_failed(value)? {
        Failed::Effect(lane, effect) => FailedKey::Effect(lane.contact, read_effect(effect)?.id),
        Failed::Input(contact, entry) => FailedKey::Input(contact, entry.id),
    })
}

impl RedisStore {
    pub(super) async fn do_read_journal(&self, shard: u8, after: JournalId, count: usize) -> Answer<Vec<JournalItem>> {
        let mut command = redis::cmd("XRANGE");
        command.arg(keys::shard("j", shard)).arg(format!("({after}")).arg("+").arg("COUNT").arg(count);
        let entries: Vec<StreamEntry> = self.link.query(&command).await?;
        entries.into_iter().map(read_item).collect()
    }

    pub(super) async fn do_cursor(&self, shard: u8, subscriber: &str) -> Answer<JournalId> {
        let at: Option<String> = self.link.query(redis::cmd("HGET").arg(keys::shard("jc", shard)).arg(subscriber)).await?;
        match at {
            None => Ok(JournalId::START),
            Some(text) => JournalId::parse(&text).ok_or_else(|| bug("a subscriber's cursor")),
        }
    }

    pub(super) async fn do_advance(&self, advance: &Advance) -> Answer<Advanced> {
        let names = [keys::shard("jc", advance.shard), keys::shard("j", advance.shard)];
        let mut call = self.link.script(Script::Advance, &names);
        call.text(&advance.subscriber).text(advance.from).text(advance.to).flag(advance.guard);
        let mut answer = self.link.call(&call).await?;
        match answer.text()?.as_str() {
            "ok" => Ok(Advanced::Ok),
            _ => Ok(Advanced::Stale(JournalId::parse(&answer.text()?).ok_or_else(|| bug("a subscriber's cursor"))?)),
        }
    }

    pub(super) async fn do_failed_since(&self, since: Millis, n: usize) -> Answer<(Vec<FailedItem>, bool)> {
        let mut pipeline = redis::pipe();
        for shard in 0..keys::SHARDS {
            let range = pipeline.cmd("ZRANGE").arg(keys::shard("xt", shard)).arg(since.0).arg("+inf").arg("BYSCORE");
            range.arg("LIMIT").arg(0).arg(n.saturating_add(1)).arg("WITHSCORES");
        }
        let heads: Vec<Vec<(String, f64)>> = self.link.pipeline(&pipeline).await?;
        let of_shard =
            |(shard, head): (u8, Vec<(String, f64)>)| head.into_iter().map(move |(id, at)| (Millis(at as i64), shard, id));
        let mut oldest: Vec<(Millis, u8, String)> = (0..keys::SHARDS).zip(heads).flat_map(of_shard).collect();
        oldest.sort();
        let more = oldest.len() > n;
        oldest.truncate(n);
        // Those of a shard stand together, so that each shard is asked once.
        oldest.sort_by_key(|(_, shard, _)| *shard);
        let mut items = Vec::with_capacity(oldest.len());
        for same in oldest.chunk_by(|a, b| a.1 == b.1) {
            let mut command = redis::cmd("HMGET");
            command.arg(keys::shard("x", same[0].1));
            same.iter().for_each(|(_, _, id)| {
                command.arg(id);
            });
            let values: Vec<Option<Vec<u8>>> = self.link.query(&command).await?;
            for ((at, ..), value) in same.iter().zip(values) {
                // Retried or dropped since the first look.
                let Some(value) = value else { continue };
                items.push(self.failed_item(&value, *at).await?);
            }
        }
        items.sort_by_key(|item| item.at);
        Ok((items, more))
    }

    /// Looks through all of the contact's shard, as no script may.
    pub(super) async fn do_failed_of(&self, contact: ContactKey) -> Answer<Vec<FailedKey>> {
        let mut found: Vec<FailedKey> = Vec::new();
        let mut cursor = "0".to_owned();
        loop {
            let mut command = redis::cmd("HSCAN");
            command.arg(keys::shard("x", contact.shard())).arg(&cursor).arg("COUNT").arg(STEP);
            let (next, items): (String, Vec<(String, Vec<u8>)>) = self.link.query(&command).await?;
            for (_, value) in items {
                // Who it is stands at one place, whatever it is.
                if value.get(1..23) != Some(contact.as_str().as_bytes()) {
                    continue;
                }
                let key = failed_key(&value)?;
                // What moves while it is looked through may be seen twice.
                if !found.contains(&key) {
                    found.push(key);
                }
            }
            if next == "0" {
                return Ok(found);
            }
            cursor = next;
        }
    }

    pub(super) async fn failed_item(&self, value: &[u8], at: Millis) -> Answer<FailedItem> {
        match read_failed(value)? {
            Failed::Effect(lane, effect) => {
                let raw = read_effect(effect)?;
                let set = self.sets.resolve(&self.link, &raw.set).await?;
                let body = FailedBody::Effect { lane, set, attempts: raw.attempt, body: raw.body };
                Ok(FailedItem { key: FailedKey::Effect(lane.contact, raw.id), at, body })
            }
            Failed::Input(contact, entry) => {
                Ok(FailedItem { key: FailedKey::Input(contact, entry.id), at, body: FailedBody::Input(entry) })
            }
        }
    }

    pub(super) async fn do_failed_retry(&self, key: FailedKey, journal: &Bytes) -> Answer<bool> {
        let shard = key.contact().shard();
        let value: Option<Vec<u8>> = self.link.query(redis::cmd("HGET").arg(keys::shard("x", shard)).arg(key.field())).await?;
        let Some(value) = value else { return Ok(false) };
        let mut names = vec![keys::shard("x", shard), keys::shard("xt", shard), keys::shard("j", shard)];
        let script = match read_failed(&value)? {
            Failed::Effect(lane, effect) => {
                let set = self.sets.resolve(&self.link, &read_effect(effect)?.set).await?;
                names.extend([keys::lane(lane), keys::work(shard, &set)]);
                Script::FailedEffect
            }
            Failed::Input(contact, _) => {
                names.extend([keys::contact('r', contact), keys::contact('m', contact), keys::shard("a", shard)]);
                Script::FailedInput
            }
        };
        let mut call = self.link.script(script, &names);
        call.text(key.field()).bytes(value).bytes(&journal[..]);
        Ok(self.link.call(&call).await?.text()? == "ok")
    }

    pub(super) async fn do_failed_drop(&self, key: FailedKey, journal: &Bytes) -> Answer<bool> {
        let shard = key.contact().shard();
        let names = [keys::shard("x", shard), keys::shard("xt", shard), keys::shard("j", shard)];
        let mut call = self.link.script(Script::FailedDrop, &names);
        call.text(key.field()).bytes(&journal[..]);
        Ok(self.link.call(&call).await?.text()? == "ok")
    }
}
