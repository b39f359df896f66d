//! A service whose every way out ends in a trap: providers, a mail server, apis, endpoints, a desk, a team's webhook, an analytics service.

use crate::support::analytics::{self, Analytics};
use crate::support::api::{Answer, Api};
use crate::support::desk::chatwoot;
use crate::support::fake_provider::FakeProvider;
use crate::support::live::{self, Service};
use crate::support::receiver::{Receiver, SECRET};
use crate::support::smtp::SmtpServer;
use serde_json::{Value, json};

pub const PHONE: &str = "+447700900123";
pub const MAIL: &str = "ann@shop.example";

/// Does everything that leaves, one after the other.
pub const EVERYTHING: &str = r#"
flow: everything
languages: [en]
channels: [main-sms, main-whatsapp, mail]
start:
  - { keyword: go }
  - { event: order.paid, contact: "{{ event.phone }}" }
  - { webhook: paid, contact: "{{ event.phone }}" }
  - { event: segment.track.order_completed, contact: "{{ event.contact.phone }}" }
begin: shop
states:
  shop:
    call: { api: shop, post: /orders, json: { order: A1 }, retry: 0 }
    go: { ok: { say: The shop answered., go: stock }, failed: { say: The shop did not answer., go: stock } }
  stock:
    call: { api: stock, get: /level, retry: 0 }
    go: { ok: { say: The stock answered., go: told }, failed: { say: The stock did not answer., go: told } }
  told:
    do: [ { alert: { say: Somebody paid, level: urgent } }, { tag: paid } ]
    go: size
  size:
    ask: Which size?
    answer: { choice: { small: Small, large: Large } }
    go:
      small: agent
      large: agent
      nomatch: { again: 1, end: unclear }
      silence: { after: 2h, say: Are you there?, end: silent }
      undelivered: { end: undelivered }
  agent:
    handoff: { to: help, note: Wants a person }
    go: { ok: { end: helped }, silence: { after: 4h, end: unattended } }
"#;

pub struct Stage {
    pub service: Service,
    pub provider: FakeProvider,
    pub traps: Receiver,
    pub mail: SmtpServer,
    pub analytics: Analytics,
}

impl Stage {
    /// `more` of the configuration.
    pub async fn start(more: &str) -> Self {
        let (provider, traps, mail, analytics) =
            (FakeProvider::start(), Receiver::start(), SmtpServer::start(), Analytics::start());
        let folder = tempfile::tempdir().expect("a folder");
        let config = configuration(&provider.url, &traps.url, mail.port, &analytics.url, more);
        for (name, text) in [
            ("replyflow.toml", config.as_str()),
            ("flows/everything.yaml", EVERYTHING),
            ("hook-secret", SECRET),
            ("slack", &format!("{}/slack", traps.url)),
            ("password", "a-password-of-the-shop"),
            ("analytics-key", analytics::KEY),
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        Stage { service: Service::start_in(folder).await, provider, traps, mail, analytics }
    }

    /// What came to any of the traps.
    pub fn caught(&self) -> Vec<String> {
        let mut all: Vec<String> = self.provider.sent().iter().map(|sent| format!("message to {}", sent.to)).collect();
        all.extend(self.mail.taken().iter().map(|mail| format!("mail to {}", mail.to)));
        all.extend(self.traps.all().iter().map(|came| came.path.clone()));
        all.extend(self.analytics.asked().iter().map(|asked| format!("analytics {}", asked.path)));
        all
    }

    pub async fn test(&self, scopes: &[&str]) -> Api {
        Api::keyed(&self.service, scopes, "test").await
    }
}

/// A test contact writes; its key.
pub async fn writes(api: &Api, channel: &str, from: &str, text: &str) -> String {
    let body = json!({ "channel": channel, "from": from, "text": text });
    let answer = api.post("/v1/test/messages", body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json["contact"].as_str().expect("a key").to_owned()
}

/// The answer once it is as wanted.
pub async fn until(api: &Api, path: &str, wanted: impl Fn(&Value) -> bool) -> Answer {
    api.until(path, |answer| wanted(&answer.json)).await
}

/// The items of a list.
pub fn items(answer: &Value) -> &[Value] {
    answer["items"].as_array().map_or(&[], Vec::as_slice)
}

fn configuration(provider: &str, traps: &str, mail: u16, analytics: &str, more: &str) -> String {
    let (whatsapp, desk) = (live::whatsapp(provider), chatwoot(&format!("{traps}/desk")));
    format!(
        r#"
[project]
country = "GB"
[server]
listen = "127.0.0.1:0"
public_url = "https://talk.example.org"
[send]
timeout = "2s"
[channels.main-sms]
provider = "twilio"
kind = "sms"
number = "+447700900001"
account_sid = "AC00000000000000000000000000000001"
auth_token = {{ env = "TWILIO_AUTH_TOKEN" }}
base_url = "{provider}"
{whatsapp}[channels.mail]
provider = "smtp"
kind = "email"
host = "localhost"
port = {mail}
tls = "none"
from = "Shop <hello@shop.example>"
[api.shop]
base_url = "{traps}/shop"
bearer = {{ file = "password" }}
allow_private = true
[api.stock]
base_url = "{traps}/stock"
allow_private = true
[api.stock.test]
base_url = "{traps}/stand-in"
[events]
keys = [{{ env = "EVENTS_KEY" }}]
[endpoints.crm]
url = "{traps}/crm"
events = ["*"]
secrets = [{{ file = "hook-secret" }}]
allow_private = true
[teams.help]
title = "Help"
slack = {{ file = "slack" }}
allow_private = true
[alerts]
receivers = ["help"]
{desk}teams = ["help"]
[sinks.mix]
kind = "mixpanel"
key = {{ file = "analytics-key" }}
base_url = "{analytics}"
retry_first = "50ms"
{more}
"#
    )
}
