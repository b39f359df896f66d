//! What providers that send nothing but texts have in common.

use super::send::EncodeError;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::SMS_CHARS;
use crate::domain::message::OutboundContent;

/// The text of a message; everything else is refused in the provider's name.
pub fn text<'m>(provider: &'static str, content: &'m OutboundContent, kind: ChannelKind) -> Result<&'m str, EncodeError> {
    let what = match content {
        OutboundContent::Text { text } => return bounded(text, SMS_CHARS),
        OutboundContent::Media { .. } | OutboundContent::Album { .. } => "files",
        OutboundContent::Buttons { .. } => "buttons",
        OutboundContent::List { .. } | OutboundContent::Sections { .. } => "a list",
        OutboundContent::Form(_) => "a form",
        OutboundContent::CallToAction { .. } => "a button with a link",
        OutboundContent::LocationRequest { .. } => "a request for a location",
        OutboundContent::Location { .. } => "a location",
        OutboundContent::Contacts(_) => "contact cards",
        OutboundContent::Reaction { .. } => "a reaction",
        OutboundContent::Template { .. } => "a template",
        OutboundContent::Email { .. } => "a mail",
        OutboundContent::MarkRead { .. } => "a read mark",
    };
    Err(EncodeError::Unsupported { provider, what, kind })
}

/// A text that must be there and have no more characters than this.
pub fn bounded(text: &str, max: usize) -> Result<&str, EncodeError> {
    match text.chars().count() {
        0 => Err(EncodeError::Empty("the text")),
        got if got > max => Err(EncodeError::TooLong { what: "characters of text", got, max }),
        _ => Ok(text),
    }
}

/// The receiver of a text message: `+447700900123`, or a short code as it is.
pub fn receiver(to: &Address) -> Result<&str, EncodeError> {
    match to {
        Address::Phone(phone) => Ok(phone.as_str()),
        Address::Verbatim(short) if !short.is_empty() => Ok(short),
        Address::Verbatim(_) | Address::Bsuid(_) | Address::Email(_) | Address::External(_) => Err(EncodeError::Address),
    }
}

/// A number without its `+`, as gateways want it; what is no number stays as it is.
pub fn digits(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::E164;

    #[test]
    fn texts_have_bounds() {
        let of = |n: usize| text("X", &OutboundContent::Text { text: "é".repeat(n) }, ChannelKind::Sms).map(str::len);
        assert_eq!(of(1_600), Ok(3_200));
        assert_eq!(of(1_601), Err(EncodeError::TooLong { what: "characters of text", got: 1_601, max: 1_600 }));
        assert_eq!(of(0), Err(EncodeError::Empty("the text")));
        let read = OutboundContent::MarkRead { message: "1".into(), typing: false };
        let refused = EncodeError::Unsupported { provider: "X", what: "a read mark", kind: ChannelKind::Sms };
        assert_eq!(text("X", &read, ChannelKind::Sms), Err(refused));
    }

    #[test]
    fn receivers_are_numbers_and_short_codes() {
        let phone = Address::Phone(E164::parse("+447700900123").expect("a phone"));
        assert_eq!(receiver(&phone), Ok("+447700900123"));
        assert_eq!(receiver(&Address::Verbatim("78787".into())), Ok("78787"));
        assert_eq!(receiver(&Address::Bsuid("GB.1".into())), Err(EncodeError::Address));
        assert_eq!((digits("+447700900123"), digits("SHOP")), ("447700900123", "SHOP"));
    }
}
