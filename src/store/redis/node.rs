//! One server: a connection that mends itself, and one beside it for what may wait on the server.

use crate::config::redis::{RedisAddress, RedisLogin, RedisTls};
use crate::store::{Answer, StoreError};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{
    Client, ClientTlsConfig, Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo as _, Pipeline, ProtocolVersion, RedisError,
    RedisResult, ServerErrorKind, TlsCertificates, Value,
};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// How long a server is left alone that was silent on a new connection, and between two questions whether it is back.
const SILENT: Duration = Duration::from_secs(1);

/// When a connection on which nothing is said is looked after, and between two looks that find nobody.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// What is much slower than the others counts as away, where somebody waits for all.
const GRACE: Duration = Duration::from_millis(500);

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
    /// How long a look at all servers waits for the others when one has answered.
    pub grace: Duration,
}

impl Access {
    /// For all servers of a store.
    pub fn new(login: &RedisLogin, tls: Option<&RedisTls>, database: i64, response: Duration, connect: Duration) -> Self {
        Access { login: login.clone(), tls: tls.cloned(), database, response, connect, grace: GRACE }
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
        // Whoever only listens would never find out that the network forgot the connection.
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE.0).with_interval(KEEPALIVE.1);
        let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
        let info = info.set_redis_settings(redis).set_tcp_settings(tcp);
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
    hot: Arc<Line>,
    /// For `WAIT`, which would hold up everybody else on a connection.
    slow: Arc<Line>,
}

/// A connection that can be replaced.
struct Line {
    client: Client,
    config: ConnectionManagerConfig,
    /// One call at most, with connecting.
    limit: Duration,
    now: RwLock<Now>,
}

/// What a line is now.
struct Now {
    /// How often it was replaced.
    made: u64,
    manager: ConnectionManager,
    /// Whether anything was ever answered over it.
    answered: bool,
    /// Until when nobody tries it: the server was silent also on a new connection.
    left_until: Option<Instant>,
}

impl Now {
    fn new(made: u64, manager: ConnectionManager, left_until: Option<Instant>) -> Self {
        Now { made, manager, answered: false, left_until }
    }
}

impl Line {
    fn new(client: &Client, config: &ConnectionManagerConfig, limit: Duration) -> RedisResult<Arc<Self>> {
        let (client, config) = (client.clone(), config.clone());
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config.clone())?;
        Ok(Arc::new(Line { client, config, limit, now: RwLock::new(Now::new(0, manager, None)) }))
    }

    /// Several commands at once; each has its own answer or error.
    async fn send_all(self: &Arc<Self>, pipeline: &Pipeline) -> RedisResult<Vec<RedisResult<Value>>> {
        let (made, mut manager, answered) = self.get()?;
        let answers = self.limited(manager.send_packed_commands(pipeline, 0, pipeline.len())).await;
        let answers = self.heard((made, answered), answers)?;
        Ok(answers.into_iter().map(|answer| self.judge(made, answer.extract_error())).collect())
    }

    /// One command.
    async fn send(self: &Arc<Self>, command: &Cmd) -> RedisResult<Value> {
        let (made, mut manager, answered) = self.get()?;
        let answer = self.limited(manager.send_packed_command(command)).await;
        let answer = self.heard((made, answered), answer)?;
        self.judge(made, answer.extract_error())
    }

    /// The connection, for one call. Where the server is silent every call fails at once, and holds up nobody who works with the servers beside
    /// it: a question that nobody waits for finds out whether it is back.
    fn get(self: &Arc<Self>) -> RedisResult<(u64, ConnectionManager, bool)> {
        let of = |now: &Now| (now.made, now.manager.clone(), now.answered);
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        if now.left_until.is_none() {
            return Ok(of(&now));
        }
        drop(now);
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        match now.left_until {
            None => return Ok(of(&now)),
            Some(until) if Instant::now() < until => {}
            Some(_) => {
                // Nobody else asks as long as this may take.
                now.left_until = Some(Instant::now() + self.limit + SILENT);
                tokio::spawn(Arc::clone(self).ask(now.made, now.manager.clone()));
            }
        }
        Err(silence())
    }

    /// Asks a server that was silent whether it is there.
    async fn ask(self: Arc<Self>, made: u64, mut manager: ConnectionManager) {
        match self.limited(manager.send_packed_command(&redis::cmd("PING"))).await {
            Ok(_) => self.answers(made),
            Err(_) => self.replace(made, true),
        }
    }

    /// Somebody is there.
    fn answers(&self, made: u64) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        if now.made == made {
            (now.answered, now.left_until) = (true, None);
        }
    }

    async fn limited<T>(&self, call: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        tokio::time::timeout(self.limit, call).await.unwrap_or_else(|_| Err(silence()))
    }

    /// What the connection itself says, before an answer is looked into. The client library connects again where one broke off, and only there: an
    /// attempt that was refused (a login, too many clients) it would keep as the answer to everything that follows.
    fn heard<T>(&self, (made, answered): (u64, bool), answer: RedisResult<T>) -> RedisResult<T> {
        match &answer {
            Ok(_) if !answered => self.answers(made),
            Ok(_) => {}
            Err(error) if error.is_connection_dropped() => {}
            Err(error) => self.replace(made, error.is_timeout()),
        }
        answer
    }

    fn judge<T>(&self, made: u64, result: RedisResult<T>) -> RedisResult<T> {
        if result.as_ref().is_err_and(is_of_a_replica) {
            self.replace(made, false);
        }
        result
    }

    /// Takes another connection, once for all who were stuck with this one; a name may lead elsewhere by now. One stall of a server that works is
    /// none of its silence, also if another call was answered after this one had begun: a new connection tells.
    fn replace(&self, made: u64, silent: bool) {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        if now.made == made
            && let Ok(manager) = ConnectionManager::new_lazy_with_config(self.client.clone(), self.config.clone())
        {
            let left_until = (silent && !now.answered).then(|| Instant::now() + SILENT);
            *now = Now::new(made + 1, manager, left_until);
        }
    }
}

