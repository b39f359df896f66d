//! That a provider does not take an approved template: operators hear of it, whatever becomes of the message.

use super::core::Core;
use super::inbox::Received;
use crate::domain::id::{ContactKey, DedupeHash};
use crate::domain::input::{Input, Reach, ReachChange};
use crate::domain::journal::AlertLevel;
use crate::domain::message::{FailureReason, OutboundContent};
use crate::engine::effect::Send;
use crate::provider::{ProviderError, StatusReport, TemplateStatus};
use crate::store::{Answer, Started, WhenFull};
use std::sync::Arc;

impl Core {
    /// The provider refuses a template while we send. Before the settle: a crash in between repeats it, and it takes effect once.
    pub(super) async fn template_refused(self: &Arc<Self>, started: &Started, send: &Send, error: &ProviderError) {
        let template = match &send.outbound.content {
            OutboundContent::Template { name, .. } => Some(name.clone()),
            _ => None,
        };
        let what = ReachChange::TemplateRefused { template, code: error.code.clone() };
        let reach = Reach { channel: send.channel.clone(), kind: send.kind, what };
        if let Err(error) = self.tell_of_template(started.lane.contact, &started.id.to_string(), reach).await {
            tracing::error!(effect = %started.id, %error, "that a template is refused could not be stored");
        }
    }

    /// A report says that a template was refused.
    pub(super) async fn template_refused_by_report(self: &Arc<Self>, report: &StatusReport) -> Answer<()> {
        let refused = |reason: FailureReason| reason == FailureReason::Template;
        let Some(failure) = report.failure.as_ref().filter(|failure| refused(failure.reason)) else { return Ok(()) };
        let (Some(send), Some(channel)) = (report.send, self.channel(&report.channel)) else { return Ok(()) };
        let what = ReachChange::TemplateRefused { template: None, code: failure.error.code.clone() };
        let reach = Reach { channel: channel.name.clone(), kind: channel.kind, what };
        self.tell_of_template(self.aliases.target(send.contact), &send.effect.to_string(), reach).await
    }

    /// The provider itself says what it thinks of a template, before a message needs it. Whoever it says it to twice counts it twice.
    pub(super) async fn template_judged(self: &Arc<Self>, status: &TemplateStatus) -> Answer<Received> {
        let word = match status.event.to_ascii_uppercase().as_str() {
            "PAUSED" => "has paused",
            "DISABLED" => "has disabled",
            "REJECTED" => "has rejected",
            "FLAGGED" => "is about to pause",
            _ => return Ok(Received::Noted),
        };
        let why = status.reason.as_deref().filter(|why| !why.eq_ignore_ascii_case("none"));
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let say = format!(
            "The provider {word} the approved template `{}`{why}. Notifications that need it take the next place of their route, or \
             fail. Look at it in WhatsApp Manager.",
            status.template
        );
        self.warn_teams(("template", &status.template, None), AlertLevel::Warning, &say).await?;
        Ok(Received::Noted)
    }

    async fn tell_of_template(self: &Arc<Self>, contact: ContactKey, of: &str, reach: Reach) -> Answer<()> {
        let hash = DedupeHash::of(&["template", of]);
        self.put_known(contact, hash, &Input::Reach(Box::new(reach)), WhenFull::Drop).await.map(|_| ())
    }
}
