//! People who write all the time, each the next message when the one before was taken, and workers that write into their records what they
//! read. What a record says in the end must be what its person was told is stored: all of it, once, in order.

use crate::conformance::world::{contact, input};
use crate::support::patience::LONG;
use bytes::Bytes;
use replyflow::domain::id::{ContactKey, InputId, Who};
use replyflow::store::{Accepted, Claim, Claimed, Commit, Committed, Entry, StopMask, Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Between two attempts of one person.
const MOMENT: Duration = Duration::from_millis(20);

/// The load.
pub struct Load {
    store: Arc<dyn Store>,
    people: JoinSet<(ContactKey, Vec<String>)>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    taken: AtomicUsize,
    refused: AtomicUsize,
    whos: AtomicU32,
}

impl Shared {
    fn who(&self) -> Who {
        Who(0x2000_0000 + self.whos.fetch_add(1, Ordering::SeqCst))
    }

    /// After a call that was refused or had no answer.
    async fn pause(&self, begun: Instant, error: StoreError) {
        assert!(error.is_temporary(), "{error}");
        assert!(begun.elapsed() < LONG, "in vain: {error}");
        self.refused.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(MOMENT).await;
    }
}

/// Repeats a call until it is answered.
macro_rules! patiently {
    ($shared:expr, $call:expr) => {{
        let begun = Instant::now();
        loop {
            match $call.await {
                Ok(answer) => break answer,
                Err(error) => $shared.pause(begun, error).await,
            }
        }
    }};
}

impl Load {
    /// These contacts begin to write.
    pub fn begin(store: Arc<dyn Store>, contacts: impl IntoIterator<Item = usize>) -> Self {
        let shared = Arc::<Shared>::default();
        let mut people = JoinSet::new();
        for n in contacts {
            people.spawn(person(Arc::clone(&store), contact(n), Arc::clone(&shared)));
        }
        Load { store, people, shared }
    }

    /// Messages that were taken.
    pub fn taken(&self) -> usize {
        self.shared.taken.load(Ordering::SeqCst)
    }

    /// Calls that were refused or had no answer.
    pub fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::SeqCst)
    }

    /// Waits until so many more were taken.
    pub async fn more(&self, n: usize) {
        let (before, begun) = (self.taken(), Instant::now());
        while self.taken() < before + n {
            assert!(begun.elapsed() < LONG, "{n} more messages, {} taken, {} refused", self.taken() - before, self.refused());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it, does what is left, and compares.
    pub async fn end(mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        while let Some(ended) = self.people.join_next().await {
            let (contact, said) = ended.expect("no panic");
            let store = &self.store;
            loop {
                let claimed = patiently!(self.shared, store.claim(contact, self.shared.who()));
                match claimed {
                    Claimed::Claimed(claim) if !claim.inputs.is_empty() => turns(&**store, contact, claim, &self.shared).await,
                    _ => break,
                }
            }
            let record = store.inspect(contact).await.expect("answers").expect("a contact");
            assert!(record.mailbox.is_empty(), "{} inputs are left", record.mailbox.len());
            let expected: String = said.iter().map(|message| format!("{message};")).collect();
            assert_eq!(String::from_utf8_lossy(&record.record.blob), expected, "all, once, in order");
            for message in &said {
                assert_eq!(store.accept(input(contact, message)).await, Ok(Accepted::Duplicate), "{message}");
            }
        }
    }
}

async fn person(store: Arc<dyn Store>, contact: ContactKey, shared: Arc<Shared>) -> (ContactKey, Vec<String>) {
    let mut said = Vec::new();
    while !shared.stop.load(Ordering::SeqCst) {
        let message = format!("{contact} {}", said.len());
        let accepted = patiently!(shared, store.accept(input(contact, &message)));
        said.push(message);
        shared.taken.fetch_add(1, Ordering::SeqCst);
        let claim = match accepted {
            Accepted::Claimed(claim) => Some(claim),
            // The answer was lost, or somebody else has it: whoever it was, the token decides.
            Accepted::Duplicate | Accepted::Queued => match patiently!(shared, store.claim(contact, shared.who())) {
                Claimed::Claimed(claim) => Some(claim),
                _ => None,
            },
            other => panic!("{other:?}"),
        };
        if let Some(claim) = claim {
            turns(&*store, contact, claim, &shared).await;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (contact, said)
}

/// Turns until nothing is left.
async fn turns(store: &dyn Store, contact: ContactKey, claim: Claim, shared: &Shared) {
    let (mut record, mut inputs) = (claim.record, claim.inputs);
    while !inputs.is_empty() {
        let commit = turn(contact, &record, &inputs, shared.who());
        match patiently!(shared, store.commit(commit.clone())) {
            Committed::Ok { more, .. } => {
                (record.token, record.blob) = (commit.new, commit.blob.clone());
                inputs = more;
            }
            Committed::Already | Committed::Stale | Committed::Gone => return,
            Committed::Missing => panic!("an input that was handed over is not there"),
        }
    }
}

fn turn(contact: ContactKey, record: &replyflow::store::Record, inputs: &[Entry], who: Who) -> Commit {
    let consumed: Vec<InputId> = inputs.iter().map(|entry| entry.id).collect();
    let mut blob = record.blob.to_vec();
    for entry in inputs {
        blob.extend_from_slice(&entry.body);
        blob.push(b';');
    }
    Commit {
        contact,
        expect: record.token,
        new: record.token.after(&consumed),
        hold: false,
        consumed,
        set_aside: Vec::new(),
        alarm: None,
        journal: Bytes::from_static(b"turn"),
        blob: Bytes::from(blob),
        keep: true,
        who,
        stop: StopMask::NONE,
        lanes: Vec::new(),
        withdraw: Vec::new(),
        await_add: Vec::new(),
        await_remove: Vec::new(),
        live: Vec::new(),
    }
}
