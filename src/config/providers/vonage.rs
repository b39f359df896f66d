//! Vonage: its Messages API, and the SMS API that was there before.

use super::guard::Guard;
use super::sender::{FORM, sender};
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting;
use crate::config::secret::Secret;
use crate::config::section::{Secrets, Section};
use crate::domain::address::E164;
use crate::domain::channel::ChannelKind;
use crate::domain::time::Span;

/// How old a signed webhook may be, if the channel does not say. Whether Vonage signs a repeat anew is not documented: what came during a
/// longer outage may all be refused then.
const SIGNED_WITHIN: Span = Span::minutes(5);
/// The most that a channel may say: Vonage repeats webhooks for a day.
const SIGNED_WITHIN_MAX: Span = Span::hours(25);

/// A Vonage application and one number that is linked to it.
#[derive(Debug, Clone)]
pub struct VonageSettings {
    /// The channel's medium: what can be sent depends on it.
    pub kind: ChannelKind,
    /// The sender: `+E164`, a short code or an alphanumeric id.
    pub number: String,
    /// The application's id, if requests are signed with its key.
    pub application_id: Option<String>,
    /// The application's private key in PEM: signs our requests.
    pub private_key: Option<Secret>,
    /// The account's key and secret: authenticate requests without an application, and the check of the credentials.
    pub login: Option<VonageLogin>,
    /// The account's signature secret: signs webhooks.
    pub signature_secret: Secret,
    /// How old a signed webhook may be.
    pub signed_within: Span,
    /// `https://api.nexmo.com`, a regional host, or a stand-in for tests.
    pub base_url: String,
}

/// A Vonage account.
#[derive(Debug, Clone)]
pub struct VonageLogin {
    /// Its API key.
    pub api_key: Secret,
    /// Its secret.
    pub api_secret: Secret,
}

/// A Vonage account and one of its numbers, over the SMS API.
#[derive(Debug, Clone)]
pub struct VonageSmsSettings {
    /// The sender: `+E164`, a short code or an alphanumeric id.
    pub number: String,
    /// The account.
    pub login: VonageLogin,
    /// The account's signature secret, if it has its webhooks signed.
    pub signature_secret: Option<Secret>,
    /// How the account's webhooks are signed, if only that is to be believed.
    pub signature_method: Option<VonageSignature>,
    /// How old a signed webhook may be.
    pub signed_within: Span,
    /// What an unsigned webhook is believed by.
    pub guard: Option<Guard>,
    /// `https://rest.nexmo.com`, or a stand-in for tests.
    pub base_url: String,
}

/// The ways in which an account can have the webhooks of the SMS API signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VonageSignature {
    /// The MD5 of the parameters and the secret behind them: what accounts begin with.
    Md5Hash,
    /// HMAC with MD5.
    Md5,
    /// HMAC with SHA-1.
    Sha1,
    /// HMAC with SHA-256.
    Sha256,
    /// HMAC with SHA-512.
    Sha512,
}

impl VonageSettings {
    /// Where the Messages API is.
    pub const BASE_URL: &str = "https://api.nexmo.com";
}

impl VonageSmsSettings {
    /// Where the SMS API is.
    pub const BASE_URL: &str = "https://rest.nexmo.com";
}

const METHODS: &[&str] = &["md5hash", "md5", "sha1", "sha256", "sha512"];

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "vonage",
    title: "Vonage Messages API",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    per_second: 10,
    is_called: true,
    guards: false,
    shows: |kind| match kind {
        ChannelKind::WhatsApp => Capabilities::WHATSAPP,
        // As `provider::vonage` writes files.
        ChannelKind::Sms | ChannelKind::Email => Capabilities { mms_alone: true, ..Capabilities::FILES },
    },
    settings: &[
        ("application_id", Setting::Text, "the id of the application that the number is linked to"),
        ("private_key", Setting::Secret, "the application's private key, the whole PEM"),
        ("api_key", Setting::Secret, "the account's API key: fetches files and, without an application, sends"),
        ("api_secret", Setting::Secret, "the account's API secret"),
        ("signature_secret", Setting::Secret, "the account's signature secret: signs webhooks"),
        ("signed_within", Setting::Duration, "how old a signed webhook may be: 5m"),
    ],
    example: r#"
[channels.main-whatsapp]
provider = "vonage"
kind = "whatsapp"
number = "+447700900001"
application_id = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
private_key = { env = "VONAGE_PRIVATE_KEY" }
signature_secret = { env = "VONAGE_SIGNATURE_SECRET" }
api_key = { env = "VONAGE_API_KEY" }
api_secret = { env = "VONAGE_API_SECRET" }
"#,
    read: |section, kind, secrets| ProviderSettings::Vonage(Box::new(vonage(section, kind, secrets))),
};

