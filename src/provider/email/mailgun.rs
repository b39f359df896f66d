//! Mailgun: webhooks (JSON) and routes (forms), both with a signature of three fields, as its documentation describes them. The mail
//! is named by its `message-id`, which is ours, or by the variable `ref`.

use super::fate::Fate;
use super::form::Form;
use super::inbound::{self, Written, is_machine, of_html};
use super::parse::Came;
use super::quote;
use crate::domain::mail::{MailRef, Mailbox, email};
use crate::domain::message::FailureReason;
use crate::domain::time::Millis;
use crate::provider::json;
use crate::provider::webhook::{Decoded, Malformed, Other, Route};
use serde_json::Value;

/// What a webhook says.
pub fn event(body: &[u8], here: &Route) -> Result<Decoded, Malformed> {
    let body = json::object(body)?;
    let Some(data) = body.get("event-data").filter(|data| data.is_object()) else {
        return Err(Malformed("there is no event-data"));
    };
    let none = Value::Null;
    let part = |key: &str| data.get(key).unwrap_or(&none);
    let headers = part("message").get("headers").unwrap_or(&none);
    let status = part("delivery-status");
    let named = [json::text(headers, "message-id"), json::text(part("user-variables"), "ref")];
    let word = json::text(data, "event").unwrap_or_default();
    let words = ["message", "description"].into_iter().find_map(|key| json::text(status, key));
    let fate = Fate {
        name: named.into_iter().flatten().find_map(MailRef::find),
        id: json::owned(data, "id"),
        recipient: json::text(data, "recipient").and_then(email),
        word,
        at: json::number(data, "timestamp").map(|seconds| Millis((seconds * 1_000.0) as i64)),
        code: json::code(status, "enhanced-code").or_else(|| json::code(status, "code")),
        words: words.or_else(|| json::text(data, "reason")).unwrap_or_default(),
    };
    let permanent = json::text(data, "severity") != Some("temporary");
    Ok(match (word, json::text(data, "reason").unwrap_or_default()) {
        ("delivered", _) => fate.delivered(here),
        ("accepted", _) => fate.sent(here),
        ("failed", _) if !permanent => fate.waits(here),
        ("failed", "suppress-bounce") => fate.failed(here, FailureReason::Invalid),
        ("failed", "suppress-unsubscribe" | "suppress-complaint") => fate.failed(here, FailureReason::OptedOut),
        ("failed", "bounce") => fate.bounced(here, FailureReason::Invalid),
        ("failed", "espblock") => fate.failed(here, FailureReason::Blocked),
        ("failed", _) => fate.bounced(here, FailureReason::Unknown),
        ("rejected", _) => fate.failed(here, FailureReason::Content),
        ("complained" | "unsubscribed", _) => fate.complained(here, word == "complained"),
        _ => fate.noted("mailgun"),
    })
}

/// A mail that a route posted: raw, or taken apart.
pub fn route(form: &Form, here: &Route) -> Result<Decoded, Malformed> {
    if let Some(raw) = form.get("body-mime") {
        return inbound::read(raw.as_bytes(), here);
    }
    let pairs = form.get("message-headers").and_then(|text| serde_json::from_str::<Vec<(String, String)>>(text).ok());
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut head: String =
        pairs.iter().flatten().map(|(name, value)| format!("{}: {}\r\n", one_line(name), one_line(value))).collect();
    if pairs.is_none() {
        for name in ["Message-Id", "In-Reply-To", "References", "Auto-Submitted", "Precedence", "Date"] {
            if let Some(value) = form.get(name) {
                head.push_str(&format!("{name}: {}\r\n", one_line(value)));
            }
        }
    }
    head.push_str("\r\n");
    let came = Came::parse(head.as_bytes())?;
    let nothing = |kind: &str| Ok(Decoded::Other(Other { kind: kind.to_owned(), id: Some(came.id()), error: None }));
    if came.is_automatic() {
        return nothing("auto_reply");
    }
    let named = form.get("from").and_then(Mailbox::parse);
    let sender = || form.get("sender").and_then(email);
    let Some(from) = named.as_ref().map(|named| named.address.clone()).or_else(sender) else {
        return Err(Malformed("a mail of nobody"));
    };
    if is_machine(&from) {
        return nothing("mail_of_a_machine");
    }
    let written = Written {
        name: named.map(|named| named.name).filter(|name| !name.is_empty()),
        id: came.id(),
        at: came.moment(),
        subject: form.get("subject").unwrap_or_default().to_owned(),
        text: match (form.get("body-plain"), form.get("body-html")) {
            (Some(text), _) => quote::reply(text),
            (None, Some(html)) => of_html(html),
            (None, None) => String::new(),
        },
        attached: form.get("attachment-count").and_then(|n| n.trim().parse::<u32>().ok()).unwrap_or(0) > 0,
        answers: came.answers().or_else(|| form.get("recipient").and_then(MailRef::find)),
        from,
    };
    Ok(Decoded::Message(Box::new(written.received(here))))
}
