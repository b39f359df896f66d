//! What was learned of whether the contact can and wants to be reached, apart from any conversation: a link in a mail, a complaint,
//! an address at which nothing arrives any more.

use super::turning::Turning;
use crate::domain::address::Address;
use crate::domain::input::{Reach, ReachChange};
use crate::domain::journal::{AlertLevel, Event};

impl Turning<'_> {
    pub(super) fn reach(&mut self, reach: &Reach) {
        match &reach.what {
            ReachChange::OptedOut { how } => {
                self.stop_kind(reach.kind, how);
            }
            ReachChange::Dead { address: Address::Email(dead), reason, code } => {
                // Of an address that the contact no longer has, or that is known as dead, this says nothing new.
                let one = |text: &String| Address::Email(text.clone()).canonical();
                let Some(own) = self.rec.email.clone().filter(|own| one(own) == one(dead)) else { return };
                if self.rec.dead.as_ref() == Some(&own) {
                    return;
                }
                self.rec.dead = Some(own);
                self.journal(Event::AddressDead { kind: reach.kind, reason: *reason, code: code.clone() });
            }
            ReachChange::TemplateRefused { template, code } => {
                let name =
                    template.as_ref().map_or("an approved template".to_owned(), |name| format!("the approved template `{name}`"));
                let say = template_refused(&name, reach.channel.as_str(), code.as_deref());
                self.alert(None, say, AlertLevel::Warning);
            }
            // A phone that cannot be reached today may be tomorrow, and its provider says so each time.
            ReachChange::Dead { .. } => {}
        }
    }
}

/// What operators are told of a template that the provider does not take. Meta pauses one that people block or report, for three
/// hours the first time and six the second, and disables it at the third (132015, 132016).
fn template_refused(name: &str, channel: &str, code: Option<&str>) -> String {
    let on = "Notifications that need it take the next place of their route, or fail.";
    match code {
        Some("132015") => format!(
            "WhatsApp has paused {name} on `{channel}` for its quality (132015). {on} Look at it in WhatsApp Manager: it comes back \
             by itself after some hours, and is disabled when it is paused for the third time."
        ),
        Some("132016") => format!(
            "WhatsApp has disabled {name} on `{channel}` for its quality (132016), and it will not come back. {on} Have another \
             template approved and name it in the notification."
        ),
        code => {
            let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
            format!(
                "The provider refuses {name} on `{channel}`{code}. {on} Compare its name, language and parameters with what is \
                 approved."
            )
        }
    }
}
