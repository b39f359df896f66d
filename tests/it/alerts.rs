//! Alerts by the real service to real receivers: a webhook over HTTP, a mail server, a provider of text messages. Told once,
//! counted while they repeat, tried again while a receiver is away, and none lost when the service dies.

use crate::support::command::replyflow_in;
use crate::support::fake_provider::{Behaviour, FakeProvider};
use crate::support::patience::LONG;
use crate::support::process::{Service, command, configuration, project};
use crate::support::receiver::{Answer, Came, Receiver};
use crate::support::smtp::SmtpServer;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const STORE: &str = "kind = \"embedded\"\npath = \"data\"\nhistory = \"history.db\"\nsend_lease = \"4s\"\nclaim_lease = \"1s\"";
const ON_CALL: &str = "+447700900777";
const PAYMENT: &str = r#"
flow: payment
languages: [en]
channels: [main-sms]
start:
  - message: any
begin: ask
states:
  ask:
    ask: Card, cash or a person?
    answer: { choice: { card: Card, cash: Cash, human: Person } }
    go:
      card: { do: [ { alert: { say: "The card of order 17 was refused", to: payments, level: urgent } }, { say: Sorry. } ], end: refused }
      cash: { do: [ { alert: "Somebody pays cash" }, { say: Fine. } ], end: paid }
      human: help
      nomatch: { again: 1, end: unclear }
      silence: { after: 1d, end: silent }
      undelivered: { end: undelivered }
  help:
    handoff: { to: payments, note: wants to pay }
    go: { ok: { end: helped }, silence: { after: 2h, end: unattended } }
"#;
const READY: &str = r#"
flow: ready
languages: [en]
channels: [main-whatsapp, main-sms]
start:
  - event: order.ready
    contact: "{{ event.phone }}"
begin: tell
states:
  tell:
    deliver: { notify: order_ready, until: sent, within: 10m }
    go: { ok: { end: told }, undelivered: { end: lost } }
"#;
const ORDER_READY: &str = r#"
notification: order_ready
route: [whatsapp, sms]
until: sent
text: Your order is ready.
whatsapp: { approved: { name: order_ready_v1, languages: { en: en } } }
"#;

struct Stage {
    folder: TempDir,
    provider: FakeProvider,
    slack: Receiver,
    mail: SmtpServer,
}

impl Stage {
    /// `payments` by mail, text message and webhook; `operations`, the receivers, by webhook alone.
    fn new(window: &str, allow_private: bool) -> Self {
        let (folder, provider, slack, mail) =
            (tempfile::tempdir().expect("a folder"), FakeProvider::start(), Receiver::start(), SmtpServer::start());
        for path in ["payments", "operations"] {
            std::fs::write(folder.path().join(path), format!("{}/{path}", slack.url)).expect("written");
        }
        let more = format!(
            r#"
[channels.mail]
provider = "smtp"
kind = "email"
host = "localhost"
port = {}
tls = "none"
from = "Shop <hello@shop.example>"
per_second = 1000
[alerts]
receivers = ["operations"]
window = "{window}"
retry_first = "100ms"
[teams.payments]
title = "Payments"
email = "ops@shop.example"
sms = "{ON_CALL}"
slack = {{ file = "payments" }}
allow_private = {allow_private}
[teams.operations]
slack = {{ file = "operations" }}
allow_private = {allow_private}
"#,
            mail.port
        );
        let files = [("flows/payment.yaml", PAYMENT), ("flows/ready.yaml", READY), ("templates/order_ready.yaml", ORDER_READY)];
        project(folder.path(), &configuration(STORE, &provider.url, &more), &files);
        Stage { folder, provider, slack, mail }
    }

    fn serve(&self) -> Service {
        Service::start(self.folder.path())
    }

    /// The person with this number chooses this.
    async fn chooses(&self, service: &Service, n: usize, what: &str) {
        let from = format!("+4474001{n:05}");
        let stamp = format!("{n}-{what}");
        assert_eq!(service.sms(&format!("SMa{stamp}"), &from, "hello").await, 200);
        self.provider.wait(LONG, |sent| sent.iter().any(|one| one.to == from));
        assert_eq!(service.sms(&format!("SMb{stamp}"), &from, what).await, 200);
    }

