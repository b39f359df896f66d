//! How a message is written for a gateway: its operator's template, filled.

use crate::config::providers::http::template::{Part, Template, Variable};
use crate::config::providers::http::{Format, HttpSettings};
use crate::config::secret::Secret;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, Outbound, OutboundContent};
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::webhook::Method;
use crate::provider::xml;
use bytes::Bytes;
use serde_json::Value;
use std::borrow::Cow;
use url::form_urlencoded::byte_serialize;

/// What stands for the variables of one message.
struct Filling<'a> {
    to: String,
    from: &'a str,
    text: String,
    id: String,
    channel: &'a str,
    callback: &'a str,
    media: Vec<&'a str>,
}

pub fn encode(settings: &HttpSettings, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
    let rules = &settings.send;
    let files = [Variable::Media, Variable::MediaList];
    let takes_files = rules.url.has(&files) || rules.body.has(&files);
    let (text, media) = content(&message.content, context.kind, takes_files)?;
    let filling = Filling {
        to: receiver(&message.to)?,
        from: &settings.number,
        text,
        id: context.send.map(|send| send.to_string()).unwrap_or_default(),
        channel: context.channel.as_str(),
        callback: context.status_callback.unwrap_or(""),
        media,
    };
    let mut headers: Vec<(Cow<'static, str>, String)> = Vec::new();
    let (method, body) = if rules.get {
        (Method::Get, String::new())
    } else {
        let usual = match rules.format {
            Format::Json => "application/json",
            Format::Form => "application/x-www-form-urlencoded",
            Format::Xml => "text/xml; charset=utf-8",
            Format::Text => "text/plain; charset=utf-8",
        };
        headers.push((Cow::Borrowed("Content-Type"), rules.content_type.clone().unwrap_or_else(|| usual.to_owned())));
        (Method::Post, filled(&rules.body, &filling, &rules.secrets, rules.format))
    };
    headers.extend(rules.headers.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.expose().to_owned())));
    Ok(HttpRequest { method, url: filled(&rules.url, &filling, &rules.secrets, Format::Form), headers, body: Bytes::from(body) })
}

/// The text and the files. Where the template has no place for files, their links stand below the text.
fn content(content: &OutboundContent, kind: ChannelKind, takes_files: bool) -> Result<(String, Vec<&str>), EncodeError> {
    let unsupported = |what| Err(EncodeError::Unsupported { provider: "this gateway", what, kind });
    let (text, files): (&str, &[Media]) = match content {
        OutboundContent::Text { text } if text.is_empty() => return Err(EncodeError::Empty("the text")),
        OutboundContent::Text { text } => (text, &[]),
        OutboundContent::Media { media, caption, .. } => (caption.as_deref().unwrap_or(""), std::slice::from_ref(media)),
        OutboundContent::Album { media, text } => (text.as_deref().unwrap_or(""), media),
        OutboundContent::Buttons { .. } => return unsupported("buttons"),
        OutboundContent::List { .. } | OutboundContent::Sections { .. } => return unsupported("a list"),
        OutboundContent::Form(_) => return unsupported("a form"),
        OutboundContent::CallToAction { .. } => return unsupported("a button with a link"),
        OutboundContent::LocationRequest { .. } => return unsupported("a request for a location"),
        OutboundContent::Location { .. } => return unsupported("a location"),
        OutboundContent::Contacts(_) => return unsupported("contact cards"),
        OutboundContent::Reaction { .. } => return unsupported("a reaction"),
        OutboundContent::Template { .. } => return unsupported("a template"),
        OutboundContent::Email { .. } => return unsupported("a mail"),
        OutboundContent::MarkRead { .. } => return unsupported("a read mark"),
    };
    let url = |file: &'_ Media| file.url.is_none();
    if files.iter().any(url) {
        return Err(EncodeError::Empty("the URL of a file"));
    }
    let urls: Vec<&str> = files.iter().filter_map(|file| file.url.as_deref()).filter(|url| !url.is_empty()).collect();
    if takes_files || urls.is_empty() {
        return Ok((text.to_owned(), urls));
    }
    let lines = std::iter::once(text).filter(|text| !text.is_empty()).chain(urls);
    Ok((lines.collect::<Vec<_>>().join("\n"), Vec::new()))
}

fn receiver(to: &Address) -> Result<String, EncodeError> {
    match to {
        Address::Phone(phone) => Ok(phone.as_str().to_owned()),
        Address::Verbatim(short) => Ok(short.clone()),
        Address::Bsuid(_) | Address::Email(_) | Address::External(_) => Err(EncodeError::Address),
    }
}

fn filled(template: &Template, filling: &Filling<'_>, secrets: &[(String, Secret)], format: Format) -> String {
    let mut out = String::with_capacity(256);
    for part in &template.0 {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Variable(Variable::MediaList) if format == Format::Json => {
                let all = filling.media.iter().map(|url| Value::from(*url)).collect();
                out.push_str(&Value::Array(all).to_string());
            }
            Part::Variable(variable) => out.push_str(&written(&value(*variable, filling), format)),
            Part::Secret(name) => {
                let secret = secrets.iter().find(|(known, _)| known == name);
                out.push_str(&written(secret.map_or("", |(_, secret)| secret.expose()), format));
            }
        }
    }
    out
}

fn value<'f>(variable: Variable, filling: &'f Filling<'_>) -> Cow<'f, str> {
    let digits = |text: &'f str| Cow::Borrowed(text.strip_prefix('+').unwrap_or(text));
    match variable {
        Variable::To => Cow::Borrowed(&*filling.to),
        Variable::ToDigits => digits(&filling.to),
        Variable::From => Cow::Borrowed(filling.from),
        Variable::FromDigits => digits(filling.from),
        Variable::Text => Cow::Borrowed(&*filling.text),
        Variable::Id => Cow::Borrowed(&*filling.id),
        Variable::Channel => Cow::Borrowed(filling.channel),
        Variable::Callback => Cow::Borrowed(filling.callback),
        Variable::Media => Cow::Borrowed(filling.media.first().copied().unwrap_or("")),
        Variable::MediaList => Cow::Owned(filling.media.join(",")),
    }
}

/// A value so that it can say nothing but itself, wherever it stands.
fn written(text: &str, format: Format) -> String {
    match format {
        Format::Json => Value::from(text).to_string(),
        Format::Form => byte_serialize(text.as_bytes()).collect(),
        Format::Xml => {
            // What XML 1.0 cannot hold at all would make all of it unreadable.
            let fits = |c: &char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
            xml::escaped(&text.chars().filter(fits).collect::<String>())
        }
        Format::Text => text.to_owned(),
    }
}
