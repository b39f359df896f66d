//! One run from one seed: who goes on, who dies, what comes in, until everything has come to its end.

use super::check;
use super::provider::{HOOKS, act, announce, deliver, feed};
use super::publish::publish;
use super::shared::{Actor, Chaos, Instance, Shared, WAKE, what_broke};
use super::world::{House, Somebody};
use super::{Ground, flows};
use futures_util::FutureExt as _;
use replyflow::domain::address::{Address, E164};
use replyflow::domain::broadcast::{BroadcastId, Reentry, Sending};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::codec;
use replyflow::domain::input::{Callback, ContactRef, OperatorAction};
use replyflow::domain::message::{Inbound, InboundContent};
use replyflow::domain::name::{ChannelName, EventName, Slug};
use replyflow::domain::value::Value;
use replyflow::engine::effect::Effect;
use replyflow::provider::{Decoded, Received};
use replyflow::service::forget::Erased;
use replyflow::service::{NewEvent, failed};
use replyflow::store::FailedBody;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

/// 2026-01-01T00:00:00Z.
const BEGIN: i64 = 1_767_225_600_000;
/// Messages and events of one run.
const MESSAGES: usize = 60;
/// Pairs of people of one run who are asked to become one.
const MERGES: usize = 2;
/// Steps in which things go wrong, at least.
const RESTLESS: usize = 2_500;
/// Steps after which a run that has not ended is stuck.
const LIMIT: usize = 80_000;
/// Every so many steps it is checked that nothing is forgotten.
const LOOK: usize = 25;

/// How a run ended.
pub struct Outcome {
    pub violation: Option<String>,
    pub story: String,
    pub fingerprint: (u64, u64),
    pub counts: BTreeMap<String, u64>,
}

/// One run.
pub struct Run<'a> {
    pub shared: Arc<Shared>,
    pub house: House,
    pub ground: &'a Ground,
    pub kept: Arc<check::Kept>,
    actors: Vec<Actor>,
    said: usize,
    merged: usize,
    steps: usize,
}

impl<'a> Run<'a> {
    /// A run on a store that is empty.
    pub fn begin(seed: u64, ground: &'a Ground, chaos: Chaos) -> Self {
        let shared = Shared::new(seed, BEGIN, chaos);
        let store = ground.open(&shared.clock);
        let house = House::new(&shared, &ground.runtime, store, flows::engine);
        house.start();
        house.start();
        Run { shared, house, ground, kept: Arc::default(), actors: Vec::new(), said: 0, merged: 0, steps: 0 }
    }

    /// To its end.
    pub fn run(mut self) -> Outcome {
        while self.shared.violation().is_none() && !self.step() {}
        if self.shared.violation().is_none() {
            check::at_the_end(&self);
        }
        if self.shared.violation().is_none() {
            self.delete_everybody();
        }
        // The instances hold what holds them.
        self.shared.instances().clear();
        self.actors.clear();
        drop(self.shared.born());
        let counts = self.shared.truth().counts.clone();
        Outcome { violation: self.shared.violation(), story: self.shared.story(), fingerprint: self.shared.fingerprint(), counts }
    }

    /// One step; true when everything has come to its end.
    fn step(&mut self) -> bool {
        self.steps += 1;
        if self.said == MESSAGES && self.steps > RESTLESS {
            self.shared.calm.store(true, Ordering::SeqCst);
        }
        let calm = self.shared.is_calm();
        if self.said < MESSAGES && self.shared.dice().hits(40) {
            self.somebody_writes();
        }
        if self.shared.dice().hits(20) {
            self.tick();
        }
        if self.shared.dice().hits(4) {
            self.feed();
        }
        if self.shared.mishap(4) {
            self.operate();
        }
        if self.shared.mishap(self.shared.chaos.leave) {
            self.erase();
        }
        if self.merged < MERGES && self.shared.mishap(self.shared.chaos.leave) {
            self.merged += 1;
            self.merge();
        }
        if self.shared.mishap(2) {
            publish(&self.shared, self.house.flows);
        }
        if self.shared.mishap(1) {
            self.retire();
        }
        if self.shared.mishap(self.shared.chaos.crash) {
            self.crash();
        }
        self.pass_time();
        self.actors.extend(self.shared.born());
        self.go_on();
        if self.steps.is_multiple_of(LOOK) {
            check::nobody_is_forgotten(self);
        }
        if self.steps > LIMIT {
            self.shared.violate(format!("it does not come to its end: {}", check::what_is_left(self)));
        }
        calm && self.actors.is_empty() && self.is_quiet()
    }

