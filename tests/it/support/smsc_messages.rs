//! What the fake carrier takes, and what it delivers: texts of people, parts of them, receipts.

use rusmpp::pdus::{DeliverSm, SubmitSm};
use rusmpp::types::{COctetString, OctetString};
use rusmpp::values::{DataCoding, EsmClass, Npi, PriorityFlag, Ton};
use std::str::FromStr as _;
use std::time::Instant;

/// One message as it came.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The PDU.
    pub pdu: SubmitSm,
    /// The id that it was given.
    pub id: String,
    /// Whether it was taken.
    pub accepted: bool,
    /// When it came.
    pub at: Instant,
}

impl Taken {
    /// The text, without user data headers.
    pub fn text(&self) -> String {
        let octets: &[u8] = self.pdu.short_message().as_ref();
        let octets = if u8::from(self.pdu.esm_class) & 0x40 != 0 { &octets[usize::from(octets[0]) + 1..] } else { octets };
        match u8::from(self.pdu.data_coding) {
            8 => String::from_utf16_lossy(&octets.chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect::<Vec<_>>()),
            _ => replyflow::domain::gsm::decode(octets),
        }
    }
}

/// A text from a phone.
pub fn written(from: &str, text: &str) -> DeliverSm {
    delivered(from, 0, &replyflow::domain::gsm::encode(text).expect("in the alphabet"), 0)
}

/// A part of a longer text from a phone.
pub fn part(from: &str, text: &str, reference: u8, number: u8, of: u8) -> DeliverSm {
    let text = replyflow::domain::gsm::encode(text).expect("in the alphabet");
    delivered(from, 0x40, &[&[5, 0, 3, reference, of, number], &text[..]].concat(), 0)
}

/// A receipt in the usual form.
pub fn receipt(to: &str, id: &str, state: &str) -> DeliverSm {
    let text = format!("id:{id} sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:{state} err:000 text:");
    delivered(to, 4, text.as_bytes(), 0)
}

fn delivered(from: &str, class: u8, octets: &[u8], coding: u8) -> DeliverSm {
    let address = |text: &str| COctetString::from_str(text.trim_start_matches('+')).expect("an address");
    DeliverSm::builder()
        .source_addr_ton(Ton::International)
        .source_addr_npi(Npi::Isdn)
        .source_addr(address(from))
        .dest_addr_ton(Ton::International)
        .dest_addr_npi(Npi::Isdn)
        .destination_addr(address("447700900001"))
        .esm_class(EsmClass::from(class))
        .priority_flag(PriorityFlag::from(0))
        .data_coding(DataCoding::from(coding))
        .short_message(OctetString::from_vec(octets.to_vec()).expect("short enough"))
        .build()
}
