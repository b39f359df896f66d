//! How the simulator behaves: well, unless it was told otherwise.

use crate::domain::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Answers that may be laid up.
const NEXT: usize = 10_000;
/// The longest that an answer is held back.
const DELAY: Span = Span::seconds(60);

/// What `POST /simulator/behaviour` sets. Each time it is set as a whole.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// Milliseconds before each answer.
    pub delay_ms: u32,
    /// Answers for the next sends, one each; after them `always`, else well.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    pub next: VecDeque<Turn>,
    /// An answer for every send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub always: Option<Turn>,
    /// Delivery reports for each message that was taken, in this order: `sent`, `delivered`, `read`, `failed`.
    pub reports: Vec<Word>,
    /// Milliseconds before each report.
    pub report_delay_ms: u32,
}

/// One answer that is not well.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Turn {
    /// The status of the answer; 200 if it is only late or lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `Retry-After`, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Why: a word of the closed list, `blocked`, `opted_out`, `invalid` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The provider's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Milliseconds before this answer, beside `delay_ms`.
    pub delay_ms: u32,
    /// The message is taken, but the answer never arrives.
    pub lost: bool,
    /// The answer is no JSON.
    pub garbage: bool,
}

/// How far a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// It left.
    Sent,
    /// It reached the device.
    Delivered,
    /// It was seen.
    Read,
    /// It will not arrive.
    Failed,
}

impl Word {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Word::Sent => "sent",
            Word::Delivered => "delivered",
            Word::Read => "read",
            Word::Failed => "failed",
        }
    }
}

impl Behaviour {
    /// Reads and bounds what somebody wants.
    pub fn parse(body: &[u8]) -> Result<Self, (&'static str, String)> {
        let behaviour: Behaviour = serde_json::from_slice(body).map_err(|e| ("body", e.to_string()))?;
        let late = |ms: u32| i64::from(ms) > DELAY.0;
        let turns = || behaviour.next.iter().chain(&behaviour.always);
        if behaviour.next.len() > NEXT {
            return Err(("next", format!("has more than {NEXT} entries")));
        }
        if behaviour.reports.len() > 8 {
            return Err(("reports", "has more than 8 entries".to_owned()));
        }
        if late(behaviour.delay_ms) || late(behaviour.report_delay_ms) || turns().any(|turn| late(turn.delay_ms)) {
            return Err(("delay_ms", format!("is more than {}", DELAY.0)));
        }
        if turns().any(|turn| turn.status.is_some_and(|status| !(200..=599).contains(&status))) {
            return Err(("status", "is not a status from 200 to 599".to_owned()));
        }
        Ok(behaviour)
    }

    /// How the next send is answered.
    pub fn turn(&mut self) -> Turn {
        let mut turn = self.next.pop_front().or_else(|| self.always.clone()).unwrap_or_default();
        turn.delay_ms = turn.delay_ms.saturating_add(self.delay_ms);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_laid_up_comes_first_then_always_then_well() {
        let mut behaviour =
            Behaviour::parse(br#"{"delay_ms": 5, "next": [{"status": 500}, {"lost": true}], "reports": ["delivered"]}"#)
                .expect("read");
        assert_eq!((behaviour.turn().status, behaviour.turn().lost), (Some(500), true));
        assert_eq!(behaviour.turn(), Turn { delay_ms: 5, ..Turn::default() });
        let mut always = Behaviour::parse(br#"{"always": {"status": 429, "retry_after": 1}}"#).expect("read");
        assert_eq!((always.turn().status, always.turn().status), (Some(429), Some(429)));
    }

    #[test]
    fn slips_and_excess_are_refused() {
        for (body, field) in [
            (r#"{"delay": 5}"#, "body"),
            (r#"{"delay_ms": 60001}"#, "delay_ms"),
            (r#"{"next": [{"status": 99}]}"#, "status"),
            (r#"{"reports": ["arrived"]}"#, "body"),
            ("[", "body"),
        ] {
            assert_eq!(Behaviour::parse(body.as_bytes()).map_err(|(field, _)| field), Err(field), "{body}");
        }
    }
}
