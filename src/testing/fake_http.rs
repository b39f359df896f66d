//! What other systems answer in a test. A fake takes no virtual time except its `delay`.

use crate::domain::input::CallOutcome;
use crate::domain::name::Slug;
use crate::domain::time::Span;
use crate::domain::value::Value;
use std::collections::{HashMap, VecDeque};

/// `METHOD api/path` and what comes back.
#[derive(Debug, Clone)]
pub struct Fake {
    /// `GET`.
    pub method: String,
    /// The api.
    pub api: Slug,
    /// The path with `*` for anything.
    pub path: String,
    /// What comes back: one answer for every attempt, or one for each attempt in turn.
    pub answers: Answers,
}

/// One answer for all attempts, or one for each.
#[derive(Debug, Clone)]
pub enum Answers {
    /// Always this.
    Always(FakeAnswer),
    /// These, in turn; a further attempt has no fake.
    Each(VecDeque<FakeAnswer>),
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub enum FakeAnswer {
    /// An HTTP answer.
    Answer {
        /// Its status.
        status: u16,
        /// Its body.
        body: Value,
        /// How long it takes.
        delay: Span,
    },
    /// None before the timeout.
    Timeout,
    /// Nobody listens.
    Refused,
}

/// The fakes of a case: later ones come before earlier ones.
#[derive(Debug, Clone, Default)]
pub struct Fakes {
    list: Vec<Offered>,
    recorded: HashMap<String, VecDeque<FakeResult>>,
    /// Calls that neither a recorded answer nor a fake fitted.
    pub unasked: Vec<String>,
    /// What a call gets that no fake fits; without it such a call is an error.
    pub fallback: Option<FakeAnswer>,
}

#[derive(Debug, Clone)]
struct Offered {
    fake: Fake,
    expected: bool,
    used: bool,
}

/// How a faked call ended.
#[derive(Debug, Clone)]
pub struct FakeResult {
    /// What the run gets.
    pub outcome: CallOutcome,
    /// Attempts that were made.
    pub attempts: u8,
    /// Virtual time that it took.
    pub took: Span,
}

impl Fakes {
    /// Adds fakes; `expected` ones must be used before the case ends.
    pub fn add(&mut self, fakes: &[Fake], expected: bool) {
        self.list.extend(fakes.iter().map(|fake| Offered { fake: fake.clone(), expected, used: false }));
    }

    /// The end of a call that was made before: the next call with this method, api and path ends so, at once or after as long as
    /// it took. Comes before every fake.
    pub fn record(&mut self, target: String, result: FakeResult) {
        self.recorded.entry(target).or_default().push_back(result);
    }

    /// Makes a call: up to `1 + retry` attempts, each repeated as the service repeats it. `None` if no fake fits.
    pub fn call(&mut self, method: &str, api: &Slug, path: &str, timeout: Span, retry: u8) -> Option<FakeResult> {
        let target = format!("{method} {api}{path}");
        if let Some(result) = self.recorded.get_mut(&target).and_then(VecDeque::pop_front) {
            return Some(result);
        }
        let (mut took, mut attempts) = (Span(0), 0);
        loop {
            let answer = self.next(method, api, path)?;
            attempts += 1;
            let (outcome, repeat) = match answer {
                FakeAnswer::Answer { delay, .. } if delay >= timeout => {
                    took = Span(took.0 + timeout.0);
                    (CallOutcome::Failed { why: "timeout".to_owned() }, true)
                }
                FakeAnswer::Answer { status, body, delay } => {
                    took = Span(took.0 + delay.0);
                    (CallOutcome::Answered { status, body }, status == 429 || status >= 500)
                }
                FakeAnswer::Timeout => (CallOutcome::Failed { why: "timeout".to_owned() }, true),
                FakeAnswer::Refused => (CallOutcome::Failed { why: "refused".to_owned() }, true),
            };
            if !repeat || attempts > retry {
                return Some(FakeResult { outcome, attempts, took });
            }
        }
    }

    fn next(&mut self, method: &str, api: &Slug, path: &str) -> Option<FakeAnswer> {
        let fits = |o: &Offered| o.fake.method == method && o.fake.api == *api && matches(&o.fake.path, path);
        let Some(offered) = self.list.iter_mut().rev().find(|o| fits(o)) else {
            let target = format!("{method} {api}{path}");
            if self.unasked.last() != Some(&target) {
                self.unasked.push(target);
            }
            return self.fallback.clone();
        };
        offered.used = true;
        match &mut offered.fake.answers {
            Answers::Always(answer) => Some(answer.clone()),
            Answers::Each(answers) => answers.pop_front(),
        }
    }

    /// The fakes that were expected and never used.
    pub fn unused(&self) -> Vec<String> {
        let unused = self.list.iter().filter(|o| o.expected && !o.used);
        unused.map(|o| format!("{} {}{}", o.fake.method, o.fake.api, o.fake.path)).collect()
    }
}

/// Whether a path fits a pattern in which `*` stands for any characters.
pub fn matches(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, fits) in [
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("/a/*", "/a/1", true),
            ("/a/*/c", "/a/1/c", true),
            ("/a/*/c", "/a/1/d", false),
            ("*", "/x", true),
            ("/a/*", "/b/1", false),
            ("/a*a", "/a", false),
        ] {
            assert_eq!(matches(pattern, path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn attempts_take_answers_in_turn() {
        let api = Slug::parse("shop").expect("slug");
        let answer = |status| FakeAnswer::Answer { status, body: Value::Null, delay: Span::seconds(1) };
        let fake = |answers| Fake { method: "GET".into(), api: api.clone(), path: "/x".into(), answers };
        let mut fakes = Fakes::default();
        fakes.add(&[fake(Answers::Each([answer(500), answer(200)].into()))], true);
        assert_eq!(fakes.unused().len(), 1);
        let result = fakes.call("GET", &api, "/x", Span::seconds(10), 2).expect("a fake");
        assert_eq!((result.attempts, result.took), (2, Span::seconds(2)));
        assert!(fakes.unused().is_empty());
        assert!(fakes.call("GET", &api, "/x", Span::seconds(10), 2).is_none());
        fakes.add(&[fake(Answers::Always(answer(200)))], false);
        let slow = fakes.call("GET", &api, "/x", Span::millis(500), 1).expect("a fake");
        assert_eq!(slow.outcome, CallOutcome::Failed { why: "timeout".into() });
        assert_eq!(slow.attempts, 2);
    }
}
