//! How messages are written for Bird: SMS and WhatsApp have a path each.

use super::interactive;
use crate::config::providers::bird::BirdSettings;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::{SMS_CHARS, WHATSAPP_TEXT_CHARS};
use crate::domain::message::{
    Card, Media, MediaKind, Outbound, OutboundContent, TemplateButton, TemplateHeader, TemplateParam, TemplateParams,
};
use crate::provider::meta::bounded;
use crate::provider::send::{EncodeError, SendContext};
use crate::provider::{caption, json, location};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Contact cards in one message.
const CARDS: usize = 5;

/// The path below `/v1/` and the body of the request that sends the message.
pub fn body(
    settings: &BirdSettings,
    message: &Outbound,
    context: &SendContext<'_>,
) -> Result<(&'static str, Value), EncodeError> {
    let mut body = Map::new();
    body.insert("to".to_owned(), receiver(&message.to, context.kind)?.into());
    body.insert("from".to_owned(), settings.number.as_str().into());
    let path = match (context.kind, &message.content) {
        (ChannelKind::WhatsApp, content) => {
            let (name, part) = part(content, context.kind)?;
            body.insert(name.to_owned(), part);
            if let Some(quoted) = &message.in_reply_to {
                body.insert("in_reply_to_message_id".to_owned(), quoted.as_str().into());
            }
            "whatsapp/messages"
        }
        (_, OutboundContent::Text { text }) => {
            body.insert("text".to_owned(), bounded("characters of text", text, SMS_CHARS)?.into());
            "sms/messages"
        }
        _ => return unsupported("anything but texts", context.kind),
    };
    if let Some(send) = context.send {
        // Comes back in the events about this message.
        body.insert("metadata".to_owned(), json!({ "send": send.to_string() }));
    }
    json::hand_on(&mut body, message.provider.as_ref());
    if context.kind == ChannelKind::Sms && !body.contains_key("category") {
        body.insert("category".to_owned(), settings.category.into());
    }
    Ok((path, Value::Object(body)))
}

/// The key by which Bird recognises a repeat. A send has one name for all its attempts; what has no name is never repeated, and gets one
/// for itself.
pub fn key(context: &SendContext<'_>, body: &Value) -> String {
    match context.send {
        Some(send) => format!("replyflow/{send}"),
        None => {
            let hash = Sha256::new().chain_update(context.now.0.to_be_bytes()).chain_update(body.to_string()).finalize();
            format!("replyflow/{}", hex::encode(&hash[..16]))
        }
    }
}

pub(super) fn unsupported<T>(what: &'static str, kind: ChannelKind) -> Result<T, EncodeError> {
    Err(EncodeError::Unsupported { provider: "Bird", what, kind })
}

fn receiver(to: &Address, kind: ChannelKind) -> Result<&str, EncodeError> {
    match (kind, to) {
        (_, Address::Phone(phone)) => Ok(phone.as_str()),
        (ChannelKind::WhatsApp, Address::Bsuid(user)) => Ok(user),
        (ChannelKind::Sms, Address::Verbatim(short)) => Ok(short),
        _ => Err(EncodeError::Address),
    }
}

/// The name of the field and what stands there.
fn part(content: &OutboundContent, kind: ChannelKind) -> Result<(&'static str, Value), EncodeError> {
    Ok(match content {
        OutboundContent::Text { text } => ("text", json!({ "body": bounded("characters of text", text, WHATSAPP_TEXT_CHARS)? })),
        OutboundContent::Media { kind, media, caption } => (word(*kind), file(*kind, media, caption.as_deref())?),
        OutboundContent::Location { location, .. } => ("location", location::written(location)),
        OutboundContent::Contacts(cards) => ("contact_cards", self::cards(cards)?),
        OutboundContent::Template { name, language, params, header, buttons } => {
            ("template", template(name, language.as_deref(), params, header.as_ref(), buttons)?)
        }
        OutboundContent::Buttons { .. }
        | OutboundContent::List { .. }
        | OutboundContent::Sections { .. }
        | OutboundContent::CallToAction { .. }
        | OutboundContent::LocationRequest { .. } => ("interactive", interactive::write(content, kind)?),
        OutboundContent::Form(_) => return unsupported("a form", kind),
        OutboundContent::Reaction { .. } => return unsupported("a reaction", kind),
        OutboundContent::Album { .. } => return unsupported("several files in one message", kind),
        OutboundContent::MarkRead { .. } => return unsupported("a read mark", kind),
        OutboundContent::Email { .. } => return unsupported("a mail", kind),
    })
}

