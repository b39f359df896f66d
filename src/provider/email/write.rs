//! Writing a mail: its headers, a text, and HTML beside it. Every value that reaches a header was cleaned of what ends a line and is
//! encoded by the library, so that no text of a flow or a contact can add a header.

use crate::config::smtp::{REF, SmtpSettings};
use crate::domain::address::Address;
use crate::domain::limits::{EMAIL_SUBJECT_CHARS, EMAIL_TEXT_CHARS};
use crate::domain::mail::{MailRef, Mailbox, email};
use crate::domain::message::{Media, Outbound, OutboundContent};
use crate::provider::send::{EncodeError, SendContext};
use bytes::Bytes;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// A mail as data. The service's only mail client hands it to its server.
#[derive(Clone)]
pub struct Mail {
    /// The server.
    pub server: Arc<SmtpSettings>,
    /// Whom the server returns it to if it cannot be delivered.
    pub sender: String,
    /// The receiver.
    pub receiver: String,
    /// Our name of it; empty if it has none.
    pub name: String,
    /// Headers and content, ASCII, lines ended by CR LF.
    pub content: Bytes,
}

impl PartialEq for Mail {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.server, &other.server)
            && (&self.sender, &self.receiver, &self.content) == (&other.sender, &other.receiver, &other.content)
    }
}

/// Neither persons nor content.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("host", &self.server.host).field("bytes", &self.content.len()).finish_non_exhaustive()
    }
}

/// What a mail says.
struct Words {
    subject: String,
    text: String,
    html: Option<String>,
    from: Option<String>,
}

/// The message as a mail of this channel.
pub fn write(settings: &Arc<SmtpSettings>, message: &Outbound, context: &SendContext<'_>) -> Result<Mail, EncodeError> {
    let Address::Email(to) = &message.to else { return Err(EncodeError::Address) };
    let to = email(to).ok_or(EncodeError::Address)?;
    let words = words(&message.content, context)?;
    if words.text.trim().is_empty() && words.html.is_none() {
        return Err(EncodeError::Empty("the text"));
    }
    let from = match &words.from {
        Some(from) => Mailbox::parse(from).ok_or(EncodeError::Sender)?,
        None => settings.from.clone(),
    };
    let name = context.send.map(|send| MailRef::new(send, &to).to_string()).unwrap_or_default();
    let filled = |address: &String| address.replace(REF, &name);
    let sender = settings.bounce_to.as_ref().map_or_else(|| settings.from.address.clone(), filled);
    let content = lettre::Message::builder();
    let content = head(content, settings, context, &Head { from: &from, to: &to, subject: &words.subject, name: &name })?;
    let text: String = lines(&words.text).take(EMAIL_TEXT_CHARS).collect();
    let text = SinglePart::plain(text);
    let content = match words.html {
        None => content.singlepart(text),
        Some(html) => {
            // The library would draw one: a mail that is written again is to be the same.
            let name = context.send.map_or_else(|| "replyflow".to_owned(), |send| send.effect.to_string());
            let parts = MultiPart::alternative().boundary(format!("=_{name}")).singlepart(text);
            content.multipart(parts.singlepart(SinglePart::html(document(lines(&html).collect()))))
        }
    };
    let content = content.map_err(|_| EncodeError::Address)?.formatted();
    Ok(Mail { server: Arc::clone(settings), sender, receiver: to, name, content: Bytes::from(content) })
}

struct Head<'a> {
    from: &'a Mailbox,
    to: &'a str,
    subject: &'a str,
    name: &'a str,
}

