//! docs/publishing.md, read as somebody would who follows it: its settings are settings, its commands and calls do what they say and print what stands below
//! them, and a flow with the part that is shown of one can be published.

use crate::contacts_page::{blocks, shows};
use crate::publish_api::talk;
use crate::support::api::Api;
use crate::support::command::replyflow_in;
use crate::support::live::{SIMULATED, Service};
use regex::Regex;
use replyflow::config::publish::PublishFrom;
use replyflow::config::{Environment, Secrets, Settings};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

const PAGE: &str = "docs/publishing.md";

/// The flow whose difference the page shows: as it runs, and as the folder has it.
const OFFER: &str = r#"
flow: offer
languages: [en]
channels: [main-sms]
start: [ { keyword: offer } ]
begin: offer_link
defaults: { nomatch: { again: 2, end: unclear }, undelivered: { end: undelivered } }
states:
  offer_link:
    ask: Shall we send you the link?
    answer: { choice: { "yes": "Yes", "no": "No" } }
    go: { "yes": wait_payment, "no": { end: refused }, silence: { after: 1h, end: silent } }
"#;
/// What stands below the states of both.
const PAYMENT: &str = r#"
  wait_payment:
    ask: Tell us when you have paid.
    answer: any
    go: { ok: { end: paid }, silence: { after: 1d, end: unpaid } }
"#;

/// The offer with one answer more.
fn later() -> String {
    let offer = OFFER.replace("the link?", "the link now?").replace("\"no\": \"No\" }", "\"no\": \"No\", later: \"Later\" }");
    offer.replace("{ end: refused }, silence: { after: 1h,", "{ end: refused }, later: { end: later }, silence: { after: 2h,")
}

/// The menu with this word in it: something new each time, so that there is something to publish.
fn menu(word: &str) -> String {
    talk(word).replace("flow: talk", "flow: menu").replace("keyword: talk", "keyword: menu")
}

/// A text with every version in it replaced.
fn without_versions(text: &str) -> String {
    let version = Regex::new(r"\b[0-9a-f]{16}\b").expect("a pattern");
    version.replace_all(text, "VERSION").into_owned()
}

/// The words of a command; none of the page has quotation marks within quotation marks.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("a word").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What a command prints; it must succeed.
fn run(folder: &Path, arguments: &[&str]) -> String {
    let (out, code) = replyflow_in(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}: {out}");
    out
}

/// What a call answers, by a shell and `curl`.
async fn call(service: &Service, api: &Api, script: &str) -> Value {
    let mut shell = Command::new("sh");
    shell.args(["-ec", &format!("curl() {{ command curl --fail-with-body --noproxy '*' \"$@\"; }}\n{script}")]);
    shell.env("URL", &service.base).env("KEY", api.key());
    let done = tokio::task::spawn_blocking(move || shell.output()).await.expect("no panic").expect("sh runs");
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{script}\n{text}{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{script}\n{text}: {e}"))
}

/// The flow runs, two people are asked, and one is waited for.
async fn three_under_way(service: &Service, api: &Api) {
    for n in 0..3 {
        let phone = format!("+44770090077{n}");
        service.write("main-sms", &phone, "1", "offer").await;
        service.shown(&phone, 1).await;
    }
    service.write("main-sms", "+447700900772", "2", "yes").await;
    let states = json!([{ "state": "offer_link", "runs": 2 }, { "state": "wait_payment", "runs": 1 }]);
    api.until("/v1/flows/offer/difference", |review| review.json["live"][0]["states"] == states).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_does_what_it_says() {
    let nps = talk("score").replace("flow: talk", "flow: nps").replace("keyword: talk", "keyword: nps");
    let config = format!("{SIMULATED}\n[publish]\nfrom = \"call\"\n");
    let offer = format!("{OFFER}{PAYMENT}");
    let service = Service::start(&config, &[("menu", &menu("0")), ("nps", &nps), ("offer", &offer)]).await;
    let api = Api::keyed(&service, &["flows:read", "flows:publish"], "live").await;
    let folder = service.folder().to_path_buf();
    run(&folder, &["publish", "--yes"]);
    assert_eq!(api.becomes("/v1/flows/offer", 200).await, 200, "the service runs what was published beside it");
    three_under_way(&service, &api).await;
    fs::write(folder.join("flows/offer.yaml"), format!("{}{PAYMENT}", later())).expect("written");

    let (mut ran, mut part, mut printed, mut answered) = (0, String::new(), String::new(), Value::Null);
    for block in blocks(PAGE) {
        let here = format!("{PAGE}:{}", block.line);
        match block.info.as_str() {
            "toml" => {
                let file = folder.join("other.toml");
                for (from, meant) in [("folder", PublishFrom::Folder), ("call", PublishFrom::Call)] {
                    let text = block.text.replace("\"folder\"", &format!("\"{from}\""));
                    fs::write(&file, format!("{SIMULATED}{text}")).expect("written");
                    let settings = Settings::load(Some(&file), &Environment::default(), Secrets::Tolerated);
                    assert_eq!(settings.unwrap_or_else(|why| panic!("{here}: {why}")).publish, meant);
                }
            }
            "sh" if block.text.starts_with("curl") => {
                answered = call(&service, &api, &block.text).await;
                ran += 1;
            }
            "sh" => {
                for line in block.text.lines() {
                    let (dry, mut words) = (line.contains("--dry-run"), words(line));
                    assert_eq!(words.remove(0), "replyflow", "{here}");
                    if !dry {
                        fs::write(folder.join("flows/menu.yaml"), menu(&ran.to_string())).expect("written");
                    }
                    if words[0] == "publish" && !dry {
                        words.push("--yes".to_owned());
                    }
                    printed = run(&folder, &words.iter().map(String::as_str).collect::<Vec<_>>());
                    ran += 1;
                }
            }
            "text" => {
                let (said, shown) = (without_versions(&printed), without_versions(&block.text));
                assert!(said.contains(&shown), "{here} shows\n{shown}\nand this is printed:\n{said}");
            }
            "json" => {
                let shown: Value = serde_json::from_str(&block.text).unwrap_or_else(|why| panic!("{here}: {why}"));
                assert!(shows(&answered, &shown), "{here}: {answered:#}");
            }
            "yaml" => part = block.text,
            other => panic!("{here}: nobody tries `{other}`"),
        }
    }
    assert!(ran >= 14, "{ran} examples");

    // The part of a flow: runs that rest in the state that it names under `was` have somewhere to go.
    let head = OFFER.split("states:").next().expect("a head").replace("begin: offer_link", "begin: offer_link_now");
    let warned = |text: &str| {
        fs::write(folder.join("flows/offer.yaml"), format!("{head}{text}")).expect("written");
        let said = run(&folder, &["publish", "offer", "--runs", "move", "--dry-run"]);
        said.lines().any(|line| line.contains("RF801") && line.contains("`offer_link`"))
    };
    assert!(part.contains("was: offer_link") && !warned(&part), "{head}{part}");
    let without: String = part.lines().filter(|line| !line.contains("was:")).map(|line| format!("{line}\n")).collect();
    assert!(warned(&without), "else they have not");
    service.stop().await;
}
