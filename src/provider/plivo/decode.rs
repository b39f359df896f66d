//! What Plivo's webhooks say. One URL takes messages and reports; they differ by `Status`. Names of fields come in any case.

use super::{errors, line};
use crate::config::providers::plivo::PlivoSettings;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent, Location, Media};
use crate::provider::form::is_form;
use crate::provider::webhook::{
    Decoded, Malformed, Method, Other, ProviderError, Received, Route, Routes, StatusReport, WebhookRequest,
};
use crate::provider::{callback, mime};
use std::borrow::Cow;
use std::collections::HashMap;
use url::form_urlencoded;

/// Files of one message that are looked for.
const MEDIA_MAX: usize = 10;

/// Plivo's words for how far a message came. Words that are not here are kept and decide nothing.
const STATUSES: &[(&str, DeliveryStatus)] = &[
    ("queued", DeliveryStatus::Queued),
    ("sent", DeliveryStatus::Sent),
    ("delivered", DeliveryStatus::Delivered),
    ("read", DeliveryStatus::Read),
    ("undelivered", DeliveryStatus::Failed),
    ("rejected", DeliveryStatus::Failed),
    ("failed", DeliveryStatus::Failed),
];

/// What Plivo calls the words that it acts upon itself.
const INTENTS: &[(&str, &str)] = &[("optout", "STOP"), ("optin", "START"), ("help", "HELP")];

/// The first value of each name, by the name in lower case.
struct Form<'a>(HashMap<String, Cow<'a, str>>);

impl<'a> Form<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        let mut map = HashMap::with_capacity(32);
        for (name, value) in form_urlencoded::parse(bytes) {
            map.entry(name.to_ascii_lowercase()).or_insert(value);
        }
        Form(map)
    }

    /// The value, if there is something in it. `name` is in lower case.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|v| &**v).filter(|v| !v.is_empty())
    }

    fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    fn owned(&self, names: &[&str]) -> Option<String> {
        self.first(names).map(str::to_owned)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.trim().parse().ok().filter(|n: &f64| n.is_finite())
    }
}

/// The message or report in this request.
pub fn decode(settings: &PlivoSettings, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    let form = match request.method {
        Method::Get => Form::read(request.query().as_bytes()),
        Method::Post if is_form(request) => Form::read(request.body),
        Method::Post => return Err(Malformed("the body is no form")),
    };
    let id = form.get("messageuuid").ok_or(Malformed("there is no MessageUUID"))?;
    let one = match form.get("status") {
        Some(word) => report(request, &form, id, word, routes),
        None => message(settings, &form, id, routes)?,
    };
    Ok(vec![one])
}

fn other(kind: impl Into<String>, id: &str) -> Decoded {
    Decoded::Other(Other { kind: kind.into(), id: Some(id.to_owned()), error: None })
}

fn medium(form: &Form<'_>) -> Option<ChannelKind> {
    match form.get("type").unwrap_or("sms") {
        word if word.eq_ignore_ascii_case("whatsapp") => Some(ChannelKind::WhatsApp),
        word if word.eq_ignore_ascii_case("sms") || word.eq_ignore_ascii_case("mms") => Some(ChannelKind::Sms),
        _ => None,
    }
}

fn address(wire: &str, kind: ChannelKind) -> Address {
    match kind {
        ChannelKind::WhatsApp => Address::from_whatsapp(wire),
        ChannelKind::Sms | ChannelKind::Email => Address::from_wire(wire),
    }
}

/// The channel of our number, or of the Powerpack, or the one that was called if it has the same medium and no other number.
fn route<'r>(form: &Form<'_>, ours: &str, kind: ChannelKind, routes: &'r Routes) -> Option<&'r Route> {
    let found = routes.find(&line(ours, kind)).or_else(|| routes.find(form.get("powerpackuuid")?));
    found.or_else(|| (routes.here().kind == kind && routes.may_be_here(ours)).then(|| routes.here()))
}

