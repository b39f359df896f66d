//! A mailbox that is full: whoever was not told that it is stored may send it again, and then it is stored.

use super::collecting::compiled;
use super::echo::echo;
use super::rig::{Backend, Rig, message};
use super::{ANN, BEN, on_every_store};
use crate::support::asked::Asked;
use crate::support::live::SIMULATED;
use replyflow::config::channel::{ProviderSettings, SimulatorSettings};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::input::OperatorAction;
use replyflow::domain::limits::{MAILBOX, MAILBOX_HEADROOM};
use replyflow::domain::message::Inbound;
use replyflow::domain::name::{ChannelName, EventName};
use replyflow::domain::time::Span;
use replyflow::domain::value::Value;
use replyflow::engine;
use replyflow::provider::{self, Adapter, Decoded};
use replyflow::service::{EventRefused, NewEvent, NewWebhook, Received, failed};
use replyflow::store::StoreError;
use serde_json::json;

on_every_store!(
    an_event_that_overflows_is_refused_and_stored_when_it_comes_again,
    a_call_of_a_webhook_that_overflows_is_refused_and_stored_when_it_comes_again,
    what_an_operator_does_is_refused_and_done_when_it_comes_again,
    a_flows_own_event_waits_until_there_is_room,
    what_comes_after_a_refused_event_does_not_overtake_it,
    what_could_only_wait_is_refused_until_there_is_time_again,
    what_is_refused_of_a_webhook_holds_up_nothing_beside_it,
    a_contact_that_nobody_can_work_on_closes_no_door,
);

const CAT: &str = "+447700900103";
const DAN: &str = "+447700900104";

const FLOWS: [&str; 2] = [
    "\
flow: told
needs: { n: text }
start:
  - event: ping
    contact: '{{ event.phone }}'
    key: '{{ event.n }}'
    with: { n: '{{ event.n }}' }
  - webhook: ping
    contact: '{{ event.phone }}'
    with: { n: '{{ event.n }}' }
begin: told
states:
  told: { say: 'ping {{ n }}', end: told }
",
    "\
flow: teller
needs: { friend: phone }
start:
  - event: tell
    contact: '{{ event.phone }}'
    with: { friend: '{{ event.friend }}' }
begin: told
states:
  told:
    emit: { event: ping, data: { phone: '{{ friend }}', n: told }, contact: '{{ friend }}' }
    end: told
",
];

async fn rig(backend: Backend) -> Rig {
    Rig::with(backend, engine::turn, |plan| {
        plan.toml = SIMULATED.to_owned();
        plan.catalog = compiled(&crate::support::project::of(SIMULATED), &FLOWS);
    })
    .await
}

fn ping(phone: &str, n: &str) -> NewEvent {
    NewEvent {
        name: EventName::parse("ping").expect("a name"),
        contact: None,
        data: Value::from_json(json!({ "phone": phone, "n": n })),
        id: Some(n.to_owned()),
        callback: None,
        mode: replyflow::domain::mode::Mode::Live,
    }
}

