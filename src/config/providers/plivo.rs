//! `provider = "plivo"`: an account and the sender of one channel in it.

use super::{ProviderEntry, ProviderSettings, sender};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Boolean, Secret as SecretSetting, Text};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "plivo",
    title: "Plivo",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    // Plivo's own queue holds what is above a number's rate.
    per_second: 5,
    is_called: true,
    shows: |kind| match kind {
        ChannelKind::WhatsApp => Capabilities { location: false, ..Capabilities::WHATSAPP },
        ChannelKind::Sms | ChannelKind::Email => Capabilities::FILES,
    },
    settings: &[
        ("auth_id", Text, "plivo: the Auth ID of the account"),
        ("auth_token", SecretSetting, ""),
        ("second_auth_token", SecretSetting, ""),
        ("powerpack_uuid", Text, "plivo: the Powerpack that chooses the sender; number may then be left out"),
        (
            "accept_v2",
            Boolean,
            "plivo: also believe webhooks that are only signed in the old way, which leaves the body unsigned",
        ),
    ],
    guards: false,
    example: r#"
[channels.main-sms]
provider = "plivo"
kind = "sms"
number = "+447700900001"
auth_id = "MA0123456789ABCDEFGH"
auth_token = { env = "PLIVO_AUTH_TOKEN" }
"#,
    read: |section, kind, _| ProviderSettings::Plivo(Box::new(plivo(section, kind))),
};

/// A Plivo account and the sender of one channel in it.
#[derive(Debug, Clone)]
pub struct PlivoSettings {
    /// The channel's medium.
    pub kind: ChannelKind,
    /// The account's id: `MA…`, of a subaccount `SA…`.
    pub auth_id: String,
    /// Its token: authenticates requests and signs webhooks.
    pub auth_token: Secret,
    /// The other token while a rotation is under way, or the main account's, which signs for its subaccounts too: webhooks signed with
    /// it are believed.
    pub second_auth_token: Option<Secret>,
    /// The sender: `+E164`, a short code or an alphanumeric id; empty if a Powerpack sends.
    pub from: String,
    /// The Powerpack that chooses the sender.
    pub powerpack_uuid: Option<String>,
    /// Whether webhooks are believed that only have the second generation of signatures, which leaves the body unsigned.
    pub accept_v2: bool,
    /// `https://api.plivo.com`, or a stand-in for tests.
    pub base_url: String,
}

impl PlivoSettings {
    /// Where Plivo's API is.
    pub const BASE_URL: &str = "https://api.plivo.com";
}

fn plivo(section: &Section<'_>, kind: ChannelKind) -> PlivoSettings {
    let id = |text: &str| is_auth_id(text).then(|| text.to_owned());
    let auth_id = section.parsed("auth_id", "the Auth ID of the account: MA or SA and 18 letters and digits", String::new(), id);
    let auth_token = section.secret("auth_token");
    let second_auth_token = section.opt_secret("second_auth_token").filter(|s| !s.is_empty());
    let powerpack = |text: &str| is_uuid(text).then(|| text.to_owned());
    let powerpack_uuid = section.opt_parsed("powerpack_uuid", "the UUID of a Powerpack", powerpack);
    let form = sender::form(kind);
    let sender = |text: &str| sender::is_sender(text, kind).then(|| text.to_owned());
    let from = match powerpack_uuid {
        Some(_) => section.opt_parsed("number", form, sender).unwrap_or_default(),
        None => section.parsed("number", form, String::new(), sender),
    };
    let accept_v2 = section.boolean("accept_v2");
    let base_url = section.base_url("base_url").unwrap_or_else(|| PlivoSettings::BASE_URL.to_owned());
    PlivoSettings { kind, auth_id, auth_token, second_auth_token, from, powerpack_uuid, accept_v2, base_url }
}

fn is_auth_id(text: &str) -> bool {
    let rest = text.strip_prefix("MA").or_else(|| text.strip_prefix("SA"));
    rest.is_some_and(|rest| (10..=30).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_and_ids() {
        assert!(is_auth_id("MA0123456789ABCDEFGH") && is_auth_id("SAABCDEFGHIJ12345678"));
        assert!(!is_auth_id("0123456789ABCDEFGHIJ") && !is_auth_id("MA") && !is_auth_id("MA0123456789/../X"));
        assert!(is_uuid("2aa2f0e0-0000-4000-8000-000000000001") && !is_uuid("2aa2f0e0000040008000000000000001"));
    }
}
