//! The service as a process of its own: the real binary with a project in a folder, reached over real HTTP.

use super::patience::LONG;
use super::sign;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// A test may wait without hearing that the service closed a connection, which it does after five seconds.
const IDLE: Duration = Duration::from_secs(2);

/// How long a supervisor goes on starting it, and its pause in between.
const SUPERVISED: Duration = LONG;
const BETWEEN_STARTS: Duration = Duration::from_millis(200);
/// Between two looks whether it has ended.
const MOMENT: Duration = Duration::from_millis(5);

/// The auth token that signs Twilio's webhooks in tests.
pub const TWILIO_TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// The app secret that signs Meta's webhooks in tests.
pub const META_SECRET: &str = "meta-app-secret-for-tests";
/// The key of `POST /v1/events` in tests.
pub const EVENTS_KEY: &str = "events-key-for-tests-0123456789";
/// Our SMS number.
pub const OUR_SMS: &str = "+447700900001";
/// Our WhatsApp number at Meta.
pub const OUR_WHATSAPP: &str = "106540000000001";

/// A configuration with a Twilio SMS channel and a Meta WhatsApp channel whose APIs are at `provider`. `store` is the
/// content of `[store]`, `more` whatever else.
pub fn configuration(store: &str, provider: &str, more: &str) -> String {
    let whatsapp = whatsapp(provider, ["TEST_META_SECRET", "TEST_META_VERIFY", "TEST_META_ACCESS"]);
    format!(
        r#"
[project]
country = "GB"
[server]
listen = "127.0.0.1:0"
public_url = "https://hooks.example.org"
shutdown_timeout = "10s"
[server.rates]
hooks = 100000
api = 100000
key = 100000
[store]
{store}
[send]
timeout = "2s"
retry_first = "200ms"
[channels.main-sms]
provider = "twilio"
kind = "sms"
number = "{OUR_SMS}"
account_sid = "AC00000000000000000000000000000001"
auth_token = {{ env = "TEST_TWILIO_TOKEN" }}
base_url = "{provider}"
per_second = 100000
{whatsapp}per_second = 100000
[events]
keys = [{{ env = "TEST_EVENTS_KEY" }}]
{more}
"#
    )
}

/// A Meta WhatsApp channel whose API is at `provider`, with the variables that hold its secrets: the app's, the word that Meta sends at the start,
/// the access token.
pub fn whatsapp(provider: &str, [app, verify, access]: [&str; 3]) -> String {
    format!(
        r#"[channels.main-whatsapp]
provider = "meta"
kind = "whatsapp"
phone_number_id = "{OUR_WHATSAPP}"
app_secret = {{ env = "{app}" }}
verify_token = {{ env = "{verify}" }}
access_token = {{ env = "{access}" }}
base_url = "{provider}"
"#
    )
}

/// Writes a project.
pub fn project(folder: &Path, configuration: &str, files: &[(&str, &str)]) {
    fs::write(folder.join("replyflow.toml"), configuration).expect("written");
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
}

