//! Messages that are given up: what surely has not left is taken out of its lane, and nothing else.

use super::world::{Backend, World, contact, id, lane, push, sms, whatsapp};
use bytes::Bytes;
use replyflow::domain::id::EffectId;
use replyflow::domain::time::Span;
use replyflow::store::{Commit, Committed, JournalId, JournalRecord, SettleResult, StartAnswer, Started, Withdrawal, WorkSet};

/// A commit that gives these up; the contact hears of it.
async fn giving_up(world: &World, message: &str, ids: &[EffectId]) -> Commit {
    let mut commit = silently(world, message, ids).await;
    for given_up in &mut commit.withdraw {
        let end = format!("end of {}", given_up.id);
        given_up.reply = Some((id(&end), Bytes::from(end)));
    }
    commit
}

/// The same, and it does not.
async fn silently(world: &World, message: &str, ids: &[EffectId]) -> Commit {
    let claim = world.claimed(contact(1), message).await;
    let mut commit = world.turn(contact(1), &claim);
    commit.keep = false;
    let given_up =
        |effect: &EffectId| Withdrawal { id: *effect, journal: Bytes::from(format!("given up {effect}")), reply: None };
    commit.withdraw = ids.iter().map(given_up).collect();
    commit
}

async fn withdrawn(world: &World, commit: Commit) -> (Vec<EffectId>, Vec<Started>) {
    match world.store.commit(commit).await.expect("commits") {
        Committed::Ok { withdrawn, started, .. } => (withdrawn, started),
        other => panic!("not written but {other:?}"),
    }
}

async fn due(world: &World, set: &WorkSet) -> usize {
    world.store.due_work(world.shard(contact(1)), set, 10).await.expect("looks").lanes.len()
}

async fn told(world: &World) -> Vec<String> {
    let items = world.store.read_journal(world.shard(contact(1)), JournalId::START, 100).await.expect("reads");
    let text = |record: JournalRecord| match record {
        JournalRecord::Entry(body) => String::from_utf8_lossy(&body).into_owned(),
        JournalRecord::Overflow { .. } => "overflow".to_owned(),
    };
    items.into_iter().map(|item| text(item.record)).filter(|text| text.starts_with("given up")).collect()
}

pub async fn a_lane_goes_on_without_what_is_given_up(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[whatsapp(), sms()]).await;
    let first = world.started(contact(1), &whatsapp()).await;
    // The provider is down: surely not sent, again in an hour.
    world.store.settle(world.end(&first, SettleResult::Retry { due: world.now() + Span::hours(1) })).await.expect("settles");
    assert_eq!((due(&world, &whatsapp()).await, due(&world, &sms()).await), (0, 0), "the second waits behind it");
    let commit = giving_up(&world, "m2", &ids[..1]).await;
    assert_eq!(withdrawn(&world, commit.clone()).await.0, ids[..1]);
    assert_eq!(world.store.commit(commit).await, Ok(Committed::Already), "a repeat");
    assert_eq!(told(&world).await, [format!("given up {}", ids[0])]);
    assert_eq!(world.due(contact(1)).await, [contact(1)], "the contact hears of it");
    let seen = world.store.inspect(contact(1)).await.expect("looks").expect("is there");
    assert_eq!(seen.mailbox.iter().map(|entry| entry.id).collect::<Vec<_>>(), [id(&format!("end of {}", ids[0]))]);
    assert_eq!(seen.lane.iter().map(|outgoing| outgoing.id).collect::<Vec<_>>(), ids[1..]);
    let second = world.started(contact(1), &sms()).await;
    assert_eq!((second.id, second.attempt, second.unsure), (ids[1], 1, false), "at once");
    world.store.settle(world.end(&second, SettleResult::Done)).await.expect("settles");
    world.pass(Span::hours(2));
    assert_eq!((due(&world, &whatsapp()).await, due(&world, &sms()).await), (0, 0), "the first never leaves");
    assert!(world.store.failed_list(10).await.expect("lists").is_empty(), "nobody need look at it");
}

