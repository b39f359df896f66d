//! Where a graph goes round: strongly connected parts, and a shortest way.

use crate::flow::definition::StateId;
use std::collections::VecDeque;

/// The parts of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// All states, part by part.
    states: Vec<StateId>,
    /// Where each part ends.
    ends: Vec<usize>,
}

impl Parts {
    /// Each part.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &[StateId]> {
        (0..self.ends.len()).map(|i| &self.states[if i == 0 { 0 } else { self.ends[i - 1] }..self.ends[i]])
    }
}

/// The parts of a graph in which each state leads to each other, in an order in which what is led to comes first. A state by
/// itself is a part too, whether or not it leads to itself. Takes time in proportion to states and ways.
pub fn components<I: Iterator<Item = StateId>>(states: usize, next: impl Fn(StateId) -> I) -> Parts {
    const NEW: u32 = u32::MAX;
    let mut order = vec![NEW; states];
    let mut low = vec![NEW; states];
    let mut stacked = vec![false; states];
    let (mut stack, mut count) = (Vec::new(), 0);
    let mut found = Parts { states: Vec::with_capacity(states), ends: Vec::with_capacity(states) };
    let mut work: Vec<(usize, I)> = Vec::new();
    for root in 0..states {
        if order[root] != NEW {
            continue;
        }
        let mut enter = Some(root);
        loop {
            if let Some(at) = enter.take() {
                (order[at], low[at]) = (count, count);
                count += 1;
                stacked[at] = true;
                stack.push(StateId(at as u16));
                work.push((at, next(StateId(at as u16))));
            }
            let Some((at, ways)) = work.last_mut() else { break };
            let at = *at;
            match ways.next() {
                Some(StateId(to)) if usize::from(to) >= states => {}
                Some(StateId(to)) if order[usize::from(to)] == NEW => enter = Some(usize::from(to)),
                Some(StateId(to)) if stacked[usize::from(to)] => low[at] = low[at].min(order[usize::from(to)]),
                Some(_) => {}
                None => {
                    work.pop();
                    if let Some((before, _)) = work.last() {
                        low[*before] = low[*before].min(low[at]);
                    }
                    if low[at] == order[at] {
                        let from = stack.iter().rposition(|id| usize::from(id.0) == at).unwrap_or(0);
                        stack[from..].iter().for_each(|id: &StateId| stacked[usize::from(id.0)] = false);
                        found.states.extend(stack.drain(from..));
                        found.ends.push(found.states.len());
                    }
                }
            }
        }
    }
    found
}

/// A shortest way of at least one step from a state to another, both included; from a state to itself it is a loop. None if there is none.
pub fn shortest_way<I: Iterator<Item = StateId>>(
    states: usize,
    from: StateId,
    to: StateId,
    next: impl Fn(StateId) -> I,
) -> Option<Vec<StateId>> {
    let mut before: Vec<Option<StateId>> = vec![None; states];
    let mut open = VecDeque::from([from]);
    while let Some(at) = open.pop_front() {
        for id in next(at) {
            let Some(known) = before.get_mut(usize::from(id.0)).filter(|known| known.is_none()) else { continue };
            *known = Some(at);
            if id == to {
                let mut way = vec![to];
                let mut back = at;
                while back != from {
                    way.push(back);
                    back = before[usize::from(back.0)]?;
                }
                way.push(from);
                way.reverse();
                return Some(way);
            }
            open.push_back(id);
        }
    }
    None
}
