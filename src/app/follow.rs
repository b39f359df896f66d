//! What is published elsewhere, by another instance, the command or the API, runs here too within seconds: a cheap look at the store, again and
//! again.

use crate::service::Core;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// Takes over what is published until the service stops. Whoever asks is served at once.
pub(super) async fn follow(core: Arc<Core>, asked: Arc<Notify>, stop: CancellationToken) {
    let mut failed = false;
    while !stop.is_cancelled() {
        match core.follow_publications().await {
            Ok(_) => failed = false,
            // Once: the store's own loops say it too.
            Err(error) if !failed => {
                tracing::warn!(%error, "what was published cannot be read; what runs goes on");
                failed = true;
            }
            Err(_) => {}
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = timeout(EVERY, asked.notified()) => {}
        }
    }
}
