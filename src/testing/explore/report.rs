//! What a walk found, and any of its ways as a case.

use super::case;
use super::graph::{self, Longest};
use super::ground::{By, Deed, Ground};
use super::reasons;
use super::walk::{Fate, Remark, Walk, Way};
use crate::domain::message::DeliveryStatus;
use crate::domain::name::{ChannelName, Slug};
use crate::flow::ways::Ways;
use crate::testing::coverage;
use crate::testing::fake_http::FakeAnswer;
use crate::testing::script::{Case, Step};
use crate::testing::transcript::Transcript;
use indexmap::IndexMap;
use std::collections::HashSet;

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What: a state, `state: outcome`, what the engine said.
    pub what: String,
    /// Why, as far as it is known.
    pub why: String,
    /// The moves of a way to it; none to what was not reached.
    pub way: Vec<String>,
    /// How `case` is asked for that way.
    pub case: Option<String>,
}

/// A figure and a way that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Steps, milliseconds or messages.
    pub amount: i64,
    /// Where the way comes to.
    pub to: String,
    /// Its moves.
    pub way: Vec<String>,
}

/// A way that is wanted as a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Into a state.
    State(String),
    /// To an end.
    End(String),
    /// By an outcome of a state.
    Outcome(String, String),
    /// The way with the most steps.
    Longest,
    /// The way that takes the most time.
    Slowest,
    /// The way with the most messages.
    MostMessages,
    /// The most messages at once.
    AtOnce,
    /// The most messages without a word of the contact.
    Unasked,
    /// To the failure at this place of the list, from 1.
    Failed(usize),
}

impl Which {
    /// Reads `STATE`, `end:NAME`, `state:outcome`, `longest`, `slowest`, `most-messages`, `at-once`, `unasked`, `failed:N`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "longest" => Which::Longest,
            "slowest" => Which::Slowest,
            "most-messages" => Which::MostMessages,
            "at-once" => Which::AtOnce,
            "unasked" => Which::Unasked,
            _ => match text.split_once(':') {
                Some(("end", name)) => Which::End(name.trim().to_owned()),
                Some(("failed", n)) => Which::Failed(n.trim().parse().ok().filter(|n| *n > 0)?),
                Some((state, outcome)) => Which::Outcome(state.trim().to_owned(), outcome.trim().to_owned()),
                None => Which::State(text.to_owned()),
            },
        })
    }
}

/// What a walk found.
pub struct Exploration {
    /// The flow.
    pub flow: Slug,
    /// The channels.
    pub channels: Vec<ChannelName>,
    /// Moves that were made.
    pub turns: usize,
    /// Situations that were found.
    pub situations: usize,
    /// The bounds that stopped it: `turns`, `ways`, `steps`, `values`. Empty: everything there is was walked.
    pub stopped: Vec<&'static str>,
    /// States that were reached, and how many there are.
    pub states: (usize, usize),
    /// Outcomes and choices that were reached, and how many there are.
    pub outcomes: (usize, usize),
    /// What was not reached.
    pub missing: Vec<Finding>,
    /// States from which no way leads to an end.
    pub endless: Vec<Finding>,
    /// Messages that never stop though the contact never writes.
    pub ceaseless: Option<Finding>,
    /// Turns that failed.
    pub failures: Vec<Finding>,
    /// What the engine noted.
    pub notes: Vec<Finding>,
    /// Messages that nobody wanted.
    pub strays: Vec<Finding>,
    /// Labels that were not taken for what they stand for.
    pub misread: Vec<Finding>,
    /// The ends that were reached, and in how many ways.
    pub ends: Vec<(String, usize)>,
    /// The most steps.
    pub longest: Option<Figure>,
    /// The most time, in milliseconds.
    pub slowest: Option<Figure>,
    /// The most messages over a way.
    pub most_messages: Option<Figure>,
    /// The most messages at once.
    pub at_once: Option<Figure>,
    /// The most messages since the contact wrote.
    pub unasked: Option<Figure>,
    ground: Ground,
    walk: Walk,
    routes: [Vec<Way>; 5],
}

