//! Identifiers. They are derived, not drawn: a turn that is done again after a rollback gets the same ids, a turn on a
//! different history gets different ones. XXH3 is used where a stable, fast hash is enough, HMAC-SHA256 where a person
//! must not be recognised from it.

use super::mode::Mode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// A contact's name in the store: base64url of 128 bits of a keyed hash of the canonical address. Numbers never appear in key names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContactKey([u8; 22]);

impl ContactKey {
    /// The key of the contact who is identified by `canonical`, under the store's secret.
    pub fn derive(secret: &[u8], canonical: &str) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
        mac.update(canonical.as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut out = [0u8; 22];
        URL_SAFE_NO_PAD.encode_slice(&digest[..16], &mut out).expect("16 bytes are 22 characters");
        ContactKey(out)
    }

    /// The same of a contact of this mode: whoever has one address is one contact live and another one in test.
    pub fn of(mode: Mode, secret: &[u8], canonical: &str) -> Self {
        match mode {
            Mode::Live => ContactKey::derive(secret, canonical),
            // No canonical address begins so.
            Mode::Test => ContactKey::derive(secret, &format!("test:{canonical}")),
        }
    }

    /// Reads what `as_str` gave.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 22] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).then_some(ContactKey(bytes))
    }

    /// Its 16 bytes, for places where case is not kept.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0u8; 16];
        // A key that was never derived may not be base64 of 16 bytes: then this is the name of nobody.
        let _ = URL_SAFE_NO_PAD.decode_slice(self.0, &mut bytes);
        bytes
    }

    /// From what `to_bytes` gave.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let mut out = [0u8; 22];
        URL_SAFE_NO_PAD.encode_slice(bytes, &mut out).expect("16 bytes are 22 characters");
        ContactKey(out)
    }

    /// 22 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    /// The shard, 0 to 63: the first 6 bits.
    pub fn shard(&self) -> u8 {
        match self.0[0] {
            b @ b'A'..=b'Z' => b - b'A',
            b @ b'a'..=b'z' => b - b'a' + 26,
            b @ b'0'..=b'9' => b - b'0' + 52,
            b'-' => 62,
            _ => 63,
        }
    }
}

impl fmt::Display for ContactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ContactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ContactKey {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ContactKey {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        ContactKey::parse(&text).ok_or_else(|| serde::de::Error::custom("not a contact key"))
    }
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(pub u64);

        impl $type {
            /// Reads 16 hexadecimal digits.
            pub fn parse(text: &str) -> Option<Self> {
                (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten().map($type)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                $type::parse(&text).ok_or("not 16 hexadecimal digits")
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> String {
                id.to_string()
            }
        }
    };
}

hex_id!(
    /// The version of a contact's record: a hash chain over consumed inputs. Equal tokens mean equal history.
    Token
);
hex_id!(
    /// One input, derived from its dedupe key.
    InputId
);
hex_id!(
    /// One run of one contact.
    RunId
);
hex_id!(
    /// A published version of a flow: the hash of its content.
    VersionId
);

impl Token {
    /// The token of a contact who was never seen: derived from the contact and the first input.
    pub fn birth(contact: ContactKey, first: InputId) -> Self {
        let mut buffer = [0u8; 22 + 8 + 1];
        buffer[0] = b'b';
        buffer[1..23].copy_from_slice(&contact.0);
        buffer[23..].copy_from_slice(&first.0.to_be_bytes());
        Token(xxh3_64(&buffer))
    }

    /// The token after a turn that consumed these inputs.
    pub fn after(self, consumed: &[InputId]) -> Self {
        let mut buffer = Vec::with_capacity(9 + consumed.len() * 8);
        buffer.push(b'i');
        buffer.extend(self.0.to_be_bytes());
        for id in consumed {
            buffer.extend(id.0.to_be_bytes());
        }
        Token(xxh3_64(&buffer))
    }

    /// The token after a turn that only an alarm caused.
    pub fn after_alarm(self, alarm: super::time::Millis) -> Self {
        let mut buffer = [0u8; 17];
        buffer[0] = b'a';
        buffer[1..9].copy_from_slice(&self.0.to_be_bytes());
        buffer[9..].copy_from_slice(&alarm.0.to_be_bytes());
        Token(xxh3_64(&buffer))
    }

    /// The id of the effect number `index` of the commit that leads to this token.
    pub fn effect(self, index: usize) -> EffectId {
        let mut buffer = [0u8; 17];
        buffer[0] = b'e';
        buffer[1..9].copy_from_slice(&self.0.to_be_bytes());
        buffer[9..].copy_from_slice(&(index as u64).to_be_bytes());
        let digest = xxh3_128(&buffer).to_be_bytes();
        EffectId(digest[..10].try_into().expect("10 of 16 bytes"))
    }

