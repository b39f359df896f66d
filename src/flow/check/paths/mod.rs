//! What the ways through a flow show: loops (RF119, RF122, RF503), states without an end (RF120), sub-flows that run each other
//! in a circle (RF123), outcomes that the state does not decide (RF108, RF121), variables without a value (RF204) or a reader (RF210), the
//! 24-hour window (RF408, RF416), moments that are past (RF603), what comes after a digest (RF510). Where the reader found an error in a flow, ways may be
//! missing because of it, and nothing is said here.

mod callers;
mod digests;
mod facts;
mod loops;
mod moments;
mod outcomes;
mod reach;
mod reads;
mod unread;
mod values;
mod window;
mod witness;

pub(super) use callers::Callers;
pub(super) use window::Windows;

use super::place::Text;
use super::{Report, World};
use crate::flow::definition::{Flow, StateId};
use crate::flow::diagnostic::{At, Severity};
use crate::flow::parse::Reading;
use crate::flow::ways::Ways;
use crate::flow::yaml::Tree;

/// Checks the ways of a flow.
pub(super) fn check(reading: &Reading<Flow>, text: &Text<'_>, flow: &Flow, world: &World<'_>, report: &mut Report) {
    if reading.has_errors() {
        return;
    }
    let own;
    let ways = match world.ways.get(&flow.name).filter(|ways| std::ptr::eq(ways.flow(), flow)) {
        Some(ways) => *ways,
        None => {
            own = Ways::among(flow, world.subs);
            &own
        }
    };
    // What nothing leads to decides nothing: the rest is said when that is mended.
    if reach::check(ways, report) {
        return;
    }
    loops::check(text, ways, report);
    outcomes::check(text, ways, world, report);
    values::check(reading, ways, world, report);
    // A name that is written wrongly is not read, and what holds it may not be either.
    if !report.found.iter().any(|found| found.code.severity() == Severity::Error) {
        unread::check(flow, world, report);
    }
    moments::check(ways, report);
    window::check(flow, world, report);
    digests::check(text, ways, report);
}

/// A way as people read it: `a` → `b` → `a`. Of a long one the middle is left out.
fn shown(flow: &Flow, way: &[StateId]) -> String {
    const MOST: usize = 8;
    let name = |id: &StateId| format!("`{}`", flow.state_name(*id));
    let mut names: Vec<String> = way.iter().map(name).collect();
    if names.len() > MOST {
        let left_out = names.len() - MOST;
        names.splice(MOST / 2..MOST / 2 + left_out, [format!("… {left_out} more …")]);
    }
    names.join(" → ")
}

/// Where a key below a state stands, as far as the file has it: `["go", "silence"]`; else the state.
fn key_place(text: &Text<'_>, flow: &Flow, id: StateId, keys: &[&str]) -> (At, u32) {
    let find = || {
        let mut node = text.root()?;
        let mut found = None;
        for name in ["states", flow.state_name(id)].iter().chain(keys) {
            let Tree::Map(entries) = &node.tree else { return None };
            let entry = entries.iter().find(|entry| entry.key.text == *name)?;
            (node, found) = (&entry.value, Some((entry.key.at, entry.key.width)));
        }
        found
    };
    find().unwrap_or_else(|| place(flow, id))
}

/// Where a state's name stands, and how long it is.
fn place(flow: &Flow, id: StateId) -> (At, u32) {
    match flow.states.get_index(usize::from(id.0)) {
        Some((name, state)) => (state.at, name.as_str().chars().count() as u32),
        None => (At::default(), 0),
    }
}
