//! `replyflow check`

use super::arguments::{Check, Format};
use super::{Project, Stop, render, style};
use crate::config::{Secrets, Settings};
use crate::flow::check::{Checked, check_project};
use crate::flow::diagnostic::{Diagnostic, Severity};
use crate::flow::load::Sources;
use crate::testing::read_script;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) fn run(project: &Project, check: &Check) -> Result<(), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let place = Place::of(&settings, &check.paths)?;
    let Read { sources, checked } = place.read(&settings)?;
    let mut diagnostics = checked.diagnostics;
    let flows: Vec<&str> = sources.flows.keys().map(String::as_str).collect();
    for source in sources.tests.values() {
        diagnostics.extend(read_script(&source.text, &source.file, &flows).1);
    }
    let wanted = |file: &str| place.wants(file);
    diagnostics.retain(|d| wanted(&d.file));
    let texts = texts(&sources);
    let files = texts.keys().filter(|file| wanted(file)).count();
    show(&diagnostics, &texts, files, check.format);
    let errors = diagnostics.iter().any(|d| d.code.severity() == Severity::Error);
    if errors { Err(Stop::Found) } else { Ok(()) }
}

fn show(diagnostics: &[Diagnostic], texts: &BTreeMap<&str, &str>, files: usize, format: Format) {
    if format == Format::Json {
        println!("{}", render::json(diagnostics));
        return;
    }
    let style = style();
    for diagnostic in diagnostics {
        println!("{}", render::text(diagnostic, texts.get(&*diagnostic.file).copied(), style));
    }
    let errors = diagnostics.iter().filter(|d| d.code.severity() == Severity::Error).count();
    println!("{}", render::summary(errors, diagnostics.len() - errors, files, style));
}

/// The text of every file by its name.
fn texts(sources: &Sources) -> BTreeMap<&str, &str> {
    let all = sources.flows.values().chain(sources.notifications.values()).chain(sources.tests.values());
    all.map(|source| (source.file.as_str(), source.text.as_str())).collect()
}

/// The files of a project, and what is wrong with them.
pub(super) struct Read {
    pub sources: Sources,
    pub checked: Checked,
}

/// Which folders are read, and which of their files somebody wants to hear about.
pub(super) struct Place {
    flows: PathBuf,
    templates: PathBuf,
    /// What names of files are relative to.
    base: PathBuf,
    /// Empty: all of them.
    wanted: Vec<PathBuf>,
}

impl Place {
    /// The project's folders, if all paths are inside them; else the folders where the first path is.
    pub fn of(settings: &Settings, paths: &[PathBuf]) -> Result<Self, Stop> {
        let here = std::env::current_dir()?.canonicalize()?;
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let (flows, templates) = (real(&settings.flows), real(&settings.templates));
        let mut wanted = Vec::new();
        for path in paths {
            let found = path.canonicalize();
            wanted.push(found.map_err(|e| match e.kind() {
                std::io::ErrorKind::NotFound => Stop::failed(format!("there is no file or folder {}", path.display())),
                _ => Stop::failed(format!("{} cannot be read: {e}", path.display())),
            })?);
        }
        let project = real(&settings.folder);
        let inside = |path: &PathBuf| {
            path.starts_with(&flows) || path.starts_with(&templates) || flows.starts_with(path) || templates.starts_with(path)
        };
        let (flows, templates) = match wanted.first() {
            Some(first) if !wanted.iter().all(inside) => elsewhere(first),
            _ => (flows, templates),
        };
        let base = if flows.starts_with(&here) { here } else { project };
        Ok(Place { flows, templates, base, wanted })
    }

    /// Reads the files and checks them.
    pub fn read(&self, settings: &Settings) -> Result<Read, Stop> {
        let unreadable = |e| Stop::failed(format!("{}: {e}", self.flows.display()));
        let sources = Sources::read_from(&self.flows, &self.templates, &self.base).map_err(unreadable)?;
        let checked = check_project(&sources, &settings.project);
        Ok(Read { sources, checked })
    }

    /// Whether somebody wants to hear about this file.
    pub fn wants(&self, file: &str) -> bool {
        let path = self.base.join(file);
        self.wanted.is_empty() || self.wanted.iter().any(|wanted| path.starts_with(wanted))
    }
}

/// The folders of a project that has no configuration: `flows` and `templates` in a folder, or the folder of a file with
/// `templates` in it or beside it.
fn elsewhere(path: &Path) -> (PathBuf, PathBuf) {
    if path.is_dir() && path.join("flows").is_dir() {
        return (path.join("flows"), path.join("templates"));
    }
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let inside = folder.join("templates");
    let templates = if inside.is_dir() { inside } else { folder.parent().unwrap_or(folder).join("templates") };
    (folder.to_path_buf(), templates)
}
