//! What the vectors do not cover.

use super::*;
use crate::domain::address::{Address, E164};
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{
    Choice, DeliveryStatus, FailureReason, InboundContent, MediaKind, OutboundContent, TemplateButton, TemplateHeader,
    TemplateParam, TemplateParams,
};
use crate::domain::name::ChannelName;
use crate::provider::proof::{Hash, hmac};
use crate::provider::webhook::{Pairs, Route};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

const URL: &str = "https://h.example/hooks/main";

fn sinch(api: SinchApi) -> Sinch {
    Sinch(SinchSettings {
        kind: ChannelKind::WhatsApp,
        api,
        from: "+447700900001".to_owned(),
        signing_secret: Some(Secret::new("signing-for-tests")),
        guard: None,
        base_url: "https://eu.x.api.sinch.com".to_owned(),
    })
}

fn texting() -> Sinch {
    sinch(SinchApi::Sms { service_plan_id: "plan-1".into(), api_token: Secret::new("token-for-tests") })
}

fn conversation() -> Sinch {
    let login = SinchLogin::Key { id: "key-1".into(), secret: Secret::new("token-for-tests") };
    sinch(SinchApi::Conversation { project_id: "project-1".into(), app_id: "APP1".into(), login })
}

fn name(text: &str) -> ChannelName {
    ChannelName::parse(text).expect("a name")
}

fn routes() -> Routes {
    let route = |channel: &str, kind| Route { channel: name(channel), kind };
    Routes::only(route("wa", ChannelKind::WhatsApp))
        .with("447700900001", route("sms", ChannelKind::Sms))
        .with("sms:APP1", route("both", ChannelKind::Sms))
        .with("whatsapp:APP2", route("sister", ChannelKind::WhatsApp))
}

