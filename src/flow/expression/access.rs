//! Fields and places of values.

use crate::domain::value::Value;
use std::borrow::Cow;

/// The field of a value: of a map by name, of a list the list of that field, of a choice `id` and `label`. `None`: it has no such field.
pub fn field<'a>(value: Cow<'a, Value>, name: &str) -> Option<Cow<'a, Value>> {
    match value {
        Cow::Borrowed(value) => match value {
            Value::Map(map) => map.get(name).map(Cow::Borrowed),
            other => composed(other, name).map(Cow::Owned),
        },
        Cow::Owned(Value::Map(mut map)) => map.swap_remove(name).map(Cow::Owned),
        Cow::Owned(other) => composed(&other, name).map(Cow::Owned),
    }
}

/// Fields that do not stand in the value as they are.
fn composed(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::List(items) => {
            let of = |item: &Value| field(Cow::Borrowed(item), name).map_or(Value::Null, Cow::into_owned);
            Some(Value::List(items.iter().map(of).collect()))
        }
        Value::Choice { id, label } => match name {
            "id" => Some(Value::Text(id.clone())),
            "label" => Some(Value::Text(label.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// The item at a place, from 0; negative places count from the end.
pub(super) fn item(value: Cow<'_, Value>, place: f64) -> Option<Cow<'_, Value>> {
    let at = |len: usize| {
        let index = if place < 0.0 { place + len as f64 } else { place };
        (place.fract() == 0.0 && index >= 0.0 && index < len as f64).then_some(index as usize)
    };
    match value {
        Cow::Borrowed(Value::List(items)) => at(items.len()).map(|i| Cow::Borrowed(&items[i])),
        Cow::Owned(Value::List(mut items)) => at(items.len()).map(|i| Cow::Owned(items.swap_remove(i))),
        _ => None,
    }
}
