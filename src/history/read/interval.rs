//! How far a share can be trusted: Wilson's score interval at 95 %, which holds for small numbers and for shares near 0 and 1.

use serde::Serialize;
use utoipa::ToSchema;

/// A share of a number, and between which bounds the true one lies with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Interval {
    /// The share that was seen, 0 to 1.
    pub share: f64,
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// The two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The interval of `hits` out of `of`; nothing if there were none to count. More hits than there were are as many.
pub fn wilson(hits: i64, of: i64) -> Option<Interval> {
    if of <= 0 {
        return None;
    }
    let n = of as f64;
    let share = (hits.max(0) as f64 / n).min(1.0);
    let (scale, middle) = (1.0 + Z * Z / n, share + Z * Z / (2.0 * n));
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let at = |bound: f64| rounded((bound / scale).clamp(0.0, 1.0));
    Some(Interval { share: rounded(share), low: at(middle - half), high: at(middle + half) })
}

/// Six digits are more than anybody reads.
fn rounded(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    #[test]
    fn it_is_as_published() {
        for (hits, of, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let interval = wilson(hits, of).expect("an interval");
            let close = |a: f64, b: f64| (a - b).abs() < 5.1e-5;
            assert!(close(interval.low, low) && close(interval.high, high), "{hits}/{of}: {interval:?}");
        }
        assert_eq!(wilson(20, 20).map(|i| (i.share, i.high)), Some((1.0, 1.0)));
        assert_eq!(wilson(0, 0), None);
    }
}
