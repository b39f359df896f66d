//! What a gateway posts: messages of persons, and reports on ours.

use super::answer::verdict;
use super::place::Posted;
use crate::config::providers::http::{HttpSettings, InboundPlaces, ReportPlaces};
use crate::config::signed::Signed;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent, Media};
use crate::provider::guard::behind_channel;
use crate::provider::webhook::{Decoded, Malformed, Other, ProviderError, Received, Route, Routes, StatusReport, WebhookRequest};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Messages or reports of one request that are read.
const ITEMS: usize = 1_000;
/// Files of one message.
const FILES: usize = 10;

/// What a request is about, as far as its URL says it.
#[derive(Clone, Copy)]
enum About {
    Either,
    Report(Option<DeliveryStatus>),
    Stopped,
}

pub fn decode(settings: &HttpSettings, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    // Who knows the secret in the URL wrote the query too; a signature proves it only where it is of the URL.
    let query_counts = settings.guard.is_some() || settings.signed.as_ref().is_some_and(Signed::covers_url);
    let posted = Posted::of(request, query_counts)?;
    let about = about(settings, request);
    let is_report = match about {
        About::Report(_) => true,
        About::Stopped => false,
        About::Either => {
            let items = posted.items(settings.report.list.as_deref());
            let first = items.first().copied().flatten();
            posted.text(&settings.report.status, first).is_some() && report_id(&settings.report, &posted, first).is_some()
        }
    };
    let list = if is_report { &settings.report.list } else { &settings.inbound.list };
    let items = posted.items(list.as_deref());
    if items.len() > ITEMS {
        return Err(Malformed("there are too many messages in one request"));
    }
    let one = |item: Option<&Value>| match (is_report, about) {
        (true, About::Report(said)) => report(settings, &posted, item, said, routes.here()),
        (true, _) => report(settings, &posted, item, None, routes.here()),
        (false, About::Stopped) => message(&settings.inbound, &posted, item, routes, true),
        (false, _) => message(&settings.inbound, &posted, item, routes, false),
    };
    items.into_iter().map(one).collect()
}

fn about(settings: &HttpSettings, request: &WebhookRequest<'_>) -> About {
    // Without a secret in the URL only `/status` is a path of the webhook: no signature of a body proves what another would say.
    let behind = if settings.guard.is_some() { request.after_secret() } else { behind_channel(request.url) };
    match behind {
        "status" => About::Report(None),
        "queued" => About::Report(Some(DeliveryStatus::Queued)),
        "sent" => About::Report(Some(DeliveryStatus::Sent)),
        "delivered" => About::Report(Some(DeliveryStatus::Delivered)),
        "read" => About::Report(Some(DeliveryStatus::Read)),
        "failed" => About::Report(Some(DeliveryStatus::Failed)),
        "stopped" => About::Stopped,
        _ => About::Either,
    }
}

fn message(
    places: &InboundPlaces,
    posted: &Posted<'_>,
    item: Option<&Value>,
    routes: &Routes,
    stopped: bool,
) -> Result<Decoded, Malformed> {
    let wire = posted
        .text(&places.from, item)
        .filter(|wire| !wire.trim().is_empty())
        .ok_or(Malformed("there is no sender where the channel says that it is"))?;
    let to = posted.text(&places.to, item).unwrap_or_default();
    let Some(route) = routes.find(&to).or_else(|| routes.may_be_here(&to).then(|| routes.here())) else {
        return Ok(Decoded::Other(Other { kind: "unknown_number".to_owned(), id: posted.text(&places.id, item), error: None }));
    };
    let from = sender(&wire, route.kind);
    let text = posted.text(&places.text, item).unwrap_or_default();
    let at = posted.moment(&places.at, item);
    let media: Vec<Media> = media(places, posted, item);
    let content = match (stopped, media.is_empty()) {
        (true, _) => InboundContent::OptOut { word: "STOP".to_owned(), scope: None },
        (false, false) => InboundContent::Media { kind: None, media },
        (false, true) => InboundContent::Text,
    };
    let id = match (posted.text(&places.id, item), at) {
        (Some(id), _) => id,
        // Who wrote what at which moment names a message as well; without a moment nothing does, and it is named when it is taken.
        (None, Some(at)) => digest(&[&wire, &text, &at.0.to_string()]),
        (None, None) => String::new(),
    };
    let message = Inbound {
        channel: route.channel.clone(),
        kind: route.kind,
        user_id: match &from {
            Address::Bsuid(user) => Some(user.clone()),
            _ => None,
        },
        from,
        id,
        at,
        text: if stopped { String::new() } else { text },
        content,
        profile_name: posted.text(&places.name, item),
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    };
    Ok(Decoded::Message(Box::new(Received { message, to, segments: None, part: None, error: None })))
}

fn sender(wire: &str, kind: ChannelKind) -> Address {
    let wire = wire.trim();
    match kind {
        ChannelKind::WhatsApp => Address::from_whatsapp(wire),
        ChannelKind::Sms | ChannelKind::Email => Address::from_wire(wire),
    }
}

fn media(places: &InboundPlaces, posted: &Posted<'_>, item: Option<&Value>) -> Vec<Media> {
    let content_type = posted.text(&places.media_type, item);
    let urls = posted.all(&places.media, item);
    // A form has one value of a name: several URLs stand in it with commas or spaces between them.
    let urls = urls.iter().flat_map(|text| text.split([',', ' ', '\n'])).map(str::trim);
    let urls = urls.filter(|url| url.starts_with("https://") || url.starts_with("http://")).take(FILES);
    urls.map(|url| Media { url: Some(url.to_owned()), content_type: content_type.clone(), ..Media::default() }).collect()
}

/// The gateway's id, or else ours.
fn report_id(places: &ReportPlaces, posted: &Posted<'_>, item: Option<&Value>) -> Option<String> {
    posted.text(&places.id, item).or_else(|| posted.text(&places.send, item))
}

fn report(
    settings: &HttpSettings,
    posted: &Posted<'_>,
    item: Option<&Value>,
    said: Option<DeliveryStatus>,
    here: &Route,
) -> Result<Decoded, Malformed> {
    let places = &settings.report;
    let id = report_id(places, posted, item).ok_or(Malformed("there is no id where the channel says that it is"))?;
    let word = posted.text(&places.status, item);
    let known = |word: &String| {
        let small = word.to_ascii_lowercase();
        let own = places.statuses.iter().find(|(known, _)| *known == small).map(|(_, status)| *status);
        own.or_else(|| serde_json::from_value(Value::String(small)).ok())
    };
    let Some(status) = word.as_ref().and_then(known).or(said) else {
        let kind = format!("status_{}", word.unwrap_or_default());
        return Ok(Decoded::Other(Other { kind, id: Some(id), error: None }));
    };
    let failure = (status == DeliveryStatus::Failed).then(|| {
        let code = posted.text(&places.code, item);
        let text = posted.text(&places.text, item).unwrap_or_default();
        verdict(&places.failures, code.as_deref()).failure(ProviderError { code, text })
    });
    let send = posted.text(&places.send, item).or_else(|| posted.text(&places.id, item));
    Ok(Decoded::Status(Box::new(StatusReport {
        channel: here.channel.clone(),
        id,
        send: send.as_deref().and_then(SendRef::parse),
        status,
        provider_status: word.unwrap_or_else(|| "posted to its own URL".to_owned()),
        at: posted.moment(&places.at, item),
        recipient: None,
        user_id: None,
        failure,
        pricing: None,
    })))
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize()[..16])
}
