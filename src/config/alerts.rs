//! Who is told of alerts, and how: `[alerts]` and the ways of `[teams.X]`.

use super::project::{AlertRules, TeamRules, Way};
use super::read_project::slug;
use super::secret::Secret;
use super::section::{Secrets, Section};
use crate::domain::address::{Address, E164};
use crate::domain::channel::ChannelKind;
use crate::domain::journal::AlertLevel;
use crate::domain::limits;
use crate::domain::mail::email;
use crate::domain::name::{ChannelName, Slug};
use crate::domain::time::Span;
use indexmap::IndexMap;
use url::Url;

/// What only the sender of alerts needs.
#[derive(Debug, Clone, Default)]
pub struct AlertSettings {
    /// The channel whose mail server takes alerts.
    pub email_channel: Option<ChannelName>,
    /// The channel whose provider takes alerts as text messages.
    pub sms_channel: Option<ChannelName>,
    /// The webhooks of each team, in the order in which its ways count them.
    pub slack: IndexMap<Slug, Vec<SlackHook>>,
    /// The pause before an alert that was not taken is told again; each next one is twice as long, up to an hour.
    pub retry_first: Span,
}

/// An incoming webhook. Its URL is all that it takes to write there.
#[derive(Debug, Clone)]
pub struct SlackHook {
    /// The URL.
    pub url: Secret,
    /// Whether private, loopback and link-local addresses may be reached.
    pub allow_private: bool,
}

impl SlackHook {
    /// The host of the URL, for people; nothing else of it may be shown.
    pub fn host(&self) -> String {
        let host = Url::parse(self.url.expose()).ok().and_then(|url| url.host_str().map(str::to_owned));
        host.unwrap_or_else(|| "?".to_owned())
    }
}

/// The entries of `[teams.X]`: their names, and how each is told.
pub(super) struct Teams {
    pub names: Vec<Slug>,
    pub rules: IndexMap<Slug, TeamRules>,
    slack: IndexMap<Slug, Vec<SlackHook>>,
}

pub(super) fn teams(section: &Section<'_>, secrets: Secrets) -> Teams {
    let mut teams = Teams { names: Vec::new(), rules: IndexMap::new(), slack: IndexMap::new() };
    for (name, inner) in section.named() {
        let Some(name) = slug(section, name) else { continue };
        let (rules, slack) = team(&inner, secrets);
        inner.finish();
        teams.names.push(name.clone());
        teams.slack.insert(name.clone(), slack);
        teams.rules.insert(name, rules);
    }
    teams
}

fn team(section: &Section<'_>, secrets: Secrets) -> (TeamRules, Vec<SlackHook>) {
    const LEVELS: [(&str, AlertLevel); 3] =
        [("info", AlertLevel::Info), ("warning", AlertLevel::Warning), ("urgent", AlertLevel::Urgent)];
    let title = section.opt_text("title");
    let mut ways = Vec::new();
    for text in section.texts_or_text("email") {
        match email(&text) {
            Some(address) => ways.push(Way::Email(Address::Email(address))),
            None => section.mistake("email", format!("`{text}` is no address such as ops@shop.example"), None),
        }
    }
    for text in section.texts_or_text("sms") {
        match E164::parse(&text) {
            Some(phone) => ways.push(Way::Sms(Address::Phone(phone))),
            None => section.mistake("sms", format!("`{text}` is no number such as +447700900123"), None),
        }
    }
    let allow_private = section.boolean("allow_private");
    let mut slack = Vec::new();
    for url in section.secrets("slack") {
        // Commands that send nothing need no secrets.
        if url.is_empty() && secrets == Secrets::Tolerated {
            continue;
        }
        if !is_target(url.expose()) {
            section.mistake("slack", "is no URL such as https://hooks.slack.com/services/…", None);
            continue;
        }
        ways.push(Way::Slack(slack.len()));
        slack.push(SlackHook { url, allow_private });
    }
    if ways.len() > limits::TEAM_WAYS {
        let key = if section.has("email") { "email" } else { "sms" };
        section.mistake(key, format!("a team has at most {} addresses and webhooks", limits::TEAM_WAYS), None);
        ways.truncate(limits::TEAM_WAYS);
    }
    let min_level = section.opt_word("min_level", &LEVELS).unwrap_or(AlertLevel::Info);
    (TeamRules { title, min_level, ways }, slack)
}

fn is_target(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty() && url.password().is_none()
}

