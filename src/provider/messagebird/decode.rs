//! What MessageBird's webhooks say. A report has a `status` and no text; short codes have names of their own for everything.

use super::{errors, line};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent, Media};
use crate::domain::time::Millis;
use crate::provider::form::{self, Form};
use crate::provider::json;
use crate::provider::webhook::{
    Decoded, Malformed, Method, Other, ProviderError, Received, Routes, StatusReport, WebhookRequest,
};
use url::form_urlencoded;

/// MessageBird's words for how far a message came. Words that are not here are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("scheduled", DeliveryStatus::Queued),
    ("buffered", DeliveryStatus::Sent),
    ("sent", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("expired", DeliveryStatus::Failed),
    ("delivery_failed", DeliveryStatus::Failed),
];

/// Files of one message.
const MEDIA_MAX: usize = 10;

/// The message or report in this request.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method == Method::Post && !form::is_form(request) {
        return Err(Malformed("the body is no form"));
    }
    let form = Form::of(request).ok_or(Malformed("the body is no form"))?;
    let id = form.get("id").or_else(|| form.get("mid")).ok_or(Malformed("there is no `id`"))?;
    let has_text = form.raw("body").is_some() || form.raw("message").is_some();
    let decoded = match form.get("status").filter(|_| !has_text) {
        Some(word) => report(&form, id, word, routes),
        None => message(request, &form, id, routes)?,
    };
    Ok(vec![decoded])
}

fn other(kind: &str, id: &str) -> Decoded {
    Decoded::Other(Other { kind: kind.to_owned(), id: Some(id.to_owned()), error: None })
}

fn message(request: &WebhookRequest<'_>, form: &Form<'_>, id: &str, routes: &Routes) -> Result<Decoded, Malformed> {
    let from = form.get("originator").ok_or(Malformed("there is no `originator`"))?;
    let ours = form.get("recipient").or_else(|| form.get("shortcode")).unwrap_or("");
    // The account's webhook gets what people write to any of its numbers.
    let Some(route) = routes.find(line(ours)) else { return Ok(other("unknown_number", id)) };
    let media = media(request);
    let content = match media.is_empty() {
        true => InboundContent::Text,
        false => InboundContent::Media { kind: None, media },
    };
    let message = Inbound {
        channel: route.channel.clone(),
        kind: ChannelKind::Sms,
        from: Address::from_wire(from),
        user_id: None,
        id: id.to_owned(),
        at: form.get("createdDatetime").and_then(json::iso).or_else(|| form.get("receive_datetime").and_then(compact)),
        text: form.raw("body").or_else(|| form.raw("message")).unwrap_or("").to_owned(),
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

/// `20261121030000` in UTC.
fn compact(text: &str) -> Option<Millis> {
    if text.len() != 14 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| &text[from..to];
    json::iso(&format!("{}-{}-{}T{}:{}:{}Z", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14)))
}

/// `mediaUrls`, `mediaUrls[]`, `mediaUrls[0]`, `mediaUrls0`: documents and observations differ.
fn media(request: &WebhookRequest<'_>) -> Vec<Media> {
    let bytes = if request.method == Method::Get { request.query().as_bytes() } else { request.body };
    let urls = form_urlencoded::parse(bytes).filter(|(name, url)| name.starts_with("mediaUrls") && !url.is_empty());
    urls.take(MEDIA_MAX).map(|(_, url)| Media { url: Some(url.into_owned()), ..Media::default() }).collect()
}

fn report(form: &Form<'_>, id: &str, word: &str, routes: &Routes) -> Decoded {
    let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == word) else {
        return other(&format!("status_{word}"), id);
    };
    let code = form.get("statusErrorCode").filter(|code| *code != "0");
    let reason = form.get("statusReason").unwrap_or("");
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let reason = if reason.is_empty() { word } else { reason };
        let error = ProviderError { code: code.map(str::to_owned), text: reason.to_owned() };
        errors::delivery(code, reason).failure(error)
    });
    let route = form.get("originator").and_then(|ours| routes.find(line(ours))).unwrap_or(routes.here());
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: id.to_owned(),
        send: form.get("reference").and_then(SendRef::parse),
        status: *status,
        provider_status: word.to_owned(),
        at: form.get("statusDatetime").and_then(json::iso),
        recipient: form.get("recipient").map(Address::from_wire),
        user_id: None,
        failure,
        pricing: None,
    }))
}
