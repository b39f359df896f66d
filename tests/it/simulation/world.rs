//! One run's world: a real store, instances of the service on it, six people on two shards.

use super::flows::{self, Flows};
use super::ground::Door;
use super::ports::Port;
use super::provider::{BACKUP, HOOKS, MAIN, Network, PER_DAY, PROVIDER, REPEATS, SHOP};
use super::publish;
use super::shared::{Instance, Shared};
use super::store::{SECRET, SimStore};
use crate::support::asked::Asked;
use bytes::Bytes;
use indexmap::IndexMap;
use replyflow::config::api::{ApiSettings, CircuitSettings};
use replyflow::config::channel::{ProviderSettings, SimulatorSettings};
use replyflow::config::hooks::{CallbackSettings, HookPolicy, SigningKey};
use replyflow::config::secret::Secret;
use replyflow::config::send::{ChannelPolicy, PairPace, Unsure};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::{ContactKey, VersionId};
use replyflow::domain::name::{ChannelName, Slug};
use replyflow::domain::time::Span;
use replyflow::provider::Adapter;
use replyflow::service::ports::NoMail;
use replyflow::service::{Channel, Core, Engine, Parts, ServiceSettings, Versions, World};
use replyflow::store::{Published, Store};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::task::{Context, Poll, Waker};
use tokio::runtime::Runtime;

/// The store's leases in a run: short, so that many end.
pub const CLAIM_LEASE: Span = Span::seconds(5);
pub const SEND_LEASE: Span = Span::seconds(8);
/// How many messages may go to one contact over the channel that repeats.
pub const PAIR: PairPace = PairPace { every: Span::seconds(10), burst: 2 };
/// One request at most.
const TIMEOUT: Span = Span::seconds(3);
/// People, and shards that they are on.
const PEOPLE: usize = 6;
const SHARDS: usize = 2;

/// Somebody who writes.
#[derive(Debug, Clone)]
pub struct Somebody {
    pub phone: String,
    pub key: ContactKey,
}

/// What is started again when an instance dies.
pub struct House {
    pub shared: Arc<Shared>,
    pub runtime: Arc<Runtime>,
    pub door: Arc<Door>,
    pub people: Vec<Somebody>,
    pub engine: Engine,
    settings: ServiceSettings,
    world: World,
    pub flows: &'static Flows,
    started: AtomicUsize,
}

impl House {
    pub fn new(shared: &Arc<Shared>, runtime: &Arc<Runtime>, store: Arc<dyn Store>, engine: Engine) -> Self {
        let settings = {
            let mut dice = shared.dice();
            let mut settings = ServiceSettings {
                claim_lease: CLAIM_LEASE,
                send_lease: SEND_LEASE,
                contacts_in_flight: dice.one(&[2, 1_024, 1_024]),
                fold: dice.one(&[1, 3, 16]),
                commits_in_a_row: dice.one(&[2, 32]),
                ..ServiceSettings::default()
            };
            settings.send.timeout = TIMEOUT;
            settings.send.in_flight = dice.one(&[2, 256, 256]);
            settings
        };
        let people = people(store.shards());
        for (n, somebody) in people.iter().enumerate() {
            shared.truth().call(somebody.key, &format!("c{n}"));
        }
        let world = {
            let mut dice = shared.dice();
            world(dice.hits(500), dice.hits(700), dice.hits(800))
        };
        let flows = flows::flows(&world.project);
        for content in &flows.contents {
            let published = runtime.block_on(publish::put(&*store, content, 0, "the start")).expect("an empty store takes it");
            let Published::Ok(number) = published else { panic!("somebody published before") };
            shared.truth().publications.insert(content.name.clone(), (number, content.version, Bytes::new()));
        }
        House {
            shared: Arc::clone(shared),
            runtime: Arc::clone(runtime),
            door: Arc::new(Door::to(store)),
            people,
            engine,
            settings,
            world,
            flows,
            started: AtomicUsize::new(0),
        }
    }

    /// The versions on which runs begin.
    pub fn versions(&self) -> Vec<VersionId> {
        self.flows.contents.iter().chain([&self.flows.other]).map(|content| content.version).collect()
    }

    /// Another instance.
    pub fn start(&self) {
        let number = self.started.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let (shared, runtime, door) = (Arc::clone(&self.shared), Arc::clone(&self.runtime), Arc::clone(&self.door));
        let port = Arc::new(Port { shared: Arc::clone(&shared), instance: number, since: shared.now() });
        let parts = Parts {
            store: Arc::new(SimStore { shared: Arc::clone(&shared), runtime, door }),
            transport: Arc::new(Network(Arc::clone(&shared))),
            mail: Arc::new(NoMail),
            clock: Arc::clone(&port) as _,
            tasks: Arc::clone(&port) as _,
            random: port,
            engine: self.engine,
            settings: self.settings.clone(),
            world: self.world.clone(),
            versions: Versions::new(self.flows.catalog.clone()),
        };
        let core = at_once(Core::start(parts)).expect("the service starts");
        shared.instances().push(Instance { number, core, alive: Arc::new(AtomicBool::new(true)) });
    }
}

