//! People who write to the service and look at what comes back: one message, its reply, and how long both took.

use crate::client::Connection;
use crate::costs::{Costs, Parties};
use crate::provider::{Provider, Sent, number};
use crate::service::{CONVERSATION, NUMBER, PATH, PUBLIC, Service, TOKEN};
use crate::sign;
use hdrhistogram::Histogram;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;

/// Conversations of one contact before the next contact begins: below the limit of messages a minute.
const PER_CONTACT: usize = 10;
/// Contacts of one user in one phase.
const PHASE: usize = 2_000;
/// A reply that takes longer is lost.
pub const LOST: Duration = Duration::from_secs(10);

/// What is loaded, and by whom it is answered.
pub struct Scene<'a> {
    /// The service.
    pub service: &'a Service,
    /// Its provider.
    pub provider: &'a Provider,
    /// Whose work is counted.
    pub parties: Parties,
}

impl Scene<'_> {
    /// So many users, each with a connection of its own. A phase has a number that no other one has.
    pub async fn users(&self, users: usize, phase: usize) -> Vec<User> {
        let mut all = Vec::with_capacity(users);
        for (place, replies) in self.provider.users(users).into_iter().enumerate() {
            let connection = Connection::open(self.service.port).await.expect("the service listens");
            all.push(User { place, phase, connection, replies, sent: 0, url: format!("{PUBLIC}{PATH}") });
        }
        all
    }
}

/// What a phase of load gave.
pub struct Outcome {
    /// Messages whose reply came, in a second.
    pub rate: f64,
    /// What a message cost, with everything that was left to be done afterwards.
    pub costs: Costs,
    /// Microseconds from the message to its reply at the provider.
    pub reply: Histogram<u64>,
    /// Microseconds from the message to the answer of its webhook.
    pub ack: Histogram<u64>,
    /// Replies with another text.
    pub wrong: u64,
    /// Replies that never came, or webhooks that were refused.
    pub lost: u64,
}

/// What the users of a phase write down together.
pub struct Notes {
    reply: RefCell<Histogram<u64>>,
    ack: RefCell<Histogram<u64>>,
    wrong: Cell<u64>,
    lost: Cell<u64>,
    all: Cell<u64>,
    ended: Cell<u64>,
}

impl Notes {
    /// An empty page.
    pub fn new() -> Rc<Self> {
        let histogram = || RefCell::new(Histogram::new(3).expect("a histogram"));
        let [wrong, lost, all, ended] = [(); 4].map(|()| Cell::new(0));
        Rc::new(Notes { reply: histogram(), ack: histogram(), wrong, lost, all, ended })
    }

    /// Counts a message whose reply came, and whether that was in the measured time.
    pub fn end(&self, measured: bool) {
        self.all.set(self.all.get() + 1);
        self.ended.set(self.ended.get() + u64::from(measured));
    }

    /// Takes down how long a message took.
    pub fn record(&self, took: Took) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        // They grow as they must, so no time is too long for them.
        let _ = self.reply.borrow_mut().record(micros(took.reply));
        let _ = self.ack.borrow_mut().record(micros(took.ack));
    }

    /// Counts one that got no answer or no reply.
    pub fn lose(&self) {
        self.lost.set(self.lost.get() + 1);
    }

    /// Messages whose reply came, those of the warm-up too.
    pub fn messages(&self) -> u64 {
        self.all.get()
    }

    /// All of it, with what it cost; `time` is the measured one.
    pub fn outcome(&self, costs: Costs, time: Duration) -> Outcome {
        let (reply, ack) = (self.reply.borrow().clone(), self.ack.borrow().clone());
        let rate = self.ended.get() as f64 / time.as_secs_f64();
        Outcome { rate, costs, reply, ack, wrong: self.wrong.get(), lost: self.lost.get() }
    }
}

/// How long a message took.
pub struct Took {
    reply: Duration,
    ack: Duration,
}

/// One who writes.
pub struct User {
    place: usize,
    phase: usize,
    connection: Connection,
    replies: UnboundedReceiver<Sent>,
    sent: usize,
    url: String,
}

impl User {
    /// Writes the next message of the conversation and takes its reply. Both times count from `since`. Nothing if one of them is lost: then this
    /// user cannot go on.
    pub async fn message(&mut self, notes: &Notes, since: Instant) -> Option<Took> {
        let (text, expected) = CONVERSATION[self.sent % CONVERSATION.len()];
        let contact = self.sent / (PER_CONTACT * CONVERSATION.len());
        assert!(contact < PHASE, "too many messages of one user: take more users or fewer seconds");
        let from = number(self.place, self.phase * PHASE + contact);
        self.sent += 1;
        let id = format!("SM{:02x}{:04x}{:026x}", self.phase, self.place, self.sent);
        let (form, signature) = signed(&self.url, &id, &from, text);
        let acknowledged = async {
            let status = self.connection.post(PATH, &signature, &form).await;
            (status, since.elapsed())
        };
        let replied = tokio::time::timeout(LOST, self.replies.recv());
        let ((status, ack), replied) = tokio::join!(acknowledged, replied);
        let (Ok(200..=299), Ok(Some(reply))) = (status, replied) else {
            notes.lose();
            return None;
        };
        if reply.to != from || reply.text != expected {
            notes.wrong.set(notes.wrong.get() + 1);
        }
        Some(Took { reply: reply.at.saturating_duration_since(since), ack })
    }
}

fn signed(url: &str, id: &str, from: &str, text: &str) -> (String, String) {
    sign::twilio(TOKEN, url, &sign::twilio_sms(id, from, NUMBER, text))
}

/// Each of so many contacts writes two messages one millisecond apart, over two connections. How many got both answers, in order.
pub async fn double_texts(service: &Service, provider: &Provider, contacts: usize, phase: usize) -> usize {
    let url = format!("{PUBLIC}{PATH}");
    let [(hi, first), (name, second), _, (age, third), _] = CONVERSATION;
    let mut right = 0;
    for (place, mut replies) in provider.users(contacts).into_iter().enumerate() {
        let from = number(place, phase * PHASE);
        let mut one = Connection::open(service.port).await.expect("the service listens");
        let mut other = Connection::open(service.port).await.expect("the service listens");
        let mut next = async || match tokio::time::timeout(LOST, replies.recv()).await {
            Ok(Some(sent)) => sent.text,
            _ => String::new(),
        };
        let webhook = |n: usize, text| signed(&url, &format!("SM{phase:02x}{place:04x}{n:026x}"), &from, text);
        let (form, signature) = webhook(0, hi);
        let _ = one.post(PATH, &signature, &form).await;
        let asked = next().await == first;
        let (form, signature) = webhook(1, name);
        let (later_form, later_signature) = webhook(2, age);
        let later = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            other.post(PATH, &later_signature, &later_form).await
        };
        let _ = tokio::join!(one.post(PATH, &signature, &form), later);
        right += usize::from(asked && next().await == second && next().await == third);
    }
    right
}
