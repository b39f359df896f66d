//! What the vectors do not cover.

use super::*;
use crate::config::providers::vonage::VonageLogin;
use crate::config::secret::Secret;
use crate::domain::address::{Address, E164};
use crate::domain::message::{
    Choice, DeliveryStatus, FailureReason, InboundContent, Location, MediaKind, OutboundContent, Section, TemplateButton,
    TemplateParam, TemplateParams,
};
use crate::domain::name::ChannelName;
use crate::domain::time::Span;
use crate::provider::webhook::{Method, Pairs, Route};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Header};
use serde_json::{Value, json};

const NOW: Millis = Millis(1_795_230_000_000);

fn settings() -> VonageSettings {
    VonageSettings {
        kind: ChannelKind::WhatsApp,
        number: "+447700900001".to_owned(),
        application_id: None,
        private_key: None,
        login: Some(VonageLogin { api_key: Secret::new("a1b2c3d4"), api_secret: Secret::new("shh-secret") }),
        signature_secret: Secret::new("signature-secret"),
        signed_within: Span::minutes(5),
        base_url: VonageSettings::BASE_URL.to_owned(),
    }
}

fn route(kind: ChannelKind) -> Route {
    Route { channel: ChannelName::parse("main").expect("a name"), kind }
}

fn read(kind: ChannelKind, body: Value) -> Decoded {
    let routes = Routes::only(route(kind)).with(line(kind, "447700900001"), route(kind));
    let body = body.to_string();
    let url = "https://h.example/hooks/main";
    let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
    Vonage::new(settings()).decode(&request, &routes).expect("decoded").remove(0)
}

fn content(kind: &str, part: Value) -> (String, InboundContent) {
    let mut body = json!({
        "channel": "whatsapp", "message_uuid": "u-1", "to": "447700900001", "from": "447700900123", "message_type": kind,
        "context": { "message_uuid": "u-0" },
    });
    body[kind] = part;
    match read(ChannelKind::WhatsApp, body) {
        Decoded::Message(received) => (received.message.text, received.message.content),
        other => panic!("{other:?}"),
    }
}

#[test]
fn kinds_of_content() {
    let row = content("reply", json!({ "id": "r", "title": "Row", "description": "second" }));
    let expected = InboundContent::ListReply { payload: "r".into(), description: Some("second".into()) };
    assert_eq!(row, ("Row".into(), expected));
    let reaction = |emoji: Option<&str>| InboundContent::Reaction { message: "u-0".into(), emoji: emoji.map(str::to_owned) };
    assert_eq!(content("reaction", json!({ "emoji": "👍", "action": "react" })).1, reaction(Some("👍")));
    assert_eq!(content("reaction", json!({ "emoji": "👍", "action": "unreact" })).1, reaction(None));
    for (word, kind) in [("audio", MediaKind::Audio), ("file", MediaKind::Document), ("sticker", MediaKind::Sticker)] {
        let (_, found) = content(word, json!({ "url": "https://api-eu.nexmo.com/v3/media/1" }));
        assert!(matches!(found, InboundContent::Media { kind: Some(k), .. } if k == kind), "{word}");
    }
    let order = json!({ "catalog_id": "c", "product_items": [{ "product_retailer_id": "s", "quantity": "2", "item_price": "1.5", "currency": "EUR" }] });
    match content("order", order).1 {
        InboundContent::Order { catalog, items } => assert_eq!((catalog.as_str(), items[0].qty), ("c", 2.0)),
        other => panic!("{other:?}"),
    }
    assert!(matches!(content("location", json!({ "lat": "north" })).1, InboundContent::Unsupported { .. }));
    assert_eq!(content("poll", json!({})).1, InboundContent::Unsupported { kind: "poll".into() });
}

