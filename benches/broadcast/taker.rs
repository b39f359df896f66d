//! A fake of Twilio's API that takes every message at once, and counts messages and people.

use super::fake::{created, serve};
use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The running fake.
pub struct Taker {
    /// Where it is.
    pub url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    taken: AtomicU64,
    people: Mutex<HashSet<u64>>,
}

impl Taker {
    /// Starts it on a free port, on a thread of its own.
    pub fn start() -> Self {
        let state: Arc<State> = Arc::default();
        Taker { url: serve(Arc::clone(&state), take), state }
    }

    /// Messages.
    pub fn taken(&self) -> u64 {
        self.state.taken.load(Ordering::Relaxed)
    }

    /// People to whom they were.
    pub fn people(&self) -> usize {
        self.state.people.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

async fn take(body: Bytes, state: Data<State>) -> HttpResponse {
    for (name, value) in url::form_urlencoded::parse(&body) {
        if name == "To"
            && let Some(number) = value.strip_prefix('+').and_then(|digits| digits.parse().ok())
        {
            state.people.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
        }
    }
    let n = state.taken.fetch_add(1, Ordering::Relaxed);
    created(n)
}
