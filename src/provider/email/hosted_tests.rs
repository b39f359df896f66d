//! What hosted mail services send, against the recorded vectors, and what nobody can make them say.

use super::prove::{certificate_url, prove};
use super::tests::settings;
use super::{decode, verify};
use crate::config::secret::Secret;
use crate::config::smtp::SmtpSettings;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, DedupeHash, InputId, SendRef, Token};
use crate::domain::mail::MailRef;
use crate::domain::message::DeliveryStatus;
use crate::domain::name::ChannelName;
use crate::domain::time::{Millis, Span};
use crate::provider::sns::is_of_sns;
use crate::provider::webhook::{Decoded, Facts, Malformed, Method, Pairs, Refused, Route, Routes, WebhookRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const EMAIL: &str = include_str!("../../../tests/data/providers/email.json");
const SNS: &str = include_str!("../../../tests/data/providers/aws_sns.json");
const URL: &str = "https://x.example/hooks/mail/0123456789abcdef";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:twoway";

fn vector(file: &str, name: &str) -> Value {
    let file: Value = serde_json::from_str(file).expect("JSON");
    let all = ["signature_vectors", "inbound"].into_iter().flat_map(|key| file[key].as_array().cloned().unwrap_or_default());
    all.into_iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no vector {name}"))
}

fn now() -> Millis {
    Millis(1_795_230_000_000)
}

/// A channel that believes the services of the vectors.
fn hosted() -> SmtpSettings {
    let key = vector(EMAIL, "sendgrid-event-webhook")["public_key"].as_str().expect("a key").to_owned();
    SmtpSettings {
        sendgrid_key: Some(STANDARD.decode(key).expect("base64")),
        mailgun_key: Some(Secret::new("mailgun-signing-key")),
        sns_topics: vec![TOPIC.to_owned()],
        ..settings()
    }
}

/// A request with these headers, judged at this moment with this certificate.
fn judged(settings: &SmtpSettings, headers: &[(&str, &str)], body: &[u8], facts: &Facts<'_>) -> Result<(), Refused> {
    let request = WebhookRequest { method: Method::Post, url: URL, headers: &Pairs(headers), body, peer: None };
    verify(settings, &request)?;
    prove(settings, &request, facts)
}

fn said(headers: &[(&str, &str)], body: &[u8]) -> Result<Vec<Decoded>, Malformed> {
    let route = Route { channel: ChannelName::parse("mail").expect("a name"), kind: ChannelKind::Email };
    decode(&WebhookRequest { method: Method::Post, url: URL, headers: &Pairs(headers), body, peer: None }, &Routes::only(route))
}

fn bare() -> Facts<'static> {
    Facts { now: now(), certificate: None }
}

const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

#[test]
fn sendgrid_signs_the_time_and_every_byte() {
    let vector = vector(EMAIL, "sendgrid-event-webhook");
    let header = |name: &str| vector["headers"][name].as_str().expect("a header").to_owned();
    let (signature, timestamp) =
        (header("X-Twilio-Email-Event-Webhook-Signature"), header("X-Twilio-Email-Event-Webhook-Timestamp"));
    let body = vector["body"].as_str().expect("a body");
    let ask = |settings: &SmtpSettings, signature: &str, timestamp: &str, body: &str, now: Millis| {
        let headers =
            [JSON, ("X-Twilio-Email-Event-Webhook-Signature", signature), ("X-Twilio-Email-Event-Webhook-Timestamp", timestamp)];
        judged(settings, &headers, body.as_bytes(), &Facts { now, certificate: None })
    };
    let fine = |now| ask(&hosted(), &signature, &timestamp, body, now);
    assert_eq!(fine(now()), Ok(()));
    assert_eq!(fine(now() + Span::hours(24)), Ok(()));
    assert_eq!(fine(now() + Span::hours(24) + Span::seconds(1)), Err(Refused::Stale));
    assert_eq!(fine(now() - Span::hours(24) - Span::seconds(1)), Err(Refused::Stale));
    for (signature, timestamp, body) in [
        (signature.as_str(), timestamp.as_str(), body.trim_end()),
        (signature.as_str(), timestamp.as_str(), &body.replace("ada", "eve")),
        (signature.as_str(), "1795230001", body),
        ("MEUCIQ==", timestamp.as_str(), body),
        ("not base64", timestamp.as_str(), body),
        ("", timestamp.as_str(), body),
    ] {
        assert_eq!(ask(&hosted(), signature, timestamp, body, now()), Err(Refused::Forged), "{signature} {timestamp}");
    }
    assert_eq!(judged(&hosted(), &[JSON], body.as_bytes(), &bare()), Err(Refused::Unsigned));
    assert_eq!(
        ask(&settings(), &signature, &timestamp, body, now()),
        Err(Refused::UnknownKey),
        "without a key nothing is believed"
    );
    let told = said(&[JSON], body.as_bytes()).expect("readable");
    assert!(matches!(&told[..], [Decoded::Status(report)] if report.status == DeliveryStatus::Delivered), "{told:?}");
}

