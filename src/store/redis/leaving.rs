//! Contacts that leave: deleted, or moved into another one.

use super::scripts::Script;
use super::wire::{Reader, read_effect, read_member, read_record, stop_letter};
use super::{RedisStore, keys};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, DedupeHash, EffectId, InputId, Token};
use crate::store::{
    Answer, Emptied, Flip, Flipped, Forget, Forgot, Freeze, Frozen, Lane, LaneKey, Linked, Outgoing, Still, StopMask, StoreError,
    WorkSet,
};

/// How often a deletion looks again when the send lane's head turns out to wait in another set.
const REDOS: usize = super::lanes::REDOS;
/// What one step of a look through a set gives, about.
const STEP: usize = 1_000;
/// Hashes that one call brings: a script's arguments are bounded.
const HASHES: usize = 4_000;

fn unknown(script: &str, word: &str) -> StoreError {
    StoreError::Bug(format!("{script} answers `{word}`"))
}

fn count(answer: &mut Reader) -> Answer<u64> {
    Ok(u64::try_from(answer.int()?).unwrap_or(0))
}

pub(super) fn hashes(list: &[Vec<u8>]) -> Answer<Vec<DedupeHash>> {
    let hash = |bytes: &Vec<u8>| std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).map(DedupeHash);
    list.iter().map(hash).collect::<Option<Vec<_>>>().ok_or_else(|| StoreError::Bug("a hash that is no number".to_owned()))
}

impl RedisStore {
    pub(super) async fn do_forget(&self, forget: &Forget) -> Answer<Forgot> {
        forget.check()?;
        let mut head = WorkSet::Call;
        for _ in 0..REDOS {
            let mut answer = self.forget_in(forget, &head).await?;
            return Ok(match answer.text()?.as_str() {
                "redo" => {
                    head = self.sets.resolve(&self.link, &answer.bytes()?).await?;
                    continue;
                }
                "ok" => Forgot::Done(Emptied {
                    inputs: count(&mut answer)?,
                    messages: count(&mut answer)?,
                    lanes: count(&mut answer)?,
                    failed: count(&mut answer)?,
                }),
                "stale" => Forgot::Stale,
                "gone" => Forgot::Gone,
                "moving" => Forgot::Moving(answer.contact()?),
                "moved" => Forgot::Moved(answer.contact()?),
                word => return Err(unknown("forget", word)),
            });
        }
        Err(StoreError::Unavailable("a lane's head changed again and again".to_owned()))
    }

    async fn forget_in(&self, forget: &Forget, head: &WorkSet) -> Answer<Reader> {
        let key = forget.contact;
        let shard = key.shard();
        let own = |kind| keys::contact(kind, key);
        let mut names = vec![own('r'), own('m'), own('d'), keys::shard("a", shard), keys::shard("j", shard), own('k'), own('o')];
        names.push(keys::work(shard, head));
        names.extend(["s", "f", "x", "xt"].map(|kind| keys::shard(kind, shard)));
        for (effect, set) in &forget.lanes {
            names.extend([keys::lane(LaneKey { contact: key, lane: Lane::Own(*effect) }), keys::work(shard, set)]);
        }
        let mut call = self.link.script(Script::Forget, &names);
        call.text(forget.expect).bytes(head.short()).text(stop_letter(forget.stop)).text(self.settings.dedupe_ttl.0);
        call.text(forget.journal.len()).text(forget.seen.len()).text(forget.failed.len()).text(forget.live.len());
        for entry in &forget.journal {
            call.bytes(&entry[..]);
        }
        for hash in &forget.seen {
            call.text(hash.0);
        }
        for failed in &forget.failed {
            call.text(failed.field());
        }
        for (version, change) in &forget.live {
            call.text(version).text(change);
        }
        self.link.call(&call).await
    }

    /// Looks through the sets of the contact's shard, as no script may.
    pub(super) async fn do_own_lanes(&self, contact: ContactKey) -> Answer<Vec<Outgoing>> {
        let mut found = Vec::new();
        for set in self.sets.all(&self.link).await? {
            if matches!(set, WorkSet::Talk(_) | WorkSet::Bulk(_)) {
                continue;
            }
            let mut cursor = "0".to_owned();
            loop {
                let mut command = redis::cmd("ZSCAN");
                command.arg(keys::work(contact.shard(), &set)).arg(&cursor).arg("MATCH").arg(format!("{contact}:*"));
                let (next, members): (String, Vec<(Vec<u8>, String)>) = self.link.query(command.arg("COUNT").arg(STEP)).await?;
                for (member, _) in members {
                    let lane = read_member(&member)?;
                    let head: Option<Vec<u8>> = self.link.query(redis::cmd("LINDEX").arg(keys::lane(lane)).arg(0)).await?;
                    let Some(raw) = head.as_deref().map(read_effect).transpose()? else { continue };
                    let (set, state) = (set.clone(), raw.outgoing_state());
                    found.push(Outgoing { id: raw.id, set, state, attempts: raw.attempt, body: raw.body });
                }
                if next == "0" {
                    break;
                }
                cursor = next;
            }
        }
        found.sort_by_key(|outgoing: &Outgoing| outgoing.id);
        found.dedup_by_key(|outgoing| outgoing.id);
        Ok(found)
    }

