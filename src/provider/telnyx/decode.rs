//! What Telnyx's webhooks say: one event each, in an envelope.

use super::{errors, line};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent, Media};
use crate::provider::webhook::{Decoded, Malformed, Method, Other, Received, Route, Routes, StatusReport, WebhookRequest};
use crate::provider::{callback, json, meta, mime};
use serde_json::Value;

/// Telnyx's words for how far a message came. Words that are not here are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("queued", DeliveryStatus::Queued),
    ("sending", DeliveryStatus::Queued),
    ("sent", DeliveryStatus::Sent),
    // Some carriers never confirm.
    ("delivery_unconfirmed", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("read", DeliveryStatus::Read),
    ("expired", DeliveryStatus::Failed),
    ("sending_failed", DeliveryStatus::Failed),
    ("delivery_failed", DeliveryStatus::Failed),
];

/// Files of one message.
const MEDIA_MAX: usize = 10;

/// The message or report in this request.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("Telnyx's events come by POST"));
    }
    let body = json::object(request.body)?;
    let data = body.get("data").filter(|data| data.is_object()).ok_or(Malformed("there is no `data`"))?;
    let event = json::text(data, "event_type").ok_or(Malformed("there is no `event_type`"))?;
    let payload = json::object_of(data, "payload");
    let one = match event {
        "message.received" => message(payload, routes),
        "message.sent" | "message.finalized" | "message.read" => report(request, event, payload, routes),
        event => other(event, json::text(data, "id")),
    };
    Ok(vec![one])
}

fn other(kind: &str, id: Option<&str>) -> Decoded {
    Decoded::Other(Other { kind: kind.to_owned(), id: id.map(str::to_owned), error: None })
}

fn medium(payload: &Value) -> Option<ChannelKind> {
    match json::text(payload, "type").unwrap_or("SMS").to_ascii_uppercase().as_str() {
        "SMS" | "MMS" => Some(ChannelKind::Sms),
        "WHATSAPP" => Some(ChannelKind::WhatsApp),
        _ => None,
    }
}

fn address(wire: &str, kind: ChannelKind) -> Address {
    match kind {
        ChannelKind::WhatsApp => Address::from_whatsapp(wire),
        ChannelKind::Sms | ChannelKind::Email => Address::from_wire(wire),
    }
}

/// A number that stands as text, in an object, or in the first object of a list.
fn number<'v>(payload: &'v Value, key: &str) -> Option<&'v str> {
    let found = payload.get(key)?;
    let first = found.as_array().and_then(|all| all.first()).unwrap_or(found);
    let text = first.as_str().or_else(|| json::text(first, "phone_number"));
    text.filter(|text| !text.is_empty())
}

/// The channel of our number, or of its profile, or the one that was called if it has the same medium and no other number.
fn route<'r>(payload: &Value, ours: &str, kind: ChannelKind, routes: &'r Routes) -> Option<&'r Route> {
    let profile = || routes.find(json::text(payload, "messaging_profile_id")?);
    let found = routes.find(&line(ours, kind)).or_else(profile);
    found.or_else(|| (routes.here().kind == kind && routes.may_be_here(ours)).then(|| routes.here()))
}

fn message(payload: &Value, routes: &Routes) -> Decoded {
    let Some(id) = json::text(payload, "id") else { return other("message_without_id", None) };
    if json::text(payload, "direction").is_some_and(|direction| direction != "inbound") {
        return other("message_of_ours", Some(id));
    }
    let Some(kind) = medium(payload) else { return other("unknown_medium", Some(id)) };
    let Some(wire) = number(payload, "from") else { return other("message_without_sender", Some(id)) };
    if !json::list(payload, "cc").is_empty() || json::list(payload, "to").len() > 1 {
        // A reply to a group's member alone would surprise both.
        return other("group_message", Some(id));
    }
    let ours = number(payload, "to").unwrap_or("");
    let Some(route) = route(payload, ours, kind, routes) else { return other("unknown_number", Some(id)) };
    let from = address(wire, kind);
    let user_id = match &from {
        Address::Bsuid(user) => Some(user.clone()),
        _ => None,
    };
    let (text, content) = content(payload, kind);
    let inner = json::object_of(payload, "body");
    let message = Inbound {
        channel: route.channel.clone(),
        kind,
        from,
        user_id,
        id: id.to_owned(),
        at: json::instant(payload, "received_at"),
        text,
        content,
        profile_name: json::owned(json::object_of(payload, "from"), "profile_name"),
        in_reply_to: json::owned(json::object_of(inner, "context"), "id"),
        answers: None,
        forwarded: false,
        referral: None,
    };
    let segments = json::number(payload, "parts").filter(|n| (0.0..=255.0).contains(n)).map(|n| n as u32);
    let error = json::list(payload, "errors").first().map(errors::error);
    Decoded::Message(Box::new(Received { message, to: ours.to_owned(), segments, part: None, error }))
}

