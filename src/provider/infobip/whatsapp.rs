//! WhatsApp through Infobip: each kind of message has a place of its own in the API, checked against WhatsApp's own lengths first.

use super::encode::{receiver, unsupported};
use super::{authorized, digits, resource};
use crate::config::providers::infobip::InfobipSettings;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::WHATSAPP_TEXT_CHARS;
use crate::domain::message::{
    Card, Choice, FormRequest, Media, MediaKind, Outbound, OutboundContent, TemplateButton, TemplateHeader, TemplateParam,
    TemplateParams,
};
use crate::provider::meta::bounded;
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::{callback, caption, json, location, meta};
use serde_json::{Map, Value, json};

const KIND: ChannelKind = ChannelKind::WhatsApp;

/// The request that sends the message.
pub fn encode(settings: &InfobipSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    if let OutboundContent::MarkRead { message, .. } = &message.content {
        return read_mark(settings, message);
    }
    let (path, content) = part(&message.content)?;
    let mut one = Map::from_iter([
        ("from".to_owned(), digits(&settings.from).into()),
        ("to".to_owned(), receiver(&message.to, context.kind)?.into()),
    ]);
    if let Some(send) = context.send {
        one.insert("messageId".to_owned(), callback::uuid(send).into());
        one.insert("callbackData".to_owned(), send.to_string().into());
    }
    one.insert("content".to_owned(), content);
    if path == "template" {
        let OutboundContent::Template { language, .. } = &message.content else { return unsupported("this", KIND) };
        let language = language.as_deref().filter(|l| !l.is_empty()).ok_or(EncodeError::Empty("the template's language"))?;
        if let Some(content) = one.get_mut("content") {
            content["language"] = language.into();
        }
    }
    if let Some(url) = context.status_callback {
        one.insert("notifyUrl".to_owned(), url.into());
    }
    json::hand_on(&mut one, message.provider.as_ref());
    let url = resource(settings, &format!("/whatsapp/1/message/{path}"));
    // Templates are the only ones that go in lists.
    let body = if path == "template" { json!({ "messages": [one] }) } else { Value::Object(one) };
    Ok(HttpRequest::json(url, authorized(settings), &body))
}

fn read_mark(settings: &InfobipSettings, message: &str) -> Result<HttpRequest, EncodeError> {
    // It stands in the URL: an id has nothing else in it.
    if message.is_empty() || !message.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.=".contains(&b)) {
        return Err(EncodeError::Empty("the id of the message"));
    }
    let path = format!("/whatsapp/1/senders/{}/message/{message}/read", digits(&settings.from));
    Ok(HttpRequest::json(resource(settings, &path), authorized(settings), &json!({})))
}

/// The last part of the path, and the content.
fn part(content: &OutboundContent) -> Result<(&'static str, Value), EncodeError> {
    Ok(match content {
        OutboundContent::Text { text } => ("text", json!({ "text": bounded("characters of text", text, WHATSAPP_TEXT_CHARS)? })),
        OutboundContent::Media { kind, media, caption } => file(*kind, media, caption.as_deref())?,
        OutboundContent::Location { location, .. } => ("location", location::written(location)),
        OutboundContent::Contacts(cards) if cards.is_empty() => return Err(EncodeError::Empty("the list of contact cards")),
        OutboundContent::Contacts(cards) => ("contact", json!({ "contacts": cards.iter().map(card).collect::<Vec<_>>() })),
        OutboundContent::Buttons { .. } => ("interactive/buttons", interactive(content)?),
        OutboundContent::List { .. } | OutboundContent::Sections { .. } => ("interactive/list", interactive(content)?),
        OutboundContent::CallToAction { text, button, url } => {
            let action = json!({ "displayText": button, "url": url });
            meta::interactive(content)?;
            ("interactive/url-button", json!({ "body": { "text": text }, "action": action }))
        }
        OutboundContent::LocationRequest { text } => {
            meta::interactive(content)?;
            ("interactive/location-request", json!({ "body": { "text": text } }))
        }
        OutboundContent::Form(request) => {
            meta::interactive(content)?;
            ("interactive/flow", form(request))
        }
        OutboundContent::Template { name, params, header, buttons, .. } => {
            ("template", template(name, params, header.as_ref(), buttons)?)
        }
        OutboundContent::Album { .. } => return unsupported("several files in one message", KIND),
        OutboundContent::Reaction { .. } => return unsupported("a reaction", KIND),
        OutboundContent::Email { .. } => return unsupported("a mail", KIND),
        OutboundContent::MarkRead { .. } => return unsupported("a read mark as a message", KIND),
    })
}

fn url(media: &Media) -> Result<&str, EncodeError> {
    media.url.as_deref().filter(|u| !u.is_empty()).ok_or(EncodeError::Empty("the URL of a file"))
}

fn file(kind: MediaKind, media: &Media, caption: Option<&str>) -> Result<(&'static str, Value), EncodeError> {
    let mut content = json!({ "mediaUrl": url(media)? });
    let path = match kind {
        MediaKind::Image => "image",
        MediaKind::Video => "video",
        MediaKind::Audio => "audio",
        MediaKind::Document => "document",
        MediaKind::Sticker => "sticker",
    };
    if let Some(caption) = caption::seen("Infobip", kind, caption)? {
        content["caption"] = caption.into();
    }
    if let (MediaKind::Document, Some(filename)) = (kind, &media.filename) {
        content["filename"] = filename.as_str().into();
    }
    Ok((path, content))
}

