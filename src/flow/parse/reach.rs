//! RF118: states to which nothing leads.

use super::Reader;
use crate::flow::definition::{
    AgainOr, AnytimeTarget, Flow, Kind, Late, LateTarget, Outcomes, Silence, StateId, Target, Then, Troubles, WaitFor,
};
use crate::flow::diagnostic::Severity;

impl Reader {
    /// Says which states nothing leads to. Where something else is wrong a missing way may follow from it, so then nothing is said.
    pub(super) fn unreachable_states(&mut self, flow: &Flow) {
        if self.diagnostics.iter().any(|d| d.code.severity() == Severity::Error) {
            return;
        }
        let reached = Reached::of(flow);
        for (index, (name, state)) in flow.states.iter().enumerate() {
            if !reached.states.get(index).copied().unwrap_or(false) {
                let width = name.as_str().chars().count() as u32;
                self.say(118, state.at, width, format!("Nothing leads to `{name}`"), "lead to it with `go`, or delete it");
            }
        }
    }
}

struct Reached {
    states: Vec<bool>,
    open: Vec<StateId>,
}

impl Reached {
    fn of(flow: &Flow) -> Self {
        let mut reached = Reached { states: vec![false; flow.states.len()], open: Vec::new() };
        reached.add(flow.begin);
        for start in &flow.starts {
            reached.add(start.go);
        }
        for entry in &flow.anytime {
            if let AnytimeTarget::Target(target) = &entry.target {
                reached.target(target);
            }
        }
        if let Late::Target(LateTarget { go: Some(go), .. }) = &flow.late {
            reached.add(*go);
        }
        while let Some(id) = reached.open.pop() {
            if let Some(state) = flow.state(id) {
                reached.kind(&state.kind, &flow.defaults);
            }
        }
        reached
    }

    fn add(&mut self, id: StateId) {
        if let Some(known) = self.states.get_mut(id.0 as usize).filter(|known| !**known) {
            *known = true;
            self.open.push(id);
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::State(id) => self.add(*id),
            Target::Ways(ways) => ways.iter().for_each(|way| self.target(&way.target)),
            Target::Step(step) => match &step.then {
                Then::Go(target) => self.target(target),
                Then::Again { or, .. } => {
                    if let AgainOr::Go(target) = &**or {
                        self.target(target);
                    }
                }
                Then::End(_) => {}
            },
        }
    }

    fn outcomes(&mut self, outcomes: &Outcomes) {
        outcomes.named.values().chain(&outcomes.other).for_each(|target| self.target(target));
    }

    fn kind(&mut self, kind: &Kind, defaults: &Troubles) {
        match kind {
            Kind::Pass(target) => self.target(target),
            Kind::End(_) => {}
            Kind::Ask(ask) => {
                self.outcomes(&ask.outcomes);
                let wrong = if ask.answer.takes_all() { &None } else { &defaults.nomatch };
                self.troubles(&ask.troubles, wrong, &defaults.silence, &defaults.undelivered, &None);
            }
            Kind::Call(call) => {
                self.outcomes(&call.outcomes);
                self.troubles(&call.troubles, &None, &None, &None, &defaults.failed);
            }
            Kind::Split(split) => self.outcomes(&split.outcomes),
            Kind::Wait(wait) => {
                self.outcomes(&wait.outcomes);
                let silence = if matches!(wait.until, WaitFor::Event { .. }) { &defaults.silence } else { &None };
                self.troubles(&wait.troubles, &None, silence, &None, &None);
            }
            Kind::Run(run) => {
                self.outcomes(&run.outcomes);
                let d = defaults;
                self.troubles(&run.troubles, &d.nomatch, &d.silence, &d.undelivered, &d.failed);
            }
        }
    }

    /// Each trouble leads where the state says, else where the flow's `defaults` say.
    fn troubles(
        &mut self,
        own: &Troubles,
        nomatch: &Option<Target>,
        silence: &Option<Silence>,
        undelivered: &Option<Target>,
        failed: &Option<Target>,
    ) {
        let silent = |s: &Option<Silence>| s.as_ref().and_then(|s| s.target.clone());
        for (own, default) in [
            (own.nomatch.as_ref(), nomatch.as_ref()),
            (own.undelivered.as_ref(), undelivered.as_ref()),
            (own.failed.as_ref(), failed.as_ref()),
            (silent(&own.silence).as_ref(), silent(silence).as_ref()),
        ] {
            if let Some(target) = own.or(default) {
                self.target(target);
            }
        }
    }
}
