//! `replyflow doctor`: looks at everything that would go wrong in production, and says what to do about it.

mod certificates;
mod channels;
mod clock;
mod files;
mod machine;
mod outside;
mod page;
mod record;
mod sinks;

use super::arguments::Format;
use super::{Project, Stop, style};
use crate::app::{Access, open_store};
use crate::config::channel::ProviderSettings;
use crate::config::project::Way;
use crate::config::{Secrets, Settings};
use crate::flow::check::check_project;
use crate::flow::load::Sources;
use crate::service::{HttpClient, MailClient, MailTrouble, holds};
use crate::store::{Finding, FindingLevel, StoreError};

/// A section `[webhooks.signed.FLOW.NAME]` that is about no webhook.
const UNKNOWN_WEBHOOK: u16 = 512;

pub(super) fn run(project: &Project, format: Format) -> Result<(), Stop> {
    let settings = project.load(Secrets::Required)?;
    let mut findings = configuration(&settings);
    findings.extend(flows(&settings));
    findings.extend(split(&settings));
    findings.extend(machine::findings(&settings));
    findings.extend(super::runtime()?.block_on(others(&settings)));
    page::show(&findings, format, style())
}

/// What takes asking somebody. Nobody waits for who is slow elsewhere.
async fn others(settings: &Settings) -> Vec<Finding> {
    let (store, record, outside, certificates, mail, carriers, sinks, desks, files) = tokio::join!(
        store(settings),
        record::findings(settings),
        outside::findings(settings),
        certificates::findings(settings),
        mail_servers(settings),
        channels::carriers(settings),
        sinks::findings(settings),
        desks(settings),
        files::findings(settings),
    );
    [store, record, outside, certificates, mail, carriers, sinks, desks, files].concat()
}

/// What the store says of itself, and which channels are held back.
async fn store(settings: &Settings) -> Vec<Finding> {
    let looked = async {
        let store = open_store(&settings.store, Access::Beside).await?;
        store.meta().await?;
        let mut found = store.check().await?;
        found.extend(channels::held(holds::all(&*store).await?));
        Ok::<_, StoreError>(found)
    };
    looked.await.unwrap_or_else(|error| {
        let remedy = "Check [store] in the configuration. `replyflow serve` makes an embedded store at its first start.";
        vec![Finding { name: "store", level: FindingLevel::Error, message: error.to_string(), remedy: remedy.to_owned() }]
    })
}

/// Several instances on one Redis need one record.
fn split(settings: &Settings) -> Option<Finding> {
    settings.record_is_split().then(|| Finding {
        name: "history",
        level: FindingLevel::Warning,
        message: "each instance on this Redis would have a record of its own, in a SQLite file".to_owned(),
        remedy:
            "With more than one instance set `postgres` of [history]; what happened would be split over their files otherwise."
                .to_owned(),
    })
}

/// What of the flows decides how safe the service is: signatures for webhooks that there are not.
fn flows(settings: &Settings) -> Vec<Finding> {
    let finding = |name, level, message: String, remedy: &str| Finding { name, level, message, remedy: remedy.to_owned() };
    let sources = match Sources::read_from(&settings.flows, &settings.templates, &settings.folder) {
        Ok(sources) => sources,
        Err(error) => {
            let message = format!("{} cannot be read: {error}", settings.flows.display());
            return vec![finding("flows", FindingLevel::Error, message, "Check `flows` and `templates` of [project].")];
        }
    };
    let checked = check_project(&sources, &settings.project);
    let mut findings = Vec::new();
    match checked.errors() {
        0 => findings.push(finding("flows", FindingLevel::Fine, format!("{} may run", checked.flows.len()), "")),
        n => {
            let message = format!("{n} errors keep flows from being published");
            findings.push(finding("flows", FindingLevel::Warning, message, "Run `replyflow check`."));
        }
    }
    for one in checked.diagnostics.iter().filter(|one| one.code.0 == UNKNOWN_WEBHOOK) {
        let help = one.help.clone().unwrap_or_default();
        findings.push(finding("webhooks", FindingLevel::Error, one.message.clone(), &format!("It is taken unsigned: {help}")));
    }
    findings
}