fn card(card: &Card) -> Value {
    let first = card.name.split_whitespace().next().unwrap_or(&card.name);
    let phone = |number: &String| {
        let mut phone = json!({ "phone": number, "type": "CELL" });
        if let Address::Phone(e164) = Address::from_wire(number) {
            phone["waId"] = e164.digits().into();
        }
        phone
    };
    let phones: Vec<Value> = card.phones.iter().map(phone).collect();
    json!({ "name": { "firstName": first, "formattedName": card.name }, "phones": phones })
}

/// Buttons and lists. Their lengths are WhatsApp's own: they are checked as Meta's adapter checks them.
fn interactive(content: &OutboundContent) -> Result<Value, EncodeError> {
    meta::interactive(content)?;
    let row = |row: &Choice| {
        let mut out = json!({ "id": row.id, "title": row.title });
        if let Some(description) = row.description.as_deref().filter(|d| !d.is_empty()) {
            out["description"] = description.into();
        }
        out
    };
    let rows = |rows: &[Choice]| rows.iter().map(row).collect::<Vec<_>>();
    let (text, header, footer, action) = match content {
        OutboundContent::Buttons { text, header, footer, buttons } => {
            let button = |b: &Choice| json!({ "type": "REPLY", "id": b.id, "title": b.title });
            (text, header, footer, json!({ "buttons": buttons.iter().map(button).collect::<Vec<_>>() }))
        }
        OutboundContent::List { text, header, footer, button, rows: all } => {
            (text, header, footer, json!({ "title": button, "sections": [{ "rows": rows(all) }] }))
        }
        OutboundContent::Sections { text, header, footer, button, sections } => {
            let section = |section: &crate::domain::message::Section| {
                let mut out = json!({ "rows": rows(&section.rows) });
                if let Some(title) = &section.title {
                    out["title"] = title.as_str().into();
                }
                out
            };
            let sections: Vec<Value> = sections.iter().map(section).collect();
            (text, header, footer, json!({ "title": button, "sections": sections }))
        }
        _ => return unsupported("this as an interactive message", KIND),
    };
    let mut out = json!({ "body": { "text": text }, "action": action });
    if let Some(header) = header.as_deref().filter(|h| !h.is_empty()) {
        out["header"] = json!({ "type": "TEXT", "text": header });
    }
    if let Some(footer) = footer.as_deref().filter(|f| !f.is_empty()) {
        out["footer"] = json!({ "text": footer });
    }
    Ok(out)
}

fn form(form: &FormRequest) -> Value {
    let mut action = json!({
        "mode": "PUBLISHED",
        "flowMessageVersion": 3,
        "flowToken": form.token,
        "flowId": form.form,
        "callToActionButton": form.button,
        "flowAction": if form.screen.is_some() { "NAVIGATE" } else { "DATA_EXCHANGE" },
    });
    if let Some(screen) = &form.screen {
        let data: Map<String, Value> = form.data.iter().map(|(k, v)| (k.clone(), v.to_json())).collect();
        action["flowActionPayload"] = json!({ "screen": screen, "data": data });
    }
    let mut out = json!({ "body": { "text": form.text }, "action": action });
    if let Some(header) = form.header.as_deref().filter(|h| !h.is_empty()) {
        out["header"] = json!({ "type": "TEXT", "text": header });
    }
    if let Some(footer) = form.footer.as_deref().filter(|f| !f.is_empty()) {
        out["footer"] = json!({ "text": footer });
    }
    out
}

/// Parameters are texts in their order; what varies in buttons stands in the order of the buttons.
fn template(
    name: &str,
    params: &TemplateParams,
    header: Option<&TemplateHeader>,
    buttons: &[(u8, TemplateButton)],
) -> Result<Value, EncodeError> {
    if name.is_empty() {
        return Err(EncodeError::Empty("the template's name"));
    }
    let TemplateParams::Positional(params) = params else { return unsupported("parameters by name", KIND) };
    let shown = |param: &TemplateParam| match param {
        TemplateParam::Text(text) => text.clone(),
        TemplateParam::Currency { fallback, .. } | TemplateParam::DateTime { fallback } => fallback.clone(),
    };
    let mut data = json!({ "body": { "placeholders": params.iter().map(shown).collect::<Vec<_>>() } });
    data["header"] = match header {
        None => Value::Null,
        Some(TemplateHeader::Text(text)) => json!({ "type": "TEXT", "placeholder": text }),
        Some(TemplateHeader::Location(location)) => {
            json!({ "type": "LOCATION", "latitude": location.lat, "longitude": location.lon })
        }
        Some(TemplateHeader::Media { kind, media }) => {
            let word = match kind {
                MediaKind::Image => "IMAGE",
                MediaKind::Video => "VIDEO",
                MediaKind::Document => "DOCUMENT",
                MediaKind::Audio | MediaKind::Sticker => return unsupported("that kind of file above a template", KIND),
            };
            let mut part = json!({ "type": word, "mediaUrl": url(media)? });
            if let (MediaKind::Document, Some(filename)) = (kind, &media.filename) {
                part["filename"] = filename.as_str().into();
            }
            part
        }
    };
    let mut buttons: Vec<&(u8, TemplateButton)> = buttons.iter().collect();
    buttons.sort_by_key(|(index, _)| *index);
    let button = |(_, button): &&(u8, TemplateButton)| match button {
        TemplateButton::Reply { payload } => json!({ "type": "QUICK_REPLY", "parameter": payload }),
        TemplateButton::Url { suffix } => json!({ "type": "URL", "parameter": suffix }),
        TemplateButton::Code { code } => json!({ "type": "COPY_CODE", "parameter": code }),
    };
    data["buttons"] = buttons.iter().map(button).collect();
    if let Value::Object(data) = &mut data {
        data.retain(|_, part| !part.is_null() && part.as_array().is_none_or(|all| !all.is_empty()));
    }
    Ok(json!({ "templateName": name, "templateData": data }))
}
