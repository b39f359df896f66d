//! A read that is broken off when nobody waits for it any more: SQLite works on a thread of its own, which would not notice.

use super::error::HistoryError;
use rusqlite::{Connection, InterruptHandle};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Between two attempts to break a read off: SQLite forgets one that comes just before the read's first step.
const AGAIN: Duration = Duration::from_millis(5);

/// Whoever waits for a read. Dropped before `disarm`, it breaks the read off, or keeps it from beginning.
pub(super) struct Interrupt(Option<Arc<Mutex<State>>>);

/// The read's own end.
pub(super) struct Running(Arc<Mutex<State>>);

enum State {
    /// Not begun.
    Waiting,
    /// It reads.
    Reading(InterruptHandle),
    /// It reads, and nobody waits for it any more.
    BrokenOff,
    /// Nobody waits for it any more, or it is over.
    Over,
}

impl Interrupt {
    /// Both ends.
    pub(super) fn pair() -> (Self, Running) {
        let state = Arc::new(Mutex::new(State::Waiting));
        (Interrupt(Some(Arc::clone(&state))), Running(state))
    }

    /// It is over, and was waited for.
    pub(super) fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        let Some(state) = self.0.take() else { return };
        let mut now = state.lock().unwrap_or_else(PoisonError::into_inner);
        let State::Reading(handle) = std::mem::replace(&mut *now, State::Over) else { return };
        *now = State::BrokenOff;
        drop(now);
        // Whoever drops this waits for nothing. Where no thread can be had, the read ends by itself.
        let breaks_off = move || {
            loop {
                {
                    let now = state.lock().unwrap_or_else(PoisonError::into_inner);
                    if !matches!(*now, State::BrokenOff) {
                        return;
                    }
                    handle.interrupt();
                }
                thread::sleep(AGAIN);
            }
        };
        let _ = thread::Builder::new().name("break off".to_owned()).spawn(breaks_off);
    }
}

impl Running {
    /// Reads, unless nobody waits for it any more. Afterwards the connection cannot be interrupted from here.
    pub(super) fn run<T>(
        &self,
        connection: &Connection,
        read: impl FnOnce() -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Over => return Err(HistoryError("nobody waits for it any more".to_owned())),
            state => *state = State::Reading(connection.get_interrupt_handle()),
        }
        let done = read();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::Over;
        done
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Also where the read panicked.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::Over;
    }
}
