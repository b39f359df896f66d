//! WhatsApp's 24-hour window: RF408 and RF416. WhatsApp takes free texts for 24 hours after the contact's last message there; then only
//! templates that it approved. A run that an event or a webhook began has no window until the contact writes.
//! A notification whose template is approved in every language of the flow can be sent at any time.
//!
//! - RF408, an error, where WhatsApp is all that the flow speaks on: at each place that says something and that some way reaches when the window is
//!   closed. The service would send it all the same, and WhatsApp would refuse it.
//! - RF416, a warning, where the flow names a WhatsApp channel first and another kind beside it: once for the flow, at the first place to which every
//!   way leads with a closed window. There the service takes the other channel. Who names the other kind first has said what is meant.
//!
//! A notification with a `route` is looked at by its route and not by the channels of its flow: over WhatsApp alone, or over WhatsApp first.
//! `also` is sent besides, and says nothing of either.
//!
//! A sub-flow speaks on the channels of the flow that runs it. Time that a question waits for its turn behind another flow's does not count.

mod ages;
mod carried;
mod project;
mod speaks;

pub(in super::super) use project::Windows;

use super::super::{Report, World};
use crate::domain::language::Language;
use crate::flow::definition::Flow;

/// Reports what the flow says with a closed window.
pub(super) fn check(flow: &Flow, world: &World<'_>, report: &mut Report) {
    for closed in world.windows.closed(&flow.name) {
        match closed.instead {
            None => {
                let mut message = "The 24-hour window can be closed here; only an approved template may be sent".to_owned();
                let mut help =
                    "send a notification with `approved`, let the contact write less than 24 hours before, or add an sms \
                     channel, which then carries it"
                        .to_owned();
                if let Some((name, lacking)) = &closed.unapproved {
                    let lacking: Vec<&str> = lacking.iter().map(Language::as_str).collect();
                    message = format!("{message}, and that of `{name}` is not approved in {}", lacking.join(", "));
                    help = format!("have it approved, and add the language to `approved` in templates/{name}.yaml");
                }
                report.add(408, closed.at, 0, message, help);
            }
            Some(kind) => {
                let message = format!("When the window is closed this goes by {kind} instead; here it always is");
                let help = format!(
                    "write within 24 hours of the contact's last message, or send a notification with `approved`; if {kind} is \
                     meant, name it first in `channels`, or in its `route`"
                );
                report.add(416, closed.at, 0, message, help);
            }
        }
    }
}
