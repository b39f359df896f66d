//! One request to an analytics service, and what its answer means.

use super::{LOOK, Sink, Stepped, Work};
use crate::config::sinks::SinkSettings;
use crate::domain::time::Span;
use crate::provider::Headers as _;
use crate::service::core::{Core, duration};
use crate::service::metrics;
use crate::service::ports::{HttpAnswer, HttpCall, HttpFailure, Reach, Transport};
use crate::service::retry::{Retry, asked_pause};
use crate::service::systems::System;
use crate::sink::{Encoded, Request, Service, Verdict, Wait};
use std::sync::Arc;

/// Of an answer; Amplitude names every refused row.
const ANSWER_BYTES: usize = 1024 * 1024;
/// A service that is down is asked again at the latest after so long.
const LONGEST: Span = Span::minutes(1);
/// Longer than this no `Retry-After` is obeyed.
const ASKED: Span = Span::hours(1);
/// Amplitude looks at the last 30 seconds of whoever is over a limit: so many first pauses, which are 2 seconds.
const THROTTLED: i64 = 15;

impl Sink {
    /// Sends the next request of what is in hand, or writes down that it is done.
    pub(super) async fn tell(self: &Arc<Self>, core: &Core, work: &mut Work) -> Stepped {
        let Some(rows) = work.parcels.next().map(<[Encoded]>::to_vec) else {
            self.done(work).await;
            return if work.places.is_some() { Stepped::Wait(LOOK) } else { Stepped::Busy };
        };
        let mut request = self.service.request(&rows);
        request.body = core.leaving(request.body);
        let ended = core.gate.of_the_service().http(call(&self.settings, request)).await;
        let asked = match &ended {
            Ok(answer) => answer.get("retry-after").and_then(|header| asked_pause(header, core.store_now())),
            Err(_) => None,
        };
        let verdict = verdict(&self.service, &ended, &rows);
        let word = ended.as_ref().err().map_or(verdict.word(), |failure| failure.word());
        metrics::sink_request(self.name(), word);
        let next = work.parcels.heard(verdict);
        if next.taken > 0 {
            work.sent += next.taken as u64;
            metrics::sink_rows(self.name(), "sent", next.taken as u64);
        }
        self.dropped(work, &next.dropped);
        core.heard(System::Sink(self.settings.name.clone()), next.wait.is_some().then_some(word));
        let Some(wait) = next.wait else {
            if work.tried > 0 {
                tracing::info!(sink = self.name(), "the analytics service answers again");
                work.tried = 0;
            }
            self.done(work).await;
            return Stepped::Busy;
        };
        let pause = match wait {
            Wait::Throttled => Span(self.settings.retry_first.0.saturating_mul(THROTTLED)),
            Wait::Busy(_) | Wait::Closed(_) => {
                work.tried = work.tried.saturating_add(1);
                let retry = Retry { first: self.settings.retry_first, longest: LONGEST, max_age: ASKED };
                retry.pause(u8::try_from(work.tried).unwrap_or(u8::MAX), asked.map(|asked| asked.min(ASKED)), core.random.bits())
            }
        };
        self.say(&wait, work.tried, pause);
        Stepped::Wait(duration(pause))
    }

    /// At the first failure and then now and again: a service that is down for a night is no reason to fill the disk.
    fn say(&self, wait: &Wait, tried: u32, pause: Span) {
        if tried > 1 && !tried.is_multiple_of(10) {
            return;
        }
        match wait {
            Wait::Busy(why) => {
                tracing::warn!(sink = self.name(), why, pause_ms = pause.0, "the analytics service takes nothing now")
            }
            Wait::Closed(why) => {
                tracing::error!(
                    sink = self.name(),
                    why,
                    pause_ms = pause.0,
                    "the analytics service refuses us; nothing is dropped"
                );
            }
            Wait::Throttled => {
                tracing::info!(sink = self.name(), pause_ms = pause.0, "rows of somebody who is over a limit wait")
            }
        }
    }
}

fn call(settings: &SinkSettings, request: Request) -> HttpCall {
    let Request { url, authorization, body } = request;
    let mut headers =
        vec![("Content-Type".into(), "application/json".to_owned()), ("Accept".into(), "application/json".to_owned())];
    headers.extend(authorization.map(|value| ("Authorization".into(), value)));
    let timeout = duration(settings.timeout);
    HttpCall { method: "POST", url, headers, body, timeout, max_answer: ANSWER_BYTES, reach: Reach::Anywhere }
}

fn verdict(service: &Service, ended: &Result<HttpAnswer, HttpFailure>, rows: &[Encoded]) -> Verdict {
    match ended {
        Ok(answer) => service.verdict(answer.status, &answer.body, rows),
        Err(HttpFailure::TooLarge { status }) => service.verdict(*status, b"", rows),
        Err(HttpFailure::Invalid) => Verdict::Closed("its base_url cannot be used".to_owned()),
        Err(failure) => Verdict::Later(failure.word().to_owned()),
    }
}

/// What `doctor` finds out by a request without rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// It answers, and knows us as far as that shows.
    Fine(u16),
    /// It answers that it does not want us.
    Refused(String),
    /// It answers that it is not well.
    Ill(u16),
    /// It does not answer.
    Not(HttpFailure),
}

/// Asks a service with a request that holds nothing.
pub async fn probe_sink(settings: &SinkSettings, transport: &dyn Transport) -> Reached {
    let service = Service::new(settings);
    match transport.send(call(settings, service.request(&[]))).await {
        Ok(answer) => match service.verdict(answer.status, &answer.body, &[]) {
            Verdict::Closed(why) => Reached::Refused(why),
            _ if answer.status >= 500 => Reached::Ill(answer.status),
            _ => Reached::Fine(answer.status),
        },
        Err(HttpFailure::TooLarge { status }) => Reached::Fine(status),
        Err(failure) => Reached::Not(failure),
    }
}
