//! What a person sent, by type: a text message, its parts where it carries files, or a message of WhatsApp. Fields that are missing are
//! empty; types that are new are kept by name.

use crate::domain::message::{Card, InboundContent, Media, MediaKind, OrderItem};
use crate::domain::value::Value as OurValue;
use crate::provider::{json, location, mime};
use serde_json::Value;

/// Files of one message.
const MEDIA_MAX: usize = 10;

/// The text and the content of one result.
pub fn read(result: &Value) -> (String, InboundContent) {
    match result.get("message").or_else(|| result.get("content")) {
        Some(Value::Array(parts)) if parts.iter().any(|part| part.get("type").is_some()) => several(parts),
        Some(Value::Array(parts)) => pieces(parts),
        Some(message @ Value::Object(_)) => one(message),
        // `cleanText` lacks the keyword by which Infobip found the application.
        _ => (json::owned(result, "text").unwrap_or_default(), InboundContent::Text),
    }
}

/// The parts of a text message with files: texts, and where the files are.
fn pieces(parts: &[Value]) -> (String, InboundContent) {
    let texts: Vec<&str> = parts.iter().filter_map(|part| json::text(part, "value")).collect();
    let file = |part: &Value| {
        let url = json::owned(part, "url")?;
        Some(Media { url: Some(url), id: None, content_type: json::owned(part, "contentType"), filename: None })
    };
    let media: Vec<Media> = parts.iter().filter_map(file).take(MEDIA_MAX).collect();
    let text = texts.join("\n");
    if media.is_empty() {
        return (text, InboundContent::Text);
    }
    let kind = media.first().and_then(|m| m.content_type.as_deref()).map(mime::kind);
    (text, InboundContent::Media { kind, media })
}

/// The items of the Messages API: usually one; texts and files of several belong together.
fn several(items: &[Value]) -> (String, InboundContent) {
    let mut read = items.iter().take(MEDIA_MAX).map(one);
    let Some((mut text, mut content)) = read.next() else { return (String::new(), InboundContent::Text) };
    for (more, next) in read {
        if !more.is_empty() {
            text = if text.is_empty() { more } else { format!("{text}\n{more}") };
        }
        content = match (content, next) {
            (InboundContent::Media { kind, mut media }, InboundContent::Media { media: more, .. }) => {
                media.extend(more);
                InboundContent::Media { kind, media }
            }
            (InboundContent::Text, next) => next,
            (content, _) => content,
        };
    }
    (text, content)
}

fn one(part: &Value) -> (String, InboundContent) {
    let kind = json::text(part, "type").unwrap_or("UNKNOWN");
    let text_of = |key: &str| json::owned(part, key).unwrap_or_default();
    match kind {
        "TEXT" => (text_of("text"), InboundContent::Text),
        "URL" => (text_of("url"), InboundContent::Text),
        "IMAGE" => file(part, MediaKind::Image),
        "VIDEO" => file(part, MediaKind::Video),
        "AUDIO" | "VOICE" => file(part, MediaKind::Audio),
        "DOCUMENT" | "FILE" => file(part, MediaKind::Document),
        "STICKER" => file(part, MediaKind::Sticker),
        "LOCATION" => (String::new(), location::read(part, ["latitude", "longitude"], "LOCATION")),
        "CONTACT" => (String::new(), InboundContent::Contacts(json::list(part, "contacts").iter().map(card).collect())),
        "BUTTON" | "INTERACTIVE_BUTTON_REPLY" | "BUTTON_REPLY" => {
            let text = json::owned(part, "title").or_else(|| json::owned(part, "text")).unwrap_or_default();
            let id = ["payload", "id", "postbackData"].into_iter().find_map(|key| json::owned(part, key));
            let payload = id.unwrap_or_else(|| text.clone());
            (text, InboundContent::ButtonReply { payload })
        }
        "INTERACTIVE_LIST_REPLY" | "LIST_REPLY" => {
            let text = json::owned(part, "title").or_else(|| json::owned(part, "text")).unwrap_or_default();
            let payload = json::owned(part, "id").or_else(|| json::owned(part, "postbackData")).unwrap_or_else(|| text.clone());
            (text, InboundContent::ListReply { payload, description: json::owned(part, "description") })
        }
        "INTERACTIVE_FLOW_REPLY" => match part.get("response").cloned().map(OurValue::from_json) {
            Some(OurValue::Map(form)) => (text_of("text"), InboundContent::FormReply { form }),
            _ => unsupported(kind),
        },
        "REACTION" => {
            match ["messageId", "reactedMessageId"].into_iter().find_map(|key| json::owned(part, key)).or_else(|| context(part)) {
                Some(message) => (String::new(), InboundContent::Reaction { message, emoji: json::owned(part, "emoji") }),
                None => unsupported(kind),
            }
        }
        "ORDER" => {
            let items = json::list(part, "productItems").iter().map(item).collect();
            (text_of("text"), InboundContent::Order { catalog: text_of("catalogId"), items })
        }
        unknown => unsupported(unknown),
    }
}

fn context(part: &Value) -> Option<String> {
    json::owned(json::object_of(part, "context"), "id")
}

fn unsupported(kind: &str) -> (String, InboundContent) {
    (String::new(), InboundContent::Unsupported { kind: kind.to_owned() })
}

fn file(part: &Value, kind: MediaKind) -> (String, InboundContent) {
    let media = Media {
        url: json::owned(part, "url"),
        id: None,
        content_type: json::owned(part, "contentType"),
        filename: json::owned(part, "filename").or_else(|| json::owned(part, "fileName")),
    };
    let caption = json::owned(part, "caption").or_else(|| json::owned(part, "text")).unwrap_or_default();
    (caption, InboundContent::Media { kind: Some(kind), media: vec![media] })
}

fn card(contact: &Value) -> Card {
    let name = json::object_of(contact, "name");
    let phones = json::list(contact, "phones").iter();
    Card {
        name: json::owned(name, "formattedName").or_else(|| json::owned(name, "firstName")).unwrap_or_default(),
        phones: phones.filter_map(|p| json::owned(p, "phone").or_else(|| json::owned(p, "waId"))).collect(),
    }
}

fn item(item: &Value) -> OrderItem {
    OrderItem {
        sku: json::code(item, "productRetailerId").unwrap_or_default(),
        qty: json::number(item, "quantity").unwrap_or_default(),
        price: json::number(item, "itemPrice").unwrap_or_default(),
        currency: json::owned(item, "currency").unwrap_or_default(),
    }
}
