//! How messages are written for Telnyx: one JSON object; of WhatsApp in Meta's shape, inside of Telnyx's.

use super::{authorized, resource};
use crate::config::providers::telnyx::TelnyxSettings;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::SMS_CHARS;
use crate::domain::message::{Media, Outbound, OutboundContent};
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::{callback, json, meta};
use serde_json::{Map, Value, json};

/// Files that one text message can carry.
const MEDIA_MAX: usize = 10;

/// The request that sends the message.
pub fn encode(settings: &TelnyxSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let mut body = Map::new();
    if !settings.from.is_empty() {
        body.insert("from".to_owned(), settings.from.as_str().into());
    }
    if let Some(profile) = &settings.messaging_profile_id {
        body.insert("messaging_profile_id".to_owned(), profile.as_str().into());
    }
    body.insert("to".to_owned(), receiver(&message.to, context.kind)?.into());
    let path = match context.kind {
        ChannelKind::WhatsApp => {
            whatsapp(&mut body, message, context)?;
            "/v2/messages/whatsapp"
        }
        ChannelKind::Sms | ChannelKind::Email => {
            texting(&mut body, &message.content, context.kind)?;
            "/v2/messages"
        }
    };
    if let Some(url) = callback::url(context) {
        body.insert("webhook_url".to_owned(), url.into());
        if context.kind == ChannelKind::Sms {
            body.insert("use_profile_webhooks".to_owned(), false.into());
        }
    }
    json::hand_on(&mut body, message.provider.as_ref());
    let body = Value::Object(body);
    let mut headers = authorized(settings);
    headers.push((
        "Idempotency-Key",
        match context.send {
            // The same send has the same key, however often it is tried.
            Some(send) => callback::uuid(send),
            // What has no name is itself only at this moment.
            None => callback::uuid_of(format!("{}/{body}", context.now.0).as_bytes()),
        },
    ));
    Ok(HttpRequest::json(resource(settings, path), headers, &body))
}

fn receiver(to: &Address, kind: ChannelKind) -> Result<&str, EncodeError> {
    match (kind, to) {
        (_, Address::Phone(phone)) => Ok(phone.as_str()),
        (ChannelKind::Sms, Address::Verbatim(short)) | (ChannelKind::WhatsApp, Address::Bsuid(short)) => Ok(short),
        _ => Err(EncodeError::Address),
    }
}

fn unsupported<T>(what: &'static str, kind: ChannelKind) -> Result<T, EncodeError> {
    Err(EncodeError::Unsupported { provider: "Telnyx", what, kind })
}

fn texting(body: &mut Map<String, Value>, content: &OutboundContent, kind: ChannelKind) -> Result<(), EncodeError> {
    let (media, text) = match content {
        OutboundContent::Text { text } => (&[][..], Some(text.as_str())),
        OutboundContent::Media { media, caption, .. } => (std::slice::from_ref(media), caption.as_deref()),
        OutboundContent::Album { media, .. } if media.is_empty() => return Err(EncodeError::Empty("the list of files")),
        OutboundContent::Album { media, text } => (media.as_slice(), text.as_deref()),
        OutboundContent::Template { .. } => return unsupported("an approved template", kind),
        OutboundContent::Email { .. } => return unsupported("a mail", kind),
        _ => return unsupported("more than text and files", kind),
    };
    if media.is_empty() || text.is_some_and(|text| !text.is_empty()) {
        let text = meta::bounded("characters of text", text.unwrap_or_default(), SMS_CHARS)?;
        body.insert("text".to_owned(), text.into());
    }
    if media.len() > MEDIA_MAX {
        return Err(EncodeError::TooLong { what: "files", got: media.len(), max: MEDIA_MAX });
    }
    if !media.is_empty() {
        let urls: Vec<&str> = media.iter().map(url).collect::<Result<_, _>>()?;
        body.insert("media_urls".to_owned(), urls.into());
        body.insert("type".to_owned(), "MMS".into());
    }
    Ok(())
}

fn url(media: &Media) -> Result<&str, EncodeError> {
    media.url.as_deref().filter(|u| !u.is_empty()).ok_or(EncodeError::Empty("the URL of a file"))
}

fn whatsapp(body: &mut Map<String, Value>, message: &Outbound, context: &SendContext<'_>) -> Result<(), EncodeError> {
    match &message.content {
        OutboundContent::Album { .. } => return unsupported("several files in one message", context.kind),
        OutboundContent::Email { .. } => return unsupported("a mail", context.kind),
        OutboundContent::MarkRead { .. } => return unsupported("a read mark", context.kind),
        OutboundContent::Form(_) => return unsupported("a form", context.kind),
        // Telnyx fetches a file itself: it knows none of Meta's ids.
        OutboundContent::Media { media, .. } => drop(url(media)?),
        _ => {}
    }
    let (word, part) = meta::part(&message.content, context.kind)?;
    let mut inner = Map::from_iter([("type".to_owned(), word.into()), (word.to_owned(), part)]);
    if let Some(send) = context.send {
        inner.insert("biz_opaque_callback_data".to_owned(), send.to_string().into());
    }
    if let Some(quoted) = &message.in_reply_to {
        inner.insert("context".to_owned(), json!({ "message_id": quoted }));
    }
    body.insert("type".to_owned(), "WHATSAPP".into());
    body.insert("whatsapp_message".to_owned(), Value::Object(inner));
    Ok(())
}
