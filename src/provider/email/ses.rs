//! Amazon SES through SNS: what became of mails, and mails that came in with their content, as its documentation describes them.
//! SES gives mails an id of its own; ours comes back as the message tag `ref`, in the headers, or in the envelope's sender.

use super::fate::Fate;
use super::inbound;
use crate::domain::mail::{MailRef, email};
use crate::domain::message::FailureReason;
use crate::domain::time::Millis;
use crate::provider::json;
use crate::provider::sns::{self, Opened};
use crate::provider::webhook::{Decoded, Malformed, Other, Route};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What an envelope of SNS brings. Its signature was checked.
pub fn read(body: &[u8], here: &Route) -> Result<Vec<Decoded>, Malformed> {
    let body = json::object(body)?;
    let message = match sns::open(&body)? {
        Opened::Message(message) => message,
        Opened::Said(said) => return Ok(vec![said]),
    };
    match serde_json::from_str::<Value>(&message) {
        Ok(said) if said.is_object() => notification(&said, here),
        _ => Ok(vec![Decoded::Other(Other { kind: "sns_text".to_owned(), id: json::owned(&body, "MessageId"), error: None })]),
    }
}

fn notification(said: &Value, here: &Route) -> Result<Vec<Decoded>, Malformed> {
    let none = Value::Null;
    let kind = json::text(said, "notificationType").or_else(|| json::text(said, "eventType")).unwrap_or_default();
    let mail = said.get("mail").unwrap_or(&none);
    if kind == "Received" {
        return received(said, mail, here).map(|one| vec![one]);
    }
    let part = said.get(match kind {
        "Bounce" => "bounce",
        "Complaint" => "complaint",
        "Delivery" => "delivery",
        "DeliveryDelay" => "deliveryDelay",
        "Reject" => "reject",
        _ => "",
    });
    let part = part.unwrap_or(&none);
    let list = match kind {
        "Bounce" => "bouncedRecipients",
        "Complaint" => "complainedRecipients",
        "DeliveryDelay" => "delayedRecipients",
        "Delivery" => "recipients",
        _ => "",
    };
    let mut who: Vec<&Value> = json::list(part, list).iter().collect();
    let to = json::list(mail, "destination");
    if who.is_empty() {
        who = to.iter().collect();
    }
    Ok(who.into_iter().take(100).map(|who| one(kind, part, mail, who, here)).collect())
}

fn one(kind: &str, part: &Value, mail: &Value, who: &Value, here: &Route) -> Decoded {
    let recipient = json::text(who, "emailAddress").or_else(|| who.as_str()).and_then(email);
    let fate = Fate {
        name: named(mail),
        id: json::owned(part, "feedbackId").or_else(|| json::owned(mail, "messageId")),
        recipient,
        word: kind,
        at: json::text(part, "timestamp")
            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
            .map(|at| Millis(at.as_millisecond())),
        code: json::owned(who, "status"),
        words: json::text(who, "diagnosticCode").or_else(|| json::text(part, "reason")).unwrap_or_default(),
    };
    match (kind, json::text(part, "bounceType"), json::text(part, "bounceSubType")) {
        ("Delivery", ..) => fate.delivered(here),
        ("Send", ..) => fate.sent(here),
        ("DeliveryDelay", ..) => fate.waits(here),
        ("Bounce", Some("Permanent"), Some("OnAccountSuppressionList" | "Suppressed" | "NoEmail" | "General")) => {
            fate.bounced(here, FailureReason::Invalid)
        }
        ("Bounce", Some("Permanent"), _) => fate.bounced(here, FailureReason::Unknown),
        ("Bounce", Some("Transient"), Some("MessageTooLarge" | "ContentRejected" | "AttachmentRejected")) => {
            fate.failed(here, FailureReason::Content)
        }
        // SES has given up trying.
        ("Bounce", ..) => fate.failed(here, FailureReason::Unreachable),
        ("Reject", ..) => fate.failed(here, FailureReason::Content),
        // `not-spam` takes a complaint back.
        ("Complaint", ..) if json::text(part, "complaintFeedbackType") == Some("not-spam") => fate.noted("ses"),
        ("Complaint", ..) => fate.complained(here, true),
        _ => fate.noted("ses"),
    }
}

/// The mail of ours that it is about.
fn named(mail: &Value) -> Option<MailRef> {
    let tags = mail.get("tags").map(|tags| json::list(tags, "ref")).unwrap_or_default();
    let tag = tags.first().and_then(Value::as_str).and_then(MailRef::find);
    let header = |name: &str| {
        let all = json::list(mail, "headers").iter();
        let found = all.filter(|one| json::text(one, "name").is_some_and(|known| known.eq_ignore_ascii_case(name)));
        found.filter_map(|one| json::text(one, "value")).find_map(MailRef::find)
    };
    let source = || json::text(mail, "source").and_then(MailRef::find);
    tag.or_else(|| header("Message-ID")).or_else(|| header("Reply-To")).or_else(source)
}

fn received(said: &Value, mail: &Value, here: &Route) -> Result<Decoded, Malformed> {
    let other = |kind: &str| Ok(Decoded::Other(Other { kind: kind.to_owned(), id: json::owned(mail, "messageId"), error: None }));
    let receipt = said.get("receipt");
    let fails = |verdict: &str| {
        let verdict = receipt.and_then(|receipt| receipt.get(verdict)).and_then(|verdict| json::text(verdict, "status"));
        verdict.is_some_and(|status| status.eq_ignore_ascii_case("FAIL"))
    };
    if fails("spamVerdict") || fails("virusVerdict") {
        return other("ses_spam");
    }
    // Where the rule stores mails instead of publishing them there is nothing to read.
    let Some(content) = json::text(said, "content") else { return other("ses_without_content") };
    let action = receipt.and_then(|receipt| receipt.get("action"));
    let encoded = action.and_then(|action| json::text(action, "encoding")).is_some_and(|e| e.eq_ignore_ascii_case("BASE64"));
    match encoded {
        false => inbound::read(content.as_bytes(), here),
        true => {
            let raw = STANDARD.decode(content).map_err(|_| Malformed("the content is no base64"))?;
            inbound::read(&raw, here)
        }
    }
}
