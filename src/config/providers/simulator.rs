//! `provider = "simulator"`: for trying things out, without a company.

use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "simulator",
    title: "Simulator",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp, ChannelKind::Email],
    per_second: 1_000,
    is_called: false,
    shows: |kind| match kind {
        ChannelKind::Sms => Capabilities::FILES,
        ChannelKind::WhatsApp => Capabilities::WHATSAPP,
        ChannelKind::Email => Capabilities::NOTHING,
    },
    settings: &[],
    guards: false,
    example: r#"
[channels.test]
provider = "simulator"
kind = "whatsapp"
"#,
    read: |section, _, _| {
        section.opt_text("number");
        // Where the service listens is filled in by who knows it.
        ProviderSettings::Simulator(SimulatorSettings { base_url: section.base_url("base_url").unwrap_or_default() })
    },
};

/// The simulator that the service itself runs.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// The base of the service's own URL: sends go to `{base_url}/simulator/send`.
    pub base_url: String,
}
