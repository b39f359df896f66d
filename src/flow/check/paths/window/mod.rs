//! WhatsApp's 24-hour window: RF408 and RF416. WhatsApp takes free texts for 24 hours after the contact's last message there; then only
//! templates that it approved, which this version does not send. A run that an event or a webhook began has no window until the contact writes.
//!
//! - RF408, an error, where WhatsApp is all that the flow speaks on: at each place that says something and that some way reaches when the window is
//!   closed. The service would send it all the same, and WhatsApp would refuse it.
//! - RF416, a warning, where the flow names a WhatsApp channel first and another kind beside it: once for the flow, at the first place to which every
//!   way leads with a closed window. There the service takes the other channel. Who names the other kind first has said what is meant.
//!
//! A sub-flow speaks on the channels of the flow that runs it. Time that a question waits for its turn behind another flow's does not count.

mod ages;
mod project;
mod speaks;

pub(in super::super) use project::Windows;

use super::super::{Report, World};
use crate::flow::definition::Flow;

/// Reports what the flow says with a closed window.
pub(super) fn check(flow: &Flow, world: &World<'_>, report: &mut Report) {
    for closed in world.windows.closed(&flow.name) {
        match closed.instead {
            None => {
                let message = "The 24-hour window can be closed here; only an approved template may be sent";
                let help =
                    "let the contact write less than 24 hours before, or add an sms channel to `channels`, which then carries it";
                report.add(408, closed.at, 0, message, help);
            }
            Some(kind) => {
                let message = format!("When the window is closed this goes by {kind} instead; here it always is");
                let help = format!(
                    "write within 24 hours of the contact's last message; if {kind} is meant, name it first in `channels`"
                );
                report.add(416, closed.at, 0, message, help);
            }
        }
    }
}
