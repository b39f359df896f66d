//! A store is moved into another one, of each kind into each kind: nothing is lost, nothing is done twice, and nobody works on the old one.

mod again;
mod busy;
mod command;
mod consistency;
mod site;

use crate::conformance::world::{Backend, World, contact, id, input, lane, sms, whatsapp};
use crate::support::patience::until;
use busy::{fill, picture, request, slug, unread};
use bytes::Bytes;
use replyflow::domain::id::VersionId;
use replyflow::domain::time::Span;
use replyflow::service::transfer::{MoveError, Step, give_up, move_store};
use replyflow::store::transfer::{Mark, Transfer};
use replyflow::store::{
    Accepted, Claimed, JournalId, ListChange, ListChanged, Publish, Published, RequestStep, Requested, Spend, StoreError,
};
use site::Site;
use std::sync::Arc;

async fn moved(from: &Arc<dyn Transfer>, to: &Arc<dyn Transfer>) -> Result<replyflow::service::transfer::Moved, MoveError> {
    move_store(&**from, &**to, &mut |_| {}).await
}

/// Everything from one store to another, and then life goes on there.
async fn goes_on(from: Backend, to: Backend) {
    let mut world = World::new(from).await;
    let busy = fill(&world).await;
    let (before, journal) = (picture(&*world.store).await, unread(&*world.store).await);
    let source = Site::of(&mut world).await;
    let target = Site::empty(to).await;
    let moved = {
        let (from, to) = (source.alone(&world.settings).await, target.to_move(&world.settings, true).expect("opens"));
        // A cluster is everybody's in turn, and hears a moment later that another one's connection ended.
        until("nobody else has the target open", async || to.others().await.expect("answers") == 0).await;
        moved(&from, &to).await.expect("moves")
    };
    assert_eq!(moved.entries, journal.len() as u64);
    assert_eq!(moved.kinds["failed effects and inputs"], 2);
    // The embedded store has lapsed leases when it is opened: the picture is of what was written.
    let store = target.to_move(&world.settings, false).expect("opens");
    for (was, is) in before.iter().zip(picture(store.store()).await) {
        assert_eq!(*was, is);
    }
    assert_eq!(unread(store.store()).await, journal);
    drop(store);
    world.store = target.open(&world.settings).expect("opens");
    refused(&source, &world, Mark::Left).await;
    life_goes_on(&world, &busy).await;
}

/// Nobody uses a store that was moved away, or that is not whole yet: a folder is refused when it is opened, Redis when it is asked.
async fn refused(site: &Site, world: &World, mark: Mark) {
    match site.open(&world.settings) {
        Err(error) => assert!(matches!(error, StoreError::Marked(_)), "{error}"),
        Ok(store) => {
            assert!(matches!(store.meta().await, Err(StoreError::Marked(_))), "no instance starts");
            let forgotten = store.published().await;
            assert!(matches!(forgotten, Err(StoreError::Marked(_))), "one that was forgotten hears of {mark:?}");
        }
    }
}

async fn life_goes_on(world: &World, busy: &busy::Busy) {
    let store = &world.store;
    for n in [2, 8, 100] {
        assert_eq!(world.deliver(contact(n), "m1").await, Accepted::Duplicate, "contact {n} has seen it");
    }
    assert_eq!(world.deliver(contact(6), "new").await, Accepted::Moved(contact(2)), "a stub");
    let due = store.due_work(world.shard(contact(4)), &whatsapp(), 50).await.expect("looks");
    assert!(!due.lanes.contains(&lane(contact(4))), "it is tried later");
    world.pass(Span::seconds(90));
    // The claim has lapsed.
    assert!(world.due(contact(1)).await.contains(&contact(1)));
    let Ok(Claimed::Claimed(claim)) = store.claim(contact(1), world.who()).await else { panic!("not claimed") };
    assert_eq!(claim.inputs.iter().map(|entry| entry.id).collect::<Vec<_>>(), [id("m1"), id("m2")]);
    // What was in the air is unsure, what follows it is not.
    let again = world.started(contact(3), &sms()).await;
    assert_eq!((again.id, again.unsure), (busy.flying[0], true));
    let end = world.end(&again, replyflow::store::SettleResult::Done);
    store.settle(end).await.expect("settles");
    let next = world.started(contact(3), &sms()).await;
    assert_eq!((next.id, next.unsure), (busy.flying[1], false));
    world.pass(Span::minutes(10));
    let later = world.started(contact(4), &whatsapp()).await;
    assert_eq!((later.id, later.unsure, later.attempt), (busy.later, false, 2));
    assert_eq!(store.own_lanes(contact(5)).await.expect("looks")[0].id, busy.call);
    // What belongs to no contact.
    let answered = store.request(request("done", "body", 9, RequestStep::Begin)).await;
    assert_eq!(answered, Ok(Requested::Answered(Bytes::from("the answer"))));
    assert_eq!(store.request(request("done", "else", 9, RequestStep::Begin)).await, Ok(Requested::Other));
    assert_eq!(store.request(request("begun", "body", 9, RequestStep::Begin)).await, Ok(Requested::Yours));
    assert_eq!(store.spend(Spend { channel: slug("main-sms"), most: 100, back: false }).await.expect("counts").used, 4);
    let change = ListChange { address: contact(950), was: None, now: Some(Bytes::from("listed")) };
    let before = store.list_mark().await.expect("answers").number;
    assert_eq!(store.list_change(change).await, Ok(ListChanged::Ok));
    assert!(store.list_mark().await.expect("answers").number > before);
    let publish = Publish { name: slug("menu"), version: VersionId(1), base: 2, body: Bytes::from("the next") };
    let published = store.published().await.expect("looks");
    assert_eq!(store.publish(publish).await, Ok(Published::Ok(3)));
    assert!(store.published().await.expect("looks") > published);
    let failed = store.failed_list(10).await.expect("lists");
    for item in failed {
        assert_eq!(store.failed_retry(item.key, Bytes::from("retried")).await, Ok(true));
    }
    assert!(!world.started(contact(9), &sms()).await.unsure, "a fresh attempt");
}

