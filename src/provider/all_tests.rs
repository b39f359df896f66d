//! What holds for every adapter: files and the words beside them leave whole or are refused, and what was written to another number
//! of ours is not taken for the channel that was called.

use super::table::examples;
use super::webhook::{Decoded, Malformed, Method, Pairs, Route, WebhookRequest};
use super::{Adapter, SendContext};
use crate::config::providers::PROVIDERS;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::message::{Media, MediaKind, Outbound, OutboundContent};
use crate::domain::name::ChannelName;
use crate::domain::time::Millis;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const FILES: [(MediaKind, &str); 6] = [
    (MediaKind::Image, "a.jpg"),
    (MediaKind::Video, "a.mp4"),
    (MediaKind::Audio, "a.ogg"),
    (MediaKind::Document, "a.pdf"),
    // What has no ending is a document.
    (MediaKind::Document, "bill"),
    (MediaKind::Sticker, "a.webp"),
];

/// The body and URL of the request that leaves, or that none does.
fn written(adapter: &Adapter, kind: ChannelKind, file: (MediaKind, &str), caption: Option<&str>, to: &str) -> Option<String> {
    let channel = ChannelName::parse("main").expect("a name");
    let media = Media { url: Some(format!("https://f.example/{}", file.1)), ..Media::default() };
    let content = OutboundContent::Media { kind: file.0, media, caption: caption.map(str::to_owned) };
    let message = Outbound { to: Address::from_wire(to), content, in_reply_to: None, provider: None };
    let context =
        SendContext { channel: &channel, send: None, status_callback: None, kind, mail: None, now: Millis(1_795_230_000_000) };
    let request = adapter.encode(&message, &context).ok()?;
    let body = String::from_utf8(request.body.to_vec()).expect("text");
    Some(format!("{} {body}", request.url).replace("%2F", "/").replace("\\/", "/"))
}

#[test]
fn words_beside_a_file_are_never_dropped() {
    for entry in PROVIDERS {
        for (kind, adapter) in examples(entry).into_iter().filter(|(_, adapter)| adapter.speaks_http()) {
            for file in FILES {
                if let Some(leaves) = written(&adapter, kind, file, Some("Which-one"), "+447700900123") {
                    assert!(leaves.contains("Which-one"), "{} {kind}: {file:?} leaves without its words", entry.name);
                }
            }
        }
    }
}

#[test]
fn every_file_leaves_where_a_channel_says_that_it_can_carry_files() {
    let mut seen = BTreeSet::new();
    for entry in PROVIDERS {
        for (kind, adapter) in examples(entry).into_iter().filter(|(_, adapter)| adapter.speaks_http()) {
            let shows = (entry.shows)(kind);
            for file in FILES.into_iter().filter(|_| shows.media) {
                for to in ["+447700900123", "+15550100123"] {
                    // As it is laid out: words that cannot stand beside the file are a message of their own.
                    for caption in [None, shows.captions.beside(file.0).then_some("Look-here")] {
                        let leaves = written(&adapter, kind, file, caption, to);
                        let leaves =
                            leaves.unwrap_or_else(|| panic!("{} {kind}: {file:?} with {caption:?} is refused", entry.name));
                        let url = format!("f.example/{}", file.1);
                        assert!(
                            leaves.contains(&url) && leaves.contains(caption.unwrap_or("")),
                            "{} {kind}: {file:?}",
                            entry.name
                        );
                        seen.insert(entry.name);
                    }
                }
            }
        }
    }
    assert!(seen.len() > 10, "{seen:?}");
}

