//! `replyflow test`: plays the cases of test files and says how they went, for people, programs and pipelines.

mod follow;
mod json;
mod junit;
mod text;
mod update;

use super::arguments::{Test, TestFormat};
use super::check::{Place, Read};
use super::watch::Snapshot;
use super::{Project, Stop, flows, style};
use crate::config::{Secrets, Settings};
use crate::domain::name::Slug;
use crate::flow::catalog::Catalog;
use crate::flow::check::Checked;
use crate::flow::diagnostic::Diagnostic;
use crate::flow::version::SourceFile;
use crate::testing::coverage::{Coverage, Covered};
use crate::testing::{CaseResult, Surroundings, Texts, check_script, play};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) fn run(project: &Project, test: &Test) -> Result<(), Stop> {
    if test.watch {
        return follow::follow(project, test);
    }
    let report = play_all(project, test)?;
    if report.files.is_empty() {
        return Err(Stop::with_hint("there are no tests here", "A test is a file NAME.test.yaml beside the flow NAME.yaml."));
    }
    if test.case.is_some() && report.files.iter().all(|file| file.cases.is_empty() && file.problem.is_none()) {
        return Err(Stop::with_hint("no case has such a title", "Leave --case out to see all titles."));
    }
    let updated = if test.update { update::write(&report.files)? } else { update::Updated::default() };
    print!("{}", written(&report, &updated, test)?);
    let failed = report.failed() > 0 || !updated.refused.is_empty() || !report.below(test).is_empty();
    if failed { Err(Stop::Found) } else { Ok(()) }
}

/// The report in the format that was asked for.
fn written(report: &Report, updated: &update::Updated, test: &Test) -> Result<String, Stop> {
    Ok(match test.format {
        TestFormat::Text => text::report(report, updated, test, style()),
        TestFormat::Json => format!("{:#}\n", json::report(report, test)),
        TestFormat::Junit => junit::report(report).map_err(Stop::failed)? + "\n",
    })
}

/// How all tests went.
struct Report {
    /// By file, in order of names.
    files: Vec<File>,
    /// How much of each flow was gone through.
    covered: Vec<(Slug, Covered)>,
    took: Duration,
    /// What the project's files said.
    snapshot: Snapshot,
}

/// How the cases of a file went.
struct File {
    source: SourceFile,
    path: PathBuf,
    flow: Option<Slug>,
    cases: Vec<CaseResult>,
    /// Why none was played.
    problem: Option<Problem>,
}

enum Problem {
    /// The file was not understood.
    Mistakes(Vec<Diagnostic>),
    /// The flow has mistakes.
    Flow(Slug),
}

impl Report {
    fn passed(&self) -> usize {
        self.files.iter().flat_map(|file| &file.cases).filter(|case| case.failure.is_none()).count()
    }

    /// Cases that failed; a file that could not be played counts as one.
    fn failed(&self) -> usize {
        self.files.iter().map(File::failed).sum()
    }

    fn steps(&self) -> usize {
        self.files.iter().flat_map(|file| &file.cases).map(|case| case.steps).sum()
    }

    /// Flows of which less was gone through than is asked for.
    fn below(&self, test: &Test) -> Vec<&Slug> {
        let wanted = test.coverage.unwrap_or(0);
        self.covered.iter().filter(|(_, covered)| covered.percent() < wanted).map(|(name, _)| name).collect()
    }
}

impl File {
    fn failed(&self) -> usize {
        usize::from(self.problem.is_some()) + self.cases.iter().filter(|case| case.failure.is_some()).count()
    }
}

fn play_all(project: &Project, test: &Test) -> Result<Report, Stop> {
    let begun = Instant::now();
    let settings = project.load(Secrets::Tolerated)?;
    let place = Place::of(&settings, &test.paths)?;
    let Read { sources, checked } = place.read(&settings)?;
    let flows: Vec<&str> = sources.flows.keys().map(String::as_str).collect();
    let notifications: Vec<&str> = sources.notifications.keys().map(AsRef::as_ref).collect();
    let around = Surroundings { flows: &flows, notifications: &notifications, project: &settings.project };
    let mut runner = Runner::new(&settings, &checked, test);
    let mut files = Vec::new();
    for source in sources.tests.values().filter(|source| place.wants(&source.file)) {
        files.push(runner.file(source, place.path(&source.file), around));
    }
    let wanted = |name: &Slug| test.paths.is_empty() || runner.tested.contains(name);
    let flows = checked.flows.iter().filter(|(name, _)| wanted(name));
    let covered = flows.map(|(name, (flow, _))| (name.clone(), runner.coverage.of(flow))).collect();
    let snapshot = Snapshot::of(&sources, project);
    Ok(Report { files, covered, took: begun.elapsed(), snapshot })
}

struct Runner<'a> {
    project: Arc<crate::config::project::Project>,
    catalog: Arc<Catalog>,
    checked: &'a Checked,
    test: &'a Test,
    coverage: Coverage,
    /// Flows that have a test among those that are played.
    tested: BTreeSet<Slug>,
}

impl<'a> Runner<'a> {
    fn new(settings: &Settings, checked: &'a Checked, test: &'a Test) -> Self {
        let (project, catalog) = (Arc::new(settings.project.clone()), Arc::new(flows::catalog(checked)));
        Runner { project, catalog, checked, test, coverage: Coverage::default(), tested: BTreeSet::new() }
    }

    fn file(&mut self, source: &SourceFile, path: PathBuf, around: Surroundings<'_>) -> File {
        let mut file = File { source: source.clone(), path, flow: None, cases: Vec::new(), problem: None };
        let (script, mistakes) = check_script(&source.text, &source.file, around);
        let Some(mut script) = script else {
            file.problem = Some(Problem::Mistakes(mistakes));
            return file;
        };
        file.flow = Some(script.flow.clone());
        if !self.checked.flows.contains_key(&script.flow) {
            file.problem = Some(Problem::Flow(script.flow));
            return file;
        }
        if let Some(wanted) = &self.test.case {
            script.cases.retain(|case| case.title.contains(wanted.as_str()));
        }
        self.tested.insert(script.flow.clone());
        let texts = if self.test.update { Texts::Accepted } else { Texts::Compared };
        file.cases = play(&script, &self.catalog, &self.project, texts, &mut self.coverage);
        file
    }
}
