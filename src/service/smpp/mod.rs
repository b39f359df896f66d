//! Connections to carriers that speak SMPP: one for each channel and instance (or one for each direction), bound, kept, and bound again when
//! it breaks. `provider/smpp` says what goes over it.
//!
//! What an instance without a connection would send is left to those that have one; `others` knows whether there are any. What comes is answered only once it is stored.

mod doubts;
mod hear;
mod line;
mod link;
mod order;
mod others;
mod proof;
mod pulse;
mod session;
mod submit;

pub use link::{BindTrouble, probe_carrier};
pub(super) use submit::submitted;

use super::circuit::Health;
use super::core::Core;
use super::metrics;
use super::ports::{Bound, Carriers, SmppFailure, SubmitAnswer};
use super::settings::Channel;
use crate::domain::id::SendRef;
use crate::domain::journal::AlertLevel;
use crate::domain::name::ChannelName;
use crate::provider::smpp::Way;
use async_trait::async_trait;
use line::Line;
use rusmpp::pdus::SubmitSm;
use session::{Connection, Ended, Session};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The pause before it is tried again: the first, doubled each time up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A connection that lasted so long was a good one.
const GOOD: Duration = Duration::from_secs(30);
/// So often in a row nobody is there before operators are told. A login that is refused they are told at once.
const TELL_AFTER: u32 = 3;
/// `ESME_RALYBND`: the account has as many connections as it may have.
const ALREADY_BOUND: u32 = 0x05;
/// How often a drained instance looks whether it is empty, and whether it works again.
const DRAINED: Duration = Duration::from_millis(500);
/// What came and waits to be stored: what comes beyond is to come again.
const HEARD: usize = 64;

/// The connections of this instance.
pub struct Binds {
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What the rest of the service sees of them.
struct Lines(HashMap<ChannelName, Arc<Line>>);

#[async_trait]
impl Carriers for Lines {
    fn bound(&self, channel: &ChannelName) -> Bound {
        self.0.get(channel).map_or(Bound::Nowhere, |line| line.bound())
    }

    fn is_left(&self, channel: &ChannelName) -> bool {
        self.0.get(channel).is_some_and(|line| line.is_left())
    }

    async fn submit(
        &self,
        channel: &ChannelName,
        pdu: SubmitSm,
        named: Option<SendRef>,
        most: Duration,
    ) -> Result<SubmitAnswer, SmppFailure> {
        match self.0.get(channel) {
            Some(line) => line.submit(pdu, named, most).await,
            None => Err(SmppFailure::NotBound),
        }
    }
}

impl Binds {
    /// Begins to connect every channel that speaks SMPP. To be called on the runtime that the service works on.
    pub fn start(core: &Arc<Core>) -> Self {
        let binds = Binds { stop: CancellationToken::new(), tasks: TaskTracker::new() };
        let channels = &core.world().channels;
        let all = || channels.values().map(|channel| (channel.route(), &channel.adapter));
        let mut lines = HashMap::new();
        for channel in channels.values() {
            let Some(smpp) = channel.adapter.smpp() else { continue };
            let routes = channel.adapter.routes(channel.route(), all());
            let line = Arc::new(Line::new(channel.name.clone(), smpp.clone(), routes));
            metrics::smpp_bound(channel.name.as_str(), false);
            let ways: &[Way] = if smpp.0.apart { &[Way::Out, Way::In] } else { &[Way::Both] };
            for way in ways {
                binds.tasks.spawn(keep(Arc::clone(core), Arc::clone(&line), *way, binds.stop.clone()));
            }
            binds.tasks.spawn(others::follow(Arc::clone(core), Arc::clone(&line), binds.stop.clone()));
            lines.insert(channel.name.clone(), line);
        }
        binds.tasks.close();
        if !lines.is_empty() {
            core.gate.connect(Arc::new(Lines(lines)));
        }
        binds
    }

    /// Lets what is in the air end, unbinds and closes.
    pub async fn stop(self, deadline: Duration) {
        self.stop.cancel();
        let _ = tokio::time::timeout(deadline, self.tasks.wait()).await;
    }
}

/// Whoever only lets go of them does not leave them behind.
impl Drop for Binds {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Core {
    /// Whether the messages of a channel are left to other instances: this one has no connection to its carrier.
    pub(super) fn leaves_to_others(&self, channel: &Channel) -> bool {
        channel.adapter.smpp().is_some() && self.gate.is_left(&channel.name)
    }

