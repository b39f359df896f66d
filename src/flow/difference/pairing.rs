//! Which state of a newer version is which of an older one: the one of the same name, else the one that names it in `was`; on the way back to a
//! version from before a state was called anew, the one that it says it was.

use crate::domain::name::Name;
use crate::flow::definition::{Flow, StateId};

/// The state of `newer` that stands for the state `id` of `older`. `None`: it has none.
pub fn counterpart(older: &Flow, id: StateId, newer: &Flow) -> Option<StateId> {
    let (name, _) = older.states.get_index(usize::from(id.0))?;
    of_name(older, name, newer)
}

fn of_name(older: &Flow, name: &Name, newer: &Flow) -> Option<StateId> {
    let same = newer.states.get_index_of(name);
    let named = || newer.states.values().position(|state| state.was.contains(name));
    let back = || {
        let was = older.states.get(name)?.was.iter().filter(|was| !older.states.contains_key(*was));
        was.filter_map(|was| newer.states.get_index_of(was)).next()
    };
    let place = same.or_else(named).or_else(back)?;
    u16::try_from(place).ok().map(StateId)
}

/// For each state of `older`, in its order, the name that it has in `newer`.
pub(super) fn names(older: &Flow, newer: &Flow) -> Vec<Option<Name>> {
    let of = |name: &Name| of_name(older, name, newer).and_then(|id| newer.states.get_index(usize::from(id.0)));
    older.states.keys().map(|name| of(name).map(|(name, _)| name.clone())).collect()
}
