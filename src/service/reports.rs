//! Delivery reports. A report is written down and decides nothing, with two exceptions: somebody may wait for it, and a
//! message whose send was never settled is settled by its report.

use super::aliases::HOPS;
use super::core::{Core, Patience};
use super::inbox::Received;
use super::marks;
use super::metrics;
use super::recent::Known;
use super::verdict::{code, words};
use crate::domain::codec;
use crate::domain::id::{ContactKey, DedupeHash, EffectId, InputId, SendRef};
use crate::domain::input::{Delivery, Input};
use crate::domain::journal::{AttemptOutcome, Event};
use crate::domain::message::{DeliveryStatus, Inbound, InboundContent};
use crate::domain::mode::Mode;
use crate::provider::{OptOutScope, StatusReport};
use crate::store::{Answer, Lane, LaneKey, Report, Reported, Settle, SettleResult, Settled, Wake, WhenFull, WorkSet};
use bytes::Bytes;
use std::sync::Arc;

/// The scope of an opt-out that leaves everything else allowed.
const MARKETING: &str = "marketing";

impl Core {
    /// A report, verified and decoded.
    pub async fn receive_report(self: &Arc<Self>, report: StatusReport) -> Answer<Received> {
        self.receive_report_in(Mode::Live, report).await
    }

    /// What somebody reports in the place of a provider, on a message to a test contact.
    pub async fn receive_test_report(self: &Arc<Self>, report: StatusReport) -> Answer<Received> {
        self.receive_report_in(Mode::Test, report).await
    }

    /// A report on a message to a contact of this mode.
    pub(super) async fn receive_report_in(self: &Arc<Self>, mode: Mode, report: StatusReport) -> Answer<Received> {
        if mode == Mode::Live {
            metrics::report(status_word(report.status));
        }
        // An opt-out that the provider knows of counts, whatever message it was reported with.
        let opted_out = report.failure.as_ref().and_then(|f| f.opted_out);
        if let Some(scope) = opted_out {
            self.opted_out_by_report(mode, &report, scope).await?;
        }
        if let Some(failure) = report.failure.as_ref().filter(|_| mode == Mode::Live) {
            self.is_ours_to_mend(&report.channel, failure.reason);
        }
        // Before a run hears of it: its next message is not to go there again.
        self.dead_by_report(&report).await?;
        if mode == Mode::Live {
            self.list_by_report(&report).await?;
        }
        self.template_refused_by_report(&report).await?;
        match self.reported_on(mode, &report).await? {
            Some(send) => self.report_on(mode, send, &report).await,
            None => self.nameless_report(&report).await,
        }
    }

    async fn report_on(self: &Arc<Self>, mode: Mode, send: SendRef, report: &StatusReport) -> Answer<Received> {
        let SendRef { contact, effect } = send;
        let contact = self.aliases.target(contact);
        let reason = report.failure.as_ref().map(|f| f.reason);
        let code = report.failure.as_ref().and_then(|f| code(&f.error));
        let detail = report.failure.as_ref().and_then(|f| words(&f.error));
        let event = Event::Reported { effect, status: report.status, reason, code: code.clone(), at: report.at, detail };
        let word = status_word(report.status);
        let journal = self.entry(mode, contact, marks::report(effect, word, &report.id), vec![event]);
        // Of most messages only a failure is worth waking for; who wants to know more of one awaits it under another name.
        let (awaited, wakes) = match report.status {
            DeliveryStatus::Failed => (effect, true),
            DeliveryStatus::Queued => (effect, false),
            DeliveryStatus::Sent | DeliveryStatus::Delivered | DeliveryStatus::Read => (effect.every_report(), true),
        };
        let wake = wakes.then(|| {
            let hash = DedupeHash::of(&["delivery", &effect.to_string(), word]);
            let input = Input::Delivery(Delivery {
                effect,
                status: report.status,
                reason,
                code: code.clone(),
                unsure: false,
                back: None,
            });
            Wake { hash, id: InputId::of(hash), body: Bytes::from(codec::encode(&input)) }
        });
        let mut request = Report { contact, effect: awaited, journal, wake };
        let mut answer = self.patiently(Patience::Short, || self.store.report(request.clone())).await?;
        for _ in 0..HOPS {
            let Reported::Moved(to) = answer else { break };
            self.aliases.moved(request.contact, to);
            request.contact = to;
            answer = self.patiently(Patience::Short, || self.store.report(request.clone())).await?;
        }
        if let Reported::Claimed(claim) = answer {
            self.begin(request.contact, claim, None);
        }
        self.settle_by_report(mode, contact, effect, report).await?;
        Ok(Received::Noted)
    }

