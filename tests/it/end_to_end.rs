//! The whole service over real HTTP with a real Redis: signed webhooks in, the provider's API out, providers that fail, a Redis
//! that dies.

use crate::support::fake_provider::{Behaviour, FakeProvider, Sent};
use crate::support::patience::{LONG, patient};
use crate::support::process::{Service, configuration, project};
use crate::support::redis::RedisServer;
use serde_json::json;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const ECHO: &str = r#"
flow: echo
languages: [en]
start:
  - message: any
begin: reply
states:
  reply:
    ask: "You wrote: {{ reply.text }}"
    answer: { choice: { more: Tell me more, enough: That is enough } }
    go:
      more: { say: "More of it.", end: more }
      enough: { say: "Enough.", end: enough }
      nomatch: { again: 2, end: lost }
      silence: { after: 1h, end: silent }
"#;

struct Stage {
    folder: TempDir,
    provider: FakeProvider,
    redis: RedisServer,
}

impl Stage {
    fn new(more: &str, files: &[(&str, &str)]) -> Self {
        let (folder, provider, redis) =
            (tempfile::tempdir().expect("a folder"), FakeProvider::start(), RedisServer::start_durable());
        let store = format!(
            "kind = \"redis\"\nurl = \"{}\"\nhistory = \"history.db\"\nsend_lease = \"5s\"\nclaim_lease = \"1s\"",
            redis.url()
        );
        project(folder.path(), &configuration(&store, &provider.url, more), files);
        Stage { folder, provider, redis }
    }

    fn serve(&self) -> Service {
        Service::start(self.folder.path())
    }

    /// What an operator's command prints, beside the running service.
    fn command(&self, arguments: &[&str]) -> String {
        crate::support::process::command(self.folder.path(), arguments)
    }
}

fn accepted(sent: &[Sent]) -> Vec<&str> {
    sent.iter().filter(|s| s.accepted).map(|s| s.text.as_str()).collect()
}

#[tokio::test]
async fn a_signed_sms_is_answered_once_and_in_order() {
    let stage = Stage::new("", &[("flows/echo.yaml", ECHO)]);
    let service = stage.serve();
    assert_eq!(service.sms("SM1", "+447700900123", "hello").await, 200);
    let sent = stage.provider.wait(LONG, |sent| sent.len() == 1);
    assert_eq!(sent[0].to, "+447700900123");
    assert_eq!(sent[0].text, "You wrote: hello\n1 Tell me more\n2 That is enough");
    assert!(sent[0].effect.is_some(), "the send carries our name of it: {}", sent[0].body);
    // The same message again, as Twilio repeats it when our answer was lost.
    assert_eq!(service.sms("SM1", "+447700900123", "hello").await, 200);
    assert_eq!(service.sms("SM2", "+447700900123", "2").await, 200);
    let sent = stage.provider.wait(LONG, |sent| sent.len() >= 2);
    assert_eq!(sent.len(), 2, "{sent:#?}");
    assert_eq!(sent[1].text, "Enough.");
    let log = service.log();
    assert!(!log.contains("447700900123") && !log.contains("hello"), "no person in a log: {log}");
    assert!(service.stop(), "a clean stop");
}

