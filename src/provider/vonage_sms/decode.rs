//! What the webhooks of the SMS API say. One URL takes messages and delivery receipts; only receipts have a `status`.

use super::{errors, line};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent};
use crate::domain::time::Millis;
use crate::provider::form;
use crate::provider::json;
use crate::provider::webhook::{
    Decoded, Malformed, Method, Other, Part, ProviderError, Received, Routes, StatusReport, WebhookRequest,
};
use serde_json::Value;
use url::form_urlencoded;

/// Vonage's words for how far a message came. Words that are not here are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("accepted", DeliveryStatus::Queued),
    ("buffered", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("expired", DeliveryStatus::Failed),
    ("failed", DeliveryStatus::Failed),
    ("rejected", DeliveryStatus::Failed),
];

/// More parameters than that are none of Vonage's.
const PAIRS: usize = 200;

/// The parameters of a request, wherever they stand.
pub fn pairs(request: &WebhookRequest<'_>) -> Result<Vec<(String, String)>, Malformed> {
    let pairs: Vec<(String, String)> = match request.method {
        Method::Get => form_urlencoded::parse(request.query().as_bytes()).into_owned().collect(),
        Method::Post if form::is_form(request) => form_urlencoded::parse(request.body).into_owned().collect(),
        Method::Post => match json::object(request.body)? {
            Value::Object(map) => map.into_iter().filter_map(|(name, value)| Some((name, written(value)?))).collect(),
            _ => Vec::new(),
        },
    };
    if pairs.len() > PAIRS { Err(Malformed("there are too many parameters")) } else { Ok(pairs) }
}

/// A value as it would stand in a form.
fn written(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

struct Said(Vec<(String, String)>);

impl Said {
    /// The value, if there is something in it.
    fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).filter(|value| !value.is_empty())
    }

    /// The value, also an empty one.
    fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// The message or receipt in this request.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    let said = Said(pairs(request)?);
    let Some(id) = said.get("messageId") else {
        return Err(match said.get("message_uuid") {
            Some(_) => Malformed("this is of the Messages API: the account's SMS settings must name the SMS API"),
            None => Malformed("there is no `messageId`"),
        });
    };
    let decoded = match said.get("status") {
        Some(word) => receipt(&said, id, word, routes),
        None => message(&said, id, routes)?,
    };
    Ok(vec![decoded])
}

fn other(kind: &str, id: &str) -> Decoded {
    Decoded::Other(Other { kind: kind.to_owned(), id: Some(id.to_owned()), error: None })
}

/// `2026-11-21 03:00:00` in UTC.
fn moment(text: &str) -> Option<Millis> {
    json::iso(&format!("{}Z", text.replace(' ', "T")))
}

fn message(said: &Said, id: &str, routes: &Routes) -> Result<Decoded, Malformed> {
    let from = said.get("msisdn").ok_or(Malformed("there is no `msisdn`"))?;
    let ours = said.get("to").unwrap_or("");
    // The account's webhook gets what people write to any of its numbers.
    let Some(route) = routes.find(line(ours)) else { return Ok(other("unknown_number", id)) };
    let content = match said.get("type") {
        Some("binary") => InboundContent::Unsupported { kind: "binary".to_owned() },
        _ => InboundContent::Text,
    };
    let message = Inbound {
        channel: route.channel.clone(),
        kind: ChannelKind::Sms,
        from: Address::from_wire(from),
        user_id: None,
        id: id.to_owned(),
        at: said.get("message-timestamp").and_then(moment),
        text: said.raw("text").unwrap_or("").to_owned(),
        content,
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    };
    let to = Address::from_wire(ours).reveal().to_owned();
    Ok(Decoded::Message(Box::new(Received { message, to, segments: None, part: part(said), error: None })))
}

/// Which part of a longer message this is: the SMS API does not put them together.
fn part(said: &Said) -> Option<Part> {
    let number = |name| said.get(name)?.parse().ok();
    let reference = said.get("concat-ref")?.to_owned();
    Some(Part { reference, number: number("concat-part")?, of: number("concat-total")? })
}

/// A delivery receipt: `msisdn` is the receiver here, `to` the sender.
fn receipt(said: &Said, id: &str, word: &str, routes: &Routes) -> Decoded {
    let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == word) else {
        return other(&format!("status_{word}"), id);
    };
    let code = said.get("err-code");
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let error = ProviderError { code: code.map(str::to_owned), text: String::new() };
        errors::delivery(code, word).failure(error)
    });
    let route = said.get("to").and_then(|ours| routes.find(line(ours))).unwrap_or(routes.here());
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        id: id.to_owned(),
        send: said.get("client-ref").and_then(SendRef::parse),
        status: *status,
        provider_status: word.to_owned(),
        at: said.get("message-timestamp").and_then(moment),
        recipient: said.get("msisdn").map(Address::from_wire),
        user_id: None,
        failure,
        pricing: None,
    }))
}
