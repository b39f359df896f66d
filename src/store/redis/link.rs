//! Calls of Redis: scripts by their hash, plain commands, and what errors mean.

use super::finder::Finder;
use super::keys;
use super::node::{Access, Node};
use super::scripts::{Script, Scripts};
use super::servers::Servers;
use super::wire::Reader;
use crate::config::redis::{RedisServers, RedisSettings};
use crate::domain::time::Millis;
use crate::store::{Answer, Clock, StoreError, StoreSettings};
use redis::{Arg, Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};
use std::fmt::Display;
use std::sync::Arc;

/// A way to Redis.
#[derive(Clone)]
pub struct Link {
    servers: Arc<Servers>,
    scripts: Scripts,
    clock: Clock,
}

/// A call of a script, being put together. Arguments go straight into the command, without copies in between.
pub struct Call {
    script: Script,
    command: Cmd,
}

impl Call {
    /// One more argument, as text.
    pub fn text(&mut self, value: impl Display) -> &mut Self {
        self.command.arg(format_args!("{value}").to_string());
        self
    }

    /// One more argument, as bytes.
    pub fn bytes(&mut self, value: impl AsRef<[u8]>) -> &mut Self {
        self.command.arg(value.as_ref());
        self
    }

    /// One more argument: 1 or 0.
    pub fn flag(&mut self, value: bool) -> &mut Self {
        self.command.arg(if value { "1" } else { "0" });
        self
    }
}

impl Link {
    /// Prepares connections. They are made at the first call, and made again after they were lost. Must be called inside a tokio runtime.
    pub fn open(redis: &RedisSettings, settings: &StoreSettings, scripts: Scripts, patient: bool) -> Answer<Self> {
        let (response, connect) = (settings.call_timeout, settings.connect_timeout);
        let access = |database| {
            let mut access = Access::new(&redis.login, redis.tls.as_ref(), database, response, connect);
            // Parts of a page that is moved are not of one size: none is given up because another one came sooner.
            if patient {
                access.grace = response;
            }
            access
        };
        let servers = match &redis.servers {
            RedisServers::One { address, database } => {
                let access = access(*database);
                Servers::one(Node::new(address, &access)?, access)
            }
            RedisServers::Sentinels { sentinels, primary, login, database } => {
                let access = access(*database);
                Servers::found_by(Finder::sentinels(sentinels, primary, login, &access)?, access)
            }
            RedisServers::Cluster(nodes) => {
                let access = access(0);
                Servers::found_by(Finder::cluster(nodes, &access)?, access)
            }
        };
        Ok(Link { servers: Arc::new(servers), scripts, clock: settings.clock.clone() })
    }

    /// The servers, for whoever listens to each of them.
    pub fn servers(&self) -> Arc<Servers> {
        Arc::clone(&self.servers)
    }

    /// The first argument of every script: the simulation's time, or 0 for the server's.
    pub fn time(&self) -> i64 {
        self.clock.pretended().map_or(0, |now| now.0)
    }

    /// The time, asked for on its own.
    pub async fn now(&self) -> Answer<Millis> {
        if let Some(now) = self.clock.pretended() {
            return Ok(now);
        }
        let (seconds, micros): (i64, i64) = self.query(&redis::cmd("TIME")).await?;
        Ok(Millis(seconds * 1000 + micros / 1000))
    }

