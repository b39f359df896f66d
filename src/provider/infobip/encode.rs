//! How messages are written for Infobip. The id of a message is ours: a repeat has the same.

use super::{authorized, digits, resource, whatsapp};
use crate::config::providers::infobip::InfobipSettings;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::SMS_CHARS;
use crate::domain::message::{Outbound, OutboundContent};
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::{callback, json, meta};
use serde_json::{Map, Value, json};

/// The request that sends the message.
pub fn encode(settings: &InfobipSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    match context.kind {
        ChannelKind::WhatsApp => whatsapp::encode(settings, message, context),
        ChannelKind::Sms | ChannelKind::Email => texting(settings, message, context),
    }
}

/// Refuses what there is nothing for.
pub fn unsupported<T>(what: &'static str, kind: ChannelKind) -> Result<T, EncodeError> {
    Err(EncodeError::Unsupported { provider: "Infobip", what, kind })
}

/// The receiver in digits, or as it is where it is none.
pub fn receiver(to: &Address, kind: ChannelKind) -> Result<&str, EncodeError> {
    match (kind, to) {
        (_, Address::Phone(phone)) => Ok(phone.digits()),
        (ChannelKind::Sms, Address::Verbatim(short)) => Ok(short),
        (ChannelKind::WhatsApp, Address::Bsuid(user)) => Ok(user),
        _ => Err(EncodeError::Address),
    }
}

fn texting(settings: &InfobipSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let OutboundContent::Text { text } = &message.content else {
        let what = match &message.content {
            OutboundContent::Media { .. } | OutboundContent::Album { .. } => "a file",
            OutboundContent::Template { .. } => "an approved template",
            OutboundContent::Email { .. } => "a mail",
            _ => "more than text",
        };
        return unsupported(what, context.kind);
    };
    let text = meta::bounded("characters of text", text, SMS_CHARS)?;
    let mut destination = json!({ "to": receiver(&message.to, context.kind)? });
    if let Some(send) = context.send {
        destination["messageId"] = callback::uuid(send).into();
    }
    let mut webhooks = Map::new();
    // The name of the send comes back in its own field: the URL stays as it is.
    if let Some(url) = context.status_callback {
        webhooks.insert("delivery".to_owned(), json!({ "url": url, "intermediateReport": true }));
        webhooks.insert("contentType".to_owned(), "application/json".into());
    }
    if let Some(send) = context.send {
        webhooks.insert("callbackData".to_owned(), send.to_string().into());
    }
    let mut one = Map::from_iter([
        ("sender".to_owned(), digits(&settings.from).into()),
        ("destinations".to_owned(), json!([destination])),
        ("content".to_owned(), json!({ "text": text })),
    ]);
    if !webhooks.is_empty() {
        one.insert("webhooks".to_owned(), Value::Object(webhooks));
    }
    json::hand_on(&mut one, message.provider.as_ref());
    Ok(HttpRequest::json(resource(settings, "/sms/3/messages"), authorized(settings), &json!({ "messages": [one] })))
}
