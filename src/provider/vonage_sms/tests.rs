//! What the vectors do not cover.

use super::*;
use crate::config::providers::vonage::{VonageLogin, VonageSignature};
use crate::config::secret::Secret;
use crate::domain::address::{Address, E164};
use crate::domain::message::{InboundContent, OutboundContent};
use crate::domain::name::ChannelName;
use crate::domain::time::Span;
use crate::provider::proof::{Hash, hmac};
use crate::provider::webhook::{Pairs, Route};

const NOW: Millis = Millis(1_795_230_000_000);
const FORM: &str = "application/x-www-form-urlencoded";

fn settings() -> VonageSmsSettings {
    VonageSmsSettings {
        number: "+447700900001".to_owned(),
        login: VonageLogin { api_key: Secret::new("a1b2c3d4"), api_secret: Secret::new("shh") },
        signature_secret: Some(Secret::new("secret")),
        signature_method: None,
        signed_within: Span::minutes(5),
        guard: None,
        base_url: VonageSmsSettings::BASE_URL.to_owned(),
    }
}

fn read(method: Method, content_type: &str, text: &str) -> Result<Decoded, Malformed> {
    let route = Route { channel: ChannelName::parse("main").expect("a name"), kind: ChannelKind::Sms };
    let routes = Routes::only(route.clone()).with("447700900001", route);
    let (url, body) = match method {
        Method::Get => (format!("https://h.example/hooks/main?{text}"), ""),
        Method::Post => ("https://h.example/hooks/main".to_owned(), text),
    };
    let headers = [("Content-Type", content_type)];
    let request = WebhookRequest { method, url: &url, headers: &Pairs(&headers), body: body.as_bytes(), peer: None };
    VonageSms(settings()).decode(&request, &routes).map(|mut all| all.remove(0))
}

#[test]
fn queries_forms_and_json_say_the_same() {
    let form =
        "msisdn=447700900123&to=447700900001&messageId=0A&text=a+%26+b&type=text&message-timestamp=2026-11-21+03%3A00%3A00";
    let json = r#"{"msisdn":"447700900123","to":"447700900001","messageId":"0A","text":"a & b","type":"text","message-timestamp":"2026-11-21 03:00:00"}"#;
    let all = [read(Method::Get, "", form), read(Method::Post, FORM, form), read(Method::Post, "application/json", json)];
    for one in all {
        match one.expect("decoded") {
            Decoded::Message(received) => {
                assert_eq!((received.message.text.as_str(), received.to.as_str()), ("a & b", "+447700900001"));
                assert_eq!(received.message.at, Some(NOW));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn other_numbers_and_binary_messages() {
    let other = read(Method::Post, FORM, "msisdn=447700900123&to=447700900009&messageId=0A&text=x").expect("decoded");
    assert!(matches!(other, Decoded::Other(o) if o.kind == "unknown_number"));
    let binary =
        read(Method::Post, FORM, "msisdn=447700900123&to=447700900001&messageId=0A&type=binary&data=00").expect("decoded");
    match binary {
        Decoded::Message(received) => {
            assert_eq!(received.message.content, InboundContent::Unsupported { kind: "binary".into() });
        }
        other => panic!("{other:?}"),
    }
    assert!(read(Method::Post, FORM, "message_uuid=1").is_err());
}

fn judged(settings: VonageSmsSettings, form: &str) -> Result<(), Refused> {
    let url = "https://h.example/hooks/main";
    let headers = [("Content-Type", FORM)];
    let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&headers), body: form.as_bytes(), peer: None };
    let vonage = VonageSms(settings);
    vonage.verify(&request)?;
    vonage.prove(&request, &Facts { now: NOW, certificate: None })
}

#[test]
fn signatures_of_any_strength_unless_one_is_named() {
    let signed = |hash, at: i64| {
        let text = format!("&messageId=0A&timestamp={at}");
        format!("timestamp={at}&messageId=0A&sig={}", hex::encode_upper(hmac(hash, b"secret", &[text.as_bytes()])))
    };
    for hash in [Hash::Md5, Hash::Sha1, Hash::Sha256, Hash::Sha512] {
        assert_eq!(judged(settings(), &signed(hash, 1_795_230_000)), Ok(()), "{hash:?}");
    }
    let only = || VonageSmsSettings { signature_method: Some(VonageSignature::Sha256), ..settings() };
    assert_eq!(judged(only(), &signed(Hash::Sha256, 1_795_230_000)), Ok(()));
    assert_eq!(judged(only(), &signed(Hash::Md5, 1_795_230_000)), Err(Refused::Forged));
    assert_eq!(judged(settings(), &signed(Hash::Sha256, 1_795_229_699)), Err(Refused::Stale));
    assert_eq!(judged(settings(), "messageId=0A&timestamp=1795230000"), Err(Refused::Unsigned));
    assert_eq!(judged(settings(), "messageId=0A&timestamp=1795230000&sig="), Err(Refused::Unsigned));
    let twice = format!("{}&sig=00", signed(Hash::Sha256, 1_795_230_000));
    assert_eq!(judged(settings(), &twice), Err(Refused::Forged));
    let none = VonageSmsSettings { signature_secret: Some(Secret::new("")), ..settings() };
    assert_eq!(judged(none, &signed(Hash::Sha256, 1_795_230_000)), Err(Refused::NoSecret));
}

fn write(content: OutboundContent) -> Result<String, EncodeError> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = ChannelName::parse("main").expect("a name");
    let callback = Some("https://h.example/hooks/main/status");
    let context =
        SendContext { channel: &channel, send: None, status_callback: callback, kind: ChannelKind::Sms, mail: None, now: NOW };
    let request = VonageSms(settings()).encode(&Outbound { to, content, in_reply_to: None, provider: None }, &context)?;
    assert!(!format!("{request:?}").contains("shh"));
    Ok(String::from_utf8(request.body.to_vec()).expect("a form"))
}

#[test]
fn only_texts_leave_and_say_how_they_are_written() {
    let text = |text: &str| write(OutboundContent::Text { text: text.to_owned() });
    assert!(!text("Hi").expect("written").contains("type="));
    assert!(text("Hi ☺").expect("written").contains("type=unicode"));
    assert!(text("Hi").expect("written").contains("callback=https%3A%2F%2Fh.example%2Fhooks%2Fmain%2Fstatus"));
    assert!(text("").is_err() && text(&"x".repeat(1_601)).is_err() && text(&"x".repeat(1_600)).is_ok());
    assert!(matches!(write(OutboundContent::Contacts(Vec::new())), Err(EncodeError::Unsupported { .. })));
}

#[test]
fn a_bare_call_is_answered() {
    let ask = |method, url: &str| {
        VonageSms(settings()).handshake(&WebhookRequest { method, url, headers: &Pairs(&[]), body: b"", peer: None })
    };
    assert!(ask(Method::Get, "https://h.example/hooks/main").is_some());
    assert!(ask(Method::Get, "https://h.example/hooks/main?msisdn=1").is_none());
    assert!(ask(Method::Post, "https://h.example/hooks/main").is_none());
}
