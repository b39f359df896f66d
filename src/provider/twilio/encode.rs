//! How messages are written for Twilio: one form for everything that `Messages.json` takes.

use super::prefix;
use crate::config::channel::TwilioSettings;
use crate::config::project::Captions;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::SMS_CHARS;
use crate::domain::message::{
    Location, Outbound, OutboundContent, TemplateButton, TemplateHeader, TemplateParam, TemplateParams,
};
use crate::provider::proof::basic;
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::written::Written;
use crate::provider::{callback, caption, plain};
use serde_json::json;

/// Files that one message can carry.
const MEDIA_MAX: usize = 10;

/// The typing indicator has a host of its own.
const MESSAGING_URL: &str = "https://messaging.twilio.com";

/// The request that sends the message.
pub fn encode(settings: &TwilioSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    if let OutboundContent::MarkRead { message, typing: true } = &message.content {
        return typing(settings, message, context.kind);
    }
    let mut form = Written::default();
    form.add("To", &receiver(&message.to, context.kind)?);
    match settings.from.starts_with("MG") {
        true => form.add("MessagingServiceSid", &settings.from),
        false => form.add("From", &format!("{}{}", prefix(context.kind), settings.from)),
    }
    content(&mut form, &message.content, context.kind)?;
    if let Some(url) = callback::url(context) {
        form.add("StatusCallback", &url);
    }
    form.hand_on(message.provider.as_ref());
    let url = format!("{}/2010-04-01/Accounts/{}/Messages.json", settings.base_url.trim_end_matches('/'), settings.account_sid);
    Ok(HttpRequest::form(url, vec![("Authorization", authorization(settings))], form.finish()))
}

/// The text of a message, within Twilio's bounds.
fn body(form: &mut Written, text: &str) -> Result<(), EncodeError> {
    form.add("Body", plain::bounded(text, SMS_CHARS)?);
    Ok(())
}

fn content(form: &mut Written, content: &OutboundContent, kind: ChannelKind) -> Result<(), EncodeError> {
    match content {
        OutboundContent::Text { text } => body(form, text),
        OutboundContent::Media { kind: word, media, caption } => {
            if kind == ChannelKind::WhatsApp {
                caption::caption("Twilio", Captions::Pictures, *word, caption.as_deref())?;
            }
            files(form, std::slice::from_ref(media), caption.as_deref())
        }
        OutboundContent::Album { media, text } => files(form, media, text.as_deref()),
        OutboundContent::Location { location, text } if kind == ChannelKind::WhatsApp => place(form, location, text.as_deref()),
        OutboundContent::Template { name, params, header, buttons, .. } => {
            if name.is_empty() {
                return Err(EncodeError::Empty("the template's ContentSid"));
            }
            form.add("ContentSid", name);
            if let Some(variables) = variables(params, header.as_ref(), buttons, kind)? {
                form.add("ContentVariables", &variables);
            }
            Ok(())
        }
        // Interactive messages are approved content at Twilio: the presenter writes a numbered menu instead (see `ProviderSettings::shows`).
        OutboundContent::Buttons { .. } => unsupported("buttons", kind),
        OutboundContent::Form(_) => unsupported("a form", kind),
        OutboundContent::List { .. } | OutboundContent::Sections { .. } => unsupported("a list", kind),
        OutboundContent::CallToAction { .. } => unsupported("a button with a link", kind),
        OutboundContent::LocationRequest { .. } => unsupported("a request for a location", kind),
        OutboundContent::Location { .. } => unsupported("a location", kind),
        OutboundContent::Contacts(_) => unsupported("contact cards", kind),
        OutboundContent::Reaction { .. } => unsupported("a reaction", kind),
        OutboundContent::Email { .. } => unsupported("a mail", kind),
        OutboundContent::MarkRead { .. } => unsupported("a read mark without typing", kind),
    }
}

fn unsupported<T>(what: &'static str, kind: ChannelKind) -> Result<T, EncodeError> {
    Err(EncodeError::Unsupported { provider: "Twilio", what, kind })
}

