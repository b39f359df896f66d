//! A way on which one variable gets no value: found, followed, doubted, told.

use super::facts::{Bits, Facts, Memo, Solved, mentioned};
use super::values::{Here, Suspect};
use crate::flow::definition::{Act, Action, Destination, Flow, Kind, Origin, Save, Slot, StateId};
use crate::flow::expression::{Expression, ReferenceName, Root};
use crate::flow::ways::{Entry, From, Outcome, Step, Way, Ways};
use std::collections::{HashSet, VecDeque};

/// The ways on which a variable has no value.
pub(super) struct Witness<'s, 'w, 'f> {
    facts: &'s Facts<'w, 'f>,
    slot: Slot,
    solved: Solved,
    /// How each state is entered without a value, on a way with as few conditions as can be found.
    before: Vec<Option<Came<'w, 'f>>>,
}

/// How a state is entered.
#[derive(Clone, Copy)]
struct Came<'w, 'f> {
    from: Origination<'w, 'f>,
    way: &'w Way<'f>,
}

#[derive(Clone, Copy)]
enum Origination<'w, 'f> {
    /// A run begins.
    Begun,
    /// While a run was in this state.
    Taken(&'w Entry<'f>, StateId),
    /// From a state by an outcome.
    Left(StateId, &'w Outcome<'f>),
}

impl<'s, 'w, 'f> Witness<'s, 'w, 'f> {
    /// Looks for ways from where runs begin. `facts` follows only the variable.
    pub fn of(facts: &'s Facts<'w, 'f>, slot: Slot) -> Self {
        let ways: &'w Ways<'f> = facts.ways;
        let solved = facts.solve();
        let mut witness = Witness { facts, slot, solved, before: vec![None; ways.flow().states.len()] };
        let mut open: VecDeque<StateId> = VecDeque::new();
        for entry in ways.entries().iter().filter(|entry| matches!(entry.from, From::Begin | From::Start(_))) {
            if let Some(bits) = facts.entering(entry, &witness.solved) {
                witness.follow(ways.ways_in(entry), &bits, Origination::Begun, &mut open);
            }
        }
        // What is answered anytime, and late, leads on from the first state that waits; only where nothing else leads.
        let (mut waits, mut asks, mut taken) = (None, None, [false; 2]);
        loop {
            while let Some(id) = open.pop_front() {
                let Some(bits) = witness.solved.on_entering[usize::from(id.0)].clone() else { continue };
                let within = facts.within(id, &bits);
                for outcome in ways.outcomes(id) {
                    let before = facts.after_outcome(id, outcome, &within);
                    witness.follow(ways.ways_of(outcome), &before, Origination::Left(id, outcome), &mut open);
                }
                if !facts.has(&within, slot) && ways.outcomes(id).iter().any(|outcome| outcome.waits) {
                    let asked = matches!(ways.flow().state(id).map(|state| &state.kind), Some(Kind::Ask(_) | Kind::Run(_)));
                    if asked && asks.is_none() {
                        asks = Some((id, within.clone()));
                    }
                    waits.get_or_insert((id, within));
                }
            }
            for (i, first) in [&waits, &asks].into_iter().enumerate() {
                let Some((id, within)) = first.as_ref().filter(|_| !std::mem::replace(&mut taken[i], first.is_some())) else {
                    continue;
                };
                for entry in ways.entries() {
                    let leads = if i == 0 { matches!(entry.from, From::Anytime(_)) } else { matches!(entry.from, From::Late(_)) };
                    if leads {
                        witness.follow(ways.ways_in(entry), within, Origination::Taken(entry, *id), &mut open);
                    }
                }
            }
            if open.is_empty() {
                return witness;
            }
        }
    }

