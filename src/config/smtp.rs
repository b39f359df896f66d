//! `[channels.NAME]` with `provider = "smtp"`: the server that takes our mails, how they are signed with names, and how what comes
//! back is believed.

use super::secret::Secret;
use super::section::Section;
use crate::domain::mail::{Mailbox, email};
use crate::domain::time::Span;

/// A mail server and the sender of one channel.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Its name or IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// Certificates in PEM that are believed beside those of the public authorities.
    pub authorities: Option<Secret>,
    /// User and password, if the server wants them.
    pub login: Option<Login>,
    /// The sender.
    pub from: Mailbox,
    /// Where replies go, if not to the sender. `{ref}` in it becomes the name of the mail.
    pub reply_to: Option<String>,
    /// Where the server returns what cannot be delivered (the envelope's sender), if not to the sender. `{ref}` as above.
    pub bounce_to: Option<String>,
    /// The longest that one mail may take, from connecting to the server's last word; else `send.timeout`.
    pub timeout: Option<Span>,
    /// How we call ourselves to the server.
    pub hello: String,
    /// What the URL of the channel's webhook ends in. Without one nothing that comes in is believed.
    pub webhook_secret: Option<Secret>,
    /// Whether mails say how to unsubscribe.
    pub unsubscribe: bool,
    /// An address beside the link, for mail programs that unsubscribe by mail.
    pub unsubscribe_mailto: Option<String>,
}

/// User and password.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailTls {
    /// It begins in the clear and must be upgraded before anything is said.
    Starttls,
    /// From its first byte.
    Tls,
    /// Not at all.
    None,
}

/// The shortest secret in a URL that nobody guesses.
const SECRET_CHARS: usize = 16;
/// What stands for the name of the mail in `reply_to`.
pub const REF: &str = "{ref}";

pub(super) fn smtp(section: &Section<'_>) -> SmtpSettings {
    const TLS: [(&str, MailTls); 3] = [("starttls", MailTls::Starttls), ("tls", MailTls::Tls), ("none", MailTls::None)];
    section.opt_text("number");
    let host = section.parsed("host", "the name or address of a mail server", String::new(), host);
    let tls = section.opt_word("tls", &TLS).unwrap_or(MailTls::Starttls);
    let plain = section.boolean("allow_plain");
    if tls == MailTls::None && !plain && !is_loopback(&host) {
        let help = "Use `starttls` or `tls`; or set allow_plain = true, where the network between the two is yours.".to_owned();
        section.mistake("tls", "`none` sends mails and passwords in the clear", Some(help));
    }
    let port = match section.has("port") {
        true => u16::try_from(section.number("port", 1, 65_535)).unwrap_or(587),
        false => {
            section.opt_text("port");
            match tls {
                MailTls::Tls => 465,
                MailTls::Starttls => 587,
                MailTls::None => 25,
            }
        }
    };
    let mailbox = "an address, or a name with one: Shop <hello@shop.example>";
    let nobody = Mailbox { name: String::new(), address: "nobody@localhost".to_owned() };
    let from = section.parsed("from", mailbox, nobody, Mailbox::parse);
    let hello = section.opt_parsed("hello", "the name of this machine, such as mail.example.com", self::host);
    SmtpSettings {
        host,
        port,
        tls,
        authorities: section.opt_secret("tls_ca").filter(|pem| !pem.is_empty()),
        login: login(section),
        reply_to: section.opt_parsed("reply_to", "an address; {ref} in it becomes the name of each mail", with_ref),
        bounce_to: section.opt_parsed("bounce_to", "an address; {ref} in it becomes the name of each mail", with_ref),
        timeout: match section.has("timeout") {
            true => Some(section.span("timeout", Span::seconds(1), Span::minutes(2))),
            false => {
                section.opt_text("timeout");
                None
            }
        },
        hello: hello.unwrap_or_else(|| from.domain().to_owned()),
        webhook_secret: webhook_secret(section),
        unsubscribe: match section.has("unsubscribe") {
            true => section.boolean("unsubscribe"),
            false => {
                section.opt_text("unsubscribe");
                true
            }
        },
        unsubscribe_mailto: section.opt_parsed("unsubscribe_mailto", "an address", email),
        from,
    }
}

fn login(section: &Section<'_>) -> Option<Login> {
    if !section.has("username") && !section.has("password") {
        section.opt_text("username");
        section.opt_secret("password");
        return None;
    }
    Some(Login { username: section.text("username"), password: section.secret("password") })
}

fn webhook_secret(section: &Section<'_>) -> Option<Secret> {
    let secret = section.opt_secret("webhook_secret").filter(|secret| !secret.is_empty())?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    if secret.expose().len() < SECRET_CHARS || !secret.expose().chars().all(fits) {
        section.mistake("webhook_secret", format!("must be at least {SECRET_CHARS} letters, digits, - _ . or ~"), None);
    }
    Some(secret)
}

fn host(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    (!text.is_empty() && text.len() <= 253 && text.chars().all(fits)).then(|| text.to_owned())
}

fn with_ref(text: &str) -> Option<String> {
    // 64 characters are what the part before the `@` may have, and the name of a mail takes 50 of them.
    let filled = text.replacen(REF, "r", 1);
    let fits = email(&filled).is_some()
        && text.split('@').next().is_some_and(|local| !local.contains(REF) || local.len() <= 14 + REF.len());
    fits.then(|| text.to_owned())
}

/// Whether a host is this machine, whatever a resolver says.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
