//! What may stand in `number` where text messages leave by somebody who takes any kind of sender.

use crate::domain::address::E164;
use crate::domain::channel::ChannelKind;

/// What it is, for mistakes.
pub(super) const FORM: &str = "a number such as +447700900123, a short code, or an alphanumeric sender";

/// The same for a medium: only text messages come from anything but a number.
pub(super) fn form(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::WhatsApp => "a number such as +447700900123",
        ChannelKind::Sms | ChannelKind::Email => FORM,
    }
}

/// Whether a channel of this medium can send as `text`.
pub(super) fn is_sender(text: &str, kind: ChannelKind) -> bool {
    E164::parse(text).is_some() || (kind == ChannelKind::Sms && sender(text).is_some())
}

/// A number, a short code of 3 to 8 digits, or a name of up to 11 letters, digits and blanks.
pub(super) fn sender(text: &str) -> Option<String> {
    let short_code = (3..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ') && text.trim() == text;
    let name = plain && text.len() <= 11 && text.bytes().any(|b| b.is_ascii_alphabetic());
    (E164::parse(text).is_some() || short_code || name).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_numbers_short_codes_and_names() {
        for good in ["+447700900123", "78787", "21512", "SHOP", "My Shop 24"] {
            assert_eq!(sender(good).as_deref(), Some(good), "{good}");
        }
        for bad in ["", "12", "447700900123", "A name of twelve", " SHOP", "Caf\u{e9}", "+0"] {
            assert_eq!(sender(bad), None, "{bad}");
        }
        assert!(is_sender("+447700900123", ChannelKind::WhatsApp) && is_sender("78787", ChannelKind::Sms));
        assert!(!is_sender("78787", ChannelKind::WhatsApp));
    }
}
