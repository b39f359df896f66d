//! The walk: from every beginning, by every move, each situation once; those that showed something new go first.

use super::begin::{arms, roots};
use super::ground::{Ground, Move, Setting};
use super::moves::moves;
use super::reached::Reached;
use super::situation::situation;
use super::{Bounds, Progress};
use crate::config::project::Project;
use crate::domain::address::Address;
use crate::domain::journal::{Decision, Event};
use crate::domain::name::ChannelName;
use crate::domain::time::Span;
use crate::engine::record::Record;
use crate::testing::World;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Sets of values that one place is walked with. A counter up to here is walked through; what has more is not understood
/// better by walking it longer.
const VALUES_PER_PLACE: usize = 64;

/// What became of a situation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// Nothing has begun yet.
    Begin,
    /// It was walked on from.
    Walked,
    /// It was not walked on from: a bound.
    Cut,
    /// The run is over with this result.
    Ended(String),
    /// No run began.
    NotBegun,
    /// The turn could not be done.
    Broken,
    /// The message was somebody else's.
    Elsewhere,
}

/// A situation.
pub(super) struct Node {
    pub setting: usize,
    /// The move that first led here.
    pub from: Option<Way>,
    /// Moves from the beginning.
    pub depth: usize,
    pub fate: Fate,
    /// Where the run rests.
    pub state: String,
    pub edges: Vec<Edge>,
}

/// A move from one situation to another.
pub(super) struct Edge {
    pub to: usize,
    pub step: Move,
    /// Messages to the contact.
    pub messages: usize,
    /// Virtual time that passed.
    pub took: Span,
}

/// A move of a situation: with the first way to that situation before it, a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Way {
    pub node: usize,
    pub edge: usize,
}

/// Something that was said of a move.
pub(super) struct Remark {
    pub text: String,
    pub way: Way,
}

/// Everything that was walked.
pub(super) struct Walk {
    pub settings: Vec<Setting>,
    pub nodes: Vec<Node>,
    pub reached: Reached,
    /// Moves that were made.
    pub turns: usize,
    /// What stopped the walk before everything was walked.
    pub stopped: Vec<&'static str>,
    /// Turns that failed.
    pub failures: Vec<Remark>,
    /// What the engine noted.
    pub notes: Vec<Remark>,
    /// Messages that nobody wanted.
    pub strays: Vec<Remark>,
    /// Why beginnings came to nothing.
    pub refused: Vec<Remark>,
    /// Labels that were not taken for what they stand for.
    pub misread: Vec<Remark>,
}

struct Walker<'w> {
    ground: &'w Ground,
    bounds: &'w Bounds,
    walk: Walk,
    /// What tells the contacts of a setting apart.
    marks: Vec<String>,
    known: HashMap<u128, usize>,
    ends: HashMap<String, usize>,
    values: HashMap<u128, usize>,
    fresh: VecDeque<(usize, World)>,
    plain: VecDeque<(usize, World)>,
    addresses: Vec<Address>,
}

/// Walks a flow on these channels.
pub(super) fn walk(
    ground: &Ground,
    project: &Arc<Project>,
    channels: &[ChannelName],
    bounds: &Bounds,
    progress: &mut dyn FnMut(Progress),
) -> Result<Walk, String> {
    let walk = Walk {
        settings: Vec::new(),
        nodes: Vec::new(),
        reached: Reached::default(),
        turns: 0,
        stopped: Vec::new(),
        failures: Vec::new(),
        notes: Vec::new(),
        strays: Vec::new(),
        refused: Vec::new(),
        misread: Vec::new(),
    };
    let mut walker = Walker {
        ground,
        bounds,
        walk,
        marks: Vec::new(),
        known: HashMap::new(),
        ends: HashMap::new(),
        values: HashMap::new(),
        fresh: VecDeque::new(),
        plain: VecDeque::new(),
        addresses: Vec::new(),
    };
    for (setting, first) in roots(ground, project, channels) {
        let (world, address) = ground.world(&setting)?;
        walker.marks.push(format!("{}{:?}", setting.channel, arms(ground, &world, &address)));
        walker.addresses.push(address);
        walker.walk.settings.push(setting);
        let setting = walker.walk.settings.len() - 1;
        let root = walker.node(setting, None, 0, Fate::Begin, String::new());
        walker.expand(root, &world, first);
        progress(walker.progress());
    }
    while let Some((node, world)) = walker.fresh.pop_front().or_else(|| walker.plain.pop_front()) {
        if walker.walk.turns >= bounds.turns || walker.walk.nodes.len() >= bounds.ways {
            let what = if walker.walk.turns >= bounds.turns { "turns" } else { "ways" };
            walker.stop(node, what);
            continue;
        }
        if walker.walk.nodes[node].depth >= bounds.steps {
            walker.stop(node, "steps");
            continue;
        }
        let setting = walker.walk.nodes[node].setting;
        let record = world.record(&walker.addresses[setting]).unwrap_or_default();
        let next = moves(ground, &walker.walk.settings[setting], &world, &record);
        if walker.walk.nodes[node].fate == Fate::Cut {
            walker.walk.nodes[node].fate = Fate::Walked;
        }
        walker.expand(node, &world, next);
        progress(walker.progress());
    }
    Ok(walker.walk)
}

