//! One bound connection: messages go out within a window, what comes is handed on, silence is asked about. Whoever waits for an answer when
//! it ends hears whether the message may have left.

use super::doubts::Doubt;
use super::hear::{Answered, Given};
use super::line::Line;
use super::link::{FIRST, Link, RESPONSE, command, rest, write};
pub(super) use super::order::{Order, Session};
use super::proof::Stamp;
use super::pulse::{Look, Pulse};
use crate::domain::id::SendRef;
use crate::domain::message::DeliveryStatus;
use crate::provider::StatusReport;
use crate::provider::smpp::{ACCEPTED, Deliver, Frame, REFUSED, TEMPORARY, UNKNOWN_COMMAND, message_id, words};
use crate::service::core::{Core, duration};
use crate::service::metrics;
use crate::service::ports::{SmppFailure, SubmitAnswer};
use futures_util::StreamExt as _;
use rusmpp::Pdu;
use rusmpp::pdus::DeliverSmResp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// An answer that has not come for so long does not come: its place in the window is free again.
const FORGOTTEN: Duration = Duration::from_secs(120);
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

/// `ESME_RINVBNDSTS`: for the carrier there is no bind, or none for messages.
const NOT_BOUND: u32 = 0x04;

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// We stopped.
    Stopped,
    /// The carrier said so, or knows nothing of it.
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
    stamp: Stamp,
    _permit: OwnedSemaphorePermit,
}

/// What a connection is made of.
pub(super) struct Connection<'a> {
    pub core: &'a Arc<Core>,
    pub line: &'a Line,
    /// Whether messages leave by it.
    pub out: bool,
    pub link: Link,
    pub orders: mpsc::Receiver<Order>,
    pub heard: mpsc::Sender<Given>,
    pub answers: mpsc::Receiver<Answered>,
    pub stop: &'a CancellationToken,
}

