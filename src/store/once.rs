//! Requests from outside that take effect once under a name that their caller chose (`Idempotency-Key`): who works on one, what it
//! was answered, and that another body may not come under the same name. Bounded in number and in time.

use crate::domain::id::Who;
use crate::domain::time::Span;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fmt;

/// The name of a request: 128 bits of a hash of what its caller chose. What was chosen is not kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestKey([u8; 16]);

/// What a request said: 128 bits of a hash of its body.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut out = [0; 16];
    out.copy_from_slice(&hash.finalize()[..16]);
    out
}

impl RequestKey {
    /// The name that a caller chose for a request to a route.
    pub fn of(route: &str, chosen: &str) -> Self {
        RequestKey(hash(&[route.as_bytes(), chosen.as_bytes()]))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The shard where it is kept, of so many.
    pub fn shard(&self, shards: u8) -> u8 {
        (self.0[0] >> 2) % shards.max(1)
    }
}

impl Fingerprint {
    /// Of this body.
    pub fn of(body: &[u8]) -> Self {
        Fingerprint(hash(&[body]))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// 32 hexadecimal digits: the start of names that are derived from it.
impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// One step of such a request.
#[derive(Debug, Clone)]
pub struct OnceRequest {
    /// Its name.
    pub key: RequestKey,
    /// What it says.
    pub print: Fingerprint,
    /// Whoever works on it: fresh for each request that comes, the same for all its steps.
    pub who: Who,
    /// The step.
    pub step: RequestStep,
}

/// What is done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestStep {
    /// Somebody would work on it.
    Begin,
    /// It is done, and was answered so. A fact from whoever says it; the first answer stays.
    Answer(Bytes),
    /// It could not be done now: whoever comes next with the same body may try at once.
    Again,
    /// Nothing was done: its name is free.
    Forget,
}

/// What the store says to a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requested {
    /// The caller may work on it, for a claim's lease.
    Yours,
    /// Somebody works on it, for so long at most.
    Busy(Span),
    /// The name stands for another body.
    Other,
    /// It was answered so.
    Answered(Bytes),
    /// So many names are remembered already that no more fit.
    Full,
    /// What ends it was written, or did not concern it any more.
    Done,
}
