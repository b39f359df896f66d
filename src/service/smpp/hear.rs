//! What comes from a carrier: stored, and only then answered. Messages are taken one after the other, so that they stay in their order.

use super::doubts::Doubt;
use super::line::Line;
use crate::domain::id::DedupeHash;
use crate::provider::smpp::{ACCEPTED, Deliver, Heard, Joined, Joiner, Piece, TEMPORARY, Written};
use crate::provider::{Decoded, Part};
use crate::service::core::{Core, duration};
use crate::service::ports::Spawn;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long a receipt waits for the answer to the message that it is about.
const EARLY: Duration = Duration::from_secs(5);
/// Receipts that wait at one time.
const EARLIEST: usize = 256;

/// A `deliver_sm` and its number.
pub(super) type Given = (u32, Deliver);

/// The answer to one.
#[derive(Debug)]
pub(super) struct Answered {
    /// Its number.
    pub sequence: u32,
    /// `command_status`.
    pub status: u32,
    /// What is over once the carrier has read this.
    pub doubt: Option<Doubt>,
}

/// Takes what comes over one connection, until that ends.
pub(super) async fn work(
    core: &Arc<Core>,
    line: &Line,
    session: u64,
    mut heard: mpsc::Receiver<Given>,
    answers: mpsc::Sender<Answered>,
) {
    let ear = Ear { core, line, session, answers };
    let mut joiner: Joiner<u32> = Joiner::new(duration(line.smpp.0.join_wait));
    let mut early = FuturesUnordered::new();
    loop {
        let wait = joiner.next().map(|at| at.saturating_sub(core.clock.monotonic()));
        tokio::select! {
            given = heard.recv() => {
                let Some((sequence, deliver)) = given else { return };
                match line.smpp.hear(&deliver, &line.routes) {
                    Heard::Report(said) if early.len() < EARLIEST && ear.is_early(&said) => {
                        let ear = &ear;
                        early.push(async move {
                            line.learns(core, &said, EARLY).await;
                            ear.report(sequence, said).await;
                        });
                    }
                    Heard::Report(said) => ear.report(sequence, said).await,
                    Heard::Whole(written) => ear.single(written, sequence).await,
                    Heard::Part(piece, written) => {
                        if let Some(doubt) = ear.is_in_a_whole(piece, &written) {
                            ear.answer(&[sequence], ACCEPTED, Some(doubt)).await;
                            continue;
                        }
                        match joiner.take(piece, written, sequence, core.clock.monotonic()) {
                            Joined::Waits => {}
                            Joined::Whole(parts) => ear.whole(parts).await,
                            Joined::Instead(older) => ear.parts(older).await,
                            Joined::Alone(piece, written, sequence) => ear.part(piece, written, vec![sequence]).await,
                        }
                    }
                }
            }
            Some(()) = early.next(), if !early.is_empty() => {}
            () = core.clock.sleep(wait.unwrap_or_default()), if wait.is_some() => {
                for parts in joiner.due(core.clock.monotonic()) {
                    ear.parts(parts).await;
                }
            }
        }
    }
}

struct Ear<'a> {
    core: &'a Arc<Core>,
    line: &'a Line,
    session: u64,
    answers: mpsc::Sender<Answered>,
}

