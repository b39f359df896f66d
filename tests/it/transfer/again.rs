//! A move is begun twice, is begun anew, or time and others go on beside it.

use super::busy::{fill, picture, unread};
use super::site::Site;
use super::{PLAIN_ONE, cut, moved};
use crate::conformance::world::{Backend, World, contact, input, sms};
use crate::support::patience::until;
use replyflow::domain::time::Span;
use replyflow::service::transfer::{MoveError, Step, give_up, move_store};
use replyflow::store::transfer::Mark;
use replyflow::store::{Accepted, Clock, JournalId, StoreSettings};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

#[tokio::test]
async fn what_is_forgotten_while_a_store_is_moved_is_no_difference() {
    let mut world = World::new(Backend::Embedded).await;
    let ttl = world.settings.dedupe_ttl;
    for n in 1..20 {
        world.claimed(contact(n), "m1").await;
    }
    world.pass(Span::hours(1));
    for n in 1..10 {
        world.queued(contact(n), "m2").await;
    }
    // What came first is forgotten in a moment: after it was copied, before it is compared.
    world.pass(Span(ttl.0 - Span::hours(1).0 - 5));
    let source = Site::of(&mut world).await;
    let target = Site::empty(Backend::Embedded).await;
    let (from, to) = (source.alone(&world.settings).await, target.to_move(&world.settings, true).expect("opens"));
    let mut compared = |step| {
        if step == Step::Compared(1) {
            world.pass(Span(10));
        }
    };
    let moved = move_store(&*from, &*to, &mut compared).await.expect("moves");
    assert_eq!(moved.kinds["contacts' seen messages"], 9, "of the others all is forgotten");
    drop((from, to));
    world.store = target.open(&world.settings).expect("opens");
    for n in 1..10 {
        assert_eq!(world.deliver(contact(n), "m2").await, Accepted::Duplicate, "contact {n} has seen it");
    }
}

#[tokio::test]
async fn whoever_comes_while_a_store_is_moved_is_found_before_it_ends() {
    let mut world = World::new(Backend::Redis).await;
    fill(&world).await;
    // As an instance does when it starts.
    world.store.meta().await.expect("answers");
    let source = Site::of(&mut world).await;
    let target = Site::empty(Backend::Redis).await;
    let (from, to) = (source.alone(&world.settings).await, target.to_move(&world.settings, true).expect("opens"));
    {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let mut hear = |step| {
            let _ = told.send(step);
        };
        let moving = move_store(&*from, &*to, &mut hear);
        tokio::pin!(moving);
        loop {
            tokio::select! {
                biased;
                step = heard.recv() => if matches!(step, Some(Step::Entries(_))) { break },
                _ = &mut moving => panic!("it has copied no journal"),
            }
        }
        // It looked for the mark before that was there.
        let instance = target.open(&world.settings).expect("opens");
        until("the instance is known", async || to.others().await.expect("answers") > 0).await;
        let ended = moving.await;
        assert!(matches!(ended, Err(MoveError::Running { .. })), "{ended:?}");
        drop(instance);
    }
    until("nobody else has it open", async || to.others().await.expect("answers") == 0).await;
    moved(&from, &to).await.expect("the same command goes on");
}

#[tokio::test]
async fn a_command_that_another_one_took_over_from_writes_nothing_more() {
    let mut world = World::new(Backend::Redis).await;
    fill(&world).await;
    let before = picture(&*world.store).await;
    let source = Site::of(&mut world).await;
    let target = Site::empty(Backend::Redis).await;
    let (from, to) = (source.alone(&world.settings).await, target.to_move(&world.settings, true).expect("opens"));
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut hear = |step| {
        let _ = told.send(step);
    };
    let forgotten = move_store(&*from, &*to, &mut hear);
    tokio::pin!(forgotten);
    tokio::select! {
        biased;
        _ = heard.recv() => {}
        _ = &mut forgotten => panic!("it has not heard a step"),
    }
    moved(&from, &to).await.expect("the same command goes on");
    let late = forgotten.await;
    assert!(matches!(late, Err(MoveError::Overtaken)), "{late:?}");
    assert_eq!(to.mark(Mark::Arriving).await, Ok(None), "and marks nothing");
    assert_eq!(picture(to.store()).await, before);
}

