//! What the vectors do not cover.

use super::decode::decode;
use super::encode::encode;
use super::*;
use crate::config::secret::Secret;
use crate::domain::address::{Address, E164};
use crate::domain::id::{DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{
    Choice, DeliveryStatus, FailureReason, InboundContent, Media, MediaKind, Outbound, OutboundContent,
};
use crate::domain::name::ChannelName;
use crate::provider::send::{EncodeError, HttpRequest, SendContext};
use crate::provider::webhook::{Decoded, Malformed, Method, Pairs, Route, Routes, WebhookRequest};
use serde_json::json;

pub fn settings() -> TwilioSettings {
    TwilioSettings {
        account_sid: "AC00000000000000000000000000000001".to_owned(),
        auth_token: Secret::new("token-for-tests"),
        second_auth_token: None,
        api_key: None,
        signing_keys: Vec::new(),
        from: "+447700900001".to_owned(),
        base_url: TwilioSettings::BASE_URL.to_owned(),
    }
}

fn name(text: &str) -> ChannelName {
    ChannelName::parse(text).expect("a name")
}

fn route(channel: &str, kind: ChannelKind) -> Route {
    Route { channel: name(channel), kind }
}

fn read(query: &str, body: &str, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
    let url = format!("https://h.example/hooks/main-sms{query}");
    decode(&WebhookRequest { method: Method::Post, url: &url, headers: &Pairs(&[]), body: body.as_bytes(), peer: None }, routes)
}

fn only(decoded: Result<Vec<Decoded>, Malformed>) -> Decoded {
    let mut all = decoded.expect("decoded");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn content_of(fields: &str) -> (String, InboundContent) {
    let body = format!("MessageSid=SM1&From=whatsapp%3A%2B447700900123&To=whatsapp%3A%2B447700900001&{fields}");
    match only(read("", &body, &Routes::only(route("wa", ChannelKind::WhatsApp)))) {
        Decoded::Message(received) => (received.message.text, received.message.content),
        other => panic!("{other:?}"),
    }
}

#[test]
fn kinds_of_content() {
    assert_eq!(content_of("Body=Yes&ButtonPayload=go%3A1").1, InboundContent::ButtonReply { payload: "go:1".into() });
    assert_eq!(content_of("ButtonText=Yes"), ("Yes".into(), InboundContent::ButtonReply { payload: "Yes".into() }));
    let list = InboundContent::ListReply { payload: "slot".into(), description: Some("9-12".into()) };
    assert_eq!(content_of("ListId=slot&ListTitle=Morning&ListDescription=9-12"), ("Morning".into(), list));
    let stop = InboundContent::OptOut { word: "STOP".into(), scope: None };
    assert_eq!(content_of("Body=stop&OptOutType=STOP"), ("stop".into(), stop));
    let reaction = InboundContent::Reaction { message: "SM9".into(), emoji: Some("👍".into()) };
    assert_eq!(content_of("MessageType=reaction&Body=%F0%9F%91%8D&OriginalRepliedMessageSid=SM9").1, reaction);
    assert_eq!(content_of("MessageType=order&Body=").1, InboundContent::Unsupported { kind: "order".into() });
    assert_eq!(content_of("Body=hi&Latitude=x&Longitude=1").1, InboundContent::Text);
    assert!(matches!(content_of("FlowData=%7B%22a%22%3A1%7D").1, InboundContent::FormReply { form } if form.len() == 1));
    match content_of("NumMedia=99&MediaUrl0=https%3A%2F%2Fx.example%2F0&MediaContentType0=image%2Fjpeg").1 {
        InboundContent::Media { kind, media } => assert_eq!((kind, media.len()), (Some(MediaKind::Image), 1)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_goes_to_the_channel_of_its_number_or_nowhere() {
    let routes = Routes::only(route("sms", ChannelKind::Sms))
        .with("+447700900002", route("second", ChannelKind::Sms))
        .with("whatsapp:MG1", route("wa", ChannelKind::WhatsApp));
    let channel = |fields: &str| match only(read("", &format!("MessageSid=SM1&Body=x&{fields}"), &routes)) {
        Decoded::Message(received) => received.message.channel.to_string(),
        Decoded::Other(other) => format!("other {}", other.kind),
        other => panic!("{other:?}"),
    };
    assert_eq!(channel("From=%2B447700900123&To=%2B447700900001"), "sms");
    assert_eq!(channel("From=%2B447700900123&To=%2B447700900002"), "second");
    assert_eq!(channel("From=whatsapp%3A%2B447700900123&To=whatsapp%3A%2B1&MessagingServiceSid=MG1"), "wa");
    assert_eq!(channel("From=whatsapp%3A%2B447700900123&To=whatsapp%3A%2B447700900002"), "other unknown_number");
    assert_eq!(channel("From=messenger%3A123&To=messenger%3A456"), "other unknown_medium");
}

#[test]
fn reports_carry_the_name_of_the_send() {
    let send = send_ref();
    let routes = Routes::only(route("sms", ChannelKind::Sms));
    let body = "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003&To=%2B447700900123&From=%2B447700900001";
    match only(read(&format!("?send={send}"), body, &routes)) {
        Decoded::Status(report) => {
            assert_eq!((report.send, report.status), (Some(send), DeliveryStatus::Failed));
            let failure = report.failure.expect("a failure");
            assert_eq!((failure.reason, failure.retryable), (FailureReason::Unreachable, true));
        }
        other => panic!("{other:?}"),
    }
    match only(read("", "MessageSid=SM1&MessageStatus=partially_delivered", &routes)) {
        Decoded::Other(other) => assert_eq!(other.kind, "status_partially_delivered"),
        other => panic!("{other:?}"),
    }
    assert!(read("", "Body=x&From=%2B447700900123", &routes).is_err());
    assert!(read("", "MessageSid=SM1&Body=x", &routes).is_err());
}

fn send_ref() -> SendRef {
    let contact = crate::domain::id::ContactKey::derive(b"s", "+447700900123");
    let token = Token::birth(contact, InputId::of(DedupeHash::of(&["a"])));
    SendRef { contact, effect: token.effect(0) }
}

fn write(
    settings: &TwilioSettings,
    content: OutboundContent,
    kind: ChannelKind,
    url: Option<&str>,
) -> Result<HttpRequest, EncodeError> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = name("main");
    let context =
        SendContext { channel: &channel, send: url.map(|_| send_ref()), status_callback: url, kind, mail: None, now: Millis(0) };
    encode(settings, &Outbound { to, content, in_reply_to: None, provider: None }, &context)
}

fn field(request: &HttpRequest, name: &str) -> Vec<String> {
    url::form_urlencoded::parse(&request.body).filter(|(n, _)| n == name).map(|(_, v)| v.into_owned()).collect()
}

#[test]
fn the_callback_names_the_send() {
    let text = || OutboundContent::Text { text: "Hi".into() };
    for (url, expected) in [
        ("https://h.example/hooks/a", format!("https://h.example/hooks/a?send={}", send_ref())),
        ("https://h.example/hooks/a?t=1", format!("https://h.example/hooks/a?t=1&send={}", send_ref())),
    ] {
        let request = write(&settings(), text(), ChannelKind::Sms, Some(url)).expect("encoded");
        assert_eq!(field(&request, "StatusCallback"), [expected]);
    }
    let mut service = settings();
    service.from = "MG00000000000000000000000000000001".into();
    let request = write(&service, text(), ChannelKind::Sms, None).expect("encoded");
    assert_eq!(field(&request, "MessagingServiceSid"), [service.from]);
    assert!(field(&request, "From").is_empty());
}

#[test]
fn limits_and_what_twilio_cannot_send() {
    let text = |n: usize| write(&settings(), OutboundContent::Text { text: "é".repeat(n) }, ChannelKind::Sms, None);
    assert!(text(1_600).is_ok());
    assert!(matches!(text(1_601), Err(EncodeError::TooLong { got: 1_601, max: 1_600, .. })));
    assert!(matches!(text(0), Err(EncodeError::Empty(_))));
    let file = Media { url: Some("https://x.example/a.jpg".into()), ..Media::default() };
    let album = |n| OutboundContent::Album { media: vec![file.clone(); n], text: None };
    assert_eq!(field(&write(&settings(), album(10), ChannelKind::Sms, None).expect("10 files"), "MediaUrl").len(), 10);
    assert!(write(&settings(), album(11), ChannelKind::Sms, None).is_err());
    assert!(write(&settings(), album(0), ChannelKind::Sms, None).is_err());
    let choice = Choice { id: "a".into(), title: "A".into(), description: None };
    let buttons = OutboundContent::Buttons { text: "?".into(), header: None, footer: None, buttons: vec![choice] };
    assert!(matches!(write(&settings(), buttons, ChannelKind::WhatsApp, None), Err(EncodeError::Unsupported { .. })));
}

#[test]
fn an_api_key_authenticates_instead_of_the_token() {
    let mut s = settings();
    s.api_key = Some(crate::config::channel::TwilioApiKey { sid: "SK1".into(), secret: Secret::new("s3cret") });
    let request = write(&s, OutboundContent::Text { text: "Hi".into() }, ChannelKind::Sms, None).expect("encoded");
    assert_eq!(request.header("authorization"), Some("Basic U0sxOnMzY3JldA=="));
    assert!(!format!("{request:?} {s:?}").contains("U0sx"));
    assert!(!format!("{s:?}").contains("s3cret"));
}

#[test]
fn typing_goes_to_its_own_host() {
    let typing = || OutboundContent::MarkRead { message: "SM1".into(), typing: true };
    let request = write(&settings(), typing(), ChannelKind::WhatsApp, None).expect("encoded");
    assert_eq!(request.url, "https://messaging.twilio.com/v3/Indicators/Typing.json");
    assert!(write(&settings(), typing(), ChannelKind::Sms, None).is_err());
}

#[test]
fn fields_are_handed_on_and_never_over_our_own() {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = name("main");
    let context =
        SendContext { channel: &channel, send: None, status_callback: None, kind: ChannelKind::Sms, mail: None, now: Millis(0) };
    let fields = json!({ "To": "+15550000000", "ContentRetention": "discard", "Tags": ["a", "b"], "ValidityPeriod": 60 });
    let provider = Some(crate::domain::value::Value::from_json(fields));
    let content = OutboundContent::Text { text: "Hi".into() };
    let request = encode(&settings(), &Outbound { to, content, in_reply_to: None, provider }, &context).expect("encoded");
    assert_eq!(field(&request, "To"), ["+447700900123"]);
    assert_eq!(field(&request, "ContentRetention"), ["discard"]);
    assert_eq!(field(&request, "Tags"), ["a", "b"]);
    assert_eq!(field(&request, "ValidityPeriod"), ["60"]);
}

#[test]
fn what_varies_around_a_template_follows_its_parameters() {
    let template = OutboundContent::Template {
        name: "HX1".into(),
        language: Some("en".into()),
        params: crate::domain::message::TemplateParams::Positional(vec![crate::domain::message::TemplateParam::Text(
            "A1".into(),
        )]),
        header: Some(crate::domain::message::TemplateHeader::Text("Hello".into())),
        buttons: vec![
            (0, crate::domain::message::TemplateButton::Reply { payload: "cod~0001".into() }),
            (1, crate::domain::message::TemplateButton::Url { suffix: "A1/pay".into() }),
        ],
    };
    let request = write(&settings(), template, ChannelKind::WhatsApp, None).expect("encoded");
    assert_eq!(field(&request, "ContentVariables"), [r#"{"1":"A1","2":"Hello","3":"A1/pay"}"#]);
}
