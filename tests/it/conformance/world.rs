//! One store of either kind on a clock that the test moves, and short words for what every test does.

use crate::support::defects::DEFECTS;
use crate::support::redis::RedisServer;
use crate::support::redis_cluster::{SharedCluster, run};
use bytes::Bytes;
use replyflow::config::redis::RedisSettings;
use replyflow::config::secret::Secret;
use replyflow::domain::id::{ContactKey, DedupeHash, EffectId, InputId, Token, Who};
use replyflow::domain::input::Class;
use replyflow::domain::name::Slug;
use replyflow::domain::time::{Millis, Span};
use replyflow::store::{
    Accept, Accepted, Claim, Clock, Commit, Committed, EmbeddedStore, Entry, Lane, LaneKey, LanePush, NewEffect, RedisStore,
    Scripts, Settle, SettleResult, Started, StopMask, Store, StoreSettings, WhenFull, WorkSet,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use tempfile::TempDir;

/// Which store a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Redis, one for each test.
    Redis,
    /// SQLite, a folder for each test.
    Embedded,
    /// A Redis Cluster that all tests share, one after the other.
    Cluster,
    /// Redis with scripts that watch what they do, for a user with the rights that are documented.
    Strict,
    /// Redis with one of the deliberate defects.
    Defect(usize),
}

/// Before every script: it may touch only keys that it was given, and none that it emptied itself. While a slot moves, Redis refuses both
/// in the middle of a script, and what was written before stays.
const WATCHING: &str = r"
local redis = (function(real)
  local there, emptied = {}, {}
  for _, key in ipairs(KEYS) do there[key] = real.call('EXISTS', key) == 1 end
  local function call(name, ...)
    local touched = {}
    for _, word in ipairs({...}) do
      if name ~= 'SPUBLISH' and type(word) == 'string' and string.sub(word, 1, 4) == 'rf1:' then
        if there[word] == nil then error(name .. ' touches ' .. word .. ', which it was not given') end
        if emptied[word] then error(name .. ' comes back to ' .. word .. ', which it emptied') end
        if there[word] then touched[#touched + 1] = word end
      end
    end
    local answer = real.call(name, ...)
    for _, key in ipairs(touched) do emptied[key] = real.call('EXISTS', key) == 0 end
    return answer
  end
  return setmetatable({call = call}, {__index = real})
end)(redis)
";

/// The user of the documentation, made on this server, and how it gets in.
pub async fn least(server: &RedisServer) -> RedisSettings {
    let mut redis = RedisSettings::at(&server.url()).expect("an address");
    let () = run(&mut server.connection().await, &rights().iter().map(String::as_str).collect::<Vec<_>>()).await;
    redis.login.username = Some("replyflow".to_owned());
    redis.login.password = Some(Secret::new("PASSWORD"));
    redis
}

/// The command of the documentation that makes this user, word by word.
pub fn rights() -> Vec<String> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operating.md")).expect("the page");
    let (_, rest) = page.split_once("ACL SETUSER replyflow").expect("the rights of our user");
    let (line, _) = rest.split_once("```").expect("the end of the example");
    let words = line.replace("\\\n", " ").replace('\'', "");
    ["ACL", "SETUSER", "replyflow"].into_iter().chain(words.split_whitespace()).map(str::to_owned).collect()
}

/// A store and its clock.
pub struct World {
    pub store: Arc<dyn Store>,
    pub redis: Option<RedisServer>,
    pub cluster: Option<SharedCluster>,
    pub settings: StoreSettings,
    pub folder: TempDir,
    clock: Arc<AtomicI64>,
    whos: AtomicU32,
}

/// 2026-01-01, a little after midnight.
const BEGIN: i64 = 1_767_225_600_123;

impl World {
    pub async fn new(backend: Backend) -> World {
        World::with(backend, |_| {}).await
    }