    pub(super) async fn do_suppress(&self, address: ContactKey, stop: StopMask) -> Answer<()> {
        let key = keys::shard("s", address.shard());
        if stop == StopMask::NONE {
            return self.link.query(redis::cmd("HDEL").arg(key).arg(address.as_str())).await;
        }
        let letter = stop_letter(stop).to_string();
        self.link.query(redis::cmd("HSET").arg(key).arg(address.as_str()).arg(letter)).await
    }

    pub(super) async fn do_suppressed(&self, address: ContactKey) -> Answer<StopMask> {
        let key = keys::shard("s", address.shard());
        let kept: Option<Vec<u8>> = self.link.query(redis::cmd("HGET").arg(key).arg(address.as_str())).await?;
        Ok(kept.as_deref().map_or(StopMask::NONE, super::wire::read_stop))
    }

    pub(super) async fn do_freeze(&self, freeze: &Freeze) -> Answer<Frozen> {
        let key = freeze.contact;
        let own = |kind| keys::contact(kind, key);
        let names = [own('r'), own('m'), own('d'), own('e'), keys::shard("a", key.shard()), own('k'), own('o')];
        let mut call = self.link.script(Script::Freeze, &names);
        call.text(freeze.into).text(freeze.new).text(freeze.effect);
        let mut answer = self.link.call(&call).await?;
        Ok(match answer.text()?.as_str() {
            "gone" => Frozen::Gone,
            "busy" => Frozen::Busy,
            "settled" => Frozen::Settled,
            "moved" => Frozen::Moved(answer.contact()?),
            "elsewhere" => Frozen::Elsewhere(answer.contact()?),
            "frozen" => {
                let (record, mailbox) = (read_record(&answer.bytes()?)?, answer.entries()?);
                let (mut seen, older, awaited) = (answer.list()?, answer.list()?, answer.list()?);
                seen.extend(older);
                let id = |bytes: &Vec<u8>| std::str::from_utf8(bytes).ok().and_then(EffectId::parse);
                let awaited: Option<Vec<EffectId>> = awaited.iter().map(id).collect();
                let awaited = awaited.ok_or_else(|| StoreError::Bug("something awaited without an id".to_owned()))?;
                Frozen::Ok(Box::new(Still { record, mailbox, seen: hashes(&seen)?, awaited }))
            }
            word => return Err(unknown("freeze", word)),
        })
    }

    pub(super) async fn do_remember(&self, contact: ContactKey, seen: &[DedupeHash], awaited: &[EffectId]) -> Answer<()> {
        let names = ['r', 'd', 'e', 'k'].map(|kind| keys::contact(kind, contact));
        let seen = seen.chunks(HASHES).map(|some| (some, &[][..]));
        let awaited = awaited.chunks(HASHES).map(|some| (&[][..], some));
        for (seen, awaited) in seen.chain(awaited) {
            let mut call = self.link.script(Script::Remember, &names);
            call.text(self.settings.dedupe_ttl.0).text(awaited.len());
            for effect in awaited {
                call.text(effect);
            }
            for hash in seen {
                call.text(hash.0);
            }
            self.link.call(&call).await?;
        }
        Ok(())
    }

    pub(super) async fn do_flip(&self, flip: &Flip) -> Answer<Flipped> {
        let key = flip.contact;
        let own = |kind| keys::contact(kind, key);
        let shard = |kind| keys::shard(kind, key.shard());
        let names = [own('r'), own('m'), own('d'), own('e'), shard("a"), shard("j"), own('k'), shard("f")];
        let mut call = self.link.script(Script::Flip, &names);
        let moved: String = flip.moved.iter().map(InputId::to_string).collect();
        let all = stop_letter(StopMask::of(&ChannelKind::ALL));
        call.text(flip.into).text(moved).bytes(&flip.journal[..]).text(all);
        for (version, change) in &flip.live {
            call.text(version).text(change);
        }
        let mut answer = self.link.call(&call).await?;
        Ok(match answer.text()?.as_str() {
            "ok" => Flipped::Ok,
            "more" => Flipped::More(answer.entries()?),
            "not" => Flipped::Not,
            "gone" => Flipped::Gone,
            word => return Err(unknown("flip", word)),
        })
    }

    pub(super) async fn do_link(&self, address: ContactKey, to: ContactKey, link: bool) -> Answer<Linked> {
        let mut call = self.link.script(Script::Link, &[keys::contact('r', address)]);
        call.text(to).text(Token::birth(address, InputId(0))).flag(link).text(self.settings.dedupe_ttl.0);
        let mut answer = self.link.call(&call).await?;
        Ok(match answer.text()?.as_str() {
            "ok" => Linked::Ok,
            "taken" => Linked::Taken,
            "elsewhere" => Linked::Elsewhere(answer.contact()?),
            word => return Err(unknown("link", word)),
        })
    }

    /// Redis writes its files anew beside its work. What is under way already is as good.
    pub(super) async fn do_compact(&self) -> Answer<()> {
        for command in ["BGREWRITEAOF", "BGSAVE"] {
            let mut asked = redis::cmd(command);
            if command == "BGSAVE" {
                asked.arg("SCHEDULE");
            }
            for (server, answer) in self.link.everywhere(&asked).await? {
                match answer {
                    Ok(_) => {}
                    Err(StoreError::Unavailable(why)) => return Err(StoreError::Unavailable(why)),
                    Err(error) => tracing::info!(command, server, %error, "Redis does not write its file anew now"),
                }
            }
        }
        Ok(())
    }
}
