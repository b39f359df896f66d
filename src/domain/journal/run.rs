//! The run that an event is about.

use super::Event;
use crate::domain::id::RunId;

impl Event {
    /// The run that it is about. The end of a call, an attempt and a report name their effect instead.
    pub fn run(&self) -> Option<RunId> {
        match self {
            Event::RunStarted { run, .. }
            | Event::Entered { run, .. }
            | Event::Left { run, .. }
            | Event::Set { run, .. }
            | Event::Tagged { run, .. }
            | Event::RunEnded { run, .. }
            | Event::Called { run, .. }
            | Event::Emitted { run, .. } => Some(*run),
            Event::Sent { run, .. } | Event::Alert { run, .. } | Event::Note { run, .. } | Event::Hooked { run, .. } => *run,
            Event::HandoffOpened(opened) => Some(opened.run),
            Event::HandoffTaken(taken) => Some(taken.run),
            Event::HandoffClosed(closed) => Some(closed.run),
            Event::PersonWrote(wrote) => wrote.run,
            Event::Way(way) => Some(way.run),
            Event::Moved(moved) => Some(moved.run),
            Event::Received { .. }
            | Event::EventReceived { .. }
            | Event::WebhookReceived { .. }
            | Event::CallEnded { .. }
            | Event::OptedOut { .. }
            | Event::OptedIn { .. }
            | Event::AddressDead { .. }
            | Event::Attempted { .. }
            | Event::Switched { .. }
            | Event::Reported { .. }
            | Event::SetAside { .. }
            | Event::Overflow { .. }
            | Event::Forgotten
            | Event::TimeMoved { .. }
            | Event::ContactChanged { .. }
            | Event::Begun { .. }
            | Event::Halted { .. }
            | Event::Consent(_)
            | Event::Skipped(_)
            | Event::Merged { .. }
            | Event::TookIn { .. }
            | Event::Tried(_)
            | Event::Channel(_)
            | Event::Flow(_)
            | Event::Profile(_) => None,
        }
    }
}