    pub async fn with(backend: Backend, change: impl FnOnce(&mut StoreSettings)) -> World {
        crate::support::watch::begin();
        let clock = Arc::new(AtomicI64::new(BEGIN));
        let mut settings = StoreSettings { clock: Clock::Virtual(Arc::clone(&clock)), ..StoreSettings::default() };
        change(&mut settings);
        let folder = tempfile::tempdir().expect("a folder");
        let mut cluster = None;
        let (store, redis): (Arc<dyn Store>, _) = match backend {
            Backend::Cluster => {
                let shared = SharedCluster::take().await;
                let store = RedisStore::connect(&shared.cluster.settings(), settings.clone()).expect("opens");
                cluster = Some(shared);
                (Arc::new(store), None)
            }
            Backend::Strict => {
                let server = RedisServer::start();
                let redis = least(&server).await;
                let scripts = Scripts::begun_with(WATCHING);
                (Arc::new(RedisStore::connect_with(&redis, settings.clone(), scripts).expect("opens")), Some(server))
            }
            Backend::Redis => {
                let server = RedisServer::start();
                (Arc::new(RedisStore::open(&server.url(), settings.clone()).expect("opens")), Some(server))
            }
            Backend::Defect(n) => {
                let server = RedisServer::start();
                let scripts = Scripts::patched(DEFECTS[n].1).unwrap_or_else(|e| panic!("{e}"));
                (Arc::new(RedisStore::with_scripts(&server.url(), settings.clone(), scripts).expect("opens")), Some(server))
            }
            Backend::Embedded => (Arc::new(EmbeddedStore::open(folder.path(), settings.clone()).expect("opens")), None),
        };
        World { store, redis, cluster, settings, folder, clock, whos: AtomicU32::new(0) }
    }

    /// Connections of its own to each server that writes; none of the embedded store.
    pub async fn servers(&self) -> Vec<redis::aio::MultiplexedConnection> {
        let mut all = Vec::new();
        if let Some(redis) = &self.redis {
            all.push(redis.connection().await);
        }
        if let Some(shared) = &self.cluster {
            for i in 0..crate::support::redis_cluster::PRIMARIES {
                all.push(shared.cluster.node(i).connection().await);
            }
        }
        all
    }

    pub fn now(&self) -> Millis {
        Millis(self.clock.load(Ordering::SeqCst))
    }

    pub fn pass(&self, span: Span) {
        self.clock.fetch_add(span.0, Ordering::SeqCst);
    }

    /// A fresh `who`.
    pub fn who(&self) -> Who {
        Who(0x1000_0000 + self.whos.fetch_add(1, Ordering::SeqCst))
    }

    pub async fn deliver(&self, contact: ContactKey, message: &str) -> Accepted {
        self.store.accept(input(contact, message)).await.expect("accepts")
    }

    /// Delivers and expects the claim.
    pub async fn claimed(&self, contact: ContactKey, message: &str) -> Claim {
        match self.deliver(contact, message).await {
            Accepted::Claimed(claim) => claim,
            other => panic!("{message} is not claimed but {other:?}"),
        }
    }

    /// Delivers and queues without a claim.
    pub async fn queued(&self, contact: ContactKey, message: &str) {
        let accept = Accept { claim: false, ..input(contact, message) };
        assert_eq!(self.store.accept(accept).await.expect("accepts"), Accepted::Queued, "{message}");
    }

    /// Commits and expects that it is written.
    pub async fn committed(&self, commit: Commit) -> (Vec<Entry>, Vec<Started>) {
        match self.store.commit(commit).await.expect("commits") {
            Committed::Ok { more, started, .. } => (more, started),
            other => panic!("not written but {other:?}"),
        }
    }

    /// A turn over all inputs of a claim that only writes them into the record.
    pub fn turn(&self, contact: ContactKey, claim: &Claim) -> Commit {
        let consumed: Vec<InputId> = claim.inputs.iter().map(|entry| entry.id).collect();
        let new =
            if consumed.is_empty() { claim.record.token.after_alarm(claim.now) } else { claim.record.token.after(&consumed) };
        Commit {
            contact,
            expect: claim.record.token,
            new,
            hold: false,
            consumed,
            set_aside: Vec::new(),
            alarm: None,
            journal: Bytes::from(format!("turn {new}")),
            blob: Bytes::from(format!("record {new}")),
            keep: true,
            who: self.who(),
            stop: StopMask::NONE,
            lanes: Vec::new(),
            withdraw: Vec::new(),
            await_add: Vec::new(),
            await_remove: Vec::new(),
            live: Vec::new(),
        }
    }

