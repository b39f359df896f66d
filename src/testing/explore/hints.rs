//! What a flow asks of the values that it does not make itself: bodies, events, answers, attributes. What is asked of a
//! variable is asked of wherever its value comes from, through `save`, `set`, `with` and sub-flows.

use crate::domain::name::{Name, Slug};
use crate::domain::value::Type;
use crate::flow::definition::{
    Act, Action, Answer, Anytime, AnytimeTarget, AnytimeTrigger, ContactTemplate, Destination, Flow, Kind, Outcomes, Save, Slot,
    State, Step, Target, Then, Trigger, Troubles, WaitFor,
};
use crate::flow::expression::probe::{Asked, ITEM, Path, PathRoot};
use crate::flow::expression::{Expression, Root, Template, ValueTemplate};
use crate::flow::expressions::{each_condition, each_expression};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rounds in which questions are handed back to where a value comes from: as many assignments may lie between.
const ROUNDS: usize = 6;
/// Questions that one place remembers.
const ASKED: usize = 48;

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Spot {
    /// A variable.
    Variable(String),
    /// The result of a state's kind: a body, an event, an answer.
    Result(String),
    /// The data of the start at this place.
    Start(usize),
    /// The data of the entry of `anytime` at this place.
    Anytime(usize),
    /// A field of the contact; of whichever flow.
    Contact,
}

/// What is asked of a place and what of a contact or key it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Hint {
    /// As an expression asks.
    Asked(Asked),
    /// It is the contact's phone, email, id, name or language.
    Contact(&'static str),
    /// It is the key of a run.
    Key,
    /// It decides something that is no condition: a list to pick from, a moment, a bound.
    Decides,
}

type Fields = Vec<Box<str>>;
type Places = BTreeMap<(Slug, Spot), BTreeMap<Fields, Vec<Hint>>>;

/// Everything that the flows ask.
#[derive(Debug, Default)]
pub(super) struct Hints {
    places: Places,
    /// Whether a condition reads the clock.
    pub clock: bool,
    /// Hours that are asked for.
    pub hours: Vec<String>,
    /// Whether a condition reads the last reply.
    pub reply: bool,
}

struct Link {
    to: (Slug, Spot, Fields),
    from: (Slug, Spot, Fields),
}

impl Hints {
    /// What these flows ask.
    pub(super) fn of(flows: &[Arc<Flow>]) -> Hints {
        let mut gather = Gather { hints: Hints::default(), links: Vec::new() };
        flows.iter().for_each(|flow| gather.flow(flow));
        let Gather { mut hints, links } = gather;
        for _ in 0..ROUNDS {
            let mut news = Vec::new();
            for Link { to, from } in &links {
                let Some(asked) = hints.places.get(&(to.0.clone(), to.1.clone())) else { continue };
                for (fields, list) in asked.iter().filter(|(fields, _)| fields.starts_with(&to.2)) {
                    let mut place = from.2.clone();
                    place.extend_from_slice(&fields[to.2.len()..]);
                    news.push((from.0.clone(), from.1.clone(), place, list.clone()));
                }
            }
            let mut changed = false;
            for (flow, spot, fields, list) in news {
                for hint in list {
                    changed |= hints.add(&flow, spot.clone(), fields.clone(), hint);
                }
            }
            if !changed {
                break;
            }
        }
        hints
    }

    fn add(&mut self, flow: &Slug, spot: Spot, fields: Fields, hint: Hint) -> bool {
        if fields.len() > 6 {
            return false;
        }
        let list = self.places.entry((flow.clone(), spot)).or_default().entry(fields).or_default();
        if list.len() >= ASKED || list.contains(&hint) {
            return false;
        }
        list.push(hint);
        true
    }

    /// What is asked of everything at this spot, by the fields that lead there.
    pub(super) fn at(&self, flow: &Slug, spot: Spot) -> Vec<(&Fields, &[Hint])> {
        let places = self.places.get(&(flow.clone(), spot));
        places.into_iter().flatten().map(|(fields, hints)| (fields, hints.as_slice())).collect()
    }

