//! Questions and replies without anybody behind them, for those who ask why: a run is put before a question, and what the
//! question makes of a message is said without anything being done. The same functions that a turn calls, so that the
//! explanation cannot differ from what happens.

use super::answer::{Heard, items, options, shown, visible};
use super::drive::Next;
use super::fault::Fault;
use super::inbound::Came;
use super::record::{Frame, Record, Run, Waiting};
use super::turn::{Context, TurnError};
use super::turning::Turning;
use crate::domain::id::{ContactKey, InputId, Token};
use crate::domain::message::Inbound;
use crate::domain::name::Name;
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::flow::definition::{Answer, Flow, Kind, StateId};
use crate::reply::explain::Considered;
use crate::reply::normalize::Normalized;
use crate::reply::{NotUnderstood, Understood};

/// What the open question of a contact makes of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// What it is taken for.
    pub taken: Taken,
    /// What else it could have been, the nearest first; empty where the kind of answer has no choices.
    pub considered: Vec<Considered>,
}

/// What a question takes a message for.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// An answer, exact or lenient: the outcome that it leads to and the value that can be saved.
    Answer {
        /// As it was understood.
        understood: Understood,
        /// The outcome of the state.
        outcome: String,
        /// The result of the state.
        value: Value,
    },
    /// A part of an answer to which further messages may belong.
    Part,
    /// No answer.
    Nothing(NotUnderstood),
}

/// Puts a run of this flow before the question of a state: the next turn of the record asks it. Variables have what is given,
/// else their first values. The error says what was given wrongly.
pub fn put_before(
    context: &Context<'_>,
    record: &mut Record,
    contact: ContactKey,
    (flow, state): (&Flow, StateId),
    given: &[(Name, Value)],
    now: Millis,
) -> Result<(), String> {
    let token = Token(0);
    let vars = {
        let turning = Turning::new(context, record, token, contact, now);
        let given = turning.by_name(flow, given)?;
        turning.first_values(flow, given).map_err(said)??
    };
    record.runs.push(Run {
        id: token.run(0),
        flow: flow.name.clone(),
        key: None,
        begun: now,
        expires: now + flow.expires.max(Span::millis(1)),
        continues: None,
        frames: vec![Frame { version: flow.version, state, vars, visits: Vec::new(), expires: None }],
        reply: None,
        waiting: Waiting::Turn,
        event: None,
        sending: None,
    });
    Ok(())
}

/// What the open question makes of a message; nothing if no question is open.
pub fn explain(
    context: &Context<'_>,
    record: &Record,
    contact: ContactKey,
    message: &Inbound,
    now: Millis,
) -> Result<Option<Explained>, TurnError> {
    let mut record = record.clone();
    let turning = Turning::new(context, &mut record, Token(0), contact, now);
    let Some(run) = turning.rec.runs.iter().find(|run| run.question().is_some()) else { return Ok(None) };
    let words = Normalized::of(&message.text);
    let came = Came { input: InputId(0), at: now, message, words, named: false };
    let taken = match turning.hear(run, &came).and_then(|heard| taken(&turning, run, &came, heard)) {
        Ok(taken) => taken,
        Err(Fault::Turn(error)) => return Err(error),
        Err(Fault::Run(reason)) => Taken::Nothing(NotUnderstood { reason }),
    };
    let mut considered = considered(&turning, run, &came.words)?;
    if let Taken::Answer { value: Value::List(chosen), .. } = &taken {
        // Several choices were named, each by a part of the message; how near the whole was says nothing of them.
        let is_chosen = |one: &Considered| chosen.iter().any(|value| value.as_text() == Some(one.what.as_str()));
        for one in considered.iter_mut().filter(|one| is_chosen(one)) {
            one.how = "chosen by a part of the reply".to_owned();
        }
        considered.sort_by_key(|one| !is_chosen(one));
    }
    Ok(Some(Explained { taken, considered }))
}

/// What a question with choices considered.
fn considered(turning: &Turning<'_>, run: &Run, words: &Normalized) -> Result<Vec<Considered>, TurnError> {
    let (flow, _, state) = turning.state(run)?;
    let (Kind::Ask(ask), Some(question)) = (&state.kind, run.question()) else { return Ok(Vec::new()) };
    Ok(match &ask.answer {
        Answer::Pick(_) => {
            let all: Vec<usize> = (0..question.items.len()).collect();
            items(question).considered(words, None, shown(&all, question))
        }
        answer => match answer.choices() {
            Some(choices) => {
                let visible = visible(choices, question);
                options(flow, choices, question).considered(words, None, shown(&visible, question))
            }
            None => Vec::new(),
        },
    })
}

fn taken(turning: &Turning<'_>, run: &Run, came: &Came<'_>, heard: Heard) -> Result<Taken, Fault> {
    let understood = match heard {
        Heard::Answer(understood) => understood,
        Heard::Part | Heard::Files => return Ok(Taken::Part),
        Heard::Nothing(not) => return Ok(Taken::Nothing(not)),
    };
    let run = Run { reply: Some(turning.reply_of(came.message, came.at, None)), ..run.clone() };
    match turning.answered(&run, understood.clone())? {
        Next::Outcome { name, value, .. } => Ok(Taken::Answer { understood, outcome: name.into_owned(), value }),
        _ => Err(Fault::run("an answer without an outcome")),
    }
}

fn said(fault: Fault) -> String {
    match fault {
        Fault::Run(why) => why,
        Fault::Turn(error) => error.to_string(),
    }
}
