//! What the vectors do not cover.

use super::*;
use crate::config::secret::Secret;
use crate::domain::address::{Address, E164};
use crate::domain::message::{DeliveryStatus, FailureReason, InboundContent, MediaKind, OutboundContent};
use crate::domain::name::ChannelName;
use crate::provider::webhook::{Method, OptOutScope, Pairs, Route};
use serde_json::{Value, json};

fn settings() -> BandwidthSettings {
    BandwidthSettings {
        number: "+15005550006".to_owned(),
        account_id: "9900000".to_owned(),
        application_id: "93de".to_owned(),
        username: "api".to_owned(),
        password: Secret::new("api-password"),
        callback_user: "hookuser".to_owned(),
        callback_password: Secret::new("hookpass"),
        base_url: BandwidthSettings::BASE_URL.to_owned(),
    }
}

fn decode(body: &Value) -> Result<Vec<Decoded>, Malformed> {
    let route = Route { channel: ChannelName::parse("main").expect("a name"), kind: ChannelKind::Sms };
    let routes = Routes::only(route.clone()).with("+15005550006", route);
    let body = body.to_string();
    let url = "https://h.example/hooks/main";
    let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
    Bandwidth(settings()).decode(&request, &routes)
}

fn event(kind: &str, extra: Value) -> Value {
    let mut message = json!({ "id": "1", "owner": "+15005550006", "from": "+15005550009", "to": ["+15005550006"], "text": "hi" });
    message.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    json!({ "type": kind, "time": "2026-11-21T03:00:00.000Z", "to": "+15005550006", "message": message })
}

#[test]
fn a_list_keeps_what_it_can() {
    let all = json!([
        event("message-received", json!({})),
        event("message-received", json!({ "owner": "+15005550099" })),
        event("message-received", json!({ "to": ["+15005550006", "+15005550007"] })),
        event("message-received", json!({ "from": null })),
        event("message-new", json!({})),
        { "type": "message-received" },
        7,
    ]);
    let kind = |decoded: Decoded| match decoded {
        Decoded::Message(received) => received.message.id,
        Decoded::Other(other) => other.kind,
        other => panic!("{other:?}"),
    };
    let kinds: Vec<String> = decode(&all).expect("decoded").into_iter().map(kind).collect();
    let expected = [
        "1",
        "unknown_number",
        "group_message",
        "message_without_sender",
        "message-new",
        "event_without_message",
        "event_without_message",
    ];
    assert_eq!(kinds, expected);
    assert!(decode(&json!([])).is_err() && decode(&json!({})).is_err());
}

#[test]
fn files_without_their_layout() {
    let media = ["https://m.example/x/0/a.PNG?x=1", "https://m.example/x/1/smil.xml", "https://m.example/x/2/b"];
    match decode(&json!([event("message-received", json!({ "media": media }))])).expect("decoded").remove(0) {
        Decoded::Message(received) => match received.message.content {
            InboundContent::Media { kind, media } => {
                assert_eq!((kind, media.len()), (Some(MediaKind::Image), 2));
                assert_eq!(media[0].filename.as_deref(), Some("a.PNG"));
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    let only = json!({ "media": ["https://m.example/x/1/smil.xml"] });
    match decode(&json!([event("message-received", only)])).expect("decoded").remove(0) {
        Decoded::Message(received) => assert_eq!(received.message.content, InboundContent::Text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failure_says_why() {
    let mut failed = event("message-failed", json!({ "from": "+15005550006", "to": ["+15005550009"] }));
    failed["errorCode"] = json!(4775);
    failed["to"] = json!("+15005550009");
    match decode(&json!([failed])).expect("decoded").remove(0) {
        Decoded::Status(report) => {
            assert_eq!(report.status, DeliveryStatus::Failed);
            assert_eq!(report.recipient.map(|to| to.reveal().to_owned()).as_deref(), Some("+15005550009"));
            let failure = report.failure.expect("a failure");
            assert_eq!((failure.reason, failure.opted_out), (FailureReason::OptedOut, Some(OptOutScope::Everything)));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_right_login_is_believed_and_a_missing_one_is_asked_for() {
    let check = |settings: BandwidthSettings, login: Option<String>| {
        let headers: Vec<(&str, &str)> = login.iter().map(|login| ("Authorization", login.as_str())).collect();
        let url = "https://h.example/hooks/main";
        let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&headers), body: b"[]", peer: None };
        Bandwidth(settings).verify(&request)
    };
    assert_eq!(check(settings(), Some(proof::basic("hookuser", "hookpass"))), Ok(()));
    assert_eq!(check(settings(), None), Err(Refused::NoLogin));
    for bad in [proof::basic("hookuser", "other"), proof::basic("other", "hookpass"), "Bearer x".to_owned(), String::new()] {
        assert_eq!(check(settings(), Some(bad)), Err(Refused::Forged));
    }
    let none = BandwidthSettings { callback_password: Secret::new(""), ..settings() };
    assert_eq!(check(none, Some(proof::basic("hookuser", ""))), Err(Refused::NoSecret));
}

fn write(content: OutboundContent) -> Result<Value, EncodeError> {
    let to = Address::Phone(E164::parse("+15005550009").expect("a phone"));
    let channel = ChannelName::parse("main").expect("a name");
    let now = Millis(1_795_230_000_000);
    let context = SendContext { channel: &channel, send: None, status_callback: None, kind: ChannelKind::Sms, mail: None, now };
    let request = Bandwidth(settings()).encode(&Outbound { to, content, in_reply_to: None, provider: None }, &context)?;
    assert_eq!(request.url, "https://messaging.bandwidth.com/api/v2/users/9900000/messages");
    assert!(!format!("{request:?}").contains("api-password"));
    Ok(serde_json::from_slice(&request.body).expect("JSON"))
}

#[test]
fn texts_files_and_nothing_else() {
    let file = |n: usize| Media { url: Some(format!("https://h.example/{n}")), ..Media::default() };
    let album = |count: usize| OutboundContent::Album { media: (0..count).map(file).collect(), text: Some("see".into()) };
    let body = write(album(10)).expect("written");
    assert_eq!((body["media"].as_array().map(Vec::len), &body["text"]), (Some(10), &json!("see")));
    assert!(matches!(write(album(11)), Err(EncodeError::TooLong { got: 11, max: 10, .. })));
    assert!(write(album(0)).is_err());
    let one = OutboundContent::Media { kind: MediaKind::Image, media: file(1), caption: None };
    assert_eq!(write(one).expect("written").get("text"), None);
    assert!(write(OutboundContent::Text { text: String::new() }).is_err());
    assert!(matches!(write(OutboundContent::Contacts(Vec::new())), Err(EncodeError::Unsupported { .. })));
}

#[test]
fn files_are_fetched_with_credentials_from_bandwidth_alone() {
    let of = |url: &str| Bandwidth(settings()).file(&Media { url: Some(url.to_owned()), ..Media::default() });
    match of("https://messaging.bandwidth.com/api/v2/users/123/media/x/0/a.png") {
        Ok(FileSource::There(found)) => assert!(found.request.header("authorization").is_some()),
        other => panic!("{other:?}"),
    }
    assert_eq!(of("https://bandwidth.com.evil.example/a.png"), Err(NoFile::Elsewhere));
}
