//! What can be typed for a choice: words that are commands of the flow (RF305), and texts that a slip turns into each other
//! (RF309).

use super::{Report, World};
use crate::flow::definition::{AnytimeTarget, AnytimeTrigger, Ask, Command, Flow, Kind, StateId, Target, Then};
use crate::reply::command;
use crate::reply::normalize::Normalized;
use std::collections::BTreeSet;

/// Checks every question with choices.
pub(super) fn check(flow: &Flow, _world: &World<'_>, report: &mut Report) {
    let commands: Vec<(Command, Option<StateId>)> = flow
        .anytime
        .iter()
        .filter_map(|entry| match (&entry.trigger, &entry.target) {
            (AnytimeTrigger::Command(command), AnytimeTarget::Target(target)) => Some((*command, leads(target))),
            (AnytimeTrigger::Command(command), AnytimeTarget::AskAgain(_)) => Some((*command, None)),
            _ => None,
        })
        .collect();
    for state in flow.states.values() {
        let Kind::Ask(ask) = &state.kind else { continue };
        if !commands.is_empty() {
            self::commands(flow, ask, &commands, report);
        }
        slips(flow, ask, report);
    }
}

fn commands(flow: &Flow, ask: &Ask, commands: &[(Command, Option<StateId>)], report: &mut Report) {
    let Some(choices) = ask.answer.choices() else { return };
    for (id, choice) in &choices.list {
        let labels = choice.label.by_language.iter().filter_map(|(_, label)| label.constant_text());
        let typed: BTreeSet<&str> = labels.chain(choice.also.iter().map(String::as_str)).collect();
        // Where both lead to the same state nothing is lost.
        let leads = ask.outcomes.get(id.as_str()).and_then(leads);
        for text in typed {
            let Some(command) = command::Command::of(&Normalized::of(text), &flow.languages) else { continue };
            let taken = commands.iter().find(|(known, _)| *known == command);
            if taken.is_some_and(|(_, to)| to.is_none() || *to != leads) {
                let name = command.as_str();
                let message = format!("“{text}” is the command `{name}`; the question never sees it, unless the match is exact");
                report.add(
                    305,
                    choice.at,
                    0,
                    message,
                    format!("choose another label, or let `command: {name}` do what this choice does"),
                );
            }
        }
    }
}

/// The state to which a target leads whatever happens.
fn leads(target: &Target) -> Option<StateId> {
    match target {
        Target::State(to) => Some(*to),
        Target::Step(step) => match &step.then {
            Then::Go(target) => leads(target),
            Then::End(_) | Then::Again { .. } => None,
        },
        Target::Ways(_) => None,
    }
}

/// What the replies to a question are compared with is the same in most languages, and was made when the flow was read.
fn slips(flow: &Flow, ask: &Ask, report: &mut Report) {
    let Some(choices) = ask.answer.choices() else { return };
    let mut seen = BTreeSet::new();
    for (_, options) in flow.languages.iter().zip(&choices.prepared) {
        let Some(options) = options else { continue };
        for (first, second, a, b) in options.near() {
            let pair = (first.min(second), first.max(second));
            let at = |index: usize| choices.list.get_index(index).map(|(_, choice)| choice);
            let (Some(one), Some(other)) = (at(pair.0), at(pair.1)) else { continue };
            let apart = one.condition.is_some() && other.condition.is_some();
            if !apart && seen.insert(pair) {
                let message = format!("“{a}” and “{b}” differ by one letter; a slip chooses the other");
                report.add(309, other.at, 0, message, "make one of them longer, or give it another word");
            }
        }
    }
}
