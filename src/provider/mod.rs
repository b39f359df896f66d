//! Adapters: what a provider writes to us and takes from us, as pure functions. Data in, data out; no I/O, no clock.
//! `verify` decides whether a webhook is believed, `decode` what it says, `encode` how a message is written, `classify` what
//! the answer means. Quirks are tables, not code. A new provider is a module with an `impl Provider`, and one arm of [`Adapter::new`].

pub mod desk;
pub mod features;
pub mod file;
pub mod form;
pub mod guard;
pub mod json;
pub mod proof;
pub mod send;
pub mod table;
pub mod webhook;
pub mod xml;

pub mod email;
pub mod smpp;

mod account;
mod africastalking;
#[cfg(test)]
mod all_tests;
mod aws_sms;
mod bandwidth;
mod bird;
mod bird_channels;
mod callback;
mod caption;
mod dialog360;
mod gupshup;
mod http;
mod infobip;
mod jasmin;
mod jwt;
mod kannel;
mod location;
mod messagebird;
mod meta;
mod mime;
mod plain;
mod plivo;
mod route;
mod simulator;
mod sinch;
mod sns;
mod telnyx;
mod twilio;
mod verdict;
mod vonage;
mod vonage_sms;
mod written;

pub use account::Account;
pub use features::{Features, Proof, Reports};
pub use send::{
    Accepted, Checked, EncodeError, Found, HttpRequest, MailFacts, SendContext, SendOutcome, Sought, TransportError, Wire,
};
pub use simulator::played;
pub use webhook::{
    Complaint, Decoded, Facts, Failure, Headers, LimitScope, Malformed, Method, NumberEvent, NumberQuality, OptOutScope, Other,
    Pairs, Part, Pricing, ProviderError, Received, Refused, Reply, Route, Routes, StatusReport, Subscription, TemplateStatus,
    WebhookRequest,
};

use crate::config::channel::ProviderSettings;
use crate::config::providers::guard::Guard;
use crate::config::secret::Secret;
use crate::domain::channel::ChannelKind;
use crate::domain::limits::WEBHOOK_BODY_BYTES;
use crate::domain::message::{Media, Outbound};
use crate::domain::time::{Millis, Span};
use file::{FileRequest, FileSource, NoFile};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// One provider as one channel uses it: its settings are in it.
pub trait Provider: Send + Sync + fmt::Debug {
    /// Its name in the configuration, for labels and messages.
    fn name(&self) -> &'static str;

    /// What it can do, and how sure we are of it.
    fn features(&self) -> Features;

