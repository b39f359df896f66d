//! Moving a store: writing what is kept, marks, and the contract.

use super::transfer_read::request_shard;
use super::wire::{stop_letter, write_begun, write_entry, write_record};
use super::{RedisStore, keys, publications};
use crate::domain::id::ContactKey;
use crate::domain::name::Slug;
use crate::domain::time::Millis;
use crate::store::pace::{HOUR, HOURS};
use crate::store::transfer::{
    ContactKept, EntryMoved, FlowKept, LaneKept, Mark, Name, Names, RequestKept, SeenKept, Thing, Transfer,
};
use crate::store::{Answer, FailedBody, FailedItem, JournalRecord, Lane, LaneKey, Store, StoreError};
use async_trait::async_trait;
use bytes::Bytes;
use redis::{Pipeline, Value};

/// Members of one command.
const AT_ONCE: usize = 1_000;

fn meta() -> String {
    format!("{}meta", keys::PREFIX)
}

/// A list from these items alone.
fn list(pipeline: &mut Pipeline, command: &str, key: &str, items: impl Iterator<Item = Vec<u8>>) {
    pipeline.cmd("UNLINK").arg(key);
    let items: Vec<Vec<u8>> = items.collect();
    for part in items.chunks(AT_ONCE) {
        pipeline.cmd(command).arg(key).arg(part);
    }
}

fn write(pipeline: &mut Pipeline, now: Millis, name: &Name, thing: &Thing) -> Answer<()> {
    match (name, thing) {
        (Name::Set(set), Thing::Set) => {
            pipeline.cmd("HSET").arg(super::sets::key()).arg(&set.short()[..]).arg(set.to_string());
        }
        (Name::Version(id), Thing::Version(content)) => {
            pipeline.cmd("SET").arg(keys::version(*id)).arg(&content[..]);
        }
        (Name::Flow(flow), Thing::Flow(kept)) => write_flow(pipeline, flow, kept),
        (Name::Live(id), Thing::Live(n)) => {
            // Only the sum over all shards counts.
            pipeline.cmd("HSET").arg(keys::shard("f", 0)).arg(id.to_string()).arg(n);
        }
        (Name::Hold(name), Thing::Hold(body)) => {
            pipeline.cmd("HSET").arg(keys::held()).arg(name).arg(&body[..]);
        }
        (Name::Day(channel), Thing::Day(hours)) => {
            let key = keys::day(channel);
            pipeline.cmd("UNLINK").arg(&key);
            for (hour, n) in hours {
                pipeline.cmd("HSET").arg(&key).arg(hour).arg(n);
            }
            pipeline.cmd("PEXPIRE").arg(&key).arg((HOURS + 1) * HOUR);
        }
        (Name::ListMark, Thing::ListMark(number)) => {
            pipeline.cmd("HSET").arg(keys::list("mark")).arg("number").arg(number).arg("bits").arg(rand::random::<u32>());
        }
        (Name::Listed(address), Thing::Listed(number, body)) => {
            pipeline.cmd("HSET").arg(keys::list("entries")).arg(address.as_str()).arg(&body[..]);
            pipeline.cmd("ZADD").arg(keys::list("order")).arg(number).arg(address.as_str());
        }
        (Name::OptedOut(address), Thing::OptedOut(stop)) => {
            let key = keys::shard("s", address.shard());
            pipeline.cmd("HSET").arg(key).arg(address.as_str()).arg(stop_letter(*stop).to_string());
        }
        (Name::Request(key), Thing::Request(kept)) => write_request(pipeline, key, kept),
        (Name::Failed(_), Thing::Failed(item)) => write_failed(pipeline, item),
        (Name::Contact(contact), Thing::Contact(kept)) => write_contact(pipeline, now, *contact, kept),
        (Name::Mailbox(contact), Thing::Mailbox(entries)) => {
            list(pipeline, "RPUSH", &keys::contact('m', *contact), entries.iter().map(write_entry));
        }
        (Name::Seen(contact), Thing::Seen(seen)) => write_seen(pipeline, now, *contact, seen),
        (Name::Awaited(contact), Thing::Awaited(effects)) => {
            let key = keys::contact('k', *contact);
            pipeline.cmd("UNLINK").arg(&key);
            for effect in effects {
                pipeline.cmd("HSET").arg(&key).arg(effect.to_string()).arg("1");
            }
        }
        (Name::Lane(lane), Thing::Lane(kept)) => write_lane(pipeline, *lane, kept),
        (name, _) => return Err(StoreError::Bug(format!("something else came under the name of {}", name.kind()))),
    }
    Ok(())
}

