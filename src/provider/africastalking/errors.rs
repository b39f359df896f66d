//! What Africa's Talking says when a message is not taken or not delivered: numbers in answers, words in reports.

use crate::domain::message::FailureReason::{self, *};
use crate::domain::time::Span;
use crate::provider::json;
use crate::provider::send::{Accepted, SendOutcome, retry_after};
use crate::provider::verdict::{Verdict, by_status, config, opted_out, permanent, retry};
use crate::provider::webhook::{Headers, OptOutScope, ProviderError};
use serde_json::Value;

/// The status of one recipient: the number in an answer, the word beside it and alone in reports.
#[rustfmt::skip]
const CODES: &[(u32, &str, Verdict)] = &[
    (401, "RiskHold", permanent(Filtered)),
    (402, "InvalidSenderId", config(Configuration)),
    (403, "InvalidPhoneNumber", permanent(Invalid)),
    (404, "UnsupportedNumberType", permanent(Invalid)),
    (405, "InsufficientBalance", config(Balance)),
    (406, "UserInBlacklist", opted_out(OptOutScope::Everything)),
    (407, "CouldNotRoute", permanent(Unreachable)),
    (409, "DoNotDisturbRejection", permanent(Blocked)),
    (500, "InternalServerError", retry(Unknown)),
    (501, "GatewayError", retry(Unknown)),
    (502, "RejectedByGateway", permanent(Unknown)),
];

/// The reasons that only reports give.
#[rustfmt::skip]
const REASONS: &[(&str, Verdict)] = &[
    ("AbsentSubscriber", retry(Unreachable).after(Span::minutes(10))),  // off, or out of reach
    ("DeliveryFailure", permanent(Unreachable)),
    ("Expired", permanent(Unreachable)),
    ("InsufficientCredit", permanent(Unreachable)),                     // the receiver's, for a premium message
    ("InvalidLinkId", permanent(Content)),
    ("NotNetworkSubscriber", permanent(Invalid)),
    ("UserAccountSuspended", permanent(Unreachable)),
    ("UserDoesNotExist", permanent(Invalid)),
    ("UserIsInactive", permanent(Unreachable)),
    ("UserNotSubscribedToProduct", permanent(Blocked)),
];

/// What a word means; an unknown one: permanent, for a reason that we do not know. Upper and lower case differ between their pages.
pub fn verdict(word: &str) -> Verdict {
    let coded = CODES.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(word)).map(|(_, _, verdict)| *verdict);
    let reason = || REASONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, verdict)| *verdict);
    coded.or_else(reason).unwrap_or(permanent(FailureReason::Unknown))
}

/// What the answer to a send means. It has one recipient, as each message is sent alone; an answer without one refused all.
pub fn classify(status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
    if !(200..300).contains(&status) {
        // Refusals are plain text.
        let text = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        return by_status(status, ProviderError { code: Some(status.to_string()), text }, retry_after(headers));
    }
    let body = json::object(body).unwrap_or(Value::Null);
    let data = json::object_of(&body, "SMSMessageData");
    match json::list(data, "Recipients").first() {
        Some(recipient) => of_recipient(recipient),
        None => match json::text(data, "Message") {
            Some(word) => verdict(word).outcome(ProviderError { code: Some(word.to_owned()), text: String::new() }, None),
            // A page of somebody between us and them.
            None => SendOutcome::Unknown,
        },
    }
}

fn of_recipient(recipient: &Value) -> SendOutcome {
    let code = json::code(recipient, "statusCode");
    let number: Option<u32> = code.as_deref().and_then(|code| code.parse().ok());
    let word = json::text(recipient, "status").unwrap_or("");
    if matches!(number, Some(100..=102)) {
        let id = json::owned(recipient, "messageId").filter(|id| id != "None");
        return SendOutcome::Accepted(Accepted { id, ..Accepted::default() });
    }
    let known = CODES.iter().find(|(known, ..)| Some(*known) == number).map(|(_, _, verdict)| *verdict);
    if number.is_none() && word.is_empty() {
        return SendOutcome::Unknown;
    }
    known.unwrap_or_else(|| verdict(word)).outcome(ProviderError { code, text: word.to_owned() }, None)
}
