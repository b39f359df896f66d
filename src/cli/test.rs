//! `replyflow test`

use super::arguments::Test;
use super::check::{Place, Read};
use super::{Project, Stop, flows, render, style};
use crate::config::{Secrets, Settings};
use crate::domain::name::Slug;
use crate::flow::catalog::Catalog;
use crate::flow::check::Checked;
use crate::flow::version::SourceFile;
use crate::testing::coverage::{Coverage, Missed};
use crate::testing::{CaseResult, play, read_script};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

pub(super) fn run(project: &Project, test: &Test) -> Result<(), Stop> {
    let begun = Instant::now();
    let settings = project.load(Secrets::Tolerated)?;
    let place = Place::of(&settings, &test.paths)?;
    let Read { sources, checked } = place.read(&settings)?;
    let mut runner = Runner::new(&settings, checked, sources.flows.keys().cloned().collect());
    for source in sources.tests.values().filter(|source| place.wants(&source.file)) {
        runner.file(source);
    }
    runner.coverage();
    let Runner { passed, failed, .. } = runner;
    if passed + failed == 0 {
        return Err(Stop::with_hint("there are no tests here", "A test is a file NAME.test.yaml beside the flow NAME.yaml."));
    }
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let took = begun.elapsed().as_millis();
    match failed {
        0 => println!("{} in {took} ms", style().paint("1;32", &format!("{} passed", count(passed, "case")))),
        n => println!("{}, {passed} passed in {took} ms", style().paint("1;31", &format!("{} failed", count(n, "case")))),
    }
    if failed == 0 { Ok(()) } else { Err(Stop::Found) }
}

struct Runner {
    project: Arc<crate::config::project::Project>,
    catalog: Arc<Catalog>,
    checked: Checked,
    /// Every flow that has a file, also those with mistakes.
    flows: Vec<String>,
    coverage: Coverage,
    tested: BTreeSet<Slug>,
    passed: usize,
    failed: usize,
}

impl Runner {
    fn new(settings: &Settings, checked: Checked, flows: Vec<String>) -> Self {
        let (project, catalog) = (Arc::new(settings.project.clone()), Arc::new(flows::catalog(&checked)));
        let coverage = Coverage::default();
        Runner { project, catalog, checked, flows, coverage, tested: BTreeSet::new(), passed: 0, failed: 0 }
    }

    fn file(&mut self, source: &SourceFile) {
        println!("{}", style().paint("1", &source.file));
        let names: Vec<&str> = self.flows.iter().map(String::as_str).collect();
        let (script, mistakes) = read_script(&source.text, &source.file, &names);
        for mistake in &mistakes {
            println!("{}", render::text(mistake, Some(&source.text), style()));
        }
        let Some(script) = script else {
            self.failed += 1;
            return;
        };
        if !self.checked.flows.contains_key(&script.flow) {
            println!("  the flow `{}` has mistakes; `replyflow check` shows them\n", script.flow);
            self.failed += script.cases.len().max(1);
            return;
        }
        self.tested.insert(script.flow.clone());
        for result in play(&script, &self.catalog, &self.project, &mut self.coverage) {
            self.case(&result, source);
        }
        println!();
    }

    fn case(&mut self, result: &CaseResult, source: &SourceFile) {
        match &result.failure {
            None => {
                self.passed += 1;
                println!("  {} {}", style().paint("32", "ok"), result.title);
            }
            Some(failure) => {
                self.failed += 1;
                println!("  {} {}", style().paint("1;31", "FAILED"), result.title);
                println!("{}", render::place(&source.file, failure.at, 1, Some(&source.text), style(), render::RED));
                println!("    {}\n", failure.message.replace('\n', "\n    "));
            }
        }
    }

    /// What no case of the tested flows went through.
    fn coverage(&self) {
        for name in &self.tested {
            let Some((flow, _)) = self.checked.flows.get(name) else { continue };
            let Missed { states, outcomes, total_states, total_outcomes } = self.coverage.missed(flow);
            let entered = total_states - states.len();
            print!("{name}: {entered} of {total_states} states");
            if total_outcomes > 0 {
                // Outcomes of states that were never entered are not listed again.
                print!(", {} outcomes not taken", outcomes.len());
            }
            println!();
            for (what, missed) in [("state", &states), ("outcome", &outcomes)] {
                for name in missed {
                    println!("  {} {what} {name}", style().paint("33", "no test goes through the"));
                }
            }
        }
    }
}
