//! `POST /v1/messages/preview`: what one message looks like on each channel, what it costs, and whether it would be sent. Nothing is sent, nothing is kept.

use super::broadcasts::dry_run::decimal;
use super::contacts::find;
use super::conversation::values;
use super::{Done, Fields, Once, Query, asked};
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::limits::EVENT_BODY_BYTES;
use crate::domain::name::{ChannelName, Slug};
use crate::domain::outbound::OutboundContent;
use crate::domain::phone::{country_of, is_country};
use crate::domain::scope::Scope;
use crate::domain::sms::Segments;
use crate::domain::value::rfc3339;
use crate::history::words;
use crate::http::error::Failure;
use crate::http::person::{excerpt, unfit};
use crate::http::web::Web;
use crate::service::preview::{NoPreview, Preview, Reader, Verdict, Words};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use utoipa::ToSchema;

/// Bytes of a plain text: 4,096 characters of any script.
const TEXT: usize = 16 * 1024;
/// Bytes of what names a contact.
const NAME: usize = 300;
/// Channels that are looked at at once.
const CHANNELS: usize = 20;

/// What is to be said, and to whom.
#[derive(Debug, ToSchema)]
#[schema(as = MessagePreviewAsked)]
#[expect(dead_code, reason = "it documents what `post` reads")]
pub struct Asked {
    /// A notification: it or `text`.
    notification: Option<String>,
    /// The values that it needs.
    #[schema(value_type = Object)]
    with: Option<Json>,
    /// A text as it stands there.
    #[schema(max_length = 16384)]
    text: Option<String>,
    /// Whether the text is marketing; a notification says it itself.
    marketing: Option<bool>,
    /// For whom: the contact's key, or an address such as `phone:+447700900123`.
    contact: Option<String>,
    /// Without a contact: in which language; the project's if nothing is said.
    language: Option<String>,
    /// Without a contact: the country whose price counts, such as `GB`.
    country: Option<String>,
    /// Only on these channels; on all that there are if nothing is said.
    #[schema(max_items = 20)]
    channels: Option<Vec<String>>,
}

/// What one message would look like.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessagePreview)]
pub struct Previewed {
    /// The channel over which it would leave now; null if it would not, or nobody was named.
    #[schema(required)]
    over: Option<String>,
    /// On each channel.
    channels: Vec<OnChannel>,
}

/// A message on one channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessagePreviewChannel)]
pub struct OnChannel {
    /// The channel.
    channel: String,
    /// Its kind.
    kind: &'static str,
    /// What would leave, in order.
    messages: Vec<Part>,
    /// Segments of text messages in all; of others as many as messages.
    segments: u64,
    /// What all of it costs, by the prices of the configuration.
    #[schema(required, example = "0.14")]
    price: Option<String>,
    /// In which currency.
    #[schema(required)]
    currency: Option<String>,
    /// Why the provider would not take it.
    #[schema(required)]
    too_much: Option<String>,
    /// Whether it would be sent now; null if nobody was named.
    #[schema(required)]
    verdict: Option<Judged>,
}

/// One message of several that leave.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessagePreviewPart)]
pub struct Part {
    /// `text`, `mail`, `template`, `media`, or `interactive`: with buttons, a list or a form.
    form: &'static str,
    /// Its words. Of a template that the provider approved, what is put into it.
    text: String,
    /// The subject of a mail.
    #[schema(required)]
    subject: Option<String>,
    /// The name of the approved template.
    #[schema(required)]
    template: Option<String>,
    /// Characters of the words.
    characters: usize,
    /// Of a text message: how it is counted.
    #[schema(required)]
    sms: Option<Counted>,
}

/// A text message as carriers count it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessagePreviewSegments)]
pub struct Counted {
    /// `GSM-7` or `UCS-2`.
    encoding: &'static str,
    /// Septets, or units of UTF-16.
    units: usize,
    /// Segments, each of which is paid.
    segments: usize,
    /// The first character for which the dearer encoding is needed.
    #[schema(required)]
    forced_by: Option<String>,
    /// Segments if it and its like were not there.
    segments_without: usize,
}

