//! Users in a closed loop: each writes its next message only after the webhook was answered with 2xx and the reply has
//! reached the provider, and checks the reply's text.

use crate::client::Connection;
use crate::process::Meter;
use crate::provider::{Provider, Sent, number};
use crate::service::{CONVERSATION, NUMBER, PATH, PUBLIC, Service, TOKEN};
use crate::sign;
use hdrhistogram::Histogram;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::LocalSet;

/// Conversations of one contact before the next contact begins: below the limit of messages a minute.
const PER_CONTACT: usize = 10;
/// A reply that takes longer is lost.
const LOST: Duration = Duration::from_secs(10);

/// What a phase of load gave.
pub struct Outcome {
    /// Messages a second.
    pub rate: f64,
    /// CPU of the service for each message, in microseconds.
    pub service: f64,
    /// CPU of Redis for each message.
    pub redis: Option<f64>,
    /// Microseconds from the message to its reply at the provider.
    pub reply: Histogram<u64>,
    /// Microseconds from the message to the answer of its webhook.
    pub ack: Histogram<u64>,
    /// Replies with another text.
    pub wrong: u64,
    /// Replies that never came, or webhooks that were refused.
    pub lost: u64,
}

struct Shared {
    measuring: Cell<bool>,
    ended: Cell<bool>,
    reply: RefCell<Histogram<u64>>,
    ack: RefCell<Histogram<u64>>,
    wrong: Cell<u64>,
    lost: Cell<u64>,
    /// Sets the phases apart: a message id or a contact is never used twice.
    phase: usize,
}

/// A user who writes.
struct User {
    place: usize,
    url: String,
    connection: Connection,
    replies: UnboundedReceiver<Sent>,
    sent: usize,
}

/// Loads the service with so many users: a warm-up, then the measured time.
pub async fn closed_loop(
    service: &Service,
    provider: &Provider,
    redis: Option<u32>,
    users: usize,
    phase: usize,
    time: Duration,
) -> Outcome {
    let histogram = || RefCell::new(Histogram::new(3).expect("a histogram"));
    let shared = Rc::new(Shared {
        measuring: Cell::new(false),
        ended: Cell::new(false),
        reply: histogram(),
        ack: histogram(),
        wrong: Cell::new(0),
        lost: Cell::new(0),
        phase,
    });
    let tasks = LocalSet::new();
    let url = format!("{PUBLIC}{PATH}");
    for (place, replies) in provider.users(users).into_iter().enumerate() {
        let connection = Connection::open(service.port).await.expect("the service listens");
        let user = User { place, url: url.clone(), connection, replies, sent: 0 };
        tasks.spawn_local(user.talk(Rc::clone(&shared)));
    }
    let measured = async {
        tokio::time::sleep(time / 3).await;
        let (own, others) = (Meter::start(service.pid()), redis.map(Meter::start));
        shared.measuring.set(true);
        tokio::time::sleep(time).await;
        shared.measuring.set(false);
        let messages = shared.reply.borrow().len();
        let costs = (own.per(messages), others.map(|meter| meter.per(messages).micros));
        shared.ended.set(true);
        costs
    };
    let (own, redis) = tasks.run_until(measured).await;
    // Everybody ends the conversation that is under way, so that what is lost shows.
    tasks.await;
    Outcome {
        rate: own.rate,
        service: own.micros,
        redis,
        reply: shared.reply.borrow().clone(),
        ack: shared.ack.borrow().clone(),
        wrong: shared.wrong.get(),
        lost: shared.lost.get(),
    }
}

impl User {
    async fn talk(mut self, shared: Rc<Shared>) {
        for contact in 0.. {
            let from = number(self.place, shared.phase * 10_000 + contact);
            for _ in 0..PER_CONTACT {
                for (text, expected) in CONVERSATION {
                    if shared.ended.get() || !self.message(&shared, &from, text, expected).await {
                        return;
                    }
                }
            }
        }
    }

    /// One message and its reply. False if one of them is lost: then this user cannot go on.
    async fn message(&mut self, shared: &Shared, from: &str, text: &str, expected: &str) -> bool {
        self.sent += 1;
        let id = format!("SM{:02x}{:04x}{:026x}", shared.phase, self.place, self.sent);
        let (form, signature) = signed(&self.url, &id, from, text);
        let (begun, counted) = (Instant::now(), shared.measuring.get());
        let acknowledged = async {
            let status = self.connection.post(PATH, &signature, &form).await;
            (status, begun.elapsed())
        };
        let replied = tokio::time::timeout(LOST, self.replies.recv());
        let ((status, acknowledged), replied) = tokio::join!(acknowledged, replied);
        let (Ok(200..=299), Ok(Some(reply))) = (status, replied) else {
            shared.lost.set(shared.lost.get() + 1);
            return false;
        };
        if reply.to != from || reply.text != expected {
            shared.wrong.set(shared.wrong.get() + 1);
        }
        if counted && shared.measuring.get() {
            let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
            // They grow as they must, so no time is too long for them.
            let _ = shared.reply.borrow_mut().record(micros(reply.at.saturating_duration_since(begun)));
            let _ = shared.ack.borrow_mut().record(micros(acknowledged));
        }
        true
    }
}

fn signed(url: &str, id: &str, from: &str, text: &str) -> (String, String) {
    sign::twilio(TOKEN, url, &sign::twilio_sms(id, from, NUMBER, text))
}

/// Each of so many contacts writes two messages one millisecond apart, over two connections. How many got both answers,
/// in order.
pub async fn double_texts(service: &Service, provider: &Provider, contacts: usize, phase: usize) -> usize {
    let url = format!("{PUBLIC}{PATH}");
    let [(hi, first), (name, second), _, (age, third), _] = CONVERSATION;
    let mut right = 0;
    for (place, mut replies) in provider.users(contacts).into_iter().enumerate() {
        let from = number(place, phase * 10_000);
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
