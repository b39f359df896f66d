//! What the vectors do not cover.

use super::*;
use crate::config::providers::jasmin::Alphabet;
use crate::domain::address::{Address, E164};
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{FailureReason, InboundContent, OutboundContent};
use crate::domain::name::ChannelName;
use crate::provider::webhook::{Method, Pairs, Route};
use std::collections::BTreeMap;
use url::form_urlencoded;

fn settings() -> JasminSettings {
    JasminSettings {
        base_url: "http://jasmin.internal:1401".to_owned(),
        username: "u".to_owned(),
        password: Secret::new("password-for-tests"),
        number: "+447700900001".to_owned(),
        alphabet: Alphabet::Gsm,
        guard: Guard { url_secret: Secret::new("a-secret-of-16-letters"), basic: None, header: None, from: Vec::new() },
    }
}

fn send_ref() -> SendRef {
    let contact = ContactKey::derive(b"s", "+447700900123");
    SendRef { contact, effect: Token::birth(contact, InputId::of(DedupeHash::of(&["a"]))).effect(0) }
}

fn written(alphabet: Alphabet, text: &str) -> BTreeMap<String, String> {
    let settings = JasminSettings { alphabet, ..settings() };
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = ChannelName::parse("js").expect("a name");
    let context = SendContext {
        channel: &channel,
        send: Some(send_ref()),
        status_callback: Some("https://h.example/hooks/js/s/status"),
        kind: ChannelKind::Sms,
        mail: None,
        now: Millis(0),
    };
    let message = Outbound { to, content: OutboundContent::Text { text: text.to_owned() }, in_reply_to: None, provider: None };
    let request = encode::encode(&settings, &message, &context).expect("encoded");
    assert!(!format!("{request:?} {settings:?}").contains("password-for-tests"));
    let (_, query) = request.url.split_once('?').expect("a query");
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn read(alphabet: Alphabet, query: &str, body: &str) -> Result<Decoded, Malformed> {
    let here = Route { channel: ChannelName::parse("js").expect("a name"), kind: ChannelKind::Sms };
    let url = format!("https://h.example/hooks/js/a-secret-of-16-letters{query}");
    let request = WebhookRequest { method: Method::Post, url: &url, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
    decode::decode(alphabet, &request, &Routes::only(here)).map(|mut all| all.remove(0))
}

fn text(alphabet: Alphabet, fields: &str) -> (String, InboundContent) {
    match read(alphabet, "", &format!("id=1&from=447700900123&to=447700900001&{fields}")) {
        Ok(Decoded::Message(received)) => (received.message.text, received.message.content),
        other => panic!("{other:?}"),
    }
}

#[test]
fn octets_are_read_in_their_alphabet() {
    let plain = |alphabet, fields| text(alphabet, fields).0;
    assert_eq!(plain(Alphabet::Gsm, "coding=0&binary=00021b65&content=spoilt"), "@$€");
    assert_eq!(plain(Alphabet::Latin1, "coding=0&binary=40e9"), "@é");
    assert_eq!(plain(Alphabet::Gsm, "coding=3&binary=e9"), "é");
    assert_eq!(plain(Alphabet::Gsm, "coding=8&binary=d83dde00"), "😀");
    // Half a character, and half of a pair.
    assert_eq!(plain(Alphabet::Gsm, "coding=8&binary=004869"), "H\u{6900}");
    assert_eq!(plain(Alphabet::Gsm, "coding=8&binary=d83d"), "\u{fffd}");
    assert_eq!(plain(Alphabet::Gsm, "coding=0&content=only+this"), "only this");
    assert_eq!(text(Alphabet::Gsm, "coding=4&binary=00").1, InboundContent::Unsupported { kind: "coding_4".into() });
    for broken in ["", "id=1", "from=1", "id=1&from=1&binary=0", "id=1&from=1&binary=xy"] {
        assert!(read(Alphabet::Gsm, "", broken).is_err(), "{broken}");
    }
}

#[test]
fn octets_are_written_where_they_are_not_ascii() {
    let form = written(Alphabet::Gsm, "5@");
    assert_eq!((form["coding"].as_str(), form["hex-content"].as_str(), form.get("content")), ("0", "3500", None));
    let form = written(Alphabet::Gsm, "plain");
    assert_eq!((form["coding"].as_str(), form["content"].as_str(), form.get("hex-content")), ("0", "plain", None));
    assert_eq!(written(Alphabet::Latin1, "5@")["content"], "5@");
    assert_eq!(written(Alphabet::Latin1, "é")["hex-content"], "e9");
    let form = written(Alphabet::Latin1, "€");
    assert_eq!((form["coding"].as_str(), form["hex-content"].as_str()), ("8", "20ac"));
}

#[test]
fn the_name_of_the_send_comes_back_in_its_reports() {
    let form = written(Alphabet::Gsm, "Hi");
    assert_eq!(form["dlr-url"], format!("https://h.example/hooks/js/s/status?send={}", send_ref()));
    let failed = |fields: &str| match read(Alphabet::Gsm, &format!("/status?send={}", send_ref()), &format!("id=x&{fields}")) {
        Ok(Decoded::Status(report)) => {
            assert_eq!(report.send, Some(send_ref()));
            let failure = report.failure.expect("a failure");
            (failure.reason, failure.retryable, failure.error.code)
        }
        other => panic!("{other:?}"),
    };
    let code = |text: &str| Some(text.to_owned());
    assert_eq!(failed("message_status=UNDELIV&err=011"), (FailureReason::Unreachable, false, code("011")));
    assert_eq!(failed("message_status=ESME_RTHROTTLED"), (FailureReason::Limit, true, code("ESME_RTHROTTLED")));
    assert_eq!(failed("message_status=ESME_RNEW"), (FailureReason::Unknown, false, code("ESME_RNEW")));
    let Ok(Decoded::Other(other)) = read(Alphabet::Gsm, "", "id=x&message_status=PONDERED") else { panic!("other") };
    assert_eq!(other.kind, "status_PONDERED");
}

#[test]
fn refusals_are_told_apart_by_their_words() {
    let of = |status, body: &str| errors::classify(status, &Pairs(&[]), body.as_bytes()).name();
    assert_eq!(of(200, "Success"), "unknown");
    assert_eq!(of(200, "Success \"\""), "unknown");
    assert_eq!(of(200, "<html>"), "unknown");
    assert_eq!(of(403, "Error \"User throughput exceeded\""), "throttled");
    assert_eq!(of(403, "Error \"Cannot charge submit_sm, check RouterPB log file for details\""), "config_error");
    assert_eq!(of(400, "Error \"Argument [to] has an invalid value: [x].\""), "rejected");
    assert_eq!(of(503, "Error \"InterceptorPB not connected !\""), "retry");
    assert_eq!(of(502, ""), "unknown");
}

#[test]
fn it_wants_to_be_thanked() {
    let jasmin = Jasmin(settings());
    assert_eq!((jasmin.acknowledge().status, jasmin.acknowledge().body), (200, "ACK/Jasmin".into()));
    let check = jasmin.check(Millis(0)).expect("a check");
    assert_eq!(check.url, "http://jasmin.internal:1401/balance?username=u&password=password-for-tests");
}
