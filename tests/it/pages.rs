//! The examples on the pages for operators that are no whole files: settings, parts of flows, requests, receivers. Each is put where it
//! belongs and must be taken there, so that no page shows what does not work.

use crate::support::live::{SIMULATED, Service};
use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use regex::Regex;
use replyflow::flow::check::check_project;
use replyflow::flow::diagnostic::Severity;
use replyflow::flow::load::Sources;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

const PAGES: [&str; 5] = ["integrations", "journeys", "notifications", "reports", "email"];
const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A fenced block: where it stands, what it says it is, its text.
struct Block {
    place: String,
    info: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{page}.md"));
    let (mut found, mut open): (Vec<Block>, bool) = (Vec::new(), false);
    for (i, line) in fs::read_to_string(path).expect("the page").lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(info) => {
                open = true;
                found.push(Block {
                    place: format!("docs/{page}.md:{}", i + 1),
                    info: info.trim().to_owned(),
                    text: String::new(),
                });
            }
            None if open => {
                let block = found.last_mut().expect("an open block");
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!open, "docs/{page}.md: a block without an end");
    found
}

fn all(info: &str) -> Vec<Block> {
    PAGES.into_iter().flat_map(blocks).filter(|block| block.info == info).collect()
}

/// What the settings on the pages refer to.
const PROJECT: &str = r#"
[project]
country = "GB"
[channels.main-sms]
provider = "simulator"
kind = "sms"
[channels.main-whatsapp]
provider = "simulator"
kind = "whatsapp"
[channels.main-email]
provider = "simulator"
kind = "email"
[attributes]
plan = "text"
vip = "boolean"
"#;

const MAIL: &str = r#"
[channels.mail]
provider = "smtp"
kind = "email"
host = "mail.example.com"
tls = "starttls"
from = "Shop <hello@shop.example>"
"#;

#[test]
fn settings_are_taken() {
    let shown = all("toml");
    assert!(shown.len() >= 8, "{} examples", shown.len());
    for block in shown {
        // What stands under no section is of the channel that the page is about.
        let around = if block.text.starts_with('[') { "" } else { MAIL };
        let text = format!("{PROJECT}{around}{}", block.text);
        let taken = std::panic::catch_unwind(|| crate::support::project::of(&text));
        assert!(taken.is_ok(), "{} is not taken", block.place);
    }
}

