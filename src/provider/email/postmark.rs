//! Webhooks of Postmark as its documentation describes them (Inbound, Bounce, SpamComplaint, Delivery): JSON, unsigned, so that the
//! secret in the URL is all that proves them. Written from the documentation and never seen against the real service; that
//! `Metadata` comes back in every report for mails sent over SMTP with `X-PM-Metadata-ref` is taken from there too.

use super::inbound::{Written, is_machine, of_html};
use super::quote;
use super::report::for_now;
use crate::domain::address::Address;
use crate::domain::limits::REPLY_CHARS;
use crate::domain::mail::{MailRef, email};
use crate::domain::message::{DeliveryStatus, FailureReason};
use crate::domain::time::Millis;
use crate::provider::json;
use crate::provider::webhook::{Complaint, Decoded, Failure, Malformed, Other, ProviderError, Route, StatusReport};
use serde_json::Value;

/// Bytes of a text that are looked at.
const TEXT_CHARS: usize = REPLY_CHARS * 16;

/// What a webhook of Postmark says.
pub fn read(body: &[u8], here: &Route) -> Result<Decoded, Malformed> {
    let body = json::object(body)?;
    match json::text(&body, "RecordType") {
        // Inbound is the only one without a type.
        None | Some("Inbound") if body.get("From").is_some() || body.get("FromFull").is_some() => inbound(&body, here),
        Some("Bounce") => Ok(bounce(&body, here)),
        Some("SpamComplaint") => Ok(complaint(&body, here)),
        Some("SubscriptionChange") if left(&body) => Ok(complaint(&body, here)),
        Some("Delivery") => Ok(report(&body, here, DeliveryStatus::Delivered, None)),
        Some(other) => Ok(nothing(&format!("postmark_{}", other.to_ascii_lowercase()), &body)),
        None => Err(Malformed("neither a mail nor a webhook of Postmark")),
    }
}

/// Whether the receiver wants no more: they said that it is spam, or unsubscribed. An address that Postmark or somebody of ours
/// suppressed is none that opted out (Postmark, "Subscription change webhook").
fn left(body: &Value) -> bool {
    let text = |key| json::text(body, key);
    body.get("SuppressSending") == Some(&Value::Bool(true))
        && match text("SuppressionReason") {
            Some("SpamComplaint") => true,
            Some("ManualSuppression") => text("Origin") == Some("Recipient"),
            _ => false,
        }
}

fn nothing(kind: &str, body: &Value) -> Decoded {
    let kind = kind.chars().take(60).collect();
    Decoded::Other(Other { kind, id: json::owned(body, "MessageID"), error: None })
}

fn header<'b>(body: &'b Value, name: &str) -> Option<&'b str> {
    let all = body.get("Headers")?.as_array()?;
    let found = all.iter().find(|header| json::text(header, "Name").is_some_and(|known| known.eq_ignore_ascii_case(name)))?;
    json::text(found, "Value")
}

fn inbound(body: &Value, here: &Route) -> Result<Decoded, Malformed> {
    let says = |name: &str, word: &str| header(body, name).is_some_and(|value| value.to_ascii_lowercase().starts_with(word));
    let automatic = header(body, "Auto-Submitted").is_some_and(|value| !value.to_ascii_lowercase().starts_with("no"))
        || ["bulk", "junk", "list", "auto"].into_iter().any(|word| says("Precedence", word))
        || ["X-Autoreply", "X-Autorespond", "List-Id"].into_iter().any(|name| header(body, name).is_some());
    if automatic {
        return Ok(nothing("auto_reply", body));
    }
    let full = body.get("FromFull");
    let from = full.and_then(|full| json::text(full, "Email")).or_else(|| json::text(body, "From"));
    let from = from.and_then(email).ok_or(Malformed("`From` is no address"))?;
    if is_machine(&from) {
        return Ok(nothing("mail_of_a_machine", body));
    }
    let text = |key| json::text(body, key).filter(|text| !text.trim().is_empty());
    let words = match (text("TextBody"), text("HtmlBody")) {
        (Some(plain), _) => quote::reply(&plain.chars().take(TEXT_CHARS).collect::<String>()),
        (None, Some(html)) => of_html(html),
        (None, None) => String::new(),
    };
    let newest = |name| header(body, name).into_iter().flat_map(|value| value.split_whitespace().rev()).find_map(MailRef::find);
    let addressed = || ["OriginalRecipient", "To", "MailboxHash"].into_iter().filter_map(|key| json::text(body, key));
    let id = header(body, "Message-ID").map(|id| id.trim().trim_matches(|c| matches!(c, '<' | '>')).to_owned());
    let id = id.or_else(|| json::code(body, "MessageID")).ok_or(Malformed("a mail without an id"))?;
    let written = Written {
        from,
        name: full.and_then(|full| json::text(full, "Name")).map(str::to_owned).filter(|name| !name.is_empty()),
        id: id.chars().take(200).collect(),
        at: json::text(body, "Date").and_then(moment),
        subject: json::owned(body, "Subject").unwrap_or_default(),
        text: words,
        attached: body.get("Attachments").and_then(Value::as_array).is_some_and(|all| !all.is_empty()),
        answers: newest("In-Reply-To").or_else(|| newest("References")).or_else(|| addressed().find_map(MailRef::find)),
    };
    Ok(Decoded::Message(Box::new(written.received(here))))
}

fn moment(text: &str) -> Option<Millis> {
    Some(Millis(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond()))
}

