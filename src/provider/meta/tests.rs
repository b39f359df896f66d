//! What the vectors do not cover.

use super::decode::decode;
use super::encode::encode;
use super::signature::{handshake, verify};
use super::*;
use crate::config::secret::Secret;
use crate::domain::address::{Address, E164};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{Choice, FormRequest, InboundContent, MediaKind, Outbound, OutboundContent, Section};
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use crate::provider::send::{EncodeError, SendContext};
use crate::provider::webhook::{Decoded, Method, NumberEvent, Pairs, Received, Refused, Reply, Route, Routes, WebhookRequest};
use indexmap::IndexMap;
use serde_json::{Value, json};

const NUMBER: &str = "106540000000001";

fn settings() -> MetaSettings {
    MetaSettings {
        number: None,
        phone_number_id: NUMBER.to_owned(),
        app_secret: Secret::new("app-secret"),
        second_app_secret: None,
        verify_token: Secret::new("verify-me"),
        access_token: Secret::new("EAAtoken"),
        graph_version: MetaSettings::GRAPH_VERSION.to_owned(),
        base_url: MetaSettings::BASE_URL.to_owned(),
    }
}

fn name(text: &str) -> ChannelName {
    ChannelName::parse(text).expect("a name")
}

fn read(field: &str, value: Value) -> Vec<Decoded> {
    let mut value = value;
    value["metadata"] = value.get("metadata").cloned().unwrap_or(json!({ "phone_number_id": NUMBER }));
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "changes": [{ "field": field, "value": value }] }] });
    let route = Route { channel: name("wa"), kind: ChannelKind::WhatsApp };
    let routes = Routes::only(route.clone()).with(NUMBER, route);
    let body = body.to_string();
    let request = WebhookRequest {
        method: Method::Post,
        url: "https://h.example/hooks/wa",
        headers: &Pairs(&[]),
        body: body.as_bytes(),
        peer: None,
    };
    decode(&request, &routes).expect("decoded")
}

fn received(message: Value, contacts: Value) -> Received {
    match read("messages", json!({ "messages": [message], "contacts": contacts })).remove(0) {
        Decoded::Message(received) => *received,
        other => panic!("{other:?}"),
    }
}

fn content(kind: &str, part: Value) -> (String, InboundContent) {
    let mut message = json!({ "id": "wamid.1", "from": "447700900123", "timestamp": "1795229990", "type": kind });
    message[kind] = part;
    let message = received(message, json!([])).message;
    (message.text, message.content)
}

#[test]
fn kinds_of_content() {
    let button = content("interactive", json!({ "type": "button_reply", "button_reply": { "id": "yes", "title": "Yes" } }));
    assert_eq!(button, ("Yes".into(), InboundContent::ButtonReply { payload: "yes".into() }));
    let plain = content("button", json!({ "text": "Yes" }));
    assert_eq!(plain.1, InboundContent::ButtonReply { payload: "Yes".into() });
    for removed in [json!({ "message_id": "wamid.9" }), json!({ "message_id": "wamid.9", "emoji": "" })] {
        assert_eq!(content("reaction", removed).1, InboundContent::Reaction { message: "wamid.9".into(), emoji: None });
    }
    let number = content("system", json!({ "type": "user_changed_number", "wa_id": "447700900999", "body": "changed" }));
    let expected =
        InboundContent::System { kind: "user_changed_number".into(), new_user_id: None, new_wa_id: Some("447700900999".into()) };
    assert_eq!(number, (String::new(), expected));
    assert_eq!(content("request_welcome", Value::Null).1, InboundContent::RequestWelcome);
    let part = json!({ "original_message_id": "wamid.1", "message": { "type": "text", "text": { "body": "two" } } });
    assert_eq!(content("edit", part), ("two".to_owned(), InboundContent::Edited { message: "wamid.1".into() }));
    let part = json!({ "original_message_id": "wamid.1", "message": { "type": "image", "image": { "caption": "new" } } });
    assert_eq!(content("edit", part).0, "new");
    let part = json!({ "original_message_id": "wamid.1" });
    assert_eq!(content("revoke", part), (String::new(), InboundContent::Deleted { message: "wamid.1".into() }));
    for odd in ["unsupported", "unknown", "poll", "ephemeral"] {
        assert_eq!(content(odd, Value::Null).1, InboundContent::Unsupported { kind: odd.into() });
    }
    let call = content("interactive", json!({ "type": "call_permission_reply", "call_permission_reply": {} })).1;
    assert_eq!(call, InboundContent::Unsupported { kind: "interactive:call_permission_reply".into() });
    for broken in ["", "{", "[]", "\"x\""] {
        let form = content("interactive", json!({ "type": "nfm_reply", "nfm_reply": { "response_json": broken } })).1;
        assert_eq!(form, InboundContent::Unsupported { kind: "interactive:nfm_reply".into() }, "{broken:?}");
    }
    assert!(
        matches!(content("location", json!({ "latitude": "51.5", "longitude": -0.1 })).1, InboundContent::Location(l) if l.lat == 51.5)
    );
    assert!(matches!(content("location", json!({ "latitude": "north" })).1, InboundContent::Unsupported { .. }));
    assert!(matches!(content("voice", json!({ "id": "1" })).1, InboundContent::Media { kind: Some(MediaKind::Audio), .. }));
}

