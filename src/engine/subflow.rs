//! Sub-flows: their own variables, their ends as outcomes of the state that runs them.

use super::drive::{Next, Trouble, variables_of};
use super::fault::Fault;
use super::record::{Frame, Run, Vars};
use super::split::place_of;
use super::turning::Turning;
use crate::domain::limits;
use crate::domain::name::Name;
use crate::domain::value::Value;
use crate::flow::definition::{Flow, Origin, RunFlow, Slot, Variable};
use crate::flow::expression::fit;
use std::borrow::Cow;

impl<'a> Turning<'a> {
    /// Enters a sub-flow on the version that is current now, or that a share of the contacts gets, where what is given fits it.
    pub(super) fn enter_flow(&mut self, run: &mut Run, sub: &'a RunFlow) -> Result<Next<'a>, Fault> {
        let failed = |reason: String| Ok(Next::Trouble { trouble: Trouble::Failed, reason });
        // The first frame is the flow itself.
        if run.frames.len() > limits::SUBFLOW_DEPTH {
            return failed(format!("sub-flows are nested deeper than {}", limits::SUBFLOW_DEPTH));
        }
        let catalog = self.catalog;
        let Some(flow) = catalog.current(sub.flow.as_str()) else {
            return failed(format!("there is no flow `{}`", sub.flow));
        };
        let flow: &'a Flow = self.shared(flow, sub);
        let mut given = Vars::default();
        {
            let view = self.view(run, run.frames.len() - 1)?;
            for (name, value) in &sub.with {
                let value = value.eval(&view).map_err(|error| Fault::eval(name.as_str(), &error))?;
                match flow.slot(name.as_str()) {
                    Some(slot) => given.set(slot, value),
                    None => return failed(format!("`{}` has no variable `{name}`", flow.name)),
                }
            }
        }
        let vars = match self.first_values(flow, given)? {
            Ok(vars) => vars,
            Err(reason) => return failed(reason),
        };
        let expires = self.now + flow.expires.max(crate::domain::time::Span::millis(1));
        let expires = (expires < run.expires).then_some(expires);
        run.frames.push(Frame { version: flow.version, state: flow.begin, vars, visits: Vec::new(), expires });
        self.count_live(flow.version, 1);
        Ok(Next::Enter(flow.begin))
    }

    /// The version of a flow that this contact gets as a part of another.
    fn shared(&self, flow: &'a Flow, sub: &RunFlow) -> &'a Flow {
        let Some((tried, share)) = self.catalog.trial(flow.version) else { return flow };
        let tried: &'a Flow = &tried.flow;
        let takes = sub.with.iter().all(|(name, _)| tried.slot(name.as_str()).is_some());
        let is_given = |name: &Name| sub.with.iter().any(|(given, _)| given == name);
        let needs =
            |(name, variable): (&Name, &Variable)| matches!(variable.origin, Origin::Need { default: None }) && !is_given(name);
        let fits = takes && !tried.variables.iter().any(needs);
        if fits && share.holds(place_of(self.contact, tried.name.as_str(), tried.version)) { tried } else { flow }
    }

    /// The variables with which a flow begins. The inner error says what was given wrongly.
    pub(super) fn first_values(&self, flow: &'a Flow, given: Vars) -> Result<Result<Vars, String>, Fault> {
        let mut vars = Vars::default();
        let view = self.bare_view(Some(flow));
        for (i, (name, variable)) in flow.variables.iter().enumerate() {
            let slot = Slot(i as u16);
            let template = match &variable.origin {
                _ if given.get(slot).is_some() => None,
                Origin::Need { default } => default.as_ref(),
                Origin::Own(value) => Some(value),
                Origin::Saved => None,
            };
            let value = match (given.get(slot), template) {
                (Some(value), _) => value.clone(),
                (None, Some(template)) => template.eval(&view).map_err(|error| Fault::eval(name.as_str(), &error))?,
                (None, None) => continue,
            };
            match fit(value, variable.kind, self.zone()) {
                Ok(value) => vars.set(slot, value),
                Err(_) => return Ok(Err(format!("`{name}` must be a {}", variable.kind))),
            }
        }
        Ok(Ok(vars))
    }

    /// An end of the innermost flow: the run's own, or an outcome for the state that runs it.
    pub(super) fn end_flow(&mut self, run: &mut Run, name: Cow<'a, str>, reason: String) -> Result<Next<'a>, Fault> {
        if run.frames.len() <= 1 {
            return Ok(Next::Over { end: name, reason });
        }
        let flow = self.inner_flow(run)?;
        self.close_question(run, false);
        let value = {
            let frame = run.frame();
            Value::Map(variables_of(flow, |slot| frame.vars.get(slot)))
        };
        self.leave_flow(run);
        let reason = format!("`{}` ended as `{name}`: {reason}", flow.name);
        match Trouble::parse(&name) {
            Some(trouble) => Ok(Next::Trouble { trouble, reason }),
            None => Ok(Next::Outcome { name, value, reason }),
        }
    }

    /// Takes the innermost sub-flow away.
    pub(super) fn leave_flow(&mut self, run: &mut Run) {
        if run.frames.len() > 1
            && let Some(frame) = run.frames.pop()
        {
            self.count_live(frame.version, -1);
        }
    }

    /// The variables that an operator or a start gives by name.
    pub(super) fn by_name(&self, flow: &Flow, with: &[(Name, Value)]) -> Result<Vars, String> {
        let mut vars = Vars::default();
        for (name, value) in with {
            let slot = flow.slot(name.as_str()).ok_or_else(|| format!("`{}` has no variable `{name}`", flow.name))?;
            vars.set(slot, value.clone());
        }
        Ok(vars)
    }
}
