//! Reading a project's folder: `flows/*.yaml`, `templates/*.yaml` and the pages beside those, `templates/*.html`. The only place of this layer that touches files.

use super::diagnostic::{At, Code, Diagnostic};
use super::parse::{Pages, ParseContext};
use super::version::{Assembled, SourceFile, assemble};
use crate::domain::limits;
use crate::domain::name::Slug;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The files of a project, not understood yet.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Flows by the name of their file.
    pub flows: BTreeMap<String, SourceFile>,
    /// Notifications by the name of their file.
    pub notifications: BTreeMap<Slug, SourceFile>,
    /// The HTML files beside the notifications, by their names.
    pub pages: Pages,
    /// Conversation tests by the name of the flow that they test.
    pub tests: BTreeMap<String, SourceFile>,
    /// Flows whose files cannot be read as text: they are there, and have mistakes.
    pub unread: BTreeSet<String>,
    /// Files that cannot be read as text, or whose names cannot be names.
    pub diagnostics: Vec<Diagnostic>,
}

impl Sources {
    /// Reads `flows/` and `templates/` of this folder. A folder that is not there is empty.
    pub fn read(project: &Path) -> io::Result<Sources> {
        Sources::read_from(&project.join("flows"), &project.join("templates"), project)
    }

    /// Reads flows and notifications from these folders. Files are named relative to `project`.
    pub fn read_from(flows: &Path, templates: &Path, project: &Path) -> io::Result<Sources> {
        let mut sources = Sources::default();
        for path in yaml_files(flows)? {
            let Some((stem, source)) = sources.file(&path, project)? else {
                let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                if !stem.ends_with(".test") {
                    sources.unread.insert(stem);
                }
                continue;
            };
            match stem.strip_suffix(".test") {
                Some(flow) => sources.tests.insert(flow.to_owned(), source),
                None => sources.flows.insert(stem, source),
            };
        }
        for path in yaml_files(templates)? {
            let Some((stem, source)) = sources.file(&path, project)? else { continue };
            match Slug::parse(&stem) {
                Ok(name) => drop(sources.notifications.insert(name, source)),
                Err(bad) => sources.refuse(&source.file, 111, At::default(), bad.to_string(), "rename the file"),
            }
        }
        for path in files_of(templates, "html")? {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let mut bytes = Vec::new();
            // One byte more than allowed, so that whoever names it sees that it is too large.
            std::fs::File::open(&path)?.take(limits::PAGE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
            let text = match String::from_utf8(bytes) {
                Ok(text) => text,
                // The cut may go through a character.
                Err(error) if error.as_bytes().len() > limits::PAGE_BYTES => " ".repeat(limits::PAGE_BYTES + 1),
                Err(_) => {
                    let file = shown(&path, project);
                    sources.refuse(&file, 418, At::default(), "The file is not UTF-8 text".to_owned(), "save it as UTF-8");
                    String::new()
                }
            };
            sources.pages.insert(name, text.into());
        }
        Ok(sources)
    }

    /// One flow with its notifications, by the name of its file.
    pub fn assemble(&self, name: &str, context: &ParseContext) -> Option<Assembled> {
        self.flows.get(name).map(|flow| assemble(flow, &self.notifications, &self.pages, context))
    }

    /// The file of a page as people know it: beside the notifications.
    pub fn page_file(&self, name: &str) -> String {
        let beside = self.notifications.values().next().and_then(|source| source.file.rsplit_once('/'));
        beside.map_or_else(|| name.to_owned(), |(folder, _)| format!("{folder}/{name}"))
    }

    fn refuse(&mut self, file: &str, code: u16, at: At, message: String, help: &str) {
        self.diagnostics.push(Diagnostic {
            code: Code(code),
            file: file.into(),
            at,
            width: 0,
            message,
            help: Some(help.to_owned()),
        });
    }

    /// The name of a file without its ending, and its text. `None` if it is no text; that is said.
    fn file(&mut self, path: &Path, project: &Path) -> io::Result<Option<(String, SourceFile)>> {
        let shown = shown(path, project);
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let mut bytes = Vec::new();
        // One byte more than allowed, so that the reader sees that it is too large.
        std::fs::File::open(path)?.take(limits::FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > limits::FILE_BYTES {
            // The cut may go through a character; the size is what will be said.
            bytes.resize(limits::FILE_BYTES, b' ');
            let text = String::from_utf8_lossy(&bytes).into_owned() + " ";
            return Ok(Some((stem, SourceFile { file: shown, text })));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some((stem, SourceFile { file: shown, text }))),
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let before = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
                let line_start = before.rfind('\n').map_or(0, |n| n + 1);
                let at =
                    At { line: before.matches('\n').count() as u32 + 1, column: before[line_start..].chars().count() as u32 + 1 };
                let message = "This is not YAML: the file is not UTF-8 text".to_owned();
                self.refuse(&shown, 1, at, message, "save it as UTF-8");
                Ok(None)
            }
        }
    }
}

/// A file as people know it.
fn shown(path: &Path, project: &Path) -> String {
    path.strip_prefix(project).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The YAML files directly in a folder, by name.
fn yaml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    files_of(folder, "yaml")
}

/// The files with this ending directly in a folder, by name.
fn files_of(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|e| e == ending) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
