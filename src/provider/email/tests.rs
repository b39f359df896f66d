//! What no value of a flow or a contact can do to a mail.

use super::{Mail, verify, write};
use crate::config::secret::Secret;
use crate::config::smtp::{MailTls, SmtpSettings};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::mail::Mailbox;
use crate::domain::message::{Media, MediaKind, Outbound, OutboundContent};
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::provider::send::{EncodeError, MailFacts, SendContext};
use crate::provider::webhook::{Method, Pairs, Refused, WebhookRequest};
use std::sync::Arc;

pub(super) fn settings() -> SmtpSettings {
    SmtpSettings {
        host: "localhost".into(),
        port: 25,
        tls: MailTls::None,
        authorities: None,
        login: None,
        from: Mailbox::parse("Shop <hello@shop.example>").expect("a mailbox"),
        reply_to: None,
        bounce_to: None,
        timeout: None,
        headers: Vec::new(),
        hello: "shop.example".into(),
        webhook_secret: Some(Secret::new("0123456789abcdef")),
        sendgrid_key: None,
        mailgun_key: None,
        sns_topics: Vec::new(),
        unsubscribe: true,
        unsubscribe_mailto: None,
    }
}

fn written(content: OutboundContent, to: &str) -> Result<Mail, EncodeError> {
    let contact = ContactKey::derive(b"s", "email:ann@example.com");
    let effect = Token::birth(contact, InputId::of(DedupeHash::of(&["1"]))).effect(0);
    let channel = ChannelName::parse("mail").expect("a name");
    let url = "https://x.example/u/t";
    let context = SendContext {
        channel: &channel,
        send: Some(SendRef { contact, effect }),
        status_callback: None,
        kind: ChannelKind::Email,
        mail: Some(MailFacts { at: Millis(1_795_255_440_000), thread: None, unsubscribe: Some(url) }),
        now: Millis(1_795_255_440_000),
    };
    let message = Outbound { to: Address::Email(to.to_owned()), content, in_reply_to: None, provider: None };
    write(&Arc::new(settings()), &message, &context)
}

fn email(subject: &str, text: &str, html: Option<&str>, from: Option<&str>) -> OutboundContent {
    let (html, from) = (html.map(str::to_owned), from.map(str::to_owned));
    OutboundContent::Email { subject: subject.to_owned(), text: text.to_owned(), html, from }
}

/// The header's names, in their order.
fn names(mail: &Mail) -> Vec<String> {
    let text = String::from_utf8(mail.content.to_vec()).expect("ASCII");
    let head = text.split("\r\n\r\n").next().expect("a head").to_owned();
    let own = |line: &&str| !line.starts_with([' ', '\t']);
    head.split("\r\n").filter(own).map(|line| line.split(':').next().expect("a name").to_owned()).collect()
}

#[test]
fn no_value_adds_a_header_or_a_receiver() {
    let plain = names(&written(email("x", "y", None, None), "ann@example.com").expect("written"));
    assert!(plain.contains(&"List-Unsubscribe-Post".to_owned()) && plain.contains(&"Subject".to_owned()), "{plain:?}");
    for evil in [
        "a\r\nBcc: evil@example.com",
        "a\nBcc: evil@example.com\n\nbody",
        "a\r\n\r\nbody",
        "a\u{85}Bcc: x\u{2028}Bcc: y\u{0}",
        "=?utf-8?Q?a=0D=0ABcc:_evil?=",
        &"ü\r\n".repeat(300),
    ] {
        let mail = written(email(evil, evil, Some(evil), None), "ann@example.com").expect("written");
        let found: Vec<String> = names(&mail).into_iter().filter(|name| name != "MIME-Version").collect();
        let expected: Vec<String> = plain.iter().filter(|name| *name != "MIME-Version").cloned().collect();
        let strange = found.iter().filter(|name| !expected.contains(name)).collect::<Vec<_>>();
        assert!(strange.is_empty(), "{evil:?}: {strange:?}");
        assert!(mail.content.is_ascii());
        assert!(mail.content.split(|b| *b == b'\n').all(|line| line.len() <= 998), "RFC 5322, 2.1.1");
        assert_eq!(
            written(email("x", "y", None, Some(&format!("{evil} <x@y.z>\r\nBcc: a@b.c"))), "ann@example.com").err(),
            Some(EncodeError::Sender)
        );
    }
    for to in ["ann@example.com\r\nRCPT TO:<evil@example.com>", "a@b.c, d@e.f", "<ann@example.com>", "", "ann"] {
        assert_eq!(written(email("x", "y", None, None), to).err(), Some(EncodeError::Address), "{to:?}");
    }
}

