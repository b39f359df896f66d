//! Reading other people's forms.

use super::webhook::{Method, WebhookRequest};
use std::borrow::Cow;
use std::collections::HashMap;
use url::form_urlencoded;

/// The first value of each name.
pub struct Form<'a>(HashMap<Cow<'a, str>, Cow<'a, str>>);

impl<'a> Form<'a> {
    /// Of these bytes; whatever they are, they are some form.
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut map = HashMap::with_capacity(32);
        for (name, value) in form_urlencoded::parse(bytes) {
            map.entry(name).or_insert(value);
        }
        Form(map)
    }

    /// Of a request: its query with `GET`, its body with `POST`; nothing if that is no form.
    pub fn of(request: &WebhookRequest<'a>) -> Option<Self> {
        match request.method {
            Method::Get => Some(Form::read(request.query().as_bytes())),
            Method::Post => is_form(request).then(|| Form::read(request.body)),
        }
    }

    /// The value, also an empty one.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|v| &**v)
    }

    /// The value, if there is something in it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).filter(|v| !v.is_empty())
    }

    /// The same, owned.
    pub fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// Whether the value is `true`.
    pub fn is(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    /// The value as a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.trim().parse().ok().filter(|n: &f64| n.is_finite())
    }
}

/// Whether the body is a form. A POST without a type is one: that is what providers send that do not say.
pub fn is_form(request: &WebhookRequest<'_>) -> bool {
    let kind = request.headers.get("Content-Type").unwrap_or("").split(';').next().unwrap_or("").trim();
    kind.is_empty() || kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
