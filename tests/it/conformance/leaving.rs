//! Contacts that are deleted: everything of them goes, and nothing brings them back but a new message.

use super::world::{Backend, World, contact, hash, id, input, lane, push, sms, urgent, whatsapp};
use bytes::Bytes;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::{ContactKey, EffectId, Token, VersionId};
use replyflow::domain::time::{Millis, Span};
use replyflow::store::{
    Accept, Accepted, Claimed, Committed, Emptied, FailedKey, Forget, Forgot, JournalId, JournalRecord, Lane, LanePush,
    NewEffect, Place, Report, Reported, SettleResult, Settled, StartAnswer, StopMask, Wake, WhenFull, WorkSet,
};

/// A deletion of what is there now.
pub async fn deletion(world: &World, key: ContactKey) -> Forget {
    let seen = world.store.inspect(key).await.expect("answers").expect("is there");
    Forget {
        contact: key,
        expect: seen.record.token,
        journal: vec![Bytes::from("forgotten")],
        stop: StopMask::NONE,
        seen: Vec::new(),
        lanes: Vec::new(),
        failed: Vec::new(),
        live: Vec::new(),
    }
}

async fn forget(world: &World, forget: &Forget) -> Forgot {
    world.store.forget(forget.clone()).await.expect("answers")
}

async fn told(world: &World, key: ContactKey) -> Vec<String> {
    let items = world.store.read_journal(world.shard(key), JournalId::START, 100).await.expect("reads");
    let text = |record| match record {
        JournalRecord::Entry(body) => String::from_utf8_lossy(&body).into_owned(),
        JournalRecord::Overflow { .. } => "overflow".to_owned(),
    };
    items.into_iter().map(|item| text(item.record)).collect()
}

/// A contact with one of everything: a message that waits, two sends, a call that is pending, an alarm, live runs.
async fn with_everything(world: &World) -> (Vec<EffectId>, EffectId) {
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    let call = NewEffect { id: commit.new.effect(9), set: WorkSet::Call, body: Bytes::from("a call") };
    let call_id = call.id;
    let own = LanePush { lane: Lane::Own(call.id), due: Millis(0), take: false, effects: vec![call] };
    commit.lanes = vec![push(commit.new, &[sms(), whatsapp()], false), own];
    commit.alarm = Some(world.now() + Span::minutes(5));
    commit.hold = true;
    commit.await_add = vec![commit.new.effect(0)];
    commit.live = vec![(VersionId(7), 2)];
    let ids = commit.lanes[0].effects.iter().map(|effect| effect.id).collect();
    world.committed(commit).await;
    assert_eq!(world.deliver(contact(1), "m2").await, Accepted::Queued, "a call is pending");
    (ids, call_id)
}

pub async fn a_deletion_takes_all_and_leaves_what_was_seen(backend: Backend) {
    let world = World::new(backend).await;
    let (_, call) = with_everything(&world).await;
    let forgotten =
        Forget { lanes: vec![(call, WorkSet::Call)], live: vec![(VersionId(7), -2)], ..deletion(&world, contact(1)).await };
    let emptied = Emptied { inputs: 1, messages: 2, lanes: 1, failed: 0 };
    assert_eq!(forget(&world, &forgotten).await, Forgot::Done(emptied));
    assert_eq!(world.store.inspect(contact(1)).await, Ok(None));
    assert_eq!(forget(&world, &forgotten).await, Forgot::Gone, "the same call again");
    assert_eq!(world.store.live(VersionId(7)).await, Ok(0), "lowered once");
    assert_eq!(told(&world, contact(1)).await.iter().filter(|entry| *entry == "forgotten").count(), 1);
    world.pass(Span::hours(3));
    assert!(world.due(contact(1)).await.is_empty(), "no alarm is left");
    for set in [sms(), whatsapp(), WorkSet::Call] {
        assert!(world.store.due_work(world.shard(contact(1)), &set, 10).await.expect("looks").lanes.is_empty(), "{set}");
    }
    assert_eq!(world.store.claim(contact(1), world.who()).await, Ok(Claimed::Free));
    for message in ["m1", "m2"] {
        assert_eq!(world.deliver(contact(1), message).await, Accepted::Duplicate, "{message} brings nobody back");
    }
    assert_eq!(world.store.inspect(contact(1)).await, Ok(None));
    let anew = world.claimed(contact(1), "m3").await;
    assert_eq!((anew.record.blob.len(), anew.record.token), (0, Token::birth(contact(1), id("m3"))), "a stranger");
    assert!(world.store.own_lanes(contact(1)).await.expect("looks").is_empty());
    // Redis forgets them by its own clock.
    if backend == Backend::Embedded {
        world.pass(Span(world.settings.dedupe_ttl.0 + 1));
        assert_ne!(world.deliver(contact(1), "m1").await, Accepted::Duplicate, "as long as ids are remembered");
    }
}

