//! `replyflow fmt`

use super::arguments::Fmt;
use super::replace_file::replace_file;
use super::{Project, Stop, render, style};
use crate::config::Secrets;
use crate::domain::limits;
use crate::flow::write::{Unformatted, format};
use similar::TextDiff;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

/// Lines of a difference that `--check` shows.
const SHOWN: usize = 12;

pub(super) fn run(project: &Project, fmt: &Fmt) -> Result<(), Stop> {
    if fmt.paths.iter().any(|path| path.as_os_str() == "-") {
        return match fmt.paths.len() {
            1 => pipe(fmt.check),
            _ => Err(Stop::Unasked("`-` stands for a pipe and goes with no other path".to_owned(), None)),
        };
    }
    let files = match fmt.paths.is_empty() {
        true => {
            let settings = project.load(Secrets::Tolerated)?;
            let mut files = Vec::new();
            for folder in [&settings.flows, &settings.templates].into_iter().filter(|folder| folder.is_dir()) {
                find(folder, &mut files)?;
            }
            files
        }
        false => named(&fmt.paths)?,
    };
    let mut report = Report::default();
    for path in &files {
        one(path, fmt.check, &mut report)?;
    }
    writeln!(io::stdout(), "{}", report.summary(fmt.check))?;
    if report.unread > 0 || (fmt.check && report.changed > 0) { Err(Stop::Found) } else { Ok(()) }
}

/// What came of the files.
#[derive(Default)]
struct Report {
    changed: usize,
    unread: usize,
    same: usize,
}

impl Report {
    fn summary(&self, check: bool) -> String {
        let files = |n: usize| format!("{n} file{}", if n == 1 { "" } else { "s" });
        let mut parts = Vec::new();
        match (self.changed, check) {
            (0, _) => {}
            (n, false) => parts.push(format!("{} formatted", files(n))),
            (n, true) => parts.push(format!("{} not formatted; `replyflow fmt` does it", files(n))),
        }
        if self.unread > 0 {
            parts.push(format!("{} left as {}", files(self.unread), if self.unread == 1 { "it is" } else { "they are" }));
        }
        match (self.same, parts.is_empty()) {
            (n, true) => format!("{}, nothing to format", files(n)),
            (0, false) => parts.join(", "),
            (n, false) => format!("{}, {n} as {} should be", parts.join(", "), if n == 1 { "it" } else { "they" }),
        }
    }
}

fn one(path: &Path, check: bool, report: &mut Report) -> Result<(), Stop> {
    let name = shown(path);
    let mut out = io::stdout();
    let source = match text(File::open(path).map_err(|e| Stop::failed(format!("{name} cannot be read: {e}")))?) {
        Ok(source) => source,
        Err(why) => {
            writeln!(out, "{name}: {why}")?;
            report.unread += 1;
            return Ok(());
        }
    };
    match format(&source, &name) {
        Ok(text) if text == source => report.same += 1,
        Ok(text) => {
            report.changed += 1;
            writeln!(out, "{name}")?;
            match check {
                true => write!(out, "{}", difference(&source, &text))?,
                false => replace_file(path, &text).map_err(|e| Stop::failed(format!("{name} cannot be written: {e}")))?,
            }
        }
        Err(why) => {
            report.unread += 1;
            writeln!(out, "{}", complaint(&why, &name, &source))?;
        }
    }
    Ok(())
}

/// From standard input to standard output.
fn pipe(check: bool) -> Result<(), Stop> {
    let source = text(io::stdin().lock()).map_err(|why| Stop::failed(format!("what came from the pipe {why}")))?;
    match format(&source, "-") {
        Ok(text) if check && text == source => Ok(()),
        Ok(text) if check => {
            write!(io::stdout(), "{}", difference(&source, &text))?;
            Err(Stop::Found)
        }
        Ok(text) => Ok(io::stdout().write_all(text.as_bytes())?),
        Err(why) => {
            eprintln!("{}", complaint(&why, "-", &source));
            Err(Stop::Found)
        }
    }
}

/// What a file holds; not more than it may, and one byte, so that the reader sees that it is too large.
fn text(file: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    file.take(limits::FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| format!("cannot be read: {e}"))?;
    if bytes.len() > limits::FILE_BYTES {
        return Err(format!("is larger than {} KiB", limits::FILE_BYTES / 1024));
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}

fn complaint(why: &Unformatted, name: &str, source: &str) -> String {
    match why {
        Unformatted::Unreadable(found) => {
            let shown: Vec<String> = found.iter().map(|d| render::text(d, Some(source), style())).collect();
            shown.join("\n")
        }
        Unformatted::Unsafe => {
            format!(
                "{name}: left as it is, because it could not be written without a change of meaning. This is a mistake of replyflow."
            )
        }
    }
}

/// The first lines that differ.
fn difference(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let (style, mut out) = (style(), String::new());
    let unified = diff.unified_diff().context_radius(1).to_string();
    let mut lines = unified.lines().peekable();
    for line in lines.by_ref().take(SHOWN) {
        let colour = match line.chars().next() {
            Some('-') => "1;31",
            Some('+') => "1;32",
            _ => "2",
        };
        out.push_str("  ");
        out.push_str(&style.paint(colour, line));
        out.push('\n');
    }
    if lines.peek().is_some() {
        out.push_str("  …\n");
    }
    out
}

/// The files of these paths, each once.
fn named(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Stop> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            find(path, &mut files)?;
        } else if path.exists() {
            files.push(path.clone());
        } else {
            return Err(Stop::failed(format!("there is no file or folder {}", path.display())));
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
    Ok(files)
}

/// The YAML files in a folder and below, by name; nothing hidden.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Stop> {
    let unreadable = |e: io::Error| Stop::failed(format!("{} cannot be read: {e}", folder.display()));
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    for path in paths {
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "yaml") && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// The name of a file as people would write it here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.as_deref().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path);
    short.strip_prefix(".").unwrap_or(short).display().to_string()
}
