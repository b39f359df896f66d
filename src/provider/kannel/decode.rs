//! What Kannel tells: messages, by the parameters that our documentation has in `get-url`, and delivery reports.

use crate::domain::address::Address;
use crate::domain::id::SendRef;
use crate::domain::message::FailureReason;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent};
use crate::domain::time::Millis;
use crate::provider::form::Form;
use crate::provider::verdict::{Verdict, permanent};
use crate::provider::webhook::{
    Decoded, Malformed, Method, Other, ProviderError, Received, Routes, StatusReport, WebhookRequest,
};

/// The values of a delivery report: bits of `dlr-mask`, of which a report has one.
#[rustfmt::skip]
const REPORTS: &[(&str, DeliveryStatus, Verdict)] = &[
    ("1", DeliveryStatus::Delivered, permanent(FailureReason::Unknown)),
    ("2", DeliveryStatus::Failed, permanent(FailureReason::Unreachable)),   // not delivered to the phone
    ("4", DeliveryStatus::Sent, permanent(FailureReason::Unknown)),         // queued at the carrier
    ("8", DeliveryStatus::Sent, permanent(FailureReason::Unknown)),         // accepted by the carrier
    ("16", DeliveryStatus::Failed, permanent(FailureReason::Unknown)),      // refused by the carrier
];

/// What the request says: a report has a `status`, a message a `sender`.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    let form = Form::of(request).ok_or(Malformed("the body is no form"))?;
    if let Some(word) = form.get("status") {
        let id = form.get("id").ok_or(Malformed("a report without an id"))?;
        return Ok(vec![report(id, word, routes)]);
    }
    let from = form.get("sender").ok_or(Malformed("neither a message nor a report"))?;
    let id = form.get("id").ok_or(Malformed("a message without an id"))?;
    let to = form.get("to").unwrap_or("");
    let here = routes.here();
    let message = Inbound {
        channel: here.channel.clone(),
        kind: here.kind,
        from: Address::from_wire(from),
        user_id: None,
        id: id.to_owned(),
        at: form
            .get("ts")
            .and_then(|ts| ts.parse::<i64>().ok())
            .filter(|ts| (1..100_000_000_000).contains(ts))
            .map(|ts| Millis(ts * 1_000)),
        text: text(&octets(request), form.get("coding"), form.get("charset")),
        content: InboundContent::Text,
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    };
    Ok(vec![Decoded::Message(Box::new(Received { message, to: to.to_owned(), segments: None, part: None, error: None }))])
}

/// The octets of the text. Kannel says in which charset they are and need not write UTF-8.
fn octets(request: &WebhookRequest<'_>) -> Vec<u8> {
    let written = match request.method {
        Method::Get => request.query().as_bytes(),
        Method::Post => request.body,
    };
    let mut rest = written.split(|b| *b == b'&').find_map(|pair| pair.strip_prefix(b"message=")).unwrap_or_default();
    let digit = |at: usize, rest: &[u8]| rest.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(rest.len());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, digit(0, after), digit(1, after)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &after[2..];
            }
            (b'+', ..) => out.push(b' '),
            (other, ..) => out.push(*other),
        }
    }
    out
}

/// UTF-16 where Kannel says so (`mo-recode` is off then); else UTF-8, or Latin-1 where it is none.
fn text(octets: &[u8], coding: Option<&str>, charset: Option<&str>) -> String {
    let is_utf16 =
        charset.map_or(coding == Some("2"), |charset| charset.to_ascii_uppercase().replace('-', "").starts_with("UTF16"));
    if is_utf16 {
        let units: Vec<u16> = octets.chunks(2).map(|two| u16::from_be_bytes([two[0], *two.get(1).unwrap_or(&0)])).collect();
        return String::from_utf16_lossy(&units);
    }
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => octets.iter().copied().map(char::from).collect(),
    }
}

/// Kannel gives a message no id that we learn: the id is our own name of the send. Each part of a long text has a report of its own;
/// a part that arrived outranks one that did not.
fn report(id: &str, word: &str, routes: &Routes) -> Decoded {
    let Some((_, status, verdict)) = REPORTS.iter().find(|(known, ..)| *known == word) else {
        return Decoded::Other(Other { kind: format!("status_{word}"), id: Some(id.to_owned()), error: None });
    };
    let failed = *status == DeliveryStatus::Failed;
    let failure = failed.then(|| verdict.failure(ProviderError { code: Some(word.to_owned()), text: String::new() }));
    Decoded::Status(Box::new(StatusReport {
        channel: routes.here().channel.clone(),
        id: id.to_owned(),
        send: SendRef::parse(id),
        status: *status,
        provider_status: word.to_owned(),
        at: None,
        recipient: None,
        user_id: None,
        failure,
        pricing: None,
    }))
}
