//! What the vectors do not cover.

use super::*;
use crate::domain::address::{Address, E164};
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{
    Choice, DeliveryStatus, FailureReason, InboundContent, MediaKind, OutboundContent, TemplateButton, TemplateHeader,
    TemplateParam, TemplateParams,
};
use crate::domain::name::ChannelName;
use crate::provider::proof::hmac;
use crate::provider::webhook::{Method, OptOutScope, Pairs, Route};
use serde_json::{Value, json};

const URL: &str = "https://h.example/hooks/main/a-secret-of-16-letters";

fn infobip(kind: ChannelKind) -> Infobip {
    Infobip(InfobipSettings {
        api_key: Secret::new("key-for-tests"),
        base_url: "https://xxxxx.api.infobip.com".to_owned(),
        from: "+447700900001".to_owned(),
        kind,
        guard: Guard { url_secret: Secret::new("a-secret-of-16-letters"), basic: None, header: None, from: Vec::new() },
        signature: None,
    })
}

fn name(text: &str) -> ChannelName {
    ChannelName::parse(text).expect("a name")
}

fn routes() -> Routes {
    let wa = Route { channel: name("wa"), kind: ChannelKind::WhatsApp };
    Routes::only(Route { channel: name("sms"), kind: ChannelKind::Sms }).with("whatsapp:447700900001", wa)
}

