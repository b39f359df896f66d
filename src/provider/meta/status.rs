//! Delivery reports.

use super::{decode, errors};
use crate::domain::address::Address;
use crate::domain::id::SendRef;
use crate::domain::message::DeliveryStatus;
use crate::provider::json;
use crate::provider::webhook::{Decoded, Pricing, Route, StatusReport};
use serde_json::Value;

/// Meta's words. Others (`deleted`, `warning`, `held_for_quality_assessment`) are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("sent", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("read", DeliveryStatus::Read),
    ("failed", DeliveryStatus::Failed),
];

/// One report.
pub fn report(status: &Value, route: &Route) -> Decoded {
    let Some(id) = json::text(status, "id") else { return decode::other("status_without_id", None) };
    let word = json::text(status, "status").unwrap_or("missing");
    let Some((_, known)) = STATUSES.iter().find(|(name, _)| *name == word) else {
        return decode::other(&format!("status_{word}"), Some(id));
    };
    let error = json::list(status, "errors").first().map(errors::error).unwrap_or_default();
    let failed = *known == DeliveryStatus::Failed;
    let user = json::owned(status, "recipient_user_id");
    let pricing = status.get("pricing").and_then(|p| {
        Some(Pricing {
            category: json::owned(p, "category")?,
            billable: p.get("billable").and_then(Value::as_bool).unwrap_or(false),
        })
    });
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: id.to_owned(),
        send: json::text(status, "biz_opaque_callback_data").and_then(SendRef::parse),
        status: *known,
        provider_status: word.to_owned(),
        at: json::moment(status, "timestamp"),
        recipient: json::text(status, "recipient_id").or(user.as_deref()).map(Address::from_whatsapp),
        user_id: user,
        failure: failed.then(|| errors::verdict(error.code.as_deref()).failure(error)),
        pricing,
    }))
}
