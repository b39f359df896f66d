//! The window along the ways of all flows: first how long each flow takes as a sub-flow, inner ones first, then with which ages each is entered, outer ones
//! first.

use super::ages::{Age, Graph, or};
use super::carried::Look;
use super::speaks;
use crate::config::project::Project;
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;
use crate::domain::name::Slug;
use crate::flow::definition::{Flow, Kind, StateId};
use crate::flow::diagnostic::At;
use crate::flow::ways::{From, Outcome, To, Way, Ways};
use std::collections::{BTreeMap, BTreeSet};

/// What the window means for a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// WhatsApp is all that it speaks on: what cannot be sent there is not sent.
    Only,
    /// It speaks on WhatsApp first, and on another kind where that is closed.
    First(ChannelKind),
    /// Whatever it speaks on: what notifications say that have a route of their own.
    Routed,
}

/// What is said somewhere with a window that can be closed.
#[derive(Debug, Clone)]
pub(in super::super::super) struct Closed {
    /// Where it stands.
    pub at: At,
    /// What carries it instead; nothing if WhatsApp is all there is.
    pub instead: Option<ChannelKind>,
    /// The notification whose template is not approved in these languages.
    pub unapproved: Option<(Slug, Vec<Language>)>,
}

/// What is said with a closed window, for each flow of a project.
#[derive(Debug, Default)]
pub(in super::super::super) struct Windows {
    by_flow: BTreeMap<Slug, Vec<Closed>>,
}

/// How long a flow takes as a sub-flow.
#[derive(Debug, Clone, Default)]
struct Taken {
    /// Until each end: if the contact does not write in it, and since the contact last wrote in it.
    ends: BTreeMap<String, Span2>,
    /// The same wherever it waits.
    inside: Span2,
}

#[derive(Debug, Clone, Copy, Default)]
struct Span2 {
    quiet: Option<Age>,
    heard: Option<Age>,
}