pub async fn a_deletion_is_refused_on_another_history(backend: Backend) {
    let world = World::new(backend).await;
    with_everything(&world).await;
    let early = deletion(&world, contact(1)).await;
    let before = world.store.inspect(contact(1)).await;
    let wrong = Forget { expect: Token(7), ..early.clone() };
    assert_eq!(forget(&world, &wrong).await, Forgot::Stale);
    assert_eq!(world.store.inspect(contact(1)).await, before, "nothing is touched");
    assert_eq!(forget(&world, &Forget { contact: contact(2), ..early.clone() }).await, Forgot::Gone);
    // A turn that was computed before the deletion and comes after it.
    let Accepted::Claimed(claim) = world.store.accept(urgent(contact(1), "p1")).await.expect("accepts") else {
        panic!("not claimed")
    };
    let late = world.turn(contact(1), &claim);
    assert!(matches!(forget(&world, &early).await, Forgot::Done(Emptied { inputs: 2, .. })), "an input changes no record");
    assert_eq!(world.store.commit(late.clone()).await, Ok(Committed::Gone));
    world.claimed(contact(1), "m3").await;
    assert_eq!(world.store.commit(late).await, Ok(Committed::Stale), "not even when somebody is there again");
}

pub async fn what_is_in_the_air_settles_as_gone(backend: Backend) {
    let world = World::new(backend).await;
    let (ids, call) = with_everything(&world).await;
    let flying = world.started(contact(1), &sms()).await;
    let due = world.store.due_work(world.shard(contact(1)), &WorkSet::Call, 1).await.expect("looks");
    let own = due.lanes[0];
    let StartAnswer::Ok { started: asked, .. } =
        world.store.start(own, &WorkSet::Call, world.who(), Some(due.ticket)).await.expect("starts")
    else {
        panic!("not started")
    };
    let lanes = vec![(call, WorkSet::Call)];
    assert!(matches!(forget(&world, &Forget { lanes, ..deletion(&world, contact(1)).await }).await, Forgot::Done(_)));
    for result in [SettleResult::Done, SettleResult::Failed, SettleResult::Retry { due: world.now() }] {
        assert_eq!(world.store.settle(world.end(&flying, result)).await, Ok(Settled::Gone), "{result:?}");
    }
    let mut answered = world.end(&asked, SettleResult::Done);
    answered.reply = Some((id("result"), Bytes::from("result")));
    assert_eq!(world.store.settle(answered).await, Ok(Settled::Gone));
    let wake = Some(Wake { hash: hash("report"), id: id("report"), body: Bytes::from("report") });
    let report = Report { contact: contact(1), effect: ids[0], journal: Bytes::from("reported"), wake };
    assert_eq!(world.store.report(report).await, Ok(Reported::Journaled), "nobody awaits it any more");
    assert_eq!(world.store.inspect(contact(1)).await, Ok(None), "nothing brings anybody back");
    assert!(world.store.failed_list(10).await.expect("lists").is_empty());
    let late = world.store.start(lane(contact(1)), &sms(), world.who(), None).await;
    assert_eq!(late, Ok(StartAnswer::Gone));
}

/// Effects in lanes of their own.
async fn own_effects(world: &World, sets: &[WorkSet]) -> Vec<EffectId> {
    let claim = world.claimed(contact(1), "own").await;
    let mut commit = world.turn(contact(1), &claim);
    let new = commit.new;
    let effect = |(i, set): (usize, &WorkSet)| {
        let effect = NewEffect { id: new.effect(i), set: set.clone(), body: Bytes::from(format!("own {i}")) };
        LanePush { lane: Lane::Own(effect.id), due: Millis(0), take: false, effects: vec![effect] }
    };
    commit.lanes = sets.iter().enumerate().map(effect).collect();
    let ids = commit.lanes.iter().map(|push| push.effects[0].id).collect();
    world.committed(commit).await;
    ids
}

