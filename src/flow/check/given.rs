//! What is given to something must be of its type: variables and attributes by `set`, `with` and `save`, parameters of
//! notifications, variables of sub-flows (RF213).

use super::types::{Types, is_open};
use super::{Report, World};
use crate::domain::channel::consent;
use crate::domain::language::Language;
use crate::domain::name::Name;
use crate::domain::value::{Type, Value};
use crate::flow::definition::{Destination, Flow, Origin, Slot, Variable};
use crate::flow::diagnostic::At;
use crate::flow::expression::{Inferred, ValueTemplate, compatible, fit};
use crate::flow::parse::{Giver, MentionKind, Reading};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::collections::HashSet;

/// Checks everything that the flow gives to something.
pub(super) fn check(reading: &Reading<Flow>, flow: &Flow, types: &Types, world: &World<'_>, report: &mut Report) {
    for (name, variable) in &flow.variables {
        if let Origin::Need { default: Some(default) } = &variable.origin {
            let one =
                Given { by: "default", value: Some(default), found: types.value(default, Default::default(), world.project) };
            one.must_be(variable.kind, || format!("`{name}`"), variable.at, 0, report);
        }
    }
    for a in &reading.assignments {
        let by = match a.by {
            Giver::Set => "set",
            Giver::With => "with",
            Giver::Save => "save",
        };
        let wanted = match &a.into {
            Destination::Variable(slot) => wanted(flow, types, *slot, a.by),
            Destination::Contact(name) => attribute(name.as_str(), world),
        };
        let whose = || match &a.into {
            Destination::Variable(slot) => format!("`{}`", name_of(flow, *slot)),
            Destination::Contact(name) => format!("`contact.{name}`"),
        };
        let event = super::declared::event_at(flow, a.site, world.project);
        let one = Given { by, value: Some(&a.value), found: types.value_of_event(&a.value, a.site, world.project, event) };
        let known = report.found.len();
        one.must_be(wanted, whose, a.at, a.width, report);
        if let Destination::Contact(name) = &a.into
            && report.found.len() == known
        {
            one.must_be_understood(name.as_str(), a.at, a.width, report);
        }
    }
    for saved in &reading.saves {
        let one = Given { by: "save", value: None, found: types.result_of(Some(saved.state)) };
        let whose = || format!("`{}`", name_of(flow, saved.into));
        one.must_be(wanted(flow, types, saved.into, Giver::Save), whose, saved.at, saved.width, report);
    }
    handed(reading, types, world, report);
    same_names(reading, types, world, report);
}

/// What notifications and sub-flows are handed.
fn handed(reading: &Reading<Flow>, types: &Types, world: &World<'_>, report: &mut Report) {
    for handed in &reading.handed {
        let (name, of) = (&handed.name.0, &handed.of.0);
        let (wanted, what) = match handed.to {
            MentionKind::Flow => match world.flow(of.as_str()).and_then(|flow| flow.variables.get(name)) {
                Some(variable) => (declared(variable), "flow"),
                None => continue,
            },
            _ => match world.notifications.get(of).and_then(|notification| notification.needs.get(name)) {
                Some(need) => (need.kind, "notification"),
                None => continue,
            },
        };
        let found = types.value(&handed.value, handed.site, world.project);
        let whose = || format!("`{name}` of the {what} `{of}`");
        Given { by: "with", value: Some(&handed.value), found }.must_be(wanted, whose, handed.at, handed.width, report);
    }
}

/// A parameter that is not in `with` is taken from the variable of the same name.
fn same_names(reading: &Reading<Flow>, types: &Types, world: &World<'_>, report: &mut Report) {
    let handed: HashSet<(At, &Name)> = reading.handed.iter().map(|h| (h.of.1, &h.name.0)).collect();
    for mention in reading.mentions.iter().filter(|m| m.kind == MentionKind::Notification) {
        let Some(notification) = world.notifications.get(&*mention.name) else { continue };
        for (name, need) in &notification.needs {
            let Some(found) = types.variables.get(name).filter(|_| !handed.contains(&(mention.at, name))) else { continue };
            let possible = found.fits(need.kind) || (found.kind == Type::Text && reads(need.kind));
            if !possible {
                let (has, wants) = (an(found.kind), an(need.kind));
                let message = format!("The variable `{name}` is {has}, but the notification `{}` needs {wants}", mention.name);
                let help = format!("give it in `with: {{ {name}: … }}`, or change its type in templates/{}.yaml", mention.name);
                report.add(213, mention.at, mention.width, message, help);
            }
        }
    }
}

/// The type that a variable has before anything is given to it; what states save has the type of its answers.
fn wanted(flow: &Flow, types: &Types, slot: Slot, by: Giver) -> Type {
    let Some((name, variable)) = flow.variables.get_index(usize::from(slot.0)) else { return Type::Any };
    match by {
        Giver::Set | Giver::With if is_open(variable.kind, &variable.origin) => {
            types.variables.get(name).map_or(Type::Any, |found| found.kind)
        }
        _ => declared(variable),
    }
}

fn declared(variable: &Variable) -> Type {
    if matches!(variable.origin, Origin::Saved) { Type::Any } else { variable.kind }
}

/// The type of an attribute or of a field that `set` may write.
fn attribute(name: &str, world: &World<'_>) -> Type {
    match name {
        "name" | "language" | "timezone" | "email" => Type::Text,
        other => world.project.attributes.get(other).copied().unwrap_or(Type::Any),
    }
}

