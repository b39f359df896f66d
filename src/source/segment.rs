//! Segment's Webhooks (Actions), and the older Webhooks: one message, a list of messages, or `{batch: […]}`. `track` is
//! `segment.track.NAME`, `identify`, `page`, `screen` and `group` are what they are; an `alias` names no event.
//!
//! `X-Signature` is the HMAC-SHA1 of the body in hexadecimal; of a batch only its first message is signed, as JSON.stringify writes it
//! (Twilio's help pages and the source of the destination say so). What else stands in a batch is not protected by it, so a batch must
//! come to the URL with the secret. Not verified against the service itself: that a message in a batch has the bytes that were signed.

use super::{NotReadable, Reader, Said, Skipped, event_name, fields, text};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

pub(super) fn read(reader: &Reader<'_>, body: Json) -> Result<Said, NotReadable> {
    let messages = match body {
        Json::Array(messages) => messages,
        Json::Object(mut one) => match one.remove("batch") {
            Some(Json::Array(messages)) => messages,
            Some(_) => return Err(NotReadable("`batch` is not a list")),
            None => vec![Json::Object(one)],
        },
        _ => return Err(NotReadable("the body is neither an object nor a list")),
    };
    Ok(Said { items: messages.iter().map(|message| item(reader, message)).collect(), action: None })
}

fn item(reader: &Reader<'_>, message: &Json) -> Result<super::Item, Skipped> {
    let kind = text(message, "type").ok_or(Skipped::Unreadable)?;
    let name = match kind.as_str() {
        "track" => {
            let name = text(message, "event").ok_or(Skipped::Unreadable)?;
            event_name("segment.track.", &name).ok_or(Skipped::Unreadable)?
        }
        "identify" | "page" | "screen" | "group" => format!("segment.{kind}"),
        _ => return Err(Skipped::OtherKind),
    };
    let mut data: Map<String, Json> = fields(
        message,
        &[
            ("event", "name"),
            ("name", "name"),
            ("properties", "properties"),
            ("traits", "traits"),
            ("userId", "user_id"),
            ("anonymousId", "anonymous_id"),
            ("groupId", "group_id"),
            ("timestamp", "at"),
        ],
    );
    if let (false, Some(traits)) = (data.contains_key("traits"), message.pointer("/context/traits")) {
        data.insert("traits".to_owned(), traits.clone());
    }
    reader.item(&name, message, data, text(message, "messageId"))
}

/// What of a body is signed: all of it, or the first message of a batch. The second says whether it is all.
pub fn signed_part(body: &[u8]) -> (&[u8], bool) {
    let first = body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    if body.get(first) != Some(&b'[') {
        return (body, true);
    }
    match serde_json::from_slice::<Vec<&RawValue>>(body) {
        Ok(messages) => match messages.first() {
            Some(first) => (first.get().as_bytes(), false),
            None => (body, true),
        },
        Err(_) => (body, true),
    }
}
