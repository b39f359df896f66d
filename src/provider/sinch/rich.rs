//! How messages are written for the Conversation API: one JSON object, the same for every channel of an app.

use super::{authorized, framed, resource};
use crate::config::providers::sinch::SinchSettings;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::{SMS_CHARS, WHATSAPP_TEXT_CHARS};
use crate::domain::message::{
    Card, Choice, Location, Media, MediaKind, Outbound, OutboundContent, Section, TemplateButton, TemplateHeader, TemplateParam,
    TemplateParams,
};
use crate::provider::meta::bounded;
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::{caption, json, meta};
use serde_json::{Map, Value, json};

/// The request that sends the message. Reports go to the app's webhook: a URL of its own would be signed with another secret.
pub fn encode(
    settings: &SinchSettings,
    app_id: &str,
    message: &Outbound,
    context: &SendContext<'_>,
) -> Result<HttpRequest, EncodeError> {
    let (channel, identity) = match (context.kind, &message.to) {
        (ChannelKind::WhatsApp, Address::Phone(phone)) => ("WHATSAPP", phone.digits()),
        (ChannelKind::WhatsApp, Address::Bsuid(user)) => ("WHATSAPP", user.as_str()),
        (ChannelKind::Sms, Address::Phone(phone)) => ("SMS", phone.digits()),
        (ChannelKind::Sms, Address::Verbatim(short)) => ("SMS", short.as_str()),
        _ => return Err(EncodeError::Address),
    };
    let identities = json!([{ "channel": channel, "identity": identity }]);
    let mut body = Map::from_iter([
        ("app_id".to_owned(), app_id.into()),
        ("recipient".to_owned(), json!({ "identified_by": { "channel_identities": identities } })),
        ("message".to_owned(), content(&message.content, context.kind)?),
    ]);
    if context.kind == ChannelKind::Sms && !settings.from.is_empty() {
        body.insert("channel_properties".to_owned(), json!({ "SMS_SENDER": super::digits(&settings.from) }));
    }
    if let Some(send) = context.send {
        // Comes back in every report about this message.
        body.insert("message_metadata".to_owned(), send.to_string().into());
    }
    json::hand_on(&mut body, message.provider.as_ref());
    Ok(HttpRequest::json(resource(settings, "messages:send"), authorized(settings), &Value::Object(body)))
}

fn unsupported<T>(what: &'static str, kind: ChannelKind) -> Result<T, EncodeError> {
    Err(EncodeError::Unsupported { provider: "Sinch", what, kind })
}

fn content(content: &OutboundContent, kind: ChannelKind) -> Result<Value, EncodeError> {
    let max = if kind == ChannelKind::WhatsApp { WHATSAPP_TEXT_CHARS } else { SMS_CHARS };
    Ok(match content {
        OutboundContent::Text { text } => {
            json!({ "text_message": { "text": bounded("characters of text", text, max)? } })
        }
        OutboundContent::Media { kind: word, media, caption } => file(*word, media, caption.as_deref(), kind)?,
        OutboundContent::Email { .. } => return unsupported("a mail", kind),
        OutboundContent::Album { .. } => return unsupported("several files in one message", kind),
        // Over text messages Sinch would write these as texts of its own: we write ours.
        _ if kind != ChannelKind::WhatsApp => return unsupported("more than text and a file", kind),
        OutboundContent::Location { location, text } => place(location, text.as_deref()),
        OutboundContent::Contacts(cards) => contact(cards)?,
        OutboundContent::Template { name, language, params, header, buttons } => {
            template(name, language.as_deref(), params, header.as_ref(), buttons)?
        }
        OutboundContent::Buttons { text, header, footer, buttons } => {
            // The lengths are WhatsApp's own: they are checked as Meta's adapter checks them.
            meta::interactive(content)?;
            let choice = |b: &Choice| json!({ "text_message": { "text": b.title }, "postback_data": b.id });
            let text = framed(header.as_deref(), text, footer.as_deref());
            let choices: Vec<Value> = buttons.iter().map(choice).collect();
            json!({ "choice_message": { "text_message": { "text": text }, "choices": choices } })
        }
        OutboundContent::List { text, header, footer, button, rows } => {
            meta::interactive(content)?;
            let section = json!({ "title": button, "items": rows.iter().map(item).collect::<Vec<_>>() });
            list(header.as_deref(), text, footer.as_deref(), button, vec![section])
        }
        OutboundContent::Sections { text, header, footer, button, sections } => {
            meta::interactive(content)?;
            let section = |s: &Section| {
                let title = s.title.as_deref().unwrap_or(button);
                json!({ "title": title, "items": s.rows.iter().map(item).collect::<Vec<_>>() })
            };
            list(header.as_deref(), text, footer.as_deref(), button, sections.iter().map(section).collect())
        }
        OutboundContent::CallToAction { text, button, url } => {
            meta::interactive(content)?;
            let choice = json!({ "url_message": { "title": button, "url": url } });
            json!({ "choice_message": { "text_message": { "text": text }, "choices": [choice] } })
        }
        OutboundContent::Form(_) => return unsupported("a form", kind),
        OutboundContent::LocationRequest { .. } => return unsupported("a request for a location", kind),
        OutboundContent::Reaction { .. } => return unsupported("a reaction", kind),
        OutboundContent::MarkRead { .. } => return unsupported("a read mark", kind),
    })
}