#[test]
fn mailgun_signs_time_and_token() {
    let (good, bad) = (vector(EMAIL, "mailgun"), vector(EMAIL, "mailgun-bad"));
    let ask =
        |settings: &SmtpSettings, body: &str, now| judged(settings, &[JSON], body.as_bytes(), &Facts { now, certificate: None });
    let body = good["body"].as_str().expect("a body");
    assert_eq!(ask(&hosted(), body, now()), Ok(()));
    assert_eq!(ask(&hosted(), bad["body"].as_str().expect("a body"), now()), Err(Refused::Forged));
    assert_eq!(ask(&hosted(), body, now() + Span::hours(25)), Err(Refused::Stale));
    assert_eq!(ask(&settings(), body, now()), Err(Refused::UnknownKey));
    assert_eq!(ask(&hosted(), &body.replace("79bf", "79zz"), now()), Err(Refused::Forged));
    assert_eq!(ask(&hosted(), r#"{"event-data":{"event":"delivered"}}"#, now()), Err(Refused::Unsigned));
    let told = said(&[JSON], body.as_bytes()).expect("readable");
    assert!(matches!(&told[..], [Decoded::Status(report)] if report.status == DeliveryStatus::Delivered), "{told:?}");
}

#[test]
fn a_mail_that_a_route_of_mailgun_posts_is_a_message() {
    let vector = vector(EMAIL, "mailgun-route");
    let body = vector["body"].as_str().expect("a body");
    assert_eq!(judged(&hosted(), &[FORM], body.as_bytes(), &bare()), Ok(()));
    let forged = body.replace("signature=79", "signature=78");
    assert_eq!(judged(&hosted(), &[FORM], forged.as_bytes(), &bare()), Err(Refused::Forged));
    let unsigned = body.split("&timestamp").next().expect("a part");
    assert_eq!(judged(&hosted(), &[FORM], unsigned.as_bytes(), &bare()), Err(Refused::Unsigned));
    let told = said(&[FORM], body.as_bytes()).expect("readable");
    let [Decoded::Message(received)] = &told[..] else { panic!("{told:?}") };
    let message = &received.message;
    assert_eq!((message.from.reveal(), message.text.as_str(), message.id.as_str()), ("ada@example.org", "Yes", "m2@example.org"));
    assert_eq!(message.profile_name.as_deref(), Some("Ada"));
    let automatic = format!("{body}&Auto-Submitted=auto-replied");
    assert!(matches!(&said(&[FORM], automatic.as_bytes()).expect("readable")[..], [Decoded::Other(_)]));
}

/// The name of a mail of ours to Ada, and the send that it names.
fn mail() -> (String, SendRef) {
    let contact = ContactKey::derive(b"s", "email:ada@example.org");
    let effect = Token::birth(contact, InputId::of(DedupeHash::of(&["1"]))).effect(0);
    let send = SendRef { contact, effect };
    (MailRef::new(send, "ada@example.org").to_string(), send)
}

/// What an event means, in words: `failed invalid`, `spam` …
fn meaning(told: &Decoded) -> String {
    let (_, send) = mail();
    match told {
        Decoded::Status(report) => {
            assert_eq!(report.send, Some(send), "{report:?}");
            let reason = report.failure.as_ref().map(|failure| format!(" {:?}", failure.reason)).unwrap_or_default();
            format!("{:?}{reason}", report.status)
        }
        Decoded::Complaint(complaint) => {
            assert_eq!(complaint.send, Some(send));
            if complaint.spam { "spam" } else { "unsubscribed" }.to_owned()
        }
        Decoded::Other(other) => other.kind.clone(),
        other => format!("{other:?}"),
    }
}

#[test]
fn each_event_of_sendgrid_has_its_meaning() {
    let (name, _) = mail();
    let rows = [
        (json!({ "event": "processed" }), "Sent"),
        (json!({ "event": "delivered", "response": "250 OK" }), "Delivered"),
        (json!({ "event": "deferred", "response": "451 4.7.1 later" }), "Sent Unreachable"),
        (json!({ "event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 no such user" }), "Failed Invalid"),
        (json!({ "event": "bounce", "type": "bounce", "status": "5.2.2", "reason": "552 full" }), "Failed Unreachable"),
        (json!({ "event": "bounce", "type": "blocked", "status": "5.7.1", "reason": "blocked" }), "Failed Blocked"),
        (json!({ "event": "dropped", "reason": "Bounced Address" }), "Failed Invalid"),
        (json!({ "event": "dropped", "reason": "Unsubscribed Address" }), "Failed OptedOut"),
        (json!({ "event": "dropped", "reason": "Spam Reporting Address" }), "Failed OptedOut"),
        (json!({ "event": "spamreport" }), "spam"),
        (json!({ "event": "unsubscribe" }), "unsubscribed"),
        (json!({ "event": "group_unsubscribe" }), "unsubscribed"),
        (json!({ "event": "open" }), "sendgrid_open"),
        (json!({}), "sendgrid_"),
    ];
    for (mut event, expected) in rows {
        event["smtp-id"] = format!("<{name}@shop.example>").into();
        event["email"] = "ada@example.org".into();
        let told = said(&[JSON], json!([event, 7, null]).to_string().as_bytes()).expect("readable");
        assert_eq!(told.iter().map(meaning).collect::<Vec<_>>(), [expected], "{event}");
        // Who is on the service's own list of those who want nothing is opted out here, too.
        let opted_out =
            matches!(&told[..], [Decoded::Status(report)] if report.failure.as_ref().is_some_and(|f| f.opted_out.is_some()));
        assert_eq!(opted_out, expected == "Failed OptedOut", "{event}");
    }
    let by_argument = json!([{ "event": "delivered", "ref": name, "smtp-id": "<x@sendgrid>" }]);
    assert_eq!(
        said(&[JSON], by_argument.to_string().as_bytes()).expect("readable").iter().map(meaning).collect::<Vec<_>>(),
        ["Delivered"]
    );
}

#[test]
fn each_event_of_mailgun_has_its_meaning() {
    let (name, _) = mail();
    let rows = [
        (json!({ "event": "accepted" }), "Sent"),
        (json!({ "event": "delivered" }), "Delivered"),
        (json!({ "event": "failed", "severity": "temporary", "reason": "generic" }), "Sent Unreachable"),
        (
            json!({ "event": "failed", "severity": "permanent", "reason": "bounce", "delivery-status": { "code": 550 } }),
            "Failed Invalid",
        ),
        (
            json!({ "event": "failed", "severity": "permanent", "reason": "bounce", "delivery-status": { "enhanced-code": "5.2.2" } }),
            "Failed Unreachable",
        ),
        (json!({ "event": "failed", "severity": "permanent", "reason": "suppress-bounce" }), "Failed Invalid"),
        (json!({ "event": "failed", "severity": "permanent", "reason": "suppress-complaint" }), "Failed OptedOut"),
        (json!({ "event": "rejected" }), "Failed Content"),
        (json!({ "event": "complained" }), "spam"),
        (json!({ "event": "unsubscribed" }), "unsubscribed"),
        (json!({ "event": "opened" }), "mailgun_opened"),
    ];
    for (mut data, expected) in rows {
        data["message"] = json!({ "headers": { "message-id": format!("{name}@shop.example") } });
        data["recipient"] = "ada@example.org".into();
        let told = said(&[JSON], json!({ "event-data": data }).to_string().as_bytes()).expect("readable");
        assert_eq!(told.iter().map(meaning).collect::<Vec<_>>(), [expected], "{data}");
    }
}

#[test]
fn a_mail_that_sendgrid_parsed_is_a_message() {
    let (name, _) = mail();
    let part = |key: &str, value: &str| format!("--xYz\r\nContent-Disposition: form-data; name=\"{key}\"\r\n\r\n{value}\r\n");
    let headers =
        format!("Message-ID: <m3@example.org>\nIn-Reply-To: <{name}@shop.example>\nDate: Sat, 21 Nov 2026 03:00:00 +0000");
    let form = |more: &str| {
        let text = "Ja, grün\r\n\r\nOn Sat, 21 Nov 2026 at 10:00, Shop wrote:\r\n> Grün?";
        format!(
            "{}{}{}{}{more}--xYz--\r\n",
            part("headers", &headers),
            part("from", "Ada <ada@example.org>"),
            part("text", text),
            part("envelope", r#"{"to":["bot@in.shop.example"],"from":"ada@example.org"}"#)
        )
    };
    let kind = [("Content-Type", "multipart/form-data; boundary=xYz")];
    let body = form("");
    assert_eq!(judged(&hosted(), &kind, body.as_bytes(), &bare()), Ok(()), "Inbound Parse signs nothing");
    let told = said(&kind, body.as_bytes()).expect("readable");
    let [Decoded::Message(received)] = &told[..] else { panic!("{told:?}") };
    let message = &received.message;
    assert_eq!((message.from.reveal(), message.text.as_str()), ("ada@example.org", "Ja, grün"));
    assert_eq!((message.id.as_str(), message.in_reply_to.as_deref()), ("m3@example.org", Some(name.as_str())));
    let raw = "From: Ada <ada@example.org>\r\nMessage-ID: <m4@example.org>\r\nSubject: Re: x\r\n\r\nYes\r\n".to_owned();
    let told = said(&kind, format!("{}--xYz--\r\n", part("email", &raw)).as_bytes()).expect("readable");
    assert!(
        matches!(&told[..], [Decoded::Message(one)] if one.message.text == "Yes" && one.message.id == "m4@example.org"),
        "{told:?}"
    );
}

#[test]
fn sns_is_believed_only_with_amazons_certificate_for_a_topic_of_ours() {
    for (name, expected) in [
        ("v1-notification", Ok(())),
        ("v1-with-subject", Ok(())),
        ("subscription-confirmation", Ok(())),
        ("tampered", Err(Refused::Forged)),
    ] {
        let vector = vector(SNS, name);
        let (body, pem) = (vector["body"].as_str().expect("a body"), vector["certificate_pem"].as_str().expect("a certificate"));
        let kind = vector["headers"]["x-amz-sns-message-type"].as_str().expect("a type");
        let headers = [("Content-Type", "text/plain; charset=UTF-8"), ("x-amz-sns-message-type", kind)];
        let ask = |settings: &SmtpSettings, body: &str, certificate: Option<&str>, now| {
            judged(settings, &headers, body.as_bytes(), &Facts { now, certificate: certificate.map(str::as_bytes) })
        };
        assert_eq!(ask(&hosted(), body, Some(pem), now()), expected, "{name}");
        let request =
            WebhookRequest { method: Method::Post, url: URL, headers: &Pairs(&headers), body: body.as_bytes(), peer: None };
        assert!(certificate_url(&request).is_some_and(|url| url.starts_with("https://sns.eu-west-1.amazonaws.com/")));
        if expected.is_ok() {
            assert_eq!(ask(&hosted(), body, None, now()), Err(Refused::UnknownKey));
            assert_eq!(ask(&hosted(), body, Some("no certificate"), now()), Err(Refused::UnknownKey));
            assert_eq!(ask(&settings(), body, Some(pem), now()), Err(Refused::UnknownKey), "a topic that is not ours");
            assert_eq!(ask(&hosted(), body, Some(pem), now() + Span::minutes(61)), Err(Refused::Stale));
            let other = body.replace("165545c9", "165545c8");
            assert_eq!(ask(&hosted(), &other, Some(pem), now()), Err(Refused::Forged));
        }
    }
    for (url, ours) in [
        ("https://sns.eu-west-1.amazonaws.com/x.pem", true),
        ("https://sns.cn-north-1.amazonaws.com.cn/x.pem", true),
        ("http://sns.eu-west-1.amazonaws.com/x.pem", false),
        ("https://sns.eu-west-1.amazonaws.com.evil.example/x.pem", false),
        ("https://evil.example/sns.eu-west-1.amazonaws.com/x.pem", false),
        ("https://sns.eu-west-1.amazonaws.com@evil.example/x.pem", false),
        ("https://sns.eu-west-1.amazonaws.com:8443/x.pem", false),
        ("https://sns.x.y.amazonaws.com/x.pem", false),
        ("https://sns.us-gov-west-1.amazonaws.com/x.pem", true),
        // A bucket that somebody called `sns`.
        ("https://sns.s3-us-west-2.amazonaws.com/x.pem", false),
        ("https://sns.s3-website-us-east-1.amazonaws.com/x.pem", false),
        ("https://sns.s3.amazonaws.com/x.pem", false),
        ("https://sns.compute-1.amazonaws.com/x.pem", false),
        ("https://s3.eu-west-1.amazonaws.com/x.pem", false),
        ("sns.eu-west-1.amazonaws.com", false),
    ] {
        assert_eq!(is_of_sns(url), ours, "{url}");
    }
}

#[test]
fn what_ses_says_has_its_meaning() {
    let (name, _) = mail();
    let mail = json!({ "messageId": "ses-1", "source": "hello@shop.example", "destination": ["ada@example.org"], "tags": { "ref": [name] } });
    let sns = |said: Value| {
        json!({ "Type": "Notification", "MessageId": "1", "TopicArn": TOPIC, "Message": said.to_string() }).to_string()
    };
    let headers = [("Content-Type", "text/plain"), ("x-amz-sns-message-type", "Notification")];
    let to = json!([{ "emailAddress": "ada@example.org", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 unknown" }]);
    let rows = [
        (json!({ "notificationType": "Delivery", "delivery": { "recipients": ["ada@example.org"] } }), "Delivered"),
        (json!({ "eventType": "Send" }), "Sent"),
        (json!({ "eventType": "DeliveryDelay", "deliveryDelay": { "delayedRecipients": to } }), "Sent Unreachable"),
        (
            json!({ "notificationType": "Bounce", "bounce": { "bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": to } }),
            "Failed Invalid",
        ),
        (
            json!({ "notificationType": "Bounce", "bounce": { "bounceType": "Transient", "bounceSubType": "MailboxFull", "bouncedRecipients": to } }),
            "Failed Unreachable",
        ),
        (json!({ "notificationType": "Complaint", "complaint": { "complainedRecipients": to } }), "spam"),
        (json!({ "eventType": "Open" }), "ses_Open"),
    ];
    for (mut event, expected) in rows {
        event["mail"] = mail.clone();
        let told = said(&headers, sns(event.clone()).as_bytes()).expect("readable");
        assert_eq!(told.iter().map(meaning).collect::<Vec<_>>(), [expected], "{event}");
    }
    let raw = format!(
        "From: Ada <ada@example.org>\r\nMessage-ID: <m5@example.org>\r\nIn-Reply-To: <{name}@shop.example>\r\n\r\nYes\r\n"
    );
    for (content, encoding) in [(raw.clone(), "UTF8"), (STANDARD.encode(&raw), "BASE64")] {
        let event = json!({ "notificationType": "Received", "mail": mail, "content": content, "receipt": { "action": { "encoding": encoding } } });
        let told = said(&headers, sns(event).as_bytes()).expect("readable");
        let [Decoded::Message(one)] = &told[..] else { panic!("{told:?}") };
        assert_eq!((one.message.text.as_str(), one.message.in_reply_to.as_deref()), ("Yes", Some(name.as_str())));
    }
    let spam = json!({ "notificationType": "Received", "content": raw, "receipt": { "spamVerdict": { "status": "FAIL" } } });
    assert!(matches!(&said(&headers, sns(spam).as_bytes()).expect("readable")[..], [Decoded::Other(_)]));
    let confirm = vector(SNS, "subscription-confirmation");
    let told = said(&headers, confirm["body"].as_str().expect("a body").as_bytes()).expect("readable");
    assert!(matches!(&told[..], [Decoded::Subscription(one)] if one.topic == TOPIC && is_of_sns(&one.url)), "{told:?}");
}

#[test]
fn what_is_malformed_or_huge_is_no_panic() {
    let sns = [("Content-Type", "text/plain"), ("x-amz-sns-message-type", "Notification")];
    let many = format!("[{}]", vec!["{}"; 10_001].join(","));
    for (headers, body) in [
        (&[JSON][..], many.as_str()),
        (&[JSON][..], "[1,2"),
        (&[JSON][..], "{\"signature\":{}}"),
        (&[FORM][..], "recipient=a&body-plain=b&signature=c&token=d"),
        (&[("Content-Type", "multipart/form-data; boundary=x")][..], "--x--"),
        (&sns[..], "{}"),
        (&sns[..], "no JSON"),
        (&sns[..], "{\"Type\":\"SubscriptionConfirmation\"}"),
    ] {
        assert!(said(headers, body.as_bytes()).is_err(), "{body:.40}");
    }
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    assert!(said(&[JSON], deep.as_bytes()).is_err());
}
