//! `due_work`, `start`, `settle`, `report`: an effect is done, tried again, or visibly failed.

use super::world::{Backend, World, bodies, contact, hash, id, lane, push, sms, urgent, whatsapp};
use bytes::Bytes;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::input::Class;
use replyflow::domain::name::Slug;
use replyflow::domain::time::{Millis, Span};
use replyflow::store::{
    Commit, JournalId, JournalRecord, Lane, LanePush, NewEffect, OutgoingState, Report, Reported, Settle, SettleResult, Settled,
    StartAnswer, Started, StopMask, Ticket, Wake, WorkSet,
};

async fn settle(world: &World, settle: Settle) -> Settled {
    world.store.settle(settle).await.expect("settles")
}

fn next(settled: Settled) -> Option<Started> {
    match settled {
        Settled::Ok { next, .. } | Settled::Claimed { next, .. } => next,
        other => panic!("not settled but {other:?}"),
    }
}

pub async fn a_ticket_starts_once(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[sms()]).await;
    let shard = world.shard(contact(1));
    let first = world.store.due_work(shard, &sms(), 10).await.expect("looks");
    assert_eq!(first.lanes, [lane(contact(1))]);
    assert!(world.store.due_work(shard, &sms(), 10).await.expect("looks").lanes.is_empty(), "leased");
    // The taker sleeps until its lease is over and another one takes the lane.
    world.pass(world.settings.send_lease);
    let second = world.store.due_work(shard, &sms(), 10).await.expect("looks");
    assert_eq!(second.lanes, [lane(contact(1))]);
    let late = world.store.start(lane(contact(1)), &sms(), world.who(), Some(first.ticket)).await;
    assert_eq!(late, Ok(StartAnswer::Taken), "its ticket has lapsed");
    let who = world.who();
    world.pass(Span(1));
    let taken = world.store.start(lane(contact(1)), &sms(), who, Some(second.ticket)).await.expect("starts");
    let StartAnswer::Ok { started, now } = taken.clone() else { panic!("not started but {taken:?}") };
    assert_eq!((started.id, started.attempt, started.unsure, now), (ids[0], 1, false, world.now()));
    assert_eq!(world.store.start(lane(contact(1)), &sms(), who, Some(second.ticket)).await, Ok(taken), "a repeat");
    let other = world.store.start(lane(contact(1)), &sms(), world.who(), Some(second.ticket)).await;
    assert_eq!(other, Ok(StartAnswer::Taken), "the ticket is used");
    assert_eq!(world.store.start(lane(contact(1)), &sms(), world.who(), None).await, Ok(StartAnswer::Taken));
    let empty = world.store.start(lane(contact(2)), &sms(), world.who(), Some(Ticket(1))).await;
    assert_eq!(empty, Ok(StartAnswer::Gone));
}

pub async fn what_a_dead_sender_began_is_unsure(backend: Backend) {
    let world = World::new(backend).await;
    world.sends(contact(1), &[sms()]).await;
    assert!(!world.started(contact(1), &sms()).await.unsure);
    world.pass(Span(world.settings.send_lease.0 + 1));
    let again = world.started(contact(1), &sms()).await;
    assert!(again.unsure, "nobody knows whether it was sent");
    assert_eq!(again.attempt, 2);
    // Sure again is never said: not to a repeat by the same who, and not after a retry.
    world.pass(Span(world.settings.send_lease.0 + 1));
    let shard = world.shard(contact(1));
    let due = world.store.due_work(shard, &sms(), 1).await.expect("looks");
    let who = world.who();
    for _ in 0..2 {
        let answer = world.store.start(lane(contact(1)), &sms(), who, Some(due.ticket)).await.expect("starts");
        let StartAnswer::Ok { started, .. } = answer else { panic!("not started") };
        assert!(started.unsure, "also when the answer was lost");
        assert_eq!(started.attempt, 3);
    }
    let mut third = world.end(&again, SettleResult::Retry { due: world.now() });
    third.attempt = 3;
    assert_eq!(next(settle(&world, third).await), None);
    assert!(world.started(contact(1), &sms()).await.unsure, "an attempt that began unsure stays so");
}

