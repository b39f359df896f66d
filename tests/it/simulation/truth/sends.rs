//! The way out: what was given to whom, what left, and how it ended.

use super::{Decided, Offer, Rule, Truth};
use crate::simulation::provider::{BACKUP, MAIN, PER_DAY};
use crate::simulation::world::{PAIR, SEND_LEASE};
use bytes::Bytes;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::{ContactKey, EffectId, Who};
use replyflow::domain::input::Class;
use replyflow::domain::name::ChannelName;
use replyflow::store::{Commit, FailedKey, Lane, Rate, Settle, SettleResult, Settled, StartAnswer, Started, StopMask};

impl Truth {
    pub fn start_answered(&mut self, who: Who, answer: &StartAnswer) -> Rule {
        match answer {
            StartAnswer::Ok { now, started } => self.offered(started, who, now.0),
            StartAnswer::Taken | StartAnswer::Gone => Ok(()),
        }
    }

    /// To one at a time, and not again once it is settled.
    pub(super) fn offered(&mut self, started: &Started, who: Who, now: i64) -> Rule {
        let id = started.id;
        let decided = self.effects.get_mut(&id).ok_or_else(|| format!("{id} is offered and was never decided"))?;
        if !decided.settled.is_empty() || decided.withdrawn || decided.forgotten {
            return Err(format!("{id} is offered after it was settled"));
        }
        if decided.offered.is_some_and(|offer| offer.who != who && now < offer.at + SEND_LEASE.0) {
            return Err(format!("{id} is given to {who} while somebody else has it"));
        }
        let offer = Offer { who, at: now, unsure: started.unsure, stop: started.stop };
        decided.offered = Some(offer);
        self.holders.insert((self.task, id), offer);
        Ok(())
    }

    /// Given up: nobody had it, and it surely never left.
    pub(super) fn withdrawn(&mut self, commit: &Commit, ids: &[EffectId], now: i64) -> Rule {
        for id in ids {
            let asked = commit.withdraw.iter().find(|given_up| given_up.id == *id);
            let asked = asked.ok_or_else(|| format!("{id} is withdrawn and nobody asked for it"))?;
            self.journal.push(asked.journal.clone());
            let decided = self.effects.get_mut(id).ok_or_else(|| format!("{id} is withdrawn and was never decided"))?;
            if !decided.settled.is_empty() || std::mem::replace(&mut decided.withdrawn, true) {
                return Err(format!("{id} is withdrawn after its end"));
            }
            if decided.offered.is_some_and(|offer| now < offer.at + SEND_LEASE.0) {
                return Err(format!("{id} is withdrawn while somebody has it"));
            }
            if decided.writes.iter().any(|may_have_arrived| *may_have_arrived) {
                return Err(format!("{id} is withdrawn although it may have arrived"));
            }
            if let Some((input, body)) = &asked.reply {
                self.took(commit.contact, *input, Class::Priority, body)?;
            }
        }
        *self.counts.entry("withdrawn".to_owned()).or_default() += ids.len() as u64;
        Ok(())
    }

    /// The process died that had all of it: nobody has anything any more.
    pub fn everybody_died(&mut self) {
        // The embedded store keeps its buckets in memory: one burst comes early.
        self.permits_since.clear();
        self.effects.values_mut().filter_map(|effect| effect.offered.as_mut()).for_each(Offer::end);
    }

