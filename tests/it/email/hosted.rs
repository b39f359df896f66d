//! Hosted mail services that write to the webhook of a mail channel: what became of mails, who wants no more, and replies. Signed as
//! each of them signs; whoever does not sign is not believed, although the secret in the URL is right.

use super::{ANN, SECRET, Stage, shipped, to};
use crate::support::patience::LONG;
use crate::support::process::Service;
use crate::support::smtp::SmtpServer;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const MAILGUN: &str = "mailgun_key = { env = \"TEST_SMTP_PASSWORD\" }";
const MAILGUN_KEY: &str = "smtp-password-for-tests";

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// The three fields by which Mailgun signs.
fn signature(key: &str, at: u64) -> [(&'static str, String); 3] {
    let token = "0123456789abcdef0123456789abcdef0123456789abcdef01";
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).expect("a key");
    mac.update(format!("{at}{token}").as_bytes());
    let hex = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    [("timestamp", at.to_string()), ("token", token.to_owned()), ("signature", hex)]
}

fn mailgun(key: &str, at: u64, data: &Value) -> String {
    let fields = signature(key, at).into_iter().map(|(name, value)| (name.to_owned(), Value::String(value)));
    json!({ "signature": fields.collect::<serde_json::Map<_, _>>(), "event-data": data }).to_string()
}

