//! Every action and every condition of a flow, with where each stands.

use crate::flow::definition::{
    Action, AgainOr, AnytimeTarget, Ask, Flow, Kind, Late, Outcomes, State, Target, Then, Troubles, WaitFor,
};
use crate::flow::expression::Expression;

/// Where an action stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'a> {
    /// The state.
    pub state: Option<&'a State>,
    /// The question that is asked again after it.
    pub again: Option<&'a Ask>,
}

/// What wants to see a flow.
pub(super) trait Visit<'a> {
    /// The actions of one place, in their order.
    fn actions(&mut self, _actions: &'a [Action], _place: Place<'a>) {}
    /// A condition.
    fn condition(&mut self, _condition: &'a Expression) {}
}

/// Shows a flow.
pub(super) fn walk<'a>(flow: &'a Flow, see: &mut dyn Visit<'a>) {
    let mut walk = Walk { see, place: Place::default(), ask: None };
    for start in &flow.starts {
        walk.condition(start.condition.as_ref());
    }
    for entry in &flow.anytime {
        walk.condition(entry.condition.as_ref());
        match &entry.target {
            AnytimeTarget::Target(target) => walk.target(target),
            AnytimeTarget::AskAgain(actions) => walk.actions(actions, None),
        }
    }
    walk.troubles(&flow.defaults);
    if let Late::Target(late) = &flow.late {
        walk.actions(&late.actions, None);
    }
    for state in flow.states.values() {
        walk.place.state = Some(state);
        walk.ask = None;
        walk.actions(&state.actions, None);
        walk.kind(&state.kind);
    }
}

struct Walk<'s, 'a> {
    see: &'s mut dyn Visit<'a>,
    place: Place<'a>,
    ask: Option<&'a Ask>,
}

impl<'a> Walk<'_, 'a> {
    fn condition(&mut self, condition: Option<&'a Expression>) {
        condition.into_iter().for_each(|condition| self.see.condition(condition));
    }

    fn actions(&mut self, actions: &'a [Action], again: Option<&'a Ask>) {
        actions.iter().for_each(|action| self.condition(action.condition.as_ref()));
        self.see.actions(actions, Place { again, ..self.place });
    }

    fn kind(&mut self, kind: &'a Kind) {
        match kind {
            Kind::Pass(target) => self.target(target),
            Kind::End(_) => {}
            Kind::Ask(ask) => {
                self.ask = Some(ask);
                for choice in ask.answer.choices().into_iter().flat_map(|choices| choices.list.values()) {
                    self.condition(choice.condition.as_ref());
                }
                self.ways(&ask.outcomes, Some(&ask.troubles));
            }
            Kind::Call(call) => self.ways(&call.outcomes, Some(&call.troubles)),
            Kind::Wait(wait) => {
                if let WaitFor::Event { condition, .. } = &wait.until {
                    self.condition(condition.as_ref());
                }
                self.ways(&wait.outcomes, Some(&wait.troubles));
            }
            Kind::Split(split) => self.ways(&split.outcomes, None),
            Kind::Deliver(deliver) => self.ways(&deliver.outcomes, Some(&deliver.troubles)),
            Kind::Digest(digest) => self.ways(&digest.outcomes, None),
            Kind::Handoff(handoff) => self.ways(&handoff.outcomes, Some(&handoff.troubles)),
            Kind::Run(run) => self.ways(&run.outcomes, Some(&run.troubles)),
        }
    }

    fn ways(&mut self, outcomes: &'a Outcomes, troubles: Option<&'a Troubles>) {
        outcomes.named.values().chain(&outcomes.other).for_each(|target| self.target(target));
        troubles.into_iter().for_each(|troubles| self.troubles(troubles));
    }

    fn troubles(&mut self, troubles: &'a Troubles) {
        let silence = troubles.silence.as_ref().and_then(|silence| silence.target.as_ref());
        let all = [troubles.nomatch.as_ref(), silence, troubles.undelivered.as_ref(), troubles.failed.as_ref()];
        all.into_iter().flatten().for_each(|target| self.target(target));
    }

    fn target(&mut self, target: &'a Target) {
        match target {
            Target::State(_) => {}
            Target::Step(step) => {
                let again = self.ask.filter(|_| matches!(step.then, Then::Again { .. }));
                self.actions(&step.actions, again);
                match &step.then {
                    Then::Go(target) => self.target(target),
                    Then::End(_) => {}
                    Then::Again { or, .. } => match &**or {
                        AgainOr::Go(target) => self.target(target),
                        AgainOr::End(_) => {}
                    },
                }
            }
            Target::Ways(ways) => {
                for way in ways {
                    self.condition(way.condition.as_ref());
                    self.target(&way.target);
                }
            }
        }
    }
}
