//! `replyflow doctor`: its page on real servers, on what only the flows and the settings together show, and what a chat shows of mails.

use crate::support::fake_provider::FakeProvider;
use crate::support::postgres::{self, PostgresServer};
use crate::support::process::{Service, configuration, environment, project};
use crate::support::redis::RedisServer;
use replyflow::config::history::{HistoryBackend, PostgresTls};
use replyflow::config::secret::Secret;
use replyflow::history::Database;
use serde_json::Value as Json;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const CONFIG: &str = r#"
[channels.main-sms]
provider = "simulator"
kind = "sms"
[api.shop]
base_url = "https://shop.example"
[api.desk]
base_url = "https://desk.example"
circuit_after = 0
[webhooks.signed.payment.shopfiy]
scheme = "github"
secrets = [{ env = "SHOP_SECRET" }]
"#;

const PAYMENT: &str = "flow: payment\nlanguages: [en]\nstart:\n  - { webhook: shopify, contact: \"{{ event.phone }}\" }\n\
                       begin: a\nstates: { a: { say: Hello, end: done } }\n";

fn doctor(config: &str) -> (String, i32) {
    let folder = tempfile::tempdir().expect("a folder");
    for part in ["flows", "templates"] {
        fs::create_dir(folder.path().join(part)).expect("made");
    }
    fs::write(folder.path().join("replyflow.toml"), config).expect("written");
    fs::write(folder.path().join("flows/payment.yaml"), PAYMENT).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_replyflow"));
    let command = command.arg("doctor").current_dir(folder.path()).env("SHOP_SECRET", "the-secret-of-the-shop");
    let output = command.output().expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &*String::from_utf8_lossy(&output.stderr);
    (text, output.status.code().unwrap_or(-1))
}

/// What it says in a folder, with a public URL if one is given.
fn page(folder: &Path, public_url: Option<&str>) -> (Json, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_replyflow"));
    environment(&mut command).args(["doctor", "--format", "json"]).current_dir(folder);
    if let Some(url) = public_url {
        command.env("REPLYFLOW_SERVER__PUBLIC_URL", url);
    }
    let output = command.output().expect("the binary runs");
    let page = serde_json::from_slice(&output.stdout);
    (page.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))), output.status.code().unwrap_or(-1))
}

