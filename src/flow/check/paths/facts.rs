//! Which variables have a value where, whatever way a run took: the largest sets that hold on all ways, as bits.

use crate::domain::value::Value;
use crate::flow::definition::{Act, Action, Destination, Flow, Kind, Origin, Save, Slot, StateId, WaitFor};
use crate::flow::expression::{Expression, ReferenceName, ValueTemplate};
use crate::flow::ways::{Entry, From, Outcome, Step, Way, Ways};
use std::collections::VecDeque;

/// Variables that have a value, a bit for each that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    /// Of the first 64, apart from the others: most flows follow no more, and copying these is nothing.
    first: u64,
    others: Vec<u64>,
}

impl Bits {
    fn none(count: usize) -> Self {
        Bits { first: 0, others: vec![0; count.div_ceil(64).saturating_sub(1)] }
    }

    fn put(&mut self, bit: usize, on: bool) {
        let mask = 1 << (bit % 64);
        let word = if bit < 64 { &mut self.first } else { &mut self.others[bit / 64 - 1] };
        if on { *word |= mask } else { *word &= !mask }
    }

    fn has(&self, bit: usize) -> bool {
        let word = if bit < 64 { self.first } else { self.others[bit / 64 - 1] };
        word & (1 << (bit % 64)) != 0
    }

    /// Keeps what both have. Whether something was lost.
    fn meet(&mut self, other: &Bits) -> bool {
        let mut lost = self.first & !other.first != 0;
        self.first &= other.first;
        for (own, other) in self.others.iter_mut().zip(&other.others) {
            lost |= *own & !other != 0;
            *own &= other;
        }
        lost
    }
}

/// A flow and the variables that are followed in it.
pub(super) struct Facts<'w, 'f> {
    pub ways: &'w Ways<'f>,
    /// For each variable its bit, if it is followed.
    bits: Vec<Option<usize>>,
    count: usize,
    /// The values that every caller gives, where the flow is begun as a sub-flow; none if nobody runs it.
    called: Option<Vec<Slot>>,
}

/// What has a value where.
pub(super) struct Solved {
    /// On entering each state; none if nothing leads there.
    pub on_entering: Vec<Option<Bits>>,
    /// Wherever a run can wait.
    pub waiting: Option<Bits>,
    /// Wherever a question can be left without an answer.
    pub asking: Option<Bits>,
}

/// What the ways below one outcome have in common, so that none is computed twice: after each step, by its place.
#[derive(Debug, Default)]
pub(super) struct Memo(Vec<(usize, Bits)>);

impl Memo {
    fn get(&self, step: usize) -> Option<&Bits> {
        self.0.binary_search_by_key(&step, |(step, _)| *step).ok().map(|place| &self.0[place].1)
    }

    fn insert(&mut self, step: usize, bits: Bits) {
        // Steps come in their order, so that this is the end.
        let place = self.0.partition_point(|(known, _)| *known < step);
        self.0.insert(place, (step, bits));
    }
}

impl<'w, 'f> Facts<'w, 'f> {
    /// Follows some of the variables. `called`: with which values other flows run it, if any does.
    pub fn of(ways: &'w Ways<'f>, called: Option<Vec<Slot>>, follow: impl Fn(Slot) -> bool) -> Self {
        let mut count = 0;
        let mut bit = |slot| {
            follow(slot).then(|| {
                count += 1;
                count - 1
            })
        };
        let bits = (0..ways.flow().variables.len()).map(|i| bit(Slot(i as u16))).collect();
        Facts { ways, bits, count, called }
    }

    /// Whether anything is followed.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether a variable surely has a value. One that is not followed has.
    pub fn has(&self, bits: &Bits, slot: Slot) -> bool {
        self.bit(slot).is_none_or(|bit| bits.has(bit))
    }

    fn bit(&self, slot: Slot) -> Option<usize> {
        self.bits.get(usize::from(slot.0)).copied().flatten()
    }

