//! The simulator: a provider without a company. Its webhook takes what a person at a desk can type, its API is the service's own.

use super::Provider;
use super::features::{Features, Reports};
use super::file::{self, FileSource, NoFile};
use super::json;
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome, retry_after};
use super::webhook::{
    Decoded, Failure, Headers, LimitScope, Malformed, Method, OptOutScope, ProviderError, Received, Refused, Reply, Route,
    Routes, StatusReport, WebhookRequest,
};
use crate::config::channel::SimulatorSettings;
use crate::config::secret::Secret;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::SendRef;
use crate::domain::mail::email;
use crate::domain::message::{
    DeliveryStatus, FailureReason, Inbound, InboundContent, Location, Media, Outbound, OutboundContent,
};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The simulator that the service itself runs.
#[derive(Debug)]
pub struct Simulator(pub SimulatorSettings);

impl Provider for Simulator {
    fn name(&self) -> &'static str {
        "simulator"
    }

    fn features(&self) -> Features {
        let all = Features { media_in: true, media_out: true, buttons: true, lists: true, ..Features::NONE };
        Features { templates: true, location: true, reports: Reports::WithEach, ..all }
    }

    /// There is no provider to imitate: whoever may reach a simulator channel may write to it.
    fn verify(&self, _: &WebhookRequest<'_>) -> Result<(), Refused> {
        Ok(())
    }

    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        decode(request, routes)
    }

    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        encode(&self.0, message, context)
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        classify(status, headers, body)
    }

    fn secrets(&self) -> Vec<&Secret> {
        Vec::new()
    }

    fn base_url(&self) -> Option<&str> {
        Some(&self.0.base_url)
    }

    fn acknowledge(&self) -> Reply {
        Reply { status: 200, content_type: "application/json", body: Cow::Borrowed("{}") }
    }

    fn file(&self, media: &Media) -> Result<FileSource, NoFile> {
        file::open(media)
    }
}

/// `{id, from, text | press | media | location}`, or a report `{id, status, effect}`.
fn decode(request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    if request.method != Method::Post {
        return Err(Malformed("a simulated message is a POST"));
    }
    let body = json::object(request.body)?;
    let id = json::code(&body, "id").ok_or(Malformed("`id` is missing: repeats are recognised by it"))?;
    if body.get("status").is_some() {
        return report(&body, id, routes).map(|r| vec![Decoded::Status(Box::new(r))]);
    }
    let message = typed(&body, id, routes.here())?;
    let to = message.channel.to_string();
    Ok(vec![Decoded::Message(Box::new(Received { message, to, segments: None, part: None, error: None }))])
}

/// What somebody writes in the place of a contact, over any channel: `{id, from, text | press | media | location}`.
pub fn played(body: &Value, here: Route) -> Result<Inbound, Malformed> {
    let id = json::code(body, "id").ok_or(Malformed("`id` is missing: repeats are recognised by it"))?;
    typed(body, id, &here)
}

fn typed(body: &Value, id: String, here: &Route) -> Result<Inbound, Malformed> {
    let from = json::text(body, "from").ok_or(Malformed("`from` is missing"))?;
    let from = match here.kind {
        ChannelKind::WhatsApp => Address::from_whatsapp(from),
        ChannelKind::Sms => Address::from_wire(from),
        ChannelKind::Email => Address::Email(email(from).ok_or(Malformed("`from` is no address, for example ann@example.com"))?),
    };
    if matches!(from, Address::Verbatim(_)) {
        return Err(Malformed("`from` is no phone number, for example +447700900123"));
    }
    let content = content(body, here.kind)?;
    Ok(Inbound {
        channel: here.channel.clone(),
        kind: here.kind,
        user_id: match &from {
            Address::Bsuid(user) => Some(user.clone()),
            _ => None,
        },
        from,
        id,
        at: json::moment(body, "at"),
        text: json::owned(body, "text").unwrap_or_default(),
        content,
        profile_name: json::owned(body, "name"),
        in_reply_to: json::owned(body, "in_reply_to"),
        answers: None,
        forwarded: false,
        referral: None,
    })
}

