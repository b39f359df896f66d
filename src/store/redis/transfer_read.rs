//! Moving a store: what is kept under names, many in one round trip.

use super::leaving::hashes;
use super::link::read as read_value;
use super::wire::{has_older, read_effect, read_entry, read_place, read_record, read_score, read_stop};
use super::{RedisStore, keys, publications};
use crate::domain::id::{EffectId, VersionId};
use crate::domain::time::{Millis, Span};
use crate::store::transfer::{ContactKept, EffectKept, FlowKept, LaneKept, Name, RequestKept, SeenKept, Thing};
use crate::store::{Answer, StopMask, StoreError};
use bytes::Bytes;
use redis::{FromRedisValue, Pipeline, Value};

fn bug(what: &str) -> StoreError {
    StoreError::Bug(format!("Redis holds something unreadable: {what}"))
}

/// Answers in the order of the questions.
struct Answers(std::vec::IntoIter<Value>);

impl Answers {
    fn next<T: FromRedisValue>(&mut self) -> Answer<T> {
        read_value(self.0.next().unwrap_or_default())
    }

    fn bytes(&mut self) -> Answer<Option<Bytes>> {
        Ok(self.next::<Option<Vec<u8>>>()?.map(Bytes::from))
    }

    fn score(&mut self) -> Answer<Option<Millis>> {
        self.next::<Option<String>>()?.as_deref().map(read_score).transpose()
    }

    /// When a key ends, if it does. What has no end that should have one is counted from now.
    fn end(&mut self, now: Millis) -> Answer<Option<Millis>> {
        let left: i64 = self.next()?;
        Ok((left >= 0).then_some(now + Span(left)))
    }
}

/// Asks for what is kept under a name; `answer` reads as many answers.
fn ask(pipeline: &mut Pipeline, name: &Name) {
    match name {
        Name::Set(set) => {
            pipeline.cmd("HGET").arg(super::sets::key()).arg(&set.short()[..]);
        }
        Name::Version(id) => {
            pipeline.cmd("GET").arg(keys::version(*id));
        }
        Name::Flow(flow) => {
            pipeline.cmd("HGET").arg(keys::current()).arg(flow.as_str());
            pipeline.cmd("LRANGE").arg(publications::log(flow)).arg(0).arg(-1);
        }
        Name::Live(id) => {
            for shard in 0..keys::SHARDS {
                pipeline.cmd("HGET").arg(keys::shard("f", shard)).arg(id.to_string());
            }
        }
        Name::Hold(name) => {
            pipeline.cmd("HGET").arg(keys::held()).arg(name);
        }
        Name::Day(channel) => {
            pipeline.cmd("HGETALL").arg(keys::day(channel));
        }
        Name::ListMark => {
            pipeline.cmd("HGET").arg(keys::list("mark")).arg("number");
        }
        Name::Listed(address) => {
            pipeline.cmd("HGET").arg(keys::list("entries")).arg(address.as_str());
            pipeline.cmd("ZSCORE").arg(keys::list("order")).arg(address.as_str());
        }
        Name::OptedOut(address) => {
            pipeline.cmd("HGET").arg(keys::shard("s", address.shard())).arg(address.as_str());
        }
        Name::Request(key) => {
            let shard = request_shard(key);
            pipeline.cmd("HGET").arg(keys::shard("q", shard)).arg(&key[..]);
            pipeline.cmd("ZSCORE").arg(keys::shard("qt", shard)).arg(&key[..]);
        }
        Name::Failed(key) => {
            let shard = key.contact().shard();
            pipeline.cmd("HGET").arg(keys::shard("x", shard)).arg(key.field());
            pipeline.cmd("ZSCORE").arg(keys::shard("xt", shard)).arg(key.field());
        }
        Name::Contact(key) => {
            pipeline.cmd("GET").arg(keys::contact('r', *key));
            pipeline.cmd("PTTL").arg(keys::contact('r', *key));
            pipeline.cmd("ZSCORE").arg(keys::shard("a", key.shard())).arg(key.as_str());
        }
        Name::Mailbox(key) => {
            pipeline.cmd("LRANGE").arg(keys::contact('m', *key)).arg(0).arg(-1);
        }
        Name::Seen(key) => {
            for kind in ['d', 'e'] {
                pipeline.cmd("SMEMBERS").arg(keys::contact(kind, *key));
                pipeline.cmd("PTTL").arg(keys::contact(kind, *key));
            }
        }
        Name::Awaited(key) => {
            pipeline.cmd("HKEYS").arg(keys::contact('k', *key));
        }
        Name::Lane(lane) => {
            pipeline.cmd("LRANGE").arg(keys::lane(*lane)).arg(0).arg(-1);
        }
    }
}