impl Node {
    /// A server; it is connected to at the first call.
    pub fn new(address: &RedisAddress, access: &Access) -> Answer<Self> {
        let layout = |e: RedisError| StoreError::Layout(format!("Redis: {e}"));
        let client = access.client(address, ProtocolVersion::RESP2).map_err(layout)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(access.response))
            .set_connection_timeout(Some(access.connect))
            // A call that finds no connection says so at once; whoever needs it repeats it.
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_max_delay(Duration::from_millis(200));
        let limit = access.response + access.connect * 2;
        let line = || Line::new(&client, &config, limit).map_err(layout);
        Ok(Node { address: address.clone(), hot: line()?, slow: line()? })
    }

    /// One command.
    pub async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        self.hot.send(command).await
    }

    /// Several commands at once; each has its own answer or error.
    pub async fn send_all(&self, pipeline: &Pipeline) -> RedisResult<Vec<RedisResult<Value>>> {
        self.hot.send_all(pipeline).await
    }

    /// Several commands at once, where one waits for replicas.
    pub async fn send_and_wait(&self, pipeline: &Pipeline) -> RedisResult<Vec<RedisResult<Value>>> {
        self.slow.send_all(pipeline).await
    }
}

/// Whether only a replica answers: another server may have the name by now.
fn is_of_a_replica(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

/// Nobody answered in time.
fn silence() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_call_without_an_answer_is_no_silence_of_a_server_that_answered_another() {
        let client = Client::open("redis://127.0.0.1:1/").expect("an address");
        let line = Line::new(&client, &ConnectionManagerConfig::new(), Duration::from_secs(1)).expect("a line");
        let begin = || line.get().map(|(made, _, answered)| (made, answered));
        // Two calls begin together on a new connection.
        let (one, other) = (begin().expect("a connection"), begin().expect("a connection"));
        assert!(line.heard(one, Ok(())).is_ok());
        assert!(line.heard(other, Err::<(), _>(silence())).is_err());
        let next = begin().expect("another connection, and nobody is kept from it");
        assert_eq!(next, (one.0 + 1, false));
        // Nobody was answered on this one.
        assert!(line.heard(next, Err::<(), _>(silence())).is_err());
        assert!(begin().is_err(), "it is left alone");
    }
}
