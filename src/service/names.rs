//! The addresses by which a contact is known, and which kinds of channel reach somebody there.

use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::ContactKey;
use crate::engine::record::Record;
use crate::store::StopMask;

/// Every address that a record knows.
pub(super) fn addresses(record: &Record) -> impl Iterator<Item = Address> {
    let Record { phone, user_id, email, external, verbatim, .. } = record;
    let phone = phone.clone().map(Address::Phone);
    let others = [
        user_id.clone().map(Address::Bsuid),
        email.clone().map(Address::Email),
        external.clone().map(Address::External),
        verbatim.clone().map(Address::Verbatim),
    ];
    phone.into_iter().chain(others.into_iter().flatten())
}

/// The kinds of channel that reach somebody at an address; for an id of another system this may be any.
pub(super) fn reached_at(address: &Address) -> StopMask {
    match address {
        Address::Phone(_) => StopMask::of(&[ChannelKind::Sms, ChannelKind::WhatsApp]),
        Address::Bsuid(_) => StopMask::of(&[ChannelKind::WhatsApp]),
        Address::Email(_) => StopMask::of(&[ChannelKind::Email]),
        Address::Verbatim(_) => StopMask::of(&[ChannelKind::Sms]),
        Address::External(_) => anywhere(),
    }
}

pub(super) fn anywhere() -> StopMask {
    StopMask::of(&ChannelKind::ALL)
}

/// All names that lead to a contact, its own first. At an address that it only knows there may be somebody else.
pub(super) fn names_of(key: ContactKey, merged: &[ContactKey]) -> Vec<ContactKey> {
    [key].into_iter().chain(merged.iter().copied().filter(|name| *name != key)).collect()
}
