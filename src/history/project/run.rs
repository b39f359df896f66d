//! Runs, their steps and values. What a run counts under is decided when it begins, so that what enters a state and what leaves it meet in
//! one counter; only the arm of its first split is learned later, and then the run moves there.

use super::figures::{Count, bucket_of};
use super::{Fold, Now};
use crate::domain::happening::SPLIT_REASON;
use crate::domain::id::{ContactKey, RunId};
use crate::domain::journal::Event;
use crate::domain::publication::RunMoved;
use crate::domain::time::Millis;
use crate::history::cell::{Cell, Row, Statement};
use crate::history::error::HistoryError;
use std::collections::BTreeMap;

/// What a run counts under.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dimensions {
    pub flow: String,
    pub version: String,
    pub day: String,
    pub channel: String,
    pub language: String,
    pub arm: String,
    pub mode: String,
}

/// A state that a run is in: n, flow, state, since when.
type Open = (i64, String, String, i64);

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Run {
    of: Dimensions,
    key: Option<String>,
    started_at: i64,
    reason: Option<String>,
    continues: Option<String>,
    waits: Option<&'static str>,
    waits_before: Option<String>,
    ended: Option<(i64, String, String)>,
    steps: i64,
    open: Vec<Open>,
    state: Option<(String, i64)>,
    broadcast: Option<String>,
    dirty: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    flow: String,
    state: String,
    entered_at: i64,
    left: Option<(i64, Option<String>, Option<String>)>,
}

/// The runs of a batch.
#[derive(Debug, Default)]
pub(super) struct Runs {
    pub(super) runs: BTreeMap<(ContactKey, RunId), Run>,
    pub(super) steps: BTreeMap<(ContactKey, RunId, i64), Step>,
}

/// The columns that `Runs::remember` reads.
pub(super) const SELECT: &str =
    "SELECT flow, version, day, channel, language, arm, mode, key, started_at, reason, continues, waits, ended_at,
    \"end\", end_reason, steps, open, state, state_since, broadcast FROM run WHERE contact = $1 AND id = $2";

impl Runs {
    pub(super) fn remember(&mut self, contact: ContactKey, id: RunId, row: &Row) -> Result<(), HistoryError> {
        let text = |i| row.text(i).map(str::to_owned);
        let opt = |i| row.opt_text(i).map(|text| text.map(str::to_owned));
        let of = Dimensions {
            flow: text(0)?,
            version: text(1)?,
            day: text(2)?,
            channel: text(3)?,
            language: text(4)?,
            arm: text(5)?,
            mode: text(6)?,
        };
        let ended = match row.opt_int(12)? {
            Some(at) => Some((at, opt(13)?.unwrap_or_default(), opt(14)?.unwrap_or_default())),
            None => None,
        };
        let run = Run {
            of,
            key: opt(7)?,
            started_at: row.int(8)?,
            reason: opt(9)?,
            continues: opt(10)?,
            waits: None,
            waits_before: opt(11)?,
            ended,
            steps: row.int(15)?,
            open: serde_json::from_str(row.text(16)?).unwrap_or_default(),
            state: opt(17)?.zip(row.opt_int(18)?),
            broadcast: opt(19)?,
            dirty: false,
        };
        self.runs.insert((contact, id), run);
        Ok(())
    }

    /// With more that the database knows.
    pub(super) fn with(&mut self, more: Runs) {
        self.runs.extend(more.runs);
    }

    pub(super) fn forget(&mut self, contact: ContactKey) {
        self.runs.retain(|(of, _), _| *of != contact);
        self.steps.retain(|(of, _, _), _| *of != contact);
    }

    pub(super) fn flow_of(&self, contact: ContactKey, run: RunId) -> Option<&str> {
        self.runs.get(&(contact, run)).map(|run| run.of.flow.as_str())
    }

    /// The broadcast that began a run.
    pub(super) fn broadcast_of(&self, contact: ContactKey, run: RunId) -> Option<&str> {
        self.runs.get(&(contact, run)).and_then(|run| run.broadcast.as_deref())
    }

