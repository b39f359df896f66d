//! How much marketing a contact gets: `[marketing] cap`, across all flows. A notification counts once, over whichever channels it
//! goes; what repeats an open question or follows a failure along its route counts no second time.

use super::record::Errand;
use super::turning::Turning;
use crate::domain::broadcast::Refusal;
use crate::domain::id::RunId;
use crate::domain::journal::Event;
use crate::domain::name::Slug;
use crate::domain::way::{Step, Way};
use crate::flow::definition::{Category, Notification};

/// What the journal says of a notification that is one too many.
pub(super) const CAPPED: &str = "capped: the contact had as much marketing as the project allows";

impl Turning<'_> {
    /// Whether the contact had as much marketing as the project allows.
    pub(super) fn is_capped(&self) -> bool {
        self.project.caps.iter().any(|cap| {
            let since = self.now - cap.per;
            self.rec.marketing.iter().filter(|at| **at > since).count() >= usize::from(cap.most)
        })
    }

    /// Whether one that is on its way says something new now, which counts.
    pub(super) fn is_new(&self, errand: &Errand) -> bool {
        errand.effect.is_none() && !errand.alone && self.counted != Some(errand.id)
    }

    /// Marketing is sent now. As many of such moments are kept as a cap can count.
    pub(super) fn count_marketing(&mut self, notification: &Notification) {
        let caps = &self.project.caps;
        let Some(longest) = caps.iter().map(|cap| cap.per).max().filter(|_| notification.category == Category::Marketing) else {
            return;
        };
        let most = caps.iter().map(|cap| usize::from(cap.most)).max().unwrap_or(0);
        let since = self.now - longest;
        self.rec.marketing.push(self.now);
        self.rec.marketing.retain(|at| *at > since);
        let above = self.rec.marketing.len().saturating_sub(most);
        self.rec.marketing.drain(..above);
    }

    /// The same for one that is on its way, at its first message.
    pub(super) fn count_errand(&mut self, errand: &Errand, notification: &Notification) {
        if self.is_new(errand) {
            self.counted = Some(errand.id);
            self.count_marketing(notification);
        }
    }

    /// Whether a notification that is said at once is one too many; the journal says so.
    pub(super) fn is_one_too_many(&mut self, run: RunId, notification: &Notification) -> bool {
        let capped = notification.category == Category::Marketing && self.is_capped();
        if capped {
            self.stands(Refusal::Capped);
            self.passed_over(run, &notification.name, CAPPED);
        }
        capped
    }

    fn passed_over(&mut self, run: RunId, notification: &Slug, reason: &str) {
        let (notification, reason) = (notification.clone(), reason.to_owned());
        let way = Way { run, notification, effect: None, step: Step::Skipped, reason, to: None };
        self.journal(Event::Way(Box::new(way)));
    }
}
