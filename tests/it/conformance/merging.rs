//! Contacts that become part of another: nothing is lost on the way, nothing comes twice, and what comes later is led on.

use super::world::{Backend, World, bodies, contact, hash, id, input, lane, push, sms, urgent};
use bytes::Bytes;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::{ContactKey, DedupeHash, EffectId, Token, VersionId};
use replyflow::domain::time::Span;
use replyflow::store::{
    Accept, Accepted, Claimed, Committed, FailedKey, Flip, Flipped, Forgot, Freeze, Frozen, JournalId, Linked, Place, Report,
    Reported, SettleResult, Settled, Still, StopMask, Wake, WhenFull,
};

fn freeze(effect: EffectId) -> Freeze {
    Freeze { contact: contact(1), into: contact(2), effect, new: Token(0x5eed) }
}

fn flip(moved: &[&str]) -> Flip {
    let moved = moved.iter().map(|message| id(message)).collect();
    let (live, journal) = (vec![(VersionId(7), -1)], Bytes::from("moved"));
    Flip { contact: contact(1), into: contact(2), moved, live, journal }
}

async fn still(world: &World, effect: EffectId) -> Still {
    match world.store.freeze(freeze(effect)).await.expect("answers") {
        Frozen::Ok(still) => *still,
        other => panic!("not frozen but {other:?}"),
    }
}

/// A contact whose send lane holds only what moves it, and that is at rest.
async fn about_to_move(world: &World) -> EffectId {
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.lanes = vec![push(commit.new, &[sms()], false)];
    commit.live = vec![(VersionId(7), 1)];
    commit.await_add = vec![commit.new.effect(5)];
    commit.alarm = Some(world.now() + Span::minutes(1));
    let effect = commit.lanes[0].effects[0].id;
    world.committed(commit).await;
    effect
}

pub async fn a_frozen_contact_takes_inputs_and_no_commit(backend: Backend) {
    let world = World::new(backend).await;
    let effect = about_to_move(&world).await;
    let claim = world.claimed(contact(1), "m2").await;
    let first = still(&world, effect).await;
    assert_eq!(first.record.token, Token(0x5eed));
    assert_eq!(first.record.blob, claim.record.blob, "the record rests");
    assert_eq!(bodies(&first.mailbox), ["m2"]);
    assert!([hash("m1"), hash("m2")].iter().all(|seen| first.seen.contains(seen)), "{:?}", first.seen);
    assert_eq!(first.awaited.len(), 1);
    assert_eq!(still(&world, effect).await, first, "the same again");
    assert_eq!(world.store.commit(world.turn(contact(1), &claim)).await, Ok(Committed::Stale));
    for accept in [input(contact(1), "m3"), urgent(contact(1), "p1")] {
        assert_eq!(world.store.accept(accept.clone()).await, Ok(Accepted::Queued));
        assert_eq!(world.store.accept(accept).await, Ok(Accepted::Duplicate));
    }
    world.pass(Span::hours(1));
    assert!(world.due(contact(1)).await.is_empty(), "its alarm rests too");
    assert_eq!(world.store.claim(contact(1), world.who()).await, Ok(Claimed::Free));
    let seen = world.store.inspect(contact(1)).await.expect("looks").expect("is there");
    assert_eq!((seen.place, seen.record.blob, bodies(&seen.mailbox).len()), (Place::Moving(contact(2)), claim.record.blob, 3));
    let deletion = super::leaving::deletion(&world, contact(1)).await;
    assert_eq!(world.store.forget(deletion).await, Ok(Forgot::Moving(contact(2))));
}

pub async fn messages_behind_the_move_come_first(backend: Backend) {
    let world = World::new(backend).await;
    let effect = about_to_move(&world).await;
    let claim = world.claimed(contact(1), "m2").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.lanes = vec![push(commit.new, &[sms()], false)];
    let behind = commit.lanes[0].effects[0].id;
    world.committed(commit).await;
    let before = world.store.inspect(contact(1)).await;
    assert_eq!(world.store.freeze(freeze(effect)).await, Ok(Frozen::Busy));
    assert_eq!(world.store.freeze(freeze(behind)).await, Ok(Frozen::Settled), "it is not the first");
    assert_eq!(world.store.inspect(contact(1)).await, before, "nothing is touched");
    let started = world.started(contact(1), &sms()).await;
    world.store.settle(world.end(&started, SettleResult::Done)).await.expect("settles");
    assert_eq!(world.store.freeze(freeze(effect)).await, Ok(Frozen::Settled));
    assert_eq!(world.store.freeze(Freeze { contact: contact(9), ..freeze(effect) }).await, Ok(Frozen::Gone));
    still(&world, behind).await;
}

