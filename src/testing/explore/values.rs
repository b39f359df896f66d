//! Values for data that nobody knows: first one that makes every condition true that it can, then one change at a time.

use super::hints::Hint;
use crate::domain::time::{Millis, Span};
use crate::domain::value::{Type, Value, rfc3339};
use crate::flow::expression::Root;
use crate::flow::expression::probe::{Asked, ITEM, Path, PathRoot};
use indexmap::IndexMap;
use jiff::tz::TimeZone;

/// Values that one place gets at most.
const VALUES: usize = 12;
/// Changes that one piece of data gets at most.
const VARIANTS: usize = 40;
/// A text that no condition names.
pub(super) const OTHER: &str = "something else";

/// What is known where data is made up.
pub(super) struct Known<'k> {
    /// A variable of the flow, as it stands.
    pub variable: &'k dyn Fn(&str) -> Option<Value>,
    /// A field of the contact.
    pub contact: &'k dyn Fn(&str) -> Option<Value>,
    /// The contact's phone.
    pub phone: &'k str,
    /// The key of the run.
    pub key: Option<&'k str>,
    /// The present moment.
    pub now: Millis,
    /// Where the contact lives.
    pub zone: &'k TimeZone,
}

/// A place with what is asked of it and of its fields.
#[derive(Debug, Default)]
struct Shape {
    hints: Vec<Hint>,
    fields: IndexMap<Box<str>, Shape>,
}

/// Data of this shape: the first is the plain one, each other has one change.
pub(super) fn variants(asked: &[(&Vec<Box<str>>, &[Hint])], known: &Known<'_>) -> Vec<Value> {
    let mut shape = Shape::default();
    for (fields, hints) in asked {
        let mut place = &mut shape;
        for field in fields.iter() {
            place = place.fields.entry(field.clone()).or_default();
        }
        place.hints.extend(hints.iter().cloned());
    }
    let mut found = options(&shape, "", known);
    found.truncate(VARIANTS);
    found
}

/// Values of one place without fields.
pub(super) fn candidates(hints: &[Hint], name: &str, known: &Known<'_>) -> Vec<Value> {
    leaf(hints, name, known)
}

fn options(shape: &Shape, name: &str, known: &Known<'_>) -> Vec<Value> {
    if let Some(item) = shape.fields.get(ITEM) {
        let items = options(item, name, known);
        let first = items.first().cloned().unwrap_or_default();
        let second = second(item, name, known);
        let mut lists = vec![Value::List(vec![first, second]), Value::List(Vec::new())];
        lists.extend(items.into_iter().skip(1).map(|item| Value::List(vec![item])));
        lists.truncate(VALUES);
        return lists;
    }
    if shape.fields.is_empty() {
        return leaf(&shape.hints, name, known);
    }
    let parts: Vec<(String, Vec<Value>)> =
        shape.fields.iter().map(|(field, part)| (field.to_string(), options(part, field, known))).collect();
    let base: IndexMap<String, Value> =
        parts.iter().map(|(field, values)| (field.clone(), values.first().cloned().unwrap_or_default())).collect();
    let mut all = vec![Value::Map(base.clone())];
    for (field, values) in parts {
        for value in values.into_iter().skip(1) {
            let mut changed = base.clone();
            changed.insert(field.clone(), value);
            all.push(Value::Map(changed));
        }
    }
    all.truncate(VARIANTS);
    all
}

/// A second item of a list, whose texts are not those of the first: people must be able to tell them apart.
fn second(shape: &Shape, name: &str, known: &Known<'_>) -> Value {
    let text = |value: Value| match value {
        Value::Text(text) if text.parse::<jiff::civil::Date>().is_err() => Value::Text(format!("{text} 2")),
        other => other,
    };
    if shape.fields.is_empty() {
        return text(leaf(&shape.hints, name, known).into_iter().next().unwrap_or_default());
    }
    Value::Map(shape.fields.iter().map(|(field, part)| (field.to_string(), second(part, field, known))).collect())
}

