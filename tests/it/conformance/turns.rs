//! `commit`: all or nothing, once, on the right history.

use super::world::{Backend, World, bodies, contact, id, lane, push, sms, urgent, whatsapp};
use bytes::Bytes;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::{Token, VersionId};
use replyflow::domain::limits;
use replyflow::domain::time::{Millis, Span};
use replyflow::store::{
    Accepted, Claimed, Commit, Committed, JournalId, JournalRecord, Lane, LanePush, OutgoingState, StartAnswer, StopMask,
    StoreError, WorkSet,
};

pub async fn a_commit_writes_everything_at_once(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.stop = StopMask::of(&[ChannelKind::WhatsApp]);
    commit.alarm = Some(world.now() + Span::minutes(5));
    commit.lanes = vec![push(commit.new, &[sms(), sms()], false)];
    commit.await_add = vec![commit.new.effect(0)];
    commit.live = vec![(VersionId(7), 1)];
    let (more, started) = world.committed(commit.clone()).await;
    assert!(more.is_empty() && started.is_empty());
    let seen = world.store.inspect(contact(1)).await.expect("looks").expect("is there");
    assert_eq!((seen.record.token, &seen.record.blob, seen.record.stop), (commit.new, &commit.blob, commit.stop));
    assert!(seen.mailbox.is_empty() && !seen.record.held);
    assert_eq!(seen.attention, commit.alarm);
    assert_eq!(seen.awaited, commit.await_add);
    let lane: Vec<_> = seen.lane.iter().map(|out| (out.id, out.set.clone(), out.state, out.attempts, out.body.clone())).collect();
    let expected: Vec<_> = commit.lanes[0]
        .effects
        .iter()
        .map(|effect| (effect.id, effect.set.clone(), OutgoingState::Queued, 0, effect.body.clone()))
        .collect();
    assert_eq!(lane, expected);
    assert_eq!(world.store.live(VersionId(7)).await, Ok(1));
    let journal = world.store.read_journal(world.shard(contact(1)), JournalId::START, 10).await.expect("reads");
    let records: Vec<_> = journal.into_iter().map(|item| item.record).collect();
    assert_eq!(records, [JournalRecord::Entry(commit.journal)], "one entry");
}

pub async fn a_repeated_commit_is_already_there(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.lanes = vec![push(commit.new, &[sms()], true)];
    let (_, started) = world.committed(commit.clone()).await;
    assert_eq!(world.store.commit(commit.clone()).await, Ok(Committed::Already));
    let again = world.store.start(lane(contact(1)), &sms(), commit.who, None).await.expect("starts");
    let StartAnswer::Ok { started: again, .. } = again else { panic!("not given again but {again:?}") };
    assert_eq!(again, started[0], "the same who gets what the lost answer had, as sure");
    let journal = world.store.read_journal(world.shard(contact(1)), JournalId::START, 10).await.expect("reads");
    assert_eq!(journal.len(), 1);
}

pub async fn a_commit_on_another_history_is_stale(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    // Two workers have the same claim: one was paused.
    let (quick, slow) = (world.turn(contact(1), &claim), Commit { new: Token(99), ..world.turn(contact(1), &claim) });
    world.committed(quick.clone()).await;
    let before = world.store.inspect(contact(1)).await;
    assert_eq!(world.store.commit(slow).await, Ok(Committed::Stale));
    assert_eq!(world.store.inspect(contact(1)).await, before, "nothing changed");
    let unknown = Commit { contact: contact(2), ..quick };
    assert_eq!(world.store.commit(unknown).await, Ok(Committed::Gone));
}

pub async fn a_missing_input_stops_the_commit(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.consumed.push(id("never accepted"));
    let before = world.store.inspect(contact(1)).await;
    assert_eq!(world.store.commit(commit).await, Ok(Committed::Missing));
    assert_eq!(world.store.inspect(contact(1)).await, before, "nothing changed");
}

