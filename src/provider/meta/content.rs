//! What a person sent over WhatsApp, by type. Fields that are missing are empty; types that are new are kept by name.

use crate::domain::message::{Card, InboundContent, Media, MediaKind, OrderItem};
use crate::domain::value::Value as OurValue;
use crate::provider::{json, location};
use serde_json::Value;

/// The text and the content.
pub fn read(message: &Value) -> (String, InboundContent) {
    let kind = json::text(message, "type").unwrap_or("unknown");
    let part = message.get(kind).unwrap_or(&Value::Null);
    let text_of = |key: &str| json::owned(part, key).unwrap_or_default();
    match kind {
        "text" => (text_of("body"), InboundContent::Text),
        "button" => {
            let text = text_of("text");
            let payload = json::owned(part, "payload").unwrap_or_else(|| text.clone());
            (text, InboundContent::ButtonReply { payload })
        }
        "interactive" => interactive(part),
        "image" => file(part, MediaKind::Image),
        "video" => file(part, MediaKind::Video),
        "audio" | "voice" => file(part, MediaKind::Audio),
        "document" => file(part, MediaKind::Document),
        "sticker" => file(part, MediaKind::Sticker),
        "location" => (String::new(), location::read(part, ["latitude", "longitude"], "location")),
        "contacts" => (String::new(), InboundContent::Contacts(json::list(message, "contacts").iter().map(card).collect())),
        "reaction" => {
            let reaction = InboundContent::Reaction { message: text_of("message_id"), emoji: json::owned(part, "emoji") };
            (String::new(), reaction)
        }
        // Types that Meta documents for the business's own messages (webhook `smb_message_echoes`); that people's come in the
        // same shape is not verified.
        "edit" => {
            let after = part.get("message").unwrap_or(&Value::Null);
            (words(after), InboundContent::Edited { message: text_of("original_message_id") })
        }
        "revoke" => (String::new(), InboundContent::Deleted { message: text_of("original_message_id") }),
        "order" => {
            let items = json::list(part, "product_items").iter().map(item).collect();
            (text_of("text"), InboundContent::Order { catalog: text_of("catalog_id"), items })
        }
        "system" => {
            let change = InboundContent::System {
                kind: text_of("type"),
                new_user_id: json::owned(part, "user_id"),
                // Older payloads name the new number differently.
                new_wa_id: json::owned(part, "wa_id").or_else(|| json::owned(part, "new_wa_id")),
            };
            (String::new(), change)
        }
        "request_welcome" => (String::new(), InboundContent::RequestWelcome),
        unknown => unsupported(unknown),
    }
}

/// The text or caption of a message that was changed.
fn words(message: &Value) -> String {
    let part = json::text(message, "type").and_then(|kind| message.get(kind));
    let found = part.and_then(|part| json::owned(part, "body").or_else(|| json::owned(part, "caption")));
    found.unwrap_or_default()
}

fn unsupported(kind: &str) -> (String, InboundContent) {
    (String::new(), InboundContent::Unsupported { kind: kind.to_owned() })
}

fn interactive(part: &Value) -> (String, InboundContent) {
    let kind = json::text(part, "type").unwrap_or("unknown");
    let answer = part.get(kind).unwrap_or(&Value::Null);
    let text_of = |key: &str| json::owned(answer, key).unwrap_or_default();
    match kind {
        "button_reply" => (text_of("title"), InboundContent::ButtonReply { payload: text_of("id") }),
        "list_reply" => {
            let description = json::owned(answer, "description");
            (text_of("title"), InboundContent::ListReply { payload: text_of("id"), description })
        }
        "nfm_reply" => {
            // The form comes as JSON in a text, written by the person's app: anything can be in it.
            let parsed = json::text(answer, "response_json").and_then(|t| serde_json::from_str::<Value>(t).ok());
            match parsed.map(OurValue::from_json) {
                Some(OurValue::Map(form)) => (text_of("body"), InboundContent::FormReply { form }),
                _ => unsupported("interactive:nfm_reply"),
            }
        }
        unknown => unsupported(&format!("interactive:{unknown}")),
    }
}

fn file(part: &Value, kind: MediaKind) -> (String, InboundContent) {
    let media = Media {
        url: json::owned(part, "url"),
        id: json::owned(part, "id"),
        content_type: json::owned(part, "mime_type"),
        filename: json::owned(part, "filename"),
    };
    let caption = json::owned(part, "caption").unwrap_or_default();
    (caption, InboundContent::Media { kind: Some(kind), media: vec![media] })
}

fn card(contact: &Value) -> Card {
    let phones = json::list(contact, "phones").iter();
    Card {
        name: contact.get("name").and_then(|n| json::owned(n, "formatted_name")).unwrap_or_default(),
        phones: phones.filter_map(|p| json::owned(p, "phone").or_else(|| json::owned(p, "wa_id"))).collect(),
    }
}

fn item(item: &Value) -> OrderItem {
    OrderItem {
        sku: json::code(item, "product_retailer_id").unwrap_or_default(),
        qty: json::number(item, "quantity").unwrap_or_default(),
        price: json::number(item, "item_price").unwrap_or_default(),
        currency: json::owned(item, "currency").unwrap_or_default(),
    }
}
