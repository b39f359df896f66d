//! How messages are written for MessageBird: SMS and MMS have a path each.

use super::line;
use crate::domain::address::Address;
use crate::domain::limits::SMS_CHARS;
use crate::domain::message::{Media, Outbound, OutboundContent};
use crate::provider::json;
use crate::provider::meta;
use crate::provider::send::{EncodeError, SendContext};
use serde_json::{Map, Value, json};

/// Files that one MMS can carry.
const MEDIA_MAX: usize = 10;

/// The path and the body of the request that sends the message.
pub fn body(number: &str, message: &Outbound, context: &SendContext<'_>) -> Result<(&'static str, Value), EncodeError> {
    let to = match &message.to {
        Address::Phone(phone) => phone.digits(),
        Address::Verbatim(short) => short,
        Address::Bsuid(_) | Address::Email(_) | Address::External(_) => return Err(EncodeError::Address),
    };
    let mut body = Map::new();
    body.insert("recipients".to_owned(), json!([to]));
    body.insert("originator".to_owned(), line(number).into());
    let path = match &message.content {
        OutboundContent::Text { text } => {
            body.insert("body".to_owned(), meta::bounded("characters of text", text, SMS_CHARS)?.into());
            // MessageBird counts which alphabet the text needs.
            body.insert("datacoding".to_owned(), "auto".into());
            "messages"
        }
        OutboundContent::Media { media, caption, .. } => files(&mut body, std::slice::from_ref(media), caption.as_deref())?,
        OutboundContent::Album { media, text } => files(&mut body, media, text.as_deref())?,
        _ => {
            let what = "anything but texts and files";
            return Err(EncodeError::Unsupported { provider: "MessageBird", what, kind: context.kind });
        }
    };
    if let Some(send) = context.send {
        // Comes back in the reports of this message.
        body.insert("reference".to_owned(), send.to_string().into());
        if let Some(url) = context.status_callback {
            // Reports come only for messages with a reference.
            body.insert("reportUrl".to_owned(), url.into());
        }
    }
    json::hand_on(&mut body, message.provider.as_ref());
    Ok((path, Value::Object(body)))
}

fn files(body: &mut Map<String, Value>, media: &[Media], text: Option<&str>) -> Result<&'static str, EncodeError> {
    if media.is_empty() {
        return Err(EncodeError::Empty("the list of files"));
    }
    if media.len() > MEDIA_MAX {
        return Err(EncodeError::TooLong { what: "files", got: media.len(), max: MEDIA_MAX });
    }
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        body.insert("body".to_owned(), meta::bounded("characters of text", text, SMS_CHARS)?.into());
    }
    let mut urls = Vec::with_capacity(media.len());
    for file in media {
        urls.push(file.url.as_deref().filter(|url| !url.is_empty()).ok_or(EncodeError::Empty("the URL of a file"))?);
    }
    body.insert("mediaUrls".to_owned(), urls.into());
    Ok("mms")
}
