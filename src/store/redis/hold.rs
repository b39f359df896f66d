//! What holds channels and flows back: fields of one hash.

use super::scripts::Script;
use super::{RedisStore, keys};
use crate::store::Answer;
use crate::store::hold::{Held, HoldKey, Judgement, read};
use bytes::Bytes;
use std::collections::HashMap;

impl RedisStore {
    pub(super) async fn do_hold(&self, key: &HoldKey, body: &Bytes) -> Answer<bool> {
        let field = key.field();
        let mut set = redis::cmd("HSETNX");
        let new: bool = self.link.query(set.arg(keys::held()).arg(&field).arg(&body[..])).await?;
        if new {
            return Ok(true);
        }
        // Kept before, perhaps by this very call, whose answer was lost.
        let stands: Option<Vec<u8>> = self.link.query(redis::cmd("HGET").arg(keys::held()).arg(&field)).await?;
        Ok(stands.is_some_and(|stands| stands == body[..]))
    }

    pub(super) async fn do_judge(&self, said: &Judgement) -> Answer<bool> {
        let mut call = self.link.script(Script::Judge, &[keys::held()]);
        call.text(said.key.field()).text(said.key.mark()).text(said.mark());
        call.flag(said.body.is_some()).bytes(said.body.as_deref().unwrap_or_default());
        Ok(self.link.call(&call).await?.int()? == 1)
    }

    pub(super) async fn do_unhold(&self, key: &HoldKey) -> Answer<bool> {
        let mut call = self.link.script(Script::Unhold, &[keys::held()]);
        call.text(key.field()).text(key.mark());
        Ok(self.link.call(&call).await?.int()? == 1)
    }

    pub(super) async fn do_holds(&self) -> Answer<Vec<Held>> {
        let found: HashMap<String, Vec<u8>> = self.link.query(redis::cmd("HGETALL").arg(keys::held())).await?;
        read(found)
    }
}
