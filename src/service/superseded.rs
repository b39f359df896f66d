//! Runs that a publication ends. Each ends in a turn of its contact, so each contact gets an input; who has such runs is known by the record of runs.
//! Asked again and again until the record knows none any more: whoever dies in between leaves the rest to the next look, on any instance.

use super::core::Core;
use crate::domain::id::ContactKey;
use crate::domain::input::OperatorAction;
use crate::domain::name::Slug;
use crate::domain::publication::OldRuns;
use crate::domain::time::Span;
use crate::history::{Cell, Database, HistoryError};
use crate::store::StoreError;
use std::sync::Arc;

/// Runs that are looked at in one query.
const PAGE: usize = 500;
/// An input that changed nothing, because an instance did not know of the publication yet, is put again after so long.
const AGAIN: Span = Span::minutes(10);

/// Why not all could be told.
#[derive(Debug, thiserror::Error)]
pub enum NotEnded {
    /// The record of runs does not answer.
    #[error(transparent)]
    Record(#[from] HistoryError),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Core {
    /// Has the runs end that the present publications end; says how many the record still knows.
    pub async fn end_superseded(self: &Arc<Self>, record: &Database) -> Result<usize, NotEnded> {
        let catalog = self.versions().catalog();
        let mut found = 0;
        for standing in catalog.standings().iter().filter(|standing| standing.runs == OldRuns::End) {
            let Some(flow) = catalog.version(standing.whole) else { continue };
            let trial = standing.trial.map_or(standing.whole, |trial| trial.version);
            // Of a flow that begins no more runs none lives on.
            let live = if standing.retired { Default::default() } else { [standing.whole, trial].map(|id| id.to_string()) };
            for name in [&flow.name].into_iter().chain(&flow.was) {
                let Some(runs) = self.end_runs_of(record, name, live.clone()).await? else { return Ok(found) };
                found += runs;
            }
        }
        Ok(found)
    }

    /// Nothing if something else was published in between.
    async fn end_runs_of(self: &Arc<Self>, record: &Database, flow: &Slug, live: [String; 2]) -> Result<Option<usize>, NotEnded> {
        const SQL: &str = "SELECT contact, id FROM run WHERE flow = $1 AND ended_at IS NULL AND version <> $2 AND version <> $3 \
                           AND (contact, id) > ($4, $5) ORDER BY contact, id LIMIT $6";
        let (mut contact, mut run, mut found) = (String::new(), String::new(), 0);
        let try_of = self.store_now().0 / AGAIN.0;
        loop {
            let params: [Cell; 6] = [
                flow.as_str().into(),
                live[0].as_str().into(),
                live[1].as_str().into(),
                contact.as_str().into(),
                run.as_str().into(),
                PAGE.into(),
            ];
            // Somebody may have said otherwise meanwhile.
            if self.follow_publications().await? {
                return Ok(None);
            }
            let rows = record.read(SQL, &params).await?;
            for row in &rows {
                (contact, run) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
                let Some(key) = ContactKey::parse(&contact) else { continue };
                let id = format!("published/{flow}/{}/{run}/{try_of}", live[0]);
                match self.operate(key, OperatorAction::Published { flow: flow.clone() }, &id).await {
                    // Nobody waits for one contact to whom nothing more can be given.
                    Ok(_) | Err(StoreError::Full(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            found += rows.len();
            if rows.len() < PAGE {
                return Ok(Some(found));
            }
        }
    }
}
