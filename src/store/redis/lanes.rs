//! Work: look, due, start, settle, permits.

use super::link::read;
use super::scripts::Script;
use super::wire::{Reader, read_effect, read_member, read_record, read_score};
use super::{RedisStore, keys};
use crate::config::send::PairPace;
use crate::domain::id::{ContactKey, Who};
use crate::domain::limits;
use crate::domain::name::ChannelName;
use crate::domain::time::{Millis, Span};
use crate::store::pace;
use crate::store::{
    Answer, Claim, DueContacts, DueLanes, LaneKey, Look, Overdue, Permits, Rate, Ready, Settle, SettleResult, Settled, SlowDown,
    Spend, Spent, StartAnswer, Started, StopMask, StoreError, Ticket, Traffic, WorkSet,
};
use redis::Value;

/// Members that one `due` takes: two values each go through `unpack`.
const DUE_AT_ONCE: usize = 32;
/// What is overdue that is shown of each shard and set.
const OVERDUE_OF_EACH: usize = 200;
/// How often a settle or a commit looks again when a lane's head turns out to wait in another set.
pub(super) const REDOS: usize = 8;

fn unknown(script: &str, word: &str) -> StoreError {
    StoreError::Bug(format!("{script} answers `{word}`"))
}

impl RedisStore {
    pub(super) async fn do_look(&self, sets: &[WorkSet]) -> Answer<Look> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("TIME");
        let mut places = Vec::with_capacity(usize::from(keys::SHARDS) * (1 + sets.len()));
        for shard in 0..keys::SHARDS {
            pipeline.cmd("ZRANGE").arg(keys::shard("a", shard)).arg(0).arg(0).arg("WITHSCORES");
            places.push((shard, None));
            for set in sets {
                pipeline.cmd("ZRANGE").arg(keys::work(shard, set)).arg(0).arg(0).arg("WITHSCORES");
                places.push((shard, Some(set)));
            }
        }
        let mut answers = self.link.each(&pipeline).await?.into_iter();
        let time: (i64, i64) = read(answers.next().unwrap_or(Ok(Value::Nil))?)?;
        let server = crate::domain::time::Millis(time.0 * 1000 + time.1 / 1000);
        let mut look = Look { now: self.settings.clock.pretended().unwrap_or(server), ready: Vec::new(), next: None };
        for ((shard, set), answer) in places.into_iter().zip(answers) {
            // What a server has that is away is due when it is back.
            let head = match answer {
                Ok(head) => Reader::new(head)?.rest()?,
                Err(error) if error.is_temporary() => continue,
                Err(error) => return Err(error),
            };
            let Some(score) = head.get(1) else { continue };
            let since = read_score(&String::from_utf8_lossy(score))?;
            if since > look.now {
                look.next = Some(look.next.map_or(since, |next| next.min(since)));
                continue;
            }
            look.ready.push(match set {
                None => Ready::Contacts { shard, since },
                Some(set) => Ready::Work { shard, set: set.clone(), since },
            });
        }
        Ok(look)
    }

    pub(super) async fn do_overdue(&self, sets: &[WorkSet], before: Millis, n: usize) -> Answer<Vec<Overdue>> {
        let mut pipeline = redis::pipe();
        let mut places = Vec::with_capacity(usize::from(keys::SHARDS) * (1 + sets.len()));
        let most = n.min(OVERDUE_OF_EACH);
        for shard in 0..keys::SHARDS {
            let waits = sets.iter().map(|set| (keys::work(shard, set), Some(set)));
            for (key, set) in std::iter::once((keys::shard("a", shard), None)).chain(waits) {
                let command = pipeline.cmd("ZRANGE").arg(key).arg("-inf").arg(format!("({}", before.0)).arg("BYSCORE");
                command.arg("LIMIT").arg(0).arg(most).arg("WITHSCORES");
                places.push(set);
            }
        }
        let answers = self.link.each(&pipeline).await?;
        let mut overdue = Vec::new();
        for (set, answer) in places.into_iter().zip(answers) {
            for pair in Reader::new(answer?)?.rest()?.chunks_exact(2) {
                let since = read_score(&String::from_utf8_lossy(&pair[1]))?;
                overdue.push(match set {
                    Some(set) => {
                        let LaneKey { contact, lane } = read_member(&pair[0])?;
                        Overdue { since, contact, lane: Some((lane, set.clone())) }
                    }
                    None => {
                        let contact = std::str::from_utf8(&pair[0]).ok().and_then(ContactKey::parse);
                        let nobody = || StoreError::Bug("attention holds something that is no contact".to_owned());
                        Overdue { since, contact: contact.ok_or_else(nobody)?, lane: None }
                    }
                });
            }
        }
        overdue.sort();
        overdue.truncate(n);
        Ok(overdue)
    }

    async fn due(&self, key: String, n: usize, lease: Span) -> Answer<Reader> {
        let mut call = self.link.script(Script::Due, &[key]);
        call.text(n.min(DUE_AT_ONCE)).text(lease.0);
        self.link.call(&call).await
    }

    pub(super) async fn do_due_contacts(&self, shard: u8, n: usize) -> Answer<DueContacts> {
        let mut answer = self.due(keys::shard("a", shard), n, self.settings.claim_lease).await?;
        let (now, members, next) = (answer.now()?, answer.list()?, answer.text()?);
        let parse = |bytes: &Vec<u8>| std::str::from_utf8(bytes).ok().and_then(ContactKey::parse);
        let contacts: Option<Vec<_>> = members.iter().map(parse).collect();
        Ok(DueContacts {
            now,
            contacts: contacts.ok_or_else(|| StoreError::Bug("attention holds something that is no contact".to_owned()))?,
            next: if next.is_empty() { None } else { Some(read_score(&next)?) },
        })
    }

    pub(super) async fn do_due_work(&self, shard: u8, set: &WorkSet, n: usize) -> Answer<DueLanes> {
        let mut answer = self.due(keys::work(shard, set), n, self.settings.send_lease).await?;
        let (now, members, next, ticket) = (answer.now()?, answer.list()?, answer.text()?, answer.text()?);
        Ok(DueLanes {
            now,
            lanes: members.iter().map(|bytes| read_member(bytes)).collect::<Answer<_>>()?,
            ticket: read_ticket(&ticket)?,
            next: if next.is_empty() { None } else { Some(read_score(&next)?) },
        })
    }

    pub(super) async fn do_start(&self, lane: LaneKey, set: &WorkSet, who: Who, ticket: Option<Ticket>) -> Answer<StartAnswer> {
        let shard = lane.contact.shard();
        let mut names = vec![keys::lane(lane), keys::work(shard, set), keys::contact('r', lane.contact)];
        let pair = self.settings.pair_of(lane.lane, set);
        names.extend(pair.map(|_| keys::contact('p', lane.contact)));
        let mut call = self.link.script(Script::Start, &names);
        // -2 is no score: only a head that this `who` took is given.
        let ticket = ticket.map_or("-2".to_owned(), |t| format!("{}.{:03}", t.0 / 1000, t.0 % 1000));
        call.text(self.settings.send_lease.0).text(who).text(ticket).bytes(set.short());
        if let Some(pair) = pair {
            call.text(pair.every.0).text(pair.burst);
        }
        let mut answer = self.link.call(&call).await?;
        match answer.text()?.as_str() {
            "gone" => Ok(StartAnswer::Gone),
            "taken" => Ok(StartAnswer::Taken),
            "ok" => {
                let (now, effect, stop) = (answer.now()?, answer.bytes()?, answer.stop()?);
                Ok(StartAnswer::Ok { now, started: started(lane, set.clone(), stop, &effect)? })
            }
            word => Err(unknown("start", word)),
        }
    }

    pub(super) async fn do_settle(&self, settle: &Settle) -> Answer<Settled> {
        let (mut set, mut next, mut hurried) = (settle.set.clone(), settle.set.clone(), false);
        if let Some((instead, _)) = &settle.instead {
            self.sets.know(&self.link, instead).await?;
            next = instead.clone();
        }
        for _ in 0..REDOS {
            let mut answer = self.settle_in(settle, (&set, &next), hurried).await?;
            let word = answer.text()?;
            match word.as_str() {
                "gone" => return Ok(Settled::Gone),
                "stale" => return Ok(Settled::Stale),
                "redo" => {
                    set = self.sets.resolve(&self.link, &answer.bytes()?).await?;
                    let after = self.sets.resolve(&self.link, &answer.bytes()?).await?;
                    // A conversation came behind it while it was in the air: it is that one's now, and holds it up no longer than it must.
                    hurried = settle.set.hurried().is_some_and(|talk| talk == set);
                    match &settle.instead {
                        None => next = after,
                        Some((instead, _)) if hurried => {
                            next = instead.hurried().unwrap_or_else(|| instead.clone());
                            self.sets.know(&self.link, &next).await?;
                        }
                        Some(_) => {}
                    }
                }
                "ok" | "claimed" | "moved" => return settled(&word, settle.lane, &next, &mut answer),
                word => return Err(unknown("settle", word)),
            }
        }
        Err(StoreError::Unavailable("a lane's head changed again and again".to_owned()))
    }

    async fn settle_in(&self, settle: &Settle, (set, next): (&WorkSet, &WorkSet), hurried: bool) -> Answer<Reader> {
        let key = settle.lane.contact;
        let shard = key.shard();
        let mut names = vec![
            keys::lane(settle.lane),
            keys::work(shard, set),
            keys::work(shard, next),
            keys::contact('r', key),
            keys::contact('m', key),
            keys::shard("a", shard),
            keys::shard("j", shard),
        ];
        if matches!(settle.result, SettleResult::Failed | SettleResult::Arrived) {
            names.extend([keys::shard("x", shard), keys::shard("xt", shard)]);
        }
        let pair = self.settings.pair_of(settle.lane.lane, next);
        names.extend(pair.map(|_| keys::contact('p', key)));
        let (word, due) = match settle.result {
            SettleResult::Done => ("done", 0),
            SettleResult::Retry { due } => ("retry", due.0),
            SettleResult::RetryUnsure { due } => ("retry_unsure", due.0),
            SettleResult::Failed => ("failed", 0),
            SettleResult::Arrived => ("arrived", 0),
            SettleResult::Ended => ("ended", 0),
        };
        let mut call = self.link.script(Script::Settle, &names);
        call.text(settle.id).text(format_args!("{:02}", settle.attempt.min(99))).text(word).text(due);
        call.bytes(&settle.journal[..]);
        match &settle.reply {
            Some((id, body)) => call.bytes([id.to_string().as_bytes(), body].concat()),
            None => call.text(""),
        };
        call.text(taking(settle.take.contains(next), pair)).text(self.settings.send_lease.0).text(self.settings.claim_lease.0);
        call.text(self.settings.claim_inputs).text(settle.gap.0.max(0)).text(settle.who);
        call.bytes(set.short()).bytes(next.short());
        call.bytes(settle.instead.as_ref().map_or(&b""[..], |(_, body)| &body[..])).flag(hurried);
        self.link.call(&call).await
    }

    pub(super) async fn do_permits(&self, channel: &ChannelName, traffic: Traffic, want: u32, rate: Rate) -> Answer<Permits> {
        let bulk = traffic == Traffic::Bulk;
        let taken = if bulk { rate.left_to_bulk() } else { rate };
        let mut call = self.link.script(Script::Permits, &[keys::bucket(channel), keys::share(channel), keys::pace(channel)]);
        call.text(want).text(format_args!("{:.6}", rate.step_millis())).text(taken.burst.max(1));
        call.text(if bulk { limits::BULK_SHARE } else { 0 }).text(pace::RECOVERS.0);
        let mut answer = self.link.call(&call).await?;
        let (granted, wait) = (answer.int()?, answer.int()?);
        Ok(Permits { granted: u32::try_from(granted).unwrap_or(0), wait: Span(wait) })
    }

    pub(super) async fn do_slow_down(&self, said: &SlowDown) -> Answer<f64> {
        let mut call = self.link.script(Script::SlowDown, &[keys::pace(&said.channel)]);
        call.text(said.pause.0.max(0)).flag(said.lower).text(pace::RECOVERS.0).text(pace::ONCE_EVERY.0).text(pace::LEAST);
        let left = self.link.call(&call).await?.text()?;
        left.parse().map_err(|_| StoreError::Bug("a pace that is no number".to_owned()))
    }

    pub(super) async fn do_spend(&self, spend: &Spend) -> Answer<Spent> {
        let mut call = self.link.script(Script::Spend, &[keys::day(&spend.channel)]);
        call.text(spend.most).text(pace::HOURS).flag(spend.back);
        let mut answer = self.link.call(&call).await?;
        let (granted, used, recent, again) = (answer.int()?, answer.int()?, answer.int()?, answer.int()?);
        let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(Spent { granted: granted == 1, used: count(used), recent: count(recent), again: Span(again) })
    }
}