/// What a command prints on the project in this folder; panics if it fails.
pub fn command(folder: &Path, arguments: &[&str]) -> String {
    let output = environment(&mut Command::new(env!("CARGO_BIN_EXE_replyflow")))
        .args(arguments)
        .arg("--config")
        .arg(folder.join("replyflow.toml"))
        .current_dir(folder)
        .output()
        .expect("the command starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{arguments:?}: {} {}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// The variables that the configuration names.
pub fn environment(command: &mut Command) -> &mut Command {
    command
        .env("TEST_TWILIO_TOKEN", TWILIO_TOKEN)
        .env("TEST_META_SECRET", META_SECRET)
        .env("TEST_META_VERIFY", "verify-me")
        .env("TEST_META_ACCESS", "EAAexampletoken")
        .env("TEST_EVENTS_KEY", EVENTS_KEY)
        .env("TEST_MAIL_WEBHOOK", "mail-webhook-secret-for-tests")
        .env("TEST_SMTP_PASSWORD", "smtp-password-for-tests")
        .env("TEST_HOOK_SECRET", super::receiver::SECRET)
        .env("NO_COLOR", "1")
}

/// The running service; its methods of [`Caller`] speak to it.
pub struct Service {
    child: Child,
    caller: Caller,
    log: Arc<Mutex<Vec<String>>>,
}

/// Whoever speaks to a service: providers, other systems. Goes on existing when the service is dead.
#[derive(Clone)]
pub struct Caller {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    client: reqwest::Client,
}

impl std::ops::Deref for Service {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Service {
    /// Starts it on the project in this folder and waits until it says that it has started.
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// Starts it as a supervisor does: again and again, until it stays.
    pub fn start_in_the_end(folder: &Path) -> Self {
        let begun = Instant::now();
        loop {
            match Self::try_start(folder, &[]) {
                Ok(service) => return service,
                Err(why) => assert!(begun.elapsed() < SUPERVISED, "the service does not start any more: {why}"),
            }
            std::thread::sleep(BETWEEN_STARTS);
        }
    }

    /// The same with more arguments.
    pub fn start_with(folder: &Path, more: &[&str]) -> Self {
        Self::try_start(folder, more).unwrap_or_else(|why| panic!("the service did not start: {why}"))
    }

    /// The same; if it ends before it has started, what it said.
    fn try_start(folder: &Path, more: &[&str]) -> Result<Self, String> {
        super::watch::begin();
        let mut child = environment(&mut Command::new(env!("CARGO_BIN_EXE_replyflow")))
            .args(["serve", "--config"])
            .arg(folder.join("replyflow.toml"))
            .args(more)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (tell, told) = mpsc::channel();
        let outputs: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("piped")), Box::new(child.stderr.take().expect("piped"))];
        for output in outputs {
            let (log, tell) = (log.clone(), tell.clone());
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if line.contains("the service has started") {
                        let listen = line.split("listen").nth(1).and_then(|rest| rest.split("127.0.0.1:").nth(1));
                        let port: String = listen.unwrap_or("").chars().take_while(char::is_ascii_digit).collect();
                        let _ = tell.send(port);
                    }
                    log.lock().expect("not poisoned").push(line);
                }
            });
        }
        drop(tell);
        let Ok(port) = told.recv_timeout(LONG) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("{:#?}", log.lock().expect("not poisoned")));
        };
        super::tls();
        let client = reqwest::Client::builder().no_proxy().timeout(LONG / 2).pool_idle_timeout(IDLE).build().expect("a client");
        Ok(Service { child, caller: Caller { url: format!("http://127.0.0.1:{port}"), client }, log })
    }

    /// What it wrote to its log.
    pub fn log(&self) -> String {
        self.log.lock().expect("not poisoned").join("\n")
    }

    /// Somebody who speaks to it.
    pub fn caller(&self) -> Caller {
        self.caller.clone()
    }

    /// Resident memory in MiB: now, and the most that it ever was.
    pub fn memory(&self) -> (f64, f64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process that runs");
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of status");
            line.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).expect("kB")
        };
        (kib("VmRSS:") / 1024.0, kib("VmHWM:") / 1024.0)
    }

    /// SIGKILL.
    pub fn kill9(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("dead");
    }

    /// Stops it in the middle of everything (`-STOP`), or lets it go on (`-CONT`).
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success(), "{signal}");
    }

    /// SIGHUP: it reads its flows again.
    pub fn hang_up(&self) {
        let sent = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }

    /// SIGTERM; waits for the end and says whether it was a clean one.
    pub fn stop(mut self) -> bool {
        let sent = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill").success();
        let begun = Instant::now();
        while self.child.try_wait().expect("asked").is_none() {
            assert!(begun.elapsed() < LONG, "the service does not end\n{}", self.log());
            std::thread::sleep(MOMENT);
        }
        sent && self.child.wait().expect("ended").success()
    }
}

impl Caller {
    /// An SMS as Twilio delivers it; the status of the answer.
    pub async fn sms(&self, id: &str, from: &str, text: &str) -> u16 {
        let url = "https://hooks.example.org/hooks/main-sms";
        let (body, signature) = sign::twilio(TWILIO_TOKEN, url, &sign::twilio_sms(id, from, OUR_SMS, text));
        self.form("/hooks/main-sms", body, &signature).await
    }

    /// A form with a Twilio signature.
    pub async fn form(&self, path: &str, body: String, signature: &str) -> u16 {
        let request = self.client.post(format!("{}{path}", self.url)).header("X-Twilio-Signature", signature);
        let sent = request.header("Content-Type", "application/x-www-form-urlencoded").body(body).send().await;
        sent.map_or(0, |answer| answer.status().as_u16())
    }

    /// A WhatsApp text as Meta delivers it; the status of the answer.
    pub async fn whatsapp(&self, id: &str, from: &str, text: &str) -> u16 {
        let body = sign::meta_text(id, from, OUR_WHATSAPP, text);
        self.meta(body).await
    }

    /// A body signed by Meta.
    pub async fn meta(&self, body: String) -> u16 {
        let signature = sign::meta(META_SECRET, &body);
        let request = self.client.post(format!("{}/hooks/main-whatsapp", self.url)).header("X-Hub-Signature-256", signature);
        let sent = request.header("Content-Type", "application/json").body(body).send().await;
        sent.map_or(0, |answer| answer.status().as_u16())
    }

    /// An event with the key; the status of the answer.
    pub async fn event(&self, body: serde_json::Value) -> u16 {
        let request = self.client.post(format!("{}/v1/events", self.url)).bearer_auth(EVENTS_KEY).json(&body);
        request.send().await.map_or(0, |answer| answer.status().as_u16())
    }

    /// Any body: status and answer.
    pub async fn raw(&self, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
        let request = self.client.post(format!("{}{path}", self.url)).header("Content-Type", kind).body(body);
        match request.send().await {
            Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
            Err(_) => (0, String::new()),
        }
    }

    /// A GET with a key of the API: status and body.
    pub async fn get_with(&self, path: &str, key: &str) -> (u16, String) {
        match self.client.get(format!("{}{path}", self.url)).bearer_auth(key).send().await {
            Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
            Err(_) => (0, String::new()),
        }
    }

    /// Any GET: status and body.
    pub async fn get(&self, path: &str) -> (u16, String) {
        match self.client.get(format!("{}{path}", self.url)).send().await {
            Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
            Err(_) => (0, String::new()),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