    /// A contact with these sends in the lane, none of them begun.
    pub async fn sends(&self, contact: ContactKey, sets: &[WorkSet]) -> Vec<EffectId> {
        let claim = self.claimed(contact, &format!("{contact} begins")).await;
        let mut commit = self.turn(contact, &claim);
        commit.lanes = vec![push(commit.new, sets, false)];
        let ids = commit.lanes[0].effects.iter().map(|effect| effect.id).collect();
        self.committed(commit).await;
        ids
    }

    /// Takes the head of the contact's lane through `due_work` and `start`.
    pub async fn started(&self, contact: ContactKey, set: &WorkSet) -> Started {
        let due = self.store.due_work(self.shard(contact), set, 10).await.expect("looks");
        assert!(due.lanes.contains(&lane(contact)), "the lane is not due in {set}");
        match self.store.start(lane(contact), set, self.who(), Some(due.ticket)).await.expect("starts") {
            replyflow::store::StartAnswer::Ok { started, .. } => started,
            other => panic!("not started but {other:?}"),
        }
    }

    /// The end of a started effect that takes nothing.
    pub fn end(&self, started: &Started, result: SettleResult) -> Settle {
        Settle {
            lane: started.lane,
            set: started.set.clone(),
            id: started.id,
            attempt: started.attempt,
            result,
            journal: Bytes::from(format!("settle {}", started.id)),
            reply: None,
            take: Vec::new(),
            gap: Span(0),
            who: self.who(),
            instead: None,
        }
    }

    /// The shard of a contact in this store.
    pub fn shard(&self, contact: ContactKey) -> u8 {
        contact.shard() % self.store.shards()
    }

    /// All contacts that are due on the contact's shard.
    pub async fn due(&self, contact: ContactKey) -> Vec<ContactKey> {
        self.store.due_contacts(self.shard(contact), 32).await.expect("looks").contacts
    }
}

pub fn contact(n: usize) -> ContactKey {
    ContactKey::derive(b"conformance", &format!("+44770090{n:04}"))
}

pub fn hash(message: &str) -> DedupeHash {
    DedupeHash::of(&["main-sms", message])
}

pub fn id(message: &str) -> InputId {
    InputId::of(hash(message))
}

/// An ordinary message that is claimed if possible.
pub fn input(contact: ContactKey, message: &str) -> Accept {
    Accept {
        contact,
        hash: hash(message),
        class: Class::Normal,
        id: id(message),
        body: Bytes::copy_from_slice(message.as_bytes()),
        claim: true,
        full: WhenFull::Drop,
        known: false,
    }
}

/// One that passes a pending call.
pub fn urgent(contact: ContactKey, message: &str) -> Accept {
    Accept { class: Class::Priority, ..input(contact, message) }
}

pub fn sms() -> WorkSet {
    WorkSet::Talk(Slug::parse("main-sms").expect("a slug"))
}

pub fn whatsapp() -> WorkSet {
    WorkSet::Talk(Slug::parse("main-whatsapp").expect("a slug"))
}

pub fn lane(contact: ContactKey) -> LaneKey {
    LaneKey { contact, lane: Lane::Contact }
}

/// Effects of the commit that leads to `new` for the contact's lane, due now.
pub fn push(new: Token, sets: &[WorkSet], take: bool) -> LanePush {
    let effect = |(i, set): (usize, &WorkSet)| NewEffect {
        id: new.effect(i),
        set: set.clone(),
        body: Bytes::from(format!("effect {i} of {new}")),
    };
    LanePush { lane: Lane::Contact, due: Millis(0), take, effects: sets.iter().enumerate().map(effect).collect() }
}

pub fn bodies(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| String::from_utf8_lossy(&entry.body).into_owned()).collect()
}
