//! Alerts: into the mailboxes of teams, and from their records to each receiver, again and again until it was told. To hear one
//! twice does nobody harm, so what may have been told is told again.

use super::core::{Core, duration};
use super::gate::Outside;
use super::metrics;
use super::outbox::Performed;
use super::retry::Retry;
use super::teller::Teller;
use super::verdict::{self, End};
use crate::config::send::Unsure;
use crate::domain::address::Address;
use crate::domain::alert::{Medium, raise_set, team_canonical, tell_set};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{DedupeHash, SendRef};
use crate::domain::input::{Class, Input};
use crate::domain::limits;
use crate::domain::message::FailureReason;
use crate::domain::mode::Mode;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use crate::engine::effect::{Raise, Receiver, Tell};
use crate::provider::{LimitScope, ProviderError, SendOutcome};
use crate::store::{Started, Traffic, WorkSet};
use std::sync::Arc;
use std::time::Duration;

/// Alerts that are told, or put into mailboxes, at one time.
pub(super) const IN_FLIGHT: usize = 16;
/// The pause before a team's mailbox that is full is tried again.
const FULL: Span = Span::seconds(2);
/// The pause of an alert before a channel that somebody paused is looked at again.
const PAUSED: Span = Span::seconds(30);
/// One attempt to tell; less where the channel says so.
const TIMEOUT: Span = Span::seconds(10);

impl Core {
    /// The sets in which alerts wait: none where nobody is told.
    pub(super) fn alert_sets(&self) -> Vec<WorkSet> {
        let rules = &self.world.project.alerts;
        if rules.is_silent() {
            return Vec::new();
        }
        [raise_set(), tell_set(Medium::Email), tell_set(Medium::Sms), tell_set(Medium::Slack)].map(WorkSet::Hook).into()
    }

    /// Whether a set of reports is one of these.
    pub(super) fn is_alert_set(set: &Slug) -> bool {
        set.as_str().starts_with(crate::domain::alert::ALERT_PREFIX)
    }

    /// Puts alerts into the mailboxes of their teams. Once: the effect's name is what makes a repetition one.
    pub(super) async fn raise(self: &Arc<Self>, started: &Started, raise: &Raise) -> Performed {
        let again = |core: &Self, why: String| {
            let due = core.store_now() + FULL;
            Performed::ended(End::again(due, started.unsure, Some(why)))
        };
        for alerts in raise.by_team() {
            let team = self.contact_key(Mode::Live, &team_canonical(&alerts.team));
            let hash = DedupeHash::of(&["alerts", &started.id.to_string(), alerts.team.as_str()]);
            match self.put_or_refuse(Mode::Live, team, hash, Class::Normal, &Input::Alerts(Box::new(alerts))).await {
                Ok(_) => {}
                Err(error) if error.is_temporary() => return again(self, error.to_string()),
                Err(error) => return Performed::ended(End::failed(FailureReason::Unknown, Some(error.to_string()))),
            }
        }
        Performed::ended(End::done(None, None))
    }

    /// Tells one receiver.
    pub(super) async fn tell(
        self: &Arc<Self>,
        started: &Started,
        tell: &Tell,
        taken_at: Duration,
        out: Outside<'_>,
    ) -> Performed {
        let teller = self.teller(out);
        let timeout = teller.channel(&tell.to).and_then(|channel| channel.adapter.timeout()).unwrap_or(TIMEOUT);
        let timeout = duration(timeout).min(duration(self.settings.send_lease) * 4 / 5);
        if self.too_late(taken_at, timeout) {
            return self.out_of_time(started);
        }
        let medium = tell.to.medium();
        if let Some(end) = self.stopped(&tell.to).await {
            return self.told(medium, tell, end);
        }
        let (outcome, unanswered) = match self.permitted(&teller, &tell.to).await {
            Ok(()) => {
                let name = SendRef { contact: started.lane.contact, effect: started.id };
                Teller { timeout, ..teller }.tell(tell, Some(name), self.store_now()).await
            }
            Err(after) => {
                let error = ProviderError { code: None, text: "the channel is busy".to_owned() };
                (SendOutcome::Throttled { after, scope: LimitScope::Account, error }, None)
            }
        };
        let rules = Retry { first: self.world.alerts.retry_first, longest: limits::HOOK_PAUSE, max_age: limits::ALERT_AGE };
        let mut attempt = self.attempt(started, tell.at);
        if started.attempt < limits::HOOK_ATTEMPTS {
            // One that an operator has told again after days gets a few attempts all the same.
            attempt.decided_at = attempt.decided_at.max(attempt.now);
        }
        let end = verdict::of_send(outcome, attempt, rules, Unsure::Resend);
        let end = match unanswered {
            Some(why) if end.detail.is_none() => End { detail: Some(why), ..end },
            _ => end,
        };
        self.told(medium, tell, end)
    }

    fn told(&self, medium: Medium, tell: &Tell, end: End) -> Performed {
        metrics::hook(tell_set(medium).as_str(), super::outbox::outcome_word(&end));
        if end.failure().is_some() {
            tracing::error!(team = %tell.team, medium = medium.as_str(), detail = end.detail, "a team could not be told of an alert");
            metrics::alert("untold");
        }
        Performed::ended(end)
    }

    /// What it takes to tell somebody.
    fn teller<'a>(&'a self, out: Outside<'a>) -> Teller<'a> {
        Teller { out, channels: &self.world.channels, settings: &self.world.alerts, timeout: duration(TIMEOUT) }
    }

    /// Who wrote STOP to our numbers gets no text message, whatever they are told of.
    async fn stopped(&self, to: &Receiver) -> Option<End> {
        let Receiver::Sms(address @ Address::Phone(_)) = to else { return None };
        let key = self.contact_key(Mode::Live, &address.canonical());
        let stopped = self.wants_none_there((key, address), ChannelKind::Sms, key).await.ok()?;
        let detail = "the receiver wrote STOP; START from the same phone ends it".to_owned();
        stopped.then(|| End::failed(FailureReason::OptedOut, Some(detail)))
    }

    /// A permit of the channel, or how long to wait for one.
    async fn permitted(&self, teller: &Teller<'_>, to: &Receiver) -> Result<(), Option<Span>> {
        let Some(channel) = teller.channel(to) else { return Ok(()) };
        if self.is_paused(&channel.name) {
            return Err(Some(PAUSED));
        }
        let of = (&channel.name, Traffic::Talk);
        match self.permits.take(&*self.store, of, channel.rate(), 1, &*self.clock).await {
            Ok((0, wait)) => Err(wait.map(|wait| Span::millis(i64::try_from(wait.as_millis()).unwrap_or(1_000)))),
            Ok(_) => Ok(()),
            Err(_) => Err(None),
        }
    }
}
