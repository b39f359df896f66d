//! One list of requirements for every adapter, through the real service and over real HTTP: a message goes out, the fake of its provider's API
//! answers, a report comes in, and the record says how far it came.

mod rows;
mod signing;

use crate::support::api::Api;
use crate::support::fake_provider::{Behaviour, FakeProvider, Sent};
use crate::support::live::Service;
use crate::support::patience::LONG;
use futures_util::FutureExt as _;
use replyflow::config::providers::PROVIDERS;
use replyflow::domain::address::Address;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::message::{Inbound, InboundContent};
use replyflow::domain::name::ChannelName;
use replyflow::service::failed;
use replyflow::store::FailedKey;
use rows::{Lost, ROWS, Row};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant, UNIX_EPOCH};

const PUBLIC: &str = "https://hooks.example.org";

/// Says what an event brings, over the channel of its name.
const FLOW: &str = r#"
flow: NAME
languages: [en]
channels: [NAME]
needs: { words: text }
start:
  - event: NAME.go
    contact: "{{ event.phone }}"
    with: { words: "{{ event.text }}" }
begin: told
states: { told: { say: "{{ words }}", end: told } }
"#;

/// Says what it hears: over WhatsApp a text of our own may be sent to whoever wrote.
const TALK: &str = r#"
flow: NAME
languages: [en]
channels: [NAME]
start: [ { message: any } ]
begin: told
states: { told: { say: "{{ reply.text }}", end: told } }
"#;

/// All channels of the rows, each with the fake of its provider's API.
struct Stage {
    service: Service,
    api: Api,
    fakes: Vec<FakeProvider>,
}

impl Stage {
    async fn new() -> Self {
        let fakes: Vec<FakeProvider> = ROWS.iter().map(|row| FakeProvider::of(row.api, row.id)).collect();
        let mut settings = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"{PUBLIC}\"\n[server.rates]\nhooks = 100000\n\
             [send]\ntimeout = \"5s\"\nretry_first = \"100ms\"\n[events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n"
        );
        let mut flows = Vec::new();
        for (row, fake) in ROWS.iter().zip(&fakes) {
            let lines = row.lines.replace("{fake}", &fake.url).replace("{ed25519}", &signing::public_key());
            let base = if row.lines.contains("{fake}") { String::new() } else { format!("base_url = \"{}\"\n", fake.url) };
            settings.push_str(&format!("[channels.{}]\n{lines}\n{base}", row.name));
            let flow = if row.is_whatsapp() { TALK } else { FLOW };
            flows.push((row.name, flow.replace("NAME", row.name)));
        }
        let flows: Vec<(&str, &str)> = flows.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let secrets =
            [("LOGIN", signing::LOGIN), ("KEY", "key"), ("OTHER", signing::OTHER), ("STANDARD", signing::STANDARD_SECRET)];
        let service = Service::start_knowing(&settings, &flows, &secrets).await;
        let api = Api::keyed(&service, &["events:write", "history:read"], "live").await;
        Stage { service, api, fakes }
    }
}

/// One channel of it.
struct Line<'s> {
    row: &'static Row,
    n: usize,
    stage: &'s Stage,
    fake: &'s FakeProvider,
}

