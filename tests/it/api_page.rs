//! `docs/api.md` and `docs/test-mode.md`: each of their examples is run as it stands there, by a shell and `curl`, against a real service.

use crate::support::api::Api;
use crate::support::live::{GREETING, SIMULATED, Service};
use crate::support::receiver::Receiver;
use replyflow::domain::address::{Address, E164};
use replyflow::domain::mode::Mode;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const SUPPORT: &str = r#"
flow: support
needs: { order: { type: text, default: "none" } }
start: [ { keyword: problem } ]
begin: agent
states:
  agent:
    handoff: { to: help, note: "About {{ order }}", say: One moment. }
    go: { ok: { end: handled }, silence: { after: 2h, end: unattended } }
"#;
const PHONE: &str = "+447700900123";

/// An endpoint and an analytics service.
fn systems(url: &str) -> String {
    format!(
        "[endpoints.crm]\nurl = \"{url}/crm\"\nevents = [\"handoff.*\"]\nsecrets = [{{ env = \"EVENTS_KEY\" }}]\nallow_private = true\n\
         [sinks.stats]\nkind = \"mixpanel\"\nkey = {{ env = \"EVENTS_KEY\" }}\nbase_url = \"{url}\"\n"
    )
}

/// The examples in order: what is run, and the answer that stands below the last of a block.
pub fn examples(page: &str) -> Vec<(String, Option<Value>)> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).expect("the page");
    let mut found: Vec<(String, Option<Value>)> = Vec::new();
    for (n, block) in page.split("```").enumerate().filter(|(n, _)| n % 2 == 1) {
        let (info, text) = block.split_once('\n').expect("a block with a first line");
        match info {
            "sh" => found.push((text.to_owned(), None)),
            "json" => {
                let json: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("block {n}: {e}"));
                // A problem is shown where nothing was asked.
                if json.get("status").is_none() {
                    found.last_mut().expect("something that is answered").1 = Some(json);
                }
            }
            "text" | "toml" => {}
            other => panic!("block {n}: nobody tries `{other}`"),
        }
    }
    found
}

/// Whether an answer has what an example shows, field by field.
fn has(shown: &Value, answer: &Value) -> bool {
    match (shown, answer) {
        (Value::Object(shown), Value::Object(answer)) => {
            shown.iter().all(|(key, value)| answer.get(key).is_some_and(|there| has(value, there)))
        }
        (Value::Array(shown), Value::Array(answer)) => {
            shown.is_empty() || shown.iter().all(|one| answer.iter().any(|there| has(one, there)))
        }
        (Value::String(shown), Value::String(_)) if shown.contains('…') || shown.len() == 16 || shown.contains("T10:00") => {
            true
        }
        (shown, answer) => shown == answer || matches!(shown, Value::String(word) if word == "admin"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_page_works() {
    let told = Receiver::start();
    let config = format!("{SIMULATED}\n[teams.help]\ntitle = \"Help\"\n{}", systems(&told.url));
    let service = Service::start(&config, &[("support", SUPPORT)]).await;
    let api = Api::admin(&service).await;
    assert_eq!(api.post("/v1/contacts", json!({ "phone": PHONE })).await.status, 201);
    let place = format!("/v1/contacts/{}/conversation", service.contact_key(PHONE));
    assert_eq!(api.becomes(&place, 200).await, 200, "the contact is known");
    let given = [("CONTACT", service.contact_key(PHONE))];
    work(&service, &api, &given, examples("docs/api.md"), 13).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_test_mode_works() {
    let config = format!("{SIMULATED}\n[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n");
    let service = Service::start(&config, &[("greeting", GREETING)]).await;
    let api = Api::keyed(&service, &["admin"], "test").await;
    let address = Address::Phone(E164::parse(PHONE).expect("a phone"));
    let contact = service.core().contact_key(Mode::Test, &address.canonical()).to_string();
    work(&service, &api, &[("CONTACT", contact)], examples("docs/test-mode.md"), 6).await;
    service.stop().await;
}

/// Runs the examples of a page: at least so many, with these variables beside `URL` and `KEY`.
pub async fn work(
    service: &Service,
    api: &Api,
    given: &[(&'static str, String)],
    examples: Vec<(String, Option<Value>)>,
    least: usize,
) {
    let binary = Path::new(env!("CARGO_BIN_EXE_replyflow")).parent().expect("a folder").to_path_buf();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    assert!(examples.len() >= least, "{} examples", examples.len());
    for (script, shown) in examples {
        // A status above 399 fails the example.
        let whole = format!("curl() {{ command curl --fail-with-body --noproxy '*' \"$@\"; }}\n{script}");
        let (folder, path) = (service.folder().to_path_buf(), path.clone());
        let (url, key, given) = (service.base.clone(), api.key().to_owned(), given.to_vec());
        let answer_as_shown = async {
            let mut said = (String::new(), false);
            // What is stored is done a moment later: who only looks may look again, and what changes something is run once.
            let changes = [" -d ", " --data", " -X "].iter().any(|part| script.contains(part));
            for _ in 0..(if changes { 1 } else { 200 }) {
                let mut shell = Command::new("sh");
                shell
                    .args(["-ec", &whole])
                    .current_dir(&folder)
                    .env("PATH", &path)
                    .env("URL", &url)
                    .env("KEY", &key)
                    .envs(given.iter().map(|(name, value)| (*name, value)));
                let run = tokio::task::spawn_blocking(move || shell.output()).await.expect("no panic").expect("sh runs");
                let text = String::from_utf8_lossy(&run.stdout).into_owned();
                assert!(run.status.success(), "{script}\n{text}{}", String::from_utf8_lossy(&run.stderr));
                let fits = shown.as_ref().is_none_or(|shown| serde_json::from_str(&text).is_ok_and(|answer| has(shown, &answer)));
                said = (text, fits);
                if fits {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            said
        };
        let (text, fits) = answer_as_shown.await;
        assert!(fits, "{script}\nis not answered as the page shows:\n{text}");
    }
}