fn write_flow(pipeline: &mut Pipeline, flow: &Slug, kept: &FlowKept) {
    match kept.current {
        Some(version) => pipeline.cmd("HSET").arg(keys::current()).arg(flow.as_str()).arg(version.to_string()),
        None => pipeline.cmd("HDEL").arg(keys::current()).arg(flow.as_str()),
    };
    let entry = |(number, version, body): &(u64, _, Bytes)| {
        let mut entry = format!("{number} {version} ").into_bytes();
        entry.extend(body);
        entry
    };
    if let Some(last) = kept.publications.last() {
        pipeline.cmd("HSET").arg(keys::beside_current("said")).arg(flow.as_str()).arg(entry(last));
    }
    list(pipeline, "RPUSH", &publications::log(flow), kept.publications.iter().map(entry));
    pipeline.cmd("INCR").arg(keys::beside_current("mark"));
}

fn write_request(pipeline: &mut Pipeline, key: &[u8; 16], kept: &RequestKept) {
    let shard = request_shard(key);
    let mut value = kept.print.clone();
    // Nobody works on it any more.
    value.extend(format!("--------{:013}", 0).as_bytes());
    value.push(if kept.answer.is_some() { b'd' } else { b'b' });
    value.extend(kept.answer.iter().flatten());
    pipeline.cmd("HSET").arg(keys::shard("q", shard)).arg(&key[..]).arg(value);
    pipeline.cmd("ZADD").arg(keys::shard("qt", shard)).arg(kept.forget.0).arg(&key[..]);
}

fn write_failed(pipeline: &mut Pipeline, item: &FailedItem) {
    let (contact, field) = (item.key.contact(), item.key.field());
    let (letter, rest) = match &item.body {
        FailedBody::Effect { lane, set, attempts, body } => {
            let (own, id) = match (lane.lane, item.key) {
                (Lane::Own(id), _) => ("1", Some(id)),
                (Lane::Contact, crate::store::FailedKey::Effect(_, id)) => ("0", Some(id)),
                (Lane::Contact, crate::store::FailedKey::Input(..)) => ("0", None),
            };
            let effect = id.map(|id| write_begun(b's', *attempts, set.short(), id, body)).unwrap_or_default();
            ("E", [own.as_bytes(), &effect].concat())
        }
        FailedBody::Input(entry) => ("I", write_entry(entry)),
    };
    let value = [letter.as_bytes(), contact.as_str().as_bytes(), &rest].concat();
    pipeline.cmd("HSET").arg(keys::shard("x", contact.shard())).arg(&field).arg(value);
    pipeline.cmd("ZADD").arg(keys::shard("xt", contact.shard())).arg(item.at.0).arg(field);
}

fn write_contact(pipeline: &mut Pipeline, now: Millis, contact: ContactKey, kept: &ContactKept) {
    let (key, attention) = (keys::contact('r', contact), keys::shard("a", contact.shard()));
    pipeline.cmd("SET").arg(&key).arg(write_record(&kept.place, &kept.record, kept.older));
    if let Some(fades) = kept.fades {
        pipeline.cmd("PEXPIRE").arg(&key).arg((fades - now).0.max(1));
    }
    match kept.attention {
        Some(at) => pipeline.cmd("ZADD").arg(attention).arg(at.0).arg(contact.as_str()),
        None => pipeline.cmd("ZREM").arg(attention).arg(contact.as_str()),
    };
}

fn write_seen(pipeline: &mut Pipeline, now: Millis, contact: ContactKey, seen: &SeenKept) {
    for (kind, generation) in [('d', &seen.current), ('e', &seen.older)] {
        let key = keys::contact(kind, contact);
        let hashes = generation.iter().flat_map(|(hashes, _)| hashes).map(|hash| hash.0.to_string().into_bytes());
        list(pipeline, "SADD", &key, hashes);
        if let Some((_, until)) = generation {
            pipeline.cmd("PEXPIRE").arg(&key).arg((*until - now).0.max(1));
        }
    }
}

fn write_lane(pipeline: &mut Pipeline, lane: LaneKey, kept: &LaneKept) {
    let key = keys::lane(lane);
    let effects = kept.effects.iter().map(|effect| {
        let state = if effect.unsure { b'u' } else { b'q' };
        write_begun(state, effect.attempts, effect.set.short(), effect.id, &effect.body)
    });
    list(pipeline, "RPUSH", &key, effects);
    if let Some(head) = kept.effects.first() {
        let set = keys::work(lane.contact.shard(), &head.set);
        pipeline.cmd("ZADD").arg(set).arg(kept.due.0).arg(&key[keys::MEMBER..]);
    }
}

impl RedisStore {
    /// Says how far a move has come, if it has not ended meanwhile.
    async fn has_come(&self, come: Bytes) -> Answer<()> {
        let key = keys::marked(Mark::Arriving);
        let said: Option<String> = self.link.query(redis::cmd("SET").arg(key).arg(&come[..]).arg("XX")).await?;
        if said.is_some() { Ok(()) } else { Err(StoreError::Marked("another command has ended this move")) }
    }

