//! RF510: what comes after a digest is lost where the start that it follows has no `repeat`. Who writes `repeat: ignore` there has said what is
//! meant.

use super::super::Report;
use super::super::place::Text;
use crate::flow::definition::{Kind, Repeat, Start, StateId, Trigger};
use crate::flow::ways::Ways;
use crate::flow::yaml::Tree;

/// Checks every digest of a flow.
pub(super) fn check(text: &Text<'_>, ways: &Ways<'_>, report: &mut Report) {
    let flow = ways.flow();
    for (id, state) in ways.states().zip(flow.states.values()) {
        let Kind::Digest(digest) = &state.kind else { continue };
        let begins = |start: &&Start| matches!(&start.trigger, Trigger::Event(event) if *event == digest.event);
        let ignores = |start: &&Start| start.repeat == Repeat::Ignore && !says_repeat(text, start);
        let Some(start) = flow.starts.iter().filter(begins).find(ignores) else { continue };
        if waits_after(ways, id) {
            let message = "Events that come after this digest are ignored by `repeat: ignore`";
            let help = format!(
                "write `repeat: restart` or `repeat: another` at the start on line {}, or `repeat: ignore` if that is meant",
                start.at.line
            );
            report.add(510, digest.at, 0, message, help);
        }
    }
}

/// Whether the file itself says what a second start does.
fn says_repeat(text: &Text<'_>, start: &Start) -> bool {
    let below = |node: Option<&crate::flow::yaml::Node<'_>>| match node.map(|node| &node.tree) {
        Some(Tree::Map(entries)) => entries.iter().any(|entry| entry.key.text == "repeat"),
        _ => false,
    };
    let Some(Tree::Map(top)) = text.root().map(|root| &root.tree) else { return false };
    match top.iter().find(|entry| entry.key.text == "start").map(|entry| &entry.value.tree) {
        Some(Tree::List(items)) => below(items.iter().find(|item| item.at == start.at)),
        _ => false,
    }
}

/// Whether a run can still wait for something once it has left this state: then the events of that time are lost.
fn waits_after(ways: &Ways<'_>, digest: StateId) -> bool {
    let mut seen = vec![false; ways.flow().states.len()];
    let mut open: Vec<StateId> = ways.next(digest).collect();
    while let Some(id) = open.pop() {
        let Some(known) = seen.get_mut(usize::from(id.0)).filter(|known| !**known) else { continue };
        *known = true;
        if id != digest && ways.outcomes(id).iter().any(|outcome| outcome.waits) {
            return true;
        }
        open.extend(ways.next(id));
    }
    false
}