    /// Whatever became of those who were to become one: nobody waits for ever for somebody who does not come, and so cannot be deleted.
    fn delete_everybody(&mut self) {
        let keys: Vec<_> = self.house.people.iter().map(|somebody| somebody.key).collect();
        for somebody in keys {
            let Instance { number, core, .. } = self.shared.an_instance();
            let shared = Arc::clone(&self.shared);
            let task = async move {
                let erased = core.forget(somebody, "an operator").await;
                if !matches!(erased, Ok(Erased::Done(_) | Erased::Nobody)) {
                    let name = shared.truth().name(somebody);
                    shared.violate(format!("{name} cannot be deleted at the end: {erased:?}"));
                }
            };
            self.shared.begin("erase at the end", Some(number), Box::pin(task));
        }
        self.actors.extend(self.shared.born());
        while !self.actors.is_empty() && self.shared.violation().is_none() {
            self.steps += 1;
            self.pass_time();
            self.go_on();
            self.actors.extend(self.shared.born());
            if self.steps > LIMIT {
                self.shared.violate("people are deleted without an end");
            }
        }
        if self.shared.violation().is_none() {
            check::nobody_is_there(self);
        }
    }

    fn pass_time(&self) {
        let mut dice = self.shared.dice();
        let span = match dice.hits(20) {
            true => dice.one(&[2_000, 6_000]),
            false => dice.one(&[1, 5, 20, 100]),
        };
        self.shared.clock.fetch_add(span, Ordering::SeqCst);
    }

    /// One task makes one step, or dies, or falls asleep.
    fn go_on(&mut self) {
        let now = self.shared.now();
        let ready: Vec<usize> = (0..self.actors.len()).filter(|n| self.actors[*n].until <= now).collect();
        if ready.is_empty() {
            return;
        }
        let n = ready[self.shared.dice().below(ready.len())];
        let ours = self.actors[n].instance.is_some();
        if ours && self.shared.mishap(self.shared.chaos.kill) {
            let dead = self.actors.swap_remove(n);
            self.shared.note(|| format!("killed: {}", dead.name));
            self.shared.truth().count("killed");
            return;
        }
        if self.shared.mishap(self.shared.chaos.pause) {
            let pause = i64::try_from(self.shared.dice().below(30_000)).expect("small");
            self.actors[n].until = self.shared.now() + pause;
            return;
        }
        let actor = &mut self.actors[n];
        let mut context = Context::from_waker(Waker::noop());
        WAKE.with(|wake| wake.set(i64::MAX));
        self.shared.truth().task = actor.number;
        let polled = AssertUnwindSafe(&mut actor.task).catch_unwind();
        let polled = std::pin::pin!(polled).poll(&mut context);
        self.shared.truth().task = 0;
        if let Some(broken) = what_broke() {
            self.shared.violate(broken);
        }
        match polled {
            // It sleeps as long as it says, or waits for somebody else.
            Poll::Pending => actor.until = Some(WAKE.with(std::cell::Cell::get)).filter(|at| *at < i64::MAX).unwrap_or(0),
            Poll::Ready(Ok(())) => drop(self.actors.swap_remove(n)),
            Poll::Ready(Err(_)) => {
                let dead = self.actors.swap_remove(n);
                self.shared.violate(format!("`{}` panicked", dead.name));
            }
        }
    }

    /// An instance looks for what is due.
    fn tick(&self) {
        let Instance { number, core, .. } = self.shared.an_instance();
        let task = async move {
            drop(core.tick().await);
            drop(core.follow_publications().await);
        };
        self.shared.begin("tick", Some(number), Box::pin(task));
    }

