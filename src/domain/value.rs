//! Values of variables, answers and data. JSON, and a few types that conversations need.

use super::time::{Millis, Span};
use indexmap::IndexMap;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A value. Numbers are IEEE doubles; arithmetic on them is rounded to 15 significant digits, so that 0.1 + 0.2 is 0.3.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing: a missing field, a variable that was never set.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// Named values in the order in which they came.
    Map(IndexMap<String, Value>),
    /// A calendar day.
    Date(jiff::civil::Date),
    /// A time of day.
    Time(jiff::civil::Time),
    /// A moment.
    Moment(Millis),
    /// An elapsed time.
    Duration(Span),
    /// The id of a choice with the label that was shown; equal to its id as text.
    Choice {
        /// The id.
        id: String,
        /// What the contact saw.
        label: String,
    },
}

/// The type of a value as operators write it under `needs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// `text`
    Text,
    /// `number`
    Number,
    /// `boolean`
    Boolean,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `moment`
    Moment,
    /// `duration`
    Duration,
    /// `phone`, E.164
    Phone,
    /// `email`
    Email,
    /// `list`
    List,
    /// `map`
    Map,
    /// `any`
    Any,
}

impl Type {
    /// Every type, in the order of the documentation.
    pub const ALL: [Type; 12] = [
        Type::Text,
        Type::Number,
        Type::Boolean,
        Type::Date,
        Type::Time,
        Type::Moment,
        Type::Duration,
        Type::Phone,
        Type::Email,
        Type::List,
        Type::Map,
        Type::Any,
    ];

    /// As operators write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Number => "number",
            Type::Boolean => "boolean",
            Type::Date => "date",
            Type::Time => "time",
            Type::Moment => "moment",
            Type::Duration => "duration",
            Type::Phone => "phone",
            Type::Email => "email",
            Type::List => "list",
            Type::Map => "map",
            Type::Any => "any",
        }
    }

    /// Reads what `as_str` writes.
    pub fn parse(text: &str) -> Option<Self> {
        Type::ALL.into_iter().find(|t| t.as_str() == text)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Value {
    /// Text from anything that is text.
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into())
    }

    /// What a condition sees: true for `true`, a non-empty text, list or map, a number other than 0, and any date, time, moment or choice.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(b) => *b,
            Value::Number(n) => *n != 0.0,
            Value::Text(t) => !t.is_empty(),
            Value::List(l) => !l.is_empty(),
            Value::Map(m) => !m.is_empty(),
            Value::Duration(s) => s.0 != 0,
            Value::Date(_) | Value::Time(_) | Value::Moment(_) | Value::Choice { .. } => true,
        }
    }

    /// The text of a text or of a choice's id.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(t) => Some(t),
            Value::Choice { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// The type that this value shows; text stands for phone and email too. `None` for nothing.
    pub fn kind(&self) -> Option<Type> {
        Some(match self {
            Value::Null => return None,
            Value::Bool(_) => Type::Boolean,
            Value::Number(_) => Type::Number,
            Value::Text(_) | Value::Choice { .. } => Type::Text,
            Value::List(_) => Type::List,
            Value::Map(_) => Type::Map,
            Value::Date(_) => Type::Date,
            Value::Time(_) => Type::Time,
            Value::Moment(_) => Type::Moment,
            Value::Duration(_) => Type::Duration,
        })
    }

    /// From JSON as it came over the wire. Numbers that do not fit a double become text.
    pub fn from_json(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(b) => Value::Bool(b),
            serde_json::Value::Number(n) => match n.as_f64().filter(|f| f.is_finite()) {
                Some(f) => Value::Number(f),
                None => Value::Text(n.to_string()),
            },
            serde_json::Value::String(s) => Value::Text(s),
            serde_json::Value::Array(items) => Value::List(items.into_iter().map(Value::from_json).collect()),
            serde_json::Value::Object(map) => Value::Map(map.into_iter().map(|(k, v)| (k, Value::from_json(v))).collect()),
        }
    }

    /// As JSON for other systems: dates `YYYY-MM-DD`, times `HH:MM:SS`, moments RFC 3339 in UTC, durations `1h30m`, choices their id.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => (*b).into(),
            Value::Number(n) => number_to_json(*n),
            Value::Text(t) => t.as_str().into(),
            Value::List(items) => items.iter().map(Value::to_json).collect(),
            Value::Map(map) => serde_json::Value::Object(map.iter().map(|(k, v)| (k.clone(), v.to_json())).collect()),
            Value::Date(d) => d.to_string().into(),
            Value::Time(t) => t.to_string().into(),
            Value::Moment(m) => rfc3339(*m).into(),
            Value::Duration(s) => s.to_string().into(),
            Value::Choice { id, .. } => id.as_str().into(),
        }
    }
}

