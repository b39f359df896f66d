//! What the walked situations say together: which of them never come to an end, and the longest and loudest ways. A way
//! that comes back to a situation is counted once, up to where it comes back.

use super::ground::By;
use super::walk::{Edge, Fate, Walk, Way};

/// A figure and the way that has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub amount: i64,
    /// The last move of the way. It is not always the first way to there: see `route`.
    pub last: Way,
}

/// The longest ways by one measure.
pub(super) struct Longest {
    pub most: Option<Most>,
    /// The best move into each situation.
    into: Vec<Option<Way>>,
}

impl Longest {
    /// The moves of the longest way.
    pub(super) fn route(&self) -> Vec<Way> {
        let Some(most) = self.most else { return Vec::new() };
        let mut route = vec![most.last];
        let mut node = most.last.node;
        while let Some(way) = self.into[node] {
            route.push(way);
            node = way.node;
        }
        route.reverse();
        route
    }
}

/// How a measure grows along a move.
pub(super) type Measure = fn(i64, &Edge) -> i64;

/// What is counted as a step of a way: whatever happens but the results of calls.
pub(super) fn steps(before: i64, edge: &Edge) -> i64 {
    before + i64::from(edge.step.by != By::Call)
}

/// The virtual time.
pub(super) fn time(before: i64, edge: &Edge) -> i64 {
    before + edge.took.0
}

/// The messages to the contact.
pub(super) fn messages(before: i64, edge: &Edge) -> i64 {
    before + edge.messages as i64
}

/// The messages to the contact since it wrote last; those that answer what it wrote do not count.
pub(super) fn unasked(before: i64, edge: &Edge) -> i64 {
    if edge.step.by == By::Contact { 0 } else { before + edge.messages as i64 }
}

/// The situations in an order in which every move but those that go round leads onwards, and whether a move goes round.
struct Order {
    nodes: Vec<usize>,
    round: Vec<Vec<bool>>,
}

fn order(walk: &Walk) -> Order {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let count = walk.nodes.len();
    let mut mark = vec![Mark::New; count];
    let mut round: Vec<Vec<bool>> = walk.nodes.iter().map(|node| vec![false; node.edges.len()]).collect();
    let mut nodes = Vec::with_capacity(count);
    for root in (0..count).filter(|i| walk.nodes[*i].from.is_none()) {
        let mut stack = vec![(root, 0)];
        mark[root] = Mark::Open;
        while let Some((node, next)) = stack.last_mut() {
            let (node, edge) = (*node, *next);
            match walk.nodes[node].edges.get(edge) {
                None => {
                    mark[node] = Mark::Done;
                    nodes.push(node);
                    stack.pop();
                }
                Some(edge_to) => {
                    *next += 1;
                    match mark[edge_to.to] {
                        Mark::New => {
                            mark[edge_to.to] = Mark::Open;
                            stack.push((edge_to.to, 0));
                        }
                        Mark::Open => round[node][edge] = true,
                        Mark::Done => {}
                    }
                }
            }
        }
    }
    nodes.reverse();
    Order { nodes, round }
}

/// The longest ways by each measure.
pub(super) fn longest<const N: usize>(walk: &Walk, measures: [Measure; N]) -> [Longest; N] {
    let order = order(walk);
    measures.map(|measure| {
        let mut best = vec![0i64; walk.nodes.len()];
        let mut into: Vec<Option<Way>> = vec![None; walk.nodes.len()];
        let (mut most, mut best_rank): (Option<Most>, Option<(i64, bool)>) = (None, None);
        for &node in &order.nodes {
            for (i, edge) in walk.nodes[node].edges.iter().enumerate() {
                let amount = measure(best[node], edge);
                let last = Way { node, edge: i };
                // A beginning that comes to nothing is no way.
                let counts = !matches!(walk.nodes[edge.to].fate, Fate::NotBegun | Fate::Elsewhere);
                // Of two that are as long, one that comes to an end says more.
                let rank = (amount, matches!(walk.nodes[edge.to].fate, Fate::Ended(_)));
                if counts && best_rank.is_none_or(|best| rank > best) {
                    best_rank = Some(rank);
                    most = Some(Most { amount, last });
                }
                if !order.round[node][i] && (into[edge.to].is_none() || amount > best[edge.to]) {
                    best[edge.to] = amount;
                    into[edge.to] = Some(last);
                }
            }
        }
        Longest { most, into }
    })
}

