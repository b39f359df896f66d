//! What messages cost, as an operator's contracts say: `[prices.CHANNEL]`. For what a broadcast would cost and messages did cost; nothing is decided by it.

use super::section::Section;
use super::tree::Kind;
use crate::domain::name::ChannelName;
use crate::domain::phone::is_country;
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// What messages over a channel cost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// The currency: three capital letters.
    pub currency: String,
    /// For countries that are not named, in millionths.
    pub default: Option<i64>,
    /// By country, in millionths.
    pub countries: BTreeMap<String, i64>,
}

impl Prices {
    /// What one message, or one segment of a text message, costs there, in millionths of the currency.
    pub fn of(&self, country: Option<&str>) -> Option<i64> {
        country.and_then(|country| self.countries.get(country)).copied().or(self.default)
    }
}

/// `[prices]`.
pub(super) fn prices(section: &Section<'_>, is_channel: impl Fn(&str) -> bool) -> IndexMap<ChannelName, Prices> {
    let mut all = IndexMap::new();
    for (name, inner) in section.named() {
        let known = ChannelName::parse(name).ok().filter(|_| is_channel(name));
        if known.is_none() {
            section.mistake(
                name,
                "is no channel",
                Some("The sections below [prices] are named as those below [channels].".to_owned()),
            );
        }
        let prices = one(inner);
        if let Some(name) = known {
            all.insert(name, prices);
        }
    }
    all
}

fn one(section: Section<'_>) -> Prices {
    const FORM: &str = "a price such as \"0.07\"";
    let letters = |text: &str| (text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())).then(|| text.to_owned());
    let currency = section.parsed("currency", "a currency such as EUR", String::new(), letters);
    let default = section.opt_parsed("default", FORM, millionths);
    let listed = section.section("countries");
    let mut countries = BTreeMap::new();
    for (country, node) in listed.entries() {
        let price = match &node.kind {
            Kind::Text(text) => millionths(text),
            _ => None,
        };
        match price {
            _ if country.bytes().any(|b| b.is_ascii_lowercase()) || !is_country(country) => {
                listed.mistake(country, "is not a country code of two capital letters such as GB", None);
            }
            None => listed.mistake(country, format!("must be {FORM}"), None),
            Some(price) => {
                countries.insert(country.to_owned(), price);
            }
        }
    }
    section.finish();
    Prices { currency, default, countries }
}

/// Reads `0.0725`: at most six digits behind the point.
fn millionths(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 6 || part.len() > 6 || !digits(whole) || !digits(part) || text.ends_with('.') {
        return None;
    }
    let part: i64 = format!("{part:0<6}").parse().ok()?;
    Some(whole.parse::<i64>().ok()? * 1_000_000 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_to_a_millionth_and_countries_come_first() {
        for (text, read) in [("0.07", Some(70_000)), ("1", Some(1_000_000)), ("0.000001", Some(1)), ("12.5", Some(12_500_000))] {
            assert_eq!(millionths(text), read, "{text}");
        }
        for text in ["", ".5", "1.", "-1", "0,07", "0.0000001", "1e3", "1234567"] {
            assert_eq!(millionths(text), None, "{text}");
        }
        let prices =
            Prices { currency: "EUR".to_owned(), default: Some(7), countries: [("GB".to_owned(), 4)].into_iter().collect() };
        assert_eq!((prices.of(Some("GB")), prices.of(Some("ES")), prices.of(None)), (Some(4), Some(7), Some(7)));
    }
}
