//! What Jasmin posts: messages with their octets, and delivery reports.

use super::errors;
use crate::config::providers::jasmin::Alphabet;
use crate::domain::address::Address;
use crate::domain::gsm;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent};
use crate::provider::callback;
use crate::provider::form::Form;
use crate::provider::webhook::{Decoded, Malformed, Other, ProviderError, Received, Routes, StatusReport, WebhookRequest};

/// States of SMPP, and `ESME_ROK`, with which a carrier takes a message. Other words that begin with `ESME_R` are its refusals.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("ESME_ROK", DeliveryStatus::Sent),
    ("SCHEDULED", DeliveryStatus::Sent),
    ("ENROUTE", DeliveryStatus::Sent),
    ("ACCEPTD", DeliveryStatus::Sent),
    ("UNKNOWN", DeliveryStatus::Sent),
    ("DELIVRD", DeliveryStatus::Delivered),
    ("EXPIRED", DeliveryStatus::Failed),
    ("DELETED", DeliveryStatus::Failed),
    ("UNDELIV", DeliveryStatus::Failed),
    ("REJECTD", DeliveryStatus::Failed),
];

/// What the request says: a report has a `message_status`.
pub fn decode(alphabet: Alphabet, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    let form = Form::of(request).ok_or(Malformed("the body is no form"))?;
    let id = form.get("id").ok_or(Malformed("there is no id"))?;
    match form.get("message_status") {
        Some(word) => Ok(vec![report(request, &form, id, word, routes)]),
        None => message(alphabet, &form, id, routes).map(|message| vec![message]),
    }
}

fn message(alphabet: Alphabet, form: &Form<'_>, id: &str, routes: &Routes) -> Result<Decoded, Malformed> {
    let from = form.get("from").ok_or(Malformed("neither a message nor a report"))?;
    let to = Address::from_wire(form.get("to").unwrap_or("")).reveal().to_owned();
    let Some(here) = routes.find(&to).or_else(|| routes.may_be_here(&to).then(|| routes.here())) else {
        return Ok(Decoded::Other(Other { kind: "unknown_number".to_owned(), id: Some(id.to_owned()), error: None }));
    };
    let (text, content) = content(alphabet, form)?;
    let message = Inbound {
        channel: here.channel.clone(),
        kind: here.kind,
        from: Address::from_wire(from),
        user_id: None,
        id: id.to_owned(),
        at: None,
        text,
        content,
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    };
    Ok(Decoded::Message(Box::new(Received { message, to, segments: None, part: None, error: None })))
}

/// The octets say more than `content`, which some releases spoil on the way; without them `content` is taken as it is.
fn content(alphabet: Alphabet, form: &Form<'_>) -> Result<(String, InboundContent), Malformed> {
    let Some(written) = form.get("binary") else {
        return Ok((form.raw("content").unwrap_or("").to_owned(), InboundContent::Text));
    };
    let octets = hex::decode(written).map_err(|_| Malformed("`binary` is not hexadecimal"))?;
    let text = match (form.get("coding").unwrap_or("0"), alphabet) {
        ("0", Alphabet::Gsm) => gsm::decode(&octets),
        ("0", Alphabet::Latin1) | ("1" | "3", _) => latin1(&octets),
        ("8", _) => {
            let units: Vec<u16> = octets.chunks(2).map(|two| u16::from_be_bytes([two[0], *two.get(1).unwrap_or(&0)])).collect();
            String::from_utf16_lossy(&units)
        }
        (coding, _) => return Ok((String::new(), InboundContent::Unsupported { kind: format!("coding_{coding}") })),
    };
    Ok((text, InboundContent::Text))
}

/// Latin-1 holds ASCII.
fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

fn report(request: &WebhookRequest<'_>, form: &Form<'_>, id: &str, word: &str, routes: &Routes) -> Decoded {
    let known = STATUSES.iter().find(|(known, _)| *known == word).map(|(_, status)| *status);
    let refused = word.starts_with("ESME_R").then_some(DeliveryStatus::Failed);
    let Some(status) = known.or(refused) else {
        return Decoded::Other(Other { kind: format!("status_{word}"), id: Some(id.to_owned()), error: None });
    };
    let failure = (status == DeliveryStatus::Failed).then(|| {
        // What the carrier calls it, where it calls it anything.
        let code = form.get("err").filter(|err| err.bytes().any(|b| b != b'0')).unwrap_or(word);
        errors::of_report(word).failure(ProviderError { code: Some(code.to_owned()), text: word.to_owned() })
    });
    Decoded::Status(Box::new(StatusReport {
        channel: routes.here().channel.clone(),
        id: id.to_owned(),
        send: callback::send(request),
        status,
        provider_status: word.to_owned(),
        at: None,
        recipient: None,
        user_id: None,
        failure,
        pricing: None,
    }))
}
