//! One server: a connection that mends itself, and one beside it for what may wait on the server.

use crate::config::redis::{RedisAddress, RedisLogin, RedisTls};
use crate::store::{Answer, StoreError};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{
    Client, ClientTlsConfig, Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo as _, Pipeline, ProtocolVersion, RedisError,
    RedisResult, ServerErrorKind, TlsCertificates, Value,
};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// What every connection needs to know beside the address.
#[derive(Clone)]
pub struct Access {
    login: RedisLogin,
    tls: Option<RedisTls>,
    database: i64,
    /// One answer at most.
    pub response: Duration,
    /// One attempt to connect at most.
    pub connect: Duration,
}

impl Access {
    /// For all servers of a store.
    pub fn new(login: &RedisLogin, tls: Option<&RedisTls>, database: i64, response: Duration, connect: Duration) -> Self {
        Access { login: login.clone(), tls: tls.cloned(), database, response, connect }
    }

    /// The same for Sentinels, which have no databases and may know us otherwise.
    pub fn for_sentinels(&self, login: &RedisLogin) -> Self {
        Access { login: login.clone(), database: 0, ..self.clone() }
    }

    /// A client of one server; nothing is sent yet.
    pub fn client(&self, address: &RedisAddress, protocol: ProtocolVersion) -> RedisResult<Client> {
        let RedisAddress { host, port } = address.clone();
        let place = match &self.tls {
            None => ConnectionAddr::Tcp(host, port),
            Some(_) => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
        };
        let info = place.into_connection_info()?;
        let mut redis = info.redis_settings().clone().set_protocol(protocol).set_db(self.database).set_skip_set_lib_name();
        if let Some(password) = &self.login.password {
            redis = redis.set_password(password.expose());
        }
        if let Some(username) = &self.login.username {
            redis = redis.set_username(username);
        }
        let info = info.set_redis_settings(redis).set_tcp_settings(TcpSettings::default().set_nodelay(true));
        let pem = |secret: &crate::config::secret::Secret| secret.expose().as_bytes().to_vec();
        match &self.tls {
            Some(RedisTls { ca, client }) if ca.is_some() || client.is_some() => {
                let client_tls = client.as_ref();
                let client_tls = client_tls.map(|(cert, key)| ClientTlsConfig { client_cert: pem(cert), client_key: pem(key) });
                Client::build_with_tls(info, TlsCertificates { client_tls, root_cert: ca.as_ref().map(pem) })
            }
            _ => Client::open(info),
        }
    }
}

/// One server.
pub struct Node {
    /// Where it is.
    pub address: RedisAddress,
    client: Client,
    config: ConnectionManagerConfig,
    limit: Duration,
    hot: Line,
    /// For `WAIT`, which would hold up everybody else on a connection.
    slow: Line,
}

/// A connection that can be replaced.
struct Line(RwLock<(u64, ConnectionManager)>);

impl Line {
    fn get(&self) -> (u64, ConnectionManager) {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Node {
    /// A server; it is connected to at the first call.
    pub fn new(address: &RedisAddress, access: &Access) -> Answer<Self> {
        let client = access.client(address, ProtocolVersion::RESP2).map_err(|e| StoreError::Layout(format!("Redis: {e}")))?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(access.response))
            .set_connection_timeout(Some(access.connect))
            // A call that finds no connection says so at once; whoever needs it repeats it.
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_millis(200));
        let line = || {
            let manager = ConnectionManager::new_lazy_with_config(client.clone(), config.clone());
            manager.map(|manager| Line(RwLock::new((0, manager)))).map_err(|e| StoreError::Layout(format!("Redis: {e}")))
        };
        let (hot, slow) = (line()?, line()?);
        let limit = access.response + access.connect * 2;
        Ok(Node { address: address.clone(), client, config, limit, hot, slow })
    }

    /// One command.
    pub async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let (made, mut manager) = self.hot.get();
        let answer = self.limited(manager.send_packed_command(command)).await;
        self.judge(&self.hot, made, answer.and_then(Value::extract_error))
    }

    /// Several commands at once; each has its own answer or error.
    pub async fn send_all(&self, pipeline: &Pipeline) -> RedisResult<Vec<RedisResult<Value>>> {
        self.send_all_on(&self.hot, pipeline).await
    }

    /// Several commands at once, where one waits for replicas.
    pub async fn send_and_wait(&self, pipeline: &Pipeline) -> RedisResult<Vec<RedisResult<Value>>> {
        self.send_all_on(&self.slow, pipeline).await
    }

    async fn send_all_on(&self, line: &Line, pipeline: &Pipeline) -> RedisResult<Vec<RedisResult<Value>>> {
        let (made, mut manager) = line.get();
        let answers = self.limited(manager.send_packed_commands(pipeline, 0, pipeline.len())).await;
        let answers = self.judge(line, made, answers)?;
        Ok(answers.into_iter().map(|answer| self.judge(line, made, answer.extract_error())).collect())
    }

    async fn limited<T>(&self, call: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        match tokio::time::timeout(self.limit, call).await {
            Ok(result) => result,
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
        }
    }

    fn judge<T>(&self, line: &Line, made: u64, result: RedisResult<T>) -> RedisResult<T> {
        if result.as_ref().is_err_and(is_stuck) {
            self.replace(line, made);
        }
        result
    }

    /// Takes another connection, once for all who were stuck with this one. The client library keeps one that only times out, and a name
    /// may lead elsewhere by now.
    fn replace(&self, line: &Line, made: u64) {
        let mut now = line.0.write().unwrap_or_else(PoisonError::into_inner);
        if now.0 == made
            && let Ok(manager) = ConnectionManager::new_lazy_with_config(self.client.clone(), self.config.clone())
        {
            *now = (made + 1, manager);
        }
    }
}

/// Whether a connection should not be used any more though it is open: nobody answers, or only a replica does.
fn is_stuck(error: &RedisError) -> bool {
    error.is_timeout() || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}
