//! Reading what a carrier sends. Only what is needed is read, and what is odd behind it is passed over.

use super::join::Piece;
use bytes::{Buf as _, Bytes};

/// The largest PDU that is read, in bytes: a `message_payload` is 64 KiB at most (SMPP 3.4, 5.3.2.32), and what is before and beside it is small.
/// A larger one ends the connection.
pub const READS: usize = 66 * 1024;

/// One PDU: its header, and its body as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// `command_id`.
    pub command: u32,
    /// `command_status`.
    pub status: u32,
    /// `sequence_number`.
    pub sequence: u32,
    /// What follows.
    pub body: Bytes,
}

impl Frame {
    /// From everything behind the length; nothing if that is too little for a header.
    pub fn read(mut octets: Bytes) -> Option<Self> {
        if octets.len() < 12 {
            return None;
        }
        let (command, status, sequence) = (octets.get_u32(), octets.get_u32(), octets.get_u32());
        Some(Frame { command, status, sequence, body: octets })
    }
}

/// No content: it names people.
impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Frame({:#010x}, status {:#x}, sequence {}, {} octets)",
            self.command,
            self.status,
            self.sequence,
            self.body.len()
        )
    }
}

/// The `message_id` of a `submit_sm_resp`; nothing if there is none.
pub fn message_id(body: &Bytes) -> Option<String> {
    // Some end it with the PDU instead of a zero.
    let end = body.iter().position(|b| *b == 0).unwrap_or(body.len());
    let id = std::str::from_utf8(&body[..end.min(64)]).ok()?.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

/// What is read of a `deliver_sm` (SMPP 3.4, 4.6.1).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Deliver {
    /// `source_addr`
    pub source: String,
    /// `source_addr_ton`
    pub source_ton: u8,
    /// `destination_addr`
    pub dest: String,
    /// `dest_addr_ton`
    pub dest_ton: u8,
    /// `esm_class`
    pub class: u8,
    /// `data_coding`
    pub coding: u8,
    /// `short_message`, or `message_payload`, which takes its place.
    pub octets: Bytes,
    /// `sar_msg_ref_num`, `sar_segment_seqnum` and `sar_total_segments`.
    pub sar: (Option<u16>, Option<u8>, Option<u8>),
    /// `receipted_message_id`
    pub receipted: Option<String>,
    /// `user_message_reference`
    pub reference: Option<u16>,
    /// `message_state`
    pub state: Option<u8>,
    /// `network_error_code`: the kind of network and its code.
    pub network: Option<(u8, u16)>,
}

impl Deliver {
    /// From the body; nothing if one of the mandatory fields is not there.
    pub fn read(body: Bytes) -> Option<Self> {
        let mut rest = Reader(body);
        rest.text()?; // service_type
        let source_ton = rest.octet()?;
        rest.skip(1)?; // source_addr_npi
        let source = rest.text()?;
        let dest_ton = rest.octet()?;
        rest.skip(1)?; // dest_addr_npi
        let dest = rest.text()?;
        let class = rest.octet()?;
        rest.skip(2)?; // protocol_id, priority_flag
        rest.text()?; // schedule_delivery_time
        rest.text()?; // validity_period
        rest.skip(2)?; // registered_delivery, replace_if_present_flag
        let coding = rest.octet()?;
        rest.skip(1)?; // sm_default_msg_id
        let length = usize::from(rest.octet()?);
        let octets = rest.take(length)?;
        let mut deliver = Deliver { source, source_ton, dest, dest_ton, class, coding, octets, ..Deliver::default() };
        while let Some((tag, value)) = rest.parameter() {
            deliver.parameter(tag, value);
        }
        Some(deliver)
    }

