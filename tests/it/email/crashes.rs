//! Servers that go away, and a service that is killed with mails in the air.

use super::{ANN, Stage, shipped};
use crate::support::patience::LONG;
use crate::support::process::command;
use crate::support::smtp::SmtpServer;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_server_that_is_away_is_waited_for() {
    let mut server = SmtpServer::start();
    let stage = Stage::new(server.port, "");
    let service = stage.serve();
    shipped(&service, ANN).await;
    server.wait(|taken| taken.len() == 1).await;
    // The connection is still open on our side when the server dies.
    server.kill9();
    shipped(&service, "ben@example.com").await;
    stage.until("attempted", |event| event["outcome"] == "retry").await;
    server.restart();
    let taken = server.wait(|taken| taken.len() == 2).await;
    assert_eq!(taken[1].to, "ben@example.com");
}

/// Mails in the air at each death.
const PEOPLE: usize = 60;
const DEATHS: usize = 3;

#[tokio::test]
async fn a_kill_loses_nothing_and_repeats_nothing_that_may_have_arrived() {
    let server = SmtpServer::start();
    let stage = Stage::new(server.port, "");
    // What waits for a connection counts as begun: a rate that fits the server keeps that little.
    stage.slow_down("per_second = 40\nburst = 8");
    let mut service = stage.serve();
    for death in 0..DEATHS {
        let before = server.taken().len();
        for n in 0..PEOPLE {
            shipped(&service, &format!("slow-150@d{death}n{n}.example.com")).await;
        }
        server.wait(|taken| taken.len() > before + 5).await;
        service.kill9();
        service = stage.serve();
    }
    // Each arrived or failed visibly.
    let begun = Instant::now();
    let (taken, failed) = loop {
        let (taken, failed) = (server.taken(), failed(&stage));
        let names: std::collections::BTreeSet<String> = taken.iter().map(|mail| mail.name()).collect();
        let only_failed = failed.iter().filter(|name| !names.contains(*name)).count();
        if names.len() + only_failed == PEOPLE * DEATHS {
            break (taken, failed);
        }
        assert!(begun.elapsed() < LONG, "{} arrived, {only_failed} failed", names.len());
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for mail in &taken {
        *times.entry(mail.name()).or_default() += 1;
    }
    let twice: Vec<_> = times.iter().filter(|(_, n)| **n > 1).collect();
    assert!(twice.is_empty(), "this channel repeats nothing: {twice:?}");
    assert!(failed.len() < PEOPLE * DEATHS / 2, "{} failed", failed.len());
    assert!(service.stop(), "a clean stop");
}

/// What failed visibly, by the names that the mails have.
fn failed(stage: &Stage) -> Vec<String> {
    use replyflow::domain::id::{ContactKey, EffectId, SendRef};
    use replyflow::domain::mail::MailRef;
    let list: Value = serde_json::from_str(&command(stage.folder.path(), &["failed", "list", "--format", "json"])).expect("JSON");
    let journal = stage.journal();
    let mail = |line: &Value| {
        let (effect, contact) = line["id"].as_str().and_then(|id| id.split_once('.')).expect("an id");
        let sent = journal.iter().find(|(name, event)| name == "sent" && event["effect"] == effect);
        let to = sent.and_then(|(_, event)| event["to"]["email"].as_str()).unwrap_or_default().to_owned();
        let send = SendRef {
            contact: ContactKey::parse(contact).expect("a contact"),
            effect: EffectId::parse(effect).expect("an effect"),
        };
        MailRef::new(send, &to).to_string()
    };
    list["failed"].as_array().expect("a list").iter().map(mail).collect()
}