/// Runs what waits for nobody.
pub fn at_once<T>(task: impl Future<Output = T>) -> T {
    let mut task = pin!(task);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..100_000 {
        if let Poll::Ready(done) = task.as_mut().poll(&mut context) {
            return done;
        }
    }
    panic!("it waits for somebody");
}

/// Six people on two shards, of a store that has so many.
fn people(shards: u8) -> Vec<Somebody> {
    let mut people: Vec<Somebody> = Vec::new();
    let mut used: Vec<u8> = Vec::new();
    for n in 0..100_000 {
        let phone = format!("+4477009{n:05}");
        let key = ContactKey::derive(SECRET, &phone);
        let shard = key.shard() % shards;
        if used.len() < SHARDS.min(shards.into()) && !used.contains(&shard) {
            used.push(shard);
        }
        let there = people.iter().filter(|p| p.key.shard() % shards == shard).count();
        if used.contains(&shard) && there < PEOPLE / used.len().max(SHARDS.min(shards.into())) {
            people.push(Somebody { phone, key });
        }
        if people.len() == PEOPLE {
            return people;
        }
    }
    panic!("no six numbers on two shards");
}

/// `asked`: whether the providers of the channels that never repeat can be asked what became of a message; `guarded`: whether the one that
/// is down again and again is left alone then; `backed`: whether another channel stands in for it.
fn world(asked: bool, guarded: bool, backed: bool) -> World {
    let channel = |name: &str, kind, unsure, per_second| {
        let provider = ProviderSettings::Simulator(SimulatorSettings { base_url: PROVIDER.to_owned() });
        let simulator = Adapter::new(&provider);
        let at = (asked && unsure == Unsure::Fail).then(|| PROVIDER.to_owned());
        let adapter = Adapter::from(Asked { inner: simulator, at, keys: false });
        let name = ChannelName::parse(name).expect("a name");
        let stand_ins =
            if backed && name.as_str() == MAIN { vec![ChannelName::parse(BACKUP).expect("a name")] } else { Vec::new() };
        let after = if name.as_str() == MAIN && guarded { 3 } else { 0 };
        let circuit = CircuitSettings { after, pause: Span::seconds(10) };
        let per_day = (name.as_str() == BACKUP).then_some(PER_DAY);
        let policy = ChannelPolicy {
            unsure,
            per_second,
            burst: per_second.max(1),
            gap: Span::millis(0),
            pair: None,
            per_day,
            circuit,
            stand_ins,
        };
        (name.clone(), Channel { name, kind, adapter, policy, status_callback: None })
    };
    let channels: IndexMap<ChannelName, Channel> = [
        channel(MAIN, ChannelKind::Sms, Unsure::Fail, 0),
        channel(REPEATS, ChannelKind::WhatsApp, Unsure::Resend, 10),
        channel(BACKUP, ChannelKind::Sms, Unsure::Fail, 10),
    ]
    .into();
    let shop = Slug::parse("shop").expect("a slug");
    let api = ApiSettings {
        name: shop.clone(),
        base_url: SHOP.to_owned(),
        headers: Vec::new(),
        methods: Vec::new(),
        paths: Vec::new(),
        allow_private: true,
        timeout: TIMEOUT,
        circuit: CircuitSettings { after: 0, ..CircuitSettings::default() },
        test: None,
    };
    let key = SigningKey::parse(&Secret::new("0123456789abcdef01234567")).expect("long enough");
    let policy = HookPolicy {
        keys: vec![key],
        allow_private: true,
        timeout: TIMEOUT,
        in_flight: 2,
        retry_first: Span::seconds(1),
        max_age: Span::hours(24),
    };
    let callbacks = CallbackSettings { allow: vec![HOOKS.parse().expect("a URL")], policy };
    World {
        project: Arc::new(crate::support::project::of(PROJECT)),
        channels,
        apis: [(shop, api)].into(),
        endpoints: [].into(),
        desks: [].into(),
        callbacks: Some(callbacks),
        alerts: Default::default(),
    }
}

const PROJECT: &str = r#"
[channels.main-sms]
provider = "simulator"
kind = "sms"

[channels.main-whatsapp]
provider = "simulator"
kind = "whatsapp"

[api.shop]
base_url = "https://shop.example.com"
"#;
