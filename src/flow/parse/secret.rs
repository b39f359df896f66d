//! What looks like a secret in a file that many people read (RF502). Secrets belong to the configuration of the api, which
//! adds them to every call.

use crate::flow::diagnostic::At;
use crate::flow::yaml::{Node, Scalar, Tree};

/// Characters that a secret at least has, whose name alone gives it away.
const NAMED_CHARS: usize = 16;
/// The same for a password, which people choose.
const PASSWORD_CHARS: usize = 6;
/// How a key in a file begins, without the blank behind it.
const BEGIN: &str = "-----BEGIN";
/// Different characters that something random has at least.
const DIFFERENT: usize = 8;

/// Tokens that begin in a way of their own: how, and how many characters follow at least.
const TOKENS: [(&str, usize); 27] = [
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("whsec_", 20),
    ("AKIA", 16),
    ("ASIA", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xoxa-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
    ("xapp-", 16),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghu_", 30),
    ("ghs_", 30),
    ("ghr_", 30),
    ("github_pat_", 22),
    ("glpat-", 20),
    ("SG.", 40),
    ("AIza", 35),
    ("ya29.", 30),
    ("shpat_", 32),
    ("shpss_", 32),
    ("dop_v1_", 40),
    ("EAAG", 60),
];

/// Looks through a whole file: where secrets begin, and their characters.
pub(super) fn find(root: &Node<'_>) -> Vec<(At, u32)> {
    let mut found = Vec::new();
    look(root, Path { key: "", in_call: false }, &mut found);
    found
}

#[derive(Clone, Copy)]
struct Path<'n> {
    /// The nearest key.
    key: &'n str,
    /// Below `call`.
    in_call: bool,
}

fn look<'n>(node: &'n Node<'_>, path: Path<'n>, found: &mut Vec<(At, u32)>) {
    match &node.tree {
        Tree::Map(entries) => {
            for entry in entries {
                let in_call = path.in_call || entry.key.text == "call";
                look(&entry.value, Path { key: &entry.key.text, in_call }, found);
            }
        }
        Tree::List(items) => items.iter().for_each(|item| look(item, path, found)),
        Tree::Scalar(scalar) => {
            if let Some((byte, chars)) = secret(scalar, path) {
                found.push((scalar.places.at(&scalar.text, byte), chars as u32));
            }
        }
        Tree::Broken => {}
    }
}

/// Where a secret begins, in bytes, and its characters.
fn secret(scalar: &Scalar<'_>, path: Path<'_>) -> Option<(usize, usize)> {
    let text = &*scalar.text;
    let longest = if path.in_call { PASSWORD_CHARS } else { 12 };
    if text.len() < longest {
        return None;
    }
    // Most texts are words of people: one look at their bytes says that.
    let signs = Signs::of(text);
    if signs.longest < BEGIN.len() && !signs.at && !path.in_call {
        return None;
    }
    if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        let byte = text.find("-----BEGIN ")?;
        return Some((byte, text[byte..].lines().next().map_or(0, |line| line.chars().count())));
    }
    let token = || words(text).find(|(_, word)| is_token(word));
    let found = if signs.longest < NAMED_CHARS { None } else { token() };
    let found = found.or_else(|| if signs.at { credentials_of_url(text) } else { None });
    let found = found.or_else(|| if path.in_call { named(text, path.key) } else { None });
    found.map(|(byte, word)| (byte, word.chars().count()))
}

/// What of a text has to be there before it can be a secret.
struct Signs {
    /// The longest run of characters of which tokens are made, if it is as long as `BEGIN`; else less.
    longest: usize,
    /// `@`
    at: bool,
}

