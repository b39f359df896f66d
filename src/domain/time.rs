//! Moments and spans in whole milliseconds. Nothing here reads a clock: time comes in as an argument.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub i64);

/// An elapsed time in milliseconds. `1d` is 24 hours; calendar days are not spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub i64);

impl Span {
    /// So many milliseconds.
    pub const fn millis(n: i64) -> Self {
        Span(n)
    }
    /// So many seconds.
    pub const fn seconds(n: i64) -> Self {
        Span(n * 1_000)
    }
    /// So many minutes.
    pub const fn minutes(n: i64) -> Self {
        Span(n * 60_000)
    }
    /// So many hours.
    pub const fn hours(n: i64) -> Self {
        Span(n * 3_600_000)
    }
    /// So many times 24 hours.
    pub const fn days(n: i64) -> Self {
        Span(n * 86_400_000)
    }

    /// Reads `30s`, `10m`, `1h30m`, `2d`, `1w`, `500ms`: units in falling order, each at most once, at most 10 years.
    pub fn parse(text: &str) -> Option<Self> {
        const UNITS: [(&str, i64); 6] =
            [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
        let (mut rest, mut total, mut next_unit) = (text, 0i64, 0usize);
        if rest.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 || digits > 12 {
                return None;
            }
            let n: i64 = rest[..digits].parse().ok()?;
            rest = &rest[digits..];
            let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
            let unit = UNITS.iter().position(|(u, _)| *u == &rest[..letters])?;
            if unit < next_unit {
                return None;
            }
            next_unit = unit + 1;
            rest = &rest[letters..];
            total = total.checked_add(n.checked_mul(UNITS[unit].1)?)?;
        }
        (total <= 10 * 366 * 86_400_000).then_some(Span(total))
    }
}

/// Written as it is read: `1h30m`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        for (unit, size) in [("w", 604_800_000u64), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
            let n = rest / size;
            rest %= size;
            if n > 0 {
                write!(f, "{n}{unit}")?;
            }
        }
        Ok(())
    }
}

impl Add<Span> for Millis {
    type Output = Millis;
    fn add(self, span: Span) -> Millis {
        Millis(self.0.saturating_add(span.0))
    }
}

impl Sub<Millis> for Millis {
    type Output = Span;
    fn sub(self, other: Millis) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Sub<Span> for Millis {
    type Output = Millis;
    fn sub(self, span: Span) -> Millis {
        Millis(self.0.saturating_sub(span.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_alike() {
        for text in ["30s", "10m", "1h30m", "2d", "1w", "500ms", "1w2d3h4m5s6ms"] {
            assert_eq!(Span::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(Span::parse("90m").expect("90m").to_string(), "1h30m");
        for text in ["", "1", "h", "1h1h", "1m1h", "-1h", "1.5h", "1 h", "99999999999w", "1H"] {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }
}
