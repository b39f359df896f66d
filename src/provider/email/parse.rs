//! A mail as it came, bounded before it is parsed, and the few things that are asked of every one.

use crate::domain::mail::{MailRef, email};
use crate::domain::time::Millis;
use crate::provider::webhook::Malformed;
use mail_parser::{HeaderName, Message, MessageParser, PartType};
use xxhash_rust::xxh3::xxh3_128;

/// Of a longer mail only the beginning is read: its texts come first, and what is attached is not taken.
const READ_BYTES: usize = 1024 * 1024;
/// Parts that say what they are; each may hold another mail, and taking one apart goes as deep as they are nested.
const TYPED_PARTS: usize = 500;
/// Lines that may begin a part.
const DASHED_LINES: usize = 20_000;
/// Characters of an id.
const ID_CHARS: usize = 200;

/// A mail that was parsed.
pub struct Came<'x> {
    pub message: Message<'x>,
    raw: &'x [u8],
}

impl<'x> Came<'x> {
    /// Parses a mail.
    pub fn parse(raw: &'x [u8]) -> Result<Self, Malformed> {
        let raw = &raw[..raw.len().min(READ_BYTES)];
        let typed = count(raw, b"content-type");
        if typed > TYPED_PARTS || count(raw, b"\n--") > DASHED_LINES {
            return Err(Malformed("the mail has too many parts"));
        }
        let message = MessageParser::default().parse(raw).ok_or(Malformed("this is no mail"))?;
        Ok(Came { message, raw })
    }

    /// A header's value as it stands there.
    pub fn header(&self, name: &'static str) -> Option<&str> {
        self.message.header_raw(HeaderName::from(name)).map(str::trim)
    }

    /// Who wrote it: the address, and the name beside it.
    pub fn from(&self) -> Option<(String, Option<String>)> {
        let first = self.message.from()?.first()?;
        let name = first.name.as_deref().map(|name| name.trim().chars().take(100).collect::<String>());
        Some((email(first.address.as_deref()?)?, name.filter(|name| !name.is_empty())))
    }

    /// What makes it the same mail when it comes again.
    pub fn id(&self) -> String {
        match self.message.message_id().map(str::trim).filter(|id| !id.is_empty()) {
            Some(id) => id.chars().take(ID_CHARS).collect(),
            None => format!("{:032x}", xxh3_128(self.raw)),
        }
    }

    /// When it says that it was written.
    pub fn moment(&self) -> Option<Millis> {
        self.message.date().map(|date| Millis(date.to_timestamp().saturating_mul(1_000)))
    }

    /// Whether no person wrote it: then it answers nothing (RFC 3834, and what was usual before).
    pub fn is_automatic(&self) -> bool {
        let says = |name: &'static str, words: &[&str]| {
            self.header(name).is_some_and(|value| {
                let value = value.to_ascii_lowercase();
                words.iter().any(|word| value.starts_with(word))
            })
        };
        self.header("Auto-Submitted").is_some_and(|value| !value.to_ascii_lowercase().starts_with("no"))
            || says("Precedence", &["bulk", "junk", "list", "auto_reply", "auto-reply"])
            || ["X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Mail-Autoreply", "List-Id"]
                .into_iter()
                .any(|name| self.header(name).is_some_and(|value| !value.eq_ignore_ascii_case("no")))
    }

    /// The mail of ours that it answers: as it says, or by the address that it was sent to.
    pub fn answers(&self) -> Option<MailRef> {
        let newest_first = |name| self.header(name).into_iter().flat_map(|value| value.split_whitespace().rev());
        let named = ["In-Reply-To", "References"].into_iter().flat_map(newest_first).find_map(MailRef::find);
        named.or_else(|| self.addressed())
    }

    /// The mail of ours whose name is part of the address that it was sent to.
    pub fn addressed(&self) -> Option<MailRef> {
        let all = ["To", "Delivered-To", "X-Original-To", "Cc"].into_iter();
        all.filter_map(|name| self.header(name)).find_map(MailRef::find)
    }

    /// The mail of ours that is named anywhere in it: for reports, which return what they are about.
    pub fn mentions(&self) -> Option<MailRef> {
        self.addressed().or_else(|| MailRef::find(&String::from_utf8_lossy(self.raw)))
    }

    /// The content of the first part of this kind, with what its fields say.
    pub fn fields(&self, subtype: &str) -> Option<Vec<(String, String)>> {
        let of_kind = |part: &&mail_parser::MessagePart<'x>| {
            part.headers.iter().any(|header| {
                header.value.as_content_type().is_some_and(|kind| {
                    kind.ctype().eq_ignore_ascii_case("message")
                        && kind.subtype().is_some_and(|s| s.eq_ignore_ascii_case(subtype))
                })
            })
        };
        let part = self.message.parts.iter().find(of_kind)?;
        let text = match &part.body {
            PartType::Text(text) | PartType::Html(text) => text.to_string(),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            PartType::Message(inner) => String::from_utf8_lossy(inner.raw_message()).into_owned(),
            PartType::Multipart(_) => return None,
        };
        Some(fields(&text))
    }
}

/// `Name: value` lines, continued lines joined, names in lower case.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = all.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            all.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    all
}

/// How often a word in lower case occurs, in any case.
fn count(raw: &[u8], word: &[u8]) -> usize {
    raw.windows(word.len()).filter(|window| window.eq_ignore_ascii_case(word)).count()
}
