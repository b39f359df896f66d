//! How records, inputs and effects are written in Redis, and how answers are read.
//!
//! ```text
//! header  = flag1 tries1 day1 gen1 stop1 claimer3 token16, then the record
//!           flag 0 open · 1 held · M moving: the other contact's key stands before the record · A moved: that key instead of it
//! input   = class1 id16 accepted13 body
//! effect  = state1 attempt2 set4 who8 id20 body
//!           q surely not sent · s begun by `who` · v begun by `who`, an earlier attempt may have arrived · u may have been sent
//! failed  = E contact22 own1 effect  |  I contact22 input
//! ```

use crate::domain::id::{ContactKey, EffectId, InputId, Token, Who};
use crate::domain::input::Class;
use crate::domain::time::Millis;
use crate::store::answer::{Entry, Record};
use crate::store::lane::{LaneKey, StopMask};
use crate::store::leaving::Place;
use crate::store::view::OutgoingState;
use crate::store::{Answer, StoreError};
use bytes::Bytes;
use redis::Value;

/// Bytes of a record's header.
pub const HEADER: usize = 24;
/// Bytes of the key that follows it where the contact is moving (`M`) or has moved (`A`).
const TARGET: usize = 22;

fn bug(what: &str) -> StoreError {
    StoreError::Bug(format!("Redis holds or answers something unreadable: {what}"))
}

fn text<'a>(bytes: &'a [u8], what: &str) -> Answer<&'a str> {
    std::str::from_utf8(bytes).map_err(|_| bug(what))
}

/// The letter of a class.
pub fn class_letter(class: Class) -> &'static str {
    match class {
        Class::Normal => "n",
        Class::Priority => "p",
    }
}

/// Three characters of a `who`, for the header: enough to know a repeated claim.
pub fn claimer(who: Who) -> String {
    format!("{:03x}", who.0 & 0xfff)
}

/// The stop mask in the header.
pub fn stop_letter(stop: StopMask) -> char {
    char::from(b'0' + stop.bits())
}

/// A stop mask as it stands in the header.
pub fn read_stop(bytes: &[u8]) -> StopMask {
    bytes.first().map_or(StopMask::NONE, |b| StopMask::from_bits(b.saturating_sub(b'0')))
}

/// A record.
pub fn read_record(bytes: &[u8]) -> Answer<Record> {
    if bytes.len() < HEADER {
        return Err(bug("a record shorter than its header"));
    }
    let token = Token::parse(text(&bytes[8..HEADER], "a token")?).ok_or_else(|| bug("a token"))?;
    let blob = match read_place(bytes)? {
        Place::Here => HEADER,
        Place::Moving(_) | Place::Moved(_) => HEADER + TARGET,
    };
    Ok(Record {
        held: bytes[0] == b'1',
        tries: bytes[1].wrapping_sub(b'0').min(9),
        stop: read_stop(&bytes[4..5]),
        token,
        blob: Bytes::copy_from_slice(&bytes[blob..]),
    })
}

/// Where the contact of a record is.
pub fn read_place(bytes: &[u8]) -> Answer<Place> {
    let target = || {
        let key = bytes.get(HEADER..HEADER + TARGET).and_then(|key| std::str::from_utf8(key).ok()).and_then(ContactKey::parse);
        key.ok_or_else(|| bug("where a contact went"))
    };
    match bytes.first() {
        Some(b'M') => target().map(Place::Moving),
        Some(b'A') => target().map(Place::Moved),
        _ => Ok(Place::Here),
    }
}

/// An input.
pub fn read_entry(bytes: &[u8]) -> Answer<Entry> {
    if bytes.len() < 30 {
        return Err(bug("an input shorter than its header"));
    }
    let class = match bytes[0] {
        b'n' => Class::Normal,
        b'p' => Class::Priority,
        _ => return Err(bug("a class of input")),
    };
    let id = InputId::parse(text(&bytes[1..17], "an input's id")?).ok_or_else(|| bug("an input's id"))?;
    let at = text(&bytes[17..30], "an input's time")?.parse().map_err(|_| bug("an input's time"))?;
    Ok(Entry { class, id, accepted_at: Millis(at), body: Bytes::copy_from_slice(&bytes[30..]) })
}

/// An input.
pub fn write_entry(entry: &Entry) -> Vec<u8> {
    let mut out = format!("{}{}{:013}", class_letter(entry.class), entry.id, entry.accepted_at.0).into_bytes();
    out.extend(&entry.body);
    out
}

/// A record of nobody who claims it. What was seen last is counted as of no day, so that the next input moves its end.
pub fn write_record(place: &Place, record: &Record, older: bool) -> Vec<u8> {
    let (flag, target) = match place {
        Place::Here if record.held => ('1', None),
        Place::Here => ('0', None),
        Place::Moving(to) => ('M', Some(to)),
        Place::Moved(to) => ('A', Some(to)),
    };
    let (tries, stop) = (record.tries.min(9), stop_letter(record.stop));
    let generation = u8::from(older);
    let mut out = format!("{flag}{tries} {generation}{stop}---{}", record.token).into_bytes();
    out.extend(target.iter().flat_map(|to| to.as_str().bytes()));
    out.extend(&record.blob);
    out
}

/// Whether an older generation of what was seen may be there.
pub fn has_older(bytes: &[u8]) -> bool {
    bytes.get(3) == Some(&b'1')
}

/// An effect that was never begun.
pub fn write_effect(set: [u8; 4], id: EffectId, body: &[u8]) -> Vec<u8> {
    write_begun(b'q', 0, set, id, body)
}

