//! docs/contacts.md, docs/suppression.md and docs/previews.md, read as somebody would who follows them: every request and every command on them is done in its order, and
//! answers what stands below it.

use crate::support::patience::LONG;
use crate::support::process::{self, Service};
use reqwest::{Client, Method};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const CONFIG: &str = "[project]\ncountry = \"GB\"\n[server]\nlisten = \"127.0.0.1:0\"\n[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";

/// A fenced block: the line on which it begins, what it says it is, its text.
pub struct Block {
    pub line: usize,
    pub info: String,
    pub text: String,
}

/// The blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).expect("the page");
    let (mut found, mut open): (Vec<Block>, bool) = (Vec::new(), false);
    for (i, line) in page.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(info) => {
                open = true;
                found.push(Block { line: i + 1, info: info.trim().to_owned(), text: String::new() });
            }
            None if open => {
                let text = &mut found.last_mut().expect("an open block").text;
                text.push_str(line);
                text.push('\n');
            }
            None => {}
        }
    }
    found
}

/// The words of a command as a shell reads them.
fn words(command: &str, url: &str, key: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut inside) = (Vec::new(), String::new(), None, false);
    for c in command.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => (quote, inside) = (Some(c), true),
            (None, c) if c.is_whitespace() => {
                if inside || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                    inside = false;
                }
            }
            (_, c) => word.push(c),
        }
    }
    if inside || !word.is_empty() {
        words.push(word);
    }
    words.into_iter().map(|word| word.replace("$URL", url).replace("$KEY", key)).collect()
}

async fn curl(client: &Client, folder: &Path, words: &[String]) -> (u16, Value) {
    let (mut method, mut url, mut body, mut headers) = (None, String::new(), None, Vec::new());
    let mut rest = words[1..].iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-X" => method = Some(Method::from_bytes(rest.next().expect("a method").as_bytes()).expect("a method")),
            "-H" => headers.push(rest.next().expect("a header").split_once(": ").expect("a header")),
            "-d" => body = Some(rest.next().expect("a body").clone()),
            "--data-binary" => {
                let name = rest.next().expect("a file").trim_start_matches('@');
                body = Some(fs::read_to_string(folder.join(name)).expect("the file"));
            }
            other => url = other.to_owned(),
        }
    }
    let method = method.unwrap_or(if body.is_some() { Method::POST } else { Method::GET });
    let mut request = client.request(method, url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = request.body(body.unwrap_or_default()).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// Whether everything that is shown is there.
pub fn shows(answer: &Value, shown: &Value) -> bool {
    match (answer, shown) {
        (Value::Object(answer), Value::Object(shown)) => {
            shown.iter().all(|(key, value)| answer.get(key).is_some_and(|there| shows(there, value)))
        }
        (Value::Array(answer), Value::Array(shown)) => {
            answer.len() >= shown.len() && answer.iter().zip(shown).all(|(answer, shown)| shows(answer, shown))
        }
        (answer, shown) => answer == shown,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_does_what_it_says() {
    let folder = follows("docs/contacts.md").await;
    let taken = fs::read_to_string(folder.path().join("spring.csv")).expect("written");
    assert!(taken.lines().count() >= 1, "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_suppression_list_does_what_it_says() {
    follows("docs/suppression.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_previews_does_what_it_says() {
    follows("docs/previews.md").await;
}

async fn follows(page: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let blocks = blocks(page);
    let settings: String = blocks.iter().filter(|block| block.info == "toml").map(|block| block.text.as_str()).collect();
    process::project(folder.path(), &format!("{CONFIG}{settings}"), &[]);
    for block in &blocks {
        if let Some(name) = block.info.strip_prefix("csv ").or_else(|| block.info.strip_prefix("yaml ")) {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, &block.text).expect("written");
        }
    }
    let service = Service::start(folder.path());
    let client = Client::builder().no_proxy().timeout(LONG).build().expect("a client");
    let (mut key, mut done) = (String::new(), 0);
    for (place, block) in blocks.iter().enumerate().filter(|(_, block)| block.info == "sh") {
        let here = format!("{page}:{}", block.line);
        let command = words(&block.text, &service.url, &key);
        let shown = blocks.get(place + 1).filter(|next| matches!(next.info.as_str(), "json" | "text"));
        done += 1;
        if command[0] == "curl" {
            let shown: Value = shown.map(|next| serde_json::from_str(&next.text).expect("JSON")).unwrap_or_default();
            let begun = Instant::now();
            loop {
                let (status, answer) = curl(&client, folder.path(), &command).await;
                assert!((200..300).contains(&status), "{here}: {status} {answer}");
                if shows(&answer, &shown) {
                    break;
                }
                // What is read from history follows a moment later; what is changed is there at once.
                let read = !block.text.contains("-d") && !block.text.contains("-X");
                assert!(read && begun.elapsed() < LONG, "{here}: {answer:#} shows not {shown:#}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            continue;
        }
        assert_eq!(command[0], "replyflow", "{here}");
        let out = Command::new(env!("CARGO_BIN_EXE_replyflow"))
            .args(&command[1..])
            .env("REPLYFLOW_KEY", &key)
            .env("REPLYFLOW_URL", &service.url)
            .current_dir(folder.path())
            .output()
            .expect("the command starts");
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        let refused = said.contains("refused\n") && !said.contains(" 0 refused\n") && !said.contains(" 0 would be refused\n");
        assert_eq!(out.status.code(), Some(i32::from(refused)), "{here}: {said}{}", String::from_utf8_lossy(&out.stderr));
        for line in shown.iter().flat_map(|next| next.text.lines()) {
            assert!(said.contains(line), "{here}: {said}");
        }
        if command[1] == "key" {
            key = said.trim().to_owned();
        }
    }
    assert!(done >= 5, "{done} examples");
    assert!(service.stop());
    folder
}
