//! What the data of an event must look like, as far as a project declares it. What is not declared is kept as it comes.

use super::phone::parse_phone;
use super::time::Span;
use super::value::{Type, Value};
use indexmap::IndexMap;

/// A declared field, or an event's data as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its type.
    pub kind: Type,
    /// Whether it must be there and not null.
    pub required: bool,
    /// The fields of a map that are declared; others are kept.
    pub fields: IndexMap<String, Shape>,
    /// What each item of a list must be.
    pub of: Option<Box<Shape>>,
}

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where: `data.items[2].price`.
    pub at: String,
    /// What is wrong there, for whoever sent it. Holds nothing of what was sent.
    pub reason: String,
}

impl Shape {
    /// A field of this type that may be missing.
    pub fn of(kind: Type) -> Self {
        Shape { kind, required: false, fields: IndexMap::new(), of: None }
    }

    /// A map with these fields.
    pub fn map(fields: IndexMap<String, Shape>) -> Self {
        Shape { fields, ..Shape::of(Type::Map) }
    }

    /// Looks at a value that stands at `at`. `country` is for phone numbers without `+`.
    pub fn check(&self, value: &Value, at: &str, country: Option<&str>) -> Result<(), Misfit> {
        if *value == Value::Null {
            return match self.required {
                true => Err(Misfit { at: at.to_owned(), reason: "is missing".to_owned() }),
                false => Ok(()),
            };
        }
        if let Err(reason) = fits(self.kind, value, country) {
            return Err(Misfit { at: at.to_owned(), reason });
        }
        match value {
            Value::Map(map) => self.fields.iter().try_for_each(|(name, field)| {
                field.check(map.get(name).unwrap_or(&Value::Null), &format!("{at}.{name}"), country)
            }),
            Value::List(items) => match &self.of {
                Some(of) => items.iter().enumerate().try_for_each(|(i, item)| of.check(item, &format!("{at}[{i}]"), country)),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// Whether a value from JSON is of a type; else what it must be.
fn fits(kind: Type, value: &Value, country: Option<&str>) -> Result<(), String> {
    let text = |form: &str, readable: &dyn Fn(&str) -> bool| match value {
        Value::Text(text) if readable(text.trim()) => Ok(()),
        _ => Err(format!("must be {form}")),
    };
    let is = |right: bool, form: &str| if right { Ok(()) } else { Err(format!("must be {form}")) };
    match kind {
        Type::Any => Ok(()),
        Type::Text => is(matches!(value, Value::Text(_)), "text"),
        Type::Number => is(matches!(value, Value::Number(_)), "a number"),
        Type::Boolean => is(matches!(value, Value::Bool(_)), "true or false"),
        Type::List => is(matches!(value, Value::List(_)), "a list"),
        Type::Map => is(matches!(value, Value::Map(_)), "an object"),
        Type::Date => text("a date such as 2026-11-21", &|text| text.parse::<jiff::civil::Date>().is_ok()),
        Type::Time => text("a time such as 17:30", &|text| text.parse::<jiff::civil::Time>().is_ok()),
        Type::Moment => text("a moment such as 2026-11-21T17:30:00Z", &|text| text.parse::<jiff::Timestamp>().is_ok()),
        Type::Duration => text("a duration such as 1h30m", &|text| Span::parse(text).is_some()),
        Type::Phone => text("a phone number such as +447700900123", &|text| parse_phone(text, country).is_ok()),
        Type::Email => text("an email address", &is_email),
    }
}

/// Whether a text is an email address that mail can be sent to.
pub fn is_email(text: &str) -> bool {
    !text.contains(char::is_whitespace) && super::mail::personal_email(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn required(kind: Type) -> Shape {
        Shape { required: true, ..Shape::of(kind) }
    }

    #[test]
    fn a_misfit_is_named_by_its_place_and_what_is_not_declared_is_kept() {
        let item = Shape::map([("price".to_owned(), required(Type::Number))].into_iter().collect());
        let items = Shape { of: Some(Box::new(item)), ..Shape::of(Type::List) };
        let customer = Shape::map([("phone".to_owned(), required(Type::Phone))].into_iter().collect());
        let fields = [("id".to_owned(), required(Type::Text)), ("items".to_owned(), items), ("customer".to_owned(), customer)];
        let shape = Shape::map(fields.into_iter().collect());
        let check =
            |value: serde_json::Value| shape.check(&Value::from_json(value), "data", Some("GB")).map_err(|m| (m.at, m.reason));
        assert_eq!(check(json!({"id": "a", "other": [1], "items": [], "customer": null})), Ok(()));
        assert_eq!(check(json!({"id": "a", "customer": {"phone": "07700 900123", "x": 1}})), Ok(()));
        let wrong = |at: &str, reason: &str| Err((at.to_owned(), reason.to_owned()));
        assert_eq!(check(json!({})), wrong("data.id", "is missing"));
        assert_eq!(check(json!({"id": 7})), wrong("data.id", "must be text"));
        let items = json!({"id": "a", "items": [{"price": 1}, {"price": 2.5, "x": 1}, {"price": "3"}]});
        assert_eq!(check(items), wrong("data.items[2].price", "must be a number"));
        assert_eq!(check(json!({"id": "a", "items": [{}]})), wrong("data.items[0].price", "is missing"));
        let phone = "must be a phone number such as +447700900123";
        assert_eq!(check(json!({"id": "a", "customer": {"phone": "call me"}})), wrong("data.customer.phone", phone));
    }

    #[test]
    fn each_type_takes_its_own_and_nothing_else() {
        let good = [
            (Type::Text, json!("x")),
            (Type::Number, json!(1.5)),
            (Type::Boolean, json!(false)),
            (Type::Date, json!("2026-02-28")),
            (Type::Time, json!("17:30")),
            (Type::Moment, json!("2026-02-28T10:00:00+01:00")),
            (Type::Duration, json!("1h30m")),
            (Type::Phone, json!("+44 7700 900123")),
            (Type::Email, json!("a@b.example")),
            (Type::Email, json!("ann@m\u{fc}nchen.example")),
            (Type::List, json!([])),
            (Type::Map, json!({})),
            (Type::Any, json!([1])),
        ];
        for (kind, value) in &good {
            let value = Value::from_json(value.clone());
            assert_eq!(fits(*kind, &value, None), Ok(()), "{kind}");
        }
        for (kind, value) in [
            (Type::Text, json!(1)),
            (Type::Number, json!("1")),
            (Type::Boolean, json!("true")),
            (Type::Date, json!("2026-02-30")),
            (Type::Time, json!("25:00")),
            (Type::Moment, json!("2026-02-28")),
            (Type::Duration, json!("soon")),
            (Type::Phone, json!("07700 900123")),
            (Type::Email, json!("a@b")),
            (Type::List, json!({})),
            (Type::Map, json!([])),
        ] {
            assert!(fits(kind, &Value::from_json(value), None).is_err(), "{kind}");
        }
    }
}
