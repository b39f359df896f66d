//! `replyflow serve`

use super::arguments::Serve;
use super::signals::Signals;
use super::{Project, Stop};
use crate::app::{Application, start_log};
use crate::config::Secrets;
use crate::config::channel::ProviderSettings;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub(super) fn run(project: &Project, serve: &Serve) -> Result<(), Stop> {
    let settings = project.load(Secrets::Required)?;
    start_log(&settings.log).map_err(Stop::failed)?;
    let simulated: Vec<String> = settings
        .channels
        .values()
        .filter(|channel| matches!(channel.provider, ProviderSettings::Simulator(_)))
        .map(|channel| channel.name.to_string())
        .collect();
    let runtime = super::runtime()?;
    let ended = runtime.block_on(async {
        let hint = "`replyflow doctor` looks for the cause.";
        let application = Application::build(settings).await.map_err(|e| Stop::with_hint(format!("{e:#}"), hint))?;
        let application = if serve.no_watch { application.without_watching() } else { application };
        let stop = CancellationToken::new();
        // Before anybody is told that the service is there: whoever knows it may stop it.
        let signals = Signals::listen().map_err(Stop::failed)?;
        tokio::spawn(until_told(signals, stop.clone()));
        tokio::spawn(when_asked(Hangups::listen().map_err(Stop::failed)?, application.asks_to_reload()));
        if let Some(channel) = simulated.first() {
            invite(channel, application.port());
        }
        application.run_until_stopped(stop).await.map_err(|e| Stop::failed(format!("{e:#}")))
    });
    // What a thread still does for nobody (a name that is looked up, a file that is made smaller) is not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// Two lines that have a conversation.
fn invite(channel: &str, port: u16) {
    let base = format!("http://127.0.0.1:{port}");
    println!("Replyflow listens on port {port}. Open {base}/phone and write to it as a customer would. Or without a browser:\n");
    println!(
        "  curl -s {base}/hooks/{channel} -H 'content-type: application/json' \
         -d '{{\"id\": \"'$RANDOM$RANDOM'\", \"from\": \"+447700900123\", \"text\": \"hi\"}}'"
    );
    println!("  curl -s '{base}/simulator/messages?to=%2B447700900123'\n");
    // The program as it was called: a newcomer does not have it on the path.
    let program = std::env::args().next().unwrap_or_else(|| "replyflow".to_owned());
    println!("Or without HTTP: {program} chat menu");
}

/// SIGTERM from whoever runs processes, SIGINT from a terminal. A second one ends the process at once.
async fn until_told(mut signals: Signals, stop: CancellationToken) {
    signals.next().await;
    stop.cancel();
    signals.next().await;
    std::process::exit(130);
}

/// SIGHUP: the flows are read again.
async fn when_asked(mut hangups: Hangups, reload: Arc<Notify>) {
    loop {
        hangups.next().await;
        reload.notify_one();
    }
}

#[cfg(unix)]
struct Hangups(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Hangups {
    fn listen() -> std::io::Result<Self> {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).map(Hangups)
    }

    async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
struct Hangups;

#[cfg(not(unix))]
impl Hangups {
    fn listen() -> std::io::Result<Self> {
        Ok(Hangups)
    }

    async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}
