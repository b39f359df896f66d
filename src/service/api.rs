//! What a flow's call becomes at an `[api.X]` entry, and what its answer becomes for the run. Pure.

use super::ports::{HttpAnswer, HttpCall, HttpFailure, Reach};
use crate::config::api::ApiSettings;
use crate::config::fence;
use crate::domain::codec;
use crate::domain::id::EffectId;
use crate::domain::input::{CallOutcome, CallResult, Input};
use crate::domain::limits;
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::engine::effect::Call;
use bytes::Bytes;
use std::borrow::Cow;
use std::time::Duration;
use url::Url;

/// A call as a flow decided it.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// `GET` and so on, in capitals.
    pub method: &'a str,
    /// Beginning with `/`, percent-encoded, without the query.
    pub path: &'a str,
    /// Names and values, not yet encoded.
    pub query: &'a [(String, String)],
    /// Headers that the flow adds.
    pub headers: &'a [(String, String)],
    /// `Content-Type` and body.
    pub body: Option<(&'static str, &'a [u8])>,
}

impl<'a> Wanted<'a> {
    /// What a flow decided.
    pub fn of(call: &'a Call) -> Self {
        let body = call.body.as_ref().map(|body| body.on_the_wire());
        Wanted { method: &call.method, path: &call.path, query: &call.query, headers: &call.headers, body }
    }
}

/// The request of a call, or why it may not be made.
pub fn request(api: &ApiSettings, wanted: &Wanted<'_>, effect: EffectId, timeout: Duration) -> Result<HttpCall, &'static str> {
    const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let method = METHODS.into_iter().find(|m| *m == wanted.method).ok_or("not a method")?;
    if !api.methods.is_empty() && !api.methods.iter().any(|m| m.eq_ignore_ascii_case(method)) {
        return Err("the api does not allow this method");
    }
    let url = address(api, wanted)?;
    let mut headers: Vec<(Cow<'static, str>, String)> = vec![("Idempotency-Key".into(), effect.to_string())];
    let ours = |name: &str| api.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    for (name, value) in wanted.headers {
        // A flow adds headers; it never replaces those that the project or the service sets.
        let fixed = ["host", "content-length", "transfer-encoding", "connection", "idempotency-key", "content-type"];
        if !ours(name) && !fixed.iter().any(|f| name.eq_ignore_ascii_case(f)) {
            headers.push((Cow::Owned(name.clone()), value.clone()));
        }
    }
    headers.extend(api.headers.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.expose().to_owned())));
    let body = wanted.body.map_or_else(Bytes::new, |(kind, body)| {
        headers.push(("Content-Type".into(), kind.to_owned()));
        Bytes::copy_from_slice(body)
    });
    let reach = if api.allow_private { Reach::Anywhere } else { Reach::PublicOnly };
    Ok(HttpCall { method, url: url.into(), headers, body, timeout, max_answer: limits::CALL_BODY_BYTES, reach })
}

/// The URL, judged after it was normalised: `..` in any spelling leads nowhere that is not allowed.
fn address(api: &ApiSettings, wanted: &Wanted<'_>) -> Result<Url, &'static str> {
    if !wanted.path.starts_with('/') || wanted.path.contains(['?', '#', '\\']) {
        return Err("not a path");
    }
    let base = Url::parse(&api.base_url).map_err(|_| "the api has no valid base_url")?;
    let mut url = Url::parse(&format!("{}{}", api.base_url.trim_end_matches('/'), wanted.path)).map_err(|_| "not a path")?;
    if url.origin() != base.origin() || !url.username().is_empty() || url.password().is_some() {
        return Err("the path leads to another host");
    }
    let inside = url.path().strip_prefix(base.path().trim_end_matches('/')).filter(|p| p.starts_with('/'));
    let inside = inside.filter(|inside| !fence::leads_out(inside)).ok_or("the path leads out of the api")?;
    if !api.paths.is_empty() && !api.paths.iter().any(|prefix| inside.starts_with(prefix.as_str())) {
        return Err("the api does not allow this path");
    }
    if !wanted.query.is_empty() {
        url.query_pairs_mut().extend_pairs(wanted.query);
    }
    Ok(url)
}

/// Whether the same call may succeed when it is made again: no answer, 429, 5xx. An answer that is too large stays so, and
/// what is not allowed does too.
pub fn may_pass_later(ended: &Result<HttpAnswer, HttpFailure>) -> bool {
    match ended {
        Ok(answer) => answer.status == 429 || answer.status >= 500,
        Err(HttpFailure::TooLarge { .. } | HttpFailure::NotAllowed | HttpFailure::Invalid) => false,
        Err(_) => true,
    }
}

/// What `Retry-After` asks for.
pub fn asked_pause(ended: &Result<HttpAnswer, HttpFailure>, now: Millis) -> Option<Span> {
    let answer = ended.as_ref().ok()?;
    super::retry::asked_pause(crate::provider::Headers::get(answer, "retry-after")?, now)
}

/// The word of a metric's label.
pub fn word(ended: &Result<HttpAnswer, HttpFailure>) -> &'static str {
    match ended {
        Ok(answer) => class(answer.status),
        Err(failure) => failure.word(),
    }
}

