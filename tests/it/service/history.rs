//! The journal is copied exactly once, and only what was copied is trimmed.

use super::echo::echo;
use super::rig::{Backend, Kept, Rig};
use super::{ANN, BEN, on_every_store};
use replyflow::service::{Fed, HistoryError, HistorySink};

on_every_store!(history_is_complete_and_lets_the_journal_be_trimmed, nothing_is_trimmed_that_could_not_be_written);

async fn history_is_complete_and_lets_the_journal_be_trimmed(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    for n in 0..20 {
        rig.say(if n % 2 == 0 { ANN } else { BEN }, &n.to_string(), "hi").await;
    }
    rig.quiet().await;
    let before = rig.store.depths().await.expect("depths").journal_entries;
    assert!(before >= 40, "a commit and a settle for each: {before}");
    let kept = Kept::default();
    let other = rig.another().await;
    // Two instances feed at once: each entry is kept once.
    let (one, two) = futures_util::join!(rig.core.feed_history(&kept), other.feed_history(&kept));
    assert_eq!((one.failed, two.failed), (0, 0));
    while rig.core.feed_history(&kept).await.copied > 0 {}
    assert_eq!(kept.0.lock().expect("not poisoned").len() as u64, before);
    assert_eq!(rig.core.feed_history(&kept).await, Fed { copied: 0, more: false, failed: 0 });
    rig.say(ANN, "last", "hi").await;
    rig.quiet().await;
    other.feed_history(&kept).await;
    rig.core.feed_history(&kept).await;
    assert_eq!(kept.0.lock().expect("not poisoned").len() as u64, before + 2);
    let left = rig.store.depths().await.expect("depths").journal_entries;
    assert!(left < before, "trimmed behind its guard: {left} of {before}");
}

struct Full;

#[async_trait::async_trait]
impl HistorySink for Full {
    async fn append(
        &self,
        _: u8,
        _: Vec<replyflow::store::JournalItem>,
        _: replyflow::domain::time::Millis,
    ) -> Result<(), HistoryError> {
        Err(HistoryError("the disk is full".to_owned()))
    }
}

async fn nothing_is_trimmed_that_could_not_be_written(backend: Backend) {
    let rig = Rig::new(backend, echo).await;
    rig.say(ANN, "1", "hi").await;
    let before = rig.journal(rig.key(ANN)).await;
    let fed = rig.core.feed_history(&Full).await;
    assert_eq!((fed.copied, fed.failed), (0, 1));
    assert_eq!(rig.journal(rig.key(ANN)).await, before);
    let kept = Kept::default();
    rig.core.feed_history(&kept).await;
    assert!(!kept.0.lock().expect("not poisoned").is_empty(), "it goes on where it stood");
}
