//! Flows and notifications while the service runs: read again when their files change or when somebody asks, published when they
//! are right. What is wrong keeps the version before; live runs stay on theirs.

use super::publish::{Places, publish_again};
use super::watch::FileWatch;
use crate::flow::load::Sources;
use crate::service::Core;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// From a publish that the store did not take to the next try.
const AGAIN: Duration = Duration::from_secs(5);

/// What is published from, and who says when.
pub(super) struct Reload {
    pub core: Arc<Core>,
    pub places: Places,
    /// Somebody asks: SIGHUP.
    pub asked: Arc<Notify>,
    /// Whether changes of files count.
    pub watch: bool,
    /// What was published at the start.
    pub published: Sources,
}

impl Reload {
    /// Follows the files until the service stops.
    pub(super) async fn follow(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.endless() => {}
        }
    }

    async fn endless(mut self) {
        let mut watch = self.watch.then(|| open(&self.places)).flatten();
        // What changed between the start and the first look.
        let mut doubt = self.watch;
        let mut failed = false;
        loop {
            let told = async {
                tokio::select! {
                    () = self.asked.notified() => true,
                    () = noticed(watch.as_ref(), doubt) => false,
                }
            };
            let asked = if failed { timeout(AGAIN, told).await.unwrap_or(true) } else { told.await };
            if !asked {
                doubt = false;
                if let Some(watch) = &mut watch {
                    watch.rest().await;
                }
            }
            failed = !self.once(asked || failed).await;
            if !failed {
                self.core.versions().were_read();
            }
        }
    }

    /// Reads, and publishes what is new. Says whether there is nothing left to do.
    async fn once(&mut self, whatever: bool) -> bool {
        let places = self.places.clone();
        let sources = match tokio::task::spawn_blocking(move || places.read()).await {
            Ok(Ok(sources)) => sources,
            Ok(Err(problem)) => {
                tracing::error!(problem = format!("{problem:#}"), "the flows cannot be read; what was published goes on");
                return true;
            }
            Err(_) => return false,
        };
        if !whatever && same(&sources, &self.published) {
            return true;
        }
        match publish_again(&self.core, &sources).await {
            Ok(()) => {
                self.published = sources;
                true
            }
            Err(error) => {
                tracing::error!(%error, "changed flows could not be published yet; what was published goes on");
                false
            }
        }
    }
}

fn same(a: &Sources, b: &Sources) -> bool {
    (&a.flows, &a.notifications, &a.diagnostics) == (&b.flows, &b.notifications, &b.diagnostics)
}

fn open(places: &Places) -> Option<FileWatch> {
    let watch = FileWatch::open(places.folders());
    watch.inspect_err(|error| tracing::warn!(%error, "files cannot be watched; SIGHUP makes the service read them again")).ok()
}

/// Until files may have changed.
async fn noticed(watch: Option<&FileWatch>, doubt: bool) {
    match watch {
        _ if doubt => {}
        Some(watch) => watch.noticed().await,
        None => std::future::pending().await,
    }
}
