//! Every mail and webhook in `tests/data/providers/email` means what `expected.json` says.

use replyflow::config::channel::ProviderSettings;
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use replyflow::domain::mail::MailRef;
use replyflow::domain::message::InboundContent;
use replyflow::domain::name::ChannelName;
use replyflow::provider::{Adapter, Decoded, Method, Pairs, Route, Routes, WebhookRequest};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/providers/email")
}

/// A mail about one of ours.
pub fn read(file: &str, about: &str) -> Vec<u8> {
    let bytes = std::fs::read(folder().join(file)).expect("the mail");
    let (mut out, mut rest) = (Vec::new(), &bytes[..]);
    while let Some(at) = rest.windows(5).position(|window| window == b"@REF@") {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(about.as_bytes());
        rest = &rest[at + 5..];
    }
    out.extend_from_slice(rest);
    out
}

fn adapter() -> Adapter {
    let toml = "[channels.mail]\nprovider = \"smtp\"\nkind = \"email\"\nhost = \"localhost\"\ntls = \"none\"\n\
                from = \"hello@shop.example\"\nwebhook_secret = { env = \"S\" }\n";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("replyflow.toml");
    std::fs::write(&file, toml).expect("written");
    let environment: Environment = [("S".to_owned(), super::SECRET.to_owned())].into_iter().collect();
    let settings = Settings::load(Some(&file), &environment, Secrets::Required).unwrap_or_else(|m| panic!("{m}"));
    let channel = settings.channels.values().next().expect("a channel");
    assert!(matches!(channel.provider, ProviderSettings::Smtp(_)));
    Adapter::new(&channel.provider)
}

fn decode(adapter: &Adapter, kind: &str, body: &[u8]) -> Result<Decoded, String> {
    let route = Route { channel: ChannelName::parse("mail").expect("a name"), kind: ChannelKind::Email };
    let headers = [("Content-Type", kind)];
    let url = "https://hooks.example.org/hooks/mail/x";
    let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&headers), body, peer: None };
    let mut said = adapter.decode(&request, &Routes::only(route)).map_err(|error| error.to_string())?;
    assert_eq!(said.len(), 1);
    said.pop().ok_or_else(|| "nothing".to_owned())
}

/// What was decoded, in the form of `expected.json`.
fn seen(said: &Decoded, name: MailRef) -> Value {
    let mut out = Map::new();
    match said {
        Decoded::Message(received) => {
            let message = &received.message;
            out.insert("text".into(), message.text.clone().into());
            if let Some(name) = &message.profile_name {
                out.insert("name".into(), name.clone().into());
            }
            if message.from.reveal() != super::ANN {
                out.insert("from".into(), message.from.reveal().into());
            }
            if let Some(answers) = &message.in_reply_to {
                assert_eq!(MailRef::find(answers), Some(name));
                out.insert("answers".into(), true.into());
            }
            if let Some(at) = message.at {
                out.insert("at".into(), at.0.into());
            }
            match &message.content {
                InboundContent::Text => {}
                InboundContent::OptOut { .. } => drop(out.insert("content".into(), "opt_out".into())),
                InboundContent::Unsupported { .. } => drop(out.insert("content".into(), "unsupported".into())),
                other => panic!("{other:?}"),
            }
            json!({ "message": out })
        }
        Decoded::Status(report) => {
            assert_eq!(report.send, Some(name.send));
            out.insert("status".into(), serde_json::to_value(report.status).expect("a word"));
            if let Some(failure) = &report.failure {
                out.insert("reason".into(), serde_json::to_value(failure.reason).expect("a word"));
                out.insert("code".into(), failure.error.code.clone().into());
            }
            out.insert("recipient".into(), report.recipient.is_some().into());
            if let Some(at) = report.at {
                out.insert("at".into(), at.0.into());
            }
            json!({ "status": out })
        }
        Decoded::Complaint(complaint) => {
            json!({ "complaint": { "send": complaint.send == Some(name.send), "recipient": complaint.recipient.is_some() } })
        }
        Decoded::Other(other) => json!({ "other": other.kind }),
        Decoded::Template(_) | Decoded::Quality(_) | Decoded::Subscription(_) => panic!("a mail is neither"),
    }
}

fn our_mail() -> MailRef {
    let contact = ContactKey::derive(b"secret", "email:ann@example.com");
    let effect = Token::birth(contact, InputId::of(DedupeHash::of(&["x"]))).effect(0);
    MailRef::new(SendRef { contact, effect }, super::ANN)
}

#[test]
fn every_mail_means_what_is_expected() {
    let (adapter, name) = (adapter(), our_mail());
    let expected = std::fs::read_to_string(folder().join("expected.json")).expect("read").replace("@REF@", &name.to_string());
    let expected: Map<String, Value> = serde_json::from_str(&expected).expect("JSON");
    let mut wrong = Vec::new();
    for (file, expected) in &expected {
        let kind = if file.ends_with(".json") { "application/json; charset=utf-8" } else { "message/rfc822" };
        let got = decode(&adapter, kind, &read(file, &name.to_string())).map(|said| seen(&said, name));
        if got.as_ref() != Ok(expected) {
            wrong.push(format!("{file}: {got:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let files = std::fs::read_dir(folder()).expect("a folder").count();
    assert_eq!(files - 1, expected.len(), "a mail without an expectation");
}

#[test]
fn what_is_no_mail_or_far_too_much_of_one_is_refused_or_cut() {
    let (adapter, name) = (adapter(), our_mail());
    assert!(decode(&adapter, "application/json", b"{").is_err());
    assert!(decode(&adapter, "application/json", b"{}").is_err());
    assert!(decode(&adapter, "message/rfc822", b"").is_err());
    let limit = replyflow::domain::limits::MAIL_BYTES;
    let large = |n: usize| {
        let mut mail = b"From: ann@example.com\r\nMessage-ID: <1@x>\r\n\r\nyes\r\n\r\n-- \r\n".to_vec();
        mail.resize(n, b'x');
        mail
    };
    assert!(decode(&adapter, "message/rfc822", &large(limit)).is_ok());
    assert!(decode(&adapter, "message/rfc822", &large(limit + 1)).is_err());
    // A mail in a mail in a mail: taking it apart must not cost the stack.
    let nested = |n: usize| format!("From: a@b.c\r\n{}\r\n\r\nx", "Content-Type: message/rfc822\r\n\r\n".repeat(n));
    assert!(decode(&adapter, "message/rfc822", nested(400).as_bytes()).is_ok());
    assert!(decode(&adapter, "message/rfc822", nested(20_000).as_bytes()).is_err());
    // Whatever is cut off anywhere, nothing panics.
    for file in ["gmail_en.eml", "bounce_full.eml", "complaint.eml", "html_only_gmail.eml", "postmark_inbound.json"] {
        let whole = read(file, &name.to_string());
        for end in (0..whole.len()).step_by(7) {
            for kind in ["message/rfc822", "application/json"] {
                let _ = decode(&adapter, kind, &whole[..end]);
            }
        }
    }
}
