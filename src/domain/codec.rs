//! How stored things are written: one byte that names the format, then MessagePack with field names. Names let a newer
//! release add fields with defaults and read what an older one wrote; the byte lets it change everything else.
//!
//! What belongs to a test contact is written in a format of its own. Whoever reads without asking for the mode cannot read it: neither
//! a part of the service that forgot that there is such a thing, nor a release that does not know of it.

use super::mode::Mode;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The format that this release writes.
pub const FORMAT: u8 = 1;
/// The same, of a test contact.
pub const TEST_FORMAT: u8 = 2;

/// Why stored bytes could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer release, or of a test contact where nobody asked for one; not damage: leave it to whoever knows the format.
    #[error("written in format {0}, this release reads up to {TEST_FORMAT}")]
    Newer(u8),
    /// Nothing there, or not what was expected.
    #[error("the stored bytes are not readable: {0}")]
    Broken(String),
}

/// Writes a value.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    encode_in(Mode::Live, value)
}

/// Writes a value of a contact of this mode.
pub fn encode_in<T: Serialize>(mode: Mode, value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.push(match mode {
        Mode::Live => FORMAT,
        Mode::Test => TEST_FORMAT,
    });
    let mut serializer = rmp_serde::Serializer::new(&mut out).with_struct_map();
    // Our own types hold no map with keys that cannot be written, and a Vec does not fail.
    value.serialize(&mut serializer).expect("own types are serialisable");
    out
}

/// Reads what `encode` wrote; nothing that belongs to a test contact.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    match decode_in(bytes)? {
        (Mode::Live, value) => Ok(value),
        (Mode::Test, _) => Err(DecodeError::Newer(TEST_FORMAT)),
    }
}

/// Reads what `encode_in` wrote.
pub fn decode_in<T: DeserializeOwned>(bytes: &[u8]) -> Result<(Mode, T), DecodeError> {
    let mode = mode_of(bytes);
    match bytes.split_first() {
        Some((&(FORMAT | TEST_FORMAT), body)) => {
            rmp_serde::from_slice(body).map(|value| (mode, value)).map_err(|e| DecodeError::Broken(e.to_string()))
        }
        Some((&newer, _)) if newer > TEST_FORMAT => Err(DecodeError::Newer(newer)),
        Some((&older, _)) => Err(DecodeError::Broken(format!("format {older}"))),
        None => Err(DecodeError::Broken("empty".to_owned())),
    }
}

/// Whose stored bytes these are, without reading them.
pub fn mode_of(bytes: &[u8]) -> Mode {
    if bytes.first() == Some(&TEST_FORMAT) { Mode::Test } else { Mode::Live }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_a_test_contact_is_read_only_by_whoever_asks_for_the_mode() {
        let (live, test) = (encode(&7u8), encode_in(Mode::Test, &7u8));
        assert_eq!((mode_of(&live), mode_of(&test), mode_of(&[])), (Mode::Live, Mode::Test, Mode::Live));
        assert_eq!(decode::<u8>(&live).expect("read"), 7);
        assert!(matches!(decode::<u8>(&test), Err(DecodeError::Newer(TEST_FORMAT))));
        assert_eq!(decode_in::<u8>(&live).expect("read"), (Mode::Live, 7));
        assert_eq!(decode_in::<u8>(&test).expect("read"), (Mode::Test, 7));
        assert!(matches!(decode_in::<u8>(&[TEST_FORMAT + 1, 7]), Err(DecodeError::Newer(_))));
        assert!(matches!(decode_in::<u8>(&[0, 7]), Err(DecodeError::Broken(_))));
    }
}
