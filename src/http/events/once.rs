//! `Idempotency-Key`: the same request again is answered as the first time, also by another instance and after a crash. What is remembered is
//! only what was refused: the rest of the answer follows from the body, which is the same.

use super::{Answered, Posted, Taken, store, taken};
use crate::domain::limits::REQUEST_ANSWER_BYTES;
use crate::domain::time::Span;
use crate::http::error::Failure;
use crate::service::Core;
use crate::store::{Fingerprint, OnceRequest, RequestKey, RequestStep, Requested};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// A request with a name.
#[derive(Debug, Clone, Copy)]
pub struct Once {
    key: RequestKey,
    print: Fingerprint,
}

/// What is remembered of one event that was refused: its place, status, field and detail.
type Kept = (usize, u16, Option<String>, Option<String>);

impl Once {
    /// A request with this name and this body.
    pub fn new(key: RequestKey, print: Fingerprint) -> Self {
        Once { key, print }
    }

    /// The id of the event at this place, if it brings none: the same whenever and wherever the request is worked on, so that a
    /// request that was cut off in the middle can be done again and takes effect once. Another body under the same name has other ids:
    /// events are known for longer than names are.
    pub fn name(&self, place: usize) -> String {
        format!("{}-{}-{place}", self.key, self.print)
    }
}

/// Stores the events of a request, or says what it was answered.
pub async fn answer(core: &Arc<Core>, once: &Once, posted: Posted) -> Result<Answered, Failure> {
    // One event that cannot be read begins nothing: its name stays free.
    if let (false, [Err(failure), ..]) = (posted.many, &posted.events[..]) {
        return Err(failure.clone());
    }
    let who = core.worker();
    let step = |step| core.request(OnceRequest { key: once.key, print: once.print, who, step });
    let unavailable = |error| {
        tracing::error!(%error, "an Idempotency-Key could not be looked up");
        Failure::Unavailable
    };
    match step(RequestStep::Begin).await.map_err(unavailable)? {
        Requested::Yours => {}
        Requested::Busy(Span(left)) => {
            return Err(Failure::InProgress { after: Duration::from_millis(left.max(0).unsigned_abs()) });
        }
        Requested::Other => return Err(Failure::OtherBody),
        Requested::Full => return Err(Failure::TooMany { after: Duration::from_secs(60) }),
        Requested::Answered(kept) => return remembered(&posted, &kept),
        Requested::Done => return Err(Failure::Unavailable),
    }
    let many = posted.many;
    let results = store(core, posted).await;
    let all: Vec<Taken> = results.iter().map(taken).collect();
    let end = match &all[..] {
        all if all.iter().any(Taken::is_for_now) => RequestStep::Again,
        [Taken::Refused { .. }] if !many => RequestStep::Forget,
        all => keep(all).map_or(RequestStep::Again, RequestStep::Answer),
    };
    // What is stored is stored: if this is lost, the same request is worked on again, and its events are known by their ids.
    if let Err(error) = step(end).await {
        tracing::warn!(%error, "what a request was answered could not be remembered");
    }
    super::answer(many, true, results)
}

/// What is remembered; nothing if it is too much.
fn keep(all: &[Taken]) -> Option<Bytes> {
    let refused: Vec<Kept> = all
        .iter()
        .enumerate()
        .filter_map(|(place, one)| match one {
            Taken::Stored { .. } => None,
            Taken::Refused { status, field, detail } => Some((place, *status, field.clone(), detail.clone())),
        })
        .collect();
    let bytes = if refused.is_empty() { Vec::new() } else { serde_json::to_vec(&refused).ok()? };
    (bytes.len() <= REQUEST_ANSWER_BYTES).then(|| Bytes::from(bytes))
}

/// The first answer again.
fn remembered(posted: &Posted, kept: &Bytes) -> Result<Answered, Failure> {
    let refused: Vec<Kept> =
        if kept.is_empty() { Vec::new() } else { serde_json::from_slice(kept).map_err(|_| Failure::Unavailable)? };
    let mut all: Vec<Taken> = posted
        .events
        .iter()
        .map(|event| Taken::Stored { id: event.as_ref().ok().and_then(|event| event.id.clone()).unwrap_or_default() })
        .collect();
    for (place, status, field, detail) in refused {
        if let Some(one) = all.get_mut(place) {
            *one = Taken::Refused { status, field, detail };
        }
    }
    match (posted.many, &all[..]) {
        (false, [Taken::Stored { id }]) => Ok(Answered::One(id.clone())),
        _ => Ok(Answered::List(all)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_name_and_of_what_was_said_under_it() {
        let once = |key, body: &[u8]| Once::new(RequestKey::of("/v1/events", key), Fingerprint::of(body));
        assert_eq!(once("a", b"x").name(0), once("a", b"x").name(0));
        for other in [once("b", b"x").name(0), once("a", b"y").name(0), once("a", b"x").name(1)] {
            assert_ne!(once("a", b"x").name(0), other);
            assert!(other.len() <= 256, "it is an id as callers may choose one");
        }
    }

    #[test]
    fn what_is_remembered_is_small_where_little_was_refused_and_bounded_where_much_was() {
        let stored = || Taken::Stored { id: "x".repeat(256) };
        assert_eq!(keep(&vec![stored(); 1_000]), Some(Bytes::new()));
        let refused = || Taken::Refused { status: 422, field: Some("contact.phone".into()), detail: Some("is missing".into()) };
        assert!(keep(&[stored(), refused()]).is_some_and(|kept| kept.len() < 100));
        let usual: Vec<Taken> = (0..1_000).map(|_| refused()).collect();
        assert!(keep(&usual).is_some());
        let long = Taken::Refused { status: 422, field: Some("f".repeat(200)), detail: Some("d".repeat(200)) };
        assert_eq!(keep(&vec![long; 1_000]), None);
    }
}
