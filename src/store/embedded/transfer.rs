//! Moving a store: writing what is kept, marks, and the contract.

use super::tables::{ALIAS, HELD, MOVING, OPEN, Tables, class_number, member};
use super::{EmbeddedStore, transfer_read};
use crate::domain::id::ContactKey;
use crate::domain::name::Slug;
use crate::domain::time::{Millis, Span};
use crate::store::transfer::{
    ContactKept, EntryMoved, FlowKept, LaneKept, Mark, Name, Names, RequestKept, SeenKept, Thing, Transfer,
};
use crate::store::{Answer, Entry, FailedBody, FailedItem, JournalRecord, LaneKey, Place, Store, StoreError};
use async_trait::async_trait;
use bytes::Bytes;

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Tables<'_> {
    fn keep(&self, name: &Name, thing: &Thing) -> Answer<()> {
        match (name, thing) {
            (Name::Set(set), Thing::Set) => self.run("INSERT OR IGNORE INTO works VALUES (?1)", [set.to_string()]).map(drop),
            (Name::Version(id), Thing::Version(content)) => self.put_version(*id, content),
            (Name::Flow(flow), Thing::Flow(kept)) => self.keep_flow(flow, kept),
            (Name::Live(id), Thing::Live(n)) => {
                self.run("INSERT OR REPLACE INTO live VALUES (?1, ?2)", (id.0 as i64, n)).map(drop)
            }
            (Name::Hold(name), Thing::Hold(body)) => {
                self.run("INSERT OR REPLACE INTO held VALUES (?1, ?2)", (name, &body[..])).map(drop)
            }
            (Name::Day(channel), Thing::Day(hours)) => {
                self.run("DELETE FROM spent WHERE channel = ?1", [channel.as_str()])?;
                for (hour, n) in hours {
                    self.run("INSERT INTO spent VALUES (?1, ?2, ?3)", (channel.as_str(), hour, signed(*n)))?;
                }
                Ok(())
            }
            (Name::ListMark, Thing::ListMark(number)) => {
                self.run("UPDATE list_mark SET number = ?1", [signed(*number)]).map(drop)
            }
            (Name::Listed(address), Thing::Listed(number, body)) => {
                let sql = "INSERT INTO listed (address, number, body) VALUES (?1, ?2, ?3) \
                           ON CONFLICT (address) DO UPDATE SET number = excluded.number, body = excluded.body";
                self.run(sql, (address.as_str(), signed(*number), &body[..])).map(drop)
            }
            (Name::OptedOut(address), Thing::OptedOut(stop)) => self.suppress(*address, *stop),
            (Name::Request(key), Thing::Request(kept)) => self.keep_request(key, kept),
            (Name::Failed(_), Thing::Failed(item)) => self.keep_failed(item),
            (Name::Contact(contact), Thing::Contact(kept)) => self.keep_contact(*contact, kept),
            (Name::Mailbox(contact), Thing::Mailbox(entries)) => {
                self.run("DELETE FROM mailbox WHERE contact = ?1", [contact.as_str()])?;
                entries.iter().try_for_each(|entry| self.push_input(*contact, entry))
            }
            (Name::Seen(contact), Thing::Seen(seen)) => self.keep_seen(*contact, seen),
            (Name::Awaited(contact), Thing::Awaited(effects)) => {
                self.run("DELETE FROM awaited WHERE contact = ?1", [contact.as_str()])?;
                for effect in effects {
                    self.run("INSERT INTO awaited VALUES (?1, ?2)", (contact.as_str(), effect.to_string()))?;
                }
                Ok(())
            }
            (Name::Lane(lane), Thing::Lane(kept)) => self.keep_lane(*lane, kept),
            (name, _) => Err(StoreError::Bug(format!("something else came under the name of {}", name.kind()))),
        }
    }

    fn keep_flow(&self, flow: &Slug, kept: &FlowKept) -> Answer<()> {
        let name = flow.as_str();
        self.run("DELETE FROM current WHERE name = ?1", [name])?;
        if let Some(version) = kept.current {
            self.run("INSERT INTO current VALUES (?1, ?2)", (name, version.0 as i64))?;
        }
        self.run("DELETE FROM publication WHERE name = ?1", [name])?;
        for (number, version, body) in &kept.publications {
            let sql = "INSERT INTO publication (name, number, version, body) VALUES (?1, ?2, ?3, ?4)";
            self.run(sql, (name, signed(*number), version.0 as i64, &body[..]))?;
        }
        Ok(())
    }

    fn keep_request(&self, key: &[u8; 16], kept: &RequestKept) -> Answer<()> {
        // Nobody works on it any more.
        let sql = "INSERT INTO request (key, print, who, until, forget, answer) VALUES (?1, ?2, 0, 0, ?3, ?4) \
                   ON CONFLICT (key) DO UPDATE SET print = excluded.print, until = 0, forget = excluded.forget, answer = excluded.answer";
        self.run(sql, (&key[..], &kept.print, kept.forget.0, kept.answer.as_deref())).map(drop)
    }

    fn keep_failed(&self, item: &FailedItem) -> Answer<()> {
        let (id, contact, at) = (item.key.field(), item.key.contact(), item.at.0);
        match &item.body {
            FailedBody::Effect { lane, set, attempts, body } => {
                let sql = "INSERT OR REPLACE INTO failed (id, contact, at, lane, work, attempt, body) \
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
                self.run(sql, (id, contact.as_str(), at, member(*lane), set.to_string(), attempts, &body[..]))
            }
            FailedBody::Input(Entry { class, accepted_at, body, .. }) => {
                let sql =
                    "INSERT OR REPLACE INTO failed (id, contact, at, class, accepted, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                self.run(sql, (id, contact.as_str(), at, class_number(*class), accepted_at.0, &body[..]))
            }
        }
        .map(drop)
    }

    fn keep_contact(&self, contact: ContactKey, kept: &ContactKept) -> Answer<()> {
        let key = contact.as_str();
        let (flag, blob) = match &kept.place {
            Place::Here if kept.record.held => (HELD, &kept.record.blob[..]),
            Place::Here => (OPEN, &kept.record.blob[..]),
            Place::Moving(_) => (MOVING, &kept.record.blob[..]),
            Place::Moved(to) => (ALIAS, to.as_str().as_bytes()),
        };
        let sql = "INSERT OR REPLACE INTO contact (id, token, flag, tries, claimer, stop, attend, leased, record) \
                   VALUES (?1, ?2, ?3, ?4, -1, ?5, ?6, 0, ?7)";
        let record = &kept.record;
        let attend = kept.attention.map(|at| at.0);
        self.run(sql, (key, record.token.0 as i64, flag, record.tries, record.stop.bits(), attend, blob))?;
        self.run("DELETE FROM moving WHERE contact = ?1", [key])?;
        if let Place::Moving(to) = &kept.place {
            self.run("INSERT INTO moving VALUES (?1, ?2)", (key, to.as_str()))?;
        }
        self.run("DELETE FROM fading WHERE contact = ?1", [key])?;
        if let Some(fades) = kept.fades {
            self.run("INSERT INTO fading VALUES (?1, ?2)", (key, (fades - self.ttl()).0))?;
        }
        Ok(())
    }

    fn ttl(&self) -> Span {
        self.settings.dedupe_ttl
    }

    fn keep_seen(&self, contact: ContactKey, seen: &SeenKept) -> Answer<()> {
        self.run("DELETE FROM seen WHERE contact = ?1", [contact.as_str()])?;
        for (hashes, until) in seen.older.iter().chain(&seen.current) {
            let at: Millis = *until - self.ttl();
            for hash in hashes {
                let sql = "INSERT OR REPLACE INTO seen (contact, hash, at) VALUES (?1, ?2, ?3)";
                self.run(sql, (contact.as_str(), hash.0 as i64, at.0))?;
            }
        }
        Ok(())
    }

    fn keep_lane(&self, lane: LaneKey, kept: &LaneKept) -> Answer<()> {
        let name = member(lane);
        self.run("DELETE FROM outbox WHERE lane = ?1", [&name])?;
        for effect in &kept.effects {
            self.run("INSERT OR IGNORE INTO works VALUES (?1)", [effect.set.to_string()])?;
            let sql = "INSERT INTO outbox (lane, id, work, state, attempt, who, body) VALUES (?1, ?2, ?3, ?4, ?5, -1, ?6)";
            let state = if effect.unsure { "u" } else { "q" };
            self.run(sql, (&name, effect.id.to_string(), effect.set.to_string(), state, effect.attempts, &effect.body[..]))?;
        }
        match kept.effects.first() {
            Some(head) => self.place(lane, &head.set, kept.due, false),
            None => self.run("DELETE FROM lane WHERE id = ?1", [&name]).map(drop),
        }
    }

    fn keep_entry(&self, entry: &EntryMoved) -> Answer<()> {
        match &entry.item.record {
            JournalRecord::Entry(body) => self.journal(body),
            JournalRecord::Overflow { contact, entry } => {
                let sql = "INSERT INTO journal (contact, class, id, at, body) VALUES (?1, ?2, ?3, ?4, ?5)";
                let class = class_number(entry.class);
                let row = (contact.as_str(), class, entry.id.0 as i64, entry.accepted_at.0, &entry.body[..]);
                self.run(sql, row).map(drop)
            }
        }
    }

    fn wake(&self, name: &Name) -> Answer<bool> {
        match name {
            Name::Contact(contact) => {
                let sql = "UPDATE contact SET attend = ?2, leased = 0 WHERE id = ?1 AND attend IS NULL";
                Ok(self.run(sql, (contact.as_str(), self.now.0))? == 1)
            }
            Name::Lane(lane) => {
                let sql = "INSERT OR IGNORE INTO lane (id, work, due, leased, ticket) \
                           SELECT lane, work, ?2, 0, 0 FROM outbox WHERE lane = ?1 ORDER BY seq LIMIT 1";
                Ok(self.run(sql, (member(*lane), self.now.0))? == 1)
            }
            _ => Ok(false),
        }
    }

    fn go_beyond(&self, beyond: u64) -> Answer<()> {
        self.run("UPDATE journal_base SET time = max(time, ?1)", [signed(beyond)]).map(drop)
    }

    fn set_mark(&self, mark: Mark, said: Option<&[u8]>) -> Answer<()> {
        match said {
            Some(said) => self.run("INSERT OR REPLACE INTO mark VALUES (?1, ?2)", (mark.name(), said)),
            None => self.run("DELETE FROM mark WHERE name = ?1", [mark.name()]),
        }
        .map(drop)
    }
}

