//! How long ago the contact last wrote: from the least to the most, along all ways at once. What is longer ago than the window is all the same, so that
//! the largest value is the window itself; a contact who never wrote is there from the beginning.

use crate::domain::limits::WHATSAPP_WINDOW;
use crate::domain::time::Span;
use crate::flow::definition::StateId;
use crate::flow::ways::components;

/// A span of time since the contact last wrote, or of time that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Age {
    pub least: Span,
    pub most: Span,
}

impl Age {
    /// The contact has just written.
    pub const NOW: Age = Age { least: Span::millis(0), most: Span::millis(0) };
    /// The window is closed.
    pub const CLOSED: Age = Age { least: WHATSAPP_WINDOW, most: WHATSAPP_WINDOW };

    /// Between these; without the second there is no bound.
    pub fn between(least: Span, most: Option<Span>) -> Self {
        let most = most.unwrap_or(WHATSAPP_WINDOW).min(WHATSAPP_WINDOW);
        Age { least: least.min(most), most }
    }

    /// At any moment of this time.
    pub fn within(self) -> Self {
        Age { least: Span::millis(0), ..self }
    }

    /// So much later.
    pub fn later(self, time: Age) -> Self {
        let add = |a: Span, b: Span| Span::millis(a.0.saturating_add(b.0)).min(WHATSAPP_WINDOW);
        Age { least: add(self.least, time.least), most: add(self.most, time.most) }
    }

    /// One or the other.
    pub fn or(self, other: Age) -> Self {
        Age { least: self.least.min(other.least), most: self.most.max(other.most) }
    }

    /// Whether the window can be closed.
    pub fn can_be_closed(self) -> bool {
        self.most >= WHATSAPP_WINDOW
    }

    /// Whether it surely is.
    pub fn is_closed(self) -> bool {
        self.least >= WHATSAPP_WINDOW
    }
}

/// Takes one more way into account.
pub(super) fn or(known: &mut Option<Age>, age: Age) {
    *known = Some(known.map_or(age, |known| known.or(age)));
}

/// Places, the ways between them on which the contact does not write, and the ages with which some are come to from elsewhere.
pub(super) struct Graph {
    pub ways: Vec<Vec<(usize, Age)>>,
    pub begins: Vec<Option<Age>>,
}

impl Graph {
    pub fn new(places: usize) -> Self {
        Graph { ways: vec![Vec::new(); places], begins: vec![None; places] }
    }

    /// The age at each place; none where nothing leads. A loop that takes time can be gone round until the window is closed.
    pub fn solve(&self) -> Vec<Option<Age>> {
        let size = self.ways.len();
        let mut ages = self.begins.clone();
        let parts = components(size, |at: StateId| self.ways[usize::from(at.0)].iter().map(|(to, _)| StateId(*to as u16)));
        let mut part_of = vec![0; size];
        for (i, part) in parts.iter().rev().enumerate() {
            part.iter().for_each(|id| part_of[usize::from(id.0)] = i);
        }
        for (i, part) in parts.iter().rev().enumerate() {
            let places = || part.iter().map(|id| usize::from(id.0));
            let inside = || places().flat_map(|at| &self.ways[at]).filter(|(to, _)| part_of[*to] == i);
            if inside().next().is_some() {
                let Some(mut age) = places().filter_map(|at| ages[at]).reduce(Age::or) else { continue };
                if inside().any(|(_, time)| time.most.0 > 0) {
                    age.most = WHATSAPP_WINDOW;
                }
                places().for_each(|at| ages[at] = Some(age));
            }
            for at in places() {
                let Some(age) = ages[at] else { continue };
                for (to, time) in self.ways[at].iter().filter(|(to, _)| part_of[*to] != i) {
                    or(&mut ages[*to], age.later(*time));
                }
            }
        }
        ages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(least: i64, most: i64) -> Age {
        Age { least: Span::hours(least), most: Span::hours(most) }
    }

    #[test]
    fn ages_add_up_and_loops_that_take_time_close_the_window() {
        let mut graph = Graph::new(6);
        graph.begins[0] = Some(Age::NOW);
        graph.ways[0] = vec![(1, hours(1, 2)), (2, hours(0, 0))];
        graph.ways[1] = vec![(2, hours(3, 4))];
        graph.ways[2] = vec![(3, hours(0, 0))];
        graph.ways[3] = vec![(2, hours(0, 0)), (4, hours(2, 2))];
        graph.ways[4] = vec![(4, hours(0, 1))];
        let ages = graph.solve();
        assert_eq!(ages[1], Some(hours(1, 2)));
        assert_eq!(ages[2], Some(hours(0, 6)));
        assert_eq!(ages[3], Some(hours(0, 6)), "a loop without time adds none");
        assert_eq!(ages[4], Some(hours(2, 24)), "a loop with time can be gone round for ever");
        assert_eq!(ages[5], None);
    }

    #[test]
    fn at_exactly_the_window_it_is_closed() {
        assert!(!Age::between(Span::hours(1), Some(Span::millis(86_399_999))).can_be_closed());
        assert!(Age::between(Span::hours(1), Some(Span::hours(24))).can_be_closed());
        assert!(!Age::between(Span::hours(1), None).is_closed());
        assert!(Age::NOW.later(hours(24, 48)).is_closed());
    }
}
