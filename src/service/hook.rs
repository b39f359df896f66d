//! One report to another system: a signed request, made again until it was taken, is too old, or the receiver says that it
//! is gone. At least once: after a lost answer it comes again under the same `webhook-id`.

use super::api;
use super::core::{Core, duration};
use super::gate::Outside;
use super::metrics;
use super::outbox::Performed;
use super::ports::{HttpAnswer, HttpCall, HttpFailure, Reach};
use super::retry::{Retry, asked_pause};
use super::signature;
use super::slots::Slots;
use super::systems::System;
use super::verdict::End;
use crate::config::hooks::HookPolicy;
use crate::domain::limits;
use crate::domain::message::FailureReason;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use crate::engine::effect::Hook;
use crate::provider::Headers as _;
use crate::store::{SettleResult, Started};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// A report for an endpoint that this instance does not know is left for one that does.
const UNKNOWN_ENDPOINT: Span = Span::seconds(30);
/// Endpoints whose slots are kept apart; only callbacks to many hosts can be more.
const ENDPOINTS: usize = 10_000;

/// What may be in the air to each endpoint: a slow one holds up nobody else.
#[derive(Debug, Default)]
pub(super) struct HookSlots(Mutex<HashMap<Slug, Arc<Slots>>>);

impl HookSlots {
    /// The slots of one endpoint.
    pub fn of(&self, endpoint: &Slug, most: usize, room: &Arc<Notify>) -> Arc<Slots> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ENDPOINTS {
            all.retain(|_, slots| slots.busy() > 0);
        }
        Arc::clone(all.entry(endpoint.clone()).or_insert_with(|| Slots::new(most, Arc::clone(room))))
    }

    /// Every endpoint that something went to.
    pub fn known(&self) -> Vec<Slug> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Requests in the air.
    pub fn busy(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().map(|slots| slots.busy()).sum()
    }
}

impl Core {
    /// How many reports an endpoint takes at one time.
    pub(super) fn hooks_in_flight(&self, endpoint: &Slug) -> usize {
        if Self::is_alert_set(endpoint) {
            return super::alerts::IN_FLIGHT;
        }
        if let Some(most) = self.desk_in_flight(endpoint) {
            return most;
        }
        let configured = self.world.endpoints.get(endpoint).map(|endpoint| &endpoint.policy);
        configured.or(self.world.callbacks.as_ref().map(|c| &c.policy)).map_or(1, |policy| policy.in_flight)
    }

