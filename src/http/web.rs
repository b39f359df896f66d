//! What the handlers share.

use super::api::publications::Folders;
use super::api::streams::Streams;
use super::body::Memory;
use super::keys::Keys;
use super::phone::Desk;
use super::rate::{Bucket, KeyBuckets};
use super::simulator::phone::Phones;
use crate::config::prices::Prices;
use crate::config::server::Rates;
use crate::config::signed::Signed;
use crate::config::sinks::SinkKind;
use crate::config::sources::SourceSettings;
use crate::domain::name::{ChannelName, Name, Slug};
use crate::history::Database;
use crate::provider::{Adapter, Routes};
use crate::service::{Core, KeyRing, WebhookKeys};
use crate::store::files::FileStore;
use indexmap::IndexMap;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// One channel's webhook.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The channel.
    pub name: ChannelName,
    /// Its provider.
    pub adapter: Adapter,
    /// Where what it says may go.
    pub routes: Routes,
}

/// What the handlers share.
pub struct Web {
    /// The service.
    pub core: Arc<Core>,
    /// Names this instance in this life.
    pub instance: String,
    /// The runtime on which the service works: several threads, whatever the HTTP workers do.
    pub engine: Handle,
    /// The webhooks by the name of their channel.
    pub hooks: IndexMap<ChannelName, Hook>,
    /// How providers reach us, without a slash at the end.
    pub public_url: String,
    /// The proxies before us: what they say of who calls is believed.
    pub proxies: Vec<IpNet>,
    /// What the webhooks of flows are opened by.
    pub webhooks: WebhookKeys,
    /// Those of them whose calls are signed, by flow and name.
    pub signed: IndexMap<(Slug, Name), Signed>,
    /// The analytics services that send events.
    pub sources: IndexMap<Slug, SourceSettings>,
    /// The analytics services that are told what happens.
    pub sinks: Vec<(Slug, SinkKind)>,
    /// What messages cost, by channel.
    pub prices: IndexMap<ChannelName, Prices>,
    /// The record of everything.
    pub record: Database,
    /// The keys of the API that were made.
    pub ring: Arc<KeyRing>,
    /// The settings as people may see them.
    pub settings: serde_json::Value,
    /// The configured keys: `[events] keys`.
    pub events: Keys,
    /// Whether an event that is not declared is refused.
    pub only_declared: bool,
    /// How phone numbers without `+` are read.
    pub country: Option<String>,
    /// What has been measured, and who may see it; nothing if metrics are off.
    pub metrics: Option<(PrometheusHandle, Keys)>,
    /// Where the service's own flows and notifications are.
    pub folders: Folders,
    /// The files that contacts sent.
    pub files: Files,
    /// The simulator, if a channel uses it.
    pub simulator: Option<Arc<Phones>>,
    /// The page with a phone, if there is something to be tried on it.
    pub phone: Option<Desk>,
    /// How fast each kind of route may be called.
    pub buckets: Buckets,
    /// How many answers may go on for long.
    pub streams: Streams,
    /// The memory of request bodies.
    pub memory: Memory,
    /// The longest that reading a request may take.
    pub request_timeout: Duration,
    /// Whether the service takes work; false while it stops.
    pub ready: Ready,
}

/// How files are given out.
pub struct Files {
    /// Where they are kept.
    pub store: Arc<dyn FileStore>,
    /// Whether who has a link is sent on to where they are kept, if that is possible.
    pub redirect: bool,
}

/// Whether the service takes work.
#[derive(Debug, Clone, Default)]
pub struct Ready(Arc<watch::Sender<Readiness>>);

/// Why it does not, or that it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Readiness {
    /// It does not yet, or never again.
    #[default]
    Stopping,
    /// Somebody drained it, and may take that back.
    Draining,
    /// It does.
    Working,
}

impl Ready {
    /// From now on it does, or does not for good.
    pub fn set(&self, ready: bool) {
        self.0.send_replace(if ready { Readiness::Working } else { Readiness::Stopping });
    }

    /// Takes over whether it is drained, unless it has not begun or is stopping. Whoever changes that asks for this afterwards: however many do at one time,
    /// what the last of them sees is how it is.
    pub fn follow(&self, is_drained: impl FnOnce() -> bool) {
        self.0.send_if_modified(|now| {
            let to = match (*now, is_drained()) {
                (Readiness::Stopping, _) => Readiness::Stopping,
                (_, true) => Readiness::Draining,
                (_, false) => Readiness::Working,
            };
            std::mem::replace(now, to) != to
        });
    }

    /// Why not, or that it does.
    pub fn how(&self) -> Readiness {
        *self.0.borrow()
    }

    /// Whether it does.
    pub fn get(&self) -> bool {
        self.how() == Readiness::Working
    }

    /// Returns when it does not, or no longer.
    pub async fn gone(&self) {
        let _ = self.0.subscribe().wait_for(|how| *how != Readiness::Working).await;
    }
}

/// Keys that are looked up in a second: who tries keys that do not exist must not keep the database busy.
const LOOKUPS: u32 = 500;

/// One bucket for each kind of route.
#[derive(Debug)]
pub struct Buckets {
    /// Webhooks of providers.
    pub hooks: Bucket,
    /// Webhooks of flows.
    pub flows: Bucket,
    /// The API.
    pub api: Bucket,
    /// Each of its keys.
    pub keys: KeyBuckets,
    /// Keys that must be looked up.
    pub lookups: Bucket,
    /// The simulator.
    pub simulator: Bucket,
    /// Health and metrics.
    pub probes: Bucket,
    /// Files of contacts, which open without a key.
    pub files: Bucket,
    /// The API's document and its page, which do too.
    pub docs: Bucket,
    /// Clicks in mails, for the same reason: what anybody may ask for takes nothing from anybody else.
    pub clicks: Bucket,
}

impl Buckets {
    /// Full ones.
    pub fn new(rates: Rates) -> Self {
        Buckets {
            hooks: Bucket::new(rates.hooks),
            flows: Bucket::new(rates.flows),
            api: Bucket::new(rates.api),
            keys: KeyBuckets::new(rates.key),
            lookups: Bucket::new(LOOKUPS),
            simulator: Bucket::new(rates.simulator),
            probes: Bucket::new(rates.probes),
            files: Bucket::new(rates.api),
            docs: Bucket::new(rates.probes),
            clicks: Bucket::new(rates.hooks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_follows_a_drain_whatever_comes_first() {
        let ready = Ready::default();
        let follows = |is_drained| {
            ready.follow(|| is_drained);
            ready.how()
        };
        assert_eq!(follows(true), Readiness::Stopping, "it has not begun");
        ready.set(true);
        assert_eq!([true, true, false].map(follows), [Readiness::Draining, Readiness::Draining, Readiness::Working]);
        ready.set(false);
        assert_eq!([true, false].map(follows), [Readiness::Stopping; 2]);
    }
}