/// A moment as RFC 3339 in UTC.
pub fn rfc3339(moment: Millis) -> String {
    jiff::Timestamp::from_millisecond(moment.0).map_or_else(|_| moment.0.to_string(), |t| t.to_string())
}

fn number_to_json(n: f64) -> serde_json::Value {
    if n.fract() == 0.0 && n.abs() < 9.007_199_254_740_992e15 {
        serde_json::Value::from(n as i64)
    } else {
        serde_json::Number::from_f64(n).map_or(serde_json::Value::Null, serde_json::Value::Number)
    }
}

/// Maps of exactly one entry whose key begins with `$` mark the types that JSON lacks; a user's map of that shape is wrapped in `$map`.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        fn one<S: Serializer, T: Serialize + ?Sized>(s: S, key: &str, value: &T) -> Result<S::Ok, S::Error> {
            let mut map = s.serialize_map(Some(1))?;
            map.serialize_entry(key, value)?;
            map.end()
        }
        match self {
            Value::Null => s.serialize_unit(),
            Value::Bool(b) => s.serialize_bool(*b),
            Value::Number(n) if n.fract() == 0.0 && n.abs() < 9.007_199_254_740_992e15 => s.serialize_i64(*n as i64),
            Value::Number(n) => s.serialize_f64(*n),
            Value::Text(t) => s.serialize_str(t),
            Value::List(items) => s.collect_seq(items),
            Value::Map(map) if map.len() == 1 && map.keys().all(|k| k.starts_with('$')) => one(s, "$map", &Raw(map)),
            Value::Map(map) => s.collect_map(map),
            Value::Date(d) => one(s, "$date", &d.to_string()),
            Value::Time(t) => one(s, "$time", &t.to_string()),
            Value::Moment(m) => one(s, "$at", &m.0),
            Value::Duration(d) => one(s, "$for", &d.0),
            Value::Choice { id, label } => one(s, "$choice", &(id, label)),
        }
    }
}

struct Raw<'a>(&'a IndexMap<String, Value>);
impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0)
    }
}

struct RawMap(IndexMap<String, Value>);
impl<'de> Deserialize<'de> for RawMap {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        IndexMap::deserialize(d).map(RawMap)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        Value::deserialize(d)
    }
    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }
    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Number(n as f64))
    }
    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(Value::Number(n as f64))
    }
    fn visit_f64<E>(self, n: f64) -> Result<Value, E> {
        Ok(if n.is_finite() { Value::Number(n) } else { Value::Null })
    }
    fn visit_str<E>(self, t: &str) -> Result<Value, E> {
        Ok(Value::Text(t.to_owned()))
    }
    fn visit_string<E>(self, t: String) -> Result<Value, E> {
        Ok(Value::Text(t))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1_024));
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = IndexMap::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.is_empty() && key.starts_with('$') {
                let special = match key.as_str() {
                    "$map" => Some(Value::Map(access.next_value::<RawMap>()?.0)),
                    "$date" => Some(Value::Date(access.next_value()?)),
                    "$time" => Some(Value::Time(access.next_value()?)),
                    "$at" => Some(Value::Moment(Millis(access.next_value()?))),
                    "$for" => Some(Value::Duration(Span(access.next_value()?))),
                    "$choice" => {
                        let (id, label) = access.next_value()?;
                        Some(Value::Choice { id, label })
                    }
                    _ => None,
                };
                match special {
                    Some(value) => return Ok(value),
                    None => {
                        map.insert(key, access.next_value()?);
                        continue;
                    }
                }
            }
            map.insert(key, access.next_value()?);
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_survives_both_encodings() {
        let map = |pairs: &[(&str, Value)]| Value::Map(pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect());
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Number(499.0),
            Value::Number(-0.5),
            Value::text("₹"),
            Value::List(vec![Value::Number(1.0), Value::Null]),
            map(&[("a", Value::text("b")), ("c", Value::Null)]),
            map(&[("$at", Value::Number(5.0))]),
            map(&[("$x", Value::Number(5.0)), ("y", Value::Null)]),
            Value::Date(jiff::civil::date(2026, 3, 2)),
            Value::Time(jiff::civil::time(10, 30, 0, 0)),
            Value::Moment(Millis(1_795_230_000_123)),
            Value::Duration(Span::days(2)),
            Value::Choice { id: "cod".into(), label: "Cash".into() },
        ];
        for value in values {
            let json = serde_json::to_string(&value).expect("json");
            assert_eq!(serde_json::from_str::<Value>(&json).expect("json"), value, "{json}");
            let packed = rmp_serde::to_vec_named(&value).expect("packed");
            assert_eq!(rmp_serde::from_slice::<Value>(&packed).expect("packed"), value);
        }
    }
}
