//! The journal, what failed, versions, the store's own facts, counts.

use super::world::{Backend, World, bodies, contact, id, lane, sms, whatsapp};
use bytes::Bytes;
use replyflow::domain::id::VersionId;
use replyflow::domain::name::Slug;
use replyflow::domain::time::{Millis, Span};
use replyflow::service::failed::Walk;
use replyflow::store::{
    Advance, Advanced, Claimed, Current, FailedBody, FailedItem, FailedKey, FindingLevel, JournalId, JournalRecord, Kept, Lane,
    LaneKey, LanePush, NewEffect, Overdue, Publish, Published, Ready, SettleResult, StartAnswer, StoreError, WorkSet,
};

pub async fn the_journal_is_read_in_pieces_and_trimmed_behind_its_guard(backend: Backend) {
    let world = World::new(backend).await;
    let shard = world.shard(contact(1));
    let mut written = Vec::new();
    for n in 0..5 {
        let claim = world.claimed(contact(1), &format!("m{n}")).await;
        let commit = world.turn(contact(1), &claim);
        written.push(JournalRecord::Entry(commit.journal.clone()));
        world.committed(commit).await;
    }
    let first = world.store.read_journal(shard, JournalId::START, 3).await.expect("reads");
    let second = world.store.read_journal(shard, first[2].id, 3).await.expect("reads");
    let read: Vec<_> = first.iter().chain(&second).map(|item| item.record.clone()).collect();
    assert_eq!(read, written);
    assert!(first.windows(2).all(|pair| pair[0].id < pair[1].id));
    assert_eq!(world.store.cursor(shard, "history").await, Ok(JournalId::START));
    let advance = |subscriber: &str, from, to, guard| Advance { shard, subscriber: subscriber.to_owned(), from, to, guard };
    let step = advance("history", JournalId::START, first[2].id, true);
    assert_eq!(world.store.advance(step.clone()).await, Ok(Advanced::Ok));
    assert_eq!(world.store.advance(step).await, Ok(Advanced::Ok), "a repeat");
    let late = advance("history", JournalId::START, first[1].id, true);
    assert_eq!(world.store.advance(late).await, Ok(Advanced::Stale(first[2].id)), "another instance was quicker");
    assert_eq!(world.store.cursor(shard, "history").await, Ok(first[2].id));
    let left = world.store.read_journal(shard, JournalId::START, 10).await.expect("reads");
    assert!((2..=3).contains(&left.len()), "trimmed behind the guard: {}", left.len());
    assert_eq!(left[left.len() - 2..], second[..]);
    let other = advance("alerts", JournalId::START, second[1].id, false);
    assert_eq!(world.store.advance(other).await, Ok(Advanced::Ok));
    assert_eq!(world.store.read_journal(shard, JournalId::START, 10).await.expect("reads"), left, "only a guard trims");
}

pub async fn a_journal_over_its_limit_refuses_input(backend: Backend) {
    let world = World::with(backend, |s| s.journal_max_bytes = 20_000).await;
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.journal = Bytes::from(vec![b'x'; 40_000]);
    let to = commit.new;
    world.committed(commit).await;
    assert!(world.store.depths().await.expect("counts").journal_bytes > 20_000);
    let refused = world.store.accept(super::world::input(contact(1), "m2")).await;
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    let shard = world.shard(contact(1));
    let entries = world.store.read_journal(shard, JournalId::START, 10).await.expect("reads");
    assert_eq!(entries.len(), 1, "{to}");
    // The subscriber catches up; a later entry lets the large one go.
    let last = JournalId { number: entries[0].id.number + 1, ..entries[0].id };
    let advance = Advance { shard, subscriber: "history".to_owned(), from: JournalId::START, to: last, guard: true };
    assert_eq!(world.store.advance(advance).await, Ok(Advanced::Ok));
    world.store.depths().await.expect("counts");
    assert!(world.store.accept(super::world::input(contact(1), "m2")).await.is_ok());
}