/// The move with the most messages.
pub(super) fn loudest(walk: &Walk) -> Option<Most> {
    let edges = walk
        .nodes
        .iter()
        .enumerate()
        .flat_map(|(node, n)| n.edges.iter().enumerate().map(move |(edge, e)| (Way { node, edge }, e)));
    let mut most: Option<Most> = None;
    for (last, edge) in edges {
        let amount = edge.messages as i64;
        if most.is_none_or(|most| amount > most.amount) {
            most = Some(Most { amount, last });
        }
    }
    most
}

/// Situations from which no way leads to an end, each state once: the first move into it.
pub(super) fn endless(walk: &Walk) -> Vec<Way> {
    let mut back: Vec<Vec<usize>> = vec![Vec::new(); walk.nodes.len()];
    for (i, node) in walk.nodes.iter().enumerate() {
        node.edges.iter().for_each(|edge| back[edge.to].push(i));
    }
    // What was not walked on from may end; nobody knows.
    let mut good: Vec<bool> = walk.nodes.iter().map(|node| !matches!(node.fate, Fate::Walked | Fate::Begin)).collect();
    let mut open: Vec<usize> = (0..good.len()).filter(|i| good[*i]).collect();
    while let Some(node) = open.pop() {
        for &before in &back[node] {
            if !good[before] {
                good[before] = true;
                open.push(before);
            }
        }
    }
    let mut found: Vec<Way> = Vec::new();
    let mut states: Vec<&str> = Vec::new();
    for (i, node) in walk.nodes.iter().enumerate() {
        if !good[i]
            && node.fate == Fate::Walked
            && !states.contains(&node.state.as_str())
            && let Some(from) = node.from
        {
            states.push(&node.state);
            found.push(from);
        }
    }
    found
}

/// A move that sends something and lies on a way round on which the contact never writes and no other system begins anything: how
/// many events come is not the flow's to decide.
pub(super) fn ceaseless(walk: &Walk) -> Option<Way> {
    let next = |node: usize| {
        let edges = walk.nodes[node].edges.iter().enumerate();
        edges.filter(|(_, edge)| {
            !matches!(edge.step.by, By::Contact | By::Event) && !matches!(walk.nodes[edge.to].fate, Fate::Ended(_))
        })
    };
    let loud: Vec<Way> = (0..walk.nodes.len())
        .flat_map(|node| next(node).filter(|(_, edge)| edge.messages > 0).map(move |(edge, _)| Way { node, edge }))
        .collect();
    let part = parts(walk.nodes.len(), |node| next(node).map(|(_, edge)| edge.to).collect());
    loud.into_iter().find(|way| {
        let to = walk.edge(*way).to;
        part[way.node] == part[to] && (to != way.node || next(to).any(|(_, edge)| edge.to == to))
    })
}

/// The strongly connected part of each node.
fn parts(count: usize, next: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut order = Vec::with_capacity(count);
    let mut seen = vec![false; count];
    let ways: Vec<Vec<usize>> = (0..count).map(next).collect();
    for root in 0..count {
        if seen[root] {
            continue;
        }
        seen[root] = true;
        let mut stack = vec![(root, 0)];
        while let Some((node, at)) = stack.last_mut() {
            match ways[*node].get(*at) {
                Some(&to) => {
                    *at += 1;
                    if !seen[to] {
                        seen[to] = true;
                        stack.push((to, 0));
                    }
                }
                None => {
                    order.push(*node);
                    stack.pop();
                }
            }
        }
    }
    let mut back: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (node, to) in ways.iter().enumerate() {
        to.iter().for_each(|to| back[*to].push(node));
    }
    let mut part = vec![usize::MAX; count];
    for (number, root) in order.into_iter().rev().enumerate() {
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            if part[node] == usize::MAX {
                part[node] = number;
                open.extend(back[node].iter().copied().filter(|before| part[*before] == usize::MAX));
            }
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_go_round() {
        let ways = [vec![1], vec![2], vec![1, 3], vec![]];
        let part = parts(4, |node| ways[node].clone());
        assert_eq!(part[1], part[2]);
        assert!(part[0] != part[1] && part[3] != part[1]);
    }
}
