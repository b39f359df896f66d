//! Which of our messages a provider knows under an id of its own.

use super::select::Select;
use crate::domain::id::{ContactKey, EffectId, SendRef};
use crate::domain::mode::Mode;
use crate::domain::name::ChannelName;
use crate::history::{Database, HistoryError};

/// The newest live message that left over this channel and that its provider took under this id.
pub async fn sent_as(database: &Database, channel: &ChannelName, id: &str) -> Result<Option<SendRef>, HistoryError> {
    let rows = select(channel, id).rows(database).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let odd = || HistoryError("a message has no key".to_owned());
    let contact = ContactKey::parse(row.text(0)?).ok_or_else(odd)?;
    let effect = EffectId::parse(row.text(1)?).ok_or_else(odd)?;
    Ok(Some(SendRef { contact, effect }))
}

pub(super) fn select(channel: &ChannelName, id: &str) -> Select {
    let mut select = Select::new("SELECT m.contact, m.id FROM message m");
    select
        .and_mode("m.mode", Mode::Live)
        .and("m.provider_id = ? AND m.channel = ? AND m.direction = 'out'", [id.into(), channel.as_str().into()]);
    select.put(" ORDER BY m.at DESC, m.n DESC LIMIT 1", []);
    select
}
