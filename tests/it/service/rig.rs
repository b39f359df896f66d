//! The service on a real store with everything else in the test's hands: time is moved, tasks are run to their end when the
//! test says so, the network is a function. Nothing sleeps and nothing races.

use super::hands::{BEGIN, Counting, HandClock, Tasks};
use crate::support::redis::RedisServer;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use replyflow::config::api::CircuitSettings;
use replyflow::config::channel::{ProviderSettings, SimulatorSettings};
use replyflow::config::send::{ChannelPolicy, Unsure};
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::domain::address::Address;
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::message::{Inbound, InboundContent};
use replyflow::domain::name::ChannelName;
use replyflow::domain::time::{Millis, Span};
use replyflow::domain::{id::ContactKey, journal};
use replyflow::flow::catalog::Catalog;
use replyflow::flow::load::Sources;
use replyflow::provider::Adapter;
use replyflow::service::ports::{HttpAnswer, HttpCall, HttpFailure, NoMail, Transport};
use replyflow::service::publisher::publish;
use replyflow::service::{Channel, Core, Engine, HistoryError, HistorySink, Parts, Received, ServiceSettings, Versions, World};
use replyflow::store::{EmbeddedStore, JournalId, JournalItem, JournalRecord, RedisStore, Store, StoreSettings};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// Which store a test runs on.
#[derive(Debug, Clone, Copy)]
pub enum Backend {
    Redis,
    Embedded,
}

/// What the network answers.
pub type Answering = Box<dyn FnOnce(HttpCall) -> BoxFuture<'static, Result<HttpAnswer, HttpFailure>> + Send>;

/// The network: every request is kept, answers come from the script, else every send is accepted.
#[derive(Default)]
pub struct Network {
    pub calls: Mutex<Vec<HttpCall>>,
    pub script: Mutex<VecDeque<Answering>>,
}

/// An answer with this status and body.
pub fn answer(status: u16, body: &str) -> Result<HttpAnswer, HttpFailure> {
    Ok(HttpAnswer { status, headers: Vec::new(), body: Bytes::copy_from_slice(body.as_bytes()) })
}

#[async_trait::async_trait]
impl Transport for Network {
    async fn send(&self, call: HttpCall) -> Result<HttpAnswer, HttpFailure> {
        let n = {
            let mut calls = self.calls.lock().expect("not poisoned");
            calls.push(call.clone());
            calls.len()
        };
        // Somebody else may come first: a request takes time.
        tokio::task::yield_now().await;
        let scripted = self.script.lock().expect("not poisoned").pop_front();
        match scripted {
            Some(scripted) => scripted(call).await,
            None => answer(200, &format!("{{\"id\":\"p{n}\"}}")),
        }
    }
}

/// History in memory.
#[derive(Default)]
pub struct Kept(pub Mutex<Vec<(u8, JournalItem)>>);

#[async_trait::async_trait]
impl HistorySink for Kept {
    async fn append(&self, shard: u8, items: Vec<JournalItem>, _now: Millis) -> Result<(), HistoryError> {
        let mut kept = self.0.lock().expect("not poisoned");
        for item in items {
            if !kept.iter().any(|(s, i)| (*s, i.id) == (shard, item.id)) {
                kept.push((shard, item));
            }
        }
        Ok(())
    }
}

/// The service and everything around it.
pub struct Rig {
    pub core: Arc<Core>,
    pub store: Arc<dyn Store>,
    pub network: Arc<Network>,
    pub tasks: Arc<Tasks>,
    _redis: Option<RedisServer>,
    _folder: Option<tempfile::TempDir>,
    clock: Arc<AtomicI64>,
    parts: Box<dyn Fn() -> Parts + Send + Sync>,
}

/// Something between the service and its store.
type Wrap = Box<dyn Fn(Arc<dyn Store>) -> Arc<dyn Store>>;

/// Changes the channels.
type Arrange = Box<dyn FnOnce(&mut IndexMap<ChannelName, Channel>)>;

/// What a test may change before the service starts.
pub struct Plan {
    pub settings: ServiceSettings,
    pub unsure: Unsure,
    pub gap: Span,
    pub per_second: u32,
    pub engine: Engine,
    pub catalog: Catalog,
    pub wrap: Wrap,
    pub store: StoreSettings,
    /// What is different of the channels.
    pub arrange: Arrange,
    pub toml: String,
    pub real: bool,
    /// The environment that the settings find secrets in.
    pub secrets: Environment,
    /// The sample project: its settings, its flows published in the store.
    pub samples: bool,
}

