//! `replyflow test-data delete`: on the store itself, also beside a running service.

use super::arguments::{Format, TestData, TestDataDelete};
use super::leaving::{WHO, opened};
use super::{Project, Stop};
use crate::app::open_files;
use crate::domain::mode::Mode;
use crate::domain::time::Millis;
use crate::history::Database;
use crate::history::audit::{self, Act};
use crate::service::forget::Eraser;
use crate::service::runtime::MachineClock;
use crate::service::trials::clear;
use serde_json::json;
use std::time::Duration;

/// As long as it takes.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);

pub(super) fn run(project: &Project, command: &TestData) -> Result<(), Stop> {
    let TestData::Delete(asked) = command;
    super::runtime()?.block_on(delete(project, asked))
}

async fn delete(project: &Project, asked: &TestDataDelete) -> Result<(), Stop> {
    let (settings, store) = opened(project).await?;
    let record = Database::open(&settings.history).await.map_err(Stop::failed)?;
    let by = asked.by.as_deref().unwrap_or(WHO).to_owned();
    let at = Millis(jiff::Timestamp::now().as_millisecond());
    let (action, detail) = ("test_data.delete".to_owned(), json!({}));
    let act = Act { at, who: by.clone(), key: None, mode: Mode::Test, action, target: None, detail, request: None };
    // What cannot be written down is not done.
    record.write(vec![audit::insert(&act, rand::random())]).await.map_err(Stop::failed)?;
    let clock = MachineClock::default();
    let files = open_files(&settings).map_err(Stop::failed)?;
    let eraser = Eraser { store: &*store, clock: &clock, media: Some(&*files), forgets_stops: true, suppresses: false };
    let cleared = clear(&eraser, &record, &by, PATIENCE).await.map_err(Stop::failed)?;
    match asked.format {
        Format::Json => println!("{}", json!(cleared)),
        Format::Text => println!("{} test contacts were deleted.", cleared.contacts),
    }
    match cleared.left {
        0 => Ok(()),
        left => Err(Stop::with_hint(
            format!("{left} contacts and broadcasts are still in the history"),
            "The service takes them out while it runs; ask again in a moment.",
        )),
    }
}
