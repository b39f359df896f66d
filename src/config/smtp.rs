//! `[channels.NAME]` with `provider = "smtp"`: the server that takes our mails, how they are signed with names, and how what comes
//! back is believed.

use super::project::Capabilities;
use super::providers::{ProviderEntry, ProviderSettings};
use super::schema::Setting::{Boolean, Duration, Headers, Secret as SecretSetting, Text, Texts, Whole, Word};
use super::secret::Secret;
use super::section::Section;
use super::tree::Kind;
use crate::domain::channel::ChannelKind;
use crate::domain::mail::{Mailbox, email};
use crate::domain::time::Span;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

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
    /// Headers of every mail beside the usual ones, with names that begin with `X-`. `{ref}` as above.
    pub headers: Vec<(String, String)>,
    /// How we call ourselves to the server.
    pub hello: String,
    /// What the URL of the channel's webhook ends in. Without one nothing that comes in is believed.
    pub webhook_secret: Option<Secret>,
    /// The public key with which SendGrid's Event Webhook is signed, as DER. Without it that is not believed.
    pub sendgrid_key: Option<Vec<u8>>,
    /// What Mailgun signs webhooks and routes with. Without it they are not believed.
    pub mailgun_key: Option<Secret>,
    /// Topics of Amazon SNS that are believed.
    pub sns_topics: Vec<String>,
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

/// Bytes of a P-256 key as DER (RFC 5480).
const P256_KEY_BYTES: usize = 91;
/// The shortest secret in a URL that nobody guesses.
const SECRET_CHARS: usize = 16;
/// What stands for the name of the mail in `reply_to`.
pub const REF: &str = "{ref}";

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "smtp",
    title: "Mail server",
    kinds: &[ChannelKind::Email],
    per_second: 10,
    is_called: false,
    shows: |_| Capabilities::NOTHING,
    settings: &[
        ("host", Text, ""),
        ("port", Whole, ""),
        ("tls", Word(&["starttls", "tls", "none"]), ""),
        ("tls_ca", SecretSetting, ""),
        ("allow_plain", Boolean, ""),
        ("username", Text, ""),
        ("password", SecretSetting, ""),
        ("from", Text, ""),
        ("reply_to", Text, ""),
        ("bounce_to", Text, ""),
        ("headers", Headers, ""),
        ("hello", Text, ""),
        ("timeout", Duration, ""),
        ("webhook_secret", SecretSetting, ""),
        ("sendgrid_key", Text, ""),
        ("mailgun_key", SecretSetting, ""),
        ("sns_topics", Texts(&[]), ""),
        ("unsubscribe", Boolean, ""),
        ("unsubscribe_mailto", Text, ""),
    ],
    guards: false,
    example: r#"
[channels.mail]
provider = "smtp"
kind = "email"
host = "mail.example.com"
from = "Shop <hello@shop.example>"
webhook_secret = { env = "MAIL_WEBHOOK" }
"#,
    read: |section, _, _| ProviderSettings::Smtp(Box::new(smtp(section))),
};

