//! How messages are written for Vonage. What WhatsApp alone has goes as `custom`, in WhatsApp's own shape.

use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::{SMS_CHARS, WHATSAPP_TEXT_CHARS};
use crate::domain::message::{Media, MediaKind, Outbound, OutboundContent, TemplateParam, TemplateParams};
use crate::provider::send::{EncodeError, SendContext};
use crate::provider::{caption, json, meta};
use serde_json::{Map, Value, json};

/// Characters of a text message with the link of a file below it (Vonage's library).
const SMS_MOST: usize = 3_200;

/// The body of the request that sends the message.
pub fn body(number: &str, message: &Outbound, context: &SendContext<'_>) -> Result<Value, EncodeError> {
    let (channel, parts) = parts(message, context.kind)?;
    let mut body = Map::new();
    body.insert("channel".to_owned(), channel.into());
    for (name, value) in parts {
        body.insert(name.to_owned(), value);
    }
    body.insert("to".to_owned(), receiver(&message.to, context.kind)?.into());
    body.insert("from".to_owned(), number.trim_start_matches('+').into());
    if let Some(send) = context.send {
        // Comes back in every report about this message.
        body.insert("client_ref".to_owned(), send.to_string().into());
    }
    if let Some(url) = context.status_callback {
        body.insert("webhook_url".to_owned(), url.into());
        body.insert("webhook_version".to_owned(), "v1".into());
    }
    // A reaction names its message in the same way.
    let quoted = match &message.content {
        OutboundContent::Reaction { message, .. } => Some(message),
        _ => message.in_reply_to.as_ref().filter(|_| context.kind == ChannelKind::WhatsApp),
    };
    if let Some(quoted) = quoted {
        body.insert("context".to_owned(), json!({ "message_uuid": quoted }));
    }
    json::hand_on(&mut body, message.provider.as_ref());
    Ok(Value::Object(body))
}

fn receiver(to: &Address, kind: ChannelKind) -> Result<&str, EncodeError> {
    match (kind, to) {
        (_, Address::Phone(phone)) => Ok(phone.digits()),
        (ChannelKind::Sms, Address::Verbatim(short)) => Ok(short),
        // How Vonage takes a business-scoped id is not documented.
        _ => Err(EncodeError::Address),
    }
}

