//! How messages are written for Plivo: one JSON object. WhatsApp's interactive messages have Meta's shape there.

use super::{authorization, resource};
use crate::config::providers::plivo::PlivoSettings;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::{SMS_CHARS, WHATSAPP_TEXT_CHARS};
use crate::domain::message::{
    Location, Media, Outbound, OutboundContent, TemplateButton, TemplateHeader, TemplateParam, TemplateParams,
};
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::{callback, caption, json, meta};
use serde_json::{Map, Value, json};

/// Files that one text message can carry.
const MEDIA_MAX: usize = 10;

/// The request that sends the message.
pub fn encode(settings: &PlivoSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let mut body = Map::new();
    match &settings.powerpack_uuid {
        Some(uuid) => body.insert("powerpack_uuid".to_owned(), uuid.as_str().into()),
        None => body.insert("src".to_owned(), digits(&settings.from).into()),
    };
    body.insert("dst".to_owned(), receiver(&message.to, context.kind)?.into());
    match context.kind {
        ChannelKind::WhatsApp => whatsapp(&mut body, &message.content)?,
        ChannelKind::Sms | ChannelKind::Email => texting(&mut body, &message.content, context.kind)?,
    }
    if let Some(url) = callback::url(context) {
        body.insert("url".to_owned(), url.into());
        body.insert("method".to_owned(), "POST".into());
    }
    json::hand_on(&mut body, message.provider.as_ref());
    let headers = vec![("Authorization", authorization(settings))];
    Ok(HttpRequest::json(resource(settings, "Message/"), headers, &Value::Object(body)))
}

fn digits(wire: &str) -> &str {
    wire.strip_prefix('+').unwrap_or(wire)
}

fn receiver(to: &Address, kind: ChannelKind) -> Result<&str, EncodeError> {
    match (kind, to) {
        (_, Address::Phone(phone)) => Ok(phone.digits()),
        (ChannelKind::Sms, Address::Verbatim(short)) => Ok(short),
        _ => Err(EncodeError::Address),
    }
}

fn unsupported<T>(what: &'static str, kind: ChannelKind) -> Result<T, EncodeError> {
    Err(EncodeError::Unsupported { provider: "Plivo", what, kind })
}

fn text(body: &mut Map<String, Value>, text: &str, max: usize) -> Result<(), EncodeError> {
    body.insert("text".to_owned(), meta::bounded("characters of text", text, max)?.into());
    Ok(())
}

fn urls(media: &[Media]) -> Result<Value, EncodeError> {
    match media.len() {
        0 => return Err(EncodeError::Empty("the list of files")),
        1..=MEDIA_MAX => {}
        got => return Err(EncodeError::TooLong { what: "files", got, max: MEDIA_MAX }),
    }
    media.iter().map(url).collect()
}

fn url(media: &Media) -> Result<&str, EncodeError> {
    media.url.as_deref().filter(|u| !u.is_empty()).ok_or(EncodeError::Empty("the URL of a file"))
}

fn texting(body: &mut Map<String, Value>, content: &OutboundContent, kind: ChannelKind) -> Result<(), EncodeError> {
    let (media, caption) = match content {
        OutboundContent::Text { text } => return self::text(body, text, SMS_CHARS),
        OutboundContent::Media { media, caption, .. } => (std::slice::from_ref(media), caption),
        OutboundContent::Album { media, text } => (media.as_slice(), text),
        OutboundContent::Template { .. } => return unsupported("an approved template", kind),
        OutboundContent::Email { .. } => return unsupported("a mail", kind),
        _ => return unsupported("more than text and files", kind),
    };
    body.insert("type".to_owned(), "mms".into());
    body.insert("media_urls".to_owned(), urls(media)?);
    match caption.as_deref().filter(|c| !c.is_empty()) {
        Some(caption) => self::text(body, caption, SMS_CHARS),
        None => Ok(()),
    }
}

