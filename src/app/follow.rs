//! What is published elsewhere, by another instance, the command or the API, runs here too within seconds, what is put on the suppression list
//! holds here too, and so does a channel's pause: cheap looks at the store, again and again.

use crate::domain::time::Span;
use crate::history::Database;
use crate::service::Core;
use crate::service::media::owed;
use crate::store::StoreError;
use crate::store::files::FileStore;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// Looks from one time to the next at which runs are ended that a publication ended, and such times without any until they rest: the record of runs
/// comes a moment later.
const LOOKS: u32 = 15;
const TIMES: u32 = 20;

/// Takes over what is published elsewhere, and goes on with it until it is aborted: a service that stops sends until the end what waits, and what
/// must not be sent is nowhere else to be known. Whoever asks is served at once.
pub(super) async fn follow(core: Arc<Core>, record: Database, asked: Arc<Notify>, stop: CancellationToken) {
    let (mut failed, mut sweep) = (false, Sweep::default());
    loop {
        match core.follow_publications().await {
            Ok(_) => failed = false,
            // What is done here from now on would be lost: it was moved away from under us.
            Err(error @ StoreError::Marked(_)) if !stop.is_cancelled() => {
                tracing::error!(%error, "the service stops");
                stop.cancel();
            }
            // Once: the store's own loops say it too.
            Err(error) if !failed => {
                tracing::warn!(%error, "what was published cannot be read; what runs goes on");
                failed = true;
            }
            Err(_) => {}
        }
        if let Err(error) = core.follow_suppressions().await {
            tracing::debug!(%error, "the suppression list was not looked at");
        }
        core.follow_holds().await;
        if !stop.is_cancelled() {
            sweep.look(&core, &record).await;
        } else if let Err(error) = core.follow_cancelled(&record).await {
            // Whoever works on broadcasts looks at it otherwise, and has gone.
            tracing::debug!(%error, "which broadcasts were cancelled was not looked at");
        }
        let _ = timeout(EVERY, asked.notified()).await;
    }
}

/// Between two sweeps of test contacts, and of the suppression list.
const TIDY: Duration = Duration::from_secs(3_600);

/// Deletes test contacts to whom nothing happened for so long, until the service stops; nothing: they stay.
pub(super) async fn tidy_trials(core: Arc<Core>, record: Database, keep: Option<Span>, stop: CancellationToken) {
    let Some(keep) = keep else { return };
    while !stop.is_cancelled() {
        match core.tidy_trials(&record, keep).await {
            Ok(0) => {}
            Ok(contacts) => tracing::info!(contacts, "test contacts were deleted to whom nothing happened for long"),
            Err(error) => tracing::warn!(%error, "test contacts could not be deleted yet"),
        }
        let _ = timeout(TIDY, stop.cancelled()).await;
    }
}

/// Between two looks for files of deleted contacts that could not be deleted yet.
const OWED: Duration = Duration::from_secs(300);

/// Deletes files that are owed, until the service stops.
pub(super) async fn tidy_files(core: Arc<Core>, record: Database, files: Arc<dyn FileStore>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match core.settle_files(&record).await {
            Ok(0) => {}
            Ok(contacts) => tracing::info!(contacts, "files of deleted contacts are deleted now"),
            Err(error) => tracing::error!(%error, "files of deleted contacts cannot be deleted yet"),
        }
        match owed::settle(&*files).await {
            Ok(0) => {}
            Ok(contacts) => tracing::info!(contacts, "files of deleted contacts are deleted now"),
            Err(error) => tracing::error!(%error, "files of deleted contacts cannot be deleted yet"),
        }
        let _ = timeout(OWED, stop.cancelled()).await;
    }
}

/// Takes entries of the suppression list off that ended long ago, until the service stops.
pub(super) async fn tidy_list(core: Arc<Core>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match core.tidy_suppressions().await {
            Ok(0) => {}
            Ok(addresses) => tracing::info!(addresses, "entries of the suppression list that ended long ago were taken off"),
            Err(error) => tracing::warn!(%error, "the suppression list could not be tidied yet"),
        }
        let _ = timeout(TIDY, stop.cancelled()).await;
    }
}

/// When runs are ended that a publication ended.
#[derive(Default)]
struct Sweep {
    /// The publications when it was done last.
    seen: Option<u64>,
    looks: u32,
    /// Times in a row without any.
    none: u32,
}

impl Sweep {
    async fn look(&mut self, core: &Arc<Core>, record: &Database) {
        let seen = Some(core.versions().seen());
        if self.seen != seen {
            *self = Sweep { seen, looks: LOOKS - 1, none: 0 };
        }
        self.looks += 1;
        if self.looks < LOOKS || self.none >= TIMES || !core.versions().catalog().ends_runs() {
            return;
        }
        self.looks = 0;
        match core.end_superseded(record).await {
            Ok(0) => self.none += 1,
            Ok(runs) => {
                self.none = 0;
                tracing::info!(runs, "runs of older versions end, as was published");
            }
            Err(error) => tracing::warn!(%error, "runs of older versions could not be ended yet"),
        }
    }
}