#[tokio::test]
async fn whatsapp_shows_buttons_and_a_tap_answers() {
    let stage = Stage::new("", &[("flows/echo.yaml", ECHO)]);
    let service = stage.serve();
    assert_eq!(service.whatsapp("wamid.1", "447700900123", "hello").await, 200);
    let sent = stage.provider.wait(LONG, |sent| sent.len() == 1);
    assert_eq!(sent[0].text, "You wrote: hello");
    let body: serde_json::Value = serde_json::from_str(&sent[0].body).expect("JSON");
    let button = body.pointer("/interactive/action/buttons/1/reply").expect("a second button");
    assert_eq!(button["title"], "That is enough");
    let tap = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp", "metadata": {"display_phone_number": "447700900001", "phone_number_id": "106540000000001"},
        "contacts": [{"profile": {"name": "Ada"}, "wa_id": "447700900123"}],
        "messages": [{"from": "447700900123", "id": "wamid.2", "timestamp": "1795229990", "type": "interactive",
            "context": {"from": "447700900001", "id": "wamid.1"},
            "interactive": {"type": "button_reply", "button_reply": {"id": button["id"], "title": button["title"]}}}]}}]}]});
    assert_eq!(service.meta(tap.to_string()).await, 200);
    let sent = stage.provider.wait(LONG, |sent| sent.len() == 2);
    assert_eq!(sent[1].text, "Enough.");
    // SMS and WhatsApp of one number are one contact: STOP on SMS does not stop WhatsApp, but it is the same record.
    assert_eq!(service.sms("SM9", "+447700900123", "STOP").await, 200);
    let sent = stage.provider.wait(LONG, |sent| sent.len() == 3);
    assert!(sent[2].text.contains("no more messages"), "{}", sent[2].text);
    assert_eq!(service.sms("SM10", "+447700900123", "hello").await, 200);
    assert_eq!(service.whatsapp("wamid.3", "447700900123", "hello again").await, 200);
    let sent = stage.provider.wait(LONG, |sent| sent.len() == 4);
    assert_eq!(sent[3].text, "You wrote: hello again", "nothing left on SMS after STOP");
}

#[tokio::test]
async fn bad_webhooks_get_clear_statuses_and_no_detail() {
    let stage = Stage::new("", &[("flows/echo.yaml", ECHO)]);
    let service = stage.serve();
    let (body, _) = crate::support::sign::twilio("x", "https://x", &[("MessageSid", "SM1"), ("Body", "secret words")]);
    assert_eq!(service.form("/hooks/main-sms", body.clone(), "forged").await, 403);
    assert_eq!(service.form("/hooks/nobody", body, "forged").await, 404);
    assert_eq!(
        service.get("/hooks/main-whatsapp?hub.mode=subscribe&hub.challenge=4711&hub.verify_token=verify-me").await,
        (200, "4711".into())
    );
    assert_eq!(service.get("/hooks/main-whatsapp?hub.mode=subscribe&hub.challenge=4711&hub.verify_token=guess").await.0, 403);
    assert_eq!(service.meta("{".to_owned()).await, 400);
    assert_eq!(service.meta(format!("{{\"pad\":\"{}\"}}", "x".repeat(5 * 1024 * 1024))).await, 413);
    assert_eq!(service.get("/health/live").await.0, 200);
    assert_eq!(service.get("/health/ready").await.0, 200);
    let (status, metrics) = service.get("/metrics").await;
    assert_eq!(status, 200);
    assert!(metrics.contains("replyflow"), "{metrics}");
    assert!(!service.log().contains("secret words"));
    assert_eq!(stage.provider.sent().len(), 0);
}