fn leaf(hints: &[Hint], name: &str, known: &Known<'_>) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    let mut others: Vec<Value> = Vec::new();
    let (mut kind, mut nothing, mut empty, mut special) = (None, false, false, false);
    for hint in hints {
        match hint {
            Hint::Contact(part) => {
                special = true;
                found.insert(0, contact(part, known));
            }
            Hint::Key => {
                special = true;
                found.insert(0, Value::text(known.key.unwrap_or("A1")));
            }
            Hint::Decides => {}
            Hint::Asked(asked) => match asked {
                Asked::Read => {}
                // A moment is also read as its day.
                Asked::As(Type::Moment) if kind == Some(Type::Date) => kind = Some(Type::Moment),
                Asked::As(used) => kind = kind.or(Some(*used)),
                Asked::Truth(wanted) => {
                    nothing = true;
                    empty |= !wanted;
                    others.push(Value::Bool(false));
                }
                Asked::Equal(Value::Null) => (nothing, empty) = (true, true),
                Asked::Unequal(Value::Null) => nothing = true,
                Asked::Equal(value) => {
                    nothing = true;
                    found.push(value.clone());
                    others.push(unlike(value));
                }
                Asked::Unequal(value) => {
                    nothing = true;
                    found.push(unlike(value));
                    others.push(value.clone());
                }
                Asked::Order(value, holds) => around(value, *holds, &mut found),
                Asked::SameAs(path) => {
                    nothing = true;
                    if let Some(value) = read(path, known).filter(|value| *value != Value::Null) {
                        others.push(unlike(&value));
                        if let Value::Number(_) = value {
                            around(&value, 0, &mut others);
                        }
                        found.push(value);
                    }
                }
                Asked::DaysAway(days) => {
                    for n in [*days, days - 1.0, days + 1.0] {
                        found.extend(day(known, n as i64));
                    }
                }
                Asked::Length(n) => {
                    for n in [*n, n - 1.0, n + 1.0] {
                        let n = n.clamp(0.0, 20.0) as usize;
                        found.push(match kind {
                            Some(Type::Text) => Value::Text("x".repeat(n)),
                            _ => Value::List((1..=n).map(|i| Value::Text(format!("{name} {i}"))).collect()),
                        });
                    }
                }
                Asked::Holds(value) => {
                    nothing = true;
                    found.push(match (kind, value) {
                        (Some(Type::Text), Value::Text(text)) => Value::Text(format!("a {text} b")),
                        _ => Value::List(vec![value.clone()]),
                    });
                }
                Asked::Part(text) => {
                    found.push(Value::text(text.as_str()));
                    others.push(Value::text(OTHER));
                }
            },
        }
    }
    if found.is_empty() {
        found.push(sample(kind, name, known));
        if matches!(kind, Some(Type::Date | Type::Moment)) {
            others.extend(moment(kind, known, -3));
        }
    }
    let truth_only = others.iter().all(|value| *value == Value::Bool(false));
    if truth_only && !found.iter().any(|value| matches!(value, Value::Bool(_))) {
        others.clear();
    }
    found.extend(others);
    if nothing && !special {
        found.insert(if empty { 0 } else { found.len() }, Value::Null);
    }
    let mut once: Vec<Value> = Vec::new();
    for value in found {
        if !once.contains(&value) {
            once.push(value);
        }
    }
    once.truncate(VALUES);
    once
}

fn contact(part: &str, known: &Known<'_>) -> Value {
    match part {
        "phone" => Value::text(known.phone),
        "email" => (known.contact)("email").filter(|v| *v != Value::Null).unwrap_or_else(|| Value::text("ada@example.com")),
        "id" => (known.contact)("external").filter(|v| *v != Value::Null).unwrap_or_else(|| Value::text("C1")),
        "name" => Value::text("Ada"),
        _ => (known.contact)("language").filter(|v| *v != Value::Null).unwrap_or_else(|| Value::text("en")),
    }
}

fn read(path: &Path, known: &Known<'_>) -> Option<Value> {
    let mut value = match &path.root {
        PathRoot::Variable(name) => (known.variable)(name)?,
        PathRoot::Root(Root::Contact) => return (known.contact)(path.fields.first()?),
        PathRoot::Root(_) => return None,
    };
    for field in &path.fields {
        value = match value {
            Value::Map(mut map) => map.swap_remove(&**field)?,
            _ => return None,
        };
    }
    Some(match value {
        Value::Choice { id, .. } => Value::Text(id),
        other => other,
    })
}

/// A value of the same type that is not this one.
fn unlike(value: &Value) -> Value {
    match value {
        Value::Bool(b) => Value::Bool(!b),
        Value::Number(n) => Value::Number(n + 1.0),
        _ => Value::text(OTHER),
    }
}

/// A value, one below, one above; first the one that `holds`.
fn around(value: &Value, holds: i8, out: &mut Vec<Value>) {
    match value {
        Value::Number(n) => out.extend([n + f64::from(holds), *n, n - 1.0, n + 1.0].map(Value::Number)),
        other => out.push(other.clone()),
    }
}

fn day(known: &Known<'_>, days: i64) -> Option<Value> {
    let now = jiff::Timestamp::from_millisecond(known.now.0).ok()?;
    let today = known.zone.to_datetime(now).date();
    today.checked_add(jiff::Span::new().days(days)).ok().map(|day| Value::Text(day.to_string()))
}