/// The mail that a report is about: by the metadata that it left with, else by its content, if the webhook returns that.
fn named(body: &Value) -> Option<MailRef> {
    let metadata = body.get("Metadata").and_then(|all| json::text(all, "ref"));
    metadata.and_then(MailRef::find).or_else(|| json::text(body, "Content").and_then(MailRef::find))
}

fn report(body: &Value, here: &Route, status: DeliveryStatus, failure: Option<Failure>) -> Decoded {
    let recipient = ["Email", "Recipient"].into_iter().find_map(|key| json::text(body, key)).and_then(email);
    let name = named(body);
    let id = name.map(|name| name.to_string()).or_else(|| json::code(body, "MessageID")).unwrap_or_default();
    if id.is_empty() {
        return Decoded::Other(Other { kind: "unnamed".to_owned(), id: None, error: failure.map(|failure| failure.error) });
    }
    Decoded::Status(Box::new(StatusReport {
        channel: here.channel.clone(),
        id,
        send: name.map(|name| name.send),
        status,
        provider_status: json::owned(body, "Type").or_else(|| json::owned(body, "RecordType")).unwrap_or_default(),
        at: ["BouncedAt", "DeliveredAt"].into_iter().find_map(|key| json::instant(body, key)),
        recipient: recipient.map(Address::Email),
        user_id: None,
        failure,
        pricing: None,
    }))
}

fn bounce(body: &Value, here: &Route) -> Decoded {
    let kind = json::text(body, "Type").unwrap_or_default();
    let words: String = json::text(body, "Details").unwrap_or_default().chars().take(400).collect();
    let error = ProviderError { code: Some(kind.to_owned()), text: words };
    let reason = match kind {
        "HardBounce" | "BadEmailAddress" => FailureReason::Invalid,
        "Blocked" | "ManuallyDeactivated" => FailureReason::Blocked,
        "SpamNotification" | "VirusNotification" => FailureReason::Filtered,
        "DMARCPolicy" | "SMTPApiError" | "TemplateRenderingFailed" => FailureReason::Configuration,
        "DnsError" => FailureReason::Unreachable,
        // What they wrote asks to be removed.
        "SpamComplaint" | "Unsubscribe" => return complaint(body, here),
        // Its server goes on trying, or a machine answered.
        "Transient" | "SoftBounce" => return report(body, here, DeliveryStatus::Sent, Some(for_now(error))),
        "AutoResponder" | "AddressChange" | "ChallengeVerification" | "Subscribe" | "OpenRelayTest" | "Unconfirmed" => {
            return nothing(&format!("postmark_{kind}"), body);
        }
        _ => FailureReason::Unknown,
    };
    let retryable = reason == FailureReason::Unreachable;
    let failure = Failure { reason, retryable, after: None, scope: None, opted_out: None, error };
    report(body, here, DeliveryStatus::Failed, Some(failure))
}

fn complaint(body: &Value, here: &Route) -> Decoded {
    // Not everything has an id: whose it is and when names it as well.
    let (whose, when) = (json::text(body, "Recipient").unwrap_or(""), json::text(body, "ChangedAt").unwrap_or(""));
    let unnamed = || format!("complaint:{whose}:{when}");
    Decoded::Complaint(Complaint {
        channel: here.channel.clone(),
        kind: here.kind,
        id: json::code(body, "ID").or_else(|| json::code(body, "MessageID")).unwrap_or_else(unnamed),
        send: named(body).map(|name| name.send),
        recipient: ["Email", "Recipient"].into_iter().find_map(|key| json::text(body, key)).and_then(email).map(Address::Email),
        spam: ["RecordType", "Type", "SuppressionReason"].into_iter().any(|key| json::text(body, key) == Some("SpamComplaint")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::channel::ChannelKind;
    use crate::domain::name::ChannelName;
    use serde_json::json;

    #[test]
    fn who_wants_no_more_mail_complained() {
        let here = Route { channel: ChannelName::parse("mail").expect("a name"), kind: ChannelKind::Email };
        let of = |body: Value| match read(body.to_string().as_bytes(), &here) {
            Ok(Decoded::Complaint(said)) => said.recipient.map(|address| (address.reveal().to_owned(), said.spam)),
            Ok(_) => None,
            Err(error) => panic!("{error}: {body}"),
        };
        let bounce = |kind: &str| json!({ "RecordType": "Bounce", "ID": 1, "Type": kind, "Email": "ada@example.org" });
        let ada = |spam| Some(("ada@example.org".to_owned(), spam));
        assert_eq!(
            (of(bounce("Unsubscribe")), of(bounce("SpamComplaint")), of(bounce("Blocked"))),
            (ada(false), ada(true), None)
        );
        let change = |suppress: bool, reason: &str, origin: &str| {
            json!({ "RecordType": "SubscriptionChange", "MessageID": "m", "Recipient": "ada@example.org",
                "SuppressSending": suppress, "SuppressionReason": reason, "Origin": origin })
        };
        assert_eq!(of(change(true, "ManualSuppression", "Recipient")), ada(false), "they unsubscribed");
        assert_eq!(of(change(true, "SpamComplaint", "Recipient")), ada(true));
        let direct = json!({ "RecordType": "SpamComplaint", "ID": 2, "Email": "ada@example.org" });
        assert_eq!(of(direct), ada(true));
        // Ours did that, a mailbox is gone, and somebody is back.
        assert_eq!(of(change(true, "ManualSuppression", "Customer")), None);
        assert_eq!(of(change(true, "HardBounce", "Recipient")), None);
        assert_eq!(of(change(false, "ManualSuppression", "Recipient")), None);
    }
}
