//! Publishing by a call: a version for all new runs or for a share of them, the version before, or none any more. One publication at a time: it
//! says on which one it builds, and whoever was slower than somebody else is told so and changes nothing.

use super::published::{Stands, read_standings, said};
use crate::domain::id::VersionId;
use crate::domain::name::Slug;
use crate::domain::publication::{How, OldRuns, Publication, Share, Trial};
use crate::flow::version::Version;
use crate::store::{Answer, Publish, Published, Store, StoreError};
use bytes::Bytes;

/// Publications that are looked at for the version before.
const LOOKED: usize = crate::domain::limits::PUBLICATIONS;

/// What is to become of a flow.
#[derive(Debug, Clone, Copy)]
pub enum Wish<'a> {
    /// New runs begin on this version, or a share of them.
    Version(&'a Version, Option<Share>),
    /// A share is taken back; without one, new runs begin on the version before, or on this one, which was published once.
    Back(Option<VersionId>),
    /// No run begins any more.
    Retire,
}

/// Who wants it, why, and what becomes of the runs on other versions.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// Who.
    pub by: String,
    /// Why.
    pub note: Option<String>,
    /// What becomes of live runs on other versions.
    pub runs: OldRuns,
    /// The publication that was looked at before: if another came in between, nothing is published.
    pub base: Option<u64>,
}

/// What was published.
#[derive(Debug, Clone)]
pub struct Released {
    /// Its number.
    pub number: u64,
    /// What it says.
    pub said: Publication,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else was faster.
    #[error("`{flow}` was published by somebody else in between (publication {number}); look at the difference again")]
    Overtaken {
        /// The flow.
        flow: Slug,
        /// The number of the last publication.
        number: u64,
    },
    /// It runs so already.
    #[error("`{0}` runs like that already")]
    Same(Slug),
    /// Nobody ever published it.
    #[error("`{0}` was never published")]
    Unknown(Slug),
    /// A share needs a version that the other runs begin on.
    #[error("`{0}` was never published; a share of its runs needs a version for all others")]
    NoWhole(Slug),
    /// A share leaves live runs where they are.
    #[error("with a share live runs stay on their version; say what becomes of them when all runs begin on the new one")]
    ShareStays,
    /// A flow that begins no more runs has no version for others to go over to.
    #[error("a flow that begins no more runs has nothing for its live runs to move to; let them stay or end")]
    NowhereToMove,
    /// No other version was published before.
    #[error("`{0}` has no version before the one that runs")]
    NothingBefore(Slug),
    /// The version was never published.
    #[error("the version {1} of `{0}` was never published")]
    NeverPublished(Slug, VersionId),
}

/// How a flow would stand after a wish.
pub async fn plan(store: &dyn Store, flow: &Slug, wish: Wish<'_>, order: &Order) -> Result<(u64, Publication), Refused> {
    let stands = read_standings(store).await?.remove(flow);
    let number = stands.as_ref().map_or(0, |stands| stands.number);
    if order.base.is_some_and(|base| base != number) {
        return Err(Refused::Overtaken { flow: flow.clone(), number });
    }
    let at = store.now().await?;
    let folder = stands.as_ref().and_then(|stands| stands.said.folder);
    let (by, note) = (order.by.clone(), order.note.clone());
    let plain = |whole| Publication {
        whole,
        trial: None,
        runs: order.runs,
        how: How::Call,
        at,
        by: by.clone(),
        note: note.clone(),
        folder,
        retired: false,
    };
    let said = match (wish, &stands) {
        (Wish::Version(version, None), _) => plain(version.id()),
        (Wish::Version(_, Some(_)), None) => return Err(Refused::NoWhole(flow.clone())),
        (Wish::Version(version, Some(share)), Some(stands)) => {
            if order.runs != OldRuns::Stay {
                return Err(Refused::ShareStays);
            }
            let (whole, version) = (stands.said.whole, version.id());
            if whole == version {
                return Err(Refused::Same(flow.clone()));
            }
            // What was said of other runs was not said of those of another share.
            let same = stands.said.trial.is_none_or(|trial| trial.version == version);
            let runs = if same { stands.said.runs } else { OldRuns::Stay };
            Publication { trial: Some(Trial { version, share }), runs, ..plain(whole) }
        }
        (Wish::Back(_) | Wish::Retire, None) => return Err(Refused::Unknown(flow.clone())),
        (Wish::Back(to), Some(stands)) => {
            let whole = back(store, flow, stands, to).await?;
            Publication { how: How::Rollback, ..plain(whole) }
        }
        (Wish::Retire, Some(_)) if order.runs == OldRuns::Move => return Err(Refused::NowhereToMove),
        (Wish::Retire, Some(stands)) => Publication { retired: true, ..plain(stands.said.whole) },
    };
    let same = |stands: &Stands| {
        let before = &stands.said;
        // What becomes of other runs can be ordered also when the version itself is as it was.
        (before.whole, before.trial, before.retired) == (said.whole, said.trial, said.retired) && before.runs == said.runs
    };
    if stands.as_ref().is_some_and(same) {
        return Err(Refused::Same(flow.clone()));
    }
    Ok((number, said))
}

