//! The callbacks of a Gupshup app: messages, what became of ours, opt-ins and opt-outs, templates.

use super::{content, errors};
use crate::domain::address::Address;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent};
use crate::domain::time::Millis;
use crate::provider::webhook::{
    Decoded, Malformed, Method, Other, ProviderError, Received, Route, Routes, StatusReport, TemplateStatus, WebhookRequest,
};
use crate::provider::{json, meta};
use serde_json::Value;

/// Gupshup's words. Others (`deleted`, `mismatch`) are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    // Meta has it.
    ("enqueued", DeliveryStatus::Sent),
    ("sent", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("read", DeliveryStatus::Read),
    ("failed", DeliveryStatus::Failed),
];

/// What the callback says.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("a callback is a POST"));
    }
    let body = json::object(request.body)?;
    if body.get("entry").is_some() {
        return of_meta(body, routes);
    }
    let kind = json::text(&body, "type").ok_or(Malformed("there is no `type`"))?;
    let app = json::text(&body, "app").unwrap_or("");
    let payload = json::object_of(&body, "payload");
    // What another app says is not the channel's.
    let here = || (app.is_empty() || !routes.is_named()).then(|| routes.here());
    let Some(route) = routes.find(app).or_else(here) else {
        return Ok(vec![other("unknown_number", json::text(payload, "id"))]);
    };
    let at = json::moment(&body, "timestamp");
    let said = match kind {
        "message" => message(payload, app, at, route),
        "message-event" => report(payload, at, route),
        "user-event" => user(payload, app, at, route),
        "template-event" => template(payload),
        other => self::other(other, None),
    };
    Ok(vec![said])
}

fn other(kind: &str, id: Option<&str>) -> Decoded {
    Decoded::Other(Other { kind: kind.to_owned(), id: id.map(str::to_owned), error: None })
}

fn message(payload: &Value, app: &str, at: Option<Millis>, route: &Route) -> Decoded {
    let Some(id) = json::text(payload, "id") else { return other("message_without_id", None) };
    let sender = json::object_of(payload, "sender");
    let Some(from) = json::text(payload, "source").or_else(|| json::text(sender, "phone")) else {
        return other("message_without_sender", Some(id));
    };
    let context = json::object_of(payload, "context");
    let (text, content) = content::read(payload);
    let mut received = received(from, app, id, at, route);
    received.message.text = text;
    received.message.content = content;
    received.message.profile_name = json::owned(sender, "name");
    // Our own messages are known by Gupshup's id of them.
    received.message.in_reply_to = json::owned(context, "gsId").or_else(|| json::owned(context, "id"));
    received.message.forwarded =
        ["forwarded", "frequently_forwarded"].iter().any(|key| context.get(key) == Some(&Value::Bool(true)));
    Decoded::Message(Box::new(received))
}

fn received(from: &str, app: &str, id: &str, at: Option<Millis>, route: &Route) -> Received {
    let from = Address::from_whatsapp(from);
    let message = Inbound {
        channel: route.channel.clone(),
        kind: route.kind,
        user_id: match &from {
            Address::Bsuid(user) => Some(user.clone()),
            _ => None,
        },
        from,
        id: id.to_owned(),
        at,
        text: String::new(),
        content: InboundContent::Text,
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    };
    Received { message, to: app.to_owned(), segments: None, part: None, error: None }
}

/// Only some events carry `gsId`, Gupshup's own id, by which the send is known; where it is missing `id` is that.
fn report(payload: &Value, at: Option<Millis>, route: &Route) -> Decoded {
    let Some(id) = json::text(payload, "gsId").or_else(|| json::text(payload, "id")) else {
        return other("status_without_id", None);
    };
    let word = json::text(payload, "type").unwrap_or("missing");
    let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == word) else {
        return other(&format!("status_{word}"), Some(id));
    };
    let details = json::object_of(payload, "payload");
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let error = ProviderError { code: json::code(details, "code"), text: json::owned(details, "reason").unwrap_or_default() };
        errors::verdict(error.code.as_deref()).failure(error)
    });
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: id.to_owned(),
        send: None,
        status: *status,
        provider_status: word.to_owned(),
        at: json::moment(details, "ts").or(at),
        recipient: json::text(payload, "destination").map(Address::from_whatsapp),
        user_id: None,
        failure,
        pricing: None,
    }))
}

/// A person opted in or out at Gupshup. It has no id: one is made of what it says and when.
fn user(payload: &Value, app: &str, at: Option<Millis>, route: &Route) -> Decoded {
    let word = match json::text(payload, "type") {
        Some("opted-out") => "STOP",
        Some("opted-in") => "START",
        kind => return other(kind.unwrap_or("user-event"), None),
    };
    let Some(phone) = json::text(payload, "phone") else { return other("user-event", None) };
    let id = format!("preference:{phone}:{word}:{}", at.unwrap_or_default().0);
    let mut received = received(phone, app, &id, at, route);
    received.message.content = InboundContent::OptOut { word: word.to_owned(), scope: None };
    Decoded::Message(Box::new(received))
}

/// Templates are named by their id here, as in a flow.
fn template(payload: &Value) -> Decoded {
    let name = json::owned(payload, "id").or_else(|| json::owned(payload, "elementName"));
    let (Some(template), Some(event)) = (name, json::text(payload, "status")) else { return other("template-event", None) };
    Decoded::Template(TemplateStatus {
        template,
        language: json::owned(payload, "languageCode"),
        event: event.to_ascii_uppercase(),
        reason: json::owned(payload, "rejectedReason"),
    })
}

/// Meta's own JSON, as it came for this one app. Ours are known by Gupshup's id where it stands beside Meta's.
fn of_meta(mut body: Value, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    let reports = body.get_mut("entry").and_then(Value::as_array_mut).into_iter().flatten();
    let changes = reports.filter_map(|entry| entry.get_mut("changes")?.as_array_mut()).flatten();
    for report in changes.filter_map(|change| change.get_mut("value")?.get_mut("statuses")?.as_array_mut()).flatten() {
        if let Some(id) = json::owned(report, "gs_id") {
            report["id"] = id.into();
        }
    }
    meta::read(&body, &routes.clone().or_here())
}
