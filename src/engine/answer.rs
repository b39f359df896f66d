//! Understanding a reply to an open question, and what follows from it.

use super::drive::{Next, Trouble};
use super::fault::Fault;
use super::inbound::Came;
use super::question::split_payload;
use super::record::{Gathered, Question, Run};
use super::scope::View;
use super::shown::prepared;
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::limits;
use crate::domain::message::{Inbound, InboundContent};
use crate::domain::time::Millis;
use crate::domain::value::{Type, Value};
use crate::flow::definition::{Answer, Between, Bound, ChoiceDef, Choices, Flow, Kind, Several};
use crate::flow::expression::fit;
use crate::reply::choice::{Candidate, Options, Shown};
use crate::reply::choices::Bounds;
use crate::reply::{NotUnderstood, Setting, Understanding, Understood};
use crate::reply::{any, date, email, moment, number, phone, text, time, yes_no};
use jiff::tz::TimeZone;
use std::borrow::Cow;

/// What a message is to an open question.
pub(super) enum Heard {
    /// An answer, exact or lenient.
    Answer(Understood),
    /// A part of an answer that may go on; keywords and commands come first.
    Part,
    /// Files that are a part of an answer.
    Files,
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

    pub(super) fn nothing(reason: impl Into<String>) -> Self {
        Heard::Nothing(NotUnderstood { reason: reason.into() })
    }

    pub(super) fn answer(value: Value, exact: bool, reason: impl Into<String>) -> Self {
        Heard::Answer(Understood { value, exact, reason: reason.into() })
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
    pub(super) fn hear(&self, run: &Run, came: &Came<'_>) -> Result<Heard, Fault> {
        let (flow, _, state) = self.state(run)?;
        let (Kind::Ask(ask), Some(question)) = (&state.kind, run.question()) else {
            return Ok(Heard::nothing("no question is open"));
        };
        let (message, words) = (came.message, &came.words);
        let tapped = payload_of(message).map(split_payload);
        if tapped.is_some_and(|(_, tag)| tag.is_some_and(|tag| tag != question.tag)) {
            return Ok(Heard::nothing("a button of an earlier question"));
        }
        let payload = tapped.map(|(id, _)| id);
        let view = View { now: came.at, ..self.view(run, run.frames.len() - 1)? };
        let language = question.language;
        let setting = Setting { language, country: self.country(message), zone: self.zone(), now: came.at };
        Ok(Heard::of(match &ask.answer {
            Answer::Choice(choices) => {
                let options = options(flow, choices, question);
                options.understand(words, payload, shown(&visible(choices, question), question))
            }
            Answer::Choices(Several { of, min, max }) => {
                let visible = visible(of, question);
                // Conditions may have left fewer than are wanted.
                let bounds = Bounds { min: (*min).min(visible.len()), max: *max };
                let options = options(flow, of, question);
                options.understand_many(words, &message.text, payload, shown(&visible, question), bounds)
            }
            Answer::Pick(_) => {
                let all: Vec<usize> = (0..question.items.len()).collect();
                items(question).understand(words, payload, shown(&all, question))
            }
            Answer::YesNo => yes_no::understand(words, payload, &[language], question.numbered),
            Answer::Number { min, max, whole } => {
                let expected = number::Expected { min: *min, max: *max, whole: *whole };
                number::understand(&message.text, words, &expected, &setting)
            }
            Answer::Date(between) => {
                let (min, max) = ends(between, &view, Type::Date)?;
                let day = |value| if let Some(Value::Date(day)) = value { Some(day) } else { None };
                let expected = date::Expected { min: day(min), max: day(max) };
                date::understand(&message.text, words, &expected, &setting)
            }
            Answer::Time(between) => {
                let (min, max) = ends(between, &view, Type::Time)?;
                let clock = |value| if let Some(Value::Time(time)) = value { Some(time) } else { None };
                let expected = time::Expected { min: clock(min), max: clock(max) };
                time::understand(&message.text, words, &expected, &setting)
            }
            Answer::Moment(between) => {
                let (min, max) = ends(between, &view, Type::Moment)?;
                let at = |value| if let Some(Value::Moment(at)) = value { Some(at) } else { None };
                let expected = moment::Expected { min: at(min), max: at(max) };
                moment::understand(&message.text, words, &expected, &setting)
            }
            Answer::Phone { country } => {
                let country = country.as_deref().or(setting.country);
                phone::understand(&message.text, words, country, language)
            }
            Answer::Email => email::understand(&message.text, words, language),
            Answer::Pattern(pattern) => pattern.understand(&message.text).map(|(understood, _)| understood),
            Answer::Location => {
                return Ok(match &message.content {
                    InboundContent::Location(place) => Heard::answer(super::reply::location(place), true, "a place"),
                    _ => Heard::nothing("no place"),
                });
            }
            Answer::Media { types, .. } => return Ok(super::files::hear(question, types, message)),
            Answer::Text { gather, .. } if gather.0 > 0 => return Ok(Heard::Part),
            Answer::Text { min, max, .. } => text::understand(&message.text, *min, *max),
            Answer::Any => any::understand(&message.text),
        }))
    }

    /// The country of the channel on which a message came, else the project's.
    fn country(&self, message: &Inbound) -> Option<&str> {
        let own = self.project.channels.get(&message.channel).and_then(|channel| channel.country.as_deref());
        own.or(self.project.country.as_deref())
    }

    /// The groups of a message that matches the pattern of the open question.
    pub(super) fn groups(&self, run: &Run, message: &Inbound) -> Result<Option<Value>, TurnError> {
        let (_, _, state) = self.state(run)?;
        Ok(match &state.kind {
            Kind::Ask(ask) => match &ask.answer {
                Answer::Pattern(pattern) => pattern.understand(&message.text).ok().map(|(_, groups)| groups),
                _ => None,
            },
            _ => None,
        })
    }

    /// The way out of a question by an answer.
    pub(super) fn answered(&self, run: &Run, understood: Understood) -> Result<Next<'a>, Fault> {
        let (_, _, state) = self.state(run)?;
        let Kind::Ask(ask) = &state.kind else { return Err(Fault::run("an answer in a state that asks nothing")) };
        let Understood { value, reason, .. } = understood;
        let (name, value): (Cow<'a, str>, Value) = match (&ask.answer, value) {
            (Answer::Choice(_), Value::Choice { id, label }) => (Cow::Owned(id.clone()), Value::Choice { id, label }),
            (Answer::YesNo, Value::Bool(yes)) => (Cow::Borrowed(if yes { "yes" } else { "no" }), Value::Bool(yes)),
            (Answer::Pick(_), Value::Choice { id, .. }) => (Cow::Borrowed("ok"), item(run, &id)?),
            (Answer::Any, _) => (Cow::Borrowed("ok"), self.view(run, run.frames.len() - 1)?.whole_reply()),
            (_, value) => (Cow::Borrowed("ok"), value),
        };
        Ok(Next::Outcome { name, value, reason })
    }

