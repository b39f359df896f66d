//! Delivery receipts: what the optional parameters say (SMPP 3.4, 5.3.2.12, 5.3.2.35), else what the text says, whose usual form is in
//! appendix B and in the hands of each carrier.

use super::number;
use super::pdu::Deliver;
use crate::config::providers::smpp::{ReceiptIds, SmppSettings};
use crate::domain::message::DeliveryStatus;
use crate::domain::message::FailureReason::{self, *};
use crate::provider::verdict::{Verdict, permanent};
use crate::provider::webhook::{Decoded, Other, ProviderError, Routes, StatusReport};

/// States by their number, and by their word in a text: appendix B has seven letters.
#[rustfmt::skip]
const STATES: &[(u8, &str, DeliveryStatus, Verdict)] = &[
    (1, "ENROUTE", DeliveryStatus::Sent, permanent(FailureReason::Unknown)),
    (2, "DELIVRD", DeliveryStatus::Delivered, permanent(FailureReason::Unknown)),
    (3, "EXPIRED", DeliveryStatus::Failed, permanent(Unreachable)),       // its validity period was over
    (4, "DELETED", DeliveryStatus::Failed, permanent(FailureReason::Unknown)),
    (5, "UNDELIV", DeliveryStatus::Failed, permanent(Unreachable)),
    (6, "ACCEPTD", DeliveryStatus::Sent, permanent(FailureReason::Unknown)),   // somebody read it for the receiver
    (7, "UNKNOWN", DeliveryStatus::Sent, permanent(FailureReason::Unknown)),
    (8, "REJECTD", DeliveryStatus::Failed, permanent(Blocked)),
];

/// What a receipt says.
pub fn read(settings: &SmppSettings, deliver: &Deliver, routes: &Routes) -> Decoded {
    let text: String = deliver.octets.iter().copied().map(char::from).collect();
    let id = deliver.receipted.clone().or_else(|| field(&text, "id:"));
    let word = field(&text, "stat:").map(|word| word.to_ascii_uppercase());
    let by_number = |state: u8| STATES.iter().find(|(number, ..)| *number == state);
    let by_word = |word: &String| STATES.iter().find(|(_, known, ..)| word.starts_with(known));
    let state = deliver.state.and_then(by_number).or_else(|| word.as_ref().and_then(by_word));
    let other = |kind: &str| Decoded::Other(Other { kind: kind.to_owned(), id: id.clone(), error: None });
    if deliver.is_acknowledgement() {
        return other("acknowledgement");
    }
    let (Some(given), Some((_, known, status, verdict))) = (&id, state) else { return other("receipt_unread") };
    let failure = (*status == DeliveryStatus::Failed).then(|| {
        let network = deliver.network.map(|(_, code)| code.to_string());
        let written = field(&text, "err:").filter(|err| err.bytes().any(|b| b != b'0'));
        let code = network.or(written).unwrap_or_else(|| (*known).to_owned());
        verdict.failure(ProviderError { code: Some(code), text: (*known).to_owned() })
    });
    let country = settings.country.as_deref();
    // It was sent to whom the message came from: perhaps over the bind of another channel of the account.
    let (_, channel) = number::ours(routes, &deliver.dest, deliver.dest_ton, country);
    Decoded::Status(Box::new(StatusReport {
        channel: channel.unwrap_or(routes.here()).channel.clone(),
        id: of_receipt(settings.receipt_ids, given),
        send: None,
        status: *status,
        provider_status: (*known).to_owned(),
        at: None,
        // A receipt comes from whom the message went to.
        recipient: Some(number::address(&deliver.source, deliver.source_ton, country)),
        user_id: None,
        failure,
        pricing: None,
    }))
}

/// The value behind a name, in any case, up to the next blank.
fn field(text: &str, name: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let at = lower.match_indices(name).map(|(at, _)| at).find(|at| *at == 0 || lower.as_bytes()[at - 1] == b' ')?;
    let value = text.get(at + name.len()..)?.split_ascii_whitespace().next()?;
    Some(value.to_owned())
}

/// The id of an answer, in the form in which both are compared.
pub fn of_answer(ids: ReceiptIds, given: &str) -> Option<String> {
    let id = match ids {
        ReceiptIds::Same => given.to_owned(),
        ReceiptIds::Decimal => number(given, 16),
        ReceiptIds::Hex => number(given, 10),
    };
    (!id.is_empty()).then_some(id)
}

fn of_receipt(ids: ReceiptIds, given: &str) -> String {
    match ids {
        ReceiptIds::Same => given.to_owned(),
        ReceiptIds::Decimal => number(given, 10),
        ReceiptIds::Hex => number(given, 16),
    }
}

/// In decimal, without zeros before it; what is no number of this base stays as it is.
fn number(given: &str, base: u32) -> String {
    let digits = given.trim();
    let digits = if base == 16 { digits.trim_start_matches("0x") } else { digits };
    u128::from_str_radix(digits, base).map_or_else(|_| given.to_owned(), |number| number.to_string())
}
