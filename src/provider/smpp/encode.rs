//! How texts are written as `submit_sm`, and the login as a bind.

use crate::config::providers::jasmin::Alphabet;
use crate::config::providers::smpp::{LongMessages, SmppSettings, kind_of};
use crate::domain::address::Address;
use crate::domain::gsm;
use crate::domain::id::{DedupeHash, SendRef};
use crate::domain::message::Outbound;
use crate::domain::sms::{Encoding, septets};
use crate::provider::plain;
use crate::provider::send::{EncodeError, SendContext};
use bytes::Bytes;
use rusmpp::Pdu;
use rusmpp::pdus::{BindReceiver, BindTransceiver, BindTransmitter, SubmitSm};
use rusmpp::tlvs::MessageSubmissionRequestTlvValue as Parameter;
use rusmpp::types::{AnyOctetString, COctetString, OctetString};
use rusmpp::values::{
    DataCoding, EsmClass, InterfaceVersion, MessagePayload, Npi, PriorityFlag, RegisteredDelivery, ServiceType, Ton,
};
use std::fmt;
use std::str::FromStr as _;

/// Parts that a text may have: their number is one octet, and no text that is taken has more.
const PARTS: usize = 255;
/// `registered_delivery`: a receipt of how it ended, whichever way (SMPP 3.4, 5.2.17).
const FINAL_RECEIPT: u8 = 1;
/// `esm_class`: the octets begin with user data headers (5.2.12).
const HEADERS: u8 = 0x40;

/// A message as it leaves: one PDU, or one for each of its parts.
#[derive(Clone, PartialEq)]
pub struct Submission {
    /// In their order. Only the last asks for a receipt.
    pub parts: Vec<SubmitSm>,
    /// Our name of it.
    pub send: Option<SendRef>,
}

