//! What the vectors do not cover.

use super::*;
use crate::domain::address::{Address, E164};
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{
    Choice, DeliveryStatus, FailureReason, InboundContent, Location, MediaKind, OutboundContent, TemplateButton, TemplateHeader,
    TemplateParam, TemplateParams,
};
use crate::domain::name::ChannelName;
use crate::provider::proof::{Hash, hmac};
use crate::provider::webhook::{Method, Pairs, Route};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const URL: &str = "https://h.example/hooks/main";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn plivo() -> Plivo {
    Plivo(PlivoSettings {
        kind: ChannelKind::WhatsApp,
        auth_id: "MA0123456789ABCDEFGH".to_owned(),
        auth_token: Secret::new("token-for-tests"),
        second_auth_token: None,
        from: "+447700900001".to_owned(),
        powerpack_uuid: None,
        accept_v2: false,
        base_url: PlivoSettings::BASE_URL.to_owned(),
    })
}

fn name(text: &str) -> ChannelName {
    ChannelName::parse(text).expect("a name")
}

fn route(channel: &str, kind: ChannelKind) -> Route {
    Route { channel: name(channel), kind }
}

fn read(query: &str, body: &str, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    let url = format!("{URL}{query}");
    let request = WebhookRequest { method: Method::Post, url: &url, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
    plivo().decode(&request, routes)
}

fn only(decoded: Result<Vec<Decoded>, Malformed>) -> Decoded {
    let mut all = decoded.expect("decoded");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn content_of(fields: &str) -> (String, InboundContent) {
    let body = format!("MessageUUID=u1&From=447700900123&To=447700900001&{fields}");
    match only(read(
        "",
        &body,
        &Routes::only(route("sms", ChannelKind::Sms)).with("whatsapp:447700900001", route("wa", ChannelKind::WhatsApp)),
    )) {
        Decoded::Message(received) => (received.message.text, received.message.content),
        other => panic!("{other:?}"),
    }
}

#[test]
fn kinds_of_content() {
    let word = |word: &str| InboundContent::OptOut { word: word.into(), scope: None };
    assert_eq!(content_of("Type=sms&Text=yes&MessageIntent=OptIn").1, word("START"));
    assert_eq!(content_of("Type=sms&Text=help&MessageIntent=help").1, word("HELP"));
    assert_eq!(content_of("Type=sms&Text=hi&MessageIntent=other").1, InboundContent::Text);
    let button = InboundContent::ButtonReply { payload: "go:1".into() };
    assert_eq!(content_of("Type=whatsapp&ContentType=button&ButtonText=Yes&ButtonPayload=go%3A1"), ("Yes".into(), button));
    let list = InboundContent::ListReply { payload: "go:1".into(), description: None };
    assert_eq!(content_of("Type=whatsapp&ContentType=list_reply&ButtonText=Yes&ButtonPayload=go%3A1").1, list);
    assert!(matches!(content_of("Type=whatsapp&Latitude=51.5&Longitude=-0.1&Name=Ben").1,
        InboundContent::Location(Location { lat, name: Some(name), .. }) if lat == 51.5 && name == "Ben"));
    let odd = InboundContent::Unsupported { kind: "sticker_pack".into() };
    assert_eq!(content_of("Type=whatsapp&ContentType=sticker_pack").1, odd);
    assert_eq!(content_of("Type=whatsapp&ContentType=sticker_pack&Body=hi").1, InboundContent::Text);
}

#[test]
fn files_are_found_from_zero_and_from_one() {
    for (fields, expected) in [
        ("MediaCount=2&Media0=https%3A%2F%2Fx%2F0&Media1=https%3A%2F%2Fx%2F1", vec!["https://x/0", "https://x/1"]),
        ("MediaCount=2&Media1=https%3A%2F%2Fx%2F1&Media2=https%3A%2F%2Fx%2F2", vec!["https://x/1", "https://x/2"]),
        ("MediaCount=99&Media1=https%3A%2F%2Fx%2F1", vec!["https://x/1"]),
    ] {
        match content_of(&format!("Type=mms&{fields}")).1 {
            InboundContent::Media { media, .. } => {
                let urls: Vec<&str> = media.iter().filter_map(|m| m.url.as_deref()).collect();
                assert_eq!(urls, expected);
            }
            other => panic!("{other:?}"),
        }
    }
    match content_of("Type=whatsapp&ContentType=media&MediaCount=1&Media0=https%3A%2F%2Fx%2F0&MimeType=image%2Fjpeg").1 {
        InboundContent::Media { kind, .. } => assert_eq!(kind, Some(MediaKind::Image)),
        other => panic!("{other:?}"),
    }
    assert_eq!(content_of("Type=mms&MediaCount=0&Media0=x&Text=hi").1, InboundContent::Text);
}

#[test]
fn a_message_goes_to_the_channel_of_its_number_or_nowhere() {
    let routes = Routes::only(route("sms", ChannelKind::Sms))
        .with("447700900002", route("second", ChannelKind::Sms))
        .with("whatsapp:447700900002", route("wa", ChannelKind::WhatsApp))
        .with("pack-1", route("pack", ChannelKind::Sms));
    let channel = |fields: &str| match only(read("", &format!("MessageUUID=u&From=447700900123&{fields}"), &routes)) {
        Decoded::Message(received) => received.message.channel.to_string(),
        Decoded::Other(other) => format!("other {}", other.kind),
        other => panic!("{other:?}"),
    };
    assert_eq!(channel("To=447700900001&Type=sms"), "sms");
    assert_eq!(channel("To=447700900002&Type=sms"), "second");
    assert_eq!(channel("To=447700900002&Type=whatsapp"), "wa");
    assert_eq!(channel("To=447700900009&Type=sms&PowerpackUUID=pack-1"), "pack");
    assert_eq!(channel("To=447700900009&Type=whatsapp"), "other unknown_number");
    assert_eq!(channel("To=447700900001&Type=rcs"), "other unknown_medium");
    assert_eq!(plivo().number(ChannelKind::WhatsApp).as_deref(), Some("whatsapp:447700900001"));
}

fn send_ref() -> SendRef {
    let contact = ContactKey::derive(b"s", "+447700900123");
    SendRef { contact, effect: Token::birth(contact, InputId::of(DedupeHash::of(&["a"]))).effect(0) }
}

#[test]
fn reports_carry_the_name_of_the_send() {
    let send = send_ref();
    let routes = Routes::only(route("sms", ChannelKind::Sms));
    // Keys in lower case were seen.
    let body = "messageuuid=u1&status=undelivered&ErrorCode=200&To=447700900123&From=447700900001";
    match only(read(&format!("?send={send}"), body, &routes)) {
        Decoded::Status(report) => {
            assert_eq!((report.send, report.status), (Some(send), DeliveryStatus::Failed));
            let failure = report.failure.expect("a failure");
            assert_eq!((failure.reason, failure.retryable), (FailureReason::OptedOut, false));
        }
        other => panic!("{other:?}"),
    }
    match only(read("", "MessageUUID=u2&ParentMessageUUID=u1&Status=delivered&ErrorCode=000", &routes)) {
        Decoded::Status(report) => assert_eq!((report.id.as_str(), report.failure), ("u1", None)),
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(only(read("", "MessageUUID=u1&Status=dreaming", &routes)), Decoded::Other(o) if o.kind == "status_dreaming")
    );
    assert!(read("", "Text=x&From=447700900123", &routes).is_err());
    assert!(read("", "MessageUUID=u&Text=x", &routes).is_err());
}

fn check(plivo: &Plivo, method: Method, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<(), Refused> {
    plivo.verify(&WebhookRequest { method, url, headers: &Pairs(headers), body, peer: None })
}

fn sign(token: &str, text: &str) -> String {
    STANDARD.encode(hmac(Hash::Sha256, token.as_bytes(), &[text.as_bytes()]))
}

#[test]
fn every_token_is_believed_under_every_header() {
    let mut p = plivo();
    let old = sign("old", &format!("{URL}?a1.n"));
    let several = format!("{},{old}", sign("unknown", "x"));
    for header in ["X-Plivo-Signature-V3", "X-Plivo-Signature-Ma-V3"] {
        let headers = [(header, several.as_str()), ("X-Plivo-Signature-V3-Nonce", "n"), FORM];
        p.0.second_auth_token = None;
        assert_eq!(check(&p, Method::Post, URL, &headers, b"a=1"), Err(Refused::Forged));
        p.0.second_auth_token = Some(Secret::new("old"));
        assert_eq!(check(&p, Method::Post, URL, &headers, b"a=1"), Ok(()));
        assert_eq!(check(&p, Method::Post, URL, &headers[..1], b"a=1"), Err(Refused::Unsigned), "no nonce");
    }
}

#[test]
fn an_unsigned_body_is_never_believed() {
    let p = plivo();
    let over_url = sign("token-for-tests", &format!("{URL}.n"));
    let nonce = ("X-Plivo-Signature-V3-Nonce", "n");
    let headers = [("X-Plivo-Signature-V3", over_url.as_str()), nonce, ("Content-Type", "application/json")];
    assert_eq!(check(&p, Method::Post, URL, &headers, b""), Ok(()));
    assert_eq!(check(&p, Method::Post, URL, &headers, b"{}"), Err(Refused::Forged));
    let v2 = sign("token-for-tests", &format!("{URL}n"));
    let headers = [("X-Plivo-Signature-V2", v2.as_str()), ("X-Plivo-Signature-V2-Nonce", "n"), FORM];
    assert_eq!(check(&p, Method::Post, URL, &headers, b"a=1"), Err(Refused::UnknownKey));
    let mut old = plivo();
    old.0.accept_v2 = true;
    assert_eq!(check(&old, Method::Post, URL, &headers, b"a=1"), Ok(()));
    // A signature of the third generation that does not fit is not saved by one of the second that does.
    let both = [("X-Plivo-Signature-V3", "AAAA"), nonce, headers[0], headers[1], FORM];
    assert_eq!(check(&old, Method::Post, URL, &both, b"a=1"), Err(Refused::Forged));
}

#[test]
fn it_fails_closed() {
    let mut p = plivo();
    assert_eq!(check(&p, Method::Post, URL, &[FORM], b"a=1"), Err(Refused::Unsigned));
    let nonce = ("X-Plivo-Signature-V3-Nonce", "n");
    for broken in ["%%%", ",", "AAAA"] {
        assert_eq!(check(&p, Method::Post, URL, &[("X-Plivo-Signature-V3", broken), nonce, FORM], b"a=1"), Err(Refused::Forged));
    }
    p.0.auth_token = Secret::new("");
    let empty = sign("", &format!("{URL}?a1.n"));
    assert_eq!(check(&p, Method::Post, URL, &[("X-Plivo-Signature-V3", &empty), nonce, FORM], b"a=1"), Err(Refused::NoSecret));
}

fn write_to(plivo: &Plivo, content: OutboundContent, kind: ChannelKind, url: Option<&str>) -> Result<Value, EncodeError> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = name("main");
    let send = url.map(|_| send_ref());
    let context = SendContext { channel: &channel, send, status_callback: url, kind, mail: None, now: Millis(0) };
    let fields = json!({ "dst": "1", "log": false });
    let provider = Some(crate::domain::value::Value::from_json(fields));
    let request = plivo.encode(&Outbound { to, content, in_reply_to: None, provider }, &context)?;
    assert!(!format!("{request:?} {plivo:?}").contains("token-for-tests"));
    Ok(serde_json::from_slice(&request.body).expect("JSON"))
}

fn write(content: OutboundContent, kind: ChannelKind) -> Result<Value, EncodeError> {
    write_to(&plivo(), content, kind, None)
}

#[test]
fn what_is_written() {
    let text = |text: &str| OutboundContent::Text { text: text.to_owned() };
    let body = write_to(&plivo(), text("Hi"), ChannelKind::Sms, Some(URL)).expect("written");
    assert_eq!(body["url"], format!("{URL}?send={}", send_ref()));
    assert_eq!((&body["dst"], &body["log"]), (&json!("447700900123"), &json!(false)), "fields are handed on, never over our own");
    let mut pack = plivo();
    pack.0.powerpack_uuid = Some("p-1".to_owned());
    let body = write_to(&pack, text("Hi"), ChannelKind::Sms, None).expect("written");
    assert_eq!((&body["powerpack_uuid"], body.get("src")), (&json!("p-1"), None));
    assert!(write(text(&"é".repeat(1_600)), ChannelKind::Sms).is_ok());
    assert!(matches!(write(text(&"é".repeat(1_601)), ChannelKind::Sms), Err(EncodeError::TooLong { got: 1_601, .. })));
    assert!(write(text(&"é".repeat(4_096)), ChannelKind::WhatsApp).is_ok());
    let file = Media { url: Some("https://x.example/a.jpg".into()), ..Media::default() };
    let album = |n| OutboundContent::Album { media: vec![file.clone(); n], text: Some("two".into()) };
    let body = write(album(10), ChannelKind::Sms).expect("10 files");
    assert_eq!(
        (body["media_urls"].as_array().map(Vec::len), &body["type"], &body["text"]),
        (Some(10), &json!("mms"), &json!("two"))
    );
    assert!(write(album(11), ChannelKind::Sms).is_err() && write(album(0), ChannelKind::Sms).is_err());
    assert!(write(album(2), ChannelKind::WhatsApp).is_err());
}

#[test]
fn buttons_and_templates_over_whatsapp() {
    let choice = Choice { id: "a".into(), title: "A".into(), description: None };
    let buttons = OutboundContent::Buttons { text: "?".into(), header: None, footer: None, buttons: vec![choice] };
    let body = write(buttons.clone(), ChannelKind::WhatsApp).expect("written");
    assert_eq!(body["interactive"]["action"]["buttons"][0]["reply"], json!({ "id": "a", "title": "A" }));
    assert!(write(buttons, ChannelKind::Sms).is_err());
    let template = OutboundContent::Template {
        name: "order".into(),
        language: Some("en_US".into()),
        params: TemplateParams::Positional(vec![TemplateParam::Text("Ada".into())]),
        header: Some(TemplateHeader::Media {
            kind: MediaKind::Image,
            media: Media { url: Some("https://x.example/a.jpg".into()), ..Media::default() },
        }),
        buttons: vec![(0, TemplateButton::Reply { payload: "yes".into() })],
    };
    let body = write(template, ChannelKind::WhatsApp).expect("written");
    let expected = json!({ "name": "order", "language": "en_US", "components": [
        { "type": "header", "parameters": [{ "type": "media", "media": "https://x.example/a.jpg" }] },
        { "type": "body", "parameters": [{ "type": "text", "text": "Ada" }] },
        { "type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{ "type": "payload", "payload": "yes" }] },
    ] });
    assert_eq!(body["template"], expected);
    let ask = OutboundContent::LocationRequest { text: "Where?".into() };
    assert!(matches!(write(ask, ChannelKind::WhatsApp), Err(EncodeError::Unsupported { provider: "Plivo", .. })));
}

#[test]
fn files_are_fetched_with_credentials_only_from_plivo() {
    let of = |url: &str| plivo().file(&Media { url: Some(url.to_owned()), ..Media::default() });
    let Ok(FileSource::There(own)) = of("https://media.plivo.com/a.jpg") else { panic!("there") };
    assert!(own.request.header("authorization").is_some_and(|value| value.starts_with("Basic ")));
    let Ok(FileSource::There(elsewhere)) = of("https://files.example/a.jpg") else { panic!("there") };
    assert_eq!((elsewhere.request.header("authorization"), elsewhere.configured), (None, false));
    assert_eq!(of("http://files.example/a.jpg"), Err(NoFile::Elsewhere));
    assert_eq!(plivo().file(&Media::default()), Err(NoFile::Nowhere));
}
