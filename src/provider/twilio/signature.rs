//! `X-Twilio-Signature`: an HMAC over the URL and, for forms, every name and value. JSON bodies are covered by a hash in the URL.
//! There is no time in it: repeats are recognised by the message id.

use crate::config::channel::TwilioSettings;
use crate::config::secret::Secret;
use crate::provider::form::is_form;
use crate::provider::webhook::{Method, Refused, WebhookRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use subtle::ConstantTimeEq;
use url::form_urlencoded;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Sha1,
    Sha256,
}

/// Whether Twilio signed this request with a secret of this channel.
pub fn verify(settings: &TwilioSettings, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    let given = request.headers.get("X-Twilio-Signature").filter(|s| !s.is_empty()).ok_or(Refused::Unsigned)?;
    let given = STANDARD.decode(given).map_err(|_| Refused::Forged)?;
    let (algorithm, secrets) = keys(settings, request)?;
    let pairs = signed_pairs(request)?;
    for url in url_forms(request.url) {
        for secret in &secrets {
            if matches(algorithm, secret, &url, &pairs, &given) {
                return Ok(());
            }
        }
    }
    Err(Refused::Forged)
}

/// The algorithm that the request names and the secrets that may have signed it.
fn keys<'a>(settings: &'a TwilioSettings, request: &WebhookRequest<'_>) -> Result<(Algorithm, Vec<&'a Secret>), Refused> {
    let (mut algorithm, mut key) = (None, None);
    let header = request.headers.get("X-Twilio-Webhooks-Signature-Settings").unwrap_or("");
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("algorithm", value)) => algorithm = Some(value.trim()),
            Some(("key", value)) => key = Some(value.trim()),
            _ => {}
        }
    }
    let tokens = || std::iter::once(&settings.auth_token).chain(&settings.second_auth_token);
    let secrets: Vec<&Secret> = match (algorithm, key) {
        // Without an algorithm the header only informs: the auth token has signed, as ever.
        (None, _) | (Some(_), None) => tokens().collect(),
        (Some(_), Some(id)) => {
            let found: Vec<&Secret> = settings.signing_keys.iter().filter(|k| k.id == id).map(|k| &k.secret).collect();
            if found.is_empty() {
                return Err(Refused::UnknownKey);
            }
            found
        }
    };
    let algorithm = match algorithm {
        None | Some("HMAC_SHA1") => Algorithm::Sha1,
        Some("HMAC_SHA256") => Algorithm::Sha256,
        Some(_) => return Err(Refused::UnknownKey),
    };
    let secrets: Vec<&Secret> = secrets.into_iter().filter(|s| !s.is_empty()).collect();
    if secrets.is_empty() { Err(Refused::NoSecret) } else { Ok((algorithm, secrets)) }
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The decoded form in the order in which it is signed: names sorted, values of one name sorted and without repeats. Whatever is
/// in the body must be covered, by the pairs or by its hash in the URL, else the request is refused.
fn signed_pairs<'a>(request: &WebhookRequest<'a>) -> Result<Vec<Pair<'a>>, Refused> {
    if request.method == Method::Get {
        return Ok(Vec::new());
    }
    if is_form(request) {
        let mut pairs: Vec<Pair<'a>> = form_urlencoded::parse(request.body).collect();
        pairs.sort_unstable();
        pairs.dedup();
        return Ok(pairs);
    }
    if request.body.is_empty() {
        return Ok(Vec::new());
    }
    let stated = form_urlencoded::parse(request.query().as_bytes()).find(|(name, _)| name == "bodySHA256");
    let (_, stated) = stated.ok_or(Refused::Forged)?;
    let mut claimed = [0u8; 32];
    hex::decode_to_slice(stated.as_bytes(), &mut claimed).map_err(|_| Refused::Forged)?;
    let actual = Sha256::digest(request.body);
    if bool::from(actual.as_slice().ct_eq(&claimed)) { Ok(Vec::new()) } else { Err(Refused::Forged) }
}

