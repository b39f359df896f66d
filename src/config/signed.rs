//! `[webhooks.signed.FLOW.NAME]`: how the calls of a flow's webhook are signed. A scheme by its name, or said in parts.

use super::secret::Secret;
use super::section::{Secrets, Section};
use crate::domain::time::Span;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How calls are signed.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The header with the signature.
    pub header: String,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// How the signature is written.
    pub encoding: Encoding,
    /// What stands between the elements of the header; nothing: it is one element.
    pub separator: Option<char>,
    /// What a signature among the elements begins with.
    pub prefix: String,
    /// Where the time of signing is.
    pub timestamp: Option<TimestampAt>,
    /// How far that time may be from now.
    pub tolerance: Span,
    /// The header with the delivery's name, which is signed too.
    pub id_header: Option<String>,
    /// What is signed.
    pub signed: Vec<Piece>,
    /// The keys of the HMAC; each may have signed.
    pub keys: Vec<Key>,
    /// The field of a JSON body that names the delivery, so that a repeat takes no effect: `id`.
    pub id_field: Option<String>,
}

impl Signed {
    /// Whether the URL is signed, with the query in it.
    pub fn covers_url(&self) -> bool {
        self.signed.contains(&Piece::Url)
    }
}

/// A key: its bytes are shown nowhere.
#[derive(Debug, Clone)]
pub struct Key {
    /// As it was given.
    secret: Secret,
    /// Whether the bytes are written in base64 after `whsec_`.
    base64: bool,
}

impl Key {
    /// A key that is the text itself.
    pub fn text(secret: Secret) -> Self {
        Key { secret, base64: false }
    }

    /// Its bytes; nothing if they cannot be read.
    pub fn bytes(&self) -> Vec<u8> {
        let text = self.secret.expose();
        match self.base64 {
            false => text.as_bytes().to_vec(),
            true => STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).unwrap_or_default(),
        }
    }
}

/// The hash of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-1: only where the sender has no other.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal, in any case.
    Hex,
    /// Base64 with padding.
    Base64,
}

/// Where the time of signing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimestampAt {
    /// In a header of its own.
    Header(String),
    /// In the element of the signature's header that begins so.
    Element(String),
}

/// A piece of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it is.
    Literal(String),
    /// The body's bytes.
    Body,
    /// The timestamp as it was sent.
    Timestamp,
    /// The delivery's name as it was sent.
    Id,
    /// The public URL that was called, with its query.
    Url,
}

/// A scheme by its name.
#[derive(Clone, Copy)]
enum Scheme {
    Stripe,
    Shopify,
    Razorpay,
    Github,
    Standard,
    Own,
}

/// What a scheme says where the settings do not: header, encoding, separator, prefix, timestamp header, timestamp prefix, id header,
/// signed, whether keys are in base64, id field.
struct Preset {
    header: &'static str,
    encoding: Encoding,
    separator: &'static str,
    prefix: &'static str,
    timestamp_header: &'static str,
    timestamp_prefix: &'static str,
    id_header: &'static str,
    signed: &'static str,
    base64: bool,
    id_field: &'static str,
}

const PLAIN: Preset = Preset {
    header: "",
    encoding: Encoding::Hex,
    separator: "",
    prefix: "",
    timestamp_header: "",
    timestamp_prefix: "",
    id_header: "",
    signed: "{body}",
    base64: false,
    id_field: "",
};

fn preset(scheme: Scheme) -> Preset {
    match scheme {
        Scheme::Own => PLAIN,
        Scheme::Stripe => Preset {
            header: "Stripe-Signature",
            separator: ",",
            prefix: "v1=",
            timestamp_prefix: "t=",
            signed: "{timestamp}.{body}",
            id_field: "id",
            ..PLAIN
        },
        Scheme::Shopify => Preset { header: "X-Shopify-Hmac-Sha256", encoding: Encoding::Base64, ..PLAIN },
        Scheme::Razorpay => Preset { header: "X-Razorpay-Signature", ..PLAIN },
        Scheme::Github => Preset { header: "X-Hub-Signature-256", prefix: "sha256=", ..PLAIN },
        Scheme::Standard => Preset {
            header: "webhook-signature",
            encoding: Encoding::Base64,
            separator: " ",
            prefix: "v1,",
            timestamp_header: "webhook-timestamp",
            id_header: "webhook-id",
            signed: "{id}.{timestamp}.{body}",
            base64: true,
            ..PLAIN
        },
    }
}

impl Signed {
    /// A signature over the body in hexadecimal SHA-1, alone in its header.
    pub fn sha1_of_body(header: &str, secrets: &[Secret]) -> Self {
        Signed {
            header: header.to_owned(),
            algorithm: Algorithm::Sha1,
            encoding: Encoding::Hex,
            separator: None,
            prefix: String::new(),
            timestamp: None,
            tolerance: Span::minutes(5),
            id_header: None,
            signed: vec![Piece::Body],
            keys: secrets.iter().cloned().map(Key::text).collect(),
            id_field: None,
        }
    }

