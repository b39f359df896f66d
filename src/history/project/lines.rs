//! What the configuration says of the channels and the journal does not: their kind, and what a message over them costs.

use crate::config::prices::Prices;
use crate::domain::channel::ChannelKind;
use crate::domain::name::ChannelName;
use crate::domain::phone::country_of;
use std::collections::HashMap;

/// The configured channels. A channel that is no longer configured is none of them, and the record does without.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    by_name: HashMap<ChannelName, Line>,
}

#[derive(Debug, Clone)]
struct Line {
    kind: ChannelKind,
    prices: Option<Prices>,
}

/// What something costs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Price {
    /// In units of the currency.
    pub amount: f64,
    /// Three capital letters.
    pub currency: String,
}

impl Lines {
    /// Also this channel, with what `[prices]` says of it.
    #[must_use]
    pub fn with(mut self, name: ChannelName, kind: ChannelKind, prices: Option<Prices>) -> Self {
        self.by_name.insert(name, Line { kind, prices });
        self
    }

    /// Of which kind a channel is.
    pub(super) fn kind(&self, channel: &ChannelName) -> Option<ChannelKind> {
        self.by_name.get(channel).map(|line| line.kind)
    }

    /// What a message of so many parts to this address costs by today's prices.
    pub(super) fn price(&self, channel: &ChannelName, to: &str, parts: usize) -> Option<Price> {
        let prices = self.by_name.get(channel)?.prices.as_ref()?;
        // The country is looked up only where it decides.
        let country = if prices.countries.is_empty() { None } else { country_of(to) };
        let millionths = prices.of(country.as_deref())?;
        let amount = millionths as f64 * parts as f64 / 1_000_000.0;
        Some(Price { amount, currency: prices.currency.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_by_country_and_part() {
        let prices = Prices { currency: "EUR".to_owned(), default: Some(70_000), countries: [("GB".to_owned(), 40_000)].into() };
        let name = |name: &str| ChannelName::parse(name).expect("a name");
        let lines =
            Lines::default().with(name("main-sms"), ChannelKind::Sms, Some(prices)).with(name("free"), ChannelKind::Sms, None);
        let costs = |channel: &str, to: &str, parts| lines.price(&name(channel), to, parts).map(|p| (p.amount, p.currency));
        assert_eq!(costs("main-sms", "+447700900123", 3), Some((0.12, "EUR".to_owned())));
        assert_eq!(costs("main-sms", "+34600000000", 1), Some((0.07, "EUR".to_owned())));
        assert_eq!((costs("free", "+447700900123", 1), costs("unknown", "+447700900123", 1)), (None, None));
    }
}
