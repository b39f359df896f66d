//! Hand-offs at Chatwoot and Zendesk over real HTTP: both ways, once, through limits, lost answers and `kill -9`.

use crate::support::desk::{FakeDesk, Fault, said};
use crate::support::fake_provider::FakeProvider;
use crate::support::live::{SIMULATED, Service};
use crate::support::patience::{LONG, until};
use crate::support::process::{self, configuration, project};
use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

const PHONE: &str = "+447700900123";
/// The secrets of the tests' environment: which is which does not matter here.
const TOKEN: &str = "meta-access-token";
const SIGNING: &str = "meta-app-secret";

const REFUND: &str = r#"
flow: refund
start: [ { keyword: refund } ]
begin: why
states:
  why: { ask: What was wrong?, answer: text, save: why, go: { ok: agent, silence: { after: 1h, end: silent } } }
  agent:
    handoff: { to: payments, note: "Wants a refund: {{ why }}", say: One moment. }
    save: note
    go: { ok: { say: "Done.", end: handled }, silence: { after: 1h, say: We call you., end: unattended } }
"#;

fn desk_of(kind: &str, url: &str, token: &str, signing: &str) -> String {
    let own = match kind {
        "chatwoot" => "account_id = 1\ninbox_id = 5",
        _ => "user = \"bot@acme.example\"",
    };
    format!(
        "[teams.payments]\n[desks.support]\nkind = \"{kind}\"\nbase_url = \"{url}\"\n{own}\napi_token = {{ env = \"{token}\" }}\n\
         webhook_secret = {{ env = \"{signing}\" }}\nallow_private = true\nretry_first = \"50ms\"\ntimeout = \"2s\"\n"
    )
}

struct Rig {
    desk: FakeDesk,
    service: Service,
    kind: &'static str,
}

impl Rig {
    async fn start(kind: &'static str) -> Self {
        let desk = fake(kind, TOKEN);
        let more = desk_of(kind, &desk.url, "META_ACCESS_TOKEN", "META_APP_SECRET");
        let service = Service::start(&format!("{SIMULATED}\n{more}"), &[("refund", REFUND)]).await;
        Rig { desk, service, kind }
    }

    async fn hand_over(&self) {
        self.says("1", "refund").await;
        self.service.shown(PHONE, 1).await;
        self.says("2", "It was broken").await;
        self.service.shown(PHONE, 2).await;
    }

    async fn says(&self, id: &str, text: &str) {
        assert_eq!(self.service.write("main-sms", PHONE, id, text).await.status(), 200);
    }

    fn wait(&self, done: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        tokio::task::block_in_place(|| self.desk.wait(done))
    }

    /// A webhook of the desk; the status of the answer.
    async fn hook(&self, body: &Value, secret: &str, signing: &str) -> u16 {
        let body = body.to_string();
        let now = jiff::Timestamp::now();
        let (names, at, parts) = match self.kind {
            "chatwoot" => (["X-Chatwoot-Timestamp", "X-Chatwoot-Signature"], now.as_second().to_string(), "."),
            _ => (["X-Zendesk-Webhook-Signature-Timestamp", "X-Zendesk-Webhook-Signature"], now.to_string(), ""),
        };
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(signing.as_bytes()).expect("a key");
        mac.update(format!("{at}{parts}{body}").as_bytes());
        let mac = mac.finalize().into_bytes();
        let signature = match self.kind {
            "chatwoot" => format!("sha256={}", hex::encode(mac)),
            _ => base64::engine::general_purpose::STANDARD.encode(mac),
        };
        let url = format!("{}/desks/support/{secret}", self.service.base);
        let request = self.service.client.post(url).header(names[0], at).header(names[1], signature).body(body);
        request.send().await.expect("an answer").status().as_u16()
    }

    fn secret(&self) -> String {
        self.service.webhook_keys().desk_secret("support")
    }

    async fn agent(&self, id: u64, text: &str) -> u16 {
        self.hook(&wrote(self.kind, &self.desk.talks()[0], id, text), &self.secret(), SIGNING).await
    }

    async fn resolved(&self) -> u16 {
        let talk = &self.desk.talks()[0];
        let body = match self.kind {
            "chatwoot" => json!({ "event": "conversation_status_changed", "id": talk["id"], "status": "resolved",
                "custom_attributes": talk["custom_attributes"], "meta": { "assignee": { "name": "Ann" } } }),
            _ => json!({ "type": "zen:event-type:ticket.status_changed", "event": { "current": "SOLVED", "previous": "OPEN" },
                "detail": { "id": talk["id"].to_string(), "external_id": talk["external_id"], "actor_id": "3" } }),
        };
        self.hook(&body, &self.secret(), SIGNING).await
    }
}