/// What the mail servers of the channels say when they are greeted. Nothing is sent.
async fn mail_servers(settings: &Settings) -> Vec<Finding> {
    let client = MailClient::new();
    let mut findings = Vec::new();
    for channel in settings.channels.values() {
        let ProviderSettings::Smtp(smtp) = &channel.provider else { continue };
        let timeout = smtp.timeout.unwrap_or(settings.send.timeout);
        let timeout = std::time::Duration::from_millis(timeout.0.max(0).unsigned_abs());
        let server = format!("{}: {}:{}", channel.name, smtp.host, smtp.port);
        let mut certificate = None;
        let mut say = |level, message: String, remedy: &str| {
            findings.push(Finding { name: "mail", level, message, remedy: remedy.to_owned() });
        };
        match client.probe(smtp, timeout).await {
            Ok(probed) => {
                certificate = probed.certificate.and_then(|der| certificates::shown(&server, &der));
                let how = if probed.encrypted { "encrypted" } else { "in the clear" };
                let who = if probed.logged_in { ", with its login" } else { "" };
                say(FindingLevel::Fine, format!("{server} takes our mails, {how}{who}"), "");
            }
            Err(MailTrouble::Said(answer)) => {
                let message = format!("{server} refuses us: {} {}", answer.code, answer.text);
                say(FindingLevel::Error, message, "Check host, username and password of the channel.");
            }
            Err(MailTrouble::Failed(failure)) => {
                say(FindingLevel::Error, format!("{server}: {failure}"), "Check host, port, tls and tls_ca of the channel.");
            }
        }
        match (&smtp.webhook_secret, smtp.unsubscribe && !settings.server.public_url.starts_with("https://")) {
            (None, _) => {
                let message = format!("{}: replies and bounces are not heard of: there is no webhook_secret", channel.name);
                say(FindingLevel::Warning, message, "See docs/email.md: an address that is gone is written to again and again.");
            }
            (Some(_), true) => {
                let message = format!("{}: mails have no one-click link: server.public_url is not https", channel.name);
                say(FindingLevel::Warning, message, "Gmail and Yahoo want one from whoever sends many mails.");
            }
            (Some(_), false) => {
                let message = format!("{}: {}/hooks/{}/SECRET", channel.name, settings.server.public_url, channel.name);
                say(FindingLevel::Fine, message, "Have incoming mails and bounces posted there.");
            }
        }
        findings.extend(certificate);
    }
    findings
}

/// Whether the desks let us work. Nothing is written there.
async fn desks(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let client = match HttpClient::new() {
        _ if settings.desks.is_empty() => return findings,
        Ok(client) => client,
        Err(error) => {
            let (level, message) = (FindingLevel::Error, format!("no request can be made: {error}"));
            return vec![Finding { name: "desk", level, message, remedy: String::new() }];
        }
    };
    for desk in settings.desks.values() {
        let at = format!("{}: {}", desk.name, desk.base_url);
        let (level, message, remedy) = match crate::service::desk::probe(&client, desk).await {
            Err(why) => (FindingLevel::Error, format!("{at}: {why}"), "Until then the deadline of every hand-off decides."),
            Ok(_) if desk.webhook_secrets.is_empty() => {
                let message = format!("{at} lets us work; only the secret in the URL shows that it is what calls us");
                (FindingLevel::Warning, message, "Set webhook_secret, if this release of Chatwoot shows one for the inbox.")
            }
            Ok(found) => (FindingLevel::Fine, format!("{at} {found}"), "Have it call the URL that `replyflow webhooks` prints."),
        };
        findings.push(Finding { name: "desk", level, message, remedy: remedy.to_owned() });
    }
    findings
}