impl Plan {
    fn new(engine: Engine) -> Self {
        Plan {
            settings: ServiceSettings::default(),
            unsure: Unsure::Fail,
            gap: Span::millis(0),
            per_second: 1_000,
            engine,
            catalog: Catalog::default(),
            wrap: Box::new(|store| store),
            store: StoreSettings::default(),
            arrange: Box::new(|_| {}),
            toml: String::new(),
            real: false,
            samples: false,
            secrets: Environment::default(),
        }
    }
}

impl Rig {
    pub async fn new(backend: Backend, engine: Engine) -> Rig {
        Rig::with(backend, engine, |_| {}).await
    }

    /// On the machine's time, for what is run by the real loops.
    pub async fn real(backend: Backend, engine: Engine) -> Rig {
        Rig::with(backend, engine, |plan| plan.real = true).await
    }

    pub async fn with(backend: Backend, engine: Engine, change: impl FnOnce(&mut Plan)) -> Rig {
        let mut plan = Plan::new(engine);
        change(&mut plan);
        let clock = Arc::new(AtomicI64::new(BEGIN));
        let time = match plan.real {
            true => replyflow::store::Clock::Real,
            false => replyflow::store::Clock::Virtual(Arc::clone(&clock)),
        };
        let settings = StoreSettings { clock: time, ..plan.store };
        let (store, redis, folder): (Arc<dyn Store>, _, _) = match backend {
            Backend::Redis => {
                let server = RedisServer::start();
                (Arc::new(RedisStore::open(&server.url(), settings).expect("opens")), Some(server), None)
            }
            Backend::Embedded => {
                let folder = tempfile::tempdir().expect("a folder");
                (Arc::new(EmbeddedStore::open(folder.path(), settings).expect("opens")), None, Some(folder))
            }
        };
        let store = (plan.wrap)(store);
        let policy = ChannelPolicy {
            unsure: plan.unsure,
            per_second: plan.per_second,
            burst: plan.per_second,
            gap: plan.gap,
            pair: None,
            per_day: None,
            circuit: CircuitSettings { after: 0, ..CircuitSettings::default() },
            stand_ins: Vec::new(),
        };
        let channel = |name: &str, kind| {
            let provider = ProviderSettings::Simulator(SimulatorSettings { base_url: "http://simulator.test".to_owned() });
            let name = ChannelName::parse(name).expect("a name");
            (
                name.clone(),
                Channel { name, kind, adapter: Adapter::new(&provider), policy: policy.clone(), status_callback: None },
            )
        };
        let mut channels: IndexMap<ChannelName, Channel> =
            [channel("main-sms", ChannelKind::Sms), channel("main-whatsapp", ChannelKind::WhatsApp)].into();
        (plan.arrange)(&mut channels);
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let toml =
            if plan.samples { std::fs::read_to_string(root.join("replyflow.toml")).expect("the sample") } else { plan.toml };
        let settings = read_settings(&toml, &plan.secrets);
        if plan.samples {
            let sources = Sources::read(root).expect("the samples");
            let publication = publish(&*store, &sources, &settings.project).await.expect("publishes");
            assert_eq!(publication.checked.errors(), 0, "{:?}", publication.checked.diagnostics);
            plan.catalog = (*publication.versions.catalog()).clone();
        }
        let callbacks = (!settings.callbacks.allow.is_empty()).then_some(settings.callbacks);
        let (endpoints, apis, desks) = (settings.endpoints, settings.apis, settings.desks);
        let world =
            World { project: Arc::new(settings.project), channels, apis, endpoints, desks, callbacks, alerts: settings.alerts };
        let (network, tasks) = (Arc::new(Network::default()), Arc::new(Tasks::default()));
        let seeds = AtomicU32::new(1);
        let parts = {
            let (store, network, tasks, clock) = (store.clone(), network.clone(), tasks.clone(), clock.clone());
            let (settings, engine, catalog) = (plan.settings, plan.engine, plan.catalog);
            move || Parts {
                store: store.clone(),
                transport: network.clone(),
                mail: Arc::new(NoMail),
                clock: Arc::new(HandClock(clock.clone())),
                tasks: tasks.clone(),
                random: Arc::new(Counting(AtomicU32::new(seeds.fetch_add(0x0100_0001, Ordering::SeqCst)))),
                engine,
                settings: settings.clone(),
                world: world.clone(),
                versions: Versions::new(catalog.clone()),
            }
        };
        let core = Core::start(parts()).await.expect("the service starts");
        Rig { core, store, network, tasks, _redis: redis, _folder: folder, clock, parts: Box::new(parts) }
    }

    /// Another instance on the same store; the first one stays.
    pub async fn another(&self) -> Arc<Core> {
        Core::start((self.parts)()).await.expect("the service starts")
    }

