//! How a text is written: bare where that is safe, in quotes elsewhere.

use super::piece::TextStyle;
use crate::flow::keys::Kind;
use crate::flow::parse::typed;
use std::fmt::Write as _;

/// A text as one line. `flow`: inside a one-line list or map.
pub(super) fn scalar(text: &str, style: &TextStyle, kind: &'static Kind, flow: bool) -> String {
    let bare = *style == TextStyle::Bare;
    let quotes = match kind.of_text() {
        Some(Kind::Number | Kind::Count(..) | Kind::Boolean | Kind::Condition) => false,
        _ if means_more(text, kind) => !bare,
        _ => is_other(text) || text.contains("{{") || (flow && is_prose(text)),
    };
    if quotes || !can_be_bare(text, flow) { quoted(text) } else { text.to_owned() }
}

/// Whether a bare text is more than text here.
pub(super) fn means_more(text: &str, kind: &'static Kind) -> bool {
    match kind.of_text() {
        Some(Kind::Value) | None => typed(text).is_some(),
        Some(Kind::Expected) => matches!(text, "any" | "nothing"),
        _ => false,
    }
}

/// A key.
pub(super) fn key(text: &str, flow: bool) -> String {
    if can_be_bare(text, flow) { text.to_owned() } else { quoted(text) }
}

/// Whether YAML takes it for the same text without quotes.
fn can_be_bare(text: &str, flow: bool) -> bool {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    let begins = match first {
        ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => false,
        '-' | '?' | ':' => chars.next().is_some_and(|c| !c.is_whitespace()),
        _ => true,
    };
    begins
        && !text.starts_with(char::is_whitespace)
        && !text.ends_with(char::is_whitespace)
        && !text.ends_with(':')
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(needs_escape)
        && !(flow && text.contains([',', '[', ']', '{', '}']))
}

/// Whether YAML 1.2 reads it as a number, a boolean or nothing: other programs than this one would.
pub(super) fn is_other(text: &str) -> bool {
    match text {
        "~" | "null" | "Null" | "NULL" | "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => return true,
        ".nan" | ".NaN" | ".NAN" => return true,
        _ => {}
    }
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if let Some(octal) = text.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|b| (b'0'..=b'7').contains(&b));
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let mantissa = match number.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(number),
    };
    mantissa && exponent.is_none_or(digits)
}

/// A sentence: in a one-line map the next comma that somebody writes into it would end it.
fn is_prose(text: &str) -> bool {
    text.contains(' ') && text.contains([',', '.', ';', ':', '!', '?', '।', '。', '！', '？', '，', '،', '؟'])
}

/// In double quotes, or in single ones where that saves escapes.
fn quoted(text: &str) -> String {
    let escapes = text.contains('\'') || text.chars().any(needs_escape);
    if text.contains(['"', '\\']) && !escapes {
        return format!("'{text}'");
    }
    double_quoted(text, needs_escape)
}

/// In double quotes; what is hidden is written by its code, as YAML reads it.
pub fn double_quoted(text: &str, is_hidden: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_hidden(c) => {
                let _ = match u32::from(c) {
                    code @ 0..=0xFF => write!(out, "\\x{code:02X}"),
                    code @ 0x100..=0xFFFF => write!(out, "\\u{code:04X}"),
                    code => write!(out, "\\U{code:08X}"),
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What ends a line, is no text to YAML, or changes the direction of what follows unseen.
pub fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
