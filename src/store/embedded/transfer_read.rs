//! Moving a store: what there is, and what is kept of it.

use super::records::{FAILED, read_failed};
use super::tables::{ALIAS, HELD, MOVING, all, first, member, read_contact, read_effect, read_entry, read_lane, read_set};
use crate::domain::id::{ContactKey, DedupeHash, Token, VersionId};
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::{Millis, Span};
use crate::store::transfer::{ContactKept, EffectKept, FlowKept, LaneKept, Name, Names, RequestKept, SeenKept, Thing};
use crate::store::{Answer, Place, Record, StopMask, StoreError};
use bytes::Bytes;
use rusqlite::types::Value;
use rusqlite::{Connection, Row};

/// The tables in the order in which they are gone through, each with the query of its names after a key.
const PARTS: [(&str, &str); 16] = [
    ("set", "SELECT name FROM works WHERE name > ?1 ORDER BY name LIMIT ?2"),
    ("version", "SELECT id FROM version WHERE id > ?1 ORDER BY id LIMIT ?2"),
    (
        "flow",
        "SELECT name FROM (SELECT name FROM current UNION SELECT name FROM publication) WHERE name > ?1 ORDER BY name LIMIT ?2",
    ),
    ("live", "SELECT version FROM live WHERE version > ?1 ORDER BY version LIMIT ?2"),
    ("hold", "SELECT name FROM held WHERE name > ?1 ORDER BY name LIMIT ?2"),
    ("day", "SELECT DISTINCT channel FROM spent WHERE channel > ?1 ORDER BY channel LIMIT ?2"),
    ("mark", "SELECT 'mark' FROM list_mark WHERE number > 0 AND 'mark' > ?1 LIMIT ?2"),
    ("listed", "SELECT address FROM listed WHERE address > ?1 ORDER BY address LIMIT ?2"),
    ("opted", "SELECT hash FROM suppressed WHERE hash > ?1 ORDER BY hash LIMIT ?2"),
    ("request", "SELECT hex(key) FROM request WHERE key > unhex(?1) ORDER BY key LIMIT ?2"),
    ("failed", "SELECT id FROM failed WHERE id > ?1 ORDER BY id LIMIT ?2"),
    ("contact", "SELECT id FROM contact WHERE id > ?1 ORDER BY id LIMIT ?2"),
    ("mailbox", "SELECT DISTINCT contact FROM mailbox WHERE contact > ?1 ORDER BY contact LIMIT ?2"),
    ("seen", "SELECT DISTINCT contact FROM seen WHERE contact > ?1 ORDER BY contact LIMIT ?2"),
    ("awaited", "SELECT DISTINCT contact FROM awaited WHERE contact > ?1 ORDER BY contact LIMIT ?2"),
    ("lane", "SELECT DISTINCT lane FROM outbox WHERE lane > ?1 ORDER BY lane LIMIT ?2"),
];

fn bug(what: &str) -> StoreError {
    StoreError::Bug(format!("the store holds something unreadable: {what}"))
}

/// The next names. A place is `PART|KEY`: the last key that was given.
pub fn names(db: &Connection, from: &str, n: usize) -> Answer<Names> {
    let (part, after) = if from.is_empty() { (PARTS[0].0, "") } else { from.split_once('|').unwrap_or((from, "")) };
    let at = PARTS.iter().position(|(name, _)| *name == part).ok_or_else(|| bug("where a move stands"))?;
    let (part, sql) = PARTS[at];
    // Versions are numbers, and may be negative ones here.
    let after = match part {
        "version" | "live" => Value::Integer(after.parse().unwrap_or(i64::MIN)),
        _ => Value::Text(after.to_owned()),
    };
    let limit = i64::try_from(n).unwrap_or(i64::MAX);
    let keys = all(db, sql, (after, limit), |row| {
        Ok(match row.get::<_, Value>(0)? {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
            _ => String::new(),
        })
    })?;
    let next = match keys.last() {
        Some(last) if keys.len() >= n => Some(format!("{part}|{last}")),
        _ => PARTS.get(at + 1).map(|(name, _)| format!("{name}|")),
    };
    let names = keys.iter().map(|key| name(db, part, key)).collect::<Answer<_>>()?;
    Ok(Names { names, next })
}

