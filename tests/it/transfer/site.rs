//! Where a store is, without anybody who has it open: so that it can be moved, and opened again as a new process would.

use crate::conformance::world::{Backend, World, least};
use crate::support::patience::until;
use crate::support::redis::RedisServer;
use crate::support::redis_cluster::SharedCluster;
use replyflow::config::redis::RedisSettings;
use replyflow::store::transfer::Transfer;
use replyflow::store::{Answer, EmbeddedStore, RedisStore, Store, StoreSettings};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A place for a store, and what keeps it alive.
pub enum Site {
    Folder(PathBuf, #[expect(dead_code, reason = "gone with it")] Option<TempDir>),
    Redis(Box<RedisSettings>, #[expect(dead_code, reason = "gone with it")] Option<RedisServer>),
    Cluster(SharedCluster),
}

impl Site {
    /// An empty one. A Redis is used by the user of the documentation.
    pub async fn empty(backend: Backend) -> Site {
        match backend {
            Backend::Embedded => {
                let folder = TempDir::new().expect("a folder");
                Site::Folder(folder.path().join("store"), Some(folder))
            }
            Backend::Cluster => Site::Cluster(SharedCluster::take().await),
            _ => {
                let server = RedisServer::start();
                Site::Redis(Box::new(least(&server).await), Some(server))
            }
        }
    }

    /// Where the world's store is; the world keeps it alive, and has nothing open there any more.
    pub async fn of(world: &mut World) -> Site {
        world.store = Arc::new(
            EmbeddedStore::open(TempDir::new().expect("a folder").path(), world.settings.clone()).expect("opens another one"),
        );
        match &world.redis {
            Some(server) => Site::Redis(Box::new(least(server).await), None),
            None => Site::Folder(world.folder.path().to_owned(), None),
        }
    }

    pub fn open(&self, settings: &StoreSettings) -> Answer<Arc<dyn Store>> {
        Ok(match self {
            Site::Folder(folder, _) => Arc::new(EmbeddedStore::open(folder, settings.clone())?),
            Site::Redis(redis, _) => Arc::new(RedisStore::connect(redis, settings.clone())?),
            Site::Cluster(shared) => Arc::new(RedisStore::connect(&shared.cluster.settings(), settings.clone())?),
        })
    }

    pub fn to_move(&self, settings: &StoreSettings, make: bool) -> Answer<Arc<dyn Transfer>> {
        Ok(match self {
            Site::Folder(folder, _) => Arc::new(EmbeddedStore::open_to_move(folder, settings.clone(), make)?),
            Site::Redis(redis, _) => Arc::new(RedisStore::connect_to_move(redis, settings.clone())?),
            Site::Cluster(shared) => Arc::new(RedisStore::connect_to_move(&shared.cluster.settings(), settings.clone())?),
        })
    }

    /// The same, when nobody else has it open any more: a server hears of a connection that ended a moment later.
    pub async fn alone(&self, settings: &StoreSettings) -> Arc<dyn Transfer> {
        let store = self.to_move(settings, false).expect("opens");
        until("nobody else has it open", async || store.others().await.expect("answers") == 0).await;
        store
    }
}
