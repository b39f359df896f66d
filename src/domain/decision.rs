//! What decided an inbound message or event, as the journal says it.

use serde::{Deserialize, Serialize};

/// What decided an inbound message or event; the precedence of DESIGN section 4.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// An opt-out word.
    OptOut,
    /// An opt-in word.
    OptIn,
    /// A help word.
    Help,
    /// Answered the open question.
    Answer,
    /// Collected: further messages may still belong to the answer.
    Gathered,
    /// An entry of `anytime`.
    Anytime,
    /// Began a run.
    Start,
    /// A start that waits for the open question of another run.
    StartWaits,
    /// A start that was not made: `repeat: ignore`, `busy: skip`, a limit.
    StartIgnored,
    /// No answer to the open question.
    NoMatch,
    /// Nothing wanted it: to the inbox.
    Inbox,
    /// Ignored by rule.
    Ignored,
    /// A late reply that its flow takes up.
    Late,
    /// An awaited event.
    Awaited,
    /// Older than the dedupe window.
    TooOld,
    /// Over the contact's limit of messages.
    Flooded,
    /// A conversation that a person has taken over or is awaited in: only to the inbox.
    Person,
    /// An event that a digest collects.
    Collected,
}
