//! The service as a value: what it is made of, and what every part of it uses. It starts no threads and reads no clock of its
//! own; production (`runtime`) and the simulation drive the same steps: `receive…`, `turns`, `dispatch`, `tick`, `feed_history`.

use super::aliases::Aliases;
use super::backlog::Backlog;
use super::broadcast::cancelled::Cancelled;
use super::broadcast::manners::Pulse;
use super::channel_health::Healths;
use super::circuit::Circuits;
use super::drain::Draining;
use super::feed::Feed;
use super::gate::Gate;
use super::history::Turnstile;
use super::holds::Holds;
use super::hook::HookSlots;
use super::media::links::Links;
use super::pace::Paces;
use super::permits::Permits;
use super::ports::{Clock, MailTransport, Random, Spawn, Transport};
use super::quoted::Quoted;
use super::recent::Recent;
use super::reported::SentAs;
use super::settings::{Channel, ServiceSettings, World};
use super::slots::{Shares, Slots};
use super::sns::Certificates;
use super::suppressions::Listed;
use super::systems::Systems;
use super::versions::Versions;
use crate::domain::desk::desk_set;
use crate::domain::id::{ContactKey, EffectId, Token, Who};
use crate::domain::input;
use crate::domain::mode::Mode;
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::{Millis, Span};
use crate::engine::record::Record;
use crate::engine::{Context, TurnError, TurnOutput};
use crate::store::{Answer, JournalId, Store, StoreError, Traffic, WorkSet};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The engine as the service calls it. There is one, [`crate::engine::turn`]; tests put one in front of it that fails.
pub type Engine =
    fn(&Context<'_>, &mut Record, Token, ContactKey, Option<&input::Accepted>, Millis) -> Result<TurnOutput, TurnError>;

/// Told of each contact that was deleted.
pub(super) type Forgetter = Box<dyn Fn(ContactKey) + Send + Sync>;

/// What a service is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// How HTTP requests are done.
    pub transport: Arc<dyn Transport>,
    /// How mails are handed to their servers.
    pub mail: Arc<dyn MailTransport>,
    /// The instance's clock.
    pub clock: Arc<dyn Clock>,
    /// Where work goes on that nobody waits for.
    pub tasks: Arc<dyn Spawn>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// What decides.
    pub engine: Engine,
    /// Bounds and times.
    pub settings: ServiceSettings,
    /// The project.
    pub world: World,
    /// The flows' versions.
    pub versions: Versions,
}

/// The service.
pub struct Core {
    pub(super) store: Arc<dyn Store>,
    pub(super) gate: Gate,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tasks: Arc<dyn Spawn>,
    pub(super) random: Arc<dyn Random>,
    pub(super) engine: Engine,
    pub(super) settings: ServiceSettings,
    pub(super) world: World,
    pub(super) versions: Versions,
    pub(super) secret: bytes::Bytes,
    pub(super) file_links: Links,
    pub(super) recent: Recent,
    pub(super) quoted: Quoted<EffectId>,
    /// What is sent over channels whose reports name a message by the provider's id alone.
    pub(super) reported: SentAs,
    pub(super) aliases: Aliases,
    pub(super) cancelled: Cancelled,
    pub(super) listed: Listed,
    pub(super) pulse: Pulse,
    pub(super) forgetters: Mutex<Vec<Forgetter>>,
    pub(super) permits: Permits,
    pub(super) paces: Paces,
    pub(super) holds: Holds,
    pub(super) draining: Draining,
    pub(super) feed: Feed,
    pub(super) contacts: Arc<Slots>,
    /// For contacts that fall due: a part of them, so that whoever writes finds some left, however many timers fire.
    pub(super) due: Arc<Slots>,
    /// Whoever works on a contact over which processes may have died holds it.
    pub(super) alone: Arc<tokio::sync::Mutex<()>>,
    pub(super) sends: Arc<Slots>,
    bulk: Arc<Slots>,
    shares: Shares,
    hooks: HookSlots,
    pub(super) backlog: Backlog,
    pub(super) certificates: Certificates,
    pub(super) circuits: Circuits,
    /// The same of channels.
    pub(super) lines: Circuits,
    pub(super) health: Healths,
    pub(super) systems: Systems,
    room: Arc<Notify>,
    pub(super) history_turn: Turnstile,
    history_cursors: Mutex<HashMap<u8, JournalId>>,
    strange_sets: Mutex<Vec<WorkSet>>,
    stopping: AtomicBool,
    /// How long the contact waits that waited longest at the last look, in milliseconds.
    pub(super) lag: AtomicI64,
    /// The store's clock less our monotonic one, in milliseconds.
    store_offset: AtomicI64,
}

