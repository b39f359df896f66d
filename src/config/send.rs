//! How messages and calls leave: how many at once, how fast, and what happens to those whose answer was lost.

use super::api::CircuitSettings;
use super::section::Section;
use super::server::size;
use crate::domain::name::ChannelName;
use crate::domain::time::{Millis, Span};

/// `[send]`.
#[derive(Debug, Clone)]
pub struct SendSettings {
    /// Sends and calls in the air at one time.
    pub in_flight: usize,
    /// The longest that one request to a provider may take.
    pub timeout: Span,
    /// For how long a message is tried, from its first attempt, before it fails visibly.
    pub max_age: Span,
    /// The first pause before a repetition; each next one is twice as long.
    pub retry_first: Span,
    /// The longest pause.
    pub retry_max: Span,
    /// For channels that do not say.
    pub unsure: Unsure,
}

/// What happens to a send whose answer was lost, and whose provider neither knows a repeat by a key nor can say what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsure {
    /// Fail visibly, for an operator's `failed retry` or `failed drop`. The person may miss a message; none comes twice.
    Fail,
    /// Send again. No message is missed; one may come twice.
    Resend,
}

/// How fast messages may go from one number to one contact: one each `every`, and up to `burst` at once, which is paid back before there is room for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairPace {
    /// The time of one message.
    pub every: Span,
    /// Messages at once.
    pub burst: u32,
}

impl PairPace {
    /// WhatsApp's: one message in 6 seconds to one person, and bursts of up to 45 that borrow of what comes ([D], Meta's throughput page). Whether a burst must be paid
    /// back in full before the next message, or one message's time is enough, Meta's page leaves open ([K]); so does this: what Meta refuses all the same (131056) waits. A few
    /// less than 45, because what is counted here leaves a moment later.
    pub const WHATSAPP: PairPace = PairPace { every: Span::seconds(6), burst: 40 };

    /// Counts one more message to a contact whose messages are paid back at `paid`: when they are with this one. Where there is no room the time from which there is.
    pub fn next(self, paid: Millis, now: Millis) -> Result<Millis, Millis> {
        let paid = paid.max(now);
        let room = Millis(paid.0 - i64::from(self.burst.saturating_sub(1)) * self.every.0);
        if room > now { Err(room) } else { Ok(paid + self.every) }
    }
}

/// How one channel sends: what it says itself, else what `[send]` and its provider say.
#[derive(Debug, Clone)]
pub struct ChannelPolicy {
    /// For sends whose answer was lost.
    pub unsure: Unsure,
    /// Messages a second over all contacts; 0: as many as there are.
    pub per_second: u32,
    /// Messages at once.
    pub burst: u32,
    /// The shortest time between two messages to one contact.
    pub gap: Span,
    /// How many messages may go to one contact, if that is bounded.
    pub pair: Option<PairPace>,
    /// Messages in 24 hours, if that is bounded.
    pub per_day: Option<u32>,
    /// When its provider counts as broken.
    pub circuit: CircuitSettings,
    /// Channels that stand in for it then, in this order.
    pub stand_ins: Vec<ChannelName>,
}

impl SendSettings {
    pub(super) fn read(section: Section<'_>, lease: Span) -> Self {
        let settings = SendSettings {
            in_flight: size(section.number("in_flight", 1, 10_000)),
            timeout: section.span("timeout", Span::millis(100), Span::minutes(2)),
            max_age: section.span("max_age", Span::seconds(1), Span::days(7)),
            retry_first: section.span("retry_first", Span::millis(10), Span::minutes(10)),
            retry_max: section.span("retry_max", Span::millis(10), Span::hours(6)),
            unsure: unsure(&section).unwrap_or(Unsure::Fail),
        };
        if settings.timeout >= lease {
            // A send that outlives its lease is offered to somebody else while it is in the air.
            section.mistake("timeout", format!("must be shorter than store.send_lease, which is {lease}"), None);
        }
        if settings.retry_first > settings.retry_max {
            section.mistake("retry_first", "must not be longer than send.retry_max", None);
        }
        section.finish();
        settings
    }
}

/// Reads `unsure`. `ask` is what is done anyway, wherever it can be.
pub(super) fn unsure(section: &Section<'_>) -> Option<Unsure> {
    #[derive(Clone, Copy)]
    enum Word {
        Fail,
        Resend,
        Ask,
    }
    match section.opt_word("unsure", &[("fail", Word::Fail), ("resend", Word::Resend), ("ask", Word::Ask)])? {
        Word::Fail => Some(Unsure::Fail),
        Word::Resend => Some(Unsure::Resend),
        Word::Ask => {
            let help = "Say what happens where that does not help: `fail` (an operator decides) or `resend` (it may come twice).";
            section.mistake("unsure", "providers that can be asked are asked anyway", Some(help.to_owned()));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_paid_back_before_there_is_room_for_more() {
        let pace = PairPace { every: Span::seconds(6), burst: 3 };
        let at = |seconds: i64| Millis(1_000_000 + seconds * 1_000);
        let mut paid = Millis(0);
        for _ in 0..3 {
            paid = pace.next(paid, at(0)).expect("a burst");
        }
        assert_eq!((paid, pace.next(paid, at(0))), (at(18), Err(at(6))));
        assert_eq!(pace.next(paid, at(5)), Err(at(6)));
        paid = pace.next(paid, at(6)).expect("one is paid back");
        assert_eq!(pace.next(paid, at(11)), Err(at(12)));
        // After a rest all of it, and no more than that.
        let mut rested = paid;
        for _ in 0..3 {
            rested = pace.next(rested, at(1_000)).expect("a burst");
        }
        assert_eq!(pace.next(rested, at(1_000)), Err(at(1_006)));
        let single = PairPace { burst: 1, ..pace };
        assert_eq!(single.next(single.next(Millis(0), at(0)).expect("the first"), at(1)), Err(at(6)));
    }
}
