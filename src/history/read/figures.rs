//! Figures of a flow: how many runs began, where they are, which ways they went, how they ended and how long it took. Summed up
//! from counters that are kept beside the rows, so that they cost the same for a thousand runs and for a million; only where
//! runs are now is counted, through an index of those under way. Those of all time and those of certain days have totals of
//! their own.

use super::interval::{Interval, wilson};
use super::select::Select;
use crate::domain::mode::Mode;
use crate::history::{Database, HistoryError, middle_of};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The results with which the service itself ends a run: whoever had one of them did not come to an end of the flow.
pub const DROPPED: [&str; 4] = ["expired", "failed", "interrupted", "opted_out"];

/// Which runs are counted.
#[derive(Debug, Clone, Default)]
pub struct FiguresFilter {
    /// Live or test.
    pub mode: Mode,
    /// Of this version.
    pub version: Option<String>,
    /// That began over this channel.
    pub channel: Option<String>,
    /// Whose contact had this language.
    pub language: Option<String>,
    /// That came through this arm of their first split: `STATE/ARM`.
    pub arm: Option<String>,
    /// That began on this day (UTC) or later.
    pub since: Option<jiff::civil::Date>,
    /// That began on this day (UTC) or earlier.
    pub until: Option<jiff::civil::Date>,
}

impl FiguresFilter {
    /// Whether it asks for no more than certain days, or for all of them.
    fn is_of_days(&self) -> bool {
        let FiguresFilter { mode: _, version, channel, language, arm, since: _, until: _ } = self;
        [version, channel, language, arm].iter().all(|text| text.is_none())
    }

    /// Whether it leaves nothing out.
    fn is_everything(&self) -> bool {
        self.is_of_days() && self.since.is_none() && self.until.is_none()
    }
}

/// Figures of a flow.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Figures {
    /// The flow.
    pub flow: String,
    /// All its runs together.
    #[serde(flatten)]
    pub all: Counted,
    /// How many are under way.
    pub open: i64,
    /// The median time from beginning to end, in milliseconds, within 5 %.
    pub median_ms: Option<i64>,
    /// Its states, in the order of their names.
    pub states: Vec<StateFigures>,
    /// By the day on which runs began, in UTC.
    pub days: Vec<Group>,
    /// By the channel over which they began.
    pub channels: Vec<Group>,
    /// By the contact's language when they began.
    pub languages: Vec<Group>,
    /// By version.
    pub versions: Vec<Group>,
    /// By the arm of the first split that they came through, `STATE/ARM`; runs that came through none are not here.
    pub arms: Vec<Group>,
}

/// How many runs began and ended.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub struct Counted {
    /// That began.
    pub entered: i64,
    /// That ended.
    pub ended: i64,
    /// Of those, that ended by `expired`, `failed`, `interrupted` or `opted_out`: they came to no end of the flow.
    pub dropped: i64,
    /// By result, the most frequent first; shares are of those that began.
    pub ends: Vec<Outcome>,
}

/// Something that happened so often.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Outcome {
    /// What.
    pub name: String,
    /// How often.
    pub count: i64,
    /// Its share, with the bounds between which the true one lies with 95 % confidence (Wilson).
    pub interval: Option<Interval>,
}

/// Figures of a state.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StateFigures {
    /// The state.
    pub state: String,
    /// How often it was entered.
    pub entered: i64,
    /// How many runs are in it now.
    pub now: i64,
    /// How many ended in it by a result that is no end of the flow.
    pub dropped: i64,
    /// The median time in it, in milliseconds, within 5 %.
    pub median_ms: Option<i64>,
    /// The ways out of it, the most frequent first; shares are of how often it was left or its run ended.
    pub outcomes: Vec<Outcome>,
}

/// The runs that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Group {
    /// What they have in common.
    pub name: String,
    /// How many there are.
    #[serde(flatten)]
    pub all: Counted,
}

