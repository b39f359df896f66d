//! The results of tests for programs.

use super::{File, Problem, Report};
use crate::cli::arguments::Test;
use crate::cli::render;
use crate::testing::CaseResult;
use crate::testing::coverage::Covered;
use serde_json::{Map, Value, json};

/// `{ files, coverage, passed, failed, steps, took_ms }`.
pub(super) fn report(report: &Report, test: &Test) -> Value {
    let mut whole = json!({
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "passed": report.passed(),
        "failed": report.failed(),
        "steps": report.steps(),
        "took_ms": report.took.as_millis() as u64,
    });
    if test.case.is_none() {
        let covered: Map<String, Value> = report.covered.iter().map(|(name, c)| (name.to_string(), coverage(c))).collect();
        whole["coverage"] = Value::Object(covered);
        whole["below"] = report.below(test).iter().map(|name| name.as_str()).collect();
    }
    whole
}

fn file(file: &File) -> Value {
    let mut value = json!({
        "file": file.source.file,
        "flow": file.flow.as_ref().map(|flow| flow.as_str()),
        "cases": file.cases.iter().map(case).collect::<Vec<_>>(),
    });
    match &file.problem {
        Some(Problem::Mistakes(mistakes)) => value["diagnostics"] = render::json(mistakes)["diagnostics"].take(),
        Some(Problem::Flow(flow)) => value["problem"] = format!("the flow `{flow}` has mistakes").into(),
        None => {}
    }
    value
}

fn case(case: &CaseResult) -> Value {
    let mut value = json!({
        "title": case.title,
        "line": case.at.line,
        "result": if case.failure.is_none() { "passed" } else { "failed" },
        "steps": case.steps,
    });
    if let Some(failure) = &case.failure {
        let difference = failure.difference.as_ref();
        value["failure"] = json!({
            "line": failure.at.line,
            "column": failure.at.column,
            "message": failure.message,
            "expected": difference.map(|d| &d.expected),
            "came": difference.map(|d| &d.came),
        });
    }
    value
}

fn coverage(covered: &Covered) -> Value {
    let mut value = json!({ "percent": covered.percent() });
    for (what, part) in covered.parts() {
        value[format!("{what}s")] = json!({ "total": part.total, "taken": part.taken, "missed": part.missed });
    }
    value
}