#[async_trait]
impl Transfer for EmbeddedStore {
    fn store(&self) -> &dyn Store {
        self
    }

    fn whereabouts(&self) -> String {
        format!("the folder {}", self.place.folder().display())
    }

    /// Nobody: the folder is locked.
    async fn others(&self) -> Answer<u64> {
        Ok(0)
    }

    async fn secret(&self) -> Answer<Option<Bytes>> {
        self.read(|db| super::view::secret(db).map(|secret| Some(Bytes::from(secret)))).await
    }

    async fn take_secret(&self, secret: Bytes, beyond: u64) -> Answer<()> {
        self.write(0, move |tables| {
            tables.run("UPDATE meta SET secret = ?1", [&secret[..]])?;
            tables.go_beyond(beyond)
        })
        .await
    }

    async fn go_beyond(&self, beyond: u64) -> Answer<()> {
        self.write(0, move |tables| tables.go_beyond(beyond)).await
    }

    async fn names(&self, from: &str, n: usize) -> Answer<Names> {
        let from = from.to_owned();
        self.read(move |db| transfer_read::names(db, &from, n)).await
    }

    async fn things(&self, names: &[Name]) -> Answer<Vec<Option<Thing>>> {
        let (names, now, ttl) = (names.to_vec(), self.time(), self.settings.dedupe_ttl);
        self.read(move |db| names.iter().map(|name| transfer_read::thing(db, name, now, ttl)).collect()).await
    }