#[tokio::test]
async fn a_provider_that_throttles_fails_or_talks_nonsense_is_tried_again_or_fails_visibly() {
    let stage = Stage::new("", &[("flows/echo.yaml", ECHO)]);
    let service = stage.serve();
    stage.provider.then([
        Behaviour::Throttle(1),
        Behaviour::Answer(503, "<html>upstream</html>".to_owned()),
        Behaviour::Accept,
        Behaviour::Answer(400, r#"{"code":21614,"message":"not a mobile number","status":400}"#.to_owned()),
    ]);
    assert_eq!(service.sms("SM1", "+447700900123", "hello").await, 200);
    let sent = stage.provider.wait(LONG, |sent| accepted(sent).len() == 1);
    assert_eq!(sent.len(), 3, "throttled, failed, accepted: {sent:#?}");
    assert!(sent.iter().all(|s| s.effect == sent[0].effect), "one message, three attempts");
    assert_eq!(service.sms("SM2", "+447700900124", "hello").await, 200);
    stage.provider.wait(LONG, |sent| sent.len() == 4);
    // A question that the provider refused ends its run; the next message is answered all the same.
    assert_eq!(service.sms("SM3", "+447700900124", "still there?").await, 200);
    let sent = stage.provider.wait(LONG, |sent| sent.len() == 5);
    assert!(sent[4].text.starts_with("You wrote: still there?"));
}

#[tokio::test]
async fn a_send_whose_answer_was_lost_is_not_repeated_but_put_before_an_operator() {
    let stage = Stage::new("", &[("flows/echo.yaml", ECHO)]);
    let service = stage.serve();
    stage.provider.then([Behaviour::TakeAndDrop, Behaviour::Slow(Duration::from_secs(3))]);
    assert_eq!(service.sms("SM1", "+447700900123", "hello").await, 200);
    assert_eq!(service.sms("SM2", "+447700900124", "hello").await, 200);
    stage.provider.wait(LONG, |sent| sent.len() == 2);
    // The next message of each contact leaves only when the one before is settled.
    for (n, phone) in ["+447700900123", "+447700900124"].into_iter().enumerate() {
        assert_eq!(service.sms(&format!("SM{}", n + 3), phone, "again").await, 200);
    }
    let sent = stage.provider.wait(LONG, |sent| sent.len() >= 4);
    assert_eq!(sent.len(), 4, "neither was sent a second time: {sent:#?}");
    let failed = stage.command(&["failed", "list", "--format", "json"]);
    assert_eq!(failed.matches("\"kind\":\"message\"").count(), 2, "{failed}");
    assert!(stage.command(&["failed", "drop", "--all"]).contains('2'));
    assert!(!stage.command(&["failed", "list", "--format", "json"]).contains("\"kind\""));
}

#[tokio::test]
async fn while_redis_is_down_nothing_is_promised_and_afterwards_nothing_is_missing() {
    let mut stage = Stage::new("", &[("flows/echo.yaml", ECHO)]);
    let service = stage.serve();
    assert_eq!(service.sms("SM1", "+447700900123", "one").await, 200);
    stage.provider.wait(LONG, |sent| sent.len() == 1);
    stage.redis.kill9();
    assert_eq!(service.sms("SM2", "+447700900123", "2").await, 503);
    assert_eq!(service.get("/health/ready").await.0, 503);
    stage.redis.restart();
    // Twilio comes again, as `#rc=5&rp=all` tells it to.
    let begun = Instant::now();
    loop {
        match service.sms("SM2", "+447700900123", "2").await {
            200 => break,
            503 => patient(begun, "Redis is back and the service takes messages"),
            other => panic!("answered {other}"),
        }
    }
    let sent = stage.provider.wait(LONG, |sent| sent.len() >= 2);
    assert_eq!(accepted(&sent)[1], "Enough.");
}

#[tokio::test]
async fn two_messages_of_one_contact_a_millisecond_apart_are_both_right_on_two_instances() {
    let counting = "flow: count\nlanguages: [en]\nvars: { n: 0 }\nstart:\n  - keyword: begin\nbegin: ask\nexpires: 1d\nstates:\n  ask:\n    ask: \"{{ n }}\"\n    \
                    answer: any\n    go: { ok: { set: { n: \"{{ n + 1 }}\" }, go: ask }, silence: { after: 1h, end: silent } }\n";
    let stage = Stage::new("", &[("flows/count.yaml", counting)]);
    let (one, two) = (stage.serve(), stage.serve());
    let phones: Vec<String> = (0..100).map(|n| format!("+4477009{n:05}")).collect();
    for (n, phone) in phones.iter().enumerate() {
        assert_eq!(one.sms(&format!("SMb{n}"), phone, "begin").await, 200);
    }
    stage.provider.wait(LONG, |sent| accepted(sent).len() == 100);
    for (n, phone) in phones.iter().enumerate() {
        let (first, second) = (format!("SMx{n}"), format!("SMy{n}"));
        let (a, b) = tokio::join!(one.sms(&first, phone, "x"), two.sms(&second, phone, "y"));
        assert_eq!((a, b), (200, 200));
    }
    let sent = stage.provider.wait(LONG, |sent| accepted(sent).len() >= 300);
    let right = phones
        .iter()
        .filter(|phone| {
            let texts: Vec<&str> = sent.iter().filter(|s| s.to == **phone).map(|s| s.text.as_str()).collect();
            texts == ["0", "1", "2"]
        })
        .count();
    assert_eq!(right, 100, "of 100");
}
