//! Publications of flows. Each is `NUMBER VERSION BODY`, in the list of its name and, the last one, in the hash `said`.

use super::scripts::Script;
use super::{RedisStore, keys};
use crate::domain::id::VersionId;
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::store::transfer::Mark;
use crate::store::{Answer, Current, Kept, Publish, Published, StoreError};
use bytes::Bytes;
use std::collections::HashMap;

fn bug(what: &str) -> StoreError {
    StoreError::Bug(format!("Redis holds something unreadable: {what}"))
}

pub(super) fn log(name: &Slug) -> String {
    keys::beside_current(&format!("log:{name}"))
}

/// Number, version and body.
pub(super) fn read(entry: &[u8]) -> Answer<(u64, VersionId, Bytes)> {
    let mut parts = entry.splitn(3, |byte| *byte == b' ');
    let mut text = || parts.next().and_then(|part| std::str::from_utf8(part).ok());
    let number = text().and_then(|part| part.parse().ok());
    let version = text().and_then(VersionId::parse);
    match (number, version, parts.next()) {
        (Some(number), Some(version), Some(body)) => Ok((number, version, Bytes::copy_from_slice(body))),
        _ => Err(bug("a publication")),
    }
}

/// Fields with their values.
fn pairs(flat: Vec<Vec<u8>>) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let mut items = flat.into_iter();
    std::iter::from_fn(move || Some((items.next()?, items.next()?)))
}

impl RedisStore {
    pub(super) async fn do_publish(&self, publish: &Publish) -> Answer<Published> {
        let Publish { name, version, base, body } = publish;
        let of = [keys::current(), keys::beside_current("said"), log(name), keys::beside_current("mark")];
        let mut call = self.link.script(Script::Publish, &of);
        call.text(name).text(version).text(base).bytes(body).text(limits::PUBLICATIONS);
        let mut answer = self.link.call(&call).await?;
        let word = answer.text()?;
        let number = u64::try_from(answer.int()?).unwrap_or(0);
        match word.as_str() {
            "ok" => Ok(Published::Ok(number)),
            "stale" => Ok(Published::Stale(number)),
            word => Err(StoreError::Bug(format!("publish answers `{word}`"))),
        }
    }

    pub(super) async fn do_current(&self) -> Answer<Vec<Current>> {
        let call = self.link.script(Script::Current, &[keys::current(), keys::beside_current("said")]);
        let mut answer = self.link.call(&call).await?;
        let versions = pairs(answer.list()?);
        let said: HashMap<Vec<u8>, Vec<u8>> = pairs(answer.list()?).collect();
        let mut out = Vec::with_capacity(said.len());
        for (name, version) in versions {
            let parse = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
            let last = said.get(&name).map(|entry| read(entry)).transpose()?;
            let name = parse(&name).and_then(|name| Slug::parse(&name).ok()).ok_or_else(|| bug("a flow's name"))?;
            let version = parse(&version).and_then(|id| VersionId::parse(&id)).ok_or_else(|| bug("a current version"))?;
            let (number, body) = match last {
                Some((number, id, body)) if id == version => (number, body),
                // A release that does not know publications published after it.
                Some((number, ..)) => (number, Bytes::new()),
                None => (0, Bytes::new()),
            };
            out.push(Current { name, version, number, body });
        }
        out.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(out)
    }

    pub(super) async fn do_publications(&self, name: &Slug, before: Option<u64>, n: usize) -> Answer<Vec<Kept>> {
        let all: Vec<Vec<u8>> = self.link.query(redis::cmd("LRANGE").arg(log(name)).arg(0).arg(-1)).await?;
        let kept = all.iter().rev().map(|entry| read(entry).map(|(number, _, body)| Kept { number, body }));
        let earlier = |kept: &Answer<Kept>| kept.as_ref().map_or(true, |kept| before.is_none_or(|before| kept.number < before));
        kept.filter(earlier).take(n).collect()
    }

    pub(super) async fn do_published(&self) -> Answer<u64> {
        let mut command = redis::cmd("MGET");
        command.arg(keys::beside_current("mark")).arg(keys::marked(Mark::Left)).arg(keys::marked(Mark::Arriving));
        let (mark, left, arriving): (Option<u64>, Option<Vec<u8>>, Option<Vec<u8>>) = self.link.query(&command).await?;
        // Asked for again and again: so an instance that was forgotten, or began a moment before the mark, hears of it.
        match (left, arriving) {
            (Some(_), _) => Err(Mark::Left.refusal()),
            (None, Some(_)) => Err(Mark::Arriving.refusal()),
            (None, None) => Ok(mark.unwrap_or(0)),
        }
    }
}
