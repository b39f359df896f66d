//! The sample flows with the real engine, from the decoded webhook to the request that leaves.

use super::rig::{Backend, Rig, answer, message};
use super::{ANN, on_every_store};
use replyflow::domain::journal::Event;
use replyflow::domain::name::EventName;
use replyflow::domain::time::Span;
use replyflow::domain::value::Value;
use replyflow::engine;
use replyflow::service::ports::HttpFailure;
use replyflow::service::{NewEvent, failed};
use serde_json::json;

on_every_store!(
    a_conversation_goes_through_its_flow_and_over_a_restart,
    a_payment_that_failed_is_turned_into_cash_on_delivery,
    stop_passes_a_pending_call_and_nothing_leaves_after_it,
    a_question_that_cannot_be_delivered_leads_where_the_flow_says,
    a_question_without_an_answer_ends_in_time,
    two_messages_at_once_are_two_answers_in_order,
);

async fn samples(backend: Backend) -> Rig {
    Rig::with(backend, engine::turn, |plan| plan.samples = true).await
}

/// What a person got, without the requests to other systems.
fn heard(rig: &Rig) -> Vec<String> {
    rig.texts()
}

async fn a_conversation_goes_through_its_flow_and_over_a_restart(backend: Backend) {
    let rig = samples(backend).await;
    rig.say(ANN, "1", "hi").await;
    assert_eq!(heard(&rig).len(), 1);
    assert!(heard(&rig)[0].starts_with("Hello! What can we do for you?\n1 Opening hours"), "{:?}", heard(&rig));
    rig.say(ANN, "1", "hi").await;
    rig.say(ANN, "2", "1").await;
    rig.quiet().await;
    let texts = heard(&rig);
    assert!(
        texts.iter().any(|t| t.contains("Monday to Friday")) && texts.last().is_some_and(|t| t.starts_with("Anything else?")),
        "{texts:?}"
    );
    // The process is replaced; the new one knows no flow, the run's version is in the store.
    let fresh = rig.another_without_flows().await;
    fresh.receive_message(message(ANN, "3", "no")).await.expect("accepted");
    rig.quiet().await;
    assert_eq!(heard(&rig).last().map(String::as_str), Some("Goodbye!"));
    let journal = rig.journal(rig.key(ANN)).await;
    assert!(journal.iter().any(|e| matches!(e, Event::RunEnded { end, .. } if end == "done")), "{journal:?}");
    assert!(rig.is_at_rest(rig.key(ANN)).await);
}

fn payment(name: &str) -> NewEvent {
    NewEvent {
        name: EventName::parse(name).expect("a name"),
        contact: None,
        data: Value::from_json(json!({"order_id": "A1", "amount": 499, "customer": {"id": "C1", "phone": ANN}})),
        id: Some(format!("{name}-A1")),
        callback: None,
        mode: replyflow::domain::mode::Mode::Live,
    }
}

async fn a_payment_that_failed_is_turned_into_cash_on_delivery(backend: Backend) {
    let rig = samples(backend).await;
    rig.script(|call| {
        assert_eq!((call.method, call.url.as_str()), ("GET", "http://127.0.0.1:9090/customers/C1"));
        answer(200, r#"{"type":"power"}"#)
    });
    rig.script(|call| {
        assert_eq!((call.method, call.url.as_str()), ("PUT", "http://127.0.0.1:9090/orders/A1"));
        assert_eq!(super::rig::json(call), json!({"payment": "cod"}));
        answer(204, "")
    });
    for _ in 0..2 {
        rig.core.receive_event(payment("payment.failed")).await.expect("stored");
        rig.quiet().await;
    }
    let texts = heard(&rig);
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("A1"), "{texts:?}");
}

async fn stop_passes_a_pending_call_and_nothing_leaves_after_it(backend: Backend) {
    let rig = samples(backend).await;
    rig.script(|_| answer(503, ""));
    rig.core.receive_event(payment("payment.failed")).await.expect("stored");
    rig.quiet().await;
    // The call waits for its second try.
    rig.say(ANN, "1", "STOP").await;
    rig.quiet().await;
    let texts = heard(&rig);
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("no more messages"), "{texts:?}");
    for _ in 0..5 {
        rig.pass(Span::seconds(60));
        rig.quiet().await;
    }
    rig.say(ANN, "2", "hi").await;
    rig.quiet().await;
    assert_eq!(heard(&rig), texts, "nothing leaves any more");
    rig.say(ANN, "3", "START").await;
    rig.quiet().await;
    assert!(heard(&rig).len() > 1, "until the person wants it again");
}

async fn a_question_that_cannot_be_delivered_leads_where_the_flow_says(backend: Backend) {
    let rig = samples(backend).await;
    rig.script(|_| answer(400, r#"{"error":{"reason":"blocked"}}"#));
    rig.say(ANN, "1", "hi").await;
    rig.quiet().await;
    let journal = rig.journal(rig.key(ANN)).await;
    assert!(journal.iter().any(|e| matches!(e, Event::RunEnded { end, .. } if end == "undelivered")), "{journal:?}");
    assert_eq!(failed::list(&*rig.store, 10).await.expect("lists").len(), 1);
}

async fn a_question_without_an_answer_ends_in_time(backend: Backend) {
    let rig = samples(backend).await;
    rig.script(|_| Err(HttpFailure::Refused));
    rig.say(ANN, "1", "hi").await;
    for _ in 0..4 {
        rig.pass(Span::minutes(10));
        rig.quiet().await;
    }
    let journal = rig.journal(rig.key(ANN)).await;
    assert!(journal.iter().any(|e| matches!(e, Event::RunEnded { end, .. } if end == "silent")), "{journal:?}");
}

async fn two_messages_at_once_are_two_answers_in_order(backend: Backend) {
    let rig = samples(backend).await;
    for n in 0..10 {
        let person = format!("+44770090040{n}");
        rig.deliver(&person, "1", "hi").await;
        rig.deliver(&person, "2", "2").await;
    }
    rig.quiet().await;
    let texts = heard(&rig);
    assert_eq!(texts.len(), 20, "{texts:?}");
    assert_eq!(texts.iter().filter(|t| t.contains("order's number")).count(), 10);
    assert!(failed::list(&*rig.store, 100).await.expect("lists").is_empty());
}
