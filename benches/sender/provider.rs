//! A fake of Twilio's API that takes every message at once and remembers each.

use super::fake::{created, serve};
use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A message.
#[derive(Clone)]
pub struct Sent {
    /// Our number, which is the channel's.
    pub from: String,
    /// To whom.
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
    sent: Mutex<Vec<Sent>>,
    taken: AtomicUsize,
}

impl Provider {
    /// Starts it on a free port, on a thread of its own.
    pub fn start() -> Self {
        let state: Arc<State> = Arc::default();
        Provider { url: serve(Arc::clone(&state), take), state }
    }

    /// How many there were.
    pub fn taken(&self) -> usize {
        self.state.taken.load(Ordering::Acquire)
    }

    /// All of them, in the order in which they came.
    pub fn sent(&self) -> Vec<Sent> {
        self.state.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets them.
    pub fn clear(&self) {
        self.state.sent.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.state.taken.store(0, Ordering::Release);
    }
}

async fn take(body: Bytes, state: Data<State>) -> HttpResponse {
    let at = Instant::now();
    let (mut from, mut to, mut text) = (String::new(), String::new(), String::new());
    for (name, value) in url::form_urlencoded::parse(&body) {
        match &*name {
            "From" => from = value.into_owned(),
            "To" => to = value.into_owned(),
            "Body" => text = value.into_owned(),
            _ => {}
        }
    }
    state.sent.lock().unwrap_or_else(PoisonError::into_inner).push(Sent { from, to, text, at });
    created(state.taken.fetch_add(1, Ordering::AcqRel) as u64)
}
