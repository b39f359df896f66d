//! `accept`, `claim` and `release`.

use super::world::{Backend, World, bodies, contact, hash, id, input, urgent};
use bytes::Bytes;
use replyflow::domain::id::{Token, Who};
use replyflow::domain::input::Class;
use replyflow::domain::limits;
use replyflow::domain::time::Span;
use replyflow::store::{Accept, Accepted, Claim, Claimed, Committed, JournalId, JournalRecord, StopMask, StoreError, WhenFull};

pub async fn a_new_contact_is_claimed_with_its_birth_token(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    assert_eq!(claim.now, world.now());
    assert_eq!(claim.record.token, Token::birth(contact(1), id("m1")));
    assert_eq!((claim.record.held, claim.record.tries, claim.record.stop), (false, 0, StopMask::NONE));
    assert!(claim.record.blob.is_empty());
    assert_eq!(claim.inputs.len(), 1);
    let entry = &claim.inputs[0];
    assert_eq!((entry.class, entry.id, entry.accepted_at, &entry.body[..]), (Class::Normal, id("m1"), world.now(), &b"m1"[..]));
}

pub async fn a_repeated_delivery_is_a_duplicate_for_ever_in_the_window(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    assert_eq!(world.deliver(contact(1), "m1").await, Accepted::Duplicate, "before the turn");
    world.committed(world.turn(contact(1), &claim)).await;
    assert_eq!(world.deliver(contact(1), "m1").await, Accepted::Duplicate, "after the turn");
    world.pass(Span::days(6));
    assert_eq!(world.deliver(contact(1), "m1").await, Accepted::Duplicate, "six days later");
    assert!(matches!(world.deliver(contact(2), "m1").await, Accepted::Claimed(_)), "another contact is another story");
}

pub async fn a_second_message_waits_behind_the_claim(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    assert_eq!(world.deliver(contact(1), "m2").await, Accepted::Queued);
    assert_eq!(world.deliver(contact(1), "m3").await, Accepted::Queued);
    let (more, _) = world.committed(world.turn(contact(1), &claim)).await;
    assert_eq!(bodies(&more), ["m2", "m3"], "the commit hands over what came meanwhile");
}

pub async fn a_free_contact_is_claimed_again(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let commit = world.turn(contact(1), &claim);
    world.committed(commit.clone()).await;
    let claim = world.claimed(contact(1), "m2").await;
    assert_eq!((claim.record.token, &claim.record.blob), (commit.new, &commit.blob));
    assert_eq!(bodies(&claim.inputs), ["m2"]);
}

pub async fn an_overloaded_instance_leaves_the_contact_to_others(backend: Backend) {
    let world = World::new(backend).await;
    world.queued(contact(1), "m1").await;
    assert_eq!(world.due(contact(1)).await, [contact(1)], "due at once");
    let Claimed::Claimed(claim) = world.store.claim(contact(1), world.who()).await.expect("claims") else {
        panic!("not claimed");
    };
    assert_eq!(bodies(&claim.inputs), ["m1"]);
}

pub async fn a_lapsed_claim_comes_back_and_is_counted(backend: Backend) {
    let world = World::new(backend).await;
    world.claimed(contact(1), "m1").await;
    assert!(world.due(contact(1)).await.is_empty(), "leased");
    world.pass(world.settings.claim_lease);
    for tries in [1, 2, 3, 3, 3] {
        world.pass(world.settings.claim_lease);
        assert_eq!(world.due(contact(1)).await, [contact(1)], "the lease is over");
        assert!(world.due(contact(1)).await.is_empty(), "leased by the look");
        let who = world.who();
        for _ in 0..2 {
            let Claimed::Claimed(claim) = world.store.claim(contact(1), who).await.expect("claims") else {
                panic!("not claimed");
            };
            assert_eq!(claim.record.tries, tries, "a repeat by the same who is a lost answer, not a try");
        }
    }
    world.pass(world.settings.claim_lease);
    let Claimed::Claimed(claim) = world.store.claim(contact(1), world.who()).await.expect("claims") else {
        panic!("not claimed")
    };
    world.committed(world.turn(contact(1), &claim)).await;
    assert_eq!(world.claimed(contact(1), "m2").await.record.tries, 0, "a commit clears the count");
}

pub async fn what_is_claimed_alone_is_counted_until_it_is_given_back(backend: Backend) {
    let world = World::new(backend).await;
    let token = world.claimed(contact(1), "m1").await.record.token;
    let claimed = async |alone: bool, who: Who| {
        let answer = match alone {
            true => world.store.claim_alone(contact(1), who).await,
            false => world.store.claim(contact(1), who).await,
        };
        let Ok(Claimed::Claimed(claim)) = answer else { panic!("not claimed") };
        assert_eq!(bodies(&claim.inputs), ["m1"]);
        claim.record.tries
    };
    for tries in 1..=3 {
        assert_eq!(claimed(false, world.who()).await, tries);
    }
    let alone = world.who();
    assert_eq!([claimed(true, alone).await, claimed(true, alone).await], [4, 4], "a repeat by the same who is a lost answer");
    assert!(world.due(contact(1)).await.is_empty(), "leased anew");
    // Somebody else claims it meanwhile: that hides nothing of what the first one says.
    assert_eq!(claimed(false, world.who()).await, 4);
    for _ in 0..2 {
        world.store.release(contact(1), token, alone, world.settings.claim_lease).await.expect("gives back, also twice");
    }
    assert_eq!(claimed(false, world.who()).await, 3, "who lived to tell it did not die");
    for tries in [4, 5, 6, 7, 8, 9, 9] {
        assert_eq!(claimed(true, world.who()).await, tries, "one digit");
    }
}

