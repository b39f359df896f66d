//! What the vectors do not cover.

use super::*;
use crate::domain::address::{Address, E164};
use crate::domain::message::{
    Card, Choice, FailureReason, InboundContent, MediaKind, OutboundContent, TemplateButton, TemplateHeader, TemplateParam,
    TemplateParams,
};
use crate::domain::name::ChannelName;
use crate::provider::webhook::{Method, Pairs, Received, Route};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::form_urlencoded;

fn gupshup() -> Gupshup {
    Gupshup(GupshupSettings {
        app: "DemoApp".to_owned(),
        api_key: Secret::new("key-for-tests"),
        number: "+447700900001".to_owned(),
        base_url: GupshupSettings::BASE_URL.to_owned(),
        guard: Guard { url_secret: Secret::new("a-secret-of-16-letters"), basic: None, header: None, from: Vec::new() },
    })
}

fn read(body: Value) -> Decoded {
    let here = Route { channel: ChannelName::parse("wa").expect("a name"), kind: ChannelKind::WhatsApp };
    let body = body.to_string();
    let url = "https://h.example/hooks/wa/a-secret-of-16-letters";
    let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
    gupshup().decode(&request, &Routes::only(here.clone()).with("DemoApp", here)).expect("decoded").remove(0)
}

fn received(kind: &str, part: Value) -> Received {
    let payload = json!({ "id": "m1", "source": "447700900123", "type": kind, "payload": part });
    match read(json!({ "app": "DemoApp", "timestamp": 1_795_230_000_370_i64, "type": "message", "payload": payload })) {
        Decoded::Message(received) => *received,
        other => panic!("{other:?}"),
    }
}

fn content(kind: &str, part: Value) -> (String, InboundContent) {
    let message = received(kind, part).message;
    assert_eq!(message.at, Some(Millis(1_795_230_000_370)));
    (message.text, message.content)
}

#[test]
fn kinds_of_content() {
    let button = content("button_reply", json!({ "title": "Yes", "id": "q1", "reply": "Yes 1", "postbackText": "go" }));
    assert_eq!(button, ("Yes".into(), InboundContent::ButtonReply { payload: "go".into() }));
    let bare = content("quick_reply", json!({ "text": "Yes", "type": "button" }));
    assert_eq!(bare, ("Yes".into(), InboundContent::ButtonReply { payload: "Yes".into() }));
    let row = content("list_reply", json!({ "title": "Morning", "postbackText": "am", "description": "9-12" }));
    assert_eq!(row.1, InboundContent::ListReply { payload: "am".into(), description: Some("9-12".into()) });
    let file = content("file", json!({ "url": "https://x.example/a.pdf", "name": "a.pdf", "contentType": "application/pdf" }));
    assert!(
        matches!(file.1, InboundContent::Media { kind: Some(MediaKind::Document), media } if media[0].filename.as_deref() == Some("a.pdf"))
    );
    let card = json!({ "contacts": [{ "name": { "formatted_name": "Ann" }, "phones": [{ "phone": "+44 7700 900456" }] }] });
    let cards = vec![Card { name: "Ann".into(), phones: vec!["+44 7700 900456".into()] }];
    assert_eq!(content("contact", card).1, InboundContent::Contacts(cards));
    let reaction = InboundContent::Reaction { message: "g1".into(), emoji: Some("👍".into()) };
    assert_eq!(content("reaction", json!({ "gsId": "g1", "id": "w1", "emoji": "👍" })).1, reaction);
    for odd in ["reaction", "location", "order"] {
        assert_eq!(content(odd, json!({})).1, InboundContent::Unsupported { kind: odd.into() });
    }
}

#[test]
fn what_another_app_says_is_not_the_channels() {
    let message = |app: Value| {
        let payload = json!({ "id": "m1", "source": "447700900123", "type": "text", "payload": { "text": "Hi" } });
        read(json!({ "app": app, "type": "message", "payload": payload }))
    };
    assert!(matches!(message(json!("DemoApp")), Decoded::Message(_)) && matches!(message(Value::Null), Decoded::Message(_)));
    let failed = json!({ "app": "OtherApp", "type": "message-event", "payload": { "id": "g1", "type": "failed" } });
    for said in [message(json!("OtherApp")), read(failed)] {
        assert!(matches!(&said, Decoded::Other(other) if other.kind == "unknown_number" && other.id.is_some()), "{said:?}");
    }
}

