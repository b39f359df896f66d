//! SMPP 3.4 (SMPP Developers Forum, "Short Message Peer to Peer Protocol Specification v3.4", Issue 1.2), as an ESME. The PDUs that leave
//! are written by a library, those that come are read here: carriers bend the optional parameters, and one that is odd must not cost the
//! message. The connection itself is not here: `service/smpp` holds it, with these functions.
//!
//! A bind takes the place of a signature: what comes over it is believed, and nothing else is. There is no webhook.

mod encode;
mod join;
mod number;
mod pdu;
mod receipt;
mod status;
#[cfg(test)]
mod tests;

pub use encode::{Submission, Way, bind};
pub use join::{Joined, Joiner, Piece};
pub use pdu::{Deliver, Frame, READS, message_id};
pub use status::{ACCEPTED, REFUSED, TEMPORARY, UNKNOWN_COMMAND, classify, words};

use super::Provider;
use super::account::Account;
use super::features::{Features, Proof, Reports};
use super::send::{EncodeError, HttpRequest, SendContext, SendOutcome, Wire};
use super::webhook::{Decoded, Headers, Malformed, Other, Part, Received, Refused, Routes, WebhookRequest};
use crate::config::providers::jasmin::Alphabet;
use crate::config::providers::smpp::SmppSettings;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::gsm;
use crate::domain::message::{Inbound, InboundContent, Outbound};
use crate::domain::time::Span;
use bytes::Bytes;
use std::sync::Arc;

/// A carrier and the sender of one channel.
#[derive(Debug, Clone)]
pub struct Smpp(pub Arc<SmppSettings>);

/// What a `deliver_sm` is.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// What became of a message of ours, or something of that kind that decides nothing.
    Report(Decoded),
    /// A message as a whole.
    Whole(Written),
    /// A part of a longer one.
    Part(Piece, Written),
}

/// What a person wrote, or a part of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// Who, as the carrier writes it.
    pub from: String,
    /// The number of ours.
    pub to: String,
    /// The types of the two numbers.
    pub tons: (u8, u8),
    /// Its octets, without headers.
    pub octets: Bytes,
    /// Its `data_coding`.
    pub coding: u8,
    /// The carrier's id of it, or its sender's number of it: few give one.
    pub id: Option<String>,
}

/// Neither who nor what.
impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written").field("octets", &self.octets.len()).field("coding", &self.coding).finish_non_exhaustive()
    }
}

impl Smpp {
    /// What it is that came.
    pub fn hear(&self, deliver: &Deliver, routes: &Routes) -> Heard {
        if deliver.is_report() {
            return Heard::Report(receipt::read(&self.0, deliver, routes));
        }
        let (piece, octets) = deliver.content();
        let written = Written {
            from: deliver.source.clone(),
            to: deliver.dest.clone(),
            tons: (deliver.source_ton, deliver.dest_ton),
            octets,
            coding: deliver.coding,
            id: deliver.receipted.clone().or_else(|| deliver.numbered()),
        };
        match piece {
            Some(piece) => Heard::Part(piece, written),
            None => Heard::Whole(written),
        }
    }

