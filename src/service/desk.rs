//! One task at a desk: its dialog with the service, step by step, and again until it is done or too old. What an earlier attempt
//! may have done is looked for first, so a conversation begins once however often we die on the way. What became of it comes
//! back to the contact as an input, in the same commit in which the task ends.

use super::api;
use super::core::{Core, duration};
use super::gate::Outside;
use super::metrics;
use super::outbox::Performed;
use super::ports::{HttpAnswer, HttpCall, HttpFailure, Reach, Transport};
use super::retry::{Retry, asked_pause};
use super::systems::System;
use super::verdict::End;
use crate::config::desks::DeskSettings;
use crate::domain::codec;
use crate::domain::desk::{DeskDone, DeskJob, DeskOutcome, DeskTask};
use crate::domain::hook::DESK_PREFIX;
use crate::domain::input::Input;
use crate::domain::limits;
use crate::domain::message::FailureReason;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use crate::engine::effect::Desk;
use crate::provider::Headers as _;
use crate::provider::desk::{self, Ask, Dialog, Ended, Step};
use crate::store::Started;
use bytes::Bytes;
use std::time::Duration;

/// A task for a desk that this instance does not know is left for one that does.
const UNKNOWN_DESK: Span = Span::seconds(30);
/// A task that is older may have been begun before, whatever its attempt says: an operator has it done again.
const FRESH: Span = Span::minutes(1);
/// Requests of one task; more would be a dialog that goes round in circles.
const STEPS: usize = 12;

/// Why a dialog stopped before its end.
enum Broken {
    /// Too little of the lease is left. Whether anything was sent before.
    OutOfTime(bool),
    /// A request has no answer.
    Failed(HttpFailure),
}

impl Core {
    /// How many tasks a desk takes at one time, if this is the set of one.
    pub(super) fn desk_in_flight(&self, set: &Slug) -> Option<usize> {
        let name = set.as_str().strip_prefix(DESK_PREFIX)?;
        self.world.desks.get(name).map(|desk| desk.in_flight)
    }

    pub(super) async fn desk(&self, started: &Started, desk: &Desk, taken_at: Duration, out: Outside<'_>) -> Performed {
        let task = &desk.task;
        let Some(settings) = self.world.desks.get(&task.desk) else {
            let why = "the desk is not configured".to_owned();
            return self.desk_again(started, desk, None, Some(UNKNOWN_DESK), why);
        };
        let age = self.store_now() - desk.at;
        let again = started.attempt > 1 || started.unsure || age > FRESH;
        let (ended, pause) = match self.desk_dialog(started, settings, task, again, (taken_at, out)).await {
            Ok(ended) => ended,
            Err(Broken::OutOfTime(false)) => return self.out_of_time(started),
            Err(Broken::OutOfTime(true)) => {
                return Performed::ended(End::again(self.store_now(), true, Some("too little time was left".to_owned())));
            }
            Err(Broken::Failed(failure)) => {
                metrics::hook(task.desk.as_str(), failure.word());
                self.heard(System::Desk(task.desk.clone()), Some(failure.word()));
                // Somebody else may be at it by now: that we heard nothing is no fact to end it with.
                if self.too_late(taken_at, Duration::ZERO) {
                    let why = Some("the lease ended before the answer".to_owned());
                    return Performed::ended(End::again(self.store_now(), true, why));
                }
                return self.desk_again(started, desk, Some(settings), None, failure.to_string());
            }
        };
        let error = match &ended {
            Ended::Done { .. } => None,
            Ended::Refused(_) => Some("refused"),
            Ended::Later { status } => Some(api::class(*status)),
        };
        self.heard(System::Desk(task.desk.clone()), error);
        match ended {
            Ended::Done { conversation, party } => {
                metrics::hook(task.desk.as_str(), "done");
                let end = End::done(Some(conversation.clone()), None);
                self.desk_ended(started, task, end, DeskOutcome::Done { conversation, party })
            }
            Ended::Refused(why) => self.desk_failed(started, task, FailureReason::Invalid, why),
            Ended::Later { status } => {
                metrics::hook(task.desk.as_str(), "later");
                if matches!(status, 401 | 403 | 404) {
                    tracing::error!(desk = %task.desk, status, "a desk does not let us work: see `replyflow doctor`");
                    metrics::alert("desk_refused");
                }
                self.desk_again(started, desk, Some(settings), pause, format!("it answered {status}"))
            }
        }
    }

