//! A run turn by turn: what came, which rule matched and why, what was decided, sent and called, how long it took. What a
//! commit wrote down carries one moment; that is what turns are told apart by.

use super::message::{self, Message, json};
use super::moment;
use super::run::RunShown;
use super::select::Select;
use crate::domain::time::Millis;
use crate::history::{Cell, Database, HistoryError, Row};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Rows of each kind that are read of one run; a run of more is shown up to there.
const MOST: usize = 2_000;

/// One turn of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub struct Turn {
    /// When.
    #[serde(serialize_with = "moment::at")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Millis,
    /// Milliseconds since the turn before: how long the run waited.
    pub waited: Option<i64>,
    /// The messages that came, each with the rule that matched and why; none if a timer, an event or a call's result caused the turn.
    pub input: Vec<Message>,
    /// What was decided, in order.
    pub decided: Vec<Decided>,
    /// What was sent.
    pub sent: Vec<Message>,
    /// What was called.
    pub called: Vec<Call>,
}

/// Something that a turn decided or that caused it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Decided {
    /// What: `run.started`, `state.entered`, `state.left`, `answer.saved`, `call.ended`, `run.ended` …
    pub kind: String,
    /// The state that was entered or left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The way out of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Milliseconds that the run was in the state which it left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<i64>,
    /// What else is known of it, as the journal has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
}

/// A call of another system.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Call {
    /// Its id.
    pub id: String,
    /// The configured `api`.
    pub api: String,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// `ok`, a status, `failed`; nothing while it is under way.
    pub outcome: Option<String>,
    /// How often it was tried.
    pub attempts: Option<i64>,
    /// Milliseconds from the first attempt to the end.
    pub took: Option<i64>,
    /// Why it ended so.
    pub reason: Option<String>,
    /// What came back, where the journal keeps it.
    pub answer: Option<serde_json::Value>,
}

/// A run with its turns.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RunTurns {
    /// The run.
    #[serde(flatten)]
    pub run: RunShown,
    /// What was saved: the last value of each name.
    #[schema(value_type = Object)]
    pub values: serde_json::Map<String, serde_json::Value>,
    /// The turns, the oldest first.
    pub turns: Vec<Turn>,
    /// Whether it has more than is shown.
    pub more: bool,
}

/// A run turn by turn.
pub async fn turns(database: &Database, run: RunShown) -> Result<RunTurns, HistoryError> {
    let [happenings, steps, messages, calls, values] = statements(&run);
    let happenings = happenings.rows(database).await?;
    let steps = steps.rows(database).await?;
    let messages = messages.rows(database).await?;
    let calls = calls.rows(database).await?;
    let values = values.rows(database).await?;
    let more = [&happenings, &steps, &messages, &calls].iter().any(|rows| rows.len() >= MOST);
    let mut book = Book::default();
    happenings.iter().try_for_each(|row| book.happening(row))?;
    let mut before = None;
    for row in &steps {
        let step = Step::of(row)?;
        book.step(&step, before.as_ref());
        before = Some(step);
    }
    for row in &messages {
        book.message(Message::of(row)?);
    }
    for row in &calls {
        book.at(row.at(9)?).called.push(call(row)?);
    }
    let mut saved = serde_json::Map::new();
    for row in &values {
        saved.insert(row.text(0)?.to_owned(), json(row.opt_text(1)?).unwrap_or_default());
    }
    Ok(RunTurns { run, values: saved, turns: book.close(), more })
}

pub(super) fn statements(run: &RunShown) -> [Select; 5] {
    let of = |head: &str, order: &str| {
        let mut select = Select::new(head);
        select.and("x.contact = ? AND x.run = ?", [Cell::from(&run.contact), Cell::from(&run.id)]);
        select.put(&format!(" ORDER BY {order} LIMIT ?"), [MOST.into()]);
        select
    };
    // What an index holds by contact and moment is read from the moment on at which the run began.
    let since = |head: &str, order: &str| {
        let mut select = Select::new(head);
        select.and("x.contact = ?", [Cell::from(&run.contact)]).and("x.at >= ?", [run.started_at.into()]);
        select.and_if("x.at <= ?", run.ended_at).and("x.run = ?", [Cell::from(&run.id)]);
        select.put(&format!(" ORDER BY {order} LIMIT ?"), [MOST.into()]);
        select
    };
    let columns = message::COLUMNS.replace("m.", "x.");
    [
        since("SELECT x.at, x.kind, x.detail FROM happening x", "x.at, x.token, x.idx"),
        of("SELECT x.state, x.entered_at, x.left_at FROM step x", "x.n"),
        since(&format!("SELECT {columns} FROM message x"), "x.at, x.n"),
        of(
            "SELECT x.id, x.api, x.method, x.path, x.outcome, x.attempts, x.took, x.reason, x.answer, x.at FROM call x",
            "x.at, x.id",
        ),
        of("SELECT x.name, x.value FROM run_value x", "x.name"),
    ]
}

/// A stay in a state.
struct Step {
    state: String,
    entered_at: Millis,
    left_at: Option<Millis>,
}

impl Step {
    fn of(row: &Row) -> Result<Self, HistoryError> {
        Ok(Step { state: row.text(0)?.to_owned(), entered_at: row.at(1)?, left_at: row.opt_at(2)? })
    }
}

/// Turns by their moments, while they are put together.
#[derive(Debug, Default)]
struct Book(BTreeMap<Millis, Turn>);

