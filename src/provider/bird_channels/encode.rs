//! How messages are written for the Channels API.

use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::{
    SMS_CHARS, WHATSAPP_BUTTON_CHARS, WHATSAPP_BUTTONS, WHATSAPP_INTERACTIVE_CHARS, WHATSAPP_TEXT_CHARS,
};
use crate::domain::message::{Choice, Media, MediaKind, Outbound, OutboundContent, TemplateParam, TemplateParams};
use crate::provider::meta::bounded;
use crate::provider::send::{EncodeError, SendContext};
use crate::provider::{caption, json};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Characters of what a button gives back.
const PAYLOAD_CHARS: usize = 256;

/// The body of the request that sends the message.
pub fn body(message: &Outbound, context: &SendContext<'_>) -> Result<Value, EncodeError> {
    let to = match (&message.to, context.kind) {
        (Address::Phone(phone), _) => phone.as_str(),
        (Address::Verbatim(short), ChannelKind::Sms) => short,
        _ => return Err(EncodeError::Address),
    };
    let mut body = Map::new();
    let contact = json!({ "identifierKey": "phonenumber", "identifierValue": to });
    body.insert("receiver".to_owned(), json!({ "contacts": [contact] }));
    let (name, part) = part(&message.content, context.kind)?;
    body.insert(name.to_owned(), part);
    if let Some(quoted) = message.in_reply_to.as_ref().filter(|_| context.kind == ChannelKind::WhatsApp) {
        body.insert("replyTo".to_owned(), json!({ "id": quoted, "type": "message" }));
    }
    if let Some(send) = context.send {
        // Comes back in the events about this message.
        body.insert("reference".to_owned(), send.to_string().into());
    }
    json::hand_on(&mut body, message.provider.as_ref());
    Ok(Value::Object(body))
}

fn unsupported<T>(what: &'static str, kind: ChannelKind) -> Result<T, EncodeError> {
    Err(EncodeError::Unsupported { provider: "Bird's Channels API", what, kind })
}

/// `body` with what stands there, or `template`.
fn part(content: &OutboundContent, kind: ChannelKind) -> Result<(&'static str, Value), EncodeError> {
    let is_whatsapp = kind == ChannelKind::WhatsApp;
    Ok(match content {
        OutboundContent::Text { text } => {
            let max = if is_whatsapp { WHATSAPP_TEXT_CHARS } else { SMS_CHARS };
            ("body", json!({ "type": "text", "text": { "text": bounded("characters of text", text, max)? } }))
        }
        OutboundContent::Media { kind: shown, media, caption } if is_whatsapp => {
            ("body", file(*shown, media, caption.as_deref())?)
        }
        OutboundContent::Buttons { text, buttons, .. } if is_whatsapp => {
            let text = bounded("characters of text", text, WHATSAPP_INTERACTIVE_CHARS)?;
            ("body", json!({ "type": "text", "text": { "text": text, "actions": actions(buttons)? } }))
        }
        OutboundContent::Template { name, language, params, header: None, buttons } if is_whatsapp && buttons.is_empty() => {
            ("template", template(name, language.as_deref(), params, kind)?)
        }
        OutboundContent::Template { .. } => return unsupported("a template with a header or buttons that vary", kind),
        _ if is_whatsapp => return unsupported("anything but texts, files, buttons and templates", kind),
        _ => return unsupported("anything but texts", kind),
    })
}

fn file(kind: MediaKind, media: &Media, caption: Option<&str>) -> Result<Value, EncodeError> {
    let url = media.url.as_deref().filter(|url| !url.is_empty()).ok_or(EncodeError::Empty("the URL of a file"))?;
    let (word, list) = match kind {
        MediaKind::Image => ("image", "images"),
        MediaKind::Video | MediaKind::Audio | MediaKind::Document | MediaKind::Sticker => ("file", "files"),
    };
    let mut file = json!({ "mediaUrl": url });
    if word == "file" {
        let guess = match kind {
            MediaKind::Video => "video/mp4",
            MediaKind::Audio => "audio/mpeg",
            MediaKind::Sticker => "image/webp",
            MediaKind::Document | MediaKind::Image => "application/octet-stream",
        };
        file["contentType"] = media.content_type.as_deref().unwrap_or(guess).into();
        if let Some(name) = &media.filename {
            file["filename"] = name.as_str().into();
        }
    }
    let mut part = json!({ list: [file] });
    if let Some(caption) = caption::seen("Bird's Channels API", kind, caption)? {
        part["text"] = caption.into();
    }
    Ok(json!({ "type": word, word: part }))
}

fn actions(buttons: &[Choice]) -> Result<Vec<Value>, EncodeError> {
    match buttons.len() {
        0 => return Err(EncodeError::Empty("buttons")),
        got if got > WHATSAPP_BUTTONS => return Err(EncodeError::TooLong { what: "buttons", got, max: WHATSAPP_BUTTONS }),
        _ => {}
    }
    let mut seen = HashSet::new();
    let mut out = Vec::with_capacity(buttons.len());
    for button in buttons {
        let payload = bounded("the button's id", &button.id, PAYLOAD_CHARS)?;
        let text = bounded("the button's label", &button.title, WHATSAPP_BUTTON_CHARS)?;
        if !seen.insert(payload) {
            return Err(EncodeError::DoubleChoice);
        }
        out.push(json!({ "type": "postback", "postback": { "text": text, "payload": payload } }));
    }
    Ok(out)
}

/// A template by `PROJECT:VERSION`; its parameters have names.
fn template(name: &str, language: Option<&str>, params: &TemplateParams, kind: ChannelKind) -> Result<Value, EncodeError> {
    let name = bounded("the template's name", name, 512)?;
    let (project, version) = name.split_once(':').unwrap_or((name, "latest"));
    let language = language.filter(|l| !l.is_empty()).ok_or(EncodeError::Empty("the template's language"))?;
    let parameters: Vec<Value> = match params {
        TemplateParams::Named(list) => {
            list.iter().map(|(key, p)| json!({ "type": "string", "key": key, "value": shown(p) })).collect()
        }
        TemplateParams::Positional(list) if list.is_empty() => Vec::new(),
        TemplateParams::Positional(_) => return unsupported("a template whose parameters have no names", kind),
    };
    Ok(json!({ "projectId": project, "version": version, "locale": language, "parameters": parameters }))
}

fn shown(param: &TemplateParam) -> &str {
    match param {
        TemplateParam::Text(text) => text,
        TemplateParam::Currency { fallback, .. } | TemplateParam::DateTime { fallback } => fallback,
    }
}
