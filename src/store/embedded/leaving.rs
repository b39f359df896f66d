//! Contacts that leave: deleted, or moved into another one.

use super::tables::{ALIAS, MOVING, Tables, member, read_effect, read_entry, read_set};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, DedupeHash, EffectId, InputId, Token, VersionId};
use crate::store::{
    Answer, Emptied, Entry, Flip, Flipped, Forget, Forgot, Freeze, Frozen, Lane, LaneKey, Linked, Outgoing, OutgoingState,
    Record, Still, StopMask,
};
use bytes::Bytes;

/// Where an effect of the outbox stands.
pub fn state_of(state: &str) -> OutgoingState {
    match state {
        "q" => OutgoingState::Queued,
        "u" => OutgoingState::Unsure,
        _ => OutgoingState::Started,
    }
}

impl Tables<'_> {
    /// Deletes a contact.
    pub fn forget(&self, forget: &Forget) -> Answer<Forgot> {
        let contact = forget.contact;
        let Some(header) = self.header(contact)? else { return Ok(Forgot::Gone) };
        match header.flag {
            ALIAS => return self.target(contact).map(Forgot::Moved),
            MOVING => return self.moving_into(contact).map(Forgot::Moving),
            _ if header.token != forget.expect => return Ok(Forgot::Stale),
            _ => {}
        }
        let key = contact.as_str();
        let deleted = |sql: &str, name: &str| self.run(sql, [name]).map(|n| n as u64);
        let inputs = deleted("DELETE FROM mailbox WHERE contact = ?1", key)?;
        let send_lane = member(LaneKey { contact, lane: Lane::Contact });
        let messages = deleted("DELETE FROM outbox WHERE lane = ?1", &send_lane)?;
        deleted("DELETE FROM lane WHERE id = ?1", &send_lane)?;
        let mut lanes = 0;
        for (effect, _) in &forget.lanes {
            let name = member(LaneKey { contact, lane: Lane::Own(*effect) });
            lanes += deleted("DELETE FROM outbox WHERE lane = ?1", &name)?.min(1);
            deleted("DELETE FROM lane WHERE id = ?1", &name)?;
        }
        let mut failed = 0;
        for item in &forget.failed {
            failed += self.run("DELETE FROM failed WHERE id = ?1 AND contact = ?2", (item.field(), key))? as u64;
        }
        deleted("DELETE FROM awaited WHERE contact = ?1", key)?;
        deleted("DELETE FROM contact WHERE id = ?1", key)?;
        self.suppress(contact, forget.stop)?;
        self.remember(contact, &forget.seen)?;
        self.count_live(&forget.live)?;
        for entry in &forget.journal {
            self.journal(entry)?;
        }
        Ok(Forgot::Done(Emptied { inputs, messages, lanes, failed }))
    }

    /// Counts live runs.
    pub fn count_live(&self, changes: &[(VersionId, i64)]) -> Answer<()> {
        for (version, change) in changes {
            let sql = "INSERT INTO live VALUES (?1, ?2) ON CONFLICT (version) DO UPDATE SET n = n + excluded.n";
            self.run(sql, (version.0 as i64, change))?;
            self.run("DELETE FROM live WHERE version = ?1 AND n = 0", [version.0 as i64])?;
        }
        Ok(())
    }

    /// Keeps where somebody opted out.
    pub fn suppress(&self, address: ContactKey, stop: StopMask) -> Answer<()> {
        let changed = if stop == StopMask::NONE {
            self.run("DELETE FROM suppressed WHERE hash = ?1", [address.as_str()])
        } else {
            self.run("INSERT OR REPLACE INTO suppressed VALUES (?1, ?2)", (address.as_str(), stop.bits()))
        };
        changed.map(|_| ())
    }

    /// Where somebody opted out.
    pub fn suppressed(&self, address: ContactKey) -> Answer<StopMask> {
        super::view::suppressed(self.db, address)
    }

    fn moving_into(&self, contact: ContactKey) -> Answer<ContactKey> {
        let sql = "SELECT target FROM moving WHERE contact = ?1";
        let target = self.first(sql, [contact.as_str()], |row| super::tables::read_contact(row, 0))?;
        target.ok_or_else(|| crate::store::StoreError::Bug("a contact that moves nowhere".to_owned()))
    }

    /// Stops work on a contact.
    pub fn freeze(&self, freeze: &Freeze) -> Answer<Frozen> {
        let contact = freeze.contact;
        let Some(header) = self.header(contact)? else { return Ok(Frozen::Gone) };
        let key = contact.as_str();
        match header.flag {
            ALIAS => return self.target(contact).map(Frozen::Moved),
            MOVING => {
                let into = self.moving_into(contact)?;
                if into != freeze.into {
                    return Ok(Frozen::Elsewhere(into));
                }
            }
            _ => {
                let sql = "SELECT id FROM outbox WHERE lane = ?1 ORDER BY seq LIMIT 2";
                let lane = self.all(sql, [member(LaneKey { contact, lane: Lane::Contact })], |row| read_effect(row, 0))?;
                match lane[..] {
                    [only] if only == freeze.effect => {}
                    [first, _] if first == freeze.effect => return Ok(Frozen::Busy),
                    _ => return Ok(Frozen::Settled),
                }
                let sql =
                    "UPDATE contact SET flag = ?2, tries = 0, claimer = -1, token = ?3, attend = NULL, leased = 0 WHERE id = ?1";
                self.run(sql, (key, MOVING, freeze.new.0 as i64))?;
                self.run("INSERT OR REPLACE INTO moving VALUES (?1, ?2)", (key, freeze.into.as_str()))?;
            }
        }
        let blob = self.blob(contact)?;
        let Some(header) = self.header(contact)? else { return Ok(Frozen::Gone) };
        let record = Record { held: false, tries: 0, stop: header.stop, token: header.token, blob };
        let sql = "SELECT hash FROM seen WHERE contact = ?1 AND at >= ?2 ORDER BY hash";
        let hash = |row: &rusqlite::Row<'_>| Ok(DedupeHash(row.get::<_, i64>(0)? as u64));
        let seen = self.all(sql, (key, self.forgotten()), hash)?;
        let awaited = self.all("SELECT effect FROM awaited WHERE contact = ?1", [key], |row| read_effect(row, 0))?;
        Ok(Frozen::Ok(Box::new(Still { record, mailbox: self.whole_mailbox(contact)?, seen, awaited })))
    }

    fn whole_mailbox(&self, contact: ContactKey) -> Answer<Vec<Entry>> {
        let sql = "SELECT class, id, at, body FROM mailbox WHERE contact = ?1 ORDER BY seq";
        self.all(sql, [contact.as_str()], |row| read_entry(row, 0))
    }

    /// Takes inputs as seen.
    pub fn remember(&self, contact: ContactKey, seen: &[DedupeHash]) -> Answer<()> {
        for hash in seen {
            let sql = "INSERT OR REPLACE INTO seen (contact, hash, at) VALUES (?1, ?2, ?3)";
            self.run(sql, (contact.as_str(), hash.0 as i64, self.now.0))?;
        }
        Ok(())
    }

    /// Takes reports on these effects as awaited, unless nobody is there.
    pub fn awaits(&self, contact: ContactKey, awaited: &[EffectId]) -> Answer<()> {
        if self.header(contact)?.is_none_or(|header| header.flag == ALIAS) {
            return Ok(());
        }
        for effect in awaited {
            self.run("INSERT OR IGNORE INTO awaited VALUES (?1, ?2)", (contact.as_str(), effect.to_string()))?;
        }
        Ok(())
    }

    /// Ends a move.
    pub fn flip(&self, flip: &Flip) -> Answer<Flipped> {
        let contact = flip.contact;
        let Some(header) = self.header(contact)? else { return Ok(Flipped::Gone) };
        let there = match header.flag {
            ALIAS => return Ok(if self.target(contact)? == flip.into { Flipped::Ok } else { Flipped::Not }),
            MOVING => self.moving_into(contact)? == flip.into,
            _ => false,
        };
        if !there {
            return Ok(Flipped::Not);
        }
        let key = contact.as_str();
        let sql = "SELECT seq, id FROM mailbox WHERE contact = ?1 ORDER BY seq LIMIT ?2";
        let most = i64::try_from(flip.moved.len()).unwrap_or(i64::MAX);
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, InputId(row.get::<_, i64>(1)? as u64)));
        for (seq, id) in self.all(sql, (key, most), read)? {
            if !flip.moved.contains(&id) {
                break;
            }
            self.run("DELETE FROM mailbox WHERE seq = ?1", [seq])?;
        }
        let left = self.whole_mailbox(contact)?;
        if !left.is_empty() {
            return Ok(Flipped::More(left));
        }
        for table in ["seen", "awaited", "moving"] {
            self.run(&format!("DELETE FROM {table} WHERE contact = ?1"), [key])?;
        }
        // What is done again for it from here on asks the other one first.
        let sql = "UPDATE contact SET flag = ?2, attend = NULL, leased = 0, record = ?3, stop = ?4 WHERE id = ?1";
        self.run(sql, (key, ALIAS, flip.into.as_str().as_bytes(), StopMask::of(&ChannelKind::ALL).bits()))?;
        self.count_live(&flip.live)?;
        self.journal(&flip.journal)?;
        Ok(Flipped::Ok)
    }

    /// Lets an address lead to a contact.
    pub fn link(&self, address: ContactKey, to: ContactKey) -> Answer<Linked> {
        match self.header(address)? {
            None => {
                let sql = "INSERT INTO contact (id, token, flag, tries, claimer, stop, attend, leased, record) \
                           VALUES (?1, ?2, ?3, 0, -1, 0, NULL, 0, ?4)";
                let token = Token::birth(address, InputId(0));
                self.run(sql, (address.as_str(), token.0 as i64, ALIAS, to.as_str().as_bytes()))?;
                Ok(Linked::Ok)
            }
            Some(header) if header.flag == ALIAS => {
                let leads = self.target(address)?;
                if leads == to {
                    self.run("DELETE FROM fading WHERE contact = ?1", [address.as_str()])?;
                }
                Ok(if leads == to { Linked::Ok } else { Linked::Elsewhere(leads) })
            }
            Some(_) => Ok(Linked::Taken),
        }
    }

    /// Ends that, when all that was seen is forgotten.
    pub fn unlink(&self, address: ContactKey, to: ContactKey) -> Answer<()> {
        let sql = "INSERT OR IGNORE INTO fading SELECT id, ?4 FROM contact WHERE id = ?1 AND flag = ?2 AND record = ?3";
        self.run(sql, (address.as_str(), ALIAS, to.as_str().as_bytes(), self.now.0)).map(|_| ())
    }

    /// Whether it is a stub that has ended.
    pub fn fades(&self, address: ContactKey) -> Answer<bool> {
        let at = self.first("SELECT at FROM fading WHERE contact = ?1", [address.as_str()], |row| row.get::<_, i64>(0))?;
        Ok(at.is_some())
    }

    /// Takes stubs away that ended so long ago.
    pub fn prune_stubs(&self) -> Answer<()> {
        let old = "SELECT contact FROM fading WHERE at < ?1";
        self.run(&format!("DELETE FROM contact WHERE flag = ?2 AND id IN ({old})"), (self.forgotten(), ALIAS))?;
        self.run("DELETE FROM fading WHERE at < ?1", [self.forgotten()]).map(|_| ())
    }
}

/// What of a contact waits in lanes of its own.
pub fn own_lanes(db: &rusqlite::Connection, contact: ContactKey) -> Answer<Vec<Outgoing>> {
    // Names of such lanes begin with the contact and a colon; a semicolon is the next character.
    let sql = "SELECT o.id, o.work, o.state, o.attempt, o.body FROM lane l JOIN outbox o ON o.lane = l.id \
               WHERE l.id > ?1 || ':' AND l.id < ?1 || ';' ORDER BY o.id";
    super::tables::all(db, sql, [contact.as_str()], |row| {
        let (id, set, state) = (read_effect(row, 0)?, read_set(row, 1)?, state_of(&row.get::<_, String>(2)?));
        Ok(Outgoing { id, set, state, attempts: row.get(3)?, body: Bytes::from(row.get::<_, Vec<u8>>(4)?) })
    })
}
