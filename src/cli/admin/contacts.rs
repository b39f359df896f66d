//! `replyflow admin contacts`: in which states contacts are, and who is in one of them. From the record, beside a running service.

use super::super::arguments::{ByState, Format};
use super::super::{Project, Stop, runtime, style};
use crate::config::Secrets;
use crate::domain::mode::Mode;
use crate::domain::value::rfc3339;
use crate::history::read::{RunFilter, RunShown, StateCount, StateFilter, runs, states};
use crate::history::{Database, HistoryError};
use serde_json::json;
use std::io::Write as _;

/// Rows that are read at one time.
const PART: usize = 500;

pub(super) fn run(project: &Project, asked: &ByState) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    runtime()?.block_on(async {
        let hint = "`replyflow serve` writes the record that is read here.";
        let unread = |HistoryError(error)| Stop::with_hint(error, hint);
        let record = Database::open_beside(&settings.history).await.map_err(unread)?;
        let mode = if asked.test { Mode::Test } else { Mode::Live };
        match &asked.state {
            None => counts(&record, asked, mode).await,
            Some(state) => people(&record, asked, mode, state).await,
        }
    })
}

async fn counts(record: &Database, asked: &ByState, mode: Mode) -> Result<(), Stop> {
    let (filter, mut after, mut none) = (StateFilter { mode, flow: asked.flow.clone() }, None, true);
    let mut out = std::io::stdout().lock();
    loop {
        let part = states(record, &filter, after.as_ref(), PART).await.map_err(|HistoryError(error)| Stop::failed(error))?;
        for StateCount { flow, state, runs } in &part {
            none = false;
            match asked.format {
                Format::Json => writeln!(out, "{}", json!({ "flow": flow, "state": state, "runs": runs }))?,
                Format::Text => writeln!(out, "{runs:>9}  {} {state}", style().paint("1", flow))?,
            }
        }
        match part.last() {
            Some(last) if part.len() == PART => after = Some(last.place()),
            _ => break,
        }
    }
    if none && asked.format == Format::Text {
        writeln!(out, "No run is live.")?;
    }
    Ok(())
}

async fn people(record: &Database, asked: &ByState, mode: Mode, state: &str) -> Result<(), Stop> {
    let (flow, state) = (asked.flow.clone(), Some(state.to_owned()));
    let filter = RunFilter { mode, flow, state, open: Some(true), ..RunFilter::default() };
    let (mut after, mut none) = (None, true);
    let mut out = std::io::stdout().lock();
    loop {
        let part = runs(record, &filter, after.as_ref(), PART).await.map_err(|HistoryError(error)| Stop::failed(error))?;
        for RunShown { contact, id, state_since, waits, .. } in &part {
            none = false;
            let (since, waits) = (state_since.map(rfc3339), waits.as_deref());
            match asked.format {
                Format::Json => {
                    writeln!(out, "{}", json!({ "contact": contact, "run": id, "since": since, "waits": waits }))?;
                }
                Format::Text => {
                    let waits = waits.map(|what| format!(", waits for a {what}")).unwrap_or_default();
                    writeln!(out, "{contact}  run {id}, since {}{waits}", since.as_deref().unwrap_or("an unknown time"))?;
                }
            }
        }
        match part.last() {
            Some(last) if part.len() == PART => after = Some(last.place()),
            _ => break,
        }
    }
    if none && asked.format == Format::Text {
        writeln!(out, "Nobody is in this state.")?;
    }
    Ok(())
}
