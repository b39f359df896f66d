//! What the vectors do not cover.

use super::*;
use crate::domain::address::{Address, E164};
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{DeliveryStatus, FailureReason, OutboundContent};
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::provider::webhook::{Method, Pairs, Route};
use std::collections::BTreeMap;
use url::form_urlencoded;

fn settings() -> KannelSettings {
    KannelSettings {
        base_url: "http://kannel.internal:13013".to_owned(),
        sendsms_path: KannelSettings::SENDSMS.to_owned(),
        username: "u".to_owned(),
        password: Secret::new("password-for-tests"),
        number: "2020".to_owned(),
        smsc: None,
        guard: Guard { url_secret: Secret::new("a-secret-of-16-letters"), basic: None, header: None, from: Vec::new() },
    }
}

fn send_ref() -> SendRef {
    let contact = ContactKey::derive(b"s", "+447700900123");
    SendRef { contact, effect: Token::birth(contact, InputId::of(DedupeHash::of(&["a"]))).effect(0) }
}

fn written(settings: &KannelSettings, text: &str, callback: Option<&str>) -> BTreeMap<String, String> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = ChannelName::parse("kn").expect("a name");
    let context = SendContext {
        channel: &channel,
        send: Some(send_ref()),
        status_callback: callback,
        kind: ChannelKind::Sms,
        mail: None,
        now: Millis(0),
    };
    let message = Outbound { to, content: OutboundContent::Text { text: text.to_owned() }, in_reply_to: None, provider: None };
    let request = encode::encode(settings, &message, &context).expect("encoded");
    assert!(!format!("{request:?} {settings:?}").contains("password-for-tests"));
    let (_, query) = request.url.split_once('?').expect("a query");
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn read(method: Method, query: &str, body: &str) -> Result<Decoded, Malformed> {
    let here = Route { channel: ChannelName::parse("kn").expect("a name"), kind: ChannelKind::Sms };
    let url = format!("https://h.example/hooks/kn/a-secret-of-16-letters/status?{query}");
    let request = WebhookRequest { method, url: &url, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
    decode::decode(&request, &Routes::only(here)).map(|mut all| all.remove(0))
}

#[test]
fn the_name_of_the_send_comes_back_in_its_reports() {
    let form = written(&settings(), "Hi", Some("https://h.example/a%20b/hooks/kn/s/status"));
    let expected = format!("https://h.example/a%%20b/hooks/kn/s/status?id={}&status=%d", send_ref());
    assert_eq!(form["dlr-url"], expected);
    assert_eq!(form["dlr-mask"], "27");
    for (word, status, reason) in [
        ("1", DeliveryStatus::Delivered, None),
        ("2", DeliveryStatus::Failed, Some(FailureReason::Unreachable)),
        ("4", DeliveryStatus::Sent, None),
        ("16", DeliveryStatus::Failed, Some(FailureReason::Unknown)),
    ] {
        let Ok(Decoded::Status(report)) = read(Method::Get, &format!("id={}&status={word}", send_ref()), "") else {
            panic!("{word}")
        };
        assert_eq!((report.send, report.status), (Some(send_ref()), status), "{word}");
        assert_eq!(report.failure.map(|failure| failure.reason), reason, "{word}");
    }
    let Ok(Decoded::Other(other)) = read(Method::Get, "id=m&status=32", "") else { panic!("other") };
    assert_eq!(other.kind, "status_32");
}

#[test]
fn texts_beyond_the_alphabet_are_utf_16() {
    let form = written(&settings(), "5€ @ {ñ}", None);
    assert_eq!((form["text"].as_str(), form.get("coding"), form.get("dlr-url")), ("5€ @ {ñ}", None, None));
    let form = written(&KannelSettings { smsc: Some("carrier1".to_owned()), ..settings() }, "☺", None);
    assert_eq!((form["text"].as_str(), form["coding"].as_str(), form["smsc"].as_str()), ("&:", "2", "carrier1"));
}

#[test]
fn messages_come_by_get_too() {
    let Ok(Decoded::Message(received)) = read(Method::Get, "id=7&sender=447700900123&to=2020&message=Hello+%C3%A9", "") else {
        panic!("a message")
    };
    assert_eq!((received.message.from.reveal(), received.message.text.as_str()), ("+447700900123", "Hello é"));
    assert_eq!(received.message.at, None);
    let text = |fields: &str| match read(Method::Post, "", &format!("id=7&sender=447700900123&{fields}")) {
        Ok(Decoded::Message(received)) => received.message.text,
        other => panic!("{other:?}"),
    };
    assert_eq!(text("message=%26%3A%D8%3D%DE%00&coding=2&charset=UTF-16BE"), "☺😀");
    assert_eq!(text("coding=2&message=%26%3A"), "☺");
    // `mo-recode` turned it into UTF-8 and left the coding alone.
    assert_eq!(text("message=%E2%98%BA&coding=2&charset=UTF-8"), "☺");
    assert_eq!(text("message=caf%E9+100%&charset=windows-1252"), "café 100%");
    assert_eq!((text("message=").as_str(), text("").as_str()), ("", ""));
    for broken in ["", "sender=1", "id=1", "status=1"] {
        assert!(read(Method::Post, "", broken).is_err(), "{broken}");
    }
}

#[test]
fn refusals_are_told_apart_by_their_words() {
    let of = |status, body: &str| encode::classify(status, &Pairs(&[]), body.as_bytes()).name();
    assert_eq!(of(200, "0: Accepted for delivery"), "accepted");
    assert_eq!(of(202, "<html>welcome"), "unknown");
    assert_eq!(of(403, "Not routable. Do not try again."), "rejected");
    assert_eq!(of(403, "Forbidden"), "config_error");
    assert_eq!(of(400, "Sender missing and no global set, rejected"), "rejected");
    assert_eq!(of(503, "Temporal failure, try again later."), "retry");
    assert_eq!(of(504, ""), "unknown");
}
