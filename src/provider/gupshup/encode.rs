//! How messages are written for Gupshup: a form with the message as JSON in it, or with a template and what fills it.

use super::interactive;
use crate::config::providers::gupshup::GupshupSettings;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::WHATSAPP_TEXT_CHARS;
use crate::domain::message::{
    Card, Location, Media, MediaKind, Outbound, OutboundContent, TemplateButton, TemplateHeader, TemplateParam, TemplateParams,
};
use crate::provider::meta::bounded;
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::written::Written;
use crate::provider::{caption, location, plain};
use serde_json::{Value, json};

/// The request that sends the message.
pub fn encode(settings: &GupshupSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let mut form = Written::default();
    form.add("channel", "whatsapp");
    form.add("source", plain::digits(&settings.number));
    form.add("destination", receiver(&message.to)?);
    form.add("src.name", &settings.app);
    let path = match &message.content {
        OutboundContent::Template { name, params, header, buttons, .. } => {
            template(&mut form, name, params, header.as_ref(), buttons, context.kind)?;
            "/wa/api/v1/template/msg"
        }
        content => {
            let mut part = part(content, context)?;
            if let (Some(quoted), false) = (&message.in_reply_to, matches!(content, OutboundContent::Reaction { .. })) {
                part["context"] = json!({ "msgId": quoted });
            }
            let is_list = matches!(content, OutboundContent::List { .. } | OutboundContent::Sections { .. });
            let text = part.to_string();
            form.add("message", &text);
            if is_list && !text.is_ascii() {
                // Emoji in lists are lost without it.
                form.add("encode", "true");
            }
            "/wa/api/v1/msg"
        }
    };
    form.hand_on(message.provider.as_ref());
    Ok(HttpRequest::form(format!("{}{path}", settings.base_url), vec![key(settings)], form.finish()))
}

/// Asks for the templates of the app: costs nothing and is answered only to who knows its key and name.
pub fn templates(settings: &GupshupSettings) -> HttpRequest {
    HttpRequest::get(format!("{}/sm/api/v1/template/list/{}", settings.base_url, settings.app), vec![key(settings)])
}

fn key(settings: &GupshupSettings) -> (&'static str, String) {
    ("apikey", settings.api_key.expose().to_owned())
}

fn receiver(to: &Address) -> Result<&str, EncodeError> {
    match to {
        Address::Phone(phone) => Ok(phone.digits()),
        // Their API documents numbers only.
        Address::Bsuid(_) | Address::Email(_) | Address::External(_) | Address::Verbatim(_) => Err(EncodeError::Address),
    }
}

/// Refuses what Gupshup has nothing for.
pub fn unsupported<T>(what: &'static str, kind: ChannelKind) -> Result<T, EncodeError> {
    Err(EncodeError::Unsupported { provider: "Gupshup", what, kind })
}

fn part(content: &OutboundContent, context: &SendContext<'_>) -> Result<Value, EncodeError> {
    let kind = context.kind;
    Ok(match content {
        OutboundContent::Text { text } => {
            json!({ "type": "text", "text": bounded("characters of text", text, WHATSAPP_TEXT_CHARS)? })
        }
        OutboundContent::Media { kind, media, caption } => file(*kind, media, caption.as_deref())?,
        OutboundContent::Location { location, .. } => place(location),
        OutboundContent::Contacts(cards) => contact(cards)?,
        OutboundContent::Reaction { message, emoji } => json!({ "type": "reaction", "msgId": message, "emoji": emoji }),
        OutboundContent::Buttons { .. }
        | OutboundContent::List { .. }
        | OutboundContent::Sections { .. }
        | OutboundContent::CallToAction { .. }
        | OutboundContent::LocationRequest { .. } => interactive::write(content, context)?,
        OutboundContent::Album { .. } => return unsupported("several files in one message", kind),
        OutboundContent::Form(_) => return unsupported("a form", kind),
        OutboundContent::Email { .. } => return unsupported("a mail", kind),
        OutboundContent::MarkRead { .. } => return unsupported("a read mark", kind),
        OutboundContent::Template { .. } => return unsupported("a template in a message", kind),
    })
}