fn files(form: &mut Written, media: &[crate::domain::message::Media], text: Option<&str>) -> Result<(), EncodeError> {
    if media.is_empty() {
        return Err(EncodeError::Empty("the list of files"));
    }
    if media.len() > MEDIA_MAX {
        return Err(EncodeError::TooLong { what: "files", got: media.len(), max: MEDIA_MAX });
    }
    if let Some(text) = text.filter(|t| !t.is_empty()) {
        body(form, text)?;
    }
    for file in media {
        let url = file.url.as_deref().filter(|u| !u.is_empty()).ok_or(EncodeError::Empty("the URL of a file"))?;
        form.add("MediaUrl", url);
    }
    Ok(())
}

fn place(form: &mut Written, location: &Location, text: Option<&str>) -> Result<(), EncodeError> {
    let label = location.name.as_deref().or(location.address.as_deref());
    // Twilio wants a body beside a place.
    body(form, text.or(label).unwrap_or("📍"))?;
    let label = label.map(|l| format!("|{l}")).unwrap_or_default();
    form.add("PersistentAction", &format!("geo:{},{}{label}", location.lat, location.lon));
    Ok(())
}

/// One JSON object of texts; positions count from 1. At Twilio a header and the end of a link are variables like any other: they follow
/// the parameters, in this order. What a quick reply gives back is a part of the template there and cannot vary.
fn variables(
    params: &TemplateParams,
    header: Option<&TemplateHeader>,
    buttons: &[(u8, TemplateButton)],
    kind: ChannelKind,
) -> Result<Option<String>, EncodeError> {
    fn shown(param: &TemplateParam) -> &str {
        match param {
            TemplateParam::Text(text) => text,
            TemplateParam::Currency { fallback, .. } | TemplateParam::DateTime { fallback } => fallback,
        }
    }
    let header = match header {
        None => None,
        Some(TemplateHeader::Text(text)) => Some(text.as_str()),
        Some(TemplateHeader::Media { media, .. }) => {
            Some(media.url.as_deref().filter(|url| !url.is_empty()).ok_or(EncodeError::Empty("the URL of the header's file"))?)
        }
        Some(TemplateHeader::Location(_)) => return unsupported("a location above a template", kind),
    };
    let links = buttons.iter().filter_map(|(_, button)| match button {
        TemplateButton::Url { suffix } => Some(suffix.as_str()),
        TemplateButton::Code { code } => Some(code.as_str()),
        TemplateButton::Reply { .. } => None,
    });
    let further = header.into_iter().chain(links);
    let map: serde_json::Map<String, serde_json::Value> = match params {
        TemplateParams::Positional(list) => {
            let all = list.iter().map(shown).chain(further);
            all.enumerate().map(|(i, text)| ((i + 1).to_string(), text.into())).collect()
        }
        TemplateParams::Named(_) if further.count() > 0 => {
            return unsupported("a header or buttons beside named variables", kind);
        }
        TemplateParams::Named(list) => list.iter().map(|(name, p)| (name.clone(), shown(p).into())).collect(),
    };
    Ok((!map.is_empty()).then(|| serde_json::Value::Object(map).to_string()))
}

fn receiver(to: &Address, kind: ChannelKind) -> Result<String, EncodeError> {
    match (kind, to) {
        (_, Address::Phone(phone)) => Ok(format!("{}{}", prefix(kind), phone.as_str())),
        (ChannelKind::WhatsApp, Address::Bsuid(user)) => Ok(format!("{}{user}", prefix(kind))),
        (ChannelKind::Sms, Address::Verbatim(short)) => Ok(short.clone()),
        _ => Err(EncodeError::Address),
    }
}

fn typing(settings: &TwilioSettings, message: &str, kind: ChannelKind) -> Result<HttpRequest, EncodeError> {
    if kind != ChannelKind::WhatsApp {
        return unsupported("a typing indicator", kind);
    }
    // A stand-in for tests takes both hosts' requests.
    let base =
        if settings.base_url == TwilioSettings::BASE_URL { MESSAGING_URL } else { settings.base_url.trim_end_matches('/') };
    let body = json!({ "channel": "WHATSAPP", "messageId": message });
    Ok(HttpRequest::json(format!("{base}/v3/Indicators/Typing.json"), vec![("Authorization", authorization(settings))], &body))
}

/// What proves that a request is the account's.
pub fn authorization(settings: &TwilioSettings) -> String {
    let (user, password) = match &settings.api_key {
        Some(key) => (&key.sid, &key.secret),
        None => (&settings.account_sid, &settings.auth_token),
    };
    basic(user, password.expose())
}
