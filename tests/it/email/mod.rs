//! Mail: the whole service with a real server that takes mails, and with what the world of mail sends back.

mod coming_back;
mod crashes;
mod hosted;
mod mails;
mod sending;

use crate::support::patience::LONG;
use crate::support::process::{Service, command, configuration, project};
use crate::support::smtp::Taken;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What the URL of the webhook ends in.
const SECRET: &str = "mail-webhook-secret-for-tests";
const ANN: &str = "ann@example.com";

/// Asks a question by mail, and says what it was told.
const FEEDBACK: &str = r#"
flow: feedback
title: Ihre Bestellung – «Größe»
languages: [en]
channels: [mail]
start:
  - event: order.shipped
    contact: { email: "{{ event.email }}" }
  - event: parcel.shipped
    contact: { phone: "{{ event.phone }}", email: "{{ event.email }}" }
begin: ask
states:
  ask:
    ask: Was everything all right?
    answer: { choice: { fine: All is fine, bad: Something is wrong } }
    go:
      fine: { say: "Danke für «éüñ» 👍.", end: fine }
      bad: { say: We are sorry., end: bad }
      nomatch: { say: Please answer 1 or 2., again: 2, end: unclear }
      silence: { after: 1d, end: silent }
      undelivered: { end: undelivered }
"#;

/// A project with a mail channel at this port.
struct Stage {
    folder: TempDir,
}

impl Stage {
    fn new(port: u16, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let plain = if more.contains("tls =") { "" } else { "tls = \"none\"" };
        let channel = format!(
            "[channels.mail]\nprovider = \"smtp\"\nkind = \"email\"\nhost = \"localhost\"\nport = {port}\n{plain}\n\
             from = \"Der Löwe <hello@shop.example>\"\nper_second = 1000\nwebhook_secret = {{ env = \"TEST_MAIL_WEBHOOK\" }}\n{more}\n"
        );
        let store = "kind = \"embedded\"\npath = \"data\"\nhistory = \"history.db\"\nsend_lease = \"3s\"\nclaim_lease = \"1s\"";
        let toml = configuration(store, "http://127.0.0.1:9", &channel);
        project(folder.path(), &toml, &[("flows/feedback.yaml", FEEDBACK)]);
        Stage { folder }
    }

    /// Another rate.
    fn slow_down(&self, rate: &str) {
        let file = self.folder.path().join("replyflow.toml");
        let text = std::fs::read_to_string(&file).expect("read");
        std::fs::write(file, text.replace("per_second = 1000\nwebhook", &format!("{rate}\nwebhook"))).expect("written");
    }

    fn serve(&self) -> Service {
        Service::start(self.folder.path())
    }

    /// Every event of the journal so far, each with its name.
    fn journal(&self) -> Vec<(String, Value)> {
        let lines = command(self.folder.path(), &["journal", "export"]);
        let entries = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        let events = entries.flat_map(|entry| entry["events"].as_array().cloned().unwrap_or_default());
        let named = |event: Value| match event {
            Value::Object(map) => map.into_iter().next().expect("a name"),
            other => (other.as_str().unwrap_or_default().to_owned(), Value::Null),
        };
        events.map(named).collect()
    }

    /// Waits until the journal has an event of this name for which this holds.
    async fn until(&self, name: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = std::time::Instant::now();
        loop {
            let journal = self.journal();
            if let Some((_, event)) = journal.iter().find(|(known, event)| known == name && holds(event)) {
                return event.clone();
            }
            assert!(begun.elapsed() < LONG, "no `{name}`: {journal:#?}");
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }
}

/// An order of this person was shipped.
async fn shipped(service: &Service, to: &str) {
    let event = json!({ "event": "order.shipped", "data": { "email": to } });
    assert_eq!(service.event(event).await, 202, "{to}");
}

/// Posts a mail of `tests/data/providers/email` about one of ours.
async fn post(service: &Service, file: &str, about: &str) -> u16 {
    let kind = if file.ends_with(".json") { "application/json" } else { "message/rfc822" };
    service.raw(&format!("/hooks/mail/{SECRET}"), kind, mails::read(file, about)).await.0
}

/// The mails to this person so far.
fn to<'t>(taken: &'t [Taken], person: &str) -> Vec<&'t Taken> {
    taken.iter().filter(|mail| mail.to == person).collect()
}

/// A reply to a mail, as a program writes it.
fn reply(about: &Taken, id: &str, text: &str) -> String {
    format!(
        "From: Ann <{}>\r\nTo: hello@shop.example\r\nMessage-ID: <{id}@example.com>\r\nIn-Reply-To: {}\r\nSubject: Re: x\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\r\nOn Sat, 21 Nov 2026 at 10:00, Shop wrote:\r\n> 1 All is fine\r\n",
        about.to,
        about.header("Message-ID").expect("an id")
    )
}
