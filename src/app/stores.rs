//! Which store there is, by the settings: for the service, for commands beside it, and to move it.

use super::duration;
use crate::config::store::{Backend, StoreConfig};
use crate::store::transfer::Transfer;
use crate::store::{Answer, EmbeddedStore, RedisStore, Store, StoreSettings};
use std::sync::Arc;
use std::time::Duration;

/// Whether a command serves conversations or looks at them from beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The service: takes an embedded store for itself, and makes it if there is none.
    Serve,
    /// An operator's command: another process may have it.
    Beside,
}

/// How long one call of a move may take at least.
const MOVING: Duration = Duration::from_secs(30);

/// What holds for every store.
fn store_settings(config: &StoreConfig) -> StoreSettings {
    let limits = config.limits;
    StoreSettings {
        claim_lease: limits.claim_lease,
        send_lease: limits.send_lease,
        dedupe_ttl: limits.dedupe_ttl,
        dedupe_cap: limits.dedupe_cap,
        mailbox_max: limits.mailbox,
        mailbox_headroom: limits.mailbox_headroom,
        journal_max_bytes: u64::try_from(limits.journal_max_bytes).unwrap_or(u64::MAX),
        pairs: config.pairs.clone(),
        ..StoreSettings::default()
    }
}

/// Opens a store to move it, or, with `make`, to move another one into it. Nobody else may have it.
pub fn open_transfer(config: &StoreConfig, make: bool) -> Answer<Arc<dyn Transfer>> {
    let mut settings = store_settings(config);
    match &config.backend {
        Backend::Embedded { folder } => Ok(Arc::new(EmbeddedStore::open_to_move(folder, settings, make)?)),
        Backend::Redis(redis) => {
            // A page may be some megabytes, and nobody waits for an answer.
            settings.call_timeout = duration(redis.timeout).max(MOVING);
            Ok(Arc::new(RedisStore::connect_to_move(redis, settings)?))
        }
    }
}

/// Opens the configured store to look through it, beside whoever has it.
pub async fn open_to_look(config: &StoreConfig) -> Answer<Arc<dyn Transfer>> {
    let mut settings = store_settings(config);
    let store: Arc<dyn Transfer> = match &config.backend {
        Backend::Embedded { folder } => Arc::new(EmbeddedStore::open_beside(folder, settings)?),
        Backend::Redis(redis) => {
            settings.call_timeout = duration(redis.timeout);
            Arc::new(RedisStore::connect_to_move(redis, settings)?)
        }
    };
    store.store().meta().await?;
    Ok(store)
}

/// Opens the configured store.
pub async fn open_store(config: &StoreConfig, access: Access) -> Answer<Arc<dyn Store>> {
    let mut settings = store_settings(config);
    match (&config.backend, access) {
        (Backend::Embedded { folder }, Access::Serve) => Ok(Arc::new(EmbeddedStore::open(folder, settings)?)),
        (Backend::Embedded { folder }, Access::Beside) => Ok(Arc::new(EmbeddedStore::open_beside(folder, settings)?)),
        (Backend::Redis(redis), _) => {
            settings.wait_replicas = redis.wait_replicas.into();
            settings.call_timeout = duration(redis.timeout);
            Ok(Arc::new(RedisStore::connect(redis, settings)?))
        }
    }
}