fn fake(kind: &str, token: &'static str) -> FakeDesk {
    match (kind, token) {
        ("chatwoot", token) => FakeDesk::start(("api_access_token", token)),
        // bot@acme.example/token:meta-access-token
        _ => FakeDesk::start(("authorization", "Basic Ym90QGFjbWUuZXhhbXBsZS90b2tlbjptZXRhLWFjY2Vzcy10b2tlbg==")),
    }
}

fn wrote(kind: &str, talk: &Value, id: u64, text: &str) -> Value {
    match kind {
        "chatwoot" => json!({
            "event": "message_created", "id": id, "content": text, "message_type": "outgoing", "private": false, "source_id": null,
            "sender": { "id": 1, "name": "Ann", "type": "user" },
            "conversation": { "id": talk["id"], "contact_inbox": { "source_id": talk["source_id"] } },
        }),
        _ => json!({
            "type": "zen:event-type:ticket.comment_added", "detail": { "id": talk["id"].to_string(), "external_id": talk["external_id"] },
            "event": { "comment": { "id": id, "body": text, "is_public": true, "author": { "id": 3, "is_staff": true, "name": "Ann" } } },
        }),
    }
}

async fn both_ways(kind: &'static str) {
    let rig = Rig::start(kind).await;
    rig.hand_over().await;
    let talks = rig.wait(|talks| talks.first().is_some_and(|talk| !said(talk).is_empty()));
    let note = &said(&talks[0])[0];
    assert!(note.starts_with("note: Handed over to payments by the flow refund.\n\nWants a refund: It was broken"), "{note}");
    assert!(!json!([rig.desk.talks(), rig.desk.people()]).to_string().contains("7700900123"), "no more than may be known");
    for (id, text) in [("3", "Hello?"), ("4", "Anybody?"), ("5", "It is broken")] {
        rig.says(id, text).await;
    }
    let talks = rig.wait(|talks| said(&talks[0]).len() >= 4);
    assert_eq!(said(&talks[0])[1..], ["customer: Hello?", "customer: Anybody?", "customer: It is broken"], "in order");
    // Twice, as a desk that did not hear the answer would.
    assert_eq!([rig.agent(501, "This is Ann.").await, rig.agent(501, "This is Ann.").await], [200, 200]);
    assert_eq!(rig.agent(502, "I send it back.").await, 200);
    assert_eq!(rig.service.shown(PHONE, 4).await[2..], ["This is Ann.", "I send it back."]);
    rig.says("6", "Thank you").await;
    rig.wait(|talks| said(&talks[0]).len() >= 5);
    assert_eq!([rig.resolved().await, rig.resolved().await], [200, 200]);
    assert_eq!(rig.service.shown(PHONE, 5).await[4], "Done.");
    assert_eq!((rig.desk.talks().len(), rig.desk.people().len(), rig.desk.strangers()), (1, 1, 0));
    // Late words of the agent are not sent, and the agent is told so.
    assert_eq!(rig.agent(503, "One more thing").await, 200);
    let talks = rig.wait(|talks| said(&talks[0]).len() >= 6);
    assert_eq!(said(&talks[0])[5], "note: Not sent to the customer: this conversation is over.");
    assert_eq!(rig.service.shown(PHONE, 5).await.len(), 5);
    rig.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_at_chatwoot_goes_both_ways_once_and_in_order() {
    both_ways("chatwoot").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_at_zendesk_goes_both_ways_once_and_in_order() {
    both_ways("zendesk").await;
}

async fn through_trouble(kind: &'static str, begins: &'static str, says: &'static str) {
    let rig = Rig::start(kind).await;
    rig.desk.fails("contacts/search", Fault::Refused(503, None));
    rig.desk.fails("create_or_update", Fault::Refused(502, None));
    rig.desk.fails(begins, Fault::Refused(429, Some("1")));
    rig.desk.fails(begins, Fault::DoneAndLost);
    rig.desk.fails(says, Fault::DoneAndLost);
    rig.hand_over().await;
    rig.says("3", "Hello?").await;
    rig.says("4", "Anybody?").await;
    let talks = rig.wait(|talks| talks.first().is_some_and(|talk| said(talk).len() >= 3));
    assert_eq!(said(&talks[0])[1..], ["customer: Hello?", "customer: Anybody?"], "nothing twice, nothing lost, in order");
    assert_eq!((talks.len(), rig.desk.people().len()), (1, 1));
    rig.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_failures_and_lost_answers_at_chatwoot_double_nothing() {
    let (begins, says) = ("POST /api/v1/accounts/1/conversations", "POST /api/v1/accounts/1/conversations/9/messages");
    through_trouble("chatwoot", begins, says).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_failures_and_lost_answers_at_zendesk_double_nothing() {
    through_trouble("zendesk", "POST /api/v2/tickets", "PUT /api/v2/tickets/").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_webhooks_are_refused_and_do_nothing() {
    for kind in ["chatwoot", "zendesk"] {
        let rig = Rig::start(kind).await;
        rig.hand_over().await;
        let talks = rig.wait(|talks| talks.first().is_some_and(|talk| !said(talk).is_empty()));
        let body = wrote(kind, &talks[0], 600, "Your password, please");
        let secret = rig.secret();
        assert_eq!(rig.hook(&body, &secret, "another secret").await, 403, "{kind}: forged");
        assert_eq!(rig.hook(&body, "AAAAAAAAAAAAAAAAAAAAAA", SIGNING).await, 403, "{kind}: another URL");
        let bare = rig.service.post(&format!("/desks/support/{secret}"), body.to_string()).await;
        assert_eq!(bare.status(), 403, "{kind}: unsigned");
        assert_eq!(bare.text().await.expect("a body"), "", "nothing helps a forger");
        let other = rig.service.post(&format!("/desks/nobody/{secret}"), body.to_string()).await;
        assert_eq!(other.status(), 403);
        // What is believed and none of ours decides nothing.
        assert_eq!(rig.hook(&json!({ "event": "webwidget_triggered" }), &secret, SIGNING).await, 200);
        assert_eq!(rig.hook(&json!([]), &secret, SIGNING).await, 400);
        assert_eq!(rig.agent(601, "This is Ann.").await, 200);
        assert_eq!(rig.service.shown(PHONE, 3).await[2], "This is Ann.", "{kind}: only what was believed");
        rig.service.stop().await;
    }
}

/// Chatwoot has made the conversation, and we die before we hear of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_between_creating_and_knowing_makes_no_second_conversation() {
    let (desk, provider) = (fake("chatwoot", "EAAexampletoken"), FakeProvider::start());
    let folder = tempfile::tempdir().expect("a folder");
    let store = "kind = \"embedded\"\npath = \"data\"\nsend_lease = \"2500ms\"\nclaim_lease = \"1s\"";
    let more = desk_of("chatwoot", &desk.url, "TEST_META_ACCESS", "TEST_META_SECRET");
    project(folder.path(), &configuration(store, &provider.url, &more), &[("flows/refund.yaml", REFUND)]);
    desk.fails("POST /api/v1/accounts/1/conversations", Fault::DoneAndLost);
    let service = process::Service::start(folder.path());
    assert_eq!(service.sms("SM1", PHONE, "refund").await, 200);
    tokio::task::block_in_place(|| provider.wait(LONG, |sent| !sent.is_empty()));
    assert_eq!(service.sms("SM2", PHONE, "It was broken").await, 200);
    tokio::task::block_in_place(|| desk.wait(|talks| !talks.is_empty()));
    service.kill9();
    let service = process::Service::start(folder.path());
    assert_eq!(service.sms("SM3", PHONE, "Hello?").await, 200);
    let talks = tokio::task::block_in_place(|| desk.wait(|talks| said(&talks[0]).len() >= 2));
    assert_eq!((talks.len(), desk.people().len()), (1, 1), "it was found again");
    assert_eq!(said(&talks[0])[1], "customer: Hello?");
    assert!(!service.log().contains("7700900123") && !service.log().contains("EAAexampletoken"));
    service.kill9();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_desk_refuses_is_visible_and_can_be_done_again() {
    let rig = Rig::start("chatwoot").await;
    rig.desk.fails("POST /api/v1/accounts/1/conversations", Fault::Refused(422, None));
    rig.hand_over().await;
    let core = rig.service.core();
    let failed = async || replyflow::service::failed::list(core.store(), 10).await.expect("lists");
    until("something failed visibly", async || !failed().await.is_empty()).await;
    let list = failed().await;
    drop(core);
    assert_eq!((list[0].kind, list[0].about.as_str()), ("desk", "desk.open at support"));
    rig.service.stop().await;
}
