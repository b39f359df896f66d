//! Versions of flows, the store's own facts, and looks for people: depths and one contact.

use super::wire::{read_effect, read_entry, read_place, read_record, read_score};
use super::{RedisStore, keys};
use crate::domain::id::{ContactKey, EffectId, VersionId};
use crate::domain::time::{Millis, Span};
use crate::store::transfer::Mark;
use crate::store::{Answer, Depths, Inspection, Meta, Outgoing, Ready, StoreError, WorkSet};
use bytes::Bytes;
use redis::Value;
use std::sync::atomic::Ordering;

fn key(name: &str) -> String {
    format!("{}{name}", keys::PREFIX)
}

fn read<T: redis::FromRedisValue>(value: Option<Value>) -> Answer<T> {
    super::link::read(value.unwrap_or_default())
}

impl RedisStore {
    pub(super) async fn do_put_version(&self, id: VersionId, content: &Bytes) -> Answer<()> {
        self.link.query(redis::cmd("SET").arg(keys::version(id)).arg(&content[..])).await
    }

    pub(super) async fn do_get_version(&self, id: VersionId) -> Answer<Option<Bytes>> {
        let content: Option<Vec<u8>> = self.link.query(redis::cmd("GET").arg(keys::version(id))).await?;
        Ok(content.map(Bytes::from))
    }

    pub(super) async fn do_live(&self, id: VersionId) -> Answer<i64> {
        let mut pipeline = redis::pipe();
        for shard in 0..keys::SHARDS {
            pipeline.cmd("HGET").arg(keys::shard("f", shard)).arg(id.to_string());
        }
        let counts: Vec<Option<i64>> = self.link.pipeline(&pipeline).await?;
        Ok(counts.into_iter().flatten().sum())
    }

    pub(super) async fn do_meta(&self) -> Answer<Meta> {
        let marks = [Mark::Left, Mark::Arriving];
        let said: Vec<Option<Vec<u8>>> = self.link.query(redis::cmd("MGET").arg(&marks.map(keys::marked)[..])).await?;
        if let Some((mark, _)) = marks.into_iter().zip(said).find(|(_, said)| said.is_some()) {
            return Err(mark.refusal());
        }
        let fresh: [u8; 32] = rand::random();
        let mut pipeline = redis::pipe();
        pipeline.cmd("SET").arg(key("meta")).arg(&fresh[..]).arg("NX");
        pipeline.cmd("GET").arg(key("meta"));
        let secret: Vec<u8> = read(self.link.pipeline::<Value>(&pipeline).await?.into_iter().nth(1))?;
        if secret.len() != fresh.len() {
            return Err(StoreError::Layout(format!("`{}` is not what this release writes", key("meta"))));
        }
        self.check_rights().await?;
        Ok(Meta::of(secret))
    }

    pub(super) async fn do_depths(&self) -> Answer<Depths> {
        // First and apart: a journal without room is noticed whatever else is away.
        let sizes = self.journal_sizes().await?;
        let sets = self.sets.all(&self.link).await?;
        let look = self.do_look(&sets).await?;
        let mut pipeline = redis::pipe();
        for shard in 0..keys::SHARDS {
            pipeline.cmd("ZCARD").arg(keys::shard("a", shard));
            pipeline.cmd("ZCARD").arg(keys::shard("xt", shard));
            pipeline.cmd("XLEN").arg(keys::shard("j", shard));
            for set in &sets {
                pipeline.cmd("ZCARD").arg(keys::work(shard, set));
            }
        }
        let numbers: Vec<Option<u64>> = self.link.pipeline(&pipeline).await?;
        let mut depths = Depths { work: sets.into_iter().map(|set| (set, 0)).collect(), ..Depths::default() };
        for row in numbers.chunks_exact(3 + depths.work.len()) {
            let number = |i: usize| row[i].unwrap_or(0);
            depths.attention += number(0);
            depths.failed += number(1);
            depths.journal_entries += number(2);
            for (i, (_, count)) in depths.work.iter_mut().enumerate() {
                *count += number(3 + i);
            }
        }
        for size in sizes {
            depths.journal_bytes = depths.journal_bytes.max(size?);
        }
        // What broadcasts send may be held back for days.
        let counts = |ready: &&Ready| !matches!(ready, Ready::Work { set: WorkSet::Bulk(_), .. });
        depths.lag = look.ready.iter().filter(counts).map(|ready| look.now - ready.since()).max().unwrap_or(Span(0));
        Ok(depths)
    }