fn whatsapp(body: &mut Map<String, Value>, content: &OutboundContent) -> Result<(), EncodeError> {
    const KIND: ChannelKind = ChannelKind::WhatsApp;
    body.insert("type".to_owned(), "whatsapp".into());
    match content {
        OutboundContent::Text { text } => self::text(body, text, WHATSAPP_TEXT_CHARS)?,
        OutboundContent::Media { kind, media, caption } => {
            body.insert("media_urls".to_owned(), json!([url(media)?]));
            if let Some(caption) = caption::seen("Plivo", *kind, caption.as_deref())? {
                body.insert("text".to_owned(), caption.into());
            }
        }
        OutboundContent::Location { location, .. } => drop(body.insert("location".to_owned(), place(location))),
        OutboundContent::Template { name, language, params, header, buttons } => {
            let template = template(name, language.as_deref(), params, header.as_ref(), buttons)?;
            body.insert("template".to_owned(), template);
        }
        OutboundContent::Buttons { .. }
        | OutboundContent::List { .. }
        | OutboundContent::Sections { .. }
        | OutboundContent::CallToAction { .. } => {
            body.insert("interactive".to_owned(), meta::interactive(content)?);
        }
        OutboundContent::Album { .. } => return unsupported("several files in one message", KIND),
        OutboundContent::Form(_) => return unsupported("a form", KIND),
        OutboundContent::LocationRequest { .. } => return unsupported("a request for a location", KIND),
        OutboundContent::Contacts(_) => return unsupported("contact cards", KIND),
        OutboundContent::Reaction { .. } => return unsupported("a reaction", KIND),
        OutboundContent::Email { .. } => return unsupported("a mail", KIND),
        OutboundContent::MarkRead { .. } => return unsupported("a read mark", KIND),
    }
    Ok(())
}

/// Plivo's library takes all four, as texts.
fn place(location: &Location) -> Value {
    json!({
        "latitude": location.lat.to_string(),
        "longitude": location.lon.to_string(),
        "name": location.name.as_deref().unwrap_or_default(),
        "address": location.address.as_deref().unwrap_or_default(),
    })
}

fn template(
    name: &str,
    language: Option<&str>,
    params: &TemplateParams,
    header: Option<&TemplateHeader>,
    buttons: &[(u8, TemplateButton)],
) -> Result<Value, EncodeError> {
    let language = language.filter(|l| !l.is_empty()).ok_or(EncodeError::Empty("the template's language"))?;
    if name.is_empty() {
        return Err(EncodeError::Empty("the template's name"));
    }
    let mut components = Vec::new();
    if let Some(header) = header {
        let parameter = match header {
            TemplateHeader::Text(text) => json!({ "type": "text", "text": text }),
            TemplateHeader::Media { media, .. } => json!({ "type": "media", "media": url(media)? }),
            TemplateHeader::Location(location) => json!({ "type": "location", "location": place(location) }),
        };
        components.push(json!({ "type": "header", "parameters": [parameter] }));
    }
    let params: Vec<Value> = match params {
        TemplateParams::Positional(list) => list.iter().map(|param| parameter(None, param)).collect(),
        TemplateParams::Named(list) => list.iter().map(|(name, param)| parameter(Some(name), param)).collect(),
    };
    if !params.is_empty() {
        components.push(json!({ "type": "body", "parameters": params }));
    }
    for (index, button) in buttons {
        let (kind, parameter) = match button {
            TemplateButton::Reply { payload } => ("quick_reply", json!({ "type": "payload", "payload": payload })),
            TemplateButton::Url { suffix } => ("url", json!({ "type": "text", "text": suffix })),
            TemplateButton::Code { .. } => return unsupported("a button that copies a code", ChannelKind::WhatsApp),
        };
        components.push(json!({ "type": "button", "sub_type": kind, "index": index.to_string(), "parameters": [parameter] }));
    }
    let mut template = json!({ "name": name, "language": language });
    if !components.is_empty() {
        template["components"] = components.into();
    }
    Ok(template)
}

fn parameter(name: Option<&str>, param: &TemplateParam) -> Value {
    let mut out = match param {
        TemplateParam::Text(text) => json!({ "type": "text", "text": text }),
        TemplateParam::Currency { fallback, code, amount_1000 } => json!({
            "type": "currency",
            "currency": { "fallback_value": fallback, "currency_code": code, "amount_1000": amount_1000 },
        }),
        TemplateParam::DateTime { fallback } => json!({ "type": "date_time", "date_time": { "fallback_value": fallback } }),
    };
    if let Some(name) = name {
        out["parameter_name"] = name.into();
    }
    out
}
