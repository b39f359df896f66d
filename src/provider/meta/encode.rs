//! How messages are written for Meta: one JSON object for everything, checked against the documented lengths first.

use super::interactive;
use crate::config::channel::MetaSettings;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::WHATSAPP_TEXT_CHARS;
use crate::domain::message::{
    Card, Media, MediaKind, Outbound, OutboundContent, TemplateButton, TemplateHeader, TemplateParam, TemplateParams,
};
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::{caption, json, location};
use serde_json::{Map, Value, json};

/// Contact cards in one message.
const CARDS: usize = 5;
/// Characters of a template's name.
const TEMPLATE_NAME_CHARS: usize = 512;

/// The request that sends the message.
pub fn encode(settings: &MetaSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let base = settings.base_url.trim_end_matches('/');
    let url = format!("{base}/{}/{}/messages", settings.graph_version, settings.phone_number_id);
    Ok(HttpRequest::json(url, vec![("Authorization", authorization(settings))], &body(message, context)?))
}

/// The message as Meta takes it, whoever brings it there.
pub fn body(message: &Outbound, context: &SendContext<'_>) -> Result<Value, EncodeError> {
    match &message.content {
        OutboundContent::MarkRead { message, typing } => Ok(read_mark(message, *typing)),
        content => envelope(message, content, context),
    }
}

/// What proves that a request is the app's.
pub fn authorization(settings: &MetaSettings) -> String {
    format!("Bearer {}", settings.access_token.expose())
}

fn read_mark(message: &str, typing: bool) -> Value {
    let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": message });
    if typing {
        body["typing_indicator"] = json!({ "type": "text" });
    }
    body
}

fn envelope(message: &Outbound, content: &OutboundContent, context: &SendContext<'_>) -> Result<Value, EncodeError> {
    let (kind, part) = part(content, context.kind)?;
    let mut body = Map::new();
    body.insert("messaging_product".to_owned(), "whatsapp".into());
    body.insert("recipient_type".to_owned(), "individual".into());
    match &message.to {
        Address::Phone(phone) => body.insert("to".to_owned(), phone.digits().into()),
        Address::Bsuid(user) => body.insert("recipient".to_owned(), user.as_str().into()),
        Address::Email(_) | Address::External(_) | Address::Verbatim(_) => return Err(EncodeError::Address),
    };
    body.insert("type".to_owned(), kind.into());
    body.insert(kind.to_owned(), part);
    if let Some(quoted) = &message.in_reply_to {
        body.insert("context".to_owned(), json!({ "message_id": quoted }));
    }
    if let Some(send) = context.send {
        // Comes back in every report about this message.
        body.insert("biz_opaque_callback_data".to_owned(), send.to_string().into());
    }
    json::hand_on(&mut body, message.provider.as_ref());
    Ok(Value::Object(body))
}

/// The type and what stands under its name.
pub fn part(content: &OutboundContent, kind: ChannelKind) -> Result<(&'static str, Value), EncodeError> {
    Ok(match content {
        OutboundContent::Text { text } => {
            ("text", json!({ "body": bounded("characters of text", text, WHATSAPP_TEXT_CHARS)?, "preview_url": false }))
        }
        OutboundContent::Media { kind, media, caption } => (media_word(*kind), file(*kind, media, caption.as_deref())?),
        OutboundContent::Location { location, .. } => ("location", location::written(location)),
        OutboundContent::Contacts(cards) => ("contacts", self::cards(cards)?),
        OutboundContent::Reaction { message, emoji } => ("reaction", json!({ "message_id": message, "emoji": emoji })),
        OutboundContent::Template { name, language, params, header, buttons } => {
            ("template", template(name, language.as_deref(), params, header.as_ref(), buttons)?)
        }
        OutboundContent::Buttons { .. }
        | OutboundContent::List { .. }
        | OutboundContent::Sections { .. }
        | OutboundContent::Form(_)
        | OutboundContent::CallToAction { .. }
        | OutboundContent::LocationRequest { .. } => ("interactive", interactive::write(content)?),
        OutboundContent::Album { .. } => return unsupported("several files in one message", kind),
        OutboundContent::Email { .. } => return unsupported("a mail", kind),
        OutboundContent::MarkRead { .. } => return unsupported("a read mark as a message", kind),
    })
}

/// Refuses what Meta has nothing for.
pub fn unsupported<T>(what: &'static str, kind: ChannelKind) -> Result<T, EncodeError> {
    Err(EncodeError::Unsupported { provider: "Meta", what, kind })
}