fn moment(kind: Option<Type>, known: &Known<'_>, days: i64) -> Option<Value> {
    match kind {
        Some(Type::Date) => day(known, days),
        _ => Some(Value::Text(rfc3339(known.now + Span::days(days)))),
    }
}

fn sample(kind: Option<Type>, name: &str, known: &Known<'_>) -> Value {
    let has = |words: &[&str]| words.iter().any(|word| name.to_lowercase().contains(word));
    match kind {
        Some(Type::Number) => Value::Number(12.0),
        Some(Type::Boolean) => Value::Bool(true),
        Some(Type::Date | Type::Moment) => moment(kind, known, 3).unwrap_or_default(),
        Some(Type::Time) => Value::text("10:00"),
        Some(Type::Duration) => Value::text("1h"),
        Some(Type::Phone) => Value::text(known.phone),
        Some(Type::Email) => Value::text("ada@example.com"),
        Some(Type::List) => Value::List(vec![Value::text("one"), Value::text("two")]),
        Some(Type::Map) => Value::Map(IndexMap::new()),
        Some(Type::Text | Type::Any) | None => {
            if has(&["phone", "mobile"]) {
                Value::text(known.phone)
            } else if has(&["email"]) {
                Value::text("ada@example.com")
            } else if has(&["name"]) {
                Value::text("Ada")
            } else if has(&["url", "link"]) {
                Value::text("https://example.org/a")
            } else if kind.is_none() && has(&["amount", "total", "price", "count", "quantity", "qty"]) {
                Value::Number(12.0)
            } else if has(&["date", "day", "due"]) {
                day(known, 3).unwrap_or_default()
            } else {
                Value::text("A1")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(hints: &[Hint]) -> Vec<serde_json::Value> {
        let nothing = |_: &str| None;
        let zone = TimeZone::UTC;
        let known = Known { variable: &nothing, contact: &nothing, phone: "+1", key: None, now: Millis(0), zone: &zone };
        candidates(hints, "x", &known).iter().map(Value::to_json).collect()
    }

    #[test]
    fn both_ways_of_a_condition_have_a_value() {
        let asked = |asked| Hint::Asked(asked);
        assert_eq!(made(&[asked(Asked::Equal(Value::text("power")))]), ["power".into(), OTHER.into(), serde_json::Value::Null]);
        let order = made(&[asked(Asked::Order(Value::Number(9.0), 0)), asked(Asked::Order(Value::Number(7.0), 0))]);
        assert_eq!(order, [9, 8, 10, 7, 6].map(serde_json::Value::from));
        assert_eq!(made(&[asked(Asked::Truth(true))]), ["A1".into(), serde_json::Value::Null]);
        let bool = made(&[asked(Asked::As(Type::Boolean)), asked(Asked::Truth(true))]);
        assert_eq!(bool, [true.into(), false.into(), serde_json::Value::Null]);
        assert_eq!(made(&[asked(Asked::Order(Value::Number(100.0), 1))]), [101, 100, 99].map(serde_json::Value::from));
        assert_eq!(made(&[asked(Asked::Unequal(Value::text("spam")))]), [OTHER.into(), "spam".into(), serde_json::Value::Null]);
        assert_eq!(made(&[asked(Asked::Unequal(Value::Null))]), ["A1".into(), serde_json::Value::Null]);
        let phone = [asked(Asked::Unequal(Value::text("x"))), Hint::Contact("phone")];
        assert_eq!(made(&phone)[0], "+1", "an address first, or nothing begins");
        assert_eq!(made(&[asked(Asked::Truth(false))]), [serde_json::Value::Null, "A1".into()]);
        assert_eq!(made(&[asked(Asked::As(Type::Date))]), ["1970-01-04", "1969-12-29"]);
    }

    #[test]
    fn data_changes_one_field_at_a_time() {
        let (a, b): (Vec<Box<str>>, Vec<Box<str>>) = (vec!["a".into()], vec!["b".into(), "c".into()]);
        let one = [Hint::Asked(Asked::Equal(Value::Number(1.0)))];
        let two = [Hint::Asked(Asked::Equal(Value::Bool(true)))];
        let nothing = |_: &str| None;
        let zone = TimeZone::UTC;
        let known = Known { variable: &nothing, contact: &nothing, phone: "+1", key: None, now: Millis(0), zone: &zone };
        let made: Vec<String> = variants(&[(&a, &one), (&b, &two)], &known).iter().map(|v| v.to_json().to_string()).collect();
        assert_eq!(
            made,
            [
                r#"{"a":1,"b":{"c":true}}"#,
                r#"{"a":2,"b":{"c":true}}"#,
                r#"{"a":null,"b":{"c":true}}"#,
                r#"{"a":1,"b":{"c":false}}"#,
                r#"{"a":1,"b":{"c":null}}"#,
            ]
        );
    }
}
