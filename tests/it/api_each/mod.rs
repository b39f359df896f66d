//! Every operation of the document, one after the other: what it does once and who is told of it, its limits, and what it says to wrong input.
//! Each table must have all operations: whoever adds one is asked what it does here.

mod changes;
mod limits;
mod slips;
mod stage;

use crate::support::api::all_operations;
use std::collections::BTreeSet;

/// The operations whose method is one of these, by their names.
fn operations(methods: &[&str]) -> BTreeSet<&'static str> {
    let named = all_operations().into_iter().filter(|(_, method, _)| methods.contains(method));
    named.map(|(_, _, operation)| operation["operationId"].as_str().expect("a name")).collect()
}
