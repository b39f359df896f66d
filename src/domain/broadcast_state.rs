//! Where a broadcast stands, and what can become of it: the only place that decides this. Whoever moves one on says from where, so that of two who do it
//! at the same time one sees that it is no longer so.

use std::fmt;

/// Where a broadcast stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BroadcastState {
    /// It begins at a time.
    Scheduled,
    /// It is being found out who its contacts are.
    Resolving,
    /// Contacts get it.
    Running,
    /// Somebody stopped it for a while.
    Paused,
    /// Every contact got it or was passed over.
    Done,
    /// Somebody ended it.
    Cancelled,
    /// It cannot be done: its flow is gone, its query can no longer be read.
    Failed,
}

/// What can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BroadcastMove {
    /// Its time has come.
    Begin,
    /// All its contacts are known.
    Resolved,
    /// Somebody stops it for a while.
    Pause,
    /// Somebody lets it go on.
    Resume {
        /// Whether all its contacts are known.
        resolved: bool,
    },
    /// Somebody ends it.
    Cancel,
    /// Nobody is left.
    Finish,
    /// It cannot be done.
    Fail,
}

impl BroadcastState {
    /// All of them.
    pub const ALL: [BroadcastState; 7] = [
        BroadcastState::Scheduled,
        BroadcastState::Resolving,
        BroadcastState::Running,
        BroadcastState::Paused,
        BroadcastState::Done,
        BroadcastState::Cancelled,
        BroadcastState::Failed,
    ];

    /// What becomes of it; nothing if that cannot happen to it now.
    pub fn after(self, what: BroadcastMove) -> Option<Self> {
        use BroadcastMove::{Begin, Cancel, Fail, Finish, Pause, Resolved, Resume};
        use BroadcastState::{Cancelled, Done, Failed, Paused, Resolving, Running, Scheduled};
        match (self, what) {
            (Scheduled, Begin) => Some(Resolving),
            (Resolving, Resolved) => Some(Running),
            (Running, Finish) => Some(Done),
            (Scheduled | Resolving | Running, Pause) => Some(Paused),
            (Paused, Resume { resolved: true }) => Some(Running),
            // Whether its time has come is looked at again; what was found out stays.
            (Paused, Resume { resolved: false }) => Some(Scheduled),
            (Scheduled | Resolving | Running | Paused, Cancel) => Some(Cancelled),
            (Scheduled | Resolving | Running, Fail) => Some(Failed),
            _ => None,
        }
    }

    /// Whether nothing can become of it any more.
    pub fn is_over(self) -> bool {
        matches!(self, BroadcastState::Done | BroadcastState::Cancelled | BroadcastState::Failed)
    }

    /// As tables and people write it.
    pub fn as_str(self) -> &'static str {
        match self {
            BroadcastState::Scheduled => "scheduled",
            BroadcastState::Resolving => "resolving",
            BroadcastState::Running => "running",
            BroadcastState::Paused => "paused",
            BroadcastState::Done => "done",
            BroadcastState::Cancelled => "cancelled",
            BroadcastState::Failed => "failed",
        }
    }

    /// Reads what `as_str` gives.
    pub fn parse(text: &str) -> Option<Self> {
        BroadcastState::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for BroadcastState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOVES: [BroadcastMove; 8] = [
        BroadcastMove::Begin,
        BroadcastMove::Resolved,
        BroadcastMove::Pause,
        BroadcastMove::Resume { resolved: true },
        BroadcastMove::Resume { resolved: false },
        BroadcastMove::Cancel,
        BroadcastMove::Finish,
        BroadcastMove::Fail,
    ];

    #[test]
    fn what_is_over_stays_so_and_all_else_can_be_cancelled() {
        for state in BroadcastState::ALL {
            assert_eq!(BroadcastState::parse(state.as_str()), Some(state));
            let ways: Vec<_> = MOVES.into_iter().filter_map(|what| state.after(what)).collect();
            assert_eq!(ways.is_empty(), state.is_over(), "{state}");
            assert_eq!(ways.contains(&BroadcastState::Cancelled), !state.is_over(), "{state}");
            assert!(!ways.contains(&state), "{state} does not become what it is");
        }
        assert_eq!(BroadcastState::parse("draft"), None);
    }

    #[test]
    fn contacts_get_it_only_when_all_are_known_and_nobody_has_stopped_it() {
        let to_running: Vec<_> = BroadcastState::ALL
            .into_iter()
            .flat_map(|state| MOVES.into_iter().map(move |what| (state, what)))
            .filter(|(state, what)| state.after(*what) == Some(BroadcastState::Running))
            .collect();
        let expected = [
            (BroadcastState::Resolving, BroadcastMove::Resolved),
            (BroadcastState::Paused, BroadcastMove::Resume { resolved: true }),
        ];
        assert_eq!(to_running, expected);
    }
}