    fn waits(&mut self, contact: ContactKey, run: RunId, what: Option<&'static str>) {
        if let Some(run) = self.runs.get_mut(&(contact, run)) {
            (run.waits, run.waits_before, run.dirty) = (what, None, true);
        }
    }

    pub(super) fn write(&self, out: &mut Vec<Statement>) {
        let sql = "INSERT INTO run (contact, id, mode, flow, version, key, channel, language, arm, started_at, reason, continues, state,
                       state_since, waits, ended_at, \"end\", end_reason, steps, open, day, broadcast)
                   VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22)
                   ON CONFLICT (contact, id) DO UPDATE SET flow = excluded.flow, version = excluded.version, arm = excluded.arm, state = excluded.state, state_since = excluded.state_since,
                       waits = excluded.waits, ended_at = excluded.ended_at, \"end\" = excluded.\"end\", end_reason = excluded.end_reason,
                       steps = excluded.steps, open = excluded.open";
        for ((contact, id), run) in self.runs.iter().filter(|(_, run)| run.dirty) {
            let (state, since) = run.state.clone().unzip();
            let ended = run.ended.as_ref();
            let waits: Cell = run.waits.map(str::to_owned).or_else(|| run.waits_before.clone()).into();
            let params: [Cell; 22] = [
                contact.into(),
                id.into(),
                run.of.mode.as_str().into(),
                run.of.flow.as_str().into(),
                run.of.version.as_str().into(),
                run.key.as_deref().into(),
                run.of.channel.as_str().into(),
                run.of.language.as_str().into(),
                run.of.arm.as_str().into(),
                run.started_at.into(),
                run.reason.as_deref().into(),
                run.continues.as_deref().into(),
                state.into(),
                since.into(),
                if ended.is_some() { Cell::Null } else { waits },
                ended.map(|(at, _, _)| *at).into(),
                ended.map(|(_, end, _)| end.as_str()).into(),
                ended.map(|(_, _, reason)| reason.as_str()).into(),
                run.steps.into(),
                serde_json::to_string(&run.open).unwrap_or_default().into(),
                run.of.day.as_str().into(),
                run.broadcast.as_deref().into(),
            ];
            out.push(Statement::new(sql, params));
        }
        let sql = "INSERT INTO step (contact, run, n, flow, state, entered_at, left_at, outcome, reason) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)
                   ON CONFLICT (contact, run, n) DO UPDATE SET left_at = excluded.left_at, outcome = excluded.outcome, reason = excluded.reason";
        for ((contact, run, n), step) in &self.steps {
            let left = step.left.as_ref();
            let params: [Cell; 9] = [
                contact.into(),
                run.into(),
                (*n).into(),
                step.flow.as_str().into(),
                step.state.as_str().into(),
                step.entered_at.into(),
                left.map(|(at, _, _)| *at).into(),
                left.and_then(|(_, outcome, _)| outcome.as_deref()).into(),
                left.and_then(|(_, _, reason)| reason.as_deref()).into(),
            ];
            out.push(Statement::new(sql, params));
        }
    }
}