fn matches(algorithm: Algorithm, secret: &Secret, url: &str, pairs: &[Pair<'_>], given: &[u8]) -> bool {
    fn check<M: Mac + KeyInit>(secret: &Secret, url: &str, pairs: &[Pair<'_>], given: &[u8]) -> bool {
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret.expose().as_bytes()) else { return false };
        mac.update(url.as_bytes());
        for (name, value) in pairs {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        // Compares in constant time.
        mac.verify_slice(given).is_ok()
    }
    match algorithm {
        Algorithm::Sha1 => check::<Hmac<Sha1>>(secret, url, pairs, given),
        Algorithm::Sha256 => check::<Hmac<Sha256>>(secret, url, pairs, given),
    }
}

/// The ways in which Twilio may have written the URL that it signed: with and without the port, with and without user and password.
fn url_forms(url: &str) -> Vec<Cow<'_, str>> {
    let url = url.split('#').next().unwrap_or(url);
    let mut forms = vec![Cow::Borrowed(url)];
    let Some((scheme, rest)) = url.split_once("://") else { return forms };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, place) = authority.rsplit_once('@').map_or(("", authority), |(user, place)| (user, place));
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
        _ => (place, None),
    };
    let standard = if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
    let with_port = format!("{host}:{}", port.unwrap_or(standard));
    for user in if user.is_empty() { vec![String::new()] } else { vec![format!("{user}@"), String::new()] } {
        for place in [place, host, &with_port] {
            let form = format!("{scheme}://{user}{place}{path}");
            if !forms.iter().any(|known| *known == form) {
                forms.push(Cow::Owned(form));
            }
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::twilio::tests::settings;
    use crate::provider::webhook::Pairs;

    fn sign(secret: &str, text: &str) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("any key");
        mac.update(text.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }

    fn check(settings: &TwilioSettings, method: Method, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<(), Refused> {
        verify(settings, &WebhookRequest { method, url, headers: &Pairs(headers), body, peer: None })
    }

    const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");

    #[test]
    fn the_url_is_tried_with_and_without_port_and_user() {
        let forms = |url| url_forms(url).iter().map(|f| f.to_string()).collect::<Vec<_>>();
        assert_eq!(forms("https://h.example/p?q=1"), ["https://h.example/p?q=1", "https://h.example:443/p?q=1"]);
        assert_eq!(forms("http://h.example:8080?x"), ["http://h.example:8080?x", "http://h.example?x"]);
        assert_eq!(
            forms("https://u:p@h.example/p"),
            ["https://u:p@h.example/p", "https://u:p@h.example:443/p", "https://h.example/p", "https://h.example:443/p"]
        );
        assert_eq!(forms("https://[::1]/p"), ["https://[::1]/p", "https://[::1]:443/p"]);
        assert_eq!(forms("https://h.example/p#rc=5&rp=all")[0], "https://h.example/p");
        assert_eq!(forms("nonsense"), ["nonsense"]);
    }

    #[test]
    fn signatures_over_any_form_of_the_port_are_taken() {
        let s = settings();
        for signed in ["https://h.example/p", "https://h.example:443/p"] {
            let signature = sign(s.auth_token.expose(), &format!("{signed}a1"));
            for called in ["https://h.example/p", "https://h.example:443/p"] {
                assert_eq!(check(&s, Method::Post, called, &[("x-twilio-signature", &signature), FORM], b"a=1"), Ok(()));
            }
            let elsewhere =
                check(&s, Method::Post, "https://h.example:8443/q", &[("x-twilio-signature", &signature), FORM], b"a=1");
            assert_eq!(elsewhere, Err(Refused::Forged));
        }
    }

    #[test]
    fn both_tokens_are_believed_during_a_rotation() {
        let url = "https://h.example/p";
        let headers_of = |secret: &str| sign(secret, &format!("{url}a1"));
        let mut s = settings();
        let (old, new) = (headers_of("old"), headers_of("new"));
        s.auth_token = Secret::new("new");
        assert_eq!(check(&s, Method::Post, url, &[("X-Twilio-Signature", &old), FORM], b"a=1"), Err(Refused::Forged));
        s.second_auth_token = Some(Secret::new("old"));
        for signature in [old, new] {
            assert_eq!(check(&s, Method::Post, url, &[("X-Twilio-Signature", &signature), FORM], b"a=1"), Ok(()));
        }
    }

    #[test]
    fn get_is_signed_by_its_url_alone_and_an_unsigned_body_is_never_believed() {
        let s = settings();
        let url = "https://h.example/p?Body=hi";
        let signature = sign(s.auth_token.expose(), url);
        let headers = [("X-Twilio-Signature", signature.as_str())];
        assert_eq!(check(&s, Method::Get, url, &headers, b""), Ok(()));
        assert_eq!(
            check(&s, Method::Post, url, &[headers[0], ("Content-Type", "application/json")], b"{}"),
            Err(Refused::Forged)
        );
        assert_eq!(check(&s, Method::Post, url, &headers, b"a=1"), Err(Refused::Forged));
    }

    #[test]
    fn json_is_covered_by_its_hash_in_the_url() {
        let s = settings();
        let body = br#"{"a":1}"#;
        let url = format!("https://h.example/p?x=1&bodySHA256={}", hex::encode(Sha256::digest(body)));
        let signature = sign(s.auth_token.expose(), &url);
        let headers = [("X-Twilio-Signature", signature.as_str()), ("Content-Type", "application/json")];
        assert_eq!(check(&s, Method::Post, &url, &headers, body), Ok(()));
        assert_eq!(check(&s, Method::Post, &url, &headers, br#"{"a":2}"#), Err(Refused::Forged));
    }

    #[test]
    fn it_fails_closed() {
        let mut s = settings();
        let url = "https://h.example/p";
        assert_eq!(check(&s, Method::Post, url, &[FORM], b"a=1"), Err(Refused::Unsigned));
        assert_eq!(check(&s, Method::Post, url, &[("X-Twilio-Signature", "%%%"), FORM], b"a=1"), Err(Refused::Forged));
        let good = sign(s.auth_token.expose(), &format!("{url}a1"));
        let with = |settings: &str| {
            check(
                &s,
                Method::Post,
                url,
                &[("X-Twilio-Signature", &good), ("X-Twilio-Webhooks-Signature-Settings", settings), FORM],
                b"a=1",
            )
        };
        assert_eq!(with("key=k"), Ok(()));
        assert_eq!(with("algorithm=HMAC_SHA1"), Ok(()));
        assert_eq!(with("algorithm=HMAC_MD5"), Err(Refused::UnknownKey));
        assert_eq!(with("key=unknown,algorithm=HMAC_SHA1"), Err(Refused::UnknownKey));
        assert_eq!(with("algorithm=HMAC_SHA256"), Err(Refused::Forged));
        s.auth_token = Secret::new("");
        let empty = sign("", &format!("{url}a1"));
        assert_eq!(check(&s, Method::Post, url, &[("X-Twilio-Signature", &empty), FORM], b"a=1"), Err(Refused::NoSecret));
    }
}