fn read(body: Value) -> Result<Vec<Decoded>, Malformed> {
    let body = body.to_string();
    let request = WebhookRequest { method: Method::Post, url: URL, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
    conversation().decode(&request, &routes())
}

fn said(body: Value) -> String {
    match read(body).expect("decoded").remove(0) {
        Decoded::Message(m) => format!("{} {}", m.message.channel, m.message.text),
        Decoded::Status(s) => format!("{} {}", s.channel, s.provider_status),
        Decoded::Other(o) => format!("other {}", o.kind),
        other => panic!("{other:?}"),
    }
}

fn incoming(app: &str, channel: &str, contact: Value) -> Value {
    json!({ "app_id": app, "message": { "id": "m1", "direction": "TO_APP", "contact_message": contact,
        "channel_identity": { "channel": channel, "identity": "447700900123" } } })
}

#[test]
fn a_callback_goes_to_the_channel_of_its_app_and_medium() {
    let text = || json!({ "text_message": { "text": "hi" } });
    assert_eq!(said(incoming("APP1", "WHATSAPP", text())), "wa hi");
    assert_eq!(said(incoming("APP1", "SMS", text())), "both hi");
    assert_eq!(said(incoming("APP2", "WHATSAPP", text())), "sister hi");
    assert_eq!(said(incoming("APP3", "WHATSAPP", text())), "other unknown_number");
    assert_eq!(said(incoming("APP1", "VIBER", text())), "other unknown_medium");
    let mut ours = incoming("APP1", "WHATSAPP", text());
    ours["message"]["direction"] = "TO_CONTACT".into();
    assert_eq!(said(ours), "other message_of_ours");
    assert_eq!(said(json!({ "app_id": "APP1", "opt_in_notification": {} })), "other opt_in_notification");
    assert_eq!(said(json!({ "app_id": "APP1" })), "other unknown_callback");
    assert_eq!(
        said(json!({ "type": "mo_text", "id": "1", "from": "447700900123", "to": "447700900001", "body": "hi" })),
        "sms hi"
    );
    assert_eq!(
        said(json!({ "type": "mo_text", "id": "1", "from": "447700900123", "to": "447700900009", "body": "hi" })),
        "other unknown_number"
    );
    assert!(read(json!({ "id": "1" })).is_err() && read(json!({ "type": "mo_text" })).is_err());
}

#[test]
fn who_opted_out_at_sinch_is_opted_out_here() {
    let told = |status: &str, channel: &str, identity: &str| {
        json!({ "app_id": "APP1", "event_time": "2026-11-21T03:00:00Z",
            "opt_out_notification": { "request_id": "R1", "channel": channel, "identity": identity, "status": status } })
    };
    let message = |body| match read(body).expect("decoded").remove(0) {
        Decoded::Message(received) => received.message,
        other => panic!("{other:?}"),
    };
    for (channel, route) in [("WHATSAPP", "wa"), ("SMS", "both")] {
        let message = message(told("OPT_OUT_SUCCEEDED", channel, "447700900123"));
        assert_eq!((message.channel.as_str(), message.from.reveal()), (route, "+447700900123"));
        assert_eq!(message.content, InboundContent::OptOut { word: "STOP".into(), scope: None });
        assert_eq!((message.id.as_str(), message.at), ("preference:447700900123:STOP:R1", Some(Millis(1_795_230_000_000))));
    }
    assert_eq!(said(told("OPT_OUT_FAILED", "SMS", "447700900123")), "other opt_out_notification");
    assert_eq!(said(told("OPT_OUT_SUCCEEDED", "VIBER", "447700900123")), "other unknown_medium");
    assert_eq!(said(told("OPT_OUT_SUCCEEDED", "SMS", "")), "other opt_out_without_person");
}

#[test]
fn what_is_written_to_another_number_of_the_plan_is_not_the_callers() {
    let here = Route { channel: name("sms"), kind: ChannelKind::Sms };
    let routes = crate::provider::Adapter::from(texting()).routes(here, []);
    for (to, expected) in
        [("447700900001", "sms"), ("+447700900001", "sms"), ("447700900003", "unknown_number"), ("78787", "unknown_number")]
    {
        let body = json!({ "type": "mo_text", "id": "1", "from": "447700900123", "to": to, "body": "YES" }).to_string();
        let request = WebhookRequest { method: Method::Post, url: URL, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
        match texting().decode(&request, &routes).expect("decoded").remove(0) {
            Decoded::Message(m) => assert_eq!(m.message.channel.as_str(), expected, "{to}"),
            Decoded::Other(other) => assert_eq!(other.kind, expected, "{to}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn kinds_of_content() {
    let of = |contact: Value| match read(incoming("APP1", "WHATSAPP", contact)).expect("decoded").remove(0) {
        Decoded::Message(m) => (m.message.text, m.message.content, m.message.in_reply_to),
        other => panic!("{other:?}"),
    };
    let pressed = of(json!({ "choice_response_message": { "message_id": "q1", "postback_data": "yes" } }));
    assert_eq!(pressed, (String::new(), InboundContent::ButtonReply { payload: "yes".into() }, Some("q1".into())));
    let card =
        of(json!({ "media_card_message": { "url": "https://x/1", "caption": "see" }, "reply_to": { "message_id": "q2" } }));
    assert_eq!((card.0.as_str(), card.2.as_deref()), ("see", Some("q2")));
    assert!(matches!(card.1, InboundContent::Media { media, .. } if media.len() == 1));
    let form = json!({ "channel_specific_message": { "message_type": "nfm_reply",
        "message": { "nfm_reply": { "response_json": "{\"a\":1}", "body": "Sent" } } } });
    assert!(matches!(of(form).1, InboundContent::FormReply { form } if form.len() == 1));
    let broken = json!({ "channel_specific_message": { "message_type": "nfm_reply", "message": {} } });
    assert_eq!(of(broken).1, InboundContent::Unsupported { kind: "channel_specific:nfm_reply".into() });
    let odd = InboundContent::Unsupported { kind: "fallback_message".into() };
    assert_eq!(of(json!({ "fallback_message": { "raw_message": "x" } })).1, odd);
    assert_eq!(of(json!({})).1, InboundContent::Unsupported { kind: "unknown".into() });
}

#[test]
fn files_over_text_messages() {
    let body = json!({ "type": "mo_media", "id": "1", "from": "447700900123", "to": "447700900001", "body": { "message": "see",
        "media": [{ "url": "https://x/1", "content_type": "image/jpeg" }, { "status": "Failed" }] } });
    match read(body).expect("decoded").remove(0) {
        Decoded::Message(m) => match m.message.content {
            InboundContent::Media { kind, media } => assert_eq!((kind, media.len()), (Some(MediaKind::Image), 1)),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn send_ref() -> SendRef {
    let contact = ContactKey::derive(b"s", "+447700900123");
    SendRef { contact, effect: Token::birth(contact, InputId::of(DedupeHash::of(&["a"]))).effect(0) }
}

#[test]
fn reports_carry_the_name_of_the_send() {
    let send = send_ref();
    let of = |body: Value| match read(body).expect("decoded").remove(0) {
        Decoded::Status(report) => report,
        other => panic!("{other:?}"),
    };
    let failed = of(json!({ "app_id": "APP1", "message_metadata": send.to_string(), "message_delivery_report": {
        "message_id": "m1", "status": "FAILED", "channel_identity": { "channel": "WHATSAPP", "identity": "447700900123" },
        "reason": { "code": "RECIPIENT_NOT_REACHABLE" } } }));
    assert_eq!((failed.send, failed.channel.as_str()), (Some(send), "wa"));
    // Not the number's own fault for sure: the reason is also given where Meta holds marketing back.
    assert_eq!(failed.failure.expect("a failure").reason, FailureReason::Unreachable);
    let sent = of(json!({ "type": "recipient_delivery_report_sms", "batch_id": "b1", "recipient": "447700900123", "code": 401,
        "status": "DISPATCHED", "client_reference": send.to_string() }));
    assert_eq!((sent.send, sent.status), (Some(send), DeliveryStatus::Sent));
    let summary = json!({ "type": "delivery_report_sms", "batch_id": "b1", "statuses": [{ "code": 0, "status": "Delivered", "count": 1 }] });
    assert_eq!(said(summary), "other delivery_report_sms");
    let unknown = json!({ "type": "recipient_delivery_report_sms", "batch_id": "b1", "status": "Unknown" });
    assert_eq!(said(unknown), "other status_Unknown");
    assert_eq!(
        said(json!({ "app_id": "APP1", "message_delivery_report": { "message_id": "m", "status": "SWITCHING_CHANNEL" } })),
        "other status_SWITCHING_CHANNEL"
    );
}

fn check(sinch: &Sinch, url: &str, headers: &[(&str, &str)], body: &[u8], now: i64) -> Result<(), Refused> {
    let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(headers), body, peer: None };
    sinch.verify(&request)?;
    sinch.prove(&request, &Facts { now: Millis(now), certificate: None })
}

#[test]
fn signatures_are_of_the_secret_and_fresh() {
    let signature = STANDARD.encode(hmac(Hash::Sha256, b"signing-for-tests", &[b"{}.n.1000"]));
    let headers = |algorithm| {
        [
            ("x-sinch-webhook-signature", signature.as_str()),
            ("x-sinch-webhook-signature-nonce", "n"),
            ("x-sinch-webhook-signature-timestamp", "1000"),
            ("x-sinch-webhook-signature-algorithm", algorithm),
        ]
    };
    let s = conversation();
    assert_eq!(check(&s, URL, &headers("HmacSHA256"), b"{}", 1_000_000), Ok(()));
    assert_eq!(check(&s, URL, &headers("HmacSHA256")[..3], b"{}", 1_000_000), Ok(()));
    assert_eq!(check(&s, URL, &headers("HmacSHA1"), b"{}", 1_000_000), Err(Refused::UnknownKey));
    assert_eq!(check(&s, URL, &headers("HmacSHA256"), b"{ }", 1_000_000), Err(Refused::Forged));
    assert_eq!(check(&s, URL, &headers("HmacSHA256")[..1], b"{}", 1_000_000), Err(Refused::Unsigned));
    let day = 86_400_000;
    assert_eq!(check(&s, URL, &headers("HmacSHA256"), b"{}", 1_000_000 + day), Ok(()));
    assert_eq!(check(&s, URL, &headers("HmacSHA256"), b"{}", 1_000_001 + day), Err(Refused::Stale));
    let mut empty = conversation();
    empty.0.signing_secret = Some(Secret::new(""));
    assert_eq!(check(&empty, URL, &headers("HmacSHA256"), b"{}", 1_000_000), Err(Refused::NoSecret));
}

#[test]
fn without_a_signature_the_url_has_a_secret() {
    let mut s = texting();
    s.0.signing_secret = None;
    assert_eq!(check(&s, URL, &[], b"{}", 0), Err(Refused::NoSecret));
    s.0.guard = Some(Guard { url_secret: Secret::new("a-secret-of-16-letters"), basic: None, header: None, from: Vec::new() });
    assert_eq!(check(&s, "https://h.example/hooks/main/a-secret-of-16-letters", &[], b"{}", 0), Ok(()));
    assert_eq!(check(&s, URL, &[], b"{}", 0), Err(Refused::Forged));
}

fn write(sinch: &Sinch, content: OutboundContent, kind: ChannelKind) -> Result<HttpRequest, EncodeError> {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = name("main");
    let context =
        SendContext { channel: &channel, send: Some(send_ref()), status_callback: Some(URL), kind, mail: None, now: Millis(0) };
    let request = sinch.encode(&Outbound { to, content, in_reply_to: None, provider: None }, &context)?;
    assert!(!format!("{request:?} {sinch:?}").contains("token-for-tests"));
    Ok(request)
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

#[test]
fn text_messages_are_batches_for_one() {
    let request = write(&texting(), OutboundContent::Text { text: "Hi".into() }, ChannelKind::Sms).expect("written");
    assert_eq!(request.url, "https://eu.x.api.sinch.com/xms/v1/plan-1/batches");
    assert_eq!(request.header("authorization"), Some("Bearer token-for-tests"));
    let expected = json!({ "from": "447700900001", "to": ["447700900123"], "type": "mt_text", "body": "Hi",
        "delivery_report": "per_recipient", "callback_url": URL, "client_reference": send_ref().to_string() });
    assert_eq!(body(&request), expected);
    let file = Media { url: Some("https://x.example/a.jpg".into()), ..Media::default() };
    let picture = OutboundContent::Media { kind: MediaKind::Image, media: file, caption: Some("see".into()) };
    let written = body(&write(&texting(), picture, ChannelKind::Sms).expect("written"));
    assert_eq!((&written["type"], &written["body"]["message"]), (&json!("mt_media"), &json!("see")));
    assert!(write(&texting(), OutboundContent::Text { text: "é".repeat(1_601) }, ChannelKind::Sms).is_err());
    assert!(write(&texting(), OutboundContent::LocationRequest { text: "?".into() }, ChannelKind::Sms).is_err());
}

#[test]
fn rich_messages_of_the_conversation_api() {
    let of = |content: OutboundContent| body(&write(&conversation(), content, ChannelKind::WhatsApp).expect("written"));
    let written = of(OutboundContent::Text { text: "Hi".into() });
    assert_eq!(written["message_metadata"], send_ref().to_string());
    assert_eq!((written.get("callback_url"), written.get("channel_properties")), (None, None));
    let row = |id: &str| Choice { id: id.into(), title: "A".into(), description: Some("more".into()) };
    let list = OutboundContent::List {
        text: "Pick".into(),
        header: Some("Menu".into()),
        footer: Some("bye".into()),
        button: "Open".into(),
        rows: vec![row("a")],
    };
    let expected = json!({ "title": "Menu", "description": "Pick\n\nbye", "message_properties": { "menu": "Open" },
        "sections": [{ "title": "Open", "items": [{ "choice": { "title": "A", "postback_data": "a", "description": "more" } }] }] });
    assert_eq!(of(list)["message"]["list_message"], expected);
    let file = Media { url: Some("https://x.example/a.jpg".into()), ..Media::default() };
    let media = |caption: Option<&str>| OutboundContent::Media {
        kind: MediaKind::Image,
        media: file.clone(),
        caption: caption.map(str::to_owned),
    };
    assert_eq!(of(media(None))["message"], json!({ "media_message": { "url": "https://x.example/a.jpg" } }));
    assert_eq!(of(media(Some("see")))["message"]["card_message"]["title"], "see");
    let link = OutboundContent::CallToAction { text: "?".into(), button: "Open".into(), url: "https://x".into() };
    assert_eq!(
        of(link)["message"]["choice_message"]["choices"][0]["url_message"],
        json!({ "title": "Open", "url": "https://x" })
    );
    let text = write(&conversation(), OutboundContent::Text { text: "Hi".into() }, ChannelKind::Sms).expect("written");
    assert_eq!(body(&text)["channel_properties"], json!({ "SMS_SENDER": "447700900001" }));
    let twice = OutboundContent::Buttons { text: "?".into(), header: None, footer: None, buttons: vec![row("a"), row("a")] };
    assert_eq!(write(&conversation(), twice, ChannelKind::WhatsApp), Err(EncodeError::DoubleChoice));
}

#[test]
fn a_templates_parameters_are_named_by_their_place() {
    let template = OutboundContent::Template {
        name: "order".into(),
        language: Some("en".into()),
        params: TemplateParams::Positional(vec![
            TemplateParam::Text("Ada".into()),
            TemplateParam::DateTime { fallback: "noon".into() },
        ]),
        header: Some(TemplateHeader::Media {
            kind: MediaKind::Document,
            media: Media { url: Some("https://x/a.pdf".into()), filename: Some("a.pdf".into()), ..Media::default() },
        }),
        buttons: vec![(0, TemplateButton::Url { suffix: "a/1".into() }), (1, TemplateButton::Reply { payload: "yes".into() })],
    };
    let written = body(&write(&conversation(), template, ChannelKind::WhatsApp).expect("written"));
    let expected = json!({ "template_id": "order", "language_code": "en", "parameters": {
        "header[1]document.link": "https://x/a.pdf", "header[1]document.filename": "a.pdf",
        "body[1]text": "Ada", "body[2]text": "noon",
        "button[0]url[1]text": "a/1", "button[1]quick_reply[1]payload": "yes",
    } });
    assert_eq!(written["message"]["template_message"]["channel_template"]["WHATSAPP"], expected);
}

#[test]
fn a_batch_is_looked_up_by_our_name() {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let of = |sinch: &Sinch| sinch.lookup(&Sought { send: Some(send_ref()), to: &to, now: Millis(0) }).map(|r| r.url);
    let url = of(&texting()).expect("a request");
    assert!(url.ends_with(&format!("client_reference={}", send_ref())));
    assert_eq!(of(&conversation()), None);
}
