//! Signature Version 4 for requests as this service has them: a `POST` to `/` without a query. Checked against Amazon's own vectors.

use crate::domain::time::Millis;
use crate::provider::proof::{Hash, digest, hmac};
use jiff::Timestamp;

/// Who signs, and for whom.
pub struct Key<'a> {
    /// The id of the access key.
    pub id: &'a str,
    /// Its secret.
    pub secret: &'a str,
    /// `eu-west-1`
    pub region: &'a str,
    /// `sms-voice`
    pub service: &'a str,
}

/// What a signed request carries.
pub struct Signature {
    /// `X-Amz-Date`: `20150830T123600Z`.
    pub date: String,
    /// `Authorization`
    pub authorization: String,
}

/// Signs a request with these headers, which are in the order of their names in lower case; `x-amz-date` is added to them.
pub fn sign(key: &Key<'_>, now: Millis, headers: &[(&str, &str)], body: &[u8]) -> Signature {
    let date = Timestamp::from_millisecond(now.0).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = date.get(..8).unwrap_or_default();
    let mut headers: Vec<(&str, &str)> = headers.iter().copied().chain([("x-amz-date", date.as_str())]).collect();
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", hex::encode(digest(Hash::Sha256, &[body])));
    let scope = format!("{day}/{}/{}/aws4_request", key.region, key.service);
    let hashed = hex::encode(digest(Hash::Sha256, &[canonical.as_bytes()]));
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashed}");
    let first = format!("AWS4{}", key.secret).into_bytes();
    let parts = [day, key.region, key.service, "aws4_request", to_sign.as_str()];
    let signature = hex::encode(parts.iter().fold(first, |key, part| hmac(Hash::Sha256, &key, &[part.as_bytes()])));
    let authorization = format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", key.id);
    Signature { date, authorization }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of Amazon's signing test suite: `post-vanilla` and `post-x-www-form-urlencoded`.
    #[test]
    fn signatures_are_amazons() {
        let key = Key {
            id: "AKIDEXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "service",
        };
        let now = Millis(1_440_938_160_000);
        let of = |headers: &[(&str, &str)], body: &str| {
            let signature = sign(&key, now, headers, body.as_bytes());
            assert_eq!(signature.date, "20150830T123600Z");
            signature.authorization
        };
        let vanilla = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, \
                       Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
        assert_eq!(of(&[("host", "example.amazonaws.com")], ""), vanilla);
        let hash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
        let headers = [
            ("content-length", "13"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("host", "example.amazonaws.com"),
            ("x-amz-content-sha256", hash),
        ];
        let form = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                    SignedHeaders=content-length;content-type;host;x-amz-content-sha256;x-amz-date, \
                    Signature=d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b";
        assert_eq!(of(&headers, "Param1=value1"), form);
    }
}