/// A text that must be there and not be longer than this.
pub fn bounded<'t>(what: &'static str, text: &'t str, max: usize) -> Result<&'t str, EncodeError> {
    let got = text.chars().count();
    match got {
        0 => Err(EncodeError::Empty(what)),
        _ if got > max => Err(EncodeError::TooLong { what, got, max }),
        _ => Ok(text),
    }
}

fn media_word(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image",
        MediaKind::Video => "video",
        MediaKind::Audio => "audio",
        MediaKind::Document => "document",
        MediaKind::Sticker => "sticker",
    }
}

/// A file by the id that Meta gave it, or by a link that Meta fetches.
fn file(kind: MediaKind, media: &Media, caption: Option<&str>) -> Result<Value, EncodeError> {
    let mut part = match (&media.id, &media.url) {
        (Some(id), _) if !id.is_empty() => json!({ "id": id }),
        (_, Some(url)) if !url.is_empty() => json!({ "link": url }),
        _ => return Err(EncodeError::Empty("the file's id or link")),
    };
    if let Some(caption) = caption::seen("Meta", kind, caption)? {
        part["caption"] = caption.into();
    }
    if let (MediaKind::Document, Some(filename)) = (kind, &media.filename) {
        part["filename"] = filename.as_str().into();
    }
    Ok(part)
}

fn cards(cards: &[Card]) -> Result<Value, EncodeError> {
    match cards.len() {
        0 => return Err(EncodeError::Empty("the list of contact cards")),
        1..=CARDS => {}
        got => return Err(EncodeError::TooLong { what: "contact cards", got, max: CARDS }),
    }
    let phone = |number: &String| {
        let mut phone = json!({ "phone": number, "type": "CELL" });
        if let Address::Phone(e164) = Address::from_wire(number) {
            // Makes the card's button open a chat instead of an invitation.
            phone["wa_id"] = e164.digits().into();
        }
        phone
    };
    let card = |card: &Card| {
        let first = card.name.split_whitespace().next().unwrap_or(&card.name);
        json!({
            "name": { "formatted_name": card.name, "first_name": first },
            "phones": card.phones.iter().map(phone).collect::<Vec<_>>(),
        })
    };
    Ok(cards.iter().map(card).collect())
}

fn template(
    name: &str,
    language: Option<&str>,
    params: &TemplateParams,
    header: Option<&TemplateHeader>,
    buttons: &[(u8, TemplateButton)],
) -> Result<Value, EncodeError> {
    let name = bounded("the template's name", name, TEMPLATE_NAME_CHARS)?;
    let language = language.filter(|l| !l.is_empty()).ok_or(EncodeError::Empty("the template's language"))?;
    let mut components = Vec::new();
    if let Some(header) = header {
        let parameter = match header {
            TemplateHeader::Text(text) => json!({ "type": "text", "text": text }),
            TemplateHeader::Media { kind, media } => {
                let word = media_word(*kind);
                json!({ "type": word, word: file(*kind, media, None)? })
            }
            TemplateHeader::Location(location) => json!({ "type": "location", "location": location::written(location) }),
        };
        components.push(json!({ "type": "header", "parameters": [parameter] }));
    }
    let body: Vec<Value> = match params {
        TemplateParams::Positional(list) => list.iter().map(|p| parameter(None, p)).collect(),
        TemplateParams::Named(list) => list.iter().map(|(name, p)| parameter(Some(name), p)).collect(),
    };
    if !body.is_empty() {
        components.push(json!({ "type": "body", "parameters": body }));
    }
    for (index, button) in buttons {
        let (kind, parameter) = match button {
            TemplateButton::Reply { payload } => ("quick_reply", json!({ "type": "payload", "payload": payload })),
            TemplateButton::Url { suffix } => ("url", json!({ "type": "text", "text": suffix })),
            TemplateButton::Code { code } => ("copy_code", json!({ "type": "coupon_code", "coupon_code": code })),
        };
        components.push(json!({ "type": "button", "sub_type": kind, "index": index.to_string(), "parameters": [parameter] }));
    }
    let mut part = json!({ "name": name, "language": { "code": language } });
    if !components.is_empty() {
        part["components"] = components.into();
    }
    Ok(part)
}

fn parameter(name: Option<&str>, param: &TemplateParam) -> Value {
    let mut out = match param {
        TemplateParam::Text(text) => json!({ "type": "text", "text": text }),
        TemplateParam::Currency { fallback, code, amount_1000 } => {
            json!({ "type": "currency", "currency": { "fallback_value": fallback, "code": code, "amount_1000": amount_1000 } })
        }
        TemplateParam::DateTime { fallback } => json!({ "type": "date_time", "date_time": { "fallback_value": fallback } }),
    };
    if let Some(name) = name {
        out["parameter_name"] = name.into();
    }
    out
}
