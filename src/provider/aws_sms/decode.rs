//! What the topics of a number bring: replies, and the events of a configuration set.

use super::errors;
use crate::domain::address::Address;
use crate::domain::id::SendRef;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent};
use crate::provider::json;
use crate::provider::sns::{self, Opened};
use crate::provider::webhook::{
    Decoded, Malformed, Method, Other, ProviderError, Received, Routes, StatusReport, WebhookRequest,
};
use serde_json::Value;

/// How far an event says that a message came; those that are in neither table are kept and decide nothing.
const EVENTS: &[(&str, DeliveryStatus)] = &[
    ("TEXT_QUEUED", DeliveryStatus::Queued),
    ("TEXT_PENDING", DeliveryStatus::Queued),
    ("TEXT_SENT", DeliveryStatus::Sent),
    // The carrier took it; many say no more.
    ("TEXT_SUCCESSFUL", DeliveryStatus::Sent),
    ("TEXT_DELIVERED", DeliveryStatus::Delivered),
];

/// Whether a body is an envelope of SNS and not the message itself.
pub fn is_envelope(body: &Value) -> bool {
    body.get("Type").is_some() || body.get("TopicArn").is_some()
}

/// What the request brings, in its envelope or without.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("a notification is a POST"));
    }
    let body = json::object(request.body)?;
    if !is_envelope(&body) {
        return Ok(vec![said(&body, routes).unwrap_or_else(|_| other("sns_message", None))]);
    }
    let message = match sns::open(&body)? {
        Opened::Message(message) => message,
        Opened::Said(said) => return Ok(vec![said]),
    };
    match serde_json::from_str::<Value>(&message) {
        Ok(inner) if inner.is_object() => Ok(vec![said(&inner, routes).unwrap_or_else(|_| other("sns_message", None))]),
        // SNS lets whoever may publish there write anything.
        _ => Ok(vec![other("sns_text", json::text(&body, "MessageId"))]),
    }
}

fn other(kind: &str, id: Option<&str>) -> Decoded {
    Decoded::Other(Other { kind: kind.to_owned(), id: id.map(str::to_owned), error: None })
}

fn said(body: &Value, routes: &Routes) -> Result<Decoded, Malformed> {
    if let Some(event) = json::text(body, "eventType") {
        return Ok(report(body, event, routes));
    }
    let id = json::text(body, "inboundMessageId").ok_or(Malformed("neither a message nor an event"))?;
    let from = json::text(body, "originationNumber").ok_or(Malformed("there is no originationNumber"))?;
    let to = json::text(body, "destinationNumber").unwrap_or("");
    // A topic may carry what comes for numbers that no channel has.
    let route = routes.find(to).or_else(|| routes.may_be_here(to).then(|| routes.here()));
    let Some(route) = route else { return Ok(other("unknown_number", Some(id))) };
    let message = Inbound {
        channel: route.channel.clone(),
        kind: route.kind,
        from: Address::from_wire(from),
        user_id: None,
        id: id.to_owned(),
        at: None,
        text: json::owned(body, "messageBody").unwrap_or_default(),
        content: InboundContent::Text,
        profile_name: None,
        in_reply_to: json::owned(body, "previousPublishedMessageId"),
        answers: None,
        forwarded: false,
        referral: None,
    };
    Ok(Decoded::Message(Box::new(Received { message, to: to.to_owned(), segments: None, part: None, error: None })))
}

fn report(body: &Value, event: &str, routes: &Routes) -> Decoded {
    let Some(id) = json::text(body, "messageId") else { return other("event_without_id", None) };
    let reached = EVENTS.iter().find(|(known, _)| *known == event).map(|(_, status)| (*status, None));
    let failed = || errors::of_event(event).map(|verdict| (DeliveryStatus::Failed, Some(verdict)));
    let Some((status, verdict)) = reached.or_else(failed) else { return other(&format!("event_{event}"), Some(id)) };
    let failure = verdict.map(|verdict| {
        let text = json::owned(body, "messageStatusDescription").unwrap_or_default();
        verdict.failure(ProviderError { code: Some(event.to_owned()), text })
    });
    let ours = json::text(body, "originationPhoneNumber").unwrap_or("");
    Decoded::Status(Box::new(StatusReport {
        channel: routes.find(ours).unwrap_or(routes.here()).channel.clone(),
        id: id.to_owned(),
        send: json::text(json::object_of(body, "context"), super::encode::SEND).and_then(SendRef::parse),
        status,
        provider_status: json::owned(body, "messageStatus").unwrap_or_else(|| event.to_owned()),
        at: json::moment(body, "eventTimestamp"),
        recipient: json::text(body, "destinationPhoneNumber").map(Address::from_wire),
        user_id: None,
        failure,
        pricing: None,
    }))
}
