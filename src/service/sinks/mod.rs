//! Analytics services as subscribers of the journal. Each sink reads in history at its own pace, so one that is slow or down holds up
//! nobody and costs no memory; it moves on only after its service took what it read. At least once: a repetition carries the same
//! ids, by which the services know it. Every instance tells what it copied to history itself; that two tell the same is harmless.

mod identity;
pub(in crate::service) mod shelf;
mod tell;

pub use shelf::{Shelf, Standing};
pub use tell::{Reached, probe_sink};

use super::core::{Core, duration};
use super::metrics;
use crate::config::sinks::SinkSettings;
use crate::domain::time::{Millis, Span};
use crate::history::{Database, HistoryError};
use crate::sink::{Background, Parcels, Row, Service, rows};
use identity::People;
use shelf::{Place, Unread};
use std::sync::Arc;
use std::time::Duration;

/// How often history is looked at when there was nothing new.
pub const LOOK: Duration = Duration::from_secs(1);

/// What one step of a sink did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// Something: call again at once.
    Busy,
    /// There was nothing to tell.
    Idle,
    /// The service wants to be left alone for so long.
    Wait(Duration),
}

/// One sink at work.
pub struct Sink {
    pub(super) settings: SinkSettings,
    service: Service,
    shelf: Shelf,
    background: tokio::sync::Mutex<Background>,
    work: tokio::sync::Mutex<Work>,
}

/// What it has in hand.
struct Work {
    parcels: Parcels,
    /// Where it stands when all parcels are done; nothing: it has none.
    places: Option<Vec<Place>>,
    oldest: Option<Millis>,
    people: People,
    sent: u64,
    dropped: u64,
    /// The shard to begin with, so that a busy one does not starve the others.
    first: u8,
    /// Requests in a row that were not taken.
    tried: u32,
    missed: Option<u64>,
}

/// What was read for it.
struct Gathered {
    rows: Vec<Row>,
    unreadable: u64,
    unread: Unread,
}

/// Opens the sinks; those that are no longer configured are forgotten.
pub async fn open_sinks<'a>(
    history: &Database,
    settings: impl Iterator<Item = &'a SinkSettings> + Clone,
) -> Result<Vec<Arc<Sink>>, HistoryError> {
    let names: Vec<&str> = settings.clone().map(|sink| sink.name.as_str()).collect();
    Shelf::retain(history, &names).await?;
    let mut sinks = Vec::new();
    for settings in settings {
        sinks.push(Arc::new(Sink::open(history, settings).await?));
    }
    Ok(sinks)
}

impl Sink {
    async fn open(history: &Database, settings: &SinkSettings) -> Result<Self, HistoryError> {
        let service = Service::new(settings);
        let work = Work {
            parcels: Parcels::new(service.bounds()),
            places: None,
            oldest: None,
            people: People::default(),
            sent: 0,
            dropped: 0,
            first: 0,
            tried: 0,
            missed: None,
        };
        Ok(Sink {
            service,
            shelf: Shelf::open(history, settings.name.as_str(), settings.from).await?,
            background: tokio::sync::Mutex::default(),
            work: tokio::sync::Mutex::new(work),
            settings: settings.clone(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.settings.name.as_str()
    }

    /// One step: a look at history, or one request. May be given up at any moment; what was in the air is then told again.
    pub async fn step(self: &Arc<Self>, core: &Core) -> Stepped {
        let mut work = self.work.lock().await;
        let stepped = match work.places.is_some() {
            true => self.tell(core, &mut work).await,
            false => self.look(core, &mut work).await,
        };
        let lag = work.oldest.map_or(Span::millis(0), |oldest| core.clock.wall() - oldest);
        metrics::sink_lag(self.name(), duration(lag));
        stepped
    }

    async fn look(self: &Arc<Self>, core: &Core, work: &mut Work) -> Stepped {
        let gathered = match self.gather(work.first).await {
            Ok(gathered) => gathered,
            Err(error) => {
                tracing::warn!(sink = self.name(), %error, "history cannot be read");
                return Stepped::Wait(LOOK);
            }
        };
        let Gathered { rows, unreadable, unread } = gathered;
        self.say_missed(work, unread.missed);
        if unreadable > 0 {
            tracing::warn!(sink = self.name(), entries = unreadable, "entries of the journal cannot be read and are not told");
            metrics::sink_rows(self.name(), "unreadable", unreadable);
        }
        if unread.places.is_empty() {
            work.oldest = None;
            return Stepped::Idle;
        }
        // Somebody's own id is asked for before anything is changed: the store may be away.
        let Some(encoded) = self.encode(core, &mut work.people, &rows).await else { return Stepped::Wait(LOOK) };
        work.first = unread.places.last().filter(|_| unread.more).map_or(0, |place| (place.shard + 1) % 64);
        work.oldest = unread.oldest;
        let too_large = work.parcels.load(encoded);
        work.places = Some(unread.places);
        self.dropped(work, &too_large);
        self.done(work).await;
        Stepped::Busy
    }

    /// Reads, and makes rows of it.
    async fn gather(&self, first: u8) -> Result<Gathered, HistoryError> {
        let mut background = self.background.lock().await;
        let mut unread = self.shelf.unread(first).await?;
        let (mut told, mut unreadable) = (Vec::new(), 0);
        for entry in std::mem::take(&mut unread.entries) {
            let Some(entry) = entry else {
                unreadable += 1;
                continue;
            };
            entry.events.iter().for_each(|event| background.learn(event));
            if entry.events.iter().any(|event| background.lacks(event)) {
                self.shelf.before(entry.contact, entry.at).await?.iter().for_each(|event| background.learn(event));
                for event in &entry.events {
                    if background.lacks(event) {
                        background.give_up(event);
                    }
                }
            }
            let wanted = |name: &str| self.settings.events.iter().any(|pattern| pattern.matches(name));
            told.extend(rows(&entry, &background, &self.settings.include, wanted));
        }
        Ok(Gathered { rows: told, unreadable, unread })
    }

    /// Everything in hand was told: that is written down, and the next can be read.
    async fn done(self: &Arc<Self>, work: &mut Work) {
        if work.parcels.next().is_some() {
            return;
        }
        let Some(places) = work.places.clone() else { return };
        match self.shelf.told(&places, work.sent, work.dropped).await {
            Ok(()) => (work.places, work.sent, work.dropped) = (None, 0, 0),
            // Nothing is lost: it is tried again with the next step.
            Err(error) => tracing::warn!(sink = self.name(), %error, "how far it has come cannot be written down"),
        }
    }

    fn dropped(&self, work: &mut Work, rows: &[(String, String)]) {
        if rows.is_empty() {
            return;
        }
        work.dropped += rows.len() as u64;
        metrics::sink_rows(self.name(), "dropped", rows.len() as u64);
        for (id, why) in rows.iter().take(5) {
            tracing::warn!(sink = self.name(), row = id, why, "a row is refused and dropped");
        }
        if rows.len() > 5 {
            tracing::warn!(sink = self.name(), rows = rows.len(), "rows are refused and dropped; the first five were named");
        }
    }

    /// Entries became too old before the sink was told of them.
    fn say_missed(&self, work: &mut Work, missed: u64) {
        let new = missed.saturating_sub(work.missed.unwrap_or(missed));
        if new > 0 {
            let entries = new;
            tracing::error!(sink = self.name(), entries, "entries were deleted from history before the sink was told of them");
            metrics::sink_rows(self.name(), "missed", new);
        }
        work.missed = Some(missed);
    }
}
