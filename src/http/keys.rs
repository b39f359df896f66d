//! Bearer keys: compared in constant time, all of them, whatever the first ones said.

use super::error::Failure;
use crate::config::secret::Secret;
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

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
        self.which(request).map(drop)
    }

    /// Which of them the request carries: its place in the list.
    pub fn which(&self, request: &HttpRequest) -> Result<usize, Failure> {
        let given: [u8; 32] = Sha256::digest(bearer(request).unwrap_or("")).into();
        let mut found = None;
        for (place, key) in self.0.iter().enumerate() {
            // Each is compared, also after one was found.
            if bool::from(key.ct_eq(&given)) {
                found = Some(place);
            }
        }
        found.filter(|_| bearer(request).is_some()).ok_or(Failure::Unauthorized)
    }
}

/// What stands behind `Bearer` in the request's `Authorization`.
pub fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, given) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| given.trim())
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
