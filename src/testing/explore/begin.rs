//! From where a flow is walked: on each of its channels, by each of its starts, for contacts of whom conditions ask
//! something, inside and outside of hours, for each arm of a split.

use super::ground::{By, Ground, Move, Setting};
use super::hints::{Hint, Spot};
use super::moves::{GREETING, event_data, keyword, user};
use super::standing::{Standing, zone_of};
use super::values::{self, Known};
use crate::config::project::Project;
use crate::domain::language::Language;
use crate::domain::name::{ChannelName, Name, Slug};
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::engine::arm_of;
use crate::engine::record::Record;
use crate::flow::definition::{Kind, Trigger};
use crate::flow::expression::Scope as _;
use crate::testing::World;
use crate::testing::script::{ContactGiven, Given, Step, UserSays};
use std::collections::BTreeSet;
use std::sync::Arc;

/// When every way begins: 2026-01-05T12:00:00Z, a Monday.
pub(super) const NOW: Millis = Millis(1_767_614_400_000);
/// Who writes.
pub(super) const PHONE: &str = "+447700900123";
/// Seeds that are tried for the arms of splits.
const SEEDS: u64 = 256;
/// Seeds that are walked.
const PLACES: usize = 12;

/// Every setting with every first move.
pub(super) fn roots(ground: &Ground, project: &Arc<Project>, channels: &[ChannelName]) -> Vec<(Setting, Vec<Move>)> {
    let settings = settings(ground, project, channels);
    settings
        .into_iter()
        .map(|setting| {
            let first = first_moves(ground, &setting);
            (setting, first)
        })
        .collect()
}

fn settings(ground: &Ground, project: &Arc<Project>, channels: &[ChannelName]) -> Vec<Setting> {
    let on = |channel: &ChannelName| {
        let mut narrowed = Project::clone(project);
        narrowed.channels.retain(|name, _| name == channel);
        let contact = ContactGiven { phone: Some(PHONE.to_owned()), ..ContactGiven::default() };
        let given = Given { now: Some(NOW), channel: Some(channel.clone()), contact: Some(contact), ..Given::default() };
        Setting { given, channel: channel.clone(), project: Arc::new(narrowed), phone: PHONE.to_owned() }
    };
    let mut all: Vec<Setting> = channels.iter().map(on).collect();
    let Some(base) = all.first().cloned() else { return all };
    let with = |change: &dyn Fn(&mut Given)| {
        let mut setting = base.clone();
        change(&mut setting.given);
        setting
    };
    all.extend(moments(ground, project).into_iter().map(|now| with(&|given| given.now = Some(now))));
    for (field, values) in people(ground, project) {
        all.extend(values.into_iter().map(|value| with(&|given| give(given, &field, &value))));
    }
    all.extend(seeds(ground).into_iter().map(|seed| with(&|given| given.seed = Some(seed))));
    all
}

/// Moments at which hours that conditions ask for are otherwise than at the first moment.
fn moments(ground: &Ground, project: &Project) -> Vec<Millis> {
    let record = Record::default();
    let inside = |hours: &str, at: Millis| {
        let zone = zone_of(&record, project);
        Standing { project, record: &record, flow: &ground.flow, frame: None, now: at, zone }.within_hours(hours, at)
    };
    let mut found = Vec::new();
    for hours in &ground.hints.hours {
        let first = inside(hours, NOW);
        let other = (1..24 * 7).map(|h| NOW + Span::hours(h)).find(|at| inside(hours, *at) != first);
        found.extend(other.filter(|at| !found.contains(at)));
    }
    found
}

/// The fields of the contact that conditions ask for, with values for both ways.
fn people(ground: &Ground, project: &Project) -> Vec<(String, Vec<Value>)> {
    let mut found = Vec::new();
    for (field, hints) in ground.hints.contact() {
        let values: Vec<Value> = match field.as_str() {
            "language" => ground.flow.languages.iter().map(|language| Value::text(language.as_str())).collect(),
            "name" => vec![Value::text("Ada")],
            "email" => vec![Value::text("ada@example.com")],
            "tags" => hints
                .iter()
                .filter_map(|hint| match hint {
                    Hint::Asked(crate::flow::expression::probe::Asked::Holds(tag)) => Some(tag.clone()),
                    _ => None,
                })
                .collect(),
            name if project.attributes.contains_key(name) => {
                let nothing = |_: &str| None;
                let known =
                    Known { variable: &nothing, contact: &nothing, phone: PHONE, key: None, now: NOW, zone: &project.timezone };
                let mut hints = hints;
                let declared = project.attributes.get(name).copied().map(crate::flow::expression::probe::Asked::As);
                hints.extend(declared.map(Hint::Asked));
                values::candidates(&hints, name, &known).into_iter().filter(|value| *value != Value::Null).collect()
            }
            _ => continue,
        };
        found.push((field, values));
    }
    found
}

fn give(given: &mut Given, field: &str, value: &Value) {
    let text = value.as_text().map(str::to_owned);
    let contact = given.contact.get_or_insert_default();
    match field {
        "language" => contact.language = text.as_deref().and_then(Language::parse),
        "name" => contact.name = text,
        "email" => contact.email = text,
        "tags" => given.tags = text.as_deref().and_then(|tag| Slug::parse(tag).ok()).map(|tag| vec![tag]),
        other => contact.attributes.extend(Name::parse(other).ok().map(|name| (name, value.clone()))),
    }
}