/// Publishes as it was planned.
pub async fn release(store: &dyn Store, flow: &Slug, wish: Wish<'_>, order: &Order) -> Result<Released, Refused> {
    let (base, said) = plan(store, flow, wish, order).await?;
    if let Wish::Version(version, _) = wish {
        // The content before the name: whoever sees the name finds the content.
        store.put_version(version.id(), Bytes::from(version.encode())).await?;
    }
    let publish = Publish { name: flow.clone(), version: said.whole, base, body: Bytes::from(said.encode()) };
    match store.publish(publish).await? {
        Published::Ok(number) => {
            tracing::info!(%flow, number, version = %said.version(), "a flow was published");
            Ok(Released { number, said })
        }
        Published::Stale(number) => Err(Refused::Overtaken { flow: flow.clone(), number }),
    }
}

/// The version to go back to.
async fn back(store: &dyn Store, flow: &Slug, stands: &Stands, to: Option<VersionId>) -> Result<VersionId, Refused> {
    let now = &stands.said;
    // A share, or that it begins no more runs, is taken back before a version is.
    if to.is_none() && (now.trial.is_some() || now.retired) {
        return Ok(now.whole);
    }
    let log: Vec<Publication> = history(store, flow, None, LOOKED).await?.into_iter().rev().map(|(_, said)| said).collect();
    match to {
        Some(id) if id == now.whole || log.iter().any(|said| said.whole == id || said.version() == id) => Ok(id),
        Some(id) => Err(Refused::NeverPublished(flow.clone(), id)),
        None => before(&log).ok_or_else(|| Refused::NothingBefore(flow.clone())),
    }
}

/// The version before the last one of this log, the oldest first. What was taken back once is not gone forward to.
fn before(log: &[Publication]) -> Option<VersionId> {
    let mut stack: Vec<VersionId> = Vec::new();
    for said in log {
        match stack.iter().rposition(|id| *id == said.whole) {
            Some(place) if said.how == How::Rollback => stack.truncate(place + 1),
            _ if stack.last() == Some(&said.whole) => {}
            _ => stack.push(said.whole),
        }
    }
    stack.pop()?;
    stack.pop()
}

/// Publications of a flow that were made before this number, the newest first, with their numbers.
pub async fn history(store: &dyn Store, flow: &Slug, before: Option<u64>, n: usize) -> Answer<Vec<(u64, Publication)>> {
    let kept = store.publications(flow, before, n).await?;
    Ok(kept.into_iter().filter_map(|kept| Some((kept.number, said(flow, kept.number, &kept.body)?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_before_is_the_one_under_the_last_and_not_what_was_taken_back() {
        let said = |(how, id): &(How, u64)| Publication { how: *how, ..Publication::unknown(VersionId(*id)) };
        let of = |log: &[(How, u64)]| before(&log.iter().map(said).collect::<Vec<_>>()).map(|id| id.0);
        use How::{Call, Folder, Rollback};
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(Call, 1)]), None);
        assert_eq!(of(&[(Folder, 1), (Call, 2)]), Some(1));
        // A share leaves the whole version as it was.
        assert_eq!(of(&[(Call, 1), (Call, 2), (Call, 2)]), Some(1));
        assert_eq!(of(&[(Call, 1), (Call, 2), (Call, 3), (Rollback, 2)]), Some(1));
        assert_eq!(of(&[(Call, 1), (Call, 2), (Rollback, 1)]), None);
        assert_eq!(of(&[(Call, 1), (Call, 2), (Rollback, 1), (Call, 3)]), Some(1));
        // The same content again is a version of its own in this order.
        assert_eq!(of(&[(Call, 1), (Call, 2), (Call, 1)]), Some(2));
        // Gone back to by name to one that the log no longer has.
        assert_eq!(of(&[(Call, 2), (Rollback, 1)]), Some(2));
    }
}
