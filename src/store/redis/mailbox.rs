//! Contacts: accept, claim, release, commit, report.

use super::lanes::{REDOS, taking};
use super::scripts::Script;
use super::wire::{Reader, claimer, class_letter, read_effect, read_record, stop_letter, write_effect};
use super::{RedisStore, keys};
use crate::domain::id::{ContactKey, EffectId, InputId, Token, Who};
use crate::domain::limits;
use crate::domain::time::Span;
use crate::store::{
    Accept, Accepted, Answer, Claim, Claimed, Commit, Committed, Lane, LaneKey, LanePush, Report, Reported, Started, StoreError,
    WhenFull, WorkSet,
};

/// More than any mailbox holds.
const MOST: usize = 1_000_000_000;

fn joined(ids: &[InputId]) -> String {
    ids.iter().map(InputId::to_string).collect()
}

fn unknown(script: &str, word: &str) -> StoreError {
    StoreError::Bug(format!("{script} answers `{word}`"))
}

impl RedisStore {
    pub(super) async fn do_accept(&self, accept: &Accept) -> Answer<Accepted> {
        let key = accept.contact;
        if accept.body.len() > limits::INPUT_BYTES {
            return Err(StoreError::Bug(format!("an input of {} bytes", accept.body.len())));
        }
        if self.journal_is_full(key.shard()) {
            return Err(StoreError::Full("the journal has reached journal.max_bytes".to_owned()));
        }
        let s = &self.settings;
        let names = [
            keys::contact('r', key),
            keys::contact('m', key),
            keys::contact('d', key),
            keys::contact('e', key),
            keys::shard("a", key.shard()),
            keys::shard("j", key.shard()),
            keys::shard("s", key.shard()),
        ];
        let most = if accept.full == WhenFull::Take { MOST } else { s.mailbox_max };
        let mut call = self.link.script(Script::Accept, &names);
        call.text(accept.hash.0).text(class_letter(accept.class)).text(accept.id).bytes(&accept.body[..]);
        call.text(s.claim_lease.0).text(s.claim_inputs).text(most).text(s.mailbox_headroom);
        call.text(s.dedupe_ttl.0).text(s.dedupe_cap).text(Token::birth(key, accept.id)).flag(accept.claim);
        call.flag(accept.full == WhenFull::Refuse).flag(accept.known);
        let (mut answer, reached) = match self.settings.wait_replicas {
            0 => (self.link.call(&call).await?, 0),
            replicas => self.link.call_and_wait(&call, replicas).await?,
        };
        let accepted = match answer.text()?.as_str() {
            "dup" => Accepted::Duplicate,
            "moved" => Accepted::Moved(answer.contact()?),
            "full" => Accepted::Full,
            "queued" => Accepted::Queued,
            "nobody" => Accepted::Nobody,
            "claimed" => {
                let now = answer.now()?;
                Accepted::Claimed(Claim { now, record: read_record(&answer.bytes()?)?, inputs: answer.entries()? })
            }
            word => return Err(unknown("accept", word)),
        };
        // Also for a duplicate, whose first delivery may have been refused for this very reason.
        if reached < self.settings.wait_replicas {
            return Err(StoreError::Unavailable(format!("{reached} replicas have the input")));
        }
        Ok(accepted)
    }

    pub(super) async fn do_claim(&self, key: ContactKey, who: Who, most: u8) -> Answer<Claimed> {
        let names = [keys::contact('r', key), keys::contact('m', key), keys::shard("a", key.shard())];
        let mut call = self.link.script(Script::Claim, &names);
        call.text(self.settings.claim_lease.0).text(self.settings.claim_inputs).text(claimer(who)).text(most);
        let mut answer = self.link.call(&call).await?;
        match answer.text()?.as_str() {
            "free" => Ok(Claimed::Free),
            "gone" => Ok(Claimed::Gone),
            "claimed" => {
                let now = answer.now()?;
                Ok(Claimed::Claimed(Claim { now, record: read_record(&answer.bytes()?)?, inputs: answer.entries()? }))
            }
            word => Err(unknown("claim", word)),
        }
    }

