//! Conversations and broadcasts share a channel: conversations first, and no broadcast starves.

use super::world::{Backend, World, contact, lane, push, sms, whatsapp};
use bytes::Bytes;
use replyflow::domain::id::EffectId;
use replyflow::domain::name::Slug;
use replyflow::domain::time::Span;
use replyflow::store::{Rate, Settle, SettleResult, Settled, StartAnswer, Started, Traffic, Withdrawal, WorkSet};

pub fn bulk() -> WorkSet {
    WorkSet::Bulk(Slug::parse("main-sms").expect("a slug"))
}

fn bulk_whatsapp() -> WorkSet {
    WorkSet::Bulk(Slug::parse("main-whatsapp").expect("a slug"))
}

/// The contact writes, and is answered over these.
async fn follows(world: &World, n: usize, message: &str, sets: &[WorkSet], give_up: Option<EffectId>) -> Vec<EffectId> {
    let claim = world.claimed(contact(n), message).await;
    let mut commit = world.turn(contact(n), &claim);
    commit.lanes = vec![push(commit.new, sets, true)];
    commit.withdraw = give_up.into_iter().map(|id| Withdrawal { id, journal: Bytes::from("gone"), reply: None }).collect();
    let ids = commit.lanes[0].effects.iter().map(|effect| effect.id).collect();
    assert!(world.committed(commit).await.1.is_empty(), "something is before it");
    ids
}

/// Sends what stands in the lane until it is empty: each with the set where it was due.
async fn drained(world: &World, n: usize, sets: &[WorkSet]) -> Vec<(EffectId, WorkSet)> {
    let mut sent = Vec::new();
    'next: loop {
        for set in sets {
            let due = world.store.due_work(world.shard(contact(n)), set, 10).await.expect("looks");
            if !due.lanes.contains(&lane(contact(n))) {
                continue;
            }
            let answer = world.store.start(lane(contact(n)), set, world.who(), Some(due.ticket)).await.expect("starts");
            let StartAnswer::Ok { started, .. } = answer else { panic!("not started but {answer:?}") };
            assert!(!started.unsure);
            sent.push((started.id, set.clone()));
            world.store.settle(world.end(&started, SettleResult::Done)).await.expect("settles");
            continue 'next;
        }
        return sent;
    }
}

pub async fn broadcasts_get_what_conversations_leave_and_at_least_a_tenth(backend: Backend) {
    let world = World::new(backend).await;
    let rate = Rate { per_second: 10.0, burst: 10 };
    let channel = Slug::parse("main-sms").expect("a slug");
    let ask = async |traffic, want| world.store.permits(&channel, traffic, want, rate).await.expect("asks");
    assert_eq!(ask(Traffic::Bulk, 100).await.granted, 5, "half of what may leave at once is left to conversations");
    assert_eq!(ask(Traffic::Bulk, 1).await.wait, Span(100));
    assert_eq!(ask(Traffic::Talk, 100).await.granted, 5, "a reply does not wait");
    // Conversations take what there is: one of ten is a broadcast's all the same.
    let (mut talk, mut bulk) = (0, 0);
    for _ in 0..300 {
        world.pass(Span(100));
        talk += ask(Traffic::Talk, 5).await.granted;
        bulk += ask(Traffic::Bulk, 5).await.granted;
    }
    assert!((29..=31).contains(&bulk) && (265..=275).contains(&talk), "{talk} {bulk}");
    assert!(talk + bulk <= 301, "{talk} and {bulk} in 30 seconds: no more than the rate");
    // And when conversations are silent everything is.
    world.pass(Span::seconds(5));
    let mut bulk = 0;
    for _ in 0..100 {
        world.pass(Span(100));
        bulk += ask(Traffic::Bulk, 5).await.granted;
    }
    assert!((99..=106).contains(&bulk), "{bulk}");
    assert!(ask(Traffic::Talk, 10).await.granted >= 5, "also after that");
}

pub async fn what_a_conversation_follows_gives_way_no_more(backend: Backend) {
    let world = World::new(backend).await;
    let first = world.sends(contact(1), &[bulk(), bulk_whatsapp(), whatsapp(), bulk()]).await;
    let other = world.sends(contact(2), &[bulk()]).await;
    let then = follows(&world, 1, "hi", &[whatsapp(), sms()], None).await;
    let depths = world.store.depths().await.expect("counts");
    let waits = |set: &WorkSet| depths.work.iter().find(|(of, _)| of == set).map_or(0, |(_, n)| *n);
    assert_eq!((waits(&sms()), waits(&bulk()), waits(&whatsapp())), (1, 1, 0));
    let sent = drained(&world, 1, &[sms(), whatsapp()]).await;
    let order = [first[0], first[1], first[2], first[3], then[0], then[1]];
    let over = [sms(), whatsapp(), whatsapp(), sms(), whatsapp(), sms()];
    assert_eq!(sent, order.into_iter().zip(over).collect::<Vec<_>>(), "in the order in which they were decided");
    assert_eq!(drained(&world, 2, &[sms(), bulk()]).await, [(other[0], bulk())], "the others wait where they waited");
    // What a broadcast adds to a conversation waits for its own turn.
    world.sends(contact(3), &[sms()]).await;
    let late = follows(&world, 3, "begin", &[bulk()], None).await;
    assert_eq!(drained(&world, 3, &[bulk(), sms()]).await.last(), Some(&(late[0], bulk())));
}

