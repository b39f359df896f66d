//! How messages and calls leave: how many at once, how fast, and what happens to those whose answer was lost.

use super::api::CircuitSettings;
use super::section::Section;
use super::server::size;
use crate::domain::name::ChannelName;
use crate::domain::time::Span;

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

/// How one channel sends: what it says itself, else what `[send]` and its provider say.
#[derive(Debug, Clone)]
pub struct ChannelPolicy {
    /// For sends whose answer was lost.
    pub unsure: Unsure,
    /// Messages a second over all contacts.
    pub per_second: u32,
    /// Messages at once.
    pub burst: u32,
    /// The shortest time between two messages to one contact.
    pub gap: Span,
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
