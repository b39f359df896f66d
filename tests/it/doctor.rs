//! `replyflow doctor` on what only the flows and the settings together show, and what a chat shows of mails.

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
