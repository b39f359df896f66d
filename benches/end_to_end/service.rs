//! The service as its own process: the release binary with a Twilio channel whose API is the fake provider.

use crate::client::Connection;
use crate::process;
use crate::provider::Provider;
use std::net::TcpListener;
use std::process::Child;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The channel's own number.
pub const NUMBER: &str = "+447700900001";
/// The number of a channel whose provider is dead, and where its webhooks go.
pub const DEAD_NUMBER: &str = "+447700900002";
/// See there.
pub const DEAD_PATH: &str = "/hooks/dead";
/// Signs the webhooks.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// Where the provider believes the service to be, behind a proxy: what it signs.
pub const PUBLIC: &str = "https://replies.example.com";
/// Where webhooks go.
pub const PATH: &str = "/hooks/bench";

/// Messages in the air at one time: a slow provider must not be what bounds the rate. One channel gets three quarters of them.
const IN_FLIGHT: usize = 4_000;

/// The flow: a name, an age, a colour, thanks.
const FLOW: &str = r#"flow: bench
languages: [en]
channels: [bench, dead]
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
    go:
      ok: colour
      nomatch: { say: "A number from 1 to 120, please.", again: 2, end: lost }
  colour:
    ask: Which colour do you like?
    answer: { choice: { red: Red, green: Green, blue: Blue } }
    show: plain
    save: colour
    go: thanks
  thanks:
    say: "Thank you {{ name }}, {{ age }}, {{ colour.label }}."
    end: done
"#;

/// What a contact writes and what must come back.
pub const CONVERSATION: [(&str, &str); 5] = [
    ("hi", "What is your name?"),
    ("Ann", "Hello Ann, how old are you?"),
    ("abc", "A number from 1 to 120, please."),
    ("34", "Which colour do you like?"),
    ("blue", "Thank you Ann, 34, Blue."),
];

/// Where the service keeps its conversations.
pub enum Store<'a> {
    /// Its own file.
    Embedded,
    /// This Redis.
    Redis(&'a str),
}

/// The running service.
pub struct Service {
    child: Child,
    /// Where it listens.
    pub port: u16,
    folder: TempDir,
    /// Takes connections and never says a word.
    _dead: TcpListener,
}

impl Service {
    /// Starts it and waits until it is ready.
    pub async fn start(store: &Store<'_>, provider: &Provider) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let store = match store {
            Store::Embedded => "kind = \"embedded\"\npath = \"data\"".to_owned(),
            Store::Redis(url) => format!("kind = \"redis\"\nurl = \"{url}\""),
        };
        let dead = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let account = "account_sid = \"AC00000000000000000000000000000001\"\nauth_token = { env = \"BENCH_TOKEN\" }";
        let settings = format!(
            "[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"{PUBLIC}\"\n\
             [server.rates]\nhooks = 1000000\nprobes = 1000000\n[store]\n{store}\n[send]\nin_flight = {IN_FLIGHT}\n\
             [channels.bench]\nprovider = \"twilio\"\nkind = \"sms\"\nnumber = \"{NUMBER}\"\nper_second = 100000\n\
             {account}\nbase_url = \"{}\"\n\
             [channels.dead]\nprovider = \"twilio\"\nkind = \"sms\"\nnumber = \"{DEAD_NUMBER}\"\nper_second = 100000\ncircuit_after = 0\n\
             {account}\nbase_url = \"http://{}\"\n",
            provider.url,
            dead.local_addr().expect("an address")
        );
        let child = process::serve(folder.path(), &settings, FLOW, ("BENCH_TOKEN", TOKEN));
        let mut service = Service { child, port, folder, _dead: dead };
        service.ready().await;
        service
    }

    async fn ready(&mut self) {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if let Ok(mut connection) = Connection::open(self.port).await
                && connection.get("/health/ready").await.is_ok_and(|status| status == 200)
            {
                return;
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("the service ended with {status}:\n{}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the service is not ready:\n{}", self.log());
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
