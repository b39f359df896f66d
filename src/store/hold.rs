//! What holds channels back: kept until it is ended, for all instances and through restarts.

use super::error::StoreError;
use crate::domain::hold::HoldKind;
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use bytes::Bytes;

/// One reason for which one channel is held back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HoldKey {
    /// The channel.
    pub channel: ChannelName,
    /// The reason.
    pub kind: HoldKind,
}

impl HoldKey {
    /// `KIND:CHANNEL`.
    pub(super) fn field(&self) -> String {
        format!("{}:{}", self.kind.as_str(), self.channel)
    }

    /// `KIND-at:CHANNEL`: beside it, the mark of the latest that was said of it. Releases that do not know it pass over it, as over any kind
    /// that they do not know.
    pub(super) fn mark(&self) -> String {
        format!("{}-at:{}", self.kind.as_str(), self.channel)
    }

    /// Reads what `field` gives. Nothing for a kind that this release does not know: another one may hold a channel back by it.
    pub(super) fn parse(field: &str) -> Result<Option<Self>, StoreError> {
        let unreadable = || StoreError::Bug("what holds a channel back has no name".to_owned());
        let (kind, channel) = field.split_once(':').ok_or_else(unreadable)?;
        let channel = ChannelName::parse(channel).map_err(|_| unreadable())?;
        Ok(HoldKind::parse(kind).map(|kind| HoldKey { channel, kind }))
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
    held.sort_by(|(a, _), (b, _)| (&a.channel, a.kind).cmp(&(&b.channel, b.kind)));
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: HoldKind) -> HoldKey {
        HoldKey { channel: ChannelName::parse("whatsapp").expect("a name"), kind }
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
}