#[tokio::test]
async fn a_folder_goes_into_redis() {
    goes_on(Backend::Embedded, Backend::Redis).await;
}

#[tokio::test]
async fn one_redis_goes_into_another() {
    goes_on(Backend::Redis, Backend::Redis).await;
}

#[tokio::test]
async fn redis_goes_into_a_folder() {
    goes_on(Backend::Redis, Backend::Embedded).await;
}

#[tokio::test]
async fn a_folder_goes_into_a_cluster() {
    goes_on(Backend::Embedded, Backend::Cluster).await;
}

/// Sinks and listeners remember places of the journal: what comes from the new store must stand after them.
async fn tells_what_is_new(from: Backend, to: Backend) {
    let mut world = World::new(from).await;
    fill(&world).await;
    // As an instance does when it starts.
    world.store.meta().await.expect("answers");
    let mut remembered = JournalId::START;
    for shard in 0..world.store.shards() {
        remembered = remembered.max(world.store.cursor(shard, "history").await.expect("answers"));
    }
    assert!(remembered > JournalId::START);
    let source = Site::of(&mut world).await;
    let target = Site::empty(to).await;
    {
        let (from, to) = (source.alone(&world.settings).await, target.to_move(&world.settings, true).expect("opens"));
        moved(&from, &to).await.expect("moves");
    }
    world.store = target.open(&world.settings).expect("opens");
    world.sends(contact(50), &[sms()]).await;
    for shard in 0..world.store.shards() {
        let after = world.store.cursor(shard, "history").await.expect("answers");
        let items = world.store.read_journal(shard, after, 10_000).await.expect("reads");
        let last = items.last().map(|item| item.id);
        assert!(last.is_none_or(|last| last > remembered), "{last:?} after {remembered}");
        if world.store.shards() == 1 {
            assert!(items.len() > 1 && items[0].id > remembered, "{} after {remembered}", items[0].id);
        }
    }
}

#[tokio::test]
async fn a_folder_tells_what_is_new_after_a_redis() {
    tells_what_is_new(Backend::Redis, Backend::Embedded).await;
}

#[tokio::test]
async fn a_folder_tells_what_is_new_after_a_folder() {
    tells_what_is_new(Backend::Embedded, Backend::Embedded).await;
}

/// Drops the move after so many words of how far it is, as a kill would; true when it ended before.
async fn cut(from: &Arc<dyn Transfer>, to: &Arc<dyn Transfer>, after: usize) -> bool {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut hear = |step| {
        let _ = told.send(step);
    };
    let moving = move_store(&**from, &**to, &mut hear);
    tokio::pin!(moving);
    let mut n = 0;
    loop {
        tokio::select! {
            biased;
            _ = heard.recv(), if n < after => n += 1,
            result = &mut moving, if n < after => {
                result.expect("moves");
                return true;
            }
            else => return false,
        }
    }
}

