//! `X-Plivo-Signature-V3`: an HMAC over the URL, the form and a nonce. The main account's token signs under a header of its own.
//! There is no time in it: repeats are recognised by the message id.

use crate::config::providers::plivo::PlivoSettings;
use crate::config::secret::Secret;
use crate::provider::form::is_form;
use crate::provider::proof::{Hash, hmac_is};
use crate::provider::webhook::{Method, Refused, WebhookRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use url::form_urlencoded;

/// The headers of the third generation: of the account that sent, and of its main account. Reports differ about which of them
/// messages have; both are read, and every token is tried on both.
const V3: [&str; 2] = ["X-Plivo-Signature-V3", "X-Plivo-Signature-Ma-V3"];
const V3_NONCE: &str = "X-Plivo-Signature-V3-Nonce";
/// The same of the second generation.
const V2: [&str; 2] = ["X-Plivo-Signature-V2", "X-Plivo-Signature-Ma-V2"];
const V2_NONCE: &str = "X-Plivo-Signature-V2-Nonce";
/// Signatures that are looked at: one for each token that is valid at one time.
const SIGNATURES: usize = 8;

/// Whether Plivo signed this request with a token of this channel.
pub fn verify(settings: &PlivoSettings, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    let v3 = signatures(request, V3);
    if !v3.is_empty() {
        let nonce = header(request, V3_NONCE).ok_or(Refused::Unsigned)?;
        let signed = signed(request)?;
        return check(settings, &v3, &[signed.as_str(), ".", nonce]);
    }
    let v2 = signatures(request, V2);
    if v2.is_empty() {
        return Err(Refused::Unsigned);
    }
    if !settings.accept_v2 {
        return Err(Refused::UnknownKey);
    }
    let nonce = header(request, V2_NONCE).ok_or(Refused::Unsigned)?;
    check(settings, &v2, &[bare(request.url), nonce])
}

fn header<'a>(request: &WebhookRequest<'a>, name: &'static str) -> Option<&'a str> {
    let headers: &'a dyn crate::provider::webhook::Headers = request.headers;
    headers.get(name).filter(|value| !value.is_empty())
}

/// All signatures under these headers; each may hold several with commas between them.
fn signatures<'a>(request: &WebhookRequest<'a>, names: [&'static str; 2]) -> Vec<&'a str> {
    let lists = names.into_iter().filter_map(|name| header(request, name));
    lists.flat_map(|list| list.split(',')).map(str::trim).take(SIGNATURES).collect()
}

fn check(settings: &PlivoSettings, given: &[&str], signed: &[&str]) -> Result<(), Refused> {
    let tokens = std::iter::once(&settings.auth_token).chain(&settings.second_auth_token);
    let tokens: Vec<&Secret> = tokens.filter(|token| !token.is_empty()).collect();
    if tokens.is_empty() {
        return Err(Refused::NoSecret);
    }
    let parts: Vec<&[u8]> = signed.iter().map(|part| part.as_bytes()).collect();
    let mut given = given.iter().filter_map(|signature| STANDARD.decode(signature).ok());
    let believed = given.any(|mac| tokens.iter().any(|token| hmac_is(Hash::Sha256, token.expose().as_bytes(), &parts, &mac)));
    if believed { Ok(()) } else { Err(Refused::Forged) }
}

/// The URL without query and fragment.
fn bare(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Decoded pairs in the order in which they are signed.
fn pairs(bytes: &[u8]) -> Vec<Pair<'_>> {
    let mut pairs: Vec<Pair<'_>> = form_urlencoded::parse(bytes).collect();
    pairs.sort_unstable();
    pairs
}

/// What is signed, without the nonce: the URL, `?`, the query in the order of its names, and of a form a point and every name and value
/// in the order of the names. Whatever is in the body must be covered, else the request is refused.
fn signed(request: &WebhookRequest<'_>) -> Result<String, Refused> {
    let form = match request.method {
        Method::Get => Vec::new(),
        Method::Post if request.body.is_empty() => Vec::new(),
        Method::Post if is_form(request) => pairs(request.body),
        Method::Post => return Err(Refused::Forged),
    };
    let query = pairs(request.query().as_bytes());
    let mut out = bare(request.url).to_owned();
    if !query.is_empty() || !form.is_empty() {
        out.push('?');
    }
    for (index, (name, value)) in query.iter().enumerate() {
        if index > 0 {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
    if !query.is_empty() && !form.is_empty() {
        out.push('.');
    }
    for (name, value) in &form {
        out.push_str(name);
        out.push_str(value);
    }
    Ok(out)
}