    /// Where a report goes and how; nothing if nobody configured it any more.
    pub(super) fn receiver<'a>(&'a self, hook: &'a Hook) -> Option<(&'a str, &'a HookPolicy)> {
        match &hook.url {
            // What was allowed when the event came may have been forbidden since.
            Some(url) => {
                let callbacks = self.world.callbacks.as_ref()?;
                callbacks.check(url).ok().map(|_| (url.as_str(), &callbacks.policy))
            }
            None => self.world.endpoints.get(&hook.endpoint).map(|endpoint| (endpoint.url.as_str(), &endpoint.policy)),
        }
    }

    pub(super) async fn hook(&self, started: &Started, hook: &Hook, taken_at: Duration, out: Outside<'_>) -> Performed {
        let Some((url, policy)) = self.receiver(hook) else {
            let detail = Some("the endpoint is not configured".to_owned());
            let again = self.hook_again(started, hook, None, Some(UNKNOWN_ENDPOINT), detail.clone());
            return again.unwrap_or_else(|| self.hook_failed(hook, FailureReason::Configuration, detail));
        };
        // However the two are configured, a request must fit into the lease, or it would never be begun.
        let timeout = duration(policy.timeout).min(duration(self.settings.send_lease) * 4 / 5);
        if self.too_late(taken_at, timeout) {
            return self.out_of_time(started);
        }
        let timestamp = self.store_now().0 / 1_000;
        let signed = signature::sign(&policy.keys, &hook.id, timestamp, hook.body.as_bytes());
        let call = HttpCall {
            method: "POST",
            url: url.to_owned(),
            headers: vec![
                ("Content-Type".into(), "application/json".to_owned()),
                ("webhook-id".into(), hook.id.clone()),
                ("webhook-timestamp".into(), timestamp.to_string()),
                ("webhook-signature".into(), signed),
            ],
            body: Bytes::copy_from_slice(hook.body.as_bytes()),
            timeout,
            max_answer: limits::HOOK_ANSWER_BYTES,
            reach: if policy.allow_private { Reach::Anywhere } else { Reach::PublicOnly },
        };
        let ended = out.http(call).await;
        metrics::hook(hook.endpoint.as_str(), api::word(&ended));
        if hook.url.is_none() {
            let error = (!is_taken(&ended)).then(|| api::word(&ended));
            self.heard(System::Endpoint(hook.endpoint.clone()), error);
        }
        // Somebody else may be sending it by now: that we heard nothing is no fact to end it with.
        if ended.is_err() && self.too_late(taken_at, Duration::ZERO) {
            let detail = Some("the lease ended before the answer".to_owned());
            return Performed::ended(End::again(self.store_now(), true, detail));
        }
        self.hook_ended(started, hook, policy, &ended)
    }

    fn hook_ended(
        &self,
        started: &Started,
        hook: &Hook,
        policy: &HookPolicy,
        ended: &Result<HttpAnswer, HttpFailure>,
    ) -> Performed {
        let detail = Some(match ended {
            Ok(answer) => format!("answered {}", answer.status),
            Err(failure) => failure.to_string(),
        });
        match ended {
            ended if is_taken(ended) => Performed::ended(End::done(None, detail)),
            // The receiver does not want it any more, ever.
            Ok(HttpAnswer { status: 410, .. }) => self.hook_failed(hook, FailureReason::Invalid, detail),
            _ => {
                let now = self.store_now();
                let pause = ended.as_ref().ok().and_then(|answer| asked_pause(answer.get("retry-after")?, now));
                let pause = pause.map(|pause| pause.min(limits::HOOK_PAUSE_ASKED));
                let again = self.hook_again(started, hook, Some(policy), pause, detail.clone());
                again.unwrap_or_else(|| self.hook_failed(hook, FailureReason::Unreachable, detail))
            }
        }
    }

    fn hook_failed(&self, hook: &Hook, reason: FailureReason, detail: Option<String>) -> Performed {
        metrics::hook(hook.endpoint.as_str(), "given_up");
        let end = End::failed(reason, detail);
        if self.keeps_failed_reports() {
            tracing::warn!(endpoint = %hook.endpoint, kind = %hook.kind, detail = end.detail, "a report was given up; an operator can have it sent again");
            return Performed::ended(end);
        }
        metrics::hook(hook.endpoint.as_str(), "dropped");
        tracing::warn!(endpoint = %hook.endpoint, kind = %hook.kind, detail = end.detail, "a report was given up and is not kept: too much has failed already");
        Performed::ended(End { result: SettleResult::Done, ..end })
    }

    /// The next attempt, unless the report is too old. One that an operator has sent again after days gets a few all the same.
    fn hook_again(
        &self,
        started: &Started,
        hook: &Hook,
        policy: Option<&HookPolicy>,
        asked: Option<Span>,
        detail: Option<String>,
    ) -> Option<Performed> {
        let (first, max_age) = policy.map_or((UNKNOWN_ENDPOINT, Span::hours(24)), |p| (p.retry_first, p.max_age));
        let rules = Retry { first, longest: limits::HOOK_PAUSE, max_age };
        let now = self.store_now();
        let since = if started.attempt < limits::HOOK_ATTEMPTS { hook.at.max(now) } else { hook.at };
        let asked = rules.within(since, now, asked);
        let due = rules.next(since, now, started.attempt, asked, self.random.bits())?;
        // To hear it twice does the receiver no harm: its id says that it is the same.
        Some(Performed::ended(End::again(due, started.unsure, detail)))
    }
}

/// Whether the receiver took a report. What it says beyond that is not read.
fn is_taken(ended: &Result<HttpAnswer, HttpFailure>) -> bool {
    matches!(ended, Ok(HttpAnswer { status: 200..=299, .. }) | Err(HttpFailure::TooLarge { status: 200..=299 }))
}