    /// The first lines of what came to a webhook.
    fn told(&self, path: &str) -> Vec<String> {
        self.slack.came(path).iter().map(|came| first_line(&came.body)).collect()
    }

    /// What failed and is said to be this, once there is something.
    async fn failed(&self, service: &Service, about: &str) -> Value {
        let key = command(self.folder.path(), &["key", "create", "watcher", "--scope", "operations:read"]);
        let begun = Instant::now();
        loop {
            let (status, text) = service.get_with("/v1/failed", key.trim()).await;
            let failed: Value = serde_json::from_str(&text).unwrap_or_default();
            let is_it = |one: &&Value| one["kind"] == "alert" && one["about"] == about;
            if let Some(found) = failed["items"].as_array().into_iter().flatten().find(is_it) {
                return found.clone();
            }
            assert!(begun.elapsed() < LONG, "no `{about}`: {status} {text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn first_line(body: &serde_json::Value) -> String {
    body["text"].as_str().unwrap_or("").lines().next().unwrap_or("").to_owned()
}

#[tokio::test]
async fn a_team_is_told_by_all_of_its_ways_and_what_repeats_is_counted() {
    let stage = Stage::new("20s", true);
    let service = stage.serve();
    stage.chooses(&service, 1, "card").await;
    let came = stage.slack.wait("/payments", |came| !came.is_empty());
    let text = came[0].body["text"].as_str().expect("a text");
    assert!(text.starts_with("*[urgent] payment: The card of order"), "{text}");
    for part in ["Flow: payment, state ask", "(phone ending in 01)", "Since: ", "replyflow journal export --contact "] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let mails = stage.mail.wait(|taken| !taken.is_empty()).await;
    assert_eq!(mails[0].to, "ops@shop.example");
    assert!(mails[0].header("Subject").expect("a subject").starts_with("[urgent] payment: The card of order"));
    assert!(mails[0].text().contains("Flow: payment, state ask"), "{}", mails[0].text());
    assert!(mails[0].header("List-Unsubscribe").is_none(), "who is on call is no customer");
    let sent = stage.provider.wait(LONG, |sent| sent.iter().any(|one| one.to == ON_CALL));
    let sms = sent.iter().find(|one| one.to == ON_CALL).expect("a text message");
    assert!(sms.text.starts_with("[urgent] payment: The card of order") && sms.text.chars().count() <= 300, "{}", sms.text);
    // The same of others: only counted, and told once.
    for n in 2..=4 {
        stage.chooses(&service, n, "card").await;
    }
    stage.chooses(&service, 5, "cash").await;
    stage.slack.wait("/operations", |came| !came.is_empty());
    let came = stage.slack.wait("/payments", |came| came.len() >= 2);
    assert!(first_line(&came[1].body).ends_with("(and 3 more)*"), "{:?}", stage.told("/payments"));
    assert_eq!(stage.told("/operations"), ["*[warning] payment: Somebody pays cash*"], "who names nobody tells the receivers");
    let phones = ["74001", ON_CALL];
    let said = format!("{came:?} {}", mails.iter().map(|mail| mail.raw.clone()).collect::<String>());
    assert!(phones.iter().all(|phone| !said.contains(phone)), "no phone in clear: {said}");
    let log = service.log();
    assert!(!log.contains("74001") && !log.contains("/payments"), "{log}");
    assert!(service.stop());
}

#[tokio::test]
async fn each_person_who_waits_is_told_of_with_how_to_take_over() {
    let stage = Stage::new("15m", true);
    let service = stage.serve();
    stage.chooses(&service, 1, "person").await;
    stage.chooses(&service, 2, "person").await;
    let came = stage.slack.wait("/payments", |came| came.len() >= 2);
    let text = came[0].body["text"].as_str().expect("a text");
    assert!(text.starts_with("*[urgent] payment: A person waits for Payments: wants to pay*"), "{text}");
    let link = text.split("POST ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a URL");
    let path = link.strip_prefix("https://hooks.example.org").expect("ours");
    let key = format!("Bearer {}", crate::support::process::EVENTS_KEY);
    let client = reqwest::Client::builder().no_proxy().timeout(LONG).build().expect("a client");
    let answer = client.post(format!("{}{path}", service.url)).header("Authorization", key).body(r#"{"by": "ada"}"#).send().await;
    assert_eq!(answer.expect("answered").status(), 202, "what the alert says to do works");
}

#[tokio::test]
async fn a_receiver_that_is_away_holds_up_nobody_and_hears_it_later() {
    let stage = Stage::new("15m", true);
    stage.slack.answers("/operations", Answer::Silence);
    let service = stage.serve();
    stage.chooses(&service, 1, "cash").await;
    stage.slack.wait("/operations", |came| !came.is_empty());
    // The webhook hangs; the customers' answers come all the same.
    stage.chooses(&service, 2, "card").await;
    stage.provider.wait(LONG, |sent| sent.iter().filter(|one| one.text.starts_with("Sorry")).count() == 1);
    for answer in [Answer::Status(500), Answer::Later(429, "1"), Answer::Later(503, "0")] {
        stage.slack.answers("/operations", answer);
        let before = stage.slack.came("/operations").len();
        stage.slack.wait("/operations", |came| came.len() > before);
    }
    stage.slack.answers("/operations", Answer::Status(200));
    let before = stage.slack.came("/operations").len();
    let came = stage.slack.wait("/operations", |came| came.len() > before);
    assert!(came.iter().all(|one| one.body == came[0].body), "the same again and again: {came:#?}");
    assert!(command(stage.folder.path(), &["failed", "list"]).contains("Nothing has failed"));
}

#[tokio::test]
async fn a_webhook_that_is_gone_or_private_fails_visibly() {
    let stage = Stage::new("15m", true);
    stage.slack.answers("/operations", Answer::Status(404));
    let service = stage.serve();
    stage.chooses(&service, 1, "cash").await;
    let failed = stage.failed(&service, "to operations by slack").await;
    assert!(!failed.to_string().contains("74001"), "{failed}");
    assert_eq!(stage.slack.came("/operations").len(), 1, "no repetition mends it");
    stage.slack.answers("/operations", Answer::Status(200));
    command(stage.folder.path(), &["failed", "retry", failed["id"].as_str().expect("an id")]);
    stage.slack.wait("/operations", |came| came.len() == 2);
    drop(service);
    let private = Stage::new("15m", false);
    let service = private.serve();
    private.chooses(&service, 1, "cash").await;
    private.failed(&service, "to operations by slack").await;
    assert_eq!(private.slack.came("/operations").len(), 0, "nothing reaches a private address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_counted_twice_when_the_service_is_killed() {
    let stage = Stage::new("25s", true);
    let mut service = stage.serve();
    for n in 0..12 {
        stage.chooses(&service, n, "cash").await;
        if n % 4 == 3 {
            service.kill9();
            service = stage.serve();
        }
    }
    // An attempt that a death cut off is made again: told twice at most, never counted twice.
    let counted = |came: &[Came]| {
        let mut bodies: Vec<String> = came.iter().map(|one| one.body.to_string()).collect();
        bodies.sort();
        bodies.dedup();
        let more = |body: &String| body.split("(and ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
        bodies.iter().map(|body| more(body).unwrap_or(1)).sum::<usize>()
    };
    let came = stage.slack.wait("/operations", |came| counted(came) >= 12);
    assert_eq!(counted(&came), 12, "{:?}", stage.told("/operations"));
    assert_eq!(stage.told("/operations")[0], "*[warning] payment: Somebody pays cash*");
    drop(service);
}

#[tokio::test]
async fn a_template_that_is_paused_is_an_alert_and_the_route_goes_on() {
    let stage = Stage::new("15m", true);
    let paused = r#"{"error":{"message":"(#132015) Template is Paused","type":"OAuthException","code":132015,"error_data":{"messaging_product":"whatsapp","details":"Template is paused due to low quality"},"fbtrace_id":"A"}}"#;
    stage.provider.then([Behaviour::Answer(400, paused.to_owned())]);
    let service = stage.serve();
    let phone = "+447400100001";
    let event = json!({ "event": "order.ready", "data": { "phone": phone } });
    assert_eq!(service.event(event).await, 202);
    let sent = stage.provider.wait(LONG, |sent| sent.iter().any(|one| one.text == "Your order is ready."));
    assert_eq!(sent.len(), 2, "the template, then the text message: {sent:#?}");
    assert!(sent[0].body.contains("order_ready_v1") && !sent[0].accepted);
    let came = stage.slack.wait("/operations", |came| !came.is_empty());
    let text = came[0].body["text"].as_str().expect("a text");
    for part in
        ["WhatsApp has paused the approved template `order_ready_v1`", "132015", "WhatsApp Manager", "next place of their route"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("7400100001"), "{text}");
    // Meta also says so by itself, before a message meets it.
    let judged = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "time": 1, "changes": [{
        "field": "message_template_status_update",
        "value": { "event": "DISABLED", "message_template_id": 7, "message_template_name": "order_gone_v1", "reason": "NONE" }
    }] }] });
    assert_eq!(service.meta(judged.to_string()).await, 200);
    let came = stage.slack.wait("/operations", |came| came.len() == 2);
    let text = came[1].body["text"].as_str().expect("a text");
    assert!(text.contains("The provider has disabled the approved template `order_gone_v1`."), "{text}");
    assert!(service.stop());
}

#[test]
fn a_test_alert_says_what_came_of_each_way() {
    let stage = Stage::new("15m", true);
    let said = command(stage.folder.path(), &["alert", "test"]);
    for line in [
        "payments  email ops@shop.example by mail: told",
        &format!("payments  sms {ON_CALL} by main-sms: told"),
        "payments  slack 127.0.0.1: told",
        "operations  slack 127.0.0.1: told",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(stage.told("/payments")[0].contains("This is a test"));
    let listed = replyflow_doctor(&stage);
    assert!(listed.contains("payments is told: 1 by email, 1 by sms, 1 by slack"), "{listed}");
    stage.slack.answers("/payments", Answer::Status(404));
    std::fs::write(stage.folder.path().join("replyflow.toml"), ONLY_SLACK).expect("written");
    let (said, code) = replyflow_in(stage.folder.path(), &["alert", "test", "payments"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("payments  slack 127.0.0.1: refused: answered 404"), "{said}");
    let (said, code) = replyflow_in(stage.folder.path(), &["alert", "test", "nobody"]);
    assert_eq!(code, 2, "{said}");
}

/// The store is made by the service; everything else is there.
fn replyflow_doctor(stage: &Stage) -> String {
    drop(stage.serve());
    command(stage.folder.path(), &["doctor"])
}

/// A configuration that needs no variables of the environment.
const ONLY_SLACK: &str = "[teams.payments]\nslack = { file = \"payments\" }\nallow_private = true\n";

/// The block of this language on the page that holds this.
fn block(page: &str, language: &str, part: &str) -> String {
    let begin = format!("```{language}\n");
    let blocks = page.split(begin.as_str()).skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.contains(part)).map(str::to_owned).next().unwrap_or_else(|| panic!("no block with {part}"))
}

#[test]
fn the_examples_of_the_page_work() {
    let page =
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/alerts.md")).expect("the page");
    let folder = tempfile::tempdir().expect("a folder");
    let settings = block(&page, "toml", "[alerts]");
    let channels = "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n[channels.mail]\nprovider = \"smtp\"\nkind = \"email\"\n\
                    host = \"localhost\"\nfrom = \"Shop <hello@shop.example>\"\n";
    let silence = block(&page, "yaml", "silence:");
    let flow = format!(
        "flow: help\nlanguages: [en]\nchannels: [main-sms]\nstart: [{{ message: any }}]\nbegin: support\nstates:\n  support:\n    \
         handoff: {{ to: payments }}\n    go:\n      ok: {{ end: helped }}\n      {silence}"
    );
    project(folder.path(), &format!("{channels}{settings}"), &[("flows/help.yaml", &flow)]);
    let checked = |text: &str| {
        std::fs::write(folder.path().join("flows/help.yaml"), text).expect("written");
        replyflow_in(folder.path(), &["check"])
    };
    let (said, code) = checked(&flow);
    assert_eq!(code, 0, "{said}");
    let (said, code) = checked(&flow.replace("to: payments, level", "to: paymants, level"));
    assert!(code == 1 && said.contains("RF505") && said.contains("paymants"), "{said}");
}
