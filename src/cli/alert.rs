//! `replyflow alert test`: tells teams that nothing has happened, by each of their ways, and says what came of it. Done by this
//! process, so that it says what is wrong with a webhook or a mail server at once; the service takes the same way.

use super::arguments::Alert;
use super::{Project, Stop, style};
use crate::app::channels;
use crate::config::project::{TeamRules, Way};
use crate::config::{Secrets, Settings};
use crate::domain::name::Slug;
use crate::domain::time::Millis;
use crate::engine::alert_text::first;
use crate::engine::board::trial;
use crate::engine::effect::{Receiver, Tell};
use crate::provider::SendOutcome;
use crate::service::{HttpClient, MailClient, Outside, Teller};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One attempt.
const TIMEOUT: Duration = Duration::from_secs(20);

pub(super) fn run(project: &Project, command: &Alert) -> Result<(), Stop> {
    let Alert::Test { team } = command;
    let settings = project.load(Secrets::Required)?;
    let teams = teams(&settings, team.as_deref())?;
    super::runtime()?.block_on(test(&settings, &teams))
}

/// The teams that are meant, each with the ways by which it is told.
fn teams<'s>(settings: &'s Settings, team: Option<&str>) -> Result<Vec<(&'s Slug, &'s TeamRules)>, Stop> {
    let all = &settings.project.alerts.teams;
    let unasked = |what: String, hint: &str| Err(Stop::Unasked(what, Some(hint.to_owned())));
    let hint = "Give it an email, sms or slack in its section [teams.NAME]; docs/alerts.md shows how.";
    match team {
        Some(name) => match all.get_key_value(name) {
            None => {
                let known: Vec<&str> = all.keys().map(Slug::as_str).collect();
                unasked(format!("there is no team `{name}`"), &format!("There are: {}.", known.join(", ")))
            }
            Some((_, rules)) if rules.ways.is_empty() => unasked(format!("the team `{name}` has no way to be told"), hint),
            Some(found) => Ok(vec![found]),
        },
        None => match all.iter().filter(|(_, rules)| !rules.ways.is_empty()).collect::<Vec<_>>() {
            told if told.is_empty() => unasked("no team has a way to be told of alerts".to_owned(), hint),
            told => Ok(told),
        },
    }
}

async fn test(settings: &Settings, teams: &[(&Slug, &TeamRules)]) -> Result<(), Stop> {
    let (transport, mail) = (HttpClient::new().map_err(Stop::failed)?, MailClient::new());
    let channels = channels(settings);
    let teller =
        Teller { out: Outside::new(&transport, &mail), channels: &channels, settings: &settings.alerts, timeout: TIMEOUT };
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    let words = first(&trial(now), &settings.project);
    let mut untold = 0;
    for (team, rules) in teams {
        for way in &rules.ways {
            let (to, shown, text) = match way {
                Way::Email(address) => (Receiver::Email(address.clone()), format!("email {}", address.reveal()), &words.text),
                Way::Sms(address) => (Receiver::Sms(address.clone()), format!("sms {}", address.reveal()), &words.short),
                Way::Slack(n) => {
                    let host = settings.alerts.slack.get(*team).and_then(|hooks| hooks.get(*n)).map(|hook| hook.host());
                    (Receiver::Slack(*n), format!("slack {}", host.unwrap_or_default()), &words.text)
                }
            };
            let by = teller.channel(&to).map(|channel| format!(" by {}", channel.name)).unwrap_or_default();
            let (team, subject, text) = ((*team).clone(), words.subject.clone(), text.clone());
            let (outcome, detail) = teller.tell(&Tell { team: team.clone(), to, subject, text, at: now }, None, now).await;
            let (mark, came) = said(&outcome, detail);
            untold += usize::from(mark == "31");
            println!("{}  {shown}{by}: {}", style().paint("1", team.as_str()), style().paint(mark, &came));
        }
    }
    if untold == 0 { Ok(()) } else { Err(Stop::Found) }
}

/// What came of it, with its colour.
fn said(outcome: &SendOutcome, detail: Option<String>) -> (&'static str, String) {
    let why = |error: &crate::provider::ProviderError| {
        let words = [error.code.as_deref(), Some(error.text.as_str())];
        let words: Vec<&str> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
        if words.is_empty() { detail.clone().unwrap_or_default() } else { words.join(" ") }
    };
    match outcome {
        SendOutcome::Accepted(_) => ("32", "told".to_owned()),
        SendOutcome::Unknown => ("31", format!("may have been told: {}", detail.unwrap_or_else(|| "no answer".to_owned()))),
        SendOutcome::Rejected { error, .. } | SendOutcome::Misconfigured { error, .. } => {
            ("31", format!("refused: {}", why(error)))
        }
        SendOutcome::Throttled { error, .. } | SendOutcome::Retry { error, .. } => {
            ("31", format!("not now; the service would try again: {}", why(error)))
        }
    }
}
