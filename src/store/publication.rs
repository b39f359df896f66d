//! Publications of flows as the store keeps them: what they say is bytes to it; it knows which version is the current one of a
//! name, and numbers what is published under a name, so that of two who publish at once only one does.

use crate::domain::id::VersionId;
use crate::domain::name::Slug;
use bytes::Bytes;

/// A publication to be made.
#[derive(Debug, Clone)]
pub struct Publish {
    /// The flow.
    pub name: Slug,
    /// The version that becomes current. It is put first.
    pub version: VersionId,
    /// The number of the publication that it builds on; 0: there was none, or only one of a release that did not number them.
    pub base: u64,
    /// What it says, encoded.
    pub body: Bytes,
}

/// The answer to `publish`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// Made, with this number; also if this very publication was made before and the answer was lost.
    Ok(u64),
    /// Somebody else published in between: this is the number of the last one.
    Stale(u64),
}

/// What is current of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// The flow.
    pub name: Slug,
    /// The current version.
    pub version: VersionId,
    /// The number of the last publication; 0: none was numbered.
    pub number: u64,
    /// What the last publication says; empty where an older release published after it, or before there were any.
    pub body: Bytes,
}

/// A publication as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number, from 1.
    pub number: u64,
    /// What it says, encoded.
    pub body: Bytes,
}
