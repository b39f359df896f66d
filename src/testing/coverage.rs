//! Which states, outcomes, choices and languages the cases went through.

use crate::domain::journal::Event;
use crate::domain::language::Language;
use crate::domain::name::Slug;
use crate::domain::value::Value;
use crate::flow::definition::{Answer, Flow, Kind, Save, State, StateId};
use crate::flow::ways::{Decided, Outcome, Ways};
use std::collections::BTreeSet;

/// What was seen, over all cases of all scripts.
#[derive(Debug, Default)]
pub struct Coverage {
    entered: BTreeSet<(String, String)>,
    left: BTreeSet<(String, String, String)>,
    spoken: BTreeSet<(Slug, Language)>,
}

/// How much of a flow the cases went through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Covered {
    /// Its states; missed are those that were never entered.
    pub states: Part,
    /// Outcomes that its states decide, besides choices; missed are named `state: outcome`.
    pub outcomes: Part,
    /// Choices and arms; missed are named `state: choice`.
    pub choices: Part,
    /// Its languages.
    pub languages: Part,
}

/// How much of one sort was gone through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// How many there are.
    pub total: usize,
    /// How many were gone through.
    pub taken: usize,
    /// Those that were not, by name. Outcomes and choices of states that were never entered are not named again.
    pub missed: Vec<String>,
}

impl Part {
    fn count(&mut self, taken: bool, name: Option<String>) {
        self.total += 1;
        self.taken += usize::from(taken);
        if !taken {
            self.missed.extend(name);
        }
    }
}

impl Covered {
    /// The parts with their names, as a report shows them.
    pub fn parts(&self) -> [(&'static str, &Part); 4] {
        [("state", &self.states), ("outcome", &self.outcomes), ("choice", &self.choices), ("language", &self.languages)]
    }

    /// How many of all of it were gone through.
    pub fn taken(&self) -> usize {
        self.parts().iter().map(|(_, part)| part.taken).sum()
    }

    /// How many there are in all.
    pub fn total(&self) -> usize {
        self.parts().iter().map(|(_, part)| part.total).sum()
    }

    /// Hundredths, rounded down: 100 is everything.
    pub fn percent(&self) -> u8 {
        (self.taken() * 100).checked_div(self.total()).map_or(100, |percent| percent as u8)
    }

    /// Whether any case entered a state of the flow.
    pub fn is_entered(&self) -> bool {
        self.states.taken > 0
    }
}

impl Coverage {
    /// Notes what a case's journal shows.
    pub fn note<'e>(&mut self, journal: impl IntoIterator<Item = &'e Event>) {
        let mut flow_of = std::collections::HashMap::new();
        let mut last_left = None;
        for event in journal {
            match event {
                Event::Entered { run, flow, state } => {
                    flow_of.insert((*run, state.clone()), flow.clone());
                    self.entered.insert((flow.to_string(), state.to_string()));
                }
                Event::Left { run, state, outcome, .. } => {
                    if let Some(flow) = flow_of.get(&(*run, state.clone())) {
                        self.left.insert((flow.to_string(), state.to_string(), outcome.clone()));
                        last_left = Some((*run, flow.to_string(), state.to_string()));
                    }
                }
                // What was saved of `choices`: its outcome does not say which.
                Event::Set { run, value: Value::List(values), .. } => {
                    let Some((_, flow, state)) = last_left.as_ref().filter(|(of, ..)| of == run) else { continue };
                    let chosen = values.iter().filter(|value| matches!(value, Value::Choice { .. }));
                    let ids = chosen.filter_map(Value::as_text).map(str::to_owned);
                    self.left.extend(ids.map(|id| (flow.clone(), state.clone(), id)));
                }
                _ => {}
            }
        }
    }

    /// Notes in which languages flows spoke.
    pub fn note_languages(&mut self, spoken: impl IntoIterator<Item = (Slug, Language)>) {
        self.spoken.extend(spoken);
    }

    /// How much of a flow was gone through.
    pub fn of(&self, flow: &Flow) -> Covered {
        let mut covered = Covered::default();
        let ways = Ways::of(flow);
        for (id, (name, state)) in ways.states().zip(&flow.states) {
            let entered = self.entered.contains(&(flow.name.to_string(), name.to_string()));
            covered.states.count(entered, Some(name.to_string()));
            for (is_choice, outcome) in outcomes(&ways, id, state) {
                let part = if is_choice { &mut covered.choices } else { &mut covered.outcomes };
                let named = entered.then(|| format!("{name}: {outcome}"));
                let taken = self.left.contains(&(flow.name.to_string(), name.to_string(), outcome));
                part.count(taken, named);
            }
        }
        for language in &flow.languages {
            let spoken = self.spoken.contains(&(flow.name.clone(), *language));
            covered.languages.count(spoken, Some(language.to_string()));
        }
        covered
    }
}

/// The outcomes that a state decides by name, and, marked by `true`, each choice and each arm that weighs something.
pub(super) fn outcomes(ways: &Ways<'_>, id: StateId, state: &State) -> Vec<(bool, String)> {
    let choice = matches!(&state.kind, Kind::Ask(ask) if matches!(ask.answer, Answer::Choice(_)));
    let named = |outcome: &Outcome<'_>| match &state.kind {
        Kind::Split(split) => {
            let weighs = split.arms.iter().any(|(arm, weight)| arm.as_str() == outcome.name && *weight > 0);
            weighs.then_some(true)
        }
        _ if choice && outcome.trouble.is_none() => Some(true),
        _ => (outcome.decided == Decided::State && !outcome.name.is_empty()).then_some(false),
    };
    let of = |outcome: &Outcome<'_>| named(outcome).map(|is_choice| (is_choice, outcome.name.to_string()));
    let mut all: Vec<(bool, String)> = ways.outcomes(id).iter().filter_map(of).collect();
    // The outcome of several choices does not say which; what is saved does, unless it is masked.
    if let Kind::Ask(ask) = &state.kind
        && let Answer::Choices(several) = &ask.answer
        && !state.private
        && matches!(state.save, Some(Save::Whole(_)))
    {
        all.extend(several.of.list.keys().map(|id| (true, id.to_string())));
    }
    all
}
