//! What the service needs to know: taken from the configuration by whoever composes it.

use super::media::kind::FileRules;
use super::media::links::{LinkTimes, Links};
use super::unsubscribe::LinkSettings;
use crate::config::alerts::AlertSettings;
use crate::config::api::ApiSettings;
use crate::config::desks::DeskSettings;
use crate::config::hooks::{CallbackSettings, EndpointSettings};
use crate::config::project::Project;
use crate::config::send::{ChannelPolicy, SendSettings, Unsure};
use crate::domain::channel::ChannelKind;
use crate::domain::limits;
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::{Millis, Span};
use crate::provider::{Adapter, Route};
use crate::store::Rate;
use crate::store::files::{FileStore, FolderStore};
use bytes::Bytes;
use indexmap::IndexMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One virtual number, ready for use.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its name.
    pub name: ChannelName,
    /// Its medium.
    pub kind: ChannelKind,
    /// Its provider.
    pub adapter: Adapter,
    /// How it sends.
    pub policy: ChannelPolicy,
    /// Where its provider reports, for providers that are told with each message.
    pub status_callback: Option<String>,
}

impl Channel {
    /// Its rate for the store's bucket.
    pub fn rate(&self) -> Option<Rate> {
        let ChannelPolicy { per_second, burst, .. } = &self.policy;
        (*per_second > 0).then(|| Rate { per_second: f64::from(*per_second), burst: (*burst).max(1) })
    }

    /// Permits that are asked for at once: a tenth of a second's worth, so that a busy channel asks ten times a second.
    pub fn permit_batch(&self) -> u32 {
        (self.policy.per_second / 10).clamp(1, self.policy.burst.max(1))
    }

    /// The channel as the target of a webhook's content.
    pub fn route(&self) -> Route {
        Route { channel: self.name.clone(), kind: self.kind }
    }
}

/// Bounds and times of the service.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// How messages leave.
    pub send: SendSettings,
    /// The store's lease of a contact.
    pub claim_lease: Span,
    /// The store's lease of an effect.
    pub send_lease: Span,
    /// A message whose provider says that it is older takes no effect: its id may have been forgotten.
    pub dedupe_ttl: Span,
    /// Contacts that are worked on at one time; above it inputs are stored and left to the tick.
    pub contacts_in_flight: usize,
    /// How often work is looked for that nobody announced.
    pub tick: Span,
    /// Inputs that one commit folds at most.
    pub fold: usize,
    /// Commits in a row for one contact, before others get their turn.
    pub commits_in_a_row: u32,
    /// From so many claims without a commit each input gets a commit of its own, and one such contact is worked on at a time.
    pub solo_from: u8,
    /// From so many claims without a commit, those that were made alone among them, the first input is set aside unseen.
    pub set_aside_from: u8,
    /// Where files of contacts are kept; nothing: they are not.
    pub files: Option<FileSettings>,
    /// How long a shard's journal is left to the instance that copied it to history last; 0: whoever comes first copies.
    pub history_apart: Span,
    /// How links in mails are made.
    pub links: LinkSettings,
    /// Reports that wait for one endpoint.
    pub hooks_waiting: u64,
    /// What failed visibly, above which reports that are given up are not kept.
    pub hooks_failed: u64,
}

/// Where files of contacts are kept.
#[derive(Debug, Clone)]
pub struct FileSettings {
    /// The folder or the bucket.
    pub store: Arc<dyn FileStore>,
    /// How the service is reached from outside, without a slash at the end: a file is at `{public_url}/media/NAME`.
    pub public_url: String,
    /// What becomes of those that are not what they are said to be.
    pub rules: FileRules,
    /// How long links to them last.
    pub times: LinkTimes,
    /// Until when addresses without a signature, as there were before, open too.
    pub unsigned: Option<Millis>,
}

impl FileSettings {
    /// A folder, with what is usual.
    pub fn folder(folder: PathBuf, public_url: &str) -> Self {
        FileSettings {
            store: Arc::new(FolderStore::new(folder)),
            public_url: public_url.to_owned(),
            rules: FileRules::default(),
            times: LinkTimes::default(),
            unsigned: None,
        }
    }
}

impl ServiceSettings {
    /// What makes and reads links to files. Where none are kept there are none to link to.
    pub(super) fn file_links(&self, secret: &Bytes) -> Links {
        let files = self.files.as_ref();
        let (url, unsigned) = files.map_or(("", None), |files| (files.public_url.as_str(), files.unsigned));
        Links::new(secret.clone(), url, files.map(|files| files.times).unwrap_or_default(), unsigned)
    }
}

impl Default for ServiceSettings {
    /// As docs/store.md and docs/operating.md say.
    fn default() -> Self {
        ServiceSettings {
            send: SendSettings {
                in_flight: 256,
                timeout: Span::seconds(20),
                max_age: Span::minutes(15),
                retry_first: Span::seconds(1),
                retry_max: Span::minutes(2),
                unsure: Unsure::Fail,
            },
            claim_lease: Span::seconds(5),
            send_lease: Span::seconds(60),
            dedupe_ttl: Span::days(8),
            contacts_in_flight: 1_024,
            tick: Span::seconds(1),
            fold: limits::INPUTS_PER_CLAIM,
            commits_in_a_row: 32,
            solo_from: limits::CLAIMS_COUNTED,
            set_aside_from: 5,
            files: None,
            history_apart: Span::millis(0),
            links: LinkSettings::default(),
            hooks_waiting: limits::HOOKS_WAITING,
            hooks_failed: limits::HOOKS_FAILED,
        }
    }
}

/// The project as the service works on it.
#[derive(Debug, Clone)]
pub struct World {
    /// The project as flows see it.
    pub project: Arc<Project>,
    /// The virtual numbers.
    pub channels: IndexMap<ChannelName, Channel>,
    /// The systems that flows may call.
    pub apis: IndexMap<Slug, ApiSettings>,
    /// The systems that are told what happens.
    pub endpoints: IndexMap<Slug, EndpointSettings>,
    /// The services in which teams answer what is handed over to them.
    pub desks: IndexMap<Slug, DeskSettings>,
    /// Where else events may have reports sent to; nothing: nowhere.
    pub callbacks: Option<CallbackSettings>,
    /// How teams are told of alerts.
    pub alerts: AlertSettings,
}