/// `[alerts]`. `channels` are those that are configured, with their kinds.
pub(super) fn alerts(
    section: Section<'_>,
    teams: Teams,
    channels: &[(&ChannelName, ChannelKind)],
    public_url: &str,
) -> (AlertRules, AlertSettings) {
    let mut receivers: Vec<Slug> = Vec::new();
    for text in section.texts("receivers") {
        match teams.rules.get_key_value(text.as_str()) {
            Some((name, rules)) if !rules.ways.is_empty() => receivers.push(name.clone()),
            // Without its secrets it may have a webhook all the same.
            Some((name, _)) if teams.slack.get(name).is_some_and(Vec::is_empty) && section.tolerates() => {}
            Some(_) => {
                let help = format!("Give [teams.{text}] an email, sms or slack.");
                section.mistake("receivers", format!("the team `{text}` has no way to be told"), Some(help));
            }
            None => {
                let help = Some("Write the names of teams: [teams.NAME].".to_owned());
                section.mistake("receivers", format!("there is no team `{text}`"), help);
            }
        }
    }
    if receivers.len() > limits::ALERT_RECEIVERS {
        section.mistake("receivers", format!("are more than {} teams", limits::ALERT_RECEIVERS), None);
        receivers.truncate(limits::ALERT_RECEIVERS);
    }
    let retry_first = section.span("retry_first", Span::millis(10), Span::minutes(10));
    let window = section.span("window", Span::seconds(1), Span::hours(24));
    let carries = |medium: ChannelKind, used: fn(&Way) -> bool, key: &'static str| {
        let named = section.opt_text(key);
        let of_kind = |name: &str| channels.iter().find(|(known, kind)| known.as_str() == name && *kind == medium);
        let found = match &named {
            Some(name) => of_kind(name).map(|(name, _)| (*name).clone()),
            None => channels.iter().find(|(_, kind)| *kind == medium).map(|(name, _)| (*name).clone()),
        };
        match (&named, &found) {
            (Some(name), None) => section.mistake(key, format!("there is no channel `{name}` of kind `{medium}`"), None),
            (None, None) if teams.rules.values().any(|team| team.ways.iter().any(used)) => {
                let help = format!("Add a section [channels.NAME] with kind = \"{medium}\".");
                section.mistake(
                    key,
                    format!("is missing: teams are told by {medium}, and no channel is of that kind"),
                    Some(help),
                );
            }
            _ => {}
        }
        found
    };
    let email_channel = carries(ChannelKind::Email, |way| matches!(way, Way::Email(_)), "email_channel");
    let sms_channel = carries(ChannelKind::Sms, |way| matches!(way, Way::Sms(_)), "sms_channel");
    section.finish();
    let rules = AlertRules { receivers, teams: teams.rules, window, api: public_url.to_owned() };
    (rules, AlertSettings { email_channel, sms_channel, slack: teams.slack, retry_first })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Settings};
    use std::path::Path;

    const ALERTS: &str = r#"
[channels.texts]
provider = "simulator"
kind = "sms"
[channels.post]
provider = "smtp"
kind = "email"
host = "localhost"
from = "Shop <hello@shop.example>"
[alerts]
receivers = ["operations"]
window = "5m"
[teams.operations]
title = "Operations"
email = "ops@shop.example"
sms = ["+447700900123"]
slack = { env = "SLACK" }
min_level = "warning"
[teams.payments]
"#;

    fn load(text: &str) -> (Settings, Vec<String>) {
        let environment: Environment =
            [("SLACK", "https://hooks.slack.example/T/B"), ("BAD", "hooks")].map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        let (settings, mistakes, _) = Settings::read(text, Path::new("/p"), &environment, Secrets::Required);
        (settings, mistakes.iter().map(|m| format!("{}: {}", m.key, m.message)).collect())
    }

    #[test]
    fn a_team_is_told_by_all_of_its_ways() {
        let (settings, mistakes) = load(ALERTS);
        assert_eq!(mistakes, Vec::<String>::new());
        let rules = &settings.project.alerts;
        let operations = &rules.teams["operations"];
        assert_eq!((operations.ways.len(), operations.min_level), (3, AlertLevel::Warning));
        assert_eq!(operations.ways[2], Way::Slack(0));
        assert!(rules.teams["payments"].ways.is_empty());
        assert_eq!((rules.window, rules.receivers.len()), (Span::minutes(5), 1));
        let found = |channel: &Option<ChannelName>| channel.as_ref().map(|name| name.to_string());
        let channels = (found(&settings.alerts.email_channel), found(&settings.alerts.sms_channel));
        assert_eq!(channels, (Some("post".to_owned()), Some("texts".to_owned())), "the first of each kind");
        assert_eq!(settings.alerts.slack["operations"][0].host(), "hooks.slack.example");
        let shown = format!("{:?} {:?}", settings.alerts, rules);
        assert!(!shown.contains("T/B") && !shown.contains("7700") && !shown.contains("ops@"), "{shown}");
        assert_eq!(settings.project.teams.len(), 2);
    }

    #[test]
    fn each_mistake_is_told() {
        for (from, to, expected) in [
            ("[\"operations\"]", "[\"ops\"]", "alerts.receivers: there is no team `ops`"),
            ("[\"operations\"]", "[\"payments\"]", "alerts.receivers: the team `payments` has no way to be told"),
            ("window = \"5m\"", "window = \"0s\"", "alerts.window: "),
            ("window", "windows", "alerts.windows: is not a setting"),
            ("ops@shop.example", "ops", "teams.operations.email: `ops` is no address"),
            ("+447700900123", "0770", "teams.operations.sms: `0770` is no number"),
            ("\"SLACK\"", "\"BAD\"", "teams.operations.slack: is no URL"),
            ("{ env = \"SLACK\" }", "\"https://hooks.slack.example/T\"", "teams.operations.slack: a secret may not stand"),
            ("\"warning\"", "\"high\"", "teams.operations.min_level: `high` is none of"),
            ("window = \"5m\"", "sms_channel = \"post\"", "alerts.sms_channel: there is no channel `post` of kind `sms`"),
            ("kind = \"sms\"", "kind = \"whatsapp\"", "alerts.sms_channel: is missing: teams are told by sms"),
        ] {
            let (_, said) = load(&ALERTS.replacen(from, to, 1));
            assert!(said.iter().any(|m| m.starts_with(expected)), "{expected}\n{said:#?}");
        }
    }
}