    /// All steps of a task, and the pause that the last answer asked for.
    async fn desk_dialog(
        &self,
        started: &Started,
        settings: &DeskSettings,
        task: &DeskTask,
        again: bool,
        (taken_at, out): (Duration, Outside<'_>),
    ) -> Result<(Ended, Option<Span>), Broken> {
        let timeout = duration(settings.timeout).min(duration(self.settings.send_lease) * 4 / 5);
        let (mut dialog, mut step) = Dialog::begin(settings, task, started.lane.contact, again);
        let mut pause = None;
        for n in 0..STEPS {
            let ask = match step {
                Step::End(ended) => return Ok((ended, pause)),
                Step::Ask(ask) => ask,
            };
            if self.too_late(taken_at, timeout) {
                return Err(Broken::OutOfTime(n > 0));
            }
            let answer = out.http(call_of(settings, ask, timeout)).await.map_err(Broken::Failed)?;
            pause = answer.get("retry-after").and_then(|header| asked_pause(header, self.store_now()));
            step = dialog.next(answer.status, &answer.body);
        }
        Ok((Ended::Refused("it took too many steps".to_owned()), None))
    }

    /// The next attempt, unless the task is too old. One that an operator has done again after days gets a few all the same.
    fn desk_again(
        &self,
        started: &Started,
        desk: &Desk,
        settings: Option<&DeskSettings>,
        asked: Option<Span>,
        why: String,
    ) -> Performed {
        let (first, max_age) = settings.map_or((UNKNOWN_DESK, Span::hours(24)), |desk| (desk.retry_first, desk.max_age));
        let rules = Retry { first, longest: limits::HOOK_PAUSE, max_age };
        let now = self.store_now();
        let since = if started.attempt < limits::HOOK_ATTEMPTS { desk.at.max(now) } else { desk.at };
        let asked = asked.map(|asked| asked.min(limits::HOOK_PAUSE_ASKED));
        match rules.next(since, now, started.attempt, asked, self.random.bits()) {
            // What an attempt did is looked for before the next, so it is never surely undone.
            Some(due) => Performed::ended(End::again(due, true, Some(why))),
            None => self.desk_failed(started, &desk.task, FailureReason::Unreachable, why),
        }
    }

    fn desk_failed(&self, started: &Started, task: &DeskTask, reason: FailureReason, why: String) -> Performed {
        let kind = task.job.word();
        tracing::warn!(desk = %task.desk, kind, why, "a task at a desk was given up; an operator can have it done again");
        metrics::hook(task.desk.as_str(), "given_up");
        let end = End::failed(reason, Some(why.clone()));
        self.desk_ended(started, task, end, DeskOutcome::Failed { why })
    }

    pub(super) fn desk_ended(&self, started: &Started, task: &DeskTask, end: End, outcome: DeskOutcome) -> Performed {
        let (desk, talk, run) = (task.desk.clone(), task.talk, task.run);
        let opened = matches!(task.job, DeskJob::Open(_));
        let done = DeskDone { effect: started.id, desk, talk, run, opened, outcome };
        let reply = Some(Bytes::from(codec::encode(&Input::Desk(Box::new(done)))));
        Performed { reply, ..Performed::ended(end) }
    }
}

/// Whether we may work at a desk: what was found, or what to do.
pub async fn probe(transport: &dyn Transport, settings: &DeskSettings) -> Result<String, String> {
    match transport.send(call_of(settings, desk::probe(settings), duration(settings.timeout))).await {
        Ok(HttpAnswer { status, body, .. }) => desk::probed(settings, status, &body),
        Err(HttpFailure::NotAllowed) => Err("is a private address; allow_private = true allows that".to_owned()),
        Err(failure) => Err(failure.to_string()),
    }
}

fn call_of(settings: &DeskSettings, ask: Ask, timeout: Duration) -> HttpCall {
    let mut headers = desk::headers(settings);
    headers.extend(ask.idempotency.map(|key| ("Idempotency-Key".into(), key)));
    HttpCall {
        method: ask.method,
        url: format!("{}{}", settings.base_url, ask.path),
        headers,
        body: ask.body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string())),
        timeout,
        max_answer: limits::DESK_ANSWER_BYTES,
        reach: if settings.allow_private { Reach::Anywhere } else { Reach::PublicOnly },
    }
}
