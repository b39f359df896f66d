//! What the vectors do not cover.

use super::*;
use crate::config::secret::Secret;
use crate::domain::address::{Address, E164};
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{Choice, DeliveryStatus, FailureReason, InboundContent, MediaKind, OutboundContent, Section};
use crate::domain::name::ChannelName;
use crate::domain::value::Value as OurValue;
use crate::provider::proof::{Hash, hmac};
use crate::provider::webhook::{Method, Pairs, Route};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const NOW: Millis = Millis(1_795_230_000_000);
const URL: &str = "https://h.example/hooks/main";

fn settings() -> BirdSettings {
    BirdSettings {
        kind: ChannelKind::WhatsApp,
        number: "+447700900001".to_owned(),
        api_key: Secret::new("bk_eu1_key"),
        webhook_signing_secret: Secret::new(format!("whsec_{}", STANDARD.encode("first"))),
        second_webhook_signing_secret: Some(Secret::new(format!("whsec_{}", STANDARD.encode("second")))),
        category: "transactional",
        base_url: "https://eu1.platform.bird.com".to_owned(),
    }
}

fn read(event: &str, data: Value) -> Decoded {
    let route = |name: &str, kind| Route { channel: ChannelName::parse(name).expect("a name"), kind };
    let routes = Routes::only(route("sms", ChannelKind::Sms))
        .with("sms:+447700900001", route("sms", ChannelKind::Sms))
        .with("whatsapp:+447700900001", route("wa", ChannelKind::WhatsApp));
    let body = json!({ "type": event, "timestamp": "2026-11-21T03:00:00Z", "data": data }).to_string();
    let request = WebhookRequest { method: Method::Post, url: URL, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
    Bird(settings()).decode(&request, &routes).expect("decoded").remove(0)
}

fn whatsapp(part: &str, value: Value) -> (String, InboundContent) {
    let mut data = json!({
        "whatsapp_id": "wam_1", "direction": "inbound",
        "from": { "phone_number": "+447700900123", "bsuid": "GB.1349", "display_name": "Ada" },
        "to": { "phone_number": "+447700900001" },
    });
    data[part] = value;
    match read("whatsapp.received", data) {
        Decoded::Message(received) => {
            let message = received.message;
            assert_eq!((message.channel.as_str(), message.user_id.as_deref()), ("wa", Some("GB.1349")));
            assert_eq!((message.from.reveal(), message.profile_name.as_deref()), ("+447700900123", Some("Ada")));
            (message.text, message.content)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn kinds_of_content() {
    assert_eq!(whatsapp("text", json!({ "body": "hi" })), ("hi".into(), InboundContent::Text));
    let button = json!({ "type": "button", "button": { "slug": "yes", "text": "Yes" } });
    assert_eq!(whatsapp("interactive_reply", button), ("Yes".into(), InboundContent::ButtonReply { payload: "yes".into() }));
    let row = json!({ "type": "list", "slug": "r", "text": "Row", "description": "second" });
    let expected = InboundContent::ListReply { payload: "r".into(), description: Some("second".into()) };
    assert_eq!(whatsapp("interactive_reply", row), ("Row".into(), expected));
    let image = json!({ "url": "https://eu1.platform.bird.com/v1/x", "mime_type": "image/jpeg", "caption": "see" });
    match whatsapp("image", image) {
        (text, InboundContent::Media { kind: Some(MediaKind::Image), media }) => {
            assert_eq!((text.as_str(), media[0].content_type.as_deref()), ("see", Some("image/jpeg")));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(whatsapp("location", json!({ "latitude": 1.0, "longitude": 2.0 })).1, InboundContent::Location(_)));
    let cards = json!([{ "name": { "formatted_name": "Bo" }, "phone_numbers": [{ "phone_number": "+1" }] }]);
    assert!(matches!(whatsapp("contact_cards", cards).1, InboundContent::Contacts(c) if c[0].name == "Bo"));
    assert_eq!(whatsapp("unsupported", json!({ "type": "poll" })).1, InboundContent::Unsupported { kind: "poll".into() });
}

#[test]
fn people_without_a_phone_groups_and_our_own() {
    let from = |from: Value| {
        let data =
            json!({ "whatsapp_id": "w", "from": from, "to": { "phone_number": "+447700900001" }, "text": { "body": "x" } });
        match read("whatsapp.received", data) {
            Decoded::Message(received) => received.message.from.reveal().to_owned(),
            Decoded::Other(other) => other.kind,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(from(json!({ "bsuid": "GB.1349" })), "GB.1349");
    assert_eq!(from(json!({ "bsuid": "GB.1349", "group_id": "wag_1" })), "group_message");
    assert_eq!(from(json!({})), "message_without_sender");
    let other = read("whatsapp.received", json!({ "whatsapp_id": "w", "direction": "outbound" }));
    assert!(matches!(other, Decoded::Other(o) if o.kind == "own_message"));
    let elsewhere = read("sms.received", json!({ "sms_id": "s", "from": "+447700900123", "to": "+447700900009", "text": "x" }));
    assert!(matches!(elsewhere, Decoded::Other(o) if o.kind == "unknown_number"));
    assert!(matches!(read("email.bounced", json!({})), Decoded::Other(o) if o.kind == "email.bounced"));
}

#[test]
fn reactions_to_one_message_are_several() {
    let react = |at: &str, emoji: Value| {
        let from = json!({ "phone_number": "+447700900123" });
        let to = json!({ "phone_number": "+447700900001" });
        let data = json!({ "whatsapp_id": "wam_9", "from": from, "to": to, "emoji": emoji, "created_at": at });
        match read("whatsapp.reacted", data) {
            Decoded::Message(received) => (received.message.id, received.message.content),
            other => panic!("{other:?}"),
        }
    };
    let (first, content) = react("2026-11-21T03:00:00Z", json!("👍"));
    assert_eq!(content, InboundContent::Reaction { message: "wam_9".into(), emoji: Some("👍".into()) });
    let (second, content) = react("2026-11-21T03:00:01Z", Value::Null);
    assert_eq!(content, InboundContent::Reaction { message: "wam_9".into(), emoji: None });
    assert_ne!(first, second);
}

#[test]
fn reports_say_why_and_whose() {
    let contact = ContactKey::derive(b"s", "+447700900123");
    let send = SendRef { contact, effect: Token::birth(contact, InputId::of(DedupeHash::of(&["a"]))).effect(0) };
    let data = json!({
        "whatsapp_id": "wam_1", "from": { "phone_number": "+447700900001" }, "to": { "phone_number": "+447700900123", "bsuid": "GB.1" },
        "metadata": { "send": send.to_string() }, "last_error": { "code": "service_window_expired", "description": "closed" },
    });
    match read("whatsapp.failed", data) {
        Decoded::Status(report) => {
            assert_eq!((report.status, report.channel.as_str(), report.send), (DeliveryStatus::Failed, "wa", Some(send)));
            assert_eq!(report.failure.expect("a failure").reason, FailureReason::WindowClosed);
            assert_eq!(report.user_id.as_deref(), Some("GB.1"));
        }
        other => panic!("{other:?}"),
    }
}

fn judged(headers: &[(&str, &str)]) -> Result<(), Refused> {
    let request = WebhookRequest { method: Method::Post, url: URL, headers: &Pairs(headers), body: b"{}", peer: None };
    let bird = Bird(settings());
    bird.verify(&request)?;
    bird.prove(&request, &Facts { now: NOW, certificate: None })
}

#[test]
fn any_of_the_signatures_by_any_of_the_secrets() {
    let sign = |key: &str, at: &str| {
        format!("v1,{}", STANDARD.encode(hmac(Hash::Sha256, key.as_bytes(), &[b"m.", at.as_bytes(), b".{}"])))
    };
    let check =
        |at: &str, signature: &str| judged(&[("webhook-id", "m"), ("webhook-timestamp", at), ("webhook-signature", signature)]);
    let at = "1795230000";
    for key in ["first", "second"] {
        assert_eq!(check(at, &sign(key, at)), Ok(()), "{key}");
        assert_eq!(check(at, &format!("v1,AAAA v1a,x {}", sign(key, at))), Ok(()), "{key}");
    }
    assert_eq!(check(at, &sign("third", at)), Err(Refused::Forged));
    assert_eq!(check(at, &sign("first", at).replace("v1,", "v2,")), Err(Refused::Forged));
    assert_eq!(check("1795229699", &sign("first", "1795229699")), Err(Refused::Stale));
    assert_eq!(check("soon", &sign("first", "soon")), Err(Refused::Stale));
    assert_eq!(judged(&[("webhook-id", "m"), ("webhook-timestamp", at)]), Err(Refused::Unsigned));
}

fn write(kind: ChannelKind, content: OutboundContent, provider: Option<OurValue>) -> Result<(HttpRequest, Value), EncodeError> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = ChannelName::parse("main").expect("a name");
    let context = SendContext { channel: &channel, send: None, status_callback: None, kind, mail: None, now: NOW };
    let request = Bird(settings()).encode(&Outbound { to, content, in_reply_to: None, provider }, &context)?;
    assert!(!format!("{request:?}").contains("bk_eu1_key"));
    let body = serde_json::from_slice(&request.body).expect("JSON");
    Ok((request, body))
}

#[test]
fn an_sms_has_a_category_and_a_key() {
    let text = || OutboundContent::Text { text: "Hi".into() };
    let (first, body) = write(ChannelKind::Sms, text(), None).expect("written");
    assert_eq!(body["category"], "transactional");
    assert_eq!(
        first.header("idempotency-key"),
        write(ChannelKind::Sms, text(), None).expect("written").0.header("idempotency-key")
    );
    let fields = OurValue::from_json(json!({ "category": "marketing", "to": "+1" }));
    let (second, body) = write(ChannelKind::Sms, text(), Some(fields)).expect("written");
    assert_eq!((&body["category"], &body["to"]), (&json!("marketing"), &json!("+447700900123")));
    assert_ne!(first.header("idempotency-key"), second.header("idempotency-key"));
    assert!(write(ChannelKind::Sms, OutboundContent::Contacts(Vec::new()), None).is_err());
}

#[test]
fn menus_have_birds_names() {
    let choice = |id: &str| Choice { id: id.into(), title: format!("Label {id}"), description: None };
    let of = |content| write(ChannelKind::WhatsApp, content, None).map(|(_, body)| body["interactive"].clone());
    let buttons = |ids: &[&str]| OutboundContent::Buttons {
        text: "Pick".into(),
        header: Some("H".into()),
        footer: Some("F".into()),
        buttons: ids.iter().map(|id| choice(id)).collect(),
    };
    let written = of(buttons(&["a"])).expect("written");
    assert_eq!(written["buttons"][0], json!({ "type": "quick_reply", "quick_reply": { "slug": "a", "text": "Label a" } }));
    assert_eq!((&written["header"]["text"], &written["footer_text"]), (&json!("H"), &json!("F")));
    assert_eq!(of(buttons(&["a", "a"])), Err(EncodeError::DoubleChoice));
    assert!(of(buttons(&["a", "b", "c", "d"])).is_err());
    let list = |rows: usize| OutboundContent::List {
        text: "Pick".into(),
        header: None,
        footer: None,
        button: "Open".into(),
        rows: (0..rows).map(|i| choice(&i.to_string())).collect(),
    };
    let written = of(list(10)).expect("written");
    assert_eq!((&written["list"]["button_text"], &written["list"]["sections"][0]["title"]), (&json!("Open"), &json!("Open")));
    assert!(of(list(11)).is_err());
    let nameless = Section { title: None, rows: vec![choice("a")] };
    let sections = vec![nameless.clone(), Section { rows: vec![choice("b")], ..nameless }];
    let two = OutboundContent::Sections { text: "Pick".into(), header: None, footer: None, button: "Open".into(), sections };
    assert!(of(two).is_err());
}

#[test]
fn files_are_fetched_with_the_key_from_bird_alone() {
    let of = |url: &str| Bird(settings()).file(&Media { url: Some(url.to_owned()), ..Media::default() });
    match of("https://us1.platform.bird.com/v1/whatsapp/messages/w/media/m") {
        Ok(FileSource::There(found)) => assert_eq!(found.request.header("authorization"), Some("Bearer bk_eu1_key")),
        other => panic!("{other:?}"),
    }
    assert_eq!(of("https://evil.example/x"), Err(NoFile::Elsewhere));
}