/// A flow around a `start`: it needs what that gives.
fn flow_around(start: &str) -> String {
    let given = start.split_once("with:").map_or("", |(_, with)| with);
    let names = Regex::new(r#"(\w+):\s*"\{\{"#).expect("a pattern");
    let needs: Vec<String> = names.captures_iter(given).map(|name| format!("{}: any", &name[1])).collect();
    let needs = if needs.is_empty() { String::new() } else { format!("needs: {{ {} }}\n", needs.join(", ")) };
    format!(
        "flow: sample\nlanguages: [en]\nchannels: [main-sms]\n{needs}{start}begin: a\nstates:\n  a: {{ say: Hello, end: done }}\n"
    )
}

/// A notification around what it says on one kind of channel, and a question that sends it.
fn notification_around(part: &str) -> [(&'static str, String); 4] {
    let head = "notification: sample\nlanguages: [en, hi]\nneeds: { order_id: text, amount: number, number: text }\ntext: { en: Pay, hi: Pay }\n";
    let flow = "flow: sample\nlanguages: [en, hi]\nchannels: [main-whatsapp, main-sms, main-email]\n\
                needs: { order_id: text, amount: number, number: text }\nbegin: a\nstates:\n  a:\n    ask: { notify: sample }\n    \
                answer: { choice: { link: { label: { en: Pay now, hi: Pay now } }, cod: { label: { en: Cash, hi: Cash } } } }\n    \
                go: { link: { end: link }, cod: { end: cod } }\n";
    let page = "<p>Invoice {{ number }}</p>\n".to_owned();
    [
        ("flows/sample.yaml", flow.to_owned()),
        ("templates/sample.yaml", format!("{head}{part}")),
        ("templates/invoice.html", page.clone()),
        ("templates/invoice-hi.html", page),
    ]
}

#[test]
fn parts_of_flows_and_notifications_are_taken() {
    let shown = all("yaml");
    assert!(shown.len() >= 6, "{} examples", shown.len());
    let project = crate::support::project::of(PROJECT);
    for block in shown {
        let folder = tempfile::tempdir().expect("a folder");
        for part in ["flows", "templates"] {
            fs::create_dir(folder.path().join(part)).expect("made");
        }
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
        match block.text.split(':').next() {
            Some("start") => write("flows/sample.yaml", &flow_around(&block.text)),
            Some("whatsapp" | "email") => notification_around(&block.text).iter().for_each(|(name, text)| write(name, text)),
            other => panic!("{}: nothing is known around `{other:?}`", block.place),
        }
        let checked = check_project(&Sources::read(folder.path()).expect("readable"), &project);
        let wrong: Vec<_> = checked.diagnostics.iter().filter(|d| d.code.severity() == Severity::Error).collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", block.place);
    }
}

/// The bodies of requests to `POST /v1/events`: of `curl`, and those that stand alone.
fn events() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for block in PAGES.into_iter().flat_map(blocks) {
        let body = match block.info.as_str() {
            "sh" => block.text.split_once("-d '").and_then(|(_, rest)| rest.rsplit_once('\'')).map(|(body, _)| body.to_owned()),
            "json" => Some(block.text.clone()),
            _ => None,
        };
        let Some(body) = body else { continue };
        let json: Value = serde_json::from_str(&body).unwrap_or_else(|e| panic!("{}: {e}", block.place));
        if json.get("event").is_some() {
            found.push((block.place, json));
        } else {
            // The answer to a list, and what comes to an endpoint: `hooks.rs` and `events_api.rs` look at those that are sent.
            assert!(json.get("results").is_some() || json.get("type").is_some(), "{}: nobody tries this", block.place);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_taken() {
    let config = format!("{SIMULATED}{}", "[events]\nkeys = [{ env = \"EVENTS_KEY\" }]\n[attributes]\nvip = \"boolean\"\n");
    let flow = "flow: told\nstart:\n  - { event: payment.failed, contact: \"{{ event.contact }}\" }\nbegin: a\nstates: { a: { say: Hello, end: done } }\n";
    let service = Service::start(&config, &[("told", flow)]).await;
    let events = events();
    assert!(events.len() >= 2, "{} requests", events.len());
    for (place, body) in events {
        let request = service.client.post(format!("{}/v1/events", service.base)).bearer_auth(KEY).body(body.to_string());
        let answer = request.send().await.expect("an answer");
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap_or_default());
        assert_eq!(status, 202, "{place}: {text}");
    }
    service.stop().await;
}

/// A report as it is signed: its headers and its body.
fn signed(secret: &str) -> (String, String, String, String) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let (id, at, body) = ("msg_1".to_owned(), now.to_string(), r#"{"type":"message.sent","data":{"id":"é"}}"#.to_owned());
    let base64 = base64::engine::general_purpose::STANDARD;
    let key = base64.decode(secret.trim_start_matches("whsec_")).expect("base64");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("any key");
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    (id, at, body, format!("v1,{}", base64.encode(mac.finalize().into_bytes())))
}

#[test]
fn receivers_on_the_page_verify_what_is_signed_and_nothing_else() {
    const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let (id, at, body, signature) = signed(SECRET);
    let headers =
        serde_json::json!({ "webhook-id": id, "webhook-timestamp": at, "webhook-signature": format!("v1,x {signature}") });
    let mut tried = 0;
    for block in blocks("reports") {
        let (program, flag, call) = match block.info.as_str() {
            "python" => {
                let call = "import json, sys\nh = json.loads(sys.argv[1]); b = sys.argv[2].encode()\nprint(verify(sys.argv[3], h, b) is True, verify(sys.argv[3], h, b + b' ') is False)";
                ("python3", "-c", call)
            }
            "js" => {
                let call = "const [h, b, s] = process.argv.slice(1); const of = (t) => verify(s, JSON.parse(h), Buffer.from(t));\nconsole.log(of(b) === true ? 'True' : 'no', of(b + ' ') === false ? 'True' : 'no');";
                ("node", "-e", call)
            }
            _ => continue,
        };
        let script = format!("{}\n{call}\n", block.text);
        let out = Command::new(program).args([flag, &script, &headers.to_string(), &body, SECRET]).output();
        match out {
            Ok(out) => {
                let said = String::from_utf8_lossy(&out.stdout).trim().to_owned();
                assert_eq!(said, "True True", "{}: {}", block.place, String::from_utf8_lossy(&out.stderr));
                tried += 1;
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                eprintln!("{program} is not here: {} was not tried", block.place)
            }
            Err(e) => panic!("{program}: {e}"),
        }
    }
    assert!(tried > 0, "no receiver was tried");
}

#[test]
fn every_block_is_of_a_kind_that_somebody_tries() {
    for page in PAGES {
        for block in blocks(page) {
            let named = block.info.starts_with("yaml flows/") || block.info.starts_with("yaml templates/");
            // Files of `journeys` are played by `documentation`; without a kind: what an engineer sets up elsewhere.
            let known = ["toml", "yaml", "json", "sh", "python", "js", "text", ""].contains(&block.info.as_str());
            assert!(known || (named && page == "journeys"), "{}: nobody tries `{}`", block.place, block.info);
        }
    }
}

/// The page on security names tests: `FILE::NAME`. Each must exist, or the page promises what nobody shows.
#[test]
fn the_tests_that_the_page_on_security_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/security.md")).expect("the page");
    let named = Regex::new(r"`((?:src|tests)/[a-z0-9_/]+\.rs)::([a-z0-9_]+)`").expect("a pattern");
    let mut n = 0;
    for found in named.captures_iter(&page) {
        let (file, name) = (&found[1], &found[2]);
        let source = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(source.contains(&format!("fn {name}(")), "{file} has no test `{name}`");
        n += 1;
    }
    assert!(n >= 40, "{n} tests are named");
}
