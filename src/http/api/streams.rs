//! How many answers may go on for long at one time: exports, and those who listen to what happens.

use super::listing::EXPORTS;
use super::live::LISTENERS;
use crate::http::error::Failure;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is left of them.
#[derive(Debug, Clone)]
pub struct Streams {
    exports: Arc<Semaphore>,
    listeners: Arc<Semaphore>,
}

impl Default for Streams {
    fn default() -> Self {
        Streams { exports: Arc::new(Semaphore::new(EXPORTS)), listeners: Arc::new(Semaphore::new(LISTENERS)) }
    }
}

impl Streams {
    /// One more export, until it is dropped.
    pub fn export(&self) -> Result<OwnedSemaphorePermit, Failure> {
        one(&self.exports, Duration::from_secs(10))
    }

    /// One more listener, until it is dropped.
    pub fn listener(&self) -> Result<OwnedSemaphorePermit, Failure> {
        one(&self.listeners, Duration::from_secs(5))
    }
}

fn one(of: &Arc<Semaphore>, after: Duration) -> Result<OwnedSemaphorePermit, Failure> {
    Arc::clone(of).try_acquire_owned().map_err(|_| Failure::TooMany { after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_bound() {
        let streams = Streams::default();
        let held: Vec<_> = (0..EXPORTS).map(|_| streams.export().expect("room")).collect();
        assert_eq!(streams.export().err(), Some(Failure::TooMany { after: Duration::from_secs(10) }));
        assert!(streams.listener().is_ok());
        drop(held);
        assert!(streams.export().is_ok());
    }
}