/// The figures of a flow.
pub async fn figures(database: &Database, flow: &str, filter: &FiguresFilter) -> Result<Figures, HistoryError> {
    let mut book = Book::default();
    for row in by_state(flow, filter).rows(database).await? {
        book.state(row.text(0)?, row.text(1)?, row.text(2)?, row.int(3)?);
    }
    let mut now: BTreeMap<String, i64> = BTreeMap::new();
    for row in under_way(flow, filter).rows(database).await? {
        *now.entry(row.opt_text(0)?.unwrap_or_default().to_owned()).or_default() += row.int(1)?;
    }
    let mut groups: [BTreeMap<String, Tally>; 5] = Default::default();
    for row in by_group(flow, filter).rows(database).await? {
        let (what, bucket, n) = (row.text(5)?, row.text(6)?, row.int(7)?);
        for (i, group) in groups.iter_mut().enumerate() {
            group.entry(row.text(i)?.to_owned()).or_default().add(what, bucket, n);
        }
    }
    Ok(book.close(flow, now, groups))
}

/// One counter with its conditions.
fn counters(head: &str, flow: &str, filter: &FiguresFilter) -> Select {
    let mut select = Select::new(head);
    select
        .and("f.flow = ?", [flow.into()])
        .and_if("f.version = ?", filter.version.as_ref())
        .and_mode("f.mode", filter.mode)
        .and_if("f.channel = ?", filter.channel.as_ref())
        .and_if("f.language = ?", filter.language.as_ref())
        .and_if("f.arm = ?", filter.arm.as_ref())
        .and_if("f.day >= ?", filter.since.map(|day| day.to_string()))
        .and_if("f.day <= ?", filter.until.map(|day| day.to_string()));
    select
}

pub(super) fn by_state(flow: &str, filter: &FiguresFilter) -> Select {
    if filter.is_everything() {
        let mut select = Select::new("SELECT f.state, f.what, f.bucket, f.n FROM figure_total f");
        select.and("f.flow = ?", [flow.into()]).and_mode("f.mode", filter.mode);
        return select;
    }
    let table = if filter.is_of_days() { "figure_day" } else { "figure" };
    let head = format!("SELECT f.state, f.what, f.bucket, CAST(SUM(f.n) AS BIGINT) FROM {table} f");
    let mut select = counters(&head, flow, filter);
    select.put(" GROUP BY f.state, f.what, f.bucket", []);
    select
}

pub(super) fn by_group(flow: &str, filter: &FiguresFilter) -> Select {
    const GROUPS: &str = "f.day, f.channel, f.language, f.version, f.arm, f.what, f.bucket";
    let head = format!("SELECT {GROUPS}, CAST(SUM(f.n) AS BIGINT) FROM figure f");
    let mut select = counters(&head, flow, filter);
    select.and("f.state = '' AND f.what IN ('entered', 'ended')", []).put(&format!(" GROUP BY {GROUPS}"), []);
    select
}

pub(super) fn under_way(flow: &str, filter: &FiguresFilter) -> Select {
    let mut select = Select::new("SELECT r.state, COUNT(*) FROM run r");
    select
        .and("r.flow = ?", [flow.into()])
        .and("r.ended_at IS NULL", [])
        .and_mode("r.mode", filter.mode)
        .and_if("r.version = ?", filter.version.as_ref())
        .and_if("r.channel = ?", filter.channel.as_ref())
        .and_if("r.language = ?", filter.language.as_ref())
        .and_if("r.arm = ?", filter.arm.as_ref())
        .and_if("r.day >= ?", filter.since.map(|day| day.to_string()))
        .and_if("r.day <= ?", filter.until.map(|day| day.to_string()))
        .put(" GROUP BY r.state", []);
    select
}

/// Counters of one thing while they are summed up.
#[derive(Debug, Default)]
struct Tally {
    entered: i64,
    left: BTreeMap<String, i64>,
    ended: BTreeMap<String, i64>,
    took: BTreeMap<String, i64>,
}

impl Tally {
    fn add(&mut self, what: &str, bucket: &str, n: i64) {
        let counts = match what {
            "entered" => {
                self.entered += n;
                return;
            }
            "left" => &mut self.left,
            "ended" => &mut self.ended,
            "took" => &mut self.took,
            // A later release may count more.
            _ => return,
        };
        *counts.entry(bucket.to_owned()).or_default() += n;
    }

    fn dropped(&self) -> i64 {
        DROPPED.iter().filter_map(|end| self.ended.get(*end)).sum()
    }

    fn counted(&self) -> Counted {
        let ended = self.ended.values().sum();
        Counted { entered: self.entered, ended, dropped: self.dropped(), ends: outcomes(&self.ended, self.entered) }
    }