/// What can be seen in the configuration alone.
fn configuration(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |name, level, message: String, remedy: &str| {
        findings.push(Finding { name, level, message, remedy: remedy.to_owned() });
    };
    let simulated = settings.channels.values().filter(|c| matches!(c.provider, ProviderSettings::Simulator(_)));
    let simulated: Vec<&str> = simulated.map(|c| c.name.as_str()).collect();
    match (settings.channels.is_empty(), simulated.is_empty()) {
        (true, _) => say("channels", FindingLevel::Warning, "there are none".to_owned(), "Add a section [channels.NAME]."),
        (false, true) => say("channels", FindingLevel::Fine, format!("{} configured", settings.channels.len()), ""),
        (false, false) => {
            let message = format!("anybody who reaches the port may write to {}", simulated.join(", "));
            say("channels", FindingLevel::Warning, message, "A simulator is for trying things out: remove it in production.");
        }
    }
    let real = settings.channels.len() > simulated.len();
    if real && !settings.server.public_url.starts_with("https://") {
        let message = format!("providers call {} without encryption", settings.server.public_url);
        say("public_url", FindingLevel::Warning, message, "Put a proxy with TLS before the service and set server.public_url.");
    }
    for channel in settings.channels.values() {
        if let ProviderSettings::Twilio(_) = channel.provider {
            // Twilio repeats a webhook that met a 503 only if its URL asks for it.
            let message = format!("{}: {}/hooks/{}#rc=5&rp=all", channel.name, settings.server.public_url, channel.name);
            say(
                "webhook",
                FindingLevel::Fine,
                message,
                "Enter it at Twilio in this form: without the end, Twilio never tries twice.",
            );
        }
        if let ProviderSettings::Meta(_) = channel.provider {
            let message = format!("{}: {}/hooks/{}", channel.name, settings.server.public_url, channel.name);
            say("webhook", FindingLevel::Fine, message, "Enter it at Meta, with the verify token.");
        }
    }
    findings.extend(channels::findings(settings));
    findings.extend(alerts(settings));
    let mut say = |name, level, message: String, remedy: &str| {
        findings.push(Finding { name, level, message, remedy: remedy.to_owned() });
    };
    if settings.events.keys.is_empty() {
        say("events", FindingLevel::Fine, "POST /v1/events refuses everybody: there is no key".to_owned(), "");
    }
    if settings.webhooks.keys.is_empty() {
        let message = "the URLs of flows' webhooks depend on this store: there is no key in [webhooks]".to_owned();
        say("webhooks", FindingLevel::Fine, message, "");
    }
    for api in settings.apis.values() {
        let message = match api.circuit.after {
            0 => format!("{}: called whenever a flow wants it, however often it fails (circuit_after = 0)", api.name),
            n => format!(
                "{}: after {n} failures in a row it is left alone for {}, and calls fail at once",
                api.name, api.circuit.pause
            ),
        };
        say("api", FindingLevel::Fine, message, "");
    }
    if settings.metrics.enabled && settings.metrics.keys.is_empty() && !settings.server.listen.ip().is_loopback() {
        let message = "/metrics is open to everybody who reaches the port".to_owned();
        say("metrics", FindingLevel::Warning, message, "Set metrics.keys, or keep the path inside your network.");
    }
    findings
}

/// Who is told of alerts.
fn alerts(settings: &Settings) -> Vec<Finding> {
    let rules = &settings.project.alerts;
    let finding = |level, message: String, remedy: &str| Finding { name: "alerts", level, message, remedy: remedy.to_owned() };
    let mut findings = Vec::new();
    for (team, told) in &rules.teams {
        let count = |what: &str, of: fn(&Way) -> bool| {
            let n = told.ways.iter().filter(|way| of(way)).count();
            (n > 0).then(|| format!("{n} {what}"))
        };
        let ways = [
            count("by email", |way| matches!(way, Way::Email(_))),
            count("by sms", |way| matches!(way, Way::Sms(_))),
            count("by slack", |way| matches!(way, Way::Slack(_))),
        ];
        let ways: Vec<String> = ways.into_iter().flatten().collect();
        if ways.is_empty() {
            let instead = if rules.receivers.is_empty() { "nobody hears" } else { "the receivers of [alerts] hear" };
            let message = format!("{team} has no way to be told: {instead} of its alerts");
            let level = if rules.receivers.is_empty() { FindingLevel::Warning } else { FindingLevel::Fine };
            findings.push(finding(level, message, "Give [teams.NAME] an email, sms or slack."));
        } else {
            let message = format!("{team} is told: {}", ways.join(", "));
            findings.push(finding(FindingLevel::Fine, message, &format!("replyflow alert test {team} tries it.")));
        }
    }
    if rules.receivers.is_empty() {
        let message = "nobody hears of alerts that name no team, nor of the engine's own".to_owned();
        let remedy = "Set alerts.receivers to the names of teams: receivers = [\"operations\"].";
        findings.push(finding(FindingLevel::Warning, message, remedy));
    }
    findings
}
