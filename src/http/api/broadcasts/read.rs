//! What is asked for when a broadcast or a schedule is made, field by field.

use super::super::Fields;
use super::super::conversation::values;
use crate::domain::broadcast::Reentry;
use crate::domain::broadcast_plan::{Arm, Audience, Content, Contents, Plan, What, parse_reentry};
use crate::domain::id::ContactKey;
use crate::domain::limits::{BROADCAST_ARMS, BROADCAST_LISTED, BROADCAST_RATE};
use crate::domain::mode::Mode;
use crate::domain::name::Slug;
use crate::history::query::{ContactQuery, Terms};
use crate::http::api::contacts::address;
use crate::http::api::imports::is_done;
use crate::http::caller::Caller;
use crate::http::error::Failure;
use crate::http::person::{excerpt, unfit};
use crate::http::web::Web;
use crate::service::broadcast::NotSaid;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Characters of a name for people.
const NAME: usize = 100;
/// Bytes of a flow's, a notification's or an arm's name.
const SLUG: usize = 64;
/// Bytes of a query.
const QUERY: usize = 16 * 1024;
/// The largest share that is held out, in percent.
const HOLDOUT: u64 = 90;

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Brief {
    /// Its name for people.
    pub name: String,
    /// What contacts get.
    pub plan: Plan,
    /// For whom.
    pub audience: Audience,
    /// Those who were named one by one.
    pub listed: Option<Vec<ContactKey>>,
}

/// Reads what a broadcast and a schedule have in common. `again` is the rule if none is given.
pub async fn brief(fields: &mut Fields, web: &Web, caller: &Caller, again: Reentry) -> Result<Brief, Failure> {
    let contents = contents(fields, web).await?;
    let first = contents.all().next().map(|(_, content)| content.what.name().to_string()).unwrap_or_default();
    let name = name(fields)?.unwrap_or(first);
    let holdout = percent(fields, "holdout", 0, HOLDOUT)?.unwrap_or(0);
    let again = match fields.text("again", 64)? {
        None => again,
        Some(text) => parse_reentry(&text).ok_or_else(|| invalid("again", "is not never, always, or such as `after 30d`"))?,
    };
    let rate = rate(fields, web, &contents).await?;
    let (audience, listed) = audience(fields, web, caller).await?;
    Ok(Brief { name, plan: Plan { contents, holdout, again, morning: None, rate }, audience, listed })
}

/// A name for people, if one is given.
pub fn name(fields: &mut Fields) -> Result<Option<String>, Failure> {
    let Some(name) = fields.text("name", 4 * NAME)? else { return Ok(None) };
    let name = name.trim().to_owned();
    if name.chars().count() > NAME || name.chars().any(char::is_control) {
        return Err(invalid("name", format!("is not a line of 1 to {NAME} characters")));
    }
    Ok(Some(name))
}

/// One content for all, or arms, each of which may say what differs.
async fn contents(fields: &mut Fields, web: &Web) -> Result<Contents, Failure> {
    let (flow, notification) = (fields.text("flow", SLUG)?, fields.text("notification", SLUG)?);
    let with = object(fields.take("with"), "with")?;
    let Some(arms) = fields.take("arms") else {
        let place = Place { flow: flow.as_deref(), notification: notification.as_deref(), at: "" };
        return content(web, place, with).await.map(Contents::One);
    };
    let Json::Array(items) = arms else { return Err(invalid("arms", "is not a list")) };
    if !(2..=BROADCAST_ARMS).contains(&items.len()) {
        return Err(invalid("arms", format!("has {} entries and not 2 to {BROADCAST_ARMS}", items.len())));
    }
    let mut arms: Vec<Arm> = Vec::with_capacity(items.len());
    for (n, item) in items.into_iter().enumerate() {
        let at = format!("arms[{n}]");
        let mut own = object(Some(item), &at)?;
        let text = |own: &mut Map<String, Json>, key: &str| match own.remove(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(unfit(format!("{at}.{key}"), "is not text")),
        };
        let name = text(&mut own, "name")?.unwrap_or_default();
        let name = Slug::parse(&name).map_err(|bad| unfit(format!("{at}.name"), bad.reason))?;
        let share = own.remove("share").and_then(|share| share.as_u64()).and_then(|n| u8::try_from(n).ok());
        let share = share.filter(|share| (1..=99).contains(share));
        let share = share.ok_or_else(|| unfit(format!("{at}.share"), "is not a whole number from 1 to 99"))?;
        let (own_flow, own_notification) = (text(&mut own, "flow")?, text(&mut own, "notification")?);
        // What an arm says of its content stands in place of what is said for all.
        let (flow, notification) = match own_flow.is_some() || own_notification.is_some() {
            true => (own_flow, own_notification),
            false => (flow.clone(), notification.clone()),
        };
        let mut merged = with.clone();
        merged.extend(object(own.remove("with"), &format!("{at}.with"))?);
        if let Some(unknown) = own.keys().next() {
            return Err(unfit(at, format!("`{}` is no field here", excerpt(unknown))));
        }
        if arms.iter().any(|arm| arm.name == name) {
            return Err(unfit(format!("{at}.name"), "is there twice"));
        }
        let place = Place { flow: flow.as_deref(), notification: notification.as_deref(), at: &at };
        arms.push(Arm { name, share, content: content(web, place, merged).await? });
    }
    let sum: u32 = arms.iter().map(|arm| u32::from(arm.share)).sum();
    if sum != 100 {
        return Err(invalid("arms", format!("has shares of {sum} together and not of 100")));
    }
    Ok(Contents::Arms(arms))
}

