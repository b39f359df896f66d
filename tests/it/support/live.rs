//! The whole service in this process: a project in a folder of its own, an embedded store, a free port, real HTTP.

use super::patience::{LONG, within};
use replyflow::app::Application;
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::domain::address::{Address, E164};
use replyflow::service::{Core, WebhookKeys};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A test may wait without hearing that the service closed a connection, which it does after five seconds.
const IDLE: Duration = Duration::from_secs(2);

/// Two simulator channels and nothing else.
pub const SIMULATED: &str = r#"
[server]
listen = "127.0.0.1:0"
[channels.main-sms]
provider = "simulator"
kind = "sms"
[channels.main-whatsapp]
provider = "simulator"
kind = "whatsapp"
"#;

/// A WhatsApp channel whose API is at `provider`.
pub fn whatsapp(provider: &str) -> String {
    super::process::whatsapp(provider, ["META_APP_SECRET", "META_VERIFY_TOKEN", "META_ACCESS_TOKEN"])
}

/// Greets whoever writes, and asks one question.
pub const GREETING: &str = r#"
flow: greeting
start:
  - message: any
begin: hello
states:
  hello:
    ask: Do you like it?
    answer: yes_no
    go:
      yes: { say: Thank you., end: liked }
      no: { say: We are sorry., end: disliked }
      nomatch: { say: Please say yes or no., again: 2, end: unclear }
      silence: { after: 1h, end: silent }
"#;

/// A running service.
pub struct Service {
    /// `http://127.0.0.1:PORT`
    pub base: String,
    /// For requests.
    pub client: Client,
    webhooks: WebhookKeys,
    core: Weak<Core>,
    folder: TempDir,
    stop: CancellationToken,
    ended: JoinHandle<anyhow::Result<()>>,
}

impl Service {
    /// Starts it with this configuration and these flows, each with its name.
    pub async fn start(config: &str, flows: &[(&str, &str)]) -> Self {
        let folder = written(config, flows);
        Self::start_in(folder).await
    }

    /// The same with these variables in its environment beside those of all tests.
    pub async fn start_knowing(config: &str, flows: &[(&str, &str)], secrets: &[(&str, &str)]) -> Self {
        let folder = written(config, flows);
        Self::start_as(folder, secrets, |application| application).await
    }

    /// Starts it again where it was.
    pub async fn start_in(folder: TempDir) -> Self {
        Self::start_with(folder, |application| application).await
    }

    /// The same with these variables in its environment beside those of all tests.
    pub async fn start_again(folder: TempDir, secrets: &[(&str, &str)]) -> Self {
        Self::start_as(folder, secrets, |application| application).await
    }

    /// Starts it in a folder, changed before it serves.
    pub async fn start_with(folder: TempDir, change: impl FnOnce(Application) -> Application) -> Self {
        Self::start_as(folder, &[], change).await
    }

    async fn start_as(folder: TempDir, secrets: &[(&str, &str)], change: impl FnOnce(Application) -> Application) -> Self {
        super::watch::begin();
        let settings = settings(folder.path(), secrets);
        let configured = settings.webhooks.keys.clone();
        let application = change(Application::build(settings).await.expect("starts"));
        let base = format!("http://127.0.0.1:{}", application.port());
        let webhooks = application.core().webhook_keys(&configured);
        let core = Arc::downgrade(application.core());
        let stop = CancellationToken::new();
        let ended = tokio::spawn(application.run_until_stopped(stop.clone()));
        let client = Client::builder().no_proxy().timeout(LONG).pool_idle_timeout(IDLE).build().expect("a client");
        Service { base, client, webhooks, core, folder, stop, ended }
    }

    /// Stops it as SIGTERM does; gives its folder back.
    pub async fn stop(self) -> TempDir {
        self.stop.cancel();
        within("the service ends", self.ended).await.expect("no panic").expect("a clean end");
        self.folder
    }