    pub fn settle_answered(&mut self, settle: &Settle, answer: &Settled) -> Rule {
        let (now, next) = match answer {
            Settled::Gone if settle.result == SettleResult::Arrived => {
                // It was listed as failed and did arrive: nobody has to look after it any more.
                let listed = |e: &&mut Decided| e.settled == [SettleResult::Failed] && !e.forgotten;
                let decided = self.effects.get_mut(&settle.id).filter(listed);
                if let Some(decided) = decided.filter(|decided| decided.contact == settle.lane.contact) {
                    decided.settled = vec![SettleResult::Done];
                    self.journal.push(settle.journal.clone());
                    *self.counts.entry("failed, and did arrive".to_owned()).or_default() += 1;
                }
                return Ok(());
            }
            Settled::Gone | Settled::Stale => return Ok(()),
            Settled::Ok { now, next } | Settled::Moved { now, next, .. } => (now.0, next),
            Settled::Claimed { next, claim } => {
                self.handed(claim)?;
                (claim.now.0, next)
            }
        };
        self.journal.push(settle.journal.clone());
        let id = settle.id;
        let decided = self.effects.get_mut(&id).ok_or_else(|| format!("{id} is settled and was never decided"))?;
        if decided.forgotten {
            return Err(format!("{id} is settled although its contact was deleted with it"));
        }
        if let (SettleResult::Retry { .. }, Some((set, _))) = (settle.result, &settle.instead) {
            // Another channel stands in, unless somebody began it before and nobody knows what became of it.
            if decided.offered.is_some_and(|offer| !offer.unsure) {
                // A conversation came behind it meanwhile: wherever it goes, it gives way no more.
                let gives_way = decided.set.hurried().is_some();
                decided.set = set.hurried().filter(|_| !gives_way).unwrap_or_else(|| set.clone());
                *self.counts.entry(format!("switched to {set}")).or_default() += 1;
            }
        }
        // Whoever had it has it no longer.
        decided.offered.as_mut().map(Offer::end);
        let person = self.people.get(&settle.lane.contact);
        let (there, fading) = person.map_or((false, false), |person| (person.there, person.fading));
        // Whoever deletes a contact ends what is on its way in the names of those who had become part of it.
        let ended = settle.result == SettleResult::Done && settle.who == Who(0);
        let result = match settle.result {
            SettleResult::Arrived | SettleResult::Ended => SettleResult::Done,
            result => result,
        };
        if matches!(result, SettleResult::Done | SettleResult::Failed) {
            decided.settled.push(result);
            if decided.settled.len() > 1 {
                return Err(format!("{id} is settled twice"));
            }
            // Nothing is kept for an operator, and nobody hears of it.
            decided.forgotten = !there || ended || fading && settle.result == SettleResult::Failed;
            if let Some((input, body)) = settle.reply.as_ref().filter(|_| there) {
                self.results.insert(id);
                if matches!(answer, Settled::Moved { .. }) {
                    return Ok(());
                }
                self.took(settle.lane.contact, *input, Class::Priority, body)?;
            }
        }
        next.iter().try_for_each(|next| self.offered(next, settle.who, now))
    }

    /// An operator has something done again that had failed visibly, as if it had never been tried: at the end of its line.
    pub fn retried(&mut self, key: FailedKey, journal: &Bytes) -> Rule {
        self.journal.push(journal.clone());
        match key {
            FailedKey::Effect(contact, id) => {
                let decided = self.effects.get_mut(&id).ok_or_else(|| format!("{id} is retried and was never decided"))?;
                if decided.settled.pop() != Some(SettleResult::Failed) {
                    return Err(format!("{id} is retried and did not fail"));
                }
                (decided.offered, decided.writes) = (None, Vec::new());
                if decided.lane == Lane::Contact {
                    let lane = &mut self.person(contact).lane;
                    lane.retain(|other| *other != id);
                    lane.push(id);
                }
            }
            FailedKey::Input(contact, id) => {
                let person = self.person(contact);
                if !person.set_aside.remove(&id) {
                    return Err(format!("{id} is retried and was not set aside"));
                }
                person.consumed.retain(|other| *other != id);
                let place = person.accepted.iter().position(|(other, _)| *other == id).ok_or("never accepted")?;
                let input = person.accepted.remove(place);
                person.accepted.push(input);
            }
        }
        Ok(())
    }

    /// A message is written to a provider over this channel. What may have left over another one does not leave over this one.
    pub fn leaves_over(&mut self, id: EffectId, channel: &str, may_act: bool, now: i64) -> Rule {
        self.counts(channel, now)?;
        if channel == MAIN && self.counts.contains_key("switched to backup-sms:talk") {
            self.count("back over main-sms");
        }
        let Some(decided) = self.effects.get_mut(&id) else { return Ok(()) };
        let before = decided.writes.iter().any(|may_have_arrived| *may_have_arrived);
        match decided.over.clone() {
            Some(over) if over != channel && before => {
                return Err(format!("{id} leaves over {channel}, and may have left over {over}"));
            }
            Some(over) if over != channel => self.count(&format!("left over {channel} after {over} had refused it")),
            _ => {}
        }
        let Some(decided) = self.effects.get_mut(&id) else { return Ok(()) };
        if may_act || !before {
            decided.over = Some(channel.to_owned());
        }
        Ok(())
    }

    /// The store gives permits: in no span of time more than the rate allows and the bucket holds, broadcasts' tenth included.
    pub fn permitted(&mut self, channel: &ChannelName, granted: u32, rate: Rate, now: i64) -> Rule {
        *self.permits.entry(channel.to_string()).or_default() += granted as usize;
        let given = self.permits_since.entry(channel.to_string()).or_default();
        given.push((now, granted));
        let mut sum = 0.0;
        for (at, n) in given.iter().rev() {
            sum += f64::from(*n);
            let most = f64::from(rate.burst) + (now - at) as f64 / rate.step_millis() * 1.1 + 2.0;
            if sum > most {
                return Err(format!("{sum} permits of {channel} in {} ms, and the rate gives {most}", now - at));
            }
        }
        Ok(())
    }

