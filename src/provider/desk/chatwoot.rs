//! Chatwoot, with an inbox of the kind "API": contacts, conversations and messages over its application API
//! (developers.chatwoot.com, "Application APIs"), webhooks as the inbox sends them.
//!
//! - A hand-off is a conversation. Its `source_id` and its custom attribute `replyflow` are the hand-off's name, so it is found
//!   again among the contact's conversations and every webhook says whose it is.
//! - A message carries its own id as `source_id`. Releases that drop that field (it is in the code of present ones, not in the
//!   reference) may show a message twice after a lost answer; nothing else depends on it.
//! - Only private notes and the customer's own messages are written, never a public message of ours: the inbox would send that
//!   back as an agent's.
//! - A webhook that is not answered with 2xx is not repeated; Chatwoot shows the agent that the message failed
//!   (`lib/webhooks/trigger.rb`).

use super::super::json::{list, object_of, text};
use super::{Answer, Ask, Ended, Headers, Incoming, Json, Step, What, Work, bounded, id, is_fresh, signed, unreadable};
use crate::config::desks::DeskSettings;
use crate::domain::desk::{DeskJob, DeskLine, DeskOpening, TalkRef};
use crate::domain::time::Millis;
use serde_json::json;
use std::borrow::Cow;
use url::form_urlencoded::byte_serialize;

/// A task that is being done.
pub(super) struct Talking<'a> {
    work: Work<'a>,
    inbox: u64,
    team: Option<u64>,
    base: String,
    stage: Stage,
    conversation: String,
}

enum Stage {
    /// By its own name; then by what else the desk may know.
    FindContact {
        by: Vec<(&'static str, String)>,
    },
    MakeContact {
        bare: bool,
    },
    FindConversation {
        contact: String,
    },
    MakeConversation,
    FindLine,
    Say,
    Resolve,
}

impl<'a> Talking<'a> {
    pub(super) fn begin(work: Work<'a>, account: u64, inbox: u64, team: Option<u64>) -> (Self, Step) {
        let conversation = work.task.conversation.clone().unwrap_or_default();
        let base = format!("/api/v1/accounts/{account}");
        let mut talking = Talking { work, inbox, team, base, stage: Stage::Say, conversation };
        let step = match &work.task.job {
            DeskJob::Open(opening) => {
                let phone = opening.phone.iter().map(|phone| ("phone_number", phone.clone()));
                let email = opening.email.iter().map(|email| ("email", email.clone()));
                let by = std::iter::once(("identifier", work.person())).chain(phone).chain(email).rev().collect();
                talking.find_contact(by)
            }
            DeskJob::Say(_) | DeskJob::Close { .. } => talking.line(work.again),
        };
        (talking, step)
    }

    pub(super) fn next(&mut self, answer: &Answer) -> Step {
        self.after(answer).unwrap_or_else(Step::End)
    }

    fn after(&mut self, answer: &Answer) -> Result<Step, Ended> {
        match std::mem::replace(&mut self.stage, Stage::Say) {
            Stage::FindContact { mut by } => {
                let (key, value) = by.pop().unwrap_or_default();
                let same = |contact: &&Json| text(contact, key).is_some_and(|found| found.eq_ignore_ascii_case(&value));
                let found = list(answer.good(None)?, "payload").iter().find(same).and_then(|contact| id(contact, "id"));
                Ok(match found {
                    Some(contact) => self.with_contact(contact),
                    None if by.is_empty() => self.make_contact(false),
                    None => self.find_contact(by),
                })
            }
            Stage::MakeContact { bare } => {
                // Somebody there has the phone or the address in a form that the search did not find.
                if answer.status == 422 && !bare && self.opening().is_some_and(|o| o.phone.is_some() || o.email.is_some()) {
                    return Ok(self.make_contact(true));
                }
                let payload = object_of(answer.good(None)?, "payload");
                let contact = id(object_of(payload, "contact"), "id").or_else(|| id(payload, "id"));
                match contact.or_else(|| id(&answer.body, "id")) {
                    Some(contact) => Ok(self.with_contact(contact)),
                    None => Err(unreadable("the contact")),
                }
            }
            Stage::FindConversation { contact } => {
                let name = self.work.name();
                let body = answer.good(None)?;
                let all = match list(body, "payload") {
                    [] => list(object_of(body, "data"), "payload"),
                    all => all,
                };
                let ours = |one: &&Json| text(object_of(one, "custom_attributes"), "replyflow") == Some(name.as_str());
                Ok(match all.iter().find(ours).and_then(|one| id(one, "id")) {
                    Some(conversation) => {
                        self.conversation = conversation;
                        self.line(true)
                    }
                    None => self.make_conversation(&contact),
                })
            }
            Stage::MakeConversation => match id(answer.good(None)?, "id") {
                Some(conversation) => {
                    self.conversation = conversation;
                    Ok(self.line(false))
                }
                None => Err(unreadable("the conversation")),
            },
            Stage::FindLine => {
                let wanted = self.the_line().id.as_str();
                let body = answer.good(Some("its conversation is not there any more"))?;
                let said = list(body, "payload").iter().any(|message| text(message, "source_id") == Some(wanted));
                Ok(if said { self.said() } else { self.line(false) })
            }
            Stage::Say => {
                answer.good(Some("its conversation is not there any more"))?;
                Ok(self.said())
            }
            Stage::Resolve => {
                answer.good(Some("its conversation is not there any more"))?;
                Ok(self.done())
            }
        }
    }