    /// Asks it to stop and does not wait for the end.
    pub fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    /// Sends a body.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        self.client.post(format!("{}{path}", self.base)).body(body).send().await.expect("an answer")
    }

    /// The key of the contact with this phone, as the journal names it.
    pub fn contact_key(&self, phone: &str) -> String {
        let address = Address::Phone(E164::parse(phone).expect("a phone"));
        self.core.upgrade().expect("it runs").contact_key(replyflow::domain::mode::Mode::Live, &address.canonical()).to_string()
    }

    /// The service itself, for what it says to commands.
    pub fn core(&self) -> Arc<Core> {
        self.core.upgrade().expect("it runs")
    }

    /// What opens the webhooks of its flows.
    pub fn webhook_keys(&self) -> &WebhookKeys {
        &self.webhooks
    }

    /// Asks.
    pub async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).send().await.expect("an answer")
    }

    /// A customer writes.
    pub async fn write(&self, channel: &str, from: &str, id: &str, text: &str) -> Response {
        self.post(&format!("/hooks/{channel}"), json!({ "id": id, "from": from, "text": text }).to_string()).await
    }

    /// The `n` messages that this phone shows by now, or after a while.
    pub async fn shown(&self, to: &str, n: usize) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        let mut after = 0;
        let patience = std::time::Instant::now();
        while patience.elapsed() < LONG {
            let path = format!("/simulator/messages?to={}&after={after}&wait=5", to.trim_start_matches('+'));
            let answer: Value = self.get(&path).await.json().await.expect("JSON");
            for message in answer["messages"].as_array().expect("a list") {
                after = message["n"].as_u64().expect("a number");
                texts.push(message["text"].as_str().unwrap_or("").to_owned());
            }
            if texts.len() >= n {
                break;
            }
        }
        assert!(texts.len() >= n, "{n} messages expected: {texts:?}");
        texts
    }

    /// The folder of the project.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The value of a metric with these labels, 0 if there is none.
    pub async fn metric(&self, name: &str, labels: &str) -> f64 {
        let text = self.get("/metrics").await.text().await.expect("text");
        let found = text.lines().find(|line| line.starts_with(&format!("{name}{labels} ")));
        found.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse().ok()).unwrap_or(0.0)
    }
}

/// A folder with a project.
fn written(config: &str, flows: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("flows")).expect("a folder");
    std::fs::create_dir_all(folder.path().join("templates")).expect("a folder");
    std::fs::write(folder.path().join("replyflow.toml"), config).expect("written");
    for (name, text) in flows {
        std::fs::write(folder.path().join("flows").join(format!("{name}.yaml")), text).expect("written");
    }
    folder
}

fn settings(folder: &Path, more: &[(&str, &str)]) -> Settings {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let file = folder.join("replyflow.toml");
    Settings::load(Some(&file), &environment(more), Secrets::Required).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn environment(more: &[(&str, &str)]) -> Environment {
    let secrets = [
        ("MEDIA_ACCESS_KEY", super::bucket::ACCESS),
        ("MEDIA_SECRET_KEY", super::bucket::SECRET),
        ("EVENTS_KEY", "0123456789abcdef0123456789abcdef"),
        ("TWILIO_AUTH_TOKEN", "12345678901234567890123456789012"),
        ("META_APP_SECRET", "meta-app-secret"),
        ("META_VERIFY_TOKEN", "meta-verify-token"),
        ("META_ACCESS_TOKEN", "meta-access-token"),
    ];
    secrets.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A problem without the request's own name, which is all that may tell one refusal from another.
pub fn nameless(problem: &str) -> serde_json::Value {
    let mut problem: serde_json::Value = serde_json::from_str(problem).unwrap_or_else(|e| panic!("{problem}: {e}"));
    assert!(problem.as_object_mut().is_some_and(|fields| fields.remove("request_id").is_some()), "{problem}");
    problem
}
