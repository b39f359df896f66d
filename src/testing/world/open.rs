//! Calls that nobody answers yet: a world that can be looked at while they are under way, and answered in several ways.

use super::{Called, World, WorldError};
use crate::domain::address::Address;
use crate::domain::id::{ContactKey, EffectId};
use crate::domain::input::{CallResult, Input};
use crate::domain::time::{Millis, Span};
use crate::testing::fake_http::{Answers, Fake, FakeAnswer, FakeResult, Fakes};
use std::collections::VecDeque;

/// A call that waits until somebody says what comes back.
#[derive(Debug, Clone)]
pub struct OpenCall {
    /// It.
    pub call: Called,
    pub(super) key: ContactKey,
    pub(super) effect: EffectId,
    pub(super) timeout: Span,
    pub(super) retry: u8,
}

impl OpenCall {
    /// Attempts that are made at most.
    pub fn attempts(&self) -> usize {
        usize::from(self.retry) + 1
    }
}

impl World {
    /// The same, and a call that no fake answers waits for `answer` instead of being an error.
    pub fn with_open_calls(mut self) -> Self {
        self.open = Some(VecDeque::new());
        self
    }

    /// The call that has waited longest for `answer`.
    pub fn open_call(&self) -> Option<&OpenCall> {
        self.open.as_ref()?.front()
    }

    /// What comes back for the call that has waited longest: the same for each of its attempts.
    pub fn answer(&mut self, answer: FakeAnswer) -> Result<(), WorldError> {
        let Some(open) = self.open.as_mut().and_then(VecDeque::pop_front) else { return Ok(()) };
        let Called { method, api, path, .. } = open.call;
        let fake = Fake { method: method.clone(), api: api.clone(), path: "*".to_owned(), answers: Answers::Always(answer) };
        let mut fakes = Fakes::default();
        fakes.add(&[fake], false);
        if let Some(result) = fakes.call(&method, &api, &path, open.timeout, open.retry) {
            self.came_back(open.key, open.effect, result);
        }
        self.settle()
    }

    /// When something happens by itself next.
    pub fn next_moment(&self) -> Option<Millis> {
        let call = self.due.iter().map(|(at, ..)| *at).min();
        let alarm = self.people.values().filter_map(|p| p.alarm).min();
        [call, alarm].into_iter().flatten().min()
    }

    /// The key of a contact in this world: it decides where they stand in a `split`.
    pub fn key_of(&self, address: &Address) -> ContactKey {
        ContactKey::derive(&self.secret, &address.canonical())
    }

    pub(super) fn came_back(&mut self, key: ContactKey, effect: EffectId, result: FakeResult) {
        let input = CallResult { effect, outcome: result.outcome, attempts: result.attempts, took: result.took.0 };
        self.due.push((self.now + result.took, key, Input::CallResult(Box::new(input))));
    }
}