    pub(super) fn read(section: Section<'_>, secrets: Secrets) -> Self {
        let schemes = [
            ("stripe", Scheme::Stripe),
            ("shopify", Scheme::Shopify),
            ("razorpay", Scheme::Razorpay),
            ("github", Scheme::Github),
            ("standard", Scheme::Standard),
        ];
        let scheme = section.opt_word("scheme", &schemes).unwrap_or(Scheme::Own);
        let preset = preset(scheme);
        let text = |key, instead: &str| section.opt_text(key).unwrap_or_else(|| instead.to_owned());
        let header = text("header", preset.header);
        if header.is_empty() {
            let help = "Give `scheme`, or the name of the header with the signature.".to_owned();
            section.mistake("header", "is missing", Some(help));
        }
        let encodings = [("hex", Encoding::Hex), ("base64", Encoding::Base64)];
        let algorithms = [("sha256", Algorithm::Sha256), ("sha1", Algorithm::Sha1), ("sha512", Algorithm::Sha512)];
        let separator = text("separator", preset.separator);
        if separator.chars().count() > 1 {
            section.mistake("separator", "must be one character", None);
        }
        let (timestamp_header, timestamp_prefix) =
            (text("timestamp_header", preset.timestamp_header), text("timestamp_prefix", preset.timestamp_prefix));
        let timestamp = match (timestamp_header.is_empty(), timestamp_prefix.is_empty()) {
            (true, true) => None,
            (false, _) => Some(TimestampAt::Header(timestamp_header)),
            (true, false) => Some(TimestampAt::Element(timestamp_prefix)),
        };
        let id_header = Some(text("id_header", preset.id_header)).filter(|name| !name.is_empty());
        let template = text("signed", preset.signed);
        let signed = pieces(&template).unwrap_or_else(|| {
            section.mistake("signed", "may hold {body}, {timestamp}, {id} and {url}, and no other braces", None);
            vec![Piece::Body]
        });
        if !signed.contains(&Piece::Body) {
            section.mistake("signed", "does not hold {body}: anything could be sent with it", None);
        }
        if signed.contains(&Piece::Timestamp) != timestamp.is_some() {
            section.mistake("signed", "{timestamp} and timestamp_header or timestamp_prefix go together", None);
        }
        if signed.contains(&Piece::Id) && id_header.is_none() {
            section.mistake("signed", "{id} needs id_header", None);
        }
        let base64 = section.opt_word("secret_form", &[("text", false), ("base64", true)]).unwrap_or(preset.base64);
        let mut keys: Vec<Key> = section.secrets("secrets").into_iter().map(|secret| Key { secret, base64 }).collect();
        if secrets == Secrets::Required && (keys.is_empty() || keys.iter().any(|key| key.bytes().len() < SHORTEST)) {
            let help = "Give the secret that the sender signs with: secrets = [{ env = \"NAME\" }].".to_owned();
            section.mistake("secrets", format!("needs at least one, of {SHORTEST} bytes or more"), Some(help));
        }
        keys.retain(|key| !key.secret.is_empty());
        let tolerance = match section.has("tolerance") {
            true => section.span("tolerance", Span::seconds(10), Span::hours(24)),
            false => {
                section.opt_text("tolerance");
                Span::minutes(5)
            }
        };
        let settings = Signed {
            header,
            algorithm: section.opt_word("algorithm", &algorithms).unwrap_or(Algorithm::Sha256),
            encoding: section.opt_word("encoding", &encodings).unwrap_or(preset.encoding),
            separator: separator.chars().next(),
            prefix: text("prefix", preset.prefix),
            timestamp,
            tolerance,
            id_header,
            signed,
            keys,
            id_field: Some(text("id_field", preset.id_field)).filter(|field| !field.is_empty()),
        };
        section.finish();
        settings
    }
}

/// The shortest key that protects anything.
const SHORTEST: usize = 8;

/// Reads `{timestamp}.{body}`.
fn pieces(template: &str) -> Option<Vec<Piece>> {
    let mut out = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let (before, found) = rest.split_once('{').map_or((rest, None), |(before, after)| (before, Some(after)));
        if before.contains('}') {
            return None;
        }
        if !before.is_empty() {
            out.push(Piece::Literal(before.to_owned()));
        }
        let Some(after) = found else { break };
        let (name, after) = after.split_once('}')?;
        out.push(match name {
            "body" => Piece::Body,
            "timestamp" => Piece::Timestamp,
            "id" => Piece::Id,
            "url" => Piece::Url,
            _ => return None,
        });
        rest = after;
    }
    Some(out)
}
