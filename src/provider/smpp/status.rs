//! What a `command_status` means (SMPP 3.4, 5.1.3), and who must act.

use crate::domain::message::FailureReason::{self, *};
use crate::provider::send::{Accepted, SendOutcome};
use crate::provider::verdict::{Verdict, config, permanent, retry, throttle};
use crate::provider::webhook::{LimitScope, ProviderError};

/// `ESME_ROK`: it was taken.
pub const ACCEPTED: u32 = 0;
/// `ESME_RX_T_APPN`: it cannot be taken now, and is to come again.
pub const TEMPORARY: u32 = 0x64;
/// `ESME_RX_R_APPN`: it cannot be read, and is not to come again.
pub const REFUSED: u32 = 0x66;
/// `ESME_RINVCMDID`: nobody here knows what was asked.
pub const UNKNOWN_COMMAND: u32 = 0x03;

/// Refusals. Others, those of carriers (from 0x400) among them: permanent, for a reason that we do not know.
#[rustfmt::skip]
const REFUSALS: &[(u32, &str, Verdict)] = &[
    (0x01, "ESME_RINVMSGLEN", permanent(Content)),
    (0x02, "ESME_RINVCMDLEN", config(Configuration)),
    (0x03, "ESME_RINVCMDID", config(Configuration)),
    (0x04, "ESME_RINVBNDSTS", retry(FailureReason::Unknown)),     // the bind is over, or of the other kind
    (0x05, "ESME_RALYBND", config(Configuration)),
    (0x06, "ESME_RINVPRTFLG", config(Configuration)),
    (0x07, "ESME_RINVREGDLVFLG", config(Configuration)),
    (0x08, "ESME_RSYSERR", retry(FailureReason::Unknown)),
    (0x0a, "ESME_RINVSRCADR", config(Configuration)),
    (0x0b, "ESME_RINVDSTADR", permanent(Invalid)),
    (0x0d, "ESME_RBINDFAIL", config(Configuration)),
    (0x0e, "ESME_RINVPASWD", config(Configuration)),
    (0x0f, "ESME_RINVSYSID", config(Configuration)),
    (0x14, "ESME_RMSGQFUL", throttle(LimitScope::Account)),
    (0x15, "ESME_RINVSERTYP", config(Configuration)),
    (0x43, "ESME_RINVESMCLASS", config(Configuration)),
    (0x45, "ESME_RSUBMITFAIL", retry(FailureReason::Unknown)),
    (0x48, "ESME_RINVSRCTON", config(Configuration)),
    (0x49, "ESME_RINVSRCNPI", config(Configuration)),
    (0x50, "ESME_RINVDSTTON", config(Configuration)),
    (0x51, "ESME_RINVDSTNPI", config(Configuration)),
    (0x53, "ESME_RINVSYSTYP", config(Configuration)),
    (0x58, "ESME_RTHROTTLED", throttle(LimitScope::Account)),
    (0x64, "ESME_RX_T_APPN", retry(FailureReason::Unknown)),
    (0x65, "ESME_RX_P_APPN", permanent(FailureReason::Unknown)),
    (0x66, "ESME_RX_R_APPN", permanent(FailureReason::Unknown)),
    (0xc0, "ESME_RINVOPTPARSTREAM", config(Configuration)),
    (0xc1, "ESME_ROPTPARNOTALLWD", config(Configuration)),
    (0xc2, "ESME_RINVPARLEN", config(Configuration)),
    (0xc3, "ESME_RMISSINGOPTPARAM", config(Configuration)),
    (0xc4, "ESME_RINVOPTPARAMVAL", config(Configuration)),
    (0xfe, "ESME_RDELIVERYFAILURE", permanent(Unreachable)),
    (0xff, "ESME_RUNKNOWNERR", retry(FailureReason::Unknown)),
];

/// The name of a status, or its number.
pub fn words(status: u32) -> String {
    let known = REFUSALS.iter().find(|(code, ..)| *code == status);
    known.map_or_else(|| format!("{status:#010x}"), |(_, name, _)| (*name).to_owned())
}

/// What the answer to a message means. One that was refused was not taken.
pub fn classify(status: u32, id: Option<String>) -> SendOutcome {
    if status == ACCEPTED {
        return SendOutcome::Accepted(Accepted { id, ..Accepted::default() });
    }
    let known = REFUSALS.iter().find(|(code, ..)| *code == status);
    let verdict = known.map_or(permanent(FailureReason::Unknown), |(_, _, verdict)| *verdict);
    verdict.outcome(ProviderError { code: Some(words(status)), text: String::new() }, None)
}
