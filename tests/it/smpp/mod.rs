//! SMPP through the real service, over real TCP, with a fake carrier: conversations, receipts, long messages, and everything that happens to
//! a connection.

mod again;
mod broken;
mod elsewhere;
mod encrypted;
mod shared;

use crate::support::api::Api;
use crate::support::live::{GREETING, Service};
use crate::support::smsc::{Behaviour, Smsc, Taken, part, receipt, written};
use rusmpp::CommandStatus;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ANN: &str = "+447700900123";
const BEN: &str = "+447700900456";
const PASSWORD: (&str, &str) = ("SMPP_PASSWORD", "secret08");
const LONG: Duration = Duration::from_secs(60);

/// Says what an event brings.
const TELL: &str = r#"
flow: tell
languages: [en]
channels: [main-sms]
needs: { words: text }
start:
  - event: tell.go
    contact: "{{ event.phone }}"
    with: { words: "{{ event.text }}" }
begin: told
states: { told: { say: "{{ words }}", end: told } }
"#;

/// Repeats what it hears.
const ECHO: &str = r#"
flow: echo
languages: [en]
channels: [main-sms]
start: [ { message: any } ]
begin: told
states: { told: { say: "{{ reply.text }}", end: told } }
"#;

struct Stage {
    service: Service,
    api: Api,
    smsc: Smsc,
}

impl Stage {
    async fn new(flow: (&str, &str), lines: &str) -> Self {
        let smsc = Smsc::start().await;
        Self::with(smsc, flow, lines).await
    }

