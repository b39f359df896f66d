//! A million contacts as the service left them, without the years in which it met them; and the service on them.

use super::process;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use replyflow::domain::address::{Address, E164};
use replyflow::domain::codec;
use replyflow::domain::id::{ContactKey, DedupeHash, InputId, Who};
use replyflow::domain::input::Class;
use replyflow::engine::record::Record;
use replyflow::history::{Cell, Database, Statement};
use replyflow::store::{Accept, Accepted, Advance, Commit, EmbeddedStore, JournalId, StopMask, Store, StoreSettings, WhenFull};
use reqwest::Client;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

/// Contacts that are made at one time.
const SIDE_BY_SIDE: usize = 512;
/// Rows of one statement.
const ROWS: usize = 500;

fn phone(n: usize) -> E164 {
    E164::parse(&format!("+4477{:08}", 10_000_000 + n)).expect("a number")
}

/// Makes the contacts, in the store and in the record.
pub async fn fill(folder: &Path, contacts: usize) {
    let store = EmbeddedStore::open(&folder.join("data"), StoreSettings::default()).expect("opens");
    let secret = store.meta().await.expect("read").contact_secret;
    let key = |n: usize| ContactKey::derive(&secret, &Address::Phone(phone(n)).canonical());
    let one = |n: usize| {
        let (store, contact) = (&store, key(n));
        async move {
            let hash = DedupeHash::of(&["made", &n.to_string()]);
            let (id, class) = (InputId::of(hash), Class::Normal);
            let accept =
                Accept { contact, hash, class, id, body: Bytes::new(), claim: true, full: WhenFull::Refuse, known: false };
            let Accepted::Claimed(claim) = store.accept(accept).await.expect("taken") else { panic!("{n} is there already") };
            let record = Record { phone: Some(phone(n)), ..Record::default() };
            let commit = Commit {
                contact,
                expect: claim.record.token,
                new: claim.record.token.after(&[id]),
                hold: false,
                consumed: vec![id],
                set_aside: Vec::new(),
                alarm: None,
                journal: Bytes::from_static(b"made"),
                blob: Bytes::from(codec::encode(&record)),
                keep: false,
                who: Who(n as u32),
                stop: StopMask::default(),
                lanes: Vec::new(),
                withdraw: Vec::new(),
                await_add: Vec::new(),
                await_remove: Vec::new(),
                live: Vec::new(),
            };
            store.commit(commit).await.expect("written");
        }
    };
    stream::iter(0..contacts).map(one).buffer_unordered(SIDE_BY_SIDE).for_each(|()| async {}).await;
    // What is in the journal of how they were made, nobody wants to read.
    let mut from = JournalId::START;
    while let Some(last) = store.read_journal(0, from, 10_000).await.expect("read").last() {
        let advance = Advance { shard: 0, subscriber: "history".to_owned(), from, to: last.id, guard: true };
        store.advance(advance).await.expect("moved");
        from = last.id;
    }
    drop(store);
    let record = Database::open_file(&folder.join("data/history.db")).await.expect("opens");
    for first in (0..contacts).step_by(ROWS) {
        let some = first..contacts.min(first + ROWS);
        let mut sql = String::from("INSERT INTO contact (id, mode, phone, created_at, changed_at) VALUES ");
        let mut params: Vec<Cell> = Vec::with_capacity(some.len() * 2);
        for n in some {
            let comma = if params.is_empty() { "" } else { ", " };
            let _ = write!(sql, "{comma}(${}, 'live', ${}, 0, 0)", params.len() + 1, params.len() + 2);
            params.extend([key(n).into(), phone(n).as_str().into()]);
        }
        record.write(vec![Statement { sql: sql.into(), params }]).await.expect("written");
    }
}

const FLOW: &str = r#"flow: bench
languages: [en]
channels: [bench]
start: [{ keyword: sale }]
begin: tell
states:
  tell: { say: Our sale begins today. Reply STOP to opt out., end: told }
"#;

/// The service as its own process.
pub struct Service {
    child: Child,
    url: String,
    key: String,
    client: Client,
}

impl Service {
    /// Starts it.
    pub fn start(folder: &Path, provider: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let settings = format!(
            "[project]\ncountry = \"GB\"\n[server]\nlisten = \"127.0.0.1:{port}\"\n[store]\nkind = \"embedded\"\npath = \"data\"\n\
             [channels.bench]\nprovider = \"twilio\"\nkind = \"sms\"\nnumber = \"+447700900001\"\naccount_sid = \"AC00000000000000000000000000000001\"\n\
             auth_token = {{ env = \"TOKEN\" }}\nbase_url = \"{provider}\"\nper_second = 100000\n[log]\nfilter = \"warn\"\n"
        );
        let child = process::serve(folder, &settings, FLOW, ("TOKEN", "0123456789abcdef0123456789abcdef"));
        let made = Command::new(env!("CARGO_BIN_EXE_replyflow"))
            .args(["key", "create", "bench", "--scope", "admin", "--config"])
            .arg(folder.join("replyflow.toml"))
            .env("TOKEN", "0123456789abcdef0123456789abcdef")
            .output()
            .expect("the command starts");
        let key = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("a client");
        Service { child, url: format!("http://127.0.0.1:{port}"), key, client }
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
        let body = json!({ "flow": "bench", "again": "always", "audience": { "query": "has phone" } });
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
