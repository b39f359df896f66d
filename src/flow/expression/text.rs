//! A value in a text. People and other systems read the same: numbers without grouping, dates and moments as in JSON.

use crate::domain::value::Value;
use std::fmt::Write as _;

/// Adds the value to the text; nothing for null.
pub fn write_text(value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => write_number(*n, out),
        Value::Text(t) => out.push_str(t),
        Value::Choice { id, .. } => out.push_str(id),
        Value::List(items) => {
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_text(item, out);
            }
        }
        Value::Map(_) => out.push_str(&value.to_json().to_string()),
        Value::Date(d) => put(out, format_args!("{d}")),
        // Minutes are what people write; seconds only where there are any.
        Value::Time(t) if t.second() == 0 && t.subsec_nanosecond() == 0 => {
            put(out, format_args!("{:02}:{:02}", t.hour(), t.minute()));
        }
        Value::Time(t) => put(out, format_args!("{t}")),
        Value::Moment(m) => out.push_str(&crate::domain::value::rfc3339(*m)),
        Value::Duration(s) => put(out, format_args!("{s}")),
    }
}

/// A number without grouping and without an exponent: `1500`, `-0.5`.
pub(super) fn write_number(n: f64, out: &mut String) {
    if n.fract() == 0.0 && n.abs() < 9.007_199_254_740_992e15 {
        // Also turns -0 into 0.
        put(out, format_args!("{}", n as i64));
    } else {
        put(out, format_args!("{n}"));
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = out.write_fmt(text);
}