    /// Adds a message to an answer that may go on.
    pub(super) fn gather(&mut self, run: &mut Run, message: &Inbound) -> Result<(), Fault> {
        let (_, _, state) = self.state(run)?;
        let Kind::Ask(ask) = &state.kind else { return Ok(()) };
        let gather = match &ask.answer {
            Answer::Text { gather, .. } => *gather,
            Answer::Media { types, max } => return self.gather_files(run, message, types, *max),
            _ => return Ok(()),
        };
        let until = self.now + gather;
        let Some(question) = run.question_mut() else { return Ok(()) };
        let gathered = question.gathered.get_or_insert_with(|| Gathered { until, ..Gathered::default() });
        gathered.until = until;
        if !gathered.text.is_empty() {
            gathered.text.push('\n');
        }
        let room = limits::REPLY_CHARS.saturating_sub(gathered.text.chars().count());
        gathered.text.extend(message.text.trim().chars().take(room));
        Ok(())
    }

    /// The time for further messages is over: what came is the answer.
    pub(super) fn gathered(&self, run: &mut Run) -> Result<Next<'a>, Fault> {
        let (_, _, state) = self.state(run)?;
        let Kind::Ask(ask) = &state.kind else { return Err(Fault::run("an answer in a state that asks nothing")) };
        let gathered = run.question_mut().and_then(|question| question.gathered.take()).unwrap_or_default();
        let (min, max) = match &ask.answer {
            Answer::Text { min, max, .. } => (min, max),
            Answer::Media { types, .. } => return self.answered_files(run, gathered, types),
            _ => return Err(Fault::run("only a text and files can be gathered")),
        };
        let lines = gathered.text.lines().count();
        match text::understand(&gathered.text, *min, *max) {
            Ok(understood) => {
                let reason = format!("{} in {lines} messages", understood.reason);
                self.answered(run, Understood { reason, ..understood })
            }
            Err(not) => Ok(Next::Trouble { trouble: Trouble::NoMatch, reason: not.reason }),
        }
    }
}