/// The shard of a request, as `RequestKey::shard` has it.
pub(super) fn request_shard(key: &[u8; 16]) -> u8 {
    (key[0] >> 2) % keys::SHARDS
}

impl RedisStore {
    pub(super) async fn do_things(&self, names: &[Name]) -> Answer<Vec<Option<Thing>>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.do_now().await?;
        let mut pipeline = redis::pipe();
        names.iter().for_each(|name| ask(&mut pipeline, name));
        let mut answers = Answers(self.link.pipeline::<Value>(&pipeline).await?.into_iter());
        let mut things = Vec::with_capacity(names.len());
        for name in names {
            things.push(self.answer(name, &mut answers, now).await?);
        }
        self.find_dues(names, &mut things).await?;
        Ok(things)
    }

    async fn answer(&self, name: &Name, answers: &mut Answers, now: Millis) -> Answer<Option<Thing>> {
        Ok(match name {
            Name::Set(set) => {
                let known: Option<String> = answers.next()?;
                known.filter(|known| *known == set.to_string()).map(|_| Thing::Set)
            }
            Name::Version(_) => answers.bytes()?.map(Thing::Version),
            Name::Flow(_) => read_flow(answers)?.map(Thing::Flow),
            Name::Live(_) => {
                let mut sum = 0;
                for _ in 0..keys::SHARDS {
                    sum += answers.next::<Option<i64>>()?.unwrap_or(0);
                }
                Some(sum).filter(|n| *n != 0).map(Thing::Live)
            }
            Name::Hold(_) => answers.bytes()?.map(Thing::Hold),
            Name::Day(_) => {
                let mut hours: Vec<(i64, u64)> = answers.next()?;
                hours.sort_unstable();
                Some(hours).filter(|hours| !hours.is_empty()).map(Thing::Day)
            }
            Name::ListMark => answers.next::<Option<u64>>()?.filter(|n| *n > 0).map(Thing::ListMark),
            Name::Listed(_) => {
                let (body, number) = (answers.bytes()?, answers.next::<Option<u64>>()?);
                number.zip(body).map(|(number, body)| Thing::Listed(number, body))
            }
            Name::OptedOut(_) => {
                let stop = answers.bytes()?.map_or(StopMask::NONE, |letter| read_stop(&letter));
                Some(stop).filter(|stop| *stop != StopMask::NONE).map(Thing::OptedOut)
            }
            Name::Request(_) => {
                let (kept, forget) = (answers.bytes()?, answers.score()?);
                let kept = kept.zip(forget).filter(|(_, forget)| *forget > now);
                kept.map(|(kept, forget)| read_request(&kept, forget)).transpose()?.map(Thing::Request)
            }
            Name::Failed(_) => {
                let (value, at) = (answers.bytes()?, answers.score()?);
                match value {
                    Some(value) => Some(Thing::Failed(Box::new(self.failed_item(&value, at.unwrap_or(now)).await?))),
                    None => None,
                }
            }
            Name::Contact(_) => read_contact(answers, now)?.map(|kept| Thing::Contact(Box::new(kept))),
            Name::Mailbox(_) => {
                let entries: Vec<Vec<u8>> = answers.next()?;
                let entries = entries.iter().map(|entry| read_entry(entry)).collect::<Answer<Vec<_>>>()?;
                Some(entries).filter(|entries| !entries.is_empty()).map(Thing::Mailbox)
            }
            Name::Seen(_) => {
                let mut generation = || -> Answer<_> {
                    let list = hashes(&answers.next::<Vec<Vec<u8>>>()?)?;
                    let end = answers.end(now)?.unwrap_or(now + self.settings.dedupe_ttl);
                    Ok(Some((list, end)).filter(|(list, _)| !list.is_empty()))
                };
                let seen = SeenKept { current: generation()?, older: generation()? };
                Some(seen).filter(|seen| *seen != SeenKept::default()).map(Thing::Seen)
            }
            Name::Awaited(_) => {
                let ids: Vec<String> = answers.next()?;
                let mut effects: Vec<EffectId> = ids.iter().filter_map(|id| EffectId::parse(id)).collect();
                effects.sort();
                Some(effects).filter(|effects| !effects.is_empty()).map(Thing::Awaited)
            }
            Name::Lane(_) => self.read_lane(answers).await?.map(Thing::Lane),
        })
    }

    async fn read_lane(&self, answers: &mut Answers) -> Answer<Option<LaneKept>> {
        let list: Vec<Vec<u8>> = answers.next()?;
        let mut effects = Vec::with_capacity(list.len());
        for bytes in &list {
            let raw = read_effect(bytes)?;
            let set = self.sets.resolve(&self.link, &raw.set).await?;
            let unsure = EffectKept::unsure(raw.outgoing_state());
            effects.push(EffectKept { id: raw.id, set, unsure, attempts: raw.attempt, body: raw.body });
        }
        Ok((!effects.is_empty()).then_some(LaneKept { due: Millis(0), effects }))
    }

    /// When the heads of lanes may be sent: that stands in the set of each. One without a place there would never be found: now it is due.
    async fn find_dues(&self, names: &[Name], things: &mut [Option<Thing>]) -> Answer<()> {
        let mut pipeline = redis::pipe();
        let mut lanes = Vec::new();
        for (name, thing) in names.iter().zip(things) {
            if let (Name::Lane(key), Some(Thing::Lane(kept))) = (name, thing)
                && let Some(head) = kept.effects.first()
            {
                let lane = keys::lane(*key);
                pipeline.cmd("ZSCORE").arg(keys::work(key.contact.shard(), &head.set)).arg(&lane[keys::MEMBER..]);
                lanes.push(kept);
            }
        }
        if lanes.is_empty() {
            return Ok(());
        }
        let scores: Vec<Option<String>> = self.link.pipeline(&pipeline).await?;
        for (kept, score) in lanes.into_iter().zip(scores) {
            kept.due = score.as_deref().map(read_score).transpose()?.unwrap_or(Millis(0));
        }
        Ok(())
    }
}

