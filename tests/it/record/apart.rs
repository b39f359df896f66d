//! Live and test beside each other in tables.

use super::entries::*;
use super::{Ground, on_both};
use replyflow::domain::id::RunId;
use replyflow::domain::journal::{AttemptOutcome, Decision, Event};
use replyflow::domain::message::DeliveryStatus;
use replyflow::domain::mode::Mode;
use replyflow::domain::profile::Profile;
use replyflow::domain::time::Millis;
use replyflow::domain::tried::{Tried, TriedKind};
use replyflow::domain::value::Value;
use replyflow::history::read::{LivePlace, heard, timeline};

on_both!(one_number_is_one_contact_live_and_another_in_test, what_was_written_down_stays_of_its_mode);

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
    let attempted =
        Event::Attempted { effect: effect(2), attempt: 1, outcome: done, provider_id: None, detail: None, code: None };
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

async fn what_was_written_down_stays_of_its_mode(ground: Ground) {
    let (mut journal, ann, ben, tried) = (Journal::default(), contact("ann"), contact("ben"), contact("tried"));
    let played = || told(Profile { simulated: true, ..profile(&[]) });
    let set = |run| Event::Set { run: RunId(run), name: "x".to_owned(), value: Value::text("a trial") };
    let late = |n| vec![attempted(n, 1, AttemptOutcome::Accepted)];
    // Whoever a simulator played writes over a real channel.
    journal.at(0, ann, vec![received(1, "hi", Decision::Start), started(7, "shop"), sent(1, Some(7), "Hello"), played()]);
    journal.at(1, ann, vec![set(7)]);
    journal.at(2, ann, vec![received(2, "hello", Decision::Start), started(8, "shop"), told(profile(&[]))]);
    journal.at(3, ann, vec![set(8)]);
    // What is in the air ends after a deletion.
    journal.at(4, ben, vec![received(3, "hi", Decision::Start), sent(2, None, "Hello"), played()]);
    journal.at(5, ben, vec![Event::Forgotten]);
    journal.at(6, ben, late(2));
    let request = Tried::within(effect(3), TriedKind::Alert, "late".to_owned());
    journal.in_test(7, tried, [late(3), vec![Event::Tried(Box::new(request))]].concat());
    let writer = ground.writer();
    writer.append(0, journal.items.clone(), NOW).await.expect("written");
    writer.append(0, journal.items.clone(), NOW).await.expect("once");
    let expected = ["1|test", "2|test", "3|live", "4|live", "5|test", "6|test", "7|none", "8|test"];
    assert_eq!(ground.lines("SELECT number, mode FROM entry ORDER BY number").await, expected);
    let modes = heard(&ground.database, &LivePlace::default()).await.expect("read");
    let modes: Vec<Option<Mode>> = modes.iter().map(|heard| heard.mode).collect();
    let (live, test) = (Some(Mode::Live), Some(Mode::Test));
    assert_eq!(modes, [test, test, live, live, test, test, None, test], "what nobody's is told to nobody");
    let runs = async |mode| {
        let all = timeline(&ground.database, mode, ann, (None, None), None, 50).await.expect("read");
        let runs: Vec<String> = all.into_iter().filter(|one| one.message.is_none()).filter_map(|one| one.run).collect();
        runs.iter().map(|run| run.trim_start_matches('0').to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(runs(Mode::Live).await, ["8", "8"], "of the trial it tells nothing");
    assert_eq!(runs(Mode::Test).await, ["7", "7"]);
    assert_eq!(ground.lines("SELECT count(*) FROM tried").await, ["0"], "of nobody nothing is kept");
}
