//! What the vectors do not cover.

use super::*;
use crate::domain::address::{Address, E164};
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{Choice, DeliveryStatus, FailureReason, InboundContent, OutboundContent};
use crate::domain::name::ChannelName;
use crate::provider::webhook::{Method, Pairs, Route};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const URL: &str = "https://h.example/hooks/main";

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key")
}

fn telnyx() -> Telnyx {
    Telnyx(TelnyxSettings {
        kind: ChannelKind::WhatsApp,
        api_key: Secret::new("KEY-for-tests"),
        public_key: pair(1).public_key().as_ref().to_vec(),
        second_public_key: None,
        from: "+447700900001".to_owned(),
        messaging_profile_id: None,
        base_url: TelnyxSettings::BASE_URL.to_owned(),
    })
}

fn name(text: &str) -> ChannelName {
    ChannelName::parse(text).expect("a name")
}

fn routes() -> Routes {
    let wa = Route { channel: name("wa"), kind: ChannelKind::WhatsApp };
    let profile = Route { channel: name("profile"), kind: ChannelKind::Sms };
    Routes::only(Route { channel: name("sms"), kind: ChannelKind::Sms })
        .with("whatsapp:+447700900001", wa)
        .with("profile-1", profile)
}

fn read(query: &str, event: &str, payload: Value) -> Decoded {
    let body = json!({ "data": { "event_type": event, "id": "e1", "payload": payload } }).to_string();
    let url = format!("{URL}{query}");
    let request = WebhookRequest { method: Method::Post, url: &url, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
    telnyx().decode(&request, &routes()).expect("decoded").remove(0)
}

fn incoming(more: Value) -> Decoded {
    let mut payload = json!({ "id": "m1", "direction": "inbound", "type": "SMS", "from": { "phone_number": "+447700900123" },
        "to": [{ "phone_number": "+447700900001" }], "text": "hi" });
    if let (Value::Object(payload), Value::Object(more)) = (&mut payload, more) {
        payload.extend(more);
    }
    read("", "message.received", payload)
}

fn said(decoded: Decoded) -> String {
    match decoded {
        Decoded::Message(m) => format!("{} {}", m.message.channel, m.message.text),
        Decoded::Other(o) => format!("other {}", o.kind),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_goes_to_the_channel_of_its_number() {
    assert_eq!(said(incoming(json!({}))), "sms hi");
    assert_eq!(said(incoming(json!({ "to": "+447700900001" }))), "sms hi");
    assert_eq!(said(incoming(json!({ "type": "WHATSAPP" }))), "wa hi");
    assert_eq!(said(incoming(json!({ "type": "WHATSAPP", "to": "+447700900009" }))), "other unknown_number");
    assert_eq!(said(incoming(json!({ "messaging_profile_id": "profile-1" }))), "profile hi");
    assert_eq!(said(incoming(json!({ "type": "RCS" }))), "other unknown_medium");
    assert_eq!(said(incoming(json!({ "direction": "outbound" }))), "other message_of_ours");
    assert_eq!(said(incoming(json!({ "from": {} }))), "other message_without_sender");
    assert_eq!(said(read("", "call.initiated", json!({}))), "other call.initiated");
}

#[test]
fn whatsapp_has_metas_shape() {
    let of = |body: Value| match incoming(json!({ "type": "WHATSAPP", "text": "", "body": body })) {
        Decoded::Message(m) => (m.message.text, m.message.content, m.message.in_reply_to),
        other => panic!("{other:?}"),
    };
    assert_eq!(of(json!({ "type": "text", "text": { "body": "hello" } })).0, "hello");
    let reply = json!({ "type": "interactive", "context": { "id": "q1" },
        "interactive": { "type": "button_reply", "button_reply": { "id": "yes", "title": "Yes" } } });
    let (text, content, quoted) = of(reply);
    assert_eq!((text.as_str(), quoted.as_deref()), ("Yes", Some("q1")));
    assert_eq!(content, InboundContent::ButtonReply { payload: "yes".into() });
}

fn send_ref() -> SendRef {
    let contact = ContactKey::derive(b"s", "+447700900123");
    SendRef { contact, effect: Token::birth(contact, InputId::of(DedupeHash::of(&["a"]))).effect(0) }
}

#[test]
fn what_a_group_hears_is_answered_to_nobody() {
    let to = |number: &str| json!({ "phone_number": number });
    assert_eq!(said(incoming(json!({ "cc": [] }))), "sms hi");
    assert_eq!(said(incoming(json!({ "cc": [to("+447700900456")] }))), "other group_message");
    assert_eq!(said(incoming(json!({ "to": [to("+447700900456"), to("+447700900001")] }))), "other group_message");
}

#[test]
fn reports_carry_the_name_of_the_send() {
    let send = send_ref();
    let payload = |status: &str| {
        json!({ "id": "m1", "type": "SMS", "from": { "phone_number": "+447700900001" },
        "to": [{ "phone_number": "+447700900123", "status": status }], "completed_at": "2026-11-21T03:00:05.000+00:00" })
    };
    let of = |query: &str, event: &str, payload: Value| match read(query, event, payload) {
        Decoded::Status(report) => report,
        other => panic!("{other:?}"),
    };
    let query = format!("?send={send}");
    let report = of(&query, "message.finalized", payload("delivered"));
    assert_eq!((report.send, report.status, report.at), (Some(send), DeliveryStatus::Delivered, Some(Millis(1_795_230_005_000))));
    assert_eq!(of("", "message.finalized", payload("delivery_unconfirmed")).status, DeliveryStatus::Sent);
    assert_eq!(of("", "message.read", payload("delivered")).status, DeliveryStatus::Read);
    let expired = of("", "message.finalized", payload("expired")).failure.expect("a failure");
    assert_eq!(expired.reason, FailureReason::Unreachable);
    assert_eq!(said(read("", "message.finalized", payload("webhook_delivered"))), "other status_webhook_delivered");
    let mut named = payload("delivered");
    named["body"] = json!({ "biz_opaque_callback_data": send.to_string() });
    assert_eq!(of("", "message.finalized", named.clone()).send, Some(send));
    // What is signed counts more than a query that anybody may have changed.
    let another = SendRef { effect: Token::birth(send.contact, InputId::of(DedupeHash::of(&["b"]))).effect(0), ..send };
    assert_eq!(of(&format!("?send={another}"), "message.finalized", named).send, Some(send));
}

fn check(telnyx: &Telnyx, headers: &[(&str, &str)], body: &[u8], now: i64) -> Result<(), Refused> {
    let request = WebhookRequest { method: Method::Post, url: URL, headers: &Pairs(headers), body, peer: None };
    telnyx.verify(&request)?;
    telnyx.prove(&request, &Facts { now: Millis(now), certificate: None })
}

#[test]
fn signatures_are_of_a_known_key_and_fresh() {
    let sign = |seed: u8, time: &str| STANDARD.encode(pair(seed).sign(format!("{time}|{{}}").as_bytes()).as_ref());
    let (mine, other) = (sign(1, "1000"), sign(2, "1000"));
    let headers = |signature| [("telnyx-signature-ed25519", signature), ("telnyx-timestamp", "1000")];
    let mut t = telnyx();
    for (now, expected) in
        [(1_000, Ok(())), (1_300, Ok(())), (700, Ok(())), (1_301, Err(Refused::Stale)), (699, Err(Refused::Stale))]
    {
        assert_eq!(check(&t, &headers(&mine), b"{}", now * 1_000), expected, "{now}");
    }
    assert_eq!(check(&t, &headers(&mine), b"{ }", 1_000_000), Err(Refused::Forged));
    assert_eq!(check(&t, &headers(&other), b"{}", 1_000_000), Err(Refused::Forged));
    t.0.second_public_key = Some(pair(2).public_key().as_ref().to_vec());
    assert_eq!(check(&t, &headers(&other), b"{}", 1_000_000), Ok(()));
    assert_eq!(check(&t, &headers(&mine)[..1], b"{}", 1_000_000), Err(Refused::Unsigned));
    assert_eq!(check(&t, &headers(&mine)[1..], b"{}", 1_000_000), Err(Refused::Unsigned));
    for broken in ["%%%", "AAAA", &mine[..60]] {
        assert_eq!(check(&t, &headers(broken), b"{}", 1_000_000), Err(Refused::Forged), "{broken}");
    }
    let word = sign(1, "soon");
    let soon = [("telnyx-signature-ed25519", word.as_str()), ("telnyx-timestamp", "soon")];
    assert_eq!(check(&t, &soon, b"{}", 1_000_000), Err(Refused::Stale));
    (t.0.public_key, t.0.second_public_key) = (Vec::new(), None);
    assert_eq!(check(&t, &headers(&mine), b"{}", 1_000_000), Err(Refused::NoSecret));
}

fn write(telnyx: &Telnyx, content: OutboundContent, kind: ChannelKind, named: bool) -> Result<HttpRequest, EncodeError> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = name("main");
    let send = named.then(send_ref);
    let context = SendContext { channel: &channel, send, status_callback: Some(URL), kind, mail: None, now: Millis(0) };
    let request = telnyx.encode(&Outbound { to, content, in_reply_to: None, provider: None }, &context)?;
    assert!(!format!("{request:?} {telnyx:?}").contains("KEY-for-tests"));
    Ok(request)
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

#[test]
fn a_send_has_one_key_however_often_it_is_tried() {
    let text = || OutboundContent::Text { text: "Hi".into() };
    let key = |named| {
        let request = write(&telnyx(), text(), ChannelKind::Sms, named).expect("written");
        request.header("idempotency-key").map(str::to_owned)
    };
    assert!(key(true).is_some_and(|key| key.len() == 36));
    assert_eq!(key(true), key(true));
    // What has no name is another message.
    assert!(key(false).is_some() && key(false) != key(true));
    assert!(telnyx().idempotent());
}

#[test]
fn what_is_written() {
    let mut profile = telnyx();
    (profile.0.from, profile.0.messaging_profile_id) = (String::new(), Some("profile-1".to_owned()));
    let text = |n: usize| OutboundContent::Text { text: "é".repeat(n) };
    let request = write(&profile, text(1), ChannelKind::Sms, true).expect("written");
    let written = body(&request);
    assert_eq!((written.get("from"), &written["messaging_profile_id"]), (None, &json!("profile-1")));
    assert_eq!(written["webhook_url"], format!("{URL}?send={}", send_ref()));
    assert_eq!(profile.number(ChannelKind::Sms).as_deref(), Some("profile-1"));
    assert!(write(&telnyx(), text(1_600), ChannelKind::Sms, false).is_ok());
    assert!(matches!(write(&telnyx(), text(1_601), ChannelKind::Sms, false), Err(EncodeError::TooLong { got: 1_601, .. })));
    assert!(write(&telnyx(), text(0), ChannelKind::Sms, false).is_err());
    let file = Media { url: Some("https://x.example/a.jpg".into()), ..Media::default() };
    let album = |n| OutboundContent::Album { media: vec![file.clone(); n], text: None };
    let written = body(&write(&telnyx(), album(10), ChannelKind::Sms, false).expect("10 files"));
    assert_eq!((written["media_urls"].as_array().map(Vec::len), written.get("text")), (Some(10), None));
    assert!(write(&telnyx(), album(11), ChannelKind::Sms, false).is_err());
    assert!(write(&telnyx(), album(0), ChannelKind::Sms, false).is_err());
}

#[test]
fn whatsapp_is_written_in_metas_shape() {
    let choice = Choice { id: "a".into(), title: "A".into(), description: None };
    let buttons = OutboundContent::Buttons { text: "?".into(), header: None, footer: None, buttons: vec![choice] };
    let request = write(&telnyx(), buttons.clone(), ChannelKind::WhatsApp, true).expect("written");
    assert!(request.url.ends_with("/v2/messages/whatsapp"));
    let written = body(&request);
    let message = &written["whatsapp_message"];
    assert_eq!((&written["type"], &message["type"]), (&json!("WHATSAPP"), &json!("interactive")));
    assert_eq!(message["interactive"]["action"]["buttons"][0]["reply"]["id"], "a");
    assert_eq!(message["biz_opaque_callback_data"], send_ref().to_string());
    assert_eq!(written.get("use_profile_webhooks"), None);
    assert!(write(&telnyx(), buttons, ChannelKind::Sms, false).is_err());
    for content in [
        OutboundContent::Album { media: vec![Media::default()], text: None },
        OutboundContent::MarkRead { message: "m".into(), typing: false },
    ] {
        assert!(matches!(
            write(&telnyx(), content, ChannelKind::WhatsApp, false),
            Err(EncodeError::Unsupported { provider: "Telnyx", .. })
        ));
    }
}

#[test]
fn a_file_is_fetched_without_credentials() {
    let of = |url: &str| telnyx().file(&Media { url: Some(url.to_owned()), ..Media::default() });
    let Ok(FileSource::There(found)) = of("https://media.telnyx.com/a.jpg") else { panic!("there") };
    assert_eq!((found.request.header("authorization"), found.configured), (None, false));
    assert_eq!(of("http://media.telnyx.com/a.jpg"), Err(NoFile::Elsewhere));
}
