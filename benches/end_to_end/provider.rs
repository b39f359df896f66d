//! A fake of Twilio's API: takes every message, at once or as slowly as it is told, and tells the user to whose number it was written.

use super::fake::{created, serve};
use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A message that came to the provider.
pub struct Sent {
    /// To whose number.
    pub to: String,
    /// What.
    pub text: String,
    /// When.
    pub at: Instant,
}

/// The running fake.
pub struct Provider {
    /// Where it is.
    pub url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    users: std::sync::RwLock<Vec<UnboundedSender<Sent>>>,
    taken: AtomicU64,
    strangers: AtomicU64,
    /// Milliseconds for an answer.
    delay: AtomicU64,
}

/// Users at most.
const USERS: usize = 2_048;

/// The number of a user's contact: it says whose it is.
pub fn number(user: usize, contact: usize) -> String {
    let n = contact * USERS + user;
    assert!(user < USERS && n < 100_000_000, "no numbers are left: fewer phases or users");
    format!("+4477{n:08}")
}

fn user_of(number: &str) -> Option<usize> {
    Some(number.strip_prefix("+4477")?.parse::<usize>().ok()? % USERS)
}

impl Provider {
    /// Starts it on a free port, with one worker on a thread of its own.
    pub fn start() -> Self {
        let state: Arc<State> = Arc::default();
        Provider { url: serve(Arc::clone(&state), take), state }
    }

    /// From now on there are so many users; what comes for each is in its channel.
    pub fn users(&self, users: usize) -> Vec<UnboundedReceiver<Sent>> {
        self.state.strangers.store(0, Ordering::Relaxed);
        let (senders, receivers) = (0..users).map(|_| unbounded_channel()).unzip();
        *self.state.users.write().expect("not poisoned") = senders;
        receivers
    }

    /// From now on an answer takes so long.
    pub fn delay(&self, delay: Duration) {
        self.state.delay.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Messages since then for nobody who waits.
    pub fn strangers(&self) -> u64 {
        self.state.strangers.load(Ordering::Relaxed)
    }
}

async fn take(body: Bytes, state: Data<State>) -> HttpResponse {
    let at = Instant::now();
    let (mut to, mut text) = (String::new(), String::new());
    for (name, value) in url::form_urlencoded::parse(&body) {
        match &*name {
            "To" => to = value.into_owned(),
            "Body" => text = value.into_owned(),
            _ => {}
        }
    }
    let n = state.taken.fetch_add(1, Ordering::Relaxed);
    let delay = state.delay.load(Ordering::Relaxed);
    if delay > 0 {
        // The person reads it when the provider has it, not when it was asked to take it.
        actix_web::rt::time::sleep(Duration::from_millis(delay)).await;
    }
    let known = user_of(&to).is_some_and(|user| {
        let users = state.users.read().expect("not poisoned");
        users.get(user).is_some_and(|user| user.send(Sent { to, text, at }).is_ok())
    });
    if !known {
        state.strangers.fetch_add(1, Ordering::Relaxed);
    }
    created(n)
}
