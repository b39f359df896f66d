//! Bearer keys: compared in constant time, all of them, whatever the first ones said.

use super::error::Failure;
use crate::config::secret::Secret;
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The keys that open something. Only their digests are kept: they have one length, so none shows in the time it takes.
#[derive(Debug, Clone)]
pub struct Keys(Vec<[u8; 32]>);

impl Keys {
    /// These keys; empty ones open nothing.
    pub fn new(keys: &[Secret]) -> Self {
        Keys(keys.iter().filter(|key| !key.is_empty()).map(|key| Sha256::digest(key.expose()).into()).collect())
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the request carries one of them.
    pub fn check(&self, request: &HttpRequest) -> Result<(), Failure> {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("");
        let (scheme, given) = header.split_once(' ').unwrap_or(("", ""));
        let given: [u8; 32] = Sha256::digest(given.trim()).into();
        let found = self.0.iter().fold(Choice::from(0), |found, key| found | key.ct_eq(&given));
        if bool::from(found) && scheme.eq_ignore_ascii_case("bearer") { Ok(()) } else { Err(Failure::Unauthorized) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_a_whole_key_opens() {
        let keys = Keys::new(&[Secret::new("first-key"), Secret::new("second-key"), Secret::new("")]);
        let with = |value: &str| keys.check(&TestRequest::get().insert_header((AUTHORIZATION, value)).to_http_request());
        for good in ["Bearer first-key", "bearer second-key"] {
            assert_eq!(with(good), Ok(()), "{good}");
        }
        for bad in ["", "Bearer", "Bearer ", "Bearer first", "Bearer first-key2", "Basic first-key", "first-key"] {
            assert_eq!(with(bad), Err(Failure::Unauthorized), "{bad}");
        }
        assert_eq!(keys.check(&TestRequest::get().to_http_request()), Err(Failure::Unauthorized));
        assert!(Keys::new(&[]).is_empty());
    }
}
