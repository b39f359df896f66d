//! What a drawing of a flow shows: boxes with a few words in each, arrows with outcomes on them. No places yet.

use super::words;
use crate::domain::language::Language;
use crate::flow::definition::{AnytimeTarget, Flow, Kind, StateId};
use crate::flow::ways::{Decided, From, Outcome, Step, To, Way, Ways};
use indexmap::IndexMap;

/// A drawing without places.
pub(super) struct Sketch {
    /// The flow's name and title.
    pub title: String,
    /// What is decided for the whole flow, one line each.
    pub notes: Vec<String>,
    pub boxes: Vec<Box>,
    pub arrows: Vec<Arrow>,
}

/// A box.
pub(super) struct Box {
    pub look: Look,
    /// The state's name, the end's, or what begins a run.
    pub head: String,
    /// What it says or does.
    pub lines: Vec<String>,
}

/// What a box stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// What leads in.
    Entry,
    /// A state that asks.
    Question,
    /// A state that calls another system.
    Call,
    /// A state that waits.
    Wait,
    /// Any other state.
    Step,
    /// The end of a run.
    End,
}

/// An arrow from one box to another, by their places.
pub(super) struct Arrow {
    pub from: usize,
    pub to: usize,
    /// The outcomes; each may have conditions.
    pub labels: Vec<String>,
    /// Whether only trouble leads here.
    pub trouble: bool,
}

/// Sketches a flow. With `all`, also the ways that `defaults` and the built-in decide.
pub(super) fn sketch(flow: &Flow, language: Language, all: bool) -> Sketch {
    let ways = Ways::of(flow);
    let title = match &flow.title {
        Some(title) => format!("{}: {title}", flow.name),
        None => flow.name.to_string(),
    };
    let mut sketch = Sketch { title, notes: Vec::new(), boxes: Vec::new(), arrows: Vec::new() };
    for (name, state) in &flow.states {
        sketch.boxes.push(Box { look: look(&state.kind), head: name.to_string(), lines: words::state(flow, state, language) });
    }
    for state in ways.states() {
        sketch.state(&ways, state, all);
    }
    sketch.entries(&ways, language);
    if !all {
        sketch.notes.extend(words::decided_for_all(flow));
    }
    sketch
}

fn look(kind: &Kind) -> Look {
    match kind {
        Kind::Ask(_) => Look::Question,
        Kind::Call(_) => Look::Call,
        Kind::Wait(_) | Kind::Deliver(_) | Kind::Digest(_) | Kind::Handoff(_) => Look::Wait,
        Kind::End(_) => Look::End,
        Kind::Pass(_) | Kind::Split(_) | Kind::Run(_) => Look::Step,
    }
}

impl Sketch {
    /// The arrows out of a state. Its ends are boxes of their own, beside it: one box for all of an end would draw arrows
    /// through the whole picture.
    fn state(&mut self, ways: &Ways<'_>, state: StateId, all: bool) {
        // A state that ends is its own end.
        if matches!(ways.flow().state(state).map(|s| &s.kind), Some(Kind::End(_))) {
            return;
        }
        let mut ends: IndexMap<&str, usize> = IndexMap::new();
        let mut arrows: IndexMap<usize, (Vec<String>, bool)> = IndexMap::new();
        for (outcome, way) in ways.ways_out(state) {
            let drawn = all || matches!(outcome.decided, Decided::State | Decided::Else);
            let to = match way.to {
                To::State(id) => id.0 as usize,
                To::Again(_) => {
                    if drawn && let Some(place) = self.boxes.get_mut(state.0 as usize) {
                        place.lines.push(again(outcome, way));
                    }
                    continue;
                }
                To::End(name) if drawn => *ends.entry(name).or_insert_with(|| {
                    self.boxes.push(Box { look: Look::End, head: name.to_owned(), lines: Vec::new() });
                    self.boxes.len() - 1
                }),
                To::End(_) => continue,
            };
            if drawn {
                let (labels, trouble) = arrows.entry(to).or_insert((Vec::new(), true));
                let label = label(ways, outcome, way);
                if !label.is_empty() && !labels.contains(&label) {
                    labels.push(label);
                }
                *trouble &= outcome.trouble.is_some();
            }
        }
        let from = state.0 as usize;
        self.arrows.extend(arrows.into_iter().map(|(to, (labels, trouble))| Arrow { from, to, labels, trouble }));
    }