#[test]
fn a_message_to_another_number_of_the_account_is_nobodys() {
    let to = |number: &str, channel: &str| json!({ "channel": channel, "message_uuid": "u", "to": number, "from": "447700900123", "message_type": "text", "text": "hi" });
    let kind_of = |body| match read(ChannelKind::Sms, body) {
        Decoded::Other(other) => other.kind,
        Decoded::Message(_) => "message".to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(kind_of(to("447700900001", "sms")), "message");
    assert_eq!(kind_of(to("447700900002", "sms")), "unknown_number");
    // The same number on WhatsApp is another channel.
    assert_eq!(kind_of(to("447700900001", "whatsapp")), "unknown_number");
    assert_eq!(kind_of(to("447700900001", "viber_service")), "unknown_medium");
}

#[test]
fn reports_say_why() {
    let report = |extra: Value| {
        let mut body = json!({ "message_uuid": "u", "to": "447700900123", "from": "447700900001", "channel": "whatsapp", "timestamp": "2026-11-21T03:00:05Z" });
        body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        read(ChannelKind::WhatsApp, body)
    };
    let error = json!({ "type": "https://developer.vonage.com/api-errors/messages#1340", "title": 1340, "detail": "Outside" });
    match report(json!({ "status": "rejected", "error": error })) {
        Decoded::Status(report) => {
            assert_eq!(report.status, DeliveryStatus::Failed);
            assert_eq!(report.failure.expect("a failure").reason, FailureReason::WindowClosed);
            assert_eq!(report.at, Some(Millis(1_795_230_005_000)));
        }
        other => panic!("{other:?}"),
    }
    let pricing = json!({ "status": "delivered", "usage": { "price": "0.03", "currency": "EUR" }, "whatsapp": { "pricing": { "category": "utility" } } });
    match report(pricing) {
        Decoded::Status(report) => assert!(report.pricing.is_some_and(|p| p.billable && p.category == "utility")),
        other => panic!("{other:?}"),
    }
    assert!(matches!(report(json!({ "status": "expired" })), Decoded::Other(other) if other.kind == "status_expired"));
}

fn token(claims: &Value, secret: &str, algorithm: Algorithm) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).expect("a token")
}

fn judged(authorization: Option<&str>, body: &[u8]) -> Result<(), Refused> {
    let headers: Vec<(&str, &str)> = authorization.map(|value| ("authorization", value)).into_iter().collect();
    let url = "https://h.example/hooks/main";
    let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&headers), body, peer: None };
    let vonage = Vonage::new(settings());
    vonage.verify(&request)?;
    vonage.prove(&request, &Facts { now: NOW, certificate: None })
}

#[test]
fn webhooks_are_believed_by_their_token_and_hash() {
    let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let with =
        |claims: Value, secret: &str| judged(Some(&format!("Bearer {}", token(&claims, secret, Algorithm::HS256))), b"hello");
    let at = |iat: i64| json!({ "iat": iat, "payload_hash": hash });
    assert_eq!(with(at(1_795_229_990), "signature-secret"), Ok(()));
    assert_eq!(with(at(1_795_229_699), "signature-secret"), Err(Refused::Stale));
    assert_eq!(with(at(1_795_230_301), "signature-secret"), Err(Refused::Stale));
    assert_eq!(with(json!({ "payload_hash": hash }), "signature-secret"), Err(Refused::Stale));
    assert_eq!(with(at(1_795_229_990), "another"), Err(Refused::Forged));
    assert_eq!(with(json!({ "iat": 1_795_229_990 }), "signature-secret"), Err(Refused::Forged));
    assert_eq!(judged(None, b"hello"), Err(Refused::Unsigned));
    assert_eq!(judged(Some("Basic eDp5"), b"hello"), Err(Refused::Forged));
    let strong = token(&at(1_795_229_990), "signature-secret", Algorithm::HS512);
    assert_eq!(judged(Some(&format!("Bearer {strong}")), b"hello"), Err(Refused::Forged), "only HS256");
}

fn write(kind: ChannelKind, content: OutboundContent) -> Result<Value, EncodeError> {
    write_to("+447700900123", kind, content)
}

fn write_to(to: &str, kind: ChannelKind, content: OutboundContent) -> Result<Value, EncodeError> {
    let to = Address::Phone(E164::parse(to).expect("a phone"));
    let channel = ChannelName::parse("main").expect("a name");
    let context = SendContext { channel: &channel, send: None, status_callback: None, kind, mail: None, now: NOW };
    let request = Vonage::new(settings()).encode(&Outbound { to, content, in_reply_to: None, provider: None }, &context)?;
    assert_eq!(request.header("authorization"), Some("Basic YTFiMmMzZDQ6c2hoLXNlY3JldA=="));
    Ok(serde_json::from_slice(&request.body).expect("JSON"))
}

fn template(params: Vec<TemplateParam>, buttons: Vec<(u8, TemplateButton)>) -> OutboundContent {
    OutboundContent::Template {
        name: "parcel".into(),
        language: Some("en_GB".into()),
        params: TemplateParams::Positional(params),
        header: None,
        buttons,
    }
}

#[test]
fn templates_are_short_where_they_can_be() {
    let text = |t: &str| TemplateParam::Text(t.to_owned());
    let short = write(ChannelKind::WhatsApp, template(vec![text("Ada")], Vec::new())).expect("written");
    assert_eq!(short["template"], json!({ "name": "parcel", "parameters": ["Ada"] }));
    assert_eq!(short["whatsapp"], json!({ "policy": "deterministic", "locale": "en_GB" }));
    let button = (0, TemplateButton::Url { suffix: "42".into() });
    let custom = write(ChannelKind::WhatsApp, template(vec![text("Ada")], vec![button])).expect("written");
    assert_eq!(custom["message_type"], "custom");
    assert_eq!(custom["custom"]["type"], "template");
    assert_eq!(custom["custom"]["template"]["components"][1]["sub_type"], "url");
    assert!(write(ChannelKind::Sms, template(Vec::new(), Vec::new())).is_err());
}

