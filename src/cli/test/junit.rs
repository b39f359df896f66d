//! The results of tests as JUnit's XML, which pipelines read: a suite for each file, a case for each case.

use super::{File, Problem, Report};
use quick_junit::{NonSuccessKind, SerializeError, TestCase, TestCaseStatus, TestSuite};

/// The document.
pub(super) fn report(report: &Report) -> Result<String, SerializeError> {
    let mut whole = quick_junit::Report::new("replyflow test");
    whole.set_time(report.took);
    whole.add_test_suites(report.files.iter().map(suite));
    whole.to_string()
}

fn suite(file: &File) -> TestSuite {
    let mut suite = TestSuite::new(file.source.file.as_str());
    let named = |title: &str, status| {
        let mut case = TestCase::new(title, status);
        case.set_classname(file.flow.as_ref().map_or(file.source.file.as_str(), |flow| flow.as_str()));
        case
    };
    if let Some(problem) = &file.problem {
        let what = match problem {
            Problem::Mistakes(mistakes) => {
                let said = mistakes.iter().map(|d| format!("{}:{}: {} {}", d.file, d.at.line, d.code, d.message));
                said.collect::<Vec<_>>().join("\n")
            }
            Problem::Flow(flow) => format!("the flow `{flow}` has mistakes; `replyflow check` shows them"),
        };
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message("the file cannot be played").set_description(what);
        suite.add_test_case(named("(file)", status));
    }
    for case in &file.cases {
        let status = match &case.failure {
            None => TestCaseStatus::success(),
            Some(failure) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let first = failure.message.lines().next().unwrap_or("");
                let place = format!("{}:{}:{}", file.source.file, failure.at.line, failure.at.column);
                status.set_message(first).set_description(format!("{place}\n{}", failure.message));
                status
            }
        };
        let mut shown = named(&case.title, status);
        shown.set_assertions(case.steps);
        suite.add_test_case(shown);
    }
    suite
}
