//! Says when files change. The service publishes its flows again, commands do with `--watch` what they did before.

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

/// Files rest so long before they are read: an editor writes in several steps.
const REST: Duration = Duration::from_millis(300);
/// The longest that files that do not come to rest are waited for.
const RESTLESS: Duration = Duration::from_secs(3);

/// Watches folders and what holds them, so that files that are renamed into their place, links that are turned and folders
/// that are replaced are all seen. What exactly changed is for the reader to find out: systems differ in what they tell.
pub struct FileWatch {
    watcher: RecommendedWatcher,
    folders: Vec<PathBuf>,
    changed: Arc<Notify>,
}

impl FileWatch {
    /// Begins to watch. What changes from now on is seen.
    pub fn open<'p>(places: impl IntoIterator<Item = &'p Path>) -> notify::Result<Self> {
        let changed = Arc::new(Notify::new());
        let tell = Arc::clone(&changed);
        let saw = move |event: notify::Result<Event>| {
            // Reading is no change; an error may stand for events that were lost.
            let counts = event.map_or(true, |event| match event.kind {
                EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
                _ => true,
            });
            if counts {
                tell.notify_one();
            }
        };
        let mut watch = FileWatch { watcher: notify::recommended_watcher(saw)?, folders: with_holders(places), changed };
        watch.look();
        Ok(watch)
    }

    /// Until something changed and rests again.
    pub async fn changed(&mut self) {
        self.noticed().await;
        self.rest().await;
    }

    /// Until something changes. It may be half written.
    pub(super) async fn noticed(&self) {
        self.changed.notified().await;
    }

    /// Until nothing more changes.
    pub(super) async fn rest(&mut self) {
        let begun = Instant::now();
        while begun.elapsed() < RESTLESS && timeout(REST, self.changed.notified()).await.is_ok() {
            sleep(Duration::from_millis(1)).await;
        }
        // Folders may have been replaced: what was watched may be somewhere else by now.
        self.look();
    }

    fn look(&mut self) {
        for folder in &self.folders {
            // A folder that is not there will be seen when it comes: what holds it is watched.
            let _ = self.watcher.unwatch(folder);
            if let Err(error) = self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::debug!(folder = %folder.display(), %error, "a folder cannot be watched");
            }
        }
    }
}

/// The places in which changes show: they themselves and the folders that hold them, each once.
fn with_holders<'p>(places: impl IntoIterator<Item = &'p Path>) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::with_capacity(4);
    for place in places {
        let holds = place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        for path in [place, holds] {
            if !all.iter().any(|known| known == path) {
                all.push(path.to_path_buf());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_watched_with_what_holds_them() {
        let shown = |places: &[&str]| {
            let all = with_holders(places.iter().map(Path::new));
            all.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown(&["/p/flows", "/p/templates"]), "/p/flows /p /p/templates");
        assert_eq!(shown(&["flows"]), "flows .");
        assert_eq!(shown(&["/"]), "/ .");
    }
}
