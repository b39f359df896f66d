//! The types that flow through a flow: of its variables, of what its states result in, of what its sub-flows give back. They
//! are found by going round: each round knows at most what is certain, so that stopping early is never wrong.

use super::names::Env;
use crate::config::project::Project;
use crate::domain::name::Name;
use crate::domain::shape::Shape;
use crate::domain::value::{Type, Value};
use crate::flow::definition::{Answer, Choices, Destination, FileMap, Flow, Kind, Origin, StateId};
use crate::flow::expression::{Inferred, ValueTemplate};
use crate::flow::parse::{Assignment, Giver, MentionKind, Reading, Saved, Site};
use std::collections::{BTreeMap, BTreeSet};

/// What follows from what follows: more rounds find little more.
const ROUNDS: usize = 3;

/// What flows give each other.
#[derive(Default)]
pub struct Results {
    /// What each flow gives back to one that runs it, by its name and its former ones: a map of its variables.
    by_flow: BTreeMap<String, Inferred>,
    /// The variables that those who run a flow give it.
    handed: BTreeSet<(String, String)>,
}

impl Results {
    fn hands(&self, flow: &Flow, variable: &Name) -> bool {
        let mut names = std::iter::once(&flow.name).chain(&flow.was);
        names.any(|name| self.handed.contains(&(name.to_string(), variable.to_string())))
    }
}

/// What is known of the values of a flow.
pub(super) struct Types {
    /// Of the variables, in the order of their slots.
    pub variables: FileMap<Name, Inferred>,
    /// Of what each state results in.
    results: Vec<Inferred>,
}

/// What the flows that others run give back. Of a flow that is not `sound` nothing is known.
pub(super) fn results<'a>(
    readings: impl Iterator<Item = &'a Reading<Flow>> + Clone,
    sound: impl Fn(&Reading<Flow>) -> bool,
    project: &Project,
) -> Results {
    let mentions = readings.clone().flat_map(|reading| &reading.mentions).filter(|m| m.kind == MentionKind::Flow);
    let run: BTreeSet<&str> = mentions.map(|m| &*m.name).collect();
    let handed = readings.clone().flat_map(|reading| &reading.handed).filter(|h| h.to == MentionKind::Flow);
    let handed = handed.map(|h| (h.of.0.to_string(), h.name.0.to_string())).collect();
    let mut inner: Vec<(&Reading<Flow>, &Flow)> = readings.filter_map(|r| Some((r, r.partial.as_deref()?))).collect();
    inner.retain(|(reading, flow)| {
        let called = std::iter::once(&flow.name).chain(&flow.was).any(|name| run.contains(name.as_str()));
        called && sound(reading)
    });
    let mut known = Results { by_flow: BTreeMap::new(), handed };
    // A sub-flow may give back what its own sub-flow gave it.
    for _ in 0..2 {
        let mut next = BTreeMap::new();
        for (reading, flow) in &inner {
            let types = Types::of(reading, flow, project, &known);
            let result = Inferred::map(types.variables.iter().map(|(name, found)| (name.as_str(), found.clone())));
            for name in &flow.was {
                next.entry(name.to_string()).or_insert_with(|| result.clone());
            }
            next.insert(flow.name.to_string(), result);
        }
        known.by_flow = next;
    }
    known
}

impl Types {
    /// The types of a flow.
    pub fn of(reading: &Reading<Flow>, flow: &Flow, project: &Project, subs: &Results) -> Types {
        let declared = flow.variables.iter().map(|(name, v)| (name.clone(), declared(v.kind, &v.origin)));
        let unknown = Inferred::maybe(Type::Any);
        let mut types = Types { variables: declared.collect(), results: vec![unknown; flow.states.len()] };
        let mut given = Given::of(reading, flow);
        // What others give it is not seen here.
        given.open.retain(|slot, _| flow.variables.get_index(*slot).is_some_and(|(name, _)| !subs.hands(flow, name)));
        for _ in 0..ROUNDS {
            types.results = flow
                .states
                .values()
                .enumerate()
                .map(|(i, state)| types.result(StateId(i as u16), &state.kind, project, subs))
                .collect();
            let mut changed = false;
            for (slot, given) in &given.open {
                let Some((name, variable)) = flow.variables.get_index(*slot) else { continue };
                let found = types.joined(&variable.origin, given, project);
                let known = types.variables.entry(name.clone()).or_insert_with(|| found.clone());
                changed |= *known != found;
                *known = found;
            }
            if !changed {
                break;
            }
        }
        types
    }

