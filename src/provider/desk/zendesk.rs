//! Zendesk: a hand-off is a ticket (developer.zendesk.com, "Tickets", "Ticket comments", "Users"), and what happens to it comes
//! over a webhook that is subscribed to ticket events ("Ticket events", "Verifying").
//!
//! - The ticket's `external_id` is the hand-off's name: it is listed by it again, and every event carries it. The request that
//!   makes it has an `Idempotency-Key`, which Zendesk knows for two hours.
//! - What the customer writes is a public comment of the requester; everything else is an internal note, so that nothing of ours
//!   comes back as an agent's reply. A comment's id of ours is in the metadata of its audit.
//! - Events, not triggers: a trigger's JSON is put together out of placeholders without escaping and does not name the comment.
//!   Not Sunshine Conversations: it needs a licence, an app and a switchboard beside the desk.
//! - Two things are not in the reference and are taken tolerantly: the case of a status, and whether ids are numbers or texts.

use super::super::json::{code, list, object_of, text};
use super::{Answer, Ask, Ended, Headers, Incoming, Json, Step, What, Work, bounded, id, is_fresh, signed, unreadable};
use crate::config::desks::DeskSettings;
use crate::domain::desk::{DeskJob, DeskLine, DeskOpening, TalkRef};
use crate::domain::time::Millis;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::borrow::Cow;

/// The tag of every ticket, and the name of our id in the metadata of an audit.
const TAG: &str = "replyflow";

/// A task that is being done.
pub(super) struct Talking<'a> {
    work: Work<'a>,
    group: Option<u64>,
    stage: Stage,
    ticket: String,
    party: Option<String>,
}

enum Stage {
    FindTicket,
    MakeUser { bare: bool },
    MakeTicket,
    FindLine,
    Say { solve: bool },
}

impl<'a> Talking<'a> {
    pub(super) fn begin(work: Work<'a>, group: Option<u64>) -> (Self, Step) {
        let ticket = work.task.conversation.clone().unwrap_or_default();
        let mut talking = Talking { work, group, stage: Stage::FindTicket, ticket, party: work.task.party.clone() };
        let step = match (&work.task.job, work.again) {
            (DeskJob::Open(_), true) => Step::Ask(Ask::get(format!("/api/v2/tickets?external_id={}", work.name()))),
            (DeskJob::Open(opening), false) => talking.make_user(opening, false),
            (DeskJob::Say(_) | DeskJob::Close { .. }, true) => {
                talking.stage = Stage::FindLine;
                Step::Ask(Ask::get(format!("/api/v2/tickets/{}/audits?page[size]=100&sort=-created_at", talking.ticket)))
            }
            (DeskJob::Say(_), false) => talking.say(false),
            (DeskJob::Close { resolve, .. }, false) => talking.say(*resolve),
        };
        (talking, step)
    }

    pub(super) fn next(&mut self, answer: &Answer) -> Step {
        self.after(answer).unwrap_or_else(Step::End)
    }

    fn after(&mut self, answer: &Answer) -> Result<Step, Ended> {
        const GONE: Option<&str> = Some("its ticket is not there any more");
        match self.stage {
            Stage::FindTicket => {
                let name = self.work.name();
                let ours = |ticket: &&Json| text(ticket, "external_id") == Some(name.as_str());
                let found = list(answer.good(None)?, "tickets").iter().find(ours);
                let Some(ticket) = found.and_then(|ticket| Some((id(ticket, "id")?, id(ticket, "requester_id")))) else {
                    return match &self.work.task.job {
                        DeskJob::Open(opening) => Ok(self.make_user(opening, false)),
                        _ => Err(unreadable("the ticket")),
                    };
                };
                (self.ticket, self.party) = ticket;
                Ok(self.done())
            }
            Stage::MakeUser { bare } => {
                let DeskJob::Open(opening) = &self.work.task.job else { return Err(unreadable("the user")) };
                // The address belongs to somebody else there.
                if answer.is_refused() && !bare && (opening.phone.is_some() || opening.email.is_some()) {
                    return Ok(self.make_user(opening, true));
                }
                let user = id(object_of(answer.good(None)?, "user"), "id").ok_or_else(|| unreadable("the user"))?;
                Ok(self.make_ticket(opening, user))
            }
            Stage::MakeTicket => {
                // Our own earlier request is still being worked on.
                if answer.status == 409 {
                    return Err(Ended::Later { status: 409 });
                }
                self.ticket = id(object_of(answer.good(None)?, "ticket"), "id").ok_or_else(|| unreadable("the ticket"))?;
                Ok(self.done())
            }
            Stage::FindLine => {
                let wanted = self.the_line().id.as_str();
                let ours = |audit: &Json| {
                    let custom = object_of(object_of(audit, "metadata"), "custom");
                    text(custom, TAG) == Some(wanted)
                };
                if list(answer.good(GONE)?, "audits").iter().any(ours) {
                    return Ok(self.done());
                }
                let solve = matches!(self.work.task.job, DeskJob::Close { resolve: true, .. });
                Ok(self.say(solve))
            }
            Stage::Say { solve } => {
                // A ticket that nobody has cannot be solved: what is to be said is said all the same.
                if solve && answer.status == 422 {
                    return Ok(self.say(false));
                }
                answer.good(GONE)?;
                Ok(self.done())
            }
        }
    }

