//! The composition root: the only place that knows which store, which client and which clock the service runs on.

mod files;
mod follow;
mod measure;
mod publish;
mod reload;
mod stores;
pub mod watch;

pub use files::open_files;
pub use measure::start_log;
pub use stores::{Access, open_store, open_to_look, open_transfer};

use crate::domain::mode::Mode;
use publish::Places;
use reload::Reload;

use crate::config::Settings;
use crate::config::channel::{ChannelSettings, ProviderSettings};
use crate::config::observe::MetricsSettings;
use crate::config::publish::PublishFrom;
use crate::domain::address::Address;
use crate::domain::name::ChannelName;
use crate::domain::time::Span;
use crate::flow::load::Sources;
use crate::history::{Database, Lines, Writer};
use crate::http::api::publications::Folders;
use crate::http::api::streams::Streams;
use crate::http::body::Memory;
use crate::http::keys::Keys;
use crate::http::links;
use crate::http::phone::Desk;
use crate::http::simulator::phone::Phones;
use crate::http::trace;
use crate::http::web::{Buckets, Files, Hook, Ready, Web};
use crate::provider::Adapter;
use crate::service::Binds;
use crate::service::HttpClient;
use crate::service::MailClient;
use crate::service::broadcast;
use crate::service::runtime::{MachineClock, MachineRandom, Running, TokioTasks};
use crate::service::{Channel, LinkSettings, ServiceSettings, World};
use crate::service::{Core, KeyRing, Parts, Sink, open_sinks};
use crate::store::FindingLevel;
use crate::store::files::FileStore;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web::Data};
use anyhow::Context as _;
use indexmap::IndexMap;
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The whole service, bound to its port and not yet serving.
pub struct Application {
    settings: Settings,
    listener: TcpListener,
    core: Arc<Core>,
    tasks: TokioTasks,
    history: Writer,
    sinks: Vec<Arc<Sink>>,
    record: Database,
    files: Arc<dyn FileStore>,
    metrics: Option<PrometheusHandle>,
    published: Sources,
    asked: Arc<Notify>,
    watch: bool,
}

impl Application {
    /// Binds the port, opens the store, loads the flows. Must be called on the runtime that the service is to work on.
    pub async fn build(mut settings: Settings) -> anyhow::Result<Self> {
        let listen = settings.server.listen;
        let listener = TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        name_port(&mut settings, port);
        let store = open_store(&settings.store, Access::Serve).await.context("the store")?;
        // Before anything is written: flows that are published into a store that is moved, or was, would be a difference.
        store.meta().await.context("the store")?;
        let files = open_files(&settings).context("where files of contacts are kept")?;
        let metrics = settings.metrics.enabled.then(measure::recorder).transpose()?;
        if settings.record_is_split() {
            tracing::warn!(
                "history is a file of this instance alone; with more than one instance on this Redis set `postgres` of [history]"
            );
        }
        let record = Database::open(&settings.history).await.context("history")?;
        let sinks = open_sinks(&record, settings.sinks.values()).await.context("history")?;
        let history = Writer::new(record.clone(), lines(&settings), settings.history.keep);
        let tasks = TokioTasks::new(tokio::runtime::Handle::current());
        let (versions, published) = publish::publish(&settings, &*store).await?;
        let parts = Parts {
            store,
            transport: Arc::new(HttpClient::new().context("the HTTP client")?),
            mail: Arc::new(MailClient::new()),
            clock: Arc::new(MachineClock::default()),
            tasks: Arc::new(tasks.clone()),
            random: Arc::new(MachineRandom),
            settings: service_settings(&settings, &files),
            engine: crate::engine::turn,
            world: world(&settings),
            versions,
        };
        let core = Core::start(parts).await.context("the store")?;
        let (asked, watch) = (Arc::default(), true);
        Ok(Application { settings, listener, core, tasks, history, sinks, record, files, metrics, published, asked, watch })
    }

    /// The same, but flows are read again only when somebody asks.
    pub fn without_watching(self) -> Self {
        Application { watch: false, ..self }
    }

    /// Notified, it makes the service read its flows again.
    pub fn asks_to_reload(&self) -> Arc<Notify> {
        Arc::clone(&self.asked)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.listener.local_addr().map_or(0, |address| address.port())
    }

