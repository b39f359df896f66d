//! A channel that is down for longer than a notification waits: the next one carries it at once, and nothing follows.

use super::rig::{Backend, Rig, answer, json};
use super::{ANN, on_every_store};
use crate::support::live::SIMULATED;
use replyflow::domain::journal::{AttemptOutcome, Event};
use replyflow::domain::message::FailureReason;
use replyflow::domain::name::{EventName, Slug};
use replyflow::domain::time::Span;
use replyflow::domain::value::Value;
use replyflow::engine;
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::parse_context;
use replyflow::flow::version::{SourceFile, assemble};
use replyflow::service::{NewEvent, failed};
use serde_json::json;
use std::collections::BTreeMap;

on_every_store!(a_fallback_leaves_at_once_although_the_first_channel_is_down, a_question_that_is_given_up_never_leaves);

const PAID: &str = "\
flow: paid
languages: [en]
start: [ { event: order.paid, contact: '{{ event.phone }}' } ]
begin: a
states:
  a: { notify: note, end: done }
";
const ASKED: &str = "\
flow: paid
languages: [en]
start: [ { event: order.paid, contact: '{{ event.phone }}' } ]
begin: a
states:
  a:
    ask: { notify: note }
    answer: yes_no
    go: { yes: { end: yes }, no: { end: no }, nomatch: { end: no }, silence: { after: 1h, end: silent }, undelivered: { end: lost } }
";
const NOTE: &str = "\
notification: note
route: ROUTE
until: delivered
within: 2m
text: It is paid.
whatsapp: { approved: { name: paid, languages: { en: en } } }
";

async fn rig(backend: Backend, flow: &str, route: &str) -> Rig {
    let note = SourceFile { file: "note.yaml".to_owned(), text: NOTE.replace("ROUTE", route) };
    let notifications = BTreeMap::from([(Slug::parse("note").expect("a slug"), note)]);
    let source = SourceFile { file: "paid.yaml".to_owned(), text: flow.to_owned() };
    let project = crate::support::project::of(SIMULATED);
    let assembled = assemble(&source, &notifications, &BTreeMap::new(), &parse_context(&project));
    let flow = assembled.flow.unwrap_or_else(|| panic!("{:#?}", assembled.diagnostics));
    let version = flow.version;
    let rig = Rig::with(backend, engine::turn, |plan| {
        plan.toml = SIMULATED.to_owned();
        plan.catalog = Catalog::new([flow], &[version]);
    })
    .await;
    // WhatsApp is down for a long time.
    for _ in 0..500 {
        rig.script(|call| match json(call)["channel"].as_str() {
            Some("main-whatsapp") => answer(503, "down"),
            _ => answer(200, "{\"id\":\"p1\"}"),
        });
    }
    let event = NewEvent {
        name: EventName::parse("order.paid").expect("a name"),
        contact: None,
        data: Value::from_json(json!({ "phone": ANN })),
        id: Some("1".to_owned()),
        callback: None,
        mode: replyflow::domain::mode::Mode::Live,
    };
    rig.core.receive_event(event).await.expect("accepted");
    rig.quiet().await;
    rig
}

/// The channels of the requests that the provider took.
fn over(rig: &Rig) -> Vec<String> {
    let calls = rig.network.calls.lock().expect("not poisoned");
    calls.iter().map(|call| json(call)["channel"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn minutes(rig: &Rig, n: i64) {
    for _ in 0..n * 12 {
        rig.pass(Span::seconds(5));
        rig.quiet().await;
    }
}

async fn a_fallback_leaves_at_once_although_the_first_channel_is_down(backend: Backend) {
    let rig = rig(backend, PAID, "[whatsapp, sms]").await;
    minutes(&rig, 1).await;
    assert!(over(&rig).iter().all(|channel| channel == "main-whatsapp"));
    minutes(&rig, 1).await;
    rig.pass(Span::seconds(1));
    rig.quiet().await;
    let tried = over(&rig);
    assert_eq!(tried.last().map(String::as_str), Some("main-sms"), "{tried:?}");
    minutes(&rig, 30).await;
    assert_eq!(over(&rig), tried, "what was given up is not tried again");
    let journal = rig.journal(rig.key(ANN)).await;
    let superseded = AttemptOutcome::Failed { reason: FailureReason::Superseded };
    let given_up = journal.iter().filter(|e| matches!(e, Event::Attempted { outcome, .. } if *outcome == superseded)).count();
    assert_eq!(given_up, 1, "and the journal says so");
    assert!(rig.is_at_rest(rig.key(ANN)).await);
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
}

async fn a_question_that_is_given_up_never_leaves(backend: Backend) {
    let rig = rig(backend, ASKED, "[whatsapp]").await;
    minutes(&rig, 2).await;
    rig.pass(Span::seconds(1));
    rig.quiet().await;
    let ended = |events: Vec<Event>| events.into_iter().any(|e| matches!(e, Event::RunEnded { end, .. } if end == "lost"));
    assert!(ended(rig.journal(rig.key(ANN)).await), "it is undelivered");
    let tried = over(&rig).len();
    // The provider is back.
    rig.network.script.lock().expect("not poisoned").clear();
    minutes(&rig, 20).await;
    assert_eq!(over(&rig).len(), tried, "nobody is asked what nobody waits for");
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}
