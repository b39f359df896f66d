//! The settings of every part as plain types. They are read and checked once, all mistakes at once; any layer reads its own part.
//!
//! What is not given in the project's `replyflow.toml` comes from `replyflow.default.toml`, which documents every key. A
//! variable of the environment, `REPLYFLOW_SECTION__KEY`, stands above both. Secrets stand in the environment or in files of
//! their own, never in the configuration.

pub mod alerts;
pub mod api;
pub mod channel;
pub mod desks;
pub mod events;
pub mod fence;
pub mod history;
pub mod hooks;
mod marketing;
pub mod media;
pub mod mistake;
pub mod observe;
pub mod prices;
pub mod project;
pub mod providers;
pub mod publish;
pub mod redis;
pub mod secret;
pub mod send;
pub mod server;
pub mod signed;
pub mod sinks;
pub mod smtp;
pub mod sources;
pub mod store;

mod read_channels;
mod read_project;
mod schema;
mod schema_channels;
mod schema_documented;
mod schema_table;
mod section;
mod shown;
#[cfg(test)]
mod tests;
mod tree;

pub use mistake::{Mistake, Mistakes, Place};
pub use schema::schema;
pub use section::Secrets;
pub use tree::Environment;

use alerts::AlertSettings;
use api::ApiSettings;
use channel::ChannelSettings;
use desks::DeskSettings;
use events::EventsSettings;
use history::HistoryConfig;
use hooks::{CallbackSettings, EndpointSettings};
use indexmap::IndexMap;
use media::MediaConfig;
use observe::{LogSettings, MetricsSettings, WebhooksSettings};
use project::{EndpointInfo, Project};
use publish::PublishFrom;
use section::{Book, Section};
use send::{ChannelPolicy, SendSettings};
use server::ServerSettings;
use sinks::SinkSettings;
use sources::SourceSettings;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use store::StoreConfig;

use crate::domain::name::{ChannelName, Slug};

/// Every key with its default and what it means.
pub const DEFAULTS: &str = include_str!("replyflow.default.toml");
/// The name of the project's file.
pub const FILE_NAME: &str = "replyflow.toml";
/// The largest configuration file.
const FILE_BYTES: u64 = 1024 * 1024;

/// Everything that is configured.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The project's file, if there is one.
    pub file: Option<PathBuf>,
    /// What relative paths are relative to: the folder of that file, else the current one.
    pub folder: PathBuf,
    /// Where flows are.
    pub flows: PathBuf,
    /// Where notifications are.
    pub templates: PathBuf,
    /// The project as flows see it.
    pub project: Project,
    /// The HTTP side.
    pub server: ServerSettings,
    /// Where conversations are kept.
    pub store: StoreConfig,
    /// Where the record is kept that people read.
    pub history: HistoryConfig,
    /// The virtual numbers with their credentials.
    pub channels: IndexMap<ChannelName, ChannelSettings>,
    /// How each channel sends.
    pub policies: IndexMap<ChannelName, ChannelPolicy>,
    /// The systems that flows may call.
    pub apis: IndexMap<Slug, ApiSettings>,
    /// The systems that are told what happens.
    pub endpoints: IndexMap<Slug, EndpointSettings>,
    /// The services in which teams answer what is handed over to them.
    pub desks: IndexMap<Slug, DeskSettings>,
    /// Where else events may have reports sent to.
    pub callbacks: CallbackSettings,
    /// How teams are told of alerts.
    pub alerts: AlertSettings,
    /// What messages cost, by channel.
    pub prices: IndexMap<ChannelName, prices::Prices>,
    /// What makes a flow go live.
    pub publish: PublishFrom,
    /// Files of contacts: how they are given out.
    pub media: MediaConfig,
    /// How messages leave.
    pub send: SendSettings,
    /// Who may send events.
    pub events: EventsSettings,
    /// The analytics services that send events.
    pub sources: IndexMap<Slug, SourceSettings>,
    /// The analytics services that are told what happens.
    pub sinks: IndexMap<Slug, SinkSettings>,
    /// Who may call the webhooks of flows.
    pub webhooks: WebhooksSettings,
    /// What `/metrics` gives to whom.
    pub metrics: MetricsSettings,
    /// How the log looks.
    pub log: LogSettings,
    /// All of it as it was given, for people: secrets masked.
    pub shown: serde_json::Value,
}

impl Settings {
    /// Whether instances on one store would each have a record of their own.
    pub fn record_is_split(&self) -> bool {
        matches!(self.store.backend, store::Backend::Redis(_))
            && matches!(self.history.backend, history::HistoryBackend::Sqlite { .. })
    }

    /// Reads the project's file at `path`, or only the defaults if there is none.
    pub fn load(path: Option<&Path>, environment: &Environment, secrets: Secrets) -> Result<Settings, Mistakes> {
        let folder = path.and_then(Path::parent).filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let text = match path.map(read) {
            None => String::new(),
            Some(Ok(text)) => text,
            Some(Err(message)) => {
                let mistake = Mistake { place: Place::File(0), key: String::new(), message, help: None };
                return Err(Mistakes { file: path.map(Path::to_path_buf), list: vec![mistake] });
            }
        };
        let (settings, mistakes, _) = Self::read(&text, folder, environment, secrets);
        match mistakes {
            list if list.is_empty() => Ok(Settings { file: path.map(Path::to_path_buf), ..settings }),
            list => Err(Mistakes { file: path.map(Path::to_path_buf), list }),
        }
    }