pub async fn what_surely_did_not_leave_may_go_elsewhere_under_its_name(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[sms(), sms()]).await;
    let first = world.started(contact(1), &sms()).await;
    let elsewhere = WorkSet::Talk(Slug::parse("backup-sms").expect("a slug"));
    let retry = SettleResult::Retry { due: world.now() };
    let body = Bytes::from_static(b"over the other one");
    let moved = Settle { instead: Some((elsewhere.clone(), body.clone())), ..world.end(&first, retry) };
    assert_eq!(next(settle(&world, moved.clone()).await), None);
    assert!(world.store.work_sets().await.expect("lists").contains(&elsewhere), "whoever does not know it finds it");
    assert!(world.store.due_work(world.shard(contact(1)), &sms(), 1).await.expect("looks").lanes.is_empty());
    let there = world.started(contact(1), &elsewhere).await;
    assert_eq!((there.id, there.attempt, there.unsure, &there.body), (ids[0], 2, false, &body));
    assert_eq!(settle(&world, moved).await, Settled::Stale, "a repeat");
    // What began unsure stays what it was, where it was.
    world.pass(Span(world.settings.send_lease.0 + 1));
    let again = world.started(contact(1), &elsewhere).await;
    assert!(again.unsure);
    let back = Settle {
        instead: Some((sms(), Bytes::from_static(b"no"))),
        ..world.end(&again, SettleResult::Retry { due: world.now() })
    };
    assert_eq!(next(settle(&world, back).await), None);
    let still = world.started(contact(1), &elsewhere).await;
    assert_eq!((still.unsure, &still.body), (true, &body));
    let mut done = world.end(&still, SettleResult::Done);
    done.take = vec![sms()];
    assert_eq!(next(settle(&world, done).await).expect("the next one").id, ids[1], "order holds over channels");
}

pub async fn what_was_taken_on_the_way_and_not_sent_is_unsure_too(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.lanes = vec![push(commit.new, &[sms(), sms()], true)];
    let (_, taken) = world.committed(commit).await;
    let shard = world.shard(contact(1));
    assert!(world.store.due_work(shard, &sms(), 1).await.expect("looks").lanes.is_empty(), "the committer has it");
    // The committer dies; another one sends the first, takes the second and dies.
    world.pass(Span(world.settings.send_lease.0 + 1));
    let first = world.started(contact(1), &sms()).await;
    assert_eq!((first.id, first.attempt, first.unsure), (taken[0].id, 2, true));
    let mut done = world.end(&first, SettleResult::Done);
    done.take = vec![sms()];
    let second = next(settle(&world, done).await).expect("takes");
    assert!(world.store.due_work(shard, &sms(), 1).await.expect("looks").lanes.is_empty(), "the settler has it");
    world.pass(Span(world.settings.send_lease.0 + 1));
    let again = world.started(contact(1), &sms()).await;
    assert_eq!((again.id, again.attempt, again.unsure), (second.id, 2, true));
}

pub async fn a_sure_retry_is_sure_and_an_unsure_one_is_not(backend: Backend) {
    let world = World::new(backend).await;
    world.sends(contact(1), &[sms()]).await;
    let first = world.started(contact(1), &sms()).await;
    let due = world.now() + Span::seconds(7);
    let retry = world.end(&first, SettleResult::Retry { due });
    assert_eq!(next(settle(&world, retry.clone()).await), None);
    assert_eq!(next(settle(&world, retry.clone()).await), None, "a repeat is the same");
    assert!(world.store.due_work(world.shard(contact(1)), &sms(), 1).await.expect("looks").lanes.is_empty());
    world.pass(Span::seconds(7));
    let second = world.started(contact(1), &sms()).await;
    assert_eq!((second.attempt, second.unsure, second.id), (2, false, first.id));
    assert_eq!(settle(&world, retry).await, Settled::Stale, "the first attempt is over");
    let unsure = world.end(&second, SettleResult::RetryUnsure { due: world.now() });
    assert_eq!(next(settle(&world, unsure).await), None);
    let third = world.started(contact(1), &sms()).await;
    assert_eq!((third.attempt, third.unsure), (3, true));
}

