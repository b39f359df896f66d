//! Where a person is reached. An address in E.164 is the usual identity: SMS and WhatsApp of one number are one contact.
//! `Debug` never shows an address, so that none gets into a log by accident.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A phone number: `+`, a first digit 1–9, 7 to 15 digits in all (ITU-T E.164).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct E164(String);

impl E164 {
    /// Accepts only the canonical form.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let ok = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        ok.then(|| E164(text.to_owned()))
    }

    /// `+447700900123`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `447700900123`, as several providers write it.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }
}

impl TryFrom<String> for E164 {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        E164::parse(&text).ok_or("not a phone number in E.164 form")
    }
}

impl From<E164> for String {
    fn from(phone: E164) -> String {
        phone.0
    }
}

/// Where a person is reached, or how the caller of the API names them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// A phone number; SMS and WhatsApp both reach it.
    Phone(E164),
    /// A WhatsApp business-scoped user id (`GB.1349…`), for people whose phone is not shown.
    Bsuid(String),
    /// An email address in lower case.
    Email(String),
    /// The caller's own id of a person.
    External(String),
    /// Something that is no E.164 number but can be written to: a short code or an alphanumeric sender.
    Verbatim(String),
}

impl Address {
    /// One text for one address; what contact keys and suppression hashes are made of. A mail address whose domain is in another script is one
    /// address in whichever form: as somebody typed it, or as it is sent to and comes back.
    pub fn canonical(&self) -> String {
        match self {
            Address::Email(e) if !e.is_ascii() => format!("email:{}", super::mail::email(e).as_ref().unwrap_or(e)),
            Address::Phone(p) => p.as_str().to_owned(),
            Address::Bsuid(id) => format!("bsuid:{id}"),
            Address::Email(e) => format!("email:{e}"),
            Address::External(id) => format!("id:{id}"),
            Address::Verbatim(v) => format!("raw:{v}"),
        }
    }

    /// The phone number, if it is one.
    pub fn phone(&self) -> Option<&E164> {
        match self {
            Address::Phone(p) => Some(p),
            _ => None,
        }
    }

    /// Reads an address as providers write WhatsApp users: digits, `+digits`, or `CC.alnum`.
    pub fn from_whatsapp(wire: &str) -> Address {
        let is_bsuid = wire.len() > 3
            && wire.as_bytes()[2] == b'.'
            && wire[..2].bytes().all(|b| b.is_ascii_uppercase())
            && wire[3..].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
        if is_bsuid {
            return Address::Bsuid(wire.to_owned());
        }
        Address::from_wire(wire)
    }

    /// Reads an address as providers write phone numbers, with or without `+`.
    pub fn from_wire(wire: &str) -> Address {
        let plus = if wire.starts_with('+') { wire.to_owned() } else { format!("+{wire}") };
        match E164::parse(&plus) {
            Some(phone) => Address::Phone(phone),
            None => Address::Verbatim(wire.to_owned()),
        }
    }

    /// The address as people see it; for messages to providers and for the journal, never for a log.
    pub fn reveal(&self) -> &str {
        match self {
            Address::Phone(p) => p.as_str(),
            Address::Bsuid(s) | Address::Email(s) | Address::External(s) | Address::Verbatim(s) => s,
        }
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("E164(…)")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Address::Phone(_) => "Phone(…)",
            Address::Bsuid(_) => "Bsuid(…)",
            Address::Email(_) => "Email(…)",
            Address::External(_) => "External(…)",
            Address::Verbatim(_) => "Verbatim(…)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_numbers_are_phones() {
        for good in ["+447700900123", "+1234567", "+123456789012345"] {
            assert!(E164::parse(good).is_some(), "{good}");
        }
        for bad in ["447700900123", "+0447700900123", "+123456", "+1234567890123456", "+44 770", ""] {
            assert!(E164::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(Address::from_whatsapp("GB.1349"), Address::Bsuid("GB.1349".into()));
        assert_eq!(Address::from_whatsapp("447700900123").canonical(), "+447700900123");
        assert_eq!(Address::from_wire("78787").canonical(), "raw:78787");
        let email = |text: &str| Address::Email(text.to_owned()).canonical();
        assert_eq!(email("ana@m\u{fc}nchen.de"), email("ana@xn--mnchen-3ya.de"), "one address in both forms");
        assert_eq!(
            (email("ana@shop.example"), email("\u{fc}@x")),
            ("email:ana@shop.example".to_owned(), "email:\u{fc}@x".to_owned())
        );
        assert_eq!(format!("{:?}", Address::from_wire("+447700900123")), "Phone(…)");
    }
}
