//! From facts that differ to sentences.

use super::facts::{Fact, Key, Place, Topic, WITHIN};
use super::{Difference, Sentence, TextChange};
use crate::flow::definition::Flow;
use indexmap::IndexMap;

/// Characters of a value in a sentence.
const SHOWN: usize = 60;

/// One fact of which the versions say different things.
struct Change<'a> {
    place: &'a Place,
    path: &'a str,
    topic: Topic,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// Compares the facts of two versions. `names` is what the older one's states are called here.
pub(super) fn compare(
    older: &Flow,
    newer: &Flow,
    names: &[String],
    before: IndexMap<Key, Fact>,
    after: IndexMap<Key, Fact>,
) -> Difference {
    let mut changes: Vec<Change<'_>> = Vec::new();
    for ((place, path), fact) in &after {
        let was = before.get(&(place.clone(), path.clone())).map(|fact| fact.value.as_str());
        if was != Some(fact.value.as_str()) {
            changes.push(Change { place, path, topic: fact.topic, before: was, after: Some(&fact.value) });
        }
    }
    for (key, fact) in &before {
        if !after.contains_key(key) {
            changes.push(Change { place: &key.0, path: &key.1, topic: fact.topic, before: Some(&fact.value), after: None });
        }
    }
    let mut out = Difference::default();
    states(&mut out, older, newer, names);
    choices(&mut out, &changes);
    let told: Vec<&Change<'_>> = changes.iter().filter(|change| !is_part_of_another(change, &changes)).collect();
    for change in &told {
        match change.topic {
            Topic::State | Topic::Choice => {}
            Topic::Text => out.texts.push(TextChange {
                place: format!("{}{WITHIN}{}", plain(change.place), change.path),
                before: change.before.map(str::to_owned),
                after: change.after.map(str::to_owned),
            }),
            topic => out.sentences.push(Sentence { topic, state: state_of(change.place), text: sentence(change) }),
        }
    }
    if !out.texts.is_empty() {
        let n = out.texts.len();
        let text = if n == 1 { format!("1 text changed ({})", out.texts[0].place) } else { format!("{n} texts changed") };
        out.sentences.push(Sentence { topic: Topic::Text, state: None, text });
    }
    // Stable: of one topic those come first that stand first in the file.
    out.sentences.sort_by_key(|sentence| sentence.topic);
    out
}

/// States that come, go and have other names.
fn states(out: &mut Difference, older: &Flow, newer: &Flow, names: &[String]) {
    let mut say = |state: &str, text: String| {
        out.sentences.push(Sentence { topic: Topic::State, state: Some(state.to_owned()), text });
    };
    for (name, now) in older.states.keys().zip(names) {
        let there = newer.states.contains_key(now.as_str());
        let heir = newer.states.iter().find(|(_, state)| state.was.contains(name)).map(|(heir, _)| heir);
        match heir {
            _ if !there => match heir {
                Some(heir) => say(heir.as_str(), format!("`{name}` is gone; its runs can go over to `{heir}`")),
                None => say(name.as_str(), format!("the state `{name}` is gone")),
            },
            Some(heir) if name.as_str() != now => say(heir.as_str(), format!("`{name}` is called `{heir}` now")),
            _ => {}
        }
    }
    for name in newer.states.keys() {
        if !names.iter().any(|now| now == name.as_str()) {
            say(name.as_str(), format!("the state `{name}` is new"));
        }
    }
}

/// Choices that come and go, for each question together.
fn choices(out: &mut Difference, changes: &[Change<'_>]) {
    let of = |change: &&Change<'_>| change.topic == Topic::Choice && !is_part_of_another(change, changes);
    let mut asked: IndexMap<&Place, (Vec<&str>, Vec<&str>)> = IndexMap::new();
    for change in changes.iter().filter(of) {
        let (more, less) = asked.entry(change.place).or_default();
        match (change.before, change.after) {
            (None, Some(name)) => more.push(name),
            (Some(name), None) => less.push(name),
            _ => {}
        }
    }
    for (place, (more, less)) in asked {
        let number = |n: usize, one: &str, many: &str| if n == 1 { format!("one {one}") } else { format!("{n} {many}") };
        let names = |names: &[&str]| format!("`{}`", names.join("`, `"));
        let mut parts = Vec::new();
        if !more.is_empty() {
            parts.push(format!("asks {} ({})", number(more.len(), "more choice", "more choices"), names(&more)));
        }
        if !less.is_empty() {
            parts.push(format!("no longer offers {}", names(&less)));
        }
        let text = format!("{} {}", shown(place), parts.join(" and "));
        out.sentences.push(Sentence { topic: Topic::Choice, state: state_of(place), text });
    }
}

/// Whether another sentence says it already: that of a state, choice, kind, variable, trigger or notification that came, went or is another.
fn is_part_of_another(change: &Change<'_>, changes: &[Change<'_>]) -> bool {
    let came_or_went = |other: &&Change<'_>| other.place == change.place && (other.before.is_none() || other.after.is_none());
    changes.iter().filter(came_or_went).any(|other| match other.topic {
        // The whole place.
        Topic::State | Topic::Variable | Topic::Trigger | Topic::Notification => other.path.is_empty() && !change.path.is_empty(),
        Topic::Choice => {
            let below = change.path.strip_prefix(other.path).is_some_and(|rest| rest.starts_with(WITHIN));
            below || change.path == "order of choices"
        }
        _ => false,
    }) || is_expected_of_another_kind(change, changes)
        || matches!(change.topic, Topic::Other | Topic::Time | Topic::Choice | Topic::Trigger)
            && is_of_another_kind(change, changes)
}