fn word(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image",
        MediaKind::Video => "video",
        MediaKind::Audio => "audio",
        MediaKind::Document => "document",
        MediaKind::Sticker => "sticker",
    }
}

fn url_of(media: &Media) -> Result<&str, EncodeError> {
    media.url.as_deref().filter(|url| !url.is_empty()).ok_or(EncodeError::Empty("the URL of a file"))
}

fn file(kind: MediaKind, media: &Media, caption: Option<&str>) -> Result<Value, EncodeError> {
    let mut part = json!({ "url": url_of(media)? });
    if let Some(caption) = caption::seen("Bird", kind, caption)? {
        part["caption"] = caption.into();
    }
    if let (MediaKind::Document, Some(name)) = (kind, &media.filename) {
        part["filename"] = name.as_str().into();
    }
    Ok(part)
}

fn cards(cards: &[Card]) -> Result<Value, EncodeError> {
    match cards.len() {
        0 => return Err(EncodeError::Empty("the list of contact cards")),
        1..=CARDS => {}
        got => return Err(EncodeError::TooLong { what: "contact cards", got, max: CARDS }),
    }
    let phone = |number: &String| json!({ "phone_number": number, "type": "Mobile" });
    let card = |card: &Card| {
        let first = card.name.split_whitespace().next().unwrap_or(&card.name);
        json!({
            "name": { "formatted_name": card.name, "first_name": first },
            "phone_numbers": card.phones.iter().map(phone).collect::<Vec<_>>(),
        })
    };
    Ok(cards.iter().map(card).collect())
}

/// A template by its id (`wat_…`) or its handle. What a quick reply gives back is a part of the template there and cannot vary.
fn template(
    name: &str,
    language: Option<&str>,
    params: &TemplateParams,
    header: Option<&TemplateHeader>,
    buttons: &[(u8, TemplateButton)],
) -> Result<Value, EncodeError> {
    let name = bounded("the template's name", name, 512)?;
    let mut components = Vec::new();
    if let Some(header) = header {
        let parameter = match header {
            TemplateHeader::Text(text) => json!({ "type": "text", "text": text }),
            TemplateHeader::Media { kind, media } => json!({ "type": word(*kind), "url": url_of(media)? }),
            TemplateHeader::Location(location) => json!({ "type": "location", "location": location::written(location) }),
        };
        components.push(json!({ "type": "header", "parameters": [parameter] }));
    }
    let body: Vec<Value> = match params {
        TemplateParams::Positional(list) => list.iter().map(|p| json!({ "type": "text", "text": shown(p) })).collect(),
        TemplateParams::Named(list) => {
            list.iter().map(|(name, p)| json!({ "type": "text", "name": name, "text": shown(p) })).collect()
        }
    };
    if !body.is_empty() {
        components.push(json!({ "type": "body", "parameters": body }));
    }
    for (_, button) in buttons {
        let text = match button {
            TemplateButton::Url { suffix } => suffix,
            TemplateButton::Code { code } => code,
            TemplateButton::Reply { .. } => continue,
        };
        components.push(json!({ "type": "button", "parameters": [{ "type": "text", "text": text }] }));
    }
    let mut part = json!({});
    part[if name.starts_with("wat_") { "id" } else { "slug" }] = name.into();
    if let Some(language) = language.filter(|l| !l.is_empty()) {
        part["language"] = language.into();
    }
    if !components.is_empty() {
        part["components"] = components.into();
    }
    Ok(part)
}

fn shown(param: &TemplateParam) -> &str {
    match param {
        TemplateParam::Text(text) => text,
        TemplateParam::Currency { fallback, .. } | TemplateParam::DateTime { fallback } => fallback,
    }
}