async fn post(service: &Service, kind: &str, body: String) -> u16 {
    service.raw(&format!("/hooks/mail/{SECRET}"), kind, body).await.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mailgun_tells_bounces_and_complaints_and_posts_replies() {
    let server = SmtpServer::start();
    let stage = Stage::new(server.port, MAILGUN);
    let service = stage.serve();
    let (ben, cay) = ("ben@example.com", "cay@example.com");
    for person in [ANN, ben, cay] {
        shipped(&service, person).await;
    }
    let taken = server.wait(|taken| taken.len() == 3).await;
    let id = |person: &str| format!("{}@shop.example", to(&taken, person)[0].name());
    let event = |person: &str, event: Value| {
        let mut data = event;
        data["recipient"] = person.into();
        data["message"] = json!({ "headers": { "message-id": id(person) } });
        data
    };
    let bounce = event(
        ben,
        json!({
            "event": "failed", "severity": "permanent", "reason": "bounce", "delivery-status": { "code": 550, "message": "5.1.1 no such user" }
        }),
    );
    assert_eq!(post(&service, "application/json", mailgun("wrong", seconds(), &bounce)).await, 403, "forged");
    assert_eq!(post(&service, "application/json", mailgun(MAILGUN_KEY, seconds() - 90_000, &bounce)).await, 403, "stale");
    assert_eq!(post(&service, "application/json", json!({ "event-data": bounce }).to_string()).await, 403, "unsigned");
    assert!(!stage.journal().iter().any(|(name, _)| name == "address_dead"), "nothing of it was believed");
    for _ in 0..2 {
        assert_eq!(post(&service, "application/json", mailgun(MAILGUN_KEY, seconds(), &bounce)).await, 200);
    }
    stage.until("address_dead", |_| true).await;
    stage.until("run_ended", |ended| ended["end"] == "undelivered").await;
    let complaint = mailgun(MAILGUN_KEY, seconds(), &event(cay, json!({ "event": "complained", "id": "c1" })));
    assert_eq!(post(&service, "application/json", complaint).await, 200);
    stage.until("opted_out", |out| out["how"] == "complaint").await;
    let mut form = vec![
        ("recipient", "hello@shop.example".to_owned()),
        ("sender", ANN.to_owned()),
        ("from", format!("Ann <{ANN}>")),
        ("subject", "Re: x".to_owned()),
        ("body-plain", "1\n\nOn Sat, 21 Nov 2026 at 10:00, Shop wrote:\n> 1 All is fine".to_owned()),
        ("Message-Id", "<r1@example.com>".to_owned()),
        ("In-Reply-To", format!("<{}>", id(ANN))),
    ];
    form.extend(signature(MAILGUN_KEY, seconds()));
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    for _ in 0..2 {
        assert_eq!(post(&service, "application/x-www-form-urlencoded", form.clone()).await, 200);
    }
    stage.until("run_ended", |ended| ended["end"] == "fine").await;
    let journal = stage.journal();
    let count = |of: &str| journal.iter().filter(|(name, _)| name == of).count();
    assert_eq!((count("received"), count("address_dead"), count("opted_out")), (1, 1, 1), "each once: {journal:#?}");
    assert!(!service.log().contains("example.com"), "{}", service.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sendgrid_signs_its_events_and_posts_replies_in_parts() {
    let server = SmtpServer::start();
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().expect("DER");
    let stage = Stage::new(server.port, &format!("sendgrid_key = \"{}\"", STANDARD.encode(public.as_ref())));
    let service = stage.serve();
    let ben = "ben@example.com";
    for person in [ANN, ben] {
        shipped(&service, person).await;
    }
    let taken = server.wait(|taken| taken.len() == 2).await;
    let id = |person: &str| format!("<{}@shop.example>", to(&taken, person)[0].name());
    let events = json!([
        { "event": "delivered", "email": ANN, "smtp-id": id(ANN), "timestamp": seconds() },
        { "event": "bounce", "type": "bounce", "email": ben, "smtp-id": id(ben), "status": "5.1.1", "reason": "550 no such user" },
    ]);
    let body = format!("{events}\r\n");
    let client = reqwest::Client::builder().no_proxy().timeout(LONG).build().expect("a client");
    let send = async |at: u64, signed: &str| {
        let signature = key.sign(&SystemRandom::new(), format!("{at}{signed}").as_bytes()).expect("signed");
        let request = client.post(format!("{}/hooks/mail/{SECRET}", service.url)).header("Content-Type", "application/json");
        let request = request.header("X-Twilio-Email-Event-Webhook-Timestamp", at.to_string());
        let request = request.header("X-Twilio-Email-Event-Webhook-Signature", STANDARD.encode(signature));
        request.body(body.clone()).send().await.expect("answered").status().as_u16()
    };
    assert_eq!(send(seconds(), "something else").await, 403);
    assert_eq!(send(seconds() - 90_000, &body).await, 403);
    assert_eq!(send(seconds(), &body).await, 200);
    stage.until("address_dead", |_| true).await;
    stage.until("reported", |report| report["status"] == "delivered").await;
    let part = |name: &str, value: &str| format!("--xYz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let headers = format!("Message-ID: <r2@example.com>\r\nIn-Reply-To: {}", id(ANN));
    let form = format!("{}{}{}--xYz--\r\n", part("headers", &headers), part("from", &format!("Ann <{ANN}>")), part("text", "2"));
    assert_eq!(post(&service, "multipart/form-data; boundary=xYz", form).await, 200);
    stage.until("run_ended", |ended| ended["end"] == "bad").await;
}

#[tokio::test]
async fn sns_is_not_asked_for_a_certificate_that_lies_elsewhere() {
    let server = SmtpServer::start();
    let topic = "arn:aws:sns:eu-west-1:123456789012:mail";
    let stage = Stage::new(server.port, &format!("sns_topics = [\"{topic}\"]"));
    let service = stage.serve();
    let client = reqwest::Client::builder().no_proxy().timeout(LONG).build().expect("a client");
    for url in
        ["https://sns.eu-west-1.amazonaws.com.evil.example/x.pem", "http://127.0.0.1:9/x.pem", "https://169.254.169.254/x.pem"]
    {
        let body = json!({
            "Type": "SubscriptionConfirmation", "MessageId": "1", "Token": "t", "TopicArn": topic, "Message": "m", "SubscribeURL": url,
            "Timestamp": "2026-11-21T03:00:00.000Z", "SignatureVersion": "1", "Signature": "AAAA", "SigningCertURL": url
        });
        let request = client.post(format!("{}/hooks/mail/{SECRET}", service.url)).header("Content-Type", "text/plain");
        let request = request.header("x-amz-sns-message-type", "SubscriptionConfirmation").body(body.to_string());
        assert_eq!(request.send().await.expect("answered").status().as_u16(), 403, "{url}");
    }
}