pub async fn settling_takes_the_next_in_order(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.stop = StopMask::of(&[ChannelKind::WhatsApp]);
    commit.lanes = vec![push(commit.new, &[sms(), sms(), sms()], true)];
    let (_, started) = world.committed(commit.clone()).await;
    let mut current = started[0].clone();
    for n in 1..3 {
        let mut done = world.end(&current, SettleResult::Done);
        done.take = vec![sms()];
        let who = done.who;
        let taken = next(settle(&world, done.clone()).await).expect("takes the next");
        assert_eq!((taken.id, taken.attempt, taken.unsure, taken.stop), (commit.new.effect(n), 1, false, commit.stop));
        assert_eq!(settle(&world, done).await, Settled::Gone, "a repeat");
        let again = world.store.start(lane(contact(1)), &sms(), who, None).await.expect("starts");
        let StartAnswer::Ok { started, .. } = again else { panic!("not given again but {again:?}") };
        assert_eq!(started, taken, "what the lost answer had");
        current = taken;
    }
    let mut last = world.end(&current, SettleResult::Done);
    last.take = vec![sms()];
    assert_eq!(next(settle(&world, last).await), None);
    assert_eq!(world.store.look(&[sms()]).await.expect("looks").ready, [], "the lane is gone");
    assert_eq!(world.store.look(&[sms()]).await.expect("looks").next, None);
}

pub async fn a_gap_delays_what_is_not_taken(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[sms(), sms()]).await;
    let first = world.started(contact(1), &sms()).await;
    let mut done = world.end(&first, SettleResult::Done);
    done.gap = Span::seconds(6);
    assert_eq!(next(settle(&world, done).await), None);
    assert!(world.store.due_work(world.shard(contact(1)), &sms(), 1).await.expect("looks").lanes.is_empty());
    world.pass(Span::seconds(6));
    assert_eq!(world.started(contact(1), &sms()).await.id, ids[1]);
}

pub async fn done_is_a_fact_from_anyone_however_late(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[sms(), sms()]).await;
    let slow = world.started(contact(1), &sms()).await;
    world.pass(Span(world.settings.send_lease.0 + 1));
    let other = world.started(contact(1), &sms()).await;
    assert_eq!(settle(&world, world.end(&slow, SettleResult::Failed)).await, Settled::Stale);
    let retry = SettleResult::Retry { due: world.now() };
    assert_eq!(settle(&world, world.end(&slow, retry)).await, Settled::Stale);
    assert!(matches!(settle(&world, world.end(&slow, SettleResult::Done)).await, Settled::Ok { .. }));
    assert_eq!(settle(&world, world.end(&other, SettleResult::Failed)).await, Settled::Gone, "it is done");
    let seen = world.store.inspect(contact(1)).await.expect("looks").expect("is there");
    assert_eq!(seen.lane.iter().map(|out| out.id).collect::<Vec<_>>(), [ids[1]], "the next one is untouched");
}

pub async fn a_report_settles_what_was_begun_and_what_failed_visibly(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[sms(), sms(), sms()]).await;
    let first = world.started(contact(1), &sms()).await;
    settle(&world, world.end(&first, SettleResult::Retry { due: world.now() })).await;
    let ended = world.end(&first, SettleResult::Ended);
    assert_eq!(settle(&world, ended).await, Settled::Stale, "of what surely did not leave it is no news");
    let first = world.started(contact(1), &sms()).await;
    let late = Settle { attempt: 0, ..world.end(&first, SettleResult::Ended) };
    assert!(matches!(settle(&world, late).await, Settled::Ok { .. }), "of what was begun it is the end");
    let second = world.started(contact(1), &sms()).await;
    assert_eq!(second.id, ids[1]);
    settle(&world, world.end(&second, SettleResult::Failed)).await;
    let listed = || async { world.store.failed_list(10).await.expect("lists").len() };
    for (result, left) in
        [(SettleResult::Ended, 1), (SettleResult::Done, 1), (SettleResult::Arrived, 0), (SettleResult::Arrived, 0)]
    {
        assert_eq!(settle(&world, world.end(&second, result)).await, Settled::Gone);
        assert_eq!(listed().await, left, "{result:?}");
    }
    let third = world.started(contact(1), &sms()).await;
    settle(&world, world.end(&third, SettleResult::Failed)).await;
    let somebody_else = Settle { lane: lane(contact(2)), ..world.end(&third, SettleResult::Arrived) };
    assert_eq!((settle(&world, somebody_else).await, listed().await), (Settled::Gone, 1), "whose it is counts");
}

