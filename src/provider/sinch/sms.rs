//! The SMS API: what comes, by its `type`, and batches for one person each that leave.

use super::{authorized, digits, errors, other, resource, under};
use crate::config::providers::sinch::SinchSettings;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::limits::SMS_CHARS;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent, Media, Outbound, OutboundContent};
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::webhook::{Decoded, Malformed, ProviderError, Received, Route, Routes, StatusReport};
use crate::provider::{json, meta, mime};
use serde_json::{Map, Value, json};

/// Sinch's words for how far a message came, in any case. Words that are not here (`Unknown`) are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("queued", DeliveryStatus::Queued),
    ("dispatched", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("failed", DeliveryStatus::Failed),
    ("rejected", DeliveryStatus::Failed),
    ("expired", DeliveryStatus::Failed),
    ("aborted", DeliveryStatus::Failed),
    ("cancelled", DeliveryStatus::Failed),
    ("deleted", DeliveryStatus::Failed),
];

/// Files of one message.
const MEDIA_MAX: usize = 10;

/// The message or reports in this callback.
pub fn decode(kind: &str, body: &Value, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    match kind {
        "mo_text" | "mo_binary" | "mo_media" => message(kind, body, routes).map(|one| vec![one]),
        "recipient_delivery_report_sms" | "recipient_delivery_report_mms" => {
            let recipient = json::text(body, "recipient");
            report(body, body, recipient, routes).map(|one| vec![one])
        }
        "delivery_report_sms" | "delivery_report_mms" => {
            let mut out = Vec::new();
            for status in json::list(body, "statuses") {
                // The people are named only with the reports that are asked for in full.
                for recipient in json::list(status, "recipients").iter().filter_map(Value::as_str) {
                    out.push(report(body, status, Some(recipient), routes)?);
                }
            }
            if out.is_empty() {
                out.push(other(kind, json::text(body, "batch_id")));
            }
            Ok(out)
        }
        kind => Ok(vec![other(kind, json::text(body, "id"))]),
    }
}

fn route<'r>(ours: &str, routes: &'r Routes) -> Option<&'r Route> {
    let here = || (routes.here().kind == ChannelKind::Sms && routes.may_be_here(ours)).then(|| routes.here());
    routes.find(digits(ours)).or_else(here)
}

fn message(kind: &str, body: &Value, routes: &Routes) -> Result<Decoded, Malformed> {
    let id = json::text(body, "id").ok_or(Malformed("there is no `id`"))?;
    let wire = json::text(body, "from").ok_or(Malformed("there is no `from`"))?;
    let ours = json::text(body, "to").unwrap_or("");
    let Some(route) = route(ours, routes) else { return Ok(other("unknown_number", Some(id))) };
    let (text, content) = match kind {
        "mo_text" => (json::owned(body, "body").unwrap_or_default(), InboundContent::Text),
        "mo_media" => files(under(body, "body")),
        kind => (String::new(), InboundContent::Unsupported { kind: kind.to_owned() }),
    };
    let message = Inbound {
        channel: route.channel.clone(),
        kind: ChannelKind::Sms,
        from: Address::from_wire(wire),
        user_id: None,
        id: id.to_owned(),
        at: json::instant(body, "sent_at").or_else(|| json::instant(body, "received_at")),
        text,
        content,
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    };
    let to = Address::from_wire(ours).reveal().to_owned();
    Ok(Decoded::Message(Box::new(Received { message, to, segments: None, part: None, error: None })))
}

fn files(body: &Value) -> (String, InboundContent) {
    let text = json::owned(body, "message").or_else(|| json::owned(body, "subject")).unwrap_or_default();
    let file = |media: &Value| {
        let url = json::owned(media, "url")?;
        Some(Media { url: Some(url), id: None, content_type: json::owned(media, "content_type"), filename: None })
    };
    let media: Vec<Media> = json::list(body, "media").iter().filter_map(file).take(MEDIA_MAX).collect();
    if media.is_empty() {
        return (text, InboundContent::Text);
    }
    let kind = media.first().and_then(|m| m.content_type.as_deref()).map(mime::kind);
    (text, InboundContent::Media { kind, media })
}

/// A report about one person of a batch. `status` has the code and the word.
fn report(body: &Value, status: &Value, recipient: Option<&str>, routes: &Routes) -> Result<Decoded, Malformed> {
    let id = json::text(body, "batch_id").ok_or(Malformed("there is no `batch_id`"))?;
    let word = json::text(status, "status").unwrap_or("missing");
    let Some((_, known)) = STATUSES.iter().find(|(known, _)| word.eq_ignore_ascii_case(known)) else {
        return Ok(other(&format!("status_{word}"), Some(id)));
    };
    let code = json::code(status, "code");
    let failure = (*known == DeliveryStatus::Failed)
        .then(|| errors::of_report(code.as_deref()).failure(ProviderError { code: code.clone(), text: String::new() }));
    let route = route(json::text(body, "applied_originator").unwrap_or(""), routes).unwrap_or(routes.here());
    Ok(Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: id.to_owned(),
        send: json::text(body, "client_reference").and_then(SendRef::parse),
        status: *known,
        provider_status: word.to_owned(),
        at: json::instant(body, "operator_status_at").or_else(|| json::instant(body, "at")),
        recipient: recipient.map(Address::from_wire),
        user_id: None,
        failure,
        pricing: None,
    })))
}

/// The request that sends the message.
pub fn encode(settings: &SinchSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let to = match &message.to {
        Address::Phone(phone) => phone.digits(),
        Address::Verbatim(short) => short,
        _ => return Err(EncodeError::Address),
    };
    let (kind, content) = content(&message.content, context.kind)?;
    let mut body = Map::from_iter([
        ("from".to_owned(), digits(&settings.from).into()),
        ("to".to_owned(), json!([to])),
        ("type".to_owned(), kind.into()),
        ("body".to_owned(), content),
        ("delivery_report".to_owned(), "per_recipient".into()),
    ]);
    if let Some(url) = context.status_callback {
        body.insert("callback_url".to_owned(), url.into());
    }
    if let Some(send) = context.send {
        body.insert("client_reference".to_owned(), send.to_string().into());
    }
    json::hand_on(&mut body, message.provider.as_ref());
    Ok(HttpRequest::json(resource(settings, "batches"), authorized(settings), &Value::Object(body)))
}

fn content(content: &OutboundContent, kind: ChannelKind) -> Result<(&'static str, Value), EncodeError> {
    let bounded = |text: &str| meta::bounded("characters of text", text, SMS_CHARS).map(str::to_owned);
    let unsupported = |what: &'static str| Err(EncodeError::Unsupported { provider: "Sinch", what, kind });
    let (media, text) = match content {
        OutboundContent::Text { text } => return Ok(("mt_text", bounded(text)?.into())),
        OutboundContent::Media { media, caption, .. } => (media, caption),
        OutboundContent::Album { .. } => return unsupported("several files in one message"),
        OutboundContent::Template { .. } => return unsupported("an approved template"),
        OutboundContent::Email { .. } => return unsupported("a mail"),
        _ => return unsupported("more than text and a file"),
    };
    let url = media.url.as_deref().filter(|u| !u.is_empty()).ok_or(EncodeError::Empty("the URL of a file"))?;
    let mut body = json!({ "url": url });
    if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
        body["message"] = bounded(text)?.into();
    }
    Ok(("mt_media", body))
}
