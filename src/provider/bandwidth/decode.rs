//! The events in Bandwidth's webhooks. Nothing in a list makes the rest of it fail.

use super::errors;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent, Media, MediaKind};
use crate::provider::json;
use crate::provider::webhook::{
    Decoded, Malformed, Method, Other, ProviderError, Received, Routes, StatusReport, WebhookRequest,
};
use serde_json::Value;

/// Bandwidth's words for how far a message came. Words that are not here are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("message-sending", DeliveryStatus::Sent),
    ("message-delivered", DeliveryStatus::Delivered),
    ("message-read", DeliveryStatus::Read),
    ("message-failed", DeliveryStatus::Failed),
];

/// Events in one request, and files of one message.
const MOST: usize = 100;

/// Everything in this request, in its order.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("Bandwidth's events come by POST"));
    }
    let Ok(Value::Array(events)) = serde_json::from_slice::<Value>(request.body) else {
        return Err(Malformed("the body is no list of events"));
    };
    match events.len() {
        0 => Err(Malformed("the list of events is empty")),
        1..=MOST => Ok(events.iter().map(|event| one(event, routes)).collect()),
        _ => Err(Malformed("there are too many events")),
    }
}

fn other(kind: &str, id: Option<&str>) -> Decoded {
    Decoded::Other(Other { kind: kind.to_owned(), id: id.map(str::to_owned), error: None })
}

fn one(event: &Value, routes: &Routes) -> Decoded {
    let word = json::text(event, "type").unwrap_or("no_type");
    let message = json::object_of(event, "message");
    let Some(id) = json::text(message, "id") else { return other("event_without_message", None) };
    if word == "message-received" {
        return received(event, message, id, routes);
    }
    match STATUSES.iter().find(|(known, _)| *known == word) {
        Some((_, status)) => report(event, message, id, (word, *status), routes),
        None => other(word, Some(id)),
    }
}

fn received(event: &Value, message: &Value, id: &str, routes: &Routes) -> Decoded {
    let ours = json::text(message, "owner").or_else(|| json::text(event, "to")).unwrap_or("");
    let Some(route) = routes.find(ours) else { return other("unknown_number", Some(id)) };
    if json::list(message, "to").len() > 1 {
        // A reply to a group's member alone would surprise both.
        return other("group_message", Some(id));
    }
    let Some(from) = json::text(message, "from") else { return other("message_without_sender", Some(id)) };
    let files = files(message);
    let content = match files.first() {
        None => InboundContent::Text,
        Some(first) => InboundContent::Media { kind: first.url.as_deref().and_then(kind_of), media: files },
    };
    let decoded = Inbound {
        channel: route.channel.clone(),
        kind: ChannelKind::Sms,
        from: Address::from_wire(from),
        user_id: None,
        id: id.to_owned(),
        at: json::instant(message, "time").or_else(|| json::instant(event, "time")),
        text: json::owned(message, "text").unwrap_or_default(),
        content,
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    };
    let segments = json::number(message, "segmentCount").map(|n| n.clamp(0.0, 1_000.0) as u32);
    Decoded::Message(Box::new(Received { message: decoded, to: ours.to_owned(), segments, part: None, error: None }))
}

/// The files of a message, without the description of how a phone lays them out.
fn files(message: &Value) -> Vec<Media> {
    let urls = json::list(message, "media").iter().filter_map(Value::as_str);
    let shown = urls.filter(|url| !url.is_empty() && !matches!(ending(url).as_str(), "xml" | "smil"));
    let file = |url: &str| Media { url: Some(url.to_owned()), filename: name(url).map(str::to_owned), ..Media::default() };
    shown.take(MOST).map(file).collect()
}

fn name(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?;
    path.rsplit('/').next().filter(|name| !name.is_empty())
}

fn ending(url: &str) -> String {
    name(url).and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default()
}

fn kind_of(url: &str) -> Option<MediaKind> {
    match ending(url).as_str() {
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "bmp" => Some(MediaKind::Image),
        "mp4" | "3gp" | "3gpp" | "mov" | "mpeg" | "webm" => Some(MediaKind::Video),
        "mp3" | "wav" | "ogg" | "amr" | "aac" | "m4a" => Some(MediaKind::Audio),
        "pdf" | "vcf" | "vcard" | "ics" | "txt" | "csv" | "zip" => Some(MediaKind::Document),
        _ => None,
    }
}

fn report(event: &Value, message: &Value, id: &str, (word, status): (&str, DeliveryStatus), routes: &Routes) -> Decoded {
    let ours = json::text(message, "owner").or_else(|| json::text(message, "from"));
    let route = ours.and_then(|ours| routes.find(ours)).unwrap_or(routes.here());
    let failure = (status == DeliveryStatus::Failed).then(|| {
        let code = json::code(event, "errorCode");
        let text = json::owned(event, "description").unwrap_or_default();
        errors::verdict(code.as_deref()).failure(ProviderError { code, text })
    });
    let first = json::list(message, "to").first().and_then(Value::as_str);
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: id.to_owned(),
        send: json::text(message, "tag").and_then(SendRef::parse),
        status,
        provider_status: word.to_owned(),
        at: json::instant(event, "time"),
        recipient: json::text(event, "to").or(first).map(Address::from_wire),
        user_id: None,
        failure,
        pricing: None,
    }))
}