/// Whether it would be sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessagePreviewVerdict)]
pub struct Judged {
    /// `sent`; `held`, when its channel is resumed; `later`, when its hours begin; `busy`, when no other question is open; `refused`; `elsewhere`: it does not go over this channel.
    result: &'static str,
    /// Why it is refused: as a broadcast passes contacts over.
    #[schema(required)]
    reason: Option<&'static str>,
    /// More about that.
    #[schema(required)]
    detail: Option<String>,
    /// When its hours begin.
    #[schema(required)]
    at: Option<String>,
}

/// What one message would look like on each channel
///
/// The words after rendering, how many segments a text message has and which character makes it dearer, what it costs, whether the provider would take it, and whether it
/// would be sent to the contact now: consent, opt-outs, the suppression list, hours, caps, WhatsApp's window and the approved template that stands in.
#[utoipa::path(post, path = "/v1/messages/preview", tag = "Contacts", operation_id = "preview_message", security(("key" = ["contacts:read"])),
    request_body = Asked,
    responses((status = 200, description = "What it would look like", body = Previewed), (status = 404, description = "No such contact")))]
pub async fn post(web: Data<Web>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Failure> {
    let (caller, body) = asked(&web, &request, &mut payload, Scope::ContactsRead, EVENT_BODY_BYTES).await?;
    Query::read(&request, &[])?;
    let once = Once::of(&web, &request, &caller, &body)?;
    let mut fields = Fields::read(&body)?;
    let (notification, text) = (fields.text("notification", NAME)?, fields.text("text", TEXT)?);
    let with = match fields.take("with") {
        None => Map::new(),
        Some(Json::Object(map)) => map,
        Some(_) => return Err(unfit("with", "is not an object")),
    };
    let marketing = match fields.take("marketing") {
        None => false,
        Some(Json::Bool(marketing)) => marketing,
        Some(_) => return Err(unfit("marketing", "is neither true nor false")),
    };
    let (contact, language) = (fields.text("contact", NAME)?, fields.text("language", 64)?);
    let country = fields.text("country", 2)?;
    let channels = chosen(&web, fields.texts("channels", NAME)?)?;
    fields.finish()?;
    if country.as_ref().is_some_and(|country| !is_country(country)) {
        return Err(unfit("country", "is not a country code of two capital letters such as GB"));
    }
    let reader = match (&contact, language) {
        (Some(id), None) => {
            let found = find(&web, id, caller.mode).await?;
            Reader::Contact(found.key, Box::new(found.record))
        }
        (Some(_), Some(_)) => return Err(unfit("language", "is there beside `contact`, whose language counts")),
        (None, Some(code)) => {
            let language = Language::parse(&code).ok_or_else(|| unfit("language", "is not a code such as en or pt-BR"))?;
            Reader::Speaking(language)
        }
        (None, None) => Reader::Speaking(web.core.world().project.language),
    };
    let words = said(&web, notification, (text, marketing), with).await?;
    let (core, prices) = (Arc::clone(&web.core), web.prices.clone());
    let work = async move {
        let (found, over) = core.preview(&words, &reader, &channels).await.map_err(failure)?;
        let priced = |preview: &Preview| {
            let own = preview.to.as_ref().filter(|_| contact.is_some()).and_then(|to| country_of(to.reveal()));
            let prices = prices.get(&preview.channel);
            let each = prices.and_then(|prices| prices.of(country.clone().or(own).as_deref()));
            shown(preview, each.and_then(|price| u64::try_from(price).ok()), prices.map(|prices| prices.currency.clone()))
        };
        let channels = found.iter().map(priced).collect();
        Ok(Done::new(StatusCode::OK, Previewed { over: over.map(|channel| channel.to_string()), channels }))
    };
    once.answer(&web, work).await
}

fn chosen(web: &Web, named: Option<Vec<String>>) -> Result<Vec<ChannelName>, Failure> {
    let known = &web.core.world().channels;
    let Some(named) = named else { return Ok(known.keys().take(CHANNELS).cloned().collect()) };
    if named.is_empty() || named.len() > CHANNELS {
        return Err(unfit("channels", format!("are not 1 to {CHANNELS}")));
    }
    let one = |name: &String| {
        let read = ChannelName::parse(name).ok().filter(|name| known.contains_key(name));
        read.ok_or_else(|| unfit("channels", format!("there is no channel `{}`", excerpt(name))))
    };
    named.iter().map(one).collect()
}

async fn said(
    web: &Data<Web>,
    notification: Option<String>,
    (text, marketing): (Option<String>, bool),
    with: Map<String, Json>,
) -> Result<Words, Failure> {
    match (notification, text) {
        (Some(name), None) => {
            let none = || unfit("notification", "there is none of this name");
            let name = Slug::parse(&name).map_err(|_| none())?;
            let (core, asked) = (Arc::clone(&web.core), name.clone());
            let found = web.engine.spawn(async move { core.notice_for_preview(&asked).await }).await;
            let flow = found.map_err(|_| Failure::Unavailable)?.map_err(|why| match why {
                NoPreview::Unknown => none(),
                other => failure(other),
            })?;
            let with = values(&flow, with, web.country.as_deref())?;
            Ok(Words::Notification(flow, name, with))
        }
        (None, Some(_)) if !with.is_empty() => Err(unfit("with", "goes with a notification: a text is taken as it stands there")),
        (None, Some(text)) => Ok(Words::Text(text, marketing)),
        (Some(_), Some(_)) => Err(unfit("text", "is there beside `notification`: it is one of them")),
        (None, None) => Err(unfit("notification", "is missing: what is said, or `text`")),
    }
}

fn failure(why: NoPreview) -> Failure {
    match why {
        NoPreview::Unknown => unfit("notification", "cannot be sent by itself"),
        NoPreview::Values(detail) => unfit("with", detail),
        NoPreview::Store(error) => {
            tracing::warn!(%error, "a message could not be looked at");
            Failure::Unavailable
        }
    }
}

fn shown(preview: &Preview, price: Option<u64>, currency: Option<String>) -> OnChannel {
    let messages: Vec<Part> = preview.contents.iter().map(|content| part(content, preview.kind)).collect();
    let segments: u64 = messages.iter().map(|part| part.sms.as_ref().map_or(1, |sms| sms.segments.max(1) as u64)).sum();
    OnChannel {
        channel: preview.channel.to_string(),
        kind: preview.kind.as_str(),
        messages,
        segments,
        price: price.map(|price| decimal(price.saturating_mul(segments))),
        currency: currency.filter(|_| price.is_some()),
        too_much: preview.unwritable.clone(),
        verdict: judged(&preview.verdict),
    }
}

fn part(content: &OutboundContent, kind: ChannelKind) -> Part {
    let (form, subject, template) = match content {
        OutboundContent::Text { .. } => ("text", None, None),
        OutboundContent::Email { subject, .. } => ("mail", Some(subject.clone()), None),
        OutboundContent::Template { name, .. } => ("template", None, Some(name.clone())),
        OutboundContent::Media { .. } | OutboundContent::Album { .. } => ("media", None, None),
        _ => ("interactive", None, None),
    };
    let text = match content {
        OutboundContent::Email { text, .. } => text.clone(),
        content => words(content),
    };
    let counted = |text: &str| {
        let counted = Segments::of(text);
        Counted {
            encoding: counted.encoding.as_str(),
            units: counted.units,
            segments: counted.segments,
            forced_by: counted.forced_by.map(String::from),
            segments_without: Segments::if_gsm7(text).segments,
        }
    };
    let sms = (kind == ChannelKind::Sms).then(|| counted(&text));
    Part { form, characters: text.chars().count(), text, subject, template, sms }
}

fn judged(verdict: &Verdict) -> Option<Judged> {
    let plain = |result| Judged { result, reason: None, detail: None, at: None };
    Some(match verdict {
        Verdict::Unasked => return None,
        Verdict::Sent => plain("sent"),
        Verdict::Held => plain("held"),
        Verdict::Busy => plain("busy"),
        Verdict::Elsewhere => plain("elsewhere"),
        Verdict::Later(at) => Judged { at: Some(rfc3339(*at)), ..plain("later") },
        Verdict::Refused(reason, detail) => Judged { reason: Some(reason.as_str()), detail: detail.clone(), ..plain("refused") },
    })
}
