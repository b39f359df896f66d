//! What the vectors do not cover.

use super::*;
use crate::config::secret::Secret;
use crate::domain::address::{Address, E164};
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{InboundContent, MediaKind, OutboundContent};
use crate::domain::name::ChannelName;
use crate::provider::proof::{Hash, digest};
use crate::provider::webhook::{Method, Pairs, Route};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

const NOW: Millis = Millis(1_795_230_000_000);
const URL: &str = "https://h.example/hooks/main";
const FORM: &str = "application/x-www-form-urlencoded";

fn settings() -> MessageBirdSettings {
    MessageBirdSettings {
        number: "+447700900001".to_owned(),
        access_key: Secret::new("live_key"),
        signing_key: Some(Secret::new("signing-key")),
        guard: None,
        base_url: MessageBirdSettings::BASE_URL.to_owned(),
    }
}

fn read(form: &str) -> Result<Decoded, Malformed> {
    let route = Route { channel: ChannelName::parse("main").expect("a name"), kind: ChannelKind::Sms };
    let routes = Routes::only(route.clone()).with("447700900001", route);
    let headers = [("Content-Type", FORM)];
    let request = WebhookRequest { method: Method::Post, url: URL, headers: &Pairs(&headers), body: form.as_bytes(), peer: None };
    MessageBird(settings()).decode(&request, &routes).map(|mut all| all.remove(0))
}

#[test]
fn files_however_they_are_named() {
    for name in ["mediaUrls", "mediaUrls%5B%5D", "mediaUrls%5B0%5D", "mediaUrls0"] {
        let form = format!("id=1&recipient=447700900001&originator=447700900123&body=&{name}=https%3A%2F%2Fh.example%2Fa");
        match read(&form).expect("decoded") {
            Decoded::Message(received) => match received.message.content {
                InboundContent::Media { media, .. } => assert_eq!(media[0].url.as_deref(), Some("https://h.example/a"), "{name}"),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn other_numbers_new_words_and_broken_forms() {
    let other = read("id=1&recipient=447700900009&originator=447700900123&body=x").expect("decoded");
    assert!(matches!(other, Decoded::Other(o) if o.kind == "unknown_number"));
    let word = read("id=1&recipient=447700900123&status=teleported").expect("decoded");
    assert!(matches!(word, Decoded::Other(o) if o.kind == "status_teleported"));
    for broken in ["", "body=x", "id=1", "id=1&recipient=447700900001&body=x"] {
        assert!(read(broken).is_err(), "{broken}");
    }
    let odd = read("mid=1&shortcode=447700900001&originator=1&message=x&receive_datetime=2026é12103").expect("decoded");
    assert!(matches!(odd, Decoded::Message(received) if received.message.at.is_none()));
}

fn judged(claims: Value, url: &str, body: &[u8], algorithm: Algorithm) -> Result<(), Refused> {
    let key = EncodingKey::from_secret(b"signing-key");
    let token = jsonwebtoken::encode(&Header::new(algorithm), &claims, &key).expect("a token");
    let headers = [("messagebird-signature-jwt", token.as_str())];
    let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&headers), body, peer: None };
    let adapter = MessageBird(settings());
    adapter.verify(&request)?;
    adapter.prove(&request, &Facts { now: NOW, certificate: None })
}

#[test]
fn the_token_covers_url_body_and_time() {
    let hash = |bytes: &[u8]| hex::encode(digest(Hash::Sha256, &[bytes]));
    let good = || json!({ "iss": "MessageBird", "nbf": 1_795_229_998, "exp": 1_795_230_058, "url_hash": hash(URL.as_bytes()), "payload_hash": hash(b"a=b") });
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        assert_eq!(judged(good(), URL, b"a=b", algorithm), Ok(()));
    }
    let with = |name: &str, value: Value| {
        let mut claims = good();
        claims[name] = value;
        judged(claims, URL, b"a=b", Algorithm::HS256)
    };
    assert_eq!(with("iss", json!("Evil")), Err(Refused::Forged));
    assert_eq!(with("url_hash", json!(hash(b"other"))), Err(Refused::Forged));
    assert_eq!(with("payload_hash", json!(hash(b"other"))), Err(Refused::Forged));
    assert_eq!(with("exp", json!(1_795_229_998)), Err(Refused::Stale));
    assert_eq!(with("nbf", json!(1_795_230_002)), Err(Refused::Stale));
    assert_eq!(with("exp", json!(null)), Err(Refused::Stale));
    assert_eq!(judged(good(), URL, b"", Algorithm::HS256), Err(Refused::Forged), "a hash without a body");
    assert_eq!(judged(good(), "https://h.example/hooks/main?x=1", b"a=b", Algorithm::HS256), Err(Refused::Forged));
}

fn write(content: OutboundContent, send: Option<SendRef>) -> Result<(String, Value), EncodeError> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = ChannelName::parse("main").expect("a name");
    let callback = Some("https://h.example/hooks/main/status");
    let context =
        SendContext { channel: &channel, send, status_callback: callback, kind: ChannelKind::Sms, mail: None, now: NOW };
    let request = MessageBird(settings()).encode(&Outbound { to, content, in_reply_to: None, provider: None }, &context)?;
    assert!(!format!("{request:?}").contains("live_key"));
    Ok((request.url.clone(), serde_json::from_slice(&request.body).expect("JSON")))
}

#[test]
fn texts_and_files_have_a_path_each_and_the_send_comes_back() {
    let contact = ContactKey::derive(b"s", "+447700900123");
    let send = SendRef { contact, effect: Token::birth(contact, InputId::of(DedupeHash::of(&["a"]))).effect(0) };
    let (url, body) = write(OutboundContent::Text { text: "Hi".into() }, Some(send)).expect("written");
    assert_eq!(url, "https://rest.messagebird.com/messages");
    assert_eq!(body["reportUrl"], "https://h.example/hooks/main/status");
    let query = format!("id=1&recipient=447700900123&status=sent&reference={}", body["reference"].as_str().expect("a reference"));
    match read(&query).expect("decoded") {
        Decoded::Status(report) => assert_eq!(report.send, Some(send)),
        other => panic!("{other:?}"),
    }
    let media = Media { url: Some("https://h.example/m".into()), ..Media::default() };
    let file = OutboundContent::Media { kind: MediaKind::Image, media, caption: Some("see".into()) };
    let (url, body) = write(file, None).expect("written");
    assert_eq!(url, "https://rest.messagebird.com/mms");
    assert_eq!(body["mediaUrls"], json!(["https://h.example/m"]));
    assert!(write(OutboundContent::Contacts(Vec::new()), None).is_err());
}
