//! Digests: events with one key are collected for a window, then the run goes on once with all of them.

use super::drive::Next;
use super::record::{Run, Waiting};
use super::turn::TurnError;
use super::turning::Turning;
use super::weight::value_bytes;
use crate::domain::limits;
use crate::domain::name::EventName;
use crate::domain::time::Millis;
use crate::domain::value::Value;
use crate::flow::catalog::Published;
use crate::flow::definition::{Digest, Kind};
use std::borrow::Cow;

impl<'a> Turning<'a> {
    /// Begins to collect. The event that brought the run here is the first one.
    pub(super) fn digest(&mut self, run: &mut Run, digest: &'a Digest) -> Next<'a> {
        run.waiting = Waiting::Digest { until: run.expires, latest: run.expires, items: Vec::new() };
        match run.event.take() {
            Some(first) if first.name == digest.event => self.collect(run, digest, first.at, first.data),
            other => {
                run.event = other;
                Next::Rest
            }
        }
    }

    /// Whether a digest of this flow, or of one that it runs as a part of itself, may begin with this event.
    pub(super) fn collects(&self, published: &Published, event: &EventName) -> bool {
        // Nearly every flow has no parts.
        let mut seen: Vec<&Published> = vec![published];
        let mut place = 0;
        while let Some(one) = seen.get(place).copied() {
            if one.digests.contains(event) {
                return true;
            }
            let parts = one.parts.iter().filter_map(|part| self.catalog.current_published(part.as_str()));
            let new: Vec<&Published> = parts.filter(|part| seen.iter().all(|known| !std::ptr::eq(*known, *part))).collect();
            seen.extend(new);
            place += 1;
        }
        false
    }

    /// Whether a run that collects has room for this event. The first one always finds room: the record's own bound judges it.
    pub(super) fn has_room(run: &Run, data: &Value) -> bool {
        match &run.waiting {
            Waiting::Digest { items, .. } if !items.is_empty() => {
                items.iter().map(value_bytes).sum::<usize>() + value_bytes(data) <= limits::DIGEST_ROOM
            }
            _ => true,
        }
    }

    /// Takes an event that came at `at` into the batch. The window begins with the first.
    pub(super) fn collect(&mut self, run: &mut Run, digest: &Digest, at: Millis, data: Value) -> Next<'a> {
        let Waiting::Digest { until, latest, items } = &mut run.waiting else { return Next::Rest };
        if items.is_empty() {
            *latest = at + digest.window;
        }
        *until = digest.extend.map_or(*latest, |extend| (at + extend).min(*latest));
        items.push(data);
        let bytes: usize = items.iter().map(value_bytes).sum();
        if items.len() >= usize::from(digest.max) {
            return digested(run, "it is full");
        }
        if bytes >= limits::DIGEST_BYTES {
            let most = limits::DIGEST_BYTES;
            self.note(
                Some(run.id),
                format!("a digest went on early: its events have {bytes} bytes, from {most} it does not wait"),
            );
            return digested(run, "its events are too large to wait for more");
        }
        // Where the window is over already its timer ends it: events that were accepted in it may still wait for their turn.
        Next::Rest
    }

    /// Makes room in a record that is too large: the largest batch goes on early. Nothing if there is none.
    pub(super) fn digest_early(&mut self, bytes: usize) -> Result<bool, TurnError> {
        let weight = |run: &Run| match &run.waiting {
            Waiting::Digest { items, .. } => items.iter().map(value_bytes).sum(),
            _ => 0,
        };
        let largest = self.rec.runs.iter().enumerate().map(|(place, run)| (weight(run), place)).filter(|(n, _)| *n > 0).max();
        let Some((_, place)) = largest else { return Ok(false) };
        let mut run = self.take(place);
        self.note(Some(run.id), format!("a digest went on early: the contact's record would have {bytes} bytes"));
        let next = digested(&mut run, "the contact's record is too large to wait for more");
        self.drive(run, place, next)?;
        Ok(true)
    }

    /// The digest at which a run collects.
    pub(super) fn digest_of(&self, run: &Run) -> Result<Option<&'a Digest>, TurnError> {
        if !matches!(run.waiting, Waiting::Digest { .. }) {
            return Ok(None);
        }
        match &self.state(run)?.2.kind {
            Kind::Digest(digest) => Ok(Some(digest)),
            _ => Err(TurnError::Damaged("a digest in a state that collects nothing")),
        }
    }
}

/// The run goes on with what it has collected.
pub(super) fn digested<'a>(run: &mut Run, why: &str) -> Next<'a> {
    let items = match std::mem::replace(&mut run.waiting, Waiting::Turn) {
        Waiting::Digest { items, .. } => items,
        other => {
            run.waiting = other;
            Vec::new()
        }
    };
    let reason = match items.len() {
        1 => format!("1 event: {why}"),
        n => format!("{n} events: {why}"),
    };
    Next::Outcome { name: Cow::Borrowed("ok"), value: Value::List(items), reason }
}
