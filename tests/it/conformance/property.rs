//! Random histories on a real store and on the model: every answer, and every contact after every step, must be the same.

use super::model::{FailedKey2, Model};
use super::world::{Backend, World, hash, id, lane, push, sms, whatsapp};
use crate::support::defects::DEFECTS;
use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::{ContactKey, EffectId, Who};
use replyflow::domain::input::Class;
use replyflow::domain::time::{Millis, Span};
use replyflow::store::{
    Accept, Accepted, Claim, Claimed, Commit, Committed, JournalId, JournalRecord, Lane, LaneKey, LanePush, NewEffect, Report,
    Reported, Settle, SettleResult, Settled, StartAnswer, Started, StopMask, Ticket, Wake, WhenFull, WorkSet,
};
use std::sync::LazyLock;

const CONTACTS: usize = 3;

/// People of one shard, so that they share attention and work sets.
fn contact(n: usize) -> ContactKey {
    static PEOPLE: LazyLock<Vec<ContactKey>> =
        LazyLock::new(|| (0..).map(super::world::contact).filter(|key| key.shard() == 5).take(CONTACTS).collect());
    PEOPLE[n]
}

/// One step. Numbers pick among what there is.
#[derive(Debug, Clone)]
enum Step {
    Deliver { contact: usize, message: usize, urgent: bool, claim: bool },
    Pass(i64),
    Due,
    Claim { contact: usize, repeat: bool },
    Commit(Turn),
    CommitAgain,
    DueWork { set: usize },
    Start { pick: usize, set: usize, repeat: bool },
    Settle { pick: usize, result: usize, take: usize, reply: bool },
    SettleAgain,
    Report { pick: usize, status: usize, wake: bool },
}

#[derive(Debug, Clone)]
struct Turn {
    pick: usize,
    consume: usize,
    missing: bool,
    hold: bool,
    alarm: Option<i64>,
    sends: Vec<usize>,
    call: bool,
    take: bool,
    keep: bool,
    awaits: bool,
    aside: bool,
    stop: u8,
}

fn turn() -> impl Strategy<Value = Turn> {
    let first =
        (any::<usize>(), 0..4usize, prop::bool::weighted(0.03), prop::bool::weighted(0.2), prop::option::of(1..20_000i64));
    let second = (prop::collection::vec(0..3usize, 0..4), any::<bool>(), any::<bool>(), prop::bool::weighted(0.8));
    let third = (any::<bool>(), prop::bool::weighted(0.1), 0..4u8);
    (first, second, third).prop_map(
        |((pick, consume, missing, hold, alarm), (sends, call, take, keep), (awaits, aside, stop))| Turn {
            pick,
            consume,
            missing,
            hold,
            alarm,
            sends,
            call,
            take,
            keep,
            awaits,
            aside,
            stop,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..CONTACTS, 0..60usize, prop::bool::weighted(0.2), prop::bool::weighted(0.9))
            .prop_map(|(contact, message, urgent, claim)| Step::Deliver { contact, message, urgent, claim }),
        3 => prop_oneof![4 => 1..3_000i64, 1 => 5_000..70_000i64].prop_map(Step::Pass),
        2 => Just(Step::Due),
        2 => (0..CONTACTS, prop::bool::weighted(0.3)).prop_map(|(contact, repeat)| Step::Claim { contact, repeat }),
        8 => turn().prop_map(Step::Commit),
        1 => Just(Step::CommitAgain),
        4 => (0..4usize).prop_map(|set| Step::DueWork { set }),
        4 => (any::<usize>(), 0..12usize, prop::bool::weighted(0.2)).prop_map(|(pick, set, repeat)| Step::Start { pick, set, repeat }),
        6 => (any::<usize>(), 0..8usize, 0..5usize, any::<bool>())
            .prop_map(|(pick, result, take, reply)| Step::Settle { pick, result, take, reply }),
        1 => Just(Step::SettleAgain),
        2 => (any::<usize>(), 0..3usize, prop::bool::weighted(0.8)).prop_map(|(pick, status, wake)| Step::Report { pick, status, wake }),
    ]
}