#[test]
fn events_that_decide_nothing_are_kept_by_name() {
    let kind = |kind: &str, payload: Value| match read(json!({ "app": "DemoApp", "type": kind, "payload": payload })) {
        Decoded::Other(other) => other.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind("billing-event", json!({})), "billing-event");
    assert_eq!(kind("message-event", json!({ "id": "1", "type": "mismatch" })), "status_mismatch");
    assert_eq!(kind("message-event", json!({})), "status_without_id");
    assert_eq!(kind("message", json!({})), "message_without_id");
    assert_eq!(kind("message", json!({ "id": "1" })), "message_without_sender");
    assert_eq!(kind("user-event", json!({ "type": "opted-out" })), "user-event");
    let event = json!({ "id": "c6ae", "elementName": "order", "status": "rejected", "rejectedReason": "ABUSIVE_CONTENT" });
    match read(json!({ "app": "DemoApp", "type": "template-event", "payload": event })) {
        Decoded::Template(t) => assert_eq!((t.template.as_str(), t.event.as_str()), ("c6ae", "REJECTED")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn opting_out_and_in_have_ids_of_their_own() {
    let id = |kind: &str, at: i64| {
        let payload = json!({ "phone": "447700900123", "type": kind });
        match read(json!({ "app": "DemoApp", "timestamp": at, "type": "user-event", "payload": payload })) {
            Decoded::Message(received) => received.message.id,
            other => panic!("{other:?}"),
        }
    };
    let first = id("opted-out", 1_795_230_000_370);
    assert_eq!(first, id("opted-out", 1_795_230_000_370));
    assert_ne!(first, id("opted-in", 1_795_230_000_370));
    assert_ne!(first, id("opted-out", 1_795_230_999_370));
}

#[test]
fn failures_have_their_reasons() {
    let failure = |code: u32| {
        let payload =
            json!({ "id": "g1", "type": "failed", "destination": "447700900123", "payload": { "code": code, "reason": "x" } });
        match read(json!({ "app": "DemoApp", "type": "message-event", "payload": payload })) {
            Decoded::Status(report) => report.failure.expect("a failure"),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(failure(1002).reason, FailureReason::Invalid);
    assert_eq!(failure(1006).reason, FailureReason::WindowClosed);
    assert!(failure(1012).opted_out.is_some());
    // Meta's own.
    assert_eq!(failure(131_047).reason, FailureReason::WindowClosed);
    assert_eq!(failure(9_999).reason, FailureReason::Unknown);
}

#[test]
fn what_meta_wrote_is_read_as_it_is() {
    let status = json!({ "id": "wamid.1", "gs_id": "g1", "status": "read", "timestamp": "1795230005" });
    let value = json!({ "metadata": { "phone_number_id": "1" }, "statuses": [status] });
    let body =
        json!({ "object": "whatsapp_business_account", "entry": [{ "changes": [{ "field": "messages", "value": value }] }] });
    match read(body) {
        Decoded::Status(report) => assert_eq!((report.id.as_str(), report.provider_status.as_str()), ("g1", "read")),
        other => panic!("{other:?}"),
    }
}

fn write(content: OutboundContent, in_reply_to: Option<&str>) -> Result<BTreeMap<String, String>, EncodeError> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = ChannelName::parse("wa").expect("a name");
    let kind = ChannelKind::WhatsApp;
    let context = SendContext { channel: &channel, send: None, status_callback: None, kind, mail: None, now: Millis(0) };
    let message = Outbound { to, content, in_reply_to: in_reply_to.map(str::to_owned), provider: None };
    let request = gupshup().encode(&message, &context)?;
    assert!(!format!("{request:?} {:?}", gupshup()).contains("key-for-tests"));
    Ok(form_urlencoded::parse(&request.body).into_owned().collect())
}

fn message(content: OutboundContent) -> Result<Value, EncodeError> {
    Ok(serde_json::from_str(&write(content, None)?["message"]).expect("JSON"))
}

fn choice(id: &str, title: &str) -> Choice {
    Choice { id: id.to_owned(), title: title.to_owned(), description: None }
}

#[test]
fn what_leaves_beside_the_vectors() {
    let quoted = write(OutboundContent::Text { text: "Hi".into() }, Some("g1")).expect("written");
    assert_eq!(serde_json::from_str::<Value>(&quoted["message"]).expect("JSON")["context"], json!({ "msgId": "g1" }));
    let media = Media { url: Some("https://x.example/files/menu.pdf?x=1".into()), ..Media::default() };
    let file = message(OutboundContent::Media { kind: MediaKind::Document, media: media.clone(), caption: None });
    assert_eq!(file.expect("written")["filename"], "menu.pdf");
    let voice = |caption| OutboundContent::Media { kind: MediaKind::Audio, media: media.clone(), caption };
    assert_eq!(message(voice(None)).expect("written").get("caption"), None);
    let lost = EncodeError::Unsupported { provider: "Gupshup", what: "words beside a sound", kind: ChannelKind::WhatsApp };
    assert_eq!(message(voice(Some("Which one?".into()))), Err(lost), "nobody would see them");
    let link = OutboundContent::CallToAction { text: "Pay".into(), button: "Open".into(), url: "https://x.example".into() };
    let expected = json!({ "type": "cta_url", "body": "Pay", "display_text": "Open", "url": "https://x.example" });
    assert_eq!(message(link).expect("written"), expected);
    let ask = message(OutboundContent::LocationRequest { text: "Where?".into() }).expect("written");
    assert_eq!(ask["action"], json!({ "name": "send_location" }));
    let list = |title: &str| OutboundContent::List {
        text: "Pick".into(),
        header: None,
        footer: Some("below".into()),
        button: "Open".into(),
        rows: vec![choice("a", title)],
    };
    assert_eq!(write(list("A"), None).expect("written").get("encode"), None);
    assert_eq!(write(list("☕"), None).expect("written")["encode"], "true");
    assert_eq!(message(list("A")).expect("written")["footer"], "below");
    assert!(message(OutboundContent::MarkRead { message: "1".into(), typing: false }).is_err());
}

#[test]
fn limits_are_checked_before_they_do() {
    let buttons = |ids: &[&str], title: &str| OutboundContent::Buttons {
        text: "Pick".into(),
        header: None,
        footer: None,
        buttons: ids.iter().map(|id| choice(id, title)).collect(),
    };
    assert!(message(buttons(&["a", "b", "c"], &"x".repeat(20))).is_ok());
    assert!(message(buttons(&["a", "b", "c", "d"], "x")).is_err());
    assert!(message(buttons(&["a"], &"x".repeat(21))).is_err());
    assert_eq!(message(buttons(&["a", "a"], "x")), Err(EncodeError::DoubleChoice));
    let text = |n: usize| message(OutboundContent::Text { text: "é".repeat(n) });
    assert!(text(4_096).is_ok() && text(4_097).is_err() && text(0).is_err());
    let two = vec![Card { name: "A".into(), phones: Vec::new() }, Card { name: "B".into(), phones: Vec::new() }];
    assert!(matches!(message(OutboundContent::Contacts(two)), Err(EncodeError::TooLong { got: 2, max: 1, .. })));
}

#[test]
fn what_varies_in_a_template_stands_in_its_order() {
    let template = |header, params| OutboundContent::Template {
        name: "c6ae".into(),
        language: Some("en".into()),
        params,
        header,
        buttons: vec![(0, TemplateButton::Reply { payload: "x".into() }), (1, TemplateButton::Url { suffix: "A1/pay".into() })],
    };
    let positional = || TemplateParams::Positional(vec![TemplateParam::Text("A1".into())]);
    let form = write(template(Some(TemplateHeader::Text("Hello".into())), positional()), None).expect("written");
    assert_eq!(serde_json::from_str::<Value>(&form["template"]).expect("JSON")["params"], json!(["Hello", "A1", "A1/pay"]));
    assert_eq!(form.get("message"), None);
    let media = Media { url: Some("https://x.example/a.jpg".into()), ..Media::default() };
    let form =
        write(template(Some(TemplateHeader::Media { kind: MediaKind::Image, media }), positional()), None).expect("written");
    let expected = json!({ "type": "image", "image": { "link": "https://x.example/a.jpg" } });
    assert_eq!(serde_json::from_str::<Value>(&form["message"]).expect("JSON"), expected);
    assert!(write(template(None, TemplateParams::Named(Vec::new())), None).is_err());
}

#[test]
fn answers_that_are_no_answers() {
    let of = |status, body: &str| errors::classify(status, &Pairs(&[]), body.as_bytes()).name();
    assert_eq!(of(200, "<html>"), "unknown");
    assert_eq!(of(202, "{}"), "unknown");
    assert_eq!(of(200, r#"{"status":"error","message":"x"}"#), "rejected");
    assert_eq!(of(502, ""), "unknown");
    assert_eq!(of(500, ""), "retry");
}

#[test]
fn files_are_fetched_where_they_lie_open() {
    let at = |url: &str| gupshup().file(&Media { url: Some(url.into()), ..Media::default() });
    let Ok(FileSource::There(found)) = at("https://filemanager.gupshup.io/fm/wamedia/x") else { panic!("there") };
    assert_eq!((found.configured, found.request.headers.len()), (false, 0));
    assert_eq!(at("http://filemanager.gupshup.io/x"), Err(NoFile::Elsewhere));
    assert_eq!(gupshup().file(&Media::default()), Err(NoFile::Nowhere));
}
