//! The words of a query. Texts, numbers, durations and signs are those of expressions; beside them a word may be written as it
//! is: `big-spender`, `2026-03-01`, `+447700900123`, `ada@example.com`, `Europe/London`. A query computes nothing, so no sign
//! in such a word can be an operator.

use super::super::error::SyntaxError;
use super::super::token::{self, Lexeme, Token};
use crate::domain::time::Span;
use unicode_normalization::char::is_combining_mark;

/// What may stand inside of a word beside letters and digits.
const INSIDE: &str = "_-.@/:+";

pub(super) fn tokenize(source: &str) -> Result<Vec<Lexeme>, SyntaxError> {
    token::tokenize_by(next, source)
}

fn next(source: &str, at: usize, c: char) -> Result<(Token, usize), SyntaxError> {
    let rest = &source[at..];
    let after = rest[c.len_utf8()..].chars().next();
    let digit_follows = after.is_some_and(|next| next.is_ascii_digit());
    if c.is_alphanumeric() || c == '_' || (c == '+' && digit_follows) {
        return Ok(word(source, at));
    }
    if c == '-' && digit_follows {
        let (token, to) = word(source, at + 1);
        return match token {
            Token::Number(n) => Ok((Token::Number(0.0 - n), to)),
            _ => Err(SyntaxError::grammar("`-` can only stand before a number here", at, 1)),
        };
    }
    // The sign that most people write first; expressions have only the doubled one.
    if c == '=' && !matches!(after, Some('=' | '>' | '<')) {
        return Ok((Token::Symbol("="), at + 1));
    }
    token::next(source, at, c)
}

fn word(source: &str, at: usize) -> (Token, usize) {
    let rest = &source[at..];
    let inside = |c: char| c.is_alphanumeric() || INSIDE.contains(c) || is_combining_mark(c);
    let length = rest.char_indices().find(|(i, c)| *i > 0 && !inside(*c)).map_or(rest.len(), |(end, _)| end);
    let word = &rest[..length];
    let is_number = word.bytes().all(|b| b.is_ascii_digit() || b == b'.') && word.bytes().filter(|b| *b == b'.').count() < 2;
    let number = if is_number { word.parse::<f64>().ok().filter(|n| n.is_finite()) } else { None };
    let token = match (number, Span::parse(word)) {
        (Some(number), _) => Token::Number(number),
        (None, Some(span)) => Token::Duration(span),
        (None, None) => Token::Name,
    };
    (token, at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_people_write_without_quotes() {
        for word in ["vip", "big-spender", "2026-03-01", "2026-03-01T10:00:00Z", "+447700900123", "a@b.example", "Europe/London"]
        {
            let read = tokenize(word).expect(word);
            assert_eq!((read[0].token.clone(), read[0].to), (Token::Name, word.len()), "{word}");
        }
        let kinds = |text: &str| tokenize(text).expect(text).into_iter().map(|l| l.token).collect::<Vec<_>>();
        assert_eq!(kinds("a=-1.5")[1..3], [Token::Symbol("="), Token::Number(-1.5)]);
        assert_eq!(kinds("a>=1h30m")[1..3], [Token::Symbol(">="), Token::Duration(Span::minutes(90))]);
        assert_eq!(kinds("a=='x y'")[1..3], [Token::Symbol("=="), Token::Text("x y".into())]);
        for wrong in ["a => 1", "a <> 1", "a = -1h", "a = 'b", "a ; b", "{{ a }}"] {
            assert!(tokenize(wrong).is_err(), "{wrong}");
        }
    }
}
