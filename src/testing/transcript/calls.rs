//! Calls to other systems in a conversation, and the fakes that answer them in its test.

use crate::domain::id::EffectId;
use crate::domain::input::CallOutcome;
use crate::domain::limits;
use crate::domain::name::Slug;
use crate::domain::time::{Millis, Span};
use crate::domain::value::Value;
use crate::testing::fake_http::{Answers, Fake, FakeAnswer};
use indexmap::IndexMap;

/// A call of the conversation.
#[derive(Debug)]
pub(super) struct Made {
    pub effect: EffectId,
    pub method: String,
    pub api: Slug,
    pub path: String,
    /// The test's clock when it was made.
    pub at: Millis,
    pub answer: Option<Answered>,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Answered {
    pub answer: FakeAnswer,
    pub attempts: u8,
}

impl Made {
    fn target(&self) -> (String, Slug, String) {
        (self.method.clone(), self.api.clone(), self.path.clone())
    }

    fn answered(&self) -> (FakeAnswer, u8) {
        match &self.answer {
            Some(Answered { answer, attempts }) => (answer.clone(), *attempts),
            // It was under way when the conversation was looked at: no answer before that.
            None => (FakeAnswer::Answer { status: 200, body: Value::Null, delay: limits::CALL_TIMEOUT_MAX }, 1),
        }
    }
}

/// What a call gets, from its end.
pub(super) fn answer_of(outcome: &CallOutcome, delay: Span) -> FakeAnswer {
    match outcome {
        CallOutcome::Answered { status, body } => FakeAnswer::Answer { status: *status, body: body.clone(), delay },
        CallOutcome::Failed { why } if why == "timeout" => FakeAnswer::Timeout,
        CallOutcome::Failed { .. } => FakeAnswer::Refused,
    }
}

/// The fakes that a test has at some place, so that what is offered already is not written again.
#[derive(Debug, Default)]
pub(super) struct Offered {
    always: IndexMap<(String, Slug, String), FakeAnswer>,
}

impl Offered {
    /// What must be offered before these calls are made, which all follow from one step.
    pub fn before(&mut self, calls: &[Made]) -> Vec<Fake> {
        let mut by_target: IndexMap<(String, Slug, String), Vec<&Made>> = IndexMap::new();
        for call in calls {
            by_target.entry(call.target()).or_default().push(call);
        }
        let mut fakes = Vec::new();
        for (target, calls) in by_target {
            let first = calls[0].answered().0;
            let answers = if calls.iter().all(|call| call.answered().0 == first) {
                if self.always.get(&target) == Some(&first) {
                    continue;
                }
                self.always.insert(target.clone(), first.clone());
                Answers::Always(first)
            } else {
                self.always.shift_remove(&target);
                Answers::Each(calls.iter().flat_map(|call| attempts(call)).collect())
            };
            let (method, api, path) = target;
            fakes.push(Fake { method, api, path, answers });
        }
        fakes
    }
}

/// The answers to each attempt of a call: what is repeated failed each time, and of the first attempts of one that came
/// right in the end only that they did not succeed is known.
fn attempts(call: &Made) -> Vec<FakeAnswer> {
    let (answer, attempts) = call.answered();
    let repeated = match &answer {
        FakeAnswer::Answer { status, .. } => *status == 429 || *status >= 500,
        FakeAnswer::Timeout | FakeAnswer::Refused => true,
    };
    let before = if repeated { answer.clone() } else { FakeAnswer::Refused };
    let mut all = vec![before; usize::from(attempts.saturating_sub(1))];
    all.push(answer);
    all
}
