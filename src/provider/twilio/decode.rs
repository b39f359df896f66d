//! What Twilio's webhooks say. One URL takes messages and status callbacks; they differ by `MessageStatus`.

use super::{WHATSAPP, errors};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent, Location, Media, MediaKind, Referral};
use crate::domain::value::Value;
use crate::provider::form::{Form, is_form};
use crate::provider::webhook::{
    Decoded, Malformed, Method, Other, ProviderError, Received, Route, Routes, StatusReport, WebhookRequest,
};
use crate::provider::{callback, mime};

/// Twilio sends at most ten files with a message.
const MEDIA_MAX: usize = 10;

/// Twilio's words for how far a message came. Words that are not here are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("accepted", DeliveryStatus::Queued),
    ("scheduled", DeliveryStatus::Queued),
    ("queued", DeliveryStatus::Queued),
    ("sending", DeliveryStatus::Queued),
    ("sent", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("read", DeliveryStatus::Read),
    ("undelivered", DeliveryStatus::Failed),
    ("failed", DeliveryStatus::Failed),
    ("canceled", DeliveryStatus::Failed),
];

/// The messages and reports in this request.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    let form = match request.method {
        Method::Get => Form::read(request.query().as_bytes()),
        Method::Post if is_form(request) => Form::read(request.body),
        Method::Post => return Ok(vec![Decoded::Other(Other { kind: "json".to_owned(), ..Other::default() })]),
    };
    let id = form.get("MessageSid").or_else(|| form.get("SmsSid")).or_else(|| form.get("SmsMessageSid"));
    let id = id.ok_or(Malformed("there is no MessageSid"))?;
    let word = form.get("MessageStatus").or_else(|| form.get("SmsStatus"));
    let is_message = form.get("MessageStatus").is_none_or(is_arrival) && word.is_none_or(is_arrival);
    if is_message { message(&form, id, routes) } else { Ok(vec![status(request, &form, id, word.unwrap_or_default(), routes)]) }
}

fn is_arrival(word: &str) -> bool {
    matches!(word, "received" | "receiving" | "inbound")
}

/// Splits `whatsapp:+44…` into the medium and the rest; other prefixes (`messenger:`, `rcs:`) are media that we do not have.
fn medium(wire: &str) -> Option<(ChannelKind, Address)> {
    match wire.strip_prefix(WHATSAPP) {
        Some(user) => Some((ChannelKind::WhatsApp, Address::from_whatsapp(user))),
        None if wire.contains(':') => None,
        None => Some((ChannelKind::Sms, Address::from_wire(wire))),
    }
}

/// The channel of our number, or of the messaging service, or the one that was called if it has the same medium and no other number.
fn route<'r>(form: &Form<'_>, ours: &str, kind: ChannelKind, routes: &'r Routes) -> Option<&'r Route> {
    let service = form.get("MessagingServiceSid").map(|sid| format!("{}{sid}", super::prefix(kind)));
    let found = routes.find(ours).or_else(|| routes.find(service.as_deref()?));
    found.or_else(|| (routes.here().kind == kind && routes.may_be_here(ours)).then(|| routes.here()))
}

fn message(form: &Form<'_>, id: &str, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    let other = |kind: &str| Ok(vec![Decoded::Other(Other { kind: kind.to_owned(), id: Some(id.to_owned()), error: None })]);
    let wire = form.get("From").ok_or(Malformed("there is no From"))?;
    let to = form.raw("To").unwrap_or("");
    let Some((kind, from)) = medium(wire) else { return other("unknown_medium") };
    let Some(route) = route(form, to, kind, routes) else { return other("unknown_number") };
    let user_id = match &from {
        Address::Bsuid(user) => Some(user.clone()),
        _ => form.get("ExternalUserId").map(|u| u.strip_prefix(WHATSAPP).unwrap_or(u).to_owned()),
    };
    let (text, content) = content(form);
    let referral = Referral {
        source_id: form.owned("ReferralSourceId"),
        source_type: form.owned("ReferralSourceType"),
        ctwa_clid: form.owned("ReferralCtwaClid"),
    };
    let message = Inbound {
        channel: route.channel.clone(),
        kind,
        from,
        user_id,
        id: id.to_owned(),
        at: None,
        text,
        content,
        profile_name: form.owned("ProfileName"),
        in_reply_to: form.owned("OriginalRepliedMessageSid"),
        answers: None,
        forwarded: form.is("Forwarded") || form.is("FrequentlyForwarded"),
        referral: (referral != Referral::default()).then_some(referral),
    };
    let to = to.strip_prefix(WHATSAPP).unwrap_or(to).to_owned();
    let segments = form.get("NumSegments").and_then(|n| n.parse().ok());
    Ok(vec![Decoded::Message(Box::new(Received { message, to, segments, part: None, error: None }))])
}