fn smtp(section: &Section<'_>) -> SmtpSettings {
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
        headers: headers(section),
        hello: hello.unwrap_or_else(|| from.domain().to_owned()),
        webhook_secret: webhook_secret(section),
        sendgrid_key: section.opt_parsed("sendgrid_key", "the verification key that SendGrid shows: base64", |text| {
            STANDARD.decode(text.trim()).ok().filter(|der| der.len() == P256_KEY_BYTES)
        }),
        mailgun_key: section.opt_secret("mailgun_key").filter(|key| !key.is_empty()),
        sns_topics: topics(section),
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

fn headers(section: &Section<'_>) -> Vec<(String, String)> {
    let inner = section.section("headers");
    let mut all = Vec::new();
    for (name, node) in inner.entries() {
        let named = name.len() <= 70 && name.starts_with("X-") && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match &node.kind {
            Kind::Text(value) if named && value.len() <= 500 && value.bytes().all(|b| matches!(b, b' '..=b'~')) => {
                all.push((name.to_owned(), value.clone()));
            }
            _ => inner.mistake(name, "must be a name that begins with X- and a text of plain characters", None),
        }
    }
    all
}

fn webhook_secret(section: &Section<'_>) -> Option<Secret> {
    let secret = section.opt_secret("webhook_secret").filter(|secret| !secret.is_empty())?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    if secret.expose().len() < SECRET_CHARS || !secret.expose().chars().all(fits) {
        section.mistake("webhook_secret", format!("must be at least {SECRET_CHARS} letters, digits, - _ . or ~"), None);
    }
    Some(secret)
}

pub(super) fn topics(section: &Section<'_>) -> Vec<String> {
    let topics = section.texts("sns_topics");
    for topic in topics.iter().filter(|topic| topic.split(':').count() != 6 || !topic.starts_with("arn:aws")) {
        let help = "Write it as SNS shows it: arn:aws:sns:eu-west-1:123456789012:mail".to_owned();
        section.mistake("sns_topics", format!("`{topic}` is no ARN of a topic"), Some(help));
    }
    topics
}

pub(super) fn host(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    (!text.is_empty() && text.len() <= 253 && text.chars().all(fits)).then(|| text.to_owned())
}

fn with_ref(text: &str) -> Option<String> {
    // 64 characters are what the part before the `@` may have, and the name of a mail takes 50 of them.
    let filled = text.replacen(REF, "r", 1);
    let domain = email(&filled)?.rsplit_once('@').map(|(_, domain)| domain.to_owned())?;
    let fits = text.split('@').next().is_some_and(|local| !local.contains(REF) || local.len() <= 14 + REF.len());
    fits.then(|| text.rsplit_once('@').map(|(local, _)| format!("{}@{domain}", local.trim()))).flatten()
}

/// Whether a host is this machine, whatever a resolver says.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use crate::config::channel::ProviderSettings;
    use crate::config::{Environment, Secrets, Settings};

    /// The settings of a mail channel with these lines, or what is wrong with them.
    fn read(lines: &str) -> Result<super::SmtpSettings, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("replyflow.toml");
        let text = format!("[channels.m]\nprovider = \"smtp\"\nkind = \"email\"\n{lines}\n");
        std::fs::write(&file, text).expect("written");
        let secrets = [("GOOD", "0123456789abcdef"), ("SHORT", "0123456789abcde"), ("SLASH", "0123456789/abcdef")];
        let environment: Environment = secrets.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let settings = Settings::load(Some(&file), &environment, Secrets::Required).map_err(|mistakes| mistakes.to_string())?;
        match &settings.channels.values().next().expect("a channel").provider {
            ProviderSettings::Smtp(smtp) => Ok((**smtp).clone()),
            other => panic!("{other:?}"),
        }
    }

    const ENOUGH: &str = "host = \"mail.example.com\"\nfrom = \"Shop <hello@shop.example>\"";

    #[test]
    fn a_host_and_a_sender_are_enough() {
        let smtp = read(ENOUGH).expect("settings");
        assert_eq!((smtp.port, smtp.hello.as_str(), smtp.unsubscribe), (587, "shop.example", true));
        assert!(smtp.login.is_none() && smtp.webhook_secret.is_none());
        let port = |line: &str| read(&format!("{ENOUGH}\n{line}")).map(|smtp| smtp.port);
        assert_eq!(port("tls = \"tls\""), Ok(465));
        assert_eq!(port("tls = \"none\"\nallow_plain = true"), Ok(25));
        let long = format!("{}+{{ref}}@in.shop.example", "r".repeat(13));
        assert_eq!(read(&format!("{ENOUGH}\nreply_to = \"{long}\"")).expect("settings").reply_to.as_deref(), Some(long.as_str()));
    }

    #[test]
    fn what_would_leak_or_never_work_is_a_mistake() {
        let long = format!("reply_to = \"{}+{{ref}}@in.shop.example\"", "r".repeat(14));
        for (line, part) in [
            ("tls = \"none\"", "in the clear"),
            ("tls = \"ssl\"", "is none of"),
            ("port = 70000", "port"),
            ("username = \"me\"", "channels.m.password: is missing"),
            ("username = \"me\"\npassword = \"hunter2\"", "a secret may not stand in this file"),
            ("webhook_secret = { env = \"SHORT\" }", "at least 16"),
            ("webhook_secret = { env = \"SLASH\" }", "at least 16"),
            ("reply_to = \"nobody\"", "must be an address"),
            (long.as_str(), "must be an address"),
            ("unsubscribe_mailto = \"a@b.c, d@e.f\"", "must be an address"),
            ("headers = { Bcc = \"evil@example.com\" }", "begins with X-"),
            ("headers = { X-A = \"ü\" }", "plain characters"),
            ("sendgrid_key = \"MFkw\"", "the verification key"),
            ("sns_topics = [\"mail\"]", "no ARN of a topic"),
            ("account_sid = \"x\"", "is not a setting"),
        ] {
            let wrong = read(&format!("{ENOUGH}\n{line}")).expect_err(line);
            assert!(wrong.contains(part), "{line}: {wrong}");
        }
        assert!(read("host = \"a b\"\nfrom = \"x@y.z\"").is_err());
        assert!(read("host = \"localhost\"\nfrom = \"Shop\"").is_err());
        assert!(read(&format!("{ENOUGH}\nwebhook_secret = {{ env = \"GOOD\" }}")).is_ok());
        for local in ["localhost", "127.0.0.1", "::1"] {
            assert!(read(&format!("host = \"{local}\"\nfrom = \"x@y.z\"\ntls = \"none\"")).is_ok(), "{local}");
        }
    }
}
