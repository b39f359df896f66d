//! `replyflow channel test`: whether the credentials of a channel are good, which URLs are entered at its provider, and what arrives
//! when somebody writes to it. `replyflow channel pause|resume`: whether anything leaves over it.

use super::arguments::Channel;
use super::{Project, Stop, style};
use crate::app::{Access, open_store};
use crate::config::channel::{ChannelSettings, ProviderSettings};
use crate::config::providers::smpp::SmppSettings;
use crate::config::{Secrets, Settings};
use crate::domain::hold::HoldKind;
use crate::domain::time::{Millis, Span};
use crate::history::read::{Message, MessageFilter, messages};
use crate::history::{Database, HistoryError};
use crate::provider::{Adapter, Checked, Reports};
use crate::service::ports::Clock as _;
use crate::service::runtime::MachineClock;
use crate::service::{HttpClient, holds, probe_carrier, probe_channel};
use std::time::Duration;

/// How often the record is looked at.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn run(project: &Project, command: &Channel) -> Result<(), Stop> {
    let (name, wait) = match command {
        Channel::Pause { name, reason } => return hold(project, name, Hold::Pause, reason.as_deref()),
        Channel::Resume { name, flagged: false, reason } => return hold(project, name, Hold::Resume, reason.as_deref()),
        Channel::Resume { name, flagged: true, reason } => return hold(project, name, Hold::Unflag, reason.as_deref()),
        Channel::Test { name, wait, no_wait } => (name, (!no_wait).then_some(wait)),
    };
    let settings = project.load(Secrets::Required)?;
    let channel = found(&settings, name)?;
    let wait = match wait.map(|wait| (wait, Span::parse(wait))) {
        None => None,
        Some((_, Some(wait))) => Some(wait),
        Some((wait, None)) => {
            return Err(Stop::Unasked(format!("`{wait}` is no duration"), Some("For example 90s or 10m.".to_owned())));
        }
    };
    super::runtime()?.block_on(test(&settings, channel, wait))
}

fn found<'s>(settings: &'s Settings, name: &str) -> Result<&'s ChannelSettings, Stop> {
    settings.channels.values().find(|channel| channel.name.as_str() == name).ok_or_else(|| {
        let known: Vec<&str> = settings.channels.keys().map(|name| name.as_str()).collect();
        Stop::Unasked(format!("there is no channel `{name}`"), Some(format!("There are: {}.", known.join(", "))))
    })
}

#[derive(Clone, Copy)]
enum Hold {
    Pause,
    Resume,
    Unflag,
}

/// On the store itself, also beside a running service.
fn hold(project: &Project, name: &str, what: Hold, reason: Option<&str>) -> Result<(), Stop> {
    const BY: &str = "command line";
    let settings = project.load(Secrets::Tolerated)?;
    let channel = found(&settings, name)?.name.clone();
    let changed = super::runtime()?.block_on(async {
        let store = open_store(&settings.store, Access::Beside).await?;
        match what {
            Hold::Pause => holds::pause(&*store, &channel, BY, reason).await,
            Hold::Resume => holds::resume(&*store, &channel, HoldKind::Paused, BY, reason).await,
            Hold::Unflag => holds::resume(&*store, &channel, HoldKind::Flagged, BY, reason).await,
        }
    });
    let said = match (what, changed.map_err(Stop::failed)?) {
        (Hold::Pause, true) => "is paused: nothing leaves over it",
        (Hold::Pause, false) => "was paused already",
        (Hold::Resume, true) => "sends again",
        (Hold::Resume, false) => "was not paused",
        (Hold::Unflag, true) => "sends broadcasts again, although its number is flagged",
        (Hold::Unflag, false) => "was not flagged",
    };
    println!("{channel} {said}");
    Ok(())
}

async fn test(settings: &Settings, channel: &ChannelSettings, wait: Option<Span>) -> Result<(), Stop> {
    let since = MachineClock::default().wall();
    let adapter = Adapter::new(&channel.provider);
    line("channel", &format!("{}: {} by {}", channel.name, channel.kind, channel.provider.entry().title));
    let good = match &channel.provider {
        ProviderSettings::Smpp(smpp) => login(smpp).await,
        _ => {
            let good = credentials(&adapter, since).await?;
            urls(settings, channel, &adapter);
            good
        }
    };
    let came = match wait {
        Some(wait) => arrives(settings, channel, since, wait).await?,
        None => true,
    };
    if good && came { Ok(()) } else { Err(Stop::Found) }
}

fn line(name: &str, text: &str) {
    println!("{}  {text}", style().paint("1", &format!("{name:12}")));
}

/// Whether the carrier lets us in.
async fn login(smpp: &SmppSettings) -> bool {
    let (good, text) = match probe_carrier(smpp).await {
        Ok(()) => (true, "the carrier lets us bind".to_owned()),
        // While the service runs it may be the second one of an account that has room for one.
        Err(trouble) => (false, trouble.to_string()),
    };
    line("credentials", &style().paint(if good { "32" } else { "31" }, &text));
    line("webhook", "none: messages and receipts come over the connection that `replyflow serve` keeps");
    good
}