    pub fn put(&self, bits: &mut Bits, slot: Slot, on: bool) {
        if let Some(bit) = self.bit(slot) {
            bits.put(bit, on);
        }
    }

    fn give(&self, bits: &mut Bits, slot: Slot, value: &ValueTemplate) {
        self.put(bits, slot, value.constant() != Some(&Value::Null));
    }

    /// With which a run begins.
    pub fn begin(&self) -> Bits {
        let mut bits = Bits::none(self.count);
        for (i, variable) in self.ways.flow().variables.values().enumerate() {
            match &variable.origin {
                Origin::Need { .. } => self.put(&mut bits, Slot(i as u16), true),
                Origin::Own(value) => self.give(&mut bits, Slot(i as u16), value),
                Origin::Saved => {}
            }
        }
        bits
    }

    /// What an entry begins with. An entry into a run that lives takes what holds wherever it can be.
    pub fn entering(&self, entry: &Entry<'f>, solved: &Solved) -> Option<Bits> {
        match entry.from {
            From::Begin if self.ways.flow().starts.is_empty() || self.called.is_some() => {
                let mut bits = self.begin();
                self.called.iter().flatten().for_each(|slot| self.put(&mut bits, *slot, true));
                Some(bits)
            }
            From::Begin => None,
            From::Start(_) => Some(self.begin()),
            From::Anytime(_) => solved.waiting.clone(),
            From::Late(_) => solved.asking.clone(),
        }
    }

    /// The variables that have a value where a condition holds (or does not), or of which nothing can be said there. One that the condition finds
    /// to be without a value is not among them.
    pub fn after(&self, condition: &Expression, holds: bool) -> Vec<Slot> {
        let absent = condition.absent_if(holds);
        mentioned(self.ways.flow(), condition).filter(|(name, _)| !absent.contains(name)).map(|(_, slot)| slot).collect()
    }

    /// After these actions.
    pub fn act(&self, actions: &[Action], bits: &mut Bits) {
        actions.iter().for_each(|action| self.act_one(action, bits));
    }

    /// After one action.
    pub fn act_one(&self, action: &Action, bits: &mut Bits) {
        let Act::Set(pairs) = &action.act else { return };
        let unless = action.condition.as_ref().map(|condition| self.after(condition, false));
        for (to, value) in pairs {
            let Destination::Variable(slot) = to else { continue };
            let gives = value.constant() != Some(&Value::Null);
            match &unless {
                Some(otherwise) if gives && !otherwise.contains(slot) => {}
                _ => self.give(bits, *slot, value),
            }
        }
    }

    /// While a state waits: after its actions.
    pub fn within(&self, state: StateId, on_entering: &Bits) -> Bits {
        let mut bits = on_entering.clone();
        if let Some(state) = self.ways.flow().state(state) {
            self.act(&state.actions, &mut bits);
        }
        bits
    }

    /// After an outcome, before what lies on its ways.
    pub fn after_outcome(&self, state: StateId, outcome: &Outcome<'f>, within: &Bits) -> Bits {
        let mut bits = within.clone();
        let Some(state) = self.ways.flow().state(state) else { return bits };
        // The end of a time is no result.
        let has_result = match &state.kind {
            Kind::Wait(wait) => matches!(wait.until, WaitFor::Event { .. }),
            _ => outcome.saves,
        };
        if outcome.trouble.is_none() {
            match &state.save {
                Some(Save::Whole(slot)) => self.put(&mut bits, *slot, has_result),
                Some(Save::Parts(parts)) => parts.iter().for_each(|(slot, value)| self.give(&mut bits, *slot, value)),
                None => {}
            }
        }
        bits
    }