pub(super) const ENTRY_SMS: ProviderEntry = ProviderEntry {
    name: "vonage_sms",
    title: "Vonage SMS API",
    kinds: &[ChannelKind::Sms],
    per_second: 10,
    is_called: true,
    guards: true,
    shows: |_| Capabilities::NOTHING,
    settings: &[
        ("api_key", Setting::Secret, "the account's API key"),
        ("api_secret", Setting::Secret, "the account's API secret"),
        ("signature_secret", Setting::Secret, "the account's signature secret, if its webhooks are signed"),
        ("signature_method", Setting::Word(METHODS), "how they are signed, if nothing else is to be believed"),
        ("signed_within", Setting::Duration, "how old a signed webhook may be: 5m"),
    ],
    example: r#"
[channels.main-sms]
provider = "vonage_sms"
kind = "sms"
number = "+447700900001"
api_key = { env = "VONAGE_API_KEY" }
api_secret = { env = "VONAGE_API_SECRET" }
signature_secret = { env = "VONAGE_SIGNATURE_SECRET" }
signature_method = "sha256"
"#,
    read: |section, kind, _| ProviderSettings::VonageSms(Box::new(vonage_sms(section, kind))),
};

fn vonage(section: &Section<'_>, kind: ChannelKind, secrets: Secrets) -> VonageSettings {
    let application_id = section.opt_text("application_id").filter(|id| !id.is_empty());
    let private_key = section.opt_secret("private_key");
    if let Some(key) = private_key.as_ref().filter(|key| secrets == Secrets::Required && !key.is_empty())
        && !is_private_key(key)
    {
        let help = "It is the whole file that Vonage gave, from -----BEGIN PRIVATE KEY----- on.".to_owned();
        section.mistake("private_key", "is no RSA private key in PEM", Some(help));
    }
    let login = opt_login(section);
    match (application_id.is_some(), private_key.is_some()) {
        (true, false) => section.mistake("private_key", "is missing beside application_id", None),
        (false, true) => section.mistake("application_id", "is missing beside private_key", None),
        (false, false) if login.is_none() => {
            let help = "Write application_id and private_key, or api_key and api_secret.".to_owned();
            section.mistake("application_id", "is missing", Some(help));
        }
        _ => {}
    }
    VonageSettings {
        kind,
        number: number(section, kind),
        application_id,
        private_key,
        login,
        signature_secret: section.secret("signature_secret"),
        signed_within: signed_within(section),
        base_url: section.base_url("base_url").unwrap_or_else(|| VonageSettings::BASE_URL.to_owned()),
    }
}

fn vonage_sms(section: &Section<'_>, kind: ChannelKind) -> VonageSmsSettings {
    const WORDS: &[(&str, VonageSignature)] = &[
        ("md5hash", VonageSignature::Md5Hash),
        ("md5", VonageSignature::Md5),
        ("sha1", VonageSignature::Sha1),
        ("sha256", VonageSignature::Sha256),
        ("sha512", VonageSignature::Sha512),
    ];
    let signature_secret = section.opt_secret("signature_secret");
    let guard = Guard::opt(section);
    if signature_secret.is_none() && guard.is_none() {
        let help = "Write signature_secret, or webhook_secret if Vonage does not sign your webhooks.".to_owned();
        section.mistake("signature_secret", "is missing", Some(help));
    }
    VonageSmsSettings {
        number: number(section, kind),
        login: login(section),
        signature_secret,
        signature_method: section.opt_word("signature_method", WORDS),
        signed_within: signed_within(section),
        guard,
        base_url: section.base_url("base_url").unwrap_or_else(|| VonageSmsSettings::BASE_URL.to_owned()),
    }
}

/// `number` of a channel: for SMS also a short code or a name.
pub(super) fn number(section: &Section<'_>, kind: ChannelKind) -> String {
    match kind {
        ChannelKind::Sms => section.parsed("number", FORM, String::new(), sender),
        ChannelKind::WhatsApp | ChannelKind::Email => {
            let phone = |text: &str| E164::parse(text).map(String::from);
            section.parsed("number", "a number such as +447700900123", String::new(), phone)
        }
    }
}

fn opt_login(section: &Section<'_>) -> Option<VonageLogin> {
    match section.has("api_key") || section.has("api_secret") {
        true => Some(login(section)),
        false => {
            section.opt_secret("api_key");
            section.opt_secret("api_secret");
            None
        }
    }
}

fn login(section: &Section<'_>) -> VonageLogin {
    VonageLogin { api_key: section.secret("api_key"), api_secret: section.secret("api_secret") }
}

fn signed_within(section: &Section<'_>) -> Span {
    match section.has("signed_within") {
        true => section.span("signed_within", Span::seconds(10), SIGNED_WITHIN_MAX),
        false => {
            section.opt_text("signed_within");
            SIGNED_WITHIN
        }
    }
}

/// Whether something can be signed with it.
fn is_private_key(key: &Secret) -> bool {
    jsonwebtoken::EncodingKey::from_rsa_pem(key.expose().as_bytes()).is_ok()
}
