//! `replyflow journal export`

use super::arguments::Journal;
use super::{Project, Stop};
use crate::config::Secrets;
use crate::domain::id::ContactKey;
use crate::domain::time::Millis;
use crate::history::{Database, ExportFilter, export};
use std::io::Write as _;

pub(super) fn run(project: &Project, command: &Journal) -> Result<(), Stop> {
    let Journal::Export { since, contact } = command;
    let settings = project.load(Secrets::Tolerated)?;
    let filter =
        ExportFilter { since: since.as_deref().map(moment).transpose()?, contact: contact.as_deref().map(key).transpose()? };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut written = Ok(());
    let each = |entry: crate::history::Exported| {
        written = writeln!(out, "{}", entry.json);
        written.is_ok()
    };
    let exported = super::runtime()?.block_on(async {
        let database = Database::open_beside(&settings.history).await?;
        export(&database, &filter, each).await
    });
    exported.map_err(|e| {
        Stop::with_hint(e, "The journal is copied there while the service runs; see `history` in [store], and [history].")
    })?;
    written?;
    out.flush()?;
    Ok(())
}

fn moment(text: &str) -> Result<Millis, Stop> {
    let read = text.parse::<jiff::Timestamp>().map(|t| Millis(t.as_millisecond()));
    read.map_err(|_| Stop::with_hint(format!("`{text}` is not a moment"), "For example 2026-03-02T10:00:00Z"))
}

fn key(text: &str) -> Result<ContactKey, Stop> {
    let hint = "It is the 22 characters after `contact` in logs and in the journal.";
    ContactKey::parse(text).ok_or_else(|| Stop::with_hint(format!("`{text}` is not a contact's key"), hint))
}
