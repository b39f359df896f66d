//! The files that bring the service onto machines: their projects are read and checked, and what they name of the service exists.

use crate::support::command::replyflow_in;
use crate::support::process::{Service, project};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn file(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Names that begin with `replyflow_`, as metrics do.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let pattern = regex::Regex::new(r"\breplyflow_[a-z_]+").expect("a pattern");
    pattern.find_iter(text).map(|found| found.as_str().trim_end_matches("_bucket")).collect()
}

#[test]
fn rules_and_dashboards_name_metrics_that_there_are() {
    let own = [
        "src/service/metrics.rs",
        "src/http/hooks.rs",
        "src/http/trace.rs",
        "src/http/sources.rs",
        "src/http/desks.rs",
        "src/http/flows/mod.rs",
    ];
    let source = own.map(file).concat();
    let known = metrics_in(&source);
    assert!(known.len() > 20, "{known:?}");
    for name in ["deploy/prometheus/rules.yaml", "deploy/grafana/replyflow.json"] {
        let text = file(name);
        let named = metrics_in(&text);
        let unknown: Vec<&&str> = named.difference(&known).collect();
        assert!(!named.is_empty() && unknown.is_empty(), "{name}: {unknown:?}");
    }
    let board: serde_json::Value = serde_json::from_str(&file("deploy/grafana/replyflow.json")).expect("JSON");
    let board = board["panels"].to_string();
    let shown = metrics_in(&board);
    let missed: Vec<&&str> = known.difference(&shown).filter(|name| !NOT_SHOWN.contains(*name)).collect();
    assert!(missed.is_empty(), "the dashboard does not show {missed:?}");
}

/// What the dashboard leaves out: it matters where somebody looks for one thing.
const NOT_SHOWN: [&str; 14] = [
    "replyflow_http_request_seconds",
    "replyflow_mode",
    "replyflow_hooks_refused_total",
    "replyflow_hooks_malformed_total",
    "replyflow_http_requests_total",
    "replyflow_source_items_total",
    "replyflow_desk_items_total",
    "replyflow_webhooks_refused_total",
    "replyflow_store_up",
    "replyflow_unknown_events_total",
    "replyflow_circuit_open",
    "replyflow_journal_entries",
    "replyflow_sink_rows_total",
    "replyflow_sink_requests_total",
];

/// A folder with this project and the sample flows.
fn samples_with(toml: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("replyflow.toml"), toml).expect("written");
    for part in ["flows", "templates"] {
        let to = folder.path().join(part);
        fs::create_dir(&to).expect("a folder");
        for entry in fs::read_dir(root().join(part)).expect("samples") {
            let from = entry.expect("a file").path();
            if from.is_file() {
                fs::copy(&from, to.join(from.file_name().expect("a name"))).expect("copied");
            }
        }
    }
    folder
}

#[test]
fn the_project_of_compose_runs_the_sample_flows() {
    let folder = samples_with(&file("deploy/compose/replyflow.toml"));
    let (said, code) = replyflow_in(folder.path(), &["check", "--strict"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn the_project_of_the_pods_is_one() {
    let text = file("deploy/kubernetes/configmap.yaml");
    let (_, toml) = text.split_once("replyflow.toml: |\n").expect("the file");
    let toml: Vec<&str> = toml.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("flows")).expect("a folder");
    fs::write(folder.path().join("replyflow.toml"), toml.join("\n")).expect("written");
    let (said, code) = replyflow_in(folder.path(), &["check"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn what_the_image_copies_and_the_unit_calls_exists() {
    let image = file("Dockerfile");
    let copied = image.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|rest| !rest.starts_with("--from"));
    for part in copied.flat_map(|rest| rest.split(' ').rev().skip(1)) {
        assert!(root().join(part).exists(), "the Dockerfile copies {part}");
        assert!(file(".dockerignore").lines().any(|line| line == format!("!{part}")), ".dockerignore leaves out {part}");
    }
    let unit = file("deploy/systemd/replyflow.service");
    for command in unit.lines().filter(|line| line.starts_with("ExecStart")) {
        let word = command.split(' ').nth(1).expect("a command");
        let (help, code) = replyflow_in(&root(), &[word, "--help"]);
        assert_eq!(code, 0, "{command}: {help}");
    }
}

#[tokio::test]
async fn health_says_whether_the_service_takes_webhooks() {
    let folder = tempfile::tempdir().expect("a folder");
    let toml = "[store]\npath = \"data\"\n[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";
    project(folder.path(), toml, &[]);
    let (said, code) = replyflow_in(folder.path(), &["health", "--url", "http://127.0.0.1:1"]);
    assert!(code == 1 && said.contains("cannot be reached") && said.contains("replyflow serve"), "{code} {said}");
    let service = Service::start(folder.path());
    let url = service.url.clone();
    let (said, code) = tokio::task::spawn_blocking({
        let folder = folder.path().to_owned();
        move || replyflow_in(&folder, &["health", "--url", &url])
    })
    .await
    .expect("no panic");
    assert!(code == 0 && said.contains("is ready"), "{code} {said}");
    assert!(service.stop(), "a clean stop");
}
