//! Moving a store: which names there are. Most are found by going through all keys, server by server, as no other call does.

use super::journal::failed_key;
use super::keys::{self, PREFIX};
use super::{RedisStore, link};
use crate::domain::id::{ContactKey, VersionId};
use crate::domain::name::{ChannelName, Slug};
use crate::store::transfer::{Name, Names};
use crate::store::{Answer, StoreError};
use redis::{Cmd, Value};
use std::collections::BTreeSet;

/// Where the names of a store are, in the order in which they are gone through. A place is written as its words, with a space between.
enum Stand {
    /// What is few: work sets, flows, what holds channels back, counters of runs, the mark of the suppression list.
    Few,
    /// The suppression list after this number.
    List(u64),
    /// A hash of a shard: which one of `HASHES`, and the cursor in it.
    Hash(u8, usize, String),
    /// All keys: which server, and the cursor in it.
    Keys(usize, String),
}

/// Fields of a hash with their values.
type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// Opt-outs, requests, what failed.
const HASHES: [&str; 3] = ["s", "q", "x"];

fn bug(what: &str) -> StoreError {
    StoreError::Bug(format!("Redis holds something unreadable: {what}"))
}

impl Stand {
    fn parse(text: &str) -> Answer<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let parsed = match words[..] {
            [""] => Some(Stand::Few),
            ["list", after] => after.parse().ok().map(Stand::List),
            ["hash", shard, which, cursor] => {
                shard.parse().ok().zip(which.parse().ok()).map(|(shard, which)| Stand::Hash(shard, which, cursor.to_owned()))
            }
            ["keys", server, cursor] => server.parse().ok().map(|server| Stand::Keys(server, cursor.to_owned())),
            _ => None,
        };
        parsed.ok_or_else(|| StoreError::Bug("where a move stands".to_owned()))
    }

    fn write(&self) -> String {
        match self {
            Stand::Few => String::new(),
            Stand::List(after) => format!("list {after}"),
            Stand::Hash(shard, which, cursor) => format!("hash {shard} {which} {cursor}"),
            Stand::Keys(server, cursor) => format!("keys {server} {cursor}"),
        }
    }
}

fn contact(text: &str) -> Answer<ContactKey> {
    ContactKey::parse(text).ok_or_else(|| bug("a contact's key"))
}

/// What lies under a key of ours, if it is found by its key.
fn name_of(key: &str) -> Option<Name> {
    let rest = key.strip_prefix(PREFIX)?;
    if let Some(id) = rest.strip_prefix("v:") {
        return VersionId::parse(id).map(Name::Version);
    }
    if let Some(channel) = rest.strip_prefix("bd:{") {
        return ChannelName::parse(channel.strip_suffix('}')?).ok().map(Name::Day);
    }
    // A kind of one letter, the shard's tag of two, and whose it is.
    let (kind, member) = (rest.get(..1)?, rest.get(1..7).filter(|tag| tag.starts_with(":{") && tag.ends_with("}:")));
    member?;
    let lane = keys::parse_member(rest.get(7..)?)?;
    let is_plain = lane.lane == crate::store::Lane::Contact;
    match kind {
        "o" => Some(Name::Lane(lane)),
        "r" if is_plain => Some(Name::Contact(lane.contact)),
        "m" if is_plain => Some(Name::Mailbox(lane.contact)),
        "d" | "e" if is_plain => Some(Name::Seen(lane.contact)),
        "k" if is_plain => Some(Name::Awaited(lane.contact)),
        _ => None,
    }
}

impl RedisStore {
    pub(super) async fn do_names(&self, from: &str, n: usize) -> Answer<Names> {
        let (names, next) = match Stand::parse(from)? {
            Stand::Few => (self.few().await?, Some(Stand::List(0))),
            Stand::List(after) => {
                let found = self.do_list_after(after, n).await?;
                let next = match found.last() {
                    Some((number, _)) if found.len() >= n => Stand::List(*number),
                    _ => Stand::Hash(0, 0, "0".to_owned()),
                };
                (found.into_iter().map(|(_, address)| Name::Listed(address)).collect(), Some(next))
            }
            Stand::Hash(shard, which, cursor) => self.hash_names(shard, which, &cursor, n).await?,
            Stand::Keys(server, cursor) => self.key_names(server, &cursor, n).await?,
        };
        Ok(Names { names, next: next.map(|stand| stand.write()) })
    }

    async fn few(&self) -> Answer<Vec<Name>> {
        let mut names: Vec<Name> = self.sets.all(&self.link).await?.into_iter().map(Name::Set).collect();
        let fields = async |key: String| self.link.query::<Vec<String>>(redis::cmd("HKEYS").arg(key)).await;
        let mut flows: BTreeSet<String> = fields(keys::current()).await?.into_iter().collect();
        flows.extend(fields(keys::beside_current("said")).await?);
        for flow in flows {
            names.push(Name::Flow(Slug::parse(&flow).map_err(|_| bug("a flow's name"))?));
        }
        names.extend(fields(keys::held()).await?.into_iter().map(Name::Hold));
        let mut pipeline = redis::pipe();
        for shard in 0..keys::SHARDS {
            pipeline.cmd("HKEYS").arg(keys::shard("f", shard));
        }
        let versions: Vec<Vec<String>> = self.link.pipeline(&pipeline).await?;
        let versions: BTreeSet<String> = versions.into_iter().flatten().collect();
        for version in versions {
            names.push(Name::Live(VersionId::parse(&version).ok_or_else(|| bug("a version"))?));
        }
        names.push(Name::ListMark);
        Ok(names)
    }