/// What one attempt to reach the store may cost before the caller gives up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// Somebody outside waits for the answer.
    Short,
    /// A lease is at stake: as long as it lasts.
    Lease,
    /// What happened must be written down.
    Long,
}

impl Core {
    /// Reads what the store says of itself and puts the service together.
    pub async fn start(parts: Parts) -> Answer<Arc<Self>> {
        let meta = parts.store.meta().await?;
        let now = parts.store.now().await?;
        let strange = parts.store.work_sets().await?;
        let holds = Holds::of(parts.store.holds().await?);
        parts.versions.pause(holds.flows());
        let monotonic = millis(parts.clock.monotonic());
        let room: Arc<Notify> = Arc::default();
        let contacts = Slots::new(parts.settings.contacts_in_flight, Arc::clone(&room));
        let sends = Slots::new(parts.settings.send.in_flight, Arc::clone(&room));
        let bulk = Slots::within(&sends);
        let simulated = parts.world.project.channels.values().any(|channel| channel.simulated);
        let file_links = parts.settings.file_links(&meta.contact_secret);
        let core = Core {
            store: parts.store,
            gate: Gate::new(parts.transport, parts.mail),
            clock: parts.clock,
            tasks: parts.tasks,
            random: parts.random,
            engine: parts.engine,
            settings: parts.settings,
            world: parts.world,
            versions: parts.versions,
            secret: meta.contact_secret,
            file_links,
            recent: Recent::default(),
            quoted: Quoted::default(),
            reported: SentAs::default(),
            aliases: Aliases::default(),
            cancelled: Cancelled::default(),
            listed: Listed::default(),
            pulse: Pulse::default(),
            forgetters: Mutex::default(),
            permits: Permits::default(),
            paces: Paces::default(),
            holds,
            draining: Draining::default(),
            feed: Feed::new(simulated),
            due: Slots::within(&contacts),
            contacts,
            alone: Arc::default(),
            sends,
            bulk,
            shares: Shares::default(),
            hooks: HookSlots::default(),
            backlog: Backlog::default(),
            certificates: Certificates::default(),
            circuits: Circuits::default(),
            lines: Circuits::default(),
            health: Healths::default(),
            systems: Systems::default(),
            room,
            history_turn: Turnstile::default(),
            history_cursors: Mutex::default(),
            strange_sets: Mutex::new(strange),
            stopping: AtomicBool::new(false),
            lag: AtomicI64::new(0),
            store_offset: AtomicI64::new(now.0 - monotonic),
        };
        // Before anything is sent.
        core.follow_suppressions().await?;
        Ok(Arc::new(core))
    }

    /// The key of the contact of this mode with this canonical address.
    pub fn contact_key(&self, mode: Mode, canonical: &str) -> ContactKey {
        ContactKey::of(mode, &self.secret, canonical)
    }

    /// The store, for reading.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The project.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The flows' versions.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// How often work is looked for that nobody announced.
    pub fn tick_span(&self) -> Span {
        self.settings.tick
    }

    /// Takes nothing new from now on: inputs are stored and left to others, lanes are not gone on with. What is in the air
    /// ends by itself.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether the service is stopping.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Contacts that are worked on now, and sends in the air.
    pub fn busy(&self) -> (usize, usize) {
        (self.contacts.busy(), self.sends.busy() + self.hooks.busy())
    }

    /// The apis that are not called now, because they failed again and again.
    pub fn broken_apis(&self) -> Vec<Slug> {
        self.circuits.open()
    }

    /// Signalled when there is room again for what a look had to leave behind.
    pub fn room(&self) -> Arc<Notify> {
        Arc::clone(&self.room)
    }

    /// The store's time, as far as this instance knows it.
    pub fn store_now(&self) -> Millis {
        Millis(self.store_offset.load(Ordering::Relaxed).saturating_add(millis(self.clock.monotonic())))
    }

    /// 64 fresh bits: a name for what has none.
    pub fn random_bits(&self) -> u64 {
        u64::from(self.random.bits()) << 32 | u64::from(self.random.bits())
    }

    /// The store said what time it is.
    pub(super) fn note_now(&self, now: Millis) {
        self.store_offset.store(now.0.saturating_sub(millis(self.clock.monotonic())), Ordering::Relaxed);
    }

    pub(super) fn who(&self) -> Who {
        Who(self.random.bits())
    }

    pub(super) fn channel(&self, name: &ChannelName) -> Option<&Channel> {
        self.world.channels.get(name)
    }

    /// The channel whose rate the set keeps.
    pub(super) fn channel_of(&self, set: &WorkSet) -> Option<&Channel> {
        match set {
            WorkSet::Talk(name) | WorkSet::Bulk(name) => self.channel(name),
            WorkSet::Call | WorkSet::Post | WorkSet::Move | WorkSet::Hook(_) => None,
        }
    }