/// As many events as a mailbox holds, none of them worked on.
async fn fill(rig: &Rig, phone: &str) {
    for n in 0..MAILBOX {
        let received = rig.core.receive_event(ping(phone, &n.to_string())).await.expect("stored");
        assert!(matches!(received[..], [Received::Begun | Received::Queued]), "{received:?}");
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, EventRefused>) {
    assert!(matches!(result, Err(EventRefused::Store(StoreError::Full(_)))), "{result:?}");
}

fn heard(rig: &Rig, text: &str) -> usize {
    rig.texts().iter().filter(|said| *said == text).count()
}

async fn an_event_that_overflows_is_refused_and_stored_when_it_comes_again(backend: Backend) {
    let rig = rig(backend).await;
    fill(&rig, ANN).await;
    for _ in 0..3 {
        refused(rig.core.receive_event(ping(ANN, "late")).await);
    }
    let known = rig.core.receive_event(ping(ANN, "0")).await.expect("known");
    assert_eq!(known, [Received::Duplicate], "what is stored stays known");
    rig.quiet().await;
    assert_eq!(rig.texts().len(), MAILBOX);
    let again = rig.core.receive_event(ping(ANN, "late")).await.expect("stored");
    assert_eq!(again, [Received::Begun]);
    assert_eq!(rig.core.receive_event(ping(ANN, "late")).await.expect("known"), [Received::Duplicate]);
    rig.quiet().await;
    assert_eq!(heard(&rig, "ping late"), 1);
}

async fn a_call_of_a_webhook_that_overflows_is_refused_and_stored_when_it_comes_again(backend: Backend) {
    let rig = rig(backend).await;
    fill(&rig, ANN).await;
    let call = NewWebhook {
        flow: "told".to_owned(),
        name: "ping".to_owned(),
        data: Value::from_json(json!({ "phone": ANN, "n": "called" })),
        id: Some("delivery-1".to_owned()),
        mode: replyflow::domain::mode::Mode::Live,
    };
    refused(rig.core.receive_webhook(call.clone()).await);
    rig.quiet().await;
    assert_eq!(rig.core.receive_webhook(call.clone()).await.expect("stored"), [Received::Begun]);
    assert_eq!(rig.core.receive_webhook(call).await.expect("known"), [Received::Duplicate]);
    rig.quiet().await;
    assert_eq!(heard(&rig, "ping called"), 1);
}

async fn what_an_operator_does_is_refused_and_done_when_it_comes_again(backend: Backend) {
    let rig = rig(backend).await;
    fill(&rig, ANN).await;
    let contact = rig.key(ANN);
    for n in 0..MAILBOX_HEADROOM {
        rig.core.operate(contact, OperatorAction::EndRuns, &n.to_string()).await.expect("has room of its own");
    }
    let act = async || rig.core.operate(contact, OperatorAction::EndRuns, "again").await;
    for _ in 0..2 {
        let refused = act().await;
        assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    }
    rig.quiet().await;
    assert_eq!(act().await, Ok(Received::Begun), "not a duplicate of what was refused");
}

async fn a_flows_own_event_waits_until_there_is_room(backend: Backend) {
    let rig = rig(backend).await;
    fill(&rig, BEN).await;
    // Whoever has Ben's mailbox stands still.
    let held = rig.tasks.hold();
    let tell = NewEvent {
        name: EventName::parse("tell").expect("a name"),
        data: Value::from_json(json!({ "phone": ANN, "friend": BEN })),
        ..ping(ANN, "tell")
    };
    rig.core.receive_event(tell).await.expect("stored");
    rig.quiet().await;
    assert!(failed::list(&*rig.store, 10).await.expect("lists").is_empty());
    rig.tasks.put_back(held);
    rig.quiet().await;
    assert_eq!((rig.texts().len(), heard(&rig, "ping told")), (MAILBOX, 0));
    rig.pass(replyflow::domain::time::Span::seconds(3));
    rig.quiet().await;
    assert_eq!(heard(&rig, "ping told"), 1);
}

async fn what_comes_after_a_refused_event_does_not_overtake_it(backend: Backend) {
    let rig = rig(backend).await;
    let all: Vec<NewEvent> = (0..MAILBOX + 20).map(|n| ping(ANN, &n.to_string())).collect();
    let results = rig.core.receive_events(all.clone()).await;
    assert!(results[..MAILBOX].iter().all(Result::is_ok));
    assert!(results[MAILBOX..].iter().all(|result| matches!(result, Err(EventRefused::Store(_)))));
    rig.quiet().await;
    let results = rig.core.receive_events(all).await;
    assert!(results.iter().all(Result::is_ok), "the whole list again stores what is missing");
    rig.quiet().await;
    let expected: Vec<String> = (0..MAILBOX + 20).map(|n| format!("ping {n}")).collect();
    assert_eq!(rig.texts(), expected);
}

/// An instance that works on one contact at a time. The provider of its `main-sms` brings again what was refused, the other does not.
async fn narrow(backend: Backend) -> Rig {
    let simulator = SimulatorSettings { base_url: "http://simulator.test".to_owned() };
    let inner = Adapter::new(&ProviderSettings::Simulator(simulator));
    let again = Adapter::from(Asked { inner, at: None, keys: false });
    Rig::with(backend, echo, |plan| {
        plan.settings.contacts_in_flight = 1;
        plan.arrange = Box::new(move |channels| channels["main-sms"].adapter = again);
    })
    .await
}

fn whatsapp(from: &str, id: &str, text: &str) -> Inbound {
    let channel = ChannelName::parse("main-whatsapp").expect("a name");
    Inbound { channel, kind: ChannelKind::WhatsApp, ..message(from, id, text) }
}

async fn what_could_only_wait_is_refused_until_there_is_time_again(backend: Backend) {
    let rig = narrow(backend).await;
    assert_eq!(rig.deliver(ANN, "1", "hi").await, Received::Begun);
    assert_eq!(rig.deliver(BEN, "2", "ho").await, Received::Queued, "all hands are full");
    rig.core.tick().await.expect("looks");
    assert_eq!(rig.deliver(CAT, "3", "hu").await, Received::Queued, "nobody has waited for long");
    rig.pass(Span::seconds(6));
    rig.core.tick().await.expect("looks");
    let refused = rig.core.receive_message(message(CAT, "4", "hm")).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let stopped = rig.core.receive_message(message(DAN, "5", "STOP")).await;
    assert!(stopped.is_ok(), "STOP is taken however much waits: {stopped:?}");
    let only_once = rig.core.receive_message(whatsapp(DAN, "6", "he")).await;
    assert_eq!(only_once, Ok(Received::Queued), "what its provider would not bring again is stored");
    rig.quiet().await;
    assert_eq!(rig.deliver(CAT, "4", "hm").await, Received::Begun, "what was refused comes again and is new");
    rig.quiet().await;
    let mut texts = rig.texts();
    texts.sort();
    texts.retain(|text| !text.contains("STOP"));
    assert_eq!(texts, ["echo he", "echo hi", "echo hm", "echo ho", "echo hu"]);
}

async fn what_is_refused_of_a_webhook_holds_up_nothing_beside_it(backend: Backend) {
    let rig = narrow(backend).await;
    rig.deliver(ANN, "1", "hi").await;
    rig.deliver(BEN, "2", "ho").await;
    rig.pass(Span::seconds(6));
    rig.core.tick().await.expect("looks");
    let said = |message: Inbound| {
        let to = message.channel.to_string();
        Decoded::Message(Box::new(provider::Received { message, to, segments: None, part: None, error: None }))
    };
    let batch = vec![
        said(message(CAT, "3", "hu")),
        said(message(CAT, "4", "STOP")),
        said(whatsapp(DAN, "5", "he")),
        said(whatsapp(CAT, "6", "later")),
    ];
    let refused = rig.core.receive(batch.clone()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    rig.quiet().await;
    let again = rig.core.receive(batch).await.expect("there is time");
    let known: Vec<bool> = again.iter().map(|received| *received == Received::Duplicate).collect();
    assert_eq!(known, [false, true, true, false], "nothing of a contact overtakes what was refused, but STOP: {again:?}");
}

async fn a_contact_that_nobody_can_work_on_closes_no_door(backend: Backend) {
    let rig = narrow(backend).await;
    rig.deliver(ANN, "1", "hi").await;
    rig.tasks.die();
    rig.pass(Span::minutes(10));
    // It is overdue at the look, and its turn dies again.
    rig.core.tick().await.expect("looks");
    rig.tasks.die();
    assert_eq!(rig.deliver(BEN, "2", "ho").await, Received::Begun);
}