    /// Reads a text as if it were the file of a project in the current folder.
    pub fn of(text: &str, environment: &Environment, secrets: Secrets) -> Result<Settings, Mistakes> {
        let (settings, list, _) = Self::read(text, Path::new("."), environment, secrets);
        if list.is_empty() { Ok(settings) } else { Err(Mistakes { file: None, list }) }
    }

    /// The same from a text. Gives what could be read, what is wrong, and every key that is understood.
    fn read(
        text: &str,
        folder: &Path,
        environment: &Environment,
        secrets: Secrets,
    ) -> (Settings, Vec<Mistake>, std::collections::BTreeSet<String>) {
        let mut mistakes = Vec::new();
        let mut tree = tree::parse(DEFAULTS, |_| Place::Default, &mut mistakes);
        let given = tree::parse(text, Place::File, &mut mistakes);
        tree::merge(&mut tree, given);
        tree::override_from(&mut tree, environment);
        let (mistakes, known) = (RefCell::new(mistakes), RefCell::default());
        let book = Book { environment, folder, secrets, mistakes, known };
        let settings = Settings { shown: shown::shown(&tree), ..Self::assemble(Section::root(&book, &tree), folder, secrets) };
        let mut mistakes = book.mistakes.into_inner();
        mistakes.sort_by(|a, b| a.place.cmp(&b.place));
        mistakes.dedup();
        (settings, mistakes, book.known.into_inner())
    }

    fn assemble(root: Section<'_>, folder: &Path, secrets: Secrets) -> Settings {
        let basics = read_project::basics(root.section("project"), folder);
        let server = ServerSettings::read(root.section("server"));
        let store = StoreConfig::read(root.section("store"), folder);
        let history = HistoryConfig::read(root.section("history"), &store, secrets);
        let send = SendSettings::read(root.section("send"), store.limits.send_lease);
        let mut channels = read_channels::channels(root.section("channels"), secrets, &server, &send);
        read_channels::countries(&mut channels, basics.country.as_deref());
        let apis = {
            let section = root.section("api");
            let read = |(name, inner): (&str, Section<'_>)| {
                let name = read_project::slug(&section, name)?;
                Some((name.clone(), ApiSettings::read(name, inner, secrets)))
            };
            section.named().into_iter().filter_map(read).collect()
        };
        let endpoints: IndexMap<Slug, EndpointSettings> = {
            let section = root.section("endpoints");
            let read = |(name, inner): (&str, Section<'_>)| {
                let name = read_project::slug(&section, name)?;
                Some((name.clone(), EndpointSettings::read(name, inner, secrets)))
            };
            section.named().into_iter().filter_map(read).collect()
        };
        let events = EventsSettings::read(root.section("events"), secrets);
        let attributes = read_project::attributes(root.section("attributes"));
        let sources = sources::sources(root.section("sources"), &attributes, secrets);
        let teams = alerts::teams(&root.section("teams"), secrets);
        let team_names = teams.names.clone();
        let desks = desks::desks(root.section("desks"), &team_names, secrets);
        let carriers: Vec<_> = channels.iter().map(|(name, channel)| (name, channel.settings.kind)).collect();
        let (alert_rules, alerts) = alerts::alerts(root.section("alerts"), teams, &carriers, &server.public_url);
        let webhooks = WebhooksSettings::read(root.section("webhooks"), secrets);
        let hours = read_project::hours(root.section("hours"));
        let (caps, marketing_hours) = marketing::marketing(root.section("marketing"), &hours);
        let rest = read_project::Rest {
            events: events.names.clone(),
            event_fields: events.fields.clone(),
            sources: sources.values().map(|source| source.kind).collect(),
            teams: team_names,
            hours,
            marketing_hours,
            attributes,
            topics: read_project::topics(root.section("topics")),
            caps,
            env: read_project::env(root.section("env")),
            texts: read_project::texts(root.section("texts"), basics.language),
            desks: desks.values().map(DeskSettings::info).collect(),
            endpoints: endpoints.values().map(|e| EndpointInfo { name: e.name.clone(), events: e.events.clone() }).collect(),
            alerts: alert_rules,
            signed: webhooks.named.clone(),
        };
        let project = read_project::assemble(&basics, &channels, &apis, rest);
        let prices = prices::prices(&root.section("prices"), |name| channels.contains_key(name));
        let settings = Settings {
            file: None,
            folder: folder.to_path_buf(),
            flows: basics.flows,
            templates: basics.templates,
            project,
            server,
            store: StoreConfig {
                pairs: channels.iter().filter_map(|(name, channel)| Some((name.clone(), channel.policy.pair?))).collect(),
                ..store
            },
            history,
            policies: channels.iter().map(|(name, channel)| (name.clone(), channel.policy.clone())).collect(),
            channels: channels.into_iter().map(|(name, channel)| (name, channel.settings)).collect(),
            apis,
            endpoints,
            alerts,
            desks,
            prices,
            publish: publish::read(root.section("publish")),
            media: MediaConfig::read(root.section("media")),
            callbacks: CallbackSettings::read(root.section("callbacks"), secrets),
            send,
            events,
            sources,
            sinks: sinks::sinks(root.section("sinks"), secrets),
            webhooks,
            metrics: MetricsSettings::read(root.section("metrics"), secrets),
            log: LogSettings::read(root.section("log")),
            shown: serde_json::Value::Null,
        };
        root.finish();
        settings
    }
}

/// The project's file: in this folder or the nearest one above it.
pub fn find_file(from: &Path) -> Option<PathBuf> {
    from.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file())
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|e| format!("cannot be read: {}", e.kind()))?.len();
    if size > FILE_BYTES {
        return Err("is larger than 1 MiB".to_owned());
    }
    std::fs::read_to_string(path).map_err(|e| format!("cannot be read: {}", e.kind()))
}
