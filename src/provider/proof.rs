//! What several providers prove their requests with. Every comparison takes the same time whatever is compared.

use super::webhook::{Headers, Refused};
use crate::domain::time::{Millis, Span};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// The hashes that providers use. MD5 and SHA-1 only where a provider has no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// The HMAC of these parts, one after the other.
pub fn hmac(hash: Hash, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    fn of<D: EagerHash>(key: &[u8], parts: &[&[u8]]) -> Vec<u8>
    where
        Hmac<D>: Mac + KeyInit,
    {
        // A key of any length is one.
        let Ok(mut mac) = <Hmac<D> as KeyInit>::new_from_slice(key) else { return Vec::new() };
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }
    match hash {
        Hash::Md5 => of::<Md5>(key, parts),
        Hash::Sha1 => of::<Sha1>(key, parts),
        Hash::Sha256 => of::<Sha256>(key, parts),
        Hash::Sha512 => of::<Sha512>(key, parts),
    }
}

/// The plain hash of these parts, one after the other.
pub fn digest(hash: Hash, parts: &[&[u8]]) -> Vec<u8> {
    fn of<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
        let mut hash = D::new();
        for part in parts {
            hash.update(part);
        }
        hash.finalize().to_vec()
    }
    match hash {
        Hash::Md5 => of::<Md5>(parts),
        Hash::Sha1 => of::<Sha1>(parts),
        Hash::Sha256 => of::<Sha256>(parts),
        Hash::Sha512 => of::<Sha512>(parts),
    }
}

/// Whether `given` is the HMAC of these parts. Without a key nothing is.
pub fn hmac_is(hash: Hash, key: &[u8], parts: &[&[u8]], given: &[u8]) -> bool {
    !key.is_empty() && same(&hmac(hash, key, parts), given)
}

/// Whether `given` is the plain hash of these parts.
pub fn digest_is(hash: Hash, parts: &[&[u8]], given: &[u8]) -> bool {
    same(&digest(hash, parts), given)
}

/// Whether two texts are the same.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    !a.is_empty() && bool::from(a.ct_eq(b))
}

/// Whether what was signed at `at` may still be believed.
pub fn fresh(at: Millis, now: Millis, tolerance: Span) -> Result<(), Refused> {
    let apart = now.0.checked_sub(at.0).and_then(i64::checked_abs).ok_or(Refused::Stale)?;
    if apart <= tolerance.0 { Ok(()) } else { Err(Refused::Stale) }
}

/// What follows `Bearer` in the request's `Authorization`.
pub fn bearer(headers: &dyn Headers) -> Option<&str> {
    let (scheme, token) = headers.get("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// The value of `Authorization` for a user and a password.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::webhook::Pairs;

    #[test]
    fn hmacs_are_those_of_their_standards() {
        // RFC 2202 and RFC 4231, test case 2.
        let of = |hash| hex::encode(hmac(hash, b"Jefe", &[b"what do ya want ", b"for nothing?"]));
        assert_eq!(of(Hash::Md5), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(of(Hash::Sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(of(Hash::Sha256), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(of(Hash::Sha512).starts_with("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"));
        assert!(!hmac_is(Hash::Sha256, b"", &[b"x"], &hmac(Hash::Sha256, b"", &[b"x"])), "without a key nothing is believed");
        assert!(!same(b"", b""));
        assert!(digest_is(Hash::Md5, &[b"ab", b"c"], &hex::decode("900150983cd24fb0d6963f7d28e17f72").expect("hex")));
    }

    #[test]
    fn a_moment_is_fresh_on_both_sides_and_no_number_overflows() {
        let of = |at, now| fresh(Millis(at), Millis(now), Span::minutes(5));
        assert_eq!((of(0, 300_000), of(300_000, 0)), (Ok(()), Ok(())));
        assert_eq!((of(0, 300_001), of(i64::MIN, i64::MAX)), (Err(Refused::Stale), Err(Refused::Stale)));
    }

    #[test]
    fn credentials_are_read_and_written() {
        assert_eq!(bearer(&Pairs(&[("Authorization", "bearer abc")])), Some("abc"));
        assert_eq!(bearer(&Pairs(&[("Authorization", "Basic abc")])), None);
        assert_eq!(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
