//! What a call of a flow's webhook holds: JSON, a form in either encoding, text, or a query. Files of a form are described, not kept.

use crate::domain::limits::EVENT_BODY_BYTES;
use crate::domain::value::Value;
use crate::http::error::Failure;
use actix_multipart::{Field, Multipart};
use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use indexmap::IndexMap;

/// Fields of one form.
const FIELDS: usize = 500;
/// What is answered to XML.
const NO_XML: Failure = Failure::Form("XML is not read here; send JSON or a form");

/// How a body says that it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON, or nothing that is known.
    Json,
    /// `application/x-www-form-urlencoded`
    Urlencoded,
    /// `multipart/form-data`
    Multipart,
    /// `text/plain`
    Text,
    /// XML of any kind.
    Xml,
}

impl Form {
    /// What a `Content-Type` says.
    pub fn of(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => Form::Urlencoded,
            "multipart/form-data" => Form::Multipart,
            "text/plain" => Form::Text,
            kind if kind.ends_with("/xml") || kind.ends_with("+xml") => Form::Xml,
            _ => Form::Json,
        }
    }
}

/// What was sent; without a body the query.
pub async fn read(form: Form, headers: &HeaderMap, body: &[u8], query: &str) -> Result<Value, Failure> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(urlencoded(query.as_bytes()));
    }
    match form {
        Form::Xml => Err(NO_XML),
        // Some senders call everything a form.
        Form::Urlencoded => Ok(json(body).filter(|value| matches!(value, Value::Map(_))).unwrap_or_else(|| urlencoded(body))),
        Form::Multipart => multipart(headers, body).await,
        // And some call JSON a text.
        Form::Text => match json(body).filter(|value| matches!(value, Value::Map(_) | Value::List(_))) {
            Some(value) => Ok(value),
            None => text(body).map(|text| Value::Map([("text".to_owned(), Value::Text(text))].into_iter().collect())),
        },
        Form::Json => match json(body) {
            Some(value) => Ok(value),
            None if body.trim_ascii_start().starts_with(b"<") => Err(NO_XML),
            None => Err(Failure::Malformed("the body is neither JSON nor a form (application/x-www-form-urlencoded)")),
        },
    }
}

fn json(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().map(Value::from_json)
}

fn text(bytes: &[u8]) -> Result<String, Failure> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Failure::Malformed("the text is not UTF-8"))
}

/// A field that comes several times is a list.
fn urlencoded(encoded: &[u8]) -> Value {
    let mut fields = IndexMap::new();
    for (name, value) in url::form_urlencoded::parse(encoded) {
        add(&mut fields, name.into_owned(), Value::text(value.into_owned()));
    }
    Value::Map(fields)
}

fn add(fields: &mut IndexMap<String, Value>, name: String, value: Value) {
    match fields.get_mut(&name) {
        None => drop(fields.insert(name, value)),
        Some(Value::List(values)) => values.push(value),
        Some(first) => *first = Value::List(vec![std::mem::take(first), value]),
    }
}

/// A form in parts. A file is `{name, type, size}`.
async fn multipart(headers: &HeaderMap, body: &[u8]) -> Result<Value, Failure> {
    let bytes = Bytes::copy_from_slice(body);
    let mut parts = Multipart::new(headers, stream::once(async move { Ok(bytes) }));
    let mut fields = IndexMap::new();
    let mut room = EVENT_BODY_BYTES;
    let unreadable = |_| Failure::Malformed("the form's parts cannot be read");
    while let Some(mut part) = parts.try_next().await.map_err(unreadable)? {
        if fields.len() >= FIELDS {
            return Err(Failure::Malformed("the form has more than 500 fields"));
        }
        let Some(name) = part.name().map(str::to_owned) else { continue };
        let file = part.content_disposition().and_then(|about| about.get_filename()).map(str::to_owned);
        let value = match file {
            Some(file) => described(&mut part, file).await?,
            None => Value::Text(field(&mut part, room).await?),
        };
        room = room.saturating_sub(name.len() + value.as_text().map_or(0, str::len));
        add(&mut fields, name, value);
    }
    Ok(Value::Map(fields))
}

