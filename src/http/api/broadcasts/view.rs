//! Broadcasts as the API shows and takes them.

use crate::domain::broadcast_plan::{self, Contents, What, reentry_text};
use crate::domain::value::rfc3339;
use crate::history::broadcasts::members::Member;
use crate::history::broadcasts::progress::{self, Progress};
use crate::history::broadcasts::{self, Broadcast};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Where a broadcast stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BroadcastState)]
pub enum State {
    /// It begins at a time.
    Scheduled,
    /// It is being found out who its contacts are.
    Resolving,
    /// Contacts get it.
    Running,
    /// Somebody stopped it for a while.
    Paused,
    /// It was handed over to every contact, or they were passed over.
    Done,
    /// Somebody ended it.
    Cancelled,
    /// It cannot be done; `problem` says why.
    Failed,
}

/// For whom a broadcast is: one of the three.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BroadcastAudience)]
pub struct Audience {
    /// Those for whom this holds when it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "tag = vip and language in (es, pt)")]
    pub query: Option<String>,
    /// Those of the rows of an import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub import: Option<String>,
    /// So many that were named one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub contacts: Option<u64>,
}

impl Audience {
    /// As it is kept.
    pub fn of(audience: &broadcast_plan::Audience) -> Self {
        let none = Audience { query: None, import: None, contacts: None };
        match audience {
            broadcast_plan::Audience::Query(query) => Audience { query: Some(query.clone()), ..none },
            broadcast_plan::Audience::Import(job) => Audience { import: Some(job.clone()), ..none },
            broadcast_plan::Audience::Listed(n) => Audience { contacts: Some(*n as u64), ..none },
        }
    }
}

/// For whom a broadcast is to be: one of the three.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewBroadcastAudience)]
pub struct NewAudience {
    /// Those for whom this holds when it begins.
    #[schema(example = "tag = vip and language in (es, pt)")]
    pub query: Option<String>,
    /// The contacts of an import.
    pub import: Option<String>,
    /// Contacts by their keys, or by addresses such as `phone:+447700900123`, `email:ann@shop.example`, `id:cust-1`.
    #[schema(max_items = 10000)]
    pub contacts: Option<Vec<String>>,
}

/// One of several contents that are compared.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BroadcastArm)]
pub struct Arm {
    /// Its name.
    name: String,
    /// Its share of those who get it, in percent.
    share: u8,
    /// The flow that begins.
    #[schema(required)]
    flow: Option<String>,
    /// The notification that is sent.
    #[schema(required)]
    notification: Option<String>,
    /// Values for what it needs.
    #[schema(value_type = Object)]
    with: Map<String, Json>,
}

/// One of several contents that are to be compared.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewBroadcastArm)]
pub struct NewArm {
    /// Its name.
    pub name: String,
    /// Its share of those who get it, in percent; all of them are 100.
    #[schema(minimum = 1, maximum = 99)]
    pub share: u8,
    /// The flow that begins; else the one that is said for all.
    pub flow: Option<String>,
    /// The notification that is sent; else the one that is said for all.
    pub notification: Option<String>,
    /// Values, beside those that are said for all.
    #[schema(value_type = Option<Object>)]
    pub with: Option<Map<String, Json>>,
}

/// A broadcast that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewBroadcast)]
pub struct New {
    /// What people call it; else the name of what is sent.
    #[schema(max_length = 100)]
    pub name: Option<String>,
    /// The flow that begins with each contact. It or `notification`.
    pub flow: Option<String>,
    /// The notification that each contact is sent.
    pub notification: Option<String>,
    /// Values for what it needs.
    #[schema(value_type = Option<Object>)]
    pub with: Option<Map<String, Json>>,
    /// For whom it is.
    pub audience: NewAudience,
    /// When it begins; now if nothing is said.
    #[schema(format = DateTime)]
    pub at: Option<String>,
    /// The time of day at which each contact gets it, in their own time zone: the first one from the beginning on.
    #[schema(pattern = "^[0-2][0-9]:[0-5][0-9]$", example = "09:00")]
    pub morning: Option<String>,
    /// Contacts a second at most, no more than its channels send.
    #[schema(minimum = 1)]
    pub rate: Option<u32>,
    /// How many percent of the contacts get nothing, so that the others can be compared with them.
    #[schema(maximum = 90)]
    pub holdout: Option<u8>,
    /// Several contents that are compared.
    #[schema(min_items = 2, max_items = 10)]
    pub arms: Option<Vec<NewArm>>,
    /// Whether somebody who had it before gets it again: `never`, `always`, or `after 30d`.
    #[schema(example = "after 30d")]
    pub again: Option<String>,
}