    async fn with(smsc: Smsc, flow: (&str, &str), lines: &str) -> Self {
        let settings = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[send]\ntimeout = \"5s\"\nretry_first = \"100ms\"\n\
             [events]\nkeys = [{{ env = \"EVENTS_KEY\" }}]\n{}{lines}\n",
            smsc.channel("main-sms")
        );
        let service = Service::start_knowing(&settings, &[flow], &[PASSWORD]).await;
        let api = Api::keyed(&service, &["events:write", "history:read"], "live").await;
        Stage { service, api, smsc }
    }

    async fn tells(&self, phone: &str, text: &str) {
        let body = json!({ "event": "tell.go", "data": { "phone": phone, "text": text } });
        let answer = self.api.post("/v1/events", body).await;
        assert!(answer.status < 300, "{} {}", answer.status, answer.text);
    }

    /// What this person wrote, as the record has it, once the last of it is there; sorted.
    async fn heard(&self, phone: &str, last: &str) -> Vec<String> {
        let contact = self.service.contact_key(phone);
        let patience = Instant::now();
        loop {
            let found = self.api.get(&format!("/v1/messages?direction=in&contact={contact}")).await.json;
            let items = found["items"].as_array().cloned().unwrap_or_default();
            let mut texts: Vec<String> = items.iter().map(|one| one["text"].as_str().unwrap_or("").to_owned()).collect();
            texts.sort();
            if texts.iter().any(|text| text == last) {
                return texts;
            }
            assert!(patience.elapsed() < LONG, "`{last}` is to come: {texts:?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// The message with this text, once the record has it in this state.
    async fn becomes(&self, phone: &str, text: &str, status: &str) -> Value {
        let contact = self.service.contact_key(phone);
        let patience = Instant::now();
        loop {
            let found = self.api.get(&format!("/v1/messages?direction=out&contact={contact}")).await.json;
            let one = found["items"].as_array().and_then(|all| all.iter().find(|one| one["text"] == text)).cloned();
            if let Some(one) = one.as_ref().filter(|one| one["status"] == status) {
                return one.clone();
            }
            assert!(patience.elapsed() < LONG, "`{text}` is to be {status}: {one:#?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

fn texts(taken: &[Taken]) -> Vec<String> {
    taken.iter().map(Taken::text).collect()
}

fn digits(phone: &str) -> &str {
    phone.trim_start_matches('+')
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_over_a_bind_and_stop_ends_it() {
    let stage = Stage::new(("greeting", GREETING), "").await;
    assert_eq!(stage.smsc.deliver(written(ANN, "Hello")).await, CommandStatus::EsmeRok);
    let first = stage.smsc.taken(1).await;
    assert_eq!(first[0].pdu.destination_addr.as_str(), digits(ANN));
    assert_eq!(first[0].pdu.source_addr.as_str(), "447700900001");
    assert_eq!(first[0].text(), "Do you like it?");
    stage.smsc.deliver(written(ANN, "yes")).await;
    assert_eq!(texts(&stage.smsc.taken(2).await)[1], "Thank you.");
    // The same word once more is another message.
    stage.smsc.deliver(written(BEN, "Hi")).await;
    assert_eq!(stage.smsc.taken(3).await[2].pdu.destination_addr.as_str(), digits(BEN));
    stage.smsc.deliver(written(BEN, "maybe")).await;
    stage.smsc.deliver(written(BEN, "maybe")).await;
    assert_eq!(texts(&stage.smsc.taken(5).await)[3..], ["Please say yes or no.", "Please say yes or no."]);
    stage.smsc.deliver(written(ANN, "STOP")).await;
    let confirmed = stage.smsc.taken(6).await;
    assert_eq!(confirmed[5].pdu.destination_addr.as_str(), digits(ANN));
    // Whoever opted out hears nothing any more; somebody else still does.
    stage.smsc.deliver(written(ANN, "Hello")).await;
    stage.smsc.deliver(written(BEN, "yes")).await;
    let all = stage.smsc.taken(7).await;
    assert_eq!((all[6].pdu.destination_addr.as_str(), all[6].text().as_str()), (digits(BEN), "Thank you."));
    let smsc = stage.smsc;
    stage.service.stop().await;
    assert_eq!(smsc.binds(), (1, 1), "one login, and a goodbye");
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_say_how_far_a_message_came_whenever_they_come() {
    let stage = Stage::new(("tell", TELL), "").await;
    stage.tells(ANN, "One").await;
    let taken = stage.smsc.taken(1).await;
    let message = stage.becomes(ANN, "One", "sent").await;
    assert_eq!(message["provider_id"], taken[0].id.as_str());
    assert_eq!(u8::from(taken[0].pdu.registered_delivery), 1);
    // The last word comes first, and takes nothing back.
    assert_eq!(stage.smsc.deliver(receipt(ANN, &taken[0].id, "DELIVRD")).await, CommandStatus::EsmeRok);
    stage.becomes(ANN, "One", "delivered").await;
    stage.smsc.deliver(receipt(ANN, &taken[0].id, "ENROUTE")).await;
    // A receipt that is faster than the answer to its message.
    stage.smsc.then([Behaviour::ReportFirst]);
    stage.tells(ANN, "Two").await;
    stage.becomes(ANN, "Two", "delivered").await;
    stage.becomes(ANN, "One", "delivered").await;
    stage.tells(BEN, "Three").await;
    let third = stage.smsc.taken(3).await[2].id.clone();
    stage.becomes(BEN, "Three", "sent").await;
    stage.smsc.deliver(receipt(BEN, &third, "UNDELIV")).await;
    assert_eq!(stage.becomes(BEN, "Three", "failed").await["reason"], "unreachable");
    // Of a message that nobody here sent.
    assert_eq!(stage.smsc.deliver(receipt(BEN, "C99999", "DELIVRD")).await, CommandStatus::EsmeRok);
    assert_eq!(stage.smsc.so_far().len(), 3, "each left once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_carrier_refuses_is_slowed_down_or_fails_visibly() {
    let stage = Stage::new(("tell", TELL), "").await;
    stage.smsc.then([Behaviour::Refuse(CommandStatus::EsmeRthrottled)]);
    stage.tells(ANN, "Not so fast").await;
    stage.becomes(ANN, "Not so fast", "sent").await;
    let taken = stage.smsc.so_far();
    assert_eq!(taken.iter().map(|one| one.accepted).collect::<Vec<_>>(), [false, true]);
    stage.smsc.then([Behaviour::Refuse(CommandStatus::EsmeRinvdstadr)]);
    stage.tells(BEN, "To nobody").await;
    assert_eq!(stage.becomes(BEN, "To nobody", "failed").await["reason"], "invalid");
    assert_eq!(stage.smsc.so_far().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_messages_are_cut_and_put_together() {
    let stage = Stage::new(("echo", ECHO), "join_wait = \"2s\"").await;
    let (first, second) = ("a".repeat(153), "b".repeat(100));
    // Out of order, and acknowledged only together.
    let late = stage.smsc.delivers(part(ANN, &second, 7, 2, 2)).await;
    assert_eq!(stage.smsc.deliver(part(ANN, &first, 7, 1, 2)).await, CommandStatus::EsmeRok);
    assert_eq!(late.await, Ok(CommandStatus::EsmeRok));
    let echo = stage.smsc.taken(2).await;
    assert_eq!(texts(&echo).concat(), format!("{first}{second}"));
    assert_eq!(echo.iter().map(|one| u8::from(one.pdu.registered_delivery)).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(echo.iter().map(|one| u8::from(one.pdu.esm_class)).collect::<Vec<_>>(), [0x40, 0x40]);
    // The receipt of the last part is that of the message.
    stage.smsc.deliver(receipt(ANN, &echo[1].id, "DELIVRD")).await;
    stage.becomes(ANN, &format!("{first}{second}"), "delivered").await;
    // A part whose other one never comes is a message of its own.
    assert_eq!(stage.smsc.deliver(part(BEN, "alone", 8, 1, 2)).await, CommandStatus::EsmeRok);
    assert_eq!(texts(&stage.smsc.taken(3).await)[2], "alone");
    // A part that is refused for now is sent again alone: the one before it has left.
    stage.smsc.then([Behaviour::Accept, Behaviour::Refuse(CommandStatus::EsmeRthrottled)]);
    let (one, two) =
        (stage.smsc.delivers(part(BEN, &first, 9, 1, 2)).await, stage.smsc.delivers(part(BEN, &second, 9, 2, 2)).await);
    assert_eq!((one.await, two.await), (Ok(CommandStatus::EsmeRok), Ok(CommandStatus::EsmeRok)));
    let again = stage.smsc.taken(6).await;
    assert_eq!(
        again[3..].iter().map(|one| (one.text(), one.accepted)).collect::<Vec<_>>(),
        [(first.clone(), true), (second.clone(), false), (second.clone(), true)]
    );
    stage.becomes(BEN, &format!("{first}{second}"), "sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_of_a_long_message_counts_for_what_the_carrier_takes_in_a_second() {
    let stage = Stage::new(("tell", TELL), "per_second = 1\nburst = 1").await;
    stage.tells(ANN, &"a".repeat(400)).await;
    let parts = stage.smsc.taken(3).await;
    stage.tells(BEN, "Short").await;
    let all = stage.smsc.taken(4).await;
    assert_eq!(all[3].text(), "Short");
    // Three permits for three parts, and not one.
    let apart = all[3].at.duration_since(parts[0].at);
    assert!(apart > Duration::from_secs(2), "{apart:?}");
}