async fn is_cut_off(from: Backend, to: Backend) {
    let mut world = World::new(from).await;
    fill(&world).await;
    let (before, journal) = (picture(&*world.store).await, unread(&*world.store).await);
    let source = Site::of(&mut world).await;
    let target = Site::empty(to).await;
    let mut cuts = 0;
    source.alone(&world.settings).await;
    loop {
        let from = source.to_move(&world.settings, false).expect("opens");
        let to =
            if cuts == 0 { target.to_move(&world.settings, true).expect("opens") } else { target.alone(&world.settings).await };
        // Each time it comes a little farther, also into the comparison, which begins anew each time.
        if cut(&from, &to, 1 + cuts * cuts * 3).await {
            break;
        }
        cuts += 1;
        drop((from, to));
        refused(&target, &world, Mark::Arriving).await;
    }
    assert!(cuts > 5, "{cuts}");
    let store = target.to_move(&world.settings, false).expect("opens");
    assert_eq!(picture(store.store()).await, before);
    assert_eq!(unread(store.store()).await, journal, "each entry once");
}

#[tokio::test]
async fn a_move_into_redis_that_is_cut_off_goes_on() {
    is_cut_off(Backend::Embedded, Backend::Redis).await;
}

#[tokio::test]
async fn a_move_into_a_folder_that_is_cut_off_goes_on() {
    is_cut_off(Backend::Redis, Backend::Embedded).await;
}

#[tokio::test]
async fn a_move_between_redis_that_is_cut_off_goes_on() {
    is_cut_off(Backend::Redis, Backend::Redis).await;
}

#[tokio::test]
async fn nothing_is_moved_from_under_an_instance_nor_onto_something() {
    let mut world = World::new(Backend::Redis).await;
    // As an instance does when it starts.
    world.store.meta().await.expect("answers");
    world.claimed(contact(1), "m1").await;
    let server = world.redis.as_ref().expect("a Redis");
    let redis = crate::conformance::world::least(server).await;
    let from: Arc<dyn Transfer> =
        Arc::new(replyflow::store::RedisStore::connect_to_move(&redis, world.settings.clone()).expect("opens"));
    let target = Site::empty(Backend::Redis).await;
    let to = target.to_move(&world.settings, true).expect("opens");
    until("the instance is known", async || from.others().await.expect("answers") > 0).await;
    assert!(matches!(moved(&from, &to).await, Err(MoveError::Running { instances: 1, .. })));
    assert_eq!(from.mark(Mark::Left).await, Ok(None), "and nothing is marked");
    let source = Site::of(&mut world).await;
    let from = source.alone(&world.settings).await;
    let nothing = Site::empty(Backend::Redis).await.to_move(&world.settings, true).expect("opens");
    drop(nothing);
    // A target that holds something.
    let used = World::new(Backend::Embedded).await;
    used.claimed(contact(9), "m1").await;
    let mut used = used;
    let full = Site::of(&mut used).await;
    let into = full.to_move(&world.settings, true).expect("opens");
    let holds = moved(&from, &into).await;
    assert!(matches!(holds, Err(MoveError::Holds(_))), "{holds:?}");
    assert_eq!(into.mark(Mark::Arriving).await, Ok(None));
    moved(&from, &to).await.expect("moves");
    assert!(matches!(moved(&from, &to).await, Err(MoveError::Moved(_))), "once");
}

#[tokio::test]
async fn a_store_that_is_not_there_is_not_moved() {
    let settings = replyflow::store::StoreSettings::default();
    let (from, to) = (Site::empty(Backend::Redis).await, Site::empty(Backend::Embedded).await);
    let (from, to) = (from.to_move(&settings, false).expect("opens"), to.to_move(&settings, true).expect("opens"));
    assert!(matches!(moved(&from, &to).await, Err(MoveError::Nothing(_))));
    let folder = Site::empty(Backend::Embedded).await;
    assert!(matches!(folder.to_move(&settings, false).map(drop), Err(StoreError::Unavailable(_))), "and none is made");
}

#[tokio::test]
async fn what_was_written_meanwhile_is_found_and_given_up_moves_leave_the_store_usable() {
    let mut world = World::new(Backend::Embedded).await;
    fill(&world).await;
    let source = Site::of(&mut world).await;
    let target = Site::empty(Backend::Redis).await;
    let (from, to) = (source.alone(&world.settings).await, target.to_move(&world.settings, true).expect("opens"));
    // Something writes when all was copied already: the comparison must see it.
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
        let Err(MoveError::Differ(what)) = moving.await else { panic!("not found") };
        assert!(what.contains("1 contacts are not the same") && what.contains("1 mailboxes are missing there"), "{what}");
    }
    // Given up, the source is used again; a new move begins anew.
    assert_eq!(give_up(&*from).await.expect("gives up"), Some(false));
    assert_eq!(give_up(&*from).await.expect("gives up"), None);
    drop(from);
    drop(source.open(&world.settings).expect("is used"));
    let from = source.to_move(&world.settings, false).expect("opens");
    moved(&from, &to).await.expect("moves");
}

const PLAIN_ONE: usize = busy::PLAIN.start + 1;