    /// The provider reports on a message, so it has it: if our answer was lost, this is the answer, also where the loss was given up
    /// visibly. A no-op, and not even that for what this instance settled itself, unless the effect still stands at the head of its lane.
    async fn settle_by_report(
        self: &Arc<Self>,
        mode: Mode,
        contact: ContactKey,
        effect: EffectId,
        report: &StatusReport,
    ) -> Answer<()> {
        let now = self.clock.monotonic();
        // A carrier that took it need not have named it.
        let provider_id = Some(&report.id).filter(|id| !id.is_empty());
        match self.recent.get(effect, now) {
            Some(Known::Accepted(_) | Known::Over) => return Ok(()),
            Some(Known::Begun) => {
                // Its report was faster than the provider's answer, which settles it. Should that be lost, this is known.
                self.recent.remember(effect, Known::Accepted(provider_id.cloned()), now);
                return Ok(());
            }
            Some(Known::Unsettled(_) | Known::Rests) | None => {}
        }
        let fails = report.status == DeliveryStatus::Failed;
        let gap = self.channel(&report.channel).map_or(crate::domain::time::Span::millis(0), |channel| channel.policy.gap);
        let event = Event::Attempted {
            effect,
            attempt: 0,
            outcome: AttemptOutcome::Accepted,
            provider_id: provider_id.cloned(),
            detail: Some("known from a delivery report".to_owned()),
            code: None,
        };
        let settle = Settle {
            lane: LaneKey { contact, lane: Lane::Contact },
            set: WorkSet::Talk(report.channel.clone()),
            id: effect,
            attempt: 0,
            result: if fails { SettleResult::Ended } else { SettleResult::Arrived },
            journal: self.entry(mode, contact, marks::attempt(effect, 0), vec![event]),
            reply: None,
            take: Vec::new(),
            gap,
            who: self.who(),
            instead: None,
        };
        match self.patiently(Patience::Short, || self.store.settle(settle.clone())).await? {
            // That an attempt failed says nothing of the next one, which an operator may have asked for.
            Settled::Gone | Settled::Stale if fails => self.recent.forget(effect),
            Settled::Gone | Settled::Stale => self.recent.remember(effect, Known::Over, now),
            Settled::Ok { .. } | Settled::Claimed { .. } | Settled::Moved { .. } => {
                self.recent.remember(effect, Known::Accepted(provider_id.cloned()), now);
            }
        }
        Ok(())
    }

    /// A report that does not carry our name of the message: written down under whom it went to, if that is said.
    async fn nameless_report(&self, report: &StatusReport) -> Answer<Received> {
        let Some(recipient) = &report.recipient else {
            tracing::debug!(channel = %report.channel, "a report names neither message nor receiver");
            return Ok(Received::Noted);
        };
        let recipient = self.contact_key(Mode::Live, &recipient.canonical());
        // Of nobody, and of whoever was deleted, nothing is written down.
        let Some((contact, _)) = self.patiently(Patience::Short, || self.seen(recipient)).await? else {
            return Ok(Received::Noted);
        };
        let word = status_word(report.status);
        let said = report.failure.as_ref().and_then(|f| words(&f.error));
        let said = said.as_deref().unwrap_or("none");
        let text =
            format!("a delivery report without our name: {word}, message {} at {}, code {said}", report.id, report.channel);
        let mark = marks::nameless(&report.id, word);
        let journal = self.entry(Mode::Live, contact, mark, vec![Event::Note { run: None, text }]);
        let request = Report { contact, effect: mark.effect(0), journal, wake: None };
        self.patiently(Patience::Short, || self.store.report(request.clone())).await?;
        Ok(Received::Noted)
    }

    async fn opted_out_by_report(self: &Arc<Self>, mode: Mode, report: &StatusReport, scope: OptOutScope) -> Answer<()> {
        let (Some(to), Some(channel)) = (&report.recipient, self.channel(&report.channel)) else {
            return Ok(());
        };
        let input = provider_opt_out(to.clone(), (channel.name.clone(), channel.kind), scope, &report.id);
        self.opt_out(mode, input).await
    }

    /// The provider says that the person opted out: an input like the word itself, once for each message that it was said of.
    pub(super) async fn opt_out(self: &Arc<Self>, mode: Mode, message: Inbound) -> Answer<()> {
        let contact = self.contact_key(mode, &message.from.canonical());
        let hash = DedupeHash::of(&[message.channel.as_str(), &message.id]);
        let (kind, of_all) = (message.kind, !matches!(&message.content, InboundContent::OptOut { scope: Some(_), .. }));
        match self.put_known_in(mode, contact, hash, &Input::Message(Box::new(message)), WhenFull::Drop).await? {
            // Whoever says so is not there: should they ever be, they begin as somebody who opted out.
            Received::Nobody if of_all => self.keep_opt_out(contact, kind).await,
            _ => Ok(()),
        }
    }
}

/// An opt-out as the provider's own word, of everything or of marketing, told of the message with this id.
pub(super) fn provider_opt_out(
    from: crate::domain::address::Address,
    (channel, kind): (crate::domain::name::ChannelName, crate::domain::channel::ChannelKind),
    scope: OptOutScope,
    of: &str,
) -> Inbound {
    let scope = match scope {
        OptOutScope::Everything => None,
        OptOutScope::Marketing => Some(MARKETING.to_owned()),
    };
    Inbound {
        channel,
        kind,
        from,
        user_id: None,
        id: format!("opt-out-of-{of}"),
        at: None,
        text: String::new(),
        content: InboundContent::OptOut { word: "STOP".to_owned(), scope },
        profile_name: None,
        in_reply_to: None,
        answers: None,
        forwarded: false,
        referral: None,
    }
}

fn status_word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Queued => "queued",
        DeliveryStatus::Sent => "sent",
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::Read => "read",
        DeliveryStatus::Failed => "failed",
    }
}
