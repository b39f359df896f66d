//! Understanding a reply to an open question, and what follows from it.

use super::drive::{Next, Trouble};
use super::fault::Fault;
use super::question::{prepared, split_payload};
use super::record::{Gathered, Question, Run};
use super::turning::Turning;
use crate::domain::limits;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::value::Value;
use crate::flow::definition::{Answer, Choices, Flow, Kind};
use crate::reply::choice::{Candidate, Options, Shown};
use crate::reply::normalize::Normalized;
use crate::reply::{NotUnderstood, Understanding, Understood, any, number, text, yes_no};
use std::borrow::Cow;

/// What a message is to an open question.
pub(super) enum Heard {
    /// An answer, exact or lenient.
    Answer(Understood),
    /// A part of an answer that may go on.
    Part,
    /// No answer.
    Nothing(NotUnderstood),
}

impl Heard {
    fn of(understanding: Understanding) -> Self {
        match understanding {
            Ok(understood) => Heard::Answer(understood),
            Err(not) => Heard::Nothing(not),
        }
    }
}

/// What a tapped button or row carries.
pub(super) fn payload_of(message: &Inbound) -> Option<&str> {
    match &message.content {
        InboundContent::ButtonReply { payload } | InboundContent::ListReply { payload, .. } => Some(payload),
        _ => None,
    }
}

impl<'a> Turning<'a> {
    /// What a message is to the open question of a run.
    pub(super) fn hear(&self, run: &Run, message: &Inbound, words: &Normalized) -> Result<Heard, Fault> {
        let (flow, _, state) = self.state(run)?;
        let (Kind::Ask(ask), Some(question)) = (&state.kind, run.question()) else {
            return Ok(Heard::Nothing(NotUnderstood { reason: "no question is open".to_owned() }));
        };
        let tapped = payload_of(message).map(split_payload);
        if tapped.is_some_and(|(_, tag)| tag.is_some_and(|tag| tag != question.tag)) {
            return Ok(Heard::Nothing(NotUnderstood { reason: "a button of an earlier question".to_owned() }));
        }
        let payload = tapped.map(|(id, _)| id);
        Ok(Heard::of(match &ask.answer {
            Answer::Choice(choices) => choice(flow, choices, question, words, payload),
            Answer::YesNo => yes_no::understand(words, payload, &[question.language], question.numbered),
            Answer::Number { min, max, whole } => {
                let expected = number::Expected { min: *min, max: *max, whole: *whole };
                number::understand(&message.text, words, &expected, question.language)
            }
            Answer::Text { gather, .. } if gather.0 > 0 => return Ok(Heard::Part),
            Answer::Text { min, max, .. } => text::understand(&message.text, *min, *max),
            Answer::Any => any::understand(&message.text),
        }))
    }

    /// The way out of a question by an answer.
    pub(super) fn answered(&self, run: &Run, understood: Understood) -> Result<Next<'a>, Fault> {
        let (_, _, state) = self.state(run)?;
        let Kind::Ask(ask) = &state.kind else { return Err(Fault::run("an answer in a state that asks nothing")) };
        let Understood { value, reason, .. } = understood;
        let (name, value): (Cow<'a, str>, Value) = match (&ask.answer, value) {
            (Answer::Choice(_), Value::Choice { id, label }) => (Cow::Owned(id.clone()), Value::Choice { id, label }),
            (Answer::YesNo, Value::Bool(yes)) => (Cow::Borrowed(if yes { "yes" } else { "no" }), Value::Bool(yes)),
            (Answer::Any, _) => (Cow::Borrowed("ok"), self.view(run, run.frames.len() - 1)?.whole_reply()),
            (_, value) => (Cow::Borrowed("ok"), value),
        };
        Ok(Next::Outcome { name, value, reason })
    }

    /// Adds a message to an answer that may go on.
    pub(super) fn gather(&self, run: &mut Run, text: &str) -> Result<(), Fault> {
        let (_, _, state) = self.state(run)?;
        let Kind::Ask(ask) = &state.kind else { return Ok(()) };
        let (Answer::Text { gather, .. }, Some(question)) = (&ask.answer, run.question_mut()) else { return Ok(()) };
        let until = self.now + *gather;
        let gathered = question.gathered.get_or_insert_with(|| Gathered { text: String::new(), until });
        gathered.until = until;
        if !gathered.text.is_empty() {
            gathered.text.push('\n');
        }
        let room = limits::REPLY_CHARS.saturating_sub(gathered.text.chars().count());
        gathered.text.extend(text.trim().chars().take(room));
        Ok(())
    }

    /// The time for further messages is over: what came is the answer.
    pub(super) fn gathered(&self, run: &mut Run) -> Result<Next<'a>, Fault> {
        let (_, _, state) = self.state(run)?;
        let Kind::Ask(ask) = &state.kind else { return Err(Fault::run("an answer in a state that asks nothing")) };
        let Answer::Text { min, max, .. } = &ask.answer else { return Err(Fault::run("only a text can be gathered")) };
        let came = run.question_mut().and_then(|question| question.gathered.take()).map(|g| g.text).unwrap_or_default();
        let lines = came.lines().count();
        match text::understand(&came, *min, *max) {
            Ok(understood) => {
                let reason = format!("{} in {lines} messages", understood.reason);
                self.answered(run, Understood { reason, ..understood })
            }
            Err(not) => Ok(Next::Trouble { trouble: Trouble::NoMatch, reason: not.reason }),
        }
    }
}

fn choice(flow: &Flow, choices: &Choices, question: &Question, words: &Normalized, payload: Option<&str>) -> Understanding {
    let visible: Vec<usize> = match &question.visible {
        Some(visible) => visible.iter().map(|i| usize::from(*i)).collect(),
        None => (0..choices.list.len()).collect(),
    };
    let shown = Shown { visible: &visible, numbered: question.numbered };
    match prepared(flow, choices, question.language) {
        Some(options) => options.understand(words, payload, shown),
        None => {
            let label = |i: usize| question.labels.get(i).cloned().unwrap_or_default();
            let candidate = |(i, (id, choice)): (usize, (&crate::domain::name::Name, &crate::flow::definition::ChoiceDef))| {
                Candidate { id: id.to_string(), label: label(i), also: choice.also.clone() }
            };
            let candidates = choices.list.iter().enumerate().map(candidate).collect();
            Options::new(candidates, question.language).understand(words, payload, shown)
        }
    }
}
