//! Addresses of mail, and how our own mails are named so that whatever comes back finds them.

use super::id::{ContactKey, EffectId, SendRef};
use std::fmt;
use url::Host;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of an address (RFC 5321, 4.5.3.1).
const ADDRESS_BYTES: usize = 254;
/// Bytes of what stands before the `@`.
const LOCAL_BYTES: usize = 64;

/// An address in lower case, if the text is one that can stand in an envelope: `local@domain`, without quotes, comments, spaces
/// or anything that ends a line. A domain in another script is written as the name system knows it (`xn--…`): so every server can
/// take it, and it is one address in whichever form it comes back.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let of_local = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let local_fits = !local.is_empty()
        && local.len() <= LOCAL_BYTES
        && local.chars().all(of_local)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let domain_fits = !domain.is_empty() && domain.split('.').all(label);
    if !local_fits || !domain_fits {
        return None;
    }
    let domain = match domain.is_ascii() {
        true => domain.to_ascii_lowercase(),
        false => match Host::parse(domain) {
            Ok(Host::Domain(domain)) => domain,
            _ => return None,
        },
    };
    let address = format!("{}@{domain}", local.to_ascii_lowercase());
    (address.len() <= ADDRESS_BYTES).then_some(address)
}

/// An address that a person can have: its domain has a dot.
pub fn personal_email(text: &str) -> Option<String> {
    email(text).filter(|address| address.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('.')))
}

/// An address with the name that is shown beside it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// What is shown; empty: the address alone.
    pub name: String,
    /// The address.
    pub address: String,
}

impl Mailbox {
    /// Reads `Name <address>`, `"Name" <address>` or `address`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return None;
        }
        let Some((name, address)) = text.strip_suffix('>').and_then(|inner| inner.rsplit_once('<')) else {
            return Some(Mailbox { name: String::new(), address: email(text)? });
        };
        let name = name.trim();
        let name = name.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(name);
        Some(Mailbox { name: name.trim().to_owned(), address: email(address)? })
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// It may be a person's.
impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(…)")
    }
}

/// A mail of ours: the send that it is, and whom it went to. The local part of its `Message-ID`, so that replies, bounces and
/// complaints find the contact without a lookup: 50 letters and digits in which case means nothing, as not every server keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailRef {
    /// The send.
    pub send: SendRef,
    recipient: [u8; 4],
}

/// What the name of a mail begins with.
const PREFIX: &str = "rf";
/// The characters of what follows: 30 bytes, 5 bits each.
const DIGITS: usize = 48;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl MailRef {
    /// The send's mail to this address.
    pub fn new(send: SendRef, to: &str) -> Self {
        MailRef { send, recipient: mark(to) }
    }

    /// Whether it went to this address: somebody else's reply to it is not the contact's.
    pub fn went_to(&self, address: &str) -> bool {
        self.recipient == mark(address)
    }

    /// The first that is named in a text: a header's value, an address with a `+`.
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !c.is_ascii_alphanumeric()).find_map(Self::parse)
    }

    fn parse(text: &str) -> Option<Self> {
        let prefix = text.get(..PREFIX.len()).filter(|prefix| prefix.eq_ignore_ascii_case(PREFIX))?;
        let digits = &text.as_bytes()[prefix.len()..];
        if digits.len() != DIGITS {
            return None;
        }
        let mut bytes = [0u8; 30];
        for (five, eight) in bytes.chunks_exact_mut(5).zip(digits.chunks_exact(8)) {
            let mut bits = 0u64;
            for digit in eight {
                let digit = digit.to_ascii_lowercase();
                bits = bits << 5 | ALPHABET.iter().position(|known| *known == digit)? as u64;
            }
            five.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        let [contact @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _] = bytes;
        let effect: [u8; 10] = bytes[16..26].try_into().ok()?;
        let recipient = bytes[26..].try_into().ok()?;
        let send = SendRef { contact: ContactKey::from_bytes(contact), effect: EffectId::from_bytes(effect) };
        Some(MailRef { send, recipient })
    }
}

