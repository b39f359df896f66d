//! What bad input gets at the webhooks, and what good input does.

use crate::support::live::{GREETING, SIMULATED, Service};
use crate::support::patience::until;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const META: &str = r#"
[server]
listen = "127.0.0.1:0"
public_url = "https://replies.example.com"
[channels.wa]
provider = "meta"
kind = "whatsapp"
phone_number_id = "106540352242922"
app_secret = { env = "META_APP_SECRET" }
verify_token = { env = "META_VERIFY_TOKEN" }
access_token = { env = "META_ACCESS_TOKEN" }
base_url = "http://127.0.0.1:9"
[channels.sms]
provider = "twilio"
kind = "sms"
number = "+447700900001"
account_sid = "AC00000000000000000000000000000000"
auth_token = { env = "TWILIO_AUTH_TOKEN" }
base_url = "http://127.0.0.1:9"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_over_http() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    assert_eq!(service.write("main-sms", "+447700900123", "1", "hi").await.status(), 200);
    assert_eq!(service.shown("+447700900123", 1).await, ["Do you like it?"]);
    assert_eq!(service.write("main-sms", "+447700900123", "2", "perhaps").await.status(), 200);
    service.shown("+447700900123", 2).await;
    // The same delivery again is 2xx and takes no effect.
    assert_eq!(service.write("main-sms", "+447700900123", "2", "perhaps").await.status(), 200);
    assert_eq!(service.write("main-sms", "+447700900123", "3", "yes").await.status(), 200);
    let texts = service.shown("+447700900123", 3).await;
    assert_eq!(texts, ["Do you like it?", "Please say yes or no.", "Thank you."]);
    assert_eq!(service.metric("replyflow_hooks_refused_total", "").await, 0.0);
    assert!(service.metric("replyflow_commits_total", "{result=\"ok\"}").await >= 3.0);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_get_what_the_documentation_says() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    assert_eq!(service.post("/hooks/nobody", "{}").await.status(), 404, "unknown channel");
    assert_eq!(service.post("/nowhere", "{}").await.status(), 404, "unknown route");
    assert_eq!(service.get("/hooks/main-sms").await.status(), 400, "a GET that is no handshake");
    let put = service.client.put(format!("{}/hooks/main-sms", service.base)).body("x").send().await.expect("an answer");
    assert_eq!(put.status(), 405);
    for body in ["", "{", "[]", "{}", r#"{"id": "1", "from": "Bob", "text": "hi"}"#, "\u{0}"] {
        let answer = service.post("/hooks/main-sms", body.to_owned()).await;
        assert_eq!(answer.status(), 400, "{body}");
        assert_eq!(answer.text().await.expect("text"), "", "no detail for whoever forges");
    }
    let limit = replyflow::domain::limits::WEBHOOK_BODY_BYTES;
    assert_eq!(service.post("/hooks/main-sms", "x".repeat(limit)).await.status(), 400, "as large as may be: read, and malformed");
    assert_eq!(service.post("/hooks/main-sms", "x".repeat(limit + 1)).await.status(), 413);
    assert_eq!(service.post("/hooks/nobody", "x".repeat(limit + 1)).await.status(), 413, "read before anything else is said");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_webhooks_are_refused_without_a_word_and_counted() {
    let service = Service::start(META, &[("greeting", GREETING)]).await;
    let counted = |labels: &'static str| service.metric("replyflow_hooks_refused_total", labels);
    let before = counted("{channel=\"wa\",reason=\"forged\"}").await;
    let body = r#"{"object": "whatsapp_business_account", "entry": []}"#;
    let signed = |secret: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
        mac.update(body.as_bytes());
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    };
    let send = |signature: Option<String>| {
        let mut request = service.client.post(format!("{}/hooks/wa", service.base)).body(body);
        if let Some(signature) = signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        async { request.send().await.expect("an answer") }
    };
    for signature in [None, Some("sha256=00".to_owned()), Some(signed("somebody-else"))] {
        let answer = send(signature).await;
        assert_eq!(answer.status(), 403);
        assert_eq!(answer.text().await.expect("text"), "");
    }
    assert_eq!(send(Some(signed("meta-app-secret"))).await.status(), 200);
    assert!(counted("{channel=\"wa\",reason=\"forged\"}").await > before);

    let unsigned = service.post("/hooks/sms", "MessageSid=SM1&From=%2B447700900123&Body=hi").await;
    assert_eq!(unsigned.status(), 403);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_verifies_the_url() {
    let service = Service::start(META, &[("greeting", GREETING)]).await;
    let ask = |token: &str| format!("/hooks/wa?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444");
    let answer = service.get(&ask("meta-verify-token")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.expect("text"), "1158201444");
    assert_eq!(service.get(&ask("guess")).await.status(), 403);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_webhooks_are_asked_to_come_again() {
    let slow = format!("{SIMULATED}\n[server.rates]\nhooks = 1\n");
    let service = Service::start(&slow, &[("greeting", GREETING)]).await;
    let mut statuses = Vec::new();
    for n in 0..6 {
        statuses.push(service.write("main-sms", "+447700900123", &n.to_string(), "hi").await.status().as_u16());
    }
    assert_eq!(statuses[..2], [200, 200]);
    assert!(statuses.contains(&503), "{statuses:?}");
    assert_eq!(service.get("/health/live").await.status(), 200, "other routes go on");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_survives_a_stop() {
    // The simulator stops together with the service, so an answer may be lost on the way: then the message is sent again.
    let config = format!("{SIMULATED}\n[send]\nunsure = \"resend\"\n");
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    service.post("/simulator/behaviour", json!({ "always": { "status": 503 } }).to_string()).await;
    assert_eq!(service.write("main-sms", "+447700900123", "1", "hi").await.status(), 200);
    let folder = service.stop().await;
    let service = Service::start_in(folder).await;
    assert_eq!(service.shown("+447700900123", 1).await, ["Do you like it?"], "the new simulator behaves well");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatsapp_shows_buttons_and_a_press_answers() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    service.write("main-whatsapp", "+447700900123", "1", "hi").await;
    service.shown("+447700900123", 1).await;
    let shown: Value = service.get("/simulator/messages?to=447700900123").await.json().await.expect("JSON");
    let buttons = shown["messages"][0]["buttons"].as_array().cloned().unwrap_or_default();
    assert_eq!(buttons.len(), 2, "{shown}");
    let press = json!({ "id": "2", "from": "+447700900123", "press": buttons[0]["id"] });
    assert_eq!(service.post("/hooks/main-whatsapp", press.to_string()).await.status(), 200);
    assert_eq!(service.shown("+447700900123", 2).await[1], "Thank you.");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_too_slowly_is_cut_off_and_holds_nobody_up() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let config = SIMULATED.replace("[channels.main-sms]", "request_timeout = \"1s\"\n[channels.main-sms]");
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    let address = service.base.trim_start_matches("http://");
    let mut slow = tokio::net::TcpStream::connect(address).await.expect("connected");
    slow.write_all(b"POST /hooks/main-sms HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{\"id\":").await.expect("written");
    assert_eq!(service.write("main-sms", "+447700900123", "1", "hi").await.status(), 200);
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).await.expect("an answer and the end");
    assert!(answer.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_the_simulator_reaches_the_journal() {
    let service = Service::start(SIMULATED, &[("greeting", GREETING)]).await;
    service.post("/simulator/behaviour", json!({ "reports": ["sent", "delivered"] }).to_string()).await;
    service.write("main-sms", "+447700900123", "1", "hi").await;
    service.shown("+447700900123", 1).await;
    // A report comes after the answer to the send that it is about.
    let reports = async || service.metric("replyflow_reports_total", "{status=\"delivered\"}").await;
    until("it is counted", async || reports().await >= 1.0).await;
    let folder = service.stop().await;
    let (journal, code) = crate::support::command::replyflow_in(folder.path(), &["journal", "export"]);
    let reported = journal.lines().filter(|line| line.contains("\"reported\"") && line.contains("delivered")).count();
    assert_eq!((code, reported), (0, 1), "{journal}");
}
