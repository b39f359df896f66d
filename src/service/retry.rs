//! When a failed attempt is made again: exponential with jitter, bounded by how old an effect may become.

use crate::domain::time::{Millis, Span};

/// The rules of one kind of effect.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// The first pause.
    pub first: Span,
    /// The longest pause.
    pub longest: Span,
    /// How old an effect may become.
    pub max_age: Span,
}

impl Retry {
    /// The moment of the attempt after `attempt` (from 1): the pause doubles, with up to a fifth more or less by chance, and
    /// is at least what the other side asked for. Nothing if the effect, decided at `decided_at`, would be too old by then.
    pub fn next(&self, decided_at: Millis, now: Millis, attempt: u8, asked: Option<Span>, chance: u32) -> Option<Millis> {
        let due = now + self.pause(attempt, asked, chance);
        (due <= decided_at + self.max_age).then_some(due)
    }

    /// A pause that was asked for, cut to the age that is left: whoever asks for a long one is to be tried once more at its end.
    pub fn within(&self, decided_at: Millis, now: Millis, asked: Option<Span>) -> Option<Span> {
        let left = decided_at + self.max_age - now;
        asked.map(|asked| Span(asked.0.min(left.0)))
    }

    /// The pause after `attempt` alone.
    pub fn pause(&self, attempt: u8, asked: Option<Span>, chance: u32) -> Span {
        let factor = 1i64 << u32::from(attempt.saturating_sub(1)).min(20);
        let doubled = self.first.0.saturating_mul(factor).clamp(1, self.longest.0.max(1));
        let jitter = doubled * (i64::from(chance % 401) - 200) / 1_000;
        Span((doubled + jitter).max(asked.map_or(0, |s| s.0.max(0))))
    }
}

/// What `Retry-After` asks for: seconds, or a moment (an HTTP date).
pub fn asked_pause(header: &str, now: Millis) -> Option<Span> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u32>() {
        return Some(Span::seconds(i64::from(seconds)));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(header).ok()?;
    Some(Span((at.as_millisecond() - now.0).max(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry { first: Span::seconds(1), longest: Span::seconds(60), max_age: Span::seconds(100) };

    #[test]
    fn a_pause_that_is_asked_for_ends_with_the_age_that_is_left() {
        let asked = |now: i64, seconds| {
            let pause = RETRY.within(Millis(0), Millis(now), Some(Span::seconds(seconds)));
            RETRY.next(Millis(0), Millis(now), 1, pause, 200)
        };
        assert_eq!(asked(0, 30), Some(Millis(30_000)), "as it was asked");
        assert_eq!(asked(0, 3_600), Some(Millis(100_000)), "once more at the end");
        assert_eq!(asked(60_000, 3_600), Some(Millis(100_000)));
        assert_eq!(asked(99_500, 3_600), None, "and no more");
        assert_eq!(RETRY.within(Millis(0), Millis(0), None), None);
    }

    #[test]
    fn pauses_double_stay_bounded_and_respect_what_was_asked() {
        for chance in [0, 200, 400, u32::MAX] {
            let at = |attempt| RETRY.pause(attempt, None, chance).0;
            assert!((800..=1_200).contains(&at(1)) && (1_600..=2_400).contains(&at(2)));
            assert!((48_000..=72_000).contains(&at(7)) && (48_000..=72_000).contains(&at(255)));
            assert_eq!(RETRY.pause(1, Some(Span::seconds(30)), chance), Span::seconds(30));
        }
        assert_ne!(RETRY.pause(3, None, 0), RETRY.pause(3, None, 400));
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_as_a_moment() {
        let now = Millis(784_111_777_000);
        for (header, pause) in [
            ("120", Some(Span::seconds(120))),
            (" 0 ", Some(Span::seconds(0))),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(Span::seconds(10))),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(Span::seconds(0))),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(asked_pause(header, now), pause, "{header}");
        }
    }

    #[test]
    fn nothing_is_planned_after_the_age_limit() {
        let next = |now| RETRY.next(Millis(0), Millis(now), 1, None, 200);
        assert_eq!(next(99_000), Some(Millis(100_000)));
        assert_eq!(next(99_001), None);
    }
}
