//! A configured virtual number with its provider.

pub use super::providers::ProviderSettings;
pub use super::providers::meta::MetaSettings;
pub use super::providers::simulator::SimulatorSettings;
pub use super::providers::twilio::{TwilioApiKey, TwilioSettings, TwilioSigningKey};

use crate::domain::channel::ChannelKind;
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
