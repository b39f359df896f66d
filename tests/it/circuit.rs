//! The circuit of an api, over a real peer: down, slow, nonsense, huge and redirecting.

use crate::support::fake_provider::FakeProvider;
use crate::support::patience::LONG;
use crate::support::process::{Service, configuration, project};
use crate::support::receiver::{Answer, Receiver};
use std::time::{Duration, Instant};

const ASKS: &str = r#"
flow: asks
languages: [en]
start:
  - message: any
begin: ask
states:
  ask:
    call: { api: shop, get: /status, timeout: 3s, retry: 0 }
    save: status
    go:
      ok: { say: The shop is open., end: up }
      failed: { say: The shop does not answer., end: down }
"#;
const DOWN: &str = "The shop does not answer.";
const UP: &str = "The shop is open.";

struct Stage {
    _folder: tempfile::TempDir,
    provider: FakeProvider,
    shop: Receiver,
    service: Service,
    asked: std::cell::Cell<usize>,
}

impl Stage {
    fn new() -> Self {
        let (folder, provider, shop) = (tempfile::tempdir().expect("a folder"), FakeProvider::start(), Receiver::start());
        let more =
            format!("[api.shop]\nbase_url = \"{}\"\nallow_private = true\ncircuit_after = 3\ncircuit_pause = \"4s\"\n", shop.url);
        let store = "kind = \"embedded\"\npath = \"data\"\nhistory = \"history.db\"";
        project(folder.path(), &configuration(store, &provider.url, &more), &[("flows/asks.yaml", ASKS)]);
        let service = Service::start(folder.path());
        Stage { _folder: folder, provider, shop, service, asked: std::cell::Cell::new(0) }
    }

    /// Somebody new asks; what they are told.
    async fn ask(&self) -> String {
        let n = self.asked.get();
        self.asked.set(n + 1);
        assert_eq!(self.service.sms(&format!("SM{n}"), &format!("+4474001{n:05}"), "?").await, 200);
        self.provider.wait(LONG, |sent| sent.len() > n)[n].text.clone()
    }

    async fn broken(&self) -> bool {
        self.service.get("/health/ready").await.1.contains(r#""apis_broken":["shop"]"#)
    }
}

#[tokio::test]
async fn an_api_that_is_down_is_left_alone_for_a_while_and_then_asked_once() {
    let stage = Stage::new();
    stage.shop.answers("/status", Answer::Status(503));
    let mut opened = Instant::now();
    for _ in 0..3 {
        opened = Instant::now();
        assert_eq!(stage.ask().await, DOWN);
    }
    assert!(stage.broken().await);
    assert!(stage.service.get("/metrics").await.1.contains("replyflow_circuit_open{api=\"shop\"} 1"));
    let mut calls = stage.shop.came("/status").len();
    assert_eq!(calls, 3);
    let end = Instant::now() + LONG;
    loop {
        let begun = Instant::now();
        assert_eq!(stage.ask().await, DOWN);
        let came = stage.shop.came("/status").len();
        if opened.elapsed() < Duration::from_secs(3) {
            assert_eq!(came, calls, "answered without a call");
            break;
        }
        // This machine was too slow: the pause may have been over, and the call that was made has begun another.
        if came > calls {
            (opened, calls) = (begun, came);
        }
        assert!(Instant::now() < end, "never within the pause");
    }
    stage.shop.answers("/status", Answer::Status(200));
    let end = Instant::now() + LONG;
    while stage.ask().await != UP {
        assert!(Instant::now() < end, "it is asked again after the pause");
    }
    assert_eq!(stage.shop.came("/status").len(), calls + 1, "by one call, which found it well");
    assert_eq!(stage.ask().await, UP);
    assert!(!stage.broken().await);
}

#[tokio::test]
async fn what_answers_is_not_broken_however_odd_it_is() {
    let stage = Stage::new();
    for (answer, told) in [
        (Answer::Nonsense, UP),
        (Answer::Huge, DOWN),
        (Answer::Redirect(format!("{}/elsewhere", stage.shop.url)), DOWN),
        (Answer::Status(404), DOWN),
        (Answer::Status(429), DOWN),
    ] {
        stage.shop.answers("/status", answer.clone());
        assert_eq!(stage.ask().await, told, "{answer:?}");
        assert!(!stage.broken().await, "{answer:?}");
    }
    assert!(stage.shop.came("/elsewhere").is_empty(), "a redirect is not followed");
    stage.shop.answers("/status", Answer::Silence);
    for _ in 0..3 {
        assert_eq!(stage.ask().await, DOWN);
    }
    assert!(stage.broken().await, "silence is a failure");
}