/// The arms that a contact takes with a seed, of every split in the flows.
pub(super) fn arms(ground: &Ground, world: &World, address: &crate::domain::address::Address) -> Vec<String> {
    let key = world.key_of(address);
    let mut found = Vec::new();
    for flow in &ground.flows {
        for (name, state) in &flow.states {
            if let Kind::Split(split) = &state.kind {
                let arm = arm_of(key, flow.name.as_str(), name.as_str(), &split.arms);
                found.push(arm.map(ToString::to_string).unwrap_or_default());
            }
        }
    }
    found
}

/// Seeds that place the contact otherwise in the splits: until each arm has one, and each pair of arms as far as there is room.
fn seeds(ground: &Ground) -> Vec<u64> {
    let Some(setting) = setting_for_seeds(ground) else { return Vec::new() };
    let drawn = |seed: Option<u64>| {
        let mut setting = setting.clone();
        setting.given.seed = seed;
        ground.world(&setting).map(|(world, address)| arms(ground, &world, &address)).unwrap_or_default()
    };
    let pairs = |arms: &[String]| {
        let mut all = BTreeSet::new();
        for (i, a) in arms.iter().enumerate() {
            for (j, b) in arms.iter().enumerate().skip(i) {
                all.insert((i, a.clone(), j, b.clone()));
            }
        }
        all
    };
    let mut seen = pairs(&drawn(None));
    let mut found = Vec::new();
    if seen.is_empty() {
        return found;
    }
    for seed in 1..=SEEDS {
        let new = pairs(&drawn(Some(seed)));
        if found.len() < PLACES && !new.is_subset(&seen) {
            seen.extend(new);
            found.push(seed);
        }
    }
    found
}

fn setting_for_seeds(ground: &Ground) -> Option<Setting> {
    let channel = ground.flow.channels.first()?.clone();
    let contact = ContactGiven { phone: Some(PHONE.to_owned()), ..ContactGiven::default() };
    let given = Given { contact: Some(contact), ..Given::default() };
    let project = ground.project.clone();
    Some(Setting { given, channel, project, phone: PHONE.to_owned() })
}

/// What begins a run: each start with each piece of data; a flow without one is begun with values.
fn first_moves(ground: &Ground, setting: &Setting) -> Vec<Move> {
    let flow = &ground.flow;
    let nothing = |_: &str| None;
    let contact = setting.given.contact.clone().unwrap_or_default();
    let own = |field: &str| match field {
        "language" => contact.language.map(|language| Value::text(language.as_str())),
        "email" => contact.email.as_deref().map(Value::text),
        _ => None,
    };
    let now = setting.given.now.unwrap_or(NOW);
    let zone = setting.project.timezone.clone();
    let known = Known { variable: &nothing, contact: &own, phone: &setting.phone, key: None, now, zone: &zone };
    let mut out = Vec::new();
    let write = |text: String| Move::of(By::Contact, vec![user(UserSays { text: Some(text), ..UserSays::default() })]);
    for (i, start) in flow.starts.iter().enumerate() {
        match &start.trigger {
            Trigger::Keyword(words) if start.channels.is_empty() || start.channels.contains(&setting.channel) => {
                out.extend(words.first().map(|word| write(keyword(word))));
            }
            Trigger::AnyMessage if start.channels.is_empty() || start.channels.contains(&setting.channel) => {
                out.push(write(GREETING.to_owned()));
            }
            Trigger::Keyword(_) | Trigger::AnyMessage => {}
            Trigger::Event(name) => {
                let data = event_data(&ground.hints.at(&flow.name, Spot::Start(i)), &known);
                let event = |data| Move::event(ground, &Record::default(), name, data);
                out.extend(data.into_iter().map(event));
            }
            Trigger::Webhook(name) => {
                let data = event_data(&ground.hints.at(&flow.name, Spot::Start(i)), &known);
                let event = |data| Move::of(By::Event, vec![Step::Webhook { name: name.clone(), data }]);
                out.extend(data.into_iter().map(event));
            }
        }
    }
    if flow.starts.is_empty() {
        out.extend(given_values(ground, &known).into_iter().map(Move::begin));
    }
    out
}

/// Values for what the flow needs, as a caller would give them: one set, then one change at a time.
fn given_values(ground: &Ground, known: &Known<'_>) -> Vec<Vec<(Name, Value)>> {
    use crate::flow::definition::Origin;
    let flow = &ground.flow;
    let mut parts = Vec::new();
    for (name, variable) in &flow.variables {
        if !matches!(variable.origin, Origin::Need { .. }) {
            continue;
        }
        let asked = ground.hints.at(&flow.name, Spot::Variable(name.to_string()));
        let mut made = values::variants(&asked, known);
        made.retain(|value| *value != Value::Null);
        parts.push((name.clone(), made));
    }
    let base: Vec<(Name, Value)> =
        parts.iter().map(|(name, values)| (name.clone(), values.first().cloned().unwrap_or_default())).collect();
    let mut all = vec![base.clone()];
    for (i, (name, values)) in parts.iter().enumerate() {
        for value in values.iter().skip(1) {
            let mut changed = base.clone();
            changed[i] = (name.clone(), value.clone());
            all.push(changed);
        }
    }
    all
}
