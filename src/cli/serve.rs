//! `replyflow serve`

use super::{Project, Stop};
use crate::app::{Application, start_log};
use crate::config::Secrets;
use crate::config::channel::ProviderSettings;
use tokio_util::sync::CancellationToken;

pub(super) fn run(project: &Project) -> Result<(), Stop> {
    let settings = project.load(Secrets::Required)?;
    start_log(&settings.log).map_err(Stop::failed)?;
    let simulated: Vec<String> = settings
        .channels
        .values()
        .filter(|channel| matches!(channel.provider, ProviderSettings::Simulator(_)))
        .map(|channel| channel.name.to_string())
        .collect();
    let runtime = super::runtime()?;
    runtime.block_on(async {
        let hint = "`replyflow doctor` looks for the cause.";
        let application = Application::build(settings).await.map_err(|e| Stop::with_hint(format!("{e:#}"), hint))?;
        let stop = CancellationToken::new();
        // Before anybody is told that the service is there: whoever knows it may stop it.
        let signals = Signals::listen().map_err(Stop::failed)?;
        tokio::spawn(until_told(signals, stop.clone()));
        if let Some(channel) = simulated.first() {
            invite(channel, application.port());
        }
        application.run_until_stopped(stop).await.map_err(|e| Stop::failed(format!("{e:#}")))
    })
}

/// Two lines that have a conversation.
fn invite(channel: &str, port: u16) {
    let base = format!("http://127.0.0.1:{port}");
    println!("Replyflow listens on port {port}. Write to it as a customer would, and look at what comes back:\n");
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

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