    /// Somebody is to be deleted, through any instance.
    fn erase(&self) {
        let Instance { number, core, .. } = self.shared.an_instance();
        let keys: Vec<_> = self.house.people.iter().map(|somebody| somebody.key).collect();
        let somebody = self.shared.dice().one(&keys);
        let shared = Arc::clone(&self.shared);
        let task = async move {
            if let Ok(Erased::Done(_)) = core.forget(somebody, "an operator").await {
                shared.truth().count("deletions with a receipt");
            }
        };
        self.shared.begin("erase", Some(number), Box::pin(task));
    }

    /// Two people are one: somebody says so, perhaps again, and perhaps the other way round at the same time.
    fn merge(&self) {
        let keys: Vec<_> = self.house.people.iter().map(|somebody| somebody.key).collect();
        let (from, into) = {
            let mut dice = self.shared.dice();
            (dice.one(&keys), dice.one(&keys))
        };
        if from == into {
            return;
        }
        let id = format!("merge {}", self.merged);
        for (n, (from, into)) in [(from, into), (from, into), (into, from)].into_iter().enumerate() {
            if n > 0 && !self.shared.dice().hits(if n == 1 { 500 } else { 150 }) {
                continue;
            }
            let Instance { number, core, .. } = self.shared.an_instance();
            let id = if n == 2 { format!("{id} back") } else { id.clone() };
            let shared = Arc::clone(&self.shared);
            let task = async move {
                // As whoever asks does: again, until it is stored.
                while core.merge(from, into, "an operator", &id).await.is_err() {
                    shared.truth().count("merges asked again");
                }
            };
            self.shared.begin("merge", Some(number), Box::pin(task));
        }
    }

    /// An instance copies the journal.
    fn feed(&self) {
        let (Instance { number, core, .. }, kept) = (self.shared.an_instance(), Arc::clone(&self.kept));
        let task = async move {
            let _ = core.feed_history(&*kept).await;
        };
        self.shared.begin("history", Some(number), Box::pin(task));
    }

    /// An operator has something done again that failed.
    fn operate(&self) {
        let Instance { number, core, .. } = self.shared.an_instance();
        let shared = Arc::clone(&self.shared);
        let task = async move {
            let mut list = core.store().failed_list(100).await.expect("the store answers");
            // A run that was told of a failure is told of the second one too, under the same id: that is another story.
            list.retain(|item| match &item.body {
                FailedBody::Effect { body, .. } => {
                    matches!(codec::decode(body), Ok(Effect::Send(send)) if !send.awaited && !send.tracked)
                }
                FailedBody::Input(_) => true,
            });
            let n = shared.dice().below(list.len());
            if let Some(one) = list.get(n) {
                failed::act(core.store(), one.key, failed::Act::Retry).await.expect("the store answers");
            }
        };
        self.shared.begin("operator", Some(number), Box::pin(task));
    }

    /// SIGTERM: an instance takes nothing new and ends what it has begun; another one is started.
    fn retire(&self) {
        let Instance { number, core, .. } = self.shared.an_instance();
        self.shared.note(|| format!("instance {number} is told to stop"));
        self.shared.truth().count("instances that stopped");
        core.stop();
        self.shared.instances().retain(|instance| instance.number != number);
        self.house.start();
    }

    /// `kill -9`: what the instance was doing ends where it is; another one is started.
    fn crash(&mut self) {
        let victim = self.shared.an_instance();
        self.shared.note(|| format!("instance {} dies", victim.number));
        self.shared.truth().count("instances that died");
        let alone = self.ground.dies_with_its_process();
        let dies = |number: usize| alone || number == victim.number;
        for instance in self.shared.instances().iter().filter(|instance| dies(instance.number)) {
            instance.alive.store(false, Ordering::SeqCst);
        }
        self.actors.extend(self.shared.born());
        self.actors.retain(|actor| !actor.instance.is_some_and(dies));
        self.shared.instances().retain(|instance| !dies(instance.number));
        if alone {
            self.shared.truth().everybody_died();
            self.ground.reopen(&self.house.door, &self.shared.clock);
        }
        while self.shared.instances().len() < 2 {
            self.house.start();
        }
    }

