//! Flows and notifications while the service runs: read again when their files change or when somebody asks, published when they
//! are right. What is wrong keeps the version before; live runs stay on theirs.

use super::publish::{Places, publish_again};
use crate::flow::load::Sources;
use crate::service::Core;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Files rest so long before they are read: an editor writes in several steps.
const REST: Duration = Duration::from_millis(300);
/// The longest that files that do not come to rest are waited for.
const RESTLESS: Duration = Duration::from_secs(3);
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
        let changed = Arc::new(Notify::new());
        let mut eyes = self.watch.then(|| Eyes::open(&self.places, &changed)).flatten();
        // What changed between the start and the first look.
        if self.watch {
            changed.notify_one();
        }
        let mut failed = false;
        loop {
            let told = async {
                tokio::select! {
                    () = self.asked.notified() => true,
                    () = changed.notified() => false,
                }
            };
            let asked = if failed { timeout(AGAIN, told).await.unwrap_or(true) } else { told.await };
            if !asked {
                rest(&changed).await;
                // Folders may have been replaced: what was watched may be somewhere else by now.
                if let Some(eyes) = &mut eyes {
                    eyes.look(&self.places);
                }
            }
            failed = !self.once(asked || failed).await;
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

/// Until nothing more changes.
async fn rest(changed: &Notify) {
    let begun = Instant::now();
    while begun.elapsed() < RESTLESS && timeout(REST, changed.notified()).await.is_ok() {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Watches the folders and what holds them, so that files that are renamed into their place, links that are turned and folders that
/// are replaced are all seen.
struct Eyes(RecommendedWatcher);

impl Eyes {
    fn open(places: &Places, changed: &Arc<Notify>) -> Option<Self> {
        let changed = Arc::clone(changed);
        let saw = move |event: notify::Result<Event>| {
            // Reading is no change; an error may stand for events that were lost.
            let counts = event.map_or(true, |event| match event.kind {
                EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
                _ => true,
            });
            if counts {
                changed.notify_one();
            }
        };
        match notify::recommended_watcher(saw) {
            Ok(watcher) => {
                let mut eyes = Eyes(watcher);
                eyes.look(places);
                Some(eyes)
            }
            Err(error) => {
                tracing::warn!(%error, "files cannot be watched; SIGHUP makes the service read them again");
                None
            }
        }
    }

    fn look(&mut self, places: &Places) {
        for folder in places.watched() {
            // A folder that is not there will be seen when it comes: what holds it is watched.
            let _ = self.0.unwatch(&folder);
            if let Err(error) = self.0.watch(&folder, RecursiveMode::NonRecursive) {
                tracing::debug!(folder = %shown(&folder), %error, "a folder cannot be watched");
            }
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
