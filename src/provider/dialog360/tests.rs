//! What differs from Meta; what does not is in Meta's vectors and tests.

use super::*;
use crate::domain::address::{Address, E164};
use crate::domain::message::OutboundContent;
use crate::domain::name::ChannelName;
use crate::provider::webhook::{Method, Pairs, Route};

fn dialog() -> Dialog360 {
    Dialog360(Dialog360Settings {
        number: None,
        api_key: Secret::new("key-for-tests"),
        phone_number_id: None,
        base_url: Dialog360Settings::BASE_URL.to_owned(),
        guard: Guard { url_secret: Secret::new("a-secret-of-16-letters"), basic: None, header: None, from: Vec::new() },
    })
}

fn kinds(dialog: &Dialog360) -> Vec<String> {
    let body = br#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{
        "metadata":{"phone_number_id":"106540000000009"},
        "messages":[{"id":"wamid.1","from":"447700900123","type":"text","text":{"body":"hi"}}]}}]}]}"#;
    let here = Route { channel: ChannelName::parse("wa").expect("a name"), kind: ChannelKind::WhatsApp };
    let url = "https://h.example/hooks/wa/a-secret-of-16-letters";
    let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&[]), body, peer: None };
    let said = dialog.decode(&request, &Routes::only(here)).expect("decoded");
    let kind = |said| match said {
        Decoded::Message(received) => received.message.text,
        Decoded::Other(other) => other.kind,
        other => panic!("{other:?}"),
    };
    said.into_iter().map(kind).collect()
}

#[test]
fn a_url_is_of_one_number() {
    assert_eq!(kinds(&dialog()), ["hi"]);
    let mut named = dialog();
    named.0.phone_number_id = Some("106540000000001".to_owned());
    assert_eq!(kinds(&named), ["unknown_number"]);
}

#[test]
fn files_come_from_their_own_host() {
    let key = Some("key-for-tests");
    let media = Media { id: Some("1037".into()), ..Media::default() };
    let Ok(FileSource::Asked(asked)) = dialog().file(&media) else { panic!("asked") };
    assert_eq!((asked.request.url.as_str(), asked.configured), ("https://waba-v2.360dialog.io/1037", true));
    assert_eq!(asked.request.header("D360-API-KEY"), key);
    let found = dialog().located(br#"{"url":"https:\/\/lookaside.fbsbx.com\/whatsapp_business\/attachments\/?mid=1&ext=2"}"#);
    let found = found.expect("located");
    assert_eq!(found.request.url, "https://waba-v2.360dialog.io/whatsapp_business/attachments/?mid=1&ext=2");
    assert_eq!((found.configured, found.request.header("d360-api-key")), (true, key));
    for elsewhere in ["https://evil.example/x", "http://lookaside.fbsbx.com/x", "https://lookaside.fbsbx.com:8443/x"] {
        let body = format!(r#"{{"url":"{elsewhere}"}}"#);
        assert_eq!(dialog().located(body.as_bytes()), Err(NoFile::Elsewhere), "{elsewhere}");
    }
    assert_eq!(dialog().located(b"{}"), Err(NoFile::Unreadable));
    let mut stand_in = dialog();
    stand_in.0.base_url = "http://127.0.0.1:8080".to_owned();
    let found = stand_in.located(br#"{"url":"https://lookaside.fbsbx.com/a?b=1"}"#).expect("located");
    assert_eq!(found.request.url, "http://127.0.0.1:8080/a?b=1");
}

#[test]
fn a_key_and_no_token() {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = ChannelName::parse("wa").expect("a name");
    let kind = ChannelKind::WhatsApp;
    let context = SendContext { channel: &channel, send: None, status_callback: None, kind, mail: None, now: Millis(0) };
    let read = OutboundContent::MarkRead { message: "wamid.1".into(), typing: true };
    let request = dialog().encode(&Outbound { to, content: read, in_reply_to: None, provider: None }, &context);
    let request = request.expect("encoded");
    assert_eq!((request.url.as_str(), request.header("authorization")), ("https://waba-v2.360dialog.io/messages", None));
    assert!(!format!("{request:?} {:?}", dialog()).contains("key-for-tests"));
    assert!(request.body.windows(16).any(|w| w == b"typing_indicator"));
}
