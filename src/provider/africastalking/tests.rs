//! What the vectors do not cover.

use super::*;
use crate::domain::address::{Address, E164};
use crate::domain::message::{DeliveryStatus, FailureReason, InboundContent, OutboundContent};
use crate::domain::name::ChannelName;
use crate::provider::webhook::{Method, OptOutScope, Pairs, Route};

pub fn settings() -> AfricasTalkingSettings {
    AfricasTalkingSettings {
        username: "myapp".to_owned(),
        api_key: Secret::new("key-for-tests"),
        number: Some("21512".to_owned()),
        base_url: AfricasTalkingSettings::BASE_URL.to_owned(),
        guard: Guard { url_secret: Secret::new("a-secret-of-16-letters"), basic: None, header: None, from: Vec::new() },
    }
}

fn context(channel: &ChannelName) -> SendContext<'_> {
    SendContext { channel, send: None, status_callback: None, kind: ChannelKind::Sms, mail: None, now: Millis(0) }
}

fn route(name: &str) -> Route {
    Route { channel: ChannelName::parse(name).expect("a name"), kind: ChannelKind::Sms }
}

fn read(body: &str) -> Result<Decoded, Malformed> {
    let routes = Routes::only(route("here")).with("21512", route("here")).with("BRAND", route("brand"));
    let request = WebhookRequest {
        method: Method::Post,
        url: "https://h.example/hooks/here/a-secret-of-16-letters",
        headers: &Pairs(&[]),
        body: body.as_bytes(),
        peer: None,
    };
    decode::decode(&request, &routes).map(|mut all| all.remove(0))
}

#[test]
fn each_form_is_known_by_its_fields() {
    let Ok(Decoded::Message(optout)) = read("phoneNumber=%2B254700000123&senderId=BRAND") else { panic!("a message") };
    assert_eq!((optout.message.channel.as_str(), optout.message.from.reveal()), ("brand", "+254700000123"));
    assert_eq!(optout.message.content, InboundContent::OptOut { word: "STOP".into(), scope: None });
    let Ok(Decoded::Other(other)) = read("phoneNumber=%2B2547&shortCode=1&keyword=k&updateType=deletion") else {
        panic!("other")
    };
    assert_eq!(other.kind, "subscription_deletion");
    let Ok(Decoded::Other(other)) = read("id=1&status=Pondered") else { panic!("other") };
    assert_eq!((other.kind.as_str(), other.id.as_deref()), ("status_Pondered", Some("1")));
    for broken in ["", "text=x&from=%2B254700000123", "text=x&id=1", "status=Sent", "phoneNumber=1", "from=1&id=1"] {
        assert!(read(broken).is_err(), "{broken}");
    }
}

#[test]
fn what_is_written_to_another_short_code_is_not_the_callers() {
    let here = Route { channel: ChannelName::parse("here").expect("a name"), kind: ChannelKind::Sms };
    let routes = Routes::only(here.clone()).with("21512", here);
    let read = |body: &str| {
        let url = "https://h.example/hooks/here/a-secret-of-16-letters";
        let request = WebhookRequest { method: Method::Post, url, headers: &Pairs(&[]), body: body.as_bytes(), peer: None };
        decode::decode(&request, &routes).map(|mut all| all.remove(0))
    };
    for (to, ours) in [("21512", true), ("", true), ("21513", false), ("%2B254700000999", false)] {
        for body in [format!("id=1&from=%2B254700000123&to={to}&text=x"), format!("phoneNumber=%2B254700000123&senderId={to}")] {
            match read(&body) {
                Ok(Decoded::Message(_)) => assert!(ours, "{body}"),
                Ok(Decoded::Other(other)) => assert_eq!((other.kind.as_str(), ours), ("unknown_number", false), "{body}"),
                told => panic!("{body}: {told:?}"),
            }
        }
    }
}

#[test]
fn dates_come_with_and_without_a_zone() {
    for date in ["2026-11-21T03:00:00Z", "2026-11-21 03:00:00", "2026-11-21T03:00:00.000Z"] {
        let body = format!("id=1&from=%2B254700000123&to=21512&text=&date={}", date.replace(' ', "+"));
        let Ok(Decoded::Message(received)) = read(&body) else { panic!("a message") };
        assert_eq!(received.message.at, Some(Millis(1_795_230_000_000)), "{date}");
    }
    let Ok(Decoded::Message(received)) = read("id=1&from=%2B254700000123&text=x&date=yesterday") else { panic!("a message") };
    assert_eq!(received.message.at, None);
}

#[test]
fn failures_have_their_reasons() {
    let failure = |fields: &str| match read(&format!("id=1&phoneNumber=%2B254700000123&{fields}")) {
        Ok(Decoded::Status(report)) => {
            assert_eq!(report.status, DeliveryStatus::Failed);
            report.failure.expect("a failure")
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(failure("status=Rejected&failureReason=UserInBlackList").opted_out, Some(OptOutScope::Everything));
    let absent = failure("status=AbsentSubscriber");
    assert_eq!((absent.reason, absent.retryable), (FailureReason::Unreachable, true));
    assert_eq!(failure("status=Failed&failureReason=Whatever").reason, FailureReason::Unknown);
}

#[test]
fn answers_that_are_no_answers() {
    let of = |status, body: &str| errors::classify(status, &Pairs(&[]), body.as_bytes()).name();
    assert_eq!(of(201, "<html>"), "unknown");
    assert_eq!(of(201, "{}"), "unknown");
    assert_eq!(of(201, r#"{"SMSMessageData":{"Recipients":[{}]}}"#), "unknown");
    assert_eq!(of(201, r#"{"SMSMessageData":{"Recipients":[{"statusCode":405}]}}"#), "config_error");
    assert_eq!(of(201, r#"{"SMSMessageData":{"Recipients":[{"statusCode":500}]}}"#), "retry");
    assert_eq!(of(201, r#"{"SMSMessageData":{"Recipients":[{"statusCode":999,"status":"New"}]}}"#), "rejected");
    assert_eq!(of(502, ""), "unknown");
    assert_eq!(of(503, ""), "retry");
}

#[test]
fn the_sender_may_be_left_to_them() {
    let to = Address::Phone(E164::parse("+254700000123").expect("a phone"));
    let channel = ChannelName::parse("main").expect("a name");
    let message = Outbound { to, content: OutboundContent::Text { text: "Hi".into() }, in_reply_to: None, provider: None };
    let request =
        encode::encode(&AfricasTalkingSettings { number: None, ..settings() }, &message, &context(&channel)).expect("encoded");
    assert_eq!(&request.body[..], b"username=myapp&to=%2B254700000123&message=Hi&bulkSMSMode=1");
    assert!(!format!("{request:?} {:?}", settings()).contains("key-for-tests"));
    let check = AfricasTalking(settings()).check(Millis(0)).expect("a check");
    assert_eq!(check.url, "https://api.africastalking.com/version1/user?username=myapp");
}
