//! `replyflow check`

mod follow;
mod format;
mod place;

pub(super) use place::{Place, Read};

use super::arguments::{Check, CheckFormat};
use super::render::{self, Lines};
use super::{Project, Stop, style};
use crate::config::Secrets;
use crate::domain::name::Slug;
use crate::flow::check::Checked;
use crate::flow::definition::Flow;
use crate::flow::diagnostic::{Diagnostic, Severity};
use crate::flow::explain;
use crate::flow::load::Sources;
use crate::flow::version::Version;
use crate::testing::{Surroundings, check_script};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

pub(super) fn run(project: &Project, check: &Check) -> Result<(), Stop> {
    if let Some(code) = &check.explain {
        return explanation(code);
    }
    if check.watch {
        return follow::follow(project, check);
    }
    let found = Found::look(project, check)?;
    print(&found.written(check.format))?;
    let verdict = found.verdict(check.strict);
    // The process ends now: to take a large project apart would only cost time.
    std::mem::forget(found);
    verdict
}

/// What a check found.
struct Found {
    sources: Sources,
    /// By file, place and code.
    diagnostics: Vec<Diagnostic>,
    /// What was understood.
    _flows: BTreeMap<Slug, (Arc<Flow>, Version)>,
    /// How many files somebody wanted to hear about.
    files: usize,
}

impl Found {
    /// Reads the project and checks it.
    fn look(project: &Project, check: &Check) -> Result<Self, Stop> {
        let settings = project.load(Secrets::Tolerated)?;
        let place = Place::of(&settings, &check.paths)?;
        let Read { sources, checked } = place.read(&settings)?;
        let Checked { mut diagnostics, flows: understood, .. } = checked;
        let flows: Vec<&str> = sources.flows.keys().map(String::as_str).collect();
        let notifications: Vec<&str> = sources.notifications.keys().map(AsRef::as_ref).collect();
        let around = Surroundings { flows: &flows, notifications: &notifications, project: &settings.project };
        for source in sources.tests.values() {
            diagnostics.extend(check_script(&source.text, &source.file, around).1);
        }
        diagnostics.retain(|d| place.wants(&d.file));
        diagnostics.sort_by(|a, b| (&a.file, a.at, a.code).cmp(&(&b.file, b.at, b.code)));
        let files = all(&sources).filter(|(file, _)| place.wants(file)).count();
        Ok(Found { sources, diagnostics, _flows: understood, files })
    }

    /// Everything that was found, in a format.
    fn written(&self, format: CheckFormat) -> String {
        match format {
            CheckFormat::Text => self.text(|_| false) + self.summary().as_str(),
            CheckFormat::Json => format!("{}\n", render::json(&self.diagnostics)),
            CheckFormat::Sarif => format!("{:#}\n", format::sarif(&self.diagnostics)),
            CheckFormat::Github => format::github(&self.diagnostics),
        }
    }

    /// Everything that was found, for people. What is new is marked with a `+`.
    fn text(&self, is_new: impl Fn(&Diagnostic) -> bool) -> String {
        let style = style();
        let pages = self.sources.pages.iter().map(|(name, text)| (self.sources.page_file(name), &**text));
        let texts: BTreeMap<String, &str> = all(&self.sources).map(|(file, text)| (file.to_owned(), text)).chain(pages).collect();
        let mut out = String::new();
        // The diagnostics of a file stand together, so that its lines are counted once.
        for same_file in self.diagnostics.chunk_by(|a, b| a.file == b.file) {
            let lines = texts.get(&*same_file[0].file).map(|text| Lines::of(text));
            for diagnostic in same_file {
                if is_new(diagnostic) {
                    let _ = write!(out, "{} ", style.paint(render::RED, "+"));
                }
                let line = lines.as_ref().and_then(|lines| lines.get(diagnostic.at.line));
                out.push_str(&render::text_on_line(diagnostic, line, style));
                out.push('\n');
            }
        }
        out
    }

    /// One line about all of it.
    fn summary(&self) -> String {
        let errors = self.errors();
        render::summary(errors, self.diagnostics.len() - errors, self.files, style()) + "\n"
    }

    fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|d| d.code.severity() == Severity::Error).count()
    }

    fn verdict(&self, strict: bool) -> Result<(), Stop> {
        let bad = if strict { self.diagnostics.len() } else { self.errors() };
        if bad > 0 { Err(Stop::Found) } else { Ok(()) }
    }
}

/// Every file with its text, by name.
fn all(sources: &Sources) -> impl Iterator<Item = (&str, &str)> {
    let all = sources.flows.values().chain(sources.notifications.values()).chain(sources.tests.values());
    all.map(|source| (source.file.as_str(), source.text.as_str()))
}

/// All at once: a program that reads it is not kept waiting, and one that stops reading is no failure.
fn print(text: &str) -> Result<(), Stop> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// `--explain`
fn explanation(code: &str) -> Result<(), Stop> {
    let known = explain::parse(code).and_then(explain::explain);
    let known = known.ok_or_else(|| Stop::Unasked(format!("there is no diagnostic `{code}`"), Some(explain::hint(code))))?;
    print(&render::explanation(known, style()))
}
