//! `sig` in the parameters of the SMS API's webhooks: over all other parameters, sorted, with what would separate them replaced.

use super::decode;
use crate::config::providers::vonage::VonageSignature;
use crate::config::secret::Secret;
use crate::domain::time::{Millis, Span};
use crate::provider::proof::{self, Hash};
use crate::provider::webhook::{Refused, WebhookRequest};

/// Whether the account's secret signed these parameters. The length of the signature tells how; the two that are alike in that are
/// both tried, unless the channel names one.
pub fn verify(secret: &Secret, only: Option<VonageSignature>, request: &WebhookRequest<'_>) -> Result<(), Refused> {
    if secret.is_empty() {
        return Err(Refused::NoSecret);
    }
    let pairs = decode::pairs(request).map_err(|_| Refused::Unsigned)?;
    let mut given = pairs.iter().filter(|(name, _)| name == "sig");
    let (_, sig) = given.next().filter(|(_, sig)| !sig.is_empty()).ok_or(Refused::Unsigned)?;
    if given.next().is_some() {
        return Err(Refused::Forged);
    }
    let given = hex::decode(sig).map_err(|_| Refused::Forged)?;
    let signed = string_to_sign(&pairs);
    let (signed, key) = (signed.as_bytes(), secret.expose().as_bytes());
    let hmac = |hash| proof::hmac_is(hash, key, &[signed], &given);
    let methods: &[VonageSignature] = match (given.len(), &only) {
        (_, Some(one)) => std::slice::from_ref(one),
        (16, None) => &[VonageSignature::Md5Hash, VonageSignature::Md5],
        (20, None) => &[VonageSignature::Sha1],
        (32, None) => &[VonageSignature::Sha256],
        (64, None) => &[VonageSignature::Sha512],
        _ => &[],
    };
    let fits = methods.iter().any(|method| match method {
        VonageSignature::Md5Hash => proof::digest_is(Hash::Md5, &[signed, key], &given),
        VonageSignature::Md5 => hmac(Hash::Md5),
        VonageSignature::Sha1 => hmac(Hash::Sha1),
        VonageSignature::Sha256 => hmac(Hash::Sha256),
        VonageSignature::Sha512 => hmac(Hash::Sha512),
    });
    if fits { Ok(()) } else { Err(Refused::Forged) }
}

/// Whether it was signed just now: `timestamp` is among what is signed.
pub fn prove(request: &WebhookRequest<'_>, now: Millis, within: Span) -> Result<(), Refused> {
    let pairs = decode::pairs(request).map_err(|_| Refused::Unsigned)?;
    let seconds = pairs.iter().find(|(name, _)| name == "timestamp").and_then(|(_, value)| value.trim().parse::<i64>().ok());
    let at = seconds.and_then(|seconds| seconds.checked_mul(1_000)).ok_or(Refused::Stale)?;
    proof::fresh(Millis(at), now, within)
}

/// `&name=value` for each parameter but the signature, by name.
fn string_to_sign(pairs: &[(String, String)]) -> String {
    let mut sorted: Vec<&(String, String)> = pairs.iter().filter(|(name, _)| name != "sig").collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut out = String::with_capacity(256);
    for (name, value) in sorted {
        out.push('&');
        out.push_str(name);
        out.push('=');
        out.extend(value.chars().map(|c| if matches!(c, '&' | '=') { '_' } else { c }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_string_is_that_of_the_documents() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let pairs = [pair("timestamp", "1461605396"), pair("b", "2"), pair("sig", "x"), pair("a", "1")];
        let signed = string_to_sign(&pairs);
        assert_eq!(signed, "&a=1&b=2&timestamp=1461605396");
        let known = hex::decode("6af838ef94998832dbfc29020b564830").expect("hex");
        assert!(proof::digest_is(Hash::Md5, &[signed.as_bytes(), b"secret"], &known));
        assert_eq!(string_to_sign(&[pair("text", "a&b=c")]), "&text=a_b_c");
    }
}
