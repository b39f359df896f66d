//! A flow that runs another must give what that one needs (RF203) and declares (RF201), and decide how it ends: no end that it
//! does not have (RF115), each that it has (RF116).

use super::{Report, World, remedy};
use crate::domain::name::Slug;
use crate::flow::definition::{Flow, Kind, Origin, RunFlow};
use crate::flow::parse::{Mention, MentionKind, Reading, RunWays};

/// The words for trouble, which each flow decides by itself or by its `defaults`.
const TROUBLES: [&str; 4] = ["nomatch", "silence", "undelivered", "failed"];

/// Checks every `run` whose flow could be read.
pub(super) fn check(reading: &Reading<Flow>, flow: &Flow, world: &World<'_>, report: &mut Report) {
    let named = Mention::by_state(&reading.mentions, MentionKind::Flow, flow);
    for (place, state) in flow.states.values().enumerate() {
        let Kind::Run(run) = &state.kind else { continue };
        let Some(sub) = world.flow(run.flow.as_str()).filter(|sub| !world.unsound.contains(&sub.name)) else { continue };
        let (at, width) = named[place].map_or((state.at, 0), |m| (m.at, m.width));
        for (name, variable) in &sub.variables {
            let needed = matches!(&variable.origin, Origin::Need { default: None });
            if needed && !run.with.iter().any(|(given, _)| given == name) {
                let message = format!("This start does not give `{name}`, which the flow `{}` needs", run.flow);
                let help = format!("add it to this `run`: `with: {{ {name}: … }}`");
                report.add(203, at, width, message, help);
            }
        }
        if let Some(ways) = reading.run_ways.iter().find(|ways| usize::from(ways.state.0) == place) {
            ends(&run.flow, run, ways, world, report);
        }
    }
    for handed in reading.handed.iter().filter(|handed| handed.to == MentionKind::Flow) {
        let Some(sub) = world.flow(handed.of.0.as_str()).filter(|sub| !world.unsound.contains(&sub.name)) else { continue };
        let own = sub.variables.iter().filter(|(_, v)| !matches!(v.origin, Origin::Saved)).map(|(name, _)| name.as_str());
        let (name, at, width) = &handed.name;
        if !own.clone().any(|own| own == name.as_str()) {
            let message = format!("Unknown name `{name}`; the flow `{}` does not declare it", handed.of.0);
            report.add(201, *at, *width, message, remedy("variable in that flow", name.as_str(), own));
        }
    }
}

fn ends(flow: &Slug, run: &RunFlow, ways: &RunWays, world: &World<'_>, report: &mut Report) {
    let Some(sub) = world.subs.get(flow.as_str()) else { return };
    let ordinary = || sub.ends.keys().map(String::as_str).filter(|end| !TROUBLES.contains(end));
    let mut strange = false;
    for (name, at, width) in &ways.named {
        if !ordinary().any(|end| end == &**name) {
            strange = true;
            let shown: Vec<String> = ordinary().map(|end| format!("`{end}`")).collect();
            let has =
                if shown.is_empty() { "it never ends by itself".to_owned() } else { format!("it has {}", shown.join(", ")) };
            let message = format!("The flow `{flow}` has no end `{name}`; {has}");
            report.add(115, *at, *width, message, remedy("end in that flow", name, ordinary()));
        }
    }
    let undecided: Vec<&str> = ordinary().filter(|end| run.outcomes.get(end).is_none()).collect();
    if let Some(first) = undecided.first().filter(|_| !strange) {
        let shown: Vec<String> = undecided.iter().map(|end| format!("`{end}`")).collect();
        let message = match shown.len() {
            1 => format!("The end {} of the flow `{flow}` is not decided", shown[0]),
            _ => format!("The ends {} of the flow `{flow}` are not decided", shown.join(", ")),
        };
        report.add(116, ways.at, 2, message, format!("add `{first}: NAME`, or `else: NAME` for all that are not named"));
    }
}