    fn follow(&mut self, list: &'w [Way<'f>], before: &Bits, from: Origination<'w, 'f>, open: &mut VecDeque<StateId>) {
        let mut memo = Memo::default();
        for way in list {
            let Some(to) = way.to.state() else { continue };
            let bits = self.facts.along(way, before, &mut memo, |_, _, _| {});
            let Some(known) = self.before.get_mut(usize::from(to.0)).filter(|known| known.is_none()) else { continue };
            if self.facts.has(&bits, self.slot) {
                continue;
            }
            *known = Some(Came { from, way });
            // Ways without conditions are preferred: what lies behind them is looked at first.
            let free = self.facts.ways.steps_back(way).all(|(_, step)| !matches!(step, Step::If(_) | Step::IfNot(_)));
            if free { open.push_front(to) } else { open.push_back(to) }
        }
    }

    /// How a way leads to this read without giving the variable a value, in words; none if no certain one was found.
    pub fn way_to(&self, suspect: &Suspect<'w, 'f>) -> Option<String> {
        let here = &suspect.here;
        let waiting = here.entry.map(|entry| self.any_waiting(entry));
        let mut at = match waiting {
            Some(found) => Some(found?),
            None => here.state,
        };
        let (mut path, mut seen): (Vec<Came<'w, 'f>>, HashSet<StateId>) = Default::default();
        while let Some(id) = at {
            if !seen.insert(id) {
                return None;
            }
            let came = (*self.before.get(usize::from(id.0))?)?;
            path.push(came);
            at = match came.from {
                Origination::Begun => None,
                Origination::Taken(_, id) | Origination::Left(id, _) => Some(id),
            };
        }
        path.reverse();
        let ways = self.facts.ways;
        let mut known = Known::of(ways.flow(), self.slot);
        for came in &path {
            match came.from {
                Origination::Begun => {}
                Origination::Taken(_, id) => known.enter(id),
                Origination::Left(id, outcome) => {
                    known.enter(id);
                    known.outcome(ways, id, outcome);
                }
            }
            known.steps(&ways.steps(came.way));
        }
        if let Some(id) = waiting.flatten() {
            known.enter(id);
        }
        if let (Some(id), Some(outcome)) = (here.state, here.outcome) {
            known.enter(id);
            known.outcome(ways, id, outcome);
        }
        if let Some((way, place)) = here.way {
            let mut steps: Vec<Step<'f>> = ways.steps_back(way).filter(|(at, _)| *at < place).map(|(_, step)| step).collect();
            steps.reverse();
            known.steps(&steps);
        }
        known.actions(here.done);
        here.own.into_iter().for_each(|condition| known.conditions(&[condition]));
        if known.doubtful {
            return None;
        }
        Some(self.told(&path, here))
    }

    /// A state in which a run can wait without the variable.
    fn any_waiting(&self, entry: &Entry<'f>) -> Option<StateId> {
        let ways = self.facts.ways;
        ways.states().find(|id| {
            let place = usize::from(id.0);
            let kind = ways.flow().state(*id).map(|state| &state.kind);
            let fits = match entry.from {
                From::Late(_) => matches!(kind, Some(Kind::Ask(_) | Kind::Run(_))),
                _ => ways.outcomes(*id).iter().any(|outcome| outcome.waits),
            };
            let lacks = self.solved.on_entering[place]
                .as_ref()
                .is_some_and(|bits| !self.facts.has(&self.facts.within(*id, bits), self.slot));
            fits && lacks && self.before[place].is_some()
        })
    }

    /// The part of the way that matters: where it could have been given a value, else where it came from.
    fn told(&self, path: &[Came<'w, 'f>], here: &Here<'w, 'f>) -> String {
        let flow = self.facts.ways.flow();
        let shown = |id: StateId, outcome: &Outcome<'_>| match outcome.name.is_empty() {
            true => format!("the way through `{}` does not set it", flow.state_name(id)),
            false => format!("the way through `{}` ({}) does not set it", flow.state_name(id), outcome.name),
        };
        if here.done.iter().any(|action| writes(&action.act).any(|slot| slot == self.slot)) {
            return "what sets it before is done only under a condition".to_owned();
        }
        let own = here.state.zip(here.outcome).filter(|(id, _)| self.gives(*id));
        let left = |came: &Came<'w, 'f>| match came.from {
            Origination::Left(id, outcome) => Some((id, outcome)),
            _ => None,
        };
        let could = || path.iter().rev().filter_map(left).find(|(id, _)| self.gives(*id));
        if let Some((id, outcome)) = own.or_else(could) {
            return shown(id, outcome);
        }
        if let Some(entry) = here.entry {
            let id = self.any_waiting(entry).map_or("?", |id| flow.state_name(id));
            return format!("it can be read while the run is at `{id}`, where nothing has set it yet");
        }
        match path.last().map(|came| came.from) {
            Some(Origination::Left(id, outcome)) => shown(id, outcome),
            Some(Origination::Taken(entry, id)) => {
                let what = if matches!(entry.from, From::Late(_)) { "late" } else { "anytime" };
                format!("the way by `{what}` from `{}` does not set it", flow.state_name(id))
            }
            _ => {
                let id = here.state.map_or("?", |id| flow.state_name(id));
                format!("a run that begins at `{id}` has not set it")
            }
        }
    }

    /// Whether a state, or a way out of it, can give the variable a value.
    fn gives(&self, id: StateId) -> bool {
        let Some(state) = self.facts.ways.flow().state(id) else { return false };
        let saves = match &state.save {
            Some(Save::Whole(slot)) => *slot == self.slot,
            Some(Save::Parts(parts)) => parts.iter().any(|(slot, _)| *slot == self.slot),
            None => false,
        };
        let sets = |actions: &[Action]| actions.iter().any(|action| writes(&action.act).any(|slot| slot == self.slot));
        let on_ways = || {
            let mut steps = self.facts.ways.ways_out(id).flat_map(|(_, way)| self.facts.ways.steps(way));
            steps.any(|step| matches!(step, Step::Do(actions) if sets(actions)))
        };
        saves || sets(&state.actions) || on_ways()
    }
}

