//! The form of an email address: what mail servers take and people have.

/// Bytes before the `@`, of the domain, and of both (RFC 5321).
const LOCAL_BYTES: usize = 64;
const DOMAIN_BYTES: usize = 253;
const ADDRESS_BYTES: usize = 254;
/// Bytes of one part of a domain.
const LABEL_BYTES: usize = 63;
/// Letters of the longest ending of a domain.
const ENDING_LETTERS: usize = 24;

/// Why this is no address; `domain` is in lower case.
pub(super) fn check(local: &str, domain: &str) -> Result<(), &'static str> {
    if local.is_empty() {
        return Err("nothing before the @");
    }
    if local.len() > LOCAL_BYTES || domain.len() > DOMAIN_BYTES || local.len() + 1 + domain.len() > ADDRESS_BYTES {
        return Err("too long for an email address");
    }
    // Servers take more signs than these; who types one of them has mostly slipped.
    let sign = |c: char| matches!(c, '.' | '_' | '-' | '+' | '\'' | '&');
    let letter = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() && !domain.is_ascii() && is_letter(c);
    if !local.chars().all(|c| letter(c) || sign(c)) {
        return Err("a sign before the @ that addresses do not have");
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err("a dot out of place before the @");
    }
    if !local.chars().any(letter) {
        return Err("nothing before the @");
    }
    check_domain(domain)
}

fn check_domain(domain: &str) -> Result<(), &'static str> {
    let Some((_, ending)) = domain.rsplit_once('.') else { return Err("a domain without a dot") };
    for label in domain.split('.') {
        if label.is_empty() || label.len() > LABEL_BYTES {
            return Err("a dot out of place in the domain");
        }
        let fits = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii() && is_letter(c));
        if !fits || label.starts_with('-') || label.ends_with('-') {
            return Err("a sign in the domain that domains do not have");
        }
    }
    let letters = ending.chars().all(|c| c.is_ascii_lowercase() || !c.is_ascii());
    let count = ending.chars().count();
    let plausible = ending.starts_with("xn--") || letters && (2..=ENDING_LETTERS).contains(&count);
    // The letters of other scripts have rules of their own.
    match plausible && (domain.is_ascii() || url::Host::parse(domain).is_ok()) {
        true => Ok(()),
        false => Err("a domain with an ending that domains do not have"),
    }
}

/// A letter, a digit, or a sign that belongs to one, of any script.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}
