//! The envelope of Infobip's webhooks: results, each a message or a report. Nothing in a batch makes the rest of it fail.

use super::{content, line, status};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Inbound, Referral};
use crate::provider::json;
use crate::provider::webhook::{Decoded, Malformed, Method, Other, Received, Route, Routes, WebhookRequest};
use serde_json::Value;

/// Everything in this request, in its order.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("Infobip's webhooks come by POST"));
    }
    let body = json::object(request.body)?;
    let results = body.get("results").and_then(Value::as_array).ok_or(Malformed("there is no `results`"))?;
    Ok(results.iter().map(|result| one(result, routes)).collect())
}

fn one(result: &Value, routes: &Routes) -> Decoded {
    match json::text(result, "event") {
        None | Some("MO") => {}
        // The Messages API calls its reports by name; they have the shape of the others.
        Some("DELIVERY" | "DLR" | "SEEN" | "DELETION" | "TYPING_INDICATOR") if status::is_report(result) => {}
        Some(event) => return other(event, json::text(result, "messageId")),
    }
    if status::is_report(result) { status::report(result, routes) } else { message(result, routes) }
}

/// Something that is kept and decides nothing.
pub fn other(kind: &str, id: Option<&str>) -> Decoded {
    Decoded::Other(Other { kind: kind.to_owned(), id: id.map(str::to_owned), error: None })
}

/// The medium of a result: what it says, else that of the channel that was called.
pub fn medium(result: &Value, routes: &Routes) -> Option<ChannelKind> {
    let word = json::text(result, "integrationType").or_else(|| json::text(result, "channel"));
    match word.map(str::to_ascii_uppercase).as_deref() {
        Some("WHATSAPP") => Some(ChannelKind::WhatsApp),
        Some("SMS" | "MMS") => Some(ChannelKind::Sms),
        Some(_) => None,
        // WhatsApp's reports do not say it.
        None => Some(routes.here().kind),
    }
}

/// An address as a result writes it.
pub fn address(wire: &str, kind: ChannelKind) -> Address {
    match kind {
        ChannelKind::WhatsApp => Address::from_whatsapp(wire),
        ChannelKind::Sms | ChannelKind::Email => Address::from_wire(wire),
    }
}

/// The channel of our number, or the one that was called if it has the same medium and no other number.
pub fn route<'r>(ours: &str, kind: ChannelKind, routes: &'r Routes) -> Option<&'r Route> {
    let here = || (routes.here().kind == kind && routes.may_be_here(ours)).then(|| routes.here());
    routes.find(&line(ours, kind)).or_else(here)
}

fn message(result: &Value, routes: &Routes) -> Decoded {
    let Some(id) = json::code(result, "messageId") else { return other("message_without_id", None) };
    // A message without any content of ours to read is something else.
    let Some(wire) = json::text(result, "from").or_else(|| json::text(result, "sender")) else {
        return other("message_without_sender", Some(&id));
    };
    let ours = json::text(result, "to").or_else(|| json::text(result, "destination")).unwrap_or("");
    let Some(kind) = medium(result, routes) else { return other("unknown_medium", Some(&id)) };
    let Some(route) = route(ours, kind, routes) else { return other("unknown_number", Some(&id)) };
    let from = address(wire, kind);
    let user_id = match &from {
        Address::Bsuid(user) => Some(user.clone()),
        _ => None,
    };
    let (text, content) = content::read(result);
    let inner = json::object_of(result, "message");
    let message = Inbound {
        channel: route.channel.clone(),
        kind,
        from,
        user_id,
        id,
        at: json::instant(result, "receivedAt"),
        text,
        content,
        profile_name: json::owned(json::object_of(result, "contact"), "name"),
        in_reply_to: json::owned(json::object_of(inner, "context"), "id"),
        answers: None,
        forwarded: false,
        referral: inner.get("referral").filter(|r| r.is_object()).map(|r| Referral {
            source_id: json::owned(r, "sourceId"),
            source_type: json::owned(r, "sourceType").map(|word| word.to_ascii_lowercase()),
            ctwa_clid: json::owned(r, "ctwaClickId").or_else(|| json::owned(r, "ctwaClid")),
        }),
    };
    let count = json::number(result, "smsCount").or_else(|| json::number(result, "messageCount"));
    let segments = count.filter(|n| kind == ChannelKind::Sms && (0.0..=255.0).contains(n)).map(|n| n as u32);
    let to = address(ours, kind).reveal().to_owned();
    Decoded::Message(Box::new(Received { message, to, segments, part: None, error: None }))
}