/// The variables to which an action writes.
fn writes(act: &Act) -> impl Iterator<Item = Slot> {
    let pairs = if let Act::Set(pairs) = act { pairs.as_slice() } else { &[] };
    pairs.iter().filter_map(|(to, _)| match to {
        Destination::Variable(slot) => Some(*slot),
        Destination::Contact(_) => None,
    })
}

/// What a way says of the values of variables: a condition on one of which something is known may never hold there.
struct Known<'f> {
    flow: &'f Flow,
    slot: Slot,
    variables: HashSet<Slot>,
    others: HashSet<String>,
    doubtful: bool,
}

impl<'f> Known<'f> {
    fn of(flow: &'f Flow, slot: Slot) -> Self {
        // Nothing is known only of what comes from outside.
        let known = |(_, variable): &(usize, &crate::flow::definition::Variable)| !matches!(variable.origin, Origin::Need { .. });
        let variables = flow.variables.values().enumerate().filter(known).map(|(i, _)| Slot(i as u16)).collect();
        Known { flow, slot, variables, others: HashSet::new(), doubtful: false }
    }

    fn enter(&mut self, id: StateId) {
        if let Some(state) = self.flow.state(id) {
            self.actions(&state.actions);
        }
    }

    fn actions(&mut self, actions: &'f [Action]) {
        for action in actions {
            // Were it done, the variable would have a value.
            if let Some(condition) = action.condition.as_ref().filter(|_| writes(&action.act).any(|slot| slot == self.slot)) {
                self.conditions(&[condition]);
            }
            self.variables.extend(writes(&action.act));
        }
    }

    /// A result is new; where one of several outcomes came with it, that outcome says something of it.
    fn outcome(&mut self, ways: &Ways<'f>, id: StateId, outcome: &Outcome<'f>) {
        let Some(state) = self.flow.state(id).filter(|_| outcome.saves) else { return };
        let several = ways.outcomes(id).iter().filter(|other| other.saves).count() > 1;
        let tied = several && !(outcome.name == "ok" && matches!(state.kind, Kind::Call(_)));
        let slots: Vec<Slot> = match &state.save {
            Some(Save::Whole(slot)) => vec![*slot],
            Some(Save::Parts(parts)) => parts.iter().map(|(slot, _)| *slot).collect(),
            None => Vec::new(),
        };
        for slot in slots {
            if tied {
                self.variables.insert(slot);
            } else {
                self.variables.remove(&slot);
            }
        }
    }

    /// What lies on one way. Its conditions are of one list, of which each part is meant to be reached.
    fn steps(&mut self, steps: &[Step<'f>]) {
        let conditions: Vec<&'f Expression> = steps
            .iter()
            .filter_map(|step| match step {
                Step::If(condition) | Step::IfNot(condition) => Some(*condition),
                Step::Give(_) | Step::Do(_) | Step::UsedUp(_) => None,
            })
            .collect();
        self.conditions(&conditions);
        for step in steps {
            match step {
                // What comes from outside is new, unless a condition chose by it.
                Step::Give(values) => {
                    for (slot, value) in *values {
                        if value.constant().is_some() || !conditions.is_empty() {
                            self.variables.insert(*slot);
                        } else {
                            self.variables.remove(slot);
                        }
                    }
                }
                Step::Do(actions) => self.actions(actions),
                Step::If(_) | Step::IfNot(_) | Step::UsedUp(_) => {}
            }
        }
    }

    /// The first condition on something may hold or not; what else is asked about it may follow from that.
    fn conditions(&mut self, conditions: &[&'f Expression]) {
        let (mut variables, mut others) = (HashSet::new(), HashSet::new());
        for condition in conditions {
            // One that only asks for the variable itself finds it without a value.
            variables.extend(mentioned(self.flow, condition).map(|(_, slot)| slot).filter(|slot| *slot != self.slot));
            for reference in condition.names() {
                match &reference.name {
                    ReferenceName::Variable(_) => {}
                    ReferenceName::Member(Root::Visits, _) | ReferenceName::Root(Root::Visits) => self.doubtful = true,
                    ReferenceName::Root(root) => drop(others.insert(root.as_str().to_owned())),
                    ReferenceName::Member(root, name) => drop(others.insert(format!("{}.{name}", root.as_str()))),
                }
            }
        }
        for slot in variables {
            self.doubtful |= !self.variables.insert(slot);
        }
        for other in others {
            self.doubtful |= !self.others.insert(other);
        }
    }
}