impl Book {
    fn at(&mut self, at: Millis) -> &mut Turn {
        self.0.entry(at).or_insert_with(|| Turn { at, ..Turn::default() })
    }

    fn happening(&mut self, row: &Row) -> Result<(), HistoryError> {
        let (at, kind, mut detail) = (row.at(0)?, row.text(1)?, json(row.opt_text(2)?));
        let mut taken = |name: &str| match detail.as_mut().and_then(|detail| detail.as_object_mut()?.shift_remove(name)) {
            Some(serde_json::Value::String(text)) => Some(text),
            _ => None,
        };
        // It is said once, for the whole run.
        taken("run");
        let (state, outcome, reason) = (taken("state"), taken("outcome"), taken("reason"));
        let detail = detail.filter(|detail| detail.as_object().is_none_or(|map| !map.is_empty()));
        self.at(at).decided.push(Decided { kind: kind.to_owned(), state, outcome, reason, took: None, detail });
        Ok(())
    }

    /// A state was entered: after the state before it was left, where that was told.
    fn step(&mut self, step: &Step, before: Option<&Step>) {
        let entered = Decided {
            kind: "state.entered".to_owned(),
            state: Some(step.state.clone()),
            outcome: None,
            reason: None,
            took: None,
            detail: None,
        };
        let decided = &mut self.at(step.entered_at).decided;
        let last = decided.iter().rposition(|one| one.kind == "state.entered");
        let from = last.map_or(0, |place| place + 1);
        let follows = |one: &Decided| match before {
            None => one.kind == "run.started",
            Some(before) => one.kind == "state.left" && one.state.as_ref() == Some(&before.state),
        };
        let place = decided[from..].iter().position(follows).map_or(from, |place| from + place + 1);
        decided.insert(place, entered);
        if let Some(left_at) = step.left_at {
            let left =
                |one: &&mut Decided| one.kind == "state.left" && one.took.is_none() && one.state.as_ref() == Some(&step.state);
            if let Some(left) = self.at(left_at).decided.iter_mut().find(left) {
                left.took = Some((left_at - step.entered_at).0);
            }
        }
    }

    fn message(&mut self, message: Message) {
        let turn = self.at(message.at);
        if message.direction == "in" { turn.input.push(message) } else { turn.sent.push(message) }
    }

    fn close(self) -> Vec<Turn> {
        let mut before: Option<Millis> = None;
        let waited = |turn: Turn| {
            let waited = before.replace(turn.at).map(|before| (turn.at - before).0);
            Turn { waited, ..turn }
        };
        // A stay of which only the end is known makes no turn of its own.
        self.0.into_values().filter(|turn| !turn.is_empty()).map(waited).collect()
    }
}

impl Turn {
    fn is_empty(&self) -> bool {
        self.input.is_empty() && self.decided.is_empty() && self.sent.is_empty() && self.called.is_empty()
    }
}

fn call(row: &Row) -> Result<Call, HistoryError> {
    let text = |i| row.opt_text(i).map(|text| text.map(str::to_owned));
    Ok(Call {
        id: row.text(0)?.to_owned(),
        api: row.text(1)?.to_owned(),
        method: row.text(2)?.to_owned(),
        path: row.text(3)?.to_owned(),
        outcome: text(4)?,
        attempts: row.opt_int(5)?,
        took: row.opt_int(6)?,
        reason: text(7)?,
        answer: json(row.opt_text(8)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(at: i64, kind: &str, detail: &str) -> Row {
        Row(vec![Cell::Int(at), Cell::Text(kind.to_owned()), Cell::Text(detail.to_owned())])
    }

    #[test]
    fn what_is_told_of_a_moment_is_one_turn_in_the_order_in_which_it_was_decided() {
        let mut book = Book::default();
        for row in [
            told(100, "run.started", r#"{"run":"r","flow":"f","reason":"keyword"}"#),
            told(900, "answer.saved", r#"{"run":"r","name":"x","value":1}"#),
            told(900, "state.left", r#"{"run":"r","state":"ask","outcome":"yes","reason":"a label"}"#),
            told(900, "run.ended", r#"{"run":"r","flow":"f","end":"done","reason":""}"#),
        ] {
            book.happening(&row).expect("read");
        }
        let step = |state: &str, from: i64, to: i64| Step {
            state: state.to_owned(),
            entered_at: Millis(from),
            left_at: Some(Millis(to)),
        };
        let (ask, pass, last) = (step("ask", 100, 900), step("pass", 900, 900), step("last", 900, 900));
        book.step(&ask, None);
        book.step(&pass, Some(&ask));
        book.step(&last, Some(&pass));
        let turns = book.close();
        let shown = |turn: &Turn| {
            turn.decided.iter().map(|one| format!("{} {}", one.kind, one.state.as_deref().unwrap_or(""))).collect::<Vec<_>>()
        };
        assert_eq!(shown(&turns[0]), ["run.started ", "state.entered ask"]);
        let second = ["answer.saved ", "state.left ask", "state.entered pass", "state.entered last", "run.ended "];
        assert_eq!(shown(&turns[1]), second);
        assert_eq!((turns[0].waited, turns[1].waited, turns[1].decided[1].took), (None, Some(800), Some(800)));
        assert_eq!(turns[1].decided[1].reason.as_deref(), Some("a label"));
        assert_eq!(turns[1].decided[0].detail, Some(serde_json::json!({ "name": "x", "value": 1 })));
    }
}
