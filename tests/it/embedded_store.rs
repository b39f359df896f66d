//! What only the embedded store can show: its lock, a process that comes back, exact wake-ups.

use crate::conformance::world::{Backend, World, contact, id, input, lane, push, sms, whatsapp};
use crate::support::patience::LONG;
use bytes::Bytes;
use replyflow::domain::time::Span;
use replyflow::store::{
    Accepted, Claimed, Clock, EmbeddedStore, FailedKey, JournalId, OutgoingState, SettleResult, Settled, StartAnswer, Store,
    StoreError, StoreSettings,
};
use std::sync::Arc;
use tempfile::TempDir;

/// Ends the store and opens it again, as a new process would.
async fn reopened(mut world: World) -> World {
    let (folder, settings) = (world.folder.path().to_owned(), world.settings.clone());
    // The old one must be gone before the lock is free.
    world.store = Arc::new(EmbeddedStore::open(TempDir::new().expect("a folder").path(), settings.clone()).expect("opens"));
    world.store = Arc::new(EmbeddedStore::open(&folder, settings).expect("opens again"));
    world
}

#[tokio::test]
async fn a_folder_has_one_process() {
    let world = World::new(Backend::Embedded).await;
    let second = EmbeddedStore::open(world.folder.path(), world.settings.clone());
    let Err(StoreError::Unavailable(sentence)) = second else { panic!("opened twice") };
    assert!(sentence.contains("another process"), "{sentence}");
    let World { folder, store, settings, .. } = world;
    drop(store);
    assert!(EmbeddedStore::open(folder.path(), settings).is_ok(), "free again");
}

#[tokio::test]
async fn an_operators_command_works_beside_the_service() {
    let world = World::new(Backend::Embedded).await;
    let ids = world.sends(contact(1), &[sms()]).await;
    let first = world.started(contact(1), &sms()).await;
    let beside = EmbeddedStore::open_beside(world.folder.path(), world.settings.clone()).expect("opens");
    let seen = beside.inspect(contact(1)).await.expect("looks").expect("is there");
    assert_eq!(seen.lane[0].state, OutgoingState::Started, "what the service sends is not lapsed");
    world.store.settle(world.end(&first, SettleResult::Failed)).await.expect("settles");
    let key = FailedKey::Effect(contact(1), ids[0]);
    assert_eq!(beside.failed_list(10).await.expect("lists")[0].key, key);
    assert_eq!(beside.failed_retry(key, Bytes::from("retried")).await, Ok(true));
    assert_eq!(world.started(contact(1), &sms()).await.id, ids[0]);
    let nothing = TempDir::new().expect("a folder");
    assert!(EmbeddedStore::open_beside(nothing.path(), world.settings.clone()).is_err(), "no store is made beside nothing");
}

#[tokio::test]
async fn a_new_process_takes_everything_over_at_once() {
    let world = World::new(Backend::Embedded).await;
    let secret = world.store.meta().await.expect("answers");
    // One contact claimed, one with an alarm, one whose message is in the air, one whose retry is later.
    world.claimed(contact(1), "m1").await;
    let claim = world.claimed(contact(2), "m1").await;
    let mut commit = world.turn(contact(2), &claim);
    commit.alarm = Some(world.now() + Span::hours(1));
    world.committed(commit).await;
    world.sends(contact(3), &[sms(), sms()]).await;
    let flying = world.started(contact(3), &sms()).await;
    world.sends(contact(4), &[whatsapp()]).await;
    let later = world.started(contact(4), &whatsapp()).await;
    let retry = SettleResult::Retry { due: world.now() + Span::minutes(10) };
    world.store.settle(world.end(&later, retry)).await.expect("settles");
    let world = reopened(world).await;
    assert_eq!(world.store.meta().await, Ok(secret));
    assert_eq!(world.due(contact(1)).await, [contact(1)], "the claim has lapsed, the alarm has not");
    let Claimed::Claimed(claim) = world.store.claim(contact(1), world.who()).await.expect("claims") else {
        panic!("not claimed")
    };
    assert_eq!(claim.record.tries, 1);
    let again = world.started(contact(3), &sms()).await;
    assert_eq!((again.id, again.unsure), (flying.id, true), "nobody knows whether it was sent");
    assert!(world.store.due_work(0, &whatsapp(), 1).await.expect("looks").lanes.is_empty());
    world.pass(Span::minutes(10));
    assert!(!world.started(contact(4), &whatsapp()).await.unsure, "surely not sent before");
    assert_eq!(world.deliver(contact(2), "m1").await, Accepted::Duplicate);
    assert_eq!(world.store.read_journal(0, JournalId::START, 10).await.expect("reads").len(), 4);
}

