//! Schedules that are due make their broadcasts.

use crate::domain::broadcast::BroadcastId;
use crate::domain::id::DedupeHash;
use crate::domain::schedule::{Morning, Next, TOO_LATE, Zone};
use crate::domain::time::{Millis, Span};
use crate::history::broadcasts::Broadcast;
use crate::history::broadcasts::schedules::{Schedule, advance, due};
use crate::history::{Database, HistoryError};
use jiff::tz::TimeZone;

/// Schedules that are looked at in one look.
const MOST: usize = 50;

/// Between the first zone in which a day begins and the last.
const AROUND: Span = Span::hours(26);

/// The broadcast that a schedule makes at one of its times: the same name whoever makes it.
pub fn id_of(schedule: &str, at: Millis) -> BroadcastId {
    BroadcastId::of(DedupeHash::of(&["schedule", schedule, &at.0.to_string()]).0)
}

/// Makes the broadcasts of schedules whose time has come. One that was missed is made late, once; one that was missed for longer than a day is left out.
pub(super) async fn begin_due(record: &Database, project: &TimeZone, now: Millis) -> Result<(), HistoryError> {
    for schedule in due(record, now, MOST).await? {
        let (this, missed) = latest(&schedule, project, now);
        let made = this.map(|this| made(&schedule, this, now));
        let next = schedule.rule.next(project, now);
        if !advance(record, &schedule, next, made.as_ref(), missed).await? {
            continue;
        }
        if let Some(broadcast) = made {
            tracing::info!(schedule = schedule.id, broadcast = %broadcast.id, name = broadcast.name, "a schedule made a broadcast");
        }
        if missed > 0 {
            tracing::warn!(schedule = schedule.id, missed, "times of a schedule were missed for too long and are left out");
            crate::service::metrics::alert("schedule_missed");
        }
    }
    Ok(())
}

/// The newest time that has come, if it is not too late, and how many are left out. In contacts' own zones a day goes on for some of them when it is over
/// for others.
fn latest(schedule: &Schedule, project: &TimeZone, now: Millis) -> (Option<Next>, i64) {
    let limit = match schedule.rule.zone {
        Zone::Project => TOO_LATE,
        Zone::Contact => Span(TOO_LATE.0 + AROUND.0),
    };
    let come = |next: Option<Next>| next.filter(|next| next.at <= now);
    let (mut this, mut missed) = (come(schedule.next), 0);
    while let Some(following) = come(this.and_then(|this| schedule.rule.next(project, this.at))) {
        (this, missed) = (Some(following), missed + 1);
    }
    match this {
        Some(next) if now - next.at > limit => (None, missed + 1),
        this => (this, missed),
    }
}

/// The broadcast of the time that has come.
fn made(schedule: &Schedule, this: Next, now: Millis) -> Broadcast {
    let (at, date) = (this.at, Some(this.date));
    let mut plan = schedule.plan.clone();
    if schedule.rule.zone == Zone::Contact {
        plan.morning = Some(Morning { time: schedule.rule.time, date });
    }
    let id = id_of(&schedule.id, at);
    let broadcast = Broadcast::new(id, schedule.mode, schedule.name.clone(), (plan, schedule.audience.clone()), at);
    Broadcast {
        schedule: Some(schedule.id.clone()),
        created_at: now,
        changed_at: now,
        created_by: schedule.created_by.clone(),
        ..broadcast
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::broadcast::Reentry;
    use crate::domain::broadcast_plan::{Audience, Content, Contents, Plan, What};
    use crate::domain::mode::Mode;
    use crate::domain::name::Slug;
    use crate::domain::schedule::{Every, Rule};

    fn moment(text: &str) -> Millis {
        Millis(text.parse::<jiff::Timestamp>().expect(text).as_millisecond())
    }

    /// A schedule for every day at nine whose next time is that on this day.
    fn schedule(zone: Zone, since: &str) -> Schedule {
        let rule = Rule { every: Every::Day, time: jiff::civil::time(9, 0, 0, 0), zone };
        let what = What::Flow(Slug::parse("sale").expect("a slug"));
        let contents = Contents::One(Content { what, with: Vec::new(), version: None });
        Schedule {
            id: "s_1".to_owned(),
            mode: Mode::Live,
            name: "daily".to_owned(),
            created_at: Millis(0),
            created_by: String::new(),
            changed_at: Millis(0),
            paused_at: None,
            next: rule.next(&TimeZone::UTC, moment(since)),
            rule,
            plan: Plan { contents, holdout: 0, again: Reentry::Never, morning: None, rate: None },
            audience: Audience::Query("tag = vip".to_owned()),
            last_at: None,
            last_broadcast: None,
            missed: 0,
        }
    }

    fn made_at(zone: Zone, now: &str) -> (Option<String>, i64) {
        let (this, missed) = latest(&schedule(zone, "2026-03-02T08:00:00Z"), &TimeZone::UTC, moment(now));
        (this.map(|this| crate::domain::value::rfc3339(this.at)), missed)
    }

    #[test]
    fn the_newest_time_is_made_up_for_if_it_is_not_too_late_and_each_other_is_counted() {
        let at = |text: &str| Some(text.to_owned());
        assert_eq!(made_at(Zone::Project, "2026-03-02T08:59:59Z"), (None, 0));
        assert_eq!(made_at(Zone::Project, "2026-03-02T09:00:00Z"), (at("2026-03-02T09:00:00Z"), 0));
        assert_eq!(made_at(Zone::Project, "2026-03-03T08:59:59Z"), (at("2026-03-02T09:00:00Z"), 0), "almost a day late");
        assert_eq!(
            made_at(Zone::Project, "2026-03-03T10:00:00Z"),
            (at("2026-03-03T09:00:00Z"), 1),
            "the next one is an hour late"
        );
        assert_eq!(made_at(Zone::Project, "2026-03-06T10:00:00Z"), (at("2026-03-06T09:00:00Z"), 4));
        let weekly = |now| {
            let mut schedule = schedule(Zone::Project, "2026-03-02T08:00:00Z");
            schedule.rule.every = Every::Week(vec![1]);
            let (this, missed) = latest(&schedule, &TimeZone::UTC, moment(now));
            (this.is_some(), missed)
        };
        assert_eq!([weekly("2026-03-03T09:00:00Z"), weekly("2026-03-03T09:00:01Z")], [(true, 0), (false, 1)]);
    }

    #[test]
    fn in_contacts_own_zones_a_day_is_over_when_it_is_for_the_last_of_them() {
        // Nine o'clock of 3 March, a Tuesday, is first on Kiribati's Line Islands, at 19:00 UTC on the 2nd.
        let mut schedule = schedule(Zone::Contact, "2026-03-02T08:00:00Z");
        schedule.rule.every = Every::Week(vec![2]);
        assert_eq!(crate::domain::value::rfc3339(schedule.next.expect("a time").at), "2026-03-02T19:00:00Z");
        let late = |now| latest(&schedule, &TimeZone::UTC, moment(now)).0.is_some();
        assert!(late("2026-03-04T20:00:00Z") && !late("2026-03-04T22:00:00Z"));
    }
}
