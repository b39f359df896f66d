//! The fields of a body, taken out one by one; what is left over at the end is unknown.

use crate::http::error::Failure;
use serde_json::{Map, Value as Json};

/// Bytes of a reason.
const REASON: usize = 400;

/// The fields of a body that is a JSON object.
#[derive(Debug)]
pub struct Fields(Map<String, Json>);

impl Fields {
    /// Reads a body; an empty one has no fields.
    pub fn read(body: &[u8]) -> Result<Self, Failure> {
        if body.is_empty() {
            return Ok(Fields(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Json::Object(fields)) => Ok(Fields(fields)),
            Ok(_) => Err(Failure::Malformed("the body is JSON but no object")),
            Err(_) => Err(Failure::Malformed("the body is not JSON")),
        }
    }

    /// Whether one of these is there.
    pub fn has(&self, fields: &[&str]) -> bool {
        fields.iter().any(|field| self.0.get(*field).is_some_and(|value| !value.is_null()))
    }

    /// A field as it is; null is none.
    pub fn take(&mut self, field: &'static str) -> Option<Json> {
        self.0.remove(field).filter(|value| !value.is_null())
    }

    /// A text of 1 to so many bytes that is not only white space.
    pub fn text(&mut self, field: &'static str, bytes: usize) -> Result<Option<String>, Failure> {
        match self.take(field) {
            None => Ok(None),
            Some(Json::String(text)) if !text.trim().is_empty() && text.len() <= bytes => Ok(Some(text)),
            Some(_) => Err(Failure::Invalid { field, reason: format!("is not text of 1 to {bytes} bytes") }),
        }
    }

    /// Why somebody does something, for whoever looks later: `reason`, as one line.
    pub fn reason(&mut self) -> Result<Option<String>, Failure> {
        let reason = self.text("reason", REASON)?;
        Ok(reason.map(|reason| reason.split_whitespace().collect::<Vec<_>>().join(" ")))
    }

    /// The same where it must be there; `what` says what it is.
    pub fn needed(&mut self, field: &'static str, bytes: usize, what: &str) -> Result<String, Failure> {
        self.text(field, bytes)?.ok_or_else(|| Failure::Invalid { field, reason: format!("is missing: {what}") })
    }

    /// A list of texts of 1 to so many bytes each.
    pub fn texts(&mut self, field: &'static str, bytes: usize) -> Result<Option<Vec<String>>, Failure> {
        let wrong = || Failure::Invalid { field, reason: format!("is not a list of texts of 1 to {bytes} bytes") };
        let Some(given) = self.take(field) else { return Ok(None) };
        let Json::Array(items) = given else { return Err(wrong()) };
        let text = |item| match item {
            Json::String(text) if !text.is_empty() && text.len() <= bytes => Ok(text),
            _ => Err(wrong()),
        };
        items.into_iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// All that is left, for a reader of its own.
    pub fn rest(self) -> Map<String, Json> {
        self.0
    }

    /// Nothing may be left.
    pub fn finish(self) -> Result<(), Failure> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(unknown) => {
                let unknown: String = unknown.chars().filter(|c| !c.is_control()).take(40).collect();
                Err(Failure::Invalid { field: "body", reason: format!("`{unknown}` is no field here") })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_out_and_slips_name_theirs() {
        let mut fields = Fields::read(br#"{"name": "a", "list": ["x"], "none": null}"#).expect("an object");
        assert_eq!(fields.text("name", 1), Ok(Some("a".to_owned())));
        assert_eq!(fields.texts("list", 9), Ok(Some(vec!["x".to_owned()])));
        assert_eq!((fields.text("none", 9), fields.text("name", 9)), (Ok(None), Ok(None)));
        assert_eq!(fields.finish(), Ok(()));
        assert_eq!(Fields::read(b"").expect("nothing").finish(), Ok(()));
        let wrong = |body: &str| {
            let mut fields = Fields::read(body.as_bytes()).expect(body);
            let read = fields.needed("name", 3, "what it is called").and_then(|_| fields.texts("list", 3));
            read.and_then(|_| fields.finish()).expect_err(body).field().map(str::to_owned)
        };
        for (body, field) in [
            ("{}", "name"),
            (r#"{"name": ""}"#, "name"),
            (r#"{"name": "four"}"#, "name"),
            (r#"{"name": 7}"#, "name"),
            (r#"{"name": "a", "list": "x"}"#, "list"),
            (r#"{"name": "a", "list": [""]}"#, "list"),
            (r#"{"name": "a", "nmae": "x"}"#, "body"),
        ] {
            assert_eq!(wrong(body).as_deref(), Some(field), "{body}");
        }
        for body in ["[]", "{", "7"] {
            assert!(matches!(Fields::read(body.as_bytes()), Err(Failure::Malformed(_))), "{body}");
        }
    }
}
