//! `--watch`: a command is done now, and again whenever the project's files change, until Ctrl-C.

use super::signals::Signals;
use super::{Project, Stop};
use crate::app::watch::FileWatch;
use crate::flow::load::Sources;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;

/// Does `round` now, and again each time something in these folders changed, until Ctrl-C (or SIGTERM), which is a good end. A
/// round that found something, or that failed after the first, is said and ends nothing.
pub(super) fn watch<'p>(
    folders: impl IntoIterator<Item = &'p Path>,
    mut round: impl FnMut() -> Result<(), Stop>,
) -> Result<(), Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Stop::failed)?;
    runtime.block_on(async {
        let mut signals = Signals::listen().map_err(Stop::failed)?;
        // Before the first look, so that nothing that changes meanwhile is missed.
        let mut files = FileWatch::open(folders).map_err(|e| Stop::failed(format!("the files cannot be watched: {e}")))?;
        match round() {
            Ok(()) | Err(Stop::Found) => {}
            Err(stop) => return Err(stop),
        }
        loop {
            tokio::select! {
                () = signals.next() => return Ok(()),
                () = files.changed() => {}
            }
            match round() {
                Ok(()) | Err(Stop::Found) => {}
                Err(Stop::Unheard) => return Err(Stop::Unheard),
                Err(stop) => drop(stop.say()),
            }
        }
    })
}

/// The texts of a project's files by their names, to tell from one round to the next what changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot(BTreeMap<String, String>);

impl Snapshot {
    /// The files that were read, and the project's settings.
    pub fn of(sources: &Sources, project: &Project) -> Self {
        let all = sources.flows.values().chain(sources.notifications.values()).chain(sources.tests.values());
        let mut texts: BTreeMap<String, String> = all.map(|source| (source.file.clone(), source.text.clone())).collect();
        if let Some(file) = project.file()
            && let Ok(text) = std::fs::read_to_string(&file)
        {
            texts.insert(file.file_name().unwrap_or_default().to_string_lossy().into_owned(), text);
        }
        // A file that is no text is known by what is said about it.
        for diagnostic in &sources.diagnostics {
            texts.entry(diagnostic.file.to_string()).or_default().push_str(&diagnostic.message);
        }
        Snapshot(texts)
    }

    /// What is otherwise than before: `flows/menu.yaml changed`, `… is new`, `… is gone`. Empty: nothing.
    pub fn since(&self, before: &Snapshot) -> Vec<String> {
        let now = self.0.iter().filter_map(|(file, text)| match before.0.get(file) {
            None => Some(format!("{file} is new")),
            Some(old) if old != text => Some(format!("{file} changed")),
            Some(_) => None,
        });
        let gone = before.0.keys().filter(|file| !self.0.contains_key(*file)).map(|file| format!("{file} is gone"));
        now.chain(gone).collect()
    }
}

/// The head of a round: the time on the wall, and what changed (all of few, the number of many). On a terminal the screen is
/// emptied before it; a pipe keeps everything.
pub(super) fn heading(changes: &[String]) -> String {
    const SHOWN: usize = 4;
    let time = jiff::Zoned::now().strftime("%H:%M:%S").to_string();
    let what = match changes {
        [] => "watching; Ctrl-C ends it".to_owned(),
        few if few.len() <= SHOWN => few.join(", "),
        many => format!("{}, and {} more", many[..SHOWN].join(", "), many.len() - SHOWN),
    };
    let clear = if std::io::stdout().is_terminal() { "\u{1b}[2J\u{1b}[H" } else { "" };
    format!("{clear}{time} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(files: &[(&str, &str)]) -> Snapshot {
        Snapshot(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn what_changed_is_told_by_the_texts() {
        let before = snapshot(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let after = snapshot(&[("a", "1"), ("b", "2"), ("d", "1")]);
        assert_eq!(after.since(&before), ["b changed", "d is new", "c is gone"]);
        assert!(after.since(&after).is_empty());
    }

    #[test]
    fn the_heading_names_a_few_files() {
        assert!(heading(&[]).ends_with(" watching; Ctrl-C ends it"));
        let many: Vec<String> = (0..6).map(|n| format!("{n} changed")).collect();
        assert!(heading(&many).ends_with(" 0 changed, 1 changed, 2 changed, 3 changed, and 2 more"));
        let clock = heading(&[]).split(' ').next().expect("a time").to_owned();
        assert_eq!(clock.chars().filter(|c| c.is_ascii_digit()).count(), 6, "{clock}");
    }
}