    /// Whether what a variable holds can decide where its run goes.
    pub(super) fn decides(&self, flow: &Slug, variable: &str) -> bool {
        let decides = |hint: &Hint| !matches!(hint, Hint::Asked(Asked::Read | Asked::As(_)) | Hint::Contact(_) | Hint::Key);
        self.at(flow, Spot::Variable(variable.to_owned())).iter().any(|(_, hints)| hints.iter().any(decides))
    }

    /// The fields of contacts that conditions read.
    pub(super) fn contact(&self) -> Vec<(String, Vec<Hint>)> {
        let mut found: BTreeMap<String, Vec<Hint>> = BTreeMap::new();
        for ((_, spot), fields) in &self.places {
            if *spot == Spot::Contact {
                for (path, hints) in fields {
                    if let Some(name) = path.first() {
                        found.entry(name.to_string()).or_default().extend(hints.iter().cloned());
                    }
                }
            }
        }
        let decides = |hints: &[Hint]| hints.iter().any(|h| !matches!(h, Hint::Asked(Asked::Read | Asked::As(_))));
        found.into_iter().filter(|(_, hints)| decides(hints)).collect()
    }
}

struct Gather {
    hints: Hints,
    links: Vec<Link>,
}

impl Gather {
    fn flow(&mut self, flow: &Flow) {
        let name = &flow.name;
        // What is declared comes first: it says more than how a value is used.
        for (variable, declared) in &flow.variables {
            if declared.kind != Type::Any {
                self.hints.add(name, Spot::Variable(variable.to_string()), Vec::new(), Hint::Asked(Asked::As(declared.kind)));
            }
        }
        each_expression(flow, &mut |expression| self.probes(name, expression, false, None));
        each_condition(flow, &mut |expression| {
            self.probes(name, expression, true, None);
            for reference in expression.names() {
                use crate::flow::expression::ReferenceName as Read;
                match &reference.name {
                    Read::Root(Root::Now | Root::Today) => self.hints.clock = true,
                    Read::Root(Root::Reply) | Read::Member(Root::Reply, _) => self.hints.reply = true,
                    Read::Member(Root::Hours, hours) if !self.hints.hours.iter().any(|h| **h == **hours) => {
                        self.hints.hours.push(hours.to_string());
                    }
                    _ => {}
                }
            }
        });
        for (i, start) in flow.starts.iter().enumerate() {
            if matches!(start.trigger, Trigger::Event(_) | Trigger::Webhook(_)) {
                self.entry(
                    flow,
                    &Spot::Start(i),
                    start.condition.as_ref(),
                    start.contact.as_ref(),
                    start.key.as_ref(),
                    &start.with,
                );
            }
        }
        for (i, entry) in flow.anytime.iter().enumerate() {
            self.anytime(flow, i, entry);
        }
        self.troubles(flow, &flow.defaults);
        for (state_name, state) in &flow.states {
            self.state(flow, state_name, state);
        }
    }

    fn anytime(&mut self, flow: &Flow, i: usize, entry: &Anytime) {
        if let AnytimeTrigger::Event { contact, key, with, .. } = &entry.trigger {
            self.entry(flow, &Spot::Anytime(i), entry.condition.as_ref(), contact.as_ref(), key.as_ref(), with);
        }
        match &entry.target {
            AnytimeTarget::Target(target) => self.target(flow, target),
            AnytimeTarget::AskAgain(actions) => self.actions(flow, actions),
        }
    }

    /// What an entry reads out of its event.
    fn entry(
        &mut self,
        flow: &Flow,
        spot: &Spot,
        condition: Option<&Expression>,
        contact: Option<&ContactTemplate>,
        key: Option<&Template>,
        with: &[(Slot, ValueTemplate)],
    ) {
        let name = &flow.name;
        if let Some(condition) = condition {
            self.probes(name, condition, true, Some(spot));
        }
        if let Some(contact) = contact {
            let parts = [
                ("phone", &contact.phone),
                ("email", &contact.email),
                ("id", &contact.id),
                ("name", &contact.name),
                ("language", &contact.language),
            ];
            for (part, template) in parts {
                let Some(template) = template else { continue };
                template.expressions().for_each(|(_, e)| self.probes(name, e, false, Some(spot)));
                for path in template.passes_on() {
                    self.hint(name, &path, Some(spot), Hint::Contact(part));
                }
            }
        }
        if let Some(key) = key {
            key.expressions().for_each(|(_, e)| self.probes(name, e, false, Some(spot)));
            for path in key.passes_on() {
                self.hint(name, &path, Some(spot), Hint::Key);
            }
        }
        for (slot, value) in with {
            value.expressions().for_each(|e| self.probes(name, e, false, Some(spot)));
            self.assign(flow, *slot, value, Some(spot));
        }
    }

