//! Twilio SendGrid: the Event Webhook (a JSON list, signed) and Inbound Parse (a form in parts, unsigned), as its documentation
//! describes them. The mail is named by `smtp-id`, which is our `Message-ID`, or by the unique argument `ref`.

use super::fate::Fate;
use super::form::Form;
use super::inbound::{self, Written, is_machine, of_html};
use super::parse::Came;
use super::quote;
use crate::domain::mail::{MailRef, Mailbox, email};
use crate::domain::message::FailureReason;
use crate::provider::json;
use crate::provider::webhook::{Decoded, Malformed, Other, Route};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

/// Events of one call that are read; SendGrid sends about a thousand.
const EVENTS: usize = 10_000;

/// What the Event Webhook says, in its order.
pub fn events(body: &[u8], here: &Route) -> Result<Vec<Decoded>, Malformed> {
    let Ok(Value::Array(all)) = serde_json::from_slice(body) else { return Err(Malformed("the body is no list of events")) };
    if all.len() > EVENTS {
        return Err(Malformed("the list has too many events"));
    }
    Ok(all.iter().filter(|one| one.is_object()).map(|one| event(one, here)).collect())
}

fn event(event: &Value, here: &Route) -> Decoded {
    let text = |key| json::text(event, key);
    let word = text("event").unwrap_or_default();
    let reason = text("reason").or_else(|| text("response")).unwrap_or_default();
    let fate = Fate {
        name: ["smtp-id", "ref"].into_iter().filter_map(text).find_map(MailRef::find),
        id: json::owned(event, "sg_event_id").or_else(|| json::owned(event, "sg_message_id")),
        recipient: text("email").and_then(email),
        word,
        at: json::moment(event, "timestamp"),
        code: json::code(event, "status"),
        words: reason,
    };
    let has = |part: &str| reason.to_ascii_lowercase().contains(part);
    match word {
        "delivered" => fate.delivered(here),
        "processed" => fate.sent(here),
        "deferred" => fate.waits(here),
        // `blocked` is the receiver's policy: the address is none the worse for it.
        "bounce" if text("type") == Some("blocked") => fate.failed(here, FailureReason::Blocked),
        "bounce" => fate.bounced(here, FailureReason::Invalid),
        "dropped" if has("unsubscribed") => fate.failed(here, FailureReason::OptedOut),
        "dropped" if has("spam report") => fate.failed(here, FailureReason::OptedOut),
        "dropped" if has("bounced") || has("invalid") => fate.failed(here, FailureReason::Invalid),
        "dropped" if has("spam content") => fate.failed(here, FailureReason::Filtered),
        "dropped" => fate.failed(here, FailureReason::Unknown),
        "spamreport" | "unsubscribe" | "group_unsubscribe" => fate.complained(here, word == "spamreport"),
        _ => fate.noted("sendgrid"),
    }
}

/// A mail that came in through Inbound Parse: raw in one field, or taken apart.
pub fn inbound(form: &Form, here: &Route) -> Result<Decoded, Malformed> {
    if let Some(raw) = form.get("email") {
        return inbound::read(raw.as_bytes(), here);
    }
    let headers = form.get("headers").unwrap_or_default();
    let head = format!("{}\r\n\r\n", headers.trim_end());
    let came = Came::parse(head.as_bytes()).ok().filter(|_| !headers.is_empty());
    let nothing = |kind: &str| Ok(Decoded::Other(Other { kind: kind.to_owned(), id: None, error: None }));
    if came.as_ref().is_some_and(Came::is_automatic) {
        return nothing("auto_reply");
    }
    let named = form.get("from").and_then(Mailbox::parse);
    let envelope = form.get("envelope").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let envelope_from = envelope.as_ref().and_then(|all| json::text(all, "from")).and_then(email);
    let Some(from) = named.as_ref().map(|named| named.address.clone()).or(envelope_from) else {
        return Err(Malformed("a mail of nobody"));
    };
    if is_machine(&from) {
        return nothing("mail_of_a_machine");
    }
    let words = match (form.get("text"), form.get("html")) {
        (Some(text), _) => quote::reply(text),
        (None, Some(html)) => of_html(html),
        (None, None) => String::new(),
    };
    let to = envelope.as_ref().and_then(|all| all.get("to")).map(Value::to_string);
    let addressed = || [to.as_deref(), form.get("to")].into_iter().flatten().find_map(MailRef::find);
    let id = || format!("{:032x}", xxh3_128(format!("{headers}\0{from}\0{words}").as_bytes()));
    let written = Written {
        name: named.map(|named| named.name).filter(|name| !name.is_empty()),
        id: came.as_ref().filter(|came| came.message.message_id().is_some()).map_or_else(id, Came::id),
        at: came.as_ref().and_then(Came::moment),
        subject: form.get("subject").unwrap_or_default().to_owned(),
        attached: form.get("attachments").and_then(|n| n.trim().parse::<u32>().ok()).unwrap_or(0) > 0,
        answers: came.as_ref().and_then(Came::answers).or_else(addressed),
        text: words,
        from,
    };
    Ok(Decoded::Message(Box::new(written.received(here))))
}
