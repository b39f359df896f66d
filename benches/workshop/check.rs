//! `replyflow check` on a large project: the files read, the flows understood, checked, and what is found written out.

use super::{flows, least};
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::flow::check::{check_project, parse_context};
use replyflow::flow::load::Sources;
use replyflow::flow::parse::read_flow;
use replyflow::flow::yaml;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const STATES: usize = 990;

pub fn run() {
    let flows: usize = std::env::var("WORKSHOP_FLOWS").map_or(100, |n| n.parse().expect("a number of flows"));
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = flows::write(folder.path(), flows, STATES).expect("a project");
    let settings = Settings::load(Some(&folder.path().join("replyflow.toml")), &Environment::new(), Secrets::Tolerated);
    let project = settings.unwrap_or_else(|mistakes| panic!("{mistakes}")).project;
    let context = parse_context(&project);
    let states = flows * (STATES + 1);
    println!("Check: {flows} flows, {states} states, {:.1} MB; seconds of CPU, the least of three.", bytes as f64 / 1e6);

    let (bytes_only, sources) = least(|| Sources::read(folder.path()).expect("readable"));
    let file: Arc<str> = "flows/x.yaml".into();
    let (trees, _) = least(|| sources.flows.values().for_each(|source| drop(black_box(yaml::read(&source.text, &file)))));
    let read = || sources.flows.values().for_each(|source| drop(black_box(read_flow(&source.text, &source.file, &context))));
    let (understood, ()) = least(read);
    let (checked, found) = least(|| check_project(&sources, &project).diagnostics);
    let (whole, printed) = command(folder.path());
    println!("  the bytes of the files   {bytes_only:6.3}");
    println!("  their YAML               {trees:6.3}");
    println!("  flows understood         {understood:6.3}  {:5.2} × the YAML", understood / trees);
    println!("  and checked              {checked:6.3}  {:5.2} × the YAML", checked / trees);
    println!("  everything, and printed  {whole:6.3}  {:5.2} × bytes and YAML", whole / (bytes_only + trees));
    println!("  {:.0} states a second; {} diagnostics, {printed}", states as f64 / whole, found.len());
}

/// The command as it is called, its beginning and its end included: its seconds of CPU, the least of three, and what it printed.
fn command(folder: &Path) -> (f64, String) {
    let once = || {
        let before = children_seconds();
        let made = Command::new(env!("CARGO_BIN_EXE_replyflow")).arg("check").current_dir(folder).output().expect("the command");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        (children_seconds() - before, String::from_utf8_lossy(&made.stdout).trim().to_owned())
    };
    let mut runs: Vec<(f64, String)> = (0..3).map(|_| once()).collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    runs.swap_remove(0)
}

/// Seconds of CPU of the processes that were waited for, in steps of a hundredth (proc(5): `cutime` and `cstime`).
fn children_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("a system that counts");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields[place].parse::<f64>().expect("a count");
    (ticks(13) + ticks(14)) / 100.0
}
