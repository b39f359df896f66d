//! `replyflow failed list|retry|drop`: on the store itself, also beside a running service.

use super::arguments::{Failed, Format, Which};
use super::replay::mask;
use super::{Project, Stop, style};
use crate::app::{Access, open_store};
use crate::config::Secrets;
use crate::domain::time::{Millis, Span};
use crate::domain::value::rfc3339;
use crate::history::{Database, ExportFilter, export};
use crate::service::failed::{self, Act, Walk};
use crate::store::{FailedKey, Store};
use serde_json::json;

pub(super) fn run(project: &Project, command: &Failed) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    super::runtime()?.block_on(async {
        let store = open_store(&settings.store, Access::Beside).await.map_err(Stop::failed)?;
        store.meta().await.map_err(Stop::failed)?;
        match command {
            Failed::List { format } => {
                let history = Database::open_beside(&settings.history).await.ok();
                list(&*store, history.as_ref(), *format).await
            }
            Failed::Retry(which) => act(&*store, which, Act::Retry, "will be done again").await,
            Failed::Drop(which) => act(&*store, which, Act::Drop, "forgotten").await,
        }
    })
}

/// Everything that failed.
async fn all(store: &dyn Store) -> Result<Vec<failed::Failed>, Stop> {
    let (mut walk, mut all) = (Walk::from(Millis(0)), Vec::new());
    while let Some(part) = walk.next(store).await.map_err(Stop::failed)? {
        all.extend(part);
    }
    Ok(all)
}

async fn list(store: &dyn Store, history: Option<&Database>, format: Format) -> Result<(), Stop> {
    let all = all(store).await?;
    let mut why: Vec<Option<String>> = Vec::with_capacity(all.len());
    for item in &all {
        why.push(match history {
            Some(history) => reason(history, item).await,
            None => None,
        });
    }
    if format == Format::Json {
        let line = |(item, why): (&failed::Failed, &Option<String>)| {
            let at = rfc3339(item.at);
            json!({ "id": item.id, "at": at, "kind": item.kind, "about": item.about, "attempts": item.attempts, "reason": why })
        };
        println!("{}", json!({ "failed": all.iter().zip(&why).map(line).collect::<Vec<_>>() }));
        return Ok(());
    }
    for (item, why) in all.iter().zip(&why) {
        let attempts = match item.attempts {
            0 => String::new(),
            1 => ", 1 attempt".to_owned(),
            n => format!(", {n} attempts"),
        };
        println!("{}  {}  {}: {}{attempts}", style().paint("1", &item.id), rfc3339(item.at), item.kind, item.about);
        if let Some(why) = why {
            println!("    {why}");
        }
    }
    if all.is_empty() {
        println!("Nothing has failed.");
    }
    Ok(())
}

/// Why it failed, as the journal says it. Nothing if the journal was not copied to history yet, or is no longer kept.
async fn reason(history: &Database, item: &failed::Failed) -> Option<String> {
    let (contact, name) = match item.key {
        FailedKey::Effect(contact, effect) => (contact, effect.to_string()),
        FailedKey::Input(contact, input) => (contact, input.to_string()),
    };
    let filter = ExportFilter { since: Some(item.at - Span::minutes(1)), contact: Some(contact) };
    let mut found = None;
    let looked = export(history, &filter, |entry| {
        for event in entry.json["events"].as_array().into_iter().flatten() {
            let (attempted, aside) = (&event["attempted"], &event["set_aside"]);
            if attempted["effect"] == name.as_str() {
                let reason = attempted["outcome"]["failed"]["reason"].as_str().or(attempted["outcome"].as_str());
                let parts = [reason, attempted["detail"].as_str()];
                found = Some(parts.into_iter().flatten().collect::<Vec<_>>().join(": "));
            } else if aside["input"] == name.as_str() {
                found = aside["reason"].as_str().map(str::to_owned);
            }
        }
        true
    })
    .await;
    // A server's words may name whom it refuses.
    looked.ok().and(found).map(|words: String| mask::addresses(&mask::masked(&words)).into_owned())
}

async fn act(store: &dyn Store, which: &Which, act: Act, what: &str) -> Result<(), Stop> {
    let mut ids = which.ids.clone();
    if which.all {
        ids = all(store).await?.into_iter().map(|item| item.id).collect();
    }
    let (mut done, mut gone) = (0, 0);
    for id in &ids {
        let there = match failed::parse_id(id) {
            Some(key) => failed::act(store, key, act).await.map_err(Stop::failed)?,
            None => false,
        };
        if there {
            done += 1;
        } else {
            gone += 1;
            eprintln!("replyflow: {id} is not among what failed");
        }
    }
    println!("{done} {what}");
    if gone == 0 { Ok(()) } else { Err(Stop::Found) }
}