pub async fn a_lane_crosses_channels(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[sms(), whatsapp(), sms(), whatsapp(), whatsapp()]).await;
    let shard = world.shard(contact(1));
    // Not taken: it waits in its own set, and only there.
    let first = world.started(contact(1), &sms()).await;
    let mut done = world.end(&first, SettleResult::Done);
    done.take = vec![sms()];
    assert_eq!(next(settle(&world, done).await), None, "a permit for SMS does not start a WhatsApp message");
    world.pass(Span(world.settings.send_lease.0 * 2));
    assert!(world.store.due_work(shard, &sms(), 1).await.expect("looks").lanes.is_empty());
    // Taken with a permit for the other set.
    let second = world.started(contact(1), &whatsapp()).await;
    assert_eq!((second.id, second.set.clone()), (ids[1], whatsapp()));
    let mut done = world.end(&second, SettleResult::Done);
    done.take = vec![whatsapp(), sms()];
    let third = next(settle(&world, done).await).expect("takes across");
    assert_eq!((third.id, third.set.clone()), (ids[2], sms()));
    // The caller need not know the set of the effect: a delivery report does not say it.
    let mut done = world.end(&third, SettleResult::Done);
    (done.set, done.take) = (WorkSet::Bulk(Slug::parse("other").expect("a slug")), vec![whatsapp()]);
    let fourth = next(settle(&world, done).await).expect("takes");
    assert_eq!((fourth.id, fourth.set.clone()), (ids[3], whatsapp()));
    let retry = world.end(&fourth, SettleResult::Retry { due: world.now() });
    settle(&world, retry).await;
    assert_eq!(world.started(contact(1), &whatsapp()).await.id, ids[3]);
    // A start in the wrong set finds nothing and spoils nothing.
    assert_eq!(world.store.start(lane(contact(1)), &sms(), world.who(), None).await, Ok(StartAnswer::Gone));
    let depths = world.store.depths().await.expect("counts");
    let waiting: Vec<_> = depths.work.iter().filter(|(_, n)| *n > 0).collect();
    assert_eq!(waiting, [&(whatsapp(), 1)]);
}

fn call(commit: &Commit, take: bool) -> LanePush {
    let id = commit.new.effect(0);
    let effects = vec![NewEffect { id, set: WorkSet::Call, body: Bytes::from("call") }];
    LanePush { lane: Lane::Own(id), due: Millis(0), take, effects }
}

/// A contact that waits for a call which the world has started.
async fn calling(world: &World) -> Started {
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.hold = true;
    commit.lanes = vec![call(&commit, true)];
    let (_, mut started) = world.committed(commit).await;
    started.remove(0)
}

pub async fn the_result_of_a_call_claims_the_waiting_contact(backend: Backend) {
    let world = World::new(backend).await;
    let started = calling(&world).await;
    world.deliver(contact(1), "m2").await;
    let mut done = world.end(&started, SettleResult::Done);
    done.reply = Some((id("result"), Bytes::from("result")));
    let answer = settle(&world, done.clone()).await;
    let Settled::Claimed { next: None, claim } = answer else { panic!("not claimed but {answer:?}") };
    assert!(claim.record.held);
    assert_eq!(
        (bodies(&claim.inputs), claim.inputs[0].class, claim.inputs[0].id),
        (vec!["result".to_owned()], Class::Priority, id("result"))
    );
    assert_eq!(settle(&world, done).await, Settled::Gone, "once");
    let (more, _) = world.committed(world.turn(contact(1), &claim)).await;
    assert_eq!(bodies(&more), ["m2"]);
}

pub async fn a_failed_call_has_a_result_too(backend: Backend) {
    let world = World::new(backend).await;
    let started = calling(&world).await;
    let mut failed = world.end(&started, SettleResult::Failed);
    failed.reply = Some((id("failed"), Bytes::from("failed")));
    let answer = settle(&world, failed).await;
    let Settled::Claimed { claim, .. } = answer else { panic!("not claimed but {answer:?}") };
    assert_eq!(bodies(&claim.inputs), ["failed"]);
    assert_eq!(world.store.failed_list(10).await.expect("lists").len(), 1);
}

pub async fn a_result_for_a_busy_contact_queues(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.lanes = vec![call(&commit, true)];
    let (_, started) = world.committed(commit).await;
    let claim = world.claimed(contact(1), "m2").await;
    let mut done = world.end(&started[0], SettleResult::Done);
    done.reply = Some((id("result"), Bytes::from("result")));
    assert!(matches!(settle(&world, done).await, Settled::Ok { next: None, .. }), "somebody has the contact");
    let (more, _) = world.committed(world.turn(contact(1), &claim)).await;
    assert_eq!(bodies(&more), ["result"]);
}