/// Whether nothing is known against them.
async fn credentials(adapter: &Adapter, now: Millis) -> Result<bool, Stop> {
    let client = HttpClient::new().map_err(Stop::failed)?;
    let (good, text) = match probe_channel(&client, adapter, now).await {
        None => (
            true,
            "cannot be tested: with these settings the provider has no call that proves them and changes nothing".to_owned(),
        ),
        Some(Ok((Checked::Valid, _))) => (true, "the provider takes them".to_owned()),
        Some(Ok((Checked::Refused, status))) => (false, format!("the provider refuses them (HTTP {status})")),
        Some(Ok((Checked::Unclear, status))) => (true, format!("the provider's answer says neither (HTTP {status})")),
        Some(Err(why)) => (false, format!("the provider cannot be asked: {why}")),
    };
    line("credentials", &style().paint(if good { "32" } else { "31" }, &text));
    Ok(good)
}

/// They may hold a secret: this command and `replyflow webhooks` are the only ones that say it.
fn urls(settings: &Settings, channel: &ChannelSettings, adapter: &Adapter) {
    let base = format!("{}/hooks/{}", settings.server.public_url, channel.name);
    let own = match adapter.url_secret() {
        Some(secret) => format!("{base}/{secret}"),
        None if adapter.has_secret_url() => format!("{base}/SECRET, with webhook_secret at its end"),
        None => base,
    };
    match &channel.provider {
        // The part behind `#` makes Twilio repeat what could not be stored.
        ProviderSettings::Twilio(_) => line("webhook", &format!("{own}#rc=5&rp=all")),
        _ => line("webhook", &own),
    }
    if matches!(channel.provider, ProviderSettings::Meta(_)) {
        line("verify token", "that of verify_token in the channel's section");
    }
    match adapter.features().reports {
        Reports::AtProvider if adapter.url_secret().is_some() => line("reports", &format!("{own}/status")),
        Reports::AtProvider => line("reports", "to the same URL"),
        Reports::WithEach => line("reports", "nothing to enter: each message says where"),
        Reports::OverBind => line("reports", "nothing to enter: they come over the connection"),
        Reports::None => line("reports", "there are none"),
    }
}

/// Waits for the first message and says what it is and what became of it.
async fn arrives(settings: &Settings, channel: &ChannelSettings, since: Millis, wait: Span) -> Result<bool, Stop> {
    let hint = "`replyflow serve` must run: it takes what the provider posts, and writes the record that is looked at here.";
    let record = Database::open_beside(&settings.history).await.map_err(|HistoryError(error)| Stop::with_hint(error, hint))?;
    line("waiting", &format!("write to this channel now; this waits for {wait}"));
    let filter = MessageFilter {
        channel: Some(channel.name.to_string()),
        direction: Some("in".to_owned()),
        since: Some(since),
        ..MessageFilter::default()
    };
    let first = async {
        loop {
            let found = messages(&record, &filter, None, 1).await.map_err(|HistoryError(error)| Stop::with_hint(error, hint))?;
            if let Some(message) = found.into_iter().next() {
                return Ok::<Message, Stop>(message);
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let wait = Duration::from_millis(wait.0.max(0).unsigned_abs());
    match tokio::time::timeout(wait, first).await {
        Ok(message) => {
            explain(&message?);
            Ok(true)
        }
        Err(_) => {
            nothing(settings);
            Ok(false)
        }
    }
}

fn explain(message: &Message) {
    line("came", &format!("from {}", message.address.as_deref().unwrap_or("an unknown address")));
    match message.text.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => line("text", text),
        None => line("text", "none"),
    }
    if let Some(kind) = message.content.as_ref().and_then(|content| content.get("type")).and_then(|kind| kind.as_str()) {
        line("content", kind);
    }
    match (&message.flow, &message.decision) {
        (Some(flow), decision) => {
            line("flow", &format!("{flow}{}", decision.as_ref().map(|d| format!(", which took it as {d}")).unwrap_or_default()));
        }
        (None, Some(decision)) => line("flow", &format!("none took it ({decision})")),
        (None, None) => line("flow", "none took it"),
    }
    if let Some(id) = &message.provider_id {
        line("id", &format!("{id} at the provider: `replyflow why` says more"));
    }
}

fn nothing(settings: &Settings) {
    line("nothing", &style().paint("31", "came"));
    println!(
        "              The log of the service says `a webhook was refused` with a reason if something came that it did not believe:\n\
         \x20             forged      the URL at the provider is not below {}, or the secret is another one\n\
         \x20             unsigned    it is not the provider that calls, or signing is off there\n\
         \x20             elsewhere   webhook_from does not list the caller; behind a proxy set server.trusted_proxies\n\
         \x20             stale       the clock of this machine is wrong\n\
         \x20             no_login    webhook_user and webhook_password are not entered at the provider\n\
         \x20             It says `a webhook could not be read` if what came is not what this provider sends: look at how it is set up there.\n\
         \x20             If it says nothing, nothing reached it: look at the provider's own log of webhooks, and at the proxy.",
        settings.server.public_url
    );
}
