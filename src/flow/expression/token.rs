//! The words of an expression.

use super::error::{SyntaxError, SyntaxKind};
use crate::domain::time::Span;
use unicode_normalization::char::is_combining_mark;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Duration(Span),
    Text(String),
    /// Names and the words of the language alike.
    Name,
    Symbol(&'static str),
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexeme {
    pub token: Token,
    pub from: usize,
    pub to: usize,
}

/// Longer ones first.
const SYMBOLS: [&str; 19] = ["==", "!=", "<=", ">=", "??", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", ".", "|"];

/// Those that mean the same whatever stands behind them.
const ALONE: &str = "+-/%()[],.";

/// What people write who know other languages, with what is meant here. Longer ones first.
const FOREIGN: [(&str, &str); 13] = [
    ("===", "Write `==`"),
    ("!==", "Write `!=`"),
    ("=>", "Write `>=`"),
    ("=<", "Write `<=`"),
    ("<>", "Write `!=`"),
    ("&&", "Write `and`"),
    ("||", "Write `or`"),
    ("**", "There are no powers; write `x * x`"),
    ("&", "Write `and`"),
    ("=", "To compare, write `==`"),
    ("!", "Write `not`"),
    ("?", "Write `x if condition else y`, or `x ?? y`"),
    (":", "Write `x if condition else y`"),
];

/// Reads the word that begins at a byte with a character that is no blank; gives it with the byte after it.
pub(super) type Next = fn(&str, usize, char) -> Result<(Token, usize), SyntaxError>;

pub(super) fn tokenize(source: &str) -> Result<Vec<Lexeme>, SyntaxError> {
    tokenize_by(next, source)
}

/// The words of a language whose words this reads.
pub(super) fn tokenize_by(next: Next, source: &str) -> Result<Vec<Lexeme>, SyntaxError> {
    let mut out = Vec::with_capacity(source.len() / 3 + 2);
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, to) = next(source, at, c)?;
        out.push(Lexeme { token, from: at, to });
        at = to;
    }
    out.push(Lexeme { token: Token::End, from: at, to: at });
    Ok(out)
}

/// The word that begins here with this character, which is no blank.
pub(super) fn next(source: &str, at: usize, c: char) -> Result<(Token, usize), SyntaxError> {
    let rest = &source[at..];
    if c.is_ascii_digit() {
        return number(source, at);
    }
    if c.is_alphabetic() || c == '_' {
        return Ok((Token::Name, at + name_length(rest)));
    }
    if c == '\'' || c == '"' {
        return text(source, at, c);
    }
    if let Some(place) = ALONE.find(c) {
        return Ok((Token::Symbol(&ALONE[place..=place]), at + 1));
    }
    if let Some((foreign, help)) = FOREIGN.iter().find(|(f, _)| rest.starts_with(f)) {
        // `!=`, `==` and `??` begin like a foreign one but are ours.
        if SYMBOLS.iter().all(|s| !rest.starts_with(s) || s.len() < foreign.len()) {
            return Err(SyntaxError::grammar(format!("There is no `{foreign}`"), at, foreign.len()).help(*help));
        }
    }
    if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
        return Ok((Token::Symbol(symbol), at + symbol.len()));
    }
    Err(match c {
        '{' | '}' => {
            let message = "This is already an expression; leave out `{{ }}`";
            let same = rest.chars().take_while(|x| *x == c).count();
            SyntaxError::new(SyntaxKind::Braces, message, at, same)
        }
        '“' | '”' | '„' | '‘' | '’' | '‚' | '«' | '»' | '`' => {
            SyntaxError::grammar(format!("`{c}` is not a quote here"), at, c.len_utf8())
                .help("Put texts into straight quotes: 'text'")
        }
        _ => SyntaxError::grammar(format!("`{c}` has no meaning here"), at, c.len_utf8()),
    })
}

/// Bytes of the name at the beginning.
pub(super) fn name_length(text: &str) -> usize {
    let plain = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if text.as_bytes().get(plain).is_none_or(u8::is_ascii) {
        return plain;
    }
    let in_name = |c: char| c.is_alphanumeric() || c == '_' || is_combining_mark(c);
    text[plain..].find(|c| !in_name(c)).map_or(text.len(), |more| plain + more)
}

fn number(source: &str, at: usize) -> Result<(Token, usize), SyntaxError> {
    let rest = &source[at..];
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(rest);
    let fraction = rest[length..].strip_prefix('.').map_or(0, digits);
    let whole_only = fraction == 0;
    if !whole_only {
        length += 1 + fraction;
    }
    let word = name_length(&rest[length..]);
    if word > 0 {
        let all = &rest[..length + word];
        let span = if whole_only { Span::parse(all) } else { None };
        let wrong = || SyntaxError::grammar(format!("`{all}` is neither a number nor a duration"), at, all.len());
        return span
            .map(|span| (Token::Duration(span), at + all.len()))
            .ok_or_else(|| wrong().help("Durations are written `30s`, `10m`, `1h30m`, `2d`, `1w`"));
    }
    let value = rest[..length].parse::<f64>().ok().filter(|n| n.is_finite());
    let value = value.ok_or_else(|| SyntaxError::grammar("This number is too large", at, length))?;
    Ok((Token::Number(super::number::rounded(value)), at + length))
}

/// `\'`, `\"`, `\\`, `\n` and `\t` mean what they mean elsewhere; before anything else a backslash stands for itself, so that
/// regular expressions can be written as they are.
fn text(source: &str, at: usize, quote: char) -> Result<(Token, usize), SyntaxError> {
    let mut out = String::new();
    let mut chars = source[at + 1..].char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if c == quote {
            return Ok((Token::Text(out), at + 1 + i + 1));
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        let meant = match chars.peek().map(|(_, next)| *next) {
            Some(next @ ('\'' | '"' | '\\')) => Some(next),
            Some('n') => Some('\n'),
            Some('t') => Some('\t'),
            _ => None,
        };
        match meant {
            Some(meant) => {
                out.push(meant);
                chars.next();
            }
            None => out.push('\\'),
        }
    }
    let help = format!("Write {quote} at its end; inside a text it is written \\{quote}");
    Err(SyntaxError::grammar("This text is not closed", at, source.len() - at).help(help))
}
