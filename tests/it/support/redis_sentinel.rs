//! A real Redis with replicas and three Sentinels that watch it, in processes of their own on free ports. Gone when it is dropped.

use super::patience::until;
use super::redis::RedisServer;
use super::redis_cluster::run;
use replyflow::config::redis::{RedisAddress, RedisLogin, RedisServers, RedisSettings};
use replyflow::domain::time::Span;

/// The name under which the primary is watched.
pub const NAME: &str = "replyflow";

/// Servers and who watches them. The first server was the primary when they began.
pub struct Watched {
    /// The servers.
    pub servers: Vec<RedisServer>,
    /// The Sentinels.
    pub sentinels: Vec<RedisServer>,
}

impl Watched {
    /// A primary with two replicas, and three Sentinels of whom two must agree.
    pub async fn start() -> Self {
        let servers: Vec<RedisServer> = (0..3).map(|_| RedisServer::start_with(&["--repl-ping-replica-period", "1"])).collect();
        let primary = servers[0].port().to_string();
        for replica in &servers[1..] {
            let mut connection = replica.connection().await;
            let () = run(&mut connection, &["REPLICAOF", "127.0.0.1", &primary]).await;
            until("a replica has all", async || {
                let info: String = run(&mut connection.clone(), &["INFO", "replication"]).await;
                info.contains("master_link_status:up")
            })
            .await;
        }
        let lines = [
            "--sentinel".to_owned(),
            format!("sentinel monitor {NAME} 127.0.0.1 {primary} 2"),
            format!("sentinel down-after-milliseconds {NAME} 1000"),
            format!("sentinel failover-timeout {NAME} 5000"),
        ];
        let lines = lines.each_ref().map(String::as_str);
        let sentinels: Vec<RedisServer> = (0..3).map(|_| RedisServer::start_with(&lines)).collect();
        let watched = Watched { servers, sentinels };
        for sentinel in &watched.sentinels {
            until("the Sentinels know each other and the replicas", async || {
                let facts: std::collections::HashMap<String, String> =
                    run(&mut sentinel.connection().await, &["SENTINEL", "MASTER", NAME]).await;
                facts["num-other-sentinels"] == "2" && facts["num-slaves"] == "2"
            })
            .await;
        }
        watched
    }

    /// How they are reached: by the Sentinels.
    pub fn settings(&self) -> RedisSettings {
        let address = |server: &RedisServer| RedisAddress { host: "127.0.0.1".to_owned(), port: server.port() };
        RedisSettings {
            servers: RedisServers::Sentinels {
                sentinels: self.sentinels.iter().map(address).collect(),
                primary: NAME.to_owned(),
                login: RedisLogin::default(),
                database: 0,
            },
            login: RedisLogin::default(),
            tls: None,
            wait_replicas: 0,
            timeout: Span::seconds(2),
        }
    }

    /// Which server the first Sentinel names as the primary.
    pub async fn primary(&self) -> u16 {
        let words = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME];
        let (_, port): (String, String) = run(&mut self.sentinels[0].connection().await, &words).await;
        port.parse().expect("a port")
    }
}
