//! Walking every way of a flow with made-up replies, bodies and events, through the engine itself, on the virtual clock.
//! Deterministic: the same flow, bounds and seed give the same walk, on any machine.
//!
//! ```text
//! begin ─▶ moves ─▶ World (a clone for each move) ─▶ situation ─▶ known? else walked on from
//!            ▲                    │ journal
//!     hints, values       reached, remarks ─▶ report ─▶ case
//! ```

mod begin;
mod case;
mod graph;
mod ground;
mod hints;
mod moves;
mod pattern;
mod reached;
mod reasons;
mod replies;
mod report;
mod situation;
mod standing;
mod values;
mod walk;

pub use report::{Exploration, Figure, Finding, Which};

use crate::config::project::Project;
use crate::domain::name::ChannelName;
use crate::flow::catalog::Catalog;
use crate::flow::definition::Flow;
use ground::Ground;
use std::sync::Arc;

/// How far a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Moves of one way.
    pub steps: usize,
    /// Moves of all ways together.
    pub turns: usize,
    /// Situations.
    pub ways: usize,
    /// The order in which moves are made; 0 is the order of the file.
    pub seed: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { steps: 2_000, turns: 100_000, ways: 50_000, seed: 0 }
    }
}

/// How far a walk has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Moves that were made.
    pub turns: usize,
    /// Situations that were found.
    pub situations: usize,
    /// Situations that are to be walked on from.
    pub waiting: usize,
}

/// Walks a flow on these channels. An error says why it cannot be begun.
pub fn explore(
    flow: &Arc<Flow>,
    catalog: &Arc<Catalog>,
    project: &Arc<Project>,
    channels: &[ChannelName],
    bounds: &Bounds,
    progress: &mut dyn FnMut(Progress),
) -> Result<Exploration, String> {
    if channels.is_empty() {
        return Err("the project has no channel".to_owned());
    }
    let ground = Ground::of(flow, catalog, project);
    let walk = walk::walk(&ground, project, channels, bounds, progress)?;
    Ok(Exploration::of(ground, walk, channels.to_vec()))
}