fn content(body: &Value, kind: ChannelKind) -> Result<InboundContent, Malformed> {
    if let Some(press) = body.get("press") {
        let payload =
            press.as_str().filter(|p| !p.is_empty()).ok_or(Malformed("`press` is the id of a button or row, as text"))?;
        return match kind {
            ChannelKind::WhatsApp => Ok(InboundContent::ButtonReply { payload: payload.to_owned() }),
            ChannelKind::Sms | ChannelKind::Email => {
                Err(Malformed("`press` needs a WhatsApp channel; on SMS send the number as `text`"))
            }
        };
    }
    if let Some(place) = body.get("location") {
        let (Some(lat), Some(lon)) = (json::number(place, "lat"), json::number(place, "lon")) else {
            return Err(Malformed("`location` is `{lat, lon, name?, address?}`"));
        };
        return Ok(InboundContent::Location(Location {
            lat,
            lon,
            name: json::owned(place, "name"),
            address: json::owned(place, "address"),
        }));
    }
    if let Some(files) = body.get("media") {
        let one = std::slice::from_ref(files);
        let files = files.as_array().map_or(one, Vec::as_slice);
        let media = files.iter().map(file).collect::<Option<Vec<_>>>();
        let media =
            media.filter(|m| !m.is_empty()).ok_or(Malformed("`media` is a URL, `{url, type?, name?}`, or a list of these"))?;
        return Ok(InboundContent::Media { kind: None, media });
    }
    for (key, deleted) in [("edit", false), ("delete", true)] {
        if let Some(message) = body.get(key) {
            let message = message.as_str().filter(|id| !id.is_empty());
            let message = message.ok_or(Malformed("`edit` and `delete` are the id of an earlier message, as text"))?.to_owned();
            return Ok(if deleted { InboundContent::Deleted { message } } else { InboundContent::Edited { message } });
        }
    }
    match body.get("text") {
        Some(Value::String(_)) => Ok(InboundContent::Text),
        Some(_) => Err(Malformed("`text` is not text")),
        None => Err(Malformed("one of `text`, `press`, `media`, `location`, `edit`, `delete` is needed")),
    }
}

fn file(value: &Value) -> Option<Media> {
    let url = value.as_str().map(str::to_owned).or_else(|| json::owned(value, "url")).filter(|u| !u.is_empty())?;
    Some(Media { url: Some(url), id: None, content_type: json::owned(value, "type"), filename: json::owned(value, "name") })
}

fn report(body: &Value, id: String, routes: &Routes) -> Result<StatusReport, Malformed> {
    let word = json::text(body, "status").ok_or(Malformed("`status` is not text"))?;
    let status: DeliveryStatus = parse_word(word).ok_or(Malformed("`status` is one of queued, sent, delivered, read, failed"))?;
    let failure = (status == DeliveryStatus::Failed).then(|| {
        let reason = json::text(body, "reason").and_then(parse_word).unwrap_or(FailureReason::Unknown);
        Failure {
            reason,
            retryable: matches!(reason, FailureReason::Unreachable | FailureReason::Limit),
            after: None,
            scope: None,
            opted_out: (reason == FailureReason::OptedOut).then_some(OptOutScope::Everything),
            error: ProviderError { code: json::code(body, "code"), text: json::owned(body, "error").unwrap_or_default() },
        }
    });
    Ok(StatusReport {
        channel: routes.here().channel.clone(),
        id,
        send: json::text(body, "effect").and_then(SendRef::parse),
        status,
        provider_status: word.to_owned(),
        at: json::moment(body, "at"),
        recipient: json::text(body, "to").map(Address::from_whatsapp),
        user_id: None,
        failure,
        pricing: None,
    })
}

/// A word of one of our closed lists, as it is stored.
fn parse_word<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Value::String(word.to_owned())).ok()
}

/// `POST {base_url}/simulator/send`.
fn encode(settings: &SimulatorSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let mut body = json!({
        "channel": context.channel.as_str(),
        "kind": context.kind.as_str(),
        "to": message.to.reveal(),
        "effect": context.send.map(|s| s.to_string()),
        "callback": context.status_callback,
        "in_reply_to": message.in_reply_to,
    });
    if let (Value::Object(all), Value::Object(content)) = (&mut body, written(&message.content)) {
        all.extend(content);
        all.retain(|_, value| !value.is_null());
        if let Some(fields) = &message.provider {
            all.insert("provider".to_owned(), fields.to_json());
        }
    }
    Ok(HttpRequest::json(format!("{}/simulator/send", settings.base_url.trim_end_matches('/')), Vec::new(), &body))
}