impl Submission {
    /// Its PDUs as people read them, where nothing leaves: a line for each.
    pub fn shown(&self) -> String {
        let line = |pdu: &SubmitSm| {
            let octets = pdu.short_message().as_ref();
            let (class, coding) = (u8::from(pdu.esm_class), u8::from(pdu.data_coding));
            format!(
                "submit_sm to={} from={} esm_class={class:#04x} data_coding={coding:#04x} parameters={} short_message={}",
                pdu.destination_addr,
                pdu.source_addr,
                pdu.tlvs().len(),
                hex::encode(octets)
            )
        };
        self.parts.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Neither to whom nor what.
impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

/// What the carrier is to let us do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Both.
    Both,
    /// Messages to it.
    Out,
    /// Messages from it.
    In,
}

/// The login. Nothing if the settings do not fit into one, which their reading does not let through.
pub fn bind(settings: &SmppSettings, way: Way) -> Option<Pdu> {
    let id = COctetString::from_str(&settings.system_id).ok()?;
    let password = COctetString::from_str(settings.password.expose()).ok()?;
    let kind = COctetString::from_str(&settings.system_type).ok()?;
    let (version, ton, npi) = (InterfaceVersion::Smpp3_4, Ton::Unknown, Npi::Unknown);
    Some(match way {
        Way::Both => BindTransceiver::new(id, password, kind, version, ton, npi, COctetString::empty()).into(),
        Way::Out => BindTransmitter::new(id, password, kind, version, ton, npi, COctetString::empty()).into(),
        Way::In => BindReceiver::new(id, password, kind, version, ton, npi, COctetString::empty()).into(),
    })
}

/// The message.
pub fn encode(settings: &SmppSettings, message: &Outbound, context: &SendContext<'_>) -> Result<Submission, EncodeError> {
    let text = plain::text("SMPP", &message.content, context.kind)?;
    let receiver = plain::receiver(&message.to)?;
    let dest = if matches!(message.to, Address::Phone(_)) { settings.dest } else { kind_of(receiver) };
    let one = SubmitSm::builder()
        .service_type(ServiceType::new(COctetString::from_str(&settings.service_type).map_err(|_| EncodeError::Sender)?))
        .source_addr_ton(Ton::from(settings.source.0))
        .source_addr_npi(Npi::from(settings.source.1))
        .source_addr(COctetString::from_str(plain::digits(&settings.number)).map_err(|_| EncodeError::Sender)?)
        .dest_addr_ton(Ton::from(dest.0))
        .dest_addr_npi(Npi::from(dest.1))
        .destination_addr(COctetString::from_str(plain::digits(receiver)).map_err(|_| EncodeError::Address)?)
        // What the library takes for nothing is not zero.
        .esm_class(EsmClass::from(0))
        .priority_flag(PriorityFlag::from(0))
        .build();
    let (coding, parts) = octets(settings.alphabet, text);
    if parts.len() > PARTS {
        return Err(EncodeError::TooLong { what: "parts", got: parts.len(), max: PARTS });
    }
    let one = one.with_data_coding(DataCoding::from(coding));
    let last = parts.len() - 1;
    let reference = reference(&message.to, context);
    let whole = match settings.long {
        LongMessages::Payload if last > 0 => Some(parts.concat()),
        _ => None,
    };
    let mut all = Vec::with_capacity(parts.len());
    if let Some(whole) = whole {
        let mut pdu = one;
        pdu.push_tlv(Parameter::MessagePayload(MessagePayload::new(AnyOctetString::from_vec(whole))));
        pdu.registered_delivery = receipt(settings, true);
        all.push(pdu);
    } else {
        for (at, octets) in parts.into_iter().enumerate() {
            let (number, of) = (narrow(at + 1), narrow(last + 1));
            let mut pdu = one.clone();
            pdu.registered_delivery = receipt(settings, at == last);
            let content = match settings.long {
                LongMessages::Udh if last > 0 => {
                    pdu.esm_class = EsmClass::from(HEADERS);
                    [&[5, 0, 3, reference.to_be_bytes()[1], of, number], &octets[..]].concat()
                }
                LongMessages::Sar if last > 0 => {
                    pdu.push_tlv(Parameter::SarMsgRefNum(reference));
                    pdu.push_tlv(Parameter::SarTotalSegments(of));
                    pdu.push_tlv(Parameter::SarSegmentSeqnum(number));
                    octets
                }
                _ => octets,
            };
            let got = content.len();
            let content = OctetString::from_bytes(Bytes::from(content));
            pdu.set_short_message(content.map_err(|_| EncodeError::TooLong { what: "octets of a part", got, max: 254 })?);
            all.push(pdu);
        }
    }
    Ok(Submission { parts: all, send: context.send })
}

fn receipt(settings: &SmppSettings, last: bool) -> RegisteredDelivery {
    RegisteredDelivery::from(if last && settings.receipts { FINAL_RECEIPT } else { 0 })
}

fn narrow(number: usize) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// What the parts of one message have in common: the same when it is sent again.
fn reference(to: &Address, context: &SendContext<'_>) -> u16 {
    let name = context.send.map_or_else(|| format!("{} {}", to.canonical(), context.now.0), |send| send.to_string());
    let [.., high, low] = DedupeHash::of(&["parts", &name]).0.to_be_bytes();
    u16::from_be_bytes([high, low])
}

/// The `data_coding` and the octets of each part. No character is cut in two.
fn octets(alphabet: Alphabet, text: &str) -> (u8, Vec<Vec<u8>>) {
    let written = |c: char| {
        let mut buffer = [0; 4];
        match alphabet {
            Alphabet::Gsm => gsm::encode(c.encode_utf8(&mut buffer)),
            Alphabet::Latin1 => u8::try_from(u32::from(c)).ok().map(|octet| vec![octet]),
        }
    };
    let plain: Option<Vec<(usize, Vec<u8>)>> =
        text.chars().map(|c| written(c).map(|octets| (septets(c).unwrap_or(2), octets))).collect();
    match plain {
        Some(plain) => (0, cut(plain, Encoding::Gsm7)),
        None => {
            let wide = |c: char| {
                let mut units = [0; 2];
                let units = c.encode_utf16(&mut units);
                (units.len(), units.iter().flat_map(|unit| unit.to_be_bytes()).collect())
            };
            (8, cut(text.chars().map(wide).collect(), Encoding::Ucs2))
        }
    }
}

/// Characters with what each counts, as parts that have room for them.
fn cut(characters: Vec<(usize, Vec<u8>)>, encoding: Encoding) -> Vec<Vec<u8>> {
    let total: usize = characters.iter().map(|(size, _)| size).sum();
    let room = if total <= encoding.single() { encoding.single() } else { encoding.part() };
    let (mut parts, mut in_part) = (vec![Vec::new()], 0);
    for (size, octets) in characters {
        if in_part + size > room {
            parts.push(Vec::new());
            in_part = 0;
        }
        in_part += size;
        if let Some(part) = parts.last_mut() {
            part.extend(octets);
        }
    }
    parts
}
