//! The servers of a store: which one has which slot, and how a call finds its way when that changes.
//!
//! A call is repeated only where the server says that nothing of it happened (`MOVED`, `ASK`, `TRYAGAIN`). What was cut off or timed out
//! may have happened: that is for the caller to know.

use super::finder::Finder;
use super::keys::PREFIX;
use super::map::{Known, Map};
use super::node::{Access, Node};
use super::slots::{read_redirect, slot, slot_key, slot_of, tag_of};
use crate::config::redis::RedisAddress;
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use redis::{Client, Cmd, ErrorKind, Pipeline, ProtocolVersion, RedisError, RedisResult, ServerErrorKind, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// Redirects that one call follows.
const HOPS: usize = 5;
/// Between two looks for servers, so that a broken cluster is not asked by every call.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// The first pause before a call is repeated while its slot moves; each next one is twice as long, up to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(320));
/// Milliseconds that a write may wait for its replicas.
const REPLICAS_WITHIN: u32 = 100;

/// The servers of a store.
pub struct Servers {
    known: watch::Receiver<Known>,
    wanted: Arc<Notify>,
    /// Servers to which a redirect led before a look found them.
    strangers: Arc<Mutex<HashMap<RedisAddress, Arc<Node>>>>,
    access: Access,
    fixed: bool,
    task: Option<JoinHandle<()>>,
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// How often a call was sent elsewhere, and until when it may be repeated.
struct Way {
    hops: usize,
    pause: Duration,
    until: Instant,
}

impl Servers {
    /// Always the same server.
    pub fn one(node: Node, access: Access) -> Self {
        let map = Arc::new(Map { nodes: vec![Arc::new(node)], slots: None });
        let (_, known) = watch::channel(Known { looks: 1, map, why: String::new() });
        Servers { known, wanted: Arc::default(), strangers: Arc::default(), access, fixed: true, task: None }
    }

    /// Servers that are looked for. Must be called inside a tokio runtime.
    pub fn found_by(finder: Finder, access: Access) -> Self {
        let (told, known) = watch::channel(Known::default());
        let (wanted, strangers) = (Arc::new(Notify::new()), Arc::default());
        let task = tokio::spawn(keep_looking(finder, told, Arc::clone(&wanted), Arc::clone(&strangers)));
        Servers { known, wanted, strangers, access, fixed: false, task: Some(task) }
    }

    /// What is known, and when that changes.
    pub fn known(&self) -> watch::Receiver<Known> {
        self.known.clone()
    }

    /// A client of one of the servers, for a connection of its own.
    pub fn client(&self, address: &RedisAddress, protocol: ProtocolVersion) -> RedisResult<Client> {
        self.access.client(address, protocol)
    }

    /// How long an attempt to connect may take.
    pub fn connect_timeout(&self) -> Duration {
        self.access.connect
    }

    /// Whether the server is always the same.
    pub fn is_fixed(&self) -> bool {
        self.fixed
    }

    /// Which server has a key.
    pub async fn address_of(&self, key: &str) -> RedisResult<RedisAddress> {
        Ok(self.node(Some(slot(key.as_bytes()))).await?.address.clone())
    }

    /// Looks for the servers again soon.
    pub fn look_again(&self) {
        if !self.fixed {
            self.wanted.notify_one();
        }
    }

    /// One command, at the server that has its key; one without a key at any.
    pub async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let at = slot_of(command);
        let mut node = self.node(at).await?;
        if at.is_none() && !self.fixed {
            return self.any(command).await;
        }
        let (mut way, mut asking) = (self.way(), false);
        loop {
            let answer = if asking { ask(&node, command).await } else { node.send(command).await };
            let Err(error) = answer else { return answer };
            (node, asking) = self.next(error, &node, at, &mut way).await?;
        }
    }

    /// One command without a key: whoever answers first.
    async fn any(&self, command: &Cmd) -> RedisResult<Value> {
        let map = Arc::clone(&self.known.borrow().map);
        let mut asked: FuturesUnordered<_> = map.nodes.iter().map(|node| node.send(command)).collect();
        let mut last = Err(self.unknown());
        while let Some(answer) = asked.next().await {
            match answer {
                Ok(_) => return answer,
                Err(error) => {
                    self.notice(&error);
                    last = Err(error);
                }
            }
        }
        last
    }

    /// One command that writes, and then as many replicas as have it.
    pub async fn send_and_wait(&self, command: &Cmd, replicas: u32) -> RedisResult<(Value, u32)> {
        let at = slot_of(command);
        let mut node = self.node(at).await?;
        let mut way = self.way();
        // `WAIT` asks for the last write of its own connection. What is known already writes nothing: so here something is always written.
        let mark = slot_key(command).map(|key| [PREFIX.as_bytes(), b"wait:{", tag_of(key), b"}"].concat()).unwrap_or_default();
        let mut pipeline = redis::pipe();
        pipeline.add_command(command.clone()).cmd("SET").arg(mark).arg(1).arg("PX").arg(1000);
        pipeline.cmd("WAIT").arg(replicas).arg(REPLICAS_WITHIN);
        loop {
            let answers = node.send_and_wait(&pipeline).await.inspect_err(|error| self.notice(error))?;
            let mut answers = answers.into_iter();
            let (first, written, reached) = (answers.next(), answers.next(), answers.next());
            let none = || RedisError::from((ErrorKind::UnexpectedReturnType, "an answer is missing"));
            match first.unwrap_or_else(|| Err(none())) {
                Ok(value) => {
                    let reached = written.unwrap_or_else(|| Err(none())).and_then(|_| reached.unwrap_or_else(|| Err(none())));
                    return match reached {
                        Ok(reached) => Ok((value, redis::from_redis_value(reached)?)),
                        Err(error) if is_elsewhere(&error) => Err(away("the slot moves")),
                        Err(error) => Err(error),
                    };
                }
                Err(error) => {
                    let (next, asking) = self.next(error, &node, at, &mut way).await?;
                    if asking {
                        return Err(away("the slot moves"));
                    }
                    node = next;
                }
            }
        }
    }

    /// Several commands in one round trip for each server; each has its own answer or error, as servers fail apart.
    /// One without a key is sent to all servers, and one answer counts.
    pub async fn each(&self, pipeline: &Pipeline) -> RedisResult<Vec<RedisResult<Value>>> {
        let first = self.node(None).await?;
        let map = Arc::clone(&self.known.borrow().map);
        if map.slots.is_none() {
            return first.send_all(pipeline).await.inspect_err(|error| self.notice(error));
        }
        let commands: Vec<&Cmd> = pipeline.cmd_iter().collect();
        let mut parts: Vec<(Pipeline, Vec<usize>)> = map.nodes.iter().map(|_| (redis::pipe(), Vec::new())).collect();
        let mut answers: Vec<Option<RedisResult<Value>>> = commands.iter().map(|_| None).collect();
        for (i, command) in commands.iter().enumerate() {
            let at = slot_of(command);
            match map.place(at) {
                _ if at.is_none() => parts.iter_mut().for_each(|(part, of)| {
                    part.add_command((*command).clone());
                    of.push(i);
                }),
                Some(place) => {
                    parts[place].0.add_command((*command).clone());
                    parts[place].1.push(i);
                }
                None => answers[i] = Some(Err(self.unknown())),
            }
        }
        let asked = map.nodes.iter().zip(&parts).filter(|(_, (part, _))| !part.is_empty());
        let mut asked: FuturesUnordered<_> =
            asked.map(|(node, (part, of))| async move { (of, node.send_all(part).await) }).collect();
        // Who is much slower than the others counts as away, for this time.
        let mut until = None;
        while let Some((of, result)) = next_of(&mut asked, until).await {
            until = until.or_else(|| result.is_ok().then(|| Instant::now() + self.access.grace));
            let mut result = match result {
                Ok(items) => items.into_iter(),
                Err(error) => {
                    self.notice(&error);
                    of.iter().map(|_| Err(error.clone())).collect::<Vec<_>>().into_iter()
                }
            };
            for i in of {
                let answer = result.next();
                if !matches!(answers[*i], Some(Ok(_))) {
                    answers[*i] = answer;
                }
            }
        }
        let elsewhere = |answer: &Option<RedisResult<Value>>| matches!(answer, Some(Err(error)) if is_elsewhere(error));
        let again: Vec<usize> = (0..commands.len()).filter(|i| elsewhere(&answers[*i])).collect();
        if !again.is_empty() {
            self.look_now().await;
            let found = join_all(again.iter().map(|i| self.send(commands[*i]))).await;
            again.into_iter().zip(found).for_each(|(i, answer)| answers[i] = Some(answer));
        }
        Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(away("it is much slower than the others")))).collect())
    }

    /// One command at every server.
    pub async fn everywhere(&self, command: &Cmd) -> RedisResult<Vec<(RedisAddress, RedisResult<Value>)>> {
        self.node(None).await?;
        let map = Arc::clone(&self.known.borrow().map);
        let asked = map.nodes.iter().map(|node| async move { (node.address.clone(), node.send(command).await) });
        Ok(join_all(asked).await)
    }

    /// The primaries, by address.
    pub async fn primaries(&self) -> RedisResult<Vec<Arc<Node>>> {
        self.node(None).await?;
        let mut nodes = self.known.borrow().map.nodes.clone();
        nodes.sort_by(|a, b| a.address.cmp(&b.address));
        Ok(nodes)
    }

    fn way(&self) -> Way {
        Way { hops: 0, pause: PAUSES.0, until: Instant::now() + self.access.response }
    }

    /// Where a call goes on that was not done, and whether it must say that it was sent there.
    async fn next(&self, error: RedisError, node: &Node, at: Option<usize>, way: &mut Way) -> RedisResult<(Arc<Node>, bool)> {
        let ErrorKind::Server(kind) = error.kind() else {
            self.notice(&error);
            return Err(error);
        };
        match kind {
            ServerErrorKind::Moved | ServerErrorKind::Ask if !self.fixed => {
                way.hops += 1;
                if kind == ServerErrorKind::Moved {
                    self.look_again();
                }
                let led = error.detail().and_then(|detail| read_redirect(detail, &node.address));
                match led.filter(|_| way.hops <= HOPS).and_then(|(_, address)| self.at(&address)) {
                    Some(next) => Ok((next, kind == ServerErrorKind::Ask)),
                    None => Err(away("it was redirected too often")),
                }
            }
            // While a slot moves, its keys lie here and there.
            ServerErrorKind::TryAgain if Instant::now() + way.pause < way.until => {
                sleep(way.pause).await;
                (way.pause, way.hops) = ((way.pause * 2).min(PAUSES.1), 0);
                Ok((self.node(at).await?, false))
            }
            _ => {
                self.notice(&error);
                Err(error)
            }
        }
    }

    /// Some errors say that another server should be asked from now on.
    fn notice(&self, error: &RedisError) {
        use ServerErrorKind::{ClusterDown, MasterDown, ReadOnly};
        let changed = match error.kind() {
            ErrorKind::Server(kind) => matches!(kind, ClusterDown | MasterDown | ReadOnly),
            ErrorKind::Extension => error.code() == Some("NOREPLICAS"),
            _ => true,
        };
        if changed {
            self.look_again();
        }
    }

    /// The server of an address.
    fn at(&self, address: &RedisAddress) -> Option<Arc<Node>> {
        if let Some(node) = self.known.borrow().map.nodes.iter().find(|node| node.address == *address) {
            return Some(Arc::clone(node));
        }
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        if !strangers.contains_key(address) {
            strangers.insert(address.clone(), Arc::new(Node::new(address, &self.access).ok()?));
        }
        strangers.get(address).cloned()
    }

    /// The server that has a slot. Where none is known, the next look is awaited.
    async fn node(&self, at: Option<usize>) -> RedisResult<Arc<Node>> {
        if let Some(node) = self.known.borrow().map.of(at) {
            return Ok(Arc::clone(node));
        }
        self.look_now().await;
        let found = self.known.borrow().map.of(at).cloned();
        found.ok_or_else(|| self.unknown())
    }

    async fn look_now(&self) {
        if self.fixed {
            return;
        }
        let mut known = self.known.clone();
        let before = known.borrow().looks;
        self.wanted.notify_one();
        let _ = tokio::time::timeout(self.access.response, known.wait_for(|known| known.looks > before)).await;
    }

    fn unknown(&self) -> RedisError {
        away(&self.known.borrow().why)
    }
}