/// What the workers of a history hold.
struct Run {
    world: World,
    model: Model,
    claims: Vec<(ContactKey, Claim)>,
    commits: Vec<Commit>,
    tickets: Vec<(LaneKey, WorkSet, Ticket, u64)>,
    starts: Vec<(LaneKey, WorkSet, Who)>,
    started: Vec<Started>,
    settles: Vec<Settle>,
    effects: Vec<(ContactKey, EffectId)>,
    claimer: Who,
}

fn sets() -> [WorkSet; 4] {
    [sms(), whatsapp(), super::sharing::bulk(), WorkSet::Call]
}

impl Run {
    fn shard(&self) -> u8 {
        self.world.shard(contact(0))
    }

    async fn step(&mut self, step: Step) {
        self.world.pass(Span(1));
        self.model.now = self.world.now();
        match step {
            Step::Deliver { contact, message, urgent, claim } => self.deliver(contact, message, urgent, claim).await,
            Step::Pass(millis) => self.world.pass(Span(millis)),
            Step::Due => {
                let real = self.world.store.due_contacts(self.shard(), 2).await.expect("answers").contacts;
                assert_eq!(real, self.model.due_contacts(2));
            }
            Step::Claim { contact: n, repeat } => {
                self.claimer = if repeat { self.claimer } else { self.world.who() };
                let real = self.world.store.claim(contact(n), self.claimer).await.expect("answers");
                assert_eq!(real, self.model.claim(contact(n), self.claimer));
                if let Claimed::Claimed(claim) = real {
                    self.claims.push((contact(n), claim));
                }
            }
            Step::Commit(turn) => self.turn(turn).await,
            Step::CommitAgain => {
                if let Some(commit) = self.commits.last().cloned() {
                    self.commit(commit).await;
                }
            }
            Step::DueWork { set } => {
                let set = sets()[set].clone();
                let real = self.world.store.due_work(self.shard(), &set, 3).await.expect("answers");
                let (lanes, ticket) = self.model.due_work(&set, 3);
                assert_eq!(real.lanes, lanes);
                self.tickets.extend(lanes.into_iter().map(|lane| (lane, set.clone(), real.ticket, ticket)));
            }
            Step::Start { pick, set, repeat } => self.start(pick, set, repeat).await,
            Step::Settle { pick, result, take, reply } => self.end(pick, result, take, reply).await,
            Step::SettleAgain => {
                if let Some(settle) = self.settles.last().cloned() {
                    self.settle(settle).await;
                }
            }
            Step::Report { pick, status, wake } => self.report(pick, status, wake).await,
        }
        for n in 0..CONTACTS {
            assert_eq!(self.world.store.inspect(contact(n)).await.expect("answers"), self.model.inspect(contact(n)));
        }
        self.model.now = self.world.now();
        self.model.assert_alive();
    }

    async fn deliver(&mut self, n: usize, message: usize, urgent: bool, claim: bool) {
        // An input is one contact's: what failed is kept by its id.
        let message = format!("m{message} of {n}");
        let accept = Accept {
            contact: contact(n),
            hash: hash(&message),
            class: if urgent { Class::Priority } else { Class::Normal },
            id: id(&message),
            body: Bytes::from(message),
            claim,
            full: if urgent == claim { WhenFull::Drop } else { WhenFull::Refuse },
            known: false,
        };
        let real = self.world.store.accept(accept.clone()).await.expect("answers");
        assert_eq!(real, self.model.accept(&accept));
        if let Accepted::Claimed(claim) = real {
            self.claims.push((contact(n), claim));
        }
    }