fn message(settings: &PlivoSettings, form: &Form<'_>, id: &str, routes: &Routes) -> Result<Decoded, Malformed> {
    let wire = form.get("from").ok_or(Malformed("there is no From"))?;
    let ours = form.get("to").unwrap_or(&settings.from);
    let Some(kind) = medium(form) else { return Ok(other("unknown_medium", id)) };
    let Some(route) = route(form, ours, kind, routes) else { return Ok(other("unknown_number", id)) };
    let from = address(wire, kind);
    let user_id = match &from {
        Address::Bsuid(user) => Some(user.clone()),
        _ => None,
    };
    let (text, content) = content(form);
    let message = Inbound {
        channel: route.channel.clone(),
        kind,
        from,
        user_id,
        id: id.to_owned(),
        at: None,
        text,
        content,
        profile_name: form.owned(&["profilename"]),
        in_reply_to: form.owned(&["contextmessageuuid", "contextmessageid"]),
        answers: None,
        forwarded: false,
        referral: None,
    };
    let to = address(ours, kind).reveal().to_owned();
    let segments = form.get("units").and_then(|n| n.parse().ok());
    Ok(Decoded::Message(Box::new(Received { message, to, segments, part: None, error: None })))
}

/// The text and what kind of message it is, by the fields that are there.
fn content(form: &Form<'_>) -> (String, InboundContent) {
    let text = form.owned(&["text", "body"]).unwrap_or_default();
    let or_text = |names: &[&str]| if text.is_empty() { form.owned(names).unwrap_or_default() } else { text.clone() };
    let intent = form.get("messageintent").unwrap_or("");
    if let Some((_, word)) = INTENTS.iter().find(|(known, _)| intent.eq_ignore_ascii_case(known)) {
        return (text, InboundContent::OptOut { word: (*word).to_owned(), scope: None });
    }
    let kind = form.get("contenttype").unwrap_or("").to_ascii_lowercase();
    if let Some(payload) = form.owned(&["listid", "listpayload"]) {
        let description = form.owned(&["listdescription"]);
        return (or_text(&["listtitle"]), InboundContent::ListReply { payload, description });
    }
    if let Some(payload) = form.owned(&["buttonpayload", "buttontext"]) {
        let shown = or_text(&["buttontext"]);
        if kind.contains("list") {
            return (shown, InboundContent::ListReply { payload, description: None });
        }
        return (shown, InboundContent::ButtonReply { payload });
    }
    if let (Some(lat), Some(lon)) = (form.number("latitude"), form.number("longitude")) {
        let place = Location { lat, lon, name: form.owned(&["name", "label"]), address: form.owned(&["address"]) };
        return (text, InboundContent::Location(place));
    }
    let media = media(form);
    if !media.is_empty() {
        let kind = media.first().and_then(|m| m.content_type.as_deref()).map(mime::kind);
        return (text, InboundContent::Media { kind, media });
    }
    match kind.as_str() {
        "" | "text" => (text, InboundContent::Text),
        _ if !text.is_empty() => (text, InboundContent::Text),
        _ => (text, InboundContent::Unsupported { kind }),
    }
}

/// Documented as counted from 1, seen as counted from 0: both are looked for.
fn media(form: &Form<'_>) -> Vec<Media> {
    let count: usize = form.get("mediacount").and_then(|n| n.parse().ok()).unwrap_or(0).min(MEDIA_MAX);
    if count == 0 {
        return Vec::new();
    }
    let mime = form.owned(&["mimetype"]).filter(|_| count == 1);
    let file = |index: usize| {
        let url = form.owned(&[format!("media{index}").as_str(), format!("mediaurl{index}").as_str()])?;
        let content_type = form.owned(&[format!("mediacontenttype{index}").as_str()]).or_else(|| mime.clone());
        Some(Media { url: Some(url), id: None, content_type, filename: None })
    };
    (0..=count).filter_map(file).take(count).collect()
}

fn report(request: &WebhookRequest<'_>, form: &Form<'_>, id: &str, word: &str, routes: &Routes) -> Decoded {
    let known = STATUSES.iter().find(|(known, _)| word.eq_ignore_ascii_case(known));
    let Some((_, status)) = known else { return other(format!("status_{word}"), id) };
    let code = form.get("errorcode").filter(|code| *code != "0" && *code != "000");
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let text = form.owned(&["errormessage", "errorreason"]).unwrap_or_default();
        errors::verdict(code).failure(ProviderError { code: code.map(str::to_owned), text })
    });
    let kind = medium(form).unwrap_or(routes.here().kind);
    let route = route(form, form.get("from").unwrap_or(""), kind, routes).unwrap_or(routes.here());
    Decoded::Status(Box::new(StatusReport {
        channel: route.channel.clone(),
        // The parts of a long message are reported one by one; what was sent has the id of the first.
        id: form.get("parentmessageuuid").unwrap_or(id).to_owned(),
        send: callback::send(request),
        status: *status,
        provider_status: word.to_owned(),
        at: None,
        recipient: form.get("to").map(|wire| address(wire, kind)),
        user_id: None,
        failure,
        pricing: None,
    }))
}
