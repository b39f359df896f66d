//! The loop that moves one run on until it waits for something or is over.

use super::fault::Fault;
use super::person::Closing;
use super::record::{Errand, Run, Waiting};
use super::turn::{Ended, TurnError};
use super::turning::Turning;
use crate::domain::id::RunId;
use crate::domain::journal::{AlertLevel, Event};
use crate::domain::limits;
use crate::domain::name::Name;
use crate::domain::value::Value;
pub(super) use crate::flow::definition::Trouble;
use crate::flow::definition::{Flow, Kind, Save, Slot, State, StateId, Target};
use indexmap::IndexMap;
use std::borrow::Cow;

/// What `again` counts: wrong answers together, silence by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    Wrong,
    Silent,
}

impl Counter {
    /// Which count `again` under a trouble uses.
    fn of(trouble: Trouble) -> Self {
        if trouble == Trouble::Silence { Counter::Silent } else { Counter::Wrong }
    }
}

/// What a run does next.
pub(super) enum Next<'a> {
    /// Enters a state.
    Enter(StateId),
    /// Asks the question of the state in which it already is.
    Ask,
    /// Asks the question again that was put aside.
    AskBack,
    /// Asks its question over the next place of its notification's route, because of this.
    Along(Box<(Errand, Option<String>)>),
    /// Goes where a target says; the counter is that of the question under which it stands.
    Follow(&'a Target, Option<Counter>),
    /// Leaves its state by an ordinary outcome with a result.
    Outcome { name: Cow<'a, str>, value: Value, reason: String },
    /// Leaves its state by a trouble.
    Trouble { trouble: Trouble, reason: String },
    /// Reaches an end of its innermost flow.
    End { name: Cow<'a, str>, reason: String },
    /// Waits.
    Rest,
    /// Is over.
    Over { end: Cow<'a, str>, reason: String },
}

impl<'a> Turning<'a> {
    /// Takes a run out of the record to work on it.
    pub(super) fn take(&mut self, place: usize) -> Run {
        self.rec.runs.remove(place)
    }

    /// Where a run stands in the record.
    pub(super) fn place_of(&self, id: RunId) -> Option<usize> {
        self.rec.runs.iter().position(|run| run.id == id)
    }

    /// Moves a run on, then puts it back where it stood, or ends it.
    pub(super) fn drive(&mut self, mut run: Run, place: usize, next: Next<'a>) -> Result<(), TurnError> {
        self.entered = 0;
        let result = self.steps(&mut run, next);
        self.flush_notes(Some(run.id));
        match result {
            Ok(None) => {
                let place = place.min(self.rec.runs.len());
                self.rec.runs.insert(place, run);
            }
            Ok(Some((end, reason))) => self.end_run(run, &end, reason),
            Err(Fault::Run(why)) => self.fail(run, &why),
            Err(Fault::Turn(error)) => return Err(error),
        }
        Ok(())
    }

    /// Ends a run that cannot go on: its input is not lost, its author hears of it.
    pub(super) fn fail(&mut self, run: Run, why: &str) {
        let state = self.inner_flow(&run).map_or("?", |flow| flow.state_name(run.frame().state));
        let say = format!("A run of `{}` failed at `{state}`: {why}", run.flow);
        self.note(Some(run.id), format!("failed at `{state}`: {why}"));
        self.alert(Some(run.id), say, AlertLevel::Warning);
        self.end_run(run, "failed", why.to_owned());
    }

    /// Ends a run with this result.
    pub(super) fn end_run(&mut self, mut run: Run, end: &str, reason: String) {
        let unanswered = matches!(end, "expired" | "interrupted");
        self.close_question(&mut run, unanswered);
        self.close_handoff(&mut run, Closing { outcome: end, ..Closing::default() });
        if end == "interrupted" {
            self.drop_held(run.id);
        }
        for frame in &run.frames {
            self.count_live(frame.version, -1);
        }
        let variables = run.frames.first().map(|frame| (frame, self.catalog.version(frame.version)));
        let variables = match variables {
            Some((frame, Some(flow))) => variables_of(flow, |slot| frame.vars.get(slot)),
            _ => IndexMap::new(),
        };
        self.journal(Event::RunEnded { run: run.id, flow: run.flow.clone(), end: end.to_owned(), reason: reason.clone() });
        self.out.ended.push(Ended { flow: run.flow, end: end.to_owned(), reason, variables });
    }

    /// The state in which a run's innermost flow is.
    pub(super) fn state(&self, run: &Run) -> Result<(&'a Flow, &'a Name, &'a State), TurnError> {
        let flow = self.inner_flow(run)?;
        let found = flow.states.get_index(run.frame().state.0 as usize);
        found.map(|(name, state)| (flow, name, state)).ok_or(TurnError::Damaged("a state that its version does not have"))
    }

    fn steps(&mut self, run: &mut Run, mut next: Next<'a>) -> Result<Option<(Cow<'a, str>, String)>, Fault> {
        loop {
            next = match next {
                Next::Enter(state) => self.enter(run, state)?,
                Next::Ask => self.open_question(run)?,
                Next::AskBack => self.ask_back(run)?,
                Next::Along(moved) => self.ask_along(run, moved.0, moved.1)?,
                Next::Follow(target, counter) => self.follow(run, target, counter)?,
                Next::Outcome { name, value, reason } => self.outcome(run, &name, value, reason)?,
                Next::Trouble { trouble, reason } => self.trouble(run, trouble, reason)?,
                Next::End { name, reason } => self.end_flow(run, name, reason)?,
                Next::Rest => return Ok(None),
                Next::Over { end, reason } => return Ok(Some((end, reason))),
            }
        }
    }

    fn enter(&mut self, run: &mut Run, id: StateId) -> Result<Next<'a>, Fault> {
        self.close_question(run, false);
        self.taken_event = None;
        run.waiting = Waiting::Turn;
        if self.entered >= limits::STATES_PER_TURN {
            return Err(Fault::run(format!("more than {} states in one turn; it goes round", limits::STATES_PER_TURN)));
        }
        self.entered += 1;
        let id = self.go_over(run, id)?;
        let published = self.published(run.frame().version)?;
        let frame = run.frame_mut();
        frame.state = id;
        if published.counts(id) {
            match frame.visits.iter_mut().find(|(state, _)| *state == id) {
                Some((_, n)) => *n = n.saturating_add(1),
                None => frame.visits.push((id, 1)),
            }
        }
        let (flow, name, state) = self.state(run)?;
        self.journal(Event::Entered { run: run.id, flow: flow.name.clone(), state: name.clone() });
        let depth = run.frames.len() - 1;
        self.act(run, depth, &state.actions)?;
        match &state.kind {
            Kind::Pass(target) => Ok(Next::Follow(target, None)),
            Kind::End(end) => Ok(Next::End { name: Cow::Borrowed(end.as_str()), reason: format!("the state `{name}` ends") }),
            Kind::Ask(_) => self.open_question(run),
            Kind::Call(call) => self.call(run, call),
            Kind::Wait(wait) => self.wait(run, flow, wait),
            Kind::Split(split) => self.split(flow, name, split),
            Kind::Run(sub) => self.enter_flow(run, sub),
            Kind::Digest(digest) => Ok(self.digest(run, digest)),
            Kind::Handoff(handoff) => self.handoff(run, flow, handoff),
            Kind::Deliver(deliver) => self.deliver(run, deliver),
        }
    }

    fn outcome(&mut self, run: &mut Run, outcome: &str, value: Value, reason: String) -> Result<Next<'a>, Fault> {
        let (_, name, state) = self.state(run)?;
        self.journal(Event::Left { run: run.id, state: name.clone(), outcome: outcome.to_owned(), reason });
        self.save(run, state, value)?;
        let (outcomes, counter) = match &state.kind {
            Kind::Ask(ask) => (&ask.outcomes, Some(Counter::Wrong)),
            Kind::Call(call) => (&call.outcomes, None),
            Kind::Wait(wait) => (&wait.outcomes, None),
            Kind::Split(split) => (&split.outcomes, None),
            Kind::Run(sub) => (&sub.outcomes, None),
            Kind::Deliver(deliver) => (&deliver.outcomes, None),
            Kind::Digest(digest) => (&digest.outcomes, None),
            Kind::Handoff(handoff) => (&handoff.outcomes, None),
            Kind::Pass(_) | Kind::End(_) => return Err(Fault::run("a state without a kind has no outcomes")),
        };
        match outcomes.get(outcome) {
            Some(target) => Ok(Next::Follow(target, counter)),
            None => Err(Fault::run(format!("the outcome `{outcome}` of `{name}` is not decided"))),
        }
    }

    /// Keeps what the state wants of its result.
    fn save(&mut self, run: &mut Run, state: &'a State, value: Value) -> Result<(), Fault> {
        let values = match &state.save {
            None => return Ok(()),
            Some(Save::Whole(slot)) => vec![(*slot, value)],
            Some(Save::Parts(parts)) => {
                let view = self.view(run, run.frames.len() - 1)?;
                let view = super::scope::View { body: Some(&value), ..view };
                let part = |(slot, template): &(Slot, crate::flow::expression::ValueTemplate)| {
                    let value = template.eval(&view).map_err(|error| Fault::eval("save", &error))?;
                    Ok((*slot, value))
                };
                parts.iter().map(part).collect::<Result<Vec<_>, Fault>>()?
            }
        };
        let flow = self.inner_flow(run)?;
        for (slot, value) in values {
            let Some((name, variable)) = flow.variables.get_index(slot.0 as usize) else { continue };
            let shown = if variable.private || state.private { Value::Null } else { value.clone() };
            self.journal(Event::Set { run: run.id, name: name.to_string(), value: shown });
            run.set(slot, value);
        }
        Ok(())
    }

    fn trouble(&mut self, run: &mut Run, trouble: Trouble, reason: String) -> Result<Next<'a>, Fault> {
        let (flow, name, state) = self.state(run)?;
        let outcome = trouble.as_str().to_owned();
        self.journal(Event::Left { run: run.id, state: name.clone(), outcome, reason: reason.clone() });
        let own = match &state.kind {
            Kind::Ask(ask) => Some(&ask.troubles),
            Kind::Call(call) => Some(&call.troubles),
            Kind::Wait(wait) => Some(&wait.troubles),
            Kind::Run(sub) => Some(&sub.troubles),
            Kind::Deliver(deliver) => Some(&deliver.troubles),
            Kind::Handoff(handoff) => Some(&handoff.troubles),
            Kind::Pass(_) | Kind::End(_) | Kind::Split(_) | Kind::Digest(_) => None,
        };
        let target = own.and_then(|own| own.target(trouble)).or_else(|| flow.defaults.target(trouble));
        match target {
            Some(target) => Ok(Next::Follow(target, Some(Counter::of(trouble)))),
            None => self.built_in(run, trouble, name, reason),
        }
    }

    /// What trouble leads to where neither the state nor the flow decides it.
    fn built_in(&mut self, run: &mut Run, trouble: Trouble, state: &Name, reason: String) -> Result<Next<'a>, Fault> {
        if trouble == Trouble::NoMatch && run.question().is_some_and(|question| question.wrong < Trouble::BUILT_IN_AGAIN) {
            return self.ask_again(run, Counter::Wrong, &[]);
        }
        if trouble == Trouble::Failed {
            let say = format!("`{}` failed at `{state}`: {reason}", run.flow);
            self.alert(Some(run.id), say, AlertLevel::Warning);
        }
        Ok(Next::End { name: Cow::Borrowed(trouble.built_in_end()), reason: format!("built in: {reason}") })
    }
}

/// The variables of a flow by name.
pub(super) fn variables_of<'b>(flow: &Flow, value: impl Fn(Slot) -> Option<&'b Value>) -> IndexMap<String, Value> {
    let of = |(i, name): (usize, &Name)| (name.to_string(), value(Slot(i as u16)).cloned().unwrap_or_default());
    flow.variables.keys().enumerate().map(of).collect()
}
