//! What keeps to hours is handed over in them. Outside of them it would wait in the contacts' records and leave at once when they begin: no pause and no
//! cancel would reach it, and nothing would keep it to the rate of its channels.

use super::Work;
use super::feed::Feeding;
use super::member::{NotSaid, What};
use crate::config::project::{Hours, Project};
use crate::domain::broadcast_plan::Contents;
use crate::domain::name::Slug;
use crate::domain::time::Millis;
use crate::engine::{next_inside, zone_of};
use crate::flow::definition::{Category, Notification};
use crate::history::HistoryError;
use crate::history::broadcasts::pieces::{self, Piece};
use crate::service::core::Core;
use jiff::tz::TimeZone;

/// The next moment that is inside of one of these hours; `at` itself if it is, or if there are none.
pub(super) fn next(hours: &[Hours], zone: &TimeZone, at: Millis) -> Millis {
    hours.iter().filter_map(|hours| next_inside(hours, zone, at)).min().unwrap_or(at)
}

impl Core {
    /// The hours to which what a plan sends keeps. None if something of it is said at any time: then the engine holds the rest.
    pub(super) async fn hours_of(&self, contents: &Contents) -> Result<Vec<Hours>, NotSaid> {
        let mut all = Vec::new();
        for content in contents.all().map(|(_, content)| content) {
            let What::Notification(name) = &content.what else { return Ok(Vec::new()) };
            let flow = self.flow_of(content).await?;
            let project = &self.world().project;
            let names = flow.notifications.get(name).map_or_else(Vec::new, |notification| kept(notification, project));
            let hours: Vec<&Hours> = names.into_iter().filter_map(|name| project.hours.get(name)).collect();
            if hours.is_empty() {
                return Ok(Vec::new());
            }
            all.extend(hours.into_iter().cloned());
        }
        Ok(all)
    }
}

/// The hours of a notification: its own, else those of marketing, wherever its receivers are. None if some of them are written to at any time.
fn kept<'a>(notification: &'a Notification, project: &'a Project) -> Vec<&'a Slug> {
    let marketing = &project.marketing_hours;
    match (&notification.hours, &marketing.default) {
        (Some(own), _) => vec![own],
        (None, Some(default)) if notification.category == Category::Marketing => {
            std::iter::once(default).chain(marketing.countries.values()).collect()
        }
        (None, _) => Vec::new(),
    }
}

impl Work {
    /// When the hours of a piece begin, if they are over or not there yet. All of a piece lived in one zone when it was made.
    pub(super) async fn opens(&self, feeding: &Feeding<'_>, piece: &Piece, now: Millis) -> Result<Option<Millis>, HistoryError> {
        let Some(first) = piece.contacts.first().filter(|_| !feeding.hours.is_empty()) else { return Ok(None) };
        let found = pieces::zones(&self.record, std::slice::from_ref(first)).await?;
        let zone = found.first().and_then(|found| found.timezone.as_deref()).and_then(zone_of);
        let opens = next(&feeding.hours, zone.as_ref().unwrap_or(&self.core.world().project.timezone), now);
        Ok(Some(opens).filter(|opens| *opens > now))
    }
}