    pub(super) async fn do_waiting(&self, sets: &[WorkSet]) -> Answer<Vec<u64>> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for shard in 0..keys::SHARDS {
            for set in sets {
                pipeline.cmd("ZCARD").arg(keys::work(shard, set));
            }
        }
        let numbers: Vec<Option<u64>> = self.link.pipeline(&pipeline).await?;
        let mut waits = vec![0; sets.len()];
        for row in numbers.chunks_exact(sets.len()) {
            waits.iter_mut().zip(row).for_each(|(sum, n)| *sum += n.unwrap_or(0));
        }
        Ok(waits)
    }

    /// How many bytes each shard's journal takes. Which of them are over their limit is kept; of a server that does not answer it stays as it was.
    async fn journal_sizes(&self) -> Answer<Vec<Answer<u64>>> {
        let mut pipeline = redis::pipe();
        for shard in 0..keys::SHARDS {
            pipeline.cmd("MEMORY").arg("USAGE").arg(keys::shard("j", shard));
        }
        let answers = self.link.each(&pipeline).await?.into_iter();
        let sizes: Vec<Answer<u64>> = answers.map(|answer| Ok(read::<Option<u64>>(Some(answer?))?.unwrap_or(0))).collect();
        let mut full = self.full_journals.load(Ordering::Relaxed);
        for (shard, size) in sizes.iter().enumerate() {
            let bit = 1u64 << shard;
            match size {
                Ok(bytes) if *bytes > self.settings.journal_max_bytes => full |= bit,
                Ok(_) => full &= !bit,
                Err(_) => {}
            }
        }
        self.full_journals.store(full, Ordering::Relaxed);
        Ok(sizes)
    }

    /// Whether a shard's journal was over its limit at the last `depths`.
    pub(super) fn journal_is_full(&self, shard: u8) -> bool {
        self.full_journals.load(Ordering::Relaxed) >> shard & 1 == 1
    }

    pub(super) async fn do_inspect(&self, contact: ContactKey) -> Answer<Option<Inspection>> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("GET").arg(keys::contact('r', contact));
        pipeline.cmd("LRANGE").arg(keys::contact('m', contact)).arg(0).arg(-1);
        pipeline.cmd("ZSCORE").arg(keys::shard("a", contact.shard())).arg(contact.as_str());
        pipeline.cmd("LRANGE").arg(keys::contact('o', contact)).arg(0).arg(-1);
        pipeline.cmd("HKEYS").arg(keys::contact('k', contact));
        let mut answers = self.link.pipeline::<Value>(&pipeline).await?.into_iter();
        let Some(record) = read::<Option<Vec<u8>>>(answers.next())? else { return Ok(None) };
        let mailbox: Vec<Vec<u8>> = read(answers.next())?;
        let attention: Option<String> = read(answers.next())?;
        let effects: Vec<Vec<u8>> = read(answers.next())?;
        let awaited: Vec<String> = read(answers.next())?;
        let mut lane = Vec::with_capacity(effects.len());
        for bytes in &effects {
            let raw = read_effect(bytes)?;
            let set = self.sets.resolve(&self.link, &raw.set).await?;
            lane.push(Outgoing { id: raw.id, set, state: raw.outgoing_state(), attempts: raw.attempt, body: raw.body });
        }
        let mut awaited: Vec<EffectId> = awaited.iter().filter_map(|id| EffectId::parse(id)).collect();
        awaited.sort();
        Ok(Some(Inspection {
            place: read_place(&record)?,
            record: read_record(&record)?,
            mailbox: mailbox.iter().map(|bytes| read_entry(bytes)).collect::<Answer<_>>()?,
            attention: attention.as_deref().map(read_score).transpose()?,
            lane,
            awaited,
        }))
    }

    pub(super) async fn do_now(&self) -> Answer<Millis> {
        self.link.now().await
    }
}