    /// The types of a notification's parameters.
    pub fn of_parameters<'n>(parameters: impl Iterator<Item = (&'n Name, Type)>) -> Types {
        let variables = parameters.map(|(name, kind)| (name.clone(), Inferred::of(kind))).collect();
        Types { variables, results: Vec::new() }
    }

    /// What a state results in: its `body`, and the `item` of a `pick`.
    pub fn result_of(&self, state: Option<StateId>) -> Inferred {
        let known = state.and_then(|state| self.results.get(usize::from(state.0)));
        known.cloned().unwrap_or(Inferred::maybe(Type::Any))
    }

    /// The type of a value that is written at this place; any if something is wrong with it, which is said there.
    pub fn value(&self, value: &ValueTemplate, site: Site, project: &Project) -> Inferred {
        self.value_of_event(value, site, project, None)
    }

    /// The same where `event` is readable and its data may be declared.
    pub fn value_of_event(&self, value: &ValueTemplate, site: Site, project: &Project, event: Option<&Shape>) -> Inferred {
        let env = Env { site, event, in_run: true, types: self, states: None, project };
        value.infer(&env).unwrap_or(Inferred::maybe(Type::Any))
    }

    fn result(&self, id: StateId, kind: &Kind, project: &Project, subs: &Results) -> Inferred {
        match kind {
            Kind::Ask(ask) => self.answer(id, &ask.answer, project),
            Kind::Split(split) => Inferred::among(split.arms.iter().map(|(arm, _)| arm.as_str())),
            Kind::Run(run) => subs.by_flow.get(run.flow.as_str()).cloned().unwrap_or(Inferred::of(Type::Map)),
            // The channel that succeeded; what the person wrote, perhaps nothing.
            Kind::Deliver(_) => Inferred::of(Type::Text),
            Kind::Handoff(_) => Inferred::maybe(Type::Text),
            // Of events only their names are known.
            Kind::Digest(_) => Inferred::list(Inferred::maybe(Type::Any)),
            Kind::Call(_) | Kind::Wait(_) | Kind::Pass(_) | Kind::End(_) => Inferred::maybe(Type::Any),
        }
    }

    fn answer(&self, id: StateId, answer: &Answer, project: &Project) -> Inferred {
        let ids = |choices: &Choices| Inferred::among(choices.list.keys().map(|id| id.as_str()));
        match answer {
            Answer::Text { .. } | Answer::Pattern(_) => Inferred::of(Type::Text),
            Answer::Choice(choices) => ids(choices),
            Answer::Choices(several) => Inferred::list(ids(&several.of)),
            Answer::Pick(pick) => {
                let site = Site { state: Some(id), ..Site::default() };
                match self.value(&pick.from, site, project).detail {
                    crate::flow::expression::Detail::Items(item) => (*item).clone(),
                    _ => Inferred::maybe(Type::Any),
                }
            }
            Answer::YesNo => Inferred::of(Type::Boolean),
            Answer::Number { .. } => Inferred::of(Type::Number),
            Answer::Date(_) => Inferred::of(Type::Date),
            Answer::Time(_) => Inferred::of(Type::Time),
            Answer::Moment(_) => Inferred::of(Type::Moment),
            Answer::Phone { .. } => Inferred::of(Type::Phone),
            Answer::Email => Inferred::of(Type::Email),
            Answer::Location => {
                let (number, text) = (Inferred::of(Type::Number), Inferred::maybe(Type::Text));
                Inferred::map([("lat", number.clone()), ("lon", number), ("name", text.clone()), ("address", text)])
            }
            Answer::Media { .. } => {
                let (text, size) = (Inferred::maybe(Type::Text), Inferred::maybe(Type::Number));
                Inferred::list(Inferred::map([("url", text.clone()), ("type", text.clone()), ("name", text), ("size", size)]))
            }
            Answer::Any => Inferred::maybe(Type::Any),
        }
    }

    /// What is any of the values that a variable is given. What its answers are decides: a `set` of another type is a mistake.
    fn joined(&self, origin: &Origin, given: &[Source<'_>], project: &Project) -> Inferred {
        let first = match origin {
            Origin::Own(first) if first.constant() != Some(&Value::Null) => Some(self.value(first, Site::default(), project)),
            _ => None,
        };
        let mut found = first;
        for source in given {
            let (one, decides) = match source {
                Source::Whole(saved) => (self.result_of(Some(saved.state)), true),
                Source::Value(a) if a.value.constant() == Some(&Value::Null) => continue,
                Source::Value(a) => (self.value(&a.value, a.site, project), a.by == Giver::Save),
            };
            found = Some(match found {
                None => one,
                Some(known) if !decides && known.kind != one.kind && known.kind != Type::Any && one.kind != Type::Any => known,
                Some(known) => known.or(one),
            });
        }
        found.unwrap_or(Inferred::maybe(Type::Any)).or_null()
    }
}

/// What gives a variable its value.
enum Source<'a> {
    Whole(&'a Saved),
    Value(&'a Assignment),
}

/// The variables whose type nobody declared, with what they are given: first what answers give them.
struct Given<'a> {
    open: BTreeMap<usize, Vec<Source<'a>>>,
}

impl<'a> Given<'a> {
    fn of(reading: &'a Reading<Flow>, flow: &Flow) -> Self {
        let open =
            flow.variables.values().enumerate().filter(|(_, v)| is_open(v.kind, &v.origin)).map(|(slot, _)| (slot, Vec::new()));
        let mut open: BTreeMap<usize, Vec<Source<'a>>> = open.collect();
        for saved in &reading.saves {
            if let Some(sources) = open.get_mut(&usize::from(saved.into.0)) {
                sources.push(Source::Whole(saved));
            }
        }
        for first in [true, false] {
            for a in reading.assignments.iter().filter(|a| (a.by == Giver::Save) == first) {
                let Destination::Variable(slot) = a.into else { continue };
                if let Some(sources) = open.get_mut(&usize::from(slot.0)) {
                    sources.push(Source::Value(a));
                }
            }
        }
        Given { open }
    }
}

/// Whether a variable's type follows from what it is given. One that comes from outside too may hold more than is seen here.
pub(super) fn is_open(kind: Type, origin: &Origin) -> bool {
    match origin {
        Origin::Need { .. } => false,
        Origin::Own(_) => kind == Type::Any,
        Origin::Saved => true,
    }
}

/// What a variable is declared to be. Saved ones are empty until they are saved; whether every way saves them is RF204.
fn declared(kind: Type, origin: &Origin) -> Inferred {
    match origin {
        Origin::Need { .. } => Inferred::of(kind),
        Origin::Own(_) => Inferred::maybe(kind),
        Origin::Saved => Inferred::maybe(Type::Any),
    }
}
