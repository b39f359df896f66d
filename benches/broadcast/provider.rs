//! A fake of Twilio's API that takes every message at once. What is for a user of the conversations goes to that user; all else is the broadcast's, and is
//! counted by number.

use super::fake::{created, serve};
use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A message that came to a user.
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
    users: RwLock<Vec<UnboundedSender<Sent>>>,
    taken: AtomicU64,
    people: Mutex<HashSet<u64>>,
}

/// The number of a user's contact: it says whose it is, and is none of the broadcast's, which begin with `+44771`.
pub fn number(user: usize, contact: usize) -> String {
    format!("+4478{user:03}{contact:05}")
}

fn user_of(number: &str) -> Option<usize> {
    number.strip_prefix("+4478")?.get(..3)?.parse().ok()
}

impl Provider {
    /// Starts it on a free port, on a thread of its own.
    pub fn start() -> Self {
        let state: Arc<State> = Arc::default();
        Provider { url: serve(Arc::clone(&state), take), state }
    }

    /// From now on there are so many users; what comes for each is in its channel.
    pub fn users(&self, users: usize) -> Vec<UnboundedReceiver<Sent>> {
        let (senders, receivers) = (0..users).map(|_| unbounded_channel()).unzip();
        *self.state.users.write().unwrap_or_else(PoisonError::into_inner) = senders;
        receivers
    }

    /// Messages of the broadcast.
    pub fn taken(&self) -> u64 {
        self.state.taken.load(Ordering::Relaxed)
    }

    /// People to whom they were.
    pub fn people(&self) -> usize {
        self.state.people.lock().unwrap_or_else(PoisonError::into_inner).len()
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
    if let Some(user) = user_of(&to) {
        let users = state.users.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(user) = users.get(user) {
            // Nobody may be waiting any more.
            let _ = user.send(Sent { to, text, at });
        }
        return created(0);
    }
    if let Some(number) = to.strip_prefix('+').and_then(|digits| digits.parse().ok()) {
        state.people.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
    }
    created(state.taken.fetch_add(1, Ordering::Relaxed))
}