/// The next answer, or nothing when there is none or it is too late.
async fn next_of<T>(asked: &mut FuturesUnordered<impl Future<Output = T>>, until: Option<Instant>) -> Option<T> {
    match until {
        None => asked.next().await,
        Some(until) => tokio::time::timeout_at(until, asked.next()).await.ok().flatten(),
    }
}

/// A call that a redirect sent here: the server takes it only after this word, on the same connection.
async fn ask(node: &Node, command: &Cmd) -> RedisResult<Value> {
    let mut both = redis::pipe();
    both.cmd("ASKING").add_command(command.clone());
    let answer = node.send_all(&both).await?.pop();
    answer.unwrap_or_else(|| Err((ErrorKind::UnexpectedReturnType, "an answer is missing").into()))
}

/// No server that has it can be reached.
fn away(why: &str) -> RedisError {
    (ErrorKind::ClusterConnectionNotFound, "no server is known", why.to_owned()).into()
}

fn is_elsewhere(error: &RedisError) -> bool {
    use ServerErrorKind::{Ask, Moved, TryAgain};
    matches!(error.kind(), ErrorKind::Server(Ask | Moved | TryAgain))
}

async fn keep_looking(
    mut finder: Finder,
    told: watch::Sender<Known>,
    wanted: Arc<Notify>,
    strangers: Arc<Mutex<HashMap<RedisAddress, Arc<Node>>>>,
) {
    loop {
        match finder.every() {
            Some(every) => drop(tokio::time::timeout(every, wanted.notified()).await),
            None => wanted.notified().await,
        }
        let before = Arc::clone(&told.borrow().map);
        let met: Vec<Arc<Node>> = strangers.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let found = finder.look(&before, &met).await;
        if found.is_ok() {
            strangers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        told.send_modify(|known| {
            known.looks += 1;
            match found {
                Ok(map) if !map.is_as(&before) => (known.map, known.why) = (Arc::new(map), String::new()),
                Ok(_) => known.why = String::new(),
                Err(why) => known.why = why,
            }
        });
        sleep(BETWEEN_LOOKS).await;
    }
}
