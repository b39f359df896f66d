//! One file of a contact: fetched with the provider's credentials and kept. Its end always comes back to the run, like that of
//! a call; each attempt is an attempt of the store, and one that is done again keeps the same file under the same name.

use super::api;
use super::core::{Core, duration};
use super::gate::Outside;
use super::media::kind::{self, Judged};
use super::media::{Keeper, Owner, owed};
use super::metrics;
use super::outbox::Performed;
use super::ports::{HttpAnswer, HttpCall, HttpFailure, Reach};
use super::retry::Retry;
use super::settings::{Channel, FileSettings};
use super::verdict::End;
use crate::domain::input::CallOutcome;
use crate::domain::limits;
use crate::domain::message::Media;
use crate::domain::time::{Millis, Span};
use crate::engine::effect::Fetch;
use crate::provider::Headers;
use crate::provider::file::{FileRequest, FileSource, NoFile};
use crate::store::Started;
use crate::store::files::FileError;
use bytes::Bytes;
use std::time::Duration;

/// Between two attempts: a person waits.
const RETRY: Retry = Retry { first: Span::seconds(1), longest: Span::seconds(30), max_age: limits::FETCH_DEADLINE };
/// One attempt: the largest file over a slow line.
const ATTEMPT: Span = Span::seconds(40);
/// For storing what was fetched, however long that took.
const STORING: Duration = Duration::from_secs(10);
/// The answer that says where a file is.
const WHERE_BYTES: usize = 64 * 1024;
/// How often a provider may send us on.
const REDIRECTS: usize = 3;

