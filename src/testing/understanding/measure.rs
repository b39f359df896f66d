//! Compares what was understood with what was meant.

use super::ask::understand;
use super::row::{Corpus, Row};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Counts over replies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// All replies.
    pub rows: u32,
    /// Replies that mean something.
    pub meant: u32,
    /// Replies that were taken for something.
    pub taken: u32,
    /// Replies that were taken for what they mean.
    pub right: u32,
}

impl Figures {
    /// Of what was taken for something, the part that was right; 1 if nothing was.
    pub fn precision(&self) -> f64 {
        part(self.right, self.taken)
    }

    /// Of what means something, the part that was understood; 1 if nothing does.
    pub fn recall(&self) -> f64 {
        part(self.right, self.meant)
    }

    fn count(&mut self, meant: bool, taken: bool, right: bool) {
        self.rows += 1;
        self.meant += u32::from(meant);
        self.taken += u32::from(taken);
        self.right += u32::from(right);
    }
}

fn part(of: u32, all: u32) -> f64 {
    if all == 0 { 1.0 } else { f64::from(of) / f64::from(all) }
}

/// A reply that was not understood as it was meant.
#[derive(Debug, Clone)]
pub struct Wrong {
    /// The kind.
    pub kind: String,
    /// The labelled reply.
    pub row: Row,
    /// What it was taken for; null if for nothing.
    pub got: Json,
    /// Which rule decided.
    pub reason: String,
}

/// What a corpus shows.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// For each kind, without the hard rows.
    pub kinds: BTreeMap<String, Figures>,
    /// For each kind, the hard rows alone.
    pub hard: BTreeMap<String, Figures>,
    /// For each language and kind, without the hard rows.
    pub languages: BTreeMap<(String, String), Figures>,
    /// Replies taken for something that they do not mean.
    pub wrong: Vec<Wrong>,
    /// Replies that mean something and were not understood.
    pub missed: Vec<Wrong>,
    /// Rows that ask for something that does not exist or cannot be measured: which and why. They count nowhere.
    pub skipped: Vec<String>,
}

/// Understands every reply of a corpus.
pub fn measure(corpus: &Corpus) -> Measured {
    let mut measured = Measured::default();
    for (kind, rows) in &corpus.kinds {
        for (at, row) in rows.iter().enumerate() {
            let (got, reason) = match understand(row) {
                Ok(understood) => understood,
                Err(why) => {
                    measured.skipped.push(format!("{kind}.jsonl, row {}: {why}", at + 1));
                    continue;
                }
            };
            let right = !got.is_null() && same(&got, &row.expect);
            let (meant, taken) = (!row.expect.is_null(), !got.is_null());
            if row.hard {
                measured.hard.entry(kind.clone()).or_default().count(meant, taken, right);
            } else {
                measured.kinds.entry(kind.clone()).or_default().count(meant, taken, right);
                let language = row.lang.split('-').next().unwrap_or(&row.lang).to_owned();
                measured.languages.entry((language, kind.clone())).or_default().count(meant, taken, right);
            }
            let differs = Wrong { kind: kind.clone(), row: row.clone(), got, reason };
            match (taken, right) {
                (true, false) => measured.wrong.push(differs),
                (false, _) if meant => measured.missed.push(differs),
                _ => {}
            }
        }
    }
    measured
}

/// Whether two values mean the same: sets without order, numbers and instants by value.
fn same(got: &Json, expect: &Json) -> bool {
    match (got, expect) {
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().all(|x| b.iter().any(|y| same(x, y))),
        (Json::Number(a), Json::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
            _ => false,
        },
        (Json::String(a), Json::String(b)) => {
            let instant = |text: &str| text.parse::<jiff::Timestamp>().ok();
            a == b || instant(a).is_some_and(|a| Some(a) == instant(b))
        }
        _ => got == expect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_compared_by_what_they_mean() {
        assert!(same(&json!(["a", "b"]), &json!(["b", "a"])));
        assert!(!same(&json!(["a"]), &json!(["b", "a"])));
        assert!(same(&json!(7.0), &json!(7)));
        assert!(same(&json!("2026-03-06T23:00:00Z"), &json!("2026-03-07T00:00:00+01:00")));
        assert!(!same(&json!("09:00"), &json!("21:00")));
        assert!(!same(&json!(true), &json!("true")));
    }

    #[test]
    fn a_wrong_value_costs_precision_and_a_missed_one_recall() {
        let row = |reply: &str, expect: Json| Row {
            lang: "en".into(),
            now: "2026-03-02T10:00:00Z".into(),
            tz: "UTC".into(),
            country: None,
            channel: None,
            answer: json!({ "yes_no": {} }),
            reply: reply.into(),
            expect,
            why: String::new(),
            hard: false,
        };
        let rows =
            vec![row("yes", json!(true)), row("no", json!(true)), row("perhaps", json!(false)), row("perhaps", Json::Null)];
        let mut rows = rows;
        rows.push(Row { answer: json!({ "telepathy": {} }), ..rows[0].clone() });
        let measured = measure(&Corpus { kinds: vec![("yes_no".into(), rows)] });
        assert_eq!(measured.skipped, ["yes_no.jsonl, row 5: `telepathy` is no kind that is measured"]);
        let figures = measured.kinds["yes_no"];
        assert_eq!(figures, Figures { rows: 4, meant: 3, taken: 2, right: 1 });
        assert_eq!((measured.wrong.len(), measured.missed.len()), (1, 1));
        assert_eq!((Figures::default().precision(), Figures::default().recall()), (1.0, 1.0));
    }
}