    fn the_line(&self) -> &'a DeskLine {
        match &self.work.task.job {
            DeskJob::Open(opening) => &opening.first,
            DeskJob::Say(line) | DeskJob::Close { line, .. } => line,
        }
    }

    /// `POST /users/create_or_update`: the same user for the same `external_id`; nobody is written to.
    fn make_user(&mut self, opening: &DeskOpening, bare: bool) -> Step {
        self.stage = Stage::MakeUser { bare };
        let name = opening.name.clone().unwrap_or_else(|| "Customer".to_owned());
        let mut user = json!({ "external_id": self.work.person(), "name": name, "skip_verify_email": true });
        if let Some(phone) = opening.phone.as_ref().filter(|_| !bare) {
            user["phone"] = phone.as_str().into();
        }
        if let Some(email) = opening.email.as_ref().filter(|_| !bare) {
            user["email"] = email.as_str().into();
        }
        Step::Ask(Ask::with("POST", "/api/v2/users/create_or_update".to_owned(), json!({ "user": user })))
    }

    fn make_ticket(&mut self, opening: &DeskOpening, user: String) -> Step {
        self.stage = Stage::MakeTicket;
        let name = self.work.name();
        let mut ticket = json!({
            "subject": opening.subject, "external_id": name, "requester_id": user.parse::<u64>().map_or(json!(user), Json::from),
            "tags": [TAG], "comment": { "body": opening.first.text, "public": false },
        });
        if let Some(group) = self.group {
            ticket["group_id"] = group.into();
        }
        self.party = Some(user);
        let ask = Ask::with("POST", "/api/v2/tickets".to_owned(), json!({ "ticket": ticket }));
        Step::Ask(Ask { idempotency: Some(name), ..ask })
    }

    /// `PUT /tickets/{id}` with a comment; its audit keeps our id.
    fn say(&mut self, solve: bool) -> Step {
        self.stage = Stage::Say { solve };
        let line = self.the_line();
        let mut comment = json!({ "body": line.text, "public": line.contact });
        if let Some(author) = self.party.as_ref().filter(|_| line.contact) {
            comment["author_id"] = author.parse::<u64>().map_or(json!(author), Json::from);
        } else {
            // Without its author a comment would be ours, and public it would come back as an agent's.
            comment["public"] = false.into();
        }
        let mut ticket = json!({ "comment": comment, "metadata": { (TAG): line.id } });
        if solve {
            ticket["status"] = "solved".into();
        }
        Step::Ask(Ask::with("PUT", format!("/api/v2/tickets/{}", self.ticket), json!({ "ticket": ticket })))
    }

    fn done(&self) -> Step {
        Step::End(Ended::Done { conversation: self.ticket.clone(), party: self.party.clone() })
    }
}

/// Basic authentication: `EMAIL/token` and the API token.
pub(super) fn credentials(settings: &DeskSettings, user: &str) -> (Cow<'static, str>, String) {
    let plain = format!("{user}/token:{}", settings.api_token.expose());
    ("Authorization".into(), format!("Basic {}", STANDARD.encode(plain)))
}

pub(super) fn probe() -> Ask {
    Ask::get("/api/v2/users/me".to_owned())
}

pub(super) fn probed(answer: &Answer) -> Result<String, String> {
    let role = text(object_of(&answer.body, "user"), "role");
    match (answer.status, role) {
        // Whoever is not believed is answered as nobody.
        (200..=299, Some("agent" | "admin")) => Ok("takes our token".to_owned()),
        (200..=299, _) | (401 | 403, _) => {
            Err("it does not take our token: check user and api_token, and that token access is on".to_owned())
        }
        (404, _) => Err("it answers 404: check base_url".to_owned()),
        (status, _) => Err(format!("it answers {status}")),
    }
}

/// `X-Zendesk-Webhook-Signature`: the HMAC of `X-Zendesk-Webhook-Signature-Timestamp` and the body, in base64.
pub(super) fn verify(settings: &DeskSettings, headers: &dyn Headers, body: &[u8], now: Millis) -> bool {
    let Some(timestamp) = headers.get("X-Zendesk-Webhook-Signature-Timestamp") else { return false };
    let given = headers.get("X-Zendesk-Webhook-Signature").and_then(|text| STANDARD.decode(text.trim()).ok());
    let at = timestamp.trim().parse::<jiff::Timestamp>().ok().map(|at| Millis(at.as_millisecond()));
    at.is_some_and(|at| is_fresh(at, now)) && given.is_some_and(|given| signed(settings, &given, &[timestamp.as_bytes(), body]))
}

/// `ticket.comment_added` that an agent made public, and `ticket.status_changed` to solved or closed.
pub(super) fn decode(said: &Json) -> Option<Incoming> {
    let detail = object_of(said, "detail");
    let event = object_of(said, "event");
    let talk = text(detail, "external_id").and_then(TalkRef::parse)?;
    let conversation = id(detail, "id")?;
    match text(said, "type")?.strip_prefix("zen:event-type:ticket.")? {
        "comment_added" => {
            let comment = object_of(event, "comment");
            let author = object_of(comment, "author");
            let public = comment.get("is_public").and_then(Json::as_bool)?;
            let staff = author.get("is_staff").and_then(Json::as_bool)?;
            let words = bounded(text(comment, "body").unwrap_or("").trim());
            if !public || !staff || words.is_empty() {
                return None;
            }
            let by = text(author, "name").unwrap_or("").to_owned();
            let id = format!("comment/{}", id(comment, "id")?);
            Some(Incoming { talk, conversation, id, by, what: What::Wrote(words) })
        }
        "status_changed" => {
            let solved = matches!(text(event, "current")?.to_ascii_lowercase().as_str(), "solved" | "closed");
            let by = code(detail, "actor_id").map_or_else(String::new, |actor| format!("agent {actor}"));
            let id = format!("resolved/{talk}");
            solved.then_some(Incoming { talk, conversation, id, by, what: What::Resolved })
        }
        _ => None,
    }
}
