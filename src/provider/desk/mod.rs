//! Desks: what is asked of a help-desk service, step by step, and what its webhooks say. Pure, as the adapters of messages: a
//! [`Dialog`] gives the next request, is told its answer, and says in the end what became of the task. Each step can be
//! repeated: what may be there already is looked for before it is made a second time.

mod chatwoot;
#[cfg(test)]
mod tests;
mod zendesk;

use super::json;
use super::webhook::{Headers, Malformed};
use crate::config::desks::{DeskKind, DeskSettings};
use crate::domain::desk::{DeskTask, TalkRef};
use crate::domain::id::ContactKey;
use crate::domain::limits;
use crate::domain::time::Millis;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value as Json;
use sha2::Sha256;
use std::borrow::Cow;

/// One request to a desk. Its credentials are in [`headers`].
#[derive(Clone, PartialEq)]
pub struct Ask {
    /// Its method.
    pub method: &'static str,
    /// Its path and query, below the base URL.
    pub path: String,
    /// What is sent.
    pub body: Option<Json>,
    /// What makes a repetition of it the same request.
    pub idempotency: Option<String>,
}

impl Ask {
    fn get(path: String) -> Self {
        Ask { method: "GET", path, body: None, idempotency: None }
    }

    fn with(method: &'static str, path: String, body: Json) -> Self {
        Ask { method, path, body: Some(body), idempotency: None }
    }
}

/// What comes next.
#[derive(Clone, PartialEq)]
pub enum Step {
    /// A request.
    Ask(Ask),
    /// The end.
    End(Ended),
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It is done.
    Done {
        /// The conversation there.
        conversation: String,
        /// The contact there, where each message must name it.
        party: Option<String>,
    },
    /// It is not possible, also not later.
    Refused(String),
    /// Not now: a limit, a server in trouble, wrong credentials.
    Later {
        /// The status of the answer.
        status: u16,
    },
}

/// A task that is being done at a desk.
pub struct Dialog<'a> {
    service: Service<'a>,
}

enum Service<'a> {
    Chatwoot(chatwoot::Talking<'a>),
    Zendesk(zendesk::Talking<'a>),
}

/// What all steps of a task need.
#[derive(Clone, Copy)]
struct Work<'a> {
    task: &'a DeskTask,
    contact: ContactKey,
    /// Whether an earlier attempt may have done a part of it.
    again: bool,
}

impl Work<'_> {
    /// How the hand-off is named there.
    fn name(&self) -> String {
        TalkRef { contact: self.contact, talk: self.task.talk }.to_string()
    }

    /// How the contact is named there.
    fn person(&self) -> String {
        format!("replyflow-{}", self.contact)
    }
}

impl<'a> Dialog<'a> {
    /// A task and its first step. `again`: an earlier attempt may have done a part of it.
    pub fn begin(settings: &'a DeskSettings, task: &'a DeskTask, contact: ContactKey, again: bool) -> (Self, Step) {
        let work = Work { task, contact, again };
        match &settings.kind {
            DeskKind::Chatwoot { account, inbox, team } => {
                let (talking, step) = chatwoot::Talking::begin(work, *account, *inbox, *team);
                (Dialog { service: Service::Chatwoot(talking) }, step)
            }
            DeskKind::Zendesk { group, .. } => {
                let (talking, step) = zendesk::Talking::begin(work, *group);
                (Dialog { service: Service::Zendesk(talking) }, step)
            }
        }
    }

    /// What follows from an answer.
    pub fn next(&mut self, status: u16, body: &[u8]) -> Step {
        let answer = Answer { status, body: serde_json::from_slice(body).unwrap_or(Json::Null) };
        match &mut self.service {
            Service::Chatwoot(talking) => talking.next(&answer),
            Service::Zendesk(talking) => talking.next(&answer),
        }
    }
}

/// An answer of a desk.
struct Answer {
    status: u16,
    body: Json,
}

impl Answer {
    fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it says that the request itself cannot be taken.
    fn is_refused(&self) -> bool {
        matches!(self.status, 400 | 410 | 413 | 422)
    }

    /// The end that a bad answer is, or the body of a good one. `missing`: what it means that the thing is not there.
    fn good(&self, missing: Option<&str>) -> Result<&Json, Ended> {
        if self.is_good() {
            return Ok(&self.body);
        }
        if let (404, Some(missing)) = (self.status, missing) {
            return Err(Ended::Refused(missing.to_owned()));
        }
        Err(if self.is_refused() { self.refused() } else { Ended::Later { status: self.status } })
    }