    /// Writes down the sets before anything lies in them.
    async fn know_sets(&self, things: &[(Name, Thing)]) -> Answer<()> {
        for (name, thing) in things {
            match (name, thing) {
                (Name::Set(set), _) => self.sets.know(&self.link, set).await?,
                (_, Thing::Lane(kept)) => {
                    for effect in &kept.effects {
                        self.sets.know(&self.link, &effect.set).await?;
                    }
                }
                (_, Thing::Failed(item)) => {
                    if let FailedBody::Effect { set, .. } = &item.body {
                        self.sets.know(&self.link, set).await?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Transfer for RedisStore {
    fn store(&self) -> &dyn Store {
        self
    }

    fn whereabouts(&self) -> String {
        self.whereabouts.clone()
    }

    async fn others(&self) -> Answer<u64> {
        self.do_others().await
    }

    async fn incarnation(&self) -> Answer<String> {
        self.do_incarnation().await
    }

    async fn secret(&self) -> Answer<Option<Bytes>> {
        Ok(self.link.query::<Option<Vec<u8>>>(redis::cmd("GET").arg(meta())).await?.map(Bytes::from))
    }

    /// Places of its journal begin with the time.
    async fn take_secret(&self, secret: Bytes, _beyond: u64) -> Answer<()> {
        self.link.query(redis::cmd("SET").arg(meta()).arg(&secret[..])).await
    }

    /// The same.
    async fn go_beyond(&self, _beyond: u64) -> Answer<()> {
        Ok(())
    }

    async fn names(&self, from: &str, n: usize) -> Answer<Names> {
        self.do_names(from, n).await
    }

    async fn things(&self, names: &[Name]) -> Answer<Vec<Option<Thing>>> {
        self.do_things(names).await
    }

    /// A thing may be written in part when this is cut off: it is written again, because how far the move has come is written last.
    async fn keep(&self, things: Vec<(Name, Thing)>, come: Bytes) -> Answer<()> {
        self.know_sets(&things).await?;
        let now = self.do_now().await?;
        let mut pipeline = redis::pipe();
        for (name, thing) in &things {
            write(&mut pipeline, now, name, thing)?;
        }
        if !pipeline.is_empty() {
            let _: Vec<Value> = self.link.pipeline(&pipeline).await?;
        }
        self.has_come(come).await
    }

    /// Each under its former number, by which it is known that it is there.
    async fn keep_entries(&self, entries: Vec<EntryMoved>, come: Bytes) -> Answer<()> {
        let shard = |entry: &EntryMoved| entry.owner().map_or(entry.shard % keys::SHARDS, |contact| contact.shard());
        let mut look = redis::pipe();
        for entry in &entries {
            let id = entry.item.id.to_string();
            look.cmd("XRANGE").arg(keys::shard("j", shard(entry))).arg(&id).arg(&id).arg("COUNT").arg(1);
        }
        if !look.is_empty() {
            let there: Vec<Vec<Value>> = self.link.pipeline(&look).await?;
            let mut pipeline = redis::pipe();
            for (entry, _) in entries.iter().zip(there).filter(|(_, there)| there.is_empty()) {
                let (field, value) = match &entry.item.record {
                    JournalRecord::Entry(body) => ("b", body.to_vec()),
                    JournalRecord::Overflow { contact, entry } => {
                        ("o", [contact.as_str().as_bytes(), &write_entry(entry)].concat())
                    }
                };
                pipeline.cmd("XADD").arg(keys::shard("j", shard(entry))).arg(entry.item.id.to_string()).arg(field).arg(value);
            }
            if !pipeline.is_empty() {
                let _: Vec<Value> = self.link.pipeline(&pipeline).await?;
            }
        }
        self.has_come(come).await
    }

    async fn wake(&self, name: &Name) -> Answer<bool> {
        let now = self.do_now().await?;
        let mut command = redis::cmd("ZADD");
        match name {
            Name::Contact(contact) => {
                command.arg(keys::shard("a", contact.shard())).arg("NX").arg(now.0).arg(contact.as_str());
            }
            Name::Lane(lane) => {
                let things = self.do_things(std::slice::from_ref(name)).await?;
                let Some(Some(Thing::Lane(kept))) = things.into_iter().next() else { return Ok(false) };
                let Some(head) = kept.effects.first() else { return Ok(false) };
                let key = keys::lane(*lane);
                command.arg(keys::work(lane.contact.shard(), &head.set)).arg("NX").arg(now.0).arg(&key[keys::MEMBER..]);
            }
            _ => return Ok(false),
        }
        self.link.query(&command).await
    }

    async fn mark(&self, mark: Mark) -> Answer<Option<Bytes>> {
        Ok(self.link.query::<Option<Vec<u8>>>(redis::cmd("GET").arg(keys::marked(mark))).await?.map(Bytes::from))
    }

    async fn set_mark(&self, mark: Mark, said: Option<Bytes>) -> Answer<()> {
        match said {
            Some(said) => self.link.query(redis::cmd("SET").arg(keys::marked(mark)).arg(&said[..])).await,
            None => self.link.query(redis::cmd("UNLINK").arg(keys::marked(mark))).await,
        }
    }
}
