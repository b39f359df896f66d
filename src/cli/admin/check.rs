//! `replyflow admin check`: what must not be in the store, and what is stuck.

use super::super::arguments::{Format, StoreCheck};
use super::super::{Project, Stop, runtime, style};
use crate::app::open_to_look;
use crate::config::Secrets;
use crate::config::store::Backend;
use crate::domain::time::Span;
use crate::service::consistency::{FindingLevel, Found, Walk, mend};
use crate::store::backup::lock_folder;
use crate::store::transfer::Transfer;
use serde_json::json;
use std::time::{Duration, Instant};

/// How often what looks wrong is looked at again, and how long after the look before.
const AGAIN: usize = 2;
const APART: Duration = Duration::from_secs(2);
/// Findings that are shown to people; the others are counted.
const SHOWN: usize = 100;

pub(super) fn run(project: &Project, asked: &StoreCheck) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let older = Span::parse(&asked.older).filter(|older| older.0 > 0);
    let older = older
        .ok_or_else(|| Stop::Unasked(format!("`{}` is no duration", asked.older), Some("For example 90s or 10m.".to_owned())))?;
    runtime()?.block_on(async {
        // Nobody begins or ends runs while they are counted.
        let _alone = match &settings.store.backend {
            Backend::Embedded { folder } if asked.runs => Some(lock_folder(folder).map_err(Stop::failed)?),
            _ => None,
        };
        let store = open_to_look(&settings.store).await.map_err(Stop::failed)?;
        if asked.runs && store.others().await.map_err(Stop::failed)? > 0 {
            return Err(Stop::with_hint("the service runs", "Stop every instance, or leave --runs out."));
        }
        let mut walk = Walk::from(asked.from.as_deref().unwrap_or_default(), older);
        let whole = through(&*store, &mut walk, asked.per_second).await?;
        let mut found = Vec::new();
        if walk.suspects() > 0 {
            for _ in 0..AGAIN {
                tokio::time::sleep(APART).await;
                found = walk.again(&*store).await.map_err(Stop::failed)?;
            }
        }
        if asked.runs && whole {
            found.extend(walk.counters(&*store).await.map_err(Stop::failed)?);
        }
        let mut mended = 0;
        if asked.mend {
            for one in &found {
                mended += usize::from(mend(&*store, one).await.map_err(Stop::failed)?);
            }
        }
        say(&walk, &found, asked, mended);
        if found.is_empty() && walk.unlooked == 0 && whole { Ok(()) } else { Err(Stop::Found) }
    })
}

/// All parts, at a pace; false if somebody interrupted it.
async fn through(store: &dyn Transfer, walk: &mut Walk, per_second: u32) -> Result<bool, Stop> {
    let stopped = tokio::signal::ctrl_c();
    tokio::pin!(stopped);
    let (begun, mut read) = (Instant::now(), 0_usize);
    while walk.place().is_some() {
        read += walk.next(store).await.map_err(Stop::failed)?;
        let due = Duration::from_secs_f64(read as f64 / f64::from(per_second));
        tokio::select! {
            _ = &mut stopped => return Ok(walk.place().is_none()),
            () = tokio::time::sleep(due.saturating_sub(begun.elapsed())) => {}
        }
    }
    Ok(true)
}

fn say(walk: &Walk, found: &[Found], asked: &StoreCheck, mended: usize) {
    if asked.format == Format::Json {
        let level = |level| if level == FindingLevel::Error { "error" } else { "warning" };
        let one = |found: &Found| json!({ "of": found.name.to_string(), "level": level(found.level), "what": found.what, "remedy": found.remedy.words() });
        let found: Vec<_> = found.iter().map(one).collect();
        let (looked, place) = (&walk.kinds, walk.place());
        println!(
            "{}",
            json!({ "looked_at": looked, "found": found, "more": walk.unlooked, "mended": mended, "go_on_from": place })
        );
        return;
    }
    for one in found.iter().take(SHOWN) {
        let (word, colour) = if one.level == FindingLevel::Error { ("error", "31") } else { ("warning", "33") };
        println!("{} {}: {}\n    {}", style().paint(colour, word), one.name, one.what, one.remedy.words());
    }
    let unshown = found.len().saturating_sub(SHOWN) as u64 + walk.unlooked;
    if unshown > 0 {
        println!("{unshown} more; `--format json` shows the first 10000.");
    }
    let looked: Vec<String> = walk.kinds.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    println!("Looked at: {}.", if looked.is_empty() { "nothing".to_owned() } else { looked.join(", ") });
    if mended > 0 {
        println!("{mended} will be looked at.");
    }
    match walk.place() {
        Some(place) => println!("Interrupted. It goes on with: replyflow admin check --from '{place}'"),
        None if found.is_empty() && walk.unlooked == 0 => println!("Nothing is wrong."),
        None => {}
    }
}