    /// That it answered so. Its words may hold what was sent to it, so they are not repeated.
    fn refused(&self) -> Ended {
        Ended::Refused(format!("it answered {}", self.status))
    }
}

/// An answer that is good and does not say what it must.
fn unreadable(what: &str) -> Ended {
    Ended::Refused(format!("its answer does not say {what}"))
}

/// A number or text that names something.
fn id(value: &Json, key: &str) -> Option<String> {
    json::code(value, key).filter(|id| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

/// The headers of every request to this desk, its credentials among them.
pub fn headers(settings: &DeskSettings) -> Vec<(Cow<'static, str>, String)> {
    let credentials = match &settings.kind {
        DeskKind::Chatwoot { .. } => chatwoot::credentials(settings),
        DeskKind::Zendesk { user, .. } => zendesk::credentials(settings, user),
    };
    let json = "application/json".to_owned();
    vec![("Content-Type".into(), json.clone()), ("Accept".into(), json), credentials]
}

/// A request that shows whether we may work there.
pub fn probe(settings: &DeskSettings) -> Ask {
    match settings.kind {
        DeskKind::Chatwoot { account, inbox, .. } => chatwoot::probe(account, inbox),
        DeskKind::Zendesk { .. } => zendesk::probe(),
    }
}

/// What its answer means: what was found, or what to do.
pub fn probed(settings: &DeskSettings, status: u16, body: &[u8]) -> Result<String, String> {
    let answer = Answer { status, body: serde_json::from_slice(body).unwrap_or(Json::Null) };
    match settings.kind {
        DeskKind::Chatwoot { .. } => chatwoot::probed(&answer),
        DeskKind::Zendesk { .. } => zendesk::probed(&answer),
    }
}

/// Something that a person did at a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The hand-off.
    pub talk: TalkRef,
    /// The conversation there.
    pub conversation: String,
    /// What makes it the same when it is delivered again.
    pub id: String,
    /// Who, as others may read it.
    pub by: String,
    /// What.
    pub what: What,
}

/// What a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Wrote to the contact.
    Wrote(String),
    /// Resolved the conversation.
    Resolved,
}

/// Whether the service signed this. Where no secret is configured for a service that need not sign, its URL alone is its proof.
pub fn verify(settings: &DeskSettings, headers: &dyn Headers, body: &[u8], now: Millis) -> bool {
    if settings.webhook_secrets.is_empty() {
        return matches!(settings.kind, DeskKind::Chatwoot { .. });
    }
    match &settings.kind {
        DeskKind::Chatwoot { .. } => chatwoot::verify(settings, headers, body, now),
        DeskKind::Zendesk { .. } => zendesk::verify(settings, headers, body, now),
    }
}

/// What a believed webhook says; nothing if it is none of ours or decides nothing.
pub fn decode(settings: &DeskSettings, body: &[u8]) -> Result<Option<Incoming>, Malformed> {
    let said = json::object(body)?;
    let found = match &settings.kind {
        DeskKind::Chatwoot { .. } => chatwoot::decode(&said),
        DeskKind::Zendesk { .. } => zendesk::decode(&said),
    };
    Ok(found.map(|incoming| Incoming { by: name_of(&incoming.by, settings), ..incoming }))
}

/// A name of 1 to 100 characters.
fn name_of(given: &str, settings: &DeskSettings) -> String {
    let name: String = given.trim().chars().filter(|c| !c.is_control()).take(100).collect();
    if name.is_empty() { settings.name.to_string() } else { name }
}

/// The text of a message, bounded so that what is too long stays too long.
fn bounded(text: &str) -> String {
    let mut end = text.len().min(limits::DESK_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// Whether one of the secrets gives this HMAC-SHA256 of the parts. All are tried, and each comparison takes the same time.
fn signed(settings: &DeskSettings, given: &[u8], parts: &[&[u8]]) -> bool {
    settings.webhook_secrets.iter().fold(false, |found, secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes a key of any length");
        parts.iter().for_each(|part| mac.update(part));
        found | mac.verify_slice(given).is_ok()
    })
}

fn is_fresh(at: Millis, now: Millis) -> bool {
    at.0.abs_diff(now.0) <= limits::DESK_FRESH.0.unsigned_abs()
}
