//! Whether another instance has a connection where this one has none. Who has one holds a lease in the store under the channel's name; who has
//! none asks for it, and gives it back. So what an instance without a connection takes is what nobody else would.

use super::line::Line;
use crate::domain::id::Who;
use crate::domain::name::ChannelName;
use crate::service::circuit::Health;
use crate::service::core::{Core, duration};
use crate::store::{Answer, Fingerprint, OnceRequest, RequestKey, RequestStep, Requested};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks at most; a quarter of the lease where that is less, so that it never ends under whoever has a connection.
const LOOK: Duration = Duration::from_secs(1);
/// The same while the last messages leave.
const LAST_LOOK: Duration = Duration::from_millis(100);
/// So often in a row nobody must be found: between two of them everybody who has a connection has tried to say so.
const SURE: u32 = 3;
/// So long others have the messages of a channel that this instance lost its connection for.
const LEFT_ALONE: Duration = Duration::from_secs(15);

/// What this instance knows of the others' connections for one channel.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Somebody has one.
    somebody: bool,
    /// Looks in a row that found nobody.
    nobody: u32,
}

impl Others {
    /// A look found somebody, or nobody. Whether somebody was there until now.
    pub fn found(&mut self, somebody: bool) -> bool {
        let before = std::mem::replace(&mut self.somebody, somebody);
        self.nobody = if somebody { 0 } else { self.nobody.saturating_add(1) };
        before && !somebody
    }

    /// There are none.
    pub fn are_none(&mut self) {
        (self.somebody, self.nobody) = (false, SURE);
    }

    /// Whether somebody has a connection.
    pub fn has_somebody(&self) -> bool {
        self.somebody
    }

    /// Whether surely nobody has one.
    pub fn has_nobody(&self) -> bool {
        self.nobody >= SURE
    }

    /// Whether messages are left to others by an instance that has had no connection for so long.
    pub fn are_left(&self, gone: Duration) -> bool {
        gone < LEFT_ALONE || !self.has_nobody()
    }
}

/// Says that this instance has a connection, or looks whether others have one, as long as the service runs.
pub(super) async fn follow(core: Arc<Core>, line: Arc<Line>, stop: CancellationToken) {
    if !core.store.is_shared() {
        return line.others().are_none();
    }
    let (who, every) = (core.worker(), LOOK.min(duration(core.settings.claim_lease) / 4));
    loop {
        look(&core, &line, who).await;
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(every) => {}
        }
    }
    while line.is_bound() {
        tokio::time::sleep(LAST_LOOK).await;
    }
    // Whoever waits for a place at the carrier tries at once. Else the lease ends by itself.
    if let Err(error) = step(&core, &line.channel, who, RequestStep::Forget).await {
        tracing::debug!(channel = %line.channel, %error, "a lease of a connection was not given back");
    }
}

async fn look(core: &Arc<Core>, line: &Line, who: Who) {
    let is_bound = line.is_bound();
    let somebody = match step(core, &line.channel, who, RequestStep::Begin).await {
        Ok(Requested::Busy(_)) => true,
        Ok(Requested::Yours) if is_bound => true,
        Ok(Requested::Yours) => match step(core, &line.channel, who, RequestStep::Forget).await {
            Ok(_) => false,
            // The lease is ours now although there is no connection: it is no sign of anything until it was given back.
            Err(_) => return,
        },
        // The store has no room for the name: nobody can say anything, and what nobody takes must not wait for ever.
        Ok(_) => is_bound,
        // Nothing can be taken either.
        Err(error) => {
            tracing::debug!(channel = %line.channel, %error, "it cannot be seen who has a connection to a carrier");
            return;
        }
    };
    line.found_others(somebody);
    if somebody
        && !is_bound
        && core.lines.is_open(&line.channel)
        && let Some(channel) = core.channel(&line.channel)
    {
        // That nobody could send was true of then.
        core.noted(channel, Health::Well).await;
    }
}

async fn step(core: &Core, channel: &ChannelName, who: Who, step: RequestStep) -> Answer<Requested> {
    let key = RequestKey::of("a connection by smpp", channel.as_str());
    core.request(OnceRequest { key, print: Fingerprint::of(b""), who, step }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_without_a_connection_leaves_messages_to_whoever_has_one_however_long() {
        let (mut others, hour) = (Others::default(), Duration::from_secs(3_600));
        assert!(others.are_left(Duration::ZERO) && others.are_left(hour), "nothing is known yet");
        for _ in 0..100 {
            assert!(!others.found(true));
            assert!(others.are_left(hour) && others.has_somebody());
        }
        // A lease ended, and another one who has a connection takes it at its next look.
        assert!(others.found(false), "somebody is gone");
        assert!(!others.found(false) && others.are_left(hour) && !others.has_somebody());
        others.found(true);
        assert!(others.are_left(hour));
    }

    #[test]
    fn what_nobody_can_send_is_taken_so_that_it_goes_elsewhere_or_fails_visibly() {
        let mut others = Others::default();
        for _ in 0..SURE {
            assert!(others.are_left(LEFT_ALONE), "not sure yet");
            others.found(false);
        }
        assert!(others.has_nobody() && !others.are_left(LEFT_ALONE));
        assert!(others.are_left(LEFT_ALONE - Duration::from_millis(1)), "a connection that was just lost may come back");
        others.found(true);
        assert!(others.are_left(Duration::MAX));
        others.are_none();
        assert!(!others.are_left(LEFT_ALONE) && others.are_left(Duration::ZERO) && !others.has_somebody());
    }
}
