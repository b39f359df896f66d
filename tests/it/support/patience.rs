//! How long tests wait. A wait ends as soon as what it waits for is there, so it may be long: a machine that is slow, or does something else, is
//! never the reason that a test fails. None is without an end.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Longer than anything that is waited for takes on a slow machine that does something else as well.
pub const LONG: Duration = Duration::from_secs(120);
/// Between two looks whether something holds.
const MOMENT: Duration = Duration::from_millis(20);

/// For a loop that waits: panics when it has gone on for too long.
pub fn patient(begun: Instant, what: impl Display) {
    assert!(begun.elapsed() < LONG, "in vain: {what}");
}

/// Waits until this holds.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        patient(begun, what);
        tokio::time::sleep(MOMENT).await;
    }
}

/// What this comes to; panics if it does not end.
pub async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LONG, work).await {
        Ok(done) => done,
        Err(_) => panic!("in vain: {what}"),
    }
}