    /// The service, for tests that look inside.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Serves until `stop` is cancelled; then takes no more requests, ends what is in the air and leaves the rest, which
    /// is durable, to the next start.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Application { settings, listener, core, tasks, history, sinks, record, files, metrics, published, asked, watch } =
            self;
        let patience = duration(settings.server.shutdown_timeout);
        let ready = Ready::default();
        core.reads_the_record(record.clone());
        let tidying = tokio::spawn(follow::tidy_files(Arc::clone(&core), record.clone(), Arc::clone(&files), stop.clone()));
        let list = tokio::spawn(follow::tidy_list(Arc::clone(&core), stop.clone()));
        let files = Files { store: files, redirect: settings.media.redirect };
        let web = Data::new(web(&settings, &core, record.clone(), files, metrics.clone(), ready.clone()));
        let app = move || {
            let app = App::new().app_data(Data::clone(&web)).wrap(from_fn(links::around)).wrap(from_fn(trace::around));
            app.configure(crate::http::routes)
        };
        let server = HttpServer::new(app)
            .workers(settings.server.workers)
            .max_connections(settings.server.max_connections.div_ceil(settings.server.workers))
            .client_request_timeout(duration(settings.server.request_timeout))
            .shutdown_timeout(patience.as_secs().max(1))
            .disable_signals()
            .listen(listener)?
            .run();
        let handle = server.handle();
        let served = tokio::spawn(server);
        let upkeep = tokio::spawn(measure::keep_up(metrics));
        let checkup = tokio::spawn(check_store(Arc::clone(&core)));
        let stop_reload = stop.clone();
        let from_folder = settings.publish == PublishFrom::Folder;
        // Where the folder does not count, whoever asks wants to see what is published.
        let told = if from_folder { Arc::default() } else { Arc::clone(&asked) };
        // Before anything is sent: what waits of a broadcast that was cancelled does not leave.
        if let Err(error) = core.follow_cancelled(&record).await {
            tracing::warn!(%error, "which broadcasts were cancelled is not known yet");
        }
        let broadcasts = tokio::spawn(broadcast::work(Arc::clone(&core), record.clone(), stop.clone()));
        let trials =
            tokio::spawn(follow::tidy_trials(Arc::clone(&core), record.clone(), settings.history.keep.test, stop.clone()));
        let published_elsewhere = tokio::spawn(follow::follow(Arc::clone(&core), record, told, stop.clone()));
        let reload = Reload { core: Arc::clone(&core), places: Places::of(&settings), asked, watch, published };
        let following = tokio::spawn(async move {
            if from_folder {
                reload.follow(stop_reload).await;
            }
        });
        let binds = Binds::start(&core);
        let running = Running::start_with(Arc::clone(&core), tasks, Some(Arc::new(history)), sinks);
        ready.set(true);
        // The API is served already: somebody may have drained it by now.
        ready.follow(|| core.is_draining());
        drop(core);
        tracing::info!(listen = %settings.server.listen, public_url = settings.server.public_url, "the service has started");
        let ended_early = tokio::select! {
            () = stop.cancelled() => None,
            ended = served => Some(ended),
        };
        ready.set(false);
        tracing::info!("the service is stopping");
        if ended_early.is_none() {
            // Whoever balances hears that it is not ready, and has others to send to.
            tokio::time::sleep(duration(settings.server.drain)).await;
        }
        handle.stop(true).await;
        // A piece that is being handed over ends first: what it begins is still worked on.
        let _ = tokio::time::timeout(patience, broadcasts).await;
        running.stop(patience).await;
        binds.stop(patience).await;
        upkeep.abort();
        checkup.abort();
        following.abort();
        published_elsewhere.abort();
        trials.abort();
        tidying.abort();
        list.abort();
        match ended_early {
            None => Ok(()),
            Some(ended) => ended.context("the HTTP server")?.context("the HTTP server"),
        }
    }
}

/// What `replyflow doctor` would say of the store, in the log. Beside the service: reading a large file through takes a while.
async fn check_store(core: Arc<Core>) {
    let findings = match core.store().check().await {
        Ok(findings) => findings,
        Err(error) => return tracing::warn!(%error, "the store could not be checked"),
    };
    for finding in findings {
        let (name, message, remedy) = (finding.name, finding.message, finding.remedy);
        match finding.level {
            FindingLevel::Fine => tracing::debug!(name, message, "the store was checked"),
            FindingLevel::Warning => tracing::warn!(name, message, remedy, "the store was checked"),
            FindingLevel::Error => tracing::error!(name, message, remedy, "the store was checked"),
        }
    }
}

/// With port 0 the real one is known only now.
fn name_port(settings: &mut Settings, port: u16) {
    if settings.server.listen.port() != 0 {
        return;
    }
    settings.server.listen.set_port(port);
    let name = |url: &mut String| {
        if let Some(base) = url.strip_suffix(":0") {
            *url = format!("{base}:{port}");
        }
    };
    name(&mut settings.server.public_url);
    name(&mut settings.project.alerts.api);
    for channel in settings.channels.values_mut() {
        if let ProviderSettings::Simulator(simulator) = &mut channel.provider {
            name(&mut simulator.base_url);
        }
    }
}

