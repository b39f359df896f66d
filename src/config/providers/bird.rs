//! Bird: the API of 2026 (v1), and the Channels API of `docs.bird.com` that was there before.

use super::vonage::number;
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting;
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::channel::ChannelKind;

/// A Bird workspace and one of its senders, over API v1.
#[derive(Debug, Clone)]
pub struct BirdSettings {
    /// The channel's medium: what can be sent depends on it.
    pub kind: ChannelKind,
    /// The sender: `+E164`, a short code or an alphanumeric id.
    pub number: String,
    /// The API key: `bk_REGION_…`.
    pub api_key: Secret,
    /// The secret of the webhook endpoint: `whsec_…`.
    pub webhook_signing_secret: Secret,
    /// The other secret while a rotation is under way.
    pub second_webhook_signing_secret: Option<Secret>,
    /// What SMS are for, where the flow does not say.
    pub category: &'static str,
    /// `https://REGION.platform.bird.com`, or a stand-in for tests.
    pub base_url: String,
}

/// A Bird workspace and one channel in it, over the Channels API.
#[derive(Debug, Clone)]
pub struct BirdChannelsSettings {
    /// The channel's medium: what can be sent depends on it.
    pub kind: ChannelKind,
    /// The id of the workspace.
    pub workspace_id: String,
    /// The id of the channel there.
    pub channel_id: String,
    /// The access key.
    pub access_key: Secret,
    /// The signing key of the webhook subscription.
    pub signing_key: Secret,
    /// `https://api.bird.com`, or a stand-in for tests.
    pub base_url: String,
}

impl BirdChannelsSettings {
    /// Where the Channels API is.
    pub const BASE_URL: &str = "https://api.bird.com";
}

/// What Bird wants to know of each SMS.
const CATEGORIES: &[&str] = &["transactional", "marketing", "authentication", "service"];

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "bird",
    title: "Bird API v1",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    per_second: 10,
    is_called: true,
    guards: false,
    shows: |kind| match kind {
        ChannelKind::WhatsApp => Capabilities::WHATSAPP,
        ChannelKind::Sms | ChannelKind::Email => Capabilities::NOTHING,
    },
    settings: &[
        ("api_key", Setting::Secret, "an API key of the workspace: bk_REGION_…"),
        ("region", Setting::Text, "the region, if the API key does not name it: eu1, us1"),
        ("webhook_signing_secret", Setting::Secret, "the secret that Bird showed when the webhook was made: whsec_…"),
        ("second_webhook_signing_secret", Setting::Secret, "the other one while you change it"),
        ("category", Setting::Word(CATEGORIES), "what SMS are for: transactional"),
    ],
    example: r#"
[channels.main-whatsapp]
provider = "bird"
kind = "whatsapp"
number = "+447700900001"
region = "eu1"
api_key = { env = "BIRD_API_KEY" }
webhook_signing_secret = { env = "BIRD_WEBHOOK_SECRET" }
"#,
    read: |section, kind, _| ProviderSettings::Bird(Box::new(bird(section, kind))),
};

pub(super) const ENTRY_CHANNELS: ProviderEntry = ProviderEntry {
    name: "bird_channels",
    title: "Bird Channels API",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    per_second: 10,
    is_called: true,
    guards: false,
    shows: |kind| match kind {
        ChannelKind::WhatsApp => Capabilities { rows: 0, location: false, ..Capabilities::WHATSAPP },
        ChannelKind::Sms | ChannelKind::Email => Capabilities::NOTHING,
    },
    settings: &[
        ("workspace_id", Setting::Text, "the id of the workspace"),
        ("channel_id", Setting::Text, "the id of the channel"),
        ("access_key", Setting::Secret, "an access key of the workspace"),
        ("signing_key", Setting::Secret, "the signing key of the webhook subscription"),
    ],
    example: r#"
[channels.main-whatsapp]
provider = "bird_channels"
kind = "whatsapp"
workspace_id = "5a1d2c3e-0000-4000-8000-000000000001"
channel_id = "614208aa-b153-4d5d-9989-000000000001"
access_key = { env = "BIRD_ACCESS_KEY" }
signing_key = { env = "BIRD_SIGNING_KEY" }
"#,
    read: |section, kind, _| ProviderSettings::BirdChannels(Box::new(bird_channels(section, kind))),
};

fn bird(section: &Section<'_>, kind: ChannelKind) -> BirdSettings {
    let words: Vec<(&str, &'static str)> = CATEGORIES.iter().map(|word| (*word, *word)).collect();
    let api_key = section.secret("api_key");
    let given = section.opt_parsed("region", "a region such as eu1", |text| is_region(text).then(|| text.to_owned()));
    let region = given.or_else(|| region_of(&api_key).map(str::to_owned));
    let base_url = section.base_url("base_url").unwrap_or_else(|| match &region {
        Some(region) => format!("https://{region}.platform.bird.com"),
        None => {
            if !section.tolerates() {
                let help = "Write region = \"eu1\", or whichever your workspace is in.".to_owned();
                section.mistake("region", "is missing, and the API key does not name it", Some(help));
            }
            "https://eu1.platform.bird.com".to_owned()
        }
    });
    BirdSettings {
        kind,
        number: number(section, kind),
        api_key,
        webhook_signing_secret: section.secret("webhook_signing_secret"),
        second_webhook_signing_secret: section.opt_secret("second_webhook_signing_secret").filter(|s| !s.is_empty()),
        category: section.opt_word("category", &words).unwrap_or("transactional"),
        base_url,
    }
}

fn is_region(text: &str) -> bool {
    (2..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The region in `bk_REGION_…`.
fn region_of(key: &Secret) -> Option<&str> {
    let (region, _) = key.expose().strip_prefix("bk_")?.split_once('_')?;
    is_region(region).then_some(region)
}

fn bird_channels(section: &Section<'_>, kind: ChannelKind) -> BirdChannelsSettings {
    section.opt_text("number");
    let id = |key| {
        let form = "an id such as 614208aa-b153-4d5d-9989-000000000001";
        section.parsed(key, form, String::new(), |text| is_id(text).then(|| text.to_owned()))
    };
    BirdChannelsSettings {
        kind,
        workspace_id: id("workspace_id"),
        channel_id: id("channel_id"),
        access_key: section.secret("access_key"),
        signing_key: section.secret("signing_key"),
        base_url: section.base_url("base_url").unwrap_or_else(|| BirdChannelsSettings::BASE_URL.to_owned()),
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}
