//! `provider = "aws"`: AWS End User Messaging SMS in one region, and how its topics at Amazon SNS reach us.

use super::guard::Guard;
use super::{ProviderEntry, ProviderSettings};
use crate::config::project::Capabilities;
use crate::config::schema::Setting::{Secret as SecretSetting, Text, Texts, Word};
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::config::smtp::topics;
use crate::domain::channel::ChannelKind;

pub(super) const ENTRY: ProviderEntry = ProviderEntry {
    name: "aws",
    title: "AWS End User Messaging",
    kinds: &[ChannelKind::Sms],
    per_second: 10,
    is_called: true,
    guards: true,
    // What MMS sends lies in a bucket of the account: a file is a link in the text.
    shows: |_| Capabilities::NOTHING,
    settings: &[
        ("region", Text, "where the number is, such as eu-west-1"),
        ("access_key_id", Text, "of an IAM user that may do sms-voice:SendTextMessage"),
        ("secret_access_key", SecretSetting, "of that access key"),
        ("configuration_set", Text, "the configuration set whose event destination is one of sns_topics"),
        ("message_type", Word(&["transactional", "promotional"]), "transactional"),
        ("sns_topics", Texts(&[]), "the topics that replies and events are published to"),
    ],
    example: r#"
[channels.main-sms]
provider = "aws"
kind = "sms"
number = "+447700900001"
region = "eu-west-1"
access_key_id = "AKIAIOSFODNN7EXAMPLE"
secret_access_key = { env = "AWS_SECRET_ACCESS_KEY" }
configuration_set = "default"
sns_topics = ["arn:aws:sns:eu-west-1:123456789012:twoway"]
"#,
    read: |section, _, _| ProviderSettings::Aws(Box::new(aws(section))),
};

/// A region, who may send there, and a sender.
#[derive(Debug, Clone)]
pub struct AwsSettings {
    /// `eu-west-1`
    pub region: String,
    /// The id of an access key.
    pub access_key_id: String,
    /// Its secret: signs requests.
    pub secret_access_key: Secret,
    /// A number, a sender id, a pool, or the ARN of one of them.
    pub number: String,
    /// The configuration set.
    pub configuration_set: Option<String>,
    /// `TRANSACTIONAL` or `PROMOTIONAL`.
    pub message_type: &'static str,
    /// Topics of Amazon SNS that are believed.
    pub sns_topics: Vec<String>,
    /// `https://sms-voice.REGION.amazonaws.com`, or a stand-in for tests.
    pub base_url: String,
    /// For topics that deliver raw messages, which nobody signs: the secret that the URL ends in, and more.
    pub guard: Option<Guard>,
}

fn aws(section: &Section<'_>) -> AwsSettings {
    const TYPES: [(&str, &str); 2] = [("transactional", "TRANSACTIONAL"), ("promotional", "PROMOTIONAL")];
    let region = |text: &str| {
        let fits =
            (5..=30).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        fits.then(|| text.to_owned())
    };
    let named = |extra: &'static [u8], most: usize| {
        move |text: &str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || extra.contains(&b);
            ((1..=most).contains(&text.len()) && text.bytes().all(fits)).then(|| text.to_owned())
        }
    };
    let region = section.parsed("region", "a region such as eu-west-1", String::new(), region);
    let topics = topics(section);
    if topics.is_empty() {
        let help =
            "Without one nothing that comes in is believed. Write it as SNS shows it: arn:aws:sns:eu-west-1:123456789012:twoway";
        section.mistake("sns_topics", "must name at least one topic", Some(help.to_owned()));
    }
    let number = "a number such as +447700900123, a sender id, a pool, or an ARN";
    AwsSettings {
        access_key_id: section.parsed("access_key_id", "the id of an access key: AKIA…", String::new(), named(b"", 128)),
        secret_access_key: section.secret("secret_access_key"),
        number: section.parsed("number", number, String::new(), named(b"_:/+-", 256)),
        configuration_set: section.opt_parsed("configuration_set", "a name or an ARN", named(b"_:/-", 256)),
        message_type: section.opt_word("message_type", &TYPES).unwrap_or("TRANSACTIONAL"),
        sns_topics: topics,
        base_url: section.base_url("base_url").unwrap_or_else(|| format!("https://sms-voice.{region}.amazonaws.com")),
        guard: section.has("webhook_secret").then(|| Guard::read(section)),
        region,
    }
}
