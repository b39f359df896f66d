//! `replyflow admin backup` and `restore`: the embedded store and the record beside it.

use super::super::arguments::{Backup, Format, Restore};
use super::super::{Project, Stop};
use crate::config::history::HistoryBackend;
use crate::config::store::Backend;
use crate::config::{Secrets, Settings};
use crate::service::backup::{BackupError, Places, back_up, restore};
use crate::service::ports::Clock as _;
use crate::service::runtime::MachineClock;
use serde_json::json;

/// The files of the project's service.
fn places(settings: &Settings) -> Result<Places, Stop> {
    let Backend::Embedded { folder } = &settings.store.backend else {
        let hint =
            "Back it up by its own means: its append-only file or its snapshots (BGSAVE); a record in PostgreSQL with pg_dump.";
        return Err(Stop::Unasked("the store is in Redis".to_owned(), Some(hint.to_owned())));
    };
    let record = match &settings.history.backend {
        HistoryBackend::Sqlite { file, .. } => Some(file.clone()),
        HistoryBackend::Postgres(_) => None,
    };
    Ok(Places { store: folder.clone(), record })
}

fn why(error: BackupError) -> Stop {
    let hint = match &error {
        BackupError::There(_) => "Name a folder that is not there; `restore --replace` sets aside what is.",
        BackupError::Unknown(_) => "Name a folder that `replyflow admin backup` made.",
        BackupError::Halfway(..) => {
            "What was there may have another name already (`.before-…`); nothing of it is lost. When the cause is gone, run it again with `--replace`."
        }
        BackupError::Store(_) | BackupError::Record(_) | BackupError::File(..) => "Nothing was changed.",
    };
    Stop::with_hint(error, hint)
}

pub(super) fn make(project: &Project, asked: &Backup) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let places = places(&settings)?;
    let about = back_up(&places, &asked.folder, MachineClock::default().wall()).map_err(why)?;
    if asked.format == Format::Json {
        let folder = asked.folder.display().to_string();
        println!("{}", json!({ "folder": folder, "at": about.at, "store": about.store, "record": about.record }));
        return Ok(());
    }
    println!("{}: the store as it was at {} ({} bytes)", asked.folder.display(), about.at, about.store);
    match about.record {
        Some(bytes) => println!("The record is there too ({bytes} bytes)."),
        None if places.record.is_some() => println!("There is no record yet."),
        None => println!("The record is in PostgreSQL: back it up with pg_dump, after this."),
    }
    Ok(())
}

pub(super) fn put_back(project: &Project, asked: &Restore) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let places = places(&settings)?;
    let how = (asked.replace, asked.nothing_sent);
    let restored = restore(&places, &asked.folder, MachineClock::default().wall(), how).map_err(why)?;
    let aside: Vec<String> = restored.aside.iter().map(|file| file.display().to_string()).collect();
    if asked.format == Format::Json {
        let (broadcasts, schedules) = (restored.stilled.broadcasts, restored.stilled.schedules);
        let paused = json!({ "broadcasts": broadcasts, "schedules": schedules });
        println!("{}", json!({ "at": restored.about.at, "unsure": restored.unsure, "paused": paused, "set_aside": aside }));
        return Ok(());
    }
    println!("The store is as it was at {}. What happened since is not known.", restored.about.at);
    if restored.unsure > 0 {
        println!(
            "{} effects wait; each may have been sent since, and is treated as one whose answer was lost (`unsure` of its channel).",
            restored.unsure
        );
    }
    if restored.about.record.is_none() {
        println!("The backup has no record: what is there stays.");
    }
    if restored.stilled.broadcasts + restored.stilled.schedules > 0 {
        println!(
            "{} broadcasts and {} schedules are paused: look at each before it goes on.",
            restored.stilled.broadcasts, restored.stilled.schedules
        );
    }
    for file in aside {
        println!("What was there before is {file}.");
    }
    Ok(())
}