fn written(content: &OutboundContent) -> Value {
    match content {
        OutboundContent::Text { text } => json!({"type": "text", "text": text}),
        OutboundContent::Media { kind, media, caption } => {
            json!({"type": "media", "media_kind": kind, "media": media, "text": caption})
        }
        OutboundContent::Album { media, text } => json!({"type": "media", "media": media, "text": text}),
        OutboundContent::Buttons { text, header, footer, buttons } => {
            json!({"type": "buttons", "text": text, "header": header, "footer": footer, "buttons": buttons})
        }
        OutboundContent::List { text, header, footer, button, rows } => {
            json!({"type": "list", "text": text, "header": header, "footer": footer, "button": button, "rows": rows})
        }
        OutboundContent::Sections { text, header, footer, button, sections } => {
            json!({"type": "list", "text": text, "header": header, "footer": footer, "button": button, "sections": sections})
        }
        OutboundContent::Form(form) => {
            let data: serde_json::Map<String, Value> = form.data.iter().map(|(k, v)| (k.clone(), v.to_json())).collect();
            json!({"type": "form", "text": form.text, "header": form.header, "footer": form.footer, "button": form.button,
                "form": form.form, "token": form.token, "screen": form.screen, "data": data})
        }
        OutboundContent::CallToAction { text, button, url } => {
            json!({"type": "cta_url", "text": text, "button": button, "url": url})
        }
        OutboundContent::LocationRequest { text } => json!({"type": "location_request", "text": text}),
        OutboundContent::Location { location, text } => json!({"type": "location", "text": text, "location": location}),
        OutboundContent::Contacts(cards) => json!({"type": "contacts", "contacts": cards}),
        OutboundContent::Reaction { message, emoji } => json!({"type": "reaction", "message": message, "emoji": emoji}),
        OutboundContent::Template { name, language, params, header, buttons } => {
            json!({"type": "template", "template": name, "language": language, "params": params, "header": header, "buttons": buttons})
        }
        OutboundContent::Email { subject, text, html, from } => {
            json!({"type": "email", "subject": subject, "text": text, "html": html, "from": from})
        }
        OutboundContent::MarkRead { message, typing } => json!({"type": "mark_read", "message": message, "typing": typing}),
    }
}

/// `{id}`, or `{error: {code, reason, text}}` with a status that says the rest; with the reason `opted_out` also `scope: marketing`.
fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    let body = json::object(body).unwrap_or(Value::Null);
    let problem = body.get("error").cloned().unwrap_or(Value::Null);
    let error = ProviderError { code: json::code(&problem, "code"), text: json::owned(&problem, "text").unwrap_or_default() };
    let reason: Option<FailureReason> = json::text(&problem, "reason").and_then(parse_word);
    match status {
        200..=299 => SendOutcome::taken(json::code(&body, "id")),
        429 => SendOutcome::Throttled { after: retry_after(headers), scope: LimitScope::Number, error },
        401 | 403 | 404 => SendOutcome::Misconfigured { reason: reason.unwrap_or(FailureReason::Configuration), error },
        500..=599 => SendOutcome::Retry { after: retry_after(headers), reason: FailureReason::Unknown, error },
        _ => {
            let reason = reason.unwrap_or(FailureReason::Content);
            let scope = match json::text(&problem, "scope") {
                Some("marketing") => OptOutScope::Marketing,
                _ => OptOutScope::Everything,
            };
            let opted_out = (reason == FailureReason::OptedOut).then_some(scope);
            SendOutcome::Rejected { reason, error, opted_out }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::ChannelName;
    use crate::provider::webhook::{Pairs, Route};

    fn read(kind: ChannelKind, body: &str) -> Result<Vec<Decoded>, Malformed> {
        let routes = Routes::only(Route { channel: ChannelName::parse("main-sms").expect("a name"), kind });
        let url = "http://127.0.0.1:8080/hooks/main-sms";
        decode(&WebhookRequest { method: Method::Post, url, headers: &Pairs(&[]), body: body.as_bytes(), peer: None }, &routes)
    }

    #[test]
    fn mistakes_at_the_desk_are_explained() {
        for (body, part) in [
            (r#"{"from":"+447700900123","text":"hi"}"#, "`id` is missing"),
            (r#"{"id":"1","text":"hi"}"#, "`from` is missing"),
            (r#"{"id":"1","from":"Ada","text":"hi"}"#, "no phone number"),
            (r#"{"id":"1","from":"+447700900123"}"#, "one of `text`"),
            (r#"{"id":"1","from":"+447700900123","text":1}"#, "`text` is not text"),
            (r#"{"id":"1","from":"+447700900123","press":"yes"}"#, "needs a WhatsApp channel"),
            (r#"{"id":"1","from":"+447700900123","media":[]}"#, "`media` is"),
            (r#"{"id":"1","from":"+447700900123","location":{"lat":1}}"#, "`location` is"),
            (r#"{"id":"1","status":"flying"}"#, "`status` is one of"),
        ] {
            let why = read(ChannelKind::Sms, body).expect_err(body).to_string();
            assert!(why.contains(part), "{body}: {why}");
        }
        assert!(read(ChannelKind::WhatsApp, r#"{"id":"1","from":"+447700900123","press":"yes"}"#).is_ok());
    }
}