impl Ear<'_> {
    /// Whether it is not known yet what it is about: the message may still be on its way, and then the answer that names it is waited for;
    /// or another instance sent it, or this one before it was started, and the record knows. Nothing else waits meanwhile.
    fn is_early(&self, said: &Decoded) -> bool {
        let Decoded::Status(report) = said else { return false };
        self.core.reported.lately(&report.channel, &report.id).is_none()
    }

    async fn report(&self, sequence: u32, said: Decoded) {
        let status = self.stored(said).await;
        self.answer(&[sequence], status, None).await;
    }

    async fn whole(&self, parts: Vec<(Piece, Written, Vec<u32>)>) {
        let Some((Piece { reference, of: number, .. }, first, _)) = parts.first() else { return };
        let written: Vec<Written> = parts.iter().map(|(_, written, _)| written.clone()).collect();
        let of = fingerprint(&written, &format!("{reference} of {number}"));
        let id = named(first, of).unwrap_or_else(|| format!("{of:016x}-{reference}"));
        let status = self.message(&written, id, None).await;
        // Known before the first is answered: whatever of them comes again alone after a break is no message.
        let taken = |piece, written| {
            let now = self.core.clock.monotonic();
            self.line.doubts().name(of_part(piece, written), self.session, now, String::new).0
        };
        let doubts: Vec<Option<Doubt>> =
            parts.iter().map(|(piece, written, _)| (status == ACCEPTED).then(|| taken(*piece, written))).collect();
        for ((_, _, sequences), doubt) in parts.into_iter().zip(doubts) {
            self.answer(&sequences, status, doubt).await;
        }
    }

    async fn parts(&self, parts: Vec<(Piece, Written, Vec<u32>)>) {
        for (piece, written, sequences) in parts {
            self.part(piece, written, sequences).await;
        }
    }

    /// A part whose others did not come in time is a message of its own.
    async fn part(&self, piece: Piece, written: Written, sequences: Vec<u32>) {
        let part = Part { reference: piece.reference.to_string(), number: u16::from(piece.number), of: u16::from(piece.of) };
        let of = of_part(piece, &written);
        let id = named(&written, of).unwrap_or_else(|| format!("{of:016x}-{}-{}", piece.reference, piece.number));
        let status = self.message(&[written], id, Some(part)).await;
        self.answer(&sequences, status, None).await;
    }

    async fn single(&self, written: Written, sequence: u32) {
        let of = fingerprint(std::slice::from_ref(&written), "");
        if let Some(id) = named(&written, of) {
            let status = self.message(&[written], id, None).await;
            return self.answer(&[sequence], status, None).await;
        }
        let fresh = || format!("{of:016x}-{:016x}", self.core.random_bits());
        let (doubt, id) = self.line.doubts().name(of, self.session, self.core.clock.monotonic(), fresh);
        let status = self.message(&[written], id, None).await;
        if status != ACCEPTED {
            // It comes again for that, whether this answer is read or not.
            self.line.doubts().later(doubt, self.core.clock.monotonic());
        }
        self.answer(&[sequence], status, (status == ACCEPTED).then_some(doubt)).await;
    }

    /// Whether it is a part of a message that is stored as a whole, and comes again because its own acknowledgement was lost.
    fn is_in_a_whole(&self, piece: Piece, written: &Written) -> Option<Doubt> {
        self.line.doubts().again(of_part(piece, written), self.session, self.core.clock.monotonic())
    }

    async fn message(&self, parts: &[Written], id: String, part: Option<Part>) -> u32 {
        self.stored(self.line.smpp.message(parts, id, part, &self.line.routes)).await
    }

    /// Whether it is stored: then, and only then, the carrier hears that it was taken.
    async fn stored(&self, said: Decoded) -> u32 {
        let core = Arc::clone(self.core);
        let (channel, storing) = (&self.line.channel, async move { core.receive(vec![said]).await });
        match apart(&*self.core.tasks, "what a carrier delivered", storing).await {
            Some(Ok(_)) => ACCEPTED,
            Some(Err(error)) => {
                tracing::warn!(%channel, %error, "what a carrier delivered could not be stored; it is to come again");
                TEMPORARY
            }
            None => {
                tracing::error!(%channel, "storing what a carrier delivered panicked; it is to come again");
                TEMPORARY
            }
        }
    }

    async fn answer(&self, sequences: &[u32], status: u32, doubt: Option<Doubt>) {
        for sequence in sequences {
            // Where the connection is over nobody waits for it.
            let _ = self.answers.send(Answered { sequence: *sequence, status, doubt }).await;
        }
    }
}

/// Does something in a task of its own: a defect of it ends nothing else, and it goes on where nobody waits for it any more, because the
/// connection ended. Nothing if it panicked.
async fn apart<T>(tasks: &dyn Spawn, what: &'static str, work: impl Future<Output = T> + Send + 'static) -> Option<T>
where
    T: Send + 'static,
{
    let (done, ended) = oneshot::channel();
    let task = async move {
        let _ = done.send(work.await);
    };
    tasks.spawn(what, Box::pin(task));
    ended.await.ok()
}

/// The id of a message that has one: who gives one gives the same again.
fn named(written: &Written, of: u64) -> Option<String> {
    written.id.as_deref().map(|id| format!("{id}-{of:016x}"))
}

/// What makes a message the same when it comes again: who wrote what to whom, and what its parts have in common if it has any. The phone
/// gives the next long message another reference, so with that it has an id which is the same at each instance.
fn fingerprint(parts: &[Written], shape: &str) -> u64 {
    let mut all = vec!["smpp".to_owned(), shape.to_owned()];
    for one in parts {
        all.extend([one.from.clone(), one.to.clone(), one.coding.to_string(), hex::encode(&one.octets)]);
    }
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    DedupeHash::of(&all).0
}

/// The same of one part.
fn of_part(piece: Piece, written: &Written) -> u64 {
    fingerprint(std::slice::from_ref(written), &format!("{} {} of {}", piece.reference, piece.number, piece.of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::runtime::TokioTasks;
    use tokio::runtime::Handle;

    #[tokio::test]
    async fn a_defect_in_storing_does_not_reach_the_connection() {
        let tasks = TokioTasks::new(Handle::current());
        assert_eq!(apart(&tasks, "a test", async { 7 }).await, Some(7));
        let defect: Option<u32> = apart(&tasks, "a test", async { panic!("a defect") }).await;
        assert_eq!(defect, None);
        assert_eq!(apart(&tasks, "a test", async { 8 }).await, Some(8));
    }

    #[tokio::test]
    async fn storing_goes_on_when_the_connection_ends() {
        let tasks = TokioTasks::new(Handle::current());
        let ((go, went), (done, ended)) = (oneshot::channel::<()>(), oneshot::channel());
        let work = async move {
            let _ = went.await;
            let _ = done.send("stored");
        };
        assert!(futures_util::FutureExt::now_or_never(apart(&tasks, "a test", work)).is_none(), "it is under way");
        assert!(go.send(()).is_ok(), "and still is");
        assert_eq!(ended.await, Ok("stored"));
    }
}