    async fn hash_names(&self, shard: u8, which: usize, cursor: &str, n: usize) -> Answer<(Vec<Name>, Option<Stand>)> {
        let kind = HASHES.get(which).ok_or_else(|| bug("where a move stands"))?;
        let mut command = redis::cmd("HSCAN");
        command.arg(keys::shard(kind, shard)).arg(cursor).arg("COUNT").arg(n);
        let (next, items): (String, Fields) = self.link.query(&command).await?;
        let mut names = Vec::with_capacity(items.len());
        for (field, value) in items {
            names.push(match *kind {
                "s" => Name::OptedOut(contact(std::str::from_utf8(&field).unwrap_or_default())?),
                "q" => Name::Request(field.try_into().map_err(|_| bug("a request's name"))?),
                _ => Name::Failed(failed_key(&value)?),
            });
        }
        let begin = || "0".to_owned();
        let next = match () {
            () if next != "0" => Stand::Hash(shard, which, next),
            () if which + 1 < HASHES.len() => Stand::Hash(shard, which + 1, begin()),
            () if shard + 1 < keys::SHARDS => Stand::Hash(shard + 1, 0, begin()),
            () => Stand::Keys(0, begin()),
        };
        Ok((names, Some(next)))
    }

    async fn key_names(&self, server: usize, cursor: &str, n: usize) -> Answer<(Vec<Name>, Option<Stand>)> {
        let servers = self.link.primaries().await?;
        let Some(node) = servers.get(server) else { return Ok((Vec::new(), None)) };
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(format!("{PREFIX}*")).arg("COUNT").arg(n);
        let (next, found): (String, Vec<Vec<u8>>) = link::read(node.send(&command).await.map_err(|e| link::failure(&e))?)?;
        let keys = found.iter().filter_map(|key| std::str::from_utf8(key).ok());
        let names = keys.filter_map(name_of).collect();
        let next = if next == "0" {
            (server + 1 < servers.len()).then(|| Stand::Keys(server + 1, "0".to_owned()))
        } else {
            Some(Stand::Keys(server, next))
        };
        Ok((names, next))
    }

    /// Which processes have the data: a place in `names` means nothing to another one.
    pub(super) async fn do_incarnation(&self) -> Answer<String> {
        let mut runs = Vec::new();
        for (at, answer) in self.link.everywhere(redis::cmd("INFO").arg("server")).await? {
            let text: String = link::read(answer?)?;
            let run = text.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap_or_default().trim().to_owned();
            runs.push(format!("{at} {run}"));
        }
        runs.sort();
        Ok(runs.join(", "))
    }

    /// Instances listen to the hints of every shard.
    pub(super) async fn do_others(&self) -> Answer<u64> {
        let mut command: Cmd = redis::cmd("PUBSUB");
        command.arg("SHARDNUMSUB");
        for shard in 0..keys::SHARDS {
            command.arg(keys::shard("n", shard));
        }
        let mut most = 0;
        for (_, answer) in self.link.everywhere(&command).await? {
            let counts: Vec<Value> = link::read(answer?)?;
            let count = |value: Value| if let Value::Int(n) = value { u64::try_from(n).ok() } else { None };
            most = most.max(counts.into_iter().filter_map(count).max().unwrap_or(0));
        }
        Ok(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Token;
    use crate::store::{Lane, LaneKey};

    #[test]
    fn keys_lead_to_names() {
        let key = ContactKey::derive(b"secret", "+447700900123");
        let own = LaneKey { contact: key, lane: Lane::Own(Token(7).effect(0)) };
        let plain = LaneKey { contact: key, lane: Lane::Contact };
        for (name, expected) in [
            (keys::contact('r', key), Some(Name::Contact(key))),
            (keys::contact('m', key), Some(Name::Mailbox(key))),
            (keys::contact('d', key), Some(Name::Seen(key))),
            (keys::contact('e', key), Some(Name::Seen(key))),
            (keys::contact('k', key), Some(Name::Awaited(key))),
            (keys::contact('p', key), None),
            (keys::lane(plain), Some(Name::Lane(plain))),
            (keys::lane(own), Some(Name::Lane(own))),
            (keys::version(VersionId(7)), Some(Name::Version(VersionId(7)))),
            (keys::shard("a", 3), None),
            (keys::shard("xt", 3), None),
            (keys::held(), None),
            ("rf1:meta".to_owned(), None),
            ("other".to_owned(), None),
        ] {
            assert_eq!(name_of(&name), expected, "{name}");
        }
    }

    #[test]
    fn a_place_is_read_as_written() {
        for text in ["", "list 7", "hash 3 1 123", "keys 0 9223372036854775808"] {
            assert_eq!(Stand::parse(text).expect("readable").write(), text);
        }
        assert!(Stand::parse("nowhere 1").is_err());
    }
}