/// Whether a head is taken along, and how many may go to its contact: 0, 1, or `EVERY BURST`.
pub(super) fn taking(take: bool, pair: Option<PairPace>) -> String {
    match (take, pair) {
        (false, _) => "0".to_owned(),
        (true, None) => "1".to_owned(),
        (true, Some(PairPace { every, burst })) => format!("{} {burst}", every.0),
    }
}

fn read_ticket(text: &str) -> Answer<Ticket> {
    let number: f64 = text.parse().map_err(|_| StoreError::Bug("a ticket that is no number".to_owned()))?;
    Ok(Ticket((number * 1000.0).round() as i64))
}

fn started(lane: LaneKey, set: WorkSet, stop: StopMask, effect: &[u8]) -> Answer<Started> {
    let raw = read_effect(effect)?;
    Ok(Started { lane, set, id: raw.id, attempt: raw.attempt, unsure: raw.state == b'v', stop, body: raw.body })
}

fn settled(word: &str, lane: LaneKey, set: &WorkSet, answer: &mut Reader) -> Answer<Settled> {
    let now = answer.now()?;
    let effect = answer.bytes()?;
    let stop = if effect.is_empty() && word == "ok" { StopMask::NONE } else { answer.stop()? };
    let next = if effect.is_empty() { None } else { Some(started(lane, set.clone(), stop, &effect)?) };
    Ok(match word {
        "claimed" => {
            let (record, inputs) = (read_record(&answer.bytes()?)?, answer.entries()?);
            Settled::Claimed { next, claim: Claim { now, record, inputs } }
        }
        "moved" => Settled::Moved { now, to: answer.contact()?, next },
        _ => Settled::Ok { now, next },
    })
}