    fn state(&mut self, flow: &Flow, name: &Name, state: &State) {
        let spot = Spot::Result(name.to_string());
        self.actions(flow, &state.actions);
        match &state.save {
            Some(Save::Whole(slot)) => {
                if let Some(to) = variable(flow, *slot) {
                    let from = (flow.name.clone(), spot.clone(), Vec::new());
                    self.links.push(Link { to: (flow.name.clone(), to, Vec::new()), from });
                }
            }
            Some(Save::Parts(parts)) => {
                for (slot, value) in parts {
                    value.expressions().for_each(|e| self.probes(&flow.name, e, false, Some(&spot)));
                    self.assign(flow, *slot, value, Some(&spot));
                }
            }
            None => {}
        }
        match &state.kind {
            Kind::Pass(target) => self.target(flow, target),
            Kind::End(_) => {}
            Kind::Ask(ask) => {
                if let Answer::Pick(pick) = &ask.answer {
                    self.picked(flow, &pick.from, &pick.label);
                }
                let bounds = ask.answer.between().into_iter().flat_map(|between| [&between.min, &between.max]);
                for bound in bounds.flatten() {
                    bound.value.passes_on().iter().for_each(|path| self.hint(&flow.name, path, None, Hint::Decides));
                }
                self.ways(flow, &ask.outcomes, &ask.troubles);
            }
            Kind::Call(call) => self.ways(flow, &call.outcomes, &call.troubles),
            Kind::Split(split) => self.ways(flow, &split.outcomes, &Troubles::default()),
            Kind::Deliver(deliver) => self.ways(flow, &deliver.outcomes, &deliver.troubles),
            Kind::Digest(digest) => self.ways(flow, &digest.outcomes, &Troubles::default()),
            Kind::Handoff(handoff) => self.ways(flow, &handoff.outcomes, &handoff.troubles),
            Kind::Wait(wait) => {
                match &wait.until {
                    WaitFor::Until(moment) => {
                        for path in moment.passes_on() {
                            self.hint(&flow.name, &path, None, Hint::Decides);
                            self.hint(&flow.name, &path, None, Hint::Asked(Asked::As(Type::Moment)));
                        }
                    }
                    WaitFor::Event { condition: Some(condition), .. } => self.probes(&flow.name, condition, true, Some(&spot)),
                    _ => {}
                }
                self.ways(flow, &wait.outcomes, &wait.troubles);
            }
            Kind::Run(run) => {
                for (name, value) in &run.with {
                    for path in value.passes_on() {
                        let to = (run.flow.clone(), Spot::Variable(name.to_string()), Vec::new());
                        self.link(&flow.name, to, &path, None);
                    }
                }
                // What the caller asks of the result, it asks of the sub-flow's variables.
                let asked: Vec<(Fields, Vec<Hint>)> =
                    self.hints.at(&flow.name, spot.clone()).into_iter().map(|(f, h)| (f.clone(), h.to_vec())).collect();
                for (fields, _) in asked {
                    if let Some((variable, rest)) = fields.split_first() {
                        let to = (flow.name.clone(), spot.clone(), fields.clone());
                        let from = (run.flow.clone(), Spot::Variable(variable.to_string()), rest.to_vec());
                        self.links.push(Link { to, from });
                    }
                }
                self.ways(flow, &run.outcomes, &run.troubles);
            }
        }
    }