    /// Whether the request comes from the provider. Nothing of it is read before.
    fn verify(&self, request: &WebhookRequest<'_>) -> Result<(), Refused>;

    /// What the request says, in its order.
    fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed>;

    /// How the message is written for a provider with an HTTP API.
    fn encode(&self, message: &Outbound, context: &SendContext<'_>) -> Result<HttpRequest, EncodeError>;

    /// What the provider's answer means.
    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> SendOutcome;

    /// The base of the API that the channel names: it may be in our own network.
    fn base_url(&self) -> Option<&str> {
        None
    }

    /// The answer to a request that only asks whether this URL is ours (Meta's `hub.challenge`): to be sent as it is, before
    /// anything else is looked at.
    fn handshake(&self, _: &WebhookRequest<'_>) -> Option<Reply> {
        None
    }

    /// What a provider that signs nothing is recognised by.
    fn guard(&self) -> Option<&Guard> {
        None
    }

    /// Whether its webhook's URL ends in a secret, as whoever calls it signs nothing.
    fn has_secret_url(&self) -> bool {
        self.guard().is_some()
    }

    /// The rest of the proof, after `verify`: what depends on the present moment or on a certificate that had to be fetched.
    fn prove(&self, _: &WebhookRequest<'_>, _: &Facts<'_>) -> Result<(), Refused> {
        Ok(())
    }

    /// Where the certificate is that the request says it is signed with, if that is where its service keeps them.
    fn certificate_url(&self, _: &WebhookRequest<'_>) -> Option<String> {
        None
    }

    /// The largest body of its webhook, in bytes.
    fn body_limit(&self) -> usize {
        WEBHOOK_BODY_BYTES
    }

    /// What must not be shown of what it sends and is sent, beside what its [`Guard`] has.
    fn secrets(&self) -> Vec<&Secret>;

    /// The longest that one send may take, if the channel says so itself.
    fn timeout(&self) -> Option<Span> {
        None
    }

    /// What leaves for the provider: a request, a mail, or PDUs.
    fn wire(&self, message: &Outbound, context: &SendContext<'_>) -> Result<Wire, EncodeError> {
        self.encode(message, context).map(Wire::Http)
    }

    /// Whether what leaves are mails.
    fn is_mail(&self) -> bool {
        false
    }

    /// Whether what leaves are requests, not mails or PDUs.
    fn speaks_http(&self) -> bool {
        !self.is_mail() && self.smpp().is_none()
    }

    /// What holds for a connection by SMPP, if that is how messages leave and come.
    fn smpp(&self) -> Option<&smpp::Smpp> {
        None
    }

    /// What a webhook is answered once its content is stored.
    fn acknowledge(&self) -> Reply {
        Reply { status: 200, content_type: "text/plain", body: Cow::Borrowed("") }
    }

    /// Our number in digits, where webhooks that are about the number itself name it so and those about messages otherwise.
    fn phone(&self) -> Option<String> {
        None
    }

    /// Our number as webhooks name it.
    fn number(&self, _: ChannelKind) -> Option<String> {
        None
    }

    /// Whose the channel is at the provider: a webhook of one may carry what is meant for another of the same account.
    fn account(&self) -> Option<Account> {
        None
    }

    /// A request that proves the credentials, costs nothing and changes nothing, if the provider has one.
    fn check(&self, _now: Millis) -> Option<HttpRequest> {
        None
    }

    /// What the answer to `check` says.
    fn checked(&self, status: u16, _body: &[u8]) -> Checked {
        match status {
            200..=299 => Checked::Valid,
            401 | 403 => Checked::Refused,
            _ => Checked::Unclear,
        }
    }

    /// A request that asks what became of a send whose answer was lost, if the provider can be asked.
    fn lookup(&self, _: &Sought<'_>) -> Option<HttpRequest> {
        None
    }

    /// What the answer to `lookup` says. What it lists is believed only where it names the message that was sought: a filter that
    /// somebody does not know is passed over, and all messages come back.
    fn found(&self, _: &Sought<'_>, _status: u16, _body: &[u8]) -> Found {
        Found::Unclear
    }

    /// Whether each message carries a key by which the provider recognises a repeat.
    fn idempotent(&self) -> bool {
        false
    }

    /// Whether a webhook that was answered 503 comes again for at least an hour, by the provider's own documents; what is not known is a no.
    fn brings_again(&self) -> bool {
        false
    }

    /// Whether a report may name a message by the provider's id alone: which of ours has it is remembered for a while then.
    fn reports_by_its_id(&self) -> bool {
        false
    }

    /// How a file that came over this channel is fetched.
    fn file(&self, _: &Media) -> Result<FileSource, NoFile> {
        Err(NoFile::Nowhere)
    }

    /// Where a file is, by the answer to [`FileSource::Asked`].
    fn located(&self, _body: &[u8]) -> Result<FileRequest, NoFile> {
        Err(NoFile::Unreadable)
    }
}

/// The adapter of one channel: a handle that is cheap to copy.
#[derive(Debug, Clone)]
pub struct Adapter(Arc<dyn Provider>);

/// Any other provider: those of tests.
impl<P: Provider + 'static> From<P> for Adapter {
    fn from(provider: P) -> Self {
        Adapter(Arc::new(provider))
    }
}

impl Deref for Adapter {
    type Target = dyn Provider;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl Adapter {
    /// The adapter for these settings.
    pub fn new(settings: &ProviderSettings) -> Self {
        Adapter(match settings {
            ProviderSettings::Twilio(s) => Arc::new(twilio::Twilio(s.clone())),
            ProviderSettings::Meta(s) => Arc::new(meta::Meta(s.clone())),
            ProviderSettings::Plivo(s) => Arc::new(plivo::Plivo((**s).clone())),
            ProviderSettings::Telnyx(s) => Arc::new(telnyx::Telnyx((**s).clone())),
            ProviderSettings::Infobip(s) => Arc::new(infobip::Infobip((**s).clone())),
            ProviderSettings::Sinch(s) => Arc::new(sinch::Sinch((**s).clone())),
            ProviderSettings::Smtp(s) => Arc::new(email::Smtp(Arc::new((**s).clone()))),
            ProviderSettings::Gupshup(s) => Arc::new(gupshup::Gupshup((**s).clone())),
            ProviderSettings::Dialog360(s) => Arc::new(dialog360::Dialog360((**s).clone())),
            ProviderSettings::AfricasTalking(s) => Arc::new(africastalking::AfricasTalking((**s).clone())),
            ProviderSettings::Kannel(s) => Arc::new(kannel::Kannel((**s).clone())),
            ProviderSettings::Jasmin(s) => Arc::new(jasmin::Jasmin((**s).clone())),
            ProviderSettings::Smpp(s) => Arc::new(smpp::Smpp(Arc::new((**s).clone()))),
            ProviderSettings::Aws(s) => Arc::new(aws_sms::Aws((**s).clone())),
            ProviderSettings::Http(s) => Arc::new(http::Http((**s).clone())),
            ProviderSettings::Simulator(s) => Arc::new(simulator::Simulator(s.clone())),
            ProviderSettings::Vonage(s) => Arc::new(vonage::Vonage::new((**s).clone())),
            ProviderSettings::VonageSms(s) => Arc::new(vonage_sms::VonageSms((**s).clone())),
            ProviderSettings::Bird(s) => Arc::new(bird::Bird((**s).clone())),
            ProviderSettings::BirdChannels(s) => Arc::new(bird_channels::BirdChannels((**s).clone())),
            ProviderSettings::MessageBird(s) => Arc::new(messagebird::MessageBird((**s).clone())),
            ProviderSettings::Bandwidth(s) => Arc::new(bandwidth::Bandwidth((**s).clone())),
        })
    }

    /// The provider's name, for labels and messages.
    pub fn provider(&self) -> &'static str {
        self.name()
    }