fn name_of(flow: &Flow, slot: Slot) -> String {
    flow.variables.get_index(usize::from(slot.0)).map_or_else(String::new, |(name, _)| name.to_string())
}

/// Types that are read from a text when it is given.
fn reads(kind: Type) -> bool {
    matches!(kind, Type::Date | Type::Time | Type::Moment | Type::Duration)
}

/// A value on its way.
struct Given<'a> {
    by: &'static str,
    /// As it is written; nothing for a whole result.
    value: Option<&'a ValueTemplate>,
    found: Inferred,
}

impl Given<'_> {
    fn must_be(&self, wanted: Type, whose: impl Fn() -> String, at: At, width: u32, report: &mut Report) {
        let kind = self.found.kind;
        let constant = self.value.and_then(ValueTemplate::constant);
        // A `save` keeps what it gets; everything else reads days and moments from texts.
        let readable = kind == Type::Text && reads(wanted) && self.by != "save";
        let possible = match constant {
            Some(text) if readable => fit(text.clone(), wanted, &TimeZone::UTC).is_ok(),
            _ => readable || compatible(kind, wanted),
        };
        if !possible {
            let message = format!("`{}` would give {} {}, but it is {}", self.by, whose(), an(kind), an(wanted));
            report.add(213, at, width, message, remedy(kind, wanted, constant));
        }
    }
}

impl Given<'_> {
    /// What a field of the contact is not for: it would stay as it was, with a note in the journal.
    fn must_be_understood(&self, field: &str, at: At, width: u32, report: &mut Report) {
        let constant = self.value.and_then(ValueTemplate::constant);
        let text = constant.and_then(Value::as_text).map(str::trim).filter(|text| !text.is_empty());
        let (understood, is, help) = match field {
            "marketing" => (
                match constant {
                    Some(value) => consent(value).is_some(),
                    None => matches!(self.found.kind, Type::Any | Type::Boolean | Type::List | Type::Text),
                },
                "true, false or kinds of channel",
                "write `true`, `false`, or the kinds of channel that were agreed to: `[sms, whatsapp]`",
            ),
            "topics" => (
                match constant {
                    Some(Value::Map(topics)) => topics.values().all(|said| consent(said).is_some()),
                    Some(_) => false,
                    None => matches!(self.found.kind, Type::Any | Type::Map),
                },
                "topics with true, false or kinds of channel",
                "write `true`, `false`, or kinds of channel for each topic: `{ news: false, offers: [email] }`",
            ),
            "language" => {
                (text.is_none_or(|text| Language::parse(text).is_some()), "a language", "write its code, such as `es` or `pt-BR`")
            }
            "timezone" => (
                text.is_none_or(|text| TimeZoneDatabase::bundled().get(text).is_ok()),
                "a time zone",
                "write its name, such as `Europe/Madrid`",
            ),
            _ => return,
        };
        if !understood {
            let what = match (text, constant) {
                (Some(text), _) => format!("“{text}”"),
                (None, Some(Value::List(_))) => "a list of something else".to_owned(),
                _ => an(self.found.kind).to_owned(),
            };
            let message = format!("`{}` would give `contact.{field}` {what}, but it is {is}", self.by);
            report.add(213, at, width, message, help);
        }
    }
}

fn remedy(kind: Type, wanted: Type, constant: Option<&Value>) -> String {
    let quoted = |value: &Value| {
        let mut text = String::new();
        crate::flow::expression::write_text(value, &mut text);
        text
    };
    match (kind, wanted, constant) {
        (Type::Number | Type::Boolean, Type::Text, Some(value)) => format!("put quotes around it: \"{}\"", quoted(value)),
        (Type::Text, Type::Number, Some(value)) if quoted(value).parse::<f64>().is_ok() => "write it without quotes".to_owned(),
        (Type::Text, Type::Boolean, Some(_)) => "write `true` or `false`, without quotes".to_owned(),
        (Type::Text, Type::Date, Some(_)) => "write it as 2026-03-02".to_owned(),
        (Type::Text, Type::Time, Some(_)) => "write it as 10:30".to_owned(),
        (Type::Text, Type::Moment, Some(_)) => "write it as 2026-03-02T10:30:00Z".to_owned(),
        (Type::Text, Type::Duration, Some(_)) => "write it as 1h30m".to_owned(),
        (Type::Moment, Type::Date, _) => "`date(x)` is the day of a moment".to_owned(),
        (Type::List, Type::Text, _) => "`x | join(', ')` makes a text of a list".to_owned(),
        (_, Type::Text, _) => "`text(x)` makes a text of it".to_owned(),
        (Type::Text, Type::Number, _) => "`number(x)` makes a number of a text".to_owned(),
        _ => format!("give it {}", an(wanted)),
    }
}

/// `a number`, `an email address`.
fn an(kind: Type) -> &'static str {
    match kind {
        Type::Text => "a text",
        Type::Number => "a number",
        Type::Boolean => "true or false",
        Type::Date => "a date",
        Type::Time => "a time",
        Type::Moment => "a moment",
        Type::Duration => "a duration",
        Type::Phone => "a phone number",
        Type::Email => "an email address",
        Type::List => "a list",
        Type::Map => "a map",
        Type::Any => "any value",
    }
}
