//! Conversations at an even pace: each user writes so often, whether the service is quick or slow, and every reply is checked. How long a reply took is
//! counted from the moment at which its message was due, so that a service that stands still does not look quick.

use crate::client::Connection;
use crate::ground::{NUMBER, PATH, PUBLIC, Service, TOKEN};
use crate::provider::{Provider, Sent, number};
use crate::sign;
use hdrhistogram::Histogram;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::LocalSet;
use tokio::time::Instant;

/// What a contact writes and what must come back.
const CONVERSATION: [(&str, &str); 3] =
    [("hi", "What is your name?"), ("Ann", "Hello Ann, how old are you?"), ("34", "Thank you Ann, 34.")];
/// Conversations of one contact before the next contact begins: below the limit of messages a minute.
const PER_CONTACT: usize = 10;
/// A reply that takes longer is lost.
const LOST: Duration = Duration::from_secs(20);

/// What a time of conversations gave.
pub struct Talked {
    /// Replies a second.
    pub rate: f64,
    /// Microseconds from a message to its reply at the provider.
    pub reply: Histogram<u64>,
    /// Replies with another text, and those that never came.
    pub wrong: u64,
}

struct Shared {
    ended: Cell<bool>,
    reply: RefCell<Histogram<u64>>,
    wrong: Cell<u64>,
    /// Sets the times apart: a message id or a contact is never used twice.
    phase: usize,
    /// Between two messages of a user.
    every: Duration,
}

/// So many users write together so many messages a second for a time.
pub async fn talk(service: &Service, provider: &Provider, users: usize, a_second: usize, phase: usize, time: Duration) -> Talked {
    let every = Duration::from_secs_f64(users as f64 / a_second.max(1) as f64);
    let reply = RefCell::new(Histogram::new(3).expect("a histogram"));
    let shared = Rc::new(Shared { ended: Cell::new(false), reply, wrong: Cell::new(0), phase, every });
    let (tasks, begun) = (LocalSet::new(), Instant::now());
    for (place, replies) in provider.users(users).into_iter().enumerate() {
        let connection = Connection::open(service.port).await.expect("the service listens");
        let first = begun + every.mul_f64(place as f64 / users as f64);
        tasks.spawn_local(User { place, connection, replies, sent: 0, next: first }.talk(Rc::clone(&shared)));
    }
    tasks.run_until(tokio::time::sleep(time)).await;
    shared.ended.set(true);
    let took = begun.elapsed();
    // Everybody ends what is under way, so that what is lost shows.
    tasks.await;
    let reply = shared.reply.borrow().clone();
    Talked { rate: reply.len() as f64 / took.as_secs_f64(), reply, wrong: shared.wrong.get() }
}

/// A user who writes.
struct User {
    place: usize,
    connection: Connection,
    replies: UnboundedReceiver<Sent>,
    sent: usize,
    next: Instant,
}

impl User {
    async fn talk(mut self, shared: Rc<Shared>) {
        for contact in 0.. {
            let from = number(self.place, shared.phase * 10_000 + contact);
            for _ in 0..PER_CONTACT {
                for (text, expected) in CONVERSATION {
                    tokio::time::sleep_until(self.next).await;
                    if shared.ended.get() || !self.message(&shared, &from, text, expected).await {
                        return;
                    }
                    self.next += shared.every;
                }
            }
        }
    }

    /// One message and its reply. False if one of them is lost: then this user cannot go on.
    async fn message(&mut self, shared: &Shared, from: &str, text: &str, expected: &str) -> bool {
        self.sent += 1;
        let id = format!("SM{:02x}{:04x}{:026x}", shared.phase, self.place, self.sent);
        let url = format!("{PUBLIC}{PATH}");
        let (form, signature) = sign::twilio(TOKEN, &url, &sign::twilio_sms(&id, from, NUMBER, text));
        let posted = self.connection.post(PATH, &signature, &form);
        let (status, replied) = tokio::join!(posted, tokio::time::timeout(LOST, self.replies.recv()));
        let right = match (status, replied) {
            (Ok(200..=299), Ok(Some(reply))) => {
                let took = reply.at.saturating_duration_since(self.next.into_std());
                // It grows as it must, so no time is too long for it.
                let _ = shared.reply.borrow_mut().record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1));
                reply.to == from && reply.text == expected
            }
            _ => false,
        };
        if !right {
            shared.wrong.set(shared.wrong.get() + 1);
        }
        right
    }
}
