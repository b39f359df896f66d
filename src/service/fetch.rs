//! One file of a contact: fetched and kept.

use super::api;
use super::core::Core;
use super::outbox::Performed;
use super::verdict::End;
use crate::domain::input::CallOutcome;
use crate::domain::time::Span;
use crate::engine::effect::Fetch;
use crate::store::Started;
use std::time::Duration;

impl Core {
    pub(super) async fn fetch(&self, started: &Started, fetch: &Fetch, _taken_at: Duration) -> Performed {
        let outcome = CallOutcome::Answered { status: 200, body: fetch.value(None) };
        let took = self.store_now() - fetch.at;
        let reply = Some(api::result(started.id, outcome, started.attempt, took));
        Performed { end: End::done(None, None), reply, gap: Span::millis(0) }
    }
}