pub async fn nothing_to_claim(backend: Backend) {
    let world = World::new(backend).await;
    assert_eq!(world.store.claim(contact(1), world.who()).await, Ok(Claimed::Free), "never seen");
    let claim = world.claimed(contact(1), "m1").await;
    world.committed(world.turn(contact(1), &claim)).await;
    assert_eq!(world.store.claim(contact(1), world.who()).await, Ok(Claimed::Free), "nothing waits");
    assert_eq!(world.store.inspect(contact(2)).await, Ok(None));
}

pub async fn a_claim_hands_over_at_most_k_inputs(backend: Backend) {
    let world = World::with(backend, |s| s.claim_inputs = 3).await;
    for i in 0..5 {
        world.deliver(contact(1), &format!("m{i}")).await;
    }
    world.pass(world.settings.claim_lease);
    world.due(contact(1)).await;
    let Claimed::Claimed(claim) = world.store.claim(contact(1), world.who()).await.expect("claims") else {
        panic!("not claimed")
    };
    assert_eq!(bodies(&claim.inputs), ["m0", "m1", "m2"]);
    let (more, _) = world.committed(world.turn(contact(1), &claim)).await;
    assert_eq!(bodies(&more), ["m3", "m4"]);
}

pub async fn a_released_contact_comes_back_with_its_tries(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    world.pass(world.settings.claim_lease);
    for _ in 0..3 {
        world.pass(Span::seconds(1));
        assert_eq!(world.due(contact(1)).await, [contact(1)]);
        let who = world.who();
        let Claimed::Claimed(again) = world.store.claim(contact(1), who).await.expect("claims") else { panic!("not claimed") };
        assert_eq!(again.record.tries, 1, "a release takes the count back");
        for _ in 0..2 {
            world.store.release(contact(1), claim.record.token, who, Span::seconds(1)).await.expect("releases, also twice");
        }
        assert!(world.due(contact(1)).await.is_empty(), "not before the pause is over");
    }
    world.store.release(contact(1), Token(1), world.who(), Span(0)).await.expect("another token changes nothing");
    assert!(world.due(contact(1)).await.is_empty());
}

pub async fn a_full_mailbox_refuses_visibly_and_has_room_for_priority(backend: Backend) {
    let world = World::with(backend, |s| (s.mailbox_max, s.mailbox_headroom) = (3, 2)).await;
    let claim = world.claimed(contact(1), "m0").await;
    for i in 1..3 {
        assert_eq!(world.deliver(contact(1), &format!("m{i}")).await, Accepted::Queued, "{i}");
    }
    assert_eq!(world.deliver(contact(1), "m3").await, Accepted::Full);
    assert_eq!(world.deliver(contact(1), "m3").await, Accepted::Duplicate, "refused once, then known");
    for i in 0..2 {
        assert_eq!(world.store.accept(urgent(contact(1), &format!("p{i}"))).await, Ok(Accepted::Queued), "headroom {i}");
    }
    assert_eq!(world.store.accept(urgent(contact(1), "p2")).await, Ok(Accepted::Full));
    let journal = world.store.read_journal(world.shard(contact(1)), JournalId::START, 10).await.expect("reads");
    let overflow: Vec<_> = journal
        .iter()
        .map(|item| match &item.record {
            JournalRecord::Overflow { contact: whose, entry } => (*whose, entry.class, entry.id, entry.body.clone()),
            JournalRecord::Entry(_) => panic!("no turn was made"),
        })
        .collect();
    assert_eq!(
        overflow,
        [(contact(1), Class::Normal, id("m3"), Bytes::from("m3")), (contact(1), Class::Priority, id("p2"), Bytes::from("p2"))]
    );
    let (more, _) = world.committed(world.turn(contact(1), &claim)).await;
    assert_eq!(bodies(&more), ["m1", "m2", "p0", "p1"]);
}