pub async fn a_failed_effect_is_listed_retried_and_dropped(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[sms(), sms()]).await;
    let first = world.started(contact(1), &sms()).await;
    world.pass(Span::seconds(1));
    world.store.settle(world.end(&first, SettleResult::Failed)).await.expect("settles");
    let listed = world.store.failed_list(10).await.expect("lists");
    assert_eq!(listed.len(), 1);
    let key = FailedKey::Effect(contact(1), ids[0]);
    assert_eq!((listed[0].key, listed[0].at), (key, world.now()));
    let body = FailedBody::Effect { lane: lane(contact(1)), set: sms(), attempts: 1, body: first.body.clone() };
    assert_eq!(listed[0].body, body);
    assert_eq!(world.store.failed_retry(key, Bytes::from("retried")).await, Ok(true));
    assert_eq!(world.store.failed_retry(key, Bytes::from("retried")).await, Ok(false), "once");
    assert_eq!(world.store.failed_list(10).await, Ok(vec![]));
    let second = world.started(contact(1), &sms()).await;
    assert_eq!(second.id, ids[1], "the retried one is behind what was there");
    let mut done = world.end(&second, SettleResult::Done);
    done.take = vec![sms()];
    let replyflow::store::Settled::Ok { next: Some(fresh), .. } = world.store.settle(done).await.expect("settles") else {
        panic!("nothing taken");
    };
    assert_eq!((fresh.id, fresh.attempt, fresh.unsure, &fresh.body), (ids[0], 1, false, &first.body), "fresh and sure");
    world.store.settle(world.end(&fresh, SettleResult::Failed)).await.expect("settles");
    assert_eq!(world.store.failed_drop(key, Bytes::from("dropped")).await, Ok(true));
    assert_eq!(world.store.failed_drop(key, Bytes::from("dropped")).await, Ok(false), "once");
    assert_eq!(world.store.failed_list(10).await, Ok(vec![]));
    let journal = world.store.read_journal(world.shard(contact(1)), JournalId::START, 20).await.expect("reads");
    let last = &journal[journal.len() - 1].record;
    assert_eq!(*last, JournalRecord::Entry(Bytes::from("dropped")));
}

/// However much failed and however much of it in one moment, all of it is seen, each thing once.
pub async fn what_failed_is_walked_through_in_parts(backend: Backend) {
    let world = World::new(backend).await;
    for (who, sends) in [(1, 3), (2, 1), (3, 2)] {
        let ids = world.sends(contact(who), &vec![sms(); sends]).await;
        for _ in ids {
            let first = world.started(contact(who), &sms()).await;
            world.store.settle(world.end(&first, SettleResult::Failed)).await.expect("settles");
        }
        world.pass(Span::seconds(1));
    }
    let all: Vec<FailedItem> = world.store.failed_list(100).await.expect("lists");
    assert!(all.len() == 6 && all.is_sorted_by_key(|item| item.at));
    assert_eq!(world.store.failed_since(all[2].at, 2).await.map(|(items, more)| (items.len(), more)), Ok((2, true)));
    let (two, more) = world.store.failed_since(all[4].at, 2).await.expect("lists");
    assert_eq!((two.iter().map(|item| item.at).collect::<Vec<_>>(), more), (vec![all[4].at, all[5].at], false));
    for part in 1..=7 {
        let (mut walk, mut seen) = (Walk::of(Millis(0), part), Vec::new());
        while let Some(items) = walk.next(&*world.store).await.expect("walks") {
            seen.extend(items.into_iter().map(|item| item.key));
        }
        assert!(seen.len() == 6 && all.iter().all(|item| seen.contains(&item.key)), "{part}: {seen:?}");
    }
}

pub async fn a_retried_effect_wakes_an_empty_lane(backend: Backend) {
    let world = World::new(backend).await;
    let ids = world.sends(contact(1), &[sms()]).await;
    let first = world.started(contact(1), &sms()).await;
    world.store.settle(world.end(&first, SettleResult::Failed)).await.expect("settles");
    let key = FailedKey::Effect(contact(1), ids[0]);
    assert_eq!(world.store.failed_retry(key, Bytes::from("retried")).await, Ok(true));
    assert_eq!(world.started(contact(1), &sms()).await.id, ids[0]);
}

