//! From blocks to steps, and what holds at the end.

use super::{Seen, VALUE_CHARS, Walk};
use crate::domain::journal::Event;
use crate::domain::name::Name;
use crate::domain::time::Span;
use crate::domain::value::Value;
use crate::testing::script::Step;
use crate::testing::transcript::Transcript;
use crate::testing::transcript::calls::{Made, Offered};
use indexmap::IndexMap;

impl Walk<'_> {
    pub(super) fn note_run(&mut self, event: &Event) {
        let run = match event {
            Event::RunStarted { run, flow, .. } => {
                self.runs.insert(*run, Seen { flow: flow.clone(), live: true, at: None, saved: IndexMap::new() });
                return;
            }
            Event::Entered { run, .. } | Event::Left { run, .. } | Event::Set { run, .. } | Event::RunEnded { run, .. } => run,
            _ => return,
        };
        let Some(seen) = self.runs.get_mut(run) else {
            self.lose("a run had begun before".to_owned());
            return;
        };
        match event {
            Event::Entered { flow, state, .. } => seen.at = Some((flow.clone(), state.clone())),
            Event::Set { name, value, .. } if seen.at.as_ref().is_some_and(|(flow, _)| *flow == seen.flow) => {
                // A private value is written down as nothing.
                match value {
                    Value::Null => seen.saved.shift_remove(name),
                    value => seen.saved.insert(name.clone(), value.clone()),
                };
            }
            Event::RunEnded { .. } => seen.live = false,
            _ => {}
        }
    }

    pub(super) fn finish(mut self) -> Transcript {
        let mut steps = Vec::new();
        let mut offered = Offered::default();
        let mut waited = Span(0);
        for block in std::mem::take(&mut self.blocks) {
            waited = Span(waited.0 + block.wait.0);
            let silent = block.input.is_none() && block.calls.is_empty() && block.after.is_empty();
            if silent {
                continue;
            }
            let fakes = offered.before(&block.calls);
            let fakes = (!fakes.is_empty()).then_some(Step::Http(fakes));
            let wait = (waited.0 > 0).then_some(Step::Wait(waited));
            waited = Span(0);
            match block.input {
                // The time that passes is itself what the calls follow from.
                None => steps.extend(fakes.into_iter().chain(wait)),
                Some(input) => steps.extend(wait.into_iter().chain(fakes).chain([input])),
            }
            let called = |call: &Made| Step::Called {
                method: call.method.clone(),
                api: call.api.clone(),
                path: call.path.clone(),
                json: None,
            };
            steps.extend(block.calls.iter().map(called));
            steps.extend(block.after);
        }
        if waited.0 > 0 {
            steps.push(Step::Wait(waited));
        }
        self.at_the_end(&mut steps);
        let Walk { about, start, channels, contact, lost, .. } = self;
        Transcript {
            flow: about.flow.clone(),
            now: start.unwrap_or_default(),
            channels,
            contact,
            seed: None,
            tags: None,
            steps,
            lost,
        }
    }

    /// Where the run is, and what it knows.
    fn at_the_end(&self, steps: &mut Vec<Step>) {
        let own = || self.runs.values().filter(|run| run.flow == self.about.flow);
        let live: Vec<&Seen> = own().filter(|run| run.live).collect();
        let run = match live[..] {
            [run] => {
                let Some((flow, state)) = &run.at else { return };
                steps.push(Step::At(state.clone()));
                if *flow != run.flow {
                    return;
                }
                run
            }
            [] if !self.runs.values().any(|run| run.live) => match own().next_back() {
                Some(run) => run,
                None => return,
            },
            _ => return,
        };
        let short = |value: &Value| value.to_json().to_string().len() <= VALUE_CHARS;
        let saved = run.saved.iter().filter(|(_, value)| short(value));
        let vars: Vec<_> = saved.filter_map(|(name, value)| Some((Name::parse(name).ok()?, value.clone()))).collect();
        if !vars.is_empty() {
            steps.push(Step::Vars(vars));
        }
    }
}
