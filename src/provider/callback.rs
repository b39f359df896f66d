//! How a report finds its send at providers that are told with each message where to report: the query of that URL names the send.

use super::send::SendContext;
use super::webhook::WebhookRequest;
use crate::domain::id::SendRef;
use sha2::{Digest, Sha256};
use std::fmt::Display;
use url::form_urlencoded;

/// The query parameter that carries the name.
const SEND: &str = "send";

/// The URL to report to, with the name of the send in its query.
pub fn url(context: &SendContext<'_>) -> Option<String> {
    let url = context.status_callback?;
    Some(match context.send {
        Some(send) => with(url, SEND, send),
        None => url.to_owned(),
    })
}

/// A URL with a further parameter in its query. Neither part of a send's name needs escaping there.
pub fn with(url: &str, name: &str, value: impl Display) -> String {
    format!("{url}{}{name}={value}", if url.contains('?') { '&' } else { '?' })
}

/// The send that the called URL names.
pub fn send(request: &WebhookRequest<'_>) -> Option<SendRef> {
    let (_, value) = form_urlencoded::parse(request.query().as_bytes()).find(|(name, _)| name == SEND)?;
    SendRef::parse(&value)
}

/// A UUID (RFC 9562, version 8) that is made of the name of a send, for providers that take only such as a key or as an id. One send
/// always has the same.
pub fn uuid(send: SendRef) -> String {
    uuid_of(send.to_string().as_bytes())
}

/// The same of whatever names something.
pub fn uuid_of(name: &[u8]) -> String {
    let digest = Sha256::digest(name);
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ContactKey, DedupeHash, InputId, Token};

    #[test]
    fn a_callback_keeps_its_query() {
        assert_eq!(with("https://h.example/a", "send", 1), "https://h.example/a?send=1");
        assert_eq!(with("https://h.example/a?t=1", "send", 1), "https://h.example/a?t=1&send=1");
    }

    #[test]
    fn a_send_has_one_uuid_of_its_own() {
        let contact = ContactKey::derive(b"s", "+447700900123");
        let token = Token::birth(contact, InputId::of(DedupeHash::of(&["a"])));
        let of = |n| uuid(SendRef { contact, effect: token.effect(n) });
        assert_eq!(of(0), of(0));
        assert_ne!(of(0), of(1));
        let text = of(0);
        let parts: Vec<usize> = text.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(&text[14..15], "8");
        assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"));
    }
}