fn service_settings(settings: &Settings, files: &Arc<dyn FileStore>) -> ServiceSettings {
    let limits = settings.store.limits;
    ServiceSettings {
        send: settings.send.clone(),
        claim_lease: limits.claim_lease,
        send_lease: limits.send_lease,
        dedupe_ttl: limits.dedupe_ttl,
        tick: limits.tick,
        files: Some(files::settings(settings, files)),
        // What a sink tells of a message is told best by who has its beginning too.
        history_apart: if settings.sinks.is_empty() { Span::millis(0) } else { Span::seconds(30) },
        links: LinkSettings { public_url: Some(settings.server.public_url.clone()), keys: settings.webhooks.keys.clone() },
        ..ServiceSettings::default()
    }
}

/// The virtual numbers, ready for use.
pub fn channels(settings: &Settings) -> IndexMap<ChannelName, Channel> {
    let channel = |(name, given): (&ChannelName, &ChannelSettings)| {
        let adapter = Adapter::new(&given.provider);
        // Whoever signs nothing must know the secret for reports too.
        let secret = adapter.url_secret().map(|secret| format!("{secret}/")).unwrap_or_default();
        let channel = Channel {
            name: name.clone(),
            kind: given.kind,
            policy: settings.policies.get(name)?.clone(),
            status_callback: Some(format!("{}/hooks/{name}/{secret}status", settings.server.public_url)),
            adapter,
        };
        Some((name.clone(), channel))
    };
    settings.channels.iter().filter_map(channel).collect()
}

/// What the record must know of the channels.
fn lines(settings: &Settings) -> Lines {
    let with = |lines: Lines, (name, channel): (&ChannelName, &ChannelSettings)| {
        lines.with(name.clone(), channel.kind, settings.prices.get(name).cloned())
    };
    settings.channels.iter().fold(Lines::default(), with)
}

fn world(settings: &Settings) -> World {
    World {
        project: Arc::new(settings.project.clone()),
        channels: channels(settings),
        apis: settings.apis.clone(),
        endpoints: settings.endpoints.clone(),
        desks: settings.desks.clone(),
        callbacks: (!settings.callbacks.allow.is_empty()).then(|| settings.callbacks.clone()),
        alerts: settings.alerts.clone(),
    }
}

fn web(
    settings: &Settings,
    core: &Arc<Core>,
    record: Database,
    files: Files,
    metrics: Option<PrometheusHandle>,
    ready: Ready,
) -> Web {
    let channels = &core.world().channels;
    let all = || channels.values().map(|channel| (channel.route(), &channel.adapter));
    let hook = |channel: &Channel| Hook {
        name: channel.name.clone(),
        adapter: channel.adapter.clone(),
        routes: channel.adapter.routes(channel.route(), all()),
    };
    let hooks: IndexMap<_, _> = channels.values().map(|channel| (channel.name.clone(), hook(channel))).collect();
    let simulated = settings.channels.values().any(|c| matches!(c.provider, ProviderSettings::Simulator(_)));
    let MetricsSettings { keys, .. } = &settings.metrics;
    Web {
        core: Arc::clone(core),
        instance: core.fresh_id(),
        streams: Streams::default(),
        engine: tokio::runtime::Handle::current(),
        hooks,
        public_url: settings.server.public_url.clone(),
        proxies: settings.server.trusted_proxies.clone(),
        settings: settings.shown.clone(),
        ring: Arc::new(KeyRing::new(record.clone())),
        prices: settings.prices.clone(),
        record,
        webhooks: core.webhook_keys(&settings.webhooks.keys),
        signed: settings.webhooks.signed.clone(),
        sources: settings.sources.clone(),
        sinks: settings.sinks.values().map(|sink| (sink.name.clone(), sink.kind)).collect(),
        events: Keys::new(&settings.events.keys),
        only_declared: settings.events.only_declared,
        country: settings.project.country.clone(),
        metrics: metrics.map(|handle| (handle, Keys::new(keys))),
        folders: Folders {
            flows: settings.flows.clone(),
            templates: settings.templates.clone(),
            folder: settings.folder.clone(),
        },
        files,
        simulator: simulated.then(|| simulator(core)),
        phone: simulated.then(|| Desk::new(settings.flows.clone())),
        buckets: Buckets::new(settings.server.rates),
        memory: Memory::new(settings.server.max_body_memory),
        request_timeout: duration(settings.server.request_timeout),
        ready,
    }
}

/// The simulator, which forgets whoever was deleted.
fn simulator(core: &Arc<Core>) -> Arc<Phones> {
    let phones = Arc::new(Phones::new());
    let (kept, service) = (Arc::clone(&phones), Arc::downgrade(core));
    core.when_forgotten(move |contact| {
        let Some(core) = service.upgrade() else { return };
        kept.forget(|to| {
            let address = if to.contains('@') { Address::Email(to.to_owned()) } else { Address::from_whatsapp(to) };
            core.contact_key(Mode::Live, &address.canonical()) == contact
        });
    });
    phones
}

fn duration(span: Span) -> Duration {
    Duration::from_millis(span.0.max(0).unsigned_abs())
}
