//! Believing a provider that signs nothing: a secret in the URL that it calls, and beside it what an operator set: Basic
//! authentication, a header, the addresses that it calls from.

use super::webhook::{Refused, WebhookRequest};
use crate::config::providers::guard::Guard;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConstantTimeEq};

/// Whether the request has everything that the channel wants. Everything is compared in constant time, and the secrets before
/// anything that would tell who guesses how far they came.
pub fn verify(guard: &Guard, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    if guard.url_secret.is_empty() {
        return Err(Refused::NoSecret);
    }
    if !bool::from(same(guard.url_secret.expose(), secret_of(request.url))) {
        return Err(Refused::Forged);
    }
    if let Some((name, value)) = &guard.header {
        let given = request.headers.get(name).ok_or(Refused::Unsigned)?;
        if value.is_empty() {
            return Err(Refused::NoSecret);
        }
        if !bool::from(same(value.expose(), given)) {
            return Err(Refused::Forged);
        }
    }
    if let Some((user, password)) = &guard.basic {
        let given = request.headers.get("authorization").ok_or(Refused::NoLogin)?;
        let (scheme, coded) = given.split_once(' ').ok_or(Refused::Forged)?;
        let said = STANDARD.decode(coded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic")).ok_or(Refused::Forged)?;
        if password.is_empty() {
            return Err(Refused::NoSecret);
        }
        let wanted = format!("{user}:{}", password.expose());
        if !bool::from(wanted.as_bytes().ct_eq(&said)) {
            return Err(Refused::Forged);
        }
    }
    if guard.from.is_empty() {
        return Ok(());
    }
    let peer = request.peer.ok_or(Refused::Elsewhere)?;
    if guard.from.iter().any(|net| net.contains(&peer)) { Ok(()) } else { Err(Refused::Elsewhere) }
}

fn same(wanted: &str, given: &str) -> Choice {
    wanted.as_bytes().ct_eq(given.as_bytes())
}

/// The secret in `/hooks/CHANNEL/SECRET` and `/hooks/CHANNEL/SECRET/…`; empty if there is none.
fn secret_of(url: &str) -> &str {
    behind_channel(url).split('/').next().unwrap_or("")
}

/// What follows the secret in the path: `status`, or nothing.
pub(super) fn after_secret(url: &str) -> &str {
    behind_channel(url).split_once('/').map_or("", |(_, rest)| rest)
}

/// What follows the channel's name in the path.
pub(super) fn behind_channel(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or("");
    let Some((_, rest)) = path.rsplit_once("/hooks/") else { return "" };
    rest.split_once('/').map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;
    use crate::provider::webhook::{Method, Pairs};
    use core::net::IpAddr;

    const URL: &str = "https://h.example/in/hooks/gw/a-secret-of-16-letters/status?x=/hooks/y/z";

    fn guard() -> Guard {
        Guard { url_secret: Secret::new("a-secret-of-16-letters"), basic: None, header: None, from: Vec::new() }
    }

    fn check(guard: &Guard, url: &str, headers: &[(&str, &str)], peer: Option<&str>) -> Result<(), Refused> {
        let peer: Option<IpAddr> = peer.map(|p| p.parse().expect("an address"));
        verify(guard, &WebhookRequest { method: Method::Post, url, headers: &Pairs(headers), body: b"", peer })
    }

    #[test]
    fn the_secret_in_the_url_is_always_wanted() {
        assert_eq!(check(&guard(), URL, &[], None), Ok(()));
        assert_eq!(check(&guard(), "https://h.example/hooks/gw/a-secret-of-16-letters", &[], None), Ok(()));
        for url in [
            "https://h.example/hooks/gw",
            "https://h.example/hooks/gw/",
            "https://h.example/hooks/gw/a-secret-of-16-letterS",
            "https://h.example/hooks/gw/a-secret-of-16-letters-and-more",
            "https://h.example/other/gw/a-secret-of-16-letters",
            "https://h.example/hooks/gw/wrong/a-secret-of-16-letters",
            "https://h.example/hooks/gw/?/hooks/gw/a-secret-of-16-letters",
        ] {
            assert_eq!(check(&guard(), url, &[], None), Err(Refused::Forged), "{url}");
        }
        let none = Guard { url_secret: Secret::new(""), ..guard() };
        assert_eq!(check(&none, "https://h.example/hooks/gw/", &[], None), Err(Refused::NoSecret));
        assert_eq!((after_secret(URL), after_secret("https://h.example/hooks/gw/s")), ("status", ""));
    }

    #[test]
    fn basic_and_header_are_wanted_where_they_are_set() {
        let with = Guard { basic: Some(("ann".into(), Secret::new("pass:word"))), ..guard() };
        let header = |text: &str| format!("basic {}", STANDARD.encode(text));
        assert_eq!(check(&with, URL, &[], None), Err(Refused::NoLogin));
        assert_eq!(check(&with, URL, &[("Authorization", &header("ann:pass:word"))], None), Ok(()));
        for bad in [header("ann:pass"), header("bob:pass:word"), "Bearer x".to_owned(), "Basic %".to_owned(), "Basic".to_owned()]
        {
            assert_eq!(check(&with, URL, &[("Authorization", &bad)], None), Err(Refused::Forged), "{bad}");
        }
        let with = Guard { header: Some(("X-Token".into(), Secret::new("t"))), ..guard() };
        assert_eq!(check(&with, URL, &[], None), Err(Refused::Unsigned));
        assert_eq!(check(&with, URL, &[("x-token", "u")], None), Err(Refused::Forged));
        assert_eq!(check(&with, URL, &[("x-token", "t")], None), Ok(()));
        let empty = Guard { header: Some(("X-Token".into(), Secret::new(""))), ..guard() };
        assert_eq!(check(&empty, URL, &[("x-token", "")], None), Err(Refused::NoSecret));
    }

    #[test]
    fn only_listed_addresses_may_call() {
        let nets = ["10.1.0.0/16", "2001:db8::/32"].map(|net| net.parse().expect("a net")).to_vec();
        let with = Guard { from: nets, ..guard() };
        for (peer, expected) in [
            (Some("10.1.2.3"), Ok(())),
            (Some("2001:db8::1"), Ok(())),
            (Some("10.2.0.1"), Err(Refused::Elsewhere)),
            (None, Err(Refused::Elsewhere)),
        ] {
            assert_eq!(check(&with, URL, &[], peer), expected, "{peer:?}");
        }
    }
}
