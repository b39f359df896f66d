//! `replyflow admin move`: the store of the project goes into another one.

use super::super::arguments::{Format, Move};
use super::super::{Project, Stop, runtime};
use crate::app::open_transfer;
use crate::config::redis::RedisSettings;
use crate::config::store::{Backend, StoreConfig};
use crate::config::{Secrets, Settings};
use crate::service::transfer::{MoveError, Moved, Step, give_up, move_store};
use crate::store::transfer::{Mark, Transfer};
use serde_json::json;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two words of how far it is.
const EVERY: Duration = Duration::from_secs(2);

pub(super) fn run(project: &Project, asked: &Move) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let target = match &asked.to {
        Some(to) => Some(target(project, &settings.store, to)?),
        None => None,
    };
    runtime()?.block_on(async {
        let from = open_transfer(&settings.store, false).map_err(Stop::failed)?;
        let Some(target) = target else { return stay(&*from).await };
        if place(&target.backend) == place(&settings.store.backend) {
            return Err(Stop::Unasked("the store is there already".to_owned(), Some("Name another one with --to.".to_owned())));
        }
        let to = open_transfer(&target, true).map_err(Stop::failed)?;
        let mut heard = Heard::begin();
        let moved = move_store(&*from, &*to, &mut |step| heard.hear(step)).await.map_err(why)?;
        say(&moved, &from, &to, asked.format);
        Ok(())
    })
}

/// Where a store is.
fn place(backend: &Backend) -> String {
    match backend {
        Backend::Embedded { folder } => std::fs::canonicalize(folder).unwrap_or_else(|_| folder.clone()).display().to_string(),
        Backend::Redis(redis) => redis.whereabouts(),
    }
}

/// What was named, with the limits of the project.
fn target(project: &Project, own: &StoreConfig, to: &str) -> Result<StoreConfig, Stop> {
    let backend = if to.contains("://") {
        let hint = "For example redis://10.0.0.5:6379. A login, TLS, Sentinels or a cluster: a file with the new [store].";
        let redis = RedisSettings::at(to).map_err(|why| Stop::Unasked(format!("`--to` {why}"), Some(hint.to_owned())))?;
        Backend::Redis(Box::new(redis))
    } else if Path::new(to).extension().is_some_and(|end| end == "toml") {
        // Variables that override the project's settings are not meant for the other file.
        let environment =
            project.environment.iter().filter(|(name, _)| !name.starts_with("REPLYFLOW_")).map(|(n, v)| (n.clone(), v.clone()));
        if !Path::new(to).is_file() {
            return Err(Stop::Unasked(format!("there is no file {to}"), None));
        }
        Settings::load(Some(Path::new(to)), &environment.collect(), Secrets::Tolerated)?.store.backend
    } else if is_no_folder(to) {
        let hint = "A Redis is named with its scheme, redis://10.0.0.5:6379; a file with the new [store] ends in .toml.";
        return Err(Stop::Unasked(format!("`--to {to}` does not look like a folder"), Some(hint.to_owned())));
    } else {
        Backend::Embedded { folder: PathBuf::from(to) }
    };
    Ok(StoreConfig { backend, ..own.clone() })
}

/// An address without its scheme, or a file of another kind: it would be made as a folder.
fn is_no_folder(to: &str) -> bool {
    let path = to.contains(['/', '\\']);
    let file = Path::new(to).extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|other| end == *other));
    file || !path && to.contains(':')
}

fn why(error: MoveError) -> Stop {
    let hint = match &error {
        MoveError::From(_) | MoveError::To(_) => "What was copied is kept: the same command goes on.",
        MoveError::Running { .. } => "Stop `replyflow serve` and commands that are beside it, on every machine.",
        MoveError::Behind { .. } => "Set the clocks of all machines by a time server, then run the same command again.",
        MoveError::Nothing(_) => "Is this the right project? `--config FILE` names another one.",
        MoveError::Holds(_) => "Empty it first, or name another one.",
        MoveError::Moved(_) => "Enter that one in [store] of the project's file.",
        MoveError::Elsewhere(_) => "End that move, or `replyflow admin move --give-up` first.",
        MoveError::Form => {
            "Run the release that began it, or empty the target, `replyflow admin move --give-up`, and begin anew."
        }
        MoveError::Overtaken => "Let the other command end.",
        MoveError::Differ(_) => {
            "Something wrote to one of them meanwhile. The same command copies all of it again; empty the target first if it has too much."
        }
    };
    Stop::with_hint(error, hint)
}

async fn stay(from: &dyn Transfer) -> Result<(), Stop> {
    match give_up(from).await.map_err(why)? {
        None if from.mark(Mark::Arriving).await.map_err(|error| why(MoveError::From(error)))?.is_some() => println!(
            "{} is not whole: another store is being moved into it. End that move, or empty this one.",
            from.whereabouts()
        ),
        None => println!("{} is not marked: it can be used.", from.whereabouts()),
        Some(false) => println!("{} can be used again. Empty the store that it was on its way to.", from.whereabouts()),
        Some(true) => println!(
            "{} can be used again. What has happened since in the store that it was moved into is not known here: use only one of them.",
            from.whereabouts()
        ),
    }
    Ok(())
}

fn say(moved: &Moved, from: &Arc<dyn Transfer>, to: &Arc<dyn Transfer>, format: Format) {
    let (from, to) = (from.whereabouts(), to.whereabouts());
    if format == Format::Json {
        println!("{}", json!({ "from": from, "to": to, "things": moved.kinds, "entries": moved.entries }));
        return;
    }
    for (kind, n) in &moved.kinds {
        println!("{n:>12}  {kind}");
    }
    println!("{:>12}  entries of the journal", moved.entries);
    println!(
        "Both stores are the same. Now enter {to} in [store] of the project's file and start the service; nothing starts on {from} any more."
    );
}

/// How far it is, for a person who waits.
struct Heard {
    shows: bool,
    last: Instant,
}

impl Heard {
    fn begin() -> Self {
        Heard { shows: std::io::stderr().is_terminal(), last: Instant::now() }
    }

    fn hear(&mut self, step: Step) {
        if !self.shows || self.last.elapsed() < EVERY {
            return;
        }
        self.last = Instant::now();
        match step {
            Step::Copied(n) => eprintln!("{n} things copied"),
            Step::Entries(n) => eprintln!("{n} entries of the journal copied"),
            Step::Compared(n) => eprintln!("{n} things compared"),
        }
    }
}