pub async fn what_is_refused_is_not_known_and_may_come_again(backend: Backend) {
    let world = World::with(backend, |s| (s.mailbox_max, s.mailbox_headroom) = (2, 1)).await;
    let claim = world.claimed(contact(1), "m0").await;
    let event = |name: &str| Accept { full: WhenFull::Refuse, ..input(contact(1), name) };
    let accept = async |accept| world.store.accept(accept).await.expect("answers");
    assert_eq!(accept(event("m1")).await, Accepted::Queued);
    for _ in 0..2 {
        assert_eq!(accept(event("m2")).await, Accepted::Full, "each time, as nothing of it was kept");
    }
    assert_eq!(accept(Accept { class: Class::Priority, ..event("p0") }).await, Accepted::Queued, "headroom");
    assert_eq!(accept(Accept { class: Class::Priority, ..event("p1") }).await, Accepted::Full);
    let journal = world.store.read_journal(world.shard(contact(1)), JournalId::START, 10).await.expect("reads");
    assert!(journal.is_empty(), "{journal:?}");
    let (more, _) = world.committed(world.turn(contact(1), &claim)).await;
    assert_eq!(bodies(&more), ["m1", "p0"]);
    assert_eq!(accept(event("m2")).await, Accepted::Full, "not yet");
    let claim =
        Claim { inputs: more, record: world.store.inspect(contact(1)).await.expect("looks").expect("there").record, ..claim };
    world.committed(world.turn(contact(1), &claim)).await;
    assert!(matches!(accept(event("m2")).await, Accepted::Claimed(_)), "there is room now");
    assert_eq!(accept(event("m2")).await, Accepted::Duplicate, "and now it is known");
    assert_eq!(accept(event("m1")).await, Accepted::Duplicate);
    // One that was dropped is known; to refuse it later would be to have it sent for ever.
    world.claimed(contact(2), "a").await;
    world.deliver(contact(2), "b").await;
    assert_eq!(world.deliver(contact(2), "c").await, Accepted::Full);
    assert_eq!(accept(Accept { full: WhenFull::Refuse, ..input(contact(2), "c") }).await, Accepted::Duplicate);
}

pub async fn dedupe_forgets_after_its_time(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    world.committed(world.turn(contact(1), &claim)).await;
    // Redis' expiry runs on the server's clock: only the embedded store can show it in virtual time.
    if backend != Backend::Embedded {
        let mut ttls: Vec<i64> = Vec::new();
        for connection in &mut world.servers().await {
            let keys: Vec<String> = redis::cmd("KEYS").arg("rf1:d:*").query_async(connection).await.expect("answers");
            for key in keys {
                ttls.push(redis::cmd("PTTL").arg(&key).query_async(connection).await.expect("answers"));
            }
        }
        let all = world.settings.dedupe_ttl.0;
        assert!(ttls.len() == 1 && (all - 60_000..=all).contains(&ttls[0]), "{ttls:?} of {all}");
        return;
    }
    world.pass(Span(world.settings.dedupe_ttl.0 + 1));
    assert!(matches!(world.deliver(contact(1), "m1").await, Accepted::Claimed(_)));
}

pub async fn an_input_above_the_limit_is_a_bug_of_the_caller(backend: Backend) {
    let world = World::new(backend).await;
    let largest = Accept { body: Bytes::from(vec![b'x'; limits::INPUT_BYTES]), ..input(contact(1), "m1") };
    assert!(matches!(world.store.accept(largest).await, Ok(Accepted::Claimed(_))));
    let larger = Accept { body: Bytes::from(vec![b'x'; limits::INPUT_BYTES + 1]), ..input(contact(1), "m2") };
    assert!(matches!(world.store.accept(larger).await, Err(StoreError::Bug(_))));
}

pub async fn a_message_during_an_alarms_turn_claims_too_and_one_turn_wins(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.alarm = Some(world.now() + Span::minutes(1));
    world.committed(commit).await;
    assert!(world.due(contact(1)).await.is_empty(), "the alarm is not due yet");
    world.pass(Span::minutes(1));
    assert_eq!(world.due(contact(1)).await, [contact(1)]);
    let Claimed::Claimed(alarm) = world.store.claim(contact(1), world.who()).await.expect("claims") else {
        panic!("not claimed")
    };
    assert!(alarm.inputs.is_empty(), "only the alarm");
    let message = world.claimed(contact(1), "m2").await;
    assert_eq!(message.record.token, alarm.record.token);
    let (more, _) = world.committed(world.turn(contact(1), &alarm)).await;
    assert_eq!(bodies(&more), ["m2"], "the winner gets what the loser had");
    let lost = world.turn(contact(1), &message);
    assert_eq!(world.store.commit(lost).await, Ok(Committed::Stale));
}

pub async fn hashes_are_63_bits(backend: Backend) {
    let world = World::new(backend).await;
    let mut accept = input(contact(1), "m1");
    accept.hash.0 = u64::MAX >> 1;
    assert!(matches!(world.store.accept(accept.clone()).await, Ok(Accepted::Claimed(_))));
    assert_eq!(world.store.accept(accept).await, Ok(Accepted::Duplicate));
    assert_ne!(hash("m1").0, u64::MAX >> 1);
}

pub async fn a_clock_that_steps_back_only_delays(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "m1").await;
    world.deliver(contact(1), "m2").await;
    world.pass(Span::minutes(-10));
    assert_eq!(world.deliver(contact(1), "m1").await, Accepted::Duplicate);
    let (more, _) = world.committed(world.turn(contact(1), &claim)).await;
    assert_eq!(bodies(&more), ["m2"], "ids and order do not use time");
    assert!(world.due(contact(1)).await.is_empty(), "leased by the clock of now");
    world.pass(world.settings.claim_lease);
    assert_eq!(world.due(contact(1)).await, [contact(1)]);
}