async fn field(part: &mut Field, room: usize) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.next().await {
        bytes.extend_from_slice(&chunk.map_err(|_| Failure::Malformed("the form's parts cannot be read"))?);
        if bytes.len() > room {
            return Err(Failure::TooLarge { limit: EVENT_BODY_BYTES });
        }
    }
    text(&bytes)
}

async fn described(part: &mut Field, file: String) -> Result<Value, Failure> {
    let kind = part.content_type().map_or(Value::Null, |kind| Value::text(kind.essence_str()));
    let mut size = 0usize;
    while let Some(chunk) = part.next().await {
        size += chunk.map_err(|_| Failure::Malformed("the form's parts cannot be read"))?.len();
    }
    let fields = [("name", Value::Text(file)), ("type", kind), ("size", Value::Number(size as f64))];
    Ok(Value::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
    use serde_json::json;

    async fn of(kind: &str, body: &str, query: &str) -> Result<serde_json::Value, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).expect("a header"));
        read(Form::of(kind), &headers, body.as_bytes(), query).await.map(|value| value.to_json())
    }

    #[actix_web::test]
    async fn json_forms_texts_and_queries_are_read() {
        let form = "application/x-www-form-urlencoded";
        assert_eq!(of("application/json", r#"{"a": {"b": [1]}}"#, "x=1").await, Ok(json!({"a": {"b": [1]}})));
        assert_eq!(of("", "[1, 2]", "").await, Ok(json!([1, 2])), "any JSON, whatever it is called");
        assert_eq!(of(form, "a=1&b=x+y&b=%C3%A9", "").await, Ok(json!({"a": "1", "b": ["x y", "é"]})));
        assert_eq!(of(form, r#"{"a": 1}"#, "").await, Ok(json!({"a": 1})));
        assert_eq!(of("", " ", "phone=%2B44&n=007").await, Ok(json!({"phone": "+44", "n": "007"})));
        assert_eq!(of("", "", "").await, Ok(json!({})));
        assert_eq!(of("text/plain; charset=utf-8", "a=1", "").await, Ok(json!({"text": "a=1"})));
        assert_eq!(of("text/plain", r#"{"Type": "Notification"}"#, "").await, Ok(json!({"Type": "Notification"})));
        for wrong in ["{", "a=1"] {
            assert!(matches!(of("application/json", wrong, "").await, Err(Failure::Malformed(_))), "{wrong}");
        }
        for kind in ["application/xml", "text/xml; charset=utf-8", "application/soap+xml", ""] {
            assert_eq!(of(kind, "<a/>", "").await, Err(NO_XML), "{kind}");
        }
    }

    #[actix_web::test]
    async fn a_form_in_parts_gives_its_fields_and_says_what_its_files_are() {
        let part = |about: &str, body: &str| format!("--b\r\nContent-Disposition: form-data; {about}\r\n\r\n{body}\r\n");
        let file = "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n12345\r\n";
        let body = format!("{}{}{}{file}--b--\r\n", part("name=\"a\"", "1"), part("name=\"b\"", "x"), part("name=\"b\"", "é"));
        let kind = "multipart/form-data; boundary=b";
        let photo = json!({"name": "a.png", "type": "image/png", "size": 5});
        assert_eq!(of(kind, &body, "").await, Ok(json!({"a": "1", "b": ["x", "é"], "photo": photo})));
        let long = |bytes: usize| format!("{}--b--\r\n", part("name=\"a\"", &"x".repeat(bytes)));
        assert!(of(kind, &long(EVENT_BODY_BYTES), "").await.is_ok());
        assert_eq!(of(kind, &long(EVENT_BODY_BYTES + 1), "").await, Err(Failure::TooLarge { limit: EVENT_BODY_BYTES }));
        assert!(matches!(of(kind, "--b\r\nnonsense", "").await, Err(Failure::Malformed(_))));
        assert!(matches!(of("multipart/form-data", &body, "").await, Err(Failure::Malformed(_))), "no boundary");
    }
}
