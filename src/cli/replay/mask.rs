//! No phone number leaves a replay: numbers are masked in what is shown, and somebody else's stands in what is kept.

use crate::testing::replay::Conversation;
use std::borrow::Cow;

/// Digits of a number from which on it may be a phone's.
const DIGITS: usize = 8;
/// A number that was never given to anybody.
const SOMEBODY: &str = "447700900123";

/// A text with every address of mail masked: of what stands before the `@` its first character stays.
pub(in crate::cli) fn addresses(text: &str) -> Cow<'_, str> {
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let edge =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '"' | ',' | ';' | ':');
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(edge) {
        match piece.rsplit_once('@') {
            Some((local, domain)) => {
                out.extend(local.chars().next());
                out.push('…');
                out.push('@');
                out.push_str(domain);
            }
            None => out.push_str(piece),
        }
    }
    Cow::Owned(out)
}

/// A text with every number that may be a phone's masked: its first two and last two digits stay.
pub(in crate::cli) fn masked(text: &str) -> Cow<'_, str> {
    if text.bytes().filter(u8::is_ascii_digit).count() < DIGITS {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let end = from.find(|c: char| !(c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')'))).unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
        // Dates and short numbers in a row are written with blanks too: without a `+` only what stands close is one number.
        let plus = before.ends_with('+');
        let close = number.split([' ', '(', ')']).any(|part| part.bytes().filter(u8::is_ascii_digit).count() > DIGITS);
        if digits.len() >= DIGITS && (plus || close) {
            out.extend(&digits[..2]);
            out.push('…');
            out.extend(&digits[digits.len() - 2..]);
            let trailing = number.len() - number.trim_end_matches([' ', '-', '(', ')']).len();
            out.push_str(&number[number.len() - trailing..]);
        } else {
            out.push_str(number);
        }
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The conversation of somebody else: their own number is replaced wherever it stands.
pub(super) fn somebody_else(conversation: &Conversation) -> Result<Conversation, serde_json::Error> {
    let mut other = conversation.clone();
    other.entries.iter_mut().for_each(|entry| entry.at = entry.at + conversation.moved);
    let Some(phone) = conversation.phone() else { return Ok(other) };
    let text = serde_json::to_string(&other.entries)?.replace(phone.digits(), SOMEBODY);
    other.entries = serde_json::from_str(&text)?;
    Ok(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_mail_are_masked_wherever_a_server_writes_them() {
        for (text, shown) in [
            (
                "550 5.1.1: to RCPT TO: 5.1.1 <ann.lee@example.com>: no such user",
                "550 5.1.1: to RCPT TO: 5.1.1 <a…@example.com>: no such user",
            ),
            ("ann@example.com,bob@x.org said no", "a…@example.com,b…@x.org said no"),
            ("recipient=ann@example.com", "r…@example.com"),
            ("write to @shop", "write to …@shop"),
            ("answered 503", "answered 503"),
        ] {
            assert_eq!(addresses(text), shown, "{text}");
        }
    }

    #[test]
    fn phone_numbers_are_masked_and_others_are_not() {
        for (text, shown) in [
            ("call +447700900123.", "call +44…23."),
            ("call +44 7700 900123 now", "call +44…23 now"),
            ("447700900123", "44…23"),
            ("Order 4711 of 2026-03-05, 499.00 at 14:30", "Order 4711 of 2026-03-05, 499.00 at 14:30"),
            ("1 Yes 2 No 3 Later 4 Never 5 Twice 6 A 7 B 8 C", "1 Yes 2 No 3 Later 4 Never 5 Twice 6 A 7 B 8 C"),
            ("", ""),
        ] {
            assert_eq!(masked(text), shown);
        }
    }
}