#[test]
fn people_without_a_phone_are_known_by_their_id() {
    let contact = json!([{ "profile": { "name": "Ada", "username": "ada" }, "user_id": "GB.1349" }]);
    let message = json!({ "id": "wamid.1", "from_user_id": "GB.1349", "timestamp": 1_795_229_990_123_i64, "type": "text", "text": { "body": "hi" } });
    let first = received(message, contact.clone()).message;
    assert_eq!(
        (first.from.reveal(), first.user_id.as_deref(), first.profile_name.as_deref()),
        ("GB.1349", Some("GB.1349"), Some("Ada"))
    );
    assert_eq!(first.at, Some(Millis(1_795_229_990_123)));
    // Neither id repeated in the message: the only contact is its writer.
    let bare = json!({ "id": "wamid.2", "type": "text", "text": { "body": "hi" } });
    assert_eq!(received(bare.clone(), contact).message.from, Address::Bsuid("GB.1349".into()));
    match &read("messages", json!({ "messages": [bare] }))[0] {
        Decoded::Other(other) => {
            assert_eq!((other.kind.as_str(), other.id.as_deref()), ("message_without_sender", Some("wamid.2")))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_batch_keeps_what_it_can() {
    // `null` is no group.
    let text = |id: &str| json!({ "id": id, "group_id": null, "from": "447700900123", "type": "text", "text": { "body": "hi" } });
    let kinds = |decoded: Vec<Decoded>| -> Vec<String> {
        let kind = |d: Decoded| match d {
            Decoded::Message(m) => m.message.id,
            Decoded::Status(s) => s.id,
            Decoded::Template(t) => t.template,
            Decoded::Quality(q) => q.word,
            Decoded::Complaint(c) => c.id,
            Decoded::Subscription(s) => s.topic,
            Decoded::Other(o) => o.kind,
        };
        decoded.into_iter().map(kind).collect()
    };
    let group = json!({ "id": "g", "group_id": "G1", "from": "447700900123", "type": "text" });
    let mixed = json!({
        "messages": [text("a"), { "type": "text" }, group, text("b")],
        "statuses": [{ "id": "s", "status": "read" }, { "status": "read" }],
        "errors": [{ "code": 130429, "title": "Rate limit hit" }],
    });
    let expected = ["a", "message_without_id", "group_message", "b", "s", "status_without_id", "error"];
    assert_eq!(kinds(read("messages", mixed)), expected);
    let foreign = json!({ "metadata": { "phone_number_id": "999" }, "messages": [text("a"), text("b")] });
    assert_eq!(kinds(read("messages", foreign)), ["unknown_number", "unknown_number"]);
    assert_eq!(kinds(read("account_alerts", json!({}))), ["account_alerts"]);
    let update = json!({ "event": "APPROVED", "message_template_name": "t" });
    assert_eq!(kinds(read("message_template_status_update", update)), ["t"]);
}

#[test]
fn preferences_are_opt_outs_with_a_stable_id() {
    let choice = |value: &str| json!({ "user_preferences": [{ "wa_id": "447700900123", "category": "marketing_messages", "value": value, "timestamp": 1_795_229_990 }] });
    let one = |value: &str| match read("user_preferences", choice(value)).remove(0) {
        Decoded::Message(received) => (received.message.id, received.message.content),
        other => panic!("{other:?}"),
    };
    let opt_out = |word: &str| InboundContent::OptOut { word: word.into(), scope: Some("marketing".into()) };
    assert_eq!(one("stop").1, opt_out("STOP"));
    assert_eq!(one("resume").1, opt_out("START"));
    assert_eq!(one("stop").0, one("stop").0);
    assert_ne!(one("stop").0, one("resume").0);
    assert!(matches!(read("user_preferences", choice("later"))[0], Decoded::Other(_)));
}

#[test]
fn handshake_answers_only_who_knows_the_token() {
    let ask = |settings: &MetaSettings, method, query: &str| {
        let url = format!("https://h.example/hooks/wa?{query}");
        handshake(settings, &WebhookRequest { method, url: &url, headers: &Pairs(&[]), body: b"", peer: None })
    };
    let reply = |status, body: &str| Some(Reply { status, content_type: "text/plain", body: body.to_owned().into() });
    let good = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify-me";
    assert_eq!(ask(&settings(), Method::Get, good), reply(200, "1158201444"));
    assert_eq!(ask(&settings(), Method::Post, good), None);
    assert_eq!(ask(&settings(), Method::Get, "hub.mode=subscribe&hub.challenge=1&hub.verify_token="), reply(403, ""));
    assert_eq!(ask(&settings(), Method::Get, ""), reply(400, ""));
    let long = format!("hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge={}", "1".repeat(257));
    assert_eq!(ask(&settings(), Method::Get, &long), reply(400, ""));
    let open = MetaSettings { verify_token: Secret::new(""), ..settings() };
    assert_eq!(ask(&open, Method::Get, "hub.mode=subscribe&hub.challenge=1&hub.verify_token="), reply(403, ""));
}

#[test]
fn signatures_fail_closed() {
    let check = |settings: &MetaSettings, method, header: &str| {
        let headers = [("x-hub-signature-256", header)];
        verify(
            settings,
            &WebhookRequest { method, url: "https://h.example/", headers: &Pairs(&headers), body: b"{}", peer: None },
        )
    };
    let mac = "sha256=1f1cc52b1a4d0d9fd5a1e85cf5b3ea0a1f5d1e60d3a1fdb6c2a0b8c6b6a1c000";
    assert_eq!(check(&settings(), Method::Post, mac), Err(Refused::Forged));
    for broken in ["", "sha256=", "sha256=zz", "sha1=00", &mac[..70]] {
        assert_eq!(check(&settings(), Method::Post, broken), Err(Refused::Forged), "{broken}");
    }
    assert_eq!(check(&settings(), Method::Get, mac), Err(Refused::Unsigned));
    let none = MetaSettings { app_secret: Secret::new(""), ..settings() };
    assert_eq!(check(&none, Method::Post, mac), Err(Refused::NoSecret));
}

fn write(content: OutboundContent, send: Option<SendRef>) -> Result<Value, EncodeError> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = name("wa");
    let context =
        SendContext { channel: &channel, send, status_callback: None, kind: ChannelKind::WhatsApp, mail: None, now: Millis(0) };
    let request = encode(&settings(), &Outbound { to, content, in_reply_to: None, provider: None }, &context)?;
    assert!(!format!("{request:?}").contains("EAAtoken"));
    Ok(serde_json::from_slice(&request.body).expect("JSON"))
}

fn choice(id: &str, title: &str) -> Choice {
    Choice { id: id.to_owned(), title: title.to_owned(), description: None }
}

#[test]
fn the_send_comes_back_in_reports() {
    let contact = ContactKey::derive(b"s", "+447700900123");
    let send = SendRef { contact, effect: Token::birth(contact, InputId::of(DedupeHash::of(&["a"]))).effect(0) };
    let body = write(OutboundContent::Text { text: "Hi".into() }, Some(send)).expect("written");
    assert_eq!(body["biz_opaque_callback_data"], send.to_string());
    let status = json!({ "id": "wamid.1", "status": "sent", "biz_opaque_callback_data": body["biz_opaque_callback_data"] });
    match &read("messages", json!({ "statuses": [status] }))[0] {
        Decoded::Status(report) => assert_eq!(report.send, Some(send)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn lists_and_forms() {
    let list = |n: usize| OutboundContent::List {
        text: "Pick".into(),
        header: None,
        footer: None,
        button: "Choose".into(),
        rows: (0..n).map(|i| choice(&i.to_string(), "Row")).collect(),
    };
    let body = write(list(10), None).expect("10 rows");
    assert_eq!(body["interactive"]["action"]["sections"][0]["rows"].as_array().map(Vec::len), Some(10));
    assert!(matches!(write(list(11), None), Err(EncodeError::TooLong { got: 11, max: 10, .. })));
    assert!(matches!(write(list(0), None), Err(EncodeError::Empty(_))));
    let sections = |titles: [Option<&str>; 2]| OutboundContent::Sections {
        text: "Pick".into(),
        header: Some("H".into()),
        footer: None,
        button: "Choose".into(),
        sections: titles
            .iter()
            .enumerate()
            .map(|(i, t)| Section { title: t.map(str::to_owned), rows: vec![choice(&i.to_string(), "Row")] })
            .collect(),
    };
    assert_eq!(
        write(sections([Some("A"), Some("B")]), None).expect("written")["interactive"]["action"]["sections"][1]["title"],
        "B"
    );
    assert!(write(sections([Some("A"), None]), None).is_err());
    let form = FormRequest {
        text: "Fill".into(),
        header: None,
        footer: None,
        button: "Open".into(),
        form: "77".into(),
        token: "t-1".into(),
        screen: Some("START".into()),
        data: IndexMap::from([("name".to_owned(), crate::domain::value::Value::text("Ada"))]),
    };
    let parameters = &write(OutboundContent::Form(form), None).expect("written")["interactive"]["action"]["parameters"];
    assert_eq!(parameters["flow_action_payload"], json!({ "screen": "START", "data": { "name": "Ada" } }));
}

#[test]
fn limits_are_checked_before_meta_does() {
    let buttons = |ids: &[&str], title: &str| OutboundContent::Buttons {
        text: "Pick".into(),
        header: None,
        footer: None,
        buttons: ids.iter().map(|id| choice(id, title)).collect(),
    };
    assert!(write(buttons(&["a", "b", "c"], &"x".repeat(20)), None).is_ok());
    assert!(write(buttons(&["a", "b", "c", "d"], "x"), None).is_err());
    assert!(write(buttons(&["a"], &"x".repeat(21)), None).is_err());
    assert!(write(buttons(&["a"], ""), None).is_err());
    assert_eq!(write(buttons(&["a", "a"], "x"), None), Err(EncodeError::DoubleChoice));
    let text = |n: usize| write(OutboundContent::Text { text: "é".repeat(n) }, None);
    assert!(text(4_096).is_ok() && text(4_097).is_err() && text(0).is_err());
    let interactive = |n: usize| write(OutboundContent::LocationRequest { text: "x".repeat(n) }, None);
    assert!(interactive(1_024).is_ok() && interactive(1_025).is_err());
    let album = OutboundContent::Album { media: Vec::new(), text: None };
    assert!(matches!(write(album, None), Err(EncodeError::Unsupported { .. })));
}

#[test]
fn fields_are_handed_on_deep_inside_and_never_over_our_own() {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = name("wa");
    let context = SendContext {
        channel: &channel,
        send: None,
        status_callback: None,
        kind: ChannelKind::WhatsApp,
        mail: None,
        now: Millis(0),
    };
    let fields =
        json!({ "to": "1", "text": { "preview_url": true, "body": "other", "more": 1 }, "message_activity_sharing": true });
    let provider = Some(crate::domain::value::Value::from_json(fields));
    let content = OutboundContent::Text { text: "Hi".into() };
    let request = encode(&settings(), &Outbound { to, content, in_reply_to: None, provider }, &context).expect("encoded");
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    assert_eq!(body["to"], "447700900123");
    assert_eq!(body["text"], json!({ "body": "Hi", "preview_url": false, "more": 1 }));
    assert_eq!(body["message_activity_sharing"], true);
}

#[test]
fn what_is_said_of_a_number_goes_to_its_channel() {
    let (ours, sister) = ("15550001111", "15550002222");
    let route = |channel: &str| Route { channel: name(channel), kind: ChannelKind::WhatsApp };
    let said = |routes: &Routes, number: &str, event: &str| {
        let value = json!({ "display_phone_number": number, "event": event, "current_limit": "TIER_10K" });
        let change = json!({ "field": "phone_number_quality_update", "value": value });
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "time": 1_795_229_990, "changes": [change] }] });
        match super::decode::read(&body, routes).expect("decoded").remove(0) {
            Decoded::Quality(said) => said,
            other => panic!("{other:?}"),
        }
    };
    let one = Routes::only(route("wa")).with(NUMBER, route("wa")).with(NUMBER, route("wa"));
    let flagged = said(&one, "+1 555-000-1111", "FLAGGED");
    assert_eq!((flagged.channel, flagged.event), (Some(name("wa")), NumberEvent::Flagged), "the only one of the app");
    assert_eq!((flagged.limit.as_deref(), flagged.at), (Some("TIER_10K"), Some(Millis(1_795_229_990_000))));
    let both = one.with(ours, route("wa")).with("2", route("sister")).with(sister, route("sister"));
    for (number, channel) in [(ours, Some("wa")), (sister, Some("sister")), ("15550003333", None)] {
        assert_eq!(said(&both, number, "UNFLAGGED").channel, channel.map(name), "{number}");
    }
    let events = ["UNFLAGGED", "DOWNGRADE", "UPGRADE", "ONBOARDING", "NEXT\u{7}"].map(|word| said(&both, ours, word));
    let expected = [NumberEvent::Unflagged, NumberEvent::Lowered, NumberEvent::Other, NumberEvent::Other, NumberEvent::Other];
    assert_eq!(events.clone().map(|said| said.event), expected);
    assert_eq!(events[4].word, "NEXT", "nothing that steers a terminal");
    let nameless = read("phone_number_quality_update", json!({ "event": "FLAGGED" })).remove(0);
    assert!(matches!(nameless, Decoded::Other(other) if other.kind == "phone_number_quality_update"));
}