pub async fn a_commit_that_cannot_be_written_whole_is_refused_before(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let before = world.store.inspect(contact(1)).await;
    let good = world.turn(contact(1), &claim);
    let sets = |n: usize| vec![sms(); n];
    let lanes = |pushes: Vec<LanePush>| Commit { lanes: pushes, ..good.clone() };
    let refused = [
        lanes(vec![push(good.new, &[], false)]),
        lanes(vec![push(good.new, &sets(limits::EFFECTS_PER_COMMIT + 1), false)]),
        lanes(vec![push(good.new, &sets(1), false), push(good.new, &sets(1), false)]),
        Commit { blob: Bytes::from(vec![0; limits::RECORD_BYTES + 1]), ..good.clone() },
        Commit { set_aside: vec![id("another")], ..good.clone() },
    ];
    for commit in refused {
        assert!(matches!(world.store.commit(commit).await, Err(StoreError::Bug(_))));
    }
    assert_eq!(world.store.inspect(contact(1)).await, before, "nothing changed");
    let largest = Commit {
        blob: Bytes::from(vec![0; limits::RECORD_BYTES]),
        ..lanes(vec![push(good.new, &sets(limits::EFFECTS_PER_COMMIT), true)])
    };
    let (_, started) = world.committed(largest).await;
    assert_eq!(started.len(), 1);
}

pub async fn a_held_contact_lets_only_priority_pass(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    assert_eq!(world.deliver(contact(1), "m2").await, Accepted::Queued);
    let mut commit = world.turn(contact(1), &claim);
    commit.hold = true;
    let (more, _) = world.committed(commit).await;
    assert!(more.is_empty(), "m2 waits for the call");
    assert_eq!(world.store.inspect(contact(1)).await.expect("looks").expect("is there").attention, None);
    assert_eq!(world.deliver(contact(1), "m3").await, Accepted::Queued, "so does m3");
    assert!(world.due(contact(1)).await.is_empty(), "nobody needs to look");
    let Accepted::Claimed(stop) = world.store.accept(urgent(contact(1), "stop")).await.expect("accepts") else {
        panic!("STOP does not wait");
    };
    assert!(stop.record.held);
    assert_eq!(bodies(&stop.inputs), ["stop"]);
    // The result of the call ends the hold: it is taken from behind the messages, which are then handed over in order.
    let (more, _) = world.committed(world.turn(contact(1), &stop)).await;
    assert_eq!(bodies(&more), ["m2", "m3"]);
}

pub async fn a_held_contact_is_claimed_for_priority_after_a_crash(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.hold = true;
    world.committed(commit).await;
    world.deliver(contact(1), "m2").await;
    world.store.accept(urgent(contact(1), "p1")).await.expect("accepts");
    world.store.accept(urgent(contact(1), "p2")).await.expect("accepts");
    world.pass(world.settings.claim_lease);
    assert_eq!(world.due(contact(1)).await, [contact(1)]);
    let Claimed::Claimed(claim) = world.store.claim(contact(1), world.who()).await.expect("claims") else {
        panic!("not claimed")
    };
    assert_eq!(bodies(&claim.inputs), ["p1", "p2"]);
    let mut commit = world.turn(contact(1), &claim);
    (commit.hold, commit.consumed) = (true, vec![id("p1")]);
    let (more, _) = world.committed(commit).await;
    assert_eq!(bodies(&more), ["p2"], "held still: only priority");
}

pub async fn a_worker_that_does_not_keep_leaves_the_rest_due_now(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    world.deliver(contact(1), "m2").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.keep = false;
    let (more, _) = world.committed(commit).await;
    assert!(more.is_empty());
    assert_eq!(world.due(contact(1)).await, [contact(1)]);
}

