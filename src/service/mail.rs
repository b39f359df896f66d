//! What is particular about mail: who wrote one, what became of one, and that an address is dead.

use super::core::Core;
use super::inbox::Received;
use super::metrics;
use super::ports::MailFailure;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ContactKey, DedupeHash, EffectId};
use crate::domain::input::{Input, Reach, ReachChange};
use crate::domain::mail::MailRef;
use crate::domain::message::{FailureReason, Inbound};
use crate::domain::mode::Mode;
use crate::engine::effect::Send;
use crate::provider::email::{self, Mail, SmtpAnswer};
use crate::provider::{Accepted, Complaint, ProviderError, SendOutcome, StatusReport};
use crate::store::{Answer, Started, WhenFull};
use std::sync::Arc;

impl Core {
    /// Whose message it is, and which of our questions it answers by quoting it. A mail that answers one of ours is the contact's
    /// to whom that went, whatever else they are known by; but only if it comes from where that went.
    pub(super) fn writer(&self, mode: Mode, message: &Inbound) -> (ContactKey, Option<EffectId>) {
        let quoted = message.in_reply_to.as_deref();
        if let (ChannelKind::Email, Some(name)) = (message.kind, quoted.and_then(MailRef::find))
            && name.went_to(message.from.reveal())
            && (mode == Mode::Live || name.send.contact == self.contact_key(mode, &message.from.canonical()))
        {
            return (self.aliases.target(name.send.contact), Some(name.send.effect));
        }
        let known = quoted.and_then(|id| self.quoted.find(&message.channel, id));
        (self.contact_key(mode, &message.from.canonical()), known)
    }

    /// A complaint is an opt-out that the person did not bother to tell us. Whoever only unsubscribed at the mail service may take that
    /// back: their address is not listed.
    pub(super) async fn receive_complaint(self: &Arc<Self>, complaint: Complaint) -> Answer<Received> {
        if complaint.spam {
            self.list_complaint(&complaint).await?;
        }
        let by_address = || complaint.recipient.as_ref().map(|address| self.contact_key(Mode::Live, &address.canonical()));
        let Some(contact) = complaint.send.map(|send| send.contact).or_else(by_address) else {
            tracing::info!(channel = %complaint.channel, "a complaint names neither mail nor person");
            return Ok(Received::Noted);
        };
        let of = complaint.send.map_or_else(|| complaint.id.clone(), |send| send.to_string());
        let (word, how) = if complaint.spam { ("complaint", "complaint") } else { ("unsubscribed", "provider") };
        let mut named = vec![word, complaint.channel.as_str(), &of];
        // A complaint counts once for a mail. Who unsubscribed may take that back, and do it again from the same one.
        if !complaint.spam {
            named.push(&complaint.id);
        }
        let hash = DedupeHash::of(&named);
        let what = ReachChange::OptedOut { how: how.to_owned() };
        let reach = Reach { channel: complaint.channel, kind: complaint.kind, what };
        let received = self.put_known(contact, hash, &Input::Reach(Box::new(reach)), WhenFull::Drop).await;
        if received == Ok(Received::Nobody) {
            self.keep_opt_out(contact, complaint.kind).await?;
        }
        metrics::input("complaint", received.as_ref().map_or("refused", |r| r.name()));
        received
    }

    /// A report says that nothing arrives at an address of mail.
    pub(super) async fn dead_by_report(self: &Arc<Self>, report: &StatusReport) -> Answer<()> {
        let Some(failure) = report.failure.as_ref().filter(|failure| failure.reason == FailureReason::Invalid) else {
            return Ok(());
        };
        let (Some(address @ Address::Email(_)), Some(channel)) = (&report.recipient, self.channel(&report.channel)) else {
            return Ok(());
        };
        let contact = report.send.map_or_else(|| self.contact_key(Mode::Live, &address.canonical()), |send| send.contact);
        let of = report.send.map_or_else(|| report.id.clone(), |send| send.to_string());
        let code = failure.error.code.clone();
        let what = ReachChange::Dead { address: address.clone(), reason: failure.reason, code };
        let reach = Reach { channel: channel.name.clone(), kind: channel.kind, what };
        self.dead(contact, &of, reach).await
    }

    /// The server refuses an address of mail while we send. Before the settle: a crash in between repeats it, and it takes effect
    /// once.
    pub(super) async fn dead_by_send(self: &Arc<Self>, started: &Started, send: &Send, error: &ProviderError) {
        let address @ Address::Email(_) = &send.outbound.to else { return };
        let what = ReachChange::Dead { address: address.clone(), reason: FailureReason::Invalid, code: error.code.clone() };
        let reach = Reach { channel: send.channel.clone(), kind: send.kind, what };
        if let Err(error) = self.dead(started.lane.contact, &started.id.to_string(), reach).await {
            tracing::error!(effect = %started.id, %error, "that an address is dead could not be stored");
        }
    }

    async fn dead(self: &Arc<Self>, contact: ContactKey, of: &str, reach: Reach) -> Answer<()> {
        let hash = DedupeHash::of(&["dead", reach.channel.as_str(), of]);
        self.put_known(contact, hash, &Input::Reach(Box::new(reach)), WhenFull::Drop).await.map(|_| ())
    }
}

/// What became of a mail, and why if its server did not say. The name of the mail is its id at the server.
pub(super) fn mailed(mail: &Mail, answer: Result<SmtpAnswer, MailFailure>) -> (SendOutcome, Option<String>) {
    let failure = match answer {
        Ok(answer) => {
            return match email::classify(&answer) {
                SendOutcome::Accepted(accepted) => {
                    (SendOutcome::Accepted(Accepted { id: Some(mail.name.clone()), ..accepted }), None)
                }
                outcome => (outcome, None),
            };
        }
        Err(failure) => failure,
    };
    let words = failure.to_string();
    (of_failure(failure), Some(words))
}

fn of_failure(failure: MailFailure) -> SendOutcome {
    let error = ProviderError { code: None, text: failure.to_string() };
    match failure {
        MailFailure::Refused | MailFailure::Tls | MailFailure::TimeoutBefore | MailFailure::Broken => {
            SendOutcome::Retry { after: None, reason: FailureReason::Unknown, error }
        }
        // A receiver that cannot stand in an envelope is refused when the mail is written: here it is the sender.
        MailFailure::NoTls | MailFailure::NoLogin | MailFailure::Authorities | MailFailure::Invalid => {
            SendOutcome::Misconfigured { reason: FailureReason::Configuration, error }
        }
        MailFailure::Lost => SendOutcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_us_says_nothing_of_the_receiver() {
        for failure in [MailFailure::NoTls, MailFailure::NoLogin, MailFailure::Authorities, MailFailure::Invalid] {
            assert_eq!(of_failure(failure).name(), "config_error", "{failure:?}");
        }
        assert_eq!(of_failure(MailFailure::Lost), SendOutcome::Unknown);
    }
}
