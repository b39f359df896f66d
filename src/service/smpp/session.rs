//! One bound connection: messages go out within a window, what comes is handed on, silence is asked about. Whoever waits for an answer when
//! it ends hears whether the message may have left.

use super::hear::{Answered, Given};
use super::line::Line;
use super::link::{FIRST, Link, RESPONSE, command, write};
use crate::domain::id::SendRef;
use crate::provider::smpp::{ACCEPTED, Deliver, Frame, REFUSED, TEMPORARY, UNKNOWN_COMMAND, message_id};
use crate::service::core::{Core, duration};
use crate::service::metrics;
use crate::service::ports::{SmppFailure, SubmitAnswer};
use futures_util::StreamExt as _;
use rusmpp::Pdu;
use rusmpp::pdus::{DeliverSmResp, SubmitSm};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// An answer that has not come for so long does not come: its place in the window is free again.
const FORGOTTEN: Duration = Duration::from_secs(120);
/// How long a question whether the connection lives is waited for at most.
const ENQUIRED: Duration = Duration::from_secs(10);
/// What is in the air may end for so long before we unbind.
const LAST: Duration = Duration::from_secs(5);
/// How often it is looked what is late.
const LOOK: Duration = Duration::from_millis(500);
/// The largest `sequence_number` (SMPP 3.4, 5.1.4).
const LARGEST: u32 = 0x7fff_ffff;

const SUBMIT_RESP: u32 = 0x8000_0004;
const UNBIND_RESP: u32 = 0x8000_0006;
const ENQUIRE_RESP: u32 = 0x8000_0015;
const DELIVER: u32 = 0x0000_0005;
const UNBIND: u32 = 0x0000_0006;
const OUTBIND: u32 = 0x0000_000b;
const ENQUIRE: u32 = 0x0000_0015;
const ALERT: u32 = 0x0000_0102;

/// The way into a connection.
#[derive(Clone)]
pub(super) struct Session {
    pub orders: mpsc::Sender<Order>,
    pub window: Arc<Semaphore>,
}

/// One message that is to leave.
pub(super) struct Order {
    pdu: SubmitSm,
    named: Option<SendRef>,
    answer: oneshot::Sender<Result<SubmitAnswer, SmppFailure>>,
    taken: Taken,
    permit: OwnedSemaphorePermit,
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
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// We stopped.
    Stopped,
    /// The carrier said so.
    Unbound,
    /// It was closed, or broke.
    Broken,
    /// A question whether it lives was not answered.
    Silent,
}

struct Pending {
    answer: oneshot::Sender<Result<SubmitAnswer, SmppFailure>>,
    named: Option<SendRef>,
    since: Instant,
    _permit: OwnedSemaphorePermit,
}

/// What a connection is made of.
pub(super) struct Connection<'a> {
    pub core: &'a Arc<Core>,
    pub line: &'a Line,
    pub link: Link,
    pub orders: mpsc::Receiver<Order>,
    pub heard: mpsc::Sender<Given>,
    pub answers: mpsc::Receiver<Answered>,
    pub stop: &'a CancellationToken,
}

impl Connection<'_> {
    /// Works until it ends.
    pub async fn run(self) -> Ended {
        let Connection { core, line, mut link, mut orders, heard, mut answers, stop } = self;
        let mut state = State {
            core,
            line,
            next: FIRST,
            pending: HashMap::new(),
            enquiry: None,
            spoke: Instant::now(),
            unanswered: 0,
            stopping: None,
            unbinding: None,
        };
        let mut look = tokio::time::interval(LOOK);
        let ended = loop {
            let step = tokio::select! {
                frame = link.next() => match frame {
                    Some(Ok(frame)) => state.takes(&mut link, frame, &heard).await,
                    Some(Err(_)) | None => Err(Ended::Broken),
                },
                Some(order) = orders.recv(), if state.stopping.is_none() => state.submits(&mut link, order).await,
                Some((sequence, status)) = answers.recv() => state.answers(&mut link, sequence, status).await,
                _ = look.tick() => state.looks(&mut link).await,
                () = stop.cancelled(), if state.stopping.is_none() => {
                    state.stopping = Some(Instant::now());
                    Ok(())
                }
            };
            if let Err(ended) = step {
                break ended;
            }
        };
        orders.close();
        while let Some(order) = orders.recv().await {
            let _ = order.answer.send(Err(SmppFailure::NotBound));
        }
        for (_, pending) in state.pending {
            line.ends();
            let _ = pending.answer.send(Err(SmppFailure::Lost));
        }
        ended
    }
}

struct State<'a> {
    core: &'a Arc<Core>,
    line: &'a Line,
    next: u32,
    pending: HashMap<u32, Pending>,
    /// Our question whether it lives, and since when.
    enquiry: Option<(u32, Instant)>,
    /// When the carrier said something last.
    spoke: Instant,
    /// What came and was not answered yet.
    unanswered: usize,
    stopping: Option<Instant>,
    unbinding: Option<Instant>,
}

type Step = Result<(), Ended>;

