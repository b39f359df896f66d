//! What a person sent over WhatsApp. Which field is there tells what it is.

use crate::domain::message::{Card, InboundContent, Media, MediaKind};
use crate::provider::{json, location};
use serde_json::Value;

const FILES: &[(&str, MediaKind)] = &[
    ("image", MediaKind::Image),
    ("video", MediaKind::Video),
    ("audio", MediaKind::Audio),
    ("document", MediaKind::Document),
    ("sticker", MediaKind::Sticker),
];

/// The text and the content.
pub fn whatsapp(data: &Value) -> (String, InboundContent) {
    let part = |key: &str| data.get(key).filter(|part| !part.is_null());
    if let Some(text) = part("text") {
        let words = text.as_str().map(str::to_owned).or_else(|| json::owned(text, "body"));
        return (words.unwrap_or_default(), InboundContent::Text);
    }
    if let Some(reply) = part("interactive_reply") {
        return self::reply(reply);
    }
    if let Some((found, kind)) = FILES.iter().find_map(|(key, kind)| Some((part(key)?, *kind))) {
        let media = Media {
            url: json::owned(found, "url"),
            id: json::owned(found, "id"),
            content_type: json::owned(found, "mime_type"),
            filename: json::owned(found, "filename"),
        };
        let caption = json::owned(found, "caption").unwrap_or_default();
        return (caption, InboundContent::Media { kind: Some(kind), media: vec![media] });
    }
    if let Some(place) = part("location") {
        return (String::new(), location::read(place, ["latitude", "longitude"], "location"));
    }
    if let Some(Value::Array(cards)) = part("contact_cards") {
        return (String::new(), InboundContent::Contacts(cards.iter().map(card).collect()));
    }
    let named = part("unsupported").and_then(|what| what.as_str().or_else(|| json::text(what, "type")));
    (String::new(), unsupported(named.unwrap_or("unknown")))
}

fn unsupported(kind: &str) -> InboundContent {
    InboundContent::Unsupported { kind: kind.to_owned() }
}

/// What was tapped: the pair of handle and label lies under the name of its kind.
fn reply(reply: &Value) -> (String, InboundContent) {
    let inside = reply.as_object().into_iter().flat_map(|map| map.values()).find(|value| json::text(value, "slug").is_some());
    let chosen = inside.unwrap_or(reply);
    let text = json::owned(chosen, "text").unwrap_or_default();
    let payload = json::owned(chosen, "slug").unwrap_or_else(|| text.clone());
    let description = json::owned(chosen, "description");
    match json::text(reply, "type") {
        Some("list") => (text, InboundContent::ListReply { payload, description }),
        _ => (text, InboundContent::ButtonReply { payload }),
    }
}

fn card(card: &Value) -> Card {
    let name = json::object_of(card, "name");
    let phones = json::list(card, "phone_numbers").iter();
    Card {
        name: json::owned(name, "formatted_name").or_else(|| name.as_str().map(str::to_owned)).unwrap_or_default(),
        phones: phones.filter_map(|phone| json::owned(phone, "phone_number")).collect(),
    }
}

/// A reaction; without an emoji it was taken back.
pub fn reaction(data: &Value) -> (String, InboundContent) {
    let inside = json::object_of(data, "reaction");
    let field = |key: &str| json::owned(inside, key).or_else(|| json::owned(data, key));
    let message = json::owned(data, "whatsapp_id").or_else(|| field("message_id")).unwrap_or_default();
    (String::new(), InboundContent::Reaction { message, emoji: field("emoji") })
}