impl Exploration {
    pub(super) fn of(ground: Ground, walk: Walk, channels: Vec<ChannelName>) -> Exploration {
        let [steps, time, messages, unasked] =
            graph::longest(&walk, [graph::steps, graph::time, graph::messages, graph::unasked]);
        let loudest = graph::loudest(&walk);
        let at_once = loudest.map(|most| walk.path(most.last)).unwrap_or_default();
        let (mut missing, states, outcomes) = missing(&ground, &walk);
        if states.0 == 0 {
            let why = walk.refused.first().map_or("nothing that was tried begins a run", |remark| remark.text.as_str());
            missing = vec![Finding { what: "every state".to_owned(), why: why.to_owned(), way: Vec::new(), case: None }];
        }
        missing.sort_by_key(|finding| finding.what.contains(": "));
        let figure =
            |longest: &Longest| longest.most.filter(|_| states.0 > 0).map(|most| figure(&walk, most.amount, &longest.route()));
        let place = |way: &Way| walk.nodes[walk.edge(*way).to].state.clone();
        let endless: Vec<Finding> = graph::endless(&walk)
            .into_iter()
            .map(|way| finding(&walk, place(&way), "no way from here leads to an end".to_owned(), way))
            .collect();
        let ceaseless = graph::ceaseless(&walk).map(|way| {
            let state = place(&way);
            finding(&walk, state, "messages go on from here as long as the contact does not write".to_owned(), way)
        });
        let said = |remarks: &[Remark]| -> Vec<Finding> {
            remarks.iter().map(|remark| finding(&walk, remark.text.clone(), String::new(), remark.way)).collect()
        };
        let mut failures = said(&walk.failures);
        for (i, failure) in failures.iter_mut().enumerate() {
            failure.case = Some(format!("failed:{}", i + 1));
        }
        let (figures, routes) = (
            [figure(&steps), figure(&time), figure(&messages), figure(&unasked)],
            [steps.route(), time.route(), messages.route(), unasked.route(), at_once.clone()],
        );
        let [longest, slowest, most_messages, unasked] = figures;
        Exploration {
            flow: ground.flow.name.clone(),
            channels,
            turns: walk.turns,
            situations: walk.nodes.len(),
            stopped: walk.stopped.clone(),
            states,
            outcomes,
            missing,
            endless,
            ceaseless,
            failures,
            notes: said(&walk.notes),
            strays: said(&walk.strays),
            misread: said(&walk.misread),
            ends: ends(&walk),
            longest,
            slowest,
            most_messages,
            at_once: loudest.filter(|_| states.0 > 0).map(|most| self::figure(&walk, most.amount, &at_once)),
            unasked,
            ground,
            walk,
            routes,
        }
    }

    /// Whether everything was reached, every way ends and no turn failed.
    pub fn is_good(&self) -> bool {
        self.missing.is_empty() && self.endless.is_empty() && self.ceaseless.is_none() && self.failures.is_empty()
    }