/// The text and what kind of message it is. What came over WhatsApp lies in `body`, in Meta's shape.
fn content(payload: &Value, kind: ChannelKind) -> (String, InboundContent) {
    let text = json::owned(payload, "text").unwrap_or_default();
    if let Some(word) = json::text(payload, "autoresponse_type").and_then(opt_out) {
        return (text, InboundContent::OptOut { word: word.to_owned(), scope: None });
    }
    let inner = json::object_of(payload, "body");
    if kind == ChannelKind::WhatsApp && json::text(inner, "type").is_some() {
        return meta::read_content(inner);
    }
    let media: Vec<Media> = json::list(payload, "media").iter().filter_map(file).take(MEDIA_MAX).collect();
    if media.is_empty() {
        return (text, InboundContent::Text);
    }
    let kind = media.first().and_then(|m| m.content_type.as_deref()).map(mime::kind);
    (text, InboundContent::Media { kind, media })
}

/// What Telnyx has acted upon and answered itself.
fn opt_out(word: &str) -> Option<&'static str> {
    match word.to_ascii_uppercase().as_str() {
        "STOP" | "OPT_OUT" => Some("STOP"),
        "START" | "OPT_IN" => Some("START"),
        "HELP" => Some("HELP"),
        _ => None,
    }
}

fn file(media: &Value) -> Option<Media> {
    let url = json::owned(media, "url")?;
    Some(Media { url: Some(url), id: None, content_type: json::owned(media, "content_type"), filename: None })
}

/// Whose report it is stands in the signed body where Telnyx hands our name back, which it does for WhatsApp. Of a text message only the
/// query has it, which no signature covers: who recorded a report could, for the five minutes in which it counts, settle another send
/// with it whose name they know.
fn report(request: &WebhookRequest<'_>, event: &str, payload: &Value, routes: &Routes) -> Decoded {
    let Some(id) = json::text(payload, "id") else { return other("status_without_id", None) };
    // We write to one person at a time.
    let to = payload.get("to").and_then(|to| to.as_array().and_then(|all| all.first()).or(Some(to))).unwrap_or(&Value::Null);
    let word = match event {
        "message.read" => "read",
        _ => json::text(to, "status").unwrap_or("missing"),
    };
    let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == word) else {
        return other(&format!("status_{word}"), Some(id));
    };
    let error = json::list(payload, "errors").first().map(errors::error);
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let error = error.unwrap_or_default();
        let verdict = match (word, error.code.as_deref()) {
            ("expired", None) => errors::EXPIRED,
            (_, code) => errors::verdict(code),
        };
        verdict.failure(error)
    });
    let kind = medium(payload).unwrap_or(routes.here().kind);
    let route = route(payload, number(payload, "from").unwrap_or(""), kind, routes).unwrap_or(routes.here());
    let inner = json::object_of(payload, "body");
    let named = json::text(inner, "biz_opaque_callback_data").and_then(SendRef::parse);
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: id.to_owned(),
        send: named.or_else(|| callback::send(request)),
        status: *status,
        provider_status: word.to_owned(),
        at: json::instant(payload, "completed_at").or_else(|| json::instant(payload, "sent_at")),
        recipient: number(payload, "to").map(|wire| address(wire, kind)),
        user_id: None,
        failure,
        pricing: None,
    }))
}
