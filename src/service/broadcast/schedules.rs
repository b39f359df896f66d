//! Schedules that are due make their broadcasts.

use crate::domain::broadcast::BroadcastId;
use crate::domain::id::DedupeHash;
use crate::domain::schedule::{Morning, TOO_LATE, Zone};
use crate::domain::time::Millis;
use crate::history::broadcasts::Broadcast;
use crate::history::broadcasts::schedules::{Schedule, advance, due};
use crate::history::{Database, HistoryError};
use jiff::tz::TimeZone;

/// Schedules that are looked at in one look.
const MOST: usize = 50;

/// The broadcast that a schedule makes at one of its times: the same name whoever makes it.
pub fn id_of(schedule: &str, at: Millis) -> BroadcastId {
    BroadcastId::of(DedupeHash::of(&["schedule", schedule, &at.0.to_string()]).0)
}

/// Makes the broadcasts of schedules whose time has come. One that was missed is made late, once; one that was missed for longer than a day is left out.
pub(super) async fn begin_due(record: &Database, project: &TimeZone, now: Millis) -> Result<(), HistoryError> {
    for schedule in due(record, now, MOST).await? {
        let Some(this) = schedule.next else { continue };
        let late = now - this.at;
        let made = (late <= TOO_LATE).then(|| made(&schedule, now));
        let next = schedule.rule.next(project, now);
        if !advance(record, &schedule, next, made.as_ref()).await? {
            continue;
        }
        match made {
            Some(broadcast) => {
                tracing::info!(schedule = schedule.id, broadcast = %broadcast.id, name = broadcast.name, "a schedule made a broadcast");
            }
            None => {
                tracing::warn!(schedule = schedule.id, late = %late, "a schedule's time was missed for too long and is left out");
                crate::service::metrics::alert("schedule_missed");
            }
        }
    }
    Ok(())
}

/// The broadcast of the time that has come.
fn made(schedule: &Schedule, now: Millis) -> Broadcast {
    let (at, date) = schedule.next.map_or((now, None), |next| (next.at, Some(next.date)));
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
