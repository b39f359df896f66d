//! Finding the servers: by asking Sentinels for the primary, or the nodes of a cluster for each other.
//!
//! All are asked at once, and whoever knows the latest wins: one that is cut off from the others would lead to a primary of yesterday.

use super::map::Map;
use super::node::{Access, Node};
use super::slots::{Range, SLOTS, read_slots};
use crate::config::redis::{RedisAddress, RedisLogin};
use crate::store::Answer;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use redis::{RedisResult, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long is waited for others when one has answered.
const GRACE: Duration = Duration::from_millis(100);
/// Nodes of a cluster that are asked at once.
const ASKED: usize = 16;
/// How often Sentinels are asked without a reason: a primary that is cut off may still answer us.
const SENTINELS_EVERY: Duration = Duration::from_secs(1);

/// Who is asked.
pub enum Finder {
    /// Sentinels.
    Sentinels {
        /// Connections to them.
        sentinels: Vec<Arc<Node>>,
        /// What they call the primary.
        primary: String,
        /// How the primary is reached.
        access: Access,
    },
    /// A cluster.
    Cluster {
        /// The nodes that the configuration names.
        seeds: Vec<Arc<Node>>,
        /// How nodes are reached.
        access: Access,
    },
}

impl Finder {
    /// Asks Sentinels.
    pub fn sentinels(sentinels: &[RedisAddress], primary: &str, login: &RedisLogin, access: &Access) -> Answer<Self> {
        let theirs = access.for_sentinels(login);
        let node = |address| Node::new(address, &theirs).map(Arc::new);
        let sentinels = sentinels.iter().map(node).collect::<Answer<_>>()?;
        Ok(Finder::Sentinels { sentinels, primary: primary.to_owned(), access: access.clone() })
    }

    /// Asks a cluster.
    pub fn cluster(seeds: &[RedisAddress], access: &Access) -> Answer<Self> {
        let node = |address| Node::new(address, access).map(Arc::new);
        Ok(Finder::Cluster { seeds: seeds.iter().map(node).collect::<Answer<_>>()?, access: access.clone() })
    }

    /// How often there is a look that nobody asked for.
    pub fn every(&self) -> Option<Duration> {
        match self {
            Finder::Sentinels { .. } => Some(SENTINELS_EVERY),
            Finder::Cluster { .. } => None,
        }
    }

    /// Looks for the servers. Those of `before` and `met` are used again. The error is for people.
    pub async fn look(&mut self, before: &Map, met: &[Arc<Node>]) -> Result<Map, String> {
        let known = before.nodes.iter().chain(met);
        match self {
            Finder::Sentinels { sentinels, primary, access } => {
                let address = ask_sentinels(sentinels, primary, access).await?;
                let mut known: HashMap<_, _> = known.map(|node| (node.address.clone(), Arc::clone(node))).collect();
                Ok(Map { nodes: vec![take(&mut known, &address, access)?], slots: None })
            }
            Finder::Cluster { seeds, access } => {
                let all = known.chain(&*seeds).map(|node| (node.address.clone(), Arc::clone(node)));
                let mut known: HashMap<_, _> = all.collect();
                let ranges = ask_cluster(known.values().take(ASKED), access).await?;
                let mut map = Map { nodes: Vec::new(), slots: Some(vec![u16::MAX; SLOTS]) };
                for Range { from, to, primary } in ranges {
                    let place = match map.nodes.iter().position(|node| node.address == primary) {
                        Some(place) => place,
                        None => {
                            map.nodes.push(take(&mut known, &primary, access)?);
                            map.nodes.len() - 1
                        }
                    };
                    if let Some(slots) = map.slots.as_mut().and_then(|slots| slots.get_mut(from..=to)) {
                        slots.fill(u16::try_from(place).unwrap_or(u16::MAX));
                    }
                }
                Ok(map)
            }
        }
    }
}

fn take(known: &mut HashMap<RedisAddress, Arc<Node>>, address: &RedisAddress, access: &Access) -> Result<Arc<Node>, String> {
    match known.remove(address) {
        Some(node) => Ok(node),
        None => Node::new(address, access).map(Arc::new).map_err(|error| error.to_string()),
    }
}

/// What those answer who answer soon; and the last error.
async fn soon<T>(asked: impl IntoIterator<Item = impl Future<Output = Result<T, String>>>, access: &Access) -> (Vec<T>, String) {
    let mut asked: FuturesUnordered<_> = asked.into_iter().collect();
    let (mut answers, mut why) = (Vec::new(), "none answers".to_owned());
    let mut until = Instant::now() + access.connect + access.response;
    while let Ok(Some(answer)) = timeout_at(until, asked.next()).await {
        match answer {
            Ok(answer) => {
                until = until.min(Instant::now() + GRACE);
                answers.push(answer);
            }
            Err(error) => why = error,
        }
    }
    (answers, why)
}

/// The primary that the Sentinel with the latest configuration names.
async fn ask_sentinels(sentinels: &[Arc<Node>], primary: &str, access: &Access) -> Result<RedisAddress, String> {
    let mut command = redis::cmd("SENTINEL");
    command.arg("MASTER").arg(primary);
    let one = async |node: &Arc<Node>| {
        let answer = node.send(&command).await.map_err(|error| told(node, &error))?;
        read_primary(answer).ok_or_else(|| format!("{} answers something unexpected", node.address))
    };
    let (found, why) = soon(sentinels.iter().map(one), access).await;
    let latest = found.into_iter().max_by_key(|(epoch, _)| *epoch);
    latest.map(|(_, address)| address).ok_or_else(|| format!("no Sentinel names the primary `{primary}`: {why}"))
}

/// Epoch and address from the facts about a primary.
fn read_primary(answer: Value) -> Option<(u64, RedisAddress)> {
    let facts: HashMap<String, String> = redis::from_redis_value(answer).ok()?;
    let epoch = facts.get("config-epoch").and_then(|epoch| epoch.parse().ok())?;
    let host = facts.get("ip").filter(|host| !host.is_empty())?.clone();
    Some((epoch, RedisAddress { host, port: facts.get("port")?.parse().ok()? }))
}

/// The slots, as the node with the latest configuration sees them; one that sees the cluster working goes first.
async fn ask_cluster(nodes: impl Iterator<Item = &Arc<Node>>, access: &Access) -> Result<Vec<Range>, String> {
    let mut both = redis::pipe();
    both.cmd("CLUSTER").arg("INFO").cmd("CLUSTER").arg("SLOTS");
    let one = async |node: &Arc<Node>| {
        let answers: RedisResult<Vec<Value>> = match node.send_all(&both).await {
            Ok(answers) => answers.into_iter().collect(),
            Err(error) => Err(error),
        };
        let answers = answers.map_err(|error| told(node, &error))?;
        let unreadable = || format!("{} answers something unexpected", node.address);
        let [info, slots] = &answers[..] else { return Err(unreadable()) };
        let info: String = redis::from_redis_value(info.clone()).map_err(|_| unreadable())?;
        let ranges = read_slots(slots, &node.address).ok_or_else(unreadable)?;
        if ranges.is_empty() {
            return Err(format!("{} knows of no slots", node.address));
        }
        Ok((rank(&info), ranges))
    };
    let (found, why) = soon(nodes.map(one), access).await;
    let best = found.into_iter().max_by_key(|(rank, _)| *rank);
    best.map(|(_, ranges)| ranges).ok_or_else(|| format!("no node tells what the cluster is: {why}"))
}

/// Whether the cluster works, and how new that is.
fn rank(info: &str) -> (bool, u64) {
    let fact = |name: &str| info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
    (fact("cluster_state") == Some("ok"), fact("cluster_current_epoch").and_then(|epoch| epoch.parse().ok()).unwrap_or(0))
}

fn told(node: &Node, error: &redis::RedisError) -> String {
    format!("{}: {}", node.address, super::link::failure(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_who_see_the_cluster_working_rank_first() {
        let rank_of = |state: &str, epoch: u64| rank(&format!("cluster_state:{state}\r\ncluster_current_epoch:{epoch}\r\n"));
        assert!(rank_of("ok", 3) > rank_of("ok", 2));
        assert!(rank_of("ok", 1) > rank_of("fail", 9), "one that is cut off may have counted on");
    }

    #[test]
    fn a_primary_is_read_with_its_epoch() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let facts = ["name", "replyflow", "ip", "10.0.0.2", "port", "6380", "config-epoch", "4"].map(text);
        let address = RedisAddress { host: "10.0.0.2".to_owned(), port: 6380 };
        assert_eq!(read_primary(Value::Array(facts.to_vec())), Some((4, address)));
        assert_eq!(read_primary(Value::Array(facts[..4].to_vec())), None);
    }
}