impl Windows {
    /// Of the ways of the sound flows of a project, inner ones first.
    pub fn of(all: &[&Ways<'_>], project: &Project) -> Self {
        let mut windows = Windows::default();
        if !project.channels.values().any(|channel| channel.kind == ChannelKind::WhatsApp) {
            return windows;
        }
        let flows: BTreeMap<&Slug, &Flow> = all.iter().map(|ways| (&ways.flow().name, ways.flow())).collect();
        // Where no notification has a route nothing has to be known of them.
        let routes = flows.values().any(|flow| flow.notifications.values().any(|n| !n.route.is_empty()));
        if !routes && !flows.values().any(|flow| class_of(flow, project).is_some()) {
            return windows;
        }
        let states = all.iter().flat_map(|ways| ways.flow().states.values());
        let run: BTreeSet<&str> =
            states.filter_map(|state| if let Kind::Run(run) = &state.kind { Some(run.flow.as_str()) } else { None }).collect();
        let mut taken: BTreeMap<&str, Taken> = BTreeMap::new();
        for ways in all {
            let flow = ways.flow();
            if !flow.was.iter().chain([&flow.name]).any(|name| run.contains(name.as_str())) {
                continue;
            }
            let of = Taken::of(ways, &taken);
            for former in flow.was.iter().filter(|was| !flows.contains_key(*was)) {
                taken.insert(former.as_str(), of.clone());
            }
            taken.insert(flow.name.as_str(), of);
        }
        let mut called: BTreeMap<(usize, Class), Age> = BTreeMap::new();
        for (i, ways) in all.iter().enumerate().rev() {
            let own = class_of(ways.flow(), project);
            let mut classes: Vec<(Class, Option<Age>)> = called
                .range((i, Class::Only)..)
                .take_while(|((flow, _), _)| *flow == i)
                .map(|((_, class), age)| (*class, Some(*age)))
                .collect();
            for own in own.into_iter().chain(routes.then_some(Class::Routed)) {
                if !classes.iter().any(|(class, _)| *class == own) {
                    classes.push((own, None));
                }
            }
            let mut closed = Vec::new();
            for (class, age) in classes {
                let entered = Entered { called: age, starts: class == Class::Routed || own == Some(class) };
                let ages = ages(ways, &taken, entered);
                for (state, run) in ways.states().zip(ways.flow().states.values()) {
                    let Kind::Run(run) = &run.kind else { continue };
                    let (Some(age), Some(inner)) = (ages[usize::from(state.0)], place(all, run.flow.as_str())) else { continue };
                    called.entry((inner, class)).and_modify(|known| *known = known.or(age)).or_insert(age);
                }
                let look = Look { flow: ways.flow(), project, class };
                closed.extend(speaks::closed(ways, &ages, look, |id, outcome, way| after(ways, &taken, &ages, id, outcome, way)));
            }
            closed.sort_by_key(|closed: &Closed| closed.at);
            windows.by_flow.insert(ways.flow().name.clone(), closed);
        }
        windows
    }

    /// What a flow says with a window that can be closed.
    pub fn closed(&self, flow: &Slug) -> &[Closed] {
        self.by_flow.get(flow).map_or(&[], Vec::as_slice)
    }
}

fn place(all: &[&Ways<'_>], name: &str) -> Option<usize> {
    let now = all.iter().position(|ways| ways.flow().name.as_str() == name);
    now.or_else(|| all.iter().position(|ways| ways.flow().was.iter().any(|was| was.as_str() == name)))
}

fn class_of(flow: &Flow, project: &Project) -> Option<Class> {
    let mut kinds = flow.channels.iter().filter_map(|name| project.channels.get(name)).map(|channel| channel.kind);
    if kinds.next() != Some(ChannelKind::WhatsApp) {
        return None;
    }
    Some(kinds.find(|kind| *kind != ChannelKind::WhatsApp).map_or(Class::Only, Class::First))
}

/// From where a flow is entered.
#[derive(Clone, Copy)]
struct Entered {
    /// By other flows.
    called: Option<Age>,
    /// By its own starts, and late replies.
    starts: bool,
}

/// The age at each state when it is entered, and last wherever the flow waits.
fn ages(ways: &Ways<'_>, taken: &BTreeMap<&str, Taken>, entered: Entered) -> Vec<Option<Age>> {
    let size = ways.flow().states.len();
    let mut graph = Graph::new(size + 1);
    let begins = |graph: &mut Graph, to: To<'_>, age: Age| {
        if let Some(begin) = to.state().and_then(|id| graph.begins.get_mut(usize::from(id.0))) {
            or(begin, age);
        }
    };
    let mut events = Vec::new();
    for entry in ways.entries() {
        for way in ways.ways_in(entry) {
            match entry.from {
                From::Begin => entered.called.into_iter().for_each(|age| begins(&mut graph, way.to, age)),
                From::Start(_) | From::Late(_) if !entered.starts => {}
                From::Start(_) if !entry.hears => begins(&mut graph, way.to, Age::CLOSED),
                From::Start(_) | From::Late(_) => begins(&mut graph, way.to, Age::NOW),
                From::Anytime(_) if !entry.hears => events.extend(way.to.state().map(|id| (usize::from(id.0), Age::NOW))),
                From::Anytime(_) => begins(&mut graph, way.to, Age::NOW),
            }
        }
    }
    graph.ways[size] = events;
    let reached = reached(ways, entered);
    for id in ways.states().filter(|id| reached[usize::from(id.0)]) {
        let here = usize::from(id.0);
        for (outcome, way) in ways.ways_out(id) {
            let time = time(ways, taken, id, outcome, way);
            if let Some(to) = way.to.state() {
                if let Some(heard) = time.heard {
                    or(&mut graph.begins[usize::from(to.0)], heard);
                }
                if let Some(quiet) = time.quiet {
                    graph.ways[here].push((usize::from(to.0), quiet));
                }
            }
            if outcome.waits {
                // Anywhere on the way to the outcome.
                let inside = inside(ways, taken, id).unwrap_or(time);
                if let Some(heard) = inside.heard {
                    or(&mut graph.begins[size], heard.within());
                }
                if let Some(quiet) = inside.quiet {
                    graph.ways[here].push((size, quiet.within()));
                }
            }
        }
    }
    graph.solve()
}

/// What can be reached at all.
fn reached(ways: &Ways<'_>, entered: Entered) -> Vec<bool> {
    let mut reached = vec![false; ways.flow().states.len()];
    let counts = |from: From<'_>| match from {
        From::Begin => entered.called.is_some(),
        From::Start(_) | From::Late(_) => entered.starts,
        From::Anytime(_) => true,
    };
    let entries = ways.entries().iter().filter(|entry| counts(entry.from));
    let mut open: Vec<StateId> = entries.flat_map(|entry| ways.ways_in(entry)).filter_map(|way| way.to.state()).collect();
    while let Some(id) = open.pop() {
        if let Some(known) = reached.get_mut(usize::from(id.0)).filter(|known| !**known) {
            *known = true;
            open.extend(ways.next(id));
        }
    }
    reached
}

/// The time on a way: if the contact does not write, and since they last wrote on it.
fn time(ways: &Ways<'_>, taken: &BTreeMap<&str, Taken>, id: StateId, outcome: &Outcome<'_>, way: &Way<'_>) -> Span2 {
    let own = Age::between(way.least, way.most);
    match ways.flow().state(id).map(|state| &state.kind) {
        Some(Kind::Run(run)) => match taken.get(run.flow.as_str()) {
            // That it failed can be at any moment.
            Some(sub) => sub.ends.get(&*outcome.name).copied().unwrap_or(sub.inside),
            None => Span2 { quiet: Some(own), heard: None },
        },
        // The contact may have written to the person, or while nobody had taken it.
        Some(Kind::Handoff(_)) => Span2 { quiet: Some(own), heard: Some(own.within()) },
        Some(Kind::Ask(_)) if outcome.hears => Span2 { quiet: None, heard: Some(Age::NOW) },
        // After a wrong answer the time until silence begins anew.
        Some(Kind::Ask(_)) => Span2 { quiet: Some(own), heard: answered_before(ways, id).then_some(own) },
        _ => Span2 { quiet: Some(own), heard: None },
    }
}