pub async fn what_is_under_way_or_unsure_stays(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[whatsapp(), sms()]).await;
    let first = world.started(contact(1), &whatsapp()).await;
    let commit = giving_up(&world, "m2", &ids[..1]).await;
    assert!(withdrawn(&world, commit).await.0.is_empty(), "somebody sends it now");
    assert!(world.due(contact(1)).await.is_empty() && told(&world).await.is_empty(), "nobody is told");
    world.store.settle(world.end(&first, SettleResult::RetryUnsure { due: world.now() })).await.expect("settles");
    let commit = giving_up(&world, "m3", &ids[..1]).await;
    assert!(withdrawn(&world, commit).await.0.is_empty(), "it may have arrived");
    let again = world.started(contact(1), &whatsapp()).await;
    assert_eq!((again.id, again.unsure), (ids[0], true));
    let commit = giving_up(&world, "m4", &ids[..1]).await;
    assert!(withdrawn(&world, commit).await.0.is_empty());
    world.store.settle(world.end(&again, SettleResult::Done)).await.expect("settles");
    let commit = giving_up(&world, "m5", &ids[..1]).await;
    assert!(withdrawn(&world, commit).await.0.is_empty(), "it left");
    assert_eq!(world.started(contact(1), &sms()).await.id, ids[1], "the lane goes on");
}

pub async fn a_lane_that_is_given_up_whole_begins_anew(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[whatsapp(), sms(), whatsapp()]).await;
    // What stands in the middle or at the end, first.
    let commit = silently(&world, "m2", &ids[1..]).await;
    assert_eq!(withdrawn(&world, commit).await.0, ids[1..]);
    let mut commit = silently(&world, "m3", &ids[..1]).await;
    commit.lanes = vec![push(commit.new, &[sms()], true)];
    let new = commit.lanes[0].effects[0].id;
    let (gone, started) = withdrawn(&world, commit).await;
    assert_eq!((gone, started.iter().map(|started| started.id).collect::<Vec<_>>()), (ids[..1].to_vec(), vec![new]));
    world.store.settle(world.end(&started[0], SettleResult::Done)).await.expect("settles");
    // All of it, and nothing new.
    let claim = world.claimed(contact(1), "m4").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.lanes = vec![push(commit.new, &[whatsapp()], false)];
    let ids = vec![commit.lanes[0].effects[0].id];
    world.committed(commit).await;
    let commit = silently(&world, "m5", &ids).await;
    assert_eq!(withdrawn(&world, commit).await.0, ids);
    world.pass(Span::hours(1));
    assert_eq!((due(&world, &whatsapp()).await, due(&world, &sms()).await), (0, 0), "no lane is left");
}

pub async fn a_ticket_for_what_was_given_up_starts_nothing(backend: Backend) {
    for behind in [whatsapp(), sms()] {
        let world = World::new(backend).await;
        let ids = world.sends(contact(1), &[whatsapp(), behind.clone()]).await;
        let leased = world.store.due_work(world.shard(contact(1)), &whatsapp(), 10).await.expect("looks");
        assert_eq!(leased.lanes, [lane(contact(1))]);
        let commit = giving_up(&world, "m2", &ids[..1]).await;
        assert_eq!(withdrawn(&world, commit).await.0, ids[..1]);
        let late = world.store.start(lane(contact(1)), &whatsapp(), world.who(), Some(leased.ticket)).await.expect("starts");
        let expected = if behind == whatsapp() { StartAnswer::Taken } else { StartAnswer::Gone };
        assert_eq!(late, expected);
        assert_eq!(world.started(contact(1), &behind).await.id, ids[1]);
    }
}

pub async fn a_commit_on_another_history_gives_nothing_up(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[sms()]).await;
    let mut commit = giving_up(&world, "m2", &ids).await;
    commit.expect = replyflow::domain::id::Token(7);
    assert_eq!(world.store.commit(commit).await, Ok(Committed::Stale));
    assert_eq!(world.started(contact(1), &sms()).await.id, ids[0]);
}