/// Whether what is expected is only another because the state does something else.
fn is_expected_of_another_kind(change: &Change<'_>, changes: &[Change<'_>]) -> bool {
    change.topic == Topic::Kind
        && change.path != "kind"
        && changes.iter().any(|other| other.place == change.place && other.path == "kind")
}

/// Whether the state does something else altogether.
fn is_of_another_kind(change: &Change<'_>, changes: &[Change<'_>]) -> bool {
    let of_state =
        matches!(change.place, Place::State(_)) && !matches!(change.path, "private" | "former names" | "note" | "silence after");
    of_state
        && changes
            .iter()
            .any(|other| other.place == change.place && other.topic == Topic::Kind && matches!(other.path, "kind" | "expects"))
}

fn state_of(place: &Place) -> Option<String> {
    match place {
        Place::State(name) => Some(name.clone()),
        _ => None,
    }
}

/// A place at the beginning of a sentence.
fn shown(place: &Place) -> String {
    match place {
        Place::Flow => "the flow".to_owned(),
        Place::Variable(name) => format!("the variable `{name}`"),
        Place::Start(trigger) => format!("the start by {trigger}"),
        Place::Anytime(trigger) => format!("anytime, {trigger}"),
        Place::Defaults => "by default".to_owned(),
        Place::Late => "a late reply".to_owned(),
        Place::State(name) => format!("`{name}`"),
        Place::Notification(name) => format!("the notification `{name}`"),
    }
}

fn plain(place: &Place) -> String {
    shown(place).replace('`', "")
}

fn sentence(change: &Change<'_>) -> String {
    let place = shown(change.place);
    let path = change.path;
    let cut = |value: &str| {
        let line = value.replace('\n', " ");
        match line.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    };
    let (before, after) = (change.before.map(cut), change.after.map(cut));
    match (change.topic, before, after) {
        (Topic::Way, Some(before), Some(after)) => format!("{} {after} instead of {before}", leads(change.place, path)),
        (Topic::Way, None, Some(after)) => format!("{} {after} now", leads(change.place, path)),
        (Topic::Way, Some(before), None) => format!("{place}: {} is no longer decided here (it led to {before})", quoted(path)),
        (Topic::Kind, Some(before), Some(after)) if path == "expects" => format!("{place} expects {after} instead of {before}"),
        (Topic::Kind, Some(before), Some(after)) => format!("{place} {after} now, where it {}", past(&before)),
        (Topic::Variable | Topic::Trigger | Topic::Notification, None, Some(_)) if path.is_empty() => format!("{place} is new"),
        (Topic::Variable | Topic::Trigger | Topic::Notification, Some(_), None) if path.is_empty() => format!("{place} is gone"),
        (_, Some(before), Some(after)) if path.is_empty() => format!("{place} is {after} instead of {before}"),
        (Topic::Time, Some(before), Some(after)) => format!("{place}: {path} {after} instead of {before}"),
        (Topic::Time, None, Some(after)) => format!("{place}: {path} {after} now"),
        (_, Some(before), Some(after)) => format!("{place}: {path} is `{after}` instead of `{before}`"),
        (_, None, Some(after)) => format!("{place}: {path} is `{after}` now"),
        (_, Some(before), None) => format!("{place}: {path} is no longer `{before}`"),
        (_, None, None) => place,
    }
}

fn quoted(path: &str) -> String {
    path.split(WITHIN).map(|part| format!("`{}`", part.trim_matches('`'))).collect::<Vec<_>>().join(WITHIN)
}

/// The beginning of a sentence about a way.
fn leads(place: &Place, path: &str) -> String {
    let of = shown(place);
    match (place, path) {
        (Place::Flow, "begin") => "a run begins at".to_owned(),
        (Place::Start(_) | Place::Anytime(_), _) => format!("{of} leads to"),
        (Place::Defaults, path) => format!("by default `{path}` leads to"),
        (Place::Late, _) => format!("{of} goes to"),
        (_, "way" | "end" | "go") => format!("{of} leads to"),
        (_, "flow") => format!("{of} runs"),
        (_, "team") => format!("{of} hands over to"),
        (_, path) if path.starts_with("weight of") => format!("{of}: {path} is"),
        (_, path) => format!("{of}: {} leads to", quoted(path)),
    }
}

/// What a state did before, as the facts of its kind put it.
fn past(kind: &str) -> String {
    const VERBS: [(&str, &str); 10] = [
        ("leads", "led"),
        ("ends", "ended"),
        ("asks", "asked"),
        ("calls", "called"),
        ("waits", "waited"),
        ("splits", "split"),
        ("delivers", "delivered"),
        ("runs", "ran"),
        ("collects", "collected"),
        ("hands", "handed"),
    ];
    let (verb, rest) = kind.split_once(' ').map_or((kind, String::new()), |(verb, rest)| (verb, format!(" {rest}")));
    let past = VERBS.iter().find(|(present, _)| *present == verb).map_or("did otherwise", |(_, past)| past);
    format!("{past}{rest}")
}