/// Where a sub-flow waits; none for other kinds.
fn inside(ways: &Ways<'_>, taken: &BTreeMap<&str, Taken>, id: StateId) -> Option<Span2> {
    match ways.flow().state(id).map(|state| &state.kind) {
        Some(Kind::Run(run)) => taken.get(run.flow.as_str()).map(|sub| sub.inside),
        _ => None,
    }
}

/// Whether the contact can have written while a question is open.
fn answered_before(ways: &Ways<'_>, id: StateId) -> bool {
    let again = |way: &Way<'_>| matches!(way.to, To::Again(_));
    let anytime = ways.entries().iter().filter(|entry| entry.hears).any(|entry| ways.ways_in(entry).iter().any(again));
    anytime || ways.outcomes(id).iter().filter(|outcome| outcome.hears).any(|outcome| ways.ways_of(outcome).iter().any(again))
}

/// The age at the end of a way.
fn after(
    ways: &Ways<'_>,
    taken: &BTreeMap<&str, Taken>,
    ages: &[Option<Age>],
    id: StateId,
    outcome: &Outcome<'_>,
    way: &Way<'_>,
) -> Option<Age> {
    let before = ages[usize::from(id.0)]?;
    let time = time(ways, taken, id, outcome, way);
    let quiet = time.quiet.map(|quiet| before.later(quiet));
    quiet.into_iter().chain(time.heard).reduce(Age::or)
}

impl Taken {
    /// With what is known of its own sub-flows.
    fn of(ways: &Ways<'_>, taken: &BTreeMap<&str, Taken>) -> Self {
        let entered = Entered { called: Some(Age::NOW), starts: false };
        let all = ages(ways, taken, entered);
        let reached = reached(ways, entered);
        // Without the ways on which the contact writes.
        let size = ways.flow().states.len();
        let mut graph = Graph::new(size + 1);
        graph.begins[usize::from(ways.flow().begin.0)] = Some(Age::NOW);
        let mut heard = vec![false; size];
        let mut open: Vec<StateId> = Vec::new();
        for entry in ways.entries() {
            let From::Anytime(_) = entry.from else { continue };
            let to = ways.ways_in(entry).iter().filter_map(|way| way.to.state());
            if entry.hears {
                open.extend(to);
            } else {
                graph.ways[size].extend(to.map(|id| (usize::from(id.0), Age::NOW)));
            }
        }
        for id in ways.states().filter(|id| reached[usize::from(id.0)]) {
            for (outcome, way) in ways.ways_out(id) {
                let time = time(ways, taken, id, outcome, way);
                let waits = if outcome.waits { time.quiet.map(Age::within) } else { None };
                graph.ways[usize::from(id.0)].extend(waits.map(|time| (size, time)));
                let Some(to) = way.to.state() else { continue };
                graph.ways[usize::from(id.0)].extend(time.quiet.map(|quiet| (usize::from(to.0), quiet)));
                if time.heard.is_some() {
                    open.push(to);
                }
            }
        }
        let quiet = graph.solve();
        while let Some(id) = open.pop() {
            if let Some(known) = heard.get_mut(usize::from(id.0)).filter(|known| !**known) {
                *known = true;
                open.extend(ways.next(id));
            }
        }
        let mut result = Taken::default();
        let put = |known: &mut Span2, quiet: Option<Age>, heard: Option<Age>| {
            quiet.into_iter().for_each(|age| or(&mut known.quiet, age));
            heard.into_iter().for_each(|age| or(&mut known.heard, age));
        };
        let all_inside = all.get(size).copied().flatten();
        put(&mut result.inside, quiet.get(size).copied().flatten(), all_inside.map(Age::within));
        for id in ways.states().filter(|id| reached[usize::from(id.0)]) {
            let place = usize::from(id.0);
            for (outcome, way) in ways.ways_out(id) {
                let To::End(name) = way.to else { continue };
                let time = time(ways, taken, id, outcome, way);
                let still = quiet[place].zip(time.quiet).map(|(before, time)| before.later(time));
                // What was said before, or on this way.
                let earlier = all[place].filter(|_| heard[place]).zip(time.quiet).map(|(before, time)| before.later(time));
                let since = earlier.into_iter().chain(time.heard).reduce(Age::or);
                put(result.ends.entry(name.to_owned()).or_default(), still, since);
            }
        }
        for entry in ways.entries().iter().filter(|entry| matches!(entry.from, From::Anytime(_))) {
            for way in ways.ways_in(entry) {
                let To::End(name) = way.to else { continue };
                let known = result.ends.entry(name.to_owned()).or_default();
                if entry.hears {
                    put(known, None, Some(Age::NOW));
                } else {
                    put(known, result.inside.quiet, result.inside.heard);
                }
            }
        }
        result
    }
}