#[tokio::test]
async fn tickets_of_an_earlier_process_start_nothing() {
    let world = World::new(Backend::Embedded).await;
    world.sends(contact(1), &[sms()]).await;
    let due = world.store.due_work(0, &sms(), 1).await.expect("looks");
    let world = reopened(world).await;
    let late = world.store.start(lane(contact(1)), &sms(), world.who(), Some(due.ticket)).await;
    assert_eq!(late, Ok(StartAnswer::Taken));
    let again = world.store.due_work(0, &sms(), 1).await.expect("looks");
    assert_ne!(again.ticket, due.ticket);
}

#[tokio::test]
async fn many_requests_share_a_commit_and_each_has_its_answer() {
    let world = World::new(Backend::Embedded).await;
    let deliveries = (0..300).map(|n| world.store.accept(input(contact(n), "m1")));
    for (n, accepted) in futures_util::future::join_all(deliveries).await.into_iter().enumerate() {
        let Ok(Accepted::Claimed(claim)) = accepted else { panic!("{n} is not claimed") };
        assert_eq!(claim.inputs[0].id, id("m1"));
    }
    let twice = (0..300).map(|n| world.store.accept(input(contact(n), "m1")));
    assert!(futures_util::future::join_all(twice).await.into_iter().all(|a| a == Ok(Accepted::Duplicate)));
}

#[tokio::test]
async fn message_ids_are_forgotten_on_disk_too() {
    let world = World::new(Backend::Embedded).await;
    for n in 0..10 {
        world.deliver(contact(n), "m1").await;
    }
    world.pass(Span(world.settings.dedupe_ttl.0 + 1));
    world.deliver(contact(0), "m2").await;
    let db = rusqlite::Connection::open(world.folder.path().join("replyflow.db")).expect("opens");
    let seen: i64 = db.query_row("SELECT count(*) FROM seen", [], |row| row.get(0)).expect("counts");
    assert_eq!(seen, 1);
}

/// An alarm that is not due yet when a slow machine has done what comes before it.
const LATER: Span = Span(2_500);

#[tokio::test]
async fn it_wakes_exactly_when_something_is_due() {
    let folder = TempDir::new().expect("a folder");
    let store = EmbeddedStore::open(folder.path(), StoreSettings::default()).expect("opens");
    assert!(matches!(StoreSettings::default().clock, Clock::Real));
    let hints = store.hints();
    let heard = async || tokio::time::timeout(LONG, hints.notified()).await;
    let world = World::new(Backend::Embedded).await;
    let Accepted::Claimed(claim) = store.accept(input(contact(1), "m1")).await.expect("accepts") else { panic!("not claimed") };
    let mut commit = world.turn(contact(1), &claim);
    commit.alarm = Some(claim.now + LATER);
    commit.lanes = vec![push(commit.new, &[sms()], false)];
    store.commit(commit).await.expect("commits");
    heard().await.expect("an effect that nobody has");
    store.due_work(0, &sms(), 1).await.expect("looks");
    assert!(store.due_contacts(0, 1).await.expect("looks").contacts.is_empty(), "the alarm is not due yet");
    heard().await.expect("the alarm");
    let now = store.now().await.expect("answers");
    assert!(now >= claim.now + LATER);
    assert_eq!(store.due_contacts(0, 1).await.expect("looks").contacts, [contact(1)]);
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("replyflow.db"), "this is a letter, not a database, and it is long enough to be read")
        .expect("writes");
    let opened = EmbeddedStore::open(folder.path(), StoreSettings::default());
    assert!(matches!(opened.map(drop), Err(StoreError::Layout(_))));
    let folder = TempDir::new().expect("a folder");
    drop(EmbeddedStore::open(folder.path(), StoreSettings::default()).expect("opens"));
    let db = rusqlite::Connection::open(folder.path().join("replyflow.db")).expect("opens");
    db.execute("UPDATE meta SET layout = 2", []).expect("writes");
    let opened = EmbeddedStore::open(folder.path(), StoreSettings::default());
    let Err(StoreError::Layout(sentence)) = opened.map(drop) else { panic!("opened") };
    assert!(sentence.contains('2'), "{sentence}");
}

#[tokio::test]
async fn an_alias_leads_to_the_other_contact() {
    let world = World::new(Backend::Embedded).await;
    world.sends(contact(1), &[sms()]).await;
    let started = world.started(contact(1), &sms()).await;
    let db = rusqlite::Connection::open(world.folder.path().join("replyflow.db")).expect("opens");
    db.execute("UPDATE contact SET flag = 3, record = ?1", [contact(2).as_str().as_bytes()]).expect("writes");
    assert_eq!(world.deliver(contact(1), "m2").await, Accepted::Moved(contact(2)));
    assert_eq!(world.deliver(contact(1), "m2").await, Accepted::Moved(contact(2)), "not seen here");
    let mut done = world.end(&started, SettleResult::Done);
    done.reply = Some((id("result"), Bytes::from("result")));
    let Settled::Moved { to, next: None, .. } = world.store.settle(done).await.expect("settles") else { panic!("not moved") };
    assert_eq!(to, contact(2));
}