    async fn turn(&mut self, turn: Turn) {
        if self.claims.is_empty() {
            return;
        }
        // Mostly the newest claim; an old one is a worker that was paused.
        let index = if turn.pick.is_multiple_of(4) { turn.pick / 4 % self.claims.len() } else { self.claims.len() - 1 };
        let (contact, mut claim) = self.claims.remove(index);
        claim.inputs.truncate(turn.consume);
        let mut commit = self.world.turn(contact, &claim);
        if turn.missing {
            commit.consumed.push(id("never accepted"));
        }
        commit.hold = turn.hold;
        commit.alarm = turn.alarm.map(|after| self.world.now() + Span(after));
        commit.keep = turn.keep;
        commit.stop = StopMask::of(&[ChannelKind::Sms, ChannelKind::WhatsApp][..usize::from(turn.stop % 3)]);
        commit.set_aside = commit.consumed.iter().copied().take(usize::from(turn.aside && !turn.missing)).collect();
        if !turn.sends.is_empty() {
            let chosen: Vec<_> = turn.sends.iter().map(|n| sets()[*n].clone()).collect();
            commit.lanes.push(push(commit.new, &chosen, turn.take));
            if turn.awaits {
                commit.await_add.push(commit.new.effect(0));
            }
        }
        if turn.call {
            let call = commit.new.effect(20);
            let effects = vec![NewEffect { id: call, set: WorkSet::Call, body: Bytes::from("call") }];
            commit.lanes.push(LanePush { lane: Lane::Own(call), due: Millis(0), take: turn.take, effects });
        }
        if let Some((_, effect)) = self.effects.iter().rev().find(|(whose, _)| *whose == contact).filter(|_| !turn.awaits) {
            commit.await_remove.push(*effect);
        }
        self.commit(commit).await;
    }

    async fn commit(&mut self, commit: Commit) {
        let real = self.world.store.commit(commit.clone()).await.expect("answers");
        assert_eq!(real, self.model.commit(&commit));
        if let Committed::Ok { more, started, now, .. } = real {
            self.effects.extend(commit.await_add.iter().map(|effect| (commit.contact, *effect)));
            self.started.extend(started);
            if !more.is_empty() {
                let record = self.model.inspect(commit.contact).expect("is there").record;
                self.claims.push((commit.contact, Claim { now, record, inputs: more }));
            }
        }
        self.commits.push(commit);
    }

    async fn start(&mut self, pick: usize, set: usize, repeat: bool) {
        let (lane, set, who, tickets) = if repeat {
            let Some((lane, set, who)) = self.starts.last().cloned() else { return };
            (lane, set, who, None)
        } else if let Some((lane, own, ticket, modeled)) = self.tickets.get(pick % self.tickets.len().max(1)).cloned() {
            // Sometimes in the wrong set.
            let set = sets().get(set).filter(|_| pick.is_multiple_of(9)).cloned().unwrap_or(own);
            (lane, set, self.world.who(), Some((ticket, modeled)))
        } else {
            (lane(contact(0)), sets()[set % 4].clone(), self.world.who(), None)
        };
        let real = self.world.store.start(lane, &set, who, tickets.map(|t| t.0)).await.expect("answers");
        assert_eq!(real, self.model.start(lane, &set, who, tickets.map(|t| t.1)));
        self.starts.push((lane, set, who));
        if let StartAnswer::Ok { started, .. } = real {
            self.started.push(started);
        }
    }

    async fn end(&mut self, pick: usize, result: usize, take: usize, reply: bool) {
        if self.started.is_empty() {
            return;
        }
        let index = if pick.is_multiple_of(3) { pick / 3 % self.started.len() } else { self.started.len() - 1 };
        let started = self.started[index].clone();
        let due = self.world.now() + Span(700);
        let result = match result {
            0..3 => SettleResult::Done,
            3 => SettleResult::Retry { due },
            4 => SettleResult::RetryUnsure { due },
            5 => SettleResult::Failed,
            6 => SettleResult::Arrived,
            _ => SettleResult::Ended,
        };
        let mut settle = self.world.end(&started, result);
        settle.take = sets()[..take].to_vec();
        settle.gap = Span(i64::try_from(pick % 3 * 500).expect("small"));
        if reply && matches!(result, SettleResult::Done | SettleResult::Failed) && started.lane.lane != Lane::Contact {
            let name = format!("result {}", started.id);
            settle.reply = Some((id(&name), Bytes::from(name)));
        }
        self.settle(settle).await;
    }