fn head(
    builder: lettre::message::MessageBuilder,
    settings: &SmtpSettings,
    context: &SendContext<'_>,
    head: &Head<'_>,
) -> Result<lettre::message::MessageBuilder, EncodeError> {
    let domain = settings.from.domain();
    let address = |text: &str| text.parse::<lettre::Address>();
    let shown = one_line(&head.from.name, EMAIL_SUBJECT_CHARS);
    let from = lettre::message::Mailbox::new(
        (!shown.is_empty()).then_some(shown),
        address(&head.from.address).map_err(|_| EncodeError::Sender)?,
    );
    let to = lettre::message::Mailbox::new(None, address(head.to).map_err(|_| EncodeError::Address)?);
    let subject = match one_line(head.subject, EMAIL_SUBJECT_CHARS) {
        subject if !subject.is_empty() => subject,
        _ if !settings.from.name.is_empty() => settings.from.name.clone(),
        _ => domain.to_owned(),
    };
    let mut builder = builder.from(from).to(to).subject(subject);
    if !head.name.is_empty() {
        builder = builder.message_id(Some(format!("<{}@{domain}>", head.name)));
    }
    if let Some(reply_to) = &settings.reply_to {
        let reply_to = address(&reply_to.replace(REF, head.name)).map_err(|_| EncodeError::Sender)?;
        builder = builder.reply_to(lettre::message::Mailbox::new(None, reply_to));
    }
    for (name, value) in &settings.headers {
        let value = value.replace(REF, head.name);
        let Ok(name) = HeaderName::new_from_ascii(name.clone()) else { continue };
        builder = builder.raw_header(HeaderValue::new(name, value));
    }
    let Some(facts) = context.mail else { return Ok(builder.date(UNIX_EPOCH)) };
    builder = builder.date(UNIX_EPOCH + Duration::from_millis(facts.at.0.max(0).unsigned_abs()));
    if let Some(run) = facts.thread {
        // No mail has this name: programs thread by it all the same.
        builder = builder.references(format!("<run.{run}@{domain}>"));
    }
    // Nobody's holiday notice is to answer it (RFC 3834).
    builder = builder.raw_header(header("Auto-Submitted", "auto-generated"));
    if let Some(url) = facts.unsubscribe.filter(|_| settings.unsubscribe).filter(|url| is_plain(url)) {
        let mut ways = vec![format!("<{url}>")];
        if let Some(to) = settings.unsubscribe_mailto.as_deref().filter(|to| is_plain(to)) {
            ways.push(format!("<mailto:{to}?subject=unsubscribe%20{}>", head.name));
        }
        builder = builder.raw_header(header("List-Unsubscribe", &ways.join(",\r\n ")));
        if url.starts_with("https://") {
            // RFC 8058: one click is only for https.
            builder = builder.raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
        }
    }
    Ok(builder)
}

/// A header whose value is ASCII of ours, folded where it is long.
fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.to_owned(), value.to_owned())
}

/// Whether a URL or address can stand between angle brackets as it is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b',' | b'"'))
}

fn words(content: &OutboundContent, context: &SendContext<'_>) -> Result<Words, EncodeError> {
    let only = |text: String| Words { subject: String::new(), text, html: None, from: None };
    let with_files = |text: Option<&str>, files: &[Media]| {
        let links = files.iter().filter_map(|file| file.url.as_deref());
        text.into_iter().chain(links).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    };
    let unsupported = |what| Err(EncodeError::Unsupported { provider: "A mail server", what, kind: context.kind });
    Ok(match content {
        OutboundContent::Email { subject, text, html, from } => Words {
            subject: subject.clone(),
            text: match html {
                // Every mail has a text: some people read nothing else, and filters look for it.
                Some(html) if text.trim().is_empty() => mail_parser::decoders::html::html_to_text(html),
                _ => text.clone(),
            },
            html: html.clone().filter(|html| !html.trim().is_empty()),
            from: from.clone(),
        },
        OutboundContent::Text { text } => only(text.clone()),
        OutboundContent::Media { media, caption, .. } => only(with_files(caption.as_deref(), std::slice::from_ref(media))),
        OutboundContent::Album { media, text } => only(with_files(text.as_deref(), media)),
        OutboundContent::CallToAction { text, button, url } => only(format!("{text}\n\n{button}: {url}")),
        OutboundContent::LocationRequest { text } => only(text.clone()),
        OutboundContent::Location { location, text } => {
            let place = format!("https://www.openstreetmap.org/?mlat={}&mlon={}", location.lat, location.lon);
            let known = [text, &location.name, &location.address].into_iter().flatten().map(String::as_str);
            only(known.chain([place.as_str()]).collect::<Vec<_>>().join("\n"))
        }
        // The presenter writes a numbered menu instead (see `ProviderSettings::shows`).
        OutboundContent::Buttons { .. } => return unsupported("buttons"),
        OutboundContent::List { .. } | OutboundContent::Sections { .. } => return unsupported("a list"),
        OutboundContent::Form(_) => return unsupported("a form"),
        OutboundContent::Contacts(_) => return unsupported("contact cards"),
        OutboundContent::Reaction { .. } => return unsupported("a reaction"),
        OutboundContent::Template { .. } => return unsupported("an approved template"),
        OutboundContent::MarkRead { .. } => return unsupported("a read mark"),
    })
}

/// One line without control characters, at most so many characters.
fn one_line(text: &str, most: usize) -> String {
    let text = text.replace(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'), " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(most).collect()
}

/// Lines ended as the library expects them, without what no mail may hold. A page is not cut: half of one is none.
fn lines(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut before = '\n';
    let ended = text.chars().filter_map(move |c| {
        let second = c == '\n' && before == '\r';
        before = c;
        (!second).then_some(if c == '\r' { '\n' } else { c })
    });
    ended.filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
}

/// A part of a document as a whole one, so that its encoding is said inside too.
fn document(html: String) -> String {
    let begins = html.get(..4_096.min(html.len())).unwrap_or(&html).to_ascii_lowercase();
    if begins.contains("<html") || begins.contains("<!doctype") {
        return html;
    }
    format!("<!doctype html>\n<html><head><meta charset=\"utf-8\"></head><body>\n{html}\n</body></html>\n")
}