pub async fn an_input_is_set_aside_and_retried(backend: Backend) {
    let world = World::new(backend).await;
    let claim = world.claimed(contact(1), "poison").await;
    let mut commit = world.turn(contact(1), &claim);
    commit.set_aside = vec![id("poison")];
    world.committed(commit).await;
    let listed = world.store.failed_list(10).await.expect("lists");
    let key = FailedKey::Input(contact(1), id("poison"));
    assert_eq!(listed.iter().map(|item| item.key).collect::<Vec<_>>(), [key]);
    let FailedBody::Input(entry) = &listed[0].body else { panic!("no input") };
    assert_eq!(*entry, claim.inputs[0]);
    assert_eq!(world.store.failed_retry(key, Bytes::from("retried")).await, Ok(true));
    assert_eq!(world.due(contact(1)).await, [contact(1)]);
    let Claimed::Claimed(claim) = world.store.claim(contact(1), world.who()).await.expect("claims") else {
        panic!("not claimed")
    };
    assert_eq!(bodies(&claim.inputs), ["poison"]);
    let mut commit = world.turn(contact(1), &claim);
    commit.set_aside = vec![id("poison")];
    world.committed(commit).await;
    assert_eq!(world.store.failed_drop(key, Bytes::from("dropped")).await, Ok(true));
    assert_eq!(world.store.failed_list(10).await, Ok(vec![]));
}

/// One event that concerns two contacts has one id: what is set aside of the one does not take the place of the other's.
pub async fn one_input_of_two_contacts_is_set_aside_for_each(backend: Backend) {
    let world = World::new(backend).await;
    let other = (2..).map(contact).find(|other| other.shard() == contact(1).shard()).expect("a contact of the same shard");
    for who in [contact(1), other] {
        let claim = world.claimed(who, "poison").await;
        let mut commit = world.turn(who, &claim);
        commit.set_aside = vec![id("poison")];
        world.committed(commit).await;
    }
    let keys = [contact(1), other].map(|who| FailedKey::Input(who, id("poison")));
    let listed: Vec<FailedKey> = world.store.failed_list(10).await.expect("lists").into_iter().map(|item| item.key).collect();
    assert!(listed.len() == 2 && keys.iter().all(|key| listed.contains(key)), "{listed:?}");
    assert_eq!(world.store.failed_retry(keys[0], Bytes::from("retried")).await, Ok(true));
    assert_eq!(world.store.failed_list(10).await.expect("lists").iter().map(|item| item.key).collect::<Vec<_>>(), [keys[1]]);
    assert_eq!(world.store.failed_drop(keys[0], Bytes::from("gone")).await, Ok(false));
    assert_eq!(world.store.failed_drop(keys[1], Bytes::from("dropped")).await, Ok(true));
}

