//! A message that the contact took back: its words go from what was kept of it.

use super::cell::{Row, Statement};
use super::error::HistoryError;
use crate::domain::codec;
use crate::domain::journal::{Entry, Event};
use crate::domain::message::InboundContent;

/// Entries, as (contact, token, body), without the words of these messages: what is to be written of them.
pub(super) fn mask(gone: &[&str], entries: &[Row]) -> Result<Vec<Statement>, HistoryError> {
    let sql = "UPDATE entry SET body = $3 WHERE contact = $1 AND token = $2 AND kind = 'entry'";
    let mut masked = Vec::new();
    for row in entries {
        if let Some(body) = without(row.bytes(2)?, gone) {
            masked.push(Statement::new(sql, [row.text(0)?.into(), row.text(1)?.into(), body.into()]));
        }
    }
    Ok(masked)
}

/// The message that an event says was taken back.
pub(super) fn names(event: &Event) -> Option<&str> {
    match event {
        Event::Received { content: InboundContent::Deleted { message }, .. } => Some(message),
        _ => None,
    }
}

/// The entry without the words of these messages and of their changes; nothing if it has none.
fn without(body: &[u8], gone: &[&str]) -> Option<Vec<u8>> {
    if !gone.iter().any(|id| !id.is_empty() && body.windows(id.len()).any(|window| window == id.as_bytes())) {
        return None;
    }
    let (mode, mut entry) = codec::decode_in::<Entry>(body).ok()?;
    let mut changed = false;
    for event in &mut entry.events {
        let Event::Received { provider_id, text, content, .. } = event else { continue };
        let edited = matches!(content, InboundContent::Edited { message } if gone.contains(&message.as_str()));
        if gone.contains(&provider_id.as_str()) {
            (*text, *content) = (String::new(), InboundContent::Unsupported { kind: "deleted".to_owned() });
            changed = true;
        } else if edited {
            text.clear();
            changed = true;
        }
    }
    changed.then(|| codec::encode_in(mode, &entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::{Address, E164};
    use crate::domain::id::{ContactKey, InputId, Token};
    use crate::domain::journal::Decision;
    use crate::domain::name::ChannelName;
    use crate::domain::time::Millis;

    fn entry(provider_id: &str, text: &str, content: InboundContent) -> Vec<u8> {
        let event = Event::Received {
            input: InputId(1),
            channel: ChannelName::parse("main-whatsapp").expect("a name"),
            from: Address::Phone(E164::parse("+447700900123").expect("a number")),
            provider_id: provider_id.to_owned(),
            text: text.to_owned(),
            content,
            decision: Decision::Answer,
            reason: "a label".to_owned(),
            name: None,
        };
        let contact = ContactKey::derive(b"s", "a");
        codec::encode(&Entry { contact, token: Token(1), at: Millis(1), events: vec![event] })
    }

    #[test]
    fn only_the_words_of_the_message_and_of_its_changes_go() {
        let gone = ["wamid.1"];
        let masked = without(&entry("wamid.1", "my secret", InboundContent::Text), &gone).expect("changed");
        assert!(!String::from_utf8_lossy(&masked).contains("secret"));
        let edit = InboundContent::Edited { message: "wamid.1".to_owned() };
        let masked = without(&entry("wamid.2", "my secret", edit), &gone).expect("changed");
        assert!(!String::from_utf8_lossy(&masked).contains("secret"));
        assert_eq!(without(&entry("wamid.3", "wamid.1", InboundContent::Text), &gone), None, "a text that names it");
        assert_eq!(without(&entry("wamid.10", "x", InboundContent::Text), &gone), None);
        assert_eq!(without(b"", &gone), None);
    }
}