pub async fn an_alarm_is_found_cancelled_and_moved(backend: Backend) {
    let world = World::new(backend).await;
    let mut claim = world.claimed(contact(1), "m1").await;
    let at = world.now() + Span::hours(1);
    let mut commit = world.turn(contact(1), &claim);
    commit.alarm = Some(at);
    world.committed(commit).await;
    let look = world.store.look(&[sms()]).await.expect("looks");
    assert_eq!((look.ready.len(), look.next), (0, Some(at)));
    // A message moves it.
    claim = world.claimed(contact(1), "m2").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.alarm = Some(at + Span::hours(1));
    world.committed(commit).await;
    world.pass(Span::hours(1));
    assert!(world.due(contact(1)).await.is_empty());
    // A message cancels it.
    claim = world.claimed(contact(1), "m3").await;
    world.committed(world.turn(contact(1), &claim)).await;
    world.pass(Span::hours(2));
    assert!(world.due(contact(1)).await.is_empty());
    assert_eq!(world.store.look(&[sms()]).await.expect("looks").next, None, "an idle store has nothing");
}

pub async fn the_committer_takes_what_it_can_send_now(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    let call = commit.new.effect(10);
    let own = |set: WorkSet, due: Millis, take: bool, n: usize| LanePush {
        lane: Lane::Own(commit.new.effect(n)),
        due,
        take,
        effects: vec![replyflow::store::NewEffect { id: commit.new.effect(n), set, body: Bytes::from("own") }],
    };
    commit.stop = StopMask::of(&[ChannelKind::Sms]);
    commit.lanes = vec![
        push(commit.new, &[sms(), whatsapp()], true),
        own(WorkSet::Call, world.now(), true, 10),
        own(WorkSet::Call, world.now() + Span::minutes(1), true, 11),
        own(WorkSet::Post, Millis(0), false, 12),
    ];
    let (_, started) = world.committed(commit.clone()).await;
    let got: Vec<_> = started.iter().map(|s| (s.lane, s.id, s.set.clone(), s.attempt, s.unsure, s.stop)).collect();
    assert_eq!(
        got,
        [
            (lane(contact(1)), commit.new.effect(0), sms(), 1, false, commit.stop),
            (
                replyflow::store::LaneKey { contact: contact(1), lane: Lane::Own(call) },
                call,
                WorkSet::Call,
                1,
                false,
                commit.stop
            ),
        ]
    );
    let shard = world.shard(contact(1));
    let post = world.store.due_work(shard, &WorkSet::Post, 10).await.expect("looks");
    assert_eq!(post.lanes.len(), 1, "not taken: anybody's");
    let calls = world.store.due_work(shard, &WorkSet::Call, 10).await.expect("looks");
    assert_eq!((calls.lanes.len(), calls.next), (0, Some(world.now() + Span::minutes(1))), "due in a minute");
    assert!(world.store.due_work(shard, &whatsapp(), 10).await.expect("looks").lanes.is_empty(), "behind the SMS");
}

pub async fn effects_join_the_end_of_a_busy_lane(backend: Backend) {
    let world = World::new(backend).await;
    let first = world.sends(contact(1), &[sms()]).await;
    let claim = world.claimed(contact(1), "m2").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.lanes = vec![push(commit.new, &[sms()], true)];
    let (_, started) = world.committed(commit.clone()).await;
    assert!(started.is_empty(), "the lane is busy: nothing overtakes");
    let seen = world.store.inspect(contact(1)).await.expect("looks").expect("is there");
    let order: Vec<_> = seen.lane.iter().map(|out| out.id).collect();
    assert_eq!(order, [first[0], commit.new.effect(0)]);
}

pub async fn live_runs_are_counted_by_version(backend: Backend) {
    let world = World::new(backend).await;
    for (n, change) in [(1, 2), (2, 1), (3, -3)] {
        let claim = world.claimed(contact(n), "m1").await;
        let mut commit = world.turn(contact(n), &claim);
        commit.live = vec![(VersionId(5), change), (VersionId(6), 1)];
        world.committed(commit).await;
    }
    assert_eq!(world.store.live(VersionId(5)).await, Ok(0));
    assert_eq!(world.store.live(VersionId(6)).await, Ok(3));
    assert_eq!(world.store.live(VersionId(7)).await, Ok(0));
}