pub async fn versions_are_kept_by_content_and_published_by_name(backend: Backend) {
    let world = World::new(backend).await;
    let content = Bytes::from("flow: a");
    let (version, menu) = (VersionId::of(&content), Slug::parse("menu").expect("a slug"));
    assert_eq!(world.store.get_version(version).await, Ok(None));
    world.store.put_version(version, content.clone()).await.expect("puts");
    world.store.put_version(version, content.clone()).await.expect("puts, also twice");
    assert_eq!(world.store.get_version(version).await, Ok(Some(content)));
    assert_eq!(world.store.current().await, Ok(vec![]));
    let before = world.store.published().await.expect("looks");
    let publish = |name: &Slug, version, base, body: &'static str| {
        world.store.publish(Publish { name: name.clone(), version, base, body: Bytes::from(body) })
    };
    assert_eq!(publish(&menu, VersionId(1), 0, "first by ann").await, Ok(Published::Ok(1)));
    assert_eq!(publish(&menu, version, 1, "second").await, Ok(Published::Ok(2)));
    let alpha = Slug::parse("alpha").expect("a slug");
    assert_eq!(publish(&alpha, VersionId(2), 0, "").await, Ok(Published::Ok(1)));
    let current = |name: &Slug, version, number, body: &'static str| Current {
        name: name.clone(),
        version,
        number,
        body: Bytes::from(body),
    };
    let now = vec![current(&alpha, VersionId(2), 1, ""), current(&menu, version, 2, "second")];
    assert_eq!(world.store.current().await, Ok(now.clone()));
    let after = world.store.published().await.expect("looks");
    assert!(after > before, "a cheap look sees it");
    // Whoever built on something that is no longer the last one changes nothing; a repeat is told what the first one did.
    assert_eq!(publish(&menu, VersionId(3), 1, "too late").await, Ok(Published::Stale(2)));
    assert_eq!(publish(&menu, VersionId(3), 7, "too early").await, Ok(Published::Stale(2)));
    assert_eq!(publish(&menu, version, 1, "second").await, Ok(Published::Ok(2)));
    assert_eq!(world.store.current().await, Ok(now));
    assert_eq!(world.store.published().await, Ok(after));
    let kept = |number, body: &'static str| Kept { number, body: Bytes::from(body) };
    assert_eq!(world.store.publications(&menu, None, 10).await, Ok(vec![kept(2, "second"), kept(1, "first by ann")]));
    assert_eq!(world.store.publications(&menu, None, 1).await, Ok(vec![kept(2, "second")]));
    assert_eq!(world.store.publications(&menu, Some(2), 10).await, Ok(vec![kept(1, "first by ann")]));
    assert_eq!(world.store.publications(&version_less(), None, 10).await, Ok(vec![]));
}

fn version_less() -> Slug {
    Slug::parse("nobody-published-it").expect("a slug")
}

pub async fn the_secret_is_made_once(backend: Backend) {
    let world = World::new(backend).await;
    let meta = world.store.meta().await.expect("answers");
    assert_eq!(meta.contact_secret.len(), 32);
    assert_eq!(meta.fingerprint.len(), 8);
    assert_eq!(world.store.meta().await, Ok(meta.clone()));
    assert!(!format!("{meta:?}").contains("contact_secret"), "never in a log");
}

pub async fn a_look_sees_what_is_due_everywhere(backend: Backend) {
    let world = World::new(backend).await;
    assert_eq!(world.store.look(&[sms()]).await.map(|look| (look.now, look.ready, look.next)), Ok((world.now(), vec![], None)));
    for n in 0..5 {
        world.sends(contact(n), &[sms()]).await;
        world.queued(contact(n), &format!("more {n}")).await;
    }
    let before = world.store.inspect(contact(0)).await;
    let look = world.store.look(&[sms()]).await.expect("looks");
    for n in 0..5 {
        let shard = world.shard(contact(n));
        assert!(look.ready.contains(&Ready::Contacts { shard, since: world.now() }));
        assert!(look.ready.contains(&Ready::Work { shard, set: sms(), since: world.now() }));
    }
    assert_eq!(world.store.inspect(contact(0)).await, before, "a look changes nothing");
    assert_eq!(world.store.work_sets().await, Ok(vec![sms()]));
    world.pass(Span::seconds(3));
    let depths = world.store.depths().await.expect("counts");
    assert_eq!((depths.attention, depths.work, depths.journal_entries, depths.failed), (5, vec![(sms(), 5)], 5, 0));
    assert_eq!(depths.lag, Span::seconds(3));
}