    async fn settle(&mut self, settle: Settle) {
        let real = self.world.store.settle(settle.clone()).await.expect("answers");
        assert_eq!(real, self.model.settle(&settle));
        match real {
            Settled::Ok { next, .. } => self.started.extend(next),
            Settled::Claimed { next, claim } => {
                self.started.extend(next);
                self.claims.push((settle.lane.contact, claim));
            }
            _ => {}
        }
        self.settles.push(settle);
    }

    async fn report(&mut self, pick: usize, status: usize, wake: bool) {
        let Some((contact, effect)) = self.effects.get(pick % self.effects.len().max(1)).copied() else { return };
        let name = format!("{effect} {status}");
        let wake = wake.then(|| Wake { hash: hash(&name), id: id(&name), body: Bytes::from(name.clone()) });
        let report = Report { contact, effect, journal: Bytes::from(name), wake };
        let real = self.world.store.report(report.clone()).await.expect("answers");
        assert_eq!(real, self.model.report(&report));
        if let Reported::Claimed(claim) = real {
            self.claims.push((contact, claim));
        }
    }

    async fn compare_the_rest(&self) {
        let journal = self.world.store.read_journal(self.shard(), JournalId::START, 10_000).await.expect("answers");
        let bodies: Vec<Bytes> = journal
            .into_iter()
            .map(|item| match item.record {
                JournalRecord::Entry(body) => body,
                JournalRecord::Overflow { entry, .. } => entry.body,
            })
            .collect();
        assert_eq!(bodies, self.model.journal);
        let failed = self.world.store.failed_list(10_000).await.expect("answers");
        let failed: std::collections::BTreeSet<FailedKey2> = failed.into_iter().map(|item| item.key.into()).collect();
        assert_eq!(failed, self.model.failed);
    }
}

/// Random histories, or the first one that differs. The seed is fixed, so that a failure is one for everybody.
pub fn histories(backend: Backend, max_shrink_iters: u32) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = Config { cases: 60, max_shrink_iters, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let steps = prop::collection::vec(step(), 20..200);
    let outcome = runner.run(&steps, |steps| {
        runtime.block_on(async {
            let world = World::with(backend, |s| (s.mailbox_max, s.mailbox_headroom, s.claim_inputs) = (6, 3, 3)).await;
            let (model, claimer) = (Model::new(world.settings.clone()), world.who());
            let (claims, commits, tickets, starts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            let (started, settles, effects) = (Vec::new(), Vec::new(), Vec::new());
            let mut run = Run { world, model, claims, commits, tickets, starts, started, settles, effects, claimer };
            for step in steps {
                run.step(step).await;
            }
            run.compare_the_rest().await;
        });
        Ok(())
    });
    outcome.map_err(|failure| failure.to_string())
}

/// What the model does not look at; the simulation and the cases of the suite catch these.
const NOT_OF_HISTORIES: [&str; 2] =
    ["commit: a run that ends is counted as if it began", "publish: over what somebody else has published"];

/// The test can fail: it catches every deliberate defect.
#[test]
fn histories_catch_every_defect() {
    let may_miss = |n: &usize| NOT_OF_HISTORIES.contains(&DEFECTS[*n].0);
    let missed = (0..DEFECTS.len()).filter(|n| !may_miss(n) && histories(Backend::Defect(*n), 0).is_ok());
    let missed: Vec<_> = missed.map(|n| DEFECTS[n].0).collect();
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
