//! Keys of the API as callers show them: `rf_live_ID_SECRET`. The id names the key and is no secret; the secret is 256 bits of chance.

use super::mode::Mode;
use sha2::{Digest, Sha256};
use std::fmt;

/// The name of a key: 16 hexadecimal digits. No secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(u64);

impl KeyId {
    /// From chance.
    pub fn of(bits: u64) -> Self {
        KeyId(bits)
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        digits.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(KeyId)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What is kept of a key's secret: its SHA-256. A slow hash is for secrets that people choose; of 256 bits of chance nobody finds one by trying,
/// and every request pays for the hash.
pub type KeyHash = [u8; 32];

/// A key as it comes with a request: its parts, the secret only as its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownKey {
    /// What it says that it is for.
    pub mode: Mode,
    /// Its name.
    pub id: KeyId,
    /// The hash of its secret.
    pub hash: KeyHash,
}

/// Hexadecimal digits of a secret.
const SECRET: usize = 64;

impl ShownKey {
    /// Reads a key; nothing if it has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('_');
        let (prefix, mode, id, secret) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let whole = prefix == "rf" && parts.next().is_none();
        let digits = secret.len() == SECRET && secret.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let (mode, id) = (Mode::parse(mode)?, KeyId::parse(id)?);
        (whole && digits).then(|| ShownKey { mode, id, hash: hash(secret) })
    }

    /// A new key from chance, as it is shown once, and what is kept of it.
    pub fn draw(mode: Mode, id: KeyId, chance: [u8; 32]) -> (String, KeyHash) {
        let secret = hex::encode(chance);
        let hash = hash(&secret);
        (format!("rf_{mode}_{id}_{secret}"), hash)
    }
}

fn hash(secret: &str) -> KeyHash {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_drawn_and_nothing_else_is_one() {
        let (text, hash) = ShownKey::draw(Mode::Test, KeyId::of(7), [0xab; 32]);
        assert_eq!(text, format!("rf_test_0000000000000007_{}", "ab".repeat(32)));
        assert_eq!(ShownKey::parse(&text), Some(ShownKey { mode: Mode::Test, id: KeyId::of(7), hash }));
        let other = ShownKey::draw(Mode::Test, KeyId::of(7), [0xac; 32]).1;
        assert_ne!(hash, other);
        let secret = "ab".repeat(32);
        for bad in [
            String::new(),
            text.replace("rf_", "sk_"),
            text.replace("test", "prod"),
            text.to_uppercase(),
            format!("{text}_"),
            text[..text.len() - 1].to_owned(),
            format!("rf_live_7_{secret}"),
            format!("rf_live_0000000000000007_{}", secret.replace('a', "g")),
        ] {
            assert_eq!(ShownKey::parse(&bad), None, "{bad}");
        }
    }
}