    fn opening(&self) -> Option<&'a DeskOpening> {
        match &self.work.task.job {
            DeskJob::Open(opening) => Some(opening),
            _ => None,
        }
    }

    fn the_line(&self) -> &'a DeskLine {
        match &self.work.task.job {
            DeskJob::Open(opening) => &opening.first,
            DeskJob::Say(line) | DeskJob::Close { line, .. } => line,
        }
    }

    /// `GET /contacts/search?q=`: identifier, name, phone number or email address that contain it.
    fn find_contact(&mut self, by: Vec<(&'static str, String)>) -> Step {
        let value = by.last().map(|(_, value)| value.as_bytes()).unwrap_or_default();
        let query: String = byte_serialize(value).collect();
        self.stage = Stage::FindContact { by };
        Step::Ask(Ask::get(format!("{}/contacts/search?q={query}", self.base)))
    }

    fn make_contact(&mut self, bare: bool) -> Step {
        self.stage = Stage::MakeContact { bare };
        let opening = self.opening();
        let mut body = json!({ "inbox_id": self.inbox, "identifier": self.work.person() });
        let name = opening.and_then(|o| o.name.clone()).unwrap_or_else(|| "Customer".to_owned());
        body["name"] = name.into();
        if let Some(opening) = opening.filter(|_| !bare) {
            if let Some(phone) = &opening.phone {
                body["phone_number"] = phone.as_str().into();
            }
            if let Some(email) = &opening.email {
                body["email"] = email.as_str().into();
            }
        }
        Step::Ask(Ask::with("POST", format!("{}/contacts", self.base), body))
    }

    fn with_contact(&mut self, contact: String) -> Step {
        if !self.work.again {
            return self.make_conversation(&contact);
        }
        let path = format!("{}/contacts/{contact}/conversations", self.base);
        self.stage = Stage::FindConversation { contact };
        Step::Ask(Ask::get(path))
    }

    fn make_conversation(&mut self, contact: &str) -> Step {
        self.stage = Stage::MakeConversation;
        let name = self.work.name();
        let mut body = json!({
            "source_id": name, "inbox_id": self.inbox, "contact_id": contact, "status": "open",
            "custom_attributes": { "replyflow": name },
        });
        if let Some(team) = self.team {
            body["team_id"] = team.into();
        }
        Step::Ask(Ask::with("POST", format!("{}/conversations", self.base), body))
    }

    /// Writes the line of the task, unless it is there.
    fn line(&mut self, look: bool) -> Step {
        let path = format!("{}/conversations/{}/messages", self.base, self.conversation);
        if look {
            self.stage = Stage::FindLine;
            return Step::Ask(Ask::get(path));
        }
        self.stage = Stage::Say;
        let line = self.the_line();
        let kind = if line.contact { "incoming" } else { "outgoing" };
        let body = json!({
            "content": line.text, "message_type": kind, "private": !line.contact, "source_id": line.id,
        });
        Step::Ask(Ask::with("POST", path, body))
    }

    fn said(&mut self) -> Step {
        match self.work.task.job {
            DeskJob::Close { resolve: true, .. } => {
                self.stage = Stage::Resolve;
                let path = format!("{}/conversations/{}/toggle_status", self.base, self.conversation);
                Step::Ask(Ask::with("POST", path, json!({ "status": "resolved" })))
            }
            _ => self.done(),
        }
    }

    fn done(&self) -> Step {
        Step::End(Ended::Done { conversation: self.conversation.clone(), party: None })
    }
}

