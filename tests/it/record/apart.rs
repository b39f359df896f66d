//! Live and test beside each other in tables.

use super::entries::*;
use super::{Ground, on_both};
use replyflow::domain::journal::{AttemptOutcome, Decision, Event};
use replyflow::domain::message::DeliveryStatus;
use replyflow::domain::profile::Profile;
use replyflow::domain::time::Millis;
use replyflow::domain::tried::{Tried, TriedKind};

on_both!(one_number_is_one_contact_live_and_another_in_test);

const NOW: Millis = Millis(START + 1_000_000);

async fn one_number_is_one_contact_live_and_another_in_test(ground: Ground) {
    let (mut journal, ann, tried) = (Journal::default(), contact("ann"), contact("tried"));
    journal.at(
        0,
        ann,
        vec![received(1, "hi", Decision::Start), started(7, "shop"), sent(1, Some(7), "Hello"), told(profile(&[]))],
    );
    let request = Tried::request(
        effect(2),
        TriedKind::Message,
        ("POST", "https://api.example/send"),
        [("Content-Type", "application/json")],
        b"{}",
        &[],
    );
    let test = Profile { test: true, ..profile(&[]) };
    journal.in_test(
        1,
        tried,
        vec![received(2, "hi", Decision::Start), started(8, "shop"), sent(2, Some(8), "Hello"), told(test)],
    );
    let done = AttemptOutcome::Accepted;
    let attempted = Event::Attempted { effect: effect(2), attempt: 1, outcome: done, provider_id: None, detail: None };
    journal.in_test(2, tried, vec![attempted, Event::Tried(Box::new(request)), reported(2, DeliveryStatus::Delivered)]);
    let writer = ground.writer();
    writer.append(0, journal.items.clone(), NOW).await.expect("written");
    writer.append(0, journal.items.clone(), NOW).await.expect("once");
    assert_eq!(ground.lines("SELECT mode, simulated FROM contact ORDER BY mode").await, ["live|0", "test|0"]);
    assert_eq!(ground.lines("SELECT mode FROM run ORDER BY mode").await, ["live", "test"]);
    assert_eq!(
        ground.lines("SELECT mode, status FROM message WHERE direction = 'out' ORDER BY mode").await,
        ["live|queued", "test|delivered"]
    );
    assert_eq!(
        ground.lines("SELECT mode, n FROM figure WHERE state = '' AND what = 'entered' ORDER BY mode").await,
        ["live|1", "test|1"]
    );
    let addresses = "SELECT address FROM contact_address ORDER BY address";
    assert_eq!(ground.lines(addresses).await, ["phone:+447700900123", "test:phone:+447700900123"]);
    assert_eq!(ground.lines("SELECT kind, host, path FROM tried").await, ["message|api.example|/send"]);
    let shown = replyflow::history::read::tried(&ground.database, &Default::default(), None, 5).await.expect("read");
    let message = shown[0].message.as_ref().expect("a message");
    assert_eq!((shown.len(), message.status.as_str(), message.text.as_deref()), (1, "delivered", Some("Hello")));
    let place = shown[0].place();
    assert!(
        replyflow::history::read::tried(&ground.database, &Default::default(), Some(&place), 5).await.expect("read").is_empty()
    );
    journal.in_test(3, tried, vec![Event::Forgotten]);
    writer.append(0, journal.items.clone(), NOW).await.expect("written");
    assert_eq!(ground.lines("SELECT mode FROM contact").await, ["live"]);
    assert_eq!(ground.lines("SELECT count(*) FROM tried").await, ["0"]);
    assert_eq!(ground.lines(addresses).await, ["phone:+447700900123"]);
}
