//! Counters of flows: how many runs entered, where they are, how they left and ended, and how long it took. Kept in the transaction that makes
//! the rows, so they are exact; summed up in a batch, so that a busy flow costs few statements.

use super::run::Dimensions;
use crate::history::cell::{Cell, Statement};
use std::collections::BTreeMap;

/// Times are counted in buckets, each a tenth wider than the one before: a median is right within 5 %.
const STEP: f64 = 1.1;

/// Which counter of a flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Count {
    /// The flow: the sub-flow's inside one, whose version is not told.
    pub flow: String,
    /// '' for the flow as a whole.
    pub state: String,
    /// `entered`, `left`, `ended`, `took`.
    pub what: &'static str,
    /// The outcome, the result, or the bucket of a time.
    pub bucket: String,
}

/// Changes of counters, in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Figures(BTreeMap<(Dimensions, Count), i64>);

impl Figures {
    pub(super) fn add(&mut self, of: &Dimensions, count: Count, n: i64) {
        let mut of = of.clone();
        if count.flow != of.flow {
            of.version = String::new();
        }
        *self.0.entry((of, count)).or_default() += n;
    }

    pub(super) fn write(&self, out: &mut Vec<Statement>) {
        let sql = "INSERT INTO figure (flow, version, day, channel, language, arm, mode, state, what, bucket, n)
                   VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)
                   ON CONFLICT (flow, version, day, channel, language, arm, mode, state, what, bucket) DO UPDATE SET n = figure.n + excluded.n";
        for ((of, count), n) in self.0.iter().filter(|(_, n)| **n != 0) {
            let params: [Cell; 11] = [
                count.flow.as_str().into(),
                of.version.as_str().into(),
                of.day.as_str().into(),
                of.channel.as_str().into(),
                of.language.as_str().into(),
                of.arm.as_str().into(),
                of.mode.as_str().into(),
                count.state.as_str().into(),
                count.what.into(),
                count.bucket.as_str().into(),
                (*n).into(),
            ];
            out.push(Statement::new(sql, params));
        }
        self.write_totals(out);
    }

    /// The same without what runs have in common, by day and of all time: a flow's figures are few rows, however many runs differ.
    fn write_totals(&self, out: &mut Vec<Statement>) {
        let mut days: BTreeMap<(&str, &Count, &str), i64> = BTreeMap::new();
        for ((of, count), n) in &self.0 {
            *days.entry((&of.mode, count, &of.day)).or_default() += n;
        }
        let sql = "INSERT INTO figure_day (flow, mode, day, state, what, bucket, n) VALUES ($1,$2,$3,$4,$5,$6,$7)
                   ON CONFLICT (flow, mode, day, state, what, bucket) DO UPDATE SET n = figure_day.n + excluded.n";
        let mut totals: BTreeMap<(&str, &Count), i64> = BTreeMap::new();
        for ((mode, count, day), n) in days {
            *totals.entry((mode, count)).or_default() += n;
            if n != 0 {
                let Count { flow, state, what, bucket } = count;
                let params = [flow.into(), mode.into(), day.into(), state.into(), (*what).into(), bucket.into(), n.into()];
                out.push(Statement::new(sql, params));
            }
        }
        let sql = "INSERT INTO figure_total (flow, mode, state, what, bucket, n) VALUES ($1,$2,$3,$4,$5,$6)
                   ON CONFLICT (flow, mode, state, what, bucket) DO UPDATE SET n = figure_total.n + excluded.n";
        for ((mode, count), n) in totals.into_iter().filter(|(_, n)| *n != 0) {
            let Count { flow, state, what, bucket } = count;
            out.push(Statement::new(sql, [flow.into(), mode.into(), state.into(), (*what).into(), bucket.into(), n.into()]));
        }
    }
}

/// The bucket of a time in milliseconds: three digits, in the order of times.
pub fn bucket_of(millis: i64) -> String {
    let n = ((millis.max(1) as f64).ln() / STEP.ln()).floor();
    format!("{:03}", n as u32)
}

/// The middle of a bucket, in milliseconds; nothing if it is none.
pub fn middle_of(bucket: &str) -> Option<f64> {
    let n: u32 = bucket.parse().ok()?;
    Some(STEP.powf(f64::from(n) + 0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_found_again_within_a_twentieth() {
        for millis in [1, 9, 1_000, 61_234, 86_400_000, 400 * 86_400_000] {
            let middle = middle_of(&bucket_of(millis)).expect("a bucket");
            assert!((middle / millis as f64 - 1.0).abs() <= 0.051, "{millis}: {middle}");
        }
        assert!(bucket_of(0) <= bucket_of(2) && bucket_of(2) < bucket_of(1_000) && bucket_of(1_000) < bucket_of(i64::MAX));
        assert_eq!(middle_of("ok"), None);
    }
}