#[test]
fn the_same_mail_is_written_the_same_again() {
    let once = || written(email("Grüße", "Text", Some("<p>Größe</p>"), Some("Laden <laden@shop.example>")), "ann@example.com");
    let (one, two) = (once().expect("written"), once().expect("written"));
    assert_eq!(one.content, two.content);
    let message = mail_parser::MessageParser::default().parse(&one.content[..]).expect("a mail");
    assert_eq!(message.subject(), Some("Grüße"));
    assert_eq!(message.body_text(0).expect("a text").trim_end(), "Text");
    let html = message.body_html(0).expect("HTML");
    assert!(html.contains("charset=\"utf-8\"") && html.contains("<p>Größe</p>"), "{html}");
    let from = message.from().and_then(|from| from.first()).expect("a sender");
    assert_eq!((from.name.as_deref(), from.address.as_deref()), (Some("Laden"), Some("laden@shop.example")));
    assert_eq!(message.date().map(|date| date.to_timestamp()), Some(1_795_255_440));
    assert_eq!(one.sender, "hello@shop.example", "the envelope's sender is the channel's: bounces go there");
}

#[test]
fn a_page_leaves_whole_and_its_lines_end_as_they_must() {
    let page = format!("<html><body>{}\r\n<p>é\r2</p>\u{7}\n</body></html>", "<p>word</p>\n".repeat(8_000));
    let mail = written(email("s", "a\r\nb\rc\nd\u{0}", Some(&page), None), "ann@example.com").expect("a mail");
    let message = mail_parser::MessageParser::default().parse(&mail.content[..]).expect("a mail");
    let html = message.body_html(0).expect("HTML");
    assert!(html.trim_end().ends_with("</html>") && html.len() > 88_000, "{} bytes", html.len());
    assert!(html.replace("\r\n", "\n").contains("</p>\n\n<p>é\n2</p>\n</body>"), "as it was written");
    assert_eq!(message.body_text(0).expect("text").replace("\r\n", "\n").trim_end(), "a\nb\nc\nd");
}

#[test]
fn an_address_in_another_script_leaves_as_every_server_can_take_it() {
    let mail = written(email("s", "t", None, None), "ann@m\u{fc}nchen.example").expect("a mail");
    assert_eq!(mail.receiver, "ann@xn--mnchen-3ya.example");
    assert!(mail.content.is_ascii() && String::from_utf8_lossy(&mail.content).contains("ann@xn--mnchen-3ya.example"));
}

#[test]
fn every_message_that_a_mail_can_be_is_one() {
    let text = |content| {
        let mail = written(content, "ann@example.com").expect("written");
        let message = mail_parser::MessageParser::default().parse(&mail.content[..]).expect("a mail");
        (message.subject().unwrap_or_default().to_owned(), message.body_text(0).unwrap_or_default().trim_end().to_owned())
    };
    assert_eq!(text(OutboundContent::Text { text: "Hi".into() }), ("Shop".into(), "Hi".into()));
    let media = Media { url: Some("https://x.example/a.pdf".into()), ..Media::default() };
    let file = OutboundContent::Media { kind: MediaKind::Document, media, caption: Some("Look".into()) };
    assert_eq!(text(file).1.replace("\r\n", "\n"), "Look\n\nhttps://x.example/a.pdf");
    assert_eq!(text(email("S", "", Some("<p>Only <b>this</b></p>"), None)), ("S".into(), "Only this".into()));
    assert_eq!(written(email("S", " ", None, None), "ann@example.com").err(), Some(EncodeError::Empty("the text")));
    let buttons = OutboundContent::Buttons { text: "x".into(), header: None, footer: None, buttons: Vec::new() };
    assert!(matches!(written(buttons, "ann@example.com"), Err(EncodeError::Unsupported { .. })));
}

#[test]
fn only_the_whole_secret_is_believed() {
    let ask = |settings: &SmtpSettings, url: &str| {
        verify(settings, &WebhookRequest { method: Method::Post, url, headers: &Pairs(&[]), body: b"", peer: None })
    };
    let known = settings();
    for url in ["https://x/hooks/mail/0123456789abcdef", "https://x/hooks/mail/0123456789abcdef?a=b"] {
        assert_eq!(ask(&known, url), Ok(()), "{url}");
    }
    for url in [
        "https://x/hooks/mail/",
        "https://x/hooks/mail",
        "https://x/hooks/mail/0123456789abcde",
        "https://x/hooks/mail/0123456789abcdef/",
        "https://x/hooks/mail/x?0123456789abcdef",
    ] {
        assert_eq!(ask(&known, url), Err(Refused::Forged), "{url}");
    }
    let none = SmtpSettings { webhook_secret: None, ..settings() };
    assert_eq!(ask(&none, "https://x/hooks/mail/"), Err(Refused::NoSecret));
}