/// The text and what kind of message it is, by the fields that are there: `MessageType` is often missing.
fn content(form: &Form<'_>) -> (String, InboundContent) {
    let body = form.raw("Body").unwrap_or("").to_owned();
    let or_body = |name: &str| if body.is_empty() { form.raw(name).unwrap_or("").to_owned() } else { body.clone() };
    let kind = form.get("MessageType").unwrap_or("");
    if let Some(word) =
        form.get("OptOutType").map(str::to_ascii_uppercase).filter(|w| matches!(w.as_str(), "STOP" | "START" | "HELP"))
    {
        return (body, InboundContent::OptOut { word, scope: None });
    }
    if let Some(payload) = form.get("ButtonPayload").or_else(|| form.get("ButtonText")) {
        return (or_body("ButtonText"), InboundContent::ButtonReply { payload: payload.to_owned() });
    }
    if let Some(payload) = form.owned("ListId") {
        return (or_body("ListTitle"), InboundContent::ListReply { payload, description: form.owned("ListDescription") });
    }
    if let Some(Value::Map(fields)) = form.get("InteractiveData").or_else(|| form.get("FlowData")).and_then(json_text) {
        return (body, InboundContent::FormReply { form: fields });
    }
    if let (Some(lat), Some(lon)) = (form.number("Latitude"), form.number("Longitude")) {
        let place = Location { lat, lon, name: form.owned("Label"), address: form.owned("Address") };
        return (body, InboundContent::Location(place));
    }
    let media = media(form);
    if !media.is_empty() {
        let kind = media_kind(kind, media.first().and_then(|m| m.content_type.as_deref()));
        return (body, InboundContent::Media { kind, media });
    }
    match (kind, form.owned("OriginalRepliedMessageSid")) {
        ("reaction", Some(message)) => {
            let emoji = (!body.is_empty()).then(|| body.clone());
            (body, InboundContent::Reaction { message, emoji })
        }
        ("" | "text" | "sms", _) => (body, InboundContent::Text),
        (_, _) if !body.is_empty() => (body, InboundContent::Text),
        (unknown, _) => (body, InboundContent::Unsupported { kind: unknown.to_owned() }),
    }
}

fn json_text(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().map(Value::from_json)
}

fn media(form: &Form<'_>) -> Vec<Media> {
    let count: usize = form.get("NumMedia").and_then(|n| n.parse().ok()).unwrap_or(0);
    let file = |index: usize| {
        let url = form.owned(&format!("MediaUrl{index}"))?;
        Some(Media { url: Some(url), id: None, content_type: form.owned(&format!("MediaContentType{index}")), filename: None })
    };
    (0..count.min(MEDIA_MAX)).filter_map(file).collect()
}

fn media_kind(word: &str, content_type: Option<&str>) -> Option<MediaKind> {
    let named = |word: &str| match word {
        "image" => Some(MediaKind::Image),
        "video" => Some(MediaKind::Video),
        "audio" => Some(MediaKind::Audio),
        "document" => Some(MediaKind::Document),
        "sticker" => Some(MediaKind::Sticker),
        _ => None,
    };
    named(word).or_else(|| content_type.map(mime::kind))
}

fn status(request: &WebhookRequest<'_>, form: &Form<'_>, id: &str, word: &str, routes: &Routes) -> Decoded {
    let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == word) else {
        return Decoded::Other(Other { kind: format!("status_{word}"), id: Some(id.to_owned()), error: None });
    };
    let code = form.get("ErrorCode").filter(|code| *code != "0");
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let text = form.get("ErrorMessage").or_else(|| form.get("ChannelStatusMessage")).unwrap_or("").to_owned();
        errors::verdict(code).failure(ProviderError { code: code.map(str::to_owned), text })
    });
    let ours = form.get("From").unwrap_or("");
    let recipient = form.get("To").and_then(medium);
    let kind = recipient.as_ref().map_or(routes.here().kind, |(kind, _)| *kind);
    let route = route(form, ours, kind, routes).unwrap_or(routes.here());
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: id.to_owned(),
        send: callback::send(request),
        status: *status,
        provider_status: word.to_owned(),
        at: None,
        recipient: recipient.map(|(_, address)| address),
        user_id: None,
        failure,
        pricing: None,
    }))
}
