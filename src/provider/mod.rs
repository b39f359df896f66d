//! Adapters: what a provider writes to us and takes from us, as pure functions. Data in, data out; no I/O, no clock.
//! `verify` decides whether a webhook is believed, `decode` what it says, `encode` how a message is written, `classify` what
//! the answer means. Quirks are tables, not code.

pub mod desk;
pub mod file;
pub mod send;
pub mod webhook;

pub mod email;

mod json;
mod meta;
mod simulator;
mod twilio;
mod verdict;

pub use send::{Accepted, EncodeError, HttpRequest, MailFacts, SendContext, SendOutcome, TransportError, Wire};
pub use simulator::played;
pub use webhook::{
    Complaint, Decoded, Facts, Failure, Headers, LimitScope, Malformed, Method, OptOutScope, Other, Pairs, Pricing,
    ProviderError, Received, Refused, Reply, Route, Routes, StatusReport, Subscription, TemplateStatus, WebhookRequest,
};

use crate::config::channel::{MetaSettings, ProviderSettings, SimulatorSettings, TwilioSettings};
use crate::config::secret::Secret;
use crate::config::smtp::SmtpSettings;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::{MAIL_BYTES, WEBHOOK_BODY_BYTES};
use crate::domain::message::Outbound;
use crate::domain::time::Span;
use std::borrow::Cow;
use std::sync::Arc;

/// The adapter of one channel. A closed list: a new provider is a new arm of every match below.
#[derive(Debug, Clone)]
pub enum Adapter {
    /// Twilio: SMS, MMS and WhatsApp.
    Twilio(TwilioSettings),
    /// Meta's WhatsApp Cloud API.
    Meta(MetaSettings),
    /// A mail server, and what comes back from the world of mail.
    Smtp(Arc<SmtpSettings>),
    /// The built-in simulator.
    Simulator(SimulatorSettings),
}

impl Adapter {
    /// The adapter for these settings.
    pub fn new(settings: &ProviderSettings) -> Self {
        match settings {
            ProviderSettings::Twilio(s) => Adapter::Twilio(s.clone()),
            ProviderSettings::Meta(s) => Adapter::Meta(s.clone()),
            ProviderSettings::Smtp(s) => Adapter::Smtp(Arc::new((**s).clone())),
            ProviderSettings::Simulator(s) => Adapter::Simulator(s.clone()),
        }
    }

