//! `replyflow check` on a large project: the files read, the flows understood, checked, and what is found written out.

use super::{flows, least};
use replyflow::cli::render::{self, Style};
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::flow::check::{check_project, parse_context};
use replyflow::flow::load::Sources;
use replyflow::flow::parse::read_flow;
use replyflow::flow::yaml;
use std::hint::black_box;
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
    // The command ends without taking apart what it understood; neither is that counted here.
    let (checked, found) = least(|| check_project(&sources, &project));
    let (whole, (printed, _)) = least(|| {
        let sources = Sources::read(folder.path()).expect("readable");
        let checked = check_project(&sources, &project);
        let texts = checked.diagnostics.iter().map(|d| render::text(d, None, Style::PLAIN).len()).sum::<usize>();
        (texts + render::summary(0, checked.diagnostics.len(), checked.files, Style::PLAIN).len(), checked)
    });
    println!("  the bytes of the files   {bytes_only:6.3}");
    println!("  their YAML               {trees:6.3}");
    println!("  flows understood         {understood:6.3}  {:5.2} × the YAML", understood / trees);
    println!("  and checked              {checked:6.3}  {:5.2} × the YAML", checked / trees);
    println!("  everything, and printed  {whole:6.3}  {:5.2} × bytes and YAML", whole / (bytes_only + trees));
    println!("  {:.0} states a second; {} diagnostics, {printed} bytes printed", states as f64 / whole, found.diagnostics.len());
}