fn name(db: &Connection, part: &str, key: &str) -> Answer<Name> {
    let contact = || ContactKey::parse(key).ok_or_else(|| bug("a contact's key"));
    let version = || key.parse::<i64>().map(|id| VersionId(id as u64)).map_err(|_| bug("a version"));
    Ok(match part {
        "set" => Name::Set(crate::store::WorkSet::parse(key).ok_or_else(|| bug("a work set"))?),
        "version" => Name::Version(version()?),
        "flow" => Name::Flow(Slug::parse(key).map_err(|_| bug("a flow's name"))?),
        "live" => Name::Live(version()?),
        "hold" => Name::Hold(key.to_owned()),
        "day" => Name::Day(ChannelName::parse(key).map_err(|_| bug("a channel"))?),
        "mark" => Name::ListMark,
        "listed" => Name::Listed(contact()?),
        "opted" => Name::OptedOut(contact()?),
        "request" => {
            let bytes = hex::decode(key).ok().and_then(|bytes| bytes.try_into().ok());
            Name::Request(bytes.ok_or_else(|| bug("a request's name"))?)
        }
        "failed" => {
            let sql = format!("SELECT {FAILED} FROM failed WHERE id = ?1");
            Name::Failed(first(db, &sql, [key], read_failed)?.ok_or_else(|| bug("something that failed"))?.key)
        }
        "contact" => Name::Contact(contact()?),
        "mailbox" => Name::Mailbox(contact()?),
        "seen" => Name::Seen(contact()?),
        "awaited" => Name::Awaited(contact()?),
        _ => Name::Lane(first(db, "SELECT ?1", [key], |row| read_lane(row, 0))?.ok_or_else(|| bug("a lane"))?),
    })
}

fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    row.get::<_, Vec<u8>>(column).map(Bytes::from)
}

/// What is kept of a name. `ttl` is how long a message is remembered.
pub fn thing(db: &Connection, name: &Name, now: Millis, ttl: Span) -> Answer<Option<Thing>> {
    Ok(match name {
        Name::Set(set) => first(db, "SELECT 1 FROM works WHERE name = ?1", [set.to_string()], |_| Ok(Thing::Set))?,
        Name::Version(id) => super::view::version(db, *id)?.map(Thing::Version),
        Name::Flow(flow) => kept_flow(db, flow)?.map(Thing::Flow),
        Name::Live(id) => Some(super::view::live(db, *id)?).filter(|n| *n != 0).map(Thing::Live),
        Name::Hold(name) => first(db, "SELECT body FROM held WHERE name = ?1", [name], |row| bytes(row, 0).map(Thing::Hold))?,
        Name::Day(channel) => {
            let sql = "SELECT hour, n FROM spent WHERE channel = ?1 ORDER BY hour";
            let hours = all(db, sql, [channel.as_str()], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
            Some(hours).filter(|hours| !hours.is_empty()).map(Thing::Day)
        }
        Name::ListMark => Some(super::list::mark(db)?.number).filter(|n| *n > 0).map(Thing::ListMark),
        Name::Listed(address) => first(db, "SELECT number, body FROM listed WHERE address = ?1", [address.as_str()], |row| {
            Ok(Thing::Listed(row.get::<_, i64>(0)?.unsigned_abs(), bytes(row, 1)?))
        })?,
        Name::OptedOut(address) => {
            Some(super::view::suppressed(db, *address)?).filter(|stop| *stop != StopMask::NONE).map(Thing::OptedOut)
        }
        Name::Request(key) => {
            let sql = "SELECT print, forget, answer FROM request WHERE key = ?1 AND forget > ?2";
            first(db, sql, (&key[..], now.0), |row| {
                let answer = row.get::<_, Option<Vec<u8>>>(2)?.map(Bytes::from);
                Ok(Thing::Request(RequestKept { print: row.get(0)?, forget: Millis(row.get(1)?), answer }))
            })?
        }
        Name::Failed(key) => {
            let sql = format!("SELECT {FAILED} FROM failed WHERE id = ?1 AND contact = ?2");
            let found = first(db, &sql, (key.field(), key.contact().as_str()), read_failed)?;
            found.map(|item| Thing::Failed(Box::new(item)))
        }
        Name::Contact(contact) => kept_contact(db, *contact, ttl)?.map(|kept| Thing::Contact(Box::new(kept))),
        Name::Mailbox(contact) => {
            let sql = "SELECT class, id, at, body FROM mailbox WHERE contact = ?1 ORDER BY seq";
            let entries = all(db, sql, [contact.as_str()], |row| read_entry(row, 0))?;
            Some(entries).filter(|entries| !entries.is_empty()).map(Thing::Mailbox)
        }
        Name::Seen(contact) => kept_seen(db, *contact, now, ttl)?.map(Thing::Seen),
        Name::Awaited(contact) => {
            let sql = "SELECT effect FROM awaited WHERE contact = ?1 ORDER BY effect";
            let mut effects = all(db, sql, [contact.as_str()], |row| read_effect(row, 0))?;
            effects.sort();
            Some(effects).filter(|effects| !effects.is_empty()).map(Thing::Awaited)
        }
        Name::Lane(lane) => kept_lane(db, &member(*lane))?.map(Thing::Lane),
    })
}

fn kept_flow(db: &Connection, flow: &Slug) -> Answer<Option<FlowKept>> {
    let version = |row: &Row<'_>, column| Ok(VersionId(row.get::<_, i64>(column)? as u64));
    let current = first(db, "SELECT version FROM current WHERE name = ?1", [flow.as_str()], |row| version(row, 0))?;
    let sql = "SELECT number, version, body FROM publication WHERE name = ?1 ORDER BY number";
    let publications =
        all(db, sql, [flow.as_str()], |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), version(row, 1)?, bytes(row, 2)?)))?;
    Ok((current.is_some() || !publications.is_empty()).then_some(FlowKept { current, publications }))
}

