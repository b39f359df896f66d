//! What a record says of contacts that become one, and what is lowered elsewhere when it is gone.

use super::Record;
use crate::domain::id::VersionId;

impl Record {
    /// How many live runs it counts on each version: its runs with their sub-flows, and starts that wait.
    pub fn live(&self) -> Vec<(VersionId, i64)> {
        let mut live: Vec<(VersionId, i64)> = Vec::new();
        let frames = self.runs.iter().flat_map(|run| &run.frames).map(|frame| frame.version);
        for version in frames.chain(self.waiting.iter().map(|waiting| waiting.version)) {
            match live.iter_mut().find(|(known, _)| *known == version) {
                Some((_, n)) => *n += 1,
                None => live.push((version, 1)),
            }
        }
        live
    }
}
