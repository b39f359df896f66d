//! Events that are collected, whatever happens to the instance that collects them.

use super::lost::losing_under;
use super::rig::{Backend, Rig};
use super::{ANN, on_every_store};
use crate::support::live::SIMULATED;
use replyflow::config::project::Project;
use replyflow::domain::name::EventName;
use replyflow::domain::time::Span;
use replyflow::domain::value::Value;
use replyflow::engine;
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::parse_context;
use replyflow::flow::version::{SourceFile, assemble};
use replyflow::service::{NewEvent, Received};
use serde_json::json;
use std::collections::BTreeMap;

on_every_store!(
    an_instance_that_dies_in_the_window_loses_no_event,
    an_instance_that_dies_when_the_window_ends_sends_once,
    an_event_that_comes_twice_counts_once,
    events_of_one_millisecond_are_all_there,
    a_lost_answer_to_a_commit_collects_and_sends_once,
);

const TRADES: &str = "\
flow: trades
start: [ { event: trade.done, contact: '{{ event.phone }}', key: '{{ event.account }}' } ]
begin: collect
states:
  collect: { digest: { event: trade.done, for: 1h, max: 50 }, save: batch, go: tell }
  tell: { say: '{{ len(batch) }} trades, {{ batch.amount | sum }}', end: told }
";

/// The flow, compiled.
pub fn catalog(project: &Project) -> Catalog {
    compiled(project, &[TRADES])
}

/// Flows, compiled.
pub fn compiled(project: &Project, flows: &[&str]) -> Catalog {
    let flow = |text: &&str| {
        let name = text.lines().find_map(|line| line.strip_prefix("flow: ")).expect("a name");
        let source = SourceFile { file: format!("{name}.yaml"), text: (*text).to_owned() };
        let assembled = assemble(&source, &BTreeMap::new(), &BTreeMap::new(), &parse_context(project));
        assembled.flow.unwrap_or_else(|| panic!("{:#?}", assembled.diagnostics))
    };
    let all: Vec<_> = flows.iter().map(flow).collect();
    let versions: Vec<_> = all.iter().map(|flow| flow.version).collect();
    Catalog::new(all, &versions)
}

async fn rig(backend: Backend) -> Rig {
    Rig::with(backend, engine::turn, |plan| {
        plan.toml = SIMULATED.to_owned();
        plan.catalog = catalog(&crate::support::project::of(SIMULATED));
    })
    .await
}

/// An event of a trade.
pub fn trade(id: &str, amount: u32) -> NewEvent {
    NewEvent {
        name: EventName::parse("trade.done").expect("a name"),
        contact: None,
        data: Value::from_json(json!({ "phone": ANN, "account": "A", "amount": amount })),
        id: Some(id.to_owned()),
        callback: None,
        mode: replyflow::domain::mode::Mode::Live,
    }
}

async fn an_instance_that_dies_in_the_window_loses_no_event(backend: Backend) {
    let rig = rig(backend).await;
    rig.core.receive_event(trade("1", 10)).await.expect("accepted");
    rig.quiet().await;
    rig.pass(Span::minutes(30));
    // Accepted and never worked on; then a while in which nobody is there, until long after the window.
    rig.core.receive_event(trade("2", 20)).await.expect("accepted");
    assert_eq!(rig.tasks.die(), 1);
    rig.pass(Span::hours(3));
    rig.quiet().await;
    assert!(rig.texts().is_empty(), "first what was accepted in the window, then its end");
    rig.pass(Span::millis(1));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["2 trades, 30"]);
    rig.pass(Span::hours(3));
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 1, "once");
}

async fn an_instance_that_dies_when_the_window_ends_sends_once(backend: Backend) {
    let rig = rig(backend).await;
    rig.core.receive_event(trade("1", 10)).await.expect("accepted");
    rig.quiet().await;
    rig.pass(Span::minutes(61));
    // The alarm's turn is taken up and never ends.
    rig.core.tick().await.expect("looks");
    assert!(rig.tasks.die() >= 1);
    rig.pass(Span::seconds(6));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["1 trades, 10"]);
    rig.pass(Span::hours(3));
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 1, "once");
}

async fn an_event_that_comes_twice_counts_once(backend: Backend) {
    let rig = rig(backend).await;
    for _ in 0..2 {
        rig.core.receive_event(trade("1", 10)).await.expect("accepted");
        rig.quiet().await;
    }
    rig.core.receive_event(trade("2", 5)).await.expect("accepted");
    let again = rig.core.receive_event(trade("2", 5)).await.expect("accepted");
    assert_eq!(again, [Received::Duplicate]);
    rig.quiet().await;
    rig.pass(Span::hours(1));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["2 trades, 15"]);
}

async fn events_of_one_millisecond_are_all_there(backend: Backend) {
    let rig = rig(backend).await;
    let other = rig.another().await;
    for n in 0..5 {
        let core = if n % 2 == 0 { &rig.core } else { &other };
        core.receive_event(trade(&n.to_string(), 1)).await.expect("accepted");
    }
    rig.quiet().await;
    rig.pass(Span::hours(1));
    rig.quiet().await;
    assert_eq!(rig.texts(), ["5 trades, 5"]);
}

/// The commit went through and its answer did not arrive: when an event is collected, and when the window ends.
async fn a_lost_answer_to_a_commit_collects_and_sends_once(backend: Backend) {
    let (rig, store) = losing_under(backend, engine::turn, |plan| {
        plan.toml = SIMULATED.to_owned();
        plan.catalog = catalog(&crate::support::project::of(SIMULATED));
    })
    .await;
    for (id, amount) in [("1", 10), ("2", 20), ("3", 5)] {
        store.lose(&["commit"]);
        rig.core.receive_event(trade(id, amount)).await.expect("accepted");
        rig.quiet().await;
    }
    assert!(rig.texts().is_empty());
    rig.pass(Span::hours(1));
    store.lose(&["commit"]);
    rig.quiet().await;
    assert_eq!(rig.texts(), ["3 trades, 35"], "each is there once, and the message leaves at once");
    rig.pass(Span::hours(3));
    rig.quiet().await;
    assert_eq!(rig.texts().len(), 1);
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}