pub async fn a_ticket_for_what_was_moved_begins_nothing(backend: Backend) {
    let world = World::new(backend).await;
    let first = world.sends(contact(1), &[bulk()]).await;
    let due = world.store.due_work(world.shard(contact(1)), &bulk(), 10).await.expect("looks");
    assert_eq!(due.lanes, [lane(contact(1))]);
    let then = follows(&world, 1, "hi", &[sms()], None).await;
    let late = world.store.start(lane(contact(1)), &bulk(), world.who(), Some(due.ticket)).await;
    assert_eq!(late, Ok(StartAnswer::Gone));
    // It is not left to the lease of whoever had the ticket.
    assert_eq!(drained(&world, 1, &[sms()]).await, [(first[0], sms()), (then[0], sms())]);
}

pub async fn what_is_being_sent_is_settled_where_it_was_moved_to(backend: Backend) {
    for dies in [false, true] {
        let world = World::new(backend).await;
        let first = world.sends(contact(1), &[bulk()]).await;
        let started: Started = world.started(contact(1), &bulk()).await;
        let then = follows(&world, 1, "hi", &[sms()], None).await;
        if dies {
            world.pass(Span(world.settings.send_lease.0 + 1));
            let again = world.started(contact(1), &sms()).await;
            assert_eq!((again.id, again.unsure), (first[0], true), "it is found where conversations are");
            continue;
        }
        let mut done = world.end(&started, SettleResult::Done);
        done.take = vec![bulk(), sms()];
        let answer = world.store.settle(done).await.expect("settles");
        let Settled::Ok { next: Some(next), .. } = answer else { panic!("not taken but {answer:?}") };
        assert_eq!((next.id, next.set.clone()), (then[0], sms()));
        world.store.settle(world.end(&next, SettleResult::Done)).await.expect("settles");
        assert!(world.store.inspect(contact(1)).await.expect("looks").expect("is there").lane.is_empty());
    }
}

pub async fn what_was_tried_and_waits_is_due_for_a_conversation(backend: Backend) {
    let world = World::new(backend).await;
    let due = world.now() + Span::minutes(2);
    // It surely did not leave: it may have waited for what is kept for conversations.
    let first = world.sends(contact(1), &[bulk()]).await;
    let started = world.started(contact(1), &bulk()).await;
    world.store.settle(world.end(&started, SettleResult::Retry { due })).await.expect("settles");
    let then = follows(&world, 1, "hi", &[sms()], None).await;
    assert_eq!(drained(&world, 1, &[sms()]).await, [(first[0], sms()), (then[0], sms())]);
    // What may have left waits: its provider is asked when it can know.
    let first = world.sends(contact(2), &[bulk()]).await;
    let started = world.started(contact(2), &bulk()).await;
    world.store.settle(world.end(&started, SettleResult::RetryUnsure { due })).await.expect("settles");
    follows(&world, 2, "hi", &[sms()], None).await;
    assert!(drained(&world, 2, &[sms(), bulk()]).await.is_empty());
    world.pass(Span::minutes(2));
    let again = world.started(contact(2), &sms()).await;
    assert_eq!((again.id, again.unsure), (first[0], true));
}

pub async fn what_was_in_the_air_holds_up_a_conversation_no_longer_than_it_must(backend: Backend) {
    let due = |world: &World| SettleResult::Retry { due: world.now() + Span::hours(25) };
    for (person, instead) in [(1, None), (2, Some(bulk())), (3, Some(bulk_whatsapp()))] {
        let world = World::new(backend).await;
        let first = world.sends(contact(person), &[bulk()]).await;
        let started = world.started(contact(person), &bulk()).await;
        let then = follows(&world, person, "hi", &[sms()], None).await;
        // What it was told holds for broadcasts: that a day is used up, that there is time.
        let body = instead.clone().map(|set| (set, Bytes::from_static(b"another")));
        world.store.settle(Settle { instead: body, ..world.end(&started, due(&world)) }).await.expect("settles");
        let set = instead.and_then(|set| set.hurried()).unwrap_or_else(sms);
        let mut sets = vec![set.clone()];
        if set != sms() {
            sets.push(sms());
        }
        assert_eq!(drained(&world, person, &sets).await, [(first[0], set), (then[0], sms())]);
    }
    // What may have left waits until its provider can know.
    let world = World::new(backend).await;
    let first = world.sends(contact(1), &[bulk()]).await;
    let started = world.started(contact(1), &bulk()).await;
    follows(&world, 1, "hi", &[sms()], None).await;
    let due = world.now() + Span::minutes(2);
    world.store.settle(world.end(&started, SettleResult::RetryUnsure { due })).await.expect("settles");
    assert!(drained(&world, 1, &[sms(), bulk()]).await.is_empty());
    world.pass(Span::minutes(2));
    assert_eq!(world.started(contact(1), &sms()).await.id, first[0]);
}

pub async fn what_is_given_up_before_it_does_not_hold_it_up(backend: Backend) {
    let world = World::new(backend).await;
    let first = world.sends(contact(1), &[bulk_whatsapp(), bulk()]).await;
    let then = follows(&world, 1, "hi", &[sms()], Some(first[0])).await;
    assert_eq!(drained(&world, 1, &[sms()]).await, [(first[1], sms()), (then[0], sms())]);
    let first = world.sends(contact(2), &[bulk()]).await;
    let then = follows_alone(&world, 2, first[0]).await;
    assert_eq!(drained(&world, 2, &[sms()]).await, [(then, sms())]);
}

/// The only message before it is given up.
async fn follows_alone(world: &World, n: usize, gone: EffectId) -> EffectId {
    let claim = world.claimed(contact(n), "hi").await;
    let mut commit = world.turn(contact(n), &claim);
    commit.lanes = vec![push(commit.new, &[sms()], false)];
    commit.withdraw = vec![Withdrawal { id: gone, journal: Bytes::from("gone"), reply: None }];
    let id = commit.lanes[0].effects[0].id;
    world.committed(commit).await;
    id
}
