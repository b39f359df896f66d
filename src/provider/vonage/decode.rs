//! What Vonage's webhooks say: one object each, a message or what became of one.

use super::{content, errors, line};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::message::{DeliveryStatus, Inbound, Referral};
use crate::provider::json;
use crate::provider::webhook::{Decoded, Malformed, Method, Other, Pricing, Received, Routes, StatusReport, WebhookRequest};
use serde_json::Value;

/// Vonage's words for how far a message came. Words that are not here are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("submitted", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("read", DeliveryStatus::Read),
    ("rejected", DeliveryStatus::Failed),
    ("undeliverable", DeliveryStatus::Failed),
];

/// What is in this request.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("webhooks of the Messages API come by POST"));
    }
    let body = json::object(request.body)?;
    let Some(id) = json::text(&body, "message_uuid") else {
        return Err(match body.get("messageId") {
            Some(_) => Malformed("this is of the SMS API: the account's SMS settings must name the Messages API"),
            None => Malformed("there is no `message_uuid`"),
        });
    };
    let decoded = if body.get("message_type").is_some() { message(&body, id, routes)? } else { status(&body, id, routes) };
    Ok(vec![decoded])
}

fn other(kind: &str, id: &str) -> Decoded {
    Decoded::Other(Other { kind: kind.to_owned(), id: Some(id.to_owned()), error: None })
}

fn kind_of(body: &Value) -> Option<ChannelKind> {
    match json::text(body, "channel")? {
        "sms" | "mms" => Some(ChannelKind::Sms),
        "whatsapp" => Some(ChannelKind::WhatsApp),
        _ => None,
    }
}

fn address(kind: ChannelKind, wire: &str) -> Address {
    match kind {
        ChannelKind::WhatsApp => Address::from_whatsapp(wire),
        ChannelKind::Sms | ChannelKind::Email => Address::from_wire(wire),
    }
}

fn message(body: &Value, id: &str, routes: &Routes) -> Result<Decoded, Malformed> {
    let Some(kind) = kind_of(body) else { return Ok(other("unknown_medium", id)) };
    let from = json::text(body, "from").ok_or(Malformed("there is no `from`"))?;
    let ours = json::text(body, "to").unwrap_or("");
    // The account's webhook gets what people write to any of its numbers.
    let Some(route) = routes.find(&line(kind, ours)) else { return Ok(other("unknown_number", id)) };
    let from = address(kind, from);
    let user_id = match &from {
        Address::Bsuid(user) => Some(user.clone()),
        _ => None,
    };
    let (text, content) = content::read(body);
    let context = json::object_of(body, "context");
    let referral = json::object_of(json::object_of(body, "whatsapp"), "referral");
    let message = Inbound {
        channel: route.channel.clone(),
        kind,
        from,
        user_id,
        id: id.to_owned(),
        at: json::instant(body, "timestamp"),
        text,
        content,
        profile_name: json::owned(json::object_of(body, "profile"), "name"),
        in_reply_to: json::owned(context, "message_uuid"),
        answers: None,
        forwarded: false,
        referral: referral.is_object().then(|| Referral {
            source_id: json::owned(referral, "source_id"),
            source_type: json::owned(referral, "source_type"),
            ctwa_clid: json::owned(referral, "ctwa_clid"),
        }),
    };
    let segments = json::number(json::object_of(body, "sms"), "num_messages").map(|n| n.clamp(0.0, 1_000.0) as u32);
    let to = address(kind, ours).reveal().to_owned();
    Ok(Decoded::Message(Box::new(Received { message, to, segments, part: None, error: None })))
}

fn status(body: &Value, id: &str, routes: &Routes) -> Decoded {
    let word = json::text(body, "status").unwrap_or("missing");
    let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == word) else {
        return other(&format!("status_{word}"), id);
    };
    let kind = kind_of(body).unwrap_or(routes.here().kind);
    let route = json::text(body, "from").and_then(|ours| routes.find(&line(kind, ours))).unwrap_or(routes.here());
    let whatsapp = json::object_of(body, "whatsapp");
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let error = errors::error(json::object_of(body, "error"));
        errors::verdict(error.code.as_deref()).failure(error)
    });
    let paid = json::number(json::object_of(body, "usage"), "price").is_some_and(|price| price > 0.0);
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: id.to_owned(),
        send: json::text(body, "client_ref").and_then(SendRef::parse),
        status: *status,
        provider_status: word.to_owned(),
        at: json::instant(body, "timestamp"),
        recipient: json::text(body, "to").map(|to| address(kind, to)),
        user_id: json::owned(json::object_of(whatsapp, "recipient"), "user_id"),
        failure,
        pricing: json::owned(json::object_of(whatsapp, "pricing"), "category")
            .map(|category| Pricing { category, billable: paid }),
    }))
}
