//! Which files a command is about: the project's, or those in other folders.

use crate::cli::Stop;
use crate::config::Settings;
use crate::flow::check::{Checked, check_project};
use crate::flow::load::Sources;
use std::path::{Path, PathBuf};

/// The files of a project, and what is wrong with them.
pub(in crate::cli) struct Read {
    pub sources: Sources,
    pub checked: Checked,
}

/// Which folders are read, and which of their files somebody wants to hear about.
pub(in crate::cli) struct Place {
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
            match path.canonicalize() {
                Ok(found) => wanted.push(found),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    let named = files_called(path, &flows, &templates);
                    if named.is_empty() {
                        return Err(Stop::failed(format!("there is no file, folder or flow {}", path.display())));
                    }
                    wanted.extend(named);
                }
                Err(e) => return Err(Stop::failed(format!("{} cannot be read: {e}", path.display()))),
            }
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

    /// The folders that are read.
    pub fn folders(&self) -> [&Path; 2] {
        [&self.flows, &self.templates]
    }

    /// Where a file is, by its name.
    pub fn path(&self, file: &str) -> PathBuf {
        self.base.join(file)
    }

    /// Whether somebody wants to hear about this file.
    pub fn wants(&self, file: &str) -> bool {
        let path = self.path(file);
        self.wanted.is_empty() || self.wanted.iter().any(|wanted| path.starts_with(wanted))
    }
}

/// The files of the project's flow or notification of this name.
fn files_called(name: &Path, flows: &Path, templates: &Path) -> Vec<PathBuf> {
    let Some(name) = name.to_str().filter(|name| !name.contains(['/', '\\', '.'])) else { return Vec::new() };
    let files =
        [flows.join(format!("{name}.yaml")), flows.join(format!("{name}.test.yaml")), templates.join(format!("{name}.yaml"))];
    files.into_iter().filter(|file| file.is_file()).collect()
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