    /// A way as a case. The error says why there is none.
    pub fn case(&self, which: &Which) -> Result<Case, String> {
        let flow = self.flow.to_string();
        let reached = &self.walk.reached;
        let (way, title) = match which {
            Which::State(state) => {
                let unknown = !self.ground.flow.states.contains_key(state.as_str());
                let way = reached.states.get(&(flow, state.clone()));
                if unknown {
                    return Err(format!("`{}` has no state `{state}`", self.flow));
                }
                (way.copied().ok_or_else(|| format!("`{state}` was not reached"))?, format!("reaches {state}"))
            }
            Which::Outcome(state, outcome) => {
                let way = reached.outcomes.get(&((flow, state.clone()), outcome.clone()));
                let way = way.copied().ok_or_else(|| format!("`{outcome}` of `{state}` was not reached"))?;
                (way, format!("{state} is left by {outcome}"))
            }
            Which::End(end) => {
                let node = self.walk.nodes.iter().find(|node| node.fate == Fate::Ended(end.clone()));
                let way = node.and_then(|node| node.from);
                let known: Vec<&str> = self.ends.iter().map(|(name, _)| name.as_str()).collect();
                let missing = || format!("the end `{end}` was not reached; reached were {}", known.join(", "));
                (way.ok_or_else(missing)?, format!("ends as {end}"))
            }
            Which::Failed(n) => {
                let remark = self.walk.failures.get(n - 1).ok_or("there is no such failure")?;
                (remark.way, "a turn fails".to_owned())
            }
            Which::Longest => return self.route(0, "the longest way"),
            Which::Slowest => return self.route(1, "the way that takes the most time"),
            Which::MostMessages => return self.route(2, "the most messages"),
            Which::Unasked => return self.route(3, "the most messages without a word of the contact"),
            Which::AtOnce => return self.route(4, "the most messages at once"),
        };
        self.made(&self.walk.path(way), title)
    }

    fn route(&self, place: usize, title: &str) -> Result<Case, String> {
        let route = &self.routes[place];
        let last = route.last().ok_or("nothing was walked")?;
        // Situations that count as one can differ in what a way needs; then the first way there is shown.
        self.made(route, title.to_owned()).or_else(|_| self.made(&self.walk.path(*last), title.to_owned()))
    }

    fn made(&self, path: &[Way], title: String) -> Result<Case, String> {
        let first = path.first().ok_or("nothing was walked")?;
        let setting = &self.walk.settings[self.walk.nodes[first.node].setting];
        let deeds: Vec<&Deed> = path.iter().map(|way| &self.walk.edge(*way).step.deed).collect();
        case::case(&self.ground, setting, &deeds, title)
    }

    /// A case as an entry of `cases` in a test file of the flow.
    pub fn yaml(&self, case: &Case) -> String {
        let steps = case.steps.iter().map(|(_, step)| step.clone()).collect();
        Transcript::of_steps(self.flow.clone(), &case.given, steps).case(&case.title, 2)
    }

    /// A whole test file of these cases.
    pub fn file(&self, cases: &[Case]) -> String {
        let cases: Vec<String> = cases.iter().map(|case| self.yaml(case)).collect();
        format!("test: {}\n\ncases:\n{}", self.flow, cases.join("\n"))
    }

    /// Cases that together go through everything that was reached.
    pub fn cases(&self) -> Vec<Case> {
        let own = self.flow.to_string();
        let reached = &self.walk.reached;
        let mut wanted: IndexMap<Way, String> = IndexMap::new();
        for ((flow, state), way) in &reached.states {
            if *flow == own {
                wanted.entry(*way).or_insert_with(|| format!("reaches {state}"));
            }
        }
        for (((flow, state), outcome), way) in &reached.outcomes {
            if *flow == own {
                wanted.insert(*way, format!("{state} is left by {outcome}"));
            }
        }
        for node in &self.walk.nodes {
            if let (Fate::Ended(end), Some(way)) = (&node.fate, node.from) {
                wanted.insert(way, format!("ends as {end}"));
            }
        }
        let mut paths: Vec<(Vec<Way>, String)> = wanted.into_iter().map(|(way, title)| (self.walk.path(way), title)).collect();
        paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        let mut covered: HashSet<Way> = HashSet::new();
        let mut titles: HashSet<String> = HashSet::new();
        let mut cases = Vec::new();
        for (path, title) in paths {
            if path.last().is_some_and(|last| covered.contains(last)) {
                continue;
            }
            let numbered = || (2..).map(|n| format!("{title}, {n}")).find(|title| !titles.contains(title));
            let title = if titles.contains(&title) { numbered().unwrap_or_default() } else { title };
            if let Ok(case) = self.made(&path, title.clone()) {
                covered.extend(path);
                titles.insert(title);
                cases.push(case);
            }
        }
        cases.reverse();
        cases
    }
}

