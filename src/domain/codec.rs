//! How stored things are written: one byte that names the format, then MessagePack with field names. Names let a newer
//! release add fields with defaults and read what an older one wrote; the byte lets it change everything else.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The format that this release writes.
pub const FORMAT: u8 = 1;

/// Why stored bytes could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer release; not damage: leave it to an instance that knows the format.
    #[error("written in format {0}, this release reads up to {FORMAT}")]
    Newer(u8),
    /// Nothing there, or not what was expected.
    #[error("the stored bytes are not readable: {0}")]
    Broken(String),
}

/// Writes a value.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.push(FORMAT);
    let mut serializer = rmp_serde::Serializer::new(&mut out).with_struct_map();
    // Our own types hold no map with keys that cannot be written, and a Vec does not fail.
    value.serialize(&mut serializer).expect("own types are serialisable");
    out
}

/// Reads what `encode` wrote.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    match bytes.split_first() {
        Some((&FORMAT, body)) => rmp_serde::from_slice(body).map_err(|e| DecodeError::Broken(e.to_string())),
        Some((&newer, _)) if newer > FORMAT => Err(DecodeError::Newer(newer)),
        Some((&older, _)) => Err(DecodeError::Broken(format!("format {older}"))),
        None => Err(DecodeError::Broken("empty".to_owned())),
    }
}
