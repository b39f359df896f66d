//! The store's tunables, with the defaults of docs/store.md.

use super::lane::{Lane, WorkSet};
use crate::config::send::PairPace;
use crate::domain::limits;
use crate::domain::name::ChannelName;
use crate::domain::time::{Millis, Span};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Where a store takes its time from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// Redis' `TIME`, or the machine's clock for the embedded store.
    #[default]
    Real,
    /// Milliseconds that a simulation moves.
    Virtual(Arc<AtomicI64>),
}

impl Clock {
    /// The simulation's time, or nothing if time is real.
    pub fn pretended(&self) -> Option<Millis> {
        match self {
            Clock::Real => None,
            Clock::Virtual(now) => Some(Millis(now.load(Ordering::SeqCst))),
        }
    }
}

/// Leases, caps and timeouts of a store. `Default` is what is documented.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// `claim.lease`: how long a claimed contact is left to its worker.
    pub claim_lease: Span,
    /// `claim.inputs`: inputs that one claim or commit hands over.
    pub claim_inputs: usize,
    /// `send.lease`: how long a taken effect is left to its sender.
    pub send_lease: Span,
    /// `dedupe.ttl`: how long a message id is remembered at least, less one day.
    pub dedupe_ttl: Span,
    /// `dedupe.cap`: message ids of one contact in one generation.
    pub dedupe_cap: usize,
    /// `mailbox.max`: inputs that one mailbox holds.
    pub mailbox_max: usize,
    /// Room above it for priority inputs.
    pub mailbox_headroom: usize,
    /// `journal.max_bytes`: of one shard; above it `accept` refuses.
    pub journal_max_bytes: u64,
    /// How long the name of a request is remembered.
    pub requests_kept: Span,
    /// Names of requests that are remembered at one time.
    pub requests_max: usize,
    /// `redis.wait_replicas`: replicas that must have an accepted input before the provider hears of it.
    pub wait_replicas: u32,
    /// One call of Redis at most.
    pub call_timeout: Duration,
    /// One connection attempt at most.
    pub connect_timeout: Duration,
    /// How many messages may go to one contact over each channel, where that is bounded.
    pub pairs: BTreeMap<ChannelName, PairPace>,
    /// Where time comes from.
    pub clock: Clock,
}

impl StoreSettings {
    /// How many messages of this set may go to the contact of a lane, if that is bounded.
    pub(super) fn pair_of(&self, lane: Lane, set: &WorkSet) -> Option<PairPace> {
        match (lane, set) {
            (Lane::Contact, WorkSet::Talk(channel) | WorkSet::Bulk(channel)) => self.pairs.get(channel).copied(),
            _ => None,
        }
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        StoreSettings {
            claim_lease: Span::seconds(5),
            claim_inputs: limits::INPUTS_PER_CLAIM,
            send_lease: Span::seconds(60),
            dedupe_ttl: Span::days(8),
            dedupe_cap: 512,
            mailbox_max: limits::MAILBOX,
            mailbox_headroom: limits::MAILBOX_HEADROOM,
            journal_max_bytes: 64 * 1024 * 1024,
            requests_kept: limits::REQUEST_KEPT,
            requests_max: limits::REQUESTS,
            wait_replicas: 0,
            call_timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(2),
            pairs: BTreeMap::new(),
            clock: Clock::Real,
        }
    }
}
