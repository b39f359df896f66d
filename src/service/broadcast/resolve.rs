//! Who gets a broadcast: its audience page by page, each contact at the time that is theirs. What is found is written down with the place where it goes on.

use super::member::NotSaid;
use super::{Halt, Work, opening};
use crate::config::project::{Hours, Project};
use crate::domain::broadcast_plan::{Audience, Plan};
use crate::domain::broadcast_state::{BroadcastMove, BroadcastState};
use crate::domain::id::ContactKey;
use crate::domain::time::Millis;
use crate::engine::zone_of;
use crate::history::broadcasts::Broadcast;
use crate::history::broadcasts::pieces::{self, FIRST, Found, PAGE, PIECE, Page, Whence};
use crate::history::query::{ContactQuery, Terms};
use crate::history::{Database, HistoryError};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashMap};

/// Why it cannot be said who gets it.
#[derive(Debug)]
pub enum Unreadable {
    /// The query is none.
    Query(String),
    /// The database does not answer.
    Database(HistoryError),
}

/// How an audience is found at a moment.
pub async fn whence(record: &Database, project: &Project, broadcast: &Broadcast, now: Millis) -> Result<Whence, Unreadable> {
    if let Audience::Query(source) = &broadcast.audience {
        let terms = Terms { attributes: &project.attributes, zone: &project.timezone, now };
        let query = ContactQuery::parse(source, &terms).map_err(|problem| Unreadable::Query(problem.to_string()))?;
        return Ok(Whence::Query(query.selection(record.dialect(), FIRST)));
    }
    let found = Whence::of(record, broadcast.id, &broadcast.audience).await.map_err(Unreadable::Database)?;
    Ok(found.unwrap_or(Whence::Listed(Vec::new())))
}

/// When each contact gets it: everybody at the same moment, or in their own morning.
pub struct Times<'p> {
    plan: &'p Plan,
    project: &'p TimeZone,
    from: Millis,
    hours: Vec<Hours>,
    known: HashMap<String, Millis>,
}

impl<'p> Times<'p> {
    /// Of a broadcast that begins at this moment.
    pub fn new(plan: &'p Plan, project: &'p TimeZone, from: Millis) -> Self {
        Times { plan, project, from, hours: Vec::new(), known: HashMap::new() }
    }

    /// The same for what keeps to hours.
    pub fn keeping(self, hours: Vec<Hours>) -> Self {
        Times { hours, ..self }
    }

    /// The time of a contact in this zone; the project's if they have none, or one that nobody knows.
    pub fn of(&mut self, timezone: Option<&str>) -> Millis {
        if self.plan.morning.is_none() && self.hours.is_empty() {
            return self.from;
        }
        let name = timezone.unwrap_or("");
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let zone = timezone.and_then(zone_of);
        let zone = zone.as_ref().unwrap_or(self.project);
        let due = opening::next(&self.hours, zone, self.plan.morning.map_or(self.from, |morning| morning.due(zone, self.from)));
        self.known.insert(name.to_owned(), due);
        due
    }

    /// A page in pieces: those of one time together, the earliest first. Of what keeps to hours those of one zone, so that a piece can wait for them.
    pub fn pieces(&mut self, page: &[Found]) -> Vec<(Millis, Vec<ContactKey>)> {
        let mut by_time: BTreeMap<(Millis, &str), Vec<ContactKey>> = BTreeMap::new();
        for found in page {
            let zone = found.timezone.as_deref().filter(|_| !self.hours.is_empty()).unwrap_or("");
            by_time.entry((self.of(found.timezone.as_deref()), zone)).or_default().push(found.contact);
        }
        let cut = |((due, _), contacts): ((Millis, &str), Vec<ContactKey>)| {
            contacts.chunks(PIECE).map(|piece| (due, piece.to_vec())).collect::<Vec<_>>()
        };
        by_time.into_iter().flat_map(cut).collect()
    }
}