    /// An optional parameter (SMPP 3.4, 5.3.2); what does not fit is as if it were not there.
    fn parameter(&mut self, tag: u16, value: Bytes) {
        let octet = value.first().copied();
        match (tag, value.len()) {
            (0x001e, _) => self.receipted = message_id(&value),
            (0x0204, 2) => self.reference = Some(u16::from_be_bytes([value[0], value[1]])),
            (0x0427, 1) => self.state = octet,
            (0x0423, 3) => self.network = Some((value[0], u16::from_be_bytes([value[1], value[2]]))),
            (0x0424, 1..) if self.octets.is_empty() => self.octets = value,
            (0x020c, 2) => self.sar.0 = Some(u16::from_be_bytes([value[0], value[1]])),
            (0x020f, 1) => self.sar.1 = octet,
            (0x020e, 1) => self.sar.2 = octet,
            _ => {}
        }
    }

    /// The number that its sender gave it: the same when it comes again. Zero is what is written where there is none.
    pub fn numbered(&self) -> Option<String> {
        self.reference.filter(|reference| *reference != 0).map(|reference| format!("r{reference}"))
    }

    /// Whether it tells of a message of ours: `esm_class` says so (5.2.12), or it names one and its state.
    pub fn is_report(&self) -> bool {
        self.class & 0x3c != 0 || (self.receipted.is_some() && self.state.is_some())
    }

    /// Whether it is what an SME, not the carrier, says of a message.
    pub fn is_acknowledgement(&self) -> bool {
        matches!(self.class & 0x3c, 0x08 | 0x10 | 0x18)
    }

    /// What was written, without its headers, and which part of a longer message it is.
    pub fn content(&self) -> (Option<Piece>, Bytes) {
        let (header, octets) = match self.class & 0x40 != 0 {
            true => headers(&self.octets),
            false => (None, self.octets.clone()),
        };
        let sar = match self.sar {
            (Some(reference), Some(number), Some(of)) => Piece::new(reference, number, of),
            _ => None,
        };
        (header.or(sar), octets)
    }
}

impl std::fmt::Debug for Deliver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliver")
            .field("class", &self.class)
            .field("coding", &self.coding)
            .field("octets", &self.octets.len())
            .finish_non_exhaustive()
    }
}

/// User data headers (3GPP 23.040, 9.2.3.24): of them only the concatenation says something here. What does not hold together is content.
fn headers(octets: &Bytes) -> (Option<Piece>, Bytes) {
    let Some(length) = octets.first().map(|b| usize::from(*b)).filter(|length| *length < octets.len()) else {
        return (None, octets.clone());
    };
    let (mut rest, mut piece) = (octets.slice(1..=length), None);
    while rest.len() >= 2 {
        let (kind, size) = (rest.get_u8(), usize::from(rest.get_u8()));
        if size > rest.len() {
            break;
        }
        let value = rest.split_to(size);
        match (kind, &value[..]) {
            (0x00, [reference, of, number]) => piece = Piece::new(u16::from(*reference), *number, *of),
            (0x08, [high, low, of, number]) => piece = Piece::new(u16::from_be_bytes([*high, *low]), *number, *of),
            _ => {}
        }
    }
    (piece, octets.slice(length + 1..))
}

struct Reader(Bytes);

impl Reader {
    fn take(&mut self, n: usize) -> Option<Bytes> {
        (n <= self.0.len()).then(|| self.0.split_to(n))
    }

    fn skip(&mut self, n: usize) -> Option<()> {
        self.take(n).map(drop)
    }

    fn octet(&mut self) -> Option<u8> {
        self.take(1).map(|one| one[0])
    }

    /// A C-octet string.
    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|b| *b == 0)?;
        let text = self.take(end)?;
        self.skip(1)?;
        Some(text.iter().copied().map(char::from).collect())
    }

    /// The next optional parameter; nothing if what is left is none.
    fn parameter(&mut self) -> Option<(u16, Bytes)> {
        let head = self.take(4)?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        Some((u16::from_be_bytes([head[0], head[1]]), self.take(length)?))
    }
}
