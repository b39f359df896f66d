//! The connection: one multiplexed connection that mends itself, explicit timeouts, scripts by their hash.

use super::scripts::{Script, Scripts};
use super::wire::Reader;
use crate::domain::time::Millis;
use crate::store::{Answer, Clock, StoreError, StoreSettings};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Arg, Client, Cmd, ErrorKind, IntoConnectionInfo as _, ProtocolVersion, RedisError, ServerErrorKind, Value};
use std::fmt::Display;
use std::time::Duration;

/// A way to Redis.
#[derive(Clone)]
pub struct Link {
    manager: ConnectionManager,
    scripts: Scripts,
    clock: Clock,
    limit: Duration,
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
    /// Prepares a connection to `url`. It is made at the first call, and made again after it was lost.
    pub fn open(url: &str, settings: &StoreSettings, scripts: Scripts) -> Answer<Self> {
        let unreadable = |_| StoreError::Layout("the address of Redis is not readable".to_owned());
        let info = url.into_connection_info().map_err(unreadable)?;
        let login = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
        let client = Client::open(info.set_redis_settings(login)).map_err(unreadable)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(settings.call_timeout))
            .set_connection_timeout(Some(settings.connect_timeout))
            // A call that finds no connection says so at once; whoever needs it repeats it.
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_millis(200));
        let manager = ConnectionManager::new_lazy_with_config(client, config).map_err(|e| failure(&e))?;
        let limit = settings.call_timeout + settings.connect_timeout * 2;
        Ok(Link { manager, scripts, clock: settings.clock.clone(), limit })
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
        let value = match self.send(&call.command).await {
            Err(e) if e.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => self.send(&self.with_text(call)).await,
            other => other,
        };
        Reader::new(value.map_err(|e| failure(&e))?)
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

    async fn send(&self, command: &Cmd) -> Result<Value, RedisError> {
        let mut manager = self.manager.clone();
        match tokio::time::timeout(self.limit, manager.send_packed_command(command)).await {
            Ok(result) => result.and_then(Value::extract_error),
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
        }
    }

    /// One plain command.
    pub async fn query<T: redis::FromRedisValue>(&self, command: &Cmd) -> Answer<T> {
        let value = self.send(command).await.map_err(|e| failure(&e))?;
        redis::from_redis_value(value).map_err(|e| StoreError::Bug(format!("Redis answers something unexpected: {e}")))
    }

    /// Several plain commands in one round trip. An error of one is an error of all.
    pub async fn pipeline<T: redis::FromRedisValue>(&self, pipeline: &redis::Pipeline) -> Answer<Vec<T>> {
        let mut manager = self.manager.clone();
        match tokio::time::timeout(self.limit, pipeline.query_async::<Vec<T>>(&mut manager)).await {
            Ok(result) => result.map_err(|e| failure(&e)),
            Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned())),
        }
    }
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
        (ErrorKind::Server(kind), _) => StoreError::Unavailable(format!("Redis answers {kind:?}")),
        (ErrorKind::Parse | ErrorKind::UnexpectedReturnType, _) => {
            StoreError::Bug("Redis answers something unexpected".to_owned())
        }
        (ErrorKind::Extension, Some(code)) => StoreError::Unavailable(format!("Redis answers {code}")),
        _ if error.is_timeout() => StoreError::Unavailable("no answer in time".to_owned()),
        _ => StoreError::Unavailable(error.category().to_owned()),
    }
}
