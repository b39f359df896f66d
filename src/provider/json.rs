//! Reading other people's JSON: nothing is required to have a type, and no error repeats the content.

use super::webhook::Malformed;
use crate::domain::time::Millis;
use crate::domain::value::Value as OurValue;
use serde_json::{Map, Value};

/// A body that must be a JSON object.
pub fn object(body: &[u8]) -> Result<Value, Malformed> {
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Malformed("the body is JSON but no object")),
        Err(_) => Err(Malformed("the body is not JSON")),
    }
}

/// A non-empty text.
pub fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|t| !t.is_empty())
}

/// A text, owned.
pub fn owned(value: &Value, key: &str) -> Option<String> {
    text(value, key).map(str::to_owned)
}

/// A list; empty if it is none.
pub fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What lies under a key; nothing of it can be read if it is no object.
pub fn object_of<'a>(value: &'a Value, key: &str) -> &'a Value {
    static NOTHING: Value = Value::Null;
    value.get(key).unwrap_or(&NOTHING)
}

/// A number, also one that was written as text.
pub fn number(value: &Value, key: &str) -> Option<f64> {
    let found = value.get(key)?;
    found.as_f64().or_else(|| found.as_str()?.trim().parse().ok()).filter(|n| n.is_finite())
}

/// A code that some write as a number and some as text.
pub fn code(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::Number(n) => Some(n.to_string()),
        Value::String(s) if !s.is_empty() => Some(s.clone()),
        _ => None,
    }
}

/// A moment in seconds or milliseconds since 1970, as number or text. What is larger than the year 5138 in seconds is milliseconds.
pub fn moment(value: &Value, key: &str) -> Option<Millis> {
    let found = value.get(key)?;
    let n = found.as_i64().or_else(|| found.as_str()?.trim().parse().ok())?;
    match n {
        1..100_000_000_000 => Some(Millis(n * 1_000)),
        100_000_000_000..100_000_000_000_000 => Some(Millis(n)),
        _ => None,
    }
}

/// A moment as text of ISO 8601 with an offset: `2026-11-21T03:00:00Z`.
pub fn instant(value: &Value, key: &str) -> Option<Millis> {
    iso(text(value, key)?)
}

/// The same, of a text. Some write the offset as `+0000`, which jiff takes only with a colon.
pub fn iso(text: &str) -> Option<Millis> {
    let text = text.trim();
    let parse = |text: &str| text.parse::<jiff::Timestamp>().ok().map(|at| Millis(at.as_millisecond()));
    parse(text).or_else(|| {
        let (moment, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
        let is_offset = offset.starts_with(['+', '-']) && offset[1..].bytes().all(|b| b.is_ascii_digit());
        is_offset.then(|| parse(&format!("{moment}{}:{}", &offset[..3], &offset[3..])))?
    })
}

/// Adds to a body that leaves what the flow hands on, deep inside of what is written already, and never over it.
pub fn hand_on(body: &mut Map<String, Value>, fields: Option<&OurValue>) {
    fn add(body: &mut Map<String, Value>, fields: Map<String, Value>) {
        for (name, value) in fields {
            match (body.get_mut(&name), value) {
                (Some(Value::Object(inner)), Value::Object(fields)) => add(inner, fields),
                (Some(_), _) => {}
                (None, value) => drop(body.insert(name, value)),
            }
        }
    }
    if let Some(Value::Object(fields)) = fields.map(OurValue::to_json) {
        add(body, fields);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn moments_of_iso_8601_have_an_offset() {
        for text in [
            "2026-11-21T03:00:00Z",
            "2026-11-21T03:00:00.000Z",
            "2026-11-21T04:00:00+01:00",
            "2026-11-21T03:00:00+00:00",
            "2026-11-21T03:00:00.000+0000",
        ] {
            assert_eq!(iso(text), Some(Millis(1_795_230_000_000)), "{text}");
        }
        for text in ["2026-11-21T03:00:00", "2026-11-21", "soon", ""] {
            assert_eq!(iso(text), None, "{text}");
        }
    }

    #[test]
    fn moments_come_in_seconds_and_milliseconds_as_numbers_and_texts() {
        let of = |v: Value| moment(&json!({ "t": v }), "t");
        assert_eq!(of(json!("1795229990")), Some(Millis(1_795_229_990_000)));
        assert_eq!(of(json!(1_795_229_990)), Some(Millis(1_795_229_990_000)));
        assert_eq!(of(json!("1795229990123")), Some(Millis(1_795_229_990_123)));
        for bad in [json!("soon"), json!(-5), json!("0"), json!(i64::MAX), json!(null), json!(1.5)] {
            assert_eq!(of(bad.clone()), None, "{bad}");
        }
    }

    #[test]
    fn errors_never_repeat_the_content() {
        assert_eq!(object(b"{\"from\":").unwrap_err(), Malformed("the body is not JSON"));
        assert_eq!(object(b"[1]").unwrap_err(), Malformed("the body is JSON but no object"));
    }
}