    /// After one step of a way.
    pub fn step(&self, step: Step<'f>, bits: &mut Bits) {
        match step {
            Step::If(condition) => self.after(condition, true).into_iter().for_each(|slot| self.put(bits, slot, true)),
            Step::IfNot(condition) => self.after(condition, false).into_iter().for_each(|slot| self.put(bits, slot, true)),
            Step::Give(values) => values.iter().for_each(|(slot, value)| self.give(bits, *slot, value)),
            Step::Do(actions) => self.act(actions, bits),
            Step::UsedUp(_) => {}
        }
    }

    /// At the end of a way. `see` is shown each step that was not in `memo`, with what holds before it.
    pub fn along(&self, way: &Way<'f>, before: &Bits, memo: &mut Memo, mut see: impl FnMut(usize, Step<'f>, &Bits)) -> Bits {
        let mut steps = Vec::new();
        let mut bits = before.clone();
        for (place, step) in self.ways.steps_back(way) {
            if let Some(known) = memo.get(place) {
                bits = known.clone();
                break;
            }
            steps.push((place, step));
        }
        for (place, step) in steps.into_iter().rev() {
            see(place, step, &bits);
            self.step(step, &mut bits);
            memo.insert(place, bits.clone());
        }
        bits
    }

    /// What has a value where, on all ways.
    pub fn solve(&self) -> Solved {
        let flow = self.ways.flow();
        let mut solved = Solved { on_entering: vec![None; flow.states.len()], waiting: None, asking: None };
        let mut open: VecDeque<StateId> = VecDeque::new();
        let mut queued = vec![false; flow.states.len()];
        let mut again = true;
        while again {
            for entry in self.ways.entries() {
                let Some(bits) = self.entering(entry, &solved) else { continue };
                let mut memo = Memo::default();
                for way in self.ways.ways_in(entry) {
                    let Some(to) = way.to.state() else { continue };
                    let out = self.along(way, &bits, &mut memo, |_, _, _| {});
                    reach(&mut solved, to, &out, &mut open, &mut queued);
                }
            }
            again = false;
            while let Some(id) = open.pop_front() {
                queued[usize::from(id.0)] = false;
                let Some(bits) = solved.on_entering.get(usize::from(id.0)).cloned().flatten() else { continue };
                let within = self.within(id, &bits);
                if self.ways.outcomes(id).iter().any(|outcome| outcome.waits) {
                    again |= lower(&mut solved.waiting, &within);
                    if matches!(flow.state(id).map(|state| &state.kind), Some(Kind::Ask(_) | Kind::Run(_))) {
                        again |= lower(&mut solved.asking, &within);
                    }
                }
                for outcome in self.ways.outcomes(id) {
                    let before = self.after_outcome(id, outcome, &within);
                    let mut memo = Memo::default();
                    for way in self.ways.ways_of(outcome) {
                        let Some(to) = way.to.state() else { continue };
                        let out = self.along(way, &before, &mut memo, |_, _, _| {});
                        reach(&mut solved, to, &out, &mut open, &mut queued);
                    }
                }
            }
        }
        solved
    }
}

/// Takes into account that a state is entered with this. It is looked at again if it knew more.
fn reach(solved: &mut Solved, to: StateId, bits: &Bits, open: &mut VecDeque<StateId>, queued: &mut [bool]) {
    let place = usize::from(to.0);
    let Some(known) = solved.on_entering.get_mut(place) else { return };
    if lower(known, bits) && !std::mem::replace(&mut queued[place], true) {
        open.push_back(to);
    }
}

/// Keeps what both have. Whether that is news.
fn lower(known: &mut Option<Bits>, bits: &Bits) -> bool {
    match known {
        Some(known) => known.meet(bits),
        None => {
            *known = Some(bits.clone());
            true
        }
    }
}

/// The variables that an expression names.
pub(super) fn mentioned<'e>(flow: &'e Flow, expression: &'e Expression) -> impl Iterator<Item = (&'e str, Slot)> {
    expression.names().iter().filter_map(|reference| match &reference.name {
        ReferenceName::Variable(name) => flow.slot(name).map(|slot| (&**name, slot)),
        _ => None,
    })
}