    /// What permits of its channel a set takes.
    pub(super) fn traffic_of(set: &WorkSet) -> Traffic {
        if matches!(set, WorkSet::Bulk(_)) { Traffic::Bulk } else { Traffic::Talk }
    }

    /// How much of a set's work may be in the air: broadcasts leave a part of it to conversations, each channel and all calls together leave a part of
    /// it to the others, however slowly their own are answered, and reports have slots of their own for each endpoint.
    pub(super) fn slots_of(&self, set: &WorkSet) -> Arc<Slots> {
        match set {
            WorkSet::Hook(endpoint) => self.hooks.of(endpoint, self.hooks_in_flight(endpoint), &self.room),
            WorkSet::Bulk(_) => self.shares.of(set, &self.bulk),
            WorkSet::Talk(_) | WorkSet::Call => self.shares.of(set, &self.sends),
            WorkSet::Post | WorkSet::Move => Arc::clone(&self.sends),
        }
    }

    /// Gives permits back that were taken for a set and for nothing.
    pub(super) fn unused(&self, set: &WorkSet, n: u32) {
        if let Some(channel) = self.channel_of(set) {
            let of = (&channel.name, Self::traffic_of(set));
            self.permits.give_back(of, channel.rate(), n, self.clock.monotonic());
        }
    }

    pub(super) fn spawn(self: &Arc<Self>, what: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let task: BoxFuture<'static, ()> = Box::pin(task);
        self.tasks.spawn(what, task);
    }

    /// Every set in which work may wait: those of the channels, the executors', and what the store knows besides: broadcasts', and those of
    /// channels that are no longer configured.
    pub(super) fn work_sets(&self) -> Vec<WorkSet> {
        let mut sets: Vec<WorkSet> = self.world.channels.keys().cloned().map(WorkSet::Talk).collect();
        sets.extend([WorkSet::Call, WorkSet::Post, WorkSet::Move]);
        sets.extend(self.world.endpoints.keys().cloned().map(WorkSet::Hook));
        sets.extend(self.alert_sets());
        sets.extend(self.world.desks.keys().filter_map(desk_set).map(WorkSet::Hook));
        let strange = self.strange_sets.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for set in strange.into_iter().chain(self.hooks.known().into_iter().map(WorkSet::Hook)) {
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        sets
    }

    /// Asks the store which sets there are: an instance of another configuration may have put work into one that we do not
    /// have, and then gone.
    pub async fn learn_sets(&self) -> Answer<()> {
        let known = self.store.work_sets().await?;
        for set in known {
            self.meet_set(&set);
        }
        Ok(())
    }

    /// Work waits in this set, or is about to.
    pub(super) fn meet_set(&self, set: &WorkSet) {
        let mut met = self.strange_sets.lock().unwrap_or_else(PoisonError::into_inner);
        if !met.contains(set) {
            met.push(set.clone());
        }
    }

    /// Repeats a call of the store whose answer was lost. Every call may be repeated with the same arguments, so this is
    /// always right; it is only a question of how long somebody can wait. Where something is at stake, a store without room is asked
    /// again too: what is forgotten of a message that left cannot be found out again.
    pub(super) async fn patiently<T, F>(&self, patience: Patience, call: impl Fn() -> F) -> Answer<T>
    where
        F: Future<Output = Answer<T>>,
    {
        let limit = match patience {
            Patience::Short => Duration::from_secs(1),
            Patience::Lease => duration(self.settings.claim_lease),
            Patience::Long => duration(self.settings.send_lease),
        };
        let begun = self.clock.monotonic();
        let mut pause = Duration::from_millis(20);
        loop {
            let error = match (call().await, patience) {
                (Err(error @ StoreError::Unavailable(_)), _) => error,
                (Err(error @ StoreError::Full(_)), Patience::Lease | Patience::Long) => error,
                (answer, _) => return answer,
            };
            let spent = self.clock.monotonic().saturating_sub(begun);
            if spent + pause > limit || (self.is_stopping() && spent > Duration::from_secs(5)) {
                return Err(error);
            }
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    pub(super) fn history_known(&self, shard: u8) -> Option<JournalId> {
        self.history_cursors.lock().unwrap_or_else(PoisonError::into_inner).get(&shard).copied()
    }

    pub(super) fn history_at(&self, shard: u8, at: Option<JournalId>) {
        let mut cursors = self.history_cursors.lock().unwrap_or_else(PoisonError::into_inner);
        match at {
            Some(at) => cursors.insert(shard, at),
            None => cursors.remove(&shard),
        };
    }
}

/// A duration of the domain as one of the machine.
pub(super) fn duration(span: Span) -> Duration {
    Duration::from_millis(span.0.max(0).unsigned_abs())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
