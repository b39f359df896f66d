//! What is known of the servers at one moment.

use super::node::Node;
use super::slots::SLOTS;
use std::sync::Arc;

/// Servers and what they have.
#[derive(Default)]
pub struct Map {
    /// Primaries.
    pub nodes: Vec<Arc<Node>>,
    /// For each slot the place of its primary in `nodes`. Nothing: the only node has everything.
    pub slots: Option<Vec<u16>>,
}

impl Map {
    /// The server of a slot; any, where it does not matter.
    pub fn of(&self, slot: Option<usize>) -> Option<&Arc<Node>> {
        match (&self.slots, slot) {
            (Some(slots), Some(slot)) => self.nodes.get(usize::from(*slots.get(slot % SLOTS)?)),
            _ => self.nodes.first(),
        }
    }

    /// The place of a slot's server in `nodes`.
    pub fn place(&self, slot: Option<usize>) -> Option<usize> {
        match (&self.slots, slot) {
            (Some(slots), Some(slot)) => slots.get(slot % SLOTS).map(|at| usize::from(*at)).filter(|at| *at < self.nodes.len()),
            _ => (!self.nodes.is_empty()).then_some(0),
        }
    }

    /// Whether it is about the same servers with the same slots.
    pub fn is_as(&self, other: &Map) -> bool {
        let addresses = |map: &Map| map.nodes.iter().map(|node| node.address.clone()).collect::<Vec<_>>();
        addresses(self) == addresses(other) && self.slots == other.slots
    }
}

/// What is known of the servers.
#[derive(Clone, Default)]
pub struct Known {
    /// How often they were looked for.
    pub looks: u64,
    /// What was found last.
    pub map: Arc<Map>,
    /// Why nothing was found, if so.
    pub why: String,
}