    /// What leads in: starts, entries of `anytime`, late replies. What `anytime` only answers leads nowhere.
    fn entries(&mut self, ways: &Ways<'_>, language: Language) {
        let flow = ways.flow();
        let sub_flow_only = flow.starts.is_empty();
        for entry in ways.entries() {
            let (head, mut lines) = match entry.from {
                From::Begin if sub_flow_only => ("run by other flows".to_owned(), Vec::new()),
                From::Begin => continue,
                From::Start(start) => words::start(start),
                From::Anytime(anytime) => words::anytime(anytime),
                From::Late(late) => (format!("late, within {}", late.within), words::actions(flow, &late.actions, language)),
            };
            if let From::Anytime(anytime) = entry.from
                && let AnytimeTarget::AskAgain(actions) = &anytime.target
            {
                lines.extend(words::actions(flow, actions, language));
                lines.push("then asks again".to_owned());
            }
            let from = self.boxes.len();
            self.boxes.push(Box { look: Look::Entry, head, lines });
            for way in ways.ways_in(entry) {
                let to = match way.to {
                    To::State(id) => id.0 as usize,
                    To::Again(_) => continue,
                    To::End(name) => {
                        self.boxes.push(Box { look: Look::End, head: name.to_owned(), lines: Vec::new() });
                        self.boxes.len() - 1
                    }
                };
                let labels = Some(conditions(ways, way)).filter(|text| !text.is_empty()).into_iter().collect();
                self.arrows.push(Arrow { from, to, labels, trouble: false });
            }
        }
    }
}

/// An outcome with the conditions on its way.
fn label(ways: &Ways<'_>, outcome: &Outcome<'_>, way: &Way<'_>) -> String {
    let mut name = match outcome.decided {
        // `go: next` names no outcome; `ok` would say nothing.
        Decided::Else if outcome.trouble.is_none() && outcome.name == "ok" => String::new(),
        _ => outcome.name.to_string(),
    };
    if outcome.trouble.is_some_and(|trouble| trouble.as_str() == "silence") {
        name = format!("silence {}", way.least);
    }
    let conditions = conditions(ways, way);
    match (name.is_empty(), conditions.is_empty()) {
        (_, true) => name,
        (true, false) => conditions,
        (false, false) => format!("{name}, {conditions}"),
    }
}

/// `if score >= 9`, `else`: the last condition of each list says enough, those above it did not hold.
fn conditions(ways: &Ways<'_>, way: &Way<'_>) -> String {
    let mut said = Vec::new();
    let mut refused = false;
    for step in ways.steps(way) {
        match step {
            Step::If(condition) => {
                said.push(format!("if {}", condition.source()));
                refused = false;
            }
            Step::IfNot(_) => refused = true,
            Step::Give(_) | Step::Do(_) | Step::UsedUp(_) => {}
        }
    }
    if refused && said.is_empty() {
        said.push("else".to_owned());
    }
    said.join(", ")
}

/// `nomatch: again, twice`.
fn again(outcome: &Outcome<'_>, way: &Way<'_>) -> String {
    let name = &outcome.name;
    match way.to {
        To::Again(Some(1)) => format!("{name}: again, once"),
        To::Again(Some(2)) => format!("{name}: again, twice"),
        To::Again(Some(times)) => format!("{name}: again, {times} times"),
        _ => format!("{name}: again"),
    }
}
