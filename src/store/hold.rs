//! What holds channels back: kept until it is ended, for all instances and through restarts.

use super::error::StoreError;
use crate::domain::hold::HoldKind;
use crate::domain::name::ChannelName;
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

    /// Reads what `field` gives. Nothing for a kind that this release does not know: another one may hold a channel back by it.
    pub(super) fn parse(field: &str) -> Result<Option<Self>, StoreError> {
        let unreadable = || StoreError::Bug("what holds a channel back has no name".to_owned());
        let (kind, channel) = field.split_once(':').ok_or_else(unreadable)?;
        let channel = ChannelName::parse(channel).map_err(|_| unreadable())?;
        Ok(HoldKind::parse(kind).map(|kind| HoldKey { channel, kind }))
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