impl Work {
    /// Finds out who gets it, from where it was left.
    pub(super) async fn resolve(&self, broadcast: &Broadcast) -> Result<(), Halt> {
        let project = &self.core.world().project;
        let begun = broadcast.begun_at.unwrap_or(broadcast.starts_at);
        let whence = match whence(&self.record, project, broadcast, begun).await {
            Ok(whence) => whence,
            Err(Unreadable::Query(problem)) => {
                return self.fails(broadcast, &format!("its query cannot be read: {problem}")).await;
            }
            Err(Unreadable::Database(error)) => return Err(error.into()),
        };
        let hours = match self.core.hours_of(&broadcast.plan.contents).await {
            Ok(hours) => hours,
            Err(NotSaid::Missing(problem)) => return self.misses(broadcast, &problem).await,
            Err(NotSaid::Store(error)) => return Err(Halt::Trouble(error)),
        };
        let mut times = Times::new(&broadcast.plan, &project.timezone, broadcast.starts_at).keeping(hours);
        let (mut place, mut written) = (broadcast.place.clone(), broadcast.pieces);
        loop {
            self.keeps(BroadcastState::Resolving).await?;
            let page = whence.page(&self.record, broadcast.mode, place.as_deref().unwrap_or(""), PAGE);
            let page = self.keeping(BroadcastState::Resolving, page).await??;
            let Some(last) = page.last().map(|found| found.contact) else {
                return self.moves(broadcast, BroadcastMove::Resolved, None).await;
            };
            // Who was named may be known by another name, and a file is taken in faster than the record follows.
            let page = match &whence {
                Whence::Query(_) => page,
                Whence::Import(_) | Whence::Listed(_) => {
                    let known = self.keeping(BroadcastState::Resolving, self.core.as_known(page)).await?;
                    known.map_err(|error| Halt::Trouble(error.to_string()))?
                }
            };
            let cut = times.pieces(&page);
            let whose = Page { id: self.id, owner: &self.owner, after: place.as_deref(), pieces: written };
            if !pieces::write(&self.record, whose, last, &cut).await? {
                // Somebody else has it now, or has stopped it.
                return Err(Halt::Nothing);
            }
            written += i64::try_from(cut.len()).unwrap_or(0);
            place = Some(last.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::broadcast::Reentry;
    use crate::domain::broadcast_plan::{Content, Contents, What};
    use crate::domain::name::Slug;
    use crate::domain::time::Span;
    use jiff::civil::time;

    /// 2026-03-02 12:00 UTC, a Monday.
    const NOON: Millis = Millis(1_772_452_800_000);

    fn found(name: &str, timezone: &str) -> Found {
        Found { contact: ContactKey::derive(b"secret", name), timezone: Some(timezone.to_owned()) }
    }

    #[test]
    fn what_keeps_to_hours_is_due_when_they_begin_in_each_zone() {
        let what = What::Notification(Slug::parse("news").expect("a slug"));
        let contents = Contents::One(Content { what, with: Vec::new(), version: None });
        let plan = Plan { contents, holdout: 0, again: Reentry::Never, morning: None, rate: None };
        let day = || vec![(time(9, 0, 0, 0), time(18, 0, 0, 0))];
        let hours = Hours { days: std::array::from_fn(|_| day()) };
        let page = [
            found("ann", "Europe/Madrid"),
            found("ben", "Asia/Tokyo"),
            found("cem", "Europe/Berlin"),
            found("dan", "Asia/Tokyo"),
        ];
        let at_any_time = Times::new(&plan, &TimeZone::UTC, NOON).pieces(&page);
        assert_eq!(at_any_time.len(), 1);
        let pieces = Times::new(&plan, &TimeZone::UTC, NOON).keeping(vec![hours.clone()]).pieces(&page);
        let due: Vec<(Millis, usize)> = pieces.iter().map(|(due, contacts)| (*due, contacts.len())).collect();
        // In Tokyo it is 21:00, and 9:00 of the next day is midnight in UTC. Madrid and Berlin are open, each in a piece of its own.
        assert_eq!(due, [(NOON, 1), (NOON, 1), (NOON + Span::hours(12), 2)]);
        let never = Hours::default();
        assert_eq!(opening::next(std::slice::from_ref(&never), &TimeZone::UTC, NOON), NOON);
        assert_eq!(opening::next(&[never, hours], &TimeZone::UTC, NOON + Span::hours(7)), NOON + Span::hours(21));
    }
}
