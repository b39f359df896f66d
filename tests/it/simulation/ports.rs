//! The service's ports in the hands of the run: time is virtual, tasks are actors, chance comes from the seed.

use super::shared::Shared;
use futures_util::future::BoxFuture;
use replyflow::domain::time::Millis;
use replyflow::service::ports::{Clock, Random, Spawn};
use std::sync::Arc;
use std::time::Duration;

/// One instance's view of the world.
pub struct Port {
    pub shared: Arc<Shared>,
    pub instance: usize,
    /// When it was started: its monotonic clock begins then.
    pub since: i64,
}

impl Clock for Port {
    fn monotonic(&self) -> Duration {
        Duration::from_millis((self.shared.now() - self.since).unsigned_abs())
    }

    fn wall(&self) -> Millis {
        Millis(self.shared.now())
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.shared.sleep(i64::try_from(time.as_millis()).expect("a short time")))
    }
}

impl Spawn for Port {
    fn spawn(&self, what: &'static str, task: BoxFuture<'static, ()>) {
        self.shared.begin(what, Some(self.instance), task);
    }
}

impl Random for Port {
    fn bits(&self) -> u32 {
        u32::try_from(self.shared.dice().bits() >> 32).expect("32 bits")
    }
}
