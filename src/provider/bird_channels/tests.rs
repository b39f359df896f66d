//! What the vectors do not cover.

use super::*;
use crate::config::secret::Secret;
use crate::domain::address::{Address, E164};
use crate::domain::message::{
    Choice, DeliveryStatus, FailureReason, InboundContent, MediaKind, OutboundContent, TemplateParam, TemplateParams,
};
use crate::domain::name::ChannelName;
use crate::provider::proof::{Hash, digest, hmac};
use crate::provider::webhook::{Method, Pairs, Route};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const NOW: Millis = Millis(1_795_230_000_000);
const URL: &str = "https://h.example/hooks/main";
const CHANNEL: &str = "614208aa-b153-4d5d-9989-000000000001";

fn settings() -> BirdChannelsSettings {
    BirdChannelsSettings {
        kind: ChannelKind::WhatsApp,
        workspace_id: "5a1d2c3e-0000-4000-8000-000000000001".to_owned(),
        channel_id: CHANNEL.to_owned(),
        access_key: Secret::new("access-key"),
        signing_key: Secret::new("signing-key"),
        base_url: BirdChannelsSettings::BASE_URL.to_owned(),
    }
}

fn read(event: &str, payload: Value) -> Decoded {
    let route = Route { channel: ChannelName::parse("main").expect("a name"), kind: ChannelKind::WhatsApp };
    let routes = Routes::only(route.clone()).with(CHANNEL, route);
    let body = json!({ "service": "channels", "event": event, "payload": payload }).to_string();
    let request = WebhookRequest { method: Method::Post, url: URL, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
    BirdChannels(settings()).decode(&request, &routes).expect("decoded").remove(0)
}

fn content(body: Value) -> (String, InboundContent) {
    let sender = json!({ "contact": { "identifierKey": "phonenumber", "identifierValue": "+447700900123" } });
    match read("whatsapp.inbound", json!({ "id": "1", "channelId": CHANNEL, "sender": sender, "body": body })) {
        Decoded::Message(received) => (received.message.text, received.message.content),
        other => panic!("{other:?}"),
    }
}

#[test]
fn kinds_of_content() {
    let tap = json!({ "type": "text", "text": { "text": "Yes", "actions": [{ "type": "postback", "postback": { "text": "Yes", "payload": "y" } }] } });
    assert_eq!(content(tap), ("Yes".into(), InboundContent::ButtonReply { payload: "y".into() }));
    let image =
        json!({ "type": "image", "image": { "text": "see", "images": [{ "mediaUrl": "https://media.api.bird.com/1" }, {}] } });
    match content(image) {
        (text, InboundContent::Media { kind: Some(MediaKind::Image), media }) => {
            assert_eq!((text.as_str(), media.len()), ("see", 1))
        }
        other => panic!("{other:?}"),
    }
    let file =
        json!({ "type": "file", "file": { "files": [{ "mediaUrl": "https://x.example/1", "contentType": "audio/ogg" }] } });
    assert!(matches!(content(file).1, InboundContent::Media { kind: Some(MediaKind::Audio), .. }));
    let place = json!({ "type": "location", "location": { "coordinates": { "latitude": 1.5, "longitude": 2.5 } } });
    assert!(matches!(content(place).1, InboundContent::Location(l) if l.lat == 1.5));
    assert_eq!(content(json!({ "type": "carousel" })).1, InboundContent::Unsupported { kind: "carousel".into() });
}

#[test]
fn a_channel_speaks_for_itself_alone() {
    let kind = |decoded| match decoded {
        Decoded::Other(other) => other.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(read("whatsapp.inbound", json!({ "id": "1", "channelId": "another" }))), "unknown_number");
    // The medium of the event must be the channel's.
    assert_eq!(kind(read("sms.inbound", json!({ "id": "1", "channelId": CHANNEL }))), "unknown_number");
    assert_eq!(kind(read("whatsapp.inbound", json!({ "channelId": CHANNEL }))), "event_without_message");
    assert_eq!(kind(read("whatsapp.inbound", json!({ "id": "1", "channelId": CHANNEL }))), "message_without_sender");
    assert_eq!(
        kind(read("whatsapp.outbound", json!({ "id": "1", "channelId": CHANNEL, "status": "deleted" }))),
        "status_deleted"
    );
    assert_eq!(kind(read("email.inbound", json!({}))), "email.inbound");
}

#[test]
fn reports_and_interactions() {
    let failure = json!({ "code": 15001, "source": { "name": "whatsapp", "code": "131047" } });
    let failed = json!({ "id": "1", "channelId": CHANNEL, "status": "delivery_failed", "reason": "closed", "failure": failure });
    match read("whatsapp.outbound", failed) {
        Decoded::Status(report) => {
            assert_eq!(report.status, DeliveryStatus::Failed);
            assert_eq!(report.failure.expect("a failure").reason, FailureReason::WindowClosed);
        }
        other => panic!("{other:?}"),
    }
    match read("whatsapp.interaction", json!({ "messageId": "7", "id": "1", "channelId": CHANNEL, "type": "read" })) {
        Decoded::Status(report) => assert_eq!((report.id.as_str(), report.status), ("7", DeliveryStatus::Read)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn signatures_cover_time_url_and_body() {
    let check = |at: &str, url: &str, body: &[u8], signed_body: &[u8]| {
        let hash = digest(Hash::Sha256, &[signed_body]);
        let signature =
            STANDARD.encode(hmac(Hash::Sha256, b"signing-key", &[at.as_bytes(), b"\n", URL.as_bytes(), b"\n", &hash]));
        let headers = [("messagebird-signature", signature.as_str()), ("messagebird-request-timestamp", at)];
        let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&headers), body, peer: None };
        let bird = BirdChannels(settings());
        bird.verify(&request)?;
        bird.prove(&request, &Facts { now: NOW, certificate: None })
    };
    assert_eq!(check("1795230000", URL, b"{}", b"{}"), Ok(()));
    assert_eq!(check("1795230000", URL, b"{ }", b"{}"), Err(Refused::Forged));
    assert_eq!(check("1795230000", "https://other.example/hooks/main", b"{}", b"{}"), Err(Refused::Forged));
    assert_eq!(check("1795229000", URL, b"{}", b"{}"), Err(Refused::Stale));
}

fn write(kind: ChannelKind, content: OutboundContent) -> Result<Value, EncodeError> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = ChannelName::parse("main").expect("a name");
    let context = SendContext { channel: &channel, send: None, status_callback: None, kind, mail: None, now: NOW };
    let request = BirdChannels(settings()).encode(&Outbound { to, content, in_reply_to: None, provider: None }, &context)?;
    assert!(!format!("{request:?}").contains("access-key"));
    Ok(serde_json::from_slice(&request.body).expect("JSON"))
}

#[test]
fn buttons_files_and_templates_on_whatsapp_only() {
    let choice = |id: &str| Choice { id: id.into(), title: "Yes".into(), description: None };
    let buttons = |ids: &[&str]| OutboundContent::Buttons {
        text: "Pick".into(),
        header: None,
        footer: None,
        buttons: ids.iter().map(|id| choice(id)).collect(),
    };
    let body = write(ChannelKind::WhatsApp, buttons(&["y"])).expect("written");
    assert_eq!(body["body"]["text"]["actions"][0]["postback"], json!({ "text": "Yes", "payload": "y" }));
    assert!(write(ChannelKind::Sms, buttons(&["y"])).is_err());
    assert_eq!(write(ChannelKind::WhatsApp, buttons(&["y", "y"])), Err(EncodeError::DoubleChoice));
    let media = Media { url: Some("https://h.example/a.pdf".into()), filename: Some("a.pdf".into()), ..Media::default() };
    let file = OutboundContent::Media { kind: MediaKind::Document, media, caption: Some("see".into()) };
    let body = write(ChannelKind::WhatsApp, file).expect("written");
    assert_eq!((&body["body"]["type"], &body["body"]["file"]["files"][0]["filename"]), (&json!("file"), &json!("a.pdf")));
    let template = |params| OutboundContent::Template {
        name: "project:version".into(),
        language: Some("en".into()),
        params,
        header: None,
        buttons: Vec::new(),
    };
    let named = TemplateParams::Named(vec![("name".into(), TemplateParam::Text("Ada".into()))]);
    let body = write(ChannelKind::WhatsApp, template(named)).expect("written");
    assert_eq!((&body["template"]["projectId"], &body["template"]["version"]), (&json!("project"), &json!("version")));
    assert_eq!(body.get("body"), None);
    let positional = TemplateParams::Positional(vec![TemplateParam::Text("Ada".into())]);
    assert!(write(ChannelKind::WhatsApp, template(positional)).is_err());
}
