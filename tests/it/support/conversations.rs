//! Projects on disk, checked and played as `replyflow check` and `replyflow test` do it.

use replyflow::config::project::Project;
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::{Checked, check_project};
use replyflow::flow::definition::Flow;
use replyflow::flow::load::Sources;
use replyflow::testing::coverage::{Coverage, Covered};
use replyflow::testing::{CaseResult, Texts, play, read_script};
use std::path::Path;
use std::sync::Arc;

/// What came of a project.
pub struct Played {
    /// What the checker says.
    pub checked: Checked,
    /// Each test file with the result of each case.
    pub results: Vec<(String, Vec<CaseResult>)>,
    /// How much of each flow the cases went through.
    pub covered: Vec<(String, Covered)>,
}

/// Checks a project and plays its tests.
pub fn play_project(folder: &Path, project: &Project) -> Played {
    let sources = Sources::read(folder).expect("a readable folder");
    let checked = check_project(&sources, project);
    let flows: Vec<Arc<Flow>> = checked.flows.values().map(|(flow, _)| flow.clone()).collect();
    let current: Vec<_> = flows.iter().map(|flow| flow.version).collect();
    let catalog = Arc::new(Catalog::new(flows.clone(), &current));
    let project = Arc::new(project.clone());
    let names: Vec<&str> = flows.iter().map(|flow| flow.name.as_str()).collect();
    let mut coverage = Coverage::default();
    let mut results = Vec::new();
    for source in sources.tests.values() {
        let (script, diagnostics) = read_script(&source.text, &source.file, &names);
        assert!(diagnostics.is_empty(), "{diagnostics:#?}");
        let script = script.expect("a script without mistakes");
        results.push((source.file.clone(), play(&script, &catalog, &project, Texts::Compared, &mut coverage)));
    }
    let covered = flows.iter().map(|flow| (flow.name.to_string(), coverage.of(flow))).collect();
    Played { checked, results, covered }
}

impl Played {
    /// No mistake, no failure.
    pub fn assert_good(&self) {
        let said: Vec<String> = self
            .checked
            .diagnostics
            .iter()
            .map(|d| format!("{}:{}:{} {} {}", d.file, d.at.line, d.at.column, d.code, d.message))
            .collect();
        assert!(said.is_empty(), "\n{}", said.join("\n"));
        let mut wrong = Vec::new();
        for (file, cases) in &self.results {
            for case in cases {
                if let Some(failure) = &case.failure {
                    wrong.push(format!("{file}:{} {}: {}", failure.at.line, case.title, failure.message));
                }
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
        assert!(!self.results.is_empty(), "no test was played");
    }
}