    /// A message of these parts in their order, under this id. `part` says which it is where its others did not come.
    pub fn message(&self, parts: &[Written], id: String, part: Option<Part>, routes: &Routes) -> Decoded {
        let Some(first) = parts.first() else {
            return Decoded::Other(Other { kind: "empty".to_owned(), id: Some(id), error: None });
        };
        let country = self.0.country.as_deref();
        let (to, known) = number::ours(routes, &first.to, first.tons.1, country);
        let here = known.or_else(|| routes.may_be_here(&to).then(|| routes.here()));
        let Some(here) = here else {
            return Decoded::Other(Other { kind: "unknown_number".to_owned(), id: Some(id), error: None });
        };
        let alike = parts.iter().all(|other| other.coding == first.coding);
        let text = match alike {
            // A character may be cut in two where the parts meet.
            true => {
                let octets: Vec<u8> = parts.iter().flat_map(|one| one.octets.iter().copied()).collect();
                text(self.0.alphabet, first.coding, &octets)
            }
            false => parts.iter().map(|one| text(self.0.alphabet, one.coding, &one.octets)).collect(),
        };
        let (text, content) = match text {
            Some(text) => (text, InboundContent::Text),
            None => (String::new(), InboundContent::Unsupported { kind: format!("coding_{}", first.coding) }),
        };
        let message = Inbound {
            channel: here.channel.clone(),
            kind: here.kind,
            from: number::address(&first.from, first.tons.0, country),
            user_id: None,
            id,
            at: None,
            text,
            content,
            profile_name: None,
            in_reply_to: None,
            answers: None,
            forwarded: false,
            referral: None,
        };
        Decoded::Message(Box::new(Received { message, to, segments: None, part, error: None }))
    }

    /// The id of a message as the answer gave it, in the form in which receipts are compared with it.
    pub fn sent_id(&self, given: &str) -> Option<String> {
        receipt::of_answer(self.0.receipt_ids, given)
    }
}

/// The text of octets (SMPP 3.4, 5.2.19); nothing where they are none. 0xF0 to 0xF3 are message classes of the default alphabet.
fn text(alphabet: Alphabet, coding: u8, octets: &[u8]) -> Option<String> {
    match (coding, alphabet) {
        (0, Alphabet::Gsm) | (0xf0..=0xf3, _) => Some(gsm::decode(octets)),
        (0, Alphabet::Latin1) | (1 | 3, _) => Some(octets.iter().copied().map(char::from).collect()),
        (8, _) => {
            let units: Vec<u16> = octets.chunks(2).map(|two| u16::from_be_bytes([two[0], *two.get(1).unwrap_or(&0)])).collect();
            Some(String::from_utf16_lossy(&units))
        }
        _ => None,
    }
}

impl Provider for Smpp {
    fn name(&self) -> &'static str {
        "smpp"
    }

    fn features(&self) -> Features {
        Features {
            reports: Reports::OverBind,
            proof: Proof::Bind,
            documented_only: &["everything: SMPP 3.4 and a fake carrier of our own"],
            ..Features::NONE
        }
    }

    /// Nobody has a webhook to call here.
    fn verify(&self, _: &WebhookRequest<'_>) -> Result<(), Refused> {
        Err(Refused::NoSecret)
    }

    fn decode(&self, _: &WebhookRequest<'_>, _: &Routes) -> Result<Vec<Decoded>, Malformed> {
        Err(Malformed("a carrier that speaks SMPP posts nothing"))
    }

    fn encode(&self, _: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        Err(EncodeError::Unsupported { provider: "SMPP", what: "requests", kind: context.kind })
    }

    /// It answers no HTTP: see [`classify`].
    fn classify(&self, _: u16, _: &dyn Headers, _: &[u8]) -> SendOutcome {
        SendOutcome::Unknown
    }

    fn wire(&self, message: &Outbound, context: &SendContext<'_>) -> Result<Wire, EncodeError> {
        encode::encode(&self.0, message, context).map(Wire::Smpp)
    }

    fn smpp(&self) -> Option<&Smpp> {
        Some(self)
    }

    fn secrets(&self) -> Vec<&Secret> {
        vec![&self.0.password]
    }

    fn timeout(&self) -> Option<Span> {
        self.0.timeout
    }

    fn number(&self, _: ChannelKind) -> Option<String> {
        Some(self.0.number.clone())
    }

    fn account(&self) -> Option<Account> {
        let port = self.0.port.to_string();
        Some(Account::new("smpp", &[&self.0.host, &port, &self.0.system_id, self.0.password.expose()]))
    }

    fn reports_by_its_id(&self) -> bool {
        true
    }
}