fn kept_contact(db: &Connection, contact: ContactKey, ttl: Span) -> Answer<Option<ContactKept>> {
    let key = contact.as_str();
    let sql = "SELECT flag, tries, stop, token, record, attend FROM contact WHERE id = ?1";
    let found = first(db, sql, [key], |row| {
        let flag = row.get::<_, i64>(0)?;
        let record = Record {
            held: flag == HELD,
            tries: row.get(1)?,
            stop: StopMask::from_bits(row.get(2)?),
            token: Token(row.get::<_, i64>(3)? as u64),
            blob: bytes(row, 4)?,
        };
        Ok((flag, record, row.get::<_, Option<i64>>(5)?.map(Millis)))
    })?;
    let Some((flag, mut record, attention)) = found else { return Ok(None) };
    let place = match flag {
        ALIAS => {
            let to = std::str::from_utf8(&std::mem::take(&mut record.blob)).ok().and_then(ContactKey::parse);
            Place::Moved(to.ok_or_else(|| bug("where a contact went"))?)
        }
        MOVING => {
            let to = first(db, "SELECT target FROM moving WHERE contact = ?1", [key], |row| read_contact(row, 0))?;
            Place::Moving(to.ok_or_else(|| bug("where a contact goes"))?)
        }
        _ => Place::Here,
    };
    let fades = first(db, "SELECT at FROM fading WHERE contact = ?1", [key], |row| row.get::<_, i64>(0))?;
    Ok(Some(ContactKept { place, record, attention, fades: fades.map(|at| Millis(at) + ttl), older: false }))
}

fn kept_seen(db: &Connection, contact: ContactKey, now: Millis, ttl: Span) -> Answer<Option<SeenKept>> {
    let sql = "SELECT hash, at FROM seen WHERE contact = ?1 AND at >= ?2 ORDER BY hash";
    let rows = all(db, sql, (contact.as_str(), (now - ttl).0), |row| {
        Ok((DedupeHash(row.get::<_, i64>(0)? as u64), Millis(row.get(1)?)))
    })?;
    let last = rows.iter().map(|(_, at)| *at).max();
    let hashes = rows.into_iter().map(|(hash, _)| hash).collect();
    Ok(last.map(|at| SeenKept { current: Some((hashes, at + ttl)), older: None }))
}

fn kept_lane(db: &Connection, lane: &str) -> Answer<Option<LaneKept>> {
    let sql = "SELECT id, work, state, attempt, body FROM outbox WHERE lane = ?1 ORDER BY seq";
    let effects = all(db, sql, [lane], |row| {
        let state = super::leaving::state_of(&row.get::<_, String>(2)?);
        let unsure = EffectKept::unsure(state);
        Ok(EffectKept { id: read_effect(row, 0)?, set: read_set(row, 1)?, unsure, attempts: row.get(3)?, body: bytes(row, 4)? })
    })?;
    // One without a place in its set would never be found: now it is due.
    let due = first(db, "SELECT due FROM lane WHERE id = ?1", [lane], |row| row.get(0))?.unwrap_or(0);
    Ok((!effects.is_empty()).then_some(LaneKept { due: Millis(due), effects }))
}