impl Fold<'_> {
    pub(super) fn run(&mut self, now: &Now<'_>, i: usize, event: &Event) {
        let (contact, at) = (now.contact, now.entry.at.0);
        match event {
            // The same run does not begin twice.
            Event::RunStarted { run, .. } if self.runs.runs.contains_key(&(contact, *run)) => {}
            Event::RunStarted { run, flow, version, key, reason, continues, sending } => {
                let language = self.language_of(contact).unwrap_or_default();
                let of = Dimensions {
                    flow: flow.to_string(),
                    version: version.to_string(),
                    day: day_of(now.entry.at),
                    channel: channel_of(now, i, *run)
                        .or_else(|| self.last_channel(contact).map(str::to_owned))
                        .unwrap_or_default(),
                    language: language.to_owned(),
                    // Who is in an arm of a broadcast is counted there, whatever the flow splits.
                    arm: sending.as_ref().and_then(|sending| sending.arm.as_ref()).map_or_else(String::new, ToString::to_string),
                    mode: now.mode.to_owned(),
                };
                self.figures.add(&of, whole(flow.as_str(), "entered", String::new()), 1);
                let started = Run {
                    of,
                    key: key.clone(),
                    started_at: at,
                    reason: Some(reason.clone()),
                    broadcast: sending.as_ref().map(|sending| sending.broadcast.to_string()),
                    continues: continues.map(|run| run.to_string()),
                    dirty: true,
                    ..Run::default()
                };
                self.runs.runs.insert((contact, *run), started);
            }
            Event::Entered { run, flow, state } => self.entered(contact, *run, flow.as_str(), state.as_str(), at),
            Event::Left { run, state, outcome, reason } => self.left(contact, *run, state.as_str(), outcome, reason, at),
            Event::RunEnded { run, end, reason, .. } => self.ended(contact, *run, end, reason, at),
            Event::Set { run, name, value } if !name.starts_with("contact.") => {
                let sql = "INSERT INTO run_value (contact, run, name, value, at) VALUES ($1,$2,$3,$4,$5)
                           ON CONFLICT (contact, run, name) DO UPDATE SET value = excluded.value, at = excluded.at";
                let params = [contact.into(), run.into(), name.into(), value.to_json().into(), at.into()];
                self.out.push(Statement::new(sql, params));
            }
            Event::Moved(moved) => self.moved(contact, moved, at),
            Event::Called { run, .. } => self.runs.waits(contact, *run, Some("call")),
            Event::HandoffOpened(opened) => self.runs.waits(contact, opened.run, Some("person")),
            Event::HandoffClosed(closed) => self.runs.waits(contact, closed.run, None),
            _ => {}
        }
    }

    fn entered(&mut self, contact: ContactKey, run: RunId, flow: &str, state: &str, at: i64) {
        let Some(known) = self.runs.runs.get(&(contact, run)) else { return };
        // A state that only passes on is left without a word; one of a flow outside is come back to.
        if let Some(place) = known.open.iter().rposition(|(_, of, _, _)| of == flow) {
            self.close(contact, run, place, None, at);
        }
        let Some(known) = self.runs.runs.get_mut(&(contact, run)) else { return };
        let n = known.steps;
        known.steps += 1;
        known.open.push((n, flow.to_owned(), state.to_owned(), at));
        known.state = Some((state.to_owned(), at));
        known.dirty = true;
        let step = Step { flow: flow.to_owned(), state: state.to_owned(), entered_at: at, left: None };
        self.runs.steps.insert((contact, run, n), step);
        self.figures.add(&known.of, of_state(flow, state, "entered", String::new()), 1);
    }

    /// A run goes on in another version: there it is counted from now on. What it has left by that, it left in the old one.
    fn moved(&mut self, contact: ContactKey, moved: &RunMoved, at: i64) {
        let Some(known) = self.runs.runs.get(&(contact, moved.run)).filter(|_| !moved.part) else { return };
        if let Some(place) = known.open.iter().rposition(|(_, of, _, _)| *of == known.of.flow) {
            self.close(contact, moved.run, place, None, at);
        }
        let Some(known) = self.runs.runs.get_mut(&(contact, moved.run)) else { return };
        let before = known.of.clone();
        (known.of.flow, known.of.version, known.dirty) = (moved.flow.to_string(), moved.version.to_string(), true);
        self.figures.add(&before, whole(&before.flow, "entered", String::new()), -1);
        self.figures.add(&known.of, whole(&known.of.flow, "entered", String::new()), 1);
    }

    fn left(&mut self, contact: ContactKey, run: RunId, state: &str, outcome: &str, reason: &str, at: i64) {
        let Some(known) = self.runs.runs.get_mut(&(contact, run)) else { return };
        (known.waits, known.waits_before, known.dirty) = (None, None, true);
        if reason.ends_with(SPLIT_REASON) && known.of.arm.is_empty() {
            let before = known.of.clone();
            known.of.arm = format!("{state}/{outcome}");
            let entered = whole(&before.flow, "entered", String::new());
            self.figures.add(&before, entered.clone(), -1);
            let after = known.of.clone();
            self.figures.add(&after, entered, 1);
            // In the state that it leaves now it is counted under its arm too.
            if let Some((_, flow, _, _)) = known.open.iter().rev().find(|(_, _, open, _)| open == state) {
                let entered = of_state(flow, state, "entered", String::new());
                self.figures.add(&before, entered.clone(), -1);
                self.figures.add(&after, entered, 1);
            }
        }
        let Some(known) = self.runs.runs.get(&(contact, run)) else { return };
        if let Some(place) = known.open.iter().rposition(|(_, _, open, _)| open == state) {
            self.close(contact, run, place, Some((outcome, reason)), at);
        }
    }

    /// Leaves the states from this place on, the innermost first; only of the outermost of them the outcome is known.
    fn close(&mut self, contact: ContactKey, run: RunId, place: usize, outcome: Option<(&str, &str)>, at: i64) {
        let Some(known) = self.runs.runs.get_mut(&(contact, run)) else { return };
        known.dirty = true;
        while known.open.len() > place {
            let Some((n, flow, state, since)) = known.open.pop() else { break };
            let told = outcome.filter(|_| known.open.len() == place);
            let word = told.map_or(String::new(), |(outcome, _)| outcome.to_owned());
            self.figures.add(&known.of, of_state(&flow, &state, "left", word), 1);
            self.figures.add(&known.of, of_state(&flow, &state, "took", bucket_of(at - since)), 1);
            let (outcome, reason) = told.map(|(outcome, reason)| (outcome.to_owned(), reason.to_owned())).unzip();
            let left = Some((at, outcome, reason));
            self.runs.steps.insert((contact, run, n), Step { flow, state, entered_at: since, left });
        }
    }

    fn ended(&mut self, contact: ContactKey, run: RunId, end: &str, reason: &str, at: i64) {
        let Some(known) = self.runs.runs.get_mut(&(contact, run)).filter(|run| run.ended.is_none()) else { return };
        known.dirty = true;
        let inner = known.open.pop();
        let (flow, state) = inner.as_ref().map_or((known.of.flow.clone(), ""), |(_, flow, state, _)| (flow.clone(), state));
        // In the state in which it was, which may be one of a flow inside, and in its own flow as a whole.
        self.figures.add(&known.of, of_state(&flow, state, "ended", end.to_owned()), 1);
        if !state.is_empty() {
            self.figures.add(&known.of, whole(&known.of.flow, "ended", end.to_owned()), 1);
        }
        self.figures.add(&known.of, whole(&known.of.flow, "took", bucket_of(at - known.started_at)), 1);
        known.ended = Some((at, end.to_owned(), reason.to_owned()));
        if let Some((n, flow, state, since)) = inner {
            self.figures.add(&known.of, of_state(&flow, &state, "took", bucket_of(at - since)), 1);
            self.runs.steps.insert((contact, run, n), Step { flow, state, entered_at: since, left: Some((at, None, None)) });
        }
        self.close(contact, run, 0, None, at);
    }
}

/// The channel on which a run begins: its own first message's, else that of the message which began it.
fn channel_of(now: &Now<'_>, i: usize, run: RunId) -> Option<String> {
    let (before, after) = now.entry.events.split_at(i);
    let own = after.iter().find_map(|event| match event {
        Event::Sent { run: Some(of), channel, .. } if *of == run => Some(channel.to_string()),
        _ => None,
    });
    own.or_else(|| {
        before.iter().rev().find_map(|event| match event {
            Event::Received { channel, .. } => Some(channel.to_string()),
            _ => None,
        })
    })
}

fn day_of(at: Millis) -> String {
    let day = jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date());
    day.map_or_else(|_| String::new(), |day| day.to_string())
}

fn whole(flow: &str, what: &'static str, bucket: String) -> Count {
    of_state(flow, "", what, bucket)
}

fn of_state(flow: &str, state: &str, what: &'static str, bucket: String) -> Count {
    Count { flow: flow.to_owned(), state: state.to_owned(), what, bucket }
}
