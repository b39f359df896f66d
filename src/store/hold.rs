//! What holds channels and flows back: kept until it is ended, for all instances and through restarts.

use super::error::StoreError;
use crate::domain::hold::HoldKind;
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::Millis;
use bytes::Bytes;

/// How a pause of a flow is called beside the kinds of channels.
const FLOW: &str = "flow";

/// One reason for which something is held back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HoldKey {
    /// A channel, for this reason.
    Channel(ChannelName, HoldKind),
    /// A flow, which somebody paused.
    Flow(Slug),
}

impl HoldKey {
    /// `KIND:CHANNEL` or `flow:FLOW`.
    pub(super) fn field(&self) -> String {
        match self {
            HoldKey::Channel(channel, kind) => format!("{}:{channel}", kind.as_str()),
            HoldKey::Flow(flow) => format!("{FLOW}:{flow}"),
        }
    }

    /// `KIND-at:CHANNEL` or `flow-at:FLOW`: beside it, the mark of the latest that was said of it. Releases that do not know it pass over it, as over any kind
    /// that they do not know.
    pub(super) fn mark(&self) -> String {
        match self {
            HoldKey::Channel(channel, kind) => format!("{}-at:{channel}", kind.as_str()),
            HoldKey::Flow(flow) => format!("{FLOW}-at:{flow}"),
        }
    }

    /// Reads what `field` gives. Nothing for a kind that this release does not know: another one may hold something back by it.
    pub(super) fn parse(field: &str) -> Result<Option<Self>, StoreError> {
        let unreadable = || StoreError::Bug("what is held back has no name".to_owned());
        let (kind, name) = field.split_once(':').ok_or_else(unreadable)?;
        let name = Slug::parse(name).map_err(|_| unreadable())?;
        if kind == FLOW {
            return Ok(Some(HoldKey::Flow(name)));
        }
        Ok(HoldKind::parse(kind).map(|kind| HoldKey::Channel(name, kind)))
    }
}

/// What somebody says of a channel, at a time of their own: begin to hold it back, or end that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The channel, and the reason.
    pub key: HoldKey,
    /// When it was said, by the clock of whoever said it.
    pub at: Millis,
    /// What is kept while it is held back; nothing ends it.
    pub body: Option<Bytes>,
}

impl Judgement {
    /// The mark that it leaves: it grows with the time, and at one time what holds back is above what does not. So two that come in either
    /// order leave the same. One more than a mark is above what left it, and below whatever is said later.
    pub(super) fn mark(&self) -> i64 {
        self.at.0.max(0).saturating_mul(2).saturating_add(i64::from(self.body.is_some()))
    }
}

/// What is kept of it: bytes to the store.
pub type Held = (HoldKey, Bytes);

/// What is readable of what was found.
pub(super) fn read(found: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Vec<Held>, StoreError> {
    let mut held = Vec::new();
    for (field, body) in found {
        held.extend(HoldKey::parse(&field)?.map(|key| (key, Bytes::from(body))));
    }
    held.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: HoldKind) -> HoldKey {
        HoldKey::Channel(ChannelName::parse("whatsapp").expect("a name"), kind)
    }

    #[test]
    fn a_mark_is_no_hold_to_whoever_reads() {
        let (held, mark) = (key(HoldKind::Flagged).field(), key(HoldKind::Flagged).mark());
        let found = read([(mark, b"5".to_vec()), (held, b"{}".to_vec())]).expect("reads");
        assert_eq!(found, [(key(HoldKind::Flagged), Bytes::from_static(b"{}"))]);
    }

    #[test]
    fn later_is_above_and_at_one_time_what_holds_is() {
        let mark =
            |at, holds: bool| Judgement { key: key(HoldKind::Flagged), at: Millis(at), body: holds.then(Bytes::new) }.mark();
        let rising = [mark(-1, false), mark(0, true), mark(1, false), mark(1, true), mark(1, true) + 1, mark(2, true)];
        assert!(rising.is_sorted() && rising[3] < rising[4], "{rising:?}");
        assert_eq!(mark(1, true) + 1, mark(2, false), "what ends it by hand is as if it was said a millisecond later");
    }

    #[test]
    fn what_is_held_back_is_read_as_it_is_written_and_other_kinds_are_left_alone() {
        let name = || Slug::parse("orders").expect("a name");
        for key in
            [HoldKey::Channel(name(), HoldKind::Flagged), HoldKey::Channel(name(), HoldKind::Paused), HoldKey::Flow(name())]
        {
            assert_eq!(HoldKey::parse(&key.field()).expect("readable"), Some(key));
        }
        assert_eq!(HoldKey::parse("later:orders").expect("readable"), None);
        assert!(HoldKey::parse("orders").is_err());
    }
}
