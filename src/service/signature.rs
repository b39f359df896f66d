//! Signatures after Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, one for each key.

use crate::config::hooks::SigningKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of `webhook-signature`: one `v1,…` for each key, the newest first. `timestamp` in seconds.
pub fn sign(keys: &[SigningKey], id: &str, timestamp: i64, body: &[u8]) -> String {
    let one = |key: &SigningKey| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    keys.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;

    fn key(text: &str) -> SigningKey {
        SigningKey::parse(&Secret::new(text)).expect("a key")
    }

    /// The example that the libraries of Standard Webhooks are tested with.
    #[test]
    fn the_published_example_comes_out() {
        let keys = [key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
        let signed = sign(&keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_keys_give_two_signatures_and_every_part_counts() {
        let keys = [key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), key("a plain text of 24 bytes")];
        let both = sign(&keys, "a", 1, b"x");
        let parts: Vec<&str> = both.split(' ').collect();
        assert_eq!(parts, [sign(&keys[..1], "a", 1, b"x"), sign(&keys[1..], "a", 1, b"x")]);
        for other in [sign(&keys, "b", 1, b"x"), sign(&keys, "a", 2, b"x"), sign(&keys, "a", 1, b"y")] {
            assert_ne!(both, other);
        }
    }
}
