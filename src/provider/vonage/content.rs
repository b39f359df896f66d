//! What a person sent, by `message_type`. What Vonage does not describe in its own way has WhatsApp's shape.

use crate::domain::message::{InboundContent, Media, MediaKind};
use crate::provider::{json, location, meta};
use serde_json::{Value, json};

/// The text and the content.
pub fn read(body: &Value) -> (String, InboundContent) {
    let kind = json::text(body, "message_type").unwrap_or("unknown");
    let part = json::object_of(body, kind);
    let text_of = |key: &str| json::owned(part, key).unwrap_or_default();
    match kind {
        "text" => (json::owned(body, "text").unwrap_or_default(), InboundContent::Text),
        "image" => file(part, MediaKind::Image),
        "video" => file(part, MediaKind::Video),
        "audio" => file(part, MediaKind::Audio),
        "file" | "vcard" => file(part, MediaKind::Document),
        "sticker" => file(part, MediaKind::Sticker),
        "location" => (String::new(), location::read(part, ["lat", "long"], "location")),
        "reply" => {
            let payload = text_of("id");
            let content = match json::owned(part, "description") {
                // Only rows of a list have a second line; rows without one look like buttons and mean the same.
                Some(description) => InboundContent::ListReply { payload, description: Some(description) },
                None => InboundContent::ButtonReply { payload },
            };
            (text_of("title"), content)
        }
        "button" => {
            let text = text_of("text");
            let payload = json::owned(part, "payload").unwrap_or_else(|| text.clone());
            (text, InboundContent::ButtonReply { payload })
        }
        "reaction" => {
            let message = json::owned(json::object_of(body, "context"), "message_uuid").unwrap_or_default();
            let taken_back = json::text(part, "action") == Some("unreact");
            let emoji = json::owned(part, "emoji").filter(|_| !taken_back);
            (String::new(), InboundContent::Reaction { message, emoji })
        }
        "order" => meta::read_content(&json!({ "type": "order", "order": part })),
        "contact" | "contacts" => {
            let inside = json::list(part, "contacts");
            let cards = if inside.is_empty() { json::list(body, kind) } else { inside };
            meta::read_content(&json!({ "type": "contacts", "contacts": cards }))
        }
        unknown => (String::new(), InboundContent::Unsupported { kind: unknown.to_owned() }),
    }
}

fn file(part: &Value, kind: MediaKind) -> (String, InboundContent) {
    let media = Media { url: json::owned(part, "url"), id: None, content_type: None, filename: json::owned(part, "name") };
    let caption = json::owned(part, "caption").unwrap_or_default();
    (caption, InboundContent::Media { kind: Some(kind), media: vec![media] })
}