    /// Nothing is due and nothing will be. If something will be, time goes there.
    fn is_quiet(&mut self) -> bool {
        let store = self.house.door.store();
        let sets = self.ground.runtime.block_on(store.work_sets()).expect("the store answers");
        let look = self.ground.runtime.block_on(store.look(&sets)).expect("the store answers");
        if look.ready.is_empty() {
            match look.next {
                None => return true,
                Some(next) => drop(self.shared.clock.fetch_max(next.0, Ordering::SeqCst)),
            }
        }
        self.tick();
        false
    }

    fn somebody_writes(&mut self) {
        self.said += 1;
        let id = format!("m{}", self.said);
        let somebody = {
            let n = self.shared.dice().below(self.house.people.len());
            self.house.people[n].clone()
        };
        let copies = self.shared.dice().one(&[1, 1, 2, 3]);
        if self.shared.dice().hits(80) {
            let told = self.shared.dice().hits(500);
            return announce(&self.shared, &id, event(&somebody, &id, told), copies);
        }
        if self.shared.dice().hits(120) {
            return self.broadcast(&somebody, copies);
        }
        if self.shared.dice().hits(60) {
            let by = "ann".to_owned();
            let action = match self.shared.dice().below(3) {
                0 => OperatorAction::Take { by },
                1 => OperatorAction::Write { by, text: "I am here.".to_owned(), channel: None },
                _ => OperatorAction::Resolve { by, note: Some("fine".to_owned()) },
            };
            return act(&self.shared, &id, somebody.key, action, copies);
        }
        let mut said = vec![self.message(&somebody, &id)];
        // Providers put what comes quickly into one webhook.
        if self.said < MESSAGES && self.shared.dice().hits(100) {
            self.said += 1;
            said.push(self.message(&somebody, &format!("m{}", self.said)));
        }
        deliver(&self.shared, &id, said, copies, 1_000);
    }

    /// A feeder of a broadcast comes to somebody, perhaps not for the first time.
    fn broadcast(&self, somebody: &Somebody, copies: usize) {
        let n = self.shared.dice().below(3);
        let broadcast = BroadcastId::of(n as u64);
        let sending = Some(Box::new(Sending { reentry: Reentry::Always, ..Sending::by(broadcast) }));
        let flow = Slug::parse(["many", "chat", "routed"][n]).expect("a name");
        let action = OperatorAction::Begin { flow, with: Vec::new(), sending };
        feed(&self.shared, broadcast, somebody.key, action, copies);
    }

    fn message(&self, from: &Somebody, id: &str) -> Decoded {
        let mut dice = self.shared.dice();
        let (channel, kind) = dice.one(&[("main-sms", ChannelKind::Sms), (super::provider::REPEATS, ChannelKind::WhatsApp)]);
        let text = format!("{}{}", dice.weighted(&flows::TEXTS), if dice.hits(500) { "" } else { " please" });
        drop(dice);
        self.shared.note(|| format!("{id}: {} writes `{text}` on {channel}", self.shared.truth().name(from.key)));
        let message = Inbound {
            channel: ChannelName::parse(channel).expect("a name"),
            kind,
            from: Address::from_wire(&from.phone),
            user_id: None,
            id: id.to_owned(),
            at: None,
            text,
            content: InboundContent::Text,
            profile_name: None,
            in_reply_to: None,
            answers: None,
            forwarded: false,
            referral: None,
        };
        Decoded::Message(Box::new(Received { message, to: channel.to_owned(), segments: None, part: None, error: None }))
    }
}

/// An event; `told`: whoever sends it wants to hear what becomes of the messages that it sets off.
fn event(somebody: &Somebody, id: &str, told: bool) -> NewEvent {
    let phone = E164::parse(&somebody.phone).expect("a number");
    NewEvent {
        name: EventName::parse("order.shipped").expect("a name"),
        contact: Some(ContactRef { phone: Some(phone), ..ContactRef::default() }),
        data: Value::from_json(serde_json::json!({ "phone": somebody.phone })),
        id: Some(id.to_owned()),
        callback: told
            .then(|| Box::new(Callback { url: format!("{HOOKS}told"), id: Some(id.to_owned()), data: None, json: None })),
        mode: replyflow::domain::mode::Mode::Live,
    }
}
