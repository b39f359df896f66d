//! How the providers of channels are believed, and the URLs that are entered there; and which channels are held back.

use crate::config::Settings;
use crate::config::channel::{ChannelSettings, ProviderSettings};
use crate::config::providers::guard::Guard;
use crate::domain::hold::{Hold, HoldKind};
use crate::domain::value::rfc3339;
use crate::provider::Adapter;
use crate::service::{BindTrouble, probe_carrier};
use crate::store::{Finding, FindingLevel, HoldKey};

/// One finding for each channel whose provider signs nothing, and one with the URL for those that the rest of this command does
/// not speak of.
pub(super) fn findings(settings: &Settings) -> Vec<Finding> {
    settings.channels.values().flat_map(|channel| of(settings, channel)).collect()
}

/// What the carriers that speak SMPP say to our login. Nothing is sent.
pub(super) async fn carriers(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for channel in settings.channels.values() {
        let ProviderSettings::Smpp(smpp) = &channel.provider else { continue };
        let at = format!("{}: {}:{}", channel.name, smpp.host, smpp.port);
        let (level, message, remedy) = match probe_carrier(smpp).await {
            Ok(()) => {
                let how = if smpp.tls { "encrypted" } else { "in the clear" };
                (FindingLevel::Fine, format!("{at} lets us bind, {how}"), "")
            }
            Err(trouble @ BindTrouble::Refused(_)) => (
                FindingLevel::Error,
                format!("{at}: {trouble}"),
                "Check system_id, password, system_type and bind, and whether the carrier knows this machine's address. While the service runs, an account that may bind only once refuses this second one.",
            ),
            Err(trouble) => (
                FindingLevel::Error,
                format!("{at}: {trouble}"),
                "Check host, port, tls and tls_ca of the channel, and the way there.",
            ),
        };
        findings.push(Finding { name: "smpp", level, message, remedy: remedy.to_owned() });
    }
    findings
}

/// One for each channel that is held back, and each flow that is paused.
pub(super) fn held(holds: Vec<(HoldKey, Hold)>) -> Vec<Finding> {
    let one = |(key, hold): (HoldKey, Hold)| {
        let why = hold.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        let since = rfc3339(hold.since);
        let (name, message, remedy) = match key {
            HoldKey::Flow(flow) => (
                "flow",
                format!("{flow}: paused since {since} by {}{why}: no run of it begins", hold.by),
                format!("`replyflow admin flow resume {flow}` ends it."),
            ),
            HoldKey::Channel(channel, HoldKind::Paused) => (
                "channel",
                format!("{channel}: paused since {since} by {}{why}: nothing leaves over it", hold.by),
                format!("`replyflow channel resume {channel}` ends it."),
            ),
            HoldKey::Channel(channel, HoldKind::Flagged) => (
                "channel",
                format!("{channel}: its number is flagged since {since}{why}: broadcasts over it wait"),
                format!(
                    "They go on when the provider says so; `replyflow channel resume {channel} --flagged` does not wait for that."
                ),
            ),
        };
        Finding { name, level: FindingLevel::Warning, message, remedy }
    };
    holds.into_iter().map(one).collect()
}

fn of(settings: &Settings, channel: &ChannelSettings) -> Vec<Finding> {
    let entry = channel.provider.entry();
    let adapter = Adapter::new(&channel.provider);
    let mut found = Vec::new();
    let mut say = |level, message: String, remedy: &str| {
        found.push(Finding { name: "webhook", level, message, remedy: remedy.to_owned() });
    };
    let base = format!("{}/hooks/{}", settings.server.public_url, channel.name);
    match adapter.guard() {
        Some(guard) => {
            say(
                FindingLevel::Fine,
                format!("{}: {base}/SECRET", channel.name),
                "Enter it at the provider, with webhook_secret at its end.",
            );
            let (level, message, remedy) = believed(channel, entry.title, guard);
            say(level, message, remedy);
        }
        None if entry.is_called && !matches!(entry.name, "twilio" | "meta") => {
            say(FindingLevel::Fine, format!("{}: {base}", channel.name), "Enter it at the provider: docs/providers/ says where.");
        }
        None => {}
    }
    found
}

fn believed(channel: &ChannelSettings, title: &str, guard: &Guard) -> (FindingLevel, String, &'static str) {
    let beside: Vec<&str> = [
        (guard.basic.is_some(), "a login"),
        (guard.header.is_some(), "a header"),
        (!guard.from.is_empty(), "the addresses that it calls from"),
    ]
    .into_iter()
    .filter_map(|(has, words)| has.then_some(words))
    .collect();
    match beside.is_empty() {
        true => (
            FindingLevel::Warning,
            format!("{}: nothing but the secret in its URL shows that {title} calls it: nothing is signed", channel.name),
            "Set webhook_user and webhook_password, webhook_header, or webhook_from, as far as the provider has them; keep the URL out of logs.",
        ),
        false => {
            let message = format!(
                "{}: {title} signs nothing and is believed by the secret in its URL and {}",
                channel.name,
                beside.join(", ")
            );
            (FindingLevel::Fine, message, "")
        }
    }
}