/// What is named at a place of the request.
struct Place<'a> {
    flow: Option<&'a str>,
    notification: Option<&'a str>,
    at: &'a str,
}

async fn content(web: &Web, place: Place<'_>, with: Map<String, Json>) -> Result<Content, Failure> {
    let at = |field: &str| if place.at.is_empty() { field.to_owned() } else { format!("{}.{field}", place.at) };
    let slug = |name: &str, field: &str| Slug::parse(name).map_err(|_| unfit(at(field), "there is none of this name"));
    let what = match (place.flow, place.notification) {
        (Some(flow), None) => What::Flow(slug(flow, "flow")?),
        (None, Some(notification)) => What::Notification(slug(notification, "notification")?),
        (Some(_), Some(_)) => return Err(unfit(at("notification"), "is there beside `flow`: it is one of them")),
        (None, None) => return Err(unfit(at("flow"), "is missing: what is begun, or `notification`: what is sent")),
    };
    let mut content = Content { what, with: Vec::new(), version: None };
    let (core, asked) = (Arc::clone(&web.core), content.clone());
    let found = web.engine.spawn(async move { core.flow_of(&asked).await }).await.map_err(|_| Failure::Unavailable)?;
    let flow = found.map_err(|why| match why {
        NotSaid::Missing(_) => unfit(at(content.what.kind()), "there is none of this name"),
        NotSaid::Store(error) => {
            tracing::error!(error, "what a broadcast says could not be read");
            Failure::Unavailable
        }
    })?;
    // A former name is the present one from here on.
    if let What::Flow(name) = &mut content.what {
        *name = flow.name.clone();
    }
    content.with = values(&flow, with, web.country.as_deref()).map_err(|failure| match failure {
        Failure::Unfit { at: field, reason } => Failure::Unfit { at: at(&field), reason },
        other => other,
    })?;
    Ok(content)
}

fn object(json: Option<Json>, at: &str) -> Result<Map<String, Json>, Failure> {
    match json {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(map)) => Ok(map),
        Some(_) => Err(unfit(at, "is not an object")),
    }
}

fn percent(fields: &mut Fields, field: &'static str, from: u64, to: u64) -> Result<Option<u8>, Failure> {
    let Some(given) = fields.take(field) else { return Ok(None) };
    let n = given.as_u64().filter(|n| (from..=to).contains(n)).and_then(|n| u8::try_from(n).ok());
    n.map(Some).ok_or_else(|| invalid(field, format!("is not a whole number from {from} to {to}: percent")))
}

async fn rate(fields: &mut Fields, web: &Web, contents: &Contents) -> Result<Option<u32>, Failure> {
    let Some(given) = fields.take("rate") else { return Ok(None) };
    let most = fastest(web, contents).await?.unwrap_or(BROADCAST_RATE);
    let rate = given.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| (1..=most).contains(n));
    let reason = || format!("is not a whole number from 1 to {most}: contacts a second, no more than its channels send");
    rate.map(Some).ok_or_else(|| invalid("rate", reason()))
}