fn read_flow(answers: &mut Answers) -> Answer<Option<FlowKept>> {
    let current: Option<String> = answers.next()?;
    let current = current.map(|id| VersionId::parse(&id).ok_or_else(|| bug("a current version"))).transpose()?;
    let log: Vec<Vec<u8>> = answers.next()?;
    let publications = log.iter().map(|entry| publications::read(entry)).collect::<Answer<Vec<_>>>()?;
    Ok((current.is_some() || !publications.is_empty()).then_some(FlowKept { current, publications }))
}

fn read_request(kept: &Bytes, forget: Millis) -> Answer<RequestKept> {
    if kept.len() < 38 {
        return Err(bug("a request"));
    }
    let answer = (kept[37] == b'd').then(|| kept.slice(38..));
    Ok(RequestKept { print: kept[..16].to_vec(), forget, answer })
}

fn read_contact(answers: &mut Answers, now: Millis) -> Answer<Option<ContactKept>> {
    let bytes: Option<Vec<u8>> = answers.next()?;
    let (fades, attention) = (answers.end(now)?, answers.score()?);
    let Some(bytes) = bytes else { return Ok(None) };
    let (place, record) = (read_place(&bytes)?, read_record(&bytes)?);
    Ok(Some(ContactKept { place, record, attention, fades, older: has_older(&bytes) }))
}
