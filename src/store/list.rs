//! The suppression list as the store keeps it: under the keyed hash of each address some bytes, in the order of their last change. Whoever
//! remembers which addresses are on it follows by a mark that moves with each change that puts one there.

use crate::domain::id::ContactKey;
use bytes::Bytes;

/// A change of what the list has of an address.
#[derive(Debug, Clone)]
pub struct ListChange {
    /// The address.
    pub address: ContactKey,
    /// What the list had of it as the caller read it.
    pub was: Option<Bytes>,
    /// What it has from now on; nothing: the address is not on the list.
    pub now: Option<Bytes>,
}

/// The answer to `list_change`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListChanged {
    /// Written; also if this very change was written before and the answer was lost.
    Ok,
    /// Somebody changed it in between: this is what the list has.
    Other(Option<Bytes>),
    /// So many addresses are on the list that no more fit.
    Full,
}

/// What the list has of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListItem {
    /// The number of its last change: the later, the higher.
    pub number: u64,
    /// The address.
    pub address: ContactKey,
    /// What is said of it.
    pub body: Bytes,
}

/// How far the list has come. Of two marks that are equal nothing was put on the list in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListMark {
    /// The number of the last change that put something there.
    pub number: u64,
    /// Some bits of it, so that a store that lost its last changes and made as many others is told from one that did not.
    pub bits: u32,
}
