//! Slots of a cluster: which one a key lies in, and what a node says about who has which.

use super::keys::PREFIX;
use crate::config::redis::RedisAddress;
use redis::{Arg, Cmd, Value};

/// Slots of every cluster.
pub const SLOTS: usize = 16_384;

/// A range of slots and the primary that has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The first slot.
    pub from: usize,
    /// The last slot.
    pub to: usize,
    /// Its primary.
    pub primary: RedisAddress,
}

/// The slot of a key: of what stands between the first `{` and the next `}`, if something does.
pub fn slot(key: &[u8]) -> usize {
    let tagged = key.iter().position(|b| *b == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        rest.iter().position(|b| *b == b'}').filter(|len| *len > 0).map(|len| &rest[..len])
    });
    usize::from(crc16(tagged.unwrap_or(key))) % SLOTS
}

/// CRC16 as Redis Cluster uses it (XMODEM). Keys of ours have tags of two characters, so a table would serve nothing.
fn crc16(bytes: &[u8]) -> u16 {
    let step = |crc: u16, _| if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 };
    bytes.iter().fold(0, |crc, byte| (0..8).fold(crc ^ u16::from(*byte) << 8, step))
}

/// The first argument that is a key of ours: all keys of one command lie in one slot.
pub fn slot_key(command: &Cmd) -> Option<&[u8]> {
    let keys = |arg| match arg {
        Arg::Simple(bytes) => Some(bytes).filter(|bytes: &&[u8]| bytes.starts_with(PREFIX.as_bytes())),
        _ => None,
    };
    command.args_iter().take(6).find_map(keys)
}

/// The slot of a command; nothing, if it has no key.
pub fn slot_of(command: &Cmd) -> Option<usize> {
    slot_key(command).map(slot)
}

/// What stands between the braces of a key.
pub fn tag_of(key: &[u8]) -> &[u8] {
    let inside = key.splitn(2, |b| *b == b'{').nth(1).and_then(|rest| rest.split(|b| *b == b'}').next());
    inside.unwrap_or(key)
}

/// Reads what `CLUSTER SLOTS` answers. A node that does not know its own name is the one that was asked.
pub fn read_slots(answer: &Value, asked: &RedisAddress) -> Option<Vec<Range>> {
    let Value::Array(rows) = answer else { return None };
    let number = |value: &Value| match value {
        Value::Int(n) => usize::try_from(*n).ok().filter(|n| *n < SLOTS),
        _ => None,
    };
    let text = |value: &Value| match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    };
    let row = |row: &Value| -> Option<Range> {
        let Value::Array(fields) = row else { return None };
        let Value::Array(primary) = fields.get(2)? else { return None };
        let named = primary.first().and_then(text).filter(|host| !host.is_empty() && host != "?");
        let Value::Int(port) = primary.get(1)? else { return None };
        let primary = RedisAddress { host: named.unwrap_or_else(|| asked.host.clone()), port: u16::try_from(*port).ok()? };
        Some(Range { from: number(fields.first()?)?, to: number(fields.get(1)?)?, primary })
    };
    rows.iter().map(row).collect()
}

/// Where `MOVED` and `ASK` lead: `SLOT HOST:PORT`. Without a host it is the one of the server that says so.
pub fn read_redirect(detail: &str, said_by: &RedisAddress) -> Option<(usize, RedisAddress)> {
    let (slot, place) = detail.split_once(' ')?;
    let (host, port) = place.trim().rsplit_once(':')?;
    let host = if host.is_empty() || host == "?" { said_by.host.clone() } else { host.trim_matches(['[', ']']).to_owned() };
    Some((slot.parse().ok().filter(|slot| *slot < SLOTS)?, RedisAddress { host, port: port.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: &str, port: u16) -> RedisAddress {
        RedisAddress { host: host.to_owned(), port }
    }

    #[test]
    fn slots_are_those_of_redis() {
        // The published check value, and what `CLUSTER KEYSLOT` of Redis 7.0 says.
        assert_eq!(crc16(b"123456789"), 0x31c3);
        for (key, expected) in [("foo", 12_182), ("{foo}bar", 12_182), ("a{foo}{bar}", 12_182), ("foo{}{bar}", 8_363), ("", 0)] {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
    }

    #[test]
    fn a_node_without_a_name_is_the_one_that_was_asked() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let row = |host: Value| Value::Array(vec![Value::Int(0), Value::Int(5), Value::Array(vec![host, Value::Int(7001)])]);
        let asked = address("redis-1", 7000);
        for (host, expected) in
            [(text("10.0.0.1"), "10.0.0.1"), (text(""), "redis-1"), (text("?"), "redis-1"), (Value::Nil, "redis-1")]
        {
            let ranges = read_slots(&Value::Array(vec![row(host)]), &asked).expect("readable");
            assert_eq!(ranges, [Range { from: 0, to: 5, primary: address(expected, 7001) }]);
        }
        assert_eq!(read_slots(&Value::Okay, &asked), None);
        assert_eq!(read_slots(&Value::Array(vec![Value::Int(1)]), &asked), None);
    }

    #[test]
    fn redirects_are_read() {
        let by = address("redis-1", 7000);
        assert_eq!(read_redirect("3999 127.0.0.1:6381", &by), Some((3999, address("127.0.0.1", 6381))));
        assert_eq!(read_redirect("3999 fd00::1:6381", &by), Some((3999, address("fd00::1", 6381))));
        assert_eq!(read_redirect("3999 :6381", &by), Some((3999, address("redis-1", 6381))));
        assert_eq!(read_redirect("99999 :6381", &by), None);
        assert_eq!(read_redirect("x", &by), None);
    }

    #[test]
    fn a_command_goes_where_its_first_key_lies() {
        let mut call = redis::cmd("EVALSHA");
        call.arg("sha").arg(2).arg("rf1:r:{10}:C").arg("rf1:a:{10}").arg("rf1:other:{18}");
        assert_eq!(slot_of(&call), Some(slot(b"10")));
        assert_eq!(slot_of(redis::cmd("MEMORY").arg("USAGE").arg("rf1:j:{18}")), Some(slot(b"18")));
        assert_eq!(slot_of(redis::cmd("GET").arg("rf1:meta")), Some(slot(b"rf1:meta")));
        assert_eq!(slot_of(&redis::cmd("TIME")), None);
        assert_eq!((tag_of(b"rf1:r:{10}:C"), tag_of(b"rf1:meta")), (&b"10"[..], &b"rf1:meta"[..]));
    }
}