fn url_of(media: &Media) -> Result<&str, EncodeError> {
    media.url.as_deref().filter(|url| !url.is_empty()).ok_or(EncodeError::Empty("the URL of the file"))
}

fn file(kind: MediaKind, media: &Media, caption: Option<&str>) -> Result<Value, EncodeError> {
    let url = url_of(media)?;
    let mut part = match kind {
        MediaKind::Image => json!({ "type": "image", "originalUrl": url, "previewUrl": url }),
        MediaKind::Video => json!({ "type": "video", "url": url }),
        MediaKind::Audio => json!({ "type": "audio", "url": url }),
        MediaKind::Sticker => json!({ "type": "sticker", "url": url }),
        MediaKind::Document => {
            let last = url.split(['?', '#']).next().unwrap_or("").rsplit('/').next().unwrap_or("");
            json!({ "type": "file", "url": url, "filename": media.filename.as_deref().unwrap_or(last) })
        }
    };
    if let Some(caption) = caption::seen("Gupshup", kind, caption)? {
        part["caption"] = caption.into();
    }
    Ok(part)
}

fn place(place: &Location) -> Value {
    let mut part = location::written(place);
    part["type"] = "location".into();
    part
}

/// One card in a message.
fn contact(cards: &[Card]) -> Result<Value, EncodeError> {
    let card = match cards {
        [] => return Err(EncodeError::Empty("the list of contact cards")),
        [card] => card,
        _ => return Err(EncodeError::TooLong { what: "contact cards", got: cards.len(), max: 1 }),
    };
    let first = card.name.split_whitespace().next().unwrap_or(&card.name);
    let phones: Vec<Value> = card.phones.iter().map(|phone| json!({ "phone": phone, "type": "CELL" })).collect();
    let name = json!({ "firstName": first, "formattedName": card.name });
    Ok(json!({ "type": "contact", "contact": { "name": name, "phones": phones } }))
}

/// Everything that varies counts as one list, in the order in which it stands in the template: the header, the text, the ends of
/// links. A file or a place above it goes beside it. What a quick reply gives back is a part of the template and cannot vary.
fn template(
    form: &mut Written,
    name: &str,
    params: &TemplateParams,
    header: Option<&TemplateHeader>,
    buttons: &[(u8, TemplateButton)],
    kind: ChannelKind,
) -> Result<(), EncodeError> {
    if name.is_empty() {
        return Err(EncodeError::Empty("the template's id"));
    }
    let TemplateParams::Positional(list) = params else { return unsupported("named variables of a template", kind) };
    let mut all: Vec<&str> = Vec::with_capacity(list.len() + 2);
    if let Some(TemplateHeader::Text(text)) = header {
        all.push(text);
    }
    all.extend(list.iter().map(|param| match param {
        TemplateParam::Text(text) => text.as_str(),
        TemplateParam::Currency { fallback, .. } | TemplateParam::DateTime { fallback } => fallback.as_str(),
    }));
    all.extend(buttons.iter().filter_map(|(_, button)| match button {
        TemplateButton::Url { suffix } => Some(suffix.as_str()),
        TemplateButton::Code { code } => Some(code.as_str()),
        TemplateButton::Reply { .. } => None,
    }));
    form.add("template", &json!({ "id": name, "params": all }).to_string());
    match header {
        None | Some(TemplateHeader::Text(_)) => {}
        Some(TemplateHeader::Media { kind: file, media }) => {
            let word = match file {
                MediaKind::Image => "image",
                MediaKind::Video => "video",
                MediaKind::Document => "document",
                MediaKind::Audio | MediaKind::Sticker => return unsupported("this kind of file above a template", kind),
            };
            let mut inner = json!({ "link": url_of(media)? });
            if let (MediaKind::Document, Some(filename)) = (file, &media.filename) {
                inner["filename"] = filename.as_str().into();
            }
            form.add("message", &json!({ "type": word, word: inner }).to_string());
        }
        Some(TemplateHeader::Location(location)) => {
            let inner = json!({ "longitude": location.lon, "latitude": location.lat });
            form.add("message", &json!({ "type": "location", "location": inner }).to_string());
        }
    }
    Ok(())
}
