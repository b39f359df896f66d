//! The providers of this release. Each has a module with its settings, their reading and its [`ProviderEntry`]; everything else
//! that must know all of them goes through [`PROVIDERS`].

pub mod africastalking;
pub mod aws_sms;
pub mod bandwidth;
pub mod bird;
pub mod dialog360;
pub mod guard;
pub mod gupshup;
pub mod http;
pub mod infobip;
pub mod jasmin;
pub mod kannel;
pub mod messagebird;
pub mod meta;
pub mod plivo;
#[cfg(test)]
mod read_tests;
mod sender;
pub mod simulator;
pub mod sinch;
pub mod smpp;
pub mod telnyx;
pub mod twilio;
pub mod vonage;

use super::project::Capabilities;
use super::schema::Setting;
use super::section::{Secrets, Section};
use super::smtp::{self, SmtpSettings};
use crate::domain::channel::ChannelKind;
use africastalking::AfricasTalkingSettings;
use aws_sms::AwsSettings;
use bandwidth::BandwidthSettings;
use bird::{BirdChannelsSettings, BirdSettings};
use dialog360::Dialog360Settings;
use gupshup::GupshupSettings;
use http::HttpSettings;
use infobip::InfobipSettings;
use jasmin::JasminSettings;
use kannel::KannelSettings;
use messagebird::MessageBirdSettings;
use meta::MetaSettings;
use plivo::PlivoSettings;
use simulator::SimulatorSettings;
use sinch::SinchSettings;
use smpp::SmppSettings;
use telnyx::TelnyxSettings;
use twilio::TwilioSettings;
use vonage::{VonageSettings, VonageSmsSettings};

/// A provider with what it needs for one channel.
#[derive(Debug, Clone)]
pub enum ProviderSettings {
    /// Twilio: SMS, MMS, WhatsApp.
    Twilio(TwilioSettings),
    /// Meta WhatsApp Cloud API.
    Meta(MetaSettings),
    /// A mail server.
    Smtp(Box<SmtpSettings>),
    /// Gupshup: WhatsApp.
    Gupshup(Box<GupshupSettings>),
    /// 360dialog: WhatsApp.
    Dialog360(Box<Dialog360Settings>),
    /// Africa's Talking: SMS.
    AfricasTalking(Box<AfricasTalkingSettings>),
    /// Kannel: SMS through a gateway of one's own.
    Kannel(Box<KannelSettings>),
    /// Jasmin: SMS through a gateway of one's own.
    Jasmin(Box<JasminSettings>),
    /// SMS of whoever speaks SMPP.
    Smpp(Box<SmppSettings>),
    /// AWS End User Messaging: SMS.
    Aws(Box<AwsSettings>),
    /// Plivo: SMS, MMS, WhatsApp.
    Plivo(Box<PlivoSettings>),
    /// Telnyx: SMS, MMS, WhatsApp.
    Telnyx(Box<TelnyxSettings>),
    /// Infobip: SMS, WhatsApp.
    Infobip(Box<InfobipSettings>),
    /// Sinch: the SMS API, and the Conversation API with WhatsApp.
    Sinch(Box<SinchSettings>),
    /// Any gateway with HTTP, as its operator describes it.
    Http(Box<HttpSettings>),
    /// The built-in simulator.
    Simulator(SimulatorSettings),
    /// Vonage's Messages API.
    Vonage(Box<VonageSettings>),
    /// Vonage's SMS API.
    VonageSms(Box<VonageSmsSettings>),
    /// Bird's API v1.
    Bird(Box<BirdSettings>),
    /// Bird's Channels API.
    BirdChannels(Box<BirdChannelsSettings>),
    /// MessageBird.
    MessageBird(Box<MessageBirdSettings>),
    /// Bandwidth.
    Bandwidth(Box<BandwidthSettings>),
}

/// What everybody beside the adapter needs to know of a provider.
#[derive(Debug)]
pub struct ProviderEntry {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The media that it has.
    pub kinds: &'static [ChannelKind],
    /// Messages a second, if the channel does not say.
    pub per_second: u32,
    /// Whether it calls us from outside, and a public URL is needed.
    pub is_called: bool,
    /// What a channel of a medium can show: the adapter can write no more than this.
    pub shows: fn(ChannelKind) -> Capabilities,
    /// Every key that `read` asks for beside those of all channels, with a line for operators; `a.b` is the key `b` of the table `a`.
    /// Without a line the shipped configuration file has one.
    pub(super) settings: &'static [(&'static str, Setting, &'static str)],
    /// Whether it may sign nothing, and its channels have the keys of a [`guard::Guard`] beside.
    pub guards: bool,
    /// A complete section as an operator writes it.
    pub example: &'static str,
    /// Reads the section.
    pub(super) read: fn(&Section<'_>, ChannelKind, Secrets) -> ProviderSettings,
}

impl ProviderEntry {
    /// Every key that only channels of this provider have.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static (&'static str, Setting, &'static str)> {
        let guard: &'static [_] = if self.guards { &guard::Guard::SETTINGS } else { &[] };
        self.settings.iter().chain(guard)
    }
}