    pub(super) async fn do_release(&self, key: ContactKey, token: Token, who: Who, pause: Span) -> Answer<()> {
        let mut call = self.link.script(Script::Release, &[keys::contact('r', key), keys::shard("a", key.shard())]);
        call.text(token).text(claimer(who)).text(pause.0.max(0));
        self.link.call(&call).await.map(|_| ())
    }

    pub(super) async fn do_commit(&self, commit: &Commit) -> Answer<Committed> {
        commit.check()?;
        for effect in commit.lanes.iter().flat_map(|push| &push.effects) {
            self.sets.know(&self.link, &effect.set).await?;
        }
        // Where a lane's head that is given up waits, and what stands behind it, only the store knows.
        let (mut head, mut after) = (WorkSet::Call, WorkSet::Call);
        // The same of what gives way to conversations, where one follows now.
        let hurried = if commit.lanes.iter().any(LanePush::hurries) { self.sets.hurried() } else { Vec::new() };
        for (_, talk) in &hurried {
            self.sets.know(&self.link, talk).await?;
        }
        let mut bulk = hurried.first().map_or(WorkSet::Call, |(bulk, _)| bulk.clone());
        for _ in 0..REDOS {
            let mut answer = self.commit_in(commit, &head, &after, (&hurried, &bulk)).await?;
            let word = answer.text()?;
            if word != "redo" {
                return self.was_committed(commit, &word, &mut answer);
            }
            let (of_head, of_after, of_bulk) = (answer.bytes()?, answer.bytes()?, answer.bytes()?);
            if !of_bulk.is_empty() {
                bulk = self.sets.resolve(&self.link, &of_bulk).await?;
                continue;
            }
            head = self.sets.resolve(&self.link, &of_head).await?;
            after = self.sets.resolve(&self.link, &of_after).await?;
        }
        Err(StoreError::Unavailable("a lane's head changed again and again".to_owned()))
    }

    async fn commit_in(
        &self,
        commit: &Commit,
        head: &WorkSet,
        after: &WorkSet,
        (hurried, bulk): (&[(WorkSet, WorkSet)], &WorkSet),
    ) -> Answer<Reader> {
        let key = commit.contact;
        let shard = key.shard();
        let mut names = vec![keys::contact('r', key), keys::contact('m', key), keys::shard("a", shard), keys::shard("j", shard)];
        if !commit.await_add.is_empty() || !commit.await_remove.is_empty() {
            names.push(keys::contact('k', key));
        }
        if !commit.live.is_empty() {
            names.push(keys::shard("f", shard));
        }
        if !commit.set_aside.is_empty() {
            names.extend([keys::shard("x", shard), keys::shard("xt", shard)]);
        }
        if !commit.withdraw.is_empty() {
            names.push(keys::lane(LaneKey { contact: key, lane: Lane::Contact }));
            names.extend([keys::work(shard, head), keys::work(shard, after)]);
        }
        if !hurried.is_empty() {
            names.push(keys::lane(LaneKey { contact: key, lane: Lane::Contact }));
            names.extend([keys::work(shard, bulk), keys::work(shard, bulk.hurried().as_ref().unwrap_or(bulk))]);
        }
        for push in &commit.lanes {
            names.push(keys::lane(LaneKey { contact: key, lane: push.lane }));
            names.push(keys::work(shard, &push.effects[0].set));
        }
        let pair = |push: &LanePush| self.settings.pair_of(push.lane, &push.effects[0].set);
        if commit.lanes.iter().any(|push| pair(push).is_some()) {
            names.push(keys::contact('p', key));
        }
        let mut call = self.link.script(Script::Commit, &names);
        call.text(commit.expect).text(commit.new).flag(commit.hold).text(joined(&commit.consumed));
        call.text(commit.alarm.map_or(String::new(), |at| at.0.to_string()));
        call.bytes(&commit.journal[..]).bytes(&commit.blob[..]);
        call.text(self.settings.claim_lease.0).text(self.settings.claim_inputs).flag(commit.keep);
        call.text(self.settings.send_lease.0).text(commit.who).text(stop_letter(commit.stop));
        call.text(joined(&commit.set_aside));
        call.text(commit.await_add.len()).text(commit.await_remove.len()).text(commit.live.len()).text(commit.withdraw.len());
        call.bytes(hurried.iter().flat_map(|(bulk, talk)| [bulk.short(), talk.short()]).flatten().collect::<Vec<u8>>());
        commit.await_add.iter().chain(&commit.await_remove).for_each(|effect: &EffectId| {
            call.text(effect);
        });
        for (version, change) in &commit.live {
            call.text(version).text(change);
        }
        if !commit.withdraw.is_empty() {
            call.bytes(head.short()).bytes(after.short());
        }
        for given_up in &commit.withdraw {
            call.text(given_up.id).bytes(&given_up.journal[..]);
            match &given_up.reply {
                Some((id, body)) => call.bytes([id.to_string().as_bytes(), body].concat()),
                None => call.text(""),
            };
        }
        if !hurried.is_empty() {
            call.bytes(bulk.short());
        }
        for push in &commit.lanes {
            call.text(push.effects.len()).text(push.due.0).text(taking(push.take, pair(push)));
            for effect in &push.effects {
                call.bytes(write_effect(effect.set.short(), effect.id, &effect.body));
            }
        }
        self.link.call(&call).await
    }