pub async fn only_the_lanes_that_are_named_go_along(backend: Backend) {
    let world = World::new(backend).await;
    let ids = own_effects(&world, &[WorkSet::Call, WorkSet::Post, WorkSet::Post]).await;
    world.sends(contact(2), &[sms()]).await;
    let mut own = world.store.own_lanes(contact(1)).await.expect("looks");
    own.sort_by_key(|outgoing| ids.iter().position(|id| *id == outgoing.id));
    let seen: Vec<_> = own.iter().map(|outgoing| (outgoing.id, outgoing.set.clone(), &outgoing.body[..])).collect();
    let expected: Vec<(EffectId, WorkSet, &[u8])> =
        vec![(ids[0], WorkSet::Call, b"own 0"), (ids[1], WorkSet::Post, b"own 1"), (ids[2], WorkSet::Post, b"own 2")];
    assert_eq!(seen, expected);
    assert!(world.store.own_lanes(contact(2)).await.expect("looks").is_empty(), "messages are in a lane of all");
    let lanes = vec![(ids[0], WorkSet::Call), (ids[1], WorkSet::Post)];
    let forgotten = Forget { lanes, seen: vec![hash("on its way")], ..deletion(&world, contact(1)).await };
    assert_eq!(forget(&world, &forgotten).await, Forgot::Done(Emptied { lanes: 2, ..Emptied::default() }));
    let left = world.store.own_lanes(contact(1)).await.expect("looks");
    assert_eq!(left.iter().map(|outgoing| outgoing.id).collect::<Vec<_>>(), [ids[2]], "an alert ends by itself");
    assert_eq!(world.deliver(contact(1), "on its way").await, Accepted::Duplicate);
    assert_eq!(world.started(contact(2), &sms()).await.attempt, 1, "others are not touched");
}

pub async fn what_failed_goes_along_and_nothing_is_kept_afterwards(backend: Backend) {
    let world = World::new(backend).await;
    let ids = own_effects(&world, &[WorkSet::Post, WorkSet::Post]).await;
    world.sends(contact(2), &[sms()]).await;
    let others = world.started(contact(2), &sms()).await;
    world.store.settle(world.end(&others, SettleResult::Failed)).await.expect("settles");
    let due = world.store.due_work(world.shard(contact(1)), &WorkSet::Post, 2).await.expect("looks");
    let mut started = Vec::new();
    for own in due.lanes {
        match world.store.start(own, &WorkSet::Post, world.who(), Some(due.ticket)).await.expect("starts") {
            StartAnswer::Ok { started: one, .. } => started.push(one),
            other => panic!("{other:?}"),
        }
    }
    world.store.settle(world.end(&started[0], SettleResult::Failed)).await.expect("settles");
    assert_eq!(world.store.failed_list(10).await.expect("lists").len(), 2);
    for (who, what) in
        [(1, vec![FailedKey::Effect(contact(1), started[0].id)]), (2, vec![FailedKey::Effect(contact(2), others.id)])]
    {
        assert_eq!(world.store.failed_of(contact(who)).await, Ok(what));
    }
    assert_eq!(world.store.failed_of(contact(3)).await, Ok(Vec::new()));
    let key = FailedKey::Effect(contact(1), started[0].id);
    let not_mine = FailedKey::Effect(contact(1), others.id);
    let forgotten = Forget { failed: vec![key, not_mine], ..deletion(&world, contact(1)).await };
    assert_eq!(forget(&world, &forgotten).await, Forgot::Done(Emptied { failed: 1, ..Emptied::default() }));
    assert!(ids.contains(&started[1].id));
    let settled = world.store.settle(world.end(&started[1], SettleResult::Failed)).await;
    assert!(matches!(settled, Ok(Settled::Ok { .. })), "it ends by itself");
    let left: Vec<FailedKey> = world.store.failed_list(10).await.expect("lists").into_iter().map(|item| item.key).collect();
    assert_eq!(left, [FailedKey::Effect(contact(2), others.id)], "of the deleted contact nothing is kept");
}