    /// The items of a list are read by the label of each.
    fn picked(&mut self, flow: &Flow, from: &ValueTemplate, label: &crate::flow::definition::Texts) {
        let lists = from.passes_on();
        for list in &lists {
            self.hint(&flow.name, list, None, Hint::Decides);
            self.hint(&flow.name, list, None, Hint::Asked(Asked::As(Type::List)));
            for (_, text) in &label.by_language {
                let read = text.expressions().flat_map(|(_, e)| e.probes(false));
                for probe in read.filter(|probe| probe.path.root == PathRoot::Root(Root::Item)) {
                    let mut path = list.clone();
                    path.fields.push(ITEM.into());
                    path.fields.extend(probe.path.fields);
                    self.hint(&flow.name, &path, None, Hint::Asked(probe.asked));
                }
            }
        }
    }

    fn ways(&mut self, flow: &Flow, outcomes: &Outcomes, troubles: &Troubles) {
        outcomes.named.values().chain(&outcomes.other).for_each(|target| self.target(flow, target));
        self.troubles(flow, troubles);
    }

    fn troubles(&mut self, flow: &Flow, troubles: &Troubles) {
        let silence = troubles.silence.as_ref().and_then(|silence| silence.target.as_ref());
        let all = [troubles.nomatch.as_ref(), silence, troubles.undelivered.as_ref(), troubles.failed.as_ref()];
        all.into_iter().flatten().for_each(|target| self.target(flow, target));
    }

    fn target(&mut self, flow: &Flow, target: &Target) {
        match target {
            Target::State(_) => {}
            Target::Step(step) => self.step(flow, step),
            Target::Ways(ways) => ways.iter().for_each(|way| self.target(flow, &way.target)),
        }
    }

    fn step(&mut self, flow: &Flow, step: &Step) {
        self.actions(flow, &step.actions);
        if let Then::Go(target) = &step.then {
            self.target(flow, target);
        }
    }

    fn actions(&mut self, flow: &Flow, actions: &[Action]) {
        for action in actions {
            let Act::Set(pairs) = &action.act else { continue };
            for (to, value) in pairs {
                match to {
                    Destination::Variable(slot) => self.assign(flow, *slot, value, None),
                    Destination::Contact(field) => {
                        for path in value.passes_on() {
                            let to = (flow.name.clone(), Spot::Contact, vec![field.as_str().into()]);
                            self.link(&flow.name, to, &path, None);
                        }
                    }
                }
            }
        }
    }

    fn assign(&mut self, flow: &Flow, slot: Slot, value: &ValueTemplate, here: Option<&Spot>) {
        let Some(to) = variable(flow, slot) else { return };
        for path in value.passes_on() {
            self.link(&flow.name, (flow.name.clone(), to.clone(), Vec::new()), &path, here);
        }
    }

    fn link(&mut self, flow: &Slug, to: (Slug, Spot, Fields), path: &Path, here: Option<&Spot>) {
        if let Some((spot, fields)) = placed(path, here) {
            self.links.push(Link { to, from: (flow.clone(), spot, fields) });
        }
    }

    fn hint(&mut self, flow: &Slug, path: &Path, here: Option<&Spot>, hint: Hint) {
        if let Some((spot, fields)) = placed(path, here) {
            self.hints.add(flow, spot, fields, hint);
        }
    }

    fn probes(&mut self, flow: &Slug, expression: &Expression, condition: bool, here: Option<&Spot>) {
        for probe in expression.probes(condition) {
            self.hint(flow, &probe.path, here, Hint::Asked(probe.asked));
        }
    }
}

fn variable(flow: &Flow, slot: Slot) -> Option<Spot> {
    flow.variables.get_index(usize::from(slot.0)).map(|(name, _)| Spot::Variable(name.to_string()))
}

/// Where a path leads; `event` and `body` are those of where it stands.
fn placed(path: &Path, here: Option<&Spot>) -> Option<(Spot, Fields)> {
    match &path.root {
        PathRoot::Variable(name) => Some((Spot::Variable(name.to_string()), path.fields.clone())),
        PathRoot::Root(Root::Contact) => Some((Spot::Contact, path.fields.clone())),
        PathRoot::Root(Root::Event | Root::Body) => Some((here?.clone(), path.fields.clone())),
        PathRoot::Root(_) => None,
    }
}