    /// A message is written to a contact over the channel that counts them: no more than may go to one. What was taken is written within its lease.
    pub fn one_person(&mut self, contact: ContactKey, now: i64) -> Rule {
        let sent = self.to_one.entry(contact).or_default();
        sent.push(now);
        for (n, at) in sent.iter().rev().enumerate() {
            let most = i64::from(PAIR.burst) + (now - at + SEND_LEASE.0) / PAIR.every.0;
            if n as i64 + 1 > most {
                return Err(format!("{} messages to {contact} in {} ms, and {most} may go", n + 1, now - at));
            }
        }
        Ok(())
    }

    /// A message is written over a channel: each with a permit, and of a channel with a cap no more in a day than that.
    fn counts(&mut self, channel: &str, now: i64) -> Rule {
        let over = self.over.entry(channel.to_owned()).or_default();
        over.push(now);
        let permits = self.permits.get(channel).copied();
        if permits.is_some_and(|permits| over.len() > permits) {
            return Err(format!("{} messages over {channel}, and {permits:?} permits", over.len()));
        }
        let today = over.iter().filter(|at| now - **at < 86_400_000).count();
        if channel == BACKUP && today > PER_DAY as usize {
            return Err(format!("{today} messages over {channel} in a day"));
        }
        Ok(())
    }

    /// The provider says that it never had it: what left was lost on its way, and the same may leave again.
    pub fn never_had(&mut self, id: EffectId) {
        if let Some(decided) = self.effects.get_mut(&id) {
            decided.writes.fill(false);
            decided.left = false;
        }
    }

    /// A report is written to whoever asked for it: at least once, by whoever has it, and not after it was taken.
    pub fn told_elsewhere(&mut self, id: EffectId, may_act: bool, now: i64) -> Rule {
        let decided = self.effects.get_mut(&id).ok_or_else(|| format!("the report {id} leaves and was never decided"))?;
        let offer = self.holders.get(&(self.task, id));
        let offer = offer.ok_or_else(|| format!("the report {id} leaves from somebody who does not have it"))?;
        if now > offer.at + SEND_LEASE.0 {
            return Err(format!("the report {id} leaves after the lease of whoever sends it"));
        }
        if !decided.settled.is_empty() && !offer.unsure {
            return Err(format!("the report {id} leaves after it was taken"));
        }
        decided.writes.push(may_act);
        decided.left |= may_act;
        self.count("reports to other systems");
        Ok(())
    }

    /// A request for this effect is written to the other side now, which may act on it or surely does not.
    pub fn written(&mut self, id: EffectId, may_act: bool, repeats: bool, now: i64) -> Rule {
        let decided = self.effects.get(&id).ok_or_else(|| format!("{id} leaves and was never decided"))?;
        let offer =
            self.holders.get(&(self.task, id)).ok_or_else(|| format!("{id} leaves from somebody who does not have it"))?;
        if now > offer.at + SEND_LEASE.0 {
            return Err(format!("{id} leaves after the lease of whoever sends it"));
        }
        let before = decided.writes.iter().any(|may_have_arrived| *may_have_arrived);
        // An operator had it sent again as if it had never been tried, and then it was reported that it had arrived before.
        let reported = decided.left && !before;
        if !decided.settled.is_empty() && !offer.unsure && !reported {
            return Err(format!("{id} leaves after it was settled"));
        }
        if decided.withdrawn {
            return Err(format!("{id} leaves after it was given up"));
        }
        if before && !offer.unsure {
            return Err(format!("{id} leaves again, and nobody knows that it may have arrived"));
        }
        if before && !repeats {
            return Err(format!("{id} leaves again over a channel that never repeats"));
        }
        // A stub says no to all: whoever sends asks the contact that it is part of.
        let asks = offer.stop == StopMask::of(&ChannelKind::ALL)
            && self.people.get(&decided.contact).is_some_and(|person| person.moved.is_some());
        if decided.kind.is_some_and(|kind| offer.stop.stops(kind)) && !decided.confirmation && !asks {
            return Err(format!("{id} leaves to somebody who has opted out"));
        }
        if decided.lane == Lane::Contact && decided.writes.is_empty() {
            let lane = &self.people[&decided.contact].lane;
            let place = lane.iter().position(|other| *other == id).unwrap_or(0);
            if let Some(open) = lane[..place].iter().find(|before| self.effects[before].is_open()) {
                return Err(format!("{id} overtakes {open}"));
            }
        }
        if before {
            self.count("repeat, known as unsure");
        }
        if let Some(decided) = self.effects.get_mut(&id) {
            decided.writes.push(may_act);
            decided.left |= may_act;
        }
        Ok(())
    }
}
