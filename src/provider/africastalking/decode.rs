//! What Africa's Talking tells: messages, delivery reports, opt-outs and subscriptions, each known by its fields.

use super::errors;
use crate::domain::address::Address;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent};
use crate::domain::time::Millis;
use crate::provider::form::Form;
use crate::provider::webhook::{Decoded, Malformed, Other, ProviderError, Received, Route, Routes, StatusReport, WebhookRequest};
use jiff::tz::TimeZone;

/// Words for how far a message came. Others are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("Sent", DeliveryStatus::Sent),
    ("Submitted", DeliveryStatus::Sent),
    ("Buffered", DeliveryStatus::Sent),
    ("Success", DeliveryStatus::Delivered),
    ("Rejected", DeliveryStatus::Failed),
    ("Failed", DeliveryStatus::Failed),
    ("Expired", DeliveryStatus::Failed),
    ("AbsentSubscriber", DeliveryStatus::Failed),
];

/// What the form says.
pub fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    let form = Form::of(request).ok_or(Malformed("the body is no form"))?;
    if let Some(word) = form.get("status") {
        let id = form.get("id").ok_or(Malformed("a report without an id"))?;
        return Ok(vec![report(&form, id, word, routes.here())]);
    }
    if let Some(kind) = form.get("updateType") {
        return Ok(vec![Decoded::Other(Other { kind: format!("subscription_{kind}"), id: None, error: None })]);
    }
    if form.raw("text").is_some() {
        return message(&form, routes).map(|message| vec![message]);
    }
    match (form.get("phoneNumber"), form.raw("senderId")) {
        (Some(phone), Some(sender)) => Ok(vec![opt_out(phone, sender, routes)]),
        _ => Err(Malformed("neither a message nor a report")),
    }
}

/// The channel of our short code or number. One URL serves all of an application: what was written to another is not the caller's.
fn route<'r>(ours: &str, routes: &'r Routes) -> Option<&'r Route> {
    routes.find(ours).or_else(|| routes.may_be_here(ours).then(|| routes.here()))
}

fn unknown_number(id: Option<&str>) -> Decoded {
    Decoded::Other(Other { kind: "unknown_number".to_owned(), id: id.map(str::to_owned), error: None })
}

fn message(form: &Form<'_>, routes: &Routes) -> Result<Decoded, Malformed> {
    let id = form.get("id").ok_or(Malformed("a message without an id"))?;
    let from = form.get("from").ok_or(Malformed("there is no `from`"))?;
    let to = form.get("to").unwrap_or("");
    let text = form.raw("text").unwrap_or("").to_owned();
    let Some(route) = route(to, routes) else { return Ok(unknown_number(Some(id))) };
    Ok(received(from, to, id, form.get("date").and_then(moment), text, InboundContent::Text, route))
}

fn received(from: &str, to: &str, id: &str, at: Option<Millis>, text: String, content: InboundContent, route: &Route) -> Decoded {
    let message = Inbound {
        channel: route.channel.clone(),
        kind: route.kind,
        from: Address::from_wire(from),
        user_id: None,
        id: id.to_owned(),
        at,
        text,
        content,
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    };
    Decoded::Message(Box::new(Received { message, to: to.to_owned(), segments: None, part: None, error: None }))
}

/// It has neither an id nor a time: a second one of the same person looks like a repeat. That harms nobody, as they refuse what is
/// sent to whoever opted out (`UserInBlacklist`), and that opts out here too.
fn opt_out(phone: &str, sender: &str, routes: &Routes) -> Decoded {
    let content = InboundContent::OptOut { word: "STOP".to_owned(), scope: None };
    let Some(route) = route(sender, routes) else { return unknown_number(None) };
    received(phone, sender, &format!("opt-out:{phone}:{sender}"), None, String::new(), content, route)
}

fn report(form: &Form<'_>, id: &str, word: &str, here: &Route) -> Decoded {
    let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == word) else {
        return Decoded::Other(Other { kind: format!("status_{word}"), id: Some(id.to_owned()), error: None });
    };
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let reason = form.get("failureReason").unwrap_or(word);
        errors::verdict(reason).failure(ProviderError { code: Some(reason.to_owned()), text: String::new() })
    });
    Decoded::Status(Box::new(StatusReport {
        channel: here.channel.clone(),
        id: id.to_owned(),
        send: None,
        status: *status,
        provider_status: word.to_owned(),
        at: None,
        recipient: form.get("phoneNumber").map(Address::from_wire),
        user_id: None,
        failure,
        pricing: None,
    }))
}

/// `2026-11-21T03:00:00Z`, or the same with a blank and no zone: UTC too.
fn moment(text: &str) -> Option<Millis> {
    let plain = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    text.parse::<jiff::Timestamp>().ok().or_else(plain).map(|at| Millis(at.as_millisecond()))
}