    /// The id of the run number `index` that begins in the commit that leads to this token.
    pub fn run(self, index: usize) -> RunId {
        let mut buffer = [0u8; 17];
        buffer[0] = b'r';
        buffer[1..9].copy_from_slice(&self.0.to_be_bytes());
        buffer[9..].copy_from_slice(&(index as u64).to_be_bytes());
        RunId(xxh3_64(&buffer))
    }
}

impl InputId {
    /// The id of the input with this dedupe key.
    pub fn of(dedupe: DedupeHash) -> Self {
        let mut buffer = [0u8; 9];
        buffer[0] = b'n';
        buffer[1..].copy_from_slice(&dedupe.0.to_be_bytes());
        InputId(xxh3_64(&buffer))
    }
}

impl VersionId {
    /// The id of this content.
    pub fn of(content: &[u8]) -> Self {
        Self::written(|hash| hash.write_all(content))
    }

    /// The id of the content that this writes; nothing is kept of it.
    pub fn written<E>(write: impl FnOnce(&mut dyn io::Write) -> Result<(), E>) -> Self {
        let mut hash = io::BufWriter::with_capacity(8 * 1024, Hash(Sha256::new()));
        // A hash takes everything: what fails is what writes, and that is no content.
        let _ = write(&mut hash);
        let digest = match hash.into_inner() {
            Ok(Hash(hash)) => hash.finalize(),
            Err(_) => Sha256::digest([]),
        };
        VersionId(u64::from_be_bytes(digest[..8].try_into().expect("8 of 32 bytes")))
    }
}

struct Hash(Sha256);

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// 63 bits of a hash of (channel, provider message id), which a Redis intset holds in 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DedupeHash(pub u64);

impl DedupeHash {
    /// The hash of these parts; a part may hold any byte.
    pub fn of(parts: &[&str]) -> Self {
        let mut buffer = Vec::with_capacity(64);
        for part in parts {
            buffer.extend((part.len() as u32).to_be_bytes());
            buffer.extend(part.as_bytes());
        }
        DedupeHash(xxh3_64(&buffer) >> 1)
    }
}

/// One effect: 80 bits, 20 hexadecimal digits. Carried through providers to name our message there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EffectId([u8; 10]);

impl EffectId {
    /// Its 10 bytes, for places where every byte counts.
    pub fn to_bytes(self) -> [u8; 10] {
        self.0
    }

    /// From what `to_bytes` gave.
    pub fn from_bytes(bytes: [u8; 10]) -> Self {
        EffectId(bytes)
    }

    /// The name under which every report on this send is awaited; under its own name only a failure is.
    pub fn every_report(mut self) -> Self {
        self.0[0] ^= 0xff;
        self
    }

    /// Reads 20 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0u8; 10];
        (text.len() == 20).then(|| hex::decode_to_slice(text, &mut bytes).ok()).flatten().map(|()| EffectId(bytes))
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = [0u8; 20];
        hex::encode_to_slice(self.0, &mut out).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&out).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for EffectId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        EffectId::parse(&text).ok_or("not 20 hexadecimal digits")
    }
}

impl From<EffectId> for String {
    fn from(id: EffectId) -> String {
        id.to_string()
    }
}

/// A send as we name it at providers: `CONTACT.EFFECT`. A delivery report that carries it needs no lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SendRef {
    /// Whose message it is.
    pub contact: ContactKey,
    /// The send.
    pub effect: EffectId,
}

impl SendRef {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (contact, effect) = text.split_once('.')?;
        Some(SendRef { contact: ContactKey::parse(contact)?, effect: EffectId::parse(effect)? })
    }
}

impl fmt::Display for SendRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.contact, self.effect)
    }
}

/// 8 fresh hexadecimal digits for each call that can take something: a repeat by the same `who` means "my lost answer".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Who(pub u32);

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_derived_and_stable() {
        let key = ContactKey::derive(b"secret", "+447700900123");
        assert_eq!(key.as_str().len(), 22);
        assert_eq!(ContactKey::parse(key.as_str()), Some(key));
        assert!(key.shard() < 64);
        let input = InputId::of(DedupeHash::of(&["main-sms", "SM1"]));
        let token = Token::birth(key, input);
        assert_ne!(token, token.after(&[input]));
        assert_ne!(token.after(&[input]).effect(0), token.after(&[input]).effect(1));
        let effect = token.effect(3);
        assert_eq!(EffectId::parse(&effect.to_string()), Some(effect));
        let name = SendRef { contact: key, effect };
        assert_eq!(SendRef::parse(&name.to_string()), Some(name));
        assert_eq!(SendRef::parse("42"), None);
        // Parts are delimited: ("ab", "c") is not ("a", "bc").
        assert_ne!(DedupeHash::of(&["ab", "c"]), DedupeHash::of(&["a", "bc"]));
        // Stored hashes must never change: these are pinned.
        assert_eq!(DedupeHash::of(&["a"]).0 >> 63, 0);
    }
}