    fn was_committed(&self, commit: &Commit, word: &str, answer: &mut Reader) -> Answer<Committed> {
        match word {
            "already" => Ok(Committed::Already),
            "stale" => Ok(Committed::Stale),
            "gone" => Ok(Committed::Gone),
            "missing" => Ok(Committed::Missing),
            "ok" => {
                let (now, more) = (answer.now()?, answer.entries()?);
                let mut started = Vec::new();
                for pair in answer.list()?.chunks_exact(2) {
                    started.push(self.started_by(commit, &pair[0], &pair[1])?);
                }
                let ids = answer.list()?;
                let id = |bytes: &Vec<u8>| std::str::from_utf8(bytes).ok().and_then(EffectId::parse);
                let withdrawn: Option<Vec<EffectId>> = ids.iter().map(id).collect();
                let withdrawn = withdrawn.ok_or_else(|| StoreError::Bug("commit gave up something without an id".to_owned()))?;
                Ok(Committed::Ok { now, more, started, withdrawn })
            }
            word => Err(unknown("commit", word)),
        }
    }

    /// An effect of this very commit: its set is known without asking.
    fn started_by(&self, commit: &Commit, member: &[u8], effect: &[u8]) -> Answer<Started> {
        let (lane, raw) = (super::wire::read_member(member)?, read_effect(effect)?);
        let mine = commit.lanes.iter().filter(|push| push.lane == lane.lane).flat_map(|push| &push.effects);
        let set = mine.clone().find(|effect| effect.id == raw.id).map(|effect| effect.set.clone());
        let set = set.ok_or_else(|| StoreError::Bug("commit started an effect that it did not bring".to_owned()))?;
        Ok(Started { lane, set, id: raw.id, attempt: raw.attempt, unsure: false, stop: commit.stop, body: raw.body })
    }

    pub(super) async fn do_report(&self, report: &Report) -> Answer<Reported> {
        let key = report.contact;
        let names = [
            keys::contact('r', key),
            keys::contact('m', key),
            keys::contact('d', key),
            keys::contact('e', key),
            keys::shard("a", key.shard()),
            keys::shard("j", key.shard()),
            keys::contact('k', key),
        ];
        let mut call = self.link.script(Script::Report, &names);
        call.text(report.effect).bytes(&report.journal[..]);
        match &report.wake {
            Some(wake) => call.text(wake.hash.0).text(wake.id).bytes(&wake.body[..]),
            None => call.text("").text("").text(""),
        };
        call.text(self.settings.claim_lease.0).text(self.settings.claim_inputs).text(self.settings.dedupe_ttl.0);
        let mut answer = self.link.call(&call).await?;
        match answer.text()?.as_str() {
            "moved" => Ok(Reported::Moved(answer.contact()?)),
            "journaled" => Ok(Reported::Journaled),
            "queued" => Ok(Reported::Queued),
            "claimed" => {
                let now = answer.now()?;
                Ok(Reported::Claimed(Claim { now, record: read_record(&answer.bytes()?)?, inputs: answer.entries()? }))
            }
            word => Err(unknown("report", word)),
        }
    }
}