impl State<'_> {
    fn sequence(&mut self) -> u32 {
        self.next = if self.next >= LARGEST { FIRST } else { self.next + 1 };
        self.next
    }

    async fn write(&self, link: &mut Link, sequence: u32, status: u32, pdu: impl Into<Pdu>) -> Step {
        write(link, &command(sequence, status, pdu)).await.map_err(|_| Ended::Broken)
    }

    async fn submits(&mut self, link: &mut Link, order: Order) -> Step {
        let Order { pdu, named, answer, taken, permit } = order;
        if !taken.becomes(Taken::WRITTEN) {
            return Ok(());
        }
        let sequence = self.sequence();
        // Before it is written: a connection that breaks meanwhile may have taken it along.
        self.line.wrote();
        self.pending.insert(sequence, Pending { answer, named, since: Instant::now(), _permit: permit });
        self.write(link, sequence, ACCEPTED, pdu).await
    }

    async fn answers(&mut self, link: &mut Link, sequence: u32, status: u32) -> Step {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.write(link, sequence, status, DeliverSmResp::default()).await
    }

    async fn takes(&mut self, link: &mut Link, frame: Frame, heard: &mpsc::Sender<Given>) -> Step {
        self.spoke = Instant::now();
        match frame.command {
            SUBMIT_RESP | RESPONSE => {
                self.answered(&frame);
                Ok(())
            }
            ENQUIRE_RESP => {
                self.enquiry = None;
                Ok(())
            }
            UNBIND_RESP => Err(if self.unbinding.is_some() { Ended::Stopped } else { Ended::Unbound }),
            ENQUIRE => self.write(link, frame.sequence, ACCEPTED, Pdu::EnquireLinkResp).await,
            UNBIND => {
                let _ = self.write(link, frame.sequence, ACCEPTED, Pdu::UnbindResp).await;
                Err(Ended::Unbound)
            }
            DELIVER => self.delivers(link, frame, heard).await,
            // Nobody waits for an answer to these.
            ALERT | OUTBIND => Ok(()),
            command if command & RESPONSE != 0 => Ok(()),
            _ => self.write(link, frame.sequence, UNKNOWN_COMMAND, Pdu::GenericNack).await,
        }
    }

    async fn delivers(&mut self, link: &mut Link, frame: Frame, heard: &mpsc::Sender<Given>) -> Step {
        let Some(deliver) = Deliver::read(frame.body) else {
            tracing::error!(channel = %self.line.channel, "a carrier delivered something that cannot be read; it was refused");
            metrics::alert("undecodable");
            return self.write(link, frame.sequence, REFUSED, DeliverSmResp::default()).await;
        };
        let refused = self.core.is_stopping() || self.stopping.is_some() || heard.try_send((frame.sequence, deliver)).is_err();
        if refused {
            return self.write(link, frame.sequence, TEMPORARY, DeliverSmResp::default()).await;
        }
        self.unanswered += 1;
        Ok(())
    }

    /// The answer to a message. Which of ours it is known before anything else that the carrier says is looked at.
    fn answered(&mut self, frame: &Frame) {
        let Some(Pending { answer, named, .. }) = self.pending.remove(&frame.sequence) else { return };
        // A `generic_nack` refuses, whatever its status.
        let status = if frame.command == RESPONSE && frame.status == ACCEPTED { UNKNOWN_COMMAND } else { frame.status };
        let id = message_id(&frame.body).filter(|_| status == ACCEPTED).and_then(|id| self.line.smpp.sent_id(&id));
        if let (Some(id), Some(named)) = (&id, named) {
            self.core.reported.remember(&self.line.channel, id, named);
        }
        let _ = answer.send(Ok(SubmitAnswer { status, id }));
        self.line.ends();
    }

    async fn looks(&mut self, link: &mut Link) -> Step {
        let late: Vec<u32> =
            self.pending.iter().filter(|(_, one)| one.since.elapsed() > FORGOTTEN).map(|(sequence, _)| *sequence).collect();
        for sequence in late {
            if let Some(pending) = self.pending.remove(&sequence) {
                self.line.ends();
                let _ = pending.answer.send(Err(SmppFailure::Timeout));
            }
        }
        if let Some(since) = self.unbinding.filter(|since| since.elapsed() > LAST) {
            tracing::debug!(channel = %self.line.channel, ms = since.elapsed().as_millis(), "an unbind was not answered");
            return Err(Ended::Stopped);
        }
        let quiet = self.pending.is_empty() && self.unanswered == 0;
        if self.unbinding.is_none() && self.stopping.is_some_and(|since| quiet || since.elapsed() > LAST) {
            self.unbinding = Some(Instant::now());
            let sequence = self.sequence();
            return self.write(link, sequence, ACCEPTED, Pdu::Unbind).await;
        }
        let every = duration(self.line.smpp.0.enquire_every);
        match self.enquiry {
            Some((_, since)) if since.elapsed() > every.min(ENQUIRED) => Err(Ended::Silent),
            None if self.spoke.elapsed() >= every => {
                let sequence = self.sequence();
                self.enquiry = Some((sequence, Instant::now()));
                self.write(link, sequence, ACCEPTED, Pdu::EnquireLink).await
            }
            Some(_) | None => Ok(()),
        }
    }
}