    /// The channels that speak SMPP, and who has a connection.
    pub fn binds(&self) -> Vec<(ChannelName, Bound)> {
        let channels = self.world.channels.values().filter(|channel| channel.adapter.smpp().is_some());
        channels.map(|channel| (channel.name.clone(), self.gate.bound(&channel.name))).collect()
    }
}

/// Names connections apart within this process.
static SESSIONS: AtomicU64 = AtomicU64::new(1);

/// Connects again and again.
async fn keep(core: Arc<Core>, line: Arc<Line>, way: Way, stop: CancellationToken) {
    let (mut pause, mut failed, mut told) = (FIRST_PAUSE, 0u32, false);
    loop {
        while is_drained(&core) {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(DRAINED) => {}
            }
        }
        let began = Instant::now();
        let opened = tokio::select! {
            () = stop.cancelled() => return,
            opened = link::open(&line.smpp.0, way) => opened,
        };
        match opened {
            Ok(link) => {
                tracing::info!(channel = %line.channel, ?way, "a carrier has let us in");
                if told {
                    say(&core, &line, AlertLevel::Info, "has a connection to its carrier again").await;
                }
                (failed, told) = (0, false);
                let ended = live(&core, &line, way, link, &stop).await;
                if ended == Ended::Stopped {
                    if stop.is_cancelled() {
                        return;
                    }
                    tracing::info!(channel = %line.channel, ?way, "a drained instance leaves its place at the carrier to others");
                    pause = FIRST_PAUSE;
                    continue;
                }
                tracing::warn!(channel = %line.channel, ?way, ?ended, "a connection to a carrier ended");
                if began.elapsed() > GOOD {
                    pause = FIRST_PAUSE;
                }
            }
            Err(trouble) => {
                failed = failed.saturating_add(1);
                tracing::warn!(channel = %line.channel, ?way, %trouble, failed, "no connection to a carrier");
                if !told && is_told(&trouble, failed, line.others().has_nobody()) {
                    told = true;
                    metrics::alert("smpp");
                    let what = format!(
                        "has no connection to its carrier on one instance: {trouble}. Others send its messages, if they have one."
                    );
                    say(&core, &line, AlertLevel::Urgent, &what).await;
                }
            }
        }
        // A few instances that lost theirs at one time do not come back at one time.
        let jitter = core.random_bits() % 250;
        let wait = pause + Duration::from_millis(jitter);
        pause = (pause * 2).min(LONGEST_PAUSE);
        tokio::select! {
            () = stop.cancelled() => return,
            () = line.freed() => pause = FIRST_PAUSE,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Whether operators hear of it, when it has come so often in a row. `nobody`: no other instance has a connection.
fn is_told(trouble: &BindTrouble, failed: u32, nobody: bool) -> bool {
    match trouble {
        // With one bind for several instances that is how it is meant; and while an instance takes the place of another one.
        BindTrouble::Refused(ALREADY_BOUND) => failed >= TELL_AFTER && nobody,
        BindTrouble::Refused(_) | BindTrouble::Authorities => true,
        BindTrouble::Connect | BindTrouble::Tls | BindTrouble::Timeout | BindTrouble::Closed => failed >= TELL_AFTER,
    }
}

/// One connection from its beginning to its end.
async fn live(core: &Arc<Core>, line: &Line, way: Way, link: link::Link, stop: &CancellationToken) -> Ended {
    let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
    let (orders, ordered) = mpsc::channel(line.smpp.0.window);
    let (heard, hearing) = mpsc::channel(HEARD);
    let (answers, answered) = mpsc::channel(HEARD);
    let out = way != Way::In;
    if out {
        line.opened(Session { orders, window: Arc::new(Semaphore::new(line.smpp.0.window)) });
        metrics::smpp_bound(line.channel.as_str(), true);
        // What others could not send, or nobody, may leave at once.
        if let Some(channel) = core.channel(&line.channel) {
            core.noted(channel, Health::Well).await;
        }
        core.room().notify_one();
    }
    let leave = stop.child_token();
    let connection = Connection { core, line, out, link, orders: ordered, heard, answers: answered, stop: &leave };
    let working = hear::work(core, line, number, hearing, answers);
    let running = connection.run();
    tokio::pin!(working, running);
    // What is being stored when the connection ends is not answered, and comes again; it is known then.
    let ended = tokio::select! {
        ended = &mut running => ended,
        () = &mut working => running.await,
        never = leaves_once_drained(core, &leave) => match never {},
    };
    if out {
        line.closed();
        metrics::smpp_bound(line.channel.as_str(), false);
    }
    line.doubts().ended(number, core.clock.monotonic());
    ended
}

/// Whether somebody told this instance to take nothing new, and it has nothing left to do.
fn is_drained(core: &Core) -> bool {
    core.is_draining() && core.in_hand().is_empty()
}

/// Gives a connection up when nothing is left to do: where there is one for several instances, another one can have it.
async fn leaves_once_drained(core: &Core, leave: &CancellationToken) -> Infallible {
    while !is_drained(core) {
        tokio::time::sleep(DRAINED).await;
    }
    leave.cancel();
    std::future::pending().await
}

async fn say(core: &Arc<Core>, line: &Line, level: AlertLevel, what: &str) {
    let say = format!("Channel `{}` {what}", line.channel);
    if let Err(error) = core.warn_teams(("smpp", line.channel.as_str(), None), level, &say).await {
        tracing::error!(channel = %line.channel, %error, "operators could not be told of a channel");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_the_bind_to_another_instance_alarms_nobody() {
        let full = BindTrouble::Refused(ALREADY_BOUND);
        let wrong = BindTrouble::Refused(0x0e);
        for failed in 1..100 {
            assert!(!is_told(&full, failed, false), "somebody has it, or it is not known yet");
            assert!(is_told(&wrong, failed, false) && is_told(&BindTrouble::Authorities, failed, false), "it stays so");
        }
        // Somebody has it who is none of ours.
        assert_eq!([1, 2, 3].map(|failed| is_told(&full, failed, true)), [false, false, true]);
        assert_eq!([1, 2, 3].map(|failed| is_told(&BindTrouble::Connect, failed, true)), [false, false, true]);
    }
}