    /// What the request says, in its order; nothing that is too large is looked at.
    pub fn decode(&self, request: &WebhookRequest<'_>, routes: &Routes) -> Result<Vec<Decoded>, Malformed> {
        if request.body.len() > self.body_limit() {
            return Err(Malformed("the body is larger than a webhook may be"));
        }
        self.0.decode(request, routes)
    }

    /// Where the content of a webhook of `here` may go: `all` are the configured channels, of which only those with the same
    /// credentials at the same provider are taken.
    pub fn routes<'a>(&self, here: Route, all: impl IntoIterator<Item = (Route, &'a Adapter)>) -> Routes {
        let names = |adapter: &Adapter, kind| [adapter.number(kind), adapter.phone()].into_iter().flatten();
        let mut routes = Routes::only(here.clone());
        for number in names(self, here.kind) {
            routes = routes.with(number, here.clone());
        }
        let Some(account) = self.account() else { return routes };
        for (route, other) in all {
            if other.account().is_some_and(|theirs| theirs == account) {
                for number in names(other, route.kind) {
                    routes = routes.with(number, route.clone());
                }
            }
        }
        routes
    }

    /// What must not be shown of what it sends and is sent.
    pub fn secrets(&self) -> Vec<&str> {
        let guard = self.guard().map(Guard::secrets).unwrap_or_default();
        self.0.secrets().into_iter().chain(guard).map(Secret::expose).filter(|secret| !secret.is_empty()).collect()
    }

    /// The part of the webhook's path behind the channel's name: the secret of a provider that signs nothing.
    pub fn url_secret(&self) -> Option<&str> {
        self.guard().map(|guard| guard.url_secret.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::channel::MetaSettings;
    use crate::domain::name::ChannelName;

    fn meta(number: &str, secret: &str) -> Adapter {
        Adapter::new(&ProviderSettings::Meta(MetaSettings {
            number: None,
            phone_number_id: number.to_owned(),
            app_secret: Secret::new(secret),
            second_app_secret: None,
            verify_token: Secret::new("v"),
            access_token: Secret::new("t"),
            graph_version: MetaSettings::GRAPH_VERSION.to_owned(),
            base_url: MetaSettings::BASE_URL.to_owned(),
        }))
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
