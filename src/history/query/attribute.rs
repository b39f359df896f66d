//! How the value of an attribute is kept in `contact_attribute`: as a text always, and as a number where it has a size. Texts
//! compare in the column `text`, sizes in the column `number`.

use crate::domain::value::Value;

/// The two columns of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// What people read: a choice's id, `2026-03-02`, `true`, JSON of a list or map.
    pub text: String,
    /// The number; 1 and 0 of a boolean; milliseconds of a moment (since 1970) or duration, and of a day's beginning in UTC.
    pub number: Option<f64>,
}

/// What is kept of a value; nothing of null.
pub fn stored(value: &Value) -> Option<Stored> {
    let number = match value {
        Value::Null => return None,
        Value::Number(n) => Some(*n),
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        Value::Moment(moment) => Some(moment.0 as f64),
        Value::Duration(span) => Some(span.0 as f64),
        Value::Date(day) => Some(day.duration_since(jiff::civil::date(1970, 1, 1)).as_millis() as f64),
        Value::Text(_) | Value::Choice { .. } | Value::Time(_) | Value::List(_) | Value::Map(_) => None,
    };
    let text = match value.to_json() {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Some(Stored { text, number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{Millis, Span};

    #[test]
    fn each_type_has_its_columns() {
        for (value, text, number) in [
            (Value::text("gold"), "gold", None),
            (Value::Number(1.5), "1.5", Some(1.5)),
            (Value::Number(3.0), "3", Some(3.0)),
            (Value::Bool(true), "true", Some(1.0)),
            (Value::Date(jiff::civil::date(1970, 1, 2)), "1970-01-02", Some(86_400_000.0)),
            (Value::Time(jiff::civil::time(9, 5, 0, 0)), "09:05:00", None),
            (Value::Moment(Millis(1_000)), "1970-01-01T00:00:01Z", Some(1_000.0)),
            (Value::Duration(Span::hours(1)), "1h", Some(3_600_000.0)),
            (Value::List(vec![Value::Number(1.0)]), "[1]", None),
            (Value::Choice { id: "a".into(), label: "A".into() }, "a", None),
        ] {
            assert_eq!(stored(&value), Some(Stored { text: text.to_owned(), number }), "{text}");
        }
        assert_eq!(stored(&Value::Null), None);
    }
}
