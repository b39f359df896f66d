//! What is handed to a connection, and by whom it can be taken back.

use crate::domain::id::SendRef;
use crate::service::ports::{SmppFailure, SubmitAnswer};
use rusmpp::pdus::SubmitSm;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// The way into a connection.
#[derive(Clone)]
pub(super) struct Session {
    pub orders: mpsc::Sender<Order>,
    pub window: Arc<Semaphore>,
}

/// One message that is to leave.
pub(super) struct Order {
    pub pdu: SubmitSm,
    pub named: Option<SendRef>,
    pub answer: oneshot::Sender<Result<SubmitAnswer, SmppFailure>>,
    pub taken: Taken,
    pub permit: OwnedSemaphorePermit,
}

/// Whether it was written, or taken back before that: one of the two.
#[derive(Clone, Default)]
pub(super) struct Taken(Arc<AtomicU8>);

impl Taken {
    const WAITS: u8 = 0;
    const WRITTEN: u8 = 1;
    const BACK: u8 = 2;

    fn becomes(&self, what: u8) -> bool {
        self.0.compare_exchange(Self::WAITS, what, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// True if nobody took it back: it may be written.
    pub fn write(&self) -> bool {
        self.becomes(Self::WRITTEN)
    }

    /// True if it surely never left.
    pub fn take_back(&self) -> bool {
        self.becomes(Self::BACK)
    }
}

impl Order {
    pub fn new(
        pdu: SubmitSm,
        named: Option<SendRef>,
        answer: oneshot::Sender<Result<SubmitAnswer, SmppFailure>>,
        permit: OwnedSemaphorePermit,
    ) -> (Self, Taken) {
        let taken = Taken::default();
        (Order { pdu, named, answer, taken: taken.clone(), permit }, taken)
    }

    /// It surely never leaves.
    pub fn refuse(self) {
        let _ = self.answer.send(Err(SmppFailure::NotBound));
    }
}