pub async fn an_opt_out_survives_and_whoever_comes_again_begins_with_it(backend: Backend) {
    let world = World::new(backend).await;
    let stop = StopMask::of(&[ChannelKind::Sms]);
    let claim = world.claimed(contact(1), "STOP").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.stop = stop;
    world.committed(commit).await;
    let forgotten = Forget { stop, ..deletion(&world, contact(1)).await };
    assert!(matches!(forget(&world, &forgotten).await, Forgot::Done(_)));
    assert_eq!(world.store.suppressed(contact(1)).await, Ok(stop));
    let claim = world.claimed(contact(1), "m1").await;
    assert_eq!((claim.record.stop, claim.record.blob.len()), (stop, 0));
    assert_eq!(world.store.inspect(contact(1)).await.expect("looks").expect("is there").place, Place::Here);
    // They want messages again, and are deleted once more: then nothing of it is kept.
    world.committed(world.turn(contact(1), &claim)).await;
    assert!(matches!(forget(&world, &deletion(&world, contact(1)).await).await, Forgot::Done(_)));
    assert_eq!(world.store.suppressed(contact(1)).await, Ok(StopMask::NONE));
    // An address that is not the contact's own one.
    for _ in 0..2 {
        world.store.suppress(contact(3), stop).await.expect("keeps");
    }
    assert_eq!(world.claimed(contact(3), "m1").await.record.stop, stop);
    world.store.suppress(contact(3), StopMask::NONE).await.expect("forgets");
    assert_eq!(world.store.suppressed(contact(3)).await, Ok(StopMask::NONE));
    assert_eq!(world.claimed(contact(4), "m1").await.record.stop, StopMask::NONE);
}

pub async fn an_input_for_somebody_known_begins_nobody(backend: Backend) {
    let world = World::new(backend).await;
    let known = |n, message: &str| Accept { known: true, full: WhenFull::Refuse, ..urgent(contact(n), message) };
    for _ in 0..2 {
        assert_eq!(world.store.accept(known(1, "dead")).await, Ok(Accepted::Nobody));
    }
    assert_eq!(world.store.inspect(contact(1)).await, Ok(None));
    world.claimed(contact(1), "m1").await;
    assert_eq!(world.store.accept(known(1, "dead")).await, Ok(Accepted::Queued), "it was not seen before");
    assert_eq!(world.store.accept(known(1, "dead")).await, Ok(Accepted::Duplicate));
    // What was accepted elsewhere has room in any case. Whoever has the shared cluster gives it back first.
    drop(world);
    let world = World::with(backend, |settings| settings.mailbox_max = 1).await;
    world.claimed(contact(1), "m1").await;
    let moved = |message: &str| Accept { full: WhenFull::Take, ..input(contact(1), message) };
    assert_eq!(world.store.accept(moved("m2")).await, Ok(Accepted::Queued));
    assert_eq!(world.deliver(contact(1), "m3").await, Accepted::Full);
    assert_eq!(world.store.accept(moved("m4")).await, Ok(Accepted::Queued));
}

pub async fn what_was_deleted_is_written_over(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "the-words-of-the-person").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.blob = Bytes::from("the-words-of-the-person".repeat(300));
    world.committed(commit).await;
    assert!(matches!(forget(&world, &deletion(&world, contact(1)).await).await, Forgot::Done(_)));
    let at = world.store.read_journal(world.shard(contact(1)), JournalId::START, 10).await.expect("reads");
    let to = at.last().expect("an entry").id;
    let advance = replyflow::store::Advance {
        shard: world.shard(contact(1)),
        subscriber: "history".to_owned(),
        from: JournalId::START,
        to,
        guard: true,
    };
    world.store.advance(advance).await.expect("advances");
    world.store.compact().await.expect("compacts");
    if backend == Backend::Embedded {
        for file in ["replyflow.db", "replyflow.db-wal"] {
            let bytes = std::fs::read(world.folder.path().join(file)).unwrap_or_default();
            let found = bytes.windows(23).any(|window| window == b"the-words-of-the-person");
            assert!(!found, "{file} still has it");
        }
    }
    world.claimed(contact(2), "m1").await;
}
