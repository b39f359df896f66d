//! What Bird's webhooks say: one event each, named `MEDIUM.WHAT`.

use super::{content, errors, line};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent};
use crate::provider::json;
use crate::provider::webhook::{Decoded, Malformed, Method, Other, Received, Routes, StatusReport, WebhookRequest};
use serde_json::Value;

/// Bird's words for how far a message came. Words that are not here are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("accepted", DeliveryStatus::Queued),
    ("sent", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("read", DeliveryStatus::Read),
    ("undelivered", DeliveryStatus::Failed),
    ("failed", DeliveryStatus::Failed),
    ("rejected", DeliveryStatus::Failed),
    ("expired", DeliveryStatus::Failed),
];

/// What is in this request.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("Bird's events come by POST"));
    }
    let body = json::object(request.body)?;
    let event = json::text(&body, "type").ok_or(Malformed("there is no `type`"))?;
    let data = body.get("data").filter(|data| data.is_object()).ok_or(Malformed("there is no `data`"))?;
    let (kind, word) = match event.split_once('.') {
        Some(("sms", word)) => (ChannelKind::Sms, word),
        Some(("whatsapp", word)) => (ChannelKind::WhatsApp, word),
        _ => return Ok(vec![other(event, None)]),
    };
    let id = match kind {
        ChannelKind::WhatsApp => json::text(data, "whatsapp_id"),
        ChannelKind::Sms | ChannelKind::Email => json::text(data, "sms_id"),
    };
    let Some(id) = id.or_else(|| json::text(data, "id")) else { return Ok(vec![other("event_without_message", None)]) };
    let said = Said { body: &body, data, kind, id };
    Ok(vec![match word {
        "received" | "reacted" => message(&said, word, routes),
        _ => status(&said, event, word, routes),
    }])
}

struct Said<'a> {
    body: &'a Value,
    data: &'a Value,
    kind: ChannelKind,
    id: &'a str,
}

fn other(kind: &str, id: Option<&str>) -> Decoded {
    Decoded::Other(Other { kind: kind.to_owned(), id: id.map(str::to_owned), error: None })
}

/// An address is a text for SMS and an object for WhatsApp, where a person may show no phone.
struct Party<'a> {
    address: Address,
    user_id: Option<&'a str>,
    name: Option<&'a str>,
    is_group: bool,
}

fn party<'a>(data: &'a Value, key: &str, kind: ChannelKind) -> Option<Party<'a>> {
    let found = data.get(key)?;
    if let Some(text) = found.as_str().filter(|text| !text.is_empty()) {
        let address = if kind == ChannelKind::WhatsApp { Address::from_whatsapp(text) } else { Address::from_wire(text) };
        return Some(Party { address, user_id: None, name: None, is_group: false });
    }
    let user_id = json::text(found, "bsuid");
    let address = match (json::text(found, "phone_number"), user_id) {
        (Some(phone), _) => Address::from_whatsapp(phone),
        (None, Some(user)) => Address::Bsuid(user.to_owned()),
        (None, None) => return None,
    };
    Some(Party { address, user_id, name: json::text(found, "display_name"), is_group: json::text(found, "group_id").is_some() })
}

fn message(said: &Said<'_>, word: &str, routes: &Routes) -> Decoded {
    if json::text(said.data, "direction") == Some("outbound") {
        return other("own_message", Some(said.id));
    }
    let ours = party(said.data, "to", said.kind);
    let number = ours.as_ref().map_or("", |to| to.address.reveal());
    let Some(route) = routes.find(&line(said.kind, number)) else { return other("unknown_number", Some(said.id)) };
    let Some(from) = party(said.data, "from", said.kind) else { return other("message_without_sender", Some(said.id)) };
    if from.is_group || ours.as_ref().is_some_and(|to| to.is_group) {
        // A reply to a group's member alone would surprise both.
        return other("group_message", Some(said.id));
    }
    let (text, content) = match (word, said.kind) {
        ("reacted", _) => content::reaction(said.data),
        (_, ChannelKind::WhatsApp) => content::whatsapp(said.data),
        (_, ChannelKind::Sms | ChannelKind::Email) => (json::owned(said.data, "text").unwrap_or_default(), InboundContent::Text),
    };
    let at = json::instant(said.data, "created_at").or_else(|| json::instant(said.body, "timestamp"));
    let quoted = json::owned(said.data, "in_reply_to_message_id").or_else(|| json::owned(said.data, "in_reply_to_message"));
    // A reaction has the id of the message that it is on: several of one message must not look like one.
    let id = match word {
        "reacted" => format!("{}:reaction:{}", said.id, at.unwrap_or_default().0),
        _ => said.id.to_owned(),
    };
    let decoded = Inbound {
        channel: route.channel.clone(),
        kind: said.kind,
        from: from.address,
        user_id: from.user_id.map(str::to_owned),
        id,
        at,
        text,
        content,
        profile_name: from.name.map(str::to_owned),
        in_reply_to: quoted,
        answers: None,
        forwarded: false,
        referral: None,
    };
    let segments = json::number(said.data, "segments").map(|n| n.clamp(0.0, 1_000.0) as u32);
    Decoded::Message(Box::new(Received { message: decoded, to: number.to_owned(), segments, part: None, error: None }))
}

fn status(said: &Said<'_>, event: &str, word: &str, routes: &Routes) -> Decoded {
    let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == word) else { return other(event, Some(said.id)) };
    if json::text(said.data, "direction") == Some("inbound") {
        return other("own_read_mark", Some(said.id));
    }
    let ours = party(said.data, "from", said.kind);
    let route = ours.and_then(|from| routes.find(&line(said.kind, from.address.reveal()))).unwrap_or(routes.here());
    let recipient = party(said.data, "to", said.kind);
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let error = errors::of_report(said.data);
        errors::delivery(error.code.as_deref(), word).failure(error)
    });
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: said.id.to_owned(),
        send: json::text(json::object_of(said.data, "metadata"), "send").and_then(SendRef::parse),
        status: *status,
        provider_status: event.to_owned(),
        at: json::instant(said.body, "timestamp"),
        user_id: recipient.as_ref().and_then(|to| to.user_id).map(str::to_owned),
        recipient: recipient.map(|to| to.address),
        failure,
        pricing: None,
    }))
}
