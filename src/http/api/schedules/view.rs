//! Schedules as the API shows and takes them.

use super::super::broadcasts::{NewArm, NewAudience, Sends};
use crate::domain::schedule::{Every, Zone, weekday_word};
use crate::domain::value::rfc3339;
use crate::history::broadcasts::schedules::Schedule;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

/// How often.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ScheduleEvery)]
pub enum How {
    /// Every day.
    Day,
    /// On the days of the week that `on` names.
    Week,
    /// On the day of the month that `day` says; in shorter months on the last one.
    Month,
}

/// In whose time zone.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ScheduleZone)]
pub enum Whose {
    /// The project's.
    Project,
    /// Each contact's own.
    Contact,
}

/// A schedule that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewSchedule)]
pub struct New {
    /// What people call it, and each of its broadcasts; else the name of what is sent.
    #[schema(max_length = 100)]
    pub name: Option<String>,
    /// How often it makes a broadcast.
    pub every: How,
    /// Of a week: on which days.
    #[schema(example = json!(["mon", "thu"]))]
    pub on: Option<Vec<String>>,
    /// Of a month: on which day.
    #[schema(minimum = 1, maximum = 31)]
    pub day: Option<u8>,
    /// At which time of day.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$", example = "09:00")]
    pub at: String,
    /// In whose time zone; the project's if nothing is said.
    pub zone: Option<Whose>,
    /// The flow that begins with each contact. It or `notification`.
    pub flow: Option<String>,
    /// The notification that each contact is sent.
    pub notification: Option<String>,
    /// Values for what it needs.
    #[schema(value_type = Option<Object>)]
    pub with: Option<Map<String, Json>>,
    /// For whom it is, each time anew.
    pub audience: NewAudience,
    /// Contacts a second at most, no more than its channels send.
    #[schema(minimum = 1)]
    pub rate: Option<u32>,
    /// How many percent of the contacts get nothing.
    #[schema(maximum = 90)]
    pub holdout: Option<u8>,
    /// Several contents that are compared.
    #[schema(min_items = 2, max_items = 10)]
    pub arms: Option<Vec<NewArm>>,
    /// Whether somebody who had it before gets it again: `never`, `always`, or `after 30d`. If nothing is said they do, unless they are still in it.
    #[schema(example = "after 30d")]
    pub again: Option<String>,
}

/// What of a schedule is to be changed.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ScheduleChanges)]
pub struct Changes {
    /// What people call it.
    #[schema(max_length = 100)]
    pub name: Option<String>,
    /// How often.
    pub every: Option<How>,
    /// Of a week: on which days.
    pub on: Option<Vec<String>>,
    /// Of a month: on which day.
    #[schema(minimum = 1, maximum = 31)]
    pub day: Option<u8>,
    /// At which time of day.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$", example = "09:00")]
    pub at: Option<String>,
    /// In whose time zone.
    pub zone: Option<Whose>,
    /// The flow that begins.
    pub flow: Option<String>,
    /// The notification that is sent.
    pub notification: Option<String>,
    /// Values for what it needs.
    #[schema(value_type = Option<Object>)]
    pub with: Option<Map<String, Json>>,
    /// For whom it is.
    pub audience: Option<NewAudience>,
    /// Contacts a second at most.
    #[schema(minimum = 1)]
    pub rate: Option<u32>,
    /// How many percent get nothing.
    #[schema(maximum = 90)]
    pub holdout: Option<u8>,
    /// Several contents that are compared.
    #[schema(min_items = 2, max_items = 10)]
    pub arms: Option<Vec<NewArm>>,
    /// Whether somebody who had it before gets it again.
    pub again: Option<String>,
}

/// A schedule.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Schedule)]
pub struct Shown {
    /// Its name for machines.
    #[schema(example = "s_0f1e2d3c4b5a6978")]
    id: String,
    /// Its name for people.
    name: String,
    /// How often it makes a broadcast.
    every: How,
    /// Of a week: on which days.
    on: Vec<&'static str>,
    /// Of a month: on which day.
    #[schema(required)]
    day: Option<i8>,
    /// At which time of day.
    #[schema(example = "09:00")]
    at: String,
    /// In whose time zone.
    zone: Whose,
    /// What it sends.
    sends: Sends,
    /// When it was made.
    created_at: String,
    /// Who made it.
    created_by: String,
    /// When it was changed last.
    changed_at: String,
    /// Since when it makes no broadcasts.
    #[schema(required)]
    paused_at: Option<String>,
    /// When it makes the next one. In the contacts' own zones: where that day begins first on Earth.
    #[schema(required)]
    next_at: Option<String>,
    /// When it made the last one.
    #[schema(required)]
    last_at: Option<String>,
    /// The last one.
    #[schema(required)]
    last_broadcast: Option<String>,
    /// Times that were left out because the service was down for more than a day.
    missed: i64,
}

impl Shown {
    /// As it is kept.
    pub fn of(schedule: &Schedule) -> Self {
        let (every, on, day) = match &schedule.rule.every {
            Every::Day => (How::Day, Vec::new(), None),
            Every::Week(days) => (How::Week, days.iter().map(|day| weekday_word(*day)).collect(), None),
            Every::Month(day) => (How::Month, Vec::new(), Some(*day)),
        };
        Shown {
            id: schedule.id.clone(),
            name: schedule.name.clone(),
            every,
            on,
            day,
            at: schedule.rule.time.strftime("%H:%M").to_string(),
            zone: if schedule.rule.zone == Zone::Contact { Whose::Contact } else { Whose::Project },
            sends: Sends::of(&schedule.plan, &schedule.audience),
            created_at: rfc3339(schedule.created_at),
            created_by: schedule.created_by.clone(),
            changed_at: rfc3339(schedule.changed_at),
            paused_at: schedule.paused_at.map(rfc3339),
            next_at: schedule.next.filter(|_| schedule.paused_at.is_none()).map(|next| rfc3339(next.at)),
            last_at: schedule.last_at.map(rfc3339),
            last_broadcast: schedule.last_broadcast.map(|id| id.to_string()),
            missed: schedule.missed,
        }
    }
}
