//! RF204: a variable that is read where some way leads without giving it a value. Only what is certain: of each such read a way is looked
//! for that reaches it, and one whose conditions may contradict each other, or what the way gave a variable, does not count.

use super::super::{Report, World};
use super::facts::{Bits, Facts, Memo, Solved, mentioned};
use super::reads::{Read, Reads};
use super::witness::Witness;
use crate::domain::name::Name;
use crate::domain::value::Value;
use crate::flow::definition::{Action, Flow, Origin, Save, Slot, StateId};
use crate::flow::diagnostic::At;
use crate::flow::expression::Expression;
use crate::flow::parse::{Content, Reading, Written};
use crate::flow::ways::{Entry, From, Outcome, Step, Way, Ways};
use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap};

/// Variables of one flow for which a way is looked for: a file with more mistakes of this kind is told the first.
const VARIABLES: usize = 64;
/// Reads of one of them.
const READS: usize = 256;

/// A read of a variable that may have no value.
pub(super) struct Suspect<'w, 'f> {
    /// Where it stands in the file.
    at: At,
    /// What leads to it within its state.
    pub here: Here<'w, 'f>,
}

/// Where a read is.
#[derive(Clone, Copy)]
pub(super) struct Here<'w, 'f> {
    /// In which state; none on the ways of an entry.
    pub state: Option<StateId>,
    /// On a way in, if it is in no state.
    pub entry: Option<&'w Entry<'f>>,
    /// Below which outcome, if it is on a way out of the state.
    pub outcome: Option<&'w Outcome<'f>>,
    /// On which way, and at which step of it.
    pub way: Option<(&'w Way<'f>, usize)>,
    /// The actions beside it that are done before.
    pub done: &'f [Action],
    /// The condition of its own action.
    pub own: Option<&'f Expression>,
}

/// Checks every read of a flow.
pub(super) fn check(reading: &Reading<Flow>, ways: &Ways<'_>, world: &World<'_>, report: &mut Report) {
    let flow = ways.flow();
    let given = |given: &[Name]| given.iter().filter_map(|name| flow.slot(name.as_str())).collect();
    let called: Option<Vec<Slot>> = world.callers.get(&flow.name).map(|caller| given(&caller.given));
    let may_lack = |slot: Slot| match flow.variables.get_index(usize::from(slot.0)).map(|(_, variable)| &variable.origin) {
        Some(Origin::Saved) => true,
        Some(Origin::Own(value)) => value.constant() == Some(&Value::Null),
        _ => false,
    };
    let facts = Facts::of(ways, called.clone(), may_lack);
    if facts.is_empty() {
        return;
    }
    let solved = facts.solve();
    let suspects =
        Search { facts: &facts, solved: &solved, places: LazyCell::new(|| places(reading)), found: BTreeMap::new() }.all();
    for (slot, list) in suspects.into_iter().take(VARIABLES) {
        let only = Facts::of(ways, called.clone(), |other| other == slot);
        let witness = Witness::of(&only, slot);
        let Some((name, _)) = flow.variables.get_index(usize::from(slot.0)) else { continue };
        let width = name.as_str().chars().count() as u32;
        for suspect in list {
            let Some(how) = witness.way_to(&suspect) else { continue };
            let message = format!("`{name}` may not have a value here: {how}");
            let help = format!("write `{name} ?? …` with what stands in its place, or give it a first value under `vars`");
            report.add(204, suspect.at, width, message, help);
        }
    }
}

/// Where each expression stands: the text, and the byte in it at which the expression begins.
type Places<'s> = HashMap<usize, (&'s Written, usize)>;

fn places(reading: &Reading<Flow>) -> Places<'_> {
    let mut places = HashMap::new();
    for written in &reading.written {
        match &written.content {
            Content::Condition(expression) => drop(places.insert(expression.identity(), (written, 0))),
            Content::Text(template) | Content::Value(template) => {
                places.extend(template.expressions().map(|(offset, expression)| (expression.identity(), (written, offset))));
            }
        }
    }
    places
}

struct Search<'s, 'w, 'f, P> {
    facts: &'s Facts<'w, 'f>,
    solved: &'s Solved,
    /// Made when the first is asked for.
    places: LazyCell<Places<'s>, P>,
    found: BTreeMap<Slot, Vec<Suspect<'w, 'f>>>,
}

