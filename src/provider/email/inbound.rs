//! A mail that a person wrote, as a message: what they wrote in it and which of our mails they answer.

use super::parse::Came;
use super::{quote, report};
use crate::domain::address::Address;
use crate::domain::mail::MailRef;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::time::Millis;
use crate::provider::webhook::{Decoded, Malformed, Other, Received, Route};
use mail_parser::PartType;

/// Bytes of a mail's text that are looked at.
const TEXT_BYTES: usize = 256 * 1024;

/// What a person wrote, whichever way it came.
pub struct Written {
    /// From which address.
    pub from: String,
    /// The name beside it.
    pub name: Option<String>,
    /// What makes it the same mail when it comes again.
    pub id: String,
    /// When it says that it was written.
    pub at: Option<Millis>,
    /// Its subject.
    pub subject: String,
    /// What they wrote, without what they quote.
    pub text: String,
    /// Whether something is attached.
    pub attached: bool,
    /// Our mail that it answers.
    pub answers: Option<MailRef>,
}

/// What a mail says: a report, a message of a person, or nothing that counts.
pub fn read(raw: &[u8], here: &Route) -> Result<Decoded, Malformed> {
    let came = Came::parse(raw)?;
    if let Some(report) = report::read(&came, here) {
        return Ok(report);
    }
    let other = |kind: &str| Ok(Decoded::Other(Other { kind: kind.to_owned(), id: Some(came.id()), error: None }));
    if came.is_automatic() {
        return other("auto_reply");
    }
    let Some((from, name)) = came.from() else { return other("mail_of_nobody") };
    if is_machine(&from) {
        return other("mail_of_a_machine");
    }
    let message = &came.message;
    let written = Written {
        answers: came.answers(),
        from,
        name,
        id: came.id(),
        at: came.moment(),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: text_of(&came),
        attached: message.attachment_count() > 0,
    };
    Ok(Decoded::Message(Box::new(written.received(here))))
}

/// Whether mails from there are written by mail servers.
pub fn is_machine(from: &str) -> bool {
    let local = from.split('@').next().unwrap_or("");
    matches!(local, "mailer-daemon" | "postmaster" | "noreply" | "no-reply" | "bounce" | "bounces")
}

fn text_of(came: &Came<'_>) -> String {
    let Some(part) = came.message.text_bodies().next().or_else(|| came.message.html_bodies().next()) else {
        return String::new();
    };
    match &part.body {
        PartType::Html(html) => of_html(html),
        PartType::Text(text) => quote::reply(&beginning(text, TEXT_BYTES).replace('\u{a0}', " ")),
        _ => String::new(),
    }
}

/// What a person wrote in HTML.
pub fn of_html(html: &str) -> String {
    let text = mail_parser::decoders::html::html_to_text(&quote::html(beginning(html, TEXT_BYTES)));
    quote::reply(&text.replace('\u{a0}', " "))
}

fn beginning(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

impl Written {
    /// As a message of this channel.
    pub fn received(self, here: &Route) -> Received {
        let subject = self.subject.trim();
        let asks_out = subject.get(..11).is_some_and(|word| word.eq_ignore_ascii_case("unsubscribe"));
        let unsubscribes = asks_out.then(|| MailRef::find(subject)).flatten();
        // Some people write in the line above and leave the rest empty.
        let text = match self.text.is_empty() && self.answers.is_none() {
            true if !is_answer(subject) => subject.to_owned(),
            _ => self.text,
        };
        let content = match () {
            () if unsubscribes.is_some() => InboundContent::OptOut { word: "STOP".to_owned(), scope: None },
            () if !text.is_empty() => InboundContent::Text,
            () if self.attached => InboundContent::Unsupported { kind: "attachment".to_owned() },
            () => InboundContent::Unsupported { kind: "empty_mail".to_owned() },
        };
        let message = Inbound {
            channel: here.channel.clone(),
            kind: here.kind,
            from: Address::Email(self.from),
            user_id: None,
            id: self.id,
            at: self.at.filter(|at| at.0 > 0),
            text,
            content,
            profile_name: self.name,
            in_reply_to: unsubscribes.or(self.answers).map(|name| name.to_string()),
            answers: None,
            forwarded: false,
            referral: None,
        };
        Received { message, to: here.channel.to_string(), segments: None, part: None, error: None }
    }
}

/// Whether a subject is that of an answer: then it is ours, not the person's.
fn is_answer(subject: &str) -> bool {
    let begins = |word: &str| subject.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    ["re:", "aw:", "antw:", "sv:", "rv:", "fwd:", "fw:", "wg:", "rif:", "ynt:", "odp:"].into_iter().any(begins)
}
