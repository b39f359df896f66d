//! What is explored, from where, and by which moves.

use super::hints::Hints;
use crate::config::project::Project;
use crate::domain::address::Address;
use crate::domain::id::VersionId;
use crate::domain::input::OperatorAction;
use crate::domain::name::{ChannelName, EventName, Name};
use crate::domain::value::Value;
use crate::engine::record::Record;
use crate::flow::catalog::Catalog;
use crate::flow::definition::{Flow, Kind};
use crate::testing::World;
use crate::testing::fake_http::FakeAnswer;
use crate::testing::script::{Given, Step};
use crate::testing::stage::{begin, person, speak};
use crate::testing::world::Reports;
use std::collections::HashMap;
use std::sync::Arc;

/// The flow and what it asks.
pub(super) struct Ground {
    pub catalog: Arc<Catalog>,
    pub project: Arc<Project>,
    pub flow: Arc<Flow>,
    /// The flow and its sub-flows.
    pub flows: Vec<Arc<Flow>>,
    pub hints: Hints,
    /// For each version, which of its variables can decide how it goes on.
    deciding: HashMap<VersionId, Vec<bool>>,
}

/// What is given before anything happens.
#[derive(Clone)]
pub(super) struct Setting {
    pub given: Given,
    pub channel: ChannelName,
    /// The project with this channel alone, as a case that names its channel has it.
    pub project: Arc<Project>,
    pub phone: String,
}

/// Who or what makes something happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The contact writes.
    Contact,
    /// Time passes.
    Time,
    /// An api answers or does not.
    Call,
    /// An event or a webhook: another system decides whether and how often.
    Event,
    /// A delivery report, an operator.
    Elsewhere,
}

/// What is done.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    /// These steps of a case.
    Steps(Vec<Step>),
    /// The call that has waited longest is answered so; so many attempts are made if it must be repeated.
    Answer(FakeAnswer, usize),
    /// An operator begins the flow with these values.
    Begin(Vec<(Name, Value)>),
}

/// One thing that can happen.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub deed: Deed,
    pub by: By,
    /// The outcome that it must have if it is understood.
    pub means: Option<String>,
}

impl Move {
    pub(super) fn of(by: By, steps: Vec<Step>) -> Self {
        Move { deed: Deed::Steps(steps), by, means: None }
    }

    pub(super) fn answered(answer: FakeAnswer, attempts: usize) -> Self {
        Move { deed: Deed::Answer(answer, attempts), by: By::Call, means: None }
    }

    /// An event; where neither it nor a flow says whom it concerns, it names this contact.
    pub(super) fn event(ground: &Ground, record: &Record, name: &EventName, data: Value) -> Self {
        let concerned = ground.catalog.event_contacts(&ground.project, name, &data, None);
        let contact = concerned.is_ok_and(|found| found.is_empty()).then(|| record.reference());
        Move::of(By::Event, vec![Step::Event { name: name.clone(), data, contact }])
    }

    pub(super) fn begin(values: Vec<(Name, Value)>) -> Self {
        Move { deed: Deed::Begin(values), by: By::Elsewhere, means: None }
    }
}

impl Ground {
    /// Everything that the walk of a flow needs to know of it.
    pub(super) fn of(flow: &Arc<Flow>, catalog: &Arc<Catalog>, project: &Arc<Project>) -> Ground {
        let flows = reach(catalog, flow);
        let hints = Hints::of(&flows);
        let of = |flow: &Arc<Flow>| {
            let decides = flow.variables.keys().map(|name| hints.decides(&flow.name, name.as_str())).collect();
            (flow.version, decides)
        };
        let deciding = flows.iter().map(of).collect();
        Ground { catalog: catalog.clone(), project: project.clone(), flow: flow.clone(), flows, hints, deciding }
    }

    /// Which variables of a version can decide how it goes on, by slot.
    pub(super) fn decides(&self, version: VersionId) -> &[bool] {
        self.deciding.get(&version).map_or(&[], Vec::as_slice)
    }

    /// The world of a setting before anything happened.
    pub(super) fn world(&self, setting: &Setting) -> Result<(World, Address), String> {
        let (world, address) = begin(&setting.given, &self.catalog, setting.project.clone())?;
        Ok((world.with_open_calls().reporting(Reports::InTime), address))
    }

    /// Makes something happen. The error is one of the engine or of the test's world.
    pub(super) fn make(&self, setting: &Setting, address: &Address, world: &mut World, deed: &Deed) -> Result<(), String> {
        match deed {
            Deed::Answer(answer, _) => world.answer(answer.clone()).map_err(|e| e.to_string()),
            Deed::Begin(values) => {
                let begin = OperatorAction::Begin { flow: self.flow.name.clone(), with: values.clone(), sending: None };
                world.operator(address, begin).map_err(|e| e.to_string())
            }
            Deed::Steps(steps) => steps.iter().try_for_each(|step| match step {
                Step::User { all: Some(says), .. } => speak(world, address, &setting.channel, says),
                Step::Event { name, data, contact } => {
                    world.event(name.clone(), data.clone(), contact.clone()).map_err(|e| e.to_string())
                }
                Step::Webhook { name, data } => world.webhook(&self.flow.name, name, data.clone()).map_err(|e| e.to_string()),
                Step::Wait(span) => world.wait(*span).map_err(|e| e.to_string()),
                Step::Person(does) => person(world, address, does),
                Step::Status(status) => world.report(address, *status).map(drop).map_err(|e| e.to_string()),
                _ => Ok(()),
            }),
        }
    }
}

/// A flow and the sub-flows that it can enter, itself first.
fn reach(catalog: &Catalog, flow: &Arc<Flow>) -> Vec<Arc<Flow>> {
    let mut found = vec![flow.clone()];
    let mut next = 0;
    while next < found.len() {
        let current = found[next].clone();
        next += 1;
        for state in current.states.values() {
            if let Kind::Run(run) = &state.kind
                && let Some(sub) = catalog.current(run.flow.as_str())
                && found.iter().all(|known| known.name != sub.name)
            {
                found.push(sub.clone());
            }
        }
    }
    found
}