/// The same of a status alone.
pub fn class(status: u16) -> &'static str {
    match status {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// What the run hears.
pub fn outcome(ended: Result<HttpAnswer, HttpFailure>) -> CallOutcome {
    match ended {
        Ok(answer) => CallOutcome::Answered { status: answer.status, body: read(&answer.body) },
        Err(failure) => CallOutcome::Failed { why: failure.word().to_owned() },
    }
}

/// The input of a call's end. A body that grows when it is stored and then does not fit is `too_large`.
pub fn result(effect: EffectId, outcome: CallOutcome, attempts: u8, took: Span) -> Bytes {
    let encode = |outcome| codec::encode(&Input::CallResult(Box::new(CallResult { effect, outcome, attempts, took: took.0 })));
    let encoded = encode(outcome);
    if encoded.len() <= limits::INPUT_BYTES {
        return Bytes::from(encoded);
    }
    Bytes::from(encode(CallOutcome::Failed { why: "too_large".to_owned() }))
}

/// JSON if it is JSON, else text, nothing if empty.
fn read(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    match serde_json::from_slice(body) {
        Ok(json) => Value::from_json(json),
        Err(_) => Value::Text(String::from_utf8_lossy(body).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;
    use crate::domain::id::Token;
    use crate::domain::name::Slug;

    fn api(paths: &[&str]) -> ApiSettings {
        ApiSettings {
            name: Slug::parse("shop").expect("a slug"),
            base_url: "https://shop.example/api".to_owned(),
            headers: vec![("Authorization".to_owned(), Secret::new("Bearer x"))],
            methods: vec!["get".to_owned(), "post".to_owned()],
            paths: paths.iter().map(|p| (*p).to_owned()).collect(),
            allow_private: false,
            timeout: Span::seconds(10),
            circuit: crate::config::api::CircuitSettings::default(),
            test: None,
        }
    }

    fn wanted<'a>(method: &'a str, path: &'a str) -> Wanted<'a> {
        Wanted { method, path, query: &[], headers: &[], body: None }
    }

    fn url(api: &ApiSettings, path: &str) -> Result<String, &'static str> {
        request(api, &wanted("GET", path), Token(1).effect(0), Duration::from_secs(1)).map(|call| call.url)
    }

    #[test]
    fn a_path_stays_inside_what_is_allowed() {
        let shop = api(&["/orders/"]);
        assert_eq!(url(&shop, "/orders/7"), Ok("https://shop.example/api/orders/7".to_owned()));
        assert_eq!(url(&shop, "/orders/a%2Fb"), Ok("https://shop.example/api/orders/a%2Fb".to_owned()), "an id with a slash");
        for path in [
            "/admin",
            "/orders",
            "/orders/../admin",
            "/orders/%2e%2e/admin",
            "/orders/..%2fadmin",
            "/orders/%2e%2e%2fadmin",
            "/orders/a%2f..%2f..%2fadmin",
            "/orders/..%255cadmin",
            "/orders/..\\admin",
            "/orders/../../secret",
            "orders/7",
            "@evil.example/",
            "//evil.example/orders/",
            "/orders/7?x=1",
        ] {
            assert!(url(&shop, path).is_err(), "{path}: {:?}", url(&shop, path));
        }
        assert!(url(&api(&[]), "/../outside").is_err());
        assert_eq!(url(&api(&[]), "/any"), Ok("https://shop.example/api/any".to_owned()));
    }

    #[test]
    fn credentials_and_the_key_cannot_be_replaced_by_a_flow() {
        let headers = [("authorization".to_owned(), "mine".to_owned()), ("Idempotency-Key".to_owned(), "1".to_owned())];
        let query = [("q".to_owned(), "a b&c".to_owned())];
        let wanted = Wanted { headers: &headers, query: &query, body: Some(("application/json", b"{}")), ..wanted("POST", "/x") };
        let effect = Token(1).effect(0);
        let call = request(&api(&[]), &wanted, effect, Duration::from_secs(1)).expect("allowed");
        let of = |name: &str| call.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).collect::<Vec<_>>();
        assert_eq!(of("authorization"), [&("Authorization".into(), "Bearer x".to_owned())]);
        assert_eq!(of("idempotency-key"), [&("Idempotency-Key".into(), effect.to_string())]);
        assert_eq!(call.url, "https://shop.example/api/x?q=a+b%26c");
        assert_eq!((call.reach, call.max_answer), (Reach::PublicOnly, limits::CALL_BODY_BYTES));
        assert!(request(&api(&[]), &Wanted { method: "DELETE", ..wanted }, effect, Duration::from_secs(1)).is_err());
    }

    #[test]
    fn a_result_always_fits_into_a_mailbox() {
        let effect = Token(1).effect(0);
        let many: Vec<f64> = (0..20_000).map(|n| f64::from(n) + 0.5).collect();
        let body = Value::List(many.into_iter().map(Value::Number).collect());
        let small = result(effect, CallOutcome::Answered { status: 200, body }, 1, Span::millis(5));
        assert!(small.len() <= limits::INPUT_BYTES);
        let Ok(Input::CallResult(read)) = codec::decode::<Input>(&small) else { panic!("a result") };
        assert_eq!(read.outcome, CallOutcome::Failed { why: "too_large".into() });
    }

    #[test]
    fn bodies_are_json_or_text() {
        assert_eq!(read(b""), Value::Null);
        assert_eq!(read(b"7"), Value::Number(7.0));
        assert_eq!(read(b"\xffok"), Value::text("\u{fffd}ok"));
    }
}