    /// The middle of the bucket in which the middle one is.
    fn median(&self) -> Option<i64> {
        let all: i64 = self.took.values().sum();
        let mut before = 0;
        // Buckets are named so that their names are in the order of times.
        for (bucket, n) in &self.took {
            before += n;
            if before * 2 >= all && all > 0 {
                return middle_of(bucket).map(|millis| millis.round() as i64);
            }
        }
        None
    }
}

fn outcomes(counts: &BTreeMap<String, i64>, of: i64) -> Vec<Outcome> {
    let counted = counts.iter().filter(|(_, n)| **n != 0);
    let outcome = |(name, n): (&String, &i64)| Outcome { name: name.clone(), count: *n, interval: wilson(*n, of) };
    let mut all: Vec<Outcome> = counted.map(outcome).collect();
    all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    all
}

#[derive(Debug, Default)]
struct Book {
    whole: Tally,
    states: BTreeMap<String, Tally>,
}

impl Book {
    fn state(&mut self, state: &str, what: &str, bucket: &str, n: i64) {
        let tally = if state.is_empty() { &mut self.whole } else { self.states.entry(state.to_owned()).or_default() };
        tally.add(what, bucket, n);
    }

    fn close(mut self, flow: &str, now: BTreeMap<String, i64>, groups: [BTreeMap<String, Tally>; 5]) -> Figures {
        let open = now.values().sum();
        for state in now.keys().filter(|state| !state.is_empty()) {
            self.states.entry(state.clone()).or_default();
        }
        let states = self.states.iter().map(|(state, tally)| {
            let mut ways = tally.left.clone();
            // A state that only passes on, or that a state outside is left from, has no word for it.
            let unsaid = ways.remove("").unwrap_or_default();
            let out = tally.left.values().sum::<i64>() + tally.ended.values().sum::<i64>() - unsaid;
            StateFigures {
                state: state.clone(),
                entered: tally.entered,
                now: now.get(state).copied().unwrap_or_default(),
                dropped: tally.dropped(),
                median_ms: tally.median(),
                outcomes: outcomes(&ways, out),
            }
        });
        let states = states.collect();
        let [days, channels, languages, versions, arms] = groups.map(|groups| {
            let named = groups.iter().filter(|(_, tally)| tally.entered != 0 || !tally.ended.is_empty());
            named.map(|(name, tally)| Group { name: name.clone(), all: tally.counted() }).collect::<Vec<_>>()
        });
        let arms = arms.into_iter().filter(|arm| !arm.name.is_empty()).collect();
        let (all, median_ms) = (self.whole.counted(), self.whole.median());
        Figures { flow: flow.to_owned(), all, open, median_ms, states, days, channels, languages, versions, arms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::bucket_of;

    #[test]
    fn counters_add_up_to_shares_and_medians() {
        let mut book = Book::default();
        for (state, what, bucket, n) in [
            ("", "entered", "", 10),
            ("", "ended", "done", 4),
            ("", "ended", "expired", 2),
            ("ask", "entered", "", 10),
            ("ask", "left", "yes", 5),
            ("ask", "left", "no", 1),
            ("ask", "left", "", 1),
            ("ask", "ended", "expired", 2),
        ] {
            book.state(state, what, bucket, n);
        }
        for (millis, n) in [(1_000, 4), (60_000, 3), (3_600_000, 1)] {
            book.state("ask", "took", &bucket_of(millis), n);
        }
        let now = [("ask".to_owned(), 1), ("other".to_owned(), 3)].into();
        let figures = book.close("f", now, Default::default());
        assert_eq!((figures.all.entered, figures.all.ended, figures.all.dropped, figures.open), (10, 6, 2, 4));
        assert_eq!((figures.all.ends[0].name.as_str(), figures.all.ends[0].interval.map(|i| i.share)), ("done", Some(0.4)));
        let ask = &figures.states[0];
        assert_eq!((ask.entered, ask.now, ask.dropped), (10, 1, 2));
        assert!((950..1_050).contains(&ask.median_ms.expect("a median")), "{:?}", ask.median_ms);
        let ways: Vec<_> = ask.outcomes.iter().map(|way| (way.name.as_str(), way.count, way.interval.map(|i| i.share))).collect();
        assert_eq!(ways, [("yes", 5, Some(0.625)), ("no", 1, Some(0.125))]);
        assert_eq!((figures.states[1].state.as_str(), figures.states[1].now), ("other", 3));
    }
}
