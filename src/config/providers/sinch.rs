//! `provider = "sinch"`: a service plan of the SMS API, or an app of the Conversation API, and the sender of one channel in it.

use super::guard::Guard;
use super::{ProviderEntry, ProviderSettings, sender};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Secret as SecretSetting, Text, Word};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "sinch",
    title: "Sinch",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    per_second: 10,
    is_called: true,
    shows: |kind| match kind {
        ChannelKind::WhatsApp => Capabilities { location: false, ..Capabilities::WHATSAPP },
        ChannelKind::Sms | ChannelKind::Email => Capabilities::FILES,
    },
    settings: &[
        ("api", Word(&["sms", "conversation"]), "sinch: which of its APIs; conversation for WhatsApp, else sms"),
        ("region", Text, "sinch: where the account is: us, eu, br, au or ca; us if it is not given"),
        ("service_plan_id", Text, "sinch: the service plan (SMS API)"),
        ("api_token", SecretSetting, "the API token"),
        ("project_id", Text, "sinch: the project (Conversation API)"),
        ("app_id", Text, "sinch: the app (Conversation API)"),
        ("key_id", Text, "sinch: the access key (Conversation API)"),
        ("key_secret", SecretSetting, "sinch: the secret of key_id"),
        (
            "signing_secret",
            SecretSetting,
            "sinch: what callbacks are signed with; without it the webhook's URL ends in webhook_secret",
        ),
    ],
    guards: true,
    example: r#"
[channels.whatsapp]
provider = "sinch"
kind = "whatsapp"
region = "eu"
project_id = "c36f3d3d-1513-4edd-ae42-11995557ff61"
app_id = "01EB37HMH1M6SV18BSNS3G135H"
key_id = "8a1a7f5d-0000-4000-8000-000000000001"
key_secret = { env = "SINCH_KEY_SECRET" }
signing_secret = { env = "SINCH_WEBHOOK_SECRET" }

[channels.main-sms]
provider = "sinch"
kind = "sms"
number = "+447700900001"
service_plan_id = "0123456789abcdef0123456789abcdef"
api_token = { env = "SINCH_API_TOKEN" }
webhook_secret = { env = "SINCH_SMS_WEBHOOK" }
"#,
    read: |section, kind, _| ProviderSettings::Sinch(Box::new(sinch(section, kind))),
};

/// A Sinch account and the sender of one channel in it.
#[derive(Debug, Clone)]
pub struct SinchSettings {
    /// The channel's medium.
    pub kind: ChannelKind,
    /// Which of its APIs.
    pub api: SinchApi,
    /// The sender: `+E164`, a short code or an alphanumeric id; empty if the app has one of its own.
    pub from: String,
    /// What callbacks are signed with.
    pub signing_secret: Option<Secret>,
    /// What they are recognised by where they are not signed.
    pub guard: Option<Guard>,
    /// `https://eu.conversation.api.sinch.com`, or a stand-in for tests.
    pub base_url: String,
}

impl SinchSettings {
    /// Whose the channel is, and what callbacks are routed by.
    pub(super) fn line(&self) -> (&str, &str) {
        match &self.api {
            SinchApi::Sms { service_plan_id, .. } => (service_plan_id, &self.from),
            SinchApi::Conversation { project_id, app_id, .. } => (project_id, app_id),
        }
    }
}

/// One of Sinch's APIs with its credentials.
#[derive(Debug, Clone)]
pub enum SinchApi {
    /// Text messages and MMS.
    Sms {
        /// The service plan.
        service_plan_id: String,
        /// Its token.
        api_token: Secret,
    },
    /// WhatsApp, and text messages beside it.
    Conversation {
        /// The project.
        project_id: String,
        /// The app: what callbacks are routed by.
        app_id: String,
        /// How requests are authenticated.
        login: SinchLogin,
    },
}

/// How requests to the Conversation API are authenticated.
#[derive(Debug, Clone)]
pub enum SinchLogin {
    /// With an access key, by Basic authentication.
    Key {
        /// Its id.
        id: String,
        /// Its secret.
        secret: Secret,
    },
    /// With a token that somebody else fetches and replaces.
    Token(Secret),
}

fn sinch(section: &Section<'_>, kind: ChannelKind) -> SinchSettings {
    #[derive(Clone, Copy, PartialEq)]
    enum Api {
        Sms,
        Conversation,
    }
    const APIS: [(&str, Api); 2] = [("sms", Api::Sms), ("conversation", Api::Conversation)];
    const REGIONS: [&str; 5] = ["us", "eu", "br", "au", "ca"];
    let whatsapp = kind == ChannelKind::WhatsApp;
    let api = section.opt_word("api", &APIS).unwrap_or(if whatsapp { Api::Conversation } else { Api::Sms });
    if whatsapp && api == Api::Sms {
        section.mistake("api", "must be `conversation`: the SMS API has no WhatsApp", None);
    }
    let known = |text: &str| REGIONS.into_iter().find(|region| *region == text);
    let region = section.opt_parsed("region", "us, eu, br, au or ca", known).unwrap_or("us");
    if api == Api::Conversation && ["au", "ca"].contains(&region) {
        section.mistake("region", "must be us, eu or br: the Conversation API is nowhere else", None);
    }
    let form = sender::form(kind);
    let sender = |text: &str| sender::is_sender(text, kind).then(|| text.to_owned());
    let id = |text: &str| is_id(text).then(|| text.to_owned());
    let (api, host, from) = match api {
        Api::Sms => {
            let plan = "the id of the service plan, as the dashboard shows it";
            let service_plan_id = section.parsed("service_plan_id", plan, String::new(), id);
            let api = SinchApi::Sms { service_plan_id, api_token: section.secret("api_token") };
            (api, "sms", section.parsed("number", form, String::new(), sender))
        }
        Api::Conversation => {
            let project_id = section.parsed("project_id", "the id of the project, as the dashboard shows it", String::new(), id);
            let app_id = section.parsed("app_id", "the id of the app, as the dashboard shows it", String::new(), id);
            let login = match section.opt_secret("api_token") {
                Some(token) if !section.has("key_id") => SinchLogin::Token(token),
                _ => SinchLogin::Key {
                    id: section.parsed("key_id", "the id of an access key", String::new(), id),
                    secret: section.secret("key_secret"),
                },
            };
            let from = section.opt_parsed("number", form, sender).unwrap_or_default();
            (SinchApi::Conversation { project_id, app_id, login }, "conversation", from)
        }
    };
    let base_url = section.base_url("base_url").unwrap_or_else(|| format!("https://{region}.{host}.api.sinch.com"));
    let signing_secret = section.opt_secret("signing_secret");
    // Without a signature the URL must have a secret.
    let guard = (signing_secret.is_none() || section.has("webhook_secret")).then(|| Guard::read(section));
    SinchSettings { kind, api, from, signing_secret, guard, base_url }
}

fn is_id(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|b| b == b'-' || b == b'_' || b.is_ascii_alphanumeric())
}
