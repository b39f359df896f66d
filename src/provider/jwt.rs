//! JSON Web Tokens, as some providers sign their webhooks with them and one wants our requests signed. The times in them are
//! judged by `prove`, where the present moment is known.

use super::proof::{self, Hash};
use super::webhook::Refused;
use crate::config::secret::Secret;
use crate::provider::json;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::Value;

/// HMAC with SHA-256, 384 and 512.
pub const HMACS: &[Algorithm] = &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];

/// What a token claims, if one of these secrets signed it with one of these algorithms. Which one its header names decides nothing
/// else.
pub fn claims<'s>(
    token: &str,
    secrets: impl IntoIterator<Item = &'s Secret>,
    algorithms: &[Algorithm],
) -> Result<Value, Refused> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.algorithms = algorithms.to_vec();
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let mut refused = Refused::NoSecret;
    for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
        let key = DecodingKey::from_secret(secret.expose().as_bytes());
        match jsonwebtoken::decode::<Value>(token, &key, &validation) {
            Ok(found) => return Ok(found.claims),
            Err(_) => refused = Refused::Forged,
        }
    }
    Err(refused)
}

/// Whether a claim is the SHA-256 of these bytes in hexadecimal.
pub fn is_hash(claims: &Value, name: &str, bytes: &[u8]) -> bool {
    let given = json::text(claims, name).and_then(|text| hex::decode(text).ok());
    given.is_some_and(|given| proof::digest_is(Hash::Sha256, &[bytes], &given))
}

/// A token signed with an RSA key and SHA-256.
pub fn signed(key: &EncodingKey, claims: &Value) -> Option<String> {
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(algorithm: Algorithm, secret: &str) -> String {
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::new(algorithm), &json!({ "exp": 1, "x": "y" }), &key).expect("a token")
    }

    #[test]
    fn only_the_named_algorithms_and_secrets_are_believed() {
        let [right, other, empty] = ["right", "other", ""].map(Secret::new);
        let of = |token: &str, secrets: &[&Secret]| claims(token, secrets.iter().copied(), &[Algorithm::HS256]);
        let signed = token(Algorithm::HS256, "right");
        // It expired long ago: that is for `prove`.
        assert_eq!(of(&signed, &[&other, &right]).expect("believed")["x"], "y");
        assert_eq!(of(&signed, &[&other]), Err(Refused::Forged));
        assert_eq!(of(&signed, &[&empty]), Err(Refused::NoSecret));
        assert_eq!(of(&token(Algorithm::HS512, "right"), &[&right]), Err(Refused::Forged));
        assert!(claims(&token(Algorithm::HS512, "right"), [&right], HMACS).is_ok());
        // `alg: none`, without a signature.
        assert_eq!(of("eyJhbGciOiJub25lIn0.eyJ4IjoieSJ9.", &[&right]), Err(Refused::Forged));
        for broken in ["", ".", "a.b.c", "..."] {
            assert_eq!(of(broken, &[&right]), Err(Refused::Forged), "{broken}");
        }
    }

    #[test]
    fn a_hash_is_compared_by_its_bytes() {
        let hash = "2CF24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        assert!(is_hash(&json!({ "h": hash }), "h", b"hello"));
        for (claims, bytes) in [(json!({ "h": hash }), b"hellO"), (json!({ "h": &hash[..62] }), b"hello"), (json!({}), b"hello")]
        {
            assert!(!is_hash(&claims, "h", bytes), "{claims}");
        }
    }
}