    /// The provider's name, for labels and messages.
    pub fn provider(&self) -> &'static str {
        match self {
            Adapter::Twilio(_) => "twilio",
            Adapter::Meta(_) => "meta",
            Adapter::Smtp(_) => "smtp",
            Adapter::Simulator(_) => "simulator",
        }
    }

    /// The answer to a request that only asks whether this URL is ours (Meta's `hub.challenge`): to be sent as it is, before
    /// anything else is looked at.
    pub fn handshake(&self, request: &WebhookRequest<'_>) -> Option<Reply> {
        match self {
            Adapter::Meta(s) => meta::handshake(s, request),
            Adapter::Twilio(_) | Adapter::Smtp(_) | Adapter::Simulator(_) => None,
        }
    }

    /// Whether its webhook's URL ends in a secret, as whoever calls it signs nothing.
    pub fn has_secret_url(&self) -> bool {
        matches!(self, Adapter::Smtp(_))
    }

    /// Whether the request comes from the provider. Nothing of it is read before.
    pub fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused> {
        match self {
            Adapter::Twilio(s) => twilio::verify(s, request),
            Adapter::Meta(s) => meta::verify(s, request),
            Adapter::Smtp(s) => email::verify(s, request),
            // There is no provider to imitate: whoever may reach a simulator channel may write to it.
            Adapter::Simulator(_) => Ok(()),
        }
    }

    /// Whether the request is also signed as its service signs, where several services may write to one webhook. After `verify`.
    pub fn prove(&self, request: &WebhookRequest<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
        match self {
            Adapter::Smtp(s) => email::prove(s, request, facts),
            Adapter::Twilio(_) | Adapter::Meta(_) | Adapter::Simulator(_) => Ok(()),
        }
    }

    /// Where the certificate is that the request says it is signed with, if that is where its service keeps them.
    pub fn certificate_url(&self, request: &WebhookRequest<'_>) -> Option<String> {
        match self {
            Adapter::Smtp(_) => email::certificate_url(request),
            Adapter::Twilio(_) | Adapter::Meta(_) | Adapter::Simulator(_) => None,
        }
    }

    /// What the request says, in its order.
    pub fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        if request.body.len() > self.body_limit() {
            return Err(Malformed("the body is larger than a webhook may be"));
        }
        match self {
            Adapter::Twilio(_) => twilio::decode(request, routes),
            Adapter::Meta(_) => meta::decode(request, routes),
            Adapter::Smtp(_) => email::decode(request, routes),
            Adapter::Simulator(_) => simulator::decode(request, routes),
        }
    }

    /// The largest body of its webhook.
    pub fn body_limit(&self) -> usize {
        match self {
            Adapter::Smtp(_) => MAIL_BYTES,
            Adapter::Twilio(_) | Adapter::Meta(_) | Adapter::Simulator(_) => WEBHOOK_BODY_BYTES,
        }
    }

    /// What must not be shown of what it sends.
    pub fn secrets(&self) -> Vec<&str> {
        let secrets: Vec<Option<&Secret>> = match self {
            Adapter::Twilio(s) => {
                let keys = s.signing_keys.iter().map(|key| Some(&key.secret));
                let own = [Some(&s.auth_token), s.second_auth_token.as_ref(), s.api_key.as_ref().map(|key| &key.secret)];
                own.into_iter().chain(keys).collect()
            }
            Adapter::Meta(s) => {
                vec![Some(&s.app_secret), s.second_app_secret.as_ref(), Some(&s.verify_token), Some(&s.access_token)]
            }
            Adapter::Smtp(s) => {
                vec![s.login.as_ref().map(|login| &login.password), s.webhook_secret.as_ref(), s.mailgun_key.as_ref()]
            }
            Adapter::Simulator(_) => Vec::new(),
        };
        secrets.into_iter().flatten().map(Secret::expose).filter(|secret| !secret.is_empty()).collect()
    }

    /// The longest that one send may take, if the channel says so itself.
    pub fn timeout(&self) -> Option<Span> {
        match self {
            Adapter::Smtp(s) => s.timeout,
            Adapter::Twilio(_) | Adapter::Meta(_) | Adapter::Simulator(_) => None,
        }
    }

    /// What leaves for the provider: a request, or a mail.
    pub fn wire(&self, message: &Outbound, context: &SendContext<'_>) -> Result<Wire, EncodeError> {
        match self {
            Adapter::Smtp(s) => email::write(s, message, context).map(Wire::Mail),
            Adapter::Twilio(_) | Adapter::Meta(_) | Adapter::Simulator(_) => self.encode(message, context).map(Wire::Http),
        }
    }

    /// How the message is written for a provider with an HTTP API.
    pub fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError> {
        match self {
            Adapter::Twilio(s) => twilio::encode(s, message, context),
            Adapter::Meta(s) => meta::encode(s, message, context),
            Adapter::Smtp(_) => Err(EncodeError::Unsupported { provider: "a mail server", what: "requests", kind: context.kind }),
            Adapter::Simulator(s) => simulator::encode(s, message, context),
        }
    }

    /// What the provider's answer means.
    pub fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome {
        match self {
            Adapter::Twilio(_) => twilio::classify(status, headers, body),
            Adapter::Meta(_) => meta::classify(status, headers, body),
            // It answers no HTTP: see `email::classify`.
            Adapter::Smtp(_) => SendOutcome::Unknown,
            Adapter::Simulator(_) => simulator::classify(status, headers, body),
        }
    }

    /// What a webhook is answered once its content is stored.
    pub fn acknowledge(&self) -> Reply {
        match self {
            Adapter::Twilio(_) => Reply { status: 200, content_type: "text/xml", body: Cow::Borrowed(twilio::EMPTY_TWIML) },
            Adapter::Meta(_) | Adapter::Smtp(_) => Reply { status: 200, content_type: "text/plain", body: Cow::Borrowed("") },
            Adapter::Simulator(_) => Reply { status: 200, content_type: "application/json", body: Cow::Borrowed("{}") },
        }
    }

    /// Where the content of a webhook of `here` may go: `all` are the configured channels, of which only those with the same
    /// credentials at the same provider are taken.
    pub fn routes<'a>(&self, here: Route, all: impl IntoIterator<Item = (Route, &'a Adapter)>) -> Routes {
        let own = self.number(here.kind).map(|number| (number, here.clone()));
        let mut routes = Routes::only(here);
        if let Some((number, here)) = own {
            routes = routes.with(number, here);
        }
        for (route, other) in all {
            if let Some(number) = other.number(route.kind).filter(|_| self.same_account(other)) {
                routes = routes.with(number, route);
            }
        }
        routes
    }

    fn same_account(&self, other: &Adapter) -> bool {
        match (self, other) {
            (Adapter::Twilio(a), Adapter::Twilio(b)) => twilio::same_account(a, b),
            (Adapter::Meta(a), Adapter::Meta(b)) => meta::same_app(a, b),
            // A simulated message names its channel by the URL alone.
            _ => false,
        }
    }

    /// Our number as webhooks name it.
    fn number(&self, kind: ChannelKind) -> Option<String> {
        match self {
            Adapter::Twilio(s) => Some(twilio::number(s, kind)),
            Adapter::Meta(s) => Some(s.phone_number_id.clone()),
            Adapter::Smtp(_) | Adapter::Simulator(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::ChannelName;

    fn meta(number: &str, secret: &str) -> Adapter {
        Adapter::Meta(MetaSettings {
            phone_number_id: number.to_owned(),
            app_secret: Secret::new(secret),
            second_app_secret: None,
            verify_token: Secret::new("v"),
            access_token: Secret::new("t"),
            graph_version: MetaSettings::GRAPH_VERSION.to_owned(),
            base_url: MetaSettings::BASE_URL.to_owned(),
        })
    }

    fn route(name: &str) -> Route {
        Route { channel: ChannelName::parse(name).expect("a name"), kind: ChannelKind::WhatsApp }
    }

    #[test]
    fn a_webhook_reaches_only_channels_with_its_own_credentials() {
        let (here, sister, stranger) = (meta("1", "app"), meta("2", "app"), meta("3", "other app"));
        let all = [(route("here"), &here), (route("sister"), &sister), (route("stranger"), &stranger)];
        let routes = here.routes(route("here"), all);
        assert_eq!(routes.find("1"), Some(&route("here")));
        assert_eq!(routes.find("2"), Some(&route("sister")));
        assert_eq!(routes.find("3"), None);
    }
}
