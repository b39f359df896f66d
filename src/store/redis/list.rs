//! The suppression list: a hash of bodies, a sorted set of addresses by the number of their last change, and the mark. All of it on one slot, because
//! it is read in its order and changed seldom.

use super::scripts::Script;
use super::{RedisStore, keys};
use crate::domain::id::ContactKey;
use crate::domain::limits;
use crate::store::{Answer, ListChange, ListChanged, ListItem, ListMark, StoreError};
use bytes::Bytes;

fn body(bytes: Vec<u8>) -> Option<Bytes> {
    (!bytes.is_empty()).then(|| Bytes::from(bytes))
}

fn address(text: &str) -> Answer<ContactKey> {
    ContactKey::parse(text).ok_or_else(|| StoreError::Bug("the suppression list holds no address".to_owned()))
}

impl RedisStore {
    pub(super) async fn do_list_change(&self, change: &ListChange) -> Answer<ListChanged> {
        let of = [keys::list("entries"), keys::list("order"), keys::list("mark")];
        let bytes = |body: &Option<Bytes>| body.clone().unwrap_or_default();
        let mut call = self.link.script(Script::List, &of);
        call.text(change.address).bytes(bytes(&change.was)).bytes(bytes(&change.now)).text(limits::SUPPRESSIONS);
        call.text(rand::random::<u32>());
        let mut answer = self.link.call(&call).await?;
        match answer.text()?.as_str() {
            "ok" => Ok(ListChanged::Ok),
            "full" => Ok(ListChanged::Full),
            "other" => Ok(ListChanged::Other(body(answer.bytes()?))),
            word => Err(StoreError::Bug(format!("list answers `{word}`"))),
        }
    }

    pub(super) async fn do_list_find(&self, address: ContactKey) -> Answer<Option<Bytes>> {
        let found: Option<Vec<u8>> = self.link.query(redis::cmd("HGET").arg(keys::list("entries")).arg(address.as_str())).await?;
        Ok(found.and_then(body))
    }

    pub(super) async fn do_list_page(&self, before: Option<u64>, n: usize) -> Answer<Vec<ListItem>> {
        let below = before.map_or("+inf".to_owned(), |before| format!("({before}"));
        let mut command = redis::cmd("ZREVRANGEBYSCORE");
        command.arg(keys::list("order")).arg(below).arg("-inf").arg("WITHSCORES").arg("LIMIT").arg(0).arg(n);
        let found: Vec<(String, u64)> = self.link.query(&command).await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd("HMGET");
        command.arg(keys::list("entries"));
        found.iter().for_each(|(address, _)| {
            command.arg(address);
        });
        let bodies: Vec<Option<Vec<u8>>> = self.link.query(&command).await?;
        let mut out = Vec::with_capacity(found.len());
        for ((text, number), bytes) in found.into_iter().zip(bodies) {
            // What was taken off in between is not there.
            if let Some(body) = bytes.and_then(body) {
                out.push(ListItem { number, address: address(&text)?, body });
            }
        }
        Ok(out)
    }

    pub(super) async fn do_list_after(&self, after: u64, n: usize) -> Answer<Vec<(u64, ContactKey)>> {
        let mut command = redis::cmd("ZRANGEBYSCORE");
        command.arg(keys::list("order")).arg(format!("({after}")).arg("+inf").arg("WITHSCORES").arg("LIMIT").arg(0).arg(n);
        let found: Vec<(String, u64)> = self.link.query(&command).await?;
        found.into_iter().map(|(text, number)| Ok((number, address(&text)?))).collect()
    }

    pub(super) async fn do_list_mark(&self) -> Answer<ListMark> {
        let command = redis::cmd("HMGET").arg(keys::list("mark")).arg("number").arg("bits").to_owned();
        let (number, bits): (Option<u64>, Option<u32>) = self.link.query(&command).await?;
        Ok(ListMark { number: number.unwrap_or(0), bits: bits.unwrap_or(0) })
    }
}