impl Walker<'_> {
    fn progress(&self) -> Progress {
        let waiting = self.fresh.len() + self.plain.len();
        Progress { turns: self.walk.turns, situations: self.walk.nodes.len(), waiting }
    }

    fn stop(&mut self, node: usize, what: &'static str) {
        if !matches!(self.walk.nodes[node].fate, Fate::Ended(_)) {
            self.walk.nodes[node].fate = Fate::Cut;
            if !self.walk.stopped.contains(&what) {
                self.walk.stopped.push(what);
            }
        }
    }

    fn node(&mut self, setting: usize, from: Option<Way>, depth: usize, fate: Fate, state: String) -> usize {
        self.walk.nodes.push(Node { setting, from, depth, fate, state, edges: Vec::new() });
        self.walk.nodes.len() - 1
    }

    /// Makes every move, in the order that the seed gives.
    fn expand(&mut self, node: usize, world: &World, mut next: Vec<Move>) {
        let seed = self.bounds.seed;
        if seed != 0 {
            let mut order: Vec<(u64, Move)> =
                next.into_iter().enumerate().map(|(i, step)| (xxh3_64(format!("{seed}.{node}.{i}").as_bytes()), step)).collect();
            order.sort_by_key(|(place, _)| *place);
            next = order.into_iter().map(|(_, step)| step).collect();
        }
        let setting = self.walk.nodes[node].setting;
        let before = world.record(&self.addresses[setting]).unwrap_or_default();
        for step in next {
            if self.walk.turns >= self.bounds.turns {
                self.stop(node, "turns");
                return;
            }
            self.make(node, setting, &before, world.clone(), step);
        }
    }

    fn make(&mut self, node: usize, setting: usize, before: &Record, mut world: World, step: Move) {
        self.walk.turns += 1;
        let since = world.now();
        let depth = self.walk.nodes[node].depth + 1;
        let way = Way { node, edge: self.walk.nodes[node].edges.len() };
        let made = self.ground.make(&self.walk.settings[setting], &self.addresses[setting], &mut world, &step.deed);
        let journal = std::mem::take(&mut world.journal);
        let messages = std::mem::take(&mut world.messages).len();
        let ended = std::mem::take(&mut world.ended);
        (world.alerts, world.emitted, world.called) = Default::default();
        world.spoken.clear();
        let took = world.now() - since;
        let record = world.record(&self.addresses[setting]).unwrap_or_default();
        let events: Vec<Event> = journal.into_iter().flat_map(|entry| entry.events).collect();
        let new = self.walk.reached.note(self.ground, before, &events, way);
        self.remarks(&events, &step, way, before);
        let flow = &self.ground.flow;
        let lives =
            record.runs.iter().any(|run| flow.is_called(&run.flow)) || record.waiting.iter().any(|w| flow.is_called(&w.flow));
        // A message that another flow took; what a flow emits may begin others too, and is a part of the way.
        let began = |event: &Event| match event {
            Event::RunStarted { flow: began, .. } => Some(flow.is_called(began)),
            _ => None,
        };
        let taken = events.iter().any(|event| {
            matches!(event, Event::Received { decision: Decision::Start | Decision::StartWaits | Decision::Late, .. })
        });
        let other = taken && events.iter().filter_map(began).next() == Some(false);
        let to = if let Err(error) = made {
            remark(&mut self.walk.failures, error, way);
            self.node(setting, Some(way), depth, Fate::Broken, String::new())
        } else if other {
            self.node(setting, Some(way), depth, Fate::Elsewhere, String::new())
        } else if lives {
            self.arrive(setting, way, depth, world, &record, new)
        } else {
            match ended.iter().rev().find(|end| flow.is_called(&end.flow)) {
                Some(end) => self.ended(setting, way, depth, world, &end.end, &record),
                None if matches!(self.walk.nodes[node].fate, Fate::Ended(_)) => node,
                None => self.node(setting, Some(way), depth, Fate::NotBegun, String::new()),
            }
        };
        self.walk.nodes[node].edges.push(Edge { to, step, messages, took });
    }

    /// A situation in which the run lives on: a known one, or one to walk on from.
    fn arrive(&mut self, setting: usize, way: Way, depth: usize, world: World, record: &Record, new: bool) -> usize {
        let situation = situation(self.ground, &self.marks[setting], &world, record);
        if let Some(node) = self.known.get(&situation.whole) {
            return *node;
        }
        let node = self.node(setting, Some(way), depth, Fate::Cut, situation.state);
        self.known.insert(situation.whole, node);
        let values = self.values.entry(situation.place).or_default();
        *values += 1;
        if *values > VALUES_PER_PLACE && !new {
            self.stop(node, "values");
            return node;
        }
        if new {
            self.fresh.push_back((node, world))
        } else {
            self.plain.push_back((node, world))
        }
        node
    }

    fn ended(&mut self, setting: usize, way: Way, depth: usize, world: World, end: &str, record: &Record) -> usize {
        let late = matches!(self.ground.flow.late, crate::flow::definition::Late::Target(_)) && !record.unanswered.is_empty();
        let key = format!("{end}|{late}|{}", if late { self.marks[setting].as_str() } else { "" });
        if let Some(node) = self.ends.get(&key) {
            return *node;
        }
        let node = self.node(setting, Some(way), depth, Fate::Ended(end.to_owned()), end.to_owned());
        self.ends.insert(key, node);
        if late {
            self.plain.push_back((node, world));
        }
        node
    }

    fn remarks(&mut self, journal: &[Event], step: &Move, way: Way, before: &Record) {
        for event in journal {
            match event {
                Event::Note { text, .. } if text.starts_with("failed at `") => remark(&mut self.walk.failures, text.clone(), way),
                Event::Note { text, .. } => remark(&mut self.walk.notes, text.clone(), way),
                Event::Received { decision: Decision::Inbox | Decision::Ignored | Decision::StartIgnored, reason, .. }
                    if !before.runs.is_empty() =>
                {
                    let state = &self.walk.nodes[way.node].state;
                    remark(&mut self.walk.strays, format!("{state}: {reason}"), way);
                }
                Event::EventReceived { decision: Decision::Ignored | Decision::StartIgnored, reason, .. }
                | Event::WebhookReceived { decision: Decision::Ignored | Decision::StartIgnored, reason, .. }
                | Event::Received { decision: Decision::Inbox | Decision::StartIgnored, reason, .. }
                    if self.walk.nodes[way.node].fate == Fate::Begin =>
                {
                    remark(&mut self.walk.refused, reason.clone(), way);
                }
                Event::SetAside { reason, .. } => remark(&mut self.walk.failures, reason.clone(), way),
                _ => {}
            }
        }
        if let Some(means) = &step.means {
            let left = journal.iter().find_map(|event| match event {
                Event::Left { outcome, .. } => Some(outcome.as_str()),
                _ => None,
            });
            if let Some(left) = left.filter(|left| left != means) {
                let state = &self.walk.nodes[way.node].state;
                remark(&mut self.walk.misread, format!("{state}: the answer `{means}` is taken as `{left}`"), way);
            }
        }
    }
}

/// Keeps a remark once, with the first way that led to it.
fn remark(list: &mut Vec<Remark>, text: String, way: Way) {
    if list.iter().all(|known| known.text != text) {
        list.push(Remark { text, way });
    }
}

impl Walk {
    /// The moves of a way, from its beginning.
    pub(super) fn path(&self, way: Way) -> Vec<Way> {
        let mut path = vec![way];
        let mut node = way.node;
        while let Some(from) = self.nodes[node].from {
            path.push(from);
            node = from.node;
        }
        path.reverse();
        path
    }

    pub(super) fn edge(&self, way: Way) -> &Edge {
        &self.nodes[way.node].edges[way.edge]
    }
}