/// `api_access_token`, of an agent or administrator.
pub(super) fn credentials(settings: &DeskSettings) -> (Cow<'static, str>, String) {
    ("api_access_token".into(), settings.api_token.expose().to_owned())
}

pub(super) fn probe(account: u64, inbox: u64) -> Ask {
    Ask::get(format!("/api/v1/accounts/{account}/inboxes/{inbox}"))
}

pub(super) fn probed(answer: &Answer) -> Result<String, String> {
    match answer.status {
        200..=299 => match text(&answer.body, "channel_type") {
            Some("Channel::Api") | None => Ok("takes our token and has the inbox".to_owned()),
            Some(_) => Err("the inbox is not of the kind API: make one under Settings, Inboxes, API".to_owned()),
        },
        401 | 403 => Err(format!("it answers {}: check api_token, and that its agent works in the inbox", answer.status)),
        404 => Err("it answers 404: check base_url, account_id and inbox_id".to_owned()),
        status => Err(format!("it answers {status}")),
    }
}

/// `X-Chatwoot-Signature`: `sha256=` and the HMAC of `X-Chatwoot-Timestamp`, a dot and the body.
pub(super) fn verify(settings: &DeskSettings, headers: &dyn Headers, body: &[u8], now: Millis) -> bool {
    let Some(timestamp) = headers.get("X-Chatwoot-Timestamp") else { return false };
    let Some(given) = headers.get("X-Chatwoot-Signature").and_then(|text| text.strip_prefix("sha256=")) else { return false };
    let mut bytes = [0u8; 32];
    let fresh = timestamp.parse::<i64>().is_ok_and(|at| is_fresh(Millis(at.saturating_mul(1_000)), now));
    fresh && hex::decode_to_slice(given, &mut bytes).is_ok() && signed(settings, &bytes, &[timestamp.as_bytes(), b".", body])
}

/// `message_created` that an agent wrote for the customer, and `conversation_status_changed` to `resolved`.
pub(super) fn decode(said: &Json) -> Option<Incoming> {
    match text(said, "event")? {
        "message_created" => {
            // The name of the type, or its number as some events have it.
            let outgoing = matches!(super::json::code(said, "message_type")?.as_str(), "outgoing" | "1");
            let private = said.get("private").and_then(Json::as_bool).unwrap_or(false);
            let sender = object_of(said, "sender");
            // Bots and rules have another type; what says none is an agent of an older release.
            let agent = text(sender, "type").is_none_or(|kind| kind.eq_ignore_ascii_case("user"));
            let ours = text(said, "source_id").is_some_and(|id| id.starts_with("rf-"));
            if !outgoing || private || !agent || ours {
                return None;
            }
            let conversation = object_of(said, "conversation");
            let mut words = text(said, "content").unwrap_or("").to_owned();
            for file in list(said, "attachments").iter().take(15) {
                if let Some(url) = text(file, "data_url") {
                    words.push_str(if words.is_empty() { "" } else { "\n" });
                    words.push_str(url);
                }
            }
            let what = What::Wrote(bounded(words.trim()));
            if what == What::Wrote(String::new()) {
                return None;
            }
            let id = format!("message/{}", id(said, "id")?);
            Some(Incoming { talk: talk_of(conversation)?, conversation: number_of(conversation)?, id, by: by(sender), what })
        }
        "conversation_status_changed" if text(said, "status") == Some("resolved") => {
            let talk = talk_of(said)?;
            let assignee = object_of(object_of(said, "meta"), "assignee");
            let id = format!("resolved/{talk}");
            Some(Incoming { talk, conversation: number_of(said)?, id, by: by(assignee), what: What::Resolved })
        }
        _ => None,
    }
}

fn by(person: &Json) -> String {
    text(person, "available_name").or_else(|| text(person, "name")).unwrap_or("").to_owned()
}

/// The hand-off of a conversation: its `source_id`, which nobody there can change, or the attribute.
fn talk_of(conversation: &Json) -> Option<TalkRef> {
    let source = text(object_of(conversation, "contact_inbox"), "source_id");
    let attribute = text(object_of(conversation, "custom_attributes"), "replyflow");
    source.and_then(TalkRef::parse).or_else(|| attribute.and_then(TalkRef::parse))
}

fn number_of(conversation: &Json) -> Option<String> {
    id(conversation, "id").or_else(|| id(conversation, "display_id"))
}
