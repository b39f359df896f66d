//! Work: due, start, settle.

use super::tables::{ALIAS, HELD, OPEN, Tables, member, read_contact, read_effect, read_lane, read_set};
use crate::domain::id::{EffectId, Who};
use crate::domain::input::Class;
use crate::domain::time::Millis;
use crate::store::{
    Answer, DueContacts, DueLanes, Entry, FailedKey, LaneKey, Settle, SettleResult, Settled, StartAnswer, Started, StopMask,
    Ticket, WorkSet,
};
use bytes::Bytes;

/// The head of a lane.
struct Head {
    seq: i64,
    id: EffectId,
    set: WorkSet,
    state: String,
    attempt: u8,
    who: i64,
    body: Bytes,
}

impl Tables<'_> {
    /// Leases contacts that are due.
    pub fn due_contacts(&self, n: usize) -> Answer<DueContacts> {
        let sql = "SELECT id FROM contact WHERE attend <= ?1 ORDER BY attend, id LIMIT ?2";
        let contacts = self.all(sql, (self.now.0, i64::try_from(n).unwrap_or(i64::MAX)), |row| read_contact(row, 0))?;
        for contact in &contacts {
            self.attend(*contact, Some(self.now + self.settings.claim_lease), true)?;
        }
        let next =
            self.first("SELECT min(attend) FROM contact WHERE attend IS NOT NULL", [], |row| row.get::<_, Option<i64>>(0))?;
        Ok(DueContacts { now: self.now, contacts, next: next.flatten().map(Millis) })
    }

    /// Leases lanes whose head may be sent.
    pub fn due_work(&self, set: &WorkSet, n: usize) -> Answer<DueLanes> {
        let name = set.to_string();
        let sql = "SELECT id FROM lane WHERE work = ?1 AND due <= ?2 ORDER BY due, id LIMIT ?3";
        let lanes = self.all(sql, (&name, self.now.0, i64::try_from(n).unwrap_or(i64::MAX)), |row| read_lane(row, 0))?;
        let ticket = self.tickets.get() + 1;
        self.tickets.set(ticket);
        for lane in &lanes {
            let sql = "UPDATE lane SET due = ?2, leased = 1, ticket = ?3 WHERE id = ?1";
            self.run(sql, (member(*lane), (self.now + self.settings.send_lease).0, ticket))?;
        }
        let next = self.first("SELECT min(due) FROM lane WHERE work = ?1", [&name], |row| row.get::<_, Option<i64>>(0))?;
        Ok(DueLanes { now: self.now, lanes, ticket: Ticket(ticket), next: next.flatten().map(Millis) })
    }

    fn heads(&self, lane: &str) -> Answer<(Option<Head>, Option<Head>)> {
        let sql = "SELECT seq, id, work, state, attempt, who, body FROM outbox WHERE lane = ?1 ORDER BY seq LIMIT 2";
        let mut heads = self.all(sql, [lane], |row| {
            Ok(Head {
                seq: row.get(0)?,
                id: read_effect(row, 1)?,
                set: read_set(row, 2)?,
                state: row.get(3)?,
                attempt: row.get(4)?,
                who: row.get(5)?,
                body: Bytes::from(row.get::<_, Vec<u8>>(6)?),
            })
        })?;
        let second = if heads.len() > 1 { heads.pop() } else { None };
        Ok((heads.pop(), second))
    }

    fn stop_mask(&self, lane: LaneKey) -> Answer<StopMask> {
        Ok(self.header(lane.contact)?.map_or(StopMask::NONE, |header| header.stop))
    }

    fn begin(&self, lane: LaneKey, head: Head, unsure: bool, attempt: u8, who: Who, stop: StopMask) -> Answer<Started> {
        let sql = "UPDATE outbox SET state = ?2, attempt = ?3, who = ?4 WHERE seq = ?1";
        self.run(sql, (head.seq, if unsure { "v" } else { "s" }, attempt, who.0))?;
        self.place(lane, &head.set, self.now + self.settings.send_lease, true)?;
        Ok(Started { lane, set: head.set, id: head.id, attempt, unsure, stop, body: head.body })
    }

    /// Takes the head of a lane.
    pub fn start(&self, lane: LaneKey, set: &WorkSet, who: Who, ticket: Option<Ticket>) -> Answer<StartAnswer> {
        let name = member(lane);
        let (Some(head), _) = self.heads(&name)? else { return Ok(StartAnswer::Gone) };
        if head.set != *set {
            return Ok(StartAnswer::Gone);
        }
        let again = matches!(&head.state[..], "s" | "v") && head.who == i64::from(who.0);
        if !again {
            let sql = "SELECT ticket FROM lane WHERE id = ?1";
            let valid = self.first(sql, [&name], |row| row.get::<_, i64>(0))?.filter(|ticket| *ticket != 0);
            if valid.is_none() || valid != ticket.map(|ticket| ticket.0) {
                return Ok(StartAnswer::Taken);
            }
            if let Some(later) = self.paced(lane, set)? {
                self.place(lane, set, later, false)?;
                return Ok(StartAnswer::Taken);
            }
        }
        // Unsure: said so, or begun by somebody else and never settled. The same `who` is told what it was told before.
        let unsure = matches!(&head.state[..], "u" | "v") || head.state == "s" && !again;
        let attempt = if again { head.attempt } else { (head.attempt + 1).min(99) };
        let stop = self.stop_mask(lane)?;
        Ok(StartAnswer::Ok { now: self.now, started: self.begin(lane, head, unsure, attempt, who, stop)? })
    }

    /// How the head of a lane ended; takes the next one if the caller can start it.
    pub fn settle(&self, settle: &Settle) -> Answer<Settled> {
        let name = member(settle.lane);
        let (head, next) = self.heads(&name)?;
        let Some(head) = head.filter(|head| head.id == settle.id) else {
            let listed = FailedKey::Effect(settle.lane.contact, settle.id);
            if settle.result == SettleResult::Arrived {
                self.failed_drop(listed, &settle.journal)?;
            }
            return Ok(Settled::Gone);
        };
        let stale = match settle.result {
            // Facts need no attempt; what a report says of an earlier one is no news of one that surely did not leave.
            SettleResult::Done | SettleResult::Arrived => false,
            SettleResult::Ended => head.state == "q",
            // "Try again" and "failed" are for the holder of the current one.
            SettleResult::Retry { .. } | SettleResult::RetryUnsure { .. } | SettleResult::Failed => {
                head.attempt != settle.attempt
            }
        };
        if stale {
            return Ok(Settled::Stale);
        }
        let retry = match settle.result {
            // An attempt that began unsure stays unsure, whatever its holder says.
            SettleResult::Retry { due } => Some((due, if matches!(&head.state[..], "s" | "q") { "q" } else { "u" })),
            SettleResult::RetryUnsure { due } => Some((due, "u")),
            SettleResult::Done | SettleResult::Failed | SettleResult::Arrived | SettleResult::Ended => None,
        };
        if let Some((due, state)) = retry {
            // A conversation came behind it while it was in the air: it is that one's now, and holds it up no longer than it must.
            let hurried = settle.set.hurried().is_some_and(|talk| talk == head.set);
            let due = if hurried && state == "q" { due.min(self.now) } else { due };
            match settle.instead.as_ref().filter(|_| state == "q") {
                Some((set, body)) => {
                    let set = &set.hurried().filter(|_| hurried).unwrap_or_else(|| set.clone());
                    let sql = "UPDATE outbox SET state = ?2, work = ?3, body = ?4 WHERE seq = ?1";
                    self.run(sql, (head.seq, state, set.to_string(), &body[..]))?;
                    self.run("INSERT OR IGNORE INTO works VALUES (?1)", [set.to_string()])?;
                    self.place(settle.lane, set, due, false)?;
                }
                None => {
                    self.run("UPDATE outbox SET state = ?2 WHERE seq = ?1", (head.seq, state))?;
                    self.place(settle.lane, &head.set, due, false)?;
                }
            }
            self.journal(&settle.journal)?;
            return Ok(Settled::Ok { now: self.now, next: None });
        }
        self.run("DELETE FROM outbox WHERE seq = ?1", [head.seq])?;
        // Of somebody who was deleted nothing is kept for an operator to look at; nor of a stub that led to them, which fades since then.
        if settle.result == SettleResult::Failed
            && self.header(settle.lane.contact)?.is_some()
            && !self.fades(settle.lane.contact)?
        {
            let sql =
                "INSERT OR REPLACE INTO failed (id, contact, at, lane, work, attempt, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let contact = settle.lane.contact;
            let set = head.set.to_string();
            self.run(sql, (head.id.to_string(), contact.as_str(), self.now.0, &name, set, head.attempt, &head.body[..]))?;
        }
        let next = self.go_on(settle, next)?;
        self.journal(&settle.journal)?;
        self.reply(settle, next)
    }

    /// Takes or places the next effect; the lane is gone if there is none.
    fn go_on(&self, settle: &Settle, next: Option<Head>) -> Answer<Option<Started>> {
        match next {
            None => {
                self.run("DELETE FROM lane WHERE id = ?1", [member(settle.lane)])?;
                Ok(None)
            }
            Some(head) if settle.take.contains(&head.set) => {
                if let Some(later) = self.paced(settle.lane, &head.set)? {
                    return self.place(settle.lane, &head.set, later, false).map(|()| None);
                }
                let (attempt, stop) = ((head.attempt + 1).min(99), self.stop_mask(settle.lane)?);
                self.begin(settle.lane, head, false, attempt, settle.who, stop).map(Some)
            }
            Some(head) => {
                let due = self.now + crate::domain::time::Span(settle.gap.0.max(0));
                self.place(settle.lane, &head.set, due, false)?;
                Ok(None)
            }
        }
    }

    /// Gives the contact the result, if there is one.
    fn reply(&self, settle: &Settle, next: Option<Started>) -> Answer<Settled> {
        let now = self.now;
        let contact = settle.lane.contact;
        let Some((id, body)) = &settle.reply else { return Ok(Settled::Ok { now, next }) };
        let Some(header) = self.header(contact)? else { return Ok(Settled::Ok { now, next }) };
        if header.flag == ALIAS {
            return Ok(Settled::Moved { now, to: self.target(contact)?, next });
        }
        let before = self.mailbox_len(contact)?;
        self.push_input(contact, &Entry { class: Class::Priority, id: *id, accepted_at: now, body: body.clone() })?;
        if header.flag == HELD || header.flag == OPEN && before == 0 {
            return Ok(Settled::Claimed { next, claim: self.claim_now(contact, &header)? });
        }
        Ok(Settled::Ok { now, next })
    }
}