impl Connection<'_> {
    /// Works until it ends.
    pub async fn run(self) -> Ended {
        let Connection { core, line, out, mut link, mut orders, heard, mut answers, stop } = self;
        let mut state = State {
            core,
            line,
            out,
            next: FIRST,
            pending: HashMap::new(),
            pulse: Pulse::new(duration(line.smpp.0.enquire_every), Instant::now()),
            unanswered: 0,
            stopping: None,
            unbinding: None,
            leaving: None,
        };
        let mut look = tokio::time::interval(LOOK);
        let ended = loop {
            let step = tokio::select! {
                frame = link.next() => match frame {
                    Some(Ok(frame)) => state.takes(&mut link, frame, &heard).await,
                    Some(Err(_)) | None => Err(Ended::Broken),
                },
                Some(order) = orders.recv(), if state.takes_orders() => state.submits(&mut link, order).await,
                Some(answered) = answers.recv() => state.answers(&mut link, answered).await,
                _ = look.tick() => state.looks(&mut link).await,
                () = stop.cancelled(), if state.stopping.is_none() => {
                    state.stopping = Some(Instant::now());
                    Ok(())
                }
            };
            let step = match step {
                Ok(()) => state.leaves(&mut link).await,
                ended => ended,
            };
            if let Err(ended) = step {
                break ended;
            }
            if state.leaving.is_some() {
                orders.close();
                while let Ok(order) = orders.try_recv() {
                    order.refuse();
                }
            }
        };
        // What was answered before it broke was not lost.
        for frame in rest(&mut link) {
            if matches!(frame.command, SUBMIT_RESP | RESPONSE) {
                state.answered(&frame);
            }
        }
        orders.close();
        while let Some(order) = orders.recv().await {
            order.refuse();
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
    out: bool,
    next: u32,
    pending: HashMap<u32, Pending>,
    pulse: Pulse,
    /// What came and was not answered yet.
    unanswered: usize,
    stopping: Option<Instant>,
    unbinding: Option<Instant>,
    /// Since when it is to end for the carrier, and the number of its `unbind`, if it sent one.
    leaving: Option<(Instant, Option<u32>)>,
}

type Step = Result<(), Ended>;

impl State<'_> {
    fn sequence(&mut self) -> u32 {
        self.next = if self.next >= LARGEST { FIRST } else { self.next + 1 };
        self.next
    }

    fn takes_orders(&self) -> bool {
        self.stopping.is_none() && self.leaving.is_none()
    }

    fn is_quiet(&self) -> bool {
        self.pending.is_empty() && self.unanswered == 0
    }

    /// It is over for the carrier: others take its messages from now on.
    fn is_to_leave(&mut self, unbind: Option<u32>) {
        let (since, known) = self.leaving.unwrap_or_else(|| (Instant::now(), None));
        self.leaving = Some((since, unbind.or(known)));
        if self.out {
            self.line.closed();
        }
    }

    /// Ends it for a carrier for which it is over, once what is in the air was answered or took too long.
    async fn leaves(&self, link: &mut Link) -> Step {
        match self.leaving {
            Some((since, unbind)) if self.is_quiet() || since.elapsed() > LAST => {
                if let Some(sequence) = unbind {
                    let _ = self.write(link, sequence, ACCEPTED, Pdu::UnbindResp).await;
                }
                Err(Ended::Unbound)
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn write(&self, link: &mut Link, sequence: u32, status: u32, pdu: impl Into<Pdu>) -> Step {
        write(link, &command(sequence, status, pdu)).await.map_err(|_| Ended::Broken)
    }

    async fn submits(&mut self, link: &mut Link, order: Order) -> Step {
        let Order { pdu, named, answer, taken, permit } = order;
        if !taken.write() {
            return Ok(());
        }
        let (sequence, stamp) = (self.sequence(), self.pulse.asks());
        // Before it is written: a connection that breaks meanwhile may have taken it along.
        self.line.wrote();
        self.pending.insert(sequence, Pending { answer, named, since: Instant::now(), stamp, _permit: permit });
        self.write(link, sequence, ACCEPTED, pdu).await
    }

    async fn answers(&mut self, link: &mut Link, Answered { sequence, status, doubt }: Answered) -> Step {
        self.unanswered = self.unanswered.saturating_sub(1);
        if let Some(doubt) = doubt {
            self.pulse.answers(doubt, Instant::now());
        }
        self.write(link, sequence, status, DeliverSmResp::default()).await
    }

    /// The carrier has read the answers to these.
    fn has_read(line: &Line, read: Vec<Doubt>) {
        if !read.is_empty() {
            let mut doubts = line.doubts();
            read.into_iter().for_each(|doubt| doubts.proved(doubt));
        }
    }

    async fn takes(&mut self, link: &mut Link, frame: Frame, heard: &mpsc::Sender<Given>) -> Step {
        Self::has_read(self.line, self.pulse.heard(Instant::now()));
        match frame.command {
            SUBMIT_RESP | RESPONSE => {
                self.answered(&frame);
                Ok(())
            }
            ENQUIRE_RESP => {
                Self::has_read(self.line, self.pulse.enquired(frame.sequence));
                Ok(())
            }
            UNBIND_RESP => Err(if self.unbinding.is_some() { Ended::Stopped } else { Ended::Unbound }),
            ENQUIRE => self.write(link, frame.sequence, ACCEPTED, Pdu::EnquireLinkResp).await,
            UNBIND => {
                self.is_to_leave(Some(frame.sequence));
                Ok(())
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
        let refused = self.core.is_stopping() || !self.takes_orders() || heard.try_send((frame.sequence, deliver)).is_err();
        if refused {
            return self.write(link, frame.sequence, TEMPORARY, DeliverSmResp::default()).await;
        }
        self.unanswered += 1;
        Ok(())
    }

    /// The answer to a message. Which of ours it is known before anything else that the carrier says is looked at.
    fn answered(&mut self, frame: &Frame) {
        let Some(Pending { answer, named, stamp, .. }) = self.pending.remove(&frame.sequence) else {
            // Perhaps it is our question whether it lives that was refused.
            return Self::has_read(self.line, self.pulse.enquired(frame.sequence));
        };
        Self::has_read(self.line, self.pulse.answered(stamp));
        // A `generic_nack` refuses, whatever its status.
        let status = if frame.command == RESPONSE && frame.status == ACCEPTED { UNKNOWN_COMMAND } else { frame.status };
        let id = message_id(&frame.body).filter(|_| status == ACCEPTED).and_then(|id| self.line.smpp.sent_id(&id));
        if let (Some(id), Some(named)) = (&id, named) {
            self.core.reported.remember(&self.line.channel, id, named);
        }
        let is_late = answer.send(Ok(SubmitAnswer { status, id: id.clone() })).is_err();
        self.line.ends();
        if let (ACCEPTED, true, Some(named)) = (status, is_late, named) {
            self.was_taken(named, id);
        }
        if status == NOT_BOUND {
            tracing::warn!(channel = %self.line.channel, "a carrier takes nothing over a connection that it let in; it is made anew");
            self.is_to_leave(None);
        }
    }

    /// Whoever waited for the answer gave it up: that the message was taken counts like a report of that, so that it is neither sent again nor
    /// stands among what may not have arrived.
    fn was_taken(&self, named: SendRef, id: Option<String>) {
        let (core, channel) = (Arc::clone(self.core), self.line.channel.clone());
        let report = StatusReport {
            channel: channel.clone(),
            id: id.unwrap_or_default(),
            send: Some(named),
            status: DeliveryStatus::Sent,
            provider_status: words(ACCEPTED),
            at: None,
            recipient: None,
            user_id: None,
            failure: None,
            pricing: None,
        };
        self.core.spawn("a late answer of a carrier", async move {
            if let Err(error) = core.receive_report(report).await {
                tracing::warn!(%channel, %error, "that a carrier took a message after all could not be stored");
            }
        });
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
        if self.unbinding.is_none() && self.stopping.is_some_and(|since| self.is_quiet() || since.elapsed() > LAST) {
            self.unbinding = Some(Instant::now());
            let sequence = self.sequence();
            return self.write(link, sequence, ACCEPTED, Pdu::Unbind).await;
        }
        match self.pulse.looks(Instant::now()) {
            Look::Silent => Err(Ended::Silent),
            Look::Ask => {
                let sequence = self.sequence();
                self.pulse.enquires(sequence, Instant::now());
                self.write(link, sequence, ACCEPTED, Pdu::EnquireLink).await
            }
            Look::Nothing => Ok(()),
        }
    }
}
