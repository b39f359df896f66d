//! What people can type must choose one thing: RF303, and never an opt-out or help word: RF304.

use super::{Report, World};
use crate::flow::definition::{Choices, Flow, Kind};
use crate::reply::choice::{Candidate, Options};
use crate::reply::intent::Intent;
use crate::reply::normalize::Normalized;
use std::collections::BTreeSet;

/// Checks every question with choices.
pub(super) fn check(flow: &Flow, world: &World<'_>, report: &mut Report) {
    let kinds = super::references::kinds(flow, world);
    for state in flow.states.values() {
        let Kind::Ask(ask) = &state.kind else { continue };
        let Some(choices) = ask.answer.choices() else { continue };
        collisions(flow, choices, report);
        for choice in choices.list.values() {
            let labels = choice.label.by_language.iter().filter_map(|(_, label)| label.constant_text());
            let typed: BTreeSet<&str> = labels.chain(choice.also.iter().map(String::as_str)).collect();
            for text in typed {
                for kind in &kinds {
                    if Intent::takes(&Normalized::of(text), *kind, &flow.languages).is_some() {
                        let message = format!("“{text}” is an opt-out or help word on {kind}; the contact would be opted out");
                        report.add(304, choice.at, 0, message, "choose a label that is no such word, for example of two words");
                        break;
                    }
                }
            }
        }
    }
}

fn collisions(flow: &Flow, choices: &Choices, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for language in &flow.languages {
        let candidates = choices.list.iter().map(|(id, choice)| Candidate {
            id: id.to_string(),
            label: choice.label.pick(*language).constant_text().unwrap_or_default().to_owned(),
            also: choice.also.clone(),
        });
        for collision in Options::new(candidates.collect(), *language).collisions() {
            if !seen.insert(collision.clone()) {
                continue;
            }
            let name = |i: usize| choices.list.get_index(i).map_or("?", |(id, _)| id.as_str());
            let at = choices.list.get_index(collision.second).map(|(_, c)| c.at).unwrap_or_default();
            let (first, second) = (name(collision.first), name(collision.second));
            let message = format!("`{first}` and `{second}` are both chosen by “{}”", collision.text);
            report.add(303, at, 0, message, "give one of them another label or `also`");
        }
    }
}