/// What a broadcast or a schedule sends.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BroadcastPlan)]
pub struct Sends {
    /// The flow that begins, if it is the same for all.
    #[schema(required)]
    flow: Option<String>,
    /// The notification that is sent, if it is the same for all.
    #[schema(required)]
    notification: Option<String>,
    /// Values for what it needs.
    #[schema(value_type = Object)]
    with: Map<String, Json>,
    /// Contents that are compared; empty if all get the same.
    arms: Vec<Arm>,
    /// For whom it is.
    audience: Audience,
    /// How many percent get nothing.
    holdout: u8,
    /// Whether somebody who had it before gets it again.
    again: String,
    /// The time of day at which each contact gets it, in their own time zone.
    #[schema(required)]
    morning: Option<String>,
    /// Contacts a second at most.
    #[schema(required)]
    rate: Option<u32>,
}

fn with(content: &broadcast_plan::Content) -> Map<String, Json> {
    content.with.iter().map(|(name, value)| (name.to_string(), value.to_json())).collect()
}

fn names(content: &broadcast_plan::Content) -> (Option<String>, Option<String>) {
    match &content.what {
        What::Flow(flow) => (Some(flow.to_string()), None),
        What::Notification(notification) => (None, Some(notification.to_string())),
    }
}

impl Sends {
    /// As it is kept.
    pub fn of(plan: &broadcast_plan::Plan, audience: &broadcast_plan::Audience) -> Self {
        let (mut flow, mut notification, mut values, mut arms) = (None, None, Map::new(), Vec::new());
        match &plan.contents {
            Contents::One(content) => ((flow, notification), values) = (names(content), with(content)),
            Contents::Arms(all) => {
                arms = all
                    .iter()
                    .map(|arm| {
                        let (flow, notification) = names(&arm.content);
                        Arm { name: arm.name.to_string(), share: arm.share, flow, notification, with: with(&arm.content) }
                    })
                    .collect();
            }
        }
        Sends {
            flow,
            notification,
            with: values,
            arms,
            audience: Audience::of(audience),
            holdout: plan.holdout,
            again: reentry_text(plan.again),
            morning: plan.morning.map(|morning| morning.time.strftime("%H:%M").to_string()),
            rate: plan.rate,
        }
    }
}

/// A broadcast.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Broadcast)]
pub struct Shown {
    /// Its name for machines.
    #[schema(example = "b_0f1e2d3c4b5a6978")]
    id: String,
    /// Its name for people.
    name: String,
    /// Where it stands.
    #[schema(value_type = State)]
    state: &'static str,
    /// Since when it stands there.
    changed_at: String,
    /// When it was made.
    created_at: String,
    /// Who made it.
    created_by: String,
    /// The schedule that made it.
    #[schema(required)]
    schedule: Option<String>,
    /// What it sends.
    sends: Sends,
    /// When it begins.
    starts_at: String,
    /// When it began.
    #[schema(required)]
    begun_at: Option<String>,
    /// Since when all its contacts are known.
    #[schema(required)]
    resolved_at: Option<String>,
    /// When it was over: handed over, cancelled or failed. Its messages may be on their way still.
    #[schema(required)]
    ended_at: Option<String>,
    /// Why it cannot be done.
    #[schema(required)]
    problem: Option<String>,
    /// Its contacts, as far as they are known.
    total: i64,
    /// Contacts to whom it was handed over, in pieces of at most 500.
    fed: i64,
}

