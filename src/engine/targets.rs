//! Following a target: a state, a step in place, the first way that holds, the question once more.

use super::drive::{Counter, Next};
use super::fault::Fault;
use super::record::Run;
use super::turning::Turning;
use crate::flow::definition::{Action, AgainOr, Step, Target, Then, Way};
use std::borrow::Cow;

impl<'a> Turning<'a> {
    pub(super) fn follow(&mut self, run: &mut Run, target: &'a Target, counter: Option<Counter>) -> Result<Next<'a>, Fault> {
        match target {
            Target::State(state) => Ok(Next::Enter(*state)),
            Target::Step(step) => self.step(run, step, counter),
            Target::Ways(ways) => {
                let way = self.first_that_holds(run, ways)?;
                Ok(Next::Follow(&way.target, counter))
            }
        }
    }

    fn first_that_holds(&self, run: &Run, ways: &'a [Way]) -> Result<&'a Way, Fault> {
        let view = self.view(run, run.frames.len() - 1)?;
        for way in ways {
            let holds = match &way.condition {
                None => true,
                Some(condition) => condition.truth(&view).map_err(|error| Fault::eval(condition.source(), &error))?,
            };
            if holds {
                return Ok(way);
            }
        }
        Err(Fault::run("none of the conditions holds and there is no `else`"))
    }

    fn step(&mut self, run: &mut Run, step: &'a Step, counter: Option<Counter>) -> Result<Next<'a>, Fault> {
        let depth = run.frames.len() - 1;
        match &step.then {
            Then::Go(target) => {
                self.act(run, depth, &step.actions)?;
                Ok(Next::Follow(target, counter))
            }
            Then::End(end) => {
                self.act(run, depth, &step.actions)?;
                Ok(Next::End { name: Cow::Borrowed(end.as_str()), reason: format!("`end: {end}`") })
            }
            Then::Again { times, or } => self.again_or(run, step, *times, or, counter),
        }
    }

    fn again_or(
        &mut self,
        run: &mut Run,
        step: &'a Step,
        times: u32,
        or: &'a AgainOr,
        counter: Option<Counter>,
    ) -> Result<Next<'a>, Fault> {
        let (Some(counter), Some(question)) = (counter, run.question()) else {
            return Err(Fault::run("`again` where no question is open"));
        };
        let done = match counter {
            Counter::Wrong => question.wrong,
            Counter::Silent => question.silent,
        };
        if done < times {
            let actions: &'a [Action] = &step.actions;
            return self.ask_again(run, counter, actions);
        }
        match or {
            AgainOr::Go(target) => Ok(Next::Follow(target, Some(counter))),
            AgainOr::End(end) => {
                let reason = format!("`end: {end}` after {done} more");
                Ok(Next::End { name: Cow::Borrowed(end.as_str()), reason })
            }
        }
    }
}
