//! A service with one of everything that an operation can work on.

use crate::support::api::{Answer, Api};
use crate::support::live::{GREETING, SIMULATED, Service};
use reqwest::Method;
use serde_json::{Value, json};

const SUPPORT: &str = r#"
flow: support
start: [ { keyword: problem } ]
begin: agent
states:
  agent:
    handoff: { to: help, say: One moment. }
    go: { ok: { say: Done., end: handled }, silence: { after: 2h, say: Nobody is here., end: unattended } }
"#;

const MORE: &str = r#"
[project]
country = "GB"
[publish]
from = "call"
[teams.help]
title = "Help"
"#;

/// The flow that is published anew, with this word.
pub fn talk(word: &str) -> String {
    format!(
        "flow: talk\nlanguages: [en]\nchannels: [main-sms]\nstart: [{{ keyword: talk }}]\nbegin: first\n\
         defaults: {{ silence: {{ after: 1h, end: silent }}, undelivered: {{ end: undelivered }} }}\nstates:\n  \
         first:\n    ask: First {word}?\n    answer: any\n    go: {{ ok: {{ end: done }} }}\n"
    )
}

/// One whom a simulator plays: with a person, and one for each thing that failed.
pub const SERVED: &str = "+447700900020";
const FAILED: [&str; 2] = ["+447700900021", "+447700900022"];
/// A test contact.
pub const TRIED: &str = "+447700900030";

/// The service and what is in it.
pub struct Stage {
    pub service: Service,
    pub live: Api,
    pub test: Api,
    /// Contacts of live.
    pub contacts: [String; 4],
    /// Ids of what failed, for the key for test.
    pub failed: Vec<String>,
    /// Broadcasts that begin tomorrow; the second is paused.
    pub broadcasts: Vec<String>,
    /// Schedules; the second is paused.
    pub schedules: Vec<String>,
    /// A key that nobody uses.
    pub key: String,
    /// A message to the test contact.
    pub message: String,
    /// An entry of the suppression list.
    pub suppression: String,
}

fn items(answer: &Value) -> &[Value] {
    answer["items"].as_array().map_or(&[], Vec::as_slice)
}

fn text(json: &Value) -> String {
    json.as_str().unwrap_or_else(|| panic!("no text: {json}")).to_owned()
}

/// Something that is made.
async fn made(api: &Api, path: &str, body: Value) -> Value {
    let answer = api.post(path, body).await;
    assert!(answer.status < 300, "{path}: {}", answer.text);
    answer.json
}

impl Stage {
    pub async fn start() -> Self {
        let flows = [("greeting", GREETING), ("support", SUPPORT), ("talk", &talk("one"))];
        let service = Service::start(&format!("{SIMULATED}{MORE}"), &flows).await;
        let live = Api::admin(&service).await;
        let test = Api::keyed(&service, &["admin"], "test").await;
        for flow in ["greeting", "support", "talk"] {
            made(&live, &format!("/v1/flows/{flow}/publications"), json!({})).await;
        }
        let mut contacts = Vec::new();
        for n in 1..=4 {
            contacts.push(text(&made(&live, "/v1/contacts", json!({ "phone": format!("+44770090000{n}") })).await["id"]));
        }
        let refused = json!({ "status": 400, "reason": "invalid" });
        service.post("/simulator/behaviour", json!({ "next": [refused, refused] }).to_string()).await;
        for phone in FAILED {
            service.write("main-sms", phone, "1", "hi").await;
        }
        let failed = test.until("/v1/failed", |answer| items(&answer.json).len() == FAILED.len()).await;
        service.write("main-sms", SERVED, "1", "problem").await;
        test.until("/v1/handoffs?team=help", |answer| items(&answer.json).len() == 1).await;

        let tomorrow = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)).to_string();
        let sends = |name: &str| json!({ "name": name, "flow": "talk", "audience": { "contacts": ["phone:+447700900001"] } });
        let with = |mut body: Value, more: &[(&str, &str)]| {
            more.iter().for_each(|(field, value)| body[*field] = json!(value));
            body
        };
        let (mut broadcasts, mut schedules) = (Vec::new(), Vec::new());
        for name in ["one", "two", "three"] {
            let made = made(&live, "/v1/broadcasts", with(sends(name), &[("at", &tomorrow)])).await;
            broadcasts.push(text(&made["id"]));
        }
        for name in ["one", "two", "three"] {
            let made = made(&live, "/v1/schedules", with(sends(name), &[("every", "day"), ("at", "09:00")])).await;
            schedules.push(text(&made["id"]));
        }
        made(&live, &format!("/v1/broadcasts/{}/pause", broadcasts[1]), json!({})).await;
        made(&live, &format!("/v1/schedules/{}/pause", schedules[1]), json!({})).await;
        let key = made(&live, "/v1/keys", json!({ "name": "nobody's", "scopes": ["contacts:read"] })).await;
        made(&test, "/v1/test/messages", json!({ "channel": "main-sms", "from": TRIED, "text": "hi" })).await;
        let sent = test.until("/v1/test/sent?kind=message", |answer| !items(&answer.json).is_empty()).await;
        let entry = made(&live, "/v1/suppressions", json!({ "address": "+447700900040" })).await;
        Stage {
            contacts: contacts.try_into().expect("four"),
            failed: items(&failed.json).iter().map(|one| text(&one["id"])).collect(),
            broadcasts,
            schedules,
            key: text(&key["key"]["id"]),
            message: text(&items(&sent.json)[0]["id"]),
            suppression: text(&entry["id"]),
            service,
            live,
            test,
        }
    }

    /// What was written down under the name of a request, as the key that asked sees it.
    pub async fn acts(&self, api: &Api, request: &str) -> Vec<String> {
        let (mut acts, mut path) = (Vec::new(), "/v1/audit?limit=200".to_owned());
        loop {
            let page = api.get(&path).await.json;
            let own = items(&page).iter().filter(|act| act["request_id"] == request);
            acts.extend(own.map(|act| text(&act["action"])));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/audit?limit=200&cursor={next}");
        }
        acts.reverse();
        acts
    }

    pub async fn stop(self) {
        self.service.stop().await;
    }
}

/// `DELETE` or `PATCH` under the name of a request.
pub async fn sent(api: &Api, method: Method, path: &str, request: &str, body: Vec<u8>) -> Answer {
    api.send(method, path, &[("x-request-id", request)], body).await
}
