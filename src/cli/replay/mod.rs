//! `replyflow replay`: recorded conversations against a draft of their flow.

mod journal;
pub(in crate::cli) mod mask;
mod text;

use super::arguments::{Format, Replay as Arguments};
use super::check::{Place, Read};
use super::keep::{self, Where};
use super::{Project, Stop, flows, style};
use crate::config::{Secrets, Settings};
use crate::flow::definition::Flow;
use crate::flow::version::SourceFile;
use crate::testing::ContactGiven;
use crate::testing::replay::{Draft, Played, Replay, Report};
use crate::testing::transcript::{About, Transcript};
use journal::Journal;
use mask::masked;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(project: &Project, arguments: &Arguments) -> Result<(), Stop> {
    let save = arguments.save.as_deref().map(wanted).transpose()?;
    let prepared = prepare(project, arguments).map_err(Stop::into_unasked)?;
    let show = arguments.show.map(|n| n as usize);
    let numbers: Vec<usize> = show.into_iter().chain(save.as_ref().map(|(n, _)| *n)).collect();
    let (report, found, journal) = replay(&prepared, &arguments.journal, &numbers)?;
    let one = |n: usize| {
        let there = found.iter().find(|played| played.number == n);
        let hint = format!("There are {} of `{}` in the journal.", report.conversations, prepared.flow.name);
        there.ok_or_else(|| Stop::with_hint(format!("there is no conversation {n}"), hint).into_unasked())
    };
    if let Some(n) = show {
        print!("{}", text::conversation(one(n)?, style()));
    } else if arguments.format == Format::Json {
        println!("{:#}", as_json(&report, &journal, &prepared.flow));
    } else {
        print!("{}", text::report(&report, &journal, &prepared.flow, style()));
    }
    if let Some((n, title)) = save {
        println!("{}", save_one(one(n)?, &title, &prepared, &arguments.flow)?);
    }
    if report.different > 0 { Err(Stop::Found) } else { Ok(()) }
}

/// `N TITLE`.
fn wanted(save: &[String]) -> Result<(usize, String), Stop> {
    let [number, title] = save else { return Err(Stop::failed("write --save N TITLE").into_unasked()) };
    let number = number.parse().ok().filter(|n| *n > 0);
    let wrong = || Stop::with_hint(format!("`{}` is not the number of a conversation", save[0]), "Write --save N TITLE");
    Ok((number.ok_or_else(|| wrong().into_unasked())?, title.clone()))
}

/// The draft and what is around it.
struct Prepared {
    flow: Arc<Flow>,
    catalog: Arc<crate::flow::catalog::Catalog>,
    project: Arc<crate::config::project::Project>,
}

fn prepare(project: &Project, arguments: &Arguments) -> Result<Prepared, Stop> {
    let settings: Settings = project.load(Secrets::Tolerated)?;
    let file = &arguments.flow;
    let text = std::fs::read_to_string(file).map_err(|e| Stop::failed(format!("{}: {e}", file.display())))?;
    let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let Read { mut sources, .. } = Place::of(&settings, &[])?.read(&settings)?;
    sources.flows.insert(name.clone(), SourceFile { file: file.display().to_string(), text });
    let checked = crate::flow::check::check_project(&sources, &settings.project);
    let flow = flows::find(&sources, &checked, &name)?.clone();
    let (catalog, project) = (Arc::new(flows::catalog(&checked)), Arc::new(settings.project.clone()));
    Ok(Prepared { flow, catalog, project })
}

/// Reads the journal to its end; gives the conversations with these numbers.
fn replay(prepared: &Prepared, path: &Path, numbers: &[usize]) -> Result<(Report, Vec<Played>, Journal), Stop> {
    let draft = Draft::new(prepared.catalog.clone(), prepared.project.clone(), prepared.flow.clone());
    let mut replay = Replay::new(draft);
    let mut found: Vec<Played> = Vec::new();
    let mut journal = Journal::open(path)?;
    while let Some(entry) = journal.next(replay.report.conversations)? {
        found.extend(replay.entry(entry).filter(|played| numbers.contains(&played.number)));
    }
    found.extend(replay.finish().into_iter().filter(|played| numbers.contains(&played.number)));
    Ok((replay.report, found, journal))
}

fn save_one(played: &Played, title: &str, prepared: &Prepared, draft: &Path) -> Result<String, Stop> {
    let conversation = mask::somebody_else(&played.conversation).map_err(Stop::failed)?;
    let before = &conversation.before;
    let contact = ContactGiven {
        name: before.name.clone(),
        language: before.language,
        timezone: before.timezone.clone(),
        marketing: Some(before.agreed().collect::<Vec<_>>()).filter(|kinds| !kinds.is_empty()),
        topics: Some(before.topics.iter().map(|own| own.consent()).collect::<Vec<_>>()).filter(|topics| !topics.is_empty()),
        attributes: before.attributes.clone(),
        ..ContactGiven::default()
    };
    let about = About { contact, ..About::flow(prepared.flow.name.clone()) };
    let transcript = Transcript::of(&conversation.entries, &about);
    let place = Where { file: draft.with_file_name(format!("{}.test.yaml", prepared.flow.name)) };
    keep::keep(&place, &transcript, title, &prepared.catalog, &prepared.project, keep::Failing::Said)
}

fn as_json(report: &Report, journal: &Journal, flow: &Flow) -> serde_json::Value {
    let unplayable: Vec<_> =
        report.unplayable.iter().map(|(why, n)| json!({ "why": why.to_string(), "conversations": n })).collect();
    let differences: Vec<_> = report
        .groups()
        .into_iter()
        .map(|group| {
            json!({
                "what": group.what,
                "where": group.place,
                "conversations": group.conversations,
                "example": {
                    "conversation": group.example.number,
                    "recorded": masked(&group.example.recorded),
                    "draft": masked(&group.example.draft),
                },
            })
        })
        .collect();
    json!({
        "flow": flow.name.as_str(),
        "conversations": report.conversations,
        "same": report.same,
        "different": report.different,
        "not_replayable": unplayable,
        "differences": differences,
        "entries": journal.entries,
        "unreadable": journal.unreadable,
    })
}