pub async fn a_message_for_a_contact_that_is_not_there_still_settles(backend: Backend) {
    let world = World::new(backend).await;
    world.sends(contact(1), &[sms()]).await;
    let started = world.started(contact(1), &sms()).await;
    let gone = Settle { lane: lane(contact(2)), ..world.end(&started, SettleResult::Done) };
    assert_eq!(settle(&world, gone).await, Settled::Gone);
}

fn report(world: &World, effect: replyflow::domain::id::EffectId, status: &str, wakes: bool) -> Report {
    let _ = world;
    Report {
        contact: contact(1),
        effect,
        journal: Bytes::from(format!("report {status}")),
        wake: wakes.then(|| Wake { hash: hash(status), id: id(status), body: Bytes::copy_from_slice(status.as_bytes()) }),
    }
}

pub async fn a_report_wakes_only_who_waits_for_it(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    let (awaited, other) = (commit.new.effect(0), commit.new.effect(1));
    commit.lanes = vec![push(commit.new, &[sms(), sms()], true)];
    commit.await_add = vec![awaited];
    world.committed(commit).await;
    let answer = |report| world.store.report(report);
    assert_eq!(answer(report(&world, other, "sent-other", true)).await, Ok(Reported::Journaled), "nobody waits");
    assert_eq!(answer(report(&world, awaited, "sent", false)).await, Ok(Reported::Journaled), "not worth waking for");
    let woken = answer(report(&world, awaited, "delivered", true)).await.expect("reports");
    let Reported::Claimed(claim) = woken else { panic!("not claimed but {woken:?}") };
    assert_eq!(bodies(&claim.inputs), ["delivered"]);
    assert_eq!(answer(report(&world, awaited, "delivered", true)).await, Ok(Reported::Journaled), "delivered twice");
    assert_eq!(answer(report(&world, awaited, "read", true)).await, Ok(Reported::Queued), "somebody has the contact");
    let mut commit = world.turn(contact(1), &claim);
    commit.await_remove = vec![awaited];
    let (more, _) = world.committed(commit).await;
    assert_eq!(bodies(&more), ["read"]);
    assert_eq!(answer(report(&world, awaited, "later", true)).await, Ok(Reported::Journaled), "nobody waits any more");
    assert_eq!(world.store.inspect(contact(1)).await.expect("looks").expect("is there").awaited, []);
    let journal = world.store.read_journal(world.shard(contact(1)), JournalId::START, 20).await.expect("reads");
    let reports =
        journal.iter().filter(|item| matches!(&item.record, JournalRecord::Entry(b) if b.starts_with(b"report"))).count();
    assert_eq!(reports, 5, "each status once");
}

pub async fn the_stop_mask_is_the_one_of_the_moment(backend: Backend) {
    let world = World::new(backend).await;
    world.sends(contact(1), &[sms(), sms()]).await;
    let first = world.started(contact(1), &sms()).await;
    assert_eq!(first.stop, StopMask::NONE);
    // STOP comes while the first message is in the air.
    let accepted = world.store.accept(urgent(contact(1), "stop")).await.expect("accepts");
    let replyflow::store::Accepted::Claimed(claim) = accepted else { panic!("not claimed") };
    let mut commit = world.turn(contact(1), &claim);
    commit.stop = StopMask::of(&[ChannelKind::Sms]);
    world.committed(commit).await;
    let mut done = world.end(&first, SettleResult::Done);
    done.take = vec![sms()];
    let second = next(settle(&world, done).await).expect("takes");
    assert!(second.stop.stops(ChannelKind::Sms), "the sender sees it at the very next message");
    settle(&world, world.end(&second, SettleResult::Retry { due: world.now() })).await;
    assert!(world.started(contact(1), &sms()).await.stop.stops(ChannelKind::Sms), "and at every start");
}

pub async fn a_lane_goes_on_after_a_failure(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[sms(), sms()]).await;
    let first = world.started(contact(1), &sms()).await;
    let mut failed = world.end(&first, SettleResult::Failed);
    failed.take = vec![sms()];
    assert_eq!(next(settle(&world, failed).await).expect("takes").id, ids[1]);
    let seen = world.store.inspect(contact(1)).await.expect("looks").expect("is there");
    assert_eq!(seen.lane[0].state, OutgoingState::Started);
    assert_eq!(world.store.depths().await.expect("counts").failed, 1);
}
