//! `email`: one email address of the usual form, without an obvious slip.

mod domains;
mod form;

use super::announced::Announced;
use super::normalize::Normalized;
use super::words::{Lexicon, Section, lexicons};
use super::{NotUnderstood, Understanding, Understood, character};
use crate::domain::language::Language;
use crate::domain::value::Value;

const AROUND: Announced = Announced { before: Section::EmailBefore, after: Section::EmailAfter };

/// Reads an email address: what stands before the `@` as it was typed, the domain in lower case.
pub fn understand(original: &str, text: &Normalized, language: Language) -> Understanding {
    let Some(whole) = text.whole() else { return NotUnderstood::because("too long to be an email address") };
    if whole.is_empty() {
        return NotUnderstood::because("nothing was written");
    }
    let plain: String = original.chars().filter(|c| !character::is_invisible(*c)).map(plain).collect();
    let parts = match parts(&plain) {
        Ok(parts) => parts,
        Err(reason) => return NotUnderstood::because(reason),
    };
    if text.doubts() || AROUND.asks(text, parts.after) {
        return NotUnderstood::because("a question or a doubt");
    }
    let languages = [language];
    let words = lexicons(&languages);
    if parts.apart && is_phrase(parts.local, words.clone()) {
        return NotUnderstood::because("no name before the @");
    }
    // "ana@example com", "ana@example.co uk".
    let after = Normalized::of(parts.after);
    if !after.is_empty() && after.words().all(domains::is_ending) {
        return NotUnderstood::because("a blank in the domain");
    }
    if !AROUND.allows(parts.before.trim_end_matches("mailto:"), parts.after, words) {
        return NotUnderstood::because("not one email address and nothing else");
    }
    let domain = parts.domain.to_lowercase();
    if let Err(reason) = form::check(parts.local, &domain) {
        return NotUnderstood::because(reason);
    }
    if let Some(meant) = domains::meant(&domain) {
        return NotUnderstood::because(format!("the domain is probably a slip of `{meant}`"));
    }
    let address = Value::text(format!("{}@{domain}", parts.local));
    let alone = !parts.apart && !parts.before.chars().chain(parts.after.chars()).any(char::is_alphanumeric);
    match alone {
        true => Understood::exact(address, "an email address"),
        false => Understood::lenient(address, "an email address among words that announce it"),
    }
}

/// Full-width letters and signs as ASCII.
fn plain(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3002}' | '\u{FF61}' => '.',
        _ => c,
    }
}

/// A message with one `@` in it.
struct Parts<'a> {
    before: &'a str,
    local: &'a str,
    domain: &'a str,
    after: &'a str,
    /// There were blanks beside the `@`.
    apart: bool,
}

fn parts(text: &str) -> Result<Parts<'_>, &'static str> {
    let mut signs = text.match_indices('@').map(|(at, _)| at);
    let at = match (signs.next(), signs.next()) {
        (None, _) => return Err("not an email address"),
        (Some(_), Some(_)) => return Err("more than one @"),
        (Some(at), None) => at,
    };
    let (left, right) = (text[..at].trim_end(), text[at + 1..].trim_start());
    let apart = left.len() < at || right.len() < text.len() - at - 1;
    // What announces it may be written to it: "email:ana@example.com".
    let announces =
        |c: char| c.is_whitespace() || matches!(c, ':' | '=' | '<' | '(' | '[' | '"' | '\u{201C}' | '\u{AB}' | ',' | ';');
    let from = left.rfind(announces).map_or(0, |found| found + left[found..].chars().next().map_or(1, char::len_utf8));
    let ends = |c: char| c.is_whitespace() || matches!(c, '>' | ')' | ']' | '"' | '\u{201D}' | '\u{BB}' | ',' | ';');
    let to = right.find(ends).unwrap_or(right.len());
    let (local, domain) = (&left[from..], &right[..to]);
    // Marks of the end of a sentence and of bold and italic letters.
    let domain = domain.trim_end_matches(|c: char| matches!(c, '.' | '!' | ':' | '\'' | '*' | '_' | '~') || pictures(c));
    let local = local.trim_start_matches(|c: char| matches!(c, '*' | '~') || pictures(c));
    let wrapped = |mark: char| local.starts_with(mark) && right[domain.len()..].starts_with(mark);
    let local = if wrapped('_') || wrapped('\'') { &local[1..] } else { local };
    let before = &left[..left.len() - local.len()];
    Ok(Parts { before, local, domain, after: &right[domain.len()..], apart })
}

fn pictures(c: char) -> bool {
    !c.is_ascii() && character::says_nothing(c)
}

fn is_phrase(text: &str, mut words: impl Iterator<Item = &'static Lexicon>) -> bool {
    let text = Normalized::of(text);
    words.any(|lexicon| {
        [Section::EmailBefore, Section::LeadIn, Section::Polite].iter().any(|section| lexicon.has(*section, text.as_str()))
    })
}

#[cfg(test)]
mod tests;
