//! What the webhooks of the Channels API say: one event each, of a channel that the content names.

use super::errors;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent, Location, Media, MediaKind};
use crate::provider::webhook::{Decoded, Malformed, Method, Other, Received, Route, Routes, StatusReport, WebhookRequest};
use crate::provider::{json, mime};
use serde_json::Value;

/// Bird's words for how far a message came. Words that are not here are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("accepted", DeliveryStatus::Queued),
    ("processing", DeliveryStatus::Queued),
    ("scheduled", DeliveryStatus::Queued),
    ("sent", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("read", DeliveryStatus::Read),
    ("opened", DeliveryStatus::Read),
    ("rejected", DeliveryStatus::Failed),
    ("sending_failed", DeliveryStatus::Failed),
    ("delivery_failed", DeliveryStatus::Failed),
    ("skipped", DeliveryStatus::Failed),
];

/// Files of one message.
const FILES: usize = 30;

/// What is in this request.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("Bird's events come by POST"));
    }
    let body = json::object(request.body)?;
    let event = json::text(&body, "event").ok_or(Malformed("there is no `event`"))?;
    let payload = body.get("payload").filter(|payload| payload.is_object()).ok_or(Malformed("there is no `payload`"))?;
    let (kind, word) = match event.split_once('.') {
        Some(("sms", word)) => (ChannelKind::Sms, word),
        Some(("whatsapp", word)) => (ChannelKind::WhatsApp, word),
        _ => return Ok(vec![other(event, None)]),
    };
    let id = match word {
        "interaction" => json::text(payload, "messageId"),
        _ => json::text(payload, "id"),
    };
    let Some(id) = id else { return Ok(vec![other("event_without_message", None)]) };
    let route = json::text(payload, "channelId").and_then(|channel| routes.find(channel)).filter(|route| route.kind == kind);
    let Some(route) = route else { return Ok(vec![other("unknown_number", Some(id))]) };
    Ok(vec![match word {
        "inbound" => message(payload, id, route),
        "outbound" => report(payload, json::text(payload, "status").unwrap_or("missing"), id, route),
        "interaction" => report(payload, json::text(payload, "type").unwrap_or("missing"), id, route),
        _ => other(event, Some(id)),
    }])
}

fn other(kind: &str, id: Option<&str>) -> Decoded {
    Decoded::Other(Other { kind: kind.to_owned(), id: id.map(str::to_owned), error: None })
}

/// A person by what identifies them; the wire's digits may have a `+` or not.
fn address(contact: &Value, kind: ChannelKind) -> Option<Address> {
    let wire = json::text(contact, "identifierValue")?;
    Some(if kind == ChannelKind::WhatsApp { Address::from_whatsapp(wire) } else { Address::from_wire(wire) })
}

fn message(payload: &Value, id: &str, route: &Route) -> Decoded {
    let contact = json::object_of(json::object_of(payload, "sender"), "contact");
    let Some(from) = address(contact, route.kind) else { return other("message_without_sender", Some(id)) };
    let user_id = match &from {
        Address::Bsuid(user) => Some(user.clone()),
        _ => None,
    };
    let (text, content) = content(json::object_of(payload, "body"));
    let names = json::object_of(contact, "annotations");
    let decoded = Inbound {
        channel: route.channel.clone(),
        kind: route.kind,
        from,
        user_id,
        id: id.to_owned(),
        at: json::instant(payload, "createdAt"),
        text,
        content,
        profile_name: json::owned(names, "name").or_else(|| json::owned(contact, "displayName")),
        in_reply_to: json::owned(json::object_of(payload, "replyTo"), "id"),
        answers: None,
        forwarded: false,
        referral: None,
    };
    let to = json::owned(payload, "channelId").unwrap_or_default();
    Decoded::Message(Box::new(Received { message: decoded, to, segments: None, part: None, error: None }))
}

fn content(body: &Value) -> (String, InboundContent) {
    let kind = json::text(body, "type").unwrap_or("unknown");
    let part = json::object_of(body, kind);
    let text = json::owned(part, "text").unwrap_or_default();
    if let Some(reply) = reply(part, &text) {
        return reply;
    }
    match kind {
        "text" => (text, InboundContent::Text),
        "image" => (text, media(json::list(part, "images"), Some(MediaKind::Image))),
        "file" => {
            let files = json::list(part, "files");
            let kind = files.first().and_then(|file| json::text(file, "contentType")).map(mime::kind);
            (text, media(files, kind))
        }
        "location" => {
            let inside = part.get("coordinates").unwrap_or(part);
            let about = json::object_of(part, "location");
            match (json::number(inside, "latitude"), json::number(inside, "longitude")) {
                (Some(lat), Some(lon)) => {
                    let (name, address) = (json::owned(about, "label"), json::owned(about, "address"));
                    (text, InboundContent::Location(Location { lat, lon, name, address }))
                }
                _ => (text, InboundContent::Unsupported { kind: kind.to_owned() }),
            }
        }
        unknown => (text, InboundContent::Unsupported { kind: unknown.to_owned() }),
    }
}

/// A tap on a button comes as a text with the button's action beside it.
fn reply(part: &Value, text: &str) -> Option<(String, InboundContent)> {
    let action = json::list(part, "actions").iter().find(|action| action.get("postback").is_some())?;
    let postback = json::object_of(action, "postback");
    let label = json::owned(postback, "text").unwrap_or_else(|| text.to_owned());
    let payload = json::owned(postback, "payload").unwrap_or_else(|| label.clone());
    Some((if text.is_empty() { label } else { text.to_owned() }, InboundContent::ButtonReply { payload }))
}

fn media(files: &[Value], kind: Option<MediaKind>) -> InboundContent {
    let file = |file: &Value| {
        let url = json::owned(file, "mediaUrl")?;
        let (content_type, filename) = (json::owned(file, "contentType"), json::owned(file, "filename"));
        Some(Media { url: Some(url), id: None, content_type, filename })
    };
    InboundContent::Media { kind, media: files.iter().filter_map(file).take(FILES).collect() }
}

fn report(payload: &Value, word: &str, id: &str, route: &Route) -> Decoded {
    let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == word) else {
        return other(&format!("status_{word}"), Some(id));
    };
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let (verdict, error) = errors::of_report(payload);
        verdict.failure(error)
    });
    let to = json::list(json::object_of(payload, "receiver"), "contacts").first();
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: id.to_owned(),
        send: json::text(payload, "reference").and_then(SendRef::parse),
        status: *status,
        provider_status: word.to_owned(),
        at: json::instant(payload, "lastStatusAt").or_else(|| json::instant(payload, "createdAt")),
        recipient: to.and_then(|contact| address(contact, route.kind)),
        user_id: None,
        failure,
        pricing: None,
    }))
}
