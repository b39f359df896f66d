//! No person and no secret in a log, whatever happens and however much is logged.

use super::echo::echo;
use super::passing::{failure, report};
use super::rig::{Backend, Rig, answer};
use super::{ANN, on_every_store};
use replyflow::domain::message::{DeliveryStatus, FailureReason};
use replyflow::service::ports::HttpFailure;
use std::io;
use std::sync::{Arc, Mutex};

on_every_store!(nothing_that_names_a_person_is_logged, what_only_an_operator_can_mend_is_told);

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn nothing_that_names_a_person_is_logged(backend: Backend) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let toml = "[api.shop]\nbase_url = \"https://shop.example\"\npaths = [\"/orders\"]\nbearer = { env = \"KEY\" }\n";
    let rig = Rig::with(backend, echo, |plan| {
        plan.toml = toml.to_owned();
        plan.secrets.insert("KEY".to_owned(), "hunter2hunter2hunter2".to_owned());
    })
    .await;
    rig.script(|_| answer(400, &format!(r#"{{"error":{{"code":"21610","reason":"opted_out","text":"{ANN} opted out"}}}}"#)));
    rig.script(|_| Err(HttpFailure::Lost));
    rig.script(|_| answer(401, &format!(r#"{{"error":{{"code":"20003","text":"{ANN} who?"}}}}"#)));
    for (id, text) in
        [("1", "sesame"), ("2", "sesame|sesame"), ("3", "panic"), ("4", "call /secret/sesame"), ("5", "call /orders/sesame")]
    {
        rig.say(ANN, id, text).await;
        rig.quiet().await;
    }
    for n in 0..150 {
        rig.deliver(ANN, &format!("flood-{n}"), "sesame").await;
    }
    rig.tasks.die();
    rig.pass(replyflow::domain::time::Span::seconds(61));
    rig.quiet().await;
    let said = String::from_utf8_lossy(&log.0.lock().expect("not poisoned")).into_owned();
    assert!(said.contains("a message failed") && said.contains("is not allowed"), "it is logged at all: {said}");
    for secret in [ANN, &ANN[1..], "sesame", "hunter2", "who?"] {
        let line = said.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "`{secret}` is in the log");
    }
}

async fn what_only_an_operator_can_mend_is_told(backend: Backend) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_ansi(false).with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let rig = Rig::new(backend, echo).await;
    let told = || String::from_utf8_lossy(&log.0.lock().expect("not poisoned")).matches("an operator must act").count();
    // Of this message alone, by its report, of this message alone by the answer, of every message by the answer.
    for (reason, times) in [(FailureReason::Blocked, 0), (FailureReason::Balance, 1), (FailureReason::Configuration, 2)] {
        rig.core.receive_report(report(None, DeliveryStatus::Failed, failure(reason, None))).await.expect("noted");
        assert_eq!(told(), times, "{reason:?}");
    }
    rig.script(|_| answer(400, r#"{"error":{"code":"1","reason":"balance","text":"x"}}"#));
    rig.script(|_| answer(401, r#"{"error":{"code":"2","text":"x"}}"#));
    for (id, times) in [("1", 3), ("2", 4)] {
        rig.say(ANN, id, "hi").await;
        rig.quiet().await;
        assert_eq!(told(), times);
    }
}