/// All of them, by their names in the configuration.
pub const PROVIDERS: &[ProviderEntry] = &[
    twilio::ENTRY,
    meta::ENTRY,
    gupshup::ENTRY,
    dialog360::ENTRY,
    africastalking::ENTRY,
    kannel::ENTRY,
    jasmin::ENTRY,
    smpp::ENTRY,
    aws_sms::ENTRY,
    vonage::ENTRY,
    vonage::ENTRY_SMS,
    bird::ENTRY,
    bird::ENTRY_CHANNELS,
    messagebird::ENTRY,
    bandwidth::ENTRY,
    plivo::ENTRY,
    telnyx::ENTRY,
    infobip::ENTRY,
    sinch::ENTRY,
    smtp::ENTRY,
    http::ENTRY,
    simulator::ENTRY,
];

/// Their names.
pub(super) const NAMES: &[&str] = &{
    let mut names = [""; PROVIDERS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = PROVIDERS[at].name;
        at += 1;
    }
    names
};

impl ProviderSettings {
    /// What everybody may know of the provider.
    pub fn entry(&self) -> &'static ProviderEntry {
        match self {
            ProviderSettings::Twilio(_) => &twilio::ENTRY,
            ProviderSettings::Meta(_) => &meta::ENTRY,
            ProviderSettings::Plivo(_) => &plivo::ENTRY,
            ProviderSettings::Telnyx(_) => &telnyx::ENTRY,
            ProviderSettings::Infobip(_) => &infobip::ENTRY,
            ProviderSettings::Sinch(_) => &sinch::ENTRY,
            ProviderSettings::Smtp(_) => &smtp::ENTRY,
            ProviderSettings::Gupshup(_) => &gupshup::ENTRY,
            ProviderSettings::Dialog360(_) => &dialog360::ENTRY,
            ProviderSettings::AfricasTalking(_) => &africastalking::ENTRY,
            ProviderSettings::Kannel(_) => &kannel::ENTRY,
            ProviderSettings::Jasmin(_) => &jasmin::ENTRY,
            ProviderSettings::Smpp(_) => &smpp::ENTRY,
            ProviderSettings::Aws(_) => &aws_sms::ENTRY,
            ProviderSettings::Http(_) => &http::ENTRY,
            ProviderSettings::Simulator(_) => &simulator::ENTRY,
            ProviderSettings::Vonage(_) => &vonage::ENTRY,
            ProviderSettings::VonageSms(_) => &vonage::ENTRY_SMS,
            ProviderSettings::Bird(_) => &bird::ENTRY,
            ProviderSettings::BirdChannels(_) => &bird::ENTRY_CHANNELS,
            ProviderSettings::MessageBird(_) => &messagebird::ENTRY,
            ProviderSettings::Bandwidth(_) => &bandwidth::ENTRY,
        }
    }

    /// The account and our number there, which no two channels of a kind may share: what comes in must have one channel to go to.
    /// Nothing where each channel has a webhook of its own.
    pub(super) fn line(&self) -> Option<(&str, &str)> {
        match self {
            ProviderSettings::Twilio(s) => Some((&s.account_sid, &s.from)),
            ProviderSettings::Meta(s) => Some(("", &s.phone_number_id)),
            ProviderSettings::Aws(s) => Some((&s.access_key_id, &s.number)),
            ProviderSettings::Smpp(s) => Some((&s.system_id, &s.number)),
            // Several senders may share a server, and several channels a sender; what signs nothing has a URL for each channel.
            ProviderSettings::Smtp(_)
            | ProviderSettings::Gupshup(_)
            | ProviderSettings::Dialog360(_)
            | ProviderSettings::AfricasTalking(_)
            | ProviderSettings::Kannel(_)
            | ProviderSettings::Jasmin(_)
            | ProviderSettings::Http(_)
            | ProviderSettings::Simulator(_) => None,
            // The secrets tell accounts apart; two channels with one number are a mistake in any of them.
            ProviderSettings::Vonage(s) => Some(("", &s.number)),
            ProviderSettings::VonageSms(s) => Some(("", &s.number)),
            ProviderSettings::Bird(s) => Some(("", &s.number)),
            ProviderSettings::BirdChannels(s) => Some((&s.workspace_id, &s.channel_id)),
            ProviderSettings::MessageBird(s) => Some(("", &s.number)),
            ProviderSettings::Bandwidth(s) => Some((&s.account_id, &s.number)),
            ProviderSettings::Plivo(s) => Some((&s.auth_id, s.powerpack_uuid.as_deref().unwrap_or(&s.from))),
            ProviderSettings::Telnyx(s) => Some((s.messaging_profile_id.as_deref().unwrap_or(""), &s.from)),
            ProviderSettings::Infobip(s) => Some((&s.base_url, &s.from)),
            ProviderSettings::Sinch(s) => Some(s.line()),
        }
    }

    /// What a channel of this medium can show: the adapters can write no more than this.
    pub fn shows(&self, kind: ChannelKind) -> Capabilities {
        (self.entry().shows)(kind)
    }

    /// Whether approved templates are named by an id of the provider, not by their name and language.
    pub fn templates_by_id(&self, kind: ChannelKind) -> bool {
        kind == ChannelKind::WhatsApp && matches!(self, ProviderSettings::Twilio(_) | ProviderSettings::Gupshup(_))
    }
}
