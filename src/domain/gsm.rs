//! The octets of the GSM 7-bit alphabet (3GPP 23.038), one character each, as gateways take and give them: unpacked, and with an
//! escape before those of the extension table.

/// The basic table by its codes; `ESC` stands where the extension begins.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table.
const EXTENSION: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];
/// What comes before a code of the extension table.
const ESCAPE: u8 = 0x1b;

/// The octets of a text; nothing if a character has none.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        if let Some((code, _)) = EXTENSION.iter().find(|(_, known)| *known == c) {
            out.extend([ESCAPE, *code]);
            continue;
        }
        let at = BASIC.chars().position(|known| known == c && c != '\u{1b}')?;
        out.push(u8::try_from(at).ok()?);
    }
    Some(out)
}

/// The text of octets. What has no meaning is shown as a replacement character; an escape that leads nowhere is a blank, as the
/// standard has it.
pub fn decode(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    let mut rest = octets.iter().copied();
    while let Some(code) = rest.next() {
        if code != ESCAPE {
            out.push(basic(code));
            continue;
        }
        match rest.next() {
            None => out.push(' '),
            Some(next) => {
                out.push(EXTENSION.iter().find(|(known, _)| *known == next).map_or_else(|| basic(next), |(_, c)| *c));
            }
        }
    }
    out
}

fn basic(code: u8) -> char {
    match code {
        ESCAPE => ' ',
        _ => BASIC.chars().nth(usize::from(code)).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sms::septets;
    use proptest::prelude::*;

    #[test]
    fn the_alphabet_is_the_one_that_is_counted() {
        assert_eq!(BASIC.chars().count(), 128);
        for c in '\0'..='\u{ffff}' {
            assert_eq!(encode(&c.to_string()).map(|octets| octets.len()), septets(c), "{c:?}");
        }
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(encode("Hi @ 5€").as_deref(), Some(&b"Hi \0 5\x1be"[..]));
        assert_eq!(decode(b"Hi \0 5\x1be"), "Hi @ 5€");
        assert_eq!(encode("☺"), None);
        assert_eq!(encode("\u{1b}"), None);
        // An escape at the end, one before a character that has no second meaning, and what is no code.
        assert_eq!(decode(b"a\x1b"), "a ");
        assert_eq!(decode(b"\x1ba"), "a");
        assert_eq!(decode(&[0x80]), "\u{fffd}");
    }

    proptest! {
        #[test]
        fn any_octets_are_some_text(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = decode(&octets);
            if let Some(again) = encode(&text) {
                prop_assert_eq!(decode(&again), text);
            }
        }
    }
}
