//! `replyflow explore`

use super::arguments::{Explore as Arguments, Format};
use super::check::{Place, Read};
use super::render::{self, Style};
use super::{Project, Stop, flows, style};
use crate::config::{Secrets, Settings};
use crate::domain::name::ChannelName;
use crate::domain::time::Span;
use crate::flow::definition::Flow;
use crate::testing::explore::{Bounds, Exploration, Figure, Finding, Progress, Which, explore};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "1;32";
const YELLOW: &str = "1;33";
/// Moves between two signs of life.
const PROGRESS: usize = 500;
/// Moves of a way that are shown.
const SHOWN: usize = 8;
/// Remarks of one kind that are shown; `--format json` has all.
const REMARKS: usize = 20;

pub(super) fn run(project: &Project, arguments: &Arguments) -> Result<(), Stop> {
    let exploration = walk(project, arguments).map_err(Stop::into_unasked)?;
    if let Some(which) = &arguments.case {
        let asked = |why: String| Stop::with_hint(why, "`replyflow explore FLOW` shows what there is").into_unasked();
        let which = Which::parse(which).ok_or_else(|| asked(format!("`{which}` is no way")))?;
        let case = exploration.case(&which).map_err(asked)?;
        print!("{}", exploration.yaml(&case));
        return Ok(());
    }
    if arguments.cases.is_some() {
        print!("{}", exploration.file(&exploration.cases()));
        return Ok(());
    }
    let most = arguments.max_unasked;
    let loud = most.filter(|most| exploration.unasked.as_ref().is_some_and(|figure| figure.amount > *most as i64));
    match arguments.format {
        Format::Text => print!("{}", text(&exploration, loud, style())),
        Format::Json => println!("{:#}", document(&exploration, loud)),
    }
    if exploration.is_good() && loud.is_none() { Ok(()) } else { Err(Stop::Found) }
}

fn walk(project: &Project, arguments: &Arguments) -> Result<Exploration, Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let (paths, name) = place(&arguments.flow);
    let Read { sources, checked, .. } = Place::of(&settings, &paths)?.read(&settings)?;
    let flow = flows::find(&sources, &checked, &name)?;
    let channels = channels(&settings, flow, arguments.channel.as_deref())?;
    let bounds = Bounds { steps: arguments.steps, turns: arguments.turns, ways: arguments.ways, seed: arguments.seed };
    let catalog = Arc::new(flows::catalog(&checked));
    let mut sign = Sign { shown: std::io::stderr().is_terminal(), last: 0 };
    let exploration = explore(flow, &catalog, &Arc::new(settings.project.clone()), &channels, &bounds, &mut |at| sign.of(at));
    sign.clear();
    exploration.map_err(Stop::failed)
}

/// Where to look for a flow, and its name.
fn place(flow: &str) -> (Vec<PathBuf>, String) {
    let path = Path::new(flow);
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some(stem) if path.extension().is_some_and(|e| e == "yaml" || e == "yml") => (vec![path.to_path_buf()], stem.to_owned()),
        _ => (Vec::new(), flow.to_owned()),
    }
}

fn channels(settings: &Settings, flow: &Flow, wanted: Option<&str>) -> Result<Vec<ChannelName>, Stop> {
    let first = flows::channel(settings, flow, wanted)?;
    if wanted.is_some() {
        return Ok(vec![first]);
    }
    let known = flow.channels.iter().filter(|name| settings.project.channels.contains_key(*name));
    let all: Vec<ChannelName> = known.cloned().collect();
    Ok(if all.is_empty() { vec![first] } else { all })
}

/// A line on the terminal that says how far it is.
struct Sign {
    shown: bool,
    last: usize,
}

impl Sign {
    fn of(&mut self, at: Progress) {
        if self.shown && at.turns >= self.last + PROGRESS {
            self.last = at.turns;
            eprint!("\r{} turns, {} situations, {} to walk on from   ", at.turns, at.situations, at.waiting);
            let _ = std::io::stderr().flush();
        }
    }

    fn clear(&self) {
        if self.shown && self.last > 0 {
            eprint!("\r{:70}\r", "");
        }
    }
}

