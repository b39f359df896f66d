//! HMAC signatures as other systems write them, by the parts that the settings name. Pure: the moment is given.

use crate::config::signed::{Algorithm, Encoding, Piece, Signed, TimestampAt};
use crate::domain::time::Millis;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use subtle::{Choice, ConstantTimeEq};

/// Signatures of one header that are looked at: a sender has two keys at most.
const CANDIDATES: usize = 8;

/// What was sent.
pub struct Sent<'a> {
    /// Looks up a header, in any case.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The body's bytes as they came, or the part of them that is signed.
    pub body: &'a [u8],
    /// The public URL with its query.
    pub url: &'a str,
    /// Now.
    pub now: Millis,
}

/// Why it is not believed. The words are labels of a metric; the caller hears none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unbelieved {
    /// A header that belongs to the signature is not there.
    Unsigned,
    /// Signed too long ago, or in the future.
    Stale,
    /// No key gives this signature.
    Forged,
}

impl Unbelieved {
    /// The word of a metric's label.
    pub fn word(self) -> &'static str {
        match self {
            Unbelieved::Unsigned => "unsigned",
            Unbelieved::Stale => "stale",
            Unbelieved::Forged => "forged",
        }
    }
}

/// Whether one of the keys signed this, and not too long ago.
pub fn verify(how: &Signed, sent: &Sent<'_>) -> Result<(), Unbelieved> {
    let header = (sent.header)(&how.header).filter(|text| !text.is_empty()).ok_or(Unbelieved::Unsigned)?;
    let elements: Vec<&str> = match how.separator {
        Some(separator) => header.split(separator).map(str::trim).collect(),
        None => vec![header.trim()],
    };
    let timestamp = match &how.timestamp {
        None => None,
        Some(TimestampAt::Header(name)) => Some((sent.header)(name).ok_or(Unbelieved::Unsigned)?),
        Some(TimestampAt::Element(prefix)) => {
            Some(elements.iter().find_map(|element| element.strip_prefix(prefix.as_str())).ok_or(Unbelieved::Unsigned)?)
        }
    };
    if timestamp.is_some_and(|timestamp| !is_fresh(timestamp, sent.now, how.tolerance.0)) {
        return Err(Unbelieved::Stale);
    }
    let id = match &how.id_header {
        None => "",
        Some(name) => (sent.header)(name).filter(|id| !id.is_empty()).ok_or(Unbelieved::Unsigned)?,
    };
    let mut message = Vec::with_capacity(sent.body.len() + 64);
    for piece in &how.signed {
        message.extend_from_slice(match piece {
            Piece::Literal(text) => text.as_bytes(),
            Piece::Body => sent.body,
            Piece::Timestamp => timestamp.unwrap_or("").as_bytes(),
            Piece::Id => id.as_bytes(),
            Piece::Url => sent.url.as_bytes(),
        });
    }
    let given = elements.iter().filter_map(|element| element.strip_prefix(how.prefix.as_str()));
    let given: Vec<Vec<u8>> = given.take(CANDIDATES).filter_map(|text| decode(how.encoding, text)).collect();
    let mut believed = Choice::from(0);
    // Every key and every signature is tried, whatever the first ones said.
    for key in &how.keys {
        let key = key.bytes();
        if key.is_empty() {
            continue;
        }
        let right = sign(how.algorithm, &key, &message);
        for given in &given {
            believed |= right.as_slice().ct_eq(given.as_slice());
        }
    }
    if believed.into() { Ok(()) } else { Err(Unbelieved::Forged) }
}

/// Seconds since 1970, or milliseconds where they are too many for that.
fn is_fresh(timestamp: &str, now: Millis, tolerance: i64) -> bool {
    let Ok(number) = timestamp.trim().parse::<i64>() else { return false };
    let at = if number > 100_000_000_000 { number } else { number.saturating_mul(1_000) };
    now.0.abs_diff(at) <= tolerance.unsigned_abs()
}

fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => hex::decode(text.trim()).ok(),
        Encoding::Base64 => STANDARD.decode(text.trim()).ok(),
    }
}

/// The HMAC of a message.
pub fn sign(algorithm: Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha1 => finish(Hmac::<sha1::Sha1>::new_from_slice(key).expect("HMAC takes a key of any length"), message),
        Algorithm::Sha256 => finish(Hmac::<sha2::Sha256>::new_from_slice(key).expect("HMAC takes a key of any length"), message),
        Algorithm::Sha512 => finish(Hmac::<sha2::Sha512>::new_from_slice(key).expect("HMAC takes a key of any length"), message),
    }
}

fn finish<M: Mac>(mut mac: M, message: &[u8]) -> Vec<u8> {
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}