impl Signs {
    /// A run that is long enough covers one of every so many bytes: the others are looked at only beside it.
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (mut longest, mut place) = (0, BEGIN.len() - 1);
        while let Some(byte) = bytes.get(place) {
            if IN_TOKEN[usize::from(*byte)] {
                let before = bytes[..place].iter().rev().take_while(|b| IN_TOKEN[usize::from(**b)]).count();
                let after = bytes[place..].iter().take_while(|b| IN_TOKEN[usize::from(**b)]).count();
                longest = longest.max(before + after);
                place += after;
            }
            place += BEGIN.len();
        }
        Signs { longest, at: bytes.contains(&b'@') }
    }
}

/// The bytes of which tokens are made.
const IN_TOKEN: [bool; 256] = {
    let mut signs = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        signs[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'_' | b'-' | b'.');
        byte += 1;
    }
    signs
};

/// The runs of characters of which tokens are made, with the bytes at which they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    text.split(|c: char| !c.is_ascii() || !IN_TOKEN[c as usize]).map(move |word| {
        let begin = from;
        // The sign that parts two words may have several bytes.
        from += word.len() + text[begin + word.len()..].chars().next().map_or(0, char::len_utf8);
        (begin, word)
    })
}

fn is_token(word: &str) -> bool {
    if word.len() < NAMED_CHARS {
        return false;
    }
    let by_beginning = TOKENS.iter().any(|(begin, chars)| {
        let rest = word.strip_prefix(begin);
        rest.is_some_and(|rest| rest.len() >= *chars && is_random(rest))
    });
    by_beginning || is_signed_token(word)
}

/// Three parts of base64, the first two of which are JSON.
fn is_signed_token(word: &str) -> bool {
    let mut parts = word.split('.');
    let json = |part: Option<&str>| part.is_some_and(|part| part.starts_with("eyJ") && part.len() >= 12);
    json(parts.next()) && json(parts.next()) && parts.next().is_some_and(|part| part.len() >= 16) && parts.next().is_none()
}

/// `https://name:password@host`
fn credentials_of_url(text: &str) -> Option<(usize, &str)> {
    let begin = text.find("://")? + 3;
    let host = text[begin..].split(['/', '?', '#', ' ', '\n', '"']).next()?;
    let (credentials, _) = host.rsplit_once('@')?;
    let (_, password) = credentials.split_once(':')?;
    (password.len() >= PASSWORD_CHARS && !password.contains("{{")).then_some((begin, credentials))
}

/// A value that its name gives away: a header `Authorization`, `X-Api-Key`, a field `password`.
fn named<'t>(text: &'t str, key: &str) -> Option<(usize, &'t str)> {
    if text.contains("{{") {
        return None;
    }
    let key = key.to_ascii_lowercase().replace(['-', '_', ' '], "");
    if key == "authorization" || key == "proxyauthorization" {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or(("", text.trim()));
        let known = ["", "bearer", "basic", "token", "apikey", "key", "accesskey", "app"];
        let secret = known.contains(&scheme.to_ascii_lowercase().as_str()) && rest.len() >= 8 && !rest.contains(' ');
        return secret.then(|| (text.rfind(rest).unwrap_or(0), rest));
    }
    let whole = (!text.contains(char::is_whitespace)).then_some((0, text))?;
    let ends = |names: &[&str]| names.iter().any(|name| key.ends_with(name));
    if ends(&["password", "passwd", "passphrase"]) {
        return (text.len() >= PASSWORD_CHARS).then_some(whole);
    }
    let secret =
        ends(&["token", "secret", "apikey", "accesskey", "secretkey", "authkey", "privatekey", "subscriptionkey", "apisecret"]);
    (secret && text.len() >= NAMED_CHARS && is_random(text)).then_some(whole)
}

/// Letters and digits in many forms, as nobody would name a thing.
fn is_random(text: &str) -> bool {
    let mut seen = [false; 128];
    text.bytes().filter(u8::is_ascii).for_each(|b| seen[usize::from(b)] = true);
    let different = seen.iter().filter(|seen| **seen).count();
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    let letters = text.bytes().any(|b| b.is_ascii_alphabetic());
    different >= DIFFERENT && digits && letters
}