/// What of the flow was not reached, and how much of it there is.
fn missing(ground: &Ground, walk: &Walk) -> (Vec<Finding>, (usize, usize), (usize, usize)) {
    let flow = &ground.flow;
    let reached = &walk.reached;
    let ways = Ways::of(flow);
    let (mut found, mut states, mut outcomes) = (Vec::new(), (0, 0), (0, 0));
    let mut say = |what: String, why: String| found.push(Finding { what, why, way: Vec::new(), case: None });
    for (id, (name, state)) in ways.states().zip(&flow.states) {
        let place = (flow.name.to_string(), name.to_string());
        states.1 += 1;
        let entered = reached.states.contains_key(&place);
        if entered {
            states.0 += 1;
        } else {
            say(name.to_string(), reasons::state(reached, &ways, id));
        }
        for (_, outcome) in coverage::outcomes(&ways, id, state) {
            outcomes.1 += 1;
            if reached.outcomes.contains_key(&(place.clone(), outcome.clone())) {
                outcomes.0 += 1;
            } else if entered {
                say(format!("{name}: {outcome}"), reasons::outcome(reached, flow, name.as_str(), &outcome));
            }
        }
    }
    (found, states, outcomes)
}

fn ends(walk: &Walk) -> Vec<(String, usize)> {
    let mut ends: IndexMap<String, usize> = IndexMap::new();
    for edge in walk.nodes.iter().flat_map(|node| &node.edges) {
        if let Fate::Ended(end) = &walk.nodes[edge.to].fate {
            *ends.entry(end.clone()).or_default() += 1;
        }
    }
    let mut ends: Vec<(String, usize)> = ends.into_iter().collect();
    ends.sort();
    ends
}

fn finding(walk: &Walk, what: String, why: String, way: Way) -> Finding {
    Finding { what, why, way: words(walk, &walk.path(way)), case: None }
}

fn figure(walk: &Walk, amount: i64, route: &[Way]) -> Figure {
    let to = route.last().map(|way| &walk.nodes[walk.edge(*way).to]);
    let to = to.map(|node| match &node.fate {
        Fate::Ended(end) => format!("end {end}"),
        _ => node.state.clone(),
    });
    Figure { amount, to: to.unwrap_or_default(), way: words(walk, route) }
}

/// Moves in words.
fn words(walk: &Walk, path: &[Way]) -> Vec<String> {
    path.iter().map(|way| word(&walk.edge(*way).step)).collect()
}

fn word(step: &super::ground::Move) -> String {
    match &step.deed {
        Deed::Begin(_) => "begin".to_owned(),
        Deed::Answer(FakeAnswer::Answer { status, .. }, _) => format!("answer {status}"),
        Deed::Answer(..) => "no answer".to_owned(),
        Deed::Steps(steps) => match steps.last() {
            Some(Step::User { all: Some(says), .. }) => match (&says.text, &says.press) {
                (_, Some(id)) => format!("press {id}"),
                (Some(text), _) => format!("\"{}\"", text.chars().take(40).collect::<String>()),
                _ if says.location.is_some() => "a place".to_owned(),
                _ => "a file".to_owned(),
            },
            Some(Step::Event { name, .. }) => format!("event {name}"),
            Some(Step::Webhook { name, .. }) => format!("webhook {name}"),
            Some(Step::Wait(span)) => format!("{span} pass"),
            Some(Step::Status(DeliveryStatus::Failed)) => "not delivered".to_owned(),
            Some(Step::Status(status)) => status.as_str().to_owned(),
            _ if step.by == By::Time => "time passes".to_owned(),
            _ => "something".to_owned(),
        },
    }
}
