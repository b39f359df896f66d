//! The service of the bench: its flows, its settings, its process, and what is asked of it.

use super::people;
use super::process;
use replyflow::history::Database;
use replyflow::store::{EmbeddedStore, StoreSettings};
use reqwest::Client;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

/// Makes the contacts, in the store and in the record.
pub async fn fill(folder: &Path, contacts: usize) {
    let store = EmbeddedStore::open(&folder.join("data"), StoreSettings::default()).expect("opens");
    let record = Database::open_file(&folder.join("data/history.db")).await.expect("opens");
    people::make(&store, &record, contacts).await;
}

/// The channel's own number.
pub const NUMBER: &str = "+447700900001";
/// Signs the webhooks.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// Where the provider believes the service to be.
pub const PUBLIC: &str = "https://replies.example.com";
/// Where webhooks go.
pub const PATH: &str = "/hooks/bench";

/// What the broadcast says.
const SALE: &str = r#"flow: sale
languages: [en]
channels: [bench]
start: [{ keyword: sale }]
begin: tell
states:
  tell: { say: Our sale begins today. Reply STOP to opt out., end: told }
"#;

/// The conversations beside it.
const TALK: &str = r#"flow: bench
languages: [en]
channels: [bench]
start: [{ keyword: hi }]
defaults:
  nomatch: { again: 2, end: lost }
  silence: { after: 12h, end: silent }
  undelivered: { end: undelivered }
begin: name
states:
  name:
    ask: What is your name?
    answer: { text: { min: 2 } }
    save: name
    go: age
  age:
    ask: "Hello {{ name }}, how old are you?"
    answer: { number: { min: 1, max: 120, whole: true } }
    save: age
    go: thanks
  thanks:
    say: "Thank you {{ name }}, {{ age }}."
    end: done
"#;

/// The service as its own process.
pub struct Service {
    child: Child,
    /// Where it listens.
    pub port: u16,
    url: String,
    key: String,
    client: Client,
}

impl Service {
    /// Starts it with a channel that sends so many messages a second.
    pub fn start(folder: &Path, provider: &str, rate: usize) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let settings = format!(
            "[project]\ncountry = \"GB\"\n[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"{PUBLIC}\"\n\
             [server.rates]\nhooks = 1000000\n[store]\nkind = \"embedded\"\npath = \"data\"\n\
             [channels.bench]\nprovider = \"twilio\"\nkind = \"sms\"\nnumber = \"{NUMBER}\"\naccount_sid = \"AC00000000000000000000000000000001\"\n\
             auth_token = {{ env = \"TOKEN\" }}\nbase_url = \"{provider}\"\nper_second = {rate}\n[log]\nfilter = \"warn\"\n"
        );
        std::fs::create_dir_all(folder.join("flows")).expect("a folder");
        std::fs::write(folder.join("flows/sale.yaml"), SALE).expect("a flow");
        let child = process::serve(folder, &settings, TALK, ("TOKEN", TOKEN));
        let made = Command::new(env!("CARGO_BIN_EXE_replyflow"))
            .args(["key", "create", "bench", "--scope", "admin", "--config"])
            .arg(folder.join("replyflow.toml"))
            .env("TOKEN", TOKEN)
            .output()
            .expect("the command starts");
        let key = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("a client");
        Service { child, port, url: format!("http://127.0.0.1:{port}"), key, client }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns when it takes work.
    pub async fn ready(&self) {
        while !self.client.get(format!("{}/health/ready", self.url)).send().await.is_ok_and(|answer| answer.status().is_success())
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Makes a broadcast for everybody.
    pub async fn broadcast(&self) -> String {
        let body = json!({ "flow": "sale", "again": "always", "audience": { "query": "created < 2000-01-01" } });
        let post = self.client.post(format!("{}/v1/broadcasts", self.url)).bearer_auth(&self.key).json(&body);
        let made: Value = post.send().await.expect("an answer").json().await.expect("JSON");
        made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    /// How far it is.
    pub async fn show(&self, id: &str) -> Value {
        let get = self.client.get(format!("{}/v1/broadcasts/{id}", self.url)).bearer_auth(&self.key);
        get.send().await.expect("an answer").json().await.expect("JSON")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
