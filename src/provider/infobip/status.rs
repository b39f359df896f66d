//! Delivery reports: a group says how far a message came, names say why it did not.

use super::decode::{address, medium, other, route};
use super::errors;
use crate::domain::id::SendRef;
use crate::domain::message::DeliveryStatus;
use crate::provider::json;
use crate::provider::webhook::{Decoded, Routes, StatusReport};
use serde_json::Value;

/// Infobip's groups. Pending messages are with the operator, or on the way there.
const GROUPS: &[(&str, i64, DeliveryStatus)] = &[
    ("PENDING", 1, DeliveryStatus::Sent),
    ("UNDELIVERABLE", 2, DeliveryStatus::Failed),
    ("DELIVERED", 3, DeliveryStatus::Delivered),
    ("EXPIRED", 4, DeliveryStatus::Failed),
    ("REJECTED", 5, DeliveryStatus::Failed),
];

/// Whether a result is a report: messages have no status and were not seen by anybody.
pub fn is_report(result: &Value) -> bool {
    result.get("status").is_some_and(Value::is_object) || json::text(result, "seenAt").is_some()
}

/// One report.
pub fn report(result: &Value, routes: &Routes) -> Decoded {
    let Some(id) = json::code(result, "messageId") else { return other("status_without_id", None) };
    let status = json::object_of(result, "status");
    let group = json::text(status, "groupName").unwrap_or("");
    let number = status.get("groupId").and_then(Value::as_i64);
    let known = GROUPS.iter().find(|(name, id, _)| *name == group || (group.is_empty() && Some(*id) == number));
    let (word, known) = match known {
        // The group says delivered, and the handset's answer is still awaited (Infobip, "Message status codes").
        Some(_) if json::text(status, "name") == Some("DELIVERED_TO_OPERATOR") => ("DELIVERED_TO_OPERATOR", DeliveryStatus::Sent),
        Some((word, _, known)) => (*word, *known),
        None if json::text(result, "seenAt").is_some() => ("SEEN", DeliveryStatus::Read),
        None => return other(&format!("status_{group}"), Some(&id)),
    };
    let Some(kind) = medium(result, routes) else { return other("unknown_medium", Some(&id)) };
    let ours = ["from", "sender"].into_iter().find_map(|key| json::text(result, key)).unwrap_or("");
    let theirs = ["to", "destination"].into_iter().find_map(|key| json::text(result, key));
    let route = route(ours, kind, routes).unwrap_or(routes.here());
    let failure = (known == DeliveryStatus::Failed).then(|| {
        let error = json::object_of(result, "error");
        errors::verdict(status, error).failure(errors::of_report(status, error))
    });
    let at = ["seenAt", "doneAt", "sentAt"].into_iter().find_map(|key| json::instant(result, key));
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id,
        send: json::text(result, "callbackData").and_then(SendRef::parse),
        status: known,
        provider_status: word.to_owned(),
        at,
        recipient: theirs.map(|wire| address(wire, kind)),
        user_id: None,
        failure,
        pricing: None,
    }))
}
