//! A message of the contact as expressions read it: `reply`.

use super::record::Reply;
use crate::domain::limits;
use crate::domain::message::{Inbound, InboundContent, Location, Media};
use crate::domain::time::Millis;
use crate::domain::value::Value;

/// What is kept of a message.
pub(super) fn of(message: &Inbound, at: Millis, rest: Option<String>) -> Reply {
    let text = match message.text.char_indices().nth(limits::KEPT_REPLY_CHARS) {
        None => message.text.clone(),
        Some((end, _)) => message.text[..end].to_owned(),
    };
    Reply { text, channel: message.channel.clone(), at, rest, media: media(&message.content), groups: None }
}

fn media(content: &InboundContent) -> Option<Value> {
    match content {
        InboundContent::Media { media, .. } => Some(Value::List(media.iter().map(file).collect())),
        InboundContent::Location(place) => Some(Value::List(vec![location(place)])),
        InboundContent::FormReply { form } => Some(Value::List(vec![Value::Map(form.clone())])),
        _ => None,
    }
}

/// A file as flows see it. Its size is not known before it is fetched.
pub(super) fn file(media: &Media) -> Value {
    let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::text);
    let fields =
        [("url", text(&media.url)), ("type", text(&media.content_type)), ("name", text(&media.filename)), ("size", Value::Null)];
    Value::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A place as flows see it.
pub(super) fn location(place: &Location) -> Value {
    let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::text);
    let fields = [
        ("lat", Value::Number(place.lat)),
        ("lon", Value::Number(place.lon)),
        ("name", text(&place.name)),
        ("address", text(&place.address)),
    ];
    Value::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