impl Shown {
    /// As it is kept.
    pub fn of(broadcast: &Broadcast) -> Self {
        Shown {
            id: broadcast.id.to_string(),
            name: broadcast.name.clone(),
            state: broadcast.state.as_str(),
            changed_at: rfc3339(broadcast.changed_at),
            created_at: rfc3339(broadcast.created_at),
            created_by: broadcast.created_by.clone(),
            schedule: broadcast.schedule.clone(),
            sends: Sends::of(&broadcast.plan, &broadcast.audience),
            starts_at: rfc3339(broadcast.starts_at),
            begun_at: broadcast.begun_at.map(rfc3339),
            resolved_at: broadcast.resolved_at.map(rfc3339),
            ended_at: broadcast.ended_at.map(rfc3339),
            problem: broadcast.problem.clone(),
            total: broadcast.total,
            fed: broadcast.fed,
        }
    }
}

/// What became of messages, and of those to whom they went.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = BroadcastTally)]
pub struct Tally {
    /// Contacts with whom it began.
    began: i64,
    /// Messages that wait to be sent, or of which nobody knows.
    waiting: i64,
    /// Messages that a provider took; with all that came further.
    sent: i64,
    /// Messages that arrived; with those that were read.
    delivered: i64,
    /// Messages that were read.
    read: i64,
    /// Messages that failed.
    failed: i64,
    /// Messages that were given up before they left, because it was cancelled.
    withdrawn: i64,
    /// Contacts that wrote back.
    answered: i64,
}

impl From<progress::Tally> for Tally {
    fn from(tally: progress::Tally) -> Self {
        let progress::Tally { began, waiting, sent, delivered, read, failed, withdrawn, answered } = tally;
        Tally { began, waiting, sent, delivered, read, failed, withdrawn, answered }
    }
}

/// A broadcast that was cancelled, and how much of it had left.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CancelledBroadcast)]
pub struct Cancelled {
    /// It.
    #[serde(flatten)]
    broadcast: Shown,
    /// What had become of its messages, as far as the record knows: it follows by a second or two. What waits is withdrawn.
    messages: Tally,
}

impl Cancelled {
    /// As it is kept, with what was counted.
    pub fn of(broadcast: &broadcasts::Broadcast, progress: &Progress) -> Self {
        Cancelled { broadcast: Shown::of(broadcast), messages: progress.all.into() }
    }
}

/// A broadcast and how far it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BroadcastWithProgress)]
pub struct Whole {
    /// It.
    broadcast: Shown,
    /// Contacts that got nothing, by the reason.
    skipped: BTreeMap<&'static str, i64>,
    /// Contacts that were held out.
    holdout: i64,
    /// Contacts that are not there any more.
    gone: i64,
    /// What became of all its messages.
    messages: Tally,
    /// The same by arm.
    arms: BTreeMap<String, Tally>,
}

impl Whole {
    /// As it is kept, with what was counted.
    pub fn of(broadcast: &broadcasts::Broadcast, progress: Progress) -> Self {
        Whole {
            broadcast: Shown::of(broadcast),
            holdout: progress.skipped.get("holdout").copied().unwrap_or(0),
            skipped: progress.skipped,
            gone: broadcast.gone,
            messages: progress.all.into(),
            arms: progress.arms.into_iter().map(|(arm, tally)| (arm, tally.into())).collect(),
        }
    }
}

/// Somebody who got nothing.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BroadcastMember)]
pub struct Skipped {
    /// Their key.
    contact: String,
    /// Why: `no_consent`, `opted_out`, `capped`, `no_address`, `window_closed`, `running`, `been_before`, `holdout` …
    reason: &'static str,
    /// More about that.
    #[schema(required)]
    detail: Option<String>,
    /// When it was decided.
    at: String,
}

impl From<Member> for Skipped {
    fn from(member: Member) -> Self {
        let Member { contact, reason, detail, at } = member;
        Skipped { contact: contact.to_string(), reason: reason.as_str(), detail, at: rfc3339(at) }
    }
}
