//! What a channel needs to know about its provider. Secrets are taken from the environment or from files by whoever builds these.

use super::project::Capabilities;
use super::secret::Secret;
use super::smtp::SmtpSettings;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::{WHATSAPP_BUTTONS, WHATSAPP_ROWS};
use crate::domain::name::ChannelName;

/// One configured virtual number at one provider.
#[derive(Debug, Clone)]
pub struct ChannelSettings {
    /// Its name in flows, in the URL of its webhook and in the journal.
    pub name: ChannelName,
    /// Its medium.
    pub kind: ChannelKind,
    /// Its provider with what that one needs.
    pub provider: ProviderSettings,
}

/// The providers of this release.
#[derive(Debug, Clone)]
pub enum ProviderSettings {
    /// Twilio: SMS, MMS, WhatsApp.
    Twilio(TwilioSettings),
    /// Meta WhatsApp Cloud API.
    Meta(MetaSettings),
    /// A mail server.
    Smtp(Box<SmtpSettings>),
    /// The built-in simulator.
    Simulator(SimulatorSettings),
}

impl ProviderSettings {
    /// What a channel of this medium can show: the adapters can write no more than this.
    pub fn shows(&self, kind: ChannelKind) -> Capabilities {
        const FILES: Capabilities = Capabilities { buttons: 0, rows: 0, media: true, location: false };
        match (self, kind) {
            (_, ChannelKind::Sms) => FILES,
            // A file is a link in the text: what is attached to a mail that nobody asked for is filtered.
            (_, ChannelKind::Email) | (ProviderSettings::Smtp(_), ChannelKind::WhatsApp) => Capabilities::default(),
            // Buttons and lists are approved content at Twilio: a question becomes a numbered menu.
            (ProviderSettings::Twilio(_), ChannelKind::WhatsApp) => FILES,
            (ProviderSettings::Meta(_) | ProviderSettings::Simulator(_), ChannelKind::WhatsApp) => {
                Capabilities { buttons: WHATSAPP_BUTTONS, rows: WHATSAPP_ROWS, media: true, location: true }
            }
        }
    }
}

/// A Twilio account and the sender of one channel in it.
#[derive(Debug, Clone)]
pub struct TwilioSettings {
    /// `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// The primary auth token: signs webhooks and, without an API key, authenticates requests.
    pub auth_token: Secret,
    /// The other token while a rotation is under way: webhooks signed with it are believed too.
    pub second_auth_token: Option<Secret>,
    /// An API key for requests; webhooks are signed with the auth token all the same.
    pub api_key: Option<TwilioApiKey>,
    /// Shared keys, if the account has its webhooks signed with one (`X-Twilio-Webhooks-Signature-Settings`).
    pub signing_keys: Vec<TwilioSigningKey>,
    /// The sender: `+E164`, a short code, an alphanumeric id, or the `MG…` sid of a messaging service. For WhatsApp without the prefix.
    pub from: String,
    /// `https://api.twilio.com`, or a stand-in for tests.
    pub base_url: String,
}

/// A Twilio API key.
#[derive(Debug, Clone)]
pub struct TwilioApiKey {
    /// `SK` and 32 hexadecimal digits.
    pub sid: String,
    /// Its secret.
    pub secret: Secret,
}

/// A Twilio shared key that signs webhooks.
#[derive(Debug, Clone)]
pub struct TwilioSigningKey {
    /// Its id as Twilio names it in the header.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
}

impl TwilioSettings {
    /// Where Twilio's API is.
    pub const BASE_URL: &str = "https://api.twilio.com";
}

/// A Meta app and one phone number of it.
#[derive(Debug, Clone)]
pub struct MetaSettings {
    /// The id of the number at Meta: what webhooks are routed by.
    pub phone_number_id: String,
    /// The app's secret: signs webhooks.
    pub app_secret: Secret,
    /// The other app secret while a reset is under way.
    pub second_app_secret: Option<Secret>,
    /// The word that Meta repeats when it verifies the URL.
    pub verify_token: Secret,
    /// The access token of the system user.
    pub access_token: Secret,
    /// `v25.0`; Meta retires versions after about two years.
    pub graph_version: String,
    /// `https://graph.facebook.com`, or a stand-in for tests.
    pub base_url: String,
}

impl MetaSettings {
    /// Where Meta's API is.
    pub const BASE_URL: &str = "https://graph.facebook.com";
    /// The version that this release was checked against.
    pub const GRAPH_VERSION: &str = "v25.0";
}

/// The simulator that the service itself runs.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// The base of the service's own URL: sends go to `{base_url}/simulator/send`.
    pub base_url: String,
}
