//! What the vectors do not cover.

use super::*;
use crate::domain::address::{Address, E164};
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::message::{DeliveryStatus, FailureReason, OutboundContent};
use crate::domain::name::ChannelName;
use crate::provider::webhook::{Pairs, Route};
use serde_json::json;

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:twoway";

fn settings() -> AwsSettings {
    AwsSettings {
        region: "eu-west-1".to_owned(),
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: Secret::new("secret-for-tests"),
        number: "+447700900001".to_owned(),
        configuration_set: None,
        message_type: "TRANSACTIONAL",
        sns_topics: vec![TOPIC.to_owned()],
        base_url: "https://sms-voice.eu-west-1.amazonaws.com".to_owned(),
        guard: None,
    }
}

fn guarded() -> Aws {
    let guard = Guard { url_secret: Secret::new("a-secret-of-16-letters"), basic: None, header: None, from: Vec::new() };
    Aws(AwsSettings { guard: Some(guard), ..settings() })
}

fn send_ref() -> SendRef {
    let contact = ContactKey::derive(b"s", "+447700900123");
    SendRef { contact, effect: Token::birth(contact, InputId::of(DedupeHash::of(&["a"]))).effect(0) }
}

fn with<T>(url: &str, headers: &[(&str, &str)], body: &Value, run: impl FnOnce(&WebhookRequest<'_>) -> T) -> T {
    let body = body.to_string();
    run(&WebhookRequest { method: Method::Post, url, headers: &Pairs(headers), body: body.as_bytes(), peer: None })
}

fn read(body: &Value) -> Result<Decoded, Malformed> {
    let here = Route { channel: ChannelName::parse("main").expect("a name"), kind: ChannelKind::Sms };
    let other = Route { channel: ChannelName::parse("other").expect("a name"), kind: ChannelKind::Sms };
    let routes = Routes::only(here).with("+447700900002", other);
    with("https://h.example/hooks/main", &[], body, |request| decode::decode(request, &routes)).map(|mut all| all.remove(0))
}

fn body(context: bool) -> Value {
    let to = Address::Phone(E164::parse("+447700900123").expect("a phone"));
    let channel = ChannelName::parse("main").expect("a name");
    let context = SendContext {
        channel: &channel,
        send: context.then(send_ref),
        status_callback: Some("https://h.example/never"),
        kind: ChannelKind::Sms,
        mail: None,
        now: Millis(1_795_230_000_000),
    };
    let fields = json!({ "TimeToLive": 600, "MessageBody": "other" });
    let provider = Some(crate::domain::value::Value::from_json(fields));
    let message = Outbound { to, content: OutboundContent::Text { text: "Hi".into() }, in_reply_to: None, provider };
    let request = encode::encode(&settings(), &message, &context).expect("encoded");
    assert_eq!(request.header("X-Amz-Date"), Some("20261121T030000Z"));
    let authorization = request.header("authorization").expect("signed");
    let start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/eu-west-1/sms-voice/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=";
    assert!(authorization.starts_with(start), "{authorization}");
    assert!(!format!("{request:?} {:?} {authorization}", settings()).contains("secret-for-tests"));
    serde_json::from_slice(&request.body).expect("JSON")
}

#[test]
fn the_name_of_the_send_comes_back_in_events() {
    let written = body(true);
    assert_eq!((&written["MessageBody"], &written["TimeToLive"]), (&json!("Hi"), &json!(600)));
    assert_eq!(body(false).get("Context"), None);
    let event = json!({ "eventType": "TEXT_INVALID", "messageId": "m-1", "messageStatus": "INVALID", "context": written["Context"],
        "originationPhoneNumber": "+447700900002", "messageStatusDescription": "x" });
    let Ok(Decoded::Status(report)) = read(&event) else { panic!("a report") };
    assert_eq!((report.send, report.status, report.channel.as_str()), (Some(send_ref()), DeliveryStatus::Failed, "other"));
    let failure = report.failure.expect("a failure");
    assert_eq!((failure.reason, failure.error.code.as_deref()), (FailureReason::Invalid, Some("TEXT_INVALID")));
}

#[test]
fn what_decides_nothing_is_kept_by_name() {
    let kind = |body: &Value| match read(body) {
        Ok(Decoded::Other(other)) => other.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(&json!({ "eventType": "TEXT_PONDERED", "messageId": "1" })), "event_TEXT_PONDERED");
    assert_eq!(kind(&json!({ "eventType": "TEXT_SENT" })), "event_without_id");
    let envelope = |message: &str| json!({ "Type": "Notification", "TopicArn": TOPIC, "MessageId": "1", "Message": message });
    assert_eq!(kind(&envelope("hello")), "sns_text");
    assert_eq!(kind(&envelope("{}")), "sns_message");
    assert_eq!(kind(&json!({ "Type": "UnsubscribeConfirmation", "TopicArn": TOPIC })), "sns_unsubscribed");
    // What a topic brings without an envelope is no mistake of its sender either: it would come again for an hour.
    assert_eq!(kind(&json!({})), "sns_message");
    assert_eq!(kind(&json!({ "inboundMessageId": "1" })), "sns_message");
    for broken in [json!({ "Type": "Notification" }), json!({ "TopicArn": TOPIC })] {
        assert!(read(&broken).is_err(), "{broken}");
    }
}

#[test]
fn only_listed_topics_and_signed_envelopes_are_believed() {
    let check = |aws: &Aws, url: &str, headers: &[(&str, &str)], body: &Value| {
        let facts = Facts { now: Millis(0), certificate: None };
        with(url, headers, body, |request| aws.verify(request).and_then(|()| aws.prove(request, &facts)))
    };
    let (plain, url) = (Aws(settings()), "https://h.example/hooks/main");
    let secret = "https://h.example/hooks/main/a-secret-of-16-letters";
    let envelope = |topic: &str| json!({ "Type": "Notification", "TopicArn": topic, "Message": "{}", "Signature": "eA==" });
    // Without the certificate there is nothing to check a signature with.
    assert_eq!(check(&plain, url, &[], &envelope(TOPIC)), Err(Refused::UnknownKey));
    assert_eq!(check(&plain, url, &[], &envelope("arn:aws:sns:eu-west-1:1:x")), Err(Refused::UnknownKey));
    let unsigned = json!({ "Type": "Notification", "TopicArn": TOPIC, "Message": "{}" });
    assert_eq!(check(&plain, url, &[], &unsigned), Err(Refused::Unsigned));
    let raw = json!({ "inboundMessageId": "1", "originationNumber": "+447700900123" });
    let topic = [("x-amz-sns-topic-arn", TOPIC)];
    assert_eq!(check(&plain, url, &topic, &raw), Err(Refused::Unsigned));
    assert_eq!(check(&guarded(), secret, &topic, &raw), Ok(()));
    assert_eq!(check(&guarded(), url, &topic, &raw), Err(Refused::Forged));
    assert_eq!(check(&guarded(), secret, &[], &raw), Err(Refused::Unsigned));
    assert_eq!(check(&guarded(), secret, &[("x-amz-sns-topic-arn", "other")], &raw), Err(Refused::UnknownKey));
    // The secret does not make an envelope believed that nobody signed.
    assert_eq!(check(&guarded(), secret, &topic, &unsigned), Err(Refused::Unsigned));
    assert!(plain.guard().is_none() && guarded().guard().is_some());
}

#[test]
fn certificates_are_fetched_for_our_topics_only() {
    let url = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem";
    let of = |topic: &str, url: &str| {
        let body = json!({ "Type": "Notification", "TopicArn": topic, "Signature": "eA==", "SigningCertURL": url });
        with("https://h.example/hooks/main", &[], &body, |request| Aws(settings()).certificate_url(request))
    };
    assert_eq!(of(TOPIC, url).as_deref(), Some(url));
    assert_eq!(of("arn:aws:sns:eu-west-1:1:x", url), None);
    assert_eq!(of(TOPIC, "https://evil.example/x.pem"), None);
}

#[test]
fn refusals_by_type_reason_and_field() {
    let of = |status, body: Value| errors::classify(status, &Pairs(&[]), body.to_string().as_bytes()).name();
    let typed = |kind: &str| of(400, json!({ "__type": kind, "Message": "x" }));
    assert_eq!(typed("com.amazonaws.pinpoint#ThrottlingException:http://x"), "throttled");
    assert_eq!(typed("UnrecognizedClientException"), "config_error");
    assert_eq!(typed("ResourceNotFoundException"), "config_error");
    assert_eq!(typed("NewException"), "rejected");
    assert_eq!(of(500, json!({ "__type": "InternalServerException" })), "retry");
    assert_eq!(of(200, json!({})), "unknown");
    assert_eq!(of(504, Value::Null), "unknown");
    let quota = |reason: &str| of(400, json!({ "__type": "ServiceQuotaExceededException", "Reason": reason }));
    assert_eq!((quota("MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"), quota("OTHER")), ("config_error", "throttled"));
    let field = |name: &str| of(400, json!({ "__type": "ValidationException", "Fields": [{ "Name": name, "Message": "x" }] }));
    assert_eq!(
        (field("DestinationPhoneNumber"), field("OriginationIdentity"), field("MessageBody")),
        ("rejected", "config_error", "rejected")
    );
}

#[test]
fn the_check_tells_bad_credentials_from_missing_rights() {
    let check = Aws(settings()).check(Millis(0)).expect("a check");
    assert_eq!(check.header("x-amz-target"), Some("PinpointSMSVoiceV2.DescribeAccountAttributes"));
    let said = |status, kind: &str| Aws(settings()).checked(status, json!({ "__type": kind }).to_string().as_bytes());
    assert_eq!(said(200, "x"), Checked::Valid);
    assert_eq!(said(400, "UnrecognizedClientException"), Checked::Refused);
    assert_eq!(said(400, "AccessDeniedException"), Checked::Unclear);
}