fn text(found: &Exploration, loud: Option<usize>, style: Style) -> String {
    let mut out = String::new();
    let channels: Vec<&str> = found.channels.iter().map(ChannelName::as_str).collect();
    let _ = writeln!(out, "{} on {}", style.paint(BOLD, found.flow.as_str()), channels.join(", "));
    let _ = writeln!(out, "  {} turns, {} situations{}", found.turns, found.situations, stopped(found));
    let (states, outcomes) = (found.states, found.outcomes);
    let counts = format!("{} of {} states, {} of {} outcomes and choices", states.0, states.1, outcomes.0, outcomes.1);
    let all = states.0 == states.1 && outcomes.0 == outcomes.1;
    let _ = writeln!(out, "  {}", style.paint(if all { GREEN } else { render::RED }, &format!("reached {counts}")));
    let mut list = |title: &str, colour: &str, findings: &[Finding]| {
        if findings.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n{}", style.paint(colour, title));
        for finding in findings.iter().take(REMARKS) {
            let why = if finding.why.is_empty() { String::new() } else { format!("  {}", finding.why) };
            let _ = writeln!(out, "  {}{}", printable(&finding.what), printable(&why));
            if !finding.way.is_empty() {
                let case = finding.case.as_ref().map(|case| format!("  (--case {case})")).unwrap_or_default();
                let _ = writeln!(out, "    {}", style.paint(DIM, &format!("{}{case}", way(&finding.way))));
            }
        }
        if findings.len() > REMARKS {
            let _ = writeln!(out, "  and {} more; --format json shows all", findings.len() - REMARKS);
        }
    };
    list("Never reached", render::RED, &found.missing);
    list("Never ends", render::RED, &found.endless);
    list("Never falls silent", render::RED, found.ceaseless.as_slice());
    list("Fails", render::RED, &found.failures);
    list("An answer is not taken for itself", YELLOW, &found.misread);
    list("Noted by the engine", YELLOW, &found.notes);
    list("Messages that nobody wants", DIM, &found.strays);
    let ends: Vec<String> = found.ends.iter().map(|(end, _)| end.clone()).collect();
    let _ = writeln!(out, "\n{:<15} {}", "Ends", if ends.is_empty() { "none".to_owned() } else { ends.join(", ") });
    let mut figure = |title: &str, figure: &Option<Figure>, case: &str, say: &dyn Fn(i64) -> String| {
        let Some(figure) = figure else { return };
        let text = format!("{} to {}", say(figure.amount), figure.to);
        let _ = writeln!(out, "{title:<15} {text:<50} {}", style.paint(DIM, &format!("--case {case}")).trim_end());
    };
    figure("Longest way", &found.longest, "longest", &|n| format!("{n} steps"));
    figure("Longest time", &found.slowest, "slowest", &|n| Span(n).to_string());
    figure("Most messages", &found.most_messages, "most-messages", &|n| format!("{n} over a way"));
    figure("", &found.at_once, "at-once", &|n| format!("{n} at once"));
    let endless = found.ceaseless.is_some();
    figure("", &found.unasked, "unasked", &|n| {
        format!("{}{n} without a word of the contact", if endless { "more than " } else { "" })
    });
    if let Some(most) = loud {
        let _ =
            writeln!(out, "\n{}", style.paint(render::RED, &format!("More than {most} messages without a word of the contact")));
    }
    out
}

fn stopped(found: &Exploration) -> String {
    if found.stopped.is_empty() {
        return ": every way there is".to_owned();
    }
    let why = |what: &&str| match *what {
        "values" => "places with too many different values".to_owned(),
        what => format!("the bound --{what}"),
    };
    format!("; some ways were not walked to their end: {}", found.stopped.iter().map(why).collect::<Vec<_>>().join(", "))
}

/// A way in one line: its last moves.
fn way(moves: &[String]) -> String {
    let skipped = moves.len().saturating_sub(SHOWN);
    let shown = moves[skipped..].join(" → ");
    let text = if skipped > 0 { format!("… → {shown}") } else { shown };
    printable(&text)
}

/// A control character must not reach the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn document(found: &Exploration, loud: Option<usize>) -> Value {
    let findings = |list: &[Finding]| -> Vec<Value> {
        list.iter().map(|f| json!({ "what": f.what, "why": f.why, "way": f.way, "case": f.case })).collect()
    };
    let figure = |figure: &Option<Figure>| figure.as_ref().map(|f| json!({ "amount": f.amount, "to": f.to, "way": f.way }));
    json!({
        "flow": found.flow.as_str(),
        "channels": found.channels.iter().map(ChannelName::as_str).collect::<Vec<_>>(),
        "good": found.is_good() && loud.is_none(),
        "turns": found.turns,
        "situations": found.situations,
        "stopped": found.stopped,
        "states": { "reached": found.states.0, "all": found.states.1 },
        "outcomes": { "reached": found.outcomes.0, "all": found.outcomes.1 },
        "missing": findings(&found.missing),
        "endless": findings(&found.endless),
        "ceaseless": found.ceaseless.as_ref().map(|f| findings(std::slice::from_ref(f))),
        "failures": findings(&found.failures),
        "misread": findings(&found.misread),
        "notes": findings(&found.notes),
        "unwanted": findings(&found.strays),
        "ends": found.ends.iter().map(|(end, ways)| json!({ "end": end, "ways": ways })).collect::<Vec<_>>(),
        "longest": figure(&found.longest),
        "slowest_ms": figure(&found.slowest),
        "most_messages": figure(&found.most_messages),
        "at_once": figure(&found.at_once),
        "unasked": figure(&found.unasked),
    })
}
