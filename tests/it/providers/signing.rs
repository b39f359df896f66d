//! How providers prove that a report is theirs.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// `LOGIN` and `OTHER` of every channel here.
pub const LOGIN: &str = "good";
pub const OTHER: &str = "a-secret-of-16-letters";
/// The secret of Standard Webhooks.
pub const STANDARD_SECRET: &str = "whsec_YmlyZC1zdGFuZGFyZC13ZWJob29rLXNlY3JldC0wMSE=";

/// What stands for it.
#[derive(Debug, Clone, Copy)]
pub enum Sign {
    /// Only the end of the URL.
    Nothing,
    /// The same, and the topic that it comes from.
    Topic,
    Twilio,
    Meta,
    Vonage,
    Standard,
    BirdChannels,
    MessageBird,
    Basic,
    Plivo,
    Telnyx,
    Sinch,
}

fn sha256(parts: &[&[u8]], key: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn token(claims: &Value) -> String {
    let key = EncodingKey::from_secret(OTHER.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).expect("a token")
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key")
}

/// The public key of whoever signs for Telnyx here, in Base64.
pub fn public_key() -> String {
    STANDARD.encode(pair().public_key().as_ref())
}

/// Name and value of all pairs of a form, in the order of their names, put together.
fn sorted(form: &str) -> String {
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    pairs.sort();
    pairs.into_iter().map(|(name, value)| name + &*value).collect()
}

/// The headers that prove this request, at this moment in seconds.
pub fn headers(sign: Sign, url: &str, body: &str, now: u64) -> Vec<(&'static str, String)> {
    let at = now.to_string();
    match sign {
        Sign::Nothing => Vec::new(),
        Sign::Topic => vec![("x-amz-sns-topic-arn", "arn:aws:sns:eu-west-1:123456789012:twoway".to_owned())],
        Sign::Twilio => {
            let mut mac = Hmac::<sha1::Sha1>::new_from_slice(LOGIN.as_bytes()).expect("any key");
            mac.update(url.as_bytes());
            mac.update(sorted(body).as_bytes());
            vec![("X-Twilio-Signature", STANDARD.encode(mac.finalize().into_bytes()))]
        }
        Sign::Meta => vec![("X-Hub-Signature-256", crate::support::sign::meta(OTHER, body))],
        Sign::Vonage => {
            let token = token(&json!({ "iat": now, "payload_hash": digest(body.as_bytes()) }));
            vec![("Authorization", format!("Bearer {token}"))]
        }
        Sign::Standard => {
            let key = STANDARD.decode(STANDARD_SECRET.trim_start_matches("whsec_")).expect("Base64");
            let mac = sha256(&[b"msg_1", b".", at.as_bytes(), b".", body.as_bytes()], &key);
            let signature = format!("v1,{}", STANDARD.encode(mac));
            vec![("webhook-id", "msg_1".to_owned()), ("webhook-timestamp", at), ("webhook-signature", signature)]
        }
        Sign::BirdChannels => {
            let hash = Sha256::digest(body.as_bytes());
            let mac = sha256(&[at.as_bytes(), b"\n", url.as_bytes(), b"\n", &hash], OTHER.as_bytes());
            vec![("messagebird-signature", STANDARD.encode(mac)), ("messagebird-request-timestamp", at)]
        }
        Sign::MessageBird => {
            let claims = json!({ "iss": "MessageBird", "nbf": now, "exp": now + 60, "url_hash": digest(url.as_bytes()) });
            vec![("MessageBird-Signature-JWT", token(&claims))]
        }
        Sign::Basic => vec![("Authorization", format!("Basic {}", STANDARD.encode(format!("h:{OTHER}"))))],
        Sign::Plivo => {
            let (path, query) = url.split_once('?').unwrap_or((url, ""));
            let signed = format!("{path}?{query}.{}.12345", sorted(body));
            let mac = sha256(&[signed.as_bytes()], LOGIN.as_bytes());
            vec![("X-Plivo-Signature-V3", STANDARD.encode(mac)), ("X-Plivo-Signature-V3-Nonce", "12345".to_owned())]
        }
        Sign::Telnyx => {
            let signature = pair().sign(format!("{at}|{body}").as_bytes());
            vec![("telnyx-signature-ed25519", STANDARD.encode(signature.as_ref())), ("telnyx-timestamp", at)]
        }
        Sign::Sinch => {
            let mac = sha256(&[body.as_bytes(), b".", b"nonce", b".", at.as_bytes()], OTHER.as_bytes());
            vec![
                ("x-sinch-webhook-signature", STANDARD.encode(mac)),
                ("x-sinch-webhook-signature-nonce", "nonce".to_owned()),
                ("x-sinch-webhook-signature-timestamp", at),
                ("x-sinch-webhook-signature-algorithm", "HmacSHA256".to_owned()),
            ]
        }
    }
}