/// The level of the finding in this area whose message has all of these parts.
fn level<'p>(page: &'p Json, area: &str, parts: &[&str]) -> &'p str {
    let has = |finding: &&Json| {
        let message = finding["message"].as_str().unwrap_or_default();
        finding["area"] == area && parts.iter().all(|part| message.contains(part))
    };
    let found = page["findings"].as_array().and_then(|all| all.iter().find(has));
    found.and_then(|finding| finding["level"].as_str()).unwrap_or_else(|| panic!("{area}: no {parts:?} in {page:#}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_page_shows_redis_postgres_clocks_certificates_limits_and_versions() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/smtp");
    let (cert, key) = (format!("{data}/cert.pem"), format!("{data}/key.pem"));
    let (certificate, secret) = (fs::read(&cert).expect("read"), fs::read(&key).expect("read"));
    let redis =
        RedisServer::start_with(&["--tls-port", "--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-ca-cert-file", &cert]);
    let files: [(&str, &[u8]); 2] = [("server.crt", &certificate), ("server.key", &secret)];
    let server = tokio::task::block_in_place(|| PostgresServer::start_with(&files, &["-c", "ssl=on"]));
    server.database().await;
    let record = format!("postgres://replyflow@localhost:{}/test0", server.port());
    let mut config = postgres::settings(&record);
    if let HistoryBackend::Postgres(settings) = &mut config.backend {
        settings.tls = PostgresTls::On;
        settings.tls_ca = Some(Secret::new(String::from_utf8_lossy(&certificate)));
    }
    Database::open(&config).await.expect("made, as the service does it");
    let tls = format!("tls_ca = {{ file = \"{cert}\" }}");
    let store = format!(
        "kind = \"redis\"\nurl = \"rediss://localhost:{}\"\n{tls}\ntls_certificate = {{ file = \"{cert}\" }}\n\
         tls_key = {{ file = \"{key}\" }}",
        redis.port()
    );
    let toml = configuration(&store, "http://127.0.0.1:1", &format!("[history]\npostgres = \"{record}\"\n{tls}\n"));
    let folder = tempfile::tempdir().expect("a folder");
    project(folder.path(), &toml, &[("flows/payment.yaml", PAYMENT)]);
    // Nobody listens there.
    let (page, code) = tokio::task::block_in_place(|| page(folder.path(), Some("https://127.0.0.1:1")));
    assert_eq!(code, 0, "{page:#}");
    assert_eq!(page["level"], "warning");
    for (area, part) in [
        ("store", "a write takes"),
        ("persistence", "AOF with fsync every second"),
        ("persistence", "maxmemory-policy is noeviction"),
        ("persistence", "the last snapshot"),
        ("clock", "Redis' clock is"),
        ("clock", "PostgreSQL has the same time as we"),
        ("certificates", "tls_ca of [store]: it lasts"),
        ("certificates", "tls_certificate of [store]: it lasts"),
        ("certificates", "tls_ca of [history]: it lasts"),
        ("limits", "Redis uses"),
        ("limits", "requests a second that are taken"),
        ("limits", "main-sms: up to 100000 messages a second, 100000 at once; without a setting it is 10 at Twilio"),
        ("versions", "Redis "),
        ("versions", "layout rf1"),
        ("versions", "the record is in PostgreSQL"),
        ("versions", concat!("replyflow ", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(level(&page, area, &[part]), "fine");
    }
    for port in [redis.port(), server.port()] {
        assert_eq!(level(&page, "certificates", &[&format!(" at localhost:{port}: it lasts ")]), "fine");
    }
    assert_eq!(level(&page, "limits", &["send.in_flight = 256", "the channels may send 200000"]), "warning");
    assert_eq!(level(&page, "webhooks", &["https://127.0.0.1:1/health/ready: could not connect"]), "warning");
    assert_eq!(level(&page, "certificates", &["the public URL at 127.0.0.1:1: it was not seen"]), "warning");
    let unknown =
        toml.replacen(&tls, "", 1).replacen("tls_certificate", "# tls_certificate", 1).replacen("tls_key", "# tls_key", 1);
    project(folder.path(), &unknown, &[]);
    let (page, code) = tokio::task::block_in_place(|| self::page(folder.path(), Some("https://127.0.0.1:1")));
    assert_eq!((code, level(&page, "certificates", &[&format!("Redis at localhost:{}: ", redis.port())])), (1, "error"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_answers_at_the_public_url_is_looked_at() {
    let (folder, provider) = (tempfile::tempdir().expect("a folder"), FakeProvider::start());
    let toml = configuration("kind = \"embedded\"\npath = \"data\"", &provider.url, "");
    project(folder.path(), &toml, &[("flows/payment.yaml", PAYMENT)]);
    let service = Service::start(folder.path());
    let url = service.caller().url;
    let look = || tokio::task::block_in_place(|| page(folder.path(), Some(&url)));
    let (seen, code) = look();
    assert_eq!(code, 0, "{seen:#}");
    assert_eq!(level(&seen, "webhooks", &[&url, "answers: the service is ready"]), "fine");
    assert_eq!(level(&seen, "webhooks", &[&url, "inside your network"]), "warning");
    assert_eq!(level(&seen, "clock", &["what answers at the public URL has the same time as we"]), "fine");
    assert_eq!(level(&seen, "versions", &["the store is in SQLite"]), "fine");
    assert_eq!(level(&seen, "versions", &["the record is in SQLite"]), "fine");
    assert_eq!(level(&seen, "persistence", &["every answer waits for an fsync"]), "fine");
    for what in ["the store", "the record", "files of contacts"] {
        let there = level(&seen, "persistence", &["are free for", what]);
        assert!(["fine", "warning"].contains(&there), "{what}: {there}");
    }
    assert!(service.stop(), "a clean stop");
    let (gone, _) = look();
    assert_eq!(level(&gone, "webhooks", &[&url, "could not connect"]), "warning");
}

#[test]
fn signatures_for_a_webhook_that_there_is_not_are_an_error() {
    let (output, code) = doctor(CONFIG);
    assert!(output.contains("[webhooks.signed.payment.shopfiy]: the flow `payment` has no webhook `shopfiy`"), "{output}");
    assert!(output.contains("did you mean `shopify`?"), "{output}");
    assert_ne!(code, 0);
    let (output, _) = doctor(&CONFIG.replace("shopfiy", "shopify"));
    assert!(!output.contains("webhooks.signed"), "{output}");
}

#[test]
fn channels_whose_provider_signs_nothing_are_named() {
    let gateway = "[server]\npublic_url = \"https://replies.example.com\"\n[channels.gateway]\nprovider = \"http\"\nkind = \"sms\"\n\
                   webhook_secret = { env = \"SHOP_SECRET\" }\n[channels.gateway.send]\nurl = \"https://gw.example/send\"\n\
                   body = '[{{to}},{{text}}]'\n";
    let config = format!("{CONFIG}{gateway}").replace("shopfiy", "shopify");
    let (output, _) = doctor(&config);
    assert!(output.contains("gateway: nothing but the secret in its URL shows that Any gateway with HTTP calls it"), "{output}");
    assert!(output.contains("gateway: https://replies.example.com/hooks/gateway/SECRET"), "{output}");
    assert!(!output.contains("the-secret-of-the-shop"), "{output}");
    let with = config.replace("[channels.gateway.send]", "webhook_from = [\"192.0.2.0/24\"]\n[channels.gateway.send]");
    let (output, _) = doctor(&with);
    assert!(output.contains("by the secret in its URL and the addresses that it calls from"), "{output}");
    assert!(!output.contains("nothing but the secret"), "{output}");
}

#[test]
fn a_channel_without_a_rate_is_said_to_have_none() {
    let gateway = |rate: &str| {
        format!(
            "{CONFIG}[server]\npublic_url = \"https://replies.example.com\"\n[channels.gateway]\nprovider = \"http\"\nkind = \"sms\"\n\
             webhook_secret = {{ env = \"SHOP_SECRET\" }}\n{rate}\n[channels.gateway.send]\nurl = \"https://gw.example/send\"\n\
             body = '[{{{{to}}}},{{{{text}}}}]'\n"
        )
    };
    let (output, _) = doctor(&gateway("per_second = 7"));
    assert!(output.contains("gateway: up to 7 messages a second, 7 at once; without a setting it is"), "{output}");
    assert!(output.contains("the channels may send 7\n"), "{output}");
    let (output, _) = doctor(&gateway("per_second = 0"));
    assert!(output.contains("gateway: any number of messages a second; without a setting it is"), "{output}");
    assert!(output.contains("the channels may send any number"), "{output}");
}

#[test]
fn a_record_that_would_be_split_over_instances_is_said() {
    let split = "\n[store]\nkind = \"redis\"\nurl = \"redis://127.0.0.1:1\"\n";
    let (output, _) = doctor(&format!("{CONFIG}{split}"));
    assert!(output.contains("a record of its own, in a SQLite file"), "{output}");
    let (output, _) = doctor(CONFIG);
    assert!(!output.contains("a record of its own"), "{output}");
}

#[test]
fn each_api_says_when_it_is_left_alone() {
    let (output, _) = doctor(CONFIG);
    assert!(output.contains("shop: after ") && output.contains(" failures in a row it is left alone for "), "{output}");
    assert!(output.contains("desk: called whenever a flow wants it, however often it fails (circuit_after = 0)"), "{output}");
}

#[test]
fn a_chat_shows_the_subject_of_a_mail_beside_its_text() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_replyflow"))
        .args(["chat", "sip_reminders"])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let event = r#"{"phone": "+447700900123", "email": "ada@example.org", "investor_id": "I7", "fund": "Gold", "amount": 5}"#;
    // In the morning of some day: the reminder waits for it.
    let lines = format!("/event sip.failed {event}\n/wait 1d\n");
    child.stdin.take().expect("its input").write_all(lines.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("an end");
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains("mail: Instalments that failed: 1, with a page"), "{output}");
}
