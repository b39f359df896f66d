//! Forms that leave, as a body or as a query.

use crate::domain::value::Value;
use url::form_urlencoded;

/// A form that leaves, as a body or as a query.
#[derive(Default)]
pub struct Written {
    text: String,
    names: Vec<&'static str>,
}

impl Written {
    /// A field.
    pub fn add(&mut self, name: &'static str, value: &str) {
        self.bytes(name, value.as_bytes());
    }

    /// A field of bytes that need be no text.
    pub fn bytes(&mut self, name: &'static str, value: &[u8]) {
        self.names.push(name);
        self.push(name, value);
    }

    /// What the flow hands on, except what is written already. A list is the field several times.
    pub fn hand_on(&mut self, fields: Option<&Value>) {
        let Some(Value::Map(fields)) = fields else { return };
        for (name, value) in fields.iter().filter(|(name, _)| !self.names.contains(&name.as_str())) {
            match value {
                Value::Null => {}
                Value::List(values) => values.iter().for_each(|value| push(&mut self.text, name, plain(value).as_bytes())),
                value => push(&mut self.text, name, plain(value).as_bytes()),
            }
        }
    }

    /// `a=1&b=2`.
    pub fn finish(self) -> String {
        self.text
    }

    fn push(&mut self, name: &str, value: &[u8]) {
        push(&mut self.text, name, value);
    }
}

fn push(text: &mut String, name: &str, value: &[u8]) {
    if !text.is_empty() {
        text.push('&');
    }
    text.extend(form_urlencoded::byte_serialize(name.as_bytes()));
    text.push('=');
    text.extend(form_urlencoded::byte_serialize(value));
}

fn plain(value: &Value) -> String {
    match value.to_json() {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_handed_on_and_never_over_our_own() {
        let mut form = Written::default();
        form.add("to", "+44 7");
        form.bytes("text", &[0x26, 0x3a]);
        form.hand_on(Some(&Value::from_json(json!({ "to": "1", "tags": ["a", "b"], "n": 2, "none": null }))));
        assert_eq!(form.finish(), "to=%2B44+7&text=%26%3A&tags=a&tags=b&n=2");
    }
}
