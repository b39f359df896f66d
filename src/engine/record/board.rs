//! What a team's own record holds: the alerts that were told a while ago, and what is counted of their kind since.

use crate::domain::alert::Raised;
use crate::domain::name::Slug;
use crate::domain::time::Millis;
use serde::{Deserialize, Serialize};

/// The alerts of a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// The team.
    #[serde(rename = "t")]
    pub team: Slug,
    /// One for each kind of alert that came in the last while, the oldest first.
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// Alerts for which there was no window.
    #[serde(rename = "r", default)]
    pub rest: u32,
    /// When they are told of.
    #[serde(rename = "u", default)]
    pub rest_until: Millis,
}

/// A time in which equal alerts are counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// `Raised::key`.
    #[serde(rename = "k")]
    pub key: u64,
    /// Its end.
    #[serde(rename = "u")]
    pub until: Millis,
    /// The alert that opened it.
    #[serde(rename = "r")]
    pub raised: Raised,
    /// Whether that is still to be told.
    #[serde(rename = "f", default, skip_serializing_if = "super::no")]
    pub fresh: bool,
    /// Equal ones since.
    #[serde(rename = "n", default)]
    pub more: u32,
}

impl Board {
    pub(in crate::engine) fn new(team: Slug) -> Self {
        Board { team, windows: Vec::new(), rest: 0, rest_until: Millis::default() }
    }

    /// When something is to be told: nothing if nothing waits for it. A window that counted nothing needs nobody.
    pub(super) fn next(&self) -> Option<Millis> {
        let windows = self.windows.iter().filter_map(|window| match (window.fresh, window.more) {
            (true, _) => Some(Millis::default()),
            (false, 0) => None,
            (false, _) => Some(window.until),
        });
        windows.chain((self.rest > 0).then_some(self.rest_until)).min()
    }
}