/// How many contacts a second what it says can be sent to at most; nothing if there is no bound.
pub async fn fastest(web: &Web, contents: &Contents) -> Result<Option<u32>, Failure> {
    let (core, mut contents) = (Arc::clone(&web.core), contents.clone());
    let asked = web.engine.spawn(async move { core.settled(&mut contents).await.map(|channels| core.rate_of(&channels)) });
    asked.await.ok().and_then(Result::ok).ok_or(Failure::Unavailable)
}

/// For whom it is: one of three.
async fn audience(fields: &mut Fields, web: &Web, caller: &Caller) -> Result<(Audience, Option<Vec<ContactKey>>), Failure> {
    let Some(given) = fields.take("audience") else {
        return Err(invalid("audience", "is missing: { query }, { contacts } or { import }"));
    };
    let mut given = object(Some(given), "audience")?;
    let one = |given: &mut Map<String, Json>, key: &str| given.remove(key).filter(|value| !value.is_null());
    let (query, contacts, import) = (one(&mut given, "query"), one(&mut given, "contacts"), one(&mut given, "import"));
    if let Some(unknown) = given.keys().next() {
        return Err(unfit("audience", format!("`{}` is no field here", excerpt(unknown))));
    }
    match (query, contacts, import) {
        (Some(Json::String(query)), None, None) if query.len() <= QUERY => {
            let project = &web.core.world().project;
            let terms = Terms { attributes: &project.attributes, zone: &project.timezone, now: web.core.store_now() };
            ContactQuery::parse(&query, &terms).map_err(|problem| unfit("audience.query", problem.to_string()))?;
            Ok((Audience::Query(query), None))
        }
        (None, Some(Json::Array(items)), None) => {
            let listed = listed(items, web, caller.mode)?;
            Ok((Audience::Listed(listed.len()), Some(listed)))
        }
        (None, None, Some(Json::String(job))) => {
            match is_done(web, caller, &job).await? {
                Some(true) => {}
                Some(false) => return Err(unfit("audience.import", "it is not at its end: import the rest of the file first")),
                None => return Err(unfit("audience.import", "there is no import of this name")),
            }
            let job = if caller.mode == Mode::Test && !job.starts_with("test-") { format!("test-{job}") } else { job };
            Ok((Audience::Import(job), None))
        }
        (Some(_), None, None) => Err(unfit("audience.query", format!("is not text of at most {QUERY} bytes"))),
        (None, Some(_), None) => Err(unfit("audience.contacts", "is not a list")),
        (None, None, Some(_)) => Err(unfit("audience.import", "is not text")),
        (None, None, None) | (Some(_), _, _) | (None, Some(_), Some(_)) => {
            Err(invalid("audience", "is not one of { query }, { contacts } and { import }"))
        }
    }
}

/// Contacts by their keys or addresses, each once.
fn listed(items: Vec<Json>, web: &Web, mode: Mode) -> Result<Vec<ContactKey>, Failure> {
    if items.is_empty() || items.len() > BROADCAST_LISTED {
        let reason = format!("has {} entries and not 1 to {BROADCAST_LISTED}: larger ones are imported", items.len());
        return Err(unfit("audience.contacts", reason));
    }
    let mut keys = Vec::with_capacity(items.len());
    for (n, item) in items.into_iter().enumerate() {
        let at = format!("audience.contacts[{n}]");
        let Json::String(text) = item else { return Err(unfit(at, "is not text")) };
        let key = match text.split_once(':') {
            None => ContactKey::parse(&text),
            Some((kind, rest)) => {
                let address = address(kind, rest, web.country.as_deref())
                    .map_err(|failure| unfit(at.clone(), failure.detail().unwrap_or_else(|| "is no address".to_owned())))?;
                Some(web.core.address_key(mode, &address))
            }
        };
        keys.push(key.ok_or_else(|| unfit(at, "is neither a contact's key nor an address such as phone:+447700900123"))?);
    }
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}

pub(super) fn invalid(field: &'static str, reason: impl Into<String>) -> Failure {
    Failure::Invalid { field, reason: reason.into() }
}
