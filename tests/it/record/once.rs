//! Exactly once, however entries come: in any batches, again and again, from two instances at once.

use super::entries::*;
use super::{Ground, on_both, tables};
use bytes::Bytes;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use replyflow::domain::broadcast::Refusal;
use replyflow::domain::id::{InputId, RunId};
use replyflow::domain::input::Class;
use replyflow::domain::journal::{AttemptOutcome, Decision, Event};
use replyflow::domain::message::{DeliveryStatus, FailureReason};
use replyflow::domain::time::Millis;
use replyflow::domain::value::Value;
use replyflow::history::Dialect;
use replyflow::store::{Entry, JournalId, JournalItem, JournalRecord};

on_both!(two_instances_at_once_write_each_entry_once, what_overflowed_is_written_once_wherever_it_stands);

const NOW: Millis = Millis(START);
const STATES: [&str; 4] = ["menu", "look", "pay", "bye"];
const ENDS: [&str; 2] = ["ordered", "expired"];

/// Entries: whose, and what they say.
type Written = Vec<(usize, Vec<Event>)>;

fn event() -> impl Strategy<Value = Event> {
    let run = || 1u64..4;
    let state = || 0usize..4;
    let message = || 1u64..6;
    prop_oneof![
        3 => (1u64..1_000, any::<bool>()).prop_map(|(id, answer)| {
            received(id, "words", if answer { Decision::Answer } else { Decision::Inbox })
        }),
        2 => run().prop_map(|run| started(run, if run == 1 { "shop" } else { "order" })),
        1 => (run(), 1u64..3).prop_map(|(run, by)| started_by(run, if run == 1 { "shop" } else { "order" }, by, (by == 2).then_some("b"))),
        1 => (1u64..3, 0usize..Refusal::ALL.len()).prop_map(|(by, why)| skipped(by, Refusal::ALL[why])),
        4 => (run(), state()).prop_map(|(run, state)| entered(run, if run == 1 { "shop" } else { "order" }, STATES[state])),
        3 => (run(), state()).prop_map(|(run, state)| left(run, STATES[state], "ok")),
        1 => (run(), 0usize..2).prop_map(|(run, end)| ended(run, if run == 1 { "shop" } else { "order" }, ENDS[end])),
        3 => (message(), run()).prop_map(|(n, run)| sent(n, Some(run), "an answer")),
        2 => (message(), 1u8..4).prop_map(|(n, attempt)| attempted(n, attempt, AttemptOutcome::Accepted)),
        1 => message().prop_map(|n| attempted(n, 1, AttemptOutcome::Failed { reason: FailureReason::Blocked })),
        2 => (message(), 0usize..5).prop_map(|(n, status)| reported(n, DeliveryStatus::ALL[status])),
        1 => Just(told(profile(&["vip"]))),
        1 => Just(told(profile(&["old", "gold"]))),
        1 => run().prop_map(|run| Event::Tagged { run: RunId(run), added: vec![slug("new")], removed: vec![slug("old")] }),
        1 => run().prop_map(|run| Event::Set { run: RunId(run), name: "contact.plan".to_owned(), value: Value::text("gold") }),
        1 => run().prop_map(|run| Event::Set { run: RunId(run), name: "score".to_owned(), value: Value::Number(1.5) }),
        1 => Just(Event::Forgotten),
    ]
}

/// Entries of three contacts, and how they are fed: from where, and how many.
fn plan() -> impl Strategy<Value = (Written, Vec<(usize, usize)>)> {
    let entries = proptest::collection::vec((0usize..3, proptest::collection::vec(event(), 1..6)), 1..40);
    let batches = proptest::collection::vec((0usize..40, 1usize..12), 0..20);
    (entries, batches)
}

fn journal(entries: Written) -> Vec<JournalItem> {
    let people = [contact("ann"), contact("ben"), contact("cem")];
    let mut journal = Journal::default();
    for (i, (who, events)) in entries.into_iter().enumerate() {
        journal.at(i as i64, people[who], events);
    }
    journal.items
}

/// One by one, and in the batches of the plan: each begins where one before it ended or earlier, as a feeder does that died or whose store was
/// set back.
async fn same_tables(dialect: Dialect, entries: Written, batches: Vec<(usize, usize)>) {
    let items = journal(entries);
    let (one, other) = (Ground::new(Dialect::Sqlite).await, Ground::new(dialect).await);
    let writer = one.writer();
    for item in &items {
        writer.append(0, vec![item.clone()], NOW).await.expect("written");
    }
    let (writer, mut done) = (other.writer(), 0);
    for (back, most) in batches {
        let from = done - back.min(done);
        let to = (from + most).min(items.len());
        writer.append(0, items[from..to].to_vec(), NOW).await.expect("written");
        done = done.max(to);
    }
    writer.append(0, items[done..].to_vec(), NOW).await.expect("written");
    assert_eq!(tables::dump(&one).await, tables::dump(&other).await);
}

fn property(dialect: Dialect, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut runner = TestRunner::new(Config::with_cases(cases));
    let result = runner.run(&plan(), |(entries, batches)| {
        runtime.block_on(same_tables(dialect, entries, batches));
        Ok(())
    });
    assert_eq!(result, Ok(()));
}

#[test]
fn any_batches_give_the_same_tables_in_sqlite() {
    property(Dialect::Sqlite, 48);
}

#[test]
fn any_batches_give_the_same_tables_in_postgres_as_in_sqlite() {
    property(Dialect::Postgres, 12);
}

async fn two_instances_at_once_write_each_entry_once(ground: Ground) {
    let mut runner = TestRunner::deterministic();
    let events =
        proptest::collection::vec(event(), 1..6).prop_filter("somebody who stays", |all| !all.contains(&Event::Forgotten));
    let entries = (0..600).map(|i| (i % 3, events.new_tree(&mut runner).expect("events").current())).collect();
    let items = journal(entries);
    let alone = Ground::new(Dialect::Sqlite).await;
    for batch in items.chunks(100) {
        alone.writer().append(0, batch.to_vec(), NOW).await.expect("written");
    }
    let new: u64 = {
        let feed = |size: usize| {
            let (writer, items) = (ground.writer(), items.clone());
            async move {
                let mut new = 0;
                for batch in items.chunks(size) {
                    new += writer.append(0, batch.to_vec(), NOW).await.expect("written");
                }
                new
            }
        };
        let all = [feed(50), feed(50), feed(50)].map(tokio::spawn);
        let mut sum = 0;
        for one in all {
            sum += one.await.expect("no panic");
        }
        sum
    };
    assert_eq!(new, 600);
    assert_eq!(tables::dump(&alone).await, tables::dump(&ground).await);
}

async fn what_overflowed_is_written_once_wherever_it_stands(ground: Ground) {
    let overflow = |input: u64, time: u64| {
        let entry = Entry { class: Class::Normal, id: InputId(input), accepted_at: NOW, body: Bytes::from_static(b"x") };
        let record = JournalRecord::Overflow { contact: contact("ann"), entry };
        vec![JournalItem { id: JournalId { time, number: 3 }, record }]
    };
    // A store that was put back goes on at later places, also with what nobody has read of it yet.
    for (input, time, new) in [(1, 0, 1), (1, 0, 0), (1, 1_000, 0), (2, 1_000, 1)] {
        let written = ground.writer().append(0, overflow(input, time), NOW).await.expect("written");
        assert_eq!(written, new, "input {input} at {time}");
    }
    assert_eq!(ground.count("SELECT count(*) FROM happening WHERE kind = 'input.overflow'").await, 2);
}
