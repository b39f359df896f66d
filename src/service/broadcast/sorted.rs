//! Who of a piece gets it: who is there, under which key by now, and had nothing of it before.

use super::{Halt, Work};
use crate::domain::broadcast::{BroadcastId, Reentry, Refusal};
use crate::domain::broadcast_plan::{Contents, Lot, Plan, What};
use crate::domain::id::ContactKey;
use crate::domain::mode::Mode;
use crate::domain::name::Slug;
use crate::domain::time::Millis;
use crate::history::broadcasts::pieces::{Found, Piece};
use crate::history::broadcasts::{Broadcast, members, pieces};
use crate::history::{Database, HistoryError};
use crate::service::core::Core;
use crate::store::StoreError;
use futures_util::stream::{self, StreamExt as _};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Contacts that are asked for in the store at one time.
const SIDE_BY_SIDE: usize = 16;

/// Who of a piece gets it, and who does not.
pub(super) struct Sorted<'b> {
    /// Who, and in which arm.
    pub gets: Vec<(ContactKey, Option<&'b Slug>)>,
    /// Who is passed over, why, and more about that.
    pub skipped: Vec<(ContactKey, Refusal, Option<&'static str>)>,
    /// Who has it already.
    pub had: usize,
    /// Who is not there any more.
    pub gone: usize,
}

/// The names under which the record knows what a plan sends: a flow's former ones too.
pub type Names = HashMap<What, Vec<Slug>>;

impl Core {
    /// The names under which the record knows what is sent.
    pub(super) fn called(&self, contents: &Contents) -> Names {
        let catalog = self.versions().catalog();
        let names = |what: &What| {
            let mut names = vec![what.name().clone()];
            if let What::Flow(name) = what
                && let Some(flow) = catalog.current(name.as_str())
            {
                names.extend([&flow.name].into_iter().chain(&flow.was).filter(|other| *other != name).cloned());
            }
            names
        };
        contents.all().map(|(_, content)| (content.what.clone(), names(&content.what))).collect()
    }

    /// The same contacts as the store knows them: under the key of whom they became part of, and with the time zone that they have now. Who is not there
    /// stays as they were named.
    pub(super) async fn as_known(self: &Arc<Self>, page: Vec<Found>) -> Result<Vec<Found>, StoreError> {
        let mut work = Vec::with_capacity(page.len());
        for found in page {
            work.push(async move {
                match self.contact(found.contact).await {
                    Ok(Some(known)) => Ok(Found { contact: known.key, timezone: known.record.timezone }),
                    Ok(None) => Ok(found),
                    Err(error) if error.is_temporary() => Err(error),
                    Err(error) => {
                        tracing::error!(contact = %found.contact, %error, "a contact of a broadcast cannot be read");
                        Ok(found)
                    }
                }
            });
        }
        let known: Vec<Result<Found, StoreError>> = stream::iter(work).buffered(SIDE_BY_SIDE).collect().await;
        known.into_iter().collect()
    }
}

impl Work {
    /// Who of a piece gets it.
    pub(super) async fn sorted<'b>(&self, broadcast: &'b Broadcast, names: &Names, piece: &Piece) -> Result<Sorted<'b>, Halt> {
        let plan = &broadcast.plan;
        let there = self.there(broadcast.mode, &piece.contacts).await?;
        let mut sorted = Sorted { gets: Vec::with_capacity(piece.contacts.len()), skipped: Vec::new(), had: 0, gone: 0 };
        let (mut contacts, mut known) = (Vec::with_capacity(piece.contacts.len()), HashSet::new());
        for contact in &piece.contacts {
            match there.get(contact) {
                Some(contact) if known.insert(*contact) => contacts.push(*contact),
                // Two who were named are one person by now, who gets it once.
                Some(_) => sorted.had += 1,
                None => sorted.gone += 1,
            }
        }
        // Mailboxes may have forgotten what was begun some time ago, and an older release named it otherwise there.
        let had = match piece.begun_at {
            Some(_) if !contacts.is_empty() => members::had(&self.record, self.id, &contacts).await?,
            _ => HashSet::new(),
        };
        let been = been(&self.record, (plan, names), &contacts, self.core.store_now(), Some(self.id)).await?;
        for contact in contacts {
            if had.contains(&contact) {
                sorted.had += 1;
                continue;
            }
            match plan.lot(self.id, contact) {
                Lot::Holdout => sorted.skipped.push((contact, Refusal::Holdout, None)),
                Lot::Gets { content, .. } if been.get(&content.what).is_some_and(|been| been.contains(&contact)) => {
                    sorted.skipped.push((contact, Refusal::BeenBefore, None));
                }
                Lot::Gets { arm, .. } => sorted.gets.push((contact, arm)),
            }
        }
        Ok(sorted)
    }

    /// Which of these are there, and under which key: a contact that was deleted is not brought back by a broadcast. Whom the record does not know yet, or
    /// not under this key, the store may.
    async fn there(&self, mode: Mode, contacts: &[ContactKey]) -> Result<HashMap<ContactKey, ContactKey>, Halt> {
        let known = pieces::known(&self.record, mode, contacts).await?;
        let mut work = Vec::new();
        for contact in contacts.iter().filter(|contact| !known.contains(contact)).copied() {
            work.push(async move {
                match self.core.contact(contact).await {
                    Ok(Some(found)) if found.record.mode() == mode => Ok(Some((contact, found.key))),
                    Ok(_) => Ok(None),
                    Err(error) if error.is_temporary() => Err(Halt::Trouble(error.to_string())),
                    // It is handed over all the same: whoever can read it may be another instance.
                    Err(error) => {
                        tracing::error!(%contact, %error, "a contact of a broadcast cannot be read");
                        Ok(Some((contact, contact)))
                    }
                }
            });
        }
        let found: Vec<Result<_, Halt>> = stream::iter(work).buffer_unordered(SIDE_BY_SIDE).collect().await;
        let mut there: HashMap<ContactKey, ContactKey> = known.iter().map(|contact| (*contact, *contact)).collect();
        for one in found {
            there.extend(one?);
        }
        Ok(there)
    }
}

/// Who had each of a plan's contents before, by another way than this broadcast.
pub(super) async fn been<'p>(
    record: &Database,
    (plan, names): (&'p Plan, &Names),
    contacts: &[ContactKey],
    now: Millis,
    but: Option<BroadcastId>,
) -> Result<HashMap<&'p What, HashSet<ContactKey>>, HistoryError> {
    let since = match plan.again {
        Reentry::Always => return Ok(HashMap::new()),
        Reentry::Never => Millis(0),
        Reentry::After(span) => now - span,
    };
    let mut all = HashMap::new();
    if contacts.is_empty() {
        return Ok(all);
    }
    for (_, content) in plan.contents.all() {
        if !all.contains_key(&content.what) {
            let called = names.get(&content.what).map_or(&[][..], Vec::as_slice);
            let called = if called.is_empty() { std::slice::from_ref(content.what.name()) } else { called };
            all.insert(&content.what, members::been(record, (&content.what, called), contacts, since, but).await?);
        }
    }
    Ok(all)
}