pub async fn what_is_overdue_is_shown_and_stays_as_it_is(backend: Backend) {
    let world = World::new(backend).await;
    let begun = world.now();
    world.queued(contact(1), "m1").await;
    world.pass(Span::seconds(1));
    world.sends(contact(2), &[sms(), sms()]).await;
    world.sends(contact(3), &[whatsapp()]).await;
    world.pass(Span::minutes(10));
    let overdue = async |before: Millis, n: usize| world.store.overdue(&[sms()], before, n).await.expect("looks");
    let turn = Overdue { since: begun, contact: contact(1), lane: None };
    let head = Overdue { since: begun + Span::seconds(1), contact: contact(2), lane: Some((Lane::Contact, sms())) };
    assert_eq!(overdue(world.now(), 10).await, [turn.clone(), head.clone()]);
    assert_eq!(overdue(world.now(), 10).await, [turn.clone(), head.clone()], "nothing was taken");
    assert_eq!(overdue(world.now(), 1).await, std::slice::from_ref(&turn), "the oldest first");
    assert_eq!(overdue(head.since, 10).await, std::slice::from_ref(&turn), "since before, not since then");
    world.started(contact(2), &sms()).await;
    assert_eq!(overdue(world.now(), 10).await, [turn], "what is on its way is not overdue");
}

pub async fn much_that_is_overdue_in_one_place_is_shown(backend: Backend) {
    const MANY: usize = 60;
    let world = World::new(backend).await;
    let place = world.shard(contact(0));
    let begun = world.now();
    let mut wanted = Vec::new();
    for one in (0..).map(contact).filter(|one| world.shard(*one) == place).take(MANY) {
        world.queued(one, &format!("to {one}")).await;
        wanted.push(Overdue { since: begun, contact: one, lane: None });
    }
    wanted.sort();
    world.pass(Span::minutes(10));
    assert_eq!(world.store.overdue(&[], world.now(), 1_000).await, Ok(wanted));
}

pub async fn a_healthy_store_says_so(backend: Backend) {
    let world = World::new(backend).await;
    let findings = world.store.check().await.expect("checks");
    let bad: Vec<_> = findings.iter().filter(|f| f.level == FindingLevel::Error).collect();
    assert!(bad.is_empty() && !findings.is_empty(), "{bad:?}");
    assert!(findings.iter().all(|f| f.remedy.is_empty() == (f.level == FindingLevel::Fine)), "{findings:?}");
}

pub async fn reports_wait_apart_for_each_endpoint_and_can_be_done_again(backend: Backend) {
    let world = World::new(backend).await;
    let endpoint = |name: &str| WorkSet::Hook(Slug::parse(name).expect("a slug"));
    let (crm, shop) = (endpoint("crm"), endpoint("shop"));
    let claim = world.claimed(contact(1), "m1").await;
    let mut commit = world.turn(contact(1), &claim);
    let own = |n: usize, set: &WorkSet| LanePush {
        lane: Lane::Own(commit.new.effect(n)),
        due: Millis(0),
        take: false,
        effects: vec![NewEffect { id: commit.new.effect(n), set: set.clone(), body: Bytes::from("report") }],
    };
    let lanes = vec![own(0, &crm), own(1, &shop)];
    let id = commit.new.effect(0);
    commit.lanes = lanes;
    world.committed(commit).await;
    let shard = world.shard(contact(1));
    let lane = LaneKey { contact: contact(1), lane: Lane::Own(id) };
    let begin = async || {
        let due = world.store.due_work(shard, &crm, 10).await.expect("looks");
        assert_eq!(due.lanes, [lane], "only its own");
        match world.store.start(lane, &crm, world.who(), Some(due.ticket)).await.expect("starts") {
            StartAnswer::Ok { started, .. } => started,
            other => panic!("not started but {other:?}"),
        }
    };
    let started = begin().await;
    world.store.settle(world.end(&started, SettleResult::Failed)).await.expect("settles");
    assert!(world.store.due_work(shard, &crm, 10).await.expect("looks").lanes.is_empty());
    let key = FailedKey::Effect(contact(1), id);
    assert_eq!(world.store.failed_retry(key, Bytes::from("retried")).await, Ok(true));
    let again = begin().await;
    assert_eq!((again.id, again.attempt, again.unsure, &again.set), (id, 1, false, &crm));
    world.store.settle(world.end(&again, SettleResult::Done)).await.expect("settles");
    assert_eq!(world.store.due_work(shard, &shop, 10).await.expect("looks").lanes.len(), 1, "the other still waits");
    assert!(world.store.work_sets().await.expect("lists").contains(&crm));
}