impl Line<'_> {
    fn phone(&self, case: usize) -> String {
        format!("+4477009{:02}{case:02}0", self.n)
    }

    /// Something happens, of which this person is to hear; over WhatsApp the person says it.
    async fn says(&self, case: usize, text: &str) {
        if self.row.is_whatsapp() {
            return self.hears(case, text).await;
        }
        let data = json!({ "phone": self.phone(case), "text": text });
        let answer = self.stage.api.post("/v1/events", json!({ "event": format!("{}.go", self.row.name), "data": data })).await;
        assert!(answer.status < 300, "{}: {} {}", self.row.name, answer.status, answer.text);
    }

    /// The person writes.
    async fn hears(&self, case: usize, text: &str) {
        let message = Inbound {
            channel: ChannelName::parse(self.row.name).expect("a name"),
            kind: ChannelKind::WhatsApp,
            from: Address::from_wire(&self.phone(case)),
            user_id: None,
            id: format!("{} {text}", self.phone(case)),
            at: None,
            text: text.to_owned(),
            content: InboundContent::Text,
            profile_name: None,
            in_reply_to: None,
            answers: None,
            forwarded: false,
            referral: None,
        };
        self.stage.service.core().receive_message(message).await.expect("accepted");
    }

    /// What came for one person.
    fn of(&self, sent: &[Sent], case: usize) -> Vec<Sent> {
        let digits = &self.phone(case)[1..];
        sent.iter().filter(|sent| sent.decoded.contains(digits)).cloned().collect()
    }

    async fn came(&self, case: usize, n: usize) -> Vec<Sent> {
        let patience = Instant::now();
        loop {
            let sent = self.fake.sent();
            let found = self.of(&sent, case);
            if found.len() >= n {
                return found;
            }
            assert!(patience.elapsed() < LONG, "{}: {n} requests for case {case}; came: {sent:#?}", self.row.name);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The last message to somebody, once the record has it as it should be.
    async fn recorded(&self, case: usize, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let contact = self.stage.service.contact_key(&self.phone(case));
        let patience = Instant::now();
        loop {
            let found = self.stage.api.get(&format!("/v1/messages?direction=out&contact={contact}")).await.json;
            let last = found["items"][0].clone();
            if is(&last) {
                return last;
            }
            assert!(patience.elapsed() < LONG, "{}: {what}: {last:#}", self.row.name);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    async fn becomes(&self, case: usize, status: &str) -> Value {
        self.recorded(case, status, |message| message["status"] == status).await
    }

    /// The provider reports on a message: its first word is that it left, its second that it arrived.
    async fn reports(&self, sent: &Sent, case: usize, word: usize) {
        let report = &self.row.report;
        let secret = if self.row.lines.contains("webhook_secret =") { format!("/{}", signing::OTHER) } else { String::new() };
        let filled = |text: &str| {
            text.replace("{hook}", &format!("/hooks/{}{secret}", self.row.name))
                .replace("{id}", &sent.id)
                .replace("{ref}", sent.effect.as_deref().unwrap_or(""))
                .replace("{to}", &self.phone(case)[1..])
                .replace("{word}", report.words[word])
        };
        let (path, body) = (filled(report.to), filled(report.body));
        let now = UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
        let url = format!("{}{path}", self.stage.service.base);
        let client = &self.stage.service.client;
        let mut request =
            if report.body.is_empty() { client.get(url) } else { client.post(url).header("Content-Type", report.kind) };
        for (name, value) in signing::headers(report.sign, &format!("{PUBLIC}{path}"), &body, now) {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}: a report is answered {}", self.row.name, answer.status());
    }

    /// The whole list.
    async fn holds(&self) {
        self.is_taken_and_arrives().await;
        self.is_slowed_down().await;
        self.is_refused().await;
        self.is_lost_and_found().await;
    }

    /// It leaves once, on the right path with the right login; what is reported later does not take back what was reported before.
    async fn is_taken_and_arrives(&self) {
        let name = self.row.name;
        self.says(0, "Hello Ann").await;
        let sent = self.came(0, 1).await;
        let (method, path) = self.row.api.send;
        assert_eq!((sent[0].asked.0.as_str(), sent[0].asked.1.as_str()), (method, path), "{name}");
        assert!(sent[0].known, "{name}: the login: {:?}", sent[0]);
        assert!(sent[0].decoded.contains("Hello Ann"), "{name}: {}", sent[0].decoded);
        let message = self.becomes(0, "sent").await;
        if !self.row.id.is_empty() {
            assert_eq!(message["provider_id"], sent[0].id.as_str(), "{name}");
        }
        if self.row.report.names_us {
            assert!(sent[0].effect.is_some(), "{name}: no name of ours in {}", sent[0].decoded);
        }
        // The last word comes first.
        self.reports(&sent[0], 0, 1).await;
        self.becomes(0, "delivered").await;
        self.reports(&sent[0], 0, 0).await;
        self.says(0, "Once more").await;
        assert_eq!(self.came(0, 2).await.len(), 2, "{name}: each message left once");
        let all = self
            .stage
            .api
            .get(&format!("/v1/messages?direction=out&contact={}", self.stage.service.contact_key(&self.phone(0))))
            .await
            .json;
        let first =
            all["items"].as_array().expect("a list").iter().find(|one| one["text"] == "Hello Ann").expect("the first").clone();
        assert_eq!(first["status"], "delivered", "{name}: a report that is late takes nothing back");
    }

    /// Too fast: it is the same message again, later.
    async fn is_slowed_down(&self) {
        self.fake.then([Behaviour::Throttle(1)]);
        let begun = Instant::now();
        self.says(1, "Not so fast").await;
        let sent = self.came(1, 2).await;
        assert_eq!((sent.len(), sent[0].accepted, sent[1].accepted), (2, false, true), "{}", self.row.name);
        assert_eq!(sent[0].effect, sent[1].effect, "{}: one message", self.row.name);
        if self.row.api.throttled.0 == 429 {
            assert!(begun.elapsed() >= Duration::from_secs(1), "{}: it waited as long as it was told to", self.row.name);
        }
        self.becomes(1, "sent").await;
    }

    /// Refused: it fails with a reason, and is not tried again.
    async fn is_refused(&self) {
        self.fake.then([Behaviour::Refuse]);
        self.says(2, "To nobody").await;
        let message = self.becomes(2, "failed").await;
        assert_eq!(message["reason"], self.row.reason, "{}: {message:#}", self.row.name);
        assert_eq!(self.came(2, 1).await.len(), 1, "{}", self.row.name);
    }

    /// Taken, and the answer lost: never repeated unless the provider knows it by its key; its report tells the rest.
    async fn is_lost_and_found(&self) {
        let name = self.row.name;
        self.fake.then([Behaviour::TakeAndDrop]);
        self.says(3, "Is it there?").await;
        let sent = self.came(3, 1).await;
        match self.row.lost {
            Lost::Unsure => {
                self.becomes(3, "unsure").await;
            }
            Lost::Again => {
                let sent = self.came(3, 2).await;
                let same = |one: &Sent| (one.effect.clone(), one.key.clone(), one.decoded.clone());
                assert_eq!(same(&sent[0]), same(&sent[1]), "{name}: the same key");
                self.becomes(3, "sent").await;
            }
            Lost::Asked => {
                self.becomes(3, "sent").await;
                assert!(self.fake.lookups() > 0, "{name}: it was not asked");
            }
        }
        if self.row.report.names_us {
            self.reports(&sent[0], 3, 1).await;
            self.becomes(3, "delivered").await;
        }
        // The next message of the same person leaves only when that is settled: then nothing of it is still to come.
        self.says(3, "Good").await;
        let times = if self.row.lost == Lost::Again { 3 } else { 2 };
        let sent = self.came(3, times).await;
        assert_eq!(sent.len(), times, "{name}: repeated");
        assert!(sent.last().is_some_and(|last| last.decoded.contains("Good")), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_adapter_sends_once_slows_down_fails_visibly_and_believes_its_reports() {
    let stage = Stage::new().await;
    let lines = ROWS.iter().zip(&stage.fakes).enumerate().map(|(n, (row, fake))| Line { row, n, stage: &stage, fake });
    // All are looked at before any is complained of.
    let held = lines.map(|line| async move { (line.row.name, AssertUnwindSafe(line.holds()).catch_unwind().await.is_ok()) });
    let held = futures_util::future::join_all(held).await;
    let wrong: Vec<&str> = held.into_iter().filter(|(_, holds)| !holds).map(|(name, _)| name).collect();
    assert!(wrong.is_empty(), "see above what is wrong with {wrong:?}");
    let failed = failed::list(stage.service.core().store(), 1_000).await.expect("lists");
    for (n, (row, fake)) in ROWS.iter().zip(&stage.fakes).enumerate().filter(|(_, (row, _))| row.lost == Lost::Unsure) {
        let key = stage.service.contact_key(&Line { row, n, stage: &stage, fake }.phone(3));
        let waits = failed.iter().any(|one| matches!(one.key, FailedKey::Effect(contact, _) if contact.to_string() == key));
        assert_eq!(waits, !row.report.names_us, "{}: what its report told no operator need look at", row.name);
    }
}

#[test]
fn every_provider_has_a_row() {
    let has: BTreeSet<&str> = ROWS
        .iter()
        .map(|row| row.lines.split('"').nth(1).expect("a provider"))
        // The simulator is our own; mail has servers of its own in `email`, and carriers that speak SMPP theirs in `smpp`.
        .chain(["simulator", "smtp", "smpp"])
        .collect();
    let all: BTreeSet<&str> = PROVIDERS.iter().map(|entry| entry.name).collect();
    assert_eq!(has, all);
}