fn read(result: Value) -> Decoded {
    let body = json!({ "results": [result], "messageCount": 1 }).to_string();
    let request = WebhookRequest { method: Method::Post, url: URL, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
    infobip(ChannelKind::Sms).decode(&request, &routes()).expect("decoded").remove(0)
}

fn content(message: Value) -> (String, InboundContent) {
    let result = json!({ "messageId": "1", "from": "447700900123", "to": "447700900001", "integrationType": "WHATSAPP", "message": message });
    match read(result) {
        Decoded::Message(m) => (m.message.text, m.message.content),
        other => panic!("{other:?}"),
    }
}

#[test]
fn kinds_of_content() {
    let button = InboundContent::ButtonReply { payload: "go:1".into() };
    assert_eq!(content(json!({ "type": "BUTTON", "text": "Yes", "payload": "go:1" })), ("Yes".into(), button));
    let form = json!({ "type": "INTERACTIVE_FLOW_REPLY", "text": "Sent", "response": { "name": "Ada" } });
    assert!(matches!(content(form).1, InboundContent::FormReply { form } if form.len() == 1));
    match content(json!({ "type": "VOICE", "url": "https://api.infobip.com/x" })).1 {
        InboundContent::Media { kind, media } => assert_eq!((kind, media.len()), (Some(MediaKind::Audio), 1)),
        other => panic!("{other:?}"),
    }
    let place = json!({ "type": "LOCATION", "latitude": "51.5", "longitude": -0.1, "name": "Ben" });
    assert!(matches!(content(place).1, InboundContent::Location(l) if l.lat == 51.5 && l.name.as_deref() == Some("Ben")));
    let reaction = json!({ "type": "REACTION", "emoji": "👍", "context": { "id": "m9" } });
    assert_eq!(content(reaction).1, InboundContent::Reaction { message: "m9".into(), emoji: Some("👍".into()) });
    let cards = json!({ "type": "CONTACT", "contacts": [{ "name": { "formattedName": "Ada" }, "phones": [{ "phone": "+1" }] }] });
    assert!(matches!(content(cards).1, InboundContent::Contacts(cards) if cards[0].name == "Ada" && cards[0].phones == ["+1"]));
    for (odd, kind) in
        [(json!({ "type": "PAYMENT" }), "PAYMENT"), (json!({}), "UNKNOWN"), (json!({ "type": "LOCATION" }), "LOCATION")]
    {
        assert_eq!(content(odd).1, InboundContent::Unsupported { kind: kind.into() });
    }
}

#[test]
fn messages_of_the_messages_api() {
    let items = json!([{ "type": "TEXT", "text": "see" }, { "type": "IMAGE", "url": "https://x/1" }, { "type": "IMAGE", "url": "https://x/2" }]);
    let result = json!({ "event": "MO", "channel": "WHATSAPP", "sender": "447700900123", "destination": "447700900001",
        "content": items, "messageId": "1" });
    match read(result) {
        Decoded::Message(m) => {
            assert_eq!((m.message.channel.as_str(), m.message.text.as_str()), ("wa", "see"));
            assert!(matches!(m.message.content, InboundContent::Media { media, .. } if media.len() == 2));
        }
        other => panic!("{other:?}"),
    }
    let other = |result: Value| match read(result) {
        Decoded::Other(other) => other.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(other(json!({ "event": "TYPING_INDICATOR", "messageId": "1" })), "TYPING_INDICATOR");
    assert_eq!(other(json!({ "from": "447700900123" })), "message_without_id");
    assert_eq!(other(json!({ "messageId": "1" })), "message_without_sender");
    assert_eq!(other(json!({ "messageId": "1", "from": "x", "channel": "VIBER" })), "unknown_medium");
    assert_eq!(other(json!("x")), "message_without_id");
}

fn send_ref() -> SendRef {
    let contact = ContactKey::derive(b"s", "+447700900123");
    SendRef { contact, effect: Token::birth(contact, InputId::of(DedupeHash::of(&["a"]))).effect(0) }
}

#[test]
fn reports_carry_the_name_of_the_send() {
    let of = |result: Value| match read(result) {
        Decoded::Status(report) => report,
        other => panic!("{other:?}"),
    };
    let send = send_ref();
    let status = |group: &str, name: &str| json!({ "groupName": group, "name": name });
    let failed = of(json!({ "messageId": "1", "callbackData": send.to_string(), "to": "447700900123",
        "status": status("UNDELIVERABLE", "UNDELIVERABLE_NOT_DELIVERED"),
        "error": { "name": "EC_CONTENT_BLOCKED", "permanent": true } }));
    assert_eq!((failed.send, failed.status), (Some(send), DeliveryStatus::Failed));
    let failure = failed.failure.expect("a failure");
    assert_eq!((failure.reason, failure.opted_out), (FailureReason::OptedOut, Some(OptOutScope::Everything)));
    let delivered = of(json!({ "messageId": "1", "status": { "groupId": 3 } }));
    assert_eq!((delivered.status, delivered.provider_status.as_str()), (DeliveryStatus::Delivered, "DELIVERED"));
    let seen =
        of(json!({ "messageId": "1", "from": "447700900001", "to": "447700900123", "seenAt": "2026-11-21T03:00:00.000+0000" }));
    assert_eq!((seen.status, seen.at), (DeliveryStatus::Read, Some(Millis(1_795_230_000_000))));
    // Of the group of delivered messages, and the handset's answer still to come.
    let operator = json!({ "messageId": "1", "to": "447700900123",
        "status": { "groupId": 3, "groupName": "DELIVERED", "id": 2, "name": "DELIVERED_TO_OPERATOR" } });
    assert!(matches!(read(operator), Decoded::Status(report) if report.status == DeliveryStatus::Sent));
    assert!(
        matches!(read(json!({ "messageId": "1", "status": status("DREAMING", "x") })), Decoded::Other(o) if o.kind == "status_DREAMING")
    );
}

fn check(infobip: &Infobip, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<(), Refused> {
    infobip.verify(&WebhookRequest { method: Method::Post, url, headers: &Pairs(headers), body, peer: None })
}

#[test]
fn the_secret_in_the_url_and_the_signature_are_both_wanted() {
    let mut i = infobip(ChannelKind::Sms);
    assert_eq!(check(&i, URL, &[], b"{}"), Ok(()));
    assert_eq!(check(&i, "https://h.example/hooks/main", &[], b"{}"), Err(Refused::Forged));
    let signature = |secret: &str| {
        Some(InfobipSignature { header: "X-Sign".into(), secret: Secret::new(secret), algorithm: InfobipAlgorithm::Sha256 })
    };
    i.0.signature = signature("s3cret");
    let mac = hmac(Hash::Sha256, b"s3cret", &[b"{}"]);
    let (hex, base64, named) = (hex::encode(&mac), STANDARD.encode(&mac), format!("sha256={}", hex::encode(&mac)));
    for given in [&hex, &base64, &named] {
        assert_eq!(check(&i, URL, &[("x-sign", given)], b"{}"), Ok(()), "{given}");
        assert_eq!(check(&i, URL, &[("x-sign", given)], b"{ }"), Err(Refused::Forged), "{given}");
        assert_eq!(check(&i, "https://h.example/hooks/main", &[("x-sign", given)], b"{}"), Err(Refused::Forged));
    }
    assert_eq!(check(&i, URL, &[], b"{}"), Err(Refused::Unsigned));
    for (algorithm, hash, name) in
        [(InfobipAlgorithm::Sha1, Hash::Sha1, "sha1"), (InfobipAlgorithm::Sha512, Hash::Sha512, "sha512")]
    {
        i.0.signature = signature("s3cret").map(|signature| InfobipSignature { algorithm, ..signature });
        let mac = hmac(hash, b"s3cret", &[b"{}"]);
        for given in [format!("{name}={}", hex::encode(&mac)), format!("{name}={}", STANDARD.encode(&mac)), STANDARD.encode(&mac)]
        {
            assert_eq!(check(&i, URL, &[("x-sign", &given)], b"{}"), Ok(()), "{given}");
        }
    }
    i.0.signature = signature("");
    assert_eq!(check(&i, URL, &[("x-sign", &hex)], b"{}"), Err(Refused::NoSecret));
}

fn write(content: OutboundContent, kind: ChannelKind) -> Result<(String, Value), EncodeError> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = name("main");
    let send = Some(send_ref());
    let context = SendContext { channel: &channel, send, status_callback: Some(URL), kind, mail: None, now: Millis(0) };
    let adapter = infobip(kind);
    let request = adapter.encode(&Outbound { to, content, in_reply_to: None, provider: None }, &context)?;
    assert!(!format!("{request:?} {adapter:?}").contains("key-for-tests"));
    let path = request.url.strip_prefix("https://xxxxx.api.infobip.com").expect("the host").to_owned();
    Ok((path, serde_json::from_slice(&request.body).expect("JSON")))
}

#[test]
fn a_text_message_has_our_id_and_our_name() {
    let (path, body) = write(OutboundContent::Text { text: "Hi".into() }, ChannelKind::Sms).expect("written");
    let one = &body["messages"][0];
    assert_eq!((path.as_str(), &one["sender"]), ("/sms/3/messages", &json!("447700900001")));
    assert_eq!(one["destinations"][0]["messageId"], callback::uuid(send_ref()));
    assert_eq!(one["webhooks"]["callbackData"], send_ref().to_string());
    assert_eq!(one["webhooks"]["delivery"]["url"], URL);
    let file = OutboundContent::Media { kind: MediaKind::Image, media: Media::default(), caption: None };
    assert!(matches!(write(file, ChannelKind::Sms), Err(EncodeError::Unsupported { what: "a file", .. })));
    assert!(write(OutboundContent::Text { text: "é".repeat(1_601) }, ChannelKind::Sms).is_err());
}

#[test]
fn each_kind_of_whatsapp_message_has_its_place() {
    let of = |content: OutboundContent| write(content, ChannelKind::WhatsApp).expect("written");
    let choice = |id: &str| Choice { id: id.into(), title: "A".into(), description: Some("more".into()) };
    let (path, body) =
        of(OutboundContent::Buttons { text: "?".into(), header: Some("H".into()), footer: None, buttons: vec![choice("a")] });
    assert_eq!(path, "/whatsapp/1/message/interactive/buttons");
    let expected = json!({ "body": { "text": "?" }, "header": { "type": "TEXT", "text": "H" },
        "action": { "buttons": [{ "type": "REPLY", "id": "a", "title": "A" }] } });
    assert_eq!(body["content"], expected);
    assert_eq!((&body["notifyUrl"], &body["callbackData"]), (&json!(URL), &json!(send_ref().to_string())));
    let (path, body) = of(OutboundContent::List {
        text: "?".into(),
        header: None,
        footer: None,
        button: "Choose".into(),
        rows: vec![choice("a")],
    });
    assert_eq!(path, "/whatsapp/1/message/interactive/list");
    assert_eq!(body["content"]["action"]["sections"][0]["rows"][0], json!({ "id": "a", "title": "A", "description": "more" }));
    assert_eq!(
        of(OutboundContent::LocationRequest { text: "Where?".into() }).0,
        "/whatsapp/1/message/interactive/location-request"
    );
    let link = OutboundContent::CallToAction { text: "?".into(), button: "Open".into(), url: "https://x".into() };
    assert_eq!(of(link).1["content"]["action"], json!({ "displayText": "Open", "url": "https://x" }));
    let file = Media { url: Some("https://x.example/a.pdf".into()), filename: Some("a.pdf".into()), ..Media::default() };
    let (path, body) = of(OutboundContent::Media { kind: MediaKind::Document, media: file, caption: Some("see".into()) });
    assert_eq!(path, "/whatsapp/1/message/document");
    assert_eq!(body["content"], json!({ "mediaUrl": "https://x.example/a.pdf", "caption": "see", "filename": "a.pdf" }));
    let read = OutboundContent::MarkRead { message: "ABGG".into(), typing: false };
    assert_eq!(of(read).0, "/whatsapp/1/senders/447700900001/message/ABGG/read");
    let elsewhere = OutboundContent::MarkRead { message: "../x".into(), typing: false };
    assert!(write(elsewhere, ChannelKind::WhatsApp).is_err());
    let same = OutboundContent::Buttons { text: "?".into(), header: None, footer: None, buttons: vec![choice("a"), choice("a")] };
    assert_eq!(write(same, ChannelKind::WhatsApp), Err(EncodeError::DoubleChoice));
}

#[test]
fn templates_go_in_a_list() {
    let template = |params| OutboundContent::Template {
        name: "order".into(),
        language: Some("en".into()),
        params,
        header: Some(TemplateHeader::Text("H".into())),
        buttons: vec![(1, TemplateButton::Url { suffix: "a/1".into() }), (0, TemplateButton::Reply { payload: "yes".into() })],
    };
    let params = TemplateParams::Positional(vec![TemplateParam::Text("Ada".into())]);
    let (path, body) = write(template(params), ChannelKind::WhatsApp).expect("written");
    assert_eq!(path, "/whatsapp/1/message/template");
    let expected = json!({ "templateName": "order", "language": "en", "templateData": {
        "body": { "placeholders": ["Ada"] },
        "header": { "type": "TEXT", "placeholder": "H" },
        "buttons": [{ "type": "QUICK_REPLY", "parameter": "yes" }, { "type": "URL", "parameter": "a/1" }],
    } });
    assert_eq!(body["messages"][0]["content"], expected);
    assert!(write(template(TemplateParams::Named(Vec::new())), ChannelKind::WhatsApp).is_err());
}

#[test]
fn a_send_is_looked_up_by_our_own_id() {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let sought = Sought { send: Some(send_ref()), to: &to, now: Millis(0) };
    let request = infobip(ChannelKind::Sms).lookup(&sought).expect("a request");
    assert!(request.url.contains(&format!("messageId={}", callback::uuid(send_ref()))));
    assert!(infobip(ChannelKind::WhatsApp).lookup(&sought).is_none());
    assert!(infobip(ChannelKind::Sms).idempotent() && !infobip(ChannelKind::WhatsApp).idempotent());
}

#[test]
fn the_key_may_not_see_the_balance_and_still_be_good() {
    let of = |status| infobip(ChannelKind::Sms).checked(status, b"");
    assert_eq!((of(200), of(401), of(403)), (Checked::Valid, Checked::Refused, Checked::Unclear));
}

#[test]
fn files_are_fetched_with_credentials_only_from_infobip() {
    let of = |url: &str| infobip(ChannelKind::Sms).file(&Media { url: Some(url.to_owned()), ..Media::default() });
    let Ok(FileSource::There(own)) = of("https://xxxxx.api.infobip.com/whatsapp/1/senders/1/media/2") else { panic!("there") };
    assert_eq!((own.request.header("authorization"), own.configured), (Some("App key-for-tests"), true));
    let Ok(FileSource::There(elsewhere)) = of("https://media.example.org/1") else { panic!("there") };
    assert_eq!((elsewhere.request.header("authorization"), elsewhere.configured), (None, false));
}
