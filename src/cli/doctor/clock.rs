//! What `doctor` says of other clocks: how far they are from ours at least, as far as the way there and what they round away let tell.

use crate::domain::time::{Millis, Span};
use crate::service::ports::Clock as _;
use crate::service::runtime::MachineClock;
use crate::store::{Finding, FindingLevel};

/// Clocks may be so far apart.
const APART: Span = Span::seconds(1);
/// Beyond this signed webhooks are refused as stale, and people are written to at the wrong time.
const STALE: Span = Span::minutes(5);

/// Our clock.
pub(super) fn now() -> Millis {
    MachineClock::default().wall()
}

/// A clock that said `theirs` at some moment between two of ours; `rounded` is what it leaves away.
pub(super) fn judged(whose: &str, theirs: Millis, rounded: Span, asked: Millis, answered: Millis) -> Finding {
    let apart = match (theirs > answered, theirs + rounded < asked) {
        (true, _) => theirs - answered,
        (_, true) => asked - (theirs + rounded),
        _ => Span(0),
    };
    let level = match apart {
        apart if apart > STALE => FindingLevel::Error,
        apart if apart > APART => FindingLevel::Warning,
        _ => FindingLevel::Fine,
    };
    let (message, remedy) = match level {
        FindingLevel::Fine => (format!("{whose} has the same time as we, to within a second"), ""),
        _ => (format!("{whose} is {apart} from our clock"), "Synchronise the clocks of the machines (NTP)."),
    };
    Finding { name: "clock", level, message, remedy: remedy.to_owned() }
}

/// The moment of an HTTP `Date` header (RFC 9110, section 5.6.7): whole seconds.
pub(super) fn of_header(text: &str) -> Option<Millis> {
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Millis(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_told_is_not_held_against_a_clock() {
        let at = |millis| Millis(1_795_229_990_000 + millis);
        let judge = |theirs: i64, rounded: i64| {
            let found = judged("it", at(theirs), Span(rounded), at(0), at(300));
            (found.level, found.remedy.is_empty())
        };
        assert_eq!(judge(100, 0), (FindingLevel::Fine, true), "in between");
        assert_eq!(judge(-900, 1_000), (FindingLevel::Fine, true), "whole seconds");
        assert_eq!(judge(1_200, 0), (FindingLevel::Fine, true));
        assert_eq!(judge(1_301, 0), (FindingLevel::Warning, false), "ahead");
        assert_eq!(judge(-2_001, 1_000), (FindingLevel::Warning, false), "behind");
        assert_eq!(judge(-302_000, 1_000), (FindingLevel::Error, false));
    }

    #[test]
    fn a_date_is_read_as_servers_write_it() {
        assert_eq!(of_header("Sat, 21 Nov 2026 03:00:00 GMT"), Some(Millis(1_795_230_000_000)));
        assert_eq!(of_header("soon"), None);
    }
}