/// Why there is no file.
enum Miss {
    /// The same may pass later.
    Later(&'static str, Option<Span>),
    /// It will not.
    Never(&'static str),
}

impl Core {
    pub(super) async fn fetch(&self, started: &Started, fetch: &Fetch, taken_at: Duration, out: Outside<'_>) -> Performed {
        let age = self.store_now() - fetch.at;
        if started.attempt > limits::FETCH_ATTEMPTS || age > limits::FETCH_DEADLINE {
            return self.fetch_ended(started, fetch, Err("timeout"));
        }
        let (Some(channel), Some(files)) = (self.channel(&fetch.channel), &self.settings.files) else {
            tracing::warn!(channel = %fetch.channel, "a file came over a channel that is not configured, or files are not kept");
            return self.fetch_ended(started, fetch, Err("not_allowed"));
        };
        let timeout = Span(ATTEMPT.0.min(self.settings.send_lease.0 * 4 / 5).max(1));
        if self.too_late(taken_at, duration(timeout)) {
            return self.out_of_time(started);
        }
        let own = format!("{}-{}", started.id, started.attempt);
        let owner = Owner::of(&self.secret, started.lane.contact);
        let got = self.get_file(channel, files, &fetch.media, (&owner, &own), (duration(timeout), out)).await;
        // Also where it seems not to be kept: the answer to that may be what was lost.
        if self.is_gone(started.lane.contact).await {
            // Deleted while it was fetched: whoever deleted it did not see this file.
            if let Err(error) = files.store.delete_beginning(owner.beginning(), None).await {
                tracing::error!(%error, "a file of a deleted contact goes later");
                metrics::alert("file_not_deleted");
                if let Err(error) = owed::owe(&*files.store, owner.beginning(), None).await {
                    tracing::error!(%error, "that it is to go could not be noted");
                }
            }
            return self.fetch_ended(started, fetch, Err("gone"));
        }
        // Somebody else may be fetching it by now: that we did not get it is no fact to end with.
        if got.is_err() && self.too_late(taken_at, Duration::ZERO) {
            return Performed::ended(End::again(self.store_now(), false, Some("the lease ended before the file".to_owned())));
        }
        match got {
            Ok(kept) => self.fetch_ended(started, fetch, Ok(kept)),
            Err(Miss::Never(why)) => self.fetch_ended(started, fetch, Err(why)),
            Err(Miss::Later(why, pause)) => {
                let (now, chance) = (self.store_now(), self.random.bits());
                let due = RETRY.next(fetch.at, now, started.attempt, pause, chance);
                match due.filter(|_| started.attempt < limits::FETCH_ATTEMPTS) {
                    // To fetch a file twice does no harm, so nothing is unsure.
                    Some(due) => Performed::ended(End::again(due, false, Some(why.to_owned()))),
                    None => self.fetch_ended(started, fetch, Err(why)),
                }
            }
        }
    }

    /// Of a test contact: the file stays where it is said to be.
    pub(super) fn fetch_tried(&self, started: &Started, fetch: &Fetch) -> Performed {
        self.fetch_ended(started, fetch, Ok(Kept::default()))
    }

    async fn get_file(
        &self,
        channel: &Channel,
        files: &FileSettings,
        media: &Media,
        (owner, own): (&Owner, &str),
        (timeout, out): (Duration, Outside<'_>),
    ) -> Result<Kept, Miss> {
        let until = self.clock.monotonic() + timeout;
        let left = || until.saturating_sub(self.clock.monotonic()).max(Duration::from_millis(1));
        let mut request = match channel.adapter.file(media).map_err(never)? {
            FileSource::Open => return Ok(Kept::default()),
            FileSource::There(request) => request,
            FileSource::Asked(request) => {
                let ended = out.http(call(request, left(), WHERE_BYTES)).await;
                metrics::call(channel.name.as_str(), api::word(&ended));
                let answer = of_answer(ended, self.store_now())?;
                channel.adapter.located(&answer.body).map_err(never)?
            }
        };
        for _ in 0..=REDIRECTS {
            let mut keeper = match Keeper::begin(&*files.store, owner, own).await {
                Ok(keeper) => keeper,
                Err(error) => return Err(unwritten(&error.into())),
            };
            let here = request.request.url.clone();
            let ended = out.download(call(request, left(), limits::MEDIA_BYTES), &mut keeper).await;
            metrics::call(channel.name.as_str(), api::word(&ended));
            if let Some(error) = keeper.take_failure() {
                keeper.drop_it().await;
                return Err(unwritten(&error.into()));
            }
            if let Ok(answer) = &ended
                && (300..400).contains(&answer.status)
            {
                keeper.drop_it().await;
                let next = answer.get("location").and_then(|to| url::Url::parse(&here).ok()?.join(to).ok());
                let next = next.ok_or(Miss::Never("redirect"))?;
                request = channel.adapter.redirected(next.as_str()).map_err(never)?;
                continue;
            }
            let answer = match of_answer(ended, self.store_now()) {
                Ok(answer) => answer,
                Err(miss) => {
                    keeper.drop_it().await;
                    return Err(miss);
                }
            };
            let told = media.content_type.as_deref().or_else(|| answer.get("content-type")).unwrap_or_default();
            let judged = match files.rules.judge(&keeper.look(told)) {
                Ok(judged) => judged,
                Err(why) => {
                    keeper.drop_it().await;
                    return Err(Miss::Never(why));
                }
            };
            let Judged { mime, strange } = judged;
            // With its parameters as long as it is what it was said to be.
            let shown = if strange.is_none() && !told.is_empty() && kind::is_named(told, mime) {
                told.to_owned()
            } else {
                mime.to_owned()
            };
            return match keeper.keep(&*files.store, mime, left().max(STORING)).await {
                Ok((name, size)) => {
                    let url = Some(self.file_links.lasting(&name));
                    Ok(Kept { url, mime: Some(shown), size: Some(size), strange })
                }
                Err(error) => Err(unwritten(&error)),
            };
        }
        Err(Miss::Never("redirect"))
    }

    fn fetch_ended(&self, started: &Started, fetch: &Fetch, ended: Result<Kept, &'static str>) -> Performed {
        let (outcome, detail) = match ended {
            Ok(Kept { url, mime, size, strange }) => {
                let media = Media {
                    url: url.or_else(|| fetch.media.url.clone()),
                    content_type: mime.or_else(|| fetch.media.content_type.clone()),
                    ..fetch.media.clone()
                };
                let body = Fetch { media, ..fetch.clone() }.value(size);
                (CallOutcome::Answered { status: 200, body }, strange.map_or("kept".to_owned(), |why| format!("kept: {why}")))
            }
            Err(why) => {
                tracing::warn!(channel = %fetch.channel, why, "a file of a contact could not be fetched");
                (CallOutcome::Failed { why: why.to_owned() }, format!("failed: {why}"))
            }
        };
        let took = Span((self.store_now() - fetch.at).0.max(0));
        let reply = Some(api::result(started.id, outcome, started.attempt, took));
        Performed { reply, ..Performed::ended(End::done(None, Some(detail))) }
    }
}

/// A file as it is kept; nothing where it stays where it is.
#[derive(Default)]
struct Kept {
    url: Option<String>,
    mime: Option<String>,
    size: Option<u64>,
    /// That it is not what it was said to be.
    strange: Option<String>,
}

fn call(file: FileRequest, timeout: Duration, max_answer: usize) -> HttpCall {
    let FileRequest { request, configured } = file;
    HttpCall {
        method: "GET",
        url: request.url,
        headers: request.headers,
        body: Bytes::new(),
        timeout,
        max_answer,
        reach: if configured { Reach::Anywhere } else { Reach::PublicOnly },
    }
}

fn never(no: NoFile) -> Miss {
    Miss::Never(match no {
        NoFile::Nowhere => "nowhere",
        NoFile::Elsewhere => "not_allowed",
        NoFile::Unreadable => "unreadable",
    })
}

/// The folder, its disk or the bucket: an engineer must look, and it may be well again.
fn unwritten(error: &FileError) -> Miss {
    tracing::error!(%error, "a file of a contact cannot be kept");
    metrics::alert("file_not_kept");
    Miss::Later("not_kept", None)
}

fn of_answer(ended: Result<HttpAnswer, HttpFailure>, now: Millis) -> Result<HttpAnswer, Miss> {
    let later = api::may_pass_later(&ended);
    let pause = api::asked_pause(&ended, now);
    match ended {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(answer),
        Ok(_) if later => Err(Miss::Later("5xx", pause)),
        Ok(HttpAnswer { status: 401 | 403, .. }) => Err(Miss::Never("refused_by_provider")),
        Ok(_) => Err(Miss::Never("gone")),
        Err(failure) if later => Err(Miss::Later(failure.word(), None)),
        Err(failure) => Err(Miss::Never(failure.word())),
    }
}
