//! `[desks.NAME]`: help-desk services in which teams answer the conversations that flows hand over.

use super::hooks::target;
use super::project::{DeskInfo, Share};
use super::read_project::slug;
use super::secret::Secret;
use super::section::{Secrets, Section};
use super::server::size;
use crate::domain::desk::desk_set;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use indexmap::IndexMap;

/// One desk.
#[derive(Debug, Clone)]
pub struct DeskSettings {
    /// Its name.
    pub name: Slug,
    /// Which service, and where in it.
    pub kind: DeskKind,
    /// Where, without a slash at the end.
    pub base_url: String,
    /// What requests to it are authenticated with.
    pub api_token: Secret,
    /// The secrets with which its webhooks are signed; several while one is replaced.
    pub webhook_secrets: Vec<Secret>,
    /// The teams that work there; empty: all.
    pub teams: Vec<Slug>,
    /// What of a contact it may know.
    pub share: Share,
    /// Whether private, loopback and link-local addresses may be reached.
    pub allow_private: bool,
    /// One request.
    pub timeout: Span,
    /// Tasks in the air at one time.
    pub in_flight: usize,
    /// The pause before the first repetition; each next one is twice as long, up to an hour.
    pub retry_first: Span,
    /// A task that was not done for so long fails visibly.
    pub max_age: Span,
}

/// Which service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskKind {
    /// Chatwoot, with an inbox of the kind "API".
    Chatwoot {
        /// The account's number.
        account: u64,
        /// The inbox's number.
        inbox: u64,
        /// The number of the team there that new conversations are given to.
        team: Option<u64>,
    },
    /// Zendesk: tickets.
    Zendesk {
        /// The email address of the agent whose API token it is.
        user: String,
        /// The number of the group there that new tickets are given to.
        group: Option<u64>,
    },
}

impl DeskKind {
    /// As operators write it.
    pub fn as_str(&self) -> &'static str {
        match self {
            DeskKind::Chatwoot { .. } => "chatwoot",
            DeskKind::Zendesk { .. } => "zendesk",
        }
    }
}

impl DeskSettings {
    /// The desk as the engine sees it.
    pub fn info(&self) -> DeskInfo {
        DeskInfo { name: self.name.clone(), teams: self.teams.clone(), share: self.share }
    }
}

/// Every desk. A team has one at most.
pub(super) fn desks(section: Section<'_>, teams: &[Slug], secrets: Secrets) -> IndexMap<Slug, DeskSettings> {
    let mut all: IndexMap<Slug, DeskSettings> = IndexMap::new();
    for (name, inner) in section.named() {
        let Some(name) = slug(&section, name) else { continue };
        if desk_set(&name).is_none() {
            section.mistake(name.as_str(), "has too long a name", None);
            continue;
        }
        let desk = DeskSettings::read(name.clone(), &inner, teams, secrets);
        for other in all.values() {
            if desk.teams.is_empty() && other.teams.is_empty() {
                inner.mistake(
                    "teams",
                    format!("is not given, and neither is that of `{}`: one desk can be for all", other.name),
                    None,
                );
            }
            if let Some(team) = desk.teams.iter().find(|team| other.teams.contains(team)) {
                inner.mistake("teams", format!("names `{team}`, whose desk is `{}`", other.name), None);
            }
        }
        inner.finish();
        all.insert(name, desk);
    }
    all
}

impl DeskSettings {
    fn read(name: Slug, section: &Section<'_>, known: &[Slug], secrets: Secrets) -> Self {
        #[derive(Clone, Copy)]
        enum Word {
            Chatwoot,
            Zendesk,
        }
        let word = section.word("kind", &[("chatwoot", Word::Chatwoot), ("zendesk", Word::Zendesk)]);
        let base_url = section.parsed("base_url", "a URL such as https://app.chatwoot.com", String::new(), |text| {
            target(text).filter(|url| url.query().is_none()).map(|_| text.trim_end_matches('/').to_owned())
        });
        let id = |key: &'static str| section.has(key).then(|| section.number(key, 1, i64::MAX).unsigned_abs());
        let kind = match word {
            Word::Chatwoot => {
                let needed = |key: &'static str| {
                    id(key).unwrap_or_else(|| {
                        section.mistake(
                            "kind",
                            format!("needs `{key}`, a number: it stands in the address bar of Chatwoot"),
                            None,
                        );
                        1
                    })
                };
                DeskKind::Chatwoot { account: needed("account_id"), inbox: needed("inbox_id"), team: id("team_id") }
            }
            Word::Zendesk => {
                let user = section.opt_text("user").unwrap_or_default();
                if !user.contains('@') {
                    section.mistake("kind", "needs `user`, the email address of the agent whose API token it is", None);
                }
                DeskKind::Zendesk { user, group: id("group_id") }
            }
        };
        // What belongs to the other service is no setting here, but known to whoever documents them.
        let mine: &[&str] = match word {
            Word::Chatwoot => &["account_id", "inbox_id", "team_id"],
            Word::Zendesk => &["user", "group_id"],
        };
        for key in ["account_id", "inbox_id", "team_id", "user", "group_id"] {
            section.asks(key);
            if !mine.contains(&key) && section.has(key) {
                section.mistake(key, format!("is no setting of a desk of the kind `{}`", kind.as_str()), None);
            }
        }
        let api_token = section.secret("api_token");
        let mut webhook_secrets = section.secrets("webhook_secret");
        webhook_secrets.retain(|secret| !secret.is_empty());
        if matches!(word, Word::Zendesk) && webhook_secrets.is_empty() && secrets == Secrets::Required {
            let help = "Zendesk shows it with the webhook: Reveal secret.".to_owned();
            section.mistake("kind", "needs `webhook_secret`: Zendesk signs what it sends", Some(help));
        }
        let mut teams = Vec::new();
        for text in section.texts("teams") {
            match known.iter().find(|team| team.as_str() == text) {
                Some(team) => teams.push(team.clone()),
                None => section.mistake("teams", format!("names `{text}`, which is not in [teams]"), None),
            }
        }
        let span = |key, instead: Span, from, to| match section.has(key) {
            true => section.span(key, from, to),
            false => {
                section.asks(key);
                instead
            }
        };
        DeskSettings {
            name,
            kind,
            base_url,
            api_token,
            webhook_secrets,
            teams,
            share: share(section),
            allow_private: section.boolean("allow_private"),
            timeout: span("timeout", Span::seconds(10), Span::millis(100), Span::seconds(30)),
            in_flight: match section.has("in_flight") {
                true => size(section.number("in_flight", 1, 1_000)),
                false => {
                    section.asks("in_flight");
                    8
                }
            },
            retry_first: span("retry_first", Span::seconds(5), Span::millis(10), Span::minutes(10)),
            max_age: span("max_age", Span::hours(24), Span::seconds(1), Span::days(7)),
        }
    }
}