type Parts = Vec<(&'static str, Value)>;

/// The medium's name at Vonage and the fields of the content.
fn parts(message: &Outbound, kind: ChannelKind) -> Result<(&'static str, Parts), EncodeError> {
    match (&message.content, kind) {
        (OutboundContent::Text { text }, ChannelKind::WhatsApp) => Ok(("whatsapp", plain(text, WHATSAPP_TEXT_CHARS)?)),
        (OutboundContent::Text { text }, _) => Ok(("sms", plain(text, SMS_CHARS)?)),
        (OutboundContent::Media { kind: shown, media, caption }, ChannelKind::WhatsApp) => {
            Ok(("whatsapp", file(*shown, media, caption::seen("Vonage", *shown, caption.as_deref())?)?))
        }
        (OutboundContent::Media { kind: shown, media, caption }, ChannelKind::Sms) => {
            let words = caption.as_deref().filter(|words| !words.is_empty());
            let words = words.map(|words| meta::bounded("characters of text", words, SMS_CHARS)).transpose()?;
            match shown {
                MediaKind::Image | MediaKind::Video | MediaKind::Audio if has_mms(&message.to) => {
                    Ok(("mms", file(*shown, media, words)?))
                }
                _ => Ok(("sms", link(url(media)?, words)?)),
            }
        }
        (OutboundContent::Reaction { emoji, .. }, ChannelKind::WhatsApp) => {
            let reaction = match emoji.is_empty() {
                true => json!({ "action": "unreact" }),
                false => json!({ "action": "react", "emoji": emoji }),
            };
            Ok(("whatsapp", vec![("message_type", "reaction".into()), ("reaction", reaction)]))
        }
        (OutboundContent::Template { name, language, params, header: None, buttons }, ChannelKind::WhatsApp)
            if buttons.is_empty() && only_texts(params) =>
        {
            template(name, language.as_deref(), params).map(|parts| ("whatsapp", parts))
        }
        (OutboundContent::Album { .. }, _) => unsupported("several files in one message", kind),
        (OutboundContent::MarkRead { .. }, _) => unsupported("a read mark", kind),
        (content, ChannelKind::WhatsApp) => {
            let (word, part) = meta::part(content, kind)?;
            let custom = json!({ "type": word, word: part });
            Ok(("whatsapp", vec![("message_type", "custom".into()), ("custom", custom)]))
        }
        _ => unsupported("anything but texts and files", kind),
    }
}

fn unsupported<T>(what: &'static str, kind: ChannelKind) -> Result<T, EncodeError> {
    Err(EncodeError::Unsupported { provider: "Vonage", what, kind })
}

fn plain(text: &str, max: usize) -> Result<Parts, EncodeError> {
    let text = meta::bounded("characters of text", text, max)?;
    Ok(vec![("message_type", "text".into()), ("text", text.into())])
}

/// Vonage has MMS in the United States and Canada only ("Understanding MMS Messaging").
fn has_mms(to: &Address) -> bool {
    matches!(to, Address::Phone(phone) if phone.digits().starts_with('1'))
}

/// A file as its link below the words, where there is no MMS or not for this kind of file.
fn link(url: &str, words: Option<&str>) -> Result<Parts, EncodeError> {
    plain(&words.into_iter().chain([url]).collect::<Vec<_>>().join("\n"), SMS_MOST)
}

fn url(media: &Media) -> Result<&str, EncodeError> {
    media.url.as_deref().filter(|url| !url.is_empty()).ok_or(EncodeError::Empty("the URL of a file"))
}

fn file(kind: MediaKind, media: &Media, caption: Option<&str>) -> Result<Parts, EncodeError> {
    let word = match kind {
        MediaKind::Image => "image",
        MediaKind::Video => "video",
        MediaKind::Audio => "audio",
        MediaKind::Document => "file",
        MediaKind::Sticker => "sticker",
    };
    let mut part = json!({ "url": url(media)? });
    if let Some(caption) = caption {
        part["caption"] = caption.into();
    }
    if let (MediaKind::Document, Some(name)) = (kind, &media.filename) {
        part["name"] = name.as_str().into();
    }
    Ok(vec![("message_type", word.into()), (word, part)])
}

fn only_texts(params: &TemplateParams) -> bool {
    match params {
        TemplateParams::Positional(list) => list.iter().all(|param| matches!(param, TemplateParam::Text(_))),
        TemplateParams::Named(list) => list.is_empty(),
    }
}

/// Vonage's own short form of a template; others go as `custom`.
fn template(name: &str, language: Option<&str>, params: &TemplateParams) -> Result<Parts, EncodeError> {
    let name = meta::bounded("the template's name", name, 512)?;
    let language = language.filter(|l| !l.is_empty()).ok_or(EncodeError::Empty("the template's language"))?;
    let texts: Vec<&str> = match params {
        TemplateParams::Positional(list) => list.iter().filter_map(text_of).collect(),
        TemplateParams::Named(_) => Vec::new(),
    };
    let mut template = json!({ "name": name });
    if !texts.is_empty() {
        template["parameters"] = texts.into();
    }
    let whatsapp = json!({ "policy": "deterministic", "locale": language });
    Ok(vec![("message_type", "template".into()), ("template", template), ("whatsapp", whatsapp)])
}

fn text_of(param: &TemplateParam) -> Option<&str> {
    match param {
        TemplateParam::Text(text) => Some(text),
        TemplateParam::Currency { .. } | TemplateParam::DateTime { .. } => None,
    }
}
