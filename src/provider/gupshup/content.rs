//! What a person sent, by type. Fields that are missing are empty; types that are new are kept by name.

use crate::domain::message::{Card, InboundContent, Media, MediaKind};
use crate::provider::{json, location};
use serde_json::Value;

/// The text and the content of a message's payload.
pub fn read(payload: &Value) -> (String, InboundContent) {
    let kind = json::text(payload, "type").unwrap_or("unknown");
    let part = json::object_of(payload, "payload");
    let text_of = |key: &str| json::owned(part, key).unwrap_or_default();
    match kind {
        "text" => (text_of("text"), InboundContent::Text),
        "image" => file(part, MediaKind::Image),
        "video" => file(part, MediaKind::Video),
        "audio" | "voice" => file(part, MediaKind::Audio),
        "file" | "document" => file(part, MediaKind::Document),
        "sticker" => file(part, MediaKind::Sticker),
        "location" => (String::new(), location::read(part, ["latitude", "longitude"], "location")),
        "contact" => (String::new(), InboundContent::Contacts(json::list(part, "contacts").iter().map(card).collect())),
        // A button of a template has only its label, unless it was sent with something to give back.
        "button" | "quick_reply" => {
            let text = text_of("text");
            (text.clone(), InboundContent::ButtonReply { payload: given_back(part).unwrap_or(text) })
        }
        "button_reply" => {
            let title = text_of("title");
            (title.clone(), InboundContent::ButtonReply { payload: given_back(part).unwrap_or(title) })
        }
        "list_reply" => {
            let title = text_of("title");
            let payload = given_back(part).unwrap_or_else(|| title.clone());
            (title, InboundContent::ListReply { payload, description: json::owned(part, "description") })
        }
        "reaction" => match ["gsId", "msgId", "id"].iter().find_map(|key| json::owned(part, key)) {
            Some(message) => (String::new(), InboundContent::Reaction { message, emoji: json::owned(part, "emoji") }),
            None => unsupported(kind),
        },
        unknown => unsupported(unknown),
    }
}

fn unsupported(kind: &str) -> (String, InboundContent) {
    (String::new(), InboundContent::Unsupported { kind: kind.to_owned() })
}

/// What we gave the button or row. `id` is the id of the question's message, not of the answer.
fn given_back(part: &Value) -> Option<String> {
    json::owned(part, "postbackText").or_else(|| json::owned(part, "payload"))
}

fn file(part: &Value, kind: MediaKind) -> (String, InboundContent) {
    let media = Media {
        url: json::owned(part, "url"),
        id: None,
        content_type: json::owned(part, "contentType"),
        filename: json::owned(part, "name").or_else(|| json::owned(part, "filename")),
    };
    (json::owned(part, "caption").unwrap_or_default(), InboundContent::Media { kind: Some(kind), media: vec![media] })
}

fn card(contact: &Value) -> Card {
    let name = json::object_of(contact, "name");
    Card {
        name: json::owned(name, "formatted_name").or_else(|| json::owned(name, "formattedName")).unwrap_or_default(),
        phones: json::list(contact, "phones").iter().filter_map(|phone| json::owned(phone, "phone")).collect(),
    }
}