#[test]
fn files_lists_places_and_reactions() {
    let media = |kind| OutboundContent::Media {
        kind,
        media: Media { url: Some("https://h.example/m/1".into()), filename: Some("a.pdf".into()), ..Media::default() },
        caption: Some("see".into()),
    };
    let pdf = write(ChannelKind::WhatsApp, media(MediaKind::Document)).expect("written");
    assert_eq!(pdf["file"], json!({ "url": "https://h.example/m/1", "caption": "see", "name": "a.pdf" }));
    // MMS is for the United States and Canada, and for some kinds of files: what else there is stands as a link in a text.
    for (to, kind, channel) in [
        ("+15550100123", MediaKind::Image, "mms"),
        ("+15550100123", MediaKind::Audio, "mms"),
        ("+15550100123", MediaKind::Document, "sms"),
        ("+15550100123", MediaKind::Sticker, "sms"),
        ("+447700900123", MediaKind::Image, "sms"),
    ] {
        let written = write_to(to, ChannelKind::Sms, media(kind)).expect("written");
        assert_eq!(written["channel"], channel, "{to} {kind:?}");
        match channel {
            "sms" => assert_eq!(written["text"], "see\nhttps://h.example/m/1"),
            _ => assert_eq!(written[written["message_type"].as_str().expect("a word")]["caption"], "see"),
        }
    }
    assert!(write(ChannelKind::WhatsApp, media(MediaKind::Audio)).is_err(), "nobody would see the words");
    let rows = vec![Choice { id: "r".into(), title: "Row".into(), description: None }];
    let sections = vec![Section { title: None, rows }];
    let list = OutboundContent::Sections { text: "Pick".into(), header: None, footer: None, button: "Open".into(), sections };
    assert_eq!(write(ChannelKind::WhatsApp, list).expect("written")["custom"]["interactive"]["type"], "list");
    let place = OutboundContent::Location { location: Location { lat: 1.5, lon: 2.5, name: None, address: None }, text: None };
    assert_eq!(write(ChannelKind::WhatsApp, place).expect("written")["custom"]["location"]["latitude"], 1.5);
    let reaction = OutboundContent::Reaction { message: "u-9".into(), emoji: "👍".into() };
    let reaction = write(ChannelKind::WhatsApp, reaction).expect("written");
    assert_eq!((&reaction["context"]["message_uuid"], &reaction["reaction"]["action"]), (&json!("u-9"), &json!("react")));
    let long = OutboundContent::Text { text: "x".repeat(1_601) };
    assert!(matches!(write(ChannelKind::Sms, long), Err(EncodeError::TooLong { .. })));
}

#[test]
fn requests_are_signed_with_the_applications_key() {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS#8");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
    let application = Some("aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab".to_owned());
    let vonage = Vonage::new(VonageSettings { application_id: application, private_key: Some(Secret::new(pem)), ..settings() });
    let of = |now, about: &[u8]| {
        let headers = vonage.authorization(now, about);
        headers[0].1.strip_prefix("Bearer ").expect("a token").to_owned()
    };
    let claims = |token: &str| -> Value {
        let part = token.split('.').nth(1).expect("claims");
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
    };
    let first = claims(&of(NOW, b"a"));
    assert_eq!(first["iat"], 1_795_230_000);
    assert_eq!(first["exp"], 1_795_230_900);
    assert_eq!(first["application_id"], "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab");
    assert_ne!(first["jti"], claims(&of(NOW, b"b"))["jti"]);
    assert!(!format!("{vonage:?}").contains("PRIVATE"));
}

#[test]
fn files_are_fetched_with_credentials_from_vonage_alone() {
    let vonage = Vonage::new(settings());
    let of = |url: &str| vonage.file(&Media { url: Some(url.to_owned()), ..Media::default() }).expect("a source");
    match of("https://api-eu.nexmo.com/v3/media/y") {
        FileSource::There(found) => assert!(found.request.header("authorization").is_some()),
        other => panic!("{other:?}"),
    }
    assert_eq!(of("https://elsewhere.example/y"), FileSource::Open);
    let asked = vonage.check(NOW).expect("a question");
    assert_eq!(asked.url, "https://rest.nexmo.com/account/get-balance");
}
