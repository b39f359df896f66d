//! What the Conversation API calls back: an envelope of an app with one thing in it.

use super::{app, errors, other, under};
use crate::config::providers::sinch::{SinchApi, SinchSettings};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent, Location, Media, OrderItem};
use crate::domain::value::Value as OurValue;
use crate::provider::json;
use crate::provider::webhook::{Decoded, Received, Route, Routes, StatusReport};
use serde_json::Value;

/// Sinch's words for how far a message came. Words that are not here (`SWITCHING_CHANNEL`) are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("QUEUED_ON_CHANNEL", DeliveryStatus::Sent),
    ("DELIVERED", DeliveryStatus::Delivered),
    ("READ", DeliveryStatus::Read),
    ("FAILED", DeliveryStatus::Failed),
];

/// What one callback of an app says.
pub fn decode(settings: &SinchSettings, app_id: &str, body: &Value, routes: &Routes) -> Decoded {
    let inside = |key: &str| body.get(key).filter(|value| value.is_object());
    if let Some(found) = inside("message") {
        return message(settings, app_id, body, found, routes);
    }
    if let Some(found) = inside("message_delivery_report") {
        return report(settings, app_id, body, found, routes);
    }
    if let Some(found) = inside("opt_out_notification") {
        return opt_out(settings, app_id, body, found, routes);
    }
    // An opt-in is one that somebody registered at Sinch: no word of the person, and theirs is the stronger.
    let known = ["message_submit_notification", "opt_in_notification", "event", "contact_create_notification"];
    let kind = known.into_iter().find(|key| inside(key).is_some()).unwrap_or("unknown_callback");
    other(kind, json::text(under(body, kind), "message_id"))
}

/// The medium of a channel identity.
fn medium(identity: &Value) -> Option<ChannelKind> {
    match json::text(identity, "channel")? {
        "WHATSAPP" => Some(ChannelKind::WhatsApp),
        "SMS" | "MMS" => Some(ChannelKind::Sms),
        _ => None,
    }
}

fn address(wire: &str, kind: ChannelKind) -> Address {
    match kind {
        ChannelKind::WhatsApp => Address::from_whatsapp(wire),
        ChannelKind::Sms | ChannelKind::Email => Address::from_wire(wire),
    }
}

/// The channel of an app on this medium.
fn route<'r>(settings: &SinchSettings, app_id: &str, kind: ChannelKind, routes: &'r Routes) -> Option<&'r Route> {
    let ours = matches!(&settings.api, SinchApi::Conversation { app_id: own, .. } if own == app_id);
    routes.find(&app(app_id, kind)).or_else(|| (ours && routes.here().kind == kind).then(|| routes.here()))
}

fn message(settings: &SinchSettings, app_id: &str, body: &Value, message: &Value, routes: &Routes) -> Decoded {
    let Some(id) = json::text(message, "id") else { return other("message_without_id", None) };
    if json::text(message, "direction").is_some_and(|direction| direction != "TO_APP") {
        return other("message_of_ours", Some(id));
    }
    let identity = under(message, "channel_identity");
    let Some(kind) = medium(identity) else { return other("unknown_medium", Some(id)) };
    let Some(wire) = json::text(identity, "identity") else { return other("message_without_sender", Some(id)) };
    let Some(route) = route(settings, app_id, kind, routes) else { return other("unknown_number", Some(id)) };
    let from = address(wire, kind);
    let user_id = match &from {
        Address::Bsuid(user) => Some(user.clone()),
        _ => None,
    };
    let contact = under(message, "contact_message");
    let (text, content) = content(contact);
    let answered = json::owned(under(contact, "reply_to"), "message_id");
    let pressed = json::owned(under(contact, "choice_response_message"), "message_id");
    let message = Inbound {
        channel: route.channel.clone(),
        kind,
        from,
        user_id,
        id: id.to_owned(),
        at: json::instant(body, "event_time").or_else(|| json::instant(message, "accept_time")),
        text,
        content,
        profile_name: None,
        in_reply_to: answered.or(pressed),
        answers: None,
        forwarded: false,
        referral: None,
    };
    Decoded::Message(Box::new(Received { message, to: app_id.to_owned(), segments: None, part: None, error: None }))
}

/// A person opted out at Sinch or at the channel. What could not be registered decides nothing.
fn opt_out(settings: &SinchSettings, app_id: &str, body: &Value, told: &Value, routes: &Routes) -> Decoded {
    let id = json::text(told, "request_id");
    if json::text(told, "status") != Some("OPT_OUT_SUCCEEDED") {
        return other("opt_out_notification", id);
    }
    let Some(kind) = medium(told) else { return other("unknown_medium", id) };
    let Some(wire) = json::text(told, "identity") else { return other("opt_out_without_person", id) };
    let Some(route) = route(settings, app_id, kind, routes) else { return other("unknown_number", id) };
    let from = address(wire, kind);
    let when = id.or_else(|| json::text(body, "event_time")).unwrap_or("");
    let message = Inbound {
        channel: route.channel.clone(),
        kind,
        user_id: match &from {
            Address::Bsuid(user) => Some(user.clone()),
            _ => None,
        },
        from,
        id: format!("preference:{wire}:STOP:{when}"),
        at: json::instant(body, "event_time"),
        text: String::new(),
        content: InboundContent::OptOut { word: "STOP".to_owned(), scope: None },
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    };
    Decoded::Message(Box::new(Received { message, to: app_id.to_owned(), segments: None, part: None, error: None }))
}