/// A message to this number of ours as each provider tells of it; nothing where a message does not name the number.
fn arriving(provider: &str, kind: ChannelKind, digits: &str) -> Option<(&'static str, String)> {
    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";
    let is_whatsapp = kind == ChannelKind::WhatsApp;
    let json = |body: Value| Some((JSON, body.to_string()));
    let form = |body: String| Some((FORM, body));
    match provider {
        "twilio" => {
            let prefix = if is_whatsapp { "whatsapp%3A" } else { "" };
            form(format!("MessageSid=SM1&From={prefix}%2B447700900123&To={prefix}%2B{digits}&Body=Hi"))
        }
        "plivo" => {
            let kind = if is_whatsapp { "whatsapp" } else { "sms" };
            form(format!("MessageUUID=u1&From=447700900123&To={digits}&Text=Hi&Type={kind}"))
        }
        "africastalking" => form(format!("id=1&from=%2B447700900123&to=%2B{digits}&text=Hi")),
        "jasmin" => form(format!("id=1&from=447700900123&to={digits}&content=Hi")),
        "telnyx" => json(json!({ "data": { "event_type": "message.received", "payload": {
            "id": "1", "direction": "inbound", "type": if is_whatsapp { "WHATSAPP" } else { "SMS" }, "text": "Hi",
            "from": { "phone_number": "+447700900123" }, "to": [{ "phone_number": format!("+{digits}") }] } } })),
        "infobip" => json(json!({ "results": [{
            "messageId": "1", "from": "447700900123", "to": digits, "text": "Hi",
            "integrationType": if is_whatsapp { "WHATSAPP" } else { "SMS" }, "message": { "type": "TEXT", "text": "Hi" } }] })),
        "aws" => json(json!({ "inboundMessageId": "1", "originationNumber": "+447700900123",
            "destinationNumber": format!("+{digits}"), "messageBody": "Hi" })),
        "sinch" => json(json!({ "type": "mo_text", "id": "1", "from": "447700900123", "to": digits, "body": "Hi" })),
        "vonage" => json(json!({ "channel": if is_whatsapp { "whatsapp" } else { "sms" }, "message_uuid": "1",
            "from": "447700900123", "to": digits, "message_type": "text", "text": "Hi" })),
        "vonage_sms" => form(format!("msisdn=447700900123&to={digits}&messageId=1&text=Hi&type=text")),
        "bandwidth" => json(json!([{ "type": "message-received", "to": format!("+{digits}"), "message": {
            "id": "1", "owner": format!("+{digits}"), "from": "+447700900123", "to": [format!("+{digits}")], "text": "Hi" } }])),
        "messagebird" => form(format!("id=1&recipient={digits}&originator=447700900123&body=Hi")),
        _ => None,
    }
}

#[test]
fn what_is_written_to_a_number_that_no_channel_has_is_nobodys() {
    let read = |adapter: &Adapter, kind, body: &(&str, String)| -> Result<Vec<Decoded>, Malformed> {
        let route = Route { channel: ChannelName::parse("main").expect("a name"), kind };
        let headers = [("Content-Type", body.0)];
        let request = WebhookRequest {
            method: Method::Post,
            url: "https://h.example/hooks/main",
            headers: &Pairs(&headers),
            body: body.1.as_bytes(),
            peer: None,
        };
        adapter.decode(&request, &adapter.routes(route, []))
    };
    let mut seen = BTreeSet::new();
    for entry in PROVIDERS {
        for (kind, adapter) in examples(entry) {
            let own = adapter.number(kind).unwrap_or_default();
            let own: String = own.rsplit(':').next().unwrap_or("").trim_start_matches('+').to_owned();
            if own.is_empty() || !own.bytes().all(|b| b.is_ascii_digit()) {
                continue;
            }
            let Some(here) = arriving(entry.name, kind, &own) else { continue };
            let told = read(&adapter, kind, &here);
            assert!(matches!(&told.as_deref(), Ok([Decoded::Message(_)])), "{} {kind}: {told:?}", entry.name);
            let elsewhere = arriving(entry.name, kind, "447700900999").expect("the same");
            match read(&adapter, kind, &elsewhere).as_deref() {
                Ok([Decoded::Other(other)]) => assert_eq!(other.kind, "unknown_number", "{} {kind}", entry.name),
                told => panic!("{} {kind}: {told:?}", entry.name),
            }
            seen.insert(entry.name);
        }
    }
    let expected = ["aws", "bandwidth", "infobip", "jasmin", "messagebird", "plivo", "telnyx", "twilio", "vonage", "vonage_sms"];
    assert!(expected.iter().all(|name| seen.contains(name)), "{seen:?}");
}
