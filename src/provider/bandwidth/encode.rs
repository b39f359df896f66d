//! How messages are written for Bandwidth: a file beside the text makes an MMS of them.

use crate::config::providers::bandwidth::BandwidthSettings;
use crate::domain::address::Address;
use crate::domain::limits::SMS_CHARS;
use crate::domain::message::{Media, Outbound, OutboundContent};
use crate::provider::json;
use crate::provider::meta;
use crate::provider::send::{EncodeError, SendContext};
use serde_json::{Map, Value, json};

/// Files that one message can carry.
const MEDIA_MAX: usize = 10;

/// The body of the request that sends the message.
pub fn body(settings: &BandwidthSettings, message: &Outbound, context: &SendContext<'_>) -> Result<Value, EncodeError> {
    let to = match &message.to {
        Address::Phone(phone) => phone.as_str(),
        Address::Verbatim(short) => short,
        Address::Bsuid(_) | Address::Email(_) | Address::External(_) => return Err(EncodeError::Address),
    };
    let mut body = Map::new();
    body.insert("applicationId".to_owned(), settings.application_id.as_str().into());
    body.insert("to".to_owned(), json!([to]));
    body.insert("from".to_owned(), settings.number.as_str().into());
    match &message.content {
        OutboundContent::Text { text } => {
            body.insert("text".to_owned(), meta::bounded("characters of text", text, SMS_CHARS)?.into());
        }
        OutboundContent::Media { media, caption, .. } => files(&mut body, std::slice::from_ref(media), caption.as_deref())?,
        OutboundContent::Album { media, text } => files(&mut body, media, text.as_deref())?,
        _ => {
            let what = "anything but texts and files";
            return Err(EncodeError::Unsupported { provider: "Bandwidth", what, kind: context.kind });
        }
    }
    if let Some(send) = context.send {
        // Comes back in every event about this message.
        body.insert("tag".to_owned(), send.to_string().into());
    }
    json::hand_on(&mut body, message.provider.as_ref());
    Ok(Value::Object(body))
}

fn files(body: &mut Map<String, Value>, media: &[Media], text: Option<&str>) -> Result<(), EncodeError> {
    if media.is_empty() {
        return Err(EncodeError::Empty("the list of files"));
    }
    if media.len() > MEDIA_MAX {
        return Err(EncodeError::TooLong { what: "files", got: media.len(), max: MEDIA_MAX });
    }
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        body.insert("text".to_owned(), meta::bounded("characters of text", text, SMS_CHARS)?.into());
    }
    let mut urls = Vec::with_capacity(media.len());
    for file in media {
        urls.push(file.url.as_deref().filter(|url| !url.is_empty()).ok_or(EncodeError::Empty("the URL of a file"))?);
    }
    body.insert("media".to_owned(), urls.into());
    Ok(())
}