    async fn keep(&self, things: Vec<(Name, Thing)>, come: Bytes) -> Answer<()> {
        self.write(0, move |tables| {
            things.iter().try_for_each(|(name, thing)| tables.keep(name, thing))?;
            tables.set_mark(Mark::Arriving, Some(&come))
        })
        .await
    }

    /// What is there already is known by how far the move has come, which is written with it.
    async fn keep_entries(&self, entries: Vec<EntryMoved>, come: Bytes) -> Answer<()> {
        self.write(0, move |tables| {
            entries.iter().try_for_each(|entry| tables.keep_entry(entry))?;
            tables.set_mark(Mark::Arriving, Some(&come))
        })
        .await
    }

    async fn wake(&self, name: &Name) -> Answer<bool> {
        let name = name.clone();
        self.write(0, move |tables| tables.wake(&name)).await
    }

    async fn mark(&self, mark: Mark) -> Answer<Option<Bytes>> {
        self.read(move |db| {
            let sql = "SELECT body FROM mark WHERE name = ?1";
            super::tables::first(db, sql, [mark.name()], |row| row.get::<_, Vec<u8>>(0)).map(|said| said.map(Bytes::from))
        })
        .await
    }

    async fn set_mark(&self, mark: Mark, said: Option<Bytes>) -> Answer<()> {
        self.write(0, move |tables| tables.set_mark(mark, said.as_deref())).await
    }
}
