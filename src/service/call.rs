//! One call to another system. Its end always comes back to the run, also when it failed: the flow decides what then. Each
//! attempt is an attempt of the store, so a crash between two of them loses none and repeats none unseen; all carry one
//! idempotency key.

use super::api::{self, Wanted};
use super::circuit::{self, Change};
use super::core::{Core, duration};
use super::gate::{Outside, StandIn};
use super::metrics;
use super::outbox::Performed;
use super::ports::{HttpAnswer, HttpFailure};
use super::retry::Retry;
use super::verdict::End;
use crate::config::api::ApiSettings;
use crate::domain::input::CallOutcome;
use crate::domain::limits;
use crate::domain::time::Span;
use crate::engine::effect::Call;
use crate::store::Started;
use std::time::Duration;

/// Between two attempts of a call: a person waits.
const RETRY: Retry = Retry { first: Span::millis(500), longest: Span::seconds(10), max_age: limits::CALL_DEADLINE };

/// How a call leaves.
#[derive(Clone, Copy)]
pub(super) enum CallOut<'a> {
    /// To the api itself.
    Live(Outside<'a>),
    /// To the stand-in that it names for test: by these settings.
    StandIn(&'a ApiSettings, StandIn<'a>),
}

impl Core {
    pub(super) async fn call(&self, started: &Started, call: &Call, taken_at: Duration, out: CallOut<'_>) -> Performed {
        let allowed = call.retry.min(limits::CALL_RETRIES_MAX).saturating_add(1);
        let age = self.store_now() - call.at;
        let left = limits::CALL_DEADLINE.0 - age.0;
        // Offered again after a crash: the attempt that nobody heard of counts too.
        if started.attempt > allowed || left <= 0 {
            let why = if started.unsure { "lost" } else { "timeout" };
            return self.call_ended(started, call, CallOutcome::Failed { why: why.to_owned() }, started.attempt - 1);
        }
        let api = match out {
            CallOut::Live(_) => self.world.apis.get(&call.api),
            CallOut::StandIn(api, _) => Some(api),
        };
        let Some(api) = api else {
            tracing::warn!(api = %call.api, "a flow calls an api that is not configured");
            return self.call_ended(started, call, CallOutcome::Failed { why: "not_allowed".to_owned() }, 0);
        };
        // An attempt must end within the lease, however short somebody configured it: else it would never be begun.
        let within_lease = self.settings.send_lease.0 * 4 / 5;
        let asked = call.timeout.0.clamp(1, limits::CALL_TIMEOUT_MAX.0).min(left).min(within_lease.max(1));
        let timeout = duration(Span::millis(asked));
        if self.too_late(taken_at, timeout) {
            return self.out_of_time(started);
        }
        // How a stand-in does says nothing of the api.
        let live = matches!(out, CallOut::Live(_));
        if live && !self.circuits.lets_through(&call.api, self.clock.monotonic(), timeout) {
            metrics::call(call.api.as_str(), "circuit_open");
            let outcome = CallOutcome::Failed { why: "circuit_open".to_owned() };
            return self.call_ended(started, call, outcome, started.attempt - 1);
        }
        let wanted = Wanted::of(call);
        let ended: Result<HttpAnswer, HttpFailure> = match api::request(api, &wanted, started.id, timeout) {
            Ok(request) => match out {
                CallOut::Live(out) => out.http(request).await,
                CallOut::StandIn(_, out) => out.http(request).await,
            },
            Err(why) => {
                tracing::warn!(api = %call.api, why, "a flow's call is not allowed");
                Err(HttpFailure::NotAllowed)
            }
        };
        let change = match live {
            true => {
                metrics::call(call.api.as_str(), api::word(&ended));
                self.circuits.ended(&call.api, api.circuit, circuit::health(&ended), self.clock.monotonic())
            }
            false => Change::None,
        };
        match change {
            Change::None => {}
            Change::Opened => {
                tracing::error!(api = %call.api, "an api fails again and again; calls of it fail at once for a while");
                metrics::alert("circuit");
            }
            Change::Closed => tracing::info!(api = %call.api, "an api answers again"),
        }
        // Somebody else may be calling by now: that we heard nothing is no fact to end the call with.
        if ended.is_err() && self.too_late(taken_at, Duration::ZERO) {
            return Performed::ended(End::again(self.store_now(), true, Some("the lease ended before the answer".to_owned())));
        }
        if api::may_pass_later(&ended) && started.attempt < allowed {
            let now = self.store_now();
            let pause = api::asked_pause(&ended, now);
            if let Some(due) = RETRY.next(call.at, now, started.attempt, pause, self.random.bits()) {
                let unsure = started.unsure || !matches!(ended, Err(failure) if !failure.may_have_arrived());
                return Performed::ended(End::again(due, unsure, Some(api::word(&ended).to_owned())));
            }
        }
        self.call_ended(started, call, api::outcome(ended), started.attempt)
    }

    pub(super) fn call_ended(&self, started: &Started, call: &Call, outcome: CallOutcome, attempts: u8) -> Performed {
        let detail = match &outcome {
            CallOutcome::Answered { status, .. } => format!("answered {status}"),
            CallOutcome::Failed { why } => format!("failed: {why}"),
        };
        let took = Span((self.store_now() - call.at).0.max(0));
        let reply = Some(api::result(started.id, outcome, attempts, took));
        // A call that failed is done all the same: its result is what the flow goes on with.
        Performed { reply, ..Performed::ended(End::done(None, Some(detail))) }
    }
}
