//! A real Redis Cluster: three primaries and a replica of each, in processes of their own on free ports. Gone when it is dropped.

use super::patience::{until, within};
use super::redis::RedisServer;
use super::watch;
use redis::aio::MultiplexedConnection;
use replyflow::config::redis::{RedisAddress, RedisLogin, RedisServers, RedisSettings};
use replyflow::domain::time::Span;
use std::net::TcpListener;
use std::sync::{Arc, Weak};
use tokio::sync::{Mutex, MutexGuard};

/// Primaries; each has one replica.
pub const PRIMARIES: usize = 3;
const SLOTS: usize = 16_384;
/// Ports of the bus that are tried for one node: another process may take one between our look and Redis' start.
const BUSES: usize = 5;

/// A cluster. The first three nodes were its primaries when it began, each of the others is a replica of the one three before it.
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

/// A cluster that tests share, one after the other. Whoever has it has it alone and finds it empty.
pub struct SharedCluster {
    /// The cluster.
    pub cluster: Arc<RedisCluster>,
    _alone: MutexGuard<'static, ()>,
}

impl SharedCluster {
    /// Waits until nobody else has it.
    pub async fn take() -> Self {
        static ALONE: Mutex<()> = Mutex::const_new(());
        watch::begin();
        let cluster = RedisCluster::shared().await;
        let _alone =
            within("the shared cluster is given back: has this test, or another, more than one world on it?", ALONE.lock()).await;
        let _: Vec<()> = cluster.at_primaries(&["FLUSHALL"]).await;
        SharedCluster { cluster, _alone }
    }
}

/// Runs one command on one connection.
pub async fn run<T: redis::FromRedisValue>(connection: &mut MultiplexedConnection, words: &[&str]) -> T {
    let mut command = redis::cmd(words[0]);
    words[1..].iter().for_each(|word| {
        command.arg(*word);
    });
    command.query_async(connection).await.unwrap_or_else(|e| panic!("{words:?}: {e}"))
}

impl RedisCluster {
    /// The one that tests share: it lives as long as somebody has it.
    pub async fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<RedisCluster>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        let cluster = match shared.upgrade() {
            Some(cluster) => cluster,
            None => Arc::new(RedisCluster::start(&[]).await),
        };
        *shared = Arc::downgrade(&cluster);
        cluster
    }

    /// Starts one and waits until it works. `options` hold for every node.
    pub async fn start(options: &[&str]) -> Self {
        watch::begin();
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let start = move || (0..PRIMARIES * 2).map(|_| node(&options)).collect();
        let nodes: Vec<RedisServer> = tokio::task::spawn_blocking(start).await.expect("nodes start");
        let cluster = RedisCluster { nodes };
        cluster.join().await;
        cluster
    }

    async fn join(&self) {
        for (i, node) in self.nodes.iter().enumerate() {
            let mut connection = node.connection().await;
            let () = run(&mut connection, &["CLUSTER", "SET-CONFIG-EPOCH", &(i + 1).to_string()]).await;
            if i < PRIMARIES {
                let (from, to) = (SLOTS * i / PRIMARIES, SLOTS * (i + 1) / PRIMARIES - 1);
                let () = run(&mut connection, &["CLUSTER", "ADDSLOTSRANGE", &from.to_string(), &to.to_string()]).await;
            }
        }
        for node in &self.nodes {
            let mut connection = node.connection().await;
            for other in self.nodes.iter().filter(|other| other.port() != node.port()) {
                let bus: Vec<String> = run(&mut other.connection().await, &["CONFIG", "GET", "cluster-port"]).await;
                let () = run(&mut connection, &["CLUSTER", "MEET", "127.0.0.1", &other.port().to_string(), &bus[1]]).await;
            }
        }
        let all_say = async |word: &str| {
            for node in &self.nodes {
                let info: String = run(&mut node.connection().await, &["CLUSTER", "INFO"]).await;
                if !info.contains(word) {
                    return false;
                }
            }
            true
        };
        until("all know each other", async || all_say(&format!("cluster_known_nodes:{}\r", PRIMARIES * 2)).await).await;
        for i in 0..PRIMARIES {
            let id: String = run(&mut self.nodes[i].connection().await, &["CLUSTER", "MYID"]).await;
            let mut replica = self.nodes[i + PRIMARIES].connection().await;
            // It takes a while until it knows the other one as a primary.
            until("a replica is one", async || {
                let asked = redis::cmd("CLUSTER").arg("REPLICATE").arg(&id).query_async::<()>(&mut replica.clone()).await;
                asked.is_ok()
            })
            .await;
            until("a replica has all", async || {
                let info: String = run(&mut replica.clone(), &["INFO", "replication"]).await;
                info.contains("master_link_status:up")
            })
            .await;
            let () = run(&mut replica, &["PING"]).await;
        }
        until("the cluster works", async || all_say("cluster_state:ok").await).await;
    }

    /// How it is reached: by its first primary and the first replica.
    pub fn settings(&self) -> RedisSettings {
        let address = |node: &RedisServer| RedisAddress { host: "127.0.0.1".to_owned(), port: node.port() };
        RedisSettings {
            servers: RedisServers::Cluster(vec![address(&self.nodes[0]), address(&self.nodes[PRIMARIES])]),
            login: RedisLogin::default(),
            tls: None,
            wait_replicas: 0,
            timeout: Span::seconds(2),
        }
    }

    /// What `[store]` holds for it.
    pub fn toml(&self) -> String {
        let nodes = [0, 1, 2].map(|i| format!("\"127.0.0.1:{}\"", self.nodes[i].port()));
        format!("kind = \"redis\"\ncluster = [{}]", nodes.join(", "))
    }

    /// A node.
    pub fn node(&self, i: usize) -> &RedisServer {
        &self.nodes[i]
    }

    /// A node that can be killed.
    pub fn node_mut(&mut self, i: usize) -> &mut RedisServer {
        &mut self.nodes[i]
    }

    /// The slot of a key.
    pub async fn slot(&self, key: &str) -> usize {
        run(&mut self.nodes[0].connection().await, &["CLUSTER", "KEYSLOT", key]).await
    }

    /// What one command answers at each of the first primaries.
    pub async fn at_primaries<T: redis::FromRedisValue>(&self, words: &[&str]) -> Vec<T> {
        let mut out = Vec::new();
        for node in &self.nodes[..PRIMARIES] {
            out.push(run(&mut node.connection().await, words).await);
        }
        out
    }
}

fn node(options: &[String]) -> RedisServer {
    (0..BUSES).find_map(|_| node_at(options)).expect("redis-server is on the path, and some port is free")
}

fn node_at(options: &[String]) -> Option<RedisServer> {
    let bus = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port().to_string();
    let mut all = vec!["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-config-file", "nodes.conf"];
    all.extend([
        "--cluster-node-timeout",
        "1500",
        "--cluster-require-full-coverage",
        "no",
        "--cluster-replica-validity-factor",
        "0",
    ]);
    all.extend(["--min-replicas-max-lag", "10", "--repl-ping-replica-period", "1"]);
    all.extend(options.iter().map(String::as_str));
    RedisServer::start_if_it_may(&all)
}
