//! The engine alone: a record is read, the engine takes a step, the record is written.

use super::counted;
use super::flows;
use super::series::{Dimension, Kind, Measure};
use super::talk::{Step, Talk};
use replyflow::config::project::Project;
use replyflow::config::{Environment, Secrets, Settings};
use replyflow::flow::catalog::Catalog;
use replyflow::flow::check::check_project;
use replyflow::flow::load::Sources;
use replyflow::flow::version::SourceFile;
use std::fmt::Write as _;
use std::hint::black_box;

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// States of each flow.
    pub states: usize,
    /// Answers before those that are counted; none: the conversation is counted from its first word on.
    pub answers: usize,
    /// Flows that begin over the same channel.
    pub flows: usize,
    /// Channels over which the flow begins.
    pub channels: usize,
}

/// Lets one of them grow.
pub fn grow(name: &'static str, part: &str, sizes: Vec<u64>) -> Dimension {
    let of = |n: usize| match part {
        "states" => Size { states: n, answers: 1, flows: 1, channels: 1 },
        "answers" => Size { states: 12, answers: n, flows: 1, channels: 1 },
        "flows" => Size { states: 10, answers: 0, flows: n, channels: 1 },
        _ => Size { states: 10, answers: 0, flows: 1, channels: n },
    };
    let count = |n: &u64| {
        let Size { states, answers, flows, channels } = of(*n as usize);
        counted::instructions(|turns| format!("engine {states} {answers} {flows} {channels} {turns}"))
    };
    let values = sizes.iter().map_while(count).collect();
    Dimension { name, sizes, measures: vec![Measure { kind: Kind::Instructions, name: "engine: instructions", values }] }
}

/// The process that is counted: everything up to the conversation, and then so many turns.
pub fn be(size: &Size, turns: usize) {
    let project = project(size.channels);
    let catalog = catalog(&project, size);
    let steps: (Talk<'_>, Vec<Step>) = match size.answers {
        0 => {
            let mut talk = Talk::new(&catalog, &project);
            let steps = talk.steps(std::iter::once("circle").chain((0..4).map(flows::answer)));
            (talk, steps)
        }
        answers => {
            let mut talk = Talk::begin(&catalog, &project, "circle");
            talk.answer(answers);
            let steps = talk.round(answers);
            (talk, steps)
        }
    };
    let (talk, steps) = steps;
    steps.iter().cycle().take(turns).for_each(|step| drop(black_box(talk.run(black_box(step)))));
}

/// A project with so many channels for text messages.
fn project(channels: usize) -> Project {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("replyflow.toml");
    let mut settings = "[project]\ncountry = \"GB\"\n".to_owned();
    for channel in names(channels) {
        let _ = write!(settings, "[channels.{channel}]\nprovider = \"simulator\"\nkind = \"sms\"\n");
    }
    std::fs::write(&file, settings).expect("a project");
    Settings::load(Some(&file), &Environment::new(), Secrets::Tolerated).unwrap_or_else(|e| panic!("{e}")).project
}

/// The channel on which people write, and others.
fn names(channels: usize) -> Vec<String> {
    let others = (1..channels).map(|n| format!("line-{n:03}"));
    std::iter::once("main-sms".to_owned()).chain(others).collect()
}

/// Flows that go in a circle. The first one is played; the others begin with other words.
fn catalog(project: &Project, size: &Size) -> Catalog {
    let channels = format!("channels: [{}]", names(size.channels).join(", "));
    let mut sources = Sources::default();
    for n in 0..size.flows {
        let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
        let name = if n == 0 { "circle".to_owned() } else { format!("round{}{}", letter(n / 26), letter(n)) };
        let text = flows::circle(&name, size.states).replace("channels: [main-sms]", &channels);
        sources.flows.insert(name.clone(), SourceFile { file: format!("flows/{name}.yaml"), text });
    }
    let checked = check_project(&sources, project);
    assert_eq!(checked.errors(), 0, "{:#?}", checked.diagnostics);
    let current: Vec<_> = checked.flows.values().map(|(flow, _)| flow.version).collect();
    Catalog::new(checked.flows.into_values().map(|(flow, _)| flow), &current)
}