    /// Another instance that knows no flow yet: a run's version is in the store.
    pub async fn another_without_flows(&self) -> Arc<Core> {
        let parts = Parts { versions: Versions::new(Catalog::default()), ..(self.parts)() };
        Core::start(parts).await.expect("the service starts")
    }

    /// Another instance that has one more channel.
    pub async fn another_with_channel(&self, name: &str) -> Arc<Core> {
        let mut parts = (self.parts)();
        let name = ChannelName::parse(name).expect("a name");
        let like = parts.world.channels.values().next().expect("a channel").clone();
        parts.world.channels.insert(name.clone(), Channel { name, ..like });
        Core::start(parts).await.expect("the service starts")
    }

    /// What an instance is made of.
    pub fn parts(&self) -> Parts {
        (self.parts)()
    }

    pub fn pass(&self, span: Span) {
        self.clock.fetch_add(span.0, Ordering::SeqCst);
    }

    /// One message, and everything that follows from it now.
    pub async fn say(&self, from: &str, id: &str, text: &str) -> Received {
        let received = self.deliver(from, id, text).await;
        self.tasks.run().await;
        received
    }

    /// One message; what follows waits.
    pub async fn deliver(&self, from: &str, id: &str, text: &str) -> Received {
        self.core.receive_message(message(from, id, text)).await.expect("accepted")
    }

    /// Looks and works until nothing is due any more.
    pub async fn quiet(&self) {
        for _ in 0..1_000 {
            self.tasks.run().await;
            if self.core.tick().await.expect("looks").begun == 0 {
                return;
            }
        }
        panic!("there is always something due");
    }

    /// Texts that reached the provider, in order.
    pub fn texts(&self) -> Vec<String> {
        let calls = self.network.calls.lock().expect("not poisoned");
        calls.iter().filter_map(|call| json(call).get("text").and_then(|t| t.as_str().map(str::to_owned))).collect()
    }

    /// What the next request that has no answer yet is answered.
    pub fn script(&self, answering: impl FnOnce(&HttpCall) -> Result<HttpAnswer, HttpFailure> + Send + 'static) {
        self.script_slowly(|call| {
            let answer = answering(&call);
            Box::pin(async { answer })
        });
    }

    /// The same, with something happening before.
    pub fn script_slowly(
        &self,
        answering: impl FnOnce(HttpCall) -> BoxFuture<'static, Result<HttpAnswer, HttpFailure>> + Send + 'static,
    ) {
        self.network.script.lock().expect("not poisoned").push_back(Box::new(answering));
    }

    pub fn key(&self, from: &str) -> ContactKey {
        self.core.contact_key(replyflow::domain::mode::Mode::Live, from)
    }

    /// What the journal says of a contact, in order.
    pub async fn journal(&self, contact: ContactKey) -> Vec<journal::Event> {
        let items = self.store.read_journal(contact.shard(), JournalId::START, 10_000).await.expect("reads");
        let entries = items.into_iter().filter_map(|item| match item.record {
            JournalRecord::Entry(body) => {
                Some(replyflow::domain::codec::decode::<journal::Entry>(&body).expect("a readable entry"))
            }
            JournalRecord::Overflow { .. } => None,
        });
        entries.filter(|e| e.contact == contact).flat_map(|e| e.events).collect()
    }

    /// Nothing waits, nothing is in the air, nothing failed.
    pub async fn is_at_rest(&self, contact: ContactKey) -> bool {
        let Some(seen) = self.store.inspect(contact).await.expect("looks") else { return true };
        seen.mailbox.is_empty() && seen.lane.is_empty() && seen.record.tries == 0
    }
}

/// The body of a request as JSON.
pub fn json(call: &HttpCall) -> serde_json::Value {
    serde_json::from_slice(&call.body).unwrap_or(serde_json::Value::Null)
}

/// A text message on `main-sms`.
pub fn message(from: &str, id: &str, text: &str) -> Inbound {
    Inbound {
        channel: ChannelName::parse("main-sms").expect("a name"),
        kind: ChannelKind::Sms,
        from: Address::from_wire(from),
        user_id: None,
        id: id.to_owned(),
        at: None,
        text: text.to_owned(),
        content: InboundContent::Text,
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    }
}

fn read_settings(toml: &str, secrets: &Environment) -> Settings {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("replyflow.toml");
    std::fs::write(&path, toml).expect("written");
    match Settings::load(Some(&path), secrets, Secrets::Tolerated) {
        Ok(settings) => settings,
        Err(mistakes) => panic!("{mistakes}"),
    }
}