fn url(media: &Media) -> Result<&str, EncodeError> {
    media.url.as_deref().filter(|u| !u.is_empty()).ok_or(EncodeError::Empty("the URL of a file"))
}

/// A file alone, or a card where words go with it.
fn file(word: MediaKind, media: &Media, caption: Option<&str>, kind: ChannelKind) -> Result<Value, EncodeError> {
    let mut file = json!({ "url": url(media)? });
    if let (MediaKind::Document, Some(filename)) = (word, &media.filename) {
        file["filename_override"] = filename.as_str().into();
    }
    let title = match kind {
        ChannelKind::WhatsApp => caption::seen("Sinch", word, caption)?,
        // A message of several parts has room for words beside any file.
        ChannelKind::Sms | ChannelKind::Email => match caption.filter(|caption| !caption.is_empty()) {
            Some(caption) => Some(bounded("characters of the caption", caption, SMS_CHARS)?),
            None => None,
        },
    };
    Ok(match title {
        Some(title) => json!({ "card_message": { "title": title, "media_message": file } }),
        None => json!({ "media_message": file }),
    })
}

fn place(location: &Location, text: Option<&str>) -> Value {
    let title = location.name.as_deref().or(text).or(location.address.as_deref()).unwrap_or("📍");
    let mut place = json!({ "title": title, "coordinates": { "latitude": location.lat, "longitude": location.lon } });
    if let Some(address) = &location.address {
        place["label"] = address.as_str().into();
    }
    json!({ "location_message": place })
}

fn contact(cards: &[Card]) -> Result<Value, EncodeError> {
    let card = match cards {
        [] => return Err(EncodeError::Empty("the list of contact cards")),
        [card] => card,
        more => return Err(EncodeError::TooLong { what: "contact cards", got: more.len(), max: 1 }),
    };
    let phones: Vec<Value> = card.phones.iter().map(|phone| json!({ "phone_number": phone })).collect();
    Ok(json!({ "contact_info_message": { "name": { "full_name": card.name }, "phone_numbers": phones } }))
}

fn item(row: &Choice) -> Value {
    let mut choice = json!({ "title": row.title, "postback_data": row.id });
    if let Some(description) = row.description.as_deref().filter(|d| !d.is_empty()) {
        choice["description"] = description.into();
    }
    json!({ "choice": choice })
}

fn list(header: Option<&str>, text: &str, footer: Option<&str>, button: &str, sections: Vec<Value>) -> Value {
    let mut list = json!({ "sections": sections, "message_properties": { "menu": button } });
    match header.filter(|h| !h.is_empty()) {
        Some(header) => {
            list["title"] = header.into();
            list["description"] = framed(None, text, footer).into();
        }
        None => list["title"] = framed(None, text, footer).into(),
    }
    json!({ "list_message": list })
}

/// Parameters by what they stand for: `body[1]text`, `header[1]image.link`, `button[0]url[1]text`. Parts and places count from 1,
/// buttons from 0.
fn template(
    name: &str,
    language: Option<&str>,
    params: &TemplateParams,
    header: Option<&TemplateHeader>,
    buttons: &[(u8, TemplateButton)],
) -> Result<Value, EncodeError> {
    const KIND: ChannelKind = ChannelKind::WhatsApp;
    if name.is_empty() {
        return Err(EncodeError::Empty("the template's name"));
    }
    let language = language.filter(|l| !l.is_empty()).ok_or(EncodeError::Empty("the template's language"))?;
    let TemplateParams::Positional(params) = params else { return unsupported("parameters by name", KIND) };
    let mut written: Map<String, Value> = Map::new();
    let mut add = |key: String, value: &str| drop(written.insert(key, value.into()));
    match header {
        None => {}
        Some(TemplateHeader::Text(text)) => add("header[1]text".to_owned(), text),
        Some(TemplateHeader::Location(place)) => {
            add("header[1]location.latitude".to_owned(), &place.lat.to_string());
            add("header[1]location.longitude".to_owned(), &place.lon.to_string());
            for (key, value) in [("name", &place.name), ("address", &place.address)] {
                if let Some(value) = value {
                    add(format!("header[1]location.{key}"), value);
                }
            }
        }
        Some(TemplateHeader::Media { kind, media }) => {
            let word = match kind {
                MediaKind::Image => "image",
                MediaKind::Video => "video",
                MediaKind::Document => "document",
                MediaKind::Audio | MediaKind::Sticker => return unsupported("that kind of file above a template", KIND),
            };
            add(format!("header[1]{word}.link"), url(media)?);
            if let (MediaKind::Document, Some(filename)) = (kind, &media.filename) {
                add("header[1]document.filename".to_owned(), filename);
            }
        }
    }
    for (index, param) in params.iter().enumerate() {
        let text = match param {
            TemplateParam::Text(text) => text,
            TemplateParam::Currency { fallback, .. } | TemplateParam::DateTime { fallback } => fallback,
        };
        add(format!("body[{}]text", index + 1), text);
    }
    for (index, button) in buttons {
        match button {
            TemplateButton::Reply { payload } => add(format!("button[{index}]quick_reply[1]payload"), payload),
            TemplateButton::Url { suffix } => add(format!("button[{index}]url[1]text"), suffix),
            TemplateButton::Code { code } => add(format!("button[{index}]copy_code[1]coupon_code"), code),
        }
    }
    let reference = json!({ "template_id": name, "language_code": language, "parameters": written });
    Ok(json!({ "template_message": { "channel_template": { "WHATSAPP": reference } } }))
}
