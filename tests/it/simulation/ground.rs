//! The real stores that runs stand on: empty at the beginning of each, with a deliberate defect where one is asked for.

use super::defects::{Defect, How};
use super::provider::REPEATS;
use super::world::{CLAIM_LEASE, PAIR, SEND_LEASE};
use crate::support::redis::RedisServer;
use replyflow::domain::name::ChannelName;
use replyflow::store::{Clock, EmbeddedStore, RedisStore, Scripts, Store, StoreSettings, WorkSet};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// A kind of store.
pub struct Ground {
    pub runtime: Arc<Runtime>,
    kind: Kind,
    defect: Option<How>,
}

/// The way to a store that may be closed and opened again.
pub struct Door(Mutex<Option<Arc<dyn Store>>>);

impl Door {
    pub fn to(store: Arc<dyn Store>) -> Self {
        Door(Mutex::new(Some(store)))
    }

    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(self.0.lock().expect("one thread").as_ref().expect("an open store"))
    }
}

enum Kind {
    Redis { server: RedisServer, connection: Mutex<redis::aio::MultiplexedConnection> },
    Embedded { folder: Mutex<TempDir> },
}

/// How many lanes wait in each set, seen behind the store's back.
const LANES: &str = "local out = {} for _, key in ipairs(redis.call('KEYS', 'rf1:w:*')) do \
    out[#out + 1] = string.sub(key, 12) out[#out + 1] = redis.call('ZCARD', key) end return out";

impl Ground {
    fn runtime() -> Arc<Runtime> {
        Arc::new(Builder::new_current_thread().enable_all().build().expect("a runtime"))
    }

    /// A Redis of its own. What it keeps on disk is no part of this: it is never killed.
    pub fn redis(defect: Option<&Defect>) -> Self {
        let runtime = Self::runtime();
        let server = RedisServer::start_with(&["--appendonly", "no"]);
        let connection = Mutex::new(runtime.block_on(server.connection()));
        Ground { runtime, kind: Kind::Redis { server, connection }, defect: defect.map(|d| d.how) }
    }

    /// A folder, in memory where the machine has such a place: this is no test of the disk.
    pub fn embedded(defect: Option<&Defect>) -> Self {
        let kind = Kind::Embedded { folder: Mutex::new(Self::folder()) };
        Ground { runtime: Self::runtime(), kind, defect: defect.map(|d| d.how) }
    }

    fn folder() -> TempDir {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
    }

    /// An empty store.
    pub fn open(&self, clock: &Arc<AtomicI64>) -> Arc<dyn Store> {
        match &self.kind {
            Kind::Redis { connection, .. } => {
                let mut connection = connection.lock().expect("one thread");
                let flush = redis::cmd("FLUSHALL");
                self.runtime.block_on(flush.query_async::<()>(&mut *connection)).expect("Redis forgets");
            }
            Kind::Embedded { folder } => *folder.lock().expect("one thread") = Self::folder(),
        }
        self.connect(clock)
    }

    fn connect(&self, clock: &Arc<AtomicI64>) -> Arc<dyn Store> {
        let settings = StoreSettings {
            claim_lease: CLAIM_LEASE,
            send_lease: SEND_LEASE,
            claim_inputs: 4,
            pairs: [(ChannelName::parse(REPEATS).expect("a name"), PAIR)].into(),
            clock: Clock::Virtual(Arc::clone(clock)),
            ..StoreSettings::default()
        };
        let _inside = self.runtime.enter();
        let store: Arc<dyn Store> = match &self.kind {
            Kind::Redis { server, .. } => {
                let scripts = match self.defect {
                    Some(How::Scripts(patches)) => Scripts::patched(patches).expect("the defect fits the scripts"),
                    _ => Scripts::default(),
                };
                Arc::new(RedisStore::with_scripts(&server.url(), settings, scripts).expect("opens"))
            }
            Kind::Embedded { folder } => {
                let folder = folder.lock().expect("one thread");
                Arc::new(EmbeddedStore::open(folder.path(), settings).expect("opens"))
            }
        };
        match self.defect {
            Some(How::InFront(wrap)) => wrap(store),
            _ => store,
        }
    }

    /// Whether the store lives in the service's own process and is opened again after it died.
    pub fn dies_with_its_process(&self) -> bool {
        matches!(self.kind, Kind::Embedded { .. })
    }

    /// Opens the store again, as the next process does.
    pub fn reopen(&self, door: &Door, clock: &Arc<AtomicI64>) {
        // The old one must be gone before the new one may have the folder.
        *door.0.lock().expect("one thread") = None;
        *door.0.lock().expect("one thread") = Some(self.connect(clock));
    }

    /// Lanes that wait in each set.
    pub fn lanes(&self, door: &Door) -> BTreeMap<WorkSet, u64> {
        let mut lanes = BTreeMap::new();
        match &self.kind {
            Kind::Redis { connection, .. } => {
                let mut connection = connection.lock().expect("one thread");
                let mut ask = redis::cmd("EVAL");
                ask.arg(LANES).arg(0);
                let all: Vec<(String, u64)> = self.runtime.block_on(ask.query_async(&mut *connection)).expect("Redis answers");
                for (set, n) in all {
                    *lanes.entry(WorkSet::parse(&set).expect("a set")).or_default() += n;
                }
            }
            Kind::Embedded { .. } => {
                let depths = self.runtime.block_on(door.store().depths()).expect("the store answers");
                lanes.extend(depths.work.into_iter().filter(|(_, n)| *n > 0));
            }
        }
        lanes
    }

    /// The test that runs on it.
    pub fn test(&self) -> &'static str {
        match self.kind {
            Kind::Redis { .. } => "redis",
            Kind::Embedded { .. } => "embedded",
        }
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} store", self.test())
    }
}