impl<'s, 'w, 'f, P: FnOnce() -> Places<'s>> Search<'s, 'w, 'f, P> {
    fn all(mut self) -> BTreeMap<Slot, Vec<Suspect<'w, 'f>>> {
        let (facts, solved) = (self.facts, self.solved);
        let ways: &'w Ways<'f> = facts.ways;
        let nowhere = Here { state: None, entry: None, outcome: None, way: None, done: &[], own: None };
        for entry in ways.entries() {
            // A start's values are computed before there is a run.
            if matches!(entry.from, From::Begin | From::Start(_)) {
                continue;
            }
            let Some(bits) = facts.entering(entry, solved) else { continue };
            self.ways(ways.ways_in(entry), &bits, Here { entry: Some(entry), ..nowhere });
        }
        for (place, (id, state)) in ways.states().zip(ways.flow().states.values()).enumerate() {
            let Some(mut bits) = solved.on_entering[place].clone() else { continue };
            let here = Here { state: Some(id), ..nowhere };
            self.actions(&state.actions, &mut bits, here);
            let here = Here { done: &state.actions, ..here };
            self.reads(&bits, here, |reads| reads.kind(state));
            for outcome in ways.outcomes(id) {
                let here = Here { outcome: Some(outcome), done: &[], ..here };
                if let Some(Save::Parts(parts)) = &state.save
                    && outcome.trouble.is_none()
                {
                    self.reads(&bits, here, |reads| parts.iter().for_each(|(_, value)| reads.value(value)));
                }
                let before = facts.after_outcome(id, outcome, &bits);
                self.ways(ways.ways_of(outcome), &before, here);
            }
        }
        self.found
    }

    fn ways(&mut self, list: &'w [Way<'f>], before: &Bits, here: Here<'w, 'f>) {
        let facts = self.facts;
        let mut memo = Memo::default();
        for way in list {
            // What ways share is looked at with the first of them.
            facts.along(way, before, &mut memo, |place, step, bits| {
                let here = Here { way: Some((way, place)), ..here };
                match step {
                    Step::If(condition) => self.reads(bits, here, |reads| reads.condition(Some(condition))),
                    // It was looked at as the `if` that it was.
                    Step::IfNot(_) | Step::UsedUp(_) => {}
                    Step::Give(values) => {
                        self.reads(bits, here, |reads| values.iter().for_each(|(_, value)| reads.value(value)));
                    }
                    Step::Do(actions) => self.actions(actions, &mut bits.clone(), here),
                }
            });
        }
    }

    fn actions(&mut self, actions: &'f [Action], bits: &mut Bits, here: Here<'w, 'f>) {
        for (i, action) in actions.iter().enumerate() {
            let here = Here { done: &actions[..i], ..here };
            let mut holds = bits.clone();
            if let Some(condition) = &action.condition {
                self.reads(bits, here, |reads| reads.condition(Some(condition)));
                self.facts.step(Step::If(condition), &mut holds);
            }
            self.reads(&holds, Here { own: action.condition.as_ref(), ..here }, |reads| reads.act(&action.act));
            self.facts.act_one(action, bits);
        }
    }

    /// Keeps what is read without surely having a value.
    fn reads(&mut self, bits: &Bits, here: Here<'w, 'f>, walk: impl FnOnce(&mut Reads<'f, '_>)) {
        let flow = self.facts.ways.flow();
        let mut read = Vec::new();
        // What names nothing that may lack a value cannot need one.
        let lacks = |expression: &'f Expression| mentioned(flow, expression).any(|(_, slot)| !self.facts.has(bits, slot));
        let mut see = |one| match one {
            Read::Value(expression) | Read::Condition(expression) if !lacks(expression) => {}
            one => read.push(one),
        };
        walk(&mut Reads { flow, see: &mut see });
        for one in read {
            let (expression, demands) = match one {
                Read::Value(expression) => (expression, expression.demands()),
                Read::Condition(expression) => (expression, expression.demands_as_condition()),
                Read::Parameter(name, at) => {
                    if let Some(slot) = flow.slot(name.as_str()).filter(|slot| !self.facts.has(bits, *slot)) {
                        self.suspect(slot, at, here);
                    }
                    continue;
                }
            };
            for (name, offset) in demands {
                let Some(slot) = flow.slot(name).filter(|slot| !self.facts.has(bits, *slot)) else { continue };
                if let Some((written, from)) = self.places.get(&expression.identity()) {
                    let at = written.place(from + offset);
                    self.suspect(slot, at, here);
                }
            }
        }
    }

    fn suspect(&mut self, slot: Slot, at: At, here: Here<'w, 'f>) {
        let list = self.found.entry(slot).or_default();
        // The ways below several outcomes may be the same lines of `defaults`.
        if list.len() < READS {
            list.push(Suspect { at, here });
        }
    }
}