/// The text and the content, by the field that is there.
fn content(contact: &Value) -> (String, InboundContent) {
    let part = |key: &str| contact.get(key).filter(|value| value.is_object());
    if let Some(text) = part("text_message") {
        return (json::owned(text, "text").unwrap_or_default(), InboundContent::Text);
    }
    if let Some(media) = part("media_message") {
        return (String::new(), file(media));
    }
    if let Some(card) = part("media_card_message") {
        return (json::owned(card, "caption").unwrap_or_default(), file(card));
    }
    if let Some(choice) = part("choice_response_message") {
        let payload = json::owned(choice, "postback_data").unwrap_or_default();
        return (json::owned(choice, "text").unwrap_or_default(), InboundContent::ButtonReply { payload });
    }
    if let Some(place) = part("location_message") {
        return (String::new(), self::place(place));
    }
    if let Some(order) = part("product_response_message") {
        let items = json::list(order, "products").iter().map(item).collect();
        let catalog = json::owned(order, "catalog_id").unwrap_or_default();
        return (json::owned(order, "title").unwrap_or_default(), InboundContent::Order { catalog, items });
    }
    if let Some(special) = part("channel_specific_message") {
        return channel_specific(special);
    }
    let kind = contact.as_object().and_then(|all| all.keys().find(|key| key.ends_with("_message")));
    (String::new(), InboundContent::Unsupported { kind: kind.cloned().unwrap_or_else(|| "unknown".to_owned()) })
}

/// WhatsApp's forms come as JSON in a text, written by the person's app: anything can be in it.
fn channel_specific(special: &Value) -> (String, InboundContent) {
    let kind = json::text(special, "message_type").unwrap_or("unknown");
    let reply = under(under(special, "message"), "nfm_reply");
    let form = json::text(reply, "response_json").and_then(|text| serde_json::from_str::<Value>(text).ok());
    match form.map(OurValue::from_json) {
        Some(OurValue::Map(form)) => (json::owned(reply, "body").unwrap_or_default(), InboundContent::FormReply { form }),
        _ => (String::new(), InboundContent::Unsupported { kind: format!("channel_specific:{kind}") }),
    }
}

fn file(media: &Value) -> InboundContent {
    let media =
        Media { url: json::owned(media, "url"), id: None, content_type: None, filename: json::owned(media, "filename_override") };
    InboundContent::Media { kind: None, media: vec![media] }
}

fn place(place: &Value) -> InboundContent {
    let at = under(place, "coordinates");
    match (json::number(at, "latitude"), json::number(at, "longitude")) {
        (Some(lat), Some(lon)) => InboundContent::Location(Location {
            lat,
            lon,
            name: json::owned(place, "title"),
            address: json::owned(place, "label"),
        }),
        _ => InboundContent::Unsupported { kind: "location_message".to_owned() },
    }
}

fn item(item: &Value) -> OrderItem {
    OrderItem {
        sku: json::code(item, "id").unwrap_or_default(),
        qty: json::number(item, "quantity").unwrap_or_default(),
        price: json::number(item, "item_price").unwrap_or_default(),
        currency: json::owned(item, "currency").unwrap_or_default(),
    }
}

fn report(settings: &SinchSettings, app_id: &str, body: &Value, report: &Value, routes: &Routes) -> Decoded {
    let Some(id) = json::text(report, "message_id") else { return other("status_without_id", None) };
    let word = json::text(report, "status").unwrap_or("missing");
    let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == word) else {
        return other(&format!("status_{word}"), Some(id));
    };
    let identity = under(report, "channel_identity");
    let kind = medium(identity).unwrap_or(routes.here().kind);
    let route = route(settings, app_id, kind, routes).unwrap_or(routes.here());
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let reason = under(report, "reason");
        errors::of_reason(reason).failure(errors::reason(reason))
    });
    let named = json::text(report, "metadata").or_else(|| json::text(body, "message_metadata"));
    let recipient = json::text(identity, "identity").map(|wire| address(wire, kind));
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: id.to_owned(),
        send: named.and_then(SendRef::parse),
        status: *status,
        provider_status: word.to_owned(),
        at: json::instant(body, "event_time"),
        user_id: match &recipient {
            Some(Address::Bsuid(user)) => Some(user.clone()),
            _ => None,
        },
        recipient,
        failure,
        pricing: None,
    }))
}