    /// Begins a call with these keys; the first argument is the time.
    pub fn script(&self, script: Script, keys: &[String]) -> Call {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.scripts.get(script).sha).arg(keys.len()).arg(keys).arg(self.time());
        Call { script, command }
    }

    /// Runs a script.
    pub async fn call(&self, call: &Call) -> Answer<Reader> {
        let value = match self.servers.send(&call.command).await {
            Err(e) if is_unknown_script(&e) => self.servers.send(&self.with_text(call)).await,
            other => other,
        };
        Reader::new(value.map_err(|e| failure(&e))?)
    }

    /// Runs a script, and says how many replicas have what it wrote.
    pub async fn call_and_wait(&self, call: &Call, replicas: u32) -> Answer<(Reader, u32)> {
        let answer = match self.servers.send_and_wait(&call.command, replicas).await {
            Err(e) if is_unknown_script(&e) => self.servers.send_and_wait(&self.with_text(call), replicas).await,
            other => other,
        };
        let (value, reached) = answer.map_err(|e| failure(&e))?;
        Ok((Reader::new(value)?, reached))
    }

    /// The same call with the script's text: Redis does not have it yet, or no longer.
    fn with_text(&self, call: &Call) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(&self.scripts.get(call.script).text);
        for arg in call.command.args_iter().skip(2) {
            if let Arg::Simple(bytes) = arg {
                command.arg(bytes);
            }
        }
        command
    }

    /// One plain command.
    pub async fn query<T: redis::FromRedisValue>(&self, command: &Cmd) -> Answer<T> {
        read(self.servers.send(command).await.map_err(|e| failure(&e))?)
    }

    /// Several plain commands in one round trip for each server. An error of one is an error of all.
    pub async fn pipeline<T: redis::FromRedisValue>(&self, pipeline: &Pipeline) -> Answer<Vec<T>> {
        self.each(pipeline).await?.into_iter().map(|answer| read(answer?)).collect()
    }

    /// The same, where each has its own error: of a cluster, one server may be away.
    pub async fn each(&self, pipeline: &Pipeline) -> Answer<Vec<Answer<Value>>> {
        let answers = self.servers.each(pipeline).await.map_err(|e| failure(&e))?;
        Ok(answers.into_iter().map(|answer| answer.map_err(|e| failure(&e))).collect())
    }

    /// Whether the servers are looked for: Sentinels or a cluster were asked.
    pub fn is_found(&self) -> bool {
        !self.servers.is_fixed()
    }

    /// One shard of each server.
    pub async fn shards_apart(&self) -> Answer<Vec<u8>> {
        let mut met = Vec::new();
        let mut shards = Vec::new();
        for shard in 0..keys::SHARDS {
            let address = self.servers.address_of(&keys::shard("a", shard)).await.map_err(|e| failure(&e))?;
            if !met.contains(&address) {
                met.push(address);
                shards.push(shard);
            }
        }
        Ok(shards)
    }

    /// The servers that have data, by address.
    pub async fn primaries(&self) -> Answer<Vec<Arc<Node>>> {
        self.servers.primaries().await.map_err(|e| failure(&e))
    }

    /// One plain command at every server, by its address.
    pub async fn everywhere(&self, command: &Cmd) -> Answer<Vec<(String, Answer<Value>)>> {
        let answers = self.servers.everywhere(command).await.map_err(|e| failure(&e))?;
        Ok(answers.into_iter().map(|(at, answer)| (at.to_string(), answer.map_err(|e| failure(&e)))).collect())
    }
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Reads an answer.
pub fn read<T: redis::FromRedisValue>(value: Value) -> Answer<T> {
    redis::from_redis_value(value).map_err(|e| StoreError::Bug(format!("Redis answers something unexpected: {e}")))
}

/// What an error of the client library means here. Never holds a key, an argument or a password.
pub fn failure(error: &RedisError) -> StoreError {
    match (error.kind(), error.code()) {
        (_, Some("OOM")) => StoreError::Full("Redis has reached maxmemory".to_owned()),
        (_, Some("MISCONF")) => StoreError::Full("Redis cannot write to its disk".to_owned()),
        (_, Some("NOREPLICAS")) => StoreError::Unavailable("Redis has too few replicas".to_owned()),
        (_, Some(code @ ("NOAUTH" | "WRONGPASS" | "NOPERM"))) => {
            StoreError::Unavailable(format!("Redis refuses the login ({code})"))
        }
        (ErrorKind::Server(ServerErrorKind::ResponseError | ServerErrorKind::CrossSlot), _) => {
            StoreError::Bug(format!("Redis refuses a command: {}", error.detail().unwrap_or("no detail")))
        }
        (ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask), _) => StoreError::Layout(
            "this Redis is a node of a cluster: name its nodes in store.cluster instead of store.url".to_owned(),
        ),
        (ErrorKind::Server(ServerErrorKind::TryAgain), _) => {
            StoreError::Unavailable("Redis moves this part of the data to another node".to_owned())
        }
        (ErrorKind::ClusterConnectionNotFound, _) => {
            StoreError::Unavailable(format!("no server of Redis is known that has it: {}", error.detail().unwrap_or("not yet")))
        }
        (ErrorKind::Server(kind), _) => StoreError::Unavailable(format!("Redis answers {kind:?}")),
        (ErrorKind::Parse | ErrorKind::UnexpectedReturnType, _) => {
            StoreError::Bug("Redis answers something unexpected".to_owned())
        }
        (ErrorKind::Extension, Some(code)) => StoreError::Unavailable(format!("Redis answers {code}")),
        _ if error.is_timeout() => StoreError::Unavailable("no answer in time".to_owned()),
        _ => StoreError::Unavailable(error.category().to_owned()),
    }
}