#[tokio::test]
async fn after_a_difference_the_same_command_copies_into_a_folder_again() {
    let mut world = World::new(Backend::Embedded).await;
    fill(&world).await;
    let journal = unread(&*world.store).await;
    let source = Site::of(&mut world).await;
    let target = Site::empty(Backend::Embedded).await;
    let (from, to) = (source.alone(&world.settings).await, target.to_move(&world.settings, true).expect("opens"));
    {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let mut hear = |step| {
            let _ = told.send(step);
        };
        let moving = move_store(&*from, &*to, &mut hear);
        tokio::pin!(moving);
        loop {
            tokio::select! {
                biased;
                step = heard.recv() => if matches!(step, Some(Step::Entries(_))) { break },
                _ = &mut moving => panic!("it has copied no journal"),
            }
        }
        from.store().accept(input(contact(PLAIN_ONE), "late")).await.expect("accepts");
        assert!(matches!(moving.await, Err(MoveError::Differ(_))));
    }
    moved(&from, &to).await.expect("moves");
    assert_eq!(unread(to.store()).await, journal, "each entry once");
}

#[tokio::test]
async fn nothing_is_moved_to_where_the_clock_is_behind() {
    let mut world = World::new(Backend::Embedded).await;
    fill(&world).await;
    let source = Site::of(&mut world).await;
    let target = Site::empty(Backend::Redis).await;
    let from = source.alone(&world.settings).await;
    let now = from.store().now().await.expect("answers");
    let clock = Clock::Virtual(Arc::new(AtomicI64::new(now.0 - 1_001)));
    let behind = StoreSettings { clock, ..world.settings.clone() };
    let to = target.to_move(&behind, true).expect("opens");
    let refused = moved(&from, &to).await;
    assert!(matches!(&refused, Err(MoveError::Behind { behind: 1_001, .. })), "{refused:?}");
    assert_eq!((from.mark(Mark::Left).await, to.mark(Mark::Arriving).await), (Ok(None), Ok(None)), "and nothing is marked");
    drop(to);
    let to = target.alone(&world.settings).await;
    moved(&from, &to).await.expect("moves");
}

#[tokio::test]
async fn a_store_that_is_used_again_tells_what_is_new_after_the_one_that_it_was_moved_into() {
    let mut world = World::new(Backend::Embedded).await;
    fill(&world).await;
    let source = Site::of(&mut world).await;
    let target = Site::empty(Backend::Embedded).await;
    {
        let (from, to) = (source.alone(&world.settings).await, target.to_move(&world.settings, true).expect("opens"));
        moved(&from, &to).await.expect("moves");
    }
    let last = async |world: &World| {
        let items = world.store.read_journal(0, JournalId::START, 10_000).await.expect("reads");
        items.last().expect("an entry").id
    };
    // An hour in the new one, which sinks and the record hear of.
    world.store = target.open(&world.settings).expect("opens");
    world.pass(Span::hours(1));
    world.sends(contact(50), &[sms()]).await;
    let remembered = last(&world).await;
    {
        let from = source.to_move(&world.settings, false).expect("opens");
        assert_eq!(give_up(&*from).await.expect("gives up"), Some(true));
    }
    world.store = source.open(&world.settings).expect("is used again");
    world.sends(contact(51), &[sms()]).await;
    let news = last(&world).await;
    assert!(news > remembered, "{news} after {remembered}");
}

#[tokio::test]
async fn a_move_goes_on_when_its_target_was_emptied() {
    let mut world = World::new(Backend::Embedded).await;
    fill(&world).await;
    let (before, journal) = (picture(&*world.store).await, unread(&*world.store).await);
    let source = Site::of(&mut world).await;
    let target = Site::empty(Backend::Embedded).await;
    let Site::Folder(folder, _) = &target else { panic!("no folder") };
    let from = source.alone(&world.settings).await;
    let to = target.to_move(&world.settings, true).expect("opens");
    assert!(!cut(&from, &to, 3).await);
    drop(to);
    std::fs::remove_dir_all(folder).expect("emptied");
    let to = target.to_move(&world.settings, true).expect("opens");
    moved(&from, &to).await.expect("moves");
    drop(to);
    let store = target.to_move(&world.settings, false).expect("opens");
    assert_eq!(unread(store.store()).await, journal);
    for (was, is) in before.iter().zip(picture(store.store()).await) {
        assert_eq!(*was, is);
    }
}
