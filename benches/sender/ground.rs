//! The service of the bench, what it is told, and the bare POST beside it.

use super::process::{self, Cost};
use super::provider::Provider;
use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::ops::Range;
use std::process::Child;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const KEY: &str = "0123456789abcdef0123456789abcdef";
/// Events of one request.
const LIST: usize = 100;
/// Requests at a time.
const AT_ONCE: usize = 8;
/// POSTs at a time.
const POSTS: usize = 64;

/// A flow for one channel: three messages, one after the other.
fn flow(n: usize) -> String {
    format!(
        "flow: line_{n:02}\nlanguages: [en]\nchannels: [line-{n:02}]\nstart: [{{ event: told.{n:02}, contact: \"{{{{ event.phone }}}}\" }}]\ndefaults:\n  undelivered: {{ end: undelivered }}\n\
         begin: one\nstates:\n  one: {{ say: \"1\", go: two }}\n  two: {{ say: \"2\", go: three }}\n  three: {{ say: \"3\", end: done }}\n"
    )
}

/// The service as its own process.
pub struct Service {
    child: Child,
    folder: TempDir,
    url: String,
    client: Client,
}

impl Service {
    /// Starts it with so many channels of this rate, and waits until it takes work.
    pub async fn start(store: &str, provider: &str, channels: usize, rate: usize) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = format!(
            "[project]\ncountry = \"GB\"\n[server]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"https://replies.example.com\"\n[server.rates]\napi = 1000000\n\
             [store]\n{store}\nhistory = \"history.db\"\n[events]\nkeys = [{{ env = \"KEY\" }}]\n[log]\nfilter = \"warn\"\n"
        );
        std::fs::create_dir_all(folder.path().join("flows")).expect("a folder");
        for n in 1..=channels {
            settings.push_str(&format!(
                "[channels.line-{n:02}]\nprovider = \"twilio\"\nkind = \"sms\"\nnumber = \"+4477009000{n:02}\"\naccount_sid = \"AC00000000000000000000000000000001\"\n\
                 auth_token = {{ env = \"KEY\" }}\nbase_url = \"{provider}\"\nper_second = {rate}\n"
            ));
            std::fs::write(folder.path().join(format!("flows/line_{n:02}.yaml")), flow(n)).expect("a flow");
        }
        let child = process::serve(folder.path(), &settings, IDLE, ("KEY", KEY));
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("a client");
        let service = Service { child, folder, url: format!("http://127.0.0.1:{port}"), client };
        let ready = || service.client.get(format!("{}/health/ready", service.url)).send();
        let begun = Instant::now();
        while !ready().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(begun.elapsed() < Duration::from_secs(30), "the service does not start:\n{}", service.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        service
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// An event for each of these contacts, over the channel that is theirs.
    pub async fn tell(&self, contacts: Range<usize>, channels: usize, name: &str) {
        let all: Vec<usize> = contacts.collect();
        let lists: Vec<&[usize]> = all.chunks(LIST).collect();
        for some in lists.chunks(AT_ONCE) {
            join_all(some.iter().map(|list| self.list(list, channels, name))).await;
        }
    }

    async fn list(&self, contacts: &[usize], channels: usize, name: &str) {
        // Contacts of the first round are not those of the second.
        let digit = if name == "warm" { 1 } else { 2 };
        let event = |n: &usize| {
            let phone = format!("+44771{digit}{n:06}");
            json!({ "event": format!("told.{:02}", n % channels + 1), "id": format!("{name}-{n}"), "data": { "phone": phone } })
        };
        let body = Value::Array(contacts.iter().map(event).collect());
        let answer = self.client.post(format!("{}/v1/events", self.url)).bearer_auth(KEY).json(&body).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status();
        assert_eq!(status, 202, "{}\n{}", answer.text().await.unwrap_or_default(), self.log());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What nobody begins.
const IDLE: &str = "flow: bench\nlanguages: [en]\nchannels: [line-01]\nstart: [{ keyword: hi }]\nbegin: hello\nstates:\n  hello: { say: Hello., end: done }\n";

/// A POST of a message by the service's own HTTP client, again and again: seconds on the clock, and CPU of the thread that does it.
pub async fn post(provider: &Provider) -> Cost {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json", provider.url);
    let one = || async {
        let form = [("From", "+447700900001"), ("To", "+447712000000"), ("Body", "1")];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let post = client.post(&url).basic_auth("AC00000000000000000000000000000001", Some(KEY));
        let answer = post.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.expect("an answer");
        assert_eq!(answer.status(), 201);
        answer.bytes().await.expect("a body");
    };
    join_all((0..POSTS).map(|_| one())).await;
    let (begun, before) = (Instant::now(), thread_cpu());
    let mut n = 0;
    while begun.elapsed() < Duration::from_secs(3) {
        join_all((0..POSTS).map(|_| one())).await;
        n += POSTS as u64;
    }
    let spent = thread_cpu().saturating_sub(before);
    Cost { rate: n as f64 / begun.elapsed().as_secs_f64(), micros: spent.as_secs_f64() * 1e6 / n as f64 }
}

/// CPU of this thread so far.
fn thread_cpu() -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a system that counts");
    Duration::from_nanos(counted.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("nanoseconds"))
}