fn share(section: &Section<'_>) -> Share {
    if !section.has("share") {
        section.asks("share");
        return Share { name: true, ..Share::default() };
    }
    let mut share = Share::default();
    for word in section.texts("share") {
        match word.as_str() {
            "name" => share.name = true,
            "phone" => share.phone = true,
            "email" => share.email = true,
            _ => section.mistake("share", format!("`{word}` is none of `name`, `phone`, `email`"), None),
        }
    }
    share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Settings};
    use std::path::Path;

    const DESKS: &str = r#"
[teams.payments]
[teams.help]

[desks.support]
kind = "chatwoot"
base_url = "https://chat.example.com/"
account_id = 1
inbox_id = 5
api_token = { env = "TOKEN" }
teams = ["payments"]
share = ["phone"]

[desks.rest]
kind = "zendesk"
base_url = "https://acme.zendesk.com"
user = "bot@acme.example"
api_token = { env = "TOKEN" }
webhook_secret = { env = "SIGNING" }
max_age = "2h"
"#;

    fn load(text: &str) -> (Settings, Vec<String>) {
        let secrets = [("TOKEN", "0123456789abcdef"), ("SIGNING", "dGhpc19pc19zZWNyZXQ=")];
        let environment: Environment = secrets.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (settings, mistakes, _) = Settings::read(text, Path::new("/p"), &environment, Secrets::Required);
        (settings, mistakes.iter().map(|m| format!("{}: {}", m.key, m.message)).collect())
    }

    #[test]
    fn desks_are_read_and_a_team_finds_its_own() {
        let (settings, mistakes) = load(DESKS);
        assert_eq!(mistakes, Vec::<String>::new());
        let support = &settings.desks["support"];
        assert_eq!(support.kind, DeskKind::Chatwoot { account: 1, inbox: 5, team: None });
        assert_eq!((support.base_url.as_str(), support.in_flight), ("https://chat.example.com", 8));
        assert_eq!(support.share, Share { phone: true, ..Share::default() });
        assert_eq!(settings.desks["rest"].max_age, Span::hours(2));
        assert_eq!(settings.desks["rest"].share, Share { name: true, ..Share::default() });
        let of = |team: &str| settings.project.desk_of(&Slug::parse(team).expect("a slug")).map(|desk| desk.name.to_string());
        assert_eq!((of("payments"), of("help")), (Some("support".to_owned()), Some("rest".to_owned())));
        assert!(!format!("{:?}", settings.desks).contains("0123456789abcdef"));
    }

    #[test]
    fn each_mistake_is_told() {
        for (from, to, expected) in [
            ("account_id = 1\n", "", "desks.support.kind: needs `account_id`"),
            ("inbox_id = 5", "inbox_id = 0", "desks.support.inbox_id: must be a whole number from 1"),
            (
                "inbox_id = 5",
                "inbox_id = 5\nuser = \"a@b\"",
                "desks.support.user: is no setting of a desk of the kind `chatwoot`",
            ),
            ("\"payments\"]", "\"people\"]", "desks.support.teams: names `people`, which is not in [teams]"),
            ("max_age", "teams = [\"payments\"]\nmax_age", "desks.rest.teams: names `payments`, whose desk is `support`"),
            ("teams = [\"payments\"]\n", "", "desks.rest.teams: is not given, and neither is that of `support`"),
            ("\"phone\"", "\"address\"", "desks.support.share: `address` is none of"),
            ("webhook_secret = { env = \"SIGNING\" }\n", "", "desks.rest.kind: needs `webhook_secret`"),
            ("bot@acme.example", "bot", "desks.rest.kind: needs `user`"),
            ("https://chat", "chat", "desks.support.base_url: `chat.example.com/` must be a URL"),
            ("api_token = { env = \"TOKEN\" }\nteams", "teams", "desks.support.api_token: is missing"),
            (
                "api_token = { env = \"TOKEN\" }\nteams",
                "api_token = \"x\"\nteams",
                "desks.support.api_token: a secret may not stand",
            ),
        ] {
            let (_, said) = load(&DESKS.replacen(from, to, 1));
            assert!(said.iter().any(|m| m.starts_with(expected)), "{expected}\n{said:#?}");
        }
    }
}
