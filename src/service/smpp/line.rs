//! What this instance knows of one channel's connection to its carrier.

use super::doubts::Doubts;
use super::others::Others;
use super::session::{Order, Session};
use crate::domain::id::SendRef;
use crate::domain::name::ChannelName;
use crate::provider::smpp::Smpp;
use crate::provider::{Decoded, Routes};
use crate::service::core::Core;
use crate::service::ports::{Bound, SmppFailure, SubmitAnswer};
use rusmpp::pdus::SubmitSm;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

/// One channel.
pub(super) struct Line {
    pub channel: ChannelName,
    pub smpp: Smpp,
    pub routes: Routes,
    out: Mutex<Out>,
    doubts: Mutex<Doubts>,
    others: Mutex<Others>,
    /// Signalled when nobody else has a connection any more.
    freed: Notify,
    /// Signalled with each answer to a message.
    answered: Notify,
    /// Messages that were written, and those whose answer came or will not come.
    written: AtomicU64,
    ended: AtomicU64,
}

/// The way out.
enum Out {
    Bound(Session),
    Gone(Instant),
}

impl Line {
    pub fn new(channel: ChannelName, smpp: Smpp, routes: Routes) -> Self {
        let (out, doubts, others) = (Mutex::new(Out::Gone(Instant::now())), Mutex::default(), Mutex::default());
        let (written, ended) = (AtomicU64::new(0), AtomicU64::new(0));
        let (answered, freed) = (Notify::new(), Notify::new());
        Line { channel, smpp, routes, out, doubts, others, freed, answered, written, ended }
    }

    pub fn doubts(&self) -> MutexGuard<'_, Doubts> {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Messages can leave.
    pub fn opened(&self, session: Session) {
        *self.out() = Out::Bound(session);
    }

    /// They cannot any more.
    pub fn closed(&self) {
        let mut out = self.out();
        if matches!(*out, Out::Bound(_)) {
            *out = Out::Gone(Instant::now());
        }
    }

    pub fn is_bound(&self) -> bool {
        matches!(*self.out(), Out::Bound(_))
    }

    /// Who has a connection.
    pub fn bound(&self) -> Bound {
        match (self.is_bound(), self.others().has_somebody()) {
            (true, _) => Bound::Here,
            (false, true) => Bound::Elsewhere,
            (false, false) => Bound::Nowhere,
        }
    }

    /// Whether its messages are left to other instances now.
    pub fn is_left(&self) -> bool {
        let gone = match *self.out() {
            Out::Bound(_) => return false,
            Out::Gone(since) => since.elapsed(),
        };
        self.others().are_left(gone)
    }

    /// What is known of the others' connections.
    pub fn others(&self) -> MutexGuard<'_, Others> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has a connection, or nobody has.
    pub fn found_others(&self, somebody: bool) {
        if self.others().found(somebody) {
            self.freed.notify_waiters();
        }
    }

    /// Ends when nobody has a connection any more: there may be room at the carrier.
    pub async fn freed(&self) {
        self.freed.notified().await;
    }

    /// A message is on its way.
    pub fn wrote(&self) {
        self.written.fetch_add(1, Ordering::AcqRel);
    }

    /// It is not any more.
    pub fn ends(&self) {
        self.ended.fetch_add(1, Ordering::AcqRel);
        self.answered.notify_waiters();
    }

    /// Ends when it is known which message the report is about, when everything that was on its way is answered, or after this time.
    pub async fn learns(&self, core: &Core, said: &Decoded, most: Duration) {
        let Decoded::Status(report) = said else { return };
        let before = self.written.load(Ordering::Acquire);
        let known = async {
            loop {
                let answered = self.answered.notified();
                tokio::pin!(answered);
                answered.as_mut().enable();
                let known = core.reported.lately(&report.channel, &report.id).is_some();
                if known || self.ended.load(Ordering::Acquire) >= before {
                    return;
                }
                answered.await;
            }
        };
        let _ = tokio::time::timeout(most, known).await;
    }

    /// One PDU, and what the carrier answers.
    pub async fn submit(&self, pdu: SubmitSm, named: Option<SendRef>, most: Duration) -> Result<SubmitAnswer, SmppFailure> {
        let until = Instant::now() + most;
        let session = match &*self.out() {
            Out::Bound(session) => session.clone(),
            Out::Gone(_) => return Err(SmppFailure::NotBound),
        };
        let room = timeout_at(until, session.window.clone().acquire_owned()).await;
        let permit = room.map_err(|_| SmppFailure::Full)?.map_err(|_| SmppFailure::NotBound)?;
        let (answer, mut answered) = oneshot::channel();
        let (order, taken) = Order::new(pdu, named, answer, permit);
        if session.orders.send(order).await.is_err() {
            return Err(SmppFailure::NotBound);
        }
        match timeout_at(until, &mut answered).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(_)) => Err(SmppFailure::Lost),
            // Whoever takes it back before it is written knows that it never left.
            Err(_) if taken.take_back() => Err(SmppFailure::Full),
            Err(_) => {
                // An answer is read here, or whoever has it knows that nobody waits for it: one of the two.
                answered.close();
                answered.try_recv().unwrap_or(Err(SmppFailure::Timeout))
            }
        }
    }
}