/// An effect in this state, of which so many attempts were begun by nobody in particular.
pub fn write_begun(state: u8, attempts: u8, set: [u8; 4], id: EffectId, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(35 + body.len());
    out.push(state);
    out.extend(format!("{:02}", attempts.min(99)).as_bytes());
    out.extend(set);
    out.extend(b"--------");
    out.extend(id.to_string().as_bytes());
    out.extend(body);
    out
}

/// An effect as it lies in a lane.
pub struct RawEffect {
    /// Its letter.
    pub state: u8,
    /// Attempts that were begun.
    pub attempt: u8,
    /// The short name of its set.
    pub set: [u8; 4],
    /// Its id.
    pub id: EffectId,
    /// The effect, encoded.
    pub body: Bytes,
}

impl RawEffect {
    /// Where it stands.
    pub fn outgoing_state(&self) -> OutgoingState {
        match self.state {
            b'q' => OutgoingState::Queued,
            b'u' => OutgoingState::Unsure,
            _ => OutgoingState::Started,
        }
    }
}

/// Reads an effect.
pub fn read_effect(bytes: &[u8]) -> Answer<RawEffect> {
    if bytes.len() < 35 {
        return Err(bug("an effect shorter than its header"));
    }
    let attempt = text(&bytes[1..3], "an attempt")?.parse().map_err(|_| bug("an attempt"))?;
    let id = EffectId::parse(text(&bytes[15..35], "an effect's id")?).ok_or_else(|| bug("an effect's id"))?;
    let set = [bytes[3], bytes[4], bytes[5], bytes[6]];
    Ok(RawEffect { state: bytes[0], attempt, set, id, body: Bytes::copy_from_slice(&bytes[35..]) })
}

/// An answer of a script, read from left to right.
pub struct Reader(std::vec::IntoIter<Value>);

impl Reader {
    /// The answer must be an array.
    pub fn new(value: Value) -> Answer<Self> {
        match value {
            Value::Array(items) => Ok(Reader(items.into_iter())),
            _ => Err(bug("an answer that is no array")),
        }
    }

    /// The next item as bytes.
    pub fn bytes(&mut self) -> Answer<Vec<u8>> {
        match self.0.next() {
            Some(Value::BulkString(bytes)) => Ok(bytes),
            Some(Value::SimpleString(text)) => Ok(text.into_bytes()),
            Some(Value::Int(n)) => Ok(n.to_string().into_bytes()),
            Some(Value::Okay) => Ok(b"OK".to_vec()),
            _ => Err(bug("no bytes where some belong")),
        }
    }

    /// The next item as text.
    pub fn text(&mut self) -> Answer<String> {
        String::from_utf8(self.bytes()?).map_err(|_| bug("no text where some belongs"))
    }

    /// The next item as a whole number.
    pub fn int(&mut self) -> Answer<i64> {
        match self.0.next() {
            Some(Value::Int(n)) => Ok(n),
            _ => Err(bug("no number where one belongs")),
        }
    }

    /// The next item as a moment.
    pub fn now(&mut self) -> Answer<Millis> {
        self.int().map(Millis)
    }

    /// The next item as a list of bytes.
    pub fn list(&mut self) -> Answer<Vec<Vec<u8>>> {
        match self.0.next() {
            Some(Value::Array(items)) => Reader(items.into_iter()).rest(),
            _ => Err(bug("no list where one belongs")),
        }
    }

    /// All that is left, as bytes.
    pub fn rest(mut self) -> Answer<Vec<Vec<u8>>> {
        let mut out = Vec::with_capacity(self.0.len());
        while self.0.len() > 0 {
            out.push(self.bytes()?);
        }
        Ok(out)
    }

    /// The next item as inputs.
    pub fn entries(&mut self) -> Answer<Vec<Entry>> {
        self.list()?.iter().map(|bytes| read_entry(bytes)).collect()
    }

    /// The next item as a stop mask.
    pub fn stop(&mut self) -> Answer<StopMask> {
        self.bytes().map(|bytes| read_stop(&bytes))
    }

    /// The next item as a contact's key.
    pub fn contact(&mut self) -> Answer<ContactKey> {
        ContactKey::parse(&self.text()?).ok_or_else(|| bug("a contact's key"))
    }
}

/// A score of a sorted set as a moment, rounded up: at that moment it is due.
pub fn read_score(score: &str) -> Answer<Millis> {
    let number: f64 = score.parse().map_err(|_| bug("a score"))?;
    Ok(Millis(number.ceil() as i64))
}

/// The name of a lane in a work set.
pub fn read_member(bytes: &[u8]) -> Answer<LaneKey> {
    super::keys::parse_member(text(bytes, "a lane")?).ok_or_else(|| bug("a lane"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_and_inputs_are_read_as_written() {
        let id = Token(1).effect(0);
        let effect = read_effect(&write_effect(*b"abcd", id, b"body")).expect("readable");
        assert_eq!((effect.state, effect.attempt, effect.set, effect.id), (b'q', 0, *b"abcd", id));
        assert_eq!(effect.body, "body");
        let entry = read_entry(b"p00000000000000070000000001234body").expect("readable");
        assert_eq!((entry.class, entry.id, entry.accepted_at), (Class::Priority, InputId(7), Millis(1234)));
        for damaged in [&b""[..], b"x00000000000000070000000001234", b"p0000000000000007000000000x234"] {
            assert!(read_entry(damaged).is_err());
        }
        assert!(read_record(b"00").is_err() && read_effect(b"q").is_err());
    }
}