/// The choices that the contact saw.
pub(super) fn visible(choices: &Choices, question: &Question) -> Cow<'static, [usize]> {
    match &question.visible {
        Some(visible) => visible.iter().map(|i| usize::from(*i)).collect(),
        None => match PLACES.get(..choices.list.len()) {
            Some(places) => Cow::Borrowed(places),
            None => (0..choices.list.len()).collect(),
        },
    }
}

/// The places of all choices, of which hardly a question has more.
static PLACES: [usize; 32] = {
    let mut places = [0; 32];
    let mut at = 0;
    while at < places.len() {
        places[at] = at;
        at += 1;
    }
    places
};

pub(super) fn shown<'v>(visible: &'v [usize], question: &Question) -> Shown<'v> {
    Shown { visible, numbered: question.numbered }
}

/// What the understanding of replies works on: made ready with the flow, or of the labels that were shown.
pub(super) fn options<'c>(flow: &Flow, choices: &'c Choices, question: &Question) -> Cow<'c, Options> {
    if let Some(options) = prepared(flow, choices, question.language) {
        return Cow::Borrowed(options);
    }
    let candidate = |(i, (id, choice)): (usize, (&crate::domain::name::Name, &ChoiceDef))| Candidate {
        id: id.to_string(),
        label: question.labels.get(i).cloned().unwrap_or_default(),
        also: choice.also.clone(),
    };
    Cow::Owned(Options::new(choices.list.iter().enumerate().map(candidate).collect(), question.language))
}

/// The items of a list that were shown, each by its place from 1.
pub(super) fn items(question: &Question) -> Options {
    let candidate = |(i, label): (usize, &String)| Candidate { id: (i + 1).to_string(), label: label.clone(), also: Vec::new() };
    Options::new(question.labels.iter().enumerate().map(candidate).collect(), question.language)
}

/// The item at a place, as it was when it was shown.
fn item(run: &Run, place: &str) -> Result<Value, Fault> {
    let at = place.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
    let found = at.and_then(|at| run.question().and_then(|question| question.items.get(at)));
    found.cloned().ok_or_else(|| Fault::run("an item that was not shown"))
}

/// The first and the last of what may come.
fn ends(between: &Between, view: &View<'_>, kind: Type) -> Result<(Option<Value>, Option<Value>), Fault> {
    Ok((end(between.min.as_ref(), view, kind, false)?, end(between.max.as_ref(), view, kind, true)?))
}

/// One of them. A moment is also a day or a clock time, and a day is a moment: its first, or its last.
fn end(bound: Option<&Bound>, view: &View<'_>, kind: Type, last: bool) -> Result<Option<Value>, Fault> {
    let name = if last { "max" } else { "min" };
    let Some(bound) = bound else { return Ok(None) };
    let value = bound.value.eval(view).map_err(|error| Fault::eval(name, &error))?;
    let read = |kind| fit(value.clone(), kind, view.zone).ok();
    let local = |at: Millis| jiff::Timestamp::from_millisecond(at.0).ok().map(|at| view.zone.to_datetime(at));
    let found = match (kind, &value) {
        (_, Value::Null) => return Ok(None),
        (Type::Date, Value::Moment(at)) => local(*at).map(|local| Value::Date(local.date())),
        (Type::Time, Value::Moment(at)) => local(*at).map(|local| Value::Time(local.time())),
        (Type::Moment, Value::Date(day)) => day_as_moment(*day, view.zone, last),
        (Type::Moment, _) => read(Type::Moment).or_else(|| match read(Type::Date) {
            Some(Value::Date(day)) => day_as_moment(day, view.zone, last),
            _ => None,
        }),
        (kind, _) => read(kind),
    };
    match found {
        Some(value) => Ok(Some(value)),
        None => Err(Fault::run(format!("`{name}` of the answer is no {kind}"))),
    }
}

fn day_as_moment(day: jiff::civil::Date, zone: &TimeZone, last: bool) -> Option<Value> {
    let begin = |day: jiff::civil::Date| day.to_zoned(zone.clone()).ok().map(|z| z.timestamp().as_millisecond());
    let at = if last { begin(day.tomorrow().ok()?)?.checked_sub(1)? } else { begin(day)? };
    Some(Value::Moment(Millis(at)))
}