pub async fn a_move_ends_when_the_mailbox_is_empty(backend: Backend) {
    let world = World::new(backend).await;
    let effect = about_to_move(&world).await;
    assert_eq!(world.store.flip(flip(&[])).await, Ok(Flipped::Not), "it is not frozen");
    world.claimed(contact(1), "m2").await;
    world.queued(contact(1), "m3").await;
    still(&world, effect).await;
    for _ in 0..2 {
        match world.store.flip(flip(&["m2"])).await.expect("answers") {
            Flipped::More(left) => assert_eq!(bodies(&left), ["m3"]),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(world.store.flip(flip(&[])).await, Ok(Flipped::More(_))), "nothing is taken that was not moved");
    world.deliver(contact(1), "m4").await;
    assert!(matches!(world.store.flip(flip(&["m2", "m3"])).await, Ok(Flipped::More(left)) if bodies(&left) == ["m4"]));
    for _ in 0..3 {
        assert_eq!(world.store.flip(flip(&["m4"])).await, Ok(Flipped::Ok));
    }
    assert_eq!(world.store.live(VersionId(7)).await, Ok(0), "lowered once");
    let entries = world.store.read_journal(world.shard(contact(1)), JournalId::START, 100).await.expect("reads");
    let moved = |item: &&replyflow::store::JournalItem| matches!(&item.record, replyflow::store::JournalRecord::Entry(body) if body == "moved");
    assert_eq!(entries.iter().filter(moved).count(), 1);
    let seen = world.store.inspect(contact(1)).await.expect("looks").expect("a stub");
    assert_eq!((seen.place, seen.record.blob.len(), seen.mailbox.len()), (Place::Moved(contact(2)), 0, 0));
    assert!(seen.awaited.is_empty());
    assert_eq!(world.store.freeze(freeze(effect)).await, Ok(Frozen::Moved(contact(2))));
    assert_eq!(world.store.flip(Flip { contact: contact(9), ..flip(&[]) }).await, Ok(Flipped::Gone));
}

pub async fn a_contact_moves_to_one_place(backend: Backend) {
    let world = World::new(backend).await;
    let effect = about_to_move(&world).await;
    still(&world, effect).await;
    let elsewhere = Freeze { into: contact(3), ..freeze(effect) };
    assert_eq!(world.store.freeze(elsewhere.clone()).await, Ok(Frozen::Elsewhere(contact(2))));
    assert_eq!(world.store.flip(Flip { into: contact(3), ..flip(&[]) }).await, Ok(Flipped::Not));
    assert_eq!(world.store.flip(flip(&[])).await, Ok(Flipped::Ok));
    assert_eq!(world.store.freeze(elsewhere).await, Ok(Frozen::Moved(contact(2))));
    assert_eq!(world.store.flip(Flip { into: contact(3), ..flip(&[]) }).await, Ok(Flipped::Not));
}

pub async fn what_was_seen_is_seen_at_the_other_contact(backend: Backend) {
    let world = World::with(backend, |settings| settings.dedupe_cap = 8).await;
    for n in 0..6 {
        world.deliver(contact(2), &format!("c{n}")).await;
    }
    let hashes: Vec<DedupeHash> = (0..20).map(|n| hash(&format!("a{n}"))).collect();
    for _ in 0..2 {
        world.store.remember(contact(2), hashes.clone(), Vec::new()).await.expect("remembers");
    }
    assert_eq!(world.deliver(contact(2), "new").await, Accepted::Queued);
    for n in 0..20 {
        assert_eq!(world.deliver(contact(2), &format!("a{n}")).await, Accepted::Duplicate, "a{n}");
    }
    for n in 0..6 {
        assert_eq!(world.deliver(contact(2), &format!("c{n}")).await, Accepted::Duplicate, "c{n}: nothing of its own is lost");
    }
    let effect = EffectId::parse(&format!("{:0>20}", "7")).expect("an id");
    world.store.remember(contact(2), Vec::new(), vec![effect]).await.expect("takes it");
    for n in 0..20 {
        let name = format!("a{n}");
        let wake = Some(Wake { hash: hash(&name), id: id(&name), body: Bytes::from("report") });
        let report = Report { contact: contact(2), effect, journal: Bytes::from("reported"), wake };
        assert_eq!(world.store.report(report).await, Ok(Reported::Journaled), "{name}: reports are known by the same");
    }
    world.store.remember(contact(5), vec![hash("a1")], Vec::new()).await.expect("remembers");
    assert_eq!(world.deliver(contact(5), "a1").await, Accepted::Duplicate, "also of nobody");
}

/// A report that comes between the end of a move and the turn that takes the run in which waits for it.
pub async fn what_is_awaited_is_awaited_at_the_other_contact_at_once(backend: Backend) {
    let world = World::new(backend).await;
    world.claimed(contact(2), "m1").await;
    world.queued(contact(2), "arrived").await;
    let effect = EffectId::parse(&format!("{:0>20}", "7")).expect("an id");
    for _ in 0..2 {
        world.store.remember(contact(2), Vec::new(), vec![effect]).await.expect("takes it");
        world.store.remember(contact(5), Vec::new(), vec![effect]).await.expect("takes it");
    }
    let report = |to| {
        let wake = Some(Wake { hash: hash("report"), id: id("report"), body: Bytes::from("report") });
        Report { contact: to, effect, journal: Bytes::from("reported"), wake }
    };
    assert_eq!(world.store.report(report(contact(2))).await, Ok(Reported::Queued));
    let seen = world.store.inspect(contact(2)).await.expect("looks").expect("is there");
    assert_eq!(
        (bodies(&seen.mailbox), seen.awaited),
        (["m1", "arrived", "report"].map(str::to_owned).to_vec(), vec![effect]),
        "behind what was carried over"
    );
    assert_eq!(world.store.report(report(contact(5))).await, Ok(Reported::Journaled));
    assert!(world.store.inspect(contact(5)).await.expect("looks").is_none(), "nobody comes to be by it");
}

/// The same, with what moved it settled.
async fn moved_and_settled(world: &World) {
    let effect = moved(world).await;
    let started = world.started(contact(1), &sms()).await;
    assert_eq!(started.id, effect);
    world.store.settle(world.end(&started, SettleResult::Done)).await.expect("settles");
}

async fn moved(world: &World) -> EffectId {
    let effect = about_to_move(world).await;
    still(world, effect).await;
    assert_eq!(world.store.flip(flip(&[])).await, Ok(Flipped::Ok));
    effect
}

pub async fn a_stub_leads_everything_on(backend: Backend) {
    let world = World::new(backend).await;
    let effect = moved(&world).await;
    for _ in 0..2 {
        assert_eq!(world.deliver(contact(1), "m9").await, Accepted::Moved(contact(2)));
    }
    let known = Accept { known: true, full: WhenFull::Refuse, ..urgent(contact(1), "dead") };
    assert_eq!(world.store.accept(known).await, Ok(Accepted::Moved(contact(2))));
    let wake = Some(Wake { hash: hash("report"), id: id("report"), body: Bytes::from("report") });
    let report = Report { contact: contact(1), effect, journal: Bytes::from("reported"), wake };
    assert_eq!(world.store.report(report).await, Ok(Reported::Moved(contact(2))));
    let started = world.started(contact(1), &sms()).await;
    let mut done = world.end(&started, SettleResult::Done);
    done.reply = Some((id("result"), Bytes::from("result")));
    match world.store.settle(done).await.expect("settles") {
        Settled::Moved { to, next: None, .. } => assert_eq!(to, contact(2)),
        other => panic!("{other:?}"),
    }
    let seen = world.store.inspect(contact(1)).await.expect("looks").expect("a stub");
    assert!(seen.mailbox.is_empty() && seen.lane.is_empty());
    let deletion = super::leaving::deletion(&world, contact(1)).await;
    assert_eq!(world.store.forget(deletion).await, Ok(Forgot::Moved(contact(2))));
    let place = async || world.store.inspect(contact(1)).await.expect("looks").map(|seen| seen.place);
    for _ in 0..2 {
        world.store.unlink(contact(1), contact(3)).await.expect("answers");
        world.store.unlink(contact(1), contact(2)).await.expect("answers");
        assert_eq!(place().await, Some(Place::Moved(contact(2))), "what comes again through it is still known");
    }
    // Redis forgets by its own clock.
    if backend == Backend::Embedded {
        world.pass(Span(world.settings.dedupe_ttl.0 + 1));
        world.deliver(contact(9), "m1").await;
        assert_eq!(place().await, None);
        assert_eq!(world.store.link(contact(1), contact(2)).await, Ok(Linked::Ok));
        world.store.unlink(contact(1), contact(2)).await.expect("answers");
        assert_eq!(world.store.link(contact(1), contact(2)).await, Ok(Linked::Ok), "it stays after all");
        world.pass(Span(world.settings.dedupe_ttl.0 + 1));
        world.deliver(contact(9), "m2").await;
        assert_eq!(place().await, Some(Place::Moved(contact(2))));
    }
}

/// A message that failed before its contact became part of another, and is tried again afterwards: the stub says no to all, so that the other
/// one's opt-out is asked for.
pub async fn what_is_done_again_for_a_stub_asks_the_other_one_first(backend: Backend) {
    let world = World::new(backend).await;
    let sends = world.sends(contact(1), &[sms()]).await;
    let failed = world.started(contact(1), &sms()).await;
    assert!(ChannelKind::ALL.into_iter().all(|kind| !failed.stop.stops(kind)));
    world.store.settle(world.end(&failed, SettleResult::Failed)).await.expect("settles");
    moved_and_settled(&world).await;
    let key = FailedKey::Effect(contact(1), sends[0]);
    assert_eq!(world.store.failed_retry(key, Bytes::from("again")).await, Ok(true));
    let started = world.started(contact(1), &sms()).await;
    assert_eq!((started.id, started.stop), (failed.id, StopMask::of(&ChannelKind::ALL)));
}

/// A request in the name of a contact that became part of another, which was deleted meanwhile.
pub async fn what_fails_for_a_stub_that_leads_to_nobody_is_not_kept(backend: Backend) {
    for (ends, kept) in [(false, 1), (true, 0)] {
        let world = World::new(backend).await;
        world.sends(contact(1), &[sms()]).await;
        let started = world.started(contact(1), &sms()).await;
        world.store.settle(world.end(&started, SettleResult::Failed)).await.expect("settles");
        moved_and_settled(&world).await;
        let key = FailedKey::Effect(contact(1), started.id);
        assert_eq!(world.store.failed_retry(key, Bytes::from("again")).await, Ok(true));
        let again = world.started(contact(1), &sms()).await;
        if ends {
            world.store.unlink(contact(1), contact(2)).await.expect("answers");
        }
        let settled = world.store.settle(world.end(&again, SettleResult::Failed)).await;
        assert!(matches!(settled, Ok(Settled::Ok { .. })), "it ends by itself");
        assert_eq!(world.store.failed_list(10).await.expect("lists").len(), kept);
    }
}

pub async fn an_address_leads_to_a_contact(backend: Backend) {
    let world = World::new(backend).await;
    let link = async |address: ContactKey, to| world.store.link(address, to).await.expect("answers");
    for _ in 0..2 {
        assert_eq!(link(contact(1), contact(2)).await, Linked::Ok);
    }
    assert_eq!(link(contact(1), contact(3)).await, Linked::Elsewhere(contact(2)));
    assert_eq!(world.deliver(contact(1), "m1").await, Accepted::Moved(contact(2)));
    world.claimed(contact(2), "m1").await;
    assert_eq!(link(contact(2), contact(3)).await, Linked::Taken);
    assert_eq!(
        world.store.inspect(lane(contact(1)).contact).await.expect("looks").map(|s| s.place),
        Some(Place::Moved(contact(2)))
    );
    // Somebody who is there is not taken away.
    world.store.unlink(contact(2), contact(2)).await.expect("answers");
    assert!(world.store.inspect(contact(2)).await.expect("looks").is_some());
}