impl fmt::Display for MailRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0u8; 30];
        bytes[..16].copy_from_slice(&self.send.contact.to_bytes());
        bytes[16..26].copy_from_slice(&self.send.effect.to_bytes());
        bytes[26..].copy_from_slice(&self.recipient);
        let mut text = String::with_capacity(PREFIX.len() + DIGITS);
        text.push_str(PREFIX);
        for five in bytes.chunks_exact(5) {
            let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
            text.extend((0..8).rev().map(|place| char::from(ALPHABET[(bits >> (5 * place) & 31) as usize])));
        }
        f.write_str(&text)
    }
}

fn mark(address: &str) -> [u8; 4] {
    let [a, b, c, d, ..] = xxh3_64(address.trim().to_lowercase().as_bytes()).to_be_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{DedupeHash, InputId, Token};

    #[test]
    fn what_could_end_a_line_or_an_envelope_is_no_address() {
        for good in ["ann@example.com", " Ann.B+c@Example.COM ", "x_y'z@münchen.example", "a@b"] {
            assert!(email(good).is_some(), "{good}");
        }
        assert_eq!(email("ANN@Example.com").as_deref(), Some("ann@example.com"));
        for spelling in ["Ann@M\u{fc}nchen.example", "ANN@M\u{dc}NCHEN.example", "ann@xn--mnchen-3ya.example"] {
            assert_eq!(email(spelling).as_deref(), Some("ann@xn--mnchen-3ya.example"), "{spelling}");
        }
        for bad in [
            "",
            "ann",
            "@x.com",
            "ann@",
            "a b@x.com",
            "a@x.com\r\nRCPT TO:<c@x.com>",
            "a@x..com",
            ".a@x.com",
            "a..b@x.com",
            "a@-x.com",
            "<a@x.com>",
            "a@x.com, b@x.com",
            "\"a b\"@x.com",
            "ann@ex ample.com",
            "a\u{0}@x.com",
            "a@\u{ff11}\u{ff12}\u{ff17}.1",
        ] {
            assert_eq!(email(bad), None, "{bad:?}");
        }
        assert!(email(&format!("{}@x.com", "a".repeat(64))).is_some());
        assert!(email(&format!("{}@x.com", "a".repeat(65))).is_none());
    }

    #[test]
    fn mailboxes_are_read_as_people_write_them() {
        let read = |text| Mailbox::parse(text).map(|m| (m.name, m.address));
        let of = |name: &str| Some((name.to_owned(), "shop@example.com".to_owned()));
        assert_eq!(read("shop@example.com"), of(""));
        assert_eq!(read("Der Löwe <Shop@example.com>"), of("Der Löwe"));
        assert_eq!(read("\"Shop, Ltd.\" <shop@example.com>"), of("Shop, Ltd."));
        for bad in ["Shop", "Shop <shop>", "Shop\r\nBcc: x@y.z <shop@example.com>", "<shop@example.com> Shop"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_mail_is_found_by_its_name_wherever_it_is_written() {
        let contact = ContactKey::derive(b"secret", "email:ann@example.com");
        let effect = Token::birth(contact, InputId::of(DedupeHash::of(&["x"]))).effect(0);
        let name = MailRef::new(SendRef { contact, effect }, "Ann@Example.com");
        let text = name.to_string();
        assert_eq!(text.len(), 50);
        for written in [
            text.clone(),
            format!("<{text}@mail.example.com>"),
            format!("<other@x> <{}@mail.example.com>\r\n <y@z>", text.to_uppercase()),
            format!("Replies <replies+{text}@in.example.com>"),
            format!("unsubscribe {text}."),
        ] {
            assert_eq!(MailRef::find(&written), Some(name), "{written}");
        }
        assert!(name.went_to("ann@example.com") && !name.went_to("ben@example.com"));
        for other in ["", "<1234@x>", &text[1..], &format!("{text}a"), &text[..49], &text.replace(&text[49..], "1"), "ü"] {
            assert_eq!(MailRef::find(other), None, "{other}");
        }
    }
}
