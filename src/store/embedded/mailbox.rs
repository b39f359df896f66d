//! Contacts: accept, claim, release, commit, report.

use super::tables::{ALIAS, HELD, Header, OPEN, Tables, class_number, member, read_entry, read_set};
use crate::domain::id::{ContactKey, EffectId, InputId, Token, Who};
use crate::domain::input::Class;
use crate::domain::limits;
use crate::domain::time::Span;
use crate::store::{
    Accept, Accepted, Answer, Claimed, Commit, Committed, Entry, FailedKey, Lane, LaneKey, LanePush, Report, Reported, Started,
    StoreError, WhenFull, WorkSet,
};
use std::collections::HashSet;

/// A mailbox as a commit sees it.
struct Split {
    /// What it consumed, with the place of each.
    taken: Vec<(i64, Entry)>,
    /// What may be processed next.
    rest: Vec<Entry>,
}

impl Tables<'_> {
    /// Marks a message id as seen; false if it was seen in the window.
    fn see(&self, contact: ContactKey, hash: u64) -> Answer<bool> {
        let sql = "INSERT INTO seen (contact, hash, at) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (contact, hash) DO UPDATE SET at = excluded.at WHERE at < ?4";
        Ok(self.run(sql, (contact.as_str(), hash as i64, self.now.0, self.forgotten()))? == 1)
    }

    /// As if it had never come.
    fn unsee(&self, accept: &Accept) -> Answer<()> {
        let row = (accept.contact.as_str(), accept.hash.0 as i64);
        self.run("DELETE FROM seen WHERE contact = ?1 AND hash = ?2", row).map(|_| ())
    }

    /// Stores an input once, and claims the contact if it is free.
    pub fn accept(&self, accept: &Accept) -> Answer<Accepted> {
        let contact = accept.contact;
        if accept.body.len() > limits::INPUT_BYTES {
            return Err(StoreError::Bug(format!("an input of {} bytes", accept.body.len())));
        }
        if !self.see(contact, accept.hash.0)? {
            return Ok(Accepted::Duplicate);
        }
        let header = self.header(contact)?;
        if header.as_ref().is_some_and(|h| h.flag == ALIAS) {
            self.unsee(accept)?;
            return Ok(Accepted::Moved(self.target(contact)?));
        }
        if accept.known && header.is_none() {
            self.unsee(accept)?;
            return Ok(Accepted::Nobody);
        }
        let headroom = if accept.class == Class::Priority { self.settings.mailbox_headroom } else { 0 };
        let before = self.mailbox_len(contact)?;
        let entry = Entry { class: accept.class, id: accept.id, accepted_at: self.now, body: accept.body.clone() };
        if accept.full != WhenFull::Take && before >= self.settings.mailbox_max + headroom {
            if accept.full == WhenFull::Refuse {
                self.unsee(accept)?;
                return Ok(Accepted::Full);
            }
            let sql = "INSERT INTO journal (contact, class, id, at, body) VALUES (?1, ?2, ?3, ?4, ?5)";
            let row = (contact.as_str(), class_number(entry.class), entry.id.0 as i64, entry.accepted_at.0, &entry.body[..]);
            self.run(sql, row)?;
            return Ok(Accepted::Full);
        }
        self.push_input(contact, &entry)?;
        let header = match header {
            Some(header) => header,
            None => self.birth(contact, accept.id)?,
        };
        let passes = header.flag == OPEN && before == 0 || header.flag == HELD && accept.class == Class::Priority;
        if !passes {
            return Ok(Accepted::Queued);
        }
        if !accept.claim {
            self.attend(contact, Some(self.now), false)?;
            return Ok(Accepted::Queued);
        }
        Ok(Accepted::Claimed(self.claim_now(contact, &header)?))
    }

    fn birth(&self, contact: ContactKey, first: InputId) -> Answer<Header> {
        let token = Token::birth(contact, first);
        // Whoever opted out and was deleted begins as somebody who opted out.
        let stop = self.suppressed(contact)?;
        let sql = "INSERT INTO contact (id, token, flag, tries, claimer, stop, attend, leased, record) \
                   VALUES (?1, ?2, 0, 0, -1, ?3, NULL, 0, x'')";
        self.run(sql, (contact.as_str(), token.0 as i64, stop.bits()))?;
        Ok(Header { flag: OPEN, token, tries: 0, claimer: -1, stop })
    }

    /// Takes a contact that was due; counts up to `most` claims.
    pub fn claim(&self, contact: ContactKey, who: Who, most: u8) -> Answer<Claimed> {
        let waits = "SELECT 1 FROM contact WHERE id = ?1 AND attend IS NOT NULL";
        if self.first(waits, [contact.as_str()], |_| Ok(()))?.is_none() {
            return Ok(Claimed::Free);
        }
        let Some(mut header) = self.header(contact)? else { return Ok(Claimed::Gone) };
        // The same `who` again is a lost answer: it must not make a contact look poisoned.
        if header.tries < i64::from(most) && header.claimer != i64::from(who.0) {
            header.tries += 1;
            let sql = "UPDATE contact SET tries = ?2, claimer = ?3 WHERE id = ?1";
            self.run(sql, (contact.as_str(), header.tries, who.0))?;
        }
        Ok(Claimed::Claimed(self.claim_now(contact, &header)?))
    }

    /// Gives a claim back untouched.
    pub fn release(&self, contact: ContactKey, token: Token, who: Who, pause: Span) -> Answer<()> {
        let sql = "UPDATE contact SET attend = ?3, leased = 0 WHERE id = ?1 AND token = ?2";
        if self.run(sql, (contact.as_str(), token.0 as i64, (self.now + Span(pause.0.max(0))).0))? == 1 {
            let sql = "UPDATE contact SET tries = max(0, tries - 1), claimer = -1 WHERE id = ?1 AND claimer = ?2";
            self.run(sql, (contact.as_str(), who.0))?;
        }
        Ok(())
    }

    /// One turn.
    pub fn commit(&self, commit: &Commit) -> Answer<Committed> {
        let contact = commit.contact;
        let Some(header) = self.header(contact)? else { return Ok(Committed::Gone) };
        if header.token == commit.new {
            return Ok(Committed::Already);
        }
        if header.token != commit.expect {
            return Ok(Committed::Stale);
        }
        let Some(Split { taken, rest }) = self.split_mailbox(commit)? else { return Ok(Committed::Missing) };
        let handed = commit.keep && !rest.is_empty();
        let (withdrawn, told) = self.withdraw(commit)?;
        let attend = if rest.is_empty() {
            if told { Some(self.now) } else { commit.alarm }
        } else if handed {
            Some(self.now + self.settings.claim_lease)
        } else {
            Some(self.now)
        };
        let sql = "UPDATE contact SET token = ?2, flag = ?3, tries = 0, claimer = -1, stop = ?4, attend = ?5, leased = ?6, \
                   record = ?7 WHERE id = ?1";
        let flag = if commit.hold { HELD } else { OPEN };
        let row =
            (contact.as_str(), commit.new.0 as i64, flag, commit.stop.bits(), attend.map(|a| a.0), handed, &commit.blob[..]);
        self.run(sql, row)?;
        for (seq, entry) in &taken {
            self.run("DELETE FROM mailbox WHERE seq = ?1", [seq])?;
            if commit.set_aside.contains(&entry.id) {
                let sql =
                    "INSERT OR REPLACE INTO failed (id, contact, at, class, accepted, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                let class = class_number(entry.class);
                let row = (
                    FailedKey::Input(contact, entry.id).field(),
                    contact.as_str(),
                    self.now.0,
                    class,
                    entry.accepted_at.0,
                    &entry.body[..],
                );
                self.run(sql, row)?;
            }
        }
        for effect in &commit.await_add {
            self.run("INSERT OR IGNORE INTO awaited VALUES (?1, ?2)", (contact.as_str(), effect.to_string()))?;
        }
        for effect in &commit.await_remove {
            self.run("DELETE FROM awaited WHERE contact = ?1 AND effect = ?2", (contact.as_str(), effect.to_string()))?;
        }
        self.count_live(&commit.live)?;
        let mut started = Vec::new();
        for push in &commit.lanes {
            started.extend(self.push(commit, push)?);
        }
        self.journal(&commit.journal)?;
        for given_up in commit.withdraw.iter().filter(|given_up| withdrawn.contains(&given_up.id)) {
            self.journal(&given_up.journal)?;
        }
        Ok(Committed::Ok { now: self.now, more: if handed { rest } else { Vec::new() }, started, withdrawn })
    }

    /// Takes messages out of the contact's lane that are given up and surely have not left. The lane goes on with what stands
    /// behind them. Gives them, and whether the contact has an input because of one.
    fn withdraw(&self, commit: &Commit) -> Answer<(Vec<EffectId>, bool)> {
        let (mut withdrawn, mut told) = (Vec::new(), false);
        if commit.withdraw.is_empty() {
            return Ok((withdrawn, told));
        }
        let lane = LaneKey { contact: commit.contact, lane: Lane::Contact };
        let name = member(lane);
        let before = self.head(&name)?;
        for given_up in &commit.withdraw {
            let sql = "DELETE FROM outbox WHERE lane = ?1 AND id = ?2 AND state = 'q'";
            if self.run(sql, (&name, given_up.id.to_string()))? == 0 {
                continue;
            }
            withdrawn.push(given_up.id);
            if let Some((id, body)) = &given_up.reply {
                let entry = Entry { class: Class::Priority, id: *id, accepted_at: self.now, body: body.clone() };
                self.push_input(commit.contact, &entry)?;
                told = true;
            }
        }
        match self.head(&name)? {
            after if after == before => {}
            Some((_, set)) => self.place(lane, &set, self.now, false)?,
            None => drop(self.run("DELETE FROM lane WHERE id = ?1", [&name])?),
        }
        Ok((withdrawn, told))
    }

    /// What lies in a lane and gives way to conversations gives way no more.
    fn hurry(&self, lane: LaneKey) -> Answer<()> {
        let name = member(lane);
        let sql = "SELECT seq, work, state = 'q', attempt > 0 FROM outbox WHERE lane = ?1 ORDER BY seq";
        let rows =
            self.all(sql, [&name], |row| Ok((row.get::<_, i64>(0)?, read_set(row, 1)?, row.get::<_, bool>(2)?, row.get(3)?)))?;
        for (place, (seq, set, sure, tried)) in rows.into_iter().enumerate() {
            let Some(talk) = set.hurried() else { continue };
            self.run("INSERT OR IGNORE INTO works VALUES (?1)", [talk.to_string()])?;
            self.run("UPDATE outbox SET work = ?2 WHERE seq = ?1", (seq, talk.to_string()))?;
            if place > 0 {
                continue;
            }
            self.run("UPDATE lane SET work = ?2 WHERE id = ?1", (&name, talk.to_string()))?;
            let due = self.first("SELECT due FROM lane WHERE id = ?1", [&name], |row| row.get::<_, i64>(0))?;
            // Whoever has a ticket for it begins nothing with that any more: it is due. What was never begun waits so long only for a lease,
            // and what was tried and surely did not leave may wait for what only broadcasts lack.
            let longest = if tried { self.now.0 } else { self.now.0 + self.settings.send_lease.0 / 2 };
            if sure && due.is_some_and(|due| due > longest) {
                self.place(lane, &talk, self.now, false)?;
            }
        }
        Ok(())
    }

    /// The place and the set of the first of a lane.
    fn head(&self, lane: &str) -> Answer<Option<(i64, WorkSet)>> {
        let sql = "SELECT seq, work FROM outbox WHERE lane = ?1 ORDER BY seq LIMIT 1";
        self.first(sql, [lane], |row| Ok((row.get(0)?, read_set(row, 1)?)))
    }

    /// The consumed inputs with their places, and what may be processed afterwards. Nothing if one is missing.
    fn split_mailbox(&self, commit: &Commit) -> Answer<Option<Split>> {
        let sql = "SELECT seq, class, id, at, body FROM mailbox WHERE contact = ?1 ORDER BY seq";
        let rows = self.all(sql, [commit.contact.as_str()], |row| Ok((row.get::<_, i64>(0)?, read_entry(row, 1)?)))?;
        let mut wanted: HashSet<InputId> = commit.consumed.iter().copied().collect();
        let (mut taken, mut rest) = (Vec::with_capacity(wanted.len()), Vec::new());
        for (seq, entry) in rows {
            if wanted.remove(&entry.id) {
                taken.push((seq, entry));
            } else if rest.len() < self.settings.claim_inputs && (!commit.hold || entry.class == Class::Priority) {
                rest.push(entry);
            }
        }
        Ok(wanted.is_empty().then_some(Split { taken, rest }))
    }

    /// Puts effects at the end of a lane; the first one is begun at once if the lane was empty and the committer can.
    fn push(&self, commit: &Commit, push: &LanePush) -> Answer<Option<Started>> {
        let lane = LaneKey { contact: commit.contact, lane: push.lane };
        let name = member(lane);
        let busy = self.first("SELECT 1 FROM outbox WHERE lane = ?1 LIMIT 1", [&name], |_| Ok(()))?.is_some();
        let takes = !busy && push.take && push.due <= self.now;
        let later = match push.effects.first().filter(|_| takes) {
            Some(head) => self.paced(lane, &head.set)?,
            None => None,
        };
        let begin = takes && later.is_none();
        if busy && push.hurries() {
            self.hurry(lane)?;
        }
        for (i, effect) in push.effects.iter().enumerate() {
            self.run("INSERT OR IGNORE INTO works VALUES (?1)", [effect.set.to_string()])?;
            let begun = begin && i == 0;
            let sql = "INSERT INTO outbox (lane, id, work, state, attempt, who, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let (state, who) = if begun { ("s", i64::from(commit.who.0)) } else { ("q", -1) };
            let row = (&name, effect.id.to_string(), effect.set.to_string(), state, i64::from(begun), who, &effect.body[..]);
            self.run(sql, row)?;
        }
        let Some(head) = push.effects.first().filter(|_| !busy) else { return Ok(None) };
        if !begin {
            self.place(lane, &head.set, push.due.max(self.now).max(later.unwrap_or_default()), false)?;
            return Ok(None);
        }
        self.place(lane, &head.set, self.now + self.settings.send_lease, true)?;
        let (id, set, body) = (head.id, head.set.clone(), head.body.clone());
        Ok(Some(Started { lane, set, id, attempt: 1, unsure: false, stop: commit.stop, body }))
    }

    /// A delivery report.
    pub fn report(&self, report: &Report) -> Answer<Reported> {
        let contact = report.contact;
        let header = self.header(contact)?;
        if header.as_ref().is_some_and(|header| header.flag == ALIAS) {
            return self.target(contact).map(Reported::Moved);
        }
        let awaited = "SELECT 1 FROM awaited WHERE contact = ?1 AND effect = ?2";
        let waits = self.first(awaited, (contact.as_str(), report.effect.to_string()), |_| Ok(()))?.is_some();
        let (Some(wake), Some(header)) = (&report.wake, header.filter(|_| waits)) else {
            self.journal(&report.journal)?;
            return Ok(Reported::Journaled);
        };
        if !self.see(contact, wake.hash.0)? {
            return Ok(Reported::Journaled);
        }
        self.journal(&report.journal)?;
        let before = self.mailbox_len(contact)?;
        // It passes a pending call: what it was waited for would otherwise come too late.
        let entry = Entry { class: Class::Priority, id: wake.id, accepted_at: self.now, body: wake.body.clone() };
        self.push_input(contact, &entry)?;
        if header.flag != HELD && (header.flag != OPEN || before > 0) {
            return Ok(Reported::Queued);
        }
        Ok(Reported::Claimed(self.claim_now(contact, &header)?))
    }
}
