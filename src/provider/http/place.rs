//! Finding things in what a gateway wrote: by a path in JSON (`messages.0.from`), a name in a form or a query, the path of an element
//! in XML (`//head/from`).

use crate::domain::time::Millis;
use crate::provider::form::{Form, is_form};
use crate::provider::webhook::{Headers, Malformed, Method, WebhookRequest};
use crate::provider::xml;
use serde_json::Value;

/// What a gateway wrote.
pub enum Written<'a> {
    /// A form or a query.
    Form(Form<'a>),
    /// JSON.
    Json(Value),
    /// XML that can be read.
    Xml(&'a [u8]),
    /// Something else: nothing is found in it.
    Text,
}

impl<'a> Written<'a> {
    /// By the type that it says, or else by how it begins.
    pub fn of(body: &'a [u8], kind: &str) -> Result<Self, Malformed> {
        let kind = kind.to_ascii_lowercase();
        let begins = body.iter().find(|b| !b.is_ascii_whitespace());
        if kind.contains("json") || (!kind.contains("xml") && matches!(begins, Some(b'{' | b'['))) {
            return serde_json::from_slice(body).map(Written::Json).map_err(|_| Malformed("the body is not JSON"));
        }
        if kind.contains("xml") || matches!(begins, Some(b'<')) {
            xml::text(body, "")?;
            return Ok(Written::Xml(body));
        }
        Ok(Written::Text)
    }

    /// The texts at the first of these places where there is any; `item` is the part of a list that is being read.
    fn all(&self, places: &[String], item: Option<&Value>) -> Vec<String> {
        let at = |place: &String| match self {
            Written::Form(form) => form.owned(place).into_iter().collect(),
            Written::Json(body) => {
                let found = item.and_then(|item| path(item, place)).or_else(|| path(body, place));
                found.map(texts).unwrap_or_default()
            }
            Written::Xml(body) => xml::text(body, place).ok().flatten().into_iter().collect(),
            Written::Text => Vec::new(),
        };
        let found = places.iter().map(at).find(|found: &Vec<String>| found.iter().any(|text| !text.is_empty()));
        found.unwrap_or_default()
    }
}

/// A request with its query beside it, where the query is proven.
pub struct Posted<'a> {
    body: Written<'a>,
    query: Written<'a>,
}

impl<'a> Posted<'a> {
    /// Reads it. Nothing of a query counts that anybody may have put behind a signed body.
    pub fn of(request: &WebhookRequest<'a>, query_counts: bool) -> Result<Self, Malformed> {
        let query = if query_counts { Written::Form(Form::read(request.query().as_bytes())) } else { Written::Text };
        let kind = request.headers.get("content-type").unwrap_or("");
        let body = match request.method {
            Method::Get => Written::Text,
            Method::Post if request.body.is_empty() => Written::Text,
            Method::Post => match Written::of(request.body, kind)? {
                Written::Text if is_form(request) => Written::Form(Form::read(request.body)),
                other => other,
            },
        };
        Ok(Posted { body, query })
    }

    /// What is written in another body.
    pub fn answer(body: &'a [u8], kind: &str) -> Self {
        Posted { body: Written::of(body, kind).unwrap_or(Written::Text), query: Written::Text }
    }

    /// The parts of the list at this place; one part that is everything if there is none.
    pub fn items(&self, list: Option<&str>) -> Vec<Option<&Value>> {
        match (&self.body, list) {
            (Written::Json(body), Some(place)) => match path(body, place) {
                Some(Value::Array(all)) => all.iter().map(Some).collect(),
                _ => vec![None],
            },
            // An array without a name is a list of what is being looked for.
            (Written::Json(Value::Array(all)), None) => all.iter().map(Some).collect(),
            _ => vec![None],
        }
    }

    /// The texts at the first of these places.
    pub fn all(&self, places: &[String], item: Option<&Value>) -> Vec<String> {
        let found = self.body.all(places, item);
        if found.is_empty() { self.query.all(places, None) } else { found }
    }

    /// The first text there.
    pub fn text(&self, places: &[String], item: Option<&Value>) -> Option<String> {
        self.all(places, item).into_iter().find(|text| !text.is_empty())
    }

    /// A moment there: seconds or milliseconds since 1970, or as RFC 3339 writes it.
    pub fn moment(&self, places: &[String], item: Option<&Value>) -> Option<Millis> {
        let text = self.text(places, item)?;
        match text.trim().parse::<i64>() {
            Ok(n @ 1..100_000_000_000) => Some(Millis(n * 1_000)),
            Ok(n @ 100_000_000_000..100_000_000_000_000) => Some(Millis(n)),
            Ok(_) => None,
            Err(_) => text.trim().parse::<jiff::Timestamp>().ok().map(|at| Millis(at.as_millisecond())),
        }
    }
}

/// What lies at `a.b.0.c`.
fn path<'v>(value: &'v Value, place: &str) -> Option<&'v Value> {
    place.split('.').try_fold(value, |value, step| match value {
        Value::Object(map) => map.get(step),
        Value::Array(list) => list.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// A value as texts: a list of them is many.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Bool(yes) => vec![yes.to_string()],
        Value::Array(all) => all.iter().filter(|v| !v.is_array()).flat_map(texts).collect(),
        Value::Object(map) => map.get("url").and_then(Value::as_str).map(str::to_owned).into_iter().collect(),
        Value::Null => Vec::new(),
    }
}

/// The type of an answer's body.
pub fn kind(headers: &dyn Headers) -> &str {
    headers.get("content-type").unwrap_or("")
}
